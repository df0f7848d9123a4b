"""Normalization, there and back: kernels, as in `forward`. See `core.engine.cuda.normalize`.

A unit over the batch, or a sample over the units, is a line; a block has a line at a time.
"""

import numpy as np
from numba import cuda, float32

from core.engine.cuda.block import at
from core.engine.cuda.jit import kernel
from core.engine.cuda.large.grid import PARTS, added_up, everyone
from core.engine.cuda.maths import device, place
from core.engine.cuda.normalize import (
    first_mean,
    inverse_deviation,
    is_over_batch,
    slopes_of_sums,
)
from core.engine.layout import BETA, GAMMA, ROW, UNITS

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)


@kernel
def measure_sums(m, layer, count):
    """Mean and variance of a normalized layer's z, to which `add_biases` came first."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    units, z, v = at(m, layer, UNITS), at(m, layer, ROW) * count, first_mean(m, layer)
    lines, terms, apart, step = count, units, 1, count
    if is_over_batch(m, layer):
        lines, terms, apart, step = units, count, count, 1
    share = ONE / f32(terms)
    for line in range(t.row, lines, t.rows):
        start = z + line * apart
        for part in range(t.lane, PARTS, t.lanes):
            total = ZERO
            for k in range(part, terms, PARTS):
                total += m.Z[place(start + k * step)]
            parts[part] = total
        mean = added_up(t, parts, PARTS) * share
        for part in range(t.lane, PARTS, t.lanes):
            squares = ZERO
            for k in range(part, terms, PARTS):
                distance = m.Z[place(start + k * step)] - mean
                squares += distance * distance
            parts[part] = squares
        variance = added_up(t, parts, PARTS) * share
        if t.lane == 0:
            m.V[place(v + line)], m.V[place(v + m.across + line)] = mean, variance
            m.V[place(v + 2 * m.across + line)] = inverse_deviation(variance)


@kernel
def measure_scales(m, layer, count):
    """dE/dgamma = sum over the batch of D N, dE/dbeta = sum of D; see also `measure_slopes`."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    others = cuda.shared.array(PARTS, float32)
    gamma, beta, row = at(m, layer, GAMMA), at(m, layer, BETA), at(m, layer, ROW)
    for j in range(t.row, at(m, layer, UNITS), t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            products, total = ZERO, ZERO
            for p in range(part, count, PARTS):
                k = place((row + j) * count + p)
                products += m.D[k] * m.N[k]
                total += m.D[k]
            parts[part], others[part] = products, total
        products, total = added_up(t, parts, PARTS), added_up(t, others, PARTS)
        if t.lane == 0:
            m.G[place(gamma + j)], m.G[place(beta + j)] = products, total
    if not is_over_batch(m, layer):
        measure_slopes(t, m, parts, others, layer, count)


@device
def measure_slopes(t, m, parts, others, layer, count):
    """Means over the units of dE/dn and of n dE/dn, sample by sample."""
    units, gamma, row = at(m, layer, UNITS), at(m, layer, GAMMA), at(m, layer, ROW)
    v, share = first_mean(m, layer), ONE / f32(units)
    for p in range(t.row, count, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            products, total = ZERO, ZERO
            for j in range(part, units, PARTS):
                k = place((row + j) * count + p)
                d = m.D[k] * m.P[place(gamma + j)]
                products += d * m.N[k]
                total += d
            parts[part], others[part] = products, total
        products, total = added_up(t, parts, PARTS), added_up(t, others, PARTS)
        if t.lane == 0:
            m.V[place(v + p)], m.V[place(v + m.across + p)] = total * share, products * share


@kernel
def put_back_normalized(m, layer, count):
    """D through a normalization; `sum_slopes` follows."""
    slopes_of_sums(everyone(), m, layer, count, count)
