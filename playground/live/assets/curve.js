// A function of one input: the network's curve through the data, with values under the pointer.

import { axisName, digitsFor, drawAxes, drawLabels, fixed, fromX, sharpen, ticks, toX, toY }
  from "./axes.js";
import { NEGATIVE, classColour } from "./colours.js";
import { make } from "./dom.js";
import { markerIcon, markerPath } from "./markers.js";
import { Readout, Spoken, mark, throttle } from "./readout.js";

const MARGIN = { left: 50, right: 10, top: 8, bottom: 38 };
const LARGEST = 420;
const HIGHEST = 6; // that a sketch can have
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** The curve view: data, curve, crosshair. */
export class Curve {
  constructor({ say, pencil }) {
    this.say = say;
    this.pencil = pencil;
    this.canvas = make("canvas", { class: "output-canvas", tabindex: 0, role: "img" });
    this.spoken = new Spoken();
    this.holder = make("div", { class: "output-picture" }, this.canvas, this.spoken.element);
    this.readout = new Readout(this.holder);
    this.legend = make("ul", { class: "output-classes" });
    this.element = make("div", { class: "output-curve" }, this.holder, this.legend);
    this.describe = throttle((text) => mark(this.canvas, "aria-label", text), 3000);
    this.pointer = null;
    this.curves = [];
    pencil.attach(this);
    this.listen();
  }

  /** Whether the test data are shown: as chosen, and always while one draws. */
  get showsTest() {
    return this.sceneNow.show_test || this.pencil.isOn;
  }

  leave() {
    this.pointer = null;
  }

  scene(scene) {
    this.sceneNow = scene;
    this.x = scene.extent.slice(0, 2);
    this.names = [axisName(scene.x_label), axisName(scene.y_label)];
    this.showLegend();
    this.stale = true;
  }

  data(header, arrays) {
    this.points = arrays;
    this.stale = true;
  }

  theme(colours) {
    this.colours = colours;
    this.stale = true;
    this.showLegend();
  }

  resize(width) {
    this.width = Math.min(width, LARGEST);
    this.stale = true;
  }

  frame(header, arrays) {
    this.header = header;
    this.arrays = arrays;
    this.draw();
  }

  draw() {
    if (!this.width || !this.colours || !this.sceneNow || !this.arrays) return;
    this.chooseCurves();
    this.legend.hidden = Boolean(this.hovered);
    const box = (this.box = this.layout());
    const [width, height] = [this.width, box.top + box.height + MARGIN.bottom];
    const pen = sharpen(this.canvas, width, height);
    pen.clearRect(0, 0, width, height);
    this.drawFrame(pen, box);
    if (!this.hovered) this.drawPoints(pen, box);
    this.drawCurves(pen, box);
    this.pencil.paint(pen, box);
    this.drawPointer(pen, box);
    this.describe(this.say("live.output_curve_alt", {
      x: this.names[0],
      y: this.names[1],
      train: fixed(this.header.train_loss),
      test: fixed(this.header.test_loss),
    }));
  }

  /** The hovered neuron's curve, else the network's; each a list of values over the extent. */
  chooseCurves() {
    const { curve, big } = this.arrays;
    this.hovered = this.header.hover && big?.shape.length === 1 ? this.header.hover : null;
    if (this.hovered) this.curves = [unscaled(big, this.hovered.value_range)];
    else if (curve) {
      const [count, length] = curve.shape;
      this.curves = Array.from({ length: count }, (_, k) =>
        curve.subarray(k * length, (k + 1) * length));
    } else this.curves = [];
  }

  /** What is to be said below the picture, or an empty text. */
  get remark() {
    const finite = this.curves.every((values) => values.every(Number.isFinite));
    return finite ? "" : this.say("live.output_not_finite_curve");
  }

  layout() {
    const width = this.width - MARGIN.left - MARGIN.right;
    return {
      left: MARGIN.left,
      top: MARGIN.top,
      width,
      height: Math.round(width * 0.8),
      x: this.x,
      y: this.range(),
    };
  }

  /** The heights that are drawn; with room above and below while one sketches. */
  range() {
    if (this.hovered) return padded(neuronRange(this.curves[0]));
    const range = this.sceneNow.value_range ?? [-1, 1];
    if (!this.pencil.isOn) return padded(range);
    const most = Math.min(HIGHEST, Math.max(1.5, 1.5 * Math.max(...range.map(Math.abs))));
    return [-most, most];
  }

  drawFrame(pen, box) {
    const { colours, say } = this;
    const wanted = box.width > 200 ? 7 : 4;
    const axes = { xTicks: ticks(...box.x, wanted), yTicks: ticks(...box.y, 6), colours, grid: true };
    drawAxes(pen, box, axes);
    const yLabel = this.hovered ? say("live.output_bar_neuron") : this.names[1];
    drawLabels(pen, box, { xLabel: this.names[0], yLabel, colours, left: 34 });
  }

  drawPoints(pen, box) {
    const { train_points, train_y, test_points, test_y } = this.points ?? {};
    const { colours } = this;
    if (train_points) this.drawMarks(pen, box, train_points, train_y, trainStyle(colours));
    if (test_points && this.showsTest) {
      this.drawMarks(pen, box, test_points, test_y, testStyle(colours));
    }
  }

