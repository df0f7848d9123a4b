"""Runs on a simulated GPU, as a trainer and a page drive them: see `tests/simulated_cuda.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numba import cuda

from core import Dense, Trainer, exchange
from core.engine.cuda import devices
from core.engine.cuda.engine import CUDAEngine
from core.engine.cuda.large.loaded import Loaded
from core.engine.cuda.plan import Plan
from core.inspect.moment import moment_of
from core.refusals import BackendRefusal
from tests.simulated_cuda import bits, few_threads, small

pytestmark = pytest.mark.usefixtures("few_threads")

assert few_threads  # a fixture


def alike(gpu: Trainer, cpu: Trainer) -> None:
    """Whether two runs that were computed elsewhere came to the same."""
    assert gpu.step_count == cpu.step_count
    np.testing.assert_allclose(gpu.params, cpu.params, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gpu.engine.slots, cpu.engine.slots, rtol=1e-3, atol=1e-7)
    for name in gpu.history:
        np.testing.assert_allclose(gpu.history[name], cpu.history[name], rtol=1e-4, atol=1e-6)
    for name in gpu.history.evaluations.columns:
        found = gpu.history.evaluations[name], cpu.history.evaluations[name]
        np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-6)


# ---- from one backend to another ------------------------------------------------------------


def test_a_run_changes_its_backend_and_loses_nothing() -> None:
    there, stays = Trainer(small()), Trainer(small())
    for n, backend in ((4, "cuda"), (7, "cpu"), (3, "cuda"), (2, "auto")):
        there.step(n)
        stays.step(n)
        before = bits(there)
        there.use_backend(backend)
        assert there.backend == ("cuda" if backend == "cuda" else "cpu")
        assert isinstance(there.engine, CUDAEngine) is (there.backend == "cuda")
        assert bits(there) == before
        for trainer in (there, stays):
            trainer.change(learning_rate=0.003 * n)
    alike(there, stays)
    there.use_backend("cuda")
    there.goto(5)
    there.step(11)
    alike(there, stays)


def test_a_run_that_has_not_begun_changes_its_backend() -> None:
    trainer = Trainer(small())
    trainer.use_backend("cuda")
    assert trainer._engine is None
    trainer.step(1)
    assert isinstance(trainer.engine, CUDAEngine)
    device = trainer.engine._population._device
    assert device
    trainer.use_backend("cpu")
    assert trainer.step(1) == 1


def test_what_the_gpu_refuses_stays_on_the_cpu_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(small())
    room = Plan(trainer.layout, 5, 2, dropout=True).shared_bytes
    monkeypatch.setattr(devices, "shared_bytes", lambda: room)
    monkeypatch.setattr(devices, "free_bytes", lambda: 1000)
    trainer.step(2)
    trainer.change(batch_size=7)
    trainer.step(2)
    trainer.goto(1)  # what is refused lies ahead
    before = bits(trainer)
    with pytest.raises(BackendRefusal, match="1000 are free"):
        trainer.use_backend("cuda")
    assert (trainer.backend, bits(trainer)) == ("cpu", before)
    assert trainer.step(4) == 4
    with pytest.raises(BackendRefusal, match="1000 are free"):  # before it took a step
        Trainer.replay(trainer.run, backend="cuda")
    with pytest.raises(ValueError, match="Backend 'tpu'"):
        trainer.use_backend("tpu")


def test_it_is_the_batch_asked_for_that_has_to_fit() -> None:
    wide = small((Dense(200, "relu"),), batch_size=1)
    assert Trainer(wide, backend="cuda").step(1) == 1


def test_a_run_that_failed_on_one_backend_goes_on_on_the_other() -> None:
    wild = small((Dense(3, "relu"),), loss="mean_squared_error", optimizer="sgd")
    wild = replace(wild, training=replace(wild.training, learning_rate=900.0))
    trainer = Trainer(wild, backend="cuda")
    trainer.step(40)
    failure = trainer.diverged
    assert failure is not None
    trainer.use_backend("cpu")
    assert trainer.diverged == failure
    trainer.goto(failure.resume)
    trainer.change(learning_rate=1e-3)
    assert trainer.step(5) == 5


def test_the_memory_of_a_gpu_is_given_back_and_taken_again() -> None:
    trainer, other = Trainer(small(), backend="cuda"), Trainer(small(), backend="cuda")
    Trainer(small()).free()
    trainer.free()
    assert trainer._engine is None
    trainer.step(3)
    device = trainer.engine._population
    assert device._device
    trainer.free()
    assert device._device == {}
    trainer.step(3)
    other.step(6)
    assert bits(trainer) == bits(other)
    trainer.use_backend("cpu")
    assert device._device == {}


def test_a_large_run_is_not_refused_the_memory_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "fits", lambda *_: False)
    trainer = Trainer(small(), backend="cuda")
    trainer.step(2)
    held = trainer.engine.held_bytes
    monkeypatch.setattr(devices, "free_bytes", lambda: held // 2)
    trainer.change(learning_rate=0.02)
    assert trainer.step(2) == 2
    with pytest.raises(BackendRefusal, match="bytes of the GPU's memory"):
        Trainer(small(), backend="cuda")
    trainer.free()
    assert trainer.engine.held_bytes == 0


def test_a_gpu_that_cannot_even_tell_its_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "fits", lambda *_: False)

    def broken() -> None:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    monkeypatch.setattr(cuda, "current_context", broken)
    with pytest.raises(BackendRefusal, match="ILLEGAL_ADDRESS"):
        Trainer(small(), backend="cuda")


@pytest.mark.parametrize("most", [10**6, 5])
def test_a_large_network_is_evaluated_where_it_is(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """most: rows that an evaluation looks at."""
    monkeypatch.setattr(Plan, "fits", lambda *_: False)
    monkeypatch.setattr("core.trainer.judged.most_rows", lambda work: most)
    there, here, brought = Trainer(small(), backend="cuda"), Trainer(small()), []
    fetch = Loaded.fetch
    monkeypatch.setattr(
        Loaded, "fetch", lambda self, name, to: brought.append(name) or fetch(self, name, to)
    )
    monkeypatch.setattr(there, "_save_checkpoint", lambda: None)
    for trainer in (there, here):
        trainer.step(8)
    assert len(there.history.evaluations) > 2
    assert brought == []
    alike(there, here)


def test_a_gpu_that_fails_half_way_leaves_all_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where some of what a launch made is here already."""
    trainer = Trainer(small(), backend="cuda")
    trainer.step(3)
    before, state = bits(trainer), trainer.engine.state.copy()
    slots = trainer.engine._population._device["slots"]

    def broken() -> None:
        raise RuntimeError("CUDA_ERROR_ECC_UNCORRECTABLE")

    monkeypatch.setattr(slots, "copy_to_host", broken, raising=False)
    with pytest.raises(ValueError, match="ECC"):
        trainer.step(2)
    assert bits(trainer) == before
    assert np.array_equal(trainer.engine.state, state)
    assert trainer.step(2) == 2


