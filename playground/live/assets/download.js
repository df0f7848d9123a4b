// A button that fetches a file of the moment from the page's own server.

import { make, setText } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ARROW = "M5 20h14v-2H5v2zM19 9h-4V3H9v6H5l7 7 7-7z";
const buttons = new WeakMap();

/** Mount or update; Streamlit calls this again at every change of data or theme. */
export default function mount({ parentElement: root, data }) {
  let button = buttons.get(root);
  if (!button) {
    button = make("button", { type: "button" }, arrow(), make("span"));
    button.addEventListener("click", () => fetchFile(button.file));
    const href = new URL("download.css", import.meta.url).href;
    root.append(make("link", { rel: "stylesheet", href }), button);
    buttons.set(root, button);
  }
  button.file = data;
  button.title = data.help;
  button.classList.toggle("primary", data.primary);
  setText(button.lastChild, data.label);
}

function arrow() {
  const icon = document.createElementNS(SVG, "svg");
  const shape = document.createElementNS(SVG, "path");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", ARROW);
  icon.append(shape);
  return icon;
}

/** As a link does that names a file: the browser shows and keeps it in its own way. */
function fetchFile({ address, file_name: name }) {
  const link = make("a", { href: location.origin + address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
