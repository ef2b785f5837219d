"""ConventionsExplorer: the switchboard of lesson 06, one model's training FLOPs under each published convention."""

from dataclasses import dataclass

from helpers.explorers.amounts import power
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Slider, one_two_five, powers_of_two

NAMES = ("GPT-2", "GPT-3 175B", "Megatron 145.6B", "PaLM 540B", "Llama-3 8B")
LENGTHS = tuple(sorted({*one_two_five(100, 10**6), *powers_of_two(128, 10**6)}))
TOKENS = tuple(sorted({*one_two_five(10**9, 2 * 10**13), 3 * 10**11, 15 * 10**12}))
PARTS = {"layers": ("weights of the layers", "#0072B2"), "attention": ("products with n²", "#D55E00"),
         "rest": ("logits, softmax, embedding", "#009E73"), "again": ("computed again", "#AA4499")}
PLAIN, SAME, HERE = "#b9c4ce", "#333333", "#000000"


@dataclass(frozen=True)
class ConventionsState:
    """n and tokens in tokens; the rest are the switches, each a key of its control's options."""

    model: str = "GPT-3 175B"
    n: int = 2_048
    tokens: int = 3 * 10**11
    attention: str = "full"
    logits: str = "in"
    softmax: str = "out"
    embedding: str = "out"
    recompute: str = "none"


def switches(attention, logits, softmax="out", embedding="out", recompute="none"):
    return dict(attention=attention, logits=logits, softmax=softmax, embedding=embedding, recompute=recompute)


