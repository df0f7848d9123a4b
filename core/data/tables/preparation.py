"""The whole way from a table's raw columns to a network's inputs, kept with the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.making import Making, between, finished
from core.data.preprocessing import Preprocessing
from core.data.tables.limits import MAX_INPUT_BYTES
from core.data.tables.raw import columns_of
from core.data.tables.records import read_steps, read_targets
from core.data.tables.steps import Step, Target
from core.refusals import Refusal


@dataclass(frozen=True)
class TablePreparation(Preprocessing):
    """One step for each raw column, measured on training rows only.

    targets: of a regression whose targets were standardized; `values` undoes it.
    """

    steps: tuple[Step, ...]
    targets: tuple[Target, ...] = ()
    kind: ClassVar[str] = "table"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the raw columns."""
        return tuple(step.column for step in self.steps)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(name for step in self.steps for name in step.names)

    @property
    def n_raw(self) -> int:
        return len(self.steps)

    @property
    def n_inputs(self) -> int:
        return sum(len(step.names) for step in self.steps)

    def transform(self, raw: object) -> NDArray[np.float32]:
        """Make network inputs of raw rows.

        raw: a polars frame with these columns; a list of dicts; or an array or list of lists
        (n_samples, n_raw) in the order of `columns`. What is missing is None, null, nan, or left
        out of a dict. Returns float32 (n_samples, n_inputs). Raises ValueError that names the
        column, and the row of a value that cannot be read.
        """
        return finished(self.transforming(raw))

    def transforming(self, raw: object) -> Making[NDArray[np.float32]]:
        """`transform` in pieces."""
        columns = columns_of(raw, self.columns)
        n_rows = len(columns[0])
        if n_rows * self.n_inputs * 4 > MAX_INPUT_BYTES:
            widest = max(self.steps, key=lambda step: len(step.names))
            raise Refusal(
                "{rows} rows of {count} inputs are more than the {most} MB that inputs may take. "
                "Most of them, {own}, come of {column}.",
                rows=n_rows,
                count=self.n_inputs,
                most=MAX_INPUT_BYTES >> 20,
                own=len(widest.names),
                column=repr(widest.column),
            )
        X = np.empty((n_rows, self.n_inputs), dtype=np.float32)
        start = 0
        for number, (step, column) in enumerate(zip(self.steps, columns, strict=True)):
            end = start + len(step.names)
            writing = step.writing(column, X[:, start:end])
            yield from between(number / len(columns), (number + 1) / len(columns), writing)
            start = end
        return X

    def values(self, outputs: ArrayLike) -> NDArray[np.float64]:
        """A regression's values in the table's units, of a network's outputs, (n, n_values)."""
        made = np.asarray(outputs, dtype=np.float64)
        if not self.targets:
            return made
        return made * [each.scale for each in self.targets] + [each.mean for each in self.targets]

    def to_dict(self) -> dict[str, Any]:
        steps = [step.to_dict() for step in self.steps]
        return {"kind": self.kind, "steps": steps, "targets": [asdict(t) for t in self.targets]}


def read_preparation(record: Mapping[str, Any]) -> TablePreparation:
    """Read what `to_dict` wrote. Raises ValueError that names what does not fit."""
    return TablePreparation(read_steps(record), read_targets(record))
