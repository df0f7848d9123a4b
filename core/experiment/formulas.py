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

Token = tuple[str, str, int]  # "number", "name", "sign" or "end", its letters, where they begin
Step = tuple[str, float]  # an operation or function and 0, or "number" and its value


@dataclass(frozen=True)
class Formula:
    """What was typed, and how it is computed: each step takes its values from a stack."""

    text: str
    program: tuple[Step, ...]


class _MisreadError(Exception):
    """What is not understood, and at which letter, from 0; of a text that was translated."""

    def __init__(self, place: int, sentence: Sentence) -> None:
        self.place, self.sentence = place, sentence


def read_formula(text: str) -> Formula:
    """Read f(x), or `y > f(x)`. Raises ValueError that says what is not understood, and where."""
    if len(text) > MOST_LETTERS:
        raise Refusal(
            "The formula has {count} letters; at most {most} are possible.",
            count=len(text),
            most=MOST_LETTERS,
        )
    translated = text.translate(LIKE)
    try:
        reader = _Reader(_tokens(translated))
        reader.sum()
        reader.expect("")
    except _MisreadError as error:
        raise _told(error, text, translated) from None
    return Formula(text, tuple(reader.program))


def right_side(text: str) -> str:
    """A formula as it was typed, without `y >`."""
    found = ABOVE.match(text)
    return (text if found is None else text[found.end() :]).strip()


def _told(error: _MisreadError, text: str, translated: str) -> Refusal:
    """The refusal, with the number of the character in the text as it was typed, from 1."""
    if error.place >= len(translated.rstrip()):
        return Refusal(error.sentence)  # the end needs no number
    ends = [len(text[: n + 1].translate(LIKE)) for n in range(len(text))]
    number = 1 + sum(end <= error.place for end in ends)
    return Refusal("Character {number}: {problem}", number=number, problem=error.sentence)


def _tokens(text: str) -> list[Token]:
    """The tokens of a text, without `y >`, and the end."""
    above = ABOVE.match(text)
    if above is not None and above[1].startswith("<"):
        why = Sentence("Class 1 lies above the line: write y > f(x), or f(x) alone.")
        raise _MisreadError(above.start(1), why)
    found: list[Token] = []
    for match in TOKEN.finditer(text, above.end() if above else 0):
        number, name, sign, other = match.groups()
        place = match.start(match.lastindex or 0)
        if other:
            why = Sentence("{token} has no meaning in a formula of x.", token=shown(other))
            raise _MisreadError(place, why)
        kind = "number" if number else "name" if name else "sign"
        found.append((kind, number or name or sign, place))
    if not found:
        raise Refusal("There is no formula yet: write f(x), such as sin(x).")
    return [*found, ("end", "", len(text))]


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
        kind, letters, _ = self.next
        if kind != "sign" or letters not in signs:
            return ""
        self.place += 1
        return letters

    def expect(self, sign: str) -> None:
        """Take a sign, or "" for the end; anything else is not understood."""
        kind, letters, _ = self.next
        if (kind == "end") != (sign == "") or (sign and letters != sign):
            raise self.not_understood(sign)
        self.place += 1

    def not_understood(self, wanted: str = "") -> _MisreadError:
        _, letters, place = self.next
        what = shown(letters) if letters else Sentence("the end")
        before = self.tokens[self.place - 1][1] if self.place else ""
        where = Sentence(" after {token}", token=shown(before)) if before else ""
        if wanted:
            why = Sentence(
                "The formula needs {wanted}{where}, but there is {token}.",
                wanted=shown(wanted),
                where=where,
                token=what,
            )
        elif letters:
            why = Sentence("The formula cannot have {token}{where}.", token=what, where=where)
        else:
            why = Sentence("The formula breaks off{where}.", where=where)
        return _MisreadError(place, why)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            why = Sentence("The formula is nested more than {most} deep.", most=MOST_NESTED)
            raise _MisreadError(self.next[2], why)

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
        kind, letters, place = self.next
        if kind == "number":
            self.place += 1
            self.program.append(("number", float(letters)))
        elif kind == "name":
            self.place += 1
            self.named(letters, place)
        elif self.take("("):
            self.sum()
            self.expect(")")
        else:
            raise self.not_understood()

    def named(self, letters: str, place: int) -> None:
        """The variable, a constant, or a function of what is in parentheses."""
        name = letters.lower()
        if name in CONSTANTS:
            self.program.append(("number", CONSTANTS[name]))
            return
        known = NAMES.get(name)
        if known is None:
            raise _unknown(letters, place)
        if known != VARIABLE:
            if self.next[1] != "(":
                why = Sentence("{name} needs parentheses: {name}(x).", name=name)
                raise _MisreadError(self.next[2], why)
            self.expect("(")
            self.sum()
            self.expect(")")
        self.program.append((known, 0.0))


def _unknown(name: str, place: int) -> _MisreadError:
    known = ", ".join([VARIABLE, *CONSTANTS, *FUNCTIONS])
    if name.lower() in ("y", "x2"):
        why = Sentence("The line is a function of x alone: {name} cannot be in it.", name=name)
    else:
        why = Sentence(
            "{name} is not known in a formula. Known are: {known}.", name=shown(name), known=known
        )
    return _MisreadError(place, why)


@dataclass(frozen=True)
class FormulaText(Check):
    """The text of a formula that can be read."""

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise Refusal(
                "{field} is {value}; it must be a formula of x.", field=name, value=shown(value)
            )
        return read_formula(value).text
