"""What NumPy's functions cost: tables, and one rule for each kind of function.

The conventions of lesson 02: an elementwise function is 1 FLOP per element of its result; a sum,
product or maximum over k terms is k; a multiply-add is 2; moving data is none. A rule takes its
options by NumPy's own names; those that it does not name are refused. What dtype comes out, and
how the axes of a view lie, NumPy itself says: it is asked with a few ones.
"""

import inspect
from functools import lru_cache, partial
from operator import attrgetter

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from helpers.sizes import check_size, exact, is_symbol
from helpers.tracing.array import (
    DOORS, MADE_AT_MOST, TracedArray, as_traced, is_traced, leaves, made, refuse, unknown)
from helpers.tracing.layout import (
    at_most, broadcast, equal, equal_shapes, kept_order, misfit, product, row_strides, spread)

ELEMENTWISE = (
    "add subtract multiply divide floor_divide remainder fmod power float_power negative positive "
    "absolute fabs sign rint floor ceil trunc reciprocal square sqrt cbrt exp exp2 expm1 log log2 "
    "log10 log1p logaddexp sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
    "arctanh hypot maximum minimum fmax fmin heaviside copysign greater greater_equal less "
    "less_equal equal not_equal logical_and logical_or logical_not logical_xor isnan isfinite "
    "isinf signbit bitwise_and bitwise_or bitwise_xor invert where")
REDUCTIONS = {  # FLOPs for each element that goes in, and for each that comes out
    "sum prod max min amax amin any all argmax argmin count_nonzero": (1, 0),
    "mean": (1, 1),                   # a sum, and one division
    "var": (4, 2), "std": (4, 3)}     # mean, subtract, square, mean; a root
PRODUCTS = {  # the axes of both operands and of the result, after those that broadcast
    "matmul linalg.matmul": ("mk", "kp", "mp"), "vecdot linalg.vecdot": ("k", "k", ""),
    "matvec": ("mk", "k", "m"), "vecmat": ("k", "kp", "p")}
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
    "reshape": lambda x, shape, order="C", copy=None: x.reshape(shape, order=order, copy=copy),
    "ravel": lambda x, order="C": x.ravel(order),
    "copy": lambda x, order="K", subok=False: x.copy(order),
    "astype": lambda x, dtype, copy=True: x.astype(dtype, copy=copy),
    "shape": lambda x: x.shape, "ndim": lambda x: x.ndim,
    "size": lambda x, axis=None: x.size if axis is None else x.shape[axis],
    "unstack": lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
    "append": lambda x, values, axis=None: np.concatenate([x, values], axis),
    "trace": lambda x, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2).sum(-1)}
COMPLEX = {  # FLOPs of a complex one for each FLOP of a real one; a comparison looks at both parts
    "add": 2, "subtract": 2, "negative": 2, "multiply": 6, "matmul": 4, "sum": 2, "cumsum": 2,
    "mean": 2, "prod": 6, "max": 2, "min": 2, "amax": 2, "amin": 2, "argmax": 2, "argmin": 2,
    "any": 2, "all": 2, "count_nonzero": 2, "clip": 2, "equal": 2, "not_equal": 2}
CREATING = "zeros ones empty full eye identity tri arange array asarray".split()
RULES = {}  # NumPy function -> its rule, and how many of its arguments the rule takes by place


def rule(names, operands=1, **settings):
    """Enter the decorated function as the rule of these NumPy functions (those that there are)."""
    def enter(function):
        for name in names.split():
            try:
                RULES[attrgetter(name)(np)] = partial(function, **settings), operands
            except AttributeError:
                pass  # newer than this NumPy
        return function
    return enter


