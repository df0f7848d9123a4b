"""Colours, dashes and the common frame of every chart.

Backgrounds are transparent, and the browser gives text and axes the colours of the page's theme,
so that one figure serves light and dark. Lines differ in dash and marker as well as in colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NEGATIVE, ZERO, POSITIVE = "#f59322", "#e8eaeb", "#0877bd"
DIVERGING = [[0.0, NEGATIVE], [0.5, ZERO], [1.0, POSITIVE]]
# White to blue would vanish on a white page: the scale starts at the grey of zero.
SEQUENTIAL = [[0.0, ZERO], [1.0, POSITIVE]]
SEQUENTIAL_DARK = [[0.0, "#262d36"], [1.0, "#1f83c9"]]  # as in the live view's confusion matrix
GREY = "#8a8f94"

TRAINING, TEST, VALIDATION = "#1f83c9", "#d55e00", "#009e73"

# Okabe and Ito's colours, the blue lightened to be seen on dark, without yellow and black, which
# vanish on white and on dark.
PALETTE = ("#1f83c9", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f94")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon")

# Of classes, as the live view has them: orange and blue, as everywhere on the page, the rest of
# Okabe and Ito's set (2008), then three of Paul Tol's "muted" set. Each has a marker too.
CLASS_COLOURS = (
    *(NEGATIVE, POSITIVE, "#009e73", "#cc79a7", "#56b4e9"),
    *("#d55e00", "#f0e442", "#332288", "#882255", "#999999"),
)
CLASS_SYMBOLS = (
    *("square", "circle", "triangle-up", "diamond", "cross"),
    *("triangle-down", "x", "star", "pentagon", "hexagon"),
)

POINTS = 1000  # the most that one line draws; an SVG line of more is slow and looks the same


@dataclass(frozen=True)
class Axes:
    """What the axes of a chart say, and which are logarithmic."""

    x: str
    y: str
    log_x: bool = False
    log_y: bool = False


def layer_style(index: int) -> dict[str, str]:
    """Return colour, dash and marker of the line of layer `index`; no two of 35 are alike."""
    return {
        "color": PALETTE[index % len(PALETTE)],
        "dash": DASHES[index % len(DASHES)],
        "symbol": SYMBOLS[index % len(SYMBOLS)],
    }


def class_style(number: int) -> dict[str, str]:
    """Return colour and marker of a class; beyond ten the colours come again with other markers."""
    round_, place = divmod(number, len(CLASS_COLOURS))
    symbol = CLASS_SYMBOLS[(place + round_) % len(CLASS_SYMBOLS)]
    return {"color": CLASS_COLOURS[place], "symbol": symbol + ("-open" if round_ % 2 else "")}


def thin(x: np.ndarray, y: np.ndarray, limit: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most `limit` points of a line: the lowest and the highest of each stretch.

    x, y: (n,). Peaks survive, unlike with every k-th point. Values that are not finite become
    NaN, which draws as a gap.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    y = np.where(np.isfinite(y), y, np.nan)
    if len(x) <= limit:
        return x, y
    stretches = limit // 2 - 1
    width = -(-(len(x) - 2) // stretches)
    padding = width * (-(-(len(x) - 2) // width)) - (len(x) - 2)
    inner = np.append(y[1:-1], np.full(padding, np.nan)).reshape(-1, width)
    start = 1 + width * np.arange(len(inner))
    low = start + np.argmin(np.where(np.isnan(inner), np.inf, inner), axis=1)
    high = start + np.argmax(np.where(np.isnan(inner), -np.inf, inner), axis=1)
    keep = np.unique(np.concatenate([[0], low, high, [len(x) - 1]]))
    return x[keep], y[keep]


def smooth(y: np.ndarray, width: int) -> np.ndarray:
    """Average a line (n,) over `width` neighbours; geometrically where all of it is positive.

    Shorter windows at the ends; values that are not finite stay out of every mean.
    """
    y = np.asarray(y, dtype=np.float64)
    finite = np.isfinite(y)
    if width < 2 or not finite.any():
        return y
    geometric = bool((y[finite] > 0.0).all())
    values = np.where(finite, np.log(np.where(finite, y, 1.0)) if geometric else y, 0.0)
    sums, counts = (
        np.concatenate([[0.0], np.cumsum(part)]) for part in (values, finite.astype(np.float64))
    )
    places = np.arange(len(y))
    low, high = np.maximum(places - width // 2, 0), np.minimum(places + width // 2 + 1, len(y))
    with np.errstate(invalid="ignore"):
        means = (sums[high] - sums[low]) / (counts[high] - counts[low])
    return np.exp(means) if geometric else means


def framed(figure: Figure, axes: Axes, *, height: int = 360) -> Figure:
    """Give a figure its axis titles, scales, margins and a transparent background."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 52, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        # Zoom and hidden lines outlive the redraw while the run plays.
        uirevision=f"{axes.x} {axes.log_x} {axes.log_y}",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0},
        hovermode="closest",
        xaxis={
            "title": {"text": axes.x, "standoff": 8},  # without it long labels run into the title
            "type": "log" if axes.log_x else "linear",
            "automargin": True,
            "exponentformat": "none",
            "separatethousands": True,
        },
        yaxis={
            "title": {"text": axes.y, "standoff": 8},
            "type": "log" if axes.log_y else "linear",
            "automargin": True,
            "exponentformat": "e",
            "tickformat": ".6~g" if axes.log_y else None,  # else 1e-3 stands beside 5 and 0.01
        },
        overwrite=True,  # to merge each of these with what is there takes Plotly five times as long
    )
    return figure


def empty(message: str, *, height: int = 200) -> Figure:
    """Return a chart without axes that says why there is nothing to draw."""
    from plotly.graph_objects import Figure

    figure = Figure()
    framed(figure, Axes("", ""), height=height)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=message, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    return figure


def labels_fit(rows: int, columns: int, cells: int = 160) -> bool:
    """Say whether the numbers of a heat map can be read when written into its cells."""
    return rows * columns <= cells and columns <= 12
