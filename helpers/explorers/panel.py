"""What a reader moves, and the panel that shows an explorer live: picture left, controls right.

A control is bound to one field of the state. `check` answers a wrong value with a `ValueError` that
names the field, the value and the remedy. `make` gives a row of widgets with `parts`, those that
are moved; `read` is the value of a row, one part of which was moved, and `write` shows a value.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from html import escape
from importlib import import_module
from numbers import Real

from helpers.explorers.scene import STYLE
from helpers.sizes import check_choice

OWN = "your own values"
IN_VIEW = 6  # controls; the others stand behind "more"
POWERS = {"k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}
# ipywidgets names neither sliders nor groups: the words beside them do, and say a slider's value.
LAYOUT = """<style onload="const box = this.closest('.explorer'), say = () => box.querySelectorAll(
    '.noUi-handle, .widget-radio, .widget-gridbox').forEach(part => {
  const row = part.closest('.number, .choice, .widget-gridbox'), name = '.widget-label:not(:empty)';
  part.role ||= 'group'; part.ariaLabel = row.querySelector(name)?.textContent;
  part.ariaValueText = row.querySelector('.widget-readout')?.textContent });
  new MutationObserver(say).observe(box, {childList: true, subtree: true}); say()">
.explorer, .explorer .widget-box, .explorer .widget-gridbox {overflow:visible}
.explorer {flex-flow:row wrap; max-width:100%; --jp-widgets-inline-label-width:112px}
.explorer > .jupyter-widgets {flex:3 1 640px; min-width:0; max-width:700px}
.explorer > .jupyter-widgets:last-child {flex:1 1 360px; max-width:480px; min-height:444px}
.explorer p {margin:0 8px; height:44px; line-height:20px; font-size:14px}
.explorer .preset {width:auto; flex:1 1 0; min-width:0; --jp-widgets-inline-label-width:48px}
.explorer .preset select {font-size:12px} .explorer .number {flex-flow:row wrap}
.explorer button {width:60px} .explorer .picture {margin:0}
.explorer .number label {flex:1 0 calc(100% - 124px); order:-1; text-align:left; line-height:17px;
  margin:0 2px; height:auto}
