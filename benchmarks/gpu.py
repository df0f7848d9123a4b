"""The GPU engine on a real GPU: is it right, and how fast? Under five minutes.

    python benchmarks/gpu.py

First the checks: every activation, loss, optimizer, regularizer, schedule and setting within 1e-4
of the CPU after 100 steps, as a block and as a large network, orders equal bit for bit, and the
same bits in any company, sliced or not. Then the targets, timed with device events after a
warm-up; what they are set against (the CPU on two cores, PyTorch if it sees the GPU) is timed in
the same run. `--quick` takes a hundredth of the steps, to see that the script runs; `--toy` tiny
networks as well, for Numba's simulator, where no time means anything.
Exits with 1 if there is no GPU or a check fails.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("NEURAL_PLAYGROUND_THREADS", "1")  # the CPU's networks are shared out below

from benchmarks import gpu_torch
from benchmarks.gpu_checks import check
from benchmarks.gpu_slices import time_slices
from benchmarks.gpu_timing import CPU_CORES, of_cpu, of_large, of_population
from benchmarks.workloads import WORKLOADS, Workload
from core.engine.cuda import devices
from tests.cuda_cases import CASES, CHANGES

NETWORKS = 1024
LARGE = ("W4", "W5", "W6")


def toy(workload: Workload) -> Workload:
    """One like it that even the simulator trains."""
    inputs, *units = workload.sizes
    sizes = inputs % 7 + 1, *(n % 5 + 2 for n in units)
    return replace(workload, sizes=sizes, samples=12, batch=5)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--toy", action="store_true")
    asked = parser.parse_args(arguments)
    reason = devices.why_not()
    if reason is not None:
        print(f"No GPU can be used: {reason}.")
        return 1
    share = 10_000 if asked.toy else 100 if asked.quick else 1
    workloads = {name: toy(w) if asked.toy else w for name, w in WORKLOADS.items()}
    every = 40 if asked.toy else 1
    cases, changes = dict(islice(CASES.items(), 0, None, every)), list(CHANGES)[::every]
    right = check(cases, changes, workloads["W3"], [workloads[name] for name in LARGE])
    time_targets(workloads, share, device="cpu" if asked.toy else "cuda")
    time_slices(share)
    return 0 if right else 1


def time_targets(workloads: dict[str, Workload], share: int, *, device: str) -> None:
    """Print the table. device: PyTorch's."""
    missing = gpu_torch.why_not(device)
    if missing is not None:
        print(f"{missing}: nothing to set W1 to W6 against.")
    print(f"\n{'':40}{'us a step':>12}{'steps/s':>16}{'times':>10}  target")
    time_blocks(workloads, share, None if missing else device)
    for name in LARGE:
        time_large(workloads[name], share, None if missing else device)


def time_blocks(workloads: dict[str, Workload], share: int, device: str | None) -> None:
    w1 = workloads["W1"]
    networks = max(NETWORKS // share, 2)
    gpu = of_population(w1, networks, max(20_000 // share, 4)) / networks
    line(f"W1, {networks} networks, GPU", gpu)
    cpu = of_cpu(w1, max(400_000 // share, 50))
    line(f"W1, as many, CPU, {CPU_CORES} threads", cpu, gpu=gpu, target="100x, aim 200x")
    for name in ("W1", "W2", "W3"):
        alone = of_population(workloads[name], 1, max(200_000 // share, 4))
        line(f"{name} alone, GPU", alone)
        against_torch(workloads[name], share, alone, device, ("10x", "3x") if name == "W1" else ())


def time_large(workload: Workload, share: int, device: str | None) -> None:
    """In float32 and in TF32; PyTorch the same way."""
    floor = {"W4": ("", "1x, in float32"), "W6": ("0.87x", "0.87x")}.get(workload.name, ())
    for tf32 in (False, True):
        kind = "TF32" if tf32 else "float32"
        gpu, problem = of_large(workload, max(20_000 // share, 12), tf32=tf32)
        line(f"{workload.name}, {kind}, GPU", gpu)
        if problem:
            print(f"  launched one by one, for it could not be captured: {problem}")
        wanted = floor if not tf32 or workload.name == "W6" else ()
        against_torch(workload, share, gpu, device, wanted, kind=kind)


def against_torch(
    workload: Workload,
    share: int,
    gpu: float,
    device: str | None,
    targets: Sequence[str],
    *,
    kind: str = "float32",
) -> None:
    """PyTorch's lines. targets: of eager steps and of a CUDA graph. kind: or "TF32"."""
    if device is None:
        return
    n_steps = max(3000 // share, 20)
    found = gpu_torch.seconds_a_step(workload, n_steps, tf32=kind == "TF32", device=device)
    for k, (label, seconds) in enumerate(found.items()):
        target = targets[k] if k < len(targets) else ""
        line(f"{workload.name}, {kind}, {label}", 1e6 * seconds, gpu=gpu, target=target)


def line(what: str, us: float, *, gpu: float | None = None, target: str = "") -> None:
    times = "" if gpu is None else f"{us / gpu:.2f}"
    print(f"{what:40}{us:12.3f}{1e6 / us:16,.0f}{times:>10}  {target}")


if __name__ == "__main__":
    sys.exit(main())
