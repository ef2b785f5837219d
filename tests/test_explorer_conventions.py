"""ConventionsExplorer: the switchboard says what the published formulas and Transformer say, to the unit."""

from itertools import product

import pytest
import sympy
from drawing import drawn_afresh
from hypothesis import Phase, given, settings, strategies as st

from helpers.explorers import ConventionsExplorer
from helpers.explorers.conventions import (FORMULAS, LENGTHS, NAMES, PARTS, TOKENS, ConventionsState, against, count,
                                           counted_parts, letters, right_end)
from helpers.published import MODELS, rows

SWITCHES = {control.name: tuple(control.options) for control in ConventionsExplorer.controls
            if hasattr(control, "options") and control.name != "model"}
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)
states = st.builds(ConventionsState, model=st.sampled_from(NAMES), n=st.integers(LENGTHS[0], LENGTHS[-1]),
                   tokens=st.integers(TOKENS[0], TOKENS[-1]), **{name: st.sampled_from(keys) for name, keys in SWITCHES.items()})


def published(source, shape, n):
    """FLOPs per token of a published formula, from the strings of `helpers.published`."""
    values = {name: size for name, size in shape.items() if name not in "WN"} | {"n": n, "b": 7}
    kaplan = 2 * shape["d"] * shape["L"] * (2 * shape["h"] * shape["d_h"] + shape["d_ff"])
    values["N"] = kaplan if source.name == "Kaplan" else shape["N"]
    total = sympy.sympify(source.formula, locals={name: sympy.Integer(size) for name, size in values.items()})
    return total / {"token": 1, "sequence": n, "step": 7 * n}[source.per]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [100, 2_048, 131_072])
def test_the_formulas_are_the_published_ones(name, n):
    explorer = ConventionsExplorer(model=name, n=n)
    assert {source.name: published(source, letters(name), n) for source in rows("flop_formulas")} == explorer.published()
    assert list(explorer.published()) == [source.name for source in rows("flop_formulas")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("attention, causal", [("full", False), ("seen", True)])
@pytest.mark.parametrize("recompute", ["none", "full"])
def test_the_switches_agree_with_transformer(name, attention, causal, recompute):
    state = ConventionsState(model=name, n=2_048, attention=attention, recompute=recompute)
    assert count(state) * 2_048 == MODELS[name].training_flops(2_048, causal=causal, recompute=recompute)


@pytest.mark.parametrize("preset, source", list(zip(ConventionsExplorer.presets, FORMULAS)))
@pytest.mark.parametrize("n", [100, 2_048, 10**6])
def test_each_preset_coincides_with_its_source_on_a_plain_model(preset, source, n):
    for name in ("GPT-2", "GPT-3 175B", "Megatron 145.6B"):
        explorer = ConventionsExplorer(preset=preset, model=name, n=n)
        assert explorer.coinciding() == (source,) and f"coincide with {'the ' * (source == 'rule of thumb')}{source}." in explorer.sentence()


def test_formulas_for_plain_layers_miss_gated_and_shared_ones():
    for preset in ("as Kaplan", "as Chinchilla", "as Megatron 2021"):
        explorer = ConventionsExplorer(preset=preset, model="Llama-3 8B", n=8_192)
        assert explorer.coinciding() == () and "none of the six formulas" in explorer.sentence()
    for preset in ("as PaLM", "as Megatron-LM's code", "as the rule of thumb"):
        assert len(ConventionsExplorer(preset=preset, model="Llama-3 8B", n=8_192).coinciding()) == 1


@given(states)
def test_counts_are_whole_numbers_that_the_parts_sum_to(state):
    parts = counted_parts(state)
    assert list(parts) == list(PARTS) and all(isinstance(part, int) and part >= 0 for part in parts.values())
    assert count(state) == sum(parts.values()) and count(state) / (6 * letters(state.model)["N"]) <= right_end(state)


def test_a_switch_adds_what_it_names():
    start = dict(model="GPT-2", n=1_000, attention="out", logits="out")
    shape, base = letters("GPT-2"), count(ConventionsState(**start))
    table, pair = 6 * shape["V"] * shape["d"], 12 * shape["L"] * shape["h"] * shape["d_h"]
    added = {("logits", "in"): table, ("embedding", "in"): table, ("softmax", "in"): 9 * shape["L"] * shape["h"] * 1_000,
             ("attention", "full"): pair * 1_000, ("attention", "half"): pair * 500, ("attention", "seen"): pair // 2 * 1_001,
             ("recompute", "full"): 2 * shape["W"]}
    assert base == 6 * shape["W"]
    for (switch, value), flops in added.items():
        assert count(ConventionsState(**start | {switch: value})) - base == flops, (switch, value)


def test_the_bars_are_the_counts():
    explorer = ConventionsExplorer(preset="as Megatron 2021", model="GPT-2", n=2_048)
    artists = explorer.compose(explorer.state)[1]
    unit = 6 * letters("GPT-2")["N"] * right_end(explorer.state)  # the axis runs from 0 to 1
    widths = [bar.get_width() * unit for bar in artists["bars"]]
    assert widths == pytest.approx(list(explorer.published().values()))
    assert sum(part.get_width() for part in artists["parts"]) * unit == pytest.approx(count(explorer.state))
    assert [text.get_text() == "equal" for text in artists["away"][1:]] == [name == "Megatron" for name in FORMULAS]


def test_totals_are_for_all_tokens():
    one, ten = (ConventionsExplorer(tokens=tokens).numbers() for tokens in (10**11, 10**12))
    assert one["your count, all tokens (FLOPs)"] == "1.08·10²³" and ten["your count, all tokens (FLOPs)"] == "1.08·10²⁴"
    assert one["your count (FLOPs per token)"] == ten["your count (FLOPs per token)"] == "1,076,373,430,272"


def test_a_small_difference_is_not_written_as_none():
    assert against(10**9 + 1, 10**9) == "< 0.0001 %" and against(10**9, 10**9) == "equal"


@settings(max_examples=10, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    explorer = ConventionsExplorer()
    assert len(list(drawn_afresh(explorer, chosen))) == len(chosen)


EDGES = [ConventionsState(model=name, n=n, tokens=tokens, attention=attention, recompute="full", softmax="in", embedding="in")
         for name, n, tokens, attention in product(NAMES, (LENGTHS[0], LENGTHS[-1]), TOKENS[::len(TOKENS) - 1], ("full", "seen"))]


@pytest.mark.parametrize("state", EDGES, ids=str)
def test_no_text_is_cut_and_none_covers_another(state):
    figure, artists = ConventionsExplorer().compose(state)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    texts = [*figure.texts, *figure.axes[0].texts, *figure.axes[0].get_yticklabels(), figure.axes[0].xaxis.label]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert all(0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1:])


@pytest.mark.parametrize("values, words", [
    ({"model": "GPT-4"}, "model = 'GPT-4' is unknown: choose 'GPT-2'"), ({"n": 99}, "from 100 to 1,000,000 tokens"),
    ({"n": 2048.0}, "n = 2048.0"), ({"tokens": 0}, "training tokens D"), ({"attention": True}, "attention = True"),
    ({"logits": "yes"}, "choose 'out', 'in'"), ({"recompute": "selective"}, "choose 'none', 'full'"), ({"causal": True}, "has no 'causal'"),
    ({"preset": "as Kaplen"}, "Nearest: 'as Kaplan'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        ConventionsExplorer(**values)
