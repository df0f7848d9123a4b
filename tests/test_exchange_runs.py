"""The run in a file: replayed to the bit, or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core import exchange
from core.data import Dataset, load_dataset
from core.exchange import runs
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.network import Network
from core.trainer import Trainer
from tests.exchanged import (
    EACH_SUFFIX,
    assert_same,
    contents_of,
    make_network,
    refusal,
    run_with,
    with_metadata,
)


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
