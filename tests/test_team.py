"""Threads that share a step: whoever did what, the bits are the same."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from core import Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine import cpu
from core.engine import crew as crews
from core.engine.team import END, HELPS, WORD

X = np.random.default_rng(0).normal(size=(700, 300)).astype(np.float32)
y = np.random.default_rng(1).integers(0, 10, len(X))
DATASET = Dataset.from_arrays(X, y, X[:50], y[:50], image_shape=(15, 20))

# Layers by samples, first and later ones, layers by units, and sizes that are no whole vectors.
WIDE = (Dense(700, "relu"), Dense(800, "tanh", dropout=0.2), Dense(70, "gelu"))
NORMALIZED = (
    Dense(700, "relu", normalization="batch"),
    Dense(300, "tanh", 0.2, "layer"),
    Dense(70, "gelu", normalization="batch"),
)
NARROW = (Dense(130, "relu", dropout=0.1), Dense(65, "softplus"))
MANY = 3000  # steps


def trained(layers: tuple[Dense, ...], batch_size: int, **training: object) -> Trainer:
    experiment = Experiment(
        network=NetworkConfig(layers),
        training=TrainingConfig(
            "categorical_crossentropy",
            batch_size=batch_size,
            learning_rate=0.003,
            **training,  # type: ignore[arg-type]
        ),
    )
    trainer = Trainer(experiment, dataset=DATASET)
    trainer.step(9)  # the fourth and the eighth are smaller, with batches of 200
    return trainer


@pytest.fixture
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> PunctualCrew:
    """So many threads, whatever machine this is."""
    made = PunctualCrew(request.param)
    monkeypatch.setattr(crews, "shared", lambda: made)
    return made


class PunctualCrew(crews.Crew):
    """Helpers that keep what they were asked to do, and that are there when the leader begins."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.jobs: list[cpu.Assistance] = []

    @contextlib.contextmanager
    def doing(self, job: crews.Job, count: int) -> Iterator[None]:
        assert isinstance(job, cpu.Assistance)
        self.jobs.append(job)
        come = threading.Barrier(count + 1)

        def punctual(number: int) -> None:
            come.wait(60)
            job(number)

        with super().doing(punctual, count):
            come.wait(60)
            yield

    @property
    def helps(self) -> int:
        """Parts that helpers have done."""
        return sum(int(job.team.signals[HELPS]) for job in self.jobs)


@pytest.mark.parametrize("crew", [2, 5], indirect=True)
@pytest.mark.parametrize(
    ("layers", "batch_size", "training"),
    [
        (WIDE, 200, {"optimizer": "adam"}),
        (WIDE, 200, {"optimizer": "sgd", "regularizer": "l2", "regularization_rate": 0.001}),
        (NORMALIZED, 200, {"optimizer": "adam"}),
        (NARROW, 200, {"optimizer": "rmsprop", "global_clip_norm": 0.5}),
        (NARROW, 90, {"optimizer": "adamw", "optimizer_options": {"amsgrad": True}}),
        (NARROW, 700, {"optimizer": "sgd", "input_noise": 0.1, "max_norm": 2.0}),
        (NARROW, 200, {"optimizer": "sgd", "class_weight": "balanced"}),
        (NARROW, 200, {"optimizer": "sgd", "rotation": 20.0, "cutout": 3, "mixup": 0.3}),
    ],
)
def test_the_bits_do_not_depend_on_the_threads(
    crew: PunctualCrew, monkeypatch: pytest.MonkeyPatch, layers, batch_size, training
) -> None:
    together = trained(layers, batch_size, **training)
    while not crew.helps and together.step_count < MANY:  # on a busy machine they may come late
        together.step(9)
    assert crew.helps > 0
    monkeypatch.setattr(crews, "shared", lambda: crews.Crew(1))
    alone = trained(layers, batch_size, **training)
    alone.step(together.step_count - alone.step_count)
    np.testing.assert_array_equal(together.params, alone.params)
    np.testing.assert_array_equal(together.engine.slots, alone.engine.slots)
    np.testing.assert_array_equal(together.history.steps.filled, alone.history.steps.filled)


