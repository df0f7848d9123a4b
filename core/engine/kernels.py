"""Training as the textbook writes it: forward, loss, backward, update. One code for all networks.

`forward`, `backward` (with the loss) and `update` hold these in this order, each with its formula;
here they make a step, and steps a run.

The letters, for a layer of `units` fed by `inputs`, over a batch of `count` samples:

    X (inputs, width)   what feeds the layer     W (inputs, units)  weights
    Y (outputs, width)  targets                  b (units,)         biases
    Z (units, width)    pre-activations          A (units, width)   activations, a = f(z)
    M (units, width)    dropout's mask           H (units, width)   activations after dropout
    D (units, width)    dE/dZ                    G                  dE/dW and dE/db, in the
                                                                    parameters' order

Every matrix is feature-major: a row holds one unit for the whole batch, so loops run over the
batch. `width` is `count` rounded up to whole vectors; the lanes beyond `count` repeat the first
sample, and their D is zero. Which activation, loss or optimizer it is comes as a number: the
kernels compile once, for all of them.
"""

import numpy as np

from core.engine.augment import augment
from core.engine.backward import backward, batch_loss, output_slope
from core.engine.batches import gather, shuffle
from core.engine.forward import add_noise, forward, key
from core.engine.jit import entry, kernel
from core.engine.layout import ROW, UNITS
from core.engine.memory import (
    BATCH_SIZE,
    EPOCH,
    INPUT_NOISE,
    LAST_WIDTH,
    MAX_NORM,
    MEAN_OVER,
    ORDER_EPOCH,
    PER_SAMPLE,
    POSITION,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
    STEP,
)
from core.engine.normalize import move_statistics
from core.engine.products import padded
from core.engine.recording import record_after, record_before
from core.engine.team import begin_step
from core.engine.update import add_penalty, clip, hold_norms, is_finite, learning_rate, update
from core.engine.weighting import gather_weights, weigh
from core.maths import random

f32 = np.float32
ZERO = f32(0.0)
STEP_0 = np.int64(0)  # of a network at rest: steps of training count from 1


@kernel
def loss_and_gradient(team, table, params, buffers, settings, width, count, step):
    """Forward and backward through one batch; returns the batch's mean loss. G is overwritten."""
    codes = settings.codes
    outputs, row = table[table.shape[0] - 1, UNITS], table[table.shape[0] - 1, ROW]
    forward(team, table, params, buffers, width, count, settings.dropout, codes[SEED], step)
    output_slope(table, buffers, codes, width, count)
    if settings.weights.size > 0:
        weigh(buffers.D, buffers.C, row, row + outputs, width)
    backward(team, table, params, buffers, width, count, settings.dropout, step)
    total = batch_loss(table, buffers, codes, width, count)
    return total / (count if codes[MEAN_OVER] == PER_SAMPLE else count * outputs)


