"""Rates whose + and - climb a ladder: 0.01, 0.03, 0.1 instead of 0.01, 0.02."""

from __future__ import annotations

import math
from collections.abc import Sequence

ODD_STEP = 0.3717
"""Share of a rate that a press of its + or - adds: nobody types just that by hand."""


def on_ladder(ladder: Sequence[float], before: float, value: float) -> float:
    """A rate from a field whose + and - climb a ladder: 0.01, 0.03, 0.1 instead of 0.01, 0.02.

    before: what the field showed; value: what it shows now. A value that is off by ODD_STEP was
    reached by a press and becomes the next rung; any other was typed and stays.
    """
    step = rate_step(ladder, before)
    if math.isclose(value, before + step, rel_tol=1e-6):
        return min((rung for rung in ladder if rung > before * (1 + 1e-9)), default=before)
    if math.isclose(value, max(before - step, 0.0), rel_tol=1e-6, abs_tol=1e-12):
        return max((rung for rung in ladder if rung < before * (1 - 1e-9)), default=before)
    return value


def rate_step(ladder: Sequence[float], value: float) -> float:
    """What a press of + or - adds to a rate, until it is taken to the next rung."""
    return ODD_STEP * (value or min(rung for rung in ladder if rung))