class ConventionsExplorer(Explorer):
    """The same training run, counted by your switches and by the six published formulas.

    `ConventionsExplorer(model="Llama-3 8B", n=8_192)` starts at a model and a length; a preset sets the five
    switches so that they say what one source says. Counts per token are exact whole numbers; a multiply-add
    is 2 FLOPs. N in a formula with N is every weight of a matrix product, logits included (Kaplan's is its own);
    a formula in d, d_ff and V alone is taken as printed, although it knows only plain layers.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = ConventionsExplorer(model="GPT-2", n=1_024)
    >>> explorer.numbers()["your count (FLOPs per token)"]
    '854,438,400'
    >>> explorer.coinciding()
    ('PaLM',)
    >>> ConventionsExplorer(n=99)
    Traceback (most recent call last):
    ValueError: n = 99 is out of range: sequence length n is a whole number from 100 to 1,000,000 tokens.
    """

    State = ConventionsState
    title = "One training run, counted by six published formulas"
    controls = (
        Choice("model", "model", {name: name for name in NAMES}),
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("tokens", "training tokens D", "tokens", TOKENS),
        Choice("attention", "products with n²", {"out": "out", "full": "whole square, n²", "half": "causal, n²/2",
                                                 "seen": "causal, n(n + 1)/2"}),
        Choice("logits", "logits", {"out": "out", "in": "in"}),
        Choice("softmax", "softmax", {"out": "out", "in": "in"}),
        Choice("embedding", "embedding", {"out": "a lookup, free", "in": "as a matrix product"}),
        Choice("recompute", "recomputation", {"none": "none", "full": "all layers once more"}),
    )
    presets = {
        "as Kaplan": switches("half", "out"),
        "as Chinchilla": switches("full", "in", softmax="in", embedding="in"),
        "as PaLM": switches("full", "in"),
        "as Megatron 2021": switches("full", "in", recompute="full"),
        "as Megatron-LM's code": switches("half", "in"),
        "as the rule of thumb": switches("out", "in"),
    }

    def frame(self, state):
        return state.model

    def build(self, figure, state):
        from helpers.figures.scale import MovingScale
        from matplotlib.patches import Rectangle

        axes = figure.add_axes([0.205, 0.225, 0.52, 0.62])
        axes.set(ylim=(len(FORMULAS) + 0.55, -0.6), xlabel="training FLOPs ÷ 6·N·D")
        axes.set_yticks(range(len(FORMULAS) + 1), ["your switches", *FORMULAS])
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0)
        for place, head in ((1.23, "FLOPs"), (1.5, "from yours")):
            axes.text(place, -0.75, head, ha="right", transform=axes.get_yaxis_transform(), fontsize=10)
        for place, (name, colour) in enumerate(PARTS.values()):
            left = (0.02, 0.275, 0.475, 0.785)[place]
            figure.add_artist(Rectangle((left, 0.03), 0.02, 0.03, facecolor=colour, transform=figure.transFigure))
            figure.text(left + 0.027, 0.045, name, fontsize=10, va="center")

        def bar(row, colour, height=0.62):
            return axes.add_patch(Rectangle((0, row - height / 2), 0, height, facecolor=colour))

        artists = {"title": figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top"),
                   "scale": MovingScale(axes, grid=True),
                   "bars": [bar(row, PLAIN) for row in range(1, len(FORMULAS) + 1)],
                   "parts": [bar(0, colour, 0.7) for _, colour in PARTS.values()],
                   "here": axes.plot([], [], color=HERE, linewidth=1, linestyle=(0, (3, 3)))[0]}
        column = {"ha": "right", "va": "center", "fontsize": 10, "transform": axes.get_yaxis_transform()}
        rows = range(len(FORMULAS) + 1)
        return artists | {"totals": [axes.text(1.23, row, "", **column) for row in rows],
                          "away": [axes.text(1.5, row, "", **column) for row in rows]}

    def update(self, artists, state):
        shape = letters(state.model)
        unit, mine, parts = 6 * shape["N"], count(state), counted_parts(state)
        end = right_end(state)
        artists["scale"].show(end)
        unit *= end  # the axis runs from 0 to 1
        left = 0.0
        for part, patch in zip(PARTS, artists["parts"]):
            patch.set_x(left)
            patch.set_width(parts[part] / unit)
            left += parts[part] / unit
        artists["here"].set_data([mine / unit] * 2, [0.35, len(FORMULAS) + 0.45])
        published = [formula(**shape, n=state.n) for formula in FORMULAS.values()]
        same = [name for name, value in zip(FORMULAS, published) if value == mine]
        artists["title"].set_text(f"Your switches count what {named(same)} count{'s' * (len(same) == 1)}" if same
                                  else "Your switches count what none of the six formulas counts")
        for value, patch in zip(published, artists["bars"]):
            patch.set_width(value / unit)
            patch.set_facecolor(SAME if value == mine else PLAIN)
        for value, total, away in zip([mine, *published], artists["totals"], artists["away"]):
            total.set_text(power(value * state.tokens))
            away.set_text(against(value, mine))
        artists["away"][0].set_text("")

    def coinciding(self):
        """The names of the published formulas that give exactly the count of the switches."""
        mine, shape = count(self.state), letters(self.state.model)
        return tuple(name for name, formula in FORMULAS.items() if formula(**shape, n=self.state.n) == mine)

    def sentence(self):
        from helpers.published import MODELS

        state, mine = self.state, count(self.state)
        beyond = [line for line in MODELS[state.model].describe(state.n).split("\n")[1:] if "positions" in line]
        values = self.published()
        low, high = min(values, key=values.get), max(values, key=values.get)
        same = self.coinciding()
        said = (f"{state.model} on {state.tokens:,} tokens in sequences of n = {state.n:,}: your switches count "
                f"{power(mine * state.tokens)} FLOPs, {mine / letters(state.model)['N']:.2f} for each weight and token. "
                f"They coincide with {named(same) if same else 'none of the six formulas'}. The formulas reach from "
                f"{power(values[low] * state.tokens)} ({low}) to {power(values[high] * state.tokens)} ({high}), "
                f"{values[high] / values[low]:.2f} times as many.")
        return " ".join([said, *self._missed(), *beyond])

    def _missed(self):
        """Where the switches stand as in a preset and its formula still gives another count: a sentence, in a list."""
        for preset, formula in zip(self.presets, FORMULAS):
            if all(getattr(self.state, name) == value for name, value in self.presets[preset].items()):
                away = against(self.published()[formula], count(self.state))
                if away != "equal":
                    return [f"The switches stand {preset}, whose formula is for plain layers only: on this model it is off by {away}."]
        return []

    def numbers(self):
        mine = count(self.state)
        lines = {"your count (FLOPs per token)": f"{mine:,}",
                 "your count, all tokens (FLOPs)": power(mine * self.state.tokens)}
        for name, value in self.published().items():
            lines[f"{name} (FLOPs per token)"] = f"{value:,}"
        return lines

    def published(self):
        """dict: name of each published formula -> FLOPs per training token."""
        shape = letters(self.state.model)
        return {name: formula(**shape, n=self.state.n) for name, formula in FORMULAS.items()}


# what a model is to the formulas, and the formulas: FLOPs per training token, whole numbers

_SHAPES = {}


