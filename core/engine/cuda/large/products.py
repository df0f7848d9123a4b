"""Products of matrices: cuBLAS's on a GPU, NumPy's in the simulator.

`CuBLAS` has never run: it is written against nvmath-python's bindings, and a test holds it against
a library of the same face that reads the matrices column by column, as cuBLAS does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Matrix(NamedTuple):
    """Numbers of a flat array (from `start` on) as a matrix (rows, columns), row by row."""

    array: Any
    start: int
    rows: int
    columns: int


class NumPyProducts:
    """Multiplies where arrays are NumPy's."""

    def multiply(
        self, out: Matrix, a: Matrix, b: Matrix, *, turn_a: bool = False, turn_b: bool = False
    ) -> None:
        """out = a b, each of them turned if it says so."""
        left, right = (seen(m).T if turn else seen(m) for m, turn in ((a, turn_a), (b, turn_b)))
        np.matmul(left, right, out=seen(out))

    def free(self) -> None:
        """There is nothing to give back."""


def seen(m: Matrix) -> Any:
    """A matrix of the host as it lies, (rows, columns)."""
    return m.array[m.start : m.start + m.rows * m.columns].reshape(m.rows, m.columns)


class CuBLAS:
    """Multiplies on a stream of the GPU, in float32, or in TF32 where it is allowed.

    cuBLAS reads matrices column by column. Ours, read so, is its own transpose: so it is asked for
    out' = b' a', with what lies as (rows, columns) given as (columns, rows).

    stream: its handle. workspace: address and bytes of memory for cuBLAS to work in, without which
    it would allocate some in the middle of a capture.
    """

    def __init__(self, stream: int, workspace: tuple[int, int], *, tf32: bool) -> None:
        from nvmath.bindings import cublas

        self._library, self._handle = cublas, cublas.create()
        math = cublas.Math.TF32_TENSOR_OP_MATH if tf32 else cublas.Math.DEFAULT_MATH
        cublas.set_stream(self._handle, stream)
        cublas.set_workspace(self._handle, *workspace)
        cublas.set_math_mode(self._handle, math)
        self._as_is, self._turned = int(cublas.Operation.N), int(cublas.Operation.T)
        # Read by cuBLAS at the call itself: its pointers are the host's unless it is told so.
        self._one, self._zero = np.ones(1, np.float32), np.zeros(1, np.float32)

    def multiply(
        self, out: Matrix, a: Matrix, b: Matrix, *, turn_a: bool = False, turn_b: bool = False
    ) -> None:
        """out = a b, each of them turned if it says so."""
        self._library.sgemm(
            self._handle,
            self._turned if turn_b else self._as_is,
            self._turned if turn_a else self._as_is,
            out.columns,
            out.rows,
            a.rows if turn_a else a.columns,
            self._one.ctypes.data,
            address(b),
            b.columns,
            address(a),
            a.columns,
            self._zero.ctypes.data,
            address(out),
            out.columns,
        )

    def free(self) -> None:
        """Give cuBLAS's handle back."""
        handle, self._handle = self._handle, 0
        if handle:
            self._library.destroy(handle)


def address(m: Matrix) -> int:
    """Where a matrix begins in the GPU's memory."""
    data: int = m.array.__cuda_array_interface__["data"][0]
    return data + 4 * m.start
