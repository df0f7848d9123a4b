"""What a person sets about the page itself, not about the experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.maths.limits import Limits
from core.maths.registry import check_name, shown
from core.refusals import Refusal
from playground.locales import LANGUAGES

SPEEDS: tuple[float, ...] = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000)
"""Steps per second to choose from, beside flat out (None)."""

STEP_UNITS = ("epoch", "batch")
EDGES = ("weight", "gradient")


@dataclass(frozen=True)
class Settings:
    """The page's own settings; an empty language is the browser's.

    projection: how inputs of more than two columns are shown, "pca" or a pair of columns.
    Raises ValueError, in a person's words, for a value that is not one of the choices.
    """

    language: str = ""
    speed: float | None = 250
    step_unit: str = "epoch"
    show_test_data: bool = False
    discretize_output: bool = False
    edges: str = "weight"
    projection: str | tuple[int, int] = "pca"

    def __post_init__(self) -> None:
        if self.language:
            check_name(LANGUAGES, self.language, "language")
        check_name(STEP_UNITS, self.step_unit, "step unit")
        check_name(EDGES, self.edges, "kind of edges")
        if self.projection != "pca" and (
            not isinstance(self.projection, tuple)
            or not all(0 <= column < 10_000 for column in self.projection)
        ):
            raise Refusal(
                "{field} is {value}; it must be pca or two columns, such as 0_1.",
                field="projection",
                value=shown(self.projection),
            )
        if self.speed is not None and not 0.1 <= self.speed <= 1e6:
            raise Refusal(
                "{field} is {value}; it must be {limits}.",
                field="speed",
                value=f"{self.speed:g}",
                limits=Limits(0.1, 1_000_000).words(),
            )


def changed(settings: Settings, name: str, value: Any) -> Settings:
    """The settings with one of them changed."""
    return replace(settings, **{name: value})
