"""The checks of lesson 01, The dance floor."""

from math import isqrt

from helpers.exercises import correct, entries, exercise, function, not_yet, number

BUDGET = 100**2 * 512


@exercise("01.1")
def factors(answer):
    """What n²·d becomes when n is tripled; when d is quartered; when n is doubled and d halved."""
    return entries(answer, {
        "3 times the tokens": lambda value: number(
            value, 9, "", mistakes=[("each of the dancers also has more partners: n counts twice", 3),
                                    ("that is the square's exponent times the factor; multiply the factor by itself", 6),
                                    ("that is three factors; n counts twice, not three times", 27)]),
        "a quarter of the width": lambda value: number(
            value, 1 / 4, "", mistakes=[("the width counts once; only n is squared", 1 / 16),
                                        ("less width makes fewer meetings, not more", 4),
                                        ("a quarter is not a half, and the width has no root", 1 / 2)]),
        "twice the tokens and half the width": lambda value: number(
            value, 2, "", mistakes=[("half the width pays for one doubling; twice the tokens bring two", 1),
                                    ("that is the tokens alone; the width is halved as well", 4),
                                    ("the width counts once; only n is squared", 1 / 2)]),
    }, why="the factor of n counts twice, that of d once")


@exercise("01.2")
def longest_text(answer):
    """Largest n with n²·d within the budget."""
    verdict = function(
        answer, lambda budget, d: isqrt(budget // d), [(5_120_000, 512), (100_000_000, 768), (10**6, 7), (5_000, 10)],
        "twice the tokens need four times the budget",
        mistakes=[("n is squared in n²·d: take the root", lambda budget, d: budget // d),
                  ("n is squared in n²·d: take the root", lambda budget, d: budget / d),
                  ("a text has a whole number of tokens: round down", lambda budget, d: (budget / d)**0.5),
                  ("that is rounded to the nearest, and may be over the budget: round down",
                   lambda budget, d: round((budget / d)**0.5)),
                  ("that is rounded up, and over the budget: round down",
                   lambda budget, d: isqrt(-(-budget // d) - 1) + 1),
                  ("the root undoes the square of n; divide by d before you take it", lambda budget, d: isqrt(budget) // d),
                  ("the root undoes the square of n; divide by d before you take it", lambda budget, d: isqrt(budget)),
                  ("half of it is not the root of it", lambda budget, d: budget // d // 2)])
    if "cannot be interpreted as an integer" in verdict.text:
        return not_yet("`isqrt` takes a whole number: divide with `//`")
    return verdict


@exercise("01.3")
def meetings_on_small_floors(answer):
    """parts·(n/parts)²·d."""
    return function(
        answer, lambda n, d, parts: parts * (n // parts)**2 * d, [(4, 1, 2), (100, 512, 10), (6_000, 768, 3), (50, 7, 1)],
        "p floors cost one p-th, and dancers on different floors never meet",
        mistakes=[("that is one of the floors; add all of them", lambda n, d, parts: (n // parts)**2 * d),
                  ("that is the one large floor; each small floor has n / parts dancers", lambda n, d, parts: n * n * d),
                  ("each of the floors has n / parts dancers, not n", lambda n, d, parts: parts * n * n * d),
                  ("the traits are missing: each pair compares d of them", lambda n, d, parts: parts * (n // parts)**2),
                  ("each dancer has n / parts partners, not one", lambda n, d, parts: n * d)])


@exercise("01.4")
def sizes_within_budget(answer):
    """Any whole n of at least 300 and d with 90 % to 100 % of 5,120,000 meetings."""
    found = entries(answer, {"n": _size("tokens"), "d": _size("elements")}, "")
    if not found:
        return found
    n, d = answer["n"], answer["d"]
    share = n * n * d / BUDGET
    if n < 300:
        return not_yet(f"{n} tokens are not enough to read 300")
    if share > 1:
        return not_yet(f"these are {n * n * d:,} meetings, {n * n * d - BUDGET:,} over the budget")
    if share < 0.9:
        return not_yet(f"these are {n * n * d:,} meetings, {100 * share:.0f} % of the budget; there is room for more")
    return correct(f"{n * n * d:,} meetings, {100 * share:.1f} % of the budget; {n / 100:.3g} times the tokens "
                   f"leave {100 * d / 512:.3g} % of the width")


def _size(unit):
    def whole(value):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            return not_yet(f"a whole number of {unit}, at least 1, is expected")
        return correct("")
    return whole
