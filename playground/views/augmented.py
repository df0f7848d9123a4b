"""What augmentation makes of samples: some of the next step, before and after."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from core.inspect.preview import Preview, preview_of
from playground.fields import plain
from playground.session import Session
from playground.views.panel import refreshing
from playground.views.pictures import address, as_shown

IMAGES = 6
INPUTS = 8  # of a table's sample
LETTERS = 8  # of a class's name below an image


@refreshing
def show(session: Session) -> None:
    """Draw it, for the sidebar."""
    preview = session.player.read(
        lambda run: preview_of(run, IMAGES if run.dataset.kind == "image" else 1)
    )
    is_image = preview.dataset.kind == "image"
    with st.container(key="augmented", gap="small"):
        if is_image:
            step = f"{preview.augmentation.step:,}"
            st.caption(session.t("views.augmented.images", step=step))
            st.html(_grid(session, preview))
        else:
            _table(session, preview)


def _grid(session: Session, preview: Preview) -> str:
    """Images before, below them after, and below those what they are mixed of."""
    t = session.t
    cells = [
        f'<img src="{_picture(preview, sample)}" alt="{escape(word)}">'
        for samples, word in (
            (preview.before, t("views.augmented.before")),
            (preview.after, t("views.augmented.after")),
        )
        for sample in samples
    ]
    if preview.shares is not None:
        cells += [f"<small>{_below(preview, k)}</small>" for k in range(preview.count)]
    return f'<div class="before-and-after">{"".join(cells)}</div>'


def _picture(preview: Preview, sample: np.ndarray) -> str:
    """A sample's image as an address, pixel by pixel: the style sheet enlarges it in squares."""
    return address(as_shown(preview.dataset.image_of(sample), times=1))


def _below(preview: Preview, k: int) -> str:
    """What a sample is mixed of, in two lines."""
    shares = (preview.kept(k), 1 - preview.kept(k))
    names = (escape(_target(preview, row)[:LETTERS]) for row in preview.pair(k))
    return "<br>".join(f"{share:.0%} {name}" for share, name in zip(shares, names, strict=True))


def _target(preview: Preview, row: int) -> str:
    """The class of a training row, or its values."""
    data = preview.dataset
    if data.class_names:
        return data.class_names[int(data.y_train[row])]
    return ", ".join(f"{value:.4g}" for value in np.atleast_1d(data.y_train[row])[:INPUTS])


def _table(session: Session, preview: Preview) -> None:
    """One sample's inputs before, what they are mixed with, and after; and its target."""
    t, data, (own, other) = session.t, preview.dataset, preview.pair(0)
    words = {"number": f"{own + 1:,}", "step": f"{preview.augmentation.step:,}"}
    st.caption(t("views.augmented.sample", **words))
    columns = {"": session.column_labels(data)[:INPUTS]}
    columns[t("views.augmented.before")] = _cells(preview.before[0])
    targets = [plain(_target(preview, row)) for row in (own, other)]
    target = targets[0]
    if preview.shares is not None:
        kept, rest = f"{preview.kept(0):.0%}", f"{1 - preview.kept(0):.0%}"
        st.caption(t("views.augmented.shares", kept=kept, rest=rest, other=f"{other + 1:,}"))
        columns[t("views.augmented.other")] = _cells(data.X_train[other])
        target = f"{kept} {targets[0]} + {rest} {targets[1]}"
    columns[t("views.augmented.after")] = _cells(preview.after[0])
    st.dataframe(columns, hide_index=True, key="augmented_sample")
    st.caption(t("views.augmented.target", target=target))


def _cells(values: np.ndarray) -> tuple[str, ...]:
    return tuple(f"{value:.4g}" for value in values[:INPUTS])
