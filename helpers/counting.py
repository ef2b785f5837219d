"""The oracle: NumPy code run number by number, each operation counted as it happens.

Slow on purpose. What is on no list below is refused by name. It shares nothing with
`helpers.tracing`; NumPy says only of which shape and kind a result is.
"""

import sys
from collections import Counter
from copy import copy
from dataclasses import fields, is_dataclass
from functools import partial
from heapq import merge
from inspect import signature
from itertools import zip_longest
from math import prod
from string import digits
from threading import get_ident

import numpy as np
from numpy import array, asarray
from numpy.lib.mixins import NDArrayOperatorsMixin

from helpers.words import duration, listed, power

MAKING = {make.__name__: make for make in (np.zeros, np.ones, np.empty, np.full, array, asarray)}
MOST_NUMBERS, MOST_STEPS, SECONDS_A_STEP = 10**6, 10**7, 5e-6


def count(function, /, *unnamed, **arguments):
    """What `function` returns, and a Counter of what it did; `.total()` is the number of FLOPs.

    Arrays may stand in dicts, lists, tuples and dataclasses. ValueError: no arrays, or work of
    minutes; NotImplementedError: what count does not know.

    >>> count(lambda a, b: a @ b, a=np.ones((2, 3)), b=np.ones((3, 4)))[1]
    Counter({'multiply': 24, 'add': 24})
    """
    if not callable(function):
        raise ValueError(f"function: {function!r} cannot be called; give the function itself")
    if unnamed:
        raise ValueError(f"{type(unnamed[0]).__name__}: has no name; give each array by the name "
                         "that the function has for it, such as x=np.ones((3, 4))")
    sizes = [x.size for x in found(np.ndarray, arguments)]
    if not sizes:
        raise ValueError(f"{listed(arguments or ['arguments'])}: count needs arrays, here is none; "
                         "give np.ones((n, d)) or such, or ask trace, which takes sizes: (n, d)")
    if sum(sizes) > MOST_NUMBERS:
        raise ValueError(f"{listed(arguments)}: {sum(sizes):,} numbers, one at a time, would take "
                         f"hours; give at most {MOST_NUMBERS:,}, or ask trace, which takes sizes")
    tally = [Counter()]
    given = rebuilt(np.ndarray, lambda x: Counted(x.copy(), tally), arguments)
    vars(np).update({name: partial(made, make, get_ident()) for name, make in MAKING.items()})
    np.random = NoDraws()
    try:
        with np.errstate(all="ignore"):
            return bare(function(**given)), tally[0]
    finally:
        vars(np).update(MAKING | {"random": NoDraws.random})


class NoDraws:
    """np.random while count runs: its compiled code would take a counted array for a plain one."""

    random = np.random

    def __init__(self):
        self.thread = get_ident()

    def __getattr__(self, name):
        if self.thread == get_ident():
            raise unknown(f"np.random.{name}", "draw before, and hand the numbers over")
        return getattr(self.random, name)


def made(make, thread, *args, **kwargs):
    """np.zeros and its like while count runs: in its thread, arrays that take counted numbers."""
    new, caller = make(*bare(args), **bare(kwargs)), sys._getframe(1).f_globals.get("__name__", "")
    by_others = caller.startswith("numpy.") or thread != get_ident()
    return new if by_others else Counted(new, [counter_of((args, kwargs))])


