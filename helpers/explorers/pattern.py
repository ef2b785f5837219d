"""PatternExplorer: what each query reads, what it costs, what is kept, the error. Lesson 10.

One head; FLOPs are exact, with softmax and features. Hashing with keys of its own, and low rank,
cannot look at the past alone: counted, drawn and measured for them are all tokens, the future in
red where it is asked for. A stride that does not divide n is counted for the next n it divides.
"""

from functools import lru_cache

import numpy as np

from helpers.explorers.bets import (
    METHODS, SHOWN, cheaper_from, error, flops, kept_elements, weights)
from helpers.explorers.explorer import View
from helpers.explorers.scene import FAINT, INK, ORANGE, Axes, Page
from helpers.words import amount, percent, times

PIXELS = 256                                    # of the drawn square: two tokens a pixel
# of the drawn square: unread, from pale to deep blue for what is read, the same red if ahead
UNREAD, BLUES = (246, 247, 249), ((222, 235, 245), (0, 66, 110))
REDS = (250, 226, 214), (170, 60, 0)


def view(s, before):
    """Weights and errors are measured on 512 tokens with the same budget, whatever n is."""
    method = METHODS[s.method]
    red = s.causal == "yes" and method.past != "yes"  # the past alone is asked for: it cannot
    budget, causal = s.budget if method.bet else 4, s.causal == "yes" and not red
    cost, every = (flops(key, s.n, s.d_h, s.budget, s.causal == "yes") for key in (s.method, "all"))
    keep, keep_all = (kept_elements(key, s.n, s.d_h, s.budget) for key in (s.method, "all"))
    found = error(s.method, s.structure, s.d_h, budget, causal)
    words = "below 0.001" if found < 0.001 else f"{found:.2g}"

    page = Page()
    page.words(58, 62, f"weights of the keys, {SHOWN} tokens", 12, FAINT)
    page.cells(58, 76, PIXELS, PIXELS, *picture(s.method, s.structure, s.d_h, budget, causal, red))
    page.words(44, 76 + PIXELS / 2, "query", 12, anchor="middle", turn=90)
    page.words(58 + PIXELS / 2, 346, "key", 12, anchor="middle")
    page.words(58, 374, f"Its bet: {method.bet}." if method.bet else "", 12)
    for top, name, scale, ours, theirs in (
            (70, f"FLOPs of one head, n = {s.n:,}", (1e5, 1e14, "log"), cost, every),
            (182, f"elements kept to decode, n = {s.n:,}", (10, 1e8, "log"), keep, keep_all)):
        page.words(384, top - 14, name)
        axes = Axes(page, 384, top, 300, 60, scale, (0, 2, "linear"), y_ticks=())
        written = "cannot decode" if ours is None else amount(ours)
        page.words(390, top + 8, f"{method.name}: {written}", 12, ORANGE, halo=True)
        page.words(390, top + 38, f"all pairs: {amount(theirs)}", 12, FAINT, halo=True)
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

    numbers = {"this method (FLOPs)": cost, "all pairs (FLOPs)": every,
               "kept to decode (elements)": "it cannot" if keep is None else keep,
               "kept by all pairs (elements)": keep_all}
    if s.method != "all":
        numbers["cheaper than all pairs from n on (tokens)"] = cheaper_from(
            s.method, s.d_h, budget, s.causal == "yes")
    numbers |= {f"relative error on {SHOWN} tokens": words, "what it computes": method.kind}
    if red or s.method == "low_rank":
        numbers["of its weight on later tokens"] = percent(
            np.triu(weights(s.method, s.structure, s.d_h, budget), 1).sum() / SHOWN)
    return View(page, *told(s, red, cost, every, found, words), numbers)


def told(s, red, cost, every, found, words):
    """The finding that the picture shows, and how the method's bet went."""
    method = METHODS[s.method]
    if s.method == "all":
        return "All pairs: exact, and n² of them", (
            f"All pairs are exact; the others are measured against them: {amount(cost)} FLOPs.")
    saving = (f"{times(every / cost)} times fewer FLOPs than all pairs" if cost < every else
              f"{times(cost / every)} times as many FLOPs as all pairs")
    went = ("won" if found < 0.05 else "nearly won" if found < 0.2 else "half won" if found < 0.5
            else "lost" if found < 1 else "lost, worse than answering 0")
    title = (f"{method.name.capitalize()} looks ahead: red is the future" if red else
             f"{saving[0].upper()}{saving[1:]}, error {words}")
    size = f" with a budget of {s.budget}" * bool(method.bet)
    ends = f"its bet is {went}" if method.bet else "it is another model"
    return title, f"{method.name.capitalize()}{size} costs {saving}; {ends}: error {words}."


@lru_cache(maxsize=64)
def picture(method, structure, d_h, budget, causal, red):
    """The weights as cells and their colours: dark is large beside the row's largest."""
    found, step = weights(method, structure, d_h, budget, causal), SHOWN // PIXELS
    level = found / found.max(axis=1, keepdims=True)
    level = np.sqrt(level.reshape(PIXELS, step, PIXELS, step).max(axis=(1, 3)))
    cells = np.where(level > 1e-9, 1 + np.round(126 * level), 0).astype(np.uint8)
    cells[np.triu(cells > 0, 1) & red] += 127
    colours = [UNREAD, *np.linspace(*BLUES, 127), *np.linspace(*REDS, 127)]
    return cells, np.array(colours, np.uint8)
