"""Time a training step of this project beside every installed peer, and check that all agree.

    python benchmarks/steps.py [--workloads W1 W3] [--optimizers sgd adam] [--threads 1 2]
                               [--rounds 7] [--json FILE] [--page FILE.html]

Contenders live in processes of their own and take turns, a short stretch each, so that what else
the machine does falls on all alike; the best stretch counts. benchmarks/requirements.txt names
the peers, benchmarks/package.json those in Node, contenders/tensorflow_playground.py where to get
that one; those that are not installed are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contenders import MODULES  # noqa: E402
from benchmarks.workloads import WORKLOADS, Workload  # noqa: E402

STRETCH = 0.3  # seconds that a contender trains before the next one's turn
SAME = 5e-3  # relative; float32 sums differ in order, hundreds of steps apart
CHECKED = 3  # epochs after which losses are compared


@dataclass
class Result:
    """What one contender did on one workload. seconds: a step's, the best stretch."""

    workload: str
    optimizer: str
    threads: int
    contender: str
    seconds: float
    spread: float
    loss: float
    agrees: bool
    memory: float
    first_epoch: float

    def rates(self, sgemm: float) -> dict[str, float]:
        """samples/s, GFLOP/s and its share of the machine's own product."""
        workload = WORKLOADS[self.workload]
        gflops = workload.flop_a_step / self.seconds / 1e9
        return {
            "samples_per_second": workload.batch / self.seconds,
            "gflops": gflops,
            "share": gflops / sgemm,
        }


