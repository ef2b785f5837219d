"""The axis whose end moves: its ticks stand where their numbers say."""

import re

import pytest

from helpers.figures import house, new_figure
from helpers.figures.scale import MovingScale

PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def value(text):
    """The number that a tick says: 1,000 or 2·10⁶ or 10⁵."""
    found = re.fullmatch(r"(?:([\d.]+)·)?10([⁰¹²³⁴-⁹]+)", text)
    return float(found[1] or 1) * 10 ** int(found[2].translate(PLAIN)) if found else float(text.replace(",", ""))


@pytest.mark.parametrize("end", [0.3, 1.5, 7, 160, 1_000, 30_000, 5.2e6, 3e12])
def test_the_ticks_stand_where_their_numbers_say(end):
    figure = new_figure()
    with house():
        scale = MovingScale(figure.add_axes([0.1, 0.2, 0.8, 0.6]), grid=True)
    for shown in (10, end):
        scale.show(shown)
    told = {label.get_text(): label.get_position()[0] for label in scale.labels if label.get_text()}
    assert 3 <= len(told) <= 8 and told["0"] == 0
    for text, place in told.items():
        assert value(text) / end == pytest.approx(place, abs=1e-9)
    assert list(scale.marks.get_xdata()) == pytest.approx(sorted(told.values()))
    assert [line.get_xdata()[0] for line in scale.lines if len(line.get_xdata())] == pytest.approx(sorted(told.values()))
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in scale.labels if label.get_text()]
    assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:]))
