"""GrowthExplorer: how the costs of lessons 01 and 03 grow with n, for one width d.

Counts are exact; a multiply-add is 2 FLOPs; softmax and scaling (6·n²) are left out.
"""

from math import ceil, floor, log10

from helpers.explorers.explorer import View
from helpers.explorers.panel import one_two_five
from helpers.explorers.scene import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Axes, Page
from helpers.words import percent, power, times

# key: (name, formula, count in exact whole numbers, colour, dash, point)
CURVES = {
    "walk": ("walk past the door", "n", lambda n, d: n, GREY, (), "X"),
    "dance": ("the dance", "n²·d", lambda n, d: n * n * d, ORANGE, (9, 4), "s"),
    "products": ("two products", "4·n²·d", lambda n, d: 4 * n * n * d, PURPLE, (12, 4, 3, 4), "D"),
    "projections": ("projections", "8·n·d²", lambda n, d: 8 * n * d * d, BLUE, (14, 4, 3, 4), "o"),
    "layer": ("attention layer", "8·n·d² + 4·n²·d",
              lambda n, d: 8 * n * d * d + 4 * n * n * d, INK, (), "v"),
    "feed_forward": ("feed-forward", "16·n·d²", lambda n, d: 16 * n * d * d, GREEN, (3, 4), "^"),
}
LAYER = {"products", "projections", "layer", "feed_forward"}  # of lesson 03; the others are 01's
UNITS = {"walk": "looks", "dance": "comparisons"}  # a comparison is one multiply-add; others: FLOPs
END = 10**7


def view(s, before):
    """Curves over n; the state before the move is a ghost, with what became of each cost."""
    page, chosen = Page(), set(s.curves)
    x, y, lengths = scales(s)
    axes = Axes(page, 84, 46, 395, 300, x, y, "sequence length n (tokens)", "count")
    moved = before and (before.n, before.d) != (s.n, s.d)
    for key in s.curves:
        name, formula, cost, colour, dash, shape = CURVES[key]
        axes.curve(lengths, [cost(n, s.d) for n in lengths], colour, dash,
                   name=name if "+" in formula else f"{name}, {formula}")
        if moved and before.d != s.d:
            axes.curve(lengths, [cost(n, before.d) for n in lengths], colour, dash, 1.5, fade=0.4)
        if moved:
            axes.point(before.n, cost(before.n, before.d), shape, colour, fade=0.4)
        axes.point(s.n, cost(s.n, s.d), shape, colour, says=f"{name}: {cost(s.n, s.d):,}")
    if moved and before.n <= x[1]:
        axes.upright(before.n, fade=0.4)
    if 2 * s.d <= x[1] and LAYER & chosen:
        axes.upright(2 * s.d, "n = 2d", row=1, dash=(3, 3))
    axes.upright(s.n, f"n = {s.n:,}", colour=INK)
    for key, row in zip(s.curves, axes.name_ends(size=12)):
        if moved:
            ratio = CURVES[key][2](s.n, s.d) / CURVES[key][2](before.n, before.d)
            said = power(ratio) if ratio >= 1e6 else times(ratio)  # beside the name, in its line
            page.words(694, row, f"× {said}", 12, anchor="end", bold=True)

    numbers = {f"{name}, {formula} ({UNITS.get(key, 'FLOPs')})": cost(s.n, s.d)
               for key, (name, formula, cost, *_) in CURVES.items() if key in chosen}
    if "layer" in chosen:
        numbers["share of n² in the attention layer"] = percent(s.n / (s.n + 2 * s.d))
    if LAYER & chosen:
        numbers["n = 2d (tokens)"] = 2 * s.d
    return View(page, *told(s, chosen), numbers)


def told(s, chosen):
    """The finding that the picture shows, and a sentence with its numbers."""
    n, d, costs = s.n, s.d, [CURVES[key][2](s.n, s.d) for key in s.curves]
    flat = sum(10 * cost < max(costs) for cost in costs)
    if "layer" in chosen:
        said = f"the n² products are {percent(n / (n + 2 * d))} of the attention layer"
    elif LAYER & chosen:
        said = f"the projections cost {times(2 * d / n)} times the two products"
    else:
        said = f"the dance has {n * d:,} comparisons for each look at the door"
    side = "below" if n < 2 * d else "above" if n > 2 * d else "at"
    said += f"; n is {side} 2d = {2 * d:,}" * bool(LAYER & chosen)
    if s.axes == "linear":
        title = ("On linear axes the largest curve hides the others" if flat else
                 "Linear axes are right where costs are of like size")
        said = f"curves on the floor, below 10 % of the tallest: {flat} of {len(chosen)}"
    elif chosen & {"dance", "products"} and chosen & {"walk", "projections", "feed_forward"}:
        title = "Slope 2 against slope 1: what carries n² outgrows the rest"
    else:
        title = ("The attention layer bends at n = 2d: from slope 1 to slope 2"
                 if "layer" in chosen else "On logarithmic axes a power of n is a straight line")
    return title, f"At n = {n:,} and d = {d:,}, {said}."


def scales(s):
    """The scales of both axes, linear ones up to a round number, and the lengths that are drawn."""
    costs, steps = [CURVES[key][2] for key in s.curves], [k / 24 for k in range(25)]
    if s.axes == "log":
        low, high = min(cost(10, s.d) for cost in costs), max(cost(END, s.d) for cost in costs)
        return ((10, END, "log"), (10 ** floor(log10(low)), 10 ** ceil(log10(high)), "log"),
                [10 * (END / 10) ** step for step in steps])
    right = next(step for step in one_two_five(1, 10 * s.n) if step >= s.n)
    most = max(cost(right, s.d) for cost in costs)
    top = next(step for step in one_two_five(1, 10 * most) if step >= most)
    return (0, right, "linear"), (0, top, "linear"), [right * step for step in steps]
