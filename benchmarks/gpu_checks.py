"""Whether what the GPU computes is right: for `benchmarks/gpu.py`."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np

from benchmarks.gpu_timing import NEVER, NO_ROWS, engine_of
from benchmarks.workloads import SEED, Workload
from tests import cuda_cases
from tests.cuda_cases import COLUMNS, FEW, STEPS, Case

ALLOWED = 1e-4  # of the way that the parameters moved
SLACK = 2**26  # bytes by which a GPU's free memory may differ from what was asked of it


class Findings:
    """What was wrong, how far off the farthest was, and which targets were measured."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.measured: set[str] = set()
        self.worst = 0.0

    def near(self, what: str, params: np.ndarray, expected: np.ndarray, moved: float) -> None:
        """Parameters after STEPS steps, on the GPU and on the CPU, and how far these moved."""
        off = float(np.linalg.norm(params - expected)) / moved
        self.worst = max(self.worst, off)
        if not off <= ALLOWED:
            self.wrong.append(f"{what}: {off:.1e} of the way off after {STEPS} steps")

    def rows(self, what: str, rows: np.ndarray, expected: np.ndarray) -> None:
        if not np.allclose(rows, expected, rtol=1e-4, atol=1e-6):
            self.wrong.append(f"{what}: other rows of history")

    def close(self, what: str, found: Any, expected: Any) -> None:
        if not np.allclose(found, expected, rtol=1e-4, atol=1e-5):
            self.true(f"{what}: not those of the CPU", False)

    def true(self, what: str, holds: bool) -> None:
        if not holds:
            self.wrong.append(what)

    def same(self, what: str, alike: bool) -> None:
        if not alike:
            self.wrong.append(f"{what}: other bits")

    def told(self) -> int:
        """Print all of it; returns what a script exits with."""
        print(
            f"Farthest from the CPU after {STEPS} steps: {self.worst:.1e} of the way "
            f"({ALLOWED} is allowed)"
        )
        print("\n".join(["WRONG:", *self.wrong]) if self.wrong else "All checks passed.")
        return 1 if self.wrong else 0


def way(params: np.ndarray, others: np.ndarray) -> float:
    """How far it is from one to the other."""
    return float(np.linalg.norm(params - others))


def check_blocks(found: Findings, cases: dict[str, Case], changes: list[str]) -> None:
    """Networks that fit a block, all of them at once. changes: of images."""
    alone = [run_alone(case) for case in FEW]
    together = cuda_cases.side_by_side(None, cases)
    for name, (params, expected, rows, expected_rows, before) in together.items():
        found.near(name, params, expected, way(expected, before))
        found.rows(name, rows, expected_rows)
    crowd, again = cuda_cases.a_few(None), cuda_cases.a_few(None)
    found.same("the same run twice", np.array_equal(crowd.params, again.params))
    found.same("a population and single runs", np.array_equal(crowd.params, np.stack(alone)))
    sliced = np.stack([run_alone(case, 5) for case in FEW])
    found.same("one call and slices", np.array_equal(crowd.params, sliced))
    found.same("orders and the CPU's", orders_are_the_cpus(crowd))
    for change in changes:
        check_images(found, change)


def check_images(found: Findings, change: str) -> None:
    """Images that are changed before a network learns from them."""
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    params, _ = cuda_cases.learn_images(CUDAEngine, change, STEPS)
    expected, moved = cuda_cases.learn_images(CPUEngine, change, STEPS)
    found.near(change, params, expected, moved)


