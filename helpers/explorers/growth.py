"""GrowthExplorer: how the costs of lessons 01 and 03 grow with n, for one width d."""

from dataclasses import dataclass
from math import log10

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, MultiChoice, Slider, one_two_five, powers_of_two

# key: (name, formula, count in exact whole numbers, colour, dash, marker)
CURVES = {
    "walk": ("walk past the door", "n", lambda n, d: n, "#6b6b6b", "-", "X"),
    "dance": ("the dance", "n²·d", lambda n, d: n * n * d, "#D55E00", "--", "s"),
    "products": ("two products", "4·n²·d", lambda n, d: 4 * n * n * d, "#AA4499", (0, (5, 1.5, 1, 1.5)), "D"),
    "projections": ("projections", "8·n·d²", lambda n, d: 8 * n * d * d, "#0072B2", "-.", "o"),
    "layer": ("attention layer", "8·n·d² + 4·n²·d", lambda n, d: 8 * n * d * d + 4 * n * n * d, "#000000", "-", "v"),
    "feed_forward": ("feed-forward", "16·n·d²", lambda n, d: 16 * n * d * d, "#009E73", ":", "^"),
}
LENGTHS = tuple(sorted({*one_two_five(10, 10**7), *powers_of_two(16, 10**7)}))
WIDTHS = tuple(sorted({*powers_of_two(16, 16_384), *(24 * 2**k for k in range(10))}))
LAYER = {"products", "projections", "layer", "feed_forward"}  # the curves of lesson 03; the others are lesson 01's
UNITS = {"walk": "looks", "dance": "meetings"}  # a meeting is one multiply-add; all other curves count FLOPs
LOG_TOP, POINTS, HEIGHT = 10**20, 61, 300  # HEIGHT: of the axes, in pixels


@dataclass(frozen=True)
class GrowthState:
    """n in tokens, d in elements; curves: keys of CURVES, one to five; axes: "log" or "linear"."""

    n: int = 100
    d: int = 512
    curves: tuple = ("dance", "products", "projections", "layer")
    axes: str = "log"


