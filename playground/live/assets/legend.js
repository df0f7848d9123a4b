// What the colours and marks of the output panel mean, in numbers and words.

import { NEGATIVE, POSITIVE, ZERO } from "./colours.js";
import { make } from "./dom.js";
import { short } from "./axes.js";
import { classStyle, markerIcon } from "./markers.js";

/** A colour bar with numbers and the marks of classes; rebuilt only when what it says changes. */
export class Legend {
  constructor(say) {
    this.say = say;
    this.element = make("div", { class: "output-legend" });
    this.key = "";
  }

  /**
   * @param {{bar: ?{range: [number, number], caption: string, discretize: boolean},
   *   classes: string[], note: ?string, slice: ?string, test: boolean}} content
   */
  show(content) {
    const key = JSON.stringify(content);
    if (key === this.key) return;
    this.key = key;
    const { bar, classes, note, slice, test } = content;
    const hints = [note, slice].filter(Boolean);
    this.element.replaceChildren(
      ...(bar ? [colourBar(bar)] : []),
      ...(classes.length ? [classList(classes)] : []),
      ...(test ? [this.pointKinds()] : []),
      ...hints.map((hint) => make("p", { class: "output-hint" }, hint)),
    );
  }

  pointKinds() {
    const shape = { colour: "#9aa3ad", marker: "circle", edge: "#ffffff" };
    return make(
      "ul",
      { class: "output-classes" },
      make("li", {}, markerIcon(shape), this.say("live.output_training_points")),
      make("li", {}, markerIcon({ ...shape, edge: "#111111" }), this.say("live.output_test_points")),
    );
  }
}

function colourBar({ range: [lo, hi], caption, discretize }) {
  const middle = (lo + hi) / 2;
  const stops = discretize
    ? `${NEGATIVE} 50%, ${POSITIVE} 50%`
    : `${NEGATIVE}, ${ZERO}, ${POSITIVE}`;
  return make(
    "div",
    { class: "output-bar" },
    make("span", { class: "output-bar-caption" }, caption),
    make("div", {
      class: "output-bar-colours",
      style: { background: `linear-gradient(90deg, ${stops})` },
    }),
    make(
      "div",
      { class: "output-bar-numbers" },
      ...[lo, middle, hi].map((value) => make("span", {}, short(value))),
    ),
  );
}

function classList(classes) {
  const items = classes.map((name, k) =>
    make("li", {}, markerIcon(classStyle(k)), String(name)),
  );
  return make("ul", { class: "output-classes" }, ...items);
}
