"""Samples as points of a plane, coloured by their class or their value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.charts.style import DIVERGING, GREY, Axes, class_style, framed

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
            marker={**class_style(number, len(names)), "size": 6, "line": OUTLINE},
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
