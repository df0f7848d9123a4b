"""From the counters to the loss: kernels, each one step of a mini-batch between two products.

Most are a stage of the block engine, shared out over a whole grid. count: samples of the
mini-batch, and numbers from one row of a matrix to the next.
"""

import numpy as np

from core.engine.cuda.augment import SHARE, change_images, draw_images, draw_shares
from core.engine.cuda.block import at, barrier
from core.engine.cuda.jit import kernel
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import BROKEN_AT, ORDER, START
from core.engine.cuda.large.grid import everyone
from core.engine.cuda.maths import activate as activated
from core.engine.cuda.maths import device, place, smaller
from core.engine.cuda.moving import make_constants_of
from core.engine.cuda.normalize import NOT_NORMALIZED, normalized_at_rest
from core.engine.cuda.stages import (
    activations,
    add_noise,
    gather_targets,
    key,
    put_through,
)
from core.engine.layout import ACTIVATION, BIASES, INPUTS, NORMALIZATION, ROW, UNITS
from core.engine.memory import (
    EPOCH,
    INPUT_NOISE,
    MIXUP,
    N_NUMBERS,
    N_OPTIONS,
    POSITION,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
    STEP,
)
from core.maths import random

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)

# Where in `numbers` the options and the schedule begin.
OPTIONS, SCHEDULE_OPTIONS = N_NUMBERS, N_NUMBERS + N_OPTIONS


@kernel
def begin(m, count):
    """Move the counters on to the next mini-batch, for all kernels that follow; one thread."""
    step, epoch, position = m.state[STEP] + 1, m.state[EPOCH], m.state[POSITION]
    if m.broken[0] != 0 and m.now[BROKEN_AT] == 0:
        m.now[BROKEN_AT] = step - 1
    m.now[arrays.STEP], m.now[START], m.now[ORDER] = step, position, epoch % m.drawn.size
    position += count
    if position == m.weights.size:
        epoch, position = epoch + 1, 0
    m.state[STEP], m.state[EPOCH], m.state[POSITION] = step, epoch, position


@kernel
def fetch(m, last, learns, count):
    """The mini-batch into X, Y and C; beside it, the constants of this step's update.

    learns: whether there is one.
    """
    t, order, start = everyone(), m.orders[m.now[ORDER]], m.now[START]
    smoothing, smooth_to = f32(m.numbers[SMOOTHING]), f32(m.numbers[SMOOTH_TO])
    copy_samples(t, m, order, start, count)
    gather_targets(
        t, m, last, m.targets, m.weights, order, start, count, count, smoothing, smooth_to
    )
    if learns:
        make_constants(t, m)


@device
def copy_samples(t, m, order, start, count):
    """Samples into X, a block each.

    A thread reads four numbers before it writes any: a read that follows a write waits for it,
    since the compiler cannot know that they never meet.
    """
    inputs, lanes = at(m, 0, INPUTS), t.lanes
    for p in range(t.row, count, t.rows):
        first, end = np.int64(order[start + p]) * inputs, inputs - 1
        for i in range(t.lane, inputs, 4 * lanes):
            a = m.samples[place(first + i)]
            b = m.samples[place(first + smaller(i + lanes, end))]
            c = m.samples[place(first + smaller(i + 2 * lanes, end))]
            d = m.samples[place(first + smaller(i + 3 * lanes, end))]
            m.X[place(i * count + p)] = a
            if i + lanes < inputs:
                m.X[place((i + lanes) * count + p)] = b
            if i + 2 * lanes < inputs:
                m.X[place((i + 2 * lanes) * count + p)] = c
            if i + 3 * lanes < inputs:
                m.X[place((i + 3 * lanes) * count + p)] = d


@kernel
def fetch_entries(m, last, learns, count):
    """`fetch` of sparse samples: zeros, and what is not 0 in their places; a block has rows."""
    t, order, start = everyone(), m.orders[m.now[ORDER]], m.now[START]
    smoothing, smooth_to = f32(m.numbers[SMOOTHING]), f32(m.numbers[SMOOTH_TO])
    for p in range(t.row, count, t.rows):
        for i in range(t.lane, at(m, 0, INPUTS), t.lanes):
            m.X[place(i * count + p)] = ZERO
        barrier()
        sample = order[start + p]
        for k in range(m.starts[sample] + t.lane, m.starts[sample + 1], t.lanes):
            m.X[place(m.columns[place(k)] * count + p)] = m.samples[place(k)]
    gather_targets(
        t, m, last, m.targets, m.weights, order, start, count, count, smoothing, smooth_to
    )
    if learns:
        make_constants(t, m)


