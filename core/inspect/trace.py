"""One training step with every number: forward, loss, backward, update, and a numeric check.

Plain float64 NumPy that calls the registry's scalar functions: slow, readable, and independent of
the engine, so that each can be checked against the other.

Letters: a_in the inputs of a layer, z = a_in W + b, a = f(z), all (batch, units);
delta = dL/dz of one sample's own loss L, so that dL/dw_ij of a batch is the mean over its
samples of a_in_i delta_j. With a normalization a = f(y), y = gamma n + beta, n being z normalized.
One over the batch ties its samples together: z then moves the losses of all of them, and delta is
dL/dz of their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.inspect.normalizing import PLAIN, Normalizing
from core.maths import activations, losses, registry

ScalarFunction = Callable[..., Any]
Place = int | str | None
"""A unit's parameter: the weight that reads input i, None for its bias, or "gamma", "beta"."""


@dataclass(frozen=True)
class LayerTrace:
    """What one dense layer did with a batch; all arrays float64.

    inputs: (batch, n_in). weights: (n_in, units). biases: (units,).
    z: (batch, units), the weighted sums. read: what the activation reads, z or y, z normalized.
    activations: f of that, before dropout.
    mask: (batch, units), 0 or 1 / (1 - rate) per unit, or None without dropout.
    outputs: (batch, units), what the next layer reads.
    output_gradients: dL/d outputs. slopes: f'(z), f'(y); None for softmax, whose units depend on
    one another. read_deltas: dL/dy. deltas: dL/dz, the same without normalization.
    """

    activation: str
    inputs: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    normalizing: Normalizing
    z: np.ndarray
    read: np.ndarray
    activations: np.ndarray
    mask: np.ndarray | None
    outputs: np.ndarray
    output_gradients: np.ndarray
    slopes: np.ndarray | None
    read_deltas: np.ndarray
    deltas: np.ndarray

    @cached_property
    def weight_gradients(self) -> np.ndarray:
        """dL/dW (n_in, units), the mean over the batch, without any penalty."""
        return np.asarray(self.inputs.T @ self.deltas / len(self.inputs))

    @cached_property
    def bias_gradients(self) -> np.ndarray:
        """dL/db (units,), the mean over the batch; 0 where the batch's mean takes b out again."""
        gradients = np.asarray(self.deltas.mean(axis=0))
        return gradients if self.normalizing.over != "batch" else np.zeros_like(gradients)

    @cached_property
    def normalized(self) -> np.ndarray:
        """n (batch, units), of a layer with normalization."""
        return self.normalizing.normalized(self.z)

    @cached_property
    def scale_gradients(self) -> dict[str, np.ndarray]:
        """dL/dgamma and dL/dbeta (units,), the mean over the batch; {} without normalization."""
        if not self.normalizing.arrays:
            return {}
        d = self.read_deltas
        return {"gamma": (d * self.normalized).mean(axis=0), "beta": d.mean(axis=0)}

    def outputs_for(self, z: np.ndarray) -> np.ndarray:
        """What the next layer would read for other weighted sums z, under the same mask.

        Where the batch's own statistics are in use, they move with z.
        """
        return self.outputs_of(self.normalizing.read(z))

    def outputs_of(self, read: np.ndarray) -> np.ndarray:
        """What the next layer would read if the activation read something else."""
        activated = _activate(self.activation, read)
        return activated if self.mask is None else activated * self.mask


