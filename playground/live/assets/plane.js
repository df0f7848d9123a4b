// The output over two inputs: a map, the data's points, axes, and a probe under the pointer.

import { PALE, Field, signedMap, traceBoundary } from "./field.js";
import { axisName, digitsFor, drawAxes, drawLabels, fixed, fromX, fromY, sharpen, ticks, toX, toY }
  from "./axes.js";
import { colourOf } from "./colours.js";
import { make } from "./dom.js";
import { Legend } from "./legend.js";
import { classStyle, markerIcon, markerPath } from "./markers.js";
import { pairText } from "./samples.js";
import { Readout, Spoken, mark, throttle } from "./readout.js";

const MARGIN = { left: 42, right: 10, top: 6, bottom: 38 };
const POINT = 3;
const PROBE_INTERVAL = 50;
const LARGEST = 420;

/** The plane view: heat map, boundary, points, colour bar, probe. */
export class Plane {
  /** @param {{say: Function, send: Function, pencil: object}} panel */
  constructor({ say, send, pencil }) {
    this.say = say;
    this.pencil = pencil;
    this.field = new Field();
    this.overlay = document.createElement("canvas");
    this.canvas = make("canvas", { class: "output-canvas", tabindex: 0, role: "img" });
    this.spoken = new Spoken();
    this.holder = make("div", { class: "output-picture" }, this.canvas, this.spoken.element);
    this.readout = new Readout(this.holder);
    this.legend = new Legend(say);
    this.element = make("div", { class: "output-plane" }, this.holder, this.legend.element);
    this.send = throttle((point) => send({ probe: point }), PROBE_INTERVAL);
    this.describe = throttle((text) => mark(this.canvas, "aria-label", text), 3000);
    this.probe = null;
    pencil.attach(this);
    this.listen();
  }

  /** Whether the test data are shown: as chosen, and always while one draws. */
  get showsTest() {
    return this.sceneNow.show_test || this.pencil.isOn;
  }

  scene(scene) {
    this.sceneNow = scene;
    const [x0, x1, y0, y1] = scene.extent;
    this.extent = { x: [x0, x1], y: [y0, y1] };
    this.isRatings = scene.view === "ratings";
    this.names = this.isRatings
      ? [this.say("live.output_people"), this.say("live.output_films")]
      : [axisName(scene.x_label), axisName(scene.y_label)];
    // What came before may not fit this scene; the canvas keeps its picture until the next frame.
    [this.header, this.arrays] = [{}, {}];
    this.stale = true;
  }

  data(header, arrays) {
    this.points = arrays;
    this.stale = true;
  }

  theme(colours) {
    this.colours = colours;
    this.stale = true;
  }

  resize(width) {
    const size = Math.max(120, Math.min(width, LARGEST) - MARGIN.left - MARGIN.right);
    if (size === this.box?.width) return;
    this.box = { left: MARGIN.left, top: MARGIN.top, width: size, height: size };
    this.stale = true;
  }

  /** Draw a frame. */
  frame(header, arrays) {
    this.header = header;
    this.arrays = arrays;
    this.draw();
  }

  draw() {
    if (!this.box || !this.colours || !this.sceneNow || !this.arrays) return;
    Object.assign(this.box, this.extent);
    const width = this.box.left + this.box.width + MARGIN.right;
    const height = this.box.top + this.box.height + MARGIN.bottom;
    const pen = sharpen(this.canvas, width, height);
    pen.clearRect(0, 0, width, height);
    const painted = this.paint();
    if (this.picture) {
      this.drawPicture(pen);
    } else {
      if (painted) this.drawField(pen);
      if (this.stale) this.drawOverlay(width, height);
      pen.drawImage(this.overlay, 0, 0, width, height);
      this.pencil.paint(pen, this.box);
      this.drawProbe(pen);
    }
    this.showLegend();
    this.describe(this.description());
  }

  /** What is to be said below the picture, or an empty text. */
  get remark() {
    return this.field.hasNaN ? this.say("live.output_not_finite") : "";
  }

  /** Colour what is to be shown: the hovered neuron, the output, or the classes. */
  paint() {
    const { classes, confidence, big } = this.arrays;
    const { discretize, n_outputs } = this.sceneNow;
    const output = n_outputs === 2 && classes ? signedMap(classes, confidence) : this.arrays.output;
    this.hovered = this.header.hover && big?.shape.length === 2 ? this.header.hover : null;
    const options = { discretize, pale: PALE };
    this.boundary = this.hovered || this.sceneNow.task !== "classification" ? null : output;
    this.picture = this.hovered ? this.weightPicture(this.hovered) : null;
    if (this.picture) this.field.paintValues(this.picture, { pale: 0 });
    else if (this.hovered) this.field.paintValues(big, { discretize, pale: 0.15 });
    else if (output) this.field.paintValues(output, options);
    else if (classes) this.field.paintClasses(classes, confidence, n_outputs, options);
    else return false;
    return true;
  }

