"""Data that a person makes: the formula of a line, the text of points, what strokes do to them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import DataConfig, Experiment, Trainer, load_dataset
from core.data import record_of
from core.data.boundary import compute, gaps
from core.data.drawn import (
    MOST_TAKEN,
    drawn_from,
    groups_from,
    groups_of,
    rows_of,
    with_curve,
    with_points,
    without_points,
)
from core.exchange.links import from_query, to_query
from core.experiment.formulas import MOST_LETTERS, read_formula
from core.experiment.points import (
    MOST_POINTS,
    MOST_TEXT,
    SIGNS,
    Groups,
    read_points,
    write_points,
)
from tests.test_data import value_or_sentence

# -- formulas ------------------------------------------------------------------------------------

X = np.linspace(-5.0, 5.0, 7)
FORMULAS = st.recursive(
    st.sampled_from(["x", "x1", "2", "0.5", "pi", "e", "1e1"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map("({0[0]}{0[1]}{0[2]})".format)
        | st.tuples(st.sampled_from(["sin", "cos", "tanh", "abs", "exp"]), inner).map(
            "{0[0]}({0[1]})".format
        )
        | inner.map("-{}".format)
    ),
    max_leaves=6,
)


def by_python(text: str, x: float) -> float:
    """What Python makes of one of FORMULAS: nan where it has no real value."""
    names = {name: getattr(math, name) for name in ("tanh", "exp", "pi", "e")}
    names |= {"x": x, "x1": x, "abs": math.fabs}
    for name in ("sin", "cos"):  # of a huge number its last digit is all that counts
        function = getattr(math, name)
        names[name] = lambda v, function=function: function(v) if abs(v) < 1e6 else math.nan
    try:
        return float(eval(text.replace("^", "**"), {}, names))  # noqa: S307 - a text of FORMULAS
    except (ArithmeticError, ValueError, TypeError):  # TypeError: it became complex
        return math.nan


@given(FORMULAS)
def test_a_formula_means_what_python_says(text: str) -> None:
    if len(text) > MOST_LETTERS:
        return
    made = compute(read_formula(text), X)
    wanted = np.array([by_python(text, x) for x in X.tolist()])
    both = np.isfinite(made) & np.isfinite(wanted) & (np.abs(wanted) < 1e6)
    np.testing.assert_allclose(made[both], wanted[both], rtol=1e-6, atol=1e-6)
    assert not (np.isfinite(made) ^ np.isfinite(wanted))[np.abs(wanted) < 1e6].any()


@given(st.text(st.sampled_from("x123.+-*/^() ynsico_e")) | st.text(max_size=300))
def test_any_text_is_a_formula_or_a_sentence(text: str) -> None:
    made = value_or_sentence(lambda: read_formula(text))
    if isinstance(made, str):
        assert made.endswith(".")
    else:
        assert compute(made, X).shape == X.shape


@pytest.mark.parametrize(
    ("text", "at_two"),
    [
        ("y > x^2 - 1", 3.0),
        ("x2 = -x^2", -4.0),
        ("2x", 4.0),
        ("2 sin(x)cos(x)", math.sin(4.0)),
        ("(x+1)(x-1)", 3.0),
        ("2^3^x", 512.0),
        ("x^-1", 0.5),
        ("8/2x", 8.0),
        ("− 3 × x", -6.0),
        ("ln(e^x)", 2.0),
        ("X**2", 4.0),
        ("cos(πx)", 1.0),
        ("2πx/π", 4.0),
        ("xπ²/π²", 2.0),
        ("x² + 2x³(x)² - x ²", 64.0),
    ],
)
def test_how_people_write(text: str, at_two: float) -> None:
    assert compute(read_formula(text), np.array([2.0]))[0] == pytest.approx(at_two)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "There is no formula yet"),
        ("sin x", r"^Character 5: sin needs parentheses: sin\(x\)"),
        ("(x ", r"^The formula needs '\)' after 'x', but there is the end"),
        ("2*", "^The formula breaks off after '\\*'"),
        ("x 2", "^Character 3: The formula cannot have '2' after 'x'"),
        ("x + y", "^Character 5: The line is a function of x alone: y cannot"),
        ("y < x", "^Character 3: Class 1 lies above the line: write y > f"),
        ("π² + x = 2", "^Character 8: '=' has no meaning"),
        ("x2 > π² + foo(x)", "^Character 11: 'foo' is not known"),
        ("foo(x)", "^Character 1: 'foo' is not known in a formula"),
        ("__import__('os')", "has no meaning"),
        ("x.real", "^Character 2: '.' has no meaning"),
        ("(" * 40 + "x", "nested more than 30 deep"),
        ("-" * 150 + "x", "nested more than 30 deep"),
        ("x+" * 150, "300 letters; at most 200"),
    ],
)
def test_what_is_no_formula_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        DataConfig("boundary", formula=text)


def test_class_1_lies_above_the_line() -> None:
    data = load_dataset(DataConfig("boundary", formula="x^2/4 - 2"))
    x1, x2 = data.X_train.T
    np.testing.assert_array_equal(data.y_train == 1.0, x2 > x1 * x1 / 4 - 2)
    noisy = load_dataset(DataConfig("boundary", formula="x^2/4 - 2", noise=0.2))
    assert 0.0 < np.mean(noisy.y_train != data.y_train) < 0.2


def test_no_points_lie_where_the_line_has_no_value() -> None:
    data = load_dataset(DataConfig("boundary", formula="sqrt(x) - 1"))
    assert data.X_train[:, 0].min() >= 0.0
    assert gaps(read_formula("sqrt(x)")) == [(-6.0, 0.0)]
    assert gaps(read_formula("sin(x)")) == []
    assert [round(high - low, 3) for low, high in gaps(read_formula("1/x"))] == [0.01]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("log(-1)", "'log\\(-1\\)' has no value for any x"),
        ("9", "above the square: nearly all points would be of class 0"),
        ("-x^2-7", "below the square: nearly all points would be of class 1"),
    ],
)
def test_a_line_that_makes_no_two_classes_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_dataset(DataConfig("boundary", formula=text))


# -- points --------------------------------------------------------------------------------------

PLACES = st.tuples(st.integers(-1200, 1200), st.integers(-1200, 1200)).map(
    lambda steps: (steps[0] / 200, steps[1] / 200)
)
GROUPS = st.lists(st.lists(PLACES, max_size=5).map(tuple), min_size=1, max_size=8).map(tuple)


@settings(max_examples=40)
@given(GROUPS)
def test_points_come_back_from_their_text_and_from_a_link(groups) -> None:
    text = write_points(groups)
    assert read_points(text) == groups
    experiment = Experiment(DataConfig("drawn", points=text))
    assert from_query(to_query(experiment)) == (experiment, [])
    assert Experiment.from_json(experiment.to_json()) == experiment


@given(st.text(st.sampled_from([*SIGNS, ".", "%", "é"]), max_size=40))
def test_any_text_is_points_or_a_sentence(text: str) -> None:
    groups = value_or_sentence(lambda: read_points(text))
    if isinstance(groups, str):
        assert "must be the text of a drawing" in groups
    else:
        assert write_points(groups) == text
        assert np.abs([place for group in groups for place in group] or [(0, 0)]).max() <= 6.0


@pytest.mark.parametrize("points", ["AAA", "____", ".".join("AAAA" * 9), "A" * 4 * 1600, 5])
def test_what_is_no_drawing_is_refused(points) -> None:
    with pytest.raises(ValueError, match="must be the text of a drawing"):
        DataConfig("drawn", points=points)


def test_a_full_drawing_fits_a_link() -> None:
    groups = [[(-6.0, 6.0)] * (MOST_POINTS - 7), *[[(1.0, 1.0)]] * 7]
    text = write_points(groups)
    assert len(text) <= MOST_TEXT
    experiment = Experiment(DataConfig("drawn", points=text))
    assert from_query(to_query(experiment)) == (experiment, [])
    with pytest.raises(ValueError, match="1501 points; at most 1500"):
        write_points([[(0.0, 0.0)] * 1501])
    with pytest.raises(ValueError, match="9 classes; at most 8"):
        write_points([[]] * 9)


# -- strokes -------------------------------------------------------------------------------------


def test_strokes_add_and_erase() -> None:
    groups = (((0.0, 0.0), (1.0, 0.0)), ((0.0, 1.0),))
    assert with_points(groups, 3, [(5.0, 5.0)]) == (*groups, (), ((5.0, 5.0),))
    assert without_points(groups, [(0.0, 0.5)], 0.6) == (((1.0, 0.0),), ())
    full = (((0.0, 0.0),) * (MOST_POINTS - 1),)
    assert sum(map(len, with_points(full, 1, [(1.0, 1.0)] * 9))) == MOST_POINTS
    with pytest.raises(ValueError, match="The drawing is full: it has 1500 points"):
        with_points((((0.0, 0.0),) * MOST_POINTS,), 0, [(1.0, 1.0)])


def test_a_curve_is_drawn_anew_where_the_stroke_went() -> None:
    groups = (tuple((x / 2, 0.0) for x in range(-4, 5)),)
    (curve,) = with_curve(groups, [(0.4, 1.0), (-0.6, 2.0)])
    assert curve == (
        *((-2.0, 0.0), (-1.5, 0.0), (-1.0, 0.0), (-0.6, 2.0), (0.4, 1.0)),
        *((0.5, 0.0), (1.0, 0.0), (1.5, 0.0), (2.0, 0.0)),
    )


def test_a_table_and_back() -> None:
    groups = (((0.0, 1.0),), (), ((2.0, 3.0), (4.0, 5.0)))
    rows = rows_of(groups, is_curve=False)
    assert rows == [(0.0, 1.0, 0), (2.0, 3.0, 2), (4.0, 5.0, 2)]
    assert groups_from([*rows, (None, None, None)], is_curve=False) == groups
    sketch = (((0.0, 1.0), (2.0, 3.0)),)
    assert groups_from(rows_of(sketch, is_curve=True)[::-1], is_curve=True) == sketch
    assert groups_from([], is_curve=False) == ((), ())


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((None, 1.0, 0), "Row 2 has no x"),
        ((1.0, None, 0), "Row 2 has no y"),
        ((1.0, 1.0, None), "Row 2 has no class"),
        ((1.0, 7.0, 0), "Row 2: y is 7; it must be a number between -6 and 6"),
        ((math.nan, 1.0, 0), "Row 2: x is nan"),
        ((1.0, 1.0, 8), "Row 2: class is 8; it must be a whole number between 0 and 7"),
    ],
)
def test_a_row_that_is_no_point_is_named(row, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        groups_from([(0.0, 0.0, 0), row], is_curve=False)


# -- data ----------------------------------------------------------------------------------------


def test_a_drawing_is_data() -> None:
    text = write_points([[(0.0, 1.0), (2.0, 3.0)], [], [(4.0, 5.0)]])
    config = DataConfig("drawn", points=text, features=("x2", "x1_squared"))
    data = load_dataset(config)
    assert record_of(config).classes == data.n_classes == 3
    assert data.class_names == ("0", "1", "2")
    assert data.kind == "plane"
    every = np.concatenate([data.X_train, data.X_test])
    assert sorted(map(tuple, every.tolist())) == [(1.0, 0.0), (3.0, 4.0), (5.0, 16.0)]
    assert data.source == config


def test_a_sketch_is_data() -> None:
    data = load_dataset(DataConfig("sketched", points=write_points([[(0.0, 1.0), (2.0, 3.0)]])))
    assert (data.task, data.kind, data.n_classes) == ("regression", "curve", 0)
    pairs = np.concatenate([[*data.X_train, *data.X_test], [*data.y_train, *data.y_test]], axis=1)
    assert sorted(map(tuple, pairs.tolist())) == [(0.0, 1.0), (2.0, 3.0)]


@pytest.mark.parametrize("name", ["drawn", "sketched"])
def test_one_begins_with_a_drawing_that_can_be_learnt(name: str) -> None:
    loss = "binary_crossentropy" if name == "drawn" else "mean_squared_error"
    experiment = Experiment(DataConfig(name))
    training = replace(experiment.training, loss=loss)
    trainer = Trainer(replace(experiment, training=training))
    trainer.epoch(60)
    assert trainer.evaluate("train")["loss"] < 0.3
    assert len(trainer.dataset.X_test) == pytest.approx(len(trainer.dataset.X_train), abs=12)


def test_nothing_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no point left: draw one first"):
        load_dataset(DataConfig("drawn", points="."))


def taken(config: DataConfig) -> Groups | None:
    return drawn_from(load_dataset(config), config)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (DataConfig("circle", 500, noise=0.3), "drawn"),
        (DataConfig("xor", 400, train_fraction=0.9, seed=3), "drawn"),
        (DataConfig("sine", 200, train_fraction=0.2), "sketched"),
    ],
)
def test_what_was_learnt_stays_in_training_when_it_is_drawn_on(
    config: DataConfig, name: str
) -> None:
    before, groups = load_dataset(config), taken(config)
    assert groups is not None
    after = load_dataset(replace(config, name=name, points=write_points(groups)))

    def places(points: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Rows of points and classes or values; those beyond the edge are moved to it."""
        return np.concatenate([points, y.reshape(-1, 1)], axis=1).clip(-6.0, 6.0)

    for part in ("train", "test"):
        old, new = (
            places(getattr(data, f"points_{part}"), getattr(data, f"y_{part}"))
            for data in (before, after)
        )
        assert len(old) == len(new)
        distances = np.abs(old[:, None] - new[None]).max(axis=2)
        assert distances.min(axis=1).max() < 0.04  # each lies where it lay, in its part
        assert distances.min(axis=0).max() < 0.04


