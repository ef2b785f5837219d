"""The table of notation and the text of formulas."""

import pytest
import sympy

from helpers import notation
from helpers.notation import NOTATION, Table, d, h, n, notation_table, text


def test_every_row_is_a_positive_whole_symbol():
    for name, meaning, unit in NOTATION:
        symbol = getattr(notation, name)
        assert symbol.name == name and symbol.is_positive and symbol.is_integer and meaning and unit


def test_symbols_are_the_same_object_each_time():
    assert notation.n is n


def test_unknown_names_say_what_there_is():
    with pytest.raises(AttributeError, match="'x'.*d_ff"):
        notation.x
    with pytest.raises(KeyError, match="zeta"):
        notation_table("zeta")


@pytest.mark.parametrize("value, expected", [
    (4 * n**2 * d + 8 * n * d**2, "8·n·d² + 4·n²·d"),
    (8 * n * d**2 + 4 * n**2 * d + 6 * n**2, "8·n·d² + 4·n²·d + 6·n²"),
    (5_120_000, "5,120,000"),
    (sympy.Integer(1234), "1,234"),
    (12345 * n, "12,345·n"),
    (n - d, "n − d"),
    (4 * d - 1, "4·d − 1"),
    (-7, "−7"),
    (-n, "−n"),
    (d / h, "d/h"),
    (n / (h * d), "n/(h·d)"),
    ((n + 1) * d, "d·(n + 1)"),
    (sympy.sqrt(d), "√d"),
    (1 / sympy.sqrt(d), "1/√d"),
    (n**-2, "1/n²"),
    (n / (2 * d + n), "n/(2·d + n)"),
    (sympy.Max(n, d), "max(d, n)"),
    (4 * n * sympy.ceiling(sympy.log(n, 2)) + d, "4·n·⌈log₂ n⌉ + d"),
    (sympy.ceiling(sympy.log(n * d, 2)) * sympy.ceiling(n / 2), "⌈log₂(n·d)⌉·⌈n/2⌉"),
    (n**12, "n¹²"),
    (True, "True"),
    ("words", "words"),
    (2.5, "2.5"),
])
def test_text(value, expected):
    assert text(value) == expected


def test_text_means_the_same_expression():
    """Read back by SymPy's own parser, the text is the expression that was written."""
    superscripts = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    for expression in (8*n*d**2 + 4*n**2*d, n/(2*d + n), (n + d)**2/h, -3*n + 7, 1000*n**3*h/7):
        written = text(expression).replace(",", "").replace("·", "*").replace("−", "-")
        for digit in "23":
            written = written.replace("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)], "**" + digit)
        parsed = sympy.sympify(written.translate(superscripts), locals={"n": n, "d": d, "h": h})
        assert sympy.simplify(parsed - expression) == 0, written


def test_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="2 cells.*need 3"):
        Table([(1, 2)], ("a", "b", "c"))


def test_table_aligns_numbers_right_and_escapes_html():
    table = Table([("a < b", 5120000), ("c", n)], ("what", "count"), caption="A & B")
    assert repr(table).splitlines() == ["A & B", "what       count", "-----  ---------", "a < b  5,120,000",
                                        "c              n"]
    html = table._repr_html_()
    assert "a &lt; b" in html and "A &amp; B" in html and "5,120,000" in html and "<style" not in html
