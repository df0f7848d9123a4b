"""PyTorch as the tutorials have it, with the fused optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.workloads import Workload

LABEL, NEEDS = "PyTorch, eager", "torch"


def prepare(
    workload: Workload, optimizer: str, rate: float, *, compiled: bool = False
) -> tuple[Callable[[int], None], Callable[[], float]]:
    import torch

    X, y = (torch.from_numpy(a) for a in workload.data())
    model, criterion = build(workload)
    Y = y[:, None].float() if workload.sizes[-1] == 1 else y
    kind = torch.optim.Adam if optimizer == "adam" else torch.optim.SGD
    options = {"eps": 1e-7} if optimizer == "adam" else {}
    update = kind(model.parameters(), lr=rate, fused=not compiled, **options)

    def step(x: Any, target: Any) -> None:
        update.zero_grad()
        criterion(model(x), target).backward()
        update.step()

    if compiled:
        step = torch.compile(step)
    epochs = iter(range(10**9))

    def train(count: int) -> None:
        for _ in range(count):
            order = torch.from_numpy(workload.order(next(epochs)))
            for i in range(0, workload.samples, workload.batch):
                rows = order[i : i + workload.batch]
                step(X[rows], Y[rows])

    def loss() -> float:
        with torch.no_grad():
            return float(criterion(model(X), Y))

    return train, loss


def build(workload: Workload) -> tuple[Any, Any]:
    import torch

    layers: list[Any] = []
    for w, b in workload.weights():
        linear = torch.nn.Linear(*w.shape)
        linear.weight.data = torch.from_numpy(w.T.copy())
        linear.bias.data = torch.from_numpy(b)
        layers += [linear, torch.nn.Tanh() if workload.activation == "tanh" else torch.nn.ReLU()]
    binary = workload.sizes[-1] == 1
    criterion = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    return torch.nn.Sequential(*layers[:-1]), criterion
