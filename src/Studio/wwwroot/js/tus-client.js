// Resumable uploads by the tus 1.0 protocol, for the pages of this server. One Upload is one file on its way; what is needed to
// go on after a reload (the upload's address under the file's fingerprint) is kept in localStorage.

const version = "1.0.0";
const bodyType = "application/offset+octet-stream";
export const chunkSize = 8 * 1024 * 1024;
const retryDelays = [500, 1000, 2000, 5000, 10000, 20000, 30000]; // ms; the last one again and again
const checksumTries = 3;
const pollDelay = 1000; // ms between two questions whether the server has looked into the file
const rateWindow = 5000; // ms over which the speed is averaged

/** A refusal that another try would not change. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Uploads that have begun, by file. At most `capacity`; the oldest goes first. */
export class UploadNotes {
  static key = "studio-uploads";
  static capacity = 200;

  static all() {
    try {
      const notes = JSON.parse(localStorage.getItem(UploadNotes.key) ?? "[]");
      return Array.isArray(notes) ? notes.filter((n) => typeof n?.url === "string" && typeof n?.print === "string") : [];
    } catch {
      return [];
    }
  }

  static find = (print) => UploadNotes.all().find((n) => n.print === print) ?? null;

  static keep(note) {
    const rest = UploadNotes.all().filter((n) => n.print !== note.print);
    UploadNotes.#write([...rest, note].slice(-UploadNotes.capacity));
  }

  static forget(url) {
    UploadNotes.#write(UploadNotes.all().filter((n) => n.url !== url));
  }

  static #write(notes) {
    try {
      localStorage.setItem(UploadNotes.key, JSON.stringify(notes));
    } catch { /* private mode or full: uploads go on, only a reload would start them again */ }
  }
}

/** What tells one file from another without reading it. */
export const fingerprint = (file) => `${file.name}|${file.size}|${file.lastModified}`;

export class Upload extends EventTarget {
  #request = null;
  #wake = null;
  #samples = [];
  #run = 0;

  constructor(file, { endpoint = "/files" } = {}) {
    super();
    this.file = file;
    this.endpoint = endpoint;
    this.print = fingerprint(file);
    this.name = file.name;
    this.size = file.size;
    this.offset = 0;
    this.state = "queued"; // queued, sending, waiting, checking, paused, done, failed, cancelled
    this.message = "";
    this.url = UploadNotes.find(this.print)?.url ?? null;
    this.video = null;
  }

  get isOver() {
    return ["done", "failed", "cancelled"].includes(this.state);
  }

