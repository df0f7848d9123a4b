"""A drawing becomes an image as the data set has them; what a browser sends is read with care."""

from __future__ import annotations

import numpy as np
import pytest

from core.data import load_dataset
from core.data.drawing import Stroke, as_image
from core.experiment import DataConfig
from core.presets import PRESETS
from core.trainer import Trainer
from playground.live.canvas import MOST_POINTS, read_drawing

MNIST, DIGITS = (28, 28), (8, 8)


def line(*points: tuple[float, float], width: float = 1.0) -> Stroke:
    return Stroke(np.array(points, dtype=np.float64), width)


def circle(x: float, y: float, radius: float) -> Stroke:
    turn = np.linspace(0.0, 2.0 * np.pi, 60)
    return Stroke(np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1))


def rows_and_columns(image: np.ndarray) -> tuple[int, int]:
    """How many rows and columns hold ink."""
    return int((image > 0.1).any(axis=1).sum()), int((image > 0.1).any(axis=0).sum())


def centre(image: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(image.shape)
    return np.array([(image * rows).sum(), (image * columns).sum()]) / image.sum()


def test_an_empty_drawing_is_an_empty_image() -> None:
    assert not as_image([], MNIST).any()


def test_mnists_form_is_a_box_of_20_centred_by_its_mass() -> None:
    seven = [line((0.3, 0.1), (0.6, 0.1), (0.4, 0.6))]
    image = as_image(seven, MNIST)
    assert image.shape == MNIST
    assert 0.0 <= image.min() <= image.max() <= 1.0
    assert rows_and_columns(image)[0] in (20, 21)
    np.testing.assert_allclose(centre(image), 13.5, atol=0.3)
    assert 0.06 < image.mean() < 0.17


def test_digits_fill_the_height_of_eight_and_six_of_the_width() -> None:
    image = as_image([circle(0.5, 0.5, 0.3)], DIGITS)
    assert rows_and_columns(image) == (8, 6)
    upright = as_image([line((0.5, 0.2), (0.5, 0.8))], DIGITS)
    assert rows_and_columns(upright)[1] <= 3


@pytest.mark.parametrize("shape", [MNIST, DIGITS])
def test_where_and_how_large_somebody_drew_is_no_matter(shape: tuple[int, int]) -> None:
    small, large = (
        as_image([circle(0.3, 0.3, 0.15)], shape),
        as_image([circle(0.5, 0.6, 0.3)], shape),
    )
    np.testing.assert_allclose(small, large, atol=0.35)
    assert abs(small - large).mean() < 0.02


def test_a_thicker_brush_leaves_more_ink_and_a_dot_stays_a_dot() -> None:
    thin, thick = (
        as_image([line((0.4, 0.2), (0.5, 0.8), width=width)], MNIST).sum() for width in (0.5, 2.0)
    )
    assert thick > 2.0 * thin
    assert max(rows_and_columns(as_image([line((0.2, 0.9))], MNIST))) <= 4


def test_a_drawn_digit_has_as_much_ink_as_the_data_and_is_read() -> None:
    preset = PRESETS["mnist_classic"]
    trainer = Trainer(preset.experiment)
    trainer.epoch(2)
    three = line(*[(0.33, 0.25), (0.5, 0.2), (0.63, 0.3), (0.6, 0.42), (0.47, 0.48)])
    rest = line(*[(0.47, 0.48), (0.62, 0.54), (0.66, 0.67), (0.52, 0.78), (0.32, 0.74)])
    image = as_image([three, rest], MNIST).astype(np.float32)
    threes = trainer.dataset.X_train[trainer.dataset.y_train == 3]
    assert image.mean() == pytest.approx(float(threes.mean()), rel=0.35)
    assert int(trainer.network.predict(image.reshape(1, -1)).argmax()) == 3


def test_values_are_those_that_the_data_sets_feed() -> None:
    for name in ("digits", "mnist_5k"):
        X = load_dataset(DataConfig(name, 500)).X_train
        assert (X.min(), X.max()) == (0.0, 1.0)


STROKE = {"width": 1.0, "points": [0.1, 0.2, 0.3, 1]}


def test_what_the_browser_sends_is_read() -> None:
    (stroke,) = read_drawing({"strokes": [STROKE]})
    assert stroke.width == 1.0
    np.testing.assert_array_equal(stroke.points, [[0.1, 0.2], [0.3, 1.0]])


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "strokes",
        {"strokes": None},
        {"strokes": {"0": STROKE}},
        {"strokes": [None, 1, "x", [0.1, 0.2]]},
        {"strokes": [{"width": 1.0, "points": []}]},
        {"strokes": [{"width": 1.0, "points": [0.1]}]},
        {"strokes": [{"width": 1.0, "points": [0.1, 0.2, 0.3]}]},
        {"strokes": [{"width": 1.0, "points": [0.1, "0.2"]}]},
        {"strokes": [{"width": 1.0, "points": [0.1, float("nan")]}]},
        {"strokes": [{"width": float("nan"), "points": [0.1, 0.2]}]},
        {"strokes": [{"width": True, "points": [0.1, 0.2]}]},
        {"strokes": [{"width": 1.0, "points": [0.1, 10**400]}]},
        {"strokes": [{"points": [0.1, 0.2]}]},
        {"strokes": [{"width": 1.0, "points": [0.1, 0.2] * (MOST_POINTS + 1)}]},
        {"strokes": [{"width": 1.0, "points": [0.1, 0.2] * (MOST_POINTS // 2 + 1)}] * 2},
    ],
)
def test_what_is_no_drawing_is_none(value: object) -> None:
    assert read_drawing(value) == []


def test_a_drawing_beyond_the_paper_ends_at_its_edge() -> None:
    (stroke,) = read_drawing({"strokes": [{"width": 99, "points": [-5.0, 0.5, 2, float("inf")]}]})
    np.testing.assert_array_equal(stroke.points, [[0.0, 0.5], [1.0, 1.0]])
    assert stroke.width == 4.0
