"""The results of benchmarks/steps.py as a page of charts that needs no network."""

from __future__ import annotations

from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.contenders import MODULES
from benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from benchmarks.steps import Result

COLOURS = ("#0877bd", "#f59322", "#6f9654", "#8c6bb1", "#c7453a", "#7f8c8d")


def write_page(file: Path, results: list[Result]) -> None:
    """Write one chart for each optimizer and thread count: microseconds a step, log scale."""
    keys = list(dict.fromkeys((r.optimizer, r.threads) for r in results))
    titles = [f"{optimizer}, {threads} thread(s)" for optimizer, threads in keys]
    figure = make_subplots(rows=len(keys), cols=1, subplot_titles=titles, vertical_spacing=0.08)
    for row, key in enumerate(keys, 1):
        for module, colour in zip(MODULES, cycle(COLOURS), strict=False):
            found = [
                r for r in results if (r.optimizer, r.threads) == key and r.contender == module
            ]
            bars = go.Bar(
                x=[
                    f"{r.workload} {'-'.join(map(str, WORKLOADS[r.workload].sizes))}" for r in found
                ],
                y=[r.seconds * 1e6 for r in found],
                name=import_module(f"benchmarks.contenders.{module}").LABEL,
                legendgroup=module,
                showlegend=row == 1,
                marker_color=colour,
                text=[f"{r.seconds * 1e6:.3g}" for r in found],
            )
            figure.add_trace(bars, row=row, col=1)
        figure.update_yaxes(type="log", title="microseconds a step", row=row, col=1)
    figure.update_layout(
        title="A training step beside its peers: lower is better",
        template="plotly_white",
        height=460 * len(keys),
    )
    figure.write_html(file, include_plotlyjs=True)
