"""Back from the loss: kernels between two products, as in `forward`."""

import numpy as np
from numba import cuda, float32

from core.engine.cuda.block import at
from core.engine.cuda.jit import kernel
from core.engine.cuda.large.grid import PARTS, added_up, everyone
from core.engine.cuda.maths import place
from core.engine.cuda.normalize import is_over_batch
from core.engine.cuda.stages import put_back
from core.engine.layout import ACTIVATION, BIASES, ROW, UNITS

ZERO = np.float32(0.0)


@kernel
def sum_slopes(m, layer, count):
    """dE/db = sum D of a layer, a block a unit; 0 where a batch's mean takes it out again."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    units, b, row = at(m, layer, UNITS), at(m, layer, BIASES), at(m, layer, ROW)
    taken_out = is_over_batch(m, layer)
    for j in range(t.row, units, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            total = ZERO
            for p in range(part, count, PARTS):
                total += m.D[place((row + j) * count + p)]
            parts[part] = total
        total = added_up(t, parts, PARTS)
        if t.lane == 0:
            m.G[place(b + j)] = ZERO if taken_out else total


@kernel
def put_back_layer(m, layer, count):
    """D = dE/dH, the product alone, through dropout and activation; dE/db, as `sum_slopes`."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    units, code, b = at(m, layer, UNITS), at(m, layer, ACTIVATION), at(m, layer, BIASES)
    row, is_masked = at(m, layer, ROW), m.dropout[layer] > 0.0
    for j in range(t.row, units, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            total = ZERO
            for p in range(part, count, PARTS):
                k = place((row + j) * count + p)
                d = put_back(m, code, k, m.D[k], is_masked)
                m.D[k] = d
                total += d
            parts[part] = total
        total = added_up(t, parts, PARTS)
        if t.lane == 0:
            m.G[place(b + j)] = total
