"""The live explorer: widgets wired to an explorer's state. Nothing here draws."""

from html import escape

from ipywidgets import HTML, Button, Dropdown, Image, Layout, VBox
from traitlets import Unicode

from helpers.explorers.controls import NARROW, WIDE, in_columns, row
from helpers.explorers.stage import Stage

OWN = "your own values"
FEW = 5  # so many controls stand below each other; more, in two columns, so that the picture stays in sight


class Picture(Image):
    """An image with a name for those who hear the page: its `tooltip`, which JupyterLab shows only beside a description."""

    description = Unicode().tag(sync=True)


class Live:
    """The widgets of one explorer.

    The controls always show the explorer's state. A move sends the browser the picture first, then the
    text, then what other controls show. JupyterLab holds moves back while the kernel is busy with one and
    then sends only the last, so moves never pile up.
    """

    def __init__(self, explorer):
        self._explorer = explorer
        self._stage = Stage(explorer)
        self._quiet = False
        self._controls = [(control, control.make(getattr(explorer.state, control.name))) for control in explorer.controls]
        for control, widget in self._controls:
            for part in control.observed(widget):
                part.observe(self._moved, names="value")
        self._preset = Dropdown(options=[OWN, *explorer.presets], layout=Layout(width="330px", max_width="100%"))
        self._preset.observe(self._chosen, names="value")
        reset = Button(description="reset", tooltip="back to the start", layout=Layout(width="80px"))
        reset.on_click(lambda _: self._safely(explorer.reset))
        # Without a fixed width a VBox stretches the picture. Its name stays the same: the sentence is what changes.
        self.image = Picture(format="png", tooltip=f"{explorer.title}. The sentence under the controls says what is seen.",
                             layout=Layout(height="auto", **WIDE))
        self.text = HTML(layout=Layout(**WIDE))
        self.message = HTML(layout=Layout(**WIDE))
        first = row("preset", self._preset, reset) if explorer.presets else row("", reset)
        rows = [widget for _, widget in self._controls]
        if len(rows) > FEW:
            rows = [in_columns(explorer.controls, rows)]
            first.children[0].layout.width = NARROW
        # The picture first: on a small screen the hand on a slider must see it.
        self.box = VBox([self.image, self.message, first, *rows, self.text], layout=Layout(max_width="100%"))
        self.show()

    def show(self):
        """Bring the controls, the picture and the text to the explorer's state."""
        explorer = self._explorer
        state = explorer.state
        try:
            picture, text = self._stage.png(state), text_html(explorer)
            self.image.value, self.text.value = picture, text
            self.say("")
        except Exception as error:  # a reader sees what to do, never a traceback
            self.say(f"This state could not be drawn ({type(error).__name__}: {error}). "
                     "The picture is the last good one; move a control or press reset.")
        finally:
            self._set_controls(state)  # behind the picture, which the hand waits for

    def _set_controls(self, state):
        self._quiet = True
        try:
            for control, widget in self._controls:
                control.write(widget, getattr(state, control.name))
            self._preset.value = self._explorer.preset_name() or OWN
        finally:
            self._quiet = False

    def _moved(self, _change):
        if not self._quiet:
            self._safely(lambda: self._explorer.change(
                **{control.name: control.read(widget) for control, widget in self._controls}))

    def _chosen(self, change):
        if not self._quiet and change["new"] != OWN:
            self._safely(lambda: self._explorer.load(change["new"]))

    def _safely(self, act):
        try:
            act()
        except Exception as error:
            self._set_controls(self._explorer.state)
            self.say(str(error) if isinstance(error, ValueError) else f"That was not possible ({type(error).__name__}: {error}).")

    def say(self, text):
        """Show a message above the controls until the next picture; "" takes it away."""
        value = f'<div role="alert" style="color:#a33b00"><b>{escape(text)}</b></div>' if text else ""
        if self.message.value != value:
            self.message.value = value


def text_html(explorer):
    """The sentence and the numbers as HTML."""
    pairs = "".join(
        f'<div style="display:flex;justify-content:space-between;gap:8px"><span style="overflow-wrap:anywhere">{escape(label)}</span>'
        f'<b style="font-variant-numeric:tabular-nums;text-align:right;flex:0 0 auto;max-width:70%">{escape(value)}</b></div>'
        for label, value in explorer.numbers().items()
    )
    return (
        f'<p role="status" style="margin:2px 0 6px;line-height:1.4;font-size:14px">{escape(explorer.sentence())}</p>'
        '<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));'
        f'gap:0 24px;line-height:1.45">{pairs}</div>'
    )
