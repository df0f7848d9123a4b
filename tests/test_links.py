"""Experiments in links: round trips, and links that nobody wrote."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exchange.links import KEYS, MAX_LENGTH, OPTION_KEYS, from_query, to_query
from core.experiment import (
    OPTIONS_OF,
    DataConfig,
    Dense,
    Experiment,
    NetworkConfig,
    TrainingConfig,
)
from core.experiment.config import CLASS_WEIGHTS, DATASET_NAMES, FEATURES
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.initializers import INITIALIZERS
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES

SEEDS = st.integers(0, 2**53 - 1)
RATES = st.floats(0.0, 1000.0)
CLIPS = st.none() | st.floats(1e-6, 1e6)


@st.composite
def some_options(draw: st.DrawFn, record: Any) -> dict[str, object]:
    names = draw(st.lists(st.sampled_from(list(record.options)), unique=True))
    return {name: record.options[name].default for name in names}


@st.composite
def trainings(draw: st.DrawFn) -> TrainingConfig:
    optimizer = draw(st.sampled_from(list(OPTIMIZERS)))
    schedule = draw(st.sampled_from(list(SCHEDULES)))
    return TrainingConfig(
        loss=draw(st.sampled_from(list(LOSSES))),
        optimizer=optimizer,
        learning_rate=draw(RATES),
        batch_size=draw(st.integers(1, 65_536)),
        optimizer_options=draw(some_options(OPTIMIZERS[optimizer])),
        schedule=schedule,
        schedule_options=draw(some_options(SCHEDULES[schedule])),
        regularizer=draw(st.sampled_from(list(REGULARIZERS))),
        regularization_rate=draw(RATES),
        clip_norm=draw(CLIPS),
        clip_value=draw(CLIPS),
        global_clip_norm=draw(CLIPS),
        max_norm=draw(CLIPS),
        input_noise=draw(st.floats(0.0, 100.0)),
        translation=draw(st.floats(0.0, 1000.0)),
        cutout=draw(st.integers(0, 1000)),
        mixup=draw(st.floats(0.0, 100.0)),
        label_smoothing=draw(st.floats(0.0, 1.0, exclude_max=True)),
        class_weight=draw(
            st.sampled_from(CLASS_WEIGHTS)
            | st.lists(st.floats(0.0, 1e6), min_size=2, max_size=10).map(tuple)
        ),
        early_stopping=draw(st.none() | st.integers(1, 1_000_000)),
        early_stopping_min_delta=draw(st.floats(0.0, 1e6)),
        restore_best_weights=draw(st.booleans()),
        start_from_epoch=draw(st.integers(0, 1_000_000)),
    )


EXPERIMENTS = st.builds(
    Experiment,
    st.builds(
        DataConfig,
        st.sampled_from(DATASET_NAMES),
        st.integers(10, 1_000_000),
        st.floats(0.0, 0.5),
        st.floats(0.1, 0.9),
        st.lists(st.sampled_from(FEATURES), min_size=1, unique=True).map(tuple),
        st.integers(2, 8),
        SEEDS,
    ),
    st.builds(
        NetworkConfig,
        st.lists(
            st.builds(
                Dense,
                st.integers(1, 1024),
                st.sampled_from(list(ACTIVATIONS)),
                st.floats(0.0, 1.0, exclude_max=True),
                st.sampled_from(list(NORMALIZATIONS)),
            ),
            max_size=8,
        ).map(tuple),
        st.sampled_from(list(INITIALIZERS)),
        st.sampled_from(["auto", *OUTPUT_ACTIVATIONS]),
    ),
    trainings(),
    SEEDS,
)


@given(EXPERIMENTS)
def test_round_trip(experiment: Experiment) -> None:
    query = to_query(experiment)
    assert all(isinstance(text, str) for text in query.values())
    assert from_query(query) == (experiment, [])


def test_the_default_experiment_needs_no_query() -> None:
    assert to_query(Experiment()) == {}
    assert from_query({}) == (Experiment(), [])


def test_a_link_by_hand() -> None:
    experiment = Experiment(
        DataConfig("spiral", noise=0.1, features=("x1", "sin_x2"), seed=4),
        NetworkConfig((Dense(8, "tanh"), Dense(8, "relu", 0.1))),
        TrainingConfig(optimizer="sgd", optimizer_options={"momentum": 0.95, "nesterov": True}),
        seed=3,
    )
    assert to_query(experiment) == {
        "dataset": "spiral",
        "noise": "0.1",
        "features": "x1,sin_x2",
        "data_seed": "4",
        "layers": "8:tanh,8:relu:0.1",
        "optimizer": "sgd",
        "momentum": "0.95",
        "nesterov": "true",
        "seed": "3",
        "v": "1",
    }


def test_short_forms_are_read() -> None:
    experiment, problems = from_query({"layers": "8, 3:relu,5::0.5", "features": "x1, x2"})
    assert problems == []
    assert experiment.network.layers == (Dense(8), Dense(3, "relu"), Dense(5, dropout=0.5))
    assert from_query({"layers": "none"})[0].network.layers == ()


def test_every_field_has_a_key() -> None:
    """Nothing of an experiment is lost in a link."""
    held = {(key.part, key.field) for key in KEYS.values()}
    held |= {(owner.part, field) for field, owner in OPTIONS_OF.items()}
    parts = {"data": DataConfig, "network": NetworkConfig, "training": TrainingConfig}
    fields = {(name, f.name) for name, part in parts.items() for f in dataclasses.fields(part)}
    assert held == fields | {("", "seed")}
    assert not OPTION_KEYS.keys() & KEYS.keys()


def test_no_two_kinds_of_records_have_an_option_of_one_name() -> None:
    """A link names options alone, without what they belong to."""
    names = [
        {name for record in owner.registry.values() for name in record.options}
        for owner in OPTIONS_OF.values()
    ]
    assert len(set().union(*names)) == sum(map(len, names))


def test_options_of_every_kind_come_back() -> None:
    experiment = Experiment(
        network=NetworkConfig(
            initializer="variance_scaling",
            initializer_options={"scale": 2.0, "mode": "fan_avg"},
        ),
        training=TrainingConfig(
            schedule="cosine", schedule_options={"decay_steps": 500, "warmup_steps": 20}
        ),
    )
    query = to_query(experiment)
    assert query["mode"] == "fan_avg"
    assert query["decay_steps"] == "500"
    assert from_query(query) == (experiment, [])


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"nose": "0.1"}, "Unknown setting 'nose' in the link. Did you mean 'noise'?"),
        ({"class_weight": "balance"}, "'balance'. Did you mean 'balanced'?"),
        ({"class_weight": "1,x"}, "class_weight[1] is 'x'; it must be a number"),
        ({"class_weight": "2"}, "Unknown class weight '2'."),
        ({"early_stopping": "0"}, "early_stopping is 0; it must be a whole number between 1"),
        ({"restore_best_weights": "1"}, "restore_best_weights is 1; it must be true or false."),
        ({"noise": "0.9"}, "noise is 0.9; it must be a number between 0 and 0.5."),
        ({"noise": "much"}, "noise is 'much'; it must be a number"),
        ({"noise": "nan"}, "noise is nan; it must be a number"),
        ({"noise": ""}, "The setting 'noise' in the link must be 1 to 4000 characters"),
        ({"noise": "0" * (MAX_LENGTH + 1)}, "The setting 'noise' in the link must be"),
        ({"seed": "-1"}, "seed is -1; it must be a whole number"),
        ({"seed": "9" * 3999}, "seed is '999"),
        ({"dataset": "cirle"}, "'cirle'. Did you mean 'circle'?"),
        ({"layers": "4:tanh:0:none:5"}, "':5'"),
        ({"layers": "0"}, "units is 0; it must be a whole number between 1 and 65536."),
        ({"layers": ",".join(["4"] * 65)}, "layers"),
        ({"beta_1": "2"}, "beta_1 is 2; it must be"),
        ({"momentum": "0.9"}, "Unknown option 'momentum' of adam."),
        ({"v": "2"}, "The link was made by a newer playground (version 2"),
        ({"v": "x"}, "The link's version 'x' is not a version"),
    ],
)
def test_each_problem_is_named_and_the_rest_kept(query: dict[str, str], sentence: str) -> None:
    good = {"batch_size": "7", "learning_rate": "0.5", "classes": "4"}
    experiment, problems = from_query({**good, **query})
    assert len(problems) == 1
    assert sentence in problems[0]
    assert experiment.training.batch_size == 7
    assert experiment.training.learning_rate == 0.5
    assert experiment.data.classes == 4


def test_one_bad_layer_leaves_the_others() -> None:
    experiment, problems = from_query({"layers": "8:tnh,9:relu:7,3:elu"})
    assert len(problems) == 2
    assert experiment.network.layers == (Dense(8), Dense(9, "relu"), Dense(3, "elu"))


def test_the_pages_own_keys_are_passed_over() -> None:
    experiment, problems = from_query({"speed": "10", "seed": "5"}, known_elsewhere={"speed"})
    assert (experiment, problems) == (Experiment(seed=5), [])


def test_caps_of_the_page() -> None:
    experiment, problems = from_query({"layers": "2000,8"}, caps={"units": 1024, "layers": 16})
    assert len(problems) == 1
    assert all(layer.units <= 1024 for layer in experiment.network.layers)


def test_too_many_settings() -> None:
    experiment, problems = from_query({f"k{i}": "1" for i in range(1000)})
    assert experiment == Experiment()
    assert len(problems) == 1
    assert len(from_query({f"k{i}": "1" for i in range(90)})[1]) == 21


TEXTS = st.text(max_size=12) | st.text("0123456789.,:+-_enai", max_size=30)
GARBAGE = st.dictionaries(
    st.sampled_from(["v", *KEYS, *sorted(OPTION_KEYS)]) | st.text(max_size=8),
    TEXTS | st.sampled_from([*ACTIVATIONS, "true", "none", "1e999", "-0", "null", "8:relu"]),
)


@given(GARBAGE)
def test_garbage_never_raises(query: dict[str, str]) -> None:
    experiment, problems = from_query(query)
    assert isinstance(experiment, Experiment)
    assert all(isinstance(problem, str) and problem for problem in problems)
    assert from_query(to_query(experiment)) == (experiment, [])


@given(
    st.dictionaries(st.integers() | st.text(max_size=5), st.none() | st.binary() | st.integers())
)
def test_what_is_no_query_never_raises(query: dict) -> None:
    assert from_query(query)[0] == Experiment()
