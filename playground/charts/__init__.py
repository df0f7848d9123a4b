"""Arrays in, Plotly figures out. Nothing here knows Streamlit; Plotly is imported when drawing."""

from playground.charts.bars import contribution_chart, share_chart
from playground.charts.evaluation import confusion_chart, prediction_chart
from playground.charts.lines import Band, Best, Curve, Mark, line_chart
from playground.charts.style import Axes, empty, smooth, thin
from playground.charts.weights import Spread, matrix_chart, spread_chart, weight_images

__all__ = [
    "Axes",
    "Band",
    "Best",
    "Curve",
    "Mark",
    "Spread",
    "confusion_chart",
    "contribution_chart",
    "empty",
    "line_chart",
    "matrix_chart",
    "prediction_chart",
    "share_chart",
    "smooth",
    "spread_chart",
    "thin",
    "weight_images",
]
