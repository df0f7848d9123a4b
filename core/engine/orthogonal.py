"""Muon's update of a whole weight matrix: Newton and Schulz's iteration in tiles of `products`.

The scratch K holds, one after the other, for a matrix of a longer side L and a shorter one S:

    Y (L, pitch)     the momentum that is made orthogonal, tall: turned where units outnumber inputs
    A (S, pitch)     Y'Y
    P (S, pitch)     a + b A + c A A
    T (rows, pitch)  some rows of Y while they are replaced

`pitch` is S in whole vectors; the lanes beyond S are zero. An iteration is Y = Y P, which is
Keras's X = a X + (b A + c A A) X, turned. Each part works on a range of blocks or rows.
"""

import numpy as np

from core.engine.compile import double
from core.engine.jit import kernel
from core.engine.lanes import LANES, add, fill, load, mul, store
from core.engine.layout import INPUTS, UNITS, WEIGHTS
from core.engine.loops import flushed
from core.engine.memory import MATRIX_ROWS
from core.engine.products import AT_0, ONE, WHOLE, padded, product
from core.maths import orthogonal, rules

f32 = np.float32
ZERO = f32(0.0)
TINY = orthogonal.TINY

matrix_constants = double(rules.muon_matrix)


@kernel
def read_momentum(G, M, w, inputs, units, K, row, step, momentum, of_g, of_m):
    """M = momentum M + G, and Y = of_g G + of_m M; returns 1 / (|Y| + 1e-7).

    Y's number for input i and unit j goes to K[i row + j step]. G and M: from w on.
    """
    squares = 0.0
    for i in range(inputs):
        for j in range(units):
            k = w + i * units + j
            m = flushed(momentum * M[k] + G[k])
            n = of_g * G[k] + of_m * m
            M[k], K[i * row + j * step] = m, n
            squares += np.float64(n) * np.float64(n)
    return f32(1.0 / (np.sqrt(squares) + TINY))


@kernel
def symmetric_product(S, pitch, terms, B, b, row, step, V, v, C, c, first, last):
    """C = B V, known to be symmetric, (S, S): of its blocks of 16 columns those from first to last.

    What lies below the diagonal is mirrored. Places in B and V are as in `product`.
    """
    for block in range(first, last):
        j = block * LANES
        rows = min(j + LANES, S)
        product(rows, WHOLE, terms, B, b, row, step, V, v + j, pitch, C, c + j, pitch)
        for r in range(rows):
            for q in range(max(j, r + 1), rows):
                C[c + q * pitch + r] = C[c + r * pitch + q]


@kernel
def polynomial(K, A, P, pitch, a, b, c, first, last):
    """P = a + b A + c P, rows first to last; P held A A. A and P: places in K."""
    for r in range(first, last):
        for k in range(r * pitch, (r + 1) * pitch, LANES):
            low, high = mul(load(K, A + k), fill(b)), mul(load(K, P + k), fill(c))
            store(K, P + k, add(low, high))
        K[P + r * pitch + r] += a


@kernel
def rows_times(K, P, T, S, pitch, first, last):
    """Y = Y P, rows first to last of Y, a few at a time. P, T: places in K."""
    for start in range(first, last, MATRIX_ROWS):
        rows, y = min(MATRIX_ROWS, last - start), start * pitch
        for k in range(0, rows * pitch, LANES):
            store(K, T + k, load(K, y + k))
        for j in range(0, pitch, LANES):
            product(rows, WHOLE, S, K, T, pitch, ONE, K, P + j, pitch, K, y + j, pitch)


@kernel
def newton_schulz(K, L, S, pitch, steps, a, b, c):
    """Bring the singular values of Y near 1."""
    A = L * pitch
    P = A + S * pitch
    T = P + S * pitch
    blocks = pitch // LANES
    for _ in range(steps):
        symmetric_product(S, pitch, L, K, AT_0, ONE, pitch, K, AT_0, K, A, AT_0, blocks)
        symmetric_product(S, pitch, S, K, A, pitch, ONE, K, A, K, P, AT_0, blocks)
        polynomial(K, A, P, pitch, a, b, c, AT_0, S)
        rows_times(K, P, T, S, pitch, AT_0, L)


@kernel
def move_matrix(table, layer, params, G, M, K, options, learning_rate):
    """W = keep W - rate orthogonal(Y): see `rules.muon_matrix`. M: the momentum of all parameters.

    Returns 0, or nan if a weight is no longer finite.
    """
    inputs, units, w = table[layer, INPUTS], table[layer, UNITS], table[layer, WEIGHTS]
    L, S = max(inputs, units), min(inputs, units)
    pitch = padded(S)
    row, step = (pitch, ONE) if inputs > units else (ONE, pitch)
    rate, keep, momentum, of_g, of_m, a, b, c, steps = matrix_constants(
        options, learning_rate, np.float64(inputs), np.float64(units)
    )
    K[: L * pitch] = ZERO
    scale = read_momentum(
        G, M, w, inputs, units, K, row, step, f32(momentum), f32(of_g), f32(of_m)
    )  # fmt: skip
    for k in range(L * pitch):
        K[k] *= scale
    newton_schulz(K, L, S, pitch, np.int64(steps), f32(a), f32(b), f32(c))
    rate, keep, finite = f32(rate), f32(keep), ZERO
    for i in range(inputs):
        for j in range(units):
            k = w + i * units + j
            params[k] = keep * params[k] - rate * K[i * row + j * step]
            finite += ZERO * params[k]
    return finite
