"""The camera: pictures of a trainer at one moment, packed for the browser.

Small networks are drawn whole in every frame. Large ones cost more to draw than to train, so
each part of a picture is renewed only as often as its measured cost allows; what is not renewed
is sent again as it was. At rest every part is exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.data.sparse import columns_of
from core.data.targets import decide
from core.inspect.plane import Plane, plane_of
from core.inspect.report import confusion
from core.trainer import Trainer
from playground.live import samples
from playground.live import scene as scenes
from playground.live.scene import Shown, Window
from playground.live.wire import pack, shades

SHARE = 0.1
"""Most of one thread's time that one part of the pictures may take while a run is playing."""

OUTPUT_RESOLUTION, FEWEST_OUTPUT = 100, 30
MAP_FLOP, OUTPUT_FLOP = 1e9, 4e9
"""Arithmetic that one picture may cost at most; wider networks are drawn coarser."""

CURVE_RESOLUTION = 120
MOST_CURVE_ROWS = 200

Judged = tuple[dict[str, float], dict[str, float], dict[str, float], np.ndarray, np.ndarray, int]


@dataclass
class _Part:
    """A part of the picture, with what it cost and when it may be renewed."""

    value: Any = None
    due: float = 0.0
    step: int = -1

    def get(self, step: int, exact: bool, make: Callable[[], Any]) -> Any:
        """The part as it is, or made anew when it is due, or out of date and `exact` asked."""
        now = time.perf_counter()
        if self.step != step and (exact or now >= self.due):
            self.value = make()
            self.step = step
            done = time.perf_counter()
            self.due = done + (done - now) * (1 / SHARE - 1)
        return self.value


