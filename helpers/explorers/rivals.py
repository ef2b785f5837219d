"""RivalsExplorer: which layer needs the fewest FLOPs at which n and d, under conventions to choose. Lesson 04."""

from dataclasses import dataclass
from functools import lru_cache
from math import log10

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, MultiChoice, Slider, one_two_five, powers_of_two
from helpers.explorers.amounts import LENGTHS, WIDTHS

LAYERS = {  # key: (name, colour, colour of the words on it)
    "rnn": ("vanilla RNN", "#b9b9b9", "#222222"),
    "gru": ("GRU", "#f0a36b", "#222222"),
    "lstm": ("LSTM", "#D55E00", "white"),
    "convolution": ("convolution", "#7fcdb2", "#222222"),
    "separable": ("separable convolution", "#009E73", "white"),
    "window": ("restricted attention", "#d9a5d3", "#222222"),
    "attention": ("attention", "#0072B2", "white"),
}
NEEDS = {"kernel width": {"convolution", "separable"}, "window": {"window"}, "attention's projections": {"window", "attention"},
         "what attention computes of n²": {"attention"}}  # controls that move nothing without one of these rivals
BOX = (0.12, 0.14, 0.54, 0.75)
COLUMNS, ROWS = 378, 300    # the map's cells: one for each pixel of the axes


@dataclass(frozen=True)
class RivalsState:
    """n in tokens, d in elements, k: kernel width of the convolutions, w: window of the restricted attention in tokens.

    projections: "with" or "without" attention's four; causal: "square" or "triangle", what attention computes of
    n²; elementwise: "out" or "in", whether activations, softmax, scaling and mask count; rivals: keys of LAYERS.
    """

    n: int = 1_024
    d: int = 768
    k: int = 3
    w: int = 256
    projections: str = "with"
    causal: str = "square"
    elementwise: str = "out"
    rivals: tuple = ("gru", "lstm", "attention")


def costs(n, d, state):
    """FLOPs of each layer at n and d, whole numbers or arrays, under the conventions of `state`: dict key -> FLOPs.

    >>> costs(100, 512, RivalsState())["attention"]
    230195200
    """
    k, w, extra = state.k, state.w, int(state.elementwise == "in")
    projections = 8 * n * d * d if state.projections == "with" else 0
    pairs = n * (n + 1) // 2 if state.causal == "triangle" else n * n
    return {
        "rnn": 4 * n * d * d + extra * 2 * n * d,
        "gru": 12 * n * d * d + extra * 17 * n * d,
        "lstm": 16 * n * d * d + extra * 22 * n * d,
        "convolution": 2 * k * n * d * d,
        "separable": 2 * k * n * d + 2 * n * d * d,
        "window": projections + 4 * n * w * d + extra * 7 * n * w,
        "attention": projections + 4 * pairs * d + extra * 6 * pairs,
    }


