"""What large networks make of samples that are judged, and of sparse ones, in the simulator: see
`tests/simulated_large.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine import cpu, memory
from core.engine.cpu import CPUEngine
from core.engine.cuda import devices
from core.engine.cuda.engine import CUDAEngine
from core.engine.cuda.large import rest
from core.engine.cuda.large.arrays import Extent
from core.engine.cuda.large.judging import Judge
from core.engine.cuda.large.machine import Simulated
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.plan import Plan
from core.engine.layout import Layout
from tests import cuda_cases, simulator
from tests.cuda_cases import (
    COLUMNS,
    STEPS,
    THIN,
    Case,
    Y,
    learn_entries,
    thin_rows,
    with_entries,
)
from tests.simulated_large import direct, few_parts, noted_copies

assert direct, few_parts  # fixtures


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("loss", ["binary_crossentropy", "categorical_crossentropy"])
def test_samples_are_judged_as_on_the_cpu(normalization: str, loss: str) -> None:
    binary = loss == "binary_crossentropy"
    outputs, output = (1, "sigmoid") if binary else (3, "softmax")
    layout = Layout((2, 4, 3, outputs), ("tanh", "relu", output), (normalization, "none", "none"))
    rng = np.random.default_rng(4)
    X, X_test = (rng.normal(size=(n, 2)).astype(np.float32) for n in (12, 7))
    Y, Y_test = (np.eye(3, dtype=np.float32)[rng.integers(0, 3, n)][:, :outputs] for n in (12, 7))
    engines = [
        CUDAEngine(layout, X, Y, loss=loss, optimizer="adam", seed=3, large=large)
        for large in (True, True)
    ]
    params = rng.normal(size=layout.n_numbers).astype(np.float32) * 0.5
    params[layout.n_parameters :] = np.abs(params[layout.n_parameters :]) + 0.5
    for engine in engines:
        engine.params[:] = params
        engine.configure(
            learning_rate=0.01, options=engine.optimizer.values(None), batch_size=5,
            dropout=(0.3, 0.0), label_smoothing=0.1, input_noise=0.2,
        )  # fmt: skip
    looked, blind = engines
    nothing = np.zeros((0, memory.N_COLUMNS + 3 * layout.n_layers))
    for _ in range(3):
        for engine in engines:
            engine.run(4, nothing, 99, 0)
        for x, y in ((X, Y), (X_test, Y_test)):
            found = looked.sums(x, y)
            assert found is not None
            total, expected = cpu.loss_sums(layout, looked.params, x, y, loss)
            assert found[0] == pytest.approx(total, rel=1e-4)
            np.testing.assert_allclose(found[1], expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(looked.params, blind.params)
    assert np.array_equal(looked.slots, blind.slots)


@pytest.fixture
def three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are judged, whatever the mini-batch."""
    monkeypatch.setattr(rest, "PIECE_ROWS", 3)


JUDGED = (
    Case(normalization="layer"),
    Case(output="sigmoid", loss="categorical_crossentropy", normalization="batch"),
    Case(output="softmax", loss="mean_squared_error", sizes=(2, 3, 7)),
)
"""Outputs whose slopes and losses are had in different ways."""


