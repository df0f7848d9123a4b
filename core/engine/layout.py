"""Where each layer's numbers lie in one flat buffer of parameters.

Layer after layer: the weights W (inputs, units), row by row, then the biases b (units,), then, if
the layer is normalized, gamma and beta (units,). Behind the parameters of all layers lie the
running statistics of those normalized over batches: moving_mean and moving_variance (units,).
They are no parameters, no optimizer moves them, but whatever copies the buffer takes them along.
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
from core.maths.normalizations import NORMALIZATIONS
from core.maths.registry import get

if TYPE_CHECKING:
    from core.experiment import NetworkConfig

# Columns of `Layout.table`, one row a layer.
INPUTS, UNITS, ACTIVATION, WEIGHTS, BIASES, ROW = range(6)
NORMALIZATION, GAMMA, BETA, STOP, MEAN, VARIANCE = range(6, 12)

WHOLE = 16  # numbers of a vector: `lanes.LANES`, but that module would bring the compiler along

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
    normalizations: one name a layer, the last is "none"; () for "none" everywhere.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    normalizations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.normalizations:
            object.__setattr__(self, "normalizations", ("none",) * len(self.activations))
        if len(self.sizes) != len(self.activations) + 1 or min(self.sizes) < 1:
            raise ValueError(
                f"A network needs an activation a layer and sizes of at least 1, not sizes "
                f"{self.sizes} and activations {self.activations}."
            )
        if SOFTMAX in self.activations[:-1]:
            raise ValueError("Softmax is for the output layer only.")
        for name in self.activations:
            activation_code(name)
        if len(self.normalizations) != len(self.activations) or self.normalizations[-1] != "none":
            raise ValueError("A network needs a normalization a layer, none for the output.")
        for name in self.normalizations:
            get(NORMALIZATIONS, name, "normalization")

    @staticmethod
    def of(n_inputs: int, config: NetworkConfig, n_outputs: int, output_activation: str) -> Layout:
        """The layout of a network config between its data's inputs and outputs."""
        hidden = config.layers
        return Layout(
            (n_inputs, *(layer.units for layer in hidden), n_outputs),
            (*(layer.activation for layer in hidden), output_activation),
            (*(layer.normalization for layer in hidden), "none"),
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

    @property
    def is_normalized(self) -> bool:
        """Whether any layer is."""
        return any(name != "none" for name in self.normalizations)

    @functools.cached_property
    def n_parameters(self) -> int:
        """How many numbers the optimizer moves."""
        dense = sum((i + 1) * u for i, u in pairwise(self.sizes))
        return dense + sum(u * len(NORMALIZATIONS[n].parameters) for _, u, _, n in self._layers())

    @functools.cached_property
    def n_numbers(self) -> int:
        """Length of the flat buffer: the parameters and, from a whole vector on, statistics."""
        kept = sum(u * len(NORMALIZATIONS[n].statistics) for _, u, _, n in self._layers())
        return self._statistics + kept if kept else self.n_parameters

    @property
    def _statistics(self) -> int:
        """Where the statistics begin: kernels move whole vectors, which must not reach into them"""
        return -(-self.n_parameters // WHOLE) * WHOLE

    @functools.cached_property
    def table(self) -> NDArray[np.int64]:
        """What a kernel needs to know: int64 (n_layers, 12), columns INPUTS to VARIANCE.

        WEIGHTS, BIASES, GAMMA and BETA are offsets into the parameters, STOP is where those of the
        layer end, MEAN and VARIANCE are offsets of its running statistics; a layer without has
        STOP or 0 for them. ROW is the layer's first row in a buffer that holds one row for each
        unit of the network.
        """
        rows, offset, row, statistics = [], 0, 0, self._statistics
        for inputs, units, activation, name in self._layers():
            record, biases = NORMALIZATIONS[name], offset + inputs * units
            gamma = biases + units
            beta, stop = (gamma + units, gamma + 2 * units) if record.parameters else (gamma, gamma)
            codes = activation_code(activation), list(NORMALIZATIONS).index(name)
            mean, variance = (statistics, statistics + units) if record.statistics else (0, 0)
            shape = (inputs, units, codes[0], offset, biases, row)
            rows.append((*shape, codes[1], gamma, beta, stop, mean, variance))
            offset, row, statistics = stop, row + units, max(statistics, variance + units)
        table = np.array(rows, dtype=np.int64)
        table.flags.writeable = False
        return table

    def _layers(self) -> Iterator[tuple[int, int, str, str]]:
        """Inputs, units, activation and normalization of every layer."""
        return zip(
            self.sizes[:-1], self.sizes[1:], self.activations, self.normalizations, strict=True
        )

    def slices(self) -> list[slice]:
        """Each layer's parameters together, within the flat buffer."""
        return [slice(int(row[WEIGHTS]), int(row[STOP])) for row in self.table]

    def views(self, flat: NDArray) -> tuple[list[NDArray], list[NDArray]]:
        """Look at a flat buffer (n_numbers,) as weights (inputs, units) and biases (units,).

        Nothing is copied: writing into a view writes into the buffer. A buffer of parameters alone,
        (n_parameters,), will do.
        """
        weights, biases = [], []
        for inputs, units, start, middle in self.table[
            :, [INPUTS, UNITS, WEIGHTS, BIASES]
        ].tolist():
            weights.append(flat[start:middle].reshape(inputs, units))
            biases.append(flat[middle : middle + units])
        return weights, biases

    def normalization_views(self, flat: NDArray) -> list[dict[str, NDArray]]:
        """Look at a flat buffer as gamma, beta, moving_mean and moving_variance, (units,) each.

        By layer, {} for a layer without. A buffer of parameters alone has no statistics.
        """
        columns = {"gamma": GAMMA, "beta": BETA, "moving_mean": MEAN, "moving_variance": VARIANCE}
        found = []
        for row, name in zip(self.table.tolist(), self.normalizations, strict=True):
            record = NORMALIZATIONS[name]
            arrays = record.arrays if len(flat) > self.n_parameters else record.parameters
            places = {part: row[columns[part]] for part in arrays}
            found.append({part: flat[at : at + row[UNITS]] for part, at in places.items()})
        return found
