"""Curves: loss and metric over the run, with what was changed by hand and where it was best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from playground.charts import Axes, Best, Curve, Mark, Role, empty, line_chart
from playground.session import Session
from playground.views.panel import draw_chart, refreshing
from playground.views.record import Record, marks, record_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


PARTS: dict[Role, str] = {"test": "test", "validation": "validation", "train": "training"}


@dataclass(frozen=True)
class Options:
    """How the curves are drawn."""

    unit: str
    log_x: bool
    log_y: bool
    batches: bool


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    options = _options(session)
    record = record_of(session, with_present=True)  # evaluations are steps apart
    left, right = st.columns(2)
    with left:
        draw_chart(
            session,
            _loss_chart(session, record, options),
            key="curves_loss",
            alt=session.t("views.alt_loss"),
        )
    with right:
        draw_chart(
            session,
            _metric_chart(session, record, options),
            key="curves_metric",
            alt=session.t("views.alt_metric"),
        )
    _sentence(session, record)


def _options(session: Session) -> Options:
    t = session.t
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        unit = st.segmented_control(
            t("views.x_axis"),
            ["step", "epoch"],
            default="step",
            required=True,
            format_func=lambda name: t(f"views.{name}"),
            key="curves_unit",
        )
        return Options(
            unit=unit or "step",
            log_x=st.toggle(t("views.log_x"), key="curves_log_x"),
            log_y=st.toggle(t("views.log_y"), key="curves_log_y"),
            batches=st.toggle(t("views.show_batches"), value=True, key="curves_batches"),
        )


def _loss_chart(session: Session, record: Record, options: Options) -> Figure:
    t, evaluations = session.t, record.evaluations
    if not len(evaluations["step"]) and not len(record.steps["step"]):
        return empty(t("views.no_history"))
    x = record.at(evaluations["step"], options.unit)
    curves = []
    if options.batches and len(record.steps["step"]):
        places = record.at(record.steps["step"], options.unit)
        curves.append(Curve(t("views.batch_loss"), places, record.steps["batch_loss"], "batch"))
    curves += _parts(session, record, x, "loss")
    axes = Axes(t(f"views.{options.unit}"), t("views.loss_axis"), options.log_x, options.log_y)
    found = _marks(session, record, options.unit)
    return line_chart(curves, axes, marks=found, best=_best(session, record, options.unit))


def _parts(session: Session, record: Record, x: np.ndarray, what: str) -> list[Curve]:
    """A line for each part, the training data's last: its dashes let what is below be seen.

    what: "loss" or "metric".
    """
    curves = []
    for role, word in PARTS.items():
        y = record.evaluations.get(f"{role}_{what}")
        if y is not None and (role == "train" or np.isfinite(y).any()):
            curves.append(Curve(session.t(f"views.{word}"), x, y, role))
    return curves


def _watched(record: Record) -> str:
    """The loss by which weights are called the best: validation's, where there is one."""
    return "validation_loss" if "validation_loss" in record.evaluations else "test_loss"


def _lowest(record: Record) -> tuple[int, float] | None:
    """The step and the value of the lowest loss on record, of validation or else of the test.

    Early stopping looks at the end of every epoch, evaluations become rarer: what it has found
    best counts, too.
    """
    watched, stop = _watched(record), record.stop
    steps, losses = record.evaluations["step"], record.evaluations[watched]
    if stop is not None and watched == f"{stop.part}_loss":
        steps, losses = np.append(steps, stop.best_step), np.append(losses, stop.best_loss)
    losses = np.where(np.isfinite(losses), losses, np.nan)
    if np.isnan(losses).all():
        return None
    place = int(np.nanargmin(losses))
    return int(steps[place]), float(losses[place])


def _best(session: Session, record: Record, unit: str) -> Best | None:
    lowest = _lowest(record)
    if lowest is None or len(record.evaluations["step"]) < 2:
        return None
    step, loss = lowest
    label = session.t(f"views.best_{_watched(record)}")
    return Best(float(record.at(np.array(step), unit)), loss, label)


def _marks(session: Session, record: Record, unit: str) -> list[Mark]:
    """Where the run was edited, and which epoch early stopping has found best."""
    found, stop = marks(session, record, unit), record.stop
    if stop is None:
        return found
    label = session.t("views.stop_mark", epoch=f"{stop.best_epoch:,}")
    return [*found, Mark(float(record.at(np.array(stop.best_step), unit)), label)]


def _metric_chart(session: Session, record: Record, options: Options) -> Figure:
    t, evaluations = session.t, record.evaluations
    if not len(evaluations["step"]):
        return empty(t("views.no_history"))
    x = record.at(evaluations["step"], options.unit)
    curves = _parts(session, record, x, "metric")
    name = t(f"views.{record.metric_name}_axis")
    axes = Axes(t(f"views.{options.unit}"), name, log_x=options.log_x)
    return line_chart(curves, axes, marks=_marks(session, record, options.unit))


def _sentence(session: Session, record: Record) -> None:
    """Say in words where the loss was lowest, for those who cannot see the star."""
    steps, losses = record.evaluations["step"], record.evaluations[_watched(record)]
    if len(losses) == 1:
        st.caption(session.t("views.no_history"))
        return
    sentences = []
    if (lowest := _lowest(record)) is not None:
        now = losses[np.searchsorted(steps, record.weights_step, side="right") - 1]
        words = {"step": f"{lowest[0]:,}", "loss": f"{lowest[1]:.4g}", "now": f"{now:.4g}"}
        name = session.t(f"page.stopped.{_watched(record)}")
        sentences.append(session.t("views.best_sentence", loss_name=name, **words))
    if (stop := record.stop) is not None:
        words = {"epoch": f"{stop.best_epoch:,}", "step": f"{stop.best_step:,}"}
        loss_name = session.t(f"page.stopped.{stop.part}_loss")
        words |= {"loss_name": loss_name, "loss": f"{stop.best_loss:.4g}"}
        sentences.append(session.t("views.stop_sentence", **words))
    if sentences:
        st.caption(" ".join(sentences))
