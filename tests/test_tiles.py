"""Bytes moved: whole blocks against a cache by the book, formulas against the simulator."""

from itertools import product
from math import inf

import pytest
from hypothesis import given, settings, strategies as st

from helpers.tiles import Access, block_traffic, largest_tile, tile_elements, tiled_attention, tiled_attention_elements


def by_the_book(accesses, elements, discard=()):
    """The slow, obviously right cache: a list, the oldest first; one element at a time."""
    waiting, dirty, reads, writes = [], set(), {}, {}

    def write_back(item):
        if item in dirty:
            dirty.discard(item)
            writes[item[0]] = writes.get(item[0], 0) + 1
    for array, rows, columns, _, write in accesses:
        for item in product([array], range(*rows), range(*columns)):
            if item in waiting:
                waiting.remove(item)
            elif not write:
                reads[array] = reads.get(array, 0) + 1
            waiting.append(item)
            if write:
                dirty.add(item)
            if len(waiting) > elements:
                write_back(waiting.pop(0))
    for item in waiting:
        if item[0] not in discard:
            write_back(item)
    return reads, writes


@st.composite
def streams(draw):
    """Accesses to blocks of a 6 × 8 grid of two arrays, cut at fixed places."""
    rows = [0, *sorted(draw(st.sets(st.integers(1, 5), max_size=3))), 6]
    columns = [0, *sorted(draw(st.sets(st.integers(1, 7), max_size=3))), 8]
    pick = st.tuples(st.sampled_from("AB"), st.integers(0, len(rows) - 2), st.integers(0, len(columns) - 2), st.booleans())
    return [Access(array, (rows[i], rows[i + 1]), (columns[j], columns[j + 1]), 8, write)
            for array, i, j, write in draw(st.lists(pick, max_size=25))]


@given(streams(), st.integers(1, 60))
@settings(max_examples=100)
def test_whole_blocks_move_as_single_elements_do(accesses, elements):
    found = block_traffic(accesses, elements, ("B",))
    assert (found.reads, found.writes) == by_the_book(accesses, elements, ("B",))


@given(st.integers(4, 40), st.integers(1, 8), st.data())
@settings(max_examples=60)
def test_a_tile_that_fits_moves_what_the_formula_says(n, d, data):
    rows, columns = (data.draw(st.integers(1, n // 2)) for _ in range(2))
    room = tile_elements(d, rows, columns)
    for outer in ("queries", "keys"):
        moved = block_traffic(tiled_attention(n, d, rows, columns, outer), room, discard=("tile",))
        assert "tile" not in moved.reads | moved.writes
        spared = tiled_attention_elements(n, d, rows, columns, outer) - moved.elements
        # the last rows may leave room, in which a block of K or V stayed
        assert 0 <= spared < (1 if n % rows == 0 or outer == "keys" else room)


@pytest.mark.parametrize("outer", ["queries", "keys"])
def test_with_one_element_less_than_a_tile_needs_blocks_are_fetched_again(outer):
    enough, short = (block_traffic(tiled_attention(32, 4, 4, 4, outer), elements, ("tile",)).elements
                     for elements in (tile_elements(4, 4, 4), tile_elements(4, 4, 4) - 1))
    assert enough < short


def test_the_largest_tile_fits_and_traffic_falls_as_one_over_the_memory():
    n, d, before = 256, 8, inf
    assert largest_tile(4 * d + 3, d) == (1, 1)
    for elements in (200, 800, 1600):
        rows, columns = largest_tile(elements, d, n)
        assert tile_elements(d, rows, columns) <= elements
        assert tile_elements(d, rows + 1, columns) > elements or rows == columns < d
        tiled = block_traffic(tiled_attention(n, d, rows, columns), elements, ("tile",)).elements
        assert tiled < before and 6 < (tiled - 2 * n * d) / (n**2 * d**2 / elements) < 20
        before = tiled


A = Access("A", (0, 2), (0, 2), 4)


@pytest.mark.parametrize("call, words", [
    *((lambda other=other: block_traffic([A, other], 10), "overlap") for other in
      (A._replace(rows=(1, 3)), A._replace(columns=(1, 2)), A._replace(rows=(0, 3)))),
    (lambda: block_traffic([A], 0), "elements: 0"), (lambda: largest_tile(200, d=64), "elements: M = 200 .* 259"),
    (lambda: tiled_attention(4, 2, 5, 2), "rows: 5"), (lambda: tiled_attention(4, 2, 2, 0), "columns: 0"),
    (lambda: tiled_attention(4, 2, 2, 2, outer="rows"), "outer: 'rows'")])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
