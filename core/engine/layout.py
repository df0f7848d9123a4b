"""Where each layer's numbers lie in one flat buffer of parameters.

Layer after layer: the weights W (inputs, units), row by row, then the biases b (units,).
One buffer makes the optimizer one loop, a snapshot one copy and a download one write.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.maths.activations import ACTIVATIONS, SOFTMAX
from core.maths.registry import get

if TYPE_CHECKING:
    from core.experiment import NetworkConfig

# Columns of `Layout.table`, one row a layer.
INPUTS, UNITS, ACTIVATION, WEIGHTS, BIASES, ROW = range(6)

SOFTMAX_CODE = len(ACTIVATIONS)  # the one activation that is no function of a single unit


def activation_code(name: str) -> int:
    """The number by which kernels know an activation: its place in the registry."""
    if name == SOFTMAX:
        return SOFTMAX_CODE
    get(ACTIVATIONS, name, "activation")
    return list(ACTIVATIONS).index(name)


@dataclass(frozen=True)
class Layout:
    """Sizes, activations and offsets of a network's layers.

    sizes: inputs first, outputs last: (2, 4, 2, 1) has three layers.
    activations: one name a layer; only the last may be softmax.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) != len(self.activations) + 1 or min(self.sizes) < 1:
            raise ValueError(
                f"A network needs an activation a layer and sizes of at least 1, not sizes "
                f"{self.sizes} and activations {self.activations}."
            )
        if SOFTMAX in self.activations[:-1]:
            raise ValueError("Softmax is for the output layer only.")
        for name in self.activations:
            activation_code(name)

    @staticmethod
    def of(n_inputs: int, config: NetworkConfig, n_outputs: int, output_activation: str) -> Layout:
        """The layout of a network config between its data's inputs and outputs."""
        hidden = config.layers
        return Layout(
            (n_inputs, *(layer.units for layer in hidden), n_outputs),
            (*(layer.activation for layer in hidden), output_activation),
        )

    @property
    def n_layers(self) -> int:
        """Number of layers that have weights: the hidden ones and the output."""
        return len(self.activations)

    @property
    def n_inputs(self) -> int:
        return self.sizes[0]

    @property
    def n_outputs(self) -> int:
        return self.sizes[-1]

    @property
    def n_units(self) -> int:
        """Number of units in all layers together."""
        return sum(self.sizes[1:])

    @property
    def output_activation(self) -> str:
        return self.activations[-1]

    @functools.cached_property
    def n_parameters(self) -> int:
        return sum((i + 1) * u for i, u in pairwise(self.sizes))

    @functools.cached_property
    def table(self) -> NDArray[np.int64]:
        """What a kernel needs to know: int64 (n_layers, 6), columns INPUTS to ROW.

        WEIGHTS and BIASES are offsets into the parameters; ROW is the layer's first row in a
        buffer that holds one row for each unit of the network.
        """
        rows, offset, row = [], 0, 0
        for inputs, units, name in self._layers():
            biases = offset + inputs * units
            rows.append((inputs, units, activation_code(name), offset, biases, row))
            offset, row = biases + units, row + units
        table = np.array(rows, dtype=np.int64)
        table.flags.writeable = False
        return table

    def _layers(self) -> Iterator[tuple[int, int, str]]:
        return zip(self.sizes[:-1], self.sizes[1:], self.activations, strict=True)

    def slices(self) -> list[slice]:
        """Each layer's parameters, weights and biases together, within the flat buffer."""
        starts = [int(row[WEIGHTS]) for row in self.table]
        return [
            slice(start, stop)
            for start, stop in zip(starts, [*starts[1:], self.n_parameters], strict=True)
        ]

    def views(self, flat: NDArray) -> tuple[list[NDArray], list[NDArray]]:
        """Look at a flat buffer (n_parameters,) as weights (inputs, units) and biases (units,).

        Nothing is copied: writing into a view writes into the buffer.
        """
        weights, biases = [], []
        for inputs, units, _, start, middle, _ in self.table.tolist():
            weights.append(flat[start:middle].reshape(inputs, units))
            biases.append(flat[middle : middle + units])
        return weights, biases
