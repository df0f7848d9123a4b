"""The page without a browser, as Streamlit's AppTest draws it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.experiment import Experiment
from playground.live import warming
from playground.live.player import Player
from playground.session import Session

PAGE = Path(__file__).resolve().parent.parent / "playground" / "page.py"
DEFAULT = Experiment()


def opened_page(**params: str) -> AppTest:
    """The page after it was opened with a link, kernels ready."""
    warming.warm_up()
    assert warming.wait(150)
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in params.items():
        page.query_params[name] = value
    return sound(page.run())


def sound(page: AppTest) -> AppTest:
    """The page, once it is certain that nothing went wrong on it."""
    assert [item.value for item in page.exception] == []
    assert [item.value for item in page.error] == []
    return page


def labels(elements: object) -> set[str]:
    return {element.label for element in elements}  # type: ignore[attr-defined]


def session(page: AppTest) -> Session:
    found = page.session_state["playground"]
    assert isinstance(found, Session)
    return found


def trained(page: AppTest) -> Player:
    """The page's run, 30 steps on."""
    run = session(page).player
    with run.trainer() as trainer:
        trainer.step(30)
    return run


def said(page: AppTest) -> str:
    """The small print of the page, without Markdown's escapes."""
    return "\n".join(caption.value for caption in page.caption).replace("\\", "")
