"""Thirty-two trainers in as many threads of the caller's own, on the machine's cores, for a minute.

    python benchmarks/callers.py [--trainers 32] [--seconds 60] [--json FILE]

Trains W3 in one thread alone; then all trainers at once, and pauses one after the other while the
rest go on; then some of them alone again, by as many steps, for the speed and for the bits. At last
the page's pool drives as many runs. Prints a table with what we aim for beside.

Other programs take time away: what the trainers do is also compared with the processor time that
was left for them, that is what they used and what nobody used (Linux). Take a whole minute: the
first few thousand steps of a run are often evaluated and kept, and cost a quarter more.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.workloads import LEARNING_RATES, WORKLOADS  # noqa: E402
from core import Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig  # noqa: E402
from core.engine.crew import n_cores  # noqa: E402
from playground.live import driven, warming  # noqa: E402
from playground.live.player import Player  # noqa: E402

SLICE = 0.02  # seconds that a caller trains before it asks whether to go on
SETTLING = 1.0  # seconds that nobody counts
ALONE = 4  # trainers that are trained again, alone


@dataclass
class Stretch:
    """What trainers did for a while.

    rates: steps a second of each; used, idle: cores that this process used, and nobody.
    """

    rates: list[float]
    used: float
    idle: float

    @property
    def total(self) -> float:
        return sum(self.rates)

    @property
    def slowest(self) -> float:
        """The slowest one's share of the mean."""
        return min(self.rates) / statistics.fmean(self.rates)


