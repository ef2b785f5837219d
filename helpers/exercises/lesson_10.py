"""Lesson 10: what doubles, layers of windows, affordable features, and a mixture of layers."""

from helpers.exercises import EXERCISES, Exercise

stays = {0: "asked is a factor: what stays as it is has the factor 1"}
EXERCISES["10.1"] = Exercise({
    "FLOPs, all pairs": (4, {2: "each of twice the queries meets twice the keys"}),
    "FLOPs, window": (2, {4: "each query meets w keys, however long the text is"}),
    "FLOPs, linear state": (2, {(1, 4): "twice the tokens, and each meets the state alone"}),
    "kept, all pairs": (2, {(1, 4): "each token leaves a key and a value, and no pair leaves any"}),
    "kept, window": (1, stays | {2: "what leaves the window is never looked at again"}),
    "kept, linear state": (1, stays | {(2, 4): "the state has d_h² numbers at any n"}),
}, why="n counts twice where tokens meet tokens, and not at all in a fixed memory")

EXERCISES["10.2"] = Exercise(lambda n, window: -(-(n - 1) // (window - 1)), {
    ("-(-n // window)", "-(-(n - 1) // window)"):
        "a window of w holds the token itself: a layer goes back w − 1",
    "-(-n // (window - 1))": "from the last token to the first it is n − 1 steps, not n",
    ("(n - 1) // (window - 1)", "round((n - 1) / (window - 1))", "(n - 1) / (window - 1)"):
        "a part of a layer is one more layer: round up",
}, why="each layer adds w − 1 tokens, because the token itself is in the window",
    at=[(1_000, 9), (33, 9), (34, 9), (2, 2), (131_072, 4_096), (10, 10)])

EXERCISES["10.3"] = Exercise(lambda n, times: n // (2 * times), {   # 8·n·r·d_h against 4·n²·d_h
    ("n // times", "n // (4 * times)"): "features cost 8·n·r·d_h, all pairs' products 4·n²·d_h",
    "n * times // 2": "the other way round: more saving leaves room for fewer features",
    ("n / (2 * times)", "-(-n // (2 * times))", "round(n / (2 * times))", "max(1, n // (2*times))"):
        "features are counted whole, and one more breaks the bound: round down, if need be to 0",
}, why="8·n·r·d_h against 4·n²·d_h: the width cancels, and r = n/2 already costs as much as all "
       "pairs",
    at=[(8_192, 16), (1_024, 2), (131_072, 100), (1_000, 7), (512, 1), (1_000, 3), (8, 100)])

n, window = 131_072, 4_096
left = 25 * (n + 3 * window) / n        # percent of the cache of four layers with all pairs
EXERCISES["10.4"] = Exercise(left, {
    25: "the three windows keep something too", 4 * left: "divide by four layers of all pairs",
    100 * window / n: "that is a layer of windows alone; one in four keeps all",
    100 - left: "that is what is saved; asked is what stays",
    25 * (3 * n + window) / n: "three layers have a window, and one has all pairs",
}, why="the layer with all pairs is nearly the whole bill: windows are small beside n",
    within=0.015, unit="percent")
