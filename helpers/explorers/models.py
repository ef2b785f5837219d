"""ModelExplorer: where a model's parameters are and where its FLOPs are, for any published model or your own shape."""

from dataclasses import dataclass, fields

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Slider, one_two_five, powers_of_two
from helpers.explorers.amounts import LENGTHS
from helpers.published import MODELS
from helpers.transformer import Transformer

# row of the picture: (parts of `Transformer`, colour, dash, marker of its curve over n)
ROWS = {
    "lookup tables": (("embedding", "positions"), "#6b6b6b", None, None),
    "projections": (("attention projections",), "#0072B2", "-.", "o"),
    "n² products": (("scores and weighted sum",), "#D55E00", "--", "s"),
    "feed-forward": (("feed-forward", "router"), "#009E73", ":", "^"),
    "norms": (("norms",), "#6b6b6b", None, None),
    "output head": (("logits",), "#AA4499", (0, (6, 1, 1, 1, 1, 1)), "D"),
}
CURVES = [name for name, (_, _, dash, _) in ROWS.items() if dash]
POINTS = 73


def _steps(low, high):
    """Powers of two from low to high, and half as much again."""
    return tuple(sorted({*powers_of_two(low, high), *(3 * 2**k for k in range(20) if low <= 3 * 2**k <= high)}))


@dataclass(frozen=True)
class ModelState:
    """n in tokens; like: the published model that says what has no control (biases, norms, positions, window,
    shared experts, compressed keys); head widths and heads as in `Transformer`, h = h_kv · sharing."""

    like: str = "GPT-2"
    n: int = 1_024
    n_layers: int = 12
    d_model: int = 768
    n_kv_heads: int = 12
    sharing: int = 1
    d_head: int = 64
    d_ff: int = 3_072
    matrices: str = "two"
    experts_met: int = 1
    experts_passed: int = 0
    vocab_size: int = 50_257
    head: str = "tied"


def values_of(name):
    """The fields of `ModelState`, n excepted, that make a published model.

    >>> values_of("Llama-3 8B")["sharing"]
    4
    """
    model = MODELS[name]
    return dict(
        like=name, n_layers=model.n_layers, d_model=model.d_model, n_kv_heads=model.kv_heads,
        sharing=model.n_heads // model.kv_heads, d_head=model.value_width,
        d_ff=model.expert_width if model.is_mixture else model.d_ff, matrices="three" if model.gated else "two",
        experts_met=model.experts_per_token, experts_passed=model.n_experts - model.experts_per_token,
        vocab_size=model.vocab_size, head="tied" if model.tied else "own")


def shape(state):
    """The `Transformer` of a state: the controls' values, and the rest as in the model that it is like.

    Every state is a model: heads are h_kv · sharing, and a token cannot meet more experts than there are.

    >>> shape(ModelState()).parameters()
    124439808
    """
    like = MODELS[state.like]
    given = {field.name: getattr(like, field.name) for field in fields(Transformer)}
    given |= dict(n_layers=state.n_layers, d_model=state.d_model, n_heads=state.n_kv_heads * state.sharing,
                  vocab_size=state.vocab_size, gated=state.matrices == "three", tied=state.head == "tied")
    if like.is_latent:
        given |= dict(qk_nope_head_dim=state.d_head, v_head_dim=state.d_head)
    else:
        given |= dict(n_kv_heads=state.n_kv_heads, d_head=state.d_head)
    experts = state.experts_met + state.experts_passed
    if experts > 1:
        given |= dict(n_experts=experts, experts_per_token=state.experts_met, d_expert=state.d_ff,
                      n_dense_layers=min(like.n_dense_layers, state.n_layers))
    else:
        given |= dict(n_experts=1, experts_per_token=1, d_ff=state.d_ff, d_expert=None, n_shared_experts=0,
                      n_dense_layers=0, router_bias=False)
    return Transformer(**given)


