"""Large networks on the GPU, in Numba's simulator: `tests/test_cuda.py` runs these, in a process
of their own. The networks are tiny, and taken for large ones.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numba import config
from numba.cuda.simulator.kernel import FakeCUDAKernel

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine import memory
from core.engine.cpu import CPUEngine
from core.engine.cuda import devices
from core.engine.cuda.engine import CUDAEngine
from core.engine.cuda.large import (
    arrays,
    backward,
    forward,
    grid,
    loaded,
    machine,
    muon,
    network,
    normalizing,
    outputs,
    update,
)
from core.engine.cuda.large.machine import Simulated
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.plan import Plan
from core.engine.cuda.warm import warm
from core.engine.layout import Layout
from tests import cuda_cases, simulator
from tests.cuda_cases import (
    CASES,
    CHANGES,
    COLUMNS,
    FEW,
    STEPS,
    THIN,
    Case,
    Y,
    learn_images,
    with_entries,
)

assert config.ENABLE_CUDASIM
simulator.install()


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (grid, backward, muon, normalizing, outputs, update):
        for name in {"PARTS", "PIECE_PARTS"} & set(vars(module)):
            monkeypatch.setattr(module, name, 4)
    monkeypatch.setattr(update, "TILE", 2)
    monkeypatch.setattr(update, "TILE_PARTS", 8)
    monkeypatch.setattr(arrays, "PIECE", 5)


@pytest.fixture
def direct() -> Iterator[None]:
    with simulator.launched_directly():
        yield


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("name", CASES)
def test_the_same_numbers_as_on_the_cpu(name: str) -> None:
    gpu, cpu = CASES[name].engine(CUDAEngine, large=True), CASES[name].engine()
    columns = memory.N_COLUMNS + 3 * cpu.layout.n_layers
    before, rows = cpu.params.copy(), np.zeros((2, STEPS // 3, columns))
    for engine, found in zip((gpu, cpu), rows, strict=True):
        assert engine.run(STEPS, found, 3, 0) == (STEPS, STEPS // 3, True)
    moved = np.linalg.norm(cpu.params - before)
    assert np.linalg.norm(gpu.params - cpu.params) <= 1e-4 * moved
    np.testing.assert_allclose(*rows, rtol=1e-4, atol=1e-6)
    assert np.array_equal(rows[0][:, [0, 1]], rows[1][:, [0, 1]])
    assert np.array_equal(gpu.state, cpu.state)


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("change", CHANGES)
def test_images_change_as_on_the_cpu(change: str) -> None:
    params, _ = learn_images(CUDAEngine, change, 6, large=True)
    expected, moved = learn_images(CPUEngine, change, 6)
    assert np.linalg.norm(params - expected) <= 1e-5 * moved


# ---- bits -----------------------------------------------------------------------------------


MORE = {"global_clip_norm": 0.3, "regularizer": "l2", "regularization_rate": 0.01}
WITH_SUMS = (
    Case(optimizer="adam", arguments={**FEW[0].arguments, **MORE}),
    Case(optimizer="muon", normalization="batch", arguments={"mixup": 0.3, "clip_norm": 0.1}),
    Case(optimizer="muon", normalization="layer", arguments={"dropout": (0.2,)}),
)
"""All that needs sums over several threads, or that one thread leaves for another."""


def few_steps(slices: tuple[int, ...] = (14,)) -> list[bytes]:
    """Runs of these; returns their bits and those of their rows."""
    found = []
    for case in WITH_SUMS:
        engine, rows, n_rows = case.engine(CUDAEngine, large=True), np.zeros((4, COLUMNS)), 0
        for n in slices:
            done, n_rows, sound = engine.run(n, rows, 3, n_rows)
            assert (done, sound) == (n, True)
        found += [engine.params.tobytes(), engine.slots.tobytes(), rows.tobytes()]
    return found


@pytest.fixture
def whole() -> list[bytes]:
    with simulator.launched_directly():
        return few_steps()


@pytest.mark.parametrize(("grid", "backwards"), [((1, 3), True), ((3, 4), False), ((3, 4), True)])
def test_threads_and_blocks_change_no_bit(
    monkeypatch: pytest.MonkeyPatch, whole: list[bytes], grid: tuple[int, int], backwards: bool
) -> None:
    """Nor does it matter which of them is first between two barriers."""
    monkeypatch.setattr(Simulated, "grid", grid)
    monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
    assert few_steps() == whole


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit_of_images(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Rows of 24 numbers: a thread has several of them, or not."""
    with simulator.launched_directly():
        whole, _ = learn_images(CUDAEngine, "mixtures of images", 3, large=True)
    monkeypatch.setattr(Simulated, "grid", (2, threads))
    assert np.array_equal(learn_images(CUDAEngine, "mixtures of images", 3, large=True)[0], whole)


@pytest.mark.usefixtures("direct")
def test_slicing_changes_no_bit(monkeypatch: pytest.MonkeyPatch, whole: list[bytes]) -> None:
    """By the caller, or where there is little room for orders or rows on the GPU."""
    assert few_steps((1, 4, 2, 7)) == whole
    monkeypatch.setattr(network, "AT_A_TIME", 4)
    monkeypatch.setattr(LargePlan, "ahead", property(lambda self: 1))
    monkeypatch.setattr(LargePlan, "row_capacity", property(lambda self: 3))
    assert few_steps() == whole


