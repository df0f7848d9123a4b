"""A run is its experiment and its edits: slicing, time travel, branches, divergence."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import (
    DataConfig,
    Dataset,
    Dense,
    Experiment,
    Network,
    NetworkConfig,
    Trainer,
    TrainingConfig,
    exchange,
)
from core.engine.cpu import scratch_bytes
from core.history import Checkpoints
from core.maths.optimizers import OPTIMIZERS
from tests.backends import BACKEND, few_threads, on_every_backend


def small(**training) -> Experiment:
    fields = {"loss": "binary_crossentropy", "optimizer": "adam", "batch_size": 10} | training
    return Experiment(
        data=DataConfig("xor", n_samples=60, noise=0.1),
        network=NetworkConfig(layers=(Dense(4, "tanh", dropout=0.2), Dense(3, "relu"))),
        training=TrainingConfig(**fields),
        seed=3,
    )


def a_trainer(experiment: Experiment) -> Trainer:
    """On the backend under test."""
    few_threads()
    return Trainer(experiment, backend=BACKEND)


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes() + trainer.engine.slots.tobytes()


def same_history(a: Trainer, b: Trainer) -> bool:
    return np.array_equal(a.history.steps.filled, b.history.steps.filled) and np.array_equal(
        a.history.evaluation_table.filled, b.history.evaluation_table.filled
    )


@on_every_backend
def test_counts_follow_the_epochs():
    trainer = a_trainer(small(batch_size=7))  # 30 training rows: 4 full batches and one of 2
    assert (trainer.step_count, trainer.epoch_count, trainer.steps_to_epoch_end) == (0, 0, 5)
    assert trainer.step(3) == 3
    assert (trainer.step_count, trainer.epoch_count, trainer.steps_to_epoch_end) == (3, 0, 2)
    assert trainer.epoch_fraction == pytest.approx(21 / 30)
    assert trainer.epoch() == 2  # ends the one that is under way
    assert (trainer.step_count, trainer.epoch_count) == (5, 1)
    assert trainer.epoch(3) == 15
    assert trainer.epoch_count == 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.sampled_from([1, 7, 10, 64]))
def test_slices_do_not_matter(slices, batch_size):
    whole, sliced = Trainer(small(batch_size=batch_size)), Trainer(small(batch_size=batch_size))
    whole.step(sum(slices))
    for n in slices:
        sliced.step(n)
    assert bits(whole) == bits(sliced)
    assert same_history(whole, sliced)


@on_every_backend
def test_run_for_gives_the_same_bits_as_step():
    timed, counted = a_trainer(small()), a_trainer(small())
    n = sum(timed.run_for(0.003) for _ in range(5))
    assert n >= 5
    counted.step(n)
    assert bits(timed) == bits(counted)
    assert timed.run_for(10.0, max_steps=7) == 7


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_time_travel_is_exact(journey):
    traveller = Trainer(small())
    traveller.step(100)
    traveller.change(learning_rate=0.05, dropout={0: 0.5})
    traveller.step(50)
    traveller.set_weight(0, 1, 2, -1.25)
    traveller.set_bias(2, 0, 0.5)
    traveller.step(50)
    for step in journey:
        traveller.goto(step)
        assert traveller.step_count == step
    fresh = Trainer(small())
    for stop, edit in (
        (100, lambda: fresh.change(learning_rate=0.05, dropout={0: 0.5})),
        (150, lambda: (fresh.set_weight(0, 1, 2, -1.25), fresh.set_bias(2, 0, 0.5))),
    ):
        if journey[-1] >= stop:
            fresh.step(stop - fresh.step_count)
            edit()
    fresh.step(journey[-1] - fresh.step_count)
    assert bits(traveller) == bits(fresh)
    assert traveller.training == fresh.training


def test_travel_over_many_thinned_checkpoints():
    trainer = Trainer(small())
    trainer.step(3_000)
    expected = bits(trainer)
    trainer.step(37_777)
    trainer.goto(3_000)
    assert bits(trainer) == expected
    assert len(trainer.history.steps.filled) <= len(trainer.history.steps.rows)


def test_a_very_large_network_keeps_one_checkpoint_beside_the_start(monkeypatch):
    monkeypatch.setattr(Checkpoints, "BUDGET_BYTES", 100)
    trainer = Trainer(small())
    one = trainer.params.nbytes * 3  # Adam: parameters and two slots
    trainer.step(3000)
    expected = bits(trainer)
    trainer.step(1000)
    assert trainer._checkpoints.n_bytes == one
    start = trainer._checkpoints.latest(0)
    assert start.params is trainer._initial
    assert start.slots.base.nbytes < one / 10
    trainer.goto(3000)
    assert bits(trainer) == expected
    trainer.goto(0)
    assert bits(trainer) == bits(Trainer(small()))


@on_every_backend
def test_edits_ahead_are_replayed_or_dropped():
    trainer = a_trainer(small())
    trainer.step(20)
    trainer.change(learning_rate=0.5)
    trainer.step(10)
    end = bits(trainer)
    trainer.goto(5)
    assert trainer.training.learning_rate == small().training.learning_rate
    trainer.step(25)
    assert bits(trainer) == end
    trainer.goto(5)
    trainer.change(learning_rate=0.001)
    assert [(e.step, e.value) for e in trainer.edits] == [(5, 0.001)]
    trainer.step(25)
    assert bits(trainer) != end


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), max_size=5), st.integers(0, 40))
def test_an_epoch_begins_where_the_run_saw_it_begin(edits, back):
    trainer, begun = Trainer(small()), {0: 0}

    def on() -> None:
        trainer.step()
        begun.setdefault(trainer.epoch_count, trainer.step_count)

    for steps, batch_size in (*edits, (40, 10)):
        for _ in range(steps):
            on()
        trainer.change(batch_size=batch_size)
    assert {epoch: trainer.start_of_epoch(epoch) for epoch in begun} == begun
    trainer.goto(min(back, trainer.step_count))  # edits that lie ahead count as well
    assert {epoch: trainer.start_of_epoch(epoch) for epoch in begun} == begun


def test_the_settings_of_any_step_are_known_without_going_there():
    trainer = Trainer(small())
    rates = {}
    for rate in (0.1, 0.2, 0.3):
        trainer.change(learning_rate=rate)
        rates[trainer.step_count] = rate
        trainer.step(5)
    trainer.goto(7)
    for step, rate in rates.items():
        assert trainer.settings_at(step).training.learning_rate == rate
        assert trainer.settings_at(step + 4).training.learning_rate == rate


def test_edits_are_recorded_as_step_what_value():
    trainer = Trainer(small())
    trainer.change(learning_rate=0.1, beta_1=0.8)
    trainer.step(4)
    trainer.change(dropout=(0.0, 0.3))
    trainer.set_weight(0, 0, 0, 2)
    trainer.set_bias(1, 2, -1)
    assert [(e.step, e.what, e.value) for e in trainer.edits] == [
        (0, "learning_rate", 0.1),
        (0, "beta_1", 0.8),
        (4, "dropout", (0.0, 0.3)),
        (4, "weight", (0, 0, 0, 2.0)),
        (4, "bias", (1, 2, -1.0)),
    ]
    assert trainer.network.weights[0][0, 0] == 2
    assert trainer.network.biases[1][2] == -1
    assert trainer.training.optimizer_options["beta_1"] == 0.8
    assert trainer.network.config.layers[1].dropout == 0.3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": -1}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"dropout": {0: 1.5}}, "dropout"),
        ({"dropout": {9: 0.5}}, "dropout"),
        ({"loss": "hinge"}, "loss"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"momentum": 0.9}, "momentum"),
        ({"beta_1": 2.0}, "beta_1"),
        ({"dropout": 0.2}, "dropout"),
        ({"dropout": None}, "dropout"),
        ({"dropout": [0.1]}, "dropout"),
        ({"dropout": {5: 0.1, "a": 1}}, "dropout"),
    ],
)
def test_a_change_that_is_not_valid_names_its_field_and_changes_nothing(change, named):
    trainer = Trainer(small())
    trainer.step(3)
    before = trainer.training, trainer.dropout, list(trainer.edits)
    with pytest.raises(ValueError, match=named):
        trainer.change(regularization_rate=0.1, **change)
    assert (trainer.training, trainer.dropout, list(trainer.edits)) == before


@pytest.mark.parametrize("place", [(9, 0, 0, 1.0), (0, 9, 0, 1.0), (0, 0, 9, 1.0), (-1, 0, 0, 1.0)])
def test_a_weight_that_is_not_there_is_refused(place):
    with pytest.raises(ValueError, match=r"must be from|layers"):
        Trainer(small()).set_weight(*place)


@pytest.mark.parametrize(
    "call",
    [
        lambda trainer: trainer.goto(2.5),
        lambda trainer: trainer.step(1.5),
        lambda trainer: trainer.epoch("2"),
        lambda trainer: trainer.set_weight(0, 0.5, 0, 1.0),
        lambda trainer: trainer.set_weight(0, 0, 0, "1"),
    ],
)
def test_what_must_be_a_number_is_refused_and_nothing_is_recorded(call):
    trainer = Trainer(small())
    with pytest.raises(ValueError, match="must be"):
        call(trainer)
    assert trainer.edits == []
    assert trainer.step(2) == 2


def test_an_estimate_is_bounded_and_the_exact_thing_is_not(monkeypatch):
    trainer = Trainer(small())
    trainer.step(5)
    values, outputs, rows = trainer.estimate("test")
    assert values == trainer.evaluate("test")
    assert len(outputs) == len(rows) == 30
    monkeypatch.setattr("core.costs.EVALUATION_WORK", 10)
    monkeypatch.setattr("core.costs.FEWEST_ROWS", 7)
    _, outputs, rows = trainer.estimate("test")
    assert len(set(rows.tolist())) == len(outputs) == 7
    assert np.array_equal(outputs, trainer.network.predict(trainer.dataset.X_test[rows]))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39])
def test_a_weight_must_be_finite(value):
    with pytest.raises(ValueError, match="finite"):
        Trainer(small()).set_bias(0, 0, value)


@on_every_backend
def test_outputs_of_now_are_the_networks():
    trainer = a_trainer(small())
    trainer.step(5)
    X = trainer.dataset.X_test
    assert np.array_equal(trainer.predict(X), trainer.network.predict(X))
    layers = zip(trainer.layer_outputs(X), trainer.network.layer_outputs(X), strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in layers)


@on_every_backend
def test_live_batch_size_keeps_the_place_in_the_epoch():
    trainer = a_trainer(small(batch_size=10))
    trainer.step(1)
    trainer.change(batch_size=4)
    assert trainer.steps_to_epoch_end == 5
    trainer.epoch()
    assert (trainer.step_count, trainer.epoch_count) == (6, 1)


def test_matrices_move_the_same_however_a_run_is_taken(tmp_path):
    """Muon: sliced, taken back, branched off and replayed from a file, with edits on the way."""
    whole, sliced = Trainer(small(optimizer="muon")), Trainer(small(optimizer="muon"))
    for trainer, pieces in ((whole, (40, 60)), (sliced, (1, 39, 7, 53))):
        done = 0
        for n in pieces:
            if done == 40:
                trainer.change(ns_steps=7, momentum=0.8)
            done += trainer.step(n)
    assert bits(sliced) == bits(whole)
    sliced.goto(57)
    branch = sliced.branch()
    sliced.goto(17)
    sliced.goto(100)
    branch.goto(100)
    exchange.save(whole, tmp_path / "muon.npz")
    replayed = Trainer.replay(exchange.load(tmp_path / "muon.npz").run)
    assert bits(whole) == bits(sliced) == bits(branch) == bits(replayed)


@on_every_backend
def test_a_branch_goes_its_own_way():
    trunk = a_trainer(small())
    trunk.step(40)
    branch = trunk.branch()
    assert bits(branch) == bits(trunk)
    branch.change(learning_rate=0.3)
    branch.step(10)
    trunk.step(10)
    assert bits(branch) != bits(trunk)
    assert trunk.edits == []
    straight = a_trainer(small())
    straight.step(50)
    assert bits(trunk) == bits(straight)
    branch.goto(40)
    straight.goto(40)
    assert bits(branch) == bits(straight)


def exploding(learning_rate: float = 10.0) -> Experiment:
    return Experiment(
        data=DataConfig("plane", n_samples=100),
        network=NetworkConfig(layers=(Dense(8, "relu"), Dense(8, "relu"))),
        training=TrainingConfig("mean_squared_error", "sgd", learning_rate=learning_rate),
    )


@on_every_backend
def test_a_diverged_run_stops_at_the_last_finite_step():
    trainer = a_trainer(exploding())
    ran = trainer.step(1000)
    assert trainer.diverged is not None
    assert trainer.step_count == trainer.diverged.step - 1 == ran < 1000
    assert 0 <= trainer.diverged.layer <= 2
    assert trainer.diverged.what
    assert np.isfinite(trainer.params).all()
    assert trainer.step() == 0
    # The same step again ends in the same way: the run was taken back, not bent.
    step = trainer.diverged.step
    trainer.goto(trainer.step_count)
    assert trainer.step(5) == 0
    assert trainer.diverged is not None
    assert trainer.diverged.step == step


def test_the_way_back_from_a_failure_is_gone_in_slices(monkeypatch):
    """The nearest checkpoint may lie far back: whoever drives the run is not held up by that."""
    monkeypatch.setattr(Checkpoints, "MOST", 2)
    at_once, sliced = (Trainer(exploding(learning_rate=1e-3)) for _ in range(2))
    for trainer in (at_once, sliced):
        trainer.step(300)
        trainer.change(learning_rate=10.0)
    at_once.step(100)
    ran = []
    while sliced.diverged is None:
        ran.append(sliced.run_for(0.0, max_steps=5))
        assert len(ran) < 1000
    assert max(ran) <= 5
    assert min(ran) <= 256 - 300  # back to the checkpoint at step 256
    assert not sliced.is_returning
    assert sliced.diverged == at_once.diverged
    assert bits(sliced) == bits(at_once)
    assert same_history(sliced, at_once)
    # A failure that is known is met again without another try, a change makes it unknown.
    sliced.goto(sliced.diverged.resume)
    sliced.step(100)
    assert sliced.diverged == at_once.diverged
    sliced.goto(290)
    sliced.change(learning_rate=1e-3)
    assert sliced.step(100) == 100
    assert sliced.diverged is None


def test_a_diverged_run_goes_on_with_a_smaller_rate():
    trainer = a_trainer(exploding())
    trainer.step(1000)
    assert 0 <= trainer.diverged.resume < trainer.diverged.step
    rate = 10.0
    for _ in range(5):
        if trainer.diverged is None:
            break
        rate /= 10
        trainer.goto(trainer.diverged.resume)
        trainer.change(learning_rate=rate)
        trainer.step(200)
    assert trainer.diverged is None
    assert np.isfinite(trainer.evaluate("train")["loss"])
    assert trainer.training.learning_rate == rate


@on_every_backend
def test_history_has_a_row_a_step_and_evaluations_at_fixed_steps():
    trainer = a_trainer(small())
    trainer.step(10)
    history = trainer.history
    assert history["step"].tolist() == list(range(1, 11))
    assert history["batch_loss"].shape == (10,)
    assert np.allclose(history["learning_rate"], trainer.training.learning_rate)
    for column in ("gradient_norm", "weight_norm", "update_ratio"):
        assert history[column].shape == (10, 3)
        assert (history[column] > 0).all()
    assert history.evaluations["step"].tolist() == [0, 3, 6, 9]
    assert history.evaluations["epoch"].tolist() == [0, 1, 2, 3]
    assert history["test_loss"][-1] == history.evaluations["test_loss"][-1]
    assert history["accuracy"].tolist() == history.evaluations["metric"].tolist()
    with pytest.raises(ValueError, match="Unknown history column"):
        history["losss"]


@on_every_backend
def test_history_agrees_with_evaluate():
    trainer = a_trainer(small())
    trainer.epoch(2)
    assert trainer.history.evaluations["step"][-1] == trainer.step_count
    assert trainer.history["train_loss"][-1] == trainer.evaluate("train")["loss"]
    assert trainer.history["accuracy"][-1] == trainer.evaluate("test")["accuracy"]


def test_own_network_is_copied_and_its_config_used():
    config = NetworkConfig(layers=(Dense(2, "relu"),))
    weights = [np.ones((2, 2), np.float32), np.ones((2, 1), np.float32)]
    biases = [np.zeros(2, np.float32), np.zeros(1, np.float32)]
    trainer = Trainer(small(), network=Network.from_arrays(config, weights, biases))
    assert trainer.experiment.network.layers == config.layers
    trainer.step(5)
    assert (weights[0] == 1).all()
    wide = Dataset.from_arrays(np.zeros((4, 3)), [0, 1, 0, 1])
    network = Network.from_arrays(config, weights, biases)
    with pytest.raises(ValueError, match="sizes"):
        Trainer(small(), dataset=wide, network=network)


def test_own_arrays_instead_of_a_named_dataset():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    dataset = Dataset.from_arrays(X[:60], y[:60], X[60:], y[60:], task="classification")
    trainer = Trainer(small(), dataset=dataset)
    trainer.epoch(60)
    assert trainer.evaluate("train")["accuracy"] > 0.9
    assert trainer.network.predict(X).shape == (80, 1)


def test_loss_must_fit_the_data():
    with pytest.raises(ValueError, match="binary_crossentropy"):
        Trainer(replace(small(), data=DataConfig("plane")))
    with pytest.raises(ValueError, match="not built yet"):
        Trainer(small(), backend="tpu")


def test_evaluate_by_hand():
    dataset = Dataset.from_arrays([[0.0], [1.0]], [[0.0], [2.0]], [[2.0]], [[1.0]], "regression")
    config = NetworkConfig(layers=())
    network = Network.from_arrays(
        config, [np.array([[1.0]], np.float32)], [np.array([0.5], np.float32)]
    )
    training = TrainingConfig(
        "mean_squared_error", "sgd", regularizer="l1_l2", regularization_rate=0.1
    )
    trainer = Trainer(Experiment(training=training), dataset=dataset, network=network)
    result = trainer.evaluate("train")
    # Predictions 0.5 and 1.5 against 0 and 2: squared errors 0.25 and 0.25.
    assert result["loss"] == pytest.approx(0.25)
    assert result["mean_absolute_error"] == pytest.approx(0.5)
    assert result["r2"] == pytest.approx(1 - 0.5 / 2)
    assert result["penalty"] == pytest.approx(0.1 * 1 + 0.1 * 1)
    assert trainer.evaluate("test")["loss"] == pytest.approx(1.5**2)


def test_no_test_set_is_no_error():
    dataset = Dataset.from_arrays([[0.0], [1.0]], [0, 1])
    trainer = Trainer(small(), dataset=dataset)
    trainer.step(2)
    assert np.isnan(trainer.evaluate("test")["loss"])


@pytest.mark.parametrize(
    ("name", "layers", "epochs"),
    [("circle", (4, 2), 120), ("xor", (4, 2), 200), ("spiral", (8, 8), 800)],
)
def test_the_plane_is_learnt(name, layers, epochs):
    experiment = Experiment(
        data=DataConfig(name, n_samples=500),
        network=NetworkConfig(layers=tuple(Dense(units, "tanh") for units in layers)),
        training=TrainingConfig("binary_crossentropy", "adam", learning_rate=0.01),
    )
    trainer = Trainer(experiment)
    trainer.epoch(epochs)
    assert trainer.evaluate("train")["accuracy"] > 0.98
    assert trainer.evaluate("test")["accuracy"] > 0.94


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_comes_back_to_the_same_bits(name):
    """Nadam too, whose product of momenta follows from the step alone."""
    options = {flag: True for flag in ("centered", "amsgrad") if flag in OPTIMIZERS[name].options}
    training = TrainingConfig(optimizer=name, optimizer_options=options)
    trainer = Trainer(Experiment(training=training))
    trainer.step(70)
    there = trainer.params.copy()
    trainer.step(30)
    trainer.goto(35)
    for n in (1, 2, 32):
        trainer.step(n)
    assert np.array_equal(trainer.params, there)


def test_what_is_used_up_at_the_start_cannot_change_later():
    trainer = Trainer(Experiment())
    with pytest.raises(ValueError, match="'amsgrad' cannot change while a run goes on"):
        trainer.change(amsgrad=True)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_memory_is_bounded(optimizer: str) -> None:
    """Weights three times (now, at the start, their gradient), slots, the buffers of a batch, and
    what recording may take: checkpoints, and the weights before a step."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 300)).astype(np.float32), rng.integers(0, 10, 600)
    dataset = Dataset.from_arrays(X, y, X[:100], y[:100])
    experiment = Experiment(
        network=NetworkConfig((Dense(600, "relu"), Dense(600, "relu"))),
        training=TrainingConfig("categorical_crossentropy", optimizer, 0.001, 200),
    )
    Trainer(experiment, dataset=dataset).step(2)  # imports and compiles
    tracemalloc.start()
    try:
        trainer = Trainer(experiment, dataset=dataset)
        trainer.step(3)  # so few that no checkpoint has been dropped
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    weights = 4 * trainer.layout.n_parameters
    batch = sum(
        array.nbytes
        for name, array in trainer.engine.buffers._asdict().items()
        if name not in ("G", "before", "H")  # H is A without dropout
    )
    batch += scratch_bytes(trainer.layout, len(X))  # of evaluations, while they last
    assert trainer._checkpoints.n_bytes <= Checkpoints.BUDGET_BYTES
    recorder = trainer._checkpoints.n_bytes + weights
    little = 2**20  # tables of history, targets, the order of an epoch
    slots = len(OPTIMIZERS[optimizer].slots)
    assert peak < weights * (3 + slots) + batch + recorder + little
