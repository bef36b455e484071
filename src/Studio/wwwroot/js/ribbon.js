// The survival ribbon: x is time, y is layer, a cell the share of a frame that is alive. Exact counts of every frame are here,
// so that any zoom is drawn from the values themselves.

const Left = 46, Right = 10, Top = 4, Axis = 22, Names = 16; // css pixels around the cells
const MinFrames = 8; // the closest zoom

/** Reads the bytes of a survival matrix (SRV1). */
export function decode(buffer) {
  const head = new DataView(buffer);
  if (head.getUint32(0) !== 0x53525631) throw new Error("not a survival matrix");
  const [columns, stages, layers, size] = [4, 8, 12, 16].map((at) => head.getUint32(at, true));
  const first = Array.from({ length: stages }, (_, s) => head.getUint32(20 + 4 * s, true));
  const values = size === 2 ? new Uint16Array(buffer, 20 + 4 * stages) : new Uint32Array(buffer, 20 + 4 * stages);
  const row = (r) => values.subarray(r * columns, (r + 1) * columns);
  return { columns, layers, first, totals: row(0), counts: Array.from({ length: stages }, (_, s) => row(s + 1)) };
}

/** The stage whose tokens a layer reads. */
export function stageOf(matrix, layer) {
  let stage = matrix.first.length - 1;
  while (stage > 0 && matrix.first[stage] > layer) stage--;
  return stage;
}

/** Shares of the columns from..to in bins: mean weighted by totals, lowest or highest. Bin x holds floor(x n / bins) up to floor((x + 1) n / bins). */
export function bins(matrix, stage, from, to, width, how) {
  const { totals } = matrix;
  const counts = matrix.counts[stage];
  const shares = new Float64Array(width);
  const n = to - from;
  for (let x = 0; x < width; x++) {
    const start = from + Math.floor(x * n / width);
    const end = Math.max(start + 1, from + Math.floor((x + 1) * n / width));
    if (how === "mean") {
      let alive = 0, total = 0;
      for (let c = start; c < end; c++) { alive += counts[c]; total += totals[c]; }
      shares[x] = alive / total;
    } else {
      let best = counts[start] / totals[start];
      for (let c = start + 1; c < end; c++) {
        const share = counts[c] / totals[c];
        if (how === "min" ? share < best : share > best) best = share;
      }
      shares[x] = best;
    }
  }
  return shares;
}

