"""Tables become inputs as by scikit-learn, from raw rows in every form."""

from __future__ import annotations

import datetime
import json
import math
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)

from core.data import Preprocessing
from core.data.making import finished
from core.data.tables import (
    Feature,
    PreparationChoices,
)
from core.data.tables import fitting as fitting_module
from core.data.tables.fitting import fit_preparation, fitting
from core.data.tables.steps import TextStep, analysis
from core.refusals import Refusal
from tests.people import FEATURES, FEW, PREPARATIONS, people


def parts(column: np.ndarray) -> np.ndarray:
    """days, month, day, weekday and hour of Python's datetimes, as `steps.part_of` has them."""
    dates = [row[0] for row in column]
    epoch = datetime.datetime(1970, 1, 1)
    return np.array(
        [
            [(d - epoch) / datetime.timedelta(days=1), d.year, d.month, d.day, d.weekday(), d.hour]
            for d in dates
        ],
        dtype=float,
    )


def texts(column: np.ndarray) -> list[str]:
    return ["" if row[0] is None else row[0] for row in column]


def reference(how: PreparationChoices) -> ColumnTransformer:
    """The same preparation as a pipeline that a person would write with scikit-learn."""
    scaler = {"standardize": StandardScaler, "min_max": MinMaxScaler, "none": FunctionTransformer}
    number = make_pipeline(
        SimpleImputer(strategy=how.impute_number, fill_value=how.number_fill),
        scaler[how.scaling](),
    )
    if how.indicator:
        number = make_union(number, MissingIndicator(features="all"))
    strategy = "constant" if how.impute_category == "own" else "most_frequent"
    category = make_pipeline(
        SimpleImputer(missing_values=None, strategy=strategy, fill_value="(missing)"),
        OneHotEncoder(
            max_categories=how.max_categories,
            min_frequency=how.min_frequency or None,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ),
    )
    date = make_pipeline(FunctionTransformer(parts), scaler[how.scaling]())
    if how.indicator:
        date = make_union(date, FunctionTransformer(lambda column: np.zeros((len(column), 1))))
    words = {"analyzer": "char", "ngram_range": (1, 2)} if how.tokens == "characters" else {}
    bag = (
        HashingVectorizer(n_features=how.text_size, **words)
        if how.text == "hashed"
        else TfidfVectorizer(max_features=how.text_size, **words)
    )
    note = make_pipeline(FunctionTransformer(texts), bag)
    ways = [number, number, category, number, date, note]
    named = [(f"{i}", way, [i]) for i, way in enumerate(ways)]
    return ColumnTransformer(named, sparse_threshold=0.0)


def as_objects(frame: pl.DataFrame) -> np.ndarray:
    """Rows for scikit-learn: None for missing categories and texts, nan for missing numbers."""
    wanted = frame.select(feature.column for feature in FEATURES)
    table = np.empty((wanted.height, wanted.width), dtype=object)
    for number, column in enumerate(wanted.get_columns()):
        cells = column.to_list()
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            cells = [math.nan if cell is None else float(cell) for cell in cells]
        table[:, number] = cells
    return table


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_preparation_is_scikit_learns(how: PreparationChoices) -> None:
    frame = people()
    train, test = frame[:80], frame[80:]
    unknown = test.with_columns(
        city=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("Lima")).otherwise("city")
    )
    made = fit_preparation(train, FEATURES, how)
    pipeline = reference(how).fit(as_objects(train))
    for rows in (train, test, unknown):
        expected = pipeline.transform(as_objects(rows)).astype(np.float64)
        np.testing.assert_allclose(made.transform(rows), expected, rtol=2e-6, atol=1e-6)
    assert len(made.names) == made.n_inputs == expected.shape[1]
    assert len(set(made.names)) == made.n_inputs


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_preparation_travels_as_json(how: PreparationChoices) -> None:
    made = fit_preparation(people(), FEATURES, how)
    again = Preprocessing.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert again == made
    np.testing.assert_array_equal(again.transform(people()), made.transform(people()))


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_words_are_counted_in_pieces_as_scikit_learn_has_them(
    tokens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting_module, "LETTERS_AT_ONCE", 400)
    drawn = np.random.default_rng(0).zipf(1.3, (300, 6)) % 90
    texts = [" ".join(f"Wort{n:02d}" for n in row[: row[0] % 7]) for row in drawn.tolist()]
    for size in (7, 40, 4000):
        how = PreparationChoices(text="tf_idf", text_size=size, tokens=tokens)
        making = fitting(pl.DataFrame({"t": texts}), [Feature("t", "text")], how)
        shares: list[float] = []
        (step,) = finished(making, shares.append).steps
        assert len(shares) > 10
        assert shares == sorted(set(shares))
        reference = TfidfVectorizer(max_features=size, **analysis(tokens)).fit(texts)
        assert isinstance(step, TextStep)
        assert step.words == tuple(reference.get_feature_names_out())
        assert step.idf == tuple(reference.idf_.tolist())


