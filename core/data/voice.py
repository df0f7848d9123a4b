"""A spoken vowel to the measures that the vowel data have: log area ratios of linear prediction.

Deterding (1989) sampled at 10 kHz, took frames of 512 samples from the steady part of the vowel
under a Hamming window, and analysed them by linear prediction of order 10. The same is done here;
another microphone, room and way of choosing the steady part make it a rough match nevertheless.
"""

from __future__ import annotations

import io
import math
import struct
import wave

import numpy as np
from numpy.typing import NDArray

from core.refusals import Refusal

Floats = NDArray[np.float64]

RATE = 10_000  # samples a second
FRAME, HOP, ORDER = 512, 128, 10
MOST_FRAMES = 6  # that are averaged: the data have six of each vowel
KEPT = (0, *range(2, ORDER))
"""The ratios that the data hold: the second is not in this copy, see `bundled`."""

NOISE = 3e-4
"""Share of noise that is added: recordings are cleaner today. Of eleven vowels made of formants the
preset's network tells seven with it, the others second; without it, four are not among the first
two."""

MAX_BYTES = 8 << 20  # of a recording
LONGEST = 20  # seconds of it that are looked at
RATES = (8000, 192_000)  # samples a second that a recording may have
QUIET = 0.003  # root mean square, of 1, below which there is only noise
STEADY = 0.25  # share of the loudest frame's power that a vowel's frames have


def vowel_measures(recording: bytes) -> Floats:
    """Measures of a vowel held in a recording, in the order of the vowel data's columns, (9,).

    recording: a WAV file of 16 bits. Raises ValueError if it is none, or no vowel is in it.
    """
    samples = _at_rate(*_read(recording))
    frames = _steady(samples)
    ratios = np.array([log_areas(frame * np.hamming(FRAME), NOISE) for frame in frames])
    return ratios.mean(axis=0)[list(KEPT)]


def log_areas(frame: Floats, noise: float = 1e-9) -> Floats:
    """Log area ratios ln((1 + k) / (1 - k)) of the reflection coefficients k, (ORDER,).

    frame: (n,), under its window. noise: power of white noise to be added, as a share of the
    frame's; some keeps k of a pure tone from being 1. By Levinson's and Durbin's recursion.
    """
    r = np.array([frame[: len(frame) - lag] @ frame[lag:] for lag in range(ORDER + 1)])
    r[0] = r[0] * (1.0 + noise) + 1e-12
    a, error = np.zeros(ORDER + 1), r[0]
    a[0] = 1.0
    reflection = np.empty(ORDER)
    for m in range(1, ORDER + 1):
        k = -(a[:m] @ r[m:0:-1]) / error
        a[: m + 1] += k * a[: m + 1][::-1]
        error *= 1.0 - k * k
        reflection[m - 1] = k
    return np.log((1.0 + reflection) / (1.0 - reflection))


def _read(recording: bytes) -> tuple[Floats, int]:
    """Samples of a WAV file, -1 to 1, its channels averaged, and how many there are a second."""
    if len(recording) > MAX_BYTES:
        raise Refusal("The recording has more than {most} MB.", most=MAX_BYTES >> 20)
    try:
        with wave.open(io.BytesIO(recording)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            if width == 2 and RATES[0] <= rate <= RATES[1]:
                data = file.readframes(min(file.getnframes(), LONGEST * rate))
    except (wave.Error, EOFError, struct.error, ValueError, RuntimeError, OSError):
        raise Refusal("The recording is no whole WAV file.") from None
    if width != 2 or not RATES[0] <= rate <= RATES[1]:
        raise Refusal(
            "The recording has {bits} bits and {rate} samples a second; 16 bits and {low} to "
            "{high} samples a second are read.",
            bits=8 * width,
            rate=rate,
            low=RATES[0],
            high=RATES[1],
        )
    whole = len(data) // (2 * channels) * channels
    samples = np.frombuffer(data, "<i2", count=whole).reshape(-1, channels)
    return samples.mean(axis=1) / 32768.0, rate


def _at_rate(samples: Floats, rate: int) -> Floats:
    """The same sound at RATE samples a second."""
    from scipy.signal import resample_poly

    if rate == RATE or not len(samples):
        return samples
    common = math.gcd(rate, RATE)
    return np.asarray(resample_poly(samples, RATE // common, rate // common))


def _steady(samples: Floats) -> Floats:
    """Frames from the middle of the longest loud part, (n, FRAME)."""
    if len(samples) < FRAME:
        raise Refusal("The recording is too short: hold the vowel for half a second.")
    starts = np.arange(0, len(samples) - FRAME + 1, HOP)
    frames = samples[starts[:, None] + np.arange(FRAME)]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = (frames**2).mean(axis=1)
    if math.sqrt(power.max()) < QUIET:
        raise Refusal("Nothing is heard in the recording: is the right microphone chosen?")
    first, length = _longest(power >= STEADY * power.max())
    if length < MOST_FRAMES:
        raise Refusal("The recording is too short: hold the vowel for half a second.")
    middle = first + (length - MOST_FRAMES) // 2
    return frames[middle : middle + MOST_FRAMES]


def _longest(loud: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest run of True begins, and how long it is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    first, beyond = edges[::2], edges[1::2]
    longest = int(np.argmax(beyond - first))
    return int(first[longest]), int(beyond[longest] - first[longest])
