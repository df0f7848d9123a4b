// One test sample, large, with the probability of every class beside it.

import { fixed } from "./axes.js";
import { make, setText } from "./dom.js";

const MOST_ROWS = 10;

/** Paint sample i into a canvas of the sample's own size; the style sheet enlarges it. */
export function drawSample(canvas, samples, i, dark) {
  const [, height, width, colours] = samples.shape;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let p = 0; p < pixels.length; p++) {
    const at = i * pixels.length + p;
    if (colours) {
      // A photograph is shown as it is, on a light page and on a dark one.
      const [red, green, blue] = samples.subarray(3 * at, 3 * at + 3);
      pixels[p] = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
      continue;
    }
    const ink = samples[at];
    // Ink is dark on a light page and light on a dark one, never quite the page's own colour.
    const grey = dark ? 20 + Math.round(ink * 0.92) : 250 - Math.round(ink * 0.92);
    pixels[p] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  pen.putImageData(image, 0, 0);
}

/** The chosen sample. */
export class SampleDetail {
  constructor(say) {
    this.say = say;
    this.picture = make("canvas", { class: "output-image", "aria-hidden": "true" });
    this.sentence = make("p", { class: "output-verdict" });
    this.bars = make("div", { class: "output-bars" });
    const side = make("div", { class: "output-aside" }, this.picture, this.sentence);
    this.text = make("p", { class: "output-whole", tabindex: 0, hidden: true });
    this.element = make("div", { class: "output-detail" }, side, this.bars, this.text);
  }

  scene(scene) {
    this.names = (scene.classes ?? []).map(String);
    this.element.hidden = scene.task === "regression";
    this.picture.hidden = scene.view !== "images";
    this.element.classList.toggle("output-without", scene.view !== "images");
    const count = Math.min(MOST_ROWS, this.names.length);
    this.rows = Array.from({ length: count }, () => this.row());
    this.bars.replaceChildren(...this.rows.map((row) => row.element));
    this.drawn = null;
  }

  theme(colours) {
    this.colours = colours;
    this.drawn = null;
  }

  row() {
    const [name, bar] = [make("span", { class: "output-name" }), make("span")];
    const share = make("span", { class: "output-share" });
    const meter = make("span", { class: "output-meter" }, bar);
    return { element: make("div", { class: "output-bar-row" }, name, meter, share), name, bar, share };
  }

  /**
   * Show sample i; without a judgement (nothing is computed yet) only its picture.
   * @param {?{row: Float32Array, k: number, finite: boolean, right: boolean}} judged
   * @param {?string[]} texts of the samples, where they are texts
   */
  show(samples, i, judged, texts) {
    if (!this.rows) return;
    this.text.hidden = !texts;
    setText(this.text, texts?.[i] ?? "");
    const truth = samples.sample_y[i];
    this.drawPicture(samples.samples, i);
    this.bars.hidden = this.sentence.hidden = !judged;
    if (!judged) return;
    const { row, k, right, finite } = judged;
    const [sign, name] = [right ? "✓" : "✗", finite ? this.names[k] : "–"];
    const values = { true: this.names[truth], predicted: name };
    const text = this.say(right ? "live.output_detail_right" : "live.output_detail_wrong", values);
    setText(this.sentence, `${sign} ${text}`);
    const shares = row.length === 1 ? [1 - row[0], row[0]] : Array.from(row);
    const shown = this.chosenRows(shares);
    this.rows.forEach((parts, n) => this.writeRow(parts, shown[n], shares, truth));
  }

  /** All classes in their order, or the likeliest where there are too many. */
  chosenRows(shares) {
    const all = shares.map((_, k) => k);
    if (all.length <= MOST_ROWS) return all;
    return all.sort((a, b) => shares[b] - shares[a]).slice(0, MOST_ROWS);
  }

  writeRow({ element, name, bar, share }, k, shares, truth) {
    if (k === undefined) return;
    const value = shares[k];
    setText(name, this.names[k] ?? String(k));
    setText(share, fixed(value));
    bar.style.width = `${Math.max(0, Math.min(1, value || 0)) * 100}%`;
    element.classList.toggle("output-truth", k === truth);
  }

  drawPicture(pictures, i) {
    if (!pictures || !this.colours) return;
    const key = `${i}${this.colours.dark}`;
    if (this.drawn === key && this.source === pictures) return;
    this.drawn = key;
    this.source = pictures;
    drawSample(this.picture, pictures, i, this.colours.dark);
  }
}
