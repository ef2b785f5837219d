"""Numbers and lists as they stand in sentences and pictures: one way to write each kind."""

from itertools import accumulate
from math import floor, inf, log10

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value):
    """Three digits that matter, and no fewer than the whole part has.

    >>> number(208.4), number(1.2002), number(0.0234), number(51232.2), number(0)
    ('208', '1.20', '0.0234', '51,232', '0')
    """
    if not value:
        return "0"
    return f"{value:,.{max(0, 2 - floor(log10(abs(float(f'{value:.2e}')))))}f}"


times = number  # of a ratio


def power(value):
    """
    >>> power(1.914e21), power(314 * 10**21)
    ('1.91·10²¹', '3.14·10²³')
    """
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits}·10" + str(int(exponent)).translate(SUPERSCRIPTS)


def amount(value, words=(" trillion", " billion", " million")):
    """In three digits and a word, below a million in full; words=SHORT as it stands in a picture.

    >>> amount(3.876e9), amount(99.96e6), amount(2.1e15), amount(262_144), amount(7.22e10, SHORT)
    ('3.88 billion', '100 million', '2,100 trillion', '262,144', '72.2 B')
    """
    if 1_000 <= value < 1e6:
        return f"{value:,.0f}"
    value = float(f"{value:.3g}")
    sizes = zip((1e12, 1e9, 1e6), words)
    size, word = next(((size, word) for size, word in sizes if value >= size), (1, ""))
    return f"{number(value / size)}{word}"


SHORT = (" T", " B", " M")


def percent(share):
    """A share, given as a fraction of 1; what is not nothing never reads as nothing.

    >>> percent(0.0889), percent(0.00041), percent(0.99999), percent(13.8), percent(1), percent(0)
    ('8.9 %', '0.041 %', 'over 99.9 %', '1,380 %', '100 %', '0 %')
    """
    if share in (0, 1) or share >= 9.995:
        return f"{100 * share:,.0f} %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    if share >= 0.0095:
        return f"{100 * share:,.1f} %"
    return f"{100 * share:.2g} %" if share >= 1e-6 else "under 0.0001 %"


def bytes_text(size):
    """
    >>> [bytes_text(size) for size in (6.2686e12, 46.13e9, 999.5e6, 8e7, 1536, 12)]
    ['6.27 TB', '46.1 GB', '1.00 GB', '80.0 MB', '1.54 kB', '12 bytes']
    """
    for unit, scale in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= 0.9995 * scale:
            return f"{number(size / scale)} {unit}"
    return f"{size:,} bytes"


def duration(seconds):
    """
    >>> [duration(seconds) for seconds in (0.0048, 12.34, 3600, 9.1e4, 9.1e5, 4e9)]
    ['4.80 ms', '12.3 s', '1.00 h', '25.3 h', '10.5 days', '127 years']
    """
    for unit, scale in (("years", 365.25 * 86_400), ("days", 86_400), ("h", 3_600), ("s", 1)):
        if seconds >= scale * (2 if unit in ("years", "days") else 1):
            return f"{number(seconds / scale)} {unit}"
    return f"{number(1e3 * seconds)} ms"


def money(usd):
    """A sum in USD, in three digits, without its unit.

    >>> money(2912.4), money(1_234_567), money(0.428), money(0.0123), money(0.00004)
    ('2,910', '1.23 million', '0.43', '0.012', '0.00004')
    """
    if usd >= 100:
        return amount(usd) if usd >= 1e6 else f"{float(f'{usd:.3g}'):,.0f}"
    return f"{usd:.{max(2, 1 - floor(log10(usd)))}f}" if usd >= 0.0001 else f"{usd:.5f}"


def plural(count, noun):
    """
    >>> plural(1, "prompt"), plural(64, "prompt")
    ('1 prompt', '64 prompts')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items, last="and"):
    """
    >>> listed(["n", "d", "h"]), listed(["n"]), listed(["'a'", "'b'"], "or")
    ('n, d and h', 'n', "'a' or 'b'")
    """
    *first, end = map(str, items)
    return f"{', '.join(first)} {last} {end}" if first else end


def tick_text(value, end=0):
    """A tick's label; powers of ten on an axis that ends above 100,000.

    >>> tick_text(1_000), tick_text(1_000, 10**7), tick_text(2 * 10**6, 10**7), tick_text(0.5)
    ('1,000', '10³', '2·10⁶', '0.5')
    """
    if end > 100_100 and value >= 100:
        digits, exponent = f"{value:.6e}".split("e")
        digits = f"{float(digits):g}·" if float(digits) != 1 else ""
        return f"{digits}10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def spread(places, gap, low=-inf, high=inf):
    """Places of labels moved apart to at least `gap`, in order, between low and high if they fit.

    >>> spread([1.0, 1.1, 5.0], gap=1.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    level = [places[i] - gap * k for k, i in enumerate(order)]  # must not fall: a gap apart
    up, down = accumulate(level, max), reversed([*accumulate(reversed(level), min)])
    last = high - gap * (len(places) - 1)
    moved = [max(min((a + b) / 2, last), low) + gap * k for k, (a, b) in enumerate(zip(up, down))]
    return [round(moved[order.index(i)], 9) for i in range(len(places))]
