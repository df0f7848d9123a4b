"""Contenders that train in Node: a script beside each, told what to do by JSON lines."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.workloads import KEPT_ORDERS, Workload

HERE = Path(__file__).resolve().parent


def is_there(*folders: str) -> bool:
    """Whether Node and these folders of benchmarks/ are."""
    return shutil.which("node") is not None and all((HERE / folder).exists() for folder in folders)


@functools.cache
def process(script: str) -> subprocess.Popen[str]:
    """The one process that trains."""
    command = ["node", str(HERE / "contenders" / script)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(script: str, **order: Any) -> dict[str, Any]:
    stdin, stdout = process(script).stdin, process(script).stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    return dict(json.loads(stdout.readline()))


def peak_memory(script: str) -> float:
    """Of Node, in MiB."""
    return float(ask(script, memory=True)["memory"])


def prepare(
    script: str, workload: Workload, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    """Hand all that it needs over to Node, so that training sends next to nothing."""
    X, y = workload.data()
    ask(
        script,
        sizes=workload.sizes,
        activation=workload.activation,
        rate=rate,
        batch=workload.batch,
        X=X.tolist(),
        y=y.tolist(),
        weights=[(w.tolist(), b.tolist()) for w, b in workload.weights()],
        orders=[workload.order(epoch).tolist() for epoch in range(KEPT_ORDERS)],
    )

    def train(count: int) -> None:
        ask(script, train=count)

    return train, lambda: float(ask(script, loss=True)["loss"])
