// The card beside an edge, a bias or a neuron: its value, live; after a click, an editor.

import { biasIndex, edgeIndex } from "./layout.js";
import { make, setText } from "./dom.js";
import { formatNumber, readNumber } from "./text.js";

const STRIDE = 0.1; // of the arrow keys in a number field

/**
 * @typedef {object} Target what a card is about
 * @property {"weight"|"bias"|"node"} kind
 * @property {string} title
 * @property {number} index into the frame's weights or biases
 * @property {object} place {x, y} in the board's pixels
 * @property {(value: number) => object} message that sets it
 * @property {object} [node] for "node": its incoming weights are listed
 */

/** One card; at most one is open at a time. */
export class Card {
  /** @param {HTMLElement} root @param {object} tools {t, send, place(x, y), closed()} */
  constructor(root, tools) {
    this.root = root;
    this.tools = tools;
    this.target = null;
    this.editing = false;
    this.rows = [];
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close(true);
    });
  }

  /** Show a value without taking the focus. */
  show(target) {
    if (this.editing) return;
    this.#open(target);
    this.root.removeAttribute("role");
    this.root.classList.add("passive");
    this.root.append(make("div", { class: "hint" }, this.tools.t("click_to_edit")));
    this.#place();
  }

  /** Open the editor; the number is selected, ready to be typed over. */
  edit(target, opener = null) {
    this.#open(target);
    this.editing = true;
    this.opener = opener;
    this.root.setAttribute("role", "dialog");
    this.root.setAttribute("aria-label", target.title);
    this.root.classList.remove("passive");
    this.first = this.#field(target, target.kind === "node" ? this.tools.t("bias") : null);
    this.root.append(this.first.row);
    if (target.kind === "node") this.#listWeights(target);
    this.root.append(make("div", { class: "hint" }, this.tools.t("enter_commits")));
    this.#place();
    this.first.input.focus();
    this.first.input.select();
  }

  /** Refresh the numbers from a frame: {weights, biases, gradients?}. */
  refresh(arrays) {
    this.arrays = arrays;
    if (!this.target) return;
    const { target } = this;
    const value = this.#value(target);
    if (this.value) setText(this.value, formatNumber(value));
    const gradient = target.kind === "weight" ? arrays.gradients?.[target.index] : undefined;
    if (this.gradient) this.gradient.hidden = gradient === undefined;
    if (gradient !== undefined && this.gradient) {
      setText(this.gradient, this.tools.t("gradient_is", { value: formatNumber(gradient) }));
    }
    for (const row of this.rows) row.refresh();
  }

  /** Close; the focus goes back to where it came from if it was in here. */
  close(refocus = false) {
    if (!this.target) return;
    const { opener } = this;
    this.target = this.opener = this.first = this.value = this.gradient = null;
    this.editing = false;
    this.rows = [];
    this.root.hidden = true;
    this.root.replaceChildren();
    if (refocus) opener?.focus();
    this.tools.closed();
  }

  #open(target) {
    this.target = target;
    this.rows = [];
    this.value = make("strong", { class: "value" });
    this.gradient = make("div", { class: "gradient", hidden: true });
    const label = target.kind === "weight" ? "weight_is" : "bias_is";
    this.root.replaceChildren(
      make("div", { class: "card-title" }, target.title),
      make("div", { class: "reading" }, `${this.tools.t(label)} `, this.value),
      this.gradient,
    );
    this.root.hidden = false;
    if (this.arrays) this.refresh(this.arrays);
  }

  #place() {
    this.tools.place(this.root, this.target.place);
  }

  #value({ kind, index }) {
    const source = kind === "weight" ? this.arrays?.weights : this.arrays?.biases;
    return source?.[index] ?? NaN;
  }

  /** A number field; while it is not being typed in, it follows the live value. */
  #field(target, label) {
    const input = make("input", {
      // Not of type "number": there a browser drops the comma of 1,5 and hands on 15.
      type: "text", role: "spinbutton", inputmode: "decimal", autocomplete: "off",
      "aria-label": label ?? target.title,
    });
    put(input, this.#value(target));
    const problem = make("div", { class: "problem", role: "alert", hidden: true });
    input.addEventListener("keydown", (event) => {
      const turn = { ArrowUp: STRIDE, ArrowDown: -STRIDE }[event.key];
      if (turn || event.key === "Enter") event.preventDefault();
      if (turn && readNumber(input.value) < Infinity) put(input, readNumber(input.value) + turn);
      if (event.key !== "Enter" || !this.#commit(target, input, problem)) return;
      if (this.target.kind === "node") input.select();
      else this.close(true);
    });
    const row = make("label", { class: label ? "field" : "field alone" }, label, input, problem);
    return { row, input, refresh: () => this.#follow(input, target) };
  }

  /** Send what was typed. @returns {boolean} false where that is no number, or nobody listens */
  #commit(target, input, problem) {
    const { t, send } = this.tools;
    const value = Math.fround(readNumber(input.value));
    const isNumber = Number.isFinite(value);
    const sent = isNumber && send(target.message(value));
    input.setAttribute("aria-invalid", String(!isNumber));
    problem.hidden = sent;
    if (!sent) setText(problem, t(isNumber ? "reconnecting" : "not_a_number"));
    return sent;
  }

  #follow(input, target) {
    if (this.root.getRootNode().activeElement !== input) {
      put(input, this.#value(target));
    }
  }

  /** The incoming weights of a neuron, for hands without a mouse. */
  #listWeights({ incoming }) {
    if (!incoming.length) return;
    this.rows = incoming.map((target) => this.#field(target, target.label));
    this.root.append(
      make("div", { class: "list-title" }, this.tools.t("incoming_weights")),
      make("div", { class: "list" }, ...this.rows.map(({ row }) => row)),
    );
  }
}

/** Show a number in a field; what is none leaves it empty. */
function put(input, value) {
  input.value = Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "";
  input.setAttribute("aria-valuenow", input.value);
}

/** The target for an edge. */
export function weightTarget(t, { block, i, j }, place, nameOf) {
  const [from, to] = [block.from[i], block.to[j]];
  return {
    kind: "weight", index: edgeIndex(block, i, j), place,
    title: `${nameOf(from)} → ${nameOf(to)}`,
    label: nameOf(from),
    message: (value) => ({ set_weight: [block.layer, inputIndex(from), to.unit, value] }),
  };
}

/** A weight's row: features count among those switched on, everything else by its unit. */
const inputIndex = (node) => (node.feature ? node.slot : node.unit);

/** The target for a bias, or for a neuron with its incoming weights. */
export function biasTarget(kind, plan, node, place, nameOf, t) {
  const block = plan.blocks[node.column - 1];
  const incoming = kind === "node"
    ? block.from.map((_, i) => weightTarget(t, { block, i, j: node.row }, place, nameOf))
    : [];
  return {
    kind, index: biasIndex(plan, node), place, node, incoming, title: nameOf(node),
    message: (value) => ({ set_bias: [node.layer, node.unit, value] }),
  };
}
