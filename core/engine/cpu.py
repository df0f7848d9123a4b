"""The CPU engine: allocates what the kernels need, calls them, and explains what they found.

Batches are float32; X (n, n_inputs) and targets Y (n, n_outputs) are C-contiguous and only read.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import crew, kernels, memory
from core.engine.assist import assist
from core.engine.diagnosis import LastStep, first_nonfinite
from core.engine.layout import Layout
from core.engine.memory import (
    Floats,
    Rows,
    aligned,
    buffers_for,
    flat,
    inputs_of,
    most_entries,
    whole,
)
from core.engine.settings import (
    DEFAULT_BATCH_SIZE,
    at_rest,
    check_sparse,
    configured,
    starting_slot,
)
from core.engine.team import END, WORD
from core.engine.turns import cores
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.options import Value
from core.maths.registry import get

ALONE = memory.team_of(helped=False)
WORK_A_HELPER = 1_000_000
"""Parameters times samples of a batch: from so many on a second thread gains more than it costs."""
CHUNK = 256  # samples that a prediction takes at a time


class CPUEngine:
    """One training run's state, and the calls that move it on.

    params: float32 (n_numbers,), slots: float32 (n_slots, n_parameters),
    state: int64 (3,): steps done, epochs done, samples of the current epoch done.
    These three are all that a run is: write them back to return to an earlier moment.

    X: float32 (n, n_inputs), or sparse (`memory.Entries`); Y: float32 (n, n_outputs), encoded
    targets. Shared, never copied.
    options: the optimizer's by name, for the flags among them that decide on its slots.
    Not safe for two threads at once. The kernels release the GIL.
    turns: what many threads, with an engine each, take turns at.
    """

    turns = cores

    def __init__(
        self,
        layout: Layout,
        X: Rows,
        Y: Floats,
        *,
        loss: str,
        optimizer: str,
        seed: int,
        options: Mapping[str, Value] | None = None,
    ) -> None:
        _check_shapes(layout, X, Y)
        self.layout, self.optimizer = layout, get(OPTIMIZERS, optimizer, "optimizer").under(options)
        self.X, self.Y = X, Y
        self._data = inputs_of(X), flat(Y)
        self._entries = most_entries(X)
        # The kernels' loops run over whole vectors: zeros behind the parameters stay zeros.
        self._params = aligned(whole(layout.n_numbers))
        rows = aligned(len(self.optimizer.slots), whole(layout.n_parameters))
        self._slots = memory.slots_of(rows)
        self.params = self._params[: layout.n_numbers]
        self.slots = rows[:, : layout.n_parameters]
        self._views = {"params": memory.frozen(self.params), "slots": memory.frozen(self.slots)}
        self.state = np.zeros(3, dtype=np.int64)
        self._alone = memory.team_of(helped=False)
        self._table = layout.table
        self._order = np.zeros(len(X), dtype=np.int64)
        self._drawn = np.full(2, -1, dtype=np.int64)
        self._settings = at_rest(layout, loss, 1, seed)
        self._loss = loss
        self._width, self._with_dropout = 0, False
        self.configure(
            learning_rate=self.optimizer.learning_rate, options=self.optimizer.values(options)
        )

    def configure(self, **arguments: Any) -> None:
        """Set what may change between two calls of `run`: see `settings.configured`.

        Before step 1 the slots start afresh.
        """
        if self._entries:
            check_sparse(arguments)
        settings, batch_size = self._settings, arguments.get("batch_size", DEFAULT_BATCH_SIZE)
        self._settings = configured(
            settings, self.layout, self._loss, self.optimizer, len(self.X), **arguments
        )
        if self.state[memory.STEP] == 0:
            self.slots[:] = starting_slot(self.optimizer, self._settings)
        self._allocate(min(batch_size, len(self.X)), bool(np.any(self._settings.dropout)))
        if self._settings.weights.size == 0:
            self.buffers.C[:] = 1.0

    def _allocate(self, width: int, dropout: bool) -> None:
        if width != self._width or dropout != self._with_dropout:
            worth = 1 + self.layout.n_parameters * width // WORK_A_HELPER
            self._threads = min(worth, crew.shared().threads)
            self.buffers = buffers_for(
                self.layout,
                width,
                dropout=dropout,
                training=True,
                matrices=bool(self._settings.codes[memory.MATRICES]),
                threads=self._threads,
                entries=self._entries,
            )
            self._width, self._with_dropout = width, dropout
            if self._threads > 1:
                self.make_ready()

    is_lost = False
    """What a run has learnt is here: see `CUDAEngine`."""

    def writable(self, name: str) -> Floats:
        """ "params" or "slots" as they are now, to be written to at once."""
        found: Floats = getattr(self, name)
        return found

    def stand_at(self, params: Floats, slots: Floats, state: NDArray[np.int64]) -> None:
        """Go on from another moment."""
        self.params[:], self.slots[:], self.state[:] = params, slots, state

    def view(self, name: str) -> Floats:
        """ "params" or "slots", to be read: always as they are now."""
        return self._views[name]

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, bool]:
        """Run up to n_steps mini-batches in one call without the GIL.

        rows: float64 (capacity, 4 + 3 n_layers). A row is written at every step that `stride`
        divides, from index n_rows on: step, epoch (a fraction), batch loss, learning rate, then
        for each layer (all its parameters together) the norm of the gradient, penalty included
        and before clipping; the norm of the parameters; the update's norm against it.

        Returns (steps done, rows in use, finite). It stops early when a row is due and there is
        no room, and at the first step that yields something not finite. That step is counted in
        `state`, its parameters are spoilt: go back to the step before and call `diagnose`.
        """
        with crew.shared().leading() as idle, self._team(idle) as team:
            done, n_rows, finite = kernels.run(
                self._table,
                self._params,
                self._slots,
                self.state,
                *self._data,
                self._order,
                self._drawn,
                self.buffers,
                self._settings,
                team,
                n_steps,
                rows,
                stride,
                n_rows,
            )
        return int(done), int(n_rows), bool(finite)

    def first_nonfinite(self) -> tuple[int, str]:
        """Name the layer and what was first not finite in the step just done: see `diagnose`."""
        buffers, width = self.buffers, int(self._drawn[memory.LAST_WIDTH])
        shape = self.layout.n_units, width
        Z, A, D = (b[: math.prod(shape)].reshape(shape) for b in (buffers.Z, buffers.A, buffers.D))
        return first_nonfinite(self.layout, LastStep(Z, A, D, buffers.G, self.params, self.slots))

    def drawn_order(self, epoch: int) -> NDArray[np.int64] | None:
        """The order of an epoch's samples, as long as nothing runs; None if it is not drawn yet."""
        return self._order if self._drawn[memory.ORDER_EPOCH] == epoch else None

    @contextlib.contextmanager
    def _team(self, idle: int) -> Iterator[memory.Team]:
        """This thread, with as many of the idle ones as there is work for."""
        count = min(idle, self._threads - 1)
        if count < 1:
            yield self._alone
            return
        job = self.helper()
        try:
            with crew.shared().doing(job, count):
                yield job.team
        finally:  # whatever happens, nobody may be left waiting for the next piece
            job.team.signals[WORD] = END

    def make_ready(self) -> None:
        """Have what helpers run compiled: they must not, a thread that compiles cannot be left."""
        job = self.helper()
        job.team.signals[WORD] = END  # there is nothing to help with
        job(0)

    def helper(self) -> Assistance:
        """What helpers do during one call of `run`."""
        given = (self._table, self._params, self._slots, self._data[0], self._order)
        arrays = (*given, self.buffers, self._settings)
        return Assistance(memory.team_of(helped=True), arrays, self.buffers.T, self._threads)


