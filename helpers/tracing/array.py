"""An array without values: it knows its sizes, and tells the ledger what NumPy does with it.

NumPy hands its own calls over (`__array_ufunc__`, `__array_function__`) to the rules of
`helpers.tracing.costs`. What is made from sizes alone, a mask or np.zeros, is free, as 1/√d is,
until a traced array fills it.
"""

from operator import index as whole

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from helpers.sizes import exact, is_symbol
from helpers.tracing.layout import (
    at_most, broadcast, covered, equal, equal_shapes, kept_order, misfit, product, reshaped_strides,
    row_strides, shape_text)
from helpers.tracing.ledger import current_ledger

DOORS = {}  # "ufunc", "function": what takes NumPy's calls; filled by costs
METHODS = (
    "sum prod mean var std max min any all argmax argmin cumsum cumprod dot clip repeat take round "
    "diagonal argsort argpartition squeeze swapaxes trace").split()
MADE_AT_MOST = 2**22  # elements: what is larger has no values, and takes no memory


class Buffer:
    """The elements that one array, or several views of it, keep alive once they are `traced`."""

    def __init__(self, ledger, elements, traced):
        self.ledger, self.elements, self.traced = ledger, elements, traced
        if traced:
            ledger.allocate(elements)

    def __del__(self):
        if self.traced:
            self.ledger.free(self.elements)


