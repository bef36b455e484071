// Plotly drawings in the studio's colours, and saving any chart as a picture.
const drawn = new Map(); // element -> { data, layout, revision, visible }; one entry a Plot component on the page
let loading;

/** The library, fetched when the first drawing is in sight. */
function library() {
  return loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../lib/plotly/plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => { loading = undefined; reject(new Error("the chart library could not be loaded")); };
    document.head.append(script);
  });
}

/** Replaces var(--name) by the theme's value, at any depth. */
function themed(value, style) {
  if (typeof value === "string") return value.startsWith("var(") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
  if (Array.isArray(value)) return value.every((v) => v === null || typeof v === "number") ? value : value.map((v) => themed(v, style));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, style)]));
  return value;
}

function axis(given) {
  return { gridcolor: "var(--line)", zerolinecolor: "var(--line)", linecolor: "var(--line-strong)", automargin: true, ...given };
}

function complete(layout) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 8, b: 8 }, hovermode: "closest", dragmode: false,
    colorway: ["var(--data-kept)", "var(--data-merged)", "var(--data-2)", "var(--data-3)", "var(--data-4)"],
    ...layout,
    font: { color: "var(--text)", size: 12, family: "system-ui, sans-serif" },
    hoverlabel: { bgcolor: "var(--surface)", bordercolor: "var(--line-strong)", font: { color: "var(--text)" } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, xanchor: "left", ...layout.legend },
    xaxis: axis({ ...layout.xaxis }), yaxis: axis({ ...layout.yaxis }),
  };
}

async function render(element) {
  const entry = drawn.get(element);
  if (!entry?.visible) return;
  const Plotly = await library();
  if (drawn.get(element) !== entry) return; // removed meanwhile
  const style = getComputedStyle(document.documentElement);
  await Plotly.react(element, themed(entry.data, style), { ...themed(complete(entry.layout), style), datarevision: ++entry.revision }, { displayModeBar: false, responsive: false });
  if (entry.listens) return;
  entry.listens = true;
  element.on("plotly_click", (event) => {
    const [point] = event.points;
    element.dispatchEvent(new CustomEvent("plot-click", { bubbles: true, detail: { x: point.x, y: point.y, column: Array.isArray(point.pointIndex) ? point.pointIndex[1] : point.pointIndex } }));
  });
}

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const entry = drawn.get(target);
    if (!entry || !isIntersecting || entry.visible) continue;
    entry.visible = true;
    render(target);
  }
}, { rootMargin: "200px" });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (contentRect.width > 0 && drawn.get(target)?.listens) globalThis.Plotly.Plots.resize(target);
  }
});

new MutationObserver(() => { for (const element of drawn.keys()) render(element); }).observe(document.documentElement, { attributeFilter: ["data-theme"] });

/** Draws, or draws again with other data. */
export async function draw(element, data, layout) {
  const known = drawn.get(element);
  if (known) {
    [known.data, known.layout] = [data, layout];
    return render(element);
  }

  drawn.set(element, { data, layout, revision: 0, visible: false, listens: false });
  sight.observe(element);
  sizes.observe(element);
}

export function forget(element) {
  sight.unobserve(element);
  sizes.unobserve(element);
  if (drawn.get(element)?.listens) globalThis.Plotly.purge(element);
  drawn.delete(element);
}

/** Offers a file for download. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Saves a chart as PNG: its plot at twice its size, or its canvases one over the other. */
export async function savePng(frame, name, title) {
  const plot = [...drawn.keys()].find((element) => frame.contains(element));
  save(plot ? await plotPicture(plot, title) : await canvasPicture(frame), `${name}.png`);
}

async function plotPicture(element, title) {
  const entry = drawn.get(element);
  entry.visible = true;
  await render(element);
  const style = getComputedStyle(document.documentElement);
  const layout = { ...element.layout, paper_bgcolor: style.getPropertyValue("--surface").trim(), title: { text: title, x: 0.02, font: { size: 15 } }, margin: { ...element.layout.margin, t: 64 } };
  const url = await globalThis.Plotly.toImage({ data: element.data, layout }, { format: "png", width: Math.max(640, element.clientWidth), height: element.clientHeight + 56, scale: 2 });
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (c) => c.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

function canvasPicture(frame) {
  const layers = [...frame.querySelectorAll("canvas[data-export]")];
  const whole = document.createElement("canvas");
  whole.width = Math.max(...layers.map((c) => c.width));
  whole.height = Math.max(...layers.map((c) => c.height));
  const context = whole.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim();
  context.fillRect(0, 0, whole.width, whole.height);
  for (const layer of layers) context.drawImage(layer, Number(layer.dataset.x ?? 0), Number(layer.dataset.y ?? 0));
  return new Promise((resolve) => whole.toBlob(resolve, "image/png"));
}
