"""Lesson 10's figures: patterns as masks, errors over budgets, and what a state recalls."""

from helpers.figures.growth import growth_axes
from helpers.figures.style import COLOURS, DASHES, INK, MARKERS, house, new_figure, spread

READ, UNREAD, LINE = "#0072B2", "#eef1f5", "#b9c2cc"


def pattern_grid(patterns, title="", costs=None):
    """Masks as squares, three in a row: query down, key across, a cell filled where the query reads the key.

    patterns: dict from a name to a mask (n, n) of bool, one to six; under each name stands the share of the n² pairs
    that are read. costs: dict from the same names to percent of the FLOPs of all pairs, said after it.
    Raises ValueError for another number of patterns and for a mask that is not square.

    >>> import numpy as np
    >>> figure = pattern_grid({"itself": np.eye(4, dtype=bool)})
    >>> [axes.get_title("left") for axes in figure.axes]
    ['itself\\n4 of 16 pairs, 25 %']
    """
    import numpy as np
    from matplotlib.colors import ListedColormap

    if not 1 <= len(patterns) <= 6:
        raise ValueError(f"patterns has {len(patterns)} entries; one to six can be seen side by side")
    for name, mask in patterns.items():
        if np.ndim(mask) != 2 or np.shape(mask)[0] != np.shape(mask)[1]:
            raise ValueError(f"patterns[{name!r}] has the shape {np.shape(mask)}; a mask is square, (n, n)")
    rows = -(-len(patterns) // 3)
    high = 0.4 + 2.45 * rows
    figure = new_figure(height=high)
    with house():
        figure.text(0.02, 1 - 0.1 / high, title, fontsize=12, weight="bold", va="top")
        for place, (name, mask) in enumerate(patterns.items()):
            row, column = divmod(place, 3)
            axes = figure.add_axes([0.075 + column * 0.315, (0.28 + 2.45 * (rows - 1 - row)) / high, 0.25, 1.75 / high])
            mask = np.asarray(mask, bool)
            axes.imshow(mask, cmap=ListedColormap([UNREAD, READ]), vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            for spine in axes.spines.values():
                spine.set(visible=True, color=LINE, linewidth=0.8)
            share = 100 * mask.mean()
            said = (f"{share:.0f} % of pairs, {costs[name]:.0f} % of FLOPs" if costs
                    else f"{mask.sum():,} of {mask.size:,} pairs, {share:.0f} %")
            axes.set_title(f"{name}\n{said}", fontsize=9.5, weight="normal", pad=4)
            if column == 0:
                axes.set_ylabel("query", fontsize=9.5)
            axes.set_xlabel("key", fontsize=9.5, labelpad=2)
    return figure


def error_panels(panels, title="", x_label="FLOPs, of those of all pairs (%)", levels=None):
    """Two by two panels on log axes: error over budget, the same series in each, named at the right.

    panels: dict from a panel's name to a dict from a series' name to (xs, ys): one to four panels, one to five series.
    ys below 0.001 are drawn on the floor. A dashed line marks error 1, the error of answering 0; levels: None or a dict
    from a panel's name to another error, marked by a dotted line. Raises ValueError for other
    numbers of panels or series.

    >>> figure = error_panels({"even": {"window": ([1, 10], [0.5, 0.1])}})
    >>> figure.axes[0].get_title("left")
    'even'
    """
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    if not 1 <= len(panels) <= 4:
        raise ValueError(f"panels has {len(panels)} entries; one to four fit")
    if not 1 <= len(names) <= len(COLOURS):
        raise ValueError(f"panels name {len(names)} series; one to five can be told apart")
    rows = -(-len(panels) // 2)
    high = 0.98 + 2.1 * rows
    every = [x for series in panels.values() for xs, _ in series.values() for x in xs]
    figure = new_figure(height=high)
    with house():
        figure.text(0.02, 1 - 0.1 / high, title, fontsize=12, weight="bold", va="top")
        for place, (panel, series) in enumerate(panels.items()):
            row, column = divmod(place, 2)
            axes = figure.add_axes([0.125 + 0.455 * column, (0.88 + 2.1 * (rows - 1 - row)) / high, 0.405, 1.55 / high])
            growth_axes(axes)
            for name, (xs, ys) in series.items():
                number = names.index(name)
                axes.plot(xs, [max(float(y), FLOOR) for y in ys], color=COLOURS[number], linestyle=DASHES[number],
                          marker=MARKERS[number], markersize=4.5, linewidth=1.8, label=name, clip_on=False)
            axes.axhline(1, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
            if levels:
                axes.axhline(levels[panel], color=INK, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
            axes.set(xlim=(min(every) / 1.15, max(every) * 1.15), ylim=(FLOOR, 20))
            axes.set_yticks([FLOOR, 0.01, 0.1, 1, 10])
            axes.set_yticklabels(["≤ 0.001", "0.01", "0.1", "1", "10"] if column == 0 else [""] * 5, fontsize=9.5)
            axes.tick_params(axis="x", labelsize=9.5)
            axes.set_title(panel, fontsize=10.5, weight="normal", pad=4)
        figure.text(0.53, 0.47 / high, x_label, ha="center", fontsize=10.5)
        figure.text(0.008, 0.54, "relative error", rotation=90, va="center", fontsize=10.5)
        lines = [line for line in figure.axes[0].lines if line.get_label() in names]
        figure.legend(lines, [line.get_label() for line in lines], loc="lower center", ncols=len(lines), fontsize=9.5,
                      frameon=False, bbox_to_anchor=(0.53, 0.0), columnspacing=1.4, handlelength=2.6, borderaxespad=0.2)
    return figure


FLOOR = 0.001


def recall_curves(pairs, curves, title="", mark=None):
    """How much is recalled, in percent, over the number of pairs to remember: one to five curves, named at their ends.

    pairs: increasing numbers; curves: dict from a name to the shares recalled, 0 to 1, one for each number of pairs;
    mark: None or (pairs, text), a vertical line that says text. Raises ValueError for no curve, more than five, and
    for lengths that differ.

    >>> figure = recall_curves([8, 16], {"all of them": [1, 1]})
    >>> [float(y) for y in figure.axes[0].lines[0].get_ydata()]
    [100.0, 100.0]
    """
    if not 1 <= len(curves) <= len(COLOURS):
        raise ValueError(f"curves has {len(curves)} entries; one to five can be told apart")
    for name, shares in curves.items():
        if len(shares) != len(pairs):
            raise ValueError(f"curves[{name!r}] has {len(shares)} values for {len(pairs)} pairs; give one each")
    figure = new_figure()
    with house():
        axes = figure.add_axes([0.1, 0.14, 0.55, 0.75])
        growth_axes(axes, y="linear")
        for (name, shares), colour, dash, marker in zip(curves.items(), COLOURS, DASHES, MARKERS):
            axes.plot(pairs, [100.0 * share for share in shares], color=colour, linestyle=dash, marker=marker, label=name,
                      clip_on=False)
        axes.set(xlim=(pairs[0], pairs[-1]), ylim=(0, 104), xlabel="pairs to remember", ylabel="recalled (%)")
        if len(pairs) <= 8:
            axes.set_xticks(pairs)
        axes.set_title(title)
        ends = [100.0 * shares[-1] for shares in curves.values()]
        for end, placed, (name, _), colour in zip(ends, spread(ends, 9, 2, 100), curves.items(), COLOURS):
            axes.annotate(name, (1, end / 104), xycoords="axes fraction", xytext=(1.04, placed / 104), textcoords="axes fraction",
                          va="center", color=colour, fontsize=10, annotation_clip=False,
                          arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 1})
        if mark:
            axes.axvline(mark[0], color=INK, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
            axes.annotate(mark[1], (mark[0], 4), textcoords="offset points", xytext=(-5, 0), ha="right", fontsize=10, color=INK)
    return figure
