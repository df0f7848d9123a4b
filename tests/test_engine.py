"""The engine: whole training against the reference, determinism, recording, divergence, cache."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import cpu
from core.engine.cpu import CPUEngine
from core.engine.layout import Layout
from core.engine.memory import Image
from core.experiment import Dense, NetworkConfig
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS, RULES
from tests import naive
from tests.backends import kind_of_engine, on_every_backend
from tests.naive import Net, Training

ROOT = Path(__file__).resolve().parent.parent
NO_ROWS = np.empty((0, 99))
NEVER = 10**9  # a stride under which no step is recorded


def an_engine(net: Net, X, Y, t: Training) -> CPUEngine:
    """The engine set up as the reference is."""
    sizes = (X.shape[1], *(len(b) for b in net.biases))
    engine = kind_of_engine()(
        Layout(sizes, tuple(net.activations), net.normalizations),
        X,
        Y,
        loss=t.loss,
        optimizer=t.optimizer,
        seed=t.seed,
        options=dict(zip(OPTIMIZERS[t.optimizer].options, t.options, strict=False)),
    )
    engine.params[:] = net.whole
    engine.configure(
        learning_rate=t.learning_rate,
        options=t.options or OPTIMIZERS[t.optimizer].values(),
        batch_size=t.batch_size,
        dropout=t.dropout,
        regularizer=t.regularizer,
        regularization_rate=t.regularization_rate,
        clip_value=t.clip_value,
        clip_norm=t.clip_norm,
        global_clip_norm=t.global_clip_norm,
        label_smoothing=t.label_smoothing,
        max_norm=t.max_norm,
        input_noise=t.input_noise,
        translation=t.translation,
        rotation=t.rotation,
        zoom=t.zoom,
        cutout=t.cutout,
        mixup=t.mixup,
        image=Image(t.shape, np.asarray(t.background, np.float32)) if t.shape else None,
        weights=np.asarray(t.weights, dtype=np.float32) if len(t.weights) else None,
    )
    return engine


def classes(n: int, n_inputs: int = 2, n_classes: int = 3, seed: int = 0):
    """n random samples, and which of k classes each is in, one-hot."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_inputs)).astype(np.float32)
    numbers = np.digitize(X[:, 0] * X[:, 1], np.linspace(-1, 1, n_classes + 1)[1:-1])
    return X, np.eye(n_classes, dtype=np.float32)[numbers]


def compare(t: Training, sizes=(2, 5, 4, 3), n=50, n_steps=25, tolerance=1e-4) -> None:
    """Train engine and reference side by side: same losses, same parameters."""
    t = replace(t, options=t.options or OPTIMIZERS[t.optimizer].values())
    activations = (*["tanh"] * (len(sizes) - 2), "softmax")
    X, Y = classes(n, sizes[0], sizes[-1])
    net = Net.random(sizes, activations)
    engine = an_engine(net, X, Y, t)
    n_layers = len(sizes) - 1
    rows = np.empty((n_steps, 4 + 3 * n_layers))
    before = net.flat
    assert engine.run(n_steps, rows, 1, 0) == (n_steps, n_steps, True)
    losses = naive.train(net, X.astype(np.float64), Y, t, n_steps)
    np.testing.assert_allclose(rows[:, 2], losses, rtol=1e-4, atol=1e-6)
    moved = np.linalg.norm(net.flat - before)
    assert np.linalg.norm(engine.params - net.flat) < tolerance * moved


CCE = Training("categorical_crossentropy", learning_rate=0.05, batch_size=8)


@on_every_backend
@pytest.mark.parametrize("batch_size", [1, 2, 7, 8, 16, 17, 49, 50, 64])
def test_any_batch_size(batch_size):
    compare(replace(CCE, batch_size=batch_size))


