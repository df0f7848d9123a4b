"""Network: the weights of a multilayer perceptron, and what it makes of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.preprocessing import Identity, Preprocessing
from core.data.sparse import sparse_rows
from core.data.targets import read_targets
from core.edits import Edit
from core.engine.layout import Layout
from core.experiment import Experiment, NetworkConfig
from core.maths.activations import SOFTMAX
from core.maths.losses import LOSSES
from core.maths.normalizations import MOVING_VARIANCE, NORMALIZATIONS
from core.maths.registry import get, shown
from core.refusals import Refusal
from core.run import Run

Floats = NDArray[np.float32]


class Network:
    """An immutable snapshot of a network: its config, its parameters, and where they come from.

    config: the NetworkConfig as given. output_activation: the activation that its "auto" stands
    for. preprocessing: makes the network's inputs of raw columns, `preprocessing.transform(raw)`.
    experiment: what its run began with, None if not known; run: that and all that happened since,
    see `Run`, None if not known; class_names and feature_names: (), if not known.
    A Trainer makes them as well.
    """

    def __init__(
        self,
        config: NetworkConfig,
        layout: Layout,
        params: Floats,
        *,
        preprocessing: Preprocessing | None = None,
        experiment: Experiment | None = None,
        run: Run | None = None,
        class_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.config = config
        self.layout = layout
        self.params = params.copy()
        self.params.flags.writeable = False
        self.preprocessing = Identity() if preprocessing is None else preprocessing
        self.experiment = experiment if run is None else run.experiment
        self.run = run
        self.class_names = tuple(class_names or ())
        self.feature_names = tuple(feature_names or ())

    @classmethod
    def from_arrays(
        cls,
        config: NetworkConfig,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        normalizations: Sequence[Mapping[str, ArrayLike] | None] = (),
        *,
        preprocessing: Preprocessing | None = None,
        experiment: Experiment | None = None,
        run: Run | None = None,
        class_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> Network:
        """Build a network of arrays, which are copied.

        weights: (inputs, units) for each layer, biases: (units,); the last pair is the output
        layer. With `config.output_activation` "auto", the activation is the one that the
        experiment's loss asks for; without an experiment `loss_and_gradients` follows its loss,
        and `predict` takes sigmoid for one output and softmax for more.
        normalizations: for each hidden layer gamma, beta, moving_mean and moving_variance,
        (units,), by name, as far as it has them (see `core.maths.normalizations`); what is left out
        is 1, 0, 0 and 1. Raises ValueError naming the first array whose shape does not fit.
        """
        experiment = experiment if run is None else run.experiment
        W = [_float32(array, f"weights[{layer}]") for layer, array in enumerate(weights)]
        b = [_float32(array, f"biases[{layer}]") for layer, array in enumerate(biases)]
        _check_layers(config, W, b)
        layout = Layout.of(
            len(W[0]), config, len(b[-1]), _output_activation(config, experiment, len(b[-1]))
        )
        params = np.zeros(layout.n_numbers, np.float32)
        for views, arrays in zip(layout.views(params), (W, b), strict=True):
            for view, array in zip(views, arrays, strict=True):
                view[...] = array
        _fill_normalizations(layout, params, normalizations)
        return cls(
            config,
            layout,
            params,
            preprocessing=preprocessing,
            experiment=experiment,
            run=run,
            class_names=class_names,
            feature_names=feature_names,
        )

    @property
    def weights(self) -> list[Floats]:
        """Weights of every layer, hidden ones first: float32 (inputs, units), not writable."""
        return self.layout.views(self.params)[0]

    @property
    def biases(self) -> list[Floats]:
        """Biases of every layer, hidden ones first: float32 (units,), not writable."""
        return self.layout.views(self.params)[1]

    @property
    def normalizations(self) -> list[dict[str, Floats]]:
        """gamma, beta, moving_mean and moving_variance of every layer, as far as it has them.

        float32 (units,) by name, not writable; {} for a layer without normalization.
        """
        return self.layout.normalization_views(self.params)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of the run that made it, as far as they are known."""
        return (self.run.edits or ()) if self.run else ()

    @property
    def step_count(self) -> int | None:
        """The step of its run at which it was taken; None if not known."""
        return self.run.step_count if self.run else None

    @property
    def experiment_now(self) -> Experiment | None:
        """The experiment with the settings as they stood when it was taken; None if not known."""
        return self.run.experiment_now if self.run else self.experiment

    @property
    def output_activation(self) -> str:
        """The output layer's activation, never "auto"."""
        return self.layout.output_activation

    @property
    def n_inputs(self) -> int:
        return self.layout.n_inputs

    @property
    def n_outputs(self) -> int:
        return self.layout.n_outputs

    @property
    def n_parameters(self) -> int:
        """How many numbers training learns; running statistics are not among them."""
        return self.layout.n_parameters

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.layout.sizes))
        return f"Network({sizes}, {', '.join(self.layout.activations)})"

    def predict(self, X: ArrayLike) -> Floats:
        """The output activations: float32 (n_samples, n_outputs), probabilities or values.

        X: numbers (n_samples, n_inputs), as the network is fed (see `preprocessing`); sparse, too.
        Raises ValueError if the shape does not fit or a number is not finite.
        """
        from core.engine import cpu

        return cpu.predict(self.layout, self.params, self._inputs(X))

    def layer_outputs(self, X: ArrayLike) -> list[Floats]:
        """Activations of every layer, hidden ones first: float32 (n_samples, units) each.

        X as for `predict`. Dropout is off; layers normalized over batches use running statistics.
        """
        from core.engine import cpu

        return cpu.layer_outputs(self.layout, self.params, self._inputs(X))

    def loss_and_gradients(
        self, X: ArrayLike, y: ArrayLike, loss: str | None = None
    ) -> tuple[float, list[Floats], list[Floats]]:
        """Mean loss, and its gradients: (loss, [dW ...], [db ...]), shaped like weights and biases.

        y: (n_samples, n_outputs), one-hot for classes; or class numbers or values (n_samples,);
        for the hinges -1/+1, or 0/1, which is mapped. loss: the experiment's if left out.
        Dropout is off; no penalty is added. Layers normalized over batches use their running
        statistics, constants that make it a mean over samples: a training step, whose batch
        normalizes itself, has other gradients. Raises ValueError if shapes or numbers do not fit.
        """
        from core.engine import cpu

        X, Y, loss, layout = self.prepared(X, y, loss)
        value, gradient = cpu.loss_and_gradients(layout, self.params, X, Y, loss)
        return value, *layout.views(gradient)

    def normalization_gradients(
        self, X: ArrayLike, y: ArrayLike, loss: str | None = None
    ) -> list[dict[str, Floats]]:
        """Gradients of gamma and beta, (units,) by name, for every layer; {} for one without.

        They go with those of `loss_and_gradients`, and so do the arguments and errors.
        """
        from core.engine import cpu

        X, Y, loss, layout = self.prepared(X, y, loss)
        return layout.normalization_views(
            cpu.loss_and_gradients(layout, self.params, X, Y, loss)[1]
        )

    def prepared(
        self, X: ArrayLike, y: ArrayLike, loss: str | None = None
    ) -> tuple[Floats, Floats, str, Layout]:
        """Inputs, targets as the loss compares them, its name, and the layout that goes with it.

        The layout's output activation follows the loss where the config leaves it open. Arguments
        and errors are those of `loss_and_gradients`.
        """
        if loss is None:
            loss = self.experiment.training.loss if self.experiment else _loss_of(self.layout)
        get(LOSSES, loss, "loss")
        X = self._inputs(X)
        Y = read_targets(y, self.n_outputs, loss)
        if len(X) != len(Y) or not len(X):
            raise Refusal(
                "X and y must hold the same number of samples, at least one; got {rows} and "
                "{values}.",
                rows=len(X),
                values=len(Y),
            )
        layout = self.layout
        if self.config.output_activation == "auto" and self.experiment is None:
            following = LOSSES[loss].output_activation
            layout = replace(layout, activations=(*layout.activations[:-1], following))
        return X, Y, loss, layout

    def _inputs(self, X: ArrayLike) -> Floats:
        array: Any = _float32(X, "X") if (rows := sparse_rows(X)) is None else rows
        if len(array.shape) != 2 or array.shape[1] != self.n_inputs:
            raise Refusal(
                "X must be (n_samples, {count}), a row for each sample; got shape {shape}.",
                count=self.n_inputs,
                shape=str(array.shape),
            )
        if not np.isfinite(array if rows is None else rows.values).all():
            raise Refusal("X holds a value that is not a finite float32 number.")
        return array


