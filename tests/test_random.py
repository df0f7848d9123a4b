"""Counter-based randomness: one function everywhere, evenly spread, without a state."""

from __future__ import annotations

import types

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from core.maths import random
from core.maths.normal import normal_quantile
from core.maths.random import DROPOUT, INITIALIZE, SHUFFLE

COUNTERS = st.integers(0, 2**53 - 1)
MASK = 2**64 - 1


def plain_mix(x):
    """The finalizer of splitmix64 in Python's own unlimited integers."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def plain_bits(seed, purpose, step, index):
    golden = 0x9E3779B97F4A7C15
    k = plain_mix((seed + golden) & MASK)
    k = plain_mix(((k ^ purpose) + golden) & MASK)
    k = plain_mix(((k ^ step) + golden) & MASK)
    return plain_mix((k + (index + 1) * golden) & MASK)


def compiled_bits():
    """`bits` as a kernel has it: every function it calls compiled, nothing else changed."""

    def compile_(function):
        names = {
            name: compile_(value) if isinstance(value, types.FunctionType) else value
            for name in function.__code__.co_names
            if (value := function.__globals__.get(name)) is not None
        }
        return numba.njit(types.FunctionType(function.__code__, names, function.__name__))

    return compile_(random.bits)


def test_the_first_numbers_are_pinned():
    # Links and files rely on them: the same seed must give the same run in every version.
    assert [hex(word) for word in random.words(0, INITIALIZE, 0, 2).tolist()] == [
        hex(plain_bits(0, INITIALIZE, 0, 0)),
        hex(plain_bits(0, INITIALIZE, 0, 1)),
    ]
    assert random.permutation(0, SHUFFLE, 0, 8).tolist() == [4, 5, 2, 0, 7, 1, 3, 6]
    assert random.uniforms(7, DROPOUT + 2, 5, 2).tolist() == [
        0.8366228249906417,
        0.4229129486302935,
    ]


def test_mix_is_splitmix64():
    # The first outputs of splitmix64 from state 0 (Vigna's reference implementation).
    stream = np.array([0], dtype=np.uint64)
    assert random.draw(stream, np.arange(3)).tolist() == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


@given(COUNTERS, st.integers(0, 2000), COUNTERS, COUNTERS)
def test_arrays_words_and_integers_agree(seed, purpose, step, index):
    expected = plain_bits(seed, purpose, step, index)
    counters = (seed, purpose, step, index)
    arrays = [np.array([counter], dtype=np.uint64) for counter in counters]
    assert random.bits(*arrays).tolist() == [expected]
    with np.errstate(over="ignore"):
        assert int(random.bits(*counters)) == expected
        assert int(random.bits(*map(np.uint64, counters))) == expected


def test_compiled_code_agrees():
    bits = compiled_bits()
    for counters in [(0, 1, 0, 0), (42, DROPOUT + 3, 10**9, 12_345), (2**53 - 1, 2, 3, 2**40)]:
        assert bits(*map(np.uint64, counters)) == plain_bits(*counters)


@pytest.mark.parametrize("extreme", [0, MASK])
def test_uniforms_never_touch_the_ends(extreme):
    u = random.uniform(np.array([extreme], dtype=np.uint64))
    assert 0.0 < u[0] < 1.0


def test_uniforms_are_evenly_spread():
    u = random.uniforms(1, INITIALIZE, 0, 100_000)
    assert u.mean() == pytest.approx(0.5, abs=0.003)
    assert stats.chisquare(np.histogram(u, 100, (0, 1))[0]).pvalue > 0.01
    pairs = np.histogram2d(u[:-1], u[1:], 16, [(0, 1), (0, 1)])[0]
    assert stats.chisquare(pairs.ravel()).pvalue > 0.01


@pytest.mark.parametrize("changing", range(4))
def test_neighbouring_counters_give_unrelated_numbers(changing):
    counters = [np.full(20_000, 5, dtype=np.uint64) for _ in range(4)]
    counters[changing] = np.arange(20_000, dtype=np.uint64)
    words = random.bits(*counters)
    assert len(np.unique(words)) == 20_000
    u = random.uniform(words)
    assert stats.kstest(u, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.02
    flipped = np.bitwise_count(words[:-1] ^ words[1:])
    assert flipped.mean() == pytest.approx(32, abs=0.2)


def test_a_number_depends_on_its_counters_alone():
    long, short = random.uniforms(3, 4, 5, 1000), random.uniforms(3, 4, 5, 10)
    np.testing.assert_array_equal(long[:10], short)


def test_normals_are_normal():
    z = random.normals(1, INITIALIZE, 0, 50_000)
    assert stats.kstest(z, "norm").pvalue > 0.01


def test_the_normal_quantile_is_exact():
    u = np.concatenate([10.0 ** -np.arange(1, 300, 7), np.linspace(1e-6, 1 - 1e-6, 10_001)])
    np.testing.assert_allclose(normal_quantile(u), special.ndtri(u), rtol=3e-15, atol=1e-16)


@given(COUNTERS, COUNTERS, st.integers(0, 200))
def test_a_permutation_holds_every_number_once(seed, step, n):
    order = random.permutation(seed, SHUFFLE, step, n)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(n))


def test_a_permutation_swaps_as_its_description_says():
    order = list(range(50))
    for i in range(49, 0, -1):
        j = plain_bits(9, SHUFFLE, 4, i) % (i + 1)
        order[i], order[j] = order[j], order[i]
    assert random.permutation(9, SHUFFLE, 4, 50).tolist() == order


def test_every_permutation_is_equally_likely():
    seen: dict[tuple[int, ...], int] = {}
    for step in range(2400):
        order = tuple(random.permutation(0, SHUFFLE, step, 4).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 0.01


def test_purposes_differ_and_leave_dropout_room_for_layers():
    others = {random.INITIALIZE, random.SHUFFLE, random.DATA, random.NOISE, random.SPLIT}
    assert len(others) == 5
    assert max(others) < random.DROPOUT


def test_normals_of_two_uniforms_have_mean_0_and_deviation_1() -> None:
    counters = (7, random.INPUT_NOISE, 3)
    stream = random.key(*(np.array([counter], dtype=np.uint64) for counter in counters))
    numbers = random.normal(stream, np.arange(20_000, dtype=np.uint64))
    assert abs(numbers.mean()) < 0.03
    assert abs(numbers.std() - 1.0) < 0.02
    assert abs(np.mean(np.abs(numbers) < 1.0) - 0.6827) < 0.02
