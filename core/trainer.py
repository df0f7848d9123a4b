"""Trainer: one run, from its experiment to its weights.

A run is its experiment plus its edits. Everything else (weights, history, divergence) follows
from these two and the step count, so a trainer can be taken to any step, back or forth, and
arrives at the same bits however it was sliced, watched or threaded.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import Dataset, load_dataset
from core.data.targets import (
    check_loss,
    encode_targets,
    output_activation,
    output_size,
)
from core.edits import Edit, Settings, edited, recorded_form
from core.experiment import Dense, Experiment, NetworkConfig, TrainingConfig
from core.history import Checkpoint, Checkpoints, History
from core.maths import random
from core.maths.initializers import INITIALIZERS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.registry import shown
from core.maths.regularizers import REGULARIZERS
from core.metrics import METRIC, metrics
from core.refusals import Refusal

if TYPE_CHECKING:
    from core.engine.cpu import CPUEngine
    from core.engine.layout import Layout
    from core.network import Network

LARGEST = float(np.finfo(np.float32).max)

SICK = 10.0
"""A batch loss this many times the loss at step 0 belongs to a run that is on its way to inf."""

EVALUATION_WORK = 2 * 10**9
"""Parameters times rows: an estimate takes some tens of milliseconds at most."""

FEWEST_ROWS = 50

CHUNK_SECONDS = 0.002
"""run_for asks the clock this often: short enough to stop in time, long enough to cost nothing."""


@dataclass(frozen=True)
class Divergence:
    """Where a run stopped being finite.

    step: the one that failed; layer: 0 is the first; what: activation, loss, gradient or update.
    resume: the last step at which the loss was still sound, from which a run can go on.
    """

    step: int
    layer: int
    what: str
    resume: int


class Trainer:
    """Trains one network on one dataset, a mini-batch a step.

    experiment: what to train, and how; the page's default if left out.
    backend: "cpu", or "auto" for the best there is.
    dataset: own arrays instead of experiment.data.
    network: own initial weights; it is copied, and its config replaces experiment.network.

    Raises ValueError, in a person's words, if loss, sizes and data do not fit together.
    Not safe for use by several threads at once; kernels release the GIL.
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        backend: str = "auto",
        dataset: Dataset | None = None,
        network: Network | None = None,
    ) -> None:
        if backend not in ("cpu", "auto"):
            raise Refusal(
                "Backend {backend} is not built yet. Choose 'cpu' or 'auto'.",
                backend=repr(backend),
            )
        experiment = experiment or Experiment()
        if network is not None:
            experiment = replace(experiment, network=network.config)
        self.experiment = experiment
        self.dataset = dataset if dataset is not None else load_dataset(experiment.data)
        self.edits: list[Edit] = []
        self.diverged: Divergence | None = None
        self._applied = 0
        self._seconds_a_step = 1e-5
        self._prepare_targets()
        self.layout = self._make_layout()
        self._initial = (
            initial_parameters(self.layout, experiment)
            if network is None
            else (self._parameters_of(network))
        )
        self._engine: CPUEngine | None = None
        self._settings = self._first_settings()
        self._checkpoints = Checkpoints(self._initial.nbytes * (1 + self._n_slots))
        self.history = History(
            len(self.layout.sizes) - 1, self._steps_an_epoch(), self._metric_name
        )

    # -- what it is ------------------------------------------------------------------------

    def _prepare_targets(self) -> None:
        data, loss = self.dataset, self.experiment.training.loss
        activation = self.experiment.network.output_activation
        check_loss(data.task, loss)
        self._n_outputs = output_size(
            data.task, data.n_classes, loss, n_values=data.n_values, activation=activation
        )
        self._Y_train, self._Y_test = (
            encode_targets(y, data.task, data.n_classes, loss, activation=activation)
            for y in (data.y_train, data.y_test)
        )
        self._metric_name = METRIC[data.task]

    def _make_layout(self) -> Layout:
        from core.engine.layout import Layout

        config = self.experiment.network
        last = output_activation(self.experiment.training.loss, config.output_activation)
        return Layout.of(self.dataset.X_train.shape[1], config, self._n_outputs, last)

    def _parameters_of(self, network: Network) -> np.ndarray:
        sizes = (network.weights[0].shape[0], *(len(b) for b in network.biases))
        if tuple(self.layout.sizes) != sizes:
            raise Refusal(
                "The network's sizes are {sizes}, but this data and loss ask for {wanted} "
                "(inputs first, outputs last).",
                sizes="-".join(map(str, sizes)),
                wanted="-".join(map(str, self.layout.sizes)),
            )
        pairs = zip(network.weights, network.biases, strict=True)
        return np.concatenate([np.concatenate([w.ravel(), b]) for w, b in pairs])

    def _first_settings(self) -> Settings:
        dropout = tuple(layer.dropout for layer in self.experiment.network.layers)
        return Settings(self.experiment.training, dropout)

    @property
    def _n_slots(self) -> int:
        return len(OPTIMIZERS[self.experiment.training.optimizer].slots)

    def _steps_an_epoch(self) -> int:
        return math.ceil(len(self.dataset.X_train) / self._settings.training.batch_size)

    @property
    def engine(self) -> CPUEngine:
        """The compiled run; made at the first step, so that a page can be drawn before numba."""
        if self._engine is None:
            self._engine = self._new_engine()
            self._engine.params[:] = self._initial
            self._configure(self._settings)
            self._save_checkpoint()
            self._evaluate_if_due()
        return self._engine

    def _new_engine(self) -> CPUEngine:
        from core.engine.cpu import CPUEngine

        training = self.experiment.training
        return CPUEngine(
            self.layout,
            self.dataset.X_train,
            self._Y_train,
            loss=training.loss,
            optimizer=training.optimizer,
            seed=self.experiment.seed,
        )

    @property
    def params(self) -> np.ndarray:
        """All weights and biases, float32 (n_parameters,), in the layout's order; a live view."""
        return self._initial if self._engine is None else self._engine.params

    @property
    def step_count(self) -> int:
        """Mini-batch updates done."""
        return 0 if self._engine is None else int(self._engine.state[0])

    @property
    def epoch_count(self) -> int:
        """Whole passes over the training set done."""
        return 0 if self._engine is None else int(self._engine.state[1])

    @property
    def epoch_fraction(self) -> float:
        """Passes over the training set done, the one under way as a fraction."""
        position = 0 if self._engine is None else int(self._engine.state[2])
        return self.epoch_count + position / len(self.dataset.X_train)

    @property
    def steps_to_epoch_end(self) -> int:
        """Steps until the epoch that is under way (or the next one) ends."""
        position = 0 if self._engine is None else int(self._engine.state[2])
        left = len(self.dataset.X_train) - position
        return math.ceil(left / self._settings.training.batch_size)

    @property
    def training(self) -> TrainingConfig:
        """The training settings as they are now, edits included."""
        return self._settings.training

    @property
    def dropout(self) -> tuple[float, ...]:
        """Each hidden layer's dropout as it is now."""
        return self._settings.dropout

    @property
    def config(self) -> NetworkConfig:
        """The network's config as it is now, edits of dropout included."""
        layers: Sequence[Dense] = self.experiment.network.layers
        pairs = zip(layers, self._settings.dropout, strict=True)
        now = tuple(replace(layer, dropout=rate) for layer, rate in pairs)
        return replace(self.experiment.network, layers=now)

    @property
    def network(self) -> Network:
        """A snapshot: the weights at this moment, copied."""
        from core.network import Network

        weights, biases = self.layout.views(self.params.copy())
        return Network.from_arrays(
            self.config,
            weights,
            biases,
            preprocessing=self.dataset.preprocessing,
            experiment=replace(self.experiment, network=self.config, training=self.training),
            class_names=self.dataset.class_names,
            feature_names=self.dataset.feature_names,
        )

    # -- running ---------------------------------------------------------------------------

    def step(self, n: int = 1) -> int:
        """Run n mini-batches; returns how many ran (fewer only if the run diverged)."""
        n, done = whole("n", n), 0
        while done < n and self.diverged is None:
            done += self._advance(n - done)
        return done

    def epoch(self, n: int = 1) -> int:
        """Run to the end of the n-th epoch from here; the one under way counts. Returns steps."""
        done = 0
        for _ in range(whole("n", n)):
            if self.diverged is None:
                done += self.step(self.steps_to_epoch_end)
        return done

    def run_for(self, seconds: float, max_steps: int | None = None) -> int:
        """Run as many steps as fit into `seconds` of wall time, at least one; returns how many."""
        limit = math.inf if max_steps is None else max_steps
        start = now = time.perf_counter()
        done = 0
        while self.diverged is None and done < limit and (done == 0 or now - start < seconds):
            left = seconds - (now - start)
            fitting = int(min(CHUNK_SECONDS, left) / self._seconds_a_step)
            ran = self._advance(int(min(max(fitting, 1), limit - done)))
            before, now = now, time.perf_counter()
            done += ran
            if ran:
                # The smaller of this chunk's pace and twice the last: one slow chunk (a page
                # fault, a busy core) must not make the next ones tiny.
                self._seconds_a_step = min((now - before) / ran, 2 * self._seconds_a_step)
        return done

    def _advance(self, n: int) -> int:
        """Run up to n steps, to the next moment that needs Python; returns how many ran."""
        engine, steps = self.engine, self.history.steps
        self._apply_edits()
        step = self.step_count
        if steps.count == len(steps.rows):
            steps.thin()
        n = min(n, self._checkpoints.steps_until_due(step))
        n = min(n, max(self.history.evaluation_table.next_step - step, 1))
        n = min(n, (len(steps.rows) - steps.count) * steps.stride)
        if self._applied < len(self.edits):
            n = min(n, self.edits[self._applied].step - step)
        done, steps.count, finite = engine.run(n, steps.rows, steps.stride, steps.count)
        if not finite:
            return self._stop_diverged(step)
        self._after_steps()
        return done

    def _after_steps(self) -> None:
        if self._applied < len(self.edits) and self.edits[self._applied].step == self.step_count:
            self._apply_edits()
        if self._checkpoints.due(self.step_count):
            self._save_checkpoint()
        self._evaluate_if_due()

    def _stop_diverged(self, started: int) -> int:
        """Find out where it broke, and go back to the last finite step."""
        from core.engine.cpu import first_nonfinite

        failed = self.step_count
        layer, what = first_nonfinite(self.engine)
        self._travel(failed - 1)
        self.diverged = Divergence(failed, layer, what, self._last_sound_step())
        return self.step_count - started

    def _last_sound_step(self) -> int:
        """The newest step whose weights gave a loss that had not begun to run away.

        The weights of the last finite step are often beyond help: already so large that any next
        step overflows, however small.
        """
        steps, losses = self.history["step"], self.history["batch_loss"]
        start = self.history.evaluations["train_loss"][0]
        sound = np.flatnonzero(losses <= SICK * max(start, 1e-3))
        # A row's loss is that of the weights before its step.
        return max(int(steps[sound[-1]]) - 1, 0) if len(sound) else 0

    def _evaluate_if_due(self) -> None:
        table = self.history.evaluation_table
        if self.step_count == table.next_step:
            train, test = (self.estimate(part)[0] for part in ("train", "test"))
            name = self._metric_name
            row = (self.step_count, self.epoch_fraction, train["loss"], test["loss"])
            table.append((*row, train[name], test[name]))

    # -- edits -----------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Change settings from the next step on; each is recorded in `edits`.

        learning_rate, batch_size, regularizer, regularization_rate, clipping, label_smoothing,
        any option of the optimizer (or optimizer_options), and dropout (a rate for each hidden
        layer, or {layer: rate}). All or nothing. Raises ValueError naming the field. A run that
        diverged may go on.
        """
        settings, edits = self._settings, []
        options = fields.pop("optimizer_options", {})
        for what, value in {**fields, **options}.items():
            value = recorded_form(settings, what, value)
            settings = edited(settings, what, value)
            edits.append(Edit(self.step_count, what, value))
        self._record(edits)

    def set_weight(self, layer: int, i: int, j: int, value: float) -> None:
        """Set the weight from input i to unit j of a layer (0 is the first) by hand."""
        self._check_place(layer, value, i=i, j=j)
        self._record([Edit(self.step_count, "weight", (layer, i, j, float(value)))])

    def set_bias(self, layer: int, j: int, value: float) -> None:
        """Set the bias of unit j of a layer (0 is the first) by hand."""
        self._check_place(layer, value, j=j)
        self._record([Edit(self.step_count, "bias", (layer, j, float(value)))])

    def _check_place(self, layer: int, value: Any, **indices: int) -> None:
        weights, _ = self.layout.views(self.params)
        if not 0 <= whole("layer", layer) < len(weights):
            raise Refusal(
                "layer is {layer}, but there are {count} layers (0 first).",
                layer=layer,
                count=len(weights),
            )
        ends = dict(zip("ij", weights[layer].shape, strict=True))
        for name, index in indices.items():
            if not 0 <= whole(name, index) < ends[name]:
                raise Refusal(
                    "{field} is {value}, but must be from 0 to {high}.",
                    field=name,
                    value=index,
                    high=ends[name] - 1,
                )
        if isinstance(value, str) or not abs(float(value)) <= LARGEST:
            raise Refusal(
                "A weight must be a finite float32 number, not {value}.", value=shown(value)
            )

    def _record(self, edits: list[Edit]) -> None:
        """Add edits made now: what a journey back left ahead is dropped, then they apply."""
        del self.edits[self._applied :]
        self._checkpoints.drop_after(self.step_count, self._applied)
        self.edits += edits
        self._apply_edits()
        self.diverged = None

    def _apply_edits(self) -> None:
        """Apply every edit that is due at this step."""
        first = self._applied
        while self._applied < len(self.edits) and (
            self.edits[self._applied].step <= self.step_count
        ):
            edit = self.edits[self._applied]
            self._settings = edited(self._settings, edit.what, edit.value)
            self._write_by_hand(edit)
            self._applied += 1
        if self._applied > first:
            self._configure(self._settings)

    def _write_by_hand(self, edit: Edit) -> None:
        weights, biases = self.layout.views(self.engine.params)
        if edit.what == "weight":
            layer, i, j, value = edit.value
            weights[layer][i, j] = value
        elif edit.what == "bias":
            layer, j, value = edit.value
            biases[layer][j] = value

    def _configure(self, settings: Settings) -> None:
        training = settings.training
        options = OPTIMIZERS[training.optimizer].options
        given = training.optimizer_options
        assert self._engine is not None
        self._engine.configure(
            learning_rate=training.learning_rate,
            options=[float(given.get(name, option.default)) for name, option in options.items()],
            batch_size=training.batch_size,
            dropout=settings.dropout,
            regularizer=training.regularizer,
            regularization_rate=training.regularization_rate,
            clip_value=training.clip_value,
            clip_norm=training.clip_norm,
            global_clip_norm=training.global_clip_norm,
            label_smoothing=training.label_smoothing,
        )

    # -- time travel -----------------------------------------------------------------------

    def goto(self, step: int) -> None:
        """Take the run to a step, back or forth: the same bits as when it was there first.

        Edits made later stay in `edits` and are replayed when the run goes on; a new change
        drops them. Raises ValueError for a negative step.
        """
        self.rewind(step)
        self.step(step - self.step_count)

    def rewind(self, step: int) -> None:
        """Go back to the nearest checkpoint at or before `step`, from which it can be replayed.

        Does nothing if the run has not come so far. `goto` is this and `step`; who must not wait
        for a long replay runs it in slices with `run_for`.
        """
        if whole("step", step) < 0:
            raise Refusal("step is {step}, but a run starts at step 0.", step=step)
        self.diverged = None
        if step < self.step_count:
            self._restore(step)

    def _travel(self, step: int) -> None:
        """Restore the checkpoint before `step` and replay up to it, its edits included."""
        self._restore(step)
        self.step(step - self.step_count)

    def _restore(self, step: int) -> None:
        checkpoint = self._checkpoints.latest(step)
        self.engine.params[:] = checkpoint.params
        self.engine.slots[:] = checkpoint.slots
        self.engine.state[:] = checkpoint.state
        self._applied = checkpoint.n_edits
        self._settings = self._first_settings()
        for edit in self.edits[: self._applied]:
            self._settings = edited(self._settings, edit.what, edit.value)
        self._configure(self._settings)
        self.history.truncate(checkpoint.step)
        self._apply_edits()

    def branch(self) -> Trainer:
        """A second run that starts from this one as it stands; edits ahead stay with this one."""
        other = object.__new__(Trainer)
        other.__dict__.update(self.__dict__)
        other._engine = None
        other.history = self.history.copy()
        other._checkpoints = self._checkpoints.copy()
        other._checkpoints.drop_after(self.step_count, self._applied)
        other.edits = self.edits[: self._applied]
        if self._engine is not None:
            other._adopt(self._engine)
        return other

    def _adopt(self, engine: CPUEngine) -> None:
        self._engine = self._new_engine()
        self._engine.params[:] = engine.params
        self._engine.slots[:] = engine.slots
        self._engine.state[:] = engine.state
        self._configure(self._settings)

    def _save_checkpoint(self) -> None:
        assert self._engine is not None
        engine = self._engine
        self._checkpoints.add(
            Checkpoint(
                self.step_count,
                engine.params.copy(),
                engine.slots.copy(),
                engine.state.copy(),
                self._applied,
            )
        )

    # -- measuring -------------------------------------------------------------------------

    def evaluate(self, part: str = "test") -> dict[str, float]:
        """Loss, penalty and metrics over a whole part, "train" or "test"; dropout off.

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
        n = len(self.dataset.X_train if part == "train" else self.dataset.X_test)
        most = max(EVALUATION_WORK // self.layout.n_parameters, FEWEST_ROWS)
        if n <= most:
            return *self._measure(part, slice(None)), np.arange(n)
        rows = np.linspace(0, n - 1, most).astype(np.int64)
        return *self._measure(part, rows), rows

    def _measure(self, part: str, rows: slice | np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        from core.engine import cpu

        if part not in ("train", "test"):
            raise Refusal("Unknown part {part}. Choose 'train' or 'test'.", part=repr(part))
        data, loss = self.dataset, self.experiment.training.loss
        X, y, Y = (
            (data.X_train[rows], data.y_train[rows], self._Y_train[rows])
            if part == "train"
            else (data.X_test[rows], data.y_test[rows], self._Y_test[rows])
        )
        total, outputs = cpu.loss_sums(self.layout, self.params, X, Y, loss)
        n_terms = len(X) if LOSSES[loss].mean_over == "samples" else Y.size
        values = {"loss": total / n_terms if n_terms else math.nan, "penalty": self.penalty()}
        return values | metrics(data.task, loss, outputs, y, Y), outputs

    def penalty(self) -> float:
        """The regularizer's penalty on the weights as they are; biases pay none."""
        training = self._settings.training
        # The registry's scalar function is plain arithmetic, so it takes whole arrays too.
        function: Callable[[Any, float], Any] = REGULARIZERS[training.regularizer].penalty
        weights, _ = self.layout.views(self.params)
        rate = training.regularization_rate
        return float(sum(np.sum(function(w.astype(np.float64), rate)) for w in weights))

    def gradients(self, max_samples: int = 1000) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The training loss's gradient at this moment, over the first training samples.

        Returns ([dW...], [db...]), shaped like weights and biases; dropout off, no penalty.
        """
        from core.engine import cpu

        X, Y = self.dataset.X_train[:max_samples], self._Y_train[:max_samples]
        loss = self.experiment.training.loss
        _, flat = cpu.loss_and_gradients(self.layout, self.params, X, Y, loss)
        return self.layout.views(flat)


def initial_parameters(layout: Layout, experiment: Experiment) -> np.ndarray:
    """The weights a run starts from, float32 (n_parameters,): a function of the seed alone."""
    initializer = INITIALIZERS[experiment.network.initializer]
    params = np.zeros(layout.n_parameters, np.float32)
    for layer, (weights, biases) in enumerate(zip(*layout.views(params), strict=True)):
        inputs, units = weights.shape
        draws = random.uniforms(experiment.seed, random.INITIALIZE, layer, inputs * units)
        weights[:] = initializer.weights(draws, inputs, units).reshape(inputs, units)
        biases[:] = initializer.bias
    return params


def whole(name: str, value: int) -> int:
    """A whole number, or a ValueError that names what should be one."""
    try:
        return operator.index(value)
    except TypeError:
        raise Refusal(
            "{field} is {value}, but must be a whole number.", field=name, value=shown(value)
        ) from None
