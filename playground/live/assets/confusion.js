// True classes against predicted ones, as counts.

import { sharpen } from "./axes.js";
import { shareColours } from "./colours.js";
import { make, setText } from "./dom.js";
import { Readout, Spoken, mark, throttle } from "./readout.js";

const SMALLEST_CELL = 16;
const LARGEST_CELL = 64;
const REFRESH = 300; // ms: nobody reads a table of numbers faster, and many are dear to draw

/** The confusion matrix: rows are true classes, columns predicted ones. */
export class Confusion {
  constructor({ say }) {
    this.say = say;
    this.canvas = make("canvas", { class: "output-canvas", tabindex: 0, role: "img" });
    this.holder = make("div", { class: "output-picture output-matrix" }, this.canvas);
    this.readout = new Readout(this.holder);
    this.total = make("p", { class: "output-hint" });
    this.worst = make("ol", { class: "output-worst" });
    this.spoken = new Spoken();
    this.scroller = make("div", { class: "output-scroll", tabindex: -1 }, this.holder);
    const parts = [this.total, this.scroller, this.worst, this.spoken.element];
    this.element = make("div", { class: "output-confusion" }, ...parts);
    this.describe = throttle((text) => mark(this.canvas, "aria-label", text), 3000);
    this.update = throttle(() => this.draw(), REFRESH);
    this.listen();
  }

  scene(scene) {
    this.names = (scene.classes ?? []).map(String);
  }

  data() {}

  theme(colours) {
    this.colours = colours;
  }

  resize(width) {
    this.width = width;
  }

  frame(header, arrays) {
    this.newest = arrays.confusion ?? this.newest;
    this.update();
  }

  /** Matrix and sentences, of the same counts. */
  draw() {
    if (!this.newest || !this.colours || !this.width) return;
    this.counts = this.newest;
    const size = this.counts.shape[0];
    this.layout(size);
    const { left, top, cell } = this;
    const [width, height] = [left + size * cell + 2, top + size * cell + 2];
    const pen = sharpen(this.canvas, width, height);
    pen.clearRect(0, 0, width, height);
    this.drawNames(pen, size);
    for (let row = 0; row < size; row++) this.drawRow(pen, row, size);
    pen.strokeStyle = this.colours.border;
    pen.strokeRect(left - 0.5, top - 0.5, size * cell + 1, size * cell + 1);
    this.drawChosen(pen);
    this.writeSummary();
  }

  /** Room for the class names, then the largest cell that fits the panel. */
  layout(size) {
    const pen = this.canvas.getContext("2d");
    pen.font = `11px ${this.colours.font}`;
    const longest = Math.max(...this.labels(size).map((name) => pen.measureText(name).width));
    this.left = 22 + Math.min(90, longest) + 6;
    const room = (this.width - this.left - 4) / size;
    this.cell = Math.floor(Math.min(LARGEST_CELL, Math.max(SMALLEST_CELL, room)));
    this.turned = longest > this.cell - 4;
    this.top = 22 + (this.turned ? Math.min(70, longest) : 12) + 4;
  }

  labels(size) {
    return Array.from({ length: size }, (_, k) => this.names[k] ?? String(k));
  }

  drawNames(pen, size) {
    const { left, top, cell, colours, say } = this;
    pen.font = `11px ${colours.font}`;
    pen.fillStyle = colours.muted;
    this.labels(size).forEach((name, k) => {
      const middle = (k + 0.5) * cell;
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(name, left - 6, top + middle, 90);
      pen.save();
      pen.translate(left + middle, top - 5);
      if (this.turned) pen.rotate(-Math.PI / 2);
      pen.textAlign = this.turned ? "left" : "center";
      pen.textBaseline = this.turned ? "middle" : "bottom";
      pen.fillText(name, 0, 0, 70);
      pen.restore();
    });
    pen.font = `12px ${colours.font}`;
    pen.fillStyle = colours.text;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    pen.fillText(say("live.output_predicted"), left + (size * cell) / 2, 2);
    pen.save();
    pen.translate(2, top + (size * cell) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(say("live.output_true"), 0, 0);
    pen.restore();
  }

  drawRow(pen, row, size) {
    const { counts, left, top, cell, colours } = this;
    let total = 0;
    for (let k = 0; k < size; k++) total += counts[row * size + k];
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let column = 0; column < size; column++) {
      const count = counts[row * size + column];
      const share = total ? count / total : 0;
      const [x, y] = [left + column * cell, top + row * cell];
      const right = row === column;
      const { fill, ink } = shareColours(share, colours.dark);
      pen.fillStyle = fill;
      pen.fillRect(x, y, cell, cell);
      pen.strokeStyle = colours.background;
      pen.lineWidth = 1;
      pen.strokeRect(x + 0.5, y + 0.5, cell, cell);
      if (!count && !right) continue;
      const text = String(count);
      const font = Math.min(13, cell * 0.62, (cell - 2) / (text.length * 0.58));
      pen.font = `${right ? 600 : 400} ${font}px ${colours.font}`;
      pen.fillStyle = ink;
      pen.fillText(text, x + cell / 2 + 0.5, y + cell / 2 + 1);
    }
  }

