"""Networks for the GPU engine: every activation, loss, optimizer and setting that it has, in small.

They need no simulator and no pytest: `benchmarks/gpu.py` trains them on a real GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from core.data.sparse import SparseRows
from core.engine import memory
from core.engine.cpu import CPUEngine
from core.engine.cuda.population import Population
from core.engine.layout import Layout
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES

SIZES, BATCH, N_SAMPLES, STEPS = (2, 3, 2), 5, 12, 100
COLUMNS = memory.N_COLUMNS + 3 * (len(SIZES) - 1)


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N_SAMPLES, SIZES[0])).astype(np.float32)
    return X, np.eye(2, dtype=np.float32)[(X[:, 0] * X[:, 1] > 0).astype(int)]


X, Y = data()


@dataclass(frozen=True)
class Case:
    """One network of the population, and what it is trained with."""

    hidden: str = "tanh"
    output: str = "softmax"
    loss: str = "categorical_crossentropy"
    optimizer: str = "sgd"
    options: tuple[float, ...] = ()
    seed: int = 3
    sizes: tuple[int, ...] = SIZES
    normalization: str = "none"
    arguments: dict[str, Any] = field(default_factory=dict)

    def engine(self, kind: type = CPUEngine, **more: Any) -> Any:
        named = dict(zip(OPTIMIZERS[self.optimizer].options, self.options, strict=False))
        hidden = (self.hidden,) * (len(self.sizes) - 2)
        normalizations = (self.normalization,) * len(hidden)
        layout = Layout(self.sizes, (*hidden, self.output), (*normalizations, "none"))
        engine = kind(
            layout, X, Y, loss=self.loss, optimizer=self.optimizer, seed=self.seed,
            options=named, **more,
        )  # fmt: skip
        rng = np.random.default_rng(self.seed)
        engine.params[:] = rng.normal(size=engine.params.shape) * 0.7
        engine.configure(**self.settings())
        return engine

    def settings(self) -> dict[str, Any]:
        defaults = {"learning_rate": 0.02, "batch_size": BATCH}
        options = self.options or OPTIMIZERS[self.optimizer].values()
        return {**defaults, "options": options, **self.arguments}


WARM = {"warmup_steps": 7}
SCHEDULED = {
    "step": {**WARM, "step_size": 20, "gamma": 0.5},
    "exponential": {**WARM, "decay_steps": 30, "decay_rate": 0.5},
    "polynomial": {**WARM, "decay_steps": 30, "power": 2.0, "cycle": True},
    "cosine": {**WARM, "decay_steps": 80},
    "cosine_restarts": {**WARM, "first_decay_steps": 20, "m_mul": 0.8},
    "one_cycle": {**WARM, "total_steps": 90},
    "reduce_on_plateau": {**WARM, "min_lr": 0.001},
    "constant": WARM,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": (0.3,)},
    "label_smoothing": {"label_smoothing": 0.2},
    "input_noise": {"input_noise": 0.3},
    "max_norm": {"max_norm": 0.8},
    "clip_value": {"clip_value": 0.05},
    "clip_norm": {"clip_norm": 0.1},
    "global_clip_norm": {"global_clip_norm": 0.1},
    "small_batch": {"batch_size": 2},
}


def optimizers() -> list[tuple[str, tuple[float, ...]]]:
    """Every optimizer, as it comes and in each of its variants."""
    found: list[tuple[str, tuple[float, ...]]] = [("sgd", (0.9, 0.0)), ("sgd", (0.9, 1.0))]
    for name, record in OPTIMIZERS.items():
        flags = [{}, *({flag: True} for flag in record.variants)]
        found += [(name, record.values(options)) for options in flags]
    return [*found, ("rmsprop", (0.8, 0.5, 1e-5, 1.0))]


def cases() -> dict[str, Case]:
    """All of them, by name."""
    found = {}
    for name in ACTIVATIONS:
        found[f"hidden {name}"] = Case(hidden=name)
        found[f"output {name}"] = Case(output=name, loss="mean_squared_error")
    for name in LOSSES:
        for output in ("softmax", "sigmoid", "linear"):
            if not (LOSSES[name].shares_sum and output == "linear"):  # it would divide by nearly 0
                found[f"{name} behind {output}"] = Case(output=output, loss=name)
    for name, options in optimizers():
        found[f"{name} {options}"] = Case(optimizer=name, options=options)
    for name in REGULARIZERS:
        settings = {"regularizer": name, "regularization_rate": 0.01}
        found[f"regularizer {name}"] = Case(optimizer="adam", arguments=settings)
    for name, options in SCHEDULED.items():
        values = SCHEDULES[name].values(options, 0.5)
        settings = {"schedule": name, "schedule_options": values}
        found[f"schedule {name}"] = Case(arguments=settings)
    for name, settings in SETTINGS.items():
        found[name] = Case(optimizer="adam", arguments=settings)
    for name, record in NORMALIZATIONS.items():
        for what, settings in (("", {}), (" clipped", {"clip_norm": 0.1, "dropout": (0.2,)})):
            if record.over:
                case = Case(optimizer="adam", normalization=name, arguments=settings)
                found[f"normalized over {record.over}{what}"] = case
    return found


CASES = cases()


def together(engines: list[Any], threads: int | None = 1) -> Population:
    """A population of networks as they are in these engines of the CPU."""
    n_slots = max(len(engine.slots) for engine in engines)
    made = Population([e.layout for e in engines], X, Y, n_slots=n_slots, threads=threads)
    made.configure([engine._settings for engine in engines])
    for k, engine in enumerate(engines):
        made.params[k] = engine.params
        made.slots[k, : len(engine.slots)] = engine.slots
    return made


def trained(made: Population, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Run a population with a row every third step; returns the rows and how many."""
    rows, n_rows = np.zeros((len(made), n_steps // 3, COLUMNS)), np.zeros(len(made), np.int64)
    done, sound = made.run(n_steps, rows, 3, n_rows)
    assert (done == n_steps).all()
    assert sound.all()
    return rows, n_rows


def side_by_side(
    threads: int | None = 1, cases: dict[str, Case] = CASES
) -> dict[str, tuple[np.ndarray, ...]]:
    """Of every case: parameters and rows on the GPU and on the CPU, and the first parameters."""
    kinds: dict[tuple[str, bool], dict[str, Case]] = {}
    for name, case in cases.items():
        kind = case.normalization, case.optimizer == "muon"  # by shapes, and by kernels
        kinds.setdefault(kind, {})[name] = case
    return {name: r for some in kinds.values() for name, r in compared(some, threads).items()}


def compared(cases: dict[str, Case], threads: int | None) -> dict[str, tuple[np.ndarray, ...]]:
    """`side_by_side` of cases that can be a population."""
    engines = [case.engine() for case in cases.values()]
    before = [engine.params.copy() for engine in engines]
    made = together(engines, threads)
    rows, n_rows = trained(made, STEPS)
    assert (n_rows == STEPS // 3).all()
    found = {}
    for k, (name, engine) in enumerate(zip(cases, engines, strict=True)):
        expected = np.zeros_like(rows[k])
        assert engine.run(STEPS, expected, 3, 0) == (STEPS, STEPS // 3, True)
        found[name] = (made.params[k], engine.params, rows[k], expected, before[k])
    return found


# ---- images ---------------------------------------------------------------------------------

IMAGE = memory.Image((4, 3, 2), np.array([0.3, -0.2], np.float32))
PIXELS = np.random.default_rng(2).normal(size=(7, 24)).astype(np.float32)
CHANGES: dict[str, dict[str, Any]] = {
    "images": {"rotation": 30.0, "translation": 1.0, "zoom": 0.2, "cutout": 2},
    "holes in images": {"cutout": 3, "input_noise": 0.1},
    "mixtures": {"mixup": 0.4, "input_noise": 0.1},
    "mixtures of images": {
        **{"rotation": 40.0, "cutout": 1, "mixup": 0.3},
        "weights": np.linspace(0.5, 2.0, len(PIXELS), dtype=np.float32),
    },
}


def with_images(kind: type, change: str, **more: Any) -> Any:
    """An engine whose samples are images, which are changed before it learns from them."""
    layout, targets = Layout((24, 3, 2), ("tanh", "softmax")), Y[: len(PIXELS)]
    engine = kind(
        layout, PIXELS, targets, loss="categorical_crossentropy", optimizer="adam", seed=5, **more
    )
    engine.params[:] = np.random.default_rng(3).normal(size=engine.params.shape) * 0.5
    settings = {"learning_rate": 0.01, "options": engine.optimizer.values(), "batch_size": 4}
    engine.configure(**settings, image=IMAGE, **CHANGES[change])
    return engine


def learn_images(kind: type, change: str, n_steps: int, **more: Any) -> tuple[np.ndarray, float]:
    """The parameters of `with_images` after some steps, and how far they moved."""
    engine = with_images(kind, change, **more)
    before = engine.params.copy()
    engine.run(n_steps, np.zeros((0, COLUMNS)), n_steps + 1, 0)
    return engine.params, float(np.linalg.norm(engine.params - before))


# ---- sparse samples -------------------------------------------------------------------------


def thin_rows(n: int, seed: int) -> SparseRows:
    """Rows of which three in ten columns are not 0, one row without any."""
    rng = np.random.default_rng(seed)
    whole = rng.normal(size=(n, 9)) * (rng.random((n, 9)) < 0.3)
    whole[1] = 0.0
    thin = sparse.csr_matrix(whole.astype(np.float32))
    starts = thin.indptr.astype(np.int64)
    return SparseRows(starts, thin.indices.astype(np.int32), thin.data, thin.shape[1])


THIN = thin_rows(N_SAMPLES, 6)


def with_entries(kind: type, **more: Any) -> Any:
    """An engine that learns from sparse samples."""
    layout = Layout((THIN.n_columns, 3, 2), ("tanh", "softmax"), ("batch", "none"))
    engine = kind(
        layout, THIN, Y, loss="categorical_crossentropy", optimizer="adam", seed=5, **more
    )
    params = np.random.default_rng(3).normal(size=engine.params.shape) * 0.5
    params[layout.n_parameters :] = 1.0  # running statistics
    engine.params[:] = params
    engine.configure(
        learning_rate=0.01, options=engine.optimizer.values(), batch_size=BATCH, dropout=(0.2,),
        label_smoothing=0.1, weights=np.linspace(0.5, 2.0, N_SAMPLES, dtype=np.float32),
    )  # fmt: skip
    return engine


def learn_entries(kind: type, n_steps: int) -> tuple[np.ndarray, float]:
    """The parameters of `with_entries` after some steps, and how far they moved."""
    engine = with_entries(kind)
    before = engine.params.copy()
    engine.run(n_steps, np.zeros((0, COLUMNS)), n_steps + 1, 0)
    return engine.params, float(np.linalg.norm(engine.params - before))


# ---- a few ----------------------------------------------------------------------------------

FEW = [
    Case(
        optimizer="adam",
        seed=seed,
        arguments={
            **{"dropout": (0.2,), "clip_value": 0.05, "clip_norm": 0.07, "max_norm": 1.0},
            "input_noise": 0.1,
            "schedule": "cosine",
            "schedule_options": SCHEDULES["cosine"].values(SCHEDULED["cosine"]),
        },
    )
    for seed in (1, 2, 3)
]


def a_few(threads: int | None = 1, n_steps: int = 14) -> Population:
    """The three of them together, with their rows."""
    made = together([case.engine() for case in FEW], threads)
    made.rows = trained(made, n_steps)[0]  # type: ignore[attr-defined]
    return made
