"""What NumPy's functions cost: tables, and a rule where sizes come out that did not go in.

The conventions of lesson 02: an elementwise function is 1 FLOP per element of its result; a sum,
product or maximum over k terms is k; a multiply-add is 2; moving data is none. A rule takes its
options by NumPy's own names; those that it does not name are refused.
"""

import inspect
from functools import partial
from itertools import zip_longest
from operator import attrgetter
from string import digits

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from helpers.sizes import check_size, exact, is_symbol
from helpers.tracing.array import RULES, TracedArray, as_traced, refuse
from helpers.tracing.layout import (
    at_most, equal, equal_shapes, misfit, product, reshaped_strides, shape_text)

ELEMENTWISE = (
    "add subtract multiply divide floor_divide remainder fmod power float_power negative positive "
    "absolute fabs sign rint floor ceil trunc reciprocal square sqrt cbrt exp exp2 expm1 log log2 "
    "log10 log1p logaddexp sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
    "arctanh hypot maximum minimum fmax fmin heaviside copysign greater greater_equal less "
    "less_equal equal not_equal logical_and logical_or logical_not logical_xor isnan isfinite "
    "isinf signbit bitwise_and bitwise_or bitwise_xor invert where")
REDUCING = "axis dtype keepdims initial ddof correction"


COSTS = (  # functions; operands; options; FLOPs of the result y, the operands and the options
    (ELEMENTWISE, 3, "dtype", lambda y, *x, **_: y.elements),
    ("round nan_to_num", 1, "decimals nan", lambda y, x, **_: y.elements),
    ("sum prod max min amax amin any all argmax argmin count_nonzero", 1, REDUCING,
     lambda y, x, **_: x.elements),
    ("mean", 1, REDUCING, lambda y, x, **_: x.elements + y.elements),  # a sum, and one division
    ("var", 1, REDUCING, lambda y, x, **_: 4 * x.elements + 2 * y.elements),  # mean, −, ², mean
    ("std", 1, REDUCING, lambda y, x, **_: 4 * x.elements + 3 * y.elements),
    ("copy tril triu roll", 1, "order subok k shift axis", lambda y, x, **_: 0))
SUMS = {  # over how many terms each number of a product is a sum
    "matmul linalg.matmul vecdot linalg.vecdot matvec vecmat dot inner": lambda a: a.shape[-1],
    "vdot": lambda a: a.elements, "outer": lambda a: 1,
    "tensordot": lambda a, axes=2: product(
        tuple(a.shape[place] for place in axes[0]) if isinstance(axes, (list, tuple))
        else a.shape[a.ndim - axes:])}
VIEWS = ("transpose permute_dims matrix_transpose swapaxes moveaxis rollaxis squeeze expand_dims "
         "flip fliplr flipud rot90 atleast_1d atleast_2d atleast_3d")
JOINS = {  # what each array is made before they are put one behind the other, and along which axis
    "concatenate": (lambda x, axis: x, lambda x, axis: axis),
    "stack": (np.expand_dims, lambda x, axis: axis),
    "hstack": (lambda x, axis: np.atleast_1d(x), lambda x, axis: min(x.ndim - 1, 1)),
    "vstack": (lambda x, axis: np.atleast_2d(x), lambda x, axis: 0),
    "dstack": (lambda x, axis: np.atleast_3d(x), lambda x, axis: 2),
    "column_stack": (lambda x, axis: x if x.ndim > 1 else x.reshape(-1, 1), lambda x, axis: 1)}
OTHERS = {  # written with functions that are known
    "shape": lambda x: x.shape, "ndim": lambda x: x.ndim,
    "size": lambda x, axis=None: x.size if axis is None else x.shape[axis],
    "unstack": lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
    "hsplit": lambda x, indices_or_sections: np.split(x, indices_or_sections, min(x.ndim - 1, 1)),
    "vsplit": lambda x, indices_or_sections: np.split(x, indices_or_sections, 0),
    "append": lambda x, values, axis=None: np.concatenate([x, values], axis),
    "average": lambda x, axis=None, weights=None, keepdims=False: np.mean(
        x, axis, keepdims=keepdims) if weights is None else _weighted(
            x, as_traced(x.ledger, weights), axis=axis, keepdims=keepdims),
    "take": lambda x, indices, axis=None: (x if axis is not None else x.over((x.elements,)))[
        (*[slice(None)] * normalize_axis_index(axis or 0, x.ndim or 1),
         list(indices) if isinstance(indices, tuple) else indices)],
    "trace": lambda x, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2).sum(-1)}
