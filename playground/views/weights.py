"""Weights: how every layer's are spread, and one layer's matrix or images, number by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.inspect.spread import Spread, spread
from playground import charts
from playground.session import Session
from playground.views.panel import draw_chart, refreshing
from playground.views.record import layer_names

WINDOW = 64  # rows and columns of a matrix shown at once: more cells cannot be told apart
IMAGES = 32  # first-layer images shown at once


@dataclass(frozen=True)
class Copied:
    """A network's parameters, copied, and what its parts are called."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    layers: list[str]
    inputs: tuple[str, ...]
    image_shape: tuple[int, ...] | None


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    copied = _copy(session)
    left, right = st.columns([2, 3])
    with left:
        _spreads(session, copied)
    with right:
        _one_layer(session, copied)


def _copy(session: Session) -> Copied:
    layout, dataset, params = session.player.read(
        lambda trainer: (trainer.layout, trainer.dataset, trainer.params.copy())
    )
    weights, biases = layout.views(params)
    names = layer_names(session, layout.activations)
    return Copied(weights, biases, names, session.column_labels(dataset), dataset.image_shape)


def _spreads(session: Session, copied: Copied) -> None:
    t = session.t
    kind = st.segmented_control(
        t("views.what"),
        ["weights", "biases"],
        default="weights",
        required=True,
        format_func=lambda name: t(f"views.{name}_word"),
        key="weights_kind",
    )
    arrays = copied.biases if kind == "biases" else copied.weights
    spreads = [spread(array) for array in arrays]
    figure = charts.spread_chart(
        [
            charts.Spread(
                _short(session, number, len(spreads)), s.shares, s.edges, s.quartiles, s.few
            )
            for number, s in enumerate(spreads)
        ],
        charts.Axes(t("views.layer_word"), t("views.value_axis")),
        t("views.share"),
    )
    draw_chart(session, figure, key="weights_spread", alt=t("views.alt_spread"))
    _figures(session, copied.layers, spreads)


def _short(session: Session, number: int, count: int) -> str:
    return session.t("views.output_short") if number == count - 1 else str(number + 1)


def _figures(session: Session, layers: list[str], spreads: list[Spread]) -> None:
    t = session.t
    rows = [
        {
            t("views.layer_word"): name,
            t("views.count"): s.count,
            t("views.mean"): s.mean,
            t("views.deviation"): s.deviation,
            t("views.largest"): s.largest,
        }
        for name, s in zip(layers, spreads, strict=True)
    ]
    number = st.column_config.NumberColumn(format="%.4g")
    columns = {t(f"views.{name}"): number for name in ("mean", "deviation", "largest")}
    st.dataframe(rows, hide_index=True, column_config=columns, key="weights_figures")
    broken = sum(s.not_finite for s in spreads)
    if broken:
        st.warning(t("views.not_finite", count=f"{broken:,}"))


def _one_layer(session: Session, copied: Copied) -> None:
    t = session.t
    layer = st.selectbox(
        t("views.layer_word"),
        range(len(copied.layers)),
        format_func=lambda number: copied.layers[number] if number < len(copied.layers) else "",
        key=f"weights_layer_{session.language}_{len(copied.layers)}",
    )
    if layer == 0 and copied.image_shape is not None:
        as_images = st.toggle(t("views.as_images"), value=True, key="weights_images")
        if as_images:
            _images(session, copied, copied.image_shape)
            return
    _matrix(session, copied, layer)


def _images(session: Session, copied: Copied, shape: tuple[int, ...]) -> None:
    t = session.t
    start = _start(session, "views.first_unit", copied.weights[0].shape[1], IMAGES, "weights_image")
    shown = copied.weights[0][:, start : start + IMAGES]
    captions = [str(start + unit + 1) for unit in range(shown.shape[1])]
    names = [t("views.unit", number=number) for number in captions]
    height, width = shape[:2]
    of_pixels = shown.reshape(height * width, -1, shown.shape[1]).sum(axis=1)  # of all colours
    figure = charts.weight_images(of_pixels, (height, width), names, captions, t("views.weight"))
    draw_chart(session, figure, key="weights_mosaic", alt=t("views.alt_images"))


def _matrix(session: Session, copied: Copied, layer: int) -> None:
    t = session.t
    weights, biases = copied.weights[layer], copied.biases[layer]
    names = _input_names(session, copied, layer)
    size = f"{layer}_{weights.shape[0]}_{weights.shape[1]}"
    row = _start(session, "views.first_input", len(weights), WINDOW, f"weights_row_{size}")
    column = _start(session, "views.first_unit", weights.shape[1], WINDOW, f"weights_column_{size}")
    units = slice(column, column + WINDOW)
    shown = np.concatenate([weights[row : row + WINDOW, units], biases[None, units]])
    figure = charts.matrix_chart(
        shown,
        [*names[row : row + WINDOW], t("views.bias")],
        [str(column + unit + 1) for unit in range(shown.shape[1])],
        charts.Axes(t("views.unit_axis"), t("views.input_axis")),
        t("views.weight"),
    )
    draw_chart(session, figure, key="weights_matrix", alt=t("views.alt_matrix"))
    if weights.shape[0] > WINDOW or weights.shape[1] > WINDOW:
        rows, columns = weights.shape
        st.caption(t("views.part_shown", rows=f"{rows:,}", columns=f"{columns:,}"))


def _input_names(session: Session, copied: Copied, layer: int) -> list[str]:
    if layer == 0:
        return list(copied.inputs)
    count = len(copied.weights[layer])
    return [session.t("views.unit", number=unit + 1) for unit in range(count)]


def _start(session: Session, label: str, total: int, window: int, key: str) -> int:
    """Ask where a part begins, counted from 1, when there is more than can be shown."""
    if total <= window:
        return 0
    last = total - window + 1
    chosen = st.number_input(session.t(label), 1, last, 1, step=window // 2, width=170, key=key)
    return int(chosen) - 1
