"""What a reader moves, and the panel that shows an explorer live: picture left, controls right.

A control is bound to one field of the state. `check` answers a wrong value with a `ValueError` that
names the field, the value and the remedy; `make`, `read` and `write` are its widgets.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from numbers import Real

from helpers.explorers.scene import STYLE
from helpers.sizes import check_choice

OWN = "your own values"
IN_VIEW = 6  # controls; the others stand behind "more"
TYPED = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("−"): "-"}  # full-width too
NUMBER = re.compile(r"([-+]?(?:[0-9]+|[0-9]{1,3}(?:[, _\u00a0\u2009\u202f][0-9]{3})+)?(?:\.[0-9]*)?"
                    r"(?:[eE][-+]?[0-9]{1,4})?) ?([kKMGBT]?)")
POWERS = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}


def read_number(text):
    """The number that a text holds, exactly, or None; k, M, B (or G), T: 10³, 10⁶, 10⁹, 10¹².

    >>> read_number("2,048"), read_number("10 000.5"), read_number("128k"), read_number("2,5")
    (Decimal('2048'), Decimal('10000.5'), Decimal('1.28E+5'), None)
    """
    found = NUMBER.fullmatch(text.translate(TYPED).strip())
    try:
        digits = Decimal(re.sub(r"[^-+.0-9eE]", "", found[1]))
        return digits.scaleb(POWERS[found[2]]) if found[2] else digits
    except (TypeError, ArithmeticError):  # no number at all, or nothing before its e
        return None


def exact(value):
    """The same number as an int where it is whole, else as a float; a float is taken as written."""
    if not isinstance(value, Decimal):
        value = Decimal(int(value) if hasattr(value, "__index__") else repr(float(value)))
    return int(value) if value == int(value) else float(value)


def number_text(value):
    """A number as a reader writes it; `read_number` reads it back, exactly.

    >>> number_text(2048), number_text(2.5), number_text(314 * 10**21), number_text(0.00001)
    ('2,048', '2.5', '3.14e23', '1e-5')
    """
    value = exact(value)
    digits = str(value).rstrip("0")
    if isinstance(value, int) and abs(value) >= 10**12 and len(digits) <= 6:
        return f"{Decimal(digits).scaleb(len(str(value)) - len(digits)):E}".replace("E+", "e")
    return re.sub(r"e([-+])0*", lambda power: "e" + power[1].strip("+"), f"{value:,}")


def one_two_five(low, high):
    """1, 2 and 5 times powers of ten from low to high."""
    return [m * 10**k for k in range(len(str(high))) for m in (1, 2, 5) if low <= m * 10**k <= high]


def powers_of_two(low, high):
    """The powers of two from low to high."""
    return [2**k for k in range(high.bit_length()) if low <= 2**k <= high]


@dataclass(frozen=True)
class Number:
    """A field in which a number from low to high is typed; with values, a slider over them beside it.

    whole: takes whole numbers alone. A number between the slider's steps may be typed or set from
    code; the slider takes it in for as long as it is the value.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    start: float
    whole: bool = False
    values: tuple = ()

    def check(self, value):
        real = isinstance(value, Real) and not isinstance(value, bool) and value == value  # no NaN
        if wrong := self._fault(value if real else None):
            raise ValueError(f"{self.name} = {value!r} is {wrong}: {self.label} is {self._span()}.")
        return exact(value)

    def _fault(self, value):
        if value is not None and not self.low <= value <= self.high:
            return "out of range"
        if value is None or self.whole and value != int(value):
            return "not a whole number" if self.whole else "not a number"
        return ""

    def _span(self):
        return (f"a {'whole ' * self.whole}number from {number_text(self.low)} to "
                f"{number_text(self.high)} {self.unit}").rstrip()

    def make(self, value):
        from ipywidgets import HTML, HBox, Layout, SelectionSlider, Text

        words = f"{self.label} ({self.unit})" if self.unit else self.label
        field = Text(continuous_update=False, description=words, style={"description_width": "0"},
                     layout=Layout(width="112px", flex="0 0 auto"))
        slider = SelectionSlider(options=self._steps(value), value=value, readout=False,
                                 layout=Layout(flex="1 1 220px", width="auto", min_width="220px"))
        label = HTML(f'<div style="line-height:17px">{escape(words)}</div>',
                     layout=Layout(flex="1 0 100%" if self.values else "1 1 0", height="auto"))
        parts = [slider, field] if self.values else [field]
        row = HBox([label, *parts], layout=Layout(flex_flow="row wrap", overflow="visible"))
        row.parts = parts
        self.write(row, value)
        return row

    def _steps(self, value):
        return [(f"{step:,}", step) for step in sorted({*self.values, value})]

    def read(self, row, part):
        """The value of the part that was moved."""
        if part is not row.parts[-1]:
            return part.value
        typed = part.value.strip()
        found = read_number(re.sub(rf"(?<=.)\s*{re.escape(self.unit)}$", "", typed, flags=re.IGNORECASE))
        value = None if found is None else exact(found)
        if wrong := self._fault(value):
            said = f"“{typed[:30]}”" if typed else "an empty field"
            raise ValueError(f"{self.label}: {said} is {wrong}. Type {self._span()}.")
        return value

    def write(self, row, value):
        *slider, field = row.parts
        for part in slider:
            if list(part.options) != (steps := self._steps(value)):
                part.options = steps
            part.value = value
        field.value = number_text(value)


