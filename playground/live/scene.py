"""What a view needs to know once: the network's shape, the data's points, what is to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data import Dataset
from core.data.features import FEATURES
from core.data.films import FilmPairs
from core.data.sparse import columns_of
from core.experiment import DRAWINGS
from core.experiment.points import MOST_CLASSES
from core.experiment.points import MOST_POINTS as MOST_DRAWN
from core.inspect.plane import Plane
from core.maths.losses import LOSSES
from core.trainer import Trainer
from playground.live import samples
from playground.live.samples import thinned
from playground.live.wire import finite, pack, shades

MOST_UNITS_SHOWN = 10
"""Nodes of one column that are drawn; the rest is a count and a window to move."""

MOST_POINTS = 1500
MAP_RESOLUTION = 30
MOST_LAYERS = 16

VIEWS = {
    "plane": "plane",
    "curve": "curve",
    "image": "images",
    "table": "table",
    "ratings": "ratings",
}
STARS_SHOWN = 2.0
"""Predicted stars this far from the mean have the fullest colour: few are further away."""


@dataclass
class Shown:
    """View options of one page."""

    test_data: bool = False
    discretize: bool = False
    edges: str = "weight"
    projection: str | tuple[int, int] = "pca"


@dataclass(frozen=True)
class Window:
    """The part of a column that is drawn: `shown` units from `start`."""

    start: int
    shown: int

    @property
    def part(self) -> slice:
        return slice(self.start, self.start + self.shown)


def windows(trainer: Trainer, starts: dict[int, int]) -> list[Window]:
    """One window a column, inputs first. starts: wished first units by layer, -1 for inputs."""
    result = []
    for column, total in enumerate(trainer.layout.sizes):
        most = MOST_UNITS_SHOWN if trainer.dataset.image_shape is None or column else 8
        shown = min(total, most)
        is_image = column == 0 and trainer.dataset.image_shape is not None
        first = (total - shown) // 2 if is_image else 0 if column else first_input(trainer.dataset)
        wished = starts.get(column - 1, first)
        result.append(Window(min(max(wished, 0), total - shown), shown))
    return result


def first_input(dataset: Dataset) -> int:
    """The input that the diagram shows first: of ratings the year, behind ten thousand names."""
    how = dataset.preprocessing
    return how.people + how.films if isinstance(how, FilmPairs) else 0


def describe(
    trainer: Trainer, plane: Plane, shown: Shown, parts: list[Window], version: int
) -> dict[str, Any]:
    """The scene, as the browser reads it."""
    data = trainer.dataset
    scene = {
        "kind": "scene",
        "version": version,
        "view": VIEWS[data.kind],
        "extent": [*plane.x_range, *(plane.y_range or ())],
        "x_label": plane.labels[0],
        "y_label": plane.labels[1],
        "task": data.task,
        "classes": list(data.class_names),
        "n_outputs": trainer.layout.sizes[-1],
        "loss": trainer.experiment.training.loss,
        "image_shape": list(data.image_shape) if data.image_shape else None,
        "value_range": list(output_range(trainer)),
        "unit_range": list(range_in_units(trainer)),
        "columns": columns(trainer, parts),
        "show_test": shown.test_data,
        "discretize": shown.discretize,
        "edges": shown.edges,
        "drawing": drawing(data),
        "can_add_layer": len(trainer.config.layers) < MOST_LAYERS,
    }
    return finite(scene)


def drawing(data: Dataset) -> dict[str, Any] | None:
    """Whether these data can be drawn on, as "points" or a "curve", and how many a drawing has."""
    if data.source is None or data.points_train is None or data.points_test is None:
        return None
    is_curve = data.kind == "curve" and data.n_values == 1
    if not is_curve and not 0 < data.n_classes <= MOST_CLASSES:
        return None
    is_drawing = data.source.name in DRAWINGS
    n_points = len(data.points_train) + len(data.points_test) + data.n_validation
    count = n_points if is_drawing else None
    return {"kind": "curve" if is_curve else "points", "count": count, "most": MOST_DRAWN}


def columns(trainer: Trainer, parts: list[Window]) -> list[dict[str, Any]]:
    """The diagram's columns: inputs, hidden layers, output."""
    config, sizes = trainer.config, trainer.layout.sizes
    places = [
        {"total": total, "start": part.start, "shown": part.shown}
        for total, part in zip(sizes, parts, strict=True)
    ]
    hidden = [
        {
            "role": "hidden",
            "layer": layer,
            "activation": dense.activation,
            "dropout": rate,
            "normalization": dense.normalization,
        }
        for layer, (dense, rate) in enumerate(zip(config.layers, trainer.dropout, strict=True))
    ]
    output = {
        "role": "output",
        "layer": len(hidden),
        "activation": trainer.layout.output_activation,
        "names": list(trainer.dataset.class_names)[parts[-1].part] if sizes[-1] > 1 else [],
    }
    described = [inputs(trainer, parts[0]), *hidden, output]
    return [column | place for column, place in zip(described, places, strict=True)]