.explorer .number .widget-text {display:contents} .explorer .choice {width:auto}
.explorer .number .widget-hslider {flex:1 1 220px; min-width:220px; margin:0 2px}
.explorer .number input {flex:0 0 112px; width:112px; margin:0 2px}
.explorer .widget-gridbox > .widget-label {grid-column:1 / -1; height:17px; line-height:17px}
.explorer .widget-checkbox {width:auto; height:24px; margin:0}
.explorer .more:not(:has(:checked)) + .widget-vbox {display:none}
.explorer .message {height:36px; margin:0 2px; overflow:auto}
.explorer [role=alert] {line-height:17px; font-weight:600; color:var(--page-error,#b3261e)}
.explorer .numbers {flex:1 1 66px; min-height:66px; overflow:auto}
.explorer table {width:100%; text-align:right; line-height:17px; font-size:13px;
  font-variant-numeric:tabular-nums}
.explorer td:first-child {text-align:left; white-space:normal}
</style>"""


def read_number(text):
    """The number that a text holds, exactly, or None; k, M, B (or G), T: 10³, 10⁶, 10⁹, 10¹².

    >>> read_number("2,048"), read_number("10 000.5"), read_number("128k"), read_number("2,5")
    (Decimal('2048'), Decimal('10000.5'), Decimal('1.28E+5'), None)
    """
    digits, suffix = re.fullmatch(r"(.*?)\s*([kKMGBT]?)", text.replace("−", "-").strip()).groups()
    try:
        value = Decimal(re.sub(r"(?<=\d)[, _\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", digits))
    except ArithmeticError:
        return None
    if not value.is_finite() or abs(value.adjusted()) > 400:  # 1e99999 would take for ever
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


STEPS = {"powers_of_two": powers_of_two, "one_two_five": one_two_five,
         "range": lambda low, high, step: range(low, high + 1, step), "values": lambda *each: each}


def control_of(name, label, start, unit="", options=None, most=0, low=None, high=None, **steps):
    """The control of a row of explorers.toml."""
    if isinstance(options, str):  # a list in helpers, whose entries are their own words
        module, _, listed = options.rpartition(".")
        listed = getattr(import_module(module), listed)
        options = dict(zip(listed, listed))
    if options:
        return (Several(name, label, options, tuple(start), most) if most else
                Choice(name, label, options, start))
    values = next((tuple(STEPS[kind](*given)) for kind, given in steps.items()), ())
    return Number(name, label, unit, values[0] if low is None else low,
                  values[-1] if high is None else high, start, bool(values), values)


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
        kind = "whole number" if self.whole else "number"
        real = isinstance(value, Real) and not isinstance(value, bool) and value == value  # no NaN
        if real and self.low <= value <= self.high and not (self.whole and value % 1):
            return exact(value)
        wrong = "out of range" if real and not (self.whole and value % 1) else f"not a {kind}"
        span = f"a {kind} from {number_text(self.low)} to {number_text(self.high)} {self.unit}"
        raise ValueError(f"{self.name} = {value!r} is {wrong}: {self.label} is {span.rstrip()}.")

    def make(self, widgets):
        field = widgets.Text(continuous_update=False,
                             description=f"{self.label} ({self.unit})".replace(" ()", ""))
        slider = [widgets.SelectionSlider(options=self._steps(self.start), readout=False)
                  ] if self.values else []
        row = widgets.HBox([*slider, field]).add_class("number")
        row.parts = row.children
        return row

    @lru_cache(maxsize=64)
    def _steps(self, value):
        return tuple((f"{step:,}", step) for step in sorted({*self.values, value}))

    def read(self, row, part):
        if part is not row.parts[-1]:
            return part.value
        typed = part.value.strip()
        found = read_number(re.sub(f"(?i){re.escape(self.unit)}$", "", typed))
        return self.check(typed[:30] if found is None else exact(found))

    def write(self, row, value):
        *slider, field = row.parts
        for part in slider:
            if part.options != (steps := self._steps(value)):
                part.options = steps
            part.value = value
        field.value = number_text(value)


@dataclass(frozen=True)
class Choice:
    """One of a few: options maps the state's value to its words; few short ones are buttons."""

    name: str
    label: str
    options: dict
    start: str

    def check(self, value):
        return check_choice(value, self.name, self.options)

    def make(self, widgets):
        options = [(words, key) for key, words in self.options.items()]
        few = len(options) <= 3 and sum(map(len, self.options.values())) <= 26
        kind = partial(widgets.RadioButtons, orientation="horizontal") if few else widgets.Dropdown
        row = kind(options=options, description=self.label)
        row.parts = [row.add_class("choice")]
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
        chosen = value if isinstance(value, (tuple, list)) else ()
        for item in chosen:
            check_choice(item, self.name, self.options)
        if not 1 <= len(chosen) <= self.most or len(set(chosen)) < len(chosen):
            raise ValueError(f"{self.name} = {value!r}: choose at least 1 and at most {self.most} "
                             f"of {', '.join(map(repr, self.options))}, each once.")
        return tuple(key for key in self.options if key in value)

    def make(self, widgets):
        wide = 30 + 7 * max(map(len, self.options.values()))
        ticks = [widgets.Checkbox(description=words, indent=False)
                 for words in self.options.values()]
        row = widgets.GridBox([widgets.Label(self.label), *ticks])
        row.layout.grid_template_columns = f"repeat(auto-fill, minmax({wide}px, 1fr))"
        row.parts = ticks
        return row

    def read(self, row, part):
        return tuple(key for key, tick in zip(self.options, row.parts) if tick.value)

    def write(self, row, value):
        for key, tick in zip(self.options, row.parts):
            tick.value = key in value


class Panel:
    """The widgets of one explorer, which show its state; whatever answers one holds one lock.

    A move sends the browser the picture first, then the numbers, then what other widgets show.
    """

    def __init__(self, explorer):
        import ipywidgets as widgets

        widgets.SelectionSlider.index.tag(echo_update=False)  # the picture is the first answer
        self._explorer, self._quiet = explorer, False
        self.rows = [(control, control.make(widgets)) for control in explorer.controls]
        self.preset = widgets.Dropdown(options=[OWN, *explorer.presets], description="preset")
        reset = widgets.Button(description="reset", tooltip="to the start")
        reset.on_click(lambda _: self._safely(explorer.reset))
        self.picture, self.message, self.numbers = (
            widgets.HTML().add_class(name) for name in ("picture", "message", "numbers"))
        first = widgets.HBox([self.preset.add_class("preset"), reset])
        style = widgets.HTML(STYLE + LAYOUT, layout={"display": "none"})
        rows = [row for _, row in self.rows]
        if len(rows) > IN_VIEW:
            more = widgets.Checkbox(description="more", indent=False).add_class("more")
            rows[IN_VIEW:] = [more, widgets.VBox(rows[IN_VIEW:])]
        self.box = widgets.Box([
            widgets.VBox([style, self.picture]),
            widgets.VBox([first, *rows, self.message, self.numbers])]).add_class("explorer")
        self.show(explorer.shown.svg())
        for part in [self.preset, *(part for _, row in self.rows for part in row.parts)]:
            part.set_state = partial(self._answer, part.set_state)
            part.observe(self._moved, names="value")

    def show(self, svg):
        """Bring the picture, the words and the controls to the explorer's state."""
        shown = self._explorer.shown
        sentence = escape(shown.sentence).replace(" = ", "\xa0=\xa0").replace(" %", "\xa0%")
        self.picture.value = f'{svg}<p role="status">{sentence}</p>'
        rows = "".join([f"<tr><td>{escape(label)}</td>"
                        f"<td><b>{escape(value).replace(' %', chr(160) + '%')}</b></td></tr>"
                        for label, value in shown.numbers.items()])
        self.numbers.value = ('<div role="group" aria-label="numbers" tabindex="0">'
                              f"<table>{rows}</table></div>")
        self.say("")
        self._write()

    def say(self, text):
        """Show a message until the next move; "" takes it away."""
        self.message.value = text and f'<div role="alert">{escape(text)}</div>'

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

    def _answer(self, answer, data):
        with self._explorer.lock:  # JupyterLab's subshells answer widgets in more than one thread
            answer(data)
