"""Functions that arrange elements: no FLOPs; bytes only where NumPy copies."""

import numpy as np

from helpers.tracing.array import TracedArray, as_traced, axis_place, handles
from helpers.tracing.elementwise import unknown, written
from helpers.tracing.layout import broadcast_strides, kept_order
from helpers.tracing.sizes import (at_most, broadcast, check_size, equal, equal_shapes, is_symbolic, misfit, product,
                                   whole)


def _sizes(shape):
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


# views ------------------------------------------------------------------------------------------------
@handles(np.reshape)
def _reshape(ledger, x, /, shape, order="C", copy=None):
    unknown("reshape", copy=copy)
    return x.reshape(_sizes(shape), order=order)


@handles(np.transpose, np.permute_dims)
def _transpose(ledger, x, axes=None):
    return x.transpose(axes)


@handles(np.matrix_transpose)
def _matrix_transpose(ledger, x):
    return x.mT


@handles(np.swapaxes)
def _swapaxes(ledger, x, axis1, axis2):
    return x.swapaxes(axis1, axis2)


@handles(np.moveaxis)
def _moveaxis(ledger, x, source, destination):
    source, destination = ([axis_place(axis, x.ndim, "moveaxis") for axis in _sizes(axes)] for axes in (source, destination))
    order = [axis for axis in range(x.ndim) if axis not in source]
    for place, axis in sorted(zip(destination, source)):
        order.insert(place, axis)
    return x.transpose(order)


@handles(np.ravel)
def _ravel(ledger, x, order="C"):
    unknown("ravel", order=order if order != "C" else None)
    return x.ravel()


@handles(np.squeeze)
def _squeeze(ledger, x, axis=None):
    places = [i for i, size in enumerate(x.shape) if size == 1] if axis is None else [
        axis_place(a, x.ndim, "squeeze") for a in _sizes(axis)]
    for place in places:
        if x.shape[place] != 1:
            raise ValueError(f"squeeze: axis {place} of {x!r} has not the size 1")
    kept = [i for i in range(x.ndim) if i not in places]
    return x.view([x.shape[i] for i in kept], [x.strides[i] for i in kept])


@handles(np.expand_dims)
def _expand_dims(ledger, x, axis):
    axes = _sizes(axis)
    places = {axis_place(a, x.ndim + len(axes), "expand_dims") for a in axes}
    kept = iter(zip(x.shape, x.strides))
    shape, strides = zip(*((1, 0) if i in places else next(kept) for i in range(x.ndim + len(axes))))
    return x.view(shape, strides)


@handles(np.broadcast_to)
def _broadcast_to(ledger, x, shape, subok=False):
    if not equal_shapes(broadcast("broadcast_to", x.shape, _sizes(shape)), _sizes(shape)):
        raise misfit("broadcast_to", x.shape, _sizes(shape))
    return x.view(_sizes(shape), broadcast_strides(x.shape, x.strides, len(_sizes(shape))))


@handles(np.flip)
def _flip(ledger, x, axis=None):
    flipped = range(x.ndim) if axis is None else [axis_place(a, x.ndim, "flip") for a in _sizes(axis)]
    return x.view(x.shape, [-stride if i in flipped else stride for i, stride in enumerate(x.strides)])


