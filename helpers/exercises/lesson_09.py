"""The checks of lesson 09: factors of the traffic, a merge of two softmaxes, the best tile, and decoding."""
from contextlib import redirect_stdout, suppress
from io import StringIO
from math import isnan
from numbers import Integral

from helpers.exercises import correct, entries, exercise, function, not_yet, number

NAMES = ("traffic, n doubled", "traffic, head width d doubled", "traffic, M doubled",
         "FLOPs, n doubled", "FLOPs, head width d doubled", "FLOPs, M doubled")


@exercise("09.1")
def six_factors(answer):
    """n²·d²/M and 4·n²·d: factors when one letter doubles."""
    mistakes = {
        NAMES[0]: (4, [("twice the queries, and all keys pass by for each block of them: n counts twice", 2)]),
        NAMES[1]: (4, [("a wider head makes the keys longer, and it lets fewer queries stay: d counts twice", 2),
                       ("d stands in n²·d²/M, and M is as it was", 1)]),
        NAMES[2]: (0.5, [("more memory means less traffic", 2), ("M stands in n²·d²/M once, not squared", 0.25),
                         ("n²·d²/M falls when M grows; you are thinking of a chip that holds everything already", 1)]),
        NAMES[3]: (4, [("the products take 4·n²·d: tiles change where numbers lie, not how many there are", 2)]),
        NAMES[4]: (2, [("that is the traffic; the products take 4·n²·d", 4)]),
        NAMES[5]: (1, [("the memory changes what moves, not what is multiplied", 0.5),
                       ("the memory changes what moves, not what is multiplied", 2)]),
    }
    return entries(answer, {name: lambda value, right=right, wrong=wrong: number(value, right, "", mistakes=wrong)
                            for name, (right, wrong) in mistakes.items()},
                   why="traffic follows n²·d²/M and the products 4·n²·d: the width counts twice for one and once for the other")


@exercise("09.2")
def merged_output(answer):
    """Two softmaxes with their own maxima, merged."""
    import numpy as np

    def whole(top_a, total_a, mixed_a, top_b, total_b, mixed_b):
        top = max(top_a, top_b)
        a, b = np.exp(top_a - top), np.exp(top_b - top)
        return float((mixed_a * a + mixed_b * b) / (total_a * a + total_b * b))

    inputs = [(0.0, 1.0, 2.0, 0.0, 3.0, 10.0), (2.0, 1.5, 1.0, -1.0, 4.0, 8.0), (-3.0, 2.5, 0.3, 1.0, 1.25, -1.0),
              (900.0, 2.0, 1.0, 901.0, 1.5, 2.0)]

    def mended(name, top_a, total_a, mixed_a, top_b, total_b, mixed_b):
        top = max(top_a, top_b)
        a, b = np.exp(top_a - top), np.exp(top_b - top)
        if name == "sums":
            return (mixed_a * a + mixed_b * b) / (total_a + total_b)
        if name == "mixes":
            return (mixed_a + mixed_b) / (total_a * a + total_b * b)
        return mixed_a * a + mixed_b * b

    def overflows():
        with suppress(Exception, SystemExit), redirect_stdout(StringIO()), np.errstate(all="ignore"):
            try:
                return isnan(answer(*inputs[-1]))
            except OverflowError:
                return True
        return False

    if callable(answer) and overflows():
        return not_yet("e to the power of 900 is too large for a computer's number: measure both from the larger maximum")
    return function(
        answer, whole, inputs=inputs, tolerance=1e-9,
        why="both halves are measured from the larger maximum before they are added", mistakes=[
            ("the two sums were measured from different maxima: repair them before you add",
             lambda top_a, total_a, mixed_a, top_b, total_b, mixed_b: (mixed_a + mixed_b) / (total_a + total_b)),
            ("an average gives both halves the same say; a half with larger scores counts more",
             lambda top_a, total_a, mixed_a, top_b, total_b, mixed_b: (mixed_a / total_a + mixed_b / total_b) / 2),
            ("the mixes are repaired and the sums are not", lambda *parts: mended("sums", *parts)),
            ("the sums are repaired and the mixes are not", lambda *parts: mended("mixes", *parts)),
            ("divide by the sum of both halves, repaired in the same way", lambda *parts: mended("undivided", *parts)),
        ])


@exercise("09.3")
def best_tile(answer):
    """Rows and columns of the tile with the least traffic at n = 1,024, d = 64, M = 16,384."""
    from helpers.tiles import tile_elements, tiled_attention_elements
    if not isinstance(answer, dict) or set(answer) != {"rows", "columns"}:
        return not_yet('give a dict with the names "rows" and "columns"')
    for name, side in answer.items():
        if isinstance(side, bool) or not isinstance(side, Integral):
            return not_yet(f"{name} is a whole number")
        if not 1 <= side <= 1024:
            return not_yet(f"{name} is at least 1 and at most n = 1,024")
    tile = int(answer["rows"]), int(answer["columns"])
    need = tile_elements(64, *tile)
    if need > 16_384:
        return not_yet(f"this tile needs {need:,} elements, more than the chip has: the cache drops what it will need again")
    least = min(tiled_attention_elements(1024, 64, rows, 1) for rows in range(1, 1025) if tile_elements(64, rows, 1) <= 16_384)
    if tiled_attention_elements(1024, 64, *tile) > least:
        if tile[0] == tile[1]:
            return not_yet("the tile fits, and another shape moves less: what do the rows decide, and what the columns?")
        if tile[1] > tile[0]:
            return not_yet("the tile fits, and it has its long side where it does not help: who stays, who passes by?")
        return not_yet("the tile fits, and another moves less: give more of the room to the side that decides")
    return correct("the rows say how often all keys pass by; the columns only take room")


@exercise("09.4")
def saved_in_decoding(answer):
    """One query against a cache: 4n of 2nd + 2d + 4n elements."""
    n, d = 8192, 128
    ends, row = 2 * n * d + 2 * d, 4 * n
    return number(
        answer, 100 * row / (ends + row), "a row of scores is next to nothing beside keys and values that are d wide",
        tolerance=0.03, unit="percent", mistakes=[
            ("that is what remains; asked is what is saved", 100 * ends / (ends + row)),
            ("keys and values both pass: 2·n·d", 100 * row / (ends - n * d + row)),
            ("the scores and the weights each go out and in: four passes of n", 100 * 2 * n / (ends + 2 * n)),
            ("there is one query, so the scores are a row of n and no square", 100 * 4 * n * n / (4 * n * d + 4 * n * n)),
            ("that is a part of 1; asked is percent", row / (ends + row)),
        ])
