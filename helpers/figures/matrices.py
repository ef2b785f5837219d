"""The matrices of self-attention with their sizes, to scale."""

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

BLUE, ORANGE, GREEN = COLOURS[:3]
THIN = 0.06  # inches: a side shorter than this would vanish
ARROWS = [*(("x", weight) for weight in ("$W_Q$", "$W_K$", "$W_V$")), ("$W_Q$", "Q"), ("$W_K$", "K"), ("$W_V$", "V"),
          ("Q", "Q·Kᵀ"), ("K", "Q·Kᵀ"), ("Q·Kᵀ", "softmax"), ("softmax", "mixed"), ("V", "mixed"), ("mixed", "$W_O$"),
          ("$W_O$", "output")]


def attention_matrices(n, d):
    """The matrices of self-attention drawn to scale: n tokens high or wide, d elements wide.

    Left to right: the input x, the three weights, queries, keys and values, the scores, the
    weights after softmax, their mix of the values, the output weights, the output. Arrows say what
    goes where. What grows as n² is orange, what holds learned weights green, what has one row a
    token blue. A side that would be thinner than a line is drawn as a line, and the caption says so.

    Raises `ValueError` unless n and d are whole numbers of at least 1.
    """
    for name, value in (("n", n), ("d", d)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} = {value!r} is no size; give a whole number of at least 1.")
    unit = min(5.1 / (6 * d + 2 * n), 0.62 / max(n, d))  # inches for one row or column
    high, wide = max(THIN, n * unit), max(THIN, d * unit)
    token, weight, square = (wide, high, "n × d", BLUE), (wide, wide, "d × d", GREEN), (high, high, "n × n", ORANGE)
    columns = [
        [("x", *token)],
        [("$W_Q$", *weight), ("$W_K$", *weight), ("$W_V$", *weight)],
        [("Q", *token), ("K", *token), ("V", *token)],
        [("Q·Kᵀ", *square)],
        [("softmax", *square)],
        [("mixed", *token)],
        [("$W_O$", *weight)],
        [("output", *token)],
    ]
    slots = [max(width, 0.52) for (_, width, *_), *_ in columns]  # a label needs its room too
    gap = (6.76 - sum(slots)) / (len(columns) - 1)
    figure = new_figure()
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, 4))
        axes.axis("off")
        axes.text(0.14, 3.92, _finding(n, d), fontsize=12, weight="bold", va="top")
        left, slot_of = 0.12, {}
        for column, slot in zip(columns, slots):
            for middle, (name, width, height, size, colour) in zip(ROWS[len(column)], column):
                _matrix(axes, left + slot / 2, middle, width, height, name, size, colour)
                slot_of[name] = left, left + slot, middle, height
            left += slot + gap
        for start, end in ARROWS:
            _arrow(axes, slot_of[start], slot_of[end])
        axes.text(0.14, 0.15, _caption(n, d, unit), fontsize=10, color=INK, va="center")
    return figure


ROWS = {1: (2.0,), 3: (3.04, 2.0, 0.96)}


def _matrix(axes, x, y, width, height, name, size, colour):
    axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, facecolor=colour,
                             alpha=0.85, edgecolor="white", linewidth=0.5, label=name))
    axes.text(x, y + height / 2 + 0.03, name, ha="center", va="bottom", fontsize=10.5, color=INK)
    axes.text(x, y - height / 2 - 0.03, size, ha="center", va="top", fontsize=10, color=colour)


def _arrow(axes, start, end):
    """From the right of one matrix to the left of another; where others lie between, along and then up."""
    _, x, y, _ = start
    left, right, middle, height = end
    target, bend = (left - 0.02, middle + 0.06 * (y > middle) - 0.06 * (y < middle)), {}
    if left - x > 0.8:
        target = (left + right) / 2, middle - height / 2 - 0.22
        bend = {"connectionstyle": "angle,angleA=0,angleB=90,rad=5"}
    axes.annotate("", target, (x + 0.02, y), arrowprops={
        "arrowstyle": "-|>", "color": "#888888", "linewidth": 1, "shrinkA": 0, "shrinkB": 0, **bend})


def _finding(n, d):
    squares, weights = 2 * n * n, 4 * d * d
    if squares == weights:
        return "The two n × n matrices hold as many numbers as the four weights"
    many, few = max(squares, weights), min(squares, weights)
    ratio = many / few
    times = f"{ratio:,.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"
    first, second = ("two n × n matrices", "four weights") if squares > weights else ("four weights", "two n × n matrices")
    return f"The {first} hold {times} the numbers of the {second}"


def _caption(n, d, unit):
    thin = ", thin ones thickened" if min(n, d) * unit < THIN else ""
    return f"n = {n:,} tokens, d = {d:,} elements per token; sides to scale{thin}"
