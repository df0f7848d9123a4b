"""The text in every file that says, in NumPy, how the predictions are computed.

The code in it is complete: a test runs it for every activation and every preprocessing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.preprocessing import Features, Preprocessing, Scale, Standardize
from core.maths.normalizations import EPSILON, NORMALIZATIONS

if TYPE_CHECKING:
    from core.network import Network

# Each activation of z, a (n_samples, units) float64 array, in forms that do not overflow.
NUMPY_ACTIVATIONS: dict[str, str] = {
    "linear": "z",
    "relu": "np.maximum(z, 0.0)",
    "leaky_relu": "np.where(z > 0.0, z, 0.2 * z)",
    "elu": "np.where(z > 0.0, z, np.expm1(np.minimum(z, 0.0)))",
    "selu": (
        "1.05070098735548 * np.where(z > 0.0, z, 1.67326324235438 * np.expm1(np.minimum(z, 0.0)))"
    ),
    "gelu": "0.5 * z * (1.0 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2.0)))",
    "silu": "z * 0.5 * (1.0 + np.tanh(0.5 * z))",
    "mish": "z * np.tanh(np.logaddexp(0.0, z))",
    "softplus": "np.logaddexp(0.0, z)",
    "softsign": "z / (1.0 + np.abs(z))",
    "tanh": "np.tanh(z)",
    "sigmoid": "0.5 * (1.0 + np.tanh(0.5 * z))",
    "sine": "np.sin(z)",
    "gaussian": "np.exp(-z * z)",
    "softmax": (
        "np.exp(z - z.max(axis=1, keepdims=True)) / "
        "np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)"
    ),
}

NUMPY_FEATURES: dict[str, str] = {
    "x1": "x1",
    "x2": "x2",
    "x1_squared": "x1 * x1",
    "x2_squared": "x2 * x2",
    "x1_x2": "x1 * x2",
    "sin_x1": "np.sin(x1)",
    "sin_x2": "np.sin(x2)",
}

# What makes inputs of one column of a table, by the kind of its step in the file's metadata.
SCALED = """\
def scaled(x, how):
    x = np.where(np.isnan(x), how["fill"], x)
    return np.clip((x - how["shift"]) / how["scale"], -LARGEST, LARGEST)
"""
TABLE_STEPS: dict[str, str] = {
    "number": """\
def number(step, column):
    x = np.array([math.nan if value is None else float(value) for value in column])
    missing = [np.isnan(x)] if step["indicator"] else []
    return np.stack([scaled(x, step["scaling"]), *missing], axis=1)
""",
    "category": """\
def in_words(value):
    if isinstance(value, bool):
        return str(value).lower()
    is_whole = isinstance(value, float) and value == math.floor(value)
    return str(int(value) if is_whole else value)


def category(step, column):
    texts = [step["fill"] if value is None else in_words(value) for value in column]
    known = [[text == each for each in step["categories"]] for text in texts]
    return np.array([row + [not any(row)] if step["other"] else row for row in known], dtype=float)
""",
    "date": """\
