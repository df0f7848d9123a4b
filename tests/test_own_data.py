"""A person's own table as an experiment names it, on the page, in links, and in files."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import exchange
from core.data import load_dataset, own_table, record_of
from core.data.tables import (
    choices_of,
    digest_of,
    named,
    options_of,
    read_table,
    read_tables,
    suggest_choices,
)
from core.experiment import OWN_TABLE, DataConfig, Experiment, OwnTable, read_experiment
from core.refusals import Refusal
from core.trainer import Trainer
from playground import changes, files, link
from playground.desk import Desk
from playground.drafts import Draft
from playground.locales import translate
from playground.settings import Settings
from playground.tables import LONGEST_LINK, Taken, in_units, stem, taken
from playground.views.export import _code, archive
from tests.apptest import opened_page, said, session, sound, trained

CITIES = ("Rome", "Oslo", "Bern")


def people(rows: int = 60, *, decimal: str = ".", delimiter: str = ",") -> str:
    """A table of numbers, categories and dates, some of them missing, and two classes."""
    lines = [("age", "height", "city", "joined", "bought")]
    for i in range(rows):
        height = f"{1.5 + (i * 7 % 50) / 100:.2f}".replace(".", decimal)
        age = "" if i % 11 == 3 else str(20 + i * 13 % 50)
        joined = f"2023-{1 + i % 12:02d}-{1 + i * 5 % 28:02d}"
        bought = "yes" if (i * 13 % 50) + 10 * (i % 3) > 30 else "no"
        lines.append((age, height, CITIES[i % 3], joined, bought))
    return "\n".join(delimiter.join(line) for line in lines)


def taken_table(text: str = "", name: str = "people.csv", target: str = "bought") -> Taken:
    data = (text or people()).encode()
    table = read_table(data, name)
    return taken(table, digest_of(data), suggest_choices(table, (target,)))


@pytest.fixture(scope="module")
def used() -> Taken:
    return taken_table()


# -- what an experiment says of it ----------------------------------------------------------------


def test_what_an_experiment_says_of_a_table_makes_the_same_data_again(used: Taken) -> None:
    own = own_table(used.data)
    assert (own.file, own.rows, own.classes) == ("people.csv", 60, 2)
    assert choices_of(own) == used.choices
    assert options_of(own) == used.table.options
    again = taken(read_table(people().encode(), own.file, options_of(own)), "", choices_of(own))
    assert np.array_equal(again.dataset.X_train, used.dataset.X_train)
    assert OwnTable.from_json(own.to_json()) == own
    assert named(used.dataset, used.digest) == own


def test_what_is_known_before_the_rows_are_here(used: Taken) -> None:
    record = record_of(used.data)
    assert (record.kind, record.task, record.classes) == ("table", "classification", 2)
    values = record_of(taken_table(target="height").data)
    assert (values.task, values.classes) == ("regression", 0)


def test_an_experiment_on_a_table_travels_as_json_and_as_a_link(used: Taken) -> None:
    experiment = changes.with_table(Experiment(), used.data)
    assert Experiment.from_json(experiment.to_json()) == experiment
    read, _, problems = link.read(link.write(experiment, Settings()))
    assert (read, problems) == (experiment, [])


def test_a_link_has_no_room_for_thousands_of_columns_but_names_the_file() -> None:
    names = [f"column_{number}" for number in range(300)]
    rows = [",".join(str((i * i * j + j) % 1009 / 2) for j in range(300)) for i in range(30)]
    wide = taken_table("\n".join([",".join(names), *rows]), "wide.csv", "column_7")
    params = link.write(changes.with_table(Experiment(), wide.data), Settings())
    assert len(params["table"]) < LONGEST_LINK < len(wide.data.table)
    read, _, problems = link.read(params)
    assert not problems
    desk = Desk()
    desk.used = wide
    found, dataset = desk.dataset_for(read)
    assert (found.data, dataset) == (wide.data, wide.dataset)


def test_old_experiments_have_no_table() -> None:
    old = Experiment().to_mapping()
    del old["data"]["table"]
    assert read_experiment(old) == (Experiment(), [])


@pytest.mark.parametrize(
    "text",
    [
        *("nonsense", "[]", '{"file": 3}', '{"rows": -1}', '{"classes": 1e9}', '{"x": 1}'),
        *('{"choices": {"targets": 3}}', '{"choices": {"features": [1]}}', '{"file": null}'),
        '{"file": "' + "x" * 300 + '"}',
        "[" * 100_000,
    ],
)
def test_a_text_that_describes_no_table_is_refused_and_the_rest_is_kept(text: str) -> None:
    read, problems = read_experiment({"data": {"name": OWN_TABLE, "table": text}, "seed": 5})
    assert (read.seed, read.data.table) == (5, "")
    assert len(problems) == 1


def test_rows_that_are_not_there_are_asked_for() -> None:
    with pytest.raises(Refusal, match="give them as dataset"):
        load_dataset(DataConfig(OWN_TABLE, table=OwnTable("people.csv").to_json()))


# -- what it brings -------------------------------------------------------------------------------


def test_a_table_brings_a_loss_layers_and_batches_and_takes_them_away_again(used: Taken) -> None:
    new = changes.with_table(Experiment(), used.data)
    assert new.training.loss == "binary_crossentropy"
    assert new.network.layers == changes.FITTING_LAYERS[OWN_TABLE]
    assert changes.edited(new, ("data", "name"), "circle") == Experiment()
    values = changes.with_table(Experiment(), taken_table(target="height").data)
    assert values.training.loss == "mean_squared_error"
    several = changes.with_table(Experiment(), taken_table(target="city").data)
    assert several.training.loss == "categorical_crossentropy"
    many = replace(own_table(used.data), rows=1_000_000)
    large = changes.with_table(Experiment(), DataConfig(OWN_TABLE, table=many.to_json()))
    assert large.training.batch_size == changes.LARGEST_BATCH
    assert changes.edited(large, ("data", "name"), "circle") == Experiment()


def test_a_draft_is_changed_choice_by_choice() -> None:
    draft = Draft("people.csv", people(delimiter=";", decimal=",").encode())
    assert (draft.recognize().delimiter, draft.recognize().decimal) == (";", ",")
    told: list[float] = []
    table = draft.read(lambda done, total: told.append(done / total))
    assert (told[0], told[-1], table.n_rows) == (0.0, 1.0, 60)
    draft.use(["height", "city"])
    draft.split(how="group")
    draft.split(column="city", train_fraction=0.7)
    made = draft.made()
    assert {each.column for each in made.choices.features} == {"height", "city"}
    rows = made.dataset.table
    assert rows is not None
    assert not set(rows.train["city"]) & set(rows.test["city"])
    draft.aim("height")
    assert draft.made().dataset.task == "regression"
    draft.do("multi_output_regression")
    draft.aim_at_several(["age", "height"])
    assert draft.made().dataset.n_values == 2
    draft.do("regression")
    assert draft.both[1].targets == ("age",)
    for refused in (lambda: draft.use([]), lambda: draft.aim_at_several([])):
        with pytest.raises(Refusal):
            refused()
    assert draft.made().dataset.task == "regression"


def test_a_column_is_taken_for_what_it_is_told_to_be_and_scaled_by_itself() -> None:
    draft = Draft("people.csv", people().encode())
    draft.read(lambda done, total: None)
    draft.use(["age", "height"])
    draft.prepare(scaling="none", max_categories=3)
    draft.treat(0, treatment="category")
    draft.treat(1, scaling="min_max")
    dataset = draft.made().dataset
    ages, height = dataset.X_train[:, :-1], dataset.X_train[:, -1]
    assert draft.treated == 2
    assert set(np.unique(ages)) == {0.0, 1.0}
    assert ages.shape[1] == 3
    assert (height.min(), height.max()) == (0.0, 1.0)
    assert choices_of(own_table(draft.made().data)) == draft.choices  # kept by links and files
    draft.treat(1, scaling="as_all")
    assert draft.made().dataset.X_train[:, -1].min() > 1.0


@pytest.mark.parametrize(("how", "column"), [("group", "city"), ("time", "joined")])
def test_a_way_of_splitting_brings_a_column_that_fits(how: str, column: str) -> None:
    draft = Draft("people.csv", people().encode())
    draft.read(lambda done, total: None)
    draft.split(how=how)
    assert draft.both[1].split.column == column
    split = draft.made().dataset.table
    assert split is not None
    if how == "time":
        assert split.train["joined"].max() <= split.test["joined"].min()  # type: ignore[operator]
    draft.split(how="share")
    assert draft.both[1].split.column == ""


def test_a_way_of_reading_that_fails_leaves_the_one_before() -> None:
    draft = Draft("people.csv", people().encode() + "\nä".encode())
    before = draft.recognize()
    with pytest.raises(Refusal):
        draft.choose("encoding", "utf-16")
    assert draft.recognize() == before


def read(text: str) -> Draft:
    draft = Draft("t.csv", text.encode())
    draft.read(lambda done, total: None)
    return draft


def taken_for(draft: Draft) -> dict[str, str]:
    return {each.column: each.treatment for each in draft.both[1].features}


def again(draft: Draft, field: str, value: object) -> None:
    """Read the file in another way."""
    draft.choose(field, value)
    draft.read(lambda done, total: None)


def missing_marks(rows: int = 120) -> str:
    """Numbers that are texts as long as nobody says that n.a. is none."""
    lines = ["x,w,z,y"]
    for i in range(rows):
        x, w, y = f"{i * 37 % 120 * 1.5}", f"{i % 6 / 4}", f"{i % 13 * 1.25}"
        marks = ["n.a." if i % each == 2 else cell for each, cell in ((41, x), (11, w), (10, y))]
        lines.append(f"{marks[0]},{marks[1]},{i % 7 * 0.5},{marks[2]}")
    return "\n".join(lines)


def test_what_was_suggested_of_a_misreading_is_suggested_anew() -> None:
    draft = read(missing_marks())
    assert draft.both[1].task == "multiclass"
    assert taken_for(draft) == {"w": "category", "z": "number"}  # x seems to name the rows
    draft.prepare(impute_number="mean")
    draft.treat([each.column for each in draft.both[1].features].index("z"), scaling="min_max")
    again(draft, "missing", ("", "n.a."))
    assert draft.both[1].task == "regression"
    assert taken_for(draft) == {"x": "number", "w": "number", "z": "number"}
    assert draft.both[1].preparation.impute_number == "mean"
    assert draft.both[1].features[-1].scaling == "min_max"
    assert draft.made().dataset.n_values == 1


def test_what_was_chosen_by_hand_outlives_another_way_of_reading() -> None:
    draft = read(missing_marks())
    draft.aim("z")
    draft.use([name for name in taken_for(draft) if name != "y"])
    draft.treat(0, treatment="category")
    draft.split(validation_fraction=0.25, train_fraction=0.6)
    before = draft.both[1]
    again(draft, "missing", ("", "n.a."))
    after = draft.both[1]
    assert (after.targets, after.split.validation_fraction) == (("z",), 0.25)
    assert after.features[-1].column == before.features[0].column == "w"
    assert after.features[-1].treatment == "category"
    assert set(taken_for(draft)) == {"x", "w"}  # x had named rows; y was taken out by hand


def test_a_task_by_hand_goes_with_its_target() -> None:
    draft = read("a;b\n" + "\n".join(f"{i * 7 % 13},5;{i % 3}" for i in range(60)))
    draft.aim("b")
    draft.do("binary")
    again(draft, "header", False)
    assert draft.both[1].targets != ("b",)
    assert draft.both[1].task == "multiclass"
    again(draft, "header", True)
    assert (draft.both[1].targets, draft.both[1].task) == (("b",), "binary")


def test_another_target_keeps_the_preparation_and_the_parts_of_the_split() -> None:
    draft = read(people())
    draft.prepare(impute_number="mean")
    draft.split(train_fraction=0.6, validation_fraction=0.2)
    draft.aim("height")
    choices = draft.both[1]
    assert (choices.task, choices.preparation.impute_number) == ("regression", "mean")
    assert (choices.split.how, choices.split.train_fraction) == ("share", 0.6)
    assert choices.split.validation_fraction == 0.2


def test_a_column_that_marks_the_test_rows_is_no_feature_meanwhile() -> None:
    parts = ("train", "val", "test", "train")
    lines = [f"{i % 10},{parts[i % 4]},{'yes' if i % 5 == 0 else 'no'},{i % 7}" for i in range(80)]
    draft = read("\n".join(["x,part,held,y", *lines]))
    assert list(taken_for(draft)) == ["x", "part", "held"]
    draft.split(how="column")
    assert draft.both[1].split.column == "part"
    assert draft.both[1].split.test_values == ("test",)
    assert draft.both[1].split.validation_values == ("val",)
    assert list(taken_for(draft)) == ["x", "held"]
    draft.split(column="held")
    assert draft.both[1].split.test_values == ("yes",)
    assert list(taken_for(draft)) == ["x", "part"]
    draft.aim("x")
    assert "held" not in taken_for(draft)
    draft.split(how="share")
    assert "held" in taken_for(draft)


# -- files ----------------------------------------------------------------------------------------


def texts(rows: int = 40) -> str:
    words = ("good and tasty", "bad, cold soup", "nothing special at all", "good but very cold")
    lines = ["review\tstars"]
    lines += [f"{words[i % 4]} {i * 31 % 7} times\t{(i % 4) + i % 3}.5" for i in range(rows)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "target"), [("", "bought"), ("", "height"), (texts(), "stars")], ids=lambda v: v[:8]
)
def test_a_file_opens_elsewhere_and_the_page_says_how_it_predicts(
    text: str, target: str, tmp_path: Path
) -> None:
    table = taken_table(text, target=target)
    trainer = Trainer(changes.with_table(Experiment(), table.data), dataset=table.dataset)
    trainer.step(20)
    rows = table.table.frame.rows(named=True)
    raw = [{name: plain(value) for name, value in row.items()} for row in rows]
    for suffix in exchange.SUFFIXES:
        data = exchange.to_bytes(trainer.network, suffix)
        opened = exchange.from_bytes(data, suffix)
        assert opened.run is not None
        assert opened.run.own_data
        assert opened.run.experiment.data == table.data
        X = opened.preprocessing.transform(raw)
        assert np.array_equal(opened.predict(X), trainer.network.predict(X))
        assert files.opened(f"x{suffix}", data, Experiment()).experiment.data == table.data
    printed: list[np.ndarray] = []
    program = _code(trainer.network, raw, ".npz", str(tmp_path / "x.npz"))
    (tmp_path / "x.npz").write_bytes(exchange.to_bytes(trainer.network, ".npz"))
    exec(program, {"print": printed.append})
    wanted = in_units(table.dataset.preprocessing, trainer.network.predict(X))
    np.testing.assert_allclose(printed[0], wanted, rtol=1e-4, atol=1e-5)
    again = Trainer.replay(trainer.run, dataset=table.dataset)
    assert np.array_equal(again.params, trainer.params)


def plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float) else str(value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_tables_that_are_taken_away_are_the_same_data(used: Taken, form: str) -> None:
    packed = zipfile.ZipFile(io.BytesIO(archive(used.dataset, form)))
    again = read_tables({name: packed.read(name) for name in packed.namelist()})
    assert np.array_equal(again.X_train, used.dataset.X_train)
    assert np.array_equal(again.y_test, used.dataset.y_test)
    assert archive(used.dataset, form) == archive(used.dataset, form)


def test_a_file_is_called_after_its_table(used: Taken) -> None:
    assert stem(used.data) == "people"
    assert stem(DataConfig()) == "circle"
    odd = DataConfig(OWN_TABLE, table=OwnTable("../..\\a/b:c?.csv").to_json())
    assert not set(stem(odd)) & set("/\\:?")


# -- the page -------------------------------------------------------------------------------------


def pasted(page: AppTest, text: str) -> AppTest:
    """The dialog with a table in it."""
    page.button(key="own_data").click().run()
    (box,) = [area for area in page.text_area if area.label == translate("en", "page.own.paste")]
    box.set_value(text).run()
    return page.button(key="own_look").click().run()


def test_a_column_that_odd_cells_made_text_of_is_read_as_numbers_by_one_click(
    page: AppTest,
) -> None:
    rows = "".join(f"{k * 7 % 31 + 0.5},{'ab'[k % 2]}\n" for k in range(40))
    sound(pasted(page, f"hours,grade\nn.a.,a\n{rows}unknown,b\n"))
    assert "holds numbers but for 2" in page.warning[-1].value
    sound(page.button(key="own_read_as_0").click().run())
    draft = session(page).desk.draft
    assert isinstance(draft, Draft)
    assert draft.both[0].kinds["hours"] == "number"
    told = page.warning[-1].value.replace("\\", "")
    assert "counts as missing: 2" in told
    assert "Missing values are filled in, as chosen below: 'hours' (2)." in told
    sound(page.button(key="own_use").click().run())
    assert session(page).player.dataset.X_train.shape[1] == 1


def test_nothing_pasted_is_told(page: AppTest) -> None:
    app = pasted(page, " ")
    assert [error.value for error in app.error] == ["Nothing was pasted\\: the field is empty."]
    assert session(page).desk.draft is None


def test_a_pasted_table_is_taken_trained_and_left_and_taken_up_again(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    run = trained(page)
    sound(pasted(page, people()))
    assert page.selectbox(key="own_target").value == "bought"
    assert "city" in page.multiselect(key="own_features").value
    assert run.numbers().step == 30  # what runs keeps running
    sound(page.button(key="own_use").click().run())
    found = session(page)
    assert found.experiment.data.name == OWN_TABLE
    assert found.desk.draft is None
    assert "A new network for pasted.csv" in said(page)
    assert page.query_params["dataset"] == OWN_TABLE
    assert "Noise" not in {slider.label for slider in page.slider}
    run.step("epoch")
    assert run.numbers().step == 5  # of 48 rows
    taken_up = found.experiment
    sound(page.selectbox(key="dataset").set_value("circle").run())
    assert session(page).experiment == Experiment()
    sound(page.button(key="tile_table").click().run())
    assert session(page).experiment == taken_up
    assert run.dataset is found.desk.used.dataset  # type: ignore[union-attr]


def test_the_menu_opens_the_dialog_where_there_is_no_table_yet(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    sound(page.selectbox(key="dataset").set_value(OWN_TABLE).run())
    assert session(page).desk.is_open
    assert page.selectbox(key="dataset").value == "circle"
    assert session(page).experiment == Experiment()


def test_every_choice_of_the_dialog_can_be_made(page: AppTest) -> None:
    sound(pasted(page, people()))
    sound(page.selectbox(key="own_split").set_value("column").run())
    sound(page.selectbox(key="own_split_column").set_value("city").run())
    sound(page.multiselect(key="own_test_values").set_value(["Oslo"]).run())
    sound(page.selectbox(key="own_target").set_value("height").run())
    sound(page.selectbox(key="own_task").set_value("multi_output_regression").run())
    sound(page.multiselect(key="own_targets").set_value(["age", "height"]).run())
    sound(page.multiselect(key="own_features").set_value(["joined", "bought"]).run())
    sound(page.checkbox(key="own_header").set_value(True).run())
    sound(page.selectbox(key="own_scaling").set_value("min_max").run())
    sound(page.selectbox(key="own_impute_number").set_value("constant").run())
    sound(page.number_input(key="own_number_fill").set_value(7.0).run())
    sound(page.button(key="own_use").click().run())
    data = session(page).player.dataset
    assert data.table is not None
    assert set(data.table.test["city"]) == {"Oslo"}
    assert data.n_values == 2
    assert data.table.choices.preparation.scaling == "min_max"
    assert data.table.choices.preparation.number_fill == 7.0
    sound(page.button(key="own_data").click().run())  # the table in use, to choose otherwise
    assert page.multiselect(key="own_features").value == ["joined", "bought"]
    sound(page.selectbox(key="own_task").set_value("regression").run())
    sound(page.button(key="own_use").click().run())
    assert session(page).player.dataset.n_values == 1


def test_what_a_field_shows_before_it_is_told_is_nobodys_choice(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 600.0)
    sound(pasted(page, people()))
    draft = session(page).desk.draft
    assert isinstance(draft, Draft)
    before = draft.both[1]
    page.slider(key="own_share").set_value(0.1)
    page.number_input(key="own_max_categories").set_value(2)
    page.number_input(key="own_min_frequency").set_value(0.0)
    sound(page.run())
    assert draft.both[1] == before
    assert page.slider(key="own_share").value == before.split.train_fraction


def test_a_table_without_a_target_says_so_as_long_as_it_is_shown(page: AppTest) -> None:
    pasted(page, "x,y\n" + "\n".join(f"{i},a" for i in range(30)))
    for _ in range(2):
        assert [item.value for item in page.exception] == []
        assert [item.value[:38] for item in page.error] == [
            "No column of the table can be a target"
        ]
        page.run()
    sound(page.selectbox(key="own_target").set_value("y").run())
    assert page.multiselect(key="own_features").value == ["x"]


@pytest.mark.parametrize(
    "text",
    ["one column\n1\n2\n", "a,b\n", "a,b\n1,2\n1,2,3\n4,5", "a,b\nx,x\nx,x\n", "a,b\n1,\n2,\n"],
)
def test_a_nasty_table_is_a_sentence_and_what_runs_keeps_running(page: AppTest, text: str) -> None:
    run = trained(page)
    pasted(page, text)
    if not page.error:
        page.button(key="own_use").click().run()
    assert [item.value for item in page.exception] == []
    assert page.error
    assert page.error[0].value != translate("en", "page.error")
    assert run.numbers().step == 30
    assert run.experiment == Experiment()


def test_a_link_whose_table_is_not_here_asks_for_it_and_then_is_as_it_was(used: Taken) -> None:
    wanted = changes.with_table(Experiment(), used.data)
    wanted = changes.write(wanted, ("training", "learning_rate"), 0.007)
    wanted = changes.with_layer_added(wanted)
    params = link.write(wanted, Settings())
    page = opened_page(**params)
    assert any("people.csv" in item.value and "bought" in item.value for item in page.warning)
    assert dict(page.query_params)["table"] in (params["table"], [params["table"]])
    assert session(page).experiment.data == DataConfig()
    assert session(page).experiment.training.learning_rate == 0.007
    page.button(key="bring_table").click().run()
    found = session(page)
    found.desk.bring(("people.csv", people().encode()))
    sound(page.run())
    sound(page.button(key="own_use").click().run())
    assert session(page).experiment == wanted
    assert not session(page).problems


def test_an_experiment_whose_table_is_not_here_changes_nothing(page: AppTest, used: Taken) -> None:
    run = trained(page)
    page.text_area(key="pasted").set_value(
        changes.with_table(Experiment(), used.data).to_json()
    ).run()
    page.button(key="open_pasted").click().run()
    assert any("people.csv" in item.value for item in page.warning)
    assert run.numbers().step == 30
    assert session(page).experiment == Experiment()
    assert page.button(key="bring_table").label == "Your data…"
