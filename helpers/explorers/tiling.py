"""TilingExplorer: attention in tiles, and what it moves between main memory and the chip. Lesson 09."""

from dataclasses import dataclass
from functools import lru_cache
from math import log10, nan

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Slider, powers_of_two
from helpers.tiles import block_traffic, tile_elements, tiled_attention

LENGTHS, WIDTHS = tuple(powers_of_two(128, 4_096)), tuple(powers_of_two(16, 256))
SIDES, CHIPS = tuple(powers_of_two(16, 1_024)), tuple(powers_of_two(4_096, 2**20))
ORDERS = {"queries": "queries stay, keys pass by (FlashAttention-2)", "keys": "keys stay, queries pass by (FlashAttention)"}
PARTS = (("Q", "#0072B2"), ("O", "#009E73"), ("K", "#E69F00"), ("V", "#AA4499"), ("scores", "#D55E00"))
GRID = 64          # blocks a side, up to which their lines are drawn
LEFT, RIGHT = 3, 10.5  # the traffic's axis: powers of ten


@dataclass(frozen=True)
class TilingState:
    """n tokens, d elements a head, M elements on the chip, a tile of rows (queries) × columns (keys), and its order."""

    n: int = 1_024
    d: int = 64
    M: int = 32_768
    rows: int = 64
    columns: int = 64
    outer: str = "queries"


