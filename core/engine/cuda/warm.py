"""Make the GPU's kernels ready: `python -m core.engine.cuda.warm` compiles them into the cache.

A kernel is compiled when it is first launched, or read from the cache. One compilation serves
networks of all sizes and all settings.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from core.engine.memory import Rows


class _Entries:
    """Two sparse samples of four inputs with a number each."""

    shape = 2, 4
    starts, columns = np.arange(3), np.zeros(2, np.int32)
    values = np.zeros(2, np.float32)

    def __len__(self) -> int:
        return 2


def warm(*, large: bool = False) -> float:
    """Launch all kernels, for networks as small as can be; returns the seconds.

    large: those of networks that fit no block. Raises a Refusal if the GPU fails.
    """
    start = time.perf_counter()
    for optimizer, asked in (("sgd", {}), ("muon", _everything())):
        _run(np.zeros((2, 4), np.float32), optimizer, asked, large=large)
    if large:
        _run(_Entries(), "sgd", {}, large=True)
    return time.perf_counter() - start


def _everything() -> dict[str, Any]:
    """Settings that leave no kernel out."""
    from core.engine.memory import Image

    return {
        **{"dropout": (0.5, 0.5), "regularizer": "l2", "regularization_rate": 0.1},
        **{"clip_value": 1.0, "clip_norm": 1.0, "global_clip_norm": 1.0, "max_norm": 1.0},
        **{"input_noise": 0.1, "translation": 0.1, "mixup": 0.1},
        "image": Image((2, 2, 1), np.zeros(1, np.float32)),
    }


def _run(X: Rows, optimizer: str, asked: dict[str, Any], *, large: bool) -> None:
    """Two mini-batches of one network: one with a row of history, one without; an evaluation."""
    from core.engine.cpu import ANY_LOSS
    from core.engine.cuda.engine import CUDAEngine
    from core.engine.layout import Layout
    from core.engine.memory import N_COLUMNS

    hidden = ("batch", "layer") if asked else ("none", "none")
    layout = Layout((4, 2, 2, 1), ("linear",) * 3, (*hidden, "none"))
    Y = np.zeros((2, 1), np.float32)
    engine = CUDAEngine(layout, X, Y, loss=ANY_LOSS, optimizer=optimizer, seed=0, large=large)
    engine.configure(
        learning_rate=0.0, options=engine.optimizer.values(None), batch_size=2, **asked
    )
    engine.run(2, np.zeros((1, N_COLUMNS + 3 * layout.n_layers)), 2, 0)
    engine.sums(X, Y)
    engine.free()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C of the page ends this too, without a word
        print(f"The GPU's kernels are ready after {warm() + warm(large=True):.1f} s.")
