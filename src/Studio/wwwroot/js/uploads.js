// Uploads that begin on other pages than the library's: files go to the server over HTTP, two at a time, and a tray shows how
// far they are. They belong to the document and go on while other pages are looked at; after a reload the library takes them up.
import { Upload } from "./tus-client.js";

const atOnce = 2;
const shown = 100; // rows of the tray; the oldest that are over go first
const redraw = 250; // ms between two updates of the figures

const uploads = [];
const listeners = new Set();
let tray = null, timer = 0;

const isOver = (u) => ["done", "failed", "cancelled"].includes(u.state);

/** Called with (upload) when one is in the library. */
export const onDone = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function add(files) {
  for (const file of files) {
    const upload = new Upload(file, () => { timer ||= setTimeout(draw, redraw); });
    if (!uploads.some((u) => u.key === upload.key && !isOver(u))) uploads.push(upload);
  }
  while (uploads.length > shown && uploads.some(isOver)) uploads.splice(uploads.findIndex(isOver), 1);
  next();
}

function next() {
  const busy = uploads.filter((u) => ["sending", "reconnecting", "checking"].includes(u.state)).length;
  for (const upload of uploads.filter((u) => u.state === "waiting").slice(0, Math.max(0, atOnce - busy))) {
    upload.start().finally(() => {
      if (upload.state === "done") for (const listener of listeners) listener(upload);
      next();
    });
  }
  draw();
}

addEventListener("beforeunload", (event) => { if (uploads.some((u) => u.state === "sending")) event.preventDefault(); });

function draw() {
  clearTimeout(timer);
  timer = 0;
  if (!tray) {
    tray = document.createElement("section");
    tray.className = "upload-tray";
    tray.setAttribute("aria-label", "Uploads");
    tray.dataset.permanent = "";
    document.body.append(tray);
  }
  tray.hidden = uploads.length === 0;
  const rows = new Map([...tray.children].map((row) => [row.upload, row]));
  for (const upload of uploads) {
    let row = rows.get(upload);
    rows.delete(upload);
    if (!row) tray.append(row = line(upload));
    fill(row, upload);
  }
  for (const row of rows.values()) row.remove();
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function line(upload) {
  const row = element("div", "upload");
  row.upload = upload;
  const name = element("b", "truncate", upload.name);
  name.title = upload.name;
  const state = element("span", "muted small");
  const bar = element("progress", "progress");
  bar.max = Math.max(1, upload.size);
  bar.setAttribute("aria-label", `Progress of ${upload.name}`);
  const button = element("button", "btn btn-small");
  button.type = "button";
  button.addEventListener("click", () => {
    if (!isOver(upload)) upload.cancel();
    uploads.splice(uploads.indexOf(upload), 1);
    next();
  });
  row.append(name, button, bar, state);
  return row;
}

function fill(row, upload) {
  row.dataset.state = upload.state;
  const [, button, bar, state] = row.children;
  if (upload.state === "checking") bar.removeAttribute("value"); else bar.value = upload.sent;
  bar.hidden = isOver(upload);
  const action = isOver(upload) ? "Dismiss" : "Cancel";
  set(button, action);
  button.setAttribute("aria-label", `${action}: ${upload.name}`);
  set(state, words(upload));
}

const words = (u) => ({ waiting: "waits for its turn", checking: "complete; the server is looking into it", reconnecting: "the link broke; trying again", done: "in the library", cancelled: "cancelled" })[u.state]
  ?? u.error ?? `${Math.floor((100 * u.sent) / Math.max(1, u.size))} %`;

/** Only what differs is written, so that screen readers and selections are left alone. */
function set(target, text) { if (target.textContent !== text) target.textContent = text; }
