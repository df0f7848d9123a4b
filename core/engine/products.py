"""The products of a layer, and the gathering of a batch. Letters as in `kernels`.

Large products are BLAS (one thread). Small ones, where a call would cost more than the product,
keep a tile of sums in registers: eight rows of the result by one vector of samples or units.
Matrices are flat arrays with the place of their first number: X from x on, Z from z on.
"""

import numpy as np

from core.engine.blas import multiply
from core.engine.jit import kernel
from core.engine.lanes import (
    LANES,
    add,
    fma,
    load,
    spread,
    store,
    store_part,
    total,
    transpose,
    zeros,
)
from core.engine.layout import BIASES, INPUTS, UNITS, WEIGHTS

ONE, ZERO = np.float32(1.0), np.float32(0.0)

LARGE = 1 << 19  # multiplications of a product from which on BLAS is the faster
FEW = 8  # columns up to which a gather goes number by number
TILE = 8  # rows of a tile: enough sums under way to hide the latency of an addition


@kernel
def padded(count):
    """A count, rounded up to whole vectors."""
    return (count + LANES - 1) // LANES * LANES


@kernel
def is_large(table, layer, width):
    """Whether a layer's products go to BLAS; then a first layer's X is (width, inputs)."""
    return table[layer, INPUTS] * table[layer, UNITS] * width >= LARGE


@kernel
def gather_rows(X, order, start, count, width, out):
    """Copy samples as they lie: out (width, inputs)."""
    n = X.shape[1]
    for p in range(width):
        row = order[start + (p if p < count else 0)]
        for i in range(n):
            out[p * n + i] = X[row, i]


@kernel
def gather_columns(X, order, start, count, width, rows, out):
    """Copy samples feature-major: out (inputs, width), with room for whole blocks of 16.

    rows: scratch (width, inputs).
    """
    n = X.shape[1]
    if n <= FEW:
        for p in range(width):
            row = order[start + (p if p < count else 0)]
            for i in range(n):
                out[i * width + p] = X[row, i]
        return
    gather_rows(X, order, start, count, width, rows)
    for i in range(0, n, LANES):
        for p in range(0, width, LANES):
            transpose(rows, p * n + i, n, out, i * width + p, width)


@kernel
def layer_sums(table, layer, params, X, x, Z, z, width):
    """Z = W' X + b."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    w, b = table[layer, WEIGHTS], table[layer, BIASES]
    if is_large(table, layer, width):
        for j in range(units):
            for p in range(0, width, LANES):
                store(Z, z + j * width + p, spread(params, b + j))
        multiply(True, layer == 0, units, width, inputs, params, w, X, x, ONE, Z, z)
        return
    for p in range(0, width, LANES):
        j = 0
        while j + TILE <= units:
            z0, z1 = spread(params, b + j), spread(params, b + j + 1)
            z2, z3 = spread(params, b + j + 2), spread(params, b + j + 3)
            z4, z5 = spread(params, b + j + 4), spread(params, b + j + 5)
            z6, z7 = spread(params, b + j + 6), spread(params, b + j + 7)
            for i in range(inputs):
                k, v = w + i * units + j, load(X, x + i * width + p)
                z0, z1 = fma(spread(params, k), v, z0), fma(spread(params, k + 1), v, z1)
                z2, z3 = fma(spread(params, k + 2), v, z2), fma(spread(params, k + 3), v, z3)
                z4, z5 = fma(spread(params, k + 4), v, z4), fma(spread(params, k + 5), v, z5)
                z6, z7 = fma(spread(params, k + 6), v, z6), fma(spread(params, k + 7), v, z7)
            store_tile(Z, z + j * width + p, width, z0, z1, z2, z3, z4, z5, z6, z7)
            j += TILE
        while j < units:
            sums = spread(params, b + j)
            for i in range(inputs):
                sums = fma(spread(params, w + i * units + j), load(X, x + i * width + p), sums)
            store(Z, z + j * width + p, sums)
            j += 1


@kernel
def store_tile(Z, z, stride, z0, z1, z2, z3, z4, z5, z6, z7):
    """Write eight rows of one vector each."""
    store(Z, z, z0)
    store(Z, z + stride, z1)
    store(Z, z + 2 * stride, z2)
    store(Z, z + 3 * stride, z3)
    store(Z, z + 4 * stride, z4)
    store(Z, z + 5 * stride, z5)
    store(Z, z + 6 * stride, z6)
    store(Z, z + 7 * stride, z7)


@kernel
def input_gradient(table, layer, params, D, d, out, o, width):
    """dE/dX = W D."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    w = table[layer, WEIGHTS]
    if is_large(table, layer, width):
        multiply(False, False, inputs, width, units, params, w, D, d, ZERO, out, o)
        return
    for p in range(0, width, LANES):
        i = 0
        while i + TILE <= inputs:
            x0, x1, x2, x3 = zeros(), zeros(), zeros(), zeros()
            x4, x5, x6, x7 = zeros(), zeros(), zeros(), zeros()
            for j in range(units):
                k, v = w + i * units + j, load(D, d + j * width + p)
                x0 = fma(spread(params, k), v, x0)
                x1 = fma(spread(params, k + units), v, x1)
                x2 = fma(spread(params, k + 2 * units), v, x2)
                x3 = fma(spread(params, k + 3 * units), v, x3)
                x4 = fma(spread(params, k + 4 * units), v, x4)
                x5 = fma(spread(params, k + 5 * units), v, x5)
                x6 = fma(spread(params, k + 6 * units), v, x6)
                x7 = fma(spread(params, k + 7 * units), v, x7)
            store_tile(out, o + i * width + p, width, x0, x1, x2, x3, x4, x5, x6, x7)
            i += TILE
        while i < inputs:
            sums = zeros()
            for j in range(units):
                k = w + i * units + j
                sums = fma(spread(params, k), load(D, d + j * width + p), sums)
            store(out, o + i * width + p, sums)
            i += 1


