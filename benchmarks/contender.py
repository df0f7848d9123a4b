"""One contender in a process of its own: orders come in and answers go out, a JSON line each.

    python benchmarks/contender.py MODULE WORKLOAD OPTIMIZER

It trains for one epoch, says {"ready": ...} and then obeys {"train": epochs} with the seconds
that took, {"loss": true} with the loss, and {"memory": true} with its peak memory in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.workloads import LEARNING_RATES, WORKLOADS


def main() -> None:
    module, workload, optimizer = sys.argv[1:4]
    chosen = import_module(f"benchmarks.contenders.{module}")
    train, loss = chosen.prepare(WORKLOADS[workload], optimizer, LEARNING_RATES[optimizer])
    memory = getattr(chosen, "peak_memory", peak_memory)
    train(1)
    say({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        if "train" in order:
            start = time.perf_counter()
            train(order["train"])
            say({"seconds": time.perf_counter() - start})
        elif "loss" in order:
            say({"loss": loss()})
        else:
            say({"memory": memory()})


def peak_memory() -> float:
    """Of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
