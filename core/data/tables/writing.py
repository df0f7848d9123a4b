"""The exact training and test tables of a data set as files, and the same data set of them again.

A table's rows are written as they were read, all columns, in the order in which they are fed; other
data as the network's inputs and targets. `table.json` says how to read them.

A spreadsheet takes a text that begins with = + - or @ for a formula, quoted or not. So in CSV such
texts, and those that begin with ', get a ' in front of them; `read_tables` takes it away again, so
that nothing is lost. Parquet has no such trouble and is exact for every reader.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from core.data.dataset import Dataset
from core.data.preprocessing import Preprocessing
from core.data.tables.building import TableSplit, dataset_of
from core.data.tables.choices import TableChoices
from core.data.tables.configs import read_json
from core.data.tables.options import ReadOptions
from core.data.tables.packed import unpacked
from core.data.tables.reading import read_table
from core.data.tables.table import Table, clean_names
from core.maths.registry import check_name
from core.refusals import Refusal

FORMATS = ("csv", "parquet")
DESCRIPTION = "table.json"
PARTS = ("train", "test", "validation")
RISKY = r"^[=+\-@\t\r']"  # how a text begins that a spreadsheet would evaluate, or that we mark
VERSION = 1
Files = dict[str, bytes]


def write_tables(dataset: Dataset, format: str = "csv") -> Files:
    """Files by name: "train.csv", "test.csv" (or ".parquet") and "table.json".

    What is held back for validation is "validation.csv".

    Raises ValueError for another format.
    """
    check_name(FORMATS, format, "table format")
    if dataset.table is None:
        parts, description = _inputs(dataset), _about_inputs(dataset)
    else:
        parts = {"train": dataset.table.train, "test": dataset.table.test}
        if len(dataset.table.rows_validation):
            parts["validation"] = dataset.table.validation
        description = {
            "choices": dataset.table.choices.to_mapping(),
            "name": dataset.table.table.name,
        }
    kinds = Table(parts["train"]).kinds
    options = ReadOptions(
        format=format, missing=(), strip=False, escaped=format == "csv", kinds=kinds
    )
    about = {"version": VERSION, "read": options.to_mapping(), **description}
    files = {f"{part}.{format}": _written(frame, format) for part, frame in parts.items()}
    return files | {DESCRIPTION: json.dumps(about, indent=1, ensure_ascii=False).encode()}


def _written(frame: pl.DataFrame, format: str) -> bytes:
    stream = io.BytesIO()
    if format == "parquet":
        frame.write_parquet(stream)
    else:
        text = pl.col(pl.String)
        marked = text.str.replace(RISKY, "'${0}")
        safe = frame.with_columns(marked) if pl.String in frame.dtypes else frame
        names = pl.Series(frame.columns, dtype=pl.String).str.replace(RISKY, "'${0}")
        safe.rename(dict(zip(frame.columns, names, strict=True))).write_csv(
            stream, quote_style="non_numeric"
        )
    return stream.getvalue()


def _inputs(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """Inputs and targets: classes by their names, values as numbers."""
    if dataset.is_sparse:
        raise Refusal(
            "Sparse data are not written as a table: it would have {rows} rows of {columns} "
            "columns, mostly 0.",
            rows=f"{len(dataset.X_train) + len(dataset.X_test):,}",
            columns=f"{dataset.n_inputs:,}",
        )
    names = clean_names((*dataset.feature_names, *_target_names(dataset)))
    parts = {}
    held = ("validation",) if dataset.n_validation else ()
    for part in ("train", "test", *held):
        X, y = getattr(dataset, f"X_{part}"), getattr(dataset, f"y_{part}")
        columns = [pl.Series(X[:, number]) for number in range(X.shape[1])]
        if dataset.task == "classification":
            classes = [dataset.class_names[int(number)] for number in y]
            columns.append(pl.Series(classes, dtype=pl.String))
        else:
            columns += [pl.Series(y[:, number]) for number in range(y.shape[1])]
        named = [c.alias(name) for c, name in zip(columns, names, strict=True)]
        parts[part] = pl.DataFrame(named).with_columns(pl.col(pl.Float32).cast(pl.Float64))
    return parts


def _target_names(dataset: Dataset) -> list[str]:
    if dataset.task == "classification":
        return ["class"]
    return [f"value_{number}" for number in range(1, dataset.n_values + 1)]


def _about_inputs(dataset: Dataset) -> dict[str, Any]:
    return {
        "task": dataset.task,
        "feature_names": list(dataset.feature_names),
        "class_names": list(dataset.class_names),
        "image_shape": dataset.image_shape,
        "preprocessing": dataset.preprocessing.to_dict(),
    }


def read_tables(files: Mapping[str, bytes] | bytes | str | Path) -> Dataset:
    """The data set that `write_tables` wrote: the same inputs and targets, bit by bit.

    files: by name, or a zip archive of them, its bytes or its path. Data that were no table come
    back as inputs and targets, with their preprocessing, but without their points in the plane.
    Raises ValueError that says what is wrong.
    """
    if not isinstance(files, Mapping):
        names = [f"{part}.{format}" for part in PARTS for format in FORMATS]
        files = unpacked(files, [DESCRIPTION, *names])
    if DESCRIPTION not in files:
        raise Refusal("There is no file {name}.", name=DESCRIPTION)
    about = read_json(files[DESCRIPTION])
    if not isinstance(about, Mapping) or about.get("version") != VERSION:
        raise Refusal("{name} was not written by this playground.", name=DESCRIPTION)
    options = ReadOptions.from_mapping(about.get("read"))
    parts = {}
    for part in PARTS:
        name = f"{part}.{options.format}"
        if name not in files and part == "validation":
            continue
        if name not in files:
            raise Refusal("There is no file {name}.", name=name)
        parts[part] = read_table(files[name], name, options).frame
    if "choices" not in about:
        return _of_inputs(parts, about)
    return _of_rows(parts, str(about.get("name", "")), TableChoices.from_mapping(about["choices"]))


def _of_rows(parts: Mapping[str, pl.DataFrame], name: str, choices: TableChoices) -> Dataset:
    if any(part.columns != parts["train"].columns for part in parts.values()):
        raise Refusal("The training and the test table have different columns.")
    together = pl.concat(list(parts.values()), how="vertical_relaxed")
    ends = np.cumsum([part.height for part in parts.values()])
    train, test, *held = np.split(np.arange(together.height), ends[:-1])
    validation = held[0] if held else train[:0]
    split = TableSplit(Table(together, name), choices, train, test, rows_validation=validation)
    return dataset_of(split)


def _of_inputs(parts: Mapping[str, pl.DataFrame], about: Mapping[str, Any]) -> Dataset:
    features, classes = (_texts(about, name) for name in ("feature_names", "class_names"))
    shape, task = about.get("image_shape"), str(about.get("task"))
    if shape is not None and not (
        isinstance(shape, list) and [type(s) for s in shape] in ([int] * 2, [int] * 3)
    ):
        raise Refusal("{name} was not written by this playground.", name=DESCRIPTION)
    arrays: list[Any] = []
    for frame in parts.values():
        targets = frame[:, len(features) :]
        if not targets.width:
            raise Refusal("{name} was not written by this playground.", name=DESCRIPTION)
        arrays.append(frame[:, : len(features)].to_numpy())
        arrays.append(
            targets.to_series().to_list() if task == "classification" else targets.to_numpy()
        )
    X_train, y_train, X_test, y_test, *held = arrays
    X_validation, y_validation = held or (None, None)
    made = Dataset.from_arrays(
        X_train,
        y_train,
        X_test,
        y_test,
        task,
        feature_names=features,
        class_names=classes or None,
        image_shape=tuple(shape) if shape else None,
        X_validation=X_validation,
        y_validation=y_validation,
    )
    return replace(made, preprocessing=Preprocessing.from_dict(about.get("preprocessing")))


def _texts(about: Mapping[str, Any], name: str) -> list[str]:
    texts = about.get(name)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refusal("{name} was not written by this playground.", name=DESCRIPTION)
    return texts
