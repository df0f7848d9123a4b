"""Messages of the live channel, read: from whatever a browser sent to a call on the player.

They come from outside. What is not understood is ignored; what does not fit is refused by the
trainer, and nothing happens.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playground.live.player import Player

FURTHEST = 2**31


def obey(player: Player, message: Any) -> None:
    """Carry out one message, {"hover": ...}, {"set_weight": ...} and the like."""
    if not isinstance(message, dict):
        return
    for name, handler in HANDLERS.items():
        if name in message:
            with contextlib.suppress(TypeError, ValueError, LookupError, OverflowError):
                handler(player, message[name])


def _hover(player: Player, node: Any) -> None:
    player.look_at(None if node is None else (_index(node["layer"]), _index(node["unit"])))


def _probe(player: Player, point: Any) -> None:
    place = None if point is None else (float(point[0]), float(point[-1]))
    if place is None or all(abs(value) < FURTHEST for value in place):
        player.probe(place)


def _window(player: Player, window: Any) -> None:
    player.move_window(_index(window["layer"]), _index(window["start"]))


def _set_weight(player: Player, place: Any) -> None:
    layer, i, j, value = place
    player.set_weight(_index(layer), _index(i), _index(j), _number(value))


def _set_bias(player: Player, place: Any) -> None:
    layer, j, value = place
    player.set_bias(_index(layer), _index(j), _number(value))


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= FURTHEST:
        raise ValueError(f"{value!r} is no index.")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number.")
    return float(value)


HANDLERS: dict[str, Callable[[Player, Any], None]] = {
    "hover": _hover,
    "probe": _probe,
    "window": _window,
    "set_weight": _set_weight,
    "set_bias": _set_bias,
}
