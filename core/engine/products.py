"""The matrix products of a layer, and the gathering of a batch. Letters as in `kernels`.

Small products are loops here, vectorised over the batch; large ones are BLAS (one thread).
"""

import numpy as np

from core.engine.jit import kernel
from core.engine.layout import BIASES, INPUTS, UNITS, WEIGHTS

LANES = 16  # floats in the widest vector register
LARGE = 1 << 17  # multiplications of a product from which on BLAS is the faster

f32 = np.float32


@kernel
def padded(count):
    """Samples in a batch, rounded up to whole vectors."""
    return (count + LANES - 1) // LANES * LANES


@kernel
def is_large(table, layer, width):
    """Whether a layer's products go to BLAS; then a first layer's X is (width, inputs)."""
    return table[layer, INPUTS] * table[layer, UNITS] * width >= LARGE


@kernel
def gather_rows(X, order, start, count, width, out):
    """Copy samples as they lie: out (width, inputs)."""
    n = X.shape[1]
    for p in range(width):
        row = order[start + (p if p < count else 0)]
        for i in range(n):
            out[p * n + i] = X[row, i]


@kernel
def gather_columns(X, order, start, count, width, out):
    """Copy samples feature-major: out (inputs, width)."""
    n = X.shape[1]
    for p in range(width):
        row = order[start + (p if p < count else 0)]
        for i in range(n):
            out[i * width + p] = X[row, i]


@kernel
def layer_sums(table, layer, params, X, Z, width):
    """Z = W' X + b."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    start, biases = table[layer, WEIGHTS], table[layer, BIASES]
    W = params[start:biases]
    if is_large(table, layer, width):
        W2 = W.reshape(inputs, units)
        Z2 = Z.reshape(units, width)
        if layer == 0:
            np.dot(W2.T, X[: width * inputs].reshape(width, inputs).T, Z2)
        else:
            np.dot(W2.T, X.reshape(inputs, width), Z2)
        for j in range(units):
            b = params[biases + j]
            for p in range(width):
                Z[j * width + p] += b
        return
    for j in range(units):
        b = params[biases + j]
        for p in range(width):
            Z[j * width + p] = b
        for i in range(inputs):
            w = W[i * units + j]
            for p in range(width):
                Z[j * width + p] += w * X[i * width + p]


@kernel
def weight_gradient(table, layer, X, D, G, width):
    """dE/dW = X D', dE/db = sum over the batch of D."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    start, biases = table[layer, WEIGHTS], table[layer, BIASES]
    for j in range(units):
        total = f32(0.0)
        for p in range(width):
            total += D[j * width + p]
        G[biases + j] = total
    if is_large(table, layer, width):
        D2 = D.reshape(units, width)
        G2 = G[start:biases].reshape(inputs, units)
        if layer == 0:
            np.dot(X[: width * inputs].reshape(width, inputs).T, D2.T, G2)
        else:
            np.dot(X.reshape(inputs, width), D2.T, G2)
        return
    for i in range(inputs):
        for j in range(units):
            total = f32(0.0)
            for p in range(width):
                total += X[i * width + p] * D[j * width + p]
            G[start + i * units + j] = total


@kernel
def input_gradient(table, layer, params, D, out, width):
    """dE/dX = W D."""
    inputs, units = table[layer, INPUTS], table[layer, UNITS]
    start, biases = table[layer, WEIGHTS], table[layer, BIASES]
    if is_large(table, layer, width):
        W2 = params[start:biases].reshape(inputs, units)
        np.dot(W2, D.reshape(units, width), out.reshape(inputs, width))
        return
    for i in range(inputs):
        for p in range(width):
            out[i * width + p] = f32(0.0)
        for j in range(units):
            w = params[start + i * units + j]
            for p in range(width):
                out[i * width + p] += w * D[j * width + p]
