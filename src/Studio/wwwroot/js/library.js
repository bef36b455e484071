// The library page's uploads: files are picked or dropped here and go straight to the server over HTTP; the page hears of
// their progress at most four times a second.
import { Upload, remembered, forget } from "./tus-client.js";

const most = 2; // uploads sent at a time; the others wait
const uploads = new Map();
let page = null, timer = 0;

const view = (u) => ({ key: u.key, name: u.name, size: u.size, sent: u.sent, state: u.state, error: u.error, videoId: u.videoId, speed: u.speed });

function tell(now) {
  if (timer && !now) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    if (!page) return;
    const running = new Set(uploads.keys());
    const lost = remembered().filter((u) => !running.has(u.key)).map((u) => ({ key: u.key, name: u.name, size: u.size, sent: 0, state: "unfinished", error: null, videoId: null, speed: 0 }));
    page.invokeMethodAsync("UploadsChanged", [...uploads.values()].map(view).concat(lost)).catch(() => {});
  }, now ? 0 : 250);
}

function next() {
  const sending = [...uploads.values()].filter((u) => ["sending", "reconnecting"].includes(u.state)).length;
  for (const u of [...uploads.values()].filter((u) => u.state === "waiting").slice(0, Math.max(0, most - sending))) u.start().finally(next);
  tell(true);
}

export function add(files) {
  for (const file of files) {
    const upload = new Upload(file, () => tell(false));
    const known = uploads.get(upload.key);
    if (known && !["failed", "cancelled", "done"].includes(known.state)) continue;
    uploads.set(upload.key, upload);
  }
  next();
}

export function act(key, what) {
  const u = uploads.get(key);
  if (!u) { if (what === "cancel") forget(key); tell(true); return; }
  if (what === "pause") u.pause();
  if (what === "resume" || what === "retry") { u.error = null; u.state = "waiting"; }
  if (what === "cancel") u.cancel();
  if (what === "dismiss" || what === "cancel") uploads.delete(key);
  next();
}

export function start(dotnet, root) {
  page = dotnet;
  const input = root.querySelector("input[type=file]");
  const take = () => { add(input.files); input.value = ""; };
  input.addEventListener("change", take);
  if (input.files.length > 0) take(); // chosen while this script was still on its way
  let depth = 0;
  const files = (e) => [...(e.dataTransfer?.types ?? [])].includes("Files");
  const on = (name, act) => addEventListener(name, act);
  const handlers = {
    dragenter: (e) => { if (files(e)) { depth++; root.dataset.dropping = "true"; } },
    dragleave: (e) => { if (files(e) && --depth <= 0) { depth = 0; delete root.dataset.dropping; } },
    dragover: (e) => { if (files(e)) e.preventDefault(); },
    drop: (e) => { if (!files(e)) return; e.preventDefault(); depth = 0; delete root.dataset.dropping; add(e.dataTransfer.files); },
    beforeunload: (e) => { if ([...uploads.values()].some((u) => u.state === "sending")) e.preventDefault(); },
  };
  for (const [name, handler] of Object.entries(handlers)) on(name, handler);
  // A strip of thumbnails follows the pointer over a card.
  root.addEventListener("pointermove", (e) => {
    const picture = e.target.closest?.("[data-strip]");
    if (!picture) return;
    const n = Number(picture.dataset.count), box = picture.getBoundingClientRect();
    if (n > 0) picture.src = `${picture.dataset.strip}/${Math.min(n - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * n)))}`;
  });
  root.addEventListener("pointerout", (e) => { const p = e.target.closest?.("[data-strip]"); if (p) p.src = p.dataset.poster; });
  tell(true);
  return { stop: () => { page = null; for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler); } };
}
