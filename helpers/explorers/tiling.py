"""TilingExplorer: what attention in tiles moves between main memory and the chip. Lesson 09."""

from functools import lru_cache
from itertools import islice

from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, powers_of_two, slider
from helpers.explorers.scene import (
    BLUE, FAINT, GREEN, GRID, INK, ORANGE, PALE, PURPLE, Axes, Page)
from helpers.tiles import block_traffic, tile_elements, tiled_attention
from helpers.words import amount, number, times

X, Y, SIDE, STRIP = 74, 80, 242, 16  # of the scores on the page, and of Q, K, V, O beside them


def view(s, before):
    """A tile to scale, and the traffic beside its bounds; a ghost of the state before the move."""
    rows, columns = sides(s)
    found, need = traffic(s), tile_elements(s.d, rows, columns)
    moved, once, bound = sum(found.values()), 4 * s.n * s.d, (s.n * s.d) ** 2 / s.M
    plain, fits = 4 * s.n**2 + once, need <= s.M
    page = Page()
    _draw_tile(page, s, before)
    tiles = f"{-(-s.n // rows):,} × {-(-s.n // columns):,} tiles of {rows:,} × {columns:,}"
    page.words(X + SIDE / 2, 381, tiles + " (cut to n)" * (
        (rows, columns) != (s.rows, s.columns)), 12, anchor="middle")

    page.words(424, 60, "elements moved")
    axes = Axes(page, 424, 76, 258, 140, (1e3, 1e11, "log"), (0, 4, "linear"), y_ticks=(),
                x_ticks=(10**4, 10**6, 10**8, 10**10))
    for row, (name, value, shape, colour) in enumerate((
            ("each matrix once", once, "o", FAINT), ("n²d²/M", bound, "D", FAINT),
            ("plain, at least", plain, "s", BLUE),
            ("this tiling" + ", at least" * (not fits), moved, "v", ORANGE))):
        axes.point(max(value, 1e3), 3.2 - row, shape, colour, 6, says=f"{value:,.0f} elements")
        page.words(430, axes.down(3.7 - row), f"{name}: {amount(value)}", 12, halo=True)
    if before:
        was = sum(traffic(before).values())
        axes.point(was, 0.2, "v", ORANGE, 6, fade=0.4)
        page.words(682, 60, f"this tiling × {times(moved / was)}", bold=True, anchor="end")
    page.words(424, 272, f"the tile {'fits on the chip' if fits else 'does not fit'}", bold=True)
    chip = Axes(page, 424, 286, 258, 34, (100, 10**7, "log"), (0, 1, "linear"), "elements",
                y_ticks=(), x_ticks=(100, 10**4, 10**6))
    chip.upright(s.M, dash=(6, 3), colour=INK)
    chip.point(need, 0.5, "o", BLUE if fits else ORANGE, 6, says=f"{need:,} elements")
    page.words(424, 372, f"needs {need:,}, M = {s.M:,}", 12)

    numbers = {f"this tiling moves{' at least' * (not fits)} (elements)": f"{moved:,}"} | {
        f"of these {array} (elements)": f"{found[array]:,}" for array in "QKVO"} | {
        "of these sums, maxima and scores (elements)":
            f"{moved - sum(found[array] for array in 'QKVO'):,}",
        "in 16 bits (bytes)": f"{2 * moved:,}",
        "plain attention, at least (elements)": f"{plain:,}",
        "each matrix once, 4·n·d (elements)": f"{once:,}",
        "n²·d²/M (elements)": f"{bound:,.0f}",
        "a tile needs (elements)": f"{need:,}",
        "products, 4·n²·d (FLOPs)": f"{4 * s.n**2 * s.d:,}",
        f"FLOPs per byte{', at most' * (not fits)}": f"{2 * s.n**2 * s.d / moved:,.1f}"}
    return View(page, heading(fits, moved / plain), sentence(s, need, moved, moved / plain),
                numbers)


def heading(fits, share):
    """The finding, from the tiling's share of plain attention's traffic."""
    return ("The tile does not fit: its blocks come more than once" if not fits else
            "Tiles lose here: they move more than plain attention" if share > 1.05 else
            "Tiles of this size move as much as plain attention" if share > 0.95 else
            f"Scores live one tile at a time: {number(1 / share)} times less traffic")


def sentence(s, need, moved, share):
    """What the tile needs, and what it moves."""
    tile = "A tile of {:,} × {:,} needs".format(*sides(s))
    if need > s.M:
        return f"{tile} {need:,} elements and the chip has {s.M:,}; at least {amount(moved)} move."
    against = ("about as many as in" if abs(share - 1) < 0.05 else
               f"{number(1 / share)} times less than" if share < 1 else
               f"{number(share)} times more than")
    return (f"{tile} {need:,} of the chip's {s.M:,} elements; {amount(moved)} move, "
            f"{against} plain attention.")


