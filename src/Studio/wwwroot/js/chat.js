// What the chat page does by itself in the browser: following the end of the conversation, the input with its draft, copying,
// times that seek, and keys. Text of the input never waits for the server, so that nothing typed is lost while answers stream.
import * as player from "./player.js";

const planDelay = 250; // ms after the last key before the plan is asked for

export const offset = () => -new Date().getTimezoneOffset();

export function start(root, page) {
  const stop = new AbortController();
  const signal = stop.signal;
  const find = (selector) => root.querySelector(selector);
  const call = (name, ...args) => page.invokeMethodAsync(name, ...args);
  player.watch(root, signal);
  const follower = follow(root, signal);
  const draft = composer(root, call, signal);
  files(root, call, signal);

  root.addEventListener("click", async (event) => {
    const target = event.target.closest?.("[data-seek],[data-copy],[data-copy-code],[data-suggest],[data-ask-moment],[data-send]");
    for (const menu of root.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || event.target.closest("button,a")) menu.open = false;
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const data = target.dataset;
    if (data.seek !== undefined) {
      event.preventDefault();
      const id = target.href ? new URL(target.href).searchParams.get("v") : null;
      if (!player.seek(root, Number(data.seek), id) && id) await call("ShowVideoAsync", id, Number(data.seek));
    } else if (data.copyCode !== undefined) {
      await copy(target, Promise.resolve(target.parentElement.querySelector("code").textContent));
    } else if (data.copy !== undefined) {
      await copy(target, textOf(target, root, call));
    } else if (data.suggest !== undefined) {
      draft.put(data.suggest);
    } else if (data.askMoment !== undefined) {
      const { seconds } = player.position(root);
      if (seconds !== null) draft.insert(`At ${player.format(seconds)}, `);
    } else if (data.send !== undefined) {
      draft.send();
    }
  }, { signal });

  document.addEventListener("click", (event) => {
    if (root.contains(event.target)) return;
    for (const menu of root.querySelectorAll("details.menu[open]")) menu.open = false;
  }, { signal });

  document.addEventListener("keydown", (event) => keys(event, root, call), { signal });
  root.toggleAttribute("data-ready", true);

  return {
    /** A conversation is on the page: its draft into the input, its end or one of its messages into view. */
    shown(messageId, highlight) {
      draft.load();
      const history = document.getElementById("chat-history");
      if (history?.matches(":popover-open")) history.hidePopover();
      const message = messageId ? document.getElementById(`message-${messageId}`) : null;
      if (!message) return root.dataset.conversation ? follower.end() : follower.top();
      follower.release();
      message.scrollIntoView({ block: "start" });
      if (!highlight) return;
      message.setAttribute("data-highlight", "");
      setTimeout(() => message.removeAttribute("data-highlight"), 3000);
    },
    end: () => follower.end(),
    seek: (id, seconds) => player.seek(root, seconds, id),
    focusInput: () => find("[data-composer]")?.focus({ preventScroll: true }),
    clearDraft: (key) => draft.clear(key),
    dispose() {
      stop.abort();
      follower.dispose();
    },
  };
}

/** Keeps the end of the conversation in view until the person scrolls up, and again once they are back at the end. */
function follow(root, signal) {
  const log = root.querySelector("[data-log]");
  const jump = root.querySelector("[data-jump]");
  let follows = true;
  let last = 0;
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const show = () => { jump.hidden = follows || atEnd() || !root.dataset.conversation; };
  const end = () => {
    follows = true;
    log.scrollTop = log.scrollHeight;
    show();
  };
  log.addEventListener("scroll", () => {
    if (atEnd()) follows = true;
    else if (log.scrollTop < last - 2) follows = false;
    last = log.scrollTop;
    show();
  }, { passive: true, signal });
  jump.addEventListener("click", end, { signal });
  // What a person opens grows where it is looked at.
  log.addEventListener("click", (event) => { if (event.target.closest("summary")) follows = false; }, { signal, capture: true });
  const sizes = new ResizeObserver(() => { if (follows) end(); else show(); });
  sizes.observe(log);
  sizes.observe(log.firstElementChild);
  const top = () => {
    follows = false;
    log.scrollTop = 0;
    show();
  };
  return { end, top, release: () => { follows = false; }, dispose: () => sizes.disconnect() };
}

/** The input. Its text belongs to the browser and is kept for this tab until it is sent. */
function composer(root, call, signal) {
  const input = () => root.querySelector("[data-composer]");
  const keyOf = (id) => `studio-draft:${id || "new"}`;
  const key = () => keyOf(root.dataset.conversation);
  let timer = 0;
  let sending = false;
  let fresh = true;
  const store = (text) => { try { if (text) sessionStorage.setItem(key(), text); else sessionStorage.removeItem(key()); } catch { /* private mode: the draft lasts for this page */ } };
  const fit = (box) => {
    if (CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  };
  const changed = (box) => {
    fit(box);
    store(box.value);
    root.toggleAttribute("data-has-text", box.value.trim().length > 0);
    clearTimeout(timer);
    timer = setTimeout(() => call("DraftChangedAsync", box.value).catch(() => { /* the page is going away */ }), planDelay);
  };
  const send = async () => {
    const box = input();
    if (!box || sending || !box.value.trim()) return;
    sending = true;
    root.toggleAttribute("data-sending", true);
    clearTimeout(timer);
    const [text, at] = [box.value, key()];
    try {
      if (!await call("SendAsync", text)) return;
      try { sessionStorage.removeItem(at); } catch { /* as above */ }
      if (box.value === text) {
        box.value = "";
        changed(box);
      }
    } finally {
      sending = false;
      root.removeAttribute("data-sending");
    }
  };
  root.addEventListener("input", (event) => { if (event.target.matches("[data-composer]")) changed(event.target); }, { signal });
  root.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-composer]") || event.key !== "Enter" || event.shiftKey || event.isComposing || event.altKey) return;
    event.preventDefault();
    send();
  }, { signal });
  return {
    send,
    put(text) {
      const box = input();
      if (!box) return;
      box.value = text;
      box.focus();
      changed(box);
    },
    insert(text) {
      const box = input();
      if (!box) return;
      box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.focus();
      changed(box);
    },
    load() {
      const box = input();
      if (!box) return;
      let kept = null;
      try { kept = sessionStorage.getItem(key()); } catch { /* as above */ }
      const early = fresh && kept === null && box.value; // typed while this script was still on its way
      fresh = false;
      if (early) return changed(box);
      if (box.value === (kept ?? "")) return fit(box);
      box.value = kept ?? "";
      changed(box);
    },
    clear(id) {
      try { sessionStorage.removeItem(keyOf(id)); } catch { /* as above */ }
    },
  };
}

