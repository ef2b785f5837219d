"""Backward passes of the matrix product and the softmax."""

import numpy as np


def matrix_product_backward(g, a, b, input_gradient=True):
    """From the gradient of a·b those of a and b: g·bᵀ and aᵀ·g, 4·m·k·p FLOPs, twice the forward's 2·m·k·p.

    g: (m, p), a: (m, k), b: (k, p). Returns (g_a, g_b) of the shapes of a and b. With input_gradient=False
    g_a is None and the cost 2·m·k·p. NumPy raises ValueError for shapes that do not fit. Lesson 06.

    >>> matrix_product_backward(np.ones((1, 1)), np.array([[2.]]), np.array([[3.]]))
    (array([[3.]]), array([[2.]]))
    """
    return (g @ b.T if input_gradient else None), a.T @ g


def softmax_backward(g, weights, axis=-1):
    """From the gradient of the weights that of the scores: w ⊙ (g − Σ g ⊙ w), 4 FLOPs per element.

    g, weights: the same shape; weights is what softmax returned. Returns that shape. A hidden pair has weight 0,
    so its gradient is 0 and a causal mask needs no step of its own. Lesson 06.

    >>> softmax_backward(np.array([1., 0.]), np.array([0.5, 0.5]))
    array([ 0.25, -0.25])
    """
    return weights * (g - np.sum(g * weights, axis=axis, keepdims=True))
