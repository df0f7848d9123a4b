"""The panels, drawn with real runs but without a server: odd networks, odd data, both languages."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from core.data import Dataset
from core.data.tables import Feature, SplitChoices, Table, TableChoices, table_dataset
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.inspect.report import confusion
from core.maths.optimizers import OPTIMIZERS
from core.trainer import Trainer
from playground.fields import column_labels
from playground.folds import FoldsDesk
from playground.locales import catalogue, translate
from playground.sentences import said
from playground.views import formulas, lines
from playground.views.lines import LATER, LINE, width
from playground.views.record import record_of

PANELS = ("curves", "gradients", "weights", "one_step", "evaluation", "try_it", "export")


class Player:
    """A player that stands still: a trainer, lent out."""

    def __init__(self, trainer: Trainer, status: str = "paused") -> None:
        self._trainer, self.status = trainer, status
        self.version, self.waiting, self.token = 0, False, "run"
        self.can_evaluate = True

    def read(self, copy: Callable[[Trainer], Any]) -> Any:
        return copy(self._trainer)

    def numbers(self) -> SimpleNamespace:
        train, test = self._trainer.evaluate("train"), self._trainer.evaluate("test")
        name = self._trainer.history.evaluations.metric_name
        return SimpleNamespace(
            step=self._trainer.step_count,
            train_loss=train["loss"],
            test_loss=test["loss"],
            train_metric=train[name],
            test_metric=test[name],
        )


class Session:
    """A page's session as far as panels know it; what fails in a panel is not hidden."""

    def __init__(
        self,
        trainer: Trainer,
        language: str = "en",
        status: str = "paused",
        player: Any = None,
    ) -> None:
        self.player = player or Player(trainer, status)
        self.experiment, self.language, self.status = trainer.experiment, language, status
        self.folds = FoldsDesk()

    def t(self, key: str, **values: Any) -> str:
        return translate(self.language, key, **values)

    def said(self, text: str) -> str:
        return said(text, self.language)

    def column_labels(self, dataset: Dataset) -> tuple[str, ...]:
        return column_labels(dataset.feature_names, dataset.image_shape, self.t)

    def once(self, name: str, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        return make()

    def guard(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def fragment_ends(self) -> None:
        pass


def page(panel, session):  # type: ignore[no-untyped-def]
    # AppTest runs the source of this function in a module of its own.
    import importlib

    importlib.import_module(f"playground.views.{panel}").show(session)


def draw(panel: str, trainer: Trainer, language: str = "en", status: str = "paused") -> AppTest:
    session = Session(trainer, language, status)
    return checked(AppTest.from_function(page, args=(panel, session), default_timeout=60).run())


def checked(app: AppTest) -> AppTest:
    """Hold a drawing to what every drawing must be: no exception, no text without words."""
    assert not app.exception
    texts = [
        str(block.value) for kind in ("markdown", "caption", "info") for block in app.get(kind)
    ]
    assert not [text for text in texts if re.search(r"\bviews\.\w+", text)]
    return app


def run(steps: int = 30, **parts: Any) -> Trainer:
    trainer = Trainer(Experiment(**parts))
    trainer.step(steps)
    return trainer


def own_data(n_test: int) -> Dataset:
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 3
    return Dataset.from_arrays(X, y, X[:n_test], y[:n_test])


def many_layers() -> Trainer:
    layers = tuple(Dense(200, "relu") for _ in range(16))
    return run(3, network=NetworkConfig(layers, initializer="he_normal"))


def no_test_set() -> Trainer:
    experiment = Experiment(training=TrainingConfig(loss="categorical_crossentropy"))
    trainer = Trainer(experiment, dataset=own_data(0))
    trainer.step(20)
    return trainer


def broken() -> Trainer:
    trainer = run(20)
    trainer.engine.params[:] = np.nan
    return trainer


def edited() -> Trainer:
    trainer = run(40)
    trainer.change(learning_rate=0.5)
    trainer.step(20)
    trainer.change(batch_size=3, dropout={0: 0.5})
    trainer.set_weight(0, 1, 2, 0.5)
    trainer.set_bias(1, 0, 0.5)
    trainer.step(20)
    return trainer


def normalized() -> Trainer:
    layers = (Dense(4, "relu", 0.2, "batch"), Dense(3, "tanh", normalization="layer"), Dense(2))
    return run(network=NetworkConfig(layers))


RUNS = {
    "the default": run,
    "no step yet": lambda: run(0),
    "one step": lambda: run(1),
    "no hidden layer": lambda: run(network=NetworkConfig(())),
    "many layers": many_layers,
    "digits with dropout": lambda: run(
        data=DataConfig("digits", n_samples=300),
        network=NetworkConfig((Dense(40, "relu", dropout=0.4),)),
        training=TrainingConfig(
            "categorical_crossentropy",
            "adamw",
            0.01,
            32,
            regularizer="l1_l2",
            regularization_rate=0.01,
            clip_norm=0.1,
        ),
    ),
    "regression": lambda: run(
        data=DataConfig("sine"), training=TrainingConfig("huber", "rmsprop", 0.01)
    ),
    "ratings": lambda: run(
        3, data=DataConfig("movielens", 2000), training=TrainingConfig("mean_squared_error")
    ),
    "hinge": lambda: run(
        data=DataConfig("blobs", classes=5), training=TrainingConfig("hinge", "adagrad", 0.1)
    ),
    "softmax under squared error": lambda: run(
        data=DataConfig("rings"),
        network=NetworkConfig(output_activation="softmax"),
        training=TrainingConfig("mean_squared_error", "sgd", 0.1),
    ),
    "normalized": normalized,
    "no test set": no_test_set,
    "not a number": broken,
    "edited by hand": edited,
}


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("name", RUNS)
def test_every_panel_draws_every_run(name: str, panel: str) -> None:
    draw(panel, RUNS[name]())


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_speaks_chinese(panel: str) -> None:
    draw(panel, edited(), "zh")


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_draws_while_the_run_plays(panel: str) -> None:
    draw(panel, run(), status="playing")


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_follows_a_change_of_language(panel: str) -> None:
    session = Session(run())
    app = checked(AppTest.from_function(page, args=(panel, session), default_timeout=60).run())
    for group in app.segmented_control:
        group.set_value(group.value).run()
    session.language = "zh"
    checked(app.run())
    session.language = "en"
    checked(app.run())


def test_the_catalogues_have_the_same_words_with_the_same_places() -> None:
    english, chinese = catalogue("en", "views"), catalogue("zh", "views")
    for key, text in english.items():
        words = re.sub(r"{\w+}|R²", "", text)
        assert chinese[key] != text or not words.strip(), f"{key} is not translated"
        places = [sorted(re.findall(r"{(\w+)}", t)) for t in (text, chinese[key])]
        assert places[0] == places[1], key


def test_charts_reach_the_browser_with_their_description() -> None:
    loss, accuracy = draw("curves", run()).get("bidi_component")
    data = json.loads(json.loads(loss.proto.json)["figure"])
    assert data["layout"]["xaxis"]["title"]["text"] == "Step"
    assert "layout" not in data["layout"]["template"]  # the colours are the page's
    assert "accuracy" in json.loads(accuracy.proto.json)["alt"].lower()


def captions(app: AppTest) -> list[str]:
    return [block.value for block in app.caption]


def test_an_evaluation_says_of_which_step_all_of_it_is() -> None:
    assert "Everything in this panel is from step 30." in captions(draw("evaluation", run(30)))


@pytest.mark.parametrize("name", ["the default", "regression", "ratings"])
def test_an_evaluation_is_set_beside_what_needs_no_network(name: str) -> None:
    trainer = RUNS[name]()
    data = trainer.dataset
    texts = captions(draw("evaluation", trainer))
    (told,) = [text for text in texts if text.startswith("Without a network")]
    if data.task == "classification":
        commonest = int(np.bincount(data.y_train.astype(int)).argmax())
        assert f"“{data.class_names[commonest]}”" in told
        assert f"{(data.y_test == commonest).mean():.1%}" in told
        return
    error = np.sqrt(np.mean((data.y_test - data.y_train.mean()) ** 2))
    assert f"RMSE of {error:.3f}".rstrip("0") in told
    if name == "ratings":
        assert "always says 3." in told  # stars, as people give them


def test_curves_before_the_first_step_say_what_to_do_and_star_nothing() -> None:
    app = draw("curves", run(0))
    assert captions(app) == [translate("en", "views.no_history")]
    loss = json.loads(json.loads(app.get("bidi_component")[0].proto.json)["figure"])
    assert "Lowest test loss on record" not in [line["name"] for line in loss["data"]]


def stopped_early(**training: Any) -> Trainer:
    """A run whose best epoch no evaluation has recorded."""
    settings = TrainingConfig(learning_rate=0.03, early_stopping=3, **training)
    trainer = run(5000, data=DataConfig(n_samples=60, noise=0.3), training=settings)
    assert trainer.stopped is not None
    assert trainer.stopped.best_step not in trainer.history.evaluations["step"]
    return trainer


@pytest.mark.parametrize("restored", [True, False])
def test_curves_agree_with_early_stopping_about_what_was_best(restored: bool) -> None:
    trainer = stopped_early(restore_best_weights=restored)
    stop, app = trainer.stopped, draw("curves", trainer)
    assert stop is not None
    (text,) = captions(app)
    best, now = f"{stop.best_loss:.4g}", f"{trainer.evaluate('test')['loss']:.4g}"
    assert f"on record is {best}, at step {stop.best_step} " in text
    assert f"now it is {now}." in text
    assert f"the end of epoch {stop.best_epoch} (step {stop.best_step}) for the best" in text
    assert (best == now) is restored
    figure = json.loads(json.loads(app.get("bidi_component")[0].proto.json)["figure"])
    curves = {line["name"]: line for line in figure["data"]}
    star = curves["Lowest test loss on record"]
    assert (star["x"], star["y"]) == ([stop.best_step], [stop.best_loss])
    marked = [note["text"] for note in figure["layout"]["annotations"]]
    assert marked == [f"early stopping: best, epoch {stop.best_epoch}"]
    # Weights that were brought back are drawn where they were met, not where the run stopped.
    steps = trainer.history.evaluations["step"]
    recorded = record_of(Session(trainer), with_present=True).evaluations["step"]
    expected = stop.best_step if restored else stop.step
    assert sorted({*recorded} - {*steps}) == [] if expected in steps else [expected]


def test_the_parts_of_a_step_stand_in_reading_order() -> None:
    columns = [
        [block.value[6] for block in column.markdown if block.value.startswith("##### ")]
        for column in draw("one_step", run()).columns
    ]
    # Two beside one another, and no second one below: it would be read before its neighbour.
    assert columns == [[], [], ["2"], ["3"], ["4"], ["5"]]


def test_plotly_comes_from_the_pages_own_server() -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from playground.live import channel, chart

    client = TestClient(Starlette(routes=channel.routes))
    answer = client.get(chart.LIBRARY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "window.Plotly" in answer.text


def test_one_sample_can_be_chosen_and_followed_through_any_layer() -> None:
    app = draw("one_step", run())
    app.segmented_control[0].set_value("sample").run()
    for layer in (0, 1, 2):
        app.selectbox[0].set_value(layer).run()
        checked(app)
        assert any("Checked" in block.value for block in app.success)


def test_a_bias_can_be_followed_too() -> None:
    app = draw("one_step", run())
    app.selectbox[1].set_value(-1).run()
    assert any(r"\partial b_{1}" in block.value for block in app.latex)
    assert any("Checked" in block.value for block in checked(app).success)


def test_muon_says_which_weights_move_together() -> None:
    app = draw("one_step", run(training=TrainingConfig(optimizer="muon")))
    words = " ".join(block.value for block in app.caption)
    assert "leaves biases and the output layer's weights to Adam" in words
    app.selectbox[0].set_value(0).run()
    words = " ".join(block.value for block in checked(app).caption)
    assert "momentum N of all 2 × 4 weights is made orthogonal by 5 steps" in words
    latex = " ".join(block.value for block in app.latex)
    assert r"\operatorname{orthogonal}(N)_{1,1} \\ &= " in latex
    assert latex.count(r"\operatorname{orthogonal}(N)") == 1
    app.selectbox[1].set_value(-1).run()
    assert r"\lambda_A" in " ".join(block.value for block in checked(app).latex)


def test_the_shown_code_makes_the_shown_predictions(tmp_path: Any, monkeypatch: Any) -> None:
    from core import exchange

    monkeypatch.chdir(tmp_path)
    trainer = run(
        data=DataConfig("digits", n_samples=300),
        training=TrainingConfig("categorical_crossentropy"),
    )
    app = draw("export", trainer)
    exchange.save(trainer, tmp_path / "digits.npz")
    printed: list[np.ndarray] = []
    exec(app.code[0].value, {"print": printed.append})
    shown = app.dataframe[0].value.iloc[:, 1:].to_numpy()
    assert printed[0] == pytest.approx(shown, abs=1e-6)


@pytest.mark.parametrize(("kind", "running"), [("batch", True), ("layer", False)])
def test_what_normalized_layers_add_to_the_files_is_told(kind: str, running: bool) -> None:
    plain, normalized = Dense(4), Dense(2, normalization=kind)
    app = draw("export", run(network=NetworkConfig((plain, normalized))))
    text = " ".join(caption.value for caption in app.caption)
    assert "29 parameters, layers of 2 – 4 – 2 – 1 units" in text
    assert "γ and β of normalized layers are counted" in text
    assert ("running means and variances" in text) == running
    app = draw("export", run(network=NetworkConfig((plain, Dense(2)))))
    assert "normalized" not in " ".join(caption.value for caption in app.caption)


def test_numbers_in_formulas_keep_their_brackets() -> None:
    assert formulas.substituted(r"z \tanh z", {"z": -0.5}) == r"(-0.5) \tanh (-0.5)"
    assert formulas.substituted("(p - y)^{2}", {"p": 0.25, "y": 1.0}) == "(0.25 - 1)^{2}"
    assert formulas.substituted(r"\eta g", {r"\eta": 0.1, "g": 2.0}) == "(0.1) (2)"
    assert formulas.number(1.5e-7) == r"1.5 \times 10^{-7}"
    assert formulas.number(float("nan")) == r"\mathrm{NaN}"


def test_a_long_sum_is_shortened_and_still_adds_up() -> None:
    text = formulas.products(np.arange(1.0, 11.0), np.ones(10))
    assert text.count(r"\cdot") == formulas.TERMS
    assert r"\underbrace{10}" in text  # 1 + 2 + 3 + 4


def test_a_shortened_sum_says_so_in_the_pages_language() -> None:
    text = formulas.products(np.arange(1.0, 11.0), np.ones(10), translate("zh", "views.more_terms"))
    assert r"\text{另 4 项}" in text
    app = draw("one_step", run(network=NetworkConfig((Dense(12),))), "zh")
    latex = " ".join(block.value for block in app.latex)
    assert r"项}" in latex
    assert "more" not in latex


def test_a_long_softmax_stands_in_rows_that_fit_a_telephone() -> None:
    text = formulas.softmax("1", np.linspace(-3.21, 2.34, 10), 0, 0.5)
    below = text[text.index(r"\begin{gathered}") : text.index(r"\end{gathered}")]
    rows = below.split(r"\\")
    assert len(rows) > 1
    assert all(row.count("e^") <= 3 for row in rows)
    assert below.count("e^") == formulas.TERMS
    assert "gathered" not in formulas.softmax("1", np.array([0.5, 1.5]), 0, 0.5)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mean_squared_error"])
def test_the_weight_of_a_sample_is_part_of_its_derivation(loss: str) -> None:
    training = TrainingConfig(loss, class_weight=(0.25, 3.5))
    app = draw("one_step", run(training=training))
    latex = [block.value for block in app.latex]
    assert any(r"c\, \ell" in text and r" \cdot " in text for text in latex)
    assert any("Checked" in block.value for block in app.success)
    assert any("$c$ is the sample's weight" in caption.value for caption in app.caption)
    plain = draw("one_step", run(training=TrainingConfig(loss)))
    assert not any(r"\ell" in block.value for block in plain.latex)


def test_a_step_says_how_labels_are_smoothed_and_gradients_clipped() -> None:
    training = TrainingConfig(label_smoothing=0.2, clip_norm=1e-3)
    app = draw("one_step", run(training=training))
    said, latex = " ".join(captions(app)), [block.value for block in app.latex]
    assert "Label smoothing of 0.2" in said
    assert "(Clip gradients by norm: 0.001)" in said
    assert sum(r"g = " in text and r"\to" in text for text in latex) == 1
    plain = draw("one_step", run())
    assert "smoothing" not in " ".join(captions(plain))
    assert not any(r"g = " in block.value for block in plain.latex)


def test_a_step_says_that_its_samples_are_augmented() -> None:
    training = TrainingConfig(mixup=0.4, input_noise=0.1)
    app = draw("one_step", run(training=training))
    (said,) = [text for text in captions(app) if "after augmentation" in text]
    assert re.search(r"It keeps \d+% of itself; \d+% is of sample \d+\.", said)
    assert any("Checked" in block.value for block in app.success)


def test_long_rules_are_broken_outside_of_brackets() -> None:
    rule = r"(1 - (0.01) (0.004)) (0.6372) - (0.01) (0.2) \sqrt{4} (0.4999) + (0.1)"
    first, *later = lines.broken(rule).split(r" \\ &\qquad ")
    assert first == "(1 - (0.01) (0.004)) (0.6372)"
    assert " ".join([first, *later]) == rule
    assert width(first) <= LINE
    assert all(width(line) <= LATER for line in later)
    assert lines.broken("w + v") == "w + v"
    assert width(r"\frac{1 + 2}{\sqrt{x}}") == width("1 + 2")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizers_lines_fit_a_telephone(optimizer: str) -> None:
    app = draw("one_step", run(training=TrainingConfig(optimizer=optimizer)))
    rows = [
        row for text in app.latex for row in re.split(r"\\\\", text.value) if "leftarrow" in row
    ]
    assert rows
    assert max(width(row.partition("leftarrow")[2]) for row in rows) <= LINE + 5


@pytest.mark.parametrize("panel", ["one_step", "evaluation", "weights"])
def test_columns_are_named_as_the_diagram_writes_them(panel: str) -> None:
    features = run(5, data=DataConfig(noise=0.5, features=("x1_squared", "sin_x2")))
    pixels = run(
        0,
        data=DataConfig("digits", n_samples=100),
        training=TrainingConfig("categorical_crossentropy"),
    )
    for trainer in (features, pixels):
        assert not re.search("x1_squared|sin_x2|pixel_0", str(draw(panel, trainer)))
    if panel == "one_step":
        assert "X₁² = " in " ".join(block.value for block in draw(panel, features).markdown)
        chinese = draw(panel, pixels, "zh").markdown
        assert "像素 1, 1 = " in " ".join(block.value for block in chinese)


def test_a_class_that_was_never_predicted_has_a_dash_and_its_reason() -> None:
    app = draw("evaluation", run(0, network=NetworkConfig((), initializer="zeros")))
    table = next(frame for frame in app.dataframe if "Precision" in frame.value)
    assert table.value["Precision"].isna().any()
    assert table.proto.placeholder == "–"
    assert "A dash: none was taken for it." in table.proto.columns


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("scope", ["batch", "sample"])
def test_one_step_shows_the_normalization_and_checks_every_gradient(
    scope: str, layer: int, language: str
) -> None:
    session = Session(normalized(), language)
    app = AppTest.from_function(page, args=("one_step", session), default_timeout=60)
    checked(app.run())
    checked(app.segmented_control(key="one_step_scope").set_value(scope).run())
    checked(app.selectbox[0].set_value(layer).run())
    t = session.t
    over = ("batch" if scope == "batch" else "running") if layer == 0 else "units"
    named = t(f"views.normalized_{over}", size=10, units=3)
    assert named in captions(app)
    for place in range(len(app.selectbox[1].options)):
        checked(app.selectbox[1].set_value(place).run())
        formulas = " ".join(block.value for block in app.latex)
        assert r"\sqrt{\sigma^{2} + \varepsilon}" in formulas
        (verdict,) = app.success
        assert verdict.value
    says_so = t("views.update_running") in captions(app)
    assert says_so == (scope == "sample")


def evaluated(trainer: Trainer, view: str, status: str = "paused", language: str = "en") -> AppTest:
    """The evaluation panel, with one of its views chosen."""
    app = draw("evaluation", trainer, language, status)
    (group,) = [g for g in app.segmented_control if (g.key or "").startswith("evaluation_view")]
    return checked(group.set_value(view).run())


def charts_of(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(json.loads(c.proto.json)["figure"]) for c in app.get("bidi_component")]


def test_two_inputs_are_drawn_in_the_units_of_the_table() -> None:
    rows = np.arange(60)
    columns = {name: np.sin(rows * step) for name, step in (("a", 1.0), ("b", 2.0), ("c", 3.0))}
    frame = pl.DataFrame({**columns, "price": 5000.0 + 100.0 * rows})
    features = tuple(map(Feature, "abc"))
    choices = TableChoices(("price",), features, "regression", SplitChoices())
    experiment = Experiment(training=TrainingConfig(loss="mean_squared_error"))
    trainer = Trainer(experiment, dataset=table_dataset(Table(frame), choices))
    trainer.step(20)
    (chart,) = charts_of(evaluated(trainer, "slices"))
    heat = next(part for part in chart["data"] if part["type"] == "heatmap")
    assert 4000 < heat["zmin"] < heat["zmax"] < 12_000
    points = next(part for part in chart["data"] if part["type"] == "scatter")
    assert points["marker"]["cmin"] == heat["zmin"]


def one_class() -> Trainer:
    """Two classes, of which the test part has one only."""
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    trainer = Trainer(Experiment(), dataset=Dataset.from_arrays(X, y, X[::2], y[::2]))
    trainer.step(20)
    return trainer


def two_values(n_test: int = 10) -> Trainer:
    """A regression of two values, the second one constant."""
    X = np.random.default_rng(5).normal(size=(40, 3))
    y = np.stack([X[:, 0], np.ones(40)], axis=1)
    experiment = Experiment(training=TrainingConfig("mean_squared_error"))
    dataset = Dataset.from_arrays(X, y, X[:n_test], y[:n_test], task="regression")
    return Trainer(experiment, dataset=dataset)


@pytest.mark.parametrize("status", ["paused", "playing"])
@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("the default", "thresholds"),
        ("the default", "calibration"),
        ("the default", "components"),
        ("softmax under squared error", "calibration"),
        ("digits with dropout", "components"),
        ("no test set", "calibration"),
        ("no test set", "components"),
        ("no hidden layer", "components"),
        ("regression", "components"),
        ("normalized", "components"),
        ("no test set", "slices"),
    ],
)
def test_every_view_of_an_evaluation_draws(name: str, view: str, status: str) -> None:
    drawn = charts_of(evaluated(RUNS[name](), view, status))
    assert drawn
    for figure in drawn:
        assert figure["layout"]["xaxis"]["title"]["text"]
        assert figure["layout"]["yaxis"]["title"]["text"]


@pytest.mark.parametrize("view", ["thresholds", "calibration", "components", "slices"])
def test_views_of_an_evaluation_speak_chinese(view: str) -> None:
    features = ("x1", "x2", "x1_x2")
    evaluated(run(data=DataConfig(features=features)), view, language="zh")


def test_the_threshold_moves_its_point_on_both_curves_and_its_counts() -> None:
    app = evaluated(run(), "thresholds")
    for threshold in (0.5, 0.3):
        app.slider[0].set_value(threshold).run()
        table = next(f.value for f in checked(app).dataframe if "TP" in f.value)
        roc, precision_recall = charts_of(app)
        assert roc["data"][-1]["y"] == [table["Recall"].iloc[1]]
        assert precision_recall["data"][-1]["x"] == roc["data"][-1]["y"]
        counts = table[["TP", "FP", "FN", "TN"]].sum(axis=1).tolist()
        assert counts == [250, 250]


def test_a_hinges_threshold_is_a_margin_and_nothing_of_it_is_calibrated() -> None:
    trainer = run(training=TrainingConfig("hinge"))
    slider = evaluated(trainer, "thresholds").slider[0]
    assert (slider.min, slider.value, slider.max) == (-2.0, 0.0, 2.0)
    app = evaluated(trainer, "calibration")
    assert not charts_of(app)
    assert "no probabilities" in app.info[0].value


def test_a_part_of_one_class_has_no_curves_and_says_so() -> None:
    app = evaluated(one_class(), "thresholds")
    assert app.info[0].value == "Test: all samples are of one class, so there are no curves."
    assert [len(figure["data"]) for figure in charts_of(app)] == [3, 3]


def test_a_cell_of_the_confusion_matrix_lists_its_samples() -> None:
    trainer = run(60, data=DataConfig("iris"), training=TrainingConfig("categorical_crossentropy"))
    app, names = draw("evaluation", trainer), trainer.dataset.class_names
    counts = confusion_of(trainer)
    assert counts[2, 1]  # or the second cell would show nothing
    for of, taken in ((1, 1), (2, 1)):
        app.selectbox[0].set_value(of).run()
        app.selectbox[1].set_value(taken).run()
        table = next(f.value for f in checked(app).dataframe if "Confidence" in f.value)
        assert len(table) == counts[of, taken]
        assert {*table["True"]} == {names[of]}
        assert {*table["Predicted"]} == {names[taken]}


def confusion_of(trainer: Trainer) -> np.ndarray:
    """Counts of the test part, (true, predicted)."""
    dataset = trainer.dataset
    predicted = trainer.network.predict(dataset.X_test).argmax(axis=1)
    return confusion(dataset.y_test, predicted, len(dataset.class_names))


def test_values_are_scored_output_by_output() -> None:
    app = draw("evaluation", two_values())
    table = next(frame.value for frame in app.dataframe if "Output" in frame.value)
    assert table["Output"].tolist() == [1, 2, 1, 2]
    assert table["R²"].isna().tolist() == [False, True, False, True]
    assert len(charts_of(app)) == 3
    checked(app.number_input[0].set_value(2).run())
    draw("evaluation", two_values(0))
    (table,) = draw("evaluation", RUNS["regression"]()).dataframe
    assert {"R²", "RMSE", "Mean absolute error"} <= {*table.value}


def test_two_inputs_are_chosen_and_the_others_held_at_a_sample() -> None:
    app = evaluated(run(data=DataConfig("iris")), "slices")
    held = next(g for g in app.segmented_control if (g.key or "") == "evaluation_held")
    checked(held.set_value("sample").run())
    app.number_input(key="evaluation_held_sample").set_value(7).run()
    app.selectbox[0].set_value(2).run()
    app.selectbox[1].set_value(3).run()
    (figure,) = charts_of(checked(app))
    assert figure["layout"]["xaxis"]["title"]["text"] == "petal length (cm)"
    assert figure["data"][-1]["type"] == "heatmap"
    app.selectbox[1].set_value(2).run()
    assert not charts_of(checked(app))
    assert app.info[0].value == "Choose two different inputs."


def test_a_regression_of_several_inputs_has_a_slice_of_each_output() -> None:
    app = evaluated(two_values(), "slices")
    (figure,) = charts_of(checked(app))
    assert [trace["type"] for trace in figure["data"]] == ["scatter", "heatmap"]
    checked(app.selectbox[2].set_value(1).run())


def test_mistakes_in_texts_are_listed_as_texts() -> None:
    trainer = run(1, data=DataConfig("food_reviews", n_samples=200))
    app = draw("evaluation", trainer)
    table = next(f.value for f in app.dataframe if "Confidence" in f.value)
    assert list(table)[-1] == "Text"
    sample = int(table["Sample"].iloc[0]) - 1
    texts = trainer.dataset.texts_test
    assert texts is not None
    assert table["Text"].iloc[0] == texts[sample]
    evaluated(trainer, "components")
