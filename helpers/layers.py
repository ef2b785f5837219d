"""The taught layers in plain NumPy: on arrays they give values, under `trace` a count or a formula.

Nothing here knows about costs. `step` names a part of the computation for the ledger and does nothing else.
Lessons 02 and 03 write each of these functions in full; a test holds the two to the same numbers.
"""

import numpy as np

from helpers.tracing import step


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


def dot_product_attention(q, k, v):
    """One query looks at all n tokens: softmax(k·q/√d)·v, 4·n·d + 6·n FLOPs.

    q: (d,), k: (n, d), v: (n, d). Returns (d,). Vaswani et al. 2017, section 3.2.1. Lesson 02.

    >>> dot_product_attention(np.zeros(2), np.zeros((3, 2)), np.ones((3, 2)))
    array([1., 1.])
    """
    scores = k @ q / np.sqrt(q.shape[-1])
    weights = softmax(scores)
    return weights @ v


def self_attention(x, w_q, w_k, w_v, w_o, causal=False):
    """Every token looks at every token: 8·n·d² + 4·n²·d FLOPs of matrix products, and 6·n² besides.

    x: (n, d); w_q, w_k, w_v, w_o: (d, d). Returns (n, d). causal=True hides each token's future: n² more
    selections, and no product less, because the whole square is computed first.
    Vaswani et al. 2017, section 3.2. Lesson 03.

    >>> self_attention(np.ones((3, 2)), *[np.eye(2)] * 4).shape
    (3, 2)
    """
    with step("projections"):
        q, k, v = x @ w_q, x @ w_k, x @ w_v
    with step("scores"):
        scores = q @ k.T / np.sqrt(q.shape[-1])
    if causal:
        with step("mask"):
            scores = hide_future(scores)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        mixed = weights @ v
    with step("output projection"):
        return mixed @ w_o


def hide_future(scores):
    """−∞ where the key stands after the query, so that its weight becomes 0: 1 FLOP per element.

    scores: (…, n, n), queries along the next to last axis. Returns the same shape. Lesson 03.

    >>> hide_future(np.zeros((2, 2)))
    array([[  0., -inf],
           [  0.,   0.]])
    """
    future = np.triu(np.ones_like(scores, dtype=bool), k=1)
    return np.where(future, -np.inf, scores)


def multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=False):
    """h attentions side by side on slices of width d/h: the same matrix products, 6·h·n² besides.

    x: (n, d); w_q, w_k, w_v: (d, h·d_h); w_o: (h·d_h, d); n_heads: whole number or symbol that divides
    the weights' width. Returns (n, d). Raises ValueError if n_heads does not divide. Vaswani et al. 2017,
    section 3.2.2. Lesson 05.

    >>> multi_head_attention(np.ones((3, 4)), *[np.eye(4)] * 4, n_heads=2).shape
    (3, 4)
    """
    n, width = x.shape[0], w_q.shape[1]
    check_heads(n_heads, width)

    def heads(a):  # (n, h·d_h) -> (h, n, d_h)
        return a.reshape(n, n_heads, -1).swapaxes(0, 1)

    with step("projections"):
        q, k, v = heads(x @ w_q), heads(x @ w_k), heads(x @ w_v)
    with step("scores"):
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if causal:
        with step("mask"):
            scores = hide_future(scores)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        mixed = (weights @ v).swapaxes(0, 1).reshape(n, width)
    with step("output projection"):
        return mixed @ w_o


def check_heads(n_heads, width):
    """ValueError unless `n_heads` is a positive whole number, or a symbol, that divides `width`."""
    symbolic = hasattr(n_heads, "free_symbols")
    if isinstance(n_heads, bool) or not symbolic and (not hasattr(n_heads, "__index__") or n_heads < 1):
        raise ValueError(f"n_heads: {n_heads!r} is not a positive whole number of heads")
    if not symbolic and hasattr(width, "__index__") and width % n_heads:
        divisors = [i for i in range(1, int(width) + 1) if width % i == 0]
        near = sorted(divisors, key=lambda i: abs(i - n_heads))[:2]
        raise ValueError(f"n_heads: {n_heads} heads do not divide the width {width}; "
                         f"{' or '.join(map(str, sorted(near)))} would")


def relu(x):
    """max(x, 0): 1 FLOP per element. x: any shape. Returns the same shape.

    >>> relu(np.array([-1., 2.]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


def feed_forward(x, w_in, w_out, activation=relu):
    """Two matrix products with a nonlinearity between them: 4·n·d·d_ff + n·d_ff FLOPs, no n².

    x: (n, d), w_in: (d, d_ff), w_out: (d_ff, d). Returns (n, d). With d_ff = 4d the products cost 16·n·d².
    Vaswani et al. 2017, section 3.3, without its biases. Lesson 03.

    >>> feed_forward(np.ones((3, 2)), np.ones((2, 8)), np.ones((8, 2))).shape
    (3, 2)
    """
    with step("expand"):
        hidden = x @ w_in
    with step("activation"):
        hidden = activation(hidden)
    with step("contract"):
        return hidden @ w_out