class TracedArray(NDArrayOperatorsMixin):
    """Stands in for an ndarray in ordinary NumPy code; `shape` holds whole numbers or symbols.

    It has no values: code that branches on them, or makes numbers of them, raises TypeError.
    """

    def __init__(self, ledger, shape, dtype=float, buffer=None, strides=None, traced=True):
        self.ledger, self.dtype = ledger, np.dtype(dtype)
        self.shape = tuple(size if is_symbol(size) and not size.is_Integer else whole(size)
                           for size in shape)
        self._strides = strides and tuple(strides)  # None: row after row
        self.buffer = buffer or Buffer(ledger, product(self.shape), traced)
        if self.dtype.kind not in "biufc":
            raise NotImplementedError(f"tracing does not know arrays of dtype {self.dtype}")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return DOORS["ufunc"](self.ledger, ufunc, method, inputs, options)

    def __array_function__(self, function, types, args, options):
        return DOORS["function"](self.ledger, function, args, options)

    # in elements; NumPy's are in bytes
    strides = property(lambda self: self._strides or row_strides(self.shape))
    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: exact(product(self.shape)))
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))

    @property
    def cells(self):
        """How many elements of memory it covers: those that broadcasting repeats count once."""
        return covered(self.shape, self._strides) if self._strides else product(self.shape)

    def over(self, shape, strides=None):
        """The same elements under another shape: no cost. strides=None: row after row."""
        return TracedArray(self.ledger, shape, self.dtype, self.buffer, strides)

    def duplicate(self, name, shape=None, dtype=None, order=None):
        """A copy, which moves bytes and computes nothing; order="K": as this one lies."""
        strides = kept_order(self.shape, [self], copying=True) if order == "K" else None
        output = TracedArray(self.ledger, self.shape if shape is None else shape,
                             dtype or self.dtype, None, strides, self.buffer.traced)
        if self.buffer.traced:
            self.ledger.record(name, [self] if self.shape else [], output, 0)
        return output

    def claim(self):
        """Made from sizes alone, it joins the trace: written now, and alive from now on."""
        if not self.buffer.traced:
            self.buffer.traced = True
            self.ledger.allocate(self.buffer.elements)
            self.ledger.record("made", [], self.over((self.buffer.elements,)), 0)

    # what an ndarray offers
    def transpose(self, *axes):
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def reshape(self, *shape, order="C", copy=None):
        refuse("reshape", order=order != "C" and order, copy=copy)
        shape = list(shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)
        total, number = product(self.shape), [not is_symbol(size) for size in shape]
        rest = [i for i, size in enumerate(shape) if number[i] and size == -1]
        known = product(tuple(size for i, size in enumerate(shape) if i not in rest))
        if len(rest) == 1 and (is_symbol(total) or is_symbol(known)):  # symbols are taken to divide
            ratio = total / known
            shape[rest[0]] = exact(ratio.cancel())
        elif len(rest) == 1 and known and total % known == 0:
            shape[rest[0]] = total // known
        elif rest or not equal(total, known):
            raise misfit("reshape", self.shape, tuple(shape))
        if self._strides is None or total == 0:
            return self.over(shape)
        strides = reshaped_strides(self.shape, self.strides, tuple(shape))
        return self.duplicate("reshape", shape) if strides is None else self.over(shape, strides)

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        refuse("astype", order=order != "K" and order)
        return self.duplicate("astype", None, dtype, "K") if copy or self.dtype != dtype else self

    def copy(self, order="C"):
        return self.duplicate("copy", order="K" if order in ("K", "A") else None)

    def ravel(self, order="C"):
        refuse("ravel", order=order != "C" and order)
        in_rows = all(size == 1 or equal(*pair) for size, *pair in
                      zip(self.shape, self.strides, row_strides(self.shape)))
        flat = (product(self.shape),)
        return self.over(flat) if in_rows else self.duplicate("ravel", flat)

    def flatten(self, order="C"):
        refuse("flatten", order=order != "C" and order)
        return self.duplicate("flatten", (product(self.shape),))

    def fill(self, value):
        self[...] = value

    def __getattr__(self, name):
        """Methods that NumPy also has as functions: `x.sum(axis=0)` is `np.sum(x, axis=0)`."""
        if name in METHODS:
            return lambda *args, **options: getattr(np, name)(self, *args, **options)
        known = f"a traced array has no {name!r}; it has {', '.join(METHODS)} and NumPy's operators"
        public = hasattr(np.ndarray, name) and not name.startswith("_")
        raise NotImplementedError(known) if public else AttributeError(known)

    def __getitem__(self, index):
        shape, strides, ids = indexed(self, index)
        if not ids:
            return self.over(shape, strides)
        traced = [array for array in (*ids, self) if array.buffer.traced]
        output = TracedArray(self.ledger, shape, self.dtype, None, strides, bool(traced))
        if traced:
            ids = [array for array in traced if array is not self]
            self.ledger.record("take", [output, *ids], output, 0)
        return output

    def __setitem__(self, index, value):
        value, target, masks = as_traced(self.ledger, value), self, []
        if isinstance(index, TracedArray) and index.dtype == bool:
            masks = [index]  # as if all elements were written
            fits = not value.shape and equal_shapes(index.shape, self.shape[:index.ndim])
        else:
            shape, strides, ids = indexed(self, index)
            target = self.over(shape, None if ids else strides)
            extra = max(0, value.ndim - target.ndim)  # leading axes of size 1 may be too many
            fits = set(value.shape[:extra]) <= {1} and equal_shapes(
                broadcast("assignment", value.shape[extra:], target.shape), target.shape)
        if not fits:
            raise misfit("assignment", target.shape, value.shape)
        if any(array.buffer.traced for array in (self, value, *masks)):
            self.claim()
            self.ledger.record("assign", [a for a in (value, *masks) if a.shape], target, 0)

    # what a size without values cannot do
    def __len__(self):
        if not self.shape or is_symbol(self.shape[0]):
            raise TypeError(f"len() of {self!r} is not a number; use x.shape[0]")
        return self.shape[0]

    def __iter__(self):
        if not self.shape or is_symbol(self.shape[0]):
            raise TypeError(f"cannot loop over {self!r}; "
                            "use `for t in repeat(x.shape[0])` from helpers.tracing")
        return (self[i] for i in range(self.shape[0]))

    def _no_value(self, *args, **options):
        raise TypeError(f"{self!r} has sizes but no values: a traced function cannot branch on "
                        "values, make numbers of them, leave NumPy's dispatch (math.*), or index "
                        "with them a real array that is not among trace's arguments")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __array__ = item = tolist = _no_value

    def _sympy_(self):
        from sympy import SympifyError  # SymPy asks this for n * x, and leaves it to the array
        raise SympifyError(self)

    def __repr__(self):
        return f"TracedArray(shape={shape_text(self.shape)})"


