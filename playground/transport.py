"""The row above the live view: play, pause, step, reset, speed, the numbers, a line beside them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from playground.fields import number_text
from playground.sentences import plain
from playground.session import MOVES, Session
from playground.settings import SPEEDS, STEP_UNITS

if TYPE_CHECKING:
    from playground.live.presenter import Numbers

REFRESH_SECONDS, REST_SECONDS = 1.0, 2.0
"""How often the numbers are read while something moves, and else (a weight set by hand).

Each time costs a browser 40 to 100 ms, whatever is drawn; the live view writes the numbers itself.
"""


def buttons(session: Session) -> None:
    """Reset, Play or Pause, Step and Back; what a step is, the speed, the help, maybe a stop."""
    row = partial(st.container, horizontal=True, vertical_alignment="bottom", gap="small")
    with row(key="transport"):
        with row(key="drive", width="content"):  # what stays in view while the page scrolls
            _drive(session)
        with row(key="pace", width="content"):
            _step_unit(session)
            _speed(session)
            button(session, "help", session.ask_for_help)
            if session.has_closed_stop:
                button(session, "why_stopped", session.show_stop, "flag")


def _drive(session: Session) -> None:
    status = session.status
    broken, runs = status in ("diverged", "failed"), status in MOVES
    stopped = broken or status == "stopped"
    icon, text = ("pause", "pause") if runs else ("play_arrow", "play")
    first, second = ("primary", "secondary") if broken else ("secondary", "primary")
    button(session, "reset", session.reset, "replay", kind=first)
    button(session, "play", session.play_or_pause, icon, text=text, kind=second, disabled=stopped)
    button(session, "step", session.step, "skip_next", disabled=stopped)
    is_stuck = status == "failed"
    button(session, "step_back", session.step_back, "skip_previous", disabled=is_stuck)


def button(
    session: Session,
    key: str,
    action: object,
    icon: str = "",
    *,
    text: str = "",
    kind: str = "secondary",
    disabled: bool = False,
) -> None:
    """One button of the transport; its key is what the keyboard presses."""
    text = text or key
    st.button(
        session.t(f"page.{text}"),
        key=key,
        icon=f":material/{icon}:" if icon else None,
        type=kind,  # type: ignore[arg-type]
        help=session.t(f"page.{text}.help"),
        on_click=session.press,
        args=(action,),
        disabled=disabled,
    )


def _step_unit(session: Session) -> None:
    session.widgets.seed("step_unit", session.settings.step_unit)
    st.selectbox(
        session.t("page.step_unit"),
        STEP_UNITS,
        key="step_unit",
        format_func=lambda unit: session.t(f"page.step_unit.{unit}"),
        help=session.t("page.step_unit.help"),
        on_change=session.act,
        args=(session.set, "step_unit"),
        width=140,
    )


def _speed(session: Session) -> None:
    """From one step a second to flat out; a link may bring any other speed."""
    speed = session.settings.speed
    options = list(SPEEDS)
    if speed is not None and speed not in options:
        options = sorted([*options, speed])
    session.widgets.seed("speed", _text(speed))
    st.selectbox(
        session.t("page.speed"),
        [*map(_text, options), _text(None)],
        key="speed",
        format_func=lambda text: speed_text(session, text),
        help=session.t("page.speed.help"),
        on_change=session.act,
        args=(session.set_speed,),
        width=150,
    )


def _text(speed: float | None) -> str:
    return "" if speed is None else number_text(speed)


def speed_text(session: Session, text: str) -> str:
    """A speed in words."""
    if text in ("", "1"):
        return session.t("page.speed.one" if text else "page.speed.flat_out")
    return session.t("page.speed.rate", n=f"{float(text):,.10g}")


def numbers(session: Session) -> None:
    """Epoch, losses and accuracy; read again every second while something moves."""
    moves = session.status in MOVES or not session.player.can_evaluate
    st.fragment(_numbers, run_every=REFRESH_SECONDS if moves else REST_SECONDS)(session)


def _numbers(session: Session) -> None:
    """The metrics, and beside them the step and what the last action did.

    Between two readings the live view writes its own numbers into them (readings.js), so that
    nothing on the page disagrees.
    """
    session.look_again()
    now = session.numbers()
    row = partial(st.container, horizontal=True, vertical_alignment="bottom")
    with row(key="readings"):
        with row(key="numbers", width="content"):
            _metric(session, "epoch", f"{now.epoch:07,}")
            _metric(session, "train_loss", loss_text(now.train_loss))
            _metric(session, "test_loss", loss_text(now.test_loss))
            if now.metric_name:
                _metric(session, now.metric_name, metric_text(now.metric_name, now.test_metric))
        with st.container(key="said", width="stretch", gap=None):
            st.caption(_state(session, now))
            if session.remark:
                st.caption(plain(session.remark))


def _metric(session: Session, name: str, shown: str) -> None:
    label = f"page.metric.{name}"
    help_text = session.t(f"{label}.help")
    with st.container(key=f"metric_{name}", width="content"):  # readings.js finds it by this key
        st.metric(session.t(label), shown, help=help_text, width="content")


def _state(session: Session, now: Numbers) -> str:
    """What the run waits for or, as a rule, its pace."""
    if session.is_waiting:
        return session.t("page.compiling")
    if now.status == "compiling":
        return session.t("page.gpu_prepared")
    if not session.player.can_evaluate:
        return session.t("page.gpu_prepared_at_rest", step=f"{now.step:,}")
    return _pace(session, now)


def _pace(session: Session, now: Numbers) -> str:
    """The step, and how fast it goes while it does."""
    t = session.t
    step = f"{now.step:,}"
    if now.status != "playing" or not now.steps_per_second:
        return t("page.paused_at", step=step) + _scheduled(session)
    steps, samples = short(now.steps_per_second), short(now.samples_per_second)
    pace = t("page.rate", step=step, steps=steps, samples=samples)
    where = " · " + t("page.backend.cuda") if session.player.backend == "cuda" else ""
    return pace + where + _scheduled(session)


def _scheduled(session: Session) -> str:
    """The learning rate that the schedule has made, where the field shows another."""
    chosen, rate = session.experiment.training.learning_rate, session.player.scheduled_rate()
    if f"{rate:.3g}" == f"{chosen:.3g}":
        return ""
    return " · " + session.t("page.scheduled_rate", rate=number_text(float(f"{rate:.3g}")))


def loss_text(value: float) -> str:
    """Three decimals, so that digits do not jump; a dash for a loss that is not known.

    What three decimals cannot tell from 0, and what is very large, is written 2.3e-4.
    """
    if not math.isfinite(value):
        return "–"
    if value == 0.0 or 0.0005 <= abs(value) < 10_000:
        return _fixed(value, "0.001")
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def metric_text(name: str, value: float) -> str:
    """A share in per cent, anything else like a loss."""
    if not math.isfinite(value):
        return "–"
    return f"{_fixed(100 * value, '0.1')}%" if name == "accuracy" else loss_text(value)


def _fixed(value: float, unit: str) -> str:
    """Rounded as a browser does it, ties away from zero: the live view shows the same numbers."""
    return str(Decimal(value).quantize(Decimal(unit), ROUND_HALF_UP))


def short(value: float) -> str:
    """A large number in few characters: 950, 12.3 k, 1.2 M."""
    for least, divisor, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{value / divisor:.3g} {unit}"
    return f"{value:,.0f}"


def help_dialog(session: Session) -> None:
    """Keys, the diagram, the colours, and what applies at once."""

    @st.dialog(session.t("page.help.title"))
    def show() -> None:
        for part in ("keys", "diagram", "colours", "rules"):
            st.markdown(session.t(f"page.help.{part}"))

    show()
