"""ConventionsExplorer: one model's training FLOPs under six published formulas and your own switches. Lesson 06."""

from functools import lru_cache

from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, one_two_five, slider
from helpers.explorers.scene import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Axes, Page
from helpers.published import MODELS, formula_value, rows
from helpers.words import listed, power, times

NAMES = ("GPT-2", "GPT-3 175B", "Megatron 145.6B", "PaLM 540B", "Llama-3 8B")
LENGTHS = [round(10 ** (2 + k / 5)) for k in range(21)]  # where curves are drawn
FORMULAS = {row.name: row for row in rows("flop_formulas")}
LOOKS = {"Kaplan": (GREY, (3, 4)), "Chinchilla": (ORANGE, (9, 4)), "PaLM": (BLUE, ()),
         "Megatron": (PURPLE, (12, 4, 3, 4)), "Megatron-LM code": (GREEN, (14, 4)),
         "rule of thumb": (GREY, ())}


def view(s, before):
    """Each formula as one curve of FLOPs for each weight and token, over n; your switches as the black one."""
    mine, published, weights = training_flops(s, s.n), published_flops(s.model, s.n), weights_of(s.model)
    same = [name for name, flops in published.items() if flops == mine]
    curves = published_curves(s.model)
    own = [training_flops(s, n) / weights for n in LENGTHS]
    values = [value for curve in (own, *curves.values()) for value in curve]

    page = Page()
    axes = Axes(page, 74, 46, 460, 298, (100, 10**6, "log"), (min(values) / 1.1, max(values) * 1.1, "log"),
                "sequence length n (tokens)", "training FLOPs for each weight and token",
                y_ticks=[y for y in (2, 4, 6, 10, 20, 50, 100, 200, 500) if min(values) <= y <= max(values)])
    for name, curve in curves.items():
        colour, dash = LOOKS[name]
        says = f"{name}: {published[name]:,} FLOPs per token at n = {s.n:,}"
        axes.curve(LENGTHS, curve, colour, dash, 4 if name in same else 2, name, says=says)
    axes.curve(LENGTHS, own, INK, (2, 3), 3, "your switches")
    axes.upright(s.n, f"n = {s.n:,}", colour=INK)
    if before and before.model == s.model and (was := training_flops(before, before.n)) != mine:
        axes.point(before.n, was / weights, "o", INK, fade=0.4)
        page.words(*axes.at(100, max(values) / 1.1), f"  × {times(mine / was)}", 13, bold=True, halo=True)
    axes.point(s.n, mine / weights, "o", INK, 6, says=f"your count: {mine:,} FLOPs per token")
    axes.name_ends()

    per_weight = {name: flops / weights for name, flops in published.items()}
    low, high = min(per_weight, key=per_weight.get), max(per_weight, key=per_weight.get)
    said = (f"At n = {s.n:,} you count {mine / weights:.2f} FLOPs for each weight and token; "
            f"the formulas reach from {per_weight[low]:.2f} ({low}) to {per_weight[high]:.2f} ({high}).")
    shown = {"your count (FLOPs per token)": f"{mine:,}",
             "your count, all tokens (FLOPs)": power(mine * s.tokens)}
    shown |= {f"{name} (FLOPs per token)": f"{flops:,}" for name, flops in published.items()}
    shown["equal to your count"] = listed(same) if same else "none of the six formulas"
    if (most := MODELS[s.model].max_positions) and s.n > most:
        shown["beyond the learned positions of the model"] = f"{most:,}"
    title = (f"Your switches count what {listed(same)} count{'s' * (len(same) == 1)}" if same
             else "Your switches count what none of the six formulas counts")
    return View(page, title.replace("what rule", "what the rule").replace("and rule", "and the rule"), said, shown)


@lru_cache(maxsize=None)
def letters(name):
    """The letters of the formulas for a published model; N holds every weight of a matrix product, logits included.

    >>> letters("GPT-2")["N"]
    123532032
    """
    model = MODELS[name]
    return dict(L=model.n_layers, d=model.d_model, h=model.n_heads, d_h=model.head_width, d_ff=model.d_ff,
                V=model.vocab_size, b=1, N=layer_weights(name) + model.vocab_size * model.d_model)