COPIED = {  # the shapes of copies
    "diag": lambda x, k=0: np.diagonal(x, k) if x.ndim == 2 else [x.shape[0] + abs(k)] * 2,
    "tile": lambda x, reps: [size * times for size, times in zip_longest(
        x.shape[::-1], _sizes(reps)[::-1], fillvalue=1)][::-1]}
CREATING = "zeros ones empty full eye identity tri arange array asarray".split()


def rule(names, operands=1, options="", **settings):
    """Enter the decorated function as the rule of these NumPy functions (those that there are)."""
    def enter(function):
        own = list(inspect.signature(function).parameters.values())[1:]
        for name in names.split():
            try:
                known = attrgetter(name)(np)
            except AttributeError:
                continue  # newer than this NumPy
            try:
                signature = inspect.signature(known)
            except ValueError:
                signature = inspect.Signature(own)  # NumPy before 2.4
            RULES[known] = (partial(function, **settings), operands,
                            {*(each.name for each in own), *options.split()}, signature)
        return function
    return enter


def _computed(call, *operands, cost=0, out=None, **options):
    return call.compute(*operands, out=out, flops=lambda y, *x: cost(y, *x, **options), **options)


for _names, _operands, _options, _cost in COSTS:
    rule(_names, _operands, _options, cost=_cost)(_computed)
for _name in ELEMENTWISE.split():
    if getattr(getattr(np, _name), "nin", 0) == 2:
        rule(f"{_name}.outer", 2, "dtype", cost=COSTS[0][3])(_computed)
        rule(f"{_name}.reduce {_name}.accumulate", 1, REDUCING, cost=COSTS[2][3])(_computed)
for _name, _function in (OTHERS | COPIED).items():
    def _written(call, x, _as=_function, _name=_name, **options):
        [x] = call.arrays(x)
        found = _as(x, **options)
        copied = _name in COPIED and isinstance(found, list)
        return call.write([x], found, x.dtype) if copied else found
    rule(_name, 1, " ".join(inspect.signature(_function).parameters))(_written)


@rule("clip", operands=3)
def _clip(call, x, a_min=None, a_max=None, out=None, min=None, max=None):
    bounds = [a_min if min is None else min, a_max if max is None else max]
    given = sum(bound is not None for bound in bounds)
    return call.compute(x, *bounds, out=out, flops=lambda y, *_: product((given, *y.shape)))


@rule("linalg.norm")
def _norm(call, x, ord=None, axis=None, keepdims=False):
    """The root of the sum of the squares; or the sum, or the largest, of the absolute values."""
    axes = np.ndim(x) if axis is None else np.size(axis)
    known = {1: (None, 2, 1, np.inf), 2: (None, "fro")}.get(axes, (None,))
    refuse("linalg.norm", ord=ord not in known and ord)
    return call.compute(x, ord=ord, axis=axis, keepdims=keepdims, flops=lambda y, x: (
        2 * x.elements + (ord not in (1, np.inf)) * y.elements))


def _weighted(x, weights, axis, **options):
    if weights.ndim != x.ndim:
        place = normalize_axis_index(axis, x.ndim)
        weights = weights.reshape([-1 if i == place else 1 for i in range(x.ndim)])
    total = np.sum(weights, axis, **options)
    return np.sum(x * weights, axis, **options) / total


