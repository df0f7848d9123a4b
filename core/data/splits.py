"""Which rows are for training and which for the test, a function of the seed.

Each takes row numbers or one value a row, and returns the training rows and the test rows, int64,
in the order in which they are used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.maths.random import SPLIT, draw, key, permutation, uniform
from core.maths.registry import shown
from core.refusals import Refusal

# Independent streams of the SPLIT purpose.
SUBSET, DIVIDE, ORDER, FOLDS, TURN, VALIDATE = 0, 1, 2, 3, 4, 5
Rows = NDArray[np.int64]

FEWEST_GROUPS = 2  # one to learn from and one to hold back
MOST_NAMED = 5  # classes that no training row is of


def by_share(n_rows: int, n_train: int, seed: int) -> tuple[Rows, Rows]:
    """Rows at random, the first `n_train` of them for training."""
    order = permutation(seed, SPLIT, DIVIDE, n_rows)
    return order[:n_train], order[n_train:]


def by_group(groups: Rows, n_train: int, seed: int) -> tuple[Rows, Rows]:
    """Whole groups at random until training has `n_train` rows or one more group would be worse.

    groups: a number for each row, 0 to k-1. Both sets get one group at least if there are two.
    Rows are in random order.
    """
    sizes = np.bincount(groups)
    order = permutation(seed, SPLIT, SUBSET, len(sizes))
    totals = np.cumsum(sizes[order])
    count = int(np.argmin(np.abs(totals - n_train))) + 1
    count = min(max(count, 1), max(len(sizes) - 1, 1))
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order[:count]] = True
    shuffled = permutation(seed, SPLIT, DIVIDE, len(groups))
    trains = chosen[groups[shuffled]]
    return shuffled[trains], shuffled[~trains]


def by_time(times: NDArray, n_train: int) -> tuple[Rows, Rows]:
    """The first `n_train` rows by time for training, the later ones for the test, in that order."""
    order = np.argsort(times, kind="stable").astype(np.int64)
    return order[:n_train], order[n_train:]


def by_mark(is_test: NDArray[np.bool_], seed: int) -> tuple[Rows, Rows]:
    """Rows that are marked for the test, and the others for training, in random order."""
    shuffled = permutation(seed, SPLIT, DIVIDE, len(is_test))
    return shuffled[~is_test[shuffled]], shuffled[is_test[shuffled]]


GOLDEN_SHARE = 0.6180339887498949  # its multiples, modulo 1, lie as evenly as can be (Weyl)


def by_place(places: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """A number in (0, 1) for each place, float64 (n,), which decides what part its row is of.

    places: int64 (n, 2), at least 0. Told by the place alone, so that rows that come and go leave
    the others where they are.
    """
    stream = key(*(np.array([counter], dtype=np.uint64) for counter in (seed, SPLIT, TURN)))
    across, up = places.astype(np.uint64).reshape(-1, 2).T
    return uniform(draw(stream, across * np.uint64(1 << 32) + up))


def stratified(
    rows: NDArray[np.int64], classes: NDArray[np.int64], count: int, seed: int, stream: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose `count` of the rows at random, each class in proportion (to the nearest row).

    rows: row numbers; classes: the class of every row number. Returns the chosen rows and the
    others, each in random order. All rows when there are no more than `count`.
    """
    shuffled = rows[permutation(seed, SPLIT, stream, len(rows))]
    of_class = classes[shuffled]
    totals = np.bincount(of_class)
    shares = _proportional(totals, min(count, len(rows)))
    rank = np.empty(len(rows), dtype=np.int64)  # a row's place among its class
    for number, total in enumerate(totals):
        rank[of_class == number] = np.arange(total)
    chosen = rank < shares[of_class]
    return shuffled[chosen], shuffled[~chosen]


def _proportional(totals: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Share out `count` in proportion to totals; the largest remainders are rounded up."""
    exact = totals * (count / totals.sum())
    shares = np.floor(exact).astype(np.int64)
    missing = count - int(shares.sum())
    by_remainder = np.argsort(-(exact - shares), kind="stable")
    shares[by_remainder[:missing]] += 1
    return shares


def held_back(
    train: Rows, share: float, seed: int, *, classes: Rows | None = None, groups: Rows | None = None
) -> tuple[Rows, Rows]:
    """Take a share of the training rows for validation; returns the training rows left, and those.

    train: row numbers, in random order or that of time: the last are taken. classes, groups: a
    number for each of them, where every class is taken in proportion, or groups stay together.
    Raises ValueError if nothing would be left to learn from.
    """
    if not share:
        return train, train[:0]
    count = max(round(len(train) * share), 1)
    if count >= len(train) or (groups is not None and len(np.unique(groups)) < FEWEST_GROUPS):
        raise Refusal("There are too few training rows to hold some back for validation.")
    n_left = len(train) - count
    if groups is not None:
        left, held = by_group(np.unique(groups, return_inverse=True)[1], n_left, seed)
        return train[left], train[held]
    if classes is not None:
        every = np.arange(len(train))
        left, held = stratified(every, classes, n_left, seed, VALIDATE)
        return train[left], train[held]
    return train[:n_left], train[n_left:]


def folds(classes: Rows, k: int, seed: int) -> list[Rows]:
    """Every row in one of k folds at random, each class in proportion (to the nearest row).

    classes: of every row, all alike where there are none. Rows of a fold are in random order, and
    folds differ by one row at most.
    """
    shuffled = permutation(seed, SPLIT, FOLDS, len(classes))
    by_class = np.argsort(classes[shuffled], kind="stable")
    number = np.empty(len(classes), dtype=np.int64)
    number[by_class] = np.arange(len(classes)) % k  # dealt out, one class after the other
    return [shuffled[number == fold] for fold in range(k)]


def folds_by_group(groups: Rows, k: int, seed: int) -> list[Rows]:
    """k folds of whole groups: the largest first, each to the fold that has fewest rows so far.

    groups: a number for each row, 0 to n-1, of which there are k at least.
    """
    sizes = np.bincount(groups)
    shuffled = permutation(seed, SPLIT, SUBSET, len(sizes))
    filled, fold_of = np.zeros(k, dtype=np.int64), np.empty(len(sizes), dtype=np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of[group] = np.argmin(filled)
        filled[fold_of[group]] += sizes[group]
    rows = permutation(seed, SPLIT, FOLDS, len(groups))
    return [rows[fold_of[groups[rows]] == fold] for fold in range(k)]


def blocks_by_time(times: NDArray, count: int) -> list[Rows]:
    """Rows in `count` blocks of about one size, the earliest first, each in the order of time."""
    order = np.argsort(times, kind="stable").astype(np.int64)
    return list(np.array_split(order, count))


def untaught(classes: NDArray, names: Sequence[str]) -> str:
    """The classes that none of the training rows is of, as they are said; "" if there are none.

    classes: numbers of the training rows' classes. names: of all classes.
    """
    absent = sorted(set(range(len(names))) - set(np.unique(classes).astype(int).tolist()))
    more = ["…"] if len(absent) > MOST_NAMED else []
    return ", ".join([*(shown(names[number]) for number in absent[:MOST_NAMED]), *more])
