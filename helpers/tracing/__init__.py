"""Read a NumPy function as a count, or as a formula: `trace` runs it on arrays that have only sizes.

The function is not rewritten. NumPy hands its own calls to the traced arrays, and each call enters in a
`Ledger` what it costs. Whole-number sizes give exact Python integers, SymPy sizes give the formula.
Lessons 02 and 03 build the idea by hand.
"""

import sys
from contextlib import contextmanager
from inspect import unwrap

from helpers.tracing import elementwise, products, shaping, sorting  # noqa: F401 (each enters what it knows of NumPy)
from helpers.tracing.array import TracedArray
from helpers.tracing.ledger import Ledger, Operation, recording, repeat, step
from helpers.tracing.sizes import check_size

__all__ = ["Ledger", "Operation", "TracedArray", "repeat", "step", "trace"]


def trace(function, /, *, bytes_per_element=2, **arguments):
    """Run `function` on arrays without values and return the `Ledger` of what it costs.

    function            NumPy code, unchanged
    arguments           by name: a tuple is the shape of an array, every other value is passed as it is
                        (to pass a tuple as it is, bind it with functools.partial)
    bytes_per_element   for `Ledger.bytes_moved`; truth values take 1 byte (2: bfloat16 or float16)

    Costs: a multiply-add 2 FLOPs, an elementwise function 1 per element, a sum or maximum over k terms k,
    a sort of k numbers k·⌈log₂ k⌉, the most that a merge sort compares (`helpers.tracing.sorting`);
    a scalar computed from sizes alone, like the 1/√d of attention, is free.
    Raises ValueError for a size that is no positive whole number or symbol and for shapes that do not fit,
    NotImplementedError for an operation whose cost is not known, TypeError for code that needs values.

    >>> from helpers.notation import d, n
    >>> trace(lambda x, w: x @ w, x=(n, d), w=(d, d)).flops
    2*d**2*n
    >>> trace(lambda x, w: x @ w, x=(10**9, 10**6), w=(10**6, 10**6)).flops
    2000000000000000000000
    """
    if not callable(function):
        raise ValueError(f"function: {function!r} cannot be called; give the function itself, not its result")
    check_size(bytes_per_element, "bytes_per_element")
    wrapped = unwrap(getattr(function, "func", function))
    ledger = Ledger(bytes_per_element, getattr(wrapped, "__code__", None))
    values = {name: TracedArray(ledger, _shape(name, value)) if isinstance(value, tuple) else value
              for name, value in arguments.items()}
    with recording(ledger), _numpy_on_symbols():
        try:
            ledger.result = _shapes(function(**values))
        except TypeError as error:
            if any(hint in str(error) for hint in ("onvert expression to", "interpreted as an integer", "truth value",
                                                     "sequence of integers")):
                error.add_note("Inside a traced function sizes may be symbols: write np.sqrt(d) or d ** 0.5 rather than "
                               "math.sqrt(d), `for t in repeat(n)` rather than range(n), np.full((n, d), 0.0, like=x) "
                               "rather than np.zeros((n, d)), and do not branch on sizes.")
            raise
    return ledger


def _shape(name, sizes):
    return tuple(check_size(size, f"{name}, size {place} of {sizes!r}") for place, size in enumerate(sizes))


def _shapes(result):
    """What a function returned, with each array replaced by its shape."""
    if isinstance(result, (tuple, list)):
        return type(result)(map(_shapes, result))
    if isinstance(result, dict):
        return {key: _shapes(value) for key, value in result.items()}
    return getattr(result, "shape", result)


@contextmanager
def _numpy_on_symbols():
    """Let np.sqrt(d), np.log(n) and np.exp work on SymPy sizes while a trace runs.

    NumPy asks an object that it does not know for a method of the function's name; SymPy's expressions
    have none, so they are lent one for the duration of the trace.
    """
    sympy = sys.modules.get("sympy")  # nobody can hold a symbol before SymPy is imported
    lent = [name for name in ("sqrt", "log", "exp") if sympy and not hasattr(sympy.Expr, name)]
    for name in lent:
        setattr(sympy.Expr, name, lambda self, _function=getattr(sympy, name): _function(self))
    try:
        yield
    finally:
        for name in lent:
            delattr(sympy.Expr, name)
