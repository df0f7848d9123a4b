"""The dialog in which a person's own table or pictures are brought, looked at, and taken.

Nothing that runs is touched before the last button is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.experiment import OWN_PICTURES
from core.refusals import Refusal
from playground import albums
from playground.albums import PictureDraft
from playground.controls.own_choices import aim_otherwise, choose, field_of
from playground.controls.own_pictures import choose_pictures
from playground.controls.own_preparation import prepare
from playground.drafts import PREVIEW_ROWS, Draft
from playground.sentences import plain
from playground.session import Session
from playground.tables import MAX_MEGABYTES, SUFFIXES, own

MOST_PASTED = 2_000_000  # characters
MOST_SHOWN = 100  # columns of the preview: more would only make the browser slow
PROGRESS = 0.02  # share of the work between two drawings of its bar

WATCH_SECONDS = 1.0

# How a file is read, by its format: what is mostly asked for, and what seldom is.
FIRST = {
    "csv": ("delimiter", "encoding", "decimal", "header"),
    "xlsx": ("sheet", "decimal", "header"),
    "json_lines": ("encoding", "decimal"),
    "parquet": (),
}
SELDOM = {
    "csv": ("missing", "thousands", "quote", "skip_rows", "day_first"),
    "xlsx": ("missing", "thousands", "skip_rows", "day_first"),
    "json_lines": ("missing", "thousands", "day_first"),
    "parquet": (),
}


def own_data_dialog(session: Session) -> None:
    """Draw the dialog; closing it ends a reading that is under way and forgets the file."""

    @st.dialog(
        session.t("page.own.title"),
        width="large",
        icon=":material/table_view:",
        on_dismiss=session.desk.close,
    )
    def show() -> None:
        with session.guard():
            _dialog(session)
        session.fragment_ends()

    show()


def _dialog(session: Session) -> None:
    draft = session.desk.draft
    if draft is None:
        _bring(session)
        return
    _file(session, draft)
    try:
        if isinstance(draft, PictureDraft):
            choose_pictures(session, draft, _bar)
        else:
            _how_it_is_read(session, draft)
            _rows(session, draft)
            choose(session, draft)
            prepare(session, draft)
    except Refusal as refusal:
        st.error(plain(session.said(refusal.sentence)), icon=":material/error:")
        _problem(session)
        if session.desk.is_bringing:
            _add(session)
        elif isinstance(draft, Draft):
            aim_otherwise(session, draft)
        return
    _problem(session)
    _use(session)


def _problem(session: Session) -> None:
    """Why the last choice, or what was brought, was refused."""
    if session.desk.problem:
        st.error(plain(session.said(session.desk.problem)), icon=":material/error:")


# -- the file -------------------------------------------------------------------------------------


def _bring(session: Session) -> None:
    """Upload a file, or pictures and their labels, or paste a table."""
    t, number = session.t, session.desk.uploads
    wanted = session.desk.wanted
    if wanted is not None and own(wanted.data).file:
        more = "_pictures" if wanted.data.name == OWN_PICTURES else ""
        st.info(plain(t(f"page.own.wanted{more}", name=own(wanted.data).file)))
    _problem(session)
    _uploader(session, "page.own.upload")
    key = f"own_pasted_{number}"
    st.text_area(t("page.own.paste"), key=key, help=t("page.own.paste.help"), max_chars=MOST_PASTED)
    st.button(
        t("page.own.look"),
        key="own_look",
        icon=":material/visibility:",
        on_click=session.bring_text,
        args=(number, key),
    )
    st.caption(t("page.own.stays_here"))
    st.fragment(_watch, run_every=WATCH_SECONDS)(session, number)


def _add(session: Session) -> None:
    """Upload what is missing beside the pictures that are here, such as their labels."""
    _uploader(session, "page.own.add")
    st.fragment(_watch, run_every=WATCH_SECONDS)(session, session.desk.uploads)


def _uploader(session: Session, words: str) -> None:
    """Takes one or more files: tables, pictures, archives of them."""
    number = session.desk.uploads
    key = f"own_upload_{number}"
    st.file_uploader(
        session.t(words),
        type=[*SUFFIXES, *albums.SUFFIXES, *albums.UNREAD],
        accept_multiple_files=True,
        key=key,
        help=session.t(f"{words}.help", most=MAX_MEGABYTES),
        max_upload_size=MAX_MEGABYTES,
        on_change=session.bring_upload,
        args=(number, key),
    )


def _watch(session: Session, number: int) -> None:
    """Draw the dialog anew if a file came with a timer of the page, which draws only its own.

    number: of the uploader that is shown; when files came, looked at or refused, it is another.
    """
    if session.desk.uploads != number:
        st.rerun()


def _file(session: Session, draft: Draft | PictureDraft) -> None:
    """Which file it is, and the way to another one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(draft.name)}**")
        st.button(
            session.t("page.own.other"),
            key="own_other",
            icon=":material/upload_file:",
            on_click=session.desk.put_away,
        )


