"""Registered scalar functions taken apart: what their code holds, what it becomes in float32."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

from core.maths import normalizations, scalar
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.optimizers import RULES
from core.maths.regularizers import REGULARIZERS

Function = Callable[..., Any]

FLOAT32_PRIMITIVES: dict[str, Function] = {
    **{name: getattr(np, name) for name in scalar.PRIMITIVES if name != "erf"},
    "erf": special.erf,
}


NORMALIZATION_FUNCTIONS: tuple[Function, ...] = (
    normalizations.inverse_deviation,
    normalizations.scaled,
    normalizations.slope,
    normalizations.moved,
)


def registered() -> Iterator[tuple[str, Function]]:
    """Every scalar function of the registries, and every helper, by a readable name."""
    for record in ACTIVATIONS.values():
        yield f"{record.name}.function", record.function
        yield f"{record.name}.derivative", record.derivative
    for loss in LOSSES.values():
        yield f"{loss.name}.function", loss.function
        yield f"{loss.name}.derivative", loss.derivative
    for regularizer in REGULARIZERS.values():
        yield f"{regularizer.name}.penalty", regularizer.penalty
        yield f"{regularizer.name}.derivative", regularizer.derivative
    for optimizer in RULES:
        yield f"{optimizer.update.__name__}.update", optimizer.update
    for function in NORMALIZATION_FUNCTIONS:
        yield f"normalization.{function.__name__}", function
    for name in scalar.HELPERS:
        yield name, getattr(scalar, name)


def constants(function: Function) -> list[object]:
    """The numbers in a function's code: its docstring and None left out."""
    return [c for c in function.__code__.co_consts if c is not None and not isinstance(c, str)]


def global_values(function: Function) -> dict[str, object]:
    """The module-level names that a function's code uses, with their values."""
    return {name: function.__globals__[name] for name in function.__code__.co_names}


def single(function: Function) -> Function:
    """The function in float32: what an engine makes of it, in NumPy."""
    code = function.__code__
    numbers = tuple(np.float32(c) if isinstance(c, float) else c for c in code.co_consts)
    names = {name: _single(name, value) for name, value in global_values(function).items()}
    return types.FunctionType(code.replace(co_consts=numbers), names, function.__name__)


def _single(name: str, value: object) -> object:
    if isinstance(value, float):
        return np.float32(value)
    return FLOAT32_PRIMITIVES[name] if name in FLOAT32_PRIMITIVES else single(value)
