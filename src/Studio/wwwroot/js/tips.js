// A line about what is pointed at or has the keyboard's focus: elements with data-tip. The same words stand in the page for
// readers of it, so the line itself is hidden from them. It stays while the pointer is on it, and Escape closes it.
const line = document.createElement("div");
line.className = "tip";
line.setAttribute("aria-hidden", "true");
line.hidden = true;
let about = null;

const hide = () => { about = null; line.hidden = true; };

function show(element) {
  if (!line.isConnected) document.body.append(line); // a page that was merged in takes it away
  about = element;
  line.textContent = element.dataset.tip;
  line.hidden = false;
  const [at, size, gap] = [element.getBoundingClientRect(), line.getBoundingClientRect(), 4];
  const left = Math.max(gap, Math.min(at.left + at.width / 2 - size.width / 2, document.documentElement.clientWidth - size.width - gap));
  const below = at.bottom + gap + size.height <= window.innerHeight;
  line.style.left = `${left}px`;
  line.style.top = `${below ? at.bottom + gap : Math.max(gap, at.top - gap - size.height)}px`;
}

const of = (event) => event.target.closest?.("[data-tip]");

document.addEventListener("pointerover", (event) => {
  const element = of(event);
  if (element && element !== about) show(element);
});
document.addEventListener("pointerout", (event) => {
  if (!about || line.contains(event.relatedTarget) || about.contains(event.relatedTarget)) return;
  if (event.target === line || of(event) === about) hide();
});
document.addEventListener("focusin", (event) => {
  const element = of(event);
  if (element?.matches(":focus-visible")) show(element); else hide();
});
document.addEventListener("focusout", hide);
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && about) hide(); });
document.addEventListener("scroll", hide, { capture: true, passive: true });
document.addEventListener("click", hide);
