"""Lesson 04's figures: as many hops as there are, colours where the costs say, refusals named."""

import numpy as np
import pytest

from helpers.figures import ways_to_the_last_token, winners
from helpers.figures.rivals import FILLS
from helpers.figures.style import COLOURS


@pytest.mark.parametrize("tokens, kernel, floors", [(8, 3, 4), (8, 8, 1), (9, 2, 8), (2, 5, 1), (10, 4, 3)])
def test_the_coloured_ways_have_the_hops_that_are_said(tokens, kernel, floors):
    figure = ways_to_the_last_token(tokens, kernel)
    ways = [[text for text in axes.texts if text.arrow_patch.get_edgecolor()[:3] == pytest.approx(rgb(COLOURS[1]))]
            for axes in figure.axes]
    assert [len(way) for way in ways] == [tokens, floors, 1]
    for way in ways:
        assert way[0].xyann == (0, 0) and way[-1].xy[0] == tokens - 1
        assert all(before.xy == after.xyann for before, after in zip(way, way[1:]))
    assert figure.texts[0].get_text() == f"From token 1 to output {tokens}: {tokens} hops, {floors}, or 1"
    assert len(figure.axes[2].texts) == tokens**2 + 1


def rgb(colour):
    return tuple(int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))


@pytest.mark.parametrize("sizes", [(1, 3), (8, 1)])
def test_a_graph_without_a_way_is_refused(sizes):
    with pytest.raises(ValueError, match="at least 2"):
        ways_to_the_last_token(*sizes)


def test_the_map_is_coloured_by_the_cheapest_and_named():
    figure = winners({"square": {"one": lambda n, d: n * n * d, "two": lambda n, d: n * d * d},
                      "never": {"one": lambda n, d: 2 * n * d, "two": lambda n, d: n * d}},
                     [("here", 100, 512)], title="Who")
    left, right = figure.axes
    assert [text.get_text() for text in left.texts] == ["one", "two", "here"]
    assert [text.get_text() for text in right.texts] == ["two"]
    assert figure.texts[0].get_text() == "Who" and [axes.get_title("left") for axes in figure.axes] == ["square", "never"]
    for text in left.texts[:2]:
        n, d = text.get_position()
        assert (n < d) == (text.get_text() == "one")
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    for axes, n, d, name in ((left, 300, 20_000, 0), (left, 300_000, 100, 1), (right, 300, 20_000, 1)):
        x, y = axes.transData.transform((n, d))
        assert pixels[-int(y), int(x), :3] / 255 == pytest.approx(rgb(FILLS[name]), abs=0.02)


@pytest.mark.parametrize("count", [0, 4])
def test_too_many_maps_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} entries"):
        winners({str(i): {"a": lambda n, d: n} for i in range(count)})
