"""Rows of which most columns are 0, as three flat arrays: what is not 0, one row after the other.

It is the compressed sparse row form of SciPy, with plain arrays that a kernel can take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class SparseRows:
    """A table (n_rows, n_columns) by its entries. All arrays are read-only.

    starts: int64 (n_rows + 1,); row i has the entries starts[i] up to starts[i + 1].
    columns: int32 (n_entries,), the number of the column that an entry is in, none twice in a row.
    values: float32 (n_entries,).
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    n_columns: int

    def __post_init__(self) -> None:
        for array in (self.starts, self.columns, self.values):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.starts.nbytes + self.columns.nbytes + self.values.nbytes

    def take(self, rows: NDArray[np.integer]) -> SparseRows:
        """Some of the rows. rows: numbers (n,), any order, repeated or not."""
        counts = np.diff(self.starts)[rows]
        starts = starts_of(counts)
        entries = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SparseRows(starts, self.columns[entries], self.values[entries], self.n_columns)

    def to_scipy(self) -> csr_matrix:
        """The same as SciPy's csr_matrix (n_rows, n_columns), sharing the arrays."""
        from scipy.sparse import csr_matrix

        shape = (len(self), self.n_columns)
        return csr_matrix((self.values, self.columns, self.starts), shape=shape, copy=False)


def starts_of(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where each row's entries start, and the end of the last. counts: of each row's entries."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts
