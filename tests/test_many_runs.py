"""Thirty-two real trainers in the shared pool: none aborted, starved, disturbed or leaked."""

from __future__ import annotations

import gc
import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine.scheduler import shared
from playground.live import driven, warming
from playground.live.player import Player

PATIENCE = 120.0
ROUNDS = 5
SECONDS = 0.5  # that a round takes at least


def of(data: DataConfig, layers: tuple[Dense, ...], training: TrainingConfig) -> Experiment:
    return Experiment(data=data, network=NetworkConfig(layers=layers), training=training)


SMALL = (
    Experiment(),
    of(
        DataConfig("spiral", noise=0.1),
        (Dense(8, "tanh", dropout=0.2), Dense(8, "relu")),
        TrainingConfig("hinge", "rmsprop", regularizer="l2", regularization_rate=1e-4),
    ),
    of(
        DataConfig("plane", n_samples=200),
        (Dense(6, "gelu"),),
        TrainingConfig("huber", "sgd", optimizer_options={"momentum": 0.9, "nesterov": True}),
    ),
)
LARGE = (
    of(
        DataConfig("digits"),
        (Dense(64, "relu"), Dense(32, "relu")),
        TrainingConfig("categorical_crossentropy", "adam", learning_rate=1e-3, batch_size=32),
    ),
    of(  # a step takes about as long as a slice
        DataConfig("digits"),
        (Dense(512, "relu"), Dense(512, "relu")),
        TrainingConfig("categorical_crossentropy", "adam", learning_rate=1e-4, batch_size=128),
    ),
)
SEEDED = [
    replace(experiment, seed=seed)
    for seed, experiment in zip(range(32), itertools.cycle((*SMALL, *LARGE)), strict=False)
]


@pytest.fixture(autouse=True)
def kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    warming.warm_up()
    assert warming.wait(300)
    monkeypatch.setattr(driven, "PAUSE_AFTER", 1e9)
    yield
    gc.enable()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def trainer_threads() -> int:
    return sum(thread.name.startswith("trainer-") for thread in threading.enumerate())


def every_run_advances(runs: list[Player]) -> None:
    """Wait a while, and then until there is none that has not moved on meanwhile."""
    before = [run.moment[0] for run in runs]
    time.sleep(SECONDS)
    pairs = list(zip(runs, before, strict=True))
    wait_for(lambda: all(run.moment[0] > step for run, step in pairs))


def test_thirty_two_real_trainers_share_the_machine() -> None:
    others = trainer_threads()
    runs = [Player(experiment) for experiment in SEEDED]
    for run in runs:
        run.play()
    for _ in range(ROUNDS):
        every_run_advances(runs)
    assert {run.status for run in runs} == {"playing"}
    assert len(shared()._threads) == (os.cpu_count() or 1)
    assert trainer_threads() <= others + len(shared()._threads)
    for run in runs:
        run.pause()
    for run in runs[: len(SMALL)]:
        with run.trainer() as trainer:
            alone = Trainer(run.experiment)
            alone.step(trainer.step_count)
            assert np.array_equal(trainer.params, alone.params)
    del trainer, alone
    tokens = [run.token for run in runs]
    gc.disable()  # nothing may wait for a garbage collection
    left = [weakref.ref(part) for run in runs for part in (run, run._trainer, run._trainer.engine)]
    del run, runs
    wait_for(lambda: not any(part() for part in left))
    assert not any(shared().find(token) for token in tokens)
