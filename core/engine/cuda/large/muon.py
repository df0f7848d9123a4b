"""Muon's update of a whole weight matrix: what lies between its products.

K is as in `core.engine.cuda.orthogonal`: Y, T, A and P one after the other; see there.
"""

import math

import numpy as np
from numba import cuda, float64

from core.engine.cuda.block import at
from core.engine.cuda.jit import kernel
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import CLIPPED
from core.engine.cuda.large.forward import OPTIONS, SCHEDULE_OPTIONS
from core.engine.cuda.large.grid import PIECE_PARTS, added_up, everyone
from core.engine.cuda.large.update import sum_of_pieces
from core.engine.cuda.maths import place, smaller
from core.engine.cuda.orthogonal import matrix_constants, move_one, read_momentum
from core.engine.layout import INPUTS, UNITS, WEIGHTS
from core.maths.orthogonal import TINY

f32 = np.float32


@kernel
def take_momentum(m, layer):
    """M = momentum M + G, and Y, which is to be made orthogonal, tall."""
    inputs, units, w = at(m, layer, INPUTS), at(m, layer, UNITS), at(m, layer, WEIGHTS)
    S = smaller(inputs, units)
    row, step = (S, 1) if inputs > units else (1, S)
    options = m.numbers[OPTIONS:SCHEDULE_OPTIONS]
    _, _, momentum, of_g, of_m, _, _, _, _ = matrix_constants(
        options, m.rates[0], np.float64(inputs), np.float64(units)
    )
    t = everyone()
    read_momentum(t, m, w, inputs, units, row, step, f32(momentum), f32(of_g), f32(of_m))


@kernel
def square_momentum(m, size):
    """Squares of Y, piece by piece."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    for piece in range(t.row, (size + arrays.PIECE - 1) // arrays.PIECE, t.rows):
        start = piece * arrays.PIECE
        for part in range(t.lane, PIECE_PARTS, t.lanes):
            total = 0.0
            for k in range(start + part, smaller(start + arrays.PIECE, size), PIECE_PARTS):
                y = np.float64(m.K[place(k)])
                total += y * y
            parts[part] = total
        total = added_up(t, parts, PIECE_PARTS)
        if t.lane == 0:
            m.parts[CLIPPED * m.pieces.shape[0] + piece] = total


@kernel
def to_length_1(m, size):
    """Y / (|Y| + 1e-7)."""
    t, parts = everyone(), cuda.shared.array(PIECE_PARTS, float64)
    total = sum_of_pieces(t, m, parts, CLIPPED, 0, (size + arrays.PIECE - 1) // arrays.PIECE)
    scale = f32(1.0 / (math.sqrt(total) + TINY))
    for k in range(t.number, size, t.count):
        m.K[place(k)] *= scale


@kernel
def make_polynomial(m, layer, A, P, S):
    """P = a + b A + c P, where P was A A."""
    t, options = everyone(), m.numbers[OPTIONS:SCHEDULE_OPTIONS]
    inputs, units = at(m, layer, INPUTS), at(m, layer, UNITS)
    _, _, _, _, _, a, b, c, _ = matrix_constants(
        options, m.rates[0], np.float64(inputs), np.float64(units)
    )
    for r in range(t.row, S, t.rows):
        for q in range(t.lane, S, t.lanes):
            k = place(P + r * S + q)
            value = f32(b) * m.K[place(A + r * S + q)] + f32(c) * m.K[k]
            m.K[k] = value + f32(a) if r == q else value


@kernel
def move_matrix(m, layer, y, recorded):
    """W = keep W - rate Y: see `core.engine.cuda.orthogonal.move_matrix`."""
    t, options = everyone(), m.numbers[OPTIONS:SCHEDULE_OPTIONS]
    inputs, units, w = at(m, layer, INPUTS), at(m, layer, UNITS), at(m, layer, WEIGHTS)
    S = smaller(inputs, units)
    row, step = (S, 1) if inputs > units else (1, S)
    rate, keep, _, _, _, _, _, _, _ = matrix_constants(
        options, m.rates[0], np.float64(inputs), np.float64(units)
    )
    for i in range(t.row, inputs, t.rows):
        for j in range(t.lane, units, t.lanes):
            k = place(w + i * units + j)
            moved = f32(keep) * m.P[k] - f32(rate) * m.K[place(y + i * row + j * step)]
            move_one(m, k, moved, recorded)
