"""The sidebar's last part: experiments out of the page and into it."""

from __future__ import annotations

import streamlit as st

from playground.files import MAX_MEGABYTES, SUFFIXES
from playground.session import Session


def files_section(session: Session) -> None:
    """Download, upload or paste an experiment."""
    t = session.t
    with st.expander(t("page.section.files"), icon=":material/folder_open:", key="files"):
        st.caption(t("page.files.link"))
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
