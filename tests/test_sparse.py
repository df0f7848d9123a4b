"""Sparse samples: the numbers of whole rows, without their zeros."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from core import Dataset, Dense, Experiment, Network, NetworkConfig, Trainer, TrainingConfig
from core.data.sparse import SparseRows, sparse_rows
from core.engine import cpu, crew
from tests.test_team import PunctualCrew

N_INPUTS = 37


def table(n: int = 60, seed: int = 1) -> np.ndarray:
    """Rows of which a tenth of the columns are not 0, and some none at all."""
    random = np.random.default_rng((8, seed))
    X = random.normal(size=(n, N_INPUTS)) * (random.random((n, N_INPUTS)) < 0.1)
    X[3] = 0.0
    return X.astype(np.float32)


def experiment(units: int, **training: object) -> Experiment:
    settings = {"loss": "mean_squared_error", "optimizer": "adam", "batch_size": 20, **training}
    layers = (Dense(units, "tanh"), Dense(5, "relu"))
    return Experiment(network=NetworkConfig(layers), training=TrainingConfig(**settings))


def both(units: int, **training: object) -> tuple[Trainer, Trainer]:
    """The same run over whole rows and over sparse ones."""
    X, y = table(), table(60, 2)[:, :2]
    whole = Dataset.from_arrays(X, y, X[:9], y[:9], task="regression")
    thin = Dataset.from_arrays(
        sparse.csr_matrix(X), y, sparse.coo_matrix(X[:9]), y[:9], task="regression"
    )
    assert thin.is_sparse
    assert not whole.is_sparse
    made = experiment(units, **training)
    return Trainer(made, dataset=whole), Trainer(made, dataset=thin)


@pytest.mark.parametrize("units", [1, 5, 16, 17, 40])
@pytest.mark.parametrize(
    "training",
    [
        {},
        {"optimizer": "sgd", "regularizer": "l2", "regularization_rate": 0.01},
        {"optimizer": "muon", "batch_size": 7},
        {"clip_norm": 0.1, "max_norm": 1.0},
    ],
)
def test_a_run_over_sparse_rows_is_that_over_whole_ones(units: int, training: dict) -> None:
    whole, thin = both(units, **training)
    for trainer in (whole, thin):
        trainer.step(25)
    np.testing.assert_allclose(thin.params, whole.params, rtol=2e-3, atol=2e-5)
    for part in ("train", "test"):
        expected, found = whole.evaluate(part), thin.evaluate(part)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(
        thin.history["gradient_norm"], whole.history["gradient_norm"], rtol=1e-2, atol=1e-5
    )


def test_gradients_and_outputs_of_a_network_at_rest() -> None:
    X, y = table(), table(60, 2)[:, :2]
    network = both(17)[0].network
    thin = sparse.csc_matrix(X)
    np.testing.assert_allclose(network.predict(thin), network.predict(X), rtol=1e-5, atol=1e-6)
    for found, expected in zip(network.layer_outputs(thin), network.layer_outputs(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    found, expected = (network.loss_and_gradients(x, y, "mean_squared_error") for x in (thin, X))
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    for a, b in zip(found[1] + found[2], expected[1] + expected[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_however_it_is_sliced_watched_or_threaded() -> None:
    """Same experiment, same bits."""
    trainers = [both(40, batch_size=33)[1] for _ in range(3)]
    trainers[0].step(20)
    for _ in range(20):
        trainers[1].step(1)
        trainers[1].evaluate("test")
    trainers[2].step(31)
    trainers[2].goto(step=20)
    assert trainers[0].params.tobytes() == trainers[1].params.tobytes()
    assert trainers[0].params.tobytes() == trainers[2].params.tobytes()


def test_shared_by_threads_it_is_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    n, width = 600, 3000
    entries = np.ones(6 * n, np.float32), random.integers(0, width, 6 * n), range(0, 6 * n + 1, 6)
    X = sparse.csr_matrix(entries, (n, width))
    data = Dataset.from_arrays(X, random.normal(size=n), task="regression")
    made = Experiment(
        network=NetworkConfig((Dense(200, "relu"),)),
        training=TrainingConfig("mean_squared_error", "adam", batch_size=256),
    )
    punctual = PunctualCrew(3)
    monkeypatch.setattr(crew, "shared", lambda: punctual)
    together = Trainer(made, dataset=data)
    together.step(9)
    while not punctual.helps and together.step_count < 900:  # on a busy machine they may come late
        together.step(9)
    assert punctual.helps > 0
    monkeypatch.setattr(crew, "shared", lambda: crew.Crew(1))
    alone = Trainer(made, dataset=data)
    alone.step(together.step_count)
    np.testing.assert_array_equal(together.params, alone.params)


def test_a_scratch_is_for_whole_rows_or_for_so_many_entries() -> None:
    whole, thin = both(5)
    layout, X = whole.layout, sparse_rows(sparse.csr_matrix(table()))
    params, Y = whole.params, table(60, 2)[:, :2]
    for x, entries in ((X, 0), (X, 1), (table(), 9)):
        scratch = cpu.scratch_for(layout, 60, "huber", entries=entries)
        with pytest.raises(ValueError, match="scratch"):
            cpu.loss_sums(layout, params, x, Y, "huber", scratch)
    assert thin.evaluate("train")


def test_a_saved_network_is_that_of_sparse_training(tmp_path) -> None:
    from core import exchange

    thin = both(17)[1]
    thin.step(5)
    exchange.save(thin, tmp_path / "net.npz")
    loaded: Network = exchange.load(tmp_path / "net.npz")
    assert loaded.predict(table()).tobytes() == thin.network.predict(table()).tobytes()


# ---- what they are made of -----------------------------------------------------------------------


def test_rows_of_scipy() -> None:
    X = table()
    rows = sparse_rows(sparse.csr_array(X))
    assert rows is not None
    assert rows.shape == X.shape
    np.testing.assert_array_equal(rows.dense(), X)
    np.testing.assert_array_equal(rows[5:9].dense(), X[5:9])
    np.testing.assert_array_equal(rows[np.array([7, 7, 3])].dense(), X[[7, 7, 3]])
    twice = sparse.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), (1, 3))
    np.testing.assert_array_equal(sparse_rows(twice).dense(), [[0.0, 3.0, 0.0]])
    assert sparse_rows(X) is None


@pytest.mark.parametrize(
    ("starts", "columns"),
    [([0, 1, 2], [0, 5]), ([0, 1, 2], [0, -1]), ([0, 3, 2], [0, 1]), ([0, 1], [0, 1]), ([], [])],
)
def test_entries_outside_of_the_table_are_refused(starts: list, columns: list) -> None:
    with pytest.raises(ValueError, match="outside"):
        SparseRows(
            np.array(starts, np.int64),
            np.array(columns, np.int32),
            np.ones(len(columns), np.float32),
            5,
        )


def test_sentences() -> None:
    X, y = sparse.csr_matrix(table()), table()[:, 0]
    with pytest.raises(ValueError, match="both be sparse, or neither"):
        Dataset.from_arrays(X, y, table(), y, task="regression")
    with pytest.raises(ValueError, match="X_train is empty"):
        Dataset.from_arrays(X[:0], y[:0], task="regression")
    bad = X.copy()
    bad.data[4] = np.inf
    row = int(np.searchsorted(bad.indptr, 4, side="right")) - 1
    with pytest.raises(ValueError, match=rf"row {row}, column {bad.indices[4]}\)"):
        Dataset.from_arrays(bad, y, task="regression")
    data = Dataset.from_arrays(X, y, task="regression")
    with pytest.raises(ValueError, match="Noise on the inputs"):
        Trainer(experiment(4, input_noise=0.1), dataset=data)
    trainer = Trainer(experiment(4), dataset=data)
    with pytest.raises(ValueError, match="Noise on the inputs"):
        trainer.change(input_noise=0.1)
    trainer.step(3)
    with pytest.raises(ValueError, match="X must be"):
        trainer.network.predict(X[:, :5])
