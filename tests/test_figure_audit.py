"""The figures of lesson 11: what is drawn is what was given, and nothing leaves the picture."""
import pytest

from helpers.figures import counters_figure, readings_figure, valleys_figure


def readings():
    return readings_figure(["73M", "6.8B"], [1.03, 0.99], {"every term,\nall weights": [1.67, 1.11], "found": [1.026, 0.994]})


def valleys():
    curves = {"published": ([1e10, 3e10, 1e11], [1.95, 1.93, 1.94]), "refitted": ([1e10, 7e10, 1e11], [2.02, 1.97, 1.98])}
    return valleys_figure(curves, {"published": 3e10, "refitted": 7e10}, 70e9, "Two valleys")


def counters():
    return counters_figure({"torch flop_counter, meta device": {"matrix products": 1.0, "fused attention": 1.0},
                            "thop": {"matrix products": 0.0004, "fused attention": 0.27}}, "One block, two counts")


def line(figure, label):
    return next(artist for artist in figure.axes[0].lines if artist.get_label() == label)


def test_a_reading_is_drawn_through_its_ratios():
    figure = readings()
    assert list(line(figure, "as printed").get_ydata()) == [1.03, 0.99]
    assert list(line(figure, "found").get_ydata()) == [1.026, 0.994]


def test_each_law_is_marked_at_its_lowest_point():
    axes = valleys().axes[0]
    marks = [(artist.get_xdata()[0], artist.get_ydata()[0]) for artist in axes.lines if artist.get_marker() == "o"]
    assert [(float(x), float(y)) for x, y in marks] == [(3e10, 1.93), (7e10, 1.97)]
    assert {text.get_text() for text in axes.texts} == {"published:\n30.00 B", "refitted:\n70.00 B", "printed: 70 B"}


def test_a_counter_has_one_mark_for_each_block():
    figure = counters()
    assert list(line(figure, "matrix products").get_xdata()) == [1.0, 0.0004]
    assert list(line(figure, "fused attention").get_xdata()) == [1.0, 0.27]
    heights = [line(figure, block).get_ydata() for block in ("matrix products", "fused attention")]
    assert all(abs(a - b) > 0.1 for a, b in zip(*heights))  # equal counts do not hide one another


@pytest.mark.parametrize("draw", [readings, valleys, counters])
def test_no_word_leaves_the_picture(draw):
    figure = draw()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    named = axes.get_yticklabels() if draw is counters else []  # numbers beyond the limits have labels, but no ink
    words = [*axes.texts, *figure.texts, *named, axes.xaxis.label, axes.yaxis.label, axes._left_title,
             *(text for legend in figure.legends for text in legend.get_texts())]
    for word in words:
        if word.get_text():
            box = word.get_window_extent()
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, word
