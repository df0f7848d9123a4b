"""Weights of samples: how often each one's loss counts, in training. Letters as in `kernels`.

V (width,) holds the weights of a batch's samples. The mean of the loss is still over the number of
samples, not over the sum of their weights.
"""

import numpy as np

from core.engine.compile import choose, single
from core.engine.jit import kernel
from core.engine.lanes import LANES, load, mul, store
from core.maths.losses import LOSSES

ZERO = np.float32(0.0)


@kernel
def gather_weights(weights, order, start, count, width, V):
    """The weights of samples order[start : start + count]; 0 in the lanes beyond them."""
    for p in range(width):
        V[p] = weights[order[start + p]] if p < count else ZERO


@kernel
def weigh(D, V, first, last, width):
    """dE/dZ of rows first to last of D, times the weight of each sample."""
    for j in range(first, last):
        for p in range(0, width, LANES):
            store(D, j * width + p, mul(load(D, j * width + p), load(V, p)))


def _weighted_loss(function):
    f = single(function)

    @kernel
    def weighted_sum(Y, P, start, n_rows, width, count, V):
        total = 0.0
        for j in range(n_rows):
            y, a = Y[j * width :], P[start + j * width :]
            row = ZERO
            for p in range(width):
                value = V[p] * f(y[p], a[p])
                row += value if p < count else ZERO
            total += row
        return total

    return weighted_sum


weighted_loss_total = choose([_weighted_loss(r.function) for r in LOSSES.values()])