class Call:
    """One call of a NumPy function: what its rule needs to write it down."""

    def __init__(self, ledger, function, name=None, traced=False):
        self.ledger, self.function, self.traced = ledger, function, traced
        self.name = name or function.__name__

    def run(self, rule, operands, options):
        """Hand the call to its rule, if the rule knows all of the options."""
        for name, value in options.items():
            if not {name, "options"} & _signature(rule).keys():
                raise unknown(self.name, name, value)
        return rule(self, *operands, **options)

    def arrays(self, *operands):
        return [as_traced(self.ledger, operand) for operand in operands]

    def dtype(self, *operands, **options):
        """The dtype of the result, as NumPy itself has it for operands of one or two elements."""
        options = tuple((name, value) for name, value in options.items() if value is not None)
        return _dtype(self.function, tuple(map(_kind, operands)), options)

    def write(self, reads, shape, flops=0, dtype=None, out=None, strides=None, is_matmul=False):
        """Enter one operation and return its output, which is `out` where one is given."""
        traced, shape = self.traced or any(read.buffer.traced for read in reads), tuple(shape)
        if out is None:
            output = TracedArray(self.ledger, shape, dtype, None, strides, traced)
        else:
            inside = hasattr(out, "buffer") or hasattr(out, "_buffer")
            refuse(self.name, out=None if inside else out)
            output = as_traced(self.ledger, out)
            if not equal_shapes(output.shape, shape):
                raise misfit(f"{self.name} with out=", output.shape, shape)
            if not np.can_cast(dtype, output.dtype, "same_kind"):
                raise TypeError(f"{self.name}: {dtype} does not go into an array of {output.dtype}")
        if traced or output.buffer.traced:
            output.claim()
            if flops != 0 and any(array.dtype.kind == "c" for array in (*reads, output)):
                factor = COMPLEX.get("matmul" if is_matmul else self.name)
                refuse(self.name, dtype=None if factor else "complex")
                flops = factor * flops
            self.ledger.record(self.name, [read for read in reads if read.shape], output, flops,
                               is_matmul)
        return output


def _kind(operand):
    """What decides the dtype of a result: a Python type, or (shape of few elements, dtype)."""
    if operand is None or type(operand) in (bool, int, float, complex):
        return operand and type(operand)
    if is_symbol(operand):
        return int if operand.is_integer else float
    shape = tuple(2 if is_symbol(size) else min(size, 2) for size in np.shape(operand))
    return shape, operand.dtype if hasattr(operand, "dtype") else np.asarray(operand).dtype


@lru_cache(maxsize=4096)
def _dtype(function, kinds, options):
    with np.errstate(all="ignore"):
        return np.asarray(function(*(
            kind(1) if isinstance(kind, type) else kind and np.ones(*kind) for kind in kinds
        ), **dict(options))).dtype


