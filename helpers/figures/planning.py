"""What a budget trains: the map of budgets and models, the valley of sizes, one accelerator's memory. Lesson 14."""

from matplotlib.ticker import FixedLocator, FuncFormatter

from helpers.figures.growth import growth_axes
from helpers.figures.memory import KINDS
from helpers.figures.style import COLOURS, DASHES, INK

LAW_LOOKS = {"refitted": (COLOURS[0], DASHES[0]), "published": (COLOURS[1], DASHES[1])}
BUDGET, SIZE = "budget C (FLOPs)", "model size N (parameters)"
RULE = "#333333"


def budget_map(figure, place, lines, spread, points, limits, names, fitted):
    """Compute-optimal sizes over budgets on log–log axes, and what was trained. Returns the axes.

    place: of the axes in the figure. lines: dict law -> (budgets, sizes), a law in `LAW_LOOKS`. spread: budgets, least
    and largest sizes of the refits of resampled data. points: dict name -> (FLOPs, parameters). limits: of both axes.
    names: dict name -> where the name stands beside its point, in points (1/72 inch). fitted: the largest size that
    the laws were fitted to; beyond it they are extrapolated, and a dotted line says so.
    """
    axes = figure.add_axes(place)
    growth_axes(axes)
    axes.set(xlim=limits[0], ylim=limits[1], xlabel=BUDGET)
    axes.set_title(SIZE, fontsize=10, weight="normal", loc="left", pad=4)
    axes.axhline(fitted, color=RULE, linewidth=0.9, linestyle=":")
    axes.annotate(f"fitted up to {fitted / 1e9:.0f} B", (limits[0][0], fitted), xytext=(4, 3), textcoords="offset points", fontsize=8,
                  color=INK)
    axes.fill_between(*spread, color=LAW_LOOKS["refitted"][0], alpha=0.2, linewidth=0)
    for law, (budgets, sizes) in lines.items():
        colour, dash = LAW_LOOKS[law]
        axes.plot(budgets, sizes, color=colour, linestyle=dash, linewidth=1.8)
    for row, law in enumerate(lines):
        colour, dash = LAW_LOOKS[law]
        axes.plot([0.04, 0.12], [0.94 - 0.075 * row] * 2, color=colour, linestyle=dash, linewidth=1.8, transform=axes.transAxes)
        axes.text(0.14, 0.94 - 0.075 * row, f"best by the {law} law", fontsize=9, va="center", color=colour, transform=axes.transAxes)
    for name, (flops, size) in points.items():
        axes.plot([flops], [size], "D", color=COLOURS[4], markersize=4, markeredgecolor="white", markeredgewidth=0.6)
        axes.annotate(name, (flops, size), xytext=names[name], textcoords="offset points", fontsize=8, color=INK)
    return axes


def valley(figure, place, height):
    """Axes for the loss over sizes at one budget: multiples of the best size, nats above the best loss."""
    axes = figure.add_axes(place)
    growth_axes(axes, y="linear")
    axes.set(xlim=(0.1, 10), ylim=(0, height), xlabel="N in multiples of the best")
    axes.xaxis.set_major_locator(FixedLocator([0.1, 0.3, 1, 3, 10]))
    axes.set_yticks([0, height / 2, height])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("nats above", fontsize=10)
    axes.axvline(1, color=RULE, linewidth=0.8, linestyle=":")
    return axes


def memory_bar(figure, place, kinds):
    """Axes for what one accelerator holds, up to twice its memory, and an empty bar for each of the kinds: (bars, limit)."""
    axes = figure.add_axes(place)
    axes.set(xlim=(0, 200), ylim=(-0.5, 0.5), yticks=(), xlabel="% of one accelerator's memory", xticks=range(0, 201, 50))
    axes.grid(visible=False)
    bars = []
    for kind in kinds:
        colour, hatch = KINDS[kind]
        bars += list(axes.barh(0, 0, height=0.8, facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.8))
    return bars, axes.axvline(100, color="black", linewidth=1.6, linestyle="--")
