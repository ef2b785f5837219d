"""Exercises as data: the type of the right answer decides how an answer is compared with it.

    Exercise(4950, {9900: "each couple is counted twice"}, why="pairs grow with n²", unit="dances")

A slip is a wrong answer that a student is likely to give, with the hint that it earns.
"""

import contextlib
import copy
import inspect
import io
import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from html import escape
from numbers import Integral, Rational, Real

from helpers import notation
from helpers.sizes import is_symbol
from helpers.words import listed

CLOSE = Fraction(1, 10**9)      # relative: floats that differ by rounding are the same number
POINTS = (11, 29, 71, 13, 101), (17, 53, 139, 23, 83), (31, 97, 211, 37, 61)    # a prime a letter
MARKS = {"correct": ("✓", "success"), "not yet": ("✗", "error"), "not attempted": ("–", "warn")}


@dataclass(frozen=True, repr=False)
class Verdict:
    """"correct", "not yet" or "not attempted", and a sentence; parts: those of a table's entries.

    True when correct. In JupyterLab with a mark, in a colour of the theme.
    """

    state: str
    text: str = ""
    parts: dict = field(default_factory=dict, compare=False)

    def __bool__(self):
        return self.state == "correct"

    def __repr__(self):
        return f"{self.state}: {self.text}".removesuffix(": ")

    def _repr_html_(self):
        mark, colour = MARKS[self.state]
        return (f'<span style="color: var(--jp-{colour}-color1)">{mark} <b>{self.state}</b></span>'
                + escape(repr(self).removeprefix(self.state), quote=False))


NOT_ATTEMPTED = Verdict("not attempted")


def not_yet(hint):
    return Verdict("not yet", hint)


@dataclass(frozen=True)
class Exercise:
    """What is right, and the slips: a dict from a wrong answer, or a tuple of them, to its hint.

    right: a number; a formula; a word, where the slips are the other words; a function, tried on
    the inputs `at`, whose slips may be written as expressions of its arguments; a dict of entries,
    each an Exercise, (right, slips) or what is right; or any other function answer -> Verdict, with
    the names of its `entries` if it checks a table. within: relative; 0 asks for each digit.
    """

    right: object
    slips: dict = field(default_factory=dict)
    why: str = ""
    within: float = 0
    unit: str = ""
    at: tuple = ()
    entries: tuple = ()

    def __call__(self, answer):
        right = self.right
        if isinstance(right, dict) or self.at:
            return _function(self, answer) if self.at else _table(self, answer)
        if isinstance(right, str) or is_symbol(right):
            return _formula(self, answer) if is_symbol(right) else _word(self, answer)
        return right(answer) if callable(right) else _number(self, answer)

    def table(self):
        """The Exercise of each entry."""
        return {name: one if isinstance(one, Exercise) else Exercise(
            *one if isinstance(one, tuple) else (one,)) for name, one in self.right.items()}

    def pairs(self):
        """(wrong answer, hint) of each slip."""
        for wrongs, hint in self.slips.items():
            for wrong in wrongs if isinstance(wrongs, tuple) else (wrongs,):
                if self.at and isinstance(wrong, str):
                    names = ", ".join(inspect.signature(self.right).parameters)
                    wrong = eval(f"lambda {names}: {wrong}", vars(math).copy())
                yield wrong, hint


class Row(Exercise):
    """A line of a lab's sheet: [what is predicted, what was seen]. Any prediction is right."""

    def __call__(self, answer):
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            return not_yet("two places, please: [what you predict, what you saw], no comma in "
                           f"a number, but 12345 or 12_345; this is {describe(answer)}")
        if exact(answer[0]) is None:
            return not_yet("predict first, a number; any guess counts, a wrong one teaches more")
        return not_yet("now look, and write what you see in the second place") if untouched(
            answer[1]) else super().__call__(answer[1])


def sheet(rows, why, within=0.02, slips=lambda value: {}):
    """A lab's sheet: {row: (what is to be seen, its slips) or a Row}; `slips` are of each."""
    return Exercise({name: row if isinstance(row, Row) else Row(
        row[0], slips(row[0]) | row[1], within=within) for name, row in rows.items()}, why=why)


