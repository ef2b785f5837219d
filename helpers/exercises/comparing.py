"""Comparisons that make a lesson's check short: a number, a function, a formula, a choice.

Each takes the student's answer, what it is compared with, `why` (one sentence, shown
when the answer is correct) and `mistakes`: pairs (hint, wrong answer), tried in order,
so that a usual mistake earns its own hint. None of them raises on a student's answer,
and none shows the right result.
"""
import contextlib
import copy
import inspect
import io
import math
import numbers
import re
from fractions import Fraction

from helpers.exercises.values import describe, fraction, is_stub, is_symbolic, listed, same, short
from helpers.exercises.verdict import NOT_ATTEMPTED, correct, not_yet


def number(answer, value, why, *, tolerance=0, unit="", mistakes=()):
    """Compare a number with `value`.

    Parameters: `tolerance`, relative (0: exact, up to the rounding of floats); `unit`,
    for the hint, such as "bytes"; `mistakes`, pairs (hint, wrong number).

    >>> number(9900, 4950, "pairs grow with n²", mistakes=[("each couple is counted twice", 9900)])
    not yet: each couple is counted twice
    >>> number(4.95, 4950, "pairs grow with n²", unit="dances")
    not yet: the digits are right, the power of ten is not: the answer is in dances
    """
    problem = _not_a_number(answer)
    if problem:
        return not_yet(problem)
    if same(answer, value, tolerance):
        return correct(why)
    for hint, wrong in mistakes:
        if same(answer, wrong, tolerance):
            return not_yet(hint)
    in_unit = f": the answer is in {unit}" if unit else ""
    if _is_power_of_ten(answer, value, tolerance):
        return not_yet("the digits are right, the power of ten is not" + in_unit)
    return not_yet(f"{describe(answer)} is {_direction(answer, value)}{in_unit}")


def function(answer, reference, inputs, why, *, tolerance=0, mistakes=()):
    """Compare the student's function with `reference` over `inputs`.

    Parameters: `inputs`, a list of tuples of arguments; `tolerance`, relative;
    `mistakes`, pairs (hint, wrong function). A hint is given when the wrong function
    returns what the student's does on every input; so choose inputs that tell them apart.

    >>> function(lambda n, d: n*d, lambda n, d: 2*n*d, [(3, 5), (7, 2)], "it counts",
    ...          mistakes=[("a multiply-add is 2 FLOPs", lambda n, d: n*d)])
    not yet: a multiply-add is 2 FLOPs
    >>> function(lambda n: n, lambda n, d: 2*n*d, [(3, 5)], "it counts")
    not yet: your function takes (n); the check calls it with (n, d)
    """
    if not callable(answer):
        return not_yet(f"give the function itself, its name without brackets; "
                       f"this is {describe(answer)}")
    names = list(inspect.signature(reference).parameters)
    with contextlib.suppress(ValueError, TypeError):    # built-in functions have no signature
        signature = inspect.signature(answer)
        try:
            signature.bind(*inputs[0])
        except TypeError:
            return not_yet(f"your function takes ({', '.join(signature.parameters)}); "
                           f"the check calls it with ({', '.join(names)})")
    results, printed = [], io.StringIO()
    for arguments in inputs:
        try:
            with contextlib.redirect_stdout(printed):
                results.append(answer(*copy.deepcopy(arguments)))
        except NotImplementedError:
            return NOT_ATTEMPTED
        except (Exception, SystemExit) as error:
            return not_yet(f"for {_call(names, arguments)} your function raised "
                           f"{type(error).__name__}: {error}")
    if all(result is None for result in results):
        return (not_yet("your function prints its result: return it instead")
                if printed.getvalue().strip() else NOT_ATTEMPTED)
    expected = [reference(*copy.deepcopy(arguments)) for arguments in inputs]
    if all(same(*pair, tolerance) for pair in zip(results, expected)):
        return correct(why)
    for hint, wrong in mistakes:
        if all(same(result, wrong(*copy.deepcopy(arguments)), tolerance)
               for result, arguments in zip(results, inputs)):
            return not_yet(hint)
    for arguments, result, right in zip(inputs, results, expected):
        if not same(result, right, tolerance):
            return not_yet(f"for {_call(names, arguments)} your function returns "
                           f"{_difference(result, right)}")


