"""ConvNetJS in Node: small networks, SGD, in double precision.

It has no Adam. (brain.js, the other library of its kind, is no contender: it knows no mini-batches,
only squared errors, and one activation for all layers, the output's too.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from benchmarks import in_node
from benchmarks.workloads import Workload

SCRIPT = "convnetjs.js"
LABEL = "ConvNetJS, Node"
NEEDS = functools.partial(in_node.is_there, "node_modules/convnetjs")
LARGEST = 10_000  # parameters; beyond, an epoch takes many seconds

peak_memory = functools.partial(in_node.peak_memory, SCRIPT)


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    if optimizer != "sgd" or workload.n_parameters > LARGEST:
        raise ValueError("ConvNetJS has no Adam and is for small networks.")
    return in_node.prepare(SCRIPT, workload, rate)