  drawMarks(pen, box, points, values, { colour, marker, edge, size }) {
    const step = points.shape[1] ?? 1;
    pen.fillStyle = colour;
    pen.strokeStyle = edge;
    pen.lineWidth = 1;
    for (let i = 0; i < points.shape[0]; i++) {
      if (this.pencil.hides(points[i * step], values[i])) continue;
      const [x, y] = [toX(box, points[i * step]), toY(box, values[i])];
      if (x < box.left || x > box.left + box.width || y < box.top || y > box.top + box.height) {
        continue;
      }
      markerPath(pen, marker, x, y, size);
      pen.fill();
      pen.stroke();
    }
  }

  drawCurves(pen, box) {
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    pen.lineJoin = "round";
    this.curves.forEach((values, k) => {
      tracePath(pen, box, values);
      pen.setLineDash([]);
      pen.strokeStyle = this.colours.background;
      pen.lineWidth = 5;
      pen.stroke();
      pen.setLineDash(DASHES[k % DASHES.length]);
      pen.strokeStyle = this.curveColour(k);
      pen.lineWidth = 2.5;
      pen.stroke();
    });
    pen.restore();
  }

  curveColour(k) {
    return this.curves.length > 1 ? classColour(k) : this.colours.positive;
  }

  drawPointer(pen, box) {
    if (this.pointer === null || !this.curves.length) return this.readout.hide();
    const [lo, hi] = box.x;
    const x = this.pointer;
    const values = this.curves.map((curve) => valueAt(curve, (x - lo) / (hi - lo)));
    const px = toX(box, x);
    pen.strokeStyle = this.colours.muted;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(Math.round(px) + 0.5, box.top);
    pen.lineTo(Math.round(px) + 0.5, box.top + box.height);
    pen.stroke();
    values.forEach((value, k) => {
      if (!(value >= box.y[0] && value <= box.y[1])) return;
      markerPath(pen, "circle", px, toY(box, value), 4);
      pen.fillStyle = this.curveColour(k);
      pen.strokeStyle = this.colours.background;
      pen.lineWidth = 1.5;
      pen.fill();
      pen.stroke();
    });
    const y = Number.isFinite(values[0]) ? toY(box, values[0]) : box.top;
    const lines = [
      `${this.names[0]} ${fixed(x, digitsFor(hi - lo))}`,
      this.say("live.output_probe_value", { value: values.map((v) => fixed(v)).join(", ") }),
    ];
    this.readout.show(px, y, ...lines.map((line) => make("div", {}, line)));
    if (this.byKey) this.spoken.say(lines.join(", "));
  }

  showLegend() {
    const { colours, sceneNow, say } = this;
    if (!colours || !sceneNow) return;
    const line = make("span", {
      class: "output-line",
      style: { borderTop: `2.5px solid ${colours.positive}` },
    });
    const items = [
      make("li", {}, line, say("live.output_network_curve")),
      make("li", {}, markerIcon(trainStyle(colours)), say("live.output_training_points")),
    ];
    if (this.showsTest) {
      items.push(make("li", {}, markerIcon(testStyle(colours)), say("live.output_test_squares")));
    }
    this.legend.replaceChildren(...items);
  }

  listen() {
    const { canvas } = this;
    const at = (value, byKey = false) => {
      this.pointer = value;
      this.byKey = byKey;
      this.draw();
    };
    const follow = (event) => {
      if (!this.box) return;
      const value = fromX(this.box, event.clientX - canvas.getBoundingClientRect().left);
      at(value >= this.x[0] && value <= this.x[1] ? value : null);
    };
    canvas.addEventListener("pointermove", follow);
    canvas.addEventListener("pointerdown", follow);
    canvas.addEventListener("pointerleave", () => at(null));
    canvas.addEventListener("blur", () => at(null));
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") at(null);
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const [lo, hi] = this.x;
      const step = ((hi - lo) / (event.shiftKey ? 10 : 60)) * move;
      at(Math.min(hi, Math.max(lo, (this.pointer ?? (lo + hi) / 2) + step)), true);
    });
  }

  destroy() {
    this.describe.cancel();
    this.spoken.destroy();
  }
}

const trainStyle = (colours) => ({
  colour: NEGATIVE,
  marker: "circle",
  edge: colours.background,
  size: 3,
});
const testStyle = (colours) => ({
  colour: colours.background,
  marker: "square",
  edge: colours.muted,
  size: 2.2,
});

function tracePath(pen, box, values) {
  const [lo, hi] = box.x;
  pen.beginPath();
  let drawing = false;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      drawing = false;
      continue;
    }
    const x = toX(box, lo + ((hi - lo) * i) / (values.length - 1));
    // Far outside the picture a line's exact height no longer matters, but the canvas may choke.
    const y = Math.max(-1e4, Math.min(1e4, toY(box, values[i])));
    if (drawing) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    drawing = true;
  }
}

/** Value at a share (0..1) of the way along, between samples by a straight line. */
function valueAt(values, share) {
  const place = Math.max(0, Math.min(1, share)) * (values.length - 1);
  const i = Math.min(values.length - 2, Math.floor(place));
  return values[i] + (values[i + 1] - values[i]) * (place - i);
}

/** A neuron's curve arrives with its value range mapped to -1..1. */
const unscaled = (values, [lo, hi]) => values.map((value) => lo + ((value + 1) / 2) * (hi - lo));

/** At least -1..1, so that the axis stands still while a neuron learns. */
function neuronRange(values) {
  const finite = values.filter((value) => Number.isFinite(value));
  return [Math.floor(Math.min(-1, ...finite)), Math.ceil(Math.max(1, ...finite))];
}

const padded = ([lo, hi]) => {
  const margin = Math.max(0.05, (hi - lo) * 0.06);
  return [lo - margin, hi + margin];
};
