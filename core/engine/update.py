"""From gradients to parameters: penalty, clipping, optimizer, constraint. Letters: `kernels`."""

import numpy as np

from core.engine.jit import kernel
from core.engine.lanes import LANES
from core.engine.layout import BETA, BIASES, GAMMA, STOP, UNITS, WEIGHTS
from core.engine.loops import (
    CONSTANT,
    penalty_slope,
    prepare,
    scheduled,
    update_all,
    warmed_up,
)
from core.engine.memory import (
    CLIP_NORM,
    CLIP_VALUE,
    GLOBAL_CLIP_NORM,
    LEARNING_RATE,
    MATRICES,
    MAX_NORM,
    OPTIMIZER,
    REGULARIZATION_RATE,
    REGULARIZER,
    SCHEDULE,
)
from core.engine.norms import norm
from core.engine.orthogonal import move_matrix
from core.engine.products import AT_0
from core.engine.team import UPDATE, shared

f32 = np.float32
ZERO = f32(0.0)
UPDATE_COST = 10  # of one number, in multiplications


@kernel
def add_penalty(table, params, G, codes, numbers):
    """G += dpenalty/dw, for weights, not for biases."""
    rate = f32(numbers[REGULARIZATION_RATE])
    if codes[REGULARIZER] == 0 or rate == ZERO:
        return
    for layer in range(table.shape[0]):
        start, stop = table[layer, WEIGHTS], table[layer, BIASES]
        penalty_slope(codes[REGULARIZER], params, G, start, stop, rate)


@kernel
def shorten(values, start, stop, longest):
    """Scale a range of a vector down to a norm of at most `longest`."""
    length = norm(values, start, stop)
    if length > longest:
        scale = f32(longest / length)
        for k in range(start, stop):
            values[k] *= scale


@kernel
def clip(table, G, numbers):
    """Keras's clipping: by value, by the norm of each matrix and vector, by the norm of all."""
    if numbers[CLIP_VALUE] > 0.0:
        bound = f32(numbers[CLIP_VALUE])
        for k in range(G.size):
            g = G[k]
            g = bound if g > bound else g
            G[k] = -bound if g < -bound else g
    if numbers[CLIP_NORM] > 0.0:
        for layer in range(table.shape[0]):
            start, stop = table[layer, WEIGHTS], table[layer, BIASES]
            shorten(G, start, stop, numbers[CLIP_NORM])
            shorten(G, stop, table[layer, GAMMA], numbers[CLIP_NORM])
            shorten(G, table[layer, GAMMA], table[layer, BETA], numbers[CLIP_NORM])
            shorten(G, table[layer, BETA], table[layer, STOP], numbers[CLIP_NORM])
    if numbers[GLOBAL_CLIP_NORM] > 0.0:
        shorten(G, AT_0, G.size, numbers[GLOBAL_CLIP_NORM])


@kernel
def learning_rate(settings, step):
    """What the schedule makes of the learning rate at a step."""
    h, rate, t = settings.schedule, settings.numbers[LEARNING_RATE], np.float64(step - 1)
    if t < h[0]:
        return warmed_up(h, rate, t)
    if settings.codes[SCHEDULE] == CONSTANT:
        return rate
    return scheduled(settings.codes[SCHEDULE], h, rate, t - h[0])


@kernel
def is_finite(x):
    """Neither nan nor infinite. (numba's own asks for x - x, which `reassoc` may take for 0.)"""
    return abs(x) < np.inf


@kernel
def move(first, last, begin, end, code, params, G, slots, constants, finite):
    """Move vectors first to last of a range; finite[0] is nan if a number no longer is finite."""
    c0, c1, c2, c3, c4 = constants[0], constants[1], constants[2], constants[3], constants[4]
    start, stop = begin + first * LANES, min(begin + last * LANES, end)
    W, g = params[start:stop], G[start:stop]
    s, r, q = slots.s[start:stop], slots.r[start:stop], slots.q[start:stop]
    found = update_all(code, W, g, s, r, q, c0, c1, c2, c3, c4)
    if not is_finite(found):
        finite[0] = found


move_together = shared(UPDATE, move)


@kernel
def update(team, table, params, buffers, slots, settings, rate, step):
    """Move every parameter; returns 0, or nan if a parameter or slot is no longer finite.

    The weights of the first MATRICES layers move as matrices, what lies between them one by one.
    """
    code, G, matrices = settings.codes[OPTIMIZER], buffers.G, settings.codes[MATRICES]
    c, finite, start = team.constants, team.finite, AT_0
    c0, c1, c2, c3, c4 = prepare(code, settings.options, rate, np.float64(step))
    c[0], c[1], c[2], c[3], c[4] = f32(c0), f32(c1), f32(c2), f32(c3), f32(c4)
    finite[0] = ZERO
    for layer in range(matrices + 1):
        stop, cost = G.size, UPDATE_COST * G.size
        if matrices > 0:
            cost = AT_0  # what is left is little
        if layer < matrices:
            moved = move_matrix(table, layer, params, G, slots.s, buffers.K, settings.options, rate)
            finite[0] += moved
            start, stop = table[layer, BIASES], table[layer, STOP]
        vectors = (stop - start + LANES - 1) // LANES
        move_together(team, AT_0, vectors, cost, start, stop, code, params, G, slots, c, finite)
        start = stop
    return finite[0]


@kernel
def hold_norms(table, params, numbers):
    """Keras's MaxNorm: the weights into a unit are scaled down to a norm of at most max_norm.

    w *= min(norm, max_norm) / (1e-7 + norm), for the weights of every layer, not for biases.
    """
    longest = numbers[MAX_NORM]
    for layer in range(table.shape[0]):
        start, units = table[layer, WEIGHTS], table[layer, UNITS]
        for j in range(units):
            total = 0.0
            for k in range(start + j, table[layer, BIASES], units):
                total += np.float64(params[k]) * np.float64(params[k])
            length = np.sqrt(total)
            scale = f32(min(length, longest) / (1e-7 + length))
            for k in range(start + j, table[layer, BIASES], units):
                params[k] *= scale
