// Drawing on the output: a button that begins it, the tools, and what the pointer does meanwhile.

import { fromX, fromY, toX, toY } from "./axes.js";
import { NEGATIVE } from "./colours.js";
import { make, setText } from "./dom.js";
import { classStyle, markerIcon } from "./markers.js";
import { mark } from "./readout.js";
import { Eraser, Sketch, Spray } from "./strokes.js";

const MOST_CLASSES = 8;
const LEAST_ERASER = 0.35; // units
const SIZE = 3; // of a mark, as the views draw theirs

/**
 * The pencil of one output panel. A view that can be drawn on is attached: it has `holder`,
 * `canvas`, `box`, `leave()` and `draw()`, asks `hides` of each point, and has `paint` called last.
 */
export class Pencil {
  /**
   * @param {{say: Function, act: (action: object) => number, turned: (isOn: boolean) => void}}
   *   services `act` tells the page, and returns the number that `done` is later called with
   */
  constructor({ say, act, turned }) {
    Object.assign(this, { say, act, turned });
    this.isOn = this.erases = this.startsEmpty = false;
    this.brush = { number: 0, radius: 0, count: 4 };
    this.classes = 2;
    this.isNew = false; // whether the brush has a class that nothing was drawn of yet
    this.sent = []; // strokes that the page has not taken over yet
    this.stroke = this.place = null;
    this.#build();
  }

  #build() {
    const { say } = this;
    const button = (name, click, more = {}) =>
      make("button", { type: "button", class: "output-button", on: { click }, ...more }, say(name));
    this.toggle = button("live.draw", () => this.turn(!this.isOn), { title: say("live.draw_help") });
    this.swatches = make("div", {
      class: "pencil-classes", role: "radiogroup", "aria-label": say("live.draw_class"),
    });
    this.swatches.addEventListener("keydown", (event) => this.#swatchKey(event));
    this.more = button("live.draw_new_class", () => this.#chooseNew(), {
      title: say("live.draw_new_class"), "aria-label": say("live.draw_new_class"),
    });
    setText(this.more, "+");
    this.choice = make("div", { class: "pencil-row" }, this.swatches, this.more);
    this.eraser = button("live.draw_erase", () => this.#flip("erases"));
    this.empty = button("live.draw_empty", () => this.#flip("startsEmpty"), {
      title: say("live.draw_empty_help"),
    });
    this.table = button("live.draw_table", () => this.act({ do: "edit_points" }), {
      title: say("live.draw_table_help"),
    });
    this.inputs = {};
    this.sizes = make("div", { class: "pencil-row" },
      this.#slider("live.draw_brush", "radius", { min: 0, max: 2, step: 0.25 }),
      this.#slider("live.draw_count", "count", { min: 1, max: 12, step: 1 }));
    this.count = make("span", { class: "pencil-count", role: "status", hidden: true });
    this.hint = make("p", { class: "output-hint" });
    const buttons = make("div", { class: "pencil-row" }, this.eraser, this.empty, this.table);
    this.tools = make("div", { class: "pencil-tools", hidden: true },
      this.choice, this.sizes, buttons, this.hint);
    this.element = make("div", { class: "pencil", hidden: true },
      make("link", { rel: "stylesheet", href: new URL("pencil.css", import.meta.url).href }),
      this.tools);
  }

