"""A picture as a list of marks, in pixels of a page with y downwards.

The same marks become an SVG string in the browser, whose text can be selected and whose colours follow the
page's theme, and a Matplotlib figure for the PNG of a saved notebook.
"""

import struct
import zlib
from base64 import b64encode
from html import escape
from math import ceil, floor, log10

from helpers.words import SUPERSCRIPTS

WIDTH, HEIGHT = 700, 400
INK, FAINT, PALE, GRID, PAPER = "#333333", "#616161", "#c9ced4", "#e3e6ea", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#6b6b6b"
COLOURS = BLUE, ORANGE, GREEN, PURPLE, INK
THEME = {INK: "--jp-ui-font-color1", FAINT: "--jp-ui-font-color2", PALE: "--jp-border-color1",
         GRID: "--jp-border-color2", PAPER: "--jp-layout-color0", BLUE: "--page-blue",
         ORANGE: "--page-orange", GREEN: "--page-green", PURPLE: "--page-purple", GREY: "--page-grey"}
STYLE = ("<style>.page text{dominant-baseline:central;user-select:text;fill:var(--jp-ui-font-color1,#333333)}"
         ".page .halo{paint-order:stroke;stroke:var(--jp-layout-color0,#ffffff);stroke-width:4px}"
         "[data-jp-theme-light=false] .explorer{--page-blue:#5AB4F0;--page-orange:#FF9147;"
         "--page-error:#ff8a80;--page-green:#3CCBA0;--page-purple:#E08FD2;--page-grey:#b0b0b0}</style>")
SHAPES = {"s": [(-1, -1), (1, -1), (1, 1), (-1, 1)], "D": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
          "^": [(0, -1.2), (1.15, .9), (-1.15, .9)], "v": [(0, 1.2), (1.15, -.9), (-1.15, -.9)],
          ">": [(1.2, 0), (-.9, 1.15), (-.9, -1.15)],
          "X": [(-.5, -1), (0, -.5), (.5, -1), (1, -.5), (.5, 0), (1, .5), (.5, 1), (0, .5), (-.5, 1),
                (-1, .5), (-.5, 0), (-1, -.5)]}  # "o" is a circle


class Page:
    """Marks on a page; a later one covers an earlier one, and words with a halo lie over all other marks.

    fade: from 1 to 0, for a ghost; says: what hovering over the mark shows.
    """

    def __init__(self, width=WIDTH, height=HEIGHT):
        self.width, self.height, self.under, self.over = width, height, [], []

    @property
    def marks(self):
        """All marks in the order in which they are drawn: (kind, dict)."""
        return self.under + self.over

    def line(self, points, colour=INK, width=2, dash=(), fade=1, says="", within=None):
        """A line through points; dash: lengths drawn and left out in turn; within: (x, y, wide, high) that cuts it."""
        points = [(round(x, 1), round(y, 1)) for x, y in points]
        self.under.append(("line", dict(points=points, colour=colour, width=width, dash=dash, fade=fade, says=says,
                                        within=within)))

    def box(self, x, y, wide, high, fill, edge="none", fade=1, says="", hatched=False):
        """A rectangle from its upper left corner; hatched: crossed by thin lines of the paper's colour."""
        x, y, wide, high = round(x, 1), round(y, 1), round(max(wide, 0), 1), round(max(high, 0), 1)
        self.under.append(("box", dict(x=x, y=y, wide=wide, high=high, fill=fill, edge=edge, fade=fade, says=says)))
        if hatched:
            for start in range(-floor(high), floor(wide), 7):  # each stroke goes up to the right
                left, right = max(start, 0), min(start + high, wide)
                self.line([(x + left, y + high - left + start), (x + right, y + high - right + start)], PAPER, 1)

    def point(self, x, y, shape, colour, size=5.5, fade=1, says="", hollow=False):
        """A point of shape o, s, D, ^, v, > or X; size: half its width."""
        fill, edge = (PAPER, colour) if hollow else (colour, PAPER)
        self.under.append(("point", dict(x=round(x, 1), y=round(y, 1), shape=shape, size=size, fill=fill,
                                         edge=edge, width=3 if hollow else 1, fade=fade, says=says)))

    def words(self, x, y, text, size=13, colour=INK, anchor="start", bold=False, turn=0, halo=False, fade=1):
        """Words whose middle line is at y; anchor: start, middle or end; turn in degrees; halo: over all lines."""
        (self.over if halo else self.under).append(
            ("words", dict(x=round(x, 1), y=round(y, 1), text=text, size=size, colour=colour, anchor=anchor,
                           bold=bold, turn=turn, halo=halo, fade=fade)))

    def lines(self, x, y, step, *texts, size=13):
        """Several lines of words, each `step` pixels below the one before."""
        for row, text in enumerate(texts):
            self.words(x, y + step * row, text, size)

    def cells(self, x, y, wide, high, pixels, says=""):
        """An array of bytes (rows, columns, 3: red, green, blue) as a grid of coloured cells."""
        self.under.append(("cells", dict(x=x, y=y, wide=wide, high=high, pixels=pixels, says=says)))

    def svg(self, alt=""):
        """The page for the browser, with its alternative text."""
        drawn = "".join(SVG[kind](**mark) for kind, mark in self.marks)
        return (f'<svg class="page" viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(alt)}" '
                f'style="display:block;width:100%;background:{_paint(PAPER)};'
                f'font-family:var(--jp-ui-font-family,sans-serif)">{drawn}</svg>')

    def figure(self):
        """The page as a Matplotlib figure in the house style."""
        from helpers.figures.style import house, new_figure

        figure = new_figure(self.width / 100, self.height / 100)
        with house():
            axes = figure.add_axes([0, 0, 1, 1])
            axes.set(xlim=(0, self.width), ylim=(self.height, 0))
            axes.axis("off")
            for order, (kind, mark) in enumerate(self.marks):
                MATPLOTLIB[kind](axes, order, **mark)
        return figure


