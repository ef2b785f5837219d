"""Matrices to scale; each drawing brings its own alternative text: `show(matrix_step(…))`."""

from re import findall

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure
from helpers.sizes import check_choice, check_size
from helpers.words import listed, times

BLUE, ORANGE, GREEN, *_ = COLOURS


def page(height, title, alt):
    """A figure 7 inches wide with its title and alternative text, and axes over it, in inches."""
    figure = new_figure(height=height)
    figure.alt = alt
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, height))
        axes.axis("off")
        _write(axes, 0.14, height - 0.08, title, 12, "black", ha="left", va="top", weight="bold")
    return figure, axes


def _write(axes, x, y, words, size=10, colour=INK, **more):
    axes.text(x, y, words, fontsize=size, color=colour, **{"ha": "center", "va": "center", **more})


SIDES = {**dict.fromkeys(("x", "y", "q", "k", "v", "mixed", "output"), ("n", "d")),
         **dict.fromkeys(("w", "w_q", "w_k", "w_v", "w_o"), ("d", "d")), "k.T": ("d", "n"),
         **dict.fromkeys(("scores", "scaled", "weights"), ("n", "n")),
         "q_1": ("1", "d"), "k_1.T": ("d", "1"), "score": ("1", "1"), "scores_1": ("1", "n")}
FILLS = {("d", "d"): GREEN, ("n", "n"): ORANGE}  # all others are blue
COLUMNS = (("x",), ("w_q", "w_k", "w_v"), ("q", "k", "v"), ("scores",), ("weights",), ("mixed",),
           ("w_o",), ("output",))
ARROWS = "x w_q, x w_k, x w_v, w_q q, w_k k, w_v v, q scores, k scores, scores weights, " \
         "weights mixed, v mixed, mixed w_o, w_o output"


def _matrix(axes, x, y, inches, name, alpha):
    """A matrix from its left side, around the height y; returns its height, width and colour."""
    high, wide = (inches[side] for side in SIDES[name])
    colour = FILLS.get(SIDES[name], BLUE)
    axes.add_patch(Rectangle((x, y - high / 2), wide, high, facecolor=colour, alpha=alpha,
                             edgecolor="none", label=name))
    _write(axes, x + wide / 2, y + high / 2 + 0.04, name, 10.5, va="bottom")
    _write(axes, x + wide / 2, y - high / 2 - 0.04, " × ".join(SIDES[name]), 10, colour, va="top")
    return high, wide, colour


def attention_matrices(n, d):
    """The matrices of self-attention to one scale; arrows say what goes where.

    Blue has one row a token, green is a weight, orange is n × n. A side thinner than a line is
    thickened. Raises ValueError unless n and d are whole numbers above 0.
    """
    n, d = check_size(n, "n"), check_size(d, "d")
    squares, weights = 2 * n * n, 4 * d * d
    more, fewer = ("two n × n matrices", "four weights")[::1 if squares > weights else -1]
    ratio = times(max(squares, weights) / min(squares, weights))
    finding = f"The {more} hold {ratio} × the numbers of the {fewer}"
    unit = min(5.1 / (6 * d + 2 * n), 0.62 / max(n, d))  # inches for one row or column
    inches = {"n": max(0.06, n * unit), "d": max(0.06, d * unit)}
    figure, axes = page(4, finding, f"Attention's matrices to scale for n = {n:,} and d = {d:,}, "
                        "left to right: x, three weights d by d, then q, k and v, each n by d, two "
                        "squares n by n, the scores and the weights after softmax, the mixed "
                        f"values, into which v goes too, the weight w_o, the output. {finding}.")
    slots = [max(inches[SIDES[names[0]][1]], 0.52) for names in COLUMNS]
    left, boxes = 0.12, {}
    with house():
        for names, slot in zip(COLUMNS, slots):
            for name, y in zip(names, (2.0,) if len(names) == 1 else (3.04, 2.0, 0.96)):
                start = left + (slot - inches[SIDES[name][1]]) / 2
                high, _, _ = _matrix(axes, start, y, inches, name, alpha=0.85)
                boxes[name] = left, left + slot, y, high
            left += slot + (6.76 - sum(slots)) / (len(COLUMNS) - 1)
        for start, end in (arrow.split() for arrow in ARROWS.split(", ")):
            (_, x, y, _), (left, right, middle, high) = boxes[start], boxes[end]
            target, bend = (left - 0.02, middle + 0.06 * (y > middle) - 0.06 * (y < middle)), {}
            if left - x > 0.8:  # others lie between: along, and then up
                target = (left + right) / 2, middle - high / 2 - 0.22
                bend = {"connectionstyle": "angle,angleA=0,angleB=90,rad=5"}
            axes.annotate("", target, (x + 0.02, y), arrowprops=bend | {
                "arrowstyle": "-|>", "color": "#8a8a8a", "linewidth": 1, "shrinkA": 0,
                "shrinkB": 0})
        _write(axes, 0.14, 0.15, f"n = {n:,} tokens, d = {d:,} elements per token; sides to scale, "
               "none thinner than a line", ha="left", va="baseline")
    return figure