MUON = OPTIMIZERS["muon"].values()
CASES_OF_OPTIMIZERS = [
    ("sgd", (0.0, 0.0)),
    ("sgd", (0.9, 0.0)),
    ("sgd", (0.9, 1.0)),
    ("rmsprop", (0.9, 0.0, 1e-7, 0.0)),
    ("rmsprop", (0.8, 0.5, 1e-5, 0.0)),
    ("rmsprop", (0.8, 0.5, 1e-5, 1.0)),
    ("adagrad", (0.1, 1e-7)),
    ("adagrad", (0.5, 1e-3)),
    ("adadelta", (0.95, 1e-7)),
    ("adadelta", (0.7, 1e-3)),
    ("adam", (0.9, 0.999, 1e-7, 0.0)),
    ("adam", (0.5, 0.9, 1e-3, 0.0)),
    ("adam", (0.5, 0.9, 1e-3, 1.0)),
    ("adamw", (0.9, 0.999, 1e-7, 0.1, 0.0)),
    ("adamw", (0.8, 0.9, 1e-7, 0.1, 1.0)),
    ("adamax", (0.9, 0.999, 1e-7)),
    ("adamax", (0.6, 0.8, 1e-3)),
    ("nadam", (0.9, 0.999, 1e-7)),
    ("nadam", (0.6, 0.8, 1e-3)),
    ("lion", (0.9, 0.99)),
    ("lion", (0.5, 0.7)),
    ("muon", MUON),
    ("muon", (0.7, 0.0, 3.0, 0.0, 0.2, 0.3, 0.8, 0.9, 0.1, 1e-4, 2.0, -1.5, 0.5)),
]


@on_every_backend
@pytest.mark.parametrize(("optimizer", "options"), CASES_OF_OPTIMIZERS)
def test_every_optimizer(optimizer, options):
    rate = 1.0 if optimizer == "adadelta" else 0.01  # its steps begin at sqrt(epsilon)
    compare(replace(CCE, optimizer=optimizer, options=options, learning_rate=rate))


def test_every_optimizer_is_compared():
    compared = {case[0] for case in CASES_OF_OPTIMIZERS}
    assert compared == set(OPTIMIZERS)


@on_every_backend
@pytest.mark.parametrize("dropout", [(0.5, 0.0), (0.0, 0.3), (0.2, 0.6)])
def test_dropout(dropout):
    compare(replace(CCE, dropout=dropout, seed=7))


@on_every_backend
@pytest.mark.parametrize(
    "changes",
    [
        {"regularizer": "l1", "regularization_rate": 0.01},
        {"regularizer": "l2", "regularization_rate": 0.03},
        {"regularizer": "l1_l2", "regularization_rate": 0.01, "optimizer": "adam"},
        {"clip_value": 0.02},
        {"clip_norm": 0.1},
        {"global_clip_norm": 0.1},
        {"clip_norm": 0.1, "regularizer": "l2", "regularization_rate": 0.1},
        {"label_smoothing": 0.2},
        {"input_noise": 0.3, "seed": 5},
        {"max_norm": 0.7},
        {"max_norm": 0.3, "optimizer": "adam"},
        {"seed": 2**53 - 1},
        {"weights": tuple(range(50))},
        {"weights": (0.0, 1.5, 3.25, 0.5, 2.0) * 10, "label_smoothing": 0.1, "dropout": (0.2, 0.0)},
    ],
    ids=str,
)
def test_every_setting(changes):
    compare(replace(CCE, **changes))


