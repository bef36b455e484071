// Modal dialogs and the clipboard.
export const show = (dialog) => { if (!dialog.open) dialog.showModal(); };
export const close = (dialog) => dialog.close();

/** Copies text; says whether it worked. Where the page is not from a secure origin, browsers leave only the old way. */
export async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* refused or not there */ }
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "visually-hidden";
  beside.append(area); // inside a modal dialog only its own elements can be selected
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
