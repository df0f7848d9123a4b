"""What a step costs beside what a run does besides learning, in multiplications and additions.

Counted, never measured: a run's record must be the same on every machine, however busy.
"""

from __future__ import annotations

STEP_OVERHEAD, EVALUATION_OVERHEAD = 3_000, 200_000
"""What a step and an evaluation take beside their products, on a core that does 10^10 a second."""

SHARE = 0.1
"""Of a run's time, for evaluations once it has come far."""

REPLAY = 2_000_000
"""What a journey back may cost between two early checkpoints: a fifth of a millisecond."""


def step_cost(n_parameters: int, batch_size: int) -> int:
    """Of one mini-batch: forward, backward and update."""
    return 3 * n_parameters * batch_size + STEP_OVERHEAD


def calm_interval(n_parameters: int, batch_size: int, rows: int) -> float:
    """Steps between evaluations of so many rows that keep to SHARE."""
    evaluation = n_parameters * rows + EVALUATION_OVERHEAD
    return evaluation / (SHARE * step_cost(n_parameters, batch_size))


def checkpoint_stride(n_parameters: int, batch_size: int) -> int:
    """Steps between the first checkpoints, a power of two."""
    steps = REPLAY // step_cost(n_parameters, batch_size)
    return int(2 ** max(int(steps).bit_length() - 1, 0))
