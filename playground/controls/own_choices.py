"""What is made of a person's own table: the target, the features, the task and the split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import streamlit as st

from core.refusals import Sentence
from playground.drafts import Draft
from playground.sentences import plain
from playground.session import Session

MOST_FINDINGS = 12
TASKS = ("binary", "multiclass", "regression", "multi_output_regression")
SPLITS = ("share", "stratified", "group", "time", "column")


def choose(session: Session, draft: Draft) -> None:
    """Draw what was suggested, each of it to be changed, and what should be known before."""
    _target_and_task(session, draft)
    _features(session, draft)
    findings(session, list(draft.findings()))
    _read_otherwise(session, draft)
    _split(session, draft)
    _columns(session, draft)


def aim_otherwise(session: Session, draft: Draft) -> None:
    """The menu of targets where none could be suggested, or not with what is beside it."""
    if draft.table is not None:
        columns = list(draft.table.columns)
        st.selectbox(**field_of(session, "own_target", Draft.aim, None, None, columns))


def field_of(
    session: Session,
    key: str,
    how: Callable[..., None],
    value: Any,
    unset: Any = None,
    options: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """What all fields of the dialog have in common; seeds the widget's value.

    The value is also what the widget begins with: a slow browser may send what a field shows before
    it is told another value, and that must be no choice. options: of a menu.

    how: told the draft and what the field was given. unset: what the browser shows, and may send,
    before it was told the value.
    """
    session.widgets.seed(key, value)
    session.widgets.may_echo(key, unset)
    name = key.removeprefix("own_")
    return _beginning(value, options) | {
        "label": session.t(f"page.own.{name}"),
        "key": key,
        "help": session.t(f"page.own.{name}.help"),
        "on_change": session.tell_draft,
        "args": (key, how),
    }


def share_field(
    session: Session,
    key: str,
    how: Callable[..., None],
    value: float,
    limits: tuple[float, float] = (0.1, 0.95),
) -> None:
    """A slider of some part of the rows; what a link asks for beyond its limits can be shown."""
    low, high = min(limits[0], value), max(limits[1], value)
    common = field_of(session, key, how, value, low)
    st.slider(min_value=low, max_value=high, step=0.05, format="percent", **common)


def _beginning(value: Any, options: Sequence[Any] | None) -> dict[str, Any]:
    """What a widget shows at first: a menu one of its options, a field its value."""
    if options is None:
        return {"value": value}
    if isinstance(value, list):
        return {"options": options, "default": value}
    if value is None:
        return {"options": options, "index": None}
    return {"options": options, "index": list(options).index(value) if value in options else 0}


def _target_and_task(session: Session, draft: Draft) -> None:
    table, choices = draft.both
    several = choices.task == "multi_output_regression"
    left, right = st.columns(2)
    with left:
        if several:
            numbers = [n for n, kind in table.kinds.items() if kind in ("number", "boolean")]
            options = [n for n in table.columns if n in {*numbers, *choices.targets}]
            common = field_of(
                session, "own_targets", Draft.aim_at_several, list(choices.targets), [], options
            )
            st.multiselect(**common)
        else:
            columns = list(table.columns)
            common = field_of(
                session, "own_target", Draft.aim, choices.targets[0], columns[0], columns
            )
            st.selectbox(**common)
    with right:
        st.selectbox(
            format_func=lambda task: session.t(f"page.own.task.{task}"),
            **field_of(session, "own_task", Draft.do, choices.task, TASKS[0], TASKS),
        )


def _features(session: Session, draft: Draft) -> None:
    table, choices = draft.both
    chosen = [feature.column for feature in choices.features]
    options = [name for name in table.columns if name not in choices.targets]
    st.multiselect(**field_of(session, "own_features", Draft.use, chosen, [], options))


def findings(session: Session, sentences: Sequence[Sentence]) -> None:
    """What should be known before, in words."""
    found = [plain(session.said(sentence)) for sentence in sentences]
    if not found:
        return
    lines = [f"- {sentence}" for sentence in found[:MOST_FINDINGS]]
    if len(found) > MOST_FINDINGS:
        lines.append(f"- {session.t('page.own.more_findings', count=len(found) - MOST_FINDINGS)}")
    st.warning("\n".join(lines), icon=":material/lightbulb:")


def _read_otherwise(session: Session, draft: Draft) -> None:
    """A button for each column that some odd cells have made text of."""
    with st.container(horizontal=True, gap="small"):
        for number, (column, kind) in enumerate(islice(draft.mixed(), MOST_FINDINGS)):
            st.button(
                session.t(f"page.own.read_as.{kind}", column=plain(column)),
                key=f"own_read_as_{number}",
                help=session.t("page.own.read_as.help"),
                on_click=session.desk.change,
                args=(Draft.read_as, column, kind),
            )


def _split(session: Session, draft: Draft) -> None:
    """Which rows test the network."""
    table, choices = draft.both
    split, is_classes = choices.split, choices.task in TASKS[:2]
    options = [how for how in SPLITS if is_classes or how != "stratified"]
    left, right = st.columns(2)
    with left:
        st.selectbox(
            format_func=lambda how: session.t(f"page.own.split.{how}"),
            **field_of(
                session,
                "own_split",
                lambda d, how: d.split(how=how),
                split.how,
                options[0],
                options,
            ),
        )
    with right:
        if split.how == "column":
            _test_values(session, draft)
        else:
            share = split.train_fraction
            share_field(session, "own_share", lambda d, n: d.split(train_fraction=n), share)
    _held_back(session, draft)
    if split.how in ("group", "time", "column"):
        names = [name for name in table.columns if name not in choices.targets]
        common = field_of(
            session,
            "own_split_column",
            lambda d, name: d.split(column=name),
            split.column,
            next(iter(names), ""),
            names,
        )
        st.selectbox(**common)


def _held_back(session: Session, draft: Draft) -> None:
    """Which rows are held back for validation, if any."""
    split = draft.both[1].split
    if split.how == "column":
        options = list(dict.fromkeys([*draft.values_of(split.column), *split.validation_values]))

        def how(about: Draft, values: list[str]) -> None:
            about.split(validation_values=tuple(values))

        common = field_of(
            session, "own_validation_values", how, list(split.validation_values), [], options
        )
        st.multiselect(**common)
        if split.validation_values:
            return
    share, limits = split.validation_fraction, (0.0, 0.5)
    share_field(
        session,
        "own_validation_share",
        lambda d, n: d.split(validation_fraction=n),
        share,
        limits,
    )


def _test_values(session: Session, draft: Draft) -> None:
    """Values of the split's column that mark rows for the test."""
    split = draft.both[1].split
    options = list(dict.fromkeys([*draft.values_of(split.column), *split.test_values]))

    def how(about: Draft, values: list[str]) -> None:
        about.split(test_values=tuple(values))

    common = field_of(session, "own_test_values", how, list(split.test_values), [], options)
    st.multiselect(**common)


def _columns(session: Session, draft: Draft) -> None:
    """A report on every column."""
    t = session.t
    with st.expander(t("page.own.columns"), key="own_columns"):
        rows = [
            {
                t("page.own.column"): report.name,
                t("page.own.kind"): t(f"page.own.kind.{report.kind}"),
                t("page.own.missing_cells"): report.missing,
                t("page.own.distinct"): report.distinct,
                t("page.own.low"): _text(report.low),
                t("page.own.high"): _text(report.high),
                t("page.own.examples"): ", ".join(map(_text, report.examples)),
            }
            for report in draft.reports()
        ]
        st.dataframe(rows, hide_index=True, key="own_reports", placeholder="–")


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:60]