@on_every_backend
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "softmax"])
def test_weights_of_samples_under_every_loss(loss, activation):
    """Also where outputs are made to sum to one, or softmax is not under its own loss."""
    if (loss, activation) == ("categorical_crossentropy", "linear"):
        return  # outputs below 0 have no logarithm
    weights = tuple(np.linspace(0, 3, 50).astype(np.float32).tolist())
    t = Training(loss, learning_rate=0.02, batch_size=8, options=(0.0, 0.0), weights=weights)
    X, Y = classes(50)
    net = Net.random((2, 4, 3), ("tanh", activation))
    engine, rows = an_engine(net, X, Y, t), np.empty((20, 10))
    engine.run(20, rows, 1, 0)
    losses = naive.train(net, X.astype(np.float64), Y, t, 20)
    np.testing.assert_allclose(rows[:, 2], losses, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(engine.params, net.flat, rtol=1e-4, atol=1e-5)


@on_every_backend
def test_weights_of_one_change_no_bit():
    plain, weighted = a_run(), a_run()
    options = OPTIMIZERS["adam"].values()
    for engine, weights in ((plain, None), (weighted, np.ones(45, np.float32))):
        engine.configure(learning_rate=0.05, options=options, batch_size=10, weights=weights)
        engine.run(20, NO_ROWS, NEVER, 0)
    assert np.array_equal(plain.params, weighted.params)


def test_input_noise_of_samples_that_lie_as_they_are():
    """Wide first layers are fed a row for each sample."""
    compare(replace(CCE, input_noise=0.2, learning_rate=0.01), (40, 70, 90, 3), n=90)


@on_every_backend
def test_label_smoothing_of_a_single_output():
    t = Training("binary_crossentropy", learning_rate=0.1, batch_size=9, label_smoothing=0.1)
    t = replace(t, options=(0.0, 0.0))
    X, Y = classes(40, n_classes=2)
    net = Net.random((2, 4, 1), ("relu", "sigmoid"))
    engine = an_engine(net, X, Y[:, :1], t)
    engine.run(30, NO_ROWS, NEVER, 0)
    naive.train(net, X.astype(np.float64), Y[:, :1], t, 30)
    np.testing.assert_allclose(engine.params, net.flat, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", [(2, 3), (40, 70, 90, 10), (300, 120, 10), (3, 1, 1, 1, 2)])
def test_every_shape(sizes):
    compare(replace(CCE, batch_size=40, optimizer="adam", learning_rate=0.003), sizes, n=90)


@pytest.mark.parametrize("sizes", [(2, 3), (40, 70, 90, 10), (300, 120, 10), (3, 1, 1, 17, 2)])
def test_matrices_of_every_shape(sizes):
    """Muon's: tall and wide, of one row, of more than one vector, and none at all."""
    t = replace(CCE, batch_size=40, optimizer="muon", learning_rate=0.003)
    compare(t, sizes, n=90, tolerance=3e-4)


def test_scratch_for_matrices_is_there_only_where_matrices_move():
    net, (X, Y) = Net.random((2, 5, 3), ("tanh", "softmax")), classes(20)
    assert an_engine(net, X, Y, CCE).buffers.K.size == 0
    muon = an_engine(net, X, Y, replace(CCE, optimizer="muon"))
    assert muon.buffers.K.size == 16 * (5 + 2 * 2 + 64)


@on_every_backend
def test_a_momentum_that_overflows_is_noticed():
    t = Training("mean_absolute_error", "muon", 1e-3, batch_size=4)
    X, Y = np.full((4, 1), 3e38, dtype=np.float32), np.zeros((4, 1), dtype=np.float32)
    net = Net([np.full((1, 2), 1e-30), np.ones((2, 1))], [np.zeros(2), np.zeros(1)], ["linear"] * 2)
    engine = an_engine(net, X, Y, t)
    done, _, finite = engine.run(5, NO_ROWS, NEVER, 0)
    assert done < 5
    assert not finite
    assert engine.first_nonfinite() == (0, "update")


VARIANT_FLAGS = ("centered", "amsgrad")


def a_bit_of_everything() -> np.ndarray:
    """Parameters, rows, gradients and outputs of short runs that pass through most kernels."""
    results, (X, Y) = [], classes(20, 20)
    t = replace(
        CCE,
        dropout=(0.2, 0.0),
        regularizer="l1_l2",
        regularization_rate=0.01,
        global_clip_norm=0.5,
        label_smoothing=0.1,
        max_norm=0.9,
        input_noise=0.1,
        weights=(0.5, 2.0) * 10,
    )
    for rule in RULES:
        net = Net.random((20, 9, 4, 3), ("gelu", "relu", "softmax"))
        flags = {flag: rule in OPTIMIZERS[rule.name].variants.values() for flag in VARIANT_FLAGS}
        own = replace(t, optimizer=rule.name, options=rule.values(flags))
        engine, rows = an_engine(net, X, Y, own), np.zeros((4, 13))
        engine.run(4, rows, 1, 0)
        layout, params = engine.layout, engine.params
        results += [params, rows.ravel(), cpu.layer_outputs(layout, params, X)[0].ravel()]
        results.append(cpu.loss_and_gradients(layout, params, X, Y, "huber")[1])
    X, Y = classes(20, 20)
    activations, both = ("gelu", "relu", "softmax"), ("batch", "layer")
    engine = an_engine(
        Net.random((20, 9, 4, 3), activations, 0, both), X, Y, replace(t, options=(0.0, 0.0))
    )
    engine.run(4, NO_ROWS, NEVER, 0)
    layout, params = engine.layout, engine.params
    results += [params, cpu.predict(layout, params, X).ravel()]
    results.append(cpu.loss_and_gradients(layout, params, X, Y, "huber")[1])
    X, Y = classes(32, 300, 2)  # sums over units in lanes
    net = Net.random((300, 128, 2), ("sine", "sigmoid"))
    engine = an_engine(net, X, Y, Training("categorical_crossentropy"))
    engine.run(2, NO_ROWS, NEVER, 0)
    return np.concatenate([*results, engine.params])


def run_python(code: str, at: Path = ROOT, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=at, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_kernels_as_plain_python(tmp_path):
    """Every kernel means what its Python says."""
    code = "import numpy as np; from tests.test_engine import a_bit_of_everything as f\n"
    code += "with np.errstate(all='ignore'): np.save('result.npy', f())"
    run_python(code, NUMBA_DISABLE_JIT="1", at=tmp_path)
    plain = np.load(tmp_path / "result.npy")
    np.testing.assert_allclose(a_bit_of_everything(), plain, rtol=1e-4, atol=1e-5)


# ---- determinism ----------------------------------------------------------------------------


def a_run(seed: int = 3) -> CPUEngine:
    X, Y = classes(45)
    t = replace(CCE, optimizer="adam", batch_size=10, dropout=(0.2, 0.0), seed=seed)
    return an_engine(Net.random((2, 6, 4, 3), ("tanh", "relu", "softmax")), X, Y, t)


@given(slices=st.lists(st.integers(1, 9), max_size=8), stride=st.integers(1, 4))
@settings(max_examples=40)
def test_slicing_changes_no_bit(slices, stride):
    whole, sliced, n = a_run(), a_run(), sum(slices) + 3
    rows, same_rows = np.zeros((2, n, 13))
    _, count, _ = whole.run(n, rows, stride, 0)
    same_count = 0
    for n_steps in [*slices, 3]:
        _, same_count, _ = sliced.run(n_steps, same_rows, stride, same_count)
    assert same_count == count == n // stride
    assert np.array_equal(rows, same_rows)
    for mine, theirs in zip(snapshot(whole), snapshot(sliced), strict=True):
        assert np.array_equal(mine, theirs)


def snapshot(engine: CPUEngine):
    return engine.params.copy(), engine.slots.copy(), engine.state.copy()


@on_every_backend
@pytest.mark.parametrize("steps", [1, 4, 5, 23])
def test_a_snapshot_is_all_there_is(steps):
    engine, other = a_run(), a_run()
    engine.run(steps, NO_ROWS, NEVER, 0)
    kept = snapshot(engine)
    engine.run(20, NO_ROWS, NEVER, 0)
    other.run(3, NO_ROWS, NEVER, 0)  # whatever it did before
    other.params[:], other.slots[:], other.state[:] = kept
    other.run(20, NO_ROWS, NEVER, 0)
    for mine, theirs in zip(snapshot(engine), snapshot(other), strict=True):
        assert np.array_equal(mine, theirs)


@on_every_backend
def test_seeds_differ():
    one, other = a_run(1), a_run(2)
    for engine in (one, other):
        engine.run(10, NO_ROWS, NEVER, 0)
    assert not np.array_equal(one.params, other.params)


def test_threads_do_not_disturb_each_other():
    engines = [a_run() for _ in range(8)]
    alone = a_run()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda engine: engine.run(3000, NO_ROWS, NEVER, 0), engines))
    alone.run(3000, NO_ROWS, NEVER, 0)
    for engine in engines:
        assert np.array_equal(engine.params, alone.params)


@on_every_backend
def test_settings_change_between_calls():
    """A larger batch, then dropout, then neither: as if it had always been so."""
    engine = a_run()
    options = OPTIMIZERS["adam"].values()
    start = snapshot(engine)
    engine.configure(learning_rate=0.01, options=options, batch_size=33, dropout=(0.0, 0.5))
    engine.run(5, NO_ROWS, NEVER, 0)
    engine.configure(learning_rate=0.05, options=options, batch_size=10, dropout=(0.2, 0.0))
    engine.params[:], engine.slots[:], engine.state[:] = start
    engine.run(12, NO_ROWS, NEVER, 0)
    fresh = a_run()
    fresh.run(12, NO_ROWS, NEVER, 0)
    assert np.array_equal(engine.params, fresh.params)


# ---- recording ------------------------------------------------------------------------------


@on_every_backend
def test_rows_stop_when_full():
    engine = a_run()
    rows = np.zeros((3, 13))
    assert engine.run(100, rows, 5, 0) == (19, 3, True)  # step 20 would need a fourth row
    assert rows[:, 0].tolist() == [5, 10, 15]
    assert engine.run(100, rows, 5, 3) == (0, 3, True)
    assert engine.run(1, rows, 5, 0) == (1, 1, True)
    assert rows[0, 0] == 20


@on_every_backend
def test_epochs_in_rows():
    engine = a_run()  # 45 samples in batches of 10: 5 steps an epoch
    rows = np.zeros((11, 13))
    engine.run(11, rows, 1, 0)
    np.testing.assert_allclose(rows[:6, 1], [10 / 45, 20 / 45, 30 / 45, 40 / 45, 1, 1 + 10 / 45])
    assert engine.state.tolist() == [11, 2, 10]
    assert (rows[:, 3] == 0.05).all()


# ---- divergence -----------------------------------------------------------------------------


def exploding(**changes) -> CPUEngine:
    X, Y = classes(20, n_classes=1)
    t = Training("mean_squared_error", learning_rate=100.0, batch_size=20, **changes)
    return an_engine(Net.random((2, 4, 1), ("relu", "linear")), X * 10, Y, t)


@on_every_backend
def test_a_diverging_run_stops_at_once():
    engine = exploding()
    rows = np.zeros((100, 10))
    done, count, finite = engine.run(100, rows, 1, 0)
    assert not finite
    assert count == done - 1
    assert done < 100
    assert engine.state[0] == done
    assert np.isfinite(rows[:count, 2]).all()

    again = exploding()
    assert again.run(done - 1, rows, 1, 0) == (done - 1, done - 1, True)
    assert np.isfinite(again.params).all()
    layer, what = cpu.diagnose(again)
    assert (layer, what) == engine.first_nonfinite()
    assert 0 <= layer < 2
    assert what in ("activation", "loss", "gradient", "update")


@on_every_backend
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda e: e.layout.views(e.params)[0][0].fill(3e38), (0, "activation")),
        (lambda e: e.layout.views(e.params)[0][1].fill(3e38), (1, "activation")),
        (lambda e: e.layout.views(e.params)[1][1].fill(1e25), (1, "loss")),
        (lambda e: e.configure(learning_rate=1e39, options=(0.0, 0.0)), (1, "update")),
    ],
)
def test_what_became_nonfinite(spoil, expected):
    engine = exploding()
    engine.layout.views(engine.params)[0][0][:] = 0.1
    spoil(engine)
    done, _, finite = engine.run(5, NO_ROWS, NEVER, 0)
    assert (done, finite) == (1, False)
    assert engine.first_nonfinite() == expected