@lru_cache(maxsize=None)
def _signature(function, rule=None):
    """The parameters of a NumPy function; those of its rule where NumPy (before 2.4) has none."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return dict(list(inspect.signature(rule).parameters.items())[1:])


def call_function(ledger, function, args, options, traced=False):
    """What a NumPy function costs; `traced`: what it makes from sizes alone joins the trace."""
    if function not in RULES:
        name = f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"
        raise NotImplementedError(f"tracing does not know what {name.replace('numpy.', 'np.')} "
                                  "costs; write the step with operations that it knows, or add "
                                  "its cost to helpers/tracing")
    (rule, count), operands, args = RULES[function], [], list(args)
    options = dict(options)
    for name, parameter in _signature(function, rule).items():  # NumPy has seen that they fit
        if parameter.kind is parameter.VAR_POSITIONAL:
            operands, args = operands + args, []
        elif args:
            options[name] = args.pop(0)
        if name in options and len(operands) < count:
            operands.append(options.pop(name))
        elif name in options and options[name] is parameter.default:
            del options[name]
    return Call(ledger, function, traced=traced).run(rule, operands, options)


def call_ufunc(ledger, ufunc, method, inputs, options):
    """What a universal function costs: a product, an elementwise function, or its reduction."""
    defaults = {"where": True, "casting": "same_kind", "order": "K", "subok": True}
    options = {key: value for key, value in options.items() if defaults.get(key) is not value}
    if "out" in options:
        [options["out"]] = options["out"]
    rules = {"__call__": RULES.get(ufunc, (None,))[0], "reduce": reduction,
             "accumulate": accumulation, "outer": outer}
    if ufunc not in RULES:
        return call_function(ledger, ufunc, inputs, options)
    if method not in rules or method != "__call__" and ufunc.signature:
        raise NotImplementedError(f"tracing does not know np.{ufunc.__name__}.{method}")
    call = Call(ledger, ufunc)
    if method in ("reduce", "accumulate"):
        call = Call(ledger, getattr(ufunc, method), f"{ufunc.__name__}.{method}")
        options = {"axis": 0, **options}
    return call.run(rules[method], inputs, options)


DOORS.update(function=call_function, ufunc=call_ufunc)


# elementwise functions and reductions
@rule(ELEMENTWISE, operands=3)
@rule("round nan_to_num")
def elementwise(call, *inputs, out=None, dtype=None, decimals=None, nan=None):
    """1 FLOP per element of the broadcast result."""
    refuse(call.name, condition=call.name == "where" and len(inputs) < 3 and "alone")
    return _each(call, inputs, call.dtype(*inputs, dtype=dtype, decimals=decimals), out)


def _each(call, inputs, dtype, out=None, per_element=1):
    operands = call.arrays(*inputs)
    shape = broadcast(call.name, *(operand.shape for operand in operands))
    return call.write(operands, shape, product((per_element, *shape)), dtype, out,
                      kept_order(shape, operands))


@rule("clip")
def _clip(call, x, a_min=None, a_max=None, out=None, min=None, max=None):
    bounds = [a_min if min is None else min, a_max if max is None else max]
    given = [bound for bound in bounds if bound is not None]
    return _each(call, [x, *given], call.dtype(x, *bounds), out, len(given))


def reduction(call, x, axis=None, dtype=None, out=None, keepdims=False, initial=None, ddof=0,
              correction=0, costs=(1, 0)):
    """So many FLOPs for each element that goes in, and for each that comes out."""
    [x] = call.arrays(x)
    dtype = call.dtype(x, axis=axis, dtype=dtype, keepdims=keepdims or None, initial=initial)
    places = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim or 1)
    kept = [(1, 0) if place in places else axis
            for place, axis in enumerate(zip(x.shape, x.strides))
            if keepdims or place not in places]
    shape, strides = zip(*kept) if kept else ((), ())
    flops = costs[0] * product(x.shape) + costs[1] * product(shape)
    strides = None if "arg" in call.name else kept_order(shape, [x.over(shape, strides)])
    return call.write([x], shape, flops, dtype, out, strides)


for _names, _costs in REDUCTIONS.items():
    rule(_names, costs=_costs)(reduction)


@rule("linalg.norm")
def _norm(call, x, ord=None, axis=None, keepdims=False):
    """The root of the sum of the squares; or the sum, or the largest, of the absolute values."""
    axes = x.ndim if axis is None else np.size(axis)
    known = {1: (None, 2, 1, np.inf), 2: (None, "fro")}.get(axes, (None,))
    refuse("linalg.norm", ord=None if ord in known else ord)
    return reduction(call, x, axis=axis, keepdims=keepdims, costs=(2, ord not in (1, np.inf)))


@rule("average")
def _average(call, x, axis=None, weights=None, keepdims=False):
    if weights is None:
        return np.mean(x, axis=axis, keepdims=keepdims)
    x, weights = call.arrays(x, weights)
    if weights.ndim != x.ndim:
        place = normalize_axis_index(axis, x.ndim)
        weights = weights.reshape([-1 if i == place else 1 for i in range(x.ndim)])
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    return np.sum(x * weights, axis=axis, keepdims=keepdims) / total


@rule("cumsum cumprod")
def accumulation(call, x, axis=None, dtype=None, out=None):
    """A running sum or product: 1 FLOP per element, as the plain sum."""
    shape = (product(x.shape),) if axis is None or not x.shape else x.shape
    return call.write([x], shape, product(x.shape), call.dtype(x, axis=axis, dtype=dtype), out,
                      None if axis is None else kept_order(shape, [x]))


@rule("sort argsort")
@rule("partition argpartition", operands=2)
def _sort(call, x, kth=None, axis=-1, kind=None, order=None, stable=None):
    """What a merge sort compares at most, rounded up: ⌈log₂ k⌉ passes over k numbers.

    How many comparisons it takes depends on the values. A partition is entered as the sort that
    would do.
    """
    refuse(call.name, order=order)
    shape = (product(x.shape),) if axis is None or not x.shape else x.shape
    size = shape[-1 if axis is None else normalize_axis_index(axis, len(shape))]
    if is_symbol(size):
        from sympy import ceiling, log
        passes = ceiling(log(size, 2))
    else:
        passes = max(size - 1, 0).bit_length()
        if kth is not None and size and not all(-size <= place < size for place in np.ravel(kth)):
            raise ValueError(f"{call.name}: kth = {kth} lies outside an axis of size {size}")
    in_place = "arg" not in call.name and axis is not None
    return call.write([x], shape, product(shape) * passes, int if "arg" in call.name else x.dtype,
                      strides=kept_order(shape, [x], copying=True) if in_place else None)


# products with a sum: a multiply-add for each point of the index space
def contract(call, operands, terms, result, out=None, lay=None, one=True):
    """A product of operands whose axes are named by labels, summed over those not in `result`.

    one: the labels whose axis may be of size 1 in an operand, as in einsum; True: all.
    """
    terms, shapes = tuple(map(tuple, terms)), tuple(operand.shape for operand in operands)
    sizes = _space(terms, shapes, one if one is True else frozenset(one))
    if sizes is None:
        raise misfit(call.name, *shapes)
    summed, shape = len(sizes) > len(set(result)), tuple(sizes[label] for label in result)
    flops = product((len(operands) - 1 + summed, *sizes.values()))
    return call.write(operands, shape, flops, np.result_type(*(x.dtype for x in operands)), out,
                      lay and lay(shape), is_matmul=summed and len(operands) > 1)


@lru_cache(maxsize=4096)
def _space(terms, shapes, one):
    """dict: label -> size; None where the sizes of a label differ."""
    sizes = {}
    for label, size in (pair for term in zip(terms, shapes) for pair in zip(*term, strict=True)):
        known, spreads = sizes.setdefault(label, size), one is True or label in one
        if known == 1 and spreads:
            sizes[label] = size
        elif not (size == 1 and spreads) and not equal(known, size):
            return None
    return sizes


def _product(call, a, b, out=None, cores=()):
    """(…, m, k) @ (…, k, p) and its kin: the leading axes broadcast, a vector has no m or p."""
    a, b = call.arrays(a, b)
    left, right, result = cores
    if call.name == "matmul" and a.ndim and b.ndim:
        left, right = left[-a.ndim:], right[:b.ndim]
        result = [label for label in result if label in left + right]
    if a.ndim < len(left) or b.ndim < len(right):
        raise misfit(call.name, a.shape, b.shape)
    lead = [range(len(core) - x.ndim, 0) for x, core in ((a, left), (b, right))]
    most = max(lead, key=len)
    parts = [x.over(x.shape[:len(of)], x._strides and x.strides[:len(of)])
             for x, of in zip((a, b), lead) if of]

    def lay(shape):  # the leading axes as those of the operands lie, each matrix row after row
        order, matrix = kept_order(shape[:len(most)], parts), shape[len(most):]
        return order and (*(stride * product(matrix) for stride in order), *row_strides(matrix))

    return contract(call, [a, b], [[*lead[0], *left], [*lead[1], *right]], [*most, *result], out,
                    lay if parts else None, one=most)


for _names, _cores in PRODUCTS.items():
    rule(_names, operands=2, cores=_cores)(_product)


@rule("dot inner vdot tensordot", operands=2)
def _pairs(call, a, b, axes=None, out=None):
    """The sum over some axes of a with as many of b; all others stand side by side."""
    a, b = call.arrays(a, b)
    if call.name == "vdot":
        a, b = (x.over((product(x.shape),)) for x in (a, b))
    elif call.name != "tensordot" and not (a.ndim and b.ndim):
        return np.multiply(a, b, out=out)
    if call.name != "tensordot":
        axes = -1, -2 if call.name == "dot" and b.ndim > 1 else -1
    elif not isinstance(axes, (list, tuple)):
        count = 2 if axes is None else axes
        axes = range(a.ndim - count, a.ndim), range(count)
    first, second = (normalize_axis_tuple(of, x.ndim) for of, x in zip(axes, (a, b)))
    left, right = [*range(a.ndim)], [*range(a.ndim, a.ndim + b.ndim)]
    for i, j in zip(first, second, strict=True):
        right[j] = i
    result = [label for label in left + right if label not in first]
    return contract(call, [a, b], [left, right], result, out, one=())


@rule("outer", operands=2)
def outer(call, a, b, out=None, dtype=None):
    """All pairs of an element of a and one of b."""
    a, b = call.arrays(a, b)
    dtype = call.dtype(a.over(()), b.over(()), dtype=dtype)
    if call.name == "outer":
        a, b = (x.over((product(x.shape),)) for x in (a, b))
    a = a.over((*a.shape, *[1] * b.ndim), (*a.strides, *[0] * b.ndim))
    return _each(call, [a, b], dtype, out)


@rule("einsum", operands=2)
def _einsum(call, subscripts, *operands, out=None, optimize=False):
    refuse("einsum", subscripts=None if isinstance(subscripts, str) else "no text",
           optimize=len(operands) > 2 and optimize)  # the order, and so the cost, would be NumPy's
    operands = call.arrays(*operands)
    terms, result = _labels(subscripts, operands)
    if len(operands) == 1 and set(terms[0]) == set(result):
        [x], [term] = operands, terms
        return x.over([x.shape[term.index(label)] for label in result],
                      [sum(stride for other, stride in zip(term, x.strides) if other == label)
                       for label in result])
    return contract(call, operands, terms, result, out)


def _labels(subscripts, operands):
    """The labels of each operand and of the result; an ellipsis becomes some that count back."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    extra = [operand.ndim - len(term.replace("...", "")) for term, operand in zip(terms, operands)]
    if len(terms) != len(operands) or set(result) - set(left + ".") or any(
            more < 0 or more and "..." not in term for term, more in zip(terms, extra)):
        raise ValueError(f"einsum: {subscripts!r} does not fit the shapes "
                         f"{' and '.join(str(operand.shape) for operand in operands)}; give one "
                         "label for each axis, and to the result some of them")

    def expand(term, count):
        before, dots, after = term.partition("...")
        return [*before, *(range(-count, 0) if dots else ()), *after]

    if not arrow:
        letters = left.replace(".", "").replace(",", "")
        result = "..." + "".join(sorted(x for x in letters if letters.count(x) == 1))
    return [expand(*pair) for pair in zip(terms, extra)], expand(result, max(extra))