def letters(name):
    """The letters of a published model: its sizes, W (weights in the layers' products) and N = W + V·d.

    >>> letters("GPT-2")["N"]
    123532032
    """
    if name not in _SHAPES:
        from helpers.published import MODELS

        model = MODELS[name]
        parts = model.flops_by_part(1)
        weights = (parts["attention projections"] + parts["feed-forward"]) // 2
        L, d, V = model.n_layers, model.d_model, model.vocab_size
        _SHAPES[name] = dict(L=L, d=d, h=model.n_heads, d_h=model.head_width, d_ff=model.d_ff, V=V, W=weights,
                             N=weights + V * d)
    return _SHAPES[name]


def kaplan(L, d, h, d_h, d_ff, V, W, N, n):
    return 3 * (2 * (2 * d * L * (2 * h * d_h + d_ff)) + 2 * L * n * h * d_h)


def chinchilla(L, d, h, d_h, d_ff, V, W, N, n):
    layer = 2 * 3 * d * h * d_h + 4 * n * h * d_h + 3 * h * n + 2 * h * d_h * d + 2 * (2 * d * d_ff)
    return 3 * (2 * V * d + L * layer + 2 * d * V)


def palm(L, d, h, d_h, d_ff, V, W, N, n):
    return 6 * N + 12 * L * h * d_h * n


def megatron(L, d, h, d_h, d_ff, V, W, N, n):
    return 96 * L * d**2 + 16 * L * d * n + 6 * d * V  # 96·L·d²·(1 + n/(6d) + V/(16Ld)), multiplied out


def megatron_code(L, d, h, d_h, d_ff, V, W, N, n):
    return 6 * N + 6 * L * h * d_h * n


def thumb(L, d, h, d_h, d_ff, V, W, N, n):
    return 6 * N


FORMULAS = {"Kaplan": kaplan, "Chinchilla": chinchilla, "PaLM": palm, "Megatron": megatron,
            "Megatron-LM code": megatron_code, "rule of thumb": thumb}


def counted_parts(state):
    """FLOPs per token of what the switches count, by the keys of PARTS."""
    shape = letters(state.model)
    pair = 4 * shape["L"] * shape["h"] * shape["d_h"]  # forward, for each token that a token meets
    # n(n + 1)/2 pairs a sequence are (n + 1)/2 a token; pair is even
    attention = {"out": 0, "full": pair * state.n, "half": pair // 2 * state.n, "seen": pair // 2 * (state.n + 1)}
    forward = {"layers": 2 * shape["W"], "attention": attention[state.attention]}
    table = 2 * shape["V"] * shape["d"]
    softmax = 3 * shape["L"] * shape["h"] * state.n * (state.softmax == "in")  # 3 per score of the whole square
    rest = table * ((state.logits == "in") + (state.embedding == "in")) + softmax
    again = (sum(forward.values()) + softmax) * (state.recompute == "full")
    return {part: 3 * flops for part, flops in forward.items()} | {"rest": 3 * rest, "again": again}


def count(state):
    """FLOPs per training token by the switches."""
    return sum(counted_parts(state).values())


def named(names):
    """One name or more, for a sentence; the rule of thumb with its article.

    >>> named(("Kaplan", "PaLM", "rule of thumb"))
    'Kaplan, PaLM and the rule of thumb'
    """
    *first, last = [f"the {name}" if name == "rule of thumb" else name for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def against(value, mine):
    """How far a formula is from your count, as text.

    >>> against(98, 100), against(100, 100), against(99999, 100000)
    ('−2.0 %', 'equal', '−0.0010 %')
    """
    if value == mine:
        return "equal"
    away = 100 * (value - mine) / mine
    if abs(away) < 0.0001:
        return "< 0.0001 %"
    digits = 0 if abs(away) >= 100 else 1 if abs(away) >= 0.95 else 2 if abs(away) >= 0.01 else 4
    return f"{away:+,.{digits}f} %".replace("-", "−")


def right_end(state):
    """The right end of the axis, in multiples of 6·N: a round number, so that it rarely jumps."""
    shape = letters(state.model)
    full = ConventionsState(state.model, state.n, state.tokens, "full", "in", "in", "in", "full")
    most = max(count(full), *(formula(**shape, n=state.n) for formula in FORMULAS.values())) / (6 * shape["N"])
    decade = 1
    while True:
        for step in (1, 1.5, 2, 3, 5, 7):
            if most <= step * decade:
                return step * decade
        decade *= 10
