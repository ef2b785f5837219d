"""A picture as a list of marks, in pixels of a page with y downwards.

The same marks become an SVG string in the browser, whose words can be selected and whose colours
follow the page's theme, and a Matplotlib figure for the PNG of a saved notebook.
"""

from base64 import b64encode
from functools import lru_cache
from html import escape
from io import BytesIO
from math import ceil, cos, floor, log10, pi, sin

from helpers.words import spread, tick_text

WIDTH, HEIGHT = 700, 400
INK, FAINT, PALE, GRID, PAPER = "#333333", "#616161", "#c9ced4", "#e3e6ea", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#C25500", "#00805E", "#AA4499", "#6b6b6b"
THEME = {INK: "jp-ui-font-color1", FAINT: "jp-ui-font-color2", PALE: "jp-border-color1",
         GRID: "jp-border-color2", PAPER: "jp-layout-color0", BLUE: "page-blue", GREY: "page-grey",
         ORANGE: "page-orange", GREEN: "page-green", PURPLE: "page-purple"}
PAINT = {"": "none"} | {colour: f"var(--{name},{colour})" for colour, name in THEME.items()}
STYLE = f"""<style>
.page text {{dominant-baseline:central;user-select:text;fill:{PAINT[INK]}}}
.page path {{stroke-linejoin:round}}
.page .halo {{paint-order:stroke;stroke:{PAINT[PAPER]};stroke-width:4px}}
[data-jp-theme-light=false] .explorer {{--page-blue:#5AB4F0;--page-orange:#FF9147;
  --page-green:#3CCBA0;--page-purple:#E08FD2;--page-grey:#b0b0b0;--page-error:#ff8a80}}
</style>"""
SHAPES = {  # of a point, as corners
    "o": [(cos(k * pi / 12), sin(k * pi / 12)) for k in range(24)],
    "s": [(-1, -1), (1, -1), (1, 1), (-1, 1)], "D": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    "^": [(0, -1.2), (1.15, .9), (-1.15, .9)], "v": [(0, 1.2), (1.15, -.9), (-1.15, -.9)],
    ">": [(1.2, 0), (-.9, 1.15), (-.9, -1.15)],
    "X": [(-.5, -1), (0, -.5), (.5, -1), (1, -.5), (.5, 0), (1, .5), (.5, 1), (0, .5), (-.5, 1),
          (-1, .5), (-.5, 0), (-1, -.5)]}


class Page:
    """Marks on a page; a later one covers an earlier one, words with a halo lie over all others.

    fade: from 1 to 0, for a ghost; says: what hovering over the mark shows.
    """

    def __init__(self, width=WIDTH, height=HEIGHT):
        self.width, self.height, self._drawn = width, height, []

    @property
    def marks(self):
        """All marks in the order in which they are drawn: (kind, dict of what was given)."""
        return sorted(self._drawn, key=lambda mark: mark[1].get("halo", False))

    def path(self, pieces, colour="", width=1, fill="", dash=(), fade=1, says="", within=None):
        """Lines through the points of each piece, and what they enclose filled."""
        self._drawn.append(("path", dict(pieces=pieces, colour=colour, width=width, fill=fill,
                                         dash=dash, fade=fade, says=says, within=within)))

    def line(self, points, colour=INK, width=2, dash=(), fade=1, says="", within=None):
        """A line; dash: lengths drawn and left out in turn; within: (x, y, wide, high) cuts it."""
        self.path([points], colour, width, "", dash, fade, says, within)

    def box(self, x, y, wide, high, fill, edge="", fade=1, says="", hatched=False):
        """A rectangle from its upper left corner; hatched: by lines of paper's colour."""
        right, low = x + max(wide, 0), y + max(high, 0)
        self.path([[(x, y), (right, y), (right, low), (x, low), (x, y)]], edge, 1, fill, (), fade,
                  says)
        if hatched:  # each line goes up to the right
            starts = range(-floor(low - y), floor(right - x), 7)
            ends = [(max(k, 0), min(k + low - y, right - x)) for k in starts]
            self.path([[(x + a, low - a + k), (x + b, low - b + k)]
                       for k, (a, b) in zip(starts, ends)], PAPER)

    def point(self, x, y, shape, colour, size=5.5, fade=1, says="", hollow=False):
        """A point of one of `SHAPES`; size: half its width."""
        corners = SHAPES[shape]
        fill, edge, width = (PAPER, colour, 3) if hollow else (colour, PAPER, 1)
        self.path([[(x + size * right, y + size * down) for right, down in (*corners, corners[0])]],
                  edge, width, fill, (), fade, says)

    def words(self, x, y, text, size=13, colour=INK, anchor="start", bold=False, turn=0,
              halo=False, fade=1):
        """Words whose middle line is at y; anchor: start, middle or end; turn: degrees."""
        self._drawn.append(("words", dict(x=x, y=y, text=text, size=size, colour=colour,
                                          anchor=anchor, bold=bold, turn=turn, halo=halo,
                                          fade=fade)))

    def lines(self, x, y, step, *texts, size=13):
        """Several lines of words, each `step` pixels below the one before."""
        for row, text in enumerate(texts):
            self.words(x, y + step * row, text, size)

    def cells(self, x, y, wide, high, cells, colours):
        """A grid of cells, an array of bytes, (rows, columns): places in colours, (k, 3) bytes."""
        self._drawn.append(("cells", dict(x=x, y=y, wide=wide, high=high, cells=cells,
                                          colours=colours)))

    def svg(self, alt=""):
        """The page for the browser, with its alternative text."""
        drawn = "".join([SVG[kind](**mark) for kind, mark in self.marks])
        return (f'<svg class="page" viewBox="0 0 {self.width} {self.height}" role="img" '
                f'aria-label="{escape(alt)}" style="display:block;width:100%;background:'
                f'{PAINT[PAPER]};font-family:var(--jp-ui-font-family,sans-serif)">{drawn}</svg>')

    def figure(self):
        """The page as a Matplotlib figure in the house style; a pixel is 0.72 points."""
        from helpers.figures.style import house, new_figure

        figure = new_figure(self.width / 100, self.height / 100)
        with house():
            axes = figure.add_axes([0, 0, 1, 1])
            axes.set(xlim=(0, self.width), ylim=(self.height, 0))
            axes.axis("off")
            for order, (kind, mark) in enumerate(self.marks):
                MATPLOTLIB[kind](axes, order, **mark)
        return figure