@entry
def run(
    table, params, slots, state, X, Y, order, drawn, buffers, settings, team,
    n_steps, rows, stride, n_rows
):  # fmt: skip
    """Run up to n_steps mini-batches; returns steps done, rows in use, and whether all is finite.

    state: int64, STEP and EPOCH done, POSITION of the next batch in the epoch's order.
    order: int64, scratch for that order; drawn: int64, what it and the buffers stand for.
    rows[n_rows:] take a row at every step that `stride` divides; the run stops early when they
    are full. A step that yields anything not finite is the last, is counted, and has no row.
    """
    codes, numbers = settings.codes, settings.numbers
    n_samples = order.size
    for done in range(n_steps):
        step, position = state[STEP] + 1, state[POSITION]
        recorded = step % stride == 0
        if recorded and n_rows == rows.shape[0]:
            return done, n_rows, True
        if drawn[ORDER_EPOCH] != state[EPOCH]:
            shuffle(order, codes[SEED], state[EPOCH])
            drawn[ORDER_EPOCH] = state[EPOCH]
        count = min(codes[BATCH_SIZE], n_samples - position)
        smoothing, smooth_to = f32(numbers[SMOOTHING]), f32(numbers[SMOOTH_TO])
        width = padded(count)
        begin_step(team, width, count, position, step)
        gather(team, table, buffers, X, Y, order, position, count, smoothing, smooth_to)
        drawn[LAST_WIDTH] = width
        if settings.weights.size > 0:
            gather_weights(settings.weights, order, position, count, width, buffers.C)
        augment(team, table, buffers, settings, width, count, step)
        if numbers[INPUT_NOISE] > 0.0:
            stream = key(codes[SEED], random.INPUT_NOISE, step)
            add_noise(table, buffers.X, width, count, numbers[INPUT_NOISE], stream)
        loss = loss_and_gradient(team, table, params, buffers, settings, width, count, step)
        add_penalty(table, params, buffers.G, codes, numbers)
        if recorded:
            record_before(team, table, params, buffers, rows[n_rows])
        clip(table, buffers.G, numbers)
        rate = learning_rate(settings, step)
        finite = update(team, table, params, buffers, slots, settings, rate, step)
        sound = move_statistics(table, params, buffers.B)
        if numbers[MAX_NORM] > 0.0:
            hold_norms(table, params, numbers)
        state[STEP], state[POSITION] = step, position + count
        if state[POSITION] == n_samples:
            state[EPOCH], state[POSITION] = state[EPOCH] + 1, 0
        if not (sound and is_finite(loss) and is_finite(finite)):
            return done + 1, n_rows, False
        if recorded:
            row = rows[n_rows]
            row[0], row[1] = step, state[EPOCH] + state[POSITION] / n_samples
            row[2], row[3] = loss, rate
            record_after(team, table, params, buffers, row)
            n_rows += 1
    return n_steps, n_rows, True


@entry
def gradients(table, params, buffers, settings, team, X, Y, order, total_gradient):
    """Sum of the loss over all of X, and in total_gradient (float64) dE/dparameters of that sum.

    In batches of codes[BATCH_SIZE]; no penalty. The settings decide on dropout. Layers normalized
    over batches use their running statistics: the sum is one of samples, however they are batched.
    """
    codes, total = settings.codes, 0.0
    outputs = table[table.shape[0] - 1, UNITS]
    total_gradient[:] = 0.0
    for start in range(0, order.size, codes[BATCH_SIZE]):
        count = min(codes[BATCH_SIZE], order.size - start)
        width = padded(count)
        gather(team, table, buffers, X, Y, order, start, count, ZERO, ZERO)
        weight = count if codes[MEAN_OVER] == PER_SAMPLE else count * outputs
        total += weight * loss_and_gradient(
            team, table, params, buffers, settings, width, count, STEP_0
        )
        for k in range(total_gradient.size):
            total_gradient[k] += weight * np.float64(buffers.G[k])
    return total


@entry
def outputs(table, params, buffers, settings, team, X, Y, order, layers, loss_wanted):
    """Activations for all of X, into `layers` (n_samples, columns); returns the sum of the loss.

    The columns are the network's last units: all of them, those of the output layer, or none.
    """
    codes, total = settings.codes, 0.0
    last = table.shape[0] - 1
    n_units = table[last, ROW] + table[last, UNITS]
    first = n_units - layers.shape[1]
    for start in range(0, order.size, codes[BATCH_SIZE]):
        count = min(codes[BATCH_SIZE], order.size - start)
        width = padded(count)
        gather(team, table, buffers, X, Y, order, start, count, ZERO, ZERO)
        forward(team, table, params, buffers, width, count, settings.dropout, codes[SEED], STEP_0)
        if loss_wanted:
            total += batch_loss(table, buffers, codes, width, count)
        for j in range(first, n_units):
            for p in range(count):
                layers[start + p, j - first] = buffers.A[j * width + p]
    return total
