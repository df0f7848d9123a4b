"""Thirty-two trainers in as many threads of the caller's own, on the machine's cores, for a minute.

    python benchmarks/callers.py [--trainers 32] [--seconds 60] [--json FILE]

Trains W3 in one thread alone; then all trainers at once, and pauses one after the other while the
rest go on; then some of them alone again, by as many steps, for the speed and for the bits. At last
the page's pool drives as many runs. Prints a table with what we aim for beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.workloads import LEARNING_RATES, WORKLOADS  # noqa: E402
from core import Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig  # noqa: E402
from core.engine.crew import n_cores  # noqa: E402
from playground.live import player as players  # noqa: E402
from playground.live import warming  # noqa: E402
from playground.live.player import Player  # noqa: E402

SLICE = 0.02  # seconds that a caller trains before it asks whether to go on
SETTLING = 1.0  # seconds that nobody counts
ALONE = 4  # trainers that are trained again, alone
POOL_SHARE = 0.25  # of the time, for the pool


@dataclass
class Together:
    """What many did at once. rates: steps a second of each; pauses: seconds that each took."""

    rates: list[float]
    pauses: list[float]

    @property
    def total(self) -> float:
        return sum(self.rates)

    @property
    def slowest(self) -> float:
        """The slowest one's share of the mean."""
        return min(self.rates) / statistics.fmean(self.rates)


