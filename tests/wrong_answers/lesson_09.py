"""Usual wrong answers to lesson 09 and a word of the hint that each must earn."""
import math

import numpy as np

NAMES = ("traffic, n doubled", "traffic, head width d doubled", "traffic, M doubled",
         "FLOPs, n doubled", "FLOPs, head width d doubled", "FLOPs, M doubled")


def factors(*values):
    return dict(zip(NAMES, values))


def merge(top_a, total_a, mixed_a, top_b, total_b, mixed_b, sums=True, mixes=True):
    top = max(top_a, top_b)
    a, b = np.exp(top_a - top), np.exp(top_b - top)
    mixed = mixed_a * a + mixed_b * b if mixes else mixed_a + mixed_b
    return mixed / (total_a * a + total_b * b if sums else total_a + total_b)


def unmeasured(exp, top_a, total_a, mixed_a, top_b, total_b, mixed_b):
    """Right, and beyond the range of floats where the maxima are large."""
    a, b = exp(top_a), exp(top_b)
    return (mixed_a * a + mixed_b * b) / (total_a * a + total_b * b)


WRONG = {
    "09.1": [(factors(4, 4, 0.5, 4, 2, 0.5), "where numbers lie")],
    "09.2": [(lambda ta, la, oa, tb, lb, ob: (oa + ob) / (la + lb), "different maxima"),
        (lambda ta, la, oa, tb, lb, ob: (oa / la + ob / lb) / 2, "same say"),
        (lambda ta, la, oa, tb, lb, ob: merge(ta, la, oa, tb, lb, ob, sums=False), "sums are not"),
        (lambda ta, la, oa, tb, lb, ob: merge(ta, la, oa, tb, lb, ob, mixes=False), "mixes are not"),
        (lambda ta, la, oa, tb, lb, ob: unmeasured(math.exp, ta, la, oa, tb, lb, ob), "larger maximum"),
        (lambda ta, la, oa, tb, lb, ob: unmeasured(np.exp, ta, la, oa, tb, lb, ob), "larger maximum")],
    "09.3": [({"rows": 128, "columns": 128}, "needs 49,408"), ({"rows": 52, "columns": 52}, "another shape"),
        ({"rows": 16, "columns": 64}, "long side"), ({"rows": 0, "columns": 16}, "from 1 to n"),
        ({"rows": 2.5, "columns": 16}, "whole number"), ({"rows": 100, "columns": None}, "whole number")],
    "09.4": [(98.46, "what remains"), (3.03, "both pass"), (0.775, "four passes"), (98.4615, "what remains"), (0.01538, "percent")],
}
