"""Charts: labelled axes in the house style, on which a lesson's own cell plots."""

from math import log10

from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from helpers.figures.style import COLOURS, INK, house, new_figure
from helpers.sizes import check_choice
from helpers.words import SUPERSCRIPTS

TOKENS, WIDTH = "sequence length n (tokens)", "model width d (elements)"
IN_FULL = 10**5  # an axis that ends above it has powers of ten
HALO = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}  # behind words
HATCHES = ("", "///", "...", "\\\\\\", "xxx")


def chart(x_label, y_label, *, x="linear", y="linear", title="", panels=(), columns=2, height=4):
    """Labelled axes in the house style, 7 inches wide; with names of `panels` a list of axes.

    x, y: "linear" or "log". Panels stand in rows of `columns` and share their axes; where x_label
    is a list, one label for each, they share y alone. Plot, then `show(axes.figure, "what it is")`.

    >>> axes = chart("n (tokens)", "FLOPs", x="log", y="log", title="Twice n, four times the FLOPs")
    >>> axes.get_xscale(), axes.get_xlabel()
    ('log', 'n (tokens)')
    """
    check_choice(x, "x", ("linear", "log"))
    check_choice(y, "y", ("linear", "log"))
    names, figure = list(panels) or [""], new_figure(height=height)
    columns = min(columns, len(names))
    rows, lines = -(-len(names) // columns), max(name.count("\n") + bool(name) for name in names)
    one_label = isinstance(x_label, str)
    wide, above = (5.8 + 0.2) / columns - 0.2, 0.08 + 0.19 * lines
    tall = (height - 0.8 - 0.15 * rows) / rows - above
    found = []
    with house():
        figure.text(0.02, 1 - 0.1 / height, title, fontsize=12, weight="bold", va="top")
        for place, name in enumerate(names):
            row, column = divmod(place, columns)
            left, low = 0.9 + column * (wide + 0.2), 0.56 + (rows - 1 - row) * (tall + above + 0.15)
            first = found[0] if found else None
            axes = figure.add_axes([left / 7, low / height, wide / 7, tall / height], sharey=first,
                                   sharex=first if one_label else None)
            growth_axes(axes, x, y)
            axes.set_title(name, fontsize=10.5 if columns < 3 else 9.5, weight="normal", pad=4)
            axes.tick_params(labelleft=column == 0, labelbottom=row == rows - 1 or not one_label)
            axes.set_xlabel(x_label[place] if not one_label else "" if panels else x_label)
            axes.set_ylabel(y_label if column == 0 else "")
            found.append(axes)
        if one_label and panels:
            figure.text((0.9 + 5.8 / 2) / 7, 0.06 / height, x_label, ha="center", fontsize=11)
    return found if panels else found[0]


def name_ends(axes, size=10):
    """Write each labelled line's name beside its right end; the axes make room for it."""
    figure, lines = axes.figure, [line for line in axes.lines if line.get_label()[0] != "_"]
    words = [figure.text(0, 0, line.get_label(), fontsize=size, color=line.get_color(), va="center")
             for line in lines]
    boxes = [text.get_window_extent(figure.canvas.get_renderer()) for text in words]
    axes.margins(x=0)
    axes.get_xlim(), axes.get_ylim()    # now the limits are those of the lines
    make_room(axes, right=0.02 + max(box.width for box in boxes) / figure.bbox.width)
    place = axes.get_position()
    to_figure = axes.transData + figure.transFigure.inverted()
    ends = [to_figure.transform((line.get_xdata()[-1], line.get_ydata()[-1]))[1] for line in lines]
    gap = max(box.height for box in boxes) / figure.bbox.height + 0.008
    for text, end, height, line in zip(words, ends, spread(ends, gap, place.y0, place.y1), lines):
        line.set_clip_on(False)
        text.set_position((place.x1 + 0.02, height))
        axes.annotate("", (place.x1, end), (place.x1 + 0.018, height), "figure fraction",
                      annotation_clip=False, arrowprops={
                          "arrowstyle": "-", "color": line.get_color(), "linewidth": 0.8,
                          "shrinkA": 0, "shrinkB": 0})


def spread(heights, gap, low=None, high=None):
    """Heights moved apart to at least `gap`, in their order, between low and high if they fit.

    >>> spread([1.0, 1.1, 5.0], gap=1.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    up, down = [heights[i] for i in order], [heights[i] for i in order]
    for k in range(1, len(order)):
        up[k] = max(up[k], up[k - 1] + gap)
        down[-1 - k] = min(down[-1 - k], down[-k] - gap)
    placed = [(a + b) / 2 for a, b in zip(up, down)]
    for k in reversed(range(len(order))) if high is not None else ():
        placed[k] = min(placed[k], high - gap * (len(order) - 1 - k))
    for k in range(len(order)) if low is not None else ():
        placed[k] = max(placed[k], low + gap * k)
    return [round(placed[order.index(i)], 9) for i in range(len(heights))]


def slope_triangle(axes, x, y, power, run=10):
    """On log axes, from (x, y), what a slope is: `run` times to the right, run**power times up."""
    up = y * run**power
    axes.plot([x, x * run, x * run, x], [y, y, up, y], color=INK, linewidth=1, linestyle="-")
    axes.annotate(f"× {run:,}", (x * run**0.5, y), (0, -3), textcoords="offset points",
                  ha="center", va="top", fontsize=9)
    axes.annotate(f"× {run**power:,}", (x * run, y * run ** (power / 2)), (4, 0),
                  textcoords="offset points", va="center", fontsize=9)


def mark_place(axes, x, text, left=False):
    """A dashed vertical line at x that says `text` at its top, on its right side or its left."""
    axes.axvline(x, color=INK, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate(text, (x, 0.98), (-5 if left else 5, 0), ("data", "axes fraction"),
                  "offset points", color=INK, va="top", ha="right" if left else "left", fontsize=10)


def name_points(axes, points, size=9):
    """A dot for each of the points, dict name -> (x, y), and its name below, where room is."""
    axes.get_xlim(), axes.get_ylim()
    to_axes = axes.transData + axes.transAxes.inverted()
    for name, point in points.items():
        left = to_axes.transform(point)[0] > 0.86
        axes.plot(*point, "o", color="black", markersize=5, markeredgecolor="white",
                  markeredgewidth=0.8, zorder=5)
        axes.annotate(name, point, (-4 if left else 4, -3), textcoords="offset points", va="top",
                      ha="right" if left else "left", fontsize=size, color=INK, zorder=4, bbox=HALO)


def name_rows(axes, names):
    """Names for the rows 0, 1, 2 … of the axes, the first on top; the axes make room for them."""
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    renderer = axes.figure.canvas.get_renderer()
    widest = max(text.get_window_extent(renderer).width for text in axes.get_yticklabels())
    make_room(axes, left=widest / axes.figure.bbox.width - 0.09)


def stacked_bars(axes, rows, inside=None, total=None):
    """A horizontal bar for each row, stacked from parts told apart by colour and hatch, with a key.

    rows: dict name -> dict part -> value, at most five parts. inside, total: functions from a value
    to the words that stand in a piece, where they fit, and behind the whole bar.
    """
    parts = list(dict.fromkeys(part for values in rows.values() for part in values))
    if not 1 <= len(parts) <= len(COLOURS):
        raise ValueError(f"rows: {len(parts)} parts; one to {len(COLOURS)} can be told apart: "
                         "put the smallest together")
    ends, most = [0] * len(rows), max(sum(values.values()) for values in rows.values())
    for part, colour, hatch in zip(parts, (*COLOURS[:4], "#8a8a8a"), HATCHES):
        sizes = [values.get(part, 0) for values in rows.values()]
        bars = axes.barh(range(len(rows)), sizes, left=ends, color=colour, hatch=hatch, height=0.72,
                         edgecolor="white", alpha=0.8, linewidth=0.8, label=part)
        if inside:
            words = [inside(size) if size > 0.07 * most else "" for size in sizes]
            axes.bar_label(bars, words, label_type="center", fontsize=9, bbox=HALO)
        ends = [end + size for end, size in zip(ends, sizes)]
    if total:
        for row, end in enumerate(ends):
            axes.annotate(total(end), (end, row), (3, 0), textcoords="offset points", va="center",
                          fontsize=9, bbox=HALO)
    axes.set_xlim(0, most * (1.12 if total else 1))
    name_rows(axes, list(rows))
    line_key(axes)


def line_key(axes, columns=5):
    """The names of what is drawn in the axes, in rows below the title; all axes make room."""
    figure, (handles, names) = axes.figure, axes.get_legend_handles_labels()
    height, top = figure.get_figheight(), 0.24 * -(-len(names) // columns)
    keep = 1 - top / (height - 0.9)
    for each in figure.axes:
        x, y, wide, high = each.get_position().bounds
        each.set_position([x, 0.56 / height + (y - 0.56 / height) * keep, wide, high * keep])
    figure.legend(handles, names, loc="upper left", ncols=columns, fontsize=9, borderaxespad=0,
                  handlelength=2.2, columnspacing=1.2, bbox_to_anchor=(0.012, 1 - 0.36 / height))


def make_room(axes, left=0, right=0):
    """Move the sides of the axes inward, by parts of the figure."""
    x, y, wide, high = axes.get_position().bounds
    axes.set_position([x + left, y, wide - left - right, high])


def growth_axes(axes, x="log", y="log"):
    """Give the axes log scales with readable ticks (at most about eight a side)."""
    for axis, scale in ((axes.xaxis, x), (axes.yaxis, y)):
        if scale == "log":
            axis._set_axes_scale("log")
            axis.set_major_locator(LogLocator(10, numticks=9))
            axis.set_minor_locator(NullLocator())
        else:
            axis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10)))
        axis.set_major_formatter(Ticks())
        axis.set_minor_formatter(NullFormatter())


class Ticks(Formatter):
    """Labels of one kind along an axis: 1, 10, 100 …, or 1, 10, 10² … if it ends above 100,000."""

    def format_ticks(self, values):
        low, high = sorted(self.axis.get_view_interval())
        shown = [value for value in values if low * 0.999 <= value <= high * 1.001]
        above = 30 if max(shown, default=0) > IN_FULL * 1.001 else float("inf")
        return [tick_text(value, above=above) for value in values]

    def __call__(self, value, position=None):
        return tick_text(value)


def tick_text(value, _position=None, above=30_000):
    """A tick's label: 100, 1,000, 10,000, then 10⁵, above a value; and 2.5 stays 2.5.

    >>> [tick_text(10.0**k) for k in (0, 3, 5)]
    ['1', '1,000', '10⁵']
    """
    if value <= 0:
        return "0" if value == 0 else f"{value:g}"
    exponent = log10(value)
    if value > above:
        whole = round(exponent)
        if abs(exponent - whole) < 1e-9:
            return "10" + str(whole).translate(SUPERSCRIPTS)
        power = int(exponent)
        return f"{value / 10**power:g}·10" + str(power).translate(SUPERSCRIPTS)
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"
