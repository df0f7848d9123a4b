"""Trainer: one run, from its experiment to its weights.

A run is its experiment plus its edits. Everything else (weights, history, divergence) follows
from these two and the step count, so a trainer can be taken to any step, back or forth, and
arrives at the same bits however it was sliced, watched or threaded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from core.costs import calm_interval, checkpoint_stride, early_evaluations
from core.data import Dataset, load_dataset
from core.data.augmentation import changes_images, check_augmentation
from core.data.sparse import SparseRows
from core.data.targets import check_loss, output_activation, output_size
from core.data.weights import check_class_weight, sample_weights
from core.edits import (
    Edit,
    Settings,
    by_hand,
    changed_all,
    edited,
    engine_arguments,
    first_step,
    settings_after,
    whole,
)
from core.evaluation import METRIC, Samples, measure, parts_of, samples_of, unknown_part
from core.experiment import Experiment, NetworkConfig, TrainingConfig
from core.history import Checkpoint, Checkpoints, EvaluationTable, History
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from core.monitor import UNWATCHED, Measured, Stop, is_watching
from core.refusals import Refusal
from core.run import Divergence, Run, first_settings, initial_parameters, with_settings

if TYPE_CHECKING:
    from core.data.weights import ClassWeight
    from core.engine.cpu import CPUEngine, Scratch
    from core.engine.layout import Layout
    from core.engine.memory import Image
    from core.network import Network

SICK = 10.0
"""A batch loss this many times the loss at step 0 belongs to a run that is on its way to inf."""

CHECKED_AGAINST_DATA = ("class_weight", "input_noise", "mixup", *IMAGE_FIELDS)
"""Settings that not all data allow."""

EVALUATION_WORK = 2 * 10**9
"""Parameters times rows: an estimate takes some tens of milliseconds at most."""

FEWEST_ROWS = 50

FETCHING = 8
"""Times as long as in dense rows a product takes whose weights are fetched from here and there."""

KEPT_SCRATCH = 2**20
"""Bytes of scratch memory that a run keeps for each part's evaluations."""

TURN_SECONDS = 0.002
"""run_for asks the clock, and lets others have the core, this often: short enough to stop in time,
long enough to cost nothing."""


