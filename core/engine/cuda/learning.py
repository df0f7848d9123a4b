"""A step of one network, by the threads of its block: from samples to parameters."""

from typing import Any, NamedTuple

import numpy as np

from core.engine.cuda import plan
from core.engine.cuda.augment import augment
from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import device
from core.engine.cuda.moving import (
    clip,
    hold_norms,
    measure_after,
    update,
    weight_norms,
)
from core.engine.cuda.normalize import move_statistics
from core.engine.cuda.stages import add_noise, gather, judge, key, layer_backward, layer_forward
from core.engine.layout import UNITS
from core.engine.memory import (
    INPUT_NOISE,
    MATRICES,
    MAX_NORM,
    MEAN_OVER,
    PER_SAMPLE,
    SEED,
    SMOOTH_TO,
    SMOOTHING,
)
from core.maths import random

f32 = np.float32


class Network(NamedTuple):
    """What all steps of a network have in common."""

    last: Any  # its last layer
    n: Any  # its parameters
    n_slots: Any
    width: Any
    code: Any  # `memory.Settings`, and parts of them
    value: Any
    options: Any
    schedule: Any
    dropout: Any
    penalty: Any


class Samples(NamedTuple):
    """What a network learns from; see `run`."""

    X: Any
    Y: Any
    weights: Any
    background: Any


@device
def load(t, m, places, table, params, slots):
    """Copy what a network is into the block's memory."""
    for k in range(t.number, table.size, t.count):
        m.table[k] = table[k]
    for k in range(t.number, params.size, t.count):
        m.P[k] = params[k]
    for k in range(t.number, slots.shape[1], t.count):
        for s in range(slots.shape[0]):
            m.F[places[plan.S0 + s] + k] = slots[s, k]
    if t.number == 0:
        m.broken[0] = 0


@device
def store(t, m, places, params, slots):
    """Copy what a network has become back."""
    for k in range(t.number, params.size, t.count):
        params[k] = m.P[k]
    for k in range(t.number, slots.shape[1], t.count):
        for s in range(slots.shape[0]):
            slots[s, k] = m.F[places[plan.S0 + s] + k]


@device
def take_samples(t, m, net, samples, order, position, count, step, augmented):
    """A mini-batch into the block's memory, as the network is to see it."""
    smoothing, smooth_to = f32(net.value[SMOOTHING]), f32(net.value[SMOOTH_TO])
    gather(
        t, m, net.last, samples.X, samples.Y, samples.weights, order, position, count, net.width,
        smoothing, smooth_to,
    )  # fmt: skip
    if augmented:
        augment(
            t, m, net.last + 1, samples.X, samples.weights, samples.background, order, position,
            net.code, net.value, count, net.width, step,
        )  # fmt: skip
    noise = net.value[INPUT_NOISE]
    if noise > 0.0:
        stream = key(net.code[SEED], random.INPUT_NOISE, step)
        add_noise(t, m, count, net.width, noise, stream)
    barrier()


@device
def find_gradient(t, m, net, count, step, everything):
    """Forward, loss, and backward."""
    for layer in range(net.last + 1):
        seed = net.code[SEED]
        layer_forward(t, m, layer, net.dropout, count, net.width, seed, step, everything)
        barrier()
    judge(t, m, net.last, net.code, count, net.width)
    barrier()
    for layer in range(net.last, -1, -1):
        layer_backward(
            t, m, layer, net.dropout, net.code, net.penalty, count, net.width, everything
        )
        barrier()


@device
def move_parameters(t, m, net, constants, recorded, everything):
    """From the gradient to the parameters. recorded: whether G is to hold what they were."""
    n_layers, max_norm = net.last + 1, net.value[MAX_NORM]
    clip(t, m, n_layers, net.n, net.value)
    matrices = net.code[MATRICES] if everything else 0
    update(t, m, n_layers, net.n, net.code, net.options, net.n_slots, constants, matrices, recorded)
    if everything:
        move_statistics(t, m, n_layers)
    barrier()
    if max_norm > 0.0:
        hold_norms(t, m, n_layers, max_norm)
        barrier()


@device
def write_row(t, m, net, row, step, epoch, count, constants):
    """What is left of a row of history once the parameters have moved. epoch: with its fraction."""
    measure_after(t, m, net.last + 1)
    barrier()
    weight_norms(t, m, net.last + 1, row)
    if t.number == 0:
        loss, terms = 0.0, count
        for p in range(count):
            loss += m.L[p]
        if net.code[MEAN_OVER] != PER_SAMPLE:
            terms = count * at(m, net.last, UNITS)
        row[0], row[1], row[2], row[3] = step, epoch, loss / terms, m.rates[constants]
