"""The products of a layer. Letters as in `kernels`.

A product keeps a tile of sums in registers: eight rows of the result by one vector of samples or
units. That is as fast as the machine multiplies, for small matrices and for large ones, so no
library is called (whose calls would cost more than a small product, and whose threads would get in
the way of our own). Matrices are flat arrays with the place of their first number: X from x on.
"""

import numpy as np

from core.engine.jit import HAS_WIDE_REGISTERS, inlined, kernel
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

CACHED = 1 << 19  # weights up to which a matrix is quick to read column by column

# Sixteen columns of W are copied together first where rows are this far apart, so that they fall
# into the same few places of the cache, and they are read often enough to make up for it.
FAR, DEEP = 256, 64

# Typed, for numba compiles a function anew for every literal that it is given.
AT_0, ONE, WHOLE = np.int64(0), np.int64(1), np.int64(LANES)

# Rows of a tile: as many as there are registers for, and enough to hide the latency of a sum.
TALL = 4 if not HAS_WIDE_REGISTERS else 8


@kernel
def padded(count):
    """A count, rounded up to whole vectors."""
    return (count + LANES - 1) // LANES * LANES


@kernel
def by_samples(table, layer):
    """Whether a layer's sums run over units in lanes, a row for each sample.

    Else they run over samples in lanes, a row for each unit, which a narrow layer fills better. The
    first layer by samples is fed as the samples lie, X (width, inputs), and need not be turned,
    which makes up for some empty lanes.
    """
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    if layer == 0:
        return units >= LANES or (units > LANES // 2 and inputs >= LANES)
    return units >= LANES and inputs * units > CACHED


# ---- tiles ----------------------------------------------------------------------------------


@inlined
def eight_sums(rows, terms, B, b, row, step, V, v, pitch):
    """Eight rows of a product by one vector of columns, kept in registers.

    s_r = sum over t < terms of B[b + r row + t step] times the vector at V[v + t pitch].
    Where there are fewer rows than eight, the last is repeated.
    """
    last = rows - 1
    b1, b2, b3 = b + min(1, last) * row, b + min(2, last) * row, b + min(3, last) * row
    b4, b5, b6 = b + min(4, last) * row, b + min(5, last) * row, b + min(6, last) * row
    b7 = b + min(7, last) * row
    s0, s1, s2, s3 = zeros(), zeros(), zeros(), zeros()
    s4, s5, s6, s7 = zeros(), zeros(), zeros(), zeros()
    for t in range(terms):
        k, x = t * step, load(V, v + t * pitch)
        s0, s1 = fma(spread(B, b + k), x, s0), fma(spread(B, b1 + k), x, s1)
        s2, s3 = fma(spread(B, b2 + k), x, s2), fma(spread(B, b3 + k), x, s3)
        s4, s5 = fma(spread(B, b4 + k), x, s4), fma(spread(B, b5 + k), x, s5)
        s6, s7 = fma(spread(B, b6 + k), x, s6), fma(spread(B, b7 + k), x, s7)
    return s0, s1, s2, s3, s4, s5, s6, s7


@inlined
def four_sums(rows, terms, B, b, row, step, V, v, pitch):
    """`eight_sums` of four rows."""
    last = rows - 1
    b1, b2, b3 = b + min(1, last) * row, b + min(2, last) * row, b + min(3, last) * row
    s0, s1, s2, s3 = zeros(), zeros(), zeros(), zeros()
    for t in range(terms):
        k, x = t * step, load(V, v + t * pitch)
        s0, s1 = fma(spread(B, b + k), x, s0), fma(spread(B, b1 + k), x, s1)
        s2, s3 = fma(spread(B, b2 + k), x, s2), fma(spread(B, b3 + k), x, s3)
    return s0, s1, s2, s3


@inlined
def keep_rows(rows, columns, s0, s1, s2, s3, C, c, stride):
    """Write the first columns of as many of four rows as there are."""
    store_part(C, c, s0, columns)
    if rows > 1:
        store_part(C, c + stride, s1, columns)
    if rows > 2:
        store_part(C, c + 2 * stride, s2, columns)
    if rows > 3:
        store_part(C, c + 3 * stride, s3, columns)


@kernel
def product(rows, columns, terms, B, b, row, step, V, v, pitch, C, c, stride):
    """C = B V for one vector of columns: C[c + r stride + q] = sum over t of b_rt v_tq.

    b_rt lies at B[b + r row + t step], v_tq at V[v + t pitch + q], q < columns <= 16.
    """
    r = 0
    while r < rows:
        here, left = c + r * stride, rows - r
        if TALL == 8 and left > 4:
            s0, s1, s2, s3, s4, s5, s6, s7 = eight_sums(
                left, terms, B, b + r * row, row, step, V, v, pitch
            )
            keep_rows(left, columns, s0, s1, s2, s3, C, here, stride)
            keep_rows(left - 4, columns, s4, s5, s6, s7, C, here + 4 * stride, stride)
            r += 8
        else:
            s0, s1, s2, s3 = four_sums(left, terms, B, b + r * row, row, step, V, v, pitch)
            keep_rows(left, columns, s0, s1, s2, s3, C, here, stride)
            r += 4


# ---- the products of a layer ----------------------------------------------------------------
#
# Each does a range of its blocks of sixteen units or vectors of sixteen samples, for threads share
# them (see `team`).


@kernel
def sum_blocks(table, layer, width):
    """How many blocks `layer_sums` has."""
    return padded(table[layer, UNITS]) // LANES if by_samples(table, layer) else width // LANES


@kernel
def layer_sums(first, last, table, layer, params, X, x, row, T, Z, z, width):
    """Z = W' X + b, for a range of blocks. T: scratch (width + inputs, 16).

    X (width, inputs) for a layer by samples, rows `row` apart; else (inputs, width).
    """
    if by_samples(table, layer):
        sums_by_units(first, last, table, layer, params, X, x, row, T, Z, z, width)
    else:
        sums_by_samples(first, last, table, layer, params, X, x, Z, z, width)


@kernel
def sums_by_units(first, last, table, layer, params, X, x, row, T, Z, z, width):
    """Blocks of sixteen units, in lanes; each is then turned to a row for each unit."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    w, b = table[layer, WEIGHTS], table[layer, BIASES]
    V, pitch, panel = params, units, width * LANES
    for j in range(first * LANES, min(last * LANES, units), LANES):
        v = w + j
        if width >= DEEP and units >= FAR:
            for i in range(inputs):
                store(T, panel + i * LANES, load(params, w + j + i * units))
            V, v, pitch = T, panel, WHOLE
        product(width, WHOLE, inputs, X, x, row, ONE, V, v, pitch, T, AT_0, WHOLE)
        for p in range(0, width, LANES):
            transpose(T, p * LANES, LANES, Z, z + j * width + p, width)
        for u in range(j, min(j + LANES, units)):
            bias = spread(params, b + u)
            for k in range(z + u * width, z + (u + 1) * width, LANES):
                store(Z, k, add(load(Z, k), bias))


@kernel
def sums_by_samples(first, last, table, layer, params, X, x, Z, z, width):
    """Vectors of sixteen samples, in lanes."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    w, b = table[layer, WEIGHTS], table[layer, BIASES]
    for p in range(first * LANES, last * LANES, LANES):
        product(
            units, WHOLE, inputs, params, w, ONE, units, X, x + p, width, Z, z + p, width
        )  # fmt: skip
        for k in range(units):
            place = z + k * width + p
            store(Z, place, add(load(Z, place), spread(params, b + k)))


@kernel
def turn_back(first, last, inputs, X, x, R, row, width):
    """A feature-major X (inputs, width), as rows R of samples, for a range of sixteen samples.

    Rows are `row` apart, whole vectors: a last block may write beyond `inputs`.
    """
    for p in range(first * LANES, last * LANES, LANES):
        for i in range(0, inputs, LANES):
            transpose(X, x + i * width + p, width, R, p * row + i, row)


@kernel
def input_gradient(first, last, table, layer, params, D, d, out, o, width):
    """dE/dX = W D, for a range of vectors of samples."""
    inputs, units, w = table[layer, INPUTS], table[layer, UNITS], table[layer, WEIGHTS]
    for p in range(first * LANES, last * LANES, LANES):
        product(
            inputs, WHOLE, units, params, w, units, ONE, D, d + p, width, out, o + p, width
        )  # fmt: skip


@kernel
def bias_gradient(first, last, table, layer, D, d, G, width):
    """dE/db = sum over the batch of D, for a range of blocks of units."""
    units, b = table[layer, UNITS], table[layer, BIASES]
    for j in range(first * LANES, min(last * LANES, units)):
        sums = load(D, d + j * width)
        for p in range(LANES, width, LANES):
            sums = add(sums, load(D, d + j * width + p))
        G[b + j] = total(sums)


@kernel
def weight_gradient(first, last, table, layer, X, x, D, d, T, G, width):
    """dE/dW = X D', for a range of blocks of units. T: scratch for D'."""
    inputs, units, w = table[layer, INPUTS], table[layer, UNITS], table[layer, WEIGHTS]
    # Cycles, roughly: a sum over lanes takes 9, a transposed block 55.
    vectors, blocks = width // LANES, padded(units) // LANES
    if layer == 0 and by_samples(table, layer):
        if units < LANES:
            gradient_by_units(inputs, units, X, x, D, d, T, G, w, width)
            return
        gradient_by_columns(first, last, inputs, units, X, x, ONE, inputs, D, d, T, G, w, width)
    elif inputs * units * (vectors + 9) < blocks * vectors * (55 + 16 * inputs):
        gradient_by_dots(first, last, inputs, units, X, x, D, d, G, w, width)
    else:
        gradient_by_columns(first, last, inputs, units, X, x, width, ONE, D, d, T, G, w, width)


@kernel
def gradient_by_dots(first, last, inputs, units, X, x, D, d, G, w, width):
    """Each weight's gradient by itself: the product of two rows, summed over the batch."""
    for i in range(inputs):
        for j in range(first * LANES, min(last * LANES, units)):
            sums = zeros()
            for p in range(0, width, LANES):
                sums = fma(load(X, x + i * width + p), load(D, d + j * width + p), sums)
            G[w + i * units + j] = total(sums)


@kernel
def gradient_by_columns(first, last, inputs, units, X, x, row, step, D, d, T, G, w, width):
    """Sixteen units at a time, from D' (width, 16): no sum over lanes is needed.

    Input i of sample p lies at X[x + i row + p step].
    """
    for j in range(first * LANES, min(last * LANES, units), LANES):
        for p in range(0, width, LANES):
            transpose(D, d + j * width + p, width, T, p * LANES, LANES)
        columns = min(LANES, units - j)
        product(
            inputs, columns, width, X, x, row, step, T, AT_0, WHOLE, G, w + j, units
        )  # fmt: skip


@kernel
def gradient_by_units(inputs, units, X, x, D, d, T, G, w, width):
    """Sixteen inputs at a time, in lanes, a row for each of a few units; X as the samples lie."""
    turned = LANES * LANES
    for i in range(0, inputs, LANES):
        product(
            units, WHOLE, width, D, d, width, ONE, X, x + i, inputs, T, AT_0, WHOLE
        )  # fmt: skip
        transpose(T, AT_0, WHOLE, T, turned, WHOLE)
        for r in range(min(LANES, inputs - i)):
            store_part(G, w + (i + r) * units, load(T, turned + r * LANES), units)
