"""What the core and the page refuse is said in every language, with the page's own labels."""

from __future__ import annotations

import ast
import json
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, exchange
from core.exchange import containers
from core.refusals import Refusal, Sentence, sentence_of
from playground import files, link
from playground.locales import LANGUAGES, catalogue
from playground.sentences import said

ROOT = Path(__file__).resolve().parent.parent
SPEAKS = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("playground/**/*.py")])
SAYING = ("Refusal", "BackendRefusal", "Sentence")
ENGLISH_LEFT = re.compile(r"\b(is|must|the|not|and|of|has|be|it|which|Unknown|Choose)\b")


def templates_in(path: Path) -> Iterator[str]:
    """Every English template that a file makes a Sentence or Refusal of."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text: ast.expr | None = None
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
            text = node.args[0]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "template":
            text = node.value
        if isinstance(text, ast.Constant):
            yield str(text.value)
        else:
            assert not isinstance(text, ast.JoinedStr | ast.BinOp), f"{path.name} builds a template"


TEMPLATES = sorted({template for path in SPEAKS for template in templates_in(path)})


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def own(language: str) -> dict[str, str]:
    path = ROOT / "playground" / "locales" / language / "refusals.json"
    pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs), f"{path} says something twice"
    return dict(pairs)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_sentence_is_translated_with_the_same_values(template: str, language: str) -> None:
    translated = own(language)
    assert template in translated
    assert places(translated[template]) == places(template)


def test_english_rewordings_keep_the_values_and_nothing_is_left_over() -> None:
    words = {text for text in own("zh") if text not in TEMPLATES}
    assert not [text for text in words if re.search(r"\{[a-z]", text)], "sentences nobody says"
    for template, text in own("en").items():
        assert template in own("zh"), template
        assert template not in TEMPLATES or places(text) == places(template), template


@pytest.mark.parametrize("path", SPEAKS, ids=lambda path: path.stem)
def test_what_a_visitor_may_meet_is_never_a_bare_error(path: Path) -> None:
    """Programming errors of the engine apart, the core raises Refusals."""
    spoken = ("core/data", "core/exchange", "core/experiment", "core/inspect", "core/maths")
    spoken += ("core/edits.py", "core/network.py", "core/trainer")
    name = path.relative_to(ROOT).as_posix()
    if name.startswith(spoken):
        assert "raise ValueError(" not in path.read_text(encoding="utf-8")


# -- Sentences ------------------------------------------------------------------------------------


def test_a_sentence_is_its_english_text_and_remembers_how_it_was_made() -> None:
    inner = Sentence("a number between {low} and {high}", low="0", high="1")
    sentence = Sentence("{field} must be {limits}.", field="noise", limits=inner)
    assert sentence == "noise must be a number between 0 and 1."
    assert sentence.template == "{field} must be {limits}."
    assert sentence.values["limits"] is inner
    assert Sentence("{in braces}") == "{in braces}"
    again = pickle.loads(pickle.dumps(sentence))  # noqa: S301 - its own
    assert (again, again.template, again.values) == (sentence, sentence.template, sentence.values)


def test_a_refusal_is_a_value_error_with_that_sentence() -> None:
    refusal = Refusal("{field} is {value}.", field="noise", value="2")
    assert isinstance(refusal, ValueError)
    assert str(refusal) == refusal.sentence == sentence_of(refusal) == "noise is 2."
    assert Refusal(refusal.sentence).sentence is refusal.sentence
    assert sentence_of(ValueError("other")) == "other"


# -- what a visitor meets -------------------------------------------------------------------------

LINKS = {
    "数据：样本数（n_samples）为 5，应为 10 到 1,000,000 之间的整数。": {"n_samples": "5"},
    "训练：学习率（learning_rate）为 'x'": {"learning_rate": "x"},
    "第 2 层：神经元数（units）为 2,000，应为 1 到 1,024 之间的整数。": {"layers": "4,2000"},
    "第 1 层：神经元数（units）为 0，应为 1 到 1,024 之间的整数。": {"layers": "0"},
    "第 1 层：没有名为 'rleu' 的激活函数。是不是想写 'relu'？": {"layers": "4:rleu"},
    "数据：没有名为 'cirle' 的数据集名称": {"dataset": "cirle"},
    "网络：隐藏层有 20 层，只保留了前 16 层。": {"layers": ",".join(["2"] * 20)},
    "优化器选项：Beta 1（beta_1）为 2，应为不小于 0 且小于 1 的数。": {"beta_1": "2"},
    "学习率调度选项：衰减步数（decay_steps）为 0，应为 1 到 1,000,000,000 之间的整数。": {
        "schedule": "cosine",
        "decay_steps": "0",
    },
    "学习率调度选项：cosine 没有名为 'gamma' 的选项。": {"schedule": "cosine", "gamma": "1"},
    "初始化选项：没有名为 'fan' 的模式。": {"initializer": "variance_scaling", "mode": "fan"},
    "训练：输入噪声（input_noise）为 -1，应为 0 到 100 之间的数。": {"input_noise": "-1"},
    "损失函数“二元交叉熵（binary_crossentropy）”不适合数据集“平面（plane）”": {
        "dataset": "plane",
        "loss": "binary_crossentropy",
    },
    "显示测试数据（test_data）为 'yes'，应为 true 或 false。": {"test_data": "yes"},
    "速度（speed）为 -3，应为 0.1 到 1,000,000 之间的数。": {"speed": "-3"},
    "速度（speed）为 'fast'，应为每秒的步数，或 max（全速）。": {"speed": "fast"},
    "输入的视图（projection）为 'a_b'": {"projection": "a_b"},
    "没有名为 'sideways' 的连线表示": {"edges": "sideways"},
    "没有名为 'xx' 的语言": {"lang": "xx"},
    "链接中的设置 'nose' 不存在。是不是想写 'noise'？": {"nose": "1"},
    "此链接由更新的版本生成（版本 7": {"v": "7"},
}


@pytest.mark.parametrize("sentence", LINKS)
def test_problems_of_a_link_are_said_in_chinese(sentence: str) -> None:
    *_, problems = link.read(LINKS[sentence])
    (problem,) = problems
    assert said(problem, "zh").startswith(sentence)
    assert not ENGLISH_LEFT.search(re.sub("（.*?）|'.*?'", "", said(problem, "zh")))


TEXTS = {
    "没有可打开的内容：文本是空的。": " ",
    "实验设置应是含有 data、network 和 training 的 JSON 对象，而这里的内容是 null。": "null",
    "实验设置应是含有 data、network 和 training 的 JSON 对象，而这里的内容是 一个列表。": "[1]",
    "其中只有版本号 99，没有任何实验设置。": '{"version": 99}',
    "其中没有任何实验设置。": "{}",
    "这不是 JSON 格式的实验设置：第 1 行第 2 列，此处应有用双引号括起的名称。": "{",
    "这不是 JSON 格式的实验设置：第 1 行第 1 列，此处应有一个值。": "hello",
}


@pytest.mark.parametrize("sentence", TEXTS)
def test_a_text_that_is_no_experiment_is_refused_in_chinese(sentence: str) -> None:
    with pytest.raises(Refusal) as caught:
        files.read_text(TEXTS[sentence])
    assert said(caught.value.sentence, "zh") == sentence


def test_numbers_are_written_as_people_write_them() -> None:
    opened = files.read_text('{"data": {"n_samples": 1e9, "features": [], "noise": null}}')
    english = [said(problem, "en") for problem in opened.problems]
    assert english == [
        "Data: Samples (n_samples) is 1,000,000,000; "
        "it must be a whole number between 10 and 1,000,000.",
        "Data: Noise is null; it must be a number between 0 and 0.5.",
        "Data: Features: there are 0 of them; there must be 1 to 7.",
    ]


def saved(*layers: Dense, suffix: str = ".npz") -> bytes:
    experiment = Experiment(network=NetworkConfig(layers))
    return exchange.to_bytes(Trainer(experiment), suffix)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_network_that_the_page_cannot_show_is_told_the_pages_limits(suffix: str) -> None:
    deep, wide = saved(*[Dense(1)] * 17, suffix=suffix), saved(Dense(1025), suffix=suffix)
    assert len(exchange.from_bytes(deep, suffix).config.layers) == 17, "the core takes it"
    with pytest.raises(Refusal, match="has 17 hidden layers; at most 16") as caught:
        files.opened(f"deep{suffix}", deep, Experiment())
    assert said(caught.value.sentence, "zh") == "文件中的网络有 17 个隐藏层，这里最多 16 个。"
    with pytest.raises(
        Refusal, match="units is 1025; it must be a whole number between 1 and 1024"
    ) as caught:
        files.opened(f"wide{suffix}", wide, Experiment())
    assert "神经元数（units）为 1,025，应为 1 到 1,024" in said(caught.value.sentence, "zh")
    largest = saved(*[Dense(1)] * 15, Dense(1024), suffix=suffix)
    assert files.opened(f"fits{suffix}", largest, Experiment()).network is not None


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("e.json", b"\xff\xfe\x00", "文件不是 UTF-8 文本，因此不是 JSON。"),
        ("w.npz", b"", "文件是空的。"),
        ("w.npz", b"PK", "文件不是完整的 .npz：可能被截断、已损坏或来自别处。"),
        ("w.safetensors", b"\0" * 40, "文件不是完整的 .safetensors：可能被截断或已损坏。"),
        ("w.pkl", b"\x80", "这里打不开此文件：文件名应以 .json, .npz, .safetensors 结尾。"),
        ("w.npz", b"\0" * (64 * 2**20 + 1), "文件超过 64 MB。"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_chinese(
    name: str, data: bytes, sentence: str
) -> None:
    with pytest.raises(Refusal) as caught:
        files.opened(name, data, Experiment())
    assert said(caught.value.sentence, "zh") == sentence


def test_a_foreign_file_is_refused_in_chinese() -> None:
    contents = containers.Contents({}, '{"format": "other"}')
    with pytest.raises(Refusal) as caught:
        files.opened("w.npz", containers.write_npz(contents), Experiment())
    assert said(caught.value.sentence, "zh") == "此文件不是由本程序写成的。"


def test_a_loss_that_does_not_suit_the_data_in_use_is_named_in_chinese() -> None:
    with pytest.raises(Refusal) as caught:
        Trainer(Experiment(data=DataConfig("plane")))
    chinese = said(caught.value.sentence, "zh")
    assert chinese.startswith("损失函数“二元交叉熵（binary_crossentropy）”不适合回归。可选：")


@given(st.dictionaries(st.sampled_from([*link.KEYS, "layers", "v", "noise"]), st.text()))
def test_no_link_has_a_problem_that_cannot_be_said(params: dict[str, str]) -> None:
    *_, problems = link.read(params)
    for problem in problems:
        assert isinstance(problem, Sentence)
        assert problem.template in catalogue("zh", "refusals")
        assert said(problem, "zh")
        assert said(problem, "en")


@given(st.text(), st.sampled_from(["en", "zh"]))
def test_text_that_is_no_sentence_stays_as_it_is(text: str, language: str) -> None:
    assert said(text, language) == text
