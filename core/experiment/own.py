"""A person's own table or pictures as an experiment names them: which file, and what is made of it.

The rows are not in it: an experiment with such data runs where its table is. What is known here
of `read` and `choices` is only that they are plain JSON; `core.data.tables` or `core.data.pictures`
makes something of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.experiment.fields import Check
from core.maths.limits import Limits
from core.maths.registry import shown
from core.refusals import Refusal

MOST_TEXT = 400_000  # characters: thousands of columns by name
LONGEST_FILE = 200
CLASSES, ROWS = Limits(0, 1000, whole=True), Limits(0, 2**53 - 1, whole=True)


@dataclass(frozen=True)
class OwnTable:
    """A table and what is made of it.

    file: its name. digest: of its bytes, to know it again. rows: how many it has.
    classes: of the target, 0 where values are told. read, choices: mappings of ReadOptions and
    TableChoices, without their defaults; choices are empty where a link had no room for them.
    Of pictures: an archive, how many there are, and PictureChoices.
    """

    file: str = ""
    digest: str = ""
    rows: int = 0
    classes: int = 2
    read: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that are used, targets first."""
        features = self.choices.get("features", ())
        named = [*self.choices.get("targets", ()), *(each.get("column") for each in features)]
        return tuple(name for name in named if isinstance(name, str))

    @property
    def in_short(self) -> OwnTable:
        """The same table, without the choices."""
        return replace(self, choices={})

    def to_json(self) -> str:
        """The text that DataConfig.table holds; the same table and choices give the same text."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> OwnTable:
        """Read what `to_json` wrote. Raises ValueError that says what does not fit."""
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict) or not given.keys() <= cls.__dataclass_fields__.keys():
            raise _no_table(text)
        made = cls(**given)
        if not all(isinstance(each, str) for each in (made.file, made.digest)):
            raise _no_table(text)
        if max(len(made.file), len(made.digest)) > LONGEST_FILE:
            raise _no_table(text)
        if not all(isinstance(each, dict) for each in (made.read, made.choices)):
            raise _no_table(text)
        for names in (made.choices.get("targets", []), made.choices.get("features", [])):
            if not isinstance(names, list):
                raise _no_table(text)
        if not all(isinstance(each, dict) for each in made.choices.get("features", [])):
            raise _no_table(text)
        ROWS.check("rows", made.rows)
        CLASSES.check("classes", made.classes)
        return made


def _no_table(text: str) -> Refusal:
    return Refusal("table is {value}; it must describe a table, as JSON.", value=shown(text))


@dataclass(frozen=True)
class TableText(Check):
    """The text of an OwnTable, or "" where data are no table."""

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str) or len(value) > MOST_TEXT:
            raise _no_table(str(value))
        if value:
            OwnTable.from_json(value)
        return value
