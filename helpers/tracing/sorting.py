"""Sorting, and fetching by the order found.

How many comparisons a sort needs depends on the values: k numbers in order already need k − 1. The ledger has no
values and enters what a merge sort needs at most, rounded up: ⌈log₂ k⌉ passes over k numbers, 1 FLOP for each
number that a pass puts down. NumPy's radix sort of short integers compares nothing, and is entered like the rest.
"""

import numpy as np

from helpers.tracing.array import INT, TracedArray, as_traced, axis_place, handles
from helpers.tracing.elementwise import unknown, written
from helpers.tracing.layout import kept_order
from helpers.tracing.sizes import broadcast, is_symbolic, misfit, product


def passes(size):
    """⌈log₂ size⌉, the passes of a merge sort over `size` numbers."""
    if is_symbolic(size):
        from sympy import ceiling, log
        return ceiling(log(size, 2))
    return (size - 1).bit_length()


@handles(np.argsort)
def _argsort(ledger, x, axis=-1, kind=None, order=None, *, stable=None):
    return _sorted(ledger, "argsort", x, axis, order, dtype=INT)


@handles(np.sort)
def _sort(ledger, x, axis=-1, kind=None, order=None, *, stable=None):
    return _sorted(ledger, "sort", x, axis, order, strides=kept_order(x.shape, [x], copying=True))


def _sorted(ledger, name, x, axis, order, dtype=None, strides=None):
    unknown(name, order=order, axis="None" if axis is None else None)    # None flattens first
    flops = product(x.shape) * passes(x.shape[axis_place(axis, x.ndim, name)])
    return written(ledger, name, [x], x.shape, flops, dtype or x.dtype, strides=strides)


@handles(np.take_along_axis)
def _take_along_axis(ledger, x, indices, axis=-1):
    """A copy, no FLOPs: it reads as many elements as it writes, and the indices. The other axes broadcast."""
    unknown("take_along_axis", axis="None" if axis is None else None)
    x, indices = as_traced(ledger, x), as_traced(ledger, indices)
    place = axis_place(axis, x.ndim, "take_along_axis")
    others = [(*of.shape[:place], *of.shape[place + 1:]) for of in (x, indices)]
    if x.ndim != indices.ndim:
        raise misfit("take_along_axis", x.shape, indices.shape)
    shape = list(broadcast("take_along_axis", *others))
    shape.insert(place, indices.shape[place])
    output = TracedArray(ledger, shape, x.dtype)
    ledger.record("take_along_axis", [output, indices], output, 0)
    return output
