"""A GPU that fails with what a large network has learnt, in Numba's simulator: wherever it is found
out, the run stands at its newest checkpoint, whole. See `tests/simulated_runs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from core import Trainer
from core.engine.cuda.engine import CUDAEngine
from core.engine.cuda.large.machine import NumPyProducts, Simulated
from core.engine.cuda.plan import Plan
from tests.cuda_cases import COLUMNS, FEW, X, Y
from tests.simulated_cuda import bits, few_threads, small
from tests.simulated_runs import alike

pytestmark = pytest.mark.usefixtures("few_threads", "large")

assert few_threads  # a fixture


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are taken for large ones, and have a checkpoint every fourth step."""
    monkeypatch.setattr(Plan, "fits", lambda *_: False)
    monkeypatch.setattr("core.trainer.state.checkpoint_stride", lambda n, batch: 4)


def broken(*arguments: object, **turned: bool) -> None:
    raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")


@contextmanager
def broken_gpu() -> Iterator[None]:
    """Whatever goes to it, or comes from it, is an error."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("send", "copy", "fetch", "fetch_to", "begin_fetch"):
            patch.setattr(Simulated, name, broken)
        patch.setattr(NumPyProducts, "multiply", broken)
        yield


@pytest.mark.parametrize("failing", ["copy", "fetch"])
def test_a_gpu_that_fails_with_what_it_learnt_leaves_the_last_checkpoint(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())
    while trainer.step_count < 9:
        trainer.run_for(0.0, max_steps=1)

    with monkeypatch.context() as patch:
        patch.setattr(Simulated, failing, broken)
        with pytest.raises(ValueError, match="ILLEGAL_ADDRESS"):
            trainer.run_for(0.0, max_steps=1)
    assert trainer.step_count <= 9
    assert all(step <= trainer.step_count for step in trainer.history["step"])
    trainer.use_backend("cpu")
    trainer.step(20 - trainer.step_count)
    stays.step(20)
    alike(trainer, stays)


def test_a_gpu_that_fails_before_the_first_step_leaves_a_whole_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It fails while the untrained network is evaluated, which is then done on the CPU."""
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())

    with monkeypatch.context() as patch:
        patch.setattr(Simulated, "fetch", broken)
        with pytest.raises(ValueError, match="ILLEGAL_ADDRESS"):
            trainer.step(1)
    trainer.use_backend("cpu")
    trainer.step(20)
    stays.step(20)
    alike(trainer, stays)


WAYS: dict[str, Callable[[Trainer], Any]] = {
    "params": lambda trainer: trainer.params,
    "slots": lambda trainer: trainer.slots,
    "network": lambda trainer: trainer.network,
    "branch": lambda trainer: trainer.branch(),
    "evaluate": lambda trainer: trainer.evaluate("test"),
    "estimate": lambda trainer: trainer.estimate("train"),
    "predict": lambda trainer: trainer.predict(trainer.dataset.X_test),
    "change": lambda trainer: trainer.change(learning_rate=0.5),
    "another batch": lambda trainer: trainer.change(batch_size=3),
    "a weight": lambda trainer: trainer.set_weight(0, 0, 0, 1.0),
    "step": lambda trainer: trainer.step(),
    "goto": lambda trainer: trainer.goto(30),
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_finds_out_leaves_a_whole_run(way: str) -> None:
    """At step 10, two after a checkpoint; asked again it answers, of that checkpoint."""
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())
    trainer.step(10)
    with broken_gpu(), pytest.raises(ValueError, match="ILLEGAL_ADDRESS"):
        WAYS[way](trainer)
    stays.step(8)
    assert trainer.edits == []
    assert trainer.network.run.step_count == 8
    alike(trainer, stays)
    trainer.goto(30)
    stays.goto(30)
    alike(trainer, stays)


def test_it_goes_on_elsewhere_though_nobody_had_found_out() -> None:
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())
    trainer.step(10)
    with broken_gpu():
        trainer.use_backend("cpu")
    assert (trainer.backend, trainer.step_count) == ("cpu", 8)
    stays.step(8)
    alike(trainer, stays)


def test_memory_that_is_given_back_too_late_takes_the_run_back() -> None:
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())
    trainer.step(10)
    with broken_gpu():
        trainer.free()
    stays.step(8)
    alike(trainer, stays)


def test_a_step_whose_evaluation_fails_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, stays = Trainer(small(), backend="cuda"), Trainer(small())
    trainer.step(5)
    monkeypatch.setattr(trainer, "_evaluate_if_due", lambda: trainer.evaluation_now())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.cuda.large.judging.Judge.sums", broken)
        with pytest.raises(ValueError, match="ILLEGAL_ADDRESS"):
            trainer.step(1)
    monkeypatch.undo()
    stays.step(4)
    assert trainer.step_count == 4
    np.testing.assert_allclose(trainer.params, stays.params, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("after", [0, 1, 3, 9])
def test_ctrl_c_in_mid_run_is_as_if_it_had_not_begun(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """after: products that are begun before it comes."""
    trainer, whole = (Trainer(small(), backend="cuda") for _ in range(2))
    trainer.step(6)
    done, multiply = [0], NumPyProducts.multiply

    def interrupted(self: NumPyProducts, *matrices: Any, **turned: bool) -> None:
        done[0] += 1
        if done[0] == after + 1:
            raise KeyboardInterrupt
        multiply(self, *matrices, **turned)

    monkeypatch.setattr(NumPyProducts, "multiply", interrupted)
    trainer.engine._large._loaded._steps.clear()  # type: ignore[union-attr]
    with pytest.raises(KeyboardInterrupt):
        trainer.step(2)
    assert trainer.step_count == 6
    trainer.step(9)
    whole.step(15)
    assert bits(trainer) == bits(whole)
    assert np.array_equal(trainer.history["batch_loss"], whole.history["batch_loss"])


def test_an_engine_that_lost_what_it_learnt_tells_nothing_of_it() -> None:
    """Until it is told where to stand."""
    engine = FEW[0].engine(CUDAEngine, large=True)
    nothing = np.zeros((0, COLUMNS))
    start = engine.params.copy(), engine.slots.copy(), engine.state.copy()
    engine.run(2, nothing, 99, 0)
    with broken_gpu():
        engine.free()
    assert engine.is_lost
    settings = FEW[0].settings()
    for asked in (
        lambda: engine.params,
        lambda: engine.view("slots"),
        lambda: engine.run(1, nothing, 99, 0),
        lambda: engine.sums(X, Y),
        lambda: engine.configure(**{**settings, "batch_size": 2}),
    ):
        with pytest.raises(ValueError, match="is lost"):
            asked()
    engine.stand_at(*start)
    assert engine.run(2, nothing, 99, 0) == (2, 0, True)