class ModelExplorer(Explorer):
    """Where the parameters of a model are, and where the FLOPs of one token's forward pass are.

    `ModelExplorer(preset="Llama-3 8B")` starts at a published model, `ModelExplorer(n_layers=24)` at GPT-2 with
    another shape. Counts are exact whole numbers, as in lesson 05: matrix products, a multiply-add is 2 FLOPs,
    the whole square of n² (no causal halving), logits of every token included. FLOPs per token are those of a
    forward pass over n tokens, divided by n.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> ModelExplorer(n=1_024).numbers()["parameters"]
    '124,439,808'
    >>> ModelExplorer(n_layers=0)
    Traceback (most recent call last):
    ValueError: n_layers = 0 is out of range: layers L is a whole number from 1 to 256 layers.
    """

    State = ModelState
    title = "Where a model's parameters are, and where its FLOPs are"
    controls = (
        Slider("n_layers", "layers L", "layers", (1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 64, 80, 96, 128, 256)),
        Slider("d_model", "model width d", "elements", _steps(16, 32_768)),
        Slider("n_kv_heads", "key-value heads", "heads", (1, 2, 4, 8, 12, 16, 24, 32, 40, 48, 64, 96, 128, 256)),
        Slider("sharing", "query heads for each", "heads", (1, 2, 4, 8, 16, 32, 64, 128)),
        Slider("d_head", "head width", "elements", _steps(8, 512)),
        Slider("d_ff", "feed-forward width", "elements", _steps(16, 131_072)),
        Choice("matrices", "feed-forward", {"two": "two matrices", "three": "three, gated"}),
        Slider("experts_met", "experts a token meets", "experts", (1, 2, 4, 6, 8, 16, 32)),
        Slider("experts_passed", "experts it passes by", "experts", (0, 1, 2, 4, 6, 8, 16, 32, 64, 128, 256, 512)),
        Slider("vocab_size", "vocabulary V", "tokens", tuple(sorted({*one_two_five(100, 500_000), *_steps(256, 262_144)}))),
        Choice("head", "output head", {"tied": "tied to the embedding", "own": "a matrix of its own"}),
        Slider("n", "sequence length n", "tokens", LENGTHS),  # not a size of the model, so last
    )
    presets = {name: values_of(name) for name in MODELS}

    def _checked(self, state):
        if isinstance(state, ModelState):
            try:
                MODELS[state.like]
            except KeyError as unknown:
                raise ValueError(f"like = {state.like!r}: {unknown.args[0]}") from None
        return super()._checked(state)

    def build(self, figure, state):
        from helpers.figures.growth import TOKENS, growth_axes
        from matplotlib.patches import Rectangle

        bars = figure.add_axes([0.165, 0.14, 0.345, 0.66])
        bars.set(xlim=(0, 128), ylim=(len(ROWS) - 0.45, -0.55), xticks=(0, 50, 100), yticks=range(len(ROWS)),
                 yticklabels=ROWS, xlabel="share (%)")
        bars.grid(axis="y", visible=False)
        bars.tick_params(axis="y", length=0)
        over = figure.add_axes([0.59, 0.14, 0.385, 0.66])
        growth_axes(over, y="linear")
        over.set(xlim=(LENGTHS[0], LENGTHS[-1]), ylim=(0, 100), xlabel=TOKENS, xticks=(10, 1_000, 10**5, 10**7))
        for left, face, words in ((0.165, "white", "parameters"), (0.34, "#555555", "FLOPs")):
            figure.add_artist(Rectangle((left, 0.826), 0.022, 0.028, facecolor=face, edgecolor="#555555"))
            figure.text(left + 0.03, 0.84, words, fontsize=10, va="center", color="#333333")
        artists = {"here": over.plot([], [], color="#555555", linewidth=1, linestyle="-"), "bars": [], "ends": [],
                   "texts": [], "curves": [], "points": []}
        for place, (name, (_, colour, dash, marker)) in enumerate(ROWS.items()):
            bars.get_yticklabels()[place].set_color(colour)
            for side, face in ((-0.2, "white"), (0.2, colour)):
                patch = bars.add_patch(Rectangle((0, place + side - 0.17), 0, 0.34, facecolor=face, edgecolor=colour))
                artists["bars"].append(patch)
                artists["texts"].append(bars.text(0, place + side, "", fontsize=8, va="center", color="#333333"))
            if dash:
                artists["ends"] += bars.plot([], [], linestyle="none", marker=marker, color=colour, markersize=6,
                                             markeredgecolor="white", markeredgewidth=0.8, clip_on=False)
                artists["curves"] += over.plot([], [], color=colour, linestyle=dash, label=name)
                artists["points"] += over.plot([], [], linestyle="none", marker=marker, color=colour, markersize=8,
                                               markeredgecolor="white", markeredgewidth=1, clip_on=False)
        artists["title"] = figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top")
        artists["here_text"] = over.text(0, 1.04, "", fontsize=10, color="#333333", transform=over.transAxes)
        return artists

    def update(self, artists, state):
        model = shape(state)
        held, spent = shares(model, state.n)
        artists["title"].set_text(f"Most parameters: {max(held, key=held.get)}. Most FLOPs: {max(spent, key=spent.get)}")
        for place, name in enumerate(ROWS):
            for side, share in enumerate((held[name], spent[name])):
                artists["bars"][2 * place + side].set_width(share)
                words = artists["texts"][2 * place + side]
                words.set_text(percent(share))
                words.set_x(share + (6 if side and name in CURVES else 2))
        grid = [round(LENGTHS[0] * (LENGTHS[-1] / LENGTHS[0]) ** (k / (POINTS - 1))) for k in range(POINTS)]
        over = shares_over(model, grid)
        for k, name in enumerate(CURVES):
            artists["ends"][k].set_data([spent[name]], [list(ROWS).index(name) + 0.2])
            artists["curves"][k].set_data(grid, over[name])
            artists["points"][k].set_data([state.n], [spent[name]])
        artists["here"][0].set_data([state.n, state.n], [0, 100])
        artists["here_text"].set_text(f"share of FLOPs (%), n = {state.n:,}")

    def sentence(self):
        state, model = self.state, shape(self.state)
        held, spent = shares(model, state.n)
        name = self.preset_name() or f"Your shape, otherwise like {state.like},"
        per_token = model.forward_flops(state.n) / state.n
        said = [f"{name} has {model.parameters():,} parameters"]
        if model.is_mixture:
            said[0] += f", of which a token meets {model.active_parameters():,}"
        most_held, most_spent = max(held, key=held.get), max(spent, key=spent.get)
        said[0] += (f". Over n = {state.n:,} tokens, each costs {per_token:,.0f} FLOPs forward. Most parameters: "
                    f"{most_held}, {percent(held[most_held])}. Most FLOPs: {most_spent}, {percent(spent[most_spent])}.")
        said.append(f"The tables for lookup hold {percent(held['lookup tables'])} of the parameters and cost no FLOP; "
                    f"the output head takes {percent(spent['output head'])} of the FLOPs.")
        said += model.describe(state.n).split("\n")[1:]
        return " ".join(said)

    def numbers(self):
        state, model = self.state, shape(self.state)
        flops, half = model.forward_flops(state.n), half_length(model)
        return {
            "parameters": f"{model.parameters():,}",
            "parameters that a token meets": f"{model.active_parameters():,}",
            "FLOPs forward, per token": f"{flops / state.n:,.0f}",
            "FLOPs forward, all n tokens": f"{flops:,}",
            "FLOPs per token and parameter met": f"{flops / state.n / model.active_parameters():.2f}",
            "share of n² in the FLOPs": percent(shares(model, state.n)[1]["n² products"]),
            "n² takes half from n on (tokens)": "never: the window stops it" if half is None else f"{half:,}",
            "heads × width, beside d": f"{model.n_heads:,} × {state.d_head:,} = {model.n_heads * state.d_head:,}, d = {state.d_model:,}",
        }


