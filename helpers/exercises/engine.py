"""Exercises as data: what is right, the slips, and how an answer is compared with them.

    read({"right": "20*19 / 2", "slips": {"20*19": "each handshake is counted twice"}})

A slip is a wrong answer that a student is likely to give, with the hint that it earns. What a
table may hold is said at the head of 00.toml.
"""

import builtins
import contextlib
import copy
import inspect
import io
import math
import re
from collections.abc import Callable
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
PYTHON = {name: getattr(builtins, name) for name in (
    "abs", "float", "int", "isinstance", "len", "max", "min", "next", "range", "round", "sum",
    "zip")}


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
        return (f'<span style="color: var(--jp-{colour}-color1)">{mark}</span> <b>{self.state}</b>'
                + escape(repr(self).removeprefix(self.state), quote=False))


NOT_ATTEMPTED = Verdict("not attempted")


def not_yet(hint):
    return Verdict("not yet", hint)


# From a table of a file to an exercise.

@dataclass(frozen=True)
class Exercise:
    """A table that was read, its expressions evaluated.

    judge: (exercise, answer) -> Verdict; without one, each of the `entries` judges its own.
    right: a number or a word, or the list of a function's values at the `inputs` of its arguments
    `names`, or of a formula's at POINTS of its letters; slips: (wrong, of the same kind, hint).
    """

    judge: Callable = None
    right: object = None
    slips: tuple = ()
    names: tuple = ()
    inputs: tuple = ()
    entries: dict = field(default_factory=dict)
    scope: dict = field(default_factory=dict)
    must: dict = field(default_factory=dict)
    why: str = ""
    unit: str = ""
    too_large: str = ""
    within: float = 0
    predict: bool = False

    def __call__(self, answer):
        if not self.predict:
            return (self.judge or _each_entry)(self, answer)
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            return not_yet("two places, please: [what you predict, what you saw], no comma in "
                           f"a number, but 12345 or 12_345; this is {describe(answer)}")
        if exact(answer[0]) is None:
            return not_yet("predict first, a number; any guess counts, a wrong one teaches more")
        return not_yet("now look, and write what you see in the second place") if untouched(
            answer[1]) else self.judge(self, answer[1])


def names(let=(), **own):
    """What expressions may use: functions of math, a few of Python, `own`, and those of `let`."""
    return _with(dict(let), vars(math) | own | {
        "__builtins__": PYTHON, "model": _model, "number": exact, "describe": describe})


def _with(let, scope):
    for name, text in let.items():
        scope[name] = value(text, scope)
    return scope


def _model(name):
    from helpers.published import MODELS
    return MODELS[name]


def value(text, scope):
    """Of an expression, or of what the file has as a number already."""
    return eval(text, scope) if isinstance(text, str) else text


def read(table, scope=None, above=None):
    """The Exercise that a table describes, or that of an entry, where `above` is its exercise."""
    scope, above = scope or names(), above or {}
    said = {key: table[key] for key in ("must", "why", "unit", "too_large") if key in table}
    said["within"] = table.get("within", above.get("within", 0))
    entries = {int(name) if name.isdecimal() else name: read(entry, scope, table)
               for name, entry in table.items()
               if isinstance(entry, dict) and name not in ("let", "must", "slips")}
    if entries or "must" in table:
        return Exercise(None if entries else _conditions, entries=entries, scope=scope, **said)
    own = tuple(re.findall(r"\w+", table.get("arguments", table.get("letters", ""))))
    inputs = POINTS if "letters" in table else [
        [value(one, scope) for one in given] for given in table.get("at", [()])]
    places = [_with(table.get("let", {}), scope | dict(zip(own, given))) for given in inputs]
    right = [table["word"]] if "word" in table else [
        value(table["right"], place) for place in places]
    slips = _slips(table, places, right)
    slips += [(wrong, hint) for wrong, hint in _slips(above, places, right)
              if not any(_alike(wrong, other) for other, _ in slips)]
    if not own:     # one value, at one place
        right, slips = right[0], [(wrong[0], hint) for wrong, hint in slips]
    judge = (_word if isinstance(right, str) else _number if not own else
             _formula if "letters" in table else _function)
    return Exercise(judge, right, tuple(slips), own, tuple(inputs),
                    predict=above.get("predict", False), **said)


def _slips(table, places, right):
    """[(wrong values at the places, hint)], without those that are right after all."""
    found = []
    for text, hint in table.get("slips", {}).items():
        rows = [tuple(text.split(", "))] if isinstance(right[0], str) else [
            value(text, place | {"x": one}) for place, one in zip(places, right)]
        found += [([*wrong], hint) for wrong in zip(
            *(row if isinstance(row, tuple) else (row,) for row in rows))]
    return [(wrong, hint) for wrong, hint in found if not _alike(wrong, right)]


