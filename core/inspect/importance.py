"""What a network says of one sample, and what each input had to do with it: input x gradient.

The contribution of input i to an output is x_i * dz/dx_i, with z what the output's activation
reads. For a linear network they are w_i * x_i and add up to z - z(0); elsewhere they say what holds
for small changes of x, and add up to that of x as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.targets import decide
from core.inspect.normalizing import normalizing_of
from core.inspect.trace import elementwise
from core.maths.activations import ACTIVATIONS, SOFTMAX
from core.maths.losses import LOSSES
from core.maths.registry import get
from core.network import Network
from core.refusals import Refusal

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What a network says of a sample.

    outputs: (n_outputs,), as `Network.predict` has them. output: the one that contributions
    (n_inputs,) are to. winner: number of the class decided for; None for values.
    shares: (n_classes,), 0 to 1, where outputs are probabilities, of which a single one makes two;
    else None.
    """

    outputs: NDArray[np.float32]
    output: int
    contributions: Floats
    winner: int | None = None
    shares: Floats | None = None

    @property
    def scores(self) -> Floats:
        """A number for each class, (n_classes,): shares, or margins, one of a single output."""
        if self.shares is not None:
            return self.shares
        found = self.outputs.astype(np.float64)
        return found if len(found) > 1 else np.array([-found[0], found[0]])

    @property
    def is_sound(self) -> bool:
        """Whether all of it is finite numbers."""
        return bool(np.isfinite(self.outputs).all() and np.isfinite(self.contributions).all())


def class_verdict(network: Network, x: ArrayLike, loss: str) -> Verdict:
    """The class that a network takes a sample for, and what contributed to that output.

    x: (n_inputs,), as the network is fed. A single output speaks for class 1, and against it for
    class 0. Raises ValueError as `Network.predict` does.
    """
    outputs = network.predict(np.asarray(x)[None])[0]
    winner = int(decide(outputs[None], loss)[0])
    output = winner if len(outputs) > 1 else 0
    shares = None
    if network.output_activation in ("sigmoid", SOFTMAX) and (
        get(LOSSES, loss, "loss").targets != "plus_minus"
    ):
        p = outputs.astype(np.float64)
        shares = p if len(p) > 1 else np.array([1.0 - p[0], p[0]])
    return Verdict(outputs, output, input_importance(network, x, output), winner, shares)


def value_verdict(network: Network, x: ArrayLike, output: int = 0) -> Verdict:
    """The values that a network predicts of a sample, and what contributed to one of them."""
    outputs = network.predict(np.asarray(x)[None])[0]
    return Verdict(outputs, output, input_importance(network, x, output))


def input_importance(network: Network, x: ArrayLike, output: int) -> Floats:
    """What each input contributes to an output: x_i * dz/dx_i, float64 (n_inputs,).

    x: (n_inputs,), as the network is fed. z: what the output's activation reads. Dropout is off;
    layers normalized over batches use their running statistics. At a kink the slope is the left
    side's. Raises ValueError if there is no such output, or x does not fit.
    """
    inputs = np.asarray(x, dtype=np.float64)
    if inputs.shape != (network.n_inputs,):
        raise Refusal(
            "x must be one sample of {count} numbers; got shape {shape}.",
            count=network.n_inputs,
            shape=str(inputs.shape),
        )
    if not 0 <= output < network.n_outputs:
        raise Refusal(
            "There is no output {number}: the network has {count}, counted from 0.",
            number=output,
            count=network.n_outputs,
        )
    with np.errstate(all="ignore"):  # a diverged network is asked, too
        return inputs * _gradient(network, inputs, output)


def _gradient(network: Network, x: Floats, output: int) -> Floats:
    """dz/dx of one output at x (n_inputs,); products in float32, like the network's own."""
    layout, weights = network.layout, network.weights
    normalizing = normalizing_of(layout, network.params, at_rest=True)
    sums, slopes, a = [], [], x[None]
    for layer, name in enumerate(layout.activations[:-1]):
        z = _product(a, weights[layer]) + network.biases[layer]
        read, activation = normalizing[layer].read(z), get(ACTIVATIONS, name, "activation")
        a = elementwise(activation.function, read)
        sums.append(z)
        slopes.append(elementwise(activation.derivative, read, a))
    gradient = weights[-1][:, output].astype(np.float64)[None]
    for layer in reversed(range(len(sums))):
        deltas = normalizing[layer].back(sums[layer], gradient * slopes[layer])
        gradient = _product(deltas, weights[layer].T)
    return np.asarray(gradient[0])


def _product(row: Floats, weights: NDArray[np.float32]) -> Floats:
    """A row (1, n) times weights (n, m), which are not copied: they may be millions."""
    return (row.astype(np.float32) @ weights).astype(np.float64)
