// One Plotly chart. The figure may change ever so often: what a person zoomed into, and which
// lines are hidden, stays. (Streamlit's own element draws every figure as a new chart.)
// Only what is in sight or printed is drawn. For charts below the fold Plotly is loaded only a while
// after the page has opened: at once, it would take a tenth of the time that opening takes.

import { readTheme } from "./colours.js";

const charts = new WeakMap();
const paper = matchMedia("print");
let library = null;
let idleLoading = null;

/** Load Plotly once for the page, from the page's own server. */
function loadPlotly(address) {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = location.origin + address;
    script.onload = () => done(window.Plotly);
    script.onerror = () => {
      library = null; // the next figure tries again
      script.remove();
      failed(new Error(`${address} could not be loaded`));
    };
    document.head.append(script);
  });
  return library;
}

/**
 * Load Plotly some seconds after the page has opened, when the browser has nothing else to do:
 * printing does not wait for it, and the charts below the fold are to be on paper.
 */
function loadPlotlyWhenIdle(address) {
  const load = () => loadPlotly(address).catch(() => {}); // the figure that needs it will say so
  const whenIdle = window.requestIdleCallback ?? ((call) => call()); // Safari has none
  idleLoading ??= setTimeout(() => whenIdle(load, { timeout: 10_000 }), 4_000);
}

/** The chart of one mounted component. */
class Chart {
  constructor(root) {
    this.root = root;
    this.box = document.createElement("div");
    this.box.setAttribute("role", "img");
    root.append(this.box);
    this.observer = new ResizeObserver(() => this.#fit());
    this.sight = new IntersectionObserver((entries) => this.#look(entries.at(-1).isIntersecting));
    this.sight.observe(this.box);
    this.listening = new AbortController();
    const options = { signal: this.listening.signal };
    addEventListener("beforeprint", () => this.#print(true), options);
    addEventListener("afterprint", () => this.#print(false), options);
    paper.addEventListener("change", () => this.#print(paper.matches), options);
  }

  #look(isSeen) {
    this.isSeen = isSeen;
    this.#drawNewest();
  }

  #print(isPrinted) {
    this.isPrinted = isPrinted;
    this.#drawNewest();
    this.box.querySelectorAll(".main-svg").forEach((picture) => shrink(picture, isPrinted));
  }

  /** Draw a figure once the chart is in sight or printed; of several that wait, the newest. */
  show(data) {
    this.data = data;
    this.box.setAttribute("aria-label", data.alt);
    this.box.style.minHeight = `${data.height}px`; // the page below must not jump
    this.#drawNewest();
  }

  /** Draw one figure after another, until the newest is drawn or the chart is out of sight. */
  async #drawNewest() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    while (this.#isDue()) {
      await this.#draw(this.data).catch((problem) => {
        if (!this.closed) console.error(problem);
      });
    }
    this.isDrawing = false;
    // Plotly still speaks to a chart while it draws: it is taken apart only afterwards.
    if (this.closed) this.plotly?.purge(this.box);
  }

  #isDue() {
    return !this.closed && this.drawn !== this.data && (this.isSeen || this.isPrinted);
  }

  async #draw(data) {
    this.drawn = data;
    // Once Plotly is there nothing is waited for: printing does not wait either.
    const plotly = window.Plotly ?? (await loadPlotly(data.library));
    if (this.closed || this.data !== data) return;
    const figure = JSON.parse(data.figure);
    const layout = themed(figure.layout, readTheme(this.root));
    this.plotly = plotly;
    await plotly.react(this.box, figure.data, layout, configuration(data));
    if (this.closed) return;
    this.observer.observe(this.box);
    this.#listen();
  }

  /** Tell the page which place of the chart was clicked, where it asked for that. */
  #listen() {
    this.box.classList.toggle("is-clickable", this.data.clickable);
    if (this.listens) return;
    this.listens = true;
    this.box.on("plotly_click", ({ points: [{ x, y }] }) => {
      if (this.data.clickable) this.tell("clicked", { x, y });
    });
  }

  #fit() {
    const width = this.box.clientWidth;
    if (this.plotly && width && this.box.layout && width !== this.box._fullLayout?.width) {
      this.plotly.Plots.resize(this.box);
    }
  }

  close() {
    this.closed = true;
    this.observer.disconnect();
    this.sight.disconnect();
    this.listening.abort();
    this.box.remove();
    this.#drawNewest();
  }
}

/** Let a picture that was drawn for the window fit the narrower paper, or undo that. */
function shrink(picture, isPrinted) {
  const { width, height } = picture.attributes;
  if (isPrinted) picture.setAttribute("viewBox", `0 0 ${width.value} ${height.value}`);
  else picture.removeAttribute("viewBox");
  picture.style.height = isPrinted ? "auto" : "";
  picture.style.maxWidth = picture.parentElement.style.maxWidth = isPrinted ? "100%" : "";
}

/** Plotly's settings. Zooming is dragging: buttons for it would only cover the legend. */
function configuration({ words }) {
  const unused = "zoom2d pan2d select2d lasso2d zoomIn2d zoomOut2d autoScale2d";
  return {
    displaylogo: false,
    showSendToCloud: false, // data never leaves the machine
    modeBarButtonsToRemove: unused.split(" "),
    locale: "page",
    locales: { page: { dictionary: words } },
  };
}

/** The layout in the page's colours and font. */
function themed(layout, theme) {
  const changed = {
    ...layout,
    autosize: true,
    font: { color: theme.text, family: theme.font, size: 12, ...layout.font },
    hoverlabel: {
      bgcolor: theme.panel,
      bordercolor: theme.border,
      font: { color: theme.text, family: theme.font },
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.text },
  };
  const lines = { gridcolor: theme.faint, zerolinecolor: theme.border, linecolor: theme.border };
  changed.xaxis = { ...lines, zeroline: false, showgrid: false, ...layout.xaxis };
  changed.yaxis = { ...lines, zeroline: false, ...layout.yaxis };
  return changed;
}

export default async function mount(component) {
  const root = component.parentElement;
  if (!charts.has(root)) charts.set(root, new Chart(root));
  const chart = charts.get(root);
  const call = (chart.call = {});
  chart.tell = component.setTriggerValue;
  chart.show(component.data);
  loadPlotlyWhenIdle(component.data.library);
  // Streamlit runs the cleanup of superseded calls while the chart is still mounted.
  return () => {
    if (chart.call !== call) return;
    chart.close();
    charts.delete(root);
  };
}
