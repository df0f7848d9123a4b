"""The text in every file that says, in NumPy, how the predictions are computed.

The code in it is complete: a test runs it for every activation and every preprocessing.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.films import FilmPairs
from core.data.preprocessing import Features, Pixels, Preprocessing, Scale, Standardize
from core.data.words import WORD, Words
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

TABLE = "table"  # the kind of a table's preparation, which takes more than a line of code
NORMALIZED = """\
Layers with gamma and beta (units,) are normalized between weights and activation; those with
moving_mean and moving_variance by these running values of training, the others sample by sample.
"""

RAW_ARRAY = "a float array (n_samples, columns)"
RAW_TEXTS = "a list of texts"
RAW_PICTURES = "an array of pictures (n_samples, {side}, {side}{colour}), each pixel 0 to 255"
RAW_ROWS = "a list of rows, each a dict by column name, None where a value is missing"
UNITS = """\
The outputs are (target - mean) / scale; targets in their own units are
outputs * scale + mean, with scale and mean of each of metadata["preprocessing"]["targets"].
"""
NUMPY_WORDS = f"""\
import re

how = metadata["preprocessing"]
number = {{word: column for column, word in enumerate(how["vocabulary"])}}
a = np.zeros((len(raw), len(number)))
for row, text in enumerate(raw):
    for word in re.findall(r"{WORD}", text.lower().replace("\\u2019", "'")):
        if word in number:
            a[row, number[word]] += 1.0
a = np.where(a > 0.0, 1.0 + np.log(np.maximum(a, 1.0)), 0.0) * np.array(how["weights"])
length = np.linalg.norm(a, axis=1, keepdims=True)
a = a / np.where(length > 0.0, length, 1.0)"""
"""Of texts: how often each word of the vocabulary comes, weighed, each row of length 1."""

RAW_PAIRS = (
    "pairs (n_pairs, 2) of a person's number and a film's, from 0 as feature_names have them"
)
NUMPY_PAIRS = """\
how = metadata["preprocessing"]
person, film = np.asarray(raw, dtype=int).T
rows, year = np.arange(len(raw)), how["people"] + len(how["years"])
a = np.zeros((len(raw), year + 1 + how["n_genres"]))  # mostly 0: ask for some thousand at a time
a[rows, person] = a[rows, how["people"] + film] = 1.0
for row, number in enumerate(film):
    if how["years"][number] is not None:
        a[row, year] = (how["years"][number] - how["year_mean"]) / how["year_scale"]
    a[row, [year + 1 + genre for genre in how["genres"][number]]] = 1.0"""
"""Of pairs: a column for each person, each film, the year and each genre."""

RAW = {TABLE: RAW_ROWS, Words.kind: RAW_TEXTS, FilmPairs.kind: RAW_PAIRS}
"""What raw is, by the kind of preprocessing."""

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
    how = network.preprocessing.to_dict()
    raw = RAW.get(how["kind"], RAW_ARRAY)
    if isinstance(network.preprocessing, Pixels):
        raw = RAW_PICTURES.format(
            side=network.preprocessing.side, colour=", 3" if network.preprocessing.colour else ""
        )
    units = UNITS if how.get("targets") else ""
    sizes = " - ".join(str(len(W)) for W in network.weights) + f" - {len(network.biases[-1])}"
    return f"""\
A network of {sizes} units, inputs first, saved by the neural-network playground.
layer_0/weights (inputs, units) and layer_0/biases (units,) belong to the first hidden layer, the
highest number to the output layer; all are float32. Dropout plays no part in predictions.
{normalized}{units}This code opens the file; predict(file, metadata, raw) makes predictions
(n_samples, outputs) of raw, {raw}, up to float32's rounding:

import json
import math

import numpy as np

{OPENING[suffix]}

{prediction_code(network)}"""


def prediction_code(network: Network) -> str:
    """NumPy code that defines predict(file, metadata, raw) for this network."""
    lines = ["def predict(file, metadata, raw):"]
    if network.preprocessing.kind == TABLE:
        lines = [*_table_code().splitlines(), "", "", *lines]
    lines += [f"    {line}" for line in _inputs(network.preprocessing)]
    for layer, name in enumerate(network.layout.activations):
        lines.append(f'    z = a @ file["layer_{layer}/weights"] + file["layer_{layer}/biases"]')
        lines += [f"    {line}" for line in _normalization(network, layer)]
        lines.append(f"    a = {NUMPY_ACTIVATIONS[name]}  # {name}")
    return "\n".join([*lines, "    return a", ""])


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


@lru_cache(maxsize=1)
def _table_code() -> str:
    """The functions of table_inputs.py, and what they import beside what every file does."""
    source = Path(__file__).with_name("table_inputs.py").read_text(encoding="utf-8")
    return "import datetime\nimport re\n\n\n" + source[source.index("def table_inputs") :].rstrip()


def _inputs(preprocessing: Preprocessing) -> list[str]:
    """Lines of code that make the network's inputs `a` of `raw`."""
    if preprocessing.kind == TABLE:
        return ['a = table_inputs(metadata["preprocessing"]["steps"], raw)']
    if isinstance(preprocessing, Words):
        return NUMPY_WORDS.split("\n")
    if isinstance(preprocessing, FilmPairs):
        return NUMPY_PAIRS.split("\n")
    lines = ["a = np.asarray(raw, dtype=np.float64)"]
    if isinstance(preprocessing, Standardize):
        lines.append('how = metadata["preprocessing"]')
        lines.append('a = (a - np.array(how["mean"])) / np.array(how["scale"])')
    elif isinstance(preprocessing, Pixels):
        lines.append(f"a = a.reshape(len(a), {preprocessing.n_raw}) / 255.0")
    elif isinstance(preprocessing, Scale):
        lines.append(f"a = a / {preprocessing.divisor!r}")
    elif isinstance(preprocessing, Features):
        columns = ", ".join(NUMPY_FEATURES[name] for name in preprocessing.names)
        lines += ["x1, x2 = a.T", f"a = np.stack([{columns}], axis=1)"]
    return lines