@pytest.mark.usefixtures("direct")
def test_rows_stop_when_full() -> None:
    gpu, cpu = FEW[0].engine(CUDAEngine, large=True), FEW[0].engine()
    rows = np.zeros((2, COLUMNS))
    assert gpu.run(9, rows, 2, 0) == cpu.run(9, rows.copy(), 2, 0) == (5, 2, True)


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("rate", [1e3, 1e39])
def test_a_diverging_run_stops_where_it_does_on_the_cpu(rate: float) -> None:
    case = Case("relu", "linear", "mean_squared_error", arguments={"learning_rate": rate})
    gpu, cpu = case.engine(CUDAEngine, large=True), case.engine()
    rows = np.zeros((2, 50, COLUMNS))
    found, expected = gpu.run(50, rows[0], 1, 0), cpu.run(50, rows[1], 1, 0)
    assert found == expected
    assert not found[2]
    assert gpu.first_nonfinite() == cpu.first_nonfinite()
    assert np.array_equal(gpu.state, cpu.state)


# ---- a trainer ------------------------------------------------------------------------------


def small(**training: object) -> Experiment:
    return Experiment(
        data=DataConfig("xor", n_samples=24, noise=0.1),
        network=NetworkConfig(layers=(Dense(3, "tanh", dropout=0.2),)),
        training=TrainingConfig(**{"optimizer": "adam", "batch_size": 5, **training}),  # type: ignore[arg-type]
        seed=3,
    )


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes() + trainer.engine.slots.tobytes()


@pytest.fixture
def blocks_of_batch_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block has room for what `small` is, and no more."""
    room = Plan(Layout((2, 3, 1), ("tanh", "sigmoid")), 5, 2, dropout=True).shared_bytes
    monkeypatch.setattr(devices, "shared_bytes", lambda: room)
    monkeypatch.setattr(Plan, "threads", property(lambda self: 2))


@pytest.mark.usefixtures("direct", "blocks_of_batch_5")
def test_a_run_changes_between_block_and_grid_and_replays() -> None:
    gpu, cpu = Trainer(small(), backend="cuda"), Trainer(small())
    kinds = []
    for trainer in (gpu, cpu):
        trainer.step(3)
        trainer.change(batch_size=7, regularizer="l2", regularization_rate=0.01)
        trainer.set_weight(0, 1, 2, 0.5)
        kinds.append(getattr(trainer.engine, "is_large", None))
        trainer.step(2)
        trainer.change(class_weight="balanced", clip_norm=0.1)
        trainer.epoch(1)
        trainer.change(batch_size=4)
        kinds.append(getattr(trainer.engine, "is_large", None))
        trainer.step(2)
    assert kinds == [True, False, None, None]
    np.testing.assert_allclose(gpu.params, cpu.params, rtol=1e-4, atol=1e-6)
    for name in ("step", "batch_loss", "gradient_norm", "update_ratio"):
        np.testing.assert_allclose(gpu.history[name], cpu.history[name], rtol=1e-4)
    there = bits(gpu)
    gpu.goto(4)
    assert gpu.engine.is_large
    gpu.goto(cpu.step_count)
    assert bits(gpu) == there


# ---- memory ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("direct")
def test_too_much_for_the_gpus_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FEW[0].engine(CUDAEngine, large=True)
    monkeypatch.setattr(devices, "free_bytes", lambda: 1000)
    monkeypatch.setattr(loaded, "Simulated", None)  # nothing is allocated, cuBLAS's workspace too
    with pytest.raises(ValueError, match="1000 are free"):
        engine.run(1, np.zeros((0, COLUMNS)), 99, 0)


@pytest.mark.usefixtures("direct")
def test_bytes_are_those_of_the_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that the GPU is asked for, with what evaluations take: nothing comes later."""
    taken, empty = [], Simulated.empty

    def noted(self: Simulated, shape: tuple[int, ...], kind: type) -> Any:
        taken.append(empty(self, shape, kind))
        return taken[-1]

    monkeypatch.setattr(Simulated, "empty", noted)
    cases = [*WITH_SUMS, Case(sizes=(2, 9, 2))]
    judged = arrays.Extent(30, None), arrays.Extent(12, None), arrays.Extent(7, None)
    engines = [case.engine(CUDAEngine, large=True, judged=judged) for case in cases]
    engines.append(with_entries(CUDAEngine))
    for engine in engines:
        taken.clear()
        engine.run(3, np.zeros((4, COLUMNS)), 2, 0)
        X = THIN if engine is engines[-1] else cuda_cases.X
        for _ in range(2):
            assert engine.sums(X, Y) is not None
        held = sum(array.nbytes for array in taken) + arrays.WORKSPACE
        assert held == engine.held_bytes == engine._large._plan.device_bytes


