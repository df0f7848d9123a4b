"""What is not built yet for large networks."""

from __future__ import annotations

from core.engine.layout import Layout
from core.maths.optimizers import Optimizer
from core.refusals import Refusal, Sentence


def check_built(layout: Layout, optimizer: Optimizer, *, augmented: bool) -> None:
    """Raise a Refusal for what blocks do and large networks do not yet."""
    what = None
    if optimizer.matrix_prepare is not None:
        what = Sentence("the optimizer {name} and networks of this size", name=optimizer.label)
    elif layout.is_normalized:
        what = Sentence("normalized layers and networks of this size")
    elif augmented:
        what = Sentence("changed or mixed samples and networks of this size")
    if what is not None:
        raise Refusal(
            "Backend 'cuda' is not built yet for {what}. Choose backend 'cpu'.", what=what
        )
