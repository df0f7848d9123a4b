"""What a grid of threads does between two products of a mini-batch: one kernel, one step of it.

Most are a stage of the block engine, shared out over the whole grid instead of one block. A block
has a row of a matrix, or a piece of the parameters, at a time; where it sums, each of PARTS
partial sums is made in order, then they are added in pairs: no number of threads or blocks changes
that. count: samples of the mini-batch, and numbers from one row of a matrix to the next.
"""

import math

import numpy as np
from numba import cuda, float32, float64

from core.engine.cuda.block import Thread, at, barrier
from core.engine.cuda.jit import kernel
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import (
    BROKEN_AT,
    CLIPPED,
    GRADIENT,
    MOVE,
    ORDER,
    START,
    WEIGHT,
)
from core.engine.cuda.maths import device, penalty_slope, place
from core.engine.cuda.moving import hold_norms, make_constants_of, move
from core.engine.cuda.stages import (
    add_noise,
    gather,
    judge,
    key,
    put_back,
    put_through,
)
from core.engine.layout import ACTIVATION, BIASES, ROW, UNITS
from core.engine.memory import (
    CLIP_NORM,
    CLIP_VALUE,
    EPOCH,
    GLOBAL_CLIP_NORM,
    INPUT_NOISE,
    MAX_NORM,
    MEAN_OVER,
    N_COLUMNS,
    N_NUMBERS,
    N_OPTIONS,
    OPTIMIZER,
    PER_SAMPLE,
    POSITION,
    REGULARIZATION_RATE,
    REGULARIZER,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
    STEP,
)
from core.maths import random

f32 = np.float32
ZERO = f32(0.0)
PARTS = 32  # partial sums of a row or a piece

# Where in `numbers` the options and the schedule begin.
OPTIONS, SCHEDULE_OPTIONS = N_NUMBERS, N_NUMBERS + N_OPTIONS


@device
def everyone():
    """This thread among all of the grid: a row is a block's, its lanes are the block's threads."""
    lane, lanes, row, rows = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x, cuda.gridDim.x
    return Thread(row * lanes + lane, rows * lanes, lane, lanes, row, rows)


@device
def added_up(t, parts):
    """The sum of PARTS numbers that a block's threads wrote, in pairs; parts is free after it."""
    half = PARTS // 2
    while half > 0:
        barrier()
        for k in range(t.lane, half, t.lanes):
            parts[k] += parts[k + half]
        half //= 2
    barrier()
    total = parts[0]
    barrier()
    return total


# ---- forward --------------------------------------------------------------------------------


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
    options, schedule = m.numbers[OPTIONS:SCHEDULE_OPTIONS], m.numbers[SCHEDULE_OPTIONS:]
    make_constants_of(m, 0, m.codes, m.numbers, options, schedule, step)


@kernel
def fetch(m, last, count):
    """The mini-batch into X, Y and C, and noise onto X."""
    t, order, start = everyone(), m.orders[m.now[ORDER]], m.now[START]
    smoothing, smooth_to = f32(m.numbers[SMOOTHING]), f32(m.numbers[SMOOTH_TO])
    gather(
        t, m, last, m.samples, m.targets, m.weights, order, start, count, count, smoothing,
        smooth_to,
    )  # fmt: skip
    if m.numbers[INPUT_NOISE] > 0.0:
        stream = key(m.codes[SEED], random.INPUT_NOISE, m.now[arrays.STEP])
        add_noise(t, m, count, count, m.numbers[INPUT_NOISE], stream)


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
def judge_outputs(m, last, count):
    """`activate` for the output layer, then the loss of each sample and dE/dZ of the outputs."""
    t = everyone()
    units, code, b = at(m, last, UNITS), at(m, last, ACTIVATION), at(m, last, BIASES)
    row = at(m, last, ROW)
    for p in range(t.number, count, t.count):
        for j in range(units):
            k = place((row + j) * count + p)
            put_through(m, code, k, m.Z[k] + m.P[place(b + j)], ZERO, np.uint64(0), 0)
    judge(t, m, last, m.codes, count, count)


