"""The stage of a service: cost against speed over batch sizes, a bar of memory, and a column of figures. Lesson 14."""

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from helpers.figures.growth import growth_axes
from helpers.figures.style import COLOURS, INK

# what limits: words, colour, dash
LIMITS = {"memory": ("memory limits", COLOURS[1], "-"), "arithmetic": ("arithmetic limits", COLOURS[0], "--"),
          "none": ("no room", "#8a8a8a", ":")}
ROWS = ("weights + cache", "1 user", "this batch", "memory full at", "first token after", "each user (tokens/s)",
        "in all (tokens/s)", "a million read (USD)")
HEIGHTS = (0.655, 0.565, 0.505, 0.445, 0.36, 0.3, 0.24, 0.18)
MARKS = {"1 user": ("o", "white"), "this batch": ("s", INK), "memory full at": ("D", "white")}
LEFT, RIGHT = 0.655, 0.98


def serving_stage(figure, x_limits, y_limits):
    """What stays is drawn; returned are the artists that move: a dict.

    curve: dict limit -> line; one, full, here: marks; key of full: the mark beside its row; bars, room: of the memory; device, title: texts; values: dict
    row -> text, for the rows of `ROWS`.

    >>> from helpers.figures import new_figure
    >>> sorted(serving_stage(new_figure(), (1, 1000), (0.1, 10)))
    ['bars', 'curve', 'device', 'full', 'here', 'key of full', 'one', 'room', 'title', 'values']
    """
    axes = figure.add_axes([0.12, 0.145, 0.485, 0.67])
    axes.yaxis.set_label_coords(0.022, 0.48, transform=figure.transFigure)
    growth_axes(axes)
    axes.set(xlim=x_limits, ylim=y_limits, xlabel="speed for each user (tokens per second)",
             ylabel="USD per million tokens written")
    for x, (words, colour, dash) in zip((0.12, 0.325, 0.545), LIMITS.values()):
        _line(figure, [x, x + 0.045], 0.862, color=colour, linestyle=dash)
        figure.text(x + 0.053, 0.862, words, fontsize=9.5, color=colour, va="center")
    side = figure.add_axes([LEFT, 0.70, RIGHT - LEFT, 0.06])
    side.set(xlim=(0, 1.01), ylim=(-0.02, 1.02))
    side.axis("off")
    style = {"fontsize": 9.5, "color": INK, "va": "center"}
    keys = {}
    for row, y in zip(ROWS, HEIGHTS):
        if row in MARKS:
            marker, face = MARKS[row]
            keys[row] = _line(figure, [LEFT + 0.011], y, color=INK, marker=marker, markerfacecolor=face)
        figure.text(LEFT + 0.032 * (row in MARKS), y, row, **style)
    mark = {"color": INK, "markerfacecolor": "white", "markersize": 8, "markeredgewidth": 1.8, "linestyle": "none"}
    return {
        "bars": [side.add_patch(Rectangle((0, 0), 0, 1, facecolor=colour, hatch=hatch, edgecolor="white"))
                 for colour, hatch in (("#555555", ""), ("#aaaaaa", "//"))],
        "room": side.add_patch(Rectangle((0, 0), 0, 1, facecolor="none", edgecolor="black", linewidth=1.6)),
        "curve": {key: axes.plot([], [], color=colour, linestyle=dash, linewidth=2.2)[0]
                  for key, (_, colour, dash) in reversed(LIMITS.items())},
        "one": axes.plot([], [], marker="o", **mark), "full": axes.plot([], [], marker="D", **mark),
        "here": axes.plot([], [], linestyle="none", marker="s", color=INK, markersize=10, markeredgecolor="white"),
        "key of full": keys["memory full at"],
        "device": figure.text(LEFT, 0.795, "", **style),
        "title": figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top"),
        "values": {row: figure.text(RIGHT, y, "", ha="right", **style) for row, y in zip(ROWS, HEIGHTS)},
    }


def _line(figure, x, y, **look):
    return figure.add_artist(Line2D(x, [y] * len(x), linewidth=2.2, markersize=8, markeredgewidth=1.8,
                                    transform=figure.transFigure, **{"linestyle": "none"} | look))
