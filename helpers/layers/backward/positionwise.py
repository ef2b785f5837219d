"""Backward passes of activations, feed-forward layers and norms."""

import numpy as np

from helpers.layers.backward.attention import projections_backward
from helpers.layers.backward.products import matrix_product_backward
from helpers.layers.positionwise import GELU_CUBE, GELU_SCALE, gelu, relu, sigmoid, silu
from helpers.tracing import step


def relu_backward(g, x):
    """g where x > 0, else 0: 2 FLOPs per element (a comparison and a selection). g, x: the same shape.

    >>> relu_backward(np.array([5., 5.]), np.array([-1., 2.]))
    array([0., 5.])
    """
    return np.where(x > 0, g, 0)


def gelu_backward(g, x):
    """g times the slope of `gelu` at x: 18 FLOPs per element. g, x: the same shape. Lesson 06.

    With t = tanh(c·(x + a·x³)) the slope is ½·(1 + t) + ½·x·(1 − t²)·c·(1 + 3a·x²).

    >>> gelu_backward(np.array([1.]), np.array([0.]))
    array([0.5])
    """
    t = np.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3))
    inner_slope = GELU_SCALE * (1 + 3 * GELU_CUBE * x ** 2)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * inner_slope)


def silu_backward(g, x):
    """g times the slope of `silu` at x, σ(x)·(1 + x·(1 − σ(x))): 9 FLOPs per element. g, x: the same shape.

    >>> silu_backward(np.array([1.]), np.array([0.]))
    array([0.5])
    """
    s = sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


ACTIVATIONS_BACKWARD = {relu: relu_backward, gelu: gelu_backward, silu: silu_backward}


def activation_backward(activation):
    """The backward pass that belongs to an activation; ValueError that lists the known ones."""
    if activation not in ACTIVATIONS_BACKWARD:
        known = ", ".join(function.__name__ for function in ACTIVATIONS_BACKWARD)
        raise ValueError(f"activation: the backward pass of {getattr(activation, '__name__', repr(activation))} is not known; "
                         f"those of {known} are")
    return ACTIVATIONS_BACKWARD[activation]


def feed_forward_backward(g, x, w_in, w_out, expanded, hidden, activation=relu, input_gradient=True):
    """Backward of `feed_forward`: 8·n·d·d_ff FLOPs of matrix products, 2·n·d_ff besides (GELU: 18·n·d_ff).

    g, x: (n, d); w_in: (d, d_ff); w_out: (d_ff, d); expanded, hidden: (n, d_ff), saved by the forward pass.
    Returns the gradients of x, w_in and w_out. input_gradient=False saves 2·n·d·d_ff, a quarter, and None
    stands for the gradient of x. Raises ValueError for an activation without a known slope. Lesson 06.

    >>> from helpers.layers import feed_forward
    >>> saved, arguments = {}, (np.ones((3, 2)), np.ones((2, 8)), np.ones((8, 2)))
    >>> y = feed_forward(*arguments, saved=saved)
    >>> [a.shape for a in feed_forward_backward(y, *arguments, **saved)]
    [(3, 2), (2, 8), (8, 2)]
    """
    slope = activation_backward(activation)
    with step("contract"):
        g_hidden, g_out = matrix_product_backward(g, hidden, w_out)
    with step("activation"):
        g_expanded = slope(g_hidden, expanded)
    with step("expand"):
        return *matrix_product_backward(g_expanded, x, w_in, input_gradient), g_out


def gated_feed_forward_backward(g, x, w_gate, w_in, w_out, gate, expanded, opened, hidden, activation=silu,
                                input_gradient=True):
    """Backward of `gated_feed_forward`: 12·n·d·d_ff FLOPs of matrix products, 11·n·d_ff + n·d besides.

    g, x: (n, d); w_gate, w_in: (d, d_ff); w_out: (d_ff, d); the rest, each (n, d_ff), was saved by the forward
    pass. Returns the gradients of x, w_gate, w_in and w_out. input_gradient=False saves 4·n·d·d_ff, a third
    (and the n·d), and None stands for the gradient of x. Raises what `feed_forward_backward` raises. Lesson 06.

    >>> from helpers.layers import gated_feed_forward
    >>> saved, arguments = {}, (np.ones((3, 2)), *[np.ones((2, 8))] * 2, np.ones((8, 2)))
    >>> y = gated_feed_forward(*arguments, saved=saved)
    >>> [a.shape for a in gated_feed_forward_backward(y, *arguments, **saved)]
    [(3, 2), (2, 8), (2, 8), (8, 2)]
    """
    slope = activation_backward(activation)
    with step("contract"):
        g_hidden, g_out = matrix_product_backward(g, hidden, w_out)
    with step("activation"):
        g_gate, g_expanded = slope(g_hidden * expanded, gate), g_hidden * opened
    with step("expand"):
        return *projections_backward((g_gate, g_expanded), x, (w_gate, w_in), input_gradient), g_out


def layer_norm_backward(g, gain, normed, deviation):
    """Backward of `layer_norm`: 11·n·d + 2·n FLOPs, against 7·n·d + 4·n forward.

    g, normed: (n, d); gain: (d,); deviation: (n, 1): normed and deviation were saved by the forward pass.
    Returns the gradients of x, gain and bias. With s = g ⊙ gain that of x is
    (s − mean(s) − normed ⊙ mean(s ⊙ normed))/deviation. Lesson 06.

    >>> layer_norm_backward(np.ones((2, 3)), np.ones(3), np.ones((2, 3)), np.ones((2, 1)))[2]
    array([2., 2., 2.])
    """
    g_gain, g_bias = np.sum(g * normed, axis=0), np.sum(g, axis=0)
    s = g * gain
    along = np.mean(s * normed, axis=-1, keepdims=True)
    g_x = (s - np.mean(s, axis=-1, keepdims=True) - normed * along) / deviation
    return g_x, g_gain, g_bias


def rms_norm_backward(g, gain, normed, deviation):
    """Backward of `rms_norm`: 8·n·d + n FLOPs, against 4·n·d + 3·n forward.

    Arguments as in `layer_norm_backward`. Returns the gradients of x and gain. With s = g ⊙ gain that of x is
    (s − normed ⊙ mean(s ⊙ normed))/deviation. Lesson 06.

    >>> rms_norm_backward(np.ones((2, 3)), np.ones(3), np.ones((2, 3)), np.ones((2, 1)))[1]
    array([2., 2., 2.])
    """
    g_gain = np.sum(g * normed, axis=0)
    s = g * gain
    along = np.mean(s * normed, axis=-1, keepdims=True)
    return (s - normed * along) / deviation, g_gain
