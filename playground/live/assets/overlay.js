// Real buttons over the canvas: headings with + and -, features, a button per neuron.
// They carry the focus, the names for screen readers, and the pointer's hover.

import { biasPlace } from "./diagram.js";
import { make, setText } from "./dom.js";
import { HEADINGS } from "./layout.js";
import { classStyle, markerIcon } from "./markers.js";
import { COLOURS, pixelOf } from "./pictures.js";
import { featureLabel } from "./text.js";

const MOST_UNITS = 1024; // of a layer, on the page

/** Builds and owns the elements above the canvas. */
export class Overlay {
  /**
   * @param {HTMLElement} root positioned like the canvas
   * @param {object} actions {t, act(action), send(message), hover(node), open(node), bias(node)}
   */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.current = null;
    this.heads = make("div");
    this.bodies = make("div");
    root.append(this.heads, this.bodies);
    root.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Build anew for a layout; what had the focus gets it back. */
  build(scene, plan) {
    const focused = this.focused()?.dataset.id;
    this.scene = scene;
    this.plan = plan;
    this.buttons = new Map();
    const parts = [this.#bracket()];
    const kept = [this.#layersHeading()];
    for (const column of plan.columns) {
      if (column.role === "hidden") kept.push(this.#unitButtons(column));
      parts.push(...this.#heading(column), ...column.nodes.flatMap((node) => this.#node(node)));
      if (column.paged) parts.push(this.#pager(column));
    }
    this.bodies.replaceChildren(...parts.filter(Boolean));
    for (const old of [...this.heads.children]) if (!kept.includes(old)) old.remove();
    for (const head of kept) if (!head.isConnected) this.heads.append(head);
    this.#setCurrent(this.buttons.get(this.current) ? this.current : this.#firstId());
    if (focused && this.focused()?.dataset.id !== focused) {
      this.root.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  /**
   * A part with + and - that outlives a new layout: replaced under the pointer, it would lose the
   * click that is just being made.
   */
  #keep(id, name, create) {
    const old = [...this.heads.children].find((head) => head.dataset.part === id);
    if (old) return old;
    return make("div", { class: name, data: { part: id } }, ...create());
  }

  /** Show which node the pictures at the right belong to. */
  mark(node) {
    this.marked?.classList.remove("hovered");
    this.marked = node ? this.buttons.get(nodeId(node)) : null;
    this.marked?.classList.add("hovered");
  }

  /** Which of its elements has the focus, or null. */
  focused() {
    const active = this.root.getRootNode().activeElement;
    return this.root.contains(active) ? active : null;
  }

  /** The button of a node. */
  button(node) {
    return this.buttons.get(nodeId(node));
  }

  #layersHeading() {
    const { t, act } = this.actions;
    const hidden = this.plan.columns.filter((column) => column.role === "hidden");
    const count = hidden.length;
    this.span = this.#span(hidden);
    this.layersHeading = this.#keep("layers", "layers-heading", () => [
      stepper("-", "layers-", t("remove_layer"), false, () => act({ do: "remove_layer" })),
      stepper("+", "layers+", t("add_layer"), false, () => act({ do: "add_layer" })),
      make("span"),
    ]);
    const [fewer, more, text] = this.layersHeading.children;
    fewer.disabled = count === 0;
    more.disabled = this.scene.can_add_layer === false;
    setText(text, t(count === 1 ? "hidden_layer" : "hidden_layers", { n: count }));
    return this.layersHeading;
  }

  /** Keep the number of layers over the middle of what is seen of them. */
  follow(left, width) {
    if (!this.layersHeading) return;
    const half = Math.min(110, width / 2);
    const from = Math.max(this.span[0], left + half);
    const to = Math.min(this.span[1], left + width - half);
    const wish = from <= to ? (from + to) / 2 : (this.span[0] + this.span[1]) / 2;
    const x = Math.max(left + half, Math.min(left + width - half, wish));
    this.layersHeading.style.left = `${Math.min(x, this.plan.width - half)}px`;
  }

  #bracket() {
    const hidden = this.plan.columns.filter((column) => column.role === "hidden");
    if (!hidden.length) return null;
    const [first, last] = this.#span(hidden);
    return make("div", { class: "bracket", style: {
      left: `${first - 34}px`, width: `${last - first + 68}px`, top: `${HEADINGS.bracket}px`,
    } });
  }

  /** x of the first and last hidden column; without any, the middle of the gap. */
  #span(hidden) {
    if (hidden.length) return [hidden[0].x, hidden.at(-1).x];
    const { columns } = this.plan;
    const middle = (columns[0].x + columns.at(-1).x) / 2;
    return [middle, middle];
  }

  #heading(column) {
    const { t } = this.actions;
    const { pitch, width: board } = this.plan;
    const width = 2 * Math.min(75, pitch / 2 - 2, column.x, board - column.x);
    const at = (top, name, ...children) => make("div", {
      class: `heading ${name}`,
      style: { left: `${column.x}px`, top: `${top}px`, width: `${width}px` },
    }, ...children);
    if (column.role === "hidden") {
      return [
        at(HEADINGS.count, "count", t(column.total === 1 ? "neuron" : "neurons",
          { n: column.total.toLocaleString(this.scene.language) }), this.#normalization(column)),
        at(HEADINGS.detail, "detail", this.#detail(column)),
      ];
    }
    const title = column.role === "output" ? "output" : column.features ? "features" : "inputs";
    const many = !column.features && column.total > 1;
    return [
      at(HEADINGS.buttons + 4, "title", t(title)),
      many ? at(HEADINGS.count, "count", column.total.toLocaleString(this.scene.language)) : null,
      column.activation ? at(HEADINGS.detail, "detail", this.#detail(column)) : null,
    ].filter(Boolean);
  }

  #unitButtons({ layer, x, total }) {
    const { t, act } = this.actions;
    const change = (delta) => () => act({ do: "units", layer, delta });
    const n = layer + 1;
    const head = this.#keep(`units${layer}`, "heading", () => [
      stepper("-", `units-${layer}`, t("remove_neuron", { n }), false, change(-1)),
      stepper("+", `units+${layer}`, t("add_neuron", { n }), false, change(1)),
    ]);
    Object.assign(head.style, { left: `${x}px`, top: `${HEADINGS.buttons}px` });
    head.children[0].disabled = total <= 1;
    head.children[1].disabled = total >= MOST_UNITS;
    return head;
  }

