"""An array without values: it knows its sizes, and tells the ledger what NumPy does with it.

NumPy hands its own calls over (`__array_ufunc__`, `__array_function__`) to the rules of
`helpers.tracing.costs`. What is made from sizes alone, a mask or np.zeros, has values and is free,
as 1/√d is, until a traced array fills it.
"""

from copy import copy
from dataclasses import fields, is_dataclass
from functools import partial
from operator import index as whole

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.mixins import NDArrayOperatorsMixin

from helpers.sizes import exact, is_symbol
from helpers.tracing.layout import (
    Form, answer, covered, equal, equal_shapes, laid, misfit, product, row_strides, shape_text)

RULES = {}  # NumPy function -> its rule, how many operands it has, the options that it knows
METHODS = (
    "sum prod mean var std max min any all argmax argmin cumsum cumprod dot clip repeat take round "
    "diagonal argsort ravel squeeze swapaxes trace astype").split()
VALUED_AT_MOST = 2**22  # elements: what is larger has no values, and takes no memory
COMPLEX = {"multiply": 6, "prod": 6, "matmul": 4} | dict.fromkeys((  # FLOPs for each of a real one
    "add subtract negative sum cumsum mean max min amax amin argmax argmin any all count_nonzero "
    "clip equal not_equal").split(), 2)  # a comparison looks at both parts


class Buffer:
    """The elements that one array, or several views of it, keep alive once they are `traced`."""

    def __init__(self, ledger, elements, traced):
        self.ledger, self.elements, self.traced = ledger, elements, traced
        if traced:
            ledger.allocate(elements)

    def __del__(self):
        if self.traced:
            self.ledger.free(self.elements)


def _with_values(name):
    def asked(self, *args, **options):
        if self.values is None:
            raise TypeError(
                f"{self!r} has sizes but no values: a traced function cannot branch on values, "
                "make numbers of them, leave NumPy's dispatch (math.*), or index with them a real "
                "array that is not among trace's arguments")
        return getattr(self.values, name)(*args, **options)
    return asked


class TracedArray(NDArrayOperatorsMixin):
    """Stands in for an ndarray in ordinary NumPy code; `shape` holds whole numbers or symbols.

    It has no values: code that branches on them, or makes numbers of them, raises TypeError.
    """

    def __init__(self, ledger, shape, dtype=float, strides=None, buffer=None, traced=True,
                 values=None):
        self.ledger, self.dtype, self._values = ledger, np.dtype(dtype), values
        self.shape = tuple(size if is_symbol(size) and not size.is_Integer else whole(size)
                           for size in shape)
        self.elements = product(self.shape)
        rows = row_strides(self.shape) if strides else ()
        self._strides = tuple(strides) if any(  # None: row after row
            size != 1 and not equal(*pair) for size, *pair in zip(self.shape, rows, strides or ())
        ) else None
        self.buffer = buffer or Buffer(ledger, self.elements, traced)
        if self.dtype.kind not in "biufc":
            raise NotImplementedError(f"tracing does not know arrays of dtype {self.dtype}")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out:
            [options["out"]] = out
        return called(self.ledger, function, inputs, options, ufunc)

    def __array_function__(self, function, types, args, options):
        return called(self.ledger, function, args, options)

    strides = property(lambda self: self._strides or row_strides(self.shape))  # in elements
    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: exact(self.elements))
    form = property(lambda self: Form(self.shape, self._strides, self.dtype))
    values = property(lambda self: None if self.buffer.traced else self._values)
    cells = property(lambda self: covered(self.shape, self._strides) if self._strides
                     else self.elements)  # of memory: what broadcasting repeats counts once
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))
    transpose = lambda self, *to: np.transpose(self, to[0] if len(to) == 1 else to or None)
    reshape = lambda self, *to, **more: np.reshape(self, to[0] if len(to) == 1 else to, **more)
    copy = lambda self, order="C": np.copy(self, order=order)
    flatten = lambda self, **more: called(self.ledger, np.ndarray.flatten, (self,), more)
    __iter__ = lambda self: (self[i] for i in range(len(self)))
    __repr__ = lambda self: f"TracedArray(shape={shape_text(self.shape)})"

    def over(self, shape, strides=None):
        """The same elements under another shape: no cost. strides=None: row after row."""
        return TracedArray(self.ledger, shape, self.dtype, strides, self.buffer)

    def claim(self):
        """Made from sizes alone, it joins the trace: written now, and alive from now on."""
        if not self.buffer.traced:
            self.buffer.traced = True
            self.ledger.allocate(self.buffer.elements)
            self.ledger.record("made", [], self.over((self.buffer.elements,)), 0)

    def __getitem__(self, index):
        return called(self.ledger, np.ndarray.__getitem__, (self, index), {})

    def __setitem__(self, index, value):
        called(self.ledger, np.ndarray.__setitem__, (self, index, value), {})

    def __getattr__(self, name):
        """Methods that NumPy also has as functions: `x.sum(axis=0)` is `np.sum(x, axis=0)`."""
        if name in METHODS:
            return partial(getattr(np, name), self)
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"a traced array has no {name!r}")
        raise NotImplementedError(f"a traced array has no {name!r}; it has {', '.join(METHODS)} "
                                  "and NumPy's operators")

    def __len__(self):
        if not self.shape or is_symbol(self.shape[0]):
            raise TypeError(f"the length of {self!r} is not a number; use x.shape[0], and "
                            "`for t in repeat(x.shape[0])` from helpers.tracing")
        return self.shape[0]

    __bool__, __float__, __int__, __index__, __complex__, __array__, item, tolist = map(
        _with_values,
        "__bool__ __float__ __int__ __index__ __complex__ __array__ item tolist".split())

    def _sympy_(self):
        from sympy import SympifyError  # SymPy asks this for n * x, and leaves it to the array
        raise SympifyError(self)


