"""What attention in tiles moves between main memory and the chip, block by block. Lesson 09.

Q, K, V and O are (n, d). A tile of scores is rows × columns: so many queries with so many keys.
The last blocks are shorter where it does not divide n. All sizes are whole numbers of elements.
"""

from collections import Counter, OrderedDict
from math import isqrt
from typing import NamedTuple

from helpers.sizes import check_choice, check_size

OUTER = ("queries", "keys")


class Access(NamedTuple):
    """One block of an array is read, or written."""

    array: str
    rows: tuple  # first, last + 1
    columns: tuple
    width: int  # of the whole array's rows
    write: bool = False


class Traffic(NamedTuple):
    """Elements by array: read into the cache, and written back to main memory."""

    reads: Counter
    writes: Counter
    elements = property(lambda self: self.reads.total() + self.writes.total())


def block_traffic(accesses, elements, discard=()):
    """The `Traffic` of accesses through a cache of M elements: what was used last stays longest.

    A changed block is written back when it goes, or at the end, but for the arrays in `discard`.
    As exact as a cache of single elements, because those of a block come and go together: between
    two touches of one lie the rest of its own block and every block touched meanwhile. This needs
    blocks that are the same or disjoint: ValueError where two overlap.
    """
    room, reads, writes = check_size(elements, "elements"), Counter(), Counter()
    held, gone = OrderedDict(), {}       # (block, its size) -> changed? the oldest first
    known, places = set(), set()
    for array, rows, columns, _, write in accesses:
        size = (rows[1] - rows[0]) * (columns[1] - columns[0])
        block = array, rows, columns, size
        if block in held:
            held.move_to_end(block)
            held[block] |= write
            continue
        for side in ((array, "rows", rows), (array, "columns", columns)):
            if side not in known:
                known.add(side)
                taken = {(*side[:2], place) for place in range(*side[2])}
                if taken & places:
                    raise ValueError(f"accesses: {side[1]} {side[2]} of {array!r} overlap "
                                     "another block's; give the same or disjoint ones")
                places |= taken
        if not write:
            reads[array] += size
        gone.pop(block, None)
        held[block] = write
        room -= size
        while room < 0:
            old, changed = held.popitem(last=False)
            gone[old] = changed
            room += old[-1]
            writes[old[0]] += changed * old[-1]
    for (array, *_, size), changed in held.items():
        writes[array] += changed * size * (array not in discard)
    for (array, *_, size), changed in reversed(gone.items()):    # the end of what went last may
        spared = min(room, size)                                 # be there still, and be discarded
        room -= spared
        writes[array] -= changed * spared * (array in discard)
    return Traffic(reads, +writes)


def tiled_attention(n, d, rows, columns, outer="queries", along=None):
    """The accesses of one head in tiles: scores stay on the chip, running sums repair the softmax.

    outer="queries" (FlashAttention-2, Dao 2023): for each block of queries all keys and values pass
    by, the output stays. outer="keys" (Dao et al. 2022, algorithm 1): for each block of keys all
    queries pass by, with O, the sums l and the maxima m, in and out. The scores, "tile", take their
    place in the cache too. Each block is touched once for each tile, so where a tile does not fit
    the count is a lower bound. along: tokens of the outer loop, n of them unless told.
    """
    n, d, rows, columns = _checked(n, d, rows, columns)
    outside = along or n
    ends = (outside, n) if check_choice(outer, "outer", OUTER) == "queries" else (n, outside)
    queries, keys = ([(start, min(start + side, end)) for start in range(0, end, side)]
                     for side, end in zip((rows, columns), ends))
    tile = (0, rows), (0, columns), columns

    def accesses():
        for first in queries if outer == "queries" else keys:
            for second in keys if outer == "queries" else queries:
                i, j = (first, second) if outer == "queries" else (second, first)
                began = j[0] > 0                    # the first keys find no sums to add to
                yield Access("Q", i, (0, d), d)
                yield Access("K", j, (0, d), d)
                yield Access("tile", *tile, True)
                for array in ("m", "l"):
                    if began:
                        yield Access(array, i, (0, 1), 1)
                    yield Access(array, i, (0, 1), 1, True)
                yield Access("tile", *tile)
                yield Access("V", j, (0, d), d)
                if began:
                    yield Access("O", i, (0, d), d)
                yield Access("O", i, (0, d), d, True)
    return accesses()


def tiled_attention_elements(n, d, rows, columns, outer="queries"):
    """Elements that `tiled_attention` moves if a tile just fits: Θ(n²·d²/M), as M ≈ 4·d·rows.

    outer="queries": 2·n·d·(1 + n/rows) + 2·n; "keys": n·d·(1 + 3·n/columns) + 4·n²/columns − 2·n.
    Exact from two blocks a side on; a smaller last block of rows may leave room, and less moves.
    """
    n, d, rows, columns = _checked(n, d, rows, columns)
    if check_choice(outer, "outer", OUTER) == "queries":
        return 2 * n * d * (1 - (-n // rows)) + 2 * n
    turns = -(-n // columns)
    return 2 * n * d + n * d * turns + (2 * turns - 1) * (n * d + 2 * n)


def tile_elements(d, rows, columns):
    """Elements of Q, O, K, V, scores, l and m: 2d·(rows + columns) + rows·columns + 2·rows."""
    return 2 * d * (rows + columns) + rows * columns + 2 * rows


def largest_tile(elements, d, n=None):
    """(rows, columns) of the largest tile in M elements: queries that stay, as many as fit, at most
    n; keys that pass by, as many, but at most d. Dao et al. 2022, so that it really fits.
    """
    elements, d = check_size(elements, "elements"), check_size(d, "d")
    if elements < 4 * d + 3:
        raise ValueError(f"elements: M = {elements} do not hold a tile of one query and one key of "
                         f"width d = {d}; give at least 4·d + 3 = {4 * d + 3}")
    side = isqrt((2 * d + 1) ** 2 + elements) - (2 * d + 1)      # a square: 4·d·b + b² + 2·b ≤ M
    if side > d:
        side = (elements - 2 * d * d) // (3 * d + 2)
    side = side if n is None else min(side, check_size(n, "n"))
    return side, min(side, d)


def _checked(n, d, rows, columns):
    for side, name in ((rows, "rows"), (columns, "columns")):
        if check_size(side, name) > check_size(n, "n"):
            raise ValueError(f"{name}: {side} is more than n = {n}; give at most {n}")
    return n, check_size(d, "d"), rows, columns