def _alike(left, right):
    return left == right or same(left, right)


# The kinds of answers.

def _number(e, answer):
    found, right = exact(answer), exact(e.right)
    if found is None:
        return not_yet(_no_number(answer))
    if same(answer, e.right, e.within):
        return Verdict("correct", e.why)
    nearly = found in _rounded(right, (0, 1)) and abs(found - right) <= abs(right) / 10
    met = [(abs(found - exact(wrong)), hint) for wrong, hint in e.slips if same(
        answer, wrong, 0 if nearly else min(e.within, 0.001))
           or e.within and not nearly and found in _rounded(wrong, (1, 2))]
    if met:     # the nearest; several, where one value has several causes
        least = min(away for away, _ in met) + CLOSE * abs(found)
        return not_yet("; or ".join(dict.fromkeys(hint for away, hint in met if away <= least)))
    gap, ratio = abs(found - right), found / right if right else 0
    power = round(math.log10(ratio)) if CLOSE**9 < ratio < CLOSE**-9 else 0
    if e.within and (nearly or gap <= 0.015 * abs(right)):
        return not_yet("nearly: look again, and give one digit more")
    if power and same(found, right * Fraction(10)**power, e.within):
        unit = e.unit and f": answer in {e.unit}"
        return not_yet(f"the digits are right, the power of ten is not{unit}")
    if not e.within and gap < 1 == right.denominator < found.denominator:
        return not_yet(f"{describe(answer)} is no whole number: round it, up or down?")
    if not e.within and right >= 1000 and gap <= right / 200:
        return not_yet("near, and asked to the digit: is each small term there, and not twice?")
    return not_yet(f"{describe(answer)} is too {'small' if found < right else 'large'}")


def _rounded(number, decimals):
    return [float(f"{float(exact(number)):.{one}e}") for one in decimals]


def _no_number(answer):
    """The hint for an answer that is no number; what it says to write can be written."""
    if isinstance(answer, str):
        text = re.sub(r"(?<=\d)[,_ ](?=\d{3}(\D|$))", "", answer.strip()).replace(",", ".")
        found = re.fullmatch(r"([-+]?\d+(\.\d+)?(e\d{1,2})?) *(%|[a-z ]*)", text, re.ASCII)
        return "write it as a number: " + (
            found[1].lstrip("0+") or "0" if found else "digits alone, without quotes")
    more = (": Python writes no comma within a number, but 12345 or 12_345"
            if isinstance(answer, tuple) else
            ": call it, and give its result" if inspect.isroutine(answer) else "")
    return f"the answer is a number; this is {describe(answer)}{more}"


def _formula(e, answer):
    """Equal in value at three points, whatever its form or its letters' assumptions."""
    letters = sorted(e.names)
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
    values = _formula_values(answer, e.names)
    for wrong, hint in [(e.right, None), *e.slips]:
        if same(values, wrong):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    missing = [letter for letter in letters if letter not in own]
    shadowed = shadowed.replace(f" {letters[-1]} ", f" {missing[0]} ").replace(
        f"({letters[-1]} ", f"({missing[0]} ") if missing else ""
    return not_yet(f"your formula does not contain {listed(missing)}{shadowed}" if missing else
                   f"{describe(answer)} has the right letters and another value"
                   + "; it is too large, or not made of + - * / ** and the like" * (None in values))


def _word(e, answer):
    word, hints = answer.strip().lower() if isinstance(answer, str) else None, dict(e.slips)
    options = listed([repr(option) for option in sorted({e.right, *hints})], "or")
    return Verdict("correct", e.why) if word == e.right else not_yet(
        hints.get(word) or f"choose {options}; this is {describe(answer)}")


