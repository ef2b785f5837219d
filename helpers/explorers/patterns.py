"""PatternExplorer: what each query reads, what it costs, what must be kept, and the error. Lesson 10."""

from dataclasses import dataclass
from functools import lru_cache
from math import log10

from helpers.explorers.base import Explorer
from helpers.explorers.bets import METHODS, SHOWN, STRUCTURES, error, flops, future, hashes_of, kept, meeting, weights, window_of
from helpers.explorers.controls import Choice, Slider, powers_of_two
from helpers.explorers.rivals import _cells_artist

PIXELS = 256                                    # of the drawn square: two tokens a pixel
COSTS, KEPT, ERRORS = (5, 14), (1, 8), (-3, 1.3)   # the axes, powers of ten
PALE, DEEP, UNREAD = (222, 235, 245), (0, 66, 110), (246, 247, 249)
PALE_RED, DEEP_RED = (250, 226, 214), (170, 60, 0)
BLUE, GREY, RED = "#0072B2", "#8a949e", "#D55E00"


@dataclass(frozen=True)
class PatternState:
    """method: key of METHODS; n tokens, a head of d_h elements, a budget, the structure of the input, causal or not."""

    method: str = "window"
    structure: str = "local"
    n: int = 8_192
    d_h: int = 64
    budget: int = 64
    causal: str = "no"


