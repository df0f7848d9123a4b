"""`Experiment`: what it accepts, how it refuses, and that no text whatever breaks the reading."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from core import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.experiment import (
    DATASET_NAMES,
    FEATURES,
    LIMITS,
    Options,
    limits,
    read_experiment,
)
from core.experiment.config import CLASS_WEIGHTS
from core.experiment.reading import MOST_BYTES, MOST_PROBLEMS
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.initializers import INITIALIZERS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from core.refusals import Refusal

EXAMPLE = Experiment(
    data=DataConfig(name="spiral", n_samples=300, noise=0.1, features=("x1", "sin_x2"), seed=5),
    network=NetworkConfig(layers=(Dense(8, "relu"), Dense(6, "gelu", dropout=0.1))),
    training=TrainingConfig(
        optimizer="sgd", learning_rate=0.3, optimizer_options={"momentum": 0.9, "nesterov": True}
    ),
    seed=7,
)


# Arbitrary valid experiments


def numbers(name):
    field = LIMITS[name]
    if field.whole:
        return st.integers(int(field.low), int(field.high))
    return st.floats(field.low, field.high, exclude_max=field.open_high)


def option_values(option):
    if option.choices:
        return st.sampled_from(option.choices)
    if option.whole:
        return st.integers(option.low, option.high)
    if option.is_flag:
        return st.booleans()
    return st.floats(option.low, option.high, exclude_max=option.open_high)


def options_of(record):
    known = {name: option_values(option) for name, option in record.options.items()}
    return st.fixed_dictionaries({}, optional=known)


@st.composite
def training_configs(draw):
    optimizer = draw(st.sampled_from(sorted(OPTIMIZERS)))
    schedule = draw(st.sampled_from(sorted(SCHEDULES)))
    clips = {
        name: draw(st.none() | numbers(name))
        for name in ("clip_norm", "clip_value", "global_clip_norm", "max_norm")
    }
    return TrainingConfig(
        loss=draw(st.sampled_from(sorted(LOSSES))),
        optimizer=optimizer,
        learning_rate=draw(numbers("learning_rate")),
        batch_size=draw(numbers("batch_size")),
        optimizer_options=draw(options_of(OPTIMIZERS[optimizer])),
        regularizer=draw(st.sampled_from(sorted(REGULARIZERS))),
        regularization_rate=draw(numbers("regularization_rate")),
        label_smoothing=draw(numbers("label_smoothing")),
        input_noise=draw(numbers("input_noise")),
        rotation=draw(numbers("rotation")),
        zoom=draw(numbers("zoom")),
        schedule=schedule,
        schedule_options=draw(options_of(SCHEDULES[schedule])),
        class_weight=draw(
            st.sampled_from(CLASS_WEIGHTS)
            | st.lists(st.floats(0.0, 1e6), min_size=2, max_size=8).map(tuple)
        ),
        early_stopping=draw(st.none() | numbers("early_stopping")),
        early_stopping_min_delta=draw(numbers("early_stopping_min_delta")),
        restore_best_weights=draw(st.booleans()),
        start_from_epoch=draw(numbers("start_from_epoch")),
        **clips,
    )


DATA = st.builds(
    DataConfig,
    name=st.sampled_from(DATASET_NAMES),
    n_samples=numbers("n_samples"),
    noise=numbers("noise"),
    train_fraction=numbers("train_fraction"),
    features=st.lists(st.sampled_from(FEATURES), min_size=1, unique=True),
    classes=numbers("classes"),
    seed=numbers("seed"),
)
LAYERS = st.builds(
    Dense,
    units=st.integers(1, 1024),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    dropout=numbers("dropout"),
)


@st.composite
def network_configs(draw):
    initializer = draw(st.sampled_from(sorted(INITIALIZERS)))
    return NetworkConfig(
        layers=draw(st.lists(LAYERS, max_size=6)),
        initializer=initializer,
        output_activation=draw(st.sampled_from(["auto", *OUTPUT_ACTIVATIONS])),
        initializer_options=draw(options_of(INITIALIZERS[initializer])),
    )


EXPERIMENTS = st.builds(Experiment, DATA, network_configs(), training_configs(), numbers("seed"))

# Arbitrary garbage, some of it shaped like an experiment
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["relu", "adam", "circle", "x1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=4)
            | st.sampled_from(
                [
                    *("version", "data", "network", "training", "seed", "layers", "units", "name"),
                    *(
                        "activation",
                        "features",
                        "optimizer",
                        "optimizer_options",
                        "beta_1",
                        "dropout",
                    ),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def shaped(value):
    """The example with one of its values replaced."""
    places = [("data", name) for name in ("name", "n_samples", "noise", "features", "seed")]
    places += [("network", "layers"), ("network", "initializer"), ("training", "optimizer")]
    places += [("training", "optimizer_options"), ("training", "learning_rate")]
    return st.sampled_from(places).map(lambda place: replaced(place, value))


def replaced(place, value):
    mapping = EXAMPLE.to_mapping()
    mapping[place[0]][place[1]] = value
    return mapping


# What is accepted


def test_everything_has_a_default():
    experiment = Experiment()
    assert experiment.data == DataConfig("circle", 500, 0.0, 0.5, ("x1", "x2"))
    assert experiment.network == NetworkConfig((Dense(4, "tanh"), Dense(2, "tanh")))
    assert experiment.training.loss == "binary_crossentropy"
    assert experiment.training.batch_size == 10
    assert experiment.seed == 0


def test_main_fields_go_by_position():
    layer = Dense(8, "relu", 0.1)
    assert (layer.units, layer.activation, layer.dropout) == (8, "relu", 0.1)
    assert layer.normalization == "none"


def test_lists_numpy_numbers_and_whole_floats_are_understood():
    network = NetworkConfig([Dense(np.int64(3)), Dense(5.0)])
    assert network.layers == (Dense(3), Dense(5))
    assert type(network.layers[0].units) is type(network.layers[1].units) is int
    assert type(DataConfig(noise=0).noise) is float
    assert DataConfig(features=["x1"]).features == ("x1",)


def test_a_network_may_have_no_hidden_layer():
    assert NetworkConfig(layers=()).layers == ()


def test_configs_are_frozen_hashable_and_copied_like_values():
    same = Experiment.from_json(EXAMPLE.to_json())
    assert {EXAMPLE: 1}[same] == 1
    assert EXAMPLE == same == copy.deepcopy(EXAMPLE) == pickle.loads(pickle.dumps(EXAMPLE))  # noqa: S301
    assert dataclasses.replace(EXAMPLE, seed=8) != EXAMPLE
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLE.seed = 3
    with pytest.raises(TypeError):
        EXAMPLE.training.optimizer_options["momentum"] = 0.5
    with pytest.raises(ValueError, match="units is 0"):
        dataclasses.replace(Dense(), units=0)


def test_options_are_a_value():
    given_options = {"beta_1": 0.8}
    training = TrainingConfig(optimizer_options=given_options)
    given_options["beta_1"] = 0.1
    assert training.optimizer_options == {"beta_1": 0.8}
    assert hash(Options({"a": 1.0, "b": 2.0})) == hash(Options({"b": 2.0, "a": 1.0}))
    assert repr(Options({"a": 1.0})) == "{'a': 1.0}"


def test_limits_can_be_read():
    assert limits("batch_size") == (1, 65_536)
    assert limits("noise") == (0.0, 0.5)
    assert limits("dropout") == (0.0, 1.0)
    assert limits("clip_norm")[0] > 0
    with pytest.raises(
        ValueError, match=r"Unknown numeric field 'batchsize'. Did you mean 'batch_size'"
    ):
        limits("batchsize")


# How it refuses

REFUSED = {
    "units is 0; it must be a whole number between 1 and 65536.": lambda: Dense(0),
    "units is True; it must be a whole number between 1 and 65536.": lambda: Dense(True),
    "units is 'relu'; it must be a whole number": lambda: Dense("relu"),
    "units is 2.5; it must be a whole number": lambda: Dense(2.5),
    "dropout is nan; it must be a number at least 0 and below 1.": lambda: Dense(dropout=math.nan),
    "dropout is 1; it must be": lambda: Dense(dropout=1),
    "Unknown activation 'rleu'. Did you mean 'relu'? Choose one of: ": lambda: Dense(4, "rleu"),
    "Unknown activation 3. Choose one of: ": lambda: Dense(4, 3),
    "Unknown normalization 'bach'. Did you mean 'batch'? Choose one of: none, batch, layer.": (
        lambda: Dense(normalization="bach")
    ),
    "Unknown field 'unitz' of Dense. Did you mean 'units'?": lambda: Dense(unitz=4),
    "Dense takes 4 values at most: units, ": lambda: Dense(4, "relu", 0, "none", 5),
    "Dense was given units twice.": lambda: Dense(4, units=5),
    "layers is 5; it must be a list.": lambda: NetworkConfig(5),
    "layers[1] is 'relu'; it must be a Dense.": lambda: NetworkConfig([Dense(), "relu"]),
    "layers has 65 entries; it must have between 0 and 64.": lambda: NetworkConfig([Dense()] * 65),
    "layers of 65536, 65536 units hold 4294967296 weights; at most": lambda: NetworkConfig(
        [Dense(65_536)] * 2
    ),
    "Unknown output activation 'sofmax'. Did you mean 'softmax'?": lambda: NetworkConfig(
        output_activation="sofmax"
    ),
    "Unknown dataset name 'spirl'. Did you mean 'spiral'?": lambda: DataConfig("spirl"),
    "n_samples is 9; it must be a whole number between 10 and 1000000.": lambda: DataConfig(
        n_samples=9
    ),
    "noise is 10; it must be a number between 0 and 0.5.": lambda: DataConfig(noise=10),
    "features has 0 entries; it must have between 1 and 7.": lambda: DataConfig(features=()),
    "features is 'x1'; it must be a list.": lambda: DataConfig(features="x1"),
    "features lists 'x1' twice": lambda: DataConfig(features=("x1", "x1")),
    "Unknown feature 'x1_square'. Did you mean 'x1_squared'?": lambda: DataConfig(
        features=("x1_square",)
    ),
    "learning_rate is inf; it must be a number between 0 and 1000.": lambda: TrainingConfig(
        learning_rate=math.inf
    ),
    "learning_rate is 10000": lambda: TrainingConfig(learning_rate=10**400),
    "batch_size is None; it must be a whole number": lambda: TrainingConfig(batch_size=None),
    "clip_norm is -1; it must be a number between 1e-06 and 1000000.": lambda: TrainingConfig(
        clip_norm=-1
    ),
    "optimizer_options is [...]; it must be a mapping": lambda: TrainingConfig(
        optimizer_options=[0.9]
    ),
    "Unknown option 'beta1' of adam in optimizer_options. Did you mean 'beta_1'?": lambda: (
        TrainingConfig(optimizer_options={"beta1": 0.9})
    ),
    "beta_1 is 1; it must be a number at least 0 and below 1.": lambda: TrainingConfig(
        optimizer_options={"beta_1": 1}
    ),
    "nesterov is 1; it must be true or false.": lambda: TrainingConfig(
        optimizer="sgd", optimizer_options={"nesterov": 1}
    ),
    "Unknown optimizer 'adma'. Did you mean 'adam'?": lambda: TrainingConfig(
        optimizer="adma", optimizer_options={"beta_1": 0.9}
    ),
    "data is {...}; it must be a DataConfig.": lambda: Experiment(data={"name": "circle"}),
    "seed is -1; it must be a whole number between 0 and": lambda: Experiment(seed=-1),
    "seed is a number of thousands of digits; it must be": lambda: Experiment(seed=10**5000),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_wrong_is_said_in_a_sentence(sentence):
    with pytest.raises(ValueError) as caught:
        REFUSED[sentence]()
    assert type(caught.value) is Refusal
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


# JSON, there and back


@given(EXPERIMENTS)
def test_json_gives_the_same_experiment_back(experiment):
    text = experiment.to_json()
    again = Experiment.from_json(text)
    assert again == experiment
    assert hash(again) == hash(experiment)
    assert again.to_json() == text
    assert read_experiment(experiment.to_mapping()) == (experiment, [])
    assert Experiment.from_json(text.encode()) == experiment
    assert Experiment.from_json("\ufeff" + experiment.to_json(indent=2)) == experiment


def test_json_is_strict_and_says_its_version():
    mapping = EXAMPLE.to_mapping()
    assert mapping["version"] == 1
    with pytest.raises(ValueError, match=r"version is 2, newer than the 1 that is known here"):
        Experiment.from_json(json.dumps({**mapping, "version": 2}))
    with pytest.raises(ValueError, match=r"Unknown field 'sed'. Did you mean 'seed'"):
        Experiment.from_json(json.dumps({**mapping, "sed": 2}))


def test_fields_that_are_missing_take_their_defaults():
    text = '{"network": {"layers": [{"units": 3}]}}'
    assert Experiment.from_json(text) == Experiment(network=NetworkConfig((Dense(3),)))


@given(st.text() | st.binary() | ANYTHING.map(json.dumps) | ANYTHING)
def test_garbage_is_a_sentence_and_never_an_exception(source):
    experiment, problems = read_experiment(source)
    assert Experiment.from_json(experiment.to_json()) == experiment
    assert all(isinstance(sentence, str) and sentence for sentence in problems)
    assert len(problems) <= MOST_PROBLEMS + 1
    if not problems:
        assert Experiment.from_json(source) == experiment
        return
    with pytest.raises(ValueError) as caught:
        Experiment.from_json(source)
    assert str(caught.value) == problems[0]


@given(ANYTHING.flatmap(shaped))
def test_one_wrong_value_costs_no_other_field(mapping):
    experiment, _ = read_experiment(mapping)
    assert experiment.seed == EXAMPLE.seed
    assert experiment.data.train_fraction == EXAMPLE.data.train_fraction
    assert experiment.training.batch_size == EXAMPLE.training.batch_size


# Lenient reading


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("data", "name", "spirl"),
        ("data", "n_samples", 1e300),
        ("data", "n_samples", "many"),
        ("data", "noise", math.nan),
        ("network", "initializer", None),
        ("network", "layers", "deep"),
        ("training", "loss", ["huber"]),
        ("training", "learning_rate", True),
        ("training", "batch_size", {}),
        ("training", "clip_norm", 0),
    ],
)
def test_a_wrong_field_is_named_and_the_rest_kept(part, field, value):
    experiment, problems = read_experiment(replaced((part, field), value))
    (problem,) = problems
    assert field in problem
    assert problem.startswith(f"{part}: ")
    default = getattr(getattr(Experiment(), part), field)
    expected = dataclasses.replace(getattr(EXAMPLE, part), **{field: default})
    assert experiment == dataclasses.replace(EXAMPLE, **{part: expected})


def test_every_valid_layer_feature_and_option_is_kept():
    experiment, problems = read_experiment(
        {
            "data": {"features": ["x1", "x3", "x2", "x1"]},
            "network": {"layers": [{"units": 8}, 5, {"units": 0, "activation": "relu"}, {}]},
            "training": {
                "optimizer": "sgd",
                "optimizer_options": {"momentum": 0.5, "beta_1": 0.9, "nesterov": "yes"},
            },
        }
    )
    assert experiment.data.features == ("x1", "x2")
    assert experiment.network.layers == (Dense(8), Dense(activation="relu"), Dense())
    assert experiment.training.optimizer_options == {"momentum": 0.5}
    assert [problem.partition(". ")[0] for problem in problems] == [
        "data: Unknown feature 'x3'",
        "data: features lists 'x1' twice; each may be there once.",
        "network: layer 2 is 5; it must be a JSON object.",
        "layer 3: units is 0; it must be a whole number between 1 and 65536.",
        "optimizer_options: Unknown option 'beta_1' of sgd",
        "optimizer_options: nesterov is 'yes'; it must be true or false.",
    ]


def test_a_newer_version_keeps_what_is_known():
    mapping = {**EXAMPLE.to_mapping(), "version": 9, "weather": "fine"}
    experiment, problems = read_experiment(mapping)
    assert experiment == EXAMPLE
    assert problems[0].startswith("version is 9, newer than the 1 that is known here")
    assert problems[1].startswith("Unknown field 'weather'.")


@pytest.mark.parametrize("version", [0, -1, 1.5, "1", None, True, math.nan, [1]])
def test_a_wrong_version_is_named(version):
    experiment, problems = read_experiment({**EXAMPLE.to_mapping(), "version": version})
    assert experiment == EXAMPLE
    assert problems[0].startswith("version is ")


def test_caps_tighten_the_limits():
    mapping = {"network": {"layers": [{"units": 2000}, {"units": 3}, {}]}, "seed": 4}
    experiment, problems = read_experiment(mapping, caps={"units": 1024, "layers": 2})
    assert experiment.network.layers == (Dense(), Dense(3))
    assert problems == [
        "network: layers has 3 entries; the first 2 were kept.",
        "layer 1: units is 2000; it must be a whole number between 1 and 1024.",
    ]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "This is no experiment in JSON: Expecting value at line 1, column 1."),
        (b"\xff\xfe", "This is no experiment in JSON: it is not text in UTF-8."),
        ("[" * 500_000, "This is no experiment in JSON: it is nested too deeply."),
        ('{"a":' * 100_000, "This is no experiment in JSON: it is nested too deeply."),
        ('{"seed":' + "9" * 5000 + "}", "This is no experiment in JSON: it holds a number of"),
        (" " * (MOST_BYTES + 1), "An experiment has at most 1000000 bytes; this has 1000001."),
        ("[1]", "An experiment is a JSON object with data, network and training; this is [...]."),
        (None, "An experiment is a JSON object with data, network and training; this is None."),
        (object, "An experiment is a JSON object with data, network and training; this is <"),
    ],
)
def test_text_that_is_no_experiment_is_answered_with_the_default(source, sentence):
    experiment, problems = read_experiment(source)
    assert experiment == Experiment()
    (problem,) = problems
    assert problem.startswith(sentence)


def test_very_many_mistakes_make_few_sentences():
    mistakes = {f"field_{i}": i for i in range(10_000)}
    layers = [{"units": -1, **mistakes}] * 60_000
    experiment, problems = read_experiment({**mistakes, "network": {"layers": layers}, "seed": 3})
    assert experiment == Experiment(network=NetworkConfig([Dense()] * 64), seed=3)
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].startswith("And ")


# The package


def test_public_names_are_there_and_cost_nothing_to_import():
    heavy = ["numpy", "pydantic", "numba", "scipy", "sklearn", "streamlit"]
    code = f"import sys, core; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(core.__all__) == set(dir(core))
    for name in core.__all__:
        assert getattr(core, name) is not None
    with pytest.raises(AttributeError, match="module 'core' has no attribute 'Trainr'"):
        core.Trainr  # noqa: B018
