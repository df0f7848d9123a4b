// Under the diagram: how to read its lines; on it, two hints until somebody has found out.

import { make } from "./dom.js";
import { HEADINGS } from "./layout.js";

const CALLOUT = 128; // px, width of a hint's text

/** The line's legend: width, sign, and what was left out. */
export class Caption {
  /** @param {(key: string, values?: object) => string} t */
  constructor(t) {
    this.t = t;
    this.root = make("div", { class: "caption" });
  }

  /** @param {boolean} asGradient @param {number} drawn @param {number} total edges */
  show(asGradient, drawn, total) {
    const state = `${asGradient} ${drawn < total ? `${drawn} ${total}` : ""}`;
    if (state === this.state) return;
    this.state = state;
    const { t } = this;
    const parts = [
      make("span", {}, make("i", { class: "stroke negative" }), t("negative")),
      make("span", {}, make("i", { class: "stroke positive" }), t("positive")),
      make("span", {}, t(asGradient ? "width_is_gradient" : "width_is_weight")),
      make("span", {}, make("i", { class: "square" }), t("square_is_bias")),
    ];
    if (drawn < total) parts.push(make("span", {}, t("strongest_shown", { n: drawn, total })));
    this.root.replaceChildren(...parts);
  }
}

/**
 * The two hints of TensorFlow Playground, where there is room under the columns.
 * @returns {HTMLElement[]} none when the layout has no room for them
 */
export function callouts(t, plan, edges) {
  const hidden = plan.columns.filter((column) => column.role === "hidden");
  const lowest = (column) => Math.max(...column.nodes.map((node) => node.y)) + plan.size / 2;
  const floor = plan.height - 74;
  if (!hidden.length || plan.pitch < CALLOUT - 10 || plan.columns.some((column) => column.paged)) {
    return [];
  }
  const result = [];
  const [first, feeding] = [hidden[0], plan.columns[0]];
  const room = first.x - feeding.x - plan.size / 2;
  const isFree = room >= CALLOUT || lowest(first) > lowest(feeding);
  if (lowest(first) < floor && isFree) {
    result.push(hint(t("callout_node"), first.x + 4, lowest(first) + 2, "before"));
  }
  const block = plan.blocks.at(hidden.length > 1 ? 1 : -1);
  const edge = block.offset + block.from.length * block.to.length - 1;
  const point = edges.pointOn(edge, 0.5);
  const under = Math.max(point.y, HEADINGS.nodes) + 4;
  if (under < floor) result.push(hint(t("callout_edge"), point.x - 6, under, ""));
  return result;
}

function hint(text, x, y, side) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 22 32");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M14 30 C2 26 2 12 9 4 M4.5 7.5 L9.5 3 L11 9.5");
  svg.append(path);
  return make("div", {
    class: `callout ${side}`, "aria-hidden": "true",
    style: { left: `${x}px`, top: `${y}px` },
  }, svg, make("span", {}, text));
}
