// One Plotly chart. The figure may change ever so often: what a person zoomed into, and which
// lines are hidden, stays. (Streamlit's own element draws every figure as a new chart.)
// Only what is in sight is drawn: below the fold, Plotly is not even loaded, which would take a
// tenth of the time that the whole page takes to open.

import { readTheme } from "./colours.js";

const charts = new WeakMap();
let library = null;

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

/** The chart of one mounted component. */
class Chart {
  constructor(root) {
    this.root = root;
    this.box = document.createElement("div");
    this.box.setAttribute("role", "img");
    root.append(this.box);
    this.drawing = Promise.resolve();
    this.observer = new ResizeObserver(() => this.#fit());
    this.sight = new IntersectionObserver((entries) => this.#look(entries.at(-1)));
    this.#leave();
    this.sight.observe(this.box);
  }

  #look({ isIntersecting }) {
    if (isIntersecting) this.#arrive();
    else if (this.isSeen) this.#leave();
  }

  #arrive() {
    this.isSeen = true;
    this.goOn();
  }

  /** From now on drawings wait until the chart is in sight. */
  #leave() {
    this.isSeen = false;
    this.inSight = new Promise((done) => (this.goOn = done));
  }

  /** Draw a figure, after those that are being drawn; of several that wait, the newest. */
  show(data) {
    this.data = data;
    this.box.setAttribute("aria-label", data.alt);
    this.drawing = this.drawing.then(() => this.#draw(data)).catch((problem) => {
      if (!this.closed) console.error(problem);
    });
  }

  async #draw(data) {
    if (this.closed || this.data !== data) return;
    const figure = JSON.parse(data.figure);
    this.box.style.minHeight = `${figure.layout.height}px`; // the page below must not jump
    await this.inSight;
    if (this.closed || this.data !== data) return;
    const plotly = await loadPlotly(data.library);
    if (this.closed || this.data !== data) return;
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
    this.#arrive(); // nothing waits any more
    this.box.remove();
    // Plotly still speaks to a chart while it draws: it is taken apart only afterwards.
    this.drawing.finally(() => this.plotly?.purge(this.box));
  }
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
  // Streamlit runs the cleanup of superseded calls while the chart is still mounted.
  return () => {
    if (chart.call !== call) return;
    chart.close();
    charts.delete(root);
  };
}
