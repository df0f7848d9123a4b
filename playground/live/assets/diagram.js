// The canvas of the network: connections, neurons' pictures, bias squares.

import { colourOf } from "./colours.js";
import { Edges } from "./edges.js";
import { biasIndex, layOut } from "./layout.js";
import { drawNumber, drawPixelPlace, Pictures, pixelOf } from "./pictures.js";

const BIAS = 9; // px, side of a bias square
const FLOW = 0.03; // px a millisecond: the dashes' speed while the run plays

/** Draws the network; knows nothing of buttons, cards or the server. */
export class Diagram {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.pictures = new Pictures();
    this.hovered = null;
    this.edge = -1;
    this.offset = 0;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Lay a scene out anew. @returns {object} the plan, for what lies above the canvas */
  arrange(scene, width) {
    this.scene = scene;
    this.plan = layOut(scene, width);
    this.edges = new Edges(this.plan);
    this.hovered = null;
    this.edge = -1;
    this.resize();
    if (this.frame) this.#readFrame();
    return this.plan;
  }

  /** Fit the canvas to the plan and the screen's pixels. */
  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.plan;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** The scene's fixed pictures: the inputs' own maps. */
  data(arrays) {
    this.pictures.set("inputs", arrays.input_maps);
  }

  /** Take a frame in; false when it is not for this layout (a scene is on its way). */
  setFrame(header, arrays) {
    const biases = this.plan.blocks.reduce((sum, block) => sum + block.to.length, 0);
    if (arrays.weights?.length !== this.plan.edges || arrays.biases?.length !== biases) {
      return false;
    }
    this.frame = { header, arrays };
    this.#readFrame();
    return true;
  }

  #readFrame() {
    const { arrays } = this.frame;
    const fits = arrays.weights?.length === this.plan.edges;
    if (!fits) {
      this.frame = null;
      return;
    }
    this.asGradient = this.scene.edges === "gradient" && arrays.gradients?.length > 0;
    this.edges.set(this.asGradient ? arrays.gradients : arrays.weights, this.asGradient);
    this.pictures.set("maps", arrays.maps);
    this.pictures.set("weights", arrays.weight_images);
    // With images of the first layer's weights, that layer may have no maps of its own.
    const shown = this.plan.nodes.filter((node) => node.layer >= 0).length;
    this.firstMap = Math.max(0, shown - this.pictures.count("maps"));
  }

  /** Paint everything. @param {number} now milliseconds, for the flow of the dashes */
  draw(now, theme, playing) {
    const flow = this.#flow(now, playing);
    const { pen, plan } = this;
    pen.clearRect(0, 0, plan.width, plan.height);
    if (this.frame) this.#drawEdges(theme, flow);
    for (const node of plan.nodes) this.#drawNode(node, theme);
  }

  #flow(now, playing) {
    if (!playing || this.still.matches) return null;
    this.offset -= Math.min(100, now - (this.last ?? now)) * FLOW;
    this.last = now;
    return this.offset;
  }

  #drawEdges(theme, flow) {
    if (this.hovered) {
      this.pen.globalAlpha = 0.16;
      this.edges.draw(this.pen, theme, flow);
      this.pen.globalAlpha = 1;
      this.edges.drawSome(this.pen, theme, this.edges.touching(this.hovered), flow);
    } else {
      this.edges.draw(this.pen, theme, flow);
    }
    if (this.edge >= 0) {
      this.edges.drawHalo(this.pen, theme, this.edge);
      this.edges.drawSome(this.pen, theme, [this.edge], flow);
    }
  }

  #drawNode(node, theme) {
    const { pen } = this;
    const side = node.size - 2;
    pen.globalAlpha = node.on ? 1 : 0.4;
    if (!this.#drawPicture(node, side, theme)) {
      drawNumber(pen, `${node.unit + 1}`, node.x, node.y, side, theme);
    }
    pen.globalAlpha = 1;
    if (node.on && node.column < this.plan.columns.length - 1) drawPort(pen, node, theme);
    if (node.layer >= 0 && this.frame) this.#drawBias(node, theme);
  }

  #drawPicture(node, side, theme) {
    const { pen, pictures, scene } = this;
    const { x, y } = node;
    if (node.layer < 0) {
      if (scene.view !== "images" || !scene.image_shape) {
        return pictures.draw(pen, "inputs", node.row, x, y, side, theme);
      }
      drawPixelPlace(pen, pixelOf(node.unit, scene.image_shape), scene.image_shape, x, y, side, theme);
      return true;
    }
    if (node.layer === 0 && pictures.draw(pen, "weights", node.row, x, y, side, theme)) return true;
    return this.frame
      ? pictures.draw(pen, "maps", node.picture - this.firstMap, x, y, side, theme)
      : false;
  }

  #drawBias(node, theme) {
    const value = this.frame.arrays.biases[biasIndex(this.plan, node)];
    const { x, y } = biasPlace(node);
    const { pen } = this;
    pen.fillStyle = colourOf(value);
    pen.fillRect(x - BIAS / 2, y - BIAS / 2, BIAS, BIAS);
    pen.strokeStyle = theme.muted;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.strokeRect(x - BIAS / 2 + 0.5, y - BIAS / 2 + 0.5, BIAS - 1, BIAS - 1);
    if (!(Math.abs(value) > 0.05)) return;
    // The sign in shape too: a bar for minus, a cross for plus.
    pen.fillStyle = Math.abs(value) > 0.5 ? "#ffffff" : "#31333f";
    pen.fillRect(x - 2.5, y - 0.5, 5, 1);
    if (value > 0) pen.fillRect(x - 0.5, y - 2.5, 1, 5);
  }
}

/** Centre of a node's bias square: outside its lower left corner. */
export const biasPlace = (node) => ({
  x: Math.round(node.x - node.size / 2 - 9) + 0.5,
  y: Math.round(node.y + node.size / 2 - 4) + 0.5,
});

/** The small arrow where a node's output leaves. */
function drawPort(pen, node, theme) {
  const x = node.x + node.size / 2;
  pen.fillStyle = theme.text;
  pen.beginPath();
  pen.moveTo(x, node.y - 4);
  pen.lineTo(x + 5, node.y);
  pen.lineTo(x, node.y + 4);
  pen.fill();
}