@dataclass
class Together:
    """What many did at once. pauses: seconds that each took to take effect."""

    stretch: Stretch
    pauses: list[float]


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
    before, full = (
        train_few(experiments[:n], dataset, options.seconds / 10) for n in (1, n_cores())
    )
    trainers = [Trainer(experiment, dataset=dataset) for experiment in experiments]
    threads = train_together(trainers, options.seconds)
    after, same = again_alone(trainers[:: -(-len(trainers) // ALONE)])
    pool = train_in_pool(experiments, dataset, options.seconds)
    print_table(threads, pool, [before, after], same)
    print_machine([before, after], full)
    if options.json:
        found = {"cores": n_cores(), "alone": [asdict(before), asdict(after)], "same_bits": same}
        both = {"one a core": asdict(full), "threads": asdict(threads), "pool": asdict(pool)}
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


def train_few(experiments: Sequence[Experiment], dataset: Dataset, seconds: float) -> Stretch:
    """A thread each, no more than there are cores: what the machine itself can do."""
    trainers = [Trainer(experiment, dataset=dataset) for experiment in experiments]
    callers = [Caller(trainer) for trainer in trainers]
    time.sleep(SETTLING)
    with stretch(trainers) as found:
        time.sleep(seconds)
    for caller in callers:
        caller.pause()
    return found


def train_together(trainers: Sequence[Trainer], seconds: float) -> Together:
    """Every trainer in a thread; then pause each while all the others train."""
    callers = [Caller(trainer) for trainer in trainers]
    time.sleep(SETTLING)
    with stretch(trainers) as found:
        time.sleep(seconds)
    pauses = []
    for k, trainer in enumerate(trainers):
        pauses.append(callers[k].pause())
        callers[k] = Caller(trainer)
        time.sleep(SLICE)
    for caller in callers:
        caller.stop.set()
    for caller in callers:
        caller.thread.join()
    return Together(found, pauses)


def again_alone(trainers: Sequence[Trainer]) -> tuple[Stretch, str]:
    """Train the same experiments by as many steps, one by one; also how many of them came to the
    same weights, bit for bit."""
    again = [Trainer(trainer.experiment, dataset=trainer.dataset) for trainer in trainers]
    with stretch(again) as found:
        for trainer, one in zip(trainers, again, strict=True):
            Caller(one, most_steps=trainer.step_count).thread.join()
    found.rates = [found.total]  # they took turns
    pairs = zip(trainers, again, strict=True)
    same = sum(a.params.tobytes() == b.params.tobytes() for a, b in pairs)
    return found, f"{same} of {len(trainers)}"


@contextmanager
def stretch(runs: Sequence[Trainer]) -> Iterator[Stretch]:
    """What these do while the body runs."""
    found = Stretch([], 0.0, 0.0)
    steps = [run.step_count for run in runs]
    start, used, idle = time.perf_counter(), time.process_time(), idle_seconds()
    yield found
    took = time.perf_counter() - start
    found.rates = [(run.step_count - n) / took for run, n in zip(runs, steps, strict=True)]
    found.used = (time.process_time() - used) / took
    found.idle = (idle_seconds() - idle) / took


def idle_seconds() -> float:
    """For how long the machine's cores have had nothing to do, added up; 0 where unknown."""
    file = Path("/proc/stat")
    if not file.exists():
        return 0.0
    return int(file.read_text().split()[4]) / os.sysconf("SC_CLK_TCK")


# --- the page's pool ------------------------------------------------------------------------------


def train_in_pool(experiments: Sequence[Experiment], dataset: Dataset, seconds: float) -> Together:
    """As many runs of the page, flat out, unwatched; then pause each while all others play."""
    runs = [Player(experiment, dataset=dataset) for experiment in experiments]
    with unwatched():
        for run in runs:
            run.play()
        time.sleep(SETTLING)
        with stretch([run._trainer for run in runs]) as found:
            time.sleep(seconds)
        pauses = []
        for run in runs:
            asked = time.perf_counter()
            run.pause()
            with run.trainer():  # once the slice that is under way has ended
                pauses.append(time.perf_counter() - asked)
            run.play()
            time.sleep(SLICE)
        for run in runs:
            run.pause()
    return Together(found, pauses)


@contextmanager
def unwatched() -> Iterator[None]:
    """Runs go on without viewers."""
    usual, driven.PAUSE_AFTER = driven.PAUSE_AFTER, 1e9
    try:
        yield
    finally:
        driven.PAUSE_AFTER = usual


# --- what is said ---------------------------------------------------------------------------------


def print_table(threads: Together, pool: Together, alone: Sequence[Stretch], same: str) -> None:
    one = statistics.fmean(stretch.total for stretch in alone)
    of_a_core = statistics.fmean(stretch.total / stretch.used for stretch in alone)

    def of_time_left(stretch: Stretch) -> float:
        return stretch.total / (stretch.used + stretch.idle) / of_a_core

    rows: list[tuple[str, Callable[[Together], str], str]] = [
        ("steps a second", lambda t: f"{t.stretch.total:,.0f}", ""),
        ("of cores x one alone", lambda t: f"{t.stretch.total / one / n_cores():.0%}", ">= 90%"),
        ("of what the time left allows", lambda t: f"{of_time_left(t.stretch):.0%}", ">= 90%"),
        ("cores used / idle", lambda t: f"{t.stretch.used:.2f} / {t.stretch.idle:.2f}", ""),
        ("the slowest, of the mean", lambda t: f"{t.stretch.slowest:.0%}", ">= 70%"),
        ("a pause takes effect, worst", lambda t: f"{max(t.pauses) * 1e3:.1f} ms", "< 50 ms"),
        ("a pause takes effect, median", lambda t: middle(t.pauses), ""),
    ]
    print(f"\n{len(threads.pauses)} trainers of W3, {n_cores()} cores")
    print(f"  {'':30}{'own threads':>14}{'the pool':>14}   aim")
    for what, say, aim in rows:
        print(f"  {what:30}{say(threads):>14}{say(pool):>14}   {aim}")
    print(f"  {'same bits as when alone':30}{same:>14}{'':14}   all")


def print_machine(alone: Sequence[Stretch], full: Stretch) -> None:
    """full: one thread a core, which falls short where cores share what they need."""
    speeds = " and ".join(f"{stretch.total:,.0f} ({stretch.used:.2f} cores)" for stretch in alone)
    print(f"One thread alone, before and after: {speeds} steps a second.")
    share = full.total / statistics.fmean(stretch.total for stretch in alone) / n_cores()
    print(
        f"One thread a core: {full.total:,.0f} ({full.used:.2f} cores), {share:.0%} of cores x one."
    )


def middle(pauses: Sequence[float]) -> str:
    return f"{statistics.median(pauses) * 1e3:.1f} ms"


if __name__ == "__main__":
    main()