@dataclass(frozen=True, eq=False)
class Assistance:
    """Help with one call of `run`; a late helper must not mistake the next call for this one.

    scratch: float32, of all threads; the leader's comes first.
    """

    team: memory.Team
    arrays: tuple[Any, ...]
    scratch: Floats
    threads: int

    def __call__(self, number: int) -> None:
        size = len(self.scratch) // self.threads
        assist(*self.arrays, self.team, self.scratch[number * size :][:size])


def _check_shapes(layout: Layout, X: Rows, Y: NDArray | None) -> None:
    if len(X.shape) != 2 or X.shape[1] != layout.n_inputs:
        raise ValueError(f"X must have shape (n_samples, {layout.n_inputs}); got {X.shape}.")
    if Y is not None and Y.shape != (len(X), layout.n_outputs):
        raise ValueError(f"Y must have shape {(len(X), layout.n_outputs)}; got {np.shape(Y)}.")


def diagnose(engine: CPUEngine) -> tuple[int, str]:
    """Name the layer (0 is the first) and what was first not finite in the step that comes next.

    Call it at the last finite step; it runs one more step, after which the engine is spoilt.
    what: "activation", "loss", "gradient" or "update".
    """
    rows = np.empty((1, memory.N_COLUMNS + 3 * engine.layout.n_layers))
    engine.run(1, rows, 1, 0)
    return engine.first_nonfinite()


