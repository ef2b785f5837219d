"""What NumPy's elementwise functions and reductions cost: one FLOP per element that goes in or out.

The conventions of lesson 02: an elementwise function is 1 FLOP per element of its result; a sum, product
or maximum over k terms is k FLOPs; moving data is none.
"""

import numpy as np

from helpers.tracing.array import BOOL, FLOAT, HANDLERS, INT, TracedArray, as_traced, axis_place, handles
from helpers.tracing.layout import kept_order
from helpers.tracing.sizes import broadcast, equal_shapes, misfit, product

_TRUTH = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.logical_and,
          np.logical_or, np.logical_not, np.logical_xor, np.isnan, np.isfinite, np.isinf, np.signbit}
ELEMENTWISE = _TRUTH | {
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.fmod, np.power, np.float_power,
    np.negative, np.positive, np.absolute, np.fabs, np.sign, np.rint, np.floor, np.ceil, np.trunc, np.reciprocal,
    np.square, np.sqrt, np.cbrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.logaddexp,
    np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2, np.sinh, np.cosh, np.tanh, np.arcsinh,
    np.arccosh, np.arctanh, np.hypot, np.maximum, np.minimum, np.fmax, np.fmin, np.heaviside, np.copysign}


def unknown(operation, **options):
    """Refuse options that change a cost or a result in a way that tracing does not know."""
    for name, value in options.items():
        if value is not None and value is not False and value is not np._NoValue:
            raise NotImplementedError(f"tracing does not know {operation} with {name}={value!r}")


def written(ledger, name, reads, shape, flops, dtype=FLOAT, out=None, is_matmul=False, strides=None):
    """Enter one operation and return its output, which is `out` where one is given."""
    out = out[0] if isinstance(out, tuple) else out
    if out is None:
        output = TracedArray(ledger, shape, dtype, strides=strides)
    elif isinstance(out, TracedArray) and equal_shapes(out.shape, tuple(shape)):
        output = out
    elif isinstance(out, TracedArray):
        raise misfit(f"{name} with out=", out.shape, tuple(shape))
    else:
        raise NotImplementedError(f"tracing does not know {name} that writes a traced result into a {type(out).__name__}")
    ledger.record(name, [read for read in reads if read.shape], output, flops, is_matmul)
    return output


@handles(np.ufunc)
def _ufunc(ledger, ufunc, method, inputs, kwargs):
    """One universal function: a matrix product, an elementwise function, or its reduction."""
    name = ufunc.__name__
    if ufunc in HANDLERS and method == "__call__":  # the matrix products
        out = kwargs.pop("out", None)
        unknown(name, **kwargs)
        return HANDLERS[ufunc](ledger, *inputs, out=out)
    if ufunc not in ELEMENTWISE:
        raise NotImplementedError(f"tracing does not know what np.{name} costs; write the step with operations that "
                                  "it knows, or add its cost to helpers/tracing")
    if method == "__call__":
        return elementwise(ledger, ufunc, *inputs, **kwargs)
    if method == "reduce":
        kwargs = {key: value for key, value in kwargs.items() if key != "initial"}
        return reduction(ledger, f"{name}.reduce", inputs[0], **{"axis": 0, **kwargs})
    if method == "accumulate":
        return accumulation(ledger, f"{name}.accumulate", *inputs, **{"axis": 0, **kwargs})
    if method == "outer":
        first, second = (as_traced(ledger, operand) for operand in inputs)
        return elementwise(ledger, ufunc, first.view((*first.shape, *[1] * second.ndim)), second, **kwargs)
    raise NotImplementedError(f"tracing does not know np.{name}.{method}")


def elementwise(ledger, function, *inputs, out=None, dtype=None, **options):
    """1 FLOP per element of the broadcast result."""
    name = function if isinstance(function, str) else function.__name__
    unknown(name, **{key: value for key, value in options.items() if not (key == "where" and value is True)})
    operands = [as_traced(ledger, value) for value in inputs]
    shape = broadcast(name, *(operand.shape for operand in operands))
    if dtype is None:
        kinds = {operand.dtype.kind for operand in operands}
        dtype = BOOL if function in _TRUTH else FLOAT if "f" in kinds or function is np.divide else INT
    return written(ledger, name, operands, shape, product(shape), dtype, out, strides=kept_order(shape, operands))


