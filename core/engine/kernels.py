"""Training as the textbook writes it: forward, loss, backward, update. One code for all networks.

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

from core.engine.batches import gather, shuffle
from core.engine.compile import double
from core.engine.jit import entry, kernel
from core.engine.lanes import LANES, add, fill, first, fma, load, mul, store, sub, zeros
from core.engine.layout import ACTIVATION, BIASES, INPUTS, ROW, SOFTMAX_CODE, UNITS, WEIGHTS
from core.engine.loops import (
    CONSTANT,
    activate,
    loss_slope,
    loss_total,
    penalty_slope,
    prepare,
    scheduled,
    times_slope,
    update_all,
    warmed_up,
)
from core.engine.memory import (
    BATCH_SIZE,
    BY_SOFTMAX,
    CLIP_NORM,
    CLIP_VALUE,
    DIFFERENCE,
    EPOCH,
    GLOBAL_CLIP_NORM,
    INPUT_NOISE,
    LAST_WIDTH,
    LEARNING_RATE,
    LOSS,
    MATRICES,
    MAX_NORM,
    MEAN_OVER,
    N_COLUMNS,
    NORMALIZED,
    OPTIMIZER,
    ORDER_EPOCH,
    OUTPUT_RULE,
    PER_SAMPLE,
    POSITION,
    REGULARIZATION_RATE,
    REGULARIZER,
    SCHEDULE,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
    STEP,
)
from core.engine.orthogonal import move_matrix
from core.engine.products import (
    AT_0,
    by_samples,
    input_gradient,
    layer_sums,
    weight_gradient,
)
from core.engine.scalars import exp
from core.maths import random

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)
STEP_0 = np.int64(0)
# Between these, squares in float32 neither overflow nor lose what counts to denormals.
SMALL_SQUARES, LARGE_SQUARES = f32(1e-26), f32(1e38)

key, draw, uniform = double(random.key), double(random.draw), double(random.uniform)
normal = double(random.normal)


# ---- forward --------------------------------------------------------------------------------


@kernel
def add_noise(table, X, width, count, deviation, stream):
    """Keras's GaussianNoise on the inputs: normal number p * inputs + i for input i of sample p."""
    inputs = table[0, INPUTS]
    row, step = (inputs, 1) if by_samples(table, 0) else (1, width)
    for p in range(count):
        for i in range(inputs):
            X[p * row + i * step] += f32(deviation * normal(stream, p * inputs + i))


@kernel
def softmax(Z, A, S, units, width):
    """a_j = exp(z_j - max z) / sum_k exp(z_k - max z), over the units of each sample."""
    for p in range(width):
        S[p] = Z[p]
    for j in range(1, units):
        z = Z[j * width : (j + 1) * width]
        for p in range(width):
            S[p] = z[p] if z[p] > S[p] else S[p]
    for j in range(units):
        z, a = Z[j * width : (j + 1) * width], A[j * width : (j + 1) * width]
        for p in range(width):
            a[p] = exp(z[p] - S[p])
    for p in range(0, width, LANES):
        sums = zeros()
        for j in range(units):
            sums = add(sums, load(A, j * width + p))
        store(S, p, sums)
    for j in range(units):
        a = A[j * width : (j + 1) * width]
        for p in range(width):
            a[p] /= S[p]


@kernel
def dropout_mask(M, A, H, units, width, rate, stream):
    """Inverted dropout: h = a / (1 - rate) with probability 1 - rate, else 0.

    The number for unit j of sample p of the batch is draw p * units + j of the step's stream.
    """
    kept = ONE / (ONE - rate)
    for j in range(units):
        for p in range(width):
            m = kept if uniform(draw(stream, p * units + j)) >= rate else ZERO
            M[j * width + p] = m
            H[j * width + p] = A[j * width + p] * m


