"""An array without values: it knows its sizes, and tells the ledger what NumPy does with it.

NumPy hands its own calls over (`__array_ufunc__`, `__array_function__`) to the rules of
`helpers.tracing.costs`. What is made from sizes alone, a mask or np.zeros, has values and is free,
as 1/√d is, until a traced array fills it.
"""

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
    "diagonal argsort argpartition ravel squeeze swapaxes trace").split()
VALUED_AT_MOST = 2**22  # elements: what is larger has no values, and takes no memory
DEFAULTS = {  # of ufuncs
    "where": True, "casting": "same_kind", "order": "K", "subok": True, "dtype": None}
COMPLEX = {  # FLOPs of a complex one for each FLOP of a real one; a comparison looks at both parts
    "add": 2, "subtract": 2, "negative": 2, "multiply": 6, "matmul": 4, "sum": 2, "cumsum": 2,
    "mean": 2, "prod": 6, "max": 2, "min": 2, "amax": 2, "amin": 2, "argmax": 2, "argmin": 2,
    "any": 2, "all": 2, "count_nonzero": 2, "clip": 2, "equal": 2, "not_equal": 2}


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

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return called(self.ledger, function, inputs, options, ufunc)

    def __array_function__(self, function, types, args, options):
        return called(self.ledger, function, args, options)

    # in elements; NumPy's are in bytes
    strides = property(lambda self: self._strides or row_strides(self.shape))
    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: exact(self.elements))
    form = property(lambda self: Form(self.shape, self._strides, self.dtype))
    values = property(lambda self: None if self.buffer.traced else self._values)
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))

    @property
    def cells(self):
        """How many elements of memory it covers: those that broadcasting repeats count once."""
        return covered(self.shape, self._strides) if self._strides else self.elements

    def over(self, shape, strides=None):
        """The same elements under another shape: no cost. strides=None: row after row."""
        return TracedArray(self.ledger, shape, self.dtype, strides, self.buffer)

    def claim(self):
        """Made from sizes alone, it joins the trace: written now, and alive from now on."""
        if not self.buffer.traced:
            self.buffer.traced = True
            self.ledger.allocate(self.buffer.elements)
            self.ledger.record("made", [], self.over((self.buffer.elements,)), 0)

    def transpose(self, *axes):
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def reshape(self, *shape, **options):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        refuse("astype", order=order != "K" and order)
        return np.astype(self, dtype, copy=copy)

    def copy(self, order="C"):
        return np.copy(self, order=order)

    def flatten(self, order="C"):
        return called(self.ledger, np.ndarray.flatten, (self,), {"order": order})

    def fill(self, value):
        self[...] = value

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
        if self.values is None:
            raise NotImplementedError(f"a traced array has no {name!r}; it has "
                                      f"{', '.join(METHODS)} and NumPy's operators")
        found = getattr(self.values, name)
        return valued(self.ledger, found, [self]) if not callable(found) else (
            lambda *args, **options: valued(
                self.ledger, found(*bare(args), **bare(options)), [self]))

    def __len__(self):
        if not self.shape or is_symbol(self.shape[0]):
            raise TypeError(f"the length of {self!r} is not a number; use x.shape[0], and "
                            "`for t in repeat(x.shape[0])` from helpers.tracing")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    __bool__, __float__, __int__, __index__, __complex__, __array__, item, tolist = map(
        _with_values,
        "__bool__ __float__ __int__ __index__ __complex__ __array__ item tolist".split())

    def _sympy_(self):
        from sympy import SympifyError  # SymPy asks this for n * x, and leaves it to the array
        raise SympifyError(self)

    def __repr__(self):
        return f"TracedArray(shape={shape_text(self.shape)})"


# values and operands
def leaves(value):
    """What stands in nested tuples, lists and dicts."""
    if isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


def mapped(change, value):
    """Nested tuples, lists and dicts with each leaf changed."""
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(change, part) for part in value)
    if isinstance(value, dict):
        return {key: mapped(change, part) for key, part in value.items()}
    return change(value)


bare = partial(mapped, lambda leaf: leaf.values if isinstance(leaf, TracedArray) else leaf)


def valued(ledger, value, sources=()):
    """A real array, or those in a tuple or list, as traced; a view shares its source's buffer."""
    if type(value) in (tuple, list):
        return type(value)(valued(ledger, part, sources) for part in value)
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
    if isinstance(value, tuple):
        raise TypeError(f"the tuple {value!r} meets a traced array: as a shape it belongs among "
                        "trace's arguments, as values it must be a list or an array")
    if is_symbol(value):
        return TracedArray(ledger, (), int if value.is_integer else float, traced=False)
    if isinstance(value, list) and any(isinstance(leaf, TracedArray) for leaf in leaves(value)):
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
    return valued(ledger, found, arrays) if out is None else out[0] if ufunc else out


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
        if self.ufunc:
            operands = args
            given = {key: value for key, value in options.items()
                     if key not in DEFAULTS or DEFAULTS[key] is not value}
            if "out" in given:
                [given["out"]] = given["out"]
        else:
            operands, given = [], {}
            for name, value in signature.bind(*args, **options).arguments.items():
                parameter = signature.parameters[name]
                if parameter.kind is parameter.VAR_POSITIONAL:
                    operands.extend(value)
                elif parameter.kind is parameter.VAR_KEYWORD:
                    given.update(value)
                elif len(operands) < count:
                    operands.append(value)
                elif value is not parameter.default:
                    given[name] = value
        for name in given.keys() - known:
            raise unknown(self.name, name, given[name])
        return rule(self, *operands, **given)

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
        if type(operand) in (bool, int, float, complex):
            return type(operand)
        if not isinstance(operand, TracedArray) and is_symbol(operand):
            return int if operand.is_integer else float
        return as_traced(self.ledger, operand).form

    def compute(self, *operands, flops=0, out=None, **options):
        """Enter the call as NumPy answers it; flops: a number, or of the result and operands."""
        shape, dtype, order, _ = self.ask(operands, **options)
        arrays = self.arrays(*(operand for operand in operands if operand is not None))
        return self.write(arrays, shape, dtype, order, flops, out)

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
