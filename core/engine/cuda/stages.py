"""One mini-batch's forward and backward: what a block's threads do between two barriers.

Each function is one stage, unless it says that it has barriers: no thread reads what another writes
in it. Sums are each made by one thread, in order. Letters as in `plan` and `core.engine.kernels`.
"""

import numpy as np

from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import (
    activate,
    device,
    double,
    exp,
    is_finite,
    loss_of,
    loss_slope,
    penalty_slope,
    place,
    slope,
)
from core.engine.cuda.normalize import (
    NOT_NORMALIZED,
    back_through_normalization,
    is_over_batch,
    measure,
    normalized,
)
from core.engine.layout import (
    ACTIVATION,
    BIASES,
    INPUTS,
    NORMALIZATION,
    ROW,
    SOFTMAX_CODE,
    UNITS,
    WEIGHTS,
)
from core.engine.memory import (
    BY_SOFTMAX,
    DIFFERENCE,
    LOSS,
    MEAN_OVER,
    NORMALIZED,
    OUTPUT_RULE,
    PER_SAMPLE,
    REGULARIZER,
)
from core.maths import random

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)

key, draw, uniform = double(random.key), double(random.draw), double(random.uniform)
normal = double(random.normal)


@device
def gather(t, m, last, X, Y, weights, order, start, count, width, smoothing, smooth_to):
    """Copy samples order[start : start + count] into X and Y, feature-major, and their weights."""
    inputs = at(m, 0, INPUTS)
    for p in range(t.row, count, t.rows):
        sample = np.int64(order[start + p])
        for i in range(t.lane, inputs, t.lanes):
            m.X[place(i * width + p)] = X[place(sample * inputs + i)]
    gather_targets(t, m, last, Y, weights, order, start, count, width, smoothing, smooth_to)


@device
def gather_targets(t, m, last, Y, weights, order, start, count, width, smoothing, smooth_to):
    """The half of `gather` that is the same for sparse samples."""
    outputs = at(m, last, UNITS)
    for p in range(t.row, count, t.rows):
        sample = np.int64(order[start + p])
        for j in range(t.lane, outputs, t.lanes):
            y = Y[place(sample * outputs + j)]
            if smoothing != ZERO:
                y = y * (ONE - smoothing) + smoothing * smooth_to
            m.Y[place(j * width + p)] = y
        if t.lane == 0:
            m.C[p] = weights[sample] if weights.size > 0 else ONE


@device
def add_noise(t, m, count, width, deviation, stream):
    """Normal number p * inputs + i on input i of sample p, by the threads that copied it."""
    inputs = at(m, 0, INPUTS)
    for p in range(t.row, count, t.rows):
        for i in range(t.lane, inputs, t.lanes):
            m.X[place(i * width + p)] += f32(deviation * normal(stream, p * inputs + i))


@device
def feeding(m, layer, dropout, width):
    """Where in F what feeds a layer begins: the inputs, or the layer below after its dropout."""
    if layer == 0:
        return m.x
    start = np.int64(at(m, layer - 1, ROW)) * width
    return (m.h if dropout[layer - 1] > 0.0 else m.a) + start


@device
def put_through(m, code, k, z, rate, stream, number):
    """One z, its a = f(z), and what dropout leaves of it. number: of the mask's in its stream."""
    m.Z[k] = z
    if code != SOFTMAX_CODE:
        a = activate(code, z)
        m.A[k] = a
        if rate > ZERO:
            mask = ONE / (ONE - rate) if uniform(draw(stream, number)) >= rate else ZERO
            m.M[k] = mask
            m.H[k] = a * mask


