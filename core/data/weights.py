"""What each training sample's loss is multiplied by: class weights, and weights of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.refusals import Refusal

ClassWeight = str | tuple[float, ...]


def sample_weights(dataset: Dataset, class_weight: ClassWeight) -> NDArray[np.float32] | None:
    """Weights of the training rows, float32 (n_samples,); None where all count alike.

    class_weight: as in `TrainingConfig`. Those of the classes multiply the samples' own.
    Raises ValueError if they do not fit the data: see `check_class_weight`.
    """
    check_class_weight(dataset.task, dataset.n_classes, class_weight)
    own = dataset.sample_weight
    if class_weight == "none":
        return None if own is None else own.copy()
    numbers = dataset.y_train.astype(np.int64)
    by_class = np.asarray(
        balanced(numbers, dataset.n_classes) if class_weight == "balanced" else class_weight
    )
    weights = by_class[numbers]
    with np.errstate(over="ignore"):  # told in words
        together = np.asarray(weights if own is None else weights * own, dtype=np.float32)
    if not np.isfinite(together).all():
        raise Refusal("A sample's weight times its class's weight is too large a number.")
    return together


def balanced(numbers: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """scikit-learn's "balanced": n / (k * count) for each class, so that all weigh the same.

    numbers: classes (n,). k counts the classes that are there; one that is not gets a 1, which
    nothing uses. Weights of single samples play no part.
    """
    counts = np.bincount(numbers, minlength=n_classes)
    k = np.count_nonzero(counts)
    return np.where(counts > 0, len(numbers) / (k * np.maximum(counts, 1)), 1.0)


def check_class_weight(task: str, n_classes: int, class_weight: ClassWeight) -> None:
    """Raise a ValueError if there are no classes to weigh, or as many weights as others."""
    if class_weight == "none":
        return
    if task != "classification":
        raise Refusal("Class weights are for classes, and this data set has values instead.")
    if class_weight != "balanced" and len(class_weight) != n_classes:
        raise Refusal(
            "class_weight has {count} numbers, but the data set has {classes} classes.",
            count=len(class_weight),
            classes=n_classes,
        )
