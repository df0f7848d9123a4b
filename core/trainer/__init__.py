"""Trainer: one run, from its experiment to its weights, in four layers, each in a file.

`state` is what it is, `measuring` looks at it, `travel` changes it and takes it back, `trainer`
takes it on. `backends` says where that is computed.
"""

from core.edits import Edit as Edit
from core.run import Divergence as Divergence
from core.trainer.trainer import Trainer as Trainer