class Trainer:
    """Trains one network on one dataset, a mini-batch a step.

    experiment: what to train, and how; the page's default if left out.
    backend: "cpu", or "auto" for the best there is.
    dataset: own arrays instead of experiment.data.
    network: own initial weights; it is copied, and its config replaces experiment.network.

    Memory, beside the data: parameters and optimizer slots once, scratch for a batch, and for
    journeys back at most 32 MiB of checkpoints, or one where a single one takes more.

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
        if dataset is None:
            dataset = load_dataset(experiment.data)
        elif dataset.source is not None:
            experiment = replace(experiment, data=dataset.source)
        self.experiment, self.dataset = experiment, dataset
        self._own_weights = network is not None
        self.edits: list[Edit] = []
        self.diverged: Divergence | None = None
        self._failure: Divergence | None = None
        """A failure that lies ahead, found when the run first came there."""
        self.is_returning = False
        """Whether the run is on its way from a failure to the step before it, where it stops."""
        self._monitor = UNWATCHED
        self._weights: tuple[ClassWeight, np.ndarray | None] | None = None
        self._applied = 0
        self._seconds_a_step = 1e-5
        self._prepare_targets()
        self.layout = self._make_layout()
        self._initial = (
            initial_parameters(self.layout, experiment)
            if network is None
            else self._parameters_of(network)
        )
        self._engine: CPUEngine | None = None
        self._settings = first_settings(experiment)
        self._scratch: dict[str, Scratch] = {}
        self._prepare_records()

    # -- what it is ------------------------------------------------------------------------

    def _prepare_targets(self) -> None:
        data, loss = self.dataset, self.experiment.training.loss
        activation = self.experiment.network.output_activation
        check_loss(data.task, loss)
        self._check(self.experiment.training)
        self._n_outputs = output_size(
            data.task, data.n_classes, loss, n_values=data.n_values, activation=activation
        )
        self._samples = {
            part: samples_of(data, part, loss, activation=activation) for part in parts_of(data)
        }
        self._metric_name = METRIC[data.task]

    def _make_layout(self) -> Layout:
        from core.engine.layout import Layout

        config = self.experiment.network
        last = output_activation(self.experiment.training.loss, config.output_activation)
        return Layout.of(self.dataset.X_train.shape[1], config, self._n_outputs, last)

    def _prepare_records(self) -> None:
        """Checkpoints and history; how often they are filled follows from what a step costs."""
        n, batch = self.layout.n_parameters, self._settings.training.batch_size
        batch = min(batch, len(self.dataset.X_train))
        most = max(EVALUATION_WORK // n, FEWEST_ROWS)
        rows = sum(min(len(part), most) for part in self._samples.values())
        self._checkpoints = Checkpoints(self._checkpoint_bytes, checkpoint_stride(n, batch))
        evaluations = EvaluationTable(
            self.steps_an_epoch,
            calm_interval(n, batch, rows),
            early_evaluations(n, rows),
            with_validation="validation" in self._samples,
        )
        self.history = History(len(self.layout.sizes) - 1, evaluations, self._metric_name)

    def _parameters_of(self, network: Network) -> np.ndarray:
        sizes = (network.weights[0].shape[0], *(len(b) for b in network.biases))
        if tuple(self.layout.sizes) != sizes:
            raise Refusal(
                "The network's sizes are {sizes}, but this data and loss ask for {wanted} "
                "(inputs first, outputs last).",
                sizes="-".join(map(str, sizes)),
                wanted="-".join(map(str, self.layout.sizes)),
            )
        return network.params.copy()

    @property
    def _n_slots(self) -> int:
        training = self.experiment.training
        return len(OPTIMIZERS[training.optimizer].under(training.optimizer_options).slots)

    @property
    def _checkpoint_bytes(self) -> int:
        training = self._settings.training
        keeps_best = training.early_stopping is not None and training.restore_best_weights
        return self._initial.nbytes * (1 + self._n_slots + keeps_best)

    @property
    def engine(self) -> CPUEngine:
        """The compiled run; made at the first step, so that a page can be drawn before numba."""
        if self._engine is None:
            self._engine = self._new_engine()
            self._engine.params[:] = self._initial
            self._configure()
            self._save_checkpoint()
            self._evaluate_if_due()
        return self._engine

    def _new_engine(self) -> CPUEngine:
        from core.engine.cpu import CPUEngine

        training = self.experiment.training
        return CPUEngine(
            self.layout,
            self.dataset.X_train,
            self._samples["train"].Y,
            loss=training.loss,
            optimizer=training.optimizer,
            seed=self.experiment.seed,
            options=training.optimizer_options,
        )

    @property
    def params(self) -> np.ndarray:
        """All parameters and running statistics, float32 (n_numbers,), in the layout's order; a
        live view."""
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
    def steps_an_epoch(self) -> int:
        """Steps of a whole epoch at the batch size of now."""
        return math.ceil(len(self.dataset.X_train) / self._settings.training.batch_size)

    @property
    def steps_to_epoch_end(self) -> int:
        """Steps until the epoch that is under way (or the next one) ends."""
        position = 0 if self._engine is None else int(self._engine.state[2])
        left = len(self.dataset.X_train) - position
        return math.ceil(left / self._settings.training.batch_size)

    def start_of_epoch(self, epoch: int) -> int:
        """The step at which an epoch (0 first) began or, unless something changes, will begin."""
        batch = self.experiment.training.batch_size
        return first_step(epoch, len(self.dataset.X_train), batch, self.edits)

    @property
    def destination(self) -> int:
        """Where the run stands or, on its way back from a failure, will stand."""
        if self.is_returning and (failure := self._failure) is not None:
            return failure.step - 1
        return self.step_count

    def settings_at(self, step: int) -> Settings:
        """The settings at a step of this run, edits that lie ahead included."""
        edits = [edit for edit in list(self.edits) if edit.step <= step]
        return settings_after(first_settings(self.experiment), edits)

    @property
    def training(self) -> TrainingConfig:
        """The training settings as they are now, edits included."""
        return self._settings.training

    @property
    def learning_rate(self) -> float:
        """The rate of the next step, as the schedule makes it."""
        training = self._settings.training
        reached, step = self._monitor.plateau.reached, self.step_count + 1
        options, schedule = training.schedule_options, SCHEDULES[training.schedule]
        return schedule.rate(options, training.learning_rate, step, reached)

    @property
    def stopped(self) -> Stop | None:
        """Where early stopping stopped the run; None while it may go on.

        Any change lets it go on from the weights that it has, the best ones where they were
        restored, with the optimizer's memory as it was when it stopped, as in Keras.
        """
        return self._monitor.stopped

    @property
    def weights_step(self) -> int:
        """The step after which the run had the weights of now: an early stop brings back others."""
        stop = self.stopped
        return self.step_count if stop is None or not stop.restored else stop.best_step

    @property
    def sample_weights(self) -> np.ndarray | None:
        """What each training sample's loss is multiplied by now, its class's weight included.

        float32 (n_samples,), None where all count alike.
        """
        choice = self._settings.training.class_weight
        if self._weights is None or self._weights[0] != choice:
            self._weights = choice, sample_weights(self.dataset, choice)
        return self._weights[1]

    @property
    def _image(self) -> Image | None:
        """What the engine needs to know of images, where they are changed."""
        from core.engine.memory import Image

        if not changes_images(self._settings.training):
            return None
        return Image(self.dataset.image_planes, self.dataset.background)

    @property
    def dropout(self) -> tuple[float, ...]:
        """Each hidden layer's dropout as it is now."""
        return self._settings.dropout

    @property
    def experiment_now(self) -> Experiment:
        """The experiment with the settings as they are now, edits included."""
        return with_settings(self.experiment, self._settings)

    @property
    def config(self) -> NetworkConfig:
        """The network's config as it is now, edits of dropout included."""
        return self.experiment_now.network

    @property
    def run(self) -> Run:
        """What determines these weights: the experiment and its edits up to this step."""
        return Run(
            self.experiment,
            tuple(self.edits[: self._applied]),
            self.step_count,
            own_data=self.dataset.source is None,
            own_weights=self._own_weights,
        )

    @property
    def network(self) -> Network:
        """A snapshot: the weights at this moment, copied, and the run that made them."""
        from core.network import Network

        return Network(
            self.config,
            self.layout,
            self.params,
            preprocessing=self.dataset.preprocessing,
            run=self.run,
            class_names=self.dataset.class_names,
            feature_names=self.dataset.feature_names,
        )

    @classmethod
    def replay(
        cls, run: Run, *, dataset: Dataset | None = None, network: Network | None = None
    ) -> Trainer:
        """A trainer taken to where a run stood, such as `network.run` of a file: the same bits.

        dataset, network: the arrays and the initial weights, where it had its own.
        Raises ValueError if one of them is missing, or the run's edits are not known.
        """
        if run.edits is None:
            raise Refusal("This run cannot be replayed: the edits that were made are not known.")
        if run.own_data and dataset is None:
            raise Refusal("This run learnt from a person's own arrays: give them as dataset.")
        if run.own_weights and network is None:
            raise Refusal("This run began with weights of its own: give them as network.")
        trainer = cls(run.experiment, dataset=dataset, network=network)
        for edit in run.edits:  # before the first step, not in mid-run
            if edit.what in CHECKED_AGAINST_DATA:
                trainer._check(replace(run.experiment.training, **{edit.what: edit.value}))
        trainer.edits = list(run.edits)
        trainer._apply_edits()
        trainer.step(run.step_count)
        return trainer

    # -- running ---------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether the run diverged or stopped early: no step is taken before something changes."""
        return self.diverged is not None or self.stopped is not None

    def step(self, n: int = 1) -> int:
        """Run n mini-batches; returns how many ran: fewer if the run diverged or stopped early."""
        n, done = whole("n", n), 0
        while done < n and not self.is_over:
            done += self._advance(n - done)
        return done

    def epoch(self, n: int = 1) -> int:
        """Run to the end of the n-th epoch from here; the one under way counts. Returns steps."""
        n, done = whole("n", n), 0
        while n > 0 and not self.is_over:
            # Edits that lie ahead may change the batch size, and with it the steps of an epoch.
            at_once = n if self._applied == len(self.edits) else 1
            more = (at_once - 1) * self.steps_an_epoch
            done += self.step(self.steps_to_epoch_end + more)
            n -= at_once
        return done

    def run_for(self, seconds: float, max_steps: int | None = None) -> int:
        """Run as many steps as fit into `seconds` of wall time, at least one; returns how many.

        Many threads at once take turns; the time in between counts.
        A negative number if the run failed and is on its way back to the last finite step: then
        call it again, until `diverged` is set.
        """
        limit = math.inf if max_steps is None else max_steps
        now, done = time.perf_counter(), 0
        end = now + seconds
        while not self.is_over and done < limit and (done == 0 or now < end):
            with self.engine.turns as waited:
                # Who had to wait for its turn has the whole of it: short ones are mostly changes.
                left = seconds if waited else end - time.perf_counter()
                ran, now = self._run_turn(limit - done, min(left, TURN_SECONDS))
            done += ran
        return done

    def _run_turn(self, limit: float, seconds: float) -> tuple[int, float]:
        """What `run_for` does in one turn; returns the steps, and the time now."""
        now, done = time.perf_counter(), 0
        end = now + seconds
        while not self.is_over and done < limit and (done == 0 or now < end):
            fitting = int(max(end - now, 0.0) / self._seconds_a_step)
            ran = self._advance(int(min(max(fitting, 1), limit - done)))
            before, now = now, time.perf_counter()
            done += ran
            if ran > 0:
                # The smaller of this chunk's pace and twice the last: one slow chunk (a page
                # fault, a busy core) must not make the next ones tiny.
                self._seconds_a_step = min((now - before) / ran, 2 * self._seconds_a_step)
        return done, now

    def _advance(self, n: int) -> int:
        """Run up to n steps, to the next moment that needs Python; returns how many ran."""
        engine, steps = self.engine, self.history.steps
        self._apply_edits()
        step = self.step_count
        if steps.count == len(steps.rows):
            steps.thin()
        if self._failure is not None and step == self._failure.step - 1:
            self.diverged, self.is_returning = self._failure, False
            return 0
        n = min(n, self._checkpoints.steps_until_due(step))
        n = min(n, max(self.history.evaluation_table.next_step - step, 1))
        if is_watching(self.training):
            n = min(n, self.steps_to_epoch_end)
        n = min(n, (len(steps.rows) - steps.count) * steps.stride)
        if self._applied < len(self.edits):
            n = min(n, self.edits[self._applied].step - step)
        if self._failure is not None:
            n = min(n, self._failure.step - 1 - step)
        done, steps.count, finite = engine.run(n, steps.rows, steps.stride, steps.count)
        if not finite:
            return self._turn_back(step)
        self._after_steps()
        return done

    def _after_steps(self) -> None:
        """Look at the step just done as it is, before any edit that follows it."""
        self._watch_if_due(self._evaluate_if_due())
        if self._applied < len(self.edits) and self.edits[self._applied].step == self.step_count:
            self._apply_edits()
        if self._checkpoints.due(self.step_count):
            self._save_checkpoint()

    def _watch_if_due(self, row: tuple[float, ...] | None) -> None:
        """At the end of an epoch: stop early, or lower the learning rate, if it is time to.

        row: the evaluation of this very step, if there was one.
        """
        assert self._engine is not None
        if self._engine.state[2] or not is_watching(self.training):
            return
        part = self._watched_part
        place = self.history.evaluations.columns.index(f"{part}_loss")
        loss = self._look(part)[0]["loss"] if row is None else row[place]
        now = Measured(self.step_count, self.epoch_count, loss, part, self.params)
        before, self._monitor = self._monitor, self._monitor.after(self.training, now)
        if self._monitor.plateau.reached != before.plateau.reached:
            self._configure()
        if self.stopped is not None and self.stopped.restored:
            assert self._monitor.best.params is not None
            self.params[:] = self._monitor.best.params

    @property
    def _watched_part(self) -> str:
        """The part that says when to stop, and which weights are the best."""
        if "validation" in self._samples:
            return "validation"
        return "test" if len(self._samples["test"]) else "train"

    def _turn_back(self, started: int) -> int:
        """Find out where it broke and go back to a checkpoint: from there the run goes on to the
        last finite step, in the slices of whoever drives it. Returns how far it came (below 0)."""
        from core.engine.cpu import first_nonfinite

        failed = self.step_count
        layer, what = first_nonfinite(self.engine)
        self._failure = Divergence(failed, layer, what, self._last_sound_step())
        self.is_returning = True
        self._restore(failed - 1)
        return self.step_count - started

    def _last_sound_step(self) -> int:
        """The newest step whose weights gave a loss that had not begun to run away.

        The weights of the last finite step are often beyond help: already so large that any next
        step overflows, however small.
        """
        steps, losses = self.history["step"], self.history["batch_loss"]
        start = self.history.evaluations["train_loss"][0]
        weights = self.sample_weights
        heaviest = 1.0 if weights is None else float(weights.max())
        sound = np.flatnonzero(losses <= SICK * max(start, 1e-3) * heaviest)
        # A row's loss is that of the weights before its step.
        return max(int(steps[sound[-1]]) - 1, 0) if len(sound) else 0

    def _evaluate_if_due(self) -> tuple[float, ...] | None:
        """Record the present step, if it is time to; returns the row."""
        if self.step_count != self.history.evaluation_table.next_step:
            return None
        row = self.evaluation_now()
        self.history.evaluation_table.append(row)
        return row

    def evaluation_now(self) -> tuple[float, ...]:
        """What history's evaluations would hold of the present step: a row of their columns."""
        found = {part: self._look(part)[0] for part in self._samples}
        name, both = self._metric_name, ("train", "test")
        row = [found[part][what] for what in ("loss", name) for part in both]
        row += [found["validation"][what] for what in ("loss", name) if "validation" in found]
        return (self.step_count, self.epoch_fraction, *row)

    def _check(self, training: TrainingConfig) -> None:
        """Raise a ValueError if the data do not allow what the settings ask for."""
        data = self.dataset
        check_class_weight(data.task, data.n_classes, training.class_weight)
        check_augmentation(training, is_image=data.kind == "image", is_sparse=data.is_sparse)

    # -- edits -----------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Change settings from the next step on; each is recorded in `edits`.

        learning_rate, batch_size, regularizer, regularization_rate, clipping, max_norm,
        label_smoothing, input_noise, augmentation (translation, rotation, zoom, cutout, mixup),
        class_weight, early_stopping and what belongs to it, schedule,
        any option of the optimizer or the schedule (also as optimizer_options and
        schedule_options), and dropout (a rate for each hidden layer, or {layer: rate}). Another
        learning rate takes the rest of its schedule along: see `core.maths.schedules`.
        All or nothing. Raises ValueError naming the field. A run that diverged or stopped early
        may go on.
        """
        after, recorded = changed_all(self._settings, fields)
        self._check(after.training)
        self._record([Edit(self.step_count, what, value) for what, value in recorded])

    def set_weight(self, layer: int, i: int, j: int, value: float) -> None:
        """Set the weight from input i to unit j of a layer (0 is the first) by hand."""
        place = by_hand(self.layout.sizes, value, layer, j, i)
        self._record([Edit(self.step_count, "weight", place)])

    def set_bias(self, layer: int, j: int, value: float) -> None:
        """Set the bias of unit j of a layer (0 is the first) by hand."""
        place = by_hand(self.layout.sizes, value, layer, j)
        self._record([Edit(self.step_count, "bias", place)])

    def _record(self, edits: list[Edit]) -> None:
        """Add edits made now: what a journey back left ahead is dropped, then they apply."""
        del self.edits[self._applied :]
        self._checkpoints.drop_after(self.step_count, self._applied)
        self.edits += edits
        self._apply_edits()
        self.diverged = self._failure = None
        self.is_returning = False

    def _apply_edits(self) -> None:
        """Apply every edit that is due at this step."""
        first = self._applied
        while self._applied < len(self.edits) and (
            self.edits[self._applied].step <= self.step_count
        ):
            edit, before = self.edits[self._applied], self.training
            self._settings = edited(self._settings, edit.what, edit.value)
            self._write_by_hand(edit)
            self._monitor = self._monitor.edited(before, self.training)
            self._applied += 1
        if self._applied > first:
            self._configure()

    def _write_by_hand(self, edit: Edit) -> None:
        weights, biases = self.layout.views(self.engine.params)
        if edit.what == "weight":
            layer, i, j, value = edit.value
            weights[layer][i, j] = value
        elif edit.what == "bias":
            layer, j, value = edit.value
            biases[layer][j] = value

    def _configure(self) -> None:
        assert self._engine is not None
        arguments = engine_arguments(self._settings, self._monitor.plateau.reached)
        self._engine.configure(**arguments, weights=self.sample_weights, image=self._image)
        self._checkpoints.reserve(self._checkpoint_bytes)

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
        self.diverged, self.is_returning = None, False
        if step < self.step_count:
            self._restore(step)

    def _restore(self, step: int) -> None:
        checkpoint = self._checkpoints.latest(step)
        self.engine.params[:] = checkpoint.params
        self.engine.slots[:] = checkpoint.slots
        self.engine.state[:] = checkpoint.state
        self._monitor = checkpoint.monitor
        self._applied = checkpoint.n_edits
        applied = self.edits[: self._applied]
        self._settings = settings_after(first_settings(self.experiment), applied)
        self._configure()
        self.history.truncate(checkpoint.step)
        self._apply_edits()

    def branch(self) -> Trainer:
        """A second run that starts from this one as it stands; edits ahead stay with this one."""
        other = object.__new__(Trainer)
        other.__dict__.update(self.__dict__)
        other._engine = None
        other._scratch = {}
        other.history = self.history.copy()
        other._checkpoints = self._checkpoints.copy()
        other._checkpoints.drop_after(self.step_count, self._applied)
        other.edits = self.edits[: self._applied]
        other._failure, other.is_returning = None, False
        if self._engine is not None:
            other._adopt(self._engine)
        return other

    def _adopt(self, engine: CPUEngine) -> None:
        self._engine = self._new_engine()
        self._engine.params[:] = engine.params
        self._engine.slots[:] = engine.slots
        self._engine.state[:] = engine.state
        self._configure()

    def _save_checkpoint(self) -> None:
        assert self._engine is not None
        engine, step = self._engine, self.step_count
        self._checkpoints.make_room()
        if step % self._checkpoints.stride:
            return
        params, slots = engine.params, engine.slots
        if step:
            params, slots = params.copy(), slots.copy()
        else:  # nothing has moved: what the run began with takes no memory of its own
            params, slots = self._initial, np.broadcast_to(slots[:, :1].copy(), slots.shape)
        state = engine.state.copy()
        kept = Checkpoint(step, params, slots, state, self._applied, self._monitor)
        self._checkpoints.add(kept)

    # -- measuring -------------------------------------------------------------------------

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

    @property
    def _most_rows(self) -> int:
        """How many rows an estimate looks at; sparse ones cost what is not 0, by fetching it."""
        work, X = self.layout.n_parameters, cast("Any", self.dataset.X_train)
        if isinstance(X, SparseRows):
            unread = self.layout.n_inputs - len(X.values) // len(X)
            work = FETCHING * (work - unread * self.layout.sizes[1])
        return max(EVALUATION_WORK // work, FEWEST_ROWS)

    def _look(self, part: str) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
        """As `estimate`, without the penalty; a small network's scratch memory is kept."""
        from core.engine.cpu import scratch_bytes, scratch_for
        from core.engine.memory import most_entries

        samples, loss = self._part(part), self.experiment.training.loss
        n, most = len(samples), self._most_rows
        if n > most:
            rows = np.linspace(0, n - 1, most).astype(np.int64)
            samples, scratch = samples.take(rows), None
        else:
            rows, scratch = np.arange(n), self._scratch.get(part)
            if scratch is None and scratch_bytes(self.layout, n) <= KEPT_SCRATCH:
                scratch = self._scratch[part] = scratch_for(
                    self.layout, n, loss, entries=most_entries(samples.X)
                )
        task = self.dataset.task
        values, outputs = measure(self.layout, self.params, samples, task, loss, scratch)
        return values, outputs, rows

    def _measure(self, part: str, rows: slice | np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        samples = self._part(part).take(rows)
        loss, task = self.experiment.training.loss, self.dataset.task
        values, outputs = measure(self.layout, self.params, samples, task, loss)
        return {"loss": values.pop("loss"), "penalty": self.penalty(), **values}, outputs

    def _part(self, part: str) -> Samples:
        if part not in self._samples:
            raise unknown_part(part, self.dataset)
        return self._samples[part]

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
