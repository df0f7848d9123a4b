"""Every record of the registries against an independent formula and central differences."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats

from core.maths import random, scalar
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS, SOFTMAX
from core.maths.initializers import INITIALIZERS
from core.maths.limits import Limits
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS, RULES
from core.maths.options import Option
from core.maths.orthogonal import matrix_step, orthogonalized
from core.maths.registry import get, shown
from core.maths.regularizers import REGULARIZERS
from core.maths.rules import N_CONSTANTS, N_SLOTS
from core.maths.schedules import SCHEDULES
from tests import naive, scalars

REGISTRIES = {
    "activation": OUTPUT_ACTIVATIONS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "schedule": SCHEDULES,
    "normalization": NORMALIZATIONS,
}
FUNCTIONS = dict(scalars.registered())
SMOOTH = np.linspace(-8.0, 8.0, 160)  # without 0, where some slopes or curvatures jump
GRID = np.concatenate([np.linspace(-8.0, 8.0, 161), [-1000.0, -30.0, 1e-6, -1e-6, 30.0, 1000.0]])

# Independent formulas, over float64 arrays.
ACTIVATION_FORMULAS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: 1.05070098 * np.where(z > 0, z, 1.67326324 * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "softsign": lambda z: z / (np.abs(z) + 1),
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "sine": np.sin,
    "gaussian": lambda z: np.exp(-(z**2)),
}
LOSS_FORMULAS = {
    "mean_squared_error": lambda y, p: (y - p) ** 2,
    "mean_absolute_error": lambda y, p: np.abs(y - p),
    "huber": lambda y, p: special.huber(1.0, y - p),
    "log_cosh": lambda y, p: np.logaddexp(y - p, p - y) - np.log(2),
    "binary_crossentropy": lambda y, p: -special.xlogy(y, p) - special.xlog1py(1 - y, -p),
    "categorical_crossentropy": lambda y, p: -special.xlogy(y, p),
    "hinge": lambda y, p: np.maximum(1 - y * p, 0),
    "squared_hinge": lambda y, p: np.maximum(1 - y * p, 0) ** 2,
}
PENALTY_FORMULAS = {
    "none": lambda w, rate: 0 * w,
    "l1": lambda w, rate: rate * np.abs(w),
    "l2": lambda w, rate: rate * w**2,
    "l1_l2": lambda w, rate: rate * np.abs(w) + rate * w**2,
}


def slope(function, x, h=1e-6):
    return (function(x + h) - function(x - h)) / (2 * h)


def targets_and_outputs(loss):
    targets = {"zero_one": (0.0, 1.0, 0.3), "plus_minus": (-1.0, 1.0), "value": (-2.0, 0.0, 0.7)}
    outputs = np.linspace(0.005, 0.995, 67) if loss.targets == "zero_one" else SMOOTH + 0.013
    return [(y, float(p)) for y in targets[loss.targets] for p in outputs]


# Registries


@pytest.mark.parametrize("registry", REGISTRIES.values(), ids=REGISTRIES)
def test_records_carry_their_name_a_label_and_a_formula(registry):
    for name, record in registry.items():
        assert record.name == name
        assert record.label
        assert record.latex
        assert record.latex.count("{") == record.latex.count("}")
        assert record.latex.count(r"\left(") == record.latex.count(r"\right)")
    assert len({record.label for record in registry.values()}) == len(registry)


def test_the_lists_are_complete():
    assert list(ACTIVATIONS) == list(ACTIVATION_FORMULAS)
    assert list(LOSSES) == list(LOSS_FORMULAS)
    assert list(OPTIMIZERS) == [
        *("sgd", "rmsprop", "adagrad", "adadelta"),
        *("adam", "adamw", "adamax", "nadam", "lion", "muon"),
    ]
    assert list(REGULARIZERS) == list(PENALTY_FORMULAS)
    assert {"zeros", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"} < {*INITIALIZERS}
    assert list(OUTPUT_ACTIVATIONS) == [*ACTIVATIONS, SOFTMAX]


def test_a_wrong_name_is_answered_with_the_nearest_one():
    assert get(ACTIVATIONS, "relu") is ACTIVATIONS["relu"]
    with pytest.raises(
        ValueError, match=r"^Unknown activation 'rleu'. Did you mean 'relu'\? Choose"
    ):
        get(ACTIVATIONS, "rleu")
    with pytest.raises(ValueError, match=r"Unknown activation 'ReLU'. Did you mean 'relu'\?"):
        get(ACTIVATIONS, "ReLU")
    with pytest.raises(
        ValueError, match=r"^Unknown loss 'qqqq'. Choose one of: mean_squared_error, "
    ):
        get(LOSSES, "qqqq", "loss")


@pytest.mark.parametrize("name", [None, 3, True, ["relu"], {}, "x" * 100_000, "\ud800", "\x00"])
def test_whatever_a_name_is_the_answer_is_a_short_sentence(name):
    with pytest.raises(ValueError, match="Unknown activation") as caught:
        get(ACTIVATIONS, name)
    assert len(str(caught.value)) < 400
    assert str(caught.value).encode()


class Unprintable:
    def __repr__(self):
        raise RuntimeError


def test_values_are_shown_short():
    assert shown("a" * 100) == repr("a" * 37 + "...")
    assert shown({"a": 1}) == "{...}"
    assert shown([]) == "[]"
    assert shown(10**5000) == "a number of thousands of digits"
    assert shown(1.5) == "1.5"
    assert shown(Unprintable()) == "some Unprintable"


@pytest.mark.parametrize(
    "value", [True, "1", None, math.nan, math.inf, -1, 11, 10**400, Fraction(10**400), [1], 2.5]
)
def test_limits_refuse_what_is_no_number_within_them(value):
    with pytest.raises(
        ValueError, match=r"^size is .*; it must be a whole number between 0 and 10\.$"
    ):
        Limits(0, 10, whole=True).check("size", value)


def test_limits_accept_every_kind_of_number():
    for value in (3, 3.0, np.int8(3), np.float32(3)):
        kept = Limits(0, 10, whole=True).check("size", value)
        assert (kept, type(kept)) == (3, int)
    assert type(Limits(0.0, 1.0).check("share", 1)) is float
    with pytest.raises(ValueError, match="share is 1; it must be a number at least 0 and below 1"):
        Limits(0.0, 1.0, open_high=True).check("share", 1)


# The rules of scalar functions


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_scalar_functions_hold_nothing_but_floats_and_names_of_scalar(function):
    allowed = (*scalar.PRIMITIVES, *scalar.HELPERS)
    assert all(type(constant) is float for constant in scalars.constants(function))
    for name, value in scalars.global_values(function).items():
        assert type(value) is float or (name in allowed and value is getattr(scalar, name))
    assert not function.__code__.co_freevars
    assert not function.__code__.co_flags & 0x0C  # neither *args nor **kwargs
    assert function.__defaults__ is None


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_prepare_is_plain_arithmetic(optimizer):
    assert scalars.global_values(optimizer.prepare) == {}
    prepared = optimizer.prepare(optimizer.values(), 0.01, 1.0)
    assert [type(constant) for constant in prepared] == [float] * N_CONSTANTS


def test_primitives_answer_where_math_raises():
    assert scalar.exp(1000.0) == scalar.expm1(1000.0) == math.inf
    assert scalar.log(0.0) == scalar.log1p(-1.0) == -math.inf
    undefined = (scalar.log(-1.0), scalar.log1p(-2.0), scalar.sqrt(-1.0), scalar.sin(math.inf))
    assert all(math.isnan(value) for value in (*undefined, scalar.cos(-math.inf)))
    assert all(math.isnan(getattr(scalar, name)(math.nan)) for name in scalar.PRIMITIVES)


# Activations


@pytest.mark.parametrize("record", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activation_is_its_formula(record):
    values = [record.function(float(z)) for z in GRID]
    np.testing.assert_allclose(
        values, ACTIVATION_FORMULAS[record.name](GRID), rtol=1e-7, atol=1e-14
    )


@pytest.mark.parametrize("record", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activation_slope_is_the_difference_quotient(record):
    for z in SMOOTH:
        expected = slope(record.function, z)
        assert record.derivative(z, record.function(z)) == pytest.approx(expected, abs=2e-8)


def test_at_a_kink_the_slope_is_that_of_the_left_side():
    slopes = {name: ACTIVATIONS[name].derivative(0.0, 0.0) for name in ("relu", "leaky_relu")}
    assert slopes == {"relu": 0.0, "leaky_relu": 0.2}


@pytest.mark.parametrize("record", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activation_keeps_nan(record):
    assert math.isnan(record.function(math.nan))


@pytest.mark.parametrize("record", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activation_stays_right_in_float32(record):
    function, derivative = scalars.single(record.function), scalars.single(record.derivative)
    with np.errstate(over="ignore", under="ignore"):  # of a branch not taken, of e^-1e4
        for z in np.float32([-1e4, -100, -20, -1, -1e-4, 0, 1e-4, 1, 20, 100, 1e4]):
            a = function(z)
            da = derivative(z, a)
            assert {type(a), type(da)} == {np.float32}
            exact = record.function(float(z))
            assert a == pytest.approx(exact, rel=2e-6, abs=1e-7)
            assert da == pytest.approx(record.derivative(float(z), exact), rel=2e-6, abs=5e-7)


# Losses and penalties


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_is_its_formula(loss):
    for y, p in targets_and_outputs(loss):
        assert loss.function(y, p) == pytest.approx(LOSS_FORMULAS[loss.name](y, p), abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_slope_is_the_difference_quotient(loss):
    for y, p in targets_and_outputs(loss):
        expected = slope(lambda q, y=y: loss.function(y, q), p, h=1e-7)
        assert loss.derivative(y, p) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_crossentropies_clip_the_probability_as_keras_does(name):
    loss = LOSSES[name]
    for p in (0.0, -3.0, 1e-9):
        assert loss.function(1.0, p) == pytest.approx(-math.log(1e-7))
        assert loss.derivative(1.0, p) == 0.0
    assert loss.function(1.0, 1.0) == pytest.approx(1e-7)
    assert loss.derivative(1.0, 1.0) == 0.0
    assert math.isnan(loss.function(1.0, math.nan))
    assert math.isnan(loss.derivative(1.0, math.nan))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_stays_finite_in_float32(loss):
    function, derivative = scalars.single(loss.function), scalars.single(loss.derivative)
    with np.errstate(under="ignore"):
        for y in np.float32([-1, 0, 1]):
            for p in np.float32([-1e4, -1, 0, 1e-30, 0.5, 1, 1e4]):
                value, change = function(y, p), derivative(y, p)
                assert {type(value), type(change)} == {np.float32}
                assert np.isfinite([value, change]).all()


def test_losses_say_how_they_are_used():
    outputs = {name: loss.output_activation for name, loss in LOSSES.items()}
    assert outputs["binary_crossentropy"] == "sigmoid"
    assert outputs["categorical_crossentropy"] == "softmax"
    assert {outputs[name] for name in ("mean_squared_error", "hinge")} == {"linear"}
    by_samples = [name for name, loss in LOSSES.items() if loss.mean_over == "samples"]
    assert by_samples == ["categorical_crossentropy"]
    hinges = [name for name, loss in LOSSES.items() if loss.targets == "plus_minus"]
    assert hinges == ["hinge", "squared_hinge"]


@pytest.mark.parametrize("record", REGULARIZERS.values(), ids=REGULARIZERS)
def test_penalty_and_its_slope(record):
    for w in np.linspace(-2.0, 2.0, 40):
        expected = PENALTY_FORMULAS[record.name](w, 0.03)
        assert record.penalty(w, 0.03) == pytest.approx(expected, abs=1e-15)
        quotient = slope(lambda v: record.penalty(v, 0.03), w)
        assert record.derivative(w, 0.03) == pytest.approx(quotient, abs=1e-9)
    assert record.derivative(0.0, 0.03) == 0.0


# Optimizers


def run(name, gradients, start, learning_rate, **options):
    """Apply a record's update to an array of parameters, gradient by gradient; every state of w."""
    record = OPTIMIZERS[name].under(options)
    h = record.values(options)
    w = np.array(start, dtype=np.float64)
    slots = np.full((N_SLOTS, w.size), record.starting_slot(options))
    states = []
    for t, g in enumerate(gradients, start=1):
        constants = record.prepare(h, learning_rate, float(t))
        for k in range(w.size):
            w[k], *slots[:, k] = record.update(w[k], g[k], *slots[:, k], *constants)
        states.append(w.copy())
    return np.array(states)


