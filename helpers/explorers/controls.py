"""What a reader can move: each control declares its label and unit, checks values, makes its widget.

A control is bound to one field of the explorer's state. `check` answers a wrong value with a
`ValueError` that names the field, the value and what would be right.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from numbers import Real

from helpers.explorers.fields import exact, fault, field, is_typed, number_text, show, span, typed

NARROW = "118px"  # of the words before a control in two columns
WIDE = {"width": "700px", "max_width": "calc(100% - 6px)"}


def row(label, *widgets, label_width="220px"):
    """A line of widgets behind their label; in a narrow window they move below it."""
    from ipywidgets import HTML, Box, Dropdown, Layout, Text

    words = HTML(f'<div style="line-height:15px;white-space:normal;padding:2px 0">{escape(label)}</div>',
                 layout=Layout(width=label_width, max_width="100%", margin="0 8px 0 2px"))
    for widget in widgets:
        if isinstance(widget, (Dropdown, Text)):  # its name for those who hear the page; the words to be seen stand apart
            widget.description, widget.style.description_width = label, "0"
    return Box([words, *widgets], layout=Layout(flex_flow="row wrap", align_items="center", overflow="visible", **WIDE))


def in_columns(controls, rows):
    """The rows of many controls in two columns, read from left to right; one column in a narrow window."""
    from ipywidgets import GridBox, Layout

    for control, line in zip(controls, rows):
        line.layout.width, line.layout.grid_area = "auto", "auto / 1 / auto / -1" if control.wide else "auto"
        if not isinstance(control, MultiChoice):
            line.children[0].layout.width = NARROW
        if not control.wide:
            line.layout.flex_flow = "row nowrap"
            line.children[1].layout.flex, line.children[1].layout.min_width = "1 1 60px", "0"
    return GridBox(rows, layout=Layout(grid_template_columns="repeat(auto-fit, minmax(min(100%, 280px), 1fr))",
                                       grid_gap="0 14px", align_items="center", overflow="visible", **WIDE))


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

    Arrow keys step from value to value. A whole number between the ends that is not on the grid may be typed
    in the field beside it, or set from code; the slider takes it in for as long as it is the value.
    """

    name: str
    label: str
    unit: str
    values: tuple

    @property
    def wide(self):
        return self._longest() > 11  # the field leaves too little of half a line to the slider

    def check(self, value):
        low, high = self.values[0], self.values[-1]
        whole = hasattr(value, "__index__") and not isinstance(value, bool)  # NumPy's whole numbers too
        if not whole or not low <= value <= high:
            raise ValueError(f"{self.name} = {value!r} is {'out of range' if whole else 'not a whole number'}: "
                             f"{self.label} is {span(low, high, self.unit, whole=True)}.")
        return int(value)

    def make(self, value):
        from ipywidgets import Layout, SelectionSlider

        # The slider's own readout can be edited too, but nothing comes of it: a field in its place.
        slider = SelectionSlider(options=self._options(value), value=value, readout=False,
                                 layout=Layout(flex="1 1 150px", width="auto", min_width="0"))
        return row(with_unit(self.label, self.unit), slider, field(value, f"{8 * max(10, self._longest()) + 16}px"))

    def observed(self, widget):
        return list(widget.children[1:])

    def read(self, widget):
        slider, beside = widget.children[1:]
        if is_typed(beside):
            return typed(beside, self.label, self.unit, self.values[0], self.values[-1], whole=True)
        return slider.value

    def write(self, widget, value):
        (slider, beside), options = widget.children[1:], self._options(value)
        if list(slider.options) != options:
            slider.options = options
        slider.value = value
        show(beside, value)

    def _options(self, value):
        return [(f"{number:,}", number) for number in sorted({*self.values, value})]

    def _longest(self):
        return max(len(number_text(number)) for number in self.values)


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
    wide = False

    def check(self, value):
        real = isinstance(value, Real) and not isinstance(value, bool) and value == value  # NumPy's numbers too, no NaN
        wrong = fault(value if real else None, self.low, self.high, self.whole)
        if wrong:
            raise ValueError(f"{self.name} = {value!r} is {wrong}: {self.label} is "
                             f"{span(self.low, self.high, self.unit, self.whole)}.")
        return exact(value)

    def make(self, value):
        return row(with_unit(self.label, self.unit), field(value, "150px"))

    def observed(self, widget):
        return [widget.children[1]]

    def read(self, widget):
        return typed(widget.children[1], self.label, self.unit, self.low, self.high, self.whole)

    def write(self, widget, value):
        show(widget.children[1], value)


@dataclass(frozen=True)
class Choice:
    """One of a few: a row of buttons, or a list to choose from where there are more than five, or long texts.

    `options` maps the state's value to the text that is shown.
    """

    name: str
    label: str
    options: dict

    @property
    def wide(self):
        return self._longest() > 28 or not self._is_list() and sum(7 * len(text) + 24 for text in self.options.values()) > 210

    def _is_list(self):
        return len(self.options) > 5 or self._longest() > 28  # more rows push the picture off a small screen

    def _longest(self):
        return max(map(len, self.options.values()))

    def check(self, value):
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"{self.name} = {value!r} is unknown: choose {_listed(self.options)}.")
        return value

    def make(self, value):
        from ipywidgets import Dropdown, Layout, ToggleButtons

        options = [(text, key) for key, text in self.options.items()]
        if self._is_list():
            width = f"{max(260, 7 * self._longest() + 40)}px"
            return row(self.label, Dropdown(options=options, value=value, layout=Layout(width=width, max_width="100%")))
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
    wide = True

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
