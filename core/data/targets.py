"""What the output layer is asked for: its size, its targets, and the decision read off it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.maths.activations import SOFTMAX
from core.maths.losses import LOSSES, Loss
from core.maths.registry import get
from core.refusals import Refusal


def _loss(name: str) -> Loss:
    return get(LOSSES, name, "loss")


def check_loss(task: str, loss: str) -> None:
    """Raise a ValueError that names the losses that fit, if this one does not suit the task."""
    if task not in _loss(loss).tasks:
        fitting = [name for name, record in LOSSES.items() if task in record.tasks]
        raise Refusal(
            "The loss {loss!r} does not suit {task}. Choose one of: {choices}.",
            loss=loss,
            task=task,
            choices=", ".join(fitting),
        )


def output_activation(loss: str, choice: str = "auto") -> str:
    """The output layer's activation: the choice itself, or for "auto" what the loss asks for."""
    return _loss(loss).output_activation if choice == "auto" else choice


def output_size(
    task: str, n_classes: int, loss: str, *, n_values: int = 1, activation: str = "auto"
) -> int:
    """Number of outputs.

    Regression: one per value. Classification: one per class, except that two classes share one
    output, unless the loss or the activation makes them probabilities that sum to one.
    """
    if task == "regression":
        return n_values
    together = _loss(loss).shares_sum or activation == SOFTMAX
    return 1 if n_classes == 2 and not together else n_classes


def encode_targets(
    y: NDArray, task: str, n_classes: int, loss: str, *, activation: str = "auto"
) -> NDArray[np.float32]:
    """Write a data set's targets as the output layer's.

    y: class numbers (n,), or values (n, n_values). Returns float32 (n, n_outputs), C-contiguous:
    0/1 for classes, -1/+1 where the loss is a hinge, values as they are.
    """
    if task == "regression":
        values = np.ascontiguousarray(y, dtype=np.float32)
        return values[:, None] if values.ndim == 1 else values
    n_outputs = output_size(task, n_classes, loss, activation=activation)
    numbers = np.asarray(y).astype(np.int64)
    if n_outputs == 1:
        targets = (numbers == 1).astype(np.float32)[:, None]
    else:
        targets = (numbers[:, None] == np.arange(n_classes)).astype(np.float32)
    return _signed(targets) if _loss(loss).targets == "plus_minus" else targets


def _signed(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 and 1 as -1 and +1."""
    return targets * np.float32(2.0) - np.float32(1.0)


def read_targets(y: ArrayLike, n_outputs: int, loss: str) -> NDArray[np.float32]:
    """Read targets in any form that suits an output layer of a known size.

    y: (n, n_outputs), taken as they are (0/1 mapped to -1/+1 for hinges); (n,) for a single
    output; or class numbers (n,) for several. Returns float32 (n, n_outputs), C-contiguous.
    Raises ValueError when the shape, a class number, or a value does not fit the loss.
    """
    try:
        targets = np.ascontiguousarray(np.asarray(y), dtype=np.float32)
    except (TypeError, ValueError):
        raise Refusal("{array} must be plain numbers, all rows alike.", array="y") from None
    if targets.ndim == 2 and targets.shape[1] == 1 and n_outputs > 1:
        targets = targets[:, 0]
    if targets.ndim == 1:
        targets = targets[:, None] if n_outputs == 1 else _one_hot(targets, n_outputs)
    if targets.ndim != 2 or targets.shape[1] != n_outputs:
        raise Refusal(
            "y must be (n_samples, {count}) or class numbers (n_samples,); got shape {shape}.",
            count=n_outputs,
            shape=str(np.shape(y)),
        )
    if not np.isfinite(targets).all():
        raise Refusal("y holds a value that is not a finite number.")
    written = _loss(loss).targets
    outside = targets[(targets < 0.0) | (targets > 1.0)]
    if written == "zero_one" and len(outside):
        raise Refusal(
            "y holds {value}, but the targets of {loss} are probabilities from 0 to 1; "
            "only the hinge losses take -1 and +1.",
            value=f"{outside[0]:g}",
            loss=loss,
        )
    if written == "plus_minus" and np.isin(targets, (0.0, 1.0)).all():
        return _signed(targets)
    return np.ascontiguousarray(targets)


def _one_hot(numbers: NDArray[np.float32], n_outputs: int) -> NDArray[np.float32]:
    wrong = numbers[~np.isin(numbers, np.arange(n_outputs))]
    if len(wrong):
        raise Refusal(
            "y holds {value}, which is no class number: with {count} outputs they are 0 to {last}.",
            value=f"{wrong[0]:g}",
            count=n_outputs,
            last=n_outputs - 1,
        )
    return (numbers[:, None] == np.arange(n_outputs)).astype(np.float32)


def decide(outputs: NDArray[np.floating], loss: str) -> NDArray[np.int64]:
    """Class numbers (n,) read off outputs (n, n_outputs).

    The largest of several; of a single one, above 0.5 (above 0 where the loss is a hinge).
    """
    if outputs.shape[1] > 1:
        return np.argmax(outputs, axis=1)
    threshold = 0.0 if _loss(loss).targets == "plus_minus" else 0.5
    return (outputs[:, 0] > threshold).astype(np.int64)