def _number(e, answer):
    value, right = exact(answer), exact(e.right)
    if value is None:
        return not_yet(_no_number(answer))
    if same(answer, e.right, e.within):
        return Verdict("correct", e.why)
    nearly = value in _rounded(right, (0, 1)) and abs(value - right) <= abs(right) / 10
    met = sorted((abs(value - exact(wrong)), hint) for wrong, hint in e.pairs() if same(
        answer, wrong, 0 if nearly else min(e.within, 0.001))
                 or e.within and not nearly and value in _rounded(wrong, (1, 2)))
    if met:     # the nearest; several, where one value has several causes
        return not_yet("; or ".join(dict.fromkeys(
            hint for away, hint in met if away <= met[0][0] + CLOSE * abs(value))))
    gap, ratio = abs(value - right), value / right if right else 0
    power = round(math.log10(ratio)) if CLOSE**9 < ratio < CLOSE**-9 else 0
    if e.within and (nearly or gap <= 0.015 * abs(right)):
        hint = "nearly: look again, and give one digit more"
    elif power and same(value, right * Fraction(10)**power, e.within):
        hint = f"the digits are right, the power of ten is not{e.unit and ': answer in '}{e.unit}"
    elif not e.within and gap < 1 == right.denominator < value.denominator:
        hint = f"{describe(answer)} is no whole number: round it, up or down?"
    elif not e.within and right >= 1000 and gap <= right / 200:
        hint = "near, and asked to the digit: is each small term there, and not twice?"
    else:
        hint = f"{describe(answer)} is too {'small' if value < right else 'large'}"
    return not_yet(hint)


def _rounded(number, decimals):
    return [float(f"{float(exact(number)):.{one}e}") for one in decimals]


def _no_number(answer):
    """The hint for an answer that is no number; what it says to write can be written."""
    if isinstance(answer, str):
        text = re.sub(r"(?<=\d)[,_ ](?=\d{3}(\D|$))", "", answer.strip()).replace(",", ".")
        found = re.fullmatch(r"([-+]?\d+(\.\d+)?(e\d{1,2})?) *(%|[a-z ]*)", text, re.ASCII)
        return "write it as a number: " + (
            found[1].lstrip("0+") or "0" if found else "digits alone, without quotes")
    return f"the answer is a number; this is {describe(answer)}" + (
        ": Python writes no comma within a number, but 12345 or 12_345" * isinstance(answer, tuple)
        + ": call it, and give its result" * inspect.isroutine(answer))


def _formula(e, answer):
    """Equal in value at three points, whatever its form or its letters' assumptions."""
    letters = sorted(letter.name for letter in e.right.free_symbols)
    wanted = f"the answer is a formula in {listed(letters)}; this is {describe(answer)}"
    shadowed = (f"; if a cell made {letters[-1]} a number ({letters[-1]} = 100), run the import "
                "cell again, then this one")
    if exact(answer) is not None:
        return not_yet(wanted + shadowed)
    if not getattr(answer, "is_commutative", False) or answer.is_Relational:
        return not_yet(wanted)
    own = {letter.name for letter in answer.free_symbols}
    if own - {*letters}:
        return not_yet(f"your formula has {listed(sorted(own))}; here are {listed(letters)}")
    values = formula_values(answer, letters)
    for wrong, hint in [(e.right, None), *e.pairs()]:
        if same(values, formula_values(wrong, letters)):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    missing = [letter for letter in letters if letter not in own]
    return not_yet(f"your formula does not contain {listed(missing)}{shadowed}" if missing else
                   f"{describe(answer)} has the right letters and another value"
                   + "; it is too large, or not made of + - * / ** and the like" * (None in values))


def _word(e, answer):
    word = answer.strip().lower() if isinstance(answer, str) else None
    options = listed([repr(option) for option in sorted({e.right, *e.slips})], "or")
    return Verdict("correct", e.why) if word == e.right else not_yet(
        e.slips.get(word) or f"choose {options}; this is {describe(answer)}")


def _function(e, answer):
    if not callable(answer):
        return not_yet("give the function itself, its name without brackets; "
                       f"this is {describe(answer)}")
    names, printed, calls, results = inspect.signature(e.right).parameters, io.StringIO(), [], []
    for given in e.at:
        calls.append("for " + ", ".join(f"{name} = {describe(one)}" for name, one in zip(
            names, given)) + " your function")
        try:
            with contextlib.redirect_stdout(printed):
                results.append(answer(*copy.deepcopy(given)))
        except NotImplementedError:
            return NOT_ATTEMPTED
        except (Exception, SystemExit) as error:
            whole = "; divide with `//`" * ("cannot be interpreted as an integer" in str(error))
            return not_yet(f"{calls[-1]} raised {type(error).__name__}: {error}{whole}")
    if all(result is None for result in results):
        return (not_yet("your function prints its result: return it instead")
                if printed.getvalue().strip() else NOT_ATTEMPTED)
    for wrong, hint in [(e.right, None), *e.pairs()]:
        if all(same(result, wrong(*given), e.within) for result, given in zip(results, e.at)):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    call, result, right = next(one for one in zip(calls, results, (e.right(*a) for a in e.at))
                               if not same(*one[1:], e.within))
    return not_yet(f"{call} returns {describe(result)}, " + (
        "and a number is expected" if exact(result) is None
        else f"which is too {'small' if exact(result) < exact(right) else 'large'}"))


