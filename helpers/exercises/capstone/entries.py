"""The check of each entry of a table, for one case: functions from an answer to a Verdict."""
from functools import lru_cache
from math import ceil, floor, inf

from helpers.exercises.capstone import mistakes, values
from helpers.exercises.capstone.cases import CASES, CHATS, GUIDED, slips
from helpers.exercises.capstone.judging import judge, plain, slips_met
from helpers.exercises.comparing import choice, number
from helpers.exercises.values import describe, fraction, same
from helpers.exercises.verdict import correct, not_yet
from helpers.published import ACCELERATORS
from helpers.roofline import decode

THREE = 0.005   # relative: what is lost by rounding to three digits


@lru_cache
def wrong_values(name, case, misread=None):
    """Pairs (hint, value): the usual mistakes in the quantity `name`, and what a misread shape gives.

    misread: the fields whose misreading is looked for, None is all. What is equal to the right value is no mistake.
    """
    value, right = getattr(values, name), getattr(values, name)(case, case.shape)
    pairs = getattr(mistakes, f"of_{name}")(case) + [
        (hint, value(case, shape)) for field, hint, shape in slips(case) if misread is None or field in misread]
    return tuple((hint, wrong) for hint, wrong in pairs if not same(wrong, right))


def entry(name, unit="", tolerance=0):
    """A maker of checks for the quantity `name` of values.py: for a case it gives a function from an answer to a Verdict.

    tolerance 0: to the digit.
    """
    def of(case):
        def test(answer):
            return judge(answer, getattr(values, name)(case, case.shape), tolerance, wrong_values(name, case),
                         near=_small_things(case.shape), unit=unit)
        return test
    return of


def _small_things(shape):
    """A question on what a count to the digit may lack, or hold too often."""
    parts = ["norms", *["biases"] * shape.attention_bias, *["positions"] * bool(shape.max_positions),
             *["routers"] * shape.is_mixture]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"are all {listed} counted, each as often as it is there?"


def crossing(case):
    """A number of tokens, or "never" where a window ends before it."""
    found, window = values.crossing(case, case.shape), case.shape.window
    ends = window is not None and found > window

    def test(answer):
        answer = plain(answer)
        if _never(answer):
            return correct("") if ends else not_yet("no window ends it: each token brings more pairs, and one day they lead")
        if isinstance(answer, str):
            return not_yet(f'a number of tokens, without quotes, or "never" where it does not happen; this is {describe(answer)}')
        if fraction(answer) is None or not ends:
            return entry("crossing", "tokens", THREE)(case)(answer)
        met = slips_met(answer, wrong_values("crossing", case), exact=False)
        if same(answer, found, THREE):
            return not_yet("right if there were no window; with it, does a token ever see so many others?")
        return not_yet("; or ".join(met) if 0 < len(met) <= 3 else
                       f"{describe(answer)} is too {'small' if answer < found else 'large'}, even for a layer without a "
                       "window; then look at sliding_window")
    return test


def _never(answer):
    """True for "never" in any spelling, and for infinity of any kind."""
    if isinstance(answer, str):
        return answer.strip().rstrip(".!").lower() == "never"
    try:
        return float(answer) == inf
    except (TypeError, ValueError, OverflowError):
        return False


def limit(batch):
    """What sets the time of writing one token for `batch` chats: "memory" or "arithmetic"."""
    def of(case):
        right = decode(case.shape, case.serve_on, case.serve_n, batch).limit
        if batch == 1:
            hints = {"arithmetic": "one chat uses each weight for one multiply-add: compare FLOPs per byte with the ridge point"}
        else:
            hints = {"arithmetic": "each chat brings a cache of its own: compare FLOPs per byte with the ridge point",
                     "memory": "the chats share the weights, and their caches are small here: compare FLOPs per byte "
                               "with the ridge point"}
        return lambda answer: choice(answer, right, "", options=("memory", "arithmetic"), hints=hints)
    return of


def price(answer):
    """USD an hour: the reader's, so any that is above 0 and below 1,000."""
    answer = plain(answer)
    if fraction(answer) is None:
        return number(answer, 1, "")
    return correct("") if 0 < answer < 1000 else not_yet("a price of one accelerator for an hour, above 0 and below 1,000 USD")


