"""Files that are refused with a sentence: wrong, foreign, too large, or damaged."""

from __future__ import annotations

import io
import json
import math
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import exchange
from core.exchange import containers, files
from core.exchange.containers import Contents
from core.experiment import Dense, Experiment, NetworkConfig, TrainingConfig
from tests.exchanged import (
    EACH_SUFFIX,
    SUFFIXES,
    contents_of,
    make_network,
    refusal,
    with_arrays,
    with_metadata,
)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "not written by this playground"),
        ({"format": ...}, "not written by this playground"),
        ({"format_version": 3}, "format version 3, written by a newer playground"),
        ({"format_version": "1"}, "does not say which version"),
        ({"format_version": 0}, "does not say which version"),
        ({"network": ...}, "does not describe the network's layers"),
        ({"activations": ["tanh", "relu", "tanh"]}, "activations in the file are not those"),
        ({"activations": ...}, "activations in the file are not those"),
        ({"network": {"layers": [{"units": "many"}]}}, "units is 'many'"),
        ({"network": {"output_activation": "sigmoud"}}, "Did you mean 'sigmoid'"),
        ({"network": {"layers": [], "output_activation": "tanh"}}, "no layer's: 'layer_1/biases'"),
        ({"preprocessing": ...}, "preprocessing must be a JSON object"),
        ({"preprocessing": {"kind": "whiten"}}, "Unknown preprocessing kind 'whiten'"),
        ({"preprocessing": {"kind": "features", "names": ["x1"]}}, "makes 1 inputs"),
        ({"preprocessing": {"kind": "standardize", "mean": [0], "scale": [math.nan]}}, "finite"),
        ({"class_names": "ab"}, "'class_names' in the file must be a list of texts"),
        ({"class_names": ["a", "b", "c"]}, "3 class_names, but should have 2"),
        ({"feature_names": [1, 2]}, "'feature_names' in the file must be a list of texts"),
        ({"feature_names": ["a", "\ud800"]}, "'feature_names' in the file must be a list of texts"),
        ({"experiment": 5}, "experiment in the file is not a JSON object"),
        ({"experiment": {"data": {"noise": 7}}}, "noise is 7"),
        ({"experiment": {"version": 99}}, "newer"),
        ({"experiment": {"data": None}}, "data is None"),
    ],
)
def test_wrong_metadata(suffix: str, changes: dict, words: str) -> None:
    assert words in refusal(with_metadata(suffix, **changes), suffix)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("network", "loss", "words"),
    [
        (NetworkConfig(), "binary_crossentropy", "4 tanh, 2 tanh, sigmoid outputs, not 3 tanh"),
        (
            NetworkConfig((Dense(3, "tanh"), Dense(4, "relu", 0.5)), output_activation="sigmoid"),
            "binary_crossentropy",
            "4 relu (dropout 0.5), sigmoid outputs, not",
        ),
        (NetworkConfig((Dense(3, "tanh"), Dense(4, "relu"))), "hinge", "linear outputs, not"),
        (NetworkConfig((Dense(1),) * 9), "hinge", "1 tanh, 5 more layers, linear outputs, not"),
    ],
)
def test_an_experiment_of_another_network(
    suffix: str, network: NetworkConfig, loss: str, words: str
) -> None:
    other = Experiment(network=network, training=TrainingConfig(loss))
    sentence = refusal(with_metadata(suffix, experiment=other.to_mapping()), suffix)
    assert "experiment in the file is about another network than the one in it" in sentence
    assert words in sentence


@EACH_SUFFIX
def test_an_experiment_that_leaves_the_output_to_its_loss(suffix: str) -> None:
    layers = make_network().config.layers
    data = with_metadata(suffix, experiment=Experiment(network=NetworkConfig(layers)).to_mapping())
    assert exchange.from_bytes(data, suffix).output_activation == "sigmoid"


@EACH_SUFFIX
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '"' + "x" * 1000])
def test_metadata_that_is_no_json_object(suffix: str, text: str) -> None:
    contents = contents_of(exchange.to_bytes(make_network(), suffix), suffix)
    data = containers.WRITERS[suffix](Contents(contents.arrays, text))
    assert "metadata" in refusal(data, suffix) or "not written by" in refusal(data, suffix)


