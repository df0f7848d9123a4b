"""What needs no network: the commonest class, the nearest neighbour, a logistic regression, means.

A network that does no better than these has learnt nothing worth its weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.films import FilmPairs
from core.refusals import Refusal

SHRINK = 5.0
"""Ratings of the mean that a person or a film is thought to have beside the real ones."""


def commonest(dataset: Dataset) -> int:
    """The commonest class of the training rows."""
    return int(np.bincount(dataset.y_train.astype(np.int64)).argmax())


def commonest_class(dataset: Dataset) -> float:
    """Accuracy on the test rows of always saying the training rows' commonest class."""
    return float((dataset.y_test == commonest(dataset)).mean())


def nearest_neighbour(dataset: Dataset) -> float:
    """Accuracy on the test rows of saying what the nearest training row is."""
    from sklearn.neighbors import KNeighborsClassifier

    return _accuracy(KNeighborsClassifier(1), dataset)


def logistic_regression(dataset: Dataset) -> float:
    """Accuracy on the test rows of scikit-learn's logistic regression, with its usual penalty."""
    from sklearn.linear_model import LogisticRegression

    return _accuracy(LogisticRegression(max_iter=1000), dataset)


def _accuracy(model, dataset: Dataset) -> float:  # type: ignore[no-untyped-def]
    model.fit(dataset.X_train, dataset.y_train)
    return float(model.score(dataset.X_test, dataset.y_test))


def mean_value(dataset: Dataset) -> float:
    """Root mean squared error on the test rows of always saying the training rows' mean."""
    return _root_mean_square(dataset.y_test - dataset.y_train.mean(axis=0, dtype=np.float64))


def biases(dataset: Dataset) -> float:
    """Root mean squared error on the test rows of the mean, a film's and a person's deviation.

    The mean, plus how much better a film is rated than it, plus how much better a person rates than
    that; both shrunk, sum / (SHRINK + count), as Koren, Bell and Volinsky (2009) have them.
    """
    how = dataset.preprocessing
    if not isinstance(how, FilmPairs):
        raise Refusal("Only ratings of films by people have biases of both.")
    train, test = (how.pairs(rows) for rows in (dataset.X_train, dataset.X_test))
    left, left_test = dataset.y_train[:, 0].astype(np.float64), dataset.y_test[:, 0]
    mean = left.mean()
    left, left_test = left - mean, left_test - mean
    for which in (1, 0):  # film, then person
        count = max(how.people, how.films)
        n = np.bincount(train[:, which], minlength=count)
        deviation = np.bincount(train[:, which], left, minlength=count) / (SHRINK + n)
        left = left - deviation[train[:, which]]
        left_test = left_test - deviation[test[:, which]]
    return _root_mean_square(left_test)


def _root_mean_square(errors: NDArray[np.floating]) -> float:
    return math.sqrt(float((errors.astype(np.float64) ** 2).mean()))


BASELINES: Mapping[str, Callable[[Dataset], float]] = {
    "commonest_class": commonest_class,
    "nearest_neighbour": nearest_neighbour,
    "logistic_regression": logistic_regression,
    "mean_value": mean_value,
    "biases": biases,
}
