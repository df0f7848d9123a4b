// What lies beyond the edges of a diagram that is wider than its place: a shade over the edge, and
// a button that says how many layers there are and goes there.

import { make, setText } from "./dom.js";

const STRIDE = 0.8; // of the visible width, at one press

/** The scroller's frame, with a shade and a button at either side. */
export class Beyond {
  /** @param {(key: string, values?: object) => string} t @param {HTMLElement} scroller */
  constructor(t, scroller) {
    this.t = t;
    this.scroller = scroller;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.sides = [this.#side("left", -1), this.#side("right", 1)];
    const parts = this.sides.flatMap(({ shade, button }) => [shade, button]);
    this.root = make("div", { class: "window" }, scroller, ...parts);
  }

  #side(name, direction) {
    const shade = make("div", { class: `shade ${name}`, hidden: true });
    const button = make("button", {
      type: "button", class: `more ${name}`, hidden: true,
      on: { click: () => this.#go(direction) },
    });
    return { direction, shade, button };
  }

  /** Say what is out of sight. @param {{columns: {x: number}[]}} plan what layOut returned */
  show({ columns }) {
    const { scrollLeft, clientWidth, scrollWidth } = this.scroller;
    const end = scrollLeft + clientWidth;
    const more = [scrollLeft > 2, end < scrollWidth - 2];
    const count = [
      columns.filter(({ x }) => x < scrollLeft).length,
      columns.filter(({ x }) => x > end).length,
    ];
    this.sides.forEach((side, k) => this.#showSide(side, more[k], count[k]));
  }

  #showSide({ direction, shade, button }, more, count) {
    shade.hidden = !more;
    const gone = !more || !count;
    if (gone && button.matches(":focus")) this.sides[direction < 0 ? 1 : 0].button.focus();
    button.hidden = gone;
    const words = this.t(count === 1 ? "more_layer" : "more_layers", { n: count });
    setText(button, direction < 0 ? `← ${words}` : `${words} →`);
  }

  #go(direction) {
    const left = direction * STRIDE * this.scroller.clientWidth;
    this.scroller.scrollBy({ left, behavior: this.still.matches ? "auto" : "smooth" });
  }
}
