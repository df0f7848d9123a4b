// What speaks to the reader: a box near the pointer, and updates calm enough to be read aloud.

import { make } from "./dom.js";

/** Set an attribute only where it differs. */
export function mark(element, name, value) {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * Call `act` at most once every `interval` milliseconds: at once, and at the end with the newest
 * arguments. `cancel()` forgets what waits.
 */
export function throttle(act, interval) {
  let timer = 0;
  let waiting = null;
  const run = (values) => {
    waiting = null;
    timer = setTimeout(tick, interval);
    act(...values);
  };
  const tick = () => {
    timer = 0;
    if (waiting) run(waiting);
  };
  const call = (...values) => {
    if (timer) waiting = values;
    else run(values);
  };
  call.cancel = () => {
    clearTimeout(timer);
    timer = 0;
    waiting = null;
  };
  return call;
}

/** A line that only screen readers meet; `say(text)` speaks it, politely and not too often. */
export class Spoken {
  constructor(interval = 700) {
    this.element = make("p", { class: "output-hidden", "aria-live": "polite" });
    this.say = throttle((text) => (this.element.textContent = text), interval);
  }

  destroy() {
    this.say.cancel();
  }
}

/** A box near the pointer, inside a `position: relative` holder, kept within its edges. */
export class Readout {
  constructor(holder) {
    this.element = make("div", { class: "output-readout", hidden: true, "aria-hidden": "true" });
    this.holder = holder;
    holder.append(this.element);
  }

  /** Show `nodes` beside the point (x, y) of the holder, in CSS pixels. */
  show(x, y, ...nodes) {
    const { element, holder } = this;
    element.replaceChildren(...nodes);
    element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = x + 14 + width > holder.clientWidth ? x - 14 - width : x + 14;
    const top = y + 14 + height > holder.clientHeight ? y - 14 - height : y + 14;
    const [right, bottom] = [holder.clientWidth - width, holder.clientHeight - height];
    const at = [[left, right], [top, bottom]].map(([wish, most]) =>
      Math.max(0, Math.min(wish, most)));
    element.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
  }

  hide() {
    this.element.hidden = true;
  }

  /** The lines as one sentence, for the reader's voice. */
  get text() {
    return [...this.element.children].map((line) => line.textContent).join(", ");
  }
}
