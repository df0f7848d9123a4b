"""`Experiment`, its parts, and how to read one from text: what a run is made of, as data."""

from core.experiment.config import (
    BOUNDARY,
    DATASET_NAMES,
    DRAWINGS,
    DRAWN,
    FEATURES,
    FORMAT_VERSION,
    LIMITS,
    MOST_LAYERS,
    OPTIONS_OF,
    OWN_NAMES,
    OWN_PICTURES,
    OWN_TABLE,
    SKETCHED,
    DataConfig,
    Dense,
    Experiment,
    NetworkConfig,
    TrainingConfig,
    limits,
)
from core.experiment.fields import Options
from core.experiment.own import OwnTable
from core.experiment.reading import read_experiment

__all__ = [
    "BOUNDARY",
    "DATASET_NAMES",
    "DRAWINGS",
    "DRAWN",
    "FEATURES",
    "FORMAT_VERSION",
    "LIMITS",
    "MOST_LAYERS",
    "OPTIONS_OF",
    "OWN_NAMES",
    "OWN_PICTURES",
    "OWN_TABLE",
    "SKETCHED",
    "DataConfig",
    "Dense",
    "Experiment",
    "NetworkConfig",
    "Options",
    "OwnTable",
    "TrainingConfig",
    "limits",
    "read_experiment",
]
