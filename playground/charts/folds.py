"""What k folds came to: a point for each, their mean, and how far they lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playground.charts.style import GREY, PALETTE, TEST, Axes, framed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

OWN = PALETTE[2]
BAND = "rgba(213, 94, 0, 0.16)"  # the test's colour, seen through


@dataclass(frozen=True)
class Level:
    """A height across the whole chart, and what it is called."""

    label: str
    value: float


def folds_chart(
    values: np.ndarray, each: str, mean: Level, deviation: float, own: Level, axes: Axes
) -> Figure:
    """Draw each fold's number, their mean with a band of one deviation, and the run's own number.

    values: (k,), nan where a fold has none. each: what a fold's point is called. Levels and
    deviations that are not finite are left out.
    """
    from plotly.graph_objects import Figure

    figure, k = Figure(), len(values)
    ends = [0.5, k + 0.5]
    if np.isfinite(deviation):
        low, high = mean.value - deviation, mean.value + deviation
        figure.add_hrect(y0=low, y1=high, fillcolor=BAND, line_width=0, layer="below")
    for level, colour, dash in ((mean, TEST, "solid"), (own, OWN, "dash")):
        if np.isfinite(level.value):
            figure.add_scatter(
                x=ends,
                y=[level.value] * 2,
                mode="lines",
                name=level.label,
                line={"color": colour, "dash": dash, "width": 2.2},
                hovertemplate="%{y:.4g}",
            )
    figure.add_scatter(
        x=np.arange(1, k + 1),
        y=values,
        mode="markers",
        name=each,
        marker={
            "color": TEST,
            "symbol": "diamond",
            "size": 11,
            "line": {"color": GREY, "width": 1},
        },
        hovertemplate="%{x}: %{y:.4g}",
    )
    framed(figure, axes, height=300)
    return figure.update_xaxes(range=ends, tickvals=list(range(1, k + 1)), showgrid=False)
