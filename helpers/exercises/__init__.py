"""Checks for the exercises: immediate, explaining, never giving the answer away.

A lesson's checks live in `lesson_NN.py` beside this file; each is a function of
the student's answer that returns a `Verdict`, registered under the exercise's number:

    @exercise("01.1")
    def couples(answer):
        return number(answer, 4950, why="…", mistakes=[("…", 9900)])

`check` finds the exercise by its number, and loads its lesson only then.
"""
import importlib
import importlib.util
import pkgutil
import re

from helpers.exercises.comparing import (
    choice, entries, expression, function, number)
from helpers.exercises.values import describe, is_stub, same
from helpers.exercises.verdict import NOT_ATTEMPTED, Verdict, correct, not_yet

__all__ = ["NOT_ATTEMPTED", "Verdict", "check", "choice", "correct", "describe", "entries",
           "exercise", "exercises", "expression", "function", "not_yet", "number", "same"]

_REGISTERED = {}


def exercise(number):
    """Register the decorated function as the check of exercise `number`, such as "01.1".

    Parameters: `number`, a string: two digits of the lesson, a point, the exercise.
    Raises ValueError for a number of another form, or one that is taken.
    """
    if not isinstance(number, str) or not re.fullmatch(r"\d\d\.[1-9]\d?", number):
        raise ValueError(f"exercise number = {number!r}: write lesson and exercise, such as '01.1'")

    def register(function):
        taken = _REGISTERED.get(number)
        if taken and (taken.__module__, taken.__qualname__) != (function.__module__,
                                                                function.__qualname__):
            raise ValueError(f"exercise number = {number!r} is already taken by "
                             f"{taken.__module__}.{taken.__qualname__}: choose another")
        _REGISTERED[number] = function
        return function
    return register


def exercises(lesson=None):
    """Dict from number to check, of one lesson ("01") or of all, loading what is needed."""
    names = [module.name for module in pkgutil.iter_modules(__path__)
             if module.name.startswith("lesson_")]
    for name in names:
        if lesson is None or name == f"lesson_{lesson}":
            importlib.import_module(f"{__name__}.{name}")
    return {number: _REGISTERED[number] for number in sorted(_REGISTERED)
            if lesson is None or number.startswith(f"{lesson}.")}


def check(number, answer=None):
    """The Verdict on `answer` to exercise `number`; it never raises.

    Parameters: `number`, such as "01.1"; `answer`, what the exercise asks for:
    a number, a formula, a dict, or the function itself (its name without brackets).

    >>> check("no such exercise", 42)
    not yet: there is no exercise 'no such exercise'. Exercises have numbers such as '01.1'.
    """
    try:
        test = _find(number)
        if isinstance(test, Verdict):
            return test
        if is_stub(answer):
            return NOT_ATTEMPTED
        return test(answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:      # whatever a student's object does, the notebook goes on
        return not_yet(f"the check could not read your answer ({describe(answer)}): "
                       f"{type(error).__name__}: {_text(error)}")


def _find(number):
    """The check of exercise `number`, or a Verdict that says what numbers there are."""
    if not isinstance(number, str):
        return not_yet(f"the exercise's number goes in quotes, such as check('01.1', answer); "
                       f"this is {describe(number)}")
    lesson = number.partition(".")[0]
    known = exercises(lesson) if re.fullmatch(r"\d\d", lesson) else {}
    if number in known:
        return known[number]
    if known:
        return not_yet(f"there is no exercise {number!r}. "
                       f"Lesson {lesson} has {', '.join(known)}.")
    return not_yet(f"there is no exercise {number!r}. Exercises have numbers such as '01.1'.")


def _text(error):
    try:
        return str(error)
    except Exception:
        return "(no message)"