class RivalsExplorer(Explorer):
    """Which layer needs the fewest FLOPs, over the sequence length n and the model width d.

    `RivalsExplorer(n=100, d=512)` starts at the example; `RivalsExplorer(preset="all the rivals")` at a choice of
    rivals and conventions. Counts are exact whole numbers; a multiply-add is 2 FLOPs; matrix products alone
    unless elementwise="in". Recurrences and convolutions are causal as they are: `causal` concerns attention.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = RivalsExplorer(n=1_024, d=768)
    >>> explorer.numbers()["GRU (FLOPs)"]
    '7,247,757,312'
    >>> RivalsExplorer(k=0)
    Traceback (most recent call last):
    ValueError: k = 0 is out of range: kernel width k is a whole number from 1 to 1,024 positions.
    """

    State = RivalsState
    title = "Which layer needs the fewest FLOPs, over sequence length and width"
    controls = (
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("d", "model width d", "elements", WIDTHS),
        Slider("k", "kernel width k", "positions", tuple(sorted({*range(1, 17), *powers_of_two(16, 1_024)}))),
        Slider("w", "window w", "tokens", tuple(sorted({*one_two_five(10, 100_000), *powers_of_two(16, 65_536)}))),
        Choice("projections", "attention's projections", {"with": "counted", "without": "left out"}),
        Choice("causal", "attention computes", {"square": "the whole square", "triangle": "the triangle that it sees"}),
        Choice("elementwise", "elementwise operations", {"out": "left out", "in": "counted"}),
        MultiChoice("rivals", "rivals", {key: name for key, (name, *_) in LAYERS.items()}, most=len(LAYERS)),
    )
    presets = {
        "Table 1 as printed": dict(projections="without", causal="square", elementwise="out", rivals=("rnn", "attention")),
        "Table 1 with all products": dict(projections="with", causal="square", elementwise="out", rivals=("rnn", "attention")),
        "attention against GRU": dict(projections="with", causal="square", elementwise="out", rivals=("gru", "attention")),
        "causal attention against LSTM": dict(projections="with", causal="triangle", elementwise="out",
                                              rivals=("lstm", "attention")),
        "attention against convolution, k = 9": dict(k=9, projections="with", causal="square", elementwise="out",
                                                     rivals=("convolution", "attention")),
        "a window of 256": dict(w=256, projections="with", causal="square", elementwise="out",
                                rivals=("gru", "window", "attention")),
        "all the rivals": dict(projections="with", causal="square", elementwise="out", rivals=tuple(LAYERS)),
        "the example (n = 100, d = 512)": dict(n=100, d=512),
        "GPT-2 (1,024 × 768)": dict(n=1_024, d=768),
        "Llama-3 8B at 8 k (8,192 × 4,096)": dict(n=8_192, d=4_096),
        "Llama-3 8B at 128 k (131,072 × 4,096)": dict(n=131_072, d=4_096),
    }

    def build(self, figure, state):
        from helpers.figures.growth import TOKENS, WIDTH, tick_text

        axes = figure.add_axes(BOX)
        (left, right), (bottom, top) = _limits()
        lengths, widths = range(1, 8), (16, 64, 256, 1_024, 4_096, 16_384)
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=TOKENS, ylabel=WIDTH, xticks=list(lengths),
                 xticklabels=[tick_text(10.0**k, above=30) for k in lengths], yticks=[log10(d) for d in widths],
                 yticklabels=[f"{d:,}" for d in widths])
        axes.grid(visible=False)
        beside = {"color": "#222222", "fontsize": 9.5, "transform": figure.transFigure, "clip_on": False}
        return {
            "map": axes.add_artist(_cells_artist()),
            "cross": axes.plot([], [], color="#222222", linewidth=1, linestyle=(0, (3, 2)))
            + axes.plot([], [], color="#222222", linewidth=1, linestyle=(0, (3, 2))),
            "here": axes.plot([], [], linestyle="none", marker="o", markersize=10, markerfacecolor="white",
                              markeredgecolor="#222222", markeredgewidth=2, clip_on=False),
            "names": [axes.text(0, 0, "", ha="center", va="center", fontsize=11, weight="bold") for _ in LAYERS],
            "title": figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top"),
            "head": figure.text(0.69, 0.88, "", color="#222222", fontsize=10, va="top", weight="bold"),
            "list": [axes.text(0.69, 0.765 - 0.075 * row, "", va="top", **beside) for row in range(len(LAYERS))],
        }

    def update(self, artists, state):
        cells, places = regions(state.k, state.w, state.projections, state.causal, state.elementwise, state.rivals)
        artists["map"].cells = cells
        x, y = log10(state.n), log10(state.d)
        (left, right), (bottom, top) = _limits()
        artists["cross"][0].set_data([left, right], [y, y])
        artists["cross"][1].set_data([x, x], [bottom, top])
        artists["here"][0].set_data([x], [y])
        for key, words in zip(LAYERS, artists["names"]):
            words.set_visible(key in places)
            if key in places:
                words.set_position(places[key])
                words.set_text(LAYERS[key][0].replace(" ", "\n"))
                words.set_color(LAYERS[key][2])
        order = ranking(state)
        artists["title"].set_text(heading(order))
        artists["head"].set_text(f"At n = {state.n:,},\nd = {state.d:,}:")
        for row, words in enumerate(artists["list"]):
            words.set_text("" if row >= len(order) else f"{times(order[row][1], order[0][1])}  {LAYERS[order[row][0]][0]}")

    def sentence(self):
        state, order = self.state, ranking(self.state)
        (best, least), (worst, most) = order[0], order[-1]
        said = f"At n = {state.n:,} tokens and d = {state.d:,}, "
        tied = [LAYERS[key][0] for key, cost in order if cost == least]
        if len(order) == 1:
            said += f"{LAYERS[best][0]} costs {least:,} FLOPs; choose a second rival to compare."
        elif len(tied) > 1:
            said += f"{' and '.join(tied)} cost the same, {least:,} FLOPs, and no chosen rival costs fewer."
        else:
            said += (f"{LAYERS[best][0]} needs the fewest FLOPs, {least:,}; {LAYERS[worst][0]} needs the most, "
                     f"{times(most, least)} as many.")
        crossing = crossings(state)
        if crossing:
            said += " At this width " + "; ".join(
                f"attention costs more than {LAYERS[key][0]} from n = {n:,} on" for key, n in crossing.items()) + "."
        elif "attention" in state.rivals and len(state.rivals) > 1:
            said += " At this width attention passes none of the others as n grows."
        if state.projections == "without":
            said += " Attention's four projections, 8·n·d², are left out, as in Table 1 of the paper."
        if "window" in state.rivals and state.w > state.n:
            said += " The window is longer than the sequence, and is counted in full."
        idle = [name for name, layers in NEEDS.items() if not layers & set(state.rivals)]
        return said + f" These move nothing, as no chosen rival has them: {', '.join(idle)}." * bool(idle)

    def numbers(self):
        state = self.state
        found = costs(state.n, state.d, state)
        shown = {f"{LAYERS[key][0]} (FLOPs)": f"{found[key]:,}" for key in LAYERS if key in state.rivals}
        for key, n in crossings(state).items():
            shown[f"attention costs more than {LAYERS[key][0]} from n on (tokens)"] = f"{n:,}"
        return shown


