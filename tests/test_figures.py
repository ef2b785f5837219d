"""The figures: what they draw is asserted on their artists; the pictures are the same twice."""

import base64
import io

import matplotlib
import pytest
from hypothesis import given, strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from helpers import figures
from helpers.figures import (
    attention_matrices, banner, complexity_grid, course_map, dance_floor, growth_curves, house,
    new_figure, png, show, spread,
)
from helpers.figures.growth import end_slope, growth_axes
from helpers.figures.matrices import ARROWS

ALL = {
    "dance floor": dance_floor,
    "matrices": lambda: attention_matrices(100, 512),
    "matrices, long": lambda: attention_matrices(4096, 64),
    "grid": complexity_grid,
    "growth": lambda: growth_curves([10, 100, 1000], {"n": [10, 100, 1000], "n²": [100, 10**4, 10**6]}),
    "map": course_map,
    "banner": banner,
}


def texts(figure):
    """The texts that reach the paper: not those of axes switched off, nor ticks out of view."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes._left_title]
        if axes.axison:
            found += [axes.xaxis.label, axes.yaxis.label]
            for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                found += [tick.label1 for tick in axis.get_major_ticks() if limits[0] <= tick.get_loc() <= limits[1]]
    return [text for text in found if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("name", ALL)
def test_the_same_data_gives_the_same_bytes(name):
    assert png(ALL[name]()) == png(ALL[name]())


@pytest.mark.parametrize("name", ALL)
def test_the_house_style_holds_whatever_the_reader_has_set(name):
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "figure.dpi": 50}):
        disturbed = png(ALL[name]())
    assert disturbed == png(ALL[name]())


@pytest.mark.parametrize("name", ALL)
def test_no_text_is_cut_or_tiny(name):
    figure = ALL[name]()
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    assert texts(figure)
    for text in texts(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text.get_text()
        assert text.get_fontsize() >= 10, text.get_text()


@pytest.mark.parametrize("name", ALL)
def test_texts_do_not_cover_each_other(name):
    figure = ALL[name]()
    figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    for i, (first, a) in enumerate(boxes):
        for second, b in boxes[i + 1:]:
            overlap = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert min(overlap) <= 2.5, (first, second, overlap)


def test_the_style_is_read_from_its_file():
    with house():
        assert list(matplotlib.rcParams["figure.figsize"]) == [7, 4]
        assert matplotlib.rcParams["figure.dpi"] == 100
        assert to_rgb(matplotlib.rcParams["figure.facecolor"]) == (1, 1, 1)
        cycle = list(matplotlib.rcParams["axes.prop_cycle"])
        assert ["#" + entry["color"].lstrip("#") for entry in cycle] == list(figures.COLOURS)
        assert len({str(entry["linestyle"]) for entry in cycle}) == 5


def test_a_missing_style_file_is_said_and_survived(tmp_path, recwarn):
    from helpers.figures.style import _settings

    assert _settings.__wrapped__(tmp_path / "matplotlibrc") == {}
    assert "Install the course from its own folder" in str(recwarn.pop(UserWarning).message)


def test_colours_can_be_read_on_white():
    """At least 3 : 1 against white, the least that WCAG asks of lines and large text."""
    for colour in figures.COLOURS:
        channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
        assert 1.05 / (luminance + 0.05) >= 3, colour


# the dance floor

@pytest.mark.parametrize("n", [2, 4, 8, 16, 32])
def test_each_couple_is_drawn_once_and_the_title_counts_the_pairs(n):
    figure = dance_floor((n,))
    floor, door = figure.axes
    lines, dancers = floor.collections
    drawn_pairs = {frozenset(map(tuple, segment.round(6))) for segment in lines.get_segments()}
    assert len(lines.get_segments()) == len(drawn_pairs) == n * (n - 1) // 2
    assert len(dancers.get_offsets()) == n
    assert len(door.collections[0].get_offsets()) == n
    assert f"= {n * n:,} pairs" in floor.get_title() and f"{n * (n - 1) // 2:,} couples" in floor.get_title()
    assert n * n == 2 * len(drawn_pairs) + n


@pytest.mark.parametrize("sizes", [(), (1,), (4, 0), (4, 2.5), (True, 4), ("4",), (65,), (1, 2, 3, 4, 5)])
def test_a_dance_floor_that_cannot_be_drawn_is_refused(sizes):
    with pytest.raises(ValueError, match="sizes"):
        dance_floor(sizes)


# the matrices

@pytest.mark.parametrize("n, d", [(100, 512), (512, 512), (1024, 512), (300, 400)])
def test_matrices_have_the_proportions_of_their_sizes(n, d):
    axes = attention_matrices(n, d).axes[0]
    sizes = {patch.get_label(): (patch.get_height(), patch.get_width()) for patch in axes.patches if patch.get_label()[0] != "_"}
    assert len(sizes) == 12
    unit = sizes["$W_K$"][0] / d
    for name, (height, width) in sizes.items():
        rows = d if "W" in name else n
        columns = n if name in ("Q·Kᵀ", "softmax") else d
        assert (height, width) == pytest.approx((rows * unit, columns * unit)), name


@pytest.mark.parametrize("n, d, words", [
    (100, 512, "four weights hold 52 ×"), (1024, 512, "two n × n matrices hold 2.0 ×"), (512, 512, "four weights hold 2.0 ×"),
])
def test_the_title_says_what_is_larger(n, d, words):
    assert any(words in text.get_text() for text in attention_matrices(n, d).axes[0].texts)


@pytest.mark.parametrize("n, d", [(100, 512), (4096, 64), (1, 1)])
def test_the_matrices_are_joined_as_the_layer_computes(n, d):
    axes = attention_matrices(n, d).axes[0]
    assert len([text for text in axes.texts if getattr(text, "arrow_patch", None)]) == len(ARROWS) == 13
    drawn = {patch.get_label() for patch in axes.patches}
    assert drawn == {name for arrow in ARROWS for name in arrow}
    assert {start for start, end in ARROWS if end == "mixed"} == {"softmax", "V"}


@pytest.mark.parametrize("n, d", [(0, 4), (4, -1), (2.5, 4), ("a", 4), (True, 4), (4, float("nan"))])
def test_matrices_of_no_size_are_refused(n, d):
    with pytest.raises(ValueError, match="whole number"):
        attention_matrices(n, d)


# growth

def test_the_grid_shows_the_twelve_with_slopes_2_and_1():
    left, right = complexity_grid().axes
    over_n = {(int(x), line.get_label()): y for line in left.lines for x, y in zip(*line.get_data())}
    over_d = {(int(x), line.get_label()): y for line in right.lines for x, y in zip(*line.get_data())}
    assert len(over_n) == len(over_d) == 12
    assert over_n[100, "d = 512"] == over_d[512, "n = 100"] == 5_120_000
    assert over_n[500, "d = 1,024"] == 256_000_000
    assert "slope 2" in left._left_title.get_text() and "slope 1" in right._left_title.get_text()
    assert {left.get_xscale(), left.get_yscale(), right.get_xscale(), right.get_yscale()} == {"log"}


def test_the_grid_takes_a_lessons_own_rows_and_measures_their_slope():
    figure = complexity_grid([(n, d, n * d**3) for n in (1, 2, 4) for d in (8, 16)])
    assert "slope 1" in figure.axes[0]._left_title.get_text() and "slope 3" in figure.axes[1]._left_title.get_text()
    with pytest.raises(ValueError, match="every n with every d"):
        complexity_grid([(10, 128, 1), (50, 128, 2), (10, 512, 3)])


def test_growth_curves_draw_the_values_and_label_the_slopes():
    ns = [10, 100, 1_000]
    axes = growth_curves(ns, {"walk": ns, "dance": [n * n * 10**20 for n in ns]}, mark=(500, "here")).axes[0]
    walk, dance, mark = axes.lines
    assert list(walk.get_ydata()) == ns and dance.get_ydata()[-1] == pytest.approx(1e26)
    assert list(mark.get_xdata()) == [500, 500]
    words = [text.get_text() for text in axes.texts]
    assert "walk (slope 1)" in words and "dance (slope 2)" in words and "here" in words
    assert walk.get_marker() != dance.get_marker() and walk.get_linestyle() != dance.get_linestyle()


def test_two_marks_stand_apart():
    axes = growth_curves([10, 1000], {"n": [10, 1000]}, mark=[(100, "first"), (200, "second")]).axes[0]
    first, second = (next(text for text in axes.texts if text.get_text() == words) for words in ("first", "second"))
    assert (first.get_ha(), second.get_ha()) == ("right", "left")
    assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[100, 100], [200, 200]]


@pytest.mark.parametrize("scale, high, labels", [
    ("log", 20_000, {"10", "100", "1,000", "10,000"}), ("log", 10**6, {"10", "10²", "10³", "10⁴", "10⁵", "10⁶"}),
    ("linear", 40_000, {"0", "20,000", "40,000"}), ("linear", 4 * 10**6, {"0", "2·10⁶", "4·10⁶"}),
])
def test_an_axis_has_one_kind_of_tick(scale, high, labels):
    figure = new_figure()
    axes = figure.add_subplot()
    growth_axes(axes, x=scale, y=scale)
    for limits in (axes.set_xlim, axes.set_ylim):
        limits(10 if scale == "log" else 0, high)
    figure.canvas.draw()
    for axis in (axes.xaxis, axes.yaxis):
        seen = {tick.label1.get_text() for tick in axis.get_major_ticks()}
        assert labels <= seen and not any("," in text for text in seen if "10²" in labels or "2·10⁶" in labels)


@pytest.mark.parametrize("ns, curves, words", [
    ([1, 2], {}, "one to five"), ([1, 2], {str(k): [1, 2] for k in range(6)}, "one to five"),
    ([1, 2], {"a": [1]}, "1 values for 2"), ([1, 2], {"a": [0, 1]}, "above 0"),
    ([1, 2], {"a": [1, float("nan")]}, "above 0"), ([2, 1], {"a": [1, 2]}, "increasing"), ([0, 1], {"a": [1, 2]}, "above 0"),
])
def test_curves_that_cannot_be_drawn_are_refused(ns, curves, words):
    with pytest.raises(ValueError, match=words):
        growth_curves(ns, curves)


@given(st.floats(-3, 4), st.floats(1, 1e6), st.floats(1.01, 100))
def test_end_slope_finds_the_power(power, x, factor):
    assert end_slope([x, x * factor], [x**power, (x * factor) ** power]) == pytest.approx(power, abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_spread_keeps_order_distance_and_room(positions):
    placed = spread(positions, 0.1, 0.0, 1.0)
    assert all(-1e-6 <= place <= 1 + 1e-6 for place in placed)
    ranked = sorted(zip(positions, placed))
    in_order = sorted(placed)
    assert all(b - a >= 0.1 - 1e-6 for a, b in zip(in_order, in_order[1:]))
    assert [place for _, place in ranked] == pytest.approx(in_order) or len(set(positions)) < len(positions)


# the map

def test_the_map_names_all_sixteen_lessons_in_order():
    words = [text.get_text() for text in course_map().axes[0].texts]
    numbers = [word for word in words if word.isdigit()]
    assert numbers == [f"{k:02d}" for k in range(16)]
    assert sum(word.endswith("?") for word in words) == 16


# show

class Screen:
    def __init__(self, monkeypatch):
        import IPython.display

        self.calls = []
        monkeypatch.setattr(IPython.display, "display", lambda *args, **kwargs: self.calls.append((args, kwargs)))


def test_show_displays_one_picture_with_its_alternative_text_and_closes_it(monkeypatch):
    matplotlib.use("agg")
    from matplotlib import pyplot

    screen = Screen(monkeypatch)
    figure, axes = pyplot.subplots()
    axes.plot([1, 2])
    alt = "A line that rises from 1 to 2 over two points"
    show(figure, alt)
    assert pyplot.get_fignums() == []
    ((data,), options), = screen.calls
    assert data["text/plain"] == alt and options["metadata"] == {"image/png": {"alt": alt}} and options["raw"]
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.size == (700, 400) or picture.format == "PNG"
    assert not {"Software", "Creation Time"} & set(picture.info)


@pytest.mark.parametrize("alt", ["", "too short", " " * 40, None, 3])
def test_show_refuses_an_alternative_text_that_says_nothing(alt, monkeypatch):
    screen = Screen(monkeypatch)
    with pytest.raises(ValueError, match="30 characters"):
        show(new_figure(), alt)
    assert screen.calls == []


def test_show_refuses_what_is_no_figure():
    with pytest.raises(TypeError, match="takes the Matplotlib Figure"):
        show("a figure", "An alternative text of more than thirty characters")
