"""Every exercise: the stub is "not attempted", the solution "correct", usual errors get their hint.

The solutions come from notebooks/solutions/. The usual wrong answers of a lesson stand in
tests/wrong_answers/lesson_NN.py, in a dict from the exercise's number to pairs
(wrong answer, words that its hint must contain):

    WRONG = {"01.1": [(9900, "twice"), (lambda n: n, "each of them")]}

Each exercise needs at least one.
"""
import ast
import importlib.util
import math
import re

import nbformat
import numpy as np
import pytest
from documents import ROOT
from store import exercise_cells

from helpers.exercises import (
    NOT_ATTEMPTED, Verdict, check, choice, entries, exercise, exercises, expression, function,
    number)

NUMBERS = list(exercises())
SOLUTIONS = {path.stem[:2]: path for path in sorted(ROOT.glob("notebooks/solutions/*.ipynb"))}
WRONG_FILES = sorted(ROOT.glob("tests/wrong_answers/lesson_*.py"))


class Hostile:
    """An object on which nothing works."""
    def _refuse(self, *_):
        raise RuntimeError("no")
    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __float__ = __hash__ = _refuse


def raising(*_):
    raise ZeroDivisionError("division by zero")


def odd_answers():
    """Answers that are right nowhere, by name."""
    from sympy import Eq, Function, Matrix, nan, symbols, zoo
    x, y = symbols("x y")
    return {
        "list": [1, "a"], "nested list": [[1], [2, 3]], "dict": {"a": 1}, "set": {1},
        "NaN": math.nan, "infinity": math.inf, "minus infinity": -math.inf, "complex": 1j,
        "string": "five million", "True": True, "object": object(), "huge": 10**400,
        "negative": -17.25, "array": np.array([1, 2]), "array of NaN": np.array(math.nan),
        "hostile": Hostile(), "class": Hostile, "generator": (i for i in ()),
        "other letters": x**2 * y, "equation": Eq(x, y), "inequality": x < y,
        "SymPy NaN": nan, "SymPy infinity": zoo, "matrix": Matrix([x, y]), "unknown": Function("f")(x),
        "raises": raising, "takes nothing": lambda: 1, "takes much": lambda a, b, c, d, e, f, g: 1,
        "returns NaN": lambda *_: math.nan, "returns a string": lambda *_: "1",
        "returns itself": lambda *given: given, "returns a list": lambda *_: [1],
        "returns letters": lambda *_: x * y, "prints": lambda *_: print(1), "leaves": lambda *_: exit(),
        "recurses": lambda *given: (f := lambda *a: f(*a))(*given),
    }


ODD = odd_answers()


class Solutions:
    """A solutions notebook, run up to one exercise."""

    def __init__(self, number):
        lesson, _, self.index = number.partition(".")
        if not SOLUTIONS:
            pytest.skip("the folder of solutions is not here")
        self.path = SOLUTIONS[lesson]
        self.notebook = nbformat.read(self.path, as_version=4)

    def verdict(self, as_stub):
        """What the check says to the solution, or to the stub in its place."""
        stubs, names = exercise_cells(self.notebook), {}
        for cell in self.notebook.cells:
            if cell.cell_type != "code":
                continue
            if cell.id == f"exercise-{self.index}-check":
                return eval(compile(ast.parse(cell.source, mode="eval"), cell.id, "eval"), names)
            is_answer = cell.id == f"exercise-{self.index}-answer"
            exec(compile((stubs[cell.id] if as_stub and is_answer else cell).source,
                         cell.id, "exec"), names)
        raise AssertionError(f"{self.path.name} has no cell exercise-{self.index}-check")


