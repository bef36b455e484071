// Clips of samples: where the needles are, on a strip as long as the video, and buttons that lead there.
const clipOf = (element) => element.closest("[data-clip]");

function place(video) {
  const clip = clipOf(video);
  if (!clip || !(video.duration > 0)) return;
  for (const mark of clip.querySelectorAll("[data-mark]")) {
    const [start, end] = mark.dataset.mark.split(" ").map(Number);
    mark.style.left = `${100 * Math.min(1, start / video.duration)}%`;
    mark.style.width = `${100 * Math.max(0, Math.min(1, end / video.duration) - start / video.duration)}%`;
  }
  clip.toggleAttribute("data-placed", true);
}

const isClip = (target) => target instanceof HTMLVideoElement && clipOf(target) !== null;

// Media events do not bubble: they are captured. A clip whose length is known before this is read is placed when it moves.
for (const name of ["loadedmetadata", "durationchange", "timeupdate"]) document.addEventListener(name, (event) => { if (isClip(event.target)) place(event.target); }, true);

document.addEventListener("error", (event) => { if (isClip(event.target)) clipOf(event.target).toggleAttribute("data-broken", true); }, true);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-clip-seek]");
  const video = button && clipOf(button)?.querySelector("video");
  if (!video) return;
  const go = () => { video.currentTime = Number(button.dataset.clipSeek); video.pause(); };
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) go();
  else { video.addEventListener("loadedmetadata", go, { once: true }); video.load(); }
});