# values and operands
def mapped(change, value, whole=lambda value: False):
    """Nested tuples, lists, dicts and dataclasses with each leaf, and what is `whole`, changed."""
    inside = partial(mapped, change, whole=whole)
    if whole(value):
        return change(value)
    if isinstance(value, (tuple, list)):
        return getattr(type(value), "_make", type(value))(map(inside, value))
    if isinstance(value, dict):
        value = copy(value)
        value.update((key, inside(part)) for key, part in value.items())
    elif is_dataclass(value) and not isinstance(value, type):
        value = copy(value)
        for field in fields(value):
            object.__setattr__(value, field.name, inside(getattr(value, field.name)))
    else:
        return change(value)
    return value


def leaves(value):
    if isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


bare = partial(mapped, lambda leaf: leaf.values if isinstance(leaf, TracedArray) else leaf)


def valued(ledger, value, sources=()):
    """A real array as a traced one, other values as they are; a view shares a source's buffer."""
    if type(value) is not np.ndarray or value.dtype.kind not in "biufc":
        return value
    buffer = next((source.buffer for source in sources
                   if np.may_share_memory(value, source._values)), None)
    strides = None if value.flags.c_contiguous else [s // value.itemsize for s in value.strides]
    return TracedArray(ledger, value.shape, value.dtype, strides, buffer, False, value)


def as_traced(ledger, value):
    """An operand as a traced array: numbers and symbols have shape (), plain arrays keep theirs."""
    if isinstance(value, TracedArray):
        return value
    if is_symbol(value):
        return TracedArray(ledger, (), int if value.is_integer else float, traced=False)
    if not isinstance(value, np.ndarray) and any(
            isinstance(leaf, TracedArray) for leaf in leaves(value)):
        return np.stack([as_traced(ledger, part) for part in value])
    value = np.asarray(value)
    return valued(ledger, value) if value.dtype.kind in "biufc" else TracedArray(
        ledger, value.shape, value.dtype)


# calls of NumPy
def unknown(name, option, value):
    return NotImplementedError(f"tracing does not know np.{name} with {option}={value!r}; "
                               "write the step with operations that it knows")


def refuse(name, **options):
    """NotImplementedError that names the function and its first option that is switched on."""
    for option, value in options.items():
        if not any(value is default for default in (None, False, np._NoValue)):
            raise unknown(name, option, value)


def called(ledger, function, args, options, ufunc=None, traced=False):
    """Hand a call to its rule; what comes from sizes alone NumPy computes, and it is free.

    traced: what the call makes from sizes alone joins the trace.
    """
    given = [*leaves((args, options))]
    arrays = [value for value in given if isinstance(value, TracedArray)]
    blind = traced or any(array.values is None for array in arrays) or any(map(is_symbol, given))
    try:
        found = Call(ledger, function, ufunc, traced).run(args, options)
    except (NotImplementedError, TypeError, ValueError, IndexError):
        if blind:
            raise
    else:
        if blind or product(getattr(found, "shape", ())) > VALUED_AT_MOST:
            return found
    found, out = function(*bare(args), **bare(options)), options.get("out")
    return mapped(partial(valued, ledger, sources=arrays), found) if out is None else out


class Call:
    """One call of a NumPy function: what its rule needs to enter it in the ledger."""

    def __init__(self, ledger, function, ufunc=None, traced=False):
        self.ledger, self.function, self.ufunc, self.traced = ledger, function, ufunc, traced
        self.name = function.__name__
        if ufunc not in (None, function):
            self.name = f"{ufunc.__name__}.{self.name}"

    def run(self, args, options):
        """Hand operands and options to the rule, if it knows all of them."""
        if self.function not in RULES:
            module = getattr(self.function, "__module__", None) or "numpy"
            raise NotImplementedError(
                f"tracing does not know what {module.replace('numpy', 'np')}.{self.name} costs; "
                "write the step with operations that it knows, or add its cost to helpers/tracing")
        rule, count, known, signature = RULES[self.function]
        if not self.ufunc:
            bound = signature.bind(*args, **options)
            given = bound.args
            options = dict(zip([*signature.parameters][count:], given[count:])) | bound.kwargs
            args = given[:count]
        known_by_numpy = signature.parameters
        given = {name: value for name, value in options.items()
                 if name not in known_by_numpy or value is not known_by_numpy[name].default}
        for name in given.keys() - known:
            raise unknown(self.name, name, given[name])
        return rule(self, *args, **given)

    def arrays(self, *operands):
        return [as_traced(self.ledger, operand) for operand in operands]

    def ask(self, operands, function=None, shown=(), **options):
        """The `answer` of NumPy to this call, or to another function; shown: in an error's text."""
        forms = tuple(map(self._form, operands))
        options = tuple((name, _fixed(value)) for name, value in options.items())
        try:
            return answer(function or self.function, forms, options)
        except (ValueError, IndexError) as error:
            shapes = [x.shape for x in shown or forms if hasattr(x, "shape")]
            if isinstance(error, AxisError) or len(shapes) < 2 and self.name != "einsum":
                raise
            raise misfit(self.name, *shapes) from None

    def _form(self, operand):
        """What NumPy needs to know of an operand: the type of a number, or the form of an array."""
        if operand is None or isinstance(operand, str):
            return operand
        number = type(operand) in (bool, int, float, complex)
        return type(operand) if number else as_traced(self.ledger, operand).form

    def compute(self, *operands, flops=0, out=None, is_matmul=False, **options):
        """Enter the call as NumPy answers it; flops: a number, or of the result and operands."""
        shape, dtype, order, _ = self.ask(operands, **options)
        arrays = self.arrays(*(operand for operand in operands if operand is not None))
        return self.write(arrays, shape, dtype, order, flops, out, is_matmul)

    def write(self, reads, shape, dtype, order=None, flops=0, out=None, is_matmul=False):
        """Enter one operation and return its output, which is `out` where one is given."""
        traced, shape = self.traced or any(read.buffer.traced for read in reads), tuple(shape)
        if out is None:
            output = TracedArray(self.ledger, shape, dtype, laid(shape, order), traced=traced)
        else:
            refuse(self.name, out=not isinstance(out, TracedArray) and out)
            output = out
            if not equal_shapes(output.shape, shape):
                raise misfit(f"{self.name} with out=", output.shape, shape)
            if not np.can_cast(dtype, output.dtype, "same_kind"):
                raise TypeError(f"{self.name}: {dtype} does not go into an array of {output.dtype}")
        if traced or output.buffer.traced:
            output.claim()
            flops = flops(output, *reads) if callable(flops) else flops
            if flops != 0 and any(array.dtype.kind == "c" for array in (*reads, output)):
                factor = COMPLEX.get("matmul" if is_matmul else self.name)
                refuse(self.name, dtype=None if factor else "complex")
                flops = factor * flops
            self.ledger.record(self.name, [read for read in reads if read.shape], output, flops,
                               is_matmul)
        return output


def _fixed(value):
    """An option as something that can be looked up; sizes that are symbols only shift or fill."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_fixed, value))
    return 1 if is_symbol(value) else value
