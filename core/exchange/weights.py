"""A network and everything that belongs to it, as named arrays and one JSON text; and back.

The arrays are `layer_0/weights` (inputs, units), `layer_0/biases` (units,), `layer_1/...`, the
output layer last, all float32. The JSON object has the keys

    format, format_version   what the file is
    network                  its config: layers, initializer, output_activation
    activations              of every layer, the output's last and never "auto"
    experiment               the whole experiment, or null
    preprocessing            what makes network inputs of raw columns
    class_names, feature_names   lists, or null
    readme                   how to compute the predictions, in NumPy
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.data.preprocessing import Preprocessing
from core.exchange.containers import MAX_METADATA_BYTES, Contents
from core.exchange.readme import describe
from core.experiment import Experiment, NetworkConfig, read_experiment

if TYPE_CHECKING:
    from core.network import Network

FORMAT = "neural-network playground"
FORMAT_VERSION = 1

Arrays = list[NDArray[np.float32]]


def pack(network: Network, suffix: str) -> Contents:
    """Everything of a network that goes into a file of this suffix."""
    arrays = {}
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays[f"layer_{layer}/weights"] = np.ascontiguousarray(W, dtype=np.float32)
        arrays[f"layer_{layer}/biases"] = np.ascontiguousarray(b, dtype=np.float32)
    experiment = network.experiment
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "network": dataclasses.asdict(network.config),
        "activations": network.layout.activations,
        "experiment": None if experiment is None else json.loads(experiment.to_json()),
        "preprocessing": network.preprocessing.to_dict(),
        "class_names": network.class_names,
        "feature_names": network.feature_names,
        "readme": describe(network, suffix),
    }
    return Contents(arrays, json.dumps(metadata, allow_nan=False))


def unpack(contents: Contents) -> Network:
    """Build the network that a file describes. Raises ValueError that says what does not fit."""
    from core.network import Network

    metadata = _read_metadata(contents.metadata)
    config = _network_config(metadata.get("network"))
    weights, biases = _read_layers(contents.arrays, config)
    preprocessing = Preprocessing.from_dict(metadata.get("preprocessing"))
    n_inputs, n_outputs = len(weights[0]), len(biases[-1])
    if preprocessing.n_inputs not in (None, n_inputs):
        raise ValueError(
            f"The preprocessing makes {preprocessing.n_inputs} inputs, "
            f"but the first layer takes {n_inputs}."
        )
    feature_names = _names(metadata, "feature_names", n_inputs)
    class_names = _names(metadata, "class_names", max(n_outputs, 2))
    network = Network.from_arrays(
        config,
        weights,
        biases,
        preprocessing=preprocessing,
        experiment=_experiment(metadata.get("experiment")),
        class_names=class_names,
        feature_names=feature_names,
    )
    if metadata.get("activations") != list(network.layout.activations):
        raise ValueError("The activations in the file are not those of the network in it.")
    return network


def _read_metadata(text: str) -> dict[str, Any]:
    if len(text) > MAX_METADATA_BYTES:
        raise ValueError("The metadata in the file is too large to be ours.")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("The metadata in the file is not readable JSON.") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ValueError("The file was not written by this playground.")
    version = metadata.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError("The file does not say which version of the format it has.")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"The file has format version {version}, written by a newer playground; "
            f"this one reads up to version {FORMAT_VERSION}."
        )
    return metadata


def _network_config(record: object) -> NetworkConfig:
    if not isinstance(record, dict):
        raise ValueError("The metadata in the file does not describe the network's layers.")
    experiment, problems = read_experiment({"network": record})
    if problems:
        raise ValueError(f"The network in the file is not valid: {problems[0]}")
    return experiment.network


def _experiment(record: object) -> Experiment | None:
    if record is None:
        return None
    if not isinstance(record, dict):
        raise ValueError("The experiment in the file is not a JSON object.")
    experiment, problems = read_experiment(record)
    if problems:
        raise ValueError(f"The experiment in the file is not valid: {problems[0]}")
    return experiment


def _read_layers(
    arrays: dict[str, NDArray[np.float32]], config: NetworkConfig
) -> tuple[Arrays, Arrays]:
    """Weights and biases in order, each checked against the layers that the file describes."""
    n_layers = len(config.layers) + 1
    names = [f"layer_{n}/{part}" for n in range(n_layers) for part in ("weights", "biases")]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(f"The file has no array {missing[0]!r}.")
    if len(arrays) > len(names):
        extra = min(arrays.keys() - set(names))
        raise ValueError(f"The file has an array that is no layer's: {extra[:40]!r}.")
    weights = [arrays[name] for name in names[::2]]
    biases = [arrays[name] for name in names[1::2]]
    inputs = weights[0].shape[0] if weights[0].ndim == 2 else 0
    if inputs == 0 or biases[-1].size == 0:
        raise ValueError("The network in the file has no inputs or no outputs.")
    units = [layer.units for layer in config.layers] + [biases[-1].size]
    for layer, (n_in, n_out) in enumerate(zip([inputs, *units], units, strict=False)):
        _check_array(weights[layer], names[2 * layer], (n_in, n_out))
        _check_array(biases[layer], names[2 * layer + 1], (n_out,))
    return weights, biases


def _check_array(array: NDArray[np.float32], name: str, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"The array {name!r} has shape {array.shape}; it should be {shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"The array {name!r} holds values that are not finite numbers.")


def _names(metadata: dict[str, Any], field: str, count: int) -> tuple[str, ...] | None:
    """A list of names, `count` of them or none, or null."""
    names = metadata.get(field)
    if names is None:
        return None
    if not isinstance(names, list) or not all(map(_is_text, names)):
        raise ValueError(f"The {field!r} in the file must be a list of texts, or null.")
    if names and len(names) != count:
        raise ValueError(f"The file has {len(names)} {field}, but should have {count}.")
    return tuple(names)


def _is_text(value: object) -> bool:
    """Whether it is text that can be shown: JSON may hold halves of characters, which cannot."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)
