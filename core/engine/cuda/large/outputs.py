"""What comes out, how far off it is, and its slope: as `stages.judge`, but a block has a sample.

A thread has every PARTS-th output, the same ones from beginning to end: no thread reads what
another writes but in `parts`.
"""

import math

import numpy as np
from numba import cuda, float32

from core.engine.cuda.block import at
from core.engine.cuda.jit import kernel
from core.engine.cuda.large.arrays import START
from core.engine.cuda.large.grid import PARTS, added_up, everyone, largest_of
from core.engine.cuda.maths import (
    activate,
    device,
    exp,
    is_finite,
    loss_of,
    loss_slope,
    place,
    slope,
)
from core.engine.layout import ACTIVATION, BIASES, ROW, SOFTMAX_CODE, UNITS
from core.engine.memory import (
    BY_SOFTMAX,
    DIFFERENCE,
    LOSS,
    MEAN_OVER,
    NORMALIZED,
    OUTPUT_RULE,
    PER_SAMPLE,
)

f32 = np.float32
ONE, ZERO, MINUS_INFINITY = f32(1.0), f32(0.0), f32(-math.inf)


@kernel
def judge_outputs(m, last, count):
    """a = f(z + b) of the outputs, whose Z is the product alone; the loss of each sample, dE/dZ."""
    t, parts = everyone(), cuda.shared.array(PARTS, float32)
    for p in range(t.row, count, t.rows):
        put_through(t, m, parts, last, p, count)
        total = sum_that_is_shared(t, m, parts, last, p, count)
        loss = loss_of_sample(t, m, parts, last, p, count, total)
        if t.lane == 0:
            m.L[p] = m.C[p] * loss
            if not is_finite(m.L[p]):
                m.broken[0] = 1
        put_back(t, m, parts, last, p, count, total)


@kernel
def judge_at_rest(m, losses, outputs, last, count):
    """a = f(z + b) of the outputs and the loss, of samples that nothing is learnt from.

    They go to the places that the samples have among all that are judged.
    """
    t, parts, start = everyone(), cuda.shared.array(PARTS, float32), m.now[START]
    units, row = at(m, last, UNITS), at(m, last, ROW)
    for p in range(t.row, count, t.rows):
        put_through(t, m, parts, last, p, count)
        total = sum_that_is_shared(t, m, parts, last, p, count)
        loss = loss_of_sample(t, m, parts, last, p, count, total)
        if t.lane == 0:
            losses[place(start + p)] = loss
        for part in range(t.lane, PARTS, t.lanes):
            for j in range(part, units, PARTS):
                outputs[place((start + p) * units + j)] = m.A[place((row + j) * count + p)]


@device
def put_through(t, m, parts, last, p, count):
    """z + b and a = f(z) of a sample's outputs; of softmax, all of them together."""
    units, code, b = at(m, last, UNITS), at(m, last, ACTIVATION), at(m, last, BIASES)
    row = at(m, last, ROW)
    for part in range(t.lane, PARTS, t.lanes):
        largest = MINUS_INFINITY
        for j in range(part, units, PARTS):
            k = place((row + j) * count + p)
            z = m.Z[k] + m.P[place(b + j)]
            m.Z[k] = z
            largest = z if z > largest else largest
            if code != SOFTMAX_CODE:
                m.A[k] = activate(code, z)
        parts[part] = largest
    if code == SOFTMAX_CODE:
        softmax(t, m, parts, row, p, units, count)


@device
def softmax(t, m, parts, row, p, units, count):
    """a_j = exp(z_j - max z) / sum_k exp(z_k - max z); parts: largest z of each."""
    largest = largest_of(t, parts)
    for part in range(t.lane, PARTS, t.lanes):
        total = ZERO
        for j in range(part, units, PARTS):
            k = place((row + j) * count + p)
            a = exp(m.Z[k] - largest)
            m.A[k] = a
            total += a
        parts[part] = total
    total = added_up(t, parts, PARTS)
    for part in range(t.lane, PARTS, t.lanes):
        for j in range(part, units, PARTS):
            m.A[place((row + j) * count + p)] /= total