# views: no cost
@rule(VIEWS)
def _view(call, x, **options):
    """Axes in another order: what NumPy does to a small array of as many axes."""
    [x] = call.arrays(x)
    options = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in options.items())
    small = tuple(1 if size == 1 else 2 for size in x.shape)
    found = _arranged(call.function, small, options)
    if found == [(axis, 1) for axis in range(x.ndim)]:
        return x.over(x.shape, x._strides)
    return x.over([1 if axis is None else x.shape[axis] for axis, _ in found],
                  [0 if axis is None else sign * x.strides[axis] for axis, sign in found])


@lru_cache(maxsize=4096)
def _arranged(function, small, options):
    """For each axis of the view, the axis that it was (None: of size 1); −1 if it is turned."""
    places = [axis + 1 for axis in range(len(small))]
    view = function(np.ndarray(small, np.int8, bytes(999), 0, places), **dict(options))
    return [(None, 1) if size == 1 else (abs(stride) - 1, stride // abs(stride))
            for size, stride in zip(view.shape, view.strides)]


for _names, _function in OTHERS.items():
    rule(_names)(lambda call, x, _as=_function, **options: _as(*call.arrays(x), **options))


def _sizes(shape):
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


@rule("broadcast_to")
def _broadcast_to(call, x, shape, subok=False):
    [x], shape = call.arrays(x), _sizes(shape)
    if not equal_shapes(broadcast("broadcast_to", x.shape, shape), shape):
        raise misfit("broadcast_to", x.shape, shape)
    return x.over(shape, spread(x.shape, x.strides, len(shape)))


@rule("lib.stride_tricks.sliding_window_view")
def _windows(call, x, window_shape, axis=None):
    shape, widths = list(x.shape), _sizes(window_shape)
    places = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, None, True)
    for place, width in zip(places, widths, strict=True):
        if not at_most(width, shape[place]):
            raise ValueError("sliding_window_view: it cannot be shown that a window of "
                             f"{width} fits in {shape[place]}; give a size that contains it")
        shape[place] = exact(shape[place] - width + 1)
    return x.over([*shape, *widths], [*x.strides, *(x.strides[place] for place in places)])


