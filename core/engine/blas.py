"""Products of matrices by BLAS, called from compiled code.

Numba's `np.dot` wants arrays of the right shape, and every view of an array is counted: two atomic
operations, a fifth of a small step. This takes places in flat arrays, so nothing is counted.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array


def multiply(a_by_columns, b_by_columns, m, n, k, A, a, B, b, beta, C, c):
    """C = A B + beta C, row by row: C is (m, n) from place c of its array on, and so for A and B.

    A is (m, k), or its transpose (k, m) is what is stored; B is (k, n), or (n, k) is stored.
    beta: 0.0 or 1.0, float32.
    """
    left = A[a : a + m * k].reshape((k, m) if a_by_columns else (m, k))
    right = B[b : b + k * n].reshape((n, k) if b_by_columns else (k, n))
    result = (left.T if a_by_columns else left) @ (right.T if b_by_columns else right)
    C[c : c + m * n] = result.ravel() + (beta and C[c : c + m * n])


@type_callable(multiply)
def _type_multiply(context):
    def typer(a_by_columns, b_by_columns, m, n, k, A, a, B, b, beta, C, c):
        return types.void

    return typer


_NUMBER = types.Integer
_BYTE, _POINTER = ir.IntType(8), ir.IntType(8).as_pointer()


@lower_builtin(
    multiply,
    *[types.Boolean] * 2,
    *[_NUMBER] * 3,
    *[types.Array, _NUMBER] * 2,
    types.Float,
    *[types.Array, _NUMBER],
)
def _lower_multiply(context, builder, signature, arguments):
    a_by_columns, b_by_columns, m, n, k, A, a, B, b, beta, C, c = arguments
    kinds = signature.args
    word = m.type

    def place(kind, array, at):
        data = builder.gep(make_array(kind)(context, builder, array).data, [at])
        return builder.bitcast(data, _POINTER)

    def slot(value):
        return builder.bitcast(cgutils.alloca_once_value(builder, value), _POINTER)

    def letter(by_columns):
        t, n_ = (ir.Constant(_BYTE, ord(x)) for x in "tn")
        return builder.select(builder.trunc(by_columns, ir.IntType(1)), t, n_)

    # BLAS counts by columns: what it is told is C' = B' A'.
    lead_a = builder.select(builder.trunc(a_by_columns, ir.IntType(1)), m, k)
    lead_b = builder.select(builder.trunc(b_by_columns, ir.IntType(1)), k, n)
    one = ir.Constant(ir.FloatType(), 1.0)
    given = [
        (ir.Constant(_BYTE, ord("s"))),
        letter(b_by_columns),
        letter(a_by_columns),
        *(n, m, k, slot(one)),
        *(place(kinds[7], B, b), lead_b),
        *(place(kinds[5], A, a), lead_a),
        slot(beta),
        *(place(kinds[10], C, c), n),
    ]
    assert all(x.type == word for x in (m, n, k))
    kind = ir.FunctionType(ir.IntType(32), [x.type for x in given])
    gemm = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
    builder.call(gemm, given)
    return context.get_dummy_value()
