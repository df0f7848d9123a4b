"""Films for a person and for a newcomer: the numbers, and the panel that shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.data.movielens import well_known
from core.inspect.recommending import Recommender
from core.presets import PRESETS
from tests.test_try_it import opened, texts
from tests.test_views import checked

ACTION = ("Terminator 2: Judgment Day (1991)", "Die Hard (1988)", "Matrix, The (1999)")
ROMANCE = ("Pretty Woman (1990)", "Sleepless in Seattle (1993)")


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    trainer = Trainer(PRESETS["films"].experiment)
    trainer.epoch(2)
    return trainer


@pytest.fixture(scope="module")
def recommender(trainer) -> Recommender:
    return Recommender.of(trainer.network, trainer.dataset)


def rated(trainer: Trainer, action: float, romance: float) -> list[tuple[int, float]]:
    """Stars for films by their names."""
    names, first = trainer.dataset.feature_names, trainer.dataset.preprocessing.people
    given = dict.fromkeys(ACTION, action) | dict.fromkeys(ROMANCE, romance)
    return [(names.index(name) - first, stars) for name, stars in given.items()]


def test_a_persons_stars_are_what_the_network_predicts(trainer, recommender) -> None:
    pairs = np.stack([np.full(200, 14), np.arange(200)], axis=1)
    how = trainer.dataset.preprocessing
    expected = how.values(trainer.network.predict(how.transform(pairs)))[:, 0]
    stars = recommender.stars(recommender.taste(14))
    np.testing.assert_allclose(stars[:200], expected, atol=1e-5)
    seen = how.pairs(trainer.dataset.X_train)
    seen = {*seen[seen[:, 0] == 14, 1].tolist()}
    found = recommender.recommended(recommender.taste(14), seen)
    assert len(found) == 10
    assert not seen & {each.film for each in found}
    assert all(recommender.n_ratings[each.film] >= 20 for each in found)
    assert [each.stars for each in found] == sorted((each.stars for each in found), reverse=True)
    others = np.setdiff1d(recommender.offered, [*seen, *(each.film for each in found)])
    assert stars[others].max() <= found[-1].stars


def test_five_ratings_make_a_list_of_ones_own(trainer, recommender) -> None:
    lists, liked = [], []
    for action, romance in ((5.0, 1.0), (1.0, 5.0)):
        given = rated(trainer, action, romance)
        taste = recommender.newcomer(given)
        np.testing.assert_array_equal(taste, recommender.newcomer(given))
        stars = recommender.stars(taste)
        fans, others = ([film for film, own in given if own == value] for value in (5, 1))
        above = stars - recommender.stars(recommender.usual)
        assert above[fans].mean() > above[others].mean() + 0.1
        found = recommender.recommended(taste, fans + others, by_taste=True)
        assert not {*fans, *others} & {each.film for each in found}
        suits = [each.suits for each in found]
        assert suits == sorted(suits, reverse=True)
        assert suits[0] > 0
        lists.append({each.film for each in found})
        liked.append(stars)
    assert len(lists[0] & lists[1]) <= 3  # two tastes, two lists
    assert liked[0][rated(trainer, 5, 1)[0][0]] > liked[1][rated(trainer, 5, 1)[0][0]]


def test_who_says_nothing_is_as_all_are(recommender) -> None:
    np.testing.assert_array_equal(recommender.newcomer([]), recommender.usual)
    means = [each.suits for each in recommender.recommended(recommender.usual, [])]
    np.testing.assert_allclose(means, 0, atol=1e-6)
    assert recommender.recommended(recommender.usual, recommender.offered.tolist()) == []


@pytest.mark.parametrize("layers", [(), (Dense(3, "tanh", normalization="batch"),)], ids=len)
def test_any_network_of_ratings_recommends(layers) -> None:
    data = DataConfig("movielens", 500)
    training = TrainingConfig("mean_absolute_error")
    trainer = Trainer(Experiment(data, NetworkConfig(layers), training))
    trainer.step(5)
    few = Recommender.of(trainer.network, trainer.dataset)
    assert len(few.offered) >= 100
    taste = few.newcomer([(0, 5.0), (1, 1.0)])
    assert np.isfinite(few.stars(taste)).all()
    np.testing.assert_allclose(
        few.stars(few.taste(3))[:9],
        few.how.values(trainer.predict(few.how.encode(np.full(9, 3), np.arange(9))))[:, 0],
        atol=1e-5,
    )


def test_other_networks_recommend_nothing() -> None:
    trainer = Trainer(replace(Experiment(), data=DataConfig("iris", 100)))
    with pytest.raises(ValueError, match="Only a network that learns ratings"):
        Recommender.of(trainer.network, trainer.dataset)


# -- the panel -----------------------------------------------------------------------------


def columns(app: AppTest, table: int) -> list[list]:
    frame = app.dataframe[table].value
    return [frame[name].tolist() for name in frame.columns]


def test_the_panel_tells_truth_beside_prediction(trainer) -> None:
    app = opened(trainer)
    _, own = columns(app, 0)
    films, predicted, _, truth = columns(app, 1)
    assert own == sorted(own, reverse=True)
    assert len(films) == len({*films}) == 10
    assert predicted == sorted(predicted, reverse=True)
    assert sum(value == value and value is not None for value in truth) >= 1  # person 15's own
    assert "are held out: on these it is" in texts(app)
    assert "no commercial use" in texts(app)
    app.number_input(key="films_person").set_value(671)
    assert columns(checked(app.run()), 1)[0] != films


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_newcomers_list_follows_every_star(trainer, language) -> None:
    app = opened(trainer, language)
    checked(app.segmented_control(key="films_who").set_value("newcomer").run())
    assert not app.dataframe
    lists = []
    for film, stars in zip(app.multiselect(key="films_chosen").value, (4, 0, 4), strict=False):
        app.feedback(key=f"films_stars_{film}").set_value(stars)
        lists.append(columns(checked(app.run()), 0)[0])
    assert lists[0] != lists[1] != lists[2]
    assert len(app.multiselect(key="films_chosen").options) == len(well_known()) > 1000