class Counted(NDArrayOperatorsMixin):
    """An array. tally: a list of the Counter, or of None as long as all comes from sizes alone."""

    def __init__(self, values, tally):
        self.values, self.tally = asarray(values), tally
        if self.values.dtype.kind not in "biuf":
            raise unknown(f"arrays of {self.values.dtype}", "give whole or real numbers")

    def __array_ufunc__(self, ufunc, method, *operands, out=(None,), **options):
        rule = METHODS.get(method) and partial(METHODS[method], ufunc)
        if ufunc not in (ELEMENTWISE if method in ("__call__", "outer") else FOLDING):
            rule = WRITTEN.get(ufunc) if method == "__call__" else None
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        return self.performed(name, rule, getattr(ufunc, method), operands, options, *out)

    def __array_function__(self, function, types, args, kwargs):
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        bound = signature(function).bind(*args, **kwargs)
        options = {key: value for key, value in bound.arguments.items()
                   if value is not bound.signature.parameters[key].default}
        if function in FREE:
            if "out" in options or function is np.pad and options.get("mode", "edge") not in PADS:
                raise unknown(f"{name} with out=, or a mode that computes", "leave that out")
            return self.performed(name, free, function, args, kwargs)
        operands, more = options.pop("operands", ()), options.pop("kwargs", {})    # of np.einsum
        rule = WRITTEN.get(function, RULES.get(function))
        return self.performed(name, rule, function, operands, options | more)

    def performed(self, name, rule, native, operands, options, out=None):
        """One call of NumPy's by its rule; by NumPy if it is free or all comes from sizes alone."""
        options = {key: value for key, value in options.items()
                   if value is not np._NoValue and not (key in UNSAID and value is UNSAID[key])}
        done = counter_of((operands, options, out, self))
        try:
            signature(rule).bind(done, *operands, **options)
        except TypeError:
            more = [f"{key}=" for key in options if rule and key not in signature(rule).parameters]
            raise unknown(f"{name} with {listed(more)}" if more else name) from None
        views = found(Counted, (operands, self))[0].tally    # of one memory: they count as one
        tally = views if rule is free and done is None else [done]
        if rule not in WRITTEN.values():
            operands, options = bare((operands, options))
            rebuilt(np.ndarray, lambda x: Counted(x, tally), (operands, options))    # no complex
        free_here = rule is free or done is None and rule not in WRITTEN.values()
        result = (native if free_here else partial(rule, done))(*operands, **options)
        if out is None:
            return rebuilt((np.ndarray, np.generic), lambda x: Counted(x, tally), result)
        if not isinstance(out, Counted):
            raise unknown(f"{name} into an array made elsewhere", "make it inside the function")
        np.copyto(out.values, bare(result), casting="same_kind")
        out.join(done)
        return out

    def __getattr__(self, name):
        if name in ("shape", "ndim", "size", "dtype", "T", "mT"):
            own = getattr(self.values, name)
            return Counted(own, self.tally) if name in ("T", "mT") else own
        if name in ARRAY_METHODS:
            return partial(getattr(np, name), self)
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise unknown(f"the array's .{name}")
        raise AttributeError(f"an array has no {name!r}")

    def __getitem__(self, index):
        return Counted(self.values[bare(index)], self.tally)

    def __setitem__(self, index, value):
        self.values[bare(index)] = bare(value)
        self.join(counter_of(value))

    def join(self, done):
        """Counted numbers went in: from here on what it does counts."""
        self.tally[0] = done if self.tally[0] is None else self.tally[0]

    def outside(self, *args, **kwargs):
        """The values; refused once they count, for what is done to them out there would not."""
        if self.tally[0] is not None:
            raise unknown("what becomes of a number outside NumPy (float(x), x.item(), math.exp, "
                          "an array made elsewhere that takes it in)", "stay on arrays made inside")
        return self.values

    __array__ = __float__ = __complex__ = item = tolist = outside
    __len__, __bool__ = lambda self: len(self.values), lambda self: bool(self.values)
    __int__ = __index__ = lambda self: self.values.__index__()    # a place, no fraction
    __iter__ = lambda self: (self[i] for i in range(len(self)))
    __repr__ = lambda self: f"Counted({self.values!r})"
    reshape = lambda self, *to, **more: np.reshape(self, to[0] if len(to) == 1 else to, **more)
    transpose = lambda self, *to: np.transpose(self, to[0] if len(to) == 1 else to or None)
    sort = lambda self, axis=-1: self.__setitem__(..., np.sort(self, axis))


