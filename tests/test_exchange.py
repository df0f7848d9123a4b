"""Networks go into files and come back, and a file explains its predictions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from core import exchange
from core.data import Preprocessing, load_dataset
from core.data.features import FEATURES, expand
from core.data.preprocessing import Features, Identity, Scale, Standardize
from core.data.words import Words
from core.exchange.readme import NUMPY_ACTIVATIONS, NUMPY_FEATURES
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.network import Network
from core.trainer import Trainer
from tests.exchanged import (
    EACH_SUFFIX,
    assert_same,
    make_network,
    run_readme,
)

# -- round trips ----------------------------------------------------------------------------------


@EACH_SUFFIX
@pytest.mark.parametrize(
    "preprocessing",
    [
        Identity(),
        Scale(16.0),
        Standardize((0.1, 2.0), (1e-3, 7.0)),
        Features(("x2", "x1_x2")),
        Words(("tea", "don't"), (1.5, 2.25)),
    ],
    ids=lambda how: how.kind,
)
def test_round_trip(suffix: str, preprocessing: Preprocessing, tmp_path: Path) -> None:
    network = make_network(n_outputs=3, output="softmax", preprocessing=preprocessing)
    exchange.save(network, tmp_path / f"mine{suffix}")
    loaded = exchange.load(tmp_path / f"mine{suffix}")
    assert_same(network, loaded)
    X = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
    np.testing.assert_array_equal(network.predict(X), loaded.predict(X))
    assert [path.name for path in tmp_path.iterdir()] == [f"mine{suffix}"]


@EACH_SUFFIX
@pytest.mark.parametrize("activations", [(), ("relu",), ("tanh",) * 6])
def test_any_depth(suffix: str, activations: tuple[str, ...]) -> None:
    network = make_network(activations)
    assert_same(network, exchange.from_bytes(exchange.to_bytes(network, suffix), suffix))


@EACH_SUFFIX
def test_same_network_same_bytes(suffix: str) -> None:
    assert exchange.to_bytes(make_network(), suffix) == exchange.to_bytes(make_network(), suffix)


@EACH_SUFFIX
def test_a_network_without_experiment_or_names(suffix: str) -> None:
    bare = make_network()
    bare = Network.from_arrays(bare.config, bare.weights, bare.biases)
    loaded = exchange.from_bytes(exchange.to_bytes(bare, suffix), suffix)
    assert_same(bare, loaded)


@EACH_SUFFIX
@pytest.mark.parametrize("with_experiment", [True, False])
def test_auto_stays_auto(suffix: str, with_experiment: bool) -> None:
    """The config comes back as it was given, the activation that it stands for as well."""
    given = make_network(output="auto", n_outputs=2)
    network = Network.from_arrays(
        given.config,
        given.weights,
        given.biases,
        experiment=given.experiment if with_experiment else None,
    )
    loaded = exchange.from_bytes(exchange.to_bytes(network, suffix), suffix)
    assert_same(network, loaded)
    assert loaded.output_activation == ("sigmoid" if with_experiment else "softmax")


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("spiral", "binary_crossentropy"),
        ("iris", "categorical_crossentropy"),
        ("blobs", "hinge"),
        ("sine", "mean_squared_error"),
    ],
)
def test_a_trainer_gives_its_network(suffix: str, name: str, loss: str, tmp_path: Path) -> None:
    trainer = Trainer(Experiment(DataConfig(name), training=TrainingConfig(loss)))
    trainer.step(30)
    exchange.save(trainer, tmp_path / f"run{suffix}")
    loaded = exchange.load(tmp_path / f"run{suffix}")
    assert_same(trainer.network, loaded)
    assert loaded.experiment == trainer.experiment
    X = trainer.dataset.X_test
    np.testing.assert_array_equal(loaded.predict(X), trainer.network.predict(X))


# -- predictions with NumPy alone -----------------------------------------------------------------


@EACH_SUFFIX
@pytest.mark.parametrize("output", OUTPUT_ACTIVATIONS)
def test_the_readme_reproduces_predictions(
    suffix: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = output if output in ACTIVATIONS else "tanh"
    network = make_network((hidden, hidden), output, n_outputs=3)
    exchange.save(network, tmp_path / f"network{suffix}")
    predict = run_readme(tmp_path / f"network{suffix}", monkeypatch)
    raw = np.random.default_rng(2).uniform(-6, 6, (50, 2))
    ours = network.predict(network.preprocessing.transform(raw))
    np.testing.assert_allclose(predict(raw), ours, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["circle", "iris", "digits", "sine"])
def test_the_readme_makes_inputs_of_raw_columns(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_dataset(DataConfig(name, noise=0.1, features=tuple(FEATURES)))
    network = make_network(
        n_inputs=data.n_inputs, n_outputs=4, preprocessing=data.preprocessing, output="softmax"
    )
    exchange.save(network, tmp_path / "network.npz")
    predict = run_readme(tmp_path / "network.npz", monkeypatch)
    raw = np.random.default_rng(3).uniform(0, 16, (9, data.preprocessing.n_raw or data.n_inputs))
    ours = network.predict(data.preprocessing.transform(raw))
    np.testing.assert_allclose(predict(raw), ours, rtol=2e-4, atol=2e-5)


@EACH_SUFFIX
def test_a_network_of_people_and_films_travels(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataConfig("movielens", 300)
    trainer = Trainer(
        Experiment(data, NetworkConfig((Dense(4),)), TrainingConfig("mean_squared_error"))
    )
    trainer.step(3)
    exchange.save(trainer, tmp_path / f"network{suffix}")
    assert_same(trainer.network, exchange.load(tmp_path / f"network{suffix}"))
    predict = run_readme(tmp_path / f"network{suffix}", monkeypatch)
    raw = [[0, 0], [670, 9065], [12, 14]]
    ours = trainer.network.predict(trainer.network.preprocessing.transform(raw))
    np.testing.assert_allclose(predict(raw), ours, rtol=2e-4, atol=2e-5)


def test_the_readme_makes_inputs_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load_dataset(DataConfig("food_reviews", n_samples=200))
    assert data.texts_test is not None
    network = make_network(n_inputs=data.n_inputs, preprocessing=data.preprocessing)
    exchange.save(network, tmp_path / "network.npz")
    assert (tmp_path / "network.npz").stat().st_size < 150_000
    predict = run_readme(tmp_path / "network.npz", monkeypatch)
    raw = [*data.texts_test[:9], "Don\u2019t buy", ""]
    ours = network.predict(data.preprocessing.transform(raw))
    np.testing.assert_allclose(predict(raw), ours, rtol=2e-4, atol=2e-5)


def test_the_readmes_formulas_are_the_registrys() -> None:
    z = np.array([[-30.0, -3.0, -0.5, 0.0], [0.7, 2.0, 30.0, 800.0]])
    assert list(NUMPY_ACTIVATIONS) == list(OUTPUT_ACTIVATIONS)
    for name, activation in ACTIVATIONS.items():
        names = {"np": np, "math": math, "z": z}
        exec(f"a = {NUMPY_ACTIVATIONS[name]}", names)
        expected = np.vectorize(activation.function)(z)
        np.testing.assert_allclose(names["a"], expected, rtol=1e-12, atol=1e-15, err_msg=name)
    points = np.array([[0.5, -2.0], [3.0, 4.0]])
    assert list(NUMPY_FEATURES) == list(FEATURES)
    for name in FEATURES:
        names = {"np": np, "x1": points[:, 0], "x2": points[:, 1]}
        exec(f"a = {NUMPY_FEATURES[name]}", names)
        np.testing.assert_allclose(names["a"], expand(points, [name])[:, 0])
