"""Charts: labelled axes in the house style, on which a lesson's own cell plots."""

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from helpers.figures.style import COLOURS, INK, house, new_figure
from helpers.sizes import check_choice
from helpers.words import spread, tick_text

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
    columns, together = min(columns, len(names)), isinstance(x_label, str)
    with house():
        figure.text(0.02, 1 - 0.1 / height, title, fontsize=12, weight="bold", va="top")
        figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.36 / height), w_pad=0.08)
        grid = [*figure.subplots(-(-len(names) // columns), columns, sharex=together, sharey=True,
                                 squeeze=False).flat]
        for axes, name, label in zip(grid, names, [x_label] * len(names) if together else x_label):
            growth_axes(axes, x, y)
            axes.set_title(name, fontsize=10.5 if columns < 3 else 9.5, weight="normal", pad=4)
            axes.set_xlabel("" if panels and together else label)
        if not panels:
            axes.set_ylabel(y_label)
            return axes
        figure.supxlabel(x_label if together else "", fontsize=11)
        figure.supylabel(y_label, fontsize=11)
    return grid


def growth_axes(axes, x="log", y="log"):
    """Scales with readable ticks, about eight a side at most: 1,000, or 10³ on a long axis."""
    axes.set(xscale=x, yscale=y)
    for axis, scale in ((axes.xaxis, x), (axes.yaxis, y)):
        axis.set_major_locator(LogLocator(10, numticks=9) if scale == "log"
                               else MaxNLocator("auto", steps=(1, 2, 5, 10)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(
            lambda value, _, axis=axis: tick_text(value, max(axis.get_view_interval()))))


def name_ends(axes, size=10):
    """Write each labelled line's name beside its right end."""
    axes.margins(x=0)
    lines = [line for line in axes.lines if line.get_label()[0] != "_"]
    ends = [(line.get_xdata()[-1], line.get_ydata()[-1]) for line in lines]
    names = [axes.annotate(line.get_label(), end, (1.04, 0.5), textcoords="axes fraction",
                           va="center", fontsize=size, color=line.get_color(), arrowprops={
                               "arrowstyle": "-", "color": line.get_color(), "linewidth": 0.8,
                               "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0})
             for line, end in zip(lines, ends)]
    axes.figure.draw_without_rendering()    # now the axes have their height
    points = 72 * axes.get_window_extent().height / axes.figure.dpi
    gap = 1.35 * size * max(1 + name.get_text().count("\n") for name in names) / points
    heights = (axes.transData - axes.transAxes).transform(ends)[:, 1]
    for line, name, height in zip(lines, names, spread(heights, gap, 0, 1)):
        line.set_clip_on(False)
        name.xyann = 1.04, height


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
    axes.get_xlim(), axes.get_ylim()    # sets the limits
    to_axes = axes.transData + axes.transAxes.inverted()
    for name, point in points.items():
        left = to_axes.transform(point)[0] > 0.86
        axes.plot(*point, "o", color="black", markersize=5, markeredgecolor="white",
                  markeredgewidth=0.8, zorder=5)
        axes.annotate(name, point, (-4 if left else 4, -3), textcoords="offset points", va="top",
                      ha="right" if left else "left", fontsize=size, color=INK, zorder=4, bbox=HALO)


def name_rows(axes, names):
    """Names for the rows 0, 1, 2 … of the axes, the first on top."""
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def stacked_bars(axes, rows, inside=None, total=None):
    """A horizontal bar for each row, stacked from parts told apart by colour and hatch, with a key.

    rows: dict name -> dict part -> value, at most five parts. inside, total: functions from a value
    to the words that stand in a piece, where they fit, and behind the whole bar.
    """
    parts = list(dict.fromkeys(part for values in rows.values() for part in values))
    if not 1 <= len(parts) <= len(HATCHES):
        raise ValueError(f"rows: {len(parts)} parts; one to {len(HATCHES)} can be told apart: "
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
    for row, end in enumerate(ends) if total else ():
        axes.annotate(total(end), (end, row), (3, 0), textcoords="offset points", va="center",
                      fontsize=9, bbox=HALO)
    axes.set_xlim(0, most * (1.12 if total else 1))
    name_rows(axes, list(rows))
    line_key(axes)


def line_key(axes, columns=5):
    """The names of what is drawn in the axes, in rows below the title."""
    figure, (handles, names) = axes.figure, axes.get_legend_handles_labels()
    height, rows = figure.get_figheight(), -(-len(names) // columns)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - (0.36 + 0.24 * rows) / height))
    figure.legend(handles, names, loc="upper left", ncols=columns, fontsize=9, borderaxespad=0,
                  handlelength=2.2, columnspacing=1.2, bbox_to_anchor=(0.012, 1 - 0.36 / height))
