"""How far a network can be trusted: ROC, precision-recall, reliability, residuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.charts.style import GREY, POINTS, TEST, TRAINING, Axes, framed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class PartCurve:
    """A curve of one part of the data. x, y: (n,).

    role: "train" or "test". point: where the chosen threshold lies on it, None for nowhere.
    texts: (n,), what the hover says beside the coordinates.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    role: str
    point: tuple[float, float] | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Guide:
    """A straight line to compare curves with, from one point to another."""

    label: str
    start: tuple[float, float]
    end: tuple[float, float]


def part_style(role: str) -> dict[str, Any]:
    """Colour, dash and marker of a part of the data, as the live view has them."""
    if role == "train":
        return {"color": TRAINING, "dash": "dash", "symbol": "circle"}
    return {"color": TEST, "dash": "solid", "symbol": "diamond"}


def share_chart(
    curves: Sequence[PartCurve],
    guides: Sequence[Guide],
    axes: Axes,
    *,
    shape: str = "linear",
    markers: bool = False,
) -> Figure:
    """Draw curves of shares, 0 to 1 both ways, at most 1000 points each.

    shape: "linear", or "vh" for steps that go up first. markers: also mark the curves' own points.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    for guide in guides:
        _add_guide(figure, guide)
    for curve in curves:
        _add_curve(figure, curve, shape, markers)
    for curve in curves:
        _add_point(figure, curve)
    framed(figure, axes)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(range=[-0.02, 1.02], tickvals=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    return figure


def _add_guide(figure: Figure, guide: Guide) -> None:
    figure.add_scatter(
        x=[guide.start[0], guide.end[0]],
        y=[guide.start[1], guide.end[1]],
        mode="lines",
        name=guide.label,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )


def _add_curve(figure: Figure, curve: PartCurve, shape: str, markers: bool) -> None:
    style = part_style(curve.role)
    few = np.linspace(0, len(curve.x) - 1, min(len(curve.x), POINTS)).astype(int)
    texts = [curve.texts[place] for place in few] if len(curve.texts) else None
    figure.add_scatter(
        x=np.asarray(curve.x)[few],
        y=np.asarray(curve.y)[few],
        text=texts,
        mode="lines+markers" if markers else "lines",
        name=curve.label,
        line={"color": style["color"], "dash": style["dash"], "width": 2.2, "shape": shape},
        marker={"color": style["color"], "symbol": style["symbol"], "size": 8},
        hovertemplate="%{x:.3f}, %{y:.3f}" + ("<br>%{text}" if texts else ""),
    )


def _add_point(figure: Figure, curve: PartCurve) -> None:
    if curve.point is None or not np.isfinite(curve.point).all():
        return
    style = part_style(curve.role)
    ring = {"color": "#ffffff", "width": 2}  # seen on the line, and on light and dark
    figure.add_scatter(
        x=[curve.point[0]],
        y=[curve.point[1]],
        mode="markers",
        name=curve.label,
        showlegend=False,
        cliponaxis=False,
        marker={"color": style["color"], "symbol": style["symbol"], "size": 14, "line": ring},
        hovertemplate="%{x:.3f}, %{y:.3f}",
    )


@dataclass(frozen=True)
class Bars:
    """Heights (bins,) of one part of the data."""

    label: str
    heights: np.ndarray
    role: str


def histogram_chart(
    edges: np.ndarray,
    parts: Sequence[Bars],
    axes: Axes,
    *,
    number: str = ".3g",
    height: int = 360,
) -> Figure:
    """Draw histograms over common edges (bins + 1,), side by side in each bin.

    number: how the hover writes heights, in d3's format.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    middles, widths = (edges[:-1] + edges[1:]) / 2.0, np.diff(edges)
    ranges = [f"{low:.3g} … {high:.3g}" for low, high in pairwise(edges)]
    for part in parts:
        pattern = {"shape": "/", "fillmode": "overlay", "fgcolor": "#ffffff", "size": 6}
        figure.add_bar(
            x=middles,
            y=part.heights,
            name=part.label,
            customdata=ranges,
            width=widths * 0.92 / len(parts),
            marker={
                "color": part_style(part.role)["color"],
                "pattern": pattern if part.role == "train" else None,
            },
            hovertemplate=f"%{{customdata}}<br>%{{y:{number}}}",
        )
    framed(figure, axes, height=height)
    return figure.update_layout(barmode="group")


def residual_chart(
    parts: Sequence[tuple[str, np.ndarray, np.ndarray, str]], axes: Axes, zero: str
) -> Figure:
    """Draw residuals against predictions, at most 1000 points a part, and the line of none.

    parts: label, predicted (n,), residual (n,) and role. zero: the line's name.
    """
    from plotly.graph_objects import Figure

    figure, ends = Figure(), []
    for label, predicted, residual, role in parts:
        few = np.linspace(0, len(predicted) - 1, min(len(predicted), POINTS)).astype(int)
        style = part_style(role)
        figure.add_scatter(
            x=predicted[few],
            y=residual[few],
            mode="markers",
            name=label,
            opacity=0.7,
            marker={
                "size": 6,
                "color": style["color"],
                "symbol": style["symbol"] if role == "train" else f"{style['symbol']}-open",
            },
            hovertemplate="%{x:.4g}: %{y:.4g}",
        )
        ends += [float(predicted[few].min()), float(predicted[few].max())] if len(few) else []
    if ends:
        _add_guide(figure, Guide(zero, (min(ends), 0.0), (max(ends), 0.0)))
    return framed(figure, axes)