@device
def sum_that_is_shared(t, m, parts, last, p, count):
    """The sum of a sample's outputs where the loss is taken of their shares in it, else 1."""
    if m.codes[OUTPUT_RULE] != NORMALIZED:
        return ONE
    units, row = at(m, last, UNITS), at(m, last, ROW)
    for part in range(t.lane, PARTS, t.lanes):
        total = ZERO
        for j in range(part, units, PARTS):
            total += m.A[place((row + j) * count + p)]
        parts[part] = total
    return added_up(t, parts, PARTS)


@device
def loss_of_sample(t, m, parts, last, p, count, total):
    """Summed over the outputs; shares of the outputs into Q."""
    units, row, rule, loss = (
        at(m, last, UNITS),
        at(m, last, ROW),
        m.codes[OUTPUT_RULE],
        m.codes[LOSS],
    )
    for part in range(t.lane, PARTS, t.lanes):
        off = ZERO
        for j in range(part, units, PARTS):
            q, output = place(j * count + p), m.A[place((row + j) * count + p)]
            if rule == NORMALIZED:
                output /= total
                m.Q[q] = output
            off += loss_of(loss, m.Y[q], output)
        parts[part] = off
    return added_up(t, parts, PARTS)


@device
def put_back(t, m, parts, last, p, count, total):
    """dE/dZ of a sample's outputs: see `core.engine.backward.output_slope`."""
    units, is_per_sample = at(m, last, UNITS), m.codes[MEAN_OVER] == PER_SAMPLE
    scale = ONE / f32(count if is_per_sample else count * units)
    if m.codes[OUTPUT_RULE] == DIFFERENCE:
        mass = mass_of(t, m, parts, p, units, count) if is_per_sample else ONE
        put_back_difference(t, m, at(m, last, ROW), p, units, count, mass, scale)
    else:
        put_back_slopes(t, m, parts, last, p, count, total, scale)


@device
def mass_of(t, m, parts, p, units, count):
    """The sum of a sample's targets."""
    for part in range(t.lane, PARTS, t.lanes):
        mass = ZERO
        for j in range(part, units, PARTS):
            mass += m.Y[place(j * count + p)]
        parts[part] = mass
    return added_up(t, parts, PARTS)


@device
def put_back_difference(t, m, row, p, units, count, mass, scale):
    """dE/dz = mass a - y."""
    weight = m.C[p]
    for part in range(t.lane, PARTS, t.lanes):
        for j in range(part, units, PARTS):
            k = place((row + j) * count + p)
            m.D[k] = (m.A[k] * mass - m.Y[place(j * count + p)]) * scale * weight


@device
def put_back_slopes(t, m, parts, last, p, count, total, scale):
    """dE/dz from the slopes of loss and activation; outputs that share a sum lose what is common
    to them.
    """
    units, code, row = at(m, last, UNITS), at(m, last, ACTIVATION), at(m, last, ROW)
    rule, loss, weight = m.codes[OUTPUT_RULE], m.codes[LOSS], m.C[p]
    for part in range(t.lane, PARTS, t.lanes):
        common = ZERO
        for j in range(part, units, PARTS):
            k, q = place((row + j) * count + p), place(j * count + p)
            output = m.Q[q] if rule == NORMALIZED else m.A[k]
            d = scale * loss_slope(loss, m.Y[q], output)
            m.D[k] = d
            common += d * output
        parts[part] = common
    common = added_up(t, parts, PARTS) if rule in (NORMALIZED, BY_SOFTMAX) else ZERO
    for part in range(t.lane, PARTS, t.lanes):
        for j in range(part, units, PARTS):
            k = place((row + j) * count + p)
            d = (m.D[k] - common) / total
            d *= m.A[k] if rule == BY_SOFTMAX else slope(code, m.Z[k], m.A[k])
            m.D[k] = d * weight
