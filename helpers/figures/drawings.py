"""Drawings to scale; each brings its own alternative text: `show(dance_floor())`."""

from math import cos, log10, pi, sin

from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure
from helpers.sizes import check_amount, check_choice, check_size
from helpers.words import bytes_text, times

BLUE, ORANGE, GREEN, PINK, _ = COLOURS
GREY, FLOOR = "#8a8a8a", "#f3ead9"


def page(height, title, alt):
    """A figure 7 inches wide with its title and alternative text, and axes over it, in inches."""
    figure = new_figure(height=height)
    figure.alt = alt
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, height))
        axes.axis("off")
        write(axes, 0.14, height - 0.08, title, 12, "black", ha="left", va="top", weight="bold")
    return figure, axes


def write(axes, x, y, words, size=10, colour=INK, **more):
    """Words around (x, y), unless `more` says otherwise."""
    axes.text(x, y, words, fontsize=size, color=colour, **{"ha": "center", "va": "center", **more})


def box(axes, x, y, wide, high, colour, **more):
    """A filled rectangle from its lower left corner."""
    axes.add_patch(Rectangle((x, y), wide, high, facecolor=colour, **more))


def couples(n):
    """The pairs of n dancers, each once: n·(n − 1)/2 of them.

    >>> couples(3)
    [(0, 1), (0, 2), (1, 2)]
    """
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def on_circle(n, x=0.0, y=0.0, radius=1.0):
    """Where n dancers stand on a circle, the first at the top."""
    angles = [2 * pi * i / n for i in range(n)]
    return [(x + radius * sin(angle), y + radius * cos(angle)) for angle in angles]


def dance_floor(sizes=(4, 8, 16, 32)):
    """Floors with n dancers, a line for each two, and under each the n who walk past a door.

    Attention counts ordered pairs, and each dancer with itself: n² = 2 × the lines + n.
    Raises ValueError for more than four floors, and for sizes that are not 2 to 64.
    """
    sizes = [check_size(n, "sizes", least=2) for n in sizes]
    if not 1 <= len(sizes) <= 4 or max(sizes) > 64:
        raise ValueError(f"sizes: {sizes} cannot be drawn; give one to four sizes from 2 to 64")
    said = "; ".join(f"{n} dancers: {n * n:,} pairs, {len(couples(n))} couples drawn, {n} looks"
                     for n in sizes)
    title = "Twice the dancers: twice the looks at the door, four times the pairs"
    figure, axes = page(4, title, "Dance floors with dancers on a circle, each joined to each by a "
                        "line, and below each floor the same dancers in a row at a door. "
                        f"The fuller the floor, the longer the row. {said}.")
    with house():
        for column, n in enumerate(sizes):
            x = 0.89 + 1.74 * column
            spots = on_circle(n, x, 2.1, 0.62)
            axes.add_patch(Circle((x, 2.1), 0.8, facecolor=FLOOR))
            axes.add_collection(LineCollection([(spots[i], spots[j]) for i, j in couples(n)],
                                               colors=BLUE, linewidths=min(1.8, 13 / n)))
            axes.plot(*zip(*spots), "o", color=ORANGE, markersize=8 if n <= 16 else 4,
                      markeredgecolor="white", markeredgewidth=0.6)
            counts = f"n = {n}\n{n}² = {n * n:,} pairs\n{len(couples(n)):,} couples drawn"
            write(axes, x, 3.02, counts, va="bottom", linespacing=1.3)
            box(axes, x - 0.8, 0.5, 0.2, 0.38, FLOOR, edgecolor=INK, linewidth=1.2)
            axes.plot([x - 0.8, x + 0.8], [0.5, 0.5], color=INK, linewidth=1, linestyle="-")
            axes.plot([x - 0.53 + 0.042 * k for k in range(n)], [0.56] * n, "o", color=ORANGE,
                      markersize=3, markeredgewidth=0)
            write(axes, x, 0.4, f"past the door: {n} looks", va="top")
    return figure


SIDES = {**dict.fromkeys(("x", "y", "q", "k", "v", "mixed", "output"), ("n", "d")),
         **dict.fromkeys(("w", "w_q", "w_k", "w_v", "w_o"), ("d", "d")), "k.T": ("d", "n"),
         **dict.fromkeys(("scores", "scaled", "weights"), ("n", "n")),
         "q_1": ("1", "d"), "k_1.T": ("d", "1"), "score": ("1", "1"), "scores_1": ("1", "n")}
FILLS = {("d", "d"): GREEN, ("n", "n"): ORANGE}  # all others are blue
COLUMNS = (("x",), ("w_q", "w_k", "w_v"), ("q", "k", "v"), ("scores",), ("weights",), ("mixed",),
           ("w_o",), ("output",))
ARROWS = "x w_q, x w_k, x w_v, w_q q, w_k k, w_v v, q scores, k scores, scores weights, " \
         "weights mixed, v mixed, mixed w_o, w_o output"