/** Files dropped on the page or picked in the dialog go to the library, and are attached once they are there. */
function files(root, call, signal) {
  const mine = new Set();
  let listening = false;
  const take = async (list) => {
    if (list.length === 0) return;
    const uploads = await import("./uploads.js");
    if (!listening) {
      listening = true;
      const off = uploads.onDone((upload) => { if (mine.delete(upload.print) && upload.video) call("AttachUploadedAsync", upload.video).then(() => uploads.dismiss(upload)).catch(() => { /* the page is gone; the library has it */ }); });
      signal.addEventListener("abort", off);
    }
    const { fingerprint } = await import("./tus-client.js");
    for (const file of list) mine.add(fingerprint(file));
    uploads.add(list);
    call("UploadBegunAsync");
  };
  // Whoever may not ask here is not offered to drop anything.
  const hasFiles = (event) => root.querySelector(".chat-drop") && [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0; // elements under the pointer change all the time
  const over = (on) => root.toggleAttribute("data-dropping", on);
  root.addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); depth++; over(true); } }, { signal });
  root.addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } }, { signal });
  root.addEventListener("dragleave", (event) => { if (hasFiles(event) && --depth <= 0) { depth = 0; over(false); } }, { signal });
  root.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    take([...event.dataTransfer.items].filter((i) => i.kind === "file" && i.webkitGetAsEntry?.()?.isDirectory !== true).map((i) => i.getAsFile()).filter(Boolean));
  }, { signal });
  root.addEventListener("change", (event) => {
    if (!event.target.matches?.("input[data-upload]")) return;
    const list = [...event.target.files];
    event.target.value = "";
    take(list);
  }, { signal });
}

/** What a copy button copies: the text as it is shown, its Markdown, or an address. */
function textOf(button, root, call) {
  const { copy, message } = button.dataset;
  if (copy === "markdown") return call("TextOf", message);
  if (copy === "text") return Promise.resolve(document.getElementById(`message-${message}`).querySelector("[data-text]").innerText.trim());
  const address = new URL(location.href);
  const { id, seconds } = player.position(root);
  address.search = "";
  if (message) address.searchParams.set("m", message);
  else if (new URL(location.href).searchParams.has("m")) address.searchParams.set("m", new URL(location.href).searchParams.get("m"));
  if (id) address.searchParams.set("v", id);
  if (seconds !== null) address.searchParams.set("t", String(Math.round(seconds * 10) / 10));
  return Promise.resolve(address.href);
}

async function copy(button, text) {
  let done = true;
  try {
    if (navigator.clipboard && window.ClipboardItem) {
      // Given as a promise at once: some browsers forget the click while the text is fetched.
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((t) => new Blob([t], { type: "text/plain" })) })]);
    } else done = copyByHand(await text);
  } catch {
    done = copyByHand(await text);
  }
  button.setAttribute("data-copied", done ? "yes" : "no");
  const said = button.closest(".chat")?.querySelector("[data-say]");
  if (said) said.textContent = done ? "Copied" : "The browser did not allow copying; select the text and copy it";
  setTimeout(() => {
    button.removeAttribute("data-copied");
    if (said) said.textContent = "";
  }, 2000);
}

/** Without a secure address browsers have no clipboard for pages; the old way still serves. */
function copyByHand(text) {
  const box = document.createElement("textarea");
  box.value = text;
  box.style.position = "fixed";
  box.style.opacity = "0";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  return done;
}

function keys(event, root, call) {
  const inField = event.target.matches?.("input,textarea,select,[contenteditable]");
  if (event.key === "Escape" && !event.defaultPrevented) {
    const menu = root.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    } else if (!document.querySelector("dialog[open],[popover]:popover-open") && root.hasAttribute("data-running")) call("StopAsync");
  } else if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey && !event.altKey)) {
    const search = root.querySelector("[data-history-search]");
    if (!search) return;
    event.preventDefault();
    const panel = document.getElementById("chat-history");
    if (panel && !panel.checkVisibility()) panel.showPopover?.();
    search.focus();
    search.select();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const links = [...root.querySelectorAll(".history-link")];
    if (links.length === 0) return;
    event.preventDefault();
    const at = links.findIndex((l) => l.getAttribute("aria-current") === "page");
    const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? links.length - 1 : at - 1;
    links[next]?.click();
  }
}