# drawn as SVG

def _paint(colour):
    return f"var({THEME[colour]},{colour})" if colour in THEME else colour


def _end(tag, fade, says):
    fade = f' opacity="{fade}"' if fade < 1 else ""
    return f"{fade}><title>{escape(says)}</title></{tag}>" if says else f"{fade}/>"


def _svg_line(points, colour, width, dash, fade, says, within):
    dashes = f' stroke-dasharray="{",".join(map(str, dash))}"' if dash else ""
    drawn = (f'<polyline points="{" ".join([f"{x},{y}" for x, y in points])}" fill="none" stroke="{_paint(colour)}" '
             f'stroke-width="{width}" stroke-linejoin="round"{dashes}{_end("polyline", fade, says)}')
    if not within:
        return drawn
    x, y, wide, high = within
    return f'<svg x="{x}" y="{y}" width="{wide}" height="{high}" viewBox="{x} {y} {wide} {high}">{drawn}</svg>'


def _svg_box(x, y, wide, high, fill, edge, fade, says):
    return (f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" fill="{_paint(fill)}" '
            f'stroke="{_paint(edge)}"{_end("rect", fade, says)}')


def _svg_point(x, y, shape, size, fill, edge, width, fade, says):
    look = f'fill="{_paint(fill)}" stroke="{_paint(edge)}" stroke-width="{width}"'
    if shape == "o":
        return f'<circle cx="{x}" cy="{y}" r="{size}" {look}{_end("circle", fade, says)}'
    path = "L".join(f"{x + size * across:.1f},{y + size * down:.1f}" for across, down in SHAPES[shape])
    return f'<path d="M{path}Z" {look}{_end("path", fade, says)}'


def _svg_words(x, y, text, size, colour, anchor, bold, turn, halo, fade):
    look = f' style="fill:{_paint(colour)}"' * (colour != INK) + ' class="halo"' * halo
    look += ' font-weight="600"' * bold + f' text-anchor="{anchor}"' * (anchor != "start")
    look += f' transform="rotate({-turn} {x} {y})"' * bool(turn) + f' opacity="{fade}"' * (fade < 1)
    return f'<text x="{x}" y="{y}" font-size="{size}"{look}>{escape(text)}</text>'


def _svg_cells(x, y, wide, high, pixels, says):
    return (f'<image x="{x}" y="{y}" width="{wide}" height="{high}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,'
            f'{b64encode(encode_png(pixels)).decode()}"{_end("image", 1, says)}')


def encode_png(pixels):
    """An array of bytes (rows, columns, 3) as PNG; quicker than an encoder that tries filters."""
    rows, columns, _ = pixels.shape
    data = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)),
              (b"IDAT", zlib.compress(data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks)


SVG = {"line": _svg_line, "box": _svg_box, "point": _svg_point, "words": _svg_words, "cells": _svg_cells}

# drawn by Matplotlib: a pixel is 0.72 points

def _plt_line(axes, order, points, colour, width, dash, fade, says, within):
    from matplotlib.patches import Rectangle

    drawn, = axes.plot(*zip(*points), color=colour, linewidth=0.72 * width, marker="", zorder=order, alpha=fade,
                       linestyle=(0, [length / width for length in dash]) if dash else "-", solid_joinstyle="round")
    if within:
        drawn.set_clip_path(Rectangle(within[:2], *within[2:], transform=axes.transData))


def _plt_box(axes, order, x, y, wide, high, fill, edge, fade, says):
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), wide, high, facecolor=fill, edgecolor=edge, linewidth=0.72, alpha=fade, zorder=order))


def _plt_point(axes, order, x, y, shape, size, fill, edge, width, fade, says):
    axes.plot([x], [y], marker=shape, color=fill, markersize=1.44 * size, markeredgecolor=edge,
              markeredgewidth=0.72 * width, alpha=fade, zorder=order)


def _plt_words(axes, order, x, y, text, size, colour, anchor, bold, turn, halo, fade):
    from matplotlib.patheffects import withStroke

    side = {"start": "left", "end": "right", "middle": "center"}[anchor]
    axes.text(x, y, text, fontsize=0.72 * size, color=colour, ha=side, va="center" if turn else "center_baseline",
              weight="bold" if bold else "normal", rotation=turn, rotation_mode="anchor", alpha=fade, zorder=order,
              path_effects=[withStroke(linewidth=3, foreground="white")] if halo else None, parse_math=False)