@rule("diagonal")
def _diagonal(call, x, offset=0, axis1=0, axis2=1):
    pair = normalize_axis_tuple((axis1, axis2), x.ndim)
    rows, columns = size, _ = [x.shape[place] for place in pair]
    if offset or not equal(rows, columns):
        refuse("diagonal", offset=(is_symbol(rows) or is_symbol(columns)) and f"{offset} of {x!r}")
        size = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    kept = [place for place in range(x.ndim) if place not in pair]
    return x.over([*(x.shape[place] for place in kept), size],
                  [*(x.strides[place] for place in kept), sum(x.strides[place] for place in pair)])


@rule("split array_split hsplit vsplit", operands=2)
def _split(call, x, parts, axis=0):
    axis = {"hsplit": min(x.ndim - 1, 1), "vsplit": 0}.get(call.name, axis)
    place = normalize_axis_index(axis, x.ndim)
    size, before = x.shape[place], (slice(None),) * place
    if isinstance(parts, (list, tuple, np.ndarray)):
        cuts = [0, *parts, size]
    else:
        parts = check_size(parts, f"{call.name}: parts")
        refuse(call.name, indices_or_sections=is_symbol(parts) and parts)
        rest = 0 if is_symbol(size) else size % parts
        if rest and call.name != "array_split":
            raise ValueError(f"{call.name}: an axis of size {size} cannot be divided into {parts} "
                             "equal parts; np.array_split makes the first ones longer")
        part = exact(size / parts) if is_symbol(size) else size // parts
        cuts = [part * i + min(i, rest) for i in range(parts + 1)]
    return [x[(*before, slice(*pair))] for pair in zip(cuts, cuts[1:])]


