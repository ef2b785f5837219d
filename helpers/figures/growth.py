"""Growth on log–log axes, where a power of n is a straight line and its slope is the power."""

from math import log, log10

from matplotlib.ticker import FixedLocator, Formatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from helpers.figures.style import COLOURS, DASHES, INK, MARKERS, house, new_figure, spread

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TOKENS = "sequence length n (tokens)"
WIDTH = "model width d (elements)"
IN_FULL = 10**5  # an axis that ends above it has powers of ten


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


class Ticks(Formatter):
    """Labels of one kind along one axis: 1, 10, 100, 1,000 …, or 1, 10, 10², 10³ … where it ends above 100,000."""

    def format_ticks(self, values):
        low, high = sorted(self.axis.get_view_interval())
        shown = [value for value in values if low * 0.999 <= value <= high * 1.001]
        above = 30 if max(shown, default=0) > IN_FULL * 1.001 else float("inf")
        return [tick_text(value, above=above) for value in values]

    def __call__(self, value, position=None):
        return tick_text(value)


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


def end_slope(xs, ys):
    """The slope of the last step on log–log axes: the power with which ys grow there.

    >>> round(end_slope([10, 20, 40], [300, 1200, 4800]), 9)
    2.0
    """
    return log(ys[-1] / ys[-2]) / log(xs[-1] / xs[-2])


def growth_curves(n_values, curves, *, x_label=TOKENS, y_label="operations", title="", mark=None,
                  slopes=True):
    """Up to five curves over n on log–log axes, each named at its right end with its slope.

    n_values: the positions on the x axis, in tokens unless x_label says otherwise, increasing.
    curves:   dict from a curve's name to its values, one for each n.
    mark:     None, or (x, text): a vertical line at x that says text; or a list of two of them.
    slopes:   True adds "slope 2" to each name, measured on the last step.

    Raises `ValueError` for no curve or more than five, for lengths that differ, and for values
    that log axes cannot show.
    """
    xs = [float(x) for x in n_values]
    _check(xs, curves)
    figure = new_figure()
    with house():
        axes = figure.add_axes([0.115, 0.14, 0.59, 0.75])
        growth_axes(axes)
        ends, every = [], max(1, len(xs) // 7)
        for (name, values), colour, dash, marker in zip(curves.items(), COLOURS, DASHES, MARKERS):
            ys = [float(y) for y in values]
            axes.plot(xs, ys, color=colour, linestyle=dash, marker=marker, markevery=every, label=name,
                      clip_on=False)
            slope = f" (slope {end_slope(xs, ys):.2g})" if slopes and len(xs) > 1 else ""
            ends.append((ys[-1], f"{name}{slope}", colour))
        axes.set_xlim(xs[0], xs[-1])
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_title(title)
        marks = mark if isinstance(mark, list) else [mark] if mark else []
        for place, (x, text) in enumerate(marks):
            axes.axvline(x, color=INK, linewidth=1, linestyle=(0, (2, 2)))
            right = place == 0 if len(marks) > 1 else log(x / xs[0]) > 0.6 * log(xs[-1] / xs[0])
            axes.annotate(text, (x, 0.97), xycoords=("data", "axes fraction"), va="top",
                          ha="right" if right else "left", textcoords="offset points",
                          xytext=(-5 if right else 5, 0), fontsize=10, color=INK)
        end_labels(axes, ends)
    return figure


def _check(xs, curves):
    if not 1 <= len(curves) <= len(COLOURS):
        raise ValueError(f"curves has {len(curves)} entries; draw one to five, told apart by dash and colour.")
    if len(xs) < 2 or any(b <= a for a, b in zip(xs, xs[1:])) or xs[0] <= 0:
        raise ValueError(f"n_values = {xs[:5]} … must be at least two increasing values above 0.")
    for name, values in curves.items():
        if len(values) != len(xs):
            raise ValueError(f"curves[{name!r}] has {len(values)} values for {len(xs)} n_values; give one each.")
        if any(not float(y) > 0 for y in values):
            raise ValueError(f"curves[{name!r}] holds a value that is not above 0: log axes cannot show it.")


def end_labels(axes, ends, size=10, gap=0.055):
    """Name each curve beside its right end, moved apart where they would collide.

    ends: list of (last y value, text, colour). The axes' limits are final when this is called.
    """
    figure_height = axes.get_figure().get_figheight() * axes.get_position().height
    gap = max(gap, 1.35 * size / 72 / figure_height * max(text.count("\n") + 1 for _, text, _ in ends))
    to_axes = axes.transScale + axes.transLimits
    heights = [to_axes.transform((1.0, y))[1] for y, _, _ in ends]
    for height, placed, (_, text, colour) in zip(heights, spread(heights, gap, 0.0, 1.0), ends):
        axes.annotate(
            text, (1, height), xycoords="axes fraction", xytext=(1.035, placed), textcoords="axes fraction",
            va="center", color=colour, fontsize=size, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 1},
        )


def complexity_grid(rows=None, *, title="Twice n: four times the work; twice d: twice the work"):
    """The grid of lesson 01, n²·d for each n and d, so that it can be read: slopes 2 and 1.

    rows: tuples (n, d, meetings); without rows the twelve of lesson 01, n in (10, 50, 100, 500)
    and d in (128, 512, 1024). The same points stand on both sides: left over n, one line for each
    d; right over d, one line for each n.

    Raises `ValueError` unless the rows hold every n with every d, two to five of each.
    """
    if rows is None:
        rows = [(n, d, n * n * d) for n in (10, 50, 100, 500) for d in (128, 512, 1024)]
    cost = {(n, d): meetings for n, d, meetings in rows}
    ns, ds = sorted({n for n, _ in cost}), sorted({d for _, d in cost})
    if not (2 <= len(ns) <= 5 and 2 <= len(ds) <= 5 and len(cost) == len(ns) * len(ds)):
        raise ValueError(
            f"rows holds {len(cost)} of {len(ns)} × {len(ds)} combinations of n and d; "
            "give (n, d, meetings) for every n with every d, two to five of each."
        )
    figure = new_figure()
    with house():
        figure.text(0.02, 0.98, title, fontsize=12, weight="bold", va="top")
        left = figure.add_axes([0.125, 0.14, 0.275, 0.68])
        right = figure.add_axes([0.595, 0.14, 0.275, 0.68], sharey=left)
        left.set_ylabel("meetings, n²·d")
        _panel(left, TOKENS, "n", ns, "d", ds, lambda n, d: cost[n, d])
        _panel(right, WIDTH, "d", ds, "n", ns, lambda d, n: cost[n, d])
        left.set_ylim(min(cost.values()) / 2, max(cost.values()) * 2)
        _name_ends(left, "d", ds)
        _name_ends(right, "n", ns)
    return figure


def _panel(axes, label, x_name, xs, name, others, cost):
    growth_axes(axes)
    for other, colour, dash, marker in zip(others, COLOURS, DASHES, MARKERS):
        axes.plot(xs, [cost(x, other) for x in xs], color=colour, linestyle=dash, marker=marker,
                  label=f"{name} = {other:,}")
    axes.xaxis.set_major_locator(FixedLocator(xs))
    axes.set_xlim(xs[0] / 1.25, xs[-1] * 1.25)
    axes.set_xlabel(label)
    slope = end_slope(xs, [cost(x, others[0]) for x in xs])
    axes.set_title(f"over {x_name}: slope {slope:.2g}", fontsize=11, weight="normal")


def _name_ends(axes, name, others):
    end_labels(axes, [(line.get_ydata()[-1], f"{name} = {other:,}", line.get_color())
                      for other, line in zip(others, axes.lines)])
