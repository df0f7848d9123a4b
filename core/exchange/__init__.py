"""Networks in and out of files, experiments in and out of links.

`save(trainer_or_network, path)` and `load(path)` choose the kind of file by its suffix;
`to_bytes` and `from_bytes` do the same in memory. Files carry the weights under the names
`layer_0/weights`, `layer_0/biases` ..., and a JSON text `metadata` with the run (its experiment,
edits and step count), the preprocessing, the names of classes and features, and a `readme` that
says, in NumPy, how the predictions are computed.
"""

from core.exchange.files import SUFFIXES as SUFFIXES
from core.exchange.files import from_bytes as from_bytes
from core.exchange.files import load as load
from core.exchange.files import save as save
from core.exchange.files import to_bytes as to_bytes
