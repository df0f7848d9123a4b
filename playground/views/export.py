"""Export: take the weights away, with code that makes the same predictions elsewhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core import exchange
from core.data.films import FilmPairs
from core.exchange.readme import OPENING, prediction_code
from core.maths.normalizations import NORMALIZATIONS
from playground.live.download import download_weights
from playground.session import Session
from playground.tables import in_units, scales_of, stem
from playground.views.panel import is_moving, refreshing

if TYPE_CHECKING:
    from core.data import Dataset
    from core.data.tables import TableSplit
    from core.network import Network

Raw = np.ndarray | list[str] | list[dict[str, Any]]
"""Raw of numbers, texts, or rows of a table by its columns."""

SAMPLES = 3  # samples whose predictions are shown for comparison
WIDE = 16  # columns; the code of wider samples is wrapped


@dataclass(frozen=True)
class Words:
    """What the shown predictions are of: a step, a part of the data, its classes' names."""

    step: int
    part: str
    names: tuple[str, ...]


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    t = session.t
    network, dataset, step, data = session.player.read(
        lambda run: (run.network, run.dataset, run.step_count, run.experiment.data)
    )
    name = stem(data)
    suffix = _files(session, network, name)
    if dataset.table is not None:
        _tables(session, dataset, name)
    raw, part = raw_samples(dataset)
    st.markdown(f"**{t('views.reproduce')}**")
    st.caption(t(f"views.reproduce_help{'_safetensors' if suffix == '.safetensors' else ''}"))
    code = _code(network, raw, suffix, f"{name}{suffix}")
    st.code(code, language="python", height=420, wrap_lines=dataset.n_inputs > WIDE)
    _predictions(session, network, raw, Words(step, part, dataset.class_names))


def _files(session: Session, network: Network, name: str) -> str:
    """Offer the files; returns the suffix that is chosen for the weights."""
    t = session.t
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        suffix = st.segmented_control(
            t("views.format"),
            exchange.SUFFIXES,
            default=exchange.SUFFIXES[0],
            required=True,
            key="export_format",
        )
        suffix = suffix or exchange.SUFFIXES[0]
        with st.container(width=190):
            download_weights(
                t("views.download_weights", suffix=suffix),
                session.player.token,
                f"{name}{suffix}",
                key="export_weights",
                help=t("views.download_weights_help"),
                primary=True,
            )
        st.download_button(
            t("views.download_experiment"),
            data=_experiment_of(session),
            file_name=f"{name}.json",
            mime="application/json",
            on_click="ignore",
            icon=":material/data_object:",
            help=t("views.download_experiment_help"),
            key="export_experiment",
        )
    sizes = [len(network.weights[0]), *(len(b) for b in network.biases)]
    shape = " – ".join(f"{size:,}" for size in sizes)
    text = t("views.parameters", count=f"{network.n_parameters:,}", shape=shape)
    st.caption(" ".join([text, *_of_normalization(session, network)]))
    return suffix


def _tables(session: Session, dataset: Dataset, name: str) -> None:
    """Offer the exact training and test tables; they are written when they are asked for."""
    t = session.t
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(f"**{t('views.tables')}**", help=t("views.tables_help"), width="content")
        for form in ("csv", "parquet"):
            st.download_button(
                t(f"views.tables_{form}"),
                data=partial(archive, dataset, form),
                file_name=f"{name}-{form}.zip",
                mime="application/zip",
                on_click="ignore",
                icon=":material/table_view:",
                key=f"export_tables_{form}",
            )


def archive(dataset: Dataset, form: str) -> bytes:
    """The tables of a data set, and their description, as one file; the same data, same bytes."""
    from core.data.tables import write_tables

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in write_tables(dataset, form).items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _of_normalization(session: Session, network: Network) -> list[str]:
    """What normalized layers add to the files: learnt numbers, and running ones, which are not."""
    t, layout = session.t, network.layout
    if not layout.is_normalized:
        return []
    learnt = [t("views.parameters_normalized")]
    keeps = any(NORMALIZATIONS[name].statistics for name in layout.normalizations)
    return [*learnt, t("views.parameters_running")] if keeps else learnt


