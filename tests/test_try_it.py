"""Try it: a sample of one's own in a table or a sentence, drawn without a server."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data import tables
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.inspect.importance import class_verdict
from core.presets import PRESETS
from core.trainer import Trainer
from playground.views.own_columns import SHOWN
from playground.views.pictures import signed
from playground.views.try_it import BARS, EXAMPLE
from tests.test_views import Session, broken, checked, draw, page, run

SOFTMAX = TrainingConfig("categorical_crossentropy", "adam", 0.01, 16)


def iris() -> Trainer:
    return run(300, data=DataConfig("iris", 150), training=SOFTMAX)


def reviews(epochs: int = 2) -> Trainer:
    trainer = Trainer(PRESETS["food_reviews"].experiment)
    trainer.epoch(epochs)
    return trainer


def opened(trainer: Trainer, language: str = "en") -> AppTest:
    session = Session(trainer, language)
    return checked(AppTest.from_function(page, args=("try_it", session), default_timeout=60).run())


def said(app: AppTest) -> str:
    return str(app.metric[0].value)


def texts(app: AppTest) -> str:
    kinds = ("caption", "info", "warning")
    return "\n".join(str(block.value) for kind in kinds for block in app.get(kind))


def bars(app: AppTest) -> list[dict[str, float]]:
    """The bars of every chart, by name."""
    found = []
    for chart in app.get("bidi_component"):
        bar = json.loads(json.loads(chart.proto.json)["figure"])["data"][0]
        lengths = bar["x"]
        if isinstance(lengths, dict):
            lengths = np.frombuffer(base64.b64decode(lengths["bdata"]), lengths["dtype"]).tolist()
        found.append(dict(zip(bar["customdata"], lengths, strict=True)))
    return found


def fields(app: AppTest) -> list[Any]:
    return [field for field in app.number_input if "_sample_" not in str(field.key)]


def test_fields_begin_with_a_test_sample_and_what_they_hold_is_answered() -> None:
    trainer = iris()
    app, data = opened(trainer), trainer.dataset
    assert len(fields(app)) == 4
    for row in (0, 6):
        next(f for f in app.number_input if "_sample_" in str(f.key)).set_value(row + 1)
        checked(app.run())
        x = data.preprocessing.transform([[field.value for field in fields(app)]])
        np.testing.assert_allclose(x[0], data.X_test[row], atol=1e-5)
        verdict = class_verdict(trainer.network, x[0], "categorical_crossentropy")
        assert said(app) == data.class_names[verdict.winner or 0]
        shares, contributions = bars(app)
        assert [*shares.values()] == pytest.approx(verdict.scores.tolist(), rel=1e-4)
        assert [*contributions.values()] == pytest.approx(
            verdict.contributions.tolist(), rel=1e-3, abs=1e-4
        )
        assert f"true of that sample: {data.class_names[int(data.y_test[row])]}" in texts(app)


def test_another_value_is_another_answer() -> None:
    app = opened(iris())
    petal_length, petal_width = fields(app)[2:]
    petal_length.set_value(1.0)
    petal_width.set_value(0.1)
    assert said(checked(app.run())) == "setosa"
    petal_length, petal_width = fields(app)[2:]
    petal_length.set_value(7.0)
    petal_width.set_value(2.5)
    assert said(checked(app.run())) == "virginica"
    fields(app)[0].set_value(1e300)
    assert "some value is too large" in texts(checked(app.run()))


@pytest.mark.parametrize(
    ("name", "columns"),
    [("wine", 13), ("letters", 16), ("vowel", 9), ("breast_cancer", 30), ("diabetes", 10)],
)
def test_every_table_can_be_tried(name: str, columns: int) -> None:
    loss = {"breast_cancer": "binary_crossentropy", "diabetes": "mean_squared_error"}
    training = TrainingConfig(loss.get(name, "categorical_crossentropy"), "adam", 0.01, 32)
    network = NetworkConfig((Dense(6, "relu"),))
    app = opened(run(20, data=DataConfig(name, 400), network=network, training=training))
    assert len(fields(app)) == columns
    assert bool(app.expander) is (columns > SHOWN)
    assert len(bars(app)[-1]) == min(columns, BARS)
    assert all(field.step > 0 for field in fields(app))


def test_points_in_the_plane_have_two_fields_however_many_features() -> None:
    app = opened(run(data=DataConfig("spiral", features=("x1", "x2", "sin_x1"))))
    assert [field.label for field in fields(app)] == ["X₁", "X₂"]
    assert len(bars(app)[1]) == 3
    assert "Blue spoke for 1, orange for 0." in texts(app)


def own_table() -> Trainer:
    rows = [(k // 3, ("Rome", "Oslo")[k % 2], 100 + 3 * (k // 3) + 50 * (k % 2)) for k in range(90)]
    text = "size,city,price\n" + "\n".join(f"{a},{b},{c}" for a, b, c in rows)
    table = tables.read_table(text.encode(), "homes.csv")
    dataset = tables.table_dataset(table, tables.suggest_choices(table, ["price"]))
    training = TrainingConfig("mean_squared_error", "adam", 0.03, 16)
    trainer = Trainer(Experiment(training=training), dataset=dataset)
    trainer.step(400)
    return trainer


def test_a_row_of_ones_own_table_is_answered_in_its_units() -> None:
    app = opened(own_table())
    size, city = app.text_input
    assert (size.label, city.label) == ("size", "city")
    size.set_value("20")
    city.set_value("Rome")
    assert float(said(checked(app.run()))) == pytest.approx(160.0, abs=15.0)
    app.text_input[1].set_value("Oslo")
    assert float(said(checked(app.run()))) == pytest.approx(210.0, abs=15.0)
    assert "Blue raised the value" in texts(app)
    assert "never seen" not in texts(app)
    app.text_input[1].set_value("Roma")
    assert "“Roma” was never seen in city" in texts(checked(app.run()))
    app.text_input[0].set_value("many")
    app.run()
    assert not app.exception
    assert "many" in texts(app)
    assert not app.metric
    app.text_input[0].set_value("")  # a missing value is one
    assert np.isfinite(float(said(checked(app.run()))))


def test_a_row_is_typed_as_its_table_is_written() -> None:
    text = "x;y\n" + "\n".join(f"{k},5;{k % 9 * 1000},25" for k in range(40))
    table = tables.read_table(text.encode(), "t.csv")
    dataset = tables.table_dataset(table, tables.suggest_choices(table, ["y"]))
    experiment = Experiment(training=TrainingConfig("mean_squared_error"))
    app = opened(Trainer(experiment, dataset=dataset))
    assert app.text_input[0].value.endswith(",5")
    app.text_input[0].set_value("1,5")
    comma = said(checked(app.run()))
    app.text_input[0].set_value("1.5")
    assert said(checked(app.run())) == comma
    app.text_input[0].set_value("[a](b)")
    app.run()
    (warning,) = app.warning
    assert "which is no number" in warning.value
    assert "Row" not in warning.value
    assert "[a](b)" not in warning.value, "it would be a link"


def test_a_sentence_is_answered_and_its_words_told() -> None:
    trainer = reviews()
    app = opened(trainer)
    words = trainer.dataset.preprocessing
    assert app.text_input[0].value == EXAMPLE
    app.text_input[0].set_value("Delicious, wonderful and the best Zzyzx tea!")
    assert said(checked(app.run())) == "great"
    shares, drawn = bars(app)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert {"delicious", "best"} <= {*drawn}
    assert min(drawn["delicious"], drawn["best"]) > 0.0
    assert "Not known to the network" in texts(app)
    assert "zzyzx" in texts(app)
    x = words.transform(["Delicious, wonderful and the best Zzyzx tea!"])[0]
    verdict = class_verdict(trainer.network, x, "binary_crossentropy")
    assert sum(drawn.values()) == pytest.approx(float(verdict.contributions.sum()), rel=1e-3)


def test_awful_words_push_the_other_way() -> None:
    app = opened(reviews())
    app.text_input[0].set_value("Horrible, stale, disappointed. Waste of money!")
    assert said(checked(app.run())) == "other"
    assert min(bars(app)[1].values()) < 0.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "Type a sentence"), ("123 ...", "Type a sentence"), ("Zzyzx", "none of these words")],
)
def test_a_text_without_words_is_a_sentence(text: str, sentence: str) -> None:
    app = opened(reviews(0))
    assert "No step of training yet" in texts(app)
    app.text_input[0].set_value(text)
    assert sentence in texts(checked(app.run()))


def test_an_image_wants_to_be_drawn_first() -> None:
    app = draw("try_it", run(5, data=DataConfig("digits", 300), training=SOFTMAX))
    assert "Draw something" in texts(app)
    assert not app.metric


def test_a_diverged_network_is_said() -> None:
    app = draw("try_it", broken())
    assert "the run diverged" in texts(app)
    assert not app.metric


def test_chinese() -> None:
    app = opened(iris(), "zh")
    assert app.metric[0].label == "网络的回答"


def test_signed_pixels_are_blue_grey_and_orange() -> None:
    colors = signed(np.array([[-2.0, 0.0], [1.0, np.nan]]), times=1)
    np.testing.assert_array_equal(colors[0], [[0xF5, 0x93, 0x22], [0xE8, 0xEA, 0xEB]])
    np.testing.assert_array_equal(colors[1, 1], [0xE8, 0xEA, 0xEB])
    assert colors[1, 0, 2] > colors[1, 0, 0]
