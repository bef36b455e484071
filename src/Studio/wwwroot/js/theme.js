// Runs before the first paint: the chosen theme, or the system's.
(() => {
  const key = "studio-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const apply = () => { document.documentElement.dataset.theme = stored() ?? (system.matches ? "dark" : "light"); };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".skip-link")) {
      event.preventDefault(); // the base address would make "#main" another page
      document.getElementById("main")?.focus();
      return;
    }
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem(key, next); } catch { /* private mode: the choice lasts for this page */ }
    document.documentElement.dataset.theme = next;
    document.dispatchEvent(new CustomEvent("studio-theme", { detail: next }));
  });
})();
