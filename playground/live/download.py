"""A button that downloads a run's weights as they are at the moment of the click.

Streamlit's own would keep a file made on demand only until some page's next redraws: with many
people playing that is sooner than a browser fetches it. This one asks a route of our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.engine.scheduler import shared

if TYPE_CHECKING:
    from playground.live.player import Player

ROUTE = "/weights/{token}/{file_name}"

_SHIM = """export default async (component) =>
  (await import(location.origin + "/assets/live/download.js")).default(component)
"""

_BUTTON = st.components.v2.component("download_weights", js=_SHIM)


def download_weights(
    label: str, token: str, file_name: str, *, key: str, help: str, primary: bool = False
) -> None:
    """Show the button. token: of the run; file_name: its suffix says which kind of file."""
    address = f"/weights/{quote(token, safe='')}/{quote(file_name, safe='')}"
    data = {
        "label": label,
        "address": address,
        "file_name": file_name,
        "help": help,
        "primary": primary,
    }
    _BUTTON(key=key, data=data)


async def weights(request: Request) -> Response:
    """Answer with the file; 404 for a run or a kind of file that is not there."""
    from core import exchange
    from playground.live.player import Player  # loads the engine, which the launcher must not

    run, name = shared().find(request.path_params["token"]), request.path_params["file_name"]
    suffix = f".{name.rpartition('.')[2]}"
    if not isinstance(run, Player) or suffix not in exchange.SUFFIXES:
        return PlainTextResponse("There is no such file.", status_code=404)
    content = await run_in_threadpool(weights_of, run, suffix)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def weights_of(run: Player, suffix: str) -> bytes:
    """The file of a run's weights as they are now, in bytes."""
    from core import exchange

    return exchange.to_bytes(run.read(lambda trainer: trainer.network), suffix)
