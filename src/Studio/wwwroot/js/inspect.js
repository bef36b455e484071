// Holds the inspect page's drawings together: ribbon, player, patches, and the address of the page.
import { Patches } from "./patches.js";
import { bins, clock, count, decode, lastAtMost, percent, Ribbon } from "./ribbon.js";

const TableBins = 24; // time ranges in the ribbon's table

async function get(address, accept = "application/json") {
  const response = await fetch(address, { headers: { Accept: accept } });
  if (response.ok) return accept === "application/json" ? response.json() : response.arrayBuffer();
  throw new Error((await response.json().catch(() => null))?.detail ?? `the server said ${response.status}`);
}

async function load(api, measure) {
  const [trace, frames, bytes] = await Promise.all([get(`${api}overview`), get(`${api}frames`), get(`${api}survival?measure=${measure}`, "application/octet-stream")]);
  const started = performance.now();
  const matrix = decode(bytes);
  return { trace, times: Float64Array.from(frames.times), matrix, started };
}

/** Changes parts of the page's address; null removes one. The router is not asked: nothing but the address changes. */
export function setQuery(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) url.searchParams.delete(name); else url.searchParams.set(name, value);
  }
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/** @param config { api, frame, layer, from, to, measure } */
export async function mount(root, config) {
  const page = new InspectPage(root, config);
  await page.start();
  return page;
}

class InspectPage {
  #root; #config; #abort = new AbortController(); #ribbon; #patches; #trace; #times; #video; #picture; #media = -1;
  #address = {}; #addressTimer = 0; #tableTimer = 0; #frame = 0; #seeking = false; #second = null; #other = null; #turn = 0;