def _function(e, answer):
    if not callable(answer):
        return not_yet("give the function itself, its name without brackets; "
                       f"this is {describe(answer)}")
    printed, calls, results = io.StringIO(), [], []
    for given in e.inputs:
        calls.append("for " + ", ".join(f"{name} = {describe(one)}" for name, one in zip(
            e.names, given)) + " your function")
        try:
            with contextlib.redirect_stdout(printed):
                results.append(answer(*copy.deepcopy(given)))
        except NotImplementedError:
            return NOT_ATTEMPTED
        except (Exception, SystemExit) as error:
            whole = "; divide with `//`" * ("cannot be interpreted as an integer" in str(error))
            return not_yet(e.too_large if e.too_large and isinstance(error, OverflowError) else
                           f"{calls[-1]} raised {type(error).__name__}: {error}{whole}")
    if all(result is None for result in results):
        return (not_yet("your function prints its result: return it instead")
                if printed.getvalue().strip() else NOT_ATTEMPTED)
    for wrong, hint in [(e.right, None), *e.slips]:
        if same(results, wrong, e.within):
            return not_yet(hint) if hint else Verdict("correct", e.why)
    call, result, right = next(one for one in zip(calls, results, e.right)
                               if not same(*one[1:], e.within))
    if e.too_large and isinstance(result, float) and math.isnan(result):
        return not_yet(e.too_large)
    return not_yet(f"{call} returns {describe(result)}, " + (
        "and a number is expected" if exact(result) is None
        else f"which is too {'small' if exact(result) < exact(right) else 'large'}"))


def _conditions(e, answer):
    """The first that `answer` does not meet; hints and reason are filled in as f-strings."""
    scope = e.scope | {"answer": answer, "kind": type(answer).__name__}
    scope |= {name: int(x) if isinstance(x, Integral) else x    # NumPy's too
              for name, x in answer.items()} if isinstance(answer, dict) else {}
    for condition, hint in e.must.items():
        try:
            met = eval(condition, scope)
        except (Exception, SystemExit):     # it is not what the condition asks about
            met = False
        if not met:
            return not_yet(eval(f"f{hint!r}", scope))
    return Verdict("correct", eval(f"f{e.why!r}", scope))


def _each_entry(e, answer):
    """Entry by entry; the first that is wrong, or else missing, gives the hint."""
    entries = listed(map(repr, e.entries))
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with {entries}; this is {describe(answer)}")
    for name in answer.keys() - e.entries.keys():
        return not_yet(f"there is no entry {describe(name)}; the entries are {entries}")
    parts = {name: NOT_ATTEMPTED if untouched(answer.get(name)) else entry(answer[name])
             for name, entry in e.entries.items()}
    right = sum(map(bool, parts.values()))
    if right == len(parts):
        return Verdict("correct", e.why + _furthest(e.entries, answer), parts)
    wrong = [f"{name!r}: {part.text}" for name, part in parts.items() if part.state == "not yet"]
    blank = [f"{name!r} has no answer yet" for name in parts if parts[name] == NOT_ATTEMPTED]
    return Verdict("not attempted", parts=parts) if len(blank) == len(parts) else Verdict(
        "not yet", f"{[*wrong, *blank][0]} ({right} of {len(parts)} entries right)", parts)


def _furthest(entries, answer):
    """The row whose prediction was furthest from what was seen, as the end of a sentence."""
    away = {}
    for name in (name for name, entry in entries.items() if entry.predict):
        guess, seen = map(exact, answer[name])
        away[name] = max(guess / seen, seen / guess) if guess * seen > 0 else math.inf
    name = max(away, key=away.get, default=None)
    return "" if away.get(name, 0) <= 1.05 else (
        f"; furthest from what you saw was {name!r}, predicted {describe(answer[name][0])} and "
        f"seen {describe(answer[name][1])}: say why in a sentence")


# What an answer is.

def untouched(answer):
    """True for what stands in a cell that nobody has touched: None, ..., "", or only such."""
    if isinstance(answer, dict | list | tuple):
        return all(map(untouched, answer.values() if isinstance(answer, dict) else answer))
    return answer is None or answer is ... or isinstance(answer, str) and not answer.strip()


def exact(value):
    """The exact value of a finite number of any kind, as a Fraction; None for whatever else."""
    with contextlib.suppress(TypeError, ValueError, AttributeError):
        value = value.item()            # NumPy and pandas scalars, an array of one number
    if is_symbol(value):
        value = None if value.free_symbols else _formula_values(value, ())[0]
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
    return isinstance(left, list) and isinstance(right, list) and len(left) == len(
        right) and all(same(*pair, within) for pair in zip(left, right))


def _formula_values(formula, letters):
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
    if (number := exact(value)) is not None:
        return ("a huge number" if abs(number) > 10**30 else f"{int(number):,}"
                if isinstance(value, Integral) else f"{float(number):,.6g}")
    if isinstance(value, str):
        return f"the string {value!r}"
    if value is None or isinstance(value, bool | float | list | tuple | dict | set):
        return repr(value) if not hasattr(value, "__len__") or len(repr(value)) <= 40 else (
            f"a {type(value).__name__} of {len(value)}")
    if is_symbol(value) or inspect.isroutine(value):
        return f"the formula {notation.text(value)}" if is_symbol(value) else "a function"
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else f"a {type(value).__name__}"