@on_every_backend
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e10])
def test_norms_of_gradients_whose_squares_leave_float32(size):
    """One weight, started at 0: dE/dw = -2 x y, whose square is beyond float32 at both ends."""
    X = np.full((4, 1), size, np.float32)
    net = Net([np.zeros((1, 1))], [np.zeros(1)], ["linear"])
    t = Training("mean_squared_error", learning_rate=0.5, batch_size=4, clip_norm=1.0)
    engine = an_engine(net, X, X.copy(), t)
    rows = np.empty((1, 7))
    assert engine.run(1, rows, 1, 0) == (1, 1, True)
    to_weight, to_bias = 2.0 * size * size, 2.0 * size
    assert rows[0, 4] == pytest.approx(np.hypot(to_weight, to_bias), rel=1e-5)
    # Clipped to a norm of 1, each by itself: a huge gradient is shortened, not lost.
    clipped = [min(to_weight, 1.0), min(to_bias, 1.0)]
    assert engine.params == pytest.approx([0.5 * g for g in clipped], rel=1e-5)


def test_the_memory_of_a_dead_unit_ends_at_zero():
    """Adam's moments of a weight without gradient decay; they must not linger as denormals."""
    X, Y = np.ones((4, 1), dtype=np.float32), np.zeros((4, 1), dtype=np.float32)
    net = Net([np.ones((1, 1))] * 2, [np.array([-2.0]), np.zeros(1)], ["relu", "linear"])
    engine = an_engine(net, X, Y, Training("mean_squared_error", "adam", 1e-3))
    engine.slots[:] = 1e-30
    engine.run(1000, NO_ROWS, NEVER, 0)
    assert (engine.slots[0, :2] == 0).all()


