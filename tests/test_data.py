"""Data sets: formulas, noise, splits, reproducibility, preprocessing and people's own arrays."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from core.data import DATASETS, Dataset, Preprocessing, bundled, load_dataset, synthetic
from core.data.features import FEATURES, expand
from core.data.preprocessing import Features, Identity, Scale, Standardize
from core.data.sparse import SparseRows
from core.data.words import LONGEST_WORD, MOST_WORDS, Words, words_of
from core.experiment import DataConfig

PLANE = [name for name, record in DATASETS.items() if record.kind == "plane"]
CLASSES_IN_PLANE = [name for name in PLANE if DATASETS[name].task == "classification"]
MADE = [name for name, record in DATASETS.items() if record.generate]
BUNDLED = [n for n, r in DATASETS.items() if not r.generate and r.kind != "ratings"]
FIXED = [name for name, record in DATASETS.items() if record.split == "fixed"]
SHARED = [name for name in BUNDLED if name not in FIXED]
Value = TypeVar("Value")
ARRAYS = ("X_train", "y_train", "X_test", "y_test", "points_train", "points_test")


def entries(part: Any) -> Any:
    """The array of a part, of sparse rows that of their entries."""
    return part.values if isinstance(part, SparseRows) else part


def distance(points: np.ndarray) -> np.ndarray:
    return np.hypot(points[:, 0], points[:, 1])


def value_or_sentence(make: Callable[[], Value]) -> Value | str:
    """What `make` returns, or what its ValueError says; any other error fails the test."""
    try:
        return make()
    except ValueError as error:
        return str(error)


# -- the registry --------------------------------------------------------------------------


def test_names_are_those_that_an_experiment_may_hold() -> None:
    from core.experiment.config import DATASET_NAMES
    from core.experiment.config import FEATURES as FEATURE_NAMES

    assert tuple(DATASETS) == DATASET_NAMES
    assert tuple(FEATURES) == FEATURE_NAMES


@pytest.mark.parametrize("name", DATASETS)
def test_record_tells_the_truth(name: str) -> None:
    record = DATASETS[name]
    data = load_dataset(DataConfig(name, n_samples=record.n_samples, noise=0.1, classes=5))
    assert record.name == name
    assert record.label
    assert record.description.endswith(".")
    assert (data.task, data.kind) == (record.task, record.kind)
    assert data.n_classes == (5 if record.classes is None else record.classes)
    assert len(data.X_train) + len(data.X_test) == record.n_samples
    if record.available is not None:
        assert record.available == record.n_samples
    if name in BUNDLED:
        assert len(bundled.read(name).targets) == record.available


def test_unknown_name() -> None:
    class Config:
        name = "spirral"

    with pytest.raises(ValueError, match=r"Unknown dataset 'spirral'\. Did you mean 'spiral'"):
        load_dataset(Config())  # type: ignore[arg-type]


# -- what every data set promises ----------------------------------------------------------


@pytest.mark.parametrize("name", DATASETS)
def test_arrays_are_as_promised(name: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=101, noise=0.2, train_fraction=0.7))
    n_train = {"vowel": 54, "food_reviews": 81}.get(name, 71)  # round(101 * 0.7), if not fixed
    assert (len(data.X_train), len(data.X_test)) == (n_train, 101 - n_train)
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        assert X.shape[1] == data.n_inputs == len(data.feature_names)
        if data.task == "classification":
            assert y.shape == (len(X),)
            assert np.isin(y, np.arange(data.n_classes)).all()
            assert data.n_values == 0
        else:
            assert y.shape == (len(X), 1)
            assert data.n_values == 1
            assert data.class_names == ()
            assert data.value_range == (data.y_train.min(), data.y_train.max())
    for part in ARRAYS:
        array = entries(getattr(data, part))
        if array is not None:
            assert array.dtype == np.float32
            assert array.flags.c_contiguous
            assert not array.flags.writeable
            assert np.isfinite(array).all()


@pytest.mark.parametrize("name", DATASETS)
def test_same_config_same_bits_other_seed_other_data(name: str) -> None:
    config = DataConfig(name, n_samples=100, noise=0.1, seed=7)
    first, again = load_dataset(config), load_dataset(config)
    other = load_dataset(dataclasses.replace(config, seed=8))
    for part in ("X_train", "y_train", "X_test", "y_test"):
        one, two = (entries(getattr(data, part)) for data in (first, again))
        assert one.tobytes() == two.tobytes()
    assert entries(first.X_train).tobytes() != entries(other.X_train).tobytes()


@pytest.mark.parametrize("name", PLANE)
def test_plane_keeps_its_raw_points(name: str) -> None:
    features = ("sin_x2", "x1_squared", "x1")
    data = load_dataset(DataConfig(name, noise=0.1, features=features))
    assert data.feature_names == features
    assert data.points_train is not None
    assert data.points_test is not None
    x1, x2 = data.points_train.astype(float).T
    np.testing.assert_allclose(data.X_train, np.stack([np.sin(x2), x1 * x1, x1], 1), rtol=1e-6)
    transformed = data.preprocessing.transform(data.points_test)
    np.testing.assert_array_equal(transformed, data.X_test)
    plain = load_dataset(DataConfig(name, noise=0.1))
    np.testing.assert_array_equal(plain.points_train, data.points_train)
    np.testing.assert_array_equal(plain.X_train, plain.points_train)


@pytest.mark.parametrize("name", MADE)
def test_without_noise_points_lie_in_the_square(name: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=2000, classes=8))
    points = np.concatenate([data.points_train, data.points_test])
    assert np.abs(points).max() < 6.0
    assert np.abs(points).max() > 4.0


@pytest.mark.parametrize("name", CLASSES_IN_PLANE)
def test_classes_are_balanced(name: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=3001, classes=4))
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]).astype(int))
    assert len(counts) == data.n_classes
    assert counts.min() > 0.9 * 3001 / data.n_classes


@pytest.mark.parametrize("name", MADE)
def test_noise_disturbs_the_same_points_more(name: str) -> None:
    generate = DATASETS[name].generate
    assert generate is not None
    clean, _ = generate(300, 0.0, 3, 5)
    little, _ = generate(300, 0.1, 3, 5)
    much, _ = generate(300, 0.4, 3, 5)
    if np.array_equal(clean, little):  # noise acts on the target alone
        assert np.array_equal(clean, much)
    elif name != "gauss":  # whose shift grows with the square root
        slope = (much - clean) / (little - clean)
        np.testing.assert_allclose(slope, 4.0, rtol=1e-6)


@given(st.sampled_from(MADE), st.integers(10, 60), st.floats(0.0, 0.5), st.integers(2, 8))
def test_every_setting_makes_data(name: str, n: int, noise: float, classes: int) -> None:
    data = load_dataset(DataConfig(name, n, noise, 0.9, ("x1",), classes))
    assert len(data.X_train) == round(n * 0.9)
    assert np.isfinite(data.X_train).all()
    assert np.isfinite(data.y_train).all()


# -- TensorFlow Playground's formulas, src/dataset.ts ----------------------------------------


def test_circle() -> None:
    points, labels = synthetic.circle(2000, 0.0, 2, 0)
    radius = distance(points)
    assert (radius[:1000] < 2.5).all()
    assert ((radius[1000:] > 3.5) & (radius[1000:] < 5.0)).all()
    np.testing.assert_array_equal(labels, np.repeat([1.0, 0.0], 1000))
    # the radius, not the area, is uniform: a quarter of the disc's points within half its radius
    assert abs(np.mean(radius[:1000] < 1.25) - 0.5) < 0.05


def test_circle_noise_flips_labels_and_moves_no_point() -> None:
    clean, before = synthetic.circle(2000, 0.0, 2, 0)
    noisy, after = synthetic.circle(2000, 0.5, 2, 0)
    np.testing.assert_array_equal(clean, noisy)
    assert 0.05 < np.mean(before != after) < 0.5


def test_xor() -> None:
    points, labels = synthetic.xor(2000, 0.0, 2, 0)
    assert ((np.abs(points) > 0.3) & (np.abs(points) < 5.3)).all()
    np.testing.assert_array_equal(labels, points[:, 0] * points[:, 1] >= 0.0)


def test_gauss_variance_grows_from_half_to_four() -> None:
    for noise, variance in ((0.0, 0.5), (0.25, 2.25), (0.5, 4.0)):
        points, labels = synthetic.gauss(20_000, noise, 2, 0)
        for label, centre in ((1.0, 2.0), (0.0, -2.0)):
            cloud = points[labels == label]
            np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.06)
            np.testing.assert_allclose(cloud.var(axis=0), variance, rtol=0.05)


def test_spiral() -> None:
    points, labels = synthetic.spiral(500, 0.0, 2, 0)
    i = 60  # r = 5 i / n, t = 1.75 * 2 pi i / n with n = 250 a class; the other class turned by pi
    r, t = 5 * i / 250, 1.75 * 2 * math.pi * i / 250
    np.testing.assert_allclose(points[i], [r * math.sin(t), r * math.cos(t)])
    np.testing.assert_allclose(points[250 + i], [-r * math.sin(t), -r * math.cos(t)])
    np.testing.assert_array_equal(labels, np.repeat([1.0, 0.0], 250))
    noisy, _ = synthetic.spiral(500, 0.5, 2, 0)
    assert 0.45 < np.abs(noisy - points).max() <= 0.5


def test_plane() -> None:
    points, values = synthetic.plane(1000, 0.0, 0, 0)
    np.testing.assert_allclose(values, points.sum(axis=1) / 10.0)
    _, noisy = synthetic.plane(1000, 0.5, 0, 0)
    assert 0.4 < np.abs(noisy - values).max() <= 0.6


def test_multi_gauss() -> None:
    points, values = synthetic.multi_gauss(4000, 0.0, 0, 0)
    for x1, x2, sign in synthetic.MULTI_GAUSS_CENTRES:
        away = np.hypot(points[:, 0] - x1, points[:, 1] - x2)
        near = away < 1.0  # where no other bump is as high
        assert near.any()
        np.testing.assert_allclose(values[near], sign * (1.0 - away[near] / 2.0))
    assert (values[np.abs(points[:, 1]) > 4.6] == 0.0).all()


# -- our own -------------------------------------------------------------------------------


def test_moons_are_scikit_learns() -> None:
    from sklearn.datasets import make_moons

    points, labels = synthetic.moons(400, 0.0, 2, 0)
    theirs, their_labels = make_moons(20_000, shuffle=False)
    for label in (0, 1):
        curve = (theirs[their_labels == label] - [0.5, 0.25]) * 3.4
        gaps = points[labels == label][:, None] - curve[None]
        assert np.hypot(gaps[..., 0], gaps[..., 1]).min(axis=1).max() < 1e-3


@pytest.mark.parametrize("classes", range(2, 9))
def test_blobs_are_apart(classes: int) -> None:
    points, labels = synthetic.blobs(800, 0.0, classes, 0)
    centres = np.stack([points[labels == k].mean(axis=0) for k in range(classes)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.99


def test_rings() -> None:
    points, labels = synthetic.rings(900, 0.0, 3, 0)
    assert (np.abs(distance(points) - (2.0 * labels + 0.6)) <= 0.6).all()


def test_checkerboard() -> None:
    points, labels = synthetic.checkerboard(2000, 0.0, 2, 0)
    cells = np.floor(points / 3.0)
    np.testing.assert_array_equal(labels, (cells[:, 0] + cells[:, 1]) % 2)
    assert len(np.unique(cells, axis=0)) == 16
    inside = points - 3.0 * cells
    assert ((inside > 0.2) & (inside < 2.8)).all()


def test_curves() -> None:
    points, values = synthetic.sine(500, 0.0, 0, 0)
    assert points.shape == (500, 1)
    np.testing.assert_allclose(values, np.sin(points[:, 0]))
    points, values = synthetic.step(500, 0.0, 0, 0)
    np.testing.assert_array_equal(values, np.sign(points[:, 0]))
    _, noisy = synthetic.step(20_000, 0.3, 0, 0)
    assert abs(np.std(np.abs(noisy) - 1.0) - 0.3) < 0.02


# -- features ------------------------------------------------------------------------------


def test_features_by_hand() -> None:
    columns = expand(np.array([[2.0, -3.0]]), tuple(FEATURES))
    expected = [2.0, -3.0, 4.0, 9.0, -6.0, math.sin(2.0), math.sin(-3.0)]
    np.testing.assert_allclose(columns, [expected])


@pytest.mark.parametrize("name", FEATURES)
def test_feature_record(name: str) -> None:
    assert FEATURES[name].name == name
    assert FEATURES[name].label
    assert FEATURES[name].latex


# -- bundled data --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHARED)
def test_bundled_splits_keep_the_proportions(name: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=1_000_000, train_fraction=0.8))
    whole = np.bincount(bundled.read(name).classes)
    assert abs(len(data.X_train) - 0.8 * whole.sum()) <= 0.5
    if data.task == "regression":
        return
    train, test = (np.bincount(y.astype(int)) for y in (data.y_train, data.y_test))
    np.testing.assert_array_equal(train + test, whole)
    assert np.abs(train - 0.8 * whole).max() < 1.0
    part = load_dataset(DataConfig(name, n_samples=100, train_fraction=0.5))
    counts = np.bincount(np.concatenate([part.y_train, part.y_test]).astype(int))
    assert counts.sum() == 100
    assert np.abs(counts - 100 * whole / whole.sum()).max() < 1.0


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_split_stays_whatever_the_share(name: str) -> None:
    bundle = bundled.read(name)
    assert bundle.is_train is not None
    few, many = (
        load_dataset(DataConfig(name, n_samples=1_000_000, train_fraction=share, seed=3))
        for share in (0.1, 0.9)
    )
    np.testing.assert_array_equal(few.X_train, many.X_train)
    for X, own in ((few.X_train, bundle.is_train), (few.X_test, ~bundle.is_train)):
        expected = few.preprocessing.transform(bundle.raw[own])
        np.testing.assert_array_equal(np.sort(X, axis=0), np.sort(expected, axis=0))
    part = load_dataset(DataConfig(name, n_samples=200))
    for y, own in ((part.y_train, bundle.is_train), (part.y_test, ~bundle.is_train)):
        assert len(y) == round(200 * own.mean())
        whole = np.bincount(bundle.classes[own])
        assert np.abs(np.bincount(y.astype(int)) - len(y) * whole / whole.sum()).max() < 1.0
    tiny = load_dataset(DataConfig(name, n_samples=10))
    assert len(tiny.X_train) >= 5
    assert len(tiny.X_test) >= 2


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_rows_are_the_files_rows(name: str) -> None:
    """Every row of the files is there once, with its target, through the transformation."""
    data = load_dataset(DataConfig(name, n_samples=1_000_000))
    bundle = bundled.read(name)

    def rows(X: np.ndarray, y: np.ndarray) -> list[bytes]:
        return sorted(row.tobytes() for row in np.column_stack([X, y]).astype(np.float32))

    everything = rows(data.preprocessing.transform(bundle.raw), bundle.targets)
    ours = np.concatenate([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])
    assert rows(*ours) == everything


def test_what_is_read_again_is_the_same_and_little_is_kept() -> None:
    from core.data.registry import KEPT, _read

    config = DataConfig("iris", n_samples=120)
    assert load_dataset(config) is load_dataset(config)
    for seed in range(3 * KEPT):
        load_dataset(DataConfig("iris", n_samples=120, seed=seed))
    assert _read.cache_info().currsize <= KEPT


def test_vowels_are_tested_on_people_who_were_not_heard() -> None:
    data = load_dataset(DataConfig("vowel", n_samples=990))
    assert " ".join(data.class_names) == "heed hid head had hud hard hod hoard hood who'd heard"
    assert np.bincount(data.y_train.astype(int)).tolist() == [8 * 6] * 11  # speakers x times
    assert np.bincount(data.y_test.astype(int)).tolist() == [7 * 6] * 11
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0.0, atol=1e-5)


def test_letters_are_named_by_the_alphabet() -> None:
    data = load_dataset(DataConfig("letters", n_samples=20_000))
    assert "".join(data.class_names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert (data.n_inputs, data.feature_names[0]) == (16, "x.box")
    bundle = bundled.read("letters")
    assert bundle.raw[0].tolist() == [2, 8, 3, 5, 1, 8, 13, 0, 6, 6, 10, 8, 0, 8, 0, 8]  # a T
    assert data.class_names[bundle.targets[0]] == "T"


def test_diabetes_is_told_in_hundreds() -> None:
    data = load_dataset(DataConfig("diabetes", n_samples=442))
    assert data.task == "regression"
    values = np.concatenate([data.y_train, data.y_test])
    np.testing.assert_allclose([values.min(), values.max()], [0.25, 3.46])


# -- texts ---------------------------------------------------------------------------------


def test_reviews_are_plain_texts_beside_their_numbers() -> None:
    data = load_dataset(DataConfig("food_reviews", n_samples=5000))
    assert data.texts_train is not None
    assert data.texts_test is not None
    assert (len(data.texts_train), len(data.texts_test)) == (4000, 1000)
    assert not [text for text in data.texts_train + data.texts_test if "<br" in text]
    np.testing.assert_array_equal(data.preprocessing.transform(data.texts_test), data.X_test)
    assert data.n_inputs == len(data.preprocessing.vocabulary) == 1000
    assert data.feature_names == data.preprocessing.vocabulary
    assert {"not", "great", "love"} < set(data.feature_names[:10])
    assert data.X_train.nbytes <= 2**24


def test_words_weigh_as_scikit_learn_weighs_them_and_know_training_texts_alone() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["Good tea, GOOD tea!", "Don\u2019t buy: bad tea", "good value; I'd buy"]
    words = Words.fit(texts, np.array([1, 0, 1]))
    assert set(words.vocabulary) == {"good", "tea", "don't", "buy", "bad", "value", "i'd"}
    theirs = TfidfVectorizer(
        tokenizer=words_of, token_pattern=None, lowercase=False, sublinear_tf=True
    ).fit(texts)
    table = theirs.transform([*texts, "tea tea unknown", "-"]).toarray()
    columns = [theirs.vocabulary_[word] for word in words.vocabulary]
    ours = words.transform([*texts, "tea tea unknown", "-"])
    np.testing.assert_allclose(ours, table[:, columns], atol=1e-4)
    assert ours[3].tolist() == [float(word == "tea") for word in words.vocabulary]
    assert not ours[4].any()


def test_the_most_telling_words_come_first() -> None:
    texts = ["good the", "good the a", "bad the", "bad the a"]
    words = Words.fit(texts, np.array([1, 1, 0, 0]), most=2)
    assert set(words.vocabulary) == {"good", "bad"}
    with pytest.raises(ValueError, match="no word in the training texts"):
        Words.fit(["1 2", "?"], np.array([0, 1]))


@pytest.mark.parametrize("raw", ["tea", [[1.0, 2.0]], [1.0], 3.0, [b"tea"]])
def test_words_take_texts_alone(raw: object) -> None:
    with pytest.raises(ValueError, match="must be a list of them"):
        Words(("tea",), (1.0,)).transform(raw)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("vocabulary", "weights", "why"),
    [
        ((), (), "1 to 10000 different"),
        (("tea", "tea"), (1.0, 1.0), "1 to 10000 different"),
        (tuple("a" * (1 + i % 50) + "b" * (i // 50) for i in range(MOST_WORDS + 1)), (), "1 to"),
        (("Tea",), (1.0,), "no plain word"),
        (("<b>",), (1.0,), "no plain word"),
        (("a" * (LONGEST_WORD + 1),), (1.0,), "no plain word"),
        (("tea",), (), "a finite weight"),
        (("tea",), (0.0,), "a finite weight"),
        (("tea",), (math.inf,), "a finite weight"),
        (("tea",), (math.nan,), "a finite weight"),
    ],
)
def test_words_are_checked(vocabulary: tuple, weights: tuple, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Words(vocabulary, weights)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_tables_are_standardized_on_training_rows_only(name: str) -> None:
    data = load_dataset(DataConfig(name, train_fraction=0.6))
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(data.X_train.std(axis=0), 1.0, atol=1e-5)
    assert np.abs(data.X_test.mean(axis=0)).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "side", "divisor"), [("digits", 8, 16.0), ("mnist_5k", 28, 255.0)]
)
def test_images(name: str, side: int, divisor: float) -> None:
    data = load_dataset(DataConfig(name, n_samples=1000))
    assert data.image_shape == (side, side)
    assert data.n_inputs == side * side
    assert data.preprocessing == Scale(divisor)
    assert data.class_names == tuple("0123456789")
    assert (data.X_train.min(), data.X_train.max()) == (0.0, 1.0)


def test_bundled_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        bundled.read("iris").raw[0, 0] = 1.0


# -- preprocessing -------------------------------------------------------------------------

EACH_KIND = [
    Identity(),
    Scale(16.0),
    Standardize((1.0, -2.5), (0.1, 3.0)),
    Features(("x2", "x1_x2")),
    Words(("tea", "don't"), (1.25, 2.0)),
]


@pytest.mark.parametrize("how", EACH_KIND, ids=lambda how: how.kind)
def test_preprocessing_survives_json(how: Preprocessing) -> None:
    assert Preprocessing.from_dict(json.loads(json.dumps(how.to_dict()))) == how
    raw = np.array([[0.5, 3.0], [1.0, 2.0]])
    X = how.transform(["tea", "coffee"] if how.kind == "words" else raw)
    assert X.dtype == np.float32
    assert X.shape == (2, how.n_inputs or 2)


def test_standardize_leaves_constant_columns_finite() -> None:
    how = Standardize.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_array_equal(how.transform([[1.0, 5.0], [3.0, 6.0]]), [[-1, 0], [1, 1]])


def test_preprocessing_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="has 3 columns, but this network was trained on 2"):
        Standardize((0.0, 0.0), (1.0, 1.0)).transform(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="a row per sample"):
        Identity().transform([1.0, 2.0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(
            ["identity", "scale", "standardize", "features", "words", "film_pairs"]
        )
        | JSON,
        "people": st.integers(0, 3) | JSON,
        "years": st.lists(st.none() | st.integers(1900, 2000), max_size=2) | JSON,
        "genres": st.lists(st.lists(st.integers(0, 2), max_size=2), max_size=2) | JSON,
        "n_genres": st.integers(0, 3) | JSON,
        "year_mean": st.floats() | JSON,
        "year_scale": st.floats() | JSON,
        "targets": st.just([{"mean": 3.5, "scale": 1.0}]) | JSON,
        "vocabulary": st.lists(st.sampled_from(["tea", "i'd", "A", ""]), max_size=3) | JSON,
        "weights": st.lists(st.floats(), max_size=3) | JSON,
        "mean": st.lists(st.integers() | st.floats(), max_size=3) | JSON,
        "scale": st.lists(st.floats(), max_size=3) | JSON,
        "divisor": st.floats() | st.integers() | JSON,
        "names": st.lists(st.sampled_from([*FEATURES, "x3"]), max_size=3) | JSON,
    },
)


@given(RECORD | JSON)
def test_preprocessing_parser_refuses_garbage_in_words(record: object) -> None:
    how = value_or_sentence(lambda: Preprocessing.from_dict(record))
    if isinstance(how, Preprocessing):
        assert Preprocessing.from_dict(how.to_dict()) == how
    else:
        assert how.endswith(".")


# -- people's own arrays -------------------------------------------------------------------

X3 = [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("y", "numbers", "names"),
    [
        ([0, 1, 2], [0, 1, 2], ("0", "1", "2")),
        ([[0.0], [1.0], [1.0]], [0, 1, 1], ("0", "1")),
        ([1, 1, 1], [1, 1, 1], ("0", "1")),
        ([-1, 1, 1], [0, 1, 1], ("-1", "1")),
        ([-1.0, -1.0, -1.0], [0, 0, 0], ("-1", "1")),
        ([True, False, True], [1, 0, 1], ("0", "1")),
        ([[0, 0, 1], [1, 0, 0], [0, 0, 1]], [2, 0, 2], ("0", "1", "2")),
        ([[-1, 1], [1, -1], [-1, 1]], [1, 0, 1], ("0", "1")),
        ([30, 10, 20], [2, 0, 1], ("10", "20", "30")),
        (["no", "yes", "no"], [0, 1, 0], ("no", "yes")),
    ],
)
def test_every_form_of_class_labels(y: object, numbers: list[int], names: tuple[str, ...]) -> None:
    data = Dataset.from_arrays(X3, y, X3[:1], np.asarray(y)[:1])
    np.testing.assert_array_equal(data.y_train, numbers)
    np.testing.assert_array_equal(data.y_test, numbers[:1])
    assert data.y_train.dtype == np.float32
    assert data.class_names == names


@pytest.mark.parametrize(
    ("y", "class_names", "numbers"),
    [
        ([0, 2, 0], ("a", "b", "c"), [0, 2, 0]),
        (["c", "a", "c"], ("c", "b", "a"), [0, 2, 0]),
        ([7, 5, 7], ("5", "7"), [1, 0, 1]),
        ([1, -1, 1], ("down", "up"), [1, 0, 1]),
        ([[0, 1], [1, 0], [0, 1]], ("down", "up"), [1, 0, 1]),
    ],
)
def test_labels_with_class_names(y: object, class_names: object, numbers: list[int]) -> None:
    data = Dataset.from_arrays(X3, y, X3[:1], np.asarray(y)[:1], class_names=class_names)
    np.testing.assert_array_equal(data.y_train, numbers)
    assert data.class_names == class_names


def test_own_arrays_are_copied_as_they_are() -> None:
    X = np.asfortranarray(np.arange(6, dtype=np.float64).reshape(3, 2))
    data = Dataset.from_arrays(X, [0.5, 1, 2], X, [[1.0], [2.0], [3.0]], task="regression")
    X[:] = -1.0
    np.testing.assert_array_equal(data.X_train, [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(data.y_train, [[0.5], [1], [2]])
    np.testing.assert_array_equal(data.y_test, [[1], [2], [3]])
    assert data.X_train.flags.c_contiguous
    assert X.flags.writeable
    assert data.preprocessing == Identity()
    assert data.kind == "table"
    assert data.feature_names == ("x1", "x2")


def test_the_test_set_may_be_empty() -> None:
    for empty in ([], np.zeros((0, 2))):
        data = Dataset.from_arrays(X3, [0, 1, 1], empty, [])
        assert data.X_test.shape == (0, 2)
        assert data.y_test.shape == (0,)
        values = Dataset.from_arrays(X3, np.ones((3, 4)), empty, [], task="regression")
        assert values.y_test.shape == (0, 4)
        assert values.n_values == 4


def test_images_of_ones_own() -> None:
    data = Dataset.from_arrays(np.zeros((2, 6)), [0, 1], [], [], image_shape=(2, 3))
    assert data.kind == "image"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "ranking"}, "Unknown task 'ranking'"),
        ({"X_train": [1, 2, 3]}, r"X_train must be \(n_samples, n_columns\)"),
        ({"X_train": []}, "X_train is empty"),
        ({"X_train": [[1, 2], [3]]}, "X_train must be a table of plain numbers"),
        ({"X_train": [["a", "b"]] * 3}, "X_train must be a table of plain numbers"),
        ({"X_train": np.ones((3, 2)) * 1j}, "X_train must be a table of plain numbers"),
        ({"X_train": [[1, 2], [3, math.nan], [5, 6]]}, r"not a finite float32 \(row 1, column 1\)"),
        ({"X_train": [[1, 2], [3, 1e300], [5, 6]]}, "not a finite float32"),
        ({"X_test": [[1, 2, 3]]}, "X_train has 2 columns, but X_test has 3"),
        ({"y_train": [0, 1]}, "X_train has 3 rows, but y_train has 2"),
        ({"y_test": [0, 1]}, "X_test has 1 rows, but y_test has 2"),
        ({"y_test": [2]}, "y_test holds the label 2, which is not among the known classes: 0, 1"),
        ({"y_train": [0.5, 1, 0]}, "y_train holds 0.5, which is no class number"),
        ({"y_train": [math.inf, 1, 0]}, "a label that is not a finite number"),
        ({"y_train": [3, 3, 3], "y_test": [3]}, "y_train holds only the class 3"),
        ({"y_train": [None, 1, 0]}, "class numbers or class names, and not a mixture"),
        ({"y_train": np.array([1, "b", 2], object)}, "and not a mixture"),
        ({"y_train": [[1, 0], [1, 1], [0, 1]]}, "each row must be one-hot"),
        ({"y_train": [[1, 0], [1, 0.5], [0, 1]]}, "each row must be one-hot"),
        ({"y_train": np.eye(3), "y_test": [[0, 1]]}, "3 one-hot columns, but y_test has 2"),
        ({"y_train": np.eye(3), "class_names": ("a", "b")}, "2 class_names, but 3 one-hot"),
        ({"class_names": ("a",)}, "class_names must be two or more different names"),
        ({"class_names": ("a", "a")}, "class_names must be two or more different names"),
        ({"y_train": [0, 9, 1], "class_names": ("a", "b")}, "the label 9, which is not among"),
        ({"feature_names": ("x",)}, "feature_names must be 2 names"),
        ({"image_shape": (2, 2)}, "image_shape 2x2 does not make rows of 2"),
        ({"task": "regression", "y_train": [1, math.nan, 2]}, "y_train holds a value that is not"),
        ({"task": "regression", "y_train": [[1, 2]] * 3}, "2 values per sample, but y_test has 1"),
        ({"task": "regression", "y_train": []}, "y_train is empty"),
        ({"task": "regression", "y_train": np.zeros((3, 1, 1))}, r"y_train must be \(n_samples"),
    ],
)
def test_refusals_say_what_is_wrong(changes: dict, sentence: str) -> None:
    usual = {"X_train": X3, "y_train": [0, 1, 0], "X_test": [[1, 2]], "y_test": [1]}
    with pytest.raises(ValueError, match=sentence):
        Dataset.from_arrays(**{**usual, **changes})


ANY_ARRAY = arrays_of.arrays(
    st.sampled_from(["f8", "f4", "i8", "u1", "?", "U2", "c8", "O", "M8[s]"]),
    arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(
    ANY_ARRAY | JSON,
    ANY_ARRAY | JSON,
    ANY_ARRAY | JSON,
    st.sampled_from(["classification", "regression"]),
)
def test_garbage_arrays_are_refused_in_words(
    X: object, y: object, y_test: object, task: str
) -> None:
    data = value_or_sentence(lambda: Dataset.from_arrays(X, y, X, y_test, task))
    if isinstance(data, Dataset):
        assert np.isfinite(data.X_train).all()
        assert np.isfinite(data.y_train).all()
        assert len(data.X_train) == len(data.y_train) > 0
    else:
        assert data.endswith(".")
