"""The book that a trace fills: which operation ran, what it cost, what was alive."""

import linecache
import sys
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import CodeType

from helpers.notation import Table
from helpers.tracing.sizes import is_symbolic, largest, shape_text, whole

_LEDGER = ContextVar("ledger", default=None)


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
    """What a traced function costs; made by `helpers.tracing.trace`.

    operations      every NumPy call in order, as `Operation`
    result          the shape of what the function returned (shapes, where it returned several arrays)
    """

    def __init__(self, bytes_per_element=2, code: CodeType | None = None):
        self.operations, self.result = [], None
        self.bytes_per_element = bytes_per_element
        self._code, self._steps, self._times = code, [], 1
        self._alive, self._moments = Counter(), set()

    # what the arrays report ------------------------------------------------------------------
    def record(self, name, reads, output, flops, is_matmul=False):
        """Enter one operation. reads: the arrays that it reads; output: the array that it writes."""
        moved = sum((a.cells * self._width(a) for a in (*reads, output)), 0)
        step, line = "/".join(self._steps), self._source_line()
        self.operations.append(Operation(name, step, line, tuple(output.shape), flops * self._times,
                                         is_matmul, moved * self._times))

    def _width(self, array):
        return 1 if array.dtype == bool else self.bytes_per_element

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
        if frame is None:
            return ""
        return linecache.getline(frame.f_code.co_filename, frame.f_lineno).split("  #")[0].strip()

    # what the reader asks ---------------------------------------------------------------------
    @property
    def flops(self):
        """All operations, a multiply-add as 2 (an int when every shape is whole, else SymPy)."""
        return _total(op.flops for op in self.operations)

    @property
    def matmul_flops(self):
        """Matrix products only (matmul, dot, einsum with a sum): what a GPU's counters count."""
        return _total(op.flops for op in self.operations if op.is_matmul)

    @property
    def bytes_moved(self):
        """Bytes, if every operation read its inputs from main memory and wrote its output there.

        An element that a view repeats (broadcasting, windows) is read once; what a call keeps to itself is not seen.
        """
        return _total(op.bytes_moved for op in self.operations)

    @property
    def peak_elements(self):
        """The largest number of elements alive at once, the arguments included; views cost nothing.

        As Python keeps them: an array lives while a name or a view holds it. What NumPy allocates within one call,
        and its reuse of large temporaries, is not seen.
        """
        return whole(largest(_total(size * count for size, count in moment) for moment in self._moments))

    def by_step(self):
        """dict: step -> FLOPs, in order; an operation outside every step stands under its own name."""
        return self._grouped(lambda op: op.step or op.name)

    def by_line(self):
        """dict: line of the traced function -> FLOPs, in order of first execution."""
        return self._grouped(lambda op: op.line or op.name)

    def _grouped(self, key):
        return {name: _total(op.flops for op in group) for name, group in self._groups(key).items()}

    def _groups(self, key):
        groups = {}
        for op in self.operations:
            groups.setdefault(key(op), []).append(op)
        return groups

    def table(self):
        """One row per step, or per line of the function where no step is named, and the total."""
        labelled = any(op.step for op in self.operations)
        groups = self._groups(lambda op: (op.step if labelled else op.line) or op.name)
        rows = [(name, ", ".join(dict.fromkeys(op.name for op in group)), shape_text(group[-1].output),
                 _total(op.flops for op in group), _total(op.bytes_moved for op in group))
                for name, group in groups.items()]
        rows.append(("total", "", "", self.flops, self.bytes_moved))
        return Table(rows, ("step" if labelled else "line", "operations", "result", "FLOPs", "bytes moved"))

    def __repr__(self):
        return repr(self.table())

    def _repr_html_(self):
        return self.table()._repr_html_()


def _total(counts):
    """The exact sum; equal terms are counted first, so that a deep model stays fast in SymPy."""
    terms = Counter(counts)
    if not any(map(is_symbolic, terms)):
        return sum(term * times for term, times in terms.items())
    from sympy import Add
    return whole(Add(*(term * times for term, times in terms.items())).expand())


def current_ledger():
    """The ledger of the trace that is running, or None."""
    return _LEDGER.get()


@contextmanager
def recording(ledger):
    """Make `ledger` the one that steps and repeats report to."""
    token = _LEDGER.set(ledger)
    try:
        yield ledger
    finally:
        _LEDGER.reset(token)


@contextmanager
def step(name):
    """Group the operations inside under `name` in the ledger; outside a trace it does nothing.

    Steps nest: an inner step is called "outer/inner".

    >>> with step("scores"):
    ...     pass
    """
    ledger = current_ledger()
    if ledger is None:
        yield
        return
    ledger._steps.append(str(name))
    try:
        yield
    finally:
        ledger._steps.pop()


def repeat(times):
    """`range(times)`; with a symbolic number of times, one pass that the ledger counts that often.

    For recurrences: every pass must cost the same. Raises ValueError for a number below 0 and
    TypeError for a symbol outside a trace, where there is nothing to count.

    >>> list(repeat(3))
    [0, 1, 2]
    """
    ledger = current_ledger()
    if not is_symbolic(times):
        if isinstance(times, bool) or not hasattr(times, "__index__") or times < 0:
            raise ValueError(f"repeat: times = {times!r}; it must be a whole number of at least 0 or a symbol")
        yield from range(times)
        return
    if ledger is None:
        raise TypeError(f"repeat: times = {times} is a symbol, and no trace is running to count with it")
    before, ledger._times = ledger._times, ledger._times * times
    try:
        yield 0
    finally:
        ledger._times = before
