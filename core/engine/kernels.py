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
from core.engine.layout import (
    ACTIVATION,
    BETA,
    BIASES,
    GAMMA,
    INPUTS,
    NORMALIZATION,
    ROW,
    SOFTMAX_CODE,
    STOP,
    UNITS,
    WEIGHTS,
)
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
from core.engine.normalize import (
    NOT_NORMALIZED,
    move_statistics,
    no_bias_gradients,
    normalize_together,
    normalized_items,
    scale_gradients_together,
    through_normalization_together,
)
from core.engine.norms import after_update, before_update, layer_norms, n_blocks, norm
from core.engine.orthogonal import move_matrix
from core.engine.products import (
    AT_0,
    by_samples,
    input_gradient,
    layer_sums,
    padded,
    sum_blocks,
    turn_back,
    weight_gradient,
)
from core.engine.scalars import exp
from core.engine.team import (
    ACTIVATE,
    AFTER,
    BEFORE,
    INPUT_SLOPE,
    SLOPE,
    SUMS,
    TURN,
    UPDATE,
    WEIGHT_SLOPE,
    begin_step,
    shared,
)
from core.engine.weighting import gather_weights, weigh
from core.maths import random

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)
STEP_0 = np.int64(0)  # of a network at rest: steps of training count from 1
# Of one number, in multiplications: turned, put through a function or its slope, normalized ...
TURN_COST, FUNCTION_COST, NORMALIZE_COST, UPDATE_COST, RECORD_COST = 8, 8, 4, 10, 8

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
def fed_by(table, layer, buffers, dropout, width):
    """What feeds a layer, and where it begins: the inputs, or the layer below after its dropout."""
    if layer == 0:
        return buffers.X, AT_0
    start = table[layer - 1, ROW] * width
    return buffers.H if dropout[layer - 1] > ZERO else buffers.A, start


@kernel
def turn_inputs(first, last, table, layer, buffers, dropout, width):
    """What feeds a layer by samples, a row for each sample, into R."""
    inputs = table[layer, INPUTS]
    X, x = fed_by(table, layer, buffers, dropout, width)
    turn_back(first, last, inputs, X, x, buffers.R, padded(inputs), width)


@kernel
def sums(first, last, table, layer, params, buffers, dropout, width, T):
    """z = W' x + b."""
    X, x = fed_by(table, layer, buffers, dropout, width)
    row = table[layer, INPUTS]
    if layer > 0 and by_samples(table, layer):
        X, x, row = buffers.R, AT_0, padded(row)
    start = table[layer, ROW] * width
    layer_sums(first, last, table, layer, params, X, x, row, T, buffers.Z, start, width)


@kernel
def dropout_mask(first, last, M, A, H, units, width, rate, stream):
    """Inverted dropout: h = a / (1 - rate) with probability 1 - rate, else 0; units first to last.

    The number for unit j of sample p of the batch is draw p * units + j of the step's stream.
    """
    kept = ONE / (ONE - rate)
    for j in range(first, last):
        for p in range(width):
            m = kept if uniform(draw(stream, p * units + j)) >= rate else ZERO
            M[j * width + p] = m
            H[j * width + p] = A[j * width + p] * m


@kernel
def activations(first, last, table, layer, buffers, dropout, width, seed, step):
    """a = f(z), and what dropout leaves of it, for units first to last."""
    row, rate = table[layer, ROW], dropout[layer]
    start, stop = (row + first) * width, (row + last) * width
    activate(table[layer, ACTIVATION], buffers.Z[start:stop], buffers.A[start:stop])
    if rate > ZERO:
        M, A, H = buffers.M[row * width :], buffers.A[row * width :], buffers.H[row * width :]
        stream = key(seed, random.DROPOUT + layer, step)
        dropout_mask(first, last, M, A, H, table[layer, UNITS], width, rate, stream)


turn_together = shared(TURN, turn_inputs)
sums_together = shared(SUMS, sums)
activate_together = shared(ACTIVATE, activations)


