// The plane's colours: bytes of a map to pixels, and the line where the output changes sides.

import { classTable, mapTable } from "./colours.js";

const NAN = 255;
const ZERO = 127;

/** How far the plane pales towards white so that its points stand out (TensorFlow Playground). */
export const PALE = 95 / 255;

/** The pixel of "not a finite number". */
const notFinite = mapTable()[NAN];

/** A picture of a map, reused from frame to frame; `hasNaN` tells of the last one painted. */
export class Field {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.hasNaN = false;
    this.tables = new Map();
  }

  /** Paint one number a cell. @param {Uint8Array} bytes (height, width), row 0 on top */
  paintValues(bytes, { discretize = false, pale = PALE } = {}) {
    const table = this.table(`v${discretize}${pale}`, () => mapTable({ discretize, pale }));
    const pixels = this.size(bytes.shape);
    let nan = 0;
    for (let i = 0; i < pixels.length; i++) {
      const byte = bytes[i];
      nan |= byte === NAN;
      pixels[i] = table[byte];
    }
    this.finish(nan);
  }

  /**
   * Paint a class and its confidence a cell.
   * @param {Uint8Array} classes (height, width)
   * @param {Uint8Array} confidence (height, width): the class's probability, 0..254 stand for
   *   0..1, 255 for not finite
   */
  paintClasses(classes, confidence, count, { discretize = false, pale = PALE } = {}) {
    const key = `c${count}${discretize}${pale}`;
    const table = this.table(key, () => fadingTable(count, { discretize, pale }));
    const pixels = this.size(classes.shape);
    let nan = 0;
    for (let i = 0; i < pixels.length; i++) {
      const k = classes[i];
      const byte = confidence[i];
      nan |= byte === NAN || k >= count;
      pixels[i] = k < count ? table[k * 256 + byte] : notFinite;
    }
    this.finish(nan);
  }

  table(key, make) {
    if (!this.tables.has(key)) this.tables.set(key, make());
    return this.tables.get(key);
  }

  size([height, width]) {
    const { canvas } = this;
    if (!this.image || canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      this.pen = canvas.getContext("2d");
      this.image = this.pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    return this.pixels;
  }

  finish(nan) {
    this.hasNaN = nan !== 0;
    this.pen.putImageData(this.image, 0, 0);
  }
}

/** How far a winning probability (a byte) lies above mere chance among `count` classes, 0..1. */
const certainty = (byte, count) => Math.max(0, byte / 254 - 1 / count) / (1 - 1 / count);

/** Class colours that fade to grey where the winner is no surer than chance. */
function fadingTable(count, options) {
  const colours = classTable(count, options);
  return colours.map((pixel, i) => {
    const byte = i % 256;
    return byte === NAN ? pixel : colours[i - byte + Math.round(254 * certainty(byte, count))];
  });
}

/**
 * Two classes as one number a cell, as a single output gives it: -1 surely the first .. +1 surely
 * the second, in the bytes of a map.
 */
export function signedMap(classes, confidence) {
  const bytes = new Uint8Array(classes.length);
  for (let i = 0; i < bytes.length; i++) {
    const step = Math.round(ZERO * certainty(confidence[i], 2));
    bytes[i] = confidence[i] === NAN ? NAN : ZERO + (classes[i] ? step : -step);
  }
  bytes.shape = classes.shape;
  return bytes;
}

/**
 * Trace where a map crosses zero (marching squares with linear interpolation) into the pen's
 * current path; `at(column, row)` gives pixels.
 * @param {Uint8Array} bytes (height, width)
 * @param {{x: number, y: number, dx: number, dy: number}} grid pixel of cell (0, 0) and steps
 */
export function traceBoundary(pen, bytes, { x, y, dx, dy }) {
  const [height, width] = bytes.shape;
  const level = ZERO + 0.5;
  for (let row = 0; row + 1 < height; row++) {
    for (let column = 0; column + 1 < width; column++) {
      const i = row * width + column;
      const a = bytes[i];
      const b = bytes[i + 1];
      const c = bytes[i + width + 1];
      const d = bytes[i + width];
      const sides = (a > level) + 2 * (b > level) + 4 * (c > level) + 8 * (d > level);
      if (sides === 0 || sides === 15) continue;
      if (a === NAN || b === NAN || c === NAN || d === NAN) continue;
      const top = [x + (column + (level - a) / (b - a)) * dx, y + row * dy];
      const right = [x + (column + 1) * dx, y + (row + (level - b) / (c - b)) * dy];
      const bottom = [x + (column + (level - d) / (c - d)) * dx, y + (row + 1) * dy];
      const left = [x + column * dx, y + (row + (level - a) / (d - a)) * dy];
      for (const [from, to] of segments(sides, top, right, bottom, left)) {
        pen.moveTo(from[0], from[1]);
        pen.lineTo(to[0], to[1]);
      }
    }
  }
}

/** Line segments of one square by which of its corners lie above (bits a, b, c, d). */
function segments(sides, top, right, bottom, left) {
  switch (Math.min(sides, 15 - sides)) {
    case 1: return [[left, top]];
    case 2: return [[top, right]];
    case 3: return [[left, right]];
    case 4: return [[right, bottom]];
    case 5: return [[left, top], [right, bottom]];
    case 6: return [[top, bottom]];
    default: return [[left, bottom]];
  }
}
