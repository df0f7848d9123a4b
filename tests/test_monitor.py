"""Early stopping and the rate that plateaus lower: against plain loops, and under time travel."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import (
    DataConfig,
    Dataset,
    Dense,
    Experiment,
    NetworkConfig,
    Trainer,
    TrainingConfig,
    exchange,
)
from core.experiment import read_experiment
from core.history import Checkpoints
from core.monitor import Measured, Monitor

PLATEAU = {"factor": 0.5, "patience": 2, "min_delta": 1e-3, "cooldown": 1}


def noisy(**training) -> Experiment:
    """Thirty noisy points and a network that soon learns them by heart: the test loss rises."""
    fields = {"optimizer": "adam", "learning_rate": 0.03, "batch_size": 8} | training
    return Experiment(
        DataConfig("circle", n_samples=60, noise=0.3),
        NetworkConfig((Dense(12, "tanh", dropout=0.1), Dense(8, "relu"))),
        TrainingConfig(**fields),
        seed=2,
    )


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes() + trainer.engine.slots.tobytes()


# ---- the rules, against Keras's as a plain loop ----------------------------------------------


@dataclass
class KerasStopping:
    """keras.callbacks.EarlyStopping.on_epoch_end, line by line, monitor="val_loss"."""

    patience: int
    min_delta: float
    start_from_epoch: int
    wait: int = 0
    best: float = math.inf
    best_epoch: int | None = None
    stopped: bool = False

    def epoch_ends(self, epoch: int, current: float) -> None:
        if epoch < self.start_from_epoch:
            return
        if self.best_epoch is None:
            self.best_epoch = epoch
        self.wait += 1
        if current - -self.min_delta < self.best:
            self.best, self.best_epoch, self.wait = current, epoch, 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped = True


@dataclass
class KerasPlateau:
    """keras.callbacks.ReduceLROnPlateau.on_epoch_end, line by line."""

    rate: float
    factor: float
    patience: int
    min_delta: float
    cooldown: int
    min_lr: float
    best: float = math.inf
    wait: int = 0
    cooldown_counter: int = 0
    rates: list[float] = field(default_factory=list)

    def epoch_ends(self, current: float) -> None:
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if current < self.best - self.min_delta:
            self.best, self.wait = current, 0
        elif not self.cooldown_counter > 0:
            self.wait += 1
            if self.wait >= self.patience and self.rate > self.min_lr:
                self.rate = max(self.rate * self.factor, self.min_lr)
                self.cooldown_counter, self.wait = self.cooldown, 0
        self.rates.append(self.rate)


LOSSES = st.lists(st.integers(0, 20).map(lambda n: n / 8), min_size=1, max_size=60)


@given(LOSSES, st.integers(1, 5), st.sampled_from([0.0, 0.125, 0.5]), st.integers(0, 6))
def test_early_stopping_is_kerass(losses, patience, min_delta, start) -> None:
    training = TrainingConfig(
        early_stopping=patience, early_stopping_min_delta=min_delta, start_from_epoch=start
    )
    theirs, ours = KerasStopping(patience, min_delta, start), Monitor()
    for epoch, loss in enumerate(losses):
        params = np.full(3, epoch, np.float32)
        ours = ours.after(training, Measured(5 * epoch + 5, epoch + 1, loss, "test", params))
        theirs.epoch_ends(epoch, loss)
        assert (ours.stopped is not None) == theirs.stopped
        if theirs.stopped:
            stop = ours.stopped
            assert (stop.best_loss, stop.best_epoch - 1) == (theirs.best, theirs.best_epoch)
            assert ours.best.params.tolist() == [theirs.best_epoch] * 3
            break


@given(
    LOSSES,
    st.integers(1, 4),
    st.sampled_from([0.0, 0.125]),
    st.integers(0, 4),
    st.sampled_from([0.0, 0.3]),
)
def test_the_plateau_is_kerass(losses, patience, min_delta, cooldown, min_lr) -> None:
    options = {"factor": 0.5, "patience": patience, "min_delta": min_delta, "min_lr": min_lr}
    training = TrainingConfig(
        learning_rate=2.0,
        schedule="reduce_on_plateau",
        schedule_options={**options, "cooldown": cooldown},
    )
    theirs = KerasPlateau(2.0, 0.5, patience, min_delta, cooldown, min_lr)
    ours = Monitor()
    for epoch, loss in enumerate(losses):
        ours = ours.after(training, Measured(epoch + 1, epoch + 1, loss, "test", np.zeros(1)))
        theirs.epoch_ends(loss)
        assert max(2.0 * ours.plateau.reached, min_lr) == theirs.rate


# ---- runs ------------------------------------------------------------------------------------


def by_hand(patience: int, min_delta: float = 0.0, start: int = 0):
    """What early stopping should do, epoch by epoch, on a run that has none."""
    plain = Trainer(noisy())
    rule = KerasStopping(patience, min_delta, start)
    best = None
    for epoch in range(1000):
        plain.epoch()
        rule.epoch_ends(epoch, plain.evaluate("test")["loss"])
        if rule.best_epoch == epoch:
            best = plain.step_count, plain.params.copy()
        if rule.stopped:
            return plain, rule, best
    raise AssertionError("it never stopped")


@pytest.mark.parametrize(
    ("patience", "min_delta", "start"), [(1, 0.0, 0), (5, 0.0, 0), (4, 0.01, 0), (3, 0.0, 30)]
)
def test_it_stops_where_a_plain_loop_stops_with_the_best_weights(patience, min_delta, start):
    plain, rule, (best_step, best) = by_hand(patience, min_delta, start)
    trainer = Trainer(
        noisy(
            early_stopping=patience,
            early_stopping_min_delta=min_delta,
            start_from_epoch=start,
        )
    )
    assert trainer.step(100_000) == plain.step_count == trainer.step_count
    stop = trainer.stopped
    assert (stop.step, stop.epoch) == (plain.step_count, plain.epoch_count)
    assert (stop.best_step, stop.best_epoch) == (best_step, rule.best_epoch + 1)
    assert stop.best_loss == rule.best
    assert stop.restored
    assert stop.part == "test"
    assert np.array_equal(trainer.params, best)
    assert trainer.evaluate("test")["loss"] == pytest.approx(rule.best, abs=0)
    assert np.array_equal(trainer.engine.slots, plain.engine.slots)
    assert (trainer.step(), trainer.epoch(), trainer.run_for(0.1)) == (0, 0, 0)
    assert trainer.diverged is None
    # The record shows what was met, not what was brought back.
    assert np.array_equal(trainer.history.steps.filled, plain.history.steps.filled)


def test_without_restoring_the_last_weights_stay():
    plain, _, _ = by_hand(5)
    trainer = Trainer(noisy(early_stopping=5, restore_best_weights=False))
    trainer.epoch(1000)
    assert not trainer.stopped.restored
    assert bits(trainer) == bits(plain)


@pytest.mark.parametrize("number", range(3))
def test_a_change_lets_it_go_on(number):
    change = ({"early_stopping": None}, {"learning_rate": 0.001}, {"early_stopping": 3})[number]
    trainer = Trainer(noisy(early_stopping=5))
    trainer.epoch(1000)
    before = trainer.stopped
    trainer.change(**change)
    assert trainer.stopped is None
    ran = trainer.step(1000)
    if number == 0:
        assert ran == 1000
    else:  # as patient as at first; what was best is still to be beaten
        after, patience = trainer.stopped, trainer.training.early_stopping
        assert after.epoch >= before.epoch + patience
        assert after.best_loss <= before.best_loss


def test_a_weight_set_by_hand_lets_it_go_on_too():
    trainer = Trainer(noisy(early_stopping=5))
    trainer.epoch(1000)
    trainer.set_weight(0, 0, 0, 0.5)
    assert trainer.stopped is None
    assert trainer.step(3) == 3


def test_without_a_test_part_the_training_loss_is_looked_at():
    X = np.random.default_rng(0).normal(size=(20, 2))
    dataset = Dataset.from_arrays(X, X[:, 0] > 0)
    trainer = Trainer(noisy(early_stopping=2, learning_rate=0.5), dataset=dataset)
    trainer.epoch(2000)
    assert trainer.stopped.part == "train"
    assert trainer.evaluate("train")["loss"] == trainer.stopped.best_loss


def a_life(trainer: Trainer) -> None:
    """Stop, go on, have the rate lowered, stop again, go on to the end."""
    trainer.step(10_000)
    assert trainer.stopped is not None
    trainer.change(schedule="reduce_on_plateau", **PLATEAU, learning_rate=0.01)
    trainer.step(10_000)
    assert trainer.stopped is not None
    trainer.change(early_stopping=None, dropout={0: 0.3})
    trainer.step(150)


@pytest.fixture(scope="module")
def lived() -> Trainer:
    trainer = Trainer(noisy(early_stopping=4))
    a_life(trainer)
    assert [edit.what for edit in trainer.edits].count("early_stopping") == 1
    assert trainer._monitor.plateau.reached < 1
    return trainer


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=4), st.integers(1, 60))
def test_slices_and_journeys_do_not_matter(lived, journey, size) -> None:
    """Whoever comes to a step finds the same run, whichever way it came."""
    end, expected = lived.step_count, bits(lived)
    traveller = lived.branch()
    for step in journey:
        traveller.goto(min(step, end))
        straight = Trainer.replay(traveller.run)
        assert bits(straight) == bits(traveller)
        assert straight.stopped == traveller.stopped
        assert straight.learning_rate == traveller.learning_rate
        # In slices, also over the stops: the edits that lie ahead let the run go on.
    while traveller.step_count < end:
        assert traveller.run_for(0, max_steps=size) > 0
    assert bits(traveller) == expected
    assert traveller._monitor.plateau == lived._monitor.plateau


def test_a_stopped_run_is_saved_replayed_and_branched_from(tmp_path):
    trainer = Trainer(noisy(early_stopping=4))
    trainer.epoch(1000)
    for suffix in (".npz", ".safetensors"):
        exchange.save(trainer, tmp_path / f"run{suffix}")
        again = Trainer.replay(exchange.load(tmp_path / f"run{suffix}").run)
        assert bits(again) == bits(trainer)
        assert again.stopped == trainer.stopped
    branch = trainer.branch()
    assert branch.stopped == trainer.stopped
    branch.change(early_stopping=None)
    assert branch.step(5) == 5
    assert trainer.step(5) == 0
    there, stop = bits(trainer), trainer.stopped
    trainer.goto(stop.best_step)
    assert trainer.stopped is None
    assert np.array_equal(trainer.params, trainer.branch().params)
    assert trainer.step(10**6) == stop.step - stop.best_step
    assert (bits(trainer), trainer.stopped) == (there, stop)


def test_a_checkpoint_at_any_step_holds_what_was_remembered(monkeypatch):
    monkeypatch.setattr("core.trainer.state.checkpoint_stride", lambda *_: 1)
    trainer = Trainer(
        noisy(early_stopping=6, schedule="reduce_on_plateau", schedule_options=PLATEAU)
    )
    trainer.epoch(1000)
    there, stop = bits(trainer), trainer.stopped
    for back in (1, 2, 7, 30):
        trainer.goto(stop.step - back)
        trainer.step(back)
        assert (bits(trainer), trainer.stopped) == (there, stop)


def test_checkpoints_leave_room_for_the_best_weights(monkeypatch):
    plain, watched = Trainer(noisy()), Trainer(noisy(early_stopping=5))
    monkeypatch.setattr(Checkpoints, "BUDGET_BYTES", 12 * plain.params.nbytes)
    plain, watched = Trainer(noisy()), Trainer(noisy(early_stopping=5))
    assert (plain._checkpoints.capacity, watched._checkpoints.capacity) == (5, 4)
    plain.step(5)
    plain.change(early_stopping=5)
    assert plain._checkpoints.capacity == 4
    watched.step(1000)
    assert watched._checkpoints.n_bytes <= 12 * watched.params.nbytes


# ---- the plateau in a run --------------------------------------------------------------------


@pytest.mark.parametrize("warm_up", [0, 30])
def test_history_tells_the_rate_that_plateaus_left(warm_up):
    options = {**PLATEAU, "min_lr": 0.001, "warmup_steps": warm_up}
    trainer = Trainer(noisy(schedule="reduce_on_plateau", schedule_options=options))
    theirs = KerasPlateau(0.03, 0.5, 2, 1e-3, 1, 0.001)
    expected = []
    for _ in range(60):
        before = theirs.rate
        steps = trainer.epoch()
        done = trainer.step_count
        expected += [
            before * min(1.0, step / warm_up if warm_up else 1.0)
            for step in range(done - steps, done)
        ]
        if done > warm_up:
            theirs.epoch_ends(trainer.evaluate("test")["loss"])
        assert trainer.learning_rate == pytest.approx(
            theirs.rate * min(1.0, done / warm_up if warm_up else 1.0)
        )
    assert theirs.rate == 0.001
    np.testing.assert_allclose(trainer.history["learning_rate"], expected, rtol=1e-12)


def test_what_is_set_survives_json_and_old_files_still_load():
    experiment = noisy(
        early_stopping=7,
        early_stopping_min_delta=0.01,
        restore_best_weights=False,
        start_from_epoch=3,
        schedule="reduce_on_plateau",
        schedule_options=PLATEAU,
    )
    assert Experiment.from_json(experiment.to_json()) == experiment
    old = experiment.to_mapping()
    for name in ("early_stopping", "restore_best_weights", "class_weight", "start_from_epoch"):
        del old["training"][name]
    read, problems = read_experiment(old)
    assert problems == []
    assert read.training.early_stopping is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"early_stopping": 0}, "early_stopping"),
        ({"early_stopping": 2.5}, "early_stopping"),
        ({"early_stopping_min_delta": -1}, "early_stopping_min_delta"),
        ({"restore_best_weights": 1}, "restore_best_weights"),
        ({"start_from_epoch": -1}, "start_from_epoch"),
    ],
)
def test_what_is_not_valid_is_named(change, named):
    with pytest.raises(ValueError, match=named):
        TrainingConfig(**change)
    trainer = Trainer(noisy())
    with pytest.raises(ValueError, match=named):
        trainer.change(**change)
    assert trainer.edits == []


def test_a_loss_that_is_no_number_is_never_an_improvement():
    training = TrainingConfig(
        early_stopping=1, schedule="reduce_on_plateau", schedule_options={"patience": 1}
    )
    monitor = Monitor()
    for epoch, (loss, stops) in enumerate([(math.nan, False), (1.0, False), (math.nan, True)], 1):
        params = np.full(2, epoch, np.float32)
        monitor = monitor.after(training, Measured(epoch, epoch, loss, "test", params))
        assert (monitor.stopped is not None) == stops
    assert (monitor.stopped.best_epoch, monitor.stopped.best_loss) == (2, 1.0)
    assert monitor.plateau.reached == pytest.approx(0.01)


@pytest.mark.parametrize("restore", [True, False])
def test_whether_weights_are_restored_may_change_in_mid_run(restore: bool) -> None:
    trainer = Trainer(noisy(early_stopping=5, restore_best_weights=not restore))
    trainer.epoch(2)
    trainer.change(restore_best_weights=restore)
    trainer.step(10**6)
    assert trainer.stopped is not None
    assert trainer.stopped.restored is restore
    other = Trainer(noisy(early_stopping=None))
    other.step(trainer.stopped.best_step if restore else trainer.stopped.step)
    np.testing.assert_array_equal(trainer.params, other.params)


def test_a_rate_that_is_set_counts_as_it_stands() -> None:
    options = {"patience": 1, "factor": 0.5}
    trainer = Trainer(noisy(schedule="reduce_on_plateau", schedule_options=options))
    while trainer._monitor.plateau.reached == 1.0:
        trainer.epoch(1)
    trainer.change(batch_size=trainer.training.batch_size + 1)
    assert trainer.learning_rate < trainer.training.learning_rate
    trainer.change(learning_rate=0.007)
    assert trainer.learning_rate == 0.007