class GrowthExplorer(Explorer):
    """How the costs grow with the sequence length n at one model width d.

    `GrowthExplorer(n=100, d=512)` starts at the example; `GrowthExplorer(preset="GPT-2 (1,024 × 768)")`
    at a model. Counts are exact whole numbers; a multiply-add is 2 FLOPs; softmax and scaling
    (6·n²) are left out, as lesson 03 says.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = GrowthExplorer(n=100, d=512)
    >>> explorer.numbers()["the dance, n²·d (meetings)"]
    '5,120,000'
    >>> GrowthExplorer(n=0)
    Traceback (most recent call last):
    ValueError: n = 0 is out of range: sequence length n is a whole number from 10 to 10,000,000 tokens.
    """

    State = GrowthState
    title = "How the cost of attention grows with the sequence length"
    controls = (
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("d", "model width d", "elements", WIDTHS),
        Choice("axes", "axes", {"log": "logarithmic", "linear": "linear"}),
        MultiChoice("curves", "curves", {key: f"{name}, {formula}" for key, (name, formula, *_) in CURVES.items()}),
    )
    presets = {
        "the example (n = 100, d = 512)": {"n": 100, "d": 512},
        "GPT-2 (1,024 × 768)": {"n": 1_024, "d": 768},
        "Llama-3 8B at 8 k (8,192 × 4,096)": {"n": 8_192, "d": 4_096},
        "Llama-3 8B at 128 k (131,072 × 4,096)": {"n": 131_072, "d": 4_096},
    }

    def frame(self, state):
        return state.axes, state.curves, limits(state), heading(state)

    def build(self, figure, state):
        from helpers.figures.growth import TOKENS, growth_axes
        from matplotlib.lines import Line2D

        axes = figure.add_axes([0.135, 0.14, 0.585, 0.75])
        axes.yaxis.set_label_coords(0.028, 0.515, transform=figure.transFigure)
        (left, right), (bottom, top) = limits(state)
        growth_axes(axes, x=state.axes, y=state.axes)
        axes.set(xlim=(left, right), ylim=(bottom, float(top)), xlabel=TOKENS, ylabel="count")
        thin = {"color": "#555555", "linewidth": 1, "transform": axes.get_xaxis_transform()}
        artists = {"here": Line2D([], [], linestyle="-", **thin), "equal": Line2D([], [], linestyle=(0, (2, 2)), **thin),
                   "lines": [], "points": [], "ends": [], "names": []}
        axes.add_line(artists["here"])
        axes.add_line(artists["equal"])
        for key in state.curves:
            name, formula, _, colour, dash, marker = CURVES[key]
            artists["lines"] += axes.plot([], [], color=colour, linestyle=dash, label=key)
            artists["points"] += axes.plot([], [], color=colour, linestyle="none", marker=marker, markersize=8,
                                           markeredgecolor="white", markeredgewidth=1, clip_on=False)
            artists["ends"] += axes.plot([], [], color=colour, linestyle="-", linewidth=0.8, clip_on=False,
                                         transform=axes.transAxes)
            words = name if "+" in formula else f"{name}, {formula}"
            artists["names"].append(axes.text(1.045, 0, words, transform=axes.transAxes, color=colour,
                                              fontsize=10, va="center"))
        note = {"fontsize": 10, "color": "#333333", "transform": axes.get_xaxis_transform()}
        artists |= {
            "here_text": axes.text(0, 0.99, "", va="top", **note),
            "equal_text": axes.text(0, 0.92, "", va="top", **note),
        }
        figure.text(0.02, 0.975, heading(state), fontsize=12, weight="bold", va="top")
        return artists

    def update(self, artists, state):
        from helpers.figures import spread

        n, d = state.n, state.d
        (left, right), (bottom, top) = limits(state)
        log = state.axes == "log"
        xs = _grid(left, right, log)
        ends = []
        for key, line, point in zip(state.curves, artists["lines"], artists["points"]):
            cost = CURVES[key][2]
            line.set_data(xs, [float(cost(x, d)) for x in xs])
            point.set_data([n], [float(cost(n, d))])
            ends.append(_height(cost(right, d), bottom, top, log))
        placed = spread(ends, 0.075, 0.0, 1.0)
        for height, spot, leader, name in zip(ends, placed, artists["ends"], artists["names"]):
            leader.set_data([1.0, 1.035], [height, spot])
            name.set_y(round(spot * HEIGHT) / HEIGHT)  # whole pixels, so that the drawn name can be used again
        _stand(artists["here"], artists["here_text"], n, f"n = {n:,}", _height(n, left, right, log))
        place = _height(2 * d, left, right, log)
        _stand(artists["equal"], artists["equal_text"], 2 * d, "n = 2d", place)
        for artist in (artists["equal"], artists["equal_text"]):
            artist.set_visible(place <= 1 and bool(LAYER & set(state.curves)))

    def sentence(self):
        n, d, curves = self.state.n, self.state.d, self.state.curves
        said = [f"At n = {n:,} tokens and d = {d:,}, " + (self._layer() if LAYER & set(curves) else self._dance())]
        if "layer" in curves:
            twice = CURVES["layer"][2](2 * n, d) / CURVES["layer"][2](n, d)
            said.append(f"Twice the tokens cost {twice:.2f} times the layer.")
        if self.state.axes == "linear" and len(curves) > 1:
            flat = len(on_the_floor(self.state))
            said.append(f"On these linear axes {flat or 'none'} of the {len(curves)} curves "
                        f"{'is' if flat < 2 else 'are'} on the floor, below 10 % of the tallest.")
        return " ".join(said)

    def _dance(self):
        n, d = self.state.n, self.state.d
        return (f"the dance has {n * n * d:,} meetings, {n * d:,} for each look at the door. "
                "Twice the tokens make twice the looks and four times the meetings.")

    def _layer(self):
        n, d = self.state.n, self.state.d
        products, projections, layer = (CURVES[key][2](n, d) for key in ("products", "projections", "layer"))
        whole = f" of the attention layer's {layer:,} FLOPs: {percent(n, d)}" if "layer" in self.state.curves else " FLOPs"
        if n == 2 * d:
            side = f"n stands exactly at 2d = {2 * d:,}: projections and products cost the same."
        elif n < 2 * d:
            side = f"n is below 2d = {2 * d:,}: the projections cost {ratio(projections, products)} times as much."
        else:
            side = f"n is above 2d = {2 * d:,}: the two products cost {ratio(products, projections)} times the projections."
        return f"the two products with n² take {products:,}{whole}. {side}"

    def numbers(self):
        n, d, curves = self.state.n, self.state.d, self.state.curves
        counts = {f"{name}, {formula} ({UNITS.get(key, 'FLOPs')})": f"{cost(n, d):,}"
                  for key, (name, formula, cost, *_) in CURVES.items() if key in curves}
        if "layer" in curves:
            counts["share of n² in the attention layer"] = percent(n, d)
        return counts | ({"n = 2d (tokens)": f"{2 * d:,}"} if LAYER & set(curves) else {})


