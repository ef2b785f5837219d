"""Sizes and strides of arrays, for whole numbers and SymPy's symbols alike; strides count elements.

What NumPy makes of an array NumPy says itself: `answer` asks it with small arrays that stand in.
"""

import warnings
from collections import namedtuple
from functools import lru_cache
from math import prod

import numpy as np

from helpers.notation import text
from helpers.sizes import exact, is_symbol

Form = namedtuple("Form", "shape strides dtype")  # strides None: row after row
product = lru_cache(maxsize=None)(prod)  # of a tuple of sizes: how many elements they span


@lru_cache(maxsize=None)
def equal(a, b):
    """True if the two sizes can be shown to be equal for all values of their symbols."""
    return a == b or (is_symbol(a) or is_symbol(b)) and bool((a - b).expand().simplify() == 0)


def equal_shapes(a, b):
    return len(a) == len(b) and all(map(equal, a, b))


def shape_text(shape):
    """A shape as it is printed in messages and tables: `(n, d)`, `(100, 512)`."""
    return "(" + ", ".join(map(text, shape)) + (",)" if len(shape) == 1 else ")")


def misfit(operation, *shapes):
    """The ValueError for shapes that do not fit one another, with every shape in its message."""
    symbols = set().union(*(getattr(size, "free_symbols", ()) for of in shapes for size in of))
    names = [symbol.name for symbol in symbols]
    hint = "".join(f"; there are two symbols called {name}: take both from helpers.notation"
                   for name in sorted({*names}) if names.count(name) > 1)
    return ValueError(f"{operation}: the shapes {' and '.join(map(shape_text, shapes))} do not fit:"
                      f" their sizes cannot be shown to be equal{hint}")


def at_most(a, b):
    """True if a ≤ b can be shown for whole numbers and positive symbols."""
    if not (is_symbol(a) or is_symbol(b)):
        return a <= b
    difference = (b - a).expand()
    terms = difference.args if difference.is_Add else (difference,)
    return bool(difference.is_nonnegative or all(term.as_coeff_Mul()[0] >= 0 for term in terms))


def largest(candidates):
    """The largest of some sizes; a SymPy Max of those that cannot be ordered."""
    kept = []
    for candidate in sorted(set(candidates), key=str):
        if not any(at_most(candidate, other) for other in kept):
            kept = [other for other in kept if not at_most(other, candidate)] + [candidate]
    if len(kept) < 2:
        return kept[0] if kept else 0
    from sympy import Max
    return Max(*kept)


def row_strides(shape):
    """Row after row, without gaps."""
    return tuple(product(tuple(shape[place + 1:])) for place in range(len(shape)))


@lru_cache(maxsize=4096)
def covered(shape, strides):
    """How many different elements a view has: axes whose steps overlap, as windows have, are a run.

    a steps of p elements over a run of b ≥ p cover (a − 1)·p + b. Exact where one stride divides
    the other; symbols overlap only where their strides are equal.
    """
    axes = [(abs(stride), size) for size, stride in zip(shape, strides)
            if size != 1 and stride != 0]
    symbols = any(is_symbol(value) for axis in axes for value in axis)
    runs = []  # [stride, elements]
    for stride, size in axes if symbols else sorted(axes):
        for run in runs:
            steps = 1 if symbols else stride // run[0]
            if run[0] * steps == stride and (symbols or steps <= run[1]):
                run[1] += (size - 1) * steps
                break
        else:
            runs.append([stride, size])
    cells = product(tuple(elements for _, elements in runs))
    return exact(cells) if len(runs) < len(axes) else cells


def reshaped_strides(old, strides, new):
    """The strides of a reshape that needs no copy; None if NumPy has to copy.

    Neighbouring axes without a gap are one run; a new axis may divide a run, but not join two.
    """
    runs = []  # [elements, stride of the innermost]
    for size, stride in zip(old, strides):
        if size != 1 and runs and equal(runs[-1][1], size * stride):
            runs[-1] = [runs[-1][0] * size, stride]
        elif size != 1:
            runs.append([size, stride])
    rest, result = list(new), []
    for elements, stride in runs:
        sizes = []
        while not equal(product(tuple(sizes)), elements):
            if not rest:
                return None
            sizes.append(rest.pop(0))
        result += [step * stride for step in row_strides(sizes)]
    return (*result, *[0] * len(rest)) if all(size == 1 for size in rest) else None


def laid(shape, order):
    """The strides of a new array whose axes, from the outermost on, lie in this order."""
    found, step = [0] * len(shape), 1
    for axis in reversed(order or ()):
        found[axis], step = step, step * shape[axis]
    return tuple(found) if order else None


@lru_cache(maxsize=None)
def _length(stride):
    """A number to order strides by: symbols are large, those that divide less so."""
    if not is_symbol(stride):
        return abs(stride)
    above, below = (part.subs(dict.fromkeys(part.free_symbols, value))
                    for part, value in zip(stride.as_numer_denom(), (10**6, 10)))
    return abs(above / below)


@lru_cache(maxsize=4096)
def answer(function, operands, options=()):
    """What NumPy makes of operands (a `Form` each; a type: a number of it).

    Returns shape, dtype, the order of the axes in memory as a new array (None: row after row) and
    the strides as a view of the first operand. Equal sizes have one small number in their place,
    and axes lie as those of the operands do. The sizes of the result must be sizes of the operands.
    """
    sizes, strides = [0, 1], {}  # what each small size, and each step of the first operand, means

    def small(form):
        if not isinstance(form, Form):
            return form(1) if isinstance(form, type) else form
        shape = []
        for size in form.shape:
            place = next((i for i, known in enumerate(sizes) if equal(size, known)), len(sizes))
            sizes.extend([size] * (place == len(sizes)))
            shape.append(place)
        given = form.strides or row_strides(form.shape)
        lengths = [0 if size == 1 else _length(stride) for size, stride in zip(shape, given)]
        steps, cells = {0: 0}, 1
        for length in sorted({*lengths} - {0}):
            steps[length] = cells
            cells *= prod(max(size, 2) for size, of in zip(shape, lengths) if of == length)
        strides or strides.update({steps[length]: stride for length, stride in zip(lengths, given)
                                   if length} or {0: 0})
        steps = [steps[length] * form.dtype.itemsize for length in lengths]
        return np.ndarray(shape, form.dtype, np.zeros(cells, form.dtype), 0, steps)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = function(*map(small, operands), **dict(options))
    if isinstance(found, tuple):
        raise NotImplementedError(f"tracing does not know np.{function.__name__} with one argument")
    found = np.asarray(found)
    shape = tuple(sizes[size] if size < len(sizes) else None for size in found.shape)
    axes = [axis for axis, size in enumerate(found.shape) if size != 1]
    order = sorted(axes, key=lambda axis: -abs(found.strides[axis]))
    view = [0] * found.ndim
    for axis in axes:
        rest = found.strides[axis] // found.itemsize
        for step in sorted({*strides} - {0}, reverse=True):
            times = int(rest / step)  # towards zero
            rest, view[axis] = rest - times * step, view[axis] + times * strides[step]
    return shape, found.dtype, None if order == axes else tuple(order), tuple(view)