def unknown(name, option, value):
    return NotImplementedError(f"tracing does not know np.{name} with {option}={value!r}; "
                               "write the step with operations that it knows")


def refuse(name, **options):
    """NotImplementedError that names the function and its first option that is switched on."""
    for option, value in options.items():
        if not any(value is default for default in (None, False, np._NoValue)):
            raise unknown(name, option, value)


# indexing: NumPy's rules for sizes that may be symbols
def indexed(x, index):
    """Shape and strides of x[index], and the arrays of ids in it: with one, NumPy copies."""
    shape, strides, ids, places, axes = [], [], [], [], iter(zip(x.shape, x.strides))
    items = list(_items(x, index))
    for place, item in enumerate(items):
        if item is Ellipsis:
            continue
        size, stride = (1, 0) if item is None else next(axes)
        if item is None or isinstance(item, slice):
            shape.append(1 if item is None else sliced(size, item))
            strides.append(stride * (getattr(item, "step", None) or 1))
            continue
        places.append((place, len(shape)))
        ends = (item,)
        if isinstance(item, (np.ndarray, TracedArray, range)):
            of = (lambda: TracedArray(x.ledger, (len(item),), int, traced=False)) if isinstance(
                item, range) else (lambda: as_traced(x.ledger, item))
            ids.append(of())
            ends = () if isinstance(item, TracedArray) or not len(item) else (
                item[0], item[-1]) if isinstance(item, range) else (item.min(), item.max())
        for end in ends:
            if not is_symbol(end) and not is_symbol(size) and not -size <= end < size:
                raise IndexError(f"index {end} is outside an axis of size {size}")
    if not ids:
        unchanged = all(isinstance(item, slice) and item == slice(None) for item in items)
        return tuple(shape), x._strides if unchanged else strides, ids
    # whole numbers beside arrays of ids count as such; parted by a slice, their axes come first
    (first, at), (last, _) = places[0], places[-1]
    at = at if last - first < len(places) else 0
    found = broadcast("indexing", *(array.shape for array in ids))
    rest = kept_order(shape, [x.over(shape, strides)]) or row_strides(shape)
    outer = [step * product(tuple(shape)) for step in row_strides(found)]
    shape, strides = ((*of[:at], *new, *of[at:]) for of, new in ((shape, found), (rest, outer)))
    return shape, None if strides == row_strides(shape) else strides, ids


def _items(x, index):
    """The index with an entry for each axis: numbers, slices, None, arrays of ids."""
    items = [np.asarray(item, None if item else int) if isinstance(item, (list, tuple)) else item
             for item in (index if isinstance(index, tuple) else (index,))]
    masks = [getattr(item, "dtype", type(item)) in (bool, np.bool_) for item in items]
    if any(mask and not isinstance(item, np.ndarray) for mask, item in zip(masks, items)):
        raise NotImplementedError("tracing does not know an index that is True or False, or a "
                                  "truth mask: the size of the result depends on values; use "
                                  "np.where, or assign through the mask")
    axes = [0 if item is None or item is Ellipsis else item.ndim if mask else 1
            for item, mask in zip(items, masks)]
    if sum(axes) > x.ndim:
        raise IndexError(f"{sum(axes)} indices for an array of shape {shape_text(x.shape)}")
    if not any(item is Ellipsis for item in items):
        items, axes, masks = [*items, Ellipsis], [*axes, 0], [*masks, False]
    place = 0
    for item, taken, mask in zip(items, axes, masks):
        taken = x.ndim - sum(axes) if item is Ellipsis else taken
        if mask and not equal_shapes(x.shape[place:place + taken], item.shape):
            raise misfit("indexing by a mask", x.shape, item.shape)
        place += taken
        if item is Ellipsis:
            yield from [slice(None)] * taken or [Ellipsis]
        elif mask:
            yield from item.nonzero()
        elif isinstance(item, (float, str)) or isinstance(item, np.ndarray) and (
                item.dtype.kind not in "iu"):
            raise IndexError(f"index {item!r}: give whole numbers, slices or arrays of them")
        elif isinstance(item, (np.ndarray, TracedArray)) and not item.ndim:
            yield 0 if isinstance(item, TracedArray) else whole(item)
        else:
            yield item


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


