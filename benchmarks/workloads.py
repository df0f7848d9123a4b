"""The networks that are timed: sizes, data, first weights and the order of mini-batches.

Every contender trains the same float32 arrays from the same weights in the same order, so that
all must reach the same loss.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

SEED = 0
KEPT_ORDERS = 8
LEARNING_RATES = {"sgd": 0.01, "adam": 0.001}


@functools.cache
def _kept_order(samples: int, epoch: int) -> np.ndarray:
    from core.maths.random import SHUFFLE, permutation  # here: PyTorch's environment may lack ours

    return permutation(SEED, SHUFFLE, epoch, samples)


@dataclass(frozen=True)
class Workload:
    """One network and its data. sizes: inputs first, outputs last; one output means two classes."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    samples: int
    activation: str
    means: str

    @property
    def n_classes(self) -> int:
        return max(self.sizes[-1], 2)

    @property
    def loss(self) -> str:
        return "binary_crossentropy" if self.sizes[-1] == 1 else "categorical_crossentropy"

    @property
    def steps_an_epoch(self) -> int:
        return -(-self.samples // self.batch)

    @property
    def n_parameters(self) -> int:
        return sum((n + 1) * m for n, m in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def flop_a_step(self) -> int:
        """Of a full step's products, additions counted: forward, dW, dX but the first."""
        products = [n * m for n, m in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X float32 (samples, inputs) and class numbers int64 (samples,), of a random teacher."""
        random = np.random.default_rng(SEED)
        X = random.normal(size=(self.samples, self.sizes[0])).astype(np.float32)
        if self.sizes[0] == 2:
            return X, (np.hypot(X[:, 0], X[:, 1]) > 1.18).astype(np.int64)
        teacher = random.normal(size=(self.sizes[0], self.n_classes))
        return X, np.argmax(np.tanh(X @ teacher), axis=1).astype(np.int64)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """First weights and biases a layer: Glorot's uniform, and zeros; float32."""
        random = np.random.default_rng(SEED + 1)
        pairs = []
        for n, m in zip(self.sizes, self.sizes[1:], strict=False):
            limit = np.sqrt(6 / (n + m))
            w = random.uniform(-limit, limit, (n, m)).astype(np.float32)
            pairs.append((w, np.zeros(m, np.float32)))
        return pairs

    def order(self, epoch: int) -> np.ndarray:
        """In which order an epoch takes the samples: int64 (samples,); ours takes the same.

        After some epochs, with losses compared by then, the first orders come again: they are kept,
        for what this function takes is no work of the contender that asks.
        """
        return _kept_order(self.samples, epoch % KEPT_ORDERS)

    def batches(self, epoch: int) -> list[np.ndarray]:
        """The epoch's mini-batches as row numbers; the last one may be smaller."""
        order = self.order(epoch)
        return [order[i : i + self.batch] for i in range(0, self.samples, self.batch)]


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", (2, 4, 2, 1), 10, 250, "tanh", "TensorFlow Playground's default"),
        Workload("W2", (2, 8, 8, 8, 1), 32, 500, "tanh", "a spiral"),
        Workload("W3", (64, 32, 10), 32, 1797, "relu", "digits"),
        Workload("W4", (784, 128, 64, 10), 64, 10_000, "relu", "MNIST, usual"),
        Workload("W5", (784, 10, 10), 64, 10_000, "relu", "MNIST, the introductory example"),
        Workload("W6", (784, 1024, 1024, 10), 256, 10_000, "relu", "as large as a playground goes"),
    )
}