GRADIENTS = np.array([[0.5, -2.0, 0.0], [0.25, -1.0, 0.1], [-0.75, 3.0, 0.1], [0.1, 0.1, -5.0]])
START = np.array([1.0, -1.0, 0.5])


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd(momentum, nesterov):
    w, velocity, expected = START.copy(), np.zeros(3), []
    for g in GRADIENTS:
        velocity = momentum * velocity - 0.1 * g
        w = w + (momentum * velocity - 0.1 * g if nesterov else velocity)
        expected.append(w)
    states = run("sgd", GRADIENTS, START, 0.1, momentum=momentum, nesterov=nesterov)
    np.testing.assert_allclose(states, expected, rtol=1e-13)


def test_sgd_by_hand():
    # v1 = -0.1 * 1 = -0.1, w = 0.9; v2 = 0.5 * -0.1 - 0.1 * 2 = -0.25, w = 0.65
    states = run("sgd", [[1.0], [2.0]], [1.0], 0.1, momentum=0.5)
    np.testing.assert_allclose(states, [[0.9], [0.65]])


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_rmsprop(momentum):
    w, velocity, moment, expected = START.copy(), np.zeros(3), np.zeros(3), []
    for g in GRADIENTS:
        velocity = 0.7 * velocity + 0.3 * g**2
        moment = momentum * moment + 0.01 * g / np.sqrt(velocity + 1e-5)
        w = w - moment
        expected.append(w)
    states = run("rmsprop", GRADIENTS, START, 0.01, rho=0.7, momentum=momentum, epsilon=1e-5)
    np.testing.assert_allclose(states, expected, rtol=1e-12)


