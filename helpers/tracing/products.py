"""What products with a sum cost: a multiply-add for each point of the index space, 2 FLOPs.

C[i, j] = Σ_k A[i, k]·B[k, j] runs over m·k·p points: 2·m·k·p FLOPs.
"""

import numpy as np

from helpers.tracing.array import as_traced, axis_place, handles
from helpers.tracing.elementwise import elementwise, unknown, written
from helpers.tracing.layout import kept_order, row_strides
from helpers.tracing.sizes import broadcast, equal, misfit, product


def contracted(ledger, name, a, b, a_axes, b_axes, shape, out=None, strides=None):
    """Sum over a_axes of a and b_axes of b: 2 FLOPs for each element of `shape` and summed index."""
    summed = tuple(a.shape[i] for i in a_axes)
    if len(a_axes) != len(b_axes) or not all(equal(s, b.shape[j]) for s, j in zip(summed, b_axes)):
        raise misfit(name, a.shape, b.shape)
    return written(ledger, name, [a, b], shape, 2 * product(tuple(shape)) * product(summed), out=out, is_matmul=True,
                   strides=strides)


def _matmul(ledger, a, b, out=None):
    """(…, m, k) @ (…, k, p): the leading axes broadcast, a vector loses its axis in the result."""
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    if not a.shape or not b.shape:
        raise misfit("matmul", a.shape, b.shape)
    try:
        leading = broadcast("matmul", a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise misfit("matmul", a.shape, b.shape) from None
    shape = (*leading, *a.shape[-2:-1], *(b.shape[-1:] if b.ndim > 1 else ()))
    # NumPy lays the leading axes of the result out as those of its operands lie, and each matrix row after row
    order = kept_order(leading, [x.view(x.shape[:-2], x.strides[:-2]) for x in (a, b)]) if leading else None
    matrix = shape[len(leading):]
    strides = order and (*(stride * product(matrix) for stride in order), *row_strides(matrix))
    return contracted(ledger, "matmul", a, b, [a.ndim - 1], [max(b.ndim - 2, 0)], shape, out, strides)


def _vecdot(ledger, a, b, out=None):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    shape = broadcast("vecdot", a.shape[:-1], b.shape[:-1])
    return contracted(ledger, "vecdot", a, b, [a.ndim - 1], [b.ndim - 1], shape, out)


def _matvec(ledger, a, b, out=None):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    shape = (*broadcast("matvec", a.shape[:-2], b.shape[:-1]), a.shape[-2])
    return contracted(ledger, "matvec", a, b, [a.ndim - 1], [b.ndim - 1], shape, out)


def _vecmat(ledger, a, b, out=None):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    shape = (*broadcast("vecmat", a.shape[:-1], b.shape[:-2]), b.shape[-1])
    return contracted(ledger, "vecmat", a, b, [a.ndim - 1], [b.ndim - 2], shape, out)


for _rule in (_matmul, _vecdot, _matvec, _vecmat):
    if hasattr(np, _rule.__name__[1:]):  # the last two came with NumPy 2.2
        handles(getattr(np, _rule.__name__[1:]))(_rule)


@handles(np.dot)
def _dot(ledger, a, b, out=None):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    if not a.shape or not b.shape:
        return elementwise(ledger, np.multiply, a, b, out=out)
    axis = max(b.ndim - 2, 0)
    shape = (*a.shape[:-1], *(size for i, size in enumerate(b.shape) if i != axis))
    return contracted(ledger, "dot", a, b, [a.ndim - 1], [axis], shape, out)


@handles(np.inner)
def _inner(ledger, a, b):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    if not a.shape or not b.shape:
        return elementwise(ledger, np.multiply, a, b)
    return contracted(ledger, "inner", a, b, [a.ndim - 1], [b.ndim - 1], (*a.shape[:-1], *b.shape[:-1]))


@handles(np.vdot)
def _vdot(ledger, a, b):
    a, b = (as_traced(ledger, x).view([product(x.shape)]) for x in (a, b))
    return contracted(ledger, "vdot", a, b, [0], [0], ())


@handles(np.outer)
def _outer(ledger, a, b, out=None):
    a, b = (as_traced(ledger, x) for x in (a, b))
    return elementwise(ledger, "outer", a.view((product(a.shape), 1)), b.view((product(b.shape),)), out=out)


@handles(np.tensordot)
def _tensordot(ledger, a, b, axes=2):
    a, b = as_traced(ledger, a), as_traced(ledger, b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    first, second = ([axis_place(axis, x.ndim, "tensordot") for axis in (of if isinstance(of, (tuple, list, range)) else (of,))]
                     for of, x in zip(axes, (a, b)))
    kept = [size for x, summed in ((a, first), (b, second)) for i, size in enumerate(x.shape) if i not in summed]
    return contracted(ledger, "tensordot", a, b, first, second, tuple(kept))


@handles(np.einsum)
def _einsum(ledger, subscripts, *operands, out=None, optimize=False, **options):
    """One loop over the whole index space: a multiply per further operand, an add if an index is summed."""
    unknown("einsum", **options)
    if not isinstance(subscripts, str):
        raise NotImplementedError("tracing knows einsum with a subscript string only")
    if optimize and len(operands) > 2:
        raise NotImplementedError("tracing does not know einsum with optimize for more than two operands: the order, "
                                  "and so the cost, depends on the sizes; write the products one by one")
    operands = [as_traced(ledger, operand) for operand in operands]
    inputs, result = _labels(subscripts, operands)
    sizes = {}
    for labels, operand in zip(inputs, operands):
        if len(labels) != operand.ndim:
            raise ValueError(f"einsum {subscripts!r}: {len(labels)} labels for the shape {operand.shape}")
        for label, size in zip(labels, operand.shape):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size != 1 and not equal(known, size):
                raise misfit(f"einsum {subscripts!r} (index {label})", *(o.shape for o in operands))
    missing = [label for label in result if label not in sizes]
    if missing:
        raise ValueError(f"einsum {subscripts!r}: the result has the index {missing[0]}, which no operand has")
    shape, summed = tuple(sizes[label] for label in result), set(sizes) - set(result)
    if len(operands) == 1 and not summed:
        return operands[0].view(shape, [sum(stride for other, stride in zip(inputs[0], operands[0].strides) if other == label)
                                        for label in result])
    flops = product(tuple(sizes.values())) * (len(operands) - 1 + bool(summed))
    return written(ledger, "einsum", operands, shape, flops, out=out, is_matmul=bool(summed) and len(operands) > 1)


def _labels(subscripts, operands):
    """The index labels of each operand and of the result; an ellipsis becomes labels that count from the back."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"einsum {subscripts!r}: {len(terms)} terms for {len(operands)} operands")
    extra = [operand.ndim - len(term.replace("...", "")) if "..." in term else 0 for term, operand in zip(terms, operands)]

    def expand(term, count):
        before, dots, after = term.partition("...")
        return [*before, *(f"…{i}" for i in range(count, 0, -1)), *after] if dots else list(term)

    inputs = [expand(term, count) for term, count in zip(terms, extra)]
    if arrow:
        return inputs, expand(result, max(extra))
    letters = [label for labels in inputs for label in labels if not label.startswith("…")]
    dots = [f"…{i}" for i in range(max(extra), 0, -1)]
    return inputs, dots + sorted(label for label in set(letters) if letters.count(label) == 1)
