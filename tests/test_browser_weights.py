"""A visitor takes the weights away: NumPy alone reproduces what the screen shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser import Visitor


def download(visitor: Visitor, folder: Path) -> dict[str, np.ndarray]:
    """Press `Download weights` and read the file's arrays with NumPy, nothing unpickled."""
    visitor.page.get_by_role("tab", name="Export").click()
    with visitor.page.expect_download() as coming:
        visitor.press("Download weights")
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def layers(arrays: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    count = sum(name.endswith("/weights") for name in arrays)
    return [(arrays[f"layer_{i}/weights"], arrays[f"layer_{i}/biases"]) for i in range(count)]


def train(visitor: Visitor, epochs: int) -> None:
    visitor.choose("Speed", "Flat out")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > epochs, f"{epochs} epochs")
    visitor.press("Pause")
    visitor.button("Play").wait_for()
    visitor.page.wait_for_timeout(500)  # the last frame is on the screen


def test_weights_reproduce_the_picture_of_the_circle(visitor: Visitor, tmp_path: Path) -> None:
    train(visitor, 20)
    x1, x2 = grid_of(visitor.live.scene["extent"])
    shown = visitor.live.frame()[1]["output"]

    hidden = np.column_stack([x1.ravel(), x2.ravel()])
    *inner, (weights, bias) = layers(download(visitor, tmp_path))
    for w, b in inner:
        hidden = np.tanh(hidden @ w + b)
    probability = 1 / (1 + np.exp(-(hidden @ weights + bias)))

    predicted = (2 * probability - 1).reshape(shown.shape) * 127 + 127
    assert np.abs(predicted - shown).max() <= 1  # shades of one byte


def test_weights_reproduce_the_probabilities_of_the_digits(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.choose("Dataset", "Digits")
    train(visitor, 3)
    pictures = visitor.live.data()[1]["samples"]
    shown = visitor.live.frame()[1]["probabilities"]

    hidden = np.round(pictures / 255 * 16).reshape(len(pictures), 64) / 16
    *inner, (weights, bias) = layers(download(visitor, tmp_path))
    for w, b in inner:
        hidden = np.tanh(hidden @ w + b)
    scores = np.exp(hidden @ weights + bias)
    probabilities = scores / scores.sum(axis=1, keepdims=True)

    assert probabilities == pytest.approx(shown, abs=1e-4)


def grid_of(extent: list[float], resolution: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the output's picture, its first row at the top."""
    left, right, bottom, top = extent
    x1, x2 = np.meshgrid(np.linspace(left, right, resolution), np.linspace(top, bottom, resolution))
    return x1, x2
