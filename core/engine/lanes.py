"""Whole vector registers in compiled code: sixteen float32 at a time.

A loop is vectorised by the compiler when its body is simple; a product of matrices that keeps a
tile of sums in registers is not. These few functions say it outright. They mean what their bodies
say (the kernels also run as plain Python, on NumPy arrays of 16); compiled, each is one or two
instructions.
Nothing is checked: `k` must be a place with room for 16 numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, models, register_model, type_callable
from numba.np.arrayobj import make_array

LANES = 16  # AVX-512 holds them in one register, AVX2 in two, NEON in four

_INT = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_CONTRACT = ("contract",)


def load(array, k):
    """The 16 numbers from array[k] on."""
    return array[k : k + LANES].copy()


def load_part(array, k, n):
    """The first n <= 16 of the numbers from array[k] on, and zeros."""
    v = np.zeros(LANES, np.float32)
    v[:n] = array[k : k + n]
    return v


def store(array, k, v):
    """Write v to array[k : k + 16]."""
    array[k : k + LANES] = v


def store_part(array, k, v, n):
    """Write the first n <= 16 numbers of v to array[k : k + n]."""
    array[k : k + n] = v[:n]


def spread(array, k):
    """array[k] in every lane."""
    return np.full(LANES, array[k])


def zeros():
    """0 in every lane."""
    return np.zeros(LANES, np.float32)


def fma(a, b, c):
    """a * b + c."""
    return a * b + c


def add(a, b):
    """a + b."""
    return a + b


def sub(a, b):
    """a - b."""
    return a - b


def mul(a, b):
    """a * b."""
    return a * b


def fill(x):
    """x in every lane."""
    return np.full(LANES, x)


def first(v, n):
    """v with 0 in all lanes from n on."""
    return np.where(np.arange(LANES) < n, v, np.float32(0))


def total(v):
    """The sum over the lanes."""
    return v.sum()


def prefetch(array, k):
    """Begin to bring array[k] into the cache: it is wanted soon."""


def transpose(source, k, stride, target, m, target_stride):
    """Copy a block of 16 x 16 numbers, rows to columns.

    Row r of the source starts at k + r * stride, row c of the target at m + c * target_stride.
    """
    for r in range(LANES):
        for c in range(LANES):
            target[m + c * target_stride + r] = source[k + r * stride + c]


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@type_callable(load)
@type_callable(spread)
def _type_at(context):
    return lambda array, k: _LANES


@type_callable(load_part)
def _type_load_part(context):
    return lambda array, k, n: _LANES


@type_callable(zeros)
def _type_zeros(context):
    return lambda: _LANES


@type_callable(fma)
def _type_fma(context):
    return lambda a, b, c: _LANES


@type_callable(add)
@type_callable(sub)
@type_callable(mul)
def _type_arithmetic(context):
    return lambda a, b: _LANES


@type_callable(fill)
def _type_fill(context):
    return lambda x: _LANES


@type_callable(first)
def _type_first(context):
    return lambda v, n: _LANES


@type_callable(total)
def _type_total(context):
    return lambda v: types.float32


@type_callable(prefetch)
def _type_prefetch(context):
    return lambda array, k: types.void


@type_callable(store)
def _type_store(context):
    return lambda array, k, v: types.void


@type_callable(store_part)
def _type_store_part(context):
    return lambda array, k, v, n: types.void


@type_callable(transpose)
def _type_transpose(context):
    return lambda source, k, stride, target, m, target_stride: types.void


def place_of(context, builder, kind, array, k):
    """Pointer to array[k]."""
    return builder.gep(make_array(kind)(context, builder, array).data, [k])


def _load(builder, place):
    v = builder.load(builder.bitcast(place, _VECTOR.as_pointer()))
    v.align = 4
    return v


def _store(builder, v, place):
    builder.store(v, builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _everywhere(builder, x):
    """The number x in every lane."""
    v = ir.Constant(ir.VectorType(x.type, LANES), ir.Undefined)
    v = builder.insert_element(v, x, ir.Constant(_INT, 0))
    return _shuffle(builder, v, v, [0] * LANES)


def _below(builder, n):
    """Which lanes have a number below n."""
    numbers = ir.Constant(ir.VectorType(n.type, LANES), list(range(LANES)))
    return builder.icmp_signed("<", numbers, _everywhere(builder, n))


def _shuffle(builder, a, b, lanes):
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


@lower_builtin(load, types.Array, types.Integer)
def _lower_load(context, builder, signature, arguments):
    return _load(builder, place_of(context, builder, signature.args[0], *arguments))


@lower_builtin(load_part, types.Array, types.Integer, types.Integer)
def _lower_load_part(context, builder, signature, arguments):
    array, k, n = arguments
    place = builder.bitcast(
        place_of(context, builder, signature.args[0], array, k), _VECTOR.as_pointer()
    )
    mask, rest = _below(builder, n), ir.Constant(_VECTOR, [0.0] * LANES)
    kind = ir.FunctionType(_VECTOR, [place.type, _INT, mask.type, _VECTOR])
    name = f"llvm.masked.load.v{LANES}f32.p0"
    masked = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(masked, [place, ir.Constant(_INT, 4), mask, rest])


@lower_builtin(store, types.Array, types.Integer, _Lanes)
def _lower_store(context, builder, signature, arguments):
    array, k, v = arguments
    _store(builder, v, place_of(context, builder, signature.args[0], array, k))
    return context.get_dummy_value()


@lower_builtin(store_part, types.Array, types.Integer, _Lanes, types.Integer)
def _lower_store_part(context, builder, signature, arguments):
    array, k, v, n = arguments
    place = builder.bitcast(
        place_of(context, builder, signature.args[0], array, k), _VECTOR.as_pointer()
    )
    mask = _below(builder, n)
    kind = ir.FunctionType(ir.VoidType(), [_VECTOR, place.type, _INT, mask.type])
    name = f"llvm.masked.store.v{LANES}f32.p0"
    masked = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(masked, [v, place, ir.Constant(_INT, 4), mask])
    return context.get_dummy_value()


@lower_builtin(spread, types.Array, types.Integer)
def _lower_spread(context, builder, signature, arguments):
    return _everywhere(
        builder, builder.load(place_of(context, builder, signature.args[0], *arguments))
    )


@lower_builtin(fill, types.Float)
def _lower_fill(context, builder, signature, arguments):
    (x,) = arguments
    return _everywhere(builder, context.cast(builder, x, signature.args[0], types.float32))


@lower_builtin(prefetch, types.Array, types.Integer)
def _lower_prefetch(context, builder, signature, arguments):
    place = place_of(context, builder, signature.args[0], *arguments)
    place = builder.bitcast(place, _BYTES)
    kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
    hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    read, all_levels, data = 0, 3, 1
    builder.call(hint, [place, *(ir.Constant(_INT, n) for n in (read, all_levels, data))])
    return context.get_dummy_value()


@lower_builtin(zeros)
def _lower_zeros(context, builder, signature, arguments):
    return ir.Constant(_VECTOR, [0.0] * LANES)


@lower_builtin(fma, _Lanes, _Lanes, _Lanes)
def _lower_fma(context, builder, signature, arguments):
    a, b, c = arguments
    return builder.fadd(builder.fmul(a, b, flags=_CONTRACT), c, flags=_CONTRACT)


@lower_builtin(add, _Lanes, _Lanes)
def _lower_add(context, builder, signature, arguments):
    return builder.fadd(*arguments)


@lower_builtin(sub, _Lanes, _Lanes)
def _lower_sub(context, builder, signature, arguments):
    return builder.fsub(*arguments)


@lower_builtin(mul, _Lanes, _Lanes)
def _lower_mul(context, builder, signature, arguments):
    return builder.fmul(*arguments)


@lower_builtin(first, _Lanes, types.Integer)
def _lower_first(context, builder, signature, arguments):
    v, n = arguments
    return builder.select(_below(builder, n), v, ir.Constant(_VECTOR, [0.0] * LANES))


@lower_builtin(total, _Lanes)
def _lower_total(context, builder, signature, arguments):
    (v,) = arguments
    half = LANES // 2
    while half:  # halves are added, always in the same order
        lanes = [(i + half) % LANES for i in range(LANES)]
        v = builder.fadd(v, _shuffle(builder, v, v, lanes))
        half //= 2
    return builder.extract_element(v, ir.Constant(_INT, 0))


@lower_builtin(transpose, *[types.Array, types.Integer, types.Integer] * 2)
def _lower_transpose(context, builder, signature, arguments):
    source, k, stride, target, m, target_stride = arguments
    start = place_of(context, builder, signature.args[0], source, k)
    rows = []
    for r in range(LANES):
        step = builder.mul(stride, ir.Constant(stride.type, r))
        rows.append(_load(builder, builder.gep(start, [step])))
    for column, place in enumerate(_columns(builder, rows)):
        step = builder.mul(target_stride, ir.Constant(target_stride.type, column))
        end = place_of(context, builder, signature.args[3], target, m)
        _store(builder, place, builder.gep(end, [step]))
    return context.get_dummy_value()


def _columns(builder, rows):
    """The columns of a square of rows: four rounds of exchanges between pairs of rows."""
    distance = 1
    while distance < LANES:
        low = [i if not i & distance else i - distance + LANES for i in range(LANES)]
        high = [i + distance if not i & distance else i + LANES for i in range(LANES)]
        changed = list(rows)
        for r in range(LANES):
            if not r & distance:
                a, b = rows[r], rows[r + distance]
                changed[r] = _shuffle(builder, a, b, low)
                changed[r + distance] = _shuffle(builder, a, b, high)
        rows, distance = changed, 2 * distance
    return rows