class Contender:
    """A contender's process: `ask` for one thing at a time."""

    def __init__(self, module: str, workload: str, optimizer: str, threads: int) -> None:
        self.module = module
        command = [sys.executable, str(ROOT / "benchmarks" / "contender.py")]
        self.process = subprocess.Popen(
            [*command, module, workload, optimizer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **thread_settings(threads)},
            cwd=ROOT,
        )
        hold_to_cores(self.process.pid, threads)

    def ask(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises RuntimeError if the process has ended."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):  # a library may print words of its own
                return dict(json.loads(line))
        raise RuntimeError(f"{self.module} ended with code {self.process.wait()}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def thread_settings(threads: int) -> dict[str, str]:
    """What libraries read when they are loaded."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    eigen = "true" if threads > 1 else "false"
    flags = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    return {**{name: str(threads) for name in names}, "XLA_FLAGS": flags}


def hold_to_cores(pid: int, threads: int) -> None:
    """Pin a process to as many cores as it may use; all contenders share the same ones."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, sorted(os.sched_getaffinity(0))[-threads:])


def main() -> None:
    options = parse_arguments()
    sgemm = {threads: sgemm_rate(threads) for threads in options.threads}
    results: list[Result] = []
    for threads in options.threads:
        for name in options.workloads:
            for optimizer in options.optimizers:
                found = race(WORKLOADS[name], optimizer, threads, options)
                results += found
                print_race(WORKLOADS[name], found, sgemm[threads])
    print_ratios(results)
    if options.json:
        write_json(options.json, results, sgemm)
    if options.page:
        from benchmarks.steps_page import write_page

        write_page(options.page, results)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    add("--optimizers", nargs="+", choices=("sgd", "adam"), default=["sgd", "adam"])
    add("--threads", nargs="+", type=int, default=[1], help="how many cores each may use")
    add("--contenders", nargs="+", choices=MODULES, default=list(MODULES))
    add("--rounds", type=int, default=7, help="stretches of each contender")
    add("--json", type=Path, help="also write the numbers to this file")
    add("--page", type=Path, help="also draw them as a page of charts")
    return parser.parse_args()


# --- a race -------------------------------------------------------------------------------------


def race(
    workload: Workload, optimizer: str, threads: int, options: argparse.Namespace
) -> list[Result]:
    """Let all installed contenders train in turns."""
    with ExitStack() as stack:
        runners = []
        for module in filter(is_installed, options.contenders):
            start = time.perf_counter()
            runner = stack.enter_context(contender(module, workload.name, optimizer, threads))
            try:
                runner.answer()
            except RuntimeError as error:
                print(f"  left out: {error}", file=sys.stderr)
                continue
            runners.append((runner, time.perf_counter() - start))
        checked = {}
        for runner, _ in runners:
            runner.ask(train=CHECKED - 1)
            checked[runner.module] = float(runner.ask(loss=True)["loss"])
        stretches = take_turns([runner for runner, _ in runners], workload, options.rounds)
        reference = checked.get("ours", next(iter(checked.values())))
        return [
            Result(
                workload=workload.name,
                optimizer=optimizer,
                threads=threads,
                contender=runner.module,
                seconds=min(stretches[runner.module]),
                spread=float(np.median(stretches[runner.module]) / min(stretches[runner.module])),
                loss=checked[runner.module],
                agrees=abs(checked[runner.module] / reference - 1) < SAME,
                memory=runner.ask(memory=True)["memory"],
                first_epoch=started,
            )
            for runner, started in runners
        ]


@contextmanager
def contender(module: str, workload: str, optimizer: str, threads: int) -> Iterator[Contender]:
    started = Contender(module, workload, optimizer, threads)
    try:
        yield started
    finally:
        started.end()


def take_turns(runners: list[Contender], workload: Workload, rounds: int) -> dict[str, list[float]]:
    """Seconds a step, one number a stretch."""
    epochs = {}
    for runner in runners:  # how many epochs fill a stretch; the answer also warms it up
        once = runner.ask(train=1)["seconds"]
        several = max(1, round(0.1 / once))
        once = runner.ask(train=several)["seconds"] / several
        epochs[runner.module] = max(1, round(STRETCH / once))
    found: dict[str, list[float]] = {runner.module: [] for runner in runners}
    for _ in range(rounds):
        for runner in runners:
            count = epochs[runner.module]
            seconds = runner.ask(train=count)["seconds"]
            found[runner.module].append(seconds / (count * workload.steps_an_epoch))
    return found


def is_installed(module: str) -> bool:
    needs = import_module(f"benchmarks.contenders.{module}").NEEDS
    return bool(needs()) if callable(needs) else find_spec(needs) is not None


def label(module: str) -> str:
    return str(import_module(f"benchmarks.contenders.{module}").LABEL)


def sgemm_rate(threads: int, n: int = 1024, rounds: int = 20) -> float:
    """GFLOP/s of NumPy's own product of two square matrices, in a process held to the cores."""
    code = (
        f"import numpy as np, time\nA = np.ones(({n}, {n}), np.float32); best = 1e9\n"
        f"for _ in range({rounds}):\n"
        " t = time.perf_counter(); A @ A; best = min(best, time.perf_counter() - t)\n"
        f"print(2 * {n}**3 / best / 1e9)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **thread_settings(threads)},
    )
    hold_to_cores(process.pid, threads)
    return float(process.communicate()[0])


# --- what is said -------------------------------------------------------------------------------


def print_race(workload: Workload, results: list[Result], sgemm: float) -> None:
    """One table a race, the fastest first."""
    first = results[0]
    shape = "-".join(map(str, workload.sizes))
    print(f"\n{workload.name} {shape}, batch {workload.batch}, {first.optimizer}, ", end="")
    print(f"{first.threads} thread(s); sgemm {sgemm:.0f} GFLOP/s")
    print(f"  {'':18}{'us/step':>10}{'samples/s':>12}{'GFLOP/s':>9}{'of sgemm':>9}", end="")
    print(f"{'spread':>8}{'MiB':>7}{'start s':>9}  loss")
    for r in sorted(results, key=lambda r: r.seconds):
        rates = r.rates(sgemm)
        line = f"  {label(r.contender):18}{r.seconds * 1e6:10.2f}"
        line += f"{rates['samples_per_second']:12,.0f}{rates['gflops']:9.1f}{rates['share']:9.0%}"
        line += f"{r.spread:8.2f}{r.memory:7.0f}{r.first_epoch:9.1f}  {r.loss:.4f}"
        print(line + ("" if r.agrees else "  DIFFERS"), flush=True)


def print_ratios(results: list[Result]) -> None:
    """How many times as fast as the best peer, and as each."""
    print("\nTimes as fast as the best peer")
    for key in dict.fromkeys((r.workload, r.optimizer, r.threads) for r in results):
        same = [r for r in results if (r.workload, r.optimizer, r.threads) == key]
        ours = next((r for r in same if r.contender == "ours"), None)
        peers = sorted((r for r in same if r.contender != "ours"), key=lambda r: r.seconds)
        if ours and peers:
            ratios = ", ".join(
                f"{p.seconds / ours.seconds:.2f} {label(p.contender)}" for p in peers
            )
            print(f"  {key[0]} {key[1]:5}{key[2]} thread(s): {ratios}")


def write_json(file: Path, results: list[Result], sgemm: dict[int, float]) -> None:
    rows = [{**asdict(r), **r.rates(sgemm[r.threads])} for r in results]
    file.write_text(json.dumps({"sgemm_gflops": sgemm, "results": rows}, indent=1))


if __name__ == "__main__":
    main()