  #detail(column) {
    const { t } = this.actions;
    const name = column.activation.replaceAll("_", " ");
    if (!column.dropout) return [name];
    const rate = `${+(100 * column.dropout).toFixed(1)}%`;
    return [name, make("span", { class: "dropout", title: t("dropout_long", { rate }) },
      t("dropout", { rate }))];
  }

  #normalization({ normalization }) {
    const { t } = this.actions;
    if (normalization === "none") return null;
    const title = t(`normalized_${normalization}_long`);
    return make("span", { class: "normalized", title }, t(`normalized_${normalization}`));
  }

  #node(node) {
    const { actions } = this;
    const column = this.plan.columns[node.column];
    const id = nodeId(node);
    const half = node.size / 2;
    const classes = ["node", node.on ? "" : "off", column.dropout ? "dropped" : ""];
    const button = make("button", {
      type: "button", class: classes.join(" ").trim(), tabindex: "-1", data: { id },
      "aria-pressed": node.feature ? String(node.on) : null,
      "aria-label": this.nodeName(node),
      style: {
        left: `${node.x - half}px`, top: `${node.y - half}px`,
        width: `${node.size}px`, height: `${node.size}px`,
      },
      on: {
        pointerenter: (event) => event.pointerType === "mouse" && actions.hover(node),
        pointerleave: (event) => event.pointerType === "mouse" && actions.hover(null),
        focus: () => { this.#setCurrent(id); actions.hover(node); },
        blur: () => actions.hover(null),
        click: (event) => actions.open(node, event),
      },
    });
    this.buttons.set(id, button);
    return [button, this.#label(node, column), this.#bias(node)].filter(Boolean);
  }

  /** What a node is called, in a sentence. */
  nodeName(node) {
    const { t } = this.actions;
    const column = this.plan.columns[node.column];
    if (node.feature) return t("feature_name", { name: node.label });
    if (column.role === "input") return t("input_name", { name: this.#inputName(node) });
    if (column.role === "output") {
      return column.total < 2 ? t("output") : t("output_name", { name: this.#outputName(node) });
    }
    return t("neuron_name", { n: node.unit + 1, layer: node.layer + 1 });
  }

  /** Names stand left of the inputs and right of several outputs. */
  #label(node, column) {
    const half = node.size / 2;
    if (column.role === "input") {
      const name = this.#inputName(node);
      const plane = node.feature || this.scene.view === "curve";
      const content = plane ? featureLabel(node.feature ?? node.label, node.label) : [name];
      const off = node.on ? "" : " off";
      return make("label", {
        class: `name before${off}`, title: name, "aria-hidden": "true",
        style: { top: `${node.y}px`, width: `${this.plan.margins.left - 10}px`, left: "0px" },
        on: { click: () => this.button(node).click() },
      }, ...content);
    }
    if (column.role !== "output" || column.total < 2) return null;
    const name = this.#outputName(node);
    const classes = this.scene.task === "classification" ? column.total : 0;
    return make("span", { class: "name after", title: name, "aria-hidden": "true", style: {
      top: `${node.y}px`, left: `${node.x + half + 8}px`,
      width: `${this.plan.margins.right - 10}px`,
    } }, classes ? markerIcon(classStyle(node.unit)) : null, name);
  }

  /** Of an image's input: its place, counted from 1. */
  #inputName(node) {
    const shape = this.scene.image_shape;
    if (!shape) return node.label || String(node.unit + 1);
    const pixel = pixelOf(node.unit, shape);
    const [, width, colours] = shape;
    const colour = colours ? `_${COLOURS[node.unit % colours]}` : "";
    return this.actions.t(`pixel${colour}`, {
      row: Math.floor(pixel / width) + 1, column: (pixel % width) + 1,
    });
  }

  #outputName(node) {
    return node.label || this.scene.classes?.[node.unit] || String(node.unit + 1);
  }

  #bias(node) {
    if (node.layer < 0) return null;
    const { actions } = this;
    const { x, y } = biasPlace(node);
    return make("button", {
      type: "button", class: "bias", tabindex: "-1",
      "aria-label": actions.t("bias_of", { name: this.nodeName(node) }),
      style: { left: `${x - 9}px`, top: `${y - 9}px` },
      on: {
        pointerenter: (event) => event.pointerType === "mouse" && actions.bias(node, false),
        pointerleave: () => actions.bias(null, false),
        click: () => actions.bias(node, true),
      },
    });
  }

  /** "1-8 of 1024" with buttons that move the shown part. */
  #pager(column) {
    const { t, send } = this.actions;
    const shown = column.nodes.length;
    const last = column.start + shown;
    const go = (start) => () => send({ window: {
      layer: column.layer, start: Math.max(0, Math.min(column.total - shown, start)),
    } });
    const values = { from: column.start + 1, to: last, n: column.total, shown };
    const bottom = Math.max(...column.nodes.map((node) => node.y + node.size / 2));
    return make("div", {
      class: "pager", style: { left: `${column.x}px`, top: `${bottom + 8}px` },
      role: "group", "aria-label": t("shown_range", values),
    },
    stepper("▲", `up${column.layer}`, t("earlier_units"), column.start === 0,
      go(column.start - shown)),
    make("span", { title: t("shown_range", values) }, t("shown_count", values)),
    stepper("▼", `down${column.layer}`, t("later_units"), last >= column.total,
      go(column.start + shown)));
  }

  #firstId() {
    return this.buttons.keys().next().value ?? null;
  }

  /** One node at a time is in the tab order; arrows move among them. */
  #setCurrent(id) {
    this.buttons.get(this.current)?.setAttribute("tabindex", "-1");
    this.current = id;
    this.buttons.get(id)?.setAttribute("tabindex", "0");
  }

  #move(event) {
    const at = [...this.buttons].find(([, button]) => button === event.target)?.[0];
    const node = this.plan?.nodes.find((candidate) => nodeId(candidate) === at);
    if (!node) return;
    const columns = this.plan.columns;
    const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const next = step[0]
      ? nearest(columns[node.column + step[0]]?.nodes, node)
      : columns[node.column].nodes[node.row + step[1]];
    if (next) this.button(next).focus();
  }
}

const nodeId = (node) => `node:${node.layer}:${node.unit}`;

/** The node of a column that stands level with another, those switched off last. */
function nearest(nodes, { y }) {
  const distance = (node) => Math.abs(node.y - y) + (node.on ? 0 : 1e4);
  return nodes?.reduce((best, node) => (distance(node) < distance(best) ? node : best));
}

/** A small round button. */
function stepper(sign, id, name, disabled, press) {
  return make("button", {
    type: "button", class: "stepper", "aria-label": name, title: name, disabled,
    data: { id }, on: { click: press },
  }, sign === "-" ? "−" : sign);
}