class PatternExplorer(Explorer):
    """One head of cheaper attention: its weights drawn, its FLOPs and cache at any n, its error on 512 tokens.

    `PatternExplorer(method="window", structure="local", n=8_192, d_h=64, budget=64, causal="no")`. FLOPs are exact,
    with softmax and features. Weights and errors are measured on 512 tokens with the same budget, whatever n is: at a larger n
    a budget covers a smaller part of the tokens, and lost bets are lost by more (`bets.errors_at` measures at n). A cell of the picture is dark where the weight is large
    beside the largest of its query. Hashing has keys of its own, and with low rank it cannot look at the past alone: what is
    counted, drawn and measured for them are all tokens, the future in red where the past alone is asked for. A stride that does not divide n is counted for the next n that it divides.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> PatternExplorer(method="linear").numbers()["this method (FLOPs)"]
    '140,509,184'
    """

    State = PatternState
    title = "What cheaper attention reads, costs and misses"
    controls = (
        Choice("method", "method", {key: method.name for key, method in METHODS.items()}),
        Choice("structure", "input", STRUCTURES),
        Slider("budget", "budget", "tokens or features", tuple(powers_of_two(4, 512))),
        Slider("n", "sequence length n", "tokens", tuple(powers_of_two(512, 131_072))),
        Slider("d_h", "head width d_h", "elements", tuple(powers_of_two(16, 256))),
        Choice("causal", "each token sees", {"no": "all tokens", "yes": "the past and itself"}),
    )
    presets = {
        "Llama-3 8B's head, all pairs": {"method": "all", "n": 8_192, "d_h": 128, "causal": "yes"},
        "Longformer's window of 512": {"method": "window", "n": 4_096, "d_h": 64, "budget": 512, "causal": "no"},
        "Sparse Transformer's stride of 128": {"method": "strided", "n": 12_288, "d_h": 64, "budget": 128, "causal": "yes"},
        "Linformer's rank of 256": {"method": "low_rank", "n": 4_096, "d_h": 64, "budget": 256, "causal": "no"},
        "256 random features, large scores": {"method": "features", "structure": "few", "n": 8_192, "d_h": 64, "budget": 256},
        "eight rounds of hashing": {"method": "hashing", "structure": "few", "n": 65_536, "d_h": 64, "budget": 512},
    }

    def frame(self, state):
        return ()

    def build(self, figure, state):
        from helpers.figures.growth import tick_text
        from matplotlib.patches import Rectangle

        page = figure.add_axes([0, 0, 1, 1])
        page.set(xlim=(0, 700), ylim=(0, 400))
        page.axis("off")
        square = figure.add_axes([52 / 700, 48 / 400, PIXELS / 700, PIXELS / 400])
        square.set(xticks=[], yticks=[])
        square.grid(visible=False)
        note = {"fontsize": 10, "color": "#333333", "va": "center"}
        page.text(40, 48 + PIXELS / 2, "query", rotation=90, ha="center", **note)
        page.text(52 + PIXELS / 2, 36, "key", ha="center", **note)
        panels = {}
        for name, bottom, high, (low, top), words, every in (
                ("costs", 252, 54, COSTS, "FLOPs of one head", 3), ("kept", 146, 54, KEPT, "elements kept to write on", 2),
                ("error", 52, 28, ERRORS, "relative error on 512 tokens", 1)):
            axes = figure.add_axes([368 / 700, bottom / 400, 306 / 700, high / 400])
            ticks = range(-(-low // 1), int(top) + 1, every)
            axes.set(xlim=(low, top), ylim=(2, 0), yticks=[], xticks=ticks)
            axes.set_xticklabels([f"{10.0**t:g}" if name == "error" else tick_text(10.0**t, above=30) for t in ticks], fontsize=9.5)
            axes.set_title(words, fontsize=10.5, weight="normal", pad=3)
            panels[name] = axes
        panels["error"].axvline(0, color="#333333", linewidth=1, linestyle=(0, (2, 2)))
        value = {"fontsize": 9.5, "color": "#333333", "va": "center"}

        def bars(name, low):
            return [panels[name].add_patch(Rectangle((low, place + 0.12), 0, 0.76, facecolor=colour, alpha=0.45, linewidth=0))
                    for place, colour in enumerate((BLUE, GREY))]
        return {
            "cells": square.add_artist(_cells_artist()),
            "bars": bars("costs", COSTS[0]) + bars("kept", KEPT[0]),
            "words": [panels[name].text(low + 0.06, place + 0.5, "", **value)
                      for name, (low, _) in (("costs", COSTS), ("kept", KEPT)) for place in range(2)],
            "error": panels["error"].plot([], [], linestyle="none", marker="D", markersize=9, color=RED, clip_on=False)[0],
            "error_words": page.text(674, 88, "", ha="right", fontsize=10, color="#333333", weight="bold", va="center"),
            "head": page.text(52, 316, "", **note),
            "setting": page.text(14, 355, "", fontsize=10.5, color="#333333", va="center"),
            "title": page.text(14, 384, "", fontsize=12, weight="bold", va="center"),
        }

    def update(self, artists, state):
        from helpers.explorers.tiling import short

        artists["cells"].cells = picture(state.method, state.structure, state.d_h, used(state), past_alone(state), leaks(state))
        cost, every = bill(state), bill(state, "all")
        keep, keep_all = kept(state.method, state.n, state.d_h, state.budget), kept("all", state.n, state.d_h, state.budget)
        for bar, (low, _), amount in zip(artists["bars"], (COSTS, COSTS, KEPT, KEPT), (cost, every, keep, keep_all)):
            bar.set_width(log10(amount) - low if amount else 0)
        name = METHODS[state.method].name
        said = (f"{name}: {short(cost)}", f"all pairs: {short(every)}",
                f"{name}: " + ("cannot write on" if keep is None else short(keep)), f"all pairs: {short(keep_all)}")
        for text, words in zip(artists["words"], said):
            text.set_text(words)
        found = measured(state)
        artists["error"].set_data([log10(max(found, 10**ERRORS[0]))], [1])
        artists["error_words"].set_text("exact" if state.method == "all" else few_digits(found).replace("below", "<"))
        artists["head"].set_text(f"weights on {SHOWN} tokens, {STRUCTURES[state.structure]}")
        artists["setting"].set_text(f"{setting(state)}; n = {state.n:,} tokens, d_h = {state.d_h}")
        artists["title"].set_text(heading(state))

    def sentence(self):
        state = self.state
        method, cost, every = METHODS[state.method], bill(state), bill(state, "all")
        sizes = f"over n = {state.n:,} tokens, d_h = {state.d_h}"
        if state.method == "all":
            return (f"All pairs {sizes} cost {cost:,} FLOPs, and a head keeps {kept('all', state.n, state.d_h, 1):,} elements to "
                    "write on. It is exact, and what the others are measured against; the budget does nothing here.")
        said = [f"{setting(state)} {sizes}: {cost:,} FLOPs, {share(cost, every)} all pairs; cheaper from n = "
                f"{shortest(state):,} on."]
        keep = kept(state.method, state.n, state.d_h, state.budget)
        if keep is not None:
            grows = {"strided": ", as all pairs do", "hashing": ", as all pairs do"}.get(state.method, ", at any n")
            how = " with keys that are the queries" if state.method == "hashing" else ""
            said.append(f"To write on{how}, a head keeps {keep:,} elements{grows}.")
        found = measured(state)
        if state.method == "linear":
            said.append(f"Another model: on these {SHOWN} tokens its relative difference to softmax is {few_digits(found)}, and it has no "
                        "budget to bring it nearer.")
        else:
            said.append(f"Its bet: {method.bet}. On {SHOWN} tokens with the structure “{STRUCTURES[state.structure]}” it is "
                        f"{verdict(found)}: error {few_digits(found)}.")
        if past_alone(state):
            said.append("Early tokens weigh most in it: with few values to average, their outputs are the longest.")
        if leaks(state) or state.method == "low_rank":
            leak = f"{100 * future(state.method, state.structure, state.d_h, state.budget):.0f} %"
            said.append(f"Asked for the past alone, it cannot: {leak} of its weight, drawn red, lies on the future."
                        if leaks(state) else f"{leak} of its weight lies on later tokens, so it cannot write on.")
        if leaks(state) and state.method == "hashing":
            said.append("Counted, drawn and measured are all tokens.")
        return " ".join(said)

    def numbers(self):
        state = self.state
        cost, every = bill(state), bill(state, "all")
        keep, keep_all = kept(state.method, state.n, state.d_h, state.budget), kept("all", state.n, state.d_h, state.budget)
        shown = {"this method (FLOPs)": f"{cost:,}", "all pairs (FLOPs)": f"{every:,}",
                 "kept to write on (elements)": "it cannot" if keep is None else f"{keep:,}",
                 "kept by all pairs (elements)": f"{keep_all:,}"}
        if state.method != "all":
            shown["cheaper than all pairs from n on (tokens)"] = f"{shortest(state):,}"
        return shown | {f"relative error on {SHOWN} tokens": few_digits(measured(state)),
                        "what it computes": METHODS[state.method].kind}


def used(state):
    """The budget that the method looks at: 4 for all that have none, so that a slider does not compute them again."""
    return state.budget if METHODS[state.method].size else 4


def bill(state, method=None):
    """FLOPs of the state's head by its method, or by another one."""
    return flops(method or state.method, state.n, state.d_h, state.budget, state.causal == "yes")


def measured(state):
    """The relative error on SHOWN tokens, causal only where the method can be."""
    return error(state.method, state.structure, state.d_h, used(state), past_alone(state))


def past_alone(state):
    """Whether the weights are drawn and measured causally: where it is asked for, and the method can with keys of their own."""
    return state.causal == "yes" and METHODS[state.method].past == "yes"


def leaks(state):
    """Whether the future is drawn red: the past alone is asked for, and the method, with keys of its own, cannot."""
    return state.causal == "yes" and METHODS[state.method].past != "yes"


@lru_cache(maxsize=4_096)
def _shortest(method, d_h, budget, causal):
    return meeting(method, d_h, budget, causal)


def shortest(state):
    """The n from which on the method costs less than all pairs."""
    return _shortest(state.method, state.d_h, used(state), state.causal == "yes")


@lru_cache(maxsize=64)
def picture(method, structure, d_h, budget, causal, leak):
    """The weights as colours, (PIXELS, PIXELS, 4) of bytes, lowest row first: dark is large beside the query's largest."""
    import numpy as np

    found = weights(method, structure, d_h, budget, causal)
    level = np.sqrt(found / found.max(axis=1, keepdims=True))
    level = level.reshape(PIXELS, SHOWN // PIXELS, PIXELS, SHOWN // PIXELS).max(axis=(1, 3))[..., None]
    cells = np.full((PIXELS, PIXELS, 4), 255, np.uint8)
    cells[..., :3] = np.where(level > 1e-9, PALE + (np.array(DEEP) - PALE) * level, UNREAD)
    if leak:
        later = np.triu(level[..., 0] > 1e-9, 1)
        cells[later, :3] = (PALE_RED + (np.array(DEEP_RED) - PALE_RED) * level)[later]
    return cells[::-1]


def setting(state):
    """The method with its sizes, for a sentence."""
    causal = state.causal == "yes"
    rounds, bucket = hashes_of(state.budget)
    return {
        "window": f"A window of {window_of(state.budget, causal)}", "strided": f"A stride of {state.budget}",
        "hashing": f"{rounds} round{'s' * (rounds > 1)} of hashing into buckets of {bucket}",
        "low_rank": f"{state.budget} summaries of the keys", "features": f"{state.budget} random features",
        "linear": f"Linear attention with {state.d_h}² numbers of state", "all": "Every query with every key",
    }[state.method]


def heading(state):
    """The finding that the picture shows."""
    cost, every, found = bill(state), bill(state, "all"), measured(state)
    if state.method == "all":
        return "All pairs: exact, and n² of them"
    if leaks(state):
        name = "Hashing with keys of its own looks ahead" if state.method == "hashing" else "Low rank cannot look at the past alone"
        return f"{name}: red is the future"
    if cost >= every:
        return f"No saving at this length: {share(cost, every)} all pairs"
    words = "another model" if state.method == "linear" else f"error {few_digits(found)} on {SHOWN} tokens"
    words += ", worse than 0" * (found >= 1 and state.method != "linear")
    return f"{share(cost, every)[0].upper()}{share(cost, every)[1:]} all pairs; {words}"


def share(cost, every):
    """How a cost stands to that of all pairs.

    >>> share(25, 100), share(300, 100)
    ('4.0 times less than', '3.0 times as much as')
    """
    many, few = max(cost, every), min(cost, every)
    times = f"{many / few:,.0f}" if many >= 10 * few else f"{many / few:.1f}"
    return f"{times} times less than" if cost < every else f"{times} times as much as"


def verdict(found):
    """In words, how a bet went.

    >>> verdict(0.01), verdict(3)
    ('won', 'lost, worse than answering 0')
    """
    return ("won" if found < 0.05 else "nearly won" if found < 0.2 else "half won" if found < 0.5
            else "lost" if found < 1 else "lost, worse than answering 0")


def few_digits(found):
    """An error with two digits that matter.

    >>> few_digits(0.0312), few_digits(2.34), few_digits(1e-9)
    ('0.031', '2.3', 'below 0.001')
    """
    return "below 0.001" if found < 0.001 else f"{found:.2g}"
