"""Usual wrong answers to lesson 12 and a word of the hint that each must earn."""

from helpers.explorers import GrowthExplorer


def state(**values):
    return GrowthExplorer(**{"n": 1_000, "d": 512, "axes": "linear", "curves": ("products", "projections", "layer")}
                          | values)


TWICE = {"n = 100: n doubled": [4, 2.18], "n = 100: d doubled": [2, 3.82], "n = 8,192: n doubled": [4, 3.78],
         "n = 8,192: d doubled": [2, 2.22]}
RNNS = {"attention to all pairs": [32, 34], "all pairs, the triangle that it sees": [17, 18], "window of 256": [1, 2.06],
        "window of 10": [0.1, 2], "window of 10, n = 10,000,000": [0.1, 2]}
DOUBLED = {"window, budget 64": [2, 2], "linear attention": [2, 2], "strided, budget 64": [2, 3.78],
           "strided, budget 512": [2, 2.22], "strided, n = 131,072: the cheapest budget": [4, 256]}


def seen(right, *slips):
    """The sheet `right` with one row wrong, by its place: (row, what was seen, words of the hint)."""
    return [(right | {[*right][row]: [1, value]}, words) for row, value, words in slips]


WRONG = {
    "12.1": seen(TWICE, (1, 2.18, "where do n and d stand"), (0, 3.82, "where do n and d"), (0, 1.18, "it grew"),
        (2, 0.2646, "new number")) + [(TWICE | {"n = 100: n doubled": [None, 2.18]}, "predict first"),
        ({"n doubled": 2.2, "d doubled": 3.8}, "no entry")],
    "12.2": [((65, 536), "12_345"), ("65,536", "write it as a number: 65536")],
    "12.3": [(lambda share, d: share / (share + 2 * d), "solve"), (lambda share, d: 2 * d * share, "left"),
        (lambda share, d: 2 * d * (1 - share) / share, "wrong way round"), (lambda share, d: d * share / (1 - share), "2d"),
        (lambda share, d: d * share / (1 - share) / 2, "2d"), (lambda share, d: [][0], "raised")],
    "12.4": [(GrowthExplorer(), "linear axes"), (GrowthExplorer(axes="linear"), "on the floor"),
        (GrowthExplorer(axes="linear", curves=("dance", "products", "projections")), "dance"),
        (state(curves=("products", "projections")), "three"), (state(curves=("walk", "products", "projections")), "door"),
        (state(n=100_000), "towards n = 2d")],
    "12.5": seen(RNNS, (0, 18, "triangle"), (3, 2.06, "256"), (2, 2.05, "one digit more"), (4, 2_443, "restricted"))
        + [(RNNS | {"window of 256": [None, 2.06]}, "predict first"), (RNNS | {"window of 10": 2}, "two places")],
    "12.6": seen(DOUBLED, (3, 3.78, "64")),
}
