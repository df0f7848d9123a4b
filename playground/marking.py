"""Which column splits the rows of a table that is looked at, and which of its values do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.refusals import Refusal

if TYPE_CHECKING:
    from core.data.tables import ColumnReport, SplitChoices

CLASSES = ("binary", "multiclass")
SPLIT_BY: dict[str, tuple[str, ...]] = {
    "group": ("category", "identifier"),
    "time": ("date",),
    "column": ("boolean", "category"),
}
"""Ways of splitting that ask for a column, and the kinds of column that are usual for them."""


def mark_of(split: SplitChoices) -> str:
    """The column that says which rows are the test; "" where none does."""
    return split.column if split.how == "column" else ""


def at_random(task: str) -> str:
    """How rows of a task are split at random: classes in proportion."""
    return "stratified" if task in CLASSES else "share"


def column_for(how: str, reports: Sequence[ColumnReport], targets: Sequence[str]) -> str:
    """A column to split by: of the kind that is usual for it, else the first that is no target.

    Raises ValueError if there is none.
    """
    if how not in SPLIT_BY:
        return ""
    kinds = [*SPLIT_BY[how], "number", "category", "boolean", "date", "identifier", "text"]
    free = [report for report in reports if report.name not in targets]
    fitting = [report.name for kind in kinds for report in free if report.kind == kind]
    if not fitting:
        raise Refusal("There is no column to split the rows by.")
    return fitting[0]


def marked(split: SplitChoices, values: Sequence[str]) -> SplitChoices:
    """A split by those of its column's values that say what they mark, or the last for the test."""
    from core.data.tables import marks_of

    if not values:
        return replace(split, validation_values=())
    test, held = marks_of(values)
    if not test or len(test) + len(held) >= len(values):  # no row would be left for training
        test, held = tuple(values[-1:]), ()
    return replace(split, test_values=test, validation_values=held)
