"""One mini-batch of a large network: which kernels and products, in which order.

    begin, fetch, change              change: where samples are augmented
    Z = W' F, activate                layer by layer; the last: judge_outputs
    sum_slopes                        of the last layer
    G = F D', D = W D, put_back       layer by layer, from the last to the first
    finish, clip, move, measure       see `moves`

F is what feeds a layer: X, or A of the layer below, or H where that one has dropout. A normalized
layer has kernels of its own behind its products.
"""

from __future__ import annotations

from core.engine.cuda.large import backward, forward, normalizing, outputs
from core.engine.cuda.large.calls import Batch, Repeated
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.moves import moves
from core.engine.cuda.large.products import Matrix
from core.engine.layout import INPUTS, ROW, UNITS, WEIGHTS


def step(batch: Batch) -> Repeated:
    """One mini-batch, as it is learnt from."""
    calls = [*samples(batch), *judged(batch), *gradients(batch), *moves(batch)]
    return Repeated(batch.machine, calls)


# ---- matrices -------------------------------------------------------------------------------


def by_unit(b: Batch, array: object, layer: int) -> Matrix:
    """A layer's rows of Z, A, D or H."""
    row = b.table[layer]
    return Matrix(array, row[ROW] * b.count, row[UNITS], b.count)


def by_input(b: Batch, array: object, layer: int) -> Matrix:
    """A layer's weights in P, or their slopes in G."""
    row = b.table[layer]
    return Matrix(array, row[WEIGHTS], row[INPUTS], row[UNITS])


def feeding(b: Batch, layer: int) -> Matrix:
    """What feeds a layer."""
    if layer == 0:
        return Matrix(b.m.X, 0, b.table[0][INPUTS], b.count)
    return by_unit(b, b.m.H if b.asked.dropout[layer - 1] else b.m.A, layer - 1)


def is_normalized(b: Batch, layer: int) -> bool:
    return b.plan.layout.normalizations[layer] != "none"


# ---- the mini-batch -------------------------------------------------------------------------


def fetch(b: Batch, *, learns: bool = True) -> Call:
    """Copy the mini-batch from all samples. learns: whether an update follows."""
    is_sparse = b.plan.n_entries is not None
    kernel = forward.fetch_entries if is_sparse else forward.fetch
    return b.by_rows(kernel, b.count, b.table[0][INPUTS], b.last, learns, b.count)


def samples(b: Batch) -> list[Call]:
    """The mini-batch, as it is learnt from."""
    count, asked, inputs = b.count, b.asked, b.table[0][INPUTS]
    calls = [
        b.machine.call(forward.begin, 1, 1, b.m, count),
        fetch(b),
    ]
    if asked.images or asked.mixup:
        calls.append(b.by_numbers(forward.draw_changes, count, count, few=True))
    if asked.images:
        calls.append(b.by_rows(forward.change, count, inputs, count))
    if asked.mixup:
        rows = inputs + b.table[b.last][UNITS] + asked.weighted
        calls.append(b.by_rows(forward.mix_batch, rows, count, b.last, asked.weighted, count))
    if asked.noise:
        calls.append(b.by_rows(forward.disturb, count, inputs, count))
    return calls


def measure(b: Batch, layer: int) -> Call:
    """Means and variances of a normalized layer."""
    return b.sums(normalizing.measure_sums, b.plan.across, layer, b.count)


def judged(b: Batch) -> list[Call]:
    """Forward, and the loss."""
    calls, count = [], b.count
    for layer, row in enumerate(b.table):
        Z, W = by_unit(b, b.m.Z, layer), by_input(b, b.m.P, layer)
        calls.append(b.product(Z, W, feeding(b, layer), turn_a=True))
        if is_normalized(b, layer):
            calls += [
                b.by_rows(forward.add_biases, row[UNITS], count, layer, count),
                measure(b, layer),
                b.by_rows(forward.activate_normalized, row[UNITS], count, layer, count),
            ]
        elif layer < b.last:
            calls.append(b.by_rows(forward.activate, row[UNITS], count, layer, count))
    return [*calls, b.sums(outputs.judge_outputs, count, b.last, count)]


def gradients(b: Batch) -> list[Call]:
    """Backward."""
    count = b.count
    calls = [b.sums(backward.sum_slopes, b.table[b.last][UNITS], b.last, count)]
    for layer in range(b.last, -1, -1):
        D, below = by_unit(b, b.m.D, layer), layer - 1
        calls.append(b.product(by_input(b, b.m.G, layer), feeding(b, layer), D, turn_b=True))
        if layer == 0:
            break
        units = b.table[below][UNITS]
        calls.append(b.product(by_unit(b, b.m.D, below), by_input(b, b.m.P, layer), D))
        calls.append(b.sums(backward.put_back_layer, units, below, count))
        if is_normalized(b, below):
            calls += [
                b.sums(normalizing.measure_scales, b.plan.across, below, count),
                b.by_rows(normalizing.put_back_normalized, units, count, below, count),
                b.sums(backward.sum_slopes, units, below, count),
            ]
    return calls
