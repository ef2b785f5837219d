"""An explorer is one pure function, from a state to what there is to see; the rest is done here."""

import os
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass, replace
from functools import lru_cache
from pathlib import Path
from textwrap import fill
from threading import RLock
from time import monotonic

from helpers.explorers.panel import Panel, control_of
from helpers.explorers.scene import Page
from helpers.sizes import check_choice

GESTURE = 1.5  # seconds: moves of one control that follow sooner are one move of the hand


@dataclass
class View:
    """What a state shows: a picture, the finding, a sentence; numbers: label with unit -> text."""

    page: Page
    title: str
    sentence: str
    numbers: dict

    def __post_init__(self):
        self.page.words(14, 18, self.title, 16, bold=True)

    @property
    def alt(self):
        """The alternative text of the picture."""
        return f"{self.title}. {self.sentence}"

    def svg(self):
        """The picture as an SVG string."""
        return self.page.svg(self.alt)


@lru_cache
def _written():
    """explorers.toml: what a reader moves in each explorer, and the presets."""
    return tomllib.loads(Path(__file__).with_name("explorers.toml").read_text(encoding="utf-8"))


class Explorer:
    """The base of all explorers; a subclass has a `view`, and a section in explorers.toml.

    view(state, before) is the `View` of a state, from the state alone; before is the state before
    the last move, or None. For a state that cannot be it raises `ValueError` with a sentence that
    says what to change. `GrowthExplorer(n=100)` starts at values, `GrowthExplorer(preset="…")` at
    those of a preset, from which values given beside it differ.
    """

    controls, presets = (), {}  # presets: name -> values of some fields

    def __init_subclass__(cls):
        written = _written().get(cls.__name__, {})
        cls.controls = cls.controls or tuple(control_of(**row) for row in written["controls"])
        known = {control.name: control for control in cls.controls}
        cls.presets = cls.presets or {
            preset: {name: known[name].check(value) for name, value in values.items()}
            for preset, values in written.get("presets", {}).items()}
        cls.State = make_dataclass(cls.__name__.replace("Explorer", "State"), frozen=True, fields=[
            (control.name, object, control.start) for control in cls.controls])

    def __init__(self, preset=None, **values):
        self.lock, self._panel, self._moved = RLock(), None, (None, 0)
        with self._refusing():
            values = self._checked((self.presets[check_choice(preset, "preset", self.presets)]
                                    if preset is not None else {}) | values)
            self._start = self.State(**values)
            self._show(self._start, None)

    @contextmanager
    def _refusing(self):
        """In a notebook, answer a wrong value by one sentence, beside a live picture too."""
        with self.lock:
            try:
                yield
            except ValueError as error:
                sentence = str(error)
                error._render_traceback_ = lambda: [sentence]  # what IPython shows
                if self._panel:
                    self._panel.say(sentence)
                raise

    def _checked(self, values):
        controls = {control.name: control for control in self.controls}
        for name in values:
            if name not in controls:
                raise ValueError(f"{type(self).__name__} has no {name!r}; it takes preset, "
                                 f"{', '.join(controls)}.")
        return {name: controls[name].check(value) for name, value in values.items()}

    def _show(self, state, before):
        shown = self.view(state, before)  # if one of these two fails, nothing has changed
        svg = shown.svg() if self._panel else ""
        self._state, self._before, self.shown = state, before, shown
        if self._panel:
            self._panel.show(svg)

    @property
    def state(self):
        """The state now. Set it, and the controls, the picture and the words follow."""
        return self._state

    @state.setter
    def state(self, value):
        self.change(**vars(value))

    def change(self, **values):
        """Set some fields and keep the others: `explorer.change(n=2_000)`."""
        with self._refusing():
            state, now = replace(self._state, **self._checked(values)), monotonic()
            moved = [name for name in values if getattr(state, name) != getattr(self._state, name)]
            same_hand = moved == self._moved[0] and now - self._moved[1] < GESTURE
            before = self._before if same_hand or not moved else self._state
            self._show(state, before if len(moved) < 2 else None)
            self._moved = moved, now

    def load(self, preset):
        """Set the fields that a preset names."""
        with self._refusing():
            self.change(**self.presets[check_choice(preset, "preset", self.presets)])

    def reset(self):
        """Back to the state that this explorer started with, without a ghost."""
        with self.lock:
            self._show(self._start, None)

    def preset_name(self):
        """The name of the preset that the state matches, or None."""
        state = vars(self._state).items()
        return next((name for name, values in self.presets.items() if values.items() <= state),
                    None)

    def numbers(self):
        """The numbers of the state: label with unit -> text."""
        return dict(self.shown.numbers)

    def sentence(self):
        """What is to be seen, in one sentence."""
        return self.shown.sentence

    def figure(self):
        """The picture as a Matplotlib figure."""
        return self.shown.page.figure()

    def text(self):
        """The sentence and the numbers as plain text."""
        width = max(map(len, self.shown.numbers), default=0)
        sentence = fill(self.sentence().replace(" %", "\xa0%"), 88).replace("\xa0", " ")
        return "\n".join([sentence, "", *(f"{label:<{width}}  {value}"
                                          for label, value in self.shown.numbers.items())])

    def widget(self):
        """The live explorer as a widget: one for each explorer."""
        if not self._panel:
            self._panel = Panel(self)
        return self._panel.box

    def _ipython_display_(self):
        """Live in JupyterLab; where HELPERS_PICTURES is 1, a picture and its text."""
        from IPython.display import display

        if os.environ.get("HELPERS_PICTURES") == "1":
            from helpers.figures.style import picture_bundle, png

            data, metadata = picture_bundle(png(self.figure(), dpi=200), self.shown.alt, 700)
            display(data, metadata=metadata, raw=True)
            display({"text/plain": self.text()}, raw=True)
        else:
            view = self.widget()._repr_mimebundle_()
            display({**view, "text/plain": self.text()}, raw=True)

    def __repr__(self):
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self._state).items())
        return f"{type(self).__name__}({values})"
