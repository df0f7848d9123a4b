"""What follows the gradient: clipping, the update, a row of history. See `steps`."""

from __future__ import annotations

from core.engine.cuda.large import arrays, muon, update
from core.engine.cuda.large.arrays import SEGMENTS
from core.engine.cuda.large.calls import Batch
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.products import Matrix
from core.engine.layout import INPUTS, UNITS


def moves(b: Batch) -> list[Call]:
    """From the gradient to the parameters, and what a recorded step measures on the way."""
    n, n_layers, asked = b.plan.layout.n_parameters, b.plan.layout.n_layers, b.asked
    n_pieces, widest = len(b.plan.pieces), max(b.plan.layout.sizes[1:])
    lengths = [
        b.by_pieces(update.square_gradient, n_pieces),
        b.by_pieces(update.measure_segments, SEGMENTS * n_layers),
    ]
    calls: list[Call] = []
    if asked.finish or b.recorded:
        calls.append(b.by_pieces(update.finish_gradient, n_pieces, b.recorded))
    if asked.clip_norm:
        calls += [*lengths, b.by_rows(update.shorten_segments, n_pieces, arrays.PIECE)]
    if asked.global_clip_norm:
        calls += [*lengths, b.by_numbers(update.shorten_all, n)]
    for layer in range(asked.matrices):
        calls += matrix_moves(b, layer)
    slots = b.plan.n_slots
    calls.append(b.by_numbers(update.move_all, n, slots, b.recorded))
    if b.plan.layout.is_normalized:
        statistics = b.by_numbers(update.move_all_statistics, widest, n_layers)
        calls.append(statistics)
    if asked.max_norm:
        for layer, row in enumerate(b.table):
            tiles = -(-row[UNITS] // update.TILE)
            calls.append(b.sums(update.hold_norms, tiles, layer, parts=update.TILE_PARTS))
    if b.recorded:
        calls.append(b.by_pieces(update.measure_moves, n_pieces))
        calls.append(b.by_pieces(update.write_row, n_layers, n_layers, b.count))
    return calls


def matrix_moves(b: Batch, layer: int) -> list[Call]:
    """Muon's update of a layer's weights: Y = Y P, with P = a + b A + c A A, A = Y'Y."""
    inputs, units = b.table[layer][INPUTS], b.table[layer][UNITS]
    L, S, K = max(inputs, units), min(inputs, units), b.m.K
    Y, T = Matrix(K, 0, L, S), Matrix(K, L * S, L, S)
    A = Matrix(K, 2 * L * S, S, S)
    P = A._replace(start=A.start + S * S)
    calls = [
        b.by_rows(muon.take_momentum, inputs, units, layer),
        b.by_pieces(muon.square_momentum, -(-L * S // arrays.PIECE), L * S),
        b.by_numbers(muon.to_length_1, L * S, L * S),
    ]
    for _ in range(b.asked.ns_steps):
        calls += [
            b.product(A, Y, Y, turn_a=True),
            b.product(P, A, A),
            b.by_rows(muon.make_polynomial, S, S, layer, A.start, P.start, S),
            b.product(T, Y, P),
        ]
        Y, T = T, Y
    return [*calls, b.by_rows(muon.move_matrix, inputs, units, layer, Y.start, b.recorded)]