def slider(name, label, unit, values, start):
    """A `Number` that is whole, with a slider over values in steps of even size."""
    return Number(name, label, unit, values[0], values[-1], start, True, tuple(values))


@dataclass(frozen=True)
class Choice:
    """One of a few: options maps the state's value to the words shown; two or three short ones stand side by side."""

    name: str
    label: str
    options: dict
    start: str

    def check(self, value):
        return check_choice(value, self.name, self.options)

    def make(self, value):
        from ipywidgets import Dropdown, Layout, RadioButtons

        given = dict(options=[(words, key) for key, words in self.options.items()], value=value,
                     description=self.label, style={"description_width": "112px"}, layout=Layout(width="auto"))
        few = len(self.options) <= 3 and sum(map(len, self.options.values())) <= 26
        row = RadioButtons(**given, orientation="horizontal") if few else Dropdown(**given)
        row.parts = [row]
        return row

    def read(self, row, part):
        return part.value

    def write(self, row, value):
        row.value = value


@dataclass(frozen=True)
class Several:
    """Some of several, as a tuple of keys: one checkbox each, at least one and at most `most` ticked."""

    name: str
    label: str
    options: dict
    start: tuple
    most: int = 5

    def check(self, value):
        if isinstance(value, str) or not isinstance(value, (tuple, list)):
            raise ValueError(f"{self.name} = {value!r} is no choice: give a tuple of "
                             f"{', '.join(map(repr, self.options))}.")
        for item in value:
            check_choice(item, self.name, self.options)
        if not 1 <= len(value) <= self.most or len(set(value)) < len(value):
            raise ValueError(f"{self.name} has {len(value)} chosen: choose at least 1 and at most {self.most}, "
                             "each once, so that they can be told apart.")
        return tuple(key for key in self.options if key in value)

    def make(self, value):
        from ipywidgets import HTML, Checkbox, GridBox, Layout

        ticks = [Checkbox(value=key in value, description=words, indent=False, layout=Layout(width="auto", margin="0"))
                 for key, words in self.options.items()]
        label = HTML(f'<div style="line-height:17px">{escape(self.label)}</div>',
                     layout=Layout(grid_area="auto / 1 / auto / -1", height="auto"))
        row = GridBox([label, *ticks], layout=Layout(
            grid_template_columns="repeat(auto-fill, minmax(150px, 1fr))", overflow="visible"))
        row.parts = ticks
        return row

    def read(self, row, part):
        return tuple(key for key, tick in zip(self.options, row.parts) if tick.value)

    def write(self, row, value):
        for key, tick in zip(self.options, row.parts):
            tick.value = key in value


