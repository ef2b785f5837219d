"""What a reader can move: each control declares its label and unit, checks values, makes its widget.

A control is bound to one field of the explorer's state. `check` answers a wrong value with a
`ValueError` that names the field, the value and what would be right.
"""

from dataclasses import dataclass
from difflib import get_close_matches

WIDE = {"width": "700px", "max_width": "calc(100% - 6px)"}


def row(label, *widgets, label_width="220px"):
    """A line of widgets behind their label; in a narrow window they move below it."""
    from ipywidgets import Box, Label, Layout

    words = Label(label, layout=Layout(width=label_width, max_width="100%", margin="2px 10px 2px 2px"))
    return Box([words, *widgets], layout=Layout(flex_flow="row wrap", align_items="center", overflow="visible", **WIDE))


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
        return row(f"{self.label} ({self.unit})", slider)

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
