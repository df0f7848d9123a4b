"""Weights at rest: how each layer's are spread, one layer's matrix, first-layer images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playground.charts.style import DIVERGING, Axes, framed, labels_fit, layer_style

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

OUTLINE = 61  # points on each side of a violin
LETTERS = 18  # of a name beside a chart; the hover has all of it


@dataclass(frozen=True)
class Spread:
    """How the values of one layer are spread.

    shares: (bins,) of the values, edges: (bins + 1,), quartiles: (3,). few: the values
    themselves where they are few enough to be drawn one by one, else empty.
    """

    label: str
    shares: np.ndarray
    edges: np.ndarray
    quartiles: np.ndarray
    few: np.ndarray


def spread_chart(spreads: Sequence[Spread], axes: Axes, share: str) -> Figure:
    """Draw a violin for each layer, or its dots, with median and quartiles.

    share: the word in the hover.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    for index, spread in enumerate(spreads):
        color = layer_style(index)["color"]
        if len(spread.few):
            _add_dots(figure, index, spread, color)
        else:
            _add_violin(figure, index, spread, color, f"{axes.y} %{{y:.3g}}<br>{share}")
        low, median, high = (float(value) for value in spread.quartiles)
        figure.add_scatter(
            x=[index, index, index],
            y=[low, median, high],
            mode="lines+markers",
            line={"color": color, "width": 4},
            marker={"symbol": ["line-ew", "circle", "line-ew"], "size": 8, "color": color},
            name=spread.label,
            showlegend=False,
            hovertemplate="%{y:.4g}",
        )
    framed(figure, axes)
    figure.update_xaxes(
        tickvals=list(range(len(spreads))), ticktext=[spread.label for spread in spreads]
    )
    return figure


def _add_violin(figure: Figure, index: int, spread: Spread, color: str, words: str) -> None:
    middle, shares = outline(spread)
    width = 0.42 * shares / max(float(shares.max()), 1e-12)
    figure.add_scatter(
        x=np.concatenate([index - width, (index + width)[::-1]]),
        y=np.concatenate([middle, middle[::-1]]),
        fill="toself",
        mode="lines",
        line={"color": color, "width": 1.2},
        name=spread.label,
        showlegend=False,
        customdata=np.concatenate([shares, shares[::-1]]),
        hovertemplate=f"{words} %{{customdata:.1%}}",
    )


def outline(spread: Spread) -> tuple[np.ndarray, np.ndarray]:
    """Round off a histogram. Returns values (n,) and the share of a bin about each (n,).

    Every bin is spread out as a normal curve a bin wide, so that no corner of the outline is an
    accident of where a bin ends.
    """
    middle = (spread.edges[:-1] + spread.edges[1:]) / 2.0
    values = np.linspace(spread.edges[0], spread.edges[-1], OUTLINE)
    width = spread.edges[1] - spread.edges[0]
    weights = np.exp(-0.5 * ((values[:, None] - middle) / width) ** 2)
    return values, weights @ spread.shares / weights.sum(axis=1)


def _add_dots(figure: Figure, index: int, spread: Spread, color: str) -> None:
    """Draw the values beside the middle line, alternately left and right of it."""
    count = len(spread.few)
    figure.add_scatter(
        x=index + np.where(np.arange(count) % 2, 0.14, -0.14),
        y=np.sort(spread.few),
        mode="markers",
        marker={"size": 7, "color": color, "symbol": "circle-open", "line": {"width": 1.6}},
        name=spread.label,
        showlegend=False,
        hovertemplate="%{y:.5g}",
    )


