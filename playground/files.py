"""What a person takes away and opens: an experiment as JSON, or a network's file.

Nothing that is opened is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.experiment import Experiment, read_experiment
from core.maths.registry import shown
from core.refusals import Refusal, Sentence
from playground.link import CAPS, completed

if TYPE_CHECKING:
    from core.network import Network

MAX_MEGABYTES = 64
SUFFIXES = ("json", "npz", "safetensors")
"""What the uploader offers."""


@dataclass(frozen=True)
class Opened:
    """An experiment, the network that came with it, and sentences about what could not be used."""

    experiment: Experiment
    network: Network | None = None
    problems: tuple[Sentence, ...] = ()


def opened(name: str, data: bytes, current: Experiment) -> Opened:
    """Read a file by its suffix. Raises ValueError, in words, for one that cannot be used.

    A network goes on with the settings as they stood when it was saved. One without its
    experiment is taken into the current one, one of a person's own arrays onto the current data.
    """
    if len(data) > MAX_MEGABYTES * 2**20:
        raise Refusal("The file is larger than {most} MB.", most=MAX_MEGABYTES)
    suffix = Path(name).suffix.lower()
    if suffix.removeprefix(".") not in SUFFIXES:
        known = ", ".join(f".{each}" for each in SUFFIXES)
        raise Refusal("The file cannot be opened here: its name must end in {known}.", known=known)
    if suffix == ".json":
        try:
            return read_text(data.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refusal("The file is not a text in UTF-8, so it is no JSON.") from None
    from core import exchange

    network = exchange.from_bytes(data, suffix, caps=CAPS)
    experiment = network.experiment_now or current
    if network.run is not None and network.run.own_data and not experiment.data.is_own:
        experiment = replace(experiment, data=current.data)
    return Opened(experiment, network)


def read_text(text: str) -> Opened:
    """Read an experiment's JSON; what is not valid in it is named and left out.

    Raises ValueError, in words, for a text that holds nothing of an experiment.
    """
    if not text.strip():
        raise Refusal("There is nothing to open: the text is empty.")
    experiment, problems = read_experiment(text, caps=CAPS)
    if not _known_parts(text):
        raise Refusal(_what_it_is_instead(text, problems))
    experiment, more = completed(experiment, {"loss": True, "n_samples": True})
    return Opened(experiment, None, (*problems, *more))


def _what_it_is_instead(text: str, problems: Sequence[Sentence]) -> Sentence:
    """Why a text that holds nothing of an experiment cannot be opened."""
    value = _object(text)
    if value.keys() == {"version"}:
        template = "It holds a version, {value}, but none of an experiment's settings."
        return Sentence(template, value=shown(value["version"]))
    return problems[0] if problems else Sentence("It names none of an experiment's settings.")


def _known_parts(text: str) -> set[str]:
    """Which parts of an experiment a JSON text names; none for anything else."""
    return set(_object(text)) & {"data", "network", "training", "seed"}


def _object(text: str) -> dict[str, Any]:
    """The JSON object that a text holds; an empty one for anything else."""
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
