"""Networks, their files, and files that somebody changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core import exchange
from core.data import Preprocessing
from core.data.preprocessing import Features
from core.exchange import containers
from core.exchange.containers import Contents
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.network import Network
from core.refusals import Refusal
from core.trainer import Trainer

SUFFIXES = exchange.SUFFIXES
EACH_SUFFIX = pytest.mark.parametrize("suffix", SUFFIXES)


def make_network(
    activations: tuple[str, ...] = ("tanh", "relu"),
    output: str = "sigmoid",
    n_inputs: int = 2,
    n_outputs: int = 1,
    preprocessing: Preprocessing = Features(("x1", "x2")),  # noqa: B008 - it is frozen
    seed: int = 0,
) -> Network:
    """A network of random weights, hidden layers 3, 4, 5 ... units wide."""
    rng = np.random.default_rng(seed)
    layers = tuple(Dense(3 + i, name) for i, name in enumerate(activations))
    sizes = [n_inputs, *(layer.units for layer in layers), n_outputs]
    config = NetworkConfig(layers, output_activation=output)
    training = TrainingConfig(optimizer_options={"beta_1": 0.95})
    return Network.from_arrays(
        config,
        [rng.normal(size=pair).astype(np.float32) for pair in pairwise(sizes)],
        [rng.normal(size=size).astype(np.float32) for size in sizes[1:]],
        preprocessing=preprocessing,
        experiment=Experiment(DataConfig("xor"), config, training, seed=5),
        class_names=tuple(f"类 {k}" for k in range(max(n_outputs, 2))),
        feature_names=tuple(f"column {k}" for k in range(n_inputs)),
    )


def assert_same(one: Network, other: Network) -> None:
    for mine, theirs in zip(one.weights + one.biases, other.weights + other.biases, strict=True):
        assert mine.dtype == theirs.dtype == np.float32
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.params, other.params)
    for field in ("config", "experiment", "run", "preprocessing", "class_names", "feature_names"):
        assert getattr(one, field) == getattr(other, field)


def contents_of(data: bytes, suffix: str) -> Contents:
    """What is in a file, whatever its shapes."""
    return containers.READERS[suffix](data, lambda metadata, shapes: None)


def run_with(**changes: object) -> dict:
    return {"step_count": 100, "edits": [], "initial_weights": "seed"} | changes


def run_readme(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], np.ndarray]:
    """Run the code in a file's readme as a person would, beside the file."""
    readme = json.loads(contents_of(path.read_bytes(), path.suffix).metadata)["readme"]
    monkeypatch.chdir(path.parent)
    names: dict = {}
    exec(readme[readme.index("import json") :], names)
    return lambda raw: names["predict"](names["file"], names["metadata"], raw)


def with_metadata(suffix: str, **changes: object) -> bytes:
    """A file of which some of the metadata is changed; a key changed to ... is left out."""
    contents = contents_of(exchange.to_bytes(make_network(), suffix), suffix)
    metadata = {**json.loads(contents.metadata), **changes}
    kept = {key: value for key, value in metadata.items() if value is not ...}
    return containers.WRITERS[suffix](Contents(contents.arrays, json.dumps(kept)))


def with_arrays(suffix: str, change: Callable[[dict], object]) -> bytes:
    """A file of which the arrays are changed."""
    return with_arrays_of(make_network(), suffix, change)


def with_arrays_of(
    either: Network | Trainer, suffix: str, change: Callable[[dict], object]
) -> bytes:
    contents = contents_of(exchange.to_bytes(either, suffix), suffix)
    change(contents.arrays)
    return containers.WRITERS[suffix](contents)


def refusal(data: bytes, suffix: str) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        exchange.from_bytes(data, suffix)
    sentence = str(caught.value)
    assert type(caught.value) is Refusal
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
