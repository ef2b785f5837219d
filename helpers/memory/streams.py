"""The accesses of one attention head, plain and in tiles, for a cache simulator; and how many they are. Lesson 09.

Q, K, V and O are (n, d). A tile of scores is rows × columns: that many queries with that many keys. Where it does
not divide n, the last blocks are shorter, and the tile on the chip is padded.
"""

from math import isqrt

from helpers.memory.cache import Access, check_whole
from helpers.transformer.shape import check_choice, is_symbol

OUTER = ("queries", "keys")


def plain_attention(n, d, rows=1, columns=1):
    """Accesses of attention that writes its n × n matrices: S = QKᵀ, then P = softmax(S), then O = PV.

    Both products run over tiles of rows × columns, the softmax over whole rows of S. An iterator of `Access`.
    With a tile that fits, n² elements go four times: S out, S in, P out, P in. Raises ValueError for sizes below
    1 and for a tile larger than n.

    >>> len(list(plain_attention(n=4, d=2, rows=2, columns=2)))
    38
    """
    sizes = _checked(n, d, rows, columns)
    return _plain(*sizes)


def tiled_attention(n, d, rows, columns, outer="queries"):
    """Accesses of attention in tiles: scores stay on the chip, a running maximum and sum repair the softmax.

    outer="queries" (FlashAttention-2, Dao 2023): for each block of queries all keys and values pass by, the output
    stays. outer="keys" (FlashAttention, Dao et al. 2022, algorithm 1): for each block of keys and values all queries
    pass by, and with them O, the sums l and the maxima m, in and out. The tile of scores, "tile", takes its place
    in the cache too. Each block is touched once for each tile. So where a tile does not fit, a cache's count is a lower
    bound: the products would fetch the same rows again and again. An iterator of `Access`. Raises ValueError for sizes below 1, a tile larger than n, another outer.

    >>> len(list(tiled_attention(n=4, d=2, rows=2, columns=2)))
    38
    """
    check_choice(outer, "outer", OUTER)
    sizes = _checked(n, d, rows, columns)
    return (_by_queries if outer == "queries" else _by_keys)(*sizes)


def _plain(n, d, rows, columns):
    for i in _blocks(n, rows):
        for j in _blocks(n, columns):
            yield Access("Q", i, (0, d), d)
            yield Access("K", j, (0, d), d)
            yield Access("S", i, j, n, True)
    for i in _blocks(n, rows):  # the softmax of these rows: for the maximum, and for the sum of exponentials
        for write in (False, True):
            for j in _blocks(n, columns):
                yield Access("S", i, j, n)
                if write:
                    yield Access("P", i, j, n, True)
    for i in _blocks(n, rows):
        for j in _blocks(n, columns):
            yield Access("P", i, j, n)
            yield Access("V", j, (0, d), d)
            if j[0]:
                yield Access("O", i, (0, d), d)
            yield Access("O", i, (0, d), d, True)


def _by_queries(n, d, rows, columns):
    for i in _blocks(n, rows):
        for j in _blocks(n, columns):
            yield from _tile(d, i, j, rows, columns)


def _by_keys(n, d, rows, columns):
    for j in _blocks(n, columns):
        for i in _blocks(n, rows):
            yield from _tile(d, i, j, rows, columns)


def _tile(d, i, j, rows, columns):
    """Scores of queries i with keys j, and what they add to the output; the first keys find nothing to add to."""
    tile, first = ((0, rows), (0, columns), columns), j[0] == 0
    yield Access("Q", i, (0, d), d)
    yield Access("K", j, (0, d), d)
    yield Access("tile", *tile, True)
    for array in ("m", "l"):
        if not first:
            yield Access(array, i, (0, 1), 1)
        yield Access(array, i, (0, 1), 1, True)
    yield Access("tile", *tile)
    yield Access("V", j, (0, d), d)
    if not first:
        yield Access("O", i, (0, d), d)
    yield Access("O", i, (0, d), d, True)


