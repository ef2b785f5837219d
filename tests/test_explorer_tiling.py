"""TilingExplorer: its traffic is what the simulator counts on the whole stream, its tiles stand where they say."""

from dataclasses import fields

import pytest
from drawing import drawn_afresh
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from helpers.explorers import TilingExplorer
from helpers.explorers.tiling import ORDERS, TilingState, _traffic, bound, least, plain, sides, traffic
from helpers.figures import memory_hierarchy
from helpers.tiles import block_traffic, tile_elements, tiled_attention

SLIDERS = {control.name: control.values for control in TilingExplorer.controls if hasattr(control, "values")}
states = st.builds(TilingState, **{name: st.sampled_from(values) for name, values in SLIDERS.items()},
                   outer=st.sampled_from(list(ORDERS)))
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return TilingExplorer(**{field.name: getattr(state, field.name) for field in fields(TilingState)})


def by_array(found):
    return {array: found.reads.get(array, 0) + found.writes.get(array, 0) for array in {**found.reads, **found.writes}}


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 48), st.integers(1, 4), st.integers(1, 500), st.integers(1, 9), st.integers(1, 9), st.sampled_from(list(ORDERS)))
@example(48, 2, 130, 8, 8, "queries")     # fits: the closed form
@example(47, 2, 100, 8, 8, "keys")        # does not fit, and the last blocks are shorter: a few turns tell of all
@example(40, 2, 170, 8, 8, "keys")        # the keys and values may wait on the chip
def test_the_traffic_is_what_the_simulator_counts(n, d, M, rows, columns, outer):
    rows, columns = min(rows, n), min(columns, n)
    counted = by_array(block_traffic(tiled_attention(n, d, rows, columns, outer), M, ("tile",)))
    assert _traffic(n, d, M, rows, columns, outer) == counted


@pytest.mark.parametrize("preset", TilingExplorer.presets)
def test_a_preset_shows_what_the_simulator_counts(preset):
    state = TilingExplorer(preset=preset).state
    stream = tiled_attention(state.n, state.d, *sides(state), state.outer)
    assert traffic(state) == by_array(block_traffic(stream, state.M, ("tile",)))


def test_the_numbers_of_the_start():
    explorer = TilingExplorer()
    numbers, state = explorer.numbers(), explorer.state
    moved = 2 * 1_024 * 64 * (1 + 1_024 // 64) + 2 * 1_024
    assert numbers["this tiling moves (elements)"] == f"{moved:,}" and numbers["in 16 bits (bytes)"] == f"{2 * moved:,}"
    assert numbers["products, 4·n²·d (FLOPs)"] == "268,435,456"
    assert numbers["FLOPs per byte"] == f"{268_435_456 / (2 * moved):.1f}"
    assert (least(state), plain(state), bound(state)) == (262_144, 4_456_448, 131_072)
    for words in ("needs 20,608 of the chip's 32,768", f"{moved:,} elements", "2.0 times less", "17 · n²d²/M"):
        assert words in explorer.sentence(), words


def test_the_sentence_says_when_tiles_lose_and_when_they_are_cut():
    assert "tiles lose here" in TilingExplorer(preset="a chip below d²").sentence()
    short = TilingExplorer(preset="a tile that does not fit")
    assert "moves at least 4,683,776 elements" in short.sentence() and "plain" not in short.sentence()
    assert "FLOPs per byte, at most" in short.numbers() and "this tiling moves at least (elements)" in short.numbers()
    cut = TilingExplorer(n=128, rows=1_024, columns=256, M=2**20)
    assert "cut to 128 × 128" in cut.sentence() and sides(cut.state) == (128, 128)
    assert sum(traffic(cut.state).values()) - 2 * 128 == least(cut.state)


@settings(max_examples=40, deadline=None, phases=DRAWN)
@given(states)
def test_the_parts_stand_where_the_tile_stands(state):
    explorer = explorer_at(state)
    _, artists = explorer.compose(state)
    q, o, k, v, tile = (part.get_bbox().bounds for part in artists["parts"])
    for strip in (q, o):
        assert strip[1] == tile[1] and strip[3] == tile[3]
    for strip in (k, v):
        assert strip[0] == tile[0] and strip[2] == tile[2]
    rows, columns = sides(state)
    side = 2.42
    assert tile[3] == pytest.approx(max(side * rows / state.n, 0.015)) and tile[2] == pytest.approx(max(side * columns / state.n, 0.015))
    moved = sum(traffic(state).values())
    assert [round(10 ** (bar.get_width() + 3)) for bar in artists["bars"]] == [
        max(1_000, round(amount)) for amount in (least(state), moved, bound(state), plain(state))]
    assert 10 ** (artists["need"].get_width() + 2) == pytest.approx(tile_elements(state.d, rows, columns))
    assert artists["need_text"].get_text().endswith("not fit") == (tile_elements(state.d, rows, columns) > state.M)


@settings(max_examples=40, deadline=None, phases=DRAWN)
@given(states)
def test_no_text_is_cut_or_written_over_another(state):
    figure = explorer_at(state).figure()
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    boxes = []
    for axes in figure.axes:
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes._left_title]:
            if text.get_visible() and text.get_text():
                box = text.get_window_extent()
                assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height, text.get_text()
                boxes.append((box, text.get_text()))
    for place, (box, words) in enumerate(boxes):
        for other, others in boxes[:place]:
            assert not (box.x0 < other.x1 - 1 and other.x0 < box.x1 - 1 and box.y0 < other.y1 - 2 and other.y0 < box.y1 - 2), (words, others)


@settings(max_examples=10, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    explorer = TilingExplorer()
    assert len(list(drawn_afresh(explorer, chosen))) == len(chosen)


@pytest.mark.parametrize("values, words", [
    ({"n": 0}, "n = 0 is out of range"), ({"d": 8}, "from 16 to 256 elements"), ({"M": 32}, "from 4,096"),
    ({"rows": 0}, "rows of a tile is a whole number"), ({"columns": 2.5}, "columns = 2.5"), ({"rows": True}, "rows = True"),
    ({"outer": "rows"}, "choose 'queries', 'keys'"), ({"preset": "GPT-2"}, "Nearest: .GPT-2"), ({"m": 1}, "no 'm'")])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        TilingExplorer(**values)


@pytest.mark.parametrize("levels", [[], [("a", 1, 1)], [("a", 1, 1)] * 6, [("a", 0, 1), ("b", 1, 1)], [("a", 1, 1), ("b", 1, -1)]])
def test_the_hierarchy_refuses_what_it_cannot_draw(levels):
    with pytest.raises(ValueError, match="levels"):
        memory_hierarchy(levels)


def test_the_hierarchy_draws_the_larger_wider_and_lower():
    figure = memory_hierarchy([("chip", 20e6, 19e12), ("board", 40e9, 1.5e12), ("room", 1e12, 12.8e9)])
    bars = [bar.get_bbox() for bar in figure.axes[0].patches]
    assert bars[0].width < bars[1].width < bars[2].width and bars[0].y0 > bars[1].y1 and bars[1].y0 > bars[2].y1
    figure.canvas.draw()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert 0 <= box.x0 and box.x1 <= 700 and box.y1 <= figure.canvas.get_width_height()[1]