@rule("cumsum cumprod", axis=None)
@rule("sort argsort")
@rule("partition argpartition", operands=2)
def _along(call, x, kth=(), axis=-1, dtype=None, out=None, kind=None, stable=None):
    """A running sum: 1 FLOP per element. A sort of k numbers, or a partition: ⌈log₂ k⌉ passes.

    That is what a merge sort compares at most, rounded up.
    """
    [x] = call.arrays(x)
    flat, axis = (x, axis) if x.shape and axis is not None else (x.over((x.elements,)), 0)
    size, passes, function = flat.shape[normalize_axis_index(axis, flat.ndim)], 1, None
    if "cum" not in call.name:
        function = np.argsort if "arg" in call.name else np.sort
        passes = _ceiling_of_log(size)
        if not is_symbol(size) and size and not all(
                -size <= place < size for place in np.ravel(kth)):
            raise ValueError(f"{call.name}: kth = {kth} lies outside an axis of size {size}")
    options = {"dtype": dtype} if function is None else {}
    shape, dtype, order, _ = call.ask([flat], function, axis=axis, **options)
    return call.write([x], shape, dtype, order, product((*shape, passes)), out)


def _ceiling_of_log(size):
    if not is_symbol(size):
        return max(size - 1, 0).bit_length()
    from sympy import ceiling, log
    return ceiling(log(size, 2))


# products with a sum: a multiply-add for each point of the index space
def _product(call, a, b, out=None, terms=None, **options):
    a, b = call.arrays(a, b)
    if call.name in ("dot", "inner") and not (a.ndim and b.ndim):
        return np.multiply(a, b, out=out)
    if call.name in ("outer", "vdot"):
        a, b = (x.over((x.elements,)) for x in (a, b))
    shape, dtype, order, _ = call.ask([a, b], **options)
    summed = call.name != "outer" and options.get("axes") != 0
    flops = product((1 + summed, *shape, terms(a, **options)))
    return call.write([a, b], shape, dtype, order, flops, out, summed)


for _names, _terms in SUMS.items():
    rule(_names, 2, "axes" if _names == "tensordot" else "", terms=_terms)(_product)


@rule("einsum", operands=2)
def _einsum(call, subscripts, *operands, out=None, optimize=False):
    refuse("einsum", subscripts=None if isinstance(subscripts, str) else "no text",
           optimize=len(operands) > 2 and optimize)  # the order, and so the cost, would be NumPy's
    operands = call.arrays(*operands)
    shape, dtype, order, view = call.ask([subscripts, *operands], optimize=optimize)
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    labels, sizes = [], {}
    for term, x in zip(left.split(","), operands):
        labels += term.replace("...", digits[10 - x.ndim + len(term.replace("...", "")):])
        sizes.update((label, size) for label, size in zip(labels[-x.ndim:], x.shape)
                     if x.ndim and sizes.get(label, 1) == 1)
    if arrow:
        kept = result.replace("...", digits)
    else:
        kept = [label for label in labels if label.isdigit() or labels.count(label) == 1]
    summed = not sizes.keys() <= {*kept}
    if len(operands) == 1 and not summed:
        return operands[0].over(shape, view)
    return call.write(operands, shape, dtype, order, product(
        (len(operands) - 1 + summed, *sizes.values())), out, summed and len(operands) > 1)


# views: no cost
@rule(VIEWS, options="axes axis axis1 axis2 source destination start k")
def _view(call, x, **options):
    shape, _, _, view = call.ask([x], **options)
    return call.arrays(x)[0].over(shape, view)


@rule("diagonal")
def _diagonal(call, x, offset=0, axis1=0, axis2=1):
    shape, _, _, view = call.ask([x], axis1=axis1, axis2=axis2)
    rows, columns = (x.shape[place] for place in normalize_axis_tuple((axis1, axis2), x.ndim))
    if offset or not equal(rows, columns):
        refuse("diagonal", offset=(is_symbol(rows) or is_symbol(columns)) and f"{offset} of {x!r}")
        size = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
        shape = (*shape[:-1], size)
    return x.over(shape, view)


@rule("broadcast_to")
def _broadcast_to(call, x, shape, subok=False):
    [x], shape = call.arrays(x), _sizes(shape)
    shape, _, _, view = call.ask([x, x.over(shape, [0] * len(shape))], _spread)
    return x.over(shape, view)


