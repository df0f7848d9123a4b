"""The sidebar's last part: experiments out of the page and into it."""

from __future__ import annotations

import streamlit as st

from playground import link
from playground.files import MAX_MEGABYTES, SUFFIXES
from playground.live.download import download_weights
from playground.session import Session
from playground.tables import stem

WEIGHTS = ".npz"
"""The kind of file that the sidebar offers; the Export panel has the others."""


def files_section(session: Session) -> None:
    """Take the weights or the link away; download, upload or paste an experiment."""
    t = session.t
    _weights(session)
    _link(session)
    with st.expander(t("page.section.files"), icon=":material/folder_open:", key="files"):
        st.download_button(
            t("page.files.download"),
            data=session.experiment.to_json(),
            file_name="experiment.json",
            mime="application/json",
            key="download_experiment",
            help=t("page.files.download.help"),
            on_click="ignore",
            width="stretch",
        )
        _open(session)


def _weights(session: Session) -> None:
    """The weights of the moment of the click."""
    t = session.t
    download_weights(
        t("page.download_weights"),
        session.player.token,
        f"{stem(session.experiment.data)}{WEIGHTS}",
        key="download_weights",
        help=t("page.download_weights.help"),
    )


def _link(session: Session) -> None:
    """The page's address, with a button of Streamlit's own that copies it."""
    t = session.t
    label = t("page.copy_link")
    with st.popover(label, icon=":material/link:", help=t("page.copy_link.help"), width="stretch"):
        st.caption(t("page.files.link"))
        base = st.context.url or ""
        address = link.address(base, session.experiment, session.settings)
        st.code(address, language=None, wrap_lines=True)


def _open(session: Session) -> None:
    """Take in a file, or pasted text."""
    t = session.t
    st.file_uploader(
        t("page.files.upload"),
        type=list(SUFFIXES),
        key=f"upload_{session.uploads}",
        help=t("page.files.upload.help"),
        max_upload_size=MAX_MEGABYTES,
        on_change=session.act,
        args=(session.open_upload,),
    )
    st.text_area(
        t("page.files.paste"), key="pasted", help=t("page.files.paste.help"), max_chars=200_000
    )
    st.button(
        t("page.files.open"),
        key="open_pasted",
        on_click=session.press,
        args=(session.open_text,),
        width="stretch",
    )
