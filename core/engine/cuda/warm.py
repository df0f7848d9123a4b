"""Make the GPU's kernels ready: `python -m core.engine.cuda.warm` compiles them into the cache.

A kernel is compiled when it is first launched, or read from the cache. One compilation serves
networks of all sizes and all settings. A compiler keeps one core busy for a minute or two, so that
processes of their own share the kernels out.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.cuda import devices
from core.refusals import Refusal

if TYPE_CHECKING:
    from core.engine.memory import Rows

ROOT = Path(__file__).resolve().parent.parent.parent.parent


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
    for part in PARTS[2:] if large else PARTS[:2]:
        _warm(part)
    return time.perf_counter() - start


PARTS = ("plain blocks", "all blocks", "large networks")
"""What a process can make ready by itself."""


def _warm(part: str) -> None:
    rows, large = np.zeros((2, 4), np.float32), part == "large networks"
    if part != "all blocks":
        _run(rows, "sgd", {}, large=large)
    if part != "plain blocks":
        _run(rows, "muon", _everything(), large=large)
    if large:
        _run(_Entries(), "sgd", {}, large=True)


def compile_all() -> tuple[str, ...]:
    """Have child processes fill the cache, all at once; returns the parts that failed.

    Each has told why on the standard error; whoever needs it meets the same again.
    """
    command = [sys.executable, "-m", "core.engine.cuda.warm"]
    nothing = subprocess.DEVNULL
    children = [
        subprocess.Popen([*command, part], stdin=nothing, stdout=nothing, cwd=ROOT)
        for part in PARTS
    ]
    ended = [child.wait() for child in children]
    return tuple(part for part, code in zip(PARTS, ended, strict=True) if code != 0)


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


def main(arguments: Sequence[str]) -> int:
    """Make one part ready, or all of them; returns 1 if one failed."""
    try:
        devices.check_available()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    if arguments:
        _warm(arguments[0])
        return 0
    start = time.perf_counter()
    failed = compile_all()
    for part in failed:
        print(f"The GPU's kernels for {part} could not be made ready.", file=sys.stderr)
    if not failed:
        print(f"The GPU's kernels are ready after {time.perf_counter() - start:.1f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C of the page ends this too, without a word
        sys.exit(main(sys.argv[1:]))