@EACH_SUFFIX
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop("layer_1/biases"), "no array 'layer_1/biases'"),
        (lambda arrays: arrays.clear(), "no array 'layer_0/weights'"),
        (lambda arrays: arrays.update(extra=np.zeros(3, np.float32)), "no layer's: 'extra'"),
        (
            lambda arrays: arrays.update({"layer_1/weights": np.zeros((3, 9), np.float32)}),
            "'layer_1/weights' has shape (3, 9); it should be (3, 4)",
        ),
        (
            lambda arrays: arrays.update({"layer_0/biases": np.zeros((3, 1), np.float32)}),
            "'layer_0/biases' has shape (3, 1); it should be (3,)",
        ),
        (lambda arrays: arrays.update({"layer_0/weights": np.float32([1])}), "no inputs"),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.float32([np.nan])}),
            "'layer_2/biases' holds values that are not finite",
        ),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.float64([1.0])}),
            "'layer_2/biases' is",
        ),
        (
            lambda arrays: arrays.update({"layer_2/biases": np.int32([1])}),
            "weights must be float32",
        ),
    ],
)
def test_wrong_arrays(suffix: str, change: Callable, words: str) -> None:
    assert words in refusal(with_arrays(suffix, change), suffix)


@EACH_SUFFIX
def test_truncated_files(suffix: str) -> None:
    data = exchange.to_bytes(make_network(), suffix)
    for length in range(0, len(data), 7):
        refusal(data[:length], suffix)
    refusal(data[100:], suffix)


@EACH_SUFFIX
def test_foreign_files(suffix: str) -> None:
    other = SUFFIXES[1 - SUFFIXES.index(suffix)]
    for data in (b"", b"\x00" * 100, b"PK\x03\x04" + b"a" * 50, b"\x89PNG\r\n", b"{}" * 40):
        refusal(data, suffix)
    refusal(exchange.to_bytes(make_network(), other), suffix)


def test_archives_of_other_programs() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros(3))
    assert "no metadata" in refusal(buffer.getvalue(), ".npz")
    np.save(buffer := io.BytesIO(), np.zeros(3))
    refusal(buffer.getvalue(), ".npz")
    from safetensors.numpy import save

    assert "no metadata" in refusal(save({"x": np.zeros(3, np.float32)}), ".safetensors")
    assert "no metadata" in refusal(
        save({"x": np.zeros(3, np.float32)}, metadata={"format": "pt"}), ".safetensors"
    )
    half = save({"layer_0/weights": np.zeros(3, np.float16)}, metadata={"metadata": "{}"})
    assert "'F16'; weights must be float32" in refusal(half, ".safetensors")


def archive(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, block in entries.items():
            made.writestr(name, block)
    return buffer.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    """An array in NumPy's format with a header of our own making."""
    text = header.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def npy_of(array: np.ndarray) -> bytes:
    np.save(buffer := io.BytesIO(), array, allow_pickle=True)
    return buffer.getvalue()


def test_bombs_are_not_unpacked() -> None:
    bomb = archive({"layer_0/weights.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert "would unpack to 50,000,000 bytes" in refusal(bomb, ".npz")
    many = archive({f"{n}.npy": b"" for n in range(2000)})
    assert "2000 entries" in refusal(many, ".npz")
    # 4 TB in the header of an array of 4 bytes
    huge = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }\n", b"1234")
    metadata = npy_of(np.array("{}"))
    data = archive({"metadata.npy": metadata, "layer_0/weights.npy": huge})
    assert "its size is not what it says" in refusal(data, ".npz")
    lying = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})
    header = lying.encode()
    refusal(struct.pack("<Q", len(header)) + header, ".safetensors")
    refusal(struct.pack("<Q", 1 << 60) + header, ".safetensors")


def peak_of_refusal(data: bytes, suffix: str) -> tuple[str, int]:
    """The sentence that refuses a file, and the most bytes that were allocated meanwhile."""
    import safetensors  # noqa: F401  (imported before it is measured)

    tracemalloc.start()
    try:
        return refusal(data, suffix), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_metadata_is_refused_before_it_is_read() -> None:
    text = json.dumps({"format": "x", "readme": "r" * 3_000_000})
    with_network = npy_of(np.zeros((2, 3), np.float32))
    data = archive({"metadata.npy": npy_of(np.array(text)), "layer_0/weights.npy": with_network})
    sentence, peak = peak_of_refusal(data, ".npz")
    assert "metadata in the .npz archive is too large" in sentence
    assert peak < 4_000_000
    header = json.dumps({"__metadata__": {"metadata": "r" * 10_000_000}}).encode()
    data = struct.pack("<Q", len(header)) + header
    sentence, peak = peak_of_refusal(data, ".safetensors")
    assert "header of the .safetensors file is too large" in sentence
    assert peak < 1_000_000


