// The one helper for making elements. Text only ever enters as text nodes: names come from
// people's own files.

/**
 * Make an element.
 * @param {string} tag
 * @param {object} properties "class", "style" (object), "on" (listeners by event name), "data"
 *   (dataset); everything else is set as an attribute, false and null are left out
 * @param {...(Node|string|null)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") Object.assign(element.style, value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set an element's text only when it changed: an untouched node costs the browser nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
