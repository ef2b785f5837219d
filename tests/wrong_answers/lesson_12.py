"""Usual wrong answers to lesson 12 and a word of the hint that each must earn."""

from helpers.explorers import GrowthExplorer


def state(**values):
    return GrowthExplorer(**{"n": 1_000, "d": 512, "axes": "linear", "curves": ("products", "projections", "layer")}
                          | values).state


WRONG = {
    "12.1": [({"n doubled": 4, "d doubled": 2}, "alone"), ({"n doubled": 2, "d doubled": 3.8}, "close"),
             ({"n doubled": 2.2, "d doubled": 2}, "alone"), ({"n doubled": 2.2, "d doubled": 4}, "close"),
             ({"n doubled": 3.8, "d doubled": 2.2}, ""), ([2.2, 3.8], "")],
    "12.2": [(262_144, "other way"), (131_072, "still lead"), (16_384, "slider ends"), (21_845, "feed-forward"),
             (60_000, "too small")],
    "12.3": [(lambda share, d: share / (share + 2 * d), "solve"), (lambda share, d: 2 * d * share, "left"),
             (lambda share, d: 2 * d * (1 - share) / share, "wrong way round"),
             (lambda share, d: d * share / (1 - share), "2d"), (lambda share, d: d * share / (1 - share) / 2, "2d"),
             (lambda share, d: n, "raised")],  # noqa: F821  a name that is not there
    "12.4": [(GrowthExplorer(), "logarithmic"), (state(axes="log"), "logarithmic"),
             (state(curves=("products", "projections")), "three"),
             (state(curves=("walk", "products", "projections")), "door"),
             (state(n=100_000), "crossing"), ("linear", "print"), ({"n": 1_000}, "print")],
}