@pytest.mark.parametrize("crew", [2], indirect=True)
def test_a_helper_that_comes_too_late_changes_nothing(crew: PunctualCrew) -> None:
    trainer = trained(NARROW, 200)
    before = trainer.params.copy()
    late = crew.jobs[-1]
    assert late.team.signals[WORD] == END
    late(1)
    np.testing.assert_array_equal(trainer.params, before)


def test_a_helper_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    crew, asleep = crews.Crew(2), threading.Event()
    monkeypatch.setattr(crews, "shared", lambda: crew)
    monkeypatch.setattr(cpu.Assistance, "__call__", lambda self, number: number and asleep.wait(60))
    try:
        together = trained(NARROW, 200)
    finally:
        asleep.set()
    monkeypatch.setattr(crews, "shared", lambda: crews.Crew(1))
    np.testing.assert_array_equal(together.params, trained(NARROW, 200).params)


@pytest.mark.parametrize("crew", [4], indirect=True)
def test_small_networks_are_trained_by_one_thread(crew: PunctualCrew) -> None:
    trained((Dense(10),), 32)
    assert not crew.jobs


def test_no_more_threads_work_than_there_are_cores() -> None:
    crew = crews.Crew(3)
    with crew.leading() as first:
        assert first == 2
        with crew.leading() as second:
            assert second == 1
            with crew.leading() as third, crew.leading() as fourth:
                assert (third, fourth) == (0, 0)
        with crew.leading() as again:
            assert again == 1


def test_helpers_are_busy_until_their_leader_has_ended() -> None:
    crew, begun, may_end = crews.Crew(3), threading.Event(), threading.Event()

    def job(number: int) -> None:
        begun.set()
        may_end.wait(60)

    with crew.leading(), crew.doing(job, 1):
        assert begun.wait(60)
        with crew.leading() as idle:
            assert idle == 0
    with crew.leading() as idle:
        assert idle == 2  # on its way back
    may_end.set()


def test_a_job_that_nobody_has_begun_is_withdrawn() -> None:
    crew, done, may_end = crews.Crew(2), [], threading.Event()
    begun = threading.Event()

    def long(number: int) -> None:
        begun.set()
        may_end.wait(60)

    with crew.doing(long, 1):
        assert begun.wait(60)
        with crew.doing(done.append, 1):
            pass
    may_end.set()
    with crew.doing(lambda number: begun.set(), 1):
        pass
    assert not done


def test_where_no_thread_can_be_started_the_leader_trains_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    crew = crews.Crew(2)
    with monkeypatch.context() as patched:
        patched.setattr(crews, "shared", lambda: crew)
        patched.setattr(threading.Thread, "start", refused)
        together = trained(NARROW, 200)
    done = threading.Event()
    with crew.doing(lambda number: done.set(), 1):
        assert done.wait(60)  # once the system allows it
    monkeypatch.setattr(crews, "shared", lambda: crews.Crew(1))
    np.testing.assert_array_equal(together.params, trained(NARROW, 200).params)


def test_a_helper_outlives_a_job_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    crew, failed, done = crews.Crew(2), threading.Event(), threading.Event()

    def failing(number: int) -> None:
        failed.set()
        raise ValueError("no")

    with crew.doing(failing, 1):
        assert failed.wait(60)
    with crew.doing(lambda number: done.set(), 1):
        assert done.wait(60)
    assert "A helper failed." in caplog.text


def test_an_interrupted_leader_leaves_no_helper_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(crews.Crew):
        jobs: list[cpu.Assistance] = []  # noqa: RUF012 (of one test)

        @contextlib.contextmanager
        def doing(self, job: crews.Job, count: int) -> Iterator[None]:
            assert isinstance(job, cpu.Assistance)
            self.jobs.append(job)
            with super().doing(job, count):
                raise KeyboardInterrupt
                yield

    crew = Interrupted(2)
    monkeypatch.setattr(crews, "shared", lambda: crew)
    with pytest.raises(KeyboardInterrupt):
        trained(NARROW, 200)
    assert [job.team.signals[WORD] for job in Interrupted.jobs] == [END]
