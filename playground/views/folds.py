"""k folds: the same experiment tested on other rows each time, and how much that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.monitor import REDUCE_ON_PLATEAU
from playground import charts
from playground.folds import FEWEST_FOLDS, MOST_EPOCHS, MOST_FOLDS, USUAL_FOLDS
from playground.session import Session
from playground.views.evaluated import Result
from playground.views.panel import draw_chart, is_moving

if TYPE_CHECKING:
    from core.crossvalidation import CrossValidation, FoldResult, Spread
    from playground.live.folds import FoldsRun

LIKE = ("accuracy", "r2")  # what folds are compared by


def show(session: Session, result: Result) -> None:
    """Draw what is asked for, the button, and what came of it."""
    st.caption(session.t("views.folds_about"))
    run = session.folds.run
    _form(session, result)
    if run is None:
        return
    if run.is_running:
        run.go_on()
        _progress(session, run)
    if run.problem:
        st.error(session.said(run.problem))
    if session.folds.is_stale(session.player):
        st.warning(session.t("views.folds_stale"), icon=":material/history:")
    if run.validation.results:
        _findings(session, result, run)


def _form(session: Session, result: Result) -> None:
    t, folds, busy = session.t, session.folds, session.folds.is_running
    key = "folds_epochs"
    session.widgets.seed(key, folds.epochs(result.epochs, is_moving=is_moving(session)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        k = st.number_input(
            t("views.folds_k"),
            FEWEST_FOLDS,
            MOST_FOLDS,
            USUAL_FOLDS,
            key="folds_k",
            width=160,
            disabled=busy,
        )
        epochs = st.number_input(
            t("views.folds_epochs"),
            1,
            MOST_EPOCHS,
            key=key,
            width=200,
            disabled=busy,
            help=t("views.folds_epochs.help"),
            on_change=session.act,
            args=(session.choose_fold_epochs, key),
        )
        st.button(
            t("views.folds_start", k=int(k)),
            key=f"folds_start_{folds.count}",
            type="primary",
            disabled=busy,
            icon=":material/splitscreen:",
            on_click=session.act,
            args=(folds.start, folds.count, session.player, int(k), int(epochs)),
        )


def _progress(session: Session, run: FoldsRun) -> None:
    t, validation = session.t, run.validation
    number = min(len(validation.results) + 1, len(validation.folds))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            validation.share, t("views.folds_under_way", number=number, k=len(validation.folds))
        )
        st.button(
            t("views.folds_cancel"),
            key=f"folds_cancel_{session.folds.count}",
            on_click=session.act,
            args=(session.folds.cancel, session.folds.count),
        )


def _findings(session: Session, result: Result, run: FoldsRun) -> None:
    t, validation = session.t, run.validation
    name = next(each for each in LIKE if each in validation.results[0].test)
    own = result.scores(result.test).get(name, np.nan) if result.step else np.nan
    spread = validation.summary.get(name)
    if run.is_cancelled and not validation.is_done:
        counts = {"done": len(validation.results), "k": len(validation.folds)}
        st.info(t("views.folds_cancelled", **counts))
    left, right = st.columns([3, 2])
    with left:
        if spread is not None:
            _verdict(session, name, spread, own)
        _table(session, validation)
    with right:
        if spread is not None:
            _chart(session, validation.results, name, spread, own)
    _remarks(session, validation)


def _verdict(session: Session, name: str, spread: Spread, own: float) -> None:
    """The mean and the deviation in a sentence, and the run's own number beside them."""
    t, label = session.t, session.t(f"views.{name}")
    found = {"name": label, "mean": f"{spread.mean:.3g}", "count": spread.count}
    if not np.isfinite(spread.deviation):
        st.markdown(t("views.folds_one", **found))
        return
    said = [t("views.folds_mean", deviation=f"{spread.deviation:.2g}", **found)]
    if np.isfinite(own):
        inside = abs(own - spread.mean) <= spread.deviation
        key = "views.folds_own_inside" if inside else "views.folds_own_outside"
        said.append(t(key, own=f"{own:.3g}"))
    st.markdown("\n\n".join(said))


def _table(session: Session, validation: CrossValidation) -> None:
    """A row for each fold, then mean and standard deviation of what was tested."""
    t = session.t
    fold, train = t("views.fold"), t("views.training")
    labels = {name: _label(session, name) for name in validation.results[0].test}
    rows: list[dict[str, Any]] = []
    for number, found in enumerate(validation.results, start=1):
        row: dict[str, Any] = {fold: str(number)}
        row |= {label: found.test[name] for name, label in labels.items()}
        name = next(each for each in LIKE if each in found.train)
        row[f"{train}: {t(f'views.{name}')}"] = found.train[name]
        row |= {t("views.folds_epochs"): found.epochs}
        row |= {t("views.folds_learnt"): found.n_train, t("views.folds_tested"): found.n_test}
        rows.append(row)
    for key in ("mean", "deviation"):
        numbers = {labels[name]: getattr(s, key) for name, s in validation.summary.items()}
        rows.append({fold: t(f"views.folds_{key}_row"), **numbers})
    decimal = st.column_config.NumberColumn(format="%.4g")
    columns = dict.fromkeys(list(rows[0])[1 : len(labels) + 2], decimal)
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_folds", placeholder="–"
    )


def _label(session: Session, name: str) -> str:
    t = session.t
    return f"{t('views.test')}: {t('views.loss_word') if name == 'loss' else t(f'views.{name}')}"


def _chart(
    session: Session,
    results: tuple[FoldResult, ...],
    name: str,
    spread: Spread,
    own: float,
) -> None:
    t = session.t
    values = np.array([r.test[name] if r.diverged is None else np.nan for r in results])
    mean = charts.Level(t("views.folds_mean_line"), spread.mean)
    figure = charts.folds_chart(
        values,
        t("views.folds_point"),
        mean,
        spread.deviation,
        charts.Level(t("views.folds_own_line"), own),
        charts.Axes(t("views.fold"), _label(session, name)),
    )
    draw_chart(session, figure, key="evaluation_folds_chart", alt=t("views.alt_folds"))


def _remarks(session: Session, validation: CrossValidation) -> None:
    """Who tested whom, and what makes the numbers better or fewer than they seem."""
    t, folds = session.t, validation.folds
    remarks = [t(f"views.folds_how_{folds.how}")]
    if folds.untouched:
        remarks.append(t("views.folds_untouched", count=f"{folds.untouched:,}"))
    if folds.held:
        remarks.append(t("views.folds_held", count=f"{folds.held:,}"))
    elif validation.has_validation:
        remarks.append(t("views.folds_holds_back"))
    by = "test" if validation.is_watched_by_test else "validation"
    remarks += [t(f"views.folds_{what}_by_{by}") for what in _watchers(validation)]
    if diverged := sum(result.diverged is not None for result in validation.results):
        remarks.append(t("views.folds_diverged", count=diverged))
    st.caption("  \n".join(remarks))


def _watchers(validation: CrossValidation) -> list[str]:
    """What looks at a loss at the end of each epoch: early stopping, a rate that plateaus lower."""
    training = validation.experiment.training
    watches = {
        "stop": training.early_stopping is not None,
        "plateau": training.schedule == REDUCE_ON_PLATEAU,
    }
    return [what for what, is_on in watches.items() if is_on]
