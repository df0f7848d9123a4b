"""Principal components: the two directions in which rows of many numbers vary most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.sparse import SparseRows

WIDE = 256
"""From so many columns on, only the two components that are drawn are computed."""


@dataclass(frozen=True)
class Components:
    """The first two principal components of rows.

    mean: (n_columns,). directions: (2, n_columns), of length 1; the second is 0 where there is
    one column only. shares: (2,), of the variance; 0 where nothing varies.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    shares: NDArray[np.float64]

    def project(self, rows: Any) -> NDArray[np.float64]:
        """Where rows (n, n_columns), sparse or not, lie, (n, 2), measured from the mean."""
        if isinstance(rows, SparseRows):
            return rows.to_scipy() @ self.directions.T - self.mean @ self.directions.T
        return (rows - self.mean) @ self.directions.T


def components_of(rows: Any) -> Components:
    """Find the first two components of finite rows (n, n_columns), n and n_columns at least 1.

    rows: numbers, or `SparseRows`, which are never made dense.
    """
    if isinstance(rows, SparseRows):
        return _of_sparse(rows)
    rows = np.asarray(rows, dtype=np.float64)
    mean = rows.mean(axis=0)
    centred = rows - mean
    found = _directions(centred)
    along, total = ((centred @ found.T) ** 2).sum(axis=0), (centred**2).sum()
    return Components(mean, found, along / total if total else np.zeros(2))


def _of_sparse(rows: SparseRows) -> Components:
    """The same of sparse rows, by products with them alone."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    table, n, width = rows.to_scipy().astype(np.float64), len(rows), rows.n_columns
    mean = np.asarray(table.mean(axis=0)).ravel()
    total = float(table.multiply(table).sum()) - n * float(mean @ mean)
    if width <= 2:
        return components_of(rows.dense())
    if total <= 1e-12 * n:  # nothing varies, and any directions will do
        return Components(mean, np.eye(2, width), np.zeros(2))

    def scatter(v: NDArray[np.float64]) -> NDArray[np.float64]:
        v = v.ravel()
        return np.asarray(table.T @ (table @ v)) - n * mean * (mean @ v)

    operator = LinearOperator((width, width), matvec=scatter, dtype=np.float64)
    values, found = eigsh(operator, k=2, v0=np.cos(np.arange(width)), tol=1e-7)
    order = np.argsort(-values)
    return Components(mean, _signed(found.T[order]), values[order] / total)


def _directions(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    first = _first_two(centred.T @ centred)
    if len(first) < 2:
        first = np.concatenate([first, np.zeros_like(first)])
    return _signed(first)


def _signed(first: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions (2, n) whose largest entries are positive: an eigenvector's sign is arbitrary."""
    largest = np.abs(first).argmax(axis=1)
    signs = np.sign(first[np.arange(2), largest])
    return first * np.where(signs, signs, 1)[:, None]


def _first_two(scatter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eigenvectors (2, n) of the largest eigenvalues; one if n is one."""
    if len(scatter) >= WIDE and np.any(scatter):
        from scipy.sparse.linalg import ArpackError, eigsh

        # All of them would take most of a second. The start is fixed, and so are the bits.
        try:
            values, directions = eigsh(scatter, k=2, v0=np.cos(np.arange(len(scatter))))
            return directions.T[np.argsort(-values)]
        except ArpackError:  # as good as no direction stands out
            pass
    return np.linalg.eigh(scatter)[1].T[::-1][:2]


def spaced(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` of n row numbers, evenly spaced, first and last among them."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)
