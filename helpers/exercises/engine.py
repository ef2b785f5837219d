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
        return f"{self.state}: {self.text}" if self.text else self.state

    def _repr_html_(self):
        mark, colour = MARKS[self.state]
        return (f'<span style="color: var(--jp-{colour}-color1)">{mark} <b>{self.state}</b></span>'
                + escape(f": {self.text}" if self.text else "", quote=False))


NOT_ATTEMPTED = Verdict("not attempted")


def not_yet(hint):
    return Verdict("not yet", hint)


@dataclass(frozen=True)
class Exercise:
    """What is right, and the slips: a dict from a wrong answer, or a tuple of them, to its hint.

    right: a number; a formula; a word, where the slips are the other words; a function, tried on
    the inputs `at`, whose slips may be written as expressions of its arguments; a dict of entries,
    each an Exercise or what is right; or any other function answer -> Verdict, with the names of
    its `entries` if it checks a table. within: relative; 0 asks for each digit. strict: a slip is
    named only if it has the digits that the answer shows, not if it lies `within`.
    """

    right: object
    slips: dict = field(default_factory=dict)
    why: str = ""
    within: float = 0
    unit: str = ""
    at: tuple = ()
    strict: bool = False
    entries: tuple = ()

    def __call__(self, answer):
        right = self.right
        if callable(right) and not self.at and not is_symbol(right):
            return right(answer)
        return (_table if isinstance(right, dict) else _function if self.at
                else _word if isinstance(right, str)
                else _formula if is_symbol(right) else _number)(self, answer)

    def pairs(self):
        """(wrong answer, hint) of each slip."""
        return [(one, hint) for wrong, hint in self.slips.items()
                for one in (wrong if isinstance(wrong, tuple) else (wrong,))]


class Row(Exercise):
    """A line of a lab's sheet: [what is predicted, what was seen]. Any prediction is right."""

    def __call__(self, answer):
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            return not_yet("two places, please: [what you predict, what you saw], no comma in "
                           f"a number, but 12345 or 12_345; this is {describe(answer)}")
        predicted, seen = answer
        if untouched(predicted):
            return not_yet("predict first; any guess counts, and a wrong one teaches more")
        if exact(predicted) is None:
            return not_yet(f"the prediction is a number; this is {describe(predicted)}")
        if untouched(seen):
            return not_yet("now look, and write what you see in the second place")
        return super().__call__(seen)


def sheet(rows, why, within=0.02, slips=lambda value: {}):
    """A lab's sheet: {row: (what is to be seen, its slips) or a Row}; `slips` are of each."""
    return Exercise({name: row if isinstance(row, Row) else Row(
        row[0], slips(row[0]) | row[1], within=within) for name, row in rows.items()}, why=why)


def explorer_state(answer, name):
    """The state of an explorer, by attribute; None if the answer is no explorer of this name."""
    return getattr(answer, "state", None) if str(answer).startswith(f"{name}(") else None


def _number(e, answer):
    value, right = exact(answer), exact(e.right)
    if value is None:
        return not_yet(_no_number(answer, e.unit))
    if same(answer, e.right, e.within):
        return Verdict("correct", e.why)
    too = f"{describe(answer)} is too {'small' if value < right else 'large'}"
    if abs(value) > 10**100 or 0 < abs(value) < Fraction(1, 10**100):
        return not_yet(too)
    coarse = e.within and _digits(value) < 3 and abs(value - right) <= min(
        _half_a_place(value), abs(right) / 10)
    hints = _slips_met(e, answer, value, coarse)
    if 0 < len(hints) <= 3:
        return not_yet("; or ".join(hints))
    if e.within and (coarse or abs(value - right) <= 0.015 * abs(right)):
        return not_yet("nearly: look again, and give one digit more")
    power = round(math.log10(value / right)) if value * right > 0 else 0
    if power and same(value, right * Fraction(10)**power, e.within):
        return not_yet("the digits are right, the power of ten is not"
                       + f": the answer is in {e.unit}" * bool(e.unit))
    if not e.within and (right >= 1000 and abs(value - right) <= _half_a_place(value, 2)
                         or right >= 10**6 and abs(value - right) <= right / 200):
        return not_yet("near, and asked to the digit: is each small term there, and not twice?")
    return not_yet(too)


