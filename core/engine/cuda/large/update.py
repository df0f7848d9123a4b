"""From gradients to parameters, and a row of history: kernels, as in `forward`."""

import math

import numpy as np
from numba import cuda, float64

from core.engine.cuda.block import at, barrier
from core.engine.cuda.jit import kernel
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import CLIPPED, GRADIENT, MOVE, SEGMENTS, WEIGHT
from core.engine.cuda.large.grid import PARTS, PIECE_PARTS, add_up, added_up, everyone
from core.engine.cuda.maths import device, penalty_slope, place, smaller
from core.engine.cuda.moving import move
from core.engine.cuda.normalize import move_statistics
from core.engine.layout import BIASES, INPUTS, STOP, UNITS, WEIGHTS
from core.engine.memory import (
    CLIP_NORM,
    CLIP_VALUE,
    EPOCH,
    GLOBAL_CLIP_NORM,
    MATRICES,
    MAX_NORM,
    MEAN_OVER,
    N_COLUMNS,
    OPTIMIZER,
    PER_SAMPLE,
    POSITION,
    REGULARIZATION_RATE,
    REGULARIZER,
)

f32 = np.float32
ZERO = f32(0.0)

TILE = 8  # units whose norms a block takes: their weights from one input fill a sector
TILE_PARTS = TILE * PARTS


@kernel
def finish_gradient(m, recorded):
    """The penalty's slope; on a recorded step the squares of the gradient; clipping by value."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    n_pieces, regularizer = m.pieces.shape[0], m.codes[REGULARIZER]
    penalty = f32(m.numbers[REGULARIZATION_RATE]) if regularizer != 0 else ZERO
    bound = f32(m.numbers[CLIP_VALUE])
    for piece in range(t.row, n_pieces, t.rows):
        start, stop = m.pieces[piece, 0], m.pieces[piece, 1]
        is_penalized = penalty > ZERO and m.pieces[piece, 2] % SEGMENTS == 0
        for part in range(t.lane, PIECE_PARTS, t.lanes):
            total = 0.0
            for number in range(start + part, stop, PIECE_PARTS):
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
        total = added_up(t, parts, PIECE_PARTS)
        if t.lane == 0:
            m.parts[GRADIENT * n_pieces + piece] = total


@kernel
def square_gradient(m):
    """Squares of what the gradient has become, piece by piece."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    n_pieces = m.pieces.shape[0]
    for piece in range(t.row, n_pieces, t.rows):
        for part in range(t.lane, PIECE_PARTS, t.lanes):
            total = 0.0
            for k in range(m.pieces[piece, 0] + part, m.pieces[piece, 1], PIECE_PARTS):
                g = np.float64(m.G[place(k)])
                total += g * g
            parts[part] = total
        total = added_up(t, parts, PIECE_PARTS)
        if t.lane == 0:
            m.parts[CLIPPED * n_pieces + piece] = total


@device
def sum_of_pieces(t, m, parts, group, first, last):
    """Squares of a group over pieces first to last, by all threads of a block."""
    start = group * m.pieces.shape[0]
    for part in range(t.lane, PIECE_PARTS, t.lanes):
        total = 0.0
        for piece in range(first + part, last, PIECE_PARTS):
            total += m.parts[place(start + piece)]
        parts[part] = total
    return added_up(t, parts, PIECE_PARTS)


