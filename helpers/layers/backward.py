"""Backward passes: what a step of training GPT-2's block computes after the forward pass.

Each takes `g`, the gradient of the loss by the layer's output, the layer's own arguments (a norm
its gain alone), and by name what the forward pass put into `saved`. It returns a gradient for each
array argument, a block as a dict. Every forward product has two here: exactly twice its FLOPs.
"""

from functools import reduce

import numpy as np

from helpers.layers.attention import join_heads, split_heads
from helpers.layers.models import GELU_CUBE, GELU_SCALE
from helpers.tracing import step


def matrix_product_backward(g, a, b):
    """g·bᵀ and aᵀ·g: 4·m·k·p FLOPs, twice the forward's."""
    return g @ b.T, a.T @ g


def softmax_backward(g, weights):
    """w ⊙ (g − Σ g ⊙ w): 4 FLOPs an element. A hidden pair has weight 0, so gradient 0."""
    return weights * (g - np.sum(g * weights, axis=-1, keepdims=True))


def projections_backward(gradients, x, weights):
    """Of several products x·w: the gradient of x, the sum over all, then one for each w."""
    pairs = [matrix_product_backward(g, x, w) for g, w in zip(gradients, weights)]
    return reduce(np.add, [g_x for g_x, _ in pairs]), *(g_w for _, g_w in pairs)


# attention ---------------------------------------------------------------------------------------
def mix_backward(g, q, k, v, weights):
    """8·n²·d_h + 5·n² FLOPs a head; keys that heads share get one gradient from each."""
    with step("weighted sum"):
        g_weights = g @ v.swapaxes(-1, -2)
        g_v = weights.swapaxes(-1, -2) @ g
    with step("softmax"):
        g_scores = softmax_backward(g_weights, weights)
    with step("scores"):
        g_scores = g_scores / np.sqrt(q.shape[-1])
        return g_scores @ k, g_scores.swapaxes(-1, -2) @ q, g_v


def self_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed):
    """16·n·d² + 8·n²·d FLOPs of products, 5·n² + 2·n·d besides."""
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    gradients = mix_backward(g_mixed, q, k, v, weights)
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v)), g_o


def grouped_query_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed):
    """Twice the products; besides 5·h·n² + 2·h·n·d_h + 2·n·d FLOPs, the second to sum by group."""
    n, n_heads = x.shape[0], q.shape[0] * q.shape[1]
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    g_q, g_k, g_v = mix_backward(split_heads(g_mixed, n_heads).reshape(q.shape), q, k, v, weights)
    with step("shared keys and values"):
        g_k, g_v = np.sum(g_k, axis=1), np.sum(g_v, axis=1)
    gradients = map(join_heads, (g_q.reshape(n_heads, n, -1), g_k, g_v))
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v)), g_o


# activation, feed-forward layer, norm, block ------------------------------------------------------
def gelu_backward(g, x):
    """g·(½·(1 + t) + ½·x·(1 − t²)·c·(1 + 3a·x²)), t = tanh(c·(x + a·x³)): 18 FLOPs an element."""
    t = np.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3))
    inner_slope = GELU_SCALE * (1 + 3 * GELU_CUBE * x ** 2)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * inner_slope)


def feed_forward_backward(g, x, w_in, w_out, expanded, hidden):
    """Of a layer with `gelu`: 8·n·d·d_ff FLOPs of products, 18·n·d_ff besides."""
    with step("contract"):
        g_hidden, g_out = matrix_product_backward(g, hidden, w_out)
    with step("activation"):
        g_expanded = gelu_backward(g_hidden, expanded)
    with step("expand"):
        return *matrix_product_backward(g_expanded, x, w_in), g_out


def layer_norm_backward(g, gain, normed, deviation):
    """With s = g ⊙ gain: (s − mean(s) − normed ⊙ mean(s ⊙ normed))/deviation: 11·n·d + 2·n FLOPs.

    Returns the gradients of x, gain and bias.
    """
    g_gain, g_bias = np.sum(g * normed, axis=0), np.sum(g, axis=0)
    s = g * gain
    along = np.mean(s * normed, axis=-1, keepdims=True)
    g_x = (s - np.mean(s, axis=-1, keepdims=True) - normed * along) / deviation
    return g_x, g_gain, g_bias


def block_backward(g, saved, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, bias_1, bias_2):
    """Twice the products of GPT-2's `block`. Returns a dict, "x" and each weight -> its gradient.

    saved: what `block(…, saved=saved)` filled; then its weights by name. A bias is not read.
    """
    found = {}
    with step("feed-forward"):
        g_normed, found["w_in"], found["w_out"] = feed_forward_backward(
            g, saved["normed_2"], w_in, w_out, **saved["feed_forward"])
    with step("norm 2"):
        g_x, found["gain_2"], found["bias_2"] = layer_norm_backward(
            g_normed, gain_2, **saved["norm_2"])
    with step("residual sums"):
        g = g + g_x
    with step("attention"):
        g_normed, *products = grouped_query_attention_backward(
            g, saved["normed_1"], w_q, w_k, w_v, w_o, **saved["attention"])
        found |= zip(("w_q", "w_k", "w_v", "w_o"), products)
    with step("norm 1"):
        g_x, found["gain_1"], found["bias_1"] = layer_norm_backward(
            g_normed, gain_1, **saved["norm_1"])
    with step("residual sums"):
        return found | {"x": g + g_x}