# ---- backward -------------------------------------------------------------------------------


@kernel
def sum_slopes(m, layer, count):
    """dE/db = sum D of a layer, a block a unit."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    units, b, row = at(m, layer, UNITS), at(m, layer, BIASES), at(m, layer, ROW)
    for j in range(t.row, units, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            total = ZERO
            for p in range(part, count, PARTS):
                total += m.D[place((row + j) * count + p)]
            parts[part] = total
        total = added_up(t, parts)
        if t.lane == 0:
            m.G[place(b + j)] = total


@kernel
def put_back_layer(m, layer, count):
    """D = dE/dH, the product alone, through dropout and activation; dE/db, as `sum_slopes`."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    units, code, b = at(m, layer, UNITS), at(m, layer, ACTIVATION), at(m, layer, BIASES)
    row, is_masked = at(m, layer, ROW), m.dropout[layer] > 0.0
    for j in range(t.row, units, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            total = ZERO
            for p in range(part, count, PARTS):
                k = place((row + j) * count + p)
                d = put_back(m, code, k, m.D[k], is_masked)
                m.D[k] = d
                total += d
            parts[part] = total
        total = added_up(t, parts)
        if t.lane == 0:
            m.G[place(b + j)] = total


# ---- the gradient, before it moves anything -------------------------------------------------


@kernel
def finish_gradient(m, recorded):
    """The penalty's slope; on a recorded step the squares of the gradient; clipping by value."""
    t, parts = everyone(), cuda.shared.array(PARTS, float64)
    n_pieces, regularizer = m.pieces.shape[0], m.codes[REGULARIZER]
    penalty = f32(m.numbers[REGULARIZATION_RATE]) if regularizer != 0 else ZERO
    bound = f32(m.numbers[CLIP_VALUE])
    for piece in range(t.row, n_pieces, t.rows):
        start, stop = m.pieces[piece, 0], m.pieces[piece, 1]
        is_penalized = penalty > ZERO and m.pieces[piece, 2] % 2 == 0
        for part in range(t.lane, PARTS, t.lanes):
            total = 0.0
            for number in range(start + part, stop, PARTS):
                k = place(number)
                g = m.G[k]
                if is_penalized:
                    g += penalty_slope(regularizer, m.P[k], penalty)
                if recorded:
                    total += np.float64(g) * np.float64(g)
                if bound > ZERO:
                    g = bound if g > bound else g
                    g = -bound if g < -bound else g
                m.G[k] = g
            parts[part] = total
        total = added_up(t, parts)
        if t.lane == 0:
            m.parts[GRADIENT * n_pieces + piece] = total


@kernel
def square_gradient(m):
    """Squares of what the gradient has become, piece by piece."""
    t, parts = everyone(), cuda.shared.array(PARTS, float64)
    n_pieces = m.pieces.shape[0]
    for piece in range(t.row, n_pieces, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            total = 0.0
            for k in range(m.pieces[piece, 0] + part, m.pieces[piece, 1], PARTS):
                g = np.float64(m.G[place(k)])
                total += g * g
            parts[part] = total
        total = added_up(t, parts)
        if t.lane == 0:
            m.parts[CLIPPED * n_pieces + piece] = total


@device
def sum_of_pieces(t, m, parts, group, first, last):
    """Squares of a group over pieces first to last, by all threads of a block."""
    start = group * m.pieces.shape[0]
    for part in range(t.lane, PARTS, t.lanes):
        total = 0.0
        for piece in range(first + part, last, PARTS):
            total += m.parts[place(start + piece)]
        parts[part] = total
    return added_up(t, parts)


@kernel
def measure_segments(m):
    """The norm of the gradient of each layer's weights and biases."""
    t, parts = everyone(), cuda.shared.array(PARTS, float64)
    for segment in range(t.row, m.lengths.size, t.rows):
        first, last = m.segments[segment], m.segments[segment + 1]
        total = sum_of_pieces(t, m, parts, CLIPPED, first, last)
        if t.lane == 0:
            m.lengths[segment] = math.sqrt(total)


@kernel
def shorten_segments(m):
    """Clip each layer's weights and biases to a norm of at most clip_norm."""
    t, longest = everyone(), m.numbers[CLIP_NORM]
    for piece in range(t.row, m.pieces.shape[0], t.rows):
        length = m.lengths[m.pieces[piece, 2]]
        if length > longest:
            scale = f32(longest / length)
            for k in range(m.pieces[piece, 0] + t.lane, m.pieces[piece, 1], t.lanes):
                m.G[place(k)] *= scale


@kernel
def shorten_all(m):
    """Clip the whole gradient to a norm of at most global_clip_norm."""
    t, longest, total = everyone(), m.numbers[GLOBAL_CLIP_NORM], 0.0
    for segment in range(m.lengths.size):
        total += m.lengths[segment] * m.lengths[segment]
    length = math.sqrt(total)
    if length > longest:
        scale = f32(longest / length)
        for k in range(t.number, m.G.size, t.count):
            m.G[place(k)] *= scale


# ---- the update, and a row of history -------------------------------------------------------


@kernel
def move_all(m, n_slots, recorded):
    """Move every parameter; on a recorded step G then holds what they were."""
    move(everyone(), m, m.codes[OPTIMIZER], 0, m.G.size, n_slots, 0, recorded)


@kernel
def hold_all(m, n_layers):
    """Keras's MaxNorm."""
    hold_norms(everyone(), m, n_layers, m.numbers[MAX_NORM])


@kernel
def measure_moves(m):
    """Squares of the parameters and of their moves, piece by piece; G holds what they were."""
    t, parts = everyone(), cuda.shared.array(PARTS, float64)
    moves, n_pieces = cuda.shared.array(PARTS, float64), m.pieces.shape[0]
    for piece in range(t.row, n_pieces, t.rows):
        for part in range(t.lane, PARTS, t.lanes):
            squares, moved = 0.0, 0.0
            for number in range(m.pieces[piece, 0] + part, m.pieces[piece, 1], PARTS):
                k = place(number)
                w, v = np.float64(m.P[k]), np.float64(m.P[k]) - np.float64(m.G[k])
                squares += w * w
                moved += v * v
            parts[part], moves[part] = squares, moved
        squares, moved = added_up(t, parts), added_up(t, moves)
        if t.lane == 0:
            m.parts[WEIGHT * n_pieces + piece] = squares
            m.parts[MOVE * n_pieces + piece] = moved


@kernel
def write_row(m, n_layers, count):
    """The row of a recorded step: a block a layer, the first one also for the loss."""
    t, parts = everyone(), cuda.shared.array(PARTS, float64)
    row = m.rows[(m.now[arrays.STEP] // m.stride[0]) % m.rows.shape[0]]
    for layer in range(t.row, n_layers, t.rows):
        first, last = m.segments[2 * layer], m.segments[2 * layer + 2]
        slope = sum_of_pieces(t, m, parts, GRADIENT, first, last)
        squares = sum_of_pieces(t, m, parts, WEIGHT, first, last)
        moved = sum_of_pieces(t, m, parts, MOVE, first, last)
        if t.lane == 0:
            length, column = math.sqrt(squares), N_COLUMNS + layer
            row[column], row[column + n_layers] = math.sqrt(slope), length
            ratio = math.sqrt(moved) / length if length > 0.0 else 0.0
            row[column + 2 * n_layers] = ratio
    if t.row == 0:
        for part in range(t.lane, PARTS, t.lanes):
            loss = 0.0
            for p in range(part, count, PARTS):
                loss += m.L[p]
            parts[part] = loss
        loss = added_up(t, parts)
        if t.lane == 0:
            units = 1 if m.codes[MEAN_OVER] == PER_SAMPLE else at(m, n_layers - 1, UNITS)
            row[0] = m.now[arrays.STEP]
            row[1] = m.state[EPOCH] + m.state[POSITION] / m.weights.size
            row[2], row[3] = loss / (count * units), m.rates[0]
