// What a person must be told over the pictures: waiting, reconnecting; and the quiet summary for
// screen readers. How a run diverged, and the way back, is said by the page.

import { make, setText } from "./dom.js";
import { formatNumber } from "./text.js";

const CALM = 5000; // ms between two spoken summaries while the run plays

/** Passing notices over the diagram's foot, and a polite live region. */
export class Notices {
  /** @param {(key: string, values?: object) => string} t */
  constructor(t) {
    this.t = t;
    this.connection = make("div", { class: "notice", role: "status", hidden: true });
    this.waiting = make("div", { class: "notice", role: "status", hidden: true });
    this.summary = make("div", { class: "unseen", "aria-live": "polite" });
    this.passing = make("div", { class: "passing" }, this.waiting, this.connection);
    this.spoken = -Infinity;
  }

  /** The connection stands or not. @param {?string} key of the sentence, null when it stands */
  connected(key) {
    this.#show(this.connection, key && this.t(key), key !== "run_unknown");
  }

  /** What a frame's header says about the run. */
  frame(header, now) {
    this.#show(this.waiting, header.waiting && this.t(header.waiting.replace(/^live\./, "")), true);
    this.#speak(header, now);
  }

  #speak({ status, epoch, train_loss: train, test_loss: test }, now) {
    const changed = status !== this.status;
    if (!Number.isFinite(train) || (!changed && now - this.spoken < CALM)) return;
    if (status !== "playing" && !changed && epoch === this.epoch) return;
    Object.assign(this, { status, epoch, spoken: now });
    setText(this.summary, this.t("summary", {
      status: this.t(`status_${status}`), epoch: Math.floor(epoch),
      train: formatNumber(train), test: formatNumber(test),
    }));
  }

  #show(element, text, busy) {
    element.hidden = !text;
    if (!text) return;
    element.classList.toggle("busy", busy);
    setText(element, text);
  }
}
