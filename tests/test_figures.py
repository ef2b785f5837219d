"""The figures: the house style, sharp and repeatable pictures with words beside them, drawings to scale."""

import base64
import io
from html import escape
from itertools import pairwise, product

import matplotlib
import pytest
from hypothesis import given, strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from helpers.figures import (
    COLOURS, attention_matrices, chart, house, line_key, mark_place, matrix_step, name_ends, name_points,
    new_figure, png, show, slope_triangle, stacked_bars)
from helpers.words import spread


def curves():
    axes = chart("n (tokens)", "FLOPs", x="log", y="log", title="Twice n, four times the FLOPs")
    axes.plot([10, 100, 1_000], [10, 100, 1_000], label="walk")
    axes.plot([10, 100, 1_000], [1e20, 1e22, 1e24], label="dance,\nin two lines")
    axes.plot([10, 100, 1_000], [1e20, 1e22, 9e23], label="nearly the dance")
    mark_place(axes, 30, "here")
    slope_triangle(axes, 20, 1e10, 2)
    name_ends(axes)
    return axes.figure


def panels():
    left, right = chart(["n (tokens)", "d (elements)"], "FLOPs", panels=["left", "right\nin two lines"], title="Two sides")
    for axes in (left, right):
        axes.plot([0, 10], [0, 5], label="a line")
        name_points(axes, {"a point": (2, 2)})
    line_key(left)
    return left.figure


def bars():
    axes = chart("memory (GB)", "", title="Weights and cache")
    stacked_bars(axes, {"serving, a long name": {"weights": 16, "cache": 4}, "training": {"weights": 16}}, "{:.0f}".format,
                 "{:.0f} GB".format)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["serving, a long name", "training"] and axes.yaxis_inverted()
    return axes.figure


DRAWINGS = {
    "matrices": lambda: attention_matrices(100, 512), "long": lambda: attention_matrices(4096, 64),
    "step": lambda: matrix_step("q @ k.T = scores"), "steps": lambda: matrix_step("x @ w = y", "q @ k.T = scores", title="Two")}
ALL = {**DRAWINGS, "curves": curves, "panels": panels, "bars": bars}


def words(figure):
    """All that is written and can be seen."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.texts)]
    for axes in figure.axes:
        found += [*axes.texts, axes._left_title]
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            found += [axis.label, *(tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("name", ALL)
def test_words_stay_apart_on_the_page_and_the_bytes_are_the_same_whatever_the_reader_has_set(name):
    figure = ALL[name]()
    first, (wide, high) = png(figure), figure.canvas.get_width_height()
    boxes = [(text.get_text(), matplotlib.text.Text.get_window_extent(text)) for text in words(figure)]
    for place, (text, a) in enumerate(boxes):
        assert a.x0 >= 0 and a.x1 <= wide and a.y1 <= high and a.y0 >= 0, text
        for other, b in boxes[place + 1:]:
            assert min(min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)) <= 4, (text, other)
    with matplotlib.rc_context({"figure.dpi": 50, "font.size": 30} if name in DRAWINGS else {}):
        assert png(ALL[name]()) == first and Image.open(io.BytesIO(first)).mode == "P"
    assert name not in DRAWINGS or len(figure.alt) > 60


def test_the_style_is_read_from_its_file_and_its_colours_can_be_read_on_white():
    with house():
        assert list(matplotlib.rcParams["figure.figsize"]) == [7, 4]
        assert ["#" + entry["color"].lstrip("#") for entry in matplotlib.rcParams["axes.prop_cycle"]] == list(COLOURS)
    for colour in COLOURS:  # at least 4.5 : 1, the least that WCAG asks of words: names stand in the colour of their line
        channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        assert 1.05 / (0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2] + 0.05) >= 4.5, colour


def test_an_elementwise_step_says_what_each_number_costs():
    assert matrix_step("scores -> scaled", each="1 division").alt.endswith("n·n numbers, each 1 division.")


@pytest.mark.parametrize("wrong, words", [
    (lambda: attention_matrices(0, 4), "n: 0"), (lambda: matrix_step("q @ kT = scores"), "'kT' is not known"),
    (lambda: matrix_step("q @ k.T = mixed"), "does not fit"), (lambda: matrix_step("q @ v = scores"), "does not fit"),
    (lambda: matrix_step("q -> scores"), "does not fit"), (lambda: chart("n", "d", x="loglog"), "'loglog'"),
    (lambda: stacked_bars(chart("n", "d"), {"row": dict.fromkeys("abcdef", 1)}), "6 parts")])
def test_what_cannot_be_drawn_is_refused_by_name(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_spread_keeps_order_distance_and_room(heights):
    placed = spread(heights, 0.1, 0.0, 1.0)
    assert all(-1e-6 <= place <= 1 + 1e-6 for place in placed)
    assert all(b - a >= 0.1 - 1e-6 for a, b in pairwise(sorted(placed)))
    assert all(a < b for (low, a), (high, b) in product(zip(heights, placed), repeat=2) if low < high)


def test_show_displays_one_sharp_picture_with_its_words_and_closes_it(monkeypatch):
    import IPython.display
    from matplotlib import pyplot

    calls = []
    monkeypatch.setattr(IPython.display, "display", lambda *args, **options: calls.append((args, options)))
    monkeypatch.setenv("HELPERS_PICTURES", "1")
    show(pyplot.figure(figsize=(5, 3)), "A line that rises from 1 to 2 over two points")
    show(matrix_step("w @ w = w"))
    assert pyplot.get_fignums() == []
    ((data,), options), ((_,), drawn) = calls
    assert options["metadata"] == {"image/png": {"alt": data["text/plain"], "width": 500}} and options["raw"]
    assert drawn["metadata"]["image/png"]["alt"] == matrix_step("w @ w = w").alt
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width == 1000 and not {"Software", "Creation Time"} & set(picture.info)
    monkeypatch.delenv("HELPERS_PICTURES")
    show(matrix_step("w @ w = w"), alt := 'A product of w and w: n < d, "to scale"')
    (live,), options = calls[-1]    # JupyterLab would leave a PNG's words out
    assert set(live) == {"text/html", "text/plain"} and options["metadata"] == {}
    assert f'alt="{escape(alt)}"' in live["text/html"] and 'src="data:image/png;base64,' in live["text/html"]


@pytest.mark.parametrize("alt", ["", " " * 40, None, 3])
def test_show_refuses_a_figure_without_words(alt):
    with pytest.raises(ValueError, match="30 characters"):
        show(new_figure(), alt)
    with pytest.raises(TypeError, match="takes the Matplotlib Figure"):
        show("a figure", "An alternative text of more than thirty characters")