@dataclass
class Camera:
    """Takes a page's pictures. Not thread-safe: its player calls it under its lock.

    hover: (layer, unit) that is enlarged, layer -1 for inputs; probe: a point of the plane.
    starts: the first unit shown, by layer, where a column has more units than are drawn.
    can_evaluate: whether losses can be computed now; until then the last ones are shown, if any.
    """

    trainer: Trainer
    shown: Shown
    version: int = 0
    hover: tuple[int, int] | None = None
    probe: tuple[float, float] | None = None
    starts: dict[int, int] = field(default_factory=dict)
    can_evaluate: bool = True

    def __post_init__(self) -> None:
        self.set_scene()

    def set_scene(self) -> None:
        """Begin anew: other options, another window. What is known of the losses stays so."""
        self.plane: Plane = plane_of(self.trainer.dataset, self._projection())
        self.windows: list[Window] = scenes.windows(self.trainer, self.starts)
        known = getattr(self, "_parts", {})
        self._parts: dict[str, _Part] = {k: part for k, part in known.items() if k == "numbers"}
        self._grids: dict[int, np.ndarray] = {}
        self.forget_hover_if_gone()

    def _projection(self) -> str | tuple[int, int]:
        chosen, n = self.shown.projection, self.trainer.dataset.n_inputs
        return "pca" if isinstance(chosen, str) or max(chosen) >= n else chosen

    def forget_hover_if_gone(self) -> None:
        if self.hover is not None:
            layer, unit = self.hover
            sizes = self.trainer.layout.sizes
            if not (-1 <= layer < len(sizes) - 1 and 0 <= unit < self._hoverable(layer)):
                self.hover = None

    def _hoverable(self, layer: int) -> int:
        is_plane = self.trainer.dataset.kind == "plane"
        return 7 if layer == -1 and is_plane else self.trainer.layout.sizes[layer + 1]

    def scene(self) -> dict[str, Any]:
        parts, version = self.windows, self.version
        return scenes.describe(self.trainer, self.plane, self.shown, parts, version)

    def data(self) -> bytes:
        return scenes.data_message(self.trainer, self.plane, self.windows, self.version)

    def touch(self) -> None:
        """Weights changed without a step: everything is out of date."""
        for part in self._parts.values():
            part.step = -1

    def frame(self, header: dict[str, Any], *, exact: bool, ready: bool) -> bytes:
        """One frame. header: what the player adds; exact: renew everything; ready: kernels are
        compiled (before that only weights and biases are drawn)."""
        arrays = {"weights": self._edges(self._weights()), "biases": self._biases()}
        if ready:
            header = header | self._numbers(exact)
            arrays |= self._pictures(exact)
            header |= self._close_up(arrays, exact)
        return pack({"kind": "frame", "scene": self.version} | header, arrays)

    # -- parts of a picture ------------------------------------------------------------------

    def look_at(self, hover: tuple[int, int] | None) -> None:
        """Enlarge a node, or none."""
        if self.hover is not None and hover != self.hover:
            self._parts.pop("{} {}".format(*self.hover), None)
        self.hover = hover
        self.forget_hover_if_gone()

    def aim(self, point: tuple[float, float] | None) -> None:
        """Choose the point of the plane that is probed, or none."""
        self.probe = point

    def _part(self, name: str, exact: bool, make: Callable[[], Any]) -> Any:
        part = self._parts.setdefault(name, _Part())
        return part.get(self.trainer.step_count, exact, make)

    def _weights(self) -> list[np.ndarray]:
        return self.trainer.layout.views(self.trainer.params)[0]

    def _edges(self, matrices: list[np.ndarray]) -> np.ndarray:
        """The shown edges of every layer, float32, row by row, one layer after the other."""
        pairs = zip(matrices, self.windows, self.windows[1:], strict=False)
        shown = [m[before.part, after.part].ravel() for m, before, after in pairs]
        return np.concatenate(shown).astype(np.float32)

    def _biases(self) -> np.ndarray:
        biases = self.trainer.layout.views(self.trainer.params)[1]
        shown = [b[w.part] for b, w in zip(biases, self.windows[1:], strict=True)]
        return np.concatenate(shown).astype(np.float32)

    def _numbers(self, exact: bool) -> dict[str, Any]:
        if (judged := self._judged(exact)) is None:
            return {}
        train, validation, test, *_ = judged
        name = next(key for key in train if key not in ("loss", "penalty"))
        metric = {"name": name, "train": train[name], "test": test[name]}
        losses = {"train_loss": train["loss"], "test_loss": test["loss"]}
        if validation:
            losses["validation_loss"] = validation["loss"]
        return losses | {"metric": metric, "penalty": train["penalty"]}

    def _judged(self, exact: bool) -> Judged | None:
        """The network's losses and what belongs to them, None as long as none are known."""
        if self.can_evaluate:
            found: Judged = self._part("numbers", exact, self._evaluate)
            return found
        return self._parts["numbers"].value if "numbers" in self._parts else None

    def _evaluate(self) -> Judged:
        """Values of training, validation (empty where there is no such part) and test; the test's
        outputs, their rows, and the step of the weights.
        """
        trainer = self.trainer
        train, test = trainer.estimate("train")[0], trainer.estimate("test")
        held = trainer.history.evaluation_table.with_validation
        validation = trainer.estimate("validation")[0] if held else {}
        return train, validation, *test, trainer.weights_step

    def numbers(self, *, exact: bool = False) -> dict[str, Any] | None:
        """The losses and metric of the last picture, None before the first; of now if exact."""
        return self._numbers(exact) or None if exact or "numbers" in self._parts else None

    def _pictures(self, exact: bool) -> dict[str, np.ndarray]:
        arrays = {"maps": self._part("maps", exact, self._node_maps)}
        arrays |= self._part("output", exact, self._output)
        arrays["loss_curve"] = self._loss_curve(exact)
        if self.trainer.dataset.image_shape is not None:
            arrays["weight_images"] = self._weight_images()
        if self.shown.edges == "gradient":
            gradients = self._part("gradients", exact, lambda: self.trainer.gradients()[0])
            arrays["gradients"] = self._edges(gradients)
        if self.trainer.dataset.kind in samples.KINDS:
            arrays |= self._samples(exact)
        return arrays

    def _grid(self, resolution: int) -> np.ndarray:
        if resolution not in self._grids:
            self._grids[resolution] = self.plane.grid(resolution)
        return self._grids[resolution]

    def _resolution(self, most: int, fewest: int, flop: float) -> int:
        if self.plane.y_range is None:
            return CURVE_RESOLUTION
        if self.plane.films is not None:
            return self.plane.resolution(most)
        affordable = int((flop / (2 * self.trainer.layout.n_parameters)) ** 0.5)
        return min(max(affordable, fewest), most)

    def _shape(self, resolution: int) -> tuple[int, ...]:
        return (resolution,) if self.plane.y_range is None else (resolution, resolution)

    def _node_maps(self) -> np.ndarray:
        """Pictures of the shown hidden and output nodes, uint8 (nodes, R, R) or (nodes, R)."""
        resolution = self._resolution(scenes.MAP_RESOLUTION, 10, MAP_FLOP)
        layers = self.trainer.layer_outputs(self._grid(resolution))
        layers[-1] = self._signed(layers[-1])
        shown = [a[:, w.part].T for a, w in zip(layers, self.windows[1:], strict=True)]
        return shades(np.concatenate(shown)).reshape(-1, *self._shape(resolution))

    def _signed(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs with the range of their colours mapped to -1..1."""
        low, high = scenes.output_range(self.trainer)
        return (outputs - (low + high) / 2) / ((high - low) / 2)

    def _output(self) -> dict[str, np.ndarray]:
        """The output's picture: values, or classes and how sure, or a curve."""
        resolution = self._resolution(OUTPUT_RESOLUTION, FEWEST_OUTPUT, OUTPUT_FLOP)
        outputs = self.trainer.predict(self._grid(resolution))
        if self.plane.y_range is None:
            return {"curve": np.ascontiguousarray(outputs.T)}
        shape = self._shape(resolution)
        if outputs.shape[1] == 1 or self.trainer.dataset.task == "regression":
            return {"output": shades(self._signed(outputs[:, 0])).reshape(shape)}
        classes = np.nan_to_num(outputs).argmax(axis=1)
        return {
            "classes": classes.astype(np.uint8).reshape(shape),
            "confidence": self._confidence(outputs).reshape(shape),
        }

    def _confidence(self, outputs: np.ndarray) -> np.ndarray:
        """How sure each point is of its class, uint8 0..254, 255 not finite."""
        low, high = scenes.output_range(self.trainer)
        best = (outputs.max(axis=1) - low) / (high - low)
        return shades(2 * np.clip(best, 0, 1) - 1 + 0 * outputs.sum(axis=1))

    def _loss_curve(self, exact: bool) -> np.ndarray:
        """Steps with training and test loss, float32 (rows, 3), or (rows, 4) with the validation
        loss where there is such a part: history's, and the ones just shown.
        """
        table = self.trainer.history.evaluation_table
        names = [f"{part}_loss" for part in ("train", "test", "validation")]
        shown = [0, *(table.columns.index(name) for name in names if name in table.columns)]
        rows = table.filled[samples.thinned(table.count, MOST_CURVE_ROWS)][:, shown]
        if (judged := self._judged(exact)) is not None:
            train, validation, test, *_, step = judged
            if len(rows) and step > rows[-1, 0]:
                losses = [part["loss"] for part in (train, test, validation) if part]
                rows = np.append(rows, [[step, *losses]], axis=0)
        return rows.astype(np.float32)

    def _weight_images(self) -> np.ndarray:
        """First-layer weights of the shown neurons as pictures, uint8 (nodes, height, width)."""
        shape = self.trainer.dataset.image_shape
        assert shape is not None
        shown = self._weights()[0][:, self.windows[1].part].T
        shown = shown.reshape(len(shown), shape[0] * shape[1], -1).sum(axis=2)  # of all colours
        largest = np.abs(shown).max(axis=1, keepdims=True)
        return shades(shown / np.where(largest > 0, largest, 1)).reshape(-1, *shape[:2])

    def _samples(self, exact: bool) -> dict[str, np.ndarray]:
        """The shown test samples' outputs, and the confusion of the whole test set."""
        judged, data = self._judged(exact), self.trainer.dataset
        arrays = {"probabilities": self._part("samples", exact, self._sample_outputs)}
        if data.task == "classification" and judged is not None:
            *_, outputs, rows, _ = judged
            guesses = decide(outputs, self.trainer.experiment.training.loss)
            counts = confusion(data.y_test[rows], guesses, data.n_classes)
            arrays["confusion"] = counts.astype(np.int32)
        return arrays

    def _sample_outputs(self) -> np.ndarray:
        X = self.trainer.dataset.X_test[samples.rows(self.trainer.dataset)]
        outputs, data = self.trainer.predict(X), self.trainer.dataset
        if data.task == "classification":
            return outputs
        return data.preprocessing.values(outputs).astype(np.float32)

    # -- close-ups -----------------------------------------------------------------------------

    def _close_up(self, arrays: dict[str, np.ndarray], exact: bool) -> dict[str, Any]:
        """The enlarged node and the probed point; adds the picture to `arrays`."""
        header: dict[str, Any] = {"hover": None, "probe": None}
        if self.hover is not None:
            layer, unit = self.hover
            part = f"{layer} {unit}"
            arrays["big"], span = self._part(part, exact, lambda: self._enlarged(layer, unit))
            header["hover"] = {"layer": layer, "unit": unit, "value_range": list(span)}
        if self.probe is not None:
            header["probe"] = self._probed(self.probe)
        return header

    def _enlarged(self, layer: int, unit: int) -> tuple[np.ndarray, tuple[float, float]]:
        resolution = self._resolution(OUTPUT_RESOLUTION, FEWEST_OUTPUT, OUTPUT_FLOP)
        shape = self._shape(resolution)
        if layer == -1:
            values = self._input_values(unit, resolution)
            span = float(np.abs(values).max()) or 1.0
        else:
            outputs = self.trainer.layer_outputs(self._grid(resolution))
            values, span = outputs[layer][:, unit], 1.0
            if layer == len(self.trainer.layout.sizes) - 2:
                ends = scenes.range_in_units(self.trainer, unit)
                return self._drawn(self._signed(values), shape), ends
        return self._drawn(values / span, shape), (-span, span)

    def _drawn(self, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        is_line = self.plane.y_range is None
        return values.astype(np.float32) if is_line else shades(values).reshape(shape)

    def _input_values(self, unit: int, resolution: int) -> np.ndarray:
        if self.trainer.dataset.kind != "plane":
            return columns_of(self._grid(resolution), slice(unit, unit + 1))[:, 0]
        from core.data.features import FEATURES

        x = np.linspace(*self.plane.x_range, resolution)
        x1, x2 = np.meshgrid(x, x[::-1])
        return list(FEATURES.values())[unit].function(x1, x2).ravel()

    def _probed(self, point: tuple[float, float]) -> dict[str, Any]:
        is_line = self.plane.y_range is None
        place = np.array([point[:1] if is_line else point], np.float64)
        inputs = self.plane.inputs_of(place)
        outputs = self.trainer.predict(inputs)
        data = self.trainer.dataset
        named = None
        if data.task == "classification":
            named = data.class_names[int(decide(outputs, self.trainer.experiment.training.loss)[0])]
        elif self.plane.films is None:
            outputs = data.preprocessing.values(outputs)  # in a standardized target's own units
        found = {"x": place[0].tolist(), "outputs": outputs[0].tolist(), "class": named}
        return found | self._probed_pair(place, outputs)

    def _probed_pair(self, place: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        """Of ratings, who and what is probed, and the predicted stars."""
        films = self.plane.films
        if films is None:
            return {}
        person, film = films.pairs_at(place)[0].tolist()
        stars = float(films.how.values(outputs)[0, 0])
        return {"pair": samples.pair_named(self.trainer.dataset, person, film), "stars": stars}
