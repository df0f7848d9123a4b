"""Learning-rate schedules: the rate at a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """function(learning_rate, step) -> the rate used at that step; step counts from 1."""

    name: str
    label: str
    latex: str
    function: Callable[[float, float], float]


def constant(learning_rate: float, step: float) -> float:
    return learning_rate


SCHEDULES: dict[str, Schedule] = {
    record.name: record for record in (Schedule("constant", "Constant", r"\eta", constant),)
}
