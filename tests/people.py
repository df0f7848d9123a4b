"""A table of people that tests read, split, prepare and write: every kind of column."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import settings

from core.data import Dataset
from core.data.tables import (
    Feature,
    PreparationChoices,
    TableChoices,
)

FEW = settings(max_examples=25)
ROWS = 120
ARRAYS = ("X_train", "y_train", "X_test", "y_test")


def people(rows: int = ROWS) -> pl.DataFrame:
    """Rows of every kind of column, with some missing everywhere but in the target."""
    number = np.arange(rows)
    ages = [None if n % 11 == 3 else 20 + (n * 7) % 50 for n in number.tolist()]
    cities = [None if n % 13 == 5 else ("Bonn", "Rome", "Oslo")[n % 3] for n in number.tolist()]
    rare = ["Tuvalu" if n == 8 else city for n, city in enumerate(cities)]
    notes = [
        ("good soup", "bad soup today", None, "no soup at all")[n % 4] for n in number.tolist()
    ]
    first = datetime.datetime(2023, 11, 3, 7)
    return pl.DataFrame(
        {
            "id": number + 1000,
            "age": pl.Series(ages, dtype=pl.Int64),
            "income": [float(n) ** 1.5 if n % 7 else math.nan for n in number.tolist()],
            "city": rare,
            "member": [bool(n % 2) if n % 17 else None for n in number.tolist()],
            "since": [first + datetime.timedelta(hours=37 * n) for n in number.tolist()],
            "note": notes,
            "same": ["x"] * rows,
            "class": ["yes" if (n * n) % 7 < 3 else "no" for n in number.tolist()],
        }
    )


FEATURES = (
    Feature("age", "number"),
    Feature("income", "number"),
    Feature("city", "category"),
    Feature("member", "number"),
    Feature("since", "date"),
    Feature("note", "text"),
)


def choices(**changes: object) -> TableChoices:
    return replace(TableChoices(("class",), FEATURES, "binary"), **changes)


def same_data(one: Dataset, other: Dataset) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert (one.task, one.class_names) == (other.task, other.class_names)
    assert (one.feature_names, one.preprocessing) == (other.feature_names, other.preprocessing)


PREPARATIONS = [
    PreparationChoices(),
    PreparationChoices(impute_number="mean", scaling="min_max", text="tf_idf"),
    PreparationChoices(impute_number="constant", number_fill=-1.0, scaling="none", indicator=True),
    PreparationChoices(impute_category="own", min_frequency=0.0, max_categories=3),
    PreparationChoices(min_frequency=0.02, tokens="characters", text_size=16),
    PreparationChoices(min_frequency=0.0, text="tf_idf", tokens="characters", text_size=9),
]