def unknown(what, remedy="write it with operations that it knows"):
    return NotImplementedError(f"count does not know {what}; {remedy}")


def foresee(done, name, steps):
    if done.total() + steps > MOST_STEPS:
        raise ValueError(f"{name}: {power(steps)} steps, one at a time, would take "
                         f"{duration(SECONDS_A_STEP * steps)}; give smaller arrays, or ask trace")


# what each costs ----------------------------------------------------------------------------------
def free(done, *operands, **options):
    """What only arranges numbers."""


def elementwise(function, done, *operands):
    """1 for each number of the result."""
    foresee(done, function.__name__, prod(np.broadcast_shapes(*map(np.shape, operands))))
    result, numbers, word = function(*operands), [], word_for(function)
    for each in np.broadcast(*operands):
        numbers.append(function(*each))
        done[word] += 1
    return array(numbers, result.dtype).reshape(result.shape)


def fold(ufunc, done, a, axis=0, keepdims=False):
    """A sum over k terms starts from zero: k additions; likewise a product, a maximum, any, all."""
    result = ufunc.reduce(a, axis=axis, keepdims=keepdims)
    return by_row(lambda row: totals(ufunc, done, row, result)[-1], result, done, a, axis)


def totals(ufunc, done, row, result):
    """The start (zero for a sum, the first number for a maximum), and each total from there on."""
    passed = [row[0] if ufunc.identity is None else ufunc.identity]
    for number in row.astype(result.dtype):
        passed.append(ufunc(passed[-1], number))
        done[word_for(ufunc)] += 1
    return passed


def accumulate(ufunc, done, a, axis=0):
    result = ufunc.accumulate(np.ravel(a) if axis is None else a, axis or 0)
    return by_row(lambda row: totals(ufunc, done, row, result)[1:], result, done, a, axis)


def by_row(function, result, done, a, axis):
    """`function` of each row along `axis`, a number or a row; result: NumPy's, for its form."""
    foresee(done, "along rows", np.size(a))
    if isinstance(axis, tuple):
        a = np.moveaxis(a, axis, range(-len(axis), 0))
        a, axis = a.reshape(*a.shape[:-len(axis)], -1), -1
    elif axis is None:
        a, axis = np.ravel(a), 0
    if not np.size(a):
        return result
    return np.apply_along_axis(function, axis, a).astype(result.dtype).reshape(result.shape)


def best(ufunc, native, done, a, axis=None, keepdims=False):
    """Where the largest or smallest number first stands: k comparisons; what is no number wins."""
    def place(row):
        winner = totals(ufunc, done, row, row)[-1]
        return next(i for i, number in enumerate(row) if number == winner or number != number)
    return by_row(place, native(a, axis=axis, keepdims=keepdims), done, a, axis)


def sort(native, done, a, axis=-1, kind=None, stable=None):
    """A merge sort: in ⌈log₂ k⌉ passes k numbers put down, 1 comparison each; equals in order."""
    def merged(row):
        key = {i: (x != x, x if x == x else 0) for i, x in enumerate(row)}.get    # nan last
        runs = [[i] for i in range(len(row))]
        while len(runs) > 1:
            pairs = zip_longest(runs[::2], runs[1::2], fillvalue=[])
            runs = [[*merge(*pair, key=key)] for pair in pairs]
            done["compare"] += sum(map(len, runs))
        order = runs[0] if runs else []
        return order if native is np.argsort else row[order]
    return by_row(merged, native(a, axis), done, a, axis)