def _float32(values: ArrayLike, name: str) -> Floats:
    """Numbers as a C-contiguous float32 array."""
    try:
        with np.errstate(over="ignore"):  # inf is refused later, in words
            return np.ascontiguousarray(np.asarray(values), dtype=np.float32)
    except (TypeError, ValueError):
        raise Refusal("{array} must be plain numbers, all rows alike.", array=name) from None


def _check_layers(config: NetworkConfig, W: list[Floats], b: list[Floats]) -> None:
    n_layers = len(config.layers) + 1
    if len(W) != n_layers or len(b) != n_layers:
        raise Refusal(
            "The config has {hidden} hidden layers and an output layer, so there must be "
            "{wanted} weights and biases; got {weights} and {biases}.",
            hidden=n_layers - 1,
            wanted=n_layers,
            weights=len(W),
            biases=len(b),
        )
    inputs = W[0].shape[0] if W[0].ndim == 2 else 0
    if not inputs:
        raise Refusal(
            "weights[0] must be (inputs, units); got shape {shape}.", shape=str(W[0].shape)
        )
    outputs = b[-1].shape[0] if b[-1].ndim == 1 else 0
    if not outputs:
        raise Refusal(
            "biases[{layer}] must be (units,); got shape {shape}.",
            layer=n_layers - 1,
            shape=str(b[-1].shape),
        )
    for layer, units in enumerate([*(hidden.units for hidden in config.layers), outputs]):
        for name, array, right in (
            ("weights", W[layer], (inputs, units)),
            ("biases", b[layer], (units,)),
        ):
            if array.shape != right:
                raise Refusal(
                    "{array}[{layer}] must have shape {wanted} to fit the config and the layer "
                    "before it; got {shape}.",
                    array=name,
                    layer=layer,
                    wanted=str(right),
                    shape=str(array.shape),
                )
        inputs = units


