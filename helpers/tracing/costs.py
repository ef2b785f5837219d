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
    ("mean average", 1, REDUCING, lambda y, x, **_: x.elements + y.elements),  # a sum, a division
    ("var", 1, REDUCING, lambda y, x, **_: 4 * x.elements + 2 * y.elements),  # mean, −, ², mean
    ("std", 1, REDUCING, lambda y, x, **_: 4 * x.elements + 3 * y.elements),
    ("linalg.norm", 1, REDUCING, lambda y, x, **_: 2 * x.elements + y.elements),
    ("copy tril triu roll", 1, "order subok k shift axis", lambda y, x, **_: 0))
VIEWS = ("transpose permute_dims matrix_transpose swapaxes moveaxis rollaxis squeeze expand_dims "
         "flip fliplr flipud rot90 atleast_1d atleast_2d atleast_3d")
JOINS = {  # what each array is made before they are put one behind the other, and along which axis
    "concatenate": (lambda x, axis: x, lambda x, axis: axis),
    "stack": (np.expand_dims, lambda x, axis: axis),
    "hstack": (lambda x, axis: np.atleast_1d(x), lambda x, axis: min(x.ndim - 1, 1)),
    "vstack": (lambda x, axis: np.atleast_2d(x), lambda x, axis: 0)}
OTHERS = {  # written with functions that are known
    "shape": lambda x: x.shape, "ndim": lambda x: x.ndim,
    "size": lambda x, axis=None: x.size if axis is None else x.shape[axis],
    "hsplit": lambda x, indices_or_sections: np.split(x, indices_or_sections, min(x.ndim - 1, 1)),
    "append": lambda x, values, axis=None: np.concatenate([x, values], axis),
    "take": lambda x, indices, axis=None: (x if axis is not None else x.over((x.elements,)))[
        (*[slice(None)] * normalize_axis_index(axis or 0, x.ndim or 1),
         list(indices) if isinstance(indices, tuple) else indices)],
    "trace": lambda x, axis1=0, axis2=1: np.diagonal(x, 0, axis1, axis2).sum(-1)}
CREATING = "zeros ones empty full eye identity tri arange array asarray".split()


def _ufunc(*x, out=None, where=True, casting="same_kind", order="K", subok=True, dtype=None):
    """How every ufunc is called."""


def rule(names, operands=1, options="", **settings):
    """Enter the decorated function as the rule of these NumPy functions (those that there are)."""
    def enter(function):
        own = list(inspect.signature(function).parameters.values())[1:]
        for name in names.split():
            try:
                known = attrgetter(name)(np)
                like = _ufunc if isinstance(getattr(known, "__self__", known), np.ufunc) else known
                signature = inspect.signature(like)
            except AttributeError:
                continue  # newer than this NumPy
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
rule("outer", 2)(lambda call, *x, out=None: np.multiply.outer(*map(np.ravel, x)))
for _name, _function in OTHERS.items():
    def _written(call, x, _as=_function, **options):
        return _as(x, **options)
    rule(_name, 1, " ".join(inspect.signature(_function).parameters))(_written)


@rule("clip", operands=3)
def _clip(call, x, a_min=None, a_max=None, out=None, min=None, max=None):
    bounds = [a_min if min is None else min, a_max if max is None else max]
    given = sum(bound is not None for bound in bounds)
    return call.compute(x, *bounds, out=out, flops=lambda y, *_: product((given, *y.shape)))


@rule("cumsum cumprod", options="dtype", axis=None)
@rule("sort argsort partition argpartition", options="kind stable kth")
def _along(call, x, axis=-1, out=None, **options):
    """A running sum: 1 FLOP per element. A sort of k numbers, or a partition: ⌈log₂ k⌉ passes."""
    if axis is None or not x.shape:
        x, axis = x.over((x.elements,)), 0
    size = x.shape[normalize_axis_index(axis, x.ndim)]
    passes = 1 if "cum" in call.name else _ceiling_of_log(size)
    return call.compute(x, axis=axis, out=out, **options,
                        flops=lambda y, _: product((*y.shape, passes)))


def _ceiling_of_log(size):
    if not is_symbol(size):
        return max(size - 1, 0).bit_length()
    from sympy import ceiling, log
    return ceiling(log(size, 2))