  /** Bytes a second over the last seconds; 0 when nothing moves. */
  get speed() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    return this.state === "sending" && last && last.at > first.at ? ((last.bytes - first.bytes) * 1000) / (last.at - first.at) : 0;
  }

  /** Sends what is missing. Ends when the upload is over, paused or cancelled; never throws. */
  async start() {
    const run = ++this.#run;
    this.#set("sending");
    for (let failures = 0; run === this.#run && !this.isOver;) {
      const before = this.offset;
      try {
        await this.#send(run);
      } catch (error) {
        if (run !== this.#run) return;
        if (error instanceof Refusal) {
          if (this.url) UploadNotes.forget(this.url);
          this.#set("failed", error.message);
          return;
        }
        if (this.offset > before) failures = 0;
        const delay = retryDelays[Math.min(failures++, retryDelays.length - 1)];
        this.#set("waiting", `${error.message} Trying again${delay > 2000 ? ` in ${Math.round(delay / 1000)} s` : ""}.`);
        await this.#sleep(delay);
        if (run === this.#run) this.#set("sending");
      }
    }
  }

  pause() {
    if (this.isOver) return;
    this.#stop();
    this.#set("paused");
  }

  /** Ends it here and on the server. */
  async cancel() {
    this.#stop();
    this.#set("cancelled");
    if (!this.url) return;
    UploadNotes.forget(this.url);
    await fetch(this.url, { method: "DELETE", headers: { "Tus-Resumable": version } }).catch(() => { /* it expires */ });
  }

  /** The link may be back: tries at once what waits. */
  hurry() {
    this.#wake?.();
  }

  #stop() {
    this.#run++;
    this.#request?.abort();
    this.#wake?.();
    this.#samples = [];
  }

  #set(state, message = "") {
    if (state !== this.state) this.#samples = [];
    this.state = state;
    this.message = message;
    this.dispatchEvent(new Event("change"));
  }

  #progress(offset) {
    this.offset = offset;
    const now = performance.now();
    this.#samples.push({ at: now, bytes: offset });
    while (this.#samples.length > 2 && now - this.#samples[0].at > rateWindow) this.#samples.shift();
    this.dispatchEvent(new Event("progress"));
  }

  #sleep(delay) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  async #send(run) {
    await this.#find(run);
    if (run !== this.#run || this.isOver) return;
    this.#progress(this.offset);
    let tries = 0;
    while (this.offset < this.size) {
      const from = this.offset;
      const chunk = this.file.slice(from, Math.min(this.size, from + chunkSize));
      const headers = { "Tus-Resumable": version, "Upload-Offset": String(from), "Content-Type": bodyType };
      const sum = await checksum(chunk);
      if (sum) headers["Upload-Checksum"] = sum;
      if (run !== this.#run) return;
      const answer = await this.#patch(chunk, headers, from);
      if (run !== this.#run) return;
      if (answer.status === 460 && ++tries < checksumTries) {
        this.#progress(from);
        continue;
      }
      if (answer.status === 404 || answer.status === 410) return this.#again();
      if (answer.status !== 204) throw await failure(answer.status, answer.text);
      tries = 0;
      this.#progress(Number(answer.header("Upload-Offset")));
      if (answer.header("Studio-Video")) return this.#done(answer.header("Studio-Video"));
    }
    await this.#check(run);
  }

  /** The server's number of bytes, or a new upload. */
  async #find(run) {
    if (this.url) {
      const answer = await fetch(this.url, { method: "HEAD", headers: { "Tus-Resumable": version }, cache: "no-store" });
      if (run !== this.#run) return;
      if (answer.ok) {
        if (Number(answer.headers.get("Upload-Length")) === this.size) {
          this.#progress(Number(answer.headers.get("Upload-Offset")));
          if (answer.headers.get("Studio-Video")) this.#done(answer.headers.get("Studio-Video"));
          return;
        }
      } else if (answer.status !== 404 && answer.status !== 410) {
        throw await failure(answer.status, "");
      }
      UploadNotes.forget(this.url);
      this.url = null;
    }
    const answer = await fetch(this.endpoint, {
      method: "POST",
      headers: { "Tus-Resumable": version, "Upload-Length": String(this.size), "Upload-Metadata": `filename ${base64(this.name)}` },
    });
    if (run !== this.#run) return;
    if (answer.status !== 201) throw await failure(answer.status, await answer.text());
    this.url = new URL(answer.headers.get("Location"), location.href).pathname;
    this.offset = 0;
    UploadNotes.keep({ print: this.print, url: this.url, name: this.name, size: this.size, lastModified: this.file.lastModified });
  }

  /** The upload is not there any more: begin a new one. */
  #again() {
    UploadNotes.forget(this.url);
    this.url = null;
    this.offset = 0;
  }

  /** All bytes are there; the server may still be looking into them. */
  async #check(run) {
    this.#set("checking");
    const id = this.url.split("/").at(-1);
    while (run === this.#run) {
      const answer = await fetch(`/api/v1/uploads/${id}`, { cache: "no-store" });
      if (!answer.ok) throw await failure(answer.status, await answer.text());
      const status = await answer.json();
      if (run !== this.#run) return;
      if (status.videoId) return this.#done(status.videoId);
      if (status.error) throw new Refusal(status.error, 422);
      await this.#sleep(pollDelay);
    }
  }

  #done(video) {
    UploadNotes.forget(this.url);
    this.video = video;
    this.offset = this.size;
    this.#set("done");
  }

  /** XMLHttpRequest, because fetch does not tell how far a body has gone. */
  #patch(chunk, headers, from) {
    return new Promise((resolve, reject) => {
      const request = (this.#request = new XMLHttpRequest());
      request.open("PATCH", this.url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => this.#progress(from + event.loaded);
      request.onload = () => resolve({ status: request.status, text: request.responseText, header: (name) => request.getResponseHeader(name) });
      request.onerror = () => { this.offset = from; reject(new Error("The link to the server broke.")); };
      request.ontimeout = request.onerror;
      request.onabort = () => { this.offset = from; reject(new Error("stopped")); };
      request.send(chunk);
    });
  }
}

/** SHA-256 where the browser offers it: pages from a secure origin only. */
async function checksum(chunk) {
  if (!globalThis.crypto?.subtle) return null;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await chunk.arrayBuffer()));
  return `sha256 ${btoa(String.fromCharCode(...sum))}`;
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Passing troubles are errors, which are tried again; what a further try would not change is a refusal. */
async function failure(status, body) {
  let detail = "";
  try {
    detail = JSON.parse(body).detail ?? "";
  } catch { /* not a problem in JSON */ }
  if (status === 401 || status === 403) return new Refusal(detail || "You may not upload. Sign in again, or ask for the editor role.", status);
  if ([408, 409, 423, 425, 429].includes(status) || status >= 500 && status !== 507) return new Error(detail ? sentence(detail) : `The server answered ${status}.`);
  return new Refusal(detail || `The server refused it (${status}).`, status);
}

const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);
