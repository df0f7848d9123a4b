"""Which samples a run is followed by: all of a part, or as many as an estimate may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.costs import most_rows
from core.data import Dataset
from core.data.sparse import SparseRows
from core.evaluation import parts_of

if TYPE_CHECKING:
    from core.engine.cuda.large.arrays import Extent
    from core.engine.layout import Layout

FETCHING = 8
"""Times as long as in dense rows a product takes whose weights are fetched from here and there."""


def most_looked_at(layout: Layout, X: Any) -> int:
    """How many rows an estimate looks at; sparse ones cost what is not 0, by fetching it.

    X: the training samples, whole rows or sparse.
    """
    work = layout.n_parameters
    if isinstance(X, SparseRows):
        unread = layout.n_inputs - len(X.values) // len(X)
        work = FETCHING * (work - unread * layout.sizes[1])
    return most_rows(work)


def looked_at(n: int, most: int) -> NDArray[np.int64]:
    """Numbers of the rows, of n: evenly spread, and always the same."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.int64)


def extents(layout: Layout, dataset: Dataset) -> tuple[Extent, ...]:
    """How much of each part is looked at, known before there is a run."""
    from core.engine.cuda.large.arrays import Extent

    found, most = [], most_looked_at(layout, dataset.X_train)
    for part in parts_of(dataset):
        X: Any = getattr(dataset, f"X_{part}")
        rows, entries = looked_at(len(X), most), None
        if isinstance(X, SparseRows):
            entries = int(np.diff(X.starts)[rows].sum())
        found.append(Extent(len(rows), entries))
    return tuple(found)
