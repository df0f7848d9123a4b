"""The loss, and back from it: dE/dZ, dE/dW and dE/db of every layer. Letters as in `kernels`."""

import numpy as np

from core.engine.entries import entry_gradient, is_sparse
from core.engine.forward import FUNCTION_COST, NORMALIZE_COST, fed_by
from core.engine.jit import kernel
from core.engine.lanes import LANES, add, fill, first, fma, load, mul, store, sub, zeros
from core.engine.layout import ACTIVATION, INPUTS, NORMALIZATION, ROW, UNITS
from core.engine.loops import loss_slope, loss_total, times_slope
from core.engine.memory import (
    BY_SOFTMAX,
    DIFFERENCE,
    LOSS,
    MEAN_OVER,
    NORMALIZED,
    OUTPUT_RULE,
    PER_SAMPLE,
)
from core.engine.normalize import (
    NOT_NORMALIZED,
    no_bias_gradients,
    normalized_items,
    scale_gradients_together,
    through_normalization_together,
)
from core.engine.products import AT_0, bias_gradient, input_gradient, padded, weight_gradient
from core.engine.team import INPUT_SLOPE, SLOPE, WEIGHT_SLOPE, shared

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)


# ---- loss -----------------------------------------------------------------------------------


@kernel
def normalized_outputs(P, start, Q, S, units, width):
    """q_k = p_k / sum_j p_j: Keras's categorical cross-entropy makes its outputs sum to one.

    The sums stay in S.
    """
    for p in range(0, width, LANES):
        sums = zeros()
        for j in range(units):
            sums = add(sums, load(P, start + j * width + p))
        store(S, p, sums)
        for j in range(units):
            for q in range(p, p + LANES):
                Q[j * width + q] = P[start + j * width + q] / S[q]


@kernel
def batch_loss(table, buffers, codes, width, count):
    """Sum of the loss over the batch's samples and outputs, each sample's times its weight."""
    last, Y, C = table.shape[0] - 1, buffers.Y, buffers.C
    units, start = table[last, UNITS], table[last, ROW] * width
    if codes[OUTPUT_RULE] == NORMALIZED:
        normalized_outputs(buffers.A, start, buffers.Q, buffers.S, units, width)
        return loss_total(codes[LOSS], Y, buffers.Q, AT_0, units, width, count, C)
    return loss_total(codes[LOSS], Y, buffers.A, start, units, width, count, C)


# ---- backward -------------------------------------------------------------------------------


@kernel
def less_common_part(P, a, D, d, units, width):
    """d_k -= sum_j d_j p_j: what the outputs of a sample have in common, since they share a sum."""
    for p in range(0, width, LANES):
        common = zeros()
        for j in range(units):
            k = j * width + p
            common = fma(load(D, d + k), load(P, a + k), common)
        for j in range(units):
            k = j * width + p
            store(D, d + k, sub(load(D, d + k), common))


@kernel
def difference(Y, P, D, start, units, width, count, scale, per_sample):
    """dE/dz = p - y, for sigmoid under binary and softmax under categorical cross-entropy.

    With softmax, p is weighed by the sum of the sample's targets, which is 1 for one class.
    """
    for p in range(0, width, LANES):
        mass = fill(ONE)
        if per_sample:
            mass = zeros()
            for j in range(units):
                mass = add(mass, load(Y, j * width + p))
        for j in range(units):
            k = start + j * width + p
            d = sub(mul(load(P, k), mass), load(Y, j * width + p))
            store(D, k, first(mul(d, fill(scale)), count - p))