  /** A first-layer neuron over images is looked at through its weights, as in the diagram. */
  weightPicture({ layer, unit }) {
    const images = this.arrays.weight_images;
    const row = unit - (this.sceneNow.columns[1]?.start ?? 0);
    if (layer !== 0 || !images || row < 0 || row >= images.shape[0]) return null;
    const shape = images.shape.slice(1);
    const size = shape[0] * shape[1];
    return Object.assign(images.subarray(row * size, (row + 1) * size), { shape });
  }

  drawPicture(pen) {
    const { left, top, width, height } = this.box;
    const { canvas } = this.field;
    const scale = Math.min(width / canvas.width, height / canvas.height);
    const [w, h] = [canvas.width * scale, canvas.height * scale];
    pen.imageSmoothingEnabled = false;
    pen.drawImage(canvas, left + (width - w) / 2, top + (height - h) / 2, w, h);
    pen.imageSmoothingEnabled = true;
  }

  drawField(pen) {
    const { left, top, width, height } = this.box;
    const { canvas } = this.field;
    // Cell centres lie on the edges of the extent, so half a cell of the map hangs over each.
    const [dx, dy] = [width / (canvas.width - 1), height / (canvas.height - 1)];
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    pen.imageSmoothingEnabled = !this.isRatings; // between two people is nobody
    pen.drawImage(canvas, left - dx / 2, top - dy / 2, width + dx, height + dy);
    if (this.boundary) {
      pen.beginPath();
      traceBoundary(pen, this.boundary, { x: left, y: top, dx, dy });
      pen.strokeStyle = "rgba(30, 36, 44, 0.55)";
      pen.lineWidth = 1.25;
      pen.stroke();
    }
    pen.restore();
  }

  /** Points and axes change with data, theme and size only: drawn once, stamped on each frame. */
  drawOverlay(width, height) {
    this.stale = false;
    const pen = sharpen(this.overlay, width, height);
    pen.clearRect(0, 0, width, height);
    const { box, colours } = this;
    const wanted = box.width > 200 ? 7 : 4;
    const axes = { xTicks: ticks(...box.x, wanted), yTicks: ticks(...box.y, wanted), colours };
    const labels = { xLabel: this.names[0], yLabel: this.names[1], colours };
    if (this.isRatings) {
      drawLabels(pen, box, { ...labels, bottom: 8, left: 10 }); // places have no numbers
    } else {
      drawAxes(pen, box, axes);
      drawLabels(pen, box, labels);
    }
    pen.strokeStyle = colours.border;
    pen.strokeRect(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1);
    const { train_points, train_y, test_points, test_y } = this.points ?? {};
    if (train_points) this.drawPoints(pen, train_points, train_y, "#ffffff");
    if (test_points && this.showsTest) this.drawPoints(pen, test_points, test_y, "#111111");
  }

  drawPoints(pen, points, labels, edge) {
    const { box, sceneNow } = this;
    const count = sceneNow.classes?.length ?? 0;
    const styles = Array.from({ length: count }, (_, k) => classStyle(k));
    const [lo, hi] = sceneNow.value_range ?? [-1, 1];
    for (let i = 0; i < points.shape[0]; i++) {
      if (this.pencil.hides(points[2 * i], points[2 * i + 1])) continue;
      const [x, y] = [toX(box, points[2 * i]), toY(box, points[2 * i + 1])];
      if (x < box.left || x > box.left + box.width || y < box.top || y > box.top + box.height) {
        continue;
      }
      const style = styles[Math.round(labels[i])];
      const scaled = (2 * (labels[i] - lo)) / (hi - lo) - 1;
      const { colour, marker } = style ?? { colour: colourOf(scaled), marker: "circle" };
      markerPath(pen, marker, x, y, POINT);
      // A thin shadow keeps white-edged points in sight where plane and point are both pale.
      pen.lineWidth = 2;
      pen.strokeStyle = "rgba(40, 50, 60, 0.3)";
      pen.stroke();
      pen.lineWidth = 1;
      pen.strokeStyle = edge;
      pen.fillStyle = colour;
      pen.fill();
      pen.stroke();
    }
  }

  showLegend() {
    const { sceneNow, hovered, say } = this;
    const { classes = [], n_outputs, discretize, unit_range } = sceneNow;
    const regression = sceneNow.task === "regression";
    const shown = { classes, test: this.showsTest, bar: null, note: null };
    if (this.picture) {
      const bar = { range: [-1, 1], caption: say("live.output_bar_weights"), discretize: false };
      return this.legend.show({ classes: [], test: false, bar });
    }
    if (hovered) {
      const range = hovered.value_range ?? [-1, 1];
      shown.bar = { range, caption: say("live.output_bar_neuron"), discretize };
    } else if (regression) {
      const caption = say(this.isRatings ? "live.output_bar_stars" : "live.output_bar_value");
      shown.bar = { range: unit_range, caption, discretize };
    } else if (n_outputs === 1) {
      const values = { class: classes[1] ?? 1 };
      const isProbability = sceneNow.columns.at(-1).activation === "sigmoid";
      const caption = isProbability
        ? say("live.output_bar_probability", values)
        : say("live.output_bar_score", values);
      shown.bar = { range: unit_range, caption, discretize };
    } else if (!discretize) {
      shown.note = say("live.output_paler");
    }
    const slice = this.isRatings ? "live.output_ratings" : "live.output_slice";
    shown.slice = sceneNow.view === "plane" ? null : say(slice);
    this.legend.show({ ...shown, classes: regression ? [] : classes });
  }

