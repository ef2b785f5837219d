"""ConventionsExplorer shows what the published formulas and `Transformer` say, to the unit."""

import pytest
from sympy import Integer, sympify

from helpers.explorers import ConventionsExplorer
from helpers.published import MODELS, rows

PLAIN = dict(attention="out", logits="out", softmax="out", embedding="out", recompute="none")


def shown(what, **values):
    return ConventionsExplorer(**values).numbers()[f"{what} (FLOPs per token)"].replace(",", "")


@pytest.mark.parametrize("name", ["GPT-2", "GPT-3 175B", "PaLM 540B", "Llama-3 8B"])
@pytest.mark.parametrize("n", [100, 131_072])
def test_conventions_show_the_published_formulas(name, n):
    """Each formula of the data by SymPy, and the switches against `Transformer`."""
    model = MODELS[name]
    d, L, h, d_h = model.d_model, model.n_layers, model.n_heads, model.head_width
    products = sum(model.flops_by_part(1).values()) // 2 - 2 * L * h * d_h
    kaplan = 2 * d * L * (2 * h * d_h + model.d_ff)
    for source in rows("flop_formulas"):
        sizes = dict(L=L, d=d, h=h, d_h=d_h, d_ff=model.d_ff, V=model.vocab_size, n=n, b=7,
                     N=kaplan if source.name == "Kaplan" else products)
        whole = sympify(source.formula, locals={key: Integer(size) for key, size in sizes.items()})
        per = {"token": 1, "sequence": n, "step": 7 * n}[source.per]
        assert f"{whole / per}" == shown(source.name, model=name, n=n)
    for attention, causal in (("full", False), ("seen", True)):
        for recompute in ("none", "full"):
            count = shown("your count", model=name, n=n, attention=attention, recompute=recompute)
            assert int(count) * n == model.training_flops(n, causal=causal, recompute=recompute)


def test_each_switch_of_conventions_adds_its_part():
    def counted(**switches):
        return int(shown("your count", model="GPT-2", n=1_024, **PLAIN | switches))

    table, softmax, pairs = 3 * 2 * 50_257 * 768, 3 * 3 * 12 * 12 * 1_024, 3 * 4 * 12 * 768 * 1_024
    more = {("logits", "in"): table, ("embedding", "in"): table, ("softmax", "in"): softmax,
            ("attention", "full"): pairs, ("attention", "half"): pairs // 2}
    for (switch, value), flops in more.items():
        assert counted(**{switch: value}) - counted() == flops, switch
    assert counted(softmax="in", recompute="full") == 4 * (counted() + softmax) // 3


@pytest.mark.parametrize("preset, source", [*zip(
    ConventionsExplorer.presets, [row.name for row in rows("flop_formulas")])])
def test_a_preset_of_conventions_says_what_its_source_says(preset, source):
    assert source in ConventionsExplorer(preset=preset, model="GPT-3 175B").shown.title