def matrix(axes, x, y, wide, high, name, alpha):
    """One matrix with its name above and its size below."""
    colour = FILLS.get(SIDES[name], BLUE)
    box(axes, x, y, wide, high, colour, alpha=alpha, edgecolor="none", label=name)
    write(axes, x + wide / 2, y + high + 0.04, name, 10.5, va="bottom")
    write(axes, x + wide / 2, y - 0.04, " × ".join(SIDES[name]), 10, colour, va="top")


def attention_matrices(n, d):
    """The matrices of self-attention to one scale; arrows say what goes where.

    Blue has one row a token, green is a weight, orange is n × n. A side thinner than a line is
    thickened, and the caption says so. Raises ValueError unless n and d are whole numbers above 0.
    """
    n, d = check_size(n, "n"), check_size(d, "d")
    squares, weights = 2 * n * n, 4 * d * d
    more, fewer = ("two n × n matrices", "four weights")[::1 if squares > weights else -1]
    ratio = max(squares, weights) / min(squares, weights)
    ratio = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
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
                high, wide = (inches[side] for side in SIDES[name])
                matrix(axes, left + (slot - wide) / 2, y - high / 2, wide, high, name, alpha=0.85)
                boxes[name] = left, left + slot, y, high
            left += slot + (6.76 - sum(slots)) / (len(COLUMNS) - 1)
        for start, end in (arrow.split() for arrow in ARROWS.split(", ")):
            (_, x, y, _), (left, right, middle, high) = boxes[start], boxes[end]
            target, bend = (left - 0.02, middle + 0.06 * (y > middle) - 0.06 * (y < middle)), {}
            if left - x > 0.8:  # others lie between: along, and then up
                target = (left + right) / 2, middle - high / 2 - 0.22
                bend = {"connectionstyle": "angle,angleA=0,angleB=90,rad=5"}
            axes.annotate("", target, (x + 0.02, y), arrowprops=bend | {
                "arrowstyle": "-|>", "color": GREY, "linewidth": 1, "shrinkA": 0, "shrinkB": 0})
        thin = ", thin ones thickened" if min(n, d) * unit < 0.06 else ""
        caption = f"n = {n:,} tokens, d = {d:,} elements per token; sides to scale{thin}"
        write(axes, 0.14, 0.15, caption, ha="left", va="baseline")
    return figure


INCHES = {"n": 100 / 512, "d": 1.0, "1": 0.03}  # lesson 01's example, n = 100 and d = 512


def matrix_step(*steps, each="", title=""):
    """Steps of a layer as matrices, n = 100 and d = 512 to scale: "q @ k.T = scores".

    In a product a row, a column and the number that they make are dark, and its FLOPs stand beside
    it; "scores -> scaled" is an elementwise step, and `each` says what one number costs. Names are
    those of the lessons. Raises ValueError for a name without a size and for sizes that do not fit.

    >>> matrix_step("w @ w = w").alt
    'w, d by d, times w, d by d, gives w, d by d: d·d numbers, each d multiply-adds, 2·d·d·d FLOPs.'
    """
    rows = [step.replace("@", " ").replace("->", " ").replace("=", " ").split() for step in steps]
    for name in sum(rows, []):
        check_choice(name, "name of a matrix", tuple(SIDES))
    scale = 1 if len(steps) == 1 else 0.62
    tall = scale * max(INCHES[SIDES[name][0]] for name in sum(rows, [])) + 0.62
    figure, axes = page(tall * len(steps) + 0.3 * bool(title), title, "")
    said = []
    with house():
        for place, (step, names) in enumerate(zip(steps, rows)):
            y, sides = tall * (len(steps) - place - 0.5), [SIDES[name] for name in names]
            if "@" in step:
                fits = len(names) == 3 and sides[2] == (sides[0][0], sides[1][1])
                fits = fits and sides[0][1] == sides[1][0]
                signs, marks, verbs = "·= ", ("row", "column", "number"), ("times", "gives")
            else:
                fits = len(names) == 2 and sides[0] == sides[1]
                signs, marks, verbs = "→ ", ("number", "number"), ("becomes",)
            if not fits:
                raise ValueError(f"step: {step!r}, of sizes {sides}, does not fit; "
                                 "write 'q @ k.T = scores' or 'scores -> scaled'")
            x = 0.2
            for name, sign, mark in zip(names, signs, marks):
                high, wide = (scale * INCHES[side] for side in SIDES[name])
                x += max(0, 0.55 - wide) / 2
                matrix(axes, x, y - high / 2, wide, high, name, alpha=0.35)
                dark, low = 0.05 * scale, y - high / 2
                across = (x, wide) if mark == "row" else (x + 0.3 * wide, min(wide, dark))
                up = (low, high) if mark == "column" else (low + 0.6 * high, min(high, dark))
                box(axes, across[0], up[0], across[1], up[1], FILLS.get(SIDES[name], BLUE))
                x += max(wide, wide / 2 + 0.275) + 0.25
                write(axes, x, y, sign, 18)
                x += 0.25
            lines = step_costs(sides, each)
            size = 12 if scale == 1 else 10
            write(axes, 4.75, y, ",\n".join(lines), size, ha="left", linespacing=1.4)
            sized = [f"{name}, {' by '.join(SIDES[name])}" for name in names]
            told = [sized[0], *(f"{verb} {name}" for verb, name in zip(verbs, sized[1:]))]
            said.append(f"{', '.join(told)}: {', '.join(lines)}.")
    figure.alt = " ".join(said)
    return figure


