"""The checks of lesson 12: growth, by dragging."""

from helpers.exercises import correct, describe, exercise, function, not_yet, number
from helpers.exercises.sheets import reading, sheet


@exercise("12.1")
def factors(answer):
    """Factors of 8·n·d² + 4·n²·d at d = 512 when n doubles, and when d does."""
    def row(n, four, two):
        """The row of one length; `four` and `two`, the terms that the doubled size makes so many times as large."""
        products, projections = 4 * n * n * 512, 8 * n * 512 * 512
        parts = {"n²·d": products, "n·d²": projections}
        value = (4 * parts[four] + 2 * parts[two]) / (products + projections)
        alone = "{} is the factor of {} alone: divide the numbers of the whole layer"
        return reading(value, tolerance=0.02, mistakes=[
            (alone.format(4, four), 4), (alone.format(2, two), 2), ("divide the new number by the old one", 1 / value),
            ("the other size gives that here, or this one at the other length: where do n and d stand?", 6 - value),
            ("by so much it grew; how many times as large is it?", value - 1)])

    return sheet(answer, {
        "n = 100: n doubled": row(100, "n²·d", "n·d²"), "n = 100: d doubled": row(100, "n·d²", "n²·d"),
        "n = 8,192: n doubled": row(8_192, "n²·d", "n·d²"), "n = 8,192: d doubled": row(8_192, "n·d²", "n²·d"),
    }, why="a short text pays for the width, a long one for its length")


@exercise("12.2")
def width(answer):
    """Width at which 131,072 tokens stand at the crossing n = 2d."""
    return number(
        answer, 65_536, "half is reached where n = 2d, and no slider here goes so far", unit="elements",
        mistakes=[("the other way round: at the crossing n is twice d", 262_144),
                  ("at n = d the projections still lead: 8·n·d² is twice 4·n²·d", 131_072),
                  ("that is where the slider ends; what does the share say there?", 16_384),
                  ("that is the crossing with the feed-forward layer counted too (n = 6d); here it is not", 131_072 // 6)])


@exercise("12.3")
def tokens_for_share(answer):
    """n with n/(n + 2d) = share."""
    return function(
        answer, lambda share, d: 2 * d * share / (1 - share), inputs=[(0.5, 512), (0.9, 512), (0.25, 4_096)],
        why="n = 2d·s/(1 − s): nine tenths are reached nine times as far out as one half", tolerance=1e-6,
        mistakes=[("that is the share itself, with n put in; solve s = n/(n + 2d) for n", lambda share, d: share / (share + 2 * d)),
                  ("divide by what is left of the share, 1 − s", lambda share, d: 2 * d * share),
                  ("share and rest are the wrong way round: a larger share needs a longer sequence",
                   lambda share, d: 2 * d * (1 - share) / share),
                  ("at one half this gives d; the terms are equal at n = 2d", lambda share, d: d * share / (1 - share)),
                  ("at one half this gives d/2; the terms are equal at n = 2d", lambda share, d: d / 2 * share / (1 - share))])


@exercise("12.4")
def linear_view(answer):
    """A state of GrowthExplorer: linear axes, three curves or more, none below 10 % of the tallest."""
    from helpers.explorers import GrowthExplorer
    from helpers.explorers.growth import on_the_floor

    answer = answer.state if isinstance(answer, GrowthExplorer) else answer
    if not isinstance(answer, GrowthExplorer.State):
        return not_yet(f"paste the line that print(explorer) writes, GrowthExplorer(…); this is {describe(answer)}")
    try:
        state = GrowthExplorer(n=answer.n, d=answer.d, curves=answer.curves, axes=answer.axes).state
    except ValueError as error:
        return not_yet(f"the explorer refuses this state: {error}")
    if state.axes != "linear":
        return not_yet("these axes are logarithmic; choose linear ones")
    if len(state.curves) < 3:
        return not_yet(f"three curves or more, please; here are {len(state.curves)}")
    flat = on_the_floor(state)
    if "walk" in state.curves and len(flat) >= 1:
        return not_yet("a curve lies on the floor: can a walk past the door ever be as tall as a dance?")
    if flat:
        return not_yet(f"on the floor lies: {', '.join(flat)}. Move n towards the crossing, n = 2d")
    return correct("costs of like size are what linear axes are for")


@exercise("12.5")
def vanilla_rnns(answer):
    """2 + w/d vanilla RNNs for restricted attention, 2 + n/d for all pairs, at n = 131,072 and d = 4,096."""
    left_out = "that leaves the four projections out: they are two vanilla RNNs by themselves, look at the list"

    def row(products, *mistakes):
        bare = [(left_out, products)] if products > 0.1 else [(left_out, products), (left_out, 0), (left_out, round(products, 2))]
        return reading(2 + products, tolerance=0.004, mistakes=[*mistakes, *bare])

    every, seen = 131_072 / 4_096, 131_073 / 8_192
    return sheet(answer, {
        "attention to all pairs": row(every, ("is that the triangle? Here all pairs count", 2 + seen)),
        "all pairs, the triangle that it sees": row(
            seen, ("half of the products; the projections stay whole", (2 + every) / 2), ("that is the whole square", 2 + every)),
        "window of 256": row(256 / 4_096, ("that is the window of 4,096: has it moved?", 3)),
        "window of 10": row(10 / 4_096, ("that is the window of 4,096: has it moved?", 3), ("that is the window of 256: has it moved?", 2.0625)),
        "window of 10, n = 10,000,000": row(10 / 4_096, ("that is attention to all pairs; read the line of restricted attention", 2 + 1e7 / 4_096)),
    }, why="a window takes care of n², and the projections' 8·n·d² are two vanilla RNNs whatever it does")


@exercise("12.6")
def when_n_doubles(answer):
    """Bills at 131,072 over those at 65,536 tokens, heads 64 wide: 263·n·(2s − 1 + n/s) + 64·n with a stride s."""
    def strided(n, s):
        return 263 * n * (2 * s - 1 + n // s) + 64 * n

    def row(value, *mistakes):
        return reading(value, tolerance=0.02, mistakes=[
            ("divide the bill of the longer text by that of the shorter", 1 / value), *mistakes])

    guess = ("the budget is fixed, but is all that a token reads? Count the far ones: n/s of them", 2)
    best = min((2**k for k in range(2, 10)), key=lambda s: strided(131_072, s))
    near = "the bill falls and then rises again: try its neighbours on the slider"
    return sheet(answer, {
        "window, budget 64": row(2, ("that is all pairs", 4)),
        "linear attention": row(2, ("that is all pairs", 4)),
        "strided, budget 64": row(strided(131_072, 64) / strided(65_536, 64), guess,
                                  ("nearly: in the end it is 4, but here some of the bill is linear", 4)),
        "strided, budget 512": row(strided(131_072, 512) / strided(65_536, 512), guess,
                                   ("that is with a budget of 64", strided(131_072, 64) / strided(65_536, 64))),
        "strided, n = 131,072: the cheapest budget": reading(best, mistakes=[
            ("a small stride has many far tokens to read: drag on", 4), (near, best // 2), (near, 2 * best)]),
    }, why="what a method reads nearby stays, what it reads far off grows with n; only a doubled n shows it")
