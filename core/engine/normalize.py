"""Normalization between z = W' x + b and a = f(z): see `core.maths.normalizations`.

Letters as in `kernels`; and

    N (units, width)   n = (z - mean) / sqrt(variance + epsilon)
    V (layers, width)  1 / sqrt(variance + epsilon) of each sample, of layers normalized over units
    B (all units, 2)   mean and variance that were used, of layers normalized over the batch

In Z, what the activation reads, gamma n + beta, takes the place of the sums. A row holds one unit
for the whole batch, so over the batch rows are normalized one by one, over units vectors of samples
are; threads share either (see `team`). The lanes beyond `count` repeat the first sample and count
for nothing. step: 0 for a network at rest.
"""

import numpy as np

from core.engine.compile import single
from core.engine.jit import exact, kernel
from core.engine.lanes import (
    LANES,
    add,
    fill,
    first,
    fma,
    load,
    mul,
    spread,
    store,
    sub,
    total,
    zeros,
)
from core.engine.layout import (
    BETA,
    BIASES,
    GAMMA,
    MEAN,
    NORMALIZATION,
    ROW,
    UNITS,
    VARIANCE,
)
from core.engine.loops import flushed
from core.engine.team import NORMALIZATION_SLOPE, NORMALIZE, SCALE_SLOPE, shared
from core.maths import normalizations
from core.maths.normalizations import NORMALIZATIONS

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)

NOT_NORMALIZED = list(NORMALIZATIONS).index("none")
OVER_BATCH = list(NORMALIZATIONS).index("batch")

inverse_deviation = single(normalizations.inverse_deviation)
scaled, slope = single(normalizations.scaled), single(normalizations.slope)
moved = single(normalizations.moved)


# ---- forward --------------------------------------------------------------------------------


@kernel
def normalized_items(table, layer, width):
    """How many rows or vectors there are to share."""
    return table[layer, UNITS] if table[layer, NORMALIZATION] == OVER_BATCH else width // LANES


@kernel
def normalize(begin, end, table, layer, params, buffers, width, count, step):
    """Z = gamma N + beta, with the batch's statistics in training, the running ones at rest."""
    if table[layer, NORMALIZATION] != OVER_BATCH:
        over_units(begin, end, table, layer, params, buffers.Z, buffers.N, buffers.V, width)
        return
    if step > 0:
        batch_statistics(begin, end, table, layer, buffers.Z, buffers.B, width, count)
    else:
        running_statistics(begin, end, table, layer, params, buffers.B)
    over_batch(begin, end, table, layer, params, buffers.Z, buffers.N, buffers.B, width)


@kernel
def batch_statistics(begin, end, table, layer, Z, B, width, count):
    """Mean and biased variance of each unit over the batch, for the units of a range."""
    row = table[layer, ROW]
    share = ONE / f32(count)
    for j in range(row + begin, row + end):
        sums = zeros()
        for p in range(0, width, LANES):
            sums = add(sums, first(load(Z, j * width + p), count - p))
        mean = total(sums) * share
        squares = zeros()
        for p in range(0, width, LANES):
            distance = first(sub(load(Z, j * width + p), fill(mean)), count - p)
            squares = fma(distance, distance, squares)
        B[2 * j], B[2 * j + 1] = mean, total(squares) * share


@kernel
def running_statistics(begin, end, table, layer, params, B):
    """What training has kept, in place of a batch's statistics."""
    mean, variance, row = table[layer, MEAN], table[layer, VARIANCE], table[layer, ROW]
    for j in range(begin, end):
        B[2 * (row + j)], B[2 * (row + j) + 1] = params[mean + j], params[variance + j]


@kernel
def over_batch(begin, end, table, layer, params, Z, N, B, width):
    """Normalize and scale the units of a range by the statistics in B."""
    gamma, beta, row = table[layer, GAMMA], table[layer, BETA], table[layer, ROW]
    for j in range(begin, end):
        k = row + j
        mean, inverse = B[2 * k], inverse_deviation(B[2 * k + 1])
        g, b = params[gamma + j], params[beta + j]
        z, n = Z[k * width : (k + 1) * width], N[k * width : (k + 1) * width]
        for p in range(width):
            n[p] = (z[p] - mean) * inverse
            z[p] = scaled(n[p], g, b)


@kernel
def over_units(begin, end, table, layer, params, Z, N, V, width):
    """Normalize and scale each sample by itself, for the vectors of samples of a range."""
    units, row, v = table[layer, UNITS], table[layer, ROW] * width, layer * width
    gamma, beta = table[layer, GAMMA], table[layer, BETA]
    share = ONE / f32(units)
    for p in range(begin * LANES, end * LANES, LANES):
        sums = zeros()
        for j in range(units):
            sums = add(sums, load(Z, row + j * width + p))
        mean = mul(sums, fill(share))
        squares = zeros()
        for j in range(units):
            distance = sub(load(Z, row + j * width + p), mean)
            squares = fma(distance, distance, squares)
        store(V, v + p, squares)
        for q in range(v + p, v + p + LANES):
            V[q] = inverse_deviation(V[q] * share)
        inverse = load(V, v + p)
        for j in range(units):
            k = row + j * width + p
            n = mul(sub(load(Z, k), mean), inverse)
            store(N, k, n)
            store(Z, k, fma(n, spread(params, gamma + j), spread(params, beta + j)))