def judged(case: Case) -> tuple[Any, bytes]:
    """An engine, and what it says of its samples after some steps."""
    targets = np.resize(Y, (len(Y), case.sizes[-1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda_cases, "Y", targets)
        room = Extent(len(Y), None)
        engine = case.engine(CUDAEngine, large=True, judged=(room, room, room))
    engine.params[engine.layout.n_parameters :] = 1.0  # running statistics
    engine.run(4, np.zeros((0, COLUMNS)), 99, 0)
    total, outputs = engine.sums(cuda_cases.X, targets)
    params = engine.view("params")
    expected = cpu.loss_sums(engine.layout, params, cuda_cases.X, targets, case.loss)
    assert total == pytest.approx(expected[0], rel=1e-4)
    np.testing.assert_allclose(outputs, expected[1], rtol=1e-4, atol=1e-6)
    return engine, np.float64(total).tobytes() + outputs.tobytes() + params.tobytes()


@pytest.mark.usefixtures("three_at_a_time")
@pytest.mark.parametrize("case", JUDGED)
@pytest.mark.parametrize("backwards", [False, True])
def test_threads_and_blocks_change_no_bit_of_what_is_judged(
    monkeypatch: pytest.MonkeyPatch, case: Case, backwards: bool
) -> None:
    with simulator.launched_directly():
        _, alone = judged(case)
    monkeypatch.setattr(Simulated, "grid", (2, 3))
    monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
    assert judged(case)[1] == alone


@pytest.mark.usefixtures("direct", "three_at_a_time")
def test_nobody_waits_between_pieces_of_what_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = judged(JUDGED[0])
    first = engine.sums(cuda_cases.X[:7], Y[:7])
    copied = noted_copies(monkeypatch)
    waited: list[int] = []
    fetch = Simulated.fetch
    monkeypatch.setattr(Simulated, "fetch", lambda *given: waited.append(1) or fetch(*given))
    engine.sums(cuda_cases.X, Y)
    assert (len(waited), *copied) == (2, [], [], [])
    again = engine.sums(cuda_cases.X[:7], Y[:7])  # another array, of the same numbers
    assert again[0] == first[0]
    assert np.array_equal(again[1], first[1])
    assert engine.sums(cuda_cases.X[:0], Y[:0])[0] == 0.0


@pytest.mark.usefixtures("direct", "three_at_a_time")
def test_what_is_judged_leaves_what_is_learnt_alone() -> None:
    engine, _ = judged(JUDGED[0])
    engine.run(1, np.zeros((0, COLUMNS)), 99, 0)
    m = engine._large._loaded.m
    names = [name for name in m._fields if name != "across"]
    before = {name: getattr(m, name).copy() for name in names}
    engine.sums(cuda_cases.X, Y)
    assert [name for name in names if not np.array_equal(before[name], getattr(m, name))] == []


@pytest.mark.usefixtures("direct")
def test_what_was_written_is_sent_once_to_whoever_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = judged(JUDGED[0])
    copied, n = noted_copies(monkeypatch)[1], engine.layout.n_numbers

    def is_right() -> None:
        expected = cpu.loss_sums(
            engine.layout, engine.view("params"), cuda_cases.X, Y, JUDGED[0].loss
        )
        assert engine.sums(cuda_cases.X, Y)[0] == pytest.approx(expected[0], rel=1e-4)

    for change in (1.0, 2.0):
        engine.writable("params")[0] += change
        for _ in range(3):
            is_right()
        assert copied.count(n) == change
    engine.stand_at(engine.view("params") * 0.5, engine.view("slots"), engine.state.copy())
    for _ in range(3):
        is_right()
    assert copied.count(n) == 3
    lent = engine.params  # to somebody who writes when they like
    for change in range(3):
        lent[1] += change
        is_right()
    assert copied.count(n) == 6
    lent[0] += 1.0
    engine.run(1, np.zeros((0, COLUMNS)), 99, 0)
    sent = copied.count(n)
    assert sent == 7 + len(engine.view("slots"))  # which `stand_at` wrote to
    for _ in range(3):
        is_right()
    assert copied.count(n) == sent


@pytest.mark.usefixtures("direct")
def test_a_paused_run_sends_its_weights_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Dataset.from_arrays(THIN, Y, thin_rows(7, 8), Y[:7], task="classification")
    training = TrainingConfig("categorical_crossentropy", batch_size=5)
    made = Experiment(network=NetworkConfig((Dense(20, "tanh"),)), training=training)
    gpu = Trainer(made, backend="cuda", dataset=data)
    sent, n = noted_copies(monkeypatch)[1], gpu.layout.n_numbers
    for _ in range(3):
        gpu.estimate("train")
    gpu.engine  # noqa: B018 - makes it
    for _ in range(3):
        gpu.estimate("test")
    assert sent.count(n) == 1
    gpu.step(3)
    sent.clear()  # of slots, too
    gpu.set_weight(0, 0, 0, 0.5)
    gpu.change(learning_rate=0.2)
    for _ in range(3):
        gpu.estimate("test")
    assert sent.count(n) == 1


@pytest.mark.usefixtures("direct")
def test_many_parts_are_judged_one_after_another() -> None:
    engine, _ = judged(JUDGED[0])
    parts = [(cuda_cases.X[k:].copy(), Y[k:]) for k in range(5)]
    for _ in range(3):
        for x, y in parts:
            expected = cpu.loss_sums(engine.layout, engine.params, x, y, JUDGED[0].loss)
            assert engine.sums(x, y)[0] == pytest.approx(expected[0], rel=1e-4)
        engine.run(2, np.zeros((0, COLUMNS)), 99, 0)


@pytest.mark.usefixtures("direct")
def test_who_judges_follows_from_the_experiment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = JUDGED[0].engine(CUDAEngine, large=True, judged=(Extent(7, None), Extent(20, None)))
    engine.run(1, np.zeros((0, COLUMNS)), 99, 0)
    monkeypatch.setattr(devices, "free_bytes", lambda: 0)
    x, y = np.resize(cuda_cases.X, (21, 2)), np.resize(Y, (21, 2))
    assert engine.sums(x[:20], y[:20]) is not None
    assert engine.sums(x, y) is None
    assert engine.sums(THIN, Y) is None  # not of the kind that it learns from
    monkeypatch.setattr(rest, "most_rows", lambda n_parameters: 19)
    engine.free()
    monkeypatch.setattr(devices, "free_bytes", lambda: 1e9)
    assert engine.sums(x[:20], y[:20]) is None


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("is_sparse", [False, True])
def test_every_part_of_a_run_has_a_room_of_its_own(
    monkeypatch: pytest.MonkeyPatch, is_sparse: bool
) -> None:
    """However much longer than the training set, and whole or as far as an estimate looks."""
    monkeypatch.setattr(Plan, "fits", lambda *_: False)
    made = Experiment(
        network=NetworkConfig((Dense(3, "tanh"),)),
        training=TrainingConfig("categorical_crossentropy", batch_size=5),
    )
    thin = thin_rows(40, 8)
    X = [THIN, thin] if is_sparse else [rows.dense() for rows in (THIN, thin)]
    data = Dataset.from_arrays(X[0], Y, X[1], np.resize(Y, (40, 2)), task="classification")
    for most in (10**9, 9):
        with monkeypatch.context() as patch:
            patch.setattr("core.costs.EVALUATION_WORK", most)
            patch.setattr("core.costs.FEWEST_ROWS", 9)
            gpu = Trainer(made, backend="cuda", dataset=data)
            gpu.step(1)
            patch.setattr(Judge, "forget_samples", None)
            patch.setattr("core.trainer.measuring.measure", None)  # the CPU does nothing
            for part in ("test", "train", "test"):
                assert len(gpu.estimate(part)[2]) == min({"train": 12, "test": 40}[part], most)


def test_room_is_as_large_as_what_is_judged() -> None:
    pictures = LargePlan(
        Layout((64 * 64 * 3, 8, 2), ("relu", "softmax")), 140, 32, 2,
        judged=(Extent(140, None), Extent(60, None)),
    )  # fmt: skip
    assert pictures.rest.device_bytes < 4 * 64 * 64 * 3 * 200 + 2**23
    layout = Layout((1000, 8, 2), ("relu", "softmax"))
    parts = Extent(9, 100), Extent(0, 0), Extent(5, 0), Extent(3, 2**26), Extent(2**22, 5)
    sparse = LargePlan(layout, 9, 5, 2, n_entries=100, judged=parts)
    assert sparse.rest.rooms == (Extent(5, 1), Extent(9, 100))
    for nothing in (Extent(0, 0), Extent(0, None)):
        (room,) = LargePlan(layout, 9, 5, 2, judged=(nothing,)).rest.rooms
        assert (room.rows, room.entries) == (1, None if nothing.entries is None else 1)


@pytest.mark.usefixtures("direct")
def test_sparse_samples_are_learnt_from_as_on_the_cpu() -> None:
    found, _ = learn_entries(CUDAEngine, STEPS)
    expected, moved = learn_entries(CPUEngine, STEPS)
    assert np.linalg.norm(found - expected) <= 1e-4 * moved
    with pytest.raises(ValueError, match="cannot take noise"):
        with_entries(CUDAEngine).configure(learning_rate=0.1, options=(), input_noise=0.1)


def test_sparse_samples_are_learnt_from_by_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with simulator.launched_directly():
        whole, _ = learn_entries(CUDAEngine, 4)
    for backwards in (False, True):
        monkeypatch.setattr(Simulated, "grid", (3, 4))
        monkeypatch.setattr(simulator.Blocks, "backwards", backwards)
        assert np.array_equal(learn_entries(CUDAEngine, 4)[0], whole)


@pytest.mark.usefixtures("direct")
def test_sparse_samples_are_judged_as_on_the_cpu() -> None:
    engine, loss = with_entries(CUDAEngine), "categorical_crossentropy"
    engine.run(4, np.zeros((0, COLUMNS)), 99, 0)
    for X in (THIN, thin_rows(7, 8)):
        found = engine.sums(X, Y[: len(X)])
        assert found is not None
        total, outputs = cpu.loss_sums(engine.layout, engine.params, X, Y[: len(X)], loss)
        assert found[0] == pytest.approx(total, rel=1e-4)
        np.testing.assert_allclose(found[1], outputs, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("direct")
def test_a_trainer_of_sparse_samples_goes_to_the_gpu() -> None:
    """Though it would fit a block, were its samples whole rows."""
    data = Dataset.from_arrays(THIN, Y, thin_rows(7, 8), Y[:7], task="classification")
    made = Experiment(
        network=NetworkConfig((Dense(3, "tanh"),)),
        training=TrainingConfig("categorical_crossentropy", batch_size=5),
    )
    gpu, plain = Trainer(made, backend="cuda", dataset=data), Trainer(made, dataset=data)
    for trainer in (gpu, plain):
        trainer.step(20)
    assert gpu.engine.is_large
    np.testing.assert_allclose(gpu.params, plain.params, rtol=1e-4, atol=1e-5)
    assert gpu.evaluate("test") == pytest.approx(plain.evaluate("test"), rel=1e-4)
    gpu.use_backend("cpu")
    gpu.step(1)
