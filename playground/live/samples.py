"""The test samples that are shown one by one: pictures, texts, or rows in their own units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import Dataset
from core.data.films import FilmPairs

if TYPE_CHECKING:
    from core.data.tables import TablePreparation, TableSplit

KINDS = ("image", "table", "ratings")
"""Kinds of data that have them."""
MOST = 40
MOST_LETTERS = 600  # of a text
MOST_COLUMNS = 48
MOST_CELL_LETTERS = 40
NOTHING = "\N{EN DASH}"


def thinned(n: int, most: int) -> np.ndarray:
    """Row numbers of at most `most` of n rows, evenly spread, int64."""
    if n == 0:
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def rows(data: Dataset) -> np.ndarray:
    """Row numbers of the shown samples among the test samples."""
    return thinned(len(data.X_test), MOST)


def arrays(data: Dataset) -> dict[str, np.ndarray]:
    """What is true of each, and the pictures where that is what they are."""
    y = data.y_test[rows(data)]
    if data.task == "regression":
        y = np.asarray(data.preprocessing.values(y), np.float32)
    else:
        y = y.astype(np.int32)
    found = {"sample_y": y.reshape(len(y), -1)[:, 0]}
    return found if data.image_shape is None else found | {"samples": pictures(data)}


def pictures(data: Dataset) -> np.ndarray:
    """uint8 (samples, height, width), or (samples, height, width, 3) in colour."""
    X: Any = data.X_test[rows(data)]
    images = np.stack([data.image_of(row) for row in X]) if len(X) else X.reshape(0, 1, 1)
    brightest = 1.0 if images.ndim == 4 else float(X.max(initial=0.0)) or 1.0
    return np.clip(images / brightest * 255.0, 0, 255).round().astype(np.uint8)


def words(data: Dataset) -> dict[str, Any]:
    """What there is to read: texts, people and films, or the cells of a table; {} of pictures."""
    if data.image_shape is not None:
        return {}
    if data.texts_test is not None:
        return {"texts": [data.texts_test[row][:MOST_LETTERS] for row in rows(data)]}
    if isinstance(data.preprocessing, FilmPairs):
        pairs = data.preprocessing.pairs(data.X_test[rows(data)])
        return {"pairs": [pair_named(data, *pair) for pair in pairs.tolist()]}
    return {"cells": _cells(data)}


def pair_named(data: Dataset, person: int, film: int) -> tuple[int, str]:
    """A person's number from 1, and a film's name."""
    assert isinstance(data.preprocessing, FilmPairs)
    return person + 1, data.feature_names[data.preprocessing.people + film]


# -- a table, before it was prepared for a network ------------------------------------------------


def _cells(data: Dataset) -> dict[str, Any]:
    """Names of the raw columns, and a row of texts for each sample."""
    if data.table is not None:
        return _cells_of(data.table, data.preprocessing)  # type: ignore[arg-type]
    shown = data.preprocessing.raw(data.X_test[rows(data)])[:, :MOST_COLUMNS]
    # Scaled and back, 0 is not quite 0.
    shown = np.where(np.abs(shown) < 1e-6 * np.abs(shown).max(axis=0, initial=0.0), 0.0, shown)
    texts = [[_text(value) for value in row] for row in shown.tolist()]
    return {"names": list(data.feature_names[:MOST_COLUMNS]), "rows": texts}


def _cells_of(table: TableSplit, preparation: TablePreparation) -> dict[str, Any]:
    """Of a person's own table: as it was read."""
    names = list(preparation.columns[:MOST_COLUMNS])
    chosen = table.rows_test[thinned(len(table.rows_test), MOST)]
    frame = table.table.frame.select(names)[chosen]
    return {"names": names, "rows": [[_text(value) for value in row] for row in frame.rows()]}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if value == value else NOTHING
    return NOTHING if value is None else str(value)[:MOST_CELL_LETTERS]
