"""Read an experiment that a person, link or file brings: keep what is valid, say what is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from core.experiment.config import (
    FORMAT_VERSION,
    LIMITS,
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
from core.refusals import Refusal, Sentence

MOST_BYTES = 1_000_000
MOST_PROBLEMS = 20
MOST_ENTRIES = 100  # of a list of names

Part = TypeVar("Part")
Clean = Callable[[Any, dict[str, Any]], Any]  # (raw value, fields kept so far) -> value to try


def read_experiment(
    source: object, *, caps: Mapping[str, float] | None = None
) -> tuple[Experiment, list[Sentence]]:
    """Return the experiment that `source` describes, and one sentence for each problem in it.

    source: JSON as text or bytes, or a mapping such as `Experiment.to_mapping` makes. Missing and
    refused fields take their defaults; every valid field, layer and option is kept. Never raises.
    caps: highest values by field name where they are to be tighter than the fields' own limits,
    such as {"units": 1024, "layers": 16}; "layers" caps their number.
    """
    reader = _Reader(dict(caps or {}))
    try:
        value = _parsed(source)
    except Refusal as refusal:
        return Experiment(), [refusal.sentence]
    return reader.experiment(value), reader.sentences()


def _parsed(source: object) -> Mapping[Any, Any]:
    value = _json(source) if isinstance(source, str | bytes | bytearray) else source
    if isinstance(value, Mapping):
        return value
    raise Refusal(
        "An experiment is a JSON object with data, network and training; this is {value}.",
        value=shown(value),
    )


def _json(source: str | bytes | bytearray) -> object:
    if len(source) > MOST_BYTES:
        raise Refusal(
            "An experiment has at most {most} bytes; this has {size}.",
            most=MOST_BYTES,
            size=len(source),
        )
    try:
        text = source if isinstance(source, str) else source.decode("utf-8")
        return json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        reason = Sentence("it is not text in UTF-8")
    except json.JSONDecodeError as error:
        reason = Sentence(
            "{reason} at line {line}, column {column}",
            reason=error.msg,
            line=error.lineno,
            column=error.colno,
        )
    except ValueError:
        reason = Sentence("it holds a number of thousands of digits")
    except RecursionError:
        reason = Sentence("it is nested too deeply")
    raise Refusal("This is no experiment in JSON: {reason}.", reason=reason)


@dataclass
class _Reader:
    """Builds the parts field by field and collects a sentence for each problem."""

    caps: dict[str, float]
    problems: list[Sentence] = field(default_factory=list)
    unsaid: int = 0

    def say(self, problem: Sentence, where: str = "") -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.unsaid += 1
        elif where:
            self.problems.append(Sentence("{where}: {problem}", where=where, problem=problem))
        else:
            self.problems.append(problem)

    def sentences(self) -> list[Sentence]:
        if not self.unsaid:
            return self.problems
        more = Sentence("And {count} more problems of this kind.", count=self.unsaid)
        return [*self.problems, more]

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
        except Refusal as refusal:
            self.say(refusal.sentence)
            return
        if number > FORMAT_VERSION:
            template = (
                "version is {version}, newer than the {known} that is known here; "
                "what is understood was kept."
            )
            self.say(Sentence(template, version=number, known=FORMAT_VERSION))

    def part(self, kind: type[Part], given: object, where: str, **clean: Clean) -> Part:
        """Build a config of the valid fields of a mapping; `clean` prepares raw values of some."""
        if not isinstance(given, Mapping):
            self.say(self.no_object(where, given))
            return kind()
        names = list(kind.__pydantic_fields__)  # type: ignore[attr-defined]
        self.unknown(names, given, "field", where)
        kept: dict[str, Any] = {}
        for name in (name for name in names if name in given):
            value = clean[name](given[name], kept) if name in clean else given[name]
            try:
                self.check_cap(name, value)
                kind(**kept, **{name: value})
            except Refusal as refusal:
                self.say(refusal.sentence, where)
            else:
                kept[name] = value
        return kind(**kept)

    def no_object(self, where: str, given: object) -> Sentence:
        template = "{where} is {value}; it must be a JSON object."
        return Sentence(template, where=where, value=shown(given))

    def unknown(
        self, names: list[str], given: Mapping[Any, Any], what: str, where: str, owner: str = ""
    ) -> None:
        for name in (name for name in given if name not in names):
            if len(self.problems) >= MOST_PROBLEMS:
                self.unsaid += 1  # finding the nearest name takes time: garbage may hold many
                continue
            try:
                check_name(names, name, what, owner)
            except Refusal as refusal:
                self.say(refusal.sentence, where)

    def check_cap(self, name: str, value: object) -> None:
        if name in self.caps and name in LIMITS:
            usual = LIMITS[name]
            replace(usual, high=min(usual.high, self.caps[name])).check(name, value)

    def layers(self, raw: object, kept: dict[str, Any]) -> object:
        """Keep every layer that can be understood, field by field."""
        if not isinstance(raw, list | tuple):
            return raw
        most = int(self.caps.get("layers", MOST_LAYERS))
        if len(raw) > most:
            template = "layers has {count} entries; the first {most} were kept."
            self.say(Sentence(template, count=len(raw), most=most), "network")
        layers: tuple[Dense, ...] = ()
        for number, entry in enumerate(raw[:most], start=1):
            where = Sentence("layer {number}", number=number)
            if not isinstance(entry, Mapping):
                self.say(self.no_object(where, entry), "network")
                continue
            layer = self.part(Dense, entry, where)
            try:
                layers = NetworkConfig((*layers, layer)).layers
            except Refusal as refusal:
                self.say(refusal.sentence, where)
        return layers if layers or not raw else NetworkConfig().layers

    def features(self, raw: object, kept: dict[str, Any]) -> object:
        """Keep every feature that is known, once."""
        if not isinstance(raw, list | tuple) or not raw:
            return raw
        names: tuple[str, ...] = ()
        for name in raw[:MOST_ENTRIES]:
            try:
                names = DataConfig(features=(*names, name)).features
            except Refusal as refusal:
                self.say(refusal.sentence, "data")
        return names or DataConfig().features

    def options(self, field: str, usual: object) -> Clean:
        """Keep every option that the record knows and whose value is right."""
        owner = OPTIONS_OF[field]

        def clean(raw: object, kept: dict[str, Any]) -> object:
            if not isinstance(raw, Mapping):
                return raw
            chosen = kept.get(owner.field, getattr(usual, owner.field))
            known = owner.registry[chosen].options
            self.unknown(list(known), raw, "option", field, chosen)
            values: dict[str, Value] = {}
            for name in (name for name in known if name in raw):
                try:
                    values[name] = known[name].check(name, raw[name])
                except Refusal as refusal:
                    self.say(refusal.sentence, field)
            return values

        return clean