  description() {
    const [x, y] = this.names;
    const losses = { train: fixed(this.header.train_loss), test: fixed(this.header.test_loss) };
    return this.say("live.output_plane_alt", { x, y, ...losses });
  }

  listen() {
    const { canvas } = this;
    const at = (event) => {
      const { left, top } = canvas.getBoundingClientRect();
      this.move(event.clientX - left, event.clientY - top);
    };
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", () => this.leave());
    canvas.addEventListener("blur", () => this.leave());
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Put the probe at a pixel of the picture, or take it away outside the plane. */
  move(px, py) {
    const { box } = this;
    if (!box?.x) return;
    const inside = px >= box.left && px <= box.left + box.width
      && py >= box.top && py <= box.top + box.height;
    if (inside) this.place([fromX(box, px), fromY(box, py)]);
    else this.leave();
  }

  key(event) {
    const { box } = this;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === "Escape") this.leave();
    const move = moves[event.key];
    if (!move || !box?.x) return;
    event.preventDefault();
    // The page's own keys (right: step, left: step back) must not hear what moves the probe.
    event.stopPropagation();
    const step = event.shiftKey ? 1 / 10 : 1 / 60;
    const from = this.probe ?? [(box.x[0] + box.x[1]) / 2, (box.y[0] + box.y[1]) / 2];
    const moved = [box.x, box.y].map(([lo, hi], axis) =>
      Math.min(hi, Math.max(lo, from[axis] + move[axis] * step * (hi - lo))));
    this.byKey = true;
    this.place(moved);
  }

  place(point) {
    this.probe = point.map((value) => +value.toFixed(4));
    this.send(this.probe);
    this.draw();
  }

  leave() {
    if (!this.probe) return;
    this.probe = null;
    this.byKey = false;
    this.send(null);
    this.readout.hide();
    this.draw();
  }

  drawProbe(pen) {
    if (!this.probe) return;
    const { box } = this;
    const [x, y] = [toX(box, this.probe[0]), toY(box, this.probe[1])];
    for (const [colour, width] of [["rgba(255,255,255,0.9)", 3], ["#16202a", 1]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(x, y, 6, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 6 * dx, y + 6 * dy);
        pen.lineTo(x + 11 * dx, y + 11 * dy);
      }
      pen.stroke();
    }
    this.readout.show(x, y, ...this.reading());
    if (this.byKey) this.spoken.say(this.readout.text);
  }

  /** The probe's lines: coordinates, then the value or the likeliest classes. */
  reading() {
    const { box, sceneNow, say, header } = this;
    if (this.isRatings) return this.ratingReading();
    const [x, y] = this.probe.map((value, axis) =>
      fixed(value, digitsFor(box[axis ? "y" : "x"][1] - box[axis ? "y" : "x"][0])));
    const where = `${this.names[0]} ${x}, ${this.names[1]} ${y}`;
    const lines = [make("div", { class: "output-where" }, where)];
    const outputs = header.probe?.outputs;
    if (!outputs) return lines;
    const classes = sceneNow.classes ?? [];
    if (outputs.length > 1 && classes.length === outputs.length) {
      return [...lines, ...likeliest(outputs, classes)];
    }
    const text = say("live.output_probe_value", { value: outputs.map((o) => fixed(o)).join(", ") });
    lines.push(make("div", {}, text));
    if (classes.length) lines.push(this.verdict(header.probe.class, classes));
    return lines;
  }

  /** Who and what is under the probe, once the server has said so. */
  ratingReading() {
    const { pair, stars } = this.header.probe ?? {};
    if (!pair) return [];
    return [
      make("div", { class: "output-where output-pair" }, pairText(this.say, pair)),
      make("div", {}, this.say("live.output_stars", { stars: fixed(stars, 2) })),
    ];
  }

  verdict(name, classes) {
    const k = classes.map(String).indexOf(String(name));
    const icon = k < 0 ? null : markerIcon(classStyle(k));
    return make("div", {}, icon, this.say("live.output_probe_class", { class: name }));
  }

  destroy() {
    for (const throttled of [this.send, this.describe, this.spoken.say]) throttled.cancel();
  }
}

/** Rows of the likeliest classes, at most four, with their probabilities. */
function likeliest(outputs, classes) {
  const order = outputs.map((_, k) => k).sort((a, b) => outputs[b] - outputs[a]);
  return order.slice(0, 4).map((k) =>
    make(
      "div",
      { class: "output-likely" },
      markerIcon(classStyle(k)),
      make("span", {}, String(classes[k])),
      make("span", { class: "output-share" }, fixed(outputs[k])),
    ));
}
