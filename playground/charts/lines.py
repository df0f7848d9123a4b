"""Curves against steps or epochs: losses, accuracies, gradient norms, update ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from playground.charts.style import (
    GREY,
    POSITIVE,
    TEST,
    TRAINING,
    VALIDATION,
    Axes,
    framed,
    layer_style,
    thin,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

Role = Literal["train", "test", "validation", "batch"] | int
MARKERS = 8  # on the line of a layer
LABELLED_MARKS = 12  # labels beyond these would cover one another


@dataclass(frozen=True)
class Curve:
    """One line. x, y: (n,). role: a part of the data, "batch", or the number of a layer."""

    label: str
    x: np.ndarray
    y: np.ndarray
    role: Role


@dataclass(frozen=True)
class Mark:
    """A vertical line where the run was edited; `label` says what changed."""

    x: float
    label: str


@dataclass(frozen=True)
class Best:
    """The lowest or highest point of a curve, drawn as a star."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Band:
    """A shaded stretch of the y axis with the words written into it."""

    low: float
    high: float
    label: str


def line_chart(
    curves: Sequence[Curve],
    axes: Axes,
    *,
    marks: Sequence[Mark] = (),
    best: Best | None = None,
    band: Band | None = None,
) -> Figure:
    """Draw curves over common axes, each thinned to 1000 points.

    On a logarithmic axis the points at or below zero are left out.
    """
    from plotly.graph_objects import Figure

    figure = Figure([trace for curve in curves for trace in _traces(_visible(curve, axes))])
    framed(figure, axes)
    figure.update_layout(hovermode="x unified")
    _set_ranges(figure, axes)
    if band is not None:
        _add_band(figure, band, axes)
    _add_marks(figure, [mark for mark in marks if mark.x > 0 or not axes.log_x], axes)
    if best is not None and np.isfinite(best.y) and not (axes.log_x and best.x <= 0):
        _add_best(figure, best)
    return figure


def _visible(curve: Curve, axes: Axes) -> Curve:
    x, y = np.asarray(curve.x, dtype=np.float64), np.asarray(curve.y, dtype=np.float64)
    if axes.log_x:
        x, y = x[x > 0], y[x > 0]
    if axes.log_y:
        y = np.where(y > 0, y, np.nan)
    x, y = thin(x, y)
    return replace(curve, x=x, y=y)


def _traces(curve: Curve) -> list[Scatter]:
    """Draw a line; one of a layer also gets a few markers, which the legend shows with it."""
    from plotly.graph_objects import Scatter

    style = _line_style(curve.role)
    line = Scatter(
        x=curve.x,
        y=curve.y,
        name=curve.label,
        mode="lines" if len(curve.x) != 1 else "markers",
        cliponaxis=len(curve.x) != 1,
        line=style,
        marker={"color": style["color"], "size": 8},
        opacity=0.6 if curve.role == "batch" else 1.0,
        hovertemplate="%{y:.4g}",
        connectgaps=False,
    )
    if isinstance(curve.role, str) or len(curve.x) < 2:
        return [line]
    line.update(legendgroup=curve.label, showlegend=False)
    # A marker at every point would be a thousand more elements for the browser to draw.
    few = np.linspace(0, len(curve.x) - 1, min(MARKERS, len(curve.x))).astype(int)
    symbol = layer_style(curve.role)["symbol"]
    shared: dict[str, Any] = {
        "marker": {"symbol": symbol, "size": 7, "color": style["color"]},
        "line": style,
        "name": curve.label,
        "legendgroup": curve.label,
        "hoverinfo": "skip",
    }
    return [
        line,
        Scatter(x=curve.x[few], y=curve.y[few], mode="markers", showlegend=False, **shared),
        Scatter(x=[None], y=[None], mode="lines+markers", **shared),
    ]


def _line_style(role: Role) -> dict[str, object]:
    if role == "batch":
        return {"color": GREY, "width": 0.7}
    if role == "train":
        return {"color": TRAINING, "width": 2.2, "dash": "dash"}  # as in the live view
    if role == "test":
        return {"color": TEST, "width": 2.2}
    if role == "validation":
        return {"color": VALIDATION, "width": 2.2, "dash": "dashdot"}
    style = layer_style(int(role))
    return {"color": style["color"], "dash": style["dash"], "width": 1.8}


def _set_ranges(figure: Figure, axes: Axes) -> None:
    """Let lines fill the width, and write whole powers of ten where there are several."""
    lines = [trace for trace in figure.data if len(trace.x) and trace.x[0] is not None]
    drawn = [np.asarray(trace.x) for trace in lines]
    low, high = (
        min((x.min() for x in drawn), default=0.0),
        max((x.max() for x in drawn), default=0.0),
    )
    # Not `range`: a new one would undo what a person zoomed into.
    if high > low and not axes.log_x:
        figure.update_xaxes(autorangeoptions={"clipmin": float(low), "clipmax": float(high)})
    elif not axes.log_x:  # one point, or none: room for what is to come
        figure.update_xaxes(autorangeoptions={"clipmin": float(low), "include": float(low) + 10})
        if not axes.log_y:
            figure.update_yaxes(autorangeoptions={"include": 0.0})
    values = np.concatenate([np.asarray(trace.y) for trace in lines] or [np.zeros(0)])
    values = values[np.isfinite(values) & (values > 0.0)]
    if axes.log_y and values.size:
        decades = float(np.log10(values.max() / values.min()))
        figure.update_yaxes(dtick=max(1, round(decades / 8)) if decades > 2.0 else "D2")


def _add_marks(figure: Figure, marks: Sequence[Mark], axes: Axes) -> None:
    for number, mark in enumerate(marks):
        figure.add_vline(x=mark.x, line={"color": GREY, "width": 1, "dash": "dot"})
        if number >= len(marks) - LABELLED_MARKS:
            figure.add_annotation(
                x=np.log10(mark.x) if axes.log_x else mark.x,  # Plotly wants exponents here
                y=1.0,
                yref="paper",
                yanchor="top",
                xanchor="left",
                text=mark.label,
                textangle=-90,
                showarrow=False,
                font={"size": 11},
            )


def _add_best(figure: Figure, best: Best) -> None:
    figure.add_scatter(
        x=[best.x],
        y=[best.y],
        mode="markers",
        name=best.label,
        cliponaxis=False,  # it often is the last point, half beyond the edge
        marker={"symbol": "star", "size": 13, "color": TEST, "line": {"color": GREY, "width": 1}},
        hovertemplate="%{y:.4g}",
    )


def _add_band(figure: Figure, band: Band, axes: Axes) -> None:
    figure.add_hrect(
        y0=band.low, y1=band.high, line_width=0, fillcolor=POSITIVE, opacity=0.13, layer="below"
    )
    figure.add_annotation(
        x=1.0,
        xref="paper",
        xanchor="right",
        y=np.log10(band.low * band.high) / 2.0 if axes.log_y else (band.low + band.high) / 2.0,
        yanchor="middle",
        text=band.label,
        showarrow=False,
        font={"size": 11},
    )
