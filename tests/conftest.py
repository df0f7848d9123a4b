"""Fixtures: reproducible properties, and a visitor before the running page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext

from tests import browser as page_browser
from tests.browser import ROOT, Server, Visitor

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

WINDOW = {"locale": "en-US", "viewport": {"width": 1400, "height": 900}}
FAILURES = ROOT / "test-failures"  # git-ignored: a screenshot of every page that a test failed on

# Properties are checked on the same examples every time; speed is no matter of correctness.
settings.register_profile("playground", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("playground")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the outcome of the test's body, so that a fixture can take pictures of failures."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.failed
    return report


OUTCOME = pytest.StashKey[bool]()


@pytest.fixture(autouse=True)
def gpu_is_whole() -> Iterator[None]:
    """A failure that a test made up is forgotten: a real one ends a GPU for the whole process."""
    yield
    if (devices := sys.modules.get("core.engine.cuda.devices")) is not None:
        devices.forget_failure()


@pytest.fixture
def page() -> AppTest:
    """The page as it opens, without a browser."""
    from tests.apptest import opened_page  # needs Streamlit, which most tests do not

    return opened_page()


@pytest.fixture(scope="session")
def compiled_kernels() -> None:
    """The cache of compiled kernels is filled, so that no test waits for a compiler."""
    subprocess.run([sys.executable, "-m", "core.engine.warm"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # A process for all pages of a profile, which keeps the page's scripts compiled.
    with page_browser.browser("--process-per-site") as launched:
        yield launched


@pytest.fixture(scope="session")
def server(compiled_kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page's server, shared by all browser tests."""
    with page_browser.server(tmp_path_factory.mktemp("server") / "output.txt") as started:
        yield started


@pytest.fixture
def own_server(compiled_kernels: None, tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone, which may end it."""
    with page_browser.server(tmp_path / "output.txt") as started:
        yield started


@pytest.fixture(scope="session")
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    """What most visits share, so that not each of them fetches and compiles the page's scripts.

    A page stays open in it, without which the browser's window and process would go with the last
    visitor: a window costs a second of processor time, and scripts compiled anew two more.
    """
    with chromium.new_context(**WINDOW) as context:
        yield context


@pytest.fixture
def visit(
    chromium: Browser, profile: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visitor]]:
    """Open a page of a server: `visit(server, query="")`; with options, in a profile of its own.

    Afterwards no page may have an error in its console, nor an exception on it.
    """
    visitors: list[Visitor] = []

    def open_page(
        of: Server, query: str = "", *, ready: str = "Reset", **options: object
    ) -> Visitor:
        context = chromium.new_context(**{**WINDOW, **options}) if options else profile
        if context is profile and not profile.pages:
            profile.new_page().goto(f"{of.url}/_stcore/health")  # stays open
        visitor = Visitor(context.new_page(), of.url)
        visitors.append(visitor)
        visitor.open(query, ready=ready)
        return visitor

    yield open_page
    open_pages = [visitor for visitor in visitors if not visitor.page.is_closed()]
    if request.node.stash.get(OUTCOME, True):
        take_pictures(request.node.name, open_pages)
    complaints = [text for visitor in open_pages for text in visitor.complaints()]
    for visitor in visitors:
        leave(visitor, profile)
    assert not complaints, complaints


@pytest.fixture
def visitor(server: Server, visit: Callable[..., Visitor]) -> Iterator[Visitor]:
    """A visitor before the default experiment. The server may not have printed a traceback."""
    before = len(server.output())
    yield visit(server)
    printed = server.output()[before:]
    assert "Traceback" not in printed, printed


def leave(visitor: Visitor, profile: BrowserContext) -> None:
    """Close a page, with all that it may have kept in the browser."""
    page, context = visitor.page, visitor.page.context
    if context is not profile:
        context.close()
    elif not page.is_closed():
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.close()


def take_pictures(name: str, visitors: list[Visitor]) -> None:
    FAILURES.mkdir(exist_ok=True)
    for number, visitor in enumerate(visitors):
        visitor.page.screenshot(path=FAILURES / f"{name}-{number}.png".replace("/", "-"))
