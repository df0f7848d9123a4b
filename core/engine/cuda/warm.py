"""Make the GPU's kernels ready in this process: they are compiled when they are first launched."""

from __future__ import annotations

import time


def warm(*, large: bool = False) -> float:
    """Launch them once, for networks as small as can be; returns the seconds.

    large: those of networks that fit no block. One compilation serves all sizes, and both together
    all settings. Raises a Refusal if the GPU fails.
    """
    import numpy as np

    from core.engine.cpu import ANY_LOSS
    from core.engine.cuda.engine import CUDAEngine
    from core.engine.layout import Layout
    from core.engine.memory import N_COLUMNS

    start = time.perf_counter()
    X = np.zeros((1, 1), np.float32)
    for normalization in ("none", "batch"):
        layout = Layout((1, 1, 1), ("linear", "linear"), (normalization, "none"))
        engine = CUDAEngine(layout, X, X, loss=ANY_LOSS, optimizer="sgd", seed=0, large=large)
        engine.run(1, np.zeros((1, N_COLUMNS + 6)), 1, 0)
        engine.free()
    return time.perf_counter() - start
