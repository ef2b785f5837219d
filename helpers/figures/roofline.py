"""The roofline: the most FLOP/s that a chip reaches, over the FLOPs that each byte is used for. Lesson 08."""

from math import atan2, ceil, degrees, floor, log10

from helpers.figures.growth import growth_axes
from helpers.figures.style import COLOURS, DASHES, INK, MARKERS, house, new_figure, spread

INTENSITY = "arithmetic intensity (FLOPs per byte)"
REACHED = "arithmetic reached (FLOP/s)"
SLOPE, FLAT = COLOURS[1], COLOURS[0]


def roofline_schematic():
    """The roofline with its parts named: slope, flat roof, ridge point, and two pieces of work under it.

    >>> roofline_schematic().axes[0].get_xscale()
    'log'
    """
    peak, bandwidth = 1e15, 1e13 / 3
    ridge = peak / bandwidth
    figure = new_figure(height=4.2)
    with house():
        axes = figure.add_axes([0.115, 0.135, 0.86, 0.755])
        growth_axes(axes)
        axes.set(xlim=(0.1, 1e5), ylim=(2e11, 4e15), xlabel=INTENSITY, ylabel=REACHED,
                 title="The lower of two ceilings sets the speed")
        axes.grid(visible=False)
        axes.fill_between([0.1, ridge], 1e11, [0.1 * bandwidth, peak], color=SLOPE, alpha=0.12, linewidth=0)
        axes.fill_between([ridge, 1e5], 1e11, peak, color=FLAT, alpha=0.12, linewidth=0)
        axes.plot([0.1, ridge], [0.1 * bandwidth, peak], color=SLOPE, linewidth=3)
        axes.plot([ridge, 1e5], [peak, peak], color=FLAT, linewidth=3, linestyle="--")
        axes.plot([ridge, ridge], [1e11, peak], color=INK, linewidth=1, linestyle=(0, (3, 2)))
        axes.plot([ridge], [peak], marker="D", color=INK, markersize=8)
        (left, low), (right, high) = axes.transData.transform([(1, bandwidth), (10, 10 * bandwidth)])
        rise = degrees(atan2(high - low, right - left))
        axes.text(5.2, 2.6e13, "intensity × bandwidth", color=SLOPE, rotation=rise, rotation_mode="anchor", fontsize=11,
                  weight="bold")
        axes.text(5e3, 1.45e15, "peak of the arithmetic", color=FLAT, ha="center", fontsize=11, weight="bold")
        axes.text(ridge * 0.8, 1.3e15, "ridge point\npeak ÷ bandwidth", color=INK, ha="right", va="bottom", fontsize=10)
        axes.text(14, 3.2e11, "memory is the limit:\nthe arithmetic waits", color=SLOPE, ha="center", fontsize=10)
        axes.text(5e3, 3.2e11, "arithmetic is the limit:\nthe memory waits", color=FLAT, ha="center", fontsize=10)
        for x, y, marker, name, side in ((1, bandwidth, "o", "one token is written", 1), (3e3, peak, "s", "a prompt is read", -1)):
            axes.plot([x], [y], marker=marker, color="white", markeredgecolor=INK, markeredgewidth=2, markersize=10, zorder=5)
            axes.annotate(name, (x, y), (12 if side > 0 else 0, -14 if side > 0 else -22), textcoords="offset points",
                          fontsize=10, ha="left" if side > 0 else "center", color=INK)
    return figure


def rooflines(roofs, works, title, rates=None):
    """Roofs of one to three chips, and numbered works on or under the first one; the numbers' names stand beside.

    roofs: dict name -> (peak in FLOP/s, bandwidth in bytes/s). works: dict name -> FLOPs per byte, one to nine.
    rates: dict name -> FLOP/s measured for each of the works; None puts each on the first roof.
    Raises ValueError for other numbers of roofs or works, for rates that miss a work, and for values not above 0.

    >>> figure = rooflines({"H100": (989e12, 3.35e12)}, {"sum": 1 / 6, "product": 1000}, "Two works")
    >>> [float(line.get_ydata()[0]) for line in figure.axes[0].lines[1:]]
    [558333333333.3333, 989000000000000.0]
    """
    if not 1 <= len(roofs) <= 3 or not 1 <= len(works) <= 9:
        raise ValueError(f"roofs has {len(roofs)} entries and works {len(works)}; draw one to three roofs and one to nine works")
    (peak, bandwidth), *_ = roofs.values()
    rates = rates or {name: min(peak, x * bandwidth) for name, x in works.items()}
    if set(rates) != set(works):
        raise ValueError(f"rates has {sorted(rates)}, works {sorted(works)}; give one rate for each work")
    every = [*works.values(), *rates.values(), *(value for roof in roofs.values() for value in roof)]
    if not all(value > 0 for value in every):
        raise ValueError("roofs, works and rates hold a value that is not above 0: log axes cannot show it")
    figure = new_figure(height=4.2)
    with house():
        axes = figure.add_axes([0.115, 0.135, 0.56, 0.755])
        growth_axes(axes)
        xs = [*works.values(), *(high / wide for high, wide in roofs.values())]
        left, right = 10 ** floor(log10(min(xs)) - 0.3), 10 ** ceil(log10(max(xs)) + 0.3)
        ys = [*rates.values(), *(high for high, _ in roofs.values())]
        bottom, top = 10 ** floor(log10(min(ys)) - 0.2), 10 ** ceil(log10(max(ys)) + 0.05)
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=INTENSITY, ylabel=REACHED)
        figure.text(0.02, 0.975, title, fontsize=12, weight="bold", va="top")
        for (name, (high, wide)), colour, dash in zip(roofs.items(), (INK, "#888888", "#888888"), DASHES):
            axes.plot([left, high / wide, right], [left * wide, high, high], color=colour, linestyle=dash)
            axes.annotate(name, (right, high), (-4, 7), textcoords="offset points", ha="right", fontsize=10, color=colour)
        heights = spread([log10(rates[name]) for name in works], 0.09 * log10(top / bottom), log10(bottom), log10(top))
        for place, (name, x) in enumerate(works.items()):
            colour, y = COLOURS[place % 4], rates[name]
            axes.plot([x], [y], marker=MARKERS[place % 4], color=colour, markersize=9, markeredgecolor="white",
                      linestyle="none", zorder=5, clip_on=False)
            axes.annotate(name, (x, y), (right * (right / left) ** 0.05, 10 ** heights[place]), textcoords="data", va="center",
                          fontsize=9.5, color=colour, annotation_clip=False,
                          arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.6, "shrinkB": 5})
    return figure
