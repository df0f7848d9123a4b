"""How many pictures are taken, and how large, whoever sends them: memory and time follow."""

from __future__ import annotations

MAX_BYTES = 200 << 20  # of all files together, as they come
MAX_UNPACKED = 1 << 30  # of what an archive declares to hold
MAX_ENTRIES = 100_000  # of an archive
MAX_PICTURES = 50_000
MAX_FILE = 32 << 20  # bytes of one picture
MAX_PIXELS = 50_000_000  # of one picture: four bytes each while it is decoded
MAX_ALL_PIXELS = 4_000_000_000  # of all of them: a minute of decoding
MAX_LOOKED_AT = 100_000_000  # pixels that are decoded for a suggestion: two seconds
MAX_INPUT_BYTES = 1 << 30  # of all inputs, float32
MAX_LABELS = 8 << 20  # bytes of the file of labels
MAX_CLASSES = 1000
LONGEST_NAME = 120  # characters of a class
SIDES = (8, 64)  # the fewest and the most pixels of a picture as a network sees it
