"""ConventionsExplorer: training FLOPs under six formulas and your own switches. Lesson 06.

A preset sets the five switches so that they say what one source says. Counts per token are exact;
a multiply-add is 2 FLOPs.
"""

from functools import lru_cache

from helpers.explorers.explorer import View
from helpers.explorers.scene import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Axes, Page
from helpers.published import MODELS, formula_value, rows
from helpers.words import listed, power, times

LENGTHS = [round(10 ** (2 + k / 5)) for k in range(21)]  # where curves are drawn
LOOKS = {"Kaplan": (GREY, (3, 4)), "Chinchilla": (ORANGE, (9, 4)), "PaLM": (BLUE, ()),
         "Megatron": (PURPLE, (12, 4, 3, 4)), "Megatron-LM code": (GREEN, (14, 4)),
         "rule of thumb": (GREY, ())}


def view(s, before):
    """Each formula as a curve of FLOPs a weight and token over n; your switches in black."""
    mine, published = training_flops(s, s.n), published_flops(s.model, s.n)
    weights, along = letters(s.model)["N"], [published_flops(s.model, n) for n in LENGTHS]
    curves = {name: [float(flops[name] / weights) for flops in along] for name in LOOKS}
    same = [name for name, flops in published.items() if flops == mine]
    equal = listed(same) if same else "none of the six formulas"
    own = [training_flops(s, n) / weights for n in LENGTHS]
    values = [value for curve in (own, *curves.values()) for value in curve]
    bottom, top = min(values) / 1.1, max(values) * 1.1

    page = Page()
    axes = Axes(page, 74, 46, 460, 298, (100, 10**6, "log"), (bottom, top, "log"),
                "sequence length n (tokens)", "training FLOPs for each weight and token",
                y_ticks=[y for y in (2, 4, 6, 10, 20, 50, 100, 200, 500) if bottom <= y <= top])
    for name, curve in curves.items():
        says = f"{name}: {published[name]:,} FLOPs per token at n = {s.n:,}"
        axes.curve(LENGTHS, curve, *LOOKS[name], 4 if name in same else 2, name, says=says)
    axes.curve(LENGTHS, own, INK, (2, 3), 3, "your switches")
    axes.upright(s.n, f"n = {s.n:,}", colour=INK)
    if before and before.model == s.model and (was := training_flops(before, before.n)) != mine:
        axes.point(before.n, was / weights, "o", INK, fade=0.4)
        page.words(84, 66, f"× {times(mine / was)}", 13, bold=True, halo=True)
    axes.point(s.n, mine / weights, "o", INK, 6, says=f"your count: {mine:,} FLOPs per token")
    axes.name_ends()

    low, high = min(published, key=published.get), max(published, key=published.get)
    said = (f"At n = {s.n:,} you count {mine / weights:.2f} FLOPs for each weight and token; "
            f"the formulas reach from {published[low] / weights:.2f} ({low}) to "
            f"{published[high] / weights:.2f} ({high}).")
    return View(page, f"Equal to your count: {equal}", said, {
        "your count (FLOPs per token)": mine,
        "your count, all tokens (FLOPs)": power(mine * s.tokens),
        **{f"{name} (FLOPs per token)": flops for name, flops in published.items()},
        "equal to your count": equal})


def letters(name):
    """The formulas' letters for a model; N: every weight of a matrix product, logits included."""
    model = MODELS[name]
    parts = model.flops_by_part(1)
    return dict(L=model.n_layers, d=model.d_model, h=model.n_heads, d_h=model.head_width,
                d_ff=model.d_ff, V=model.vocab_size, b=1,
                N=(sum(parts.values()) - parts["scores and weighted sum"]) // 2)


@lru_cache(maxsize=256)
def published_flops(name, n):
    """{formula: FLOPs per training token} of a model in sequences of n tokens, exact whole numbers.

    In Kaplan's formula N is without embeddings. One in d, d_ff and V alone is taken as printed,
    although it knows only plain layers.
    """
    given = letters(name) | {"n": n}
    kaplan = given | {"N": formula_value("2*d*L*(2*h*d_h + d_ff)", **given)}
    return {row.name: formula_value(f"({row.formula})/{'n' if row.per != 'token' else 1}",
                                    **kaplan if row.name == "Kaplan" else given)
            for row in rows("flop_formulas")}


def training_flops(s, n):
    """FLOPs per training token by the switches: three passes, or four through what runs again."""
    of = letters(s.model)
    pair = 4 * of["L"] * of["h"] * of["d_h"]  # forward, for each token that a token meets
    # n(n + 1)/2 pairs a sequence are (n + 1)/2 a token; pair is even
    met = {"out": 0, "full": pair * n, "half": pair // 2 * n, "seen": pair // 2 * (n + 1)}
    softmax = 3 * of["L"] * of["h"] * n * (s.softmax == "in")  # 3 a score of the whole square
    table = 2 * of["V"] * of["d"]
    layers = 2 * of["N"] - table + met[s.attention] + softmax
    return ((4 if s.recompute == "full" else 3) * layers
            + 3 * table * ((s.logits == "in") + (s.embedding == "in")))