@kernel
def forward(team, table, params, buffers, width, count, dropout, seed, step):
    """z = W' x + b, a = f(z), or f of z normalized, layer by layer."""
    for layer in range(table.shape[0]):
        inputs, units = table[layer, INPUTS], table[layer, UNITS]
        if layer > 0 and by_samples(table, layer):
            cost = TURN_COST * inputs * width
            turn_together(team, layer, width // LANES, cost, table, layer, buffers, dropout, width)
        blocks, cost = sum_blocks(table, layer, width), inputs * units * width
        sums_together(
            team, layer, blocks, cost, table, layer, params, buffers, dropout, width, buffers.T
        )
        if table[layer, NORMALIZATION] != NOT_NORMALIZED:
            items, cost = normalized_items(table, layer, width), NORMALIZE_COST * units * width
            normalize_together(
                team, layer, items, cost, table, layer, params, buffers, width, count, step
            )
        if table[layer, ACTIVATION] == SOFTMAX_CODE:
            start, stop = table[layer, ROW] * width, (table[layer, ROW] + units) * width
            softmax(buffers.Z[start:stop], buffers.A[start:stop], buffers.S, units, width)
        else:
            cost = FUNCTION_COST * units * width
            activate_together(
                team, layer, units, cost, table, layer, buffers, dropout, width, seed, step
            )


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
    X, x = fed_by(table, layer, buffers, dropout, width)
    d = table[layer, ROW] * width
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
    if step > STEP_0:
        no_bias_gradients(table, buffers.G)


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
def shorten(values, start, stop, longest):
    """Scale a range of a vector down to a norm of at most `longest`."""
    length = norm(values, start, stop)
    if length > longest:
        scale = f32(longest / length)
        for k in range(start, stop):
            values[k] *= scale


@kernel
def clip(table, G, numbers):
    """Keras's clipping: by value, by the norm of each matrix and vector, by the norm of all."""
    if numbers[CLIP_VALUE] > 0.0:
        bound = f32(numbers[CLIP_VALUE])
        for k in range(G.size):
            g = G[k]
            g = bound if g > bound else g
            G[k] = -bound if g < -bound else g
    if numbers[CLIP_NORM] > 0.0:
        for layer in range(table.shape[0]):
            start, stop = table[layer, WEIGHTS], table[layer, BIASES]
            shorten(G, start, stop, numbers[CLIP_NORM])
            shorten(G, stop, table[layer, GAMMA], numbers[CLIP_NORM])
            shorten(G, table[layer, GAMMA], table[layer, BETA], numbers[CLIP_NORM])
            shorten(G, table[layer, BETA], table[layer, STOP], numbers[CLIP_NORM])
    if numbers[GLOBAL_CLIP_NORM] > 0.0:
        shorten(G, AT_0, G.size, numbers[GLOBAL_CLIP_NORM])


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
def is_finite(x):
    """Neither nan nor infinite. (numba's own asks for x - x, which `reassoc` may take for 0.)"""
    return abs(x) < np.inf


@kernel
def move(first, last, begin, end, code, params, G, slots, constants, finite):
    """Move vectors first to last of a range; finite[0] is nan if a number no longer is finite."""
    c0, c1, c2, c3, c4 = constants[0], constants[1], constants[2], constants[3], constants[4]
    start, stop = begin + first * LANES, min(begin + last * LANES, end)
    W, g = params[start:stop], G[start:stop]
    s, r, q = slots.s[start:stop], slots.r[start:stop], slots.q[start:stop]
    found = update_all(code, W, g, s, r, q, c0, c1, c2, c3, c4)
    if not is_finite(found):
        finite[0] = found


move_together = shared(UPDATE, move)


@kernel
def update(team, table, params, buffers, slots, settings, rate, step):
    """Move every parameter; returns 0, or nan if a parameter or slot is no longer finite.

    The weights of the first MATRICES layers move as matrices, what lies between them one by one.
    """
    code, G, matrices = settings.codes[OPTIMIZER], buffers.G, settings.codes[MATRICES]
    c, finite, start = team.constants, team.finite, AT_0
    c0, c1, c2, c3, c4 = prepare(code, settings.options, rate, np.float64(step))
    c[0], c[1], c[2], c[3], c[4] = f32(c0), f32(c1), f32(c2), f32(c3), f32(c4)
    finite[0] = ZERO
    for layer in range(matrices + 1):
        stop, cost = G.size, UPDATE_COST * G.size
        if matrices > 0:
            cost = AT_0  # what is left is little
        if layer < matrices:
            moved = move_matrix(table, layer, params, G, slots.s, buffers.K, settings.options, rate)
            finite[0] += moved
            start, stop = table[layer, BIASES], table[layer, STOP]
        vectors = (stop - start + LANES - 1) // LANES
        move_together(team, AT_0, vectors, cost, start, stop, code, params, G, slots, c, finite)
        start = stop
    return finite[0]


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


before_together = shared(BEFORE, before_update)
after_together = shared(AFTER, after_update)


@kernel
def record_before(team, table, params, buffers, row):
    """Norms of the gradient into the first group of a row; what the update starts from is kept."""
    n, n_layers, cost = n_blocks(table), table.shape[0], RECORD_COST * params.size
    before_together(team, AT_0, n, cost, table, params, buffers.G, buffers.before, buffers.sums)
    layer_norms(table, buffers.sums, AT_0, row[N_COLUMNS : N_COLUMNS + n_layers])


@kernel
def record_after(team, table, params, buffers, row):
    """The last two groups of a row: weight norms, and norms of the update against them."""
    n, n_layers, cost = n_blocks(table), table.shape[0], RECORD_COST * params.size
    after_together(team, AT_0, n, cost, n, table, params, buffers.before, buffers.sums)
    weights = row[N_COLUMNS + n_layers : N_COLUMNS + 2 * n_layers]
    ratios = row[N_COLUMNS + 2 * n_layers : N_COLUMNS + 3 * n_layers]
    layer_norms(table, buffers.sums, n, weights)
    layer_norms(table, buffers.sums, 2 * n, ratios)
    for layer in range(n_layers):
        ratios[layer] = ratios[layer] / weights[layer] if weights[layer] > 0.0 else 0.0


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
