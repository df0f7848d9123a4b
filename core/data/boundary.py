"""Two classes on the two sides of a line that a person typed: class 1 where x2 > f(x1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.data.synthetic import EXTENT, RADIUS, Sample
from core.experiment.formulas import Formula, read_formula
from core.maths.random import DATA, NOISE, uniforms
from core.maths.registry import shown
from core.refusals import Refusal

CELLS = 2400  # that the width is looked through in
CHUNK = 2**16  # values at a time, so that a long formula takes little memory
LEAST_SHARE = 0.005
"""Of the square, that either class has to have."""

Column = NDArray[np.float64]

UNARY: dict[str, Callable[[Column], Column]] = {
    "negative": np.negative,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
BINARY: dict[str, Callable[[Column, Column], Column]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}


def compute(formula: Formula, x: Column) -> Column:
    """f of every x, float64 (n,); nan or infinite where f has no value."""
    chunks = [_run(formula, x[at : at + CHUNK]) for at in range(0, len(x), CHUNK)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def _run(formula: Formula, x: Column) -> Column:
    stack: list[Column] = []
    with np.errstate(all="ignore"):
        for name, number in formula.program:
            if name == "number":
                stack.append(np.float64(number))  # type: ignore[arg-type]
            elif name == "x":
                stack.append(x)
            elif name in UNARY:
                stack.append(UNARY[name](stack.pop()))
            else:
                right = stack.pop()
                stack.append(BINARY[name](stack.pop(), right))
    return np.broadcast_to(stack.pop(), x.shape).astype(np.float64)


def gaps(formula: Formula) -> list[tuple[float, float]]:
    """Where f has no value: the ends of each stretch of x, to a 200th; no points lie there."""
    missing = ~_has_value(formula)
    steps = np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    edges = _edges()
    return [(float(edges[i]), float(edges[j])) for i, j in zip(starts, ends, strict=True)]


def boundary(text: str, n: int, noise: float, classes: int, seed: int) -> Sample:
    """Points evenly over the square, but for where f has no value; class 1 lies above f.

    noise: moves the points up and down, by up to 5 at most, before their class is told.
    Raises ValueError if f has no value at all, or if one class would have next to no points.
    """
    formula = read_formula(text)
    wide = np.flatnonzero(_has_value(formula))
    _check_sides(formula, wide)
    edges, at = _edges(), uniforms(seed, DATA, 0, n) * len(wide)
    cells = np.minimum(at.astype(np.int64), len(wide) - 1)
    x1 = edges[wide[cells]] + (at - cells) * (2.0 * EXTENT / CELLS)
    x2 = EXTENT * (2.0 * uniforms(seed, DATA, 1, n) - 1.0)
    shift = RADIUS * noise * (2.0 * uniforms(seed, NOISE, 0, n) - 1.0)
    return np.stack([x1, x2], axis=1), (x2 + shift > compute(formula, x1)).astype(np.float64)


def _edges() -> Column:
    return np.linspace(-EXTENT, EXTENT, CELLS + 1)


def _has_value(formula: Formula) -> NDArray[np.bool_]:
    """Whether f has a value at both edges of each cell, (CELLS,)."""
    finite = np.isfinite(compute(formula, _edges()))
    return finite[:-1] & finite[1:]


def _check_sides(formula: Formula, wide: NDArray[np.int64]) -> None:
    if not len(wide):
        raise Refusal(
            "{formula} has no value for any x from -6 to 6.", formula=shown(formula.text.strip())
        )
    line = compute(formula, _edges())[wide]
    above = float(np.mean(np.clip((EXTENT - line) / (2.0 * EXTENT), 0.0, 1.0)))
    if above < LEAST_SHARE:
        raise Refusal("The line runs above the square: nearly all points would be of class 0.")
    if above > 1.0 - LEAST_SHARE:
        raise Refusal("The line runs below the square: nearly all points would be of class 1.")
