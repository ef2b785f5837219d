"""Checks for the exercises: immediate, explaining, never giving the answer away.

`lesson_NN.py` beside this file holds the exercises of a lesson, as data for one engine:

    EXERCISES["01.1"] = Exercise(4950, {9900: "each couple is counted twice"}, why="…")

`check` finds an exercise by its number, and loads its lesson only then.
"""

import importlib
import re

from helpers.exercises.engine import (
    NOT_ATTEMPTED, Exercise, Row, Verdict, describe, explorer_state, not_yet, sheet, untouched)

__all__ = ["EXERCISES", "NOT_ATTEMPTED", "Exercise", "Row", "Verdict", "check", "explorer_state",
           "not_yet", "report", "sheet"]

EXERCISES = {}


def check(number, answer=None):
    """The Verdict on `answer` to exercise `number`, such as "01.1"; it never raises.

    answer: what the exercise asks for: a number, a formula, a dict, or the function itself.

    >>> check("no such exercise", 42)
    not yet: there is no exercise 'no such exercise'; exercises have numbers such as '01.1'
    """
    try:
        if not isinstance(number, str):
            return not_yet("the exercise's number goes in quotes, such as check('01.1', answer); "
                           f"this is {describe(number)}")
        lesson = number.partition(".")[0]
        if re.fullmatch(r"\d\d", lesson, re.ASCII) and lesson <= "15":
            importlib.import_module(f"{__name__}.lesson_{lesson}")
        if number not in EXERCISES:
            known = [one for one in EXERCISES if one.startswith(f"{lesson}.")]
            there = f"lesson {lesson} has {', '.join(known)}" if known else (
                "exercises have numbers such as '01.1'")
            return not_yet(f"there is no exercise {number!r}; {there}")
        return NOT_ATTEMPTED if untouched(answer) else EXERCISES[number](answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:      # whatever a student's object does, the notebook goes on
        return not_yet(f"the check could not read your answer ({describe(answer)}): "
                       f"{type(error).__name__}")


def report(answers):
    """What is correct, not yet and not attempted, a row for each exercise: what is handed in.

    answers: dict from an exercise's number to the answer. Hints are left out.

    >>> report({"15.2": None})
    0 of 4 correct, 0 not yet, 4 not attempted
    exercise  correct  not yet  not attempted
    --------  -------  -------  -------------
        15.2  0 of 4            all
    """
    from helpers.notation import Table
    rows, total = [], {"correct": 0, "not yet": 0, "not attempted": 0}
    for number, answer in answers.items():
        verdict = check(number, answer)
        table = EXERCISES[number] if number in EXERCISES else Exercise(None)
        names = table.right if isinstance(table.right, dict) else table.entries or ["the answer"]
        parts = verdict.parts or dict.fromkeys(names, verdict)
        found = {state: [name for name in parts if parts[name].state == state] for state in total}
        for state in total:
            total[state] += len(found[state])
        rows.append((number, f"{len(found['correct'])} of {len(parts)}", *(
            "all" if len(found[state]) == len(parts) else "; ".join(found[state])
            for state in ("not yet", "not attempted"))))
    caption = ", ".join(f"{count} {state}" for state, count in total.items())
    caption = caption.replace(" correct", f" of {sum(total.values())} correct")
    return Table(rows, ("exercise", "correct", "not yet", "not attempted"), caption)