@device
def make_constants(t, m):
    """Those of the update; by one thread, while the others copy."""
    if t.number == t.count - 1:  # the one with the least to copy, while the others do
        options, schedule = m.numbers[OPTIONS:SCHEDULE_OPTIONS], m.numbers[SCHEDULE_OPTIONS:]
        step = m.now[arrays.STEP]
        make_constants_of(m, 0, m.codes, m.numbers, options, schedule, step)


@kernel
def draw_changes(m, count):
    """What each sample goes through before it is learnt from."""
    t, step, alpha = everyone(), m.now[arrays.STEP], m.numbers[MIXUP]
    draw_images(t, m, m.codes, m.numbers, count, count, key(m.codes[SEED], random.IMAGES, step))
    if alpha > 0.0:
        draw_shares(t, m, alpha, count, count, key(m.codes[SEED], random.MIXUP, step))


@kernel
def change(m, count):
    """Images moved and cut out."""
    t, order, start = everyone(), m.orders[m.now[ORDER]], m.now[START]
    change_images(t, m, m.samples, m.background, order, start, m.codes, m.numbers, count, count)


@kernel
def mix_batch(m, last, is_weighted, count):
    """x = s x + (1 - s) x', y and weights alike: each sample with the next; a block has a row."""
    t, inputs, outputs = everyone(), at(m, 0, INPUTS), at(m, last, UNITS)
    for row in range(t.row, inputs + outputs + is_weighted, t.rows):
        if row < inputs:
            mix_row(t, m, m.X, row * count, count)
        elif row < inputs + outputs:
            mix_row(t, m, m.Y, (row - inputs) * count, count)
        else:
            mix_row(t, m, m.C, 0, count)


@device
def mix_row(t, m, values, start, count):
    """Mix a number of each sample with that of the next, the last with the first. Has barriers."""
    first = values[place(start)]
    for chunk in range(0, count, t.lanes):
        p, number, other = chunk + t.lane, first, first
        if p < count:
            number = values[place(start + p)]
            if p + 1 < count:
                other = values[place(start + p + 1)]
        barrier()  # what a thread writes, the one before it has read
        if p < count:
            s = m.U[place(SHARE * count + p)]
            values[place(start + p)] = s * number + (ONE - s) * other


@kernel
def disturb(m, count):
    """Noise on the inputs."""
    stream = key(m.codes[SEED], random.INPUT_NOISE, m.now[arrays.STEP])
    add_noise(everyone(), m, count, count, m.numbers[INPUT_NOISE], stream)


@kernel
def activate(m, layer, count):
    """a = f(z + b) of a layer whose Z is the product alone, and what dropout leaves of it."""
    t = everyone()
    units, code, b = at(m, layer, UNITS), at(m, layer, ACTIVATION), at(m, layer, BIASES)
    row, rate = at(m, layer, ROW), f32(m.dropout[layer])
    stream = key(m.codes[SEED], random.DROPOUT + layer, m.now[arrays.STEP])
    for j in range(t.row, units, t.rows):
        bias = m.P[place(b + j)]
        for p in range(t.lane, count, t.lanes):
            k = place((row + j) * count + p)
            put_through(m, code, k, m.Z[k] + bias, rate, stream, p * units + j)


@kernel
def add_biases(m, layer, count):
    """z + b of a normalized layer, whose Z is the product alone."""
    t = everyone()
    units, b, row = at(m, layer, UNITS), at(m, layer, BIASES), at(m, layer, ROW)
    for j in range(t.row, units, t.rows):
        bias = m.P[place(b + j)]
        for p in range(t.lane, count, t.lanes):
            m.Z[place((row + j) * count + p)] += bias


@kernel
def activate_normalized(m, layer, count):
    """`activate` of z normalized, once it is measured."""
    stream = key(m.codes[SEED], random.DROPOUT + layer, m.now[arrays.STEP])
    activations(everyone(), m, layer, m.dropout, count, count, stream, True)


@kernel
def settle(m, layer, count):
    """a = f(z) of a layer as it is when nothing is learnt: no dropout, running statistics.

    Z is the product alone, with the biases where the layer is normalized.
    """
    t = everyone()
    units, code, row = at(m, layer, UNITS), at(m, layer, ACTIVATION), at(m, layer, ROW)
    b, is_plain = at(m, layer, BIASES), at(m, layer, NORMALIZATION) == NOT_NORMALIZED
    for j in range(t.row, units, t.rows):
        for p in range(t.lane, count, t.lanes):
            k = place((row + j) * count + p)
            z = m.Z[k] + m.P[place(b + j)] if is_plain else normalized_at_rest(m, layer, j, p, k)
            m.A[k] = activated(code, z)
