"""The map of the collection for notebook 00 and the banner of the README."""

from matplotlib.collections import LineCollection
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from helpers.figures.dance import couples, places
from helpers.figures.growth import growth_axes
from helpers.figures.style import COLOURS, INK, house, new_figure

PARTS = (
    ("I · The analogy", COLOURS[1], (
        ("00", "Start here", "What is in the course?"),
        ("01", "The dance floor", "Why n²·d?"),
        ("02", "Counting operations", "Where does each n and d come from?"),
    )),
    ("II · The derivation", COLOURS[0], (
        ("03", "Attention, derived", "How much of it is n²?"),
        ("04", "The rivals", "Who wins: recurrence, convolution, attention?"),
        ("05", "The whole Transformer", "How many parameters, to the digit?"),
        ("06", "Training FLOPs", "Why 6 for each parameter and token?"),
        ("07", "Memory", "What fills the accelerator?"),
        ("08", "Roofline", "From formula to clock?"),
        ("09", "FlashAttention", "Same FLOPs, why faster?"),
        ("10", "Cheaper attention", "What do we give up for less?"),
        ("11", "Published figures, audited", "Do the papers add up?"),
    )),
    ("III · The explorers", COLOURS[2], (
        ("12", "Explore growth", "What grows how fast?"),
        ("13", "Explore models", "Where does a model spend?"),
        ("14", "Plan a budget", "What can we afford?"),
        ("15", "Capstone", "A model you have not seen?"),
    )),
)


def course_map():
    """The sixteen lessons in their three parts, each with its question, in reading order.

    7 × 6.95 inches: sixteen questions need more height than a plot.
    """
    figure = new_figure(height=6.95)
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, 6.95))
        axes.axis("off")
        axes.text(0.2, 6.83, "Sixteen lessons: picture it, derive it, then play with it",
                  fontsize=12, weight="bold", va="top")
        y, row, previous = 6.44, 0.285, None
        for part, colour, lessons in PARTS:
            height = 0.4 + row * len(lessons)
            axes.add_patch(FancyBboxPatch((0.2, y - height), 6.6, height, linewidth=1.2,
                                          boxstyle="round,pad=0.02,rounding_size=0.08",
                                          facecolor=colour + "14", edgecolor=colour))
            axes.text(0.34, y - 0.08, part, fontsize=11, weight="bold", color=colour, va="top")
            if previous is not None:
                axes.add_patch(FancyArrowPatch((3.5, previous - 0.01), (3.5, y + 0.01), arrowstyle="-|>",
                                               mutation_scale=14, linewidth=1.6, color="#666666"))
            for k, (number, title, question) in enumerate(lessons):
                line = y - 0.47 - row * k
                axes.text(0.42, line, number, fontsize=10, family="monospace", weight="bold",
                          color=colour, va="center")
                axes.text(0.80, line, title, fontsize=10.5, color="black", va="center")
                axes.text(3.22, line, question, fontsize=10, color=INK, style="italic", va="center")
            previous = y - height
            y -= height + 0.28
    return figure


def banner():
    """The README's picture: the dance floor on the left, what it costs on the right."""
    figure = new_figure(width=10, height=3.6)
    night, gold, rose, cyan = "#10172b", "#ffd166", "#ff7f6b", "#5cc8ff"
    figure.set_facecolor(night)
    with house():
        floor = figure.add_axes([0.0, 0.02, 0.37, 0.96], aspect="equal")
        floor.axis("off")
        floor.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12))
        spots = places(32)
        lines = couples(32)
        nearness = [min(j - i, 32 - (j - i)) / 16 for i, j in lines]
        floor.add_collection(LineCollection(
            [(spots[i], spots[j]) for i, j in lines], linewidths=0.7,
            colors=[_mix(cyan, rose, t) + "70" for t in nearness]))
        floor.scatter(*zip(*spots), s=80, color=gold, zorder=3, edgecolors=night, linewidths=1.2)
        plot = figure.add_axes([0.695, 0.17, 0.265, 0.50], facecolor=night)
        growth_axes(plot)
        xs = [10**(k / 4) for k in range(4, 25)]
        plot.plot(xs, [x for x in xs], color=cyan, linestyle="-")
        plot.plot(xs, [x * x * 512 for x in xs], color=rose, linestyle="-")
        plot.set_xlim(10, 1e6)
        plot.tick_params(colors="#c5cde0", labelsize=10)
        plot.grid(color="#26304d")
        for spine in plot.spines.values():
            spine.set_color("#55607f")
        plot.set_xlabel("sequence length n (tokens)", color="#c5cde0", fontsize=10)
        plot.text(2e3, 3e9, "n²·d", color=rose, fontsize=14, weight="bold", ha="right", va="bottom")
        plot.text(2e3, 1e4, "n", color=cyan, fontsize=14, weight="bold", ha="right", va="bottom")
        figure.text(0.385, 0.865, "What a Transformer costs", color="white", fontsize=25, weight="bold", va="center")
        figure.text(0.385, 0.745, "in operations, bytes, seconds and money, and why", color="#c5cde0",
                    fontsize=13, va="center")
        figure.text(0.385, 0.38, "32 dancers:\n32 looks past the door,\n1,024 pairs on the floor", color=gold,
                    fontsize=13, va="center", linespacing=1.6)
    return figure


def _mix(first, second, t):
    pairs = [(int(first[k:k + 2], 16), int(second[k:k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * t):02x}" for a, b in pairs)
