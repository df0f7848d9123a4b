"""PyTorch on the workloads that `benchmarks/gpu.py` times, samples on the device.

    python benchmarks/gpu_torch.py cuda

A process of its own, which needs PyTorch and NumPy and nothing of ours: orders come in and answers
go out, a JSON line each. First it says {"why_not": null, "version": ...}; {"workload": ...,
"n_steps": ..., "tf32": ...} is answered by {"seconds": {"PyTorch eager": ...}}, or {"problem"}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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


def main(device: str) -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what else is printed is no answer

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    missing = why_not(device)
    say({"why_not": missing, "version": "" if missing else version()})
    for line in sys.stdin:
        order = json.loads(line)
        asked = order["workload"]
        workload = Workload(**{**asked, "sizes": tuple(asked["sizes"])})
        try:
            found = seconds_a_step(workload, order["n_steps"], tf32=order["tf32"], device=device)
            say({"seconds": found})
        except Exception as error:  # a step that it cannot take, or no memory left
            say({"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"})


def version() -> str:
    import torch

    return f"{torch.__version__}, CUDA {torch.version.cuda}"


if __name__ == "__main__":
    main(sys.argv[1])
