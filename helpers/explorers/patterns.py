"""PatternExplorer: what each query reads, what it costs, what is kept, the error. Lesson 10."""

from functools import lru_cache

from helpers.explorers.bets import (
    METHODS, SHOWN, STRUCTURES, cheaper_from, error, flops, hashes_of, kept_elements, weights,
    window_of)
from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, powers_of_two, slider
from helpers.explorers.scene import FAINT, INK, ORANGE, Axes, Page
from helpers.words import amount, percent, plural, times

PIXELS = 256                                    # of the drawn square: two tokens a pixel
PALE, DEEP, UNREAD = (222, 235, 245), (0, 66, 110), (246, 247, 249)
PALE_RED, DEEP_RED = (250, 226, 214), (170, 60, 0)


def view(s, before):
    """Weights and errors are measured on 512 tokens with the same budget, whatever n is."""
    method, red = METHODS[s.method], looks_ahead(s)
    budget, causal = s.budget if method.bet else 4, s.causal == "yes" and not red
    cost, every = (flops(key, s.n, s.d_h, s.budget, s.causal == "yes") for key in (s.method, "all"))
    keep, keep_all = (kept_elements(key, s.n, s.d_h, s.budget) for key in (s.method, "all"))
    found = error(s.method, s.structure, s.d_h, budget, causal)
    words = "below 0.001" if found < 0.001 else f"{found:.2g}"

    page = Page()
    page.words(58, 62, f"weights of the keys, {SHOWN} tokens", 12, FAINT)
    page.cells(58, 76, PIXELS, PIXELS, picture(s.method, s.structure, s.d_h, budget, causal, red))
    page.words(44, 76 + PIXELS / 2, "query", 12, anchor="middle", turn=90)
    page.words(58 + PIXELS / 2, 346, "key", 12, anchor="middle")
    page.words(58, 374, f"Its bet: {method.bet}." if method.bet else "", 12)
    for top, name, scale, ours, theirs in (
            (70, f"FLOPs of one head, n = {s.n:,}", (1e5, 1e14, "log"), cost, every),
            (182, f"elements kept to write on, n = {s.n:,}", (10, 1e8, "log"), keep, keep_all)):
        page.words(384, top - 14, name)
        axes = Axes(page, 384, top, 300, 60, scale, (0, 2, "linear"), y_ticks=())
        written = "cannot write on" if ours is None else short(ours)
        page.words(390, top + 8, f"{method.name}: {written}", 12, ORANGE, halo=True)
        page.words(390, top + 38, f"all pairs: {short(theirs)}", 12, FAINT, halo=True)
        axes.point(theirs, 0.25, "s", FAINT, says=f"{theirs:,}")
        if ours is not None:
            axes.point(ours, 1.25, "o", ORANGE, says=f"{ours:,}")
        if before and top == 70:
            was = flops(before.method, before.n, before.d_h, before.budget,
                        before.causal == "yes")
            axes.point(was, 1.25, "o", ORANGE, fade=0.4)
            page.words(684, top + 8, f"× {times(cost / was)}", 12, bold=True, anchor="end",
                       halo=True)
    page.words(384, 294, f"relative error on {SHOWN} tokens: {words}")
    axes = Axes(page, 384, 308, 300, 26, (1e-3, 100, "log"), (0, 1, "linear"), y_ticks=())
    axes.upright(1, dash=(3, 3), colour=INK)
    axes.point(max(found, 1e-3), 0.5, "D", ORANGE, says=words)
    page.words(axes.across(1), 362, "as answering 0", 11, FAINT, "middle")

    numbers = {"this method (FLOPs)": f"{cost:,}", "all pairs (FLOPs)": f"{every:,}",
               "kept to write on (elements)": "it cannot" if keep is None else f"{keep:,}",
               "kept by all pairs (elements)": f"{keep_all:,}"}
    if s.method != "all":
        shortest = cheaper_from(s.method, s.d_h, budget, s.causal == "yes")
        numbers["cheaper than all pairs from n on (tokens)"] = f"{shortest:,}"
    numbers |= {f"relative error on {SHOWN} tokens": words, "what it computes": method.kind}
    if red or s.method == "low_rank":
        ahead = later(s.method, s.structure, s.d_h, budget)
        numbers["of its weight on later tokens"] = percent(ahead)
    return View(page, heading(s, cost, every, found, words),
                sentence(s, cost, every, found, words), numbers)


def short(value):
    """A count in the picture: exact as long as that is short, as in the list of numbers."""
    return f"{value:,}" if value < 10**6 else amount(value)


def looks_ahead(s):
    """Whether the future is drawn red: the past alone is asked for, and the method cannot."""
    return s.causal == "yes" and METHODS[s.method].past != "yes"


