"""Lesson 09: factors of the traffic, a merge of two softmaxes, the best tile, and decoding."""

import numpy as np

from helpers.exercises import EXERCISES, Exercise, Verdict, not_yet
from helpers.tiles import tile_elements, tiled_attention_elements

stays = "the products take 4·n²·d: tiles change where numbers lie, not how many there are"
EXERCISES["09.1"] = Exercise({      # n²·d²/M and 4·n²·d
    "traffic, n doubled": (4, {
        2: "twice the queries, and all keys pass by for each block of them: n counts twice"}),
    "traffic, head width d doubled": (4, {
        (1, 2): "a wider head makes keys longer, and lets fewer queries stay: d counts twice"}),
    "traffic, M doubled": (0.5, {
        (0.25, 1): "M stands in n²·d²/M once, not squared", 2: "more memory means less traffic"}),
    "FLOPs, n doubled": (4, {2: stays}),
    "FLOPs, head width d doubled": (2, {4: "that is the traffic; products take 4·n²·d"}),
    "FLOPs, M doubled": (1, {(0.5, 2): stays}),
}, why="traffic follows n²·d²/M and the products 4·n²·d: the width counts twice for one and once "
       "for the other")


def _merged(top_a, total_a, mixed_a, top_b, total_b, mixed_b, mixes=True, sums=True):
    """Two softmaxes with their own maxima, merged: mixes and sums measured from the larger one."""
    a, b = (np.exp(top - max(top_a, top_b)) for top in (top_a, top_b))
    return (((mixed_a * a + mixed_b * b) if mixes else mixed_a + mixed_b)
            / ((total_a * a + total_b * b) if sums else total_a + total_b))


MERGE = Exercise(_merged, {
    lambda *a: _merged(*a, mixes=False, sums=False):
        "the two sums were measured from different maxima: repair them before you add",
    lambda _, total_a, mixed_a, __, total_b, mixed_b: (mixed_a / total_a + mixed_b / total_b) / 2:
        "an average gives both halves the same say; one with larger scores counts more",
    lambda *a: _merged(*a, sums=False): "the mixes are repaired and the sums are not",
    lambda *a: _merged(*a, mixes=False): "the sums are repaired and the mixes are not",
}, why="both halves are measured from the larger maximum before they are added",
    at=[(0.0, 1.0, 2.0, 0.0, 3.0, 10.0), (2.0, 1.5, 1.0, -1.0, 4.0, 8.0),
        (-3.0, 2.5, 0.3, 1.0, 1.25, -1.0), (900.0, 2.0, 1.0, 901.0, 1.5, 2.0)])


def _merge(answer):
    verdict = MERGE(answer)
    overflow = "OverflowError" in verdict.text or "returns nan" in verdict.text
    return not_yet("e to the power of 900 is too large for a computer's number: measure both from "
                   "the larger maximum") if overflow else verdict


EXERCISES["09.2"] = Exercise(_merge)


def _best_tile(answer):
    """Rows and columns of the tile with the least traffic at n = 1,024, d = 64, M = 16,384."""
    sides = [answer.get(one) if isinstance(answer, dict) else 0 for one in ("rows", "columns")]
    if not all(type(side) is int and 1 <= side <= 1024 for side in sides):
        return not_yet('give a dict {"rows": …, "columns": …} of whole numbers from 1 to n = 1,024')
    need, (rows, columns) = tile_elements(64, *sides), sides
    if need > 16_384:
        return not_yet(f"this tile needs {need:,} elements, more than the chip has")
    most = max(side for side in range(1, 1025) if tile_elements(64, side, 1) <= 16_384)
    least, moved = (tiled_attention_elements(1024, 64, *tile) for tile in ((most, 1), sides))
    return Verdict("correct", "the rows say how often all keys pass by; the columns only take room"
                   ) if moved <= least else not_yet("the tile fits, and " + (
        "it has its long side where it does not help: who stays, who passes by?" if columns > rows
        else "another shape moves less: what do the rows decide, and what the columns?"))


EXERCISES["09.3"] = Exercise(_best_tile)

n, d = 8192, 128
ends, row = 2 * n * d + 2 * d, 4 * n    # elements that pass anyway, and those of scores and weights
EXERCISES["09.4"] = Exercise(100 * row / (ends + row), {
    (100 * ends / (ends + row), 100 * n / (n + d)):
        "that is what remains, or a square of scores; asked is what one query's row saves",
    100 * row / (ends - n * d + row): "keys and values both pass: 2·n·d",
    50 * row / (ends + row / 2): "the scores and the weights each go out and in: four passes of n",
    row / (ends + row): "that is a part of 1; asked is percent",
}, why="a row of scores is next to nothing beside keys and values that are d wide",
    within=0.03, unit="percent")