def test_adagrad():
    w, accumulator, expected = START.copy(), np.full(3, 0.3), []
    for g in GRADIENTS:
        accumulator = accumulator + g**2
        w = w - 0.2 * g / np.sqrt(accumulator + 1e-6)
        expected.append(w)
    states = run("adagrad", GRADIENTS, START, 0.2, initial_accumulator_value=0.3, epsilon=1e-6)
    np.testing.assert_allclose(states, expected, rtol=1e-13)


OPTIONS_OF_THE_REFERENCE = [
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"rho": 0.7, "momentum": 0.4, "epsilon": 1e-3}),
    ("rmsprop", {"rho": 0.7, "momentum": 0.4, "epsilon": 1e-3, "centered": True}),
    ("adadelta", {"rho": 0.8, "epsilon": 1e-3}),
    ("adam", {"beta_1": 0.8, "beta_2": 0.5, "amsgrad": True}),
    ("adamw", {"beta_1": 0.8, "beta_2": 0.5, "weight_decay": 0.1, "amsgrad": True}),
    ("adamax", {"beta_1": 0.7, "beta_2": 0.8}),
    ("nadam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("lion", {"beta_1": 0.8, "beta_2": 0.6}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS_OF_THE_REFERENCE)
def test_each_rule_is_the_reference_s(name, options):
    settings = naive.Training(
        optimizer=name, learning_rate=0.05, options=OPTIMIZERS[name].values(options)
    )
    w, slots, expected = START.copy(), [], []
    for step, g in enumerate(GRADIENTS, start=1):
        naive.optimize(w, g, slots, settings, step)
        expected.append(w.copy())
    np.testing.assert_allclose(run(name, GRADIENTS, START, 0.05, **options), expected, rtol=1e-12)


@pytest.mark.parametrize("step", [1, 2, 3, 10, 100, 1000, 100_000])
@pytest.mark.parametrize("beta_1", [0.0, 0.5, 0.9, 0.999])
def test_nadam_has_the_product_of_its_momenta_from_the_step_alone(step, beta_1):
    momenta = [naive.momentum_of_nadam(beta_1, i) for i in range(1, step + 2)]
    old, new, *_ = OPTIMIZERS["nadam"].prepare((beta_1, 0.0, 0.0), 1.0, float(step))
    assert old == pytest.approx(momenta[-1] / (1 - np.prod(momenta)), rel=1e-13)
    assert new == pytest.approx((1 - momenta[-2]) / (1 - np.prod(momenta[:-1])), rel=1e-13)


def test_a_flag_that_asks_for_more_memory_makes_a_variant():
    assert OPTIMIZERS["adam"].under({"amsgrad": False}) is OPTIMIZERS["adam"]
    amsgrad = OPTIMIZERS["adam"].under({"amsgrad": True})
    assert amsgrad.slots == ("m", "v", "largest_v")
    assert OPTIMIZERS["rmsprop"].under({"centered": True}).slots[2] == "mean"
    assert all(variant in RULES for r in OPTIMIZERS.values() for variant in r.variants.values())


def test_a_variance_that_rounding_makes_negative_is_none():
    rule = OPTIMIZERS["rmsprop"].under({"centered": True})
    constants = rule.prepare(rule.values({"epsilon": 0.01}), 0.1, 1.0)
    w, *_ = rule.update(1.0, 1.0, 0.999, 0.0, 1.0, *constants)
    assert w == pytest.approx(1.0 - 0.1 / math.sqrt(0.01))


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adamw", 0.1)])
def test_adam_and_adamw(name, decay):
    w, m, v, expected = START.copy(), np.zeros(3), np.zeros(3), []
    for t, g in enumerate(GRADIENTS, start=1):
        w = w - 0.05 * decay * w
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g**2
        rate = 0.05 * np.sqrt(1 - 0.95**t) / (1 - 0.8**t)
        w = w - rate * m / (np.sqrt(v) + 1e-7)
        expected.append(w)
    options = {"weight_decay": decay} if decay else {}
    states = run(name, GRADIENTS, START, 0.05, beta_1=0.8, beta_2=0.95, **options)
    np.testing.assert_allclose(states, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", [0.5, -1.0, -0.5, 3.0]),
        ("rmsprop", [-0.5811, 0.4189, 1.4189, 2.4189]),
        ("adagrad", [0.5233, 1.5007, 2.5005, 3.5061]),
        ("adam", [0.5, 1.5, 2.5, 3.5]),
        ("adamw", [0.4980, 1.4960, 2.4940, 3.4920]),
        ("adadelta", [0.9993, 1.9993, 2.9993, 3.9993]),
        ("adamax", [0.5, 1.5, 2.5, 3.5]),
        ("nadam", [0.4686, 1.4686, 2.4686, 3.4686]),
        ("lion", [0.5, 1.5, 2.5, 3.5]),
    ],
)
def test_a_first_step_is_what_keras_publishes_for_its_own(name, expected):
    # keras/src/optimizers/*_test.py, test_single_step
    states = run(name, [[1.0, 6.0, 7.0, 2.0]], [1.0, 2.0, 3.0, 4.0], 0.5)
    np.testing.assert_allclose(states[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "learning_rate", "options", "last"),
    [
        ("sgd", 0.01, {"nesterov": True}, [0.9959, 0.9599]),
        ("adagrad", 0.2, {"initial_accumulator_value": 0.3, "epsilon": 1e-6}, [0.856, 0.4825]),
        ("adamw", 1.0, {"weight_decay": 0.5, "epsilon": 2.0}, [0.0263, -0.0159]),
    ],
)
def test_five_steps_end_where_keras_ends(name, learning_rate, options, last):
    # keras/src/optimizers/*_test.py, test_correctness_with_golden: its first and last parameter
    gradients = [[0.01, 0.01]] + 4 * [[0.1, 1.0]]
    states = run(name, gradients, [1.0, 1.0], learning_rate, **options)
    np.testing.assert_allclose(states[-1], last, atol=5e-4)


