"""ConvNetJS in Node: small networks, SGD, in double precision.

It has no Adam. (brain.js, the other library of its kind, is no contender: it knows no mini-batches,
only squared errors, and one activation for all layers, the output's too.)
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.workloads import Workload

HERE = Path(__file__).resolve().parent
LABEL = "ConvNetJS, Node"
LARGEST = 10_000  # parameters; beyond, an epoch takes many seconds


def NEEDS() -> bool:  # noqa: N802 (a package's name, of other contenders)
    """Whether Node and the library are there."""
    folder = HERE.parent / "node_modules" / "convnetjs"
    return shutil.which("node") is not None and folder.is_dir()


@functools.cache
def node() -> subprocess.Popen[str]:
    """The one process that trains."""
    command = ["node", str(HERE / "convnetjs.js")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(**order: Any) -> dict[str, Any]:
    stdin, stdout = node().stdin, node().stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    return dict(json.loads(stdout.readline()))


def peak_memory() -> float:
    """Of Node, in MiB."""
    return float(ask(memory=True)["memory"])


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    if optimizer != "sgd" or workload.n_parameters > LARGEST:
        raise ValueError("ConvNetJS has no Adam and is for small networks.")
    X, y = workload.data()
    ask(
        sizes=workload.sizes,
        activation=workload.activation,
        rate=rate,
        batch=workload.batch,
        X=X.tolist(),
        y=y.tolist(),
        weights=[(w.tolist(), b.tolist()) for w, b in workload.weights()],
    )
    epochs = iter(range(10**9))

    def train(count: int) -> None:
        ask(orders=[workload.order(next(epochs)).tolist() for _ in range(count)])

    return train, lambda: float(ask(loss=True)["loss"])
