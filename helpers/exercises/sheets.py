"""Sheets of a lab hour: for each change what was predicted, and what was seen; the first is free, the second is checked."""
from helpers.exercises.comparing import number
from helpers.exercises.values import describe, fraction, is_stub, listed, same
from helpers.exercises.verdict import correct, not_yet

NEARLY = 0.015  # relative: a reading that lacks a digit, no mistake


def reading(value, **choices):
    """A row of a sheet whose answer is a number, read from an explorer: the check of `number`, for what was seen.

    Parameters: `value`, what is to be seen; `choices` as in `number`: tolerance, unit, mistakes. Who read too few
    digits is told so, where a tolerance says that digits are read.

    >>> reading(7.716, tolerance=0.001)(7.7)
    not yet: nearly: give one digit more
    """
    tolerance, mistakes = choices.get("tolerance", 0), choices.get("mistakes", ())

    def check(seen):
        verdict = number(seen, value, "", **choices)
        slip = any(same(seen, wrong, tolerance) for _, wrong in mistakes)
        if tolerance and not verdict and not slip and same(seen, value, NEARLY):
            return not_yet("nearly: give one digit more")
        return verdict
    check.value = value
    return check


def sheet(answer, rows, why):
    """Check a dict: what to change -> [what you predict, what you saw].

    Any prediction is right, and it must be there; what was seen is checked row by row. "correct" names the
    prediction that was furthest away, because there is the most to learn.

    Parameters: `rows`, a dict name -> `reading(...)`, or a function seen -> Verdict where the answer is a word.

    >>> rows = {"n doubled": reading(4), "d doubled": reading(2)}
    >>> sheet({"n doubled": [2, 4], "d doubled": [2, None]}, rows, "n counts twice")
    not yet: 'd doubled': the prediction is there; now look, and write what you see in the second place
    >>> sheet({"n doubled": [2, 4], "d doubled": [2, 2]}, rows, "n counts twice")
    correct: n counts twice; furthest from what you saw was 'n doubled', predicted 2 and seen 4: say why in a sentence
    """
    if not isinstance(answer, dict):
        return not_yet(f"the sheet is a dict with {listed(map(repr, rows))}; this is {describe(answer)}")
    for name in rows:
        if is_stub(answer.get(name)):
            return not_yet(f"{name!r} has no answer yet")
    for name, check in rows.items():
        pair = answer[name]
        if isinstance(pair, list | tuple) and len(pair) > 2:
            return not_yet(f"{name!r}: two places, please, [what you predict, what you saw]; here are {len(pair)}. Python reads a "
                           "comma within a number as a new place: write 12345 or 12_345")
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return not_yet(f"{name!r}: two places, please: [what you predict, what you saw]; this is {describe(pair)}")
        predicted, seen = pair
        if is_stub(predicted):
            return not_yet(f"{name!r}: predict first; any guess counts, and a wrong one teaches more")
        if hasattr(check, "value") and fraction(predicted) is None:
            return not_yet(f"{name!r}: the prediction is a number, as what you see is one; this is {describe(predicted)}")
        if is_stub(seen):
            return not_yet(f"{name!r}: the prediction is there; now look, and write what you see in the second place")
        verdict = check(seen)
        if not verdict:
            return not_yet(f"{name!r}: {verdict.text}")
    return correct(f"{why}{_furthest(answer, rows)}")


def _furthest(answer, rows):
    """The row whose prediction was furthest from what was seen, as the end of a sentence."""
    away = {}
    for name, check in rows.items():
        predicted, seen = map(fraction, answer[name])
        if hasattr(check, "value") and seen and abs(predicted - seen) > abs(seen) / 20:
            away[name] = max(predicted / seen, seen / predicted) if predicted * seen > 0 else float("inf")
    if not away:
        return ""
    name = max(away, key=away.get)
    return (f"; furthest from what you saw was {name!r}, predicted {describe(answer[name][0])} and seen "
            f"{describe(answer[name][1])}: say why in a sentence")
