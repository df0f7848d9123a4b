"""Charts: what the figures hold, and that odd numbers do not break them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from playground.charts import (
    Axes,
    Band,
    Bars,
    Best,
    Curve,
    Guide,
    Heat,
    Mark,
    PartCurve,
    Spread,
    class_points,
    confusion_chart,
    empty,
    histogram_chart,
    line_chart,
    matrix_chart,
    over_heat,
    prediction_chart,
    residual_chart,
    share_chart,
    smooth,
    spread_chart,
    thin,
    value_points,
    weight_images,
)
from playground.charts.style import NEGATIVE, POSITIVE, class_style
from playground.charts.weights import outline
from playground.views.pictures import enlarged


def test_a_long_line_is_thinned_and_keeps_its_peaks() -> None:
    x = np.arange(100_000)
    y = np.sin(x / 500.0)
    y[54_321], y[60_000] = 9.0, -9.0
    kept_x, kept_y = thin(x, y)
    assert len(kept_x) <= 1000
    assert kept_y.max() == 9.0
    assert kept_y.min() == -9.0
    assert (kept_x[0], kept_x[-1]) == (0, 99_999)
    assert (np.diff(kept_x) > 0).all()


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1000, 1001, 1003, 4096])
def test_lines_of_any_length_can_be_thinned(length: int) -> None:
    x, y = thin(np.arange(length), np.full(length, np.inf))
    assert len(x) == len(y) <= max(length, 1000)
    assert not np.isinf(y).any()


def legend(figure: Any) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False]


def test_a_line_chart_names_axes_and_lines() -> None:
    x = np.arange(10.0)
    figure = line_chart(
        [Curve("Training loss", x, x + 1.0, "train"), Curve("Layer 1", x, x + 2.0, 0)],
        Axes("Step", "Loss", log_y=True),
        marks=[Mark(3.0, "learning rate 0.1")],
        best=Best(4.0, 5.0, "best"),
        band=Band(1e-4, 1e-2, "usual"),
    )
    assert legend(figure) == ["Training loss", "Layer 1", "best"]
    assert figure.layout.xaxis.title.text == "Step"
    assert figure.layout.yaxis.type == "log"
    assert {"learning rate 0.1", "usual"} <= {note.text for note in figure.layout.annotations}
    drawn = json.loads(figure.to_json())
    assert drawn["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_a_line_of_one_point_starts_at_the_left_of_what_is_to_come() -> None:
    once = [Curve("loss", np.array([0.0]), np.array([0.7]), "train")]
    figure = line_chart(once, Axes("Step", "Loss"))
    options = figure.layout.xaxis.autorangeoptions
    assert (options.clipmin, options.include) == (0.0, 10.0)
    assert figure.layout.yaxis.autorangeoptions.include == 0.0


def test_lines_of_layers_differ_in_more_than_colour() -> None:
    curves = [Curve(str(i), np.arange(3.0), np.ones(3), i) for i in range(17)]
    figure = line_chart(curves, Axes("Step", "Norm"))
    shown = [trace for trace in figure.data if trace.showlegend is not False]
    styles = [(t.line.color, t.line.dash, t.marker.symbol) for t in shown]
    assert len(set(styles)) == 17
    assert len({(dash, symbol) for _, dash, symbol in styles}) == 17


def test_logarithmic_axes_leave_out_what_they_cannot_show() -> None:
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, np.nan])
    figure = line_chart(
        [Curve("loss", x, y, "train")],
        Axes("Step", "Loss", log_x=True, log_y=True),
        marks=[Mark(0.0, "at the start")],
    )
    assert len(figure.data[0].x) == 2
    assert np.isnan(figure.data[0].y).all()
    assert not figure.layout.annotations


def test_charts_hold_numbers_that_are_not_finite() -> None:
    broken = np.array([[np.nan, np.inf], [-np.inf, np.nan]])
    names = ["a", "b"]
    matrix_chart(broken, names, names, Axes("Unit", "Input"), "weight").to_json()
    weight_images(broken.reshape(4, 1), (2, 2), ["a"], ["1"], "weight").to_json()
    pair = (np.array([1.0, 2.0]), np.array([np.nan, np.inf]))
    prediction_chart(pair, pair, Axes("True", "Predicted"), ("a", "b", "c")).to_json()
    line_chart([Curve("x", np.arange(2.0), broken[0], "test")], Axes("Step", "Loss")).to_json()


def test_a_weight_matrix_is_centred_on_zero() -> None:
    figure = matrix_chart(
        np.array([[0.5, -2.0], [1.0, 0.0]]), ["x1", "x2"], ["1", "2"], Axes("Unit", "Input"), "w"
    )
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-2.0, 2.0)
    assert figure.data[0].customdata[0][1] == "x1 → 2"


def test_images_keep_their_pixels() -> None:
    weights = np.arange(12.0).reshape(6, 2)
    figure = weight_images(weights, (2, 3), ["one", "two"], ["1", "2"], "weight")
    shown = np.array(figure.data[0].z)
    assert sorted(shown[np.isfinite(shown)]) == sorted(weights.ravel())
    assert [note.text for note in figure.layout.annotations] == ["1", "2"]
    assert "two, (0, 0)" in np.array(figure.data[0].customdata)


def test_a_confusion_matrix_colours_shares_and_writes_counts() -> None:
    counts = np.array([[8, 2], [0, 0]])
    figure = confusion_chart(
        counts, ["a", "b"], Axes("Predicted", "True"), ("samples", "of class", "share")
    )
    assert figure.data[0].colorbar.title.text == "share"
    assert np.array(figure.data[0].z).tolist() == [[0.8, 0.2], [0.0, 0.0]]
    assert np.array(figure.data[0].text).tolist() == counts.tolist()


def test_an_empty_test_set_can_be_drawn() -> None:
    none = (np.zeros(0), np.zeros(0))
    some = (np.array([1.0]), np.array([1.5]))
    figure = prediction_chart(some, none, Axes("True", "Predicted"), ("a", "b", "c"))
    assert len(figure.data) == 3
    assert len(prediction_chart(none, none, Axes("t", "p"), ("a", "b", "c")).data) == 2


def test_spreads_draw_a_violin_for_each_layer_or_its_dots() -> None:
    none, edges = np.zeros(0), np.array([0.0, 1.0, 2.0])
    many = Spread("Layer 1", np.array([0.25, 0.75]), edges, np.ones(3), none)
    broken = Spread("Layer 2", np.zeros(2), edges, np.full(3, np.nan), none)
    few = Spread("Output", np.array([0.5, 0.5]), edges, np.ones(3), np.array([2.0, 0.5]))
    figure = spread_chart([many, broken, few], Axes("Layer", "Weight"), "share")
    assert list(figure.layout.xaxis.ticktext) == ["Layer 1", "Layer 2", "Output"]
    assert [trace.fill for trace in figure.data[::2]] == ["toself", "toself", None]
    assert list(figure.data[4].y) == [0.5, 2.0]


def test_a_violin_is_rounded_off_and_its_hover_tells_shares() -> None:
    shares, edges = np.array([0.0, 1.0, 0.0]), np.array([-1.5, -0.5, 0.5, 1.5])
    values, found = outline(Spread("Layer 1", shares, edges, np.zeros(3), np.zeros(0)))
    assert (values[0], values[-1]) == (-1.5, 1.5)
    assert np.argmax(found) == len(values) // 2
    assert np.abs(np.diff(found, n=2)).max() < 0.02  # no corners
    even = outline(Spread("Layer 1", np.full(3, 1 / 3), edges, np.zeros(3), np.zeros(0)))[1]
    assert even == pytest.approx(np.full(len(even), 1 / 3))


def test_long_names_beside_a_matrix_are_shortened_but_not_in_the_hover() -> None:
    long = "od280/od315_of_diluted_wines"
    figure = matrix_chart(np.ones((1, 1)), [long], ["1"], Axes("Unit", "Input"), "w")
    assert figure.layout.yaxis.ticktext[0] == "od280/od315_of_di…"
    assert figure.data[0].customdata[0][0] == f"{long} → 1"


def test_the_usual_band_is_named_in_its_middle() -> None:
    x, band = np.arange(3.0), Band(1e-4, 1e-2, "usual")
    for log_y, middle in ((True, -3.0), (False, 0.00505)):
        figure = line_chart([Curve("a", x, x, 0)], Axes("x", "y", log_y=log_y), band=band)
        assert figure.layout.annotations[-1].y == pytest.approx(middle)


def test_smoothing_keeps_what_is_even_and_passes_over_gaps() -> None:
    assert smooth(np.full(9, 3.0), 5) == pytest.approx(np.full(9, 3.0))
    assert smooth(np.array([1.0, np.nan, 100.0]), 3) == pytest.approx([1.0, 10.0, 100.0])
    assert smooth(np.array([-1.0, 1.0, 3.0]), 3) == pytest.approx([0.0, 1.0, 2.0])


def test_an_empty_chart_says_why() -> None:
    assert empty("Press Play").layout.annotations[0].text == "Press Play"


def test_images_are_dark_ink_on_a_light_page_and_light_ink_on_a_dark_one() -> None:
    image = np.array([[0.0, 1.0]])
    light, dark = enlarged(image, 1), enlarged(image, 1, dark=True)
    assert light[0, 0] > 200 > 50 > light[0, 1]
    assert dark[0, 0] < 50 < 200 < dark[0, 1]


def test_a_chosen_point_is_marked_on_its_curve_and_one_without_number_is_not() -> None:
    x = np.linspace(0.0, 1.0, 5000)
    curves = [
        PartCurve("Training", x, x, "train", (0.25, 0.25)),
        PartCurve("Test", x, x**2, "test", (0.5, np.nan)),
    ]
    chance = Guide("chance", (0.0, 0.0), (1.0, 1.0))
    figure = share_chart(curves, [chance], Axes("x", "y"))
    assert legend(figure) == ["chance", "Training", "Test"]
    assert [len(trace.x) for trace in figure.data] == [2, 1000, 1000, 1]
    assert (figure.data[3].x[0], figure.data[3].y[0]) == (0.25, 0.25)
    assert figure.data[1].line.dash != figure.data[2].line.dash


def test_histograms_stand_side_by_side_and_residuals_about_a_line() -> None:
    edges = np.array([0.0, 1.0, 2.0])
    bars = [Bars("Training", np.array([3, 1]), "train"), Bars("Test", np.array([0, 2]), "test")]
    figure = histogram_chart(edges, bars, Axes("x", "y"))
    assert figure.layout.barmode == "group"
    assert list(figure.data[1].customdata) == ["0 … 1", "1 … 2"]
    none = np.zeros(0)
    parts = [("Training", np.arange(4.0), np.ones(4), "train"), ("Test", none, none, "test")]
    figure = residual_chart(parts, Axes("x", "y"), "perfect")
    assert (list(figure.data[-1].x), list(figure.data[-1].y)) == ([0.0, 3.0], [0.0, 0.0])
    assert len(residual_chart([parts[1]], Axes("x", "y"), "perfect").data) == 1


def test_classes_differ_in_colour_and_marker_and_very_many_are_shades() -> None:
    points, numbers = np.zeros((120, 2)), np.arange(120) % 12
    figure = class_points(points, numbers, [str(k) for k in range(12)], Axes("x", "y"))
    styles = {(trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(styles) == 12
    assert [class_style(k)["color"] for k in (0, 1)] == [NEGATIVE, POSITIVE]
    for n in (2, 3):  # a third class leaves the looks of the first two
        some = class_points(points, numbers % n, [str(k) for k in range(n)], Axes("x", "y"))
        looks = [(trace.marker.color, trace.marker.symbol) for trace in some.data]
        assert looks[:2] == [(NEGATIVE, "square"), (POSITIVE, "circle")]
    many = class_points(points, np.arange(120), [f"c{k}" for k in range(120)], Axes("x", "y"))
    (shades,) = many.data
    assert shades.text[5] == "c5"
    assert shades.marker.showscale is False


def test_a_heat_map_lies_under_its_points() -> None:
    points = value_points(np.zeros((3, 2)), np.arange(3.0), Axes("a", "b"), "value")
    assert points.data[0].marker.colorbar.title.text == "value"
    side = np.array([-1.0, 1.0])
    figure = over_heat(points, Heat(side, side, np.eye(2), 0.0, 1.0, "output"))
    assert (figure.data[1].zmin, figure.data[1].zmax) == (0.0, 1.0)
    assert figure.data[0].marker.showscale is False
    assert list(figure.layout.xaxis.range) == [-1.0, 1.0]
