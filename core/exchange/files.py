"""Whole files by suffix: a network to bytes and back, on disk or in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.exchange import containers, weights
from core.exchange.containers import MAX_BYTES
from core.refusals import Refusal

if TYPE_CHECKING:
    from core.network import Network
    from core.trainer import Trainer

SUFFIXES = tuple(containers.WRITERS)


def save(trainer_or_network: Trainer | Network, path: str | os.PathLike[str]) -> None:
    """Write a network with its experiment to a file; the suffix says which kind.

    The file appears whole or not at all. Raises ValueError for a suffix that is not built.
    """
    target = Path(path)
    data = to_bytes(trainer_or_network, target.suffix)
    unfinished = target.with_name(f"{target.name}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network from a file that `save` wrote, with its `run` and `preprocessing`.

    `Trainer.replay(network.run)` makes the weights again, bit by bit.
    The file is not trusted: whatever is wrong with it is a ValueError of one sentence.
    """
    source = Path(path)
    _check_suffix(source.suffix)
    if source.stat().st_size > MAX_BYTES:
        raise _too_large()
    return from_bytes(source.read_bytes(), source.suffix)


def to_bytes(trainer_or_network: Trainer | Network, suffix: str) -> bytes:
    """The file that `save` writes, as bytes. suffix: ".npz" or ".safetensors".

    The same network gives the same bytes.
    """
    write = containers.WRITERS[_check_suffix(suffix)]
    either: Any = trainer_or_network
    return write(weights.pack(getattr(either, "network", either), suffix))


def from_bytes(data: bytes, suffix: str, *, caps: Mapping[str, float] | None = None) -> Network:
    """Read what `to_bytes` wrote, or anybody's upload. Raises ValueError of one sentence.

    caps: the most that is taken, by name, such as {"units": 1024, "layers": 16}; "layers" caps
    the number of hidden layers.
    """
    read = containers.READERS[_check_suffix(suffix)]
    if len(data) > MAX_BYTES:
        raise _too_large()
    if not data:
        raise Refusal("The file is empty.")
    described: list[weights.Description] = []  # before the arrays are read, and once

    def check(metadata: str, shapes: weights.Shapes) -> None:
        described.append(weights.describe_file(metadata, shapes, caps or {}))

    contents = read(data, check)
    return weights.unpack(contents, described[-1])


def _check_suffix(suffix: str) -> str:
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        if not suffix:
            raise Refusal(
                "Files without a suffix are not built yet. Choose one of: {known}.", known=known
            )
        raise Refusal(
            "Files {suffix} are not built yet. Choose one of: {known}.",
            suffix=repr(suffix),
            known=known,
        )
    return suffix


def _too_large() -> Refusal:
    return Refusal("The file is larger than the {most} MiB that can be read.", most=MAX_BYTES >> 20)