def _draw_tile(page, s, before):
    middle, low, right = SIDE / 2, Y + SIDE, X + SIDE
    for place, name, at in (
            ((X, Y, SIDE, SIDE), "", (0, 0)), ((X - 28, Y, STRIP, SIDE), "Q", (X - 42, Y + middle)),
            ((right + 12, Y, STRIP, SIDE), "O", (right + 42, Y + middle)),
            ((X, Y - 28, SIDE, STRIP), "K", (X + middle, Y - 40)),
            ((X, low + 12, SIDE, STRIP), "V", (X + middle, low + 37))):
        page.box(*place, GRID)
        page.words(*at, name, anchor="middle", bold=True)
    for across, side in enumerate(sides(s)):
        for cut in range(side, s.n, side) if SIDE * side / s.n >= 4 else ():  # closer: a grey field
            at = SIDE * cut / s.n
            page.line([(X + at, Y), (X + at, low)] if across else [(X, Y + at), (right, Y + at)],
                      PALE, 0.7)
    if before:
        page.box(*_tile(before), ORANGE, fade=0.3)
    x, y, wide, high = _tile(s)
    for place, colour in (((X - 28, y, STRIP, high), BLUE), ((right + 12, y, STRIP, high), GREEN),
                          ((x, Y - 28, wide, STRIP), PURPLE), ((x, low + 12, wide, STRIP), PURPLE),
                          ((x, y, wide, high), ORANGE)):
        page.box(*place, colour, says="the blocks on the chip now")
    if s.outer == "queries":
        start, end = (x + wide, y + high / 2), (min(x + wide + 45, right - 7), y + high / 2)
    else:
        start, end = (x + wide / 2, y + high), (x + wide / 2, min(y + high + 45, low - 7))
    if max(end[0] - start[0], end[1] - start[1]) > 8:
        page.line([start, end], INK, 1.6)
        page.point(*end, ">" if s.outer == "queries" else "v", INK)


def _tile(s):
    """The place of the tile shown: not the first where there are more, and at least 4 pixels."""
    places = []
    for side, part in zip(sides(s), (3, 4)):
        blocks, pixels = -(-s.n // side), SIDE * side / s.n
        start = pixels * min(blocks // part, blocks - 1)
        places.append((start, max(min(pixels, SIDE - start), 4)))
    (y, high), (x, wide) = places
    return X + x, Y + y, wide, high


def sides(s):
    """The tile's rows and columns, cut to n."""
    return min(s.rows, s.n), min(s.columns, s.n)


def traffic(s):
    """Elements moved, by array, both ways: as `block_traffic` counts them, in less time."""
    return _traffic(s.n, s.d, s.M, *sides(s), s.outer)


@lru_cache(maxsize=512)
def _traffic(n, d, M, rows, columns, outer):
    """The turns of the outer loop move the same from the third on, so four tell of all.

    Nothing but Q, K, V, O, l and m is touched in a later turn again, and these once in each.
    """
    side, other = (rows, columns) if outer == "queries" else (columns, rows)
    turns, tiles, need = -(-n // side), -(-n // other), tile_elements(d, rows, columns)
    once = dict(Q=n * d, K=n * d, V=n * d, O=n * d, m=n, l=n)
    if M >= 2 * n * (d + 1) + 2 * need:  # all that comes again is there still
        return once
    if need <= M < 2 * n * d and turns > 1 and tiles > 1:  # nothing can wait for the next turn
        if outer == "queries":
            return once | dict(K=turns * n * d, V=turns * n * d)
        again = 2 * turns - 1
        return once | dict(Q=turns * n * d, O=again * n * d, m=again * n, l=again * n)
    stream, later = tiled_attention(n, d, rows, columns, outer), 11 * tiles
    if turns <= 3:
        return _counted(stream, M)
    first = 8 * tiles  # accesses: 8 a tile, and 3 more where sums exist already
    if outer == "queries":
        first = later = later - 3
    one, two, three = (list(islice(stream, count)) for count in (first, later, later))
    stay, rest = "QOml" if outer == "queries" else "KV", ((turns - 1) * side, n)
    last = [access._replace(rows=rest) if access.array in stay else access for access in three]
    short, long = _counted(one + two + last, M), _counted(one + two + three + last, M)
    return {array: short[array] + (turns - 3) * (long[array] - short[array]) for array in short}


def _counted(stream, M):
    reads, writes = block_traffic(stream, M, ("tile",))
    return {array: reads[array] + writes[array] for array in {**reads, **writes}}


class TilingExplorer(Explorer):
    """One attention head in tiles: a tile to scale, and its traffic as the simulator counts it.

    A side longer than n is cut to n. Plain attention is counted as four passes over n × n, and Q,
    K, V and O once: less is not possible where M is far below n². A tile that does not fit is
    counted as if its blocks were fetched once for each tile: a lower bound.

    >>> TilingExplorer().numbers()["this tiling moves (elements)"]
    '2,230,272'
    """

    view = staticmethod(view)
    controls = (
        slider("n", "sequence length n", "tokens", powers_of_two(128, 4_096), 1_024),
        slider("d", "head width d", "elements", powers_of_two(16, 256), 64),
        slider("M", "on the chip: M", "elements", powers_of_two(4_096, 2**20), 32_768),
        slider("rows", "rows of a tile", "queries", powers_of_two(16, 1_024), 64),
        slider("columns", "columns of a tile", "keys", powers_of_two(16, 1_024), 64),
        Choice("outer", "order", {"queries": "queries stay (FlashAttention-2)",
                                  "keys": "keys stay (FlashAttention)"}, "queries"),
    )
    presets = {name: dict(zip(("n", "d", "M", "rows", "columns", "outer"), (*sizes, "queries")))
               for name, sizes in {
                   "GPT-2's head on a large chip": (1_024, 64, 131_072, 512, 64),
                   "GPT-3's head on a large chip": (2_048, 128, 131_072, 256, 64),
                   "a tile that does not fit": (1_024, 64, 16_384, 128, 128),
                   "a chip below d²": (1_024, 256, 32_768, 32, 16)}.items()}
