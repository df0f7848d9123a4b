"""How good a network is on a set of samples: confusion, classes, errors, the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data import Dataset
from core.data.targets import decide
from core.evaluation import measure, samples_of
from core.maths import losses, registry
from core.network import Network


@dataclass(frozen=True)
class Report:
    """A network on the samples of one part of a dataset.

    outputs: (n, n_outputs). true: class numbers (n,), or values (n, n_values). loss: their mean,
    without penalty; metrics: accuracy, or r2 and mean_absolute_error. NaN where n is 0.
    of: how many samples the part has; n is smaller where only the first were asked for.
    """

    outputs: np.ndarray
    true: np.ndarray
    loss: float
    metrics: dict[str, float]
    of: int

    @property
    def n(self) -> int:
        """How many samples were looked at."""
        return len(self.outputs)


def report(
    network: Network, dataset: Dataset, part: str, loss: str, *, most: int | None = None
) -> Report:
    """Evaluate a network on a part of the data, or on the first `most` rows of it.

    part: "train", "test", or "validation" where there is one.
    """
    last = network.config.output_activation
    chosen = samples_of(dataset, part, loss, activation=last, rows=slice(most))
    found, outputs = measure(network.layout, network.params, chosen, dataset.task, loss)
    n = len(getattr(dataset, f"y_{part}"))
    return Report(outputs, chosen.y, found.pop("loss"), found, n)


@dataclass(frozen=True)
class ClassScore:
    """One class: of those said to be it, how many are (precision); of those that are it, how many
    were found (recall); their harmonic mean (f1); how many there are (support). NaN for 0 / 0."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Decision:
    """A sample and the class it was taken for. confidence: 0 to 1, in that class."""

    sample: int
    true: int
    predicted: int
    confidence: float


def confusion(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count samples by class. true, predicted: class numbers (n,). Returns (true, predicted)."""
    cells = np.asarray(true, dtype=np.int64) * n_classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_scores(counts: np.ndarray, names: Sequence[str]) -> list[ClassScore]:
    """Read precision and recall of every class off a confusion matrix (true, predicted)."""
    right = np.diagonal(counts).astype(np.float64)
    said, present = counts.sum(axis=0), counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        precision, recall = right / said, right / present
        f1 = 2.0 * right / (said + present)
    rows = zip(names, precision, recall, f1, present, strict=True)
    return [ClassScore(n, float(p), float(r), float(f), int(s)) for n, p, r, f, s in rows]


def mistakes(
    outputs: np.ndarray,
    true: np.ndarray,
    loss: str,
    *,
    most: int = 10,
    of: int | None = None,
    taken_for: int | None = None,
) -> list[Decision]:
    """Find the samples that are wrong with the most confidence, the surest first.

    outputs: (n, n_outputs), true: class numbers (n,). Outputs that are not finite are left out.
    of, taken_for: only those of this class, only those taken for that one: the samples behind a
    cell of the confusion matrix. Where the two are equal, the right ones, the least sure first.
    """
    predicted, sure = decide(outputs, loss), confidence(outputs, loss)
    is_right = of is not None and of == taken_for
    chosen = ((predicted == true) == is_right) & np.isfinite(outputs).all(axis=1)
    if of is not None:
        chosen &= true == of
    if taken_for is not None:
        chosen &= predicted == taken_for
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(sure[rows] if is_right else -sure[rows], kind="stable")][:most]
    return [Decision(int(i), int(true[i]), int(predicted[i]), float(sure[i])) for i in rows]


def confidence(outputs: np.ndarray, loss: str) -> np.ndarray:
    """How sure the network is of its decision, (n,) in 0 to 1.

    The probability of the decided class where outputs are probabilities. A hinge's outputs are
    margins: 0.5 at the boundary, 1 at its margin of 1 and beyond.
    """
    if registry.get(losses.LOSSES, loss, "loss").targets == "plus_minus":
        outputs = (outputs + 1.0) / 2.0
    best = outputs.max(axis=1)
    if outputs.shape[1] == 1:
        best = np.maximum(best, 1.0 - best)
    return np.clip(best, 0.0, 1.0)