def _table(e, answer):
    """Entry by entry; the first that is wrong, or else missing, gives the hint."""
    names = listed(map(repr, e.right))
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with {names}; this is {describe(answer)}")
    for name in answer.keys() - e.right.keys():
        return not_yet(f"there is no entry {describe(name)}; the entries are {names}")
    parts = {name: NOT_ATTEMPTED if untouched(answer.get(name)) else entry(answer[name])
             for name, entry in e.table().items()}
    right = sum(map(bool, parts.values()))
    if right == len(parts):
        return Verdict("correct", e.why + _furthest(e.right, answer), parts)
    wrong = [f"{name!r}: {part.text}" for name, part in parts.items() if part.state == "not yet"]
    blank = [f"{name!r} has no answer yet" for name in parts if parts[name] == NOT_ATTEMPTED]
    return Verdict("not attempted", parts=parts) if len(blank) == len(parts) else Verdict(
        "not yet", f"{[*wrong, *blank][0]} ({right} of {len(parts)} entries right)", parts)


def _furthest(rows, answer):
    """The row whose prediction was furthest from what was seen, as the end of a sentence."""
    away = {0: ""}
    for name in (name for name in rows if isinstance(rows[name], Row)):
        guess, seen = map(exact, answer[name])
        factor = max(guess / seen, seen / guess) if guess * seen > 0 else math.inf
        away.setdefault(
            factor > 1.05 and factor, f"; furthest from what you saw was {name!r}, predicted "
            f"{describe(answer[name][0])} and seen {describe(answer[name][1])}: "
            "say why in a sentence")
    return away[max(away)]


# What an answer is.

def untouched(answer):
    """True for what stands in a cell that nobody has touched: None, ..., "", or only such."""
    parts = answer.values() if isinstance(answer, dict) else answer
    if isinstance(answer, dict | list | tuple):
        return all(map(untouched, parts))
    return answer is None or answer is ... or isinstance(answer, str) and not answer.strip()


def exact(value):
    """The exact value of a finite number of any kind, as a Fraction; None for whatever else."""
    with contextlib.suppress(TypeError, ValueError, AttributeError):
        value = value.item()            # NumPy and pandas scalars, an array of one number
    if is_symbol(value):
        value = None if value.free_symbols else formula_values(value, ())[0]
    if isinstance(value, Decimal):
        value = Fraction(value) if value.is_finite() and abs(value.adjusted()) < 1000 else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    return Fraction(value) if isinstance(value, Rational) or math.isfinite(value) else None


def same(left, right, within=0):
    """True where two numbers, or lists of them, are equal up to `within`, relative.

    Whole numbers are compared to the digit unless `within` allows more, others up to rounding.
    """
    a, b = exact(left), exact(right)
    if a is not None and b is not None:
        whole = isinstance(left, Integral) and isinstance(right, Integral)
        return abs(a - b) <= max(Fraction(within), 0 if whole else CLOSE) * abs(b)
    return isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(
        right) and all(same(*pair, within) for pair in zip(left, right))


def formula_values(formula, letters):
    """A SymPy formula at three points, in floats, so that no power takes long; None beyond them."""
    from sympy import Rational as Ratio, lambdify
    from sympy.concrete.expr_with_limits import ExprWithLimits
    try:
        if isinstance(formula, Ratio):
            return [Fraction(int(formula.p), int(formula.q))] * 3
        if formula.has(ExprWithLimits):     # a sum would be run term by term
            return [None] * 3
        function = lambdify(letters, formula, "math")
        return [float(function(*map(float, point[:len(letters)]))) for point in POINTS]
    except Exception:
        return [None] * 3


def describe(value):
    """A few words for what a student gave: "12,345", "the string 'a'", "a list of 30"."""
    try:
        text = _words(value)
        return text if len(text) <= 60 else text[:59] + "…"
    except (Exception, SystemExit):     # a student's class may break any of these
        return "something that cannot be shown"


def _words(value):
    if isinstance(value, list | tuple | dict | set):
        plain = 0 < len(value) <= 4 and all(type(part) in (int, float, str) for part in value)
        return repr(value) if plain else f"a {type(value).__name__} of {len(value)}"
    if (number := exact(value)) is not None:
        return ("a huge number" if abs(number) > 10**30 else f"{int(number):,}"
                if isinstance(value, Integral) else f"{float(number):,.6g}")
    if isinstance(value, str | bool | float | None):
        return f"the string {value!r}" if isinstance(value, str) else f"{value}"
    if is_symbol(value) or inspect.isroutine(value):
        return f"the formula {notation.text(value)}" if is_symbol(value) else "a function"
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else f"a {type(value).__name__}"
