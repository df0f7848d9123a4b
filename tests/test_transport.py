"""Numbers above the live view, as text."""

from __future__ import annotations

import math

import pytest

from playground.session import Session, clicks
from playground.transport import loss_text, metric_text


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (0.0, "0.000"),
        (0.12345, "0.123"),
        (0.0005, "0.001"),
        (0.00049, "4.9e-4"),
        (0.00023, "2.3e-4"),
        (5.8e-8, "5.8e-8"),
        (9999.0, "9999.000"),
        (12345.6, "1.2e4"),
        (-0.5, "-0.500"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_a_loss_is_never_shown_as_nothing(loss: float, text: str) -> None:
    assert loss_text(loss) == text


def test_a_metric_is_a_share_in_per_cent_or_a_number() -> None:
    assert metric_text("accuracy", 0.985) == "98.5%"
    assert metric_text("r2", 0.1234) == "0.123"
    assert metric_text("r2", math.nan) == "–"


class RerunError(Exception):
    """Stands in for Streamlit's own."""


def test_what_a_timer_may_have_cut_short_is_drawn_anew_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timer of the numbers follows a fragment at once: it draws the whole page, one time."""

    def rerun() -> None:
        raise RerunError

    page = Session({}, "en-US")
    page.begin()
    page.numbers()
    page.begin()
    monkeypatch.setattr(clicks.st, "rerun", rerun)
    monkeypatch.setattr(clicks, "is_fragment", lambda: True)
    page.look_again()  # no fragment was drawn before
    page.fragment_ends()
    page.desk.open()
    page.look_again()  # a file may be on its way, which a run of the whole page would lose
    page.desk.close()
    with pytest.raises(RerunError):
        page.look_again()
    page.look_again()
    monkeypatch.setattr(clicks, "is_fragment", lambda: False)
    page.fragment_ends()
    page.look_again()  # all of the page was drawn, not a part