# ---- what a page shows of a run -------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> tuple[Trainer, Trainer]:
    """The same run on both, in the middle of an epoch."""
    made = Trainer(small(), backend="cuda"), Trainer(small())
    for trainer in made:
        trainer.step(7)
    return made


def test_a_replay_is_had_on_either_backend(pair: tuple[Trainer, Trainer]) -> None:
    run = pair[0].network.run
    assert run is not None
    again = Trainer.replay(run, backend="cuda")
    assert bits(again) == bits(pair[0])
    alike(pair[0], Trainer.replay(run))


def test_what_is_looked_at_is_what_the_cpu_shows(pair: tuple[Trainer, Trainer]) -> None:
    gpu, cpu = pair
    for part in ("train", "test"):
        assert gpu.evaluate(part) == pytest.approx(cpu.evaluate(part), rel=1e-4)
    assert gpu.evaluation_now() == pytest.approx(cpu.evaluation_now(), rel=1e-4)
    for mine, others in zip(gpu.gradients()[0], cpu.gradients()[0], strict=True):
        np.testing.assert_allclose(mine, others, rtol=1e-3, atol=1e-6)


def test_one_step_is_told_as_the_gpu_takes_it(pair: tuple[Trainer, Trainer]) -> None:
    gpu, cpu = pair
    for layer in range(2):
        moment, expected = moment_of(gpu, layer), moment_of(cpu, layer)
        assert np.array_equal(moment.batch, expected.batch)
        for mine, others in zip(moment.slots, expected.slots, strict=True):
            np.testing.assert_allclose(mine[0], others[0], rtol=1e-3, atol=1e-7)
        told = moment.update(moment.trace(moment.batch, as_step=True), 0, 0).after
        following = gpu.branch()
        following.step(1)
        assert told == pytest.approx(following.network.weights[layer][0, 0], abs=1e-6)


def test_a_file_of_its_weights_repeats_the_run(pair: tuple[Trainer, Trainer]) -> None:
    network = exchange.from_bytes(exchange.to_bytes(pair[0].network, ".npz"), ".npz")
    assert np.array_equal(network.params, pair[0].params)
    assert network.run == pair[0].network.run
    begun = Trainer(small(), network=network, backend="cuda")
    assert begun.step(2) == 2