def einsum(done, subscripts, *operands, optimize=False):
    """One loop over all values of all letters: a product a further operand, a sum if letters go."""
    if not isinstance(subscripts, str) or "->" not in subscripts or optimize and len(operands) > 2:
        raise unknown("np.einsum without a string and its ->, or optimize= for over two operands",
                      "write the products one by one")
    *inputs, output = subscripts.replace(" ", "").replace("->", ",").split(",")
    more = [np.ndim(x) - len(term.replace("...", "")) for term, x in zip(inputs, operands)]
    inputs = [term.replace("...", digits[10 - dots:]) for term, dots in zip(inputs, more)]
    output, size = output.replace("...", digits[10 - max(more):]), {}
    for letters, x in zip(inputs, operands):
        if len({*letters}) < len(letters):
            raise unknown("np.einsum with a letter twice in an operand", "take np.diagonal first")
        size |= {c: n for c, n in zip(letters, np.shape(x)) if n != 1 or c not in size}
    foresee(done, "einsum", prod(size.values()))
    result, numbers, spread = np.einsum(subscripts, *operands), [], []
    order = [*output, *(letter for letter in size if letter not in output)]
    for letters, x in zip(inputs, operands):
        x = np.transpose(x, [letters.index(letter) for letter in order if letter in letters])
        x = x[tuple(slice(None) if letter in letters else None for letter in order)]
        spread.append(np.broadcast_to(x, [size[letter] for letter in order]))
    for place in np.ndindex(*(size[letter] for letter in output)):
        numbers.append(0)
        for term, *others in zip(*(x[place].ravel().tolist() for x in spread)):
            for other in others:
                term *= other
                done["multiply"] += 1
            numbers[-1] += term
            if len(order) > len(output):
                done["add"] += 1
    return array(numbers).astype(result.dtype).reshape(result.shape)


def batched(first, second, done, a, b):
    """np.matmul and its like: the axes in front broadcast, a vector lacks a letter."""
    first, second = first[-np.ndim(a):], second[:np.ndim(b)]
    last = np.shape(b)[second.index("k") - len(second):] if np.ndim(b) else ()
    if not np.ndim(a) or not last or last[0] != np.shape(a)[-1]:    # einsum would stretch a 1
        raise ValueError(f"a product of the shapes {np.shape(a)} and {np.shape(b)}: the sizes that "
                         "meet differ; give (…, m, k) and (…, k, p)")
    return np.einsum(f"...{first},...{second}->...{(first + second).replace('k', '')}", a, b)


def dot(done, a, b):
    """A sum over the last axis of both, of the second over its last but one if it has two."""
    if np.ndim(b) > 2:
        raise unknown("np.dot with a second operand of more than two axes", "write a @ b")
    return np.matmul(a, b) if np.ndim(a) and np.ndim(b) else np.multiply(a, b)


def mean(done, a, axis=None, keepdims=False, ddof=0):
    if np.asarray(bare(a)).dtype == np.float16:    # NumPy adds these up in 32 bits
        return mean(done, np.astype(a, np.float32), axis, keepdims, ddof).astype(np.float16)
    total = np.sum(a, axis, keepdims=keepdims)
    return total / max(np.size(a) / max(total.size, 1) - ddof, 0)


def clip(done, a, a_min=None, a_max=None, min=None, max=None):
    low, high = a_min if min is None else min, a_max if max is None else max
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


# trees of arrays ----------------------------------------------------------------------------------
def rebuilt(kind, change, value):
    """`value` with each leaf of this kind changed, in dicts, lists, tuples and dataclasses."""
    if isinstance(value, kind):
        return change(value)
    inside = partial(rebuilt, kind, change)
    if isinstance(value, (list, tuple)):
        return getattr(type(value), "_make", type(value))(map(inside, value))
    if isinstance(value, dict):
        value = copy(value)
        value.update((key, inside(one)) for key, one in value.items())
    elif is_dataclass(value) and not isinstance(value, type):
        value = copy(value)
        for field in fields(value):
            object.__setattr__(value, field.name, inside(getattr(value, field.name)))
    return value


def found(kind, value):
    leaves = []
    rebuilt(kind, leaves.append, value)
    return leaves


def counter_of(value):
    """The first Counter in a tree; None if all comes from sizes alone."""
    return next((x.tally[0] for x in found(Counted, value) if x.tally[0] is not None), None)


