"""What every layer is made of: the dot product, the matrix product, the softmax. Lesson 02 writes them in full."""

import numpy as np


def dot_product(a, b):
    """Sum of the products of two vectors: Σ aᵢ·bᵢ, 2·d FLOPs.

    a, b: arrays of shape (d,). Returns a scalar. NumPy raises ValueError if the lengths differ. Lesson 02.

    >>> dot_product(np.array([1., 2.]), np.array([3., 4.]))
    np.float64(11.0)
    """
    return a @ b


def matrix_product(a, b):
    """Every row of a with every column of b: 2·m·k·p FLOPs.

    a: (m, k), b: (k, p). Returns (m, p). NumPy raises ValueError if the inner sizes differ. Lesson 02.

    >>> matrix_product(np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    return a @ b


def softmax(x, axis=-1):
    """Positive weights that sum to 1 along `axis`: 5 FLOPs per element.

    x: array of any shape; the maximum is taken off first, so that no exponential overflows.
    Returns an array of the same shape. Lesson 02.

    >>> softmax(np.array([0., 0.]))
    array([0.5, 0.5])
    """
    exponentials = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def keep(saved, **arrays):
    """Hand arrays to the backward pass: put them into the dict `saved`, or drop them where it is None."""
    if saved is not None:
        saved.update(arrays)