def test_another_data_set_is_drawn_on() -> None:
    groups = taken(DataConfig("spiral", n_samples=60))
    assert groups is not None
    assert [len(group) for group in groups] == [30, 30]
    sine = taken(DataConfig("sine", n_samples=60))
    assert sine is not None
    assert list(sine[0]) == sorted(sine[0])
    assert taken(DataConfig("plane", n_samples=60)) is None
    many = taken(DataConfig("circle", n_samples=5000))
    assert many is not None
    assert sum(map(len, many)) == MOST_TAKEN


@pytest.mark.parametrize("name", ["drawn", "sketched"])
def test_points_that_come_and_go_leave_the_others_in_their_part(name: str) -> None:
    """Else a network that goes on with its weights would be tested on what it has learnt."""
    groups = groups_of(DataConfig(name))
    more = with_points(groups, 0, [(-5.5, 0.25), (0.1, -3.7)])
    fewer = tuple(group[1:] for group in groups)
    before, after, left = (
        load_dataset(DataConfig(name, points=write_points(each))) for each in (groups, more, fewer)
    )

    def rows(*parts: np.ndarray) -> set[tuple[float, ...]]:
        return {tuple(row) for row in np.concatenate(parts, axis=1).tolist()}

    trained = rows(before.X_train, before.y_train.reshape(-1, 1))
    for other in (after, left):
        assert not trained & rows(other.X_test, other.y_test.reshape(-1, 1))
    assert 0.3 < len(before.X_test) / (len(before.X_test) + len(before.X_train)) < 0.7


def test_the_drawing_that_one_begins_with_is_in_its_text() -> None:
    first = groups_of(DataConfig("drawn"))
    assert groups_of(DataConfig("drawn", points=write_points(first))) == first
