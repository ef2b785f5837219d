"""The dance floor of lesson 01: who dances with whom, and who only walks past."""

from math import cos, pi, sin

from matplotlib.collections import LineCollection
from matplotlib.patches import Arc, Circle, Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

FLOOR, DANCER, COUPLE = "#f3ead9", COLOURS[1], COLOURS[0]


def places(n, radius=1.0):
    """Where n dancers stand: on a circle, the first at the top.

    >>> [(round(x), round(y)) for x, y in places(4)]
    [(0, 1), (1, 0), (0, -1), (-1, 0)]
    """
    return [(radius * sin(2 * pi * i / n), radius * cos(2 * pi * i / n)) for i in range(n)]


def couples(n):
    """The lines to draw between n dancers: each two once, n·(n − 1)/2 of them.

    >>> couples(3)
    [(0, 1), (0, 2), (1, 2)]
    """
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def dance_floor(sizes=(4, 8, 16, 32)):
    """Dance floors with n dancers each, and the same n dancers walking past a door.

    A line is a couple: n·(n − 1)/2 lines. Attention counts *ordered* pairs, and each dancer with
    itself as well: n² = 2 × the lines + n. Each title gives both, so that nobody counts lines and
    misses n². Under each floor, the n looks of those who only walk past.

    Raises `ValueError` unless there are one to four sizes, whole numbers from 2 to 64.
    """
    sizes = tuple(sizes)
    if not 1 <= len(sizes) <= 4:
        raise ValueError(f"sizes = {sizes!r} has {len(sizes)} floors; one to four fit side by side.")
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= 64:
            raise ValueError(f"sizes holds {n!r}; each is a whole number of dancers from 2 to 64.")
    figure = new_figure()
    with house():
        figure.text(0.02, 0.985, _finding(sizes), fontsize=12, weight="bold", va="top")
        width = 0.98 / len(sizes)
        for column, n in enumerate(sizes):
            left = 0.01 + column * width
            floor = figure.add_axes([left, 0.26, width, 0.52], aspect="equal")
            _floor(floor, n)
            door = figure.add_axes([left, 0.02, width, 0.22], aspect="equal")
            _door(door, n)
    return figure


def _finding(sizes):
    doubles = all(b == 2 * a for a, b in zip(sizes, sizes[1:]))
    if len(sizes) > 1 and doubles:
        return "Twice the dancers: twice the looks at the door, four times the pairs"
    return "n dancers: n looks at the door, n² pairs on the floor"


def _floor(axes, n):
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    axes.axis("off")
    axes.add_patch(Circle((0, 0), 1.27, facecolor=FLOOR, edgecolor="none"))
    spots = places(n)
    axes.add_collection(LineCollection(
        [(spots[i], spots[j]) for i, j in couples(n)],
        colors=COUPLE, linewidths=1.8 if n <= 8 else 0.8 if n <= 16 else 0.35, label="couples",
    ))
    axes.scatter(*zip(*spots), s=90 if n <= 8 else 45 if n <= 16 else 16, color=DANCER, zorder=3,
                 edgecolors="white", linewidths=0.6, label="dancers")
    axes.set_title(f"n = {n}\n{n}² = {n * n:,} pairs\n{len(couples(n)):,} couples drawn",
                   fontsize=10, weight="normal", loc="center", linespacing=1.3)


def _door(axes, n):
    axes.set(xlim=(-1.3, 1.3), ylim=(-0.62, 0.52))
    axes.axis("off")
    axes.plot([-1.2, 1.2], [-0.2, -0.2], color=INK, linewidth=1)
    axes.add_patch(Rectangle((-0.17, -0.2), 0.34, 0.55, facecolor=FLOOR, edgecolor=INK, linewidth=1.2))
    axes.add_patch(Circle((0.09, 0.06), 0.028, facecolor=INK, edgecolor="none"))
    axes.add_patch(Arc((0, 0.35), 0.34, 0.2, theta1=0, theta2=180, color=INK, linewidth=1.2))
    left = n // 2
    step = min(0.25, 0.85 / max(left, n - left))
    xs = [-0.3 - step * (k + 0.0) for k in range(left)] + [0.3 + step * k for k in range(n - left)]
    axes.scatter(xs, [-0.1] * n, s=36 if n <= 8 else 20 if n <= 16 else 8, color=DANCER, zorder=3,
                 edgecolors="white", linewidths=0.4, label="walkers")
    axes.text(0, -0.3, f"past the door: {n} looks", ha="center", va="top", fontsize=10)
