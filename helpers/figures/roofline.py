"""The roofline: the most FLOP/s that a chip reaches, over the FLOPs that each byte is used for. Lesson 08."""

from math import atan2, ceil, degrees, floor, log10

from helpers.figures.growth import growth_axes
from helpers.figures.style import COLOURS, INK, house, new_figure, spread

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
        axes = figure.add_axes([0.115, 0.135, 0.835, 0.755])
        growth_axes(axes)
        axes.set(xlim=(0.1, 6e4), ylim=(2e11, 4e15), xlabel=INTENSITY, ylabel=REACHED,
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


def roofline_places(name, chip, works, title, rates=None):
    """The roof of one chip, and works on or under it; their names stand beside.

    A round mark is left of the ridge point, where memory is the limit; a square one is right of it.
    chip: has flops_per_second and bytes_per_second. works: dict name -> FLOPs per byte, one to nine.
    rates: dict name -> FLOP/s measured for each of the works; None puts each on the roof.
    Raises ValueError for another number of works, for rates that miss a work, and for values not above 0.

    >>> from helpers.published import ACCELERATORS
    >>> figure = roofline_places("A100", ACCELERATORS["A100 80GB"], {"token": 1, "prompt": 1000}, "Two works")
    >>> [float(line.get_ydata()[0]) for line in figure.axes[0].lines[1:]]
    [2000000000000.0, 312000000000000.0]
    """
    if not 1 <= len(works) <= 9:
        raise ValueError(f"works has {len(works)} entries; draw one to nine, so that their names can be read")
    peak, bandwidth = chip.flops_per_second, chip.bytes_per_second
    rates = {work: min(peak, x * bandwidth) for work, x in works.items()} if rates is None else rates
    if set(rates) != set(works):
        raise ValueError(f"rates has {sorted(rates)}, works {sorted(works)}; give one rate for each work")
    if not all(value > 0 for value in (peak, bandwidth, *works.values(), *rates.values())):
        raise ValueError("chip, works or rates hold a value that is not above 0: log axes cannot show it")
    ridge = peak / bandwidth
    figure = new_figure(height=4.2)
    with house():
        axes = figure.add_axes([0.115, 0.135, 0.56, 0.755])
        growth_axes(axes)
        left, right = 10 ** floor(log10(min(ridge, *works.values())) - 0.3), 10 ** ceil(log10(max(ridge, *works.values())) + 0.3)
        bottom, top = 10 ** floor(log10(min(rates.values())) - 0.2), 10 ** ceil(log10(max(peak, *rates.values())) + 0.05)
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=INTENSITY, ylabel=REACHED)
        figure.text(0.02, 0.975, title, fontsize=12, weight="bold", va="top")
        axes.plot([left, ridge, right], [left * bandwidth, peak, peak], color=INK)
        axes.annotate(name, (ridge, peak), (-6, 3), textcoords="offset points", ha="right", fontsize=10, color=INK)
        heights = spread([log10(rates[work]) for work in works], 0.075 * log10(top / bottom), log10(bottom), log10(top))
        for height, (work, x) in zip(heights, works.items()):
            colour, marker = (SLOPE, "o") if x < ridge else (FLAT, "s")
            axes.plot([x], [rates[work]], marker=marker, color=colour, markersize=9, markeredgecolor="white",
                      linestyle="none", zorder=5, clip_on=False)
            axes.annotate(work, (x, rates[work]), (right * (right / left) ** 0.05, 10**height), textcoords="data", va="center",
                          fontsize=9.5, color=colour, annotation_clip=False,
                          arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "linewidth": 0.6, "shrinkB": 5})
    return figure
