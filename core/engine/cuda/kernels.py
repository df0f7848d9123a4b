"""What is launched: `shuffle` draws the orders of epochs ahead, `run` trains, a block a network."""

from typing import Any

import numpy as np
from numba import cuda, float32, float64, int32

from core.engine.cuda import plan
from core.engine.cuda.augment import augments
from core.engine.cuda.block import Memory, Thread, barrier
from core.engine.cuda.jit import kernel
from core.engine.cuda.learning import (
    Network,
    Samples,
    find_gradient,
    load,
    move_parameters,
    store,
    take_samples,
    write_row,
)
from core.engine.cuda.maths import smaller
from core.engine.cuda.moving import gradient_norms, make_constants, measure_before
from core.engine.cuda.plan import ACROSS, CHUNK, END, LANES, PARTS, WIDTH
from core.engine.cuda.stages import draw, key
from core.engine.memory import (
    BATCH_SIZE,
    EPOCH,
    N_NUMBERS,
    N_OPTIONS,
    POSITION,
    REGULARIZATION_RATE,
    REGULARIZER,
    SEED,
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

    Few networks ask for these. With them a thread takes 146 registers instead of 120, so that of
    many small networks 13 instead of 17 share a processor of the GPU, and the compiler twice the
    time.
    """

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
        code, value = codes[network], numbers[network]
        net = Network(
            n_layers - 1,
            slots.shape[2],
            slots.shape[1],
            places[WIDTH],
            code,
            value,
            value[OPTIONS:SCHEDULE_OPTIONS],
            value[SCHEDULE_OPTIONS:DROPOUT],
            value[DROPOUT:],
            f32(value[REGULARIZATION_RATE]) if code[REGULARIZER] != 0 else ZERO,
        )
        samples = Samples(X, Y, weights, background)
        augmented = everything and augments(value)
        step, epoch = state[network, STEP], state[network, EPOCH]
        position, n_samples = state[network, POSITION], orders.shape[2]
        n_rows, done, count, why = 0, 0, np.int64(0), FINISHED
        load(t, m, places, tables[network], params[network], slots[network])

        while done < n_steps[network]:
            recorded = (step + 1) % stride == 0
            if recorded and n_rows == room[network]:
                why = ROWS_FULL
                break
            drawn_row = epoch % drawn.shape[1]
            if drawn[network, drawn_row] != epoch:
                why = NOT_DRAWN
                break
            step += 1
            count = smaller(code[BATCH_SIZE], n_samples - position)
            constants = done % CHUNK
            if constants == 0:
                barrier()  # what was loaded above is there, a row of the step before is written
                make_constants(t, m, code, value, net.options, net.schedule, step)
            order = orders[network, drawn_row]
            take_samples(t, m, net, samples, order, position, count, step, augmented)
            find_gradient(t, m, net, count, step, everything)
            if recorded:
                measure_before(t, m, n_layers)
                barrier()
                gradient_norms(t, m, n_layers, rows[n_rows, network])
            move_parameters(t, m, net, constants, recorded, everything)
            position += count
            if position == n_samples:
                epoch, position = epoch + 1, 0
            done += 1
            if m.broken[0] != 0:
                why = BROKEN
                break
            if recorded:
                now = epoch + position / n_samples
                write_row(t, m, net, rows[n_rows, network], step, now, count, constants)
                n_rows += 1

        store(t, m, places, params[network], slots[network])
        if why == BROKEN:
            for k in range(t.number, places[END] - places[plan.P], t.count):
                left[network, k] = memory[places[plan.P] + k]
        if t.number == 0:
            state[network, STEP], state[network, EPOCH] = step, epoch
            state[network, POSITION] = position
            result[network, DONE], result[network, ROWS] = done, n_rows
            result[network, WHY], result[network, COUNT] = why, count

    # The cache keeps a file for each name, which two processes that compile may write at once.
    run.__qualname__ = "run" if everything else "run_plain"
    return kernel(run)


run, run_plain = training(everything=True), training(everything=False)
