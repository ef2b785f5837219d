"""The course's notation: one symbol, one name, one unit, and how a formula is written as text.

`from helpers.notation import n, d` gives SymPy symbols, all positive whole numbers. In a notebook
the import makes formulas appear as `text` and `latex` write them, in the order of the prose.
"""

import sys
from html import escape
from re import fullmatch, search, sub

from helpers.words import SUPERSCRIPTS

# In the order in which a formula has its factors; notebooks/reference.md says what each is.
LETTERS = "b L h h_kv k w r n d d_h d_ff V M N D C".split()
_ORDER = {letter: place for place, letter in enumerate(LETTERS)}


def __getattr__(name):
    """A symbol by its name; SymPy waits until it is needed, so that tables alone start fast."""
    if name not in _ORDER:
        raise AttributeError(f"helpers.notation has no symbol {name!r}; it has {', '.join(_ORDER)}")
    from sympy import Symbol
    return globals().setdefault(name, Symbol(name, positive=True, integer=True))


def text(value):
    """A count or formula as plain text, factors as in `LETTERS`, the highest degree first.

    >>> from helpers.notation import n, d
    >>> text(4*n**2*d + 8*n*d**2), text(5120000), text(d/2)
    ('8·n·d² + 4·n²·d', '5,120,000', 'd/2')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", "−")
    return _write(value) if hasattr(value, "free_symbols") else str(value)


def latex(formula):
    r"""A formula for display: as `text` if that is a plain sum of products, else as SymPy has it.

    >>> from helpers.notation import d, d_ff, n
    >>> latex(4*n**2*d + 8*n*d*d_ff)
    '$\\displaystyle 8 n d d_{ff} + 4 n^{2} d$'
    """
    words = text(formula)
    if not fullmatch(r"[\w·+−,() ]+", words) or search("log|max|min", words):
        from sympy import latex as written
        return rf"$\displaystyle {written(formula)}$"
    raised = {symbol: digit for digit, symbol in SUPERSCRIPTS.items()}
    for found, instead in ((f"[{''.join(map(chr, raised))}]+",
                            lambda run: f"^{{{run[0].translate(raised)}}}"),
                           (r"_(\w+)", r"_{\1}"), ("·", " "), ("−", "-"), (r"(?<=\d),", "{,}")):
        words = sub(found, instead, words)
    return rf"$\displaystyle {words}$"


def _write(formula):
    kind, args = formula.func.__name__, formula.args
    if formula.is_Integer:
        return text(int(formula))
    if formula.is_Add:
        first, *rest = map(_write, sorted(args, key=_term_key))
        return first + "".join(f" − {w[1:]}" if w[0] == "−" else f" + {w}" for w in rest)
    if formula.could_extract_minus_sign():
        return "−" + _factor(-formula)
    if formula.is_Mul:
        above, below = formula.as_numer_denom()
        if str(below) == "log(2)" and above.func == below.func:
            return f"log₂ {_write(above.args[0])}" if above.args[0].is_Symbol else \
                f"log₂({_write(above.args[0])})"
        if below != 1:
            return f"{_factor(above)}/" + (f"({_write(below)})" if below.is_Mul else _factor(below))
        return "·".join(map(_factor, sorted(args, key=_factor_key)))
    if formula.is_Pow and args[1].is_negative:
        return f"1/{_factor(1 / formula)}"
    if formula.is_Pow and args[1].is_Number and float(args[1]) == 0.5:
        return f"√{_factor(args[0])}"
    if formula.is_Pow and args[1].is_Integer:
        return _factor(args[0]) + str(args[1]).translate(SUPERSCRIPTS)
    if kind == "ceiling":
        return f"⌈{_write(args[0])}⌉"
    if kind in ("Max", "Min"):
        return f"{kind.lower()}({', '.join(sorted(map(_write, args)))})"
    return str(formula)


def _factor(formula):
    return f"({_write(formula)})" if formula.is_Add else _write(formula)


def _factor_key(factor):
    base = factor.as_base_exp()[0]
    return not factor.is_number, _ORDER.get(str(base), len(_ORDER)), str(base)


def _term_key(term):
    powers = {str(x): power for x, power in term.as_powers_dict().items() if not x.is_number}
    degree = sum(power for power in powers.values() if power.is_number)
    return -degree, term.could_extract_minus_sign(), powers.get("n", 0), str(term)


class Table:
    """Rows for display: an HTML table in Jupyter and on GitHub, aligned text elsewhere."""

    def __init__(self, rows, columns, caption=""):
        self.rows, self.columns = [*map(tuple, rows)], [*map(text, columns)]
        self.caption = caption
        for row in self.rows:
            if len(row) != len(columns):
                raise ValueError(f"{len(row)} cells in {row!r}; the columns need {len(columns)}")
        self._right = [all(_is_number(cell) for cell in cells if cell != "")
                       for cells in zip(*self.rows)] or [False] * len(self.columns)

    def __repr__(self):
        lines = [self.columns, *([text(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, cells)) for cells in zip(*lines)]
        lines.insert(1, ["-" * width for width in widths])
        return "\n".join([self.caption] * bool(self.caption) + ["  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, self._right)).rstrip() for line in lines])

    def _repr_html_(self):
        sides = ["right" if right else "left" for right in self._right]

        def row(cells, tag):
            return "<tr>" + "".join(
                f'<{tag} style="text-align: {side}">{escape(text(cell))}</{tag}>'
                for cell, side in zip(cells, sides)) + "</tr>"
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        head, body = row(self.columns, "th"), "\n".join(row(cells, "td") for cells in self.rows)
        return f"<table>{caption}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _is_number(cell):
    return isinstance(cell, (int, float)) or hasattr(cell, "free_symbols") or (
        isinstance(cell, str) and fullmatch(r"\d[\d.,]*[%× ]*", cell) is not None)


if shell := getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)():
    for _kind, _shown in (("text/plain", lambda formula, printer, _: printer.text(text(formula))),
                          ("text/latex", latex)):
        shell.display_formatter.formatters[_kind].for_type_by_name("sympy.core.expr", "Expr",
                                                                   _shown)
