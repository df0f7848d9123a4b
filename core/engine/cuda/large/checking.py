"""What is not built yet for large networks."""

from __future__ import annotations

from core.maths.optimizers import Optimizer
from core.refusals import Refusal, Sentence


def check_built(optimizer: Optimizer) -> None:
    """Raise a Refusal for what blocks do and large networks do not yet."""
    if optimizer.matrix_prepare is not None:
        what = Sentence("the optimizer {name} and networks of this size", name=optimizer.label)
        raise Refusal(
            "Backend 'cuda' is not built yet for {what}. Choose backend 'cpu'.", what=what
        )
