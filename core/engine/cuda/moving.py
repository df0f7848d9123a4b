"""From gradients to parameters, and a row of history: stages of a step, as in `stages`.

`clip` and `update` have barriers of their own.
"""

import math

import numpy as np

from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import (
    device,
    flushed,
    is_finite,
    place,
    prepare,
    scheduled,
    smaller,
    updated,
    warmed_up,
)
from core.engine.cuda.orthogonal import move_matrix, move_one
from core.engine.cuda.plan import CHUNK, PARTS
from core.engine.cuda.sums import squared_moves, squares, sum_of_parts
from core.engine.layout import BIASES, GAMMA, STOP, UNITS, WEIGHTS
from core.engine.memory import (
    CLIP_NORM,
    CLIP_VALUE,
    GLOBAL_CLIP_NORM,
    LEARNING_RATE,
    N_COLUMNS,
    OPTIMIZER,
    SCHEDULE,
)
from core.engine.settings import PLAIN_SGD
from core.maths.rules import N_CONSTANTS

f32 = np.float32
ZERO = f32(0.0)


@device
def learning_rate(codes, numbers, schedule, step):
    """What the schedule makes of the learning rate at a step."""
    rate, t = numbers[LEARNING_RATE], np.float64(step - 1)
    if t < schedule[0]:
        return warmed_up(schedule, rate, t)
    return scheduled(codes[SCHEDULE], schedule, rate, t - schedule[0])


@device
def make_constants_of(m, c, codes, numbers, options, schedule, step):
    """The learning rate and the optimizer's constants of one step, into place c of their chunk."""
    rate = learning_rate(codes, numbers, schedule, step)
    m.rates[c] = rate
    c0, c1, c2, c3, c4 = prepare(codes[OPTIMIZER], options, rate, np.float64(step))
    k = c * N_CONSTANTS
    m.E[k], m.E[k + 1], m.E[k + 2] = f32(c0), f32(c1), f32(c2)
    m.E[k + 3], m.E[k + 4] = f32(c3), f32(c4)


@device
def make_constants(t, m, codes, numbers, options, schedule, first):
    """`make_constants_of` CHUNK steps from `first` on.

    In double, all threads at once: in a single one they would take as long as a small step.
    """
    for c in range(t.number, CHUNK, t.count):
        make_constants_of(m, c, codes, numbers, options, schedule, first + c)


# ---- clipping -------------------------------------------------------------------------------


@device
def shorten(t, m, group, start, stop, longest):
    """Scale a range of the gradient down to a norm of at most `longest`."""
    for part in range(t.number, PARTS, t.count):
        m.parts[group * PARTS + part] = squares(m.G, start, stop, part)
    barrier()
    length = math.sqrt(sum_of_parts(m, group))
    if length > longest:
        scale = f32(longest / length)
        for k in range(start + t.number, stop, t.count):
            m.G[k] *= scale
    barrier()


@device
def clip(t, m, n_layers, n, numbers):
    """Keras's clipping: by value, by the norm of each matrix and vector, by the norm of all."""
    if numbers[CLIP_VALUE] > 0.0:
        bound = f32(numbers[CLIP_VALUE])
        for k in range(t.number, n, t.count):
            g = m.G[k]
            g = bound if g > bound else g
            m.G[k] = -bound if g < -bound else g
        barrier()
    # The first n_layers groups of partial sums may still be read, for a row.
    if numbers[CLIP_NORM] > 0.0:
        for layer in range(n_layers):
            start = at(m, layer, WEIGHTS)
            for part in range(4):  # weights, biases, gamma, beta
                stop = at(m, layer, BIASES if part == 0 else GAMMA + part - 1)
                if stop > start:
                    shorten(t, m, n_layers, start, stop, numbers[CLIP_NORM])
                start = stop
    if numbers[GLOBAL_CLIP_NORM] > 0.0:
        shorten(t, m, n_layers, 0, n, numbers[GLOBAL_CLIP_NORM])


# ---- the optimizer --------------------------------------------------------------------------


