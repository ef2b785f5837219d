"""The checks of lesson 10: what doubles, layers of windows, affordable features, and a mixture of layers."""
from helpers.exercises import entries, exercise, function, number

NAMES = ("FLOPs, all pairs", "FLOPs, window", "FLOPs, linear state", "kept, all pairs", "kept, window", "kept, linear state")
STAYS = ("asked is a factor: what stays as it is has the factor 1", 0)


@exercise("10.1")
def doubled_text(answer):
    """Factors of FLOPs and of what is kept when the text doubles."""
    mistakes = {
        NAMES[0]: (4, [("each of twice the queries meets twice the keys: n counts twice", 2)]),
        NAMES[1]: (2, [("each query meets w keys, however long the text is", 4), ("there are twice the queries", 1)]),
        NAMES[2]: (2, [("a token meets the state and no other token", 4), ("the state stays, the tokens that meet it double", 1)]),
        NAMES[3]: (2, [("what is kept has a key and a value for each token, not for each pair", 4),
                       ("each new token leaves a key and a value", 1)]),
        NAMES[4]: (1, [("what leaves the window is never looked at again", 2), ("the window does not grow with n", 4), STAYS]),
        NAMES[5]: (1, [("the state has d_h² numbers at any n", 2), ("the state has d_h² numbers at any n", 4), STAYS]),
    }
    return entries(answer, {name: lambda value, right=right, wrong=wrong: number(value, right, "", mistakes=wrong)
                            for name, (right, wrong) in mistakes.items()},
                   why="n counts twice where tokens meet tokens, and not at all in a fixed memory")


@exercise("10.2")
def window_layers(answer):
    """Layers of causal windows until the last token hears of the first."""
    def needed(n, window):
        return -(-(n - 1) // (window - 1))

    return function(
        answer, needed, inputs=[(1_000, 9), (33, 9), (34, 9), (2, 2), (131_072, 4_096), (10, 10)],
        why="each layer adds w − 1 tokens, because the token itself is in the window", mistakes=[
            ("a window of w holds the token itself: a layer goes back w − 1", lambda n, window: -(-n // window)),
            ("a window of w holds the token itself: a layer goes back w − 1", lambda n, window: -(-(n - 1) // window)),
            ("from the last token to the first it is n − 1 steps, not n", lambda n, window: -(-n // (window - 1))),
            ("a part of a layer is one more layer: round up", lambda n, window: (n - 1) // (window - 1)),
            ("layers are counted whole: round up", lambda n, window: (n - 1) / (window - 1)),
            ("layers are counted whole: round up", lambda n, window: n / window),
            ("a part of a layer is one more layer: round up", lambda n, window: round((n - 1) / (window - 1))),
            ("the first layer too adds w − 1 tokens to the one itself", lambda n, window: -(-(n - window) // (window - 1))),
        ])


@exercise("10.3")
def affordable_features(answer):
    """The most features whose products cost 1/times of all pairs': n/(2·times)."""
    return function(
        answer, lambda n, times: n // (2 * times), inputs=[(8_192, 16), (1_024, 2), (131_072, 100), (1_000, 7), (512, 1), (1_000, 3), (8, 100)],
        why="8·n·r·d_h against 4·n²·d_h: the width cancels, and r = n/2 already costs as much as all pairs", mistakes=[
            ("features cost 8·n·r·d_h, twice the factor of all pairs: they are made for queries and keys first",
             lambda n, times: n // times),
            ("that is four products beside one: all pairs have two, 4·n²·d_h", lambda n, times: n // (4 * times)),
            ("that is the other way round: more saving leaves room for fewer features", lambda n, times: n * times // 2),
            ("features are counted whole: round down", lambda n, times: n / (2 * times)),
            ("one feature more breaks the bound: round down", lambda n, times: -(-n // (2 * times))),
            ("one feature more breaks the bound: round down", lambda n, times: round(n / (2 * times))),
            ("where not even one is affordable, the answer is 0", lambda n, times: max(1, n // (2 * times))),
            ("the n of the features and one n of all pairs cancel: no n² is left", lambda n, times: n * n // (2 * times)),
        ])


@exercise("10.4")
def mixture(answer):
    """One layer in four with all pairs, three with a window of 4,096, at n = 131,072: percent of the cache."""
    n, window = 131_072, 4_096
    return number(
        answer, 100 * (n + 3 * window) / (4 * n), "the layer with all pairs is nearly the whole bill: windows are small beside n",
        tolerance=0.015, unit="percent", mistakes=[
            ("the three windows keep something too", 25),
            ("that is a layer of windows alone; one in four keeps all", 100 * window / n),
            ("that is what is saved; asked is what stays", 100 - 100 * (n + 3 * window) / (4 * n)),
            ("three layers have a window, and one has all pairs", 100 * (3 * n + window) / (4 * n)),
            ("that is a part of 1; asked is percent", (n + 3 * window) / (4 * n)),
            ("divide by four layers of all pairs", 100 * (n + 3 * window) / n),
        ])
