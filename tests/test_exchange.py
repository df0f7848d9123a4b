"""Networks in files: round trips, predictions with NumPy alone, files that cannot be trusted."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import exchange
from core.data import Dataset, Preprocessing, load_dataset
from core.data.features import FEATURES, expand
from core.data.preprocessing import Features, Identity, Scale, Standardize
from core.data.words import Words
from core.exchange import containers, files, runs
from core.exchange.containers import Contents
from core.exchange.readme import NUMPY_ACTIVATIONS, NUMPY_FEATURES
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.network import Network
from core.refusals import Refusal
from core.trainer import Trainer

SUFFIXES = exchange.SUFFIXES
EACH_SUFFIX = pytest.mark.parametrize("suffix", SUFFIXES)


def make_network(
    activations: tuple[str, ...] = ("tanh", "relu"),
    output: str = "sigmoid",
    n_inputs: int = 2,
    n_outputs: int = 1,
    preprocessing: Preprocessing = Features(("x1", "x2")),  # noqa: B008 - it is frozen
    seed: int = 0,
) -> Network:
    """A network of random weights, hidden layers 3, 4, 5 ... units wide."""
    rng = np.random.default_rng(seed)
    layers = tuple(Dense(3 + i, name) for i, name in enumerate(activations))
    sizes = [n_inputs, *(layer.units for layer in layers), n_outputs]
    config = NetworkConfig(layers, output_activation=output)
    training = TrainingConfig(optimizer_options={"beta_1": 0.95})
    return Network.from_arrays(
        config,
        [rng.normal(size=pair).astype(np.float32) for pair in pairwise(sizes)],
        [rng.normal(size=size).astype(np.float32) for size in sizes[1:]],
        preprocessing=preprocessing,
        experiment=Experiment(DataConfig("xor"), config, training, seed=5),
        class_names=tuple(f"类 {k}" for k in range(max(n_outputs, 2))),
        feature_names=tuple(f"column {k}" for k in range(n_inputs)),
    )


def assert_same(one: Network, other: Network) -> None:
    for mine, theirs in zip(one.weights + one.biases, other.weights + other.biases, strict=True):
        assert mine.dtype == theirs.dtype == np.float32
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.params, other.params)
    for field in ("config", "experiment", "run", "preprocessing", "class_names", "feature_names"):
        assert getattr(one, field) == getattr(other, field)


def contents_of(data: bytes, suffix: str) -> Contents:
    """What is in a file, whatever its shapes."""
    return containers.READERS[suffix](data, lambda metadata, shapes: None)


# -- round trips ---------------------------------------------------------------------------


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


# -- the run in a file ---------------------------------------------------------------------


def eventful(dataset: Dataset | None = None, network: Network | None = None) -> Trainer:
    """A trainer whose run was changed in every way, before the first step and after the last."""
    experiment = Experiment(
        DataConfig("xor", n_samples=60, noise=0.1),
        NetworkConfig((Dense(4, "tanh", 0.2), Dense(3, "relu"))),
        TrainingConfig(batch_size=7, clip_norm=1.0),
        seed=3,
    )
    trainer = Trainer(experiment, dataset=dataset, network=network)
    trainer.change(learning_rate=np.float32(0.03))
    trainer.set_weight(0, 1, 2, np.float64(-1.25))
    trainer.step(40)
    trainer.change(beta_1=0.8, dropout={0: 0.5}, batch_size=np.int64(4), clip_norm=None)
    trainer.step(41)
    trainer.set_bias(np.int64(2), 0, 0.5)
    trainer.change(regularizer="l2", regularization_rate=1e-3)
    trainer.step(10)
    trainer.change(schedule="cosine", alpha=0.1, decay_steps=np.int64(50), warmup_steps=60)
    trainer.change(max_norm=2, input_noise=np.float32(0.25))
    trainer.step(10)
    trainer.change(alpha=0.2)
    trainer.change(schedule="step", schedule_options={"step_size": 3, "gamma": 0.5})
    trainer.step(10)
    trainer.set_weight(2, 2, 0, 1 / 3)
    return trainer


def reloaded(trainer: Trainer, suffix: str) -> Network:
    return exchange.from_bytes(exchange.to_bytes(trainer, suffix), suffix)


def own_arrays() -> Dataset:
    X = np.random.default_rng(0).normal(size=(50, 2))
    return Dataset.from_arrays(
        X[:40], X[:40, 0] > 0, X[40:], X[40:, 0] > 0, class_names=("left", "right")
    )


def assert_same_run(trainer: Trainer, again: Trainer) -> None:
    np.testing.assert_array_equal(trainer.params, again.params)
    np.testing.assert_array_equal(trainer.engine.slots, again.engine.slots)
    np.testing.assert_array_equal(trainer.engine.state, again.engine.state)
    assert again.edits == trainer.edits
    assert (again.training, again.config) == (trainer.training, trainer.config)


@EACH_SUFFIX
def test_a_run_is_replayed_from_its_file_to_the_bit(suffix: str) -> None:
    trainer = eventful()
    loaded = reloaded(trainer, suffix)
    assert_same(trainer.network, loaded)
    assert loaded.experiment == trainer.experiment  # what it began with, not what it came to
    assert loaded.edits == tuple(trainer.edits)
    assert loaded.step_count == trainer.step_count == 111
    assert loaded.experiment_now == trainer.experiment_now
    assert loaded.experiment_now.training.learning_rate == np.float32(0.03)
    again = Trainer.replay(loaded.run)
    assert_same_run(trainer, again)
    trainer.step(20)
    again.step(20)
    assert_same_run(trainer, again)


def test_a_run_that_went_back_leaves_out_what_lies_ahead() -> None:
    trainer = eventful()
    trainer.goto(50)
    loaded = reloaded(trainer, ".npz")
    assert {edit.step for edit in loaded.edits} == {0, 40}
    np.testing.assert_array_equal(Trainer.replay(loaded.run).params, trainer.params)


@EACH_SUFFIX
def test_own_arrays_are_not_passed_off_as_a_named_dataset(suffix: str) -> None:
    trainer = eventful(own_arrays())
    data = exchange.to_bytes(trainer, suffix)
    metadata = json.loads(contents_of(data, suffix).metadata)
    assert metadata["experiment"]["data"] is None
    assert metadata["class_names"] == ["left", "right"]
    loaded = exchange.from_bytes(data, suffix)
    assert loaded.run.own_data
    with pytest.raises(ValueError, match="own arrays"):
        Trainer.replay(loaded.run)
    assert_same_run(trainer, Trainer.replay(loaded.run, dataset=own_arrays()))
    assert exchange.to_bytes(loaded, suffix) == data


def test_a_named_dataset_that_was_passed_in_is_named() -> None:
    config = DataConfig("gauss", n_samples=80)
    trainer = Trainer(Experiment(), dataset=load_dataset(config))
    trainer.step(5)
    assert trainer.experiment.data == config
    loaded = reloaded(trainer, ".npz")
    assert not loaded.run.own_data
    assert_same_run(trainer, Trainer.replay(loaded.run))


def test_own_initial_weights_are_not_passed_off_as_the_seeds() -> None:
    start = Trainer(Experiment(network=NetworkConfig((Dense(4), Dense(3))))).network
    trainer = eventful(network=start)
    loaded = reloaded(trainer, ".safetensors")
    assert loaded.run.own_weights
    with pytest.raises(ValueError, match="weights of its own"):
        Trainer.replay(loaded.run)
    again = Trainer.replay(loaded.run, network=start)
    np.testing.assert_array_equal(again.params, trainer.params)


@pytest.mark.parametrize("bound", ["MOST_EDITS", "MOST_EDIT_TEXT"])
def test_more_edits_than_a_file_holds(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are saved all the same, with the settings as they stood and nothing untrue."""
    monkeypatch.setattr(runs, bound, 5)
    trainer = eventful(own_arrays())
    loaded = reloaded(trainer, ".npz")
    assert loaded.run.edits is None
    assert loaded.run.own_data
    assert loaded.step_count == 111
    assert loaded.experiment_now.training == trainer.training
    with pytest.raises(ValueError, match="edits that were made are not known"):
        Trainer.replay(loaded.run, dataset=own_arrays())


