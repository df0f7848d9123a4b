"""Words that threads exchange: atomic reads and writes of an int64 array, in compiled code.

What a thread wrote before `post` or `add_to` is seen by the thread that has read the result with
`peek`, `add_to` or `swap`. The bodies are what they mean for one thread alone.
"""

from __future__ import annotations

import platform
import sys
import time
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable

from core.engine.lanes import place_of

_BYTES = 8


def peek(array, k):
    """array[k], read anew."""
    return array[k]


def post(array, k, value):
    """array[k] = value."""
    array[k] = value


def add_to(array, k, n):
    """array[k] += n."""
    array[k] += n


def swap(array, k, old, new):
    """If array[k] is still `old`, make it `new`; returns whether it was."""
    same = array[k] == old
    if same:
        array[k] = new
    return same


def pause():
    """Tell the core that this thread is only waiting."""


def give_way():
    """Let another thread have this core, if one wants it."""
    time.sleep(0)


@type_callable(peek)
def _type_peek(context):
    return lambda array, k: types.int64


@type_callable(post)
@type_callable(add_to)
def _type_write(context):
    return lambda array, k, value: types.void


@type_callable(swap)
def _type_swap(context):
    return lambda array, k, old, new: types.boolean


@type_callable(pause)
@type_callable(give_way)
def _type_nothing(context):
    return lambda: types.void


@lower_builtin(peek, types.Array, types.Integer)
def _lower_peek(context, builder, signature, arguments):
    place = place_of(context, builder, signature.args[0], *arguments)
    return builder.load_atomic(place, "acquire", _BYTES)


@lower_builtin(post, types.Array, types.Integer, types.Integer)
def _lower_post(context, builder, signature, arguments):
    array, k, value = arguments
    place = place_of(context, builder, signature.args[0], array, k)
    value = context.cast(builder, value, signature.args[2], types.int64)
    builder.store_atomic(value, place, "release", _BYTES)
    return context.get_dummy_value()


@lower_builtin(add_to, types.Array, types.Integer, types.Integer)
def _lower_add_to(context, builder, signature, arguments):
    array, k, n = arguments
    place = place_of(context, builder, signature.args[0], array, k)
    n = context.cast(builder, n, signature.args[2], types.int64)
    builder.atomic_rmw("add", place, n, "acq_rel")
    return context.get_dummy_value()


@lower_builtin(swap, types.Array, types.Integer, types.Integer, types.Integer)
def _lower_swap(context, builder, signature, arguments):
    array, k, old, new = arguments
    place = place_of(context, builder, signature.args[0], array, k)
    pair = builder.cmpxchg(place, old, new, "acq_rel", "acquire")
    return builder.extract_value(pair, 1)


_PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}


def _call(builder: Any, name: str, result: ir.Type) -> None:
    kind = ir.FunctionType(result, [])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])


@lower_builtin(pause)
def _lower_pause(context, builder, signature, arguments):
    if name := _PAUSES.get(platform.machine()):
        _call(builder, name, ir.VoidType())
    return context.get_dummy_value()


@lower_builtin(give_way)
def _lower_give_way(context, builder, signature, arguments):
    if sys.platform != "win32":  # where the C library has no such function
        _call(builder, "sched_yield", ir.IntType(32))
    return context.get_dummy_value()
