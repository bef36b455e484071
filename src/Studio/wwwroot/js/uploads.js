// The uploads of this browser and the tray that shows them. Both outlive the page that started them: they belong to the
// document, and go on while other pages are looked at.
import { Upload, UploadNotes, fingerprint } from "./tus-client.js";

const atOnce = 2;
const shown = 200; // entries of the tray; the oldest that are over go first
const redraw = 250; // ms between two updates of the figures

const uploads = [];
const listeners = new Set();
let missing = []; // begun before a reload: their files must be picked again
let tray = null;
let timer = 0;

/** Called with (upload) when one is done. */
export const onDone = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function add(files) {
  for (const file of files) {
    const print = fingerprint(file);
    if (uploads.some((u) => u.print === print && !u.isOver)) continue;
    missing = missing.filter((n) => n.print !== print);
    const before = uploads.findIndex((u) => u.print === print);
    if (before >= 0) uploads.splice(before, 1); // what became of it the last time is no longer of interest
    const upload = new Upload(file);
    upload.addEventListener("change", () => changed(upload));
    upload.addEventListener("progress", () => { timer ||= setTimeout(draw, redraw); });
    uploads.push(upload);
  }
  while (uploads.length > shown) {
    const over = uploads.findIndex((u) => u.isOver);
    if (over < 0) break;
    uploads.splice(over, 1);
  }
  pump();
  draw();
}

/** Takes one that is over out of the tray: its outcome is shown elsewhere. */
export function dismiss(upload) {
  if (!upload.isOver || !uploads.includes(upload)) return;
  uploads.splice(uploads.indexOf(upload), 1);
  draw();
}

/** What a reload left unfinished, as far as the server still has it. */
export async function recall() {
  const notes = UploadNotes.all();
  if (notes.length === 0 || uploads.length > 0) return;
  const answer = await fetch("/api/v1/uploads", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const open = new Map((await answer.json()).filter((u) => u.state === "receiving").map((u) => [`/files/${u.id}`, u]));
  for (const note of notes) if (!open.has(note.url)) UploadNotes.forget(note.url);
  missing = notes.filter((n) => open.has(n.url)).map((n) => ({ ...n, offset: open.get(n.url).offset }));
  draw();
}

addEventListener("online", () => uploads.forEach((u) => u.hurry()));
addEventListener("beforeunload", (event) => {
  if (uploads.some((u) => ["sending", "waiting", "queued"].includes(u.state))) event.preventDefault();
});

function pump() {
  const busy = uploads.filter((u) => ["sending", "waiting", "checking"].includes(u.state)).length;
  for (const upload of uploads.filter((u) => u.state === "queued").slice(0, Math.max(0, atOnce - busy))) upload.start();
}

function changed(upload) {
  if (upload.state === "done") {
    say(`${upload.name} is in the library.`);
    for (const listener of listeners) listener(upload);
  } else if (upload.state === "failed") {
    say(`${upload.name} was refused. ${upload.message}`);
  }
  if (upload.isOver || upload.state === "paused") pump();
  draw();
}

// ---- the tray ----

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function make() {
  tray = element("section", "upload-tray");
  tray.setAttribute("aria-label", "Uploads");
  tray.dataset.permanent = "";
  tray.id = "upload-tray";
  const head = element("div", "upload-head");
  const toggle = element("button", "upload-toggle");
  toggle.type = "button";
  toggle.setAttribute("aria-expanded", "true");
  toggle.setAttribute("aria-controls", "upload-list");
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(open));
    tray.querySelector("ul").hidden = !open;
  });
  const clear = element("button", "btn btn-small", "Clear");
  clear.type = "button";
  clear.dataset.action = "clear";
  head.append(toggle, clear);
  const list = element("ul");
  list.id = "upload-list";
  const status = element("p", "visually-hidden");
  status.setAttribute("role", "status");
  tray.append(head, list, status);
  tray.addEventListener("click", act);
  document.body.append(tray);
}

function say(text) {
  if (!tray) make();
  tray.querySelector("[role=status]").textContent = text;
}

function draw() {
  clearTimeout(timer);
  timer = 0;
  const all = [...missing.map((n) => ({ ...n, key: `missing ${n.url}`, state: "unfinished" })), ...uploads.map((u) => Object.assign(u, { key: `upload ${u.print}` }))];
  if (!tray && all.length === 0) return;
  if (!tray) make();
  tray.hidden = all.length === 0;
  const list = tray.querySelector("ul");
  const rows = new Map([...list.children].map((row) => [row.dataset.key, row]));
  for (const upload of all) {
    let row = rows.get(upload.key);
    rows.delete(upload.key);
    if (!row) list.append(row = line(upload));
    fill(row, upload);
  }
  for (const row of rows.values()) row.remove();
  const done = uploads.filter((u) => u.state === "done").length;
  const failed = uploads.filter((u) => u.state === "failed").length;
  const left = uploads.length - done - failed;
  const toggle = tray.querySelector(".upload-toggle");
  set(toggle, left > 0 ? `Uploading ${left} of ${uploads.length}` : missing.length > 0 ? "Unfinished uploads" : [done > 0 || failed === 0 ? `${done} uploaded` : "", failed > 0 ? `${failed} not taken` : ""].filter(Boolean).join(", "));
  tray.querySelector("[data-action=clear]").hidden = done + failed === 0;
}

