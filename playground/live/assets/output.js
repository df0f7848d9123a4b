// The output panel: losses, metric and loss curve above; below them what the network answers.

import { Confusion } from "./confusion.js";
import { Curve } from "./curve.js";
import { fixed } from "./axes.js";
import { LossChart, TRAIN_DASH, VALIDATION_DASH } from "./losschart.js";
import { Plane } from "./plane.js";
import { Samples } from "./samples.js";
import { make, setText } from "./dom.js";
import { Pencil } from "./pencil.js";
import { mark, throttle } from "./readout.js";
import { writeReadings } from "./readings.js";
import { lossText, metricText, translator } from "./text.js";

const CHART_HEIGHT = 112;
const NUMBERS_WIDTH = 118;
const CALM = 200; // ms between two numbers: what changes faster cannot be read

/** Metrics of the engine and their words. */
const METRICS = {
  accuracy: "live.output_accuracy",
  r2: "live.output_r2",
  mean_absolute_error: "live.output_mean_absolute_error",
  root_mean_squared_error: "live.output_root_mean_squared_error",
};

/** Which views a kind of data has, in the order of their buttons; the first is open. */
const VIEWS = {
  plane: ["plane"],
  curve: ["curve"],
  images: ["samples", "confusion", "plane"],
  table: ["samples", "confusion", "plane"],
  ratings: ["plane", "samples"],
};
const TITLES = {
  samples: "live.output_tab_samples",
  confusion: "live.output_tab_confusion",
  plane: "live.output_tab_plane",
  curve: "live.output_title",
};
const KINDS = { plane: Plane, curve: Curve, samples: Samples, confusion: Confusion };