@kernel
def measure_segments(m):
    """The norm of each segment of the gradient."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    for segment in range(t.row, m.lengths.size, t.rows):
        first, last = m.segments[segment], m.segments[segment + 1]
        total = sum_of_pieces(t, m, parts, CLIPPED, first, last)
        if t.lane == 0:
            m.lengths[segment] = math.sqrt(total)


@kernel
def shorten_segments(m):
    """Clip each segment of the gradient to a norm of at most clip_norm."""
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
    """Move every parameter but those of matrices; on a recorded step G then holds what they were.

    See `moving.update`.
    """
    t, code, matrices, start = everyone(), m.codes[OPTIMIZER], m.codes[MATRICES], 0
    for layer in range(matrices + 1):
        stop = m.G.size
        if layer < matrices:
            start, stop = at(m, layer, BIASES), at(m, layer, STOP)
        move(t, m, code, start, stop, n_slots, 0, recorded)
        start = stop


@kernel
def hold_norms(m, layer):
    """Keras's MaxNorm, see `core.engine.update.hold_norms`; a block has TILE units at a time."""
    t, parts, longest = everyone(), cuda.shared.array(TILE_PARTS, float64), m.numbers[MAX_NORM]
    w, inputs, units = at(m, layer, WEIGHTS), at(m, layer, INPUTS), at(m, layer, UNITS)
    for first in range(t.row * TILE, units, t.rows * TILE):
        for k in range(t.lane, TILE_PARTS, t.lanes):
            j, total = first + k % TILE, 0.0
            if j < units:
                for i in range(k // TILE, inputs, PARTS):
                    weight = np.float64(m.P[place(w + i * units + j)])
                    total += weight * weight
            parts[k] = total
        add_up(t, parts, PARTS, TILE)
        for k in range(t.lane, TILE_PARTS, t.lanes):
            j, length = first + k % TILE, math.sqrt(parts[k % TILE])
            scale = f32(smaller(length, longest) / (1e-7 + length))
            if j < units:
                for i in range(k // TILE, inputs, PARTS):
                    m.P[place(w + i * units + j)] *= scale
        barrier()


@kernel
def move_all_statistics(m, n_layers):
    """Running means and variances of layers normalized over the batch."""
    move_statistics(everyone(), m, n_layers)


@kernel
def measure_moves(m):
    """Squares of the parameters and of their moves, piece by piece; G holds what they were."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    moves, n_pieces = cuda.shared.array(PIECE_PARTS, float64), m.pieces.shape[0]
    for piece in range(t.row, n_pieces, t.rows):
        for part in range(t.lane, PIECE_PARTS, t.lanes):
            squares, moved = 0.0, 0.0
            for number in range(m.pieces[piece, 0] + part, m.pieces[piece, 1], PIECE_PARTS):
                k = place(number)
                w, v = np.float64(m.P[k]), np.float64(m.P[k]) - np.float64(m.G[k])
                squares += w * w
                moved += v * v
            parts[part], moves[part] = squares, moved
        squares, moved = added_up(t, parts, PIECE_PARTS), added_up(t, moves, PIECE_PARTS)
        if t.lane == 0:
            m.parts[WEIGHT * n_pieces + piece] = squares
            m.parts[MOVE * n_pieces + piece] = moved


@kernel
def write_row(m, n_layers, count):
    """The row of a recorded step: a block a layer, the first one also for the loss."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    row = m.rows[(m.now[arrays.STEP] // m.stride[0]) % m.rows.shape[0]]
    for layer in range(t.row, n_layers, t.rows):
        first, last = m.segments[SEGMENTS * layer], m.segments[SEGMENTS * (layer + 1)]
        slope = sum_of_pieces(t, m, parts, GRADIENT, first, last)
        squares = sum_of_pieces(t, m, parts, WEIGHT, first, last)
        moved = sum_of_pieces(t, m, parts, MOVE, first, last)
        if t.lane == 0:
            length, column = math.sqrt(squares), N_COLUMNS + layer
            row[column], row[column + n_layers] = math.sqrt(slope), length
            ratio = math.sqrt(moved) / length if length > 0.0 else 0.0
            row[column + 2 * n_layers] = ratio
    if t.row == 0:
        for part in range(t.lane, PIECE_PARTS, t.lanes):
            loss = 0.0
            for p in range(part, count, PIECE_PARTS):
                loss += m.L[p]
            parts[part] = loss
        loss = added_up(t, parts, PIECE_PARTS)
        if t.lane == 0:
            units = 1 if m.codes[MEAN_OVER] == PER_SAMPLE else at(m, n_layers - 1, UNITS)
            row[0] = m.now[arrays.STEP]
            row[1] = m.state[EPOCH] + m.state[POSITION] / m.weights.size
            row[2], row[3] = loss / (count * units), m.rates[0]
