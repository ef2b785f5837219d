"""The checks of lesson 12: growth, by dragging."""

from helpers.exercises import correct, describe, entries, exercise, function, not_yet, number


@exercise("12.1")
def factors(answer):
    """Factors by which the layer's cost grows at n = 100, d = 512; 2.18 and 3.82."""
    return entries(answer, {
        "n doubled": lambda value: number(
            value, 1224 * 2 / 1124, "", tolerance=0.03,
            mistakes=[("4 is the factor of n²·d alone; most of this layer is 8·n·d²", 4),
                      ("close: the projections double, and the two products do a little more", 2)]),
        "d doubled": lambda value: number(
            value, 4296 / 1124, "", tolerance=0.03,
            mistakes=[("2 is the factor of n²·d alone; most of this layer is 8·n·d²", 2),
                      ("close: the projections grow so, the two products less", 4)]),
    }, why="at this size most of the layer is 8·n·d², so the width costs more")


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
    """A state of GrowthExplorer: linear axes, three curves or more, each above 2 % of the tallest."""
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
