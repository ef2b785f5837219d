"""ModelExplorer: its presets are the published models, its numbers `Transformer`'s for them."""

import pytest
from test_explorers import some_states

from helpers.explorers import ModelExplorer
from helpers.explorers.model import ROWS, counts, shape
from helpers.published import MODELS
from helpers.transformer import PARTS

HALF = "n² takes half from n on (tokens)"


@pytest.mark.parametrize("name", ModelExplorer.presets)
def test_a_preset_is_the_published_model(name):
    explorer, model = ModelExplorer(preset=name, n=777), MODELS[name]
    shown, made = explorer.numbers(), shape(explorer.state)
    assert made.parameters_by_part() == model.parameters_by_part()
    assert made.flops_by_part(777) == model.flops_by_part(777)
    assert shown["parameters"] == f"{model.parameters():,}"
    assert shown["FLOPs forward, all n tokens"] == f"{model.forward_flops(777):,}"
    assert explorer.sentence().startswith(f"{name} has ")
    explorer.change(d_head=8)
    assert explorer.sentence().startswith("Your shape has ")


def test_shares_are_of_the_whole_and_half_is_where_n2_reaches_it():
    assert sorted(part for parts, *_ in ROWS.values() for part in parts) == sorted(PARTS)
    for explorer in some_states(ModelExplorer, 100):
        s, half = explorer.state, explorer.numbers()[HALF].replace(",", "")
        model, (held, spent) = shape(s), counts(s)
        assert sum(held.values()) == model.parameters()
        assert sum(spent.values()) * s.n == model.forward_flops(s.n)
        tried = [max(1, int(half) - 1), int(half)] if half.isdigit() else [10**9]
        enough = [2 * model.flops_by_part(n)["scores and weighted sum"] >= model.forward_flops(n)
                  for n in tried]
        assert enough == ([tried[0] == tried[1], True] if half.isdigit() else [False])


def test_what_vanishes_is_seen_and_what_ends_a_formula_is_said():
    assert "1,024 learned positions" in ModelExplorer(n=4_096).shown.svg()
    assert "last 4,096 tokens" in ModelExplorer(preset="Mistral 7B", n=10**6).shown.svg()