def matrix_chart(
    weights: np.ndarray, rows: Sequence[str], columns: Sequence[str], axes: Axes, value: str
) -> Figure:
    """Draw a weight matrix (inputs, units): units to the right, inputs downwards.

    rows, columns: names of the inputs and the units shown. value: the word in the hover.
    """
    from plotly.graph_objects import Figure, Heatmap

    finite = np.abs(weights[np.isfinite(weights)])
    limit = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    figure = Figure(
        Heatmap(
            z=np.where(np.isfinite(weights), weights, np.nan),
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            customdata=np.array([[f"{row} → {column}" for column in columns] for row in rows]),
            colorscale=DIVERGING,
            zmin=-limit,
            zmax=limit,
            texttemplate="%{z:.2f}" if labels_fit(*weights.shape) else None,
            hovertemplate=f"%{{customdata}}<br>{value} %{{z:.6g}}<extra></extra>",
            colorbar={"thickness": 12, "title": {"text": value, "side": "top"}},
        )
    )
    framed(figure, axes, height=max(280, min(640, 80 + 26 * len(rows))))
    _named_ticks(figure, rows, columns)
    return figure


def _named_ticks(figure: Figure, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Name the rows and columns, not more of them than can be read; row 0 comes on top."""
    every_row, every_column = -(-len(rows) // 24), -(-len(columns) // 16)
    shown_rows = list(range(0, len(rows), every_row))
    shown_columns = list(range(0, len(columns), every_column))
    figure.update_yaxes(
        autorange="reversed", tickvals=shown_rows, ticktext=[_short(rows[i]) for i in shown_rows]
    )
    figure.update_xaxes(tickvals=shown_columns, ticktext=[columns[i] for i in shown_columns])


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def weight_images(
    weights: np.ndarray,
    image_shape: tuple[int, int],
    names: Sequence[str],
    captions: Sequence[str],
    value: str,
) -> Figure:
    """Draw the incoming weights of units as images in one mosaic.

    weights: (height * width, units), image_shape: (height, width). names: one per unit, for the
    hover; captions: short ones, above the images.
    """
    from plotly.graph_objects import Figure, Heatmap

    mosaic, words, centres = _mosaic(weights, image_shape, names)
    finite = np.abs(weights[np.isfinite(weights)])
    limit = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    figure = Figure(
        Heatmap(
            z=mosaic,
            customdata=words,
            colorscale=DIVERGING,
            zmin=-limit,
            zmax=limit,
            hoverongaps=False,
            hovertemplate=f"%{{customdata}}<br>{value} %{{z:.6g}}<extra></extra>",
            colorbar={
                "thickness": 12,
                "title": {"text": value, "side": "top"},
                "lenmode": "pixels",
                "len": 180,
                "y": 1.0,
                "yanchor": "top",
            },
        )
    )
    rows = -(-len(names) // _columns(len(names)))
    framed(figure, Axes("", ""), height=max(260, min(760, 70 + 84 * rows)))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    figure.update_yaxes(constraintoward="top")
    for (x, y), caption in zip(centres, captions, strict=True):
        figure.add_annotation(x=x, y=y, text=caption, showarrow=False, font={"size": 10})
    return figure


def _columns(units: int) -> int:
    return min(units, 8)


def _mosaic(
    weights: np.ndarray, image_shape: tuple[int, int], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """Lay images on one grid with gaps of NaN. Returns values, hover words, caption places."""
    height, width = image_shape
    columns = _columns(len(names))
    rows = -(-len(names) // columns)
    # Three rows of gap leave room for the caption above each image.
    gap = max(3, height // 5)
    mosaic = np.full((rows * (height + gap), columns * (width + 2) - 2), np.nan)
    words = np.full(mosaic.shape, "", dtype=object)
    centres = []
    for unit, name in enumerate(names):
        top = (unit // columns) * (height + gap) + gap
        left = (unit % columns) * (width + 2)
        image = weights[:, unit].reshape(height, width)
        mosaic[top : top + height, left : left + width] = np.where(
            np.isfinite(image), image, np.nan
        )
        words[top : top + height, left : left + width] = [
            [f"{name}, ({row}, {column})" for column in range(width)] for row in range(height)
        ]
        centres.append((left + (width - 1) / 2.0, top - gap / 2.0 - 0.5))
    return mosaic, words, centres
