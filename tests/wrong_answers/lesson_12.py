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


def but(right, row, seen, predicted=1):
    return right | {row: [predicted, seen]}


WRONG = {
    "12.1": [(but(TWICE, "n = 100: n doubled", 4), "alone"), (but(TWICE, "n = 100: n doubled", 2), "alone"),
             (but(TWICE, "n = 100: d doubled", 4), "n·d² alone"), (but(TWICE, "n = 8,192: d doubled", 2), "n²·d alone"),
             (but(TWICE, "n = 100: d doubled", 2.18), "where do n and d stand"), (but(TWICE, "n = 100: n doubled", 3.82), "where do n and d"),
             (but(TWICE, "n = 100: n doubled", 1.18), "it grew"), (but(TWICE, "n = 8,192: n doubled", 0.2646), "new number"),
             (but(TWICE, "n = 100: n doubled", 2.18, None), "predict first"), ({"n doubled": 2.2, "d doubled": 3.8}, "no entry"),
             ([2.2, 3.8], "dict")],
    "12.2": [(262_144, "other way"), (131_072, "still lead"), (16_384, "slider ends"), (21_845, "feed-forward"),
             (60_000, "too small"), ((65, 536), "12_345"), ("65,536", "write it as a number: 65536")],
    "12.3": [(lambda share, d: share / (share + 2 * d), "solve"), (lambda share, d: 2 * d * share, "left"),
             (lambda share, d: 2 * d * (1 - share) / share, "wrong way round"),
             (lambda share, d: d * share / (1 - share), "2d"), (lambda share, d: d * share / (1 - share) / 2, "2d"),
             (lambda share, d: n, "raised")],  # noqa: F821  a name that is not there
    "12.4": [(GrowthExplorer(), "logarithmic"), (GrowthExplorer(axes="linear"), "on the floor"),
             (GrowthExplorer(axes="linear", curves=("dance", "products", "projections")), "dance"), (state(axes="log"), "logarithmic"),
             (state(curves=("products", "projections")), "three"),
             (state(curves=("walk", "products", "projections")), "door"),
             (state(n=100_000), "crossing"), ("linear", "print"), ({"n": 1_000}, "print")],
    "12.5": [(but(RNNS, "attention to all pairs", 32), "projections"), (but(RNNS, "attention to all pairs", 18), "triangle"),
             (but(RNNS, "all pairs, the triangle that it sees", 17), "stay whole"), (but(RNNS, "window of 256", 0.0625), "projections"),
             (but(RNNS, "window of 10", 0), "projections"), (but(RNNS, "window of 10", 3), "moved"),
             (but(RNNS, "window of 10", 2.06), "256"), (but(RNNS, "window of 256", 2.05), "one digit more"),
             (but(RNNS, "window of 10, n = 10,000,000", 2_443), "restricted"), (but(RNNS, "window of 256", 2.06, None), "predict first"),
             (RNNS | {"window of 10": 2}, "two places")],
    "12.6": [(but(DOUBLED, "window, budget 64", 4), "all pairs"), (but(DOUBLED, "linear attention", 0.5), "longer text"),
             (but(DOUBLED, "strided, budget 64", 2), "far ones"), (but(DOUBLED, "strided, budget 64", 4), "nearly"),
             (but(DOUBLED, "strided, budget 512", 3.78), "64"),
             (but(DOUBLED, "strided, n = 131,072: the cheapest budget", 4), "drag on"),
             (but(DOUBLED, "strided, n = 131,072: the cheapest budget", 512), "neighbours")],
}
