"""The plane on which a network is drawn, and the tables that thin themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import DataConfig, Dataset, load_dataset
from core.costs import (
    EARLY,
    SHARE,
    calm_interval,
    checkpoint_stride,
    early_evaluations,
    evaluation_cost,
    step_cost,
)
from core.history import Checkpoint, Checkpoints, EvaluationTable, ThinnedTable
from core.inspect.plane import plane_of


def test_data_of_the_plane_is_drawn_where_it_lives():
    dataset = load_dataset(DataConfig("xor", features=("x1", "x2", "x1_x2")))
    plane = plane_of(dataset)
    assert (plane.x_range, plane.y_range) == ((-6, 6), (-6, 6))
    grid = plane.grid(5)
    assert grid.shape == (25, 3)
    assert grid[0].tolist() == [-6, 6, -36]  # the first row is the top one, as in an image
    assert grid[-1].tolist() == [6, -6, -36]
    assert np.array_equal(plane.train, dataset.points_train)


def test_a_curve_is_drawn_on_a_line():
    plane = plane_of(load_dataset(DataConfig("sine")))
    assert plane.y_range is None
    assert plane.grid(3).tolist() == [[-6], [0], [6]]


def test_a_pair_of_columns_keeps_the_others_at_their_mean():
    dataset = load_dataset(DataConfig("wine"))
    plane = plane_of(dataset, (2, 0))
    assert plane.labels == (dataset.feature_names[2], dataset.feature_names[0])
    assert np.allclose(plane.train, dataset.X_train[:, [2, 0]], atol=1e-5)
    grid = plane.grid(4)
    mean = dataset.X_train.mean(axis=0)
    assert np.allclose(np.delete(grid, [0, 2], axis=1), np.delete(mean, [0, 2]), atol=1e-5)
    assert np.allclose(grid[0, 2], plane.x_range[0], atol=1e-5)
    assert np.allclose(grid[0, 0], plane.y_range[1], atol=1e-5)


@pytest.mark.parametrize("name", ["iris", "wine", "digits"])
def test_principal_components_are_those_of_scikit_learn(name):
    from sklearn.decomposition import PCA

    dataset = load_dataset(DataConfig(name))
    plane = plane_of(dataset)
    expected = PCA(2, svd_solver="full").fit(dataset.X_train).transform(dataset.X_test)
    for axis in (0, 1):
        ours, theirs = plane.test[:, axis], expected[:, axis]
        assert min(np.abs(ours - theirs).max(), np.abs(ours + theirs).max()) < 1e-3
    # A point of the plane comes back to where it is drawn.
    corners = plane.grid(2)
    mean = dataset.X_train.mean(axis=0)
    assert corners.shape == (4, dataset.n_inputs)
    assert np.linalg.matrix_rank(corners - mean, tol=1e-2) == 2


@pytest.mark.parametrize("projection", [(0, 4), (-1, 0), "umap", (0, 1, 2)])
def test_a_projection_that_is_not_there_is_refused(projection):
    with pytest.raises(ValueError, match="projection"):
        plane_of(load_dataset(DataConfig("iris")), projection)


def test_one_column_and_constant_columns_can_be_drawn():
    one = Dataset.from_arrays([[0.0], [1.0], [2.0]], [0, 1, 0])
    assert plane_of(one).grid(3).shape == (9, 1)
    constant = Dataset.from_arrays([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], [0, 1])
    assert np.isfinite(plane_of(constant).grid(3)).all()


@given(st.integers(0, 3000), st.sampled_from([4, 8, 16]))
def test_what_a_table_keeps_depends_on_the_step_alone(last, capacity):
    table = ThinnedTable(capacity, 2)
    for step in range(last + 1):
        table.append((step, 2 * step))
    kept = table.filled[:, 0]
    assert np.array_equal(kept, np.arange(len(kept)) * table.stride)
    assert table.next_step == kept[-1] + table.stride
    assert len(kept) <= capacity
    assert kept[-1] > last - table.stride
    table.truncate(last // 2)
    assert (table.filled[:, 0] <= last // 2).all()


@given(
    st.integers(0, 60_000),
    st.sampled_from([1, 3, 25]),
    st.sampled_from([0.0, 20.0, 500.0]),
    st.sampled_from([1, 11, 32]),
    st.integers(0, 100),
)
def test_evaluations_become_rarer_and_depend_on_the_step_alone(last, interval, calmest, many, back):
    """Dense at first, no rarer later than they must be; going back alters nothing."""
    table = EvaluationTable(interval, calmest, many)
    while table.next_step <= last:
        table.append((table.next_step, *[0.0] * 5))
    kept = table.filled[:, 0]
    gaps = np.diff(kept)
    assert kept[0] == 0
    assert (kept % interval == 0).all()
    assert (np.diff(gaps) >= 0).all()
    first = many * interval
    assert (gaps <= np.maximum(kept[1:] * 2 / many, max(interval, table.stride))).all()
    assert (gaps <= max(2 * calmest, interval, table.stride)).all()
    if table.stride == interval:  # nothing was thinned yet
        assert np.array_equal(kept[kept < first], np.arange(0, min(last + 1, first), interval))
    again = table.copy()
    again.truncate(int(kept[max(len(kept) - 1 - back, 0)]))
    while again.next_step <= last:
        again.append((again.next_step, *[0.0] * 5))
    assert np.array_equal(again.filled, table.filled)


def test_evaluations_cost_a_tenth_of_a_long_run_at_most():
    for n_parameters, batch, rows in ((25, 10, 500), (2410, 32, 1797), (2_000_000, 256, 12_000)):
        calm = calm_interval(n_parameters, batch, rows)
        evaluation = evaluation_cost(n_parameters, rows)
        assert evaluation <= SHARE * calm * step_cost(n_parameters, batch) * 1.001
        early = early_evaluations(n_parameters, rows)
        assert early == 1 or early * evaluation <= EARLY


def test_early_checkpoints_are_as_far_apart_as_a_replay_is_quick():
    assert checkpoint_stride(25, 10) == 512
    assert checkpoint_stride(2_000_000, 256) == 1


@given(st.integers(0, 5000), st.integers(4, 16))
def test_checkpoints_reach_back_to_the_start(last, capacity):
    kept = Checkpoints(1)
    kept.capacity = capacity
    empty = np.zeros(0)
    for step in range(last + 1):
        if kept.due(step):
            kept.add(Checkpoint(step, empty, empty, empty, 0))
    assert kept.latest(0).step == 0
    assert last - kept.latest(last).step < max(4 * last / capacity, 2)


@pytest.mark.parametrize("n_bytes", [10, 2**18, 2**20, 2**23])
def test_checkpoints_stay_within_their_budget(n_bytes, monkeypatch):
    """At most the budget, or one checkpoint where a single one takes more; step 0 is no copy."""
    monkeypatch.setattr(Checkpoints, "BUDGET_BYTES", 2**23)
    numbers, none = np.zeros(n_bytes, np.uint8), np.zeros(0)
    kept = Checkpoints(n_bytes)
    for step in range(600):
        if kept.due(step):
            kept.make_room()
            if step % kept.stride == 0:
                kept.add(Checkpoint(step, numbers, none, none, 0))
        assert kept.n_bytes <= max(Checkpoints.BUDGET_BYTES, n_bytes)
    assert kept.latest(0).step == 0
    assert kept.latest(599).step > 0
