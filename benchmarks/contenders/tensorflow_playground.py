"""TensorFlow Playground's own engine in Node: one output, SGD, in double precision.

Its code is not ours to keep here: it is read from a checkout that a person makes,

    git clone https://github.com/tensorflow/playground benchmarks/tensorflow-playground

Its page trains a tanh output on squared errors, its engine whatever it is handed: here a linear
output, and an error whose derivative is that of sigmoid and cross-entropy, as all others have it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from benchmarks import in_node
from benchmarks.workloads import Workload

SCRIPT = "tensorflow_playground.js"
LABEL = "TF Playground"
NEEDS = functools.partial(
    in_node.is_there, "node_modules/typescript", "tensorflow-playground/src/nn.ts"
)

peak_memory = functools.partial(in_node.peak_memory, SCRIPT)


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    if optimizer != "sgd" or workload.sizes[-1] != 1:
        raise ValueError("TensorFlow Playground's engine has SGD alone, and one output.")
    return in_node.prepare(SCRIPT, workload, rate)
