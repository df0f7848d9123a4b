// The page's own WebSocket: one frame in flight, reconnecting by itself.

import { unpack } from "./frame.js";

const UNKNOWN_RUN = 4404; // the server's close code for a token that it does not know
const LATE = 1500; // ms without a connection before anybody is told
const LONGEST = 4000; // ms between two attempts

/** A channel to one run. Frames are handed on right before a paint and acknowledged after it. */
export class Channel {
  /** @param {{scene, data, frame, connected, lost}} handlers called with what arrives */
  constructor(handlers) {
    this.handlers = handlers;
    this.token = null;
    this.wait = 250;
  }

  /** Connect to a run (again, if the token is another one). */
  open(token) {
    if (token === this.token) return;
    this.close();
    this.token = token;
    this.wait = 250;
    this.isUnknown = false;
    this.#connect();
  }

  /** Send JSON, if the connection stands: hover and the like are not worth queueing. */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Hang up for good. */
  close() {
    clearTimeout(this.retry);
    clearTimeout(this.notice);
    cancelAnimationFrame(this.paint);
    const { socket } = this;
    this.socket = this.token = this.paint = this.pending = this.notice = null;
    socket?.close();
  }

  #connect() {
    const base = location.origin.replace(/^http/, "ws");
    const socket = new WebSocket(`${base}/live/${encodeURIComponent(this.token)}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => socket === this.socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.socket && this.#lost(event.code);
    this.socket = socket;
    if (!this.isUnknown) this.notice ??= setTimeout(() => this.handlers.lost(false), LATE);
  }

  #lost(code) {
    this.pending = null;
    if (code === UNKNOWN_RUN) this.#unknown();
    else this.notice ??= setTimeout(() => this.handlers.lost(false), LATE);
    this.wait = code === UNKNOWN_RUN ? LONGEST : Math.min(this.wait * 2, LONGEST);
    this.retry = setTimeout(() => this.#connect(), this.wait);
  }

  /** Told once; the attempts go on, rarely: a server that was restarted may bring the run back. */
  #unknown() {
    clearTimeout(this.notice);
    this.notice = null;
    if (this.isUnknown) return;
    this.isUnknown = true;
    this.handlers.lost(true);
  }

  #receive(message) {
    this.#reached();
    try {
      if (typeof message === "string") {
        const scene = JSON.parse(message);
        if (scene.kind === "scene") this.handlers.scene(scene);
        return;
      }
      const { header, arrays } = unpack(message);
      if (header.kind === "data") {
        this.handlers.data(header, arrays);
        if (header.seq !== undefined) this.send({ ack: header.seq });
      } else this.#schedule(header, arrays);
    } catch (error) {
      console.error("A message of the live channel could not be read:", error);
      this.send({ ack: 0 }); // or the server would wait for it for ever
    }
  }

  #reached() {
    clearTimeout(this.notice);
    this.notice = null;
    this.wait = 250;
    this.isUnknown = false;
    this.handlers.connected();
  }

  /** The acknowledgement waits for the paint: a hidden tab paints nothing and is sent nothing. */
  #schedule(header, arrays) {
    this.pending = { header, arrays };
    this.paint ??= requestAnimationFrame((now) => {
      this.paint = null;
      const next = this.pending;
      this.pending = null;
      if (!next) return;
      try {
        this.handlers.frame(next.header, next.arrays, now);
      } finally {
        this.send({ ack: next.header.seq });
      }
    });
  }
}
