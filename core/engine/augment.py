"""Training samples changed before they are learnt from: see `core.maths.augmentation`.

A batch is changed where it lies, after it was gathered; evaluation and prediction never come here.
Letters as in `kernels`. What sample p of the batch goes through is a function of the seed, the step
and p, so it is the same however a run is sliced, and whichever thread does it.
"""

import numpy as np

from core.engine.compile import double, single
from core.engine.jit import kernel
from core.engine.lanes import LANES, fill, load_part, store, store_part
from core.engine.layout import INPUTS, UNITS
from core.engine.memory import (
    CHANNELS,
    CUTOUT,
    HEIGHT,
    MIXUP,
    ROTATION,
    SEED,
    TRANSLATION,
    WIDTH,
    ZOOM,
)
from core.engine.products import AT_0, by_samples
from core.engine.team import IMAGES, shared
from core.maths import augmentation, random
from core.maths.augmentation import (
    ANGLE,
    CUT_COLUMN,
    CUT_ROW,
    DOWN,
    N_DRAWS,
    N_SHARE_DRAWS,
    RADIANS,
    RIGHT,
    SCALE,
)

f32 = np.float32
ONE, ZERO = f32(1.0), f32(0.0)
ONE_ROW = np.int64(1)
BEFORE, AROUND = 1, 3  # pixels of background before an image's first row, and around it in all
PIXEL_COST = 32  # of a number of an image, in multiplications

key, draw, uniform = double(random.key), double(random.draw), double(random.uniform)
between, placing, share = (
    double(f) for f in (augmentation.between, augmentation.placing, augmentation.share)
)
blend = single(augmentation.blend)


@kernel
def moves_images(numbers):
    """Whether pixels are taken from other places."""
    return numbers[TRANSLATION] > 0.0 or numbers[ROTATION] > 0.0 or numbers[ZOOM] > 0.0


@kernel
def changes_images(numbers):
    """Whether anything changes images."""
    return moves_images(numbers) or numbers[CUTOUT] > 0.0


@kernel
def number(stream, p, which):
    """One of the uniform numbers of sample p."""
    return uniform(draw(stream, p * N_DRAWS + which))


@kernel
def drawn_placing(numbers, stream, p, height, width):
    """Where sample p's pixels come from."""
    angle = between(number(stream, p, ANGLE), numbers[ROTATION] * RADIANS)
    scale = 1.0 + between(number(stream, p, SCALE), numbers[ZOOM])
    down = between(number(stream, p, DOWN), numbers[TRANSLATION])
    right = between(number(stream, p, RIGHT), numbers[TRANSLATION])
    return placing(angle, scale, down, right, np.float64(height), np.float64(width))


@kernel
def frame(X, x, apart, height, width, background, T):
    """Copy a channel of an image, numbers from x on `apart` apart, into a frame of background."""
    across = width + AROUND
    for k in range(0, (height + AROUND) * across, LANES):
        store(T, k, fill(background))
    for row in range(height):
        start, k = (row + BEFORE) * across + BEFORE, x + row * width * apart
        if apart == 1:
            for column in range(0, width, LANES):
                n = min(LANES, width - column)
                store_part(T, start + column, load_part(X, k + column, n), n)
        else:
            for column in range(width):
                T[start + column] = X[k + column * apart]


@kernel
def within(place, most):
    """A place within a framed image: anything beyond its edge is background alike."""
    place = place if place > ZERO else ZERO
    return place if place < most else most


@kernel
def sample_image(T, a, b, c, d, height, width, X, x, apart):
    """Write a channel whose pixels come from places in the framed one in T."""
    a, b, c, d = f32(a), f32(b), f32(c + BEFORE), f32(d + BEFORE)
    lowest, rightmost = f32(height + BEFORE), f32(width + BEFORE)
    across = width + AROUND
    right, below, both = np.uint64(1), np.uint64(across), np.uint64(across + 1)
    for row in range(height):
        first_v, first_u = a * f32(row) + c, b * f32(row) + d
        for column in range(width):
            v = within(first_v - b * f32(column), lowest)
            u = within(first_u + a * f32(column), rightmost)
            i, j = np.int32(v), np.int32(u)
            k = np.uint64(i * across + j)  # numba looks out for places below 0, if there can be any
            X[x + (row * width + column) * apart] = blend(
                T[k], T[k + right], T[k + below], T[k + both], v - f32(i), u - f32(j)
            )