def _spread(x, like):
    return np.broadcast_to(x, like.shape)


def _sizes(shape):
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


@rule("lib.stride_tricks.sliding_window_view")
def _windows(call, x, window_shape, axis=None):
    shape, widths = list(x.shape), _sizes(window_shape)
    places = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, None, True)
    for place, width in zip(places, widths, strict=True):
        shape[place] = exact(sliced(shape[place], slice(width - 1, None)))
    return x.over([*shape, *widths], [*x.strides, *(x.strides[place] for place in places)])


@rule("split array_split", operands=2)
def _split(call, x, parts, axis=0):
    place = normalize_axis_index(axis, x.ndim)
    size = x.shape[place]
    if not isinstance(parts, (list, tuple, np.ndarray)):
        refuse(call.name, indices_or_sections=is_symbol(parts) and parts)
        rest = 0 if is_symbol(size) else size % check_size(parts, f"{call.name}: parts")
        if rest and call.name != "array_split":
            raise ValueError(f"{call.name}: an axis of size {size} cannot be divided into {parts} "
                             "equal parts; np.array_split makes the first ones longer")
        part = exact((size - rest) / parts) if is_symbol(size) else size // parts
        parts = [part * i + min(i, rest) for i in range(1, parts)]
    return [x[(*[slice(None)] * place, slice(*pair))]
            for pair in zip([0, *parts], [*parts, size])]


# views where they can be, otherwise copies: bytes, no FLOPs
@rule("reshape")
def _reshape(call, x, shape, order="C", copy=None):
    refuse("reshape", order=order != "C" and order, copy=copy)
    [x], shape = call.arrays(x), [*_sizes(shape)]
    rest = [i for i, size in enumerate(shape) if not is_symbol(size) and size == -1]
    known = product(tuple(size for i, size in enumerate(shape) if i not in rest))
    if len(rest) == 1 and (is_symbol(x.elements) or is_symbol(known)):  # taken to divide
        shape[rest[0]] = exact((x.elements / known).cancel())
    elif len(rest) == 1 and known and x.elements % known == 0:
        shape[rest[0]] = x.elements // known
    elif rest or not equal(x.elements, known):
        raise misfit("reshape", x.shape, tuple(shape))
    if x.form.strides is None or x.elements == 0:
        return x.over(shape)
    strides = reshaped_strides(x.shape, x.strides, tuple(shape))
    return call.write([x], shape, x.dtype) if strides is None else x.over(shape, strides)


@rule("ravel ndarray.flatten")
def _ravel(call, x, order="C"):
    refuse(call.name, order=order != "C" and order)
    [x], view = call.arrays(x), call.name == "ravel" and x.form.strides is None
    return x.over((x.elements,)) if view else call.write([x], (x.elements,), x.dtype)


@rule("astype")
def _astype(call, x, dtype, copy=True):
    if copy or as_traced(call.ledger, x).dtype != dtype:
        call.function = np.ndarray.astype
        return call.compute(x, dtype=dtype)
    return x


def _beside(*arrays, axis, dtype):
    return np.concatenate(arrays, axis, dtype=dtype)


@rule(" ".join(JOINS))
def _join(call, arrays, axis=0, out=None, dtype=None):
    turn, along = JOINS[call.name]
    given = call.arrays(*arrays)
    arrays = [turn(array, axis) for array in given]
    if axis is None:
        arrays, axis = [array.over((array.elements,)) for array in arrays], 0
    place = normalize_axis_index(along(arrays[0], axis), arrays[0].ndim)
    shape, dtype, order, _ = call.ask(arrays, _beside, given, axis=place, dtype=dtype)
    total = exact(sum(array.shape[place] for array in arrays))
    return call.write(arrays, (*shape[:place], total, *shape[place + 1:]), dtype, order, 0, out)