@on_every_backend
def test_a_slot_that_overflows_is_noticed():
    """Adam would divide by inf from then on, and silently never move that parameter again."""
    t = Training("mean_absolute_error", "adam", 1e-3)
    X, Y = np.full((4, 1), 1e20, dtype=np.float32), np.zeros((4, 1), dtype=np.float32)
    engine = an_engine(Net([np.ones((1, 1))], [np.zeros(1)], ["linear"]), X, Y, t)
    assert engine.run(5, NO_ROWS, NEVER, 0) == (1, 0, False)
    assert np.isfinite(engine.params).all()
    assert engine.first_nonfinite() == (0, "update")


@on_every_backend
def test_samples_beyond_the_batch_raise_no_alarm():
    """The lanes that fill up a vector repeat a sample; they must not overflow by themselves."""
    X = np.full((3, 1), 1e-30, dtype=np.float32)
    engine = an_engine(
        Net([np.array([[3e38]])], [np.array([-3e38])], ["linear"]),
        X,
        np.full((3, 1), -3e38, dtype=np.float32),
        Training("mean_absolute_error", learning_rate=0.0),
    )
    assert engine.run(3, NO_ROWS, NEVER, 0) == (3, 0, True)


# ---- shapes and layout ----------------------------------------------------------------------


def test_layout_views_are_the_parameters():
    config = NetworkConfig((Dense(3, "tanh"), Dense(2, "relu")))
    layout = Layout.of(4, config, 1, "sigmoid")
    assert layout.sizes == (4, 3, 2, 1)
    assert layout.activations == ("tanh", "relu", "sigmoid")
    assert layout.n_parameters == 4 * 3 + 3 + 3 * 2 + 2 + 2 + 1
    flat = np.arange(layout.n_parameters, dtype=np.float32)
    weights, biases = layout.views(flat)
    assert weights[0].tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert biases[0].tolist() == [12, 13, 14]
    assert [part.stop - part.start for part in layout.slices()] == [15, 8, 3]
    weights[2][0, 0] = -1
    assert flat[-3] == -1


