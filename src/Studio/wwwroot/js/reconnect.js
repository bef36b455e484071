// The banner while the link between this page and the server is broken. Blazor sets a class on it for each state; a page whose
// session the server no longer knows is loaded again by itself, unless that would break off uploads.
(() => {
  const banner = document.getElementById("components-reconnect-modal");
  const text = banner.querySelector("[data-reconnect-text]");
  const button = banner.querySelector("button");
  const states = {
    show: ["The link to the server broke. Connecting again…", null],
    failed: ["The server does not answer. This page goes on when it does.", "Try again"],
    rejected: ["The server was started again. The page has to be loaded again when your uploads are done.", "Load it now"],
  };
  let state = null;

  const uploading = () => document.querySelector(".upload[data-state=sending],.upload[data-state=queued],.upload[data-state=waiting],.upload[data-state=checking]") !== null;

  async function retry() {
    if (state === "rejected") return location.reload();
    button.disabled = true;
    try {
      if (!(await Blazor.reconnect())) show("rejected");
    } catch { /* still not there: the banner stays */ } finally {
      button.disabled = false;
    }
  }

  function show(next) {
    state = next;
    banner.hidden = next === null;
    if (next === null) return;
    if (next === "rejected" && !uploading()) return location.reload();
    const [words, action] = states[next];
    text.textContent = words;
    button.hidden = action === null;
    button.textContent = action ?? "";
  }

  new MutationObserver(() => {
    const name = ["rejected", "failed", "show"].find((s) => banner.classList.contains(`components-reconnect-${s}`)) ?? null;
    if (name !== state) show(name);
  }).observe(banner, { attributeFilter: ["class"] });
  button.addEventListener("click", retry);
  const soon = () => { if (state === "failed" && document.visibilityState === "visible") retry(); };
  addEventListener("online", soon);
  document.addEventListener("visibilitychange", soon);
})();