@rule("repeat", operands=2)
def _repeat(call, x, repeats, axis=None):
    shape = [x.elements] if axis is None or not x.shape else list(x.shape)
    place, repeats = normalize_axis_index(axis or 0, len(shape)), _sizes(repeats)
    repeats = [check_size(times, "repeat: repeats", 0) for times in repeats]
    shape[place] = sum(repeats) if len(repeats) > 1 else shape[place] * repeats[0]
    return call.write([x], shape, x.dtype)


@rule("pad", operands=2)
def _pad(call, x, pad_width, mode="constant", constant_values=0):
    refuse("pad", pad_width=isinstance(pad_width, dict) and pad_width, mode=mode not in (
        "constant", "edge", "empty", "reflect", "symmetric", "wrap") and mode)
    widths = np.broadcast_to(np.asarray(pad_width, object), (x.ndim, 2)).tolist()
    shape = [exact(size + before + after) for size, (before, after) in zip(x.shape, widths)]
    return call.write([x], shape, x.dtype, call.ask([x], np.copy)[2])


@rule("take_along_axis", operands=2)
def _take_along_axis(call, x, indices, axis=-1):
    """It reads as many elements as it writes, and the indices. The other axes broadcast."""
    refuse("take_along_axis", axis="None" if axis is None else None)
    x, indices = call.arrays(x, indices)
    shape, dtype, order, _ = call.ask([x, indices], axis=axis)
    return call.write([x.over(shape), indices], shape, dtype, order)


# indexing
def _picked(x, *ids, items):
    ids = iter(ids)
    return x[tuple(next(ids) if item == "ids" else slice(None) if item == ":" else item
                   for item in items)]


def _indexed(call, x, index):
    """Of x[index] the shape, the order as a copy, the strides as a view; its arrays of ids."""
    call.name, items, taken = "indexing", [], []
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, (list, tuple)):
            item = np.asarray(item, None if item else int)
        if isinstance(item, TracedArray) and item.values is not None:
            item = item.values
        mask = getattr(item, "dtype", type(item)) in (bool, np.bool_)
        if mask and not (isinstance(item, np.ndarray) and item.ndim):
            raise NotImplementedError("tracing does not know an index that is True or False, or a "
                                      "truth mask: the size of the result depends on values; use "
                                      "np.where, or assign through the mask")
        items.append(item)
        taken.append(0 if item is None or item is Ellipsis else item.ndim if mask else 1)
    if sum(taken) > x.ndim:
        raise IndexError(f"{sum(taken)} indices for an array of shape {shape_text(x.shape)}")
    if not any(item is Ellipsis for item in items):
        items, taken = [*items, Ellipsis], [*taken, 0]
    asked, ids, shape, strides, axis = [], [], list(x.shape), list(x.strides), 0
    for item, count in zip(items, taken):
        parts = [item]
        if getattr(item, "dtype", None) == bool:
            parts = item.nonzero()
            if not equal_shapes(x.shape[axis:axis + count], item.shape):
                raise misfit("indexing by a mask", x.shape, item.shape)
        elif item is Ellipsis:
            axis += x.ndim - sum(taken)
        for part in parts:
            if isinstance(part, slice):
                shape[axis] = sliced(shape[axis], part)
                strides[axis] *= 1 if part.step is None else part.step
                part = ":"
            elif part is not None and part is not Ellipsis:
                part = _place(call, x.shape[axis], part, ids)
            asked.append(part)
            axis += item is not None and item is not Ellipsis
    shape, _, order, view = call.ask([x.over(shape, strides), *ids], _picked, items=tuple(asked))
    return shape, order, view, ids


def _place(call, size, item, ids):
    """0 for a whole number, "ids" for an array of them, which joins `ids`; IndexError outside."""
    item = np.asarray(item) if isinstance(item, range) else item
    if isinstance(item, (float, str)) or isinstance(item, np.ndarray) and (
            item.dtype.kind not in "iu"):
        raise IndexError(f"index {item!r}: give whole numbers, slices or arrays of them")
    ends = ()
    if not isinstance(item, TracedArray):
        ends = (item,) if not np.ndim(item) else (item.min(), item.max()) if item.size else ()
    for end in ends:
        if not is_symbol(end) and not is_symbol(size) and not -size <= end < size:
            raise IndexError(f"index {end} is outside an axis of size {size}")
    if not np.ndim(item):
        return 0
    array = as_traced(call.ledger, item)  # of floats too, as trace's arguments are
    ids.append(TracedArray(call.ledger, array.shape, int, array.form.strides, array.buffer))
    return "ids"