@kernel
def forward(table, params, buffers, width, dropout, seed, step):
    """z = W' x + b, a = f(z), layer by layer."""
    X, x = buffers.X, AT_0
    for layer in range(table.shape[0]):
        units, code = table[layer, UNITS], table[layer, ACTIVATION]
        start, stop = table[layer, ROW] * width, (table[layer, ROW] + units) * width
        layer_sums(table, layer, params, X, x, buffers.R, buffers.T, buffers.Z, start, width)
        if code == SOFTMAX_CODE:
            softmax(buffers.Z[start:stop], buffers.A[start:stop], buffers.S, units, width)
        else:
            activate(code, buffers.Z[start:stop], buffers.A[start:stop])
        X, x = buffers.A, start
        rate = dropout[layer]
        if rate > ZERO:
            M, A, H = buffers.M[start:stop], buffers.A[start:stop], buffers.H[start:stop]
            dropout_mask(M, A, H, units, width, rate, key(seed, random.DROPOUT + layer, step))
            X = buffers.H


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
    """Sum of the loss over the batch's samples and outputs."""
    last = table.shape[0] - 1
    units, start = table[last, UNITS], table[last, ROW] * width
    if codes[OUTPUT_RULE] == NORMALIZED:
        normalized_outputs(buffers.A, start, buffers.Q, buffers.S, units, width)
        return loss_total(codes[LOSS], buffers.Y, buffers.Q, AT_0, units, width, count)
    return loss_total(codes[LOSS], buffers.Y, buffers.A, start, units, width, count)


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
def backward(table, params, buffers, width, dropout):
    """dE/dW = X D', dE/db = sum D; one layer down: D = (W D) f'(z)."""
    D, T, G = buffers.D, buffers.T, buffers.G
    for layer in range(table.shape[0] - 1, 0, -1):
        start, below = table[layer, ROW] * width, table[layer - 1, ROW] * width
        dropped = dropout[layer - 1] > ZERO
        X = buffers.H if dropped else buffers.A
        weight_gradient(table, layer, X, below, D, start, T, G, width)
        input_gradient(table, layer, params, D, start, D, below, width)
        if dropped:
            for k in range(below, start, LANES):
                store(D, k, mul(load(D, k), load(buffers.M, k)))
        Z, A = buffers.Z[below:start], buffers.A[below:start]
        times_slope(table[layer - 1, ACTIVATION], Z, A, D[below:start])
    weight_gradient(table, AT_0, buffers.X, AT_0, D, AT_0, T, G, width)


# ---- update ---------------------------------------------------------------------------------


@kernel
def add_penalty(table, params, G, codes, numbers):
    """G += dpenalty/dw, for weights, not for biases."""
    rate = f32(numbers[REGULARIZATION_RATE])
    if codes[REGULARIZER] == 0 or rate == ZERO:
        return
    for layer in range(table.shape[0]):
        start, stop = table[layer, WEIGHTS], table[layer, BIASES]
        penalty_slope(codes[REGULARIZER], params, G, start, stop, rate)


@kernel
def norm(values):
    """Euclidean norm. Where squares leave float32's range, they are summed in double."""
    total = ZERO
    for k in range(values.size):
        total += values[k] * values[k]
    if SMALL_SQUARES < total < LARGE_SQUARES:
        return np.sqrt(np.float64(total))
    exact = 0.0
    for k in range(values.size):
        exact += np.float64(values[k]) * np.float64(values[k])
    return np.sqrt(exact)


@kernel
def shorten(values, longest):
    """Scale a vector down to a norm of at most `longest`."""
    length = norm(values)
    if length > longest:
        scale = f32(longest / length)
        for k in range(values.size):
            values[k] *= scale


@kernel
def clip(table, G, numbers):
    """Keras's clipping: by value, by the norm of each matrix and bias, by the norm of all."""
    if numbers[CLIP_VALUE] > 0.0:
        bound = f32(numbers[CLIP_VALUE])
        for k in range(G.size):
            g = G[k]
            g = bound if g > bound else g
            G[k] = -bound if g < -bound else g
    if numbers[CLIP_NORM] > 0.0:
        for layer in range(table.shape[0]):
            start, stop = table[layer, WEIGHTS], table[layer, BIASES]
            shorten(G[start:stop], numbers[CLIP_NORM])
            shorten(G[stop : stop + table[layer, UNITS]], numbers[CLIP_NORM])
    if numbers[GLOBAL_CLIP_NORM] > 0.0:
        shorten(G, numbers[GLOBAL_CLIP_NORM])


