"""The base of all explorers: state in, picture and sentence out; wired to widgets once, here."""

import os
from contextlib import contextmanager
from dataclasses import fields, replace
from difflib import get_close_matches
from functools import cached_property
from textwrap import fill

ON_TOP = 10  # what moves is drawn over what stays, live and saved alike


class Explorer:
    """A picture and a sentence that follow a few controls.

    A subclass declares

        State      a frozen dataclass: one field for each control, with its starting value
        title      what is explored, in a few words
        controls   a tuple of Slider, Number, Choice, MultiChoice (helpers.explorers.controls)
        presets    dict: name -> dict of the fields it sets

    and says, each time from the state alone,

        frame(state)            what the background depends on (limits, scales, which curves)
        build(figure, state)    draw what stays for this frame; return the artists that move, in
                                the order in which they cover each other (a list or dict, nested or not)
        update(artists, state)  put those artists where the state says
        sentence()              what is to be seen, with numbers
        numbers()               dict: label with unit -> text

    and, where fields can contradict each other,

        consistent(state)       raise `ValueError` with a sentence that names them and the remedy

    The base does the rest: checks, live widgets, fast redraw, the picture for saved notebooks.
    """

    State = None
    title = ""
    controls = ()
    presets = {}

    def __init__(self, preset=None, *places, **values):
        self._live = None
        with self._refusing():
            known = [field.name for field in fields(self.State)]
            if places or isinstance(preset, (int, float)):
                raise ValueError(f"{type(self).__name__} takes its sizes by name: write "
                                 f"{', '.join(f'{name}=…' for name in known[:2])}.")
            self._check_names(values, "takes preset,")
            start = self.preset_values(preset) if preset is not None else {}
            for name, value in self._each_checked(values).items():
                if start.get(name, value) != value:
                    raise ValueError(f"preset {preset!r} sets {name} = {start[name]!r}, and {name} = {value!r} is given "
                                     f"beside it. Leave one of the two out, or call change({name}={value!r}) afterwards.")
            self._state = self._start = self._checked(self.State(**{**values, **start}))

    @contextmanager
    def _refusing(self):
        """Answer a wrong value: in a notebook one sentence and no traceback, beside a live picture too; in a script a `ValueError`."""
        try:
            yield
        except ValueError as error:
            sentence = str(error)
            error._render_traceback_ = lambda: [sentence]  # what IPython shows
            if self._live is not None:
                self._live.say(sentence)
            raise

    def _check_names(self, names, has="has"):
        known = [field.name for field in fields(self.State)]
        for name in names:
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no {name!r}; it {has} {', '.join(known)}.")

    # the state

    @property
    def state(self):
        """The state now. Set it, and the controls, the picture and the sentence follow."""
        return self._state

    @state.setter
    def state(self, value):
        with self._refusing():
            self._state = self._checked(value)
        if self._live is not None:
            self._live.show()

    def change(self, **values):
        """Set some fields and keep the others: `explorer.change(n=2_000)`."""
        with self._refusing():
            self._check_names(values)
        self.state = replace(self._state, **values)

    def load(self, preset):
        """Set the fields that a preset names: `explorer.load("GPT-2 (1,024 × 768)")`."""
        self.change(**self.preset_values(preset))

    def reset(self):
        """Back to the state that this explorer started with."""
        self.state = self._start

    def preset_values(self, name):
        """The fields that a preset sets. Raises `ValueError` that lists the presets."""
        with self._refusing():
            if not isinstance(name, str) or name not in self.presets:
                near = get_close_matches(str(name), self.presets, 1, 0.3)
                hint = f" Nearest: {near[0]!r}." if near else ""
                raise ValueError(f"preset {name!r} is unknown.{hint} There are {', '.join(map(repr, self.presets))}.")
        return self._presets[name]

    @cached_property
    def _presets(self):
        return {name: self._each_checked(values) for name, values in self.presets.items()}

    def preset_name(self):
        """The name of the preset that the state matches, or None."""
        for name, values in self._presets.items():
            if all(getattr(self._state, field) == value for field, value in values.items()):
                return name
        return None

    def _checked(self, state):
        if not isinstance(state, self.State):
            raise ValueError(
                f"state = {state!r} is no {self.State.__name__}; give {self.State.__name__}(…) or use change(…)."
            )
        state = replace(state, **self._each_checked({c.name: getattr(state, c.name) for c in self.controls}))
        self.consistent(state)
        return state

    def _each_checked(self, values):
        checks = {control.name: control.check for control in self.controls}
        return {name: checks.get(name, lambda value: value)(value) for name, value in values.items()}

    # what a subclass says

    def consistent(self, state):
        """Raise `ValueError` where fields contradict each other; nothing does unless a subclass says so."""

    def frame(self, state):
        return ()

    def build(self, figure, state):
        raise NotImplementedError

    def update(self, artists, state):
        raise NotImplementedError

    def sentence(self):
        raise NotImplementedError

    def numbers(self):
        raise NotImplementedError

    def alt(self):
        """The alternative text of the picture: the title and the sentence."""
        return f"{self.title}. {self.sentence()}"

    # the picture

    def compose(self, state):
        """A new figure for a state, and the artists in it that move."""
        from helpers.explorers.stage import moving
        from helpers.figures import house, new_figure

        figure = new_figure()
        with house():
            artists = self.build(figure, state)
        for place, artist in enumerate(moving(artists)):
            artist.set_zorder(ON_TOP + place / 1000)
        self.update(artists, state)
        return figure, artists

    def figure(self):
        """The picture of the state as a new Matplotlib figure; it depends on nothing else."""
        return self.compose(self._state)[0]

    def text(self):
        """The sentence and the numbers as plain text."""
        numbers = self.numbers()
        width = max(map(len, numbers), default=0)
        lines = [f"{label:<{width}}  {value}" for label, value in numbers.items()]
        sentence = fill(self.sentence().replace(" %", "\xa0%"), 88).replace("\xa0", " ")  # keep 8.9 % on one line
        return "\n".join([sentence, "", *lines])

    # display

    def widget(self):
        """The live explorer: controls, picture, sentence, numbers. One for each explorer."""
        if self._live is None:
            from helpers.explorers.live import Live

            self._live = Live(self)
        return self._live.box

    def _ipython_display_(self):
        """Live in JupyterLab; with HELPERS_PICTURES=1 in the environment, a picture and its text."""
        from IPython.display import display

        if os.environ.get("HELPERS_PICTURES") == "1":
            from helpers.figures.style import picture_bundle, png

            data, metadata = picture_bundle(png(self.figure()), self.alt())
            display(data, metadata=metadata, raw=True)
            display({"text/plain": self.text()}, raw=True)
            return
        view = self.widget()._repr_mimebundle_()
        display({**view, "text/plain": self.text()}, raw=True)

    def __repr__(self):
        values = ", ".join(f"{field.name}={getattr(self._state, field.name)!r}" for field in fields(self.State))
        return f"{type(self).__name__}({values})"
