"""The page's frame: what stands where. Everything else lives in the rooms beside it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from playground.session import Session

HERE = Path(__file__).parent
TABS = ("curves", "gradients", "weights", "inside", "evaluation", "try_it", "export")
VIEWS = {name: name for name in TABS} | {"inside": "one_step"}


def draw() -> None:
    """Draw the page from top to bottom; the heading comes before anything is imported."""
    st.set_page_config(
        page_title="Neural Network Playground",
        page_icon=str(HERE / "pictures" / "spiral.png"),  # a named icon would come from the net
        layout="wide",
        initial_sidebar_state=392,
    )
    st.html(HERE / "page.css")
    heading = st.container(key="heading", horizontal=True, vertical_alignment="center")
    title = heading.empty()
    title.title("Neural Network Playground", anchor=False)

    from playground.session import session

    page = session()
    page.begin()
    title.title(page.t("page.title"), anchor=False)
    with heading, page.guard():
        language(page)
    main(page)
    page.finish()


def language(page: Session) -> None:
    """The page's language, beside the heading."""
    from playground.locales import LANGUAGES

    page.widgets.seed("language", page.language)
    st.selectbox(
        page.t("page.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="language",
        help=page.t("page.language.help"),
        on_change=page.choose_language,
        width=250,
    )


def main(page: Session) -> None:
    """Transport, sidebar, live view and panels; a part that fails leaves the others standing.

    The sidebar's first part comes early, so that nothing moves aside for it later; the others
    wait until the live view is there.
    """
    from playground import controls, messages, transport, view_options

    parts: tuple[Callable[[Session], None], ...] = (
        transport.buttons,
        in_sidebar(controls.data_section),
        transport.numbers,
        live,
        messages.messages,
        view_options.view_options,
        in_sidebar(controls.network_section),
        in_sidebar(controls.training_section),
        in_sidebar(augmented),
        in_sidebar(controls.computing_section),
        in_sidebar(controls.files_section),
        controls.tell_ranges,
        panels,
    )
    for part in parts:
        with page.guard():
            part(page)
    if page.desk.is_open:
        controls.own_data_dialog(page)
    elif page.edits_points:
        controls.points_dialog(page)
    elif page.wants_help:
        transport.help_dialog(page)


def in_sidebar(section: Callable[[Session], None]) -> Callable[[Session], None]:
    """The same section, drawn in the sidebar."""

    def draw_section(page: Session) -> None:
        with st.sidebar:
            section(page)

    return draw_section


def live(page: Session) -> None:
    """The live view, mounted once; it draws by itself from its own channel."""
    from playground.live.component import live_view
    from playground.locales import catalogue

    live_view(
        page.player.token,
        catalogue(page.language, "live"),
        key="live",
        on_action=page.component_action,
        status=page.status,
    )


def augmented(page: Session) -> None:
    """What augmentation makes of samples, where there is any."""
    from core.data.augmentation import augments

    if augments(page.experiment.training):
        view("augmented")(page)


def panels(page: Session) -> None:
    """What is read at rest: only the open panel is drawn."""
    names = {page.t(f"page.tab.{name}"): name for name in TABS}
    page.widgets.seed("panels", page.t(f"page.tab.{page.panel or TABS[0]}"))
    tabs = st.tabs(list(names), key="panels", on_change=page.open_panel, args=(names,))
    for name, tab in zip(TABS, tabs, strict=True):
        with tab, page.guard():
            if tab.open:
                view(name)(page)


def view(name: str) -> Callable[[Session], None]:
    """A panel's drawing function, imported when it is first opened."""
    show: Callable[[Session], None] = import_module(
        f"playground.views.{VIEWS.get(name, name)}"
    ).show
    return show


if __name__ == "__main__":
    draw()
