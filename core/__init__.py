"""A small numerical library: describe a network, train it, look inside, take it away.

The public names are loaded when first asked for, so that `import core` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import exchange, inspect
    from core.crossvalidation import CrossValidation, cross_validate
    from core.data import Dataset, load_dataset
    from core.experiment import (
        DataConfig,
        Dense,
        Experiment,
        NetworkConfig,
        TrainingConfig,
        read_experiment,
    )
    from core.network import Network
    from core.trainer import Trainer

_HOME = {
    "CrossValidation": "core.crossvalidation",
    "DataConfig": "core.experiment",
    "Dataset": "core.data",
    "Dense": "core.experiment",
    "Experiment": "core.experiment",
    "Network": "core.network",
    "NetworkConfig": "core.experiment",
    "Trainer": "core.trainer",
    "TrainingConfig": "core.experiment",
    "cross_validate": "core.crossvalidation",
    "load_dataset": "core.data",
    "read_experiment": "core.experiment",
}

__all__ = [
    "CrossValidation",
    "DataConfig",
    "Dataset",
    "Dense",
    "Experiment",
    "Network",
    "NetworkConfig",
    "Trainer",
    "TrainingConfig",
    "cross_validate",
    "exchange",
    "inspect",
    "load_dataset",
    "read_experiment",
]


def __getattr__(name: str) -> Any:
    if name in ("exchange", "inspect"):
        return import_module(f"core.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
