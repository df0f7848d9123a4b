"""Frozen configs of tables to plain JSON values and back, and two checks that only they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.experiment.fields import Check, OneOf, Options
from core.maths.registry import check_name, shown
from core.refusals import Refusal

Config = TypeVar("Config")


@dataclass(frozen=True)
class Text(Check):
    """A text of at most `most` characters, none of them half of a character."""

    most: int = 1000

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Refusal("{field} is {value}; it must be a text.", field=name, value=shown(value))
        if len(value) > self.most:
            raise Refusal(
                "{field} has {count} characters; at most {most} are possible.",
                field=name,
                count=len(value),
                most=self.most,
            )
        return value


@dataclass(frozen=True)
class WordsByColumn(Check):
    """One word for each of some columns: {"age": "number"}; kept in order, and hashable."""

    what: str
    words: tuple[str, ...]
    most: int

    def check(self, name: str, value: object) -> Options:
        if not isinstance(value, Mapping) or len(value) > self.most:
            raise Refusal(
                "{field} is {value}; it must be a mapping of column names to words.",
                field=name,
                value=shown(value),
            )
        word = OneOf(self.what, self.words)
        return Options(
            {Text().check(name, key): word.check(name, item) for key, item in value.items()}
        )


def to_plain(value: Any) -> Any:
    """A config as plain dicts, lists, numbers and text."""
    if hasattr(value, "__pydantic_fields__"):
        return {name: to_plain(getattr(value, name)) for name in value.__pydantic_fields__}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def from_plain(kind: type[Config], record: object, **parts: Any) -> Config:
    """Build a config of what `to_plain` made; missing fields take their defaults.

    parts: by field, how a nested config is read of its plain form.
    Raises ValueError that names the field that does not fit.
    """
    if not isinstance(record, Mapping):
        raise Refusal("{field} must be a JSON object.", field=kind.__name__)
    fields: dict[str, Any] = kind.__pydantic_fields__  # type: ignore[attr-defined]
    for name in record:
        check_name(fields, name, "field", kind.__name__)
    return kind(**{name: parts.get(name, _as_is)(value) for name, value in record.items()})


def _as_is(value: Any) -> Any:
    return value


def read_json(text: str | bytes) -> object:
    """Plain values of a JSON text. Raises ValueError in words."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("The description of the table is not readable JSON.") from None
