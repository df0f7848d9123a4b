"""Evaluation: how good the network is on both parts of the data, and where it errs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.data import Dataset
from core.data.targets import decide
from core.inspect.report import Report, class_scores, confusion, mistakes, report
from playground import charts
from playground.session import Session
from playground.tables import in_units, scales_of
from playground.views.panel import draw_chart, is_moving, refreshing
from playground.views.pictures import is_dark, show_image
from playground.views.record import remembered

WORK = 4e9  # multiplications that an evaluation may take while the run plays: about 0.1 s
CLASSES = 64  # a larger confusion matrix could not be read
MISTAKES = 10


@dataclass(frozen=True)
class Result:
    """Both parts at one step, and what belongs to the network rather than to a part."""

    step: int
    train: Report
    test: Report
    penalty: float
    dataset: Dataset
    loss: str


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    if session.player.waiting:
        st.info(session.t("views.compiling"))
        return
    result = _evaluate(session)
    _metrics(session, result)
    st.caption(session.t("views.evaluated_at", step=f"{result.step:,}"))
    if result.train.n < result.train.of or result.test.n < result.test.of:
        counts = {"train": f"{result.train.n:,}", "test": f"{result.test.n:,}"}
        st.caption(session.t("views.part_evaluated", **counts))
    if not np.isfinite(result.train.outputs).all():
        st.warning(session.t("views.outputs_broken"))
        return
    if result.dataset.task == "classification":
        _classes(session, result, _choose_part(session, result))
    else:
        _values(session, result)  # both parts in one chart


def _evaluate(session: Session) -> Result:
    """Evaluate; at rest on every sample and only once, while playing on as many as are quick."""
    player = session.player
    with player.trainer() as trainer:
        network, penalty = trainer.network, trainer.penalty()
        dataset, loss = trainer.dataset, trainer.experiment.training.loss
        step = trainer.step_count
        key = (player.version, id(trainer), step, repr(trainer.edits))
    moving = is_moving(session)
    most = None
    if moving:
        size = sum(w.size for w in network.weights)
        most = int(np.clip(WORK / (2 * size), 200, 5000))

    def compute() -> Result:
        train, test = (
            report(network, dataset, part, loss, most=most) for part in ("train", "test")
        )
        return Result(step, train, test, penalty, dataset, loss)

    return remembered(player, "evaluation", (*key, moving), compute)


def _metrics(session: Session, result: Result) -> None:
    t = session.t
    rows = []
    for part, found in (("training", result.train), ("test", result.test)):
        row: dict[str, Any] = {t("views.part"): t(f"views.{part}")}
        row |= {t("views.samples"): found.of, t("views.loss_word"): found.loss}
        row |= {t(f"views.{name}"): value for name, value in found.metrics.items()}
        rows.append(row)
    number = st.column_config.NumberColumn(format="%.5g")
    columns = dict.fromkeys(list(rows[0])[2:], number)
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_metrics", placeholder="–"
    )
    if result.penalty:
        st.caption(session.t("views.penalty", penalty=f"{result.penalty:.5g}"))
    if not result.test.of:
        st.caption(session.t("views.no_test"))


def _choose_part(session: Session, result: Result) -> str:
    if not result.test.of:
        return "train"
    chosen = st.segmented_control(
        session.t("views.part"),
        ["test", "train"],
        default="test",
        required=True,
        format_func=lambda name: session.t("views.training" if name == "train" else "views.test"),
        key="evaluation_part",
    )
    return chosen or "test"


def _classes(session: Session, result: Result, part: str) -> None:
    found = result.train if part == "train" else result.test
    names = list(result.dataset.class_names)
    counts = confusion(found.true, decide(found.outputs, result.loss), len(names))
    left, right = st.columns(2)
    with left:
        if len(names) <= CLASSES:
            _confusion(session, counts, names)
        else:
            st.info(session.t("views.too_many_classes", count=len(names)))
    with right:
        _class_table(session, counts, names)
        _mistakes(session, result, found, part)


def _confusion(session: Session, counts: np.ndarray, names: list[str]) -> None:
    t = session.t
    axes = charts.Axes(t("views.predicted"), t("views.true"))
    words = (t("views.samples_word"), t("views.of_class"), t("views.share_of_class"))
    figure = charts.confusion_chart(counts, names, axes, words, dark=is_dark())
    figure.update_layout(title={"text": t("views.confusion"), "font": {"size": 15}})
    draw_chart(session, figure, key="evaluation_confusion", alt=t("views.alt_confusion"))


def _class_table(session: Session, counts: np.ndarray, names: list[str]) -> None:
    t = session.t
    rows = [
        {
            t("views.class"): score.name,
            t("views.precision"): score.precision,
            t("views.recall"): score.recall,
            "F1": score.f1,
            t("views.samples"): score.support,
        }
        for score in class_scores(counts, names)
    ]
    columns = {
        label: st.column_config.NumberColumn(format="%.3f", help=t(f"views.{name}.help"))
        for label, name in (
            (t("views.precision"), "precision"),
            (t("views.recall"), "recall"),
            ("F1", "f1"),
        )
    }
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_classes", placeholder="–"
    )


def _mistakes(session: Session, result: Result, found: Report, part: str) -> None:
    """List the surest mistakes, with their pictures or their first columns."""
    t, dataset = session.t, result.dataset
    worst = mistakes(found.outputs, found.true, result.loss, most=MISTAKES)
    st.markdown(f"**{t('views.mistakes')}**")
    if not worst:
        st.success(t("views.no_mistakes"), icon=":material/check:")
        return
    X = dataset.X_train if part == "train" else dataset.X_test
    if dataset.image_shape is not None:
        _pictures(session, result, X, worst)
        return
    rows = []
    for mistake in worst:
        row: dict[str, Any] = {
            t("views.evaluated_sample"): mistake.sample + 1,
            t("views.true"): dataset.class_names[mistake.true],
            t("views.predicted"): dataset.class_names[mistake.predicted],
            t("views.confidence"): mistake.confidence,
        }
        rows.append(row | _some_columns(session, dataset, part, mistake.sample, X))
    columns = {t("views.confidence"): st.column_config.NumberColumn(format="percent")}
    st.dataframe(rows, hide_index=True, column_config=columns, key="evaluation_mistakes")


def _some_columns(
    session: Session, dataset: Dataset, part: str, sample: int, X: np.ndarray
) -> dict[str, Any]:
    """The first columns of a sample, those of a table as they were brought."""
    split = dataset.table
    if split is None:
        inputs = zip(session.column_labels(dataset)[:4], X[sample][:4], strict=False)
        return {name: float(value) for name, value in inputs}
    number = (split.rows_train if part == "train" else split.rows_test)[sample]
    values = split.table.frame.row(int(number), named=True)
    return {each.column: values[each.column] for each in split.choices.features[:4]}


def _pictures(session: Session, result: Result, X: np.ndarray, worst: list) -> None:
    names, shape = result.dataset.class_names, result.dataset.image_shape
    assert shape is not None
    with st.container(horizontal=True, gap="small"):
        for mistake in worst:
            words = {"true": names[mistake.true], "predicted": names[mistake.predicted]}
            caption = session.t("views.taken_for", **words, sure=f"{mistake.confidence:.0%}")
            show_image(X[mistake.sample].reshape(shape), caption)


def _standardized(session: Session, result: Result, scale: float) -> None:
    """Say what losses of a table are measured in, and what one of several values errs by."""
    t = session.t
    errors = (f.metrics.get("mean_absolute_error", np.nan) for f in (result.train, result.test))
    words = dict(
        zip(("train", "test"), (_four_digits(error * scale) for error in errors), strict=True)
    )
    if result.dataset.n_values == 1:
        st.caption(t("views.in_units", scale=_four_digits(scale), **words))
    else:
        st.caption(t("views.standardized", scale=_four_digits(scale)))


def _four_digits(value: float) -> str:
    """31,390 rather than 3.139e+04."""
    return f"{float(f'{value:.4g}'):,.10g}"


def _values(session: Session, result: Result) -> None:
    t = session.t
    n_values = result.dataset.n_values
    value = 0
    if n_values > 1:
        value = int(st.number_input(t("views.output"), 1, n_values, 1, key="evaluation_output")) - 1
    units = partial(in_units, result.dataset.preprocessing)
    if scales := scales_of(result.dataset.preprocessing):
        _standardized(session, result, scales[value])
    train, test = (
        (units(found.true)[:, value], units(found.outputs)[:, value])
        for found in (result.train, result.test)
    )
    names = (t("views.training"), t("views.test"), t("views.perfect"))
    axes = charts.Axes(t("views.true_value"), t("views.predicted_value"))
    figure = charts.prediction_chart(train, test, axes, names)
    draw_chart(session, figure, key="evaluation_values", alt=t("views.alt_values"))