def _fill_normalizations(
    layout: Layout, params: Floats, given: Sequence[Mapping[str, ArrayLike] | None]
) -> None:
    """Write gamma, beta and statistics, as given or as they start, into a flat buffer."""
    views = layout.normalization_views(params)
    if len(given) > len(views):
        raise Refusal(
            "normalizations has {count} entries for {layers} layers.",
            count=len(given),
            layers=len(views),
        )
    for layer, (name, arrays) in enumerate(zip(layout.normalizations, views, strict=True)):
        own = (given[layer] if layer < len(given) else None) or {}
        for part in own:
            if part not in arrays:
                raise Refusal(
                    "normalizations[{layer}] has {part}, which a layer with normalization {name} "
                    "has not.",
                    layer=layer,
                    part=shown(part),
                    name=repr(name),
                )
        for part, view in arrays.items():
            view[:] = NORMALIZATIONS[name].arrays[part]
            if part in own:
                view[:] = _vector(own[part], f"normalizations[{layer}][{part!r}]", view.shape)
            if part == MOVING_VARIANCE and view.min() < 0:
                raise Refusal(
                    "The array {name} holds variances below 0.",
                    name=repr(f"normalizations[{layer}][{part!r}]"),
                )


def _vector(values: ArrayLike, name: str, wanted: tuple[int, ...]) -> Floats:
    array = _float32(values, name)
    if array.shape != wanted:
        raise Refusal(
            "{array} must have shape {wanted}; got {shape}.",
            array=name,
            wanted=str(wanted),
            shape=str(array.shape),
        )
    return array


def _output_activation(config: NetworkConfig, experiment: Experiment | None, n_outputs: int) -> str:
    if config.output_activation != "auto":
        return config.output_activation
    if experiment is not None:
        return LOSSES[experiment.training.loss].output_activation
    return "sigmoid" if n_outputs == 1 else SOFTMAX


def _loss_of(layout: Layout) -> str:
    """The loss that an output activation suggests, for a network that comes without experiment."""
    fitting = (
        n for n, loss in LOSSES.items() if loss.difference_behind == layout.output_activation
    )
    return next(fitting, "mean_squared_error")
