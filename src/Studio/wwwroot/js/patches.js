// The frame at the cursor with its patches: groups outlined, dropped ones shaded, at the layer under the cursor.
import { clock, count, percent } from "./ribbon.js";

const KeptFrames = 48; // frames whose patches stay in memory
const MaxHeight = 460; // css pixels
const MaxRows = 256; // of the table

export class Patches {
  #root; #stage; #canvas; #api; #trace; #video; #frames = new Map(); #now = null; #wanted = null; #busy = false;
  #picture = null; #hover = -1; #abort = new AbortController(); #request = null; #sizes; #themes; #show = { groups: true, dropped: true, score: false };

  /**
   * @param root holds a focusable [data-patch-stage] with a canvas, [data-patch-readout], [data-patch-note] and [data-patch-table]
   * @param api address of the answer's views, ending in a slash
   * @param video the player: while it plays, its picture is drawn under the patches
   */
  constructor(root, api, trace, video) {
    [this.#root, this.#api, this.#trace, this.#video] = [root, api, trace, video];
    this.#stage = root.querySelector("[data-patch-stage]");
    this.#canvas = this.#stage.querySelector("canvas");
    this.#listen();
    this.#sizes = new ResizeObserver(() => this.#draw());
    this.#sizes.observe(this.#stage);
    this.#themes = new MutationObserver(() => this.#draw());
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** Shows a frame at a layer; of several wishes that come quickly the last is met. */
  show(column, layer, playing = false) {
    this.#wanted = { column, layer, playing };
    if (this.#now?.column === column) {
      this.#now.layer = layer;
      this.#refresh();
      if (this.#now.exact || playing) return;
    }
    if (!this.#busy) this.#work();
  }

  dispose() {
    this.#abort.abort();
    this.#request?.abort();
    this.#sizes.disconnect();
    this.#themes.disconnect();
    this.#picture?.close?.();
  }

  async #work() {
    this.#busy = true;
    try {
      while (this.#wanted) {
        const wish = this.#wanted;
        this.#wanted = null;
        this.#stage.setAttribute("aria-busy", "true");
        try {
          const frame = await this.#load(wish.column);
          const picture = await this.#pictureOf(frame, wish.playing);
          if (this.#abort.signal.aborted) return;
          this.#picture?.close?.();
          this.#picture = picture.bitmap;
          this.#note(picture.note);
          this.#now = { column: wish.column, layer: this.#wanted?.column === wish.column ? this.#wanted.layer : wish.layer, frame, exact: !wish.playing };
          this.#hover = -1;
          this.#refresh();
        } catch (error) {
          if (error.name !== "AbortError") this.#note(`This frame could not be read: ${error.message}.`);
        }
      }
    } finally {
      this.#busy = false;
      this.#stage.removeAttribute("aria-busy");
    }
  }

  async #load(column) {
    const known = this.#frames.get(column);
    if (known) return known;
    const response = await fetch(`${this.#api}patches?frame=${column}&layer=0`, { signal: this.#abort.signal });
    if (!response.ok) throw new Error((await response.json().catch(() => null))?.detail ?? `the server said ${response.status}`);
    const frame = await response.json();
    frame.bySlot = new Map(frame.tokens.map((t) => [t.slot, t]));
    this.#frames.set(column, frame);
    if (this.#frames.size > KeptFrames) this.#frames.delete(this.#frames.keys().next().value);
    return frame;
  }

  async #pictureOf(frame, playing) {
    const media = this.#trace.media[frame.media];
    if (!media.videoId) return { bitmap: null, note: "The video was deleted or is not shared with you: patches are shown without their picture." };
    if (playing && this.#video?.readyState >= 2) return { bitmap: await createImageBitmap(this.#video), note: "" };
    this.#request = new AbortController();
    const response = await fetch(`${this.#api}frames/${frame.frame}.png`, { signal: this.#request.signal });
    if (!response.ok) return { bitmap: null, note: (await response.json().catch(() => null))?.detail ?? `The frame could not be read (${response.status}).` };
    return { bitmap: await createImageBitmap(await response.blob()), note: "" };
  }

  #note(text) {
    const note = this.#root.querySelector("[data-patch-note]");
    note.textContent = text;
    note.hidden = !text;
  }

  #alive(token) { return token.droppedBefore === null || this.#now.layer < token.droppedBefore; }

  #refresh() {
    const csv = this.#root.closest("[data-chart]")?.querySelector("[data-csv]");
    if (csv) csv.href = `${this.#api}patches.csv?frame=${this.#now.column}&layer=${this.#now.layer}`;
    for (const box of this.#root.querySelectorAll("[data-patch-show]")) box.disabled = !this.#now.frame.owners;
    this.#draw();
    this.#say();
    this.#table();
  }

  // ------------------------------------------------------------------------------------------------ drawing

  #size() {
    const { gridWidth, gridHeight } = this.#now.frame;
    const aspect = this.#picture ? this.#picture.width / this.#picture.height : gridWidth / gridHeight;
    const width = Math.max(160, this.#stage.parentElement.clientWidth);
    const height = Math.min(MaxHeight, width / aspect);
    return { width: Math.round(height * aspect), height: Math.round(height) };
  }

  #draw() {
    if (!this.#now) return;
    const { frame } = this.#now;
    const { width, height } = this.#size();
    const scale = devicePixelRatio || 1;
    [this.#canvas.width, this.#canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    this.#canvas.style.width = this.#stage.style.width = `${width}px`;
    this.#canvas.style.height = this.#stage.style.height = `${height}px`;
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colour("--surface-2");
    context.fillRect(0, 0, width, height);
    if (this.#picture) context.drawImage(this.#picture, 0, 0, width, height);
    if (!frame.owners) return;
    const [w, h] = [width / frame.gridWidth, height / frame.gridHeight];
    if (this.#show.score) this.#drawScores(context, colour, w, h);
    if (this.#show.dropped) this.#drawDropped(context, colour, w, h);
    if (this.#show.groups) this.#outline(context, (slot) => frame.bySlot.get(slot).patchesInFrame > 1, colour("--data-merged"), 1.6, w, h);
    if (this.#hover >= 0) this.#outline(context, (slot) => slot === frame.owners[this.#hover], colour("--data-2"), 3, w, h);
  }

  /** Dropped patches: covered, with strokes across, so that it is not told by colour alone. */
  #drawDropped(context, colour, w, h) {
    const { frame } = this.#now;
    context.save();
    context.strokeStyle = colour("--text");
    context.lineWidth = 1;
    for (let p = 0; p < frame.owners.length; p++) {
      if (this.#alive(frame.bySlot.get(frame.owners[p]))) continue;
      const [x, y] = [p % frame.gridWidth * w, Math.floor(p / frame.gridWidth) * h];
      context.globalAlpha = 0.78;
      context.fillStyle = colour("--surface");
      context.fillRect(x, y, w, h);
      context.globalAlpha = 0.4;
      context.beginPath();
      context.moveTo(x, y + h);
      context.lineTo(x + w, y);
      context.stroke();
    }
    context.restore();
  }

  /** The share of the highest rank at the last drop that judged the token, as a tint. */
  #drawScores(context, colour, w, h) {
    const { frame } = this.#now;
    context.save();
    context.fillStyle = colour("--data-4");
    for (let p = 0; p < frame.owners.length; p++) {
      const ranking = frame.bySlot.get(frame.owners[p]).rankings.at(-1);
      if (!ranking) continue;
      context.globalAlpha = 0.65 * (1 - (ranking.rank - 1) / ranking.offered);
      context.fillRect(p % frame.gridWidth * w, Math.floor(p / frame.gridWidth) * h, w, h);
    }
    context.restore();
  }

  /** The borders of groups: edges between a patch that is meant and a neighbour of another token. */
  #outline(context, meant, stroke, wide, w, h) {
    const { owners, gridWidth, gridHeight } = this.#now.frame;
    context.strokeStyle = stroke;
    context.lineWidth = wide;
    context.beginPath();
    for (let p = 0; p < owners.length; p++) {
      if (!meant(owners[p])) continue;
      const [c, r] = [p % gridWidth, Math.floor(p / gridWidth)];
      const differs = (dc, dr) => c + dc < 0 || c + dc >= gridWidth || r + dr < 0 || r + dr >= gridHeight || owners[p + dc + dr * gridWidth] !== owners[p];
      const line = (x1, y1, x2, y2) => { context.moveTo(x1 * w, y1 * h); context.lineTo(x2 * w, y2 * h); };
      if (differs(-1, 0)) line(c, r, c, r + 1);
      if (differs(1, 0)) line(c + 1, r, c + 1, r + 1);
      if (differs(0, -1)) line(c, r, c + 1, r);
      if (differs(0, 1)) line(c, r + 1, c + 1, r + 1);
    }
    context.stroke();
  }

  // ------------------------------------------------------------------------------------------------ telling

  #say() {
    const { frame, layer } = this.#now;
    const alive = frame.tokens.filter((t) => this.#alive(t));
    const media = this.#trace.media[frame.media];
    let text = `${clock(frame.time, 2)}, frame ${count(frame.index)} of the file, layer ${layer}: ${count(alive.length)} of ${count(frame.tokens.length)} tokens alive`;
    if (frame.owners) {
      const patches = alive.reduce((sum, t) => sum + t.patchesInFrame, 0);
      const groups = frame.tokens.filter((t) => t.patchesInFrame > 1);
      text += `, ${percent(patches / frame.owners.length)} of ${count(frame.owners.length)} patches; ${count(groups.length)} merged groups.`;
    } else {
      text += `. Which patch went into which token was not recorded for this ${media.kind}.`;
    }
    this.#root.querySelector("[data-patch-summary]").textContent = text;
    this.#root.querySelector("[data-patch-readout]").textContent = this.#hover >= 0 && frame.owners ? this.#tell(frame.bySlot.get(frame.owners[this.#hover])) : "";
  }

  #tell(token) {
    const { frame } = this.#now;
    const row = Math.floor(this.#hover / frame.gridWidth), column = this.#hover % frame.gridWidth;
    const ranking = token.rankings.at(-1);
    const judged = ranking ? ` Before layer ${ranking.layer} it was ranked ${count(ranking.rank)} of ${count(ranking.offered)} (score ${ranking.score.toPrecision(3)}); ${count(ranking.kept)} were kept.` : "";
    const fate = token.droppedBefore === null ? "alive to the last layer" : this.#alive(token) ? `alive here, dropped before layer ${token.droppedBefore}` : `dropped before layer ${token.droppedBefore}`;
    return `Patch ${row}, ${column}: token ${count(token.token)}, ${token.patchesInFrame} patches of this frame and ${token.patchesInClip} of ${token.frames} ${token.frames === 1 ? "frame" : "frames"} of its clip; ${fate}.${judged}`;
  }

  #table() {
    const body = this.#root.closest("[data-chart]")?.querySelector("[data-patch-table]");
    if (!body) return;
    const rows = this.#now.frame.tokens.slice(0, MaxRows).map((t) => {
      const ranking = t.rankings.at(-1);
      const row = document.createElement("tr");
      for (const text of [count(t.token), t.patchesInFrame ?? "–", t.patchesInClip ?? "–", t.frames ?? "–", this.#alive(t) ? "alive" : "dropped", t.droppedBefore ?? "–", ranking ? ranking.score.toPrecision(3) : "–", ranking ? `${count(ranking.rank)} of ${count(ranking.offered)}` : "–"]) {
        row.insertCell().textContent = text;
      }
      return row;
    });
    body.replaceChildren(...rows);
  }

  // ------------------------------------------------------------------------------------------------ pointer and keys

  #listen() {
    const options = { signal: this.#abort.signal };
    const point = (patch) => {
      if (!this.#now?.frame.owners || patch === this.#hover) return;
      this.#hover = patch;
      this.#draw();
      this.#say();
    };
    this.#stage.addEventListener("pointermove", (event) => {
      if (!this.#now?.frame.owners) return;
      const { gridWidth, gridHeight } = this.#now.frame;
      const box = this.#canvas.getBoundingClientRect();
      const [c, r] = [Math.floor((event.clientX - box.left) / box.width * gridWidth), Math.floor((event.clientY - box.top) / box.height * gridHeight)];
      if (c >= 0 && c < gridWidth && r >= 0 && r < gridHeight) point(r * gridWidth + c);
    }, options);
    this.#stage.addEventListener("pointerleave", () => { if (document.activeElement !== this.#stage) point(-1); }, options);
    this.#stage.addEventListener("keydown", (event) => {
      if (!this.#now?.frame.owners || event.ctrlKey || event.metaKey || event.altKey) return;
      const { gridWidth, gridHeight } = this.#now.frame;
      const at = Math.max(0, this.#hover);
      const [c, r] = [at % gridWidth, Math.floor(at / gridWidth)];
      const next = { ArrowLeft: [c - 1, r], ArrowRight: [c + 1, r], ArrowUp: [c, r - 1], ArrowDown: [c, r + 1], Escape: [-1, -1] }[event.key];
      if (!next) return;
      event.preventDefault();
      point(next[0] < 0 && next[1] < 0 ? -1 : Math.max(0, Math.min(gridHeight - 1, next[1])) * gridWidth + Math.max(0, Math.min(gridWidth - 1, next[0])));
    }, options);
    for (const box of this.#root.querySelectorAll("[data-patch-show]")) {
      box.addEventListener("change", () => { this.#show[box.dataset.patchShow] = box.checked; this.#draw(); }, options);
    }
  }
}
