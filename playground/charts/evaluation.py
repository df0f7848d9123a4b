"""How good the network is: confusion matrix, predicted against true values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from playground.charts.style import GREY, SEQUENTIAL, SEQUENTIAL_DARK, TEST, TRAINING, Axes, framed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def confusion_chart(
    counts: np.ndarray,
    classes: Sequence[str],
    axes: Axes,
    words: tuple[str, str, str],
    *,
    dark: bool = False,
) -> Figure:
    """Draw a confusion matrix. counts: int (true, predicted). dark: the page's ground.

    words: "samples", "of this class" and the colour bar's title. The colour is the share of the
    true class, so that rare classes show; the text is the count.
    """
    from plotly.graph_objects import Figure, Heatmap

    samples, of_class, title = words
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    places = list(range(len(classes)))
    figure = Figure(
        Heatmap(
            z=shares,
            x=places,
            y=places,
            text=counts,
            customdata=np.array([[f"{row} → {column}" for column in classes] for row in classes]),
            texttemplate="%{text}" if len(classes) <= 20 else None,
            colorscale=SEQUENTIAL_DARK if dark else SEQUENTIAL,
            zmin=0.0,
            zmax=1.0,
            hovertemplate=f"%{{customdata}}<br>%{{text}} {samples}<br>%{{z:.1%}} {of_class}"
            "<extra></extra>",
            colorbar={
                "thickness": 12,
                "tickformat": ".0%",
                "title": {"text": title, "side": "right"},
            },
        )
    )
    framed(figure, axes, height=max(300, min(640, 120 + 34 * len(classes))))
    every = -(-len(classes) // 24)
    ticks = {"tickvals": places[::every], "ticktext": list(classes)[::every]}
    figure.update_xaxes(**ticks)
    figure.update_yaxes(autorange="reversed", **ticks)
    return figure


def prediction_chart(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    axes: Axes,
    names: tuple[str, str, str],
) -> Figure:
    """Draw predicted against true values. train, test: (true (n,), predicted (n,)).

    names: of the training points, the test points and the line where both are equal.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    sets = zip(
        (train, test),
        names,
        ({"color": TRAINING, "symbol": "circle"}, {"color": TEST, "symbol": "diamond-open"}),
        strict=False,
    )
    for (true, predicted), name, marker in sets:
        chosen = np.linspace(0, len(true) - 1, min(len(true), 1000)).astype(int)
        figure.add_scatter(
            x=np.asarray(true)[chosen],
            y=_gaps(np.asarray(predicted)[chosen]),
            mode="markers",
            name=name,
            opacity=0.7,
            marker={"size": 6, **marker},
            hovertemplate="%{x:.4g} → %{y:.4g}",
        )
    true = np.concatenate([train[0], test[0]])
    if len(true):
        ends = [float(true.min()), float(true.max())]
        line = {"color": GREY, "dash": "dash", "width": 1.5}
        figure.add_scatter(x=ends, y=ends, mode="lines", name=names[2], line=line, hoverinfo="skip")
    return framed(figure, axes)


def _gaps(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)
