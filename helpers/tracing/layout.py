"""Where the elements of an array lie in memory: strides in elements, whole numbers or SymPy expressions.

NumPy's own rules: which reshape is a view, in which order a new array is laid out, how many elements a view covers.
"""

from helpers.tracing.sizes import at_most, equal, is_symbolic, product, whole


def row_strides(shape):
    """Row after row, without gaps."""
    return tuple(product(tuple(shape[place + 1:])) for place in range(len(shape)))


def broadcast_strides(shape, strides, ndim):
    """Strides after broadcasting to `ndim` axes: 0 along new axes and those of size 1."""
    return (0,) * (ndim - len(shape)) + tuple(0 if size == 1 else stride for size, stride in zip(shape, strides))


def covered(shape, strides):
    """How many different elements a view has: axes whose steps overlap, as windows have, are one longer run.

    a steps of p elements over a run of b ≥ p cover (a − 1)·p + b. Exact where one stride divides the other; symbols
    overlap only where their strides are equal.
    """
    axes = [[_absolute(stride), size] for size, stride in zip(shape, strides) if size != 1 and stride != 0]
    if not any(is_symbolic(value) for axis in axes for value in axis):
        axes.sort()
    runs = []  # [stride, elements]
    for stride, size in axes:
        run = next((run for run in runs if run[0] == stride), runs[-1] if runs else None)
        steps = 1 if run and run[0] == stride else None
        if run and steps is None and not is_symbolic(stride) and not is_symbolic(run[0]) and stride % run[0] == 0:
            steps = stride // run[0]
        if steps == 1 or steps and not is_symbolic(run[1]) and steps <= run[1]:
            run[1] = (size - 1) * steps + run[1]
        else:
            runs.append([stride, size])
    cells = product(tuple(elements for _, elements in runs))
    return whole(cells.expand()) if is_symbolic(cells) and len(runs) < len(axes) else cells


def _absolute(stride):
    negative = stride.could_extract_minus_sign() if is_symbolic(stride) else stride < 0
    return -stride if negative else stride


def reshaped_strides(old, strides, new):
    """The strides of a reshape that needs no copy; None if NumPy has to copy.

    Neighbouring axes without a gap between them are one run; a new axis may divide a run, but not join two.
    """
    runs = []  # [elements, stride of the innermost]
    for size, stride in zip(old, strides):
        if size == 1:
            continue
        if runs and equal(runs[-1][1], size * stride):
            runs[-1] = [runs[-1][0] * size, stride]
        else:
            runs.append([size, stride])
    rest, result = list(new), []
    for elements, stride in runs:
        sizes, made = [], 1
        while not equal(made, elements):
            if not rest:
                return None
            sizes.append(rest.pop(0))
            made = made * sizes[-1]
        result += [product(tuple(sizes[place + 1:])) * stride for place in range(len(sizes))]
    return tuple(result) + (0,) * len(rest) if all(size == 1 for size in rest) else None


def kept_order(shape, operands, copying=False):
    """The strides of a new array of this shape, laid out in the order in which its operands lie; None for rows.

    NumPy sorts the axes from the innermost on, and moves one inwards where an operand's strides say so and no
    other contradicts (nditer with order "K"). A broadcast axis has nothing to say, but copying=True, as in
    np.copy, astype and np.zeros_like, it goes innermost.
    """
    known = [operand for operand in operands if operand.shape]
    if all(operand._strides is None for operand in known):
        return None
    strides = [broadcast_strides(operand.shape, operand.strides, len(shape)) for operand in known]
    inwards = list(range(len(shape)))[::-1]
    for place in range(1, len(inwards)):
        axis, goal = inwards[place], place
        for other in range(place - 1, -1, -1):
            answers = [_swaps(of[axis], of[inwards[other]]) for of in strides
                       if copying or of[axis] != 0 and of[inwards[other]] != 0]
            if answers and not all(answers):
                break
            goal = other if answers else goal
        inwards.insert(goal, inwards.pop(place))
    if inwards == list(range(len(shape)))[::-1]:
        return None
    found, step = [0] * len(shape), 1
    for axis in inwards:
        found[axis], step = step, step * shape[axis]
    return tuple(found)


def _swaps(outer, inner):
    """True if the inner axis has the longer stride, as far as can be shown."""
    outer, inner = _absolute(outer), _absolute(inner)
    return not equal(outer, inner) and at_most(outer, inner)
