"""Backward pass of the pre-norm block."""

from helpers.layers.backward.attention import grouped_query_attention_backward
from helpers.layers.backward.positionwise import (feed_forward_backward, gated_feed_forward_backward,
                                                  layer_norm_backward, rms_norm_backward)
from helpers.layers.positionwise import gelu
from helpers.tracing import step


def block_backward(g, saved, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, w_gate=None, **biases):
    """Backward of `block`: exactly twice its matrix products.

    g: (n, d); saved: the dict that `block(…, saved=saved)` filled; then the block's weights by name, as they
    were given to it (a bias is not read: its gradient does not depend on it). Returns a dict: "x" and the name
    of each weight -> its gradient. There is no input_gradient here: the first norm's gain needs the gradient
    that the projections hand back, even where the block's own input is data. Lesson 06.

    >>> import numpy as np
    >>> from helpers.layers import block, block_shapes
    >>> weights = {name: np.ones(shape) for name, shape in block_shapes(d=4, d_ff=8, n_heads=2).items()}
    >>> saved = {}
    >>> y = block(np.ones((3, 4)), **weights, n_heads=2, saved=saved)
    >>> block_backward(y, saved, **weights)["w_in"].shape
    (4, 8)
    """
    normed_1, normed_2 = saved["normed_1"], saved["normed_2"]
    gradients = {}
    with step("feed-forward"):
        if w_gate is None:
            g_normed, gradients["w_in"], gradients["w_out"] = feed_forward_backward(
                g, normed_2, w_in, w_out, activation=gelu, **saved["feed_forward"])
        else:
            g_normed, gradients["w_gate"], gradients["w_in"], gradients["w_out"] = gated_feed_forward_backward(
                g, normed_2, w_gate, w_in, w_out, **saved["feed_forward"])
    with step("norm 2"):
        g_x = normalise_backward(g_normed, gain_2, saved["norm_2"], biases, "2", gradients)
    with step("residual sums"):
        g = g + g_x
    with step("attention"):
        g_normed, *g_weights = grouped_query_attention_backward(g, normed_1, w_q, w_k, w_v, w_o, **saved["attention"])
        gradients |= zip(("w_q", "w_k", "w_v", "w_o"), g_weights)
    with step("norm 1"):
        g_x = normalise_backward(g_normed, gain_1, saved["norm_1"], biases, "1", gradients)
    with step("residual sums"):
        return gradients | {"x": g + g_x}


def normalise_backward(g, gain, saved, biases, place, gradients):
    """Backward of the norm in that place: enters its weights' gradients and returns that of its input."""
    if biases.get(f"bias_{place}") is None:
        g_x, gradients[f"gain_{place}"] = rms_norm_backward(g, gain, **saved)
    else:
        g_x, gradients[f"gain_{place}"], gradients[f"bias_{place}"] = layer_norm_backward(g, gain, **saved)
    return g_x
