"""One sample's answer: a bar for each class, a bar for each input that spoke for or against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from playground.charts.style import GREY, NEGATIVE, TRAINING, Axes, framed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

LETTERS = 24  # of a name beside a bar; the hover has all of it


def verdict_chart(
    names: Sequence[str], values: np.ndarray, chosen: int, axes: Axes, *, shares: bool = True
) -> Figure:
    """Draw a bar for each class, the chosen one blue. values: (classes,); shares: of 1."""
    colors = [TRAINING if number == chosen else GREY for number in range(len(names))]
    figure = _bars(names, values, colors, axes, "%{x:.1%}" if shares else "%{x:.4g}")
    if shares:
        texts = [f"{value:.1%}" for value in values]
        figure.update_traces(text=texts, textposition="outside", cliponaxis=False)
        figure.update_xaxes(range=[0.0, 1.12], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    return figure


def contribution_chart(names: Sequence[str], values: np.ndarray, axes: Axes) -> Figure:
    """Draw a bar for each input: blue to the right speaks for, orange to the left against."""
    colors = [NEGATIVE if value < 0 else TRAINING for value in values]
    figure = _bars(names, values, colors, axes, "%{x:+.4g}")
    figure.update_xaxes(zeroline=True, zerolinewidth=1)
    return figure


def _bars(
    names: Sequence[str], values: np.ndarray, colors: Sequence[str], axes: Axes, shown: str
) -> Figure:
    """Horizontal bars, the first on top."""
    from plotly.graph_objects import Bar, Figure

    places = list(range(len(names)))
    bar = Bar(
        x=np.asarray(values, dtype=np.float64),
        y=places,
        orientation="h",
        marker={"color": list(colors)},
        customdata=list(names),
        hovertemplate=f"%{{customdata}}<br>{shown}<extra></extra>",
    )
    figure = framed(
        Figure(bar), axes, height=100 + round(len(names) * (24 if len(names) < 17 else 19))
    )
    figure.update_layout(margin={"l": 8, "r": 24, "t": 16, "b": 8}, bargap=0.3)
    ticks = [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in names]
    figure.update_yaxes(
        autorange="reversed", tickvals=places, ticktext=ticks, tickformat="", showgrid=False
    )
    return figure