# products with a sum: a multiply-add for each point of the index space
@rule("matmul linalg.matmul vecdot linalg.vecdot matvec vecmat dot inner", operands=2)
def _product(call, a, b, out=None):
    if call.name in ("dot", "inner") and not (np.ndim(a) and np.ndim(b)):
        return np.multiply(a, b, out=out)
    return call.compute(a, b, out=out, is_matmul=True,
                        flops=lambda y, a, b: product((2, *y.shape, a.shape[-1])))


@rule("einsum", operands=99)
def _einsum(call, subscripts, *operands, out=None, optimize=False):
    explicit = isinstance(subscripts, str) and "->" in subscripts
    refuse("einsum", subscripts=None if explicit else subscripts,
           optimize=len(operands) > 2 and optimize)  # the order, and so the cost, would be NumPy's
    operands, sizes = call.arrays(*operands), {}
    shape, dtype, order, view = call.ask([subscripts, *operands], optimize=optimize)
    *terms, result = subscripts.replace(" ", "").replace("->", ",").split(",")
    for term, x in zip(terms, operands):
        letters = term.replace("...", digits[10 - x.ndim + len(term.replace("...", "")):])
        sizes |= {letter: size for letter, size in zip(letters, x.shape)
                  if sizes.get(letter, 1) == 1}
    summed = not sizes.keys() <= {*result.replace("...", digits)}
    if len(operands) == 1 and not summed:
        return operands[0].over(shape, view)
    return call.write(operands, shape, dtype, order, product(
        (len(operands) - 1 + summed, *sizes.values())), out, summed and len(operands) > 1)


# views: no cost
@rule(VIEWS, options="axes axis axis1 axis2 source destination start k")
def _view(call, x, **options):
    shape, _, _, view = call.ask([x], **options)
    return x.over(shape, view)


@rule("diagonal")
def _diagonal(call, x, axis1=0, axis2=1):
    shape, _, _, view = call.ask([x], axis1=axis1, axis2=axis2)
    sizes = x.shape[axis1], x.shape[axis2]
    refuse("diagonal", axis1=not equal(*sizes) and any(map(is_symbol, sizes)) and f"{axis1} of {x}")
    return x.over((*shape[:-1], sizes[0] if is_symbol(sizes[0]) else min(sizes)), view)


@rule("broadcast_to")
def _broadcast_to(call, x, shape, subok=False):
    shape = _sizes(shape)
    new = len(shape) - x.ndim
    if new < 0 or any(a != 1 and not equal(a, b) for a, b in zip(x.shape, shape[new:])):
        raise misfit("broadcast_to", x.shape, shape)
    return x.over(shape, [0] * new + [stride * (size != 1)
                                      for size, stride in zip(x.shape, x.strides)])


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
        whole = not is_symbol(size)
        part, rest = divmod(size, check_size(parts, "parts")) if whole else (exact(size / parts), 0)
        if rest and call.name != "array_split":
            raise ValueError(f"{call.name}: an axis of size {size} cannot be divided into {parts} "
                             "equal parts; np.array_split makes the first ones longer")
        parts = [part * i + min(i, rest) for i in range(1, parts)]
    return [x[(*[slice(None)] * place, slice(*pair))]
            for pair in zip([0, *parts], [*parts, size])]


# views where they can be, otherwise copies: bytes, no FLOPs
@rule("reshape")
def _reshape(call, x, shape):
    shape = [*_sizes(shape)]
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
def _ravel(call, x):
    if call.name == "ravel" and x.form.strides is None:
        return x.over((x.elements,))
    return call.write([x], (x.elements,), x.dtype)


@rule("astype")
def _astype(call, x, dtype, copy=True):
    call.function = np.ndarray.astype
    return call.compute(x, dtype=dtype) if copy or x.dtype != dtype else x


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
    place = normalize_axis_index(axis or 0, len(shape))
    repeats = [check_size(times, "repeat: repeats", 0) for times in _sizes(repeats)]
    shape[place] = sum(repeats) if len(repeats) > 1 else shape[place] * repeats[0]
    return call.write([x], shape, x.dtype)


@rule("tile", operands=2)
def _tile(call, x, reps):
    times = zip_longest(x.shape[::-1], _sizes(reps)[::-1], fillvalue=1)
    return call.write([x], [size * reps for size, reps in times][::-1], x.dtype)


