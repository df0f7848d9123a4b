"""Data sets: the plane's, the curves, bundled tables and images, and a person's own arrays."""

from core.data.dataset import Dataset as Dataset
from core.data.preprocessing import Preprocessing as Preprocessing