bare = partial(rebuilt, Counted, lambda x: x.values[()])


# what count knows ---------------------------------------------------------------------------------
def named(names):
    return {getattr(np, name) for name in names.split() if hasattr(np, name)}


def word_for(function):
    return "compare" if function in COMPARING else function.__name__.replace("where", "select")


COMPARING = named("maximum minimum fmax fmin greater greater_equal less less_equal equal not_equal")
ELEMENTWISE = COMPARING | named("""
    add subtract multiply divide floor_divide remainder fmod power float_power negative positive
    absolute fabs sign rint floor ceil trunc reciprocal square sqrt cbrt exp exp2 expm1 log log2
    log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh
    hypot logaddexp copysign heaviside logical_and logical_or logical_not logical_xor
    bitwise_and bitwise_or bitwise_xor invert isnan isfinite isinf signbit""")
FOLDING = named(
    "add multiply maximum minimum fmax fmin logical_or logical_and bitwise_or bitwise_and")
METHODS = {"__call__": elementwise, "reduce": fold, "accumulate": accumulate,
           "outer": lambda ufunc, done, a, b: elementwise(
               ufunc, done, np.reshape(a, (*np.shape(a), *[1] * np.ndim(b))), b)}
RULES = {
    np.einsum: einsum, np.sort: partial(sort, np.sort), np.argsort: partial(sort, np.argsort),
    np.argmax: partial(best, np.maximum, np.argmax),
    np.argmin: partial(best, np.minimum, np.argmin),
    np.where: lambda done, condition, x, y: elementwise(np.where, done, condition, x, y),
    np.round: lambda done, a, decimals=0: elementwise(lambda x: np.round(x, decimals), done, a),
    **{function: partial(fold, ufunc, axis=None) for ufunc, names in {
        np.add: "sum", np.multiply: "prod", np.maximum: "max amax", np.minimum: "min amin",
        np.logical_or: "any", np.logical_and: "all"}.items() for function in named(names)},
    np.cumsum: partial(accumulate, np.add, axis=None),
    np.cumprod: partial(accumulate, np.multiply, axis=None)}
WRITTEN = {    # in NumPy again
    **{function: partial(batched, *letters) for name, letters in {
        "matmul": ("ik", "kj"), "vecdot": "kk", "matvec": ("ik", "k"), "vecmat": ("k", "kj")
    }.items() for function in named(name)},
    np.dot: dot,
    np.outer: lambda done, a, b: np.multiply.outer(np.ravel(a), np.ravel(b)),
    np.mean: mean, np.average: mean, np.clip: clip,
    np.var: lambda done, a, axis=None, keepdims=False, ddof=0: mean(
        done, np.square(a - mean(done, a, axis, True)), axis, keepdims, ddof),
    np.std: lambda done, a, **options: np.sqrt(np.var(a, **options)),
    np.linalg.norm: lambda done, x, axis=None, keepdims=False: np.sqrt(
        np.sum(np.square(x), axis, keepdims=keepdims))}
FREE = {np.lib.stride_tricks.sliding_window_view, *named("""
    reshape transpose permute_dims matrix_transpose swapaxes moveaxis rollaxis ravel squeeze
    expand_dims broadcast_to flip fliplr flipud rot90 diagonal diag split array_split hsplit vsplit
    concatenate stack hstack vstack column_stack append tile repeat roll copy astype tril triu take
    take_along_axis pad zeros_like ones_like empty_like full_like zeros ones empty full array
    asarray arange eye identity tri atleast_1d atleast_2d atleast_3d shape ndim size""")}
PADS = "constant edge reflect symmetric wrap".split()
UNSAID = {"where": True, "dtype": None, "out": None}
ARRAY_METHODS = """sum prod mean var std max min any all argmax argmin cumsum cumprod argsort clip
    dot round trace repeat take ravel squeeze swapaxes diagonal copy astype""".split()