def test_arrays_that_the_metadata_does_not_describe_are_not_read() -> None:
    """Refused by their headers, at a fraction of what reading them would take."""
    zeros = np.zeros((2, 4_000_000), np.float32)
    for suffix in SUFFIXES:
        data = with_arrays(suffix, lambda arrays: arrays.update({"layer_0/weights": zeros}))
        sentence, peak = peak_of_refusal(data, suffix)
        assert "'layer_0/weights' has shape (2, 4000000); it should be (2, 3)" in sentence
        assert peak < 2_000_000


def test_an_archive_that_hides_how_much_it_unpacks_to() -> None:
    whole = contents_of(exchange.to_bytes(make_network(), ".npz"), ".npz")
    entries = {f"{name}.npy": npy_of(array) for name, array in whole.arrays.items()}
    honest = entries["layer_0/weights.npy"]
    entries["layer_0/weights.npy"] = honest + bytes(100_000_000)
    entries["metadata.npy"] = npy_of(np.array(whole.metadata))
    real, said = (struct.pack("<I", len(honest) + more) for more in (100_000_000, 0))
    data = archive(entries, zipfile.ZIP_DEFLATED)
    assert data.count(real) == 2
    sentence, peak = peak_of_refusal(data.replace(real, said), ".npz")
    assert "not a whole .npz archive" in sentence
    assert peak < 5_000_000
    bzip2 = archive({"metadata.npy": npy_of(np.array("{}"))}, zipfile.ZIP_BZIP2)
    assert "not a whole .npz archive" in refusal(bzip2, ".npz")


def test_more_beside_the_weights_than_a_file_holds_is_not_written() -> None:
    network = make_network()
    network.feature_names = ("n" * 3_000_000, "m")
    with pytest.raises(ValueError, match="names of classes and features included; a file holds"):
        exchange.to_bytes(network, ".npz")


def test_nothing_is_unpickled() -> None:
    pickled = npy_of(np.array([{"a": 1}], dtype=object))
    refusal(archive({"metadata.npy": pickled}), ".npz")
    data = archive({"metadata.npy": npy_of(np.array("{}")), "layer_0/weights.npy": pickled})
    assert "'layer_0/weights'" in refusal(data, ".npz")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[" * 9000,
        "(" * 60_000,
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 'x'}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (0,)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (0,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (0,)}",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (0,)}",
        "__import__('os')",
    ],
)
def test_headers_that_numpy_never_wrote(header: str) -> None:
    metadata = npy_of(np.array("{}"))
    refusal(archive({"metadata.npy": metadata, "w.npy": npy(header)}), ".npz")
    refusal(archive({"metadata.npy": npy(header)}), ".npz")


def test_damaged_text() -> None:
    header = "{'descr': '<U1', 'fortran_order': False, 'shape': (), }\n"
    data = archive({"metadata.npy": npy(header, b"\xff\xff\xff\xff")})
    assert "not a readable text" in refusal(data, ".npz")
    assert "not a text" in refusal(archive({"metadata.npy": npy_of(np.zeros(2))}), ".npz")


def test_suffixes() -> None:
    network = make_network()
    for suffix in (".onnx", ".json", "", ".NPY"):
        with pytest.raises(ValueError, match=r"not built yet. Choose one of: .npz, .safetensors"):
            exchange.to_bytes(network, suffix)
        with pytest.raises(ValueError, match="not built yet"):
            exchange.from_bytes(b"", suffix)
    with pytest.raises(ValueError, match="not built yet"):
        exchange.save(network, "network.onnx")
    with pytest.raises(ValueError, match="not built yet"):
        exchange.load("network.onnx")


@EACH_SUFFIX
def test_files_too_large(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange.save(make_network(), tmp_path / f"network{suffix}")
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="The file is larger than"):
        exchange.load(tmp_path / f"network{suffix}")
    refusal(exchange.to_bytes(make_network(), suffix), suffix)
