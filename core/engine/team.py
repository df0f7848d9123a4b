"""Several threads at one step: its large pieces are cut into parts, and whoever is free takes one.

The thread that trains (the leader) goes through the step alone. Where a piece is worth it, it
publishes the piece and takes parts of it; helpers (`assist`) take parts too, if there are any and
they have the time. The leader never waits for a helper to come, only for one to finish a part
that it has taken, so a helper that the system holds up costs next to nothing.
No part's numbers depend on another part's, and parts begin at whole vectors: the bits are the
same, whoever did what.
"""

import numpy as np

from core.engine.jit import kernel
from core.engine.signals import add_to, give_way, pause, peek, post, swap

# Places in a team's signals. Words that different threads write are a cache line apart.
WORD, DONE = 0, 8
OPERATION, LAYER, ITEMS, SIZE, WIDTH, COUNT, POSITION, STEP, SEQUENCE = range(16, 25)
HELPED = 32  # whether anybody may come to help
HELPS = 40  # parts that helpers have done
N_SIGNALS = 48

# A word: the piece's number, how many parts it has, and which part is next.
PART_BITS, PART_MASK = 16, 0xFFFF
PIECE_SHIFT = 2 * PART_BITS
END = -1  # instead of a word: the helpers may go

# What a helper can do: the pieces of a step.
GATHER, TURN, SUMS, ACTIVATE, WEIGHT_SLOPE, INPUT_SLOPE, SLOPE, BEFORE, UPDATE, AFTER = range(10)
NORMALIZE, SCALE_SLOPE, NORMALIZATION_SLOPE, IMAGES = range(10, 14)

PART_COST = 100_000  # multiplications and additions of a part at least: two microseconds
MOST_PARTS = 64
PATIENCE = 2_000  # looks at a word before another thread is given way


@kernel
def publish(team, operation, layer, items, cost):
    """Offer a piece of so many items to helpers; returns how many items make a part.

    All of them where the piece is too small to be worth it, or there are no helpers.
    """
    s = team.signals
    if s[HELPED] == 0 or cost < 2 * PART_COST or items < 2:
        return items
    parts = min(items, cost // PART_COST, MOST_PARTS)
    size = (items + parts - 1) // parts
    parts = (items + size - 1) // size
    s[OPERATION], s[LAYER], s[ITEMS], s[SIZE] = operation, layer, items, size
    s[SEQUENCE] += 1
    post(s, DONE, 0)
    post(s, WORD, (s[SEQUENCE] << PIECE_SHIFT) | (parts << PART_BITS))
    return size


@kernel
def claim(signals):
    """The number of a part that is now this thread's own; too high a number if none is left."""
    while True:
        word = peek(signals, WORD)
        part, parts = word & PART_MASK, (word >> PART_BITS) & PART_MASK
        if part >= parts or swap(signals, WORD, word, word + 1):
            return part


@kernel
def next_part(team, size, items):
    """The first item of the next part, after the leader has done one; `items` at the end."""
    if size >= items:
        return items
    add_to(team.signals, DONE, 1)
    return claim(team.signals) * size


@kernel
def finish(team, size, items):
    """Wait until every part is done."""
    parts, looks = (items + size - 1) // size, 0
    while peek(team.signals, DONE) < parts:
        looks = rest(looks)


@kernel
def rest(looks):
    """Wait a moment; returns how often this thread has looked."""
    pause()
    if looks < PATIENCE:
        return looks + 1
    give_way()
    return looks


@kernel
def begin_step(team, width, count, position, step):
    """Tell helpers which step it is."""
    s = team.signals
    if s[HELPED] != 0:
        s[WIDTH], s[COUNT], s[POSITION], s[STEP] = width, count, position, step


def shared(operation, part):
    """A kernel that does a piece together with the helpers, part by part.

    part(first, last, *arguments) does the items from first up to last.
    """
    operation = np.int64(operation)  # typed: numba compiles a function anew for every literal

    @kernel
    def piece(team, layer, items, cost, *arguments):
        size = publish(team, operation, layer, items, cost)
        first = np.int64(0) if size >= items else claim(team.signals) * size
        while first < items:
            part(first, min(first + size, items), *arguments)
            first = next_part(team, size, items)
        if size < items:
            finish(team, size, items)

    return piece