def cost(case, paid, took=None):
    """USD of the training run, at the reader's price; took: the days that the reader has found, or None."""
    def test(answer):
        if not price(paid):
            return not_yet("give your price first")
        a_day = 24 * case.accelerators * float(plain(paid))
        right = a_day * values.days(case, case.shape)
        wrong = [("that is one accelerator", right / case.accelerators),
                 ("the price is for an hour, and a day has 24", right / 24),
                 ("at full speed; utilisation stretches it", right * case.utilisation),
                 ("that is accelerator hours; times your price", right / float(plain(paid)))]
        taken = plain(took)
        if fraction(taken) is not None and not same(taken, values.days(case, case.shape), THREE):
            wrong.append(("that follows from your days: look at them first", a_day * float(taken)))
        return judge(answer, right, 0.02, [pair for pair in wrong if not same(pair[1], right, 0.02)], unit="USD")
    return test


def sizes(case):
    return {"parameters": entry("parameters", "parameters")(case),
            "active parameters": entry("active", "parameters")(case)}


def arithmetic(case):
    return {"forward, FLOPs a token": entry("forward", "FLOPs", THREE)(case),
            "training, FLOPs": entry("training", "FLOPs", THREE)(case),
            "6ND falls short by, percent": entry("miss", "percent", 0.02)(case), "crossover, tokens": crossing(case)}


def memory(case, answer):
    """The checks of the third group; what fits depends on the states and on the cache that stand in the answer."""
    return {"cache of a token, bytes": entry("cache", "bytes", THREE)(case),
            "cache of a chat, GB": entry("cached", "GB", THREE)(case), "states to train, GB": entry("states", "GB", THREE)(case),
            "accelerators for the states": fitting("states_on", "states", "states to train, GB", _divided_states,
                                                   "a part of an accelerator is a whole one: round up")(case, answer),
            "kept activations, GB": entry("kept", "GB", THREE)(case), "to serve one chat, GB": entry("serving", "GB", THREE)(case),
            "chats that fit": fitting("chats", "cached", "cache of a chat, GB", _divided_room,
                                      "a part of a chat is none: round down")(case, answer)}


def _divided_states(case, states):
    return ceil(states * 1e9 / ACCELERATORS[case.train_on].memory_bytes)


def _divided_room(case, cache):
    return floor((ACCELERATORS[case.serve_on].memory_bytes - 2 * values.parameters(case, case.shape)) / (cache * 1e9))


def fitting(name, before, entry_before, follow, whole):
    """A maker of checks for a small count, which has many ways to be wrong: its hints go by the entry before it.

    follow: function (case, amount) -> the count that follows from an amount of the quantity `before`.
    """
    def of(case, answer):
        given = plain(answer.get(entry_before))
        amount, known = fraction(given), getattr(values, before)(case, case.shape)
        sound = amount is not None and same(given, known, THREE)

        def test(answer):
            verdict = judge(answer, getattr(values, name)(case, case.shape), 0,
                            wrong_values(name, case, ()) if sound else (), whole=whole)
            if verdict or sound or fraction(plain(answer)) is None or fraction(plain(answer)).denominator != 1:
                return verdict
            if amount is not None and amount > 0 and follow(case, float(amount)) == fraction(plain(answer)):
                return not_yet(f"that follows from your {entry_before!r}: look there first")
            return not_yet(f"{verdict.text}; with {entry_before!r} right, a hint can say more")
        return test
    return of


def time(case, answer):
    """The checks of the last group; cost depends on the price and the days that stand in the answer."""
    return {"tokens per second, one chat": entry("speed", "tokens per second", THREE)(case), "limit, one chat": limit(1)(case),
            f"limit, {CHATS} chats": limit(CHATS)(case), "days to train": entry("days", "days", THREE)(case),
            "price, USD an hour": price,
            "cost of training, USD": cost(case, answer.get("price, USD an hour"), answer.get("days to train"))}


def names():
    """{number of exercise: the entries of its table}.

    >>> names()["15.6"]
    ('parameters', 'active parameters')
    """
    case, parts = CASES[GUIDED], ("token table", "attention, one layer", "feed-forward, one layer", "whole model")
    groups = sizes(case), arithmetic(case), memory(case, {}), time(case, {})
    found = [tuple(group) for group in groups]
    return {"15.2": parts} | {f"15.{2 + at}": found[at] for at in (1, 2, 3)} | {f"15.{6 + at}": found[at] for at in range(4)}
