"""RivalsExplorer: which layer needs the fewest FLOPs at which n and d. Lesson 04.

Counts are exact; a multiply-add is 2 FLOPs; matrix products alone unless elementwise="in".
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from helpers import layers
from helpers.explorers.explorer import View
from helpers.explorers.scene import FAINT, Axes, Page
from helpers.tracing import trace
from helpers.words import listed, power, times

LEFT, TOP, WIDE, HIGH = 74, 46, 380, 300  # the map on the page: a cell for each pixel
DARK = "#222222"  # the map keeps its colours in the dark theme
LAYERS = {  # key: (name, in short, colour, colour of words on it)
    "rnn": ("vanilla RNN", "vanilla RNN", "#b9b9b9", DARK),
    "gru": ("GRU", "GRU", "#f0a36b", DARK),
    "lstm": ("LSTM", "LSTM", "#c25500", "white"),
    "convolution": ("convolution", "convolution", "#7fcdb2", DARK),
    "separable": ("separable convolution", "separable", "#00805e", "white"),
    "window": ("restricted attention", "restricted", "#d9a5d3", DARK),
    "attention": ("attention", "attention", "#0072b2", "white")}


def view(s, before):
    """The map of the cheapest, the place on it, and the rivals there, cheapest first."""
    page, (cells, colours) = Page(), regions(replace(s, n=10, d=16))
    axes = Axes(page, LEFT, TOP, WIDE, HIGH, (10, 10**7, "log"), (16, 16_384, "log"),
                "sequence length n (tokens)", "model width d (elements)",
                y_ticks=(16, 64, 256, 1_024, 4_096, 16_384))
    page.cells(LEFT, TOP, WIDE, HIGH, cells, colours)
    here, coarse = axes.at(s.n, s.d), cells[5::10, 5::10]
    for place, key in enumerate(s.rivals):
        _, short, _, colour = LAYERS[key]
        inside = coarse == place
        free = inside.sum(axis=1) > len(short)  # rows that hold the name, and not the point
        free &= abs(10 * np.arange(HIGH // 10) + TOP + 5 - here[1]) > 24
        if free.any():
            row = np.flatnonzero(free)[free.sum() // 2]
            page.words(LEFT + 10 * float(np.flatnonzero(inside[row]).mean()) + 5,
                       float(TOP + 10 * row + 5), short, 14, colour, "middle", True)
    if before:
        page.line([axes.at(before.n, before.d), here], DARK, 1.5, (3, 3))
        page.point(*axes.at(before.n, before.d), "o", DARK, 5, fade=0.6)
    page.point(*here, "o", DARK, 8)
    page.point(*here, "o", "white", 5.5, says=f"n = {s.n:,}, d = {s.d:,}")

    found, was = costs(s, s.n, s.d), before and costs(before, before.n, before.d)
    order = sorted(s.rivals, key=found.get)
    least, most = found[order[0]], found[order[-1]]
    page.words(474, 56, f"n = {s.n:,}, d = {s.d:,}", bold=True)
    for y, key in zip(range(84, 400, 36), order):
        more = f", × {times(found[key] / was[key])}" if before else ""
        page.box(474, y - 7, 12, 26, LAYERS[key][2])
        page.words(494, y, f"{LAYERS[key][1]}: {times(found[key] / least)} times")
        page.words(494, y + 16, f"{power(found[key])} FLOPs{more}", 12, FAINT)

    tied = [LAYERS[key][0] for key in order if found[key] == least]
    title = (f"Here {listed(tied)} cost the same" if 1 < len(tied) < 3 else
             f"Here {len(tied)} rivals cost the same" if len(tied) > 1 else
             f"Here {tied[0]} needs the fewest FLOPs")
    said = f"the fewest FLOPs are {least:,}, of {listed(tied)}"
    if most > least:
        said += f"; {LAYERS[order[-1]][0]} needs the most, {times(most / least)} times as many"
    numbers = {f"{LAYERS[key][0]} (FLOPs)": found[key] for key in s.rivals}
    return View(page, title, f"At n = {s.n:,} and d = {s.d:,}, {said}.", numbers | {
        f"attention costs more than {LAYERS[key][0]} from n on (tokens)": n
        for key, n in crossings(s).items()})


@lru_cache(maxsize=None)
def traced(counted):
    """{layer: (a, b, c)}: a token costs a·d² + b·d + c FLOPs, exact, from traces at three widths.

    Of a kernel or a window one position, of attention one pair; counted: flops or matmul_flops.
    """
    found = {}
    for d in (1, 2, 3):
        x, pair, square = {"x": (1, d)}, dict.fromkeys("qkv", (1, d)), (d, d)
        for key, function, sizes in (
                ("rnn", layers.rnn, x | {"w_x": square, "w_h": square}),
                ("gru", layers.gru, x | dict.fromkeys(("w_x", "w_h"), (d, 3 * d))),
                ("lstm", layers.lstm, x | dict.fromkeys(("w_x", "w_h"), (d, 4 * d))),
                ("convolution", layers.convolution, x | {"kernel": (1, d, d)}),
                ("separable", layers.separable_convolution,
                 x | {"depthwise": (1, d), "pointwise": square}),
                ("window", layers.windowed_attention, pair | {"window": 1, "causal": True}),
                ("attention", layers.mix, pair),
                ("product", layers.matrix_product, {"a": (1, d), "b": square})):
            found.setdefault(key, []).append(getattr(trace(function, **sizes), counted))
    return {key: (a := (three - 2 * two + one) // 2, two - one - 3 * a, 2 * one - two + 2 * a)
            for key, (one, two, three) in found.items()}


def token_costs(s, d):
    """({layer: FLOPs for one token}, FLOPs of one pair); attention's token is without its pairs."""
    counted = "flops" if s.elementwise == "in" else "matmul_flops"
    one = {key: (a * d + b) * d + c for key, (a, b, c) in traced(counted).items()}
    shared, product = 4 * one["product"] * (s.projections == "with"), one["product"]
    return one | {"convolution": s.k * one["convolution"], "window": s.w * one["window"] + shared,
                  "separable": s.k * (one["separable"] - product) + product,
                  "attention": shared}, one["attention"]


