"""A spoken vowel: from a recording to the measures of the vowel data, and what is no recording."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter, resample_poly

from core import Trainer
from core.data.voice import KEPT, MAX_BYTES, log_areas, vowel_measures
from core.presets import PRESETS
from core.refusals import Refusal
from tests.test_data import value_or_sentence
from tests.test_try_it import opened, said, texts

FORMANTS = {  # hertz: Deterding 1997, men's
    "heed": (285, 2373, 3088, 3600),
    "hid": (356, 2098, 2696, 3500),
    "head": (569, 1965, 2636, 3500),
    "had": (748, 1746, 2460, 3500),
    "hud": (677, 1083, 2540, 3400),
    "hard": (722, 1236, 2537, 3400),
    "hod": (599, 891, 2605, 3400),
    "hoard": (449, 737, 2635, 3400),
    "hood": (376, 950, 2440, 3300),
    "who'd": (309, 939, 2320, 3300),
    "heard": (581, 1381, 2436, 3400),
}
BANDS = (60, 90, 120, 170)  # how wide they are


def spoken(name: str, rate: int = 16_000, seconds: float = 0.6) -> np.ndarray:
    """A vowel made of pulses through resonances, with silence around it."""
    pulses = np.zeros(int(rate * seconds))
    pulses[:: rate // 120] = 1.0
    sound = lfilter([1, -0.95], np.convolve([1, -0.98], [1, -0.9]), pulses)
    for frequency, band in zip(FORMANTS[name], BANDS, strict=True):
        r, angle = np.exp(-np.pi * band / rate), 2 * np.pi * frequency / rate
        sound = lfilter([1], [1, -2 * r * np.cos(angle), r * r], sound)
    return np.pad(0.5 * sound / np.abs(sound).max(), rate // 4)


def recorded(sound: np.ndarray, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.repeat((sound * 32767).astype("<i2"), channels).tobytes())
    return stream.getvalue()


def test_the_ratios_are_those_of_the_tube_that_made_the_sound() -> None:
    """Noise through an all-pole filter of known reflection coefficients, built up step by step."""
    reflection = np.array([-0.9, 0.7, -0.3, 0.4, 0.1, -0.2, 0.3, -0.1, 0.05, 0.2])
    a = np.array([1.0])
    for k in reflection:
        a = np.append(a, 0.0) + k * np.append(a, 0.0)[::-1]
    noise = np.random.default_rng(1).normal(size=200_000)
    found = log_areas(lfilter([1.0], a, noise))
    np.testing.assert_allclose(found, np.log((1 + reflection) / (1 - reflection)), atol=0.05)


@pytest.fixture(scope="module")
def learnt() -> Trainer:
    trainer = Trainer(PRESETS["vowel"].experiment)
    trainer.epoch(PRESETS["vowel"].epochs)
    return trainer


def test_made_vowels_are_told_by_what_people_spoke(learnt: Trainer) -> None:
    """All are among the first two at this writing; by chance, two or three would be."""
    network, names = learnt.network, learnt.dataset.class_names
    measures = np.array([vowel_measures(recorded(spoken(name))) for name in FORMANTS])
    assert measures.shape == (11, len(KEPT))
    answers = network.predict(network.preprocessing.transform(measures))
    ranks = [
        int((row > row[names.index(name)]).sum())
        for name, row in zip(FORMANTS, answers, strict=True)
    ]
    assert sum(rank < 2 for rank in ranks) >= 9


def test_rate_and_channels_of_the_recording_make_little_difference() -> None:
    sound = spoken("heed", 48_000)
    fine = vowel_measures(recorded(sound, 48_000, channels=2))
    for factor in (2, 3):
        coarse = resample_poly(sound, 1, factor)
        found = vowel_measures(recorded(coarse, 48_000 // factor))
        assert np.abs(found - fine).max() < 0.3


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        (b"", "no whole WAV file"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "no whole WAV file"),
        (recorded(np.zeros(100)), "too short"),
        (recorded(np.zeros(16_000)), "Nothing is heard"),
        (recorded(spoken("heed", seconds=0.02)), "too short"),
        (recorded(spoken("heed"), width=1), "has 8 bits and 16000 samples"),
        (recorded(spoken("heed"), rate=4000), "16 bits and 4000 samples"),
        (bytes(MAX_BYTES + 1), "more than 8 MB"),
    ],
)
def test_a_recording_that_is_none_is_a_sentence(recording: bytes, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        vowel_measures(recording)


WHOLE = recorded(spoken("heed", 8000, 0.3), 8000)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6),
    st.integers(20, len(WHOLE)),
)
def test_spoilt_recordings_are_read_or_refused_in_words(
    changes: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    made = value_or_sentence(lambda: vowel_measures(bytes(data[:end])))
    assert made.endswith((".", "?")) if isinstance(made, str) else np.isfinite(made).all()


def test_a_vowel_of_ones_own_is_told_and_called_a_rough_match(learnt: Trainer) -> None:
    app = opened(learnt)
    assert "A rough match" in texts(app)
    app.audio_input[0].upload("vowel.wav", recorded(spoken("heed")), "audio/wav")
    app.run()
    assert not app.exception
    assert not app.number_input
    assert said(app) == "heed"
    app.audio_input[0].upload("vowel.wav", b"hello", "audio/wav")
    app.run()
    assert "no whole WAV file" in texts(app)
