"""What a helper does: parts of the pieces that a leader publishes. See `team`."""

from core.engine.augment import change_images
from core.engine.backward import input_slopes, through_activation, weight_slopes
from core.engine.batches import gather_rows
from core.engine.forward import activations, sums, turn_inputs
from core.engine.jit import entry, kernel
from core.engine.layout import INPUTS
from core.engine.memory import OPTIMIZER, SEED
from core.engine.normalize import normalize, scale_gradients, through_normalization
from core.engine.norms import after_update, before_update, n_blocks
from core.engine.products import AT_0
from core.engine.signals import add_to, peek, swap
from core.engine.team import (
    ACTIVATE,
    AFTER,
    BEFORE,
    COUNT,
    DONE,
    END,
    GATHER,
    HELPS,
    IMAGES,
    INPUT_SLOPE,
    ITEMS,
    LAYER,
    NORMALIZATION_SLOPE,
    NORMALIZE,
    OPERATION,
    PART_BITS,
    PART_MASK,
    POSITION,
    SCALE_SLOPE,
    SIZE,
    SLOPE,
    STEP,
    SUMS,
    TURN,
    UPDATE,
    WEIGHT_SLOPE,
    WIDTH,
    WORD,
    rest,
)
from core.engine.update import move


@entry
def assist(table, params, slots, X, order, buffers, settings, team, T):
    """Take parts until the leader ends the call. T: this thread's scratch."""
    looks = 0
    while True:
        word = peek(team.signals, WORD)
        if word == END:
            return
        part, parts = word & PART_MASK, (word >> PART_BITS) & PART_MASK
        if part < parts and swap(team.signals, WORD, word, word + 1):
            do_part(part, table, params, slots, X, order, buffers, settings, team, T)
            add_to(team.signals, HELPS, 1)
            add_to(team.signals, DONE, 1)
            looks = 0
        else:
            looks = rest(looks)


@kernel
def do_part(part, table, params, slots, X, order, buffers, settings, team, T):
    """One part of the piece that is published; its place in the step is in the signals."""
    s, dropout = team.signals, settings.dropout
    operation, layer, width = s[OPERATION], s[LAYER], s[WIDTH]
    first, seed = part * s[SIZE], settings.codes[SEED]
    last = min(first + s[SIZE], s[ITEMS])
    if operation == GATHER:
        n = table[0, INPUTS]
        gather_rows(first, last, X.values, n, order, s[POSITION], s[COUNT], buffers.X)
    elif operation == IMAGES:
        change_images(first, last, table, settings, buffers.X, width, s[STEP], T)
    elif operation == TURN:
        turn_inputs(first, last, table, layer, buffers, dropout, width)
    elif operation == SUMS:
        sums(first, last, table, layer, params, buffers, dropout, width, T)
    elif operation == ACTIVATE:
        activations(first, last, table, layer, buffers, dropout, width, seed, s[STEP])
    elif operation == NORMALIZE:
        normalize(first, last, table, layer, params, buffers, width, s[COUNT], s[STEP])
    elif operation == SCALE_SLOPE:
        scale_gradients(first, last, table, layer, buffers, width)
    elif operation == NORMALIZATION_SLOPE:
        through_normalization(first, last, table, layer, params, buffers, width, s[COUNT], s[STEP])
    elif operation == WEIGHT_SLOPE:
        weight_slopes(first, last, table, layer, buffers, dropout, width, T)
    elif operation == INPUT_SLOPE:
        input_slopes(first, last, table, layer, params, buffers, width)
    elif operation == SLOPE:
        through_activation(first, last, table, layer, buffers, dropout, width)
    elif operation == BEFORE:
        before, squares = buffers.before, buffers.sums
        before_update(first, last, table, params, buffers.G, before, squares)
    elif operation == AFTER:
        before, squares = buffers.before, buffers.sums
        after_update(first, last, n_blocks(table), table, params, before, squares)
    elif operation == UPDATE:
        code, c = settings.codes[OPTIMIZER], team.constants
        end = buffers.G.size
        move(first, last, AT_0, end, code, params, buffers.G, slots, c, team.finite)
