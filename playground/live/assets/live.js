// The live view: puts the parts together and lets them talk. One view per mounted component.

import { Actions } from "./actions.js";
import { Beyond } from "./beyond.js";
import { Caption, callouts } from "./caption.js";
import { Card, biasTarget, weightTarget } from "./card.js";
import { readTheme } from "./colours.js";
import { biasPlace, Diagram } from "./diagram.js";
import { make } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { Notices } from "./notices.js";
import { OutputPanel } from "./output.js";
import { Overlay } from "./overlay.js";
import { Channel } from "./socket.js";
import { translator } from "./text.js";

const SYNC_PATIENCE = 350; // ms: a rerun under way brings the page's status by itself
const views = new WeakMap();
let reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";

/** One live view, from its first mount until it is unmounted. */
class View {
  constructor(root, text) {
    this.t = translator(text);
    this.text = text;
    this.actions = new Actions();
    this.target = null;
    this.hovered = null;
    this.#build(root);
    this.channel = new Channel({
      scene: (scene) => this.#scene(scene),
      data: (header, arrays) => this.#data(header, arrays),
      frame: (header, arrays, now) => this.#frame(header, arrays, now),
      connected: () => this.notices.connected(null),
      lost: (unknown) => this.#lost(unknown),
    });
    this.stopKeys = listenToKeys();
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(this.scroller);
  }

  /** Called at every rerun whose data changed, and at every change of theme. */
  update({ data, setTriggerValue }) {
    this.actions.use(setTriggerValue);
    this.pageStatus = data.status;
    this.actions.done(data.acted);
    this.panel.pencil.done(data.acted);
    this.#theme();
    this.channel.open(data.token);
    if (reloaded) this.#act({ do: "reloaded" }); // the page says once what a reload starts anew
    reloaded = false;
  }

  close() {
    this.channel.close();
    this.observer.disconnect();
    this.stopKeys();
    clearTimeout(this.syncing);
    this.actions.stop();
    this.host.remove();
  }

  #build(root) {
    const { t } = this;
    this.canvas = make("canvas", { class: "diagram", "aria-hidden": "true" });
    this.layer = make("div", { class: "overlay", role: "group", "aria-label": t("diagram") });
    this.hints = make("div", { class: "hints" });
    this.board = make("div", { class: "board" }, this.canvas, this.hints, this.layer);
    this.scroller = make("div", { class: "scroller" }, this.board);
    this.beyond = new Beyond(t, this.scroller);
    const cardRoot = make("div", { class: "card", hidden: true });
    this.caption = new Caption(t);
    this.notices = new Notices(t);
    this.network = make("section", { class: "network" },
      this.beyond.root, this.caption.root, this.notices.passing, cardRoot);
    const output = make("section", { class: "output" });
    this.host = make("div", { class: "live" },
      this.notices.summary, make("div", { class: "stage" }, this.network, output));
    root.append(this.host);