@pytest.fixture
def in_solutions(monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")
    monkeypatch.setenv("HELPERS_PICTURES", "1")


@pytest.mark.parametrize("number", NUMBERS)
def test_stub_is_not_attempted(number, in_solutions):
    assert Solutions(number).verdict(as_stub=True) == NOT_ATTEMPTED


@pytest.mark.parametrize("number", NUMBERS)
def test_solution_is_correct(number, in_solutions):
    verdict = Solutions(number).verdict(as_stub=False)
    assert verdict.state == "correct", verdict
    assert len(verdict.text.split()) >= 4, "one sentence on why the result matters"


@pytest.mark.parametrize("path", SOLUTIONS.values(), ids=lambda path: path.stem)
def test_notebook_and_checks_have_the_same_exercises(path):
    called = re.findall(r"""^check\(\s*["']([\d.]+)["']""", "\n".join(
        cell.source for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"), re.MULTILINE)
    assert called == list(exercises(path.stem[:2]))


def wrong_answers():
    """(number, index, wrong answer, words) from all files of wrong answers."""
    for path in WRONG_FILES:
        spec = importlib.util.spec_from_file_location(f"wrong_answers_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for number, pairs in module.WRONG.items():
            for index, (answer, words) in enumerate(pairs):
                yield pytest.param(number, answer, words, id=f"{number}-{index}")


@pytest.mark.parametrize(("number", "answer", "words"), list(wrong_answers()))
def test_usual_error_gets_its_hint(number, answer, words):
    verdict = check(number, answer)
    assert verdict.state == "not yet" and words in verdict.text, verdict


def test_every_exercise_has_a_usual_error():
    covered = {parameters.values[0] for parameters in wrong_answers()}
    assert not set(NUMBERS) - covered, "add them to tests/wrong_answers/lesson_NN.py"
    assert not covered - set(NUMBERS), "no such exercise"


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", ODD)
def test_odd_answer_gets_a_hint(number, kind):
    verdict = exercises()[number](ODD[kind])        # the check itself, with nothing to catch errors
    assert isinstance(verdict, Verdict)
    assert verdict.state != "correct", f"{kind}: {verdict}"
    assert verdict.state == "not attempted" or verdict.text


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("untouched", [None, ..., "", [], {"a": None}, (None, None)], ids=repr)
def test_untouched_is_not_attempted(number, untouched):
    assert check(number, untouched) == NOT_ATTEMPTED


# The frame itself.

COMPARISONS = {
    "number": lambda answer: number(answer, 5_120_000, "why"),
    "function": lambda answer: function(answer, lambda n, d: n * n * d, [(100, 512), (7, 3)], "why"),
    "expression": lambda answer: expression(answer, _cost(), "why"),
    "choice": lambda answer: choice(answer, "scores", "why", options=("scores", "projections")),
    "entries": lambda answer: entries(answer, {"b": lambda value: number(value, 1, "")}, "why"),
}


def _cost():
    from sympy import symbols
    n, d = symbols("n d", positive=True, integer=True)
    return 4 * n**2 * d + 8 * n * d**2


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("kind", ODD)
def test_comparisons_answer_odd_answers(name, kind):
    verdict = COMPARISONS[name](ODD[kind])
    assert verdict.state == "not yet" and verdict.text


def test_letters_with_other_assumptions_and_other_forms_are_the_same_formula():
    from sympy import Symbol
    n, d = Symbol("n"), Symbol("d", real=True)
    assert expression(4 * n * d * (n + 2 * d), _cost(), "why")
    assert expression(4.0 * n**2 * d + 8 * n * d**2, _cost(), "why")
    assert not expression(4 * n * d * (n + 2 * d) + 1, _cost(), "why")


@pytest.mark.parametrize("answer", [
    5_120_000, 5.12e6, np.int64(5_120_000), np.float64(5.12e6), np.array(5_120_000)])
def test_a_number_of_any_kind_is_accepted(answer):
    assert number(answer, 5_120_000, "why")


def test_tolerance_is_relative_and_exact_without():
    assert number(8.93, 8.9, "why", tolerance=0.01) and not number(9.0, 8.9, "why", tolerance=0.01)
    assert not number(10**18 + 1, 10**18, "why")


@pytest.mark.parametrize(("answer", "words"), [
    (lambda n: n, "takes (n)"), (raising, "ZeroDivisionError"), (5_120_000, "the function itself"),
    (lambda n, d: n * d, "n counts twice"), (lambda n, d: n * n * d - 1, "too small"),
    (lambda n, d: print(n * n * d), "return it"), (lambda n, d: None if n == 7 else n * n * d, "None"),
    (lambda n, d: n.missing, "AttributeError")])
def test_what_is_wrong_with_a_function_is_named(answer, words):
    verdict = function(answer, lambda n, d: n * n * d, [(100, 512), (7, 3)], "why",
                       mistakes=[("n counts twice", lambda n, d: n * d)])
    assert words in verdict.text


def test_a_function_that_spoils_its_input_spoils_it_for_itself_alone():
    def doubled(x):
        x *= 2
        return x
    assert function(doubled, lambda x: 2 * x, [(np.ones(3),)], "why")
    assert "shape (3,)" in function(lambda x: x[:2], lambda x: 2 * x, [(np.ones(3),)], "why").text


@pytest.mark.parametrize("answer", [
    lambda n, d: None, lambda *given: None, pytest.param(None, id="None")])
def test_stub_function_is_not_attempted(answer):
    if answer is not None:
        assert COMPARISONS["function"](answer) == NOT_ATTEMPTED

    def later(n, d):
        raise NotImplementedError
    assert COMPARISONS["function"](later) == NOT_ATTEMPTED


@pytest.mark.parametrize("wrong", ["99.9", "1.1", "", 1.1, None, ["01.1"], "01.99", "aa.b"])
def test_a_wrong_number_is_answered(wrong):
    assert check(wrong, 5).state == "not yet"


def test_check_never_raises(monkeypatch):
    monkeypatch.setitem(exercise.__globals__["_REGISTERED"], "77.1", raising)
    assert "ZeroDivisionError" in check("77.1", Hostile()).text
    assert "ZeroDivisionError" in check("77.1", 3).text


@pytest.mark.parametrize("wrong", ["1.1", "01", "01.0", 1.1, None, "01.1 "])
def test_registering_under_a_wrong_number_raises(wrong):
    with pytest.raises(ValueError, match="exercise number"):
        exercise(wrong)


def test_registering_twice_raises(monkeypatch):
    registered = exercise.__globals__["_REGISTERED"]
    monkeypatch.setitem(registered, "77.1", raising)
    with pytest.raises(ValueError, match="already taken"):
        exercise("77.1")(lambda answer: NOT_ATTEMPTED)


def test_verdict():
    assert not NOT_ATTEMPTED and repr(NOT_ATTEMPTED) == "not attempted"
    with pytest.raises(ValueError, match="state = 'maybe'"):
        Verdict("maybe")
