"""Checks for the exercises: immediate, explaining, never giving the answer away.

`NN.toml` beside this file holds the exercises of lesson NN; 00.toml says what may stand there.
"""

import ast
import contextlib
import importlib
import io
import re
import sys
import tomllib
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from helpers.exercises.engine import (
    MARKS, NOT_ATTEMPTED, Exercise, Verdict, describe, names, not_yet, read, untouched)

__all__ = ["EXERCISES", "Exercise", "NOT_ATTEMPTED", "Verdict", "check", "load", "not_yet",
           "points_for", "read", "report"]

EXERCISES = {}


@lru_cache
def load(lesson):
    """Put the exercises of a lesson, such as "01", into EXERCISES."""
    file = tomllib.loads(Path(__file__).with_name(f"{lesson}.toml").read_text(encoding="utf-8"))
    scope = names(file.get("let", {}))
    for number in (number for number in file if re.fullmatch(r"\d\d\.\d+", number)):
        table = file[number]
        if "entries" in table:      # of the capstone
            judge = importlib.import_module(f"{__name__}.capstone").judge
            EXERCISES[number] = Exercise(partial(judge, model=table.get("model")), why=table["why"],
                                         entries=dict.fromkeys(table["entries"]))
        else:
            EXERCISES[number] = read(table, scope)


def check(number, answer=None):
    """The Verdict on `answer` to exercise `number`, such as "01.1"; it never raises.

    answer: what the exercise asks for: a number, a formula, a dict, or the function itself.
    """
    lesson = number.partition(".")[0] if isinstance(number, str) else ""
    if re.fullmatch(r"0\d|1[0-5]", lesson, re.ASCII):
        load(lesson)
    if not isinstance(number, str) or number not in EXERCISES:
        known = ", ".join(one for one in EXERCISES if one.startswith(f"{lesson}."))
        return not_yet(f"there is no exercise {describe(number)}; " + (
            f"lesson {lesson} has {known}" if known else "write its number in quotes, as in "
            "check('01.1', answer)"))
    try:
        verdict = NOT_ATTEMPTED if untouched(answer) else EXERCISES[number](answer)
        lost = overwritten(sys._getframe(1).f_globals) if verdict.state == "not yet" else {}
        return verdict if not lost or "import cell" in verdict.text else replace(
            verdict, text=f"{verdict.text}; and {lost} by now: run the import cell again")
    except (Exception, SystemExit) as error:    # whatever an odd object does, the notebook goes on
        return not_yet(f"the check could not read your answer ({describe(answer)}): "
                       f"{type(error).__name__}")


def overwritten(space):
    """Which names that a notebook imported from helpers a later cell made a number or a text."""
    lost = []
    for cell in space.get("In", ()):    # what IPython has run so far
        try:
            nodes = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.ImportFrom)
                     and str(node.module).startswith("helpers")]
        except SyntaxError:    # a line for IPython itself
            continue
        lost += [f"{alias.name} is {describe(space[alias.name])}"
                 for node in nodes for alias in node.names
                 if isinstance(space.get(alias.name), int | float | str | list | tuple)]
    return " and ".join(dict.fromkeys(lost))


def points_for(number, answer, of=1):
    """`of` points for a correct answer, for a table the share of its entries that are: to grade.

    What the answer's code warns of costs nothing.
    """
    with contextlib.redirect_stderr(io.StringIO()):
        verdict = check(number, answer)
    right = [*map(bool, verdict.parts.values())] or [bool(verdict)]
    return of * sum(right) / len(right)


def report(answers):
    """What is correct, not yet and not attempted, a row for each exercise: what is handed in.

    answers: dict from an exercise's number to the answer. Hints are left out.
    """
    from helpers.notation import Table
    rows, total = [], dict.fromkeys(MARKS, 0)
    for number, answer in answers.items():
        verdict = check(number, answer)
        entries = EXERCISES[number].entries if number in EXERCISES else {}
        parts = verdict.parts or dict.fromkeys(entries or ["the answer"], verdict)
        found = {state: [one for one in parts if parts[one].state == state] for state in MARKS}
        total = {state: total[state] + len(found[state]) for state in MARKS}
        rows.append((number, f"{len(found['correct'])} of {len(parts)}", *(
            "all" if len(found[state]) == len(parts) else "; ".join(found[state])
            for state in ("not yet", "not attempted"))))
    caption = ", ".join(f"{count} {state}" for state, count in total.items())
    return Table(rows, ("exercise", *MARKS), caption.replace(
        " correct", f" of {sum(total.values())} correct"))
