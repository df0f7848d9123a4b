"""This project's Trainer, history and evaluations included."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.workloads import SEED, Workload

LABEL, NEEDS = "this project", "numba"


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    from core import Dataset, Dense, Experiment, Network, NetworkConfig, Trainer, TrainingConfig

    X, y = workload.data()
    config = NetworkConfig(tuple(Dense(n, workload.activation) for n in workload.sizes[1:-1]))
    weights, biases = zip(*workload.weights(), strict=True)
    training = TrainingConfig(
        loss=workload.loss, optimizer=optimizer, learning_rate=rate, batch_size=workload.batch
    )
    few = slice(0, workload.n_classes * 10)  # a test set that costs next to nothing
    trainer = Trainer(
        Experiment(network=config, training=training, seed=SEED),
        dataset=Dataset.from_arrays(X, y, X[few], y[few], task="classification"),
        network=Network.from_arrays(config, weights, biases),
    )
    return trainer.epoch, lambda: float(trainer.evaluate("train")["loss"])
