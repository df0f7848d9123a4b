"""A formula of x that a person typed, read by rules of our own and never by Python's.

    sum      = product (("+" | "-") product)*
    product  = signed (["*" | "/"] signed)*        without a sign: 2x, 2 sin(x), (x+1)(x-1)
    signed   = ("-" | "+") signed | power
    power    = atom [("^" | "**") signed]          -x^2 is -(x^2), 2^3^2 is 2^(3^2)
    atom     = number | "x" | "pi" | "e" | function "(" sum ")" | "(" sum ")"

What is read becomes a short program for a stack machine, so that computing it (see
`core.data.boundary`) cannot go deep, and a text of the most letters cannot cost much.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from core.experiment.fields import Check
from core.maths.registry import shown
from core.refusals import Refusal, Sentence

MOST_LETTERS, MOST_NESTED = 200, 30

FUNCTIONS = ("sin", "cos", "tan", "tanh", "exp", "log", "sqrt", "abs")
CONSTANTS = {"pi": math.pi, "e": math.e}
VARIABLE = "x"
NAMES = {"x": VARIABLE, "x1": VARIABLE, "ln": "log"} | {name: name for name in FUNCTIONS}

LIKE = str.maketrans(
    {"−": "-", "×": "*", "·": "*", "π": " pi ", "²": "^2", "³": "^3"}
    | {"（": "(", "）": ")", "，": ","}
)
"""Letters that people, word processors and keyboards write for those that are known."""

ABOVE = re.compile(r"\s*(?:y|x2|f\s*\(\s*x1?\s*\))\s*(>=|>|=|<=|<)\s*", re.IGNORECASE)
TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([^\W\d]\w*)|(\*\*|[-+*/^()])|(\S))")

Token = tuple[str, str]  # "number", "name", "sign" or "end", and its letters
Step = tuple[str, float]  # an operation or function and 0, or "number" and its value


@dataclass(frozen=True)
class Formula:
    """What was typed, and how it is computed: each step takes its values from a stack."""

    text: str
    program: tuple[Step, ...]


def read_formula(text: str) -> Formula:
    """Read f(x), or `y > f(x)`. Raises ValueError that says what is not understood, and where."""
    if len(text) > MOST_LETTERS:
        raise Refusal(
            "The formula has {count} letters; at most {most} are possible.",
            count=len(text),
            most=MOST_LETTERS,
        )
    reader = _Reader(_tokens(_right_side(text.translate(LIKE))))
    reader.sum()
    reader.expect("")
    return Formula(text, tuple(reader.program))


def _right_side(text: str) -> str:
    """The formula alone, without `y >`."""
    found = ABOVE.match(text)
    if found is None:
        return text
    if found[1].startswith("<"):
        raise Refusal("Class 1 lies above the line: write y > f(x), or f(x) alone.")
    return text[found.end() :]


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for number, name, sign, other in TOKEN.findall(text):
        if other:
            raise Refusal("{token} has no meaning in a formula of x.", token=shown(other))
        kind = "number" if number else "name" if name else "sign"
        found.append((kind, number or name or sign))
    if not found:
        raise Refusal("There is no formula yet: write f(x), such as sin(x).")
    return [*found, ("end", "")]


class _Reader:
    """Reads tokens by the rules above, one method a rule, and writes the program."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0
        self.program: list[Step] = []

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self, *signs: str) -> str:
        """The next token's letters if it is one of these signs, which is then behind; else ""."""
        kind, letters = self.next
        if kind != "sign" or letters not in signs:
            return ""
        self.place += 1
        return letters

    def expect(self, sign: str) -> None:
        """Take a sign, or "" for the end; anything else is not understood."""
        kind, letters = self.next
        if (kind == "end") != (sign == "") or (sign and letters != sign):
            raise self.not_understood(sign)
        self.place += 1

    def not_understood(self, wanted: str = "") -> Refusal:
        letters = self.next[1]
        what = shown(letters) if letters else Sentence("the end")
        before = self.tokens[self.place - 1][1] if self.place else ""
        where = Sentence(" after {token}", token=shown(before)) if before else ""
        if wanted:
            template = "The formula needs {wanted}{where}, but there is {token}."
            return Refusal(template, wanted=shown(wanted), where=where, token=what)
        if not letters:
            return Refusal("The formula breaks off{where}.", where=where)
        return Refusal("The formula cannot have {token}{where}.", token=what, where=where)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise Refusal("The formula is nested more than {most} deep.", most=MOST_NESTED)

    def sum(self) -> None:
        self.product()
        while sign := self.take("+", "-"):
            self.product()
            self.program.append((sign, 0.0))

    def product(self) -> None:
        self.signed()
        while True:
            sign = self.take("*", "/")
            if not sign and self.next[0] != "name" and self.next[1] != "(":
                return
            self.signed()
            self.program.append((sign or "*", 0.0))

    def signed(self) -> None:
        self.deeper()
        sign = self.take("+", "-")
        if not sign:
            self.power()
        else:
            self.signed()
            if sign == "-":
                self.program.append(("negative", 0.0))
        self.depth -= 1

    def power(self) -> None:
        self.atom()
        if self.take("^", "**"):
            self.signed()
            self.program.append(("^", 0.0))

    def atom(self) -> None:
        kind, letters = self.next
        if kind == "number":
            self.place += 1
            self.program.append(("number", float(letters)))
        elif kind == "name":
            self.place += 1
            self.named(letters)
        elif self.take("("):
            self.sum()
            self.expect(")")
        else:
            raise self.not_understood()

    def named(self, letters: str) -> None:
        """The variable, a constant, or a function of what is in parentheses."""
        name = letters.lower()
        if name in CONSTANTS:
            self.program.append(("number", CONSTANTS[name]))
            return
        known = NAMES.get(name)
        if known is None:
            raise _unknown(letters)
        if known != VARIABLE:
            if self.next[1] != "(":
                raise Refusal("{name} needs parentheses: {name}(x).", name=name)
            self.expect("(")
            self.sum()
            self.expect(")")
        self.program.append((known, 0.0))


def _unknown(name: str) -> Refusal:
    known = ", ".join([VARIABLE, *CONSTANTS, *FUNCTIONS])
    if name.lower() in ("y", "x2"):
        return Refusal("The line is a function of x alone: {name} cannot be in it.", name=name)
    return Refusal(
        "{name} is not known in a formula. Known are: {known}.", name=shown(name), known=known
    )


@dataclass(frozen=True)
class FormulaText(Check):
    """The text of a formula that can be read."""

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise Refusal(
                "{field} is {value}; it must be a formula of x.", field=name, value=shown(value)
            )
        return read_formula(value).text
