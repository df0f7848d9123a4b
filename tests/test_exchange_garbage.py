"""Whatever bytes a file has, it is a network or a sentence."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core import exchange
from core.maths.activations import ACTIVATIONS
from core.network import Network
from tests.exchanged import (
    SUFFIXES,
    assert_same,
    make_network,
    run_with,
    with_metadata,
)


def network_or_sentence(data: bytes, suffix: str) -> Network | str:
    try:
        return exchange.from_bytes(data, suffix)
    except ValueError as error:
        return str(error)


@given(st.binary(max_size=300), st.sampled_from(SUFFIXES))
def test_any_bytes(data: bytes, suffix: str) -> None:
    assert isinstance(network_or_sentence(data, suffix), str)


WHOLE = {suffix: exchange.to_bytes(make_network(), suffix) for suffix in SUFFIXES}


@given(
    st.sampled_from(SUFFIXES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5),
)
def test_damaged_bytes(suffix: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(WHOLE[suffix])
    for place, byte in damage:
        data[int(place * len(data))] = byte
    read = network_or_sentence(bytes(data), suffix)
    if isinstance(read, Network):  # a weight that is still a number, or text that is no matter
        assert all(np.isfinite(W).all() for W in read.weights)
        assert read.predict(np.zeros((1, 2), np.float32)).shape == (1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = (
    "network",
    "experiment",
    "run",
    "preprocessing",
    "class_names",
    "feature_names",
    "format_version",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1), st.sampled_from(SUFFIXES))
def test_any_metadata(changes: dict, suffix: str) -> None:
    assert network_or_sentence(with_metadata(suffix, **changes), suffix)


WHATS = (
    *("weight", "bias", "dropout", "learning_rate", "regularizer", "beta_1", "clip_norm"),
    *("schedule", "warmup_steps", "max_norm"),
)
EDITS = st.lists(st.tuples(st.integers(0, 9) | JSON, st.sampled_from(WHATS), JSON), max_size=4)


@given(EDITS.map(list))
def test_any_edits(edits: list) -> None:
    assert network_or_sentence(with_metadata(".npz", run=run_with(edits=edits)), ".npz")


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(list(ACTIVATIONS)), max_size=4))
def test_any_network_survives(seed: int, activations: list[str]) -> None:
    network = make_network(tuple(activations), seed=seed)
    network = Network.from_arrays(
        dataclasses.replace(network.config, initializer="he_normal"),
        network.weights,
        network.biases,
    )
    for suffix in SUFFIXES:
        assert_same(network, exchange.from_bytes(exchange.to_bytes(network, suffix), suffix))
