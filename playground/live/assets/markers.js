// The marks of classes: a shape and a colour each, drawn on canvas and in legends alike.

import { classColour, classMarker } from "./colours.js";

/** Corners on a circle, the first one straight up (or turned by `turn` of a full circle). */
function corners(count, radius, turn = 0, inner = radius) {
  return Array.from({ length: count }, (_, i) => {
    const angle = 2 * Math.PI * (i / count + turn) - Math.PI / 2;
    const reach = i % 2 ? inner : radius;
    return [reach * Math.cos(angle), reach * Math.sin(angle)];
  });
}

const arm = 0.38;
const plus = [
  [-arm, -1.15], [arm, -1.15], [arm, -arm], [1.15, -arm], [1.15, arm], [arm, arm],
  [arm, 1.15], [-arm, 1.15], [-arm, arm], [-1.15, arm], [-1.15, -arm], [-arm, -arm],
];
const turned = plus.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]);

/** Corners of every shape about (0, 0), sized so that all cover about as much as the circle. */
const SHAPES = {
  square: corners(4, 1.25, 1 / 8),
  triangle: corners(3, 1.4),
  diamond: corners(4, 1.3),
  cross: turned,
  "triangle-down": corners(3, 1.4, 1 / 2),
  plus,
  star: corners(10, 1.5, 0, 0.65),
  pentagon: corners(5, 1.2),
  hexagon: corners(6, 1.15),
};

/** Begin the path of a mark of radius `r` at (x, y); the caller fills and strokes. */
export function markerPath(pen, marker, x, y, r) {
  const shape = SHAPES[marker];
  pen.beginPath();
  if (!shape) {
    pen.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  pen.moveTo(x + shape[0][0] * r, y + shape[0][1] * r);
  for (let i = 1; i < shape.length; i++) pen.lineTo(x + shape[i][0] * r, y + shape[i][1] * r);
  pen.closePath();
}

/**
 * How the points of class k look, however many classes there are. Beyond ten the shapes are
 * shifted so that no two classes share shape and colour.
 * @returns {{colour: string, marker: string}}
 */
export function classStyle(k) {
  const colour = k < 2 ? classColour(k) : inked(classColour(k)); // the two ends: as on the plane
  return { colour, marker: classMarker(k + 3 * Math.floor(k / 10)) };
}

/** A light colour darkened, so that a small mark is seen on a pale ground. */
function inked(hex) {
  const rgb = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const light = (0.21 * rgb[0] + 0.72 * rgb[1] + 0.07 * rgb[2]) / 255;
  const keep = light > 0.55 ? 0.55 / light : 1;
  return `rgb(${rgb.map((value) => Math.round(value * keep)).join(",")})`;
}

const SVG = "http://www.w3.org/2000/svg";

/** A mark as a small inline picture for legends; the words stand beside it. */
export function markerIcon({ colour, marker, edge = "none" }, size = 16) {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "-2 -2 4 4");
  icon.setAttribute("width", size);
  icon.setAttribute("height", size);
  icon.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, SHAPES[marker] ? "polygon" : "circle");
  if (SHAPES[marker]) shape.setAttribute("points", SHAPES[marker].flat().join(" "));
  else shape.setAttribute("r", 1);
  shape.setAttribute("fill", colour);
  shape.setAttribute("stroke", edge);
  shape.setAttribute("stroke-width", 0.35);
  icon.append(shape);
  return icon;
}
