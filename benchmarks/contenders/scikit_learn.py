"""scikit-learn's MLPClassifier, one pass a partial_fit over rows that were put in order."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.contenders.numpy_by_hand import mean_loss
from benchmarks.workloads import Workload

LABEL, NEEDS = "scikit-learn", "sklearn"


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore")
    X, y = workload.data()
    model = MLPClassifier(
        workload.sizes[1:-1],
        activation=workload.activation,
        solver=optimizer,
        alpha=0.0,
        batch_size=workload.batch,
        learning_rate_init=rate,
        shuffle=False,
        momentum=0.0,
        nesterovs_momentum=False,
        epsilon=1e-7,
    )
    classes = np.arange(workload.n_classes)
    model.partial_fit(X[: workload.batch], y[: workload.batch], classes=classes)  # makes its arrays
    for k, (w, b) in enumerate(workload.weights()):
        model.coefs_[k], model.intercepts_[k] = w.copy(), b.copy()
    del model._optimizer  # which holds the arrays from before, and their moments
    epochs = iter(range(10**9))

    def train(count: int) -> None:
        for _ in range(count):
            order = workload.order(next(epochs))
            model.partial_fit(X[order], y[order])

    def loss() -> float:
        p = model.predict_proba(X).astype(np.float64)
        return mean_loss(p[:, 1:] if workload.sizes[-1] == 1 else p, y, workload)

    return train, loss