@lru_cache(maxsize=None)
def layer_weights(name):
    """The weights of a model that stand in a matrix product of its layers."""
    parts = MODELS[name].flops_by_part(1)
    return (parts["attention projections"] + parts["feed-forward"]) // 2


def weights_of(name):
    """N, the weights that `letters` counts."""
    return letters(name)["N"]


@lru_cache(maxsize=256)
def published_flops(name, n):
    """{formula: FLOPs per training token} of a model in sequences of n tokens, exact whole numbers.

    In Kaplan's formula N is Kaplan's, without embeddings. A formula in d, d_ff and V alone is taken as printed,
    although it knows only plain layers.
    """
    given = letters(name) | {"n": n}
    kaplan = formula_value("2*d*L*(2*h*d_h + d_ff)", **given)
    return {row.name: formula_value(f"({row.formula})/{'n' if row.per != 'token' else 1}",
                                    **given | ({"N": kaplan} if row.name == "Kaplan" else {}))
            for row in FORMULAS.values()}


@lru_cache(maxsize=None)
def published_curves(name):
    """{formula: FLOPs for each weight and token at each of the LENGTHS}."""
    found = [published_flops(name, n) for n in LENGTHS]
    return {formula: [float(flops[formula] / weights_of(name)) for flops in found] for formula in FORMULAS}


def training_flops(s, n):
    """FLOPs per training token as the switches count them: three passes, or four through what runs again."""
    shape, model = letters(s.model), MODELS[s.model]
    pair = 4 * shape["L"] * shape["h"] * shape["d_h"]  # forward, for each token that a token meets
    # n(n + 1)/2 pairs a sequence are (n + 1)/2 a token; pair is even
    met = {"out": 0, "full": pair * n, "half": pair // 2 * n, "seen": pair // 2 * (n + 1)}[s.attention]
    softmax = 3 * shape["L"] * shape["h"] * n * (s.softmax == "in")  # 3 for each score of the whole square
    layers = 2 * layer_weights(s.model) + met + softmax
    tables = 2 * model.vocab_size * model.d_model * ((s.logits == "in") + (s.embedding == "in"))
    return (4 if s.recompute == "full" else 3) * layers + 3 * tables


class ConventionsExplorer(Explorer):
    """The same training run, counted by the six published formulas and by your switches.

    A preset sets the five switches so that they say what one source says. Counts per token are exact; a
    multiply-add is 2 FLOPs.

    >>> ConventionsExplorer(model="GPT-2", n=1_024).numbers()["your count (FLOPs per token)"]
    '854,438,400'
    """

    view = staticmethod(view)
    controls = (
        Choice("model", "model", {name: name for name in NAMES}, "GPT-3 175B"),
        slider("n", "sequence length n", "tokens", one_two_five(100, 10**6), 2_048),
        Choice("attention", "n² products", {"out": "out", "full": "whole square, n²", "half": "causal, n²/2",
                                            "seen": "causal, n(n + 1)/2"}, "full"),
        Choice("recompute", "recomputation", {"none": "none", "full": "all layers"}, "none"),
        Choice("logits", "logits", {"out": "out", "in": "in"}, "in"),
        slider("tokens", "training tokens D", "tokens", one_two_five(10**9, 2 * 10**13), 3 * 10**11),
        Choice("softmax", "softmax", {"out": "out", "in": "in"}, "out"),
        Choice("embedding", "embedding", {"out": "a lookup", "in": "a product"}, "out"),
    )
    presets = {f"as {source}": dict(zip(("attention", "logits", "softmax", "embedding", "recompute"), values.split()))
               for source, values in {"Kaplan": "half out out out none", "Chinchilla": "full in in in none",
                                      "PaLM": "full in out out none", "Megatron 2021": "full in out out full",
                                      "Megatron-LM's code": "half in out out none",
                                      "the rule of thumb": "out in out out none"}.items()}
