"""Compile everything the page needs into the cache: `python -m core.engine.warm`.

What is compiled is there for every network, loss and optimizer; a second run only loads it.
"""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = ("run", "assist", "outputs", "gradients")


def warm(entries: Sequence[str] = ENTRIES) -> float:
    """Make kernels ready in this process, from the cache where they are; returns the seconds."""
    start = time.perf_counter()
    gc.disable()  # a compiler makes millions of objects and drops few: a tenth of its time
    try:
        _call(entries)
    finally:
        gc.enable()
    return time.perf_counter() - start


def _call(entries: Sequence[str]) -> None:
    import numpy as np

    from core.engine import cpu
    from core.engine.layout import Layout
    from core.engine.memory import N_COLUMNS

    layout = Layout((1, 1), ("linear",))
    X = Y = np.zeros((1, 1), dtype=np.float32)
    engine = cpu.CPUEngine(layout, X, Y, loss=cpu.ANY_LOSS, optimizer="sgd", seed=0)
    calls = {
        "run": lambda: engine.run(1, np.zeros((1, N_COLUMNS + 3)), 1, 0),
        "assist": engine.make_ready,
        "outputs": lambda: cpu.predict(layout, engine.params, X),
        "gradients": lambda: cpu.loss_and_gradients(layout, engine.params, X, Y, cpu.ANY_LOSS),
    }
    for entry in entries:
        calls[entry]()


@contextlib.contextmanager
def _second_process(entries: Sequence[str]) -> Iterator[None]:
    """Warm some entries in a process of their own meanwhile: one compiles on one core only."""
    command = [sys.executable, "-m", "core.engine.warm", *entries]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.wait()


def main(chosen: Sequence[str]) -> None:
    from core.engine.crew import n_cores

    start = time.perf_counter()
    if chosen or n_cores() == 1:
        warm(chosen or ENTRIES)
    else:
        first, *others = ENTRIES  # which takes as long as all the others
        with _second_process(others):
            warm([first])
        warm()
    print(f"Kernels are ready after {time.perf_counter() - start:.1f} s.")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C of the page ends this too, without a word
        main(sys.argv[1:])