def matrix_step(*steps, each="", title=""):
    """Steps of a layer as matrices, n = 100 and d = 512 to scale: "q @ k.T = scores".

    In a product a row, a column and the number that they make are dark, and its FLOPs stand beside
    it; "scores -> scaled" is an elementwise step, and `each` says what one number costs. Names are
    those of the lessons. Raises ValueError for a name without a size and for sizes that do not fit.

    >>> matrix_step("q @ k.T = scores").alt  # doctest: +ELLIPSIS
    'q @ k.T = scores, q n by d, k.T d by n and scores n by n: n·n numbers, ...'
    """
    rows = [findall(r"[\w.]+", step) for step in steps]
    for name in sum(rows, []):
        check_choice(name, "name of a matrix", tuple(SIDES))
    scale, said = 1 if len(steps) == 1 else 0.62, []
    inches = {"n": scale * 100 / 512, "d": scale, "1": scale * 0.03}
    tall = 0.62 + max(inches[SIDES[name][0]] for name in sum(rows, []))
    figure, axes = page(tall * len(steps) + 0.3 * bool(title), title, "")
    with house():
        for place, (step, names) in enumerate(zip(steps, rows)):
            product, sides = "@" in step, [SIDES[name] for name in names]
            (first, summed), last = sides[0], sides[len(sides) // 2][1]
            if sides != ([(first, summed), (summed, last), (first, last)] if product
                         else [(first, summed)] * 2):
                raise ValueError(f"step: {step!r}, of sizes {sides}, does not fit; "
                                 "write 'q @ k.T = scores' or 'scores -> scaled'")
            x, y = 0.2, tall * (len(steps) - place - 0.5)
            for column, (name, sign) in enumerate(zip(names, "·= " if product else "→ ")):
                x += max(0, 0.55 - inches[SIDES[name][1]]) / 2
                high, wide, colour = _matrix(axes, x, y, inches, name, alpha=0.35)
                dark, low = 0.05 * scale, y - high / 2
                row = (x, wide) if product and column == 0 else (x + 0.3 * wide, min(wide, dark))
                up = (low, high) if product and column == 1 else (low + 0.6 * high, min(high, dark))
                axes.add_patch(Rectangle((row[0], up[0]), row[1], up[1], facecolor=colour))
                x += max(wide, wide / 2 + 0.275) + 0.25
                _write(axes, x, y, sign, 18)
                x += 0.25
            made = [side for side in (first, last) if side != "1"]
            lines = ["·".join(made) + " numbers" if made else "1 number"]
            lines += [f"each {summed} multiply-adds", "·".join(["2", *made, summed]) + " FLOPs"] \
                if product else [f"each {each}"]
            _write(axes, 4.75, y, ",\n".join(lines), 12 if scale == 1 else 10, ha="left",
                   linespacing=1.4)
            sized = listed(f"{name} {' by '.join(SIDES[name])}" for name in names)
            said.append(f"{step}, {sized}: {', '.join(lines)}.")
    figure.alt = " ".join(said)
    return figure
