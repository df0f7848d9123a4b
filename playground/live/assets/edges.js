// Connections: curves whose width and colour tell the weight (or the gradient). Sorted by value, so
// that strong ones lie on top and the pen's style changes seldom; one path for many curves would
// be slower (3.1 against 2.5 ms for 192, software raster).

const LEVELS = 96; // distinct widths; finer near zero, where most weights are
const MOST = 1500; // more lines than this is fog, and no longer drawn in time
const MANY = 64; // beyond this, positive edges are not dashed to flow: dashing doubles the cost
const CLAMP = 5; // |weight| of the thickest line, as in TensorFlow Playground
const GRADIENT_FLOOR = -6; // log10 of the thinnest gradient line; 10^0 is the thickest

/** Height along the curve (0..1) for 257 equal steps in x: both ends leave level. */
const RISE = curveTable(256);

function curveTable(steps) {
  const table = new Float32Array(steps + 1);
  for (let k = 0; k <= steps; k++) {
    let low = 0;
    let high = 1;
    for (let n = 0; n < 30; n++) {
      const t = (low + high) / 2;
      if (1.5 * t * (1 - t) + t * t * t < k / steps) low = t;
      else high = t;
    }
    table[k] = 3 * low * low - 2 * low * low * low;
  }
  return table;
}

/** The set of drawn connections of one layout. */
export class Edges {
  /** @param {object} plan what layOut returned */
  constructor(plan) {
    this.plan = plan;
    this.count = plan.edges;
    this.ends = new Float32Array(this.count * 4);
    this.bucket = new Int16Array(this.count);
    this.order = new Int32Array(this.count);
    this.starts = new Int32Array(2 * (LEVELS + 1) + 2);
    this.drawn = 0;
    for (const block of plan.blocks) this.#place(block);
  }

