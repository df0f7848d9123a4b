"""The GPU engine on a real GPU: is it right, and how fast? Under five minutes.

    python benchmarks/gpu.py

First the targets, timed with device events after a warm-up; what they are set against (the CPU on
two cores, PyTorch if it sees the GPU) is timed in the same run. The events of a large network
enclose the whole call, copies of the parameters included. Then the checks: every activation, loss,
optimizer, regularizer, schedule and setting within 1e-4 of the CPU after 100 steps, as a block and
as a large network, orders equal bit for bit, and the same bits in any company, sliced or not.
One part that fails takes no other along. `--quick` takes a hundredth of the steps, to see that the
script runs; `--toy` tiny networks as well, for Numba's simulator, where no time means anything.
PyTorch runs in a process of its own. `--torch-python PATH` names the interpreter of an environment
that has PyTorch and NumPy, where ours cannot have it: see requirements-cuda.txt.
Exits with 1 if there is no GPU, if a part, a check or the capture of a step as a graph fails, or if
a target could not be measured.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("NEURAL_PLAYGROUND_THREADS", "1")  # the CPU's networks are shared out below

from benchmarks.gpu_checks import Findings, check_blocks, check_large, check_sizes
from benchmarks.gpu_slices import time_slices, wide
from benchmarks.gpu_timing import CPU_CORES, of_cpu, of_large, of_population
from benchmarks.in_torch import Torch
from benchmarks.workloads import WORKLOADS, Workload
from core import Experiment
from core.engine.cuda import devices
from core.engine.cuda.warm import compile_all, warm
from tests.cuda_cases import CASES, CHANGES

NETWORKS = 1024
LARGE = ("W4", "W5", "W6")

TOGETHER = f"W1, as many, CPU, {CPU_CORES} threads"
TARGETS = {
    TOGETHER: 100,
    "W1, float32, PyTorch eager": 10,
    "W1, float32, PyTorch CUDA graph": 3,
    "W4, float32, PyTorch CUDA graph": 1,
    "W6, float32, PyTorch eager": 0.87,
    "W6, float32, PyTorch CUDA graph": 0.87,
    "W6, TF32, PyTorch eager": 0.87,
    "W6, TF32, PyTorch CUDA graph": 0.87,
}
"""So many times as long as the same on our GPU engine each of these is to take, at least."""


def toy(workload: Workload) -> Workload:
    """One like it that even the simulator trains."""
    inputs, *units = workload.sizes
    sizes = inputs % 7 + 1, *(n % 5 + 2 for n in units)
    return replace(workload, sizes=sizes, samples=12, batch=5)


def main(arguments: Sequence[str] | None = None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a script that is ended has said what it knew
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PATH")
    asked = parser.parse_args(arguments)
    reason = devices.why_not()
    if reason is not None:
        print(f"No GPU can be used: {reason}.")
        return 1
    share = 10_000 if asked.toy else 100 if asked.quick else 1
    workloads = {name: toy(w) if asked.toy else w for name, w in WORKLOADS.items()}
    found = Findings()
    with Torch(asked.torch_python, "cpu" if asked.toy else "cuda") as torch:
        print(f"Set against PyTorch {torch.version}" if torch.why_not is None else torch.why_not)
        time_targets(found, workloads, share, torch)
    tell_unmeasured(found, matters=not asked.toy)
    check_all(found, workloads, every=40 if asked.toy else 1)
    attempt(found, "Slices", time_slices, "The default experiment", Experiment(), share, 20_000)
    large = wide(4 if asked.toy else 1024)
    attempt(found, "Slices of a large network", time_slices, "W6 with Adam", large, share, 400)
    return found.told()


def attempt(found: Findings, what: str, part: Callable[..., object], *arguments: object) -> None:
    """A part of it; what goes wrong is told, and the others come all the same."""
    start = time.perf_counter()
    try:
        part(*arguments)
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        found.wrong.append(f"{what}: {type(error).__name__}: {error}")
    print(f"  [{what}: {time.perf_counter() - start:.1f} s]")


def time_targets(found: Findings, workloads: dict[str, Workload], share: int, torch: Torch) -> None:
    """Print the table."""
    print(f"{'':40}{'us a step':>12}{'steps/s':>16}{'times':>10}  target")
    if not devices.is_simulated():
        attempt(found, "Compiling, in processes of their own", compile_parts, found)
    attempt(found, "Loading blocks", warm)
    attempt(found, "W1 to W3", time_blocks, found, workloads, share, torch)
    attempt(found, "Loading large networks", partial(warm, large=True))
    for name in LARGE:
        attempt(found, name, time_large, found, workloads[name], share, torch)


def compile_parts(found: Findings) -> None:
    """Whatever could not be compiled is wrong, even if it can be where it is launched."""
    found.wrong += [f"Compiling {part}: the process failed" for part in compile_all()]


def check_all(found: Findings, workloads: dict[str, Workload], *, every: int) -> None:
    """Print what is wrong. every: which of the cases, 1 for all."""
    cases, changes = dict(islice(CASES.items(), 0, None, every)), list(CHANGES)[::every]
    large = [workloads[name] for name in LARGE]
    attempt(found, "Checks of workloads", check_sizes, found, workloads["W3"], large)
    attempt(found, "Checks of blocks", check_blocks, found, cases, changes)
    attempt(found, "Checks of large networks", check_large, found, cases)


def time_blocks(found: Findings, workloads: dict[str, Workload], share: int, torch: Torch) -> None:
    w1 = workloads["W1"]
    networks = max(NETWORKS // share, 2)
    gpu = of_population(w1, networks, max(20_000 // share, 4)) / networks
    line(found, f"W1, {networks} networks, GPU", gpu)
    line(found, TOGETHER, of_cpu(w1, max(400_000 // share, 50)), gpu=gpu)
    for name in ("W1", "W2", "W3"):
        alone = of_population(workloads[name], 1, max(200_000 // share, 4))
        line(found, f"{name} alone, GPU", alone)
        against_torch(found, workloads[name], share, alone, torch)


def time_large(found: Findings, workload: Workload, share: int, torch: Torch) -> None:
    """In float32 and in TF32; PyTorch the same way."""
    for tf32 in (False, True):
        gpu, problem = of_large(workload, max(20_000 // share, 12), tf32=tf32)
        line(found, f"{workload.name}, {'TF32' if tf32 else 'float32'}, GPU", gpu)
        if problem:
            found.wrong.append(f"{workload.name}: launched one by one, not captured: {problem}")
        against_torch(found, workload, share, gpu, torch, tf32=tf32)


def against_torch(
    found: Findings, workload: Workload, share: int, gpu: float, torch: Torch, *, tf32: bool = False
) -> None:
    """PyTorch's lines."""
    if torch.why_not is not None:
        return
    name = f"{workload.name}, {'TF32' if tf32 else 'float32'}"
    seconds, problem = torch.seconds_a_step(workload, max(3000 // share, 20), tf32=tf32)
    if problem:
        print(f"{name}, PyTorch: {problem}")
    for label, took in seconds.items():
        line(found, f"{name}, {label}", 1e6 * took, gpu=gpu)


def tell_unmeasured(found: Findings, *, matters: bool) -> None:
    """Print the targets of which it is not known whether they were met."""
    for what in [what for what in TARGETS if what not in found.measured]:
        print(f"{what:40}{'not measured':>12}{'':26}  {TARGETS[what]:g}x")
        if matters:
            found.wrong.append(f"{what}: not measured")


def line(found: Findings, what: str, us: float, *, gpu: float | None = None) -> None:
    """gpu: what the same takes on the GPU; where there is a target, whether it was met."""
    times = "" if gpu is None else f"{us / gpu:.2f}"
    wanted, target = "", TARGETS.get(what)
    if target is not None and gpu is not None and math.isfinite(us / gpu):
        found.measured.add(what)
        wanted = f"{target:g}x: {'met' if us / gpu >= target else 'MISSED'}"
    print(f"{what:40}{us:12.3f}{1e6 / us:16,.0f}{times:>10}  {wanted}")


if __name__ == "__main__":
    sys.exit(main())
