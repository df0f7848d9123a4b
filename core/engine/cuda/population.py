"""Many networks of one shape on the GPU: their arrays there and here, and the launches."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices, kernels, plan
from core.engine.cuda.launching import launch
from core.engine.cuda.plan import Plan
from core.engine.layout import Layout
from core.engine.memory import Floats, Settings

# One network is one block, and one block is few: nobody need be told at every launch.
warnings.filterwarnings("ignore", "Grid size .* will likely result in GPU under-utilization")

MOST_AHEAD = 64  # epochs whose orders are drawn at a time
ORDER_BYTES = 2**26  # that they may take, of all networks
ROW_BYTES = 2**24  # that rows on their way to the host may take
SHUFFLE_THREADS = 64

AUGMENTING = slice(memory.TRANSLATION, memory.MIXUP + 1)  # numbers of the settings


class Host(NamedTuple):
    """What a run is, on the host: see `CPUEngine`."""

    params: Floats
    slots: Floats
    state: NDArray[np.int64]


class Population:
    """Networks that differ in anything but their sizes, and learn from the same data.

    params: float32 (n_networks, n_numbers), slots: float32 (n_networks, n_slots, n), state: int64
    (n_networks, 3): here, on the host, up to date whenever nothing runs. As for an engine they are
    all that the runs are: write them back to return to an earlier moment.

    X: float32 (n_samples, n_inputs), Y: float32 (n_samples, n_outputs); copied to the GPU.
    threads: of a block, for tests; a multiple of the plan's lanes.
    Raises a Refusal where what is asked for does not fit, before anything is allocated, or when
    the GPU fails; its memory is free then. Not safe for two threads at once.
    """

    def __init__(
        self,
        layouts: Sequence[Layout],
        X: Floats,
        Y: Floats,
        *,
        n_slots: int,
        threads: int | None = None,
    ) -> None:
        if len({(layout.sizes, layout.n_numbers, layout.n_parameters) for layout in layouts}) != 1:
            raise ValueError("The networks of a population have the same sizes.")
        self.layouts, self.layout, self._threads = list(layouts), layouts[0], threads
        self.params = np.zeros((len(layouts), self.layout.n_numbers), np.float32)
        self.slots = np.zeros((len(layouts), n_slots, self.layout.n_parameters), np.float32)
        self.state = np.zeros((len(layouts), 3), np.int64)
        self._X, self._Y = memory.flat(X), memory.flat(Y)
        self._n_samples, self._counts = len(X), np.zeros(len(layouts), np.int64)
        self._plan: Plan | None = None
        self._device: dict[str, Any] = {}
        self._sent = False
        """Whether the GPU has the settings of now."""

    def __len__(self) -> int:
        return len(self.layouts)

    def host(self, network: int) -> Host:
        """One network's arrays here: parts of all networks', not copies."""
        return Host(self.params[network], self.slots[network], self.state[network])

    @property
    def plan(self) -> Plan:
        """How a block works; there is one once the population was configured."""
        assert self._plan is not None
        return self._plan

    # -- settings ----------------------------------------------------------------------------

    def planned(self, settings: Sequence[Settings]) -> Plan:
        """How a block would work under these settings."""
        batch = min(max(int(s.codes[memory.BATCH_SIZE]) for s in settings), self._n_samples)
        dropout = any(bool(np.any(s.dropout)) for s in settings)
        matrices = any(bool(s.codes[memory.MATRICES]) for s in settings)
        augmented = any(bool(s.numbers[AUGMENTING].any()) for s in settings)
        return Plan(self.layout, batch, self.slots.shape[1], dropout, matrices, augmented)

    def configure(self, settings: Sequence[Settings]) -> None:
        """Set what may change between two calls of `run`, for each network.

        All or nothing: a Refusal leaves everything as it was. What belongs to the samples, their
        weights and the background of images, is that of the first network's settings.
        """
        planned = self.planned(settings)
        planned.check(devices.shared_bytes())
        if planned != self._plan:
            self.free()
        self._plan, self._weights = planned, settings[0].weights
        self._background = settings[0].background
        self._codes = np.stack([s.codes for s in settings])
        together = [(s.numbers, s.options, s.schedule, s.dropout) for s in settings]
        self._numbers = np.stack([np.concatenate(parts, dtype=np.float64) for parts in together])
        self._sent = False

    # -- memory of the GPU -------------------------------------------------------------------

    @property
    def _columns(self) -> int:
        return memory.N_COLUMNS + 3 * self.layout.n_layers

    @property
    def _ahead(self) -> int:
        """Epochs whose orders there is room for."""
        each = 4 * self._n_samples * len(self)
        return min(max(ORDER_BYTES // each, 1), MOST_AHEAD)

    @property
    def _rows(self) -> int:
        """Rows of a network that there is room for."""
        return min(max(ROW_BYTES // (8 * self._columns * len(self)), 1), 4096)

    @property
    def held_bytes(self) -> int:
        """Memory of the GPU that the population has now."""
        return self.device_bytes if self._device else 0

    @property
    def device_bytes(self) -> int:
        """Memory of the GPU that the population takes, data included."""
        hosts = (self.params, self.slots, self.state, self._X, self._Y, self._codes, self._numbers)
        orders = len(self) * self._ahead * (4 * self._n_samples + 8)
        rows = len(self) * self._rows * self._columns * 8
        return sum(a.nbytes for a in hosts) + orders + rows + len(self) * self.plan.shared_bytes

    def _allocate(self) -> None:
        devices.check_memory(self.device_bytes)
        n, ahead = len(self), self._ahead
        tables = np.stack([layout.table for layout in self.layouts]).astype(np.int32)
        hosts = {
            "tables": tables.reshape(n, -1),
            "places": self.plan.places,
            "X": self._X,
            "Y": self._Y,
            "drawn": np.full((n, ahead), -1, np.int64),
            "params": self.params,
            "slots": self.slots,
            "state": self.state,
        }
        self._device = {name: cuda.to_device(array) for name, array in hosts.items()}
        size = (self.plan.shared_bytes - 4 * int(self.plan.places[plan.P])) // 4
        room: dict[str, tuple[tuple[int, ...], type]] = {
            "orders": ((n, ahead, self._n_samples), np.int32),
            "rows": ((self._rows, n, self._columns), np.float64),
            "result": ((n, kernels.N_RESULTS), np.int64),
            "left": ((n, size), np.float32),
        }
        for name, (shape, dtype) in room.items():
            self._device[name] = cuda.device_array(shape, dtype)
        self._sent = False

    def _send_settings(self) -> None:
        self._device["codes"] = cuda.to_device(self._codes)
        self._device["numbers"] = cuda.to_device(self._numbers)
        self._device["weights"] = cuda.to_device(self._weights)
        self._device["background"] = cuda.to_device(self._background)
        self._sent = True

    def free(self) -> None:
        """Give the GPU's memory back; it is taken again when the population runs."""
        if self._device:
            devices.enter()
            self._device = {}
            with contextlib.suppress(Exception):  # of a GPU that failed, nothing more is asked
                devices.free_pending()

    # -- running -----------------------------------------------------------------------------

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Run up to n_steps mini-batches of every network; returns steps done, and which are sound.

        rows: float64 (n_networks, capacity, 4 + 3 n_layers), filled from n_rows on, int64
        (n_networks,), which is moved on: see `CPUEngine.run`. Each network stops for itself.
        """
        done, sound = np.zeros(len(self), np.int64), np.ones(len(self), bool)
        goes_on = np.full(len(self), n_steps > 0)
        with devices.one_sentence(self):
            if not self._device:
                self._allocate()
            if not self._sent:
                self._send_settings()
            for name in ("params", "slots", "state"):
                self._device[name].copy_to_device(getattr(self, name))
            while goes_on.any():
                room = np.minimum(self._rows, rows.shape[1] - n_rows)
                result = self._launch(np.where(goes_on, n_steps - done, 0), room, stride)
                self._fetch_rows(rows, n_rows, result[:, kernels.ROWS])
                done += result[:, kernels.DONE]
                n_rows += result[:, kernels.ROWS]
                why = result[:, kernels.WHY]
                self._counts = np.where(goes_on, result[:, kernels.COUNT], self._counts)
                sound &= why != kernels.BROKEN
                full = (why == kernels.ROWS_FULL) & (n_rows == rows.shape[1])
                goes_on &= sound & ~full & (done < n_steps)
                if goes_on.any() and not result[:, kernels.DONE].any():
                    raise RuntimeError("no network took a step")
            self._fetch()
        return done, sound

    def _fetch(self) -> None:
        """Take over what the launches made: all of it, or nothing if the GPU fails."""
        names = ("params", "slots", "state")
        for name, made in [(name, self._device[name].copy_to_host()) for name in names]:
            getattr(self, name)[:] = made

    def _launch(self, n_steps: NDArray, room: NDArray, stride: int) -> NDArray[np.int64]:
        """One launch of each kernel; returns the results."""
        d, n = self._device, len(self)
        samples = int(n_steps.max()) * int(self._codes[:, memory.BATCH_SIZE].max())
        ahead = min(self._ahead, samples // self._n_samples + 2)
        grid = -(-n * ahead // SHUFFLE_THREADS), min(SHUFFLE_THREADS, n * ahead)
        kernels.shuffle[grid](d["orders"], d["drawn"], d["codes"], d["state"], ahead)
        threads = self._threads or self.plan.threads
        launch(
            kernels.run_plain if self.plan.is_plain else kernels.run,
            n,
            threads,
            self.plan.shared_bytes,
            *(d[name] for name in ("tables", "places", "X", "Y", "weights", "background")),
            *(d[name] for name in ("orders", "drawn")),
            *(d[name] for name in ("codes", "numbers", "params", "slots", "state")),
            *(d[name] for name in ("rows", "result", "left")),
            cuda.to_device(n_steps),
            cuda.to_device(room),
            stride,
        )
        return d["result"].copy_to_host()

    def _fetch_rows(self, rows: NDArray, n_rows: NDArray, new: NDArray) -> None:
        """Copy the new rows of each network behind those that it has."""
        most = int(new.max())
        if most == 0:
            return
        fetched = self._device["rows"][:most].copy_to_host()
        for network, (start, count) in enumerate(zip(n_rows, new, strict=True)):
            rows[network, start : start + count] = fetched[:count, network]

    # -- what a broken network left ----------------------------------------------------------

    def left_by(self, network: int) -> dict[str, Any]:
        """Z, A, D (n_units, samples) and G (n_parameters,) of the step at which a network broke."""
        with devices.one_sentence(self):
            left = self._device["left"].copy_to_host()[network]
        places, width = self.plan.places - self.plan.places[plan.P], self.plan.width
        count = int(self._counts[network])
        n = self.layout.n_units * width
        found: dict[str, Any] = {
            name: left[places[k] :][:n].reshape(-1, width)[:, :count]
            for name, k in (("Z", plan.Z), ("A", plan.A), ("D", plan.D))
        }
        return {**found, "G": left[places[plan.G] :][: self.layout.n_parameters]}
