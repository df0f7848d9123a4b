"""The GPU engine in Numba's simulator: `tests/test_cuda.py` runs these, in a process of their own.

Networks and batches are tiny: all of it is plain Python.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numba import config

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine import memory
from core.engine.cpu import CPUEngine
from core.engine.cuda import kernels, moving, plan, stages
from core.engine.cuda.block import Memory, Thread
from core.engine.cuda.engine import CUDAEngine
from core.engine.cuda.population import Population
from core.engine.layout import Layout
from core.maths import random
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.schedules import SCHEDULES
from tests import simulator
from tests.cuda_cases import (
    CASES,
    CHANGES,
    COLUMNS,
    FEW,
    SCHEDULED,
    Case,
    a_few,
    learn_images,
    side_by_side,
    together,
)

assert config.ENABLE_CUDASIM
simulator.install()


@pytest.fixture(scope="module")
def everything() -> dict[str, tuple[np.ndarray, ...]]:
    return side_by_side()


@pytest.mark.parametrize("name", CASES)
def test_the_same_numbers_as_on_the_cpu(everything: dict, name: str) -> None:
    params, expected, rows, expected_rows, before = everything[name]
    assert np.linalg.norm(params - expected) <= 1e-4 * np.linalg.norm(expected - before)
    np.testing.assert_allclose(rows, expected_rows, rtol=1e-4, atol=1e-6)
    assert np.array_equal(rows[:, [0, 1]], expected_rows[:, [0, 1]])


def test_all_that_an_optimizer_can_be_is_among_the_cases() -> None:
    assert {case.optimizer for case in CASES.values()} == set(OPTIMIZERS)
    assert set(SCHEDULED) == set(SCHEDULES)


# ---- bits -----------------------------------------------------------------------------------


def test_orders_are_those_of_the_cpu() -> None:
    seeds, kept = np.array([[0] * memory.SEED + [seed] for seed in (3, 2**40)]), 3
    orders = np.zeros((2, kept, 17), np.int32)
    drawn, state = np.full((2, kept), -1), np.array([[0, 4, 0], [9, 0, 0]])
    kernels.shuffle[2, 3](orders, drawn, seeds, state, kept)
    for k, first in ((0, 4), (1, 0)):
        for epoch in range(first, first + kept):
            assert drawn[k, epoch % kept] == epoch
            expected = random.permutation(int(seeds[k, -1]), random.SHUFFLE, epoch, 17)
            assert np.array_equal(orders[k, epoch % kept], expected)


def test_masks_are_those_of_the_cpu() -> None:
    layout, count, width, rate = Layout((2, 6, 1), ("tanh", "linear")), 4, 5, 0.4
    size = layout.n_units * width
    floats = {name: np.ones(size, np.float32) for name in plan.NAMES}
    m = Memory(
        layout.table.reshape(-1), np.zeros(1, np.int32), np.zeros(1), np.zeros(1),
        np.ones(size, np.float32), 0, 0, 0, **floats, across=size,
    )  # fmt: skip
    thread, dropout = Thread(0, 1, 0, 1, 0, 1), np.array([rate, 0])
    stages.layer_forward(thread, m, 0, dropout, count, width, 7, 9, normalizes=False)
    masks = m.M.reshape(-1, width)[:6, :count]
    numbers = random.uniforms(7, random.DROPOUT, 9, 6 * count).reshape(count, 6).T
    assert np.array_equal(masks > 0, numbers >= np.float32(rate))
    assert 0 < (masks > 0).mean() < 1


def same(a: Any, b: Any) -> bool:
    names = ("params", "slots", "state", "rows")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("threads", "lanes"), [(2, 2), (8, 2)])
def test_threads_change_no_bit(
    monkeypatch: pytest.MonkeyPatch, threads: int, lanes: int, backwards: bool
) -> None:
    """Nor does it matter which of them is first between two barriers."""
    for module in (kernels, moving, plan):
        monkeypatch.setattr(module, "CHUNK", 4)
    monkeypatch.setattr(plan.Plan, "lanes", property(lambda self: lanes))
    monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
    assert same(a_few(threads), a_few())


STAGES = {
    "matrices, tall and wide": Case(optimizer="muon", sizes=(2, 5, 3, 2)),
    **{
        f"normalized over {NORMALIZATIONS[name].over}": Case(
            optimizer="adam", sizes=(2, 5, 3, 2), normalization=name
        )
        for name in ("batch", "layer")
    },
    "clipped by value and norm": Case(
        sizes=(2, 8, 2), arguments={"clip_value": 0.02, "global_clip_norm": 0.05}
    ),
}


@pytest.mark.parametrize("case", STAGES.values(), ids=STAGES)
def test_threads_wait_for_each_other(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """More of them than there are partial sums, in either order; and the numbers are the CPU's."""
    n_steps, found = 3, []
    monkeypatch.setattr(plan.Plan, "lanes", property(lambda self: 2))
    for threads, backwards in ((64, False), (64, True), (1, False)):
        monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
        engine = case.engine(CUDAEngine, threads=threads)
        engine.run(n_steps, np.zeros((0, 99)), 99, 0)
        found.append(engine.params.tobytes() + engine.slots.tobytes())
    assert found[0] == found[1] == found[2]
    cpu = case.engine()
    cpu.run(n_steps, np.zeros((0, 99)), 99, 0)
    np.testing.assert_allclose(engine.params, cpu.params, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("change", CHANGES)
def test_samples_are_changed_as_on_the_cpu(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(plan.Plan, "lanes", property(lambda self: 2))
    expected, moved = learn_images(CPUEngine, change, 6)
    found = []
    for threads, backwards in ((1, False), (8, False), (8, True)):
        monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
        found.append(learn_images(CUDAEngine, change, 6, threads=threads)[0])
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert np.linalg.norm(found[0] - expected) <= 1e-5 * moved


def test_company_changes_no_bit() -> None:
    crowd = a_few()
    for k, case in enumerate(FEW):
        alone = case.engine(CUDAEngine, threads=2)
        rows = np.zeros((14 // 3, COLUMNS))
        assert alone.run(14, rows, 3, 0) == (14, 4, True)
        assert np.array_equal(alone.params, crowd.params[k])
        assert np.array_equal(alone.slots, crowd.slots[k])
        assert np.array_equal(rows, crowd.rows[k])  # type: ignore[attr-defined]


@pytest.mark.parametrize("few", ["_ahead", "_rows"])
def test_slicing_changes_no_bit(monkeypatch: pytest.MonkeyPatch, few: str) -> None:
    """By the caller, or where there is little room for orders or rows on the GPU."""
    whole = a_few()
    monkeypatch.setattr(Population, few, property(lambda self: 1))
    made = together([case.engine() for case in FEW])
    rows, n_rows = np.zeros((3, 4, COLUMNS)), np.zeros(3, np.int64)
    for n in (1, 4, 2, 7):
        made.run(n, rows, 3, n_rows)
    made.rows = rows  # type: ignore[attr-defined]
    assert same(whole, made)


def test_rows_stop_when_full() -> None:
    case = FEW[0]
    gpu, cpu = case.engine(CUDAEngine, threads=1), case.engine()
    rows = np.zeros((2, COLUMNS))
    assert gpu.run(9, rows, 2, 0) == cpu.run(9, rows.copy(), 2, 0) == (5, 2, True)


# ---- divergence -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1e3, 1e39])
def test_a_diverging_run_stops_where_it_does_on_the_cpu(rate: float) -> None:
    case = Case("relu", "linear", "mean_squared_error", arguments={"learning_rate": rate})
    gpu, cpu = case.engine(CUDAEngine, threads=2), case.engine()
    rows = np.zeros((2, 50, COLUMNS))
    found, expected = gpu.run(50, rows[0], 1, 0), cpu.run(50, rows[1], 1, 0)
    assert found == expected
    assert not found[2]
    assert gpu.first_nonfinite() == cpu.first_nonfinite()
    assert np.array_equal(gpu.state, cpu.state)


# ---- a trainer ------------------------------------------------------------------------------


def small(layers: tuple[Dense, ...] = (Dense(3, "tanh", dropout=0.2),), **training) -> Experiment:  # type: ignore[no-untyped-def]
    return Experiment(
        data=DataConfig("xor", n_samples=24, noise=0.1),
        network=NetworkConfig(layers=layers),
        training=TrainingConfig(**{"optimizer": "adam", "batch_size": 5, **training}),
        seed=3,
    )


@pytest.fixture
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.Plan, "threads", property(lambda self: 2))


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes() + trainer.engine.slots.tobytes()


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.usefixtures("few_threads")
def test_a_trainer_does_all_that_one_of_the_cpu_does(normalization: str) -> None:
    layers = (Dense(3, "tanh", dropout=0.2, normalization=normalization),)
    gpu, cpu = Trainer(small(layers), backend="cuda"), Trainer(small(layers))
    for trainer in (gpu, cpu):
        assert trainer.step(4) == 4
        trainer.change(learning_rate=0.02, batch_size=3, regularizer="l2", regularization_rate=0.01)
        trainer.set_weight(0, 1, 2, 0.5)
        trainer.change(class_weight="balanced")
        assert trainer.epoch(2) > 4
    assert isinstance(gpu.engine, CUDAEngine)
    assert gpu.step_count == cpu.step_count
    np.testing.assert_allclose(gpu.params, cpu.params, rtol=1e-4, atol=1e-6)
    assert gpu.evaluate("test") == pytest.approx(cpu.evaluate("test"), rel=1e-4)
    for name in ("step", "batch_loss", "gradient_norm", "update_ratio"):
        np.testing.assert_allclose(gpu.history[name], cpu.history[name], rtol=1e-4)
    there = bits(gpu)
    other = gpu.branch()
    gpu.goto(2)
    gpu.goto(cpu.step_count)
    assert bits(gpu) == there
    assert gpu.run_for(0.001, max_steps=2) >= 1
    assert other.step(gpu.step_count - other.step_count) >= 1
    assert bits(other) == bits(gpu)
    assert isinstance(other.engine, CUDAEngine)


@pytest.mark.usefixtures("few_threads")
def test_a_trainer_that_diverges_says_where() -> None:
    found = []
    for backend in ("cuda", "cpu"):
        wild = small((Dense(3, "relu"),), loss="mean_squared_error", optimizer="sgd")
        trainer = Trainer(replace(wild, training=replace(wild.training, learning_rate=900.0)),
                          backend=backend)  # fmt: skip
        trainer.step(40)
        assert trainer.diverged is not None
        assert np.isfinite(trainer.params).all()
        found.append((trainer.diverged, trainer.step_count))
    assert found[0] == found[1]


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.usefixtures("few_threads")
def test_a_change_that_needs_too_much_memory_is_refused_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = Trainer(small(optimizer="muon"), backend="cuda")
    trainer.step(2)
    needed = trainer.engine._population.plan.shared_bytes
    monkeypatch.setattr("core.engine.cuda.devices.shared_bytes", lambda: needed)
    monkeypatch.setattr("core.engine.cuda.devices.free_bytes", lambda: 1000)
    with pytest.raises(ValueError, match="1000 are free"):
        trainer.change(batch_size=200)
    assert trainer.training.batch_size == 5
    assert trainer.step(2) == 2


@pytest.mark.usefixtures("few_threads")
def test_an_error_of_the_gpu_is_a_sentence_and_frees_its_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = Trainer(small(), backend="cuda")
    trainer.step(3)
    before = bits(trainer)

    def broken(*arguments: object) -> None:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    with monkeypatch.context() as patch:
        patch.setattr(Population, "_launch", broken)
        with pytest.raises(ValueError, match=r"ILLEGAL_ADDRESS.*backend 'cpu'"):
            trainer.step(2)
    assert trainer.engine._population._device == {}
    assert (bits(trainer), trainer.step_count) == (before, 3)
    assert trainer.step(2) == 2


def test_too_much_for_the_gpus_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = together([FEW[0].engine()])
    monkeypatch.setattr("core.engine.cuda.devices.free_bytes", lambda: 1000)
    with pytest.raises(ValueError, match="1000 are free"):
        made.run(1, np.zeros((1, 0, COLUMNS)), 99, np.zeros(1, np.int64))
    assert made._device == {}
