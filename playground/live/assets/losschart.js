// Training, test and maybe validation loss against steps: labelled axes, a log scale, values under the pointer.

import { drawAxes, fixed, fromX, powerTicks, sharpen, ticks, toX, toY } from "./axes.js";
import { make } from "./dom.js";
import { Readout, Spoken, mark, throttle } from "./readout.js";

const VALIDATION_COLOUR = "#009e73"; // as in the charts below the live view
const MARGIN = { left: 38, right: 8, top: 18, bottom: 20 };
const [STEP, TRAIN, TEST, VALIDATION] = [0, 1, 2, 3]; // columns; the last where there is the part

/** Dashes of the training and the validation line: told from the test line without colour. */
export const TRAIN_DASH = [4, 3];
export const VALIDATION_DASH = [1.5, 2.5];

/** The small chart beside the loss numbers. */
export class LossChart {
  constructor({ say }) {
    this.say = say;
    this.log = false;
    this.canvas = make("canvas", { class: "output-canvas", tabindex: 0, role: "img" });
    this.toggle = make("button", {
      type: "button",
      class: "output-button output-log",
      on: { click: () => this.switchLog() },
    });
    this.spoken = new Spoken();
    const parts = [this.canvas, this.toggle, this.spoken.element];
    this.element = make("div", { class: "output-losses" }, ...parts);
    this.readout = new Readout(this.element);
    this.describe = throttle((text) => mark(this.canvas, "aria-label", text), 3000);
    this.pointer = null;
    this.rows = new Float32Array();
    this.columns = 3;
    this.header = {};
    this.relabel();
    this.listen();
  }

  relabel() {
    this.toggle.textContent = this.say("live.output_log");
    this.toggle.title = this.say("live.output_log_help");
    mark(this.toggle, "aria-pressed", this.log);
  }

  theme(colours) {
    this.colours = colours;
  }

  resize(width, height) {
    this.size = { width, height };
  }

  frame(header, arrays) {
    this.rows = arrays.loss_curve ?? this.rows;
    this.columns = this.rows.shape?.[1] ?? 3;
    this.header = header;
    this.draw();
  }

  draw() {
    if (!this.size || !this.colours) return;
    const { width, height } = this.size;
    const pen = sharpen(this.canvas, width, height);
    pen.clearRect(0, 0, width, height);
    const box = this.scale();
    this.box = box;
    this.axes(pen, box);
    this.line(pen, box, TRAIN, this.colours.muted, TRAIN_DASH);
    if (this.hasValidation) this.line(pen, box, VALIDATION, VALIDATION_COLOUR, VALIDATION_DASH);
    this.line(pen, box, TEST, this.colours.text, []);
    this.drawPointer(pen, box);
    const { train_loss: train, test_loss: test, validation_loss: validation } = this.header;
    const key = this.hasValidation ? "live.output_losses_alt_validation" : "live.output_losses_alt";
    this.describe(this.say(key, {
      train: fixed(train), test: fixed(test), validation: fixed(validation),
    }));
  }

  get hasValidation() {
    return this.columns > VALIDATION;
  }

  /** The box with scales that hold every finite loss; a log scale leaves out zero and less. */
  scale() {
    const { rows, log, columns } = this;
    let [lo, hi] = [Infinity, -Infinity];
    for (let i = 0; i < rows.length; i++) {
      const value = rows[i];
      if (i % columns === STEP || !Number.isFinite(value) || (log && value <= 0)) continue;
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
    if (lo > hi) [lo, hi] = [log ? 0.1 : 0, 1];
    if (log) [lo, hi] = [10 ** Math.floor(Math.log10(lo)), 10 ** Math.ceil(Math.log10(hi * 1.001))];
    else [lo, hi] = [Math.min(0, lo), hi > 0 ? hi * 1.05 : 1];
    const first = rows.length ? rows[STEP] : 0;
    const last = rows.length ? rows[rows.length - columns] : 1;
    return {
      left: MARGIN.left,
      top: MARGIN.top,
      width: this.size.width - MARGIN.left - MARGIN.right,
      height: this.size.height - MARGIN.top - MARGIN.bottom,
      x: [first, Math.max(last, first + 10)],
      y: [lo, hi],
      log,
    };
  }

  axes(pen, box) {
    const { colours, say, log } = this;
    const yTicks = log ? powerTicks(...box.y) : ticks(...box.y, 3);
    const xTicks = ticks(...box.x, 3).filter((tick) => toX(box, tick) < box.left + box.width - 34);
    drawAxes(pen, box, { xTicks, yTicks, colours, grid: true });
    pen.fillStyle = colours.muted;
    pen.textBaseline = "top";
    pen.textAlign = "right";
    pen.fillText(say("live.output_axis_step"), box.left + box.width + 4, box.top + box.height + 6);
    pen.textAlign = "left";
    pen.fillText(say("live.output_axis_loss"), 2, 1);
  }

  line(pen, box, column, colour, dash) {
    const { rows, columns } = this;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    let drawing = false;
    for (let i = 0; i < rows.length; i += columns) {
      const value = rows[i + column];
      if (!Number.isFinite(value) || (box.log && value <= 0)) {
        drawing = false;
        continue;
      }
      const [x, y] = [toX(box, rows[i]), toY(box, value)];
      if (drawing) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      drawing = true;
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  drawPointer(pen, box) {
    if (this.pointer === null || !this.rows.length) return this.readout.hide();
    const row = this.nearest(fromX(box, this.pointer));
    const x = toX(box, this.rows[row]);
    pen.strokeStyle = this.colours.muted;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(Math.round(x) + 0.5, box.top);
    pen.lineTo(Math.round(x) + 0.5, box.top + box.height);
    pen.stroke();
    this.readout.show(x, box.top, ...this.reading(row));
    if (this.byKey) this.spoken.say(this.readout.text);
  }

  reading(row) {
    const { rows, say } = this;
    const values = {
      step: Math.round(rows[row + STEP]).toLocaleString("en-US"),
      train: fixed(rows[row + TRAIN], 4),
      test: fixed(rows[row + TEST], 4),
    };
    const keys = ["live.output_at_step", "live.output_at_train", "live.output_at_test"];
    if (this.hasValidation) {
      keys.push("live.output_at_validation");
      values.validation = fixed(rows[row + VALIDATION], 4);
    }
    return keys.map((key) => make("div", {}, say(key, values)));
  }

  /** Index of the first number of the row whose step is nearest (rows grow with the step). */
  nearest(step) {
    const { rows, columns } = this;
    let [low, high] = [0, rows.length / columns - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (rows[columns * middle] < step) low = middle;
      else high = middle;
    }
    return columns * (step - rows[columns * low] < rows[columns * high] - step ? low : high);
  }

  switchLog() {
    this.log = !this.log;
    this.relabel();
    this.draw();
  }

  listen() {
    const { canvas } = this;
    const at = (pixel, byKey = false) => {
      this.pointer = pixel;
      this.byKey = byKey;
      this.draw();
    };
    canvas.addEventListener("pointermove", (event) =>
      at(event.clientX - canvas.getBoundingClientRect().left));
    canvas.addEventListener("pointerleave", () => at(null));
    canvas.addEventListener("blur", () => at(null));
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") at(null);
      if (!move || !this.box) return;
      event.preventDefault();
      event.stopPropagation();
      const { left, width } = this.box;
      const from = this.pointer ?? left + width;
      at(Math.min(left + width, Math.max(left, from + (move * width) / 40)), true);
    });
  }

  destroy() {
    this.describe.cancel();
    this.spoken.destroy();
  }
}
