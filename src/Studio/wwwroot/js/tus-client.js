// A client of the tus 1.0 protocol for the library: chunks with checksums, pause, retry, and uploads that go on after a
// reload of the page or a restart of the server. Its memory is localStorage: a file's fingerprint and its upload's address.
const chunkBytes = 8 * 1024 * 1024;
const retryMs = [500, 1000, 2000, 4000, 8000, 15000];
const prefix = "studio-upload:";
const maxRemembered = 50; // the oldest is forgotten first; its bytes expire on the server

export const fingerprint = (file) => `${prefix}${file.name}|${file.size}|${file.lastModified}`;

const store = {
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      const all = remembered();
      for (const old of all.slice(0, Math.max(0, all.length - maxRemembered))) localStorage.removeItem(old.key);
    } catch { /* private mode: an upload then does not survive a reload */ }
  },
  remove(key) { try { localStorage.removeItem(key); } catch { /* likewise */ } },
};

/** Uploads that were begun in this browser and are not done, oldest first. */
export function remembered() {
  try {
    return Object.keys(localStorage).filter((k) => k.startsWith(prefix)).map((key) => ({ key, ...store.get(key) }))
      .filter((u) => u.url).sort((a, b) => a.at - b.at);
  } catch { return []; }
}

export const forget = (key) => store.remove(key);

const base64 = (bytes) => { let text = ""; for (const b of new Uint8Array(bytes)) text += String.fromCharCode(b); return btoa(text); };
const utf8Base64 = (text) => base64(new TextEncoder().encode(text));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the server said, as one sentence for people. */
async function reason(response) {
  try {
    const body = await response.json();
    return body.detail ?? body.title ?? `the server answered ${response.status}`;
  } catch { return `the server answered ${response.status}`; }
}

export class Upload {
  /** @param {File} file @param {(upload: Upload) => void} changed */
  constructor(file, changed) {
    Object.assign(this, { file, changed, key: fingerprint(file), name: file.name, size: file.size, sent: 0, state: "waiting", error: null, videoId: null, speed: 0 });
  }

  async start() {
    this.stopped = false;
    this.#set("sending");
    for (let attempt = 0; !this.stopped;) {
      try {
        await this.#run();
        return;
      } catch (e) {
        if (this.stopped) return;
        if (e.fatal) { store.remove(this.key); this.error = e.message; this.#set("failed"); return; }
        if (this.progressed) { attempt = 0; this.progressed = false; }
        if (attempt >= retryMs.length) { this.error = `${e.message}. Press retry; what was sent is kept.`; this.#set("failed"); return; }
        this.#set("reconnecting");
        await wait(retryMs[attempt++]);
        if (!this.stopped) this.#set("sending");
      }
    }
  }

  pause() { this.stopped = true; this.request?.abort(); this.#set("paused"); }

  async cancel() {
    this.stopped = true;
    this.request?.abort();
    const url = store.get(this.key)?.url;
    store.remove(this.key);
    if (url) await fetch(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
    this.#set("cancelled");
  }

  async #run() {
    let url = store.get(this.key)?.url;
    if (url) {
      const head = await fetch(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" }, cache: "no-store" });
      if (head.ok) this.sent = Number(head.headers.get("Upload-Offset"));
      else if (head.status === 404 || head.status === 410) url = null; // expired: begin again
      else throw new Error(`the server answered ${head.status}`);
    }
    if (!url) {
      this.sent = 0;
      const made = await fetch("files", { method: "POST", headers: {
        "Tus-Resumable": "1.0.0", "Upload-Length": String(this.size),
        "Upload-Metadata": `filename ${utf8Base64(this.file.name)},filetype ${utf8Base64(this.file.type || "application/octet-stream")}` } });
      if (made.status !== 201) throw Object.assign(new Error(await reason(made)), { fatal: made.status < 500 && made.status !== 429 });
      url = new URL(made.headers.get("Location"), document.baseURI).href;
      store.set(this.key, { url, name: this.name, size: this.size, at: Date.now() });
    }
    while (this.sent < this.size) {
      const chunk = this.file.slice(this.sent, this.sent + chunkBytes);
      const checksum = crypto.subtle ? `sha256 ${base64(await crypto.subtle.digest("SHA-256", await chunk.arrayBuffer()))}` : null;
      if (this.stopped) return;
      await this.#patch(url, chunk, checksum);
      this.progressed = true;
    }
    this.#set("checking");
    await this.#settle(url);
  }

  /** XMLHttpRequest, because fetch does not tell how much of a body has gone out. */
  #patch(url, chunk, checksum) {
    const from = this.sent, began = performance.now();
    return new Promise((done, failed) => {
      const request = this.request = new XMLHttpRequest();
      request.open("PATCH", url);
      request.setRequestHeader("Tus-Resumable", "1.0.0");
      request.setRequestHeader("Upload-Offset", String(from));
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      if (checksum) request.setRequestHeader("Upload-Checksum", checksum);
      request.upload.onprogress = (e) => {
        this.sent = from + e.loaded;
        this.speed = e.loaded / Math.max(0.05, (performance.now() - began) / 1000);
        this.changed(this);
      };
      const fail = (text, fatal) => { this.sent = from; failed(Object.assign(new Error(text), { fatal })); };
      request.onload = () => {
        if (request.status === 204) {
          this.sent = Number(request.getResponseHeader("Upload-Offset") ?? from + chunk.size);
          this.videoId = request.getResponseHeader("Studio-Video") ?? this.videoId;
          done();
          return;
        }
        let text = `the server answered ${request.status}`;
        try { const body = JSON.parse(request.responseText); text = body.detail ?? body.title ?? text; } catch { /* no problem document */ }
        // Another offset, a damaged chunk or a busy upload: ask again where it stands. Anything else of ours is final.
        fail(text, request.status < 500 && ![409, 423, 460, 408, 429].includes(request.status));
      };
      request.onerror = request.ontimeout = () => fail("the connection broke", false);
      request.onabort = () => fail("paused", false);
      request.send(chunk);
    });
  }

  /** All bytes are there: the server looks into the file. */
  async #settle(url) {
    const id = url.split("/").pop();
    while (!this.stopped) {
      const answer = await fetch(`api/v1/uploads/${id}`, { cache: "no-store" });
      if (answer.status === 404) throw Object.assign(new Error("the upload is gone"), { fatal: true });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const status = await answer.json();
      if (status.videoId) { store.remove(this.key); this.videoId = status.videoId; this.#set("done"); return; }
      if (status.error) throw Object.assign(new Error(status.error), { fatal: true });
      await wait(400);
    }
  }

  #set(state) { this.state = state; this.changed(this); }
}