def shares(model, n):
    """Two dicts, row of the picture -> percent: of the parameters, and of one forward pass over n tokens.

    >>> held, spent = shares(MODELS["GPT-2"], 1024)
    >>> round(held["lookup tables"], 1), spent["lookup tables"], round(spent["output head"], 1)
    (31.6, 0.0, 27.1)
    """
    def by_row(parts):
        total = sum(parts.values())
        return {name: 100 * sum(parts[part] for part in row) / total for name, (row, *_) in ROWS.items()}
    return by_row(model.parameters_by_part()), by_row(model.flops_by_part(n))


def shares_over(model, lengths):
    """dict: row that has a curve -> its percentages of the FLOPs, one for each length; as `shares`, in one go.

    Per token only the n² products change with n: by as much as it sees tokens.

    >>> [round(share, 1) for share in shares_over(MODELS["GPT-2"], [1024, 6703])["n² products"]]
    [13.3, 50.0]
    """
    one = {name: sum(model.flops_by_part(1)[part] for part in ROWS[name][0]) for name in CURVES}
    pair = one["n² products"]
    rest = sum(one.values()) - pair
    seen = [pair * (n if model.window is None else min(n, model.window)) for n in lengths]
    found = {name: [100 * one[name] / (rest + pairs) for pairs in seen] for name in CURVES}
    return found | {"n² products": [100 * pairs / (rest + pairs) for pairs in seen]}


def half_length(model):
    """The smallest n at which scores and weighted sum take half of the forward FLOPs; None if a window prevents it.

    >>> half_length(MODELS["GPT-2"])
    6703
    """
    one = model.flops_by_part(1)
    pair = one["scores and weighted sum"]
    n = -((pair - sum(one.values())) // pair)
    return None if model.window is not None and n > model.window else n


def percent(share):
    """A share as text; what is not nothing does not read as nothing.

    >>> percent(0.0), percent(0.0012), percent(31.0)
    ('0', 'under 0.1 %', '31.0 %')
    """
    return "0" if not share else f"{share:.1f} %" if share >= 0.05 else "under 0.1 %"
