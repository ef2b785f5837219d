"""What a student's answer is: whether two values are the same, and how to name one in a hint."""
import inspect
import math
import numbers
import sys
from fractions import Fraction

CLOSE = Fraction(1, 10**9)      # relative; floats that differ by rounding are the same number


def is_stub(answer):
    """True for what stands in a cell that nobody has touched: None, ..., "", or only such.

    >>> [is_stub(answer) for answer in (None, {"n": None, "d": None}, 0, {"n": 4, "d": None})]
    [True, True, False, False]
    """
    if isinstance(answer, dict):
        return all(map(is_stub, answer.values()))
    if isinstance(answer, list | tuple):
        return all(map(is_stub, answer))
    return answer is None or answer is Ellipsis or (isinstance(answer, str) and not answer.strip())


def same(left, right, tolerance=0):
    """True when two results are equal: numbers, formulas, arrays, or nested lists of them."""
    exact_left, exact_right = fraction(left), fraction(right)
    if exact_left is not None and exact_right is not None:
        slack = max(Fraction(tolerance), 0 if _whole(left) and _whole(right) else CLOSE)
        return abs(exact_left - exact_right) <= slack * abs(exact_right)
    if is_symbolic(left) or is_symbolic(right):
        return _same_formula(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same(left[key], right[key], tolerance) for key in right)
    if hasattr(right, "__len__") or hasattr(right, "shape"):
        import numpy as np
        try:
            return np.shape(left) == np.shape(right) and bool(
                np.allclose(left, right, rtol=max(tolerance, float(CLOSE)), atol=1e-12))
        except (TypeError, ValueError):
            return (isinstance(left, list | tuple) and len(left) == len(right)
                    and all(same(*pair, tolerance) for pair in zip(left, right)))
    return left is right


def describe(value):
    """A few words for what a student gave: "the string 'n'", "(3, 5)", "a list of 30", "GPT-2".

    >>> from helpers.published import MODELS
    >>> [describe(value) for value in ((1024, 768), [0] * 30, MODELS["GPT-2"])]
    ['(1024, 768)', 'a list of 30', 'GPT-2']
    """
    try:
        if isinstance(value, bool | type(None)):
            return repr(value)
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN (not a number)" if math.isnan(value) else "infinity"
        if isinstance(value, numbers.Integral):
            return short(f"{value:,}")
        if isinstance(value, numbers.Real):
            return f"{float(value):,.6g}"
        if isinstance(value, str):
            return f"the string {short(repr(value))}"
        if isinstance(value, list | tuple) and 0 < len(value) <= 4 and len(repr(value)) <= 40 \
                and all(type(part) in (int, float, str) for part in value):
            return repr(value)
        if isinstance(value, list | tuple | dict | set):
            return f"a {type(value).__name__} of {len(value)}"
        if is_symbolic(value):
            return f"the formula {short(str(value))}"
        if hasattr(value, "shape"):
            return f"an array of shape {value.shape}"
        if inspect.isroutine(value):
            return "a function"
        name = getattr(value, "name", None)
        if isinstance(name, str) and name and not isinstance(value, type):      # a published model
            return short(name)
        return f"a {type(value).__name__}"
    except Exception:       # a student's class may break any of these
        return "something that cannot be shown"


def fraction(value):
    """The exact value of a finite number of any kind; None for whatever else."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    if is_symbolic(value):
        value = int(value) if value.is_Integer else float(value) if value.is_real and \
            value.is_number else None
    elif getattr(value, "shape", None) == ():       # a NumPy scalar, or an array of one number
        value = value.item()
    if isinstance(value, numbers.Rational) or (isinstance(value, numbers.Real)
                                               and math.isfinite(value)):
        return Fraction(value)


def _whole(value):
    return isinstance(value, numbers.Integral) or getattr(value, "is_Integer", False) is True


def is_symbolic(value):
    """True for a SymPy object; SymPy is not imported to find out."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Basic)


def _same_formula(left, right):
    """Equal in value at three points with a prime for each letter: exactly, if without floats."""
    import sympy
    if not all(isinstance(side, sympy.Expr | numbers.Number) for side in (left, right)):
        return left == right
    left, right = sympy.sympify(left), sympy.sympify(right)
    names = sorted({letter.name for letter in left.free_symbols | right.free_symbols})
    for start in (5, 20, 50):
        values = {name: sympy.prime(start + 7 * i * i) for i, name in enumerate(names)}
        points = [side.subs({letter: values[letter.name] for letter in side.free_symbols})
                  for side in (left, right)]
        if all(point.is_Rational for point in points):
            if points[0] != points[1]:
                return False
            continue
        gap = sympy.N(abs(points[0] - points[1]), 30)
        if not (gap.is_real and gap <= 1e-9 * abs(sympy.N(points[1], 30))):
            return False
    return True


def short(text, length=40):
    return text if len(text) <= length else text[:length - 1] + "…"


def listed(words, joint="and"):
    *first, last = sorted(words) or ["no letters"]
    return f"{', '.join(first)} {joint} {last}" if first else last
