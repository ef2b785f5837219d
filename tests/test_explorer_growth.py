"""GrowthExplorer: its counts, its sentence, its curves. What it shares with every explorer: test_explorers.py."""

import re
from dataclasses import replace

import numpy as np
import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings, strategies as st
from matplotlib.text import Text

from helpers.explorers import GrowthExplorer
from helpers.explorers.growth import CURVES, LENGTHS, WIDTHS, GrowthState, on_the_floor

PRESETS = GrowthExplorer.presets


def counts(explorer):
    """The exact numbers that an explorer shows, by the first words of their label."""
    return {label.split(",")[0]: int(text.replace(",", "")) for label, text in explorer.numbers().items() if text.replace(",", "").isdigit()}


states = st.builds(
    GrowthState, n=st.integers(10, 10**7), d=st.integers(16, 16_384), axes=st.sampled_from(["log", "linear"]),
    curves=st.lists(st.sampled_from(list(CURVES)), min_size=1, max_size=5, unique=True).map(
        lambda chosen: tuple(key for key in CURVES if key in chosen)),
)


DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)  # pictures are slow: no time is spent on the smallest failure


# the numbers

def test_the_example():
    explorer = GrowthExplorer(n=100, d=512, curves=("dance", "products", "projections", "layer", "feed_forward"))
    assert counts(explorer) == {
        "the dance": 5_120_000, "two products": 20_480_000, "projections": 209_715_200,
        "attention layer": 230_195_200, "feed-forward": 419_430_400, "n = 2d (tokens)": 1_024,
    }
    assert explorer.numbers()["share of n² in the attention layer"] == "8.9 %"
    sentence = explorer.sentence()
    for words in ("n = 100 tokens", "20,480,000", "230,195,200", "8.9 %", "below 2d = 1,024", "10.2 times", "2.18 times"):
        assert words in sentence, words


def test_picture_sentence_and_numbers_speak_of_the_chosen_curves_alone():
    """Lesson 01 shows two curves before lesson 03 asks for the layer's share: nothing may give it away."""
    explorer = GrowthExplorer(n=100, d=512, curves=("walk", "dance"))
    assert counts(explorer) == {"walk past the door": 100, "the dance": 5_120_000}
    assert "5,120,000 meetings, 51,200 for each look" in explorer.sentence()
    shown = " ".join(text.get_text() for text in explorer.figure().findobj(match=Text) if text.get_visible())
    for told in (explorer.sentence(), " ".join(explorer.numbers()), shown):
        assert not re.search("8.9 %|2d|2.18|layer|projections", told)
    without_layer = GrowthExplorer(n=100, d=512, curves=("walk", "dance", "products", "projections"))
    assert "8.9 %" not in without_layer.text() and "10.2 times" in without_layer.sentence()


@pytest.mark.parametrize("state, words", [
    (dict(curves=("walk", "dance")), "the gap grows"), (dict(curves=("walk", "projections")), "straight line"),
    (dict(curves=("dance", "projections")), "overtakes"), (dict(axes="linear", curves=("walk", "dance")), "hides"),
    (dict(n=1_024, axes="linear"), "of like size"),
])
def test_the_title_states_what_this_picture_shows(state, words):
    explorer = GrowthExplorer(**({"n": 100, "d": 512} | state))
    assert any(words in text.get_text() for text in explorer.figure().texts)


@pytest.mark.parametrize("d", WIDTHS)
def test_at_the_crossing_no_cost_of_the_layer_lies_on_the_floor(d):
    state = GrowthState(n=max(2 * d, 10), d=d, axes="linear", curves=("products", "projections", "layer"))
    assert not on_the_floor(state)


def test_the_counts_are_what_the_traced_layers_cost():
    layers, tracing = pytest.importorskip("helpers.layers"), pytest.importorskip("helpers.tracing")
    for n, d in ((100, 512), (7, 3), (10**7, 16_384)):
        weights = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d))
        attention = tracing.trace(layers.self_attention, x=(n, d), **weights).matmul_flops
        forward = tracing.trace(layers.feed_forward, x=(n, d), w_in=(d, 4 * d), w_out=(4 * d, d)).matmul_flops
        assert CURVES["layer"][2](n, d) == attention and CURVES["feed_forward"][2](n, d) == forward
        assert CURVES["products"][2](n, d) + CURVES["projections"][2](n, d) == attention


@given(st.integers(10, 10**7), st.integers(16, 16_384))
def test_counts_are_exact_at_any_size(n, d):
    found = counts(GrowthExplorer(n=n, d=d))
    assert found["the dance"] * 4 == found["two products"] == 4 * n**2 * d
    assert found["attention layer"] == found["two products"] + found["projections"]


@pytest.mark.parametrize("n, d, words", [
    (1_023, 512, "below 2d = 1,024"), (1_024, 512, "exactly at 2d = 1,024"), (1_025, 512, "above 2d = 1,024"),
    (10**7, 16, "over 99.9 %"), (10, 16_384, "0.031 %"), (1_024, 512, "50.0 %"),
])
def test_the_sentence_says_on_which_side_of_2d_we_are(n, d, words):
    assert words in GrowthExplorer(n=n, d=d).sentence()


def test_linear_axes_say_what_they_hide():
    explorer = GrowthExplorer(n=100_000, d=512, axes="linear", curves=("walk", "projections", "products"))
    tallest = max(CURVES[key][2](100_000, 512) for key in explorer.state.curves)
    assert sum(CURVES[key][2](100_000, 512) < tallest / 50 for key in explorer.state.curves) == 2
    assert "2 of the 3 curves are" in explorer.sentence()
    explorer.change(n=1_000)
    assert "1 of the 3 curves is" in explorer.sentence()