def _tag(name, inside="", says="", fade=1, **attributes):
    """An SVG element; an attribute that is None, False or "" is left out."""
    attributes["opacity"] = fade < 1 and fade
    written = " ".join([f'{key.replace("_", "-")}="{value}"' for key, value in attributes.items()
                        if value not in (None, False, "")])
    says = f"<title>{escape(says)}</title>" if says else ""
    return f"<{name} {written}>{inside}{says}</{name}>"


def _svg_path(pieces, colour, width, fill, dash, within, **more):
    drawn = "".join([f"M{' '.join([f'{x:.4g},{y:.4g}' for x, y in piece])}" for piece in pieces])
    path = _tag("path", d=drawn, fill=PAINT.get(fill, fill), stroke=PAINT.get(colour, colour),
                stroke_width=colour and width, stroke_dasharray=",".join(map(str, dash)), **more)
    if not within:
        return path
    x, y, wide, high = within
    return _tag("svg", path, x=x, y=y, width=wide, height=high, viewBox=f"{x} {y} {wide} {high}")


def _svg_words(x, y, text, size, colour, anchor, bold, turn, halo, fade):
    look = {"style": colour != INK and f"fill:{PAINT.get(colour, colour)}",
            "class": halo and "halo", "text_anchor": anchor != "start" and anchor,
            "font_weight": bold and 600, "transform": turn and f"rotate({-turn} {x:.4g} {y:.4g})"}
    return _tag("text", escape(text), fade=fade, x=f"{x:.4g}", y=f"{y:.4g}", font_size=size, **look)


def _svg_cells(x, y, wide, high, cells, colours):
    data = _png_text(cells.tobytes(), cells.shape, colours.tobytes())
    return _tag("image", x=x, y=y, width=wide, height=high, preserveAspectRatio="none",
                style="image-rendering:pixelated", href=f"data:image/png;base64,{data}")


@lru_cache(maxsize=16)
def _png_text(cells, shape, colours):
    """Cells as PNG in base64, packed quickly."""
    from PIL import Image

    picture, file = Image.frombytes("P", shape[::-1], cells), BytesIO()
    picture.putpalette(colours)
    picture.save(file, "PNG", compress_level=1)
    return b64encode(file.getvalue()).decode()


def _plt_path(axes, order, pieces, colour, width, fill, dash, fade, says, within):
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    drawn = axes.add_patch(PathPatch(
        Path.make_compound_path(*map(Path, pieces)), facecolor=fill or "none", zorder=order,
        edgecolor=colour or "none", linewidth=0.72 * width, alpha=fade, joinstyle="round",
        linestyle=(0, [length / width for length in dash]) if dash else "-"))
    if within:
        drawn.set_clip_path(Rectangle(within[:2], *within[2:], transform=axes.transData))


def _plt_words(axes, order, x, y, text, size, colour, anchor, bold, turn, halo, fade):
    from matplotlib.patheffects import withStroke

    axes.text(x, y, text, fontsize=0.72 * size, color=colour, rotation=turn, rotation_mode="anchor",
              ha={"start": "left", "end": "right", "middle": "center"}[anchor],
              va="center" if turn else "center_baseline", weight="bold" if bold else "normal",
              path_effects=[withStroke(linewidth=3, foreground="white")] if halo else None,
              alpha=fade, zorder=order, parse_math=False)


