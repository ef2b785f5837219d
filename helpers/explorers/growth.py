"""GrowthExplorer: how the costs of lessons 01 and 03 grow with n, for one width d."""

from math import ceil, floor, log10

from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, Several, one_two_five, powers_of_two, slider
from helpers.explorers.scene import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Axes, Page
from helpers.words import percent, times

# key: (name, formula, count in exact whole numbers, colour, dash, point)
CURVES = {
    "walk": ("walk past the door", "n", lambda n, d: n, GREY, (), "X"),
    "dance": ("the dance", "n²·d", lambda n, d: n * n * d, ORANGE, (9, 4), "s"),
    "products": ("two products", "4·n²·d", lambda n, d: 4 * n * n * d, PURPLE, (12, 4, 3, 4), "D"),
    "projections": ("projections", "8·n·d²", lambda n, d: 8 * n * d * d, BLUE, (14, 4, 3, 4), "o"),
    "layer": ("attention layer", "8·n·d² + 4·n²·d", lambda n, d: 8 * n * d * d + 4 * n * n * d, INK, (), "v"),
    "feed_forward": ("feed-forward", "16·n·d²", lambda n, d: 16 * n * d * d, GREEN, (3, 4), "^"),
}
LAYER = {"products", "projections", "layer", "feed_forward"}  # the curves of lesson 03; the others are lesson 01's
UNITS = {"walk": "looks", "dance": "meetings"}  # a meeting is one multiply-add; all other curves count FLOPs
END, POINTS = 10**7, 41


def view(s, before):
    """Curves over n; the state before the last move stays as a ghost, with what has become of each cost."""
    page, (x, y) = Page(), scales(s)
    axes = Axes(page, 84, 46, 395, 300, x, y, "sequence length n (tokens)", "count")
    lengths = grid(x)
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
    if 2 * s.d <= x[1] and LAYER & set(s.curves):
        axes.upright(2 * s.d, "n = 2d", row=1, dash=(3, 3))
    axes.upright(s.n, f"n = {s.n:,}", colour=INK)
    rows = axes.name_ends(size=12)
    for key, row in zip(s.curves, rows if moved else ()):
        cost = CURVES[key][2]
        page.words(694, row, f"× {times(cost(s.n, s.d) / cost(before.n, before.d))}", 12, anchor="end", bold=True)
    return View(page, heading(s), sentence(s), numbers(s))


def sentence(s):
    """The finding in words."""
    n, d, chosen = s.n, s.d, set(s.curves)
    here = f"At n = {n:,} and d = {d:,}"
    if s.axes == "linear" and len(chosen) > 1:
        flat = len(on_the_floor(s))
        return (f"{here}, {flat or 'none'} of the {len(chosen)} curves {'is' if flat < 2 else 'are'} on the floor, "
                "below 10 % of the tallest.")
    if not chosen & LAYER:
        looks = f"the walk past the door takes {n:,} looks"
        return f"{here}, {looks}." if chosen == {"walk"} else f"{here}, the dance has {n * d:,} meetings for each look at the door."
    side = "at" if n == 2 * d else "below" if n < 2 * d else "above"
    if "layer" in chosen:
        said = f"the n² products are {percent(n / (n + 2 * d))} of the attention layer"
    elif n == 2 * d:
        said = "projections and products cost the same"
    else:
        less, more = sorted((("the projections", 2 * d), ("the two products", n)), key=lambda cost: cost[1])
        said = f"{more[0]} cost {times(more[1] / less[1])} times {less[0]}"
    return f"{here}, {said}; n is {side} 2d = {2 * d:,}."


def numbers(s):
    """The exact counts of the chosen curves, and what follows from them."""
    shown = {f"{name}, {formula} ({UNITS.get(key, 'FLOPs')})": f"{cost(s.n, s.d):,}"
             for key, (name, formula, cost, *_) in CURVES.items() if key in s.curves}
    if "layer" in s.curves:
        shown["share of n² in the attention layer"] = percent(s.n / (s.n + 2 * s.d))
    if LAYER & set(s.curves):
        shown["n = 2d (tokens)"] = f"{2 * s.d:,}"
    return shown


def on_the_floor(s):
    """The names of the chosen curves that are, at this n, below 10 % of the tallest."""
    costs = {CURVES[key][0]: CURVES[key][2](s.n, s.d) for key in s.curves}
    return [name for name, cost in costs.items() if cost * 10 < max(costs.values())]


def heading(s):
    """The finding that the picture shows."""
    chosen = set(s.curves)
    if s.axes == "linear":
        return ("One curve alone: linear axes hide nothing" if len(chosen) == 1
                else "On linear axes the largest curve hides the others" if on_the_floor(s)
                else "Linear axes are right where costs are of like size")
    if not chosen & {"dance", "products"} or not chosen & {"walk", "projections", "feed_forward"}:
        if "layer" in chosen:  # a sum of two powers of n
            return "The attention layer bends at n = 2d: from slope 1 to slope 2"
        return "On logarithmic axes a power of n is a straight line"
    return ("What carries n² overtakes: slope 2 against slope 1" if chosen & {"projections", "feed_forward"}
            else "Slope 2 against slope 1: the gap grows with every token")


def scales(s):
    """The two scales of the axes; linear ones end at a round number."""
    costs = [CURVES[key][2] for key in s.curves]
    if s.axes == "log":
        low, high = (log10(pick(cost(n, s.d) for cost in costs)) for pick, n in ((min, 10), (max, END)))
        return (10, END, "log"), (10 ** floor(low), 10 ** ceil(high), "log")
    right = round_up(s.n)
    return (0, right, "linear"), (0, round_up(max(cost(right, s.d) for cost in costs)), "linear")


def round_up(number):
    """The next 1, 2 or 5 followed by zeros."""
    decade = 10 ** (len(str(number)) - 1)
    return next(m * decade for m in (1, 2, 5, 10) if m * decade >= number)


def grid(scale):
    """The lengths at which curves are drawn."""
    low, high, kind = scale
    if kind == "log":
        return [low * (high / low) ** (k / (POINTS - 1)) for k in range(POINTS)]
    return [low + (high - low) * k / (POINTS - 1) for k in range(POINTS)]


class GrowthExplorer(Explorer):
    """How the costs grow with the sequence length n at one model width d.

    Counts are exact whole numbers; a multiply-add is 2 FLOPs; softmax and scaling (6·n²) are left out, as lesson
    03 says.

    >>> GrowthExplorer(n=100, d=512).numbers()["the dance, n²·d (meetings)"]
    '5,120,000'
    """

    view = staticmethod(view)
    controls = (
        slider("n", "sequence length n", "tokens", one_two_five(10, END), 100),
        slider("d", "model width d", "elements", powers_of_two(16, 65_536), 512),
        Choice("axes", "axes", {"log": "logarithmic", "linear": "linear"}, "log"),
        Several("curves", "curves", {key: name for key, (name, *_) in CURVES.items()},
                ("dance", "products", "projections", "layer")),
    )
    presets = {
        "the example (n = 100, d = 512)": {"n": 100, "d": 512},
        "GPT-2 (1,024 × 768)": {"n": 1_024, "d": 768},
        "Llama-3 8B at 8 k (8,192 × 4,096)": {"n": 8_192, "d": 4_096},
        "Llama-3 8B at 128 k (131,072 × 4,096)": {"n": 131_072, "d": 4_096},
    }
