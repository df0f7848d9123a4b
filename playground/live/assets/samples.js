// Test samples with what the network makes of them: pictures as tiles, table rows as rows.

import { fixed } from "./axes.js";
import { make, setText } from "./dom.js";
import { SampleDetail, drawSample } from "./sampledetail.js";
import { mark, throttle } from "./readout.js";

// Faster than this nobody reads; sorting moves things about and is calmer still.
const REFRESH = 150;
const RESORT = 1200;

/** The samples view: one chosen sample in detail above, all of them below. */
export class Samples {
  constructor({ say }) {
    this.say = say;
    this.wrongFirst = false;
    this.chosen = 0;
    this.items = [];
    this.order = "";
    this.sorter = make("button", {
      type: "button",
      class: "output-button",
      on: { click: () => this.toggleSort() },
    });
    this.count = make("span", { class: "output-hint" });
    this.detail = new SampleDetail(say);
    this.list = make("div", { class: "output-scroll output-list" });
    const bar = make("div", { class: "output-tools" }, this.sorter, this.count);
    this.element = make("div", { class: "output-samples" }, this.detail.element, bar, this.list);
    this.update = throttle(() => this.refresh(), REFRESH);
    this.sort = throttle(() => this.resort(), RESORT);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.pick(event));
    this.list.addEventListener("pointerover", (event) => this.pick(event));
  }

  scene(scene) {
    this.sceneNow = scene;
    this.outputs = null;
    this.names = (scene.classes ?? []).map(String);
    this.regression = scene.task === "regression";
    this.sorter.textContent = this.say("live.output_wrong_first");
    this.sorter.hidden = this.regression;
    mark(this.sorter, "aria-pressed", this.wrongFirst);
    this.detail.scene(scene);
    this.build();
  }

  data(header, arrays) {
    this.samples = arrays;
    this.texts = header.texts;
    this.pairs = header.pairs; // of ratings: who rated what
    this.cells = header.cells; // of a table: its columns, and a row of texts for each sample
    this.chosen = 0;
    this.build();
  }

  theme(colours) {
    this.colours = colours;
    this.detail.theme(colours);
    for (const item of this.items) this.drawPicture(item);
    this.refresh();
  }

  resize() {}

  frame(header, arrays) {
    this.outputs = arrays.probabilities ?? this.outputs;
    this.update();
  }

  draw() {
    this.refresh();
  }

  /** Make one tile or row a sample. Until its first frame a sample shows its true class only. */
  build() {
    if (!this.sceneNow || !this.samples) return;
    const { samples, sample_y } = this.samples;
    const count = sample_y?.shape[0] ?? 0;
    this.items = [];
    this.judged = null;
    for (let i = 0; i < count; i++) this.items.push(samples ? this.tile(i) : this.row(i));
    for (const item of this.items) this.drawPicture(item);
    const elements = this.items.map((item) => item.element);
    const kind = samples ? "div" : "tbody";
    this.holder = make(kind, { class: samples ? "output-tiles" : "output-rows" }, ...elements);
    const list = samples ? this.holder : make("table", {}, this.header(), this.holder);
    this.list.replaceChildren(list);
    this.order = this.items.map((_, i) => i).join();
    this.select(Math.min(this.chosen, count - 1));
    this.refresh();
  }

  tile(i) {
    const canvas = make("canvas", { class: "output-image", "aria-hidden": "true" });
    const [verdict, bar] = [make("span", { class: "output-verdict" }), make("span")];
    const holder = make("span", { class: "output-meter", "aria-hidden": "true" }, bar);
    const properties = { type: "button", class: "output-tile", tabindex: -1, data: { sample: i } };
    const element = make("button", properties, canvas, verdict, holder);
    return { i, element, canvas, verdict, bar };
  }

  row(i) {
    const { sample_y } = this.samples;
    const [verdict, predicted, bar] = [make("td"), make("td"), make("span")];
    const meter = make("span", { class: "output-meter", "aria-hidden": "true" }, bar);
    const share = make("div", { class: "output-sure" });
    const text = this.texts?.[i] ?? (this.pairs && pairText(this.say, this.pairs[i]));
    const values = text !== undefined
      ? [make("td", { class: "output-text" }, text)]
      : this.cells.rows[i].map((cell) => make("td", { class: "output-share" }, cell));
    const truth = make("td", {}, this.regression ? fixed(sample_y[i]) : this.name(sample_y[i]));
    const cells = this.regression ? [truth, predicted] : [verdict, predicted, make("td", {}, share), truth];
    if (!this.regression) share.append(meter, make("span"));
    const properties = { class: "output-row", tabindex: -1, data: { sample: i } };
    const element = make("tr", properties, ...cells, ...values);
    return { i, element, verdict, predicted, share: share.lastChild, bar };
  }

  header() {
    const { say, regression } = this;
    const predicted = say("live.output_predicted_short");
    const heads = regression
      ? [say("live.output_true_short"), predicted]
      : ["", predicted, say("live.output_probability"), say("live.output_true_short")];
    const columns = this.texts ? [say("live.output_text")]
      : this.pairs ? [say("live.output_pair_head")] : this.cells.names;
    const cells = [...heads, ...columns].map((text) => make("th", { scope: "col" }, text));
    return make("thead", {}, make("tr", {}, ...cells));
  }

  drawPicture({ canvas, i }) {
    if (canvas && this.colours) drawSample(canvas, this.samples.samples, i, this.colours.dark);
  }

  name(k) {
    return this.names[k] ?? String(k);
  }

  /** What the network says of sample i: class, share (null for scores), and whether it is right. */
  judge(i) {
    const width = this.outputs.shape[1];
    const row = this.outputs.subarray(i * width, (i + 1) * width);
    const { loss, columns } = this.sceneNow;
    const isShare = ["sigmoid", "softmax"].includes(columns.at(-1).activation);
    let k = 0;
    if (width === 1) k = row[0] > (/hinge/.test(loss) ? 0 : 0.5) ? 1 : 0;
    else for (let j = 1; j < width; j++) if (row[j] > row[k]) k = j;
    const share = width === 1 ? (k ? row[0] : 1 - row[0]) : row[k];
    const finite = row.every((value) => Number.isFinite(value));
    const right = finite && k === this.samples.sample_y[i];
    return { row, k, share: isShare ? share : null, finite, right };
  }

  /** Write the newest predictions into the tiles or rows. */
  refresh() {
    const { items, outputs } = this;
    if (!outputs || !items.length || outputs.shape[0] < items.length) return;
    if (this.regression) return this.refreshValues();
    let right = 0;
    this.judged = items.map((item) => this.judge(item.i));
    items.forEach((item, n) => {
      right += this.judged[n].right;
      this.write(item, this.judged[n]);
    });
    setText(this.count, this.say("live.output_right_of", { right, total: items.length }));
    this.detail.show(this.samples, this.chosen, this.judged[this.chosen], this.texts);
    if (this.wrongFirst) this.sort();
  }

  refreshValues() {
    const width = this.outputs.shape[1];
    for (const { i, predicted } of this.items) {
      const row = this.outputs.subarray(i * width, (i + 1) * width);
      setText(predicted, Array.from(row, (value) => fixed(value)).join(", "));
    }
  }

  write(item, { k, share, finite, right }) {
    const name = finite ? this.name(k) : "–";
    const sign = right ? "✓" : "✗";
    const percent = share === null || !finite ? 0 : Math.round(100 * share);
    item.element.classList.toggle("output-wrong", !right);
    item.bar.style.width = `${percent}%`;
    const values = { true: this.name(this.samples.sample_y[item.i]), predicted: name, percent };
    if (item.predicted) {
      setText(item.verdict, sign);
      setText(item.predicted, name);
      setText(item.share, share === null ? "" : `${percent}%`);
    } else {
      setText(item.verdict, `${sign} ${name}`);
      const text = this.say(right ? "live.output_sample_right" : "live.output_sample_wrong", values);
      mark(item.element, "aria-label", text);
    }
  }

  toggleSort() {
    this.wrongFirst = !this.wrongFirst;
    mark(this.sorter, "aria-pressed", this.wrongFirst);
    this.resort();
  }

  /** Put the samples in order: as they came, or the wrong ones first, the surest of them on top. */
  resort() {
    if (!this.judged) return;
    const order = this.items.map((_, n) => n);
    const rank = (n) => {
      const { right, share } = this.judged[n];
      return right ? 1 : -(share ?? 0);
    };
    if (this.wrongFirst) order.sort((a, b) => rank(a) - rank(b) || a - b);
    const key = order.join();
    if (key === this.order) return;
    this.order = key;
    const focused = this.list.getRootNode().activeElement;
    const kept = this.list.contains(focused) ? focused : null;
    this.holder.append(...order.map((n) => this.items[n].element));
    kept?.focus({ preventScroll: true });
  }

  pick(event) {
    const element = event.target.closest?.("[data-sample]");
    if (element) this.select(Number(element.dataset.sample));
  }

  select(n) {
    if (n < 0 || n >= this.items.length) return;
    const before = this.items[this.chosen]?.element;
    before?.classList.remove("output-chosen");
    if (before) before.tabIndex = -1;
    this.chosen = n;
    const { element } = this.items[n];
    element.classList.add("output-chosen");
    element.tabIndex = 0;
    this.detail.show(this.samples, n, this.judged?.[n], this.texts);
  }

  key(event) {
    const current = event.target.closest?.("[data-sample]");
    if (!current) return;
    const all = [...this.holder.children];
    const across = this.columns(all);
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[all.indexOf(current) + move];
    if (!next) return;
    this.select(Number(next.dataset.sample));
    next.focus();
  }

  /** Tiles a line: how many share the first one's top edge. */
  columns(all) {
    const top = all[0]?.offsetTop;
    return Math.max(1, all.filter((element) => element.offsetTop === top).length);
  }

  destroy() {
    this.update.cancel();
    this.sort.cancel();
  }
}

/** A person and a film in words. @param {[number, string]} pair */
export const pairText = (say, [person, film]) => say("live.output_pair", { person, film });
