"""Arrays in, Plotly figures out. Nothing here knows Streamlit; Plotly is imported when drawing."""

from playground.charts.bars import contribution_chart, verdict_chart
from playground.charts.evaluation import confusion_chart, prediction_chart
from playground.charts.folds import Level, folds_chart
from playground.charts.judging import (
    Bars,
    Guide,
    PartCurve,
    histogram_chart,
    residual_chart,
    share_chart,
)
from playground.charts.lines import Band, Best, Curve, Mark, Role, line_chart
from playground.charts.scatter import Heat, class_points, over_heat, value_points
from playground.charts.style import Axes, empty, smooth, thin
from playground.charts.weights import Spread, matrix_chart, spread_chart, weight_images

__all__ = [
    "Axes",
    "Band",
    "Bars",
    "Best",
    "Curve",
    "Guide",
    "Heat",
    "Level",
    "Mark",
    "PartCurve",
    "Role",
    "Spread",
    "class_points",
    "confusion_chart",
    "contribution_chart",
    "empty",
    "folds_chart",
    "histogram_chart",
    "line_chart",
    "matrix_chart",
    "over_heat",
    "prediction_chart",
    "residual_chart",
    "share_chart",
    "smooth",
    "spread_chart",
    "thin",
    "value_points",
    "verdict_chart",
    "weight_images",
]
