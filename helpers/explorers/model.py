"""ModelExplorer: where a model's parameters are, and where its FLOPs are. Lesson 05.

Counts are exact: matrix products of one forward pass, a multiply-add is 2 FLOPs, the whole square
of n², logits of every token. What has no control (biases, norms, positions, window, shared
experts, compressed keys) is as in the model named by `like`.
"""

from dataclasses import replace

from helpers.explorers.explorer import View
from helpers.explorers.scene import (BLUE, FAINT, GREEN, GREY, INK, ORANGE, PAPER, PURPLE,
                                     Axes, Page)
from helpers.published import MODELS
from helpers.words import SHORT, amount, number, percent, times

N2 = "n² products"
ROWS = {  # row of the picture: (parts of `Transformer`, colour, dash and point of its curve over n)
    "lookup tables": (("embedding", "positions"), GREY, (), ""),
    "projections": (("attention projections",), BLUE, (14, 4, 3, 4), "o"),
    N2: (("scores and weighted sum",), ORANGE, (9, 4), "s"),
    "feed-forward": (("feed-forward", "router"), GREEN, (3, 4), "^"),
    "norms": (("norms",), GREY, (), ""),
    "output head": (("logits",), PURPLE, (12, 4, 3, 4, 3, 4), "D")}
LENGTHS = [round(10 ** (1 + k / 6)) for k in range(37)]  # where curves are drawn


def view(s, before):
    """Parameters and FLOPs as bars to scale, beside those before the move; shares over n."""
    page, model, counted = Page(), shape(s), counts(s)
    held, spent = counted
    parameters, flops, active = sum(held.values()), sum(spent.values()), model.active_parameters()
    heads = (f"parameters: {amount(parameters, SHORT)}"
             + f", {amount(active, SHORT)} met" * model.is_mixture,
             f"FLOPs per token: {amount(flops, SHORT)}")
    for side, (now, then) in enumerate(zip(counted, counts(before) if before else counted)):
        total, old = sum(now.values()), sum(then.values())
        scale = 200 / max(total, old)  # pixels
        page.box(14, 44 + 22 * side, 18, 12, (PAPER, GREY)[side], GREY)
        page.words(40, 50 + 22 * side, heads[side] + f"  × {times(total / old)}" * bool(before),
                   bold=True)
        for y, (name, (_, colour, _, mark)) in zip(range(96 + 16 * side, 400, 46), ROWS.items()):
            if not side:
                page.words(14, y + 15, name, 13, colour)
            elif mark:
                page.point(112, y + 7, mark, colour, 5)
            if then[name] > now[name]:
                page.box(122, y, scale * then[name], 14, colour, fade=0.3)
            if now[name]:
                page.box(122, y, scale * now[name], 14, (PAPER, colour)[side], colour,
                         says=f"{name}: {now[name]:,}")
            page.words(128 + scale * max(now[name], then[name]), y + 7,
                       f"{number(100 * now[name] / total)} %", 12)

    axes = Axes(page, 474, 92, 212, 254, (10, 10**7, "log"), (0, 100, "linear"),
                "sequence length n (tokens)", "", (10, 1_000, 10**5, 10**7), (0, 50, 100))
    page.words(474, 72, f"share of FLOPs (%), n = {s.n:,}", 12)
    seen, rest = model.layers[-1][1].keys, flops - spent[N2]  # all but n² costs any token the same
    pair = spent[N2] // seen(s.n)
    for name, (_, colour, dash, mark) in ROWS.items():
        if mark:
            axes.curve(LENGTHS, [100 * (pair * seen(n) if name == N2 else spent[name])
                                 / (rest + pair * seen(n)) for n in LENGTHS], colour, dash)
            axes.point(s.n, 100 * spent[name] / flops, mark, colour, says=name)
    axes.upright(s.n, colour=INK)
    if s.n > model.max_positions > 0:
        page.words(14, 388, f"beyond its {model.max_positions:,} learned positions", 12, FAINT)
    elif seen(s.n) < s.n:
        page.words(14, 388, f"a token sees the last {seen(s.n):,} tokens", 12, FAINT)

    most, busy, half = max(held, key=held.get), max(spent, key=spent.get), -(-rest // pair)
    known = values_of(s.like).items() <= vars(s).items()
    said = (f"{s.like if known else 'Your shape'} has {parameters:,} parameters "
            f"({most} {percent(held[most] / parameters)}); over n = {s.n:,} tokens each costs "
            f"{flops:,} FLOPs ({busy} {percent(spent[busy] / flops)}).")
    where = "too" if busy == most else f"in {busy}"
    return View(page, f"Most parameters are in {most}, and most FLOPs {where}", said, {
        "parameters": parameters, "active parameters": active,
        "FLOPs forward, per token": flops, "FLOPs forward, all n tokens": flops * s.n,
        "share of n² in the FLOPs": percent(spent[N2] / flops), "n² takes half from n on (tokens)":
            half if seen(half) == half else "never: the window stops it"})


def shape(s):
    """The `Transformer` of a state: its sizes, and the rest as in the model that it is like."""
    like, experts = MODELS[s.like], s.experts_met + s.experts_passed
    heads = (dict(qk_nope_head_dim=s.d_head, v_head_dim=s.d_head) if like.is_latent
             else dict(n_kv_heads=s.n_kv_heads, d_head=s.d_head))
    inner = (dict(d_expert=s.d_ff, n_dense_layers=min(like.n_dense_layers, s.n_layers))
             if experts > 1 else dict(d_ff=s.d_ff, d_expert=None, n_shared_experts=0,
                                      n_dense_layers=0, router_bias=False))
    return replace(like, n_layers=s.n_layers, d_model=s.d_model, n_heads=s.n_kv_heads * s.sharing,
                   vocab_size=s.vocab_size, gated=s.matrices == "three", tied=s.head == "tied",
                   n_experts=experts, experts_per_token=s.experts_met, **heads, **inner)


def counts(s):
    """Two dicts, row of the picture -> parameters, and FLOPs for each of n tokens; exact."""
    model = shape(s)
    return [{name: sum(parts[part] for part in row) // each for name, (row, *_) in ROWS.items()}
            for parts, each in ((model.parameters_by_part(), 1), (model.flops_by_part(s.n), s.n))]


def values_of(name):
    """The values of the controls, n excepted, that make a published model."""
    model = MODELS[name]
    return dict(
        like=name, n_layers=model.n_layers, d_model=model.d_model, n_kv_heads=model.kv_heads,
        sharing=model.n_heads // model.kv_heads, d_head=model.value_width,
        d_ff=model.expert_width if model.is_mixture else model.d_ff, vocab_size=model.vocab_size,
        matrices="three" if model.gated else "two", head="tied" if model.tied else "own",
        experts_met=model.experts_per_token,
        experts_passed=model.n_experts - model.experts_per_token)


PRESETS = {name: values_of(name) for name, model in MODELS.items() if not model.mixed}
