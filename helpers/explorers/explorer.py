"""An explorer is one pure function, from a state to what there is to see; the rest is done here."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass, replace
from textwrap import fill
from threading import RLock
from time import monotonic

from helpers.explorers.panel import Panel
from helpers.explorers.scene import Page
from helpers.sizes import check_choice

GESTURE = 1.5  # seconds: moves of one control that follow sooner are one move of the hand


@dataclass
class View:
    """What a state shows: a picture, the finding, a sentence; numbers: label with unit -> text.

    A whole number may stand for its text.
    """

    page: Page
    title: str
    sentence: str
    numbers: dict

    def __post_init__(self):
        self.page.words(14, 18, self.title, 16, bold=True)
        self.numbers = {label: f"{value:,}" if isinstance(value, int) else value
                        for label, value in self.numbers.items()}

    @property
    def alt(self):
        """The alternative text of the picture."""
        return f"{self.title}. {self.sentence}"

    def svg(self):
        """The picture as an SVG string."""
        return self.page.svg(self.alt)


class Explorer:
    """The base of all explorers; a subclass has a `view`, controls and presets.

    view(state, before) is the `View` of a state, from the state alone; before is the state before
    the last move, or None. For a state that cannot be it raises `ValueError` with a sentence that
    says what to change. `GrowthExplorer(n=100)` starts at values, `GrowthExplorer(preset="…")` at
    those of a preset, from which values given beside it differ.
    """

    controls, presets = (), {}  # presets: name -> values of some fields

    def __init_subclass__(cls):
        cls.presets = {name: cls._checked(None, values) for name, values in cls.presets.items()}
        cls.State = make_dataclass(cls.__name__.replace("Explorer", "State"), frozen=True, fields=[
            (control.name, object, control.start) for control in cls.controls])

    def __init__(self, preset=None, **values):
        self.lock, self._panel, self._moved = RLock(), None, (None, 0)
        with self._refusing():
            self._start = self.State(**self._checked(preset, values))
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

    @classmethod
    def _checked(cls, preset, values):
        """The fields that a preset, if it is not None, and the values beside it set."""
        controls = {control.name: control for control in cls.controls}
        if preset is not None:
            values = cls.presets[check_choice(preset, "preset", cls.presets)] | values
        for name in values:
            if name not in controls:
                raise ValueError(f"{cls.__name__} has no {name!r}; it takes preset, "
                                 f"{', '.join(controls)}.")
        return {name: controls[name].check(value) for name, value in values.items()}

    def _show(self, state, before):
        shown = self.view(state, before)  # if one of these two fails, nothing has changed
        svg = shown.svg() if self._panel else ""
        self._state, self._before, self.shown = state, before, shown
        if self._panel:
            self._panel.show(svg)

    def __setattr__(self, name, value):
        if name in self.State.__dataclass_fields__:
            with self._refusing():
                raise ValueError(f"{name}: set it with explorer.change({name}={value!r}).")
        super().__setattr__(name, value)

    @property
    def state(self):
        """The state now. Set it, and the controls, the picture and the words follow."""
        return self._state

    @state.setter
    def state(self, value):
        with self._refusing():
            if not isinstance(value, self.State):
                raise ValueError(f"state = {value!r} is no {self.State.__name__}; give a state "
                                 "that you kept, or use change(…)")
            self.change(**vars(value))

    def change(self, preset=None, **values):
        """Set some fields and keep the others: `explorer.change(n=2_000)`."""
        with self._refusing():
            values = self._checked(preset, values)
            state, now = replace(self._state, **values), monotonic()
            moved = [name for name in values if getattr(state, name) != getattr(self._state, name)]
            same_hand = moved == self._moved[0] and now - self._moved[1] < GESTURE
            before = self._before if same_hand or not moved else self._state
            self._show(state, before if len(moved) < 2 else None)
            self._moved = moved, now

    def load(self, preset):
        """Set the fields that a preset names."""
        self.change(preset)

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

        live = os.environ.get("HELPERS_PICTURES") != "1" and self.widget()._repr_mimebundle_()
        if not live:
            from helpers.figures.style import picture_bundle, png

            data, metadata = picture_bundle(png(self.figure(), dpi=200), self.shown.alt, 700)
            display(data, metadata=metadata, raw=True)
        display({**(live or {}), "text/plain": self.text()}, raw=True)

    def __repr__(self):
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self._state).items())
        return f"{type(self).__name__}({values})"
