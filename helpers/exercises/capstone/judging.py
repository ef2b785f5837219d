"""One number judged: right, or a hint that names a slip only where the answer is the slip's value, digit by digit."""
from decimal import Decimal
from fractions import Fraction
from math import floor, log10

from helpers.exercises.comparing import number
from helpers.exercises.values import describe, fraction, same
from helpers.exercises.verdict import correct, not_yet

MOST = 3        # slips that one hint may name
_FINE = Fraction(1, 10_000)     # a student's way and ours may differ by a norm or a row of positions


def plain(answer):
    """The answer; a finite Decimal as the fraction that it is.

    >>> plain(Decimal("0.5"))
    Fraction(1, 2)
    """
    return Fraction(answer) if isinstance(answer, Decimal) and answer.is_finite() else answer


def digits(answer):
    """How many significant digits a number shows, at most 7: as many as float32 has.

    >>> [digits(value) for value in (459_000, 13.4, 31.0, 1/3, 0)]
    [3, 3, 2, 7, 7]
    """
    try:
        return len(f"{abs(float(answer)):.6e}".partition("e")[0].replace(".", "").rstrip("0")) or 7
    except OverflowError:
        return 7


def agrees(answer, value, least=3):
    """True where the answer is `value`, rounded to the digits that the answer shows, or to `least` if it shows fewer."""
    answer, value = fraction(answer), fraction(value)
    if same(answer, value):
        return True
    if not answer or answer * value < 0:
        return False
    return abs(answer - value) <= max(_half_a_place(answer, least), _FINE * abs(value))


def _half_a_place(answer, least=3):
    """Half a unit in the last digit that the answer shows, or in its digit `least`."""
    return Fraction(10) ** (floor(log10(abs(answer))) - max(digits(answer), least) + 1) / 2 * (1 + Fraction(1, 10**9))


def slips_met(answer, wrong, exact):
    """The hints of all wrong values that the answer can be; of an answer with five digits or more, the nearest.

    wrong: pairs (hint, value). exact: the values are counts, and so no rounding is allowed.
    """
    answer = fraction(answer)
    met = {}
    for hint, value in wrong:
        value = fraction(value)
        if value and (answer == value if exact else agrees(answer, value)):
            met.setdefault(hint, abs(answer / value - 1))
    if digits(answer) < 3 and not exact and any(
            agrees(answer, value, 1) for hint, value in wrong if hint not in met):
        return []       # 11.0 and 11 are one number, so a slip is named only where no other one comes near
    if digits(answer) >= 5 and met:
        met = {hint: distance for hint, distance in met.items() if distance <= min(met.values()) + Fraction(1, 10**6)}
    return list(met)


def judge(answer, right, tolerance=0, wrong=(), *, whole="", near="", unit=""):
    """The Verdict on a number, with the usual slips `wrong`, pairs (hint, value).

    tolerance: relative; 0 asks for each digit. whole: the hint for a part of a thing that comes whole, such as a chat;
    then a slip is named with "perhaps", because small counts have many ways to be wrong. near: what may be missing
    from a count that is not yet right to the digit. unit: for an answer whose power of ten is wrong.

    >>> judge(31, 31.2, 0.005, [("that is the weights alone", 31.03)])
    not yet: near, and too coarse to tell right from wrong: give three digits
    >>> judge(31.03, 31.2, 0.005, [("that is the weights alone", 31.03)])
    not yet: that is the weights alone
    """
    answer = plain(answer)
    if fraction(answer) is None:
        return number(answer, right, "")
    if same(answer, right, tolerance):
        return correct("")
    if whole and fraction(answer).denominator != 1:
        return not_yet(whole)
    coarse = tolerance and digits(answer) < 3 and fraction(answer) > 0 and \
        abs(fraction(answer) - fraction(right)) <= _half_a_place(fraction(answer), 1)
    met = [] if coarse else slips_met(answer, wrong, exact=bool(whole) or not tolerance)
    if 0 < len(met) <= MOST:
        return not_yet(("perhaps: " if whole else "") + "; or ".join(met))
    return not_yet(_without_slip(answer, fraction(right), tolerance, whole, near, unit))


def _without_slip(answer, right, tolerance, whole, near, unit):
    """The hint for a number that is no usual slip: how far it is, and in which direction."""
    value, size = fraction(answer), describe(answer)
    if value <= 0:
        return f"{size} is too small"
    if whole:
        if right > 100 and same(value, right, 0.01):
            return "near: divide numbers that are not rounded, and round at the end"
        return f"{size} is too {'small' if value < right else 'large'}"
    rounded = abs(value - right) <= _half_a_place(value, 1)
    if not tolerance:
        if rounded:
            return "right as far as it goes: this one is asked to the digit"
        if same(value, right, 0.005):
            return f"near, and not to the digit: {near}" if near else "near, and not to the digit"
    elif rounded:
        return "near, and too coarse to tell right from wrong: give three digits"
    power = round(log10(value / right))
    if power and abs(value - right * Fraction(10) ** power) <= max(
            _half_a_place(value) if digits(answer) > 2 else 0, Fraction(tolerance) * value):
        return f"the digits are right, the power of ten is not: the answer is in {unit}" + \
            (", to the digit" if not tolerance else "")
    coarse = tolerance and digits(answer) < 3
    return f"{size} is too {'small' if value < right else 'large'}" + \
        ("; with three digits a hint can say more" if coarse else "")
