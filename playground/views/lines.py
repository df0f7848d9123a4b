"""Formulas in lines that fit on a telephone: nobody looks for the rest of one to the right."""

from __future__ import annotations

import re
from collections.abc import Sequence

LINE, LATER = 40, 36
"""Characters of a formula that fit on its first line, beside what it gives, and on a later one."""

ROW = 30
"""The same for the terms of a sum, which may stand in brackets after a factor."""

BREAKS = (" + ", " - ", r"\,", r"\Big/")
"""Where a formula may be broken, outside of brackets."""


def aligned(left: str, first: str, *others: str, sign: str = "=") -> str:
    """Write one quantity and the forms it takes, one a line."""
    rows = [f"{left} &{sign} {first}", *(f"&= {text}" for text in others)]
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def broken(latex: str) -> str:
    """Write a formula inside `aligned`, in as many lines as it takes."""
    lines = [""]
    for piece in _pieces(latex):
        room = LINE if len(lines) == 1 else LATER
        if lines[-1] and width(lines[-1] + piece) > room:
            lines.append("")
            piece = re.sub(r"^\\,", r"\\cdot ", piece)
        lines[-1] += piece
    return r" \\ &\qquad ".join(line.strip() for line in lines)


def _pieces(latex: str) -> list[str]:
    """A formula, cut wherever it may be broken."""
    cuts, depth = [0], 0
    for place, letter in enumerate(latex):
        depth += (letter in "({[") - (letter in ")}]")
        if not depth and latex.startswith(BREAKS, place) and place:
            cuts.append(place)
    return [latex[start:end] for start, end in zip(cuts, [*cuts[1:], len(latex)], strict=True)]


def in_rows(terms: Sequence[str]) -> str:
    """Write a sum inside `aligned`, so many terms a line as fit."""
    return r" \\ &\qquad + ".join(_rows(terms))


def gathered(terms: Sequence[str]) -> str:
    """Write a sum that stands in a fraction, so many terms a line as fit."""
    rows = _rows(terms)
    if len(rows) == 1:
        return rows[0]
    return r"\begin{gathered} " + r" \\ {} + ".join(rows) + r" \end{gathered}"


def _rows(terms: Sequence[str]) -> list[str]:
    rows: list[list[str]] = [[]]
    room = ROW
    for term in terms:
        if rows[-1] and room < width(term):
            rows.append([])
            room = ROW
        rows[-1].append(term)
        room -= width(term) + 3
    return [" + ".join(row) for row in rows]


def width(latex: str) -> int:
    """About how many characters wide a formula is drawn; of a fraction its wider part."""
    text = re.sub(r" ([-+=]) ", r"\1\1\1", latex.replace(r"\tfrac", r"\frac"))
    text = re.sub(r"\\(left|right|[Bb]ig|text|operatorname)(?![a-z])|\\[,;]|[\s^_]", "", text)
    text = re.sub(r"\\(?!frac|sqrt)[a-zA-Z]+", "*", text)
    before = ""
    while text != before:  # from the inside to the outside
        before = text
        text = re.sub(r"(?<!frac)(?<!sqrt)(?<!\})\{([^{}]*)\}", r"\1", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"**\1", text)
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", _wider, text)
    return len(text)


def _wider(parts: re.Match[str]) -> str:
    return max(parts[1], parts[2], key=len)
