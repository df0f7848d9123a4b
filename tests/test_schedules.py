"""Learning-rate schedules: their rates by hand, in the kernel, and under time travel."""

from __future__ import annotations

import numpy as np
import pytest

from core import DataConfig, Experiment, Trainer, TrainingConfig
from core.edits import edited, settings_after
from core.maths.schedules import SCHEDULES
from core.run import first_settings
from tests import scalars

SHORT = {
    "constant": {},
    "step": {"step_size": 8, "gamma": 0.5},
    "exponential": {"decay_steps": 10, "decay_rate": 0.7},
    "polynomial": {"decay_steps": 20, "power": 2.0, "cycle": True},
    "cosine": {"decay_steps": 25, "alpha": 0.1},
    "cosine_restarts": {"first_decay_steps": 6, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.05},
    "one_cycle": {"total_steps": 30},
    "reduce_on_plateau": {"patience": 1, "factor": 0.5, "min_lr": 0.002},
}
EACH = pytest.mark.parametrize("name", SCHEDULES)
FORETOLD = pytest.mark.parametrize("name", [n for n in SCHEDULES if n != "reduce_on_plateau"])
"""Schedules whose rates follow from the step alone; the other's are in `test_monitor`."""
WARM_UP = pytest.mark.parametrize("warm_up", [0, 7])


def trainer_of(name: str, warm_up: int = 0, **training: object) -> Trainer:
    options = {**SHORT[name], "warmup_steps": warm_up}
    config = TrainingConfig(schedule=name, schedule_options=options, **training)
    return Trainer(Experiment(DataConfig("xor", n_samples=60), training=config))


def rates(name: str, steps: int, **options: float) -> list[float]:
    return [SCHEDULES[name].rate(options, 1.0, step) for step in range(1, steps + 1)]


def test_every_schedule_is_here() -> None:
    assert list(SCHEDULES) == list(SHORT)
    assert all(next(iter(record.options)) == "warmup_steps" for record in SCHEDULES.values())


# By hand; step 1 is t = 0.


def test_a_warm_up_climbs_from_nothing_before_any_schedule() -> None:
    assert rates("constant", 6, warmup_steps=4) == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    warm = rates("step", 6, warmup_steps=2, step_size=2, gamma=0.5)
    assert warm == [0.0, 0.5, 1.0, 1.0, 0.5, 0.5]


def test_rates_by_hand() -> None:
    assert rates("step", 5, step_size=2, gamma=0.5) == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert rates("exponential", 3, decay_steps=1, decay_rate=0.5) == [1.0, 0.5, 0.25]
    stairs = rates("exponential", 4, decay_steps=2, decay_rate=0.5, staircase=True)
    assert stairs == [1.0, 1.0, 0.5, 0.5]
    assert rates("exponential", 2, decay_steps=2, decay_rate=0.25)[1] == 0.5
    straight = rates("polynomial", 6, decay_steps=4, end_learning_rate=0.0)
    assert straight == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    ending = rates("polynomial", 4, decay_steps=2, end_learning_rate=0.5, power=2.0)
    assert ending == [1.0, 0.625, 0.5, 0.5]
    again = rates("polynomial", 6, decay_steps=2, end_learning_rate=0.0, cycle=True)
    assert again == [1.0, 0.5, 0.0, 0.25, 0.0, pytest.approx(1 / 6)]


def test_waves_by_hand() -> None:
    assert rates("cosine", 4, decay_steps=2) == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-15)
    assert rates("cosine", 3, decay_steps=2, alpha=0.2) == pytest.approx([1.0, 0.6, 0.2])
    restarts = rates("cosine_restarts", 7, first_decay_steps=2, t_mul=2.0, m_mul=0.5)
    assert restarts[:5] == pytest.approx([1.0, 0.5, 0.5, 0.25 * (1 + 0.5**0.5), 0.25])
    assert restarts[6] == pytest.approx(0.25)
    even = rates("cosine_restarts", 6, first_decay_steps=2, t_mul=1.0, m_mul=0.5)
    assert even == pytest.approx([1.0, 0.5, 0.5, 0.25, 0.25, 0.125])


def test_one_cycle_by_hand() -> None:
    cycle = rates("one_cycle", 12, total_steps=11, pct_start=4 / 11, div_factor=4.0)
    low = 1 / (4 * 1e4)
    assert cycle[0] == pytest.approx(0.25)
    assert cycle[3] == pytest.approx(1.0)
    assert cycle[10] == pytest.approx(low)
    assert cycle[11] == pytest.approx(low)
    assert np.argmax(cycle) == 3


def test_a_plateau_by_hand() -> None:
    record, options = SCHEDULES["reduce_on_plateau"], {"min_lr": 0.25, "warmup_steps": 2}
    rates = [record.rate(options, 1.0, 3, reached) for reached in (1.0, 0.5, 0.2)]
    assert rates == [1.0, 0.5, 0.25]
    assert record.rate(options, 1.0, 2, 0.5) == 0.5  # of the warm-up, which comes first
    assert record.rate(options, 0.1, 3, 1.0) == 0.1  # lower than the lowest by hand: it stays


