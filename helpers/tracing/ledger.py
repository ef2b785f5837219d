"""The book that a trace fills: which operation ran, what it cost, what was alive."""

import linecache
import sys
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from helpers.notation import Table
from helpers.sizes import check_size, exact, is_symbol
from helpers.tracing.layout import largest, product, shape_text

RUNNING = ContextVar("ledger", default=None)
current_ledger = RUNNING.get  # the ledger of the trace that is running, or None


@dataclass(frozen=True)
class Operation:
    """One NumPy call: its name, where it stands, and what it costs (FLOPs; elements and bytes)."""
    name: str
    step: str
    line: str
    output: tuple
    flops: object
    is_matmul: bool
    bytes_moved: object


class Ledger:
    """What a traced function costs: its `operations` in order, the shapes of its `result`, sums."""

    def __init__(self, bytes_per_element=2, code=None):
        self.operations, self.result, self.bytes_per_element = [], None, bytes_per_element
        self._code, self._steps, self._times = code, [], []
        self._alive, self._moments = Counter(), set()
        self._widths = {"b": 1, "c": 2 * bytes_per_element}

    def record(self, name, reads, output, flops, is_matmul=False):
        """Enter one operation. reads: the arrays that it reads; output: the array it writes."""
        moved = _sum_of_products(tuple(
            (a.cells, self._widths.get(a.dtype.kind, self.bytes_per_element))
            for a in (*reads, output)))
        flops, moved = (product((each, *self._times)) for each in (flops, moved))
        self.operations.append(Operation(name, "/".join(self._steps), self._source_line(),
                                         output.shape, flops, is_matmul, moved))

    def allocate(self, elements):
        self._alive[elements] += 1
        self._moments.add(frozenset(item for item in self._alive.items() if item[1]))

    def free(self, elements):
        self._alive[elements] -= 1

    def _source_line(self):
        """The line of the traced function that is running now, as the student wrote it."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code is not self._code:
            frame = frame.f_back
        line = frame and linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        return (line or "").split("  #")[0].strip()

    @property
    def flops(self):
        """All operations, a multiply-add as 2: an int when every shape is whole, else SymPy."""
        return _total(op.flops for op in self.operations)

    @property
    def matmul_flops(self):
        """Matrix products only (matmul, dot, einsum with a sum): what a GPU's counters count."""
        return _total(op.flops for op in self.operations if op.is_matmul)

    @property
    def bytes_moved(self):
        """Bytes, if every operation read its inputs from main memory and wrote its output there.

        An element that a view repeats is read once; what a call keeps to itself is not seen.
        """
        return _total(op.bytes_moved for op in self.operations)

    @property
    def peak_elements(self):
        """The largest number of elements alive at once, arguments included; views cost nothing.

        An array lives while a name or a view holds it. What NumPy allocates within one call, and
        its reuse of large temporaries, is not seen.
        """
        return exact(largest(_total(size * count for size, count in moment)
                             for moment in self._moments))

    def by_step(self):
        """dict: step -> FLOPs, in order; what no step holds stands under its own name."""
        return {name: _total(op.flops for op in group) for name, group in self._by("step")}

    def by_line(self):
        """dict: line of the traced function -> FLOPs, in order of first execution."""
        return {name: _total(op.flops for op in group) for name, group in self._by("line")}

    def _by(self, what):
        groups = {}
        for op in self.operations:
            groups.setdefault(getattr(op, what) or op.name, []).append(op)
        return groups.items()

    def table(self):
        """One row per step, or per line of the function where no step is named, and the total."""
        by = "step" if any(op.step for op in self.operations) else "line"
        rows = [(name, ", ".join(dict.fromkeys(op.name for op in group)),
                 shape_text(group[-1].output), _total(op.flops for op in group),
                 _total(op.bytes_moved for op in group)) for name, group in self._by(by)]
        return Table([*rows, ("total", "", "", self.flops, self.bytes_moved)],
                     (by, "operations", "result", "FLOPs", "bytes moved"))

    __repr__ = lambda self: repr(self.table())
    _repr_html_ = lambda self: self.table()._repr_html_()


@lru_cache(maxsize=4096)
def _sum_of_products(pairs):
    return sum(a * b for a, b in pairs)


def _total(counts):
    """The exact sum; equal terms are counted first, so that a deep model stays fast in SymPy."""
    terms = [term * times for term, times in Counter(counts).items()]
    if not any(map(is_symbol, terms)):
        return sum(terms)
    from sympy import Add
    return exact(Add(*terms))


@contextmanager
def step(name):
    """Group the operations inside under `name`, an inner step under "outer/inner"."""
    steps = current_ledger()._steps if current_ledger() else []
    steps.append(str(name))
    try:
        yield
    finally:
        steps.pop()


def repeat(times):
    """`range(times)`; with a symbolic number of times, one pass that the ledger counts that often.

    Every pass must cost the same. Raises ValueError for a number below 0, TypeError for a symbol
    outside a trace.
    """
    ledger = current_ledger()
    if not is_symbol(times):
        yield from range(check_size(times, "repeat: times", 0))
        return
    if ledger is None:
        raise TypeError(f"repeat: times = {times} is a symbol, and no trace is running to count")
    ledger._times.append(times)
    try:
        yield 0
    finally:
        ledger._times.pop()
