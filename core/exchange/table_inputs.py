"""A table's raw rows to a network's inputs, in NumPy alone.

Files of networks that learnt from tables carry this text, so it imports nothing of the project.
"""

import datetime
import math
import re

import numpy as np


def table_inputs(steps, rows):
    """Inputs, float64 (n_samples, n_inputs), of rows: dicts by column name, or lists in order."""
    columns = [step["column"] for step in steps]
    rows = [row if isinstance(row, dict) else dict(zip(columns, row, strict=True)) for row in rows]
    made = [[STEPS[step["kind"]](step, row.get(step["column"])) for step in steps] for row in rows]
    return np.array([[x for part in parts for x in part] for parts in made], dtype=np.float64)


def number_inputs(step, value):
    number = as_number(value)
    missing = [float(math.isnan(number))] if step["indicator"] else []
    return [scaled(step["scaling"], number), *missing]


def category_inputs(step, value):
    text = as_text(value)
    text = step["fill"] if text is None else text
    known = [float(text == category) for category in step["categories"]]
    return [*known, float(not any(known))] if step["other"] else known


def date_inputs(step, value):
    date = as_date(value)
    parts = [scaled(part["scaling"], part_of(date, part["part"])) for part in step["parts"]]
    return [*parts, float(date is None)] if step["indicator"] else parts


def text_inputs(step, value):
    """A bag of words, hashed or weighted by idf, of length 1."""
    text = (as_text(value) or "").lower()
    if step["tokens"] == "characters":
        text = re.sub(r"\s\s+", " ", text)
        tokens = [*text, *(text[at : at + 2] for at in range(len(text) - 1))]
    else:
        tokens = re.findall(r"\b\w\w+\b", text)
    bag = np.zeros(step["size"])
    places = {word: place for place, word in enumerate(step["words"])}
    for token in tokens:
        if not places:
            hashed = murmur3(token.encode())
            bag[abs(hashed) % len(bag)] += 1.0 if hashed >= 0 else -1.0
        elif token in places:
            bag[places[token]] += step["idf"][places[token]]
    return list(bag / (np.linalg.norm(bag) or 1.0))


STEPS = {
    "number": number_inputs,
    "category": category_inputs,
    "date": date_inputs,
    "text": text_inputs,
}


def scaled(scaling, number):
    number = scaling["fill"] if math.isnan(number) else number
    return min(max((number - scaling["shift"]) / scaling["scale"], -3.4028234e38), 3.4028234e38)


def as_number(value):
    """A float, nan where it is missing or not finite."""
    if isinstance(value, str):
        text = value.strip()
        value = {"": math.nan, "true": 1.0, "false": 0.0}.get(text.lower(), text)
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def as_text(value):
    """A text, None where it is missing; 3.0 is "3"."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value == math.floor(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_date(value):
    """A datetime in UTC, without a time zone; None where it is missing. Texts are ISO 8601."""
    if value is None:
        return None
    if not isinstance(value, datetime.date):
        value = datetime.datetime.fromisoformat(str(value).strip())
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value


def part_of(date, part):
    if date is None:
        return math.nan
    if part == "days":
        return (date - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
    if part == "hour":
        return date.hour + date.minute / 60.0 + date.second / 3600.0
    return float(date.weekday() if part == "weekday" else getattr(date, part))


def murmur3(data):
    """Appleby's MurmurHash3 of bytes, 32 bits with a sign, seed 0."""
    mask, hashed, whole = 0xFFFFFFFF, 0, len(data) - len(data) % 4
    for start in range(0, len(data), 4):
        k = int.from_bytes(data[start : start + 4], "little") * 0xCC9E2D51 & mask
        k = (k << 15 | k >> 17) * 0x1B873593 & mask
        hashed ^= k
        if start < whole:
            hashed = ((hashed << 13 | hashed >> 19) & mask) * 5 + 0xE6546B64 & mask
    hashed ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashed = (hashed ^ hashed >> shift) * factor & mask
    hashed ^= hashed >> 16
    return hashed - (1 << 32) if hashed >= 1 << 31 else hashed
