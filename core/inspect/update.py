"""What an optimizer does to one parameter: penalty, clipping, slots and the new value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.maths import optimizers, registry, regularizers, rules
from core.maths.options import Value
from core.maths.orthogonal import MatrixStep, matrix_step
from core.maths.rules import MatrixConstants


@dataclass(frozen=True)
class Entry:
    """One weight of a matrix that Muon moves.

    shape: (inputs, units); place: input and unit, from 0.
    read: its number in what is made orthogonal; direction: its number in the orthogonal matrix, to
    which every weight of the matrix has contributed.
    """

    shape: tuple[int, int]
    place: tuple[int, int]
    read: float
    direction: float


@dataclass(frozen=True)
class Update:
    """One parameter's step, number by number, in float64.

    gradient: dL/dw of the data. penalty_gradient: what the regularizer adds (0 for a bias).
    clipped: their sum after clipping, which is what the optimizer reads.
    slots_before, slots_after: the optimizer's memory by name. constants: what the optimizer
    prepared for this step (c0, c1, ... of its record). unconstrained: what the optimizer makes of
    the parameter; after: the same, but for a weight that max_norm scales down. matrix: of a weight
    that moves with its whole matrix (Muon), what that made of it; constants are then the matrix's.
    """

    optimizer: str
    step: int
    learning_rate: float
    gradient: float
    penalty_gradient: float
    clipped: float
    constants: tuple[float, ...]
    slots_before: Mapping[str, float]
    slots_after: Mapping[str, float]
    before: float
    unconstrained: float
    after: float
    matrix: Entry | None = None

    @property
    def change(self) -> float:
        """The step itself: new value minus old value."""
        return self.after - self.before


@dataclass(frozen=True)
class Rule:
    """The settings an update depends on. options: those that differ from the defaults, by name."""

    optimizer: str
    options: Mapping[str, Value]
    learning_rate: float
    regularizer: str = "none"
    regularization_rate: float = 0.0


def trace_update(
    rule: Rule,
    parameter: float,
    gradient: float,
    slots: Sequence[float],
    *,
    step: int,
    is_weight: bool = True,
    clipped: float | None = None,
) -> Update:
    """Work out one parameter's update. slots: the optimizer's memory of it, in registry order.

    step: the number of the update, counted from 1 (Adam's bias correction asks). clipped: what
    clipping made of gradient and penalty, if it is on.
    """
    record = registry.get(optimizers.OPTIMIZERS, rule.optimizer, "optimizer").under(rule.options)
    penalty = 0.0
    if is_weight:
        regularizer = registry.get(regularizers.REGULARIZERS, rule.regularizer, "regularizer")
        penalty = float(regularizer.derivative(parameter, rule.regularization_rate))
    options = record.values(rule.options)
    constants = tuple(float(c) for c in record.prepare(options, rule.learning_rate, step))
    memory = [float(slot) for slot in slots] + [0.0] * (rules.N_SLOTS - len(slots))
    read = gradient + penalty if clipped is None else clipped
    after, *kept = record.update(parameter, read, *memory, *constants)
    return Update(
        optimizer=rule.optimizer,
        step=step,
        learning_rate=rule.learning_rate,
        gradient=gradient,
        penalty_gradient=penalty,
        clipped=read,
        constants=constants,
        slots_before=dict(zip(record.slots, memory, strict=False)),
        slots_after=dict(zip(record.slots, (float(k) for k in kept), strict=False)),
        before=parameter,
        unconstrained=float(after),
        after=float(after),
    )


def trace_matrix(
    rule: Rule, weights: NDArray, gradients: NDArray, momentum: NDArray
) -> tuple[MatrixStep, MatrixConstants]:
    """Work out the step of a hidden layer's weights; all (inputs, units), float64.

    gradients: as the optimizer reads them, with penalty and after clipping.
    The optimizer must be one that moves matrices. Returns the step and its prepared constants.
    """
    record = registry.get(optimizers.OPTIMIZERS, rule.optimizer, "optimizer")
    assert record.matrix_prepare is not None
    inputs, units = weights.shape
    constants = record.matrix_prepare(
        record.values(rule.options), rule.learning_rate, float(inputs), float(units)
    )
    W, G, M = (array.astype(np.float64) for array in (weights, gradients, momentum))
    return matrix_step(W, G, M, constants), constants
