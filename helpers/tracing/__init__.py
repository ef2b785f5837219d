"""Read a NumPy function as a count, or as a formula: `trace` runs it on arrays of sizes alone.

NumPy hands its own calls to the traced arrays, and each enters in a `Ledger` what it costs.
Whole-number sizes give exact integers, SymPy sizes the formula. Lesson 02 builds the idea by hand.
"""

import sys
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import partial, wraps
from inspect import unwrap
from threading import RLock

import numpy as np

from helpers.sizes import check_size, is_symbol
from helpers.tracing.array import TracedArray, called, mapped, valued
from helpers.tracing.costs import CREATING
from helpers.tracing.ledger import RUNNING, Ledger, Operation, current_ledger, repeat, step

__all__ = ["Ledger", "Operation", "TracedArray", "repeat", "step", "trace"]
REMEDY = ("Inside a traced function sizes may be symbols: write np.sqrt(d) or d ** 0.5 rather than "
          "math.sqrt(d), `for t in repeat(n)` rather than range(n), and do not branch on sizes.")
HINTS = ("onvert expression to", "interpreted as an integer", "truth value", "sequence of integers")
VALUES = "A tuple of numbers is a shape; bind one that is a value with functools.partial."


def trace(function, /, *unnamed, bytes_per_element=2, **arguments):
    """Run `function` on arrays without values and return the `Ledger` of what it costs.

    function            NumPy code, unchanged
    arguments           by name: a tuple of sizes is the shape of an array; dicts, lists, tuples and
                        dataclasses are trees of such; every other value is passed as it is
                        (to pass a tuple of numbers as it is, bind it with functools.partial)
    bytes_per_element   for `Ledger.bytes_moved`; truth values take 1 byte (2: bfloat16 or float16)

    Costs: a multiply-add 2 FLOPs, an elementwise function 1 per element, a sum or maximum over k
    terms k, a sort of k numbers k·⌈log₂ k⌉; what depends on sizes alone, like the 1/√d of attention
    or a mask, is free. Symbols that are divided by // are taken to divide.
    ValueError: a size that is no whole number or symbol, shapes that do not fit;
    NotImplementedError: a cost that is not known; TypeError: code that needs values.

    >>> from helpers.notation import d, n
    >>> trace(lambda x, w: x @ w, x=(n, d), w=(d, d)).flops
    2*d**2*n
    """
    if not callable(function):
        raise ValueError(f"function: {function!r} cannot be called; give the function itself")
    if unnamed:
        raise ValueError(f"{unnamed[0]!r}: has no name; give each size by the name that the "
                         "function has for it, such as x=(100, 512)")
    check_size(bytes_per_element, "bytes_per_element")
    wrapped = unwrap(getattr(function, "func", function))
    ledger = Ledger(bytes_per_element, getattr(wrapped, "__code__", None))
    with _running(ledger):
        def planted(value, name):
            return TracedArray(ledger, [
                check_size(size, f"{name}, size {place} of {value!r}", 0)
                for place, size in enumerate(value)]) if _is_shape(value) else valued(ledger, value)

        given = {name: mapped(partial(planted, name=name), value, _is_shape)
                 for name, value in arguments.items()}
        try:
            ledger.result = mapped(lambda leaf: getattr(leaf, "shape", leaf), function(**given))
        except TypeError as error:
            if any(hint in str(error) for hint in HINTS):
                error.add_note(REMEDY)
            if "unhashable type" in str(error):
                error.add_note(VALUES)
            raise
        if hasattr(ledger.result, "__next__"):
            raise TypeError("function: it returns a generator, which has not run; return list(…)")
    return ledger


def _is_shape(value):
    """A tuple without trees in it."""
    return isinstance(value, tuple) and not any(
        isinstance(part, (tuple, list, dict)) or is_dataclass(part) for part in value)


_LENDING = RLock()  # NumPy and SymPy are lent functions while a trace runs; in one thread at a time


@contextmanager
def _running(ledger):
    """np.zeros and its kin know symbols; np.sqrt, // and % work on SymPy sizes."""
    with _LENDING:
        lent = [] if current_ledger() else [
            (place, name, vars(place).get(name), setattr(place, name, function))
            for place, name, function in _loans()]
        token = RUNNING.set(ledger)
        try:
            yield
        finally:
            RUNNING.reset(token)
            for place, name, before, _ in lent:
                delattr(place, name) if before is None else setattr(place, name, before)


def _loans():
    for name in CREATING:
        yield np, name, _creating(getattr(np, name))
    yield np, "random", _NoDraws()
    if sympy := sys.modules.get("sympy"):  # nobody can hold a symbol before SymPy is imported
        for name in ("sqrt", "log", "exp"):  # NumPy asks an object for such a method
            yield sympy.Expr, name, lambda self, of=getattr(sympy, name): of(self)
        for name in ("__floordiv__", "__rfloordiv__", "__mod__", "__rmod__"):
            yield sympy.Expr, name, _dividing(getattr(sympy.Expr, name), name)


class _NoDraws:
    """np.random while a trace runs: its compiled code would take a traced array for a plain one."""

    random = np.random

    def __getattr__(self, name):
        if current_ledger() is None:
            return getattr(self.random, name)
        raise NotImplementedError(f"tracing does not know np.random.{name}; draw before, and hand "
                                  "the numbers over")


def _creating(original):
    @wraps(original)
    def creates(*args, **options):
        ledger, caller = current_ledger(), sys._getframe(1).f_globals.get("__name__", "")
        if ledger is None or caller.startswith(("numpy", "helpers.tracing")):
            return original(*args, **options)
        like = options.pop("like", None)
        traced = isinstance(like, TracedArray) and like.buffer.traced
        return called(ledger, original, args, options, traced=traced)
    return creates


def _dividing(original, name):
    """// and % of symbols that are taken to divide, as the heads of attention divide its width."""
    def divides(self, other):
        found = original(self, other)
        if not current_ledger() or not is_symbol(found) or found.is_number:
            return found
        return 0 if "mod" in name else other / self if "rfloor" in name else self / other
    return divides
