"""How long a step takes on the GPU, and on the CPU beside it: for `benchmarks/gpu.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.gpu_torch import RATE
from benchmarks.workloads import SEED, Workload

CPU_CORES = 2
NO_ROWS, NEVER = np.empty((0, 99)), 10**9


def engine_of(workload: Workload, seed: int, kind: Any, **more: Any) -> Any:
    """An engine of a kind, with the workload's data, first weights and plain SGD."""
    from core.engine.layout import Layout

    X, y = workload.data()
    binary = workload.sizes[-1] == 1
    Y = y[:, None].astype(np.float32) if binary else np.eye(workload.n_classes, dtype=np.float32)[y]
    hidden = (workload.activation,) * (len(workload.sizes) - 2)
    layout = Layout(workload.sizes, (*hidden, "sigmoid" if binary else "softmax"))
    engine = kind(layout, X, Y, loss=workload.loss, optimizer="sgd", seed=seed, **more)
    parts = [part.ravel() for pair in workload.weights() for part in pair]
    engine.params[:] = np.concatenate(parts)
    engine.configure(learning_rate=RATE, options=(0.0, 0.0), batch_size=workload.batch)
    return engine


def of_population(workload: Workload, networks: int, n_steps: int) -> float:
    """Microseconds a step of the whole population, without history."""
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.population import Population

    engines = [engine_of(workload, SEED + k, CPUEngine) for k in range(networks)]
    first = engines[0]
    made = Population([e.layout for e in engines], first.X, first.Y, n_slots=len(first.slots))
    made.configure([e._settings for e in engines])
    made.params[:] = [e.params for e in engines]
    rows, n_rows = np.empty((networks, 0, made._columns)), np.zeros(networks, np.int64)
    us = timed(lambda n: made.run(n, rows, NEVER, n_rows), n_steps)
    made.free()
    return us


def of_large(workload: Workload, n_steps: int, *, tf32: bool) -> tuple[float, str]:
    """Microseconds a step of one large network, without history; and why not as a graph, or ""."""
    from core.engine.cuda.engine import CUDAEngine

    engine = engine_of(workload, SEED, CUDAEngine, large=True, tf32=tf32)
    us = timed(lambda n: engine.run(n, NO_ROWS, NEVER, 0), n_steps)
    problem = engine._large._loaded.machine.not_captured
    engine.free()
    return us, problem


def timed(run: Callable[[int], object], n_steps: int) -> float:
    """Microseconds a step after a warm-up, by the device's events; a run ends when all is done."""
    from numba import cuda

    from core.engine.cuda import devices

    run(max(n_steps // 20, 10))
    start, end = cuda.event(), cuda.event()
    start.record()
    run(n_steps)
    end.record()
    end.synchronize()
    if devices.is_simulated():  # its events tell no time
        return float("nan")
    return 1e3 * float(start.elapsed_time(end)) / n_steps


def of_cpu(workload: Workload, n_steps: int) -> float:
    """Microseconds a step of networks on the CPU, where each thread takes one after another."""
    from core.engine.cpu import CPUEngine

    engines = [engine_of(workload, SEED + k, CPUEngine) for k in range(CPU_CORES)]
    with ThreadPoolExecutor(CPU_CORES) as pool:
        list(pool.map(lambda e: e.run(n_steps // 20 + 1, NO_ROWS, NEVER, 0), engines))
        start = time.perf_counter()
        list(pool.map(lambda e: e.run(n_steps, NO_ROWS, NEVER, 0), engines))
    return 1e6 * (time.perf_counter() - start) / (CPU_CORES * n_steps)
