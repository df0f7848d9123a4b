"""What a step costs beside what a run does besides learning, in multiplications and additions.

Counted, never measured: a run's record must be the same on every machine, however busy.
"""

from __future__ import annotations

STEP_OVERHEAD, EVALUATION_OVERHEAD = 3_000, 200_000
"""What a step and an evaluation take beside their products, on a core that does 10^10 a second."""

SHARE = 0.05
"""Of a run's time, for evaluations once it has come far."""

EARLY = 50_000_000
"""For the evaluations of a run's first epochs, which are worth more: five milliseconds."""

MOST_EARLY = 32

REPLAY = 2_000_000
"""What a journey back may cost between two early checkpoints: a fifth of a millisecond."""

EVALUATION_WORK = 2 * 10**9
"""Parameters times rows: an estimate takes some tens of milliseconds at most."""

FEWEST_ROWS = 50


def step_cost(n_parameters: int, batch_size: int) -> int:
    """Of one mini-batch at least: forward and backward; a first layer's inputs have no slope."""
    return 2 * n_parameters * batch_size + STEP_OVERHEAD


def evaluation_cost(n_parameters: int, rows: int) -> int:
    """Of the losses and metrics of so many rows."""
    return n_parameters * rows + EVALUATION_OVERHEAD


def most_rows(work: int) -> int:
    """How many rows an estimate looks at, where a row takes so many products."""
    return max(EVALUATION_WORK // work, FEWEST_ROWS)


def calm_interval(n_parameters: int, batch_size: int, rows: int) -> float:
    """Steps between evaluations of so many rows that keep to SHARE."""
    return evaluation_cost(n_parameters, rows) / (SHARE * step_cost(n_parameters, batch_size))


def early_evaluations(n_parameters: int, rows: int) -> int:
    """How many epochs are evaluated one by one before evaluations become rarer."""
    return min(max(EARLY // evaluation_cost(n_parameters, rows), 1), MOST_EARLY)


def checkpoint_stride(n_parameters: int, batch_size: int) -> int:
    """Steps between the first checkpoints, a power of two."""
    steps = REPLAY // step_cost(n_parameters, batch_size)
    return int(2 ** max(int(steps).bit_length() - 1, 0))