class Panel:
    """The widgets of one explorer. They show its state: one lock is held round all that answers a widget.

    A move sends the browser the picture first, then the words, then what other widgets of its control show.
    """

    def __init__(self, explorer):
        from ipywidgets import HTML, Accordion, Box, Button, Dropdown, HBox, Layout, VBox

        self._explorer, self._quiet = explorer, False
        self.rows = [(control, control.make(getattr(explorer.state, control.name))) for control in explorer.controls]
        self.preset = Dropdown(options=[OWN, *explorer.presets], description="preset",
                               style={"description_width": "112px"}, layout=Layout(flex="1 1 0", width="auto", min_width="0"))
        reset = Button(description="reset", tooltip="back to the start", layout=Layout(flex="0 0 60px"))
        reset.on_click(lambda _: self._safely(explorer.reset))
        self.picture = HTML(layout=Layout(width="100%", margin="0"))
        self.sentence = HTML(layout=Layout(height="44px", margin="0 8px"))
        self.message = HTML(layout=Layout(height="36px", margin="2px", overflow="auto"))
        self.numbers = HTML(layout=Layout(flex="1 1 84px", min_height="84px", overflow="auto", margin="2px"))
        shown = [row for _, row in self.rows]
        if len(shown) > IN_VIEW:
            shown[IN_VIEW:] = [Accordion([VBox(shown[IN_VIEW:])], titles=["more"], selected_index=None)]
        first = HBox([self.preset, reset] if explorer.presets else [reset], layout=Layout(overflow="visible"))
        left = VBox([HTML(STYLE, layout=Layout(display="none")), self.picture, self.sentence],
                    layout=Layout(flex="3 1 640px", min_width="0", max_width="700px", overflow="visible"))
        right = VBox([first, *shown, self.message, self.numbers],
                     layout=Layout(flex="1 1 360px", min_width="0", max_width="480px", min_height="444px", overflow="visible"))
        self.box = Box([left, right], layout=Layout(flex_flow="row wrap", overflow="visible", max_width="100%"))
        self.box.add_class("explorer")
        self.show(explorer.shown.svg())
        self.preset.observe(self._chosen, names="value")
        for control, row in self.rows:
            for part in row.parts:
                part.observe(lambda change: self._moved(change["owner"]), names="value")
        for widget in (self.preset, *(part for _, row in self.rows for part in row.parts)):
            _answer_under(explorer.lock, widget)

    def show(self, svg):
        """Bring the picture, the words and the controls to the explorer's state."""
        shown = self._explorer.shown
        self.picture.value = svg
        self.sentence.value = ('<p role="status" style="margin:0;line-height:20px;font-size:14px">'
                               f"{_unbroken(shown.sentence)}</p>")
        self.numbers.value = _table(shown.numbers)
        self.say("")
        self._write()

    def say(self, text):
        """Show a message until the next move; "" takes it away."""
        self.message.value = text and ('<div role="alert" style="line-height:17px;font-weight:600;'
                                       f'color:var(--page-error,#b3261e)">{escape(text)}</div>')

    def _write(self):
        self._quiet = True
        try:
            for control, row in self.rows:
                control.write(row, getattr(self._explorer.state, control.name))
            self.preset.value = self._explorer.preset_name() or OWN
        finally:
            self._quiet = False

    def _moved(self, part):
        if not self._quiet:
            control, row = next((control, row) for control, row in self.rows if part in row.parts)
            self._safely(lambda: self._explorer.change(**{control.name: control.read(row, part)}))

    def _chosen(self, change):
        if not self._quiet and change["new"] != OWN:
            self._safely(lambda: self._explorer.load(change["new"]))

    def _safely(self, act):
        with self._explorer.lock:
            try:
                act()
            except Exception as error:  # a reader sees what to do, never a traceback
                self._write()
                self.say(str(error) if isinstance(error, ValueError) else
                         f"This could not be drawn ({type(error).__name__}: {error}); the last good picture stays.")


def _answer_under(lock, widget):
    """Let a widget answer the browser only under the lock: JupyterLab answers in more than one thread."""
    answer = widget.set_state

    def set_state(data):
        with lock:
            answer(data)
    widget.set_state = set_state


def _unbroken(text):
    """As HTML, in which no line ends within "n = 2d" or "8.9 %"."""
    return escape(text).replace(" = ", "\xa0=\xa0").replace(" %", "\xa0%")


def _table(numbers):
    rows = "".join(f'<tr><td style="text-align:left;white-space:normal;padding:0 8px 0 0">{escape(label)}</td>'
                   f'<td style="text-align:right;font-weight:600;padding:0">{escape(value)}</td></tr>'
                   for label, value in numbers.items())
    return ('<div role="region" aria-label="numbers" tabindex="0"><table style="width:100%;font-size:13px;'
            f'line-height:17px;font-variant-numeric:tabular-nums">{rows}</table></div>')