@kernel
def cut_out(X, x, apart, side, top, left, height, width, background):
    """Fill a square with background; what of it lies outside of the image is not there."""
    for row in range(max(top, 0), min(top + side, height)):
        for column in range(max(left, 0), min(left + side, width)):
            X[x + (row * width + column) * apart] = background


@kernel
def change_images(first, last, table, settings, X, width, step, T):
    """Move and cut out samples first to last of the batch. T: scratch for a framed channel."""
    numbers, codes = settings.numbers, settings.codes
    n, stream = table[0, INPUTS], key(codes[SEED], random.IMAGES, step)
    height, across, channels = codes[HEIGHT], codes[WIDTH], codes[CHANNELS]
    rows = by_samples(table, 0)
    side, apart = np.int64(numbers[CUTOUT]), channels * (1 if rows else width)
    for p in range(first, last):
        a, b, c, d = drawn_placing(numbers, stream, p, height, across)
        top = np.int64(number(stream, p, CUT_ROW) * height) - side // 2
        left = np.int64(number(stream, p, CUT_COLUMN) * across) - side // 2
        for channel in range(channels):
            background = settings.background[channel]
            x = p * n + channel if rows else channel * width + p
            if moves_images(numbers):
                frame(X, x, apart, height, across, background, T)
                sample_image(T, a, b, c, d, height, across, X, x, apart)
            cut_out(X, x, apart, side, top, left, height, across, background)


change_together = shared(IMAGES, change_images)


@kernel
def draw_shares(S, count, alpha, stream):
    """How much of itself each sample keeps in a mixture."""
    for p in range(count):
        k = p * N_SHARE_DRAWS
        u, v, w = (
            uniform(draw(stream, k)),
            uniform(draw(stream, k + 1)),
            uniform(draw(stream, k + 2)),
        )
        S[p] = f32(share(alpha, u, v, w))


@kernel
def mix_rows(X, n, count, S, kept):
    """Mix samples as they lie, (count, n), each with the next, the last with the first."""
    for i in range(n):
        kept[i] = X[i]
    for p in range(count):
        s, row = S[p], p * n
        others, other = (X, row + n) if p + 1 < count else (kept, AT_0)
        for i in range(n):
            X[row + i] = s * X[row + i] + (ONE - s) * others[other + i]


@kernel
def mix_columns(X, n, width, count, S):
    """The same feature-major: X (n, width)."""
    for k in range(0, n * width, width):
        first = X[k]
        for p in range(count - 1):
            X[k + p] = S[p] * X[k + p] + (ONE - S[p]) * X[k + p + 1]
        last = k + count - 1
        X[last] = S[count - 1] * X[last] + (ONE - S[count - 1]) * first


@kernel
def mixup(table, buffers, settings, width, count, step):
    """x = s x + (1 - s) x', y = s y + (1 - s) y', x' the next sample of the batch.

    A batch is in random order, so that the next sample is any other; weights are mixed alike.
    """
    stream = key(settings.codes[SEED], random.MIXUP, step)
    draw_shares(buffers.S, count, settings.numbers[MIXUP], stream)
    inputs, outputs = table[0, INPUTS], table[table.shape[0] - 1, UNITS]
    if by_samples(table, 0):
        mix_rows(buffers.X, inputs, count, buffers.S, buffers.R)
    else:
        mix_columns(buffers.X, inputs, width, count, buffers.S)
    mix_columns(buffers.Y, outputs, width, count, buffers.S)
    if settings.weights.size > 0:
        mix_columns(buffers.C, ONE_ROW, width, count, buffers.S)


@kernel
def augment(team, table, buffers, settings, width, count, step):
    """All that is done to a batch but noise: images first, so that mixtures are of changed ones."""
    if changes_images(settings.numbers):
        cost = PIXEL_COST * table[0, INPUTS] * count
        T = buffers.T
        change_together(team, AT_0, count, cost, table, settings, buffers.X, width, step, T)
    if settings.numbers[MIXUP] > 0.0:
        mixup(table, buffers, settings, width, count, step)
