"""What a link could not do, why an action did nothing, and how to go on after a divergence or an
early stop."""

from __future__ import annotations

import streamlit as st

from playground.fields import number_text
from playground.sentences import plain
from playground.session import Session
from playground.transport import button, loss_text


def messages(session: Session) -> None:
    """Show them, and the buttons that answer them.

    They float over the foot of the live view (page.css): nothing moves when one comes or goes, and
    all can be closed, for they cover a part of it; what was said of a stop comes back by a button
    of the transport. Their container is always there, however many they are: a fragment that is
    drawn at that moment remembers the places of what comes after them.
    """
    with st.container(key="messages", gap="small"):
        if session.problems:
            lines = "\n".join(f"- {plain(session.said(problem))}" for problem in session.problems)
            text = f"{session.t(session.problems_title)}\n\n{lines}"
            st.warning(text, icon=":material/link_off:")
        if session.notice is not None and session.notice.kind != "info":
            show = st.warning if session.notice.kind == "warning" else st.error
            show(plain(session.said(session.notice.text)))
        if session.has_open_stop:
            WHY[session.status](session)
        if session.can_dismiss:
            _answers(session)


def _answers(session: Session) -> None:
    """The way on after a stop, where there is one, and out of sight with the messages."""
    with st.container(horizontal=True, gap="small"):
        if session.has_open_stop and session.status in WAYS_ON:
            WAYS_ON[session.status](session)
        if session.desk.wanted is not None:
            bring = session.desk.open
            button(session, "bring_table", bring, "table_view", text="own_data", kind="primary")
        button(session, "dismiss", session.dismiss, "close")


def _diverged(session: Session) -> None:
    """Which layer blew up at which step, and the way back."""
    problem = session.player.problem
    if problem is None:
        return
    t, kept = session.t, f"{problem.step - 1:,}"
    n_hidden = len(session.experiment.network.layers)
    is_hidden = problem.layer < n_hidden
    layer = (
        t("page.diverged.hidden", n=problem.layer + 1) if is_hidden else t("page.diverged.output")
    )
    words = {"step": f"{problem.step:,}", "kept": kept, "what": t(f"page.diverged.{problem.what}")}
    with st.container(key="diverged"):
        hint = t("page.diverged.hint")
        st.error(
            f"{t('page.diverged', layer=layer, **words)} {hint}",
            icon=":material/local_fire_department:",
        )


def _recover_button(session: Session) -> None:
    problem = session.player.problem
    if problem is None:
        return
    words = {"rate": number_text(session.recovered_rate), "kept": f"{problem.step - 1:,}"}
    st.button(
        session.t("page.recover", step=f"{problem.resume:,}"),
        key="recover",
        icon=":material/healing:",
        type="primary",
        help=session.t("page.recover.help", **words),
        on_click=session.press,
        args=(session.recover,),
    )


def _stopped_early(session: Session) -> None:
    """Why training stopped, whose weights these are, and the way on."""
    stop, t = session.player.stopped, session.t
    if stop is None:
        return
    words = {
        "loss_name": t(f"page.stopped.{stop.part}_loss"),
        "epoch": f"{stop.epoch:,}",
        "best": f"{stop.best_epoch:,}",
        "loss": loss_text(stop.best_loss),
    }
    training = session.experiment.training
    if least := training.early_stopping_min_delta:
        sentences = [t("page.stopped.by", least=number_text(least), **words)]
    else:
        sentences = [t("page.stopped", **words)]
    if start := training.start_from_epoch:
        sentences.append(t("page.stopped.from", start=f"{start:,}"))
    sentences.append(t("page.stopped.best" if stop.restored else "page.stopped.last"))
    with st.container(key="stopped"):
        text = " ".join([*sentences, t("page.stopped.hint")])
        st.info(text, icon=":material/flag:")


def _failed(session: Session) -> None:
    st.error(session.t("page.failed"))


WHY = {"diverged": _diverged, "stopped": _stopped_early, "failed": _failed}
"""What says why a run stopped by itself, by its status."""

WAYS_ON = {
    "diverged": _recover_button,
    "stopped": lambda session: button(
        session, "train_on", session.train_on, "play_arrow", kind="primary"
    ),
}
"""The button that goes on after such a stop; after a failure there is Reset alone."""
