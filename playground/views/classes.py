"""Which classes are taken for which, and the samples behind every cell of that table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.data.targets import decide
from core.inspect.report import Decision, class_scores, confusion, mistakes
from playground import charts
from playground.session import Session
from playground.views.evaluated import Result, choose_part
from playground.views.panel import draw_chart, is_moving
from playground.views.pictures import is_dark, show_image

if TYPE_CHECKING:
    from core.data.tables import TableSplit

CLASSES = 64  # a larger confusion matrix could not be read
LISTED, LISTED_MOVING = 50, 10  # samples behind a cell
COLUMNS = 12  # inputs of a sample that are written beside it
ANY = -1


def show(session: Session, result: Result) -> None:
    """Draw the confusion matrix, the classes' scores and the mistakes."""
    part = choose_part(session, result)
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
    _cell(session, result, counts, part)


def _confusion(session: Session, counts: np.ndarray, names: list[str]) -> None:
    t = session.t
    axes = charts.Axes(t("views.predicted"), t("views.true"))
    words = (t("views.samples_word"), t("views.of_class"), t("views.share_of_class"))
    figure = charts.confusion_chart(counts, names, axes, words, dark=is_dark())
    figure.update_layout(title={"text": t("views.confusion"), "font": {"size": 15}})

    def look_behind(x: float, y: float) -> None:
        if not {x, y} <= set(range(len(names))):  # anything may come from a browser
            return
        session.widgets.seed(_menu(session, "taken", names), int(x))
        session.widgets.seed(_menu(session, "of", names), int(y))

    alt = t("views.alt_confusion")
    draw_chart(session, figure, "evaluation_confusion", alt, on_click=look_behind)
    st.caption(t("views.confusion_click"))


def _menu(session: Session, which: str, names: list[str]) -> str:
    """The key of a menu of classes: "of" or "taken"."""
    return f"evaluation_{which}_{session.language}_{len(names)}"


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


def _cell(session: Session, result: Result, counts: np.ndarray, part: str) -> None:
    """List the samples behind a cell, or the surest mistakes of a row, a column or all."""
    t, dataset = session.t, result.dataset
    st.markdown(f"**{t('views.behind')}**")
    names = list(dataset.class_names)
    with st.container(horizontal=True):
        of = _choose_class(session, "views.true", names, "of")
        taken = _choose_class(session, "views.predicted", names, "taken")
    found = result.train if part == "train" else result.test
    most = LISTED_MOVING if is_moving(session) else LISTED
    chosen = mistakes(found.outputs, found.true, result.loss, most=most, of=of, taken_for=taken)
    total = _behind(counts, of, taken)
    if not chosen:
        everything = of is None and taken is None
        st.success(t("views.no_mistakes" if everything else "views.nothing_behind"))
        return
    right = of is not None and of == taken
    words = {"count": f"{total:,}", "shown": f"{len(chosen):,}"}
    st.caption(t("views.right_listed" if right else "views.mistakes_listed", **words))
    X = dataset.X_train if part == "train" else dataset.X_test
    if dataset.image_shape is not None:
        _pictures(session, result, X, chosen)
    else:
        _table(session, result, part, X, chosen)


def _choose_class(session: Session, label: str, names: list[str], which: str) -> int | None:
    labels = [*names, session.t("views.any_class")]  # the last one is number -1
    chosen = st.selectbox(
        session.t(label),
        [ANY, *range(len(names))],
        format_func=lambda number: labels[number] if number < len(names) else "",
        key=_menu(session, which, names),
        width=260,
    )
    return None if chosen == ANY else int(chosen)


def _behind(counts: np.ndarray, of: int | None, taken: int | None) -> int:
    """How many samples a choice of row and column stands for."""
    if of is not None and taken is not None:
        return int(counts[of, taken])
    wrong = counts - np.diag(np.diagonal(counts))
    rows = slice(None) if of is None else of
    return int(wrong[rows, slice(None) if taken is None else taken].sum())


def _table(
    session: Session, result: Result, part: str, X: np.ndarray, chosen: list[Decision]
) -> None:
    t, dataset = session.t, result.dataset
    texts = dataset.texts_train if part == "train" else dataset.texts_test
    as_brought = texts is not None or dataset.table is not None
    labels = () if as_brought else session.column_labels(dataset)[:COLUMNS]
    rows = []
    for decision in chosen:
        row: dict[str, Any] = {
            t("views.evaluated_sample"): decision.sample + 1,
            t("views.true"): dataset.class_names[decision.true],
            t("views.predicted"): dataset.class_names[decision.predicted],
            t("views.confidence"): decision.confidence,
        }
        if texts is not None:
            row[t("views.text")] = texts[decision.sample]
        if dataset.table is not None:
            row |= _brought(dataset.table, part, decision.sample)
        inputs = zip(labels, X[decision.sample][: len(labels)], strict=True)
        rows.append(row | {name: float(value) for name, value in inputs})
    columns = {name: st.column_config.NumberColumn(format="%.4g") for name in labels}
    columns[t("views.confidence")] = st.column_config.NumberColumn(format="percent")
    st.dataframe(rows, hide_index=True, column_config=columns, key="evaluation_mistakes")


def _brought(split: TableSplit, part: str, sample: int) -> dict[str, Any]:
    """The first columns of a row of a table, as they were brought."""
    number = (split.rows_train if part == "train" else split.rows_test)[sample]
    values = split.table.frame.row(int(number), named=True)
    return {each.column: values[each.column] for each in split.choices.features[:COLUMNS]}


def _pictures(session: Session, result: Result, X: np.ndarray, chosen: list[Decision]) -> None:
    names = result.dataset.class_names
    with st.container(horizontal=True, gap="small"):
        for decision in chosen:
            words = {"true": names[decision.true], "predicted": names[decision.predicted]}
            caption = session.t("views.taken_for", **words, sure=f"{decision.confidence:.0%}")
            show_image(result.dataset.image_of(X[decision.sample]), caption)