function line(upload) {
  const row = element("li", "upload");
  row.dataset.key = upload.key;
  const name = element("span", "upload-name truncate", upload.name);
  name.title = upload.name;
  const bar = element("progress", "progress");
  bar.max = upload.size;
  bar.setAttribute("aria-label", `Progress of ${upload.name}`);
  const figures = element("span", "upload-figures");
  const buttons = element("span", "upload-buttons");
  for (const [action, text] of [["pause", "Pause"], ["resume", "Resume"], ["retry", "Try again"], ["pick", "Pick the file"], ["cancel", "Cancel"], ["dismiss", "Dismiss"]]) {
    const button = element("button", "btn btn-small", text);
    button.type = "button";
    button.dataset.action = action;
    button.setAttribute("aria-label", `${text}: ${upload.name}`);
    buttons.append(button);
  }
  const link = element("a", "btn btn-small", "Open");
  link.dataset.action = "open";
  link.setAttribute("aria-label", `Open: ${upload.name}`);
  buttons.append(link);
  const error = element("span", "upload-error");
  row.append(name, bar, figures, buttons, error);
  return row;
}

const actions = {
  queued: ["cancel"],
  sending: ["pause", "cancel"],
  waiting: ["retry", "pause", "cancel"],
  checking: [],
  paused: ["resume", "cancel"],
  unfinished: ["pick", "cancel"],
  done: ["open", "dismiss"],
  failed: ["retry", "dismiss"],
  cancelled: [],
};

function fill(row, upload) {
  row.dataset.state = upload.state;
  const bar = row.querySelector("progress");
  bar.value = upload.offset;
  bar.hidden = upload.state === "done" || upload.state === "failed";
  const error = row.querySelector(".upload-error");
  error.hidden = !upload.message;
  set(error, upload.message ?? "");
  set(row.querySelector(".upload-figures"), words(upload));
  const wanted = actions[upload.state];
  for (const button of row.querySelectorAll("[data-action]")) button.hidden = !wanted.includes(button.dataset.action);
  if (upload.video) row.querySelector("a").href = `library/${upload.video}`;
}

function words(upload) {
  const share = `${bytes(upload.offset)} of ${bytes(upload.size)}`;
  switch (upload.state) {
    case "queued": return `${bytes(upload.size)}, waiting for its turn`;
    case "sending": return `${share}${upload.speed > 0 ? ` · ${bytes(upload.speed)}/s · ${time((upload.size - upload.offset) / upload.speed)} left` : ""}`;
    case "waiting": return `${share}, interrupted`;
    case "checking": return "complete; the server is looking into it";
    case "paused": return `paused at ${share}`;
    case "unfinished": return `${share}, begun before this page was loaded`;
    case "done": return `${bytes(upload.size)}, ${upload.url?.endsWith(`/${upload.video}`) === false ? "already " : ""}in the library`;
    default: return `${bytes(upload.size)}, not taken`;
  }
}

function act(event) {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const action = button.dataset.action;
  if (action === "clear") {
    for (let i = uploads.length - 1; i >= 0; i--) if (uploads[i].isOver) uploads.splice(i, 1);
    return draw();
  }
  const key = button.closest("li")?.dataset.key;
  const note = missing.find((n) => `missing ${n.url}` === key);
  if (note) {
    if (action === "pick") pick(note);
    else if (action === "cancel") forget(note);
    return;
  }
  const upload = uploads.find((u) => u.key === key);
  if (!upload || action === "open") return;
  const row = button.closest("li");
  if (action === "pause") upload.pause();
  else if (action === "resume" || (action === "retry" && upload.state === "failed")) upload.start();
  else if (action === "retry") upload.hurry();
  else if (action === "cancel") {
    uploads.splice(uploads.indexOf(upload), 1);
    upload.cancel().then(pump);
  } else if (action === "dismiss") uploads.splice(uploads.indexOf(upload), 1);
  draw();
  // The button that was pressed may have gone: the focus stays with its upload, or with the tray.
  if (!document.contains(button) || button.hidden) (row.isConnected ? row.querySelector("[data-action]:not([hidden])") : tray.hidden ? document.getElementById("main") : tray.querySelector(".upload-toggle"))?.focus();
}

function pick(note) {
  const input = document.createElement("input");
  input.type = "file";
  input.addEventListener("change", () => {
    const file = input.files[0];
    if (!file) return;
    if (fingerprint(file) === note.print) return add([file]);
    note.message = file.size !== note.size
      ? `“${file.name}” has ${bytes(file.size)}; the unfinished one has ${bytes(note.size)}.`
      : `“${file.name}” is another file, or was changed since; cancel this one and upload it anew.`;
    draw();
  });
  input.click();
}

function forget(note) {
  missing = missing.filter((n) => n !== note);
  UploadNotes.forget(note.url);
  fetch(note.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => { /* it expires */ });
  draw();
}

/** Only what differs is written, so that screen readers and selections are left alone. */
function set(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit++; }
  return `${unit === 0 ? Math.round(n) : n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} ${units[unit]}`;
}

function time(seconds) {
  const s = Math.max(1, Math.round(seconds));
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.round(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}
