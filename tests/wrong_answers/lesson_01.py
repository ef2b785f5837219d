"""Usual wrong answers to lesson 01 and a word of the hint that each must earn."""

from math import ceil, isqrt, sqrt

_FACTORS = ("3 times the tokens", "a quarter of the width", "twice the tokens and half the width")


def _factors(*values):
    return dict(zip(_FACTORS, values))


WRONG = {
    "01.1": [(_factors(3, 1 / 4, 2), "counts twice"), (_factors(6, 1 / 4, 2), "by itself"), (_factors(9, 1 / 16, 2), "counts once"),
        (_factors(9, 1 / 4, 1), "one doubling"), (_factors(9, 1 / 4, 4), "halved as well"), (_factors(9, 1 / 4, 1 / 2), "counts once"),
        (_factors(9, "1/4", 2), "write it as a number")],
    "01.2": [(lambda budget, d: budget // d, "take the root"), (lambda budget, d: budget / d, "take the root"),
        (lambda budget, d: sqrt(budget / d), "whole number"), (lambda budget, d: isqrt(budget / d), "divide with `//`"),
        (lambda budget, d: round(sqrt(budget / d)), "nearest"), (lambda budget, d: ceil(sqrt(budget / d)), "round down"),
        (lambda budget, d: isqrt(budget) // d, "divide by d before"), (lambda budget, d: isqrt(budget), "divide by d before"),
        (lambda budget: isqrt(budget), "takes 1"), (100, "without brackets")],
    "01.3": [(lambda n, d, parts: (n // parts)**2 * d, "one of the floors"),
        (lambda n, d, parts: n**2 * d // parts**2, "one of the floors"), (lambda n, d, parts: n**2 * d, "not n"),
        (lambda n, d, parts: parts * n**2 * d, "not n"), (lambda n, d, parts: parts * (n // parts)**2, "traits"),
        (lambda n, d, parts: n * d, "partners")],
    "01.4": [({"n": 100, "d": 512}, "not enough"), ({"n": 300, "d": 512}, "over the budget"), ({"n": 300, "d": 57}, "10,000 over"),
        ({"n": 400, "d": 16}, "room for more"), ({"n": 400.0, "d": 32}, "whole numbers")],
}
