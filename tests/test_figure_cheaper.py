"""The figures of lesson 10 draw what they are given, cut no text, and refuse what they cannot draw."""

import numpy as np
import pytest
from matplotlib.text import Text

from helpers.figures import error_panels, pattern_grid, recall_curves

MASKS = {f"a name of some length, {place}": np.random.default_rng(place).random((64, 64)) < 0.1 * place for place in range(1, 7)}
PANELS = {f"panel {place}": {f"series {one}": ([1, 10, 200], [3, 0.1 * one, 1e-9]) for one in range(1, 6)} for place in range(4)}


def uncut(figure):
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    for text in [*figure.texts, *legends, *(text for axes in figure.axes for text in (
            axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts, *in_view(axes.xaxis), *in_view(axes.yaxis)))]:
        if text.get_visible() and text.get_text():
            box = text.get_window_extent()
            assert -0.5 <= box.x0 and box.x1 <= width + 0.5 and -0.5 <= box.y0 and box.y1 <= height + 0.5, text.get_text()


def in_view(axis):
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


@pytest.mark.parametrize("count", range(1, 7))
def test_a_pattern_is_drawn_cell_by_cell_and_its_share_is_said(count):
    masks = dict(list(MASKS.items())[:count])
    figure = pattern_grid(masks, "Patterns")
    for axes, (name, mask) in zip(figure.axes, masks.items(), strict=True):
        assert np.array_equal(axes.images[0].get_array(), mask)
        assert axes.get_title("left") == f"{name}\n{mask.sum():,} of 4,096 pairs, {100 * mask.mean():.0f} %"
    uncut(figure)


def test_a_cost_is_said_beside_the_share_of_pairs():
    costs = {name: 10 + place for place, name in enumerate(MASKS)}
    figure = pattern_grid(MASKS, "Patterns", costs)
    for axes, (name, mask) in zip(figure.axes, MASKS.items(), strict=True):
        assert axes.get_title("left") == f"{name}\n{100 * mask.mean():.0f} % of pairs, {costs[name]} % of FLOPs"
    uncut(figure)


def test_a_level_is_drawn_in_its_panel():
    levels = {panel: 0.1 * place + 0.2 for place, panel in enumerate(PANELS)}
    for axes, level in zip(error_panels(PANELS, "Errors", levels=levels).axes, levels.values()):
        assert [list(line.get_ydata()) for line in axes.lines[-2:]] == [[1, 1], [level, level]]


def test_names_of_patterns_do_not_run_into_their_neighbours():
    figure = pattern_grid(MASKS, "Patterns")
    figure.canvas.draw()
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert boxes[0].x1 < boxes[1].x0 and boxes[1].x1 < boxes[2].x0 and figure.axes[0].get_window_extent().y0 > boxes[3].y1


@pytest.mark.parametrize("count", range(1, 5))
def test_errors_are_drawn_on_one_scale_and_never_below_the_floor(count):
    figure = error_panels(dict(list(PANELS.items())[:count]), "Errors")
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    for axes, series in zip(figure.axes, PANELS.values()):
        drawn = {line.get_label(): line for line in axes.lines if line.get_label() in series}
        assert {name: list(line.get_xdata()) for name, line in drawn.items()} == dict.fromkeys(series, [1, 10, 200])
        assert [list(line.get_ydata()) for line in drawn.values()] == [[3, 0.1 * one, 0.001] for one in range(1, 6)]
        assert len({(line.get_linestyle(), line.get_marker()) for line in drawn.values()}) == 5
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(PANELS["panel 0"])
    uncut(figure)


def test_a_series_keeps_its_look_in_each_panel():
    figure = error_panels({"a": {"one": ([1], [1]), "two": ([1], [1])}, "b": {"two": ([1], [1])}})
    looks = [{line.get_label(): (line.get_color(), line.get_marker()) for line in axes.lines} for axes in figure.axes]
    assert looks[0]["two"] == looks[1]["two"] != looks[0]["one"]


def test_what_is_recalled_is_drawn_in_percent_and_named_at_the_end():
    curves = {"all": [1, 1, 1], "nearly all": [1, 1, 0.99], "half": [1, 0.75, 0.5], "little": [1, 0.1, 0.02], "nothing": [1, 0, 0]}
    figure = recall_curves([8, 64, 512], curves, "Recalled", mark=(64, "64 = d_h"))
    axes, = figure.axes
    for (name, shares), line in zip(curves.items(), axes.lines):
        assert line.get_label() == name and list(line.get_ydata()) == [100 * share for share in shares]
    uncut(figure)
    boxes = sorted((Text.get_window_extent(text) for text in axes.texts if text.get_text() in curves), key=lambda box: box.y0)
    assert len(boxes) == 5 and all(low.y1 <= high.y0 + 3 for low, high in zip(boxes, boxes[1:]))


@pytest.mark.parametrize("draw, words", [
    (lambda: pattern_grid({}), "0 entries"), (lambda: pattern_grid(MASKS | {"one more": np.eye(2)}), "7 entries"),
    (lambda: pattern_grid({"a": np.ones((2, 3))}), r"patterns\['a'\] has the shape \(2, 3\)"),
    (lambda: error_panels({}), "0 entries"), (lambda: error_panels(PANELS | {"five": {}}), "5 entries"),
    (lambda: error_panels({"a": {str(i): ([1], [1]) for i in range(6)}}), "6 series"),
    (lambda: recall_curves([1, 2], {}), "0 entries"), (lambda: recall_curves([1, 2], {"a": [1]}), "1 values for 2 pairs")])
def test_what_cannot_be_drawn_is_refused(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
