"""Kernels in the hands of two at once: of processes that compile them, of threads that run them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from tests.test_engine import run_python


def a_run_s_bits() -> str:
    """A short run that passes through every entry, as a digest of its numbers."""
    experiment = Experiment(
        DataConfig("digits", n_samples=200),
        NetworkConfig((Dense(32, "relu", dropout=0.1), Dense(16, "gelu"))),
        TrainingConfig("categorical_crossentropy", "muon", 0.003, 32),
    )
    trainer = Trainer(experiment)
    trainer.step(300)
    loss = trainer.evaluate("test")["loss"]
    data = trainer.dataset
    _, dW, _ = trainer.network.loss_and_gradients(
        data.X_test, data.y_test, loss="categorical_crossentropy"
    )
    return hashlib.sha256(
        trainer.params.tobytes() + dW[0].tobytes() + str(loss).encode()
    ).hexdigest()


@pytest.mark.timeout(600)  # four times the compiling of all kernels, two of them at once
def test_all_kernels_compiled_by_two_at_once_and_a_damaged_one_anew(tmp_path):
    code = "from tests.test_compiled_at_once import a_run_s_bits; print(a_run_s_bits())"

    def in_a_process(_: object = None) -> str:
        return run_python(code, NEURAL_PLAYGROUND_CACHE=str(tmp_path))

    expected = a_run_s_bits()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(in_a_process, range(2))) == [expected] * 2
    smallest = min(tmp_path.rglob("*.nbc"), key=lambda path: path.stat().st_size)
    kept = bytearray(smallest.read_bytes())
    kept[len(kept) // 2] ^= 255
    smallest.write_bytes(kept)
    assert in_a_process() == expected
    assert smallest.read_bytes() != kept


@pytest.mark.parametrize("layer", ["omp", "tbb", "workqueue"])
def test_two_threads_at_once_under_every_threading_layer(layer):
    """Whatever Numba would pick for its own threads: no abort, and the same bits."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "from tests.test_compiled_at_once import a_run_s_bits\n"
        "start = Barrier(2)\n"
        "def run(_): start.wait(); return [a_run_s_bits() for _ in range(3)]\n"
        "with ThreadPoolExecutor(2) as pool: print(*sum(pool.map(run, range(2)), []))"
    )
    found = run_python(code, NUMBA_THREADING_LAYER=layer).split()
    assert found == [a_run_s_bits()] * 6
