"""Training samples changed before they are learnt from, as `core.engine.augment`, in a block.

What sample p goes through is in U, rows of `width` numbers: A to D, where its pixels come from;
TOP and LEFT, the square cut out of it; SHARE, how much of itself it keeps in a mixture.
Pixels are taken from the samples as they lie in the GPU's memory, where no thread writes.
"""

import numpy as np

from core.engine.cuda.block import at, barrier
from core.engine.cuda.maths import device, double, place, single
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
A, B, C, D, TOP, LEFT, SHARE = range(7)
BEFORE = 1  # pixels of background before an image's first row, as on the CPU

key, draw, uniform = double(random.key), double(random.draw), double(random.uniform)
between, placing, share = (
    double(f) for f in (augmentation.between, augmentation.placing, augmentation.share)
)
blend = single(augmentation.blend)


@device
def moves_images(numbers):
    """Whether pixels are taken from other places."""
    return numbers[TRANSLATION] > 0.0 or numbers[ROTATION] > 0.0 or numbers[ZOOM] > 0.0


@device
def augments(numbers):
    """Whether anything is done to samples, but for noise."""
    return moves_images(numbers) or numbers[CUTOUT] > 0.0 or numbers[MIXUP] > 0.0


# ---- what is drawn --------------------------------------------------------------------------


@device
def number(stream, p, which):
    """One of the uniform numbers of sample p."""
    return uniform(draw(stream, p * N_DRAWS + which))


@device
def draw_images(t, m, codes, numbers, count, width, stream):
    """Where the pixels of each sample come from, and its square."""
    height, across = codes[HEIGHT], codes[WIDTH]
    half = np.int64(numbers[CUTOUT]) // 2
    for p in range(t.number, count, t.count):
        angle = between(number(stream, p, ANGLE), numbers[ROTATION] * RADIANS)
        scale = 1.0 + between(number(stream, p, SCALE), numbers[ZOOM])
        down = between(number(stream, p, DOWN), numbers[TRANSLATION])
        right = between(number(stream, p, RIGHT), numbers[TRANSLATION])
        a, b, c, d = placing(angle, scale, down, right, np.float64(height), np.float64(across))
        m.U[A * width + p], m.U[B * width + p] = f32(a), f32(b)
        m.U[C * width + p], m.U[D * width + p] = f32(c + BEFORE), f32(d + BEFORE)
        m.U[TOP * width + p] = np.int64(number(stream, p, CUT_ROW) * height) - half
        m.U[LEFT * width + p] = np.int64(number(stream, p, CUT_COLUMN) * across) - half


@device
def draw_shares(t, m, alpha, count, width, stream):
    """How much of itself each sample keeps in a mixture."""
    for p in range(t.number, count, t.count):
        k = p * N_SHARE_DRAWS
        u, v = uniform(draw(stream, k)), uniform(draw(stream, k + 1))
        w = uniform(draw(stream, k + 2))
        m.U[SHARE * width + p] = f32(share(alpha, u, v, w))


# ---- what is done ---------------------------------------------------------------------------


@device
def within(x, most):
    """A place in an image with its frame: anything beyond is background alike."""
    x = x if x > ZERO else ZERO
    return x if x < most else most


@device
def pixel(X, image, channel, channels, row, column, height, across, background):
    """A pixel of an image that begins at `image`, counted from the frame; background outside."""
    row, column = row - BEFORE, column - BEFORE
    if row < 0 or row >= height or column < 0 or column >= across:
        return background
    return X[place(image + (row * across + column) * channels + channel)]


@device
def taken(m, X, image, p, row, column, channel, codes, width, background):
    """What a pixel takes from its place between four others."""
    height, across, channels = codes[HEIGHT], codes[WIDTH], codes[CHANNELS]
    a, b = m.U[place(A * width + p)], m.U[place(B * width + p)]
    c, d = m.U[place(C * width + p)], m.U[place(D * width + p)]
    v = within(a * f32(row) + c - b * f32(column), f32(height + BEFORE))
    u = within(b * f32(row) + d + a * f32(column), f32(across + BEFORE))
    i, j = np.int64(v), np.int64(u)
    return blend(
        pixel(X, image, channel, channels, i, j, height, across, background),
        pixel(X, image, channel, channels, i, j + 1, height, across, background),
        pixel(X, image, channel, channels, i + 1, j, height, across, background),
        pixel(X, image, channel, channels, i + 1, j + 1, height, across, background),
        v - f32(i),
        u - f32(j),
    )


@device
def change_images(t, m, X, backgrounds, order, start, codes, numbers, count, width):
    """Move and cut out the images of the batch, by the threads that copied them."""
    n, across, channels = at(m, 0, INPUTS), codes[WIDTH], codes[CHANNELS]
    side, moves = np.int64(numbers[CUTOUT]), moves_images(numbers)
    for p in range(t.row, count, t.rows):
        image = np.int64(order[start + p]) * n
        top, left = np.int64(m.U[TOP * width + p]), np.int64(m.U[LEFT * width + p])
        for i in range(t.lane, n, t.lanes):
            at_pixel, channel = i // channels, i % channels
            row, column = at_pixel // across, at_pixel % across
            k, background = place(i * width + p), backgrounds[channel]
            if moves:
                m.X[k] = taken(m, X, image, p, row, column, channel, codes, width, background)
            if top <= row < top + side and left <= column < left + side:
                m.X[k] = background


@device
def mix_row(values, k, m, count, width):
    """Mix a number of each sample, from k on, with that of the next, the last with the first."""
    first = values[place(k)]
    for p in range(count):
        other = values[place(k + p + 1)] if p + 1 < count else first
        s = m.U[place(SHARE * width + p)]
        values[place(k + p)] = s * values[place(k + p)] + (ONE - s) * other


@device
def mix(t, m, n_layers, is_weighted, count, width):
    """x = s x + (1 - s) x', y = s y + (1 - s) y', weights alike; a thread has whole rows."""
    for i in range(t.number, at(m, 0, INPUTS), t.count):
        mix_row(m.X, i * width, m, count, width)
    for j in range(t.number, at(m, n_layers - 1, UNITS), t.count):
        mix_row(m.Y, j * width, m, count, width)
    if is_weighted and t.number == 0:
        mix_row(m.C, 0, m, count, width)


@device
def augment(
    t, m, n_layers, X, weights, backgrounds, order, start, codes, numbers, count, width, step
):  # fmt: skip
    """All that is done to a batch but noise. Has barriers, the last behind it."""
    images = moves_images(numbers) or numbers[CUTOUT] > 0.0
    if images:
        stream = key(codes[SEED], random.IMAGES, step)
        draw_images(t, m, codes, numbers, count, width, stream)
    if numbers[MIXUP] > 0.0:
        stream = key(codes[SEED], random.MIXUP, step)
        draw_shares(t, m, numbers[MIXUP], count, width, stream)
    barrier()
    if images:
        change_images(t, m, X, backgrounds, order, start, codes, numbers, count, width)
        barrier()
    if numbers[MIXUP] > 0.0:
        mix(t, m, n_layers, weights.size > 0, count, width)
        barrier()