def _experiment_of(session: Session) -> Callable[[], bytes]:
    def data() -> bytes:
        return session.experiment.to_json().encode()

    return data


def _code(network: Network, raw: Raw, suffix: str, file_name: str) -> str:
    """Write a program that opens the file and predicts the samples shown below."""
    opening = OPENING[suffix].replace(f"network{suffix}", file_name)
    return f"""\
import json
import math

import numpy as np

{opening}

{prediction_code(network)}

raw = {_rows(raw)}
{_printed(network)}
"""


def _printed(network: Network) -> str:
    """What prints the predictions, in a table's units where they were standardized."""
    if not scales_of(network.preprocessing):
        return "print(predict(file, metadata, raw))"
    return """\
units = metadata["preprocessing"]["targets"]  # the network tells (value - mean) / scale
scale, mean = ([each[part] for each in units] for part in ("scale", "mean"))
print(predict(file, metadata, raw) * scale + mean)"""


def _rows(raw: Raw) -> str:
    """Write samples in Python, one a line: an array of numbers, or a list of texts or of rows."""
    if not isinstance(raw, list) and raw.dtype.kind == "i":
        return f"np.array({raw.tolist()})"
    if isinstance(raw, list):
        return "[\n" + "".join(f"    {each!r},\n" for each in raw) + "]"
    rows = (", ".join(str(float(f"{value:.7g}")) for value in row) for row in raw.tolist())
    return "np.array([\n" + "".join(f"    [{row}],\n" for row in rows) + "])"


def raw_samples(dataset: Dataset, count: int = SAMPLES) -> tuple[Raw, str]:
    """Return the first test samples as raw columns, float64 (n, n_raw), and their part's name.

    Of the training samples if there is no test set. Rounded to what the code writes down. Texts
    are a list of them; pairs of a person and a film are int64.
    """
    if dataset.table is not None:
        return _table_rows(dataset.table, count), "test"
    part = "test" if len(dataset.X_test) else "training"
    texts = dataset.texts_test if part == "test" else dataset.texts_train
    if texts is not None:
        return list(texts[:count]), part
    X, points = (
        (dataset.X_test, dataset.points_test)
        if part == "test"
        else (dataset.X_train, dataset.points_train)
    )
    if isinstance(dataset.preprocessing, FilmPairs):
        return dataset.preprocessing.pairs(X[:count]), part
    raw = dataset.preprocessing.raw(X[:count]) if points is None else points[:count]
    return np.array([[float(f"{v:.7g}") for v in row] for row in raw.tolist()]), part


def _table_rows(split: TableSplit, count: int) -> list[dict[str, Any]]:
    """The first test rows of a table, those columns that the network sees; dates as texts."""
    names = [feature.column for feature in split.choices.features]
    frame = split.table.frame.select(names)[split.rows_test[:count]]
    return [{name: _rounded(value) for name, value in row.items()} for row in frame.to_dicts()]


def _rounded(value: Any) -> Any:
    """A value as the code writes it: a float with seven digits, a date as text."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _predictions(session: Session, network: Network, raw: Raw, words: Words) -> None:
    """Show what the code should print, computed from the weights of this very step."""
    t = session.t
    st.markdown(f"**{t('views.it_prints', step=f'{words.step:,}')}**")
    if session.player.waiting:
        st.info(t("views.compiling"))
        return
    outputs = in_units(network.preprocessing, network.predict(network.preprocessing.transform(raw)))
    names = words.names if len(words.names) == outputs.shape[1] else ()
    rows = [
        {t("views.evaluated_sample"): t(f"views.{words.part}_sample", number=number + 1)}
        | {_column(session, names, k, len(row)): float(value) for k, value in enumerate(row)}
        for number, row in enumerate(outputs)
    ]
    number = st.column_config.NumberColumn(format="%.6f")
    columns = dict.fromkeys(list(rows[0])[1:], number) if rows else {}
    st.dataframe(rows, hide_index=True, column_config=columns, key="export_predictions")
    if is_moving(session):
        st.caption(t("views.still_moving"))


def _column(session: Session, names: tuple[str, ...], output: int, count: int) -> str:
    """Name an output: by its class where there is one each."""
    if names:
        return str(names[output])
    return session.t("views.output") + (f" {output + 1}" if count > 1 else "")