def expression(answer, reference, why, *, mistakes=()):
    """Compare a SymPy formula with `reference`, whatever its form or its letters' assumptions.

    Parameters: `mistakes`, pairs (hint, wrong expression).

    >>> from sympy import symbols
    >>> n, d, x = symbols("n d x")
    >>> expression(2*n*d + n*d, 3*n*d, "three products")
    correct: three products
    >>> expression(3*x*d, 3*n*d, "three products")
    not yet: your formula has the letter x; the letters here are d and n
    """
    import sympy
    letters = {letter.name: letter for letter in sympy.sympify(reference).free_symbols}
    if isinstance(answer, sympy.Equality):
        return not_yet("give the right-hand side of the equation alone")
    if isinstance(answer, bool | str) or not isinstance(answer, sympy.Expr | numbers.Number):
        return not_yet(f"the answer is a formula in {listed(letters)}; "
                       f"this is {describe(answer)}")
    own = {letter.name: letter for letter in sympy.sympify(answer).free_symbols}
    if own.keys() - letters.keys():
        strange = listed(own.keys() - letters.keys())
        return not_yet(f"your formula has the letter{'s' * (' and ' in strange)} {strange}; "
                       f"the letters here are {listed(letters)}")
    if same(answer, reference):
        return correct(why)
    for hint, wrong in mistakes:
        if same(answer, wrong):
            return not_yet(hint)
    if letters.keys() - own.keys():
        return not_yet(f"your formula does not contain {listed(letters.keys() - own.keys())}")
    return not_yet(f"{describe(answer)} has the right letters and another value")


def choice(answer, right, why, *, options, hints=None):
    """Compare a word with `right`; `options` are all the words, `hints` a dict word -> hint.

    >>> choice("memory", "time", "the clock decides", options=("time", "memory"))
    not yet: it is not 'memory'
    >>> choice(42, "time", "the clock decides", options=("time", "memory"))
    not yet: choose 'memory' or 'time'; this is 42
    """
    word = answer.strip().lower() if isinstance(answer, str) else None
    if word not in [option.lower() for option in options]:
        return not_yet(f"choose {listed(map(repr, options), 'or')}; this is {describe(answer)}")
    if word == right.lower():
        return correct(why)
    return not_yet({key.lower(): hint for key, hint in (hints or {}).items()}
                   .get(word, f"it is not {answer.strip()!r}"))


def entries(answer, checks, why):
    """Check a dict entry by entry; `checks`, a dict from name to a function value -> Verdict.

    >>> tests = {"n": lambda value: number(value, 4, ""), "d": lambda value: number(value, 2, "")}
    >>> entries({"n": 4, "d": None}, tests, "n counts twice")
    not yet: 'd' has no answer yet
    >>> entries({"n": 2, "d": 2}, tests, "n counts twice")
    not yet: 'n': 2 is too small
    """
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with {listed(map(repr, checks))}; "
                       f"this is {describe(answer)}")
    for name, check in checks.items():
        if is_stub(answer.get(name)):
            return not_yet(f"{name!r} has no answer yet")
        verdict = check(answer[name])
        if not verdict:
            return not_yet(f"{name!r}: {verdict.text}")
    return correct(why)


def _not_a_number(answer):
    """The hint for an answer that is no number; None for one that is."""
    if isinstance(answer, str):
        comma = ", and without the comma" if re.fullmatch(r"\s*\d{1,3}(,\d{3})+\s*", answer) else ""
        return f"the answer is a number: write {short(repr(answer))} without quotes{comma}"
    if isinstance(answer, tuple) and len(answer) > 1 and all(type(part) is int for part in answer):
        return f"the answer is one number; this is {describe(answer)}: Python writes no comma within a number, but 12345 or 12_345"
    if is_symbolic(answer) and answer.free_symbols:
        return f"the answer is a number: put numbers for {listed(map(str, answer.free_symbols))}"
    if callable(answer):
        return "the answer is a number: call your function, and give its result"
    if fraction(answer) is None:
        return f"the answer is a number; this is {describe(answer)}"


def _is_power_of_ten(answer, value, tolerance):
    answer, value = fraction(answer), fraction(value)
    if not answer or not value or answer / value <= 0:
        return False
    try:
        power = round(math.log10(answer / value))
    except (OverflowError, ValueError):     # beyond the range of floats
        return False
    return power != 0 and same(answer, value * Fraction(10)**power, tolerance)


def _direction(answer, value):
    return "too small" if fraction(answer) < fraction(value) else "too large"


def _difference(result, right):
    """What is visibly wrong with one result, without the right one."""
    if fraction(right) is not None:
        problem = "None" if result is None else None if fraction(result) is not None else \
            f"{describe(result)}, and a number is expected"
        return problem or f"{describe(result)}, which is {_direction(result, right)}"
    shape, expected = getattr(result, "shape", None), getattr(right, "shape", None)
    if expected is not None and shape != expected:
        return f"{describe(result)}, and an array of shape {expected} is expected"
    if expected is not None:
        return "an array of the right shape with other values"
    return f"{describe(result)}, and that is not the result"


def _call(names, arguments):
    return ", ".join(f"{name} = {describe(value)}" for name, value in zip(names, arguments))
