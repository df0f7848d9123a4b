"""The network's output over any two of its inputs, the others held at a chosen point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.inspect.components import spaced
from core.inspect.slices import slice_through
from core.maths.losses import LOSSES
from playground import charts
from playground.session import Session
from playground.tables import in_units
from playground.views.evaluated import Result
from playground.views.panel import draw_chart
from playground.views.pictures import is_dark

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

INPUTS = 300  # more could not be chosen from a list
MOST = 1000  # points drawn
MEASURED = 5000  # rows that medians and widths are taken of


@dataclass(frozen=True)
class Output:
    """What is drawn: which output, its name, and the values at the ends of the colours."""

    number: int
    name: str
    low: float
    high: float
    diverging: bool


def suits(result: Result) -> bool:
    """Say whether there are inputs to choose two of, and not too many.

    Of just two the output panel beside the network is the whole picture.
    """
    is_image = result.dataset.image_shape is not None  # a single pixel means nothing by itself
    return 3 <= result.network.n_inputs <= INPUTS and not is_image


def show(session: Session, result: Result) -> None:
    """Draw the output over two inputs, with the training samples over it."""
    t, dataset = session.t, result.dataset
    rows = dataset.X_train[spaced(len(dataset.X_train), MEASURED)]
    with st.container(horizontal=True):
        x = _choose_input(session, result, "x", 0)
        y = _choose_input(session, result, "y", 1)
        output = _choose_output(session, result)
    point = _choose_point(session, dataset.X_train, rows)
    if x == y:
        st.info(t("views.slices_same"))
        return
    found = slice_through(result.network, rows, (x, y), point)
    heat = charts.Heat(
        found.x,
        found.y,
        in_units(dataset.preprocessing, found.outputs)[:, :, output.number],
        output.low,
        output.high,
        output.name,
        output.diverging,
    )
    figure = charts.over_heat(_points(session, result, (x, y), output), heat, dark=is_dark())
    figure.update_layout(uirevision=f"slices {x} {y}")
    count = f"{min(len(dataset.X_train), MOST):,}"
    st.caption(t("views.slices_note", count=count))
    draw_chart(session, figure, key="evaluation_slices", alt=t("views.alt_slices"))


def _choose_input(session: Session, result: Result, axis: str, usual: int) -> int:
    labels = session.column_labels(result.dataset)
    return int(
        st.selectbox(
            session.t(f"views.input_{axis}"),
            range(len(labels)),
            index=usual,
            format_func=lambda number: labels[number] if number < len(labels) else "",
            key=f"evaluation_input_{axis}_{session.language}_{len(labels)}",
            width=260,
        )
    )


def _choose_output(session: Session, result: Result) -> Output:
    """Let the person choose an output where there are several."""
    t, dataset, n_outputs = session.t, result.dataset, result.network.n_outputs
    classes = dataset.task == "classification"
    if classes and n_outputs == 1:
        names = [t("views.output_of", name=dataset.class_names[1])]
    elif classes:
        names = [t("views.output_of", name=name) for name in dataset.class_names]
    else:
        names = [f"{t('views.output')} {number + 1}" for number in range(n_outputs)]
    number = 0
    if n_outputs > 1:
        number = int(
            st.selectbox(
                t("views.output"),
                range(n_outputs),
                format_func=lambda place: names[place] if place < n_outputs else "",
                key=f"evaluation_slice_output_{session.language}_{n_outputs}",
                width=260,
            )
        )
    if not classes:
        values = [part[:, number] for part in result.values(result.train)]
        low = min(float(part.min()) for part in values)
        high = max(float(part.max()) for part in values)
        return Output(number, names[number], low, high, diverging=True)
    low = -1.0 if LOSSES[result.loss].targets == "plus_minus" else 0.0
    return Output(number, names[number], low, 1.0, diverging=n_outputs == 1 or low < 0.0)


def _choose_point(session: Session, X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where all other inputs are held, (n_inputs,)."""
    t = session.t
    chosen = st.segmented_control(
        t("views.held_at"),
        ["median", "sample"],
        default="median",
        required=True,
        format_func=lambda name: t(f"views.held_{name}"),
        key="evaluation_held",
    )
    if chosen != "sample":
        return np.asarray(np.median(rows, axis=0))
    label = t("views.sample")
    number = st.number_input(label, 1, len(X), 1, key="evaluation_held_sample", width=260)
    return np.asarray(X[int(number) - 1])


def _points(session: Session, result: Result, pair: tuple[int, int], output: Output) -> Figure:
    dataset, labels = result.dataset, session.column_labels(result.dataset)
    chosen = spaced(len(dataset.X_train), MOST)
    points, y = dataset.X_train[chosen][:, pair], dataset.y_train[chosen]
    axes = charts.Axes(labels[pair[0]], labels[pair[1]])
    if dataset.task == "classification":
        return charts.class_points(points, y, dataset.class_names, axes)
    values = in_units(dataset.preprocessing, y)[:, output.number]
    figure = charts.value_points(points, values, axes, output.name)
    return figure.update_traces(marker={"cmin": output.low, "cmax": output.high})