@device
def sums(t, m, layer, dropout, count, width):
    """z = W' x + b."""
    inputs, units, w = at(m, layer, INPUTS), at(m, layer, UNITS), at(m, layer, WEIGHTS)
    b, row, f = at(m, layer, BIASES), at(m, layer, ROW), feeding(m, layer, dropout, width)
    for j in range(t.row, units, t.rows):
        for p in range(t.lane, count, t.lanes):
            z = m.P[place(b + j)]
            for i in range(inputs):
                z += m.P[place(w + i * units + j)] * m.F[place(f + i * width + p)]
            m.Z[place((row + j) * width + p)] = z


@device
def activations(t, m, layer, dropout, count, width, stream, is_normalized):
    """a = f(z), of z normalized where it is, and what dropout leaves of it."""
    units, code, row = at(m, layer, UNITS), at(m, layer, ACTIVATION), at(m, layer, ROW)
    rate = f32(dropout[layer])
    for j in range(t.row, units, t.rows):
        for p in range(t.lane, count, t.lanes):
            k = place((row + j) * width + p)
            z = normalized(m, layer, j, p, k) if is_normalized else m.Z[k]
            put_through(m, code, k, z, rate, stream, p * units + j)


@device
def layer_forward(t, m, layer, dropout, count, width, seed, step, normalizes):
    """z = W' x + b, a = f(z), or f of z normalized. (Softmax waits for `judge`.)

    normalizes: whether any layer may. Has barriers where it normalizes; else each thread goes on
    with the sums that it made.
    """
    sums(t, m, layer, dropout, count, width)
    is_normalized = normalizes and at(m, layer, NORMALIZATION) != NOT_NORMALIZED
    if is_normalized:
        barrier()
        measure(t, m, layer, count, width)
        barrier()
    stream = key(seed, random.DROPOUT + layer, step)
    activations(t, m, layer, dropout, count, width, stream, is_normalized)


# ---- the loss -------------------------------------------------------------------------------


@device
def softmax(m, z, units, width):
    """a_j = exp(z_j - max z) / sum_k exp(z_k - max z), of one sample, from z on."""
    largest = m.Z[z]
    for j in range(1, units):
        largest = m.Z[place(z + j * width)] if m.Z[place(z + j * width)] > largest else largest
    total = ZERO
    for j in range(units):
        a = exp(m.Z[place(z + j * width)] - largest)
        m.A[place(z + j * width)] = a
        total += a
    for j in range(units):
        m.A[place(z + j * width)] /= total


@device
def less_common_part(m, predicted, q, z, units, width):
    """d_k -= sum_j d_j p_j, of one sample: its outputs share a sum."""
    common = ZERO
    for j in range(units):
        common += m.D[place(z + j * width)] * predicted[place(q + j * width)]
    for j in range(units):
        m.D[place(z + j * width)] -= common


@device
def sample_slope(m, codes, code, z, p, units, width, scale, total):
    """dE/dZ of the outputs of sample p, from z on: see `core.engine.backward.output_slope`."""
    rule, loss = codes[OUTPUT_RULE], codes[LOSS]
    if rule == DIFFERENCE:
        mass = ONE
        if codes[MEAN_OVER] == PER_SAMPLE:
            mass = ZERO
            for j in range(units):
                mass += m.Y[place(j * width + p)]
        for j in range(units):
            k = place(z + j * width)
            m.D[k] = (m.A[k] * mass - m.Y[place(j * width + p)]) * scale
        return
    for j in range(units):
        k = place(z + j * width)
        output = m.Q[place(j * width + p)] if rule == NORMALIZED else m.A[k]
        m.D[k] = scale * loss_slope(loss, m.Y[place(j * width + p)], output)
    if rule == NORMALIZED:
        less_common_part(m, m.Q, p, z, units, width)
        for j in range(units):
            m.D[place(z + j * width)] /= total
    if rule == BY_SOFTMAX:
        less_common_part(m, m.A, z, z, units, width)
    for j in range(units):
        k = place(z + j * width)
        m.D[k] *= m.A[k] if rule == BY_SOFTMAX else slope(code, m.Z[k], m.A[k])


