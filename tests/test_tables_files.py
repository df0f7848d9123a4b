"""What is taken away of a table: its files, and networks that explain themselves."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig, exchange
from core.data import load_dataset
from core.data.pictures import PictureChoices, picture_dataset
from core.data.tables import (
    Feature,
    PreparationChoices,
    SplitChoices,
    Table,
    TableChoices,
    read_table,
    read_tables,
    table_dataset,
    write_tables,
)
from core.data.tables.fitting import fit_preparation
from core.exchange import readme, table_inputs
from core.refusals import Refusal
from playground.views.export import archive
from tests.people import FEATURES, FEW, PREPARATIONS, choices, people, same_data
from tests.test_pictures import folders, pictures_of, zipped


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("how", ["share", "group", "time"])
def test_what_is_taken_away_makes_the_same_data_set(format: str, how: str) -> None:
    column = {"group": "city", "time": "since"}.get(how, "")
    made = choices(split=SplitChoices(how, column=column))
    data = table_dataset(Table.from_frame(people(), "people"), made)
    files = write_tables(data, format)
    assert set(files) == {f"train.{format}", f"test.{format}", "table.json"}
    again = read_tables(files)
    same_data(again, data)
    assert again.table.choices == made
    assert again.table.train.equals(data.table.train, null_equal=True)
    assert write_tables(again, format) == files


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["circle", "sine", "iris", "digits"])
def test_other_data_are_taken_away_as_inputs_and_targets(name: str, format: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=60, noise=0.1))
    again = read_tables(write_tables(data, format))
    same_data(again, data)
    assert again.image_shape == data.image_shape


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_an_archive_of_the_page_is_read_back(format: str, tmp_path: Path) -> None:
    colours = pictures_of(folders())
    sets = [
        table_dataset(Table.from_frame(people(), "people"), choices()),
        picture_dataset(colours, PictureChoices(side=8, colour=True)),
    ]
    for data in sets:
        path = tmp_path / "data.zip"
        path.write_bytes(archive(data, format))
        for packed in (path, str(path), path.read_bytes()):
            again = read_tables(packed)
            same_data(again, data)
            assert again.image_shape == data.image_shape
            assert again.preprocessing == data.preprocessing


def test_what_is_no_archive_of_a_data_set_is_refused() -> None:
    data = archive(table_dataset(Table.from_frame(people()), choices()), "csv")
    files = dict.fromkeys(("a/train.csv", "b/train.csv"), b"")
    for spoilt in (b"", b"x,y", data[:-40], data[:200] + bytes(50) + data[250:], zipped(files)):
        with pytest.raises(Refusal, match="not a whole zip file"):
            read_tables(spoilt)
    with pytest.raises(Refusal, match=r"no file table\.json"):
        read_tables(zipped({"x.txt": b""}))
    with pytest.raises(Refusal, match="a path that leads out of it"):
        read_tables(zipped({"../train.csv": b""}))


def test_no_spreadsheet_takes_a_text_of_ours_for_a_formula() -> None:
    risky = ["=1+1", "+1", "-x", "@SUM(A1)", "\tx", "'quoted'", "", "a=b", None, "x"] * 4
    frame = pl.DataFrame({"=name": risky, "x": np.linspace(-1, 1, 40), "y": ["a", "b"] * 20})
    made = TableChoices(("y",), (Feature("=name"), Feature("x")), "binary")
    data = table_dataset(Table.from_frame(frame), made)
    files = write_tables(data)
    header, *lines = files["train.csv"].decode().split("\n")
    assert header == '"\'=name","x","y"'
    cells = [line.split(",")[0] for line in lines if line]
    assert not [cell for cell in cells if re.match(r'"[=+\-@\t]', cell)]
    same_data(read_tables(files), data)
    plain = read_table(files["train.csv"], "train.csv")
    assert "'=1+1" in plain.frame.to_series(0).to_list(), "who reads it otherwise sees the mark"


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)


@FEW
@given(
    st.lists(st.tuples(WORDS | st.none(), st.floats() | st.none()), min_size=4, max_size=9), WORDS
)
def test_any_table_comes_back_from_its_files(rows: list[tuple[object, object]], name: str) -> None:
    frame = pl.DataFrame(rows, schema={"t": pl.String, "x": pl.Float64}, orient="row")
    frame = frame.with_columns(pl.Series("y", [n % 2 for n in range(len(rows))]))
    table = Table.from_frame(frame.rename({"t": name or "t"}) if name not in ("x", "y") else frame)
    made = TableChoices(("y",), tuple(Feature(c) for c in table.columns[:2]), "binary")
    try:
        data = table_dataset(table, made)
    except Refusal:
        return
    for format in ("csv", "parquet"):
        again = read_tables(write_tables(data, format))
        same_data(again, data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda files: files.pop("table.json"), "There is no file table.json."),
        (lambda files: files.pop("test.csv"), "There is no file test.csv."),
        (lambda files: files.update({"table.json": b"[]"}), "table.json was not written by this"),
        (lambda files: files.update({"test.csv": b"a,b\n1,2\n"}), "have different columns."),
        (
            lambda files: files.update(
                {"train.csv": re.sub(rb'"(yes|no)"', b"", files["train.csv"])}
            ),
            "A row of the training or test table has no target.",
        ),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    change: Callable[[dict[str, bytes]], object], sentence: str
) -> None:
    files = write_tables(table_dataset(Table.from_frame(people()), choices()))
    change(files)
    with pytest.raises(Refusal, match=re.escape(sentence)):
        read_tables(files)


def test_a_network_of_a_table_is_trained_saved_and_used_on_raw_rows(tmp_path: Path) -> None:
    data = table_dataset(Table.from_frame(people()), choices())
    training = TrainingConfig(loss="binary_crossentropy", optimizer="adam", learning_rate=0.02)
    trainer = Trainer(
        Experiment(network=NetworkConfig((Dense(8),)), training=training), dataset=data
    )
    trainer.epoch(40)
    assert trainer.evaluate("train")["accuracy"] > 0.9
    exchange.save(trainer, tmp_path / "people.safetensors")
    network = exchange.load(tmp_path / "people.safetensors")
    assert network.preprocessing == data.preprocessing
    raw = data.table.test.to_dicts()
    np.testing.assert_array_equal(
        network.predict(network.preprocessing.transform(raw)), trainer.network.predict(data.X_test)
    )


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_code_in_a_file_makes_the_inputs_with_numpy_alone(how: PreparationChoices) -> None:
    frame = people().with_columns(
        note=pl.Series(["naïve Ünïcode  words", "好吃 very 好吃", "a", None] * 30),
        since=pl.col("since").cast(pl.String),
    )
    made = fit_preparation(frame, FEATURES[:4] + FEATURES[5:], how)
    dates = fit_preparation(people(), FEATURES[4:5], how)
    for preparation, rows in ((made, frame.to_dicts()), (dates, people().to_dicts())):
        record = json.loads(json.dumps(preparation.to_dict()))
        expected = preparation.transform(rows)
        np.testing.assert_allclose(
            table_inputs.table_inputs(record["steps"], rows), expected, rtol=2e-6, atol=1e-6
        )
    strange = [{"age": " 7 ", "city": 5.0, "member": "TRUE"}, {"income": math.inf, "city": "?"}]
    np.testing.assert_allclose(
        table_inputs.table_inputs(made.to_dict()["steps"], strange),
        made.transform(strange),
        rtol=2e-6,
        atol=1e-6,
    )


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_hash_in_a_file_is_scikit_learns(text: str) -> None:
    assert table_inputs.murmur3(text.encode()) == murmurhash3_32(text, 0)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_explains_itself_from_raw_rows_to_predictions(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = choices(targets=("income",), features=FEATURES[2:], task="regression")
    data = table_dataset(Table.from_frame(people()), made)
    training = TrainingConfig(loss="mean_squared_error")
    trainer = Trainer(
        Experiment(network=NetworkConfig((Dense(3),)), training=training), dataset=data
    )
    trainer.epoch(2)
    exchange.save(trainer, tmp_path / f"network{suffix}")
    text = readme.describe(trainer.network, suffix)
    assert "outputs * scale + mean" in text
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(text[text.index("import json") :], names)
    raw = data.table.test.to_dicts()
    outputs = names["predict"](names["file"], names["metadata"], raw)  # type: ignore[operator]
    np.testing.assert_allclose(outputs, trainer.network.predict(data.X_test), rtol=1e-4, atol=1e-5)