@kernel
def output_slope(table, buffers, codes, width, count):
    """dE/dZ of the output layer: dE/dp through the output activation."""
    last = table.shape[0] - 1
    units, code, start = table[last, UNITS], table[last, ACTIVATION], table[last, ROW] * width
    stop, rule, loss = start + units * width, codes[OUTPUT_RULE], codes[LOSS]
    Y, Z, P, D, Q = buffers.Y, buffers.Z, buffers.A, buffers.D, buffers.Q
    per_sample = codes[MEAN_OVER] == PER_SAMPLE
    scale = ONE / f32(count if per_sample else count * units)
    if rule == DIFFERENCE:
        difference(Y, P, D, start, units, width, count, scale, per_sample)
        return
    if rule == NORMALIZED:
        normalized_outputs(P, start, Q, buffers.S, units, width)
        loss_slope(loss, Y, Q, AT_0, D, start, units, width, count, scale)
        less_common_part(Q, AT_0, D, start, units, width)
        for j in range(units):
            for p in range(width):
                D[start + j * width + p] /= buffers.S[p]
    else:
        loss_slope(loss, Y, P, start, D, start, units, width, count, scale)
    if rule == BY_SOFTMAX:
        less_common_part(P, start, D, start, units, width)
        for k in range(start, stop, LANES):
            store(D, k, mul(load(D, k), load(P, k)))
    else:
        times_slope(code, Z[start:stop], P[start:stop], D[start:stop])


@kernel
def weight_slopes(first, last, table, layer, buffers, dropout, width, T):
    """dE/dW = X D', dE/db = sum D."""
    d = table[layer, ROW] * width
    bias_gradient(first, last, table, layer, buffers.D, d, buffers.G, width)
    if is_sparse(layer, buffers):
        entry_gradient(first, last, table, buffers, T, width)
        return
    X, x = fed_by(table, layer, buffers, dropout, width)
    weight_gradient(first, last, table, layer, X, x, buffers.D, d, T, buffers.G, width)


@kernel
def input_slopes(first, last, table, layer, params, buffers, width):
    """dE/dX = W D, where the D of the layer below will be."""
    d, below = table[layer, ROW] * width, table[layer - 1, ROW] * width
    input_gradient(first, last, table, layer, params, buffers.D, d, buffers.D, below, width)


@kernel
def through_activation(first, last, table, layer, buffers, dropout, width):
    """D = dE/dH through dropout and activation, for units first to last of a layer."""
    start, stop = (table[layer, ROW] + first) * width, (table[layer, ROW] + last) * width
    if dropout[layer] > ZERO:
        for k in range(start, stop, LANES):
            store(buffers.D, k, mul(load(buffers.D, k), load(buffers.M, k)))
    Z, A, D = buffers.Z[start:stop], buffers.A[start:stop], buffers.D[start:stop]
    times_slope(table[layer, ACTIVATION], Z, A, D)


weights_together = shared(WEIGHT_SLOPE, weight_slopes)
inputs_together = shared(INPUT_SLOPE, input_slopes)
slopes_together = shared(SLOPE, through_activation)


@kernel
def backward(team, table, params, buffers, width, count, dropout, step):
    """dE/dW = X D', dE/db = sum D; one layer down: D = (W D) f'(z), and through what made z."""
    for layer in range(table.shape[0] - 1, -1, -1):
        inputs, units = table[layer, INPUTS], table[layer, UNITS]
        blocks, cost = padded(units) // LANES, inputs * units * width
        if is_sparse(layer, buffers):
            cost = (inputs + buffers.starts[width]) * units
        weights_together(
            team, layer, blocks, cost, table, layer, buffers, dropout, width, buffers.T
        )
        if layer > 0:
            inputs_together(team, layer, width // LANES, cost, table, layer, params, buffers, width)
            below, cost = layer - 1, FUNCTION_COST * inputs * width
            slopes_together(team, below, inputs, cost, table, below, buffers, dropout, width)
            if table[below, NORMALIZATION] != NOT_NORMALIZED:
                items, cost = normalized_items(table, below, width), NORMALIZE_COST * inputs * width
                scale_gradients_together(team, below, inputs, cost, table, below, buffers, width)
                through_normalization_together(
                    team, below, items, cost, table, below, params, buffers, width, count, step
                )
    if step > AT_0:
        no_bias_gradients(table, buffers.G)
