// What stands inside the neurons: maps of the plane, curves, or weights as images.

import { MAP, paintMap } from "./colours.js";

/** Colours stacks of maps in one pass and draws single ones from them. */
export class Pictures {
  constructor() {
    this.sheets = {};
  }

  /**
   * Colour a stack (n, h, w) of maps; in memory it already is one tall image.
   * @param {string} name which stack
   * @param {?Uint8Array} stack with `.shape`; a stack (n, w) holds curves and stays bytes
   */
  set(name, stack) {
    if (!stack || !stack.shape[0]) {
      delete this.sheets[name];
      return;
    }
    const [count, height, width] = stack.shape;
    const old = this.sheets[name];
    if (width === undefined) this.sheets[name] = { count, curves: stack, width: height };
    else {
      const canvas = paintMap(old?.canvas ?? null, stack, width, count * height, MAP);
      this.sheets[name] = { count, canvas, width, height };
    }
  }

  /** Number of pictures in a stack. */
  count(name) {
    return this.sheets[name]?.count ?? 0;
  }

  /**
   * Draw one picture into a square around (x, y).
   * @returns {boolean} false when the stack has no such picture
   */
  draw(pen, name, index, x, y, side, theme) {
    const sheet = this.sheets[name];
    if (!sheet || index < 0 || index >= sheet.count) return false;
    const left = x - side / 2;
    const top = y - side / 2;
    if (sheet.curves) {
      drawCurve(pen, sheet.curves, index * sheet.width, sheet.width, left, top, side, theme);
    } else {
      // A handful of pixels stays sharp-edged (an image's weights); a map is smooth.
      pen.imageSmoothingEnabled = sheet.height > 28;
      pen.drawImage(sheet.canvas, 0, index * sheet.height, sheet.width, sheet.height,
        left, top, side, side);
    }
    return true;
  }
}

/** A neuron's output over a 1-D input: the line, and the area to zero in its sign's colour. */
function drawCurve(pen, bytes, start, count, left, top, side, theme) {
  pen.fillStyle = theme.panel;
  pen.fillRect(left, top, side, side);
  const middle = top + side / 2;
  const step = side / count;
  const height = (k) => ((bytes[start + k] - 127) / 127) * (side / 2 - 2);
  for (const sign of [1, -1]) {
    pen.fillStyle = sign > 0 ? theme.positive : theme.negative;
    pen.globalAlpha = 0.45;
    for (let k = 0; k < count; k++) {
      const value = bytes[start + k] === 255 ? 0 : height(k);
      if (value * sign > 0) {
        pen.fillRect(left + k * step, Math.min(middle, middle - value), step + 0.3,
          Math.abs(value));
      }
    }
  }
  pen.globalAlpha = 1;
  pen.beginPath();
  let drawing = false;
  for (let k = 0; k < count; k++) {
    const finite = bytes[start + k] !== 255;
    const x = left + (k + 0.5) * step;
    if (finite && drawing) pen.lineTo(x, middle - height(k));
    else if (finite) pen.moveTo(x, middle - height(k));
    drawing = finite;
  }
  pen.strokeStyle = theme.text;
  pen.lineWidth = 1.3;
  pen.stroke();
}

export const COLOURS = ["red", "green", "blue"];

/** Which pixel an input belongs to: three in a row are red, green and blue of one. */
export function pixelOf(unit, [, , colours = 1]) {
  return Math.floor(unit / colours);
}

/** An input of an image: the image's grid with the input's own pixel marked. */
export function drawPixelPlace(pen, unit, [rows, columns], x, y, side, theme) {
  const left = x - side / 2;
  const top = y - side / 2;
  pen.fillStyle = theme.panel;
  pen.fillRect(left, top, side, side);
  pen.fillStyle = theme.faint;
  const cell = side / Math.max(rows, columns);
  if (rows <= 10) {
    for (let k = 1; k < rows; k++) pen.fillRect(left, top + k * cell, side, 0.5);
    for (let k = 1; k < columns; k++) pen.fillRect(left + k * cell, top, 0.5, side);
  }
  const mark = Math.max(cell, 4);
  const column = unit % columns;
  const row = Math.floor(unit / columns);
  pen.fillStyle = theme.text;
  pen.fillRect(left + (column + 0.5) * cell - mark / 2, top + (row + 0.5) * cell - mark / 2,
    mark, mark);
}

/** A neuron without a picture: plain, with its number. */
export function drawNumber(pen, text, x, y, side, theme) {
  pen.fillStyle = theme.panel;
  pen.fillRect(x - side / 2, y - side / 2, side, side);
  pen.fillStyle = theme.muted;
  pen.font = `12px ${theme.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x, y);
}