@EACH_SUFFIX
def test_files_of_the_first_version_are_read(suffix: str) -> None:
    """They have the experiment with the settings as they stood, and no run."""
    now = make_network().experiment.to_mapping()
    loaded = exchange.from_bytes(
        with_metadata(suffix, format_version=1, run=..., experiment=now), suffix
    )
    assert loaded.experiment == loaded.experiment_now == make_network().experiment
    assert (loaded.run, loaded.edits, loaded.step_count) == (None, (), None)


def run_with(**changes: object) -> dict:
    return {"step_count": 100, "edits": [], "initial_weights": "seed"} | changes


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (5, "not a JSON object"),
        (run_with(step_count=-1), "step_count is -1"),
        (run_with(step_count=True), "step_count is True"),
        (run_with(step_count=2.5), "step_count is 2.5"),
        (run_with(step_count=10**30), "step_count is"),
        (run_with(step_count=None), "step_count is None"),
        (run_with(initial_weights="mine"), "initial_weights is 'mine'"),
        (run_with(edits=5), "edits is 5"),
        (run_with(edits=[5]), "an edit is 5"),
        (run_with(edits=[[1, "learning_rate"]]), "must be [step, what, value]"),
        (run_with(edits=[[1, 2, 3]]), "must be [step, what, value]"),
        (run_with(edits=[[101, "learning_rate", 0.1]]), "step of an edit is 101"),
        (run_with(edits=[[-1, "learning_rate", 0.1]]), "step of an edit is -1"),
        (run_with(edits=[[5, "batch_size", 1], [4, "batch_size", 1]]), "step of an edit is 4"),
        (run_with(edits=[["1", "batch_size", 1]]), "step of an edit is '1'"),
        (run_with(edits=[[1, "learning_rate", -1]]), "learning_rate is -1"),
        (run_with(edits=[[1, "learning_rate", "1"]]), "learning_rate is '1'"),
        (run_with(edits=[[1, "loss", "hinge"]]), "'loss' cannot change"),
        (run_with(edits=[[1, "momentum", 0.5]]), "'momentum' cannot change"),
        (run_with(edits=[[1, "regularizer", {}]]), "regularizer"),
        (run_with(edits=[[1, "schedule", "cosin"]]), "Did you mean 'cosine'?"),
        (run_with(edits=[[1, "schedule", ["cosine"]]]), "Unknown schedule [...]"),
        (run_with(edits=[[1, "warmup_steps", 2.5]]), "warmup_steps is 2.5"),
        (run_with(edits=[[1, "alpha", 0.5], [1, "schedule", "cosine"]]), "'alpha' cannot change"),
        (run_with(edits=[[1, "schedule", "cosine"], [2, "alpha", 2]]), "alpha is 2"),
        (run_with(edits=[[1, "schedule", "cosine"], [2, "gamma", 0]]), "'gamma' cannot change"),
        (run_with(edits=[[1, "amsgrad", True]]), "'amsgrad' cannot change"),
        (run_with(edits=[[1, "max_norm", 0]]), "max_norm is 0"),
        (run_with(edits=[[1, "input_noise", -1]]), "input_noise is -1"),
        (run_with(edits=[[1, "dropout", [0.1]]]), "dropout is"),
        (run_with(edits=[[1, "weight", [0, 0, 0]]]), "weight is"),
        (run_with(edits=[[1, "weight", [0, 0, True, 1.0]]]), "weight is"),
        (run_with(edits=[[1, "weight", [0, 0, 3, 1.0]]]), "j is 3, but must be from 0 to 2"),
        (run_with(edits=[[1, "weight", [3, 0, 0, 1.0]]]), "layer is 3, but there are 3 layers"),
        (run_with(edits=[[1, "bias", [0, -1, 1.0]]]), "j is -1"),
        (run_with(edits=[[1, "bias", [0, 0, 1e39]]]), "must be a finite float32 number"),
        (run_with(edits=[[1, "bias", [0, 0, None]]]), "must be a finite float32 number"),
        (run_with(edits=[[1, "bias", [0, 0, 10**400]]]), "must be a finite float32 number"),
        (run_with(edits=[[1, "batch_size", 1]] * 10_001), "10001 edits, more than 10000"),
        (run_with(edits=[[1, "dropout", [0.5, 0.5]]]), "about another network"),
    ],
)
def test_wrong_runs(run: object, words: str) -> None:
    assert words in refusal(with_metadata(".npz", run=run), ".npz")


