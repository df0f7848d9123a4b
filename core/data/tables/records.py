"""Steps of a file back to records: nothing in it is trusted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from core.data.tables.choices import DATE_PARTS, MOST_TARGETS
from core.data.tables.configs import Text
from core.data.tables.limits import LONGEST_NAME, MAX_COLUMNS, MAX_INPUTS
from core.data.tables.steps import (
    CategoryStep,
    DatePart,
    DateStep,
    NumberStep,
    Scaling,
    Step,
    Target,
    TextStep,
)
from core.maths.limits import Limits
from core.maths.registry import check_name, shown
from core.refusals import Refusal

Record = Mapping[str, Any]
FINITE = Limits(-math.inf, math.inf)
POSITIVE = Limits(5e-324, math.inf)
NAME, WORD = Text(LONGEST_NAME), Text(10_000)


def read_steps(record: Record) -> tuple[Step, ...]:
    """The steps of a preparation's record. Raises ValueError that names what does not fit."""
    steps = tuple(_read_step(each) for each in _list(record, "steps", MAX_COLUMNS))
    if not steps:
        raise Refusal("The preparation has no columns.")
    names = [step.column for step in steps]
    if len(set(names)) < len(names):
        raise Refusal("The preparation has two columns of one name.")
    if sum(len(step.names) for step in steps) > MAX_INPUTS:
        raise Refusal("The preparation makes more than {most} inputs.", most=MAX_INPUTS)
    return steps


def read_targets(record: Record) -> tuple[Target, ...]:
    """The targets of a preparation's record."""
    return tuple(
        Target(
            NAME.check("column", each.get("column")),
            FINITE.check("mean", each.get("mean")),
            POSITIVE.check("scale", each.get("scale")),
        )
        for each in map(_object, _list(record, "targets", MOST_TARGETS))
    )


def _read_step(record: object) -> Step:
    fields = _object(record)
    check_name(_READERS, fields.get("kind"), "kind of step")
    return _READERS[fields["kind"]](NAME.check("column", fields.get("column")), fields)


def _read_scaling(record: object) -> Scaling:
    fields = _object(record)
    fill, shift = (FINITE.check(name, fields.get(name)) for name in ("fill", "shift"))
    return Scaling(fill, shift, POSITIVE.check("scale", fields.get("scale")))


def _read_category(column: str, fields: Record) -> Step:
    categories = tuple(WORD.check("categories", each) for each in _list(fields, "categories"))
    other = _flag(fields, "other")
    if len(set(categories)) < len(categories) or not (categories or other):
        raise Refusal("The categories of {column} must be different.", column=shown(column))
    return CategoryStep(column, categories, other, WORD.check("fill", fields.get("fill")))


def _read_date(column: str, fields: Record) -> Step:
    parts = []
    for each in map(_object, _list(fields, "parts", len(DATE_PARTS))):
        check_name(DATE_PARTS, each.get("part"), "part of a date")
        parts.append(DatePart(each["part"], _read_scaling(each.get("scaling"))))
    if not parts:
        raise Refusal("{field} is {value}; it must be a list.", field="parts", value="[]")
    day_first = "day_first" in fields and _flag(fields, "day_first")  # older files have no such
    return DateStep(column, tuple(parts), _flag(fields, "indicator"), day_first)


def _read_text(column: str, fields: Record) -> Step:
    size = int(Limits(1, MAX_INPUTS, whole=True).check("size", fields.get("size")))
    check_name(("words", "characters"), fields.get("tokens"), "tokens")
    words = tuple(WORD.check("words", each) for each in _list(fields, "words"))
    idf = tuple(FINITE.check("idf", each) for each in _list(fields, "idf"))
    if len(words) != len(idf) or len(set(words)) < len(words) or len(words) not in (0, size):
        raise Refusal(
            "The words of {column} must be different, each with one idf.", column=shown(column)
        )
    return TextStep(column, size, fields["tokens"], words, idf)


_READERS: dict[str, Callable[[str, Record], Step]] = {
    NumberStep.kind: lambda column, fields: NumberStep(
        column, _read_scaling(fields.get("scaling")), _flag(fields, "indicator")
    ),
    CategoryStep.kind: _read_category,
    DateStep.kind: _read_date,
    TextStep.kind: _read_text,
}


def _object(record: object) -> Record:
    if not isinstance(record, Mapping):
        raise Refusal("{field} must be a JSON object.", field="step")
    return record


def _list(record: Record, name: str, most: int = MAX_INPUTS) -> list[Any]:
    value = record.get(name)
    if not isinstance(value, list | tuple):
        raise Refusal("{field} is {value}; it must be a list.", field=name, value=shown(value))
    if len(value) > most:
        raise Refusal(
            "{field} has {count} entries; it must have between {low} and {high}.",
            field=name,
            count=len(value),
            low=0,
            high=most,
        )
    return list(value)


def _flag(record: Record, name: str) -> bool:
    value = record.get(name)
    if not isinstance(value, bool):
        raise Refusal(
            "{field} is {value}; it must be true or false.", field=name, value=shown(value)
        )
    return value
