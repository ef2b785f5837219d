"""Lesson 10: what doubles, layers of windows, affordable features, and a mixture of layers."""

from helpers.exercises import EXERCISES, Exercise

stays = "asked is a factor: what stays as it is has the factor 1"
EXERCISES["10.1"] = Exercise({
    "FLOPs, all pairs": Exercise(4, {
        2: "each of twice the queries meets twice the keys: n counts twice"}),
    "FLOPs, window": Exercise(2, {
        4: "each query meets w keys, however long the text is", 1: "there are twice the queries"}),
    "FLOPs, linear state": Exercise(2, {
        4: "a token meets the state and no other token",
        1: "the state stays, the tokens that meet it double"}),
    "kept, all pairs": Exercise(2, {
        4: "what is kept has a key and a value for each token, not for each pair",
        1: "each new token leaves a key and a value"}),
    "kept, window": Exercise(1, {
        2: "what leaves the window is never looked at again",
        4: "the window does not grow with n", 0: stays}),
    "kept, linear state": Exercise(1, {(2, 4): "the state has d_h² numbers at any n", 0: stays}),
}, why="n counts twice where tokens meet tokens, and not at all in a fixed memory")

EXERCISES["10.2"] = Exercise(lambda n, window: -(-(n - 1) // (window - 1)), {
    ("-(-n // window)", "-(-(n - 1) // window)"):
        "a window of w holds the token itself: a layer goes back w − 1",
    "-(-n // (window - 1))": "from the last token to the first it is n − 1 steps, not n",
    ("(n - 1) // (window - 1)", "round((n - 1) / (window - 1))"):
        "a part of a layer is one more layer: round up",
    ("(n - 1) / (window - 1)", "n / window"): "layers are counted whole: round up",
    "-(-(n - window) // (window - 1))": "the first layer too adds w − 1 tokens to the one itself",
}, why="each layer adds w − 1 tokens, because the token itself is in the window",
    at=[(1_000, 9), (33, 9), (34, 9), (2, 2), (131_072, 4_096), (10, 10)])

EXERCISES["10.3"] = Exercise(lambda n, times: n // (2 * times), {   # 8·n·r·d_h against 4·n²·d_h
    "n // times": "features cost 8·n·r·d_h, twice all pairs': made for queries and keys first",
    "n // (4 * times)": "that is four products beside one: all pairs have two, 4·n²·d_h",
    "n * times // 2": "the other way round: more saving leaves room for fewer features",
    "n / (2 * times)": "features are counted whole: round down",
    ("-(-n // (2 * times))", "round(n / (2 * times))"): "one more breaks the bound: round down",
    "max(1, n // (2 * times))": "where not even one is affordable, the answer is 0",
    "n * n // (2 * times)": "the n of the features and one n of all pairs cancel: no n² is left",
}, why="8·n·r·d_h against 4·n²·d_h: the width cancels, and r = n/2 already costs as much as all "
       "pairs",
    at=[(8_192, 16), (1_024, 2), (131_072, 100), (1_000, 7), (512, 1), (1_000, 3), (8, 100)])

n, window = 131_072, 4_096
left = 25 * (n + 3 * window) / n        # percent of the cache of four layers with all pairs
EXERCISES["10.4"] = Exercise(left, {
    25: "the three windows keep something too",
    100 * window / n: "that is a layer of windows alone; one in four keeps all",
    100 - left: "that is what is saved; asked is what stays",
    25 * (3 * n + window) / n: "three layers have a window, and one has all pairs",
    left / 100: "that is a part of 1; asked is percent",
    4 * left: "divide by four layers of all pairs",
}, why="the layer with all pairs is nearly the whole bill: windows are small beside n",
    within=0.015, unit="percent")