EACH_RULE = pytest.mark.parametrize("record", RULES, ids=lambda r: f"{r.name}-{len(r.slots)}")


@EACH_RULE
def test_update_in_float32_stays_float32(record):
    update = scalars.single(record.update)
    constants = np.float32(record.prepare(record.values(), 0.01, 3.0))
    state = update(*np.float32([0.3, -0.2, 0.1, 0.05, 0.07]), *constants)
    assert {type(value) for value in state} <= {np.float32}
    constants = record.prepare(record.values(), 0.01, 3.0)
    exact = record.update(0.3, -0.2, 0.1, 0.05, 0.07, *constants)
    np.testing.assert_allclose(state, exact, rtol=1e-6)


@EACH_RULE
def test_an_unused_slot_passes_through(record):
    assert len(record.slots) <= N_SLOTS
    slots = (0.1, 0.7, 0.8)
    state = record.update(0.3, -0.2, *slots, *record.prepare(record.values(), 0.01, 3.0))
    unused = len(record.slots)
    assert state[1 + unused :] == slots[unused:]


@EACH_RULE
def test_a_step_goes_downhill(record):
    constants = record.prepare(record.values(), 0.01, 1.0)
    start = record.starting_slot()
    assert record.update(1.0, 0.5, start, start, start, *constants)[0] < 1.0


