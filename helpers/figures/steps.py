"""One step of a layer: its matrices with their sizes, to the scale of the example of lesson 01."""

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

INCHES = {"n": 100 / 512, "d": 1.0}  # the example, n = 100 and d = 512
FILLS = {"n × d": COLOURS[0], "d × n": COLOURS[0], "d × d": COLOURS[2], "n × n": COLOURS[1]}
LABELS = 0.62  # inches above and below a matrix for its name and size


def matrix_step(*matrices, each=""):
    """A matrix product, or an elementwise step, drawn with its sizes: n = 100 and d = 512 to scale.

    matrices: pairs (name, size), the size one of "n × d", "d × n", "d × d", "n × n". Three are a product,
    left times right gives result: one row, one column and the number they make are dark. Two are an
    elementwise step. each: what one number of the result costs; a product says it by itself.

    Colours as in `attention_matrices`: blue has one row or column a token, green is a weight, orange is n × n.
    Raises ValueError for another number of matrices, an unknown size, or sides that do not fit.

    >>> figure = matrix_step(("x", "n × d"), ("w_q", "d × d"), ("q", "n × d"))
    >>> figure.axes[0].texts[-1].get_text()
    'n·d numbers,\\neach d multiply-adds'
    """
    sides = [_sides(name, size) for name, size in matrices]
    if len(matrices) not in (2, 3):
        raise ValueError(f"matrices: {len(matrices)} given; three are a product, two an elementwise step")
    if len(matrices) == 3 and (sides[0][1] != sides[1][0] or sides[2] != (sides[0][0], sides[1][1])):
        raise ValueError(f"matrices: ({matrices[0][1]}) · ({matrices[1][1]}) does not give ({matrices[2][1]})")
    if len(matrices) == 2 and sides[0] != sides[1]:
        raise ValueError(f"matrices: elementwise, {matrices[0][1]} stays {matrices[0][1]}, not {matrices[1][1]}")
    product = len(matrices) == 3
    tall = max(INCHES[rows] for rows, _ in sides) + LABELS
    figure = new_figure(height=tall)
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, tall))
        axes.axis("off")
        x = 0.2
        signs = ("·", "=", "") if product else ("→", "")
        marks = ("row", "column", "number") if product else ("number", "number")
        for (name, size), sign, mark in zip(matrices, signs, marks):
            x = _matrix(axes, x, tall / 2, name, size, mark) + 0.25
            axes.text(x, tall / 2, sign, fontsize=20, ha="center", va="center", color=INK)
            x += 0.25
        cost = f"each {sides[0][1]} multiply-adds" if product else f"each {each}"
        axes.text(4.75, tall / 2, f"{'·'.join(sides[-1])} numbers,\n{cost}", fontsize=12, va="center",
                  color=INK, linespacing=1.5)
    return figure


def _sides(name, size):
    if size not in FILLS:
        raise ValueError(f"{name}: size {size!r} is unknown; there are {', '.join(FILLS)}")
    return tuple(size.split(" × "))


def _matrix(axes, x, middle, name, size, mark):
    """Draw one matrix from x to the right, moved where its label needs room; return where it ends."""
    rows, columns = _sides(name, size)
    high, wide = INCHES[rows], INCHES[columns]
    x += max(0, 0.55 - wide) / 2
    low = middle - high / 2
    axes.add_patch(Rectangle((x, low), wide, high, facecolor=FILLS[size], alpha=0.35, edgecolor="none", label=name))
    dark = 0.05
    left, width = (x, wide) if mark == "row" else (x + wide * 0.3, dark)
    bottom, height = (low, high) if mark == "column" else (low + high * 0.6, dark)
    axes.add_patch(Rectangle((left, bottom), width, height, facecolor=FILLS[size], edgecolor="none"))
    axes.text(x + wide / 2, low + high + 0.05, name, ha="center", va="bottom", fontsize=11, color=INK)
    axes.text(x + wide / 2, low - 0.05, size, ha="center", va="top", fontsize=10, color=FILLS[size])
    return x + max(wide, wide / 2 + 0.275)
