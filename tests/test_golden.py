"""What Keras 3 finds in float64, and PyTorch where Keras lacks it: `tests/golden/make.py`.

Errors are relative, in norm. The float64 reference is the plain one of `tests/naive.py`; schedules
are the records themselves, in double. (Keras rounds some of its constants to float32.)
"""

from __future__ import annotations

import functools
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import Dataset, TrainingConfig
from core.data.weights import sample_weights
from core.engine import cpu
from core.engine.layout import Layout
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from core.monitor import REDUCE_ON_PLATEAU, Measured, Monitor
from tests import naive

FILE = Path(__file__).resolve().parent / "golden" / "keras.npz"
CLASSES = ("one", "two", "three")
IN_DOUBLE, IN_SINGLE = 2e-6, 2e-5
NO_ROWS, NEVER = np.empty((0, 99)), 10**9


@functools.cache
def golden() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What was run, and every array by "case/array"."""
    with np.load(FILE, allow_pickle=False) as opened:
        arrays = dict(opened)
    return json.loads(str(arrays.pop("about"))), arrays


ABOUT = golden()[0]
CASES: dict[str, dict[str, Any]] = ABOUT["cases"]
SIZES: tuple[int, ...] = tuple(ABOUT["sizes"])
EACH = pytest.mark.parametrize("name", CASES)


def array(name: str, key: str) -> np.ndarray:
    return golden()[1][f"{name}/{key}"]


def milestones(name: str) -> list[int]:
    return [step for step in (1, 10, 100) if f"{name}/after {step}" in golden()[1]]


def error(ours: np.ndarray | float, theirs: np.ndarray) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def activations(case: dict[str, Any]) -> tuple[str, ...]:
    own = LOSSES[case["loss"]].output_activation if "crossentropy" in case["loss"] else "linear"
    hidden = [case.get("activation", "tanh")] * (len(SIZES) - 2)
    return (*hidden, case.get("output") or own)


def normalizations(case: dict[str, Any]) -> tuple[str, ...]:
    return (*[case.get("normalization", "none")] * (len(SIZES) - 2), "none")


def settings(name: str) -> naive.Training:
    case = CASES[name]
    optimizer = case.get("optimizer", "sgd")
    return naive.Training(
        case["loss"],
        optimizer,
        case.get("learning_rate", 0.1),
        OPTIMIZERS[optimizer].values(case.get("options")),
        batch_size=10**6,
        regularizer=case.get("regularizer", "none"),
        regularization_rate=case.get("rate", 0.0),
        weights=array(name, "weights").tolist() if f"{name}/weights" in golden()[1] else (),
        **{
            key: case[key]
            for key in (
                "clip_value",
                "clip_norm",
                "global_clip_norm",
                "label_smoothing",
                "max_norm",
            )
            if key in case
        },
    )


def test_everything_is_covered() -> None:
    def used(key: str, usual: str) -> set[str]:
        return {case.get(key, usual) for case in CASES.values()}

    assert used("activation", "tanh") == set(ACTIVATIONS)
    assert used("loss", "mean_squared_error") == set(LOSSES)
    assert used("optimizer", "sgd") == set(OPTIMIZERS)
    assert used("regularizer", "none") == set(REGULARIZERS)
    assert used("schedule", "constant") == set(SCHEDULES) - {REDUCE_ON_PLATEAU}
    assert used("normalization", "none") == set(NORMALIZATIONS)
    flags = {
        (case.get("optimizer"), flag)
        for case in CASES.values()
        for flag, value in case.get("options", {}).items()
        if value is True
    }
    assert flags == {
        *(("sgd", "nesterov"), ("rmsprop", "centered")),
        *(("adam", "amsgrad"), ("adamw", "amsgrad")),
    }


def a_net(name: str) -> naive.Net:
    case = CASES[name]
    net = naive.Net.random(SIZES, activations(case), normalizations=normalizations(case)[:-1])
    net.read(array(name, "params").astype(np.float64))
    if f"{name}/statistics" in golden()[1]:
        net.read_statistics(array(name, "statistics").astype(np.float64))
    return net


@EACH
def test_the_reference(name: str) -> None:
    """In float64: loss, every gradient, and every parameter along the run."""
    t, net, X, Y = settings(name), a_net(name), array(name, "X"), array(name, "Y")
    X = X.astype(np.float64)
    counts = np.asarray(t.weights) if len(t.weights) else None
    for when in ("", " at rest") if "normalization" in CASES[name] else ("",):
        loss, layers = net.all_gradients(
            X, naive.smoothed(Y, t), t.loss, training=not when, weights=counts
        )
        gradient = np.concatenate([part.ravel() for parts in layers for part in parts])
        assert error(loss, array(name, f"loss{when}")) < IN_DOUBLE
        assert error(gradient, array(name, f"gradient{when}")) < IN_DOUBLE
    if "schedule" in CASES[name]:
        t.rates = [float(rate) for rate in array(name, "rates")]
    for step in milestones(name):
        net = a_net(name)
        naive.train(net, X, Y, t, step)
        assert error(net.flat, array(name, f"after {step}")) < IN_DOUBLE
        if f"{name}/statistics" in golden()[1]:
            moved = net.whole[-array(name, "statistics").size :]
            assert error(moved, array(name, f"statistics after {step}")) < IN_DOUBLE


@EACH
def test_the_kernels(name: str) -> None:
    """In float32, the same."""
    case, t = CASES[name], settings(name)
    X, Y = array(name, "X"), array(name, "Y")
    layout = Layout(SIZES, activations(case), normalizations(case))
    params = a_net(name).whole.astype(np.float32)
    smoothed = naive.smoothed(Y, t).astype(np.float32)
    when = " at rest" if "normalization" in case else ""
    if not len(t.weights):  # they act in training alone
        loss, gradient = cpu.loss_and_gradients(layout, params, X, smoothed, t.loss)
        assert error(loss, array(name, f"loss{when}")) < IN_SINGLE
        assert error(gradient, array(name, f"gradient{when}")) < IN_SINGLE
    engine = an_engine(layout, X, Y, case, t)
    engine.params[:] = params
    if when:  # of a step, by the statistics of its batch
        rows = np.empty((1, 4 + 3 * layout.n_layers))
        engine.run(1, rows, 1, 0)
        assert error(rows[0, 2], array(name, "loss")) < IN_SINGLE
        found = engine.buffers.G[: layout.n_parameters]
        assert error(found, array(name, "gradient")) < IN_SINGLE
        engine = an_engine(layout, X, Y, case, t)
        engine.params[:] = params
    for before, step in pairwise([0, *milestones(name)]):
        engine.run(step - before, NO_ROWS, NEVER, 0)
        learnt = engine.params[: layout.n_parameters]
        assert error(learnt, array(name, f"after {step}")) < IN_SINGLE
        if f"{name}/statistics" in golden()[1]:
            moved = engine.params[-array(name, "statistics").size :]
            assert error(moved, array(name, f"statistics after {step}")) < IN_SINGLE


def an_engine(
    layout: Layout, X: np.ndarray, Y: np.ndarray, case: dict[str, Any], t: naive.Training
) -> cpu.CPUEngine:
    options, schedule = case.get("options"), case.get("schedule", "constant")
    engine = cpu.CPUEngine(
        layout, X, Y, loss=t.loss, optimizer=t.optimizer, seed=0, options=options
    )
    engine.configure(
        learning_rate=t.learning_rate,
        options=t.options,
        batch_size=len(X),
        regularizer=t.regularizer,
        regularization_rate=t.regularization_rate,
        clip_value=t.clip_value,
        clip_norm=t.clip_norm,
        global_clip_norm=t.global_clip_norm,
        label_smoothing=t.label_smoothing,
        max_norm=t.max_norm,
        weights=np.asarray(t.weights, dtype=np.float32) if len(t.weights) else None,
        schedule=schedule,
        schedule_options=SCHEDULES[schedule].values(case.get("schedule_options")),
    )
    return engine


@pytest.mark.parametrize("name", [name for name in CASES if "schedule" in CASES[name]])
def test_schedules(name: str) -> None:
    """The rates of the first 40 steps."""
    case, expected = CASES[name], array(name, "rates")
    record = SCHEDULES[case["schedule"]]
    ours = [
        record.rate(case["schedule_options"], case["learning_rate"], step + 1)
        for step in range(len(expected))
    ]
    np.testing.assert_allclose(ours, expected, rtol=IN_DOUBLE, atol=1e-12)


def test_class_weights_are_kerass() -> None:
    name = "weights of classes"
    numbers = array(name, "Y").argmax(axis=1)
    dataset = Dataset.from_arrays(array(name, "X"), numbers, class_names=CLASSES)
    ours = sample_weights(dataset, tuple(CASES[name]["class_weight"]))
    np.testing.assert_array_equal(ours, array(name, "weights"))


def ends_of_epochs() -> list[Measured]:
    losses = ABOUT["callbacks"]["losses"]
    ends = [(epoch, loss, np.full(1, epoch, np.float32)) for epoch, loss in enumerate(losses)]
    return [Measured(n + 1, n + 1, loss, "test", params) for n, loss, params in ends]


@pytest.mark.parametrize("case", ABOUT["callbacks"]["stopping"], ids=lambda case: str(case))
def test_early_stopping(case: dict[str, Any]) -> None:
    options = dict(case["options"])
    training = TrainingConfig(
        early_stopping=options["patience"],
        early_stopping_min_delta=options.get("min_delta", 0.0),
        start_from_epoch=options.get("start_from_epoch", 0),
    )
    monitor = Monitor()
    for now in ends_of_epochs():
        monitor = monitor.after(training, now)
        if monitor.stopped is not None:
            break
    assert monitor.stopped is not None
    assert (monitor.stopped.epoch - 1, monitor.stopped.best_epoch - 1) == (
        case["stopped"],
        case["best"],
    )
    assert monitor.best.params is not None
    assert monitor.best.params.tolist() == [case["best"]]


@pytest.mark.parametrize(
    "case", ABOUT["callbacks"]["plateau"], ids=lambda case: str(case["options"])
)
def test_reduce_on_plateau(case: dict[str, Any]) -> None:
    training = TrainingConfig(
        learning_rate=0.05, schedule=REDUCE_ON_PLATEAU, schedule_options=case["options"]
    )
    record, monitor, ours = SCHEDULES[REDUCE_ON_PLATEAU], Monitor(), []
    for now in ends_of_epochs():
        monitor = monitor.after(training, now)
        reached = monitor.plateau.reached
        ours.append(record.rate(training.schedule_options, 0.05, now.step + 1, reached))
    np.testing.assert_allclose(ours, case["rates"], rtol=IN_DOUBLE)
    assert len(set(ours)) > 2