def test_the_first_step_of_every_period_of_restarts_is_high() -> None:
    """A logarithm of 3^k by that of 3 is not always k."""
    wave = rates("cosine_restarts", 400, first_decay_steps=1, t_mul=3.0)
    starts = [(3**k - 1) // 2 for k in range(6)]
    assert [wave[t] for t in starts] == [1.0] * 6


@pytest.mark.parametrize("record", SCHEDULES.values(), ids=SCHEDULES)
def test_schedules_are_plain_arithmetic_and_a_cosine(record) -> None:
    assert set(scalars.global_values(record.function)) <= {"cos", "PI"}


@pytest.mark.parametrize("options", [{"pct_start": 0.0}, {"pct_start": 1.0}, {"total_steps": 1}])
def test_one_cycle_at_its_limits_is_finite(options) -> None:
    cycle = rates("one_cycle", 20, **{"total_steps": 10, **options})
    assert np.isfinite(cycle).all()
    assert 0.0 < min(cycle) <= max(cycle) <= 1.0


# In a run


@FORETOLD
@WARM_UP
def test_history_shows_the_rate_of_every_step(name: str, warm_up: int) -> None:
    trainer = trainer_of(name, warm_up, learning_rate=0.02)
    trainer.step(60)
    options = trainer.training.schedule_options
    expected = [SCHEDULES[name].rate(options, 0.02, step) for step in range(1, 61)]
    np.testing.assert_allclose(trainer.history["learning_rate"], expected, rtol=1e-12, atol=1e-18)
    assert trainer.learning_rate == SCHEDULES[name].rate(options, 0.02, 61)


@EACH
def test_each_step_is_taken_at_its_rate(name: str) -> None:
    """With plain SGD a step is rate times gradient: as long as history says."""
    trainer = trainer_of(name, 5, optimizer="sgd")
    for _ in range(40):
        before, rate = trainer.params.copy(), trainer.learning_rate
        trainer.step(1)
        moved = float(np.linalg.norm((trainer.params - before).astype(np.float64)))
        gradient = np.linalg.norm(trainer.history["gradient_norm"][-1])
        assert moved == pytest.approx(rate * gradient, rel=1e-3, abs=1e-6)


@EACH
def test_slices_and_journeys_do_not_matter(name: str) -> None:
    whole, sliced = trainer_of(name, 7), trainer_of(name, 7)
    whole.step(90)
    for n in (1, 2, 3, 14, 40, 30):
        sliced.step(n)
    assert np.array_equal(whole.params, sliced.params)
    assert np.array_equal(whole.history.steps.filled, sliced.history.steps.filled)
    sliced.goto(33)
    sliced.step(57)
    assert np.array_equal(whole.params, sliced.params)


@pytest.mark.parametrize(
    "name", [name for name in SCHEDULES if name not in ("polynomial", "reduce_on_plateau")]
)
def test_a_changed_rate_takes_the_rest_of_the_schedule_along(name: str) -> None:
    kept, changed = trainer_of(name, 4), trainer_of(name, 4)
    changed.step(10)
    changed.change(learning_rate=2 * changed.training.learning_rate)
    changed.step(30)
    kept.step(40)
    ratio = changed.history["learning_rate"][10:] / kept.history["learning_rate"][10:]
    np.testing.assert_allclose(ratio, 2.0)


def test_a_schedule_may_change_while_a_run_goes_on() -> None:
    trainer = trainer_of("cosine", 4)
    trainer.step(20)
    trainer.change(schedule="exponential", decay_rate=0.5)
    assert trainer.training.schedule_options == {"decay_steps": 25, "decay_rate": 0.5} | {
        "warmup_steps": 4
    }
    trainer.step(10)
    there = trainer.params.copy()
    trainer.goto(3)
    assert trainer.training.schedule == "cosine"
    trainer.goto(30)
    assert trainer.training.schedule == "exponential"
    assert np.array_equal(trainer.params, there)
    assert Trainer.replay(trainer.run).training == trainer.training
    with pytest.raises(ValueError, match="'alpha' cannot change while a run goes on"):
        trainer.change(alpha=0.5)
    with pytest.raises(ValueError, match=r"Unknown schedule 'cosin'. Did you mean 'cosine'"):
        trainer.change(schedule="cosin")


def test_a_journey_back_knows_the_schedules_that_have_gone() -> None:
    trainer = trainer_of("constant")
    for schedule, options in [
        ("cosine", {"alpha": 0.5}),
        ("step", {"gamma": 0.5}),
        ("exponential", {"decay_steps": 9}),
        ("cosine_restarts", {"alpha": 0.25}),
        ("cosine", {"warmup_steps": 3}),
    ]:
        trainer.change(schedule=schedule)
        trainer.change(**options)
        trainer.step(5)
    there, training = trainer.params.copy(), trainer.training
    assert training.schedule_options == {"warmup_steps": 3, "alpha": 0.25}
    first = first_settings(trainer.experiment)
    assert settings_after(first, trainer.edits).training == training
    one_by_one = first
    for number, edit in enumerate(trainer.edits, start=1):
        one_by_one = edited(one_by_one, edit.what, edit.value)
        assert settings_after(first, trainer.edits[:number]) == one_by_one
    trainer.goto(1)
    assert trainer.training.schedule_options == {"warmup_steps": 0, "alpha": 0.5}
    trainer.goto(25)
    assert np.array_equal(trainer.params, there)
