"""What the output layer is asked for, and the decision read off it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import targets
from core.maths.losses import LOSSES

CLASSIFIERS = [name for name, loss in LOSSES.items() if "classification" in loss.tasks]
HINGES = ["hinge", "squared_hinge"]


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize("n_classes", [2, 3, 8])
def test_perfect_outputs_are_decided_right(loss: str, n_classes: int) -> None:
    y = np.arange(20, dtype=np.float32) % n_classes
    encoded = targets.encode_targets(y, "classification", n_classes, loss)
    assert encoded.dtype == np.float32
    assert encoded.flags.c_contiguous
    assert encoded.shape == (20, targets.output_size("classification", n_classes, loss))
    low = -1.0 if loss in HINGES else 0.0
    assert set(np.unique(encoded)) == {low, 1.0}
    np.testing.assert_array_equal(targets.decide(encoded, loss), y)


def test_two_classes_share_an_output_unless_they_sum_to_one() -> None:
    def size(loss: str, n_classes: int, activation: str = "auto") -> int:
        return targets.output_size("classification", n_classes, loss, activation=activation)

    assert size("binary_crossentropy", 2) == 1
    assert size("mean_squared_error", 2) == 1
    assert size("categorical_crossentropy", 2) == 2
    assert size("mean_squared_error", 2, "softmax") == 2
    assert size("binary_crossentropy", 3) == 3


def test_regression_keeps_its_values() -> None:
    y = np.array([[1.5, -2.0], [0.0, 3.0]])
    encoded = targets.encode_targets(y, "regression", 0, "huber")
    np.testing.assert_array_equal(encoded, y)
    assert targets.output_size("regression", 0, "huber", n_values=2) == 2
    assert targets.encode_targets(np.zeros(4), "regression", 0, "huber").shape == (4, 1)


def test_encoding_by_hand() -> None:
    y = np.array([0.0, 2.0])
    one_hot = targets.encode_targets(y, "classification", 3, "categorical_crossentropy")
    np.testing.assert_array_equal(one_hot, [[1, 0, 0], [0, 0, 1]])
    signed = targets.encode_targets(y, "classification", 3, "hinge")
    np.testing.assert_array_equal(signed, [[1, -1, -1], [-1, -1, 1]])


def test_decisions_at_the_threshold() -> None:
    outputs = np.array([[0.2], [0.7], [-0.1], [0.5]])
    np.testing.assert_array_equal(targets.decide(outputs, "binary_crossentropy"), [0, 1, 0, 0])
    np.testing.assert_array_equal(targets.decide(outputs, "hinge"), [1, 1, 0, 1])


def test_loss_must_suit_the_task() -> None:
    targets.check_loss("classification", "hinge")
    with pytest.raises(
        ValueError, match=r"'hinge' does not suit regression\. Choose one of: mean_sq"
    ):
        targets.check_loss("regression", "hinge")
    with pytest.raises(ValueError, match=r"Unknown loss 'hinje'\. Did you mean 'hinge'"):
        targets.check_loss("regression", "hinje")


def test_output_activation_follows_the_loss() -> None:
    assert targets.output_activation("binary_crossentropy") == "sigmoid"
    assert targets.output_activation("categorical_crossentropy") == "softmax"
    assert targets.output_activation("hinge") == "linear"
    assert targets.output_activation("mean_squared_error", "tanh") == "tanh"


@pytest.mark.parametrize(
    ("y", "n_outputs", "loss", "expected"),
    [
        ([0, 1], 1, "binary_crossentropy", [[0], [1]]),
        ([[0.3], [1]], 1, "binary_crossentropy", [[0.3], [1]]),
        ([0, 1], 1, "hinge", [[-1], [1]]),
        ([-1, 1], 1, "hinge", [[-1], [1]]),
        ([2, 0], 3, "categorical_crossentropy", [[0, 0, 1], [1, 0, 0]]),
        ([[2], [0]], 3, "mean_squared_error", [[0, 0, 1], [1, 0, 0]]),
        ([[0, 1], [1, 0]], 2, "squared_hinge", [[-1, 1], [1, -1]]),
        ([1.5, -2], 1, "huber", [[1.5], [-2]]),
        ([[1, 2], [3, 4]], 2, "huber", [[1, 2], [3, 4]]),
    ],
)
def test_targets_in_any_form(y: list, n_outputs: int, loss: str, expected: list) -> None:
    read = targets.read_targets(y, n_outputs, loss)
    np.testing.assert_allclose(read, expected, rtol=1e-6)
    assert read.dtype == np.float32
    assert read.flags.c_contiguous


@pytest.mark.parametrize(
    ("y", "n_outputs", "sentence"),
    [
        ([3], 3, "y holds 3, which is no class number: with 3 outputs they are 0 to 2"),
        ([0.5], 2, "y holds 0.5, which is no class number"),
        ([[1, 2]], 3, r"y must be \(n_samples, 3\) or class numbers"),
        ([[1, 2]], 1, r"y must be \(n_samples, 1\)"),
        ([float("nan")], 1, "not a finite number"),
        (["a"], 1, "y must be plain numbers"),
        ([[1], [2, 3]], 1, "y must be plain numbers"),
    ],
)
def test_unreadable_targets(y: list, n_outputs: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        targets.read_targets(y, n_outputs, "mean_squared_error")


@pytest.mark.parametrize(
    ("y", "n_outputs", "loss"),
    [
        ([-1, 1], 1, "binary_crossentropy"),
        ([[-1, 1], [1, -1]], 2, "binary_crossentropy"),
        ([[1, -1, -1]], 3, "categorical_crossentropy"),
        ([0, 1, 2], 1, "binary_crossentropy"),
    ],
)
def test_crossentropies_take_probabilities_only(y: list, n_outputs: int, loss: str) -> None:
    with pytest.raises(ValueError, match=rf"y holds (-1|2), but the targets of {loss} are prob"):
        targets.read_targets(y, n_outputs, loss)


@given(st.lists(st.integers(0, 4), min_size=1), st.sampled_from(CLASSIFIERS))
def test_class_numbers_and_encodings_read_alike(numbers: list[int], loss: str) -> None:
    y = np.array(numbers, dtype=np.float32)
    encoded = targets.encode_targets(y, "classification", 5, loss)
    np.testing.assert_array_equal(targets.read_targets(y, 5, loss), encoded)
    np.testing.assert_array_equal(targets.read_targets(encoded, 5, loss), encoded)