# copies: bytes, no FLOPs
@rule(" ".join(JOINS))
def _join(call, arrays, axis=0, out=None, dtype=None):
    turn, along = JOINS[call.name]
    given = call.arrays(*arrays)
    arrays = [turn(array, axis) for array in given]
    if axis is None:
        arrays, axis = [array.over((product(array.shape),)) for array in arrays], 0
    place = normalize_axis_index(along(arrays[0], axis), arrays[0].ndim)
    rests = [(array.ndim, *array.shape[:place], *array.shape[place + 1:]) for array in arrays]
    if not all(equal_shapes(rests[0], rest) for rest in rests):
        raise misfit(call.name, *(array.shape for array in given))
    shape = list(arrays[0].shape)
    shape[place] = exact(sum(array.shape[place] for array in arrays))
    dtype = dtype or np.result_type(*(array.dtype for array in arrays))
    return call.write(arrays, shape, 0, dtype, out, kept_order(shape, arrays))


@rule("tril triu")
def _triangle(call, x, k=0):
    """Chosen by position alone: nothing is computed."""
    mask = TracedArray(call.ledger, (*x.shape[-2:], *x.shape[-1:])[:2], bool, traced=False)
    shape = broadcast(call.name, x.shape, mask.shape)
    return call.write([x], shape, 0, x.dtype, None, kept_order(shape, [mask, x]))


@rule("diag")
def _diag(call, x, k=0):
    if x.ndim == 2:
        return np.diagonal(x, k)
    return call.write([x], [x.shape[0] + abs(k)] * 2, 0, x.dtype)


@rule("roll", operands=2)
def _roll(call, x, shift, axis=None):
    normalize_axis_tuple(() if axis is None else axis, x.ndim, None, True)
    return x.duplicate("roll", order=None if axis is None else "K")


@rule("repeat", operands=2)
def _repeat(call, x, repeats, axis=None):
    shape = [product(x.shape)] if axis is None or not x.shape else list(x.shape)
    place, repeats = normalize_axis_index(axis or 0, len(shape)), _sizes(repeats)
    repeats = [check_size(times, "repeat: repeats", 0) for times in repeats]
    shape[place] = sum(repeats) if len(repeats) > 1 else shape[place] * repeats[0]
    return x.duplicate("repeat", shape)


@rule("tile", operands=2)
def _tile(call, x, reps):
    sizes, reps = (1,) * (np.size(reps) - x.ndim) + x.shape, _sizes(reps)
    reps = (1,) * (len(sizes) - len(reps)) + reps
    return x.duplicate("tile", [size * times for size, times in zip(sizes, reps)])