def step_costs(sides, each):
    """What a step makes and costs, in words; three sides are a product, two an elementwise step."""
    letters = [side for side in sides[-1] if side != "1"]
    numbers = f"{'·'.join(letters)} numbers" if letters else "1 number"
    if len(sides) == 2:
        return [numbers, f"each {each}"]
    summed = sides[0][1]
    return [numbers, f"each {summed} multiply-adds", f"{'·'.join(['2', *letters, summed])} FLOPs"]


def weight_strips(d, d_ff, n_layers, vocab_size, max_positions):
    """Every weight matrix of a GPT-2 as a strip of height d: its length is its parameters over d.

    Half of the layers in each row; biases and norms are too thin to be seen.
    """
    for name, size in locals().copy().items():
        check_size(size, name)
    row, layer = -(-n_layers // 2), 4 * d + 2 * d_ff
    inch = 6.7 / max(vocab_size + max_positions, row * layer * 1.02)
    finding = f"The {n_layers} layers are {n_layers * layer / vocab_size:.1f} token tables long"
    figure, axes = page(2.7, finding, "Weight matrices as strips of equal height, length to scale: "
                        f"the token table, {vocab_size:,} columns, with a short piece of positions "
                        f"at its end; below it {n_layers} layers in two rows, each with four short "
                        f"pieces q, k, v, o and two long ones, in and out. {finding}.")

    def strip(x, y, length, colour, words=""):
        box(axes, x, y, length * inch, 0.42, colour, alpha=0.4, edgecolor="white", linewidth=0.8)
        write(axes, x + length * inch / 2, y + 0.21, words, 9)
        return x + length * inch

    left = {"ha": "left", "va": "baseline"}
    with house():
        write(axes, 0.14, 2.18, f"token table, {vocab_size:,} × {d}", **left)
        words = "looked up on the way in, multiplied on the way out"
        end = strip(0.14, 1.7, vocab_size, GREY, words)
        end = strip(end, 1.7, max_positions, PINK)
        write(axes, end, 2.18, "positions", 10, PINK, ha="right", va="baseline")
        for place in range(n_layers):
            x, y = 0.14 + (place % row) * layer * 1.02 * inch, (0.88, 0.1)[place // row]
            write(axes, x, y + 0.47, f"layer {place + 1}", 9, **left)
            for name in "qkvo":
                x = strip(x, y, d, BLUE, name)
            for name in ("in", "out"):
                x = strip(x, y, d_ff, GREEN, name)
    return figure


def memory_hierarchy(levels):
    """Memories as steps, the fastest and smallest on top; widths grow with the size's logarithm.

    levels: two to five rows (name, bytes, bytes per second), ValueError otherwise.
    """
    if not 2 <= len(levels) <= 5:
        raise ValueError(f"levels: {len(levels)} rows; give two to five (name, bytes, bytes/s)")
    for name, size, speed in levels:
        check_amount(size, f"bytes of {name!r}")
        check_amount(speed, f"bytes per second of {name!r}")
    (_, small, quick), (_, large, slow), *_ = levels
    height, decades = 0.78 + 0.72 * len(levels), log10(max(size for _, size, _ in levels) / small)
    finding = f"One step down: {times(large / small)} × the room, {times(quick / slow)} × slower"
    rows = [f"{name}, {bytes_text(size)} at {bytes_text(speed)}/s" for name, size, speed in levels]
    figure, axes = page(height, finding, f"Bars, wider downward: {'; '.join(rows)}. {finding}.")
    with house():
        for place, (name, size, speed) in enumerate(levels):
            wide, y = 2.6 + 4.1 * log10(size / small) / decades, height - 1.1 - 0.72 * place
            colour = (ORANGE, BLUE, GREEN, PINK, GREY)[place]
            box(axes, 3.5 - wide / 2, y, wide, 0.6, colour, alpha=0.85, edgecolor="white")
            write(axes, 3.5, y + 0.41, name, 10.5, "white", weight="bold")
            write(axes, 3.5, y + 0.17, f"{bytes_text(size)}, {bytes_text(speed)}/s", 10, "white")
        write(axes, 0.14, 0.1, "widths grow with the logarithm of the size: not to scale", 9,
              ha="left", va="baseline")
    return figure