def _places(x, axis, name):
    """The axes that `axis` means (None: all)."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return {axis_place(a, x.ndim, name) for a in axes}


def _reduced(x, axis, keepdims, name):
    """The shape of a reduction over `axis` (None: over all)."""
    places = _places(x, axis, name)
    return tuple(1 if i in places else size for i, size in enumerate(x.shape) if keepdims or i not in places)


def reduction(ledger, name, x, axis=None, dtype=None, out=None, keepdims=False, *, per_element=1, per_result=0,
              result=None, **options):
    """`per_element` FLOPs for each element that goes in, `per_result` for each that comes out."""
    unknown(name, **{key: value for key, value in options.items() if not (key == "where" and value is True)})
    x = as_traced(ledger, x)
    shape = _reduced(x, axis, keepdims and keepdims is not np._NoValue, name)
    flops = per_element * product(x.shape) + per_result * product(shape)
    kept = keepdims and keepdims is not np._NoValue
    gone = () if kept else _places(x, axis, name)
    left = x.view(shape, [0 if x.shape[i] != 1 and i in _places(x, axis, name) else stride
                          for i, stride in enumerate(x.strides) if i not in gone])
    return written(ledger, name, [x], shape, flops, dtype or result or x.dtype, out, strides=kept_order(shape, [left]))


def accumulation(ledger, name, x, axis=None, dtype=None, out=None):
    """A running sum or product: 1 FLOP per element, as the plain sum."""
    shape = (product(x.shape),) if axis is None else x.shape
    return written(ledger, name, [x], shape, product(x.shape), dtype or x.dtype, out)


def _enter_reductions():
    rules = {np.sum: {}, np.prod: {}, np.max: {}, np.amax: {}, np.min: {}, np.amin: {},
             np.any: {"result": BOOL}, np.all: {"result": BOOL}, np.argmax: {"result": INT}, np.argmin: {"result": INT},
             np.mean: {"per_result": 1, "result": FLOAT},                     # a sum, and one division
             np.var: {"per_element": 4, "per_result": 2, "result": FLOAT},    # mean, subtract, square, mean
             np.std: {"per_element": 4, "per_result": 3, "result": FLOAT}}    # the same, and a root
    for function, rule in rules.items():
        def handler(ledger, x, axis=None, *args, _name=function.__name__, _rule=rule, _function=function, **kwargs):
            if _function in (np.sum, np.prod, np.mean, np.var, np.std):
                kwargs |= dict(zip(("dtype", "out", "keepdims"), args))
            elif _function in (np.argmax, np.argmin):
                kwargs |= dict(zip(("out",), args))
            else:
                kwargs |= dict(zip(("out", "keepdims"), args))
            return reduction(ledger, _name, x, axis, **_rule, **kwargs)
        handles(function)(handler)
    for function in (np.cumsum, np.cumprod):
        def running(ledger, x, axis=None, dtype=None, out=None, _name=function.__name__):
            return accumulation(ledger, _name, x, axis, dtype, out)
        handles(function)(running)


_enter_reductions()


@handles(np.where)
def _where(ledger, condition, *choices):
    if len(choices) != 2:
        raise NotImplementedError("tracing does not know np.where(condition): the size of its result depends on values")
    return elementwise(ledger, "where", condition, *choices, dtype=FLOAT)


@handles(np.clip)
def _clip(ledger, x, a_min=None, a_max=None, out=None, **options):
    bounds = [bound for bound in (a_min, a_max) if bound is not None]
    for bound in bounds:  # one comparison for each bound
        x = elementwise(ledger, "clip", x, bound, out=out, **options)
    return x


@handles(np.round)
def _round(ledger, x, decimals=0, out=None):
    return elementwise(ledger, "round", x, out=out)
