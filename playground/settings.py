"""What a person sets about the page itself, not about the experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

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
        _one_of("language", self.language, ("", *LANGUAGES))
        _one_of("step unit", self.step_unit, STEP_UNITS)
        _one_of("edges", self.edges, EDGES)
        if self.projection != "pca" and (
            not isinstance(self.projection, tuple)
            or not all(0 <= column < 10_000 for column in self.projection)
        ):
            raise ValueError(f"The projection {self.projection!r} is not pca or two columns.")
        if self.speed is not None and not 0.1 <= self.speed <= 1e6:
            raise ValueError(f"Speed is {self.speed:g}, but must be from 0.1 to 1,000,000.")


def changed(settings: Settings, name: str, value: Any) -> Settings:
    """The settings with one of them changed."""
    return replace(settings, **{name: value})


def _one_of(what: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        shown = ", ".join(choice for choice in choices if choice)
        raise ValueError(f"Unknown {what} {str(value)[:40]!r}. Choose one of: {shown}.")
