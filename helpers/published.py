"""Published models, accelerators and tables, each row with its source; nothing is computed here.

`MODELS` and `ACCELERATORS` are dicts by name; `rows` gives any table of helpers/data; its README.md
says what a row is. Where print and arithmetic disagree a row holds what was printed and says so in
its note, and lesson 11 shows why.

>>> MODELS["GPT-2"].parameters(), ACCELERATORS["H100 SXM"].flops_per_second
(124439808, 989000000000000)
>>> rows("gpt3_training")[-1].training_flops
3.14e+23
"""

import csv
import tomllib
from collections import namedtuple
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path

from helpers.sizes import exact, is_symbol
from helpers.transformer import Transformer
from helpers.words import listed

# Where a precision begins to look for its peak: in 4, 8 or 16 bits.
PEAKS = {"fp4": 0, "mxfp4": 0, "nvfp4": 0, "fp8": 1,
         **dict.fromkeys("bf16 fp16 int8 int4 q8_0 q4_0".split(), 2)}


class ByName(dict):
    """A dict of published things; an unknown name raises KeyError that lists those near."""

    def __init__(self, kind, entries):
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name):
        def plain(text):
            return "".join(filter(str.isalnum, str(text).casefold()))
        near = [known for known in self if plain(name) in plain(known)]
        near = near or get_close_matches(str(name), self, n=3)
        listed = ", ".join(map(repr, near or self))
        raise KeyError(f"no {self.kind} {name!r}; {'near' if near else 'there are'}: {listed}")


@dataclass(frozen=True)
class Accelerator:
    """One chip, published or yours: dense peaks in FLOP/s, bytes/s to its main memory, its bytes.

    Dense: the peak "with sparsity" of a data sheet is twice this, and often taken for it.
    """

    name: str
    flops_per_second: int  # 16 bits
    bytes_per_second: int
    memory_bytes: int  # as the card itself reports it
    source: str = ""
    status: str = ""
    fp8_flops_per_second: int | None = None  # None: it has no such arithmetic
    fp4_flops_per_second: int | None = None
    marketed_bytes: int | None = None  # what its maker calls it
    link_bytes_per_second: int | None = None  # to other chips, both directions together
    devices: int = 1  # how many chips these sums are of

    def peak(self, precision="bf16"):
        """Dense FLOP/s of products in a precision of `memory.BITS`.

        The next wider arithmetic where the chip has none so narrow, and 16 bits for int8 and the
        like, of which weights are read and widened. ValueError for others.
        """
        if precision not in PEAKS:
            raise ValueError(f"precision: the peak of {precision!r} is not listed; give "
                             f"{listed(map(repr, PEAKS), 'or')}, or an Accelerator whose "
                             "flops_per_second is that peak")
        peaks = self.fp4_flops_per_second, self.fp8_flops_per_second, self.flops_per_second
        return next(filter(None, peaks[PEAKS[precision]:]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Model(Transformer):
    """A `Transformer` that somebody published, with what models.csv says of it beside the shape."""

    name: str
    source: str
    status: str
    context: int | None = None
    published_parameters: int | None = None
    tolerance: int = 0
    tokens: int | None = None
    note: str = ""


def rows(table):
    """The rows of a published table as a tuple of records: numbers, None or text as written."""
    return TABLES[table]


def _read(path):
    header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
    columns = map(_column, zip(*lines, strict=True))
    return tuple(map(namedtuple("Row", header)._make, zip(*columns, strict=True)))


def _column(cells):
    words = {"": None, "True": True, "False": False}
    try:
        return [words[cell] if cell in words else float(cell) if {".", "e"} & {*cell} else int(cell)
                for cell in cells]
    except ValueError:
        return cells


def formula_value(formula, **letters):
    """A formula of the data with values for its letters: an int where whole, a Fraction, or SymPy.

    >>> formula_value("6*N + 12*L*h*d_h*n", N=124_439_808, L=12, h=12, d_h=64, n=1024)
    859885056
    """
    values = {name: x if is_symbol(x) else Fraction(x) for name, x in letters.items()}
    return exact(eval(formula, {"__builtins__": {}}, values))


DATA = Path(__file__).with_name("data")
TABLES = ByName("table", {path.stem: _read(path) for path in sorted(DATA.glob("*.csv"))})
ACCELERATORS = ByName("accelerator", {row.name: Accelerator(**row._asdict())
                                      for row in rows("accelerators")})
MODELS = ByName("model", {row.name: Model(**{field: x for field, x in row._asdict().items()
                                             if x not in (None, "")}) for row in rows("models")})
for _name, _row in tomllib.loads((DATA / "configs.toml").read_text(encoding="utf-8")).items():
    MODELS[_name] = Model.from_config(_row.pop("config"), name=_name, **_row)
