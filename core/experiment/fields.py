"""What a field of a config may hold, as data, and the sentence when it holds something else.

A config is a frozen pydantic dataclass; the annotation of each of its fields holds a check from
below: `units: Annotated[int, Within(Limits(1, 65_536, whole=True))]`.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, ValidationError, ValidationInfo
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import CoreSchema, core_schema

from core.maths.limits import Limits
from core.maths.options import Value
from core.maths.registry import check_name, shown
from core.refusals import Refusal, Sentence

Config = TypeVar("Config")


class Check:
    """One field's rule: `check(name, value)` returns the value to keep or raises a sentence."""

    def check(self, name: str, value: object) -> object:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        def validate(value: object, info: ValidationInfo) -> object:
            return self.check(info.field_name or "value", value)

        return core_schema.with_info_plain_validator_function(validate)


@dataclass(frozen=True)
class Within(Check):
    """A number within limits; `optional`: or None."""

    limits: Limits
    optional: bool = False

    def check(self, name: str, value: object) -> float | None:
        return None if self.optional and value is None else self.limits.check(name, value)


@dataclass(frozen=True)
class OneOf(Check):
    """One of a registry's names; `what` is what a sentence calls it."""

    what: str
    names: Collection[str]

    def check(self, name: str, value: object) -> str:
        check_name(self.names, value, self.what)
        return str(value)


@dataclass(frozen=True)
class Flag(Check):
    """True or False."""

    def check(self, name: str, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise Refusal(
            "{field} is {value}; it must be true or false.", field=name, value=shown(value)
        )


@dataclass(frozen=True)
class WordOrNumbers(Check):
    """One of some words, which a sentence calls `what`, or a list of `fewest` to `most` numbers."""

    what: str
    words: tuple[str, ...]
    limits: Limits
    fewest: int
    most: int

    def check(self, name: str, value: object) -> object:
        if isinstance(value, list | tuple):
            return TupleOf(Within(self.limits), self.fewest, self.most).check(name, value)
        check_name(self.words, value, self.what)
        return str(value)


@dataclass(frozen=True)
class Instance(Check):
    """An instance of one class."""

    kind: type

    def check(self, name: str, value: object) -> object:
        if isinstance(value, self.kind):
            return value
        raise Refusal(
            "{field} is {value}; it must be a {kind}.",
            field=name,
            value=shown(value),
            kind=self.kind.__name__,
        )


@dataclass(frozen=True)
class TupleOf(Check):
    """A tuple (a list is accepted) of `fewest` to `most` entries, each checked."""

    entry: Check
    fewest: int
    most: int
    distinct: bool = False

    def check(self, name: str, value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise Refusal("{field} is {value}; it must be a list.", field=name, value=shown(value))
        if not self.fewest <= len(value) <= self.most:
            raise Refusal(
                "{field} has {count} entries; it must have between {low} and {high}.",
                field=name,
                count=len(value),
                low=self.fewest,
                high=self.most,
            )
        kept = tuple(self.entry.check(f"{name}[{i}]", item) for i, item in enumerate(value))
        for item in kept if self.distinct else ():
            if kept.count(item) > 1:
                raise Refusal(
                    "{field} lists {value} twice; each may be there once.",
                    field=name,
                    value=shown(item),
                )
        return kept


class Options(Mapping[str, Value]):
    """Option values by name; immutable and hashable."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass_transform(frozen_default=True)
def config(cls: type[Config]) -> type[Config]:
    """Make a class a frozen dataclass whose constructor raises Refusals, in plain words."""
    made: Any = pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))(cls)
    construct = made.__init__

    @functools.wraps(construct)
    def checked(self: object, *values: object, **fields: object) -> None:
        try:
            construct(self, *values, **fields)
        except ValidationError as error:
            sentence = _sentence(made, error)
        else:
            return
        raise Refusal(sentence)

    made.__init__ = checked
    return cast("type[Config]", made)


def _sentence(made: Any, error: ValidationError) -> Sentence:
    first = error.errors(include_url=False)[0]
    if isinstance(refusal := first.get("ctx", {}).get("error"), Refusal):
        return refusal.sentence
    names, config = list(made.__pydantic_fields__), made.__name__
    place = first["loc"][0] if first["loc"] else ""
    if first["type"] == "unexpected_positional_argument":
        template = "{config} takes {count} values at most: {names}."
        return Sentence(template, config=config, count=len(names), names=", ".join(names))
    if first["type"] == "multiple_argument_values":
        return Sentence("{config} was given {field} twice.", config=config, field=place)
    try:
        check_name(names, place, "field", config)
    except Refusal as unknown:
        return unknown.sentence
    return Sentence(
        "{field} is {value}: {reason}.",
        field=place,
        value=shown(first["input"]),
        reason=first["msg"],
    )
