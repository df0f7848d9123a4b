"""Rows of which most columns are 0, as three flat arrays: what is not 0, one row after the other.

It is the compressed sparse row form of SciPy, with plain arrays that a kernel can take.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.refusals import Refusal

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
        if not self._is_sound():  # a kernel follows these numbers without looking
            raise Refusal("Sparse rows have entries outside of their table, or two at one place.")
        for array in (self.starts, self.columns, self.values):
            array.flags.writeable = False

    def _is_sound(self) -> bool:
        starts, columns, n = self.starts, self.columns, len(self.values)
        together = starts.ndim == columns.ndim == self.values.ndim == 1 and len(columns) == n
        if not together or not len(starts) or starts[0] != 0 or starts[-1] != n:
            return False
        lowest, highest = columns.min(initial=0), columns.max(initial=-1)
        if (np.diff(starts) < 0).any() or lowest < 0 or highest >= self.n_columns:
            return False
        of_row = np.repeat(np.arange(len(self), dtype=np.int64) * self.n_columns, np.diff(starts))
        places = np.sort(of_row + columns)
        return bool((np.diff(places) > 0).all())

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> SparseRows:
        """Some of the rows: a slice, or numbers as for `take`."""
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        return self.take(rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.n_columns

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.starts.nbytes + self.columns.nbytes + self.values.nbytes

    def take(self, rows: NDArray[np.integer]) -> SparseRows:
        """Some of the rows. rows: numbers (n,), any order, repeated or not."""
        rows = np.arange(len(self))[rows]  # negative numbers count from the end
        counts = np.diff(self.starts)[rows]
        starts = starts_of(counts)
        entries = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SparseRows(starts, self.columns[entries], self.values[entries], self.n_columns)

    def part(self, columns: slice) -> NDArray[np.float32]:
        """Some neighbouring columns of all rows as an array (n_rows, n_some)."""
        first, last, _ = columns.indices(self.n_columns)
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        chosen = (self.columns >= first) & (self.columns < last)
        table = np.zeros((len(self), max(last - first, 0)), np.float32)
        table[rows[chosen], self.columns[chosen] - first] = self.values[chosen]
        return table

    def dense(self) -> NDArray[np.float32]:
        """All of it as an array (n_rows, n_columns): mind its size."""
        table = np.zeros(self.shape, np.float32)
        table[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.columns] = self.values
        return table

    def to_scipy(self) -> csr_matrix:
        """The same as SciPy's csr_matrix (n_rows, n_columns), sharing the arrays."""
        from scipy.sparse import csr_matrix

        shape = (len(self), self.n_columns)
        return csr_matrix((self.values, self.columns, self.starts), shape=shape, copy=False)


def as_array(rows: Any) -> NDArray[np.float32]:
    """`SparseRows` made dense, an array as it is: for few rows."""
    return rows.dense() if isinstance(rows, SparseRows) else rows


def columns_of(rows: Any, columns: slice) -> NDArray[np.float32]:
    """Some neighbouring columns of `SparseRows`, or of an array, as an array (n_rows, n_some)."""
    return rows.part(columns) if isinstance(rows, SparseRows) else rows[:, columns]


def starts_of(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where each row's entries start, and the end of the last. counts: of each row's entries."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def sparse_rows(table: Any) -> SparseRows | None:
    """`SparseRows` as they are, and those of any of SciPy's sparse tables; None of anything else.

    Entries that SciPy holds twice are added. Raises ValueError for more than two axes.
    """
    if isinstance(table, SparseRows):
        return table
    if "scipy.sparse" not in sys.modules or not sys.modules["scipy.sparse"].issparse(table):
        return None
    rows = table.tocsr().astype(np.float32)
    rows.sum_duplicates()
    starts, columns = rows.indptr.astype(np.int64), rows.indices.astype(np.int32)
    return SparseRows(starts, columns, rows.data.copy(), rows.shape[1])