@device
def judge(t, m, last, codes, count, width):
    """Loss of each sample into L, dE/dZ of the outputs into D; a thread has whole samples."""
    units, code = at(m, last, UNITS), at(m, last, ACTIVATION)
    row = at(m, last, ROW) * width
    terms = count if codes[MEAN_OVER] == PER_SAMPLE else count * units
    scale = ONE / f32(terms)
    for p in range(t.number, count, t.count):
        z, total, loss = row + p, ZERO, ZERO
        if code == SOFTMAX_CODE:
            softmax(m, z, units, width)
        if codes[OUTPUT_RULE] == NORMALIZED:
            for j in range(units):
                total += m.A[place(z + j * width)]
            for j in range(units):
                m.Q[place(j * width + p)] = m.A[place(z + j * width)] / total
        for j in range(units):
            k = place(z + j * width)
            output = m.Q[place(j * width + p)] if codes[OUTPUT_RULE] == NORMALIZED else m.A[k]
            loss += loss_of(codes[LOSS], m.Y[place(j * width + p)], output)
        m.L[p] = m.C[p] * loss
        if not is_finite(m.L[p]):
            m.broken[0] = 1
        sample_slope(m, codes, code, z, p, units, width, scale, total)
        for j in range(units):
            m.D[place(z + j * width)] *= m.C[p]


# ---- backward -------------------------------------------------------------------------------


@device
def layer_backward(t, m, layer, dropout, codes, penalty, count, width, normalizes):
    """dE/dW = X D' and the penalty's slope, dE/db = sum D; below, D = (W D) f'(z).

    penalty: the regularization rate; normalizes: whether any layer may. Has barriers where the
    layer below is normalized.
    """
    inputs, units = at(m, layer, INPUTS), at(m, layer, UNITS)
    w, b, d = at(m, layer, WEIGHTS), at(m, layer, BIASES), at(m, layer, ROW) * width
    f = feeding(m, layer, dropout, width)
    for i in range(t.row, inputs, t.rows):
        for j in range(t.lane, units, t.lanes):
            g = ZERO
            for p in range(count):
                g += m.F[place(f + i * width + p)] * m.D[place(d + j * width + p)]
            k = place(w + i * units + j)
            if penalty > ZERO:
                g += penalty_slope(codes[REGULARIZER], m.P[k], penalty)
            m.G[k] = g
    for j in range(t.number, units, t.count):
        g = ZERO
        for p in range(count):
            g += m.D[place(d + j * width + p)]
        # A batch's mean takes a bias out again, and rounding must not move it.
        m.G[place(b + j)] = ZERO if normalizes and is_over_batch(m, layer) else g
    if layer > 0:
        slopes_below(t, m, layer, dropout, count, width)
        if normalizes and at(m, layer - 1, NORMALIZATION) != NOT_NORMALIZED:
            barrier()
            back_through_normalization(t, m, layer - 1, count, width)


@device
def put_back(m, code, k, s, is_masked):
    """dE/dz of one number from s = dE/dh: through its dropout and its activation."""
    if is_masked:
        s *= m.M[k]
    return s * slope(code, m.Z[k], m.A[k])


@device
def slopes_below(t, m, layer, dropout, count, width):
    """D of the layer below: (W D), through its dropout and its activation."""
    inputs, units, w = at(m, layer, INPUTS), at(m, layer, UNITS), at(m, layer, WEIGHTS)
    d, below = at(m, layer, ROW) * width, at(m, layer - 1, ROW) * width
    code, is_masked = at(m, layer - 1, ACTIVATION), dropout[layer - 1] > 0.0
    for i in range(t.row, inputs, t.rows):
        for p in range(t.lane, count, t.lanes):
            s = ZERO
            for j in range(units):
                s += m.P[place(w + i * units + j)] * m.D[place(d + j * width + p)]
            k = place(below + i * width + p)
            m.D[k] = put_back(m, code, k, s, is_masked)
