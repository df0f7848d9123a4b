"""What is launched: `shuffle` draws the orders of epochs ahead, `run` trains, a block a network."""

from typing import Any

import numpy as np
from numba import cuda, float32, float64, int32

from core.engine.cuda import plan
from core.engine.cuda.augment import augment, augments
from core.engine.cuda.block import Memory, Thread, barrier
from core.engine.cuda.jit import kernel
from core.engine.cuda.maths import smaller
from core.engine.cuda.moving import (
    clip,
    gradient_norms,
    hold_norms,
    make_constants,
    measure_after,
    measure_before,
    update,
    weight_norms,
)
from core.engine.cuda.normalize import move_statistics
from core.engine.cuda.plan import ACROSS, CHUNK, END, LANES, PARTS, WIDTH
from core.engine.cuda.stages import (
    add_noise,
    draw,
    gather,
    judge,
    key,
    layer_backward,
    layer_forward,
)
from core.engine.layout import UNITS
from core.engine.memory import (
    BATCH_SIZE,
    EPOCH,
    INPUT_NOISE,
    MATRICES,
    MAX_NORM,
    MEAN_OVER,
    N_NUMBERS,
    N_OPTIONS,
    PER_SAMPLE,
    POSITION,
    REGULARIZATION_RATE,
    REGULARIZER,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
    STEP,
)
from core.engine.settings import N_SCHEDULE
from core.maths import random

f32 = np.float32
ZERO = f32(0.0)

# Where in `numbers` the options, the schedule and the dropout of a network begin.
OPTIONS, SCHEDULE_OPTIONS = N_NUMBERS, N_NUMBERS + N_OPTIONS
DROPOUT = SCHEDULE_OPTIONS + N_SCHEDULE

# Columns of a result, and why a network stopped.
DONE, ROWS, WHY, COUNT = range(4)  # COUNT: samples of the last mini-batch
N_RESULTS = 4
FINISHED, ROWS_FULL, NOT_DRAWN, BROKEN = range(4)


@kernel
def shuffle(orders, drawn, codes, state, ahead):
    """The orders of each network's next epochs, `ahead` of them; a thread draws one.

    orders: int32 (n_networks, kept, n_samples), epoch e is in row e % kept.
    drawn: int64 (n_networks, kept), which epoch a row is the order of.
    """
    k = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if k < state.shape[0] * ahead:
        network, further = k // ahead, k % ahead
        epoch = state[network, EPOCH] + further
        row = epoch % drawn.shape[1]
        if drawn[network, row] != epoch:
            drawn[network, row] = epoch
            order = orders[network, row]
            stream = key(codes[network, SEED], random.SHUFFLE, epoch)
            for i in range(order.size):
                order[i] = i
            for i in range(order.size - 1, 0, -1):
                j = np.int64(draw(stream, i) % np.uint64(i + 1))
                order[i], order[j] = order[j], order[i]


