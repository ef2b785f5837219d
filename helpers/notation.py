"""The course's notation: one symbol, one name, one unit, and how a formula is written as text.

`from helpers.notation import n, d` gives SymPy symbols, all positive whole numbers. SymPy itself is
imported when the first symbol is asked for, so a module that only makes tables starts fast.
"""

from html import escape

# symbol, meaning, unit; in the order in which factors are written in a formula
NOTATION = (
    ("b", "batch size", "sequences"),
    ("L", "number of layers", "layers"),
    ("h", "number of attention heads", "heads"),
    ("h_kv", "number of key-value heads", "heads"),
    ("k", "kernel width of a convolution", "positions"),
    ("w", "window of a local attention", "tokens"),
    ("r", "rank, or number of random features", "elements"),
    ("n", "sequence length", "tokens"),
    ("d", "model width: the numbers that describe one token", "elements"),
    ("d_h", "width of one attention head", "elements"),
    ("d_ff", "width of the feed-forward layer", "elements"),
    ("V", "vocabulary size", "tokens"),
    ("M", "on-chip memory", "elements"),
    ("N", "parameters of a model", "parameters"),
    ("D", "training tokens", "tokens"),
    ("C", "training compute", "FLOPs"),
)
_ORDER = {name: place for place, (name, _, _) in enumerate(NOTATION)}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def __getattr__(name):
    """A symbol of the table by its name: `helpers.notation.n` (PEP 562, so SymPy waits until needed)."""
    if name not in _ORDER:
        raise AttributeError(f"helpers.notation has no symbol {name!r}; it has {', '.join(_ORDER)}")
    from sympy import Symbol
    return globals().setdefault(name, Symbol(name, positive=True, integer=True))


def __dir__():
    return sorted([*globals(), *_ORDER])


def notation_table(*names):
    """The table of notation, whole or only the rows named: symbol, meaning, unit.

    Raises KeyError for a name that is not in the table.

    >>> notation_table("n", "d")
    symbol  meaning                                           unit
    ------  ------------------------------------------------  --------
    n       sequence length                                   tokens
    d       model width: the numbers that describe one token  elements
    """
    for name in names:
        if name not in _ORDER:
            raise KeyError(f"no symbol {name!r} in the notation; it has {', '.join(_ORDER)}")
    rows = [row for row in NOTATION if not names or row[0] in names]
    return Table(rows, ("symbol", "meaning", "unit"))


def text(value):
    """A count or formula as plain text: `8·n·d² + 4·n²·d`, `5,120,000`.

    Factors stand in the order of the notation table; terms with the highest total degree come first.
    Anything that is neither a number nor a SymPy expression is returned as `str(value)`.

    >>> from helpers.notation import n, d
    >>> text(4*n**2*d + 8*n*d**2), text(5120000), text(d/2)
    ('8·n·d² + 4·n²·d', '5,120,000', 'd/2')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", "−")
    return _write(value) if hasattr(value, "free_symbols") else str(value)


def _write(expression):
    if expression.is_Integer:
        return f"{int(expression):,}".replace("-", "−")
    if expression.is_Add:
        terms = sorted(expression.args, key=_term_key)
        written = [_write(term) for term in terms]
        return written[0] + "".join(f" − {w[1:]}" if w.startswith("−") else f" + {w}" for w in written[1:])
    if expression.could_extract_minus_sign():
        return "−" + _factor(-expression)
    if expression.is_Mul:
        numerator, denominator = expression.as_numer_denom()
        if denominator != 1:
            below = _factor(denominator)
            return f"{_factor(numerator)}/{f'({below})' if denominator.is_Mul else below}"
        return "·".join(_factor(f) for f in sorted(expression.args, key=_factor_key))
    if expression.is_Pow:
        base, exponent = expression.args
        if exponent.is_Integer and exponent > 0:
            return _factor(base) + str(exponent).translate(SUPERSCRIPTS)
        if exponent == 0.5 or (exponent.is_Rational and exponent.p == 1 and exponent.q == 2):
            return f"√{_factor(base)}"
        if exponent.is_negative:
            return f"1/{_factor(1 / expression)}"
    if expression.func.__name__ == "ceiling":                # ⌈log₂ n⌉, the passes of a sort
        ratio = expression.args[0].as_numer_denom()
        if [part.func.__name__ for part in ratio] == ["log", "log"] and ratio[1].args[0] == 2:
            inside = ratio[0].args[0]
            return f"⌈log₂ {inside}⌉" if inside.is_Symbol else f"⌈log₂({_write(inside)})⌉"
        return f"⌈{_write(expression.args[0])}⌉"
    if expression.func.__name__ in ("Max", "Min"):
        return f"{expression.func.__name__.lower()}({', '.join(sorted(map(_write, expression.args)))})"
    return str(expression)


def _factor(expression):
    return f"({_write(expression)})" if expression.is_Add else _write(expression)


def _factor_key(factor):
    base = factor.as_base_exp()[0]
    return (not factor.is_number, _ORDER.get(str(base), len(_ORDER)), str(base))


def _term_key(term):
    powers = {str(base): power for base, power in term.as_powers_dict().items() if not base.is_number}
    degree = sum(power for power in powers.values() if power.is_number)
    return (-degree, term.could_extract_minus_sign(), powers.get("n", 0), str(term))


class Table:
    """Rows for display: a plain HTML table in Jupyter and on GitHub, aligned text elsewhere.

    rows: sequences of cells, each as long as `columns`; whole numbers and SymPy expressions are
    written by `text`, everything else by `str`. Raises ValueError for a row of another length.

    >>> Table([("scores", 20480000)], ("step", "FLOPs"))
    step         FLOPs
    ------  ----------
    scores  20,480,000
    """

    def __init__(self, rows, columns, caption=""):
        self.columns, self.caption = tuple(columns), caption
        self.rows = [tuple(row) for row in rows]
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"row {row!r} has {len(row)} cells; the columns {self.columns} need {len(self.columns)}")
        self._right = [all(_is_number(row[i]) for row in self.rows if row[i] != "") and bool(self.rows)
                       for i in range(len(self.columns))]

    def __repr__(self):
        lines = [self.columns, *([text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        lines.insert(1, ["-" * width for width in widths])
        written = ["  ".join(cell.rjust(width) if right else cell.ljust(width)
                             for cell, width, right in zip(line, widths, self._right)).rstrip() for line in lines]
        return "\n".join([*([self.caption] if self.caption else []), *written])

    def _repr_html_(self):
        def row(cells, tag):
            return "<tr>" + "".join(
                f'<{tag} style="text-align: {"right" if right else "left"}">{escape(text(cell))}</{tag}>'
                for cell, right in zip(cells, self._right)) + "</tr>"
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        head, body = row(self.columns, "th"), "\n".join(row(cells, "td") for cells in self.rows)
        return f"<table>{caption}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _is_number(cell):
    return isinstance(cell, (int, float)) or hasattr(cell, "free_symbols") or (
        isinstance(cell, str) and cell[:1].isdigit() and cell.rstrip("%× ").replace(",", "").replace(".", "").isdigit())