def sentence(s, cost, every, found, words):
    """The method with its sizes, its saving and how its bet went."""
    rounds, bucket = hashes_of(s.budget)
    method = {"window": f"A window of {window_of(s.budget, s.causal == 'yes')} costs",
              "strided": f"A stride of {s.budget} costs",
              "low_rank": f"{s.budget} summaries of the keys cost",
              "hashing": f"{plural(rounds, 'round')} of hashing into buckets of {bucket} cost",
              "features": f"{s.budget} random features cost",
              "linear": "Linear attention costs"}.get(s.method)
    saving = f"{share(cost, every)} all pairs"
    if s.method == "all":
        return f"All pairs are exact; the others are measured against them: {amount(cost)} FLOPs."
    if s.method == "linear":
        return f"{method} {saving}; it is another model, {words} away from softmax."
    went = ("won" if found < 0.05 else "nearly won" if found < 0.2 else "half won" if found < 0.5
            else "lost" if found < 1 else "lost, worse than answering 0")
    return f"{method} {saving}; its bet is {went}: error {words}."


def heading(s, cost, every, found, words):
    """The finding that the picture shows."""
    if s.method == "all":
        return "All pairs: exact, and n² of them"
    if looks_ahead(s):
        name = ("Hashing with keys of its own looks ahead" if s.method == "hashing" else
                "Low rank cannot look at the past alone")
        return f"{name}: red is the future"
    saving = share(cost, every)
    if cost >= every:
        return f"No saving at this length: {saving} all pairs"
    worse = ", worse than 0" * (found >= 1)
    told = ("another model" if s.method == "linear" else
            f"error {words} on {SHOWN} tokens{worse}")
    return f"{saving[0].upper()}{saving[1:]} all pairs; {told}"


def share(cost, every):
    """How a cost stands to that of all pairs.

    >>> share(25, 100), share(300, 100)
    ('4.0 times less than', '3.0 times as much as')
    """
    ratio = max(cost, every) / min(cost, every)
    return (f"{ratio:,.{0 if ratio >= 10 else 1}f} times "
            f"{'less than' if cost < every else 'as much as'}")


@lru_cache(maxsize=512)
def later(method, structure, d_h, budget):
    """The share of all weight that lies on keys after the query."""
    import numpy as np

    return float(np.triu(weights(method, structure, d_h, budget), 1).sum() / SHOWN)


@lru_cache(maxsize=64)
def picture(method, structure, d_h, budget, causal, red):
    """The weights as colours, (PIXELS, PIXELS, 3) bytes: dark is large beside the row's largest."""
    import numpy as np

    found = weights(method, structure, d_h, budget, causal)
    level = np.sqrt(found / found.max(axis=1, keepdims=True))
    step = SHOWN // PIXELS
    level = level.reshape(PIXELS, step, PIXELS, step).max(axis=(1, 3))[..., None]
    cells = np.where(level > 1e-9, PALE + (np.array(DEEP) - PALE) * level, UNREAD)
    ahead = np.triu(level[..., 0] > 1e-9, 1) & red
    cells[ahead] = (PALE_RED + (np.array(DEEP_RED) - PALE_RED) * level)[ahead]
    return cells.astype(np.uint8)


class PatternExplorer(Explorer):
    """One head of cheaper attention: its weights, its FLOPs and cache at any n, its error.

    FLOPs are exact, with softmax and features. Hashing with keys of its own, and low rank, cannot
    look at the past alone: counted, drawn and measured for them are all tokens, the future in red
    where it is asked for. A stride that does not divide n is counted for the next n it divides.

    >>> PatternExplorer(method="linear").numbers()["this method (FLOPs)"]
    '140,509,184'
    """

    view = staticmethod(view)
    controls = (
        Choice("method", "method", {key: method.name for key, method in METHODS.items()}, "window"),
        Choice("structure", "input", STRUCTURES, "local"),
        slider("budget", "budget", "tokens or features", powers_of_two(4, 512), 64),
        slider("n", "sequence length n", "tokens", powers_of_two(512, 131_072), 8_192),
        slider("d_h", "head width d_h", "elements", powers_of_two(16, 256), 64),
        Choice("causal", "each token sees", {"no": "all tokens", "yes": "the past and itself"},
               "no"),
    )
    presets = {
        "Llama-3 8B's head, all pairs": dict(method="all", n=8_192, d_h=128, causal="yes"),
        "Longformer's window of 512": dict(
            method="window", n=4_096, d_h=64, budget=512, causal="no"),
        "Sparse Transformer's stride of 128": dict(
            method="strided", n=12_288, d_h=64, budget=128, causal="yes"),
        "Linformer's rank of 256": dict(
            method="low_rank", n=4_096, d_h=64, budget=256, causal="no"),
        "256 random features, large scores": dict(
            method="features", structure="few", n=8_192, d_h=64, budget=256),
        "eight rounds of hashing": dict(
            method="hashing", structure="few", n=65_536, d_h=64, budget=512),
    }
