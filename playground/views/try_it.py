"""Try it: a sample that the visitor makes, what the network says of it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data import Dataset
from core.data.drawing import as_image
from core.data.films import FilmPairs
from core.data.preprocessing import Pixels
from core.data.words import Words, words_of
from core.inspect.importance import Verdict, class_verdict, value_verdict
from core.network import Network
from core.refusals import sentence_of
from playground import charts
from playground.fields import four_digits, plain
from playground.live.canvas import drawing_canvas
from playground.session import Session
from playground.tables import in_units
from playground.views import films, own_columns, own_picture, own_voice
from playground.views.panel import draw_chart, refreshing
from playground.views.pictures import show_image, show_signed

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.trainer import Trainer

IMAGE = 150  # pixels that what the network sees is shown at
BARS = 16  # inputs whose contributions are drawn: the largest
LONGEST = 2000  # letters of a text
EXAMPLE = "The tea tastes wonderful, but the bag was stale and the box arrived damaged."


@dataclass(frozen=True)
class Subject:
    """Who is asked: a network as it stands, its data, the loss by which classes are decided."""

    network: Network
    dataset: Dataset
    loss: str

    @classmethod
    def of(cls, trainer: Trainer) -> Subject:
        """That of a run, as it stands."""
        return cls(trainer.network, trainer.dataset, trainer.experiment.training.loss)


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    if session.player.waiting:
        st.info(session.t("views.compiling"))
        return
    subject, steps = session.player.read(lambda trainer: (Subject.of(trainer), trainer.step_count))
    if steps == 0:
        st.info(session.t("views.try_untrained"))
    if not np.isfinite(subject.network.params).all():
        st.warning(session.t("views.outputs_broken"))
    elif isinstance(subject.dataset.preprocessing, Pixels):
        _picture(session, subject, subject.dataset.preprocessing)
    elif subject.dataset.image_shape is not None:
        _drawing(session, subject, subject.dataset.image_shape)
    elif isinstance(subject.network.preprocessing, Words):
        _text(session, subject, subject.network.preprocessing)
    elif isinstance(subject.network.preprocessing, FilmPairs):
        films.show(session, subject.network, subject.dataset)
    else:
        _columns(session, subject)


def _drawing(session: Session, subject: Subject, shape: tuple[int, ...]) -> None:
    """Paper to draw on; beside it what becomes of the drawing, and the answer."""
    t = session.t
    paper, seen, answer = st.columns([5, 3, 7], gap="medium")
    with paper:
        words = {name: t(f"views.paper_{name}") for name in ("label", "brush", "clear")}
        strokes = drawing_canvas(words, key="try_drawing")
        st.caption(t("views.try_draw"))
    if not strokes:
        with answer:
            st.info(t("views.try_empty_paper"))
        return
    height, width = shape[:2]
    image = as_image(strokes, (height, width))
    verdict = _asked(session, subject, image.ravel(), answer)
    with seen, st.container(horizontal=True, gap="small"):  # side by side where there is room
        show_image(image, t("views.try_seen", size=f"{height}×{width}"), width=IMAGE)
        if verdict is not None:
            pixels = verdict.contributions.reshape(shape)
            show_signed(pixels, _sides(session, subject, verdict), width=IMAGE)


def _picture(session: Session, subject: Subject, pixels: Pixels) -> None:
    """A field for a picture; beside it what becomes of it, and the answer."""
    t = session.t
    field, seen, answer = st.columns([5, 3, 7], gap="medium")
    with field:
        try:
            picture = own_picture.ask(session, pixels)
        except ValueError as error:
            st.warning(plain(session.said(sentence_of(error))))
            return
    if picture is None:
        with answer:
            st.info(t("views.try_no_picture"))
        return
    x = pixels.transform(picture[None])[0]
    verdict = _asked(session, subject, x, answer)
    with seen, st.container(horizontal=True, gap="small"):
        size = f"{pixels.side}×{pixels.side}"
        show_image(subject.dataset.image_of(x), t("views.try_seen", size=size), width=IMAGE)
        if verdict is not None:
            by_pixel = verdict.contributions.reshape(pixels.side, pixels.side, -1).sum(axis=2)
            show_signed(by_pixel, _sides(session, subject, verdict), width=IMAGE)


def _text(session: Session, subject: Subject, words: Words) -> None:
    """A field for a sentence; which of its words pushed which way, which are not known."""
    t = session.t
    text = st.text_input(
        t("views.try_text"),
        EXAMPLE,
        max_chars=LONGEST,
        help=t("views.try_text_help", count=f"{words.n_inputs:,}"),
        key="try_text",
        live=True,
    )
    said = list(dict.fromkeys(words_of(text or "")))
    if not said:
        st.info(t("views.try_empty_text"))
        return
    numbers = {word: number for number, word in enumerate(words.vocabulary)}
    known = [word for word in said if word in numbers]
    unknown = [word for word in said if word not in numbers]
    answer, why = st.columns([2, 3], gap="medium")
    verdict = _asked(session, subject, words.transform([text])[0], answer)
    with why:
        if verdict is not None and known:
            _contributions(session, subject, verdict, [numbers[word] for word in known])
        elif not known:
            st.info(t("views.try_no_known"))
        if unknown:
            listed = t("views.comma").join(unknown)
            st.caption(t("views.try_unknown", words=plain(listed)))


def _columns(session: Session, subject: Subject) -> None:
    """A field for each raw column; the contributions of what the network is fed."""
    fields, answer = st.columns(2, gap="large")
    with fields:
        try:
            spoken = own_voice.ask(session) if _is_spoken(subject.dataset) else None
            if spoken is None:
                x = own_columns.ask(session, subject.dataset)
            else:
                x = subject.dataset.preprocessing.transform(spoken[None])[0]
        except ValueError as error:
            st.warning(plain(session.said(sentence_of(error))))
            return
    verdict = _asked(session, subject, x, answer)
    if verdict is not None:
        with answer:
            _contributions(session, subject, verdict, range(len(x)))


def _is_spoken(dataset: Dataset) -> bool:
    """Whether the samples are sounds that a visitor can make."""
    return dataset.source is not None and dataset.source.name == "vowel"


def _asked(
    session: Session, subject: Subject, x: np.ndarray, place: DeltaGenerator
) -> Verdict | None:
    """Ask the network, and draw its answer in its place; None if that is no number."""
    t = session.t
    with place:
        if not np.isfinite(x).all():
            st.warning(t("views.try_too_large"))
            return None
        if subject.dataset.task == "classification":
            verdict = class_verdict(subject.network, x, subject.loss)
        else:
            verdict = value_verdict(subject.network, x, _which_value(session, subject.dataset))
        if not verdict.is_sound:
            st.warning(t("views.try_too_large"))
            return None
        if verdict.winner is None:
            values = in_units(subject.dataset.preprocessing, verdict.outputs[None])[0]
            st.metric(t("views.try_says"), four_digits(values[verdict.output]))
        else:
            _classes(session, subject, verdict, verdict.winner)
    return verdict


def _which_value(session: Session, dataset: Dataset) -> int:
    if dataset.n_values < 2:
        return 0
    count = dataset.n_values
    return int(st.number_input(session.t("views.output"), 1, count, 1, key="try_output")) - 1


def _classes(session: Session, subject: Subject, verdict: Verdict, winner: int) -> None:
    """The class in words, and a bar for each."""
    t, names = session.t, subject.dataset.class_names
    st.metric(t("views.try_says"), plain(names[winner]))
    has_shares = verdict.shares is not None
    axes = charts.Axes(t("views.probability" if has_shares else "views.output"), "")
    figure = charts.verdict_chart(names, verdict.scores, winner, axes, shares=has_shares)
    draw_chart(session, figure, key="try_shares", alt=t("views.alt_shares"))


def _contributions(
    session: Session, subject: Subject, verdict: Verdict, chosen: range | list[int]
) -> None:
    """A bar for each of the chosen inputs, the largest on top where there are many."""
    t, labels = session.t, session.column_labels(subject.dataset)
    if len(chosen) > BARS or isinstance(chosen, list):
        by_size = sorted(chosen, key=lambda i: -abs(float(verdict.contributions[i])))
        chosen = by_size[:BARS]
    values = verdict.contributions[list(chosen)]
    figure = charts.contribution_chart(
        [labels[i] for i in chosen], values, charts.Axes(t("views.contribution"), "")
    )
    draw_chart(session, figure, key="try_contributions", alt=t("views.alt_contributions"))
    st.caption(_sides(session, subject, verdict), help=t("views.contribution_help"))


def _sides(session: Session, subject: Subject, verdict: Verdict) -> str:
    """What blue and orange speak for."""
    t, names = session.t, [plain(name) for name in subject.dataset.class_names]
    if verdict.winner is None:
        return t("views.try_sides_value")
    if len(verdict.outputs) == 1:
        return t("views.try_sides_two", one=names[1], other=names[0])
    return t("views.try_sides", name=names[verdict.winner])