  drawChosen(pen) {
    if (!this.chosen) return this.readout.hide();
    const [row, column] = this.chosen;
    const { left, top, cell } = this;
    const [x, y] = [left + column * cell, top + row * cell];
    pen.strokeStyle = this.colours.text;
    pen.lineWidth = 2;
    pen.strokeRect(x, y, cell + 1, cell + 1);
    const text = this.sentence(row, column);
    this.readout.show(x + cell, y + cell / 2, make("div", {}, text));
    if (this.byKey) this.spoken.say(text);
  }

  sentence(row, column) {
    const size = this.counts.shape[0];
    const names = this.labels(size);
    const line = this.counts.slice(row * size, (row + 1) * size);
    const total = line.reduce((sum, count) => sum + count, 0);
    const values = {
      true: names[row],
      predicted: names[column],
      count: line[column],
      total,
      percent: total ? Math.round((100 * line[column]) / total) : 0,
    };
    return row === column
      ? this.say("live.output_cell_right", values)
      : this.say("live.output_cell_wrong", values);
  }

  /** In words: how many are right, and the three commonest confusions. */
  writeSummary() {
    const size = this.counts.shape[0];
    let [right, total] = [0, 0];
    const wrong = [];
    this.counts.forEach((count, i) => {
      const [row, column] = [Math.floor(i / size), i % size];
      total += count;
      if (row === column) right += count;
      else if (count) wrong.push([count, row, column]);
    });
    wrong.sort((a, b) => b[0] - a[0]);
    setText(this.total, this.say("live.output_right_of", { right, total }));
    const sentences = wrong.slice(0, 3).map(([, row, column]) => this.sentence(row, column));
    while (this.worst.children.length < 3) this.worst.append(make("li"));
    [...this.worst.children].forEach((item, i) => {
      item.hidden = i >= sentences.length;
      setText(item, sentences[i] ?? "");
    });
    const title = this.say("live.output_confusion_alt", { right, total });
    this.describe([title, ...sentences].join(" "));
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => {
      const { left, top } = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - left - this.left) / this.cell);
      const row = Math.floor((event.clientY - top - this.top) / this.cell);
      const size = this.counts?.shape[0] ?? 0;
      this.choose(row >= 0 && column >= 0 && row < size && column < size ? [row, column] : null);
    });
    canvas.addEventListener("pointerleave", () => this.choose(null));
    canvas.addEventListener("blur", () => this.choose(null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (event.key === "Escape") this.choose(null);
    const move = moves[event.key];
    if (!move || !this.counts) return;
    event.preventDefault();
    event.stopPropagation();
    const last = this.counts.shape[0] - 1;
    const next = this.chosen
      ? this.chosen.map((at, i) => Math.min(last, Math.max(0, at + move[i])))
      : [0, 0];
    this.choose(next, true);
  }

  choose(cell, byKey = false) {
    if (!cell && !this.chosen) return;
    this.chosen = cell;
    this.byKey = byKey;
    this.draw();
    if (byKey) this.reveal();
  }

  /** Scroll the chosen cell into the visible part. */
  reveal() {
    const { scroller, cell } = this;
    const edge = this.left + this.chosen[1] * cell;
    const hidden = edge + cell > scroller.scrollLeft + scroller.clientWidth;
    if (hidden) scroller.scrollLeft = edge + 2 * cell - scroller.clientWidth;
    else scroller.scrollLeft = Math.min(scroller.scrollLeft, edge - this.left);
  }

  destroy() {
    for (const throttled of [this.update, this.describe, this.spoken.say]) throttled.cancel();
  }
}