class TilingExplorer(Explorer):
    """One attention head in tiles: the tiles drawn, the traffic counted by the cache simulator.

    `TilingExplorer(n=1_024, d=64, M=32_768, rows=64, columns=64)`. A side longer than n is cut to n. Counts are
    elements between main memory and a least-recently-used cache of M elements; plain attention is counted as four
    passes over n × n, and Q, K, V and O once: less is not possible where M is far below n². A tile that does not fit
    is counted as if its blocks were fetched once for each tile; its products would need more, so that is a lower bound.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> TilingExplorer().numbers()["this tiling moves (elements)"]
    '2,230,272'
    """

    State = TilingState
    title = "Attention in tiles, and what it moves"
    controls = (
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("d", "head width d", "elements", WIDTHS),
        Slider("M", "on the chip: M", "elements", CHIPS),
        Slider("rows", "rows of a tile", "queries", SIDES),
        Slider("columns", "columns of a tile", "keys", SIDES),
        Choice("outer", "order", ORDERS),
    )
    presets = {
        "GPT-2's head on a large chip": {"n": 1_024, "d": 64, "M": 131_072, "rows": 512, "columns": 64, "outer": "queries"},
        "GPT-3's head on a large chip": {"n": 2_048, "d": 128, "M": 131_072, "rows": 256, "columns": 64, "outer": "queries"},
        "a tile that does not fit": {"n": 1_024, "d": 64, "M": 16_384, "rows": 128, "columns": 128, "outer": "queries"},
        "a chip below d²": {"n": 1_024, "d": 256, "M": 32_768, "rows": 32, "columns": 16, "outer": "queries"},
    }

    def build(self, figure, state):
        from helpers.figures.growth import tick_text
        from matplotlib.patches import Rectangle

        page = figure.add_axes([0, 0, 1, 1])
        page.set(xlim=(0, 7), ylim=(0, 4))
        page.axis("off")

        def box(x, y, wide, high, colour, **more):
            return page.add_patch(Rectangle((x, y), wide, high, facecolor=colour, linewidth=0, **more))

        for x, y, wide, high in ((X, Y, SIDE, SIDE), (X - 0.28, Y, 0.16, SIDE), (X + SIDE + 0.12, Y, 0.16, SIDE),
                                 (X, Y + SIDE + 0.12, SIDE, 0.16), (X, Y - 0.28, SIDE, 0.16)):
            box(x, y, wide, high, "#eef1f5")
        small = {"fontsize": 10, "ha": "center", "va": "center"}
        for (name, colour), place in zip(PARTS, ((X - 0.42, Y + SIDE / 2), (X + SIDE + 0.42, Y + SIDE / 2),
                                                 (X + SIDE / 2, Y + SIDE + 0.4), (X + SIDE / 2, Y - 0.4))):
            page.text(*place, name, color=colour, weight="bold", **small)
        traffic = figure.add_axes([0.6, 0.545, 0.375, 0.3])
        traffic.set(xlim=(LEFT, RIGHT), ylim=(3.6, -0.6), xticks=range(4, 11, 2), yticks=[])
        traffic.set_xticklabels([tick_text(10.0**power) for power in range(4, 11, 2)])
        traffic.set_title("elements moved", fontsize=11, weight="normal")
        chip = figure.add_axes([0.6, 0.13, 0.375, 0.17])
        chip.set(xlim=(2, 6.5), ylim=(0, 1), yticks=[], xticks=range(2, 7))
        chip.set_xticklabels([tick_text(10.0**power) for power in range(2, 7)])
        chip.set_xlabel("elements", fontsize=10)
        chip.grid(axis="y", visible=False)
        note = {"fontsize": 9.5, "color": "#333333", "va": "center"}
        lines, = page.plot([], [], color="#b9c2cc", linewidth=0.6, solid_capstyle="butt")
        return {
            "lines": lines,
            "parts": [box(0, 0, 0, 0, colour) for _, colour in PARTS],
            "arrow": page.plot([], [], color="#333333", linewidth=1.6, linestyle="-", marker=">", markevery=[1], markersize=7)[0],
            "bars": [traffic.add_patch(Rectangle((LEFT, place), 0, 0.34, facecolor=colour, linewidth=0))
                     for place, colour in enumerate(("#8a949e", "#D55E00", "#333333", "#c9d3dc"))],
            "values": [traffic.text(LEFT + 0.08, place - 0.22, "", **note) for place in range(4)],
            "need": chip.add_patch(Rectangle((2, 0.2), 0, 0.45, facecolor="#0072B2", linewidth=0)),
            "room": chip.plot([], [], color="black", linewidth=2, linestyle="--")[0],
            "title": page.text(0.14, 3.9, "", fontsize=12, weight="bold", va="top"),
            "need_text": page.text(7 * 0.6, 1.5, "", fontsize=11, color="#333333", va="center"),
            "room_text": page.text(7 * 0.6, 1.28, "", fontsize=9.5, color="#333333", va="center"),
            "sizes": page.text(X + SIDE / 2, 0.1, "", fontsize=9.5, color="#333333", ha="center", va="center"),
        }

    def update(self, artists, state):
        rows, columns = sides(state)
        high, wide = SIDE * rows / state.n, SIDE * columns / state.n
        (down, across), top = place_of_tile(state), Y + SIDE
        i, j = top - (down + 1) * high, X + across * wide
        i, wide = max(i, Y), min(wide, X + SIDE - j)
        shown = ((X - 0.28, i, 0.16, high), (X + SIDE + 0.12, i, 0.16, high),
                 (j, top + 0.12, wide, 0.16), (j, Y - 0.28, wide, 0.16), (j, i, wide, high))
        for part, (x, y, w, h) in zip(artists["parts"], shown):
            part.set_bounds(x, y, max(w, 0.015), max(h, 0.015))
        artists["lines"].set_data(*_grid(state.n, rows, columns))
        ends = (([j + wide, min(j + wide + 0.45, X + SIDE)], [i + high / 2] * 2) if state.outer == "queries" else
                ([j + wide / 2] * 2, [i, max(i - 0.45, Y)]))
        artists["arrow"].set_data(*ends)
        artists["arrow"].set_marker(">" if state.outer == "queries" else "v")
        moved = sum(traffic(state).values())
        amounts = (least(state), moved, bound(state), plain(state))
        need = tile_elements(state.d, rows, columns)
        artists["title"].set_text(heading(need > state.M, moved / plain(state)))
        ours = "this tiling" if need <= state.M else "this tiling, at least"
        names = ("each matrix once", ours, "n²d²/M", "plain, at least")
        for bar, text, name, amount in zip(artists["bars"], artists["values"], names, amounts):
            bar.set_width(max(0, log10(max(amount, 1)) - LEFT))
            text.set_text(f"{name}: {short(amount)}")
        artists["need"].set_width(log10(need) - 2)
        artists["need"].set_facecolor("#0072B2" if need <= state.M else "#D55E00")
        artists["room"].set_data([log10(state.M)] * 2, [0, 1])
        artists["need_text"].set_text("the tile fits on the chip" if need <= state.M else "the tile does not fit")
        artists["room_text"].set_text(f"needs {need:,}, M = {state.M:,}")
        artists["sizes"].set_text(f"{-(-state.n // rows):,} × {-(-state.n // columns):,} tiles of {rows} × {columns}")

    def sentence(self):
        state = self.state
        rows, columns = sides(state)
        need, moved, at_least = tile_elements(state.d, rows, columns), sum(traffic(state).values()), plain(state)
        cut = f" A tile cannot be larger than n, so it is cut to {rows} × {columns}." * ((rows, columns) != (state.rows, state.columns))
        sizes = f"Attention over n = {state.n:,} tokens, d = {state.d:,}, then moves"
        if need > state.M:
            return (f"A tile of {rows} × {columns} needs {need:,} elements and the chip has {state.M:,}.{cut} {sizes} at least {moved:,} "
                    "elements: so much if each block is fetched once for a tile, and what does not fit is fetched more often.")
        factor = f"{moved / bound(state):,.{0 if moved >= 10 * bound(state) else 1}f}"
        verdict = (f"about as many as plain attention, which moves at least {at_least:,}." if abs(moved - at_least) < at_least / 20 else
                   f"{times(at_least / moved)} less than the {at_least:,} that plain attention moves at least." if moved < at_least else
                   f"{times(moved / at_least)} the {at_least:,} that plain attention moves at least: tiles lose here.")
        return (f"A tile of {rows} × {columns} needs {need:,} of the chip's {state.M:,} elements.{cut} {sizes} {moved:,} "
                f"elements, {verdict} That is {moved / least(state):.2f} times all of Q, K, V and O, and {factor} · n²d²/M.")

    def numbers(self):
        state, found = self.state, traffic(self.state)
        moved, need = sum(found.values()), tile_elements(state.d, *sides(state))
        least_of, most = ("", "") if need <= state.M else (" at least", ", at most")
        shown = {f"this tiling moves{least_of} (elements)": f"{moved:,}"}
        shown |= {f"of these {array} (elements)": f"{found[array]:,}" for array in ("Q", "K", "V", "O") if array in found}
        others = moved - sum(found.get(array, 0) for array in "QKVO")
        return shown | {
            "of these sums, maxima and scores (elements)": f"{others:,}",
            "in 16 bits (bytes)": f"{2 * moved:,}",
            "plain attention, at least (elements)": f"{plain(state):,}",
            "each matrix once, 4·n·d (elements)": f"{least(state):,}",
            "n²·d²/M (elements)": f"{bound(state):,.0f}",
            "a tile needs (elements)": f"{need:,}",
            "products, 4·n²·d (FLOPs)": f"{4 * state.n**2 * state.d:,}",
            f"FLOPs per byte{most}": f"{2 * state.n**2 * state.d / moved:,.1f}",
        }