def test_a_run_needs_its_experiment() -> None:
    data = with_metadata(".npz", run=run_with(), experiment=None)
    assert "beside its experiment" in refusal(data, ".npz")


# -- predictions with NumPy alone ------------------------------------------------------------


def run_readme(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], np.ndarray]:
    """Run the code in a file's readme as a person would, beside the file."""
    readme = json.loads(contents_of(path.read_bytes(), path.suffix).metadata)["readme"]
    monkeypatch.chdir(path.parent)
    names: dict = {}
    exec(readme[readme.index("import json") :], names)
    return lambda raw: names["predict"](names["file"], names["metadata"], raw)


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


# -- refusals ------------------------------------------------------------------------------


def with_metadata(suffix: str, **changes: object) -> bytes:
    """A file of which some of the metadata is changed; a key changed to ... is left out."""
    contents = contents_of(exchange.to_bytes(make_network(), suffix), suffix)
    metadata = {**json.loads(contents.metadata), **changes}
    kept = {key: value for key, value in metadata.items() if value is not ...}
    return containers.WRITERS[suffix](Contents(contents.arrays, json.dumps(kept)))


def with_arrays(suffix: str, change: Callable[[dict], object]) -> bytes:
    """A file of which the arrays are changed."""
    return with_arrays_of(make_network(), suffix, change)


