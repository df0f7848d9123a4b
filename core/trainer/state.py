"""What a run is at one moment: its experiment and data, its parameters, and where it stands."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.costs import calm_interval, checkpoint_stride, early_evaluations, most_rows
from core.data import Dataset, load_dataset
from core.data.augmentation import check_augmentation
from core.data.targets import check_loss, output_activation, output_size
from core.data.weights import check_class_weight, sample_weights
from core.edits import Edit, Settings, first_step, settings_after
from core.evaluation import METRIC, Samples, parts_of, samples_of
from core.experiment import Experiment, NetworkConfig, TrainingConfig
from core.history import Checkpoints, EvaluationTable, History
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.optimizers import OPTIMIZERS
from core.maths.schedules import SCHEDULES
from core.monitor import UNWATCHED, Stop
from core.refusals import Refusal
from core.run import Divergence, Run, first_settings, initial_parameters, with_settings
from core.trainer import backends

if TYPE_CHECKING:
    from core.data.weights import ClassWeight
    from core.engine.cpu import Scratch
    from core.engine.layout import Layout
    from core.network import Network
    from core.trainer.backends import Engine

CHECKED_AGAINST_DATA = ("class_weight", "input_noise", "mixup", *IMAGE_FIELDS)
"""Settings that not all data allow."""


class RunState:
    """A run as it stands; see `Trainer`, which takes it on."""

    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        backend: str = "auto",
        dataset: Dataset | None = None,
        network: Network | None = None,
    ) -> None:
        self.backend = backends.backend_named(backend)
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
        self._prepare_targets()
        self.layout = self._make_layout()
        backends.check(self.backend, self.layout, dataset, first_settings(experiment))
        self._initial = (
            initial_parameters(self.layout, experiment)
            if network is None
            else self._parameters_of(network)
        )
        self._engine: Engine | None = None
        self._settings = first_settings(experiment)
        self._seconds_a_step = backends.guessed_seconds(self.backend, self.layout, self._settings)
        self._scratch: dict[str, Scratch] = {}
        self._few: dict[str, Samples] = {}
        self._prepare_records()

    # -- made of experiment and data ---------------------------------------------------------

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
        rows = sum(min(len(part), most_rows(n)) for part in self._samples.values())
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

    def _check(self, training: TrainingConfig) -> None:
        """Raise a ValueError if the data do not allow what the settings ask for."""
        data = self.dataset
        check_class_weight(data.task, data.n_classes, training.class_weight)
        check_augmentation(training, is_image=data.kind == "image", is_sparse=data.is_sparse)

    # -- where it stands ---------------------------------------------------------------------

    @property
    def params(self) -> np.ndarray:
        """All parameters and running statistics, float32 (n_numbers,), in the layout's order:
        as they are at this moment, to be read."""
        if self._engine is None:
            return self._initial
        try:
            return self._engine.view("params")
        except Refusal:
            self._back_from_a_loss()
            raise

    def _back_from_a_loss(self) -> None:
        """To the newest checkpoint, if a GPU failed with all that was learnt since.

        Wherever the engine is asked for something that may be on the GPU, this follows its refusal:
        nobody sees a run that stands at one step and has the weights of another.
        """
        raise NotImplementedError

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

    @property
    def stopped(self) -> Stop | None:
        """Where early stopping stopped the run; None while it may go on.

        Any change lets it go on from the weights that it has, the best ones where they were
        restored, with the optimizer's memory as it was when it stopped, as in Keras.
        """
        return self._monitor.stopped

    @property
    def is_over(self) -> bool:
        """Whether the run diverged or stopped early: no step is taken before something changes."""
        return self.diverged is not None or self.stopped is not None

    @property
    def weights_step(self) -> int:
        """The step after which the run had the weights of now: an early stop brings back others."""
        stop = self.stopped
        return self.step_count if stop is None or not stop.restored else stop.best_step

    # -- settings ----------------------------------------------------------------------------

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
    def dropout(self) -> tuple[float, ...]:
        """Each hidden layer's dropout as it is now."""
        return self._settings.dropout

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
    def experiment_now(self) -> Experiment:
        """The experiment with the settings as they are now, edits included."""
        return with_settings(self.experiment, self._settings)

    @property
    def config(self) -> NetworkConfig:
        """The network's config as it is now, edits of dropout included."""
        return self.experiment_now.network

    # -- what is taken away ------------------------------------------------------------------

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