def heading(too_large, share):
    """The finding, from whether the tile is too large and its share of plain attention's traffic."""
    return ("The tile does not fit: its blocks come more than once" if too_large else
            "Tiles lose here: they move more than plain attention" if share > 1.05 else
            "Tiles of this size move as much as plain attention" if share > 0.95 else
            f"Scores live one tile at a time: {times(1 / share)} less traffic")


SIDE, X, Y = 2.42, 0.72, 0.72


def sides(state):
    """The tile's rows and columns, cut to n.

    >>> sides(TilingState(n=128, rows=256, columns=64))
    (128, 64)
    """
    return min(state.rows, state.n), min(state.columns, state.n)


def least(state):
    """Q, K and V in and O out, once each: 4·n·d elements."""
    return 4 * state.n * state.d


def plain(state):
    """Plain attention at least: 4·n² + 4·n·d elements."""
    return 4 * state.n**2 + least(state)


def bound(state):
    """n²·d²/M elements."""
    return (state.n * state.d) ** 2 / state.M


def traffic(state):
    """Elements moved, by array, both ways: what `block_traffic` counts on the whole stream, in less time.

    >>> sum(traffic(TilingState()).values())
    2230272
    """
    return _traffic(state.n, state.d, state.M, *sides(state), state.outer)


