"""Plain NumPy, as one would write it by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.workloads import Workload

LABEL, NEEDS = "NumPy by hand", "numpy"
Pairs = list[tuple[np.ndarray, np.ndarray]]


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    X, y = workload.data()
    Y = y[:, None].astype(np.float32) if workload.sizes[-1] == 1 else one_hot(y, workload)
    layers = workload.weights()
    update = Adam(layers, rate) if optimizer == "adam" else Sgd(layers, rate)
    epochs = iter(range(10**9))

    def train(count: int) -> None:
        for _ in range(count):
            for rows in workload.batches(next(epochs)):
                outputs = forward(layers, X[rows], workload)
                update(gradients(layers, outputs, Y[rows], workload))

    def loss() -> float:
        p = forward(layers, X, workload)[-1].astype(np.float64)
        return mean_loss(p, y, workload)

    return train, loss


def one_hot(y: np.ndarray, workload: Workload) -> np.ndarray:
    return np.eye(workload.n_classes, dtype=np.float32)[y]


def mean_loss(p: np.ndarray, y: np.ndarray, workload: Workload) -> float:
    """Cross-entropy of probabilities (samples, outputs) and class numbers."""
    if workload.sizes[-1] == 1:
        p = np.concatenate([1 - p, p], axis=1)
    return float(-np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-7))))


def forward(layers: Pairs, X: np.ndarray, workload: Workload) -> list[np.ndarray]:
    """The input and every layer's output."""
    outputs = [X]
    for w, b in layers[:-1]:
        z = outputs[-1] @ w + b
        outputs.append(np.tanh(z) if workload.activation == "tanh" else np.maximum(z, 0))
    w, b = layers[-1]
    z = outputs[-1] @ w + b
    if workload.sizes[-1] == 1:
        outputs.append(1 / (1 + np.exp(-z)))
    else:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        outputs.append(e / e.sum(axis=1, keepdims=True))
    return outputs


def gradients(
    layers: Pairs, outputs: list[np.ndarray], Y: np.ndarray, workload: Workload
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Layer number, dW and db, from the last layer to the first."""
    delta = (outputs[-1] - Y) / np.float32(len(Y))
    for k in range(len(layers) - 1, -1, -1):
        below, above = outputs[k], delta
        if k:  # before the layer's weights move
            slope = 1 - below * below if workload.activation == "tanh" else below > 0
            delta = (above @ layers[k][0].T) * slope
        yield k, below.T @ above, above.sum(axis=0)


class Sgd:
    def __init__(self, layers: Pairs, rate: float) -> None:
        self.layers, self.rate = layers, np.float32(rate)

    def __call__(self, steps: Iterator[tuple[int, np.ndarray, np.ndarray]]) -> None:
        for k, dw, db in steps:
            w, b = self.layers[k]
            w -= self.rate * dw
            b -= self.rate * db


class Adam:
    def __init__(self, layers: Pairs, rate: float) -> None:
        self.layers, self.rate, self.t = layers, rate, 0
        self.slots = [[(np.zeros_like(p), np.zeros_like(p)) for p in pair] for pair in layers]

    def __call__(self, steps: Iterator[tuple[int, np.ndarray, np.ndarray]]) -> None:
        self.t += 1
        alpha = np.float32(self.rate * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t))
        for k, *found in steps:
            for p, g, (m, v) in zip(self.layers[k], found, self.slots[k], strict=True):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                p -= alpha * m / (np.sqrt(v) + np.float32(1e-7))
