"""ModelExplorer: its presets are the published models, its numbers and shares what `Transformer` counts for them."""

import pytest
from test_explorers import some_states

from helpers.explorers import ModelExplorer
from helpers.explorers.models import ROWS, counts, shape
from helpers.published import MODELS
from helpers.transformer import PARTS

number = "{:,}".format
HALF = "n² takes half from n on (tokens)"


@pytest.mark.parametrize("name", MODELS)
def test_a_preset_is_the_published_model(name):
    explorer, model = ModelExplorer(preset=name, n=777), MODELS[name]
    shown = explorer.numbers()
    assert shape(explorer.state).parameters_by_part() == model.parameters_by_part()
    assert shape(explorer.state).flops_by_part(777) == model.flops_by_part(777)
    assert shown["parameters"] == number(model.parameters()) and shown["FLOPs forward, all n tokens"] == number(model.forward_flops(777))
    assert shown["parameters that a token meets"] == number(model.active_parameters()) and explorer.sentence().startswith(f"{name} has ")
    explorer.change(d_head=8)
    assert explorer.sentence().startswith("Your shape has ")


def test_the_rows_hold_every_part_once():
    assert sorted(part for parts, *_ in ROWS.values() for part in parts) == sorted(PARTS)


@pytest.mark.parametrize("s", [explorer.state for explorer in some_states(ModelExplorer, 100)])
def test_shares_are_of_the_whole_and_half_is_where_n2_reaches_it(s):
    model, (held, spent), half = shape(s), counts(s), ModelExplorer.view(s, None).numbers[HALF]
    assert sum(held.values()) == model.parameters() and sum(spent.values()) * s.n == model.forward_flops(s.n)
    tried = [int(half.replace(",", ""))] if half[0].isdigit() else [10**9, 10**9 + 1]
    enough = [2 * model.flops_by_part(n)["scores and weighted sum"] >= model.forward_flops(n) for n in (tried[0] - 1 or 1, tried[-1])]
    assert enough == ([tried[0] == 1, True] if half[0].isdigit() else [False, False])


def test_what_vanishes_is_seen_and_what_ends_a_formula_is_said():
    llama = ModelExplorer(preset="Llama-3 8B")
    llama.change(d_model=2_048)
    assert "× 0.500" in llama.shown.svg() and "6.54 %" in llama.shown.svg()
    assert "1,024 learned positions" in ModelExplorer(n=4_096).shown.svg()
    assert "last 4,096 tokens" in ModelExplorer(preset="Mistral 7B", n=10**6).shown.svg()
