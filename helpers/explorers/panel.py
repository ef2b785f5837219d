"""What a reader moves, and the panel that shows an explorer live: picture left, controls right.

A control is bound to one field of the state. `check` answers a wrong value with a `ValueError` that
names the field, the value and the remedy; `make`, `read` and `write` are its widgets.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from html import escape
from numbers import Real

from helpers.explorers.scene import STYLE
from helpers.sizes import check_choice

OWN = "your own values"
IN_VIEW = 6  # controls; the others stand behind "more"
LABEL = {"description_width": "112px"}
SENTENCE = "margin:0;line-height:20px;font-size:14px"
MESSAGE = "line-height:17px;font-weight:600;color:var(--page-error,#b3261e)"
TABLE = ("width:100%;text-align:right;line-height:17px;font-size:13px;"
         "font-variant-numeric:tabular-nums")
TYPED = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("−"): "-"}  # full-width too
POWERS = {"k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}


def read_number(text):
    """The number that a text holds, exactly, or None; k, M, B (or G), T: 10³, 10⁶, 10⁹, 10¹².

    >>> read_number("2,048"), read_number("10 000.5"), read_number("128k"), read_number("2,5")
    (Decimal('2048'), Decimal('10000.5'), Decimal('1.28E+5'), None)
    """
    digits, suffix = re.fullmatch(r"(.*?)\s*([kKMGBT]?)", text.translate(TYPED).strip()).groups()
    try:
        value = Decimal(re.sub(r"(?<=\d)[, _\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", digits))
    except ArithmeticError:
        return None
    if not value.is_finite() or abs(value.adjusted()) > 5_000:  # 1e99999 would take for ever
        return None
    return value.scaleb(POWERS[suffix]) if suffix else value


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
    short = f"{Decimal(repr(value)).normalize():E}".replace("E+", "e").replace("E", "e")
    rarely = abs(value) >= 10**9 if isinstance(value, int) else "e" in repr(value)
    return short if rarely and len(short) <= 12 and exact(Decimal(short)) == value else f"{value:,}"


def one_two_five(low, high):
    """1, 2 and 5 times powers of ten from low to high."""
    return [m * 10**k for k in range(len(str(high))) for m in (1, 2, 5) if low <= m * 10**k <= high]


def powers_of_two(low, high):
    """The powers of two from low to high."""
    return [2**k for k in range(high.bit_length()) if low <= 2**k <= high]


@dataclass(frozen=True)
class Number:
    """A field to type a number from low to high; with values, a slider over them beside it.

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
        from ipywidgets import HBox, SelectionSlider, Text

        words = f"{self.label} ({self.unit})" if self.unit else self.label
        field = Text(continuous_update=False, description=words, style={"description_width": "0"},
                     layout={"width": "112px", "flex": "0 0 auto", "margin": "0 2px"})
        parts = [field] if not self.values else [SelectionSlider(
            options=self._steps(value), value=value, readout=False,
            layout={"flex": "1 1 220px", "width": "auto", "min_width": "220px",
                    "margin": "0 2px"}), field]
        row = HBox([_words(words, flex="1 0 90%" if self.values else "1 1 0"), *parts],
                   layout={"flex_flow": "row wrap", "overflow": "visible"})
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
        bare = typed[:-len(self.unit)] if typed.lower().endswith(self.unit.lower()) else typed
        found = read_number(bare if self.unit else typed)
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
    """One of a few: options maps the state's value to its words; few short ones are buttons."""

    name: str
    label: str
    options: dict
    start: str

    def check(self, value):
        return check_choice(value, self.name, self.options)

    def make(self, value):
        from ipywidgets import Dropdown, RadioButtons

        few = len(self.options) <= 3 and sum(map(len, self.options.values())) <= 26
        row = (RadioButtons if few else Dropdown)(
            options=[(words, key) for key, words in self.options.items()], value=value,
            description=self.label, style=LABEL, layout={"width": "auto"})
        if few:
            row.orientation = "horizontal"
        row.parts = [row]
        return row

    def read(self, row, part):
        return part.value

    def write(self, row, value):
        row.value = value


@dataclass(frozen=True)
class Several:
    """Some of several, as a tuple of keys: a checkbox each, 1 to `most` of them ticked."""

    name: str
    label: str
    options: dict
    start: tuple
    most: int = 5

    def check(self, value):
        if not isinstance(value, (tuple, list)):
            raise ValueError(f"{self.name} = {value!r} is no choice: give a tuple of "
                             f"{', '.join(map(repr, self.options))}.")
        for item in value:
            check_choice(item, self.name, self.options)
        if not 1 <= len(value) <= self.most or len(set(value)) < len(value):
            raise ValueError(f"{self.name} has {len(value)} chosen: choose at least 1 and at most "
                             f"{self.most}, each once, so that they can be told apart.")
        return tuple(key for key in self.options if key in value)

    def make(self, value):
        from ipywidgets import Checkbox, GridBox

        ticks = [Checkbox(value=key in value, description=words, indent=False,
                          layout={"width": "auto", "height": "24px", "margin": "0"})
                 for key, words in self.options.items()]
        wide = 30 + 7 * max(map(len, self.options.values()))
        row = GridBox([_words(self.label, grid_area="auto / 1 / auto / -1"), *ticks], layout={
            "grid_template_columns": f"repeat(auto-fill, minmax({wide}px, 1fr))",
            "overflow": "visible"})
        row.parts = ticks
        return row

    def read(self, row, part):
        return tuple(key for key, tick in zip(self.options, row.parts) if tick.value)

    def write(self, row, value):
        for key, tick in zip(self.options, row.parts):
            tick.value = key in value


