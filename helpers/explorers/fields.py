"""Numbers that a reader types: a field, what it shows, and what is said when it holds no such number."""

import re
from decimal import Decimal
from numbers import Integral

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("−"): "-"}  # as typed on a Chinese keyboard
NUMBER = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:[, _\u00a0\u2009\u202f][0-9]{3})+)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,4})?")


def read_number(text):
    """The number that a text holds, exactly, or None.

    >>> read_number("2,048"), read_number("10 000.5"), read_number("1e21"), read_number("2,5"), read_number("many")
    (Decimal('2048'), Decimal('10000.5'), Decimal('1E+21'), None, None)
    """
    found = NUMBER.fullmatch(text.translate(FULL_WIDTH).strip())
    try:
        return Decimal(re.sub(r"[^-+.0-9eE]", "", found[0]))
    except (TypeError, ArithmeticError):  # no number at all, or nothing before its e
        return None


def exact(value):
    """The same number as an int where it is whole, as a float where not; a float is taken as it is written.

    >>> exact(2.0), exact(1e23), exact(2.5)
    (2, 100000000000000000000000, 2.5)
    """
    if isinstance(value, Integral):
        return int(value)
    written = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return int(written) if written == int(written) else float(written)


def number_text(value):
    """A number as a reader writes it; `read_number` reads it back, exactly.

    >>> number_text(2048), number_text(2.5), number_text(314 * 10**21), number_text(0.00001)
    ('2,048', '2.5', '3.14e23', '1e-5')
    """
    value = exact(value)
    digits = str(abs(value)).rstrip("0")
    if isinstance(value, int) and abs(value) >= 10**12 and len(digits) <= 6:
        return f"{'-' * (value < 0)}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{len(str(abs(value))) - 1}"
    return re.sub(r"e([-+])0*", lambda power: "e" + power[1].strip("+"), f"{value:,}")


def span(low, high, unit, whole):
    """The numbers that are taken, in words.

    >>> span(1, 2048, "tokens", True)
    'a whole number from 1 to 2,048 tokens'
    """
    return f"a {'whole ' * whole}number from {number_text(low)} to {number_text(high)} {unit}".rstrip()


def fault(value, low, high, whole):
    """What is wrong with a number, or with None in the place of one; "" if nothing is.

    >>> fault(3, 1, 2, True), fault(1.5, 1, 2, True), fault(1.5, 1, 2, False)
    ('out of range', 'not a whole number', '')
    """
    if value is not None and not low <= value <= high:
        return "out of range"
    if value is None or whole and value != int(value):
        return "not a whole number" if whole else "not a number"
    return ""


def field(value, width):
    """A text field that shows a number; what is typed arrives at Enter, or when the field is left."""
    from ipywidgets import Layout, Text

    widget = Text(continuous_update=False, layout=Layout(width=width, flex="0 0 auto"))
    show(widget, value)
    return widget


def show(widget, value):
    """Let a field show a number."""
    widget.shown = number_text(value)
    widget.value = widget.shown


def is_typed(widget):
    """Whether a field holds something else than the number last shown."""
    return widget.value != widget.shown


def typed(widget, label, unit, low, high, whole):
    """The number in a field. Raises `ValueError` with a sentence for the reader: what was typed, and what would be right."""
    words = widget.value.strip()
    found = read_number(words.removesuffix(unit))
    value = found if found is None else exact(found)
    wrong = fault(value, low, high, whole)
    if not wrong:
        return value
    said = f"“{words[:30]}”" if words else "an empty field"
    raise ValueError(f"{label}: {said} is {wrong}. Type {span(low, high, unit, whole)}, such as {widget.shown}.")
