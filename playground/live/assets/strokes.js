// Strokes under way, in the data's coordinates: where the pointer went, and what it leaves there.
// Each has `to(x, y)`, `hides(x, y)` for the points that it takes away, `paint(pen, box, look)`,
// and `message()`: what the page is told when the pen is lifted, null if that is nothing.

import { toX, toY } from "./axes.js";
import { markerPath } from "./markers.js";

const MOST = 400; // points of one stroke
const FINEST = 0.3; // units between two touches of the finest brush
const SKETCH_STEP = 0.1; // units of x between two points of a curve

const rounded = (value) => Math.round(value * 1000) / 1000;
const flat = (points) => points.flatMap((point) => point.map(rounded));

/** Calls `touch` at even distances along the pointer's way, first where it begins. */
class Way {
  constructor(spacing, touch) {
    this.spacing = spacing;
    this.touch = touch;
    this.last = null;
  }

  to(x, y) {
    if (!this.last) this.#at([x, y]);
    const [x0, y0] = this.last;
    const length = Math.hypot(x - x0, y - y0);
    for (let k = 1; k * this.spacing <= length; k++) {
      const share = (k * this.spacing) / length;
      this.#at([x0 + share * (x - x0), y0 + share * (y - y0)]);
    }
  }

  #at(point) {
    this.last = point;
    this.touch(...point);
  }
}

/** Points of one class, scattered over the brush's disc. */
export class Spray {
  /** @param {{number: number, radius: number, count: number}} brush count: points of a touch */
  constructor({ number, radius, count }, [low, high]) {
    this.number = number;
    this.points = [];
    const within = (value) => value >= low && value <= high;
    const touch = (x, y) => {
      for (let k = 0; k < (radius ? count : 1) && this.points.length < MOST; k++) {
        const [reach, angle] = [radius * Math.sqrt(Math.random()), 2 * Math.PI * Math.random()];
        const point = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
        if (point.every(within)) this.points.push(point);
      }
    };
    this.way = new Way(Math.max(FINEST, radius), touch);
  }

  to(x, y) {
    this.way.to(x, y);
  }

  hides() {
    return false;
  }

  paint(pen, box, { styles, size }) {
    const { colour, marker } = styles[this.number];
    pen.fillStyle = colour;
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1;
    for (const [x, y] of this.points) {
      markerPath(pen, marker, toX(box, x), toY(box, y), size);
      pen.fill();
      pen.stroke();
    }
  }

  message() {
    const { number, points } = this;
    return points.length ? { do: "draw", number, points: flat(points) } : null;
  }
}

/** Takes away what lies within the brush's disc; of a curve, what lies within its width. */
export class Eraser {
  constructor({ radius, isCurve }) {
    Object.assign(this, { radius, isCurve, path: [] });
    this.way = new Way(radius / 2, (x, y) => {
      if (this.path.length < MOST) this.path.push([x, y]);
    });
  }

  to(x, y) {
    this.way.to(x, y);
  }

  hides(x, y) {
    const { radius, isCurve } = this;
    return this.path.some(([a, b]) => Math.hypot(x - a, isCurve ? 0 : y - b) <= radius);
  }

  paint() {}

  message() {
    return { do: "erase", radius: rounded(this.radius), points: flat(this.path) };
  }
}

/** A curve: one value for each x that the pointer passed, the newest where it passed twice. */
export class Sketch {
  constructor() {
    this.values = new Map(); // by number of the step
    this.range = [Infinity, -Infinity]; // of those numbers
    this.last = null;
  }

  to(x, y) {
    const [from, to] = [this.last ?? [x, y], [x, y]].sort((a, b) => a[0] - b[0]);
    const first = Math.ceil(from[0] / SKETCH_STEP - 1e-9);
    for (let step = first; step * SKETCH_STEP <= to[0] + 1e-9; step++) {
      const share = to[0] > from[0] ? (step * SKETCH_STEP - from[0]) / (to[0] - from[0]) : 1;
      this.values.set(step, from[1] + share * (to[1] - from[1]));
      this.range = [Math.min(this.range[0], step), Math.max(this.range[1], step)];
    }
    this.last = [x, y];
  }

  /** The step that a touch leaves its value at if it passes none. */
  get nearest() {
    return Math.round(this.last[0] / SKETCH_STEP);
  }

  get points() {
    if (!this.values.size && this.last) return [[this.nearest * SKETCH_STEP, this.last[1]]];
    const steps = [...this.values.keys()].sort((a, b) => a - b);
    return steps.map((step) => [step * SKETCH_STEP, this.values.get(step)]);
  }

  hides(x) {
    const isTouch = !this.values.size && this.last;
    const range = isTouch ? [this.nearest, this.nearest] : this.range;
    const [first, last] = range.map((step) => step * SKETCH_STEP);
    return x >= first - 1e-6 && x <= last + 1e-6;
  }

  paint(pen, box, { styles, size }) {
    pen.fillStyle = styles[0].colour;
    for (const [x, y] of this.points) {
      markerPath(pen, "circle", toX(box, x), toY(box, y), size);
      pen.fill();
    }
  }

  message() {
    const { points } = this;
    return points.length ? { do: "sketch", points: flat(points) } : null;
  }
}
