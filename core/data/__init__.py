"""Data sets: the plane's, the curves, bundled tables and images, and a person's own arrays."""

from core.data.dataset import Dataset as Dataset
from core.data.preprocessing import Preprocessing as Preprocessing
from core.data.registry import DATASETS as DATASETS
from core.data.registry import DRAWINGS as DRAWINGS
from core.data.registry import load_dataset as load_dataset
from core.data.registry import own_table as own_table
from core.data.registry import record_of as record_of
