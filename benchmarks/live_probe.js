// Runs in the page before its own scripts: notes every frame of the live channel and when it was
// painted (the acknowledgement is sent after the paint), the last click, and the first element.
window.probe = {frames: [], painted: [], pressed: 0, first: 0};
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(url, protocols) {
    super(url, protocols);
    this.isLive = String(url).includes("/live/");
    if (this.isLive) this.addEventListener("message", event => note(event.data));
  }
  send(data) {
    super.send(data);
    if (this.isLive && typeof data === "string" && data.includes('"ack"'))
      window.probe.painted.push({at: performance.now(), seq: JSON.parse(data).ack});
  }
};
function note(data) {
  if (!(data instanceof ArrayBuffer)) return;
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  if (header.kind === "data") return;
  const {seq, step, status, learning_rate, steps_per_second} = header;
  window.probe.frames.push(
    {at: performance.now(), bytes: data.byteLength, seq, step, status, learning_rate, steps_per_second});
}
for (const kind of ["pointerdown", "keydown"])
  window.addEventListener(kind, () => { window.probe.pressed = performance.now(); }, true);
new MutationObserver(() => {
  if (!window.probe.first && document.querySelector('[data-testid="stElementContainer"]'))
    window.probe.first = performance.now();
}).observe(document, {childList: true, subtree: true});
