// Paper to draw on with mouse, pen or finger. A drawing is strokes, each a pen's width and points
// from 0 to 1; the page hears of it whenever the pen is lifted.

import { readTheme } from "./colours.js";
import { make, setText } from "./dom.js";

const SIDE = 560; // pixels of the canvas, which is shown at half of them
const PEN = 0.085; // width of the usual pen, of the paper's side
const NEAREST = 0.006; // points nearer than this to the last one say nothing new
const MOST_STROKES = 100;
const boards = new WeakMap();
/** Drawings by key: they outlive a component that Streamlit takes away and mounts anew. */
const drawings = new Map();

/** The paper of one mounted component. */
class Board {
  constructor(root, { key }) {
    if (!drawings.has(key)) drawings.set(key, { strokes: [], width: 1 });
    this.drawing = drawings.get(key);
    this.canvas = make("canvas", { width: SIDE, height: SIDE, role: "img" });
    this.pen = this.canvas.getContext("2d");
    const width = this.drawing.width;
    this.brush = make("input", { type: "range", min: 0.5, max: 2, step: 0.25, value: width });
    this.brush.addEventListener("input", () => {
      this.drawing.width = Number(this.brush.value);
    });
    this.clear = make("button", { type: "button", on: { click: () => this.#clear() } });
    this.label = make("span");
    const tools = make("div", { class: "tools" },
      make("label", {}, this.label, this.brush), this.clear);
    const href = new URL("canvas.css", import.meta.url).href;
    root.append(make("link", { rel: "stylesheet", href }), this.canvas, tools);
    this.#listen();
  }

  #listen() {
    const on = (name, listener) => this.canvas.addEventListener(name, listener);
    on("pointerdown", (event) => this.#begin(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#end(event));
    on("pointercancel", (event) => this.#end(event));
  }

  /** Take over words, theme and the way to tell the page; draw. */
  update({ data, setStateValue }) {
    const isNew = !this.data;
    this.data = data;
    this.tell = setStateValue;
    this.canvas.setAttribute("aria-label", data.text.label);
    setText(this.label, data.text.brush);
    setText(this.clear, data.text.clear);
    this.theme = readTheme(this.canvas);
    this.#draw();
    if (isNew && this.drawing.strokes.length) this.#send(); // the page forgot it meanwhile
  }

  #begin(event) {
    if (this.pointer !== undefined || event.button > 0) return;
    if (this.#count() >= this.data.most || this.drawing.strokes.length >= MOST_STROKES) return;
    event.preventDefault();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing.strokes.push({ width: this.drawing.width, points: this.#place(event) });
    this.#draw();
  }

  #move(event) {
    if (event.pointerId !== this.pointer) return;
    const { points } = this.drawing.strokes.at(-1);
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = this.#place(each);
      const [lastX, lastY] = points.slice(-2);
      const isNear = Math.hypot(x - lastX, y - lastY) < NEAREST;
      if (!isNear && this.#count() < this.data.most) points.push(x, y);
    }
    this.#draw();
  }

  #end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.#send();
  }

  #clear() {
    this.drawing.strokes = [];
    this.pointer = undefined;
    this.#draw();
    this.#send();
  }

  #count() {
    return this.drawing.strokes.reduce((sum, { points }) => sum + points.length / 2, 0);
  }

  /** A pointer's place on the paper, three decimals, 0 to 1. */
  #place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const share = (value, size) => Math.round(Math.min(1, Math.max(0, value / size)) * 1000) / 1000;
    return [share(clientX - box.left, box.width), share(clientY - box.top, box.height)];
  }

  #send() {
    this.tell("drawing", { strokes: structuredClone(this.drawing.strokes) });
  }

  /** Ink on paper, in the greys that images of samples have in this theme. */
  #draw() {
    const { pen, theme } = this;
    pen.fillStyle = theme.dark ? "#141414" : "#fafafa";
    pen.fillRect(0, 0, SIDE, SIDE);
    pen.strokeStyle = theme.dark ? "#fafafa" : "#141414";
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const { width, points } of this.drawing.strokes) {
      pen.lineWidth = width * PEN * SIDE;
      pen.beginPath();
      pen.moveTo(points[0] * SIDE, points[1] * SIDE);
      for (let i = 0; i < points.length; i += 2) pen.lineTo(points[i] * SIDE, points[i + 1] * SIDE);
      pen.stroke();
    }
  }
}

/** Mount or update; Streamlit calls this again at every change of data or theme. */
export default function mount(component) {
  const root = component.parentElement;
  if (!boards.has(root)) boards.set(root, new Board(root, component.data));
  boards.get(root).update(component);
}