@kernel
def learning_rate(settings, step):
    """What the schedule makes of the learning rate at a step."""
    h, rate, t = settings.schedule, settings.numbers[LEARNING_RATE], np.float64(step - 1)
    if t < h[0]:
        return warmed_up(h, rate, t)
    if settings.codes[SCHEDULE] == CONSTANT:
        return rate
    return scheduled(settings.codes[SCHEDULE], h, rate, t - h[0])


@kernel
def update(table, params, buffers, slots, settings, rate, step):
    """Move every parameter; returns 0, or nan if a parameter or slot is no longer finite.

    The weights of the first MATRICES layers move as matrices, what lies between them one by one.
    """
    code, G, matrices = settings.codes[OPTIMIZER], buffers.G, settings.codes[MATRICES]
    c0, c1, c2, c3, c4 = prepare(code, settings.options, rate, np.float64(step))
    d0, d1, d2, d3, d4 = f32(c0), f32(c1), f32(c2), f32(c3), f32(c4)
    finite, start = ZERO, AT_0
    for layer in range(matrices + 1):
        stop = params.size
        if layer < matrices:
            N, h = buffers.N, settings.options
            finite += move_matrix(table, layer, params, G, slots[0], N, h, rate)
            start = table[layer, BIASES]
            stop = start + table[layer, UNITS]
        finite += update_all(code, params, G, slots, start, stop, d0, d1, d2, d3, d4)
        start = stop
    return finite


@kernel
def hold_norms(table, params, numbers):
    """Keras's MaxNorm: the weights into a unit are scaled down to a norm of at most max_norm.

    w *= min(norm, max_norm) / (1e-7 + norm), for the weights of every layer, not for biases.
    """
    longest = numbers[MAX_NORM]
    for layer in range(table.shape[0]):
        start, units = table[layer, WEIGHTS], table[layer, UNITS]
        for j in range(units):
            total = 0.0
            for k in range(start + j, table[layer, BIASES], units):
                total += np.float64(params[k]) * np.float64(params[k])
            length = np.sqrt(total)
            scale = f32(min(length, longest) / (1e-7 + length))
            for k in range(start + j, table[layer, BIASES], units):
                params[k] *= scale


# ---- a step, and many -----------------------------------------------------------------------


@kernel
def loss_and_gradient(table, params, buffers, settings, width, count, step):
    """Forward and backward through one batch; returns the batch's mean loss. G is overwritten."""
    codes = settings.codes
    forward(table, params, buffers, width, settings.dropout, codes[SEED], step)
    output_slope(table, buffers, codes, width, count)
    backward(table, params, buffers, width, settings.dropout)
    total = batch_loss(table, buffers, codes, width, count)
    outputs = table[table.shape[0] - 1, UNITS]
    return total / (count if codes[MEAN_OVER] == PER_SAMPLE else count * outputs)


@kernel
def layer_norms(table, values, row):
    """Norms of each layer's weights and biases together."""
    for layer in range(table.shape[0]):
        start, stop = table[layer, WEIGHTS], table[layer, BIASES] + table[layer, UNITS]
        row[layer] = norm(values[start:stop])


@kernel
def record(row, table, params, before):
    """The last two groups of a row: weight norms, and norms of the update against them."""
    n_layers = table.shape[0]
    weights = row[N_COLUMNS + n_layers : N_COLUMNS + 2 * n_layers]
    ratios = row[N_COLUMNS + 2 * n_layers : N_COLUMNS + 3 * n_layers]
    layer_norms(table, params, weights)
    for k in range(params.size):
        before[k] = params[k] - before[k]
    layer_norms(table, before, ratios)
    for layer in range(n_layers):
        ratios[layer] = ratios[layer] / weights[layer] if weights[layer] > 0.0 else 0.0