def test_raw_rows_may_come_in_every_form() -> None:
    frame = people()
    made = fit_preparation(frame, FEATURES, PreparationChoices())
    X = made.transform(frame)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    wanted = frame.select(made.columns)
    without = [{k: v for k, v in row.items() if v is not None} for row in frame.to_dicts()]
    written = [{k: v if v is None else str(v) for k, v in row.items()} for row in frame.to_dicts()]
    for raw in (frame.to_dicts(), without, written, wanted.rows(), np.array(wanted.rows(), object)):
        np.testing.assert_array_equal(made.transform(raw), X)
    numbers = fit_preparation(frame, FEATURES[:2], PreparationChoices())
    array = frame.select("age", "income").cast(pl.Float64).fill_null(math.nan).to_numpy()
    np.testing.assert_array_equal(numbers.transform(array), numbers.transform(frame))


def test_numbers_may_be_categories_and_categories_numbers() -> None:
    frame = pl.DataFrame(
        {"n": [1, 2, 3, 1], "x": [1.0, 2.5, 2.5, 1.0], "d": ["1", "2", " 3", None]}
    )
    features = (Feature("n", "category"), Feature("x", "category"), Feature("d", "number"))
    made = fit_preparation(frame, features, PreparationChoices(min_frequency=0.0))
    assert made.names == ("n = 1", "n = 2", "n = 3", "x = 1", "x = 2.5", "d")
    np.testing.assert_array_equal(
        made.transform([{"n": 1.0, "x": 1, "d": 2}])[0, :5], [1, 0, 0, 1, 0]
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ([{"age": "x"}], "Row 1 of 'age' is 'x', which is no number."),
        ([{"age": 1}, {"since": "soon"}], "Row 2 of 'since' is 'soon', which is no date."),
        ([{"since": 5}], "'since' holds no dates."),
        (pl.DataFrame({"age": [1]}), "The raw data have no column 'income'."),
        (np.zeros((2, 3)), "Raw data has 3 columns, but this network was trained on 6."),
        (7, "Raw data must be a frame, a list of dicts, or"),
        ([], "Raw data must be a frame, a list of dicts, or"),
        ([[1, 2], [3]], "Raw data must be a frame, a list of dicts, or"),
    ],
)
def test_raw_rows_that_do_not_fit_are_refused(raw: object, sentence: str) -> None:
    made = fit_preparation(people(), FEATURES, PreparationChoices())
    with pytest.raises(Refusal, match=re.escape(sentence)):
        made.transform(raw)


def test_values_that_training_never_saw_stay_finite() -> None:
    made = fit_preparation(people(), FEATURES, PreparationChoices())
    extreme = [{"age": 1e300, "income": math.inf, "city": "?", "since": datetime.date(9999, 1, 1)}]
    assert np.isfinite(made.transform(extreme)).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
SCALING = {"fill": 0.0, "shift": 0.0, "scale": 1.0}
STEPS = [
    {"kind": "number", "column": "a", "scaling": SCALING, "indicator": False},
    {"kind": "category", "column": "a", "categories": ["x"], "other": False, "fill": "x"},
    {
        "kind": "date",
        "column": "a",
        "parts": [{"part": "day", "scaling": SCALING}],
        "indicator": True,
    },
    {"kind": "text", "column": "a", "size": 1, "tokens": "words", "words": ["x"], "idf": [1.0]},
]


@FEW
@given(st.sampled_from(STEPS), st.data())
def test_a_preparation_of_anybodys_file_is_read_or_refused(
    step: dict[str, object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(step)))
    record = {"kind": "table", "steps": [step | {name: data.draw(JSON)}], "targets": []}
    try:
        made = Preprocessing.from_dict(record)
    except Refusal:
        return
    assert Preprocessing.from_dict(made.to_dict()) == made
    assert made.transform([{}]).shape == (1, made.n_inputs)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": []}, "The preparation has no columns."),
        ({"steps": [STEPS[0], STEPS[1]]}, "The preparation has two columns of one name."),
        ({"steps": [STEPS[0] | {"kind": "code"}]}, "Unknown kind of step 'code'."),
        ({"steps": [STEPS[0] | {"scaling": SCALING | {"scale": 0}}]}, "scale is 0; it must be"),
        ({"steps": [STEPS[1] | {"categories": ["x", "x"]}]}, "categories of 'a' must be different"),
        ({"steps": [STEPS[3] | {"idf": []}]}, "The words of 'a' must be different, each with one"),
        ({"steps": [STEPS[3] | {"size": 10**9}]}, "size is 1000000000; it must be a whole"),
        ({"steps": STEPS[0]}, "steps is {...}; it must be a list."),
        ({"steps": [1]}, "step must be a JSON object."),
        ({"targets": [{"column": "y", "mean": math.nan}]}, "mean is nan; it must be"),
    ],
)
def test_a_preparation_that_cannot_be_is_refused(changes: dict[str, object], sentence: str) -> None:
    record = {"kind": "table", "steps": STEPS[:1], "targets": []} | changes
    with pytest.raises(Refusal, match=re.escape(sentence)):
        Preprocessing.from_dict(record)