class Caller:
    """A thread that trains in slices until it is told to stop."""

    def __init__(self, trainer: Trainer, most_steps: int | None = None) -> None:
        self.trainer, self.most_steps = trainer, most_steps
        self.stop = threading.Event()
        self.out = 0.0
        self.thread = threading.Thread(target=self._train, daemon=True)
        self.thread.start()

    def _train(self) -> None:
        left = self.most_steps
        while not self.stop.is_set() and left != 0:
            ran = self.trainer.run_for(SLICE, left)
            left = None if left is None else left - ran
        self.out = time.perf_counter()

    def pause(self) -> float:
        """Seconds from asking to the thread's end."""
        asked = time.perf_counter()
        self.stop.set()
        self.thread.join()
        return self.out - asked


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trainers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    warming.warm_up()
    warming.wait()
    dataset, experiments = problems(options.trainers)
    before = alone_for(Trainer(experiments[0], dataset=dataset), options.seconds / 10)
    trainers = [Trainer(experiment, dataset=dataset) for experiment in experiments]
    threads = train_together(trainers, options.seconds)
    after, same = again_alone(trainers[:: -(-len(trainers) // ALONE)])
    pool = train_in_pool(experiments, dataset, options.seconds * POOL_SHARE)
    alone = statistics.fmean([before, after])
    print_table(threads, pool, n_cores() * alone, same)
    print(f"One thread alone: {before:,.0f} steps a second before, {after:,.0f} after.")
    if options.json:
        found = {"cores": n_cores(), "alone": [before, after], "same_bits": same}
        both = {"threads": asdict(threads), "pool": asdict(pool)}
        options.json.write_text(json.dumps({**found, **both}, indent=1))


def problems(count: int) -> tuple[Dataset, list[Experiment]]:
    """W3 from so many seeds; all share the data."""
    workload = WORKLOADS["W3"]
    X, y = workload.data()
    few = slice(0, workload.n_classes * 10)  # a test set that costs next to nothing
    dataset = Dataset.from_arrays(X, y, X[few], y[few], task="classification")
    network = NetworkConfig(tuple(Dense(n, workload.activation) for n in workload.sizes[1:-1]))
    rate = LEARNING_RATES["sgd"]
    training = TrainingConfig(workload.loss, "sgd", learning_rate=rate, batch_size=workload.batch)
    seeds = range(count)
    return dataset, [Experiment(network=network, training=training, seed=s) for s in seeds]


# --- a caller's own threads -----------------------------------------------------------------------


def alone_for(trainer: Trainer, seconds: float) -> float:
    """Steps a second of one thread while nothing else runs."""
    caller = Caller(trainer)
    time.sleep(SETTLING)
    (rate,) = rates([trainer], seconds)
    caller.pause()
    return rate


def train_together(trainers: Sequence[Trainer], seconds: float) -> Together:
    """Every trainer in a thread; then pause each while all the others train."""
    callers = [Caller(trainer) for trainer in trainers]
    time.sleep(SETTLING)
    reached, pauses = rates(trainers, seconds), []
    for k, trainer in enumerate(trainers):
        pauses.append(callers[k].pause())
        callers[k] = Caller(trainer)
        time.sleep(SLICE)
    for caller in callers:
        caller.stop.set()
    for caller in callers:
        caller.thread.join()
    return Together(reached, pauses)


def rates(runs: Sequence[Trainer], seconds: float) -> list[float]:
    """Steps a second of each, for so long from now on."""
    before, start = [run.step_count for run in runs], time.perf_counter()
    time.sleep(seconds)
    after, took = [run.step_count for run in runs], time.perf_counter() - start
    return [(b - a) / took for a, b in zip(before, after, strict=True)]


def again_alone(trainers: Sequence[Trainer]) -> tuple[float, str]:
    """Train the same experiments by as many steps, one by one; steps a second, and how many came
    to the same weights, bit for bit."""
    start, same = time.perf_counter(), 0
    for trainer in trainers:
        again = Trainer(trainer.experiment, dataset=trainer.dataset)
        Caller(again, most_steps=trainer.step_count).thread.join()
        same += np.array_equal(again.params.view(np.uint32), trainer.params.view(np.uint32))
    steps = sum(trainer.step_count for trainer in trainers)
    return steps / (time.perf_counter() - start), f"{same} of {len(trainers)}"


# --- the page's pool ------------------------------------------------------------------------------


def train_in_pool(experiments: Sequence[Experiment], dataset: Dataset, seconds: float) -> Together:
    """As many runs as a page has them, flat out, unwatched; then pause each while all others play."""
    runs = [Player(experiment, dataset=dataset) for experiment in experiments]
    with unwatched():
        for run in runs:
            run.play()
        time.sleep(SETTLING)
        reached, pauses = rates([run._trainer for run in runs], seconds), []
        for run in runs:
            asked = time.perf_counter()
            run.pause()
            with run.trainer():  # once the slice that is under way has ended
                pauses.append(time.perf_counter() - asked)
            run.play()
            time.sleep(SLICE)
        for run in runs:
            run.pause()
    return Together(reached, pauses)


@contextmanager
def unwatched() -> Iterator[None]:
    """Runs go on without viewers."""
    usual, players.PAUSE_AFTER = players.PAUSE_AFTER, 1e9
    try:
        yield
    finally:
        players.PAUSE_AFTER = usual


# --- what is said ---------------------------------------------------------------------------------


def print_table(threads: Together, pool: Together, ideal: float, same: str) -> None:
    """ideal: steps a second, the machine's cores times one thread alone."""
    print(f"\n{len(threads.rates)} trainers of W3, {n_cores()} cores")
    print(f"  {'':42}{'own threads':>13}{'the pool':>13}   aim")
    lines = [
        ("all together, of cores x one alone", lambda t: f"{t.total / ideal:.0%}", ">= 90%"),
        ("the slowest, of the mean", lambda t: f"{t.slowest:.0%}", ">= 70%"),
        ("a pause takes effect, the worst", lambda t: f"{max(t.pauses) * 1e3:.1f} ms", "< 50 ms"),
        ("a pause takes effect, the median", lambda t: middle(t.pauses), ""),
    ]
    for what, say, aim in lines:
        print(f"  {what:42}{say(threads):>13}{say(pool):>13}   {aim}")
    print(f"  {'same bits as when trained alone':42}{same:>13}{'':13}   all")


def middle(pauses: Sequence[float]) -> str:
    return f"{statistics.median(pauses) * 1e3:.1f} ms"


if __name__ == "__main__":
    main()
