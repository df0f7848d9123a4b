"""Batch and layer normalization: by hand, against the plain reference, and along a whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import (
    DataConfig,
    Dense,
    Experiment,
    Network,
    NetworkConfig,
    Trainer,
    TrainingConfig,
    exchange,
)
from core.engine import cpu
from core.engine.layout import Layout
from core.exchange.links import from_query, to_query
from core.maths.normalizations import EPSILON, MOMENTUM, NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from tests import naive
from tests.backends import on_every_backend
from tests.exchanged import assert_same, refusal, run_readme, with_arrays_of
from tests.naive import Net, Training
from tests.test_engine import NEVER, NO_ROWS, an_engine, classes

KINDS = [name for name in NORMALIZATIONS if name != "none"]
CCE = Training("categorical_crossentropy", learning_rate=0.05, batch_size=8)


def compare(t: Training, normalizations, sizes=(2, 5, 4, 3), n=50, n_steps=10, tol=1e-4) -> None:
    """Train engine and reference side by side: same losses, parameters and running statistics."""
    t = replace(t, options=t.options or OPTIMIZERS[t.optimizer].values())
    X, Y = classes(n, sizes[0], sizes[-1])
    activations = (*["tanh"] * (len(sizes) - 2), "softmax")
    net = Net.random(sizes, activations, normalizations=normalizations)
    engine = an_engine(net, X, Y, t)
    rows, before = np.empty((n_steps, 4 + 3 * (len(sizes) - 1))), net.whole
    assert engine.run(n_steps, rows, 1, 0) == (n_steps, n_steps, True)
    losses = naive.train(net, X.astype(np.float64), Y, t, n_steps)
    np.testing.assert_allclose(rows[:, 2], losses, rtol=1e-4, atol=1e-6)
    assert np.linalg.norm(engine.params - net.whole) < tol * np.linalg.norm(net.whole - before)
    predicted = cpu.predict(engine.layout, engine.params, X)
    np.testing.assert_allclose(predicted, net.forward(X)[1][-1], rtol=1e-3, atol=1e-5)


# ---- by hand --------------------------------------------------------------------------------


def small(kind: str, loss_rate: float = 0.0):
    """One unit or two of a linear layer, then their sum; batch (0, 2) of one input."""
    units = 1 if kind == "batch" else 2
    weights = [np.array([[1.0, 3.0][:units]]), np.ones((units, 1))]
    norm = naive.Norm(
        kind, np.full(units, 2.0), np.full(units, 0.5), np.zeros(units), np.ones(units)
    )
    net = Net(weights, [np.zeros(units), np.zeros(1)], ["linear", "linear"], [norm])
    X, Y = np.array([[1.0], [3.0]], np.float32), np.zeros((2, 1), np.float32)
    t = Training("mean_squared_error", "sgd", loss_rate, (0.0, 0.0), batch_size=2)
    return an_engine(net, X, Y, t), X


def test_a_batch_worked_by_hand():
    # z = (1, 3): mean 2, variance 1, n = (-1, 1) / sqrt(1.001); y = 2 n + 0.5 and loss = mean y^2.
    engine, X = small("batch", 0.1)
    rows = np.empty((1, 10))
    engine.run(1, rows, 1, 0)
    n = 1 / np.sqrt(1.001)
    assert rows[0, 2] == pytest.approx((2 * n) ** 2 + 0.25, rel=1e-6)
    # dE/dy = y: sum over the batch of y n = 4 n^2 to gamma, 1 to beta. What is left of dE/dw:
    # d = 2 y = (1 - 4n, 1 + 4n), dz = (d - 1 - n_p 4 n^2) / sqrt(1.001), dw = dz . x.
    own = engine.layout.normalization_views(engine.params)[0]
    assert own["gamma"] == pytest.approx(2 - 0.1 * 4 * n * n, rel=1e-6)
    assert own["beta"] == pytest.approx(0.5 - 0.1 * 1.0, rel=1e-6)
    dz = (4 * n - n * 4 * n * n) * n
    assert engine.params[0] == pytest.approx(1 - 0.1 * 2 * dz, rel=1e-6)
    assert engine.params[1] == 0.0  # the bias
    assert own["moving_mean"] == pytest.approx(0.01 * 2, rel=1e-5)
    assert own["moving_variance"] == pytest.approx(0.99 + 0.01 * 1, rel=1e-6)
    # At rest by the running statistics.
    z = X[0, 0] * engine.params[0]
    y = own["gamma"] * (z - own["moving_mean"]) / np.sqrt(own["moving_variance"] + 1e-3)
    expected = (y + own["beta"]) * engine.params[4] + engine.params[5]
    assert cpu.predict(engine.layout, engine.params, X)[0] == pytest.approx(expected, rel=1e-6)


def test_a_layer_worked_by_hand():
    # Sample 1: z = (1, 3) has mean 2, variance 1; sample 2: z = (3, 9) has mean 6, variance 9.
    engine, X = small("layer")
    y = [2 * s / np.sqrt(v + 1e-3) for s, v in ((1, 1), (3, 9))]
    hidden = cpu.layer_outputs(engine.layout, engine.params, X)[0]
    expected = [[0.5 - y[0], 0.5 + y[0]], [0.5 - y[1], 0.5 + y[1]]]
    np.testing.assert_allclose(hidden, expected, rtol=1e-6)
    assert engine.layout.n_numbers == engine.layout.n_parameters == 2 + 2 + 4 + 3


def test_a_batch_of_one_sample_is_all_beta():
    compare(replace(CCE, batch_size=1), ("batch", "layer"))
    net = Net.random((2, 3, 1), ("linear", "linear"), normalizations=("batch",))
    X, Y = np.ones((1, 2), np.float32), np.zeros((1, 1), np.float32)
    engine = an_engine(net, X, Y, Training(options=(0.0, 0.0)))
    rows = np.empty((1, 10))
    engine.run(1, rows, 1, 0)
    y = float(net.norms[0].beta @ net.weights[1][:, 0] + net.biases[1][0])
    assert rows[0, 2] == pytest.approx(y * y, rel=1e-6)
    assert (engine.buffers.G[: net.weights[0].size] == 0).all()


# ---- against the reference ------------------------------------------------------------------

BOTH = [("batch", "none"), ("layer", "none"), ("batch", "layer"), ("layer", "batch")]


@pytest.mark.parametrize("batch_size", [2, 7, 16, 17, 50, 64])
@pytest.mark.parametrize("normalizations", BOTH)
def test_any_batch_size(batch_size, normalizations):
    compare(replace(CCE, batch_size=batch_size), normalizations)


@on_every_backend
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer):
    rate = 1.0 if optimizer == "adadelta" else 0.01
    compare(replace(CCE, optimizer=optimizer, learning_rate=rate), ("batch", "layer"))


@on_every_backend
@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": (0.5, 0.2), "seed": 7},
        {"regularizer": "l1_l2", "regularization_rate": 0.01},
        {"clip_norm": 0.02},
        {"global_clip_norm": 0.1},
        {"max_norm": 0.5},
        {"input_noise": 0.3, "seed": 5},
        {"label_smoothing": 0.2},
    ],
    ids=str,
)
def test_every_setting(changes):
    compare(replace(CCE, **changes), ("batch", "layer"))


@pytest.mark.parametrize(
    "sizes", [(40, 70, 90, 10), (300, 120, 24, 10), (3, 1, 1, 2), (600, 16, 1100, 3)]
)
@pytest.mark.parametrize("normalizations", [("batch", "layer"), ("layer", "batch")])
def test_every_shape(sizes, normalizations):
    compare(replace(CCE, batch_size=40, learning_rate=0.02), normalizations, sizes, n=90, n_steps=6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["relu", "gelu", "sigmoid"])
def test_gradients_at_rest(kind, activation):
    """By the running statistics, and so the same however the samples are batched."""
    net = Net.random((3, 5, 4, 2), (activation, activation, "linear"), normalizations=(kind, kind))
    X, Y = (a.astype(np.float32) for a in np.random.default_rng(0).normal(size=(2, 600, 3)))
    Y = Y[:, :2].copy()
    layout = Layout((3, 5, 4, 2), tuple(net.activations), net.normalizations)
    params = net.whole.astype(np.float32)
    loss, gradient = cpu.loss_and_gradients(layout, params, X, Y, "mean_squared_error")
    expected, layers = net.all_gradients(X, Y, "mean_squared_error")
    parts = np.concatenate([part.ravel() for layer in layers for part in layer])
    assert loss == pytest.approx(expected, rel=1e-5)
    assert np.linalg.norm(gradient - parts) < 2e-6 * np.linalg.norm(parts)


def test_a_network_tells_the_gradients_of_gamma_and_beta():
    trainer = Trainer(an_experiment())
    trainer.step(10)
    X, y = trainer.dataset.X_train, trainer.dataset.y_train
    network = trainer.network
    found = network.normalization_gradients(X, y)
    assert [list(arrays) for arrays in found] == [["gamma", "beta"], ["gamma", "beta"], [], []]
    h, losses = 1e-2, []
    for by in (h, -h):
        params = network.params.copy()
        network.layout.normalization_views(params)[0]["beta"][1] += by
        other = Network(network.config, network.layout, params, run=network.run)
        losses.append(other.loss_and_gradients(X, y)[0])
    measured = (losses[0] - losses[1]) / (2 * h)
    assert found[0]["beta"][1] == pytest.approx(measured, rel=0.05, abs=1e-4)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_against_central_differences(kind, training):
    net = Net.random((3, 5, 4, 2), ("tanh", "gelu", "linear"), normalizations=(kind, kind))
    X, Y = np.random.default_rng(1).normal(size=(2, 9, 3))
    _, layers = net.all_gradients(X, Y[:, :2], "mean_squared_error", training=training)
    exact = np.concatenate([part.ravel() for layer in layers for part in layer])
    flat, h = net.flat, 1e-5

    def loss_at(k: int, by: float) -> float:
        net.read(flat + by * (np.arange(len(flat)) == k))
        return float(((net.forward(X, (), training)[1][-1] - Y[:, :2]) ** 2).mean())

    measured = [(loss_at(k, h) - loss_at(k, -h)) / (2 * h) for k in range(len(flat))]
    np.testing.assert_allclose(exact, measured, atol=1e-8)


# ---- numbers at the edge --------------------------------------------------------------------


@on_every_backend
def test_sums_too_large_for_a_variance_are_noticed():
    """Squares overflow, every n would be 0 and the loss look sound: the variance tells."""
    net = Net.random((1, 2, 1), ("linear", "linear"), normalizations=("batch",))
    net.weights[0][:] = 1e25
    X, Y = np.array([[1.0], [2.0]], np.float32), np.zeros((2, 1), np.float32)
    engine = an_engine(net, X, Y, Training(options=(0.0, 0.0)))
    done, _, finite = engine.run(5, NO_ROWS, NEVER, 0)
    assert (done, finite) == (1, False)
    assert engine.first_nonfinite()[0] == 0


@on_every_backend
def test_the_optimizer_leaves_running_statistics_alone():
    """AdamW decays every parameter; the statistics behind them are none."""
    net = Net.random((2, 3, 1), ("tanh", "linear"), normalizations=("batch",))
    X, Y = classes(8, 2, 2)
    t = Training("mean_squared_error", "adamw", 0.1, (0.9, 0.999, 1e-7, 0.5, 0.0), batch_size=8)
    engine = an_engine(net, X, Y[:, :1].copy(), t)
    engine.run(1, NO_ROWS, NEVER, 0)
    z = X.astype(np.float64) @ net.weights[0] + net.biases[0]
    own = engine.layout.normalization_views(engine.params)[0]
    for name, before, batch in (
        ("moving_mean", net.norms[0].mean, z.mean(axis=0)),
        ("moving_variance", net.norms[0].variance, z.var(axis=0)),
    ):
        moved = MOMENTUM * before + (1 - MOMENTUM) * batch
        np.testing.assert_allclose(own[name], moved, rtol=1e-5)
    assert EPSILON == 1e-3


# ---- a run ----------------------------------------------------------------------------------


def an_experiment(**changes) -> Experiment:
    layers = (Dense(5, "relu", 0.1, "batch"), Dense(18, "tanh", normalization="layer"), Dense(3))
    training = TrainingConfig(**{"learning_rate": 0.02, "batch_size": 7, **changes})
    return Experiment(DataConfig(n_samples=90), NetworkConfig(layers), training, seed=4)


def test_a_run_starts_from_neutral_values():
    own = Trainer(an_experiment()).network.normalizations
    assert [list(arrays) for arrays in own] == [
        ["gamma", "beta", "moving_mean", "moving_variance"],
        ["gamma", "beta"],
        [],
        [],
    ]
    for arrays in own:
        for name, array in arrays.items():
            assert (array == (1.0 if name in ("gamma", "moving_variance") else 0.0)).all()


def test_the_same_bits_by_every_way():
    straight = Trainer(an_experiment())
    straight.step(60)
    end = straight.params.copy()
    sliced = Trainer(an_experiment())
    for n in (1, 7, 20, 32):
        sliced.step(n)
    assert np.array_equal(sliced.params, end)
    sliced.goto(13)
    branched = sliced.branch()
    branched.step(47)
    sliced.goto(60)
    assert np.array_equal(sliced.params, end)
    assert np.array_equal(branched.params, end)
    again = Trainer.replay(straight.run)
    assert np.array_equal(again.params, end)
    own = Trainer(an_experiment(), network=straight.network)
    assert np.array_equal(own.params, end)
    assert np.array_equal(own.predict(own.dataset.X_test), straight.predict(own.dataset.X_test))


def test_it_learns_and_predicts_by_running_statistics():
    trainer = Trainer(an_experiment())
    trainer.epoch(40)
    assert trainer.evaluate("train")["accuracy"] > 0.85
    X = trainer.dataset.X_test
    together = trainer.network.predict(X)
    np.testing.assert_allclose(trainer.network.predict(X[:1]), together[:1], rtol=1e-5)


def test_networks_of_given_arrays():
    config = NetworkConfig(
        (Dense(2, "linear", normalization="batch"), Dense(1, "linear")), output_activation="linear"
    )
    W, b = [np.eye(2), np.ones((2, 1)), np.ones((1, 1))], [np.zeros(2), np.zeros(1), np.zeros(1)]
    plain = Network.from_arrays(config, W, b)
    assert plain.predict([[3.0, 4.0]])[0, 0] == pytest.approx(7 / np.sqrt(1.001), rel=1e-6)
    own = [{"gamma": [2.0, 1.0], "moving_mean": [1.0, 0.0]}, None]
    given = Network.from_arrays(config, W, b, own)
    assert given.predict([[3.0, 4.0]])[0, 0] == pytest.approx(8 / np.sqrt(1.001), rel=1e-6)
    assert given.normalizations[0]["gamma"].tolist() == [2.0, 1.0]
    for wrong, words in (
        ([{"gama": [1, 2]}], "has 'gama', which a layer with normalization 'batch' has not"),
        ([{}, {"gamma": [1]}], "normalization 'none' has not"),
        ([{"gamma": [1]}], "must have shape \\(2,\\); got \\(1,\\)"),
        ([None] * 4, "4 entries for 3 layers"),
        ([{"gamma": ["a", "b"]}], "must be plain numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            Network.from_arrays(config, W, b, wrong)


# ---- files and links ------------------------------------------------------------------------

EACH_SUFFIX = pytest.mark.parametrize("suffix", [".npz", ".safetensors"])


@EACH_SUFFIX
def test_files_keep_gamma_beta_and_running_statistics(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(an_experiment())
    trainer.step(50)
    trainer.set_bias(0, 1, 0.25)
    trainer.step(3)
    exchange.save(trainer, tmp_path / f"network{suffix}")
    loaded = exchange.load(tmp_path / f"network{suffix}")
    assert_same(trainer.network, loaded)
    assert np.array_equal(trainer.params, loaded.params)
    data = trainer.dataset
    assert np.array_equal(loaded.predict(data.X_test), trainer.predict(data.X_test))
    assert loaded.run is not None
    again = Trainer.replay(loaded.run)
    assert np.array_equal(again.params, trainer.params)
    predict = run_readme(tmp_path / f"network{suffix}", monkeypatch)
    raw = np.random.default_rng(0).uniform(-6, 6, (40, 2))
    np.testing.assert_allclose(predict(raw), loaded.predict(raw), rtol=2e-4, atol=2e-5)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop("layer_0/moving_mean"), "no array 'layer_0/moving_mean'"),
        (
            lambda arrays: arrays.update({"layer_1/gamma": np.ones(3, np.float32)}),
            "'layer_1/gamma' has shape (3,); it should be (18,)",
        ),
        (
            lambda arrays: arrays.update({"layer_2/gamma": np.ones(3, np.float32)}),
            "no layer's: 'layer_2/gamma'",
        ),
        (
            lambda arrays: arrays.update({"layer_0/moving_variance": np.full(5, -1.0, np.float32)}),
            "'layer_0/moving_variance' holds variances below 0",
        ),
        (
            lambda arrays: arrays.update({"layer_0/beta": np.full(5, np.inf, np.float32)}),
            "'layer_0/beta' holds values that are not finite",
        ),
    ],
)
def test_files_that_do_not_fit(suffix: str, change: Callable, words: str) -> None:
    assert words in refusal(with_arrays_of(Trainer(an_experiment()), suffix, change), suffix)


def test_links_carry_the_normalization() -> None:
    query = to_query(an_experiment())
    assert query["layers"] == "5:relu:0.1:batch,18:tanh:0:layer,3:tanh"
    assert from_query(query) == (an_experiment(), [])
    (problem,) = from_query({"layers": "4:tanh:0:bach"})[1]
    assert "Did you mean 'batch'?" in problem
