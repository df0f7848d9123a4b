"""Many clients of the live channel on one server, each with a run of its own that plays.

    python benchmarks/many_visitors.py CLIENTS SECONDS

Prints one line of JSON: frames a second, by client. The server is the page's live channel under
uvicorn in a process of its own; the clients speak the channel's protocol without a browser:
a frame is acknowledged as soon as it has arrived.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    if sys.argv[1] == "serve":
        serve(port=int(sys.argv[2]), clients=int(sys.argv[3]))
        return
    clients, seconds = int(sys.argv[1]), float(sys.argv[2])
    from tests.browser import free_port

    port = free_port()
    command = [sys.executable, __file__, "serve", str(port), str(clients)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        tokens = json.loads(server.stdout.readline())
        print(json.dumps(asyncio.run(watch_all(port, tokens, seconds))))
    finally:
        server.kill()
        server.wait()


def serve(port: int, clients: int) -> None:
    """The live channel alone, with one playing default experiment for each client."""
    import uvicorn
    from starlette.applications import Starlette

    from core import Experiment
    from playground.live import warming
    from playground.live.channel import routes
    from playground.live.player import Player

    players = [Player(Experiment(seed=seed)) for seed in range(clients)]
    warming.wait()
    for player in players:
        player.play()
    print(json.dumps([player.token for player in players]), flush=True)
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error")


async def watch_all(port: int, tokens: list[str], seconds: float) -> list[float]:
    return await asyncio.gather(*(watch(port, token, seconds) for token in tokens))


async def watch(port: int, token: str, seconds: float) -> float:
    """Frames a second that one client gets, after a second in which all have connected."""
    async with await connect(port, token) as socket:
        await receive_for(socket, 1.0)
        return await receive_for(socket, seconds) / seconds


async def connect(port: int, token: str) -> Any:
    """The client's connection, once the server is up."""
    from websockets.asyncio.client import connect

    address = f"127.0.0.1:{port}"
    for _ in range(100):
        try:
            return await connect(
                f"ws://{address}/live/{token}",
                origin=f"http://{address}",  # type: ignore[arg-type]
                max_size=None,
            )
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("The live channel did not start.")


async def receive_for(socket: Any, seconds: float) -> int:
    """Take frames, acknowledging each at once; how many came."""
    frames, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            message = await asyncio.wait_for(socket.recv(), left)
        except TimeoutError:
            break
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
            if header["kind"] == "frame":
                frames += 1
                await socket.send(json.dumps({"ack": header["seq"]}))
    return frames


if __name__ == "__main__":
    main()
