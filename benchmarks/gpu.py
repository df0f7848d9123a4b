"""The GPU engine on a real GPU: is it right, and how fast? Under five minutes.

    python benchmarks/gpu.py

First the checks: every activation, loss, optimizer, regularizer, schedule and setting within 1e-4
of the CPU after 100 steps, orders equal bit for bit, and the same bits in any company, sliced or
not. Then the targets that there is code for, timed with device events after a warm-up; what they
are set against (the CPU on two cores, PyTorch if it sees the GPU) is timed in the same run.
`--quick` takes a hundredth of the steps, to see that the script runs.
Exits with 1 if there is no GPU or a check fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("NEURAL_PLAYGROUND_THREADS", "1")  # the CPU's networks are shared out below

import numpy as np

from benchmarks.gpu_slices import time_slices
from benchmarks.workloads import SEED, WORKLOADS, Workload
from core.engine.cuda import devices

NETWORKS, CPU_CORES, RATE = 1024, 2, 0.01
NO_ROWS, NEVER = np.empty((0, 99)), 10**9
NOT_BUILT = {
    "W4": "level with a PyTorch CUDA graph in float32",
    "W6": "within 15% of PyTorch, TF32 off and on",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    share = 100 if parser.parse_args().quick else 1
    reason = devices.why_not()
    if reason is not None:
        print(f"No GPU can be used: {reason}.")
        return 1
    right = check()
    time_targets(share)
    time_slices(share)
    for name, target in NOT_BUILT.items():
        print(f"{name}: {target}: {refusal(WORKLOADS[name])}")
    return 0 if right else 1


# ---- is it right? ---------------------------------------------------------------------------


def check() -> bool:
    """Print what is wrong; returns whether nothing is."""
    from tests.cuda_cases import FEW, STEPS, a_few, side_by_side

    start = time.perf_counter()
    alone = [run_alone(case) for case in FEW]
    print(f"Compiling and a first run: {time.perf_counter() - start:.1f} s")
    wrong, worst = [], 0.0
    for name, (params, expected, rows, expected_rows, moved) in side_by_side(None).items():
        off = float(np.linalg.norm(params - expected) / moved)
        worst = max(worst, off)
        if not (off <= 1e-4 and np.allclose(rows, expected_rows, rtol=1e-4, atol=1e-6)):
            wrong.append(f"{name}: {off:.1e} of the way off after {STEPS} steps")
    crowd, again, sliced = a_few(None), a_few(None), np.stack([run_alone(c, 5) for c in FEW])
    for what, same in (
        ("the same run twice", np.array_equal(crowd.params, again.params)),
        ("a population and single runs", np.array_equal(crowd.params, np.stack(alone))),
        ("one call and slices", np.array_equal(crowd.params, sliced)),
        ("orders and the CPU's", orders_are_the_cpus(crowd)),
    ):
        if not same:
            wrong.append(f"{what}: other bits")
    print(f"Farthest from the CPU after {STEPS} steps: {worst:.1e} of the way (1e-4 is allowed)")
    print("\n".join(["WRONG:", *wrong]) if wrong else "All checks passed.")
    return not wrong


def run_alone(case: Any, at_a_time: int = 14) -> np.ndarray:
    """Parameters of one network after 14 steps."""
    from core.engine.cuda.engine import CUDAEngine

    engine, left = case.engine(CUDAEngine), 14
    while left:
        left -= engine.run(min(at_a_time, left), NO_ROWS, NEVER, 0)[0]
    return engine.params.copy()


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


# ---- how fast? ------------------------------------------------------------------------------


def time_targets(share: int) -> None:
    print(f"\n{'':34}{'us a step':>12}{'steps/s':>16}{'times':>10}  target")
    w1 = WORKLOADS["W1"]
    networks = max(NETWORKS // share, 2)
    gpu = of_population(w1, networks, max(20_000 // share, 50)) / networks
    line(f"W1, {networks} networks, GPU", gpu)
    cpu = of_cpu(w1, max(400_000 // share, 50))
    line(f"W1, as many, CPU, {CPU_CORES} threads", cpu, gpu=gpu, target="100x, aim 200x")
    for name in ("W1", "W2"):
        alone = of_population(WORKLOADS[name], 1, max(200_000 // share, 50))
        line(f"{name} alone, GPU", alone)
        for label, seconds, target in of_torch(WORKLOADS[name], max(3000 // share, 20)):
            line(f"{name} alone, {label}", 1e6 * seconds, gpu=alone, target=target)


def line(what: str, us: float, *, gpu: float | None = None, target: str = "") -> None:
    times = "" if gpu is None else f"{us / gpu:.1f}"
    print(f"{what:34}{us:12.3f}{1e6 / us:16,.0f}{times:>10}  {target}")


def engine_of(workload: Workload, seed: int, kind: Any) -> Any:
    """An engine of a kind, with the workload's data, first weights and plain SGD."""
    from core.engine.layout import Layout

    X, y = workload.data()
    binary = workload.sizes[-1] == 1
    Y = y[:, None].astype(np.float32) if binary else np.eye(workload.n_classes, dtype=np.float32)[y]
    hidden = (workload.activation,) * (len(workload.sizes) - 2)
    layout = Layout(workload.sizes, (*hidden, "sigmoid" if binary else "softmax"))
    engine = kind(layout, X, Y, loss=workload.loss, optimizer="sgd", seed=seed)
    parts = [part.ravel() for pair in workload.weights() for part in pair]
    engine.params[:] = np.concatenate(parts)
    engine.configure(learning_rate=RATE, options=(0.0, 0.0), batch_size=workload.batch)
    return engine


