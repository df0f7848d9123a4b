"""Augmentation on the page: what there is to set for which data, and what it does, shown."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
from PIL import Image

from core.data import Dataset
from core.experiment import DataConfig, Experiment, TrainingConfig
from core.trainer import Trainer
from playground import changes, link
from playground.settings import Settings
from tests.apptest import labels, opened_page, said, session, sound, trained
from tests.test_views import draw

IMAGE = {"Shift (pixels)", "Rotation (degrees)", "Zoom", "Cut-out (pixels)"}
ANY = {"Input noise", "Mixup"}


def pictures(page: object) -> list[str]:
    """The addresses of the images before, then after."""
    found = [item.proto.body for item in page.get("html")]  # type: ignore[attr-defined]
    (grid,) = [body for body in found if 'class="before-and-after"' in body]
    return re.findall(r'src="([^"]+)"', grid)


def width_of(address: str) -> int:
    return Image.open(BytesIO(base64.b64decode(address.partition(",")[2]))).width


def test_images_are_changed_at_once_and_shown_before_and_after() -> None:
    page = opened_page(dataset="digits", n_samples="60")
    assert labels(page.number_input) >= IMAGE | ANY
    assert "Augmentation" in labels(page.expander)
    run = trained(page)
    sound(page.number_input(key="rotation").set_value(30.0).run())
    assert page.query_params["rotation"] == "30"
    assert "Rotation (degrees) is now 30, from step 30 on." in said(page)
    assert "Samples of step 31:" in said(page)
    assert "Augmentation: 1 on" in labels(page.expander)
    shown = pictures(page)
    assert len(set(shown)) == 12
    assert {width_of(each) for each in shown} == {8}  # the browser enlarges it
    sound(page.number_input(key="mixup").set_value(0.5).run())
    assert pictures(page)[:6] == shown[:6]
    assert not set(pictures(page)) & set(shown[6:])
    with run.trainer() as trainer:
        assert trainer.step_count == 30
        assert (trainer.training.rotation, trainer.training.mixup) == (30.0, 0.5)


def test_images_in_colour_are_shown_too() -> None:
    X = np.random.default_rng(0).uniform(size=(9, 5 * 4 * 3))
    data = Dataset.from_arrays(X, np.arange(9) % 2, image_shape=(5, 4, 3))
    training = TrainingConfig(batch_size=4, rotation=20.0, cutout=2)
    page = draw("augmented", Trainer(Experiment(training=training), dataset=data))
    assert len(set(pictures(page))) == 8


def test_of_tables_one_sample_is_shown() -> None:
    page = opened_page(dataset="iris", mixup="0.5", input_noise="0.1")
    assert not labels(page.number_input) & IMAGE
    assert labels(page.number_input) >= ANY
    assert re.search(r"It keeps \d+% of itself; \d+% is of sample \d+\.", said(page))
    assert re.search(r"Target: \d+% \w+ \+ \d+% \w+", said(page))
    (table,) = [frame.value for frame in page.dataframe if "Mixed with" in frame.value]
    assert list(table.columns) == ["", "Before", "Mixed with", "After"]
    assert len(table) == 4
    sound(page.selectbox(key="loss").set_value("hinge").run())
    assert "Mixup" not in labels(page.number_input)
    assert session(page).experiment.training.mixup == 0.0


def test_what_does_not_fit_is_left_out_and_named() -> None:
    experiment, _, problems = link.read({"rotation": "5", "mixup": "0.3", "loss": "hinge"})
    assert (experiment.training.rotation, experiment.training.mixup) == (0.0, 0.0)
    assert ["images" in problems[0], "hinge" in problems[1]] == [True, True]
    every = TrainingConfig("categorical_crossentropy", rotation=5.0, cutout=2, mixup=0.3)
    digits = Experiment(DataConfig("digits"), training=every)
    assert link.read(link.write(digits, Settings())) == (digits, Settings(), [])
    mnist = changes.edited(digits, ("data", "name"), "mnist_5k").training
    assert (mnist.rotation, mnist.cutout, mnist.mixup) == (5.0, 2, 0.3)
    iris = changes.edited(digits, ("data", "name"), "iris").training
    assert (iris.rotation, iris.cutout, iris.mixup) == (0.0, 0, 0.3)
    noisy = changes.write(digits, ("training", "input_noise"), 0.1)
    films = changes.edited(noisy, ("data", "name"), "movielens").training
    assert (films.rotation, films.cutout, films.mixup, films.input_noise) == (0.0, 0, 0.0, 0.0)
    hinge = changes.edited(digits, ("training", "loss"), "hinge").training
    assert (hinge.rotation, hinge.mixup) == (5.0, 0.0)
