"""What a run remembers of itself: one row a step, evaluations at fixed steps, checkpoints.

All three are thinned in the same way. Rows are kept at multiples of a stride; when a table is
full, every second row goes and the stride doubles. What is kept is thus a function of how far a
run has come, never of the clock or of how it was sliced, and the cost of recording fades to
nothing in a long run. (After a journey back the stride stays: thinned rows do not return.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.monitor import UNWATCHED, Monitor

STEP_ROWS = 4096
"""Most step rows held before thinning."""

EVALUATION_ROWS = 512
"""Most evaluations held before thinning."""

STEP_COLUMNS = ("step", "epoch", "batch_loss", "learning_rate")
LAYER_COLUMNS = ("gradient_norm", "weight_norm", "update_ratio")
EVALUATION_COLUMNS = ("step", "epoch", "train_loss", "test_loss", "train_metric", "test_metric")
VALIDATION_COLUMNS = ("validation_loss", "validation_metric")


class ThinnedTable:
    """Rows of numbers at multiples of a stride that doubles whenever the table is full.

    rows: float64 (capacity, columns); the first column is the step. capacity must be even.
    """

    def __init__(self, capacity: int, columns: int, stride: int = 1) -> None:
        self.rows = np.zeros((capacity, columns))
        self.count = 0
        self.stride = stride

    @property
    def filled(self) -> np.ndarray:
        """The recorded rows, (count, columns); a view."""
        return self.rows[: self.count]

    @property
    def next_step(self) -> int:
        """The first step after the last row at which a row is due."""
        last = int(self.rows[self.count - 1, 0]) if self.count else -1
        return (last // self.stride + 1) * self.stride

    def append(self, row: np.ndarray | tuple[float, ...]) -> None:
        if self.count == len(self.rows):
            self.thin()
        if int(row[0]) % self.stride == 0:
            self.rows[self.count] = row
            self.count += 1

    def thin(self) -> None:
        """Double the stride and drop the rows that are no multiple of it."""
        self.stride *= 2
        kept = self.filled[self.filled[:, 0] % self.stride == 0]
        self.count = len(kept)
        self.rows[: self.count] = kept

    def truncate(self, step: int) -> None:
        """Forget every row after `step`."""
        self.count = int(np.searchsorted(self.filled[:, 0], step, side="right"))

    def copy(self) -> ThinnedTable:
        other = ThinnedTable(len(self.rows), self.rows.shape[1], self.stride)
        other.rows[: self.count] = self.filled
        other.count = self.count
        return other


class EvaluationTable(ThinnedTable):
    """Rows that become rarer as a run goes on: what changes fast at first changes slowly later.

    interval: steps between the first rows, an epoch. calmest: the interval doubles with the run's
    age until it is at least this long, so that looking costs little beside learning. first: rows
    before it first doubles; after that come half as many an octave of steps. with_validation:
    whether a row ends with what the validation part came to.
    """

    def __init__(
        self,
        interval: int,
        calmest: float = 0.0,
        first: int = 32,
        *,
        with_validation: bool = False,
    ) -> None:
        self.with_validation = with_validation
        more = VALIDATION_COLUMNS if with_validation else ()
        self.columns = (*EVALUATION_COLUMNS, *more)
        super().__init__(EVALUATION_ROWS, len(self.columns), interval)
        self.interval, self.calmest, self.first = interval, calmest, first

    def interval_at(self, step: int) -> int:
        """Steps from a row at `step` to the next one."""
        doubled = (step // (self.first * self.interval)).bit_length()
        most = max(math.ceil(math.log2(max(self.calmest / self.interval, 1))), 0)
        return max(self.interval * 2 ** min(doubled, most), self.stride)

    @property
    def next_step(self) -> int:
        if not self.count:
            return 0
        last = int(self.rows[self.count - 1, 0])
        interval = self.interval_at(last)
        return (last // interval + 1) * interval

    def copy(self) -> EvaluationTable:
        other = EvaluationTable(
            self.interval, self.calmest, self.first, with_validation=self.with_validation
        )
        other.stride, other.count = self.stride, self.count
        other.rows[: self.count] = self.filled
        return other


class Evaluations:
    """Losses and metrics over the whole training and test set, at steps fixed in advance.

    Columns: step, epoch, train_loss, test_loss, train_metric, test_metric, and validation_loss and
    validation_metric where there is such a part; `metric` and the metric's own name (accuracy or
    r2) mean the test set's.
    """

    def __init__(self, table: EvaluationTable, metric_name: str) -> None:
        self._table = table
        self.metric_name = metric_name

    def __getitem__(self, column: str) -> np.ndarray:
        """One column as float64 (rows,); steps as int64. Raises ValueError for other names."""
        name = "test_metric" if column in ("metric", self.metric_name) else column
        if name not in self.columns:
            known = ", ".join(self.columns)
            raise ValueError(f"Unknown evaluation column {column!r}. Choose one of: {known}.")
        values = self._table.filled[:, self.columns.index(name)].copy()
        return values.astype(np.int64) if name == "step" else values

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self._table.columns

    def __len__(self) -> int:
        return self._table.count


class History:
    """A run's record: `history["batch_loss"]` one row a step, `history.evaluations` beside it.

    A batch loss is the one that is trained on, with smoothed labels, input noise, dropout and
    weights; evaluations have none of these.

    Step columns: step, epoch, batch_loss, learning_rate, each (rows,); gradient_norm,
    weight_norm, update_ratio, each (rows, layers). Norms are of all a layer's parameters
    together; update_ratio is the norm of the step's change over weight_norm. train_loss,
    test_loss and the metrics are read from the evaluations.
    """

    def __init__(self, n_layers: int, evaluations: EvaluationTable, metric_name: str) -> None:
        width = len(STEP_COLUMNS) + len(LAYER_COLUMNS) * n_layers
        self.n_layers = n_layers
        self.steps = ThinnedTable(STEP_ROWS, width)
        self.evaluation_table = evaluations
        self.evaluations = Evaluations(self.evaluation_table, metric_name)

    def __getitem__(self, column: str) -> np.ndarray:
        """One column, copied. Raises ValueError for a name that is no column."""
        if column in STEP_COLUMNS:
            values = self.steps.filled[:, STEP_COLUMNS.index(column)].copy()
            return values.astype(np.int64) if column == "step" else values
        if column in LAYER_COLUMNS:
            first = len(STEP_COLUMNS) + LAYER_COLUMNS.index(column) * self.n_layers
            return self.steps.filled[:, first : first + self.n_layers].copy()
        if column in (*self.evaluations.columns, "metric", self.evaluations.metric_name):
            return self.evaluations[column]
        known = ", ".join((*STEP_COLUMNS, *LAYER_COLUMNS))
        raise ValueError(f"Unknown history column {column!r}. Choose one of: {known}.")

    def keys(self) -> tuple[str, ...]:
        """Names of the columns that have a row a step."""
        return (*STEP_COLUMNS, *LAYER_COLUMNS)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, column: object) -> bool:
        return column in self.keys()

    def __len__(self) -> int:
        return self.steps.count

    def truncate(self, step: int) -> None:
        self.steps.truncate(step)
        self.evaluation_table.truncate(step)

    def copy(self) -> History:
        table = self.evaluation_table.copy()
        other = History(self.n_layers, table, self.evaluations.metric_name)
        other.steps = self.steps.copy()
        return other


@dataclass(frozen=True)
class Checkpoint:
    """Everything that decides how a run goes on from one step."""

    step: int
    params: np.ndarray
    slots: np.ndarray
    state: np.ndarray
    n_edits: int
    """How many of the run's edits these numbers already hold."""
    monitor: Monitor = UNWATCHED


