"""Read an experiment that a person, link or file brings: keep what is valid, say what is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.experiment.config import (
    FORMAT_VERSION,
    MOST_LAYERS,
    OPTIONS_OF,
    DataConfig,
    Dense,
    Experiment,
    NetworkConfig,
    TrainingConfig,
)
from core.maths.limits import Limits
from core.maths.options import Value
from core.maths.registry import check_name, shown

MOST_BYTES = 1_000_000
MOST_PROBLEMS = 20
MOST_ENTRIES = 100  # of a list of names

Part = TypeVar("Part")
Clean = Callable[[Any, dict[str, Any]], Any]  # (raw value, fields kept so far) -> value to try


def read_experiment(
    source: object, *, caps: Mapping[str, float] | None = None
) -> tuple[Experiment, list[str]]:
    """Return the experiment that `source` describes, and one sentence for each problem in it.

    source: JSON as text or bytes, or a mapping such as `Experiment.to_mapping` makes. Missing and
    refused fields take their defaults; every valid field, layer and option is kept. Never raises.
    caps: highest values by field name where they are to be tighter than the fields' own limits,
    such as {"units": 1024, "layers": 16}; "layers" caps their number.
    """
    reader = _Reader(dict(caps or {}))
    try:
        value = _parsed(source)
    except ValueError as error:
        return Experiment(), [str(error)]
    return reader.experiment(value), reader.sentences()


def _parsed(source: object) -> Mapping[Any, Any]:
    value = _json(source) if isinstance(source, str | bytes | bytearray) else source
    if isinstance(value, Mapping):
        return value
    wanted = "a JSON object with data, network and training"
    raise ValueError(f"An experiment is {wanted}; this is {shown(value)}.")


def _json(source: str | bytes | bytearray) -> object:
    if len(source) > MOST_BYTES:
        raise ValueError(f"An experiment has at most {MOST_BYTES} bytes; this has {len(source)}.")
    try:
        text = source if isinstance(source, str) else source.decode("utf-8")
        return json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        problem = "it is not text in UTF-8"
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except ValueError:
        problem = "it holds a number of thousands of digits"
    except RecursionError:
        problem = "it is nested too deeply"
    raise ValueError(f"This is no experiment in JSON: {problem}.")


@dataclass
class _Reader:
    """Builds the parts field by field and collects a sentence for each problem."""

    caps: dict[str, float]
    problems: list[str] = field(default_factory=list)
    unsaid: int = 0

    def say(self, sentence: str, where: str = "") -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{where}: {sentence}" if where else sentence)
        else:
            self.unsaid += 1

    def sentences(self) -> list[str]:
        more = [f"And {self.unsaid} more problems of this kind."] if self.unsaid else []
        return self.problems + more

    def experiment(self, given: Mapping[Any, Any]) -> Experiment:
        self.version(given.get("version", FORMAT_VERSION))
        fields = {name: value for name, value in given.items() if name != "version"}
        return self.part(
            Experiment,
            fields,
            "",
            data=lambda raw, _: self.part(DataConfig, raw, "data", features=self.features),
            network=lambda raw, _: self.part(
                NetworkConfig,
                raw,
                "network",
                layers=self.layers,
                initializer_options=self.options("initializer_options", NetworkConfig()),
            ),
            training=lambda raw, _: self.part(
                TrainingConfig,
                raw,
                "training",
                optimizer_options=self.options("optimizer_options", TrainingConfig()),
                schedule_options=self.options("schedule_options", TrainingConfig()),
            ),
        )

    def version(self, value: object) -> None:
        try:
            number = Limits(1, 2**53, whole=True).check("version", value)
        except ValueError as error:
            self.say(str(error))
            return
        if number > FORMAT_VERSION:
            known = f"newer than the {FORMAT_VERSION} that is known here"
            self.say(f"version is {number}, {known}; what is understood was kept.")

    def part(self, kind: type[Part], given: object, where: str, **clean: Clean) -> Part:
        """Build a config of the valid fields of a mapping; `clean` prepares raw values of some."""
        if not isinstance(given, Mapping):
            self.say(f"{where} is {shown(given)}; it must be a JSON object.")
            return kind()
        names = list(kind.__pydantic_fields__)  # type: ignore[attr-defined]
        self.unknown(names, given, "field", where)
        kept: dict[str, Any] = {}
        for name in (name for name in names if name in given):
            value = clean[name](given[name], kept) if name in clean else given[name]
            try:
                kind(**kept, **{name: value})
                self.check_cap(name, value)
            except ValueError as error:
                self.say(str(error), where)
            else:
                kept[name] = value
        return kind(**kept)

    def unknown(
        self, names: list[str], given: Mapping[Any, Any], what: str, where: str, owner: str = ""
    ) -> None:
        for name in (name for name in given if name not in names):
            if len(self.problems) >= MOST_PROBLEMS:
                self.unsaid += 1  # finding the nearest name takes time: garbage may hold many
                continue
            try:
                check_name(names, name, what, owner)
            except ValueError as error:
                self.say(str(error), where)

    def check_cap(self, name: str, value: object) -> None:
        cap = self.caps.get(name)
        if cap is not None and isinstance(value, int | float) and value > cap:
            raise ValueError(f"{name} is {shown(value)}; at most {cap:g} is possible here.")

    def layers(self, raw: object, kept: dict[str, Any]) -> object:
        """Keep every layer that can be understood, field by field."""
        if not isinstance(raw, list | tuple):
            return raw
        most = int(self.caps.get("layers", MOST_LAYERS))
        if len(raw) > most:
            self.say(f"layers has {len(raw)} entries; the first {most} were kept.", "network")
        layers: tuple[Dense, ...] = ()
        for number, entry in enumerate(raw[:most], start=1):
            if not isinstance(entry, Mapping):
                self.say(f"layer {number} is {shown(entry)}; it must be a JSON object.", "network")
                continue
            layer = self.part(Dense, entry, f"layer {number}")
            try:
                layers = NetworkConfig((*layers, layer)).layers
            except ValueError as error:
                self.say(str(error), f"layer {number}")
        return layers if layers or not raw else NetworkConfig().layers

    def features(self, raw: object, kept: dict[str, Any]) -> object:
        """Keep every feature that is known, once."""
        if not isinstance(raw, list | tuple) or not raw:
            return raw
        names: tuple[str, ...] = ()
        for name in raw[:MOST_ENTRIES]:
            try:
                names = DataConfig(features=(*names, name)).features
            except ValueError as error:
                self.say(str(error), "data")
        return names or DataConfig().features

    def options(self, field: str, usual: object) -> Clean:
        """Keep every option that the record knows and whose value is right."""
        owner = OPTIONS_OF[field]

        def clean(raw: object, kept: dict[str, Any]) -> object:
            if not isinstance(raw, Mapping):
                return raw
            chosen = kept.get(owner.field, getattr(usual, owner.field))
            known = owner.registry[chosen].options
            self.unknown(list(known), raw, "option", field, f" of {chosen}")
            values: dict[str, Value] = {}
            for name in (name for name in known if name in raw):
                try:
                    values[name] = known[name].check(name, raw[name])
                except ValueError as error:
                    self.say(str(error), field)
            return values

        return clean
