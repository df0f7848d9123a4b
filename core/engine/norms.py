"""Lengths of gradients, weights and updates.

Four sums run side by side: one alone would wait for its own last addition at every step, and the
three norms that a recorded step asks for would cost as much as the step of a small network.
A layer's squares are summed block by block, so that threads can share them with the same bits.
"""

import numpy as np

from core.engine.jit import kernel
from core.engine.lanes import LANES, add, fma, load, load_part, store_part, sub, total, zeros
from core.engine.layout import STOP, WEIGHTS

f32 = np.float32
# Between these, squares in float32 neither overflow nor lose what counts to denormals.
SMALL_SQUARES, LARGE_SQUARES = f32(1e-26), f32(1e38)
BLOCK = 4096  # numbers of a block


@kernel
def squares(values, start, stop):
    """Sum of the squares in a range; in double where they leave float32's range."""
    s0, s1, s2, s3 = zeros(), zeros(), zeros(), zeros()
    k = start
    while k + 4 * LANES <= stop:
        v0, v1 = load(values, k), load(values, k + LANES)
        v2, v3 = load(values, k + 2 * LANES), load(values, k + 3 * LANES)
        s0, s1, s2, s3 = fma(v0, v0, s0), fma(v1, v1, s1), fma(v2, v2, s2), fma(v3, v3, s3)
        k += 4 * LANES
    while k < stop:
        v = load_part(values, k, min(LANES, stop - k))
        s0 = fma(v, v, s0)
        k += LANES
    found = total(add(add(s0, s1), add(s2, s3)))
    if SMALL_SQUARES < found < LARGE_SQUARES:
        return np.float64(found)
    exact = 0.0
    for i in range(start, stop):
        exact += np.float64(values[i]) * np.float64(values[i])
    return exact


@kernel
def squared_distance(values, others, start, stop):
    """`squares` of the difference of two arrays."""
    s0, s1 = zeros(), zeros()
    k = start
    while k + 2 * LANES <= stop:
        v = sub(load(values, k), load(others, k))
        w = sub(load(values, k + LANES), load(others, k + LANES))
        s0, s1 = fma(v, v, s0), fma(w, w, s1)
        k += 2 * LANES
    while k < stop:
        n = min(LANES, stop - k)
        v = sub(load_part(values, k, n), load_part(others, k, n))
        s0 = fma(v, v, s0)
        k += LANES
    found = total(add(s0, s1))
    if SMALL_SQUARES < found < LARGE_SQUARES:
        return np.float64(found)
    exact = 0.0
    for i in range(start, stop):
        difference = np.float64(values[i]) - np.float64(others[i])
        exact += difference * difference
    return exact


@kernel
def norm(values, start, stop):
    """Euclidean norm of a range."""
    return np.sqrt(squares(values, start, stop))


# ---- layer by layer, in blocks --------------------------------------------------------------


@kernel
def blocks_of(table, layer):
    """How many blocks a layer's parameters make."""
    return (table[layer, STOP] - table[layer, WEIGHTS] + BLOCK - 1) // BLOCK


@kernel
def n_blocks(table):
    """How many blocks all layers make."""
    count = 0
    for layer in range(table.shape[0]):
        count += blocks_of(table, layer)
    return count


@kernel
def block_at(table, block):
    """Where a block begins and ends."""
    layer = 0
    while block >= blocks_of(table, layer):
        block -= blocks_of(table, layer)
        layer += 1
    start = table[layer, WEIGHTS] + block * BLOCK
    return start, min(start + BLOCK, table[layer, STOP])


@kernel
def before_update(first, last, table, params, G, before, sums):
    """Keep a copy of the parameters; squares of the gradient into sums, for a range of blocks."""
    for block in range(first, last):
        start, stop = block_at(table, block)
        for k in range(start, stop, LANES):
            n = min(LANES, stop - k)
            store_part(before, k, load_part(params, k, n), n)
        sums[block] = squares(G, start, stop)


@kernel
def after_update(first, last, n, table, params, before, sums):
    """Squares of the parameters and of their moves into sums, behind the n that are there."""
    for block in range(first, last):
        start, stop = block_at(table, block)
        sums[n + block] = squares(params, start, stop)
        sums[2 * n + block] = squared_distance(params, before, start, stop)


@kernel
def layer_norms(table, sums, block, row):
    """Each layer's norm into row, from the squares that begin at a block."""
    for layer in range(table.shape[0]):
        found = 0.0
        for _ in range(blocks_of(table, layer)):
            found += sums[block]
            block += 1
        row[layer] = np.sqrt(found)
