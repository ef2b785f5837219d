"""The check of each entry of a table, for one case: functions from an answer to a Verdict."""
from math import inf

from helpers.exercises.capstone import mistakes, values
from helpers.exercises.capstone.cases import CHATS, slips
from helpers.exercises.comparing import choice, number
from helpers.exercises.values import describe, fraction, same
from helpers.exercises.verdict import correct, not_yet
from helpers.roofline import decode


def entry(name, unit="", tolerance=0, misread=None):
    """A maker of checks for the quantity `name` of values.py: for a case it gives a function from an answer to a Verdict.

    tolerance 0: to the digit. misread: the fields whose misreading is looked for, None is all. The wrong value that
    is nearest to the answer gives the hint; where two slips lead to one value, the hint names both.
    """
    value, special = getattr(values, name), getattr(mistakes, f"of_{name}")

    def of(case):
        def test(answer):
            right = value(case, case.shape)
            if fraction(answer) is not None and not same(answer, right, tolerance):
                wrong = special(case) + [(hint, value(case, shape)) for field, hint, shape in slips(case)
                                         if misread is None or field in misread]
                hints = _nearest(answer, wrong, tolerance)
                if hints:
                    return not_yet("; or ".join(hints[:2]))
                if not tolerance and same(answer, right, 0.005) and right > 1000:
                    return not_yet("near, and not to the digit: norms, biases, positions and routers count as well")
            return number(answer, right, "", tolerance=tolerance, unit=unit)
        return test
    return of


def _nearest(answer, wrong, tolerance):
    """The hints of the wrong value that is nearest to the answer, if one is within the tolerance."""
    answer = fraction(answer)
    far = {}
    for hint, value in wrong:
        if value and same(answer, value, tolerance):
            far.setdefault(hint, abs(answer / fraction(value) - 1))
    return [hint for hint, distance in far.items() if distance < min(far.values()) + 1e-6]


def crossing(case):
    """A number of tokens, or "never" where a window ends before it."""
    found, window = values.crossing(case, case.shape), case.shape.window

    def never(answer):
        return isinstance(answer, str) and answer.strip().lower() == "never" or isinstance(answer, float) and answer == inf

    def test(answer):
        if window is None or found <= window:
            return not_yet("no window ends it: each token brings more pairs, and one day they lead") if never(answer) \
                else entry("crossing", "tokens", 0.01)(case)(answer)
        if never(answer):
            return correct("")
        if fraction(answer) is not None and same(answer, found, 0.01):
            return not_yet("right if there were no window; with it, does a token ever see so many others?")
        return not_yet(f"{describe(answer)}: does the window let a token see as many tokens as it takes? "
                       'If it never does, write "never"')
    return test


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
    if fraction(answer) is None:
        return number(answer, 1, "")
    return correct("") if 0 < answer < 1000 else not_yet("a price of one accelerator for an hour, above 0 and below 1,000 USD")


def cost(case, paid):
    """USD of the training run, at the reader's price."""
    def test(answer):
        if not price(paid):
            return not_yet("give your price first")
        hours = 24 * values.days(case, case.shape) * float(paid)
        return number(answer, case.accelerators * hours, "", tolerance=0.02, unit="USD", mistakes=[
            ("that is one accelerator", hours), ("the price is for an hour, and a day has 24", case.accelerators * hours / 24),
            ("at full speed; utilisation stretches it", case.accelerators * hours * case.utilisation)])
    return test


def sizes(case):
    return {"parameters": entry("parameters", "parameters")(case),
            "active parameters": entry("active", "parameters")(case)}


def arithmetic(case):
    return {"forward, FLOPs a token": entry("forward", "FLOPs", 0.005)(case), "training, FLOPs": entry("training", "FLOPs", 0.005)(case),
            "6ND misses, percent": entry("miss", "percent", 0.02)(case), "crossover, tokens": crossing(case)}


def memory(case):
    return {"cache of a token, bytes": entry("cache", "bytes")(case), "cache of a chat, GB": entry("cached", "GB", 0.005)(case),
            "states to train, GB": entry("states", "GB", 0.005)(case), "accelerators for the states": entry("states_on", "accelerators", misread=())(case),
            "kept activations, GB": entry("kept", "GB", 0.005)(case), "to serve one chat, GB": entry("serving", "GB", 0.005)(case),
            "chats that fit": entry("chats", "chats", misread=("n_kv_heads", "d_head", "window"))(case)}


def time(case, answer):
    """The checks of the last group; cost depends on the price that stands in the answer."""
    return {"tokens per second, one chat": entry("speed", "tokens per second", 0.015)(case), "limit, one chat": limit(1)(case),
            f"limit, {CHATS} chats": limit(CHATS)(case), "days to train": entry("days", "days", 0.01)(case),
            "price, USD an hour": price, "cost of training, USD": cost(case, answer.get("price, USD an hour"))}