def plain_attention_elements(n, d, rows, passes=4):
    """Elements that `plain_attention` moves if a tile just fits: passes·n² + 2·n·d·(1 + n/rows).

    Four passes over n² elements where `rows` rows of S and of P fit side by side; five where not even those of S
    do, so that the softmax reads S twice. Exact from two blocks of rows and of columns on. Sizes: whole or symbols.

    >>> from helpers.notation import d, n, r, text
    >>> text(plain_attention_elements(n, d, r))
    '2·n·d + 2·n²·d/r + 4·n²'
    """
    return _sum(passes * n * n, 2 * n * d, 2 * n * d * _blocks_of(n, rows))


def tiled_attention_elements(n, d, rows, columns, outer="queries"):
    """Elements that `tiled_attention` moves if a tile just fits, its own discarded: Θ(n²·d²/M), because M ≈ 4·d·rows.

    outer="queries": 2·n·d·(1 + n/rows) + 2n. outer="keys": n·d·(1 + 3·n/columns) + 2n·(2·n/columns − 1).
    Exact from two blocks of rows and of columns on, if the blocks of rows are whole; beside a last one that is
    smaller, a little of K and V may stay on the chip, and less moves. Sizes: whole numbers or symbols.

    >>> tiled_attention_elements(1024, 64, 64, 64), plain_attention_elements(1024, 64, 64)
    (2230272, 6422528)
    """
    if check_choice(outer, "outer", OUTER) == "queries":
        return _sum(2 * n * d, 2 * n * d * _blocks_of(n, rows), 2 * n)
    times = _blocks_of(n, columns)
    return _sum(2 * n * d, n * d * times, (2 * times - 1) * (n * d + 2 * n))


def tile_elements(d, rows, columns):
    """Elements that a tile needs on the chip: Q, O, K, V, the scores, l and m: 2d·(rows + columns) + rows·columns + 2·rows.

    >>> tile_elements(d=64, rows=64, columns=64)
    20608
    """
    return 2 * d * (rows + columns) + rows * columns + 2 * rows


def largest_tile(elements, d, n=None, outer="queries"):
    """(rows, columns) of the largest tile that M elements hold, by the published choice: one side at most d.

    The side that stays, rows for outer="queries", is as long as fits; the side that passes by is min(d, that length),
    and neither is above n. Dao et al. 2022, algorithm 1, shrunk until `tile_elements` really fits.
    Raises ValueError for sizes below 1, and for an M that holds no tile of 1 × 1: 4d + 3 elements, so M below d.

    >>> largest_tile(20608, d=64), largest_tile(100_000, d=64), largest_tile(100_000, d=64, outer="keys")
    ((64, 64), (473, 64), (64, 477))
    """
    elements, d = check_whole(elements, "elements"), check_whole(d, "d")
    check_choice(outer, "outer", OUTER)
    if elements < tile_elements(d, 1, 1):
        short = f"are fewer than d = {d}: not one row fits" if elements < d else f"do not hold a tile of one query and one key, d = {d}"
        raise ValueError(f"elements: M = {elements} {short}; give at least 4·d + 3 = {4 * d + 3}")
    half = 2 * d + 1
    long = isqrt(half * half + elements) - half  # a square: 4·d·b + b² + 2·b ≤ M
    if long > d:
        long = (elements - 2 * d * d) // (3 * d + 2) if outer == "queries" else (elements - 2 * d * d - 2 * d) // (3 * d)
    long = long if n is None else min(long, check_whole(n, "n"))
    return (long, min(long, d)) if outer == "queries" else (min(long, d), long)


def _checked(n, d, rows, columns):
    sizes = n, d, rows, columns = tuple(check_whole(size, name) for size, name in
                                        ((n, "n"), (d, "d"), (rows, "rows"), (columns, "columns")))
    for name, size in (("rows", rows), ("columns", columns)):
        if size > n:
            raise ValueError(f"{name}: a tile of {size} is larger than n = {n}; give at most {n}")
    return sizes


def _blocks(n, length):
    return [(start, min(start + length, n)) for start in range(0, n, length)]


def _blocks_of(n, length):
    return n / length if is_symbol(n) or is_symbol(length) else -(-n // length)


def _sum(*terms):
    total = sum(terms)
    return total.expand() if is_symbol(total) else total