@lru_cache(maxsize=512)
def _traffic(n, d, M, rows, columns, outer):
    """As `traffic`; the turns of the outer loop move the same from the third on, so a few tell of all.

    Nothing but Q, K, V, O, l and m is touched again in a later turn, and these come round once in each turn.
    """
    turns = -(-n // (rows if outer == "queries" else columns))
    if tile_elements(d, rows, columns) <= M < 2 * n * d and rows < n and columns < n:
        return _closed(n, d, rows, columns, outer)
    stream, length = tiled_attention(n, d, rows, columns, outer), -(-n // (columns if outer == "queries" else rows))
    if turns <= 4:
        return _counted(stream, M)
    first, second, third = ([*_tiles(stream, length)] for _ in range(3))
    stay = ("Q", "O", "m", "l") if outer == "queries" else ("K", "V")
    rest = ((turns - 1) * (rows if outer == "queries" else columns), n)
    last = [access._replace(rows=rest) if access.array in stay else access for access in third]
    two, three = _counted(first + second, M), _counted(first + second + third, M)
    four = _counted(first + second + third + last, M)
    return {array: four[array] + (turns - 4) * (three[array] - two.get(array, 0)) for array in four}


def _tiles(stream, count):
    """The accesses of the next `count` tiles of a stream: each has 8, or 11 where it adds to an earlier one."""
    for _ in range(count):
        while True:
            access = next(stream)
            yield access
            if access.array == "O" and access.write:
                break


def _closed(n, d, rows, columns, outer):
    """The traffic of a tile that fits, on a chip too small for the keys and values to wait there for the next turn."""
    if outer == "queries":
        often = -(-n // rows) * n * d
        return {"Q": n * d, "K": often, "V": often, "O": n * d, "m": n, "l": n}
    turns = -(-n // columns)
    return {"Q": turns * n * d, "K": n * d, "V": n * d, "O": (2 * turns - 1) * n * d,
            "m": (2 * turns - 1) * n, "l": (2 * turns - 1) * n}


def _counted(stream, M):
    """Elements both ways, by array."""
    found = block_traffic(stream, M, ("tile",))
    return {array: found.reads.get(array, 0) + found.writes.get(array, 0) for array in {**found.reads, **found.writes}}


def place_of_tile(state):
    """Which tile is shown, as (row, column) of blocks: near the upper left, and not the first where there are more."""
    rows, columns = sides(state)
    down, across = -(-state.n // rows), -(-state.n // columns)
    return min(down // 3, down - 1), min(across // 4, across - 1)


def _grid(n, rows, columns):
    """The lines between tiles, as one broken line."""
    xs, ys = [], []
    for cut in range(columns, n, columns) if -(-n // columns) <= GRID else ():
        xs += [X + SIDE * cut / n] * 2 + [nan]
        ys += [Y, Y + SIDE, nan]
    for cut in range(rows, n, rows) if -(-n // rows) <= GRID else ():
        xs += [X, X + SIDE, nan]
        ys += [Y + SIDE - SIDE * cut / n] * 2 + [nan]
    return xs, ys


def short(amount):
    """Three digits and a word: "2.23 million".

    >>> short(2_230_272), short(900)
    ('2.23 million', '900')
    """
    for power, word in ((12, "trillion"), (9, "billion"), (6, "million")):
        if amount >= 10**power:
            return f"{amount / 10**power:.3g} {word}"
    return f"{amount:,.0f}"


def times(value):
    """How many times, with the digits that matter.

    >>> times(2.884), times(31.4)
    ('2.9 times', '31 times')
    """
    return f"{value:,.0f} times" if value >= 10 else f"{value:.1f} times"
