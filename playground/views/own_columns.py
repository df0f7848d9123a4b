"""Number fields for a sample of a table, which begin with the values of a sample of the data."""

from __future__ import annotations

import math
import zlib

import numpy as np
import streamlit as st

from core.data import Dataset
from playground.fields import plain
from playground.session import Session
from playground.views.export import raw_columns

SHOWN, MOST = 16, 48  # fields at once, and those behind a click; more stay as they are
LOOKED_AT = 200  # rows that say whether a column holds whole numbers


def ask(session: Session, dataset: Dataset) -> np.ndarray:
    """Ask for a sample's raw columns, float64 (n_raw,), beginning with those of a known one."""
    t, part = session.t, "test" if len(dataset.X_test) else "training"
    X, y, points = _part(dataset, part)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        label, of = t(f"views.try_{part}_sample"), zlib.crc32(repr(dataset.source).encode())
        number = st.number_input(
            label, 1, len(X), 1, width=210, help=t("views.try_sample_help"), key=f"try_sample_{of}"
        )
        row = int(number) - 1
        st.caption(t("views.try_true", true=_true(dataset, y[row])))
    raw = points[row] if points is not None else raw_columns(dataset.preprocessing, X[[row]])[0]
    raw = np.array([float(f"{value:.5g}") for value in raw])
    names, steps = _names(session, dataset), _steps(dataset)
    key = f"try_{of}_{row}"
    for first, last in ((0, SHOWN), (SHOWN, MOST)):
        chosen = range(first, min(last, len(raw)))
        if first and chosen:
            with st.expander(t("views.try_more_columns", count=len(chosen))):
                _fields(raw, chosen, names, steps, key)
        elif chosen:
            _fields(raw, chosen, names, steps, key)
    if len(raw) > MOST:
        st.caption(t("views.try_other_columns", count=f"{len(raw) - MOST:,}"))
    return raw


def inputs(dataset: Dataset, raw: np.ndarray) -> np.ndarray:
    """What the network is fed of raw columns (n_raw,), float32 (n_inputs,); inf if too large."""
    if dataset.table is not None:  # the fields are its prepared columns
        with np.errstate(over="ignore"):
            return raw.astype(np.float32)
    return dataset.preprocessing.transform(raw[None])[0]


def _fields(
    raw: np.ndarray, chosen: range, names: tuple[str, ...], steps: np.ndarray, key: str
) -> None:
    """Ask for columns in place: a field each, as many in a row as fit."""
    with st.container(horizontal=True, gap="small"):
        for column in chosen:
            raw[column] = st.number_input(
                plain(names[column]),
                value=float(raw[column]),
                step=float(steps[column]),
                format="%.5g",
                width=140,
                key=f"{key}_{column}",
            )


def _part(dataset: Dataset, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    if part == "test":
        return dataset.X_test, dataset.y_test, dataset.points_test
    return dataset.X_train, dataset.y_train, dataset.points_train


def _true(dataset: Dataset, y: np.ndarray) -> str:
    if dataset.class_names:
        return plain(dataset.class_names[int(y)])
    return ", ".join(f"{value:.4g}" for value in np.atleast_1d(y))


def _names(session: Session, dataset: Dataset) -> tuple[str, ...]:
    """Names of the raw columns: of points their coordinates, else those of the inputs."""
    if dataset.points_train is None:
        return session.column_labels(dataset)
    return tuple(session.t(f"feature.x{axis + 1}") for axis in range(dataset.points_train.shape[1]))


def _steps(dataset: Dataset) -> np.ndarray:
    """What a click on + adds to each raw column: 1 to whole numbers, else some hundredth."""
    points = dataset.points_train
    X = dataset.X_train if points is None else points
    ends = np.stack([X.min(axis=0), X.max(axis=0)])
    rows = X[:LOOKED_AT]
    if points is None:
        ends, rows = (raw_columns(dataset.preprocessing, part) for part in (ends, rows))
    width = np.maximum(np.abs(ends[1] - ends[0]), 1e-12)
    steps = np.array([10.0 ** math.floor(math.log10(w / 20.0)) for w in width.tolist()])
    whole = (np.abs(rows - np.round(rows)) < 1e-4).all(axis=0)
    return np.where(whole, np.maximum(np.round(steps), 1.0), steps)
