// Sentences from the catalogue and numbers as people read them.

/**
 * A translator over the catalogue that the page hands in.
 * @param {Object<string, string>} catalogue flat keys such as "live.neurons"
 * @returns {(key: string, values?: object) => string} fills {name} places; a missing key shows
 *   itself, so that a gap is seen and nothing breaks
 */
export function translator(catalogue) {
  return (key, values = {}) => {
    const sentence = catalogue?.[`live.${key}`] ?? catalogue?.[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  };
}

/** A loss as the page's metrics show it (transport.py); a dash for one that is not known. */
export function lossText(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0 || (size >= 0.0005 && size < 1e4)) return value.toFixed(3);
  return value.toExponential(1).replace("+", "");
}

/** A share in per cent, anything else like a loss. */
export function metricText(name, value) {
  const isShare = name === "accuracy" && Number.isFinite(value);
  return isShare ? `${(100 * value).toFixed(1)}%` : lossText(value);
}

/** A number as people type it, with a decimal point or comma; NaN for anything else. */
export function readNumber(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/** A number in few, mostly fixed digits, so that a live value does not jump about. */
export function formatNumber(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let digits;
  if (size !== 0 && (size < 0.0005 || size >= 1e5)) digits = value.toExponential(1);
  else digits = value.toFixed(size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0);
  return digits.replaceAll("-", "−");
}

const FEATURES = {
  x1: [["X"], ["1", "sub"]],
  x2: [["X"], ["2", "sub"]],
  x1_squared: [["X"], ["1", "sub"], ["2", "sup"]],
  x2_squared: [["X"], ["2", "sub"], ["2", "sup"]],
  x1_x2: [["X"], ["1", "sub"], ["X"], ["2", "sub"]],
  sin_x1: [["sin(X"], ["1", "sub"], [")"]],
  sin_x2: [["sin(X"], ["2", "sub"], [")"]],
};

/** A feature's name as DOM nodes: indices low, powers high (one above the other in X1 squared). */
export function featureLabel(id, fallback) {
  const parts = FEATURES[id];
  if (!parts) return [document.createTextNode(fallback ?? id)];
  return parts.map(([piece, tag]) => {
    const text = document.createTextNode(piece);
    if (!tag) return text;
    const element = document.createElement(tag);
    element.append(text);
    return element;
  });
}
