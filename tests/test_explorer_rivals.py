"""RivalsExplorer: its costs are what the traced layers cost, its map is coloured by the cheapest, nothing is cut."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers import layers
from helpers.explorers import RivalsExplorer
from helpers.explorers.rivals import COLUMNS, LAYERS, ROWS, RivalsState, costs, crossings, ranking, regions
from helpers.tracing import trace

LESSON = Path(__file__).parents[1] / "notebooks" / "04_the_rivals.ipynb"
SLIDERS = {control.name: control.values for control in RivalsExplorer.controls if hasattr(control, "values")}
states = st.builds(
    RivalsState, **{name: st.sampled_from(values) for name, values in SLIDERS.items()},
    projections=st.sampled_from(["with", "without"]), causal=st.sampled_from(["square", "triangle"]),
    elementwise=st.sampled_from(["out", "in"]),
    rivals=st.lists(st.sampled_from(list(LAYERS)), min_size=1, unique=True).map(
        lambda chosen: tuple(key for key in LAYERS if key in chosen)))
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return RivalsExplorer(**{field.name: getattr(state, field.name) for field in fields(RivalsState)})


@cache
def taught(name):
    """The function `name` as a cell of lesson 04 defines it."""
    cell, = [cell.source for cell in nbformat.read(LESSON, 4).cells
             if cell.cell_type == "code" and f"def {name}(" in cell.source]
    space = {"np": np, "layers": layers, "windows": layers.causal_windows}
    exec(cell, space)
    return space[name]


def traced(n, d, k, w, causal):
    square = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d))
    attention = trace(layers.self_attention, x=(n, d), **square, causal="skip" if causal == "triangle" else False)
    return {
        "rnn": trace(layers.rnn, x=(n, d), w_x=(d, d), w_h=(d, d)),
        "gru": trace(layers.gru, x=(n, d), w_x=(d, 3 * d), w_h=(d, 3 * d)),
        "lstm": trace(layers.lstm, x=(n, d), w_x=(d, 4 * d), w_h=(d, 4 * d)),
        "convolution": trace(layers.convolution, x=(n, d), kernel=(k, d, d)),
        "separable": trace(layers.separable_convolution, x=(n, d), depthwise=(k, d), pointwise=(d, d)),
        "window": trace(taught("restricted_attention"), x=(n, d), **square, window=w),
        "attention": attention,
    }


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 5), st.integers(1, 6), st.sampled_from(["square", "triangle"]))
def test_the_costs_are_what_the_traced_layers_cost(n, d, k, w, causal):
    for elementwise, total in (("out", "matmul_flops"), ("in", "flops")):
        state = RivalsState(k=k, w=w, causal=causal, elementwise=elementwise)
        found = costs(n, d, state)
        for key, ledger in traced(n, d, k, w, causal).items():
            assert found[key] == getattr(ledger, total), (key, elementwise)
        without = costs(n, d, replace(state, projections="without"))
        assert {key: found[key] - without[key] for key in found} == {
            key: 8 * n * d * d * (key in ("window", "attention")) for key in found}


def test_the_example_and_gpt2():
    numbers = RivalsExplorer(n=100, d=512).numbers()
    assert numbers["attention (FLOPs)"] == "230,195,200"
    explorer = RivalsExplorer()
    assert explorer.numbers()["attention costs more than GRU from n on (tokens)"] == "769"
    for words in ("n = 1,024 tokens", "GRU needs the fewest FLOPs, 7,247,757,312", "1.33 × as many", "from n = 1,537 on"):
        assert words in explorer.sentence(), words


def test_the_presets_show_what_the_lesson_says():
    """n = d with the table's conventions; never below the vanilla RNN with all products; n = 4d against the LSTM."""
    for preset, crossing in {"Table 1 as printed": {"rnn": 769}, "Table 1 with all products": {},
                             "attention against GRU": {"gru": 769}, "causal attention against LSTM": {"lstm": 4 * 768},
                             "attention against convolution, k = 9": {"convolution": 5 * 768 // 2 + 1}}.items():
        explorer = RivalsExplorer(preset=preset, n=1_024, d=768)
        assert crossings(explorer.state) == crossing, preset
        assert ("none of the others" in explorer.sentence()) == (not crossing)
    cells, _ = regions(3, 256, "with", "square", "out", ("rnn", "attention"))
    assert len(np.unique(cells.reshape(-1, 4), axis=0)) == 1


@settings(max_examples=100, deadline=None)
@given(states)
def test_a_crossing_is_the_first_n_at_which_attention_costs_more(state):
    for key, n in crossings(state).items():
        before, after = (costs(at, state.d, state) for at in (n - 1, n))
        assert before["attention"] <= before[key] and after["attention"] > after[key]


@settings(max_examples=60, deadline=None)
@given(states, st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1))
def test_the_map_has_the_colour_of_the_cheapest(state, column, row):
    cells, _ = regions(state.k, state.w, state.projections, state.causal, state.elementwise, state.rivals)
    assert cells.shape == (ROWS, COLUMNS, 4)
    n, d = 10 ** (1 + 6 * (column + 0.5) / COLUMNS), 16 * 1_024 ** ((row + 0.5) / ROWS)
    found = costs(n, d, state)
    least = min(found[key] for key in state.rivals)
    colours = {LAYERS[key][1] for key in state.rivals if found[key] <= least * (1 + 1e-6 + 2 / n)}
    assert "#%02x%02x%02x" % tuple(cells[row, column, :3]) in {c.lower() for c in colours} | {"#222222"}


@settings(max_examples=40, deadline=None, phases=DRAWN)
@given(states)
def test_no_text_is_cut_and_each_number_is_said(state):
    explorer = explorer_at(state)
    figure = explorer.figure()
    figure.canvas.draw()
    axes, = figure.axes
    assert_not_cut(figure, axes.xaxis.label, axes.yaxis.label)
    order = ranking(state)
    assert [cost for _, cost in order] == sorted(cost for _, cost in order) and len(order) == len(state.rivals)
    assert f"{order[0][1]:,}" in explorer.sentence() and f"{order[-1][1]:,}" in explorer.numbers().values()


@settings(max_examples=10, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    explorer = RivalsExplorer()
    assert len(list(drawn_afresh(explorer, chosen))) == len(chosen)


@pytest.mark.parametrize("values, words", [
    ({"n": 9}, "n = 9 is out of range"), ({"d": 8}, "from 16 to 16,384 elements"), ({"k": 0}, "k = 0 is out of range"),
    ({"w": 1.5}, "window w is a whole number"), ({"projections": "none"}, "choose 'with', 'without'"),
    ({"causal": True}, "choose 'square', 'triangle'"), ({"elementwise": None}, "choose 'out', 'in'"),
    ({"rivals": ("rnnn",)}, "Did you mean 'rnn'"), ({"rivals": ()}, "at least 1"), ({"preset": "Table 1"}, "Nearest: 'Table 1 ")])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        RivalsExplorer(**values)