/** Everything right of the diagram. */
export class OutputPanel {
  /**
   * @param {HTMLElement} root empty element to fill
   * @param {{send: (message: object) => void, act: (action: object) => number,
   *   text: Function|Object<string, string>, colours: object}} context `send` speaks to the live
   *   channel, `act` to the page, `text` translates, `colours` is what readTheme returned
   */
  constructor(root, { send, act, text, colours }) {
    this.say = typeof text === "function" ? text : translator(text);
    this.pencil = new Pencil({ say: this.say, act, turned: (isOn) => this.turned(isOn) });
    this.services = { send, say: this.say, pencil: this.pencil };
    this.colours = colours;
    this.views = {};
    this.names = [];
    this.write = throttle((header) => this.writeNumbers(header), CALM);
    this.root = root;
    this.element = this.build();
    root.append(this.element);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.element);
    this.resize();
    if (colours) this.theme(colours);
  }

  build() {
    const { say } = this;
    this.chart = new LossChart(this.services);
    this.test = number(say("live.output_test_loss"), lineSample([]));
    this.train = number(say("live.output_training_loss"), lineSample(TRAIN_DASH));
    this.validation = number(
      say("live.output_validation_loss"), lineSample(VALIDATION_DASH, "output-validation-line"));
    this.validation.element.hidden = true;
    this.metric = number("", null);
    const help = { class: "output-penalty", title: say("live.output_penalty_help"), hidden: true };
    this.penalty = make("dd", help);
    this.train.element.append(this.penalty);
    const numbers = [this.test, this.train, this.validation, this.metric].map((part) => part.element);
    this.tabs = make("div", { class: "output-tabs", role: "tablist" });
    this.tabs.addEventListener("keydown", (event) => this.tabKey(event));
    this.title = make("h3", { class: "output-title" });
    const { count, toggle } = this.pencil;
    const heading = make("div", { class: "output-heading" }, this.title, count, toggle);
    this.body = make("div", { class: "output-body" });
    this.note = make("p", { class: "output-note", role: "status", hidden: true });
    return make(
      "section",
      { class: "output-panel", "aria-label": say("live.output_title") },
      make("link", { rel: "stylesheet", href: new URL("output.css", import.meta.url).href }),
      make("div", { class: "output-head" }, make("dl", {}, ...numbers), this.chart.element),
      heading,
      this.pencil.element,
      this.tabs,
      this.body,
      this.note,
    );
  }

  /** A new network or data set: choose the views and give them the scene. */
  scene(scene) {
    this.sceneNow = scene;
    this.pencil.scene(scene);
    const regression = scene.task === "regression";
    const names = VIEWS[scene.view].filter((name) => name !== "confusion" || !regression);
    if (names.join() !== this.names.join()) this.open(names);
    for (const view of Object.values(this.views)) view.scene(scene);
    this.latest = this.written = null; // the numbers of the run before are not this one's
    this.write.cancel();
    this.writeTitle(null);
  }

  /** Replace the views by those named; one that was chosen stays open where it can. */
  open(names) {
    for (const view of Object.values(this.views)) view.destroy();
    const isChosen = this.names.length > 1 && names.includes(this.active);
    this.names = names;
    this.views = Object.fromEntries(names.map((name) => [name, new KINDS[name](this.services)]));
    this.active = isChosen ? this.active : names[0];
    this.buttons = names.map((name) => this.tab(name));
    this.tabs.replaceChildren(...this.buttons);
    this.tabs.hidden = names.length < 2;
    this.body.replaceChildren(...names.map((name) => this.page(name)));
    this.width = 0;
    if (this.colours) this.theme(this.colours);
    this.resize();
    this.choose(this.active);
  }

  /** A view's element; where there is a choice of views it is a tab's page. */
  page(name) {
    const { element } = this.views[name];
    if (this.names.length > 1) {
      mark(element, "role", "tabpanel");
      mark(element, "aria-label", this.say(TITLES[name]));
    }
    return element;
  }

  tab(name) {
    return make(
      "button",
      {
        type: "button",
        role: "tab",
        class: "output-button",
        data: { name },
        on: { click: () => this.choose(name) },
      },
      this.say(TITLES[name]),
    );
  }

  choose(name) {
    this.active = name;
    for (const button of this.buttons) {
      const chosen = button.dataset.name === name;
      mark(button, "aria-selected", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    this.show(name);
    if (this.latest) this.frame(this.latest.header, this.latest.arrays);
  }

  show(name) {
    this.shown = name;
    for (const [other, view] of Object.entries(this.views)) view.element.hidden = other !== name;
  }

  tabKey(event) {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const count = this.names.length;
    const next = (this.names.indexOf(this.active) + move + count) % count;
    this.choose(this.names[next]);
    this.buttons[next].focus();
  }

  /** Points and samples, once a scene. */
  data(header, arrays) {
    for (const view of Object.values(this.views)) view.data(header, arrays);
    this.redraw();
  }

  /** Show one frame of a run; called inside the page's animation frame. */
  frame(header, arrays) {
    this.latest = { header, arrays };
    this.write(header);
    if (this.written) writeReadings(this.written);
    this.chart.frame(header, arrays);
    // A neuron that is hovered in the diagram is shown in place of the output, on its own view.
    const picture = this.views.plane ? "plane" : "curve";
    const hovering = Boolean(header.hover && arrays.big);
    const wanted = hovering && this.views[picture] ? picture : this.active;
    if (wanted !== this.shown) this.show(wanted);
    this.views[wanted]?.frame(header, arrays);
    this.writeTitle(hovering ? header.hover : null);
    this.writeNote(this.views[wanted]?.remark ?? "");
  }

  /** Here and above, among the page's own numbers. */
  writeNumbers(header) {
    this.written = header;
    writeReadings(header);
    const { test_loss, train_loss, metric, penalty } = header;
    setText(this.test.value, typeset(lossText(test_loss)));
    setText(this.train.value, typeset(lossText(train_loss)));
    const held = header.validation_loss;
    this.validation.element.hidden = held === undefined;
    if (held !== undefined) setText(this.validation.value, typeset(lossText(held)));
    this.penalty.hidden = !penalty;
    if (penalty) setText(this.penalty, this.say("live.output_penalty", { value: fixed(penalty) }));
    this.metric.element.hidden = !metric;
    if (!metric) return;
    const name = METRICS[metric.name];
    setText(this.metric.label, name ? this.say(name) : metric.name);
    const [train, test] = [metric.train, metric.test].map((value) =>
      typeset(metricText(metric.name, value)));
    setText(this.metric.value, test);
    const values = { train, test };
    mark(this.metric.element, "title", this.say("live.output_metric_both", values));
  }

  /** The pencil is taken up, or laid down: what is said of the points follows. */
  turned(isOn) {
    this.element.classList.toggle("output-drawing", isOn);
    for (const view of Object.values(this.views)) if (this.sceneNow) view.scene(this.sceneNow);
    this.redraw();
  }

  writeTitle(hover) {
    setText(this.title, hover ? this.neuronName(hover) : this.say("live.output_title"));
    this.title.classList.toggle("output-enlarged", Boolean(hover));
  }

  neuronName({ layer, unit }) {
    const { say, sceneNow } = this;
    const columns = sceneNow.columns ?? [];
    const output = columns.at(-1)?.layer ?? columns.length - 2;
    if (layer < 0) {
      const input = columns[0] ?? {};
      const name = input.features?.[unit]?.label ?? input.names?.[unit - (input.start ?? 0)];
      return say("live.output_input", { name: name ?? unit + 1 });
    }
    if (layer < output) return say("live.output_neuron", { layer: layer + 1, unit: unit + 1 });
    if (sceneNow.n_outputs === 1) return say("live.output_output_neuron");
    return say("live.output_class_neuron", { class: sceneNow.classes?.[unit] ?? unit + 1 });
  }

  writeNote(text) {
    this.note.hidden = !text;
    setText(this.note, text);
  }

  theme(colours) {
    this.colours = colours;
    this.chart.theme(colours);
    for (const view of Object.values(this.views)) view.theme(colours);
    mark(this.element, "data-theme", colours.dark ? "dark" : "light");
    this.redraw();
  }

  resize() {
    const width = Math.floor(this.element.clientWidth);
    if (!width || width === this.width) return;
    this.width = width;
    this.chart.resize(width - NUMBERS_WIDTH, CHART_HEIGHT);
    for (const view of Object.values(this.views)) view.resize(width);
    this.redraw();
  }

  redraw() {
    this.chart.draw();
    if (this.latest) this.frame(this.latest.header, this.latest.arrays);
  }

  destroy() {
    this.observer.disconnect();
    this.write.cancel();
    this.chart.destroy();
    for (const view of Object.values(this.views)) view.destroy();
    this.element.remove();
  }
}

/** With a minus sign as wide as the digits. */
const typeset = (text) => text.replace("-", "−");

/** A number with its name; the sample of its line doubles as the chart's legend. */
function number(name, sample) {
  const label = make("span", {}, name);
  const value = make("dd", {}, "–");
  const element = make("div", { class: "output-number" }, make("dt", {}, sample, label), value);
  return { element, label, value };
}

const SVG = "http://www.w3.org/2000/svg";

function lineSample(dash, look = dash.length ? "output-train-line" : "output-test-line") {
  const icon = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "line");
  const size = { width: 18, height: 8, viewBox: "0 0 18 8", "aria-hidden": "true" };
  const stroke = { x1: 0, x2: 18, y1: 4, y2: 4, "stroke-dasharray": dash.join(" ") };
  for (const [name, value] of Object.entries(size)) icon.setAttribute(name, value);
  for (const [name, value] of Object.entries(stroke)) line.setAttribute(name, value);
  icon.classList.add(look);
  icon.append(line);
  return icon;
}