def with_arrays_of(
    either: Network | Trainer, suffix: str, change: Callable[[dict], object]
) -> bytes:
    contents = contents_of(exchange.to_bytes(either, suffix), suffix)
    change(contents.arrays)
    return containers.WRITERS[suffix](contents)


def refusal(data: bytes, suffix: str) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        exchange.from_bytes(data, suffix)
    sentence = str(caught.value)
    assert type(caught.value) is Refusal
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "not written by this playground"),
        ({"format": ...}, "not written by this playground"),
        ({"format_version": 3}, "format version 3, written by a newer playground"),
        ({"format_version": "1"}, "does not say which version"),
        ({"format_version": 0}, "does not say which version"),
        ({"network": ...}, "does not describe the network's layers"),
        ({"activations": ["tanh", "relu", "tanh"]}, "activations in the file are not those"),
        ({"activations": ...}, "activations in the file are not those"),
        ({"network": {"layers": [{"units": "many"}]}}, "units is 'many'"),
        ({"network": {"output_activation": "sigmoud"}}, "Did you mean 'sigmoid'"),
        ({"network": {"layers": [], "output_activation": "tanh"}}, "no layer's: 'layer_1/biases'"),
        ({"preprocessing": ...}, "preprocessing must be a JSON object"),
        ({"preprocessing": {"kind": "whiten"}}, "Unknown preprocessing kind 'whiten'"),
        ({"preprocessing": {"kind": "features", "names": ["x1"]}}, "makes 1 inputs"),
        ({"preprocessing": {"kind": "standardize", "mean": [0], "scale": [math.nan]}}, "finite"),
        ({"class_names": "ab"}, "'class_names' in the file must be a list of texts"),
        ({"class_names": ["a", "b", "c"]}, "3 class_names, but should have 2"),
        ({"feature_names": [1, 2]}, "'feature_names' in the file must be a list of texts"),
        ({"feature_names": ["a", "\ud800"]}, "'feature_names' in the file must be a list of texts"),
        ({"experiment": 5}, "experiment in the file is not a JSON object"),
        ({"experiment": {"data": {"noise": 7}}}, "noise is 7"),
        ({"experiment": {"version": 99}}, "newer"),
        ({"experiment": {"data": None}}, "data is None"),
    ],
)
def test_wrong_metadata(suffix: str, changes: dict, words: str) -> None:
    assert words in refusal(with_metadata(suffix, **changes), suffix)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("network", "loss", "words"),
    [
        (NetworkConfig(), "binary_crossentropy", "4 tanh, 2 tanh, sigmoid outputs, not 3 tanh"),
        (
            NetworkConfig((Dense(3, "tanh"), Dense(4, "relu", 0.5)), output_activation="sigmoid"),
            "binary_crossentropy",
            "4 relu (dropout 0.5), sigmoid outputs, not",
        ),
        (NetworkConfig((Dense(3, "tanh"), Dense(4, "relu"))), "hinge", "linear outputs, not"),
        (NetworkConfig((Dense(1),) * 9), "hinge", "1 tanh, 5 more layers, linear outputs, not"),
    ],
)
def test_an_experiment_of_another_network(
    suffix: str, network: NetworkConfig, loss: str, words: str
) -> None:
    other = Experiment(network=network, training=TrainingConfig(loss))
    sentence = refusal(with_metadata(suffix, experiment=other.to_mapping()), suffix)
    assert "experiment in the file is about another network than the one in it" in sentence
    assert words in sentence


