"""Samples as points of a plane, coloured by their class or their value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.charts.style import (
    DIVERGING,
    GREY,
    SEQUENTIAL,
    SEQUENTIAL_DARK,
    Axes,
    class_style,
    framed,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CLASSES = 40  # more would be a legend longer than the page
OUTLINE = {"color": GREY, "width": 0.5}


def class_points(
    points: np.ndarray, numbers: np.ndarray, names: Sequence[str], axes: Axes
) -> Figure:
    """Draw points (n, 2) in the colour and marker of their class. numbers: classes (n,).

    Beyond 40 classes the class's number is a shade, and the hover names it.
    """
    from plotly.graph_objects import Figure

    if len(names) > CLASSES:
        return value_points(points, numbers, axes, "", [names[int(k)] for k in numbers])
    figure = Figure()
    for number, name in enumerate(names):
        chosen = points[numbers == number]
        figure.add_scatter(
            x=chosen[:, 0],
            y=chosen[:, 1],
            mode="markers",
            name=name,
            opacity=0.8,
            marker={**class_style(number), "size": 6, "line": OUTLINE},
            hovertemplate="%{x:.3g}, %{y:.3g}",
        )
    framed(figure, axes, height=400)
    return figure


def value_points(
    points: np.ndarray,
    values: np.ndarray,
    axes: Axes,
    title: str,
    texts: Sequence[str] | None = None,
) -> Figure:
    """Draw points (n, 2) shaded by a value (n,), orange low, blue high. title: of the colour bar.

    texts: (n,), what the hover says instead of the value.
    """
    from plotly.graph_objects import Figure, Scatter

    bar: dict[str, Any] = {"thickness": 12, "title": {"text": title, "side": "right"}}
    marker = {"color": values, "colorscale": DIVERGING, "size": 6, "line": OUTLINE}
    figure = Figure(
        Scatter(
            x=points[:, 0],
            y=points[:, 1],
            text=texts,
            mode="markers",
            showlegend=False,
            marker={**marker, "showscale": texts is None, "colorbar": bar},
            hovertemplate="%{x:.3g}, %{y:.3g}<br>"
            + ("%{marker.color:.4g}" if texts is None else "%{text}")
            + "<extra></extra>",
        )
    )
    return framed(figure, axes, height=400)


@dataclass(frozen=True)
class Heat:
    """Numbers over a plane. x: (nx,), y: (ny,), z: (ny, nx).

    low, high: what the ends of the colours stand for. diverging: orange to blue, else from the
    page's ground to blue. title: of the colour bar.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    low: float
    high: float
    title: str
    diverging: bool = True


def over_heat(figure: Figure, heat: Heat, *, dark: bool = False) -> Figure:
    """Lay a heat map under a figure's points, which get a white rim. dark: the page's ground."""
    sequential = SEQUENTIAL_DARK if dark else SEQUENTIAL
    rim = {"color": "#ffffff", "width": 1.0}
    figure.update_traces(opacity=1.0, marker={"line": rim, "size": 8, "showscale": False})
    figure.add_heatmap(  # Plotly draws it below points, whatever the order
        x=heat.x,
        y=heat.y,
        z=heat.z,
        zmin=heat.low,
        zmax=heat.high,
        zsmooth="best",
        colorscale=DIVERGING if heat.diverging else sequential,
        colorbar={"thickness": 12, "title": {"text": heat.title, "side": "right"}},
        hovertemplate="%{x:.3g}, %{y:.3g}<br>%{z:.4g}<extra></extra>",
    )
    for update, values in ((figure.update_xaxes, heat.x), (figure.update_yaxes, heat.y)):
        update(range=[float(values[0]), float(values[-1])])
    return figure
