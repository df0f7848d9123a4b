"""A run as it stands between two steps, copied out, and what its next step would do."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.data.sparse import as_array
from core.data.targets import encode_targets
from core.experiment import TrainingConfig
from core.inspect.augmented import Augmentation
from core.inspect.normalizing import Normalizing, normalizing_of
from core.inspect.trace import LayerTrace, Place, Trace, trace
from core.inspect.update import Entry, Rule, Update, trace_matrix, trace_update
from core.maths import losses, optimizers, random, registry, regularizers
from core.maths.normalizations import PARAMETERS
from core.maths.orthogonal import MatrixStep
from core.maths.rules import MatrixConstants

if TYPE_CHECKING:
    from core.data import Dataset
    from core.engine.layout import Layout
    from core.trainer import Trainer

SMALLEST_LENGTH = 1e-7  # Keras adds it to a norm before it divides
MOST_ELEMENTS = 200_000  # activations that a trace works out in plain Python: about 0.2 s
MOST_DENSE = 3_000_000  # numbers of sparse rows that are written out


@dataclass(frozen=True)
class Moment:
    """Everything that decides the next step. Arrays are copies but for the dataset's.

    layers: weights (n_in, units), biases (units,), activation of every layer. normalizing: what
    lies between the two.
    layer: the one whose slots were copied. slots: of every optimizer slot, its value for that
    layer's weights, biases and, if it is normalized, gamma and beta.
    batch: the training rows of the next mini-batch, int64 (batch,).
    learning_rate: of the next step, as the schedule makes it.
    weights: what each training sample's loss is multiplied by, None where all count alike.
    """

    step: int
    layers: tuple[tuple[np.ndarray, np.ndarray, str], ...]
    normalizing: tuple[Normalizing, ...]
    layer: int
    slots: tuple[tuple[np.ndarray, ...], ...]
    training: TrainingConfig
    dropout: tuple[float, ...]
    seed: int
    dataset: Dataset
    batch: np.ndarray
    learning_rate: float
    weights: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the units of every layer."""
        return (len(self.layers[0][0]), *(len(biases) for _, biases, _ in self.layers))

    @property
    def smoothing(self) -> float:
        """How much training smooths the targets; 0 also where the loss smooths none."""
        loss = registry.get(losses.LOSSES, self.training.loss, "loss")
        return self.training.label_smoothing if loss.smooths_labels else 0.0

    @property
    def largest_batch(self) -> int:
        """How many rows a trace of this network can hold and stay quick."""
        if self.dataset.is_sparse:  # whose inputs are no work, but memory once they are dense
            most = MOST_ELEMENTS // sum(self.sizes[1:]), MOST_DENSE // self.sizes[0]
            return max(1, min(most))
        return max(1, MOST_ELEMENTS // sum(self.sizes))

    @property
    def augmentation(self) -> Augmentation:
        """What the next step does to its samples."""
        return Augmentation.of(self.dataset, self.training, self.seed, self.step + 1)

    def trace(self, rows: np.ndarray, *, as_step: bool = False) -> Trace:
        """Trace training rows (batch,).

        as_step: as the next step has them, augmented, with its dropout masks and, where layers are
        normalized over batches, the statistics of these very rows; else as in predictions, by the
        running statistics. A step mixes the samples of its whole batch: fewer rows are mixed among
        themselves.
        """
        masks = self._masks(len(rows)) if as_step else None
        X, targets = as_array(self.dataset.X_train[rows]), self._targets(rows)
        weights = None if self.weights is None else self.weights[rows].astype(np.float64)
        if as_step:
            step = self.augmentation
            X, targets = step.fed(X), step.mixed(targets)
            weights = weights if weights is None else step.mixed(weights)
        return trace(
            self.layers,
            X,
            targets,
            self.training.loss,
            masks=masks,
            weights=weights,
            normalizing=[replace(each, at_rest=not as_step) for each in self.normalizing],
        )

    def update(self, traced: Trace, i: Place, j: int) -> Update:
        """Work out what the optimizer makes of a traced gradient, in the layer `layer`.

        i: which input the weight of unit j reads, None for the unit's bias, "gamma" or "beta".
        """
        if isinstance(i, int) and self._moves_matrices:
            update = self._with_its_matrix(traced, i, j)
        else:
            update = self._by_the_optimizer(traced, i, j)
        longest = self.training.max_norm
        if not isinstance(i, int) or not longest:
            return update
        length = float(np.linalg.norm(self._weights_into(traced, j)))
        scale = min(length, longest) / (SMALLEST_LENGTH + length)
        return replace(update, after=update.after * scale)

    @property
    def _moves_matrices(self) -> bool:
        """Whether the optimizer moves this layer's weights as one matrix."""
        record = registry.get(optimizers.OPTIMIZERS, self.training.optimizer, "optimizer")
        return record.matrix_prepare is not None and self.layer < len(self.layers) - 1

    def _weights_into(self, traced: Trace, j: int) -> np.ndarray:
        """All weights into unit j as the optimizer makes them, before any constraint."""
        if self._moves_matrices:
            return self._matrix_step(traced)[0].after[:, j]
        others = range(len(self.layers[self.layer][0]))
        return np.array([self._by_the_optimizer(traced, k, j).after for k in others])

    def _matrix_step(self, traced: Trace) -> tuple[MatrixStep, MatrixConstants]:
        weights, gradients = self.layers[self.layer][0], self._read(traced)[0]
        return trace_matrix(self._rule(), weights, gradients, self.slots[0][0])

    def _with_its_matrix(self, traced: Trace, i: int, j: int) -> Update:
        """The update of a weight that moves with its whole matrix, before any constraint."""
        step, constants = self._matrix_step(traced)
        update = self._by_the_optimizer(traced, i, j)
        inputs, units = step.after.shape
        entry = Entry((inputs, units), (i, j), float(step.read[i, j]), float(step.direction[i, j]))
        return replace(
            update,
            constants=constants,
            slots_before={"m": update.slots_before["m"]},
            slots_after={"m": float(step.momentum[i, j])},
            unconstrained=float(step.after[i, j]),
            after=float(step.after[i, j]),
            matrix=entry,
        )

    def _by_the_optimizer(self, traced: Trace, i: Place, j: int) -> Update:
        """The update before any constraint on the weights."""
        weights, biases, _ = self.layers[self.layer]
        found, is_weight = traced.layers[self.layer], isinstance(i, int)
        scales = self.normalizing[self.layer].arrays
        place = (i, j) if isinstance(i, int) else j
        part = 0 if isinstance(i, int) else 1 if i is None else 2 + list(PARAMETERS).index(i)
        values = (weights, biases, *(scales[name] for name in PARAMETERS if name in scales))
        gradients = (found.weight_gradients, found.bias_gradients, *found.scale_gradients.values())
        return trace_update(
            self._rule(),
            float(values[part][place]),
            float(gradients[part][place]),
            [float(slot[part][place]) for slot in self.slots],
            step=self.step + 1,
            is_weight=is_weight,
            clipped=float(self._read(traced)[part][place]) if self._clips else None,
        )

    def _rule(self) -> Rule:
        training = self.training
        return Rule(
            training.optimizer,
            training.optimizer_options,
            self.learning_rate,
            training.regularizer,
            training.regularization_rate,
        )

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        """Targets as the loss compares them, smoothed where training smooths them."""
        data, training = self.dataset, self.training
        targets = encode_targets(
            data.y_train[rows],
            data.task,
            data.n_classes,
            training.loss,
            activation=self.layers[-1][2],
        ).astype(np.float64)
        loss = registry.get(losses.LOSSES, training.loss, "loss")
        if not self.smoothing:
            return targets
        evenly = loss.smooth_to(targets.shape[1])
        return targets * (1.0 - self.smoothing) + self.smoothing * evenly

    def _masks(self, batch: int) -> list[np.ndarray | None]:
        """The dropout masks of the next step, one per layer: the same numbers as the engine's."""
        masks: list[np.ndarray | None] = []
        for layer, rate in enumerate((*self.dropout, 0.0)):
            units = self.sizes[layer + 1]
            rate = float(np.float32(rate))  # as the engine compares it
            if not rate:
                masks.append(None)
                continue
            purpose = random.DROPOUT + layer
            drawn = random.uniforms(self.seed, purpose, self.step + 1, batch * units)
            kept = drawn.reshape(batch, units) >= rate
            masks.append(kept / (1.0 - rate))
        return masks

    @property
    def _clips(self) -> bool:
        training = self.training
        return any((training.clip_value, training.clip_norm, training.global_clip_norm))

    def _read(self, traced: Trace) -> tuple[np.ndarray, ...]:
        """What the optimizer reads for the layer's parameters: penalty, then clipping.

        Clipped as Keras does: by value, by the norm of each matrix and vector, by that of all.
        """
        training = self.training
        all_gradients = [self._with_penalty(layer) for layer in traced.layers]
        if bound := training.clip_value:
            all_gradients = [
                tuple(np.clip(g, -bound, bound) for g in pair) for pair in all_gradients
            ]
        if bound := training.clip_norm:
            all_gradients = [tuple(_shortened(g, bound) for g in pair) for pair in all_gradients]
        own = all_gradients[self.layer]
        if bound := training.global_clip_norm:
            length = float(
                np.sqrt(sum(float((g * g).sum()) for pair in all_gradients for g in pair))
            )
            own = tuple(g * (min(1.0, bound / length) if length else 1.0) for g in own)
        return own

    def _with_penalty(self, layer: LayerTrace) -> tuple[np.ndarray, ...]:
        """A layer's gradients, of weights and biases first, the regularizer's share added."""
        rate = self.training.regularization_rate
        slope = registry.get(
            regularizers.REGULARIZERS, self.training.regularizer, "regularizer"
        ).derivative
        # Every penalty here is a |w| + b w^2 / 2, so its slope is a sign(w) + b w.
        one, two = slope(1.0, rate), slope(2.0, rate)
        b = two - one
        penalty = (one - b) * np.sign(layer.weights) + b * layer.weights
        weights = layer.weight_gradients + penalty
        return weights, layer.bias_gradients, *layer.scale_gradients.values()


def _shortened(gradient: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.linalg.norm(gradient))
    return gradient * (longest / length) if length > longest else gradient


def moment_of(trainer: Trainer, layer: int = 0) -> Moment:
    """Copy a run out as it stands, with the optimizer's memory of one layer."""
    layout, training = trainer.layout, trainer.training
    params = trainer.params.copy()
    weights, biases = layout.views(params)
    record = registry.get(optimizers.OPTIMIZERS, training.optimizer, "optimizer").under(
        training.optimizer_options
    )
    if trainer.step_count:
        flat_slots = list(trainer.slots[: len(record.slots)])
    else:  # without asking for the engine, which would be compiled now
        start = record.starting_slot(training.optimizer_options)
        flat_slots = [np.full(layout.n_parameters, start, np.float32)] * len(record.slots)
    slots = [_of_layer(layout, slot, layer) for slot in flat_slots]
    return Moment(
        step=trainer.step_count,
        layers=tuple(zip(weights, biases, layout.activations, strict=True)),
        normalizing=normalizing_of(layout, params),
        layer=layer,
        slots=tuple(slots),
        training=training,
        dropout=trainer.dropout,
        seed=trainer.experiment.seed,
        dataset=trainer.dataset,
        batch=next_batch(trainer),
        learning_rate=trainer.learning_rate,
        weights=trainer.sample_weights,
    )


def _of_layer(layout: Layout, flat: np.ndarray, layer: int) -> tuple[np.ndarray, ...]:
    """A copy of one layer's numbers of a flat buffer: weights, biases, maybe gamma and beta."""
    weights, biases = layout.views(flat)
    scales = layout.normalization_views(flat)[layer].values()
    return tuple(part.copy() for part in (weights[layer], biases[layer], *scales))


def next_batch(trainer: Trainer) -> np.ndarray:
    """Return the training rows that the next step will read, int64 (batch,)."""
    position, order = 0, None
    if trainer.step_count:
        position = int(trainer.engine.state[2])
        order = trainer.engine.drawn_order(trainer.epoch_count)
    if order is None:
        n = len(trainer.dataset.X_train)
        order = _order(trainer.experiment.seed, trainer.epoch_count, n)
    return order[position : position + trainer.training.batch_size].copy()


@functools.lru_cache(maxsize=2)
def _order(seed: int, epoch: int, n: int) -> np.ndarray:
    """The epoch's order of the training rows; kept, since a long one takes a while to shuffle."""
    order = random.permutation(seed, random.SHUFFLE, epoch, n)
    order.flags.writeable = False
    return order
