"""How the columns of a person's own table become the network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from playground.controls.own_choices import field_of
from playground.drafts import Draft
from playground.session import Session

SCALINGS = ("standardize", "min_max", "none")
TREATMENTS = ("auto", "number", "category", "date", "text")


def prepare(session: Session, draft: Draft) -> None:
    """Draw what each feature is taken for, and how each kind is prepared; all can be changed."""
    with st.expander(session.t("page.own.preparation"), key="own_preparation"):
        st.caption(session.t("page.own.preparation.note"))
        _treatments(session, draft)
        taken_for = _kinds(draft)
        if taken_for & {"number", "date"}:
            _numbers(session, draft)
        if "category" in taken_for:
            _categories(session, draft)
        if "text" in taken_for:
            _texts(session, draft)
        if draft.both[1].task.endswith("regression"):
            _toggle(session, draft, "standardize_target")


def _kinds(draft: Draft) -> set[str]:
    """What the features are taken for, all of them."""
    kinds = draft.both[0].kinds
    automatic = {"boolean": "number", "text": "category"}
    return {
        automatic.get(kinds[each.column], kinds[each.column])
        if each.treatment == "auto"
        else each.treatment
        for each in draft.both[1].features
    }


def _treatments(session: Session, draft: Draft) -> None:
    """A row for each feature; its key counts the changes, so that it shows the draft's own."""
    t, key = session.t, f"own_treatments_{draft.treated}"
    kinds = {report.name: report.kind for report in draft.reports()}
    rows = [
        {
            "column": each.column,
            "kind": t(f"page.own.kind.{kinds[each.column]}"),
            "treatment": each.treatment,
            "scaling": each.scaling,
        }
        for each in draft.both[1].features
    ]

    def menu(field: str, options: Sequence[str]) -> Any:
        return st.column_config.SelectboxColumn(
            t(f"page.own.{field}"),
            help=t(f"page.own.{field}.help"),
            options=options,
            format_func=lambda name: t(f"page.own.{field}.{name}"),
            required=True,
        )

    st.data_editor(
        rows,
        hide_index=True,
        disabled=("column", "kind"),
        column_config={
            "column": t("page.own.column"),
            "kind": t("page.own.kind"),
            "treatment": menu("treatment", TREATMENTS),
            "scaling": menu("scaling", ("as_all", *SCALINGS)),
        },
        key=key,
        on_change=session.tell_draft,
        args=(key, _treat),
    )


def _treat(draft: Draft, edited: dict[str, Any]) -> None:
    """Take over the cells that were changed."""
    for row, fields in edited["edited_rows"].items():
        draft.treat(int(row), **fields)


def _numbers(session: Session, draft: Draft) -> None:
    left, middle, right = st.columns(3)
    with left:
        _menu(session, draft, "scaling", SCALINGS)
    with middle:
        _menu(session, draft, "impute_number", ("median", "mean", "constant"))
    with right:
        if draft.both[1].preparation.impute_number == "constant":
            _number(session, draft, "number_fill", format="%.6g")
    _toggle(session, draft, "indicator")


def _categories(session: Session, draft: Draft) -> None:
    left, middle, right = st.columns(3)
    with left:
        _menu(session, draft, "impute_category", ("most_frequent", "own"))
    with middle:
        _number(session, draft, "max_categories", min_value=2, max_value=1000, step=1)
    with right:
        _number(
            session, draft, "min_frequency", min_value=0.0, max_value=0.5, step=0.005, format="%.3f"
        )


def _texts(session: Session, draft: Draft) -> None:
    left, middle, right = st.columns(3)
    with left:
        _menu(session, draft, "text", ("hashed", "tf_idf"))
    with middle:
        _number(session, draft, "text_size", min_value=2, max_value=4096, step=1)
    with right:
        _menu(session, draft, "tokens", ("words", "characters"))


def _set(field: str) -> Callable[[Draft, Any], None]:
    def change(draft: Draft, value: Any) -> None:
        draft.prepare(**{field: value})

    return change


def _field(
    session: Session, draft: Draft, field: str, unset: Any, options: Sequence[str] | None = None
) -> dict[str, Any]:
    """What `field_of` gives; unset: the field's least value, or its first option."""
    value = getattr(draft.both[1].preparation, field)
    return field_of(session, f"own_{field}", _set(field), value, unset, options)


def _menu(session: Session, draft: Draft, field: str, options: Sequence[str]) -> None:
    st.selectbox(
        format_func=lambda name: session.t(f"page.own.{field}.{name}"),
        **_field(session, draft, field, options[0], options),
    )


def _number(session: Session, draft: Draft, field: str, **options: Any) -> None:
    st.number_input(**options, **_field(session, draft, field, options.get("min_value", 0.0)))


def _toggle(session: Session, draft: Draft, field: str) -> None:
    st.toggle(**_field(session, draft, field, False))
