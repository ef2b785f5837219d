"""Every file: right is right, and each slip and condition earns its hint; the engine on odd answers of each kind.

That stubs are "not attempted" and solutions "correct" is in the notebooks, which nbval runs.
"""
import ast
import math
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from fractions import Fraction
from time import monotonic

import nbformat
import numpy as np
import pytest
from documents import ROOT
from sympy import Eq, Function, Integer, Matrix, Sum, Symbol, nan, symbols, zoo
from wrong_answers import WRONG

from helpers.exercises import EXERCISES, NOT_ATTEMPTED, Verdict, check, read
from helpers.notation import d, n
from helpers.tiles import tile_elements, tiled_attention_elements

RANDOM = np.random.default_rng(3)
FILES = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("helpers/exercises/*.toml"))]
TABLES = {number: table for file in FILES for number, table in file.items() if number in EXERCISES}
FORMULAS = [number for number, table in TABLES.items() if "letters" in table]
FIELDS = {"right", "word", "letters", "arguments", "at", "let", "too_large", "must", "slips", "within", "unit", "why", "predict",
          "model", "entries"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("number", EXERCISES)
def test_usual_errors_get_their_hints_and_each_condition_is_among_them(number):
    said = []
    for answer, words in WRONG.get(number, ()):
        verdict = check(number, answer)
        assert verdict.state == "not yet" and words in verdict.text, (answer, words, verdict)
        said.append(verdict.text)
    for hint in TABLES[number].get("must", {}).values():
        pattern = ".*".join(re.escape(part) for part in re.split("{.*?}", hint))
        assert any(re.fullmatch(pattern, text) for text in said), hint
    for untouched in (None, ..., " ", [], {"a": None}, (None, None)):
        assert check(number, untouched) == NOT_ATTEMPTED
    assert check(number, hostile(SystemExit)).state == check(number, SystemExit).state == "not yet"


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/solutions/*.ipynb")), ids=lambda p: p.stem)
def test_notebook_and_tables_have_the_same_exercises(path):
    cells = nbformat.read(path, as_version=4).cells
    called = [number for cell in cells if cell.cell_type == "code"
              for number in re.findall(r"""^check\(["']([\d.]+)["']""", cell.source, re.MULTILINE)]
    assert called == [number for number in EXERCISES if number[:2] == path.stem[:2]]


# The files.

def leaves(number):
    """(what the file says, the exercise) of each part that compares a number, a word or a function's values."""
    exercise, table = EXERCISES[number], TABLES[number]
    parts = [(table[str(name)], entry) for name, entry in exercise.entries.items() if entry] or [(table, exercise)]
    return [(said, part) for said, part in parts if part.right is not None and "letters" not in said]


def says(leaf, wrong):
    if not leaf.names:
        return leaf([1, wrong] if leaf.predict else wrong)
    return leaf(lambda *given: wrong[leaf.inputs.index([*given])])


@pytest.mark.parametrize("number", EXERCISES)
def test_right_is_right_and_each_slip_earns_its_hint_alone(number):
    assert len(EXERCISES[number].why.split()) >= 4
    for said, leaf in leaves(number):
        assert says(leaf, leaf.right)
        for wrong, hint in leaf.slips:
            verdict = says(leaf, wrong)
            assert verdict.state == "not yet" and hint in verdict.text, (wrong, hint, verdict)
            assert len(verdict.text) < 2 * len(hint) + 80, f"one value, many slips: {verdict}"
        left_out = {*said.get("slips", {}).values()} - {hint for _, hint in leaf.slips}
        assert not left_out, f"a slip that is right: {left_out}"


@pytest.mark.parametrize("number", FORMULAS)
def test_formulas_are_right_and_their_slips_earn_their_hints(number):
    table = TABLES[number]
    letters = {letter: Symbol(letter) for letter in table["letters"].split(", ")}
    assert check(number, eval(table["right"], letters))
    for text, hint in table["slips"].items():
        wrongs = eval(text, letters | {"x": eval(table["right"], letters)})
        for wrong in wrongs if isinstance(wrongs, tuple) else [wrongs]:
            assert check(number, wrong).text == hint


def test_a_file_has_no_field_that_nobody_reads():
    def fields(table):
        entries = {name for name, entry in table.items() if isinstance(entry, dict)} - {"let", "must", "slips"}
        return (table.keys() - entries).union(*(fields(table[name]) for name in entries))
    assert len(TABLES) == len(EXERCISES) and all(fields(table) <= FIELDS for table in TABLES.values())


def test_no_hint_names_a_slip_that_was_not_made():
    """Numbers from nowhere meet a slip of the tables by chance, and seldom."""
    met, asked = [], 0
    for number, leaf in [(number, leaf) for number in EXERCISES for _, leaf in leaves(number)]:
        if isinstance(leaf.right, int | float):
            for factor in np.exp(RANDOM.uniform(-3, 3, 16)):
                answer = float(f"{float(leaf.right or 10) * factor:.4g}") + 1e-7
                text, asked = says(leaf, answer).text, asked + 1
                met += [(number, answer, hint) for _, hint in leaf.slips if hint in text]
    assert asked > 1_000 and len(met) < 0.1 * asked, met


def test_the_best_tiles_are_those_that_move_least():
    tiles = [(rows, columns) for rows in (*range(1, 140), 1024) for columns in (1, 3, 9, 10, 128, 1024)]
    fits = {tile: tiled_attention_elements(1024, 64, *tile) for tile in tiles if tile_elements(64, *tile) <= 16_384}
    for rows, columns in tiles:
        best = fits.get((rows, columns)) == min(fits.values())
        assert bool(check("09.3", {"rows": rows, "columns": columns})) == best


def test_a_check_loads_sympy_only_to_read_a_formula():
    asks = ("import sys; from helpers.exercises import check; assert check('03.1', 40); check('03.4', 'n'); check('15.1', 1); "
            "sys.exit('sympy' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", asks], cwd=ROOT).returncode == 0


# The engine.

def hostile(error):
    """An object on which nothing works."""
    def refuse(*_):
        raise error
    methods = ("eq", "repr", "str", "len", "iter", "bool", "float", "hash", "call")
    return type("Hostile", (), {f"__{name}__": refuse for name in methods} | dict.fromkeys(
        ("shape", "name", "item", "state", "free_symbols"), property(refuse)))()


def raising(*_):
    raise ZeroDivisionError("division by zero")


x, y = symbols("x y")
COST = 4 * n**2 * d + 8 * n * d**2
KINDS = {kind: read(table) for kind, table in {
    "number": {"right": 5_120_000}, "near": {"right": 8.9, "within": 0.01},
    "formula": {"letters": "n, d", "right": "4*n**2*d + 8*n*d**2", "slips": {"8*n*d**2": "half"}},
    "word": {"word": "scores", "slips": {"projections": "no"}}, "table": {"b": {"right": 1}},
    "row": {"predict": True, "within": 0.1, "b": {"right": 2}}, "conditions": {"must": {"answer.item > 4": "{kind}"}},
    "function": {"arguments": "n, d", "at": [[100, 512], [7, 3]], "right": "n*n*d", "slips": {"n*d": "n counts twice"}}}.items()}
ODD = [
    [1, "a"], [[1], [2, 3]], {"a": 1}, {1}, math.nan, math.inf, -math.inf, 1j, "five million", True,
    object(), 10**400, -17.25, 1e-200, np.array([1, 2]), np.array(math.nan), SystemExit, (i for i in ()),
    x**2 * y, Eq(x, y), x < y, nan, zoo, Matrix([x, y]), Function("f")(x), raising, lambda: 1,
    lambda a, b, c, d, e, f, g: 1, lambda *_: math.nan, lambda *_: "1", lambda *given: given,
    lambda *_: [1], lambda *_: x * y, lambda *_: print(1), lambda *_: exit(), Decimal("1e999999"),
    Decimal("nan"), lambda *given: (f := lambda *a: f(*a))(*given), np.datetime64("2026-01-01"), b"5"]


@pytest.mark.parametrize("kind", KINDS)
def test_odd_answers_get_a_hint(kind):
    for odd in ODD:
        for answer in (odd, {"b": odd}, {"b": [odd, 1]}, {"b": [1, odd]}):
            verdict = KINDS[kind](answer)
            assert isinstance(verdict, Verdict) and verdict.state == "not yet" and verdict.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_check_never_raises_but_can_be_interrupted(kind, monkeypatch):
    monkeypatch.setitem(EXERCISES, "00.9", KINDS[kind])
    odd = hostile(SystemExit)
    assert all(check("00.9", answer).state == "not yet" for answer in (odd, {"b": odd}, {"b": [1, odd]}, [odd]))
    odd = hostile(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        check("00.9", {"row": {"b": [1, odd]}, "table": {"b": odd}}.get(kind, odd))


PANDAS = type("Scalar", (), {"item": lambda self: 5_120_000})()     # whatever a scalar of pandas is, `item` gives the number


@pytest.mark.parametrize("answer", [
    5_120_000, 5.12e6, np.int64(5_120_000), np.float32(5.12e6), np.array(5_120_000), np.array([5.12e6]),
    Decimal("5.12e6"), Fraction(5_120_000), Integer(5_120_000), Integer(512) * 10**4, PANDAS], ids=lambda one: type(one).__name__)
def test_a_number_of_any_kind_is_accepted(answer):
    assert KINDS["number"](answer)


def test_whole_numbers_are_exact_and_others_within():
    assert KINDS["near"](8.93) and KINDS["near"](Decimal("8.9")) and not KINDS["near"](9.0)
    assert not read({"right": 10**18})(10**18 + 1) and read({"right": "1/3"})(0.3333333333333)
    assert read({"right": 4_950, "unit": "dances"})(49.5).text.endswith("power of ten is not: answer in dances")
    assert "one digit more" in KINDS["near"](9).text and "to the digit" in read({"right": 54_321})(54_300).text


@pytest.mark.parametrize(("text", "number"), [
    ("209,920,000", 209920000), ("13.1 %", 13.1), ("2,18", 2.18), ("-4e3", -4e3), ("007", 7), ("0.50", .5),
    ("12_345", 12345), ("40 dances", 40), ("twice", None), ("?", None), ("1e999 x", None), ("2*3", None)])
def test_a_string_is_told_what_can_be_written(text, number):
    said = KINDS["number"](text).text
    assert said.startswith("write it as a number: ")
    assert number is None and "without quotes" in said or eval(said.partition(": ")[2]) == number


@pytest.mark.parametrize(("answer", "words"), [
    (n**n**n + d, "too large"), (n**10**9 + d, "too large"), ((n + d)**(n**d), "too large"), (1 / n**10**9, ""),
    (COST + 1, "another value"), (4 * n**2 * d, "another value"), (8 * n * d**2, "half"), (5_120_000, "n = 100"), (x * n, "here are d"),
    (COST.subs(d, 512), "d = 100"), (2**Integer(10)**6 * n, ""), (Sum(n, (n, 1, 10**12)) * d, ""), ("8*n", "the string")])
def test_a_formula_is_answered_at_once(answer, words):
    begun = monotonic()
    verdict = KINDS["formula"](answer)
    assert verdict.state == "not yet" and words in verdict.text
    assert monotonic() - begun < 20, "a loaded machine takes seconds, n**n**n would take minutes"


def test_a_formula_in_another_form_is_the_same():
    a, b = Symbol("n"), Symbol("d", real=True)
    assert KINDS["formula"](4 * a * b * (a + 2 * b)) and KINDS["formula"](4.0 * a**2 * b + 8 * a * b**2)
    assert "import cell" in KINDS["formula"](4 * n**2).text


@pytest.mark.parametrize(("answer", "words"), [
    (lambda n: n, "takes 1"), (raising, "ZeroDivisionError"), (5_120_000, "the function itself"),
    (lambda n, d: n * d, "n counts twice"), (lambda n, d: n * n * d - 1, "too small"),
    (lambda n, d: print(n), "return it"), (lambda n, d: None if n == 7 else n * n * d, "None"),
    (lambda n, d: range(n / d), "divide with `//`"), (lambda n, d: n.missing, "AttributeError")])
def test_what_is_wrong_with_a_function_is_named(answer, words):
    assert words in KINDS["function"](answer).text


def test_a_stub_function_is_not_attempted_and_inputs_are_the_functions_own():
    def later(n, d):
        raise NotImplementedError
    assert KINDS["function"](later) == KINDS["function"](lambda *_: None) == NOT_ATTEMPTED
    assert read({"arguments": "x", "at": [[[3]], [[4]]], "right": "2 * x[0]"})(lambda x: 2 * x.pop())


def test_slips_of_a_table_are_of_all_its_entries_and_an_entrys_own_come_first():
    table = read({"slips": {"2*x, 3*x": "twice or thrice"}, "b": {"right": 4, "slips": {"8": "eight"}}, "c": {"right": "5"}})
    assert "eight" in table({"b": 8}).text and "thrice" in table({"b": 12}).text and "twice" in table({"c": 10}).text
    assert "twice" not in table({"b": 8}).text and table({"b": 4, "c": 5})
    for forbidden in ("__import__('os')", "open('x')", "import os"):
        with pytest.raises((NameError, SyntaxError)):
            read({"right": forbidden})


@pytest.mark.parametrize("wrong", ["99.9", "1.1", "", 1.1, None, ["01.1"], "01.99", "aa.b", "١٢.1"])
def test_a_wrong_number_of_an_exercise_is_answered(wrong):
    assert check(wrong, 5).state == "not yet"


def test_a_verdict_is_plain_text_and_a_mark_in_the_themes_colour():
    assert not NOT_ATTEMPTED and repr(NOT_ATTEMPTED) == "not attempted"
    assert repr(Verdict("not yet", "n < 2")) == "not yet: n < 2"
    assert "--jp-success-color1)\">✓" in Verdict("correct", "")._repr_html_()
    assert "✗</span> <b>not yet</b>: n &lt; 2" in Verdict("not yet", "n < 2")._repr_html_()


def test_a_name_that_a_cell_overwrote_is_said_by_the_check():
    space = {"In": ["", "from helpers.tracing import trace\n%magic", "from helpers.tracing import trace", "trace = 3"], "trace": 3}
    exec("from helpers.exercises import check\nwrong, right = check('01.2', 5), check('01.1', {'3 times the tokens': 9, "
         "'a quarter of the width': 1/4, 'twice the tokens and half the width': 2})", space)
    assert "trace is 3 by now: run the import cell again" in space["wrong"].text and bool(space["right"])
    assert "import cell" not in space["right"].text


def stored(node):
    """The names that a cell sets, not those within its functions and comprehensions."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    apart = ast.FunctionDef, ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp
    for child in () if isinstance(node, apart) else ast.iter_child_nodes(node):
        yield from stored(child)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_no_lesson_overwrites_a_name_that_it_imports(path):
    taken = set()
    for tree in (ast.parse(cell.source) for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"):
        taken |= {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom)
                  and str(node.module).startswith("helpers") for alias in node.names}
        assert not taken & {*stored(tree)}
