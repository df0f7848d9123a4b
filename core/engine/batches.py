"""Mini-batches: the order of an epoch, and the copying of samples. Letters as in `kernels`."""

import numpy as np

from core.engine.compile import double
from core.engine.entries import gather_entries, is_sparse
from core.engine.jit import kernel
from core.engine.lanes import LANES, load, prefetch, store, transpose
from core.engine.layout import INPUTS, UNITS
from core.engine.products import AT_0, by_samples, padded
from core.engine.team import GATHER, shared
from core.maths import random

FEW = 8  # columns up to which a gather goes number by number
COPY_COST = 16  # of a number from memory, in multiplications

ONE, ZERO = np.float32(1.0), np.float32(0.0)

key, draw = double(random.key), double(random.draw)


@kernel
def shuffle(order, seed, epoch):
    """The order of an epoch: `random.permutation(seed, SHUFFLE, epoch, n)`."""
    stream = key(seed, random.SHUFFLE, epoch)
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        j = np.int64(draw(stream, i) % np.uint64(i + 1))
        order[i], order[j] = order[j], order[i]


@kernel
def gather_rows(first, last, X, n, order, start, count, out):
    """Copy samples of n numbers as they lie: rows first to last of out (width, n)."""
    for p in range(first, last):
        row = order[start + (p if p < count else 0)] * n
        following = order[start + (p + 1 if p + 1 < count else 0)] * n
        whole = n // LANES * LANES
        for i in range(0, whole, LANES):
            prefetch(X, following + i)
            store(out, p * n + i, load(X, row + i))
        for i in range(whole, n):
            out[p * n + i] = X[row + i]


@kernel
def gather_columns(X, n, order, start, count, width, rows, out):
    """Copy samples feature-major: out (n, width), with room for whole blocks of 16.

    rows: scratch (width, n).
    """
    if n <= FEW:
        for p in range(width):
            row = order[start + (p if p < count else 0)] * n
            for i in range(n):
                out[i * width + p] = X[row + i]
        return
    gather_rows(AT_0, width, X, n, order, start, count, rows)
    turn(rows, n, width, out, 0)


@kernel
def turn(rows, n, width, out, o):
    """Turn samples as they lie, (width, n), feature-major: (n, width), in blocks of 16 x 16."""
    for i in range(0, n, LANES):
        for p in range(0, width, LANES):
            transpose(rows, p * n + i, n, out, o + i * width + p, width)


gather_together = shared(GATHER, gather_rows)


@kernel
def gather(team, table, buffers, X, Y, order, start, count, smoothing, smooth_to):
    """Copy samples order[start : start + count] into the buffers; their width is `padded`.

    X: see `memory.Inputs`.
    """
    width, last = padded(count), table.shape[0] - 1
    inputs, outputs = table[0, INPUTS], table[last, UNITS]
    if is_sparse(AT_0, buffers):
        values, columns, starts = buffers.X, buffers.columns, buffers.starts
        gather_entries(X, order, start, count, width, values, columns, starts)
    elif by_samples(table, 0):
        cost = COPY_COST * inputs * width
        gather_together(team, AT_0, width, cost, X.values, inputs, order, start, count, buffers.X)
    else:
        gather_columns(X.values, inputs, order, start, count, width, buffers.R, buffers.X)
    if Y.size > 0:
        gather_columns(Y, outputs, order, start, count, width, buffers.R, buffers.Y)
    if smoothing != ZERO:
        for k in range(outputs * width):
            buffers.Y[k] = buffers.Y[k] * (ONE - smoothing) + smoothing * smooth_to
