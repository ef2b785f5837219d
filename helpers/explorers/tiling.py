"""TilingExplorer: what attention in tiles moves between main memory and the chip. Lesson 09.

A side longer than n is cut to n. Plain attention is counted as four passes over n × n, and Q, K, V
and O once: less is not possible where M is far below n². A tile that does not fit is counted as if
its blocks were fetched once for each tile: a lower bound.
"""

from collections import Counter
from functools import lru_cache

from helpers.explorers.explorer import View
from helpers.explorers.scene import (
    BLUE, FAINT, GREEN, GRID, INK, ORANGE, PALE, PURPLE, Axes, Page)
from helpers.tiles import block_traffic, tile_elements, tiled_attention
from helpers.words import amount, number, times

X, Y, SIDE, STRIP = 74, 80, 242, 16  # of the scores on the page, and of Q, K, V, O beside them


def view(s, before):
    """A tile to scale, and the traffic beside its bounds; a ghost of the state before the move."""
    rows, columns = sides(s)
    found, need = traffic(s), tile_elements(s.d, rows, columns)
    moved, once, bound = found.total(), 4 * s.n * s.d, (s.n * s.d) ** 2 / s.M
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
        was = traffic(before).total()
        axes.point(was, 0.2, "v", ORANGE, 6, fade=0.4)
        page.words(682, 60, f"this tiling × {times(moved / was)}", bold=True, anchor="end")
    page.words(424, 272, f"the tile {'fits on the chip' if fits else 'does not fit'}", bold=True)
    chip = Axes(page, 424, 286, 258, 34, (100, 10**7, "log"), (0, 1, "linear"), "elements",
                y_ticks=(), x_ticks=(100, 10**4, 10**6))
    chip.upright(s.M, dash=(6, 3), colour=INK)
    page.words(chip.across(s.M) + 5, 294, "M", 12, halo=True)
    chip.point(need, 0.5, "o", BLUE if fits else ORANGE, 6, says=f"{need:,} elements")
    page.words(424, 372, f"needs {need:,}, M = {s.M:,}", 12)

    numbers = {f"this tiling moves{' at least' * (not fits)} (elements)": moved} | {
        f"of these {array} (elements)": found[array] for array in "QKVO"} | {
        "of these sums, maxima and scores (elements)": moved - sum(map(found.get, "QKVO")),
        "in 16 bits (bytes)": 2 * moved, "plain attention, at least (elements)": plain,
        "each matrix once, 4·n·d (elements)": once, "n²·d²/M (elements)": f"{bound:,.0f}",
        "a tile needs (elements)": need, "products, 4·n²·d (FLOPs)": 4 * s.n**2 * s.d,
        f"FLOPs per byte{', at most' * (not fits)}": f"{2 * s.n**2 * s.d / moved:,.1f}"}
    less = "half the" if number(plain / moved) == "2.00" else f"{number(plain / moved)} times less"
    title = ("The tile does not fit: its blocks come more than once" if not fits else
             "Tiles lose here: they move more than plain attention" if moved > 1.05 * plain else
             "Tiles of this size move as much as plain attention" if moved > 0.95 * plain else
             f"Scores live one tile at a time: {less} traffic")
    return View(page, title, f"A tile of {rows:,} × {columns:,} needs {need:,} elements, the chip "
                f"holds {s.M:,}; {'at least ' * (not fits)}{amount(moved)} move, in plain "
                f"attention {amount(plain)}.", numbers)


def _draw_tile(page, s, before):
    middle, low, right = SIDE / 2, Y + SIDE, X + SIDE
    for place, name, at in (
            ((X, Y, SIDE, SIDE), "", (0, 0)), ((X - 28, Y, STRIP, SIDE), "Q", (X - 42, Y + middle)),
            ((right + 12, Y, STRIP, SIDE), "O", (right + 42, Y + middle)),
            ((X, Y - 28, SIDE, STRIP), "K", (X + middle, Y - 40)),
            ((X, low + 12, SIDE, STRIP), "V", (X + middle, low + 37))):
        page.box(*place, GRID)
        page.words(*at, name, anchor="middle", bold=True)
    down, across = ([SIDE * cut / s.n for cut in range(side, s.n, side) if SIDE * side / s.n >= 4]
                    for side in sides(s))  # cuts closer than 4 pixels: a grey field
    page.path([[(X, Y + at), (right, Y + at)] for at in down]
              + [[(X + at, Y), (X + at, low)] for at in across], PALE, 0.7)
    if before:
        page.box(*_tile(before), ORANGE, fade=0.3)
    x, y, wide, high = _tile(s)
    for place, colour in (((X - 28, y, STRIP, high), BLUE), ((right + 12, y, STRIP, high), GREEN),
                          ((x, Y - 28, wide, STRIP), PURPLE), ((x, low + 12, wide, STRIP), PURPLE),
                          ((x, y, wide, high), ORANGE)):
        page.box(*place, colour, says="the blocks on the chip now")
    if s.outer == "queries":  # an arrow to the next tile, if there is room
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


@lru_cache(maxsize=512)
def traffic(s):
    """Elements moved, by array, both ways: as `block_traffic` counts them, in less time."""
    (rows, columns), n, d = sides(s), s.n, s.d
    side, other = (rows, columns) if s.outer == "queries" else (columns, rows)
    turns, once = -(-n // side), Counter(Q=n * d, K=n * d, V=n * d, O=n * d, m=n, l=n)
    if tile_elements(d, rows, columns) <= s.M < 2 * n * d and turns > 1 and other < n:
        again = (turns - 1) * n  # nothing can wait for the next turn
        return once + (Counter(K=again * d, V=again * d) if s.outer == "queries" else
                       Counter(Q=again * d, O=2 * again * d, m=2 * again, l=2 * again))

    def count(few):
        return sum(block_traffic(tiled_attention(
            n, d, rows, columns, s.outer, n - (turns - few) * side), s.M, ("tile",)), Counter())

    three, four = count(min(turns, 3)), count(min(turns, 4))  # from the third on, turns are alike
    return Counter({array: three[array] + (turns - 3) * (four[array] - three[array])
                    for array in three})
