"""Is this a size; exact arithmetic on whole numbers and symbols alike, without importing SymPy."""

from fractions import Fraction
from math import isfinite
from numbers import Rational, Real

from helpers.words import listed


def is_symbol(value):
    """True for a SymPy expression, False for a number."""
    return hasattr(value, "free_symbols")


def check_size(value, name, least=1):
    """`value` as an int, or the SymPy expression it is; otherwise ValueError that names it.

    >>> check_size(0, "n")
    Traceback (most recent call last):
    ValueError: n: 0 is below 1; give a whole number of at least 1 or a SymPy symbol
    """
    free = is_symbol(value) and not value.is_number
    if free and False not in (value.is_positive, value.is_integer, value.is_commutative):
        return value
    whole = value.is_Integer if is_symbol(value) else hasattr(value, "__index__")
    if isinstance(value, bool) or not whole or int(value) < least:
        why = ("is a truth value" if isinstance(value, bool) else f"is below {least}" if whole else
               "cannot be a positive whole number" if free else "is not a whole number")
        raise ValueError(f"{name}: {value!r} {why}; "
                         f"give a whole number of at least {least} or a SymPy symbol")
    return int(value)


def check_divides(size, name, total, what, remedy=""):
    """`size` if it is one that divides `total`, as symbols are taken to; ValueError otherwise."""
    size = check_size(size, name)
    if not is_symbol(size) and not is_symbol(total) and total % size:
        divisors = [i for i in range(1, min(int(total), 100_000) + 1) if total % i == 0]
        near = sorted(sorted(divisors, key=lambda i: abs(i - size))[:2])
        raise ValueError(f"{name}: {size} does not divide {what} = {total}; "
                         f"{listed(near, 'or')} would{remedy}")
    return size


def check_amount(value, name, unit="", least=0):
    """`value` if it is a finite number above `least` or a symbol; else ValueError that names it.

    >>> check_amount(-1, "price", "USD an hour")
    Traceback (most recent call last):
    ValueError: price: -1 is not above 0; give a number above 0 USD an hour
    """
    if is_symbol(value) and not value.is_number:
        return value
    real = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not real or not value > least:
        why = f"is not above {least}" if real else "is not a finite number"
        raise ValueError(f"{name}: {value!r} {why}; give a number above {least} {unit}".rstrip())
    return value


def check_switch(value, name):
    """`value` if it is True or False; ValueError that names the argument otherwise."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not a switch; give True or False")
    return value


def check_choice(value, name, choices):
    """`value` if it is one of `choices`, texts; else ValueError that lists them."""
    if not isinstance(value, str) or value not in choices:
        from difflib import get_close_matches
        near = get_close_matches(str(value), choices, 1, 0.4)
        hint = f"near: {near[0]!r}; " if near and len(choices) > 4 else ""
        raise ValueError(f"{name}: {value!r} is not known; {hint}"
                         f"give {' or '.join(map(repr, choices))}")
    return value


def exact(value):
    """The same value in its plainest form: an int where it is whole, an expanded expression."""
    if type(value) is int:
        return value
    if is_symbol(value):
        value = value.expand()
        return int(value) if value.is_Integer else value
    return value.numerator if isinstance(value, Rational) and value.denominator == 1 else value


def divide(total, parts):
    """total / parts, exactly: an int where nothing is left, else a Fraction or the SymPy quotient.

    >>> divide(512, 8), divide(34, 32)
    (64, Fraction(17, 16))
    """
    if isinstance(total, int) and isinstance(parts, int) and total % parts == 0:
        return total // parts
    return exact(total / parts if is_symbol(total) or is_symbol(parts) else Fraction(total) / parts)
