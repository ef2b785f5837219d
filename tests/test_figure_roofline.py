"""The figures of lesson 08: what stands on a roof stands where its numbers say, and no name leaves the picture."""

from math import log10

import pytest
from matplotlib.text import Text

from helpers.figures import roofline_places, roofline_schematic
from helpers.figures.roofline import FLAT, SLOPE
from helpers.published import ACCELERATORS

H100 = ACCELERATORS["H100 SXM"]
WORKS = {"sum": 1 / 6, "softmax": 5 / 16, "token": 1.0, "scores": 124, "prompt": 1638}


def uncut(figure):
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    boxes = [Text.get_window_extent(text) for text in [*figure.texts, *figure.axes[0].texts]]  # an annotation without its line
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    ticks = [label.get_window_extent() for x, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True) if low <= x <= high]
    assert all(0 <= box.x0 and box.x1 <= width for box in [*ticks, axes.yaxis.label.get_window_extent()])
    assert all(0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1:])


def test_works_stand_on_the_roof_where_nothing_is_measured():
    figure = roofline_places("H100 SXM", H100, WORKS, "Five works")
    roof, *marks = figure.axes[0].lines
    for (name, intensity), mark in zip(WORKS.items(), marks, strict=True):
        x, y = (float(values[0]) for values in mark.get_data())
        assert x == intensity and y == pytest.approx(min(989e12, intensity * 3.35e12))
        assert (mark.get_color(), mark.get_marker()) == ((FLAT, "s") if name == "prompt" else (SLOPE, "o"))
    (left, ridge, right), (start, peak, end) = roof.get_data()
    assert ridge == pytest.approx(989 / 3.35) and (peak, end) == (989e12, 989e12) and start == pytest.approx(left * 3.35e12)
    uncut(figure)


def test_what_is_measured_stands_where_it_was_measured():
    rates = {name: 10.0 ** (9 + place) for place, name in enumerate(WORKS)}
    figure = roofline_places("H100 SXM", H100, WORKS, "Measured", rates)
    assert [float(mark.get_ydata()[0]) for mark in figure.axes[0].lines[1:]] == list(rates.values())
    bottom, top = figure.axes[0].get_ylim()
    assert bottom < min(rates.values()) and top > 989e12
    uncut(figure)


def test_names_of_works_that_are_close_do_not_collide():
    uncut(roofline_places("this machine, one core", H100, {f"operation {k}": 100 + k for k in range(9)}, "Nine that are close"))


def test_the_schematic_is_a_roofline():
    figure = roofline_schematic()
    slope, flat, _, ridge, token, prompt = figure.axes[0].lines
    rise = (log10(slope.get_ydata()[1]) - log10(slope.get_ydata()[0])) / (log10(slope.get_xdata()[1]) - log10(slope.get_xdata()[0]))
    assert rise == pytest.approx(1) and len(set(flat.get_ydata())) == 1
    assert (ridge.get_xdata()[0], ridge.get_ydata()[0]) == (slope.get_xdata()[1], slope.get_ydata()[1])
    assert token.get_ydata()[0] == pytest.approx(slope.get_ydata()[0] / slope.get_xdata()[0] * token.get_xdata()[0])
    assert ridge.get_xdata()[0] == pytest.approx(300), "as the alternative text says"
    assert prompt.get_ydata()[0] == flat.get_ydata()[0] and prompt.get_xdata()[0] > ridge.get_xdata()[0]
    uncut(figure)


@pytest.mark.parametrize("works, rates, words", [
    ({}, None, "works has 0 entries; draw one to nine"), ({str(k): 1 for k in range(10)}, None, "works has 10 entries"),
    ({"a": 1}, {"b": 1}, r"rates has \['b'\], works \['a'\]"), ({"a": 1}, {}, r"rates has \[\]"),
    ({"a": 0}, None, "not above 0"), ({"a": 1}, {"a": -1}, "not above 0"),
])
def test_what_cannot_be_drawn_is_refused(works, rates, words):
    with pytest.raises(ValueError, match=words):
        roofline_places("H100 SXM", H100, works, "", rates)
