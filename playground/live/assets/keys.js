// Keys of the whole page: they press Streamlit's own buttons, found by their key classes.

const BUTTONS = {
  " ": "play", ArrowRight: "step", ArrowLeft: "step_back", "?": "help", R: "reset",
};
/** Where a key already means something else. */
const BUSY = [
  "input", "textarea", "select", "button", "a[href]", "summary", "video", "audio",
  "[contenteditable]:not([contenteditable='false'])", "[role='button']", "[role='slider']",
  "[role='menu']", "[role='menuitem']", "[role='listbox']", "[role='option']", "[role='combobox']",
  "[role='tab']", "[role='radio']", "[role='checkbox']", "[role='switch']", "[role='spinbutton']",
  "[role='textbox']", "[role='dialog']", "[role='treeitem']", "[role='gridcell']",
].join(",");

/**
 * Listen on the document.
 * @returns {() => void} stops listening
 */
export function listenToKeys() {
  document.addEventListener("keydown", press);
  document.addEventListener("click", letGo);
  return () => {
    document.removeEventListener("keydown", press);
    document.removeEventListener("click", letGo);
  };
}

/** A button that was clicked with the mouse gives the focus back, or Space would press it again. */
function letGo(event) {
  const isMouse = event.detail > 0; // a click by keyboard counts 0, and keeps its place
  if (isMouse && event.target instanceof Element) event.target.closest(".stButton button")?.blur();
}

function press(event) {
  const name = BUTTONS[event.key];
  if (!name || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "R" && !event.shiftKey) return; // Caps Lock is not Shift
  // Holding a key steps on; it does not flip Play and Pause.
  if (event.repeat && !event.key.startsWith("Arrow")) return;
  // composedPath, not target: the focus may be inside a shadow root.
  const busy = event.composedPath().some((node) => node instanceof Element && node.matches(BUSY));
  if (busy || document.querySelector("[role='dialog'], [role='menu'], [role='listbox']")) return;
  const button = document.querySelector(`.st-key-${name} button`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}
