"""A horizontal axis whose end may change at every move of a slider, without a new background."""

from matplotlib.markers import TICKDOWN
from matplotlib.ticker import MaxNLocator

from helpers.figures.growth import tick_text

MOST = 8  # ticks


class MovingScale:
    """Ticks from 0 to an end that moves. The axes themselves run from 0 to 1: divide what is drawn by the end.

    An explorer that changed the limits of its axes would need the whole background anew, 60 ms and more; these
    ticks are artists that move, a few milliseconds. `axes`: where they stand; `grid`: with lines over the axes.
    """

    def __init__(self, axes, grid=False):
        from matplotlib import rcParams

        axes.set_xlim(0, 1)
        axes.set_xticks([])
        below = axes.get_xaxis_transform()
        low, high = axes.get_window_extent().get_points()[:, 1]
        gap = rcParams["xtick.major.pad"] / 72 * axes.figure.dpi / (high - low)
        axes.xaxis.labelpad = rcParams["axes.labelpad"] + rcParams["xtick.labelsize"] + rcParams["xtick.major.pad"]
        self.labels = [axes.text(0, -gap, "", ha="center", va="top", transform=below, size=rcParams["xtick.labelsize"],
                                 color=rcParams["xtick.color"]) for _ in range(MOST)]
        self.lines = [axes.plot([], [], color=rcParams["grid.color"], linewidth=rcParams["grid.linewidth"], linestyle="-",
                                transform=below)[0] for _ in range(MOST if grid else 0)]
        self.marks, = axes.plot([], [], linestyle="none", marker=TICKDOWN, markersize=rcParams["xtick.major.size"],
                                markeredgewidth=rcParams["xtick.major.width"], color=rcParams["xtick.color"],
                                transform=below, clip_on=False)

    def __iter__(self):
        """All that moves, the lines first: they lie under what comes after."""
        return iter((*self.lines, self.marks, *self.labels))

    def show(self, end):
        """Put the ticks where an axis that ends at `end` has them.

        >>> from helpers.figures import house, new_figure
        >>> with house():
        ...     scale = MovingScale(new_figure().add_axes([0.1, 0.2, 0.8, 0.6]))
        >>> scale.show(160)
        >>> [label.get_text() for label in scale.labels if label.get_text()]
        ['0', '50', '100', '150']
        """
        ticks = [tick for tick in MaxNLocator(6, steps=(1, 2, 5, 10)).tick_values(0, end)
                 if tick <= end * (0.97 if len(tick_text(tick)) > 4 else 1.0001)]  # a long label needs room at the edge
        for place, label in enumerate(self.labels):
            label.set_text(tick_text(ticks[place]) if place < len(ticks) else "")
            label.set_x(ticks[place] / end if place < len(ticks) else 0)
        self.marks.set_data([tick / end for tick in ticks], [0] * len(ticks))
        for place, line in enumerate(self.lines):
            line.set_data(([ticks[place] / end] * 2, [0, 1]) if place < len(ticks) else ([], []))