def inputs(trainer: Trainer, part: Window) -> dict[str, Any]:
    """The input column; for 2-D data with all seven features, on or off."""
    data = trainer.dataset
    column: dict[str, Any] = {"role": "input", "names": list(data.feature_names[part.part])}
    if data.kind == "plane":
        column["features"] = [
            {"id": name, "label": feature.label, "on": name in data.feature_names}
            for name, feature in FEATURES.items()
        ]
    return column


def output_range(trainer: Trainer) -> tuple[float, float]:
    """The values that the output's colours run between, symmetric around their middle."""
    data = trainer.dataset
    if data.kind == "ratings":
        return -STARS_SHOWN, STARS_SHOWN
    if data.task == "regression":
        low, high = data.value_range
        largest = max(abs(low), abs(high)) or 1.0
        return -largest, largest
    signed = LOSSES[trainer.experiment.training.loss].targets == "plus_minus"
    return (-1.0, 1.0) if signed else (0.0, 1.0)


def range_in_units(trainer: Trainer, output: int = 0) -> tuple[float, float]:
    """The same ends in the data's own units, which a standardized target's outputs are not in."""
    data, ends = trainer.dataset, output_range(trainer)
    if data.task != "regression" or data.kind == "ratings":
        return ends
    rows = np.repeat(np.array(ends)[:, None], trainer.layout.sizes[-1], axis=1)
    low, high = data.preprocessing.values(rows)[:, output].tolist()
    return low, high


def data_message(trainer: Trainer, plane: Plane, parts: list[Window], version: int) -> bytes:
    """Points, input pictures and samples: what stays while the network learns."""
    data = trainer.dataset
    arrays = {"input_maps": input_maps(trainer, plane, parts[0])}
    for name, points, y in (
        ("train", plane.train, data.y_train[_rows(plane.train_rows)]),
        ("test", plane.test, data.y_test[_rows(plane.test_rows)]),
    ):
        few = thinned(len(points), MOST_POINTS)
        arrays[f"{name}_points"] = points[few].astype(np.float32)
        arrays[f"{name}_y"] = np.asarray(y[few], np.float32).reshape(len(few), -1)[:, 0]
    header = {"kind": "data", "scene": version}
    if data.kind in samples.KINDS:
        arrays |= samples.arrays(data)
        header |= samples.words(data)
    return pack(header, arrays)


def _rows(chosen: np.ndarray | None) -> Any:
    return slice(None) if chosen is None else chosen


def input_maps(trainer: Trainer, plane: Plane, part: Window) -> np.ndarray:
    """Pictures of the input nodes, uint8 (nodes, R, R), or (nodes, R) on a line.

    For 2-D data of all seven features, on or off; else of the shown inputs.
    """
    if trainer.dataset.kind == "plane":
        side = np.linspace(-1, 1, MAP_RESOLUTION) * plane.x_range[1]
        x1, x2 = np.meshgrid(side, -side)
        values = np.stack([feature.function(x1, x2) for feature in FEATURES.values()])
    else:
        dimensions = 1 if plane.y_range is None else 2
        resolution = plane.resolution(MAP_RESOLUTION)
        grid = columns_of(plane.grid(resolution), part.part).T.astype(np.float64)
        values = grid.reshape(-1, *[resolution] * dimensions)
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    return shades(values / np.where(largest > 0, largest, 1.0))
