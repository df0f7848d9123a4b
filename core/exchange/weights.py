"""A network and everything that belongs to it, as named arrays and one JSON text; and back.

The arrays are `layer_0/weights` (inputs, units), `layer_0/biases` (units,), `layer_1/...`, the
output layer last, all float32. A layer with a normalization also has `layer_0/gamma` and
`layer_0/beta`, one normalized over batches `layer_0/moving_mean` and `layer_0/moving_variance` as
well, (units,) each. The JSON object has the keys

    format, format_version   what the file is
    network                  its config: layers, initializer, output_activation
    activations              of every layer, the output's last and never "auto"
    experiment, run          what made the weights, see `runs`
    preprocessing            what makes network inputs of raw columns
    class_names, feature_names   lists, or null
    readme                   how to compute the predictions, in NumPy
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.data.preprocessing import Preprocessing
from core.exchange.containers import MAX_METADATA, Contents, Shapes
from core.exchange.readme import describe
from core.exchange.runs import read_run, write_run
from core.experiment import MOST_LAYERS, Dense, Experiment, NetworkConfig, read_experiment
from core.maths.losses import LOSSES
from core.maths.normalizations import MOVING_VARIANCE, NORMALIZATIONS
from core.refusals import Refusal, Sentence
from core.run import Run

if TYPE_CHECKING:
    from core.network import Network

FORMAT = "neural-network playground"
FORMAT_VERSION = 2
MOST_SKETCHED = 4  # layers that a sentence names

Arrays = list[NDArray[np.float32]]


def pack(network: Network, suffix: str) -> Contents:
    """Everything of a network that goes into a file of this suffix.

    Raises ValueError if there is more beside the weights than can be read again.
    """
    arrays = {}
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays[f"layer_{layer}/weights"] = np.ascontiguousarray(W, dtype=np.float32)
        arrays[f"layer_{layer}/biases"] = np.ascontiguousarray(b, dtype=np.float32)
        for part, array in network.normalizations[layer].items():
            arrays[f"layer_{layer}/{part}"] = np.ascontiguousarray(array, dtype=np.float32)
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "network": Experiment(network=network.config).to_mapping()["network"],
        "activations": network.layout.activations,
        **write_run(network),
        "preprocessing": network.preprocessing.to_dict(),
        "class_names": network.class_names,
        "feature_names": network.feature_names,
        "readme": describe(network, suffix),
    }
    text = json.dumps(metadata, allow_nan=False)
    if len(text) > MAX_METADATA:
        raise Refusal(
            "What belongs to this network takes {size} characters, names of classes and features "
            "included; a file holds at most {most}.",
            size=f"{len(text):,}",
            most=f"{MAX_METADATA:,}",
        )
    return Contents(arrays, text)


@dataclass(frozen=True)
class Description:
    """What a file's metadata says, checked against the shapes of its arrays."""

    config: NetworkConfig
    activations: object
    preprocessing: Preprocessing
    experiment: Experiment | None
    run: Run | None
    class_names: tuple[str, ...] | None
    feature_names: tuple[str, ...] | None


def describe_file(
    metadata: str, shapes: Shapes, caps: Mapping[str, float] = MappingProxyType({})
) -> Description:
    """Read the metadata. Raises ValueError that says what does not fit, it or the shapes.

    caps: the most layers and units that are taken, see `files.from_bytes`.
    """
    record = _read_metadata(metadata)
    config = _network_config(record.get("network"), caps)
    n_inputs, n_outputs = _check_shapes(shapes, config)
    preprocessing = Preprocessing.from_dict(record.get("preprocessing"))
    if preprocessing.n_inputs not in (None, n_inputs):
        raise Refusal(
            "The preprocessing makes {made} inputs, but the first layer takes {taken}.",
            made=preprocessing.n_inputs,
            taken=n_inputs,
        )
    feature_names = _names(record, "feature_names", n_inputs)
    class_names = _names(record, "class_names", max(n_outputs, 2))
    sizes = (n_inputs, *(layer.units for layer in config.layers), n_outputs)
    experiment, run = read_run(record, sizes)
    if experiment is not None:
        _check_agreement(experiment if run is None else run.experiment_now, config)
    return Description(
        config,
        record.get("activations"),
        preprocessing,
        experiment,
        run,
        class_names,
        feature_names,
    )


def unpack(contents: Contents, described: Description | None = None) -> Network:
    """Build the network that a file describes. Raises ValueError that says what does not fit.

    described: by `describe_file`, if it was read before.
    """
    from core.network import Network

    file = described or describe_file(contents.metadata, contents.shapes)
    weights, biases, normalizations = _read_layers(contents.arrays, file.config)
    network = Network.from_arrays(
        file.config,
        weights,
        biases,
        normalizations,
        preprocessing=file.preprocessing,
        experiment=file.experiment,
        run=file.run,
        class_names=file.class_names,
        feature_names=file.feature_names,
    )
    if file.activations != list(network.layout.activations):
        raise Refusal("The activations in the file are not those of the network in it.")
    return network


def _read_metadata(text: str) -> dict[str, Any]:
    if len(text) > MAX_METADATA:
        raise Refusal("The metadata in the file is too large to be ours.")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("The metadata in the file is not readable JSON.") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise Refusal("The file was not written by this playground.")
    version = metadata.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Refusal("The file does not say which version of the format it has.")
    if version > FORMAT_VERSION:
        raise Refusal(
            "The file has format version {version}, written by a newer playground; "
            "this one reads up to version {known}.",
            version=version,
            known=FORMAT_VERSION,
        )
    return metadata