  constructor(root, config) {
    [this.#root, this.#config] = [root, config];
    this.#video = root.querySelector("[data-video]");
    this.#picture = root.querySelector("[data-picture]");
  }

  async start() {
    const { api, measure } = this.#config;
    const ribbonRoot = this.#root.querySelector("[data-ribbon]");
    try {
      const { trace, times, matrix, started } = await load(api, measure);
      if (this.#abort.signal.aborted) return;
      [this.#trace, this.#times] = [trace, times];
      this.#patches = new Patches(this.#root.querySelector("[data-patches]"), api, trace, this.#video);
      this.#ribbon = new Ribbon(ribbonRoot, { cursor: (...at) => this.#moved(...at), view: (from, to) => this.#viewed(from, to) });
      ribbonRoot.dataset.measure = measure;
      this.#ribbon.moveTo(this.#config.frame ?? 0, this.#config.layer ?? 0);
      this.#ribbon.show(matrix, trace, times, this.#config.to > this.#config.from ? [this.#config.from, this.#config.to] : null);
      performance.measure("ribbon-decode-and-draw", { start: started, end: performance.now(), detail: { columns: matrix.columns, layers: matrix.layers } });
      this.#listen();
      this.#moved(this.#ribbon.cursor.column, this.#ribbon.cursor.layer, true);
      this.#viewed(...this.#ribbon.view);
      ribbonRoot.dataset.ready = "true";
    } catch (error) {
      this.#fail(ribbonRoot, error);
    }
  }

  dispose() {
    this.#abort.abort();
    clearTimeout(this.#addressTimer);
    clearTimeout(this.#tableTimer);
    cancelAnimationFrame(this.#frame);
    this.#ribbon?.dispose();
    this.#patches?.dispose();
    this.#second?.dispose();
  }

  /** Draws another answer's ribbon on the same scale of time, or none. */
  async compareWith(root, api) {
    const turn = ++this.#turn;
    this.#second?.dispose();
    this.#second = null;
    setQuery({ compare: api ? api.split("/").at(-3) : null });
    if (!api || !root) return;
    try {
      const { trace, times, matrix } = await load(api, this.#ribbonRoot.dataset.measure);
      if (turn !== this.#turn || this.#abort.signal.aborted) return;
      this.#second = new Ribbon(root);
      root.dataset.measure = this.#ribbonRoot.dataset.measure;
      this.#second.how = this.#root.querySelector("[data-how]").value;
      this.#second.show(matrix, trace, times, this.#sameView(matrix.columns));
      this.#other = { root, trace, times };
      this.#tablesSoon();
      this.#follow();
      root.dataset.ready = "true";
    } catch (error) {
      this.#fail(root, error);
    }
  }

  get #ribbonRoot() { return this.#root.querySelector("[data-ribbon]"); }

  #fail(root, error) {
    const note = root.querySelector("[data-ribbon-readout]");
    note.textContent = `The survival ribbon could not be read: ${error.message}. Reload the page to try again.`;
    note.setAttribute("aria-live", "polite");
    root.dataset.ready = "failed";
  }

  #sameView(columns) {
    const [from, to] = this.#ribbon.view;
    const n = this.#ribbon.matrix.columns;
    return [from / n * columns, to / n * columns];
  }

  /** The second ribbon's cursor stands at the same time of the same video. */
  #follow() {
    if (!this.#second?.matrix) return;
    const { column, layer } = this.#ribbon.cursor;
    const columns = this.#second.matrix.columns;
    this.#second.moveTo(Math.round(column / Math.max(1, this.#ribbon.matrix.columns - 1) * (columns - 1)), Math.min(layer, this.#second.matrix.layers - 1));
  }

  // ------------------------------------------------------------------------------------------------ cursor, player, address

  #mediaOf(column) { return this.#trace.media.findIndex((m) => column < m.endFrame); }

  #moved(column, layer, byHand) {
    const playing = this.#video && !this.#video.paused && !this.#video.ended;
    if (byHand) this.#seek(column);
    this.#patches.show(column, layer, playing && !byHand);
    this.#follow();
    this.#note({ frame: column, layer });
  }

  #seek(column) {
    const index = this.#mediaOf(column);
    const media = this.#trace.media[index];
    const note = this.#root.querySelector("[data-video-note]");
    const still = media.kind !== "video";
    const gone = !media.videoId;
    note.hidden = !gone;
    note.textContent = gone ? `${media.name} was deleted, or is not shared with you.` : "";
    this.#video.hidden = still || gone;
    this.#picture.hidden = !still || gone;
    if (index !== this.#media) {
      this.#media = index;
      if (!gone && still) { this.#picture.src = `${this.#config.api}media/${index}`; this.#picture.alt = media.name; }
      if (!gone && !still) { this.#video.src = `${this.#config.api}media/${index}`; this.#video.setAttribute("aria-label", media.name); }
      if (gone || still) this.#video.pause();
    }
    if (gone || still) return;
    // A little into the frame: at its very beginning a player may still show the one before.
    const time = this.#times[column] + 0.001;
    if (Math.abs(this.#video.currentTime - time) < 0.0005) return;
    this.#seeking = true;
    this.#video.currentTime = time;
  }

  /** The frame that was sampled last before the player's time. */
  #followVideo() {
    if (this.#media < 0) return;
    const { firstFrame, endFrame } = this.#trace.media[this.#media];
    this.#ribbon.moveTo(lastAtMost(this.#times, this.#video.currentTime + 1e-3, firstFrame, endFrame), this.#ribbon.cursor.layer);
  }

  #listen() {
    const options = { signal: this.#abort.signal };
    const step = () => {
      this.#followVideo();
      if (!this.#video.paused && !this.#abort.signal.aborted) this.#frame = requestAnimationFrame(step);
    };
    this.#video.addEventListener("play", step, options);
    this.#video.addEventListener("pause", () => { cancelAnimationFrame(this.#frame); const { column, layer } = this.#ribbon.cursor; this.#patches.show(column, layer); }, options);
    this.#video.addEventListener("seeked", () => {
      if (this.#seeking) { this.#seeking = false; return; }
      this.#followVideo();
    }, options);
    this.#root.addEventListener("click", (event) => this.#command(event.target.closest("[data-ribbon-action]")?.dataset.ribbonAction), options);
    this.#root.querySelector("[data-how]").addEventListener("change", (event) => {
      this.#ribbon.how = event.target.value;
      if (this.#second) this.#second.how = event.target.value;
      this.#fillTable();
    }, options);
    this.#root.querySelector("[data-measure-choice]").addEventListener("change", (event) => this.#remeasure(event.target.value), options);
    // Charts over time elsewhere on the page: a click there moves the cursor here.
    document.addEventListener("plot-click", (event) => {
      const chart = event.target.closest("[data-frames]");
      if (!chart) return;
      // Where the vertical axis is no layer, the cursor stays in its own.
      const layer = "anyLayer" in chart.dataset ? this.#ribbon.cursor.layer : Number(event.detail.y);
      this.#ribbon.moveTo(Number(chart.dataset.frames.split(" ")[event.detail.column]), layer, true);
    }, options);
  }

  #command(action) {
    if (!action || !this.#ribbon.matrix) return;
    const at = this.#ribbon.cursor.column + 0.5;
    ({ in: () => this.#ribbon.zoom(0.5, at), out: () => this.#ribbon.zoom(2, at), fit: () => this.#ribbon.reset(), left: () => this.#ribbon.pan(-0.5), right: () => this.#ribbon.pan(0.5) })[action]();
  }

  async #remeasure(measure) {
    this.#ribbonRoot.dataset.measure = measure;
    this.#note({ measure: measure === "patches" ? null : measure });
    const { trace, times, matrix } = await load(this.#config.api, measure);
    this.#ribbon.show(matrix, trace, times, this.#ribbon.view);
    this.#viewed(...this.#ribbon.view);
    const other = this.#second && document.querySelector("[data-ribbon-compare]");
    if (other) await this.compareWith(other, other.dataset.api);
  }

  #viewed(from, to) {
    const n = this.#ribbon.matrix.columns;
    const whole = from === 0 && to === n;
    this.#note({ from: whole ? null : from, to: whole ? null : to });
    this.#root.querySelector("[data-ribbon-window]").textContent = whole ? `all ${count(n)} frames` : `frames ${count(from)} to ${count(to - 1)} of ${count(n)}`;
    const csv = this.#ribbonRoot.closest("[data-chart]").querySelector("[data-csv]");
    csv.href = `${this.#config.api}survival.csv?measure=${this.#ribbonRoot.dataset.measure}&from=${from}&to=${to}&width=${Math.min(20000, to - from)}`;
    if (this.#second?.matrix) this.#second.setView(...this.#sameView(this.#second.matrix.columns));
    this.#tablesSoon();
  }

  #tablesSoon() {
    clearTimeout(this.#tableTimer);
    this.#tableTimer = setTimeout(() => {
      this.#fillTable(this.#ribbon, this.#ribbonRoot, this.#trace, this.#times);
      if (this.#second?.matrix && this.#other?.root.isConnected) this.#fillTable(this.#second, this.#other.root, this.#other.trace, this.#other.times);
    }, 200);
  }

  /** The part in view as a table: a row a stage, a column a range of time. */
  #fillTable(ribbon, root, trace, times) {
    const [from, to] = ribbon.view;
    const width = Math.min(TableBins, to - from);
    const cell = (tag, text) => { const made = document.createElement(tag); made.textContent = text; return made; };
    const head = document.createElement("tr");
    head.append(cell("th", "Layers"), ...Array.from({ length: width }, (_, x) => cell("th", clock(times[from + Math.floor(x * (to - from) / width)], 1))));
    for (const made of head.children) made.scope = "col";
    const rows = trace.stages.map((stage, s) => {
      const row = document.createElement("tr");
      const label = cell("th", stage.firstLayer === stage.lastLayer ? `${stage.firstLayer}` : `${stage.firstLayer} to ${stage.lastLayer}`);
      label.scope = "row";
      row.append(label, ...Array.from(bins(ribbon.matrix, s, from, to, width, this.#root.querySelector("[data-how]").value), (share) => { const made = cell("td", percent(share)); made.className = "num"; return made; }));
      return row;
    });
    root.closest("[data-chart]").querySelector("[data-ribbon-table]").replaceChildren(head, ...rows);
  }

  /** The address follows the cursor, but not at the pace of a drag. */
  #note(values) {
    Object.assign(this.#address, values);
    clearTimeout(this.#addressTimer);
    this.#addressTimer = setTimeout(() => { setQuery(this.#address); this.#address = {}; }, 250);
  }
}