# the picture

def test_the_picture_draws_the_curves():
    explorer = GrowthExplorer(n=100, d=512, curves=("dance", "layer"))
    axes, = explorer.figure().axes
    lines = {line.get_label(): line for line in axes.lines if line.get_label() in CURVES}
    assert list(lines) == ["dance", "layer"]
    for key, line in lines.items():
        for x, y in zip(*line.get_data()):
            assert y == pytest.approx(CURVES[key][2](x, 512))
    points = {tuple(line.get_data()[1]) for line in axes.lines if line.get_linestyle() == "None"}
    assert points == {(5_120_000.0,), (230_195_200.0,)}
    words = [text.get_text().strip() for text in axes.texts]
    assert "n = 100" in words and "n = 2d" in words and "the dance, n²·d" in words


WALKS = {
    "n on one background": [GrowthState(n=n) for n in (10, 16, 100, 1_000, 1_024, 10**7, 100)],
    "d, the names on the right move": [GrowthState(d=d, curves=("products", "layer")) for d in (16, 512, 4_096, 16_384, 512)],
    "linear, limits that jump": [GrowthState(n=n, d=d, axes="linear") for n, d in ((100, 512), (90, 512), (101, 512), (100, 128), (100, 512))],
}


@pytest.mark.parametrize("walk", WALKS)
def test_moves_one_after_another_draw_what_new_figures_would(walk):
    assert len(list(drawn_afresh(GrowthExplorer(), WALKS[walk]))) == len(WALKS[walk])


@settings(max_examples=10, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_any_move_draws_what_a_new_figure_would(chosen):
    assert len(list(drawn_afresh(GrowthExplorer(), chosen))) == len(chosen)


@settings(max_examples=30, deadline=None, phases=DRAWN)
@given(states)
def test_no_text_is_cut_and_no_curve_leaves_the_axes(state):
    figure = GrowthExplorer(**{name: getattr(state, name) for name in ("n", "d", "curves", "axes")}).figure()
    figure.canvas.draw()
    axes, = figure.axes
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    assert_not_cut(figure, axes.xaxis.label, axes.yaxis.label)
    for line in axes.lines:
        if line.get_label() in CURVES:
            assert line.get_xdata()[-1] == pytest.approx(right) and max(line.get_ydata()) <= top * 1.000001
    names = [text.get_window_extent() for text in axes.texts if text.get_position()[0] > 1 and "n =" not in text.get_text()]
    assert all(a.y1 <= b.y0 + 3 or b.y1 <= a.y0 + 3 for i, a in enumerate(names) for b in names[i + 1:])


# bad input

BAD_WHOLE = [0, -1, 2.5, 100.0, "a", "100", True, False, float("nan"), None, [100], 10**7 + 1, 9, np.int64(3)]


@pytest.mark.parametrize("value", BAD_WHOLE)
def test_a_wrong_n_is_named(value):
    with pytest.raises(ValueError, match=r"n = .* is (out of range|not a whole number): sequence length n is a whole number from 10 to 10,000,000 tokens"):
        GrowthExplorer(n=value)
    explorer = GrowthExplorer()
    with pytest.raises(ValueError, match="n = "):
        explorer.state = replace(explorer.state, n=value)
    assert explorer.state == GrowthState()


@pytest.mark.parametrize("value", [0, 15, 16_385, 512.0, True, None])
def test_a_wrong_d_is_named(value):
    with pytest.raises(ValueError, match=r"d = .*from 16 to 16,384 elements"):
        GrowthExplorer(d=value)


def test_the_sliders_ends_are_allowed():
    for n, d in ((10, 16), (10**7, 16_384)):
        explorer = GrowthExplorer(n=n, d=d)
        explorer.widget()
        assert (explorer.state.n, explorer.state.d) == (n, d)


@pytest.mark.parametrize("values, words", [
    ({"axes": "logarithmic"}, "axes = 'logarithmic' is unknown: choose 'log', 'linear'"),
    ({"axes": None}, "axes = None"), ({"axes": ["log"]}, "axes"),
    ({"curves": "dance"}, "give a tuple"), ({"curves": ()}, "choose at least 1"), ({"curves": tuple(CURVES)}, "at most 5"),
    ({"curves": ("dnace",)}, "Did you mean 'dance'"), ({"curves": ("dance", "dance")}, "twice"), ({"curves": (3,)}, "holds 3"),
    ({"curves": None}, "give a tuple"), ({"m": 3}, "has no 'm'"),
    ({"preset": "GPT2"}, "Nearest: 'GPT-2 "), ({"preset": "zzz"}, "There are 'the example"), ({"preset": 3}, "by name"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        GrowthExplorer(**values)


def test_nice_values_are_on_the_sliders():
    assert {10, 50, 100, 500, 512, 1_000, 1_024, 2_048, 4_096, 8_192, 100_000, 131_072, 1_000_000, 10**7} <= set(LENGTHS)
    assert {16, 128, 512, 768, 1_024, 1_536, 2_048, 4_096, 8_192, 12_288, 16_384} <= set(WIDTHS)
    for grid, largest in ((LENGTHS, 2), (WIDTHS, 1.51)):
        assert list(grid) == sorted(set(grid)) and all(b / a <= largest for a, b in zip(grid, grid[1:]))
    assert {values[key] for values in PRESETS.values() for key in ("n",)} <= set(LENGTHS)


def test_curves_come_in_one_order_however_given():
    assert GrowthExplorer(curves=["layer", "walk"]).state == GrowthExplorer(curves=("walk", "layer")).state