def _how_it_is_read(session: Session, draft: Draft) -> None:
    """What was recognized, each of it to be changed."""
    if draft.data is None:
        return
    form = draft.recognize().format
    if FIRST[form]:
        _fields(session, draft, FIRST[form])
    if SELDOM[form]:
        with st.expander(session.t("page.own.more_reading"), key="own_more_reading"):
            _fields(session, draft, SELDOM[form])


def _fields(session: Session, draft: Draft, names: Sequence[str]) -> None:
    columns = st.columns(len(names), vertical_alignment="bottom")
    for column, name in zip(columns, names, strict=True):
        with column:
            _field(session, draft, name)


def _field(session: Session, draft: Draft, name: str) -> None:
    """One way of reading: a box to tick, a number, marks in a line, or a menu."""
    value: Any = getattr(draft.recognize(), name)
    key = f"own_{name}"

    def how(about: Draft, given: Any) -> None:
        about.choose(name, ("", *given.split()) if name == "missing" else given)

    shown = " ".join(filter(None, value)) if name == "missing" else value
    is_menu = name not in ("missing", "skip_rows") and not isinstance(value, bool)
    options = _options(draft, name, value) if is_menu else []
    unset = options[0] if is_menu else type(shown)()
    common = field_of(session, key, how, shown, unset, options if is_menu else None)
    if name == "missing":
        st.text_input(**common)
    elif isinstance(value, bool):
        st.checkbox(**common)
    elif name == "skip_rows":
        st.number_input(min_value=0, max_value=10_000, **common)
    else:
        st.selectbox(format_func=lambda mark: _words(session, name, mark), **common)


def _options(draft: Draft, name: str, value: str) -> list[str]:
    from core.data.tables import options

    known = {
        "delimiter": options.DELIMITERS,
        "encoding": options.ENCODINGS,
        "decimal": options.DECIMALS,
        "thousands": options.THOUSANDS,
        "quote": options.QUOTES,
    }
    choices = list(known[name]) if name in known else draft.sheets()
    return choices if value in choices else [*choices, value]


MARKS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", ".": "point", " ": "space"}
MARKS |= {"'": "apostrophe", '"': "quotes", "": "none"}


def _words(session: Session, name: str, mark: str) -> str:
    """A mark by its name; encodings and sheets have names of their own."""
    if name in ("encoding", "sheet") or mark not in MARKS:
        return mark
    return session.t(f"page.own.mark.{MARKS[mark]}")


# -- its rows -------------------------------------------------------------------------------------


def _rows(session: Session, draft: Draft) -> None:
    """The first rows at once, then all of them, with a bar that says how far that is."""
    first = draft.preview().frame[:PREVIEW_ROWS, :MOST_SHOWN]
    dates = [name for name, kind in first.schema.items() if str(kind) == "Date"]
    st.dataframe(
        first,
        column_config=dict.fromkeys(dates, st.column_config.DateColumn(format="YYYY-MM-DD")),
        hide_index=True,
        height=230,
        key="own_preview",
        placeholder="–",
    )
    table = draft.read(_bar(session.t("page.own.reading"))) if draft.table is None else draft.table
    shown = {"rows": f"{table.n_rows:,}", "columns": f"{len(table.columns):,}"}
    st.caption(session.t("page.own.size", **shown))


def _bar(words: str) -> Callable[[float, float], None]:
    """A bar that is drawn when work has come further; drawing is where it can be ended."""
    bar, drawn = st.progress(0.0, words), 0.0

    def progress(done: float, total: float) -> None:
        nonlocal drawn
        share = min(done / total, 1.0)
        if share >= 1.0:
            bar.empty()
        elif share >= drawn + PROGRESS:
            drawn = share
            bar.progress(share, words)

    return progress


def _use(session: Session) -> None:
    """Take the data: only now is what runs replaced."""
    t = session.t
    is_pictures = isinstance(session.desk.draft, PictureDraft)
    with st.container(key="own_take", horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            t("page.own.use_pictures" if is_pictures else "page.own.use"),
            key="own_use",
            type="primary",
            icon=":material/check:",
        )
        st.caption(t("page.own.use.note"))
    if not pressed:
        return
    try:
        session.take_table(_bar(t("page.own.preparing")))
    except Refusal as refusal:
        st.error(plain(session.said(refusal.sentence)), icon=":material/error:")
        return
    st.rerun()
