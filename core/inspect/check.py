"""Whether the gradients are right: backpropagation against central differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.data.sparse import as_array
from core.engine import cpu
from core.inspect.normalizing import normalizing_of
from core.inspect.trace import Trace, trace
from core.network import Network

MOST_SAMPLES = 64
MOST_PARAMETERS = 200  # of a layer; those checked are spread evenly

NEGLIGIBLE = 0.01
"""Of a layer's largest gradient: smaller ones are compared with this, since float32 is rough."""


def gradient_check(
    network: Network, X: ArrayLike, y: ArrayLike, loss: str | None = None
) -> list[float]:
    """Worst relative error of the gradients of every layer, the first layer first.

    Compares what training computes, backpropagation in float32 by the kernels, with central
    differences of the loss in float64, parameter by parameter: (L(w + h) - L(w - h)) / 2h by the
    formulas of the activations and the loss alone. Right gradients come out at 1e-5 or so; above
    1e-3 something is wrong, or some relu stands within h of its kink. Layers normalized over
    batches use their running statistics, as in `loss_and_gradients`.

    X, y, loss: as in `Network.loss_and_gradients`, with its errors. The first 64 samples are used
    and, of a large layer, 200 parameters. Dropout is off, and there is no penalty.
    """
    X, Y, loss, layout = network.prepared(X, y, loss)
    X, Y = X[:MOST_SAMPLES], Y[:MOST_SAMPLES]
    _, gradient = cpu.loss_and_gradients(layout, network.params, X, Y, loss)
    weights, biases = layout.views(network.params)
    layers = list(zip(weights, biases, layout.activations, strict=True))
    normalizing = normalizing_of(layout, network.params, at_rest=True)
    traced = trace(layers, as_array(X), Y, loss, normalizing=normalizing)
    found = zip(*layout.views(gradient), layout.normalization_views(gradient), strict=True)
    return [
        _worst(traced, layer, np.vstack([dW, db, *scales.values()]), ["", *scales])
        for layer, (dW, db, scales) in enumerate(found)
    ]


def _worst(traced: Trace, layer: int, exact: np.ndarray, others: list[str]) -> float:
    """The worst error in a layer. exact: gradients (n_in + others, units), the others' last.

    others: what follows the weights: biases, "", and of a normalization "gamma" and "beta".
    """
    n_inputs, units = exact.shape[0] - len(others), exact.shape[1]
    chosen = np.linspace(0, exact.size - 1, min(exact.size, MOST_PARAMETERS)).astype(np.int64)
    measured = np.array(
        [
            traced.numeric_gradient(
                layer, int(i) if i < n_inputs else others[i - n_inputs] or None, int(j)
            )
            for i, j in zip(*np.divmod(chosen, units), strict=True)
        ]
    )
    difference = np.abs(exact.ravel()[chosen] - measured)
    size = np.maximum(np.abs(measured), NEGLIGIBLE * np.abs(measured).max())
    # Where both are exactly 0, as of a dead unit, there is no error.
    return float(np.max(np.divide(difference, size, out=difference.copy(), where=size > 0)))