# arrays that have values
class Made(np.ndarray):
    """A real array made inside a trace: NumPy's own, until a traced one fills or indexes it."""

    _buffer = None

    def __array_finalize__(self, source):
        base, ledger = self.base, current_ledger()
        if isinstance(source, Made) and base is not None and (
                base is source or base is np.ndarray.base.__get__(source)):
            self._buffer = source._buffer  # a view
        elif ledger:
            self._buffer = Buffer(ledger, self.size, False)

    def __getattribute__(self, name):
        if not name.startswith("_") and is_traced(self):
            return getattr(as_traced(self._buffer.ledger, self), name)
        return super().__getattribute__(name)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        given = (*inputs, *options.get("out", ()))
        shapes = [np.shape(bare(value)) for value in given if not is_traced(value)]
        shapes = [np.broadcast_shapes(*shapes)] if method == "__call__" else shapes
        large = method in ("__call__", "outer") and product(sum(shapes, ())) > MADE_AT_MOST
        if any(map(is_traced, given)) or large and self._buffer:
            return DOORS["ufunc"](self._buffer.ledger, ufunc, method, inputs, options)
        result = getattr(ufunc, method)(*bare(inputs), **bare(options))
        return options["out"][0] if options.get("out") else made(result)

    def __array_function__(self, function, types, args, options):
        if any(map(is_traced, leaves((args, options)))):
            return DOORS["function"](self._buffer.ledger, function, args, options)
        return super().__array_function__(function, types, args, options)

    def __getitem__(self, index):
        if any(map(is_traced, leaves((self, index)))):
            return as_traced(self._buffer.ledger, self)[index]
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        if any(map(is_traced, leaves((self, index, value)))):
            as_traced(self._buffer.ledger, self)[index] = value
        else:
            super().__setitem__(bare(index), bare(value))


def is_traced(value):
    """True for an array whose values the trace does not know."""
    return isinstance(value, TracedArray) or isinstance(value, Made) and bool(
        value._buffer and value._buffer.traced)


def leaves(value):
    """What stands in nested tuples, lists and dicts."""
    if isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


def bare(value):
    """The same with NumPy's own arrays in place of `Made`, in tuples, lists and dicts too."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(bare, value))
    if isinstance(value, dict):
        return {key: bare(part) for key, part in value.items()}
    return np.ndarray.view(value, np.ndarray) if isinstance(value, Made) else value


def made(value):
    return value.view(Made) if type(value) is np.ndarray else value


def as_traced(ledger, value):
    """An operand as a traced array: numbers and symbols have shape (), plain arrays keep theirs."""
    if isinstance(value, TracedArray):
        return value
    if isinstance(value, tuple):
        raise TypeError(f"the tuple {value!r} meets a traced array: as a shape it belongs among "
                        "trace's arguments, as values it must be a list or an array")
    buffer, value = getattr(value, "_buffer", None), bare(value)
    if is_symbol(value):
        return TracedArray(ledger, (), int if value.is_integer else float, traced=False)
    if isinstance(value, list) and any(map(is_traced, leaves(value))):
        return np.stack([as_traced(ledger, part) for part in value])
    value = np.asarray(value)
    strides = None if value.flags.c_contiguous else [s // value.itemsize for s in value.strides]
    return TracedArray(ledger, value.shape, value.dtype,
                       buffer or Buffer(ledger, value.size, False), strides)
