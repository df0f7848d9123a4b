"""A run's way forth and back: edits that are due, checkpoints, and the engine that they fill."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.augmentation import changes_images
from core.edits import Edit, by_hand, changed_all, edited, engine_arguments, settings_after, whole
from core.history import Checkpoint
from core.refusals import Refusal
from core.run import first_settings
from core.trainer import backends
from core.trainer.measuring import MeasuredRun

if TYPE_CHECKING:
    from core.engine.memory import Image
    from core.trainer.backends import Engine

    Standing = tuple[np.ndarray, np.ndarray, np.ndarray]


class TravellingRun(MeasuredRun):
    """A run that is edited, and goes back to where it was."""

    # -- the engine --------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """The compiled run; made at the first step, so that a page can be drawn before numba."""
        if self._engine is None:
            self._engine = self._new_engine()
            try:
                self._begin(self._engine)
            except BaseException:  # Ctrl-C while kernels compile, or a GPU that fails at once
                backends.free(self._engine)
                self._engine = None
                raise
        return self._engine

    def _begin(self, engine: Engine) -> None:
        engine.writable("params")[:] = self._initial
        self._configure()
        if self._checkpoints.due(0):
            self._save_checkpoint()
        self._evaluate_if_due()

    def _new_engine(self) -> Engine:
        training = self.experiment.training
        return backends.kind_of_engine(self.backend, self.layout, self.dataset)(
            self.layout,
            self.dataset.X_train,
            self._samples["train"].Y,
            loss=training.loss,
            optimizer=training.optimizer,
            seed=self.experiment.seed,
            options=training.optimizer_options,
        )

    def _adopt(self, standing: Standing) -> None:
        self._engine = self._new_engine()
        self._engine.stand_at(*standing)
        self._configure()

    def _standing(self) -> Standing | None:
        """What a run is, brought here, not copied; None before there is an engine."""
        if self._engine is None:
            return None
        return self.params, self.slots, self._engine.state

    @property
    def slots(self) -> np.ndarray:
        """The optimizer's memory, float32 (n_slots, n_parameters), to be read as `params` is."""
        try:
            return self.engine.view("slots")
        except Refusal:
            self._back_from_a_loss()
            raise

    def _configure(self) -> None:
        assert self._engine is not None
        arguments = engine_arguments(self._settings, self._monitor.plateau.reached)
        self._engine.configure(**arguments, weights=self.sample_weights, image=self._image)
        self._checkpoints.reserve(self._checkpoint_bytes)

    def use_backend(self, backend: str) -> None:
        """Go on from here on the "cpu", or on a GPU ("cuda"): nothing that was learnt is lost.

        Weights, the optimizer's memory, step, history and edits stay. What is computed from now on,
        journeys back included, is what that backend makes of them: equal to its last digits.
        If a GPU has failed with what was learnt since the newest checkpoint, it goes on from there.
        Raises a ValueError if it cannot have this run, edits that lie ahead included; then nothing
        has changed.
        """
        wanted, before, engine = backends.backend_named(backend), self.backend, self._engine
        if wanted == before:
            return
        with contextlib.suppress(Refusal):  # the run is back from its loss then
            self._standing()
        standing = self._standing()
        ahead = self.edits[self._applied :]
        backends.check_edits(wanted, self.layout, self.dataset, self._settings, ahead)
        try:
            self.backend = wanted
            if standing is not None:
                self._adopt(standing)
                self._evaluate_if_due()  # if that failed where the run comes from
        except ValueError:
            self.backend, self._engine = before, engine
            raise
        backends.free(engine)
        self._seconds_a_step = backends.guessed_seconds(wanted, self.layout, self._settings)
        self._failure, self.is_returning = None, False  # it may fail elsewhere, or not at all

    def free(self) -> None:
        """Give a GPU's memory back; it is taken again when the run goes on.

        If the GPU fails with what was learnt since the newest checkpoint, the run is back there.
        """
        backends.free(self._engine)
        self._back_from_a_loss()

    @property
    def _image(self) -> Image | None:
        """What the engine needs to know of images, where they are changed."""
        from core.engine.memory import Image

        if not changes_images(self._settings.training):
            return None
        return Image(self.dataset.image_planes, self.dataset.background)

    # -- edits -------------------------------------------------------------------------------

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
        backends.check(self.backend, self.layout, self.dataset, after, self._engine)
        self._record([Edit(self.step_count, what, value) for what, value in recorded])

    def change_at(self, step: int, **fields: Any) -> None:
        """`change`, of a run on its way to a later step that it has been at: made when it comes
        there again, behind the edits that lie ahead."""
        after, recorded = changed_all(self.settings_at(step), fields)
        self._check(after.training)
        backends.check(self.backend, self.layout, self.dataset, after, self._engine)
        self.edits += [Edit(step, what, value) for what, value in recorded]

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
        self._standing()  # all of it is here now: if a GPU has failed, nothing was edited yet
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
            engine = self.engine  # begins with the settings before, if it was not there yet
            edit, before = self.edits[self._applied], self.training
            self._settings = edited(self._settings, edit.what, edit.value)
            self._write_by_hand(engine, edit)
            self._monitor = self._monitor.edited(before, self.training)
            self._applied += 1
        if self._applied > first:
            self._configure()

    def _write_by_hand(self, engine: Engine, edit: Edit) -> None:
        if edit.what == "weight":
            layer, i, j, value = edit.value
            self.layout.views(engine.writable("params"))[0][layer][i, j] = value
        elif edit.what == "bias":
            layer, j, value = edit.value
            self.layout.views(engine.writable("params"))[1][layer][j] = value

    # -- checkpoints -------------------------------------------------------------------------

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
        self.engine.stand_at(checkpoint.params, checkpoint.slots, checkpoint.state)
        self._monitor = checkpoint.monitor
        self._applied = checkpoint.n_edits
        applied = self.edits[: self._applied]
        self._settings = settings_after(first_settings(self.experiment), applied)
        self._configure()
        self.history.truncate(checkpoint.step)
        self._apply_edits()

    def _back_from_a_loss(self) -> None:
        if self._engine is not None and self._engine.is_lost:
            self._restore(self.step_count)

    def _save_checkpoint(self) -> None:
        assert self._engine is not None
        engine, step = self._engine, self.step_count
        self._checkpoints.make_room()
        if step % self._checkpoints.stride:
            return
        params, slots = engine.view("params"), engine.view("slots")
        if step:
            params, slots = params.copy(), slots.copy()
        else:  # nothing has moved: what the run began with takes no memory of its own
            params, slots = self._initial, np.broadcast_to(slots[:, :1].copy(), slots.shape)
        state = engine.state.copy()
        kept = Checkpoint(step, params, slots, state, self._applied, self._monitor)
        self._checkpoints.add(kept)
