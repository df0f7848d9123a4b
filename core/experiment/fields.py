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
class Instance(Check):
    """An instance of one class."""

    kind: type

    def check(self, name: str, value: object) -> object:
        if isinstance(value, self.kind):
            return value
        raise ValueError(f"{name} is {shown(value)}; it must be a {self.kind.__name__}.")


@dataclass(frozen=True)
class TupleOf(Check):
    """A tuple (a list is accepted) of `fewest` to `most` entries, each checked."""

    entry: Check
    fewest: int
    most: int
    distinct: bool = False

    def check(self, name: str, value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} is {shown(value)}; it must be a list.")
        if not self.fewest <= len(value) <= self.most:
            right = f"between {self.fewest} and {self.most}"
            raise ValueError(f"{name} has {len(value)} entries; it must have {right}.")
        kept = tuple(self.entry.check(f"{name}[{i}]", item) for i, item in enumerate(value))
        for item in kept if self.distinct else ():
            if kept.count(item) > 1:
                raise ValueError(f"{name} lists {shown(item)} twice; each may be there once.")
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
    """Make a class a frozen dataclass whose constructor raises ValueErrors in plain sentences."""
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
        raise ValueError(sentence)

    made.__init__ = checked
    return cast("type[Config]", made)


def _sentence(made: Any, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if "error" in first.get("ctx", {}):
        return str(first["ctx"]["error"])
    names = list(made.__pydantic_fields__)
    place = first["loc"][0] if first["loc"] else ""
    if first["type"] == "unexpected_positional_argument":
        return f"{made.__name__} takes {len(names)} values at most: {', '.join(names)}."
    if first["type"] == "multiple_argument_values":
        return f"{made.__name__} was given {place} twice."
    try:
        check_name(names, place, "field", f" of {made.__name__}")
    except ValueError as unknown:
        return str(unknown)
    return f"{place} is {shown(first['input'])}: {first['msg']}."
