"""Registered scalar functions, rebuilt for a backend: numbers converted, calls replaced."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any


def rebuilt(
    function: Callable[..., Any],
    number: Callable[[float], Any],
    compiled: Callable[[Callable[..., Any]], Any],
    **replaced: Any,
) -> Callable[..., Any]:
    """A copy of a function, with its float constants converted and what it calls compiled.

    replaced: what global names stand for in the copy, in place of what they do stand for.
    """
    code = function.__code__
    constants = tuple(number(c) if isinstance(c, float) else c for c in code.co_consts)
    names: dict[str, Any] = {"__name__": function.__module__}  # numba's cache imports it by name
    for name in code.co_names:
        value = function.__globals__.get(name)
        if name in replaced:
            names[name] = replaced[name]
        elif isinstance(value, float):
            names[name] = number(value)
        elif isinstance(value, types.FunctionType):
            names[name] = compiled(value)
        elif name in function.__globals__:
            names[name] = value
    return types.FunctionType(code.replace(co_consts=constants), names, function.__name__)
