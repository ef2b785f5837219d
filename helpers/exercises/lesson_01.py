"""Lesson 01, the dance floor: factors, a budget, small floors."""

from math import isqrt

from helpers.exercises import EXERCISES, Exercise, Verdict, not_yet

EXERCISES["01.1"] = Exercise({
    "3 times the tokens": (9, {
        3: "each of the dancers also has more partners: n counts twice",
        6: "that is the square's exponent times the factor; multiply the factor by itself"}),
    "a quarter of the width": (1 / 4, {
        1 / 16: "the width counts once; only n is squared",
        4: "less width makes fewer meetings, not more"}),
    "twice the tokens and half the width": (2, {
        (1, 1 / 2): "the width counts once, so half of it pays for one doubling; n counts twice",
        4: "that is the tokens alone; the width is halved as well"}),
}, why="the factor of n counts twice, that of d once")

EXERCISES["01.2"] = Exercise(lambda budget, d: isqrt(budget // d), {
    ("budget // d", "budget / d"): "n is squared in n²·d: take the root",
    "(budget / d)**0.5": "a text has a whole number of tokens: round down",
    ("round((budget / d)**0.5)", "ceil((budget / d)**0.5)"): "that may be over the budget: round "
                                                             "down, not up or to the nearest",
    ("isqrt(budget) // d", "isqrt(budget)"): "the root is of n²: divide by d before you take it",
}, why="twice the tokens need four times the budget",
    at=[(5_120_000, 512), (100_000_000, 768), (10**6, 7), (5_000, 10)])

EXERCISES["01.3"] = Exercise(lambda n, d, parts: parts * (n // parts)**2 * d, {
    "(n // parts)**2 * d": "that is one of the floors; add all of them",
    ("n * n * d", "parts * n * n * d"): "each of the floors has n / parts dancers, not n",
    "parts * (n // parts)**2": "the traits are missing: each pair compares d of them",
    "n * d": "each dancer has n / parts partners, not one",
}, why="p floors cost one p-th, and dancers on different floors never meet",
    at=[(4, 1, 2), (100, 512, 10), (6_000, 768, 3), (50, 7, 1)])


def _sizes(answer):
    """Any whole n of at least 300 and d with 90 % to 100 % of 5,120,000 meetings."""
    n, d = sizes = [answer.get(one) if isinstance(answer, dict) else None for one in "nd"]
    if not all(type(size) is int and size > 0 for size in sizes):
        return not_yet('give a dict {"n": …, "d": …}, two whole numbers above 0')
    cost, budget = n * n * d, 100**2 * 512
    if n < 300:
        return not_yet(f"{n} tokens are not enough to read 300")
    if cost > budget:
        return not_yet(f"these are {cost:,} meetings, {cost - budget:,} over the budget")
    share = f"{cost:,} meetings, {100 * cost / budget:.1f} % of the budget; "
    longer = f"{n / 100:.3g} times the tokens leave {100 * d / 512:.3g} % of the width"
    return not_yet(share + "there is room for more") if cost < 0.9 * budget else Verdict(
        "correct", share + longer)


EXERCISES["01.4"] = Exercise(_sizes)
