"""What a student's answer is: its exact value, what a formula is worth, and a few words for it."""

import inspect
import math
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real

from helpers import notation
from helpers.sizes import is_symbol

CLOSE = Fraction(1, 10**9)      # relative: floats that differ by rounding are the same number
POINTS = (11, 29, 71, 13, 101), (17, 53, 139, 23, 83), (31, 97, 211, 37, 61)    # a prime a letter


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
    try:
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