def check_large(found: Findings, cases: dict[str, Case]) -> None:
    """The same networks, taken for large ones, one after another."""
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    for name, case in cases.items():
        gpu, cpu = large(case), case.engine()
        before, rows = cpu.params.copy(), np.zeros((2, STEPS // 3, COLUMNS))
        for engine, written in zip((gpu, cpu), rows, strict=True):
            engine.run(STEPS, written, 3, 0)
        gpu.free()
        found.near(f"{name}, as a large one", gpu.params, cpu.params, way(cpu.params, before))
        found.rows(f"{name}, as a large one", *rows)
    (thin, _), (expected, moved) = (
        cuda_cases.learn_entries(kind, STEPS) for kind in (CUDAEngine, CPUEngine)
    )
    found.near("sparse samples", thin, expected, moved)
    one, again, sliced = (run_alone(FEW[0], n, large=True) for n in (14, 14, 5))
    found.same("the same large network twice", np.array_equal(one, again))
    found.same("a large network in one call and in slices", np.array_equal(one, sliced))


def check_sizes(found: Findings, block: Workload, large: list[Workload]) -> None:
    """Networks as they are timed."""
    check_block(found, block)
    for workload in large:
        check_workload(found, workload)
        check_judged(found, workload)
    check_upkeep(found, large[0])


def check_block(found: Findings, workload: Workload) -> None:
    """A network in a block at its size: W3 asks for more memory than every GPU gives unasked."""
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    cpu, gpu = (engine_of(workload, SEED, kind) for kind in (CPUEngine, CUDAEngine))
    before = cpu.params.copy()
    for engine in (cpu, gpu):
        engine.run(STEPS, NO_ROWS, NEVER, 0)
    found.near(f"{workload.name}, a block", gpu.params, cpu.params, way(cpu.params, before))


def check_workload(found: Findings, workload: Workload) -> None:
    """A large network at its size, with the CPU's engine beside it."""
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    cpu = engine_of(workload, SEED, CPUEngine)
    before = cpu.params.copy()
    cpu.run(STEPS, NO_ROWS, NEVER, 0)
    for tf32 in (False, True):
        gpu = engine_of(workload, SEED, CUDAEngine, large=True, tf32=tf32)
        gpu.run(STEPS, NO_ROWS, NEVER, 0)
        gpu.free()
        if not tf32:
            found.near(workload.name, gpu.params, cpu.params, way(cpu.params, before))
        off = way(gpu.params, cpu.params) / way(cpu.params, before)
        print(f"{workload.name}, {'TF32' if tf32 else 'float32'}: {off:.1e} of the way off")


def large(case: Case) -> Any:
    """An engine of the GPU that takes a network for a large one."""
    from core.engine.cuda.engine import CUDAEngine

    return case.engine(CUDAEngine, large=True)


def run_alone(case: Case, at_a_time: int = 14, **more: Any) -> np.ndarray:
    """Parameters of one network after 14 steps."""
    from core.engine.cuda.engine import CUDAEngine

    engine, left = case.engine(CUDAEngine, **more), 14
    while left:
        left -= engine.run(min(at_a_time, left), NO_ROWS, NEVER, 0)[0]
    params: np.ndarray = engine.params.copy()
    engine.free()
    return params


def orders_are_the_cpus(made: Any) -> bool:
    """Whether every order that a population's GPU has drawn is the one of `core.maths.random`."""
    from core.engine.memory import SEED as PLACE
    from core.maths import random

    drawn, orders = (made._device[name].copy_to_host() for name in ("drawn", "orders"))
    return all(
        np.array_equal(
            orders[k, row],
            random.permutation(int(made._codes[k, PLACE]), random.SHUFFLE, epoch, orders.shape[2]),
        )
        for k, row in np.argwhere(drawn >= 0)
        for epoch in [int(drawn[k, row])]
    )


# ---- evaluations, memory, errors ------------------------------------------------------------


def check_judged(found: Findings, workload: Workload) -> None:
    """A large network's losses and outputs on its samples, launched one by one and as graphs."""
    from core.engine import cpu as on_cpu
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    cpu, gpu = engine_of(workload, SEED, CPUEngine), run_a_little(workload, CUDAEngine)
    few = slice(gpu._large._plan.rest.rows)
    X, Y = cpu.X[few], cpu.Y[few]
    expected, outputs = on_cpu.loss_sums(gpu.layout, gpu.params, X, Y, workload.loss)
    runs = [gpu.sums(X, Y) for _ in range(3)]
    problem = gpu._large._loaded.machine.not_captured
    gpu.free()
    if problem:
        found.wrong.append(f"{workload.name}, judged: launched one by one, not captured: {problem}")
    for total, made in runs:
        found.same(f"{workload.name}, judged again", np.array_equal(made, runs[0][1]))
        found.same(f"{workload.name}, judged again", total == runs[0][0])
        found.close(f"{workload.name}, loss", total, expected)
        found.close(f"{workload.name}, outputs", made, outputs)


def check_upkeep(found: Findings, workload: Workload) -> None:
    """A large network takes the memory that it says, gives it back, and also after an error."""
    from core.engine.cuda import devices
    from core.engine.cuda.engine import CUDAEngine
    from core.refusals import Refusal

    run_a_little(workload, CUDAEngine).free()  # what its kernels take stays
    before = devices.free_bytes()
    engine = run_a_little(workload, CUDAEngine)
    taken, held = before - devices.free_bytes(), engine.held_bytes
    engine.free()
    left = before - devices.free_bytes()
    with broken_products():
        try:
            engine.run(3, NO_ROWS, NEVER, 0)
            found.wrong.append("an error of the GPU: nobody was told")
        except Refusal as refusal:
            found.true("an error of the GPU: told as one", "broken on purpose" in str(refusal))
    left_then = before - devices.free_bytes()
    engine.run(3, NO_ROWS, NEVER, 0)
    expected = run_a_little(workload, CUDAEngine, more=3)
    found.same("a run after an error", np.array_equal(engine.params, expected.params))
    for made in (engine, expected):
        made.free()
    if not devices.is_simulated():  # it has no memory of its own
        what = f"memory: {taken} bytes taken where {held} are told, {left} kept, {left_then} later"
        found.true(what, 0.9 * held < taken < held + SLACK and max(left, left_then) < SLACK)


def run_a_little(workload: Workload, kind: Any, *, more: int = 0) -> Any:
    """A large network after some steps, launched one by one and as a graph."""
    engine = engine_of(workload, SEED, kind, large=True)
    for n_steps in (5, more):
        engine.run(n_steps, NO_ROWS, NEVER, 0)
    return engine


def broken_products() -> Any:
    """While it is entered, whatever is to be multiplied for large networks fails."""
    from core.engine.cuda import devices
    from core.engine.cuda.large.products import CuBLAS, NumPyProducts

    def multiply(*arguments: object, **turned: bool) -> None:
        raise RuntimeError("broken on purpose")

    kind = NumPyProducts if devices.is_simulated() else CuBLAS
    return mock.patch.object(kind, "multiply", multiply)
