"""A walk over all ways to train, and nothing fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.maths.initializers import INITIALIZERS
from core.maths.optimizers import OPTIMIZERS
from core.maths.schedules import SCHEDULES
from tests.apptest import session, sound


def test_a_walk_over_every_optimizer_and_its_options(page: AppTest) -> None:
    for name, optimizer in OPTIMIZERS.items():
        sound(page.selectbox(key="optimizer").set_value(name).run())
        for option, record in optimizer.options.items():
            if record.is_flag:
                sound(page.checkbox(key=f"option_{option}").check().run())
            else:
                sound(page.number_input(key=f"option_{option}").set_value(0.5).run())
        sound(page.button(key="step").click().run())
        assert session(page).player.experiment.training.optimizer == name


@pytest.mark.parametrize(
    ("menu", "registry"), [("schedule", SCHEDULES), ("initializer", INITIALIZERS)]
)
def test_a_walk_over_every_schedule_and_initializer_and_their_options(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, menu: str, registry: Mapping[str, Any]
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    for name, record in registry.items():
        sound(page.selectbox(key=menu).set_value(name).run())
        for option, setting in record.options.items():
            key = f"option_{option}"
            if setting.choices:
                sound(page.selectbox(key=key).set_value(setting.choices[-1]).run())
            elif setting.is_flag:
                sound(page.checkbox(key=key).check().run())
            else:
                sound(page.number_input(key=key).set_value(5 if setting.whole else 0.5).run())
        sound(page.button(key="step").click().run())
        training, network = session(page).experiment.training, session(page).experiment.network
        assert name in (training.schedule, network.initializer)
