"""Layers that treat each token by itself: activations, feed-forward layers, norms. No n² anywhere.

`saved`, where a function has it, is a dict that the forward pass fills with what its backward pass needs.
"""

import numpy as np

from helpers.layers.products import keep
from helpers.tracing import step

GELU_SCALE, GELU_CUBE = float(np.sqrt(2 / np.pi)), 0.044715


def relu(x):
    """max(x, 0): 1 FLOP per element. x: any shape. Returns the same shape.

    >>> relu(np.array([-1., 2.]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


def sigmoid(x):
    """1/(1 + exp(−x)): 4 FLOPs per element (negate, exp, add, divide). x: any shape. Lesson 04.

    >>> sigmoid(np.array([0.]))
    array([0.5])
    """
    return 1 / (1 + np.exp(-x))


def gelu(x):
    """½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))): 8 FLOPs per element, the cube counted as one. x: any shape.

    The tanh form of Hendrycks and Gimpel 2016, section 2, which GPT-2 uses. Lesson 05.

    >>> gelu(np.array([-100., 0., 100.])).tolist()
    [-0.0, 0.0, 100.0]
    """
    return 0.5 * x * (1 + np.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3)))


def silu(x):
    """x/(1 + exp(−x)), also called swish: 4 FLOPs per element. x: any shape. Lesson 05.

    >>> silu(np.array([0., 100.])).tolist()
    [0.0, 100.0]
    """
    return x / (1 + np.exp(-x))


def feed_forward(x, w_in, w_out, activation=relu, saved=None):
    """Two matrix products with a nonlinearity between them: 4·n·d·d_ff + n·d_ff FLOPs, no n².

    x: (n, d), w_in: (d, d_ff), w_out: (d_ff, d). Returns (n, d). With d_ff = 4d the products cost 16·n·d².
    The n·d_ff is the ReLU; with activation=gelu it is 8·n·d_ff.
    Vaswani et al. 2017, section 3.3, without its biases. Lesson 03.

    >>> feed_forward(np.ones((3, 2)), np.ones((2, 8)), np.ones((8, 2))).shape
    (3, 2)
    """
    with step("expand"):
        expanded = x @ w_in
    with step("activation"):
        hidden = activation(expanded)
    keep(saved, expanded=expanded, hidden=hidden)
    with step("contract"):
        return hidden @ w_out


def gated_feed_forward(x, w_gate, w_in, w_out, activation=silu, saved=None):
    """(silu(x·w_gate) ⊙ x·w_in)·w_out, three matrix products: 6·n·d·d_ff + 5·n·d_ff FLOPs.

    x: (n, d); w_gate, w_in: (d, d_ff); w_out: (d_ff, d). Returns (n, d). To cost as much as a plain layer
    with 4d, a gated one takes d_ff = 8d/3. Shazeer 2020, equation 6 (SwiGLU). Lesson 05.

    >>> gated_feed_forward(np.ones((3, 2)), *[np.ones((2, 8))] * 2, np.ones((8, 2))).shape
    (3, 2)
    """
    with step("expand"):
        gate, expanded = x @ w_gate, x @ w_in
    with step("activation"):
        opened = activation(gate)
        hidden = opened * expanded
    keep(saved, gate=gate, expanded=expanded, opened=opened, hidden=hidden)
    with step("contract"):
        return hidden @ w_out


def layer_norm(x, gain, bias, epsilon=1e-5, saved=None):
    """gain·(x − mean)/√(variance + ε) + bias, over each token's d numbers: 7·n·d + 4·n FLOPs.

    x: (n, d); gain, bias: (d,). Returns (n, d). Seven per element: sum, subtract, square, sum, divide,
    times gain, plus bias; four per token: two divisions, + ε, the root. Ba et al. 2016, equation 4. Lesson 05.

    >>> layer_norm(np.array([[1., 3.]]), np.ones(2), np.zeros(2)).round(3).tolist()
    [[-1.0, 1.0]]
    """
    centred = x - np.mean(x, axis=-1, keepdims=True)
    deviation = np.sqrt(np.mean(centred ** 2, axis=-1, keepdims=True) + epsilon)
    normed = centred / deviation
    keep(saved, normed=normed, deviation=deviation)
    return normed * gain + bias


def rms_norm(x, gain, epsilon=1e-5, saved=None):
    """gain·x/√(mean of x² + ε), over each token's d numbers: 4·n·d + 3·n FLOPs.

    x: (n, d); gain: (d,). Returns (n, d). Four per element: square, sum, divide, times gain; three per
    token: the mean's division, + ε, the root. Zhang and Sennrich 2019, equation 4. Lesson 05.

    >>> rms_norm(np.array([[3., -3.]]), np.ones(2)).round(3).tolist()
    [[1.0, -1.0]]
    """
    deviation = np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + epsilon)
    normed = x / deviation
    keep(saved, normed=normed, deviation=deviation)
    return normed * gain