    this.diagram = new Diagram(this.canvas);
    const send = (message) => this.channel.send(message);
    this.card = new Card(cardRoot, {
      t, send, place: (element, place) => this.#placeCard(element, place),
      closed: () => this.#closed(),
    });
    this.overlay = new Overlay(this.layer, {
      t, send, act: (action) => this.#act(action), hover: (node) => this.hover(node),
      open: (node) => this.#openNode(node), bias: (node, edit) => this.#bias(node, edit),
    });
    this.colours = readTheme(root.host ?? root);
    this.panel = new OutputPanel(output, {
      send, act: (action) => this.#act(action), text: this.text, colours: this.colours, hover: (node) => this.hover(node),
    });
    this.#listen();
  }

  #listen() {
    const { board } = this;
    board.addEventListener("pointermove", (event) => this.#point(event));
    board.addEventListener("pointerleave", () => this.#leave());
    board.addEventListener("pointerdown", (event) => { this.pointer = event.pointerType; }, true);
    board.addEventListener("keydown", () => { this.pointer = "keyboard"; }, true);
    board.addEventListener("click", (event) => this.#click(event));
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  // -- what comes from the server ------------------------------------------------------------

  #scene(scene) {
    const same = this.scene && JSON.stringify(scene.columns) === JSON.stringify(this.scene.columns);
    this.scene = scene;
    if (!same) this.card.close();
    this.#arrange();
    this.panel.scene(scene);
    this.#repaint();
  }

  #arrange() {
    if (!this.scene || !this.scroller.clientWidth) return;
    const plan = this.diagram.arrange(this.scene, this.scroller.clientWidth);
    this.width = this.scroller.clientWidth;
    this.board.style.width = `${plan.width}px`;
    this.board.style.height = `${plan.height}px`;
    this.overlay.build(this.scene, plan);
    this.#scrolled();
    this.hints.replaceChildren(
      ...(View.initiated ? [] : callouts(this.t, plan, this.diagram.edges)));
  }

  #data(header, arrays) {
    this.diagram.data(arrays);
    this.panel.data(header, arrays);
    this.#repaint();
  }

  #frame(header, arrays, now) {
    this.notices.frame(header, now);
    this.#sync(header.status);
    this.status = header.status;
    if (!this.scene || header.scene !== this.scene.version) return;
    if (this.diagram.plan && this.diagram.setFrame(header, arrays)) {
      this.card.refresh(arrays);
      this.#draw(now);
    }
    this.panel.frame(header, arrays);
  }

  #lost(unknown) {
    this.notices.connected(unknown ? "run_unknown" : "reconnecting");
    if (unknown) this.#act({ do: "sync" });
  }

  /** Once per change that the page does not know of yet: its buttons' labels follow. */
  #sync(status) {
    if (!this.pageStatus || status === this.pageStatus) {
      clearTimeout(this.syncing);
      this.syncing = this.asked = null;
      return;
    }
    if (this.asked === status || this.syncing) return;
    this.syncing = setTimeout(() => {
      this.syncing = null;
      if (this.status === this.pageStatus) return;
      this.asked = this.status;
      this.#act({ do: "sync" });
    }, SYNC_PATIENCE);
  }

  // -- what a person does --------------------------------------------------------------------

  /** Enlarge a node in the output panel; null goes back to the output. */
  hover(node) {
    if (!node && this.card.editing && this.target?.kind === "node") return; // it stays enlarged
    const next = node ? `${node.layer} ${node.unit}` : null;
    if (next === this.hovered) return;
    this.hovered = next;
    if (node) this.#initiated();
    this.channel.send({ hover: node ? { layer: node.layer, unit: node.unit } : null });
    const shown = node && this.diagram.plan?.nodes.find(
      ({ layer, unit }) => layer === node.layer && unit === node.unit);
    this.diagram.hovered = shown ?? null;
    this.overlay.mark(shown ?? null);
    this.#repaint();
  }

  /** Tell the page; returns the action's number. */
  #act(action) {
    this.#initiated();
    return this.actions.add(action);
  }

  #openNode(node) {
    this.#initiated();
    if (node.feature) this.#act({ do: "feature", id: node.feature });
    else if (node.layer >= 0 && this.#confirmed(`node ${node.layer} ${node.unit}`)) {
      this.#edit(this.#biasTarget("node", node), this.overlay.button(node));
    }
  }

  #closed() {
    const wasNode = this.target?.kind === "node";
    this.#mark(-1);
    if (wasNode && !this.overlay.focused()) this.hover(null);
  }

  #bias(node, edit) {
    if (!node) {
      if (this.target?.kind === "bias" && !this.card.editing) this.card.close();
      return;
    }
    const target = this.#biasTarget("bias", node);
    if (edit && this.#confirmed(`bias ${target.index}`)) this.#edit(target);
    else this.#show(target);
  }

  #biasTarget(kind, node) {
    const { x, y } = biasPlace(node);
    const name = (other) => this.overlay.nodeName(other);
    return biasTarget(kind, this.diagram.plan, node, { x: x + 10, y: y + 12 }, name, this.t);
  }

  #point(event) {
    if (event.pointerType !== "mouse" || this.card.editing) return;
    const edge = event.target === this.layer ? this.#edgeAt(event, 6) : -1;
    if (edge === this.diagram.edge) return;
    if (edge >= 0) this.#showEdge(edge, event);
    else if (this.target?.kind === "weight") this.card.close();
  }

  #scrolled() {
    const { scrollLeft, clientWidth } = this.scroller;
    if (!this.card.editing) this.card.close();
    this.overlay.follow(scrollLeft, clientWidth);
    if (this.diagram.plan) this.beyond.show(this.diagram.plan);
  }

  #leave() {
    if (this.target?.kind === "weight" && !this.card.editing) this.card.close();
  }

  #click(event) {
    if (event.target !== this.layer) return;
    const edge = this.#edgeAt(event, this.pointer === "touch" ? 14 : 6);
    if (edge < 0) {
      this.card.close();
      if (this.pointer === "touch") this.hover(null);
      return;
    }
    if (!this.#confirmed(`edge ${edge}`)) return this.#showEdge(edge, event);
    this.#edit(this.#edgeTarget(edge, event));
    this.#mark(edge);
  }

  /** A mouse hovered before it clicked, a key focused; a finger's first tap only shows. */
  #confirmed(what) {
    const again = this.pointer !== "touch" || this.tapped === what;
    this.tapped = again ? null : what;
    return again;
  }

  #edgeAt(event, reach) {
    if (!this.diagram.frame) return -1;
    const box = this.board.getBoundingClientRect();
    return this.diagram.edges.hit(event.clientX - box.left, event.clientY - box.top, reach);
  }

  #edgeTarget(edge, event) {
    const box = this.board.getBoundingClientRect();
    const place = { x: event.clientX - box.left + 14, y: event.clientY - box.top + 14 };
    const name = (node) => this.overlay.nodeName(node);
    return weightTarget(this.t, this.diagram.edges.describe(edge), place, name);
  }

  #showEdge(edge, event) {
    this.#show(this.#edgeTarget(edge, event));
    this.#mark(edge);
  }

  #show(target) {
    this.#initiated();
    if (this.card.editing) this.card.close();
    this.target = target;
    this.card.show(target);
  }

  #edit(target, opener = null) {
    this.#initiated();
    this.target = target;
    this.card.edit(target, opener);
  }

  #mark(edge) {
    if (edge < 0) this.target = null;
    if (this.diagram.edge === edge) return;
    this.diagram.edge = edge;
    this.#repaint();
  }

  /** The hints have done their work. */
  #initiated() {
    if (View.initiated || !this.hints.childElementCount) return;
    View.initiated = true;
    this.hints.replaceChildren();
  }

  /** Put the card near a place on the board, inside the section. */
  #placeCard(element, { x, y }) {
    const room = this.network.clientWidth;
    const left = this.scroller.offsetLeft + x - this.scroller.scrollLeft + this.board.offsetLeft;
    element.style.left = `${Math.max(4, Math.min(left, room - element.offsetWidth - 4))}px`;
    element.style.top = `${this.scroller.offsetTop + y}px`;
  }

  // -- drawing -------------------------------------------------------------------------------

  #theme() {
    Object.assign(this.colours, readTheme(this.host));
    const { background, positive, negative } = this.colours;
    this.host.style.setProperty("--positive", positive);
    this.host.style.setProperty("--negative", negative);
    // For page.css: outside of components Streamlit names none of its colours.
    document.documentElement.style.setProperty("--page-background", background);
    this.panel.theme(this.colours);
    this.#repaint();
  }

  #resized() {
    const { clientWidth } = this.scroller;
    if (!clientWidth || clientWidth === this.width) return;
    this.#arrange();
    this.#repaint();
  }

  #draw(now) {
    const { diagram } = this;
    diagram.draw(now, this.colours, this.status === "playing");
    if (diagram.frame) {
      this.caption.show(diagram.asGradient, diagram.edges.drawn, diagram.plan.edges);
    }
  }

  #repaint() {
    this.repainting ??= requestAnimationFrame((now) => {
      this.repainting = null;
      if (this.diagram.plan) this.#draw(now);
    });
  }
}

/** Mount or update; Streamlit calls this again at every change of data or theme. */
export default async function mount(component) {
  const root = component.parentElement;
  const words = JSON.stringify(component.data.text);
  let view = views.get(root);
  if (view && view.words !== words) {
    view.close(); // another language: everything is written anew
    view = null;
  }
  if (!view) {
    view = new View(root, component.data.text);
    view.words = words;
    views.set(root, view);
  }
  const call = (view.call = {});
  await (view.styled ??= addStyle(root));
  if (view.call === call) view.update(component);
  // Streamlit runs the cleanup of superseded calls while the view is still mounted.
  return () => {
    if (view.call !== call) return;
    view.close();
    views.delete(root);
  };
}

/** Load the style sheet into the root, once; a view measures itself only when it has arrived. */
function addStyle(root) {
  if (root.querySelector("link[data-live]")) return Promise.resolve();
  const href = new URL("live.css", import.meta.url).href;
  const link = make("link", { rel: "stylesheet", href, data: { live: "" } });
  const loaded = new Promise((resolve) => { link.onload = link.onerror = resolve; });
  root.append(link);
  return loaded;
}
