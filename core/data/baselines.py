"""What needs no network: the commonest class, the nearest neighbour, a logistic regression.

A network that does no better than these has learnt nothing worth its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from core.data.dataset import Dataset


def commonest_class(dataset: Dataset) -> float:
    """Accuracy on the test rows of always saying the training rows' commonest class."""
    guess = np.bincount(dataset.y_train.astype(np.int64)).argmax()
    return float((dataset.y_test == guess).mean())


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


BASELINES: Mapping[str, Callable[[Dataset], float]] = {
    "commonest_class": commonest_class,
    "nearest_neighbour": nearest_neighbour,
    "logistic_regression": logistic_regression,
}
