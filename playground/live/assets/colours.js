// The colours of numbers: orange (negative), grey (zero), blue (positive), and of classes.
// Look-up tables hold pixels as the canvas stores them (RGBA, little-endian words).

export const NEGATIVE = "#f59322";
export const ZERO = "#e8eaeb";
export const POSITIVE = "#0877bd";
/** What is not a finite number; darker than zero's grey, so that the two are told apart. */
export const NOT_FINITE = "#7d8389";

/**
 * The plane's two ends, so that two classes look the same when a third one comes; then the rest of
 * Okabe and Ito's colour-blind-safe set (2008), and three of Paul Tol's "muted" set.
 */
export const CLASS_COLOURS = [
  NEGATIVE, POSITIVE, "#009e73", "#cc79a7", "#56b4e9",
  "#d55e00", "#f0e442", "#332288", "#882255", "#999999",
];
/** A marker for each class, so that colour is never the only carrier. */
export const CLASS_MARKERS = [
  "square", "circle", "triangle", "diamond", "cross",
  "triangle-down", "plus", "star", "pentagon", "hexagon",
];

const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (a, b, t) => a.map((value, i) => Math.round(value + (b[i] - value) * t));
const word = ([r, g, b], alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
const css = ([r, g, b]) => `rgb(${r},${g},${b})`;
const [negative, zero, positive, notFinite] = [NEGATIVE, ZERO, POSITIVE, NOT_FINITE].map(parse);

const tone = (value, middle = zero) =>
  Number.isFinite(value)
    ? mix(middle, value < 0 ? negative : positive, Math.min(1, Math.abs(value)))
    : notFinite;

/** Colour of a number, clamped to -1..1, as a CSS colour; not finite gives its own grey. */
export const colourOf = (value) => css(tone(value));

/**
 * Pixels for the bytes of a map: 0..254 stand for -1..+1 (127 is zero), 255 for not finite.
 * @param {{discretize?: boolean, pale?: number}} options pale: 0 full colour .. 1 white, as
 *   TensorFlow Playground pales the plane behind its points (there 95/255)
 * @returns {Uint32Array} 256 pixels
 */
export function mapTable({ discretize = false, pale = 0 } = {}) {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 255; byte++) {
    const value = (byte - 127) / 127;
    table[byte] = word(mix(tone(discretize ? Math.sign(value) : value), [255, 255, 255], pale));
  }
  table[255] = word(notFinite);
  return table;
}

/** Full colours: neurons and the enlarged neuron. */
export const MAP = mapTable();

/**
 * Pixels of a class at a confidence: `table[class * 256 + byte]`, from near zero's grey
 * (byte 0, undecided) to the class colour (byte 254, certain).
 * @returns {Uint32Array} classes * 256 pixels
 */
export function classTable(classes, { discretize = false, pale = 0 } = {}) {
  const table = new Uint32Array(classes * 256);
  for (let k = 0; k < classes; k++) {
    const colour = parse(classColour(k));
    for (let byte = 0; byte < 255; byte++) {
      const strength = discretize ? 1 : byte / 254;
      const pixel = mix(mix(zero, colour, strength), [255, 255, 255], pale);
      table[k * 256 + byte] = word(pixel);
    }
    table[k * 256 + 255] = word(notFinite);
  }
  return table;
}

/** Colour of class number k; beyond ten classes the colours (not the labels) come again. */
export const classColour = (k) => CLASS_COLOURS[k % CLASS_COLOURS.length];
/** Marker name of class number k. */
export const classMarker = (k) => CLASS_MARKERS[k % CLASS_MARKERS.length];

/**
 * Colour of a share 0..1 in a table of counts: zero's grey to blue, darker where the page is dark;
 * and the colour of writing on it.
 * @returns {{fill: string, ink: string}}
 */
export function shareColours(share, dark) {
  const fill = mix(dark ? [38, 45, 54] : zero, dark ? [31, 131, 201] : positive, share);
  const light = (0.2126 * fill[0] + 0.7152 * fill[1] + 0.0722 * fill[2]) / 255;
  return { fill: css(fill), ink: light > 0.55 ? "#1d2733" : "#ffffff" };
}

/** Colours of one page theme, read from Streamlit's variables; `dark` says which kind it is. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  const dark = luminance(background) < 0.4;
  return {
    dark,
    background,
    text: read("--st-text-color", dark ? "#fafafa" : "#31333f"),
    panel: read("--st-secondary-background-color", dark ? "#262730" : "#f0f2f6"),
    border: read("--st-border-color", dark ? "#41444c" : "#d5d6d9"),
    primary: read("--st-primary-color", POSITIVE),
    font: read("--st-font", "sans-serif"),
    muted: dark ? "#a3a8b4" : "#6b7280",
    faint: dark ? "#3d434d" : "#d9dce1",
    negative: NEGATIVE,
    zero: ZERO,
    positive: dark ? "#3ba0e6" : POSITIVE,
    notFinite: NOT_FINITE,
    /** Lines on the page's own background: zero fades into it, blue is lighter in the dark. */
    lines: lineColours(dark),
  };
}

/** 65 CSS colours for lines, index 32 is zero: `lines[32 + Math.round(value * 32)]`. */
function lineColours(dark) {
  const middle = dark ? [70, 77, 87] : [208, 213, 218];
  const ends = [negative, dark ? [59, 160, 230] : positive];
  return Array.from({ length: 65 }, (_, i) => {
    const value = (i - 32) / 32;
    return css(mix(middle, ends[value < 0 ? 0 : 1], Math.min(1, Math.abs(value) * 1.5)));
  });
}

/** Relative brightness 0..1 of any CSS colour; the browser itself does the parsing. */
function luminance(colour) {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

/**
 * Colour a stack item into a canvas of its own size, ready for drawImage.
 * @param {OffscreenCanvas|HTMLCanvasElement|null} canvas reused when it has the right size
 * @param {Uint8Array} bytes one map, row-major
 */
export function paintMap(canvas, bytes, width, height, table = MAP) {
  if (!canvas || canvas.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
  }
  const pen = canvas.getContext("2d");
  const image = (canvas.image ??= pen.createImageData(width, height));
  const pixels = (canvas.pixels ??= new Uint32Array(image.data.buffer));
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[bytes[i]];
  pen.putImageData(image, 0, 0);
  return canvas;
}
