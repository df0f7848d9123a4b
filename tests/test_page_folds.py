"""The k-fold evaluation of a page: beside the run, between slices, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from core import CrossValidation, DataConfig, TrainingConfig, cross_validate, load_dataset
from core.data.folds import Folds
from core.engine.scheduler import Run, Scheduler
from playground.folds import USUAL_EPOCHS, FoldsDesk
from playground.live import folds
from playground.live.folds import FoldsRun
from playground.live.viewers import Viewers
from tests.apptest import opened_page, session, sound
from tests.test_folds import SMALL


class Pool(Scheduler):
    """One that leaves the work to the test."""

    def add(self, key: str, run: Run) -> None:
        """Hold nothing."""


def test_the_pool_drives_it_to_its_end() -> None:
    run = FoldsRun(CrossValidation(SMALL, 3, epochs=2), Viewers(), Scheduler(workers=1))
    run.wait(60)
    assert not run.is_running
    assert run.validation.results == cross_validate(SMALL, 3, epochs=2).results
    assert (run.problem, run.is_cancelled) == ("", False)


def test_it_rests_while_nobody_looks_and_is_cancelled_between_slices() -> None:
    viewers = Viewers()
    run = FoldsRun(CrossValidation(SMALL, 3, epochs=100_000), viewers, Pool())
    assert run.work(0.001) == 0.0
    under_way = run.validation._trainer
    assert under_way is not None
    viewers._last_seen -= folds.PAUSE_AFTER + 1
    assert run.work(0.001) == folds.LOOK_AGAIN
    assert run.validation._trainer is under_way
    viewers._last_seen -= folds.FREE_AFTER
    assert run.work(0.001) is None
    assert run.validation._trainer is None, "its memory is given back"
    viewers.seen()
    assert run.work(0.001) == 0.0
    run.cancel()
    assert not run.is_running
    assert run.work(0.001) is None
    assert run.validation._trainer is None
    assert run.validation.share < 1.0


def test_one_thread_at_a_time_prepares_data_and_others_train() -> None:
    run = FoldsRun(CrossValidation(SMALL, 3, epochs=100_000), Viewers(), Pool())
    with folds.PREPARING:
        assert run.work(0.001) == folds.HAVE_PATIENCE
        assert run.validation.is_preparing
    assert run.work(0.001) == 0.0
    assert not run.validation.is_preparing
    with folds.PREPARING:
        assert run.work(0.001) == 0.0
    assert run.validation.share > 0.0


def test_what_goes_wrong_is_kept_to_be_said() -> None:
    few = replace(SMALL, training=TrainingConfig("mean_squared_error"))
    run = FoldsRun(CrossValidation(few, 3), Viewers(), Pool())
    run.validation.experiment = replace(SMALL, data=DataConfig("plane"))
    run.validation.folds = Folds.of(load_dataset(DataConfig("plane", 30)), 3)
    assert run.work(0.001) == 0.0
    assert str(run.problem).startswith("Fold 1: ")
    assert not run.is_running


def test_what_fails_gives_its_memory_back() -> None:
    run = FoldsRun(CrossValidation(SMALL, 3), Viewers(), Pool())
    run.work(0.001)
    run.failed(MemoryError())
    assert run.problem == "The evaluation failed and was stopped."
    assert run.validation._trainer is None
    assert run.validation.folds.dataset is None
    assert run.work(0.001) is None


def test_epochs_are_the_runs_until_somebody_chooses() -> None:
    desk = FoldsDesk()
    assert desk.epochs(0, is_moving=False) == USUAL_EPOCHS
    assert desk.epochs(7, is_moving=False) == 7
    assert desk.epochs(9, is_moving=True) == 7, "it stands still, or could not be changed"
    assert desk.epochs(9, is_moving=False) == 9
    desk.choose_epochs(3)
    assert desk.epochs(20, is_moving=False) == 3


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.warning, page.info)
    return "\n".join(str(item.value) for kind in kinds for item in kind)


def evaluation(**params: str) -> AppTest:
    """The page with the view of k folds open."""
    page = opened_page(**params)
    session(page).panel = "evaluation"
    sound(page.run())
    (views,) = [g for g in page.segmented_control if (g.key or "").startswith("evaluation_view")]
    return sound(views.set_value("folds").run())


def start(page: AppTest, epochs: int) -> AppTest:
    sound(page.number_input(key="folds_epochs").set_value(epochs).run())
    (button,) = [b for b in page.button if (b.key or "").startswith("folds_start")]
    return sound(button.click().run())


def test_the_page_evaluates_as_it_is_set_says_when_that_has_changed_and_cancels() -> None:
    page = evaluation(n_samples="60", early_stopping="100000")
    page.number_input(key="folds_k").set_value(3)
    sound(page.number_input(key="learning_rate").set_value(0.03).run())
    start(page, 2)
    run = session(page).folds.run
    assert run is not None
    run.wait(60)
    sound(page.run())
    experiment = session(page).player.experiment
    assert run.validation.results == cross_validate(experiment, 3, epochs=2).results
    assert experiment.training.learning_rate == 0.03
    said = texts(page)
    assert "Accuracy on the test samples of 3 folds" in said
    assert "Every sample is tested once" in said
    assert "stops early by the very samples" in said
    assert "Something has been changed" not in said
    sound(page.number_input(key="batch_size").set_value(7).run())
    assert "Something has been changed" in texts(page)
    assert "Accuracy on the test samples of 3 folds" in texts(page)
    desk, count = session(page).folds, session(page).folds.count
    start(page, 100_000)
    assert desk.is_running
    (button,) = [b for b in page.button if (b.key or "").startswith("folds_cancel")]
    sound(button.click().run())
    assert not desk.is_running
    cancelled = desk.run
    desk.start(count, session(page).player, 3, 1)
    assert desk.run is cancelled, "a copy of a click on the button before"
