"""Muon's step of a whole matrix, in float64: Newton and Schulz's iteration, slow and plain.

A momentum N = U S V' becomes about U V': every direction in it counts alike, however long it was.
The engine does the same in float32, tile by tile: `core.engine.orthogonal`.

Muon moves the weights of hidden layers so, and everything else by its Adam part: biases, and the
weights of the output layer. The field agrees on leaving those out (Jordan et al. 2024, the
documentation of Keras), but Keras's own default moves every 2-D variable as a matrix; there,
Muon(exclude_layers=["output"]) gives what is done here, if the output layer has that name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.maths.rules import MatrixConstants

TINY = 1e-7  # Keras adds it to a norm before it divides

Matrix = NDArray[np.float64]


def orthogonalized(N: Matrix, steps: int, a: float, b: float, c: float) -> Matrix:
    """Bring the singular values of N (inputs, units) near 1: to 0.7 to 1.2, with Keras's a, b, c.

    X = N / (|N| + 1e-7), |N| the root of the sum of squares; then `steps` times
    X = a X + (b A + c A A) X, A = X X', on the smaller side.
    """
    wide = N.shape[0] <= N.shape[1]
    X = N if wide else N.T
    X = X / (np.linalg.norm(X) + TINY)
    for _ in range(steps):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X if wide else X.T


@dataclass(frozen=True)
class MatrixStep:
    """One step of a weight matrix; all (inputs, units). momentum: after the step. read: N, what is
    made orthogonal. direction: that. after: the weights."""

    momentum: Matrix
    read: Matrix
    direction: Matrix
    after: Matrix


def matrix_step(W: Matrix, G: Matrix, M: Matrix, constants: MatrixConstants) -> MatrixStep:
    """Take the step of `rules.muon_matrix`. W: weights, G: gradient, M: momentum so far."""
    rate, keep, momentum, of_g, of_m, a, b, c, steps = constants
    M = momentum * M + G
    N = of_g * G + of_m * M
    direction = orthogonalized(N, int(steps), a, b, c)
    return MatrixStep(M, N, direction, keep * W - rate * direction)
