"""Try it, for ratings: films for a person of the data, and for a newcomer who rates five."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.data import Dataset
from core.data.movielens import well_known
from core.inspect.recommending import Recommendation, Recommender
from core.network import Network
from playground.fields import plain
from playground.session import Session

FIRST = 15  # the person shown at first, who rated so much that some of the truth is known
LISTED = 10  # films of a list
RATED = 5  # films that a newcomer rates
EXAMPLES = (
    "Toy Story (1995)",
    "Pulp Fiction (1994)",
    "Terminator 2: Judgment Day (1991)",
    "Sleepless in Seattle (1993)",
    "Fargo (1996)",
)
"""What is there to be rated at first: well known, and not by the same people."""


@dataclass(frozen=True)
class Rated:
    """A person's ratings in one part of the data: films (n,), from 0, and stars (n,)."""

    films: np.ndarray
    stars: np.ndarray


def show(session: Session, network: Network, dataset: Dataset) -> None:
    """Ask for whom, and draw the films for them."""
    t, recommender = session.t, Recommender.of(network, dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        who = _choose(session, "films_who", ("person", "newcomer"))
        person = 0
        if who == "person":
            count = recommender.how.people
            label = t("views.films_number", count=count)
            first = min(FIRST, count)
            person = int(st.number_input(label, 1, count, first, width=170, key="films_person")) - 1
        usual = "stars" if who == "person" else "taste"
        by_taste = _choose(session, f"films_order_{who}", ("stars", "taste"), usual) == "taste"
    if who == "person":
        _person(session, recommender, dataset, person, by_taste)
    else:
        _newcomer(session, recommender, dataset, by_taste)
    st.caption(t("views.films_by_taste" if by_taste else "views.films_by_stars"))
    st.caption(t("page.terms.movielens"))


def _choose(session: Session, key: str, names: tuple[str, ...], usual: str = "") -> str:
    chosen = st.segmented_control(
        session.t(f"views.{key.removesuffix('_person').removesuffix('_newcomer')}"),
        names,
        default=usual or names[0],
        required=True,
        format_func=lambda name: session.t(f"views.films_{name}"),
        key=key,
        persist_state="page",
    )
    return chosen or names[0]


def _person(
    session: Session, recommender: Recommender, dataset: Dataset, person: int, by_taste: bool
) -> None:
    """What a person likes best; beside it what is recommended, and their own stars if held out."""
    t, taste = session.t, recommender.taste(person)
    learnt, held_out = (_rated(dataset, part, person) for part in ("train", "test"))
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown(f"**{t('views.films_liked', person=person + 1)}**")
        best = np.argsort(-learnt.stars, kind="stable")[:LISTED]
        first = recommender.how.people  # inputs of people come before those of films
        names = dataset.feature_names[first:]
        rows = [(names[k], learnt.stars[i]) for i, k in _films(learnt, best)]
        _table(session, rows, ["views.films_own"], "films_liked")
        st.caption(_how_known(session, recommender, learnt, held_out, person))
    with right:
        st.markdown(f"**{t('views.films_recommended')}**")
        found = recommender.recommended(taste, learnt.films, by_taste=by_taste, most=LISTED)
        _recommended(session, dataset, recommender, found, held_out)


def _films(rated: Rated, places: np.ndarray) -> list[tuple[int, int]]:
    return [(int(i), int(rated.films[i])) for i in places]


def _rated(dataset: Dataset, part: str, person: int) -> Rated:
    how: Any = dataset.preprocessing
    X, y = (
        (dataset.X_train, dataset.y_train) if part == "train" else (dataset.X_test, dataset.y_test)
    )
    pairs = how.pairs(X)
    rows = np.flatnonzero(pairs[:, 0] == person)
    return Rated(pairs[rows, 1], how.values(y[rows])[:, 0])


def _how_known(
    session: Session, recommender: Recommender, learnt: Rated, held_out: Rated, person: int
) -> str:
    """How many ratings the network learnt from, and how far off it is at those held out."""
    t, counts = session.t, {"learnt": len(learnt.films), "held_out": len(held_out.films)}
    if not len(held_out.films):
        return t("views.films_learnt", **counts)
    stars = recommender.stars(recommender.taste(person))[held_out.films]
    error = float(np.sqrt(((stars - held_out.stars) ** 2).mean()))
    return t("views.films_known", error=f"{error:.2f}", **counts)


def _recommended(
    session: Session,
    dataset: Dataset,
    recommender: Recommender,
    found: list[Recommendation],
    held_out: Rated | None = None,
) -> None:
    """The table of recommended films."""
    if not found:
        st.info(session.t("views.films_none"))
        return
    first, truth = recommender.how.people, dict[int, float]()
    if held_out is not None:
        truth = dict(zip(held_out.films.tolist(), held_out.stars.tolist(), strict=True))
    rows = [
        (dataset.feature_names[first + each.film], each.stars, each.suits, truth.get(each.film))
        for each in found
    ]
    names = ["views.films_predicted", "views.films_suits", "views.films_held_out"]
    if held_out is None:
        del names[2:]
    _table(session, [row[: 1 + len(names)] for row in rows], names, "films_recommended")


def _table(session: Session, rows: list[tuple[Any, ...]], names: list[str], key: str) -> None:
    """Films with some numbers each."""
    t = session.t
    labels = [t("views.film"), *(t(name) for name in names)]
    formats = {"views.films_suits": "%+.2f", "views.films_predicted": "%.2f ★"}
    columns: dict[str, Any] = {
        t(name): st.column_config.NumberColumn(
            format=formats.get(name, "%.1f ★"), help=t(f"{name}.help"), width=85
        )
        for name in names
    }
    columns[labels[0]] = st.column_config.TextColumn(width=220)  # beside it the stars have room
    data = [dict(zip(labels, row, strict=True)) for row in rows]
    st.dataframe(data, hide_index=True, column_config=columns, key=key, placeholder="–")


def _newcomer(session: Session, recommender: Recommender, dataset: Dataset, by_taste: bool) -> None:
    """Five films to rate, and what follows from the stars given."""
    t = session.t
    left, right = st.columns([2, 3], gap="large")
    with left:
        rated = _ratings(session, recommender, dataset)
    with right:
        st.markdown(f"**{t('views.films_recommended')}**")
        if not rated:
            st.info(t("views.films_rate_first"))
            return
        taste = recommender.newcomer(rated)
        seen = [film for film, _ in rated]
        found = recommender.recommended(taste, seen, by_taste=by_taste, most=LISTED)
        _recommended(session, dataset, recommender, found)
        st.caption(t("views.films_how"), help=t("views.films_how.help"))


def _ratings(
    session: Session, recommender: Recommender, dataset: Dataset
) -> list[tuple[int, float]]:
    """Ask for films and for stars of each; returns those that were given."""
    t, names = session.t, dataset.feature_names[recommender.how.people :]
    options = well_known()
    chosen = st.multiselect(
        t("views.films_choose", count=RATED),
        options,
        default=[film for film in options if names[film] in EXAMPLES],
        format_func=lambda film: names[film],
        max_selections=RATED,
        placeholder=t("views.films_search"),
        help=t("views.films_choose.help", count=f"{len(options):,}"),
        key="films_chosen",
        wrap=True,
        persist_state="page",
    )
    rated = []
    for film in chosen:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            stars = st.feedback("stars", key=f"films_stars_{film}", persist_state="page")
            st.markdown(plain(names[film]), width="content")
        if stars is not None:
            rated.append((film, stars + 1.0))
    return rated
