"""What a run is measured by: evaluations, whole and at a bounded cost, predictions, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation import Samples, measure, measured, unknown_part
from core.maths.regularizers import REGULARIZERS
from core.refusals import Refusal
from core.trainer import backends
from core.trainer.judged import looked_at, most_looked_at
from core.trainer.state import RunState

if TYPE_CHECKING:
    from core.engine.cpu import Scratch

KEPT_SCRATCH = 2**20
"""Bytes of scratch memory that a run keeps for each part's evaluations."""


class MeasuredRun(RunState):
    """A run that is looked at as it is."""

    def evaluate(self, part: str = "test") -> dict[str, float]:
        """Loss, penalty and metrics over a whole part; dropout off, no weights.

        part: "train", "test", or "validation" where there is one.
        Returns loss, penalty and accuracy (classification) or r2 and mean_absolute_error
        (regression); nan where the part is empty.
        """
        return self._measure(part, slice(None))[0]

    def estimate(self, part: str) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
        """`evaluate` at a bounded cost: over all rows, or as many as EVALUATION_WORK allows.

        What history records and a page follows, so that a run is never held up for long. The
        rows are evenly spread and always the same.
        Returns (values, outputs float32 (rows, n_outputs), row numbers int64 (rows,)).
        """
        values, outputs, rows = self._look(part)
        return {**values, "penalty": self.penalty()}, outputs, rows

    def _look(self, part: str) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
        """As `estimate`, without the penalty."""
        samples, loss, task = self._part(part), self.experiment.training.loss, self.dataset.task
        n, most = len(samples), most_looked_at(self.layout, self.dataset.X_train)
        rows = looked_at(n, most)
        few = samples if n <= most else self._thinned(part, samples, rows)
        found = self._sums(few)
        if found is not None:
            return measured(few, task, loss, *found), found[1], rows
        scratch = self._scratch_for(part, samples) if n <= most else None
        values, outputs = measure(self.layout, self.params, few, task, loss, scratch)
        return values, outputs, rows

    def _sums(self, samples: Samples) -> tuple[float, np.ndarray] | None:
        """See `backends.sums`."""
        try:
            return backends.sums(self._engine, samples)
        except Refusal:
            self._back_from_a_loss()
            raise

    def _thinned(self, part: str, samples: Samples, rows: np.ndarray) -> Samples:
        """Some rows; on a GPU always the same arrays, since it keeps those that it knows."""
        if self.backend == "cpu":
            return samples.take(rows)
        if part not in self._few:
            self._few[part] = samples.take(rows)
        return self._few[part]

    def _scratch_for(self, part: str, samples: Samples) -> Scratch | None:
        """Memory for the CPU's evaluations of a part; a small network's is kept."""
        from core.engine.cpu import scratch_bytes, scratch_for
        from core.engine.memory import most_entries

        n, loss = len(samples), self.experiment.training.loss
        if part not in self._scratch and scratch_bytes(self.layout, n) <= KEPT_SCRATCH:
            entries = most_entries(samples.X)
            self._scratch[part] = scratch_for(self.layout, n, loss, entries=entries)
        return self._scratch.get(part)

    def _measure(self, part: str, rows: slice | np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        samples = self._part(part).take(rows)
        loss, task = self.experiment.training.loss, self.dataset.task
        values, outputs = measure(self.layout, self.params, samples, task, loss)
        return {"loss": values.pop("loss"), "penalty": self.penalty(), **values}, outputs

    def _part(self, part: str) -> Samples:
        if part not in self._samples:
            raise unknown_part(part, self.dataset)
        return self._samples[part]

    def evaluation_now(self) -> tuple[float, ...]:
        """What history's evaluations would hold of the present step: a row of their columns."""
        found = {part: self._look(part)[0] for part in self._samples}
        name, both = self._metric_name, ("train", "test")
        row = [found[part][what] for what in ("loss", name) for part in both]
        row += [found["validation"][what] for what in ("loss", name) if "validation" in found]
        return (self.step_count, self.epoch_fraction, *row)

    def _evaluate_if_due(self) -> tuple[float, ...] | None:
        """Record the present step, if it is time to; returns the row."""
        if self.step_count != self.history.evaluation_table.next_step:
            return None
        row = self.evaluation_now()
        self.history.evaluation_table.append(row)
        return row

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The network's outputs as it is now: float32 (n, n_outputs) of X (n, n_inputs).

        As `network.predict`, without a copy of the weights.
        """
        from core.engine import cpu

        return cpu.predict(self.layout, self.params, X)

    def layer_outputs(self, X: np.ndarray) -> list[np.ndarray]:
        """Activations of every layer as it is now: float32 (n, units) each."""
        from core.engine import cpu

        return cpu.layer_outputs(self.layout, self.params, X)

    def penalty(self) -> float:
        """The regularizer's penalty on the weights as they are; biases pay none."""
        training = self._settings.training
        if training.regularizer == "none":
            return 0.0
        # The registry's scalar function is plain arithmetic, so it takes whole arrays too.
        function: Callable[[Any, float], Any] = REGULARIZERS[training.regularizer].penalty
        weights, _ = self.layout.views(self.params)
        rate = training.regularization_rate
        return float(sum(np.sum(function(w.astype(np.float64), rate)) for w in weights))

    def gradients(self, max_samples: int = 1000) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The training loss's gradient at this moment, over the first training samples.

        Returns ([dW...], [db...]), shaped like weights and biases; dropout off, no penalty, and
        all samples count alike; layers normalized over batches use their running statistics.
        """
        from core.engine import cpu

        first, loss = self._samples["train"].take(slice(max_samples)), self.experiment.training.loss
        _, flat = cpu.loss_and_gradients(self.layout, self.params, first.X, first.Y, loss)
        return self.layout.views(flat)
