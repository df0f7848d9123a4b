"""Sums of squares, in double, in PARTS partial sums, so that no number of threads changes them."""

import numpy as np

from core.engine.cuda.maths import device, place
from core.engine.cuda.plan import PARTS


@device
def squares(values, start, stop, part):
    """One partial sum of the squares in a range."""
    total = 0.0
    for k in range(start + part, stop, PARTS):
        v = np.float64(values[place(k)])
        total += v * v
    return total


@device
def squared_moves(values, others, start, stop, part):
    """`squares` of the difference of two arrays."""
    total = 0.0
    for k in range(start + part, stop, PARTS):
        v = np.float64(values[place(k)]) - np.float64(others[place(k)])
        total += v * v
    return total


@device
def sum_of_parts(m, group):
    """Partial sums of a group, in order."""
    total = 0.0
    for part in range(group * PARTS, (group + 1) * PARTS):
        total += m.parts[place(part)]
    return total