def test_defaults_are_those_of_keras():
    defaults = {
        name: {option: o.default for option, o in record.options.items()}
        for name, record in OPTIMIZERS.items()
    }
    adam = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    assert defaults == {
        "sgd": {"momentum": 0.0, "nesterov": False},
        "rmsprop": {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
        "adagrad": {"initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "adadelta": {"rho": 0.95, "epsilon": 1e-7},
        "adam": {**adam, "amsgrad": False},
        "adamw": {**adam, "weight_decay": 0.004, "amsgrad": False},
        "adamax": adam,
        "nadam": adam,
        "lion": {"beta_1": 0.9, "beta_2": 0.99},
        "muon": {
            **{"adam_beta_1": 0.9, "adam_beta_2": 0.999, "adam_weight_decay": 0.004},
            **{"epsilon": 1e-7, "weight_decay": 0.004},
            **{"muon_a": 3.4445, "muon_b": -4.775, "muon_c": 2.0315, "adam_lr_ratio": 1.0},
            **{"momentum": 0.95, "ns_steps": 5, "nesterov": True, "rms_rate": 0.2},
        },
    }
    rates = {name: record.learning_rate for name, record in OPTIMIZERS.items()}
    assert rates == {name: 0.01 if name == "sgd" else 0.001 for name in OPTIMIZERS}


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (1, 6), (6, 1)])
def test_the_orthogonal_part_keeps_directions_and_evens_out_lengths(shape):
    """N = U S V': Keras's iteration takes each singular value by itself, near to 1, as U s V'."""
    N = np.random.default_rng(0).normal(size=shape)
    a, b, c = 3.4445, -4.775, 2.0315
    U, S, V = np.linalg.svd(N, full_matrices=False)
    s = S / (np.sqrt((S**2).sum()) + 1e-7)
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    assert s.min() > 0.6
    assert s.max() < 1.25
    np.testing.assert_allclose(orthogonalized(N, 5, a, b, c), U * s @ V, atol=1e-12)
    assert not orthogonalized(np.zeros(shape), 5, a, b, c).any()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("rms_rate", [0.0, 0.2])
