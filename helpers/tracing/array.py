"""An array without values: it knows its sizes, and tells the ledger what NumPy does with it."""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from helpers.tracing.layout import covered, kept_order, reshaped_strides, row_strides
from helpers.tracing.sizes import (at_most, broadcast, equal, is_symbolic, misfit, product, quotient, shape_text,
                                   whole)

FLOAT, BOOL, INT = np.dtype(float), np.dtype(bool), np.dtype(int)
HANDLERS = {}  # NumPy function -> what it costs; filled by elementwise, products and shaping


def handles(*functions):
    """Enter the decorated function as the cost of these NumPy functions."""
    def enter(handler):
        HANDLERS.update(dict.fromkeys(functions, handler))
        return handler
    return enter


class Buffer:
    """The elements that one array, or several views of it, keep alive."""

    def __init__(self, ledger, elements):
        self.ledger, self.elements = ledger, elements
        ledger.allocate(elements)

    def __del__(self):
        self.ledger.free(self.elements)


class TracedArray(NDArrayOperatorsMixin):
    """Stands in for an ndarray in ordinary NumPy code; `shape` holds whole numbers or SymPy sizes.

    NumPy hands its calls over through `__array_ufunc__` and `__array_function__`; their costs are in
    `helpers.tracing.elementwise`, `products` and `shaping`. It has no values: code that branches on
    them, or converts them to a number, raises TypeError.
    """

    def __init__(self, ledger, shape, dtype=FLOAT, buffer=None, strides=None):
        self.ledger, self.dtype = ledger, np.dtype(dtype)
        self.shape = tuple(whole(size) for size in shape)
        self._strides = strides if strides is None else tuple(strides)  # None: row after row, without gaps
        self.buffer = buffer or Buffer(ledger, product(self.shape))

    # NumPy's two doors -------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return HANDLERS[np.ufunc](self.ledger, ufunc, method, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        if function not in HANDLERS:
            name = f"{function.__module__}.{function.__name__}".replace("numpy.", "np.")
            raise NotImplementedError(f"tracing does not know what {name} costs; write the step with operations "
                                      "that it knows, or add its cost to helpers/tracing")
        return HANDLERS[function](self.ledger, *args, **kwargs)

    # making further arrays ------------------------------------------------------------------------
    @property
    def strides(self):
        """For each axis, how many elements lie between neighbours in memory (NumPy's are in bytes)."""
        return row_strides(self.shape) if self._strides is None else self._strides

    @property
    def cells(self):
        """How many elements of memory it covers: those that broadcasting or windows repeat count once."""
        return product(self.shape) if self._strides is None else covered(self.shape, self._strides)

    def view(self, shape, strides=None):
        """The same elements under another shape: no cost. strides=None: row after row, without gaps."""
        return TracedArray(self.ledger, shape, self.dtype, self.buffer, strides)

    def duplicate(self, name, shape=None, dtype=None, keep_order=False):
        """A copy, which moves bytes and computes nothing; keep_order: it lies in memory as this one does."""
        strides = kept_order(self.shape, [self], copying=True) if keep_order else None
        output = TracedArray(self.ledger, self.shape if shape is None else shape, dtype or self.dtype, strides=strides)
        self.ledger.record(name, [self] if self.shape else [], output, 0)
        return output

    # what an ndarray offers ---------------------------------------------------------------------
    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return whole(product(self.shape))

    @property
    def T(self):
        return self.transpose()

    @property
    def mT(self):
        return self.swapaxes(-1, -2)

    def transpose(self, *axes):
        axes = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        axes = tuple(range(self.ndim))[::-1] if not axes or axes == (None,) else axes
        places = [axis_place(axis, self.ndim, "transpose") for axis in axes]
        if sorted(places) != list(range(self.ndim)):
            raise ValueError(f"transpose: axes {tuple(axes)} are not a permutation of the {self.ndim} axes of {self!r}")
        return self.view([self.shape[p] for p in places], None if places == sorted(places) and self._strides is None
                         else [self.strides[p] for p in places])

    def swapaxes(self, axis1, axis2):
        order = list(range(self.ndim))
        first, second = (axis_place(axis, self.ndim, "swapaxes") for axis in (axis1, axis2))
        order[first], order[second] = order[second], order[first]
        return self.transpose(order)

    def reshape(self, *shape, **unknown):
        if unknown and unknown != {"order": "C"}:
            raise NotImplementedError(f"tracing does not know reshape with {', '.join(unknown)}")
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        unknown_places = [i for i, size in enumerate(shape) if not is_symbolic(size) and size == -1]
        known = product(tuple(size for i, size in enumerate(shape) if i not in unknown_places))
        if len(unknown_places) == 1:
            size = quotient(product(self.shape), known, "reshape", tuple(shape))
            shape = [size if i in unknown_places else s for i, s in enumerate(shape)]
        elif unknown_places or not equal(product(self.shape), known):
            raise misfit("reshape", self.shape, tuple(shape))
        if self._strides is None:
            return self.view(shape)
        strides = reshaped_strides(self.shape, self.strides, tuple(shape))
        return self.duplicate("reshape", shape) if strides is None else self.view(shape, strides)

    def astype(self, dtype, copy=True):
        return self.duplicate("astype", dtype=dtype, keep_order=True) if copy or self.dtype != dtype else self

    def copy(self, order="C"):
        return self.duplicate("copy", keep_order=order in ("K", "A"))

    def ravel(self):
        in_rows = all(size == 1 or equal(*pair) for size, *pair in zip(self.shape, self.strides, row_strides(self.shape)))
        return self.reshape(-1) if in_rows else self.duplicate("ravel", [product(self.shape)])

    def flatten(self):
        return self.duplicate("flatten", [product(self.shape)])

    def squeeze(self, axis=None):
        return np.squeeze(self, axis)

    def __getattr__(self, name):
        """Methods that NumPy also has as functions: `x.sum(axis=0)` is `np.sum(x, axis=0)`."""
        if name in _METHODS:
            return lambda *args, **kwargs: getattr(np, name)(self, *args, **kwargs)
        raise AttributeError(f"a traced array has no {name!r}; tracing knows {', '.join(_METHODS)} and what NumPy's "
                             "operators and functions do")

    # indexing -------------------------------------------------------------------------------------
    def __getitem__(self, index):
        shape, gathers, strides = self._indexed(index)
        if not gathers:
            return self.view(shape, strides)
        output = TracedArray(self.ledger, shape, self.dtype)
        self.ledger.record("take", [output, *(g for g in gathers if isinstance(g, TracedArray))], output, 0)
        return output

    def __setitem__(self, index, value):
        shape, gathers, strides = self._indexed(index)
        values, target = as_traced(self.ledger, value), self.view(shape, None if gathers else strides)
        if not all(map(equal, broadcast("assignment", values.shape, shape), shape)):
            raise misfit("assignment", shape, values.shape)
        self.ledger.record("assign", [values] if values.shape else [], target, 0)

    def _indexed(self, index):
        """The shape of self[index], the index arrays in it, and the strides if there are none."""
        index = list(index) if isinstance(index, tuple) else [index]
        if any(getattr(i, "dtype", None) == bool for i in index):
            raise NotImplementedError("tracing does not know indexing by a truth mask: its size depends on values")
        used = sum(i is not None and i is not Ellipsis for i in index)
        if used > self.ndim:
            raise IndexError(f"{used} indices for an array of shape {shape_text(self.shape)}")
        place = next((p for p, i in enumerate(index) if i is Ellipsis), None)
        fill = [slice(None)] * (self.ndim - used)
        index = index + fill if place is None else index[:place] + fill + index[place + 1:]
        if all(isinstance(item, slice) and item == slice(None) for item in index):
            return self.shape, [], self._strides
        axes, shape, strides, gathers = iter(zip(self.shape, self.strides)), [], [], []
        gather_place = None
        for item in index:
            if item is None:
                shape.append(1)
                strides.append(0)
                continue
            size, stride = next(axes)
            if isinstance(item, slice):
                shape.append(sliced(size, item))
                strides.append(stride * (1 if item.step is None else item.step))
            elif isinstance(item, (list, np.ndarray, TracedArray)):
                gather_place = len(shape) if gather_place is None else gather_place
                gathers.append(item if isinstance(item, TracedArray) else np.asarray(item))
            elif not is_symbolic(item) and not is_symbolic(size) and not -size <= item < size:
                raise IndexError(f"index {item} is outside an axis of size {size}")
        if gathers:
            shape[gather_place:gather_place] = broadcast("indexing", *(g.shape for g in gathers))
        return shape, gathers, strides

    # what a size without values cannot do -------------------------------------------------------
    def __len__(self):
        if not self.shape or is_symbolic(self.shape[0]):
            raise TypeError(f"len() of {self!r} is not a number; use x.shape[0]")
        return self.shape[0]

    def __iter__(self):
        if not self.shape or is_symbolic(self.shape[0]):
            raise TypeError(f"cannot loop over {self!r}; use `for t in repeat(x.shape[0])` from helpers.tracing")
        return (self[i] for i in range(self.shape[0]))

    def _no_value(self, *args, **kwargs):
        raise TypeError(f"{self!r} has sizes but no values: a traced function cannot branch on values, make "
                        "numbers of them, or leave NumPy's dispatch (np.array, np.asarray, math.*)")

    def _sympy_(self):
        from sympy import SympifyError  # SymPy asks this for n * x, and then leaves the product to the array
        raise SympifyError(self)

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __array__ = item = tolist = _no_value

    def __repr__(self):
        return f"TracedArray(shape={shape_text(self.shape)})"


