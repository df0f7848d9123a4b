"""The page's address: every setting of the experiment and of the page, defaults left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from core.exchange import links
from core.experiment import Experiment
from core.maths.registry import shown
from core.refusals import Refusal, Sentence
from playground.changes import (
    MAX_LAYERS,
    MAX_UNITS,
    fitting_losses,
    usual_loss,
    usual_samples,
    with_fitting_training,
)
from playground.fields import number_text
from playground.settings import Settings, changed
from playground.tables import in_link

CAPS = {"layers": MAX_LAYERS, "units": MAX_UNITS}

FLAT_OUT = "max"
STREAMLITS_OWN = ("embed", "embed_options")


@dataclass(frozen=True)
class Key:
    """A setting of the page in the address: its field, and how it is written and read.

    wanted: what its text must be, for one that cannot be read.
    """

    field: str
    to_text: Callable[[Any], str] = str
    from_text: Callable[[str], Any] = str
    wanted: str = ""


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _speed(text: str) -> float | None:
    return None if text == FLAT_OUT else float(text)


def _pair(text: str) -> str | tuple[int, int]:
    if text == "pca":
        return text
    first, second = map(int, text.split("_"))
    return first, second


STEPS_A_SECOND = Sentence("a number of steps a second, or max")
COLUMNS = Sentence("pca or two columns, such as 0_1")
SWITCH = Sentence("true or false")

KEYS = {
    "lang": Key("language"),
    "speed": Key(
        "speed", lambda v: FLAT_OUT if v is None else number_text(v), _speed, STEPS_A_SECOND
    ),
    "step": Key("step_unit"),
    "test_data": Key("show_test_data", lambda v: str(v).lower(), _switch, SWITCH),
    "discretize": Key("discretize_output", lambda v: str(v).lower(), _switch, SWITCH),
    "edges": Key("edges"),
    "projection": Key(
        "projection", lambda v: v if v == "pca" else f"{v[0]}_{v[1]}", _pair, COLUMNS
    ),
}


def write(experiment: Experiment, settings: Settings) -> dict[str, str]:
    """The address's parameters; empty for the page as it is first opened.

    What a data set usually goes with is left out, too.
    """
    params = links.to_query(experiment)
    _leave_out(params, "loss", experiment.training.loss, usual_loss(experiment))
    _leave_out(params, "n_samples", experiment.data.n_samples, usual_samples(experiment))
    if "table" in params:
        params["table"] = in_link(params["table"])
    for name, key in KEYS.items():
        value = getattr(settings, key.field)
        if value != getattr(Settings(), key.field):
            params[name] = key.to_text(value)
    return params


def address(base: str, experiment: Experiment, settings: Settings) -> str:
    """The whole link. base: the page's address without parameters."""
    query = urlencode(write(experiment, settings), safe=":,")
    base = f"{base.rstrip('/')}/"
    return f"{base}?{query}" if query else base


def _leave_out(params: dict[str, str], name: str, value: Any, usual: Any) -> None:
    if value == usual:
        params.pop(name, None)
    else:
        params[name] = str(value)


def read(params: Mapping[str, str]) -> tuple[Experiment, Settings, list[Sentence]]:
    """The experiment and settings of an address; never raises.

    What is valid is kept, the rest takes its default; returns a sentence for each thing refused.
    """
    known = (*KEYS, *STREAMLITS_OWN)
    experiment, problems = links.from_query(params, known_elsewhere=known, caps=CAPS)
    experiment, more = completed(experiment, params)
    settings, wrong = _read_settings(params)
    return experiment, settings, [*problems, *more, *wrong]


def completed(
    experiment: Experiment, given: Mapping[str, Any]
) -> tuple[Experiment, list[Sentence]]:
    """The experiment with what its data set usually goes with, where that was not given.

    A loss that does not suit the data set is replaced, class weights and augmentation that do not
    are left out, each with a sentence.
    """
    training, data = experiment.training, experiment.data
    if "n_samples" not in given:
        data = replace(data, n_samples=usual_samples(experiment))
    problems: list[Sentence] = []
    usual = usual_loss(experiment)
    if training.loss not in fitting_losses(experiment):
        if "loss" in given:
            problems.append(
                Sentence(
                    "The loss {loss} does not suit the data set {dataset}; {usual} is used.",
                    loss=training.loss,
                    dataset=data.name,
                    usual=usual,
                )
            )
        training = replace(training, loss=usual)
    elif "loss" not in given:
        training = replace(training, loss=usual)
    fitting, more = with_fitting_training(replace(experiment, data=data, training=training))
    return fitting, [*problems, *more]


def _read_settings(params: Mapping[str, str]) -> tuple[Settings, list[Sentence]]:
    settings = Settings()
    problems: list[Sentence] = []
    for name, key in KEYS.items():
        if name not in params:
            continue
        text = str(params[name])
        try:
            settings = changed(settings, key.field, key.from_text(text[:40]))
        except Refusal as refusal:
            problems.append(refusal.sentence)
        except (ValueError, OverflowError):
            template = "{field} is {value}; it must be {wanted}."
            problems.append(Sentence(template, field=name, value=shown(text), wanted=key.wanted))
    return settings, problems