def _network_config(record: object, caps: Mapping[str, float]) -> NetworkConfig:
    if not isinstance(record, dict):
        raise Refusal("The metadata in the file does not describe the network's layers.")
    layers, most = record.get("layers"), int(caps.get("layers", MOST_LAYERS))
    if isinstance(layers, list) and len(layers) > most:
        raise Refusal(
            "The network in the file has {count} hidden layers; at most {most} are possible here.",
            count=len(layers),
            most=most,
        )
    experiment, problems = read_experiment({"network": record}, caps=caps)
    if problems:
        raise Refusal("The network in the file is not valid: {problem}", problem=problems[0])
    return experiment.network


def _check_agreement(experiment: Experiment, config: NetworkConfig) -> None:
    """Raise ValueError if the experiment is about another network than the file's."""
    theirs, ours = experiment.network, config
    usual = LOSSES[experiment.training.loss].output_activation
    outputs = [
        usual if each.output_activation == "auto" else each.output_activation
        for each in (theirs, ours)
    ]
    if theirs.layers != ours.layers or outputs[0] != outputs[1]:
        raise Refusal(
            "The experiment in the file is about another network than the one in it: "
            "{theirs}, not {ours}.",
            theirs=_sketch(theirs, outputs[0]),
            ours=_sketch(ours, outputs[1]),
        )


def _sketch(config: NetworkConfig, output: str) -> Sentence:
    """A network in a few words: "4 tanh, 2 tanh, sigmoid outputs"."""
    layers = ", ".join(map(_sketch_layer, config.layers[:MOST_SKETCHED]))
    left_out = len(config.layers) - MOST_SKETCHED
    if left_out > 0:
        template = "{layers}, {count} more layers, {output} outputs"
        return Sentence(template, layers=layers, count=left_out, output=output)
    if not layers:
        return Sentence("{output} outputs", output=output)
    return Sentence("{layers}, {output} outputs", layers=layers, output=output)


def _sketch_layer(layer: Dense) -> str:
    dropout = f" (dropout {layer.dropout:g})" if layer.dropout else ""
    normalization = "" if layer.normalization == "none" else f" ({layer.normalization} normalized)"
    return f"{layer.units} {layer.activation}{normalization}{dropout}"


def _parts(config: NetworkConfig) -> list[list[str]]:
    """What each layer's arrays are called."""
    normalizations = [NORMALIZATIONS[layer.normalization].arrays for layer in config.layers]
    return [["weights", "biases", *arrays] for arrays in (*normalizations, {})]


def _check_shapes(shapes: Shapes, config: NetworkConfig) -> tuple[int, int]:
    """Check the arrays against the layers that the file describes; returns inputs and outputs."""
    parts = _parts(config)
    names = [f"layer_{layer}/{part}" for layer, own in enumerate(parts) for part in own]
    missing = [name for name in names if name not in shapes]
    if missing:
        raise Refusal("The file has no array {name}.", name=repr(missing[0]))
    if len(shapes) > len(names):
        extra = min(shapes.keys() - set(names))
        raise Refusal("The file has an array that is no layer's: {name}.", name=repr(extra[:40]))
    first, last = shapes[names[0]], shapes[names[-1]]
    inputs, outputs = first[0] if len(first) == 2 else 0, math.prod(last)
    if inputs == 0 or outputs == 0:
        raise Refusal("The network in the file has no inputs or no outputs.")
    units = [layer.units for layer in config.layers] + [outputs]
    for layer, (n_in, n_out) in enumerate(zip([inputs, *units], units, strict=False)):
        for part in parts[layer]:
            wanted = (n_in, n_out) if part == "weights" else (n_out,)
            _check_shape(shapes, f"layer_{layer}/{part}", wanted)
    return inputs, outputs


def _check_shape(shapes: Shapes, name: str, wanted: tuple[int, ...]) -> None:
    if shapes[name] != wanted:
        raise Refusal(
            "The array {name} has shape {shape}; it should be {wanted}.",
            name=repr(name),
            shape=str(shapes[name]),
            wanted=str(wanted),
        )


def _read_layers(
    arrays: dict[str, NDArray[np.float32]], config: NetworkConfig
) -> tuple[Arrays, Arrays, list[dict[str, NDArray[np.float32]]]]:
    """Weights, biases and normalizations in order; shapes have been checked, numbers are here."""
    layers = []
    for layer, parts in enumerate(_parts(config)):
        names = {part: f"layer_{layer}/{part}" for part in parts}
        for part, name in names.items():
            _check_numbers(name, arrays[name], least=0.0 if part == MOVING_VARIANCE else -math.inf)
        layers.append({part: arrays[name] for part, name in names.items()})
    weights, biases = ([layer.pop(part) for layer in layers] for part in ("weights", "biases"))
    return weights, biases, layers


def _check_numbers(name: str, array: NDArray[np.float32], least: float) -> None:
    if not np.isfinite(array).all():
        raise Refusal("The array {name} holds values that are not finite numbers.", name=repr(name))
    if array.min() < least:
        raise Refusal("The array {name} holds variances below 0.", name=repr(name))


def _names(metadata: dict[str, Any], field: str, count: int) -> tuple[str, ...] | None:
    """A list of names, `count` of them or none, or null."""
    names = metadata.get(field)
    if names is None:
        return None
    if not isinstance(names, list) or not all(map(_is_text, names)):
        raise Refusal("The {name} in the file must be a list of texts, or null.", name=repr(field))
    if names and len(names) != count:
        raise Refusal(
            "The file has {count} {name}, but should have {wanted}.",
            count=len(names),
            name=field,
            wanted=count,
        )
    return tuple(names)


def _is_text(value: object) -> bool:
    """Whether it is text that can be shown: JSON may hold halves of characters, which cannot."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)
