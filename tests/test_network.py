"""Network: what it predicts, what it keeps, what it refuses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core import Dense, Experiment, Network, NetworkConfig, TrainingConfig
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from tests import naive


def make(sizes=(2, 4, 3), activation="tanh", output="softmax", seed=0) -> tuple[Network, naive.Net]:
    """A network, and the reference with the same weights."""
    hidden = sizes[1:-1]
    net = naive.Net.random(sizes, [*[activation] * len(hidden), output], seed)
    config = NetworkConfig(tuple(Dense(u, activation) for u in hidden), output_activation=output)
    return Network.from_arrays(config, net.weights, net.biases), net


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUT_ACTIVATIONS)
def test_outputs_of_every_layer(activation, output):
    network, net = make((3, 5, 4, 2), activation, output)
    X = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    layers = network.layer_outputs(X)
    for ours, expected in zip(layers, net.forward(X)[1], strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
    assert np.array_equal(network.predict(X), layers[-1])


@pytest.mark.parametrize("n", [0, 1, 2, 15, 16, 17, 255, 256, 257, 1000])
@pytest.mark.parametrize("sizes", [(2, 3), (2, 8, 1), (784, 100, 10)])
def test_any_number_of_samples(sizes, n):
    network, net = make(sizes, output="sigmoid")
    X = np.random.default_rng(2).normal(size=(n, sizes[0])).astype(np.float32)
    expected = net.forward(X)[1][-1]
    assert network.predict(X).shape == (n, sizes[-1])
    np.testing.assert_allclose(network.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_a_prediction_does_not_depend_on_its_neighbours():
    network, _ = make((2, 8, 3))
    X = np.random.default_rng(3).normal(size=(600, 2)).astype(np.float32)
    together = network.predict(X)
    assert np.array_equal(together[300:310], network.predict(X[300:310]))
    assert np.array_equal(together[::-1], network.predict(X[::-1]))


def test_forms_of_x():
    network, _ = make()
    X = np.random.default_rng(4).normal(size=(6, 2)).astype(np.float32)
    expected = network.predict(X)
    wide = np.zeros((6, 4), dtype=np.float32)
    wide[:, ::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    for form in (X.tolist(), X.astype(np.float64), np.asfortranarray(X), wide[:, ::2], frozen):
        assert np.array_equal(network.predict(form), expected)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([1.0, 2.0], r"a row for each sample; got shape \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"\(n_samples, 2\).*got shape \(1, 3\)"),
        ([[1.0, float("nan")]], "not a finite float32 number"),
        ([[1.0, 1e300]], "not a finite float32 number"),
        ([[1.0, 2.0], [3.0]], "plain numbers, all rows alike"),
        ([["a", "b"]], "plain numbers"),
        (None, "X must be"),
    ],
)
def test_x_that_does_not_fit(X, words):
    network, _ = make()
    for call in (network.predict, network.layer_outputs):
        with pytest.raises(ValueError, match=words):
            call(X)


# ---- losses and gradients -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "output", "n_outputs", "y", "encoded"),
    [
        ("categorical_crossentropy", "softmax", 3, [0, 2, 1], np.eye(3)[[0, 2, 1]]),
        ("categorical_crossentropy", "softmax", 3, np.eye(3)[[0, 2, 1]], np.eye(3)[[0, 2, 1]]),
        ("binary_crossentropy", "sigmoid", 1, [0, 1, 1], [[0], [1], [1]]),
        ("hinge", "linear", 1, [0, 1, 1], [[-1], [1], [1]]),
        ("hinge", "linear", 1, [[-1], [1], [1]], [[-1], [1], [1]]),
        ("squared_hinge", "linear", 3, [0, 2, 1], 2 * np.eye(3)[[0, 2, 1]] - 1),
        ("huber", "linear", 1, [0.5, 3.0, -1.0], [[0.5], [3.0], [-1.0]]),
    ],
)
def test_forms_of_y(loss, output, n_outputs, y, encoded):
    network, net = make((2, 4, n_outputs), output=output)
    X = np.random.default_rng(5).normal(size=(3, 2)).astype(np.float32)
    value, dW, db = network.loss_and_gradients(X, y, loss=loss)
    expected, dV, dc = net.gradients(X, np.asarray(encoded, dtype=np.float64), loss)
    assert value == pytest.approx(expected, rel=1e-5)
    for ours, reference in zip(dW + db, dV + dc, strict=True):
        assert ours.shape == reference.shape
        np.testing.assert_allclose(ours, reference, rtol=1e-3, atol=1e-6)


def test_targets_that_do_not_fit():
    network, _ = make()
    X = np.zeros((3, 2))
    for y, words in (
        ([0, 1, 3], "no class number"),
        ([0, 1], "same number of samples"),
        (np.zeros((3, 2)), r"\(n_samples, 3\)"),
        ([0, 1, float("nan")], "no class number"),
    ):
        with pytest.raises(ValueError, match=words):
            network.loss_and_gradients(X, y, loss="categorical_crossentropy")
    with pytest.raises(ValueError, match="at least one"):
        network.loss_and_gradients(X[:0], np.zeros((0, 3)), loss="categorical_crossentropy")
    with pytest.raises(ValueError, match="Did you mean 'huber'"):
        network.loss_and_gradients(X, [0, 1, 2], loss="hubert")


# ---- arrays in and out ----------------------------------------------------------------------


def test_arrays_are_copied_and_kept():
    config = NetworkConfig((Dense(2, "relu"),), output_activation="linear")
    weights = [np.ones((3, 2)), np.ones((2, 1))]
    biases = [np.zeros(2), np.zeros(1)]
    network = Network.from_arrays(config, weights, biases)
    weights[0][:] = 5
    assert network.config == config
    assert (network.weights[0] == 1).all()
    for array in network.weights + network.biases:
        assert array.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    again = Network.from_arrays(config, network.weights, network.biases)
    assert np.array_equal(again.params, network.params)
    assert repr(network) == "Network(3-2-1, relu, linear)"
    assert (network.n_inputs, network.n_outputs, network.n_parameters) == (3, 1, 11)


def test_transposed_weights_are_read_by_value():
    config = NetworkConfig((), output_activation="linear")
    W = np.arange(6, dtype=np.float32).reshape(2, 3).T  # not contiguous
    network = Network.from_arrays(config, [W], [np.zeros(2)])
    assert network.predict([[1, 10, 100]]).tolist() == [(W.T @ [1, 10, 100]).tolist()]


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((2, 4), (4, 3), (4,), (3,)), None),
        (((2, 4), (4,)), "1 hidden layers and an output layer, so there must be 2"),
        (((2, 5), (4, 3), (4,), (3,)), r"weights\[0\] must have shape \(2, 4\)"),
        (((2, 4), (5, 3), (4,), (3,)), r"weights\[1\] must have shape \(4, 3\)"),
        (((2, 4), (4, 3), (5,), (3,)), r"biases\[0\] must have shape \(4,\)"),
        (((2, 4), (4, 3), (4,), (2,)), r"weights\[1\] must have shape \(4, 2\)"),
        (((2,), (4, 3), (4,), (3,)), r"weights\[0\] must be \(inputs, units\)"),
        (((2, 4), (4, 3), (4,), (3, 1)), r"biases\[1\] must be \(units,\)"),
    ],
)
def test_shapes_that_do_not_fit(shapes, words):
    arrays = [np.zeros(shape) for shape in shapes]
    half = len(arrays) // 2
    config = NetworkConfig((Dense(4),))
    if words is None:
        assert Network.from_arrays(config, arrays[:half], arrays[half:]).n_outputs == 3
        return
    with pytest.raises(ValueError, match=words):
        Network.from_arrays(config, arrays[:half], arrays[half:])


@pytest.mark.parametrize(
    ("n_outputs", "loss", "expected"),
    [
        (1, None, "sigmoid"),
        (3, None, "softmax"),
        (1, "mean_squared_error", "linear"),
        (3, "hinge", "linear"),
        (3, "binary_crossentropy", "sigmoid"),
    ],
)
def test_what_auto_stands_for(n_outputs, loss, expected):
    sizes = (2, 4, n_outputs)
    weights = [np.zeros(pair) for pair in pairwise(sizes)]
    biases = [np.zeros(size) for size in sizes[1:]]
    experiment = loss and Experiment(training=TrainingConfig(loss))
    network = Network.from_arrays(
        NetworkConfig((Dense(4),)), weights, biases, experiment=experiment
    )
    assert network.output_activation == expected
    assert network.config.output_activation == "auto"