def heading(order):
    """The finding that the picture shows at the marked place.

    >>> heading([("rnn", 4), ("gru", 12)])
    'Here the vanilla RNN needs the fewest FLOPs'
    """
    cheapest = ["the " * (key in ("rnn", "gru", "lstm")) + LAYERS[key][0] for key, cost in order if cost == order[0][1]]
    if len(order) == 1:
        return "One rival alone: choose a second one to compare"
    return (f"Here {cheapest[0]} needs the fewest FLOPs" if len(cheapest) == 1 else
            f"Here {' and '.join(cheapest)} cost the same" if len(cheapest) == 2 else f"Here {len(cheapest)} rivals cost the same")


def ranking(state):
    """The chosen rivals with their FLOPs, fewest first: list of (key, FLOPs)."""
    found = costs(state.n, state.d, state)
    return sorted(((key, found[key]) for key in state.rivals), key=lambda pair: pair[1])


def crossings(state):
    """For each other chosen rival the smallest n at which attention costs more: dict key -> n, without those that
    it costs more than from n = 1 on. Costs per token of the others do not depend on n.

    >>> crossings(RivalsState(d=768))
    {'gru': 769, 'lstm': 1537}
    """
    if "attention" not in state.rivals:
        return {}
    found = {}
    for key in state.rivals:
        low, high = 1, 2
        def more(n):
            every = costs(n, state.d, state)
            return every["attention"] > every[key]
        if key == "attention" or more(1):
            continue
        while not more(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if more(middle) else (middle, high)
        found[key] = high
    return found


@lru_cache(maxsize=64)
def regions(k, w, projections, causal, elementwise, rivals):
    """The map: cells (ROWS, COLUMNS, 4) of bytes, lowest row first, and where each region's name stands, dict key -> (log10 n, log10 d)."""
    import numpy as np

    (left, right), (bottom, top) = _limits()
    xs = left + (np.arange(COLUMNS) + 0.5) * (right - left) / COLUMNS
    ys = bottom + (np.arange(ROWS) + 0.5) * (top - bottom) / ROWS
    state = RivalsState(k=k, w=w, projections=projections, causal=causal, elementwise=elementwise, rivals=rivals)
    found = costs(10 ** xs[None, :], 10 ** ys[:, None], state)
    best = np.argmin([found[key] + 0 * xs[None, :] + 0 * ys[:, None] for key in rivals], axis=0)
    colours = np.array([[int(LAYERS[key][1][i:i + 2], 16) for i in (1, 3, 5)] + [255] for key in rivals], np.uint8)
    cells = colours[best]
    edge = np.zeros(best.shape, bool)
    edge[:, 1:] |= best[:, 1:] != best[:, :-1]
    edge[1:] |= best[1:] != best[:-1]
    cells[edge] = (34, 34, 34, 255)
    places = {}
    for number, key in enumerate(rivals):
        place = _inner_place(best == number, 6 + 9 * max(map(len, LAYERS[key][0].split())))
        if place is not None:
            places[key] = (float(xs[place[1]]), float(ys[place[0]]))
    return cells, places


def _inner_place(inside, wide):
    """Row and column of the middle of a region, where a name `wide` cells wide has room; None if it has none."""
    import numpy as np

    widths = inside.sum(axis=1)
    room = np.convolve(widths >= wide, np.ones(36), "same") >= 36     # rows with room for two lines of words
    if not room.any():
        return None
    row = int(np.median(np.flatnonzero(room & (widths >= widths[room].max() * 0.6))))
    columns = np.flatnonzero(inside[row])
    return row, int(columns[len(columns) // 2])


def times(cost, least):
    """How many times the least: "1.00 ×", "12.3 ×", "1,234 ×".

    >>> times(30, 20), times(2468, 2)
    ('1.50 ×', '1,234 ×')
    """
    value = cost / least
    return f"{value:,.0f} ×" if value >= 100 else f"{value:.1f} ×" if value >= 10 else f"{value:.2f} ×"


def _cells_artist():
    """An artist that lays its `cells` over the whole axes, in a tenth of the time that resampling an image takes."""
    import numpy as np
    from matplotlib.artist import Artist

    class Cells(Artist):
        cells = np.full((1, 1, 4), 255, np.uint8)

        def draw(self, renderer):
            box = self.axes.bbox
            rows, columns = (np.arange(round(length)) * count // round(length)
                             for length, count in zip((box.height, box.width), self.cells.shape))
            context = renderer.new_gc()
            renderer.draw_image(context, round(box.x0), round(box.y0), np.ascontiguousarray(self.cells[rows][:, columns]))
            context.restore()

    return Cells()


def _limits():
    return (log10(LENGTHS[0]), log10(LENGTHS[-1])), (log10(WIDTHS[0]), log10(WIDTHS[-1]))