def _plt_cells(axes, order, x, y, wide, high, pixels, says):
    axes.imshow(pixels, extent=(x, x + wide, y + high, y), aspect="auto", interpolation="nearest", zorder=order)


MATPLOTLIB = {"line": _plt_line, "box": _plt_box, "point": _plt_point, "words": _plt_words, "cells": _plt_cells}


class Axes:
    """A rectangle of the page with two scales (low, high, "log" or "linear"): data in, pixels out.

    x_ticks, y_ticks: values to be written at the axes, () for none; without them about six are chosen.
    """

    def __init__(self, page, left, top, wide, high, x, y, x_label="", y_label="", x_ticks=None, y_ticks=None):
        self.page, self.left, self.top, self.wide, self.high = page, left, top, wide, high
        self.ends, low = [], top + high
        self.across, self.down = _scale(x, left, left + wide), _scale(y, low, top)
        for value in ticks(x) if x_ticks is None else x_ticks:
            at = self.across(value)
            page.line([(at, top), (at, low)], GRID, 1)
            page.words(at, low + 12, tick_text(value, x[1]), 12, FAINT, "middle")
        for value in ticks(y) if y_ticks is None else y_ticks:
            at = self.down(value)
            page.line([(left, at), (left + wide, at)], GRID, 1)
            page.words(left - 6, at, tick_text(value, y[1]), 12, FAINT, "end")
        page.line([(left, top), (left, low), (left + wide, low)], FAINT, 1)
        page.words(left + wide / 2, low + 32, x_label, anchor="middle")
        page.words(max(left - 60, 12), top + high / 2, y_label, anchor="middle", turn=90)

    def at(self, x, y):
        """Where a point of the data lies on the page."""
        return self.across(x), self.down(y)

    def curve(self, xs, ys, colour, dash=(), width=2.5, name="", fade=1, says=""):
        """A curve, cut where it leaves the axes; its name is written at its right end by `name_ends`."""
        points, low = [(self.across(x), self.down(y)) for x, y in zip(xs, ys)], self.top + self.high
        heights = [y for _, y in points]
        outside = min(heights) < self.top or max(heights) > low
        self.page.line(points, colour, width, dash, fade, says,
                       (self.left, self.top, self.wide, self.high) if outside else None)
        if name:
            self.ends.append((min(max(heights[-1], self.top), low), name, colour))

    def point(self, x, y, shape, colour, size=5.5, fade=1, says="", hollow=False):
        """A point, if it lies within the axes."""
        across, down = self.at(x, y)
        if 0 <= round(across - self.left, 3) <= self.wide and 0 <= round(down - self.top, 3) <= self.high:
            self.page.point(across, down, shape, colour, size, fade, says, hollow)

    def upright(self, x, text="", row=0, dash=(), fade=1, colour=FAINT):
        """A vertical line with its words at the top, on the side that has room; row: how many lines lower."""
        at = self.across(x)
        right = at > self.left + self.wide / 2
        self.page.line([(at, self.top), (at, self.top + self.high)], colour, 1, dash, fade)
        if text:
            self.page.words(at + (-6 if right else 6), self.top + 9 + 18 * row, text, 13, colour,
                            "end" if right else "start", halo=True, fade=fade)

    def name_ends(self, gap=17, size=13):
        """The names of the curves beside their right ends, moved apart; returns the heights where they stand."""
        right = self.left + self.wide
        rows = spread([y for y, *_ in self.ends], gap, self.top + 4, self.top + self.high - 4)
        for row, (y, name, colour) in zip(rows, self.ends):
            self.page.line([(right, y), (right + 13, row)], colour, 1)
            self.page.words(right + 17, row, name, size, colour)
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


def tick_text(value, end=0):
    """A tick's label; powers of ten on an axis that ends above 100,000.

    >>> tick_text(1_000), tick_text(1_000, 10**7), tick_text(2 * 10**6, 10**7), tick_text(0.5)
    ('1,000', '10³', '2·10⁶', '0.5')
    """
    if end > 100_000 and value >= 100:
        digits, power = f"{value:.6e}".split("e")
        digits = f"{float(digits):g}·" if float(digits) != 1 else ""
        return f"{digits}10{str(int(power)).translate(SUPERSCRIPTS)}"
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def spread(positions, gap, low, high):
    """Positions moved apart until neighbours are `gap` from each other, in their order, between low and high.

    >>> spread([10, 12, 50], 10, 0, 100)
    [10, 20, 50]
    """
    order = sorted(range(len(positions)), key=positions.__getitem__)
    moved, at, end = list(positions), low, high
    for i in order:
        moved[i] = at = max(positions[i], at)
        at += gap
    for i in reversed(order):
        moved[i] = min(moved[i], end)
        end = moved[i] - gap
    return moved