@dataclass(frozen=True)
class Trace:
    """One batch through the network and back.

    targets: (batch, n_outputs) as the loss compares them. element_losses: the loss of every
    output, (batch, n_outputs). weights: (batch,), what each sample's loss is multiplied by, or
    None. sample_losses: (batch,), weighted. loss: their mean, without any penalty.
    """

    loss_name: str
    layers: tuple[LayerTrace, ...]
    targets: np.ndarray
    element_losses: np.ndarray
    sample_losses: np.ndarray
    loss: float
    weights: np.ndarray | None = None

    @property
    def predictions(self) -> np.ndarray:
        """The outputs of the last layer, (batch, n_outputs)."""
        return self.layers[-1].outputs

    def numeric_gradient(self, layer: int, i: Place, j: int, step: float = 1e-5) -> float:
        """Measure dL/dw by a central difference: (L(w + h) - L(w - h)) / 2h.

        i: which input the weight reads, None for the bias of unit j, or its "gamma" or "beta".
        step: h, relative to weights greater than 1. Dropout masks are held as they were.
        """
        traced = self.layers[layer]
        reach = np.ones(len(traced.z))
        if isinstance(i, str):
            weight = traced.normalizing.arrays[i][j]
            reach = traced.normalized[:, j] if i == "gamma" else reach
        else:
            weight = traced.biases[j] if i is None else traced.weights[i, j]
            reach = reach if i is None else traced.inputs[:, i]
        h = step * max(1.0, abs(float(weight)))
        with np.errstate(all="ignore"):
            above, below = (
                self._loss_with(layer, j, sign * h * reach, to_sums=not isinstance(i, str))
                for sign in (1.0, -1.0)
            )
        return (above - below) / (2.0 * h)

    def _loss_with(self, layer: int, j: int, added: np.ndarray, *, to_sums: bool) -> float:
        """Return the loss when `added` (batch,) is added to z, or y, of unit j of a layer."""
        traced = self.layers[layer]
        changed = (traced.z if to_sums else traced.read).copy()
        changed[:, j] += added
        outputs = traced.outputs_for(changed) if to_sums else traced.outputs_of(changed)
        for traced in self.layers[layer + 1 :]:
            outputs = traced.outputs_for(outputs @ traced.weights + traced.biases)
        last = self.layers[-1].activation
        samples = sample_losses(self.loss_name, last, self.targets, outputs)[1]
        return float((samples if self.weights is None else samples * self.weights).mean())


def trace(
    layers: Sequence[tuple[np.ndarray, np.ndarray, str]],
    X: np.ndarray,
    targets: np.ndarray,
    loss: str,
    *,
    masks: Sequence[np.ndarray | None] | None = None,
    normalizing: Sequence[Normalizing] = (),
    weights: np.ndarray | None = None,
) -> Trace:
    """Send a batch through a network and back, keeping every number.

    layers: weights (n_in, units), biases (units,) and activation name of every layer.
    X: (batch, n_inputs). targets: (batch, n_outputs), encoded as the loss compares them (one-hot,
    0/1, -1/+1 or values; smoothed if labels are). masks: the dropout masks, one per layer.
    normalizing: one per layer, if any has a normalization.
    weights: (batch,), what each sample's loss is multiplied by.
    """
    targets = np.asarray(targets, dtype=np.float64)
    with np.errstate(all="ignore"):  # a diverged network is traced too, with nan and inf
        normalizing = normalizing or [PLAIN] * len(layers)
        forward = _forward(layers, np.asarray(X, dtype=np.float64), masks, normalizing)
        last = forward[-1]
        elements, samples = sample_losses(loss, last["activation"], targets, last["outputs"])
        if weights is not None:
            samples = samples * weights
        return Trace(
            loss_name=loss,
            layers=_backward(forward, targets, loss, weights),
            targets=targets,
            element_losses=elements,
            sample_losses=samples,
            loss=float(samples.mean()),
            weights=weights,
        )


def _forward(
    layers: Sequence[tuple[np.ndarray, np.ndarray, str]],
    inputs: np.ndarray,
    masks: Sequence[np.ndarray | None] | None,
    normalizing: Sequence[Normalizing],
) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    for number, (weights, biases, activation) in enumerate(layers):
        weights, biases = weights.astype(np.float64), biases.astype(np.float64)
        z = inputs @ weights + biases
        read = normalizing[number].read(z)
        activated = _activate(activation, read)
        mask = None if masks is None else masks[number]
        outputs = activated if mask is None else activated * mask
        done.append(
            {
                "activation": activation,
                "inputs": inputs,
                "weights": weights,
                "biases": biases,
                "normalizing": normalizing[number],
                "z": z,
                "read": read,
                "activations": activated,
                "mask": mask,
                "outputs": outputs,
            }
        )
        inputs = outputs
    return done


