"""Two classes told apart by one score: what every threshold would make of it.

"Positive" is the second class, number 1, as everywhere in the field.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curves:
    """The two curves that a falling threshold draws, (m,) each, and the area under them.

    thresholds: from inf (nothing is called positive) down to the lowest score (everything is).
    false_positive_rate, recall: the ROC curve, recall being its true positive rate.
    precision: of the precision-recall curve; 1 where nothing is called positive.
    roc_area: 0.5 for chance, 1 for perfect. average_precision: the mean precision over recall, in
    steps (not the trapezoid, which flatters: Davis and Goadrich 2006).
    positive_share: of all samples, which is the precision of chance.
    """

    thresholds: np.ndarray
    false_positive_rate: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    roc_area: float
    average_precision: float
    positive_share: float


@dataclass(frozen=True)
class Decisions:
    """How samples were decided at one threshold. Ratios are NaN for 0 / 0."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def accuracy(self) -> float:
        """Share of the decisions that are right."""
        right = self.true_positives + self.true_negatives
        return _ratio(right, right + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """Of those called positive, the share that is."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Of those that are positive, the share that was called so."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        wrong = self.false_positives + self.false_negatives
        return _ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def false_positive_rate(self) -> float:
        """Of those that are negative, the share that was called positive."""
        return _ratio(self.false_positives, self.false_positives + self.true_negatives)


def positive_scores(outputs: np.ndarray) -> np.ndarray:
    """One score a sample, (n,), higher for the second class; outputs (n, 1) or (n, 2).

    A single output is the score. Two become (1 + p1 - p0) / 2: the second class's probability
    where they sum to 1, and above 0.5 exactly where the second is the larger.
    """
    outputs = np.asarray(outputs, dtype=np.float64)
    return outputs[:, 0] if outputs.shape[1] == 1 else (1.0 + outputs[:, 1] - outputs[:, 0]) / 2.0


def threshold_curves(scores: np.ndarray, positive: np.ndarray) -> Curves:
    """Draw the ROC and the precision-recall curve.

    scores: finite (n,); positive: bool (n,). Rates and areas are NaN if a class has no sample.
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], positive[order]
    # Equal scores fall on the same side of any threshold: a point for each different one.
    ends = np.flatnonzero(np.diff(sorted_scores, append=-np.inf))
    called = np.concatenate([[0], ends + 1])
    found = np.concatenate([[0], np.cumsum(hits)[ends]])
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    recall = found / n_positive if n_positive else np.full(len(found), math.nan)
    false = (called - found) / n_negative if n_negative else np.full(len(found), math.nan)
    precision = np.where(called > 0, found / np.maximum(called, 1), 1.0)
    return Curves(
        thresholds=np.concatenate([[math.inf], sorted_scores[ends]]),
        false_positive_rate=false,
        recall=recall,
        precision=precision,
        roc_area=float(np.trapezoid(recall, false)) if len(ends) else math.nan,
        average_precision=float((np.diff(recall) * precision[1:]).sum()) if len(ends) else math.nan,
        positive_share=_ratio(n_positive, len(positive)),
    )


def decisions_at(scores: np.ndarray, positive: np.ndarray, threshold: float) -> Decisions:
    """Count right and wrong decisions where scores above the threshold are called positive."""
    called = scores > threshold
    return Decisions(
        true_positives=int((called & positive).sum()),
        false_positives=int((called & ~positive).sum()),
        true_negatives=int((~called & ~positive).sum()),
        false_negatives=int((~called & positive).sum()),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