def on_the_floor(state):
    """The names of the chosen curves that are, at this n, below 10 % of the tallest."""
    costs = {CURVES[key][0]: CURVES[key][2](state.n, state.d) for key in state.curves}
    return [name for name, cost in costs.items() if cost * 10 < max(costs.values())]


def heading(state):
    """The finding that the picture shows."""
    curves = set(state.curves)
    if state.axes == "linear":
        return ("One curve alone: linear axes hide nothing" if len(curves) == 1
                else "On linear axes the largest curve hides the others" if on_the_floor(state)
                else "Linear axes are right where costs are of like size")
    if not curves & {"dance", "products"} or not curves & {"walk", "projections", "feed_forward"}:
        if "layer" in curves:  # a sum of two powers of n
            return "The attention layer bends at n = 2d: from slope 1 to slope 2"
        return "On logarithmic axes a power of n is a straight line"
    return ("What carries n² overtakes: slope 2 against slope 1" if curves & {"projections", "feed_forward"}
            else "Slope 2 against slope 1: the gap grows with every token")


def limits(state):
    """The axes' limits ((left, right), (bottom, top)); on linear axes they jump, so that most moves need no new axes."""
    if state.axes == "log":
        return (LENGTHS[0], LENGTHS[-1]), (10, LOG_TOP)
    right = round_up(state.n)
    return (0, right), (0, round_up(max(CURVES[key][2](right, state.d) for key in state.curves)))


def round_up(number):
    """The next 1, 2 or 5 followed by zeros.

    >>> round_up(1024), round_up(500)
    (2000, 500)
    """
    decade = 10 ** (len(str(number)) - 1)
    return next(m * decade for m in (1, 2, 5, 10) if m * decade >= number)


def percent(n, d):
    """The share of the n² products in the attention layer, n/(n + 2d), as text.

    >>> percent(100, 512)
    '8.9 %'
    """
    share = 100 * n / (n + 2 * d)
    return "over 99.9 %" if share > 99.9 else f"{share:.1f} %" if share >= 0.95 else f"{share:.2g} %"


def ratio(large, small):
    """How many times, with two or three digits that matter.

    >>> ratio(1024, 100), ratio(100, 99)
    ('10.2', '1.01')
    """
    value = large / small
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _grid(left, right, log):
    if log:
        return [left * (right / left) ** (k / (POINTS - 1)) for k in range(POINTS)]
    return [left + (right - left) * k / (POINTS - 1) for k in range(POINTS)]


def _height(value, low, high, log):
    if log:
        return log10(value / low) / log10(high / low)
    return (value - low) / (high - low)


def _stand(line, text, x, words, place):
    line.set_data([x, x], [0, text.get_position()[1] + 0.01])
    text.set_text(words + "  " if place > 0.5 else "  " + words)
    text.set_x(x)
    text.set_horizontalalignment("right" if place > 0.5 else "left")