# ---- a network at rest ----------------------------------------------------------------------


@dataclass(frozen=True)
class Scratch:
    """What a pass over n samples needs besides them and the parameters; good for many passes."""

    order: NDArray[np.int64]
    buffers: memory.Buffers
    settings: memory.Settings


def scratch_for(
    layout: Layout, n: int, loss: str, *, training: bool = False, entries: int = 0
) -> Scratch:
    """Scratch for passes over n samples. entries: of the longest, where they are sparse."""
    width = max(1, min(CHUNK, n))
    return Scratch(
        np.arange(n),
        buffers_for(layout, width, dropout=False, training=training, entries=entries),
        at_rest(layout, loss, width),
    )


def scratch_bytes(layout: Layout, n: int) -> int:
    """About how much memory `scratch_for` takes."""
    rows = layout.n_inputs + layout.n_units * (1 + layout.is_normalized)
    return 12 * max(1, min(CHUNK, n)) * rows + 8 * n


ANY_LOSS = "mean_squared_error"


def _one_type(params: Floats) -> Floats:
    """Parameters as the compiled kernel takes them: one type for all, one kernel."""
    return np.require(params, np.float32, ["C", "W"])


def _outputs(
    layout: Layout,
    params: Floats,
    X: Rows,
    Y: Floats | None,
    loss: str,
    columns: int,
    scratch: Scratch | None = None,
) -> tuple[Floats, float]:
    _check_shapes(layout, X, Y)
    scratch = scratch or scratch_for(layout, len(X), loss, entries=most_entries(X))
    if len(scratch.order) != len(X):  # the kernel trusts it
        raise ValueError(f"This scratch is for {len(scratch.order)} samples, not {len(X)}.")
    entries, room = most_entries(X), len(scratch.buffers.columns) // len(scratch.buffers.S)
    if room < entries or (room and not entries):
        raise ValueError(f"This scratch is for {room} entries a sample, not {entries}.")
    layers = np.empty((len(X), columns), dtype=np.float32)
    targets = np.empty(0, np.float32) if Y is None else Y
    total = kernels.outputs(
        layout.table,
        _one_type(params),
        scratch.buffers,
        scratch.settings,
        ALONE,
        inputs_of(X),
        flat(targets),
        scratch.order,
        layers,
        Y is not None,
    )
    return layers, float(total)


def predict(layout: Layout, params: Floats, X: Rows) -> Floats:
    """Outputs of the network: float32 (n, n_outputs)."""
    return _outputs(layout, params, X, None, ANY_LOSS, layout.n_outputs)[0]


def layer_outputs(layout: Layout, params: Floats, X: Rows) -> list[Floats]:
    """Activations of every layer, hidden ones first: float32 (n, units) each."""
    together = _outputs(layout, params, X, None, ANY_LOSS, layout.n_units)[0]
    ends = np.cumsum(layout.sizes[1:])
    return [np.ascontiguousarray(part) for part in np.split(together, ends[:-1], axis=1)]


def loss_sums(
    layout: Layout,
    params: Floats,
    X: Rows,
    Y: Floats,
    loss: str,
    scratch: Scratch | None = None,
) -> tuple[float, Floats]:
    """The loss summed over samples and outputs, and the outputs that it was taken of.

    scratch: of `scratch_for` the same layout, count and loss, if there will be many passes.
    """
    outputs, total = _outputs(layout, params, X, Y, loss, layout.n_outputs, scratch)
    return total, outputs


def _weight(layout: Layout, n: int, loss: str) -> int:
    return n if LOSSES[loss].mean_over == "samples" else n * layout.n_outputs


def loss_and_gradients(
    layout: Layout, params: Floats, X: Rows, Y: Floats, loss: str
) -> tuple[float, Floats]:
    """Mean loss and its gradient, float32 (n_parameters,); dropout off, no penalty.

    Layers normalized over batches use their running statistics.
    """
    _check_shapes(layout, X, Y)
    scratch = scratch_for(layout, len(X), loss, training=True, entries=most_entries(X))
    gradient = np.empty(layout.n_parameters)
    total = kernels.gradients(
        layout.table,
        _one_type(params),
        scratch.buffers,
        scratch.settings,
        ALONE,
        inputs_of(X),
        flat(Y),
        scratch.order,
        gradient,
    )
    weight = _weight(layout, len(X), loss)
    return float(total) / weight, (gradient / weight).astype(np.float32)
