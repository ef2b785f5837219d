"""ConventionsExplorer shows what the published formulas and `Transformer` say, to the unit."""

import pytest
from sympy import Integer, sympify

from helpers.explorers import ConventionsExplorer
from helpers.published import MODELS, rows


@pytest.mark.parametrize("name", ["GPT-2", "GPT-3 175B", "Megatron 145.6B", "PaLM 540B", "Llama-3 8B"])
@pytest.mark.parametrize("n", [100, 2_048, 131_072])
def test_conventions_show_the_published_formulas(name, n):
    """Each formula of the data by SymPy, and the switches against `Transformer`."""
    model = MODELS[name]
    letters = dict(L=model.n_layers, d=model.d_model, h=model.n_heads, d_h=model.head_width, d_ff=model.d_ff,
                   V=model.vocab_size, n=n, b=7)
    kaplan = 2 * letters["d"] * letters["L"] * (2 * letters["h"] * letters["d_h"] + letters["d_ff"])
    for source in rows("flop_formulas"):
        weights = kaplan if source.name == "Kaplan" else sum(model.flops_by_part(1).values()) // 2 - pairs(model, 1) // 2
        whole = sympify(source.formula, locals={key: Integer(size) for key, size in (letters | {"N": weights}).items()})
        shown = ConventionsExplorer(model=name, n=n).numbers()[f"{source.name} (FLOPs per token)"]
        assert f"{whole / {'token': 1, 'sequence': n, 'step': 7 * n}[source.per]}" == shown.replace(",", "")
    for attention, causal in (("full", False), ("seen", True)):
        for recompute in ("none", "full"):
            explorer = ConventionsExplorer(model=name, n=n, attention=attention, recompute=recompute)
            counted = int(explorer.numbers()["your count (FLOPs per token)"].replace(",", ""))
            assert counted * n == model.training_flops(n, causal=causal, recompute=recompute)


def pairs(model, n):
    return model.flops_by_part(n)["scores and weighted sum"]


def test_each_switch_of_conventions_adds_its_part():
    model, n = MODELS["GPT-2"], 1_024
    start = dict(model="GPT-2", n=n, attention="out", logits="out", softmax="out", embedding="out", recompute="none")

    def counted(**switches):
        return int(ConventionsExplorer(**start | switches).numbers()["your count (FLOPs per token)"].replace(",", ""))

    table, softmax = 2 * model.vocab_size * model.d_model, 3 * model.n_layers * model.n_heads * n
    more = {("logits", "in"): 3 * table, ("embedding", "in"): 3 * table, ("softmax", "in"): 3 * softmax,
            ("attention", "full"): 3 * pairs(model, n) // n, ("attention", "half"): 3 * pairs(model, n) // (2 * n),
            ("recompute", "full"): counted() // 3}
    assert {switch: counted(**{switch[0]: switch[1]}) - counted() for switch in more} == more
    assert counted(softmax="in", recompute="full") == 4 * (counted() // 3 + softmax)


@pytest.mark.parametrize("preset, source", 
                         list(zip(ConventionsExplorer.presets, [row.name for row in rows("flop_formulas")])))
def test_a_preset_of_conventions_says_what_its_source_says(preset, source):
    assert source in ConventionsExplorer(preset=preset, model="GPT-3 175B").numbers()["equal to your count"]
    assert source in ConventionsExplorer(preset=preset, model="GPT-3 175B").shown.title