/** 1:02:03.45, without what is not needed. */
export function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const whole = Math.round(seconds * scale);
  const s = whole / scale % 60;
  const m = Math.floor(whole / scale / 60) % 60;
  const h = Math.floor(whole / scale / 3600);
  const second = s.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${second}` : `${m}:${second}`;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export const count = (n) => n.toLocaleString("en");

/** The last place whose value is at most x; at least 0. */
export function lastAtMost(values, x, from, to) {
  let low = from, high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= x) low = middle + 1; else high = middle;
  }
  return Math.max(from, low - 1);
}

export class Ribbon {
  #root; #stage; #cells; #over; #matrix; #trace; #times; #on; #sizes; #themes; #abort = new AbortController();
  #off = document.createElement("canvas");
  #view = [0, 1]; #cursor = { column: 0, layer: 0 }; #hover = null; #how = "mean"; #pending = 0; #drag = null; #pointers = new Map();

  /**
   * @param root holds a focusable [data-ribbon-stage] with two canvases, and what [data-ribbon-readout], [data-ribbon-hover] show
   * @param on { cursor(column, layer, byHand), view(from, to) }
   */
  constructor(root, on = {}) {
    this.#root = root;
    this.#on = on;
    this.#stage = root.querySelector("[data-ribbon-stage]");
    [this.#cells, this.#over] = this.#stage.querySelectorAll("canvas");
    this.#listen();
    this.#sizes = new ResizeObserver(() => this.#redraw());
    this.#sizes.observe(this.#stage);
    this.#themes = new MutationObserver(() => this.#redraw());
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** @param trace the overview; @param times seconds of each frame */
  show(matrix, trace, times, view) {
    [this.#matrix, this.#trace, this.#times] = [matrix, trace, times];
    const [from, to] = view ?? [0, matrix.columns];
    this.#view = this.#fit(from, to);
    this.#cursor = { column: Math.min(this.#cursor.column, matrix.columns - 1), layer: Math.min(this.#cursor.layer, matrix.layers - 1) };
    this.#draw();
    this.#say();
  }

  get view() { return this.#view; }

  get cursor() { return this.#cursor; }

  get matrix() { return this.#matrix; }

  set how(value) { this.#how = value; this.#redraw(); }

  /** Puts the cursor somewhere and, when it is not in sight, brings it there. */
  moveTo(column, layer, byHand = false) {
    if (!this.#matrix) { this.#cursor = { column: Math.max(0, column), layer: Math.max(0, layer) }; return; }
    column = Math.max(0, Math.min(this.#matrix.columns - 1, column));
    layer = Math.max(0, Math.min(this.#matrix.layers - 1, layer));
    if (column === this.#cursor.column && layer === this.#cursor.layer) return;
    this.#cursor = { column, layer };
    const [from, to] = this.#view;
    if (column < from || column >= to) this.#setView(column - Math.floor((to - from) / 2), column - Math.floor((to - from) / 2) + (to - from));
    else this.#drawOver();
    this.#say(byHand);
    this.#on.cursor?.(column, layer, byHand);
  }

  zoom(factor, at = (this.#view[0] + this.#view[1]) / 2) {
    const [from, to] = this.#view;
    this.#setView(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(share) {
    const [from, to] = this.#view;
    const by = (to - from) * share;
    this.#setView(from + by, to + by);
  }

  reset() { this.#setView(0, this.#matrix.columns); }

  setView(from, to) { this.#setView(from, to); }

  dispose() {
    this.#abort.abort();
    this.#sizes.disconnect();
    this.#themes.disconnect();
    cancelAnimationFrame(this.#pending);
  }

  /** A whole number of frames inside the trace, no fewer than the closest zoom. */
  #fit(from, to) {
    const n = this.#matrix.columns;
    const size = Math.max(Math.min(MinFrames, n), Math.min(n, Math.round(to - from)));
    const start = Math.max(0, Math.min(n - size, Math.round(from)));
    return [start, start + size];
  }

  #setView(from, to) {
    const next = this.#fit(from, to);
    if (next[0] === this.#view[0] && next[1] === this.#view[1]) { this.#drawOver(); return; }
    this.#view = next;
    this.#redraw();
    this.#on.view?.(...next);
  }

  // ------------------------------------------------------------------------------------------------ drawing

  #redraw() {
    if (this.#pending || !this.#matrix) return;
    this.#pending = requestAnimationFrame(() => { this.#pending = 0; this.#draw(); });
  }

  #layout() {
    const width = Math.max(120, this.#stage.clientWidth);
    const layers = this.#matrix.layers;
    const row = Math.max(8, Math.min(26, Math.floor(300 / layers)));
    const foot = Axis + (this.#trace.media.length > 1 ? Names : 0);
    return { width, row, inner: width - Left - Right, height: Top + row * layers + foot, bottom: Top + row * layers };
  }

  #draw() {
    const started = performance.now();
    const { width, row, inner, height } = this.#layout();
    const scale = devicePixelRatio || 1;
    for (const canvas of [this.#cells, this.#over]) {
      const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
      if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.#stage.style.height = `${height}px`;
    const style = getComputedStyle(document.documentElement);
    const colours = ramp(style.getPropertyValue("--data-dropped"), style.getPropertyValue("--data-kept"));
    const pixels = Math.max(1, Math.round(inner * scale));
    const stages = this.#matrix.first.length;
    const image = new ImageData(pixels, stages);
    const words = new Uint32Array(image.data.buffer);
    for (let s = 0; s < stages; s++) {
      const shares = bins(this.#matrix, s, ...this.#view, pixels, this.#how);
      for (let x = 0; x < pixels; x++) words[s * pixels + x] = colours[Math.round(shares[x] * 255)];
    }
    [this.#off.width, this.#off.height] = [pixels, stages];
    this.#off.getContext("2d").putImageData(image, 0, 0);
    const context = this.#cells.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#cells.width, this.#cells.height);
    context.imageSmoothingEnabled = false;
    for (let layer = 0; layer < this.#matrix.layers; layer++) {
      const y = Math.round((Top + layer * row) * scale);
      const gap = row > 6 ? Math.max(1, Math.round(scale / 2)) : 0;
      context.drawImage(this.#off, 0, stageOf(this.#matrix, layer), pixels, 1, Math.round(Left * scale), y, pixels, Math.round((Top + (layer + 1) * row) * scale) - y - gap);
    }
    this.#drawOver();
    performance.measure("ribbon-draw", { start: started, end: performance.now(), detail: { columns: this.#view[1] - this.#view[0], layers: this.#matrix.layers } });
  }

  #x(column) {
    const [from, to] = this.#view;
    return Left + (column - from) / (to - from) * this.#layout().inner;
  }

  #drawOver() {
    if (!this.#matrix) return;
    const { width, row, inner, height, bottom } = this.#layout();
    const scale = devicePixelRatio || 1;
    const context = this.#over.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `11px ${getComputedStyle(this.#stage).fontFamily}`;
    context.textBaseline = "middle";
    this.#drawLayers(context, colour, row);
    this.#drawTimes(context, colour, bottom);
    this.#drawDrops(context, colour, width, row);
    const box = (at, stroke, wide) => {
      const [from, to] = this.#view;
      if (at.column < from || at.column >= to) return;
      const x = this.#x(at.column);
      const w = Math.max(2, inner / (to - from));
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.strokeRect(x - 0.5, Top, w + 1, bottom - Top);
      context.strokeRect(x - 1.5, Top + at.layer * row - 0.5, w + 3, row);
    };
    if (this.#hover) box(this.#hover, colour("--line-strong"), 1);
    box(this.#cursor, colour("--data-4"), 1.5);
  }

  #drawLayers(context, colour, row) {
    const layers = this.#matrix.layers;
    const every = [1, 2, 4, 7, 10, 14, 20, 50].find((e) => e * row >= 16) ?? 100;
    context.fillStyle = colour("--muted");
    context.textAlign = "right";
    for (let layer = 0; layer < layers; layer += every) context.fillText(String(layer), Left - 6, Top + (layer + 0.5) * row);
    context.save();
    context.translate(9, Top + layers * row / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText("layer", 0, 0);
    context.restore();
  }

  #drawTimes(context, colour, bottom) {
    const [from, to] = this.#view;
    for (const media of this.#trace.media) {
      const [first, end] = [Math.max(from, media.firstFrame), Math.min(to, media.endFrame)];
      if (first >= end) continue;
      const [left, right] = [this.#x(first), this.#x(end)];
      context.strokeStyle = colour("--line-strong");
      context.lineWidth = 1;
      if (media.firstFrame > from) { context.beginPath(); context.moveTo(left, Top); context.lineTo(left, bottom + Axis); context.stroke(); }
      const span = this.#times[end - 1] - this.#times[first];
      const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000].find((s) => span / s * 68 <= right - left) ?? 86400;
      context.fillStyle = colour("--muted");
      context.textAlign = "center";
      for (let t = Math.ceil(this.#times[first] / step) * step; span > 0 && t <= this.#times[end - 1] + 1e-9; t += step) {
        const at = lastAtMost(this.#times, t + 1e-9, first, end);
        const next = Math.min(at + 1, end - 1);
        const part = next > at ? (t - this.#times[at]) / (this.#times[next] - this.#times[at] || 1) : 0;
        const x = this.#x(at + Math.max(0, Math.min(1, part)));
        context.beginPath(); context.moveTo(x, bottom); context.lineTo(x, bottom + 4); context.stroke();
        const text = clock(t, step < 1 ? 1 : 0);
        const half = context.measureText(text).width / 2;
        if (x - half >= left - 14 && x + half <= right + Right) context.fillText(text, x, bottom + 13);
      }
      if (this.#trace.media.length > 1 && right - left > 40) {
        context.save();
        context.beginPath();
        context.rect(left, bottom, right - left, Axis + Names);
        context.clip();
        context.textAlign = "left";
        context.fillStyle = colour("--text");
        context.fillText(media.name, left + 4, bottom + Axis + Names / 2 - 1);
        context.restore();
      }
    }
  }

  #drawDrops(context, colour, width, row) {
    for (const stage of this.#trace.stages.slice(1)) {
      const y = Top + stage.firstLayer * row - 0.5;
      context.strokeStyle = colour("--data-merged");
      context.lineWidth = 2;
      context.setLineDash([6, 3]);
      context.beginPath(); context.moveTo(Left - 4, y); context.lineTo(width - Right, y); context.stroke();
      context.setLineDash([]);
      const text = `${stage.method} → ${percent(stage.visualTokens / this.#trace.visualTokens)}`;
      const wide = context.measureText(text).width + 12;
      context.fillStyle = colour("--surface");
      context.globalAlpha = 0.92;
      context.beginPath(); context.roundRect(width - Right - wide - 6, y - 8, wide, 16, 4); context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = colour("--data-merged");
      context.lineWidth = 1;
      context.stroke();
      context.fillStyle = colour("--text");
      context.textAlign = "left";
      context.fillText(text, width - Right - wide, y + 0.5);
    }
  }

  // ------------------------------------------------------------------------------------------------ telling

  describe({ column, layer }) {
    const stage = stageOf(this.#matrix, layer);
    const [alive, total] = [this.#matrix.counts[stage][column], this.#matrix.totals[column]];
    const media = this.#trace.media.find((m) => column < m.endFrame);
    const name = this.#trace.media.length > 1 ? `${media.name}, ` : "";
    const of = this.#root.dataset.measure === "tokens" || !media.hasGroups ? "tokens" : "patches";
    return `${name}${clock(this.#times[column], 2)}, frame ${count(column)} of ${count(this.#matrix.columns)}, layer ${layer}: ${percent(alive / total)} alive (${count(alive)} of ${count(total)} ${of})`;
  }

  /** A playing video moves the cursor faster than anyone could listen: only what a person does is announced. */
  #say(byHand = false) {
    const readout = this.#root.querySelector("[data-ribbon-readout]");
    if (!readout) return;
    readout.setAttribute("aria-live", byHand ? "polite" : "off");
    readout.textContent = this.describe(this.#cursor);
  }

  #sayHover() {
    const hover = this.#root.querySelector("[data-ribbon-hover]");
    if (hover) hover.textContent = this.#hover ? this.describe(this.#hover) : "";
  }

  // ------------------------------------------------------------------------------------------------ pointer and keys

  #at(event) {
    const box = this.#stage.getBoundingClientRect();
    const { inner, row } = this.#layout();
    const [from, to] = this.#view;
    const column = from + (event.clientX - box.left - Left) / inner * (to - from);
    const layer = Math.floor((event.clientY - box.top - Top) / row);
    const inside = column >= from && column < to && layer >= 0 && layer < this.#matrix.layers;
    return { exact: column, inside, column: Math.max(from, Math.min(to - 1, Math.floor(column))), layer: Math.max(0, Math.min(this.#matrix.layers - 1, layer)) };
  }

  #listen() {
    const stage = this.#stage;
    const on = (type, action, options) => stage.addEventListener(type, (event) => { if (this.#matrix) action(event); }, { signal: this.#abort.signal, ...options });
    on("keydown", (event) => this.#key(event));
    on("wheel", (event) => {
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) { event.preventDefault(); this.pan((event.deltaX || event.deltaY) / 1000); return; }
      // A page that scrolls past must not be held up: zoom when the ribbon is in use, or with the key for zooming.
      if (!event.ctrlKey && document.activeElement !== stage) return;
      event.preventDefault();
      this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), this.#at(event).exact);
    }, { passive: false });
    on("pointerdown", (event) => {
      if (event.button > 1) return;
      stage.focus({ preventScroll: true });
      stage.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, event);
      const at = this.#at(event);
      this.#drag = this.#pointers.size === 2 ? this.#pinch() : { pan: event.button === 1 || event.altKey, x: event.clientX, view: this.#view };
      if (this.#pointers.size === 1 && !this.#drag.pan) this.moveTo(at.column, at.layer, true);
    });
    on("pointermove", (event) => {
      if (this.#pointers.has(event.pointerId)) this.#pointers.set(event.pointerId, event);
      const at = this.#at(event);
      if (this.#drag?.distance && this.#pointers.size === 2) { this.#pinchMove(); return; }
      if (this.#drag?.pan) {
        const [from, to] = this.#drag.view;
        const by = (this.#drag.x - event.clientX) / this.#layout().inner * (to - from);
        this.#setView(from + by, to + by);
        return;
      }
      if (this.#drag && this.#pointers.size === 1) { this.moveTo(at.column, at.layer, true); return; }
      this.#hover = at.inside && event.pointerType === "mouse" ? at : null;
      this.#sayHover();
      this.#drawOver();
    });
    for (const end of ["pointerup", "pointercancel"]) on(end, (event) => { this.#pointers.delete(event.pointerId); this.#drag = null; });
    on("pointerleave", () => { this.#hover = null; this.#sayHover(); this.#drawOver(); });
  }

  #pinch() {
    const [a, b] = [...this.#pointers.values()];
    return { distance: Math.max(10, Math.abs(a.clientX - b.clientX)), view: this.#view, at: (this.#at(a).exact + this.#at(b).exact) / 2 };
  }

  #pinchMove() {
    const [a, b] = [...this.#pointers.values()];
    const factor = this.#drag.distance / Math.max(10, Math.abs(a.clientX - b.clientX));
    const [from, to] = this.#drag.view;
    this.#setView(this.#drag.at - (this.#drag.at - from) * factor, this.#drag.at + (to - this.#drag.at) * factor);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { column, layer } = this.#cursor;
    const [from, to] = this.#view;
    const far = event.shiftKey ? Math.max(1, Math.round((to - from) / 10)) : 1;
    const actions = {
      ArrowLeft: () => this.moveTo(column - far, layer, true), ArrowRight: () => this.moveTo(column + far, layer, true),
      ArrowUp: () => this.moveTo(column, layer - 1, true), ArrowDown: () => this.moveTo(column, layer + 1, true),
      Home: () => this.moveTo(0, layer, true), End: () => this.moveTo(this.#matrix.columns - 1, layer, true),
      PageUp: () => this.pan(-0.9), PageDown: () => this.pan(0.9),
      "+": () => this.zoom(0.5, column + 0.5), "=": () => this.zoom(0.5, column + 0.5), "-": () => this.zoom(2, column + 0.5), 0: () => this.reset(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }
}

/** 256 colours between two, as words of an image. */
function ramp(low, high) {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    probe.fillStyle = colour.trim();
    probe.fillRect(0, 0, 1, 1);
    return probe.getImageData(0, 0, 1, 1).data;
  };
  const [a, b] = [rgb(low), rgb(high)];
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const part = (k) => Math.round(a[k] + (b[k] - a[k]) * i / 255);
    return ((255 << 24) | (part(2) << 16) | (part(1) << 8) | part(0)) >>> 0;
  });
}