@handles(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(ledger, x, window_shape, axis=None, **options):
    unknown("sliding_window_view", **options)
    widths, axes = _sizes(window_shape), range(x.ndim) if axis is None else _sizes(axis)
    places = [axis_place(a, x.ndim, "sliding_window_view") for a in axes]
    shape = list(x.shape)
    for place, width in zip(places, widths, strict=True):
        if not at_most(width, shape[place]):
            raise ValueError(f"sliding_window_view: it cannot be shown that a window of {width} fits in {shape[place]}")
        shape[place] = whole(shape[place] - width + 1)
    return x.view([*shape, *widths], [*x.strides, *(x.strides[place] for place in places)])


@handles(np.diagonal)
def _diagonal(ledger, x, offset=0, axis1=0, axis2=1):
    if x.ndim != 2 or offset or not equal(*x.shape):
        raise NotImplementedError(f"tracing knows np.diagonal of a square matrix only, not of {x!r} with offset {offset}")
    return x.view(x.shape[:1], [sum(x.strides)])


@handles(np.split, np.array_split)
def _split(ledger, x, indices_or_sections, axis=0):
    place = axis_place(axis, x.ndim, "split")
    size = x.shape[place]
    if isinstance(indices_or_sections, (list, tuple)):
        cuts = [0, *indices_or_sections, size]
    else:
        sections = check_size(indices_or_sections, "split: sections")
        if is_symbolic(sections):
            raise ValueError(f"split: the number of parts, {sections}, is a symbol; it must be a whole number")
        part = size / sections if is_symbolic(size) else size // sections
        if not is_symbolic(size) and size % sections:
            raise ValueError(f"split: an axis of size {size} cannot be divided into {sections} equal parts")
        cuts = [part * i for i in range(sections + 1)]
    before = (slice(None),) * place
    return [x[(*before, slice(start, stop))] for start, stop in zip(cuts, cuts[1:])]


# copies -----------------------------------------------------------------------------------------------
@handles(np.concatenate)
def _concatenate(ledger, arrays, axis=0, out=None, **options):
    unknown("concatenate", **{k: v for k, v in options.items() if k != "casting"})
    arrays = [as_traced(ledger, array) for array in arrays]
    if axis is None:
        arrays, axis = [array.view([product(array.shape)]) for array in arrays], 0
    place = axis_place(axis, arrays[0].ndim, "concatenate")
    for other in arrays[1:]:
        if other.ndim != arrays[0].ndim or not all(
                equal(a, b) for i, (a, b) in enumerate(zip(arrays[0].shape, other.shape)) if i != place):
            raise misfit("concatenate", *(array.shape for array in arrays))
    shape = list(arrays[0].shape)
    shape[place] = whole(sum(array.shape[place] for array in arrays))
    return written(ledger, "concatenate", arrays, tuple(shape), 0, arrays[0].dtype, out)


@handles(np.stack)
def _stack(ledger, arrays, axis=0, out=None):
    arrays = [as_traced(ledger, array) for array in arrays]
    if not all(equal_shapes(arrays[0].shape, other.shape) for other in arrays):
        raise misfit("stack", *(array.shape for array in arrays))
    shape = list(arrays[0].shape)
    shape.insert(axis_place(axis, len(shape) + 1, "stack"), len(arrays))
    return written(ledger, "stack", arrays, tuple(shape), 0, arrays[0].dtype, out)


@handles(np.copy)
def _copy(ledger, x, order="K", subok=False):
    return x.copy(order)


@handles(np.astype)
def _astype(ledger, x, dtype, copy=True, **options):
    return x.astype(dtype, copy)


@handles(np.tril, np.triu)
def _triangle(ledger, x, k=0):
    # chosen by position alone: nothing is computed
    return written(ledger, "triangle", [x], x.shape, 0, x.dtype, strides=kept_order(x.shape, [x]))


@handles(np.roll)
def _roll(ledger, x, shift, axis=None):
    return x.duplicate("roll", keep_order=True)


@handles(np.repeat)
def _repeat(ledger, x, repeats, axis=None):
    x = x if axis is not None else x.view([product(x.shape)])
    place = axis_place(axis or 0, x.ndim, "repeat")
    shape = [size * check_size(repeats, "repeat: repeats") if i == place else size for i, size in enumerate(x.shape)]
    return x.duplicate("repeat", shape)


@handles(np.take)
def _take(ledger, x, indices, axis=None, **options):
    unknown("take", **options)
    x = x if axis is not None else x.view([product(x.shape)])
    indices = indices if isinstance(indices, TracedArray) else np.asarray(indices)
    return x[(*[slice(None)] * axis_place(axis or 0, x.ndim, "take"), indices)]


@handles(np.pad)
def _pad(ledger, x, pad_width, mode="constant", **options):
    unknown("pad", mode=mode if mode != "constant" else None)
    widths = pad_width if isinstance(pad_width, (list, tuple)) else ((pad_width, pad_width),) * x.ndim
    widths = widths if isinstance(widths[0], (list, tuple)) else (tuple(widths),) * x.ndim
    return x.duplicate("pad", [size + before + after for size, (before, after) in zip(x.shape, widths)])


# new arrays: written once, read nowhere ------------------------------------------------------------
def _new(name, shape_of):
    def make(ledger, first, *args, dtype=None, shape=None, like=None, **options):
        options = {k: v for k, v in options.items() if k not in ("order", "subok", "device", "fill_value")}
        unknown(name, **options)
        dtype = next((a for a in args if isinstance(a, (type, np.dtype))), dtype)
        return written(ledger, name, [], _sizes(shape) if shape is not None else shape_of(first, *args), 0,
                       dtype or getattr(first, "dtype", float),
                       strides=kept_order(first.shape, [first], copying=True) if name.endswith("_like") and shape is None else None)
    return make


for _function in (np.zeros_like, np.ones_like, np.empty_like, np.full_like):
    handles(_function)(_new(_function.__name__, lambda x, *args: x.shape))
for _function in (np.zeros, np.ones, np.empty, np.full):  # np.zeros((n, d), like=x)
    handles(_function)(_new(_function.__name__, lambda shape, *args: _sizes(shape)))
for _function in (np.eye, np.identity):
    handles(_function)(_new(_function.__name__, lambda n, *args: (n, args[0] if args and not isinstance(args[0], type) else n)))


@handles(np.arange)
def _arange(ledger, *bounds, dtype=int, like=None, **options):
    unknown("arange", **options)
    start, stop = (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    step = bounds[2] if len(bounds) > 2 else 1
    if any(map(is_symbolic, (start, stop, step))):
        if step != 1:
            raise NotImplementedError(f"tracing does not know np.arange with symbols and a step of {step}")
        size = whole((stop - start).expand())
    else:
        size = len(np.arange(start, stop, step))
    return written(ledger, "arange", [], (size,), 0, dtype or int)


# questions about sizes ---------------------------------------------------------------------------------
@handles(np.shape)
def _shape(ledger, x):
    return x.shape


@handles(np.ndim)
def _ndim(ledger, x):
    return x.ndim


@handles(np.size)
def _size(ledger, x, axis=None):
    return x.size if axis is None else x.shape[axis_place(axis, x.ndim, "size")]