def _slips_met(e, answer, value, coarse):
    """The hints of all slips that a number can be, to the digits that it shows."""
    away, near, shown = {}, set(), _digits(value)
    loose, place = (_half_a_place(value, least) for least in (1, 3 if e.strict else 2))
    for wrong, hint in e.pairs():
        distance, size = abs(value - exact(wrong)), abs(exact(wrong))
        room = max(place, size / 10_000 if e.strict else Fraction(e.within) * size) * bool(e.within)
        if distance <= room or same(answer, wrong):
            away[hint] = min(distance, away.get(hint, distance))
        if distance <= loose:
            near.add(hint)
    found = 0 in away.values()
    if not found and (coarse or e.strict and shown < 3 and len(near) > 1):
        return []           # 11.0 and 11 are one number, so more than one slip may come near
    least = min(away.values(), default=0) + abs(value) / 10**6
    return [hint for hint in away if away[hint] <= least or not found and shown < 5]


def _digits(value):
    """How many significant digits a number shows, at most 7."""
    return len(f"{abs(float(value)):.6e}".partition("e")[0].replace(".", "").rstrip("0")) or 7


def _half_a_place(value, least=1):
    """Half a unit in the last digit that a number shows, or in its digit `least`."""
    place = math.floor(math.log10(abs(value))) - max(_digits(value), least) + 1 if value else -99
    return Fraction(10)**place / 2 * (1 + Fraction(1, 10**9))


def _no_number(answer, unit):
    """The hint for an answer that is no number; what it says to write can be written."""
    if isinstance(answer, str):
        text = re.sub(r"(?<=\d)[,_ ](?=\d{3}(\D|$))", "", answer.strip()).replace(",", ".")
        found = re.fullmatch(rf"([-+]?\d+(\.\d+)?(e\d+)?) *(%|percent|times|{re.escape(unit)})?",
                             text, re.ASCII)
        return f"write it as a number: {found[1].lstrip('0+') or 0}" if found else (
            "write it as a number: digits alone, without quotes")
    if is_symbol(answer) and answer.free_symbols:
        letters = listed(sorted(map(str, answer.free_symbols)))
        return f"the answer is a number: put numbers for {letters}"
    return f"the answer is a number; this is {describe(answer)}" + (
        ": Python writes no comma within a number, but 12345 or 12_345" * isinstance(answer, tuple)
        + ": call it, and give its result" * inspect.isroutine(answer))