@EACH_SUFFIX
def test_an_experiment_that_leaves_the_output_to_its_loss(suffix: str) -> None:
    layers = make_network().config.layers
    data = with_metadata(suffix, experiment=Experiment(network=NetworkConfig(layers)).to_mapping())
    assert exchange.from_bytes(data, suffix).output_activation == "sigmoid"


@EACH_SUFFIX
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '"' + "x" * 1000])
def test_metadata_that_is_no_json_object(suffix: str, text: str) -> None:
    contents = contents_of(exchange.to_bytes(make_network(), suffix), suffix)
    data = containers.WRITERS[suffix](Contents(contents.arrays, text))
    assert "metadata" in refusal(data, suffix) or "not written by" in refusal(data, suffix)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop("layer_1/biases"), "no array 'layer_1/biases'"),
        (lambda arrays: arrays.clear(), "no array 'layer_0/weights'"),
        (lambda arrays: arrays.update(extra=np.zeros(3, np.float32)), "no layer's: 'extra'"),
        (
            lambda arrays: arrays.update({"layer_1/weights": np.zeros((3, 9), np.float32)}),
            "'layer_1/weights' has shape (3, 9); it should be (3, 4)",
        ),
        (
            lambda arrays: arrays.update({"layer_0/biases": np.zeros((3, 1), np.float32)}),
            "'layer_0/biases' has shape (3, 1); it should be (3,)",
        ),
        (lambda arrays: arrays.update({"layer_0/weights": np.float32([1])}), "no inputs"),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.float32([np.nan])}),
            "'layer_2/biases' holds values that are not finite",
        ),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.float64([1.0])}),
            "'layer_2/biases' is",
        ),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.int32([1])}),
            "weights must be float32",
        ),
    ],
)
def test_wrong_arrays(suffix: str, change: Callable, words: str) -> None:
    assert words in refusal(with_arrays(suffix, change), suffix)


@EACH_SUFFIX
def test_truncated_files(suffix: str) -> None:
    data = exchange.to_bytes(make_network(), suffix)
    for length in range(0, len(data), 7):
        refusal(data[:length], suffix)
    refusal(data[100:], suffix)


@EACH_SUFFIX
def test_foreign_files(suffix: str) -> None:
    other = SUFFIXES[1 - SUFFIXES.index(suffix)]
    for data in (b"", b"\x00" * 100, b"PK\x03\x04" + b"a" * 50, b"\x89PNG\r\n", b"{}" * 40):
        refusal(data, suffix)
    refusal(exchange.to_bytes(make_network(), other), suffix)


def test_archives_of_other_programs() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros(3))
    assert "no metadata" in refusal(buffer.getvalue(), ".npz")
    np.save(buffer := io.BytesIO(), np.zeros(3))
    refusal(buffer.getvalue(), ".npz")
    from safetensors.numpy import save

    assert "no metadata" in refusal(save({"x": np.zeros(3, np.float32)}), ".safetensors")
    assert "no metadata" in refusal(
        save({"x": np.zeros(3, np.float32)}, metadata={"format": "pt"}), ".safetensors"
    )
    half = save({"layer_0/weights": np.zeros(3, np.float16)}, metadata={"metadata": "{}"})
    assert "'F16'; weights must be float32" in refusal(half, ".safetensors")