def test_two_steps_of_muon_s_matrices(nesterov, rms_rate):
    rng, record = np.random.default_rng(1), OPTIMIZERS["muon"]
    options = {"nesterov": nesterov, "rms_rate": rms_rate, "weight_decay": 0.1, "momentum": 0.8}
    constants = record.matrix_prepare(record.values(options), 0.05, 6.0, 3.0)
    W, M = rng.normal(size=(6, 3)), np.zeros((6, 3))
    w, m = W.copy(), M.copy()
    for G in rng.normal(size=(2, 6, 3)):
        step = matrix_step(W, G, M, constants)
        W, M = step.after, step.momentum
        m = 0.8 * m + G
        read = G + 0.8 * m if nesterov else m
        scale = rms_rate * np.sqrt(6) if rms_rate else 1.0
        w = w - 0.05 * 0.1 * w - 0.05 * scale * naive.newton_schulz(read, 5, 3.4445, -4.775, 2.0315)
        np.testing.assert_allclose(step.read, read, rtol=1e-13)
        np.testing.assert_allclose(W, w, rtol=1e-12)


def test_what_is_no_matrix_muon_moves_as_adamw_with_its_own_share_of_the_rate():
    options = {"adam_lr_ratio": 0.3, "adam_beta_1": 0.8, "adam_weight_decay": 0.0}
    states = run("muon", GRADIENTS, START, 0.05, **options)
    np.testing.assert_allclose(states, run("adam", GRADIENTS, START, 0.015, beta_1=0.8), rtol=1e-12)
    decayed = run("muon", GRADIENTS[:1], START, 0.05, adam_weight_decay=0.1)[0]
    np.testing.assert_allclose(
        decayed, run("adamw", GRADIENTS[:1], START, 0.05, weight_decay=0.1)[0], rtol=1e-12
    )


