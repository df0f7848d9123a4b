"""Muon's update of a whole weight matrix, as `core.engine.orthogonal`, by the threads of a block.

K holds, one after the other, for a matrix of a longer side L and a shorter one S:

    Y (L, S)  the momentum that is made orthogonal, tall: turned where units outnumber inputs
    T (L, S)  Y after an iteration; then the two change places
    A (S, S)  Y'Y
    P (S, S)  a + b A + c A A

An iteration is Y = Y P. Every number of a product is the sum that one thread makes, in order.
"""

import math

import numpy as np

from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import device, double, flushed, is_finite, place, smaller
from core.engine.cuda.plan import PARTS
from core.engine.cuda.sums import squares, sum_of_parts
from core.engine.layout import INPUTS, UNITS, WEIGHTS
from core.maths import orthogonal, rules

f32 = np.float32
ZERO = f32(0.0)
TINY = orthogonal.TINY

matrix_constants = double(rules.muon_matrix)


@device
def read_momentum(t, m, w, inputs, units, row, step, momentum, of_g, of_m):
    """M = momentum M + G, and Y = of_g G + of_m M; that of input i, unit j goes to i row + j step.

    M: in S0.
    """
    for i in range(t.row, inputs, t.rows):
        for j in range(t.lane, units, t.lanes):
            k = place(w + i * units + j)
            moved = flushed(momentum * m.S0[k] + m.G[k])
            m.S0[k] = moved
            m.K[place(i * row + j * step)] = of_g * m.G[k] + of_m * moved


@device
def to_length_1(t, m, size, group):
    """Y / (|Y| + 1e-7); has barriers. group: of partial sums that nobody needs."""
    for part in range(t.number, PARTS, t.count):
        m.parts[group * PARTS + part] = squares(m.K, 0, size, part)
    barrier()
    scale = f32(1.0 / (math.sqrt(sum_of_parts(m, group)) + TINY))
    for k in range(t.number, size, t.count):
        m.K[k] *= scale
    barrier()


@device
def own_product(t, m, y, A, L, S):
    """A = Y'Y."""
    for r in range(t.row, S, t.rows):
        for q in range(t.lane, S, t.lanes):
            total = ZERO
            for k in range(y, y + L * S, S):
                total += m.K[place(k + r)] * m.K[place(k + q)]
            m.K[place(A + r * S + q)] = total


@device
def polynomial(t, m, A, P, S, a, b, c):
    """P = a + b A + c A A; A is symmetric."""
    for r in range(t.row, S, t.rows):
        for q in range(t.lane, S, t.lanes):
            total = ZERO
            for k in range(S):
                total += m.K[place(A + r * S + k)] * m.K[place(A + k * S + q)]
            value = b * m.K[place(A + r * S + q)] + c * total
            m.K[place(P + r * S + q)] = value + a if r == q else value


@device
def times(t, m, y, P, T, L, S):
    """T = Y P."""
    for r in range(t.row, L, t.rows):
        for q in range(t.lane, S, t.lanes):
            total = ZERO
            for k in range(S):
                total += m.K[place(y + r * S + k)] * m.K[place(P + k * S + q)]
            m.K[place(T + r * S + q)] = total


@device
def newton_schulz(t, m, L, S, steps, a, b, c):
    """Bring the singular values of Y near 1; returns where it is then. Has barriers."""
    y, T = 0, L * S
    A = 2 * L * S
    P = A + S * S
    for _ in range(steps):
        own_product(t, m, y, A, L, S)
        barrier()
        polynomial(t, m, A, P, S, a, b, c)
        barrier()
        times(t, m, y, P, T, L, S)
        barrier()
        y, T = T, y
    return y


@device
def move_one(m, k, w, kept_in_G):
    """Put w in the place of a parameter: see `moving.update`."""
    if kept_in_G and is_finite(m.G[k]):
        m.G[k] = m.P[k]
    m.P[k] = w
    if not is_finite(w):
        m.broken[0] = 1


@device
def move_matrix(t, m, layer, options, learning_rate, group, kept_in_G):
    """W = keep W - rate orthogonal(Y): see `rules.muon_matrix`. Has barriers, the last behind it.

    group: of partial sums that nobody needs.
    """
    inputs, units, w = at(m, layer, INPUTS), at(m, layer, UNITS), at(m, layer, WEIGHTS)
    S = smaller(inputs, units)
    L = inputs + units - S
    row, step = (S, 1) if inputs > units else (1, S)
    rate, keep, momentum, of_g, of_m, a, b, c, steps = matrix_constants(
        options, learning_rate, np.float64(inputs), np.float64(units)
    )
    read_momentum(t, m, w, inputs, units, row, step, f32(momentum), f32(of_g), f32(of_m))
    barrier()
    to_length_1(t, m, L * S, group)
    y = newton_schulz(t, m, L, S, np.int64(steps), f32(a), f32(b), f32(c))
    for i in range(t.row, inputs, t.rows):
        for j in range(t.lane, units, t.lanes):
            k = place(w + i * units + j)
            moved = f32(keep) * m.P[k] - f32(rate) * m.K[place(y + i * row + j * step)]
            move_one(m, k, moved, kept_in_G)
    barrier()
