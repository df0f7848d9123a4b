"""Where a run is computed: which engine does it, what it refuses, and how long it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

from core.costs import step_cost
from core.edits import Edit, Settings, edited
from core.maths.registry import shown
from core.refusals import BackendRefusal, Refusal
from core.trainer.judged import extents

if TYPE_CHECKING:
    import numpy as np

    from core.data import Dataset
    from core.engine.cpu import CPUEngine
    from core.engine.cuda.engine import CUDAEngine
    from core.engine.layout import Layout
    from core.engine.memory import Rows
    from core.evaluation import Samples

    Engine = CPUEngine | CUDAEngine

BACKENDS = ("cpu", "cuda", "auto")

TURN_SECONDS = {"cpu": 0.002, "cuda": 0.015}
"""`run_for` asks the clock, and lets others have the core, this often: short enough to stop in
time, long enough to cost nothing. Asking a GPU costs as much as some tens of small steps."""

COPYING = 4e-9
"""Seconds that a turn on a GPU takes at least for each byte that is copied there before and back
after it: a tenth of it at 5 GB/s."""

NOT_WORTH_ASKING = {"cpu": 0.0, "cuda": 0.003}
"""What is left of a turn, in seconds, and too little to begin anything in."""

QUICKEST_STEP = {"cpu": 1e-5, "cuda": 3e-5}
PRODUCTS_A_SECOND = {"cpu": 1e10, "cuda": 1e12}
"""What a step is thought to take before one was timed: not less than it does by much, or the first
chunk of steps is so long that nobody else gets a turn."""


def backend_named(name: str) -> str:
    """The backend that is meant, "cpu" or "cuda"; raises a ValueError for any other name."""
    if name not in BACKENDS:
        raise Refusal(
            "Backend {backend} is not built yet. Choose 'cpu', 'cuda' or 'auto'.",
            backend=shown(name),
        )
    return "cuda" if name == "cuda" else "cpu"


def check(
    backend: str,
    layout: Layout,
    dataset: Dataset,
    settings: Settings,
    engine: Engine | None = None,
) -> None:
    """Raise a BackendRefusal if the backend cannot do what the settings ask for.

    engine: that does so far, whose memory on a GPU makes room.
    """
    if backend == "cpu":
        return
    from core.engine.cuda.checking import check as check_on_gpu

    X, judged = cast("Rows", dataset.X_train), extents(layout, dataset)
    asked = settings.training, settings.dropout
    try:
        check_on_gpu(layout, *asked, X, judged=judged, held=held(engine))
    except Refusal as refusal:
        raise BackendRefusal(refusal.sentence) from refusal


def check_edits(
    backend: str, layout: Layout, dataset: Dataset, settings: Settings, edits: Iterable[Edit]
) -> None:
    """`check` these settings, and those that each of the edits makes of them."""
    check(backend, layout, dataset, settings)
    for edit in edits if backend != "cpu" else ():
        settings = edited(settings, edit.what, edit.value)
        check(backend, layout, dataset, settings)


def guessed_seconds(backend: str, layout: Layout, settings: Settings) -> float:
    """What a step may take, before one was timed."""
    cost = step_cost(layout.n_parameters, settings.training.batch_size)
    return max(cost / PRODUCTS_A_SECOND[backend], QUICKEST_STEP[backend])


def kind_of_engine(backend: str, layout: Layout, dataset: Dataset) -> Callable[..., Engine]:
    """What makes an engine that has room for what is judged; imported when first asked for."""
    if backend == "cuda":
        from core.engine.cuda.engine import CUDAEngine

        return partial(CUDAEngine, judged=extents(layout, dataset))
    from core.engine.cpu import CPUEngine

    return CPUEngine


def held(engine: Engine | None) -> int:
    """Bytes of a GPU's memory that an engine has now."""
    return int(getattr(engine, "held_bytes", 0))


def sums(engine: Engine | None, samples: Samples) -> tuple[float, np.ndarray] | None:
    """See `cpu.loss_sums`; None where the CPU is to do it: for all but large networks on a GPU."""
    from core.engine.cpu import CPUEngine

    if engine is None or isinstance(engine, CPUEngine):
        return None
    return engine.sums(samples.X, samples.Y)


def free(engine: Engine | None) -> None:
    """Give a GPU's memory back; it is taken again when the engine runs."""
    if engine is None:
        return
    from core.engine.cpu import CPUEngine

    if not isinstance(engine, CPUEngine):
        engine.free()
