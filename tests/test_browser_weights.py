"""A visitor takes the weights away: NumPy alone reproduces what the screen shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser import Visitor


def download(visitor: Visitor, folder: Path, *, panel: bool = True) -> dict[str, np.ndarray]:
    """Press `Download weights` and read the file's arrays with NumPy, nothing unpickled.

    panel: the Export panel's button instead, which names the format.
    """
    if panel:
        visitor.page.get_by_role("tab", name="Export").click()
        visitor.page.get_by_text("The same predictions, in Python").wait_for()
    label = "Weights (.npz)" if panel else "Download weights"
    with visitor.page.expect_download() as coming:
        visitor.page.get_by_role("button", name=label).click()  # strict: there is but one
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


def test_the_sidebar_and_the_panel_give_the_same_weights(visitor: Visitor, tmp_path: Path) -> None:
    train(visitor, 3)
    aside = download(visitor, tmp_path, panel=False)
    below = download(visitor, tmp_path)
    assert aside.keys() == below.keys()
    assert np.array_equal(aside["layer_0/weights"], below["layer_0/weights"])


def test_a_file_is_there_however_often_and_late_it_is_fetched(visitor: Visitor) -> None:
    with visitor.page.expect_download() as coming:
        visitor.page.get_by_role("button", name="Download weights").click()
    address = coming.value.url
    assert coming.value.suggested_filename == "circle.npz"
    visitor.press("Play")
    visitor.page.wait_for_timeout(2500)  # several redraws
    assert visitor.page.request.get(address).body()[:2] == b"PK"
    elsewhere = address.replace("circle.npz", "circle.exe"), f"{visitor.url}/weights/x/circle.npz"
    for wrong in elsewhere:
        assert visitor.page.request.get(wrong).status == 404
    visitor.problems.clear()  # the browser's console tells of the two


def test_weights_reproduce_the_probabilities_of_the_digits(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.choose("Dataset", "Digits")  # which brings a layer of ReLU
    train(visitor, 3)
    pictures = visitor.live.data()[1]["samples"]
    shown = visitor.live.frame()[1]["probabilities"]

    hidden = np.round(pictures / 255 * 16).reshape(len(pictures), 64) / 16
    *inner, (weights, bias) = layers(download(visitor, tmp_path))
    for w, b in inner:
        hidden = np.maximum(hidden @ w + b, 0)
    scores = np.exp(hidden @ weights + bias)
    probabilities = scores / scores.sum(axis=1, keepdims=True)

    assert probabilities == pytest.approx(shown, abs=1e-4)


def grid_of(extent: list[float], resolution: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the output's picture, its first row at the top."""
    left, right, bottom, top = extent
    x1, x2 = np.meshgrid(np.linspace(left, right, resolution), np.linspace(top, bottom, resolution))
    return x1, x2