def _plt_cells(axes, order, x, y, wide, high, cells, colours):
    axes.imshow(colours[cells], extent=(x, x + wide, y + high, y), aspect="auto",
                interpolation="nearest", zorder=order)


SVG = {"path": _svg_path, "words": _svg_words, "cells": _svg_cells}
MATPLOTLIB = {"path": _plt_path, "words": _plt_words, "cells": _plt_cells}


class Axes:
    """A rectangle of the page with two scales (low, high, "log" or "linear"): data in, pixels out.

    x_ticks, y_ticks: values written at the axes, () for none; without them about six are chosen.
    """

    def __init__(self, page, left, top, wide, high, x, y, x_label="", y_label="", x_ticks=None,
                 y_ticks=None):
        self.page, self.ends = page, []
        self.left, self.top, self.right, self.low = left, top, left + wide, top + high
        self.across, self.down = _scale(x, left, self.right), _scale(y, self.low, top)
        grid = []
        for value in ticks(x) if x_ticks is None else x_ticks:
            at = self.across(value)
            grid.append([(at, top), (at, self.low)])
            page.words(at, self.low + 12, tick_text(value, x[1]), 12, FAINT, "middle")
        for value in ticks(y) if y_ticks is None else y_ticks:
            at = self.down(value)
            grid.append([(left, at), (self.right, at)])
            page.words(left - 6, at, tick_text(value, y[1]), 12, FAINT, "end")
        page.path(grid, GRID)
        page.line([(left, top), (left, self.low), (self.right, self.low)], FAINT, 1)
        page.words(left + wide / 2, self.low + 32, x_label, anchor="middle")
        page.words(max(left - 60, 12), top + high / 2, y_label, anchor="middle", turn=90)

    def at(self, x, y):
        """Where a point of the data lies on the page."""
        return self.across(x), self.down(y)

    def curve(self, xs, ys, colour, dash=(), width=2.5, name="", fade=1, says=""):
        """A curve, cut where it leaves the axes; `name_ends` writes its name at its right end."""
        points = [(self.across(x), self.down(y)) for x, y in zip(xs, ys)]
        heights = [y for _, y in points]
        outside = min(heights) < self.top or max(heights) > self.low
        within = (self.left, self.top, self.right - self.left, self.low - self.top)
        self.page.line(points, colour, width, dash, fade, says, within if outside else None)
        if name:
            self.ends.append((min(max(heights[-1], self.top), self.low), name, colour))

    def point(self, x, y, shape, colour, size=5.5, fade=1, says="", hollow=False):
        """A point, if it lies within the axes."""
        across, down = self.at(x, y)
        if self.left <= round(across, 3) <= self.right and self.top <= round(down, 3) <= self.low:
            self.page.point(across, down, shape, colour, size, fade, says, hollow)

    def upright(self, x, text="", row=0, dash=(), fade=1, colour=FAINT):
        """A vertical line; its words at the top, on the side that has room, `row` lines lower."""
        at = self.across(x)
        right = at > (self.left + self.right) / 2
        self.page.line([(at, self.top), (at, self.low)], colour, 1, dash, fade)
        if text:
            self.page.words(at + (-6 if right else 6), self.top + 9 + 18 * row, text, 13, colour,
                            "end" if right else "start", halo=True, fade=fade)

    def name_ends(self, gap=17, size=13):
        """The curves' names at their right ends, moved apart; returns their heights."""
        rows = spread([y for y, *_ in self.ends], gap, self.top + 4, self.low - 4)
        for row, (y, name, colour) in zip(rows, self.ends):
            self.page.line([(self.right, y), (self.right + 13, row)], colour, 1)
            self.page.words(self.right + 17, row, name, size, colour)
        return rows


def _scale(scale, start, end):
    """The function from a value on a scale to its place between two pixels."""
    low, high, kind = scale
    if kind == "log":
        pixels, base = (end - start) / log10(high / low), log10(low)
        return lambda value: start + pixels * (log10(value) - base)
    pixels = (end - start) / (high - low)
    return lambda value: start + pixels * (value - low)


def ticks(scale):
    """About six values for an axis: powers of ten, or steps of 1, 2 or 5.

    >>> ticks((0, 50, "linear")), ticks((10, 10**4, "log"))
    ([0, 10, 20, 30, 40, 50], [10, 100, 1000, 10000])
    """
    low, high, kind = scale
    if kind == "log":
        decades = range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)
        return [10**k for k in decades][:: ceil(len(decades) / 8) or 1]
    step = next(m * 10**k for k in range(-6, 40) for m in (1, 2, 5) if high - low <= 6 * m * 10**k)
    return [step * k for k in range(ceil(low / step), floor(high / step + 1e-9) + 1)]