def test_bytes_of_a_large_network_are_few() -> None:
    plan = LargePlan(Layout((784, 1024, 1024, 10), ("relu", "relu", "softmax")), 10_000, 256, 2)
    assert {*plan.shapes, "across"} == set(arrays.Arrays._fields)
    assert plan.device_bytes < 2**28
    assert plan.rest.piece == 1024


@pytest.mark.usefixtures("direct")
def test_what_is_learnt_is_copied_only_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, nothing = FEW[0].engine(CUDAEngine, large=True), np.zeros((0, COLUMNS))
    expected = FEW[0].engine(CUDAEngine, large=True)
    engine.run(2, nothing, 99, 0)
    waited, sent, by_itself = noted_copies(monkeypatch)
    n = engine.layout.n_parameters
    engine.run(2, nothing, 99, 0)
    engine.run(2, nothing, 99, 0)
    assert n not in waited + sent + by_itself
    params = engine.params
    assert waited.count(n) == 1
    params[0] += 1.0
    engine.run(2, nothing, 99, 0)
    assert sent.count(n) == 1
    slots = engine.slots.copy()
    assert waited.count(n) == 1 + len(slots)
    expected.run(6, nothing, 99, 0)
    expected.params[0] += 1.0
    expected.run(2, nothing, 99, 0)
    assert np.array_equal(engine.params, expected.params)
    assert np.array_equal(slots, expected.slots)
    engine.free()
    assert np.array_equal(engine.params, expected.params)


@pytest.mark.usefixtures("direct")
def test_looking_costs_a_copy_that_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, expected = (FEW[0].engine(CUDAEngine, large=True) for _ in range(2))
    nothing, n = np.zeros((0, COLUMNS)), engine.layout.n_parameters
    engine.run(2, nothing, 99, 0)
    seen = [engine.view("params").copy()]  # the first look has to wait
    waited, sent, by_itself = noted_copies(monkeypatch)
    for _ in range(3):
        engine.run(2, nothing, 99, 0)
        seen.append(engine.view("params").copy())
        assert np.array_equal(engine.view("params"), seen[-1])
    assert by_itself.count(n) == 3
    for _ in range(2):
        engine.run(2, nothing, 99, 0)
    assert by_itself.count(n) == 4  # the last run was watched by nobody
    assert n not in waited + sent
    assert not engine.view("params").flags.writeable
    for found in seen:
        expected.run(2, nothing, 99, 0)
        assert np.array_equal(found, expected.params)


def noted_copies(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int], list[int]]:
    """Sizes of arrays that were waited for, sent, and copied without waiting, from now on."""
    copied: dict[str, list[int]] = {"fetch": [], "fetch_to": [], "send": [], "begin_fetch": []}
    for name, sizes in copied.items():
        whole = getattr(Simulated, name)

        def noted(
            self: Simulated, *arrays: Any, whole: Any = whole, sizes: list[int] = sizes
        ) -> Any:
            sizes.append(arrays[0].size)
            return whole(self, *arrays)

        monkeypatch.setattr(Simulated, name, noted)
    return copied["fetch_to"], copied["send"], copied["begin_fetch"]


@pytest.mark.usefixtures("direct")
def test_an_error_of_the_gpu_is_a_sentence_and_frees_its_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FEW[0].engine(CUDAEngine, large=True)
    nothing = np.zeros((0, COLUMNS))
    engine.run(2, nothing, 99, 0)
    before = engine.params.copy()

    there: list[weakref.ref[Any]] = []
    empty = Simulated.empty

    def noted(self: Simulated, shape: tuple[int, ...], kind: type) -> Any:
        array = empty(self, shape, kind)
        there.append(weakref.ref(array))
        return array

    def broken(*arguments: object, **turned: bool) -> None:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    with monkeypatch.context() as patch:
        patch.setattr(machine.NumPyProducts, "multiply", broken)
        patch.setattr(Simulated, "empty", noted)
        engine.free()
        with pytest.raises(ValueError, match=r"ILLEGAL_ADDRESS.*backend 'cpu'") as told:
            engine.run(2, nothing, 99, 0)
        assert len(there) > 40
        assert [(what().shape, what().dtype) for what in there if what() is not None] == []
        assert told.value.__cause__ is not None
    assert engine._large._loaded is None
    assert np.array_equal(engine.params, before)
    assert engine.run(2, nothing, 99, 0) == (2, 0, True)


@pytest.mark.usefixtures("direct")
def test_all_kernels_are_made_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ready: set[Any] = set()
    call = Simulated.call

    def noted(self: Simulated, kernel: Any, *arguments: Any) -> Any:
        launch = call(self, kernel, *arguments)

        def launched() -> None:
            ready.add(kernel)
            launch()

        return launched

    with monkeypatch.context() as patch:  # undone before that of `direct`
        patch.setattr(Simulated, "call", noted)
        warm(large=True)
    modules = (forward, backward, normalizing, outputs, update, muon)
    there = [what for module in modules for what in vars(module).values()]
    kernels = {k for k in there if isinstance(k, FakeCUDAKernel) and not k._device}
    assert len(kernels) > 20
    assert {k.fn.__name__ for k in kernels - ready} == set()
