"""Where training is computed: on the CPU, or on a GPU where there is one."""

from __future__ import annotations

import streamlit as st

from playground.live import gpu
from playground.sentences import plain
from playground.session import Session

BACKENDS = {"cpu": "page.backend.cpu", "cuda": "page.backend.cuda"}
"""Their labels' catalogue keys, by name."""


def computing_section(session: Session) -> None:
    """Folded away: the choice or, without a GPU that can be used, the reason.

    It is the visitor's own and stands in no link: an experiment says what is learnt, not where.
    """
    t, used = session.t, session.player.backend
    heading = t("page.section.computing", backend=t(BACKENDS[used]))
    with st.expander(heading, icon=":material/memory:", key="computing"):
        if (reason := gpu.why_not()) is not None:
            st.caption(plain(t("page.backend.none", reason=session.said(reason))))
            return
        session.widgets.seed("backend", used)
        st.segmented_control(
            t("page.backend"),
            list(BACKENDS),
            key="backend",
            required=True,
            format_func=lambda name: t(BACKENDS[name]),
            help=t("page.backend.help"),
            on_change=session.act,
            args=(session.choose_backend,),
        )