def costs(s, n, d):
    """{layer: FLOPs} of n tokens of width d under the conventions of a state, exact."""
    tokens, pair = token_costs(s, d)
    pairs = n * (n + 1) // 2 if s.causal == "triangle" else n * n
    return {key: n * tokens[key] + pair * pairs * (key == "attention") for key in LAYERS}


def crossings(s):
    """{other chosen rival: the smallest n at which attention costs more}, where that is not 1."""
    tokens, pair = token_costs(s, s.d)  # a token has n pairs, or (n + 1)/2
    ahead = {key: tokens[key] - tokens["attention"] for key in s.rivals if key != "attention"}
    first = {key: 2 * lead // pair if s.causal == "triangle" else lead // pair + 1
             for key, lead in ahead.items()}
    return {key: n for key, n in first.items() if n > 1 and "attention" in s.rivals}


@lru_cache(maxsize=64)
def regions(s):
    """The map: of each cell the place of the cheapest among the rivals, and their colours."""
    n = 10 ** (1 + 6 * (np.arange(WIDE) + 0.5) / WIDE)
    tokens, pair = token_costs(s, 16 * 1_024 ** (1 - (np.arange(HIGH)[:, None] + 0.5) / HIGH))
    each = np.array([tokens[key] + (np.inf if key == "attention" else 0) for key in s.rivals])
    pairs = (each.min(axis=0) - tokens["attention"]) / pair * ("attention" in s.rivals)
    wins = (n + 1 if s.causal == "triangle" else 2 * n) < 2 * pairs  # attention, the last rival
    best = np.where(wins, len(s.rivals) - 1, each.argmin(axis=0)).astype(np.uint8)
    ends = best[:, 1:] != best[:, :-1], best[1:] != best[:-1]
    best[:, 1:][ends[0]] = best[1:][ends[1]] = len(s.rivals)  # a dark line
    colours = [LAYERS[key][2] for key in s.rivals] + [DARK]
    return best, np.array([[*bytes.fromhex(colour[1:])] for colour in colours], np.uint8)