  #slider(name, field, range) {
    const input = make("input", { type: "range", ...range, value: this.brush[field] });
    const value = make("output", {}, String(this.brush[field]));
    input.addEventListener("input", () => {
      this.brush[field] = Number(input.value);
      setText(value, input.value);
      this.#show();
      this.view?.draw();
    });
    this.inputs[field] = input;
    return make("label", {}, make("span", {}, this.say(name)), input, value);
  }

  // -- what is drawn on --------------------------------------------------------------------------

  scene(scene) {
    const { drawing } = scene;
    this.kind = drawing?.kind ?? null;
    this.classes = Math.max(scene.classes?.length ?? 0, 2);
    const isKnown = this.brush.number < this.classes;
    if (!isKnown && !this.isNew) this.brush.number = 0;
    this.isNew &&= !isKnown;
    this.element.hidden = this.toggle.hidden = !this.kind;
    if (!this.kind) this.turn(false);
    const isCurve = this.kind === "curve";
    setText(this.toggle, this.say(isCurve ? "live.sketch" : "live.draw"));
    this.choice.hidden = this.sizes.hidden = isCurve;
    const { count, most } = drawing ?? {}; // no count of data that are no drawing yet
    setText(this.count, count == null ? "" : this.say("live.draw_points", { n: count, most }));
    this.#show();
  }

  attach(view) {
    this.view = view;
    const { holder } = view;
    const on = (name, act) => holder.addEventListener(name, (event) => {
      if (this.isOn && this.view === view) act(event);
    }, true); // before the view's own: a pointer that draws is no probe
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#drop(event));
    on("pointerleave", () => this.#point(null));
    on("contextmenu", (event) => event.preventDefault()); // a long touch
    on("keydown", (event) => this.#key(event));
  }

  turn(isOn) {
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    this.stroke = this.place = null;
    this.startsEmpty = false;
    if (this.isNew) this.#choose(0);
    this.view?.leave();
    this.#show();
    this.turned(isOn);
  }

  /** Everything up to a number is in the data by now. */
  done(number) {
    const before = this.sent.length;
    this.sent = this.sent.filter(({ n }) => n > number);
    if (this.sent.length === before) return;
    this.#show();
    this.#redraw();
  }

  // -- the tools ---------------------------------------------------------------------------------

  /** To erase and to start empty exclude each other. */
  #flip(name) {
    const isOn = !this[name];
    this.erases = this.startsEmpty = false;
    this[name] = isOn;
    this.#show();
    this.#redraw();
  }

  #choose(number) {
    this.brush.number = number;
    this.isNew = number >= this.classes;
    this.erases = false;
    this.#show();
  }

  #chooseNew() {
    this.#choose(this.total);
    this.swatches.lastElementChild.focus();
  }

  #show() {
    mark(this.toggle, "aria-pressed", this.isOn);
    mark(this.eraser, "aria-pressed", this.erases);
    mark(this.empty, "aria-pressed", this.startsEmpty);
    this.tools.hidden = this.count.hidden = !this.isOn;
    this.inputs.count.disabled = !this.brush.radius; // of the finest brush a touch is one point
    const isCurve = this.kind === "curve";
    const hint = this.startsEmpty ? "live.draw_hint_empty"
      : isCurve ? "live.sketch_hint" : this.total > 2 ? "live.draw_hint_next" : "live.draw_hint";
    setText(this.hint, this.say(hint));
    this.#showClasses();
  }

  /** How many classes there are, with those of the brush and of strokes under way. */
  get total() {
    const used = [this.brush, ...this.strokes].map(({ number = 0 }) => number + 1);
    return Math.max(this.classes, ...used);
  }

  #showClasses() {
    const focused = this.swatches.contains(this.swatches.getRootNode().activeElement);
    const swatches = Array.from({ length: this.total }, (_, k) => this.#swatch(k));
    this.more.hidden = this.total >= MOST_CLASSES || this.total > this.classes;
    this.swatches.replaceChildren(...swatches);
    if (focused) swatches[this.brush.number].focus();
  }

  #swatch(k) {
    const isChosen = k === this.brush.number;
    return make("button", {
      type: "button", class: "output-button", role: "radio", "aria-checked": String(isChosen),
      tabindex: isChosen ? 0 : -1, "aria-label": this.say("live.output_probe_class", { class: k }),
      on: { click: () => this.#choose(k) },
    }, markerIcon(classStyle(k)), String(k));
  }

  #swatchKey(event) {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    this.#choose((this.brush.number + move + this.total) % this.total);
  }

  // -- the pointer -------------------------------------------------------------------------------

  /** Shift is the other class, of several the next one; Alt erases. */
  #begun({ shiftKey, altKey }) {
    const { brush, total } = this;
    if (this.erases !== altKey) {
      return new Eraser({ radius: this.#eraserSize(), isCurve: this.kind === "curve" });
    }
    if (this.kind === "curve") return new Sketch();
    const number = shiftKey ? (brush.number + 1) % total : brush.number;
    return new Spray({ ...brush, number }, this.view.box.x);
  }

  #eraserSize() {
    return Math.max(this.brush.radius, LEAST_ERASER);
  }

  #down(event) {
    const place = this.#placeOf(event);
    if (this.stroke || event.button > 0 || !place) return;
    event.preventDefault();
    event.stopPropagation();
    this.view.canvas.focus({ preventScroll: true });
    this.view.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.stroke = this.#begun(event);
    this.#follow(place, event);
  }

  #move(event) {
    event.stopPropagation();
    if (this.stroke && event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of this.stroke && events.length ? events : [event]) {
      this.#follow(this.#placeOf(each, Boolean(this.stroke)), event);
    }
  }

  #follow(place, modifiers) {
    if (this.stroke && place) this.stroke.to(...place);
    this.#point(place, modifiers);
  }

  #point(place, { shiftKey = false, altKey = false } = {}) {
    if (!place && !this.place) return;
    this.place = place;
    this.held = { shiftKey, altKey };
    this.#redraw();
  }

  #up(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    event.stopPropagation();
    this.#finish(this.stroke);
  }

  #drop(event) {
    event.stopPropagation();
    this.stroke = null;
    this.#redraw();
  }

  #finish(stroke) {
    const isIdle = this.startsEmpty && stroke instanceof Eraser; // nothing is there to be erased
    const message = isIdle ? null : stroke.message();
    this.stroke = null;
    if (message) {
      if (this.startsEmpty) stroke.replaces = message.clear = true;
      this.startsEmpty = false;
      this.sent.push({ n: this.act(message), stroke });
      this.#show();
    }
    this.#redraw();
  }

  /** Enter draws where the probe stands, Delete erases there. */
  #key(event) {
    const { probe } = this.view;
    if (event.key === "Escape" && this.stroke) return this.#drop(event);
    const erases = event.key === "Delete" || event.key === "Backspace";
    if (!probe || !(erases || event.key === "Enter")) return undefined;
    event.preventDefault();
    event.stopPropagation();
    const stroke = this.#begun({ shiftKey: event.shiftKey, altKey: erases !== this.erases });
    stroke.to(...probe);
    return this.#finish(stroke);
  }

  /** A pointer's place in the data's coordinates; beyond the edge the nearest one, or none. */
  #placeOf({ clientX, clientY }, isClamped = false) {
    const { canvas, box } = this.view;
    if (!box?.x || !box.y) return null;
    const corner = canvas.getBoundingClientRect();
    const place = [fromX(box, clientX - corner.left), fromY(box, clientY - corner.top)];
    const inside = [box.x, box.y].map(([lo, hi], k) => Math.min(hi, Math.max(lo, place[k])));
    const isInside = inside.every((value, k) => Math.abs(value - place[k]) < 1e-9);
    return isInside || isClamped ? inside : null;
  }

  // -- what is seen ------------------------------------------------------------------------------

  get strokes() {
    return [...this.sent.map(({ stroke }) => stroke), ...(this.stroke ? [this.stroke] : [])];
  }

  /** Whether a point of the data is on its way out. */
  hides(x, y) {
    if (this.startsEmpty) return true;
    return this.strokes.some((stroke) => stroke.replaces || stroke.hides(x, y));
  }

  /** The strokes that are not in the data yet, and the brush. */
  paint(pen, box) {
    const isCurve = this.kind === "curve";
    const styles = isCurve ? [{ colour: NEGATIVE, marker: "circle" }]
      : Array.from({ length: this.total }, (_, k) => classStyle(k));
    for (const stroke of this.strokes) stroke.paint(pen, box, { styles, size: SIZE });
    if (this.isOn && this.place) this.#paintBrush(pen, box, styles);
  }

  #paintBrush(pen, box, styles) {
    const erases = this.stroke ? this.stroke instanceof Eraser : this.erases !== this.held.altKey;
    const { radius, number } = this.brush;
    const unit = box.width / (box.x[1] - box.x[0]);
    const other = this.held.shiftKey ? (number + 1) % this.total : number;
    const colour = erases ? "#16202a" : styles[this.stroke?.number ?? other]?.colour ?? NEGATIVE;
    const size = this.kind === "curve" && !erases ? 0 : erases ? this.#eraserSize() : radius;
    const [x, y] = [toX(box, this.place[0]), toY(box, this.place[1])];
    for (const [line, width] of [["rgba(255,255,255,0.9)", 3.5], [colour, 1.75]]) {
      pen.strokeStyle = line;
      pen.lineWidth = width;
      pen.setLineDash(erases ? [4, 3] : []);
      pen.beginPath();
      pen.arc(x, y, Math.max(4, size * unit), 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  #redraw() {
    if (!this.view) return;
    this.view.stale = true;
    this.view.draw();
  }
}
