"""Ctrl-C, or whatever else ends a step half-way: the run stays whole."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from core import Experiment, Trainer


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes() + trainer.engine.slots.tobytes()


@pytest.mark.parametrize("where", ["run", "_evaluate_if_due", "_save_checkpoint", "_watch_if_due"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(
    monkeypatch: pytest.MonkeyPatch, where: str, error: type[BaseException]
) -> None:
    """Right behind a call that had an effect, at each of its first few calls."""
    for nth in range(6):
        trainer, whole = Trainer(Experiment()), Trainer(Experiment())
        whole.step(40)
        _ = trainer.engine
        owner, calls = trainer.engine if where == "run" else trainer, [0]
        call = getattr(owner, where)

        def interrupted(
            *arguments: Any, call: Any = call, calls: list[int] = calls, nth: int = nth
        ) -> Any:
            found = call(*arguments)
            calls[0] += 1
            if calls[0] == nth + 1:
                raise error
            return found

        with monkeypatch.context() as patch:
            patch.setattr(owner, where, interrupted)
            while calls[0] <= nth and trainer.step_count < 30:
                with contextlib.suppress(error):
                    trainer.step(5)
        trainer.step(40 - trainer.step_count)
        assert bits(trainer) == bits(whole)
        for name in whole.history:
            np.testing.assert_array_equal(trainer.history[name], whole.history[name])
        for name in whole.history.evaluations.columns:
            found = trainer.history.evaluations[name]
            np.testing.assert_array_equal(found, whole.history.evaluations[name])


def test_ctrl_c_while_a_run_begins_leaves_one_that_has_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    trainer = Trainer(Experiment())
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_evaluate_if_due", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trainer.step(3)
    assert trainer.step_count == 0
    trainer.step(3)
    assert trainer.history.evaluations["step"][0] == 0
    trainer.goto(0)
    assert bits(trainer) == bits(begun())


def begun() -> Trainer:
    trainer = Trainer(Experiment())
    _ = trainer.engine
    return trainer
