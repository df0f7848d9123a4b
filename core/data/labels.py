"""Class labels in the forms people have them, made into class numbers 0 to k-1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.refusals import Refusal

Label = int | str


def class_numbers(
    y_train: ArrayLike,
    y_test: ArrayLike,
    class_names: Sequence[str] | None = None,
    part: str = "test",
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[str, ...]]:
    """Read class labels and say which classes there are.

    y_train, y_test: class numbers (n,) or (n, 1), one-hot rows (n, k) of 0/1 or -1/+1, or names
    (n,). Labels within 0/1 are two classes, however few of them occur; -1/+1 become 0 and 1;
    0 to k-1 stay as they are; any other integers or strings are numbered in sorted order. With
    `class_names`, labels are numbers below their count, or names from among them.
    part: which one y_test is, as sentences call it: "test" or "validation".

    Returns float32 (n,) class numbers of both, and the class names.
    Raises ValueError for labels that are none of these, or that the training set never shows.
    """
    train, width = _labels(y_train, "y_train")
    test, test_width = _labels(y_test, f"y_{part}")
    if test_width and width and test_width != width:
        raise Refusal(
            "y_train has {train} one-hot columns, but y_{part} has {count}.",
            train=width,
            part=part,
            count=test_width,
        )
    if class_names is not None:
        numbers = _numbers_of_names(tuple(map(str, class_names)), train + test, width)
        names = tuple(map(str, class_names))
    else:
        numbers = _numbers_of_labels(train, test, width)
        names = tuple(map(str, numbers))
    return _look_up(train, numbers, "y_train"), _look_up(test, numbers, f"y_{part}"), names


def _labels(y: ArrayLike, what: str) -> tuple[list[Label], int]:
    """Labels as plain integers or strings, and the number of one-hot columns (0 if none)."""
    try:
        labels = np.asarray(y)
    except ValueError:
        raise Refusal(
            "{array} must be a plain list of labels, all rows alike.", array=what
        ) from None
    if labels.size == 0:
        return [], 0
    if labels.ndim == 2 and labels.shape[1] > 1:
        return _one_hot(labels, what), labels.shape[1]
    if labels.ndim > 2 or labels.ndim == 0:
        raise Refusal(
            "{array} must be (n,), (n, 1) or one-hot (n, k); got {shape}.",
            array=what,
            shape=str(labels.shape),
        )
    return _flat(labels.ravel(), what), 0


def _flat(labels: NDArray, what: str) -> list[Label]:
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise Refusal("{array} holds a label that is not a finite number.", array=what)
        if (labels != np.round(labels)).any():
            odd = labels[labels != np.round(labels)][0]
            raise Refusal(
                "{array} holds {value}, which is no class number. "
                "For values rather than classes, say task='regression'.",
                array=what,
                value=f"{odd:g}",
            )
    plain = labels.tolist()
    if all(isinstance(label, str) for label in plain):
        return plain
    if all(isinstance(label, int | float) and label == label // 1 for label in plain):
        return [int(label) for label in plain]
    raise Refusal("{array} must hold class numbers or class names, and not a mixture.", array=what)


def _one_hot(rows: NDArray, what: str) -> list[Label]:
    """Class numbers of rows in which exactly one column is 1 and the others 0 (or -1)."""
    if rows.dtype.kind not in "biuf":
        raise Refusal("{array} has several columns, so it must be one-hot numbers.", array=what)
    ones = rows == 1
    rest = ~ones
    others = np.unique(rows[rest])
    if (ones.sum(axis=1) != 1).any() or len(others) > 1 or others[0] not in (0, -1):
        raise Refusal(
            "{array} has several columns, so each row must be one-hot: a single 1.", array=what
        )
    return np.argmax(ones, axis=1).tolist()


def _numbers_of_labels(train: list[Label], test: list[Label], width: int) -> dict[Label, int]:
    """Number the labels; see `class_numbers` for the rules."""
    if width:
        return {number: number for number in range(width)}
    found = set(train)
    everything = found | set(test)
    if everything <= {0, 1}:
        return {0: 0, 1: 1}
    if everything <= {-1, 1}:
        return {-1: 0, 1: 1}
    if len(found) < 2:
        raise Refusal(
            "y_train holds only the class {label}, and a classifier needs at least two. "
            "Pass class_names to name them all.",
            label=repr(train[0]),
        )
    if len({type(label) for label in found}) > 1:
        raise Refusal(
            "{array} must hold class numbers or class names, and not a mixture.", array="y_train"
        )
    return {label: number for number, label in enumerate(sorted(found, key=_order))}


def _order(label: Label) -> tuple[int, str]:
    return (label, "") if isinstance(label, int) else (0, label)


def _numbers_of_names(names: tuple[str, ...], labels: list[Label], width: int) -> dict[Label, int]:
    """Number labels by a given list of names: class numbers, the names, or -1/+1 for two."""
    if len(names) < 2 or len(set(names)) != len(names):
        raise Refusal("class_names must be two or more different names.")
    if width and width != len(names):
        raise Refusal(
            "There are {count} class_names, but {columns} one-hot columns.",
            count=len(names),
            columns=width,
        )
    by_number: dict[Label, int] = {number: number for number in range(len(names))}
    by_name: dict[Label, int] = {name: number for number, name in enumerate(names)}
    found = set(labels)
    if found <= by_number.keys() or found <= by_name.keys():
        return by_number | by_name
    if len(names) == 2 and found <= {-1, 1}:
        return {-1: 0, 1: 1}
    if {str(label) for label in found} <= by_name.keys():
        return {label: by_name[str(label)] for label in found}
    return by_number | by_name


def _look_up(labels: list[Label], numbers: dict[Label, int], what: str) -> NDArray[np.float32]:
    unseen = [label for label in labels if label not in numbers]
    if unseen:
        known = ", ".join(repr(label) for label in list(numbers)[:10])
        raise Refusal(
            "{array} holds the label {label}, which is not among the known classes: {known}.",
            array=what,
            label=repr(unseen[0]),
            known=f"{known}, ..." if len(numbers) > 10 else known,
        )
    return np.array([numbers[label] for label in labels], dtype=np.float32)