def _words(text, **layout):
    from ipywidgets import HTML

    return HTML(f'<div style="line-height:17px">{escape(text)}</div>',
                layout=layout | {"height": "auto", "margin": "0 2px"})


class Panel:
    """The widgets of one explorer, which show its state; whatever answers one holds one lock.

    A move sends the browser the picture first, then the words, then what other widgets show.
    """

    def __init__(self, explorer):
        from ipywidgets import HTML, Accordion, Box, Button, Dropdown, HBox, VBox

        self._explorer, self._quiet = explorer, False
        self.rows = [(control, control.make(getattr(explorer.state, control.name)))
                     for control in explorer.controls]
        self.preset = Dropdown(options=[OWN, *explorer.presets], description="preset",
                               style={"description_width": "48px"},  # names are long
                               layout={"flex": "1 1 0", "width": "auto", "min_width": "0"})
        reset = Button(description="reset", tooltip="to the start", layout={"flex": "0 0 60px"})
        reset.on_click(lambda _: self._safely(explorer.reset))
        self.picture = HTML(layout={"width": "100%", "margin": "0"})
        self.sentence = HTML(layout={"height": "44px", "margin": "0 8px"})
        self.message = HTML(layout={"height": "36px", "margin": "0 2px", "overflow": "auto"})
        self.numbers = HTML(layout={"flex": "1 1 66px", "min_height": "66px", "overflow": "auto"})
        shown, seen = [row for _, row in self.rows], {"overflow": "visible"}
        if len(shown) > IN_VIEW:
            shown[IN_VIEW:] = [Accordion([VBox(shown[IN_VIEW:])], titles=["more"])]
        first = HBox([self.preset, reset] if explorer.presets else [reset], layout=seen)
        left = VBox([HTML(STYLE, layout={"display": "none"}), self.picture, self.sentence],
                    layout=seen | {"flex": "3 1 640px", "min_width": "0", "max_width": "700px"})
        right = VBox([first, *shown, self.message, self.numbers], layout=seen | {
            "flex": "1 1 360px", "min_width": "0", "max_width": "480px", "min_height": "444px"})
        self.box = Box([left, right], layout=seen | {"flex_flow": "row wrap", "max_width": "100%"})
        self.box.add_class("explorer")
        self.show(explorer.shown.svg())
        for part in [self.preset, *(part for _, row in self.rows for part in row.parts)]:
            # JupyterLab's subshells answer widgets in more than one thread: one at a time
            part.set_state = partial(_answer, explorer.lock, part.set_state)
            part.observe(self._moved, names="value")

    def show(self, svg):
        """Bring the picture, the words and the controls to the explorer's state."""
        shown = self._explorer.shown
        self.picture.value = svg
        sentence = escape(shown.sentence).replace(" = ", "\xa0=\xa0").replace(" %", "\xa0%")
        self.sentence.value = f'<p role="status" style="{SENTENCE}">{sentence}</p>'
        rows = "".join([f'<tr><td style="white-space:normal;text-align:left">{escape(label)}</td>'
                        f"<td><b>{escape(value).replace(' %', chr(160) + '%')}</b></td></tr>"
                        for label, value in shown.numbers.items()])
        self.numbers.value = ('<div role="region" aria-label="numbers" tabindex="0">'
                              f'<table style="{TABLE}">{rows}</table></div>')
        self.say("")
        self._write()

    def say(self, text):
        """Show a message until the next move; "" takes it away."""
        self.message.value = text and f'<div role="alert" style="{MESSAGE}">{escape(text)}</div>'

    def _write(self):
        self._quiet = True
        try:
            for control, row in self.rows:
                control.write(row, getattr(self._explorer.state, control.name))
            self.preset.value = self._explorer.preset_name() or OWN
        finally:
            self._quiet = False

    def _moved(self, change):
        part = change["owner"]
        if self._quiet or part.value == OWN:
            return
        if part is self.preset:
            return self._safely(lambda: self._explorer.load(part.value))
        control, row = next(pair for pair in self.rows if part in pair[1].parts)
        self._safely(lambda: self._explorer.change(**{control.name: control.read(row, part)}))

    def _safely(self, act):
        with self._explorer.lock:
            try:
                act()
            except Exception as error:  # a reader sees what to do, never a traceback
                self._write()
                self.say(str(error) if isinstance(error, ValueError) else "This could not be drawn "
                         f"({type(error).__name__}: {error}); the last good picture stays.")


def _answer(lock, answer, data):
    with lock:
        answer(data)