def of_population(workload: Workload, networks: int, n_steps: int) -> float:
    """Microseconds a step of the whole population, by device events, without history."""
    from numba import cuda

    from core.engine.cpu import CPUEngine
    from core.engine.cuda.population import Population

    engines = [engine_of(workload, SEED + k, CPUEngine) for k in range(networks)]
    first = engines[0]
    made = Population([e.layout for e in engines], first.X, first.Y, n_slots=len(first.slots))
    made.configure([e._settings for e in engines])
    made.params[:] = [e.params for e in engines]
    rows, n_rows = np.empty((networks, 0, made._columns)), np.zeros(networks, np.int64)
    made.run(max(n_steps // 20, 10), rows, NEVER, n_rows)
    start, end = cuda.event(), cuda.event()
    start.record()
    made.run(n_steps, rows, NEVER, n_rows)
    end.record()
    end.synchronize()
    if devices.is_simulated():
        return float("nan")
    return 1e3 * start.elapsed_time(end) / n_steps


def of_cpu(workload: Workload, n_steps: int) -> float:
    """Microseconds a step of networks on the CPU, where each thread takes one after another."""
    from core.engine.cpu import CPUEngine

    engines = [engine_of(workload, SEED + k, CPUEngine) for k in range(CPU_CORES)]
    with ThreadPoolExecutor(CPU_CORES) as pool:
        list(pool.map(lambda e: e.run(n_steps // 20 + 1, NO_ROWS, NEVER, 0), engines))
        start = time.perf_counter()
        list(pool.map(lambda e: e.run(n_steps, NO_ROWS, NEVER, 0), engines))
    return 1e6 * (time.perf_counter() - start) / (CPU_CORES * n_steps)


def of_torch(workload: Workload, n_steps: int) -> list[tuple[str, float, str]]:
    """Label, seconds a step and target: PyTorch, eager and as a CUDA graph, data on the GPU."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: nothing to set this against.")
        return []
    if not torch.cuda.is_available():
        print("PyTorch sees no GPU: nothing to set this against.")
        return []
    from benchmarks.contenders.torch_eager import build

    model, criterion = build(workload)
    model.cuda()
    X, y = (torch.from_numpy(a).cuda() for a in workload.data())
    Y = y[:, None].float() if workload.sizes[-1] == 1 else y
    x, target = X[: workload.batch].clone(), Y[: workload.batch].clone()
    update = torch.optim.SGD(model.parameters(), lr=RATE)

    def step() -> None:
        update.zero_grad(set_to_none=False)
        criterion(model(x), target).backward()
        update.step()

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # PyTorch's own advice before a capture
        for _ in range(11):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    rows = torch.arange(workload.batch, device="cuda")

    def replay() -> None:
        torch.index_select(X, 0, rows, out=x)
        torch.index_select(Y, 0, rows, out=target)
        graph.replay()

    return [
        ("PyTorch eager", torch_seconds(step, n_steps), "10x"),
        ("PyTorch CUDA graph", torch_seconds(replay, n_steps), "3x"),
    ]


def torch_seconds(step: Callable[[], None], n_steps: int) -> float:
    """Seconds a step, by device events."""
    import torch

    for _ in range(n_steps // 10):
        step()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(n_steps):
        step()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / n_steps


def refusal(workload: Workload) -> str:
    """What a person is told of a network that is not built yet."""
    from core.engine.cuda.engine import CUDAEngine

    try:
        engine_of(workload, SEED, CUDAEngine)
    except ValueError as error:
        return str(error)
    return "it fits a block, but was not timed"


if __name__ == "__main__":
    sys.exit(main())
