"""How large numbers, sums of money and days are written in sentences and pictures."""

from math import floor, log10

from helpers.explorers.controls import one_two_five, powers_of_two
from helpers.notation import SUPERSCRIPTS
from helpers.planning import ASSUMED_ON, ASSUMED_USD_PER_HOUR


LENGTHS = tuple(sorted({*one_two_five(10, 10**7), *powers_of_two(16, 10**7)}))
WIDTHS = tuple(sorted({*powers_of_two(16, 16_384), *(24 * 2**k for k in range(10))}))


def duration(seconds):
    if seconds >= 3600:
        return f"{number(seconds / 3600)} h"
    return f"{number(seconds)} s" if seconds >= 1 else f"{number(1e3 * seconds)} ms"


def number(value):
    return f"{value:,.{max(0, 2 - floor(log10(value))) if value > 0 else 0}f}"


def amount(value, words=(" trillion", " billion", " million")):
    """A large number in three digits and a word.

    >>> amount(3.876e9), amount(1.4e12), amount(99.96e6), amount(2.1e15), amount(0.5e6)
    ('3.88 billion', '1.40 trillion', '100 million', '2,100 trillion', '0.500 million')
    """
    value = float(f"{value:.3g}")
    size, word = next(((size, word) for size, word in zip((1e12, 1e9), words) if value >= size), (1e6, words[2]))
    return f"{number(value / size)}{word}"


def short(value):
    """`amount` for pictures: T is 10¹², B 10⁹, M 10⁶.

    >>> short(7.22e10)
    '72.2 B'
    """
    return amount(value, (" T", " B", " M"))


def power(value):
    """A number as 1.91·10²¹.

    >>> power(1.914e21), power(9.999e9), power(314 * 10**21)
    ('1.91·10²¹', '1.00·10¹⁰', '3.14·10²³')
    """
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits}·10" + str(int(exponent)).translate(SUPERSCRIPTS)


def money(value, written=amount):
    """A sum in three digits.

    >>> money(2912.4), money(1_234_567), money(0.5)
    ('2,910', '1.23 million', '0.50')
    """
    return written(value) if value >= 1e6 else f"{float(f'{value:.3g}'):,.{2 if value < 100 else 0}f}"


def bytes_text(value):
    """Bytes in three digits, as GB, TB or PB.

    >>> bytes_text(46.13e9), bytes_text(8e7), bytes_text(6.2686e12), bytes_text(1.644e16)
    ('46.1 GB', '0.0800 GB', '6.27 TB', '16.4 PB')
    """
    size, unit = next(((size, unit) for size, unit in ((1e15, " PB"), (1e12, " TB")) if value >= 0.9995 * size), (1e9, " GB"))
    return f"{number(value / size)}{unit}"


def assumed(price, accelerator):
    """Whose price it is: the assumption is meant for one kind of chip, and no price serves all kinds.

    >>> assumed(2.5, "H100 SXM"), assumed(2.5, "V100"), assumed(4, "V100")
    ('our assumption of November 2026', 'our assumption of November 2026 for an H100; another kind has another price', 'your price')
    """
    if price != ASSUMED_USD_PER_HOUR:
        return "your price"
    return f"our assumption of {ASSUMED_ON}" + ("" if accelerator == "H100 SXM" else " for an H100; another kind has another price")


def days_text(days):
    """Days, with a tenth below a hundred.

    >>> days_text(7.56), days_text(123.4)
    ('7.6 days', '123 days')
    """
    return f"{days:,.0f} days" if days >= 100 else f"{days:.1f} days"