def sliced(size, item):
    """How many elements a slice takes of an axis; ValueError where symbols leave that open."""
    start, stop, step = item.start, item.stop, 1 if item.step is None else item.step
    if not any(map(is_symbol, (size, start, stop, step))):
        return len(range(*item.indices(size)))
    if step == -1 and start is None and stop is None:
        return size
    if stop is None and not is_symbol(step) and not is_symbol(start) and 0 <= (start or 0) < step:
        return exact(size / step)  # taken to divide
    start, stop = 0 if start is None else start, size if stop is None else stop
    start, stop = (size + x if not is_symbol(x) and x < 0 else x for x in (start, stop))
    if step != 1 or not (at_most(0, start) and at_most(start, stop) and at_most(stop, size)):
        raise ValueError(f"slice {item.start}:{item.stop}:{item.step} of an axis of size {size}: "
                         "it cannot be shown that it lies inside; write the size so that it "
                         "contains the slice (for example n = k + m)")
    return exact(stop - start)


@rule("ndarray.__getitem__", operands=2)
def _getitem(call, x, index):
    shape, order, view, ids = _indexed(call, x, index)
    call.name = "take"
    return x.over(shape, view) if not ids else call.write(
        [x.over(shape), *(array for array in ids if array.buffer.traced)], shape, x.dtype, order)


def _assigned(target, value):
    target[...] = value
    return target


@rule("ndarray.__setitem__", operands=3)
def _setitem(call, x, index, value):
    [value], target, masks = call.arrays(value), x, []
    if isinstance(index, TracedArray) and index.dtype == bool and index.values is None:
        masks = [index]  # as if all elements were written
        if value.shape or not equal_shapes(index.shape, x.shape[:index.ndim]):
            raise misfit("assignment", x.shape, value.shape)
    else:
        shape, _, view, ids = _indexed(call, x, index)
        target, call.name = x.over(shape, None if ids else view), "assignment"
        call.ask([target, value], _assigned)
    call.name = "assign"
    call.write([value, *masks], target.shape, target.dtype, out=target)


# new arrays: written once, read nowhere
@rule("zeros_like ones_like empty_like")
@rule("full_like", operands=2)
def _new_like(call, x, value=None, dtype=None, subok=True, shape=None):
    [x] = call.arrays(x)
    call.traced, dtype = x.buffer.traced, dtype or x.dtype
    if shape is not None:
        return call.write([], _sizes(shape), dtype)
    return call.write([], x.shape, dtype, call.ask([x], np.copy)[2])


@rule("zeros ones empty identity")
@rule("tri eye full", operands=2)
def _new(call, shape, more=None, dtype=None, M=None, k=0, device=None):
    """more: the value of np.full, the columns of np.eye and np.tri."""
    if call.name == "full":
        dtype = dtype or call.arrays(more)[0].dtype
    elif call.name in ("identity", "tri", "eye"):
        columns = M if more is None else more
        shape = shape, shape if columns is None else columns
    return call.write([], _sizes(shape), dtype or float)


@rule("arange", operands=3)
def _arange(call, *bounds, dtype=None):
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if any(map(is_symbol, (start, stop, step))):
        refuse("arange", step=step if step != 1 else None)
        size = exact(stop - start)
    else:
        size = max(0, -int((start - stop) // step))
    return call.write([], (size,), dtype or np.result_type(
        *(int if is_symbol(each) else type(each) for each in bounds)))


@rule("array asarray")
def _array(call, value, dtype=None):
    x = as_traced(call.ledger, value)
    x = x.copy() if x is value and call.name == "array" else x
    return x if dtype is None else x.astype(dtype, copy=False)