def training(*, everything: bool) -> Any:
    """The kernel that trains. everything: whether it can normalize, augment and move matrices.

    Few networks ask for these. With them a thread takes 190 registers instead of 138, so that of
    many small networks 10 instead of 14 share a processor of the GPU, and the compiler twice the
    time.
    """

    @kernel
    def run(
        tables, places, X, Y, weights, background, orders, drawn, codes, numbers, params, slots,
        state, rows, result, left, n_steps, room, stride
    ):  # fmt: skip
        """Run up to n_steps[b] mini-batches of network b, in block b.

        tables: int32 (n_networks, table flat). X, Y: float32, flat, of all samples, as are their
        weights, if they have any, and the background of images, a channel each.
        codes: int64, numbers: float64, a row a network: `memory.Settings`, put together.
        params: float32 (n_networks, n_numbers), slots: float32 (n_networks, n_slots, n), state:
        int64 (n_networks, 3). rows: float64 (most, n_networks, columns), of which room[b] may be
        filled. result: int64 (n_networks, N_RESULTS). left: float32 (n_networks, size), the memory
        of a block whose network broke. See `core.engine.kernels.run`.
        """
        network, number, count_of = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
        lanes = smaller(places[LANES], count_of)
        t = Thread(number, count_of, number % lanes, lanes, number // lanes, count_of // lanes)
        doubles, integers = cuda.shared.array(0, float64), cuda.shared.array(0, int32)
        memory = cuda.shared.array(0, float32)
        n_table, n_layers = tables.shape[1], tables.shape[1] // plan.N_COLUMNS
        last, n, n_numbers = n_layers - 1, slots.shape[2], params.shape[1]
        n_doubles = CHUNK + 2 * PARTS * n_layers
        m = Memory(
            integers[2 * n_doubles : 2 * n_doubles + n_table],
            integers[2 * n_doubles + n_table :],
            doubles[:CHUNK],
            doubles[CHUNK:n_doubles],
            memory,
            places[plan.X],
            places[plan.H],
            places[plan.A],
            memory[places[plan.P] :],
            memory[places[plan.G] :],
            memory[places[plan.S0] :],
            memory[places[plan.S1] :],
            memory[places[plan.S2] :],
            memory[places[plan.X] :],
            memory[places[plan.Y] :],
            memory[places[plan.Z] :],
            memory[places[plan.A] :],
            memory[places[plan.D] :],
            memory[places[plan.Q] :],
            memory[places[plan.L] :],
            memory[places[plan.C] :],
            memory[places[plan.E] :],
            memory[places[plan.H] :],
            memory[places[plan.M] :],
            memory[places[plan.K] :],
            memory[places[plan.N] :],
            memory[places[plan.V] :],
            memory[places[plan.U] :],
            places[ACROSS],
        )
        width, n_slots, capacity = places[WIDTH], slots.shape[1], room[network]
        code, value = codes[network], numbers[network]
        options, dropout = value[OPTIONS:SCHEDULE_OPTIONS], value[DROPOUT:]
        schedule = value[SCHEDULE_OPTIONS:DROPOUT]
        seed, batch_size = code[SEED], code[BATCH_SIZE]
        smoothing, smooth_to = f32(value[SMOOTHING]), f32(value[SMOOTH_TO])
        noise, max_norm, augmented = (
            value[INPUT_NOISE],
            value[MAX_NORM],
            everything and augments(value),
        )
        penalty = f32(value[REGULARIZATION_RATE]) if code[REGULARIZER] != 0 else ZERO
        step, epoch, position = (
            state[network, STEP],
            state[network, EPOCH],
            state[network, POSITION],
        )
        n_samples, n_rows, done, count, why = orders.shape[2], 0, 0, np.int64(0), FINISHED

        for k in range(t.number, n_table, t.count):
            m.table[k] = tables[network, k]
        for k in range(t.number, n_numbers, t.count):
            m.P[k] = params[network, k]
        for k in range(t.number, n, t.count):
            for s in range(n_slots):
                memory[places[plan.S0 + s] + k] = slots[network, s, k]
        if t.number == 0:
            m.broken[0] = 0

        while done < n_steps[network]:
            recorded = (step + 1) % stride == 0
            if recorded and n_rows == capacity:
                why = ROWS_FULL
                break
            drawn_row = epoch % drawn.shape[1]
            if drawn[network, drawn_row] != epoch:
                why = NOT_DRAWN
                break
            step += 1
            count = smaller(batch_size, n_samples - position)
            constants = done % CHUNK
            if constants == 0:
                barrier()  # what was loaded above is there, a row of the step before is written
                make_constants(t, m, code, value, options, schedule, step)
            order = orders[network, drawn_row]
            gather(t, m, last, X, Y, weights, order, position, count, width, smoothing, smooth_to)
            if augmented:
                augment(
                    t, m, n_layers, X, weights, background, order, position, code, value, count,
                    width, step,
                )  # fmt: skip
            if noise > 0.0:
                add_noise(t, m, count, width, noise, key(seed, random.INPUT_NOISE, step))
            barrier()
            for layer in range(n_layers):
                layer_forward(t, m, layer, dropout, count, width, seed, step, everything)
                barrier()
            judge(t, m, last, code, count, width)
            barrier()
            for layer in range(last, -1, -1):
                layer_backward(t, m, layer, dropout, code, penalty, count, width, everything)
                barrier()
            if recorded:
                measure_before(t, m, n_layers)
                barrier()
                gradient_norms(t, m, n_layers, rows[n_rows, network])
            clip(t, m, n_layers, n, value)
            matrices = code[MATRICES] if everything else 0
            update(t, m, n_layers, n, code, options, n_slots, constants, matrices, recorded)
            if everything:
                move_statistics(t, m, n_layers)
            barrier()
            if max_norm > 0.0:
                hold_norms(t, m, n_layers, max_norm)
                barrier()
            position += count
            if position == n_samples:
                epoch, position = epoch + 1, 0
            done += 1
            if m.broken[0] != 0:
                why = BROKEN
                break
            if recorded:
                measure_after(t, m, n_layers)
                barrier()
                row = rows[n_rows, network]
                weight_norms(t, m, n_layers, row)
                if t.number == 0:
                    loss = 0.0
                    for p in range(count):
                        loss += m.L[p]
                    terms = (
                        count
                        if code[MEAN_OVER] == PER_SAMPLE
                        else count * m.table[last * plan.N_COLUMNS + UNITS]
                    )
                    row[0], row[1] = step, epoch + position / n_samples
                    row[2], row[3] = loss / terms, m.rates[constants]
                n_rows += 1

        for k in range(t.number, n_numbers, t.count):
            params[network, k] = m.P[k]
        for k in range(t.number, n, t.count):
            for s in range(n_slots):
                slots[network, s, k] = memory[places[plan.S0 + s] + k]
        if why == BROKEN:
            for k in range(t.number, places[END] - places[plan.P], t.count):
                left[network, k] = memory[places[plan.P] + k]
        if t.number == 0:
            state[network, STEP], state[network, EPOCH] = step, epoch
            state[network, POSITION] = position
            result[network, DONE], result[network, ROWS] = done, n_rows
            result[network, WHY], result[network, COUNT] = why, count

    return run


run, run_plain = training(everything=True), training(everything=False)
