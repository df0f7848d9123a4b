// What a person did on the diagram, on its way to the page: in order, once each, none lost.

const PAUSE = 80; // ms after a rerun: the page's widgets take in what it set
const PATIENCE = 5000; // ms until an action that was not answered is sent again
const DIALOG = 500; // ms until it is looked again whether a dialog was closed

/**
 * One message at a time: sent before the page's widgets have taken in what the last one changed,
 * their old values would undo it. What comes meanwhile goes out together; the page skips by its
 * number what it has done before. Nothing is sent while a dialog is open: the page would draw its
 * fields anew, and a file that is on its way to one would be lost.
 */
export class Actions {
  constructor() {
    this.waiting = []; // sent, and not yet known to be done
    this.count = 0;
  }

  /** @param {(name: string, value: object) => void} trigger of the component, newest mount */
  use(trigger) {
    this.trigger = trigger;
  }

  /** Tell the page; returns the action's number. */
  add(action) {
    this.waiting.push({ ...action, n: ++this.count });
    if (!this.asking) this.#send();
    return this.count;
  }

  /** Everything up to a number was done. */
  done(number) {
    this.count = Math.max(this.count, number);
    const before = this.waiting.length;
    this.waiting = this.waiting.filter(({ n }) => n > number);
    if (this.waiting.length === before) return;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.#send(), PAUSE);
  }

  stop() {
    clearTimeout(this.asking);
  }

  #send() {
    clearTimeout(this.asking);
    const isHeld = document.querySelector("[role='dialog']");
    const pause = isHeld ? DIALOG : PATIENCE;
    this.asking = this.waiting.length && setTimeout(() => this.#send(), pause);
    if (this.asking && !isHeld) this.trigger("action", { actions: [...this.waiting] });
  }
}