  /** Ends of a block's curves; arrivals are spread over the node, to be told apart. */
  #place({ from, to, offset }) {
    const half = this.plan.size / 2;
    const spread = Math.min(5, (0.75 * this.plan.size) / Math.max(1, from.length));
    for (let i = 0; i < from.length; i++) {
      for (let j = 0; j < to.length; j++) {
        const at = 4 * (offset + i * to.length + j);
        this.ends[at] = from[i].x + half + 5;
        this.ends[at + 1] = from[i].y;
        this.ends[at + 2] = to[j].x - half - 1;
        this.ends[at + 3] = to[j].y + (i - (from.length - 1) / 2) * spread;
      }
    }
  }

  /**
   * Sort the edges by what they show; only the strongest are kept for drawing.
   * @param {Float32Array} values weights or gradients, in plan order
   * @param {boolean} asGradient log scale instead of linear
   */
  set(values, asGradient) {
    this.values = values;
    this.asGradient = asGradient;
    const sizes = new Int32Array(LEVELS + 1);
    for (let e = 0; e < this.count; e++) {
      const level = asGradient ? gradientLevel(values[e]) : weightLevel(values[e]);
      this.bucket[e] = 2 * level + (values[e] < 0 ? 1 : 0);
      sizes[level]++;
    }
    let kept = 0;
    let floor = LEVELS + 1;
    while (floor > 0 && kept + sizes[floor - 1] <= MOST) kept += sizes[--floor];
    if (kept === 0 && this.count) kept = sizes[--floor];
    this.floor = floor;
    this.#group(floor, kept);
  }

  /** Counting sort into buckets at or above the floor level, weakest first. */
  #group(floor, kept) {
    this.starts.fill(0);
    for (let e = 0; e < this.count; e++) this.starts[this.bucket[e] + 1]++;
    for (let b = 0; b < 2 * floor; b++) this.starts[b + 1] = 0;
    for (let b = 1; b < this.starts.length; b++) this.starts[b] += this.starts[b - 1];
    const next = this.starts.slice();
    for (let e = 0; e < this.count; e++) {
      if (this.bucket[e] >= 2 * floor) this.order[next[this.bucket[e]]++] = e;
    }
    this.drawn = kept;
  }

  /**
   * Draw all kept edges.
   * @param {CanvasRenderingContext2D} pen
   * @param {object} theme from readTheme
   * @param {?number} flow dash offset in px while the run plays, null at rest
   */
  draw(pen, theme, flow) {
    pen.lineCap = "butt";
    const dashAll = flow !== null && this.drawn <= MANY;
    for (let b = 0; b < this.starts.length - 1; b++) {
      const [start, end] = [this.starts[b], this.starts[b + 1]];
      if (start === end) continue;
      this.#style(pen, theme, b, flow ?? 0, dashAll);
      for (let k = start; k < end; k++) {
        pen.beginPath();
        this.#trace(pen, this.order[k]);
        pen.stroke();
      }
    }
    pen.setLineDash([]);
  }

  /** Draw some edges again, on top and one by one. @param {Iterable<number>} edges */
  drawSome(pen, theme, edges, flow) {
    for (const edge of edges) {
      pen.beginPath();
      this.#trace(pen, edge);
      this.#style(pen, theme, this.bucket[edge], flow ?? 0, flow !== null);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  /** A pale band under an edge: the one the card is about. */
  drawHalo(pen, theme, edge) {
    pen.beginPath();
    this.#trace(pen, edge);
    pen.setLineDash([]);
    pen.lineWidth = 6 + 9 * (this.bucket[edge] >> 1) / LEVELS;
    pen.strokeStyle = theme.text;
    pen.globalAlpha = 0.18;
    pen.stroke();
    pen.globalAlpha = 1;
  }

  #trace(pen, edge) {
    const [x0, y0, x1, y1] = this.ends.subarray(4 * edge, 4 * edge + 4);
    const middle = (x0 + x1) / 2;
    pen.moveTo(x0, y0);
    pen.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  }

  /** Width and colour of a bucket; negative lines are dashed, so colour is not alone. */
  #style(pen, theme, bucket, flow, dashAll) {
    const share = (bucket >> 1) / LEVELS;
    const negative = bucket & 1;
    const strength = this.asGradient ? share : Math.min(1, CLAMP * share * share);
    const width = 1 + 9 * share * share;
    pen.lineWidth = width;
    pen.strokeStyle = theme.lines[32 + Math.round((negative ? -32 : 32) * strength)];
    if (negative) pen.setLineDash([4 + width * 0.5, 2.5 + width * 0.3]);
    else pen.setLineDash(dashAll ? [12 + 2 * width, 1.2] : []);
    pen.lineDashOffset = flow;
  }

  /**
   * The edge nearest to a point.
   * @returns {number} its index, or -1 when none is within `reach` px
   */
  hit(x, y, reach) {
    let best = -1;
    let nearest = reach;
    for (const block of this.plan.blocks) {
      const first = 4 * block.offset;
      if (!block.from.length || x < this.ends[first] || x > this.ends[first + 2]) continue;
      const last = block.offset + block.from.length * block.to.length;
      for (let e = block.offset; e < last; e++) {
        if (this.bucket[e] < 2 * this.floor) continue;
        const distance = this.#distance(e, x, y);
        if (distance < nearest) [nearest, best] = [distance, e];
      }
    }
    return best;
  }

  /** Distance to a curve: the vertical one, shortened by the slope there; thick lines reach out. */
  #distance(edge, x, y) {
    const [x0, y0, x1, y1] = this.ends.subarray(4 * edge, 4 * edge + 4);
    const along = ((x - x0) / (x1 - x0)) * 256;
    const k = Math.min(255, Math.max(0, Math.floor(along)));
    const rise = RISE[k] + (RISE[k + 1] - RISE[k]) * (along - k);
    const slope = ((RISE[k + 1] - RISE[k]) * 256 * (y1 - y0)) / (x1 - x0);
    const thick = 4.5 * ((this.bucket[edge] >> 1) / LEVELS) ** 2;
    return Math.max(0, Math.abs(y - y0 - rise * (y1 - y0)) / Math.hypot(1, slope) - thick);
  }

  /** A point on an edge, at a share of its way (0..1 in x). */
  pointOn(edge, share = 0.5) {
    const at = 4 * edge;
    const rise = RISE[Math.round(share * 256)];
    return {
      x: this.ends[at] + share * (this.ends[at + 2] - this.ends[at]),
      y: this.ends[at + 1] + rise * (this.ends[at + 3] - this.ends[at + 1]),
    };
  }

  /** Which weight an edge is. @returns {{block: object, i: number, j: number}} */
  describe(edge) {
    const block = this.plan.blocks.findLast((candidate) => candidate.offset <= edge
      && candidate.from.length > 0);
    const within = edge - block.offset;
    return { block, i: Math.floor(within / block.to.length), j: within % block.to.length };
  }

  /** All edges that start or end at a node. */
  touching(node) {
    const edges = [];
    const incoming = this.plan.blocks[node.column - 1];
    const outgoing = this.plan.blocks[node.column];
    if (incoming) {
      const width = incoming.to.length;
      incoming.from.forEach((_, i) => edges.push(incoming.offset + i * width + node.row));
    }
    if (outgoing && node.slot >= 0) {
      const width = outgoing.to.length;
      outgoing.to.forEach((_, j) => edges.push(outgoing.offset + node.slot * width + j));
    }
    return edges;
  }
}

const weightLevel = (value) =>
  Number.isFinite(value) ? Math.round(LEVELS * Math.sqrt(Math.min(1, Math.abs(value) / CLAMP))) : 0;

function gradientLevel(value) {
  if (!Number.isFinite(value) || value === 0) return 0;
  const share = 1 - Math.log10(Math.abs(value)) / GRADIENT_FLOOR;
  return Math.round(LEVELS * Math.min(1, Math.max(0, share)));
}