def archive(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, block in entries.items():
            made.writestr(name, block)
    return buffer.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    """An array in NumPy's format with a header of our own making."""
    text = header.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def npy_of(array: np.ndarray) -> bytes:
    np.save(buffer := io.BytesIO(), array, allow_pickle=True)
    return buffer.getvalue()


def test_bombs_are_not_unpacked() -> None:
    bomb = archive({"layer_0/weights.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert "would unpack to 50,000,000 bytes" in refusal(bomb, ".npz")
    many = archive({f"{n}.npy": b"" for n in range(2000)})
    assert "2000 entries" in refusal(many, ".npz")
    # 4 TB in the header of an array of 4 bytes
    huge = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }\n", b"1234")
    metadata = npy_of(np.array("{}"))
    data = archive({"metadata.npy": metadata, "layer_0/weights.npy": huge})
    assert "its size is not what it says" in refusal(data, ".npz")
    lying = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})
    header = lying.encode()
    refusal(struct.pack("<Q", len(header)) + header, ".safetensors")
    refusal(struct.pack("<Q", 1 << 60) + header, ".safetensors")


def peak_of_refusal(data: bytes, suffix: str) -> tuple[str, int]:
    """The sentence that refuses a file, and the most bytes that were allocated meanwhile."""
    import safetensors  # noqa: F401  (imported before it is measured)

    tracemalloc.start()
    try:
        return refusal(data, suffix), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_metadata_is_refused_before_it_is_read() -> None:
    text = json.dumps({"format": "x", "readme": "r" * 3_000_000})
    with_network = npy_of(np.zeros((2, 3), np.float32))
    data = archive({"metadata.npy": npy_of(np.array(text)), "layer_0/weights.npy": with_network})
    sentence, peak = peak_of_refusal(data, ".npz")
    assert "metadata in the .npz archive is too large" in sentence
    assert peak < 4_000_000
    header = json.dumps({"__metadata__": {"metadata": "r" * 10_000_000}}).encode()
    data = struct.pack("<Q", len(header)) + header
    sentence, peak = peak_of_refusal(data, ".safetensors")
    assert "header of the .safetensors file is too large" in sentence
    assert peak < 1_000_000


def test_arrays_that_the_metadata_does_not_describe_are_not_read() -> None:
    """Refused by their headers, at a fraction of what reading them would take."""
    zeros = np.zeros((2, 4_000_000), np.float32)
    for suffix in SUFFIXES:
        data = with_arrays(suffix, lambda arrays: arrays.update({"layer_0/weights": zeros}))
        sentence, peak = peak_of_refusal(data, suffix)
        assert "'layer_0/weights' has shape (2, 4000000); it should be (2, 3)" in sentence
        assert peak < 2_000_000


def test_an_archive_that_hides_how_much_it_unpacks_to() -> None:
    whole = contents_of(exchange.to_bytes(make_network(), ".npz"), ".npz")
    entries = {f"{name}.npy": npy_of(array) for name, array in whole.arrays.items()}
    honest = entries["layer_0/weights.npy"]
    entries["layer_0/weights.npy"] = honest + bytes(100_000_000)
    entries["metadata.npy"] = npy_of(np.array(whole.metadata))
    real, said = (struct.pack("<I", len(honest) + more) for more in (100_000_000, 0))
    data = archive(entries, zipfile.ZIP_DEFLATED)
    assert data.count(real) == 2
    sentence, peak = peak_of_refusal(data.replace(real, said), ".npz")
    assert "not a whole .npz archive" in sentence
    assert peak < 5_000_000
    bzip2 = archive({"metadata.npy": npy_of(np.array("{}"))}, zipfile.ZIP_BZIP2)
    assert "not a whole .npz archive" in refusal(bzip2, ".npz")


def test_more_beside_the_weights_than_a_file_holds_is_not_written() -> None:
    network = make_network()
    network.feature_names = ("n" * 3_000_000, "m")
    with pytest.raises(ValueError, match="names of classes and features included; a file holds"):
        exchange.to_bytes(network, ".npz")


