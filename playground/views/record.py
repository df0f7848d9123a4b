"""What panels read of a run: copied out under the player's lock, drawn after it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from core.monitor import Stop
from core.trainer import Edit, Trainer
from playground.charts import Mark
from playground.session import Session

Value = TypeVar("Value")

_remembered: weakref.WeakKeyDictionary[Any, dict[str, tuple[Hashable, Any]]] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True)
class Record:
    """A run's history, copied.

    steps: columns of one row a step. evaluations: columns of one row an evaluation. edits: those
    made up to now. layers: names, first to last. stop: where it stopped early, if it did.
    weights_step: the step whose weights the run has, which an early stop may have brought back.
    """

    step: int
    steps: dict[str, np.ndarray]
    evaluations: dict[str, np.ndarray]
    metric_name: str
    edits: tuple[Edit, ...]
    layers: tuple[str, ...]
    stop: Stop | None
    weights_step: int

    def at(self, step: np.ndarray, unit: str) -> np.ndarray:
        """Steps (n,) as places on an axis that counts "step"s or "epoch"s."""
        step = np.asarray(step, dtype=np.float64)
        if unit == "step":
            return step
        known = np.concatenate([[0.0], self.steps["step"], self.evaluations["step"]])
        epochs = np.concatenate([[0.0], self.steps["epoch"], self.evaluations["epoch"]])
        order = np.argsort(known, kind="stable")
        return np.interp(step, known[order], epochs[order])


def record_of(session: Session, *, with_present: bool = False) -> Record:
    """Copy a run's history. with_present: also evaluate the present step, unless kernels lack."""
    player = session.player

    def copy(trainer: Trainer) -> Record:
        history = trainer.history
        names = ("step", "epoch", "batch_loss", "gradient_norm", "update_ratio")
        found = {name: history.evaluations[name] for name in history.evaluations.columns}
        if with_present and player.can_evaluate:
            found = _with_present(found, trainer)
        return Record(
            step=trainer.step_count,
            steps={name: history[name] for name in names},
            evaluations=found,
            metric_name=history.evaluations.metric_name,
            edits=tuple(edit for edit in trainer.edits if edit.step <= trainer.step_count),
            layers=tuple(layer_names(session, trainer.layout.activations)),
            stop=trainer.stopped,
            weights_step=trainer.weights_step,
        )

    return player.read(copy)


def _with_present(found: dict[str, np.ndarray], trainer: Trainer) -> dict[str, np.ndarray]:
    """Evaluations with a row of the weights of now, at the step where they were met."""
    step, stop = trainer.weights_step, trainer.stopped
    place = int(np.searchsorted(found["step"], step))
    if place < len(found["step"]) and found["step"][place] == step:
        return found
    row = dict(zip(found, trainer.evaluation_now(), strict=True))
    if stop is not None and stop.restored:
        row |= {"step": stop.best_step, "epoch": stop.best_epoch}
    return {name: np.insert(found[name], place, value) for name, value in row.items()}


def layer_names(session: Session, activations: tuple[str, ...]) -> list[str]:
    """Name the layers as the page does: "Layer 1 (Tanh)", ..., "Output (Sigmoid)"."""
    labels = [session.t(f"activation.{name}") for name in activations]
    hidden = [
        session.t("views.layer", number=number + 1, activation=label)
        for number, label in enumerate(labels[:-1])
    ]
    return [*hidden, session.t("views.output_layer", activation=labels[-1])]


def marks(session: Session, record: Record, unit: str) -> list[Mark]:
    """Say where the run was edited, and what changed; edits of one step share a line."""
    by_step: dict[int, list[str]] = {}
    for edit in record.edits:
        by_step.setdefault(edit.step, []).append(_edit_label(session, edit))
    places = record.at(np.array(list(by_step)), unit)
    return [
        Mark(float(place), ", ".join(dict.fromkeys(labels)))
        for place, labels in zip(places, by_step.values(), strict=True)
    ]


def _edit_label(session: Session, edit: Edit) -> str:
    if edit.what in ("weight", "bias"):
        return session.t(f"views.edit_{edit.what}")
    value = edit.value
    if isinstance(value, tuple):
        value = ", ".join(f"{part:g}" for part in value)
    elif isinstance(value, float):
        value = f"{value:g}"
    return session.t("views.edit", what=_field_label(session, edit.what), value=value)


def _field_label(session: Session, what: str) -> str:
    for key in (f"page.{what}", f"option.{what}"):
        label = session.t(key)
        if label != key:
            return label
    return what


def remembered(player: Any, name: str, key: Hashable, compute: Callable[[], Value]) -> Value:
    """Compute a value once for a key, so that a panel redrawn at rest costs nothing.

    One value a name and player is kept, for as long as the player lives.
    """
    kept = _remembered.setdefault(player, {})
    if name not in kept or kept[name][0] != key:
        kept[name] = (key, compute())
    value: Value = kept[name][1]
    return value