def _formula(e, answer):
    """Equal in value at three points, whatever its form or its letters' assumptions."""
    letters = sorted(letter.name for letter in e.right.free_symbols)
    shadowed = (f"if a cell made {letters[-1]} a number ({letters[-1]} = 100), run the import cell "
                "again, then this one")
    if exact(answer) is not None:
        return not_yet(f"the answer is a formula in {listed(letters)}, and this is the number "
                       f"{describe(answer)}; {shadowed}")
    if not getattr(answer, "is_commutative", False) or answer.is_Relational:
        return not_yet(f"the answer is a formula in {listed(letters)}; this is {describe(answer)}")
    own = {letter.name for letter in answer.free_symbols}
    if own - {*letters}:
        return not_yet(f"your formula has {listed(sorted(own))}; here are {listed(letters)}")
    values = formula_values(answer, letters)
    for wrong, hint in [(e.right, None), *e.pairs()]:
        if same(values, formula_values(wrong, letters)):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    missing = [letter for letter in letters if letter not in own]
    return not_yet(f"your formula does not contain {listed(missing)}; {shadowed}" if missing else
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
    names, results = list(inspect.signature(e.right).parameters), []
    with contextlib.suppress(ValueError, TypeError):    # built-in functions have no signature
        signature = inspect.signature(answer)
        try:
            signature.bind(*e.at[0])
        except TypeError:
            return not_yet(f"your function takes ({', '.join(signature.parameters)}); "
                           f"the check calls it with ({', '.join(names)})")
    printed = io.StringIO()
    for given in e.at:
        call = "for " + ", ".join(f"{name} = {describe(one)}" for name, one in zip(names, given))
        try:
            with contextlib.redirect_stdout(printed):
                results.append(answer(*copy.deepcopy(given)))
        except NotImplementedError:
            return NOT_ATTEMPTED
        except (Exception, SystemExit) as error:
            whole = "; divide with `//`" * ("cannot be interpreted as an integer" in str(error))
            return not_yet(f"{call} your function raised {type(error).__name__}: {error}{whole}")
    if all(result is None for result in results):
        return (not_yet("your function prints its result: return it instead")
                if printed.getvalue().strip() else NOT_ATTEMPTED)
    for wrong, hint in [(e.right, None), *e.pairs()]:
        if isinstance(wrong, str):
            wrong = eval(f"lambda {', '.join(names)}: {wrong}", vars(math).copy())
        if all(same(result, wrong(*given), e.within) for result, given in zip(results, e.at)):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    given, result, right = next((given, result, right) for given, result in zip(e.at, results)
                                if not same(result, right := e.right(*given), e.within))
    call = "for " + ", ".join(f"{name} = {describe(one)}" for name, one in zip(names, given))
    way = "and a number is expected" if exact(result) is None else (
        f"which is too {'small' if exact(result) < exact(right) else 'large'}")
    return not_yet(f"{call} your function returns {describe(result)}, {way}")


def _table(e, answer):
    """Entry by entry; the first that is wrong, or else missing, gives the hint."""
    names = listed(map(repr, e.right))
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with {names}; this is {describe(answer)}")
    for name in answer.keys() - e.right.keys():
        return not_yet(f"there is no entry {describe(name)}; the entries are {names}")
    parts = {}
    for name, entry in e.right.items():
        entry, given = entry if isinstance(entry, Exercise) else Exercise(entry), answer.get(name)
        parts[name] = NOT_ATTEMPTED if untouched(given) else entry(given)
    right = sum(map(bool, parts.values()))
    if right == len(parts):
        return Verdict("correct", e.why + _furthest(e.right, answer), parts)
    wrong = [f"{name!r}: {part.text}" for name, part in parts.items() if part.state == "not yet"]
    blank = [f"{name!r} has no answer yet" for name in parts if parts[name] == NOT_ATTEMPTED]
    return Verdict("not attempted", parts=parts) if len(blank) == len(parts) else Verdict(
        "not yet", f"{[*wrong, *blank][0]} ({right} of {len(parts)} entries right)", parts)


def _furthest(rows, answer):
    """The row whose prediction was furthest from what was seen, as the end of a sentence."""
    away = {}
    for name in (name for name in rows if isinstance(rows[name], Row)):
        predicted, seen = map(exact, answer[name])
        if abs(predicted - seen) > abs(seen) / 20:
            factor = predicted / seen if predicted * seen > 0 else math.inf
            away[name] = max(factor, 1 / factor)
    if not away:
        return ""
    name = max(away, key=away.get)
    predicted, seen = map(describe, answer[name])
    return (f"; furthest from what you saw was {name!r}, predicted {predicted} and seen {seen}: "
            "say why in a sentence")


# What an answer is.

def untouched(answer):
    """True for what stands in a cell that nobody has touched: None, ..., "", or only such."""
    if isinstance(answer, dict | list | tuple):
        return all(map(untouched, answer.values() if isinstance(answer, dict) else answer))
    return answer is None or answer is ... or isinstance(answer, str) and not answer.strip()


def exact(value):
    """The exact value of a finite number of any kind, as a Fraction; None for whatever else.

    >>> exact(True), exact("1"), exact(Decimal("0.5")), exact(math.nan)
    (None, None, Fraction(1, 2), None)
    """
    if not isinstance(value, type) and callable(getattr(value, "item", None)):
        try:
            value = value.item()        # NumPy and pandas scalars, an array of one number
        except (TypeError, ValueError):
            return None
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
    if getattr(formula, "is_Rational", False):
        return [Fraction(int(formula.p), int(formula.q))] * 3
    from sympy import lambdify
    from sympy.concrete.expr_with_limits import ExprWithLimits
    try:
        if formula.has(ExprWithLimits):     # a sum would be run term by term
            return [None] * 3
        function = lambdify(letters, formula, "math")
        return [float(function(*map(float, point[:len(letters)]))) for point in POINTS]
    except Exception:
        return [None] * 3


def describe(value):
    """A few words for what a student gave.

    >>> [describe(value) for value in ((1024, 768), [0] * 30, 10**400, 12345, 0.5, len)]
    ['(1024, 768)', 'a list of 30', 'a huge number', '12,345', '0.5', 'a function']
    """
    try:
        text = _words(value)
        return text if len(text) <= 60 else text[:59] + "…"
    except KeyboardInterrupt:
        raise
    except BaseException:       # a student's class may break any of these
        return "something that cannot be shown"


def _words(value):
    if isinstance(value, str):
        return f"the string {value!r}"
    if isinstance(value, list | tuple | dict | set):
        plain = 0 < len(value) <= 4 and all(type(part) in (int, float, str) for part in value)
        return repr(value) if plain else f"a {type(value).__name__} of {len(value)}"
    if (number := exact(value)) is not None:
        return ("a huge number" if abs(number) > 10**30 else f"{int(number):,}"
                if isinstance(value, Integral) else f"{float(number):,.6g}")
    if isinstance(value, bool | float | None):
        return f"{value}"
    if is_symbol(value):
        return f"the formula {notation.text(value)}"
    name = "a function" if inspect.isroutine(value) else getattr(value, "name", None)
    shape = f" of shape {value.shape}" if hasattr(value, "shape") else ""
    return name if isinstance(name, str) and name else f"a {type(value).__name__}{shape}"
