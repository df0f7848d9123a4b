"""Weights of samples: how often each one's loss counts, in training. Letters as in `kernels`.

C (width,) holds the weights of a batch's samples, 1 where all count alike. The mean of the loss is
over the number of samples, not over the sum of their weights.
"""

import numpy as np

from core.engine.jit import kernel
from core.engine.lanes import LANES, load, mul, store

ZERO = np.float32(0.0)


@kernel
def gather_weights(weights, order, start, count, width, C):
    """The weights of samples order[start : start + count]; 0 in the lanes beyond them."""
    for p in range(width):
        C[p] = weights[order[start + p]] if p < count else ZERO


@kernel
def weigh(D, C, first, last, width):
    """dE/dZ of rows first to last of D, times the weight of each sample."""
    for j in range(first, last):
        for p in range(0, width, LANES):
            store(D, j * width + p, mul(load(D, j * width + p), load(C, p)))
