"""Lesson 09's figures: the memory hierarchy, and a square of scores cut into tiles."""

from math import log10

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

BLUE, RED, GREEN = COLOURS[:3]
FAINT, LINE = "#eef1f5", "#b9c2cc"


def memory_hierarchy(levels):
    """Memories as steps, the fastest and smallest on top; widths grow with the logarithm of the size.

    levels: list of (name, bytes, bytes per second), the fastest first, two to five. Raises ValueError for another
    number, and for a size or a speed that is not above 0.

    >>> figure = memory_hierarchy([("on the chip", 2e7, 19e12), ("main memory", 4e10, 1.5e12)])
    >>> [text.get_text() for text in figure.axes[0].texts][2]
    '20 MB, 19 TB/s'
    """
    if not 2 <= len(levels) <= 5:
        raise ValueError(f"levels has {len(levels)} entries; draw two to five")
    for name, size, speed in levels:
        if not (size > 0 and speed > 0):
            raise ValueError(f"levels: {name!r} has {size} bytes and {speed} bytes/s; give numbers above 0")
    figure = new_figure(height=0.75 + 0.75 * len(levels))
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        tall = figure.get_figheight()
        axes.set(xlim=(0, 7), ylim=(0, tall))
        axes.axis("off")
        (_, first, quick), (_, _, slow) = levels[:2]
        axes.text(0.14, tall - 0.1, f"Each step down is larger and slower: the first by {quick / slow:.0f} times",
                  fontsize=12, weight="bold", va="top", color="black")
        largest = max(log10(size / first) for _, size, _ in levels) + 1
        for place, (name, size, speed) in enumerate(levels):
            wide = 2.2 + 4.2 * (log10(size / first) + 0.2) / largest
            y = tall - 1.2 - 0.75 * place
            axes.add_patch(Rectangle((3.5 - wide / 2, y), wide, 0.62, facecolor=(RED, BLUE, GREEN, LINE, FAINT)[place],
                                     alpha=0.85 if place < 3 else 1, edgecolor="white", label=name))
            ink = "white" if place < 3 else INK
            axes.text(3.5, y + 0.43, name, ha="center", va="center", fontsize=10.5, color=ink, weight="bold")
            axes.text(3.5, y + 0.18, f"{_units(size)}, {_units(speed)}/s", ha="center", va="center", fontsize=10, color=ink)
    return figure


def _units(size):
    """Bytes in the largest unit that leaves at least 1: "20 MB".

    >>> _units(1.28e10)
    '12.8 GB'
    """
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "KB")):
        if size >= 10**power:
            return f"{size / 10**power:.3g} {unit}"
    return f"{size:.0f} bytes"
