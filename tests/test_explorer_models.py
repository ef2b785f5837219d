"""ModelExplorer: its shapes are the published ones, its shares what `Transformer` counts, every state a model."""

from dataclasses import fields, replace

import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.explorers import ModelExplorer
from helpers.explorers.models import CURVES, ROWS, ModelState, half_length, shape, shares, values_of
from helpers.published import MODELS
from helpers.transformer import PARTS, Transformer

SLIDERS = {control.name: control.values for control in ModelExplorer.controls if hasattr(control, "values")}
states = st.builds(
    ModelState, like=st.sampled_from(sorted(MODELS)), matrices=st.sampled_from(["two", "three"]),
    head=st.sampled_from(["tied", "own"]), **{name: st.sampled_from(values) for name, values in SLIDERS.items()})
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return ModelExplorer(**{field.name: getattr(state, field.name) for field in fields(ModelState)})


@pytest.mark.parametrize("name", MODELS)
def test_a_preset_is_the_published_model(name):
    explorer, model = ModelExplorer(preset=name, n=777), MODELS[name]
    made = shape(explorer.state)
    assert made.parameters_by_part() == model.parameters_by_part()
    assert made.active_parameters() == model.active_parameters()
    assert made.flops_by_part(777) == model.flops_by_part(777)
    assert explorer.preset_name() == name and explorer.sentence().startswith(f"{name} has {model.parameters():,} ")


def test_moving_n_keeps_the_model_and_loading_keeps_n():
    explorer = ModelExplorer(preset="Mixtral 8x7B", n=5_000)
    explorer.change(n=20)
    assert explorer.preset_name() == "Mixtral 8x7B"
    explorer.load("PaLM 540B")
    assert explorer.state.n == 20 and explorer.preset_name() == "PaLM 540B"
    explorer.change(d_head=128)
    assert explorer.preset_name() is None and "otherwise like PaLM 540B" in explorer.sentence()


def test_the_rows_hold_every_part_once():
    assert sorted(part for parts, *_ in ROWS.values() for part in parts) == sorted(PARTS)
    parts = MODELS["GPT-2"].flops_by_part(9)
    assert all(name in CURVES for name, (row, *_) in ROWS.items() if any(parts[part] for part in row))


def test_gpt2_as_the_lesson_says():
    explorer = ModelExplorer()
    numbers = explorer.numbers()
    assert numbers["parameters"] == "124,439,808" and numbers["FLOPs forward, all n tokens"] == "291,648,307,200"
    assert numbers["share of n² in the FLOPs"] == "13.3 %"
    for words in ("284,812,800 FLOPs", "feed-forward, 45.5 %", "feed-forward, 39.8 %", "31.6 %", "27.1 %"):
        assert words in explorer.sentence(), words


@settings(max_examples=100, deadline=None)
@given(states)
def test_every_state_is_a_model_with_shares_that_sum_to_a_hundred(state):
    explorer = explorer_at(state)
    model = shape(state)
    assert type(model) is Transformer and model.n_heads == state.n_kv_heads * state.sharing
    for found in shares(model, state.n):
        assert sum(found.values()) == pytest.approx(100)
    assert f"{model.parameters():,}" in explorer.sentence() and explorer.numbers()["parameters"] == f"{model.parameters():,}"
    half = half_length(model)
    if half is not None:
        share = {n: shares(model, n)[1]["n² products"] for n in (half - 1, half) if n}
        assert share[half] >= 50 - 1e-9 and share.get(half - 1, 0) < 50 + 1e-9
    else:
        assert shares(model, 10**9)[1]["n² products"] < 50


def test_a_mixture_without_choice_is_none():
    explorer = ModelExplorer(preset="DeepSeek-V3")
    explorer.change(experts_met=1, experts_passed=0)
    assert not shape(explorer.state).is_mixture and "of which a token meets" not in explorer.sentence()
    explorer.change(experts_met=2, n_layers=1)    # fewer layers than DeepSeek-V3 keeps dense
    assert shape(explorer.state).n_dense_layers == 1


def test_what_ends_a_formula_is_said():
    assert "beyond the 1,024 learned positions" in ModelExplorer(n=4_096).sentence()
    mistral = ModelExplorer(preset="Mistral 7B", n=10**6)
    assert "last 4,096 tokens" in mistral.sentence()
    assert mistral.numbers()["n² takes half from n on (tokens)"].startswith("never")


@pytest.mark.parametrize("model", ["Llama-3 8B", "Mistral 7B", "DeepSeek-V3"])
def test_the_picture_draws_the_shares(model):
    explorer = ModelExplorer(preset=model, n=8_192)
    bars, over = explorer.figure().axes
    held, spent = shares(MODELS[model], 8_192)
    assert [patch.get_width() for patch in bars.patches] == [found[name] for name in ROWS for found in (held, spent)]
    curves = {line.get_label(): line for line in over.lines if line.get_label() in ROWS}
    assert list(curves) == CURVES
    for name, line in curves.items():
        for n, share in zip(*line.get_data()):
            assert share == pytest.approx(shares(MODELS[model], int(n))[1][name])


@settings(max_examples=12, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would_and_no_text_is_cut(chosen):
    explorer = ModelExplorer()
    for fresh in drawn_afresh(explorer, chosen):
        assert_not_cut(fresh)


@pytest.mark.parametrize("values, words", [
    ({"n": 0}, "n = 0 is out of range"), ({"n_layers": 0}, "layers L is a whole number from 1"),
    ({"d_model": 7.5}, "d_model = 7.5"), ({"experts_met": 0}, "experts_met = 0"), ({"experts_passed": -1}, "experts_passed = -1"),
    ({"sharing": True}, "sharing = True"), ({"matrices": "four"}, "choose 'two', 'three'"), ({"head": None}, "head = None"),
    ({"like": "GPT2"}, "like = 'GPT2': no model 'GPT2'; near: 'GPT-2'"), ({"like": None}, "like = None: no model None"),
    ({"preset": "Llama"}, "preset 'Llama' is unknown"), ({"n_heads": 12}, "has no 'n_heads'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        ModelExplorer(**values)


def test_wrong_changes_leave_the_state_alone():
    explorer = ModelExplorer()
    for act in (lambda: explorer.change(like="nobody's"), lambda: explorer.change(d_head=0), lambda: explorer.load(3),
                lambda: setattr(explorer, "state", replace(explorer.state, vocab_size=0))):
        with pytest.raises(ValueError):
            act()
        assert explorer.state == ModelState()


def test_values_of_an_unknown_model_name_the_near_ones():
    with pytest.raises(KeyError, match="GPT-2 XL"):
        values_of("GPT-2 XXL")
