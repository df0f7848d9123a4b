"""Randomness as a function: every random number is a hash of (seed, purpose, step, index).

`mix`, `key`, `draw`, `bits`, `uniform` and `normal` are written so that one body runs on NumPy
uint64 arrays and, compiled, on machine words: a kernel recomputes any shuffle or dropout mask
without the steps before it. The mixing is the finalizer of splitmix64 (Steele, Lea & Flood 2014),
and `draw` is splitmix64's own stream. With plain integers they work too, but NumPy warns of an
overflow, which is meant here; `words`, `uniforms`, `normals` and `permutation` do not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.maths.normal import normal_quantile

# Purposes: what a number is for. DROPOUT is the last, since layer l uses DROPOUT + l.
INITIALIZE = 1
SHUFFLE = 2
DATA = 3
NOISE = 4
SPLIT = 5
INPUT_NOISE = 6
IMAGES = 7  # how each is moved, and where it is cut out
MIXUP = 8
DROPOUT = 1000

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
SHIFT_1 = np.uint64(30)
SHIFT_2 = np.uint64(27)
SHIFT_3 = np.uint64(31)
SHIFT_12 = np.uint64(12)
TWO_TO_MINUS_52 = 2.0**-52
TWO_PI = 2.0 * math.pi


def mix(x: Any) -> Any:
    """Scramble 64 bits: a bijection in which every bit of x changes half of the result."""
    x = (x ^ (x >> SHIFT_1)) * MULTIPLIER_1
    x = (x ^ (x >> SHIFT_2)) * MULTIPLIER_2
    return x ^ (x >> SHIFT_3)


def key(seed: Any, purpose: Any, step: Any) -> Any:
    """Hash of three counters: where a stream of numbers starts. All are non-negative integers."""
    k = mix(np.uint64(seed) + GOLDEN)
    k = mix((k ^ np.uint64(purpose)) + GOLDEN)
    return mix((k ^ np.uint64(step)) + GOLDEN)


def draw(stream: Any, index: Any) -> Any:
    """Number `index` of the stream that starts at a key: 64 random bits."""
    return mix(stream + (np.uint64(index) + np.uint64(1)) * GOLDEN)


def bits(seed: Any, purpose: Any, step: Any, index: Any) -> Any:
    """64 random bits, a function of four counters: `draw(key(seed, purpose, step), index)`."""
    return draw(key(seed, purpose, step), index)


def uniform(b: Any) -> Any:
    """Turn 64 random bits into a float64 in the open interval (0, 1)."""
    return ((b >> SHIFT_12) + 0.5) * TWO_TO_MINUS_52


def normal(stream: Any, index: Any) -> Any:
    """Normal number `index` of a stream, of draws 2 index and 2 index + 1 (Box & Muller 1958)."""
    index = 2 * index
    length = np.sqrt(-2.0 * np.log(uniform(draw(stream, index))))
    return length * np.cos(TWO_PI * uniform(draw(stream, index + 1)))


def words(seed: int, purpose: int, step: int, n: int) -> NDArray[np.uint64]:
    """Random bits 0..n-1 of a stream: uint64 (n,)."""
    stream = key(*(np.array([counter], dtype=np.uint64) for counter in (seed, purpose, step)))
    return draw(stream, np.arange(n, dtype=np.uint64))


def uniforms(seed: int, purpose: int, step: int, n: int) -> NDArray[np.float64]:
    """Numbers 0..n-1 of a stream, uniform in (0, 1): float64 (n,)."""
    return uniform(words(seed, purpose, step, n))


def normals(seed: int, purpose: int, step: int, n: int) -> NDArray[np.float64]:
    """Numbers 0..n-1 of a stream, normal with mean 0 and standard deviation 1: float64 (n,)."""
    return normal_quantile(uniforms(seed, purpose, step, n))


def permutation(seed: int, purpose: int, step: int, n: int) -> NDArray[np.int64]:
    """Shuffle 0..n-1: int64 (n,).

    Fisher and Yates: for i = n-1 .. 1, swap entries i and bits(seed, purpose, step, i) % (i + 1).
    """
    drawn = words(seed, purpose, step, n) % np.arange(1, n + 1, dtype=np.uint64)
    partners = drawn.tolist()
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = partners[i]
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)