@rule("pad", operands=2)
def _pad(call, x, pad_width, mode="constant", constant_values=0):
    refuse("pad", pad_width=isinstance(pad_width, dict) and pad_width, mode=mode not in (
        "constant", "edge", "empty", "reflect", "symmetric", "wrap") and mode,
        constant_values=isinstance(constant_values, TracedArray) and constant_values)
    widths = np.broadcast_to(np.asarray(pad_width, object), (x.ndim, 2)).tolist()
    shape = [exact(size + before + after) for size, (before, after) in zip(x.shape, widths)]
    return call.write([x], shape, x.dtype, call.ask([x], np.copy)[2])


@rule("take_along_axis", operands=2)
def _take_along_axis(call, x, indices, axis=-1):
    """It reads as many elements as it writes, and the indices. The other axes broadcast."""
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
    call.name, parts = "indexing", []  # what takes an axis, and the size that it must have
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, (list, tuple, range)):
            item = np.asarray(item, None if len(item) else int)
        if isinstance(item, TracedArray) and item.values is not None:
            item = item.values
        if getattr(item, "dtype", type(item)) not in (bool, np.bool_):
            parts.append((item, None))
        elif isinstance(item, np.ndarray) and item.ndim:
            parts += zip(item.nonzero(), item.shape)
        else:
            raise NotImplementedError("tracing does not know an index that is True or False, or a "
                                      "truth mask: the size of the result depends on values; use "
                                      "np.where, or assign through the mask")
    taken = sum(item is not None and item is not Ellipsis for item, _ in parts)
    if taken > x.ndim:
        raise IndexError(f"{taken} indices for an array of shape {shape_text(x.shape)}")
    if not any(item is Ellipsis for item, _ in parts):
        parts.append((Ellipsis, None))
    asked, ids, shape, strides, axis = [], [], list(x.shape), list(x.strides), 0
    for item, size in parts:
        if item is None or item is Ellipsis:
            axis += 0 if item is None else x.ndim - taken
            asked.append(item)
            continue
        if size is not None and not equal(shape[axis], size):
            raise IndexError(f"a mask of size {size} meets an axis of size {shape[axis]}")
        if isinstance(item, slice):
            shape[axis] = sliced(shape[axis], item)
            strides[axis] *= 1 if item.step is None else item.step
            asked.append(":")
        else:
            asked.append(_place(call, shape[axis], item, ids))
        axis += 1
    shape, _, order, view = call.ask([x.over(shape, strides), *ids], _picked, items=tuple(asked))
    return shape, order, view, ids


def _place(call, size, item, ids):
    """0 for a whole number, "ids" for an array of them, which joins `ids`; IndexError outside."""
    if not isinstance(item, TracedArray) and not is_symbol(item):
        item = np.asarray(item)
        if item.dtype.kind not in "iu":
            raise IndexError(f"index {item!r}: give whole numbers, slices or arrays of them")
        for end in (item.min(), item.max()) if item.size else ():
            if not is_symbol(size) and not -size <= end < size:
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
def _new_like(call, x, value=None, dtype=None, subok=True):
    call.traced = x.buffer.traced
    return call.write([], x.shape, dtype or x.dtype, call.ask([x], np.copy)[2])


@rule("zeros ones empty identity")
@rule("tri eye full", operands=2)
def _new(call, shape, more=None, dtype=None, M=None, k=0, device=None):
    """more: the value of np.full, the columns of np.eye and np.tri."""
    if call.name == "full":
        [filling] = call.arrays(more)
        dtype, call.traced = dtype or filling.dtype, call.traced or filling.buffer.traced
    elif call.name in ("identity", "tri", "eye"):
        columns = M if more is None else more
        shape = shape, shape if columns is None else columns
    return call.write([], _sizes(shape), dtype or float)


@rule("arange", operands=3)
def _arange(call, *bounds, dtype=None):
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    symbols = any(map(is_symbol, bounds))
    refuse("arange", step=symbols and step != 1 and step)
    size = exact(stop - start) if symbols else max(0, -int((start - stop) // step))
    return call.write([], (size,), dtype or np.result_type(
        *(int if is_symbol(each) else type(each) for each in bounds)))


@rule("array asarray")
def _array(call, value, dtype=None):
    x = as_traced(call.ledger, value)
    x = x.copy() if x is value and call.name == "array" else x
    return x if dtype is None else x.astype(dtype, copy=False)
