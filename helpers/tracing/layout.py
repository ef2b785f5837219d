"""Sizes and strides of arrays: NumPy's rules, for whole numbers and SymPy's symbols alike.

Strides count elements, not bytes: which reshape is a view, in which order a new array lies in
memory, how many elements a view covers.
"""

from functools import lru_cache
from math import prod

from helpers.notation import text
from helpers.sizes import exact, is_symbol

product = lru_cache(maxsize=None)(prod)  # of a tuple of sizes: how many elements they span


@lru_cache(maxsize=None)
def equal(a, b):
    """True if the two sizes can be shown to be equal for all values of their symbols."""
    if a == b or not (is_symbol(a) or is_symbol(b)):
        return a == b
    return bool((a - b).expand().simplify() == 0)


def equal_shapes(a, b):
    return len(a) == len(b) and all(map(equal, a, b))


def shape_text(shape):
    """A shape as it is printed in messages and tables: `(n, d)`, `(100, 512)`."""
    return "(" + ", ".join(map(text, shape)) + (",)" if len(shape) == 1 else ")")


def misfit(operation, *shapes):
    """The ValueError for shapes that do not fit one another, with every shape in its message."""
    names = [symbol.name for symbol in set().union(
        *(getattr(size, "free_symbols", ()) for shape in shapes for size in shape))]
    twice = sorted({name for name in names if names.count(name) > 1})
    hint = (f" (there are two symbols called {', '.join(twice)} with different assumptions: "
            "take both from helpers.notation)") if twice else ""
    return ValueError(f"{operation}: the shapes {' and '.join(map(shape_text, shapes))} do not fit:"
                      f" their sizes cannot be shown to be equal{hint}")


@lru_cache(maxsize=4096)
def broadcast(operation, *shapes):
    """The shape that NumPy's broadcasting gives: sizes are equal, or one of them is 1."""
    result = []
    for place in range(-max(map(len, shapes), default=0), 0):
        sizes = [shape[place] for shape in shapes if len(shape) >= -place]
        result.append(next((size for size in sizes if size != 1), 1))
        if not all(size == 1 or equal(size, result[-1]) for size in sizes):
            raise misfit(operation, *shapes)
    return tuple(result)


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


def spread(shape, strides, ndim):
    """Strides after broadcasting to `ndim` axes: 0 along new axes and those of size 1."""
    return (0,) * (ndim - len(shape)) + tuple(
        0 if size == 1 else stride for size, stride in zip(shape, strides))


def _absolute(stride):
    negative = stride.could_extract_minus_sign() if is_symbol(stride) else stride < 0
    return -stride if negative else stride


def covered(shape, strides):
    """How many different elements a view has: axes whose steps overlap, as windows have, are a run.

    a steps of p elements over a run of b ≥ p cover (a − 1)·p + b. Exact where one stride divides
    the other; symbols overlap only where their strides are equal.
    """
    axes = [(_absolute(stride), size) for size, stride in zip(shape, strides)
            if size != 1 and stride != 0]
    if not any(is_symbol(value) for axis in axes for value in axis):
        axes.sort()
    runs = []  # [stride, elements]
    for stride, size in axes:
        run = next((run for run in runs if run[0] == stride), runs[-1] if runs else [0, 0])
        steps = 1 if run[0] == stride else 0
        if run[0] and not steps and not any(map(is_symbol, (stride, *run))):
            steps = stride // run[0] if stride % run[0] == 0 and stride // run[0] <= run[1] else 0
        if steps:
            run[1] += (size - 1) * steps
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


def kept_order(shape, operands, copying=False):
    """The strides of a new array of this shape, laid out as its operands lie; None for rows.

    NumPy sorts the axes from the innermost on, and moves one inwards where an operand's strides
    say so and no other contradicts (nditer with order "K"). A broadcast axis has nothing to say,
    but copying=True, as in np.copy, astype and np.zeros_like, it goes innermost.
    """
    if all(operand._strides is None or not operand.shape for operand in operands):
        return None
    strides = [spread(x.shape, x.strides, len(shape)) for x in operands if x.shape]
    inwards = []
    for axis in reversed(range(len(shape))):
        goal = len(inwards)
        for place in range(len(inwards) - 1, -1, -1):
            pairs = [(_absolute(of[axis]), _absolute(of[inwards[place]])) for of in strides]
            answers = [not equal(*pair) and at_most(*pair) for pair in pairs
                       if copying or pair[0] != 0 and pair[1] != 0]
            if answers and not all(answers):
                break
            goal = place if answers else goal
        inwards.insert(goal, axis)
    found, step = [0] * len(shape), 1
    for axis in inwards:
        found[axis], step = step, step * shape[axis]
    return None if inwards == sorted(inwards)[::-1] else tuple(found)
