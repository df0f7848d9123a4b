"""`core.inspect.gradient_check`: right gradients pass, wrong ones are found where they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core import Dense, Experiment, Network, NetworkConfig, Trainer, inspect
from core.engine import cpu
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from tests import naive

ROOT = Path(__file__).resolve().parent.parent
FINE, WRONG = 2e-4, 1e-2


def a_network(activation: str = "tanh", output: str = "auto", outputs: int = 3) -> Network:
    net = naive.Net.random((3, 6, 5, outputs), ("linear",) * 3, seed=2)
    config = NetworkConfig((Dense(6, activation), Dense(5, activation)), output_activation=output)
    return Network.from_arrays(config, net.weights, net.biases)


def samples(loss: str, outputs: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, 3))
    if LOSSES[loss].targets == "value":
        return X, rng.normal(size=(20, outputs))
    return X, np.eye(outputs)[rng.integers(0, outputs, 20)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_passes(activation: str) -> None:
    X, y = samples("mean_squared_error")
    errors = inspect.gradient_check(a_network(activation), X, y, "mean_squared_error")
    assert len(errors) == 3
    assert max(errors) < FINE


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_passes(loss: str) -> None:
    X, y = samples(loss)
    assert max(inspect.gradient_check(a_network(), X, y, loss)) < FINE


def test_a_trained_network_passes_with_its_own_loss() -> None:
    trainer = Trainer(Experiment())
    trainer.step(200)
    data = trainer.dataset
    errors = inspect.gradient_check(trainer.network, data.X_train, data.y_train)
    assert max(errors) < FINE


def test_normalized_layers_pass_and_a_wrong_gamma_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = (Dense(5, "tanh", normalization="batch"), Dense(4, "gelu", normalization="layer"))
    trainer = Trainer(Experiment(network=NetworkConfig(layers)))
    trainer.step(100)
    data, network = trainer.dataset, trainer.network
    assert max(inspect.gradient_check(network, data.X_train, data.y_train)) < FINE
    right = cpu.loss_and_gradients

    def wrong(layout, *rest):  # type: ignore[no-untyped-def]
        value, gradient = right(layout, *rest)
        layout.normalization_views(gradient)[1]["gamma"][:] *= 1.1
        return value, gradient

    monkeypatch.setattr(cpu, "loss_and_gradients", wrong)
    errors = inspect.gradient_check(network, data.X_train, data.y_train)
    assert [error > WRONG for error in errors] == [False, True, False]


def test_a_large_layer_and_a_dead_one() -> None:
    rng = np.random.default_rng(0)
    config = NetworkConfig((Dense(50, "relu"), Dense(20, "relu")))
    sizes = ((100, 50), (50, 20), (20, 1))
    weights = [rng.normal(0, 0.2, size) for size in sizes]
    biases = [np.zeros(50), np.full(20, -1000.0), np.zeros(1)]
    network = Network.from_arrays(config, weights, biases)
    X, y = rng.normal(size=(200, 100)), rng.normal(size=(200, 1))
    assert max(inspect.gradient_check(network, X, y, "mean_squared_error")) < FINE


def test_what_does_not_fit_is_refused() -> None:
    X, y = samples("mean_squared_error")
    with pytest.raises(ValueError, match="Unknown loss"):
        inspect.gradient_check(a_network(), X, y, "mean_sqared_error")
    with pytest.raises(ValueError, match="same number of samples"):
        inspect.gradient_check(a_network(), X[:5], y, "huber")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_wrong_gradient_is_found_in_its_layer(
    layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = cpu.loss_and_gradients

    def wrong(layout, *rest):  # type: ignore[no-untyped-def]
        value, gradient = right(layout, *rest)
        dW, _ = layout.views(gradient)
        dW[layer][0, 0] *= 1.1
        return value, gradient

    monkeypatch.setattr(cpu, "loss_and_gradients", wrong)
    X, y = samples("mean_squared_error")
    errors = inspect.gradient_check(a_network(), X, y, "mean_squared_error")
    assert [error > WRONG for error in errors] == [number == layer for number in range(3)]


def test_a_wrong_derivative_is_found() -> None:
    """The kernels as plain Python, made from a registry in which one slope is wrong by 5%.

    It reaches the gradients of the layers below the activation, and no others.
    """
    code = """
from dataclasses import replace
from core.maths import activations
right = activations.ACTIVATIONS["softsign"]
def slope(z, a):
    return 1.05 / ((1.0 + (z if z > 0.0 else -z)) * (1.0 + (z if z > 0.0 else -z)))
activations.ACTIVATIONS["softsign"] = replace(right, derivative=slope)
from core import inspect
from tests.test_gradient_check import a_network, samples
X, y = samples("mean_squared_error")
for name in ("softsign", "tanh"):
    print(*inspect.gradient_check(a_network(name), X[:6], y[:6], "mean_squared_error"))
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    wrong, right = ([float(e) for e in line.split()] for line in done.stdout.splitlines())
    assert max(right) < FINE
    assert wrong[2] < FINE
    assert min(wrong[:2]) > WRONG
