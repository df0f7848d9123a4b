// Where everything in the diagram stands: a pure function of the scene and the width.
// Units are CSS pixels; (x, y) of a node is its centre.

/** Heights of the heading rows above the nodes. */
export const HEADINGS = { layers: 0, bracket: 36, buttons: 46, count: 74, detail: 91, nodes: 124 };
const MIN_PITCH = 84; // two 24 px buttons and air
const MAX_PITCH = 230;

/**
 * @typedef {object} Node one drawn neuron or input
 * @property {number} layer -1 for inputs, then 0.. (the output layer is the last)
 * @property {number} unit index in the whole layer (for 2-D data: among all seven features)
 * @property {number} column @property {number} row
 * @property {number} x @property {number} y @property {number} size
 * @property {boolean} on false for a feature that is switched off
 * @property {number} slot row among the weights' shown inputs or columns; -1 when off
 * @property {number} picture index into the maps (or the input maps); -1 without one
 * @property {string} label @property {?string} feature id of a 2-D feature
 */

/**
 * Lay out a scene.
 * @param {object} scene as sent by the server
 * @param {number} available width in px
 * @returns {{columns: object[], nodes: Node[], blocks: object[], width: number, height: number,
 *   size: number, edges: number}}
 */
export function layOut(scene, available) {
  const columns = scene.columns.map((column, index) => readColumn(column, index));
  const rows = Math.max(...columns.map((column) => column.nodes.length));
  const images = scene.view === "images";
  const size = images ? 42 : 36;
  const rowPitch = rows > 8 ? size + 10 : size + 18;
  const margins = sideMargins(scene, columns, available);
  const gaps = Math.max(1, columns.length - 1);
  const space = available - margins.left - margins.right - size;
  const pitch = Math.min(MAX_PITCH, Math.max(MIN_PITCH, space / gaps));
  const natural = margins.left + margins.right + size + pitch * (columns.length - 1);
  placeNodes(columns, { left: margins.left + size / 2, pitch, rowPitch, size });
  numberPictures(columns);
  const blocks = linkBlocks(columns);
  return {
    columns, blocks, width: natural, size, pitch, margins,
    nodes: columns.flatMap((column) => column.nodes),
    height: HEADINGS.nodes + rows * rowPitch + (columns.some((c) => c.paged) ? 34 : 6),
    edges: blocks.reduce((sum, block) => sum + block.from.length * block.to.length, 0),
  };
}

/** Names of the shown units of a column, in order. */
function readColumn(column, index) {
  const layer = column.role === "input" ? -1 : column.layer;
  const base = { column: index, layer, on: true, feature: null, label: "" };
  const start = column.start ?? 0;
  let nodes;
  if (column.role === "input" && column.features) {
    nodes = column.features.map((feature, i) => ({
      ...base, unit: i, on: feature.on, feature: feature.id, label: feature.label,
    }));
  } else {
    const shown = column.shown ?? column.names?.length ?? column.total;
    nodes = Array.from({ length: shown }, (_, i) => ({
      ...base, unit: start + i, label: column.names?.[i] ?? "",
    }));
  }
  let slot = 0;
  nodes.forEach((node, row) => {
    node.row = row;
    node.slot = node.on ? slot++ : -1;
  });
  const paged = !column.features && nodes.length < column.total;
  return { ...column, index, layer, nodes, start, paged };
}

/** Room for names left of the inputs and right of the outputs. */
function sideMargins(scene, columns, available) {
  const narrow = available < 560;
  const names = Math.max(0, ...columns[0].nodes.map((node) => node.label.length));
  const plane = scene.view === "plane" || scene.view === "curve";
  const left = plane ? (narrow ? 54 : 62) : Math.min(narrow ? 86 : 132, 20 + names * 7);
  const outputs = columns.at(-1).nodes.length;
  const classNames = outputs > 1 ? Math.max(0, ...(scene.classes ?? []).map((c) => c.length)) : 0;
  const right = outputs > 1 ? Math.min(narrow ? 64 : 110, 34 + classNames * 7) : 22;
  return { left, right };
}

/** Features start at the top; layers stand centred beside the rows that carry the flow. */
function placeNodes(columns, { left, pitch, rowPitch, size }) {
  const active = columns.map((column) => column.nodes.filter((node) => node.on).length);
  const tallest = Math.max(...active);
  for (const column of columns) {
    column.x = left + column.index * pitch;
    const offset = column.role === "input" && column.features
      ? 0
      : (tallest - column.nodes.length) / 2;
    for (const node of column.nodes) {
      node.size = size;
      node.x = column.x;
      node.y = HEADINGS.nodes + size / 2 + (node.row + offset) * rowPitch;
    }
  }
}

/** Maps come in column order, hidden and output nodes counted through. */
function numberPictures(columns) {
  let next = 0;
  for (const column of columns) {
    for (const node of column.nodes) {
      node.picture = column.role === "input" ? node.row : next++;
    }
  }
}

/** Between two neighbouring columns: every shown unit to every shown unit, row-major. */
function linkBlocks(columns) {
  const blocks = [];
  let offset = 0;
  let biasOffset = 0;
  for (let c = 1; c < columns.length; c++) {
    const from = columns[c - 1].nodes.filter((node) => node.on);
    const to = columns[c].nodes;
    blocks.push({ layer: c - 1, from, to, offset, biasOffset });
    offset += from.length * to.length;
    biasOffset += to.length;
  }
  return blocks;
}

/** Index of a node's bias among all shown biases; -1 for inputs. */
export function biasIndex(plan, node) {
  const block = plan.blocks[node.column - 1];
  return block ? block.biasOffset + node.row : -1;
}

/** Index of a weight among all shown weights. */
export const edgeIndex = (block, i, j) => block.offset + i * block.to.length + j;
