"""The figures of whole models: what is drawn is what was counted."""

import pytest

from helpers.figures import parts_twice, share_curves, weight_strips
from helpers.published import MODELS


def test_strips_are_the_parameters_of_the_matrices():
    gpt2 = MODELS["GPT-2"]
    figure = weight_strips(gpt2.d_model, gpt2.d_ff, gpt2.n_layers, gpt2.vocab_size, gpt2.max_positions)
    lengths = [patch.get_width() for patch in figure.axes[0].patches]
    parts = gpt2.parameters_by_part()
    biases = 12 * (4 * 768 + 5 * 768)
    assert 768 * sum(lengths) == gpt2.parameters() - parts["norms"] - biases
    assert figure.texts[0].get_text() == "The 12 layers are 2.2 token tables long"


def test_bars_are_as_long_as_their_shares():
    figure = parts_twice({"a": ([1, 3], [0, 5]), "b": ([9, 1], [1, 1])}, ["one", "two"], "Two bars each")
    assert [patch.get_width() for patch in figure.axes[0].patches] == [25, 75, 0, 100, 90, 10, 50, 50]
    assert [text.get_text() for text in figure.texts] == ["Two bars each", "one", "two"]


def test_curves_are_marked_where_they_pass_one_half():
    figure = share_curves([1, 10, 100], {"a": [10, 50, 90], "b": [1, 10, 50]}, "Two", {"a": 10, "b": 100})
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["a"].get_ydata()) == [10, 50, 90]
    marked = {float(line.get_xdata()[0]) for line in figure.axes[0].lines if list(line.get_ydata()) == [50]}
    assert marked == {10, 100}
    assert [text.get_text() for text in figure.axes[0].texts] == ["a\nhalf at 10", "b\nhalf at 100"]


@pytest.mark.parametrize("draw, words", [
    (lambda: weight_strips(768, 3072, 0, 50257, 1024), "n_layers: 0 is below 1"),
    (lambda: parts_twice({"a": ([1], [1])}, [], ""), "names: 0 parts"),
    (lambda: parts_twice({"a": ([1, 2], [1])}, ["x", "y"], ""), "1 FLOPs for 2 parts"),
    (lambda: share_curves([1, 2], {}, "", {}), "curves: 0 given"),
    (lambda: share_curves([1, 2], {"a": [1]}, "", {"a": 1}), "1 values for 2 n_values"),
])
def test_what_does_not_fit_is_named(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()


def test_no_text_leaves_the_picture():
    figures = [weight_strips(768, 3072, 12, 50257, 1024),
               parts_twice({"DeepSeek-V3": ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])}, ["looked up", "projections", "n² products",
                           "feed-forward", "head"], "Parameters and FLOPs sit in different parts"),
               share_curves([10, 10**7], {"Llama-3 405B": [1, 99]}, "n² takes half only from thousands of tokens on",
                            {"Llama-3 405B": 97_789})]
    for figure in figures:
        figure.canvas.draw()
        width, height = figure.canvas.get_width_height()
        for text in [*figure.texts, *figure.axes[0].texts, figure.axes[0].title]:
            box = text.get_window_extent()
            assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height, text.get_text()
