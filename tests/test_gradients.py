"""Gradients: by hand, against central differences, and the engine's against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from core import Dense, Network, NetworkConfig
from core.engine import cpu
from core.engine.layout import Layout
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from tests import naive

EACH_LOSS = pytest.mark.parametrize("loss", LOSSES)
EACH_ACTIVATION = pytest.mark.parametrize("activation", OUTPUT_ACTIVATIONS)


def a_problem(activation: str, loss: str, n: int = 7, outputs: int = 3, seed: int = 1):
    """A 3-4-outputs network of one activation, inputs, and targets that suit the loss."""
    rng = np.random.default_rng(seed)
    hidden = activation if activation in ACTIVATIONS else "tanh"
    net = naive.Net.random((3, 4, outputs), (hidden, activation), seed)
    if loss == "categorical_crossentropy" and activation != "softmax":
        net.biases[-1] += 2  # outputs whose sum stays clear of zero
    X = rng.normal(size=(n, 3)).astype(np.float32)
    if LOSSES[loss].targets == "value":
        Y = rng.normal(size=(n, outputs))
    else:
        Y = np.eye(outputs)[rng.integers(0, outputs, n)]
    if LOSSES[loss].targets == "plus_minus":
        Y = 2 * Y - 1
    return net, X, Y.astype(np.float32)


def relative_error(ours, reference) -> float:
    """Distance against the reference's norm."""
    ours, reference = np.asarray(ours, dtype=np.float64), np.asarray(reference)
    return float(np.linalg.norm(ours - reference) / max(np.linalg.norm(reference), 1e-30))


def flat(dW, db) -> np.ndarray:
    return np.concatenate([part.ravel() for pair in zip(dW, db, strict=True) for part in pair])


# ---- the reference against central differences ----------------------------------------------


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@EACH_LOSS
@EACH_ACTIVATION
def test_central_differences(activation, loss, regularizer):
    net, X, Y = a_problem(activation, loss)
    value, slope = naive.PENALTIES[regularizer]
    rate, h = 0.03, 1e-6

    def objective(parameters):
        net.read(parameters)
        return net.loss(X, Y, loss) + rate * sum(value(W).sum() for W in net.weights)

    at = net.flat
    _, dW, db = net.gradients(X, Y, loss)
    dW = [d + rate * slope(W) for d, W in zip(dW, net.weights, strict=True)]
    steps = h * np.eye(at.size)
    expected = [(objective(at + d) - objective(at - d)) / (2 * h) for d in steps]
    assert relative_error(flat(dW, db), expected) < 1e-6


# ---- the engine against the reference -------------------------------------------------------


@EACH_LOSS
@EACH_ACTIVATION
@pytest.mark.parametrize("outputs", [1, 3])
def test_engine_gradient(activation, loss, outputs):
    net, X, Y = a_problem(activation, loss, outputs=outputs)
    layout = Layout((3, 4, outputs), tuple(net.activations))
    value, gradient = cpu.loss_and_gradients(layout, net.flat, X, Y, loss)
    expected, dW, db = net.gradients(X, Y, loss)
    assert value == pytest.approx(expected, rel=2e-6, abs=2e-7)
    assert relative_error(gradient, flat(dW, db)) < 2e-5 or np.allclose(flat(dW, db), 0, atol=1e-7)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_engine_penalty(activation, regularizer):
    """Plain SGD at rate 1 moves each parameter by minus its gradient, penalty included."""
    net, X, Y = a_problem(activation, "mean_squared_error")
    layout = Layout((3, 4, 3), tuple(net.activations))
    engine = cpu.CPUEngine(layout, X, Y, loss="mean_squared_error", optimizer="sgd", seed=0)
    engine.configure(
        learning_rate=1.0,
        options=OPTIMIZERS["sgd"].values(),
        batch_size=len(X),
        regularizer=regularizer,
        regularization_rate=0.05,
    )
    engine.params[:] = net.flat
    engine.run(1, np.empty((1, 10)), 1, 0)
    _, dW, db = net.gradients(X, Y, "mean_squared_error")
    slope = naive.PENALTIES[regularizer][1]
    dW = [d + 0.05 * slope(W) for d, W in zip(dW, net.weights, strict=True)]
    assert relative_error(net.flat - engine.params, flat(dW, db)) < 2e-5


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 700])
def test_engine_gradient_of_any_number_of_samples(n):
    net, X, Y = a_problem("softmax", "categorical_crossentropy", n=n)
    layout = Layout((3, 4, 3), tuple(net.activations))
    value, gradient = cpu.loss_and_gradients(layout, net.flat, X, Y, "categorical_crossentropy")
    expected, dW, db = net.gradients(X, Y, "categorical_crossentropy")
    assert value == pytest.approx(expected, rel=2e-6)
    assert relative_error(gradient, flat(dW, db)) < 2e-5