@kernel
def weight_gradient(table, layer, X, x, D, d, T, G, width):
    """dE/dW = X D', dE/db = sum over the batch of D. T: scratch for D'."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    w, b = table[layer, WEIGHTS], table[layer, BIASES]
    for j in range(units):
        sums = load(D, d + j * width)
        for p in range(LANES, width, LANES):
            sums = add(sums, load(D, d + j * width + p))
        G[b + j] = total(sums)
    if is_large(table, layer, width):
        multiply(layer == 0, True, inputs, units, width, X, x, D, d, ZERO, G, w)
        return
    # Cycles, roughly: a sum over lanes takes 9, a transposed block 55.
    vectors, blocks = width // LANES, padded(units) // LANES
    if inputs * units * (vectors + 9) < blocks * vectors * (55 + 16 * inputs):
        gradient_by_dots(inputs, units, X, x, D, d, G, w, width)
    else:
        gradient_by_columns(inputs, units, X, x, D, d, T, G, w, width)


@kernel
def gradient_by_dots(inputs, units, X, x, D, d, G, w, width):
    """Each weight's gradient by itself: the product of two rows, summed over the batch."""
    for i in range(inputs):
        for j in range(units):
            sums = zeros()
            for p in range(0, width, LANES):
                sums = fma(load(X, x + i * width + p), load(D, d + j * width + p), sums)
            G[w + i * units + j] = total(sums)


@kernel
def gradient_by_columns(inputs, units, X, x, D, d, T, G, w, width):
    """Sixteen units at a time, from D' (width, 16): no sum over lanes is needed."""
    for j in range(0, units, LANES):
        for p in range(0, width, LANES):
            transpose(D, d + j * width + p, width, T, p * LANES, LANES)
        here = min(LANES, units - j)
        i = 0
        while i + TILE <= inputs:
            g0, g1, g2, g3 = zeros(), zeros(), zeros(), zeros()
            g4, g5, g6, g7 = zeros(), zeros(), zeros(), zeros()
            for p in range(width):
                k, v = x + i * width + p, load(T, p * LANES)
                g0 = fma(spread(X, k), v, g0)
                g1 = fma(spread(X, k + width), v, g1)
                g2 = fma(spread(X, k + 2 * width), v, g2)
                g3 = fma(spread(X, k + 3 * width), v, g3)
                g4 = fma(spread(X, k + 4 * width), v, g4)
                g5 = fma(spread(X, k + 5 * width), v, g5)
                g6 = fma(spread(X, k + 6 * width), v, g6)
                g7 = fma(spread(X, k + 7 * width), v, g7)
            k = w + i * units + j
            store_part(G, k, g0, here)
            store_part(G, k + units, g1, here)
            store_part(G, k + 2 * units, g2, here)
            store_part(G, k + 3 * units, g3, here)
            store_part(G, k + 4 * units, g4, here)
            store_part(G, k + 5 * units, g5, here)
            store_part(G, k + 6 * units, g6, here)
            store_part(G, k + 7 * units, g7, here)
            i += TILE
        while i < inputs:
            sums = zeros()
            for p in range(width):
                sums = fma(spread(X, x + i * width + p), load(T, p * LANES), sums)
            store_part(G, w + i * units + j, sums, here)
            i += 1
