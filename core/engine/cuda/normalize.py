"""Normalization of a layer's sums, as `core.engine.normalize`, by the threads of a block.

N (units, width) holds n = (z - mean) / sqrt(variance + epsilon), and V three rows of `across`
numbers for each layer, a number for each unit over the batch, for each sample over the units:

    mean       on the way back, over the units: the mean of dE/dn
    variance   on the way back, over the units: the mean of n dE/dn
    1 / sqrt(variance + epsilon)
"""

import numpy as np

from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import device, flushed, is_finite, place, single
from core.engine.cuda.plan import V_ROWS
from core.engine.layout import BETA, GAMMA, MEAN, NORMALIZATION, ROW, UNITS, VARIANCE
from core.maths import normalizations
from core.maths.normalizations import NORMALIZATIONS

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)

NOT_NORMALIZED = list(NORMALIZATIONS).index("none")
OVER_BATCH = list(NORMALIZATIONS).index("batch")

inverse_deviation = single(normalizations.inverse_deviation)
scaled, slope = single(normalizations.scaled), single(normalizations.slope)
moved = single(normalizations.moved)


@device
def is_over_batch(m, layer):
    """Whether a layer's mean and variance are over the batch."""
    return at(m, layer, NORMALIZATION) == OVER_BATCH


@device
def first_mean(m, layer):
    """Where a layer's means begin; its variances are `across` numbers on, and so forth."""
    return layer * V_ROWS * m.across


# ---- forward --------------------------------------------------------------------------------


@device
def measure(t, m, layer, count, width):
    """Mean and variance of every unit or of every sample; each is one thread's."""
    units, z, v = at(m, layer, UNITS), at(m, layer, ROW) * width, first_mean(m, layer)
    lines, terms, apart, step = count, units, 1, width
    if is_over_batch(m, layer):
        lines, terms, apart, step = units, count, width, 1
    share = ONE / f32(terms)
    for line in range(t.number, lines, t.count):
        start, total, squares = z + line * apart, ZERO, ZERO
        for k in range(terms):
            total += m.Z[place(start + k * step)]
        mean = total * share
        for k in range(terms):
            distance = m.Z[place(start + k * step)] - mean
            squares += distance * distance
        variance = squares * share
        m.V[place(v + line)], m.V[place(v + m.across + line)] = mean, variance
        m.V[place(v + 2 * m.across + line)] = inverse_deviation(variance)


@device
def normalized(m, layer, j, p, k):
    """gamma n + beta of the sum of unit j and sample p, which is at k."""
    v = first_mean(m, layer) + (j if is_over_batch(m, layer) else p)
    n = (m.Z[k] - m.V[place(v)]) * m.V[place(v + 2 * m.across)]
    m.N[k] = n
    return scaled(n, m.P[place(at(m, layer, GAMMA) + j)], m.P[place(at(m, layer, BETA) + j)])


@device
def normalized_at_rest(m, layer, j, p, k):
    """`normalized` where nothing is learnt: over a batch, by the running statistics."""
    v = first_mean(m, layer) + p
    if is_over_batch(m, layer):
        mean = m.P[place(at(m, layer, MEAN) + j)]
        inverse = inverse_deviation(m.P[place(at(m, layer, VARIANCE) + j)])
    else:
        mean, inverse = m.V[place(v)], m.V[place(v + 2 * m.across)]
    n = (m.Z[k] - mean) * inverse
    return scaled(n, m.P[place(at(m, layer, GAMMA) + j)], m.P[place(at(m, layer, BETA) + j)])


# ---- backward -------------------------------------------------------------------------------


@device
def back_through_normalization(t, m, layer, count, width):
    """From dE/d(gamma N + beta), in D, to dE/dZ, dE/dgamma and dE/dbeta. Has a barrier."""
    scale_gradients(t, m, layer, count, width)
    if not is_over_batch(m, layer):
        measure_slopes(t, m, layer, count, width)
    barrier()
    slopes_of_sums(t, m, layer, count, width)


@device
def scale_gradients(t, m, layer, count, width):
    """dE/dgamma = sum over the batch of D N, dE/dbeta = sum of D."""
    gamma, beta, row = at(m, layer, GAMMA), at(m, layer, BETA), at(m, layer, ROW)
    for j in range(t.number, at(m, layer, UNITS), t.count):
        products, total = ZERO, ZERO
        for number in range((row + j) * width, (row + j) * width + count):
            k = place(number)
            products += m.D[k] * m.N[k]
            total += m.D[k]
        m.G[place(gamma + j)], m.G[place(beta + j)] = products, total


@device
def measure_slopes(t, m, layer, count, width):
    """Means over the units of dE/dn and of n dE/dn, sample by sample."""
    units, gamma, row = at(m, layer, UNITS), at(m, layer, GAMMA), at(m, layer, ROW)
    v, share = first_mean(m, layer), ONE / f32(units)
    for p in range(t.number, count, t.count):
        products, total = ZERO, ZERO
        for j in range(units):
            k = place((row + j) * width + p)
            d = m.D[k] * m.P[place(gamma + j)]
            products += d * m.N[k]
            total += d
        m.V[place(v + p)], m.V[place(v + m.across + p)] = total * share, products * share


@device
def slopes_of_sums(t, m, layer, count, width):
    """dE/dZ. Over the batch the means are in dE/dbeta and dE/dgamma."""
    units, row, v = at(m, layer, UNITS), at(m, layer, ROW), first_mean(m, layer)
    gamma, beta, share = at(m, layer, GAMMA), at(m, layer, BETA), ONE / f32(count)
    over_batch = is_over_batch(m, layer)
    for j in range(t.row, units, t.rows):
        g = m.P[place(gamma + j)]
        for p in range(t.lane, count, t.lanes):
            k = place((row + j) * width + p)
            d, line = m.D[k] * g, p
            mean_d, mean_dn = m.V[place(v + p)], m.V[place(v + m.across + p)]
            if over_batch:
                line = j
                mean_d = g * share * m.G[place(beta + j)]
                mean_dn = g * share * m.G[place(gamma + j)]
            m.D[k] = slope(d, m.N[k], mean_d, mean_dn, m.V[place(v + 2 * m.across + line)])


# ---- running statistics ---------------------------------------------------------------------


@device
def move_statistics(t, m, n_layers):
    """moving = momentum moving + (1 - momentum) batch, of every layer normalized over the batch."""
    for layer in range(n_layers):
        if is_over_batch(m, layer):
            mean, variance, v = at(m, layer, MEAN), at(m, layer, VARIANCE), first_mean(m, layer)
            for j in range(t.number, at(m, layer, UNITS), t.count):
                move_statistic(m, mean + j, m.V[place(v + j)])
                move_statistic(m, variance + j, m.V[place(v + m.across + j)])


@device
def move_statistic(m, k, latest):
    """Move a running statistic."""
    running = moved(m.P[place(k)], latest)
    m.P[place(k)] = flushed(running)
    if not is_finite(running):
        m.broken[0] = 1
