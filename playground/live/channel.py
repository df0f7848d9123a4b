"""The live channel: one WebSocket a view, on the page's own server; frames out, commands in."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.engine.scheduler import shared
from playground.live import chart, download
from playground.live.commands import obey
from playground.live.viewers import Viewer

if TYPE_CHECKING:
    from playground.live.player import Player

LONGEST_MESSAGE = 2_000
"""Characters. Commands are short; anything longer is not ours."""

UNKNOWN = 4404
"""Close code that tells the browser not to try again: this run is gone."""


async def stream(socket: WebSocket) -> None:
    """Serve one view of the run named by the token in the address."""
    await socket.accept()  # before closing: a refused handshake has no close code for the browser
    player = _player(socket.path_params["token"])
    if player is None or not same_origin(socket):
        await socket.close(UNKNOWN)
        return
    viewer = Viewer(asyncio.get_running_loop())
    player.viewers.enter(viewer)
    player.attached()
    sending = asyncio.create_task(_send(socket, viewer))
    try:
        await _receive(socket, viewer, player)
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sending
        player.viewers.leave(viewer)
        player.wake()


def _player(token: str) -> Player | None:
    """The run of that token, if it is still there."""
    from playground.live.player import Player  # loads the engine, which the launcher must not

    run = shared().find(token)
    return run if isinstance(run, Player) else None


def same_origin(socket: WebSocket) -> bool:
    """Whether the page that asks was served by this server: other sites may not steer a run."""
    origin = urlsplit(socket.headers.get("origin", ""))
    return origin.netloc == socket.headers.get("host", "")


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        for message in await viewer.messages():
            if isinstance(message, str):
                await socket.send_text(message)
            else:
                await socket.send_bytes(message)


async def _receive(socket: WebSocket, viewer: Viewer, player: Player) -> None:
    """Take commands until the viewer leaves. The player is held only while it is being told."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError):
        while True:
            text = await socket.receive_text()
            if len(text) > LONGEST_MESSAGE:
                continue
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(text)
                if isinstance(message, dict) and "ack" in message:
                    viewer.has_credit = True
                    player.wake()
                else:
                    obey(player, message)


class FreshFiles(StaticFiles):
    """Files that a browser asks about each time: after an upgrade it must not run old modules."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


ASSETS = Path(__file__).parent / "assets"

routes: list[BaseRoute] = [
    WebSocketRoute("/live/{token}", stream),
    Mount("/assets/live", FreshFiles(directory=ASSETS)),
    Route(chart.LIBRARY, chart.library),
    Route(download.ROUTE, download.weights),
]
"""What the launcher adds to the page's server."""