def date(step, column):
    texts = ["NaT" if value is None else str(value) for value in column]
    dates = np.array(texts, dtype="datetime64[us]")
    missing, moments = np.isnat(dates), dates.astype(np.int64)
    days, months = (dates.astype(f"datetime64[{unit}]") for unit in "DM")
    parts = {
        "days": moments / 86400e6,
        "year": dates.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (days - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,
        "hour": moments // 1000000 % 86400 / 3600,
    }
    made = [
        scaled(np.where(missing, math.nan, parts[each["part"]]), each["scaling"])
        for each in step["parts"]
    ]
    return np.stack(made + [missing] * step["indicator"], axis=1)
""",
    "text": """\
def text(step, column):
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
    from sklearn.preprocessing import normalize

    texts = ["" if value is None else str(value) for value in column]
    how = {"analyzer": "char", "ngram_range": (1, 2)} if step["tokens"] == "characters" else {}
    if not step["words"]:
        return HashingVectorizer(n_features=step["size"], **how).transform(texts).toarray()
    counts = CountVectorizer(vocabulary=step["words"], dtype=float, **how).transform(texts)
    return normalize(counts.multiply(np.array(step["idf"])).tocsr()).toarray()
""",
}

NORMALIZED = """\
Layers with gamma and beta (units,) are normalized between weights and activation; those with
moving_mean and moving_variance by these running values of training, the others sample by sample.
"""

LARGEST = 3.4028234663852886e38  # of float32

OPENING = {
    ".npz": """\
with np.load("network.npz", allow_pickle=False) as opened:
    file = dict(opened)
metadata = json.loads(str(file["metadata"]))""",
    ".safetensors": """\
from safetensors import safe_open
from safetensors.numpy import load_file

file = load_file("network.safetensors")
with safe_open("network.safetensors", "np") as opened:
    metadata = json.loads(opened.metadata()["metadata"])""",
}


def describe(network: Network, suffix: str) -> str:
    """Say what is in the file and how to compute its predictions with NumPy alone."""
    normalized = "" if not network.layout.is_normalized else NORMALIZED
    sizes = " - ".join(str(len(W)) for W in network.weights) + f" - {len(network.biases[-1])}"
    return f"""\
A network of {sizes} units, inputs first, saved by the neural-network playground.
layer_0/weights (inputs, units) and layer_0/biases (units,) belong to the first hidden layer, the
highest number to the output layer; all are float32. Dropout plays no part in predictions.
{normalized}This code opens the file; predict(file, metadata, raw) makes predictions
(n_samples, outputs) of raw, {_raw(network.preprocessing)}, up to float32's rounding:

import json
import math

import numpy as np

{OPENING[suffix]}

{prediction_code(network)}"""


def prediction_code(network: Network) -> str:
    """NumPy code that defines predict(file, metadata, raw) for this network.

    A regression on a table whose targets were standardized is told in the table's units. Texts
    need scikit-learn as well.
    """
    lines = ["def predict(file, metadata, raw):"]
    lines += [f"    {line}" for line in _inputs(network.preprocessing)]
    for layer, name in enumerate(network.layout.activations):
        lines.append(f'    z = a @ file["layer_{layer}/weights"] + file["layer_{layer}/biases"]')
        lines += [f"    {line}" for line in _normalization(network, layer)]
        lines.append(f"    a = {NUMPY_ACTIVATIONS[name]}  # {name}")
    if network.preprocessing.to_dict().get("targets"):
        lines.append('    units = metadata["preprocessing"]["targets"]')
        lines.append(
            '    a = a * [each["scale"] for each in units] + [each["mean"] for each in units]'
        )
    return _steps(network.preprocessing) + "\n".join([*lines, "    return a", ""])


def _raw(preprocessing: Preprocessing) -> str:
    """What the raw samples are, in words."""
    if not _kinds(preprocessing):
        return "a float array (n_samples, columns)"
    return "rows of the table in the order of its columns below, None where a value is missing"


def _kinds(preprocessing: Preprocessing) -> list[str]:
    """The kinds of steps of a table's preparation, none of other data."""
    steps = preprocessing.to_dict().get("steps", [])
    return [kind for kind in TABLE_STEPS if any(step["kind"] == kind for step in steps)]


def _steps(preprocessing: Preprocessing) -> str:
    """Code of the functions that make inputs of a table's columns."""
    kinds = _kinds(preprocessing)
    scaled = [f"LARGEST = {LARGEST!r}\n", SCALED] if {"number", "date"} & set(kinds) else []
    return "".join(f"{code}\n\n" for code in [*scaled, *(TABLE_STEPS[kind] for kind in kinds)])


def _normalization(network: Network, layer: int) -> list[str]:
    """Lines of code that normalize the layer's `z`."""
    over = NORMALIZATIONS[network.layout.normalizations[layer]].over
    if not over:
        return []
    mean, variance = "z.mean(axis=1, keepdims=True)", "z.var(axis=1, keepdims=True)"
    if over == "batch":
        mean, variance = (f'file["layer_{layer}/moving_{part}"]' for part in ("mean", "variance"))
    return [
        f"z = (z - {mean}) / np.sqrt({variance} + {EPSILON})",
        f'z = file["layer_{layer}/gamma"] * z + file["layer_{layer}/beta"]',
    ]


def _inputs(preprocessing: Preprocessing) -> list[str]:
    """Lines of code that make the network's inputs `a` of `raw`."""
    if kinds := _kinds(preprocessing):
        made = ", ".join(f'"{kind}": {kind}' for kind in kinds)
        return [
            f"made = {{{made}}}",
            'steps = metadata["preprocessing"]["steps"]',
            "columns = zip(steps, zip(*raw))",
            'a = np.concatenate([made[step["kind"]](step, c) for step, c in columns], axis=1)',
        ]
    lines = ["a = np.asarray(raw, dtype=np.float64)"]
    if isinstance(preprocessing, Standardize):
        lines.append('how = metadata["preprocessing"]')
        lines.append('a = (a - np.array(how["mean"])) / np.array(how["scale"])')
    elif isinstance(preprocessing, Scale):
        lines.append(f"a = a / {preprocessing.divisor!r}")
    elif isinstance(preprocessing, Features):
        columns = ", ".join(NUMPY_FEATURES[name] for name in preprocessing.names)
        lines += ["x1, x2 = a.T", f"a = np.stack([{columns}], axis=1)"]
    return lines