@entry
def run(
    table, params, slots, state, X, Y, order, drawn, buffers, settings,
    n_steps, rows, stride, n_rows
):  # fmt: skip
    """Run up to n_steps mini-batches; returns steps done, rows in use, and whether all is finite.

    state: int64, STEP and EPOCH done, POSITION of the next batch in the epoch's order.
    order: int64, scratch for that order; drawn: int64, what it and the buffers stand for.
    rows[n_rows:] take a row at every step that `stride` divides; the run stops early when they
    are full. A step that yields anything not finite is the last, is counted, and has no row.
    """
    codes, numbers = settings.codes, settings.numbers
    n_samples, n_layers = order.size, table.shape[0]
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
        width = gather(table, buffers, X, Y, order, position, count, smoothing, smooth_to)
        drawn[LAST_WIDTH] = width
        if numbers[INPUT_NOISE] > 0.0:
            stream = key(codes[SEED], random.INPUT_NOISE, step)
            add_noise(table, buffers.X, width, count, numbers[INPUT_NOISE], stream)
        loss = loss_and_gradient(table, params, buffers, settings, width, count, step)
        add_penalty(table, params, buffers.G, codes, numbers)
        if recorded:
            for k in range(params.size):
                buffers.before[k] = params[k]
            row = rows[n_rows]
            layer_norms(table, buffers.G, row[N_COLUMNS : N_COLUMNS + n_layers])
        clip(table, buffers.G, numbers)
        rate = learning_rate(settings, step)
        finite = update(table, params, buffers, slots, settings, rate, step)
        if numbers[MAX_NORM] > 0.0:
            hold_norms(table, params, numbers)
        state[STEP], state[POSITION] = step, position + count
        if state[POSITION] == n_samples:
            state[EPOCH], state[POSITION] = state[EPOCH] + 1, 0
        if not (np.isfinite(loss) and np.isfinite(finite)):
            return done + 1, n_rows, False
        if recorded:
            row = rows[n_rows]
            row[0], row[1] = step, state[EPOCH] + state[POSITION] / n_samples
            row[2], row[3] = loss, rate
            record(row, table, params, buffers.before)
            n_rows += 1
    return n_steps, n_rows, True


@entry
def gradients(table, params, buffers, settings, X, Y, order, total_gradient):
    """Sum of the loss over all of X, and in total_gradient (float64) dE/dparameters of that sum.

    In batches of codes[BATCH_SIZE]; no penalty. The settings decide on dropout.
    """
    codes, total = settings.codes, 0.0
    outputs = table[table.shape[0] - 1, UNITS]
    total_gradient[:] = 0.0
    for start in range(0, order.size, codes[BATCH_SIZE]):
        count = min(codes[BATCH_SIZE], order.size - start)
        width = gather(table, buffers, X, Y, order, start, count, ZERO, ZERO)
        weight = count if codes[MEAN_OVER] == PER_SAMPLE else count * outputs
        total += weight * loss_and_gradient(table, params, buffers, settings, width, count, STEP_0)
        for k in range(params.size):
            total_gradient[k] += weight * np.float64(buffers.G[k])
    return total


@entry
def outputs(table, params, buffers, settings, X, Y, order, layers, loss_wanted):
    """Activations for all of X, into `layers` (n_samples, columns); returns the sum of the loss.

    The columns are the network's last units: all of them, those of the output layer, or none.
    """
    codes, total = settings.codes, 0.0
    last = table.shape[0] - 1
    n_units = table[last, ROW] + table[last, UNITS]
    first = n_units - layers.shape[1]
    for start in range(0, order.size, codes[BATCH_SIZE]):
        count = min(codes[BATCH_SIZE], order.size - start)
        width = gather(table, buffers, X, Y, order, start, count, ZERO, ZERO)
        forward(table, params, buffers, width, settings.dropout, codes[SEED], STEP_0)
        if loss_wanted:
            total += batch_loss(table, buffers, codes, width, count)
        for j in range(first, n_units):
            for p in range(count):
                layers[start + p, j - first] = buffers.A[j * width + p]
    return total
