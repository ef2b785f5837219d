"""A table checked entry by entry, and the verdicts on all of them in one table to hand in."""
from dataclasses import dataclass
from textwrap import fill

from helpers.exercises.values import describe, is_stub, listed
from helpers.exercises.verdict import NOT_ATTEMPTED, Verdict, not_yet
from helpers.notation import Table


@dataclass(frozen=True, repr=False)
class Sheet(Verdict):
    """The Verdict on a table; parts: pairs (entry, its own Verdict)."""

    parts: tuple = ()

    def __repr__(self):
        return fill(super().__repr__(), 96)


def sheet(answer, checks, why):
    """A `Sheet` for a dict with an entry for each of `checks`; the first that is wrong or missing gives the hint.

    >>> from helpers.exercises import number
    >>> tests = {"n": lambda value: number(value, 4, ""), "d": lambda value: number(value, 2, "")}
    >>> sheet({"n": 4, "d": 3}, tests, "n counts twice")
    not yet: 'd': 3 is too large (1 of 2 entries right)
    """
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with {listed(map(repr, checks))}; this is {describe(answer)}")
    strange = [name for name in answer if name not in checks and name != "model"]
    if strange:
        return not_yet(f"there is no entry {describe(strange[0])}; the entries are {listed(map(repr, checks))}")
    parts = tuple((name, NOT_ATTEMPTED if is_stub(answer.get(name)) else check(answer[name]))
                  for name, check in checks.items())
    right = sum(map(bool, (verdict for _, verdict in parts)))
    if right == len(parts):
        return Sheet("correct", why, parts)
    if all(verdict == NOT_ATTEMPTED for _, verdict in parts):
        return NOT_ATTEMPTED
    wrong = [f"{name!r}: {verdict.text}" for name, verdict in parts if verdict.state == "not yet"]
    open_ = [f"{name!r} has no answer yet" for name, verdict in parts if verdict == NOT_ATTEMPTED]
    return Sheet("not yet", f"{[*wrong, *open_][0]} ({right} of {len(parts)} entries right)", parts)


def report(answers):
    """What is correct, not yet and not attempted, one row for each exercise, and the sum in the caption.

    answers: dict from an exercise's number to the answer. Hints are left out: this is what a student hands in.

    >>> report({"15.2": None})
    0 of 4 correct, 0 not yet, 4 not attempted
    exercise  correct  not yet  not attempted
    --------  -------  -------  -------------
        15.2  0 of 4            all
    """
    from helpers.exercises import check
    from helpers.exercises.capstone.entries import names
    tables = names()
    rows, total = [], {"correct": 0, "not yet": 0, "not attempted": 0}
    for number, answer in answers.items():
        verdict = check(number, answer)
        parts = [(name, part.state) for name, part in getattr(verdict, "parts", ())]
        if not parts:       # one verdict for the whole, which may be a table that nobody has touched
            parts = [(name, verdict.state) for name in tables.get(number, ("the answer",))]
        by_state = {state: [name for name, found in parts if found == state] for state in total}
        for state, names in by_state.items():
            total[state] += len(names)
        rows.append((number, f"{len(by_state['correct'])} of {len(parts)}",
                     *("all" if len(names) == len(parts) else "; ".join(names)
                       for names in (by_state["not yet"], by_state["not attempted"]))))
    caption = (f"{total['correct']} of {sum(total.values())} correct, {total['not yet']} not yet, "
               f"{total['not attempted']} not attempted")
    return Table(rows, ("exercise", "correct", "not yet", "not attempted"), caption)