class Checkpoints:
    """Checkpoints at multiples of a doubling stride, within a memory budget; step 0 is kept.

    bytes_each: what one takes. stride: steps between the first ones.
    Bound: together they take BUDGET_BYTES, or one checkpoint where a single one takes more. The
    one of step 0 is not counted: what a run starts with is no copy.
    The farther apart they are, the longer a journey back has to replay: at most one stride.
    """

    BUDGET_BYTES = 32 * 2**20
    FEWEST, MOST = 2, 128
    """How many, the one of step 0 included."""

    def __init__(self, bytes_each: int, stride: int = 1) -> None:
        self.reserve(bytes_each)
        self.stride = stride
        self._kept: list[Checkpoint] = []

    def reserve(self, bytes_each: int) -> None:
        """Take so many bytes for each from now on: fewer may fit."""
        room = 1 + self.BUDGET_BYTES // max(bytes_each, 1)
        self.capacity = int(min(max(room, self.FEWEST), self.MOST))

    def due(self, step: int) -> bool:
        newest = self._kept[-1].step if self._kept else -1
        return step > newest and step % self.stride == 0

    def steps_until_due(self, step: int) -> int:
        """How many steps may run before the next checkpoint has to be taken."""
        newest = self._kept[-1].step if self._kept else -1
        return (max(step, newest) // self.stride + 1) * self.stride - step

    def make_room(self) -> None:
        """Drop what the next checkpoint displaces; call it before its numbers are copied."""
        while len(self._kept) >= self.capacity:
            self.stride *= 2
            self._kept = [c for c in self._kept if c.step % self.stride == 0]

    def add(self, checkpoint: Checkpoint) -> None:
        self.make_room()
        if checkpoint.step % self.stride == 0:
            self._kept.append(checkpoint)

    @property
    def n_bytes(self) -> int:
        """Bytes that the checkpoints after step 0 hold."""
        kept = [checkpoint for checkpoint in self._kept if checkpoint.step]
        best = {id(p): p.nbytes for c in kept if (p := c.monitor.best.params) is not None}
        return sum(c.params.nbytes + c.slots.nbytes for c in kept) + sum(best.values())

    def latest(self, step: int) -> Checkpoint:
        """The newest checkpoint that is not after `step`."""
        return next(c for c in reversed(self._kept) if c.step <= step)

    def drop_after(self, step: int, n_edits: int) -> None:
        """Forget what a new edit at `step`, the run's number `n_edits`, makes untrue."""
        self._kept = [c for c in self._kept if c.step <= step and c.n_edits <= n_edits]

    def copy(self) -> Checkpoints:
        other = Checkpoints(1)
        other.capacity, other.stride = self.capacity, self.stride
        other._kept = list(self._kept)
        return other
