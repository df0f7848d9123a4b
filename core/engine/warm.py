"""Compile everything the page needs into the cache: `python -m core.engine.warm`.

What is compiled is there for every network, loss and optimizer; a second run only loads it.
"""

from __future__ import annotations

import contextlib
import gc
import time


def warm() -> float:
    """Make every kernel ready in this process, from the cache where it is; returns the seconds."""
    start = time.perf_counter()
    gc.disable()  # a compiler makes millions of objects and drops few: a tenth of its time
    try:
        _call_every_entry()
    finally:
        gc.enable()
    return time.perf_counter() - start


def _call_every_entry() -> None:
    import numpy as np

    from core.engine import cpu
    from core.engine.layout import Layout
    from core.engine.memory import N_COLUMNS
    from core.engine.team import END, WORD

    layout = Layout((1, 1), ("linear",))
    X = Y = np.zeros((1, 1), dtype=np.float32)
    engine = cpu.CPUEngine(layout, X, Y, loss=cpu.ANY_LOSS, optimizer="sgd", seed=0)
    engine.run(1, np.zeros((1, N_COLUMNS + 3)), 1, 0)
    helper = engine.helper()
    helper.team.signals[WORD] = END  # there is nothing to help with
    helper(0)
    cpu.predict(layout, engine.params, X)
    cpu.loss_and_gradients(layout, engine.params, X, Y, cpu.ANY_LOSS)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C of the page ends this too, without a word
        print(f"Kernels are ready after {warm():.1f} s.")
