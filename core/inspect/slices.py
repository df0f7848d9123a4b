"""A network's output over any two of its inputs, the others held at a chosen point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.network import Network
from core.refusals import Refusal

MARGIN = 0.08
"""Share of the data's width left free on each side."""


@dataclass(frozen=True)
class Slice:
    """x, y: values of the two inputs, (resolution,), rising. outputs: (y, x, n_outputs)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    outputs: NDArray[np.float32]


def slice_through(
    network: Network,
    rows: NDArray[np.floating],
    pair: tuple[int, int],
    point: NDArray[np.floating],
    resolution: int = 50,
) -> Slice:
    """Compute the network's outputs over a pair of inputs.

    rows: (n, n_inputs), at least one: how wide the two inputs range. point: (n_inputs,), where all
    others are held. Raises ValueError if the pair is not two different inputs.
    """
    i, j = pair
    if i == j or not (0 <= i < network.n_inputs and 0 <= j < network.n_inputs):
        raise Refusal(
            "A slice needs two different inputs from 0 to {last}; got {first} and {second}.",
            last=network.n_inputs - 1,
            first=i,
            second=j,
        )
    x, y = (_span(rows[:, column], resolution) for column in pair)
    inputs = np.tile(np.asarray(point, dtype=np.float32), (resolution**2, 1))
    inputs[:, i], inputs[:, j] = np.tile(x, resolution), np.repeat(y, resolution)
    outputs = network.predict(inputs)
    return Slice(x, y, outputs.reshape(resolution, resolution, -1))


def _span(values: NDArray[np.floating], resolution: int) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * MARGIN or 1.0
    return np.linspace(low - margin, high + margin, resolution)