@pytest.mark.parametrize(
    ("sizes", "activations", "words"),
    [
        ((2, 1), ("tanh", "tanh"), "an activation a layer"),
        ((2, 0, 1), ("tanh", "tanh"), "at least 1"),
        ((2, 2, 2), ("softmax", "softmax"), "output layer only"),
        ((2, 1), ("rleu",), "Did you mean 'relu'"),
    ],
)
def test_layouts_that_make_no_network(sizes, activations, words):
    with pytest.raises(ValueError, match=words):
        Layout(sizes, activations)


def test_arrays_that_do_not_fit():
    layout = Layout((2, 1), ("linear",))
    X, Y = np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32)
    for bad_x, bad_y in ((X[:, :1], Y), (X, Y[:2]), (X[0], Y), (X, Y[:, 0])):
        with pytest.raises(ValueError, match="must have shape"):
            CPUEngine(layout, bad_x, bad_y, loss="hinge", optimizer="sgd", seed=0)


def test_no_samples():
    layout = Layout((2, 3), ("linear",))
    params, X = np.ones(9, np.float32), np.zeros((0, 2), np.float32)
    assert cpu.predict(layout, params, X).shape == (0, 3)
    Y = np.zeros((0, 3), np.float32)
    assert cpu.loss_sums(layout, params, X, Y, "huber")[0] == 0


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 5, 4, 3), (7, 65, 33, 2), (300, 20, 3)])
def test_nothing_is_written_beyond_the_buffers(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, sizes[0])).astype(np.float32)
    Y = rng.normal(size=(40, sizes[-1])).astype(np.float32)
    layout = Layout(sizes, ("tanh",) * (len(sizes) - 1))
    engine = cpu.CPUEngine(layout, X, Y, loss="mean_squared_error", optimizer="adam", seed=0)
    last = engine.buffers.before  # of the block
    guards = []
    for array in (engine._params, last):
        raw = array.base
        assert raw is not None
        end = array.ctypes.data + array.nbytes - raw.ctypes.data
        guards.append(raw[end:])
        guards[-1][:] = 0xAB
    engine.run(5, np.zeros((5, 4 + 3 * layout.n_layers)), 1, 0)
    assert all((guard == 0xAB).all() for guard in guards)