_METHODS = ("sum", "prod", "mean", "var", "std", "max", "min", "any", "all", "argmax", "argmin", "cumsum", "cumprod",
            "dot", "clip", "repeat", "take", "round", "diagonal", "argsort")


def as_traced(ledger, value):
    """An operand as a traced array: numbers and symbols have shape (), plain arrays keep their shape."""
    if isinstance(value, TracedArray):
        return value
    if is_symbolic(value):
        return TracedArray(ledger, (), FLOAT, buffer=object())
    value = np.asarray(value)
    return TracedArray(ledger, value.shape, value.dtype, buffer=object())  # not the trace's to keep alive


def axis_place(axis, ndim, operation):
    """An axis counted from the front; ValueError that names the operation if there is none such."""
    if isinstance(axis, bool) or not hasattr(axis, "__index__") or not -ndim <= axis < ndim:
        raise ValueError(f"{operation}: there is no axis {axis!r} in an array of {ndim} axes")
    return int(axis) % ndim


def sliced(size, item):
    """How many elements a slice takes of an axis; ValueError where symbols leave that open."""
    start, stop, stride = item.start, item.stop, 1 if item.step is None else item.step
    if not any(is_symbolic(x) for x in (size, start, stop, stride)):
        return len(range(*slice(start, stop, stride).indices(size)))
    start, stop = 0 if start is None else start, size if stop is None else stop
    negative = [not is_symbolic(x) and x < 0 for x in (start, stop)]
    start, stop = (size + x if below else x for x, below in zip((start, stop), negative))
    if start == 0 and stop == size and stride == -1:
        return size
    if stride != 1 or not (at_most(0, start) and at_most(start, stop) and at_most(stop, size)):
        raise ValueError(f"slice {item.start}:{item.stop}:{item.step} of an axis of size {size}: it cannot be shown "
                         "that it lies inside; write the size so that it contains the slice (for example n = k + m)")
    return whole((stop - start).expand() if is_symbolic(stop - start) else stop - start)
