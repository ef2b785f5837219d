"""Four matrix products with their sides named: where each n and each d of a count comes from."""

from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea
from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

TRAIT, KEY, QUERY, COLUMN = COLOURS[2], COLOURS[1], COLOURS[0], COLOURS[3]

# name: the sides of a product (rows × summed) · (summed × columns); a side is None where it is 1,
# else its letter, what it counts, its colour
PRODUCTS = {
    "dot product": (None, ("d", "traits", TRAIT), None),
    "matrix product": (("n", "tokens", QUERY), ("d", "traits", TRAIT), ("d", "columns", COLUMN)),
    "one query, its scores": (None, ("d", "traits", TRAIT), ("n", "keys", KEY)),
    "all n queries, their scores": (("n", "queries", QUERY), ("d", "traits", TRAIT), ("n", "keys", KEY)),
}
INCHES = {"n": 0.78, "d": 0.46, None: 0.11}


def product_sizes():
    """Four products drawn with their sides named, and under each its FLOPs: 2 times its sides.

    A product of (rows × summed) and (summed × columns) costs 2·rows·summed·columns FLOPs. The dot
    product has only a summed side; each further side adds one factor, in its colour.
    """
    figure = new_figure(height=4.4)
    with house():
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 7), ylim=(0, 4.4))
        axes.axis("off")
        axes.text(0.14, 4.32, "Each colour is one factor of the count; what is summed leaves no side", fontsize=12,
                  weight="bold", va="top")
        for place, (name, sides) in enumerate(PRODUCTS.items()):
            _panel(axes, 0.2 + 3.2 * (place % 2), 2.14 - 2.1 * (place // 2), name, sides)
    return figure


def count_text(sides):
    """The FLOPs of a product as text.

    >>> count_text(PRODUCTS["one query, its scores"])
    '2·d·n'
    """
    return "·".join(["2", *(side[0] for side in _factors(sides))])


def _factors(sides):
    rows, summed, columns = sides
    return [side for side in (summed, columns, rows) if side]


def _panel(axes, left, bottom, name, sides):
    rows, summed, columns = sides
    high, inner, wide = (INCHES[side and side[0]] for side in sides)
    axes.text(left, bottom + 1.86, name, fontsize=11, weight="bold", va="top", color=INK)
    middle, x = bottom + 0.98, left + (0.66 if rows else 0.1)
    matrices = (high, inner, rows, summed), (inner, wide, summed, columns), (high, wide, rows, columns)
    for (tall, broad, down, across), sign in zip(matrices, ("·", "=", "")):
        top, floor = middle + tall / 2, middle - tall / 2
        axes.add_patch(Rectangle((x, floor), broad, tall, facecolor="#e8eef4", edgecolor=INK, linewidth=1))
        if down:
            axes.plot([x, x], [floor, top], color=down[2], linestyle="-", linewidth=3.5)
            words = {"·": f"{down[0]}\n{down[1]}" if down is rows else "", "=": "d", "": ""}[sign]
            axes.text(x - 0.06, middle, words, color=down[2], fontsize=10, ha="right", va="center", linespacing=1)
        if across:
            axes.plot([x, x + broad], [top, top], color=across[2], linestyle="-", linewidth=3.5)
            words = " ".join(across[:2]) if sign else ""
            axes.text(x + broad / 2, top + 0.06, words, color=across[2], fontsize=10, ha="center", va="bottom")
        gap = {"·": 0.44, "=": 0.34, "": 0}[sign]
        axes.text(x + broad + {"·": 0.15, "=": 0.17, "": 0}[sign], middle, sign, ha="center", va="center",
                  fontsize=18 if sign == "·" else 14, color=INK)
        x += broad + gap
    _count(axes, left + (1.75 if rows else 1.1), bottom + 0.22, sides)


def _count(axes, x, y, sides):
    style = {"fontsize": 13, "weight": "bold"}
    pieces = [TextArea("2", textprops={**style, "color": INK})]
    for letter, _, colour in _factors(sides):
        pieces.append(TextArea(f"·{letter}", textprops={**style, "color": colour}))
    pieces.append(TextArea(" FLOPs", textprops={"fontsize": 11, "color": INK}))
    axes.add_artist(AnnotationBbox(HPacker(children=pieces, pad=0, sep=0, align="baseline"), (x, y),
                                   frameon=False, box_alignment=(0.5, 0.5)))
