"""Lesson 12: growth, by dragging."""

from helpers.exercises import EXERCISES, Exercise, Row, Verdict, not_yet, sheet


def _grown(n, four, two):
    """8·n·d² + 4·n²·d at d = 512 where the term `four` becomes four times as large, `two` twice."""
    cost = {"n²·d": 4 * n * n * 512, "n·d²": 8 * n * 512 * 512}
    return (4 * cost[four] + 2 * cost[two]) / sum(cost.values()), {
        4: f"4 is the factor of {four} alone: divide the numbers of the whole layer",
        2: f"2 is the factor of {two} alone: divide the numbers of the whole layer"}


EXERCISES["12.1"] = sheet({
    "n = 100: n doubled": _grown(100, "n²·d", "n·d²"),
    "n = 100: d doubled": _grown(100, "n·d²", "n²·d"),
    "n = 8,192: n doubled": _grown(8_192, "n²·d", "n·d²"),
    "n = 8,192: d doubled": _grown(8_192, "n·d²", "n²·d"),
}, slips=lambda value: {
    1 / value: "divide the new number by the old one",
    6 - value: "the other size gives that, or this at the other length: where do n and d stand?",
    value - 1: "by so much it grew; how many times as large is it?"},
    why="a short text pays for the width, a long one for its length")

EXERCISES["12.2"] = Exercise(65_536, {      # n = 2d at n = 131,072
    262_144: "the other way round: at the crossing n is twice d",
    131_072: "at n = d the projections still lead: 8·n·d² is twice 4·n²·d",
    16_384: "that is where the slider ends; what does the share say there?",
    131_072 // 6: "that is the crossing with the feed-forward layer counted too (n = 6d)",
}, why="half is reached where n = 2d, and no slider here goes so far", unit="elements")

EXERCISES["12.3"] = Exercise(lambda share, d: 2 * d * share / (1 - share), {
    "share / (share + 2 * d)": "that is the share itself, with n put in; solve it for n",
    "2 * d * share": "divide by what is left of the share, 1 − s",
    "2 * d * (1 - share) / share": "share and rest are the wrong way round",
    ("d * share / (1 - share)", "d / 2 * share / (1 - share)"): "at one half n is 2d: is yours?",
}, why="n = 2d·s/(1 − s): nine tenths are reached nine times as far out as one half",
    within=1e-6, at=[(0.5, 512), (0.9, 512), (0.25, 4_096)])


def _linear_view(answer):
    """GrowthExplorer on linear axes, three curves or more, none below 10 % of the tallest."""
    if type(answer).__name__ != "GrowthExplorer":
        return not_yet("paste the line that print(explorer) writes, GrowthExplorer(…)")
    from helpers.explorers.growth import on_the_floor
    state = answer.state
    if state.axes != "linear" or len(state.curves) < 3:
        return not_yet("linear axes, please, and three curves or more; here they are "
                       f"{state.axes}, with {len(state.curves)}")
    low = on_the_floor(state)
    return not_yet(f"on the floor lies: {', '.join(low)}. Can a walk past the door ever be as tall "
                   "as a dance? For the others, move n towards n = 2d") if low else Verdict(
        "correct", "costs of like size are what linear axes are for")


EXERCISES["12.4"] = Exercise(_linear_view)

# in vanilla RNNs: two for the four projections, and the products
square, seen = 2 + 131_072 / 4_096, 2 + 131_073 / 8_192
by_256, by_10, of_4096 = 2 + 256 / 4_096, 2 + 10 / 4_096, {3: "that is the window of 4,096"}
EXERCISES["12.5"] = sheet({
    "attention to all pairs": (square, {seen: "is that the triangle? Here all pairs count"}),
    "all pairs, the triangle that it sees": (seen, {
        square / 2: "half of the products; the projections stay whole",
        square: "that is the whole square"}),
    "window of 256": (by_256, of_4096),
    "window of 10": (by_10, of_4096 | {by_256: "that is the window of 256: has it moved?"}),
    "window of 10, n = 10,000,000": (by_10, {
        2 + 1e7 / 4_096: "that is attention to all pairs; read the line of restricted attention"}),
}, within=0.004, slips=lambda value: {(value - 2, round(value - 2, 2)): "that leaves the four "
                                      "projections out: they are two vanilla RNNs by themselves"},
    why="a window takes care of n², and the projections' 8·n·d² are two vanilla RNNs whatever it "
        "does")


def _strided(n, s):
    """The bill of a strided head 64 wide: 263 FLOPs a pair, and 64·n."""
    return 263 * n * (2 * s - 1 + n // s) + 64 * n


far = {2: "the budget is fixed, but is all that a token reads? Count the far ones: n/s of them"}
by_64, by_512 = (_strided(131_072, s) / _strided(65_536, s) for s in (64, 512))
EXERCISES["12.6"] = sheet({
    "window, budget 64": (2, {4: "that is all pairs"}),
    "linear attention": (2, {4: "that is all pairs"}),
    "strided, budget 64": (by_64, far | {4: "in the end it is 4, but here a part is linear"}),
    "strided, budget 512": (by_512, far | {by_64: "that is with a budget of 64"}),
    "strided, n = 131,072: the cheapest budget": Row(256, {     # the least _strided(131_072, 2**k)
        (4, 128, 512): "the bill falls and then rises again: drag on, and try both neighbours"}),
}, slips=lambda value: {1 / value: "divide the bill of the longer text by that of the shorter"},
    why="what a method reads nearby stays, what it reads far off grows with n; only a doubled n "
        "shows it")