def test_option_values_come_in_order_with_defaults_filled_in():
    assert OPTIMIZERS["sgd"].values({"nesterov": True}) == (0.0, 1.0)
    assert OPTIMIZERS["adam"].values() == (0.9, 0.999, 1e-7, 0.0)
    assert OPTIMIZERS["adagrad"].starting_slot() == OPTIMIZERS["adagrad"].slot_start == 0.1
    assert OPTIMIZERS["adagrad"].starting_slot({"initial_accumulator_value": 0.3}) == 0.3
    assert OPTIMIZERS["adam"].starting_slot({"beta_1": 0.5}) == 0.0


def test_options_are_checked_in_words():
    flag, beta = OPTIMIZERS["sgd"].options["nesterov"], OPTIMIZERS["adam"].options["beta_1"]
    assert flag.check("nesterov", True) is True
    assert beta.check("beta_1", 0) == 0.0
    with pytest.raises(ValueError, match="nesterov is 1; it must be true or false"):
        flag.check("nesterov", 1)
    with pytest.raises(
        ValueError, match="beta_1 is True; it must be a number at least 0 and below 1"
    ):
        beta.check("beta_1", True)
    assert all(
        isinstance(option, Option)
        and option.label
        and option.check(name, option.default) is not None
        for record in OPTIMIZERS.values()
        for name, option in record.options.items()
    )


# Initializers

