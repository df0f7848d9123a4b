"""From inputs to outputs: z = W' x + b, a = f(z), layer by layer. Letters as in `kernels`."""

import numpy as np

from core.engine.compile import double
from core.engine.entries import entry_sums, is_sparse
from core.engine.jit import kernel
from core.engine.lanes import LANES, add, load, store, zeros
from core.engine.layout import (
    ACTIVATION,
    INPUTS,
    NORMALIZATION,
    ROW,
    SOFTMAX_CODE,
    UNITS,
)
from core.engine.loops import activate
from core.engine.normalize import NOT_NORMALIZED, normalize_together, normalized_items
from core.engine.products import (
    AT_0,
    by_samples,
    layer_sums,
    padded,
    sum_blocks,
    turn_back,
)
from core.engine.scalars import exp
from core.engine.team import ACTIVATE, SUMS, TURN, shared
from core.maths import random

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)
# Of one number, in multiplications: turned, put through a function, normalized.
TURN_COST, FUNCTION_COST, NORMALIZE_COST = 8, 8, 4

key, draw, uniform = double(random.key), double(random.draw), double(random.uniform)
normal = double(random.normal)


@kernel
def add_noise(table, X, width, count, deviation, stream):
    """Keras's GaussianNoise on the inputs: normal number p * inputs + i for input i of sample p."""
    inputs = table[0, INPUTS]
    row, step = (inputs, 1) if by_samples(table, 0) else (1, width)
    for p in range(count):
        for i in range(inputs):
            X[p * row + i * step] += f32(deviation * normal(stream, p * inputs + i))


@kernel
def softmax(Z, A, S, units, width):
    """a_j = exp(z_j - max z) / sum_k exp(z_k - max z), over the units of each sample."""
    for p in range(width):
        S[p] = Z[p]
    for j in range(1, units):
        z = Z[j * width : (j + 1) * width]
        for p in range(width):
            S[p] = z[p] if z[p] > S[p] else S[p]
    for j in range(units):
        z, a = Z[j * width : (j + 1) * width], A[j * width : (j + 1) * width]
        for p in range(width):
            a[p] = exp(z[p] - S[p])
    for p in range(0, width, LANES):
        sums = zeros()
        for j in range(units):
            sums = add(sums, load(A, j * width + p))
        store(S, p, sums)
    for j in range(units):
        a = A[j * width : (j + 1) * width]
        for p in range(width):
            a[p] /= S[p]


@kernel
def fed_by(table, layer, buffers, dropout, width):
    """What feeds a layer, and where it begins: the inputs, or the layer below after its dropout."""
    if layer == 0:
        return buffers.X, AT_0
    start = table[layer - 1, ROW] * width
    return buffers.H if dropout[layer - 1] > ZERO else buffers.A, start


@kernel
def turn_inputs(first, last, table, layer, buffers, dropout, width):
    """What feeds a layer by samples, a row for each sample, into R."""
    inputs = table[layer, INPUTS]
    X, x = fed_by(table, layer, buffers, dropout, width)
    turn_back(first, last, inputs, X, x, buffers.R, padded(inputs), width)


@kernel
def sums(first, last, table, layer, params, buffers, dropout, width, T):
    """z = W' x + b."""
    if is_sparse(layer, buffers):
        entry_sums(first, last, table, params, buffers, T, width)
        return
    X, x = fed_by(table, layer, buffers, dropout, width)
    row = table[layer, INPUTS]
    if layer > 0 and by_samples(table, layer):
        X, x, row = buffers.R, AT_0, padded(row)
    start = table[layer, ROW] * width
    layer_sums(first, last, table, layer, params, X, x, row, T, buffers.Z, start, width)


@kernel
def dropout_mask(first, last, M, A, H, units, width, rate, stream):
    """Inverted dropout: h = a / (1 - rate) with probability 1 - rate, else 0; units first to last.

    The number for unit j of sample p of the batch is draw p * units + j of the step's stream.
    """
    kept = ONE / (ONE - rate)
    for j in range(first, last):
        for p in range(width):
            m = kept if uniform(draw(stream, p * units + j)) >= rate else ZERO
            M[j * width + p] = m
            H[j * width + p] = A[j * width + p] * m


@kernel
def activations(first, last, table, layer, buffers, dropout, width, seed, step):
    """a = f(z), and what dropout leaves of it, for units first to last."""
    row, rate = table[layer, ROW], dropout[layer]
    start, stop = (row + first) * width, (row + last) * width
    activate(table[layer, ACTIVATION], buffers.Z[start:stop], buffers.A[start:stop])
    if rate > ZERO:
        M, A, H = buffers.M[row * width :], buffers.A[row * width :], buffers.H[row * width :]
        stream = key(seed, random.DROPOUT + layer, step)
        dropout_mask(first, last, M, A, H, table[layer, UNITS], width, rate, stream)


turn_together = shared(TURN, turn_inputs)
sums_together = shared(SUMS, sums)
activate_together = shared(ACTIVATE, activations)


@kernel
def forward(team, table, params, buffers, width, count, dropout, seed, step):
    """z = W' x + b, a = f(z), or f of z normalized, layer by layer."""
    for layer in range(table.shape[0]):
        inputs, units = table[layer, INPUTS], table[layer, UNITS]
        if layer > 0 and by_samples(table, layer):
            cost = TURN_COST * inputs * width
            turn_together(team, layer, width // LANES, cost, table, layer, buffers, dropout, width)
        blocks, cost = sum_blocks(table, layer, width), inputs * units * width
        if is_sparse(layer, buffers):
            blocks, cost = padded(units) // LANES, buffers.starts[width] * units
        sums_together(
            team, layer, blocks, cost, table, layer, params, buffers, dropout, width, buffers.T
        )
        if table[layer, NORMALIZATION] != NOT_NORMALIZED:
            items, cost = normalized_items(table, layer, width), NORMALIZE_COST * units * width
            normalize_together(
                team, layer, items, cost, table, layer, params, buffers, width, count, step
            )
        if table[layer, ACTIVATION] == SOFTMAX_CODE:
            start, stop = table[layer, ROW] * width, (table[layer, ROW] + units) * width
            softmax(buffers.Z[start:stop], buffers.A[start:stop], buffers.S, units, width)
        else:
            cost = FUNCTION_COST * units * width
            activate_together(
                team, layer, units, cost, table, layer, buffers, dropout, width, seed, step
            )