@rule("pad", operands=2)
def _pad(call, x, pad_width, mode="constant", constant_values=0):
    copying = ("constant", "edge", "empty", "reflect", "symmetric", "wrap")
    refuse("pad", mode=mode not in copying and mode,
           pad_width=isinstance(pad_width, dict) and pad_width)
    widths = np.broadcast_to(np.asarray(pad_width, object), (x.ndim, 2)).tolist()
    shape = [exact(size + before + after) for size, (before, after) in zip(x.shape, widths)]
    return call.write([x], shape, 0, x.dtype, None, kept_order(shape, [x]))


@rule("take", operands=2)
def _take(call, x, indices, axis=None):
    x = x if axis is not None else x.over((product(x.shape),))
    places = [slice(None)] * normalize_axis_index(axis or 0, x.ndim)
    return x[(*places, list(indices) if isinstance(indices, tuple) else indices)]


@rule("take_along_axis", operands=2)
def _take_along_axis(call, x, indices, axis=-1):
    """It reads as many elements as it writes, and the indices. The other axes broadcast."""
    refuse("take_along_axis", axis="None" if axis is None else None)
    x, indices = call.arrays(x, indices)
    place = normalize_axis_index(axis, x.ndim)
    if x.ndim != indices.ndim:
        raise misfit("take_along_axis", x.shape, indices.shape)
    shape = list(broadcast("take_along_axis", *(
        (*of.shape[:place], *of.shape[place + 1:]) for of in (x, indices))))
    shape.insert(place, indices.shape[place])
    return call.write([x.over(shape), indices], shape, 0, x.dtype)


# new arrays: written once, read nowhere
@rule("zeros_like ones_like empty_like")
@rule("full_like", operands=2)
def _new_like(call, x, value=None, dtype=None, order="K", subok=True, shape=None):
    refuse(call.name, order=order if order != "K" else None)
    [x] = call.arrays(x)
    call.traced, order = x.buffer.traced, kept_order(x.shape, [x], copying=True)
    return call.write([], x.shape if shape is None else _sizes(shape), 0, dtype or x.dtype, None,
                      order if shape is None else None)


@rule("zeros ones empty identity")
@rule("tri eye full", operands=2)
def _new(call, shape, more=None, dtype=None, order="C", M=None, k=0, device=None):
    """more: the value of np.full, the columns of np.eye and np.tri."""
    refuse(call.name, order=order if order != "C" else None)
    if call.name in ("identity", "tri", "eye"):
        columns = (more or M) if call.name != "identity" else None
        shape = shape, shape if columns is None else columns
    if call.name == "full":
        dtype = dtype or call.arrays(more)[0].dtype
    return call.write([], _sizes(shape), 0, dtype or float)


@rule("arange", operands=3)
def _arange(call, *bounds, dtype=None):
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if any(map(is_symbol, (start, stop, step))):
        refuse("arange", step=step if step != 1 else None)
        size = exact(stop - start)
    else:
        size = max(0, -int((start - stop) // step))
    return call.write([], (size,), 0, dtype or np.result_type(*(_kind(each) for each in bounds)))


def create(ledger, function, args, options):
    """np.zeros and its kin inside a trace: real and free, unless symbols or size forbid it."""
    options = {key: value for key, value in options.items() if value is not None}
    like, given = options.pop("like", None), list(leaves((args, options)))
    if is_traced(like):
        return call_function(ledger, function, args, options, traced=like.buffer.traced)
    if function.__name__ in ("array", "asarray"):
        if not any(map(is_traced, given)):
            return made(function(*args, **options))
        x = as_traced(ledger, args[0])
        x = x.copy() if x is args[0] and function.__name__ == "array" else x
        return x.astype(options.get("dtype", x.dtype), copy=False)
    try:
        found = call_function(ledger, function, args, options)
    except (NotImplementedError, TypeError, ValueError):
        if any(map(is_symbol, given)):
            raise
        return made(function(*args, **options))
    whole = not any(map(is_symbol, given)) and found.size <= MADE_AT_MOST
    return made(function(*args, **options)) if whole else found
