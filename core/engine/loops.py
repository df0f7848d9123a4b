"""What the registries hold, as compiled loops. Letters as in `kernels`.

One function for all activations, one for all losses and so on: each picks by its first argument,
the record's place in its registry.
"""

import functools

import numpy as np

from core.engine.compile import choose, double, single
from core.engine.jit import kernel
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS, RULES
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES, warm_up

f32 = np.float32
ZERO = f32(0.0)


def _activation(function):
    f = single(function)

    @kernel
    def activate(Z, A):
        for k in range(Z.size):
            A[k] = f(Z[k])

    return activate


def _slope(derivative):
    f = single(derivative)

    @kernel
    def times_slope(Z, A, D):
        for k in range(D.size):
            D[k] *= f(Z[k], A[k])

    return times_slope


def _loss(function):
    f = single(function)

    @kernel
    def row_sum(Y, P, count, C):
        total = ZERO
        for p in range(Y.size):
            value = C[p] * f(Y[p], P[p])
            total += value if p < count else ZERO
        return total

    return row_sum


def _loss_slope(derivative):
    f = single(derivative)

    @kernel
    def row_slope(Y, P, D, count, scale):
        for p in range(Y.size):
            value = scale * f(Y[p], P[p])
            D[p] = value if p < count else ZERO

    return row_slope


def _penalty_slope(derivative):
    f = single(derivative)

    @kernel
    def add(W, G, start, stop, rate):
        for k in range(start, stop):
            G[k] += f(W[k], rate)

    return add


SMALLEST_NORMAL = f32(1.17549435e-38)


@kernel
def flushed(s):
    """s, or 0 for a denormal: the memory of a dead unit decays into them, and they are slow."""
    return ZERO if abs(s) < SMALLEST_NORMAL else s


CONSTANT = list(SCHEDULES).index("constant")  # the code of a learning rate that stays


@functools.cache
def _update(function, n_slots):
    f = single(function)

    @kernel
    def without_slots(W, G, s, r, q, c0, c1, c2, c3, c4):
        finite = ZERO
        for k in range(W.size):
            w, _, _, _ = f(W[k], G[k], ZERO, ZERO, ZERO, c0, c1, c2, c3, c4)
            W[k] = w
            finite += ZERO * w
        return finite

    @kernel
    def with_one_slot(W, G, s, r, q, c0, c1, c2, c3, c4):
        finite = ZERO
        for k in range(W.size):
            w, s0, _, _ = f(W[k], G[k], s[k], ZERO, ZERO, c0, c1, c2, c3, c4)
            W[k], s[k] = w, flushed(s0)
            finite += ZERO * w + ZERO * s0
        return finite

    @kernel
    def with_two_slots(W, G, s, r, q, c0, c1, c2, c3, c4):
        finite = ZERO
        for k in range(W.size):
            w, s0, s1, _ = f(W[k], G[k], s[k], r[k], ZERO, c0, c1, c2, c3, c4)
            W[k], s[k], r[k] = w, flushed(s0), flushed(s1)
            finite += ZERO * w + ZERO * s0 + ZERO * s1
        return finite

    @kernel
    def with_three_slots(W, G, s, r, q, c0, c1, c2, c3, c4):
        finite = ZERO
        for k in range(W.size):
            w, s0, s1, s2 = f(W[k], G[k], s[k], r[k], q[k], c0, c1, c2, c3, c4)
            W[k], s[k], r[k], q[k] = w, flushed(s0), flushed(s1), flushed(s2)
            finite += ZERO * w + ZERO * s0 + ZERO * s1 + ZERO * s2
        return finite

    return (without_slots, with_one_slot, with_two_slots, with_three_slots)[n_slots]


activate = choose([_activation(r.function) for r in ACTIVATIONS.values()])
times_slope = choose([_slope(r.derivative) for r in ACTIVATIONS.values()])
row_loss = choose([_loss(r.function) for r in LOSSES.values()])
row_slope = choose([_loss_slope(r.derivative) for r in LOSSES.values()])
penalty_slope = choose([_penalty_slope(r.derivative) for r in REGULARIZERS.values()])
updates = [_update(r.update, len(r.slots)) for r in RULES]
plain_sgd = _update(OPTIMIZERS["sgd"].update, 0)  # momentum 0: `settings.PLAIN_SGD`
update_all = choose([*updates, plain_sgd])
prepare = choose([double(r.prepare) for r in (*RULES, OPTIMIZERS["sgd"])])
scheduled = choose([double(r.function) for r in SCHEDULES.values()])
warmed_up = double(warm_up)


@kernel
def loss_total(code, Y, P, a, units, width, count, C):
    """Sum of the loss of P, from a on, over the batch; C: the samples' weights."""
    total = 0.0
    for j in range(units):
        k = j * width
        total += row_loss(code, Y[k : k + width], P[a + k : a + k + width], count, C)
    return total


@kernel
def loss_slope(code, Y, P, a, D, d, units, width, count, scale):
    """dE/dp times scale, into D from d on; zero in the lanes beyond count."""
    for j in range(units):
        k = j * width
        y, p = Y[k : k + width], P[a + k : a + k + width]
        row_slope(code, y, p, D[d + k : d + k + width], count, scale)
