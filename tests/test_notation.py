"""The letters and the text of formulas."""

import re

import pytest
import sympy
from documents import ROOT
from hypothesis import given, settings, strategies as st

from helpers import notation
from helpers.notation import LETTERS, Table, d, d_ff, h, n, r, text, w


def test_every_letter_is_a_positive_whole_symbol_that_the_reference_explains():
    for name in LETTERS:
        symbol = getattr(notation, name)
        assert symbol.name == name and symbol.is_positive and symbol.is_integer and getattr(notation, name) is symbol
    reference = (ROOT / "notebooks/reference.md").read_text(encoding="utf-8").split("## ")[1]
    assert {*re.findall(r"^\| (\w+) \| [^|]+ \| \w+ \|$", reference, re.MULTILINE)} == {*LETTERS, "symbol"}


def test_unknown_names_say_what_there_is():
    with pytest.raises(AttributeError, match="'x'.*d_ff"):
        notation.x
    with pytest.raises(ValueError, match="2 cells.*need 3"):
        Table([(1, 2)], ("a", "b", "c"))


@pytest.mark.parametrize("value, expected", [
    (4 * n**2 * d + 8 * n * d**2, "8·n·d² + 4·n²·d"), (8 * n * d**2 + 4 * n**2 * d + 6 * n**2, "8·n·d² + 4·n²·d + 6·n²"), (n * w + r * w, "w·r + w·n"),
    (5_120_000, "5,120,000"), (sympy.Integer(1234), "1,234"), (12345 * n, "12,345·n"), (-7, "−7"), (-n, "−n"),
    (n - d, "n − d"), (4 * d - 1, "4·d − 1"), (d / h, "d/h"), (n / (h * d), "n/(h·d)"), ((n + 1) * d, "d·(n + 1)"),
    (n / (2 * d + n), "n/(2·d + n)"), (sympy.sqrt(d), "√d"), (1 / sympy.sqrt(d), "1/√d"), (n**-2, "1/n²"), (n**12, "n¹²"),
    ((n + d)**2 / h, "(d + n)²/h"), (1000 * n**3 * h / 7, "1,000·h·n³/7"), (sympy.Max(n, d), "max(d, n)"),
    (4 * n * sympy.ceiling(sympy.log(n, 2)) + d, "4·n·⌈log₂ n⌉ + d"),
    (sympy.ceiling(sympy.log(n * d, 2)) * sympy.ceiling(n / 2), "⌈log₂(n·d)⌉·⌈n/2⌉"),
    (True, "True"), ("words", "words"), (2.5, "2.5")])
def test_text(value, expected):
    assert text(value) == expected


def test_table_aligns_numbers_right_and_escapes_html():
    assert repr(Table([], ("what", "count"))).splitlines() == ["what  count", "----  -----"]
    table = Table([("a < b", 5120000), ("c", n)], ("what", "count"), caption="A & B")
    assert repr(table).splitlines() == ["A & B", "what       count", "-----  ---------", "a < b  5,120,000", "c              n"]
    html = table._repr_html_()
    assert "a &lt; b" in html and "A &amp; B" in html and "5,120,000" in html and "<style" not in html


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(-9, 20_000).filter(bool), *[st.integers(0, 3)] * 3), min_size=1, max_size=4))
def test_a_displayed_formula_is_the_formula_again_and_in_the_order_of_the_text(terms):
    formula = sum(factor * n**a * d**b * d_ff**c for factor, a, b, c in terms)
    shown = notation.latex(formula).removeprefix(r"$\displaystyle ").removesuffix("$")
    code = re.sub(r"\^\{(\d+)\}", r"**\1", shown.replace("{,}", "").replace("d_{ff}", "F")).replace("−", "-")
    read = eval(re.sub(r"(?<=[\w)]) (?=[\w(])", "*", code), {"n": n, "d": d, "F": d_ff})
    assert sympy.expand(read - formula) == 0
    plain = notation.text(formula).translate(str.maketrans("²³⁴⁵⁶⁷⁸⁹⁰¹", "2345678901"))
    assert re.sub(r"\W|_", "", shown) == re.sub(r"\W|_", "", plain)
