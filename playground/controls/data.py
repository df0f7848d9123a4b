"""The sidebar's first part: which data the network learns from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data import DATASETS, DRAWINGS, own_table, record_of
from core.data.features import FEATURES
from core.experiment import BOUNDARY, OWN_NAMES
from playground import changes
from playground.albums import TakenPictures
from playground.controls.drawn import boundary_section, drawing_section
from playground.controls.presets import presets
from playground.controls.widgets import choice, fraction, prepared, whole_number
from playground.sentences import plain
from playground.session import Session
from playground.tables import Taken
from playground.thumbnails import data_address

MOST_SAMPLES = 1_000_000


def data_section(session: Session) -> None:
    """Presets, data set, noise, number of samples, split, features."""
    st.subheader(session.t("page.section.presets"))
    presets(session)
    st.subheader(session.t("page.section.data"))
    _tiles(session)
    _own_data(session)
    about = session.t(f"dataset.{session.experiment.data.name}.about")
    choice(session, ("data", "name"), [*DATASETS, *DRAWINGS, *OWN_NAMES], note=about)
    name, record = session.experiment.data.name, record_of(session.experiment.data)
    if session.experiment.data.is_own:
        _in_short(session)
        return
    if name == BOUNDARY:
        boundary_section(session)
    if name in DRAWINGS:
        drawing_section(session)
    else:
        _amounts(session)
    if record.kind == "ratings":
        st.caption(session.t("page.terms.movielens"))
    if record.kind == "plane":
        _features(session)
    if name not in DRAWINGS and record.classes is None:
        _regenerate(session)


def _names(session: Session) -> list[str]:
    """The data sets that have a tile, what was brought among them."""
    used = session.desk.used
    return [*DATASETS, *DRAWINGS, *([used.data.name] if used else [])]


def _own_data(session: Session) -> None:
    """Bring a table or pictures, or choose otherwise what is made of them."""
    st.button(
        session.t("page.own_data"),
        key="own_data",
        icon=":material/table_view:",
        help=session.t("page.own_data.help"),
        on_click=session.press,
        args=(session.desk.open,),
        width="stretch",
    )


def _in_short(session: Session) -> None:
    """What is made of the data in use; their dialog has what others have fields for here."""
    used = session.desk.used
    if isinstance(used, TakenPictures):
        _pictures_in_short(session, used)
    elif used is not None:
        _table_in_short(session, used)
    st.caption(session.t("page.own.no_amounts"))


def _pictures_in_short(session: Session, used: TakenPictures) -> None:
    t, data, choices = session.t, used.dataset, used.choices
    known = {
        "name": plain(used.name),
        "count": f"{len(used.pictures.names):,}",
        "classes": f"{data.n_classes:,}",
        "side": choices.side,
        "train": f"{len(data.X_train):,}",
        "test": f"{len(data.X_test):,}",
    }
    st.caption(t("page.own.in_colour" if choices.colour else "page.own.in_grey", **known))
    if data.n_validation:
        st.caption(t("page.own.pictures_held_back", count=f"{data.n_validation:,}"))
    assert data.pictures is not None
    for remark in data.pictures.remarks:
        st.caption(plain(session.said(remark)))


def _table_in_short(session: Session, used: Taken) -> None:
    t, data, choices = session.t, used.dataset, used.choices
    known = {
        "name": plain(own_table(used.data).file),
        "rows": f"{used.table.n_rows:,}",
        "target": plain(", ".join(choices.targets)),
        "inputs": f"{data.n_inputs:,}",
        "features": f"{len(choices.features):,}",
        "train": f"{len(data.X_train):,}",
        "test": f"{len(data.X_test):,}",
    }
    st.caption(t("page.own.in_short", **known))
    if data.n_validation:
        st.caption(t("page.own.held_back", count=f"{data.n_validation:,}"))
    assert data.table is not None
    for remark in data.table.remarks:
        st.caption(plain(session.said(remark.sentence)))


def _tiles(session: Session) -> None:
    """A small picture per data set; the pictures themselves are in the style sheet."""
    chosen = session.experiment.data.name
    names = _names(session)
    st.html(tile_styles(chosen, names))
    with st.container(key="tiles", horizontal=True, gap="xsmall"):
        for name in names:
            label = session.t(f"dataset.{name}")
            st.button(
                session.t("page.tile", name=label),
                key=f"tile_{name}",
                help=label,
                on_click=session.press,
                args=(session.choose_data, name),
            )


def tile_styles(chosen: str, names: Sequence[str]) -> str:
    """A style sheet that paints every tile and frames the chosen one."""
    rules = [
        f".st-key-tile_{name} button {{background-image: url({data_address(name)})}}"
        for name in names
    ]
    rules.append(f".st-key-tile_{chosen} button {{opacity: 1; outline: 2px solid currentColor}}")
    return f"<style>{' '.join(rules)}</style>"


def _amounts(session: Session) -> None:
    """Noise, the parts, the number of samples, and of classes where it can be chosen."""
    record = DATASETS[session.experiment.data.name]
    t, is_made = session.t, record.generate is not None
    columns = st.columns(2, gap="medium", wrap=False)
    with columns[0]:
        note = "" if is_made else t("page.not_for_dataset")
        fraction(session, ("data", "noise"), 0.0, 0.5, 0.05, note=note, disabled=not is_made)
    with columns[1]:
        if record.split == "fixed":
            _fixed_share(session)
        else:
            fraction(session, ("data", "train_fraction"), 0.1, 0.9, 0.05)
    fraction(session, ("data", "validation_fraction"), 0.0, 0.5, 0.05)
    limit = record.available or MOST_SAMPLES
    note = t("page.samples.limit", n=limit) if record.available else ""
    columns = st.columns(2, gap="medium", vertical_alignment="bottom", wrap=False)
    with columns[0]:
        whole_number(session, ("data", "n_samples"), 10, limit, step=50, note=note)
    with columns[1]:
        if record.classes is None:
            whole_number(session, ("data", "classes"), 2, 8)
        else:
            _regenerate(session)


def _fixed_share(session: Session) -> None:
    """The share that the data set comes with, which nobody sets."""
    t, data = session.t, session.player.dataset
    count = len(data.y_train) + data.n_validation
    session.widgets.seed("fixed_share", round(count / (count + len(data.X_test)), 2))
    st.slider(
        t("page.training_share"),
        0.0,
        1.0,
        help=f"{t('page.training_share.help')}\n\n{t('page.fixed_split')}",
        disabled=True,
        key="fixed_share",
    )


def _regenerate(session: Session) -> None:
    """Other samples of the same data set."""
    st.button(
        session.t("page.regenerate"),
        key="regenerate",
        icon=":material/refresh:",
        help=f"{session.t('page.regenerate.help')}\n\n{session.t('page.new_data')}",
        on_click=session.press,
        args=(session.change, changes.with_other_samples),
        width="stretch",
    )


def _features(session: Session) -> None:
    """Which functions of x1 and x2 the network is fed."""
    st.pills(
        options=list(FEATURES),
        selection_mode="multi",
        format_func=lambda name: session.t(f"feature.{name}"),
        **prepared(session, ("data", "features"), "", list(session.experiment.data.features)),
    )
