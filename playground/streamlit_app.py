"""What `streamlit run playground` starts: the page, and the live view's routes on its server."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if sys.path[:1] != [str(ROOT)]:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from streamlit import config  # noqa: E402

from playground.live import channel  # noqa: E402

SETTINGS = {
    "runner.postScriptGC": False,  # a full collection after every script stops all pages
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
}
"""What must hold wherever the page is started from; .streamlit/config.toml explains them all."""


def on_script_error(error: Exception) -> bool:
    """The last net: note what slipped through every guard; the page says a sentence."""
    logging.getLogger("playground").error("The page could not be drawn.", exc_info=error)
    st.error("Something went wrong, and it was noted in the terminal. Reload the page to go on.")
    return True


for name, value in SETTINGS.items():
    config.set_option(name, value)

app = st.App(
    Path(__file__).with_name("page.py"), routes=channel.routes, on_script_error=on_script_error
)