@device
def move(t, m, code, start, stop, n_slots, constants, kept_in_G):
    """Move the parameters of a range, one by one: see `update`. constants: where in E they are."""
    kept = 0 if code == PLAIN_SGD else n_slots
    c0, c1, c2 = m.E[constants], m.E[constants + 1], m.E[constants + 2]
    c3, c4 = m.E[constants + 3], m.E[constants + 4]
    for number in range(start + t.number, stop, t.count):
        k = place(number)
        s0 = m.S0[k] if kept > 0 else ZERO
        s1 = m.S1[k] if kept > 1 else ZERO
        s2 = m.S2[k] if kept > 2 else ZERO
        w, s0, s1, s2 = updated(code, m.P[k], m.G[k], s0, s1, s2, c0, c1, c2, c3, c4)
        move_one(m, k, w, kept_in_G)
        sound = True
        if kept > 0:
            m.S0[k] = flushed(s0)
            sound = sound and is_finite(s0)
        if kept > 1:
            m.S1[k] = flushed(s1)
            sound = sound and is_finite(s1)
        if kept > 2:
            m.S2[k] = flushed(s2)
            sound = sound and is_finite(s2)
        if not sound:
            m.broken[0] = 1


@device
def update(t, m, n_layers, n, codes, options, n_slots, constant, matrices, kept_in_G):
    """Move every parameter. constant: the step's place in its chunk.

    matrices: of so many layers the weights move as matrices, what lies between them one by one.
    kept_in_G: whether G is to hold what the parameters were; a number of it that is not finite
    stays, so that it still tells where a run broke.
    """
    start = 0
    for layer in range(matrices + 1):
        stop = n
        if layer < matrices:
            move_matrix(t, m, layer, options, m.rates[constant], n_layers, kept_in_G)
            start, stop = at(m, layer, BIASES), at(m, layer, STOP)
        move(t, m, codes[OPTIMIZER], start, stop, n_slots, constant * N_CONSTANTS, kept_in_G)
        start = stop


@device
def hold_norms(t, m, n_layers, longest):
    """Keras's MaxNorm, see `core.engine.update.hold_norms`; a thread has whole units."""
    for layer in range(n_layers):
        start, stop, units = at(m, layer, WEIGHTS), at(m, layer, BIASES), at(m, layer, UNITS)
        for j in range(t.number, units, t.count):
            total = 0.0
            for k in range(start + j, stop, units):
                total += np.float64(m.P[k]) * np.float64(m.P[k])
            length = math.sqrt(total)
            scale = f32(smaller(length, longest) / (1e-7 + length))
            for k in range(start + j, stop, units):
                m.P[k] *= scale


# ---- a row of history -----------------------------------------------------------------------


@device
def measure_before(t, m, n_layers):
    """Squares of each layer's gradient."""
    for k in range(t.number, n_layers * PARTS, t.count):
        layer, part = k // PARTS, k % PARTS
        m.parts[k] = squares(m.G, at(m, layer, WEIGHTS), at(m, layer, STOP), part)


@device
def gradient_norms(t, m, n_layers, row):
    """Each layer's, of `measure_before`, into the first group of a row."""
    for layer in range(t.number, n_layers, t.count):
        row[N_COLUMNS + layer] = math.sqrt(sum_of_parts(m, layer))


@device
def measure_after(t, m, n_layers):
    """Squares of each layer's parameters and of their moves, from what `update` kept in G."""
    for k in range(t.number, n_layers * PARTS, t.count):
        layer, part = k // PARTS, k % PARTS
        start, stop = at(m, layer, WEIGHTS), at(m, layer, STOP)
        m.parts[k] = squares(m.P, start, stop, part)
        m.parts[n_layers * PARTS + k] = squared_moves(m.P, m.G, start, stop, part)


@device
def weight_norms(t, m, n_layers, row):
    """Each layer's norm, and that of its update against it, into the last two groups of a row."""
    for layer in range(t.number, n_layers, t.count):
        length = math.sqrt(sum_of_parts(m, layer))
        moved = math.sqrt(sum_of_parts(m, n_layers + layer))
        row[N_COLUMNS + n_layers + layer] = length
        row[N_COLUMNS + 2 * n_layers + layer] = moved / length if length > 0.0 else 0.0
