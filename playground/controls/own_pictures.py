"""What is made of a person's own pictures: their size, grey or colour, and the split."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from playground.albums import PictureDraft
from playground.controls.own_choices import field_of, findings, share_field
from playground.sentences import plain
from playground.session import Session
from playground.thumbnails import strip

MOST_CLASSES, MOST_OF_A_CLASS = 12, 8  # that are shown
SHOWN = 38  # pixels on the screen of a picture's edge
SIDES = (8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64)

Bar = Callable[[str], Callable[[float, float], None]]


def choose_pictures(session: Session, draft: PictureDraft, bar: Bar) -> None:
    """Draw the pictures as the network would see them, and every choice about them.

    bar: draws a progress bar with these words. Raises ValueError if they cannot be read.
    """
    _look(session, draft)
    draft.read(bar(session.t("page.own.reading")))
    _classes(session, draft)
    findings(session, list(draft.findings()))
    _split(session, draft)


def _look(session: Session, draft: PictureDraft) -> None:
    """How large, and whether in grey or colour."""
    choices = draft.choices
    size, colour = st.columns(2, gap="medium", vertical_alignment="center")
    with size:
        st.select_slider(
            options=sorted({*SIDES, choices.side}),
            format_func=lambda side: f"{side} × {side}",
            **field_of(
                session, "own_side", lambda d, side: d.choose(side=side), choices.side, SIDES[0]
            ),
        )
    with colour:
        st.toggle(
            **field_of(
                session,
                "own_colour",
                lambda d, is_on: d.choose(colour=is_on),
                choices.colour,
                False,
            )
        )


def _classes(session: Session, draft: PictureDraft) -> None:
    """Some pictures of each class in a strip, and how many there are."""
    counts = draft.counts()
    known = {"count": f"{sum(counts.values()):,}", "classes": len(counts)}
    inputs = f"{draft.choices.n_inputs:,}"
    st.caption(session.t("page.own.pictures", **known, inputs=inputs))
    with st.container(horizontal=True, gap="medium", key="own_classes"):
        for name in list(counts)[:MOST_CLASSES]:
            pixels = draft.first(name, MOST_OF_A_CLASS)
            caption = session.t("page.own.class", name=plain(name), count=f"{counts[name]:,}")
            st.image(strip(pixels, SHOWN), caption=caption, width=SHOWN * len(pixels))
    if len(counts) > MOST_CLASSES:
        st.caption(session.t("page.own.more_classes", count=len(counts) - MOST_CLASSES))


def _split(session: Session, draft: PictureDraft) -> None:
    """Which pictures test the network, and which are held back for validation."""
    choices, ways = draft.choices, draft.ways
    left, right = st.columns(2)
    with left:
        st.selectbox(
            format_func=lambda how: session.t(f"page.own.picture_split.{how}"),
            **field_of(
                session,
                "own_picture_split",
                lambda d, how: d.choose(split=how),
                choices.split,
                ways[0],
                ways,
            ),
        )
    if choices.split == "stratified":
        with right:
            share_field(
                session,
                "own_picture_share",
                lambda d, share: d.choose(train_fraction=share),
                choices.train_fraction,
            )
    if choices.split != "three_folders":
        share_field(
            session,
            "own_picture_validation_share",
            lambda d, share: d.choose(validation_fraction=share),
            choices.validation_fraction,
            (0.0, 0.5),
        )
