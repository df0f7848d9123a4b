"""Thirty-two runs that share one process for a minute: how fairly, and does anything grow?

    python benchmarks/soak.py [--runs 32] [--seconds 60]

Prints one line of JSON: the least and the most steps among runs of the same experiment (fairness),
resident memory after warming up and at the end, after the runs have been left, and threads.
No pictures are taken; every fourth run is paused, changed, taken back or replaced once a second.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig  # noqa: E402
from core.engine.scheduler import shared  # noqa: E402
from playground.live import driven, warming  # noqa: E402
from playground.live.player import Player  # noqa: E402

EXPERIMENTS = {
    "circle 4-2": Experiment(),
    "digits 64-32": Experiment(
        DataConfig("digits"),
        NetworkConfig((Dense(64, "relu"), Dense(32, "relu"))),
        TrainingConfig("categorical_crossentropy", learning_rate=1e-3, batch_size=32),
    ),
    "digits 512-512": Experiment(
        DataConfig("digits"),
        NetworkConfig((Dense(512, "relu"), Dense(512, "relu"))),
        TrainingConfig("categorical_crossentropy", learning_rate=1e-4, batch_size=128),
    ),
}
SETTLED = 0.25  # of the time, after which memory is measured first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    warming.warm_up()
    warming.wait()
    driven.PAUSE_AFTER = 1e9
    names = list(itertools.islice(itertools.cycle(EXPERIMENTS), options.runs))
    runs = [Player(EXPERIMENTS[name]) for name in names]
    print(json.dumps(soak(runs, names, options.seconds)))


def soak(runs: list[Player], names: list[str], seconds: float) -> dict[str, object]:
    """Let them all play; every fourth is disturbed as a person would, the others are compared."""
    disturbed, undisturbed = runs[::4], [k for k in range(len(runs)) if k % 4]
    start(runs)
    settled, most_threads = 0, 0
    end = time.monotonic() + seconds
    for turn in itertools.count():
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, 1.0))
        disturb(disturbed[turn % len(disturbed)], turn)
        most_threads = max(most_threads, threading.active_count())
        if not settled and left < seconds * (1 - SETTLED):
            settled = resident_bytes()
    steps = {name: [runs[k].moment[0] for k in undisturbed if names[k] == name] for name in names}
    in_use, statuses = resident_bytes(), sorted({run.status for run in runs})
    tokens = [run.token for run in runs]
    runs.clear()
    disturbed.clear()
    time.sleep(1.0)
    gc.collect()
    return {
        "steps": {n: [min(s), max(s), round(min(s) / max(s), 2)] for n, s in steps.items() if s},
        "statuses": statuses,
        "megabytes": {
            "settled": settled >> 20,
            "in use": in_use >> 20,
            "left": resident_bytes() >> 20,
        },
        "threads": {"most": most_threads, "training": len(shared()._threads)},
        "runs left in the pool": sum(shared().find(token) is not None for token in tokens),
    }


def start(runs: list[Player]) -> None:
    for run in runs:
        run.play()


def disturb(run: Player, turn: int) -> None:
    """One of the things that people do to a run."""
    if turn % 4 == 0:
        run.change(learning_rate=0.005 if turn % 8 else 0.01)
    elif turn % 4 == 1:
        run.step_back("epoch")
    elif turn % 4 == 2:
        run.reset()
    else:
        run.replace(run.experiment)
    run.play()


def resident_bytes() -> int:
    """Memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
