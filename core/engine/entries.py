"""A first layer that is fed sparse samples: only what is not 0 costs anything. See `kernels`.

A sample is the entries from starts[p] up to starts[p + 1]: a value each, and the number of the
input that has it, `core.data.sparse.SparseRows`. As with one-hot inputs, each entry fetches its
row of W and adds it, as an embedding does, and its gradient goes to that row alone.
"""

import numpy as np

from core.engine.jit import kernel
from core.engine.lanes import (
    LANES,
    fma,
    load,
    load_part,
    spread,
    store,
    store_part,
    transpose,
    zeros,
)
from core.engine.layout import BIASES, INPUTS, UNITS, WEIGHTS


@kernel
def is_sparse(layer, buffers):
    """Whether a layer is fed entries."""
    return layer == 0 and buffers.starts.size > 0


@kernel
def gather_entries(X, order, start, count, width, values, columns, starts):
    """Copy the entries of samples order[start : start + count]; more lanes repeat the first."""
    k = 0
    for p in range(width):
        row = order[start + (p if p < count else 0)]
        starts[p] = k
        for e in range(X.starts[row], X.starts[row + 1]):
            values[k], columns[k] = X.values[e], X.columns[e]
            k += 1
    starts[width] = k


@kernel
def entry_sums(first, last, table, params, buffers, T, width):
    """Z = W' X + b of the first layer, for a range of blocks of units. T: scratch (width, 16)."""
    units, w, b = table[0, UNITS], table[0, WEIGHTS], table[0, BIASES]
    values, columns, starts = buffers.X, buffers.columns, buffers.starts
    for j in range(first * LANES, min(last * LANES, units), LANES):
        n = min(LANES, units - j)
        for p in range(width):
            sums = load_part(params, b + j, n)
            for e in range(starts[p], starts[p + 1]):
                row = load_part(params, w + np.int64(columns[e]) * units + j, n)
                sums = fma(spread(values, e), row, sums)
            store(T, p * LANES, sums)
        for p in range(0, width, LANES):
            transpose(T, p * LANES, LANES, buffers.Z, j * width + p, width)


@kernel
def entry_gradient(first, last, table, buffers, T, width):
    """dE/dW = X D' of the first layer, for a range of blocks of units. T: scratch (width, 16)."""
    inputs, units, w = table[0, INPUTS], table[0, UNITS], table[0, WEIGHTS]
    values, columns, starts, G = buffers.X, buffers.columns, buffers.starts, buffers.G
    for j in range(first * LANES, min(last * LANES, units), LANES):
        n = min(LANES, units - j)
        for i in range(inputs):
            store_part(G, w + i * units + j, zeros(), n)
        for p in range(0, width, LANES):
            transpose(buffers.D, j * width + p, width, T, p * LANES, LANES)
        for p in range(width):
            d = load(T, p * LANES)
            for e in range(starts[p], starts[p + 1]):
                k = w + np.int64(columns[e]) * units + j
                store_part(G, k, fma(spread(values, e), d, load_part(G, k, n)), n)
