"""What an engine is told of a run's settings, as the numbers that kernels read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.engine import memory
from core.engine.layout import Layout
from core.engine.memory import Floats
from core.maths.activations import SOFTMAX
from core.maths.losses import LOSSES
from core.maths.optimizers import RULES, Optimizer
from core.maths.registry import get
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES

DEFAULT_BATCH_SIZE = 32
PLAIN_SGD = len(RULES)  # the code of SGD without momentum
N_SCHEDULE = 8  # places for the options of a schedule


WRITES_SAMPLES = ("input_noise", "mixup", "translation", "rotation", "zoom", "cutout")


def check_sparse(arguments: Mapping[str, object]) -> None:
    """Raise a ValueError for settings that write to samples: sparse ones have no room for it."""
    if any(arguments.get(name) for name in WRITES_SAMPLES):
        raise ValueError("Sparse samples cannot take noise, and cannot be augmented.")


def at_rest(layout: Layout, loss: str, batch_size: int, seed: int = 0) -> memory.Settings:
    """Settings with everything off but the loss: no optimizer, penalty, dropout or clipping."""
    codes = np.zeros(memory.N_CODES, dtype=np.int64)
    codes[memory.LOSS] = _code(LOSSES, loss, "loss")
    codes[memory.OUTPUT_RULE] = _output_rule(loss, layout.output_activation)
    per_sample = LOSSES[loss].mean_over == "samples"
    codes[memory.MEAN_OVER] = memory.PER_SAMPLE if per_sample else memory.PER_OUTPUT
    codes[memory.BATCH_SIZE], codes[memory.SEED] = batch_size, seed
    return memory.Settings(
        codes=codes,
        numbers=np.zeros(memory.N_NUMBERS),
        options=np.zeros(memory.N_OPTIONS),
        schedule=np.zeros(N_SCHEDULE),
        dropout=np.zeros(layout.n_layers, dtype=np.float32),
        weights=np.zeros(0, dtype=np.float32),
        background=np.zeros(0, dtype=np.float32),
    )


def configured(
    settings: memory.Settings,
    layout: Layout,
    loss: str,
    optimizer: Optimizer,
    n_samples: int,
    *,
    learning_rate: float,
    options: Sequence[float],
    batch_size: int = DEFAULT_BATCH_SIZE,
    dropout: Sequence[float] = (),
    regularizer: str = "none",
    regularization_rate: float = 0.0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    global_clip_norm: float | None = None,
    label_smoothing: float = 0.0,
    max_norm: float | None = None,
    input_noise: float = 0.0,
    translation: float = 0.0,
    rotation: float = 0.0,
    zoom: float = 0.0,
    cutout: int = 0,
    mixup: float = 0.0,
    image: memory.Image | None = None,
    schedule: str = "constant",
    schedule_options: Sequence[float] = (0.0,),
    weights: Floats | None = None,
) -> memory.Settings:
    """Settings with what may change between two calls of an engine's `run`.

    The arrays of those given are written to; only the samples' weights and the images' background
    are others.

    options: the optimizer's, schedule_options: the schedule's, in the order of their records;
    dropout: one rate for each hidden layer. weights: float32 (n,), what the loss of each
    sample is multiplied by; None where all count alike.
    label_smoothing acts where the loss smooths labels.
    image: what the samples are, which translation, rotation, zoom and cutout ask for.
    """
    if any((translation, rotation, zoom, cutout)) and image is None:
        raise ValueError("Only images can be moved or cut out.")
    counts = np.zeros(0, np.float32) if weights is None else _weights(weights, n_samples)
    background = np.zeros(0, np.float32) if image is None else image.background
    settings = settings._replace(weights=counts, background=background)
    codes, numbers = settings.codes, settings.numbers
    if image is not None:
        codes[memory.HEIGHT : memory.CHANNELS + 1] = image.shape
    names = dict(zip(optimizer.options, options, strict=True))
    codes[memory.BATCH_SIZE] = batch_size
    codes[memory.REGULARIZER] = _code(REGULARIZERS, regularizer, "regularizer")
    numbers[memory.LEARNING_RATE] = learning_rate
    numbers[memory.REGULARIZATION_RATE] = regularization_rate
    numbers[memory.CLIP_VALUE] = clip_value or 0.0
    numbers[memory.CLIP_NORM] = clip_norm or 0.0
    numbers[memory.GLOBAL_CLIP_NORM] = global_clip_norm or 0.0
    numbers[memory.MAX_NORM] = max_norm or 0.0
    numbers[memory.INPUT_NOISE] = input_noise
    numbers[memory.SMOOTHING] = label_smoothing if LOSSES[loss].smooths_labels else 0.0
    numbers[memory.SMOOTH_TO] = LOSSES[loss].smooth_to(layout.n_outputs)
    numbers[memory.TRANSLATION], numbers[memory.ROTATION] = translation, rotation
    numbers[memory.ZOOM], numbers[memory.CUTOUT] = zoom, cutout
    numbers[memory.MIXUP] = mixup
    settings.options[: len(options)] = options
    codes[memory.SCHEDULE] = _code(SCHEDULES, schedule, "schedule")
    settings.schedule[: len(schedule_options)] = schedule_options
    codes[memory.OPTIMIZER] = _update_code(optimizer, names)
    codes[memory.MATRICES] = (layout.n_layers - 1) * (optimizer.matrix_prepare is not None)
    settings.dropout[: len(dropout)] = dropout
    return settings


def starting_slot(optimizer: Optimizer, settings: memory.Settings) -> float:
    """What every slot starts at under these settings."""
    return optimizer.starting_slot(dict(zip(optimizer.options, settings.options, strict=False)))


def _weights(weights: Floats, n: int) -> Floats:
    """Weights of samples as the kernel takes them: one type for all, and one for each sample."""
    if weights.shape != (n,):
        raise ValueError(f"weights must have shape {(n,)}; got {weights.shape}.")
    return np.require(weights, np.float32, ["C", "W"])


def _code(registry: Mapping, name: str, what: str) -> int:
    get(registry, name, what)
    return list(registry).index(name)


def _output_rule(loss: str, activation: str) -> int:
    """How dE/dZ of the output layer is had: see `backward.output_slope`."""
    if LOSSES[loss].difference_behind == activation:
        return memory.DIFFERENCE
    if activation == SOFTMAX:
        return memory.BY_SOFTMAX
    return memory.NORMALIZED if LOSSES[loss].normalizes(activation) else memory.BY_SLOPE


def _update_code(optimizer: Optimizer, options: Mapping[str, float]) -> int:
    if optimizer.name == "sgd" and options["momentum"] == 0.0:
        return PLAIN_SGD
    return RULES.index(optimizer)