def _backward(
    forward: list[dict[str, Any]], targets: np.ndarray, loss: str, weights: np.ndarray | None
) -> tuple[LayerTrace, ...]:
    """Carry dL/d outputs (batch, n_outputs) from the last layer to the first."""
    last, counts = forward[-1], 1.0 if weights is None else weights[:, None]
    gradients = _loss_gradients(loss, last["activation"], targets, last["outputs"]) * counts
    traced: list[LayerTrace] = []
    for layer in reversed(forward):
        slopes, deltas = _through_activation(layer, gradients)
        if not traced and is_fused(loss, layer["activation"]):
            deltas = _fused_deltas(loss, targets, layer["outputs"]) * counts
        read_deltas, deltas = deltas, layer["normalizing"].back(layer["z"], deltas)
        traced.append(
            LayerTrace(
                **layer,
                output_gradients=gradients,
                slopes=slopes,
                read_deltas=read_deltas,
                deltas=deltas,
            )
        )
        gradients = deltas @ layer["weights"].T
    return tuple(reversed(traced))


def _through_activation(
    layer: dict[str, Any], gradients: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the activation's slope (None for softmax) and the derivative by what it reads."""
    arriving = gradients if layer["mask"] is None else gradients * layer["mask"]
    if layer["activation"] == activations.SOFTMAX:
        p = layer["activations"]
        return None, p * (arriving - (p * arriving).sum(axis=1, keepdims=True))
    record = registry.get(activations.ACTIVATIONS, layer["activation"])
    slopes = elementwise(record.derivative, layer["read"], layer["activations"])
    return slopes, arriving * slopes


def is_fused(loss: str, activation: str) -> bool:
    """Say whether loss and last activation collapse into dL/dz = p - y.

    The two-step chain divides by p (1 - p), which the loss clips: p - y has no such limit.
    """
    return registry.get(losses.LOSSES, loss, "loss").difference_behind == activation


def _fused_deltas(loss: str, targets: np.ndarray, p: np.ndarray) -> np.ndarray:
    record = registry.get(losses.LOSSES, loss, "loss")
    # Softmax's outputs share the sum of the targets, which is 1 for one class.
    mass = targets.sum(axis=1, keepdims=True) if record.shares_sum else 1.0
    return np.asarray((p * mass - targets) * _share(record, targets.shape[1]))


def _activate(name: str, z: np.ndarray) -> np.ndarray:
    if name == activations.SOFTMAX:
        exponentials = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
    return elementwise(registry.get(activations.ACTIVATIONS, name).function, z)


def sample_losses(
    name: str, activation: str, targets: np.ndarray, outputs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of every output (batch, n_outputs) and of every sample (batch,).

    activation: the output layer's. targets, outputs: (batch, n_outputs).
    """
    record = registry.get(losses.LOSSES, name, "loss")
    if is_normalized(name, activation):
        outputs = outputs / outputs.sum(axis=1, keepdims=True)
    elements = elementwise(record.function, targets, outputs)
    per_sample = record.mean_over == "samples"
    return elements, np.asarray(elements.sum(axis=1) if per_sample else elements.mean(axis=1))


def _loss_gradients(
    name: str, activation: str, targets: np.ndarray, outputs: np.ndarray
) -> np.ndarray:
    """Return dL/d outputs (batch, n_outputs) of every sample's own loss."""
    record = registry.get(losses.LOSSES, name, "loss")
    shared = _share(record, targets.shape[1])
    if not is_normalized(name, activation):
        return elementwise(record.derivative, targets, outputs) * shared
    total = outputs.sum(axis=1, keepdims=True)
    q = outputs / total
    gradients = elementwise(record.derivative, targets, q) * shared
    return np.asarray((gradients - (gradients * q).sum(axis=1, keepdims=True)) / total)


def _share(record: losses.Loss, n_outputs: int) -> float:
    """What the loss of one output counts in its sample's."""
    return 1.0 if record.mean_over == "samples" else 1.0 / n_outputs


def is_normalized(loss: str, activation: str) -> bool:
    """Say whether the loss compares p_k / sum_j p_j, as Keras does where p need not sum to 1."""
    return registry.get(losses.LOSSES, loss, "loss").normalizes(activation)


def elementwise(function: ScalarFunction, *arrays: np.ndarray) -> np.ndarray:
    """Apply a scalar function to arrays of one shape; float64."""
    with np.errstate(all="ignore"):
        values = np.frompyfunc(function, len(arrays), 1)(*arrays)
    return np.asarray(values, dtype=np.float64)
