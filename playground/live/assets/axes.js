// Sharp canvases, axes with ticks, and numbers written for people.

/**
 * Size a canvas in CSS pixels with as many device pixels as the screen has.
 * @returns {CanvasRenderingContext2D} drawing in CSS pixels
 */
export function sharpen(canvas, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  if (canvas.style) {
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/** Distance between ticks: 1, 2 or 5 times a power of ten, at most `wanted` intervals. */
export function tickStep(lo, hi, wanted) {
  const rough = (hi - lo) / wanted;
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999);
  return factor * power;
}

/** Ticks within lo..hi. */
export function ticks(lo, hi, wanted) {
  const step = tickStep(lo, hi, wanted);
  const first = Math.ceil(lo / step - 1e-6);
  const last = Math.floor(hi / step + 1e-6);
  const found = [];
  for (let i = first; i <= last && found.length < 50; i++) found.push(i * step);
  return found;
}

/** Ticks of a logarithmic axis: the powers of ten in lo..hi, at most about four of them. */
export function powerTicks(lo, hi) {
  const [first, last] = [Math.ceil(Math.log10(lo) - 1e-6), Math.floor(Math.log10(hi) + 1e-6)];
  const step = Math.max(1, Math.ceil((last - first) / 3));
  const found = [];
  for (let power = first; power <= last; power += step) found.push(10 ** power);
  return found;
}

/**
 * A measured number: always as many decimals, powers of ten where it is huge. What is not known is
 * a dash: not there yet, or (the server writes null) not a finite number.
 */
export function fixed(value, digits = 3) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = Math.abs(value) >= 1e4 ? value.toExponential(2) : value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** A tick's number: short, 12k and 3M. */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-3)) {
    return value.toExponential(0).replace("e+", "e").replace("-", "−");
  }
  const [divisor, unit] = size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${+(value / divisor).toPrecision(3)}`.replace("-", "−") + unit;
}

/** An axis's name as people write it: x1 becomes X₁. */
export const axisName = (name) => name.replace(/^x([12])$/, (_, index) => `X${"₁₂"[index - 1]}`);

/** Digits that tell neighbours apart over a range as wide as `span`. */
export const digitsFor = (span) =>
  Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(span > 0 ? span / 12 : 1))));

/**
 * The rectangle of a picture and its scales.
 * @typedef {{left: number, top: number, width: number, height: number,
 *   x: [number, number], y: [number, number], log?: boolean}} Box
 */

/** CSS pixel of a value on the box's x axis. */
export const toX = (box, value) =>
  box.left + ((value - box.x[0]) / (box.x[1] - box.x[0])) * box.width;

/** CSS pixel of a value on the box's y axis, logarithmic where `box.log`. */
export function toY(box, value) {
  const at = box.log ? Math.log10 : (number) => number;
  const share = (at(value) - at(box.y[0])) / (at(box.y[1]) - at(box.y[0]));
  return box.top + (1 - share) * box.height;
}

export const fromX = (box, pixel) =>
  box.x[0] + ((pixel - box.left) / box.width) * (box.x[1] - box.x[0]);
export const fromY = (box, pixel) =>
  box.y[1] - ((pixel - box.top) / box.height) * (box.y[1] - box.y[0]);

/**
 * Ticks and numbers of both axes, outside the box; grid lines where asked.
 * @param {Box} box
 * @param {{xTicks: number[], yTicks: number[], colours: object, grid?: boolean}} options
 */
export function drawAxes(pen, box, { xTicks, yTicks, colours, grid = false }) {
  const bottom = box.top + box.height;
  pen.font = `11px ${colours.font}`;
  pen.fillStyle = colours.muted;
  pen.strokeStyle = grid ? colours.faint : colours.muted;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const tick of xTicks) {
    const x = Math.round(toX(box, tick)) + 0.5;
    pen.moveTo(x, bottom);
    pen.lineTo(x, bottom + 4);
    pen.fillText(short(tick), x, bottom + 6);
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const tick of yTicks) {
    const y = Math.round(toY(box, tick)) + 0.5;
    pen.moveTo(box.left - 4, y);
    pen.lineTo(grid ? box.left + box.width : box.left, y);
    pen.fillText(short(tick), box.left - 6, y);
  }
  pen.stroke();
}

/** Name of the x axis under its ticks and of the y axis turned beside them. */
export function drawLabels(pen, box, { xLabel, yLabel, colours, bottom = 20, left = 26 }) {
  pen.font = `12px ${colours.font}`;
  pen.fillStyle = colours.text;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  pen.fillText(xLabel, box.left + box.width / 2, box.top + box.height + bottom, box.width);
  pen.save();
  pen.translate(box.left - left, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "bottom";
  pen.fillText(yLabel, 0, 0, box.height);
  pen.restore();
}