# ---- backward -------------------------------------------------------------------------------


@kernel
def scale_gradients(begin, end, table, layer, buffers, width):
    """dE/dgamma = sum over the batch of D N, dE/dbeta = sum of D, for the units of a range.

    Here D is dE/d(gamma N + beta).
    """
    D, N, G = buffers.D, buffers.N, buffers.G
    gamma, beta, row = table[layer, GAMMA], table[layer, BETA], table[layer, ROW]
    for j in range(begin, end):
        products, sums = zeros(), zeros()
        for k in range((row + j) * width, (row + j + 1) * width, LANES):
            d = load(D, k)
            products, sums = fma(d, load(N, k), products), add(sums, d)
        G[gamma + j], G[beta + j] = total(products), total(sums)


@kernel
def through_normalization(begin, end, table, layer, params, buffers, width, count, step):
    """From dE/d(gamma N + beta), in D, to dE/dZ."""
    D, N = buffers.D, buffers.N
    if table[layer, NORMALIZATION] != OVER_BATCH:
        slope_over_units(begin, end, table, layer, params, D, N, buffers.V, width)
    elif step > 0:
        slope_over_batch(begin, end, table, layer, params, D, N, buffers.G, buffers.B, width, count)
    else:
        slope_at_rest(begin, end, table, layer, params, D, buffers.B, width)


@kernel
def slope_over_batch(begin, end, table, layer, params, D, N, G, B, width, count):
    """dE/dZ of the units of a range; what mean and variance pass on is in dE/dbeta and dE/dgamma"""
    gamma, beta, row = table[layer, GAMMA], table[layer, BETA], table[layer, ROW]
    share = ONE / f32(count)
    for j in range(begin, end):
        k, mean_d, mean_dn = row + j, G[beta + j] * share, G[gamma + j] * share
        scale = params[gamma + j] * inverse_deviation(B[2 * k + 1])
        d, n = D[k * width : (k + 1) * width], N[k * width : (k + 1) * width]
        for p in range(width):
            value = slope(d[p], n[p], mean_d, mean_dn, scale)
            d[p] = value if p < count else ZERO


@kernel
def slope_at_rest(begin, end, table, layer, params, D, B, width):
    """dE/dZ of the units of a range where mean and variance are constants."""
    gamma, row = table[layer, GAMMA], table[layer, ROW]
    for j in range(begin, end):
        k = row + j
        scale = params[gamma + j] * inverse_deviation(B[2 * k + 1])
        for q in range(k * width, (k + 1) * width):
            D[q] *= scale


@kernel
def slope_over_units(begin, end, table, layer, params, D, N, V, width):
    """dE/dZ of the vectors of samples of a range."""
    units, row, v = table[layer, UNITS], table[layer, ROW] * width, layer * width
    gamma, share = table[layer, GAMMA], fill(ONE / f32(table[layer, UNITS]))
    for p in range(begin * LANES, end * LANES, LANES):
        sums, products = zeros(), zeros()
        for j in range(units):
            k = row + j * width + p
            d = mul(load(D, k), spread(params, gamma + j))
            sums, products = add(sums, d), fma(d, load(N, k), products)
        mean_d, mean_dn, inverse = mul(sums, share), mul(products, share), load(V, v + p)
        for j in range(units):
            k = row + j * width + p
            d = sub(mul(load(D, k), spread(params, gamma + j)), mean_d)
            store(D, k, mul(sub(d, mul(load(N, k), mean_dn)), inverse))


normalize_together = shared(NORMALIZE, normalize)
scale_gradients_together = shared(SCALE_SLOPE, scale_gradients)
through_normalization_together = shared(NORMALIZATION_SLOPE, through_normalization)


@kernel
def no_bias_gradients(table, G):
    """A batch's mean takes a bias out again: its gradient is 0, and rounding must not move it."""
    for layer in range(table.shape[0]):
        if table[layer, NORMALIZATION] == OVER_BATCH:
            for k in range(table[layer, BIASES], table[layer, GAMMA]):
                G[k] = ZERO


# ---- running statistics ---------------------------------------------------------------------


@exact  # reassociated, the sum less itself, of which isfinite is made, would be 0 for inf as well
def move_statistics(table, params, B):
    """moving = momentum moving + (1 - momentum) batch; returns whether all are finite."""
    sound = True
    for layer in range(table.shape[0]):
        if table[layer, NORMALIZATION] != OVER_BATCH:
            continue
        mean, variance, row = table[layer, MEAN], table[layer, VARIANCE], table[layer, ROW]
        for j in range(table[layer, UNITS]):
            m = moved(params[mean + j], B[2 * (row + j)])
            v = moved(params[variance + j], B[2 * (row + j) + 1])
            params[mean + j], params[variance + j] = flushed(m), flushed(v)
            sound = sound and np.isfinite(m) and np.isfinite(v)
    return sound
