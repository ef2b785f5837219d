"""What a reader can move: each control declares its label and unit, checks values, makes its widget.

A control is bound to one field of the explorer's state. `check` answers a wrong value with a
`ValueError` that names the field, the value and what would be right.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real

WIDE = {"width": "700px", "max_width": "calc(100% - 6px)"}


def row(label, *widgets, label_width="220px"):
    """A line of widgets behind their label; in a narrow window they move below it."""
    from ipywidgets import Box, Label, Layout

    words = Label(label, layout=Layout(width=label_width, max_width="100%", margin="2px 10px 2px 2px"))
    return Box([words, *widgets], layout=Layout(flex_flow="row wrap", align_items="center", overflow="visible", **WIDE))


def with_unit(label, unit):
    """The words beside a control: "model width d (elements)"."""
    return f"{label} ({unit})" if unit else label


def one_two_five(low, high):
    """The values 1, 2 and 5 times powers of ten from low to high.

    >>> one_two_five(10, 100)
    [10, 20, 50, 100]
    """
    return [m * 10**k for k in range(len(str(high))) for m in (1, 2, 5) if low <= m * 10**k <= high]


def powers_of_two(low, high):
    """The powers of two from low to high.

    >>> powers_of_two(10, 100)
    [16, 32, 64]
    """
    return [2**k for k in range(high.bit_length()) if low <= 2**k <= high]


@dataclass(frozen=True)
class Slider:
    """A slider over a fixed grid of whole numbers, evenly spaced: logarithmic when the grid is.

    Arrow keys step from value to value. A whole number between the ends that is not on the grid
    may be set from code; the slider takes it in for as long as it is the value.
    """

    name: str
    label: str
    unit: str
    values: tuple

    def check(self, value):
        low, high = self.values[0], self.values[-1]
        whole = hasattr(value, "__index__") and not isinstance(value, bool)  # NumPy's whole numbers too
        if not whole or not low <= value <= high:
            raise ValueError(
                f"{self.name} = {value!r} is {'out of range' if whole else 'not a whole number'}: {self.label} is a "
                f"whole number from {low:,} to {high:,} {self.unit}."
            )
        return int(value)

    def make(self, value):
        from ipywidgets import Layout, SelectionSlider

        slider = SelectionSlider(options=self._options(value), value=value,
                                 layout=Layout(flex="1 1 300px", width="auto", min_width="0"))
        return row(with_unit(self.label, self.unit), slider)

    def observed(self, widget):
        return [widget.children[1]]

    def read(self, widget):
        return widget.children[1].value

    def write(self, widget, value):
        slider, options = widget.children[1], self._options(value)
        if list(slider.options) != options:
            slider.options = options
        slider.value = value

    def _options(self, value):
        return [(f"{number:,}", number) for number in sorted({*self.values, value})]


@dataclass(frozen=True)
class Number:
    """A field in which the reader types a number, from low to high: 2.5, 1e21, 2,048, 10 000.

    Taken are a decimal point, groups of three set off by a comma, a space or _, a power of ten after e,
    and the unit behind the number ("30 %" where the unit is %). The new number is read at Enter or when the
    field is left. A whole value is an int, any other a float; `whole=True` takes whole values alone.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    whole: bool = False

    def check(self, value):
        real = isinstance(value, Real) and not isinstance(value, bool) and value == value  # NumPy's numbers too, no NaN
        if not real or not self.low <= value <= self.high or self.whole and value != int(value):
            raise ValueError(f"{self.name} = {value!r} is {'out of range' if real and not self.low <= value <= self.high else self._not()}"
                             f": {self.label} is {self._range()}.")
        return exact(value)

    def make(self, value):
        from ipywidgets import Layout, Text

        words = number_text(value)
        return row(with_unit(self.label, self.unit), Text(value=words, placeholder=words, continuous_update=False,
                                                       layout=Layout(width="150px")))

    def observed(self, widget):
        return [widget.children[1]]

    def read(self, widget):
        typed, last = widget.children[1].value, widget.children[1].placeholder
        value = read_number(typed.strip().removesuffix(self.unit))
        if value is not None and self.low <= value <= self.high and not (self.whole and value != int(value)):
            return exact(value)
        wrong = (f"{self.label}: " + (f"“{typed.strip()[:30]}” is " if typed.strip() else "an empty field is ")
                 + (self._not() if value is None or self.low <= value <= self.high else "out of range"))
        raise ValueError(f"{wrong}. Type {self._range()}, such as {last}.")

    def write(self, widget, value):
        widget.children[1].value = widget.children[1].placeholder = number_text(value)

    def _not(self):
        return "not a whole number" if self.whole else "not a number"

    def _range(self):
        return f"a {'whole ' * self.whole}number from {number_text(self.low)} to {number_text(self.high)} {self.unit}".rstrip()


FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("−"): "-"}  # as typed on a Chinese keyboard


def read_number(text):
    """The number that a text holds, exactly, or None.

    >>> read_number("2,048"), read_number("10 000.5"), read_number("1e21"), read_number("2,5"), read_number("many")
    (Decimal('2048'), Decimal('10000.5'), Decimal('1E+21'), None, None)
    """
    found = re.fullmatch(r"([-+]?(?:[0-9]+|[0-9]{1,3}(?:[, _\u00a0\u2009\u202f][0-9]{3})+)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,4})?)",
                         text.translate(FULL_WIDTH).strip())
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


@dataclass(frozen=True)
class Choice:
    """One of a few: a row of buttons, or a list to choose from where there are more than five. `options` maps the state's value to the button's text."""

    name: str
    label: str
    options: dict

    def check(self, value):
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"{self.name} = {value!r} is unknown: choose {_listed(self.options)}.")
        return value

    def make(self, value):
        from ipywidgets import Dropdown, Layout, ToggleButtons

        options = [(text, key) for key, text in self.options.items()]
        if len(options) > 5:  # two rows of buttons push the picture off a small screen
            return row(self.label, Dropdown(options=options, value=value, layout=Layout(width="260px")))
        return row(self.label, ToggleButtons(options=options, value=value, style={"button_width": "auto"}))

    def observed(self, widget):
        return [widget.children[1]]

    def read(self, widget):
        return widget.children[1].value

    def write(self, widget, value):
        widget.children[1].value = value


@dataclass(frozen=True)
class MultiChoice:
    """Some of several: one checkbox each, at least one and at most `most` ticked."""

    name: str
    label: str
    options: dict
    most: int = 5

    def check(self, value):
        if isinstance(value, str) or not isinstance(value, (tuple, list)):
            raise ValueError(f"{self.name} = {value!r} is no choice: give a tuple of {_listed(self.options)}.")
        for item in value:
            if not isinstance(item, str) or item not in self.options:
                near = get_close_matches(str(item), self.options, 1, 0.5)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"{self.name} holds {item!r}, which is unknown: choose from {_listed(self.options)}.{hint}")
        chosen = tuple(key for key in self.options if key in value)
        if len(chosen) != len(value):
            raise ValueError(f"{self.name} = {value!r} names something twice: name each once.")
        if not 1 <= len(chosen) <= self.most:
            raise ValueError(
                f"{self.name} has {len(chosen)} of {len(self.options)} chosen: choose at least 1 and at "
                f"most {self.most}, so that each can be told apart."
            )
        return chosen

    def make(self, value):
        from ipywidgets import Checkbox, Layout

        ticks = [Checkbox(value=key in value, description=text, indent=False, layout=Layout(width="auto", margin="0 14px 0 0"))
                 for key, text in self.options.items()]
        return row(self.label, *ticks, label_width="auto")

    def observed(self, widget):
        return list(widget.children[1:])

    def read(self, widget):
        return tuple(key for key, tick in zip(self.options, self.observed(widget)) if tick.value)

    def write(self, widget, value):
        for key, tick in zip(self.options, self.observed(widget)):
            tick.value = key in value


def _listed(names):
    return ", ".join(repr(name) for name in names)
