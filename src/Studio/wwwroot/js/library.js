// The library page in the browser: files dropped anywhere on it, pictures that follow the pointer, the player of one video.
import * as uploads from "./uploads.js";

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** @param root the page's element; inside it `data-pick` opens the file dialog and `data-scrub` is a strip of pictures. */
export function start(root, canUpload) {
  const stop = new AbortController();
  const { signal } = stop;
  if (canUpload) {
    drops(root, signal);
    uploads.recall();
  }
  scrubs(root, signal);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.("input,textarea,select,[contenteditable]")) return;
    const search = root.querySelector("input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }, { signal });
  return { dispose: () => stop.abort() };
}

function drops(root, signal) {
  const input = root.querySelector("input[type=file]");
  const take = () => {
    uploads.add(input.files);
    input.value = "";
  };
  input.addEventListener("change", take, { signal });
  if (input.files.length > 0) take(); // chosen while this script was still on its way
  root.addEventListener("click", (event) => { if (event.target.closest("[data-pick]")) input.click(); }, { signal });

  // Elements under the pointer change all the time; the depth says when the last one was left.
  let depth = 0;
  const show = (on) => root.toggleAttribute("data-dropping", on);
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth++;
    show(true);
  }, { signal });
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }, { signal });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) show(false);
  }, { signal });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    // A folder comes as an entry without bytes; only files can be sent.
    const files = [...event.dataTransfer.items].filter((i) => i.kind === "file" && i.webkitGetAsEntry?.()?.isDirectory !== true).map((i) => i.getAsFile()).filter(Boolean);
    uploads.add(files);
  }, { signal });
}

/** Moving over a picture, or the arrow keys on its link, walks through the strip. */
function scrubs(root, signal) {
  const at = new WeakMap();
  const show = (strip, number) => {
    const count = Number(strip.dataset.scrub);
    const image = strip.querySelector("img");
    if (!image || count < 2) return;
    image.dataset.poster ??= image.getAttribute("src");
    at.set(strip, number);
    image.src = `${strip.dataset.pictures}${number}`;
    strip.style.setProperty("--at", `${((number + 0.5) / count) * 100}%`);
    strip.toggleAttribute("data-scrubbing", true);
  };
  const reset = (strip) => {
    const image = strip.querySelector("img");
    at.delete(strip);
    if (image?.dataset.poster) image.src = image.dataset.poster;
    strip.removeAttribute("data-scrubbing");
  };
  root.addEventListener("pointermove", (event) => {
    const strip = event.target.closest?.("[data-scrub]");
    if (!strip || event.pointerType === "touch") return;
    const box = strip.getBoundingClientRect();
    const count = Number(strip.dataset.scrub);
    const number = Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)));
    if (at.get(strip) !== number) show(strip, number);
  }, { signal });
  root.addEventListener("pointerout", (event) => {
    const strip = event.target.closest?.("[data-scrub]");
    if (strip && !strip.contains(event.relatedTarget)) reset(strip);
  }, { signal });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const strip = step && !event.ctrlKey && !event.altKey && !event.metaKey ? event.target.closest?.("a")?.querySelector("[data-scrub]") : null;
    if (!strip || Number(strip.dataset.scrub) < 2) return;
    event.preventDefault();
    const count = Number(strip.dataset.scrub);
    show(strip, at.has(strip) ? (at.get(strip) + step + count) % count : step > 0 ? 0 : count - 1);
  }, { signal });
  root.addEventListener("focusout", (event) => {
    const strip = event.target.closest?.("a")?.querySelector("[data-scrub]");
    if (strip) reset(strip);
  }, { signal });
}

/** The player of one video: pictures below it seek, and the one shown now is marked. */
export function player(root, startAt) {
  const stop = new AbortController();
  const { signal } = stop;
  const video = root.querySelector("video");
  if (!video) return { dispose: () => stop.abort() };
  const seek = (seconds) => {
    const go = () => { video.currentTime = Math.max(0, Math.min(seconds, Number.isFinite(video.duration) ? video.duration - 0.05 : seconds)); };
    if (video.readyState >= HTMLMediaElement.HAVE_METADATA) go();
    else video.addEventListener("loadedmetadata", go, { once: true, signal });
  };
  const mark = () => {
    let now = null;
    const pictures = [...root.querySelectorAll("[data-seek]")];
    for (const picture of pictures) if (Number(picture.dataset.from) <= video.currentTime + 0.001) now = picture;
    for (const picture of pictures) picture === now ? picture.setAttribute("aria-current", "time") : picture.removeAttribute("aria-current");
  };
  video.addEventListener("timeupdate", mark, { signal });
  video.addEventListener("seeked", mark, { signal });
  video.addEventListener("error", () => root.toggleAttribute("data-broken", true), { signal });
  if (video.error) root.toggleAttribute("data-broken", true);
  root.addEventListener("click", (event) => {
    const picture = event.target.closest("[data-seek]");
    if (!picture) return;
    seek(Number(picture.dataset.seek));
    mark();
  }, { signal });
  if (startAt > 0) seek(startAt);
  return {
    position: () => video.currentTime,
    dispose: () => stop.abort(),
  };
}
