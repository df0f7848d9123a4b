"""What is noticed in a table, as records that can be said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.maths.registry import shown
from core.refusals import Sentence


@dataclass(frozen=True)
class Finding:
    """Something that a person should know about a column before using it.

    code: a key of SAID. column: its name; "" where it is about all. values: what else the sentence
    names, by place; rows are counted from 1, without the header.
    """

    code: str
    column: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> Sentence:
        """The finding in words, which can be said in other languages as well."""
        return Sentence(SAID[self.code].template, column=shown(self.column), **self.values)


SAID: dict[str, Sentence] = {
    "mixed": Sentence(
        "{column} holds {kind} but for {count}, such as {value} in row {row}; it is taken as text."
    ),
    "unreadable": Sentence(
        "{column} is read as {kind}; what is none counts as missing: {count}, such as {value} in "
        "row {row}."
    ),
    "left_out": Sentence("{column} is left out: it holds {kind}, which is no cell of a table."),
    "not_finite": Sentence(
        "{column} holds values that are not finite and count as missing: {count}, such as {value} "
        "in row {row}."
    ),
    "constant": Sentence("{column} is always {value}: nothing can be learnt from it."),
    "all_missing": Sentence("{column} is empty in every row."),
    "mostly_missing": Sentence("{column} is missing in {count} of {rows} rows."),
    "duplicate": Sentence("{column} is the same as {other} in every row."),
    "identifier": Sentence(
        "{column} names rows: {distinct} of {rows} values differ. A network would learn the rows "
        "by heart."
    ),
    "counts_up": Sentence(
        "{column} goes up or down row by row: {distinct} of {rows} values differ. It may number "
        "the rows, and tells nothing then; if it is a time or a count, it is a feature."
    ),
    "leak": Sentence(
        "{column} alone tells {target}. Is it known before {target} is, or does it give it away?"
    ),
    "many_categories": Sentence(
        "{column} has {distinct} different values; the rare ones are grouped as one."
    ),
    "imbalance": Sentence(
        "The classes of {column} are unequal: {most} rows are {common}, only {fewest} are {rare}."
    ),
    "untaught": Sentence(
        "In no training row {column} is {classes}: what no row shows cannot be learnt."
    ),
    "no_target": Sentence("{count} rows have no {column} and are left out."),
}
