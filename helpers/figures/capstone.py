"""The way of the capstone: from a configuration to money, and the lesson that each arrow stands on."""

from matplotlib.patches import FancyBboxPatch

from helpers.figures.style import COLOURS, INK, house, new_figure

# name -> (x, y, width, second line); y of the middle, all in inches
BOXES = {
    "configuration": (0.12, 1.45, 1.35, "keys and numbers"),
    "shape": (1.97, 1.45, 1.05, "widths, heads"),
    "FLOPs": (3.55, 2.3, 1.25, "forward, training"),
    "parameters": (3.55, 1.45, 1.25, "held, active"),
    "bytes": (3.55, 0.6, 1.25, "weights, cache"),
    "seconds": (5.45, 1.9, 1.43, "tokens/s, days"),
    "devices, money": (5.45, 0.85, 1.43, "what fits, your price"),
}
HEIGHT = 0.56
# from, to, the lessons that derive it, and where the label stands
ARROWS = (
    ("configuration", "shape", "05", (1.73, 1.56)), ("shape", "FLOPs", "03, 06", (3.1, 2.0)),
    ("shape", "parameters", "05", (3.26, 1.56)), ("shape", "bytes", "07", (3.1, 0.9)), ("FLOPs", "seconds", "08", (5.13, 2.33)),
    ("bytes", "seconds", "08", (5.28, 1.2)), ("bytes", "devices, money", "07", (5.13, 0.5)),
    ("parameters", "bytes", "07", (4.34, 1.03)), ("seconds", "devices, money", "14", (6.33, 1.37)),
)


def capstone_chain():
    """Seven boxes from "configuration" to "devices, money", joined by arrows with the numbers of lessons.

    >>> [text.get_text() for text in capstone_chain().axes[0].texts][:2]
    ['configuration', 'keys and numbers']
    """
    figure = new_figure(height=2.95)
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, 2.95))
        axes.axis("off")
        for place, (name, (x, y, width, second)) in enumerate(BOXES.items()):
            colour = COLOURS[0] if place < 2 else COLOURS[1] if x > 5 else COLOURS[2]
            axes.add_patch(FancyBboxPatch((x, y - HEIGHT / 2), width, HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                                          facecolor=colour, alpha=0.16, linewidth=0))
            axes.add_patch(FancyBboxPatch((x, y - HEIGHT / 2), width, HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                                          facecolor="none", edgecolor=colour, linewidth=1.6))
            axes.text(x + width / 2, y + 0.1, name, ha="center", va="center", fontsize=11, weight="bold", color=INK)
            axes.text(x + width / 2, y - 0.13, second, ha="center", va="center", fontsize=9, color=INK)
        for start, end, lessons, (x, y) in ARROWS:
            axes.annotate("", *_ends(BOXES[start], BOXES[end]), arrowprops=dict(arrowstyle="-|>", color=INK, linewidth=1.4,
                                                                               shrinkA=2, shrinkB=2))
            axes.text(x, y, lessons, ha="center", va="center", fontsize=9, color=INK)
    return figure


def _ends(start, end):
    """(tip, tail) of an arrow: from side to side, or downward between boxes that stand in one column."""
    (x, y, width, _), (to_x, to_y, to_width, _) = start, end
    if x == to_x:
        return (to_x + to_width / 2, to_y + HEIGHT / 2), (x + width / 2, y - HEIGHT / 2)
    return (to_x, to_y + 0.3 * (y > to_y) * HEIGHT - 0.3 * (y < to_y) * HEIGHT), (x + width, y)