def test_nothing_is_unpickled() -> None:
    pickled = npy_of(np.array([{"a": 1}], dtype=object))
    refusal(archive({"metadata.npy": pickled}), ".npz")
    data = archive({"metadata.npy": npy_of(np.array("{}")), "layer_0/weights.npy": pickled})
    assert "'layer_0/weights'" in refusal(data, ".npz")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[" * 9000,
        "(" * 60_000,
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 'x'}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (0,)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (0,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (0,)}",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (0,)}",
        "__import__('os')",
    ],
)
def test_headers_that_numpy_never_wrote(header: str) -> None:
    metadata = npy_of(np.array("{}"))
    refusal(archive({"metadata.npy": metadata, "w.npy": npy(header)}), ".npz")
    refusal(archive({"metadata.npy": npy(header)}), ".npz")


def test_damaged_text() -> None:
    header = "{'descr': '<U1', 'fortran_order': False, 'shape': (), }\n"
    data = archive({"metadata.npy": npy(header, b"\xff\xff\xff\xff")})
    assert "not a readable text" in refusal(data, ".npz")
    assert "not a text" in refusal(archive({"metadata.npy": npy_of(np.zeros(2))}), ".npz")


def test_suffixes() -> None:
    network = make_network()
    for suffix in (".onnx", ".json", "", ".NPY"):
        with pytest.raises(ValueError, match=r"not built yet. Choose one of: .npz, .safetensors"):
            exchange.to_bytes(network, suffix)
        with pytest.raises(ValueError, match="not built yet"):
            exchange.from_bytes(b"", suffix)
    with pytest.raises(ValueError, match="not built yet"):
        exchange.save(network, "network.onnx")
    with pytest.raises(ValueError, match="not built yet"):
        exchange.load("network.onnx")


@EACH_SUFFIX
def test_files_too_large(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange.save(make_network(), tmp_path / f"network{suffix}")
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="The file is larger than"):
        exchange.load(tmp_path / f"network{suffix}")
    refusal(exchange.to_bytes(make_network(), suffix), suffix)


# -- garbage -------------------------------------------------------------------------------


def network_or_sentence(data: bytes, suffix: str) -> Network | str:
    try:
        return exchange.from_bytes(data, suffix)
    except ValueError as error:
        return str(error)


@given(st.binary(max_size=300), st.sampled_from(SUFFIXES))
def test_any_bytes(data: bytes, suffix: str) -> None:
    assert isinstance(network_or_sentence(data, suffix), str)


WHOLE = {suffix: exchange.to_bytes(make_network(), suffix) for suffix in SUFFIXES}


@given(
    st.sampled_from(SUFFIXES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5),
)
def test_damaged_bytes(suffix: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(WHOLE[suffix])
    for place, byte in damage:
        data[int(place * len(data))] = byte
    read = network_or_sentence(bytes(data), suffix)
    if isinstance(read, Network):  # a weight that is still a number, or text that is no matter
        assert all(np.isfinite(W).all() for W in read.weights)
        assert read.predict(np.zeros((1, 2), np.float32)).shape == (1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = (
    "network",
    "experiment",
    "run",
    "preprocessing",
    "class_names",
    "feature_names",
    "format_version",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1), st.sampled_from(SUFFIXES))
def test_any_metadata(changes: dict, suffix: str) -> None:
    assert network_or_sentence(with_metadata(suffix, **changes), suffix)


WHATS = (
    *("weight", "bias", "dropout", "learning_rate", "regularizer", "beta_1", "clip_norm"),
    *("schedule", "warmup_steps", "max_norm"),
)
EDITS = st.lists(st.tuples(st.integers(0, 9) | JSON, st.sampled_from(WHATS), JSON), max_size=4)


@given(EDITS.map(list))
def test_any_edits(edits: list) -> None:
    assert network_or_sentence(with_metadata(".npz", run=run_with(edits=edits)), ".npz")


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(list(ACTIVATIONS)), max_size=4))
def test_any_network_survives(seed: int, activations: list[str]) -> None:
    network = make_network(tuple(activations), seed=seed)
    network = Network.from_arrays(
        dataclasses.replace(network.config, initializer="he_normal"),
        network.weights,
        network.biases,
    )
    for suffix in SUFFIXES:
        assert_same(network, exchange.from_bytes(exchange.to_bytes(network, suffix), suffix))