@pytest.mark.parametrize("sizes", [(784, 130, 33, 10), (64, 32, 10), (5, 801, 700, 3), (2000, 17)])
@pytest.mark.parametrize("n", [1, 50, 300])
def test_engine_gradient_of_large_layers(sizes, n):
    """Sums run over samples or over units in lanes, by size: both agree with the reference."""
    rng = np.random.default_rng(0)
    activations = (*["tanh"] * (len(sizes) - 2), "softmax")
    net = naive.Net.random(sizes, activations)
    X = rng.normal(size=(n, sizes[0])).astype(np.float32)
    Y = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], n)]
    layout = Layout(sizes, activations)
    value, gradient = cpu.loss_and_gradients(layout, net.flat, X, Y, "categorical_crossentropy")
    expected, dW, db = net.gradients(X, Y, "categorical_crossentropy")
    assert value == pytest.approx(expected, rel=1e-5)
    assert relative_error(gradient, flat(dW, db)) < 2e-5


# ---- by hand --------------------------------------------------------------------------------


def test_one_step_by_hand():
    """A 2-2-1 network, one sample, squared error, plain SGD at rate 0.5.

    x = (1, 2), target 1.  Hidden: W1 = [[0.5, -1], [0.25, 0.5]], b1 = (0, 0.5), relu.
        z1 = (1 * 0.5 + 2 * 0.25 + 0,  1 * -1 + 2 * 0.5 + 0.5) = (1, 0.5);  a1 = (1, 0.5)
    Output: W2 = [[1], [2]], b2 = -0.5, linear.
        z2 = 1 * 1 + 0.5 * 2 - 0.5 = 1.5;  loss = (1.5 - 1)^2 = 0.25
    Backward: dE/dz2 = 2 * (1.5 - 1) = 1
        dW2 = a1 * 1 = (1, 0.5);  db2 = 1
        dE/da1 = W2 * 1 = (1, 2);  relu'(z1) = (1, 1);  dE/dz1 = (1, 2)
        dW1 = x' dz1 = [[1, 2], [2, 4]];  db1 = (1, 2)
    Update: w -= 0.5 * dw
        W1 = [[0, -2], [-0.75, -1.5]];  b1 = (-0.5, -0.5);  W2 = (0.5, 1.75);  b2 = -1
    """
    config = NetworkConfig((Dense(2, "relu"),), output_activation="linear")
    weights = [[[0.5, -1.0], [0.25, 0.5]], [[1.0], [2.0]]]
    biases = [[0.0, 0.5], [-0.5]]
    network = Network.from_arrays(config, weights, biases)
    X, y = np.array([[1.0, 2.0]], np.float32), np.array([[1.0]], np.float32)

    assert network.predict(X).tolist() == [[1.5]]
    loss, dW, db = network.loss_and_gradients(X, y, loss="mean_squared_error")
    assert loss == 0.25
    assert [d.tolist() for d in dW] == [[[1, 2], [2, 4]], [[1], [0.5]]]
    assert [d.tolist() for d in db] == [[1, 2], [1]]

    engine = cpu.CPUEngine(network.layout, X, y, loss="mean_squared_error", optimizer="sgd", seed=0)
    engine.params[:] = network.params
    engine.configure(learning_rate=0.5, options=(0.0, 0.0), batch_size=1)
    rows = np.empty((1, 10))
    assert engine.run(1, rows, 1, 0) == (1, 1, True)
    W, b = network.layout.views(engine.params)
    assert [w.tolist() for w in W] == [[[0, -2], [-0.75, -1.5]], [[0.5], [1.75]]]
    assert [v.tolist() for v in b] == [[-0.5, -0.5], [-1]]

    # Norms of each layer's weights and biases together: gradient, then weights after the step,
    # then the update (half the gradient) against them.
    gradient = np.sqrt([1 + 4 + 4 + 16 + 1 + 4, 1 + 0.25 + 1])
    after = np.sqrt([4 + 0.5625 + 2.25 + 0.25 + 0.25, 0.25 + 3.0625 + 1])
    expected = [1, 1, 0.25, 0.5, *gradient, *after, *(0.5 * gradient / after)]
    np.testing.assert_allclose(rows[0], expected, rtol=1e-6)
