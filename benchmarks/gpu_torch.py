"""PyTorch on the workloads that `benchmarks/gpu.py` times, samples on the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.workloads import Workload

RATE = 0.01


def why_not(device: str) -> str | None:
    """Why nothing can be set against PyTorch; None if it can."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed"
    if device == "cuda" and not torch.cuda.is_available():
        return "PyTorch sees no GPU"
    return None


def seconds_a_step(
    workload: Workload, n_steps: int, *, tf32: bool = False, device: str = "cuda"
) -> dict[str, float]:
    """ "PyTorch eager", and "PyTorch CUDA graph" where there is a GPU; plain SGD.

    Every step takes the same samples, which costs what taking others would.
    """
    import torch

    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    step = made(workload, device)
    found = {"PyTorch eager": timed(step, n_steps, device)}
    if device == "cuda":
        found["PyTorch CUDA graph"] = timed(captured(step), n_steps, device)
    torch.set_float32_matmul_precision("highest")
    return found


def made(workload: Workload, device: str) -> Callable[[], None]:
    """A step of training: samples taken, forward, backward, update."""
    import torch

    from benchmarks.contenders.torch_eager import build

    model, criterion = build(workload)
    model.to(device)
    X, y = (torch.from_numpy(a).to(device) for a in workload.data())
    Y = y[:, None].float() if workload.sizes[-1] == 1 else y
    rows = torch.arange(workload.batch, device=device)
    update = torch.optim.SGD(model.parameters(), lr=RATE, fused=True)

    def step() -> None:
        update.zero_grad(set_to_none=True)
        x, target = torch.index_select(X, 0, rows), torch.index_select(Y, 0, rows)
        criterion(model(x), target).backward()
        update.step()

    return step


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """A step as one CUDA graph."""
    import torch

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # PyTorch's own advice before a capture
        for _ in range(11):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):  # gradients are let go first, and made anew in its own memory
        step()
    replay: Callable[[], None] = graph.replay
    return replay


def timed(step: Callable[[], Any], n_steps: int, device: str) -> float:
    """Seconds a step after a warm-up, by the device's events where it has them."""
    import torch

    for _ in range(n_steps // 10 + 3):
        step()
    if device == "cpu":
        begin = time.perf_counter()
        for _ in range(n_steps):
            step()
        return (time.perf_counter() - begin) / n_steps
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(n_steps):
        step()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / n_steps
