"""The house style: one file of settings, one way to end a figure cell."""

import base64
import io
import os
import sys
from html import escape
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

SETTINGS = matplotlib.rc_params_from_file(
    Path(__file__).with_name("matplotlibrc"), use_default_template=False)
matplotlib.rcParams.update(SETTINGS)    # for what a cell draws itself
COLOURS = tuple(SETTINGS["axes.prop_cycle"].by_key()["color"])
INK = "#333333"


def house():
    """Context in which Matplotlib draws as the house style says, whatever a cell has set."""
    return matplotlib.rc_context(SETTINGS)


def new_figure(width=7, height=4):
    """An empty figure in the house style, its sides in inches, outside `pyplot`."""
    with house():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        return figure


def png(figure, dpi=100):
    """The figure as PNG bytes: the same from run to run, with no date and no software name.

    A palette of 256 colours keeps saved notebooks small: a third of the bytes, and no difference
    that an eye finds in a drawing of few colours.
    """
    raw, small = io.BytesIO(), io.BytesIO()
    with house():
        figure.savefig(raw, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})
    picture = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def show(figure, alt=None):
    """End a figure cell: display one sharp PNG with its alternative text and close the figure.

    `alt` says in words what the picture shows, for those who do not see it; a drawing of this
    package brings its own. ValueError if it has less than 30 characters, TypeError for anything
    but a figure.
    """
    alt = getattr(figure, "alt", None) if alt is None else alt
    if not isinstance(alt, str) or len(alt.strip()) < 30:
        raise ValueError(f"alt: {alt!r} is too short for someone who does not see the picture; "
                         "say in at least 30 characters what it shows (axes, range, finding)")
    if not isinstance(figure, Figure):
        raise TypeError(f"figure: a {type(figure).__name__}; show() takes the Matplotlib Figure, "
                        "as in show(axes.figure, 'what the picture shows')")
    from IPython.display import display

    width = round(100 * figure.get_figwidth())
    bundle, metadata = picture_bundle(png(figure, dpi=200), alt, width)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    display(bundle, metadata=metadata, raw=True)


def picture_bundle(data, alt, width):
    """A PNG as a Jupyter output; live in HTML, for JupyterLab shows a PNG without its `alt`."""
    encoded = base64.b64encode(data).decode("ascii")
    if os.environ.get("HELPERS_PICTURES") != "1":
        image = f'<img width="{width}" alt="{escape(alt)}" src="data:image/png;base64,{encoded}">'
        return {"text/html": image, "text/plain": alt}, {}
    return {"image/png": encoded, "text/plain": alt}, {"image/png": {"alt": alt, "width": width}}
