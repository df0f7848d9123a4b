"""A walk over all data sets and what fits them, and nothing fails."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.data import DATASETS
from playground import changes
from tests.apptest import session, sound


@pytest.mark.timeout(600)  # some hundred drawings, on a machine that does other things as well
def test_a_walk_over_every_data_set_and_each_of_its_losses(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    for dataset in DATASETS:
        sound(page.selectbox(key="dataset").set_value(dataset).run())
        for loss in changes.fitting_losses(session(page).experiment):
            sound(page.selectbox(key="loss").set_value(loss).run())
            assert session(page).experiment.training.loss == loss
        assert session(page).player.dataset.task == DATASETS[dataset].task