U = (np.arange(200_000) + 0.5) / 200_000  # evenly spread: means and deviations without chance


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", math.sqrt(6 / (30 + 20))),
        ("he_uniform", math.sqrt(6 / 30)),
        ("uniform", 0.5),
    ],
)
def test_uniform_initializers_fill_their_interval(name, limit):
    weights = INITIALIZERS[name].weights(U, 30, 20)
    assert weights.dtype == np.float64
    assert weights.min() == pytest.approx(-limit, rel=1e-4)
    assert weights.max() == pytest.approx(limit, rel=1e-4)
    assert weights.std() == pytest.approx(limit / math.sqrt(3), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "variance"),
    [("glorot_normal", 2 / (30 + 20)), ("he_normal", 2 / 30), ("lecun_normal", 1 / 30)],
)
def test_normal_initializers_are_normals_cut_at_two_deviations(name, variance):
    weights = INITIALIZERS[name].weights(U, 30, 20)
    deviation = math.sqrt(variance) / stats.truncnorm(-2, 2).std()
    assert weights.std() == pytest.approx(math.sqrt(variance), rel=1e-5)
    np.testing.assert_allclose(
        weights, stats.truncnorm(-2, 2, scale=deviation).ppf(U), rtol=1e-8, atol=1e-12
    )


def test_initial_biases_and_shapes():
    biases = {name: record.bias for name, record in INITIALIZERS.items() if record.bias}
    assert biases == {"uniform": 0.1}
    for record in INITIALIZERS.values():
        assert record.drawn(U[:6].reshape(2, 3), 2, 3).shape == (2, 3)
    assert not INITIALIZERS["zeros"].weights(U, 2, 3).any()


@pytest.mark.parametrize(
    ("name", "options", "same_as"),
    [
        ("variance_scaling", {}, "lecun_normal"),
        ("variance_scaling", {"scale": 2.0}, "he_normal"),
        ("variance_scaling", {"scale": 2.0, "distribution": "uniform"}, "he_uniform"),
        ("variance_scaling", {"mode": "fan_avg", "distribution": "uniform"}, "glorot_uniform"),
        ("variance_scaling", {"mode": "fan_avg"}, "glorot_normal"),
        ("constant", {}, "zeros"),
    ],
)
def test_special_cases_have_names_of_their_own(name, options, same_as):
    drawn = INITIALIZERS[name].drawn(U, 30, 20, options)
    np.testing.assert_allclose(drawn, INITIALIZERS[same_as].drawn(U, 30, 20), rtol=1e-14)


def test_variance_scaling_by_units_without_a_cut():
    options = {"scale": 3.0, "mode": "fan_out", "distribution": "untruncated_normal"}
    drawn = INITIALIZERS["variance_scaling"].drawn(U, 30, 20, options)
    np.testing.assert_allclose(drawn, stats.norm(scale=math.sqrt(3 / 20)).ppf(U), rtol=1e-8)


def test_a_truncated_normal_has_its_own_mean_and_deviation():
    drawn = INITIALIZERS["truncated_normal"].drawn(U, 30, 20, {"mean": 1.0, "stddev": 0.1})
    expected = stats.truncnorm(-2, 2, loc=1.0, scale=0.1).ppf(U)
    np.testing.assert_allclose(drawn, expected, rtol=1e-8)
    assert INITIALIZERS["constant"].drawn(U, 3, 2, {"value": 0.5}).tolist() == [0.5] * len(U)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (1, 6), (6, 1)])
def test_orthogonal_weights_keep_lengths(shape):
    u = random.uniforms(1, random.INITIALIZE, 0, math.prod(shape))
    weights = INITIALIZERS["orthogonal"].drawn(u, *shape, {"gain": 2.0}).reshape(shape)
    small = weights.T @ weights if shape[0] >= shape[1] else weights @ weights.T
    np.testing.assert_allclose(small, 4.0 * np.eye(min(shape)), atol=1e-12)


def test_orthogonal_weights_are_drawn_evenly():
    """No direction is preferred: the mean of many rotations is nothing."""
    rotations = [
        INITIALIZERS["orthogonal"].drawn(random.uniforms(s, random.INITIALIZE, 0, 4), 2, 2)
        for s in range(2000)
    ]
    assert np.abs(np.mean(rotations, axis=0)).max() < 0.06
