"""How an experiment names a person's own table: `OwnTable` made of a table and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from core.data.dataset import Dataset
from core.data.tables.choices import Feature, TableChoices
from core.data.tables.options import ReadOptions
from core.experiment import OwnTable
from core.experiment.own import LONGEST_FILE

DIGITS = 16  # hexadecimal: enough to know a file again


def digest_of(data: bytes) -> str:
    """What a file is known by: the beginning of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def named(dataset: Dataset, digest: str) -> OwnTable:
    """Which table a data set was made of, and how. digest: of the file's bytes."""
    assert dataset.table is not None
    table, choices = dataset.table.table, dataset.table.choices
    usual = TableChoices(targets=("",), features=(Feature(),)).to_mapping()
    return OwnTable(
        PurePath(table.name).name[:LONGEST_FILE],
        digest,
        table.n_rows,
        dataset.n_classes,
        _without_defaults(table.options.to_mapping(), ReadOptions().to_mapping()),
        _without_defaults(choices.to_mapping(), usual),
    )


def _without_defaults(mapping: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the defaults; nested parts likewise."""
    kept: dict[str, Any] = {}
    for name, value in mapping.items():
        is_part = isinstance(value, Mapping) and isinstance(usual[name], Mapping)
        if is_part and name in ("split", "preparation"):
            value = _without_defaults(value, usual[name])
            if value:
                kept[name] = value
        elif value != usual[name]:
            kept[name] = value
    return kept


def options_of(own: OwnTable) -> ReadOptions:
    """How its file is read. Raises ValueError that names what does not fit."""
    return ReadOptions.from_mapping(own.read)


def choices_of(own: OwnTable) -> TableChoices:
    """What is made of it. Raises ValueError that names what does not fit."""
    return TableChoices.from_mapping(own.choices)
