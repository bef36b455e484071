// The player of the chat page: seeking, the strip of pictures, and which times are shown right now. Media events do not
// bubble, so everything listens on the page's root while they are captured; the player itself may come and go.

const near = 1.5; // seconds around a time in which its link counts as shown

const video = (root) => root.querySelector("video[data-player]");

/** Shows a moment, at most the last one. False when another video, or none, is in the player. */
export function seek(root, seconds, id) {
  const player = video(root);
  if (!player || (id && player.dataset.player !== id)) return false;
  const go = () => {
    const last = Number.isFinite(player.duration) ? player.duration : seconds;
    player.currentTime = Math.max(0, Math.min(seconds, last - 0.05));
  };
  if (player.readyState >= HTMLMediaElement.HAVE_METADATA) go();
  else {
    player.addEventListener("loadedmetadata", go, { once: true });
    player.load();
  }
  mark(root, seconds);
  return true;
}

/** The video in the player and where it stands. */
export function position(root) {
  const player = video(root);
  const still = root.querySelector("img[data-player]");
  return { id: (player ?? still)?.dataset.player ?? null, seconds: player ? player.currentTime : null };
}

export function format(seconds) {
  const s = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** Marks the picture of the strip and the links whose moment is shown. */
function mark(root, seconds) {
  const strip = [...root.querySelectorAll(".strip [data-seek]")];
  let current = null;
  for (const picture of strip) if (Number(picture.dataset.seek) <= seconds + 0.2) current = picture;
  for (const picture of strip) picture.toggleAttribute("data-now", picture === current);
  for (const link of root.querySelectorAll("a.time-link")) link.toggleAttribute("data-now", Math.abs(Number(link.dataset.seek) - seconds) <= near);
}

export function watch(root, signal) {
  const follow = (event) => { if (event.target.matches?.("video[data-player]")) mark(root, event.target.currentTime); };
  for (const name of ["timeupdate", "seeked", "loadedmetadata"]) root.addEventListener(name, follow, { capture: true, signal });
  root.addEventListener("error", (event) => {
    if (!event.target.matches?.("video[data-player]")) return;
    event.target.closest("[data-stage]")?.setAttribute("data-broken", "");
  }, { capture: true, signal });
  root.addEventListener("keydown", (event) => {
    const player = video(root);
    if (!player || event.ctrlKey || event.altKey || event.metaKey || !event.target.closest?.("[data-stage]")) return;
    const frame = 1 / (Number(player.dataset.fps) || 25);
    const step = { j: -10, l: 10, ",": -frame, ".": frame }[event.key];
    if (step !== undefined) {
      if (Math.abs(step) < 1) player.pause();
      player.currentTime = Math.max(0, player.currentTime + step);
    } else if (event.key === "k") {
      if (player.paused) player.play(); else player.pause();
    } else return;
    event.preventDefault();
  }, { signal });
}
