"""How the cost of a step grows with units, layers and batch, beside the growth of its arithmetic.

    python benchmarks/growth.py [--page FILE.html]

A cliff between two neighbours would show where the engine switches from one path to another.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.workloads import Workload
from core import Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig

UNITS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
LAYERS = (1, 2, 3, 4, 6, 8, 12, 16)
BATCHES = (1, 2, 4, 8, 10, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
SAMPLES = 2048
SECONDS = 0.2
CLIFF = 2.5
"""A step that costs so many times more for an operation than its neighbour does stands out."""

Point = tuple[int, float, float]  # size, seconds a step, FLOP a step


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--page", type=Path, help="also draw the curves as a page")
    page = parser.parse_args().page
    curves = {
        "units (16-n-n-4, batch 32)": [(n, *cost((16, n, n, 4), 32)) for n in UNITS],
        "layers of 32 (16-32...-4, batch 32)": [(n, *cost((16, *[32] * n, 4), 32)) for n in LAYERS],
        "batch (16-32-32-4)": [(n, *cost((16, 32, 32, 4), n)) for n in BATCHES],
    }
    for name, points in curves.items():
        print_curve(name, points)
    if page:
        write_page(page, curves)


def cost(sizes: tuple[int, ...], batch: int) -> tuple[float, float]:
    """Seconds a step, the best stretch of several, and FLOP a step."""
    workload = Workload("", sizes, batch, SAMPLES, "tanh", "")
    X, y = workload.data()
    config = NetworkConfig(tuple(Dense(n, "tanh") for n in sizes[1:-1]))
    training = TrainingConfig(
        loss="categorical_crossentropy", optimizer="sgd", learning_rate=1e-3, batch_size=batch
    )
    few = slice(0, 8 * workload.n_classes)
    dataset = Dataset.from_arrays(X, y, X[few], y[few], task="classification")
    trainer = Trainer(Experiment(network=config, training=training), dataset=dataset)
    trainer.run_for(SECONDS)
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        steps = trainer.run_for(SECONDS / 2)
        best = min(best, (time.perf_counter() - start) / steps)
    return float(best), float(workload.flop_a_step)


def print_curve(name: str, points: list[Point]) -> None:
    print(f"\n{name}\n  {'size':>6}{'us/step':>11}{'GFLOP/s':>9}")
    for k, (size, seconds, flop) in enumerate(points):
        print(f"  {size:6}{seconds * 1e6:11.2f}{flop / seconds / 1e9:9.2f}", end="")
        before = points[k - 1] if k else points[k]
        print("   CLIFF" if seconds / flop > CLIFF * before[1] / before[2] else "")


def write_page(file: Path, curves: dict[str, list[Point]]) -> None:
    """Log-log curves; the dotted line grows as the arithmetic does, from the largest size down."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=len(curves), subplot_titles=list(curves))
    for column, points in enumerate(curves.values(), 1):
        sizes, seconds, flops = (np.array(values) for values in zip(*points, strict=True))
        ideal = seconds[-1] * flops / flops[-1]
        for values, dash, label in ((seconds, "solid", "measured"), (ideal, "dot", "arithmetic")):
            line = go.Scatter(
                x=sizes,
                y=values * 1e6,
                name=label,
                showlegend=column == 1,
                line={"dash": dash, "color": "#0877bd"},
            )
            figure.add_trace(line, row=1, col=column)
        figure.update_xaxes(type="log", row=1, col=column)
        figure.update_yaxes(type="log", title="microseconds a step", row=1, col=column)
    figure.update_layout(title="How the cost of a step grows", template="plotly_white", height=480)
    figure.write_html(file, include_plotlyjs=True)


if __name__ == "__main__":
    main()
