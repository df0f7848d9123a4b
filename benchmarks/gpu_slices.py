"""A run on a GPU as the page drives it, in slices, against the engine in one long call.

`benchmarks/gpu.py` prints it. What lies between the two is what slices, copies, evaluations and
history cost; a slice should be one launch of many steps.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from core import Dense, Experiment, NetworkConfig, Trainer
from core.presets import PRESETS

SECONDS = 3.0


def wide(units: int) -> Experiment:
    """MNIST with two wide layers: as W6, with 1024 units."""
    network = NetworkConfig((Dense(units, "relu"), Dense(units, "relu")))
    experiment = PRESETS["mnist_classic"].experiment
    training = replace(experiment.training, batch_size=256)
    return replace(experiment, network=network, training=training)


def time_slices(what: str, experiment: Experiment, share: int, earlier: int) -> None:
    """Print it for an experiment. share: of the usual time, 1 for all of it.

    earlier: steps before the clock starts; a young run is evaluated often.
    """
    trainer = Trainer(experiment, backend="cuda")
    trainer.step(earlier // share)
    steps, launches, seconds = sliced(trainer, SECONDS / share)
    alone = in_one_call(trainer, max(int(steps / seconds * SECONDS / share), 1))
    print(
        f"{what} as the page drives it: {steps / seconds:,.0f} steps/s, "
        f"{steps / launches:,.0f} a launch, {launches / seconds:,.0f} launches/s; "
        f"{100 * steps / seconds / alone:.0f}% of one long call ({alone:,.0f} steps/s)"
    )


def sliced(trainer: Trainer, at_least: float) -> tuple[int, int, float]:
    """Slice after slice for so many seconds; returns steps, launches and seconds."""
    engine, launches = trainer.engine, 0
    run = engine.run

    def counted(*arguments: object) -> tuple[int, int, bool]:
        nonlocal launches
        launches += 1
        return run(*arguments)  # type: ignore[arg-type]

    engine.run = counted  # type: ignore[method-assign,assignment]
    first, start = trainer.step_count, time.perf_counter()
    while (passed := time.perf_counter() - start) < at_least or not launches:
        trainer.run_for(trainer.turn_seconds)
    engine.run = run  # type: ignore[method-assign]
    return trainer.step_count - first, launches, passed


def in_one_call(trainer: Trainer, n_steps: int) -> float:
    """Steps a second of the engine alone, without history."""
    rows, never = np.zeros((0, 99)), 10**12
    start = time.perf_counter()
    trainer.engine.run(n_steps, rows, never, 0)
    return n_steps / (time.perf_counter() - start)
