"""Backward passes of attention: one head, several, grouped."""

import numpy as np

from helpers.layers.attention import join_heads, split_heads
from helpers.layers.backward.products import matrix_product_backward, softmax_backward
from helpers.tracing import step


def mix_backward(g, q, k, v, weights):
    """Backward of softmax(q·kᵀ/√d_h)·v: 8·n²·d_h + 5·n² FLOPs a head; forward 4·n²·d_h + 6·n².

    g, q: (…, n, d_h); k, v: the same, or 1 in the place of heads that share them; weights: (…, n, n).
    Returns (g_q, g_k, g_v), each (…, n, d_h): where heads share a key, one gradient for each. Lesson 06.

    >>> [a.shape for a in mix_backward(*[np.ones((3, 2))] * 4, np.ones((3, 3)) / 3)]
    [(3, 2), (3, 2), (3, 2)]
    """
    with step("weighted sum"):
        g_weights = g @ v.swapaxes(-1, -2)
        g_v = weights.swapaxes(-1, -2) @ g
    with step("softmax"):
        g_scores = softmax_backward(g_weights, weights)
    with step("scores"):
        g_scores = g_scores / np.sqrt(q.shape[-1])
        return g_scores @ k, g_scores.swapaxes(-1, -2) @ q, g_v


def self_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed, input_gradient=True):
    """Backward of `self_attention`: 16·n·d² + 8·n²·d FLOPs of matrix products, 5·n² + 2·n·d besides.

    g, x: (n, d); w_q, w_k, w_v, w_o: (d, d); the rest is what the forward pass saved. Returns the gradients of
    x, w_q, w_k, w_v and w_o. input_gradient=False saves 6·n·d² (and the 2·n·d), and None stands for the
    gradient of x. Lesson 06.

    >>> from helpers.layers import self_attention
    >>> saved, arguments = {}, (np.ones((3, 2)), *[np.eye(2)] * 4)
    >>> y = self_attention(*arguments, saved=saved)
    >>> [a.shape for a in self_attention_backward(y, *arguments, **saved)]
    [(3, 2), (2, 2), (2, 2), (2, 2), (2, 2)]
    """
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    gradients = mix_backward(g_mixed, q, k, v, weights)
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v), input_gradient), g_o


def multi_head_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed, input_gradient=True):
    """Backward of `multi_head_attention`: 16·n·d·h·d_h + 8·n²·h·d_h FLOPs, 5·h·n² + 2·n·d besides.

    Arguments and results as in `self_attention_backward`; q, k, v: (h, n, d_h), weights: (h, n, n),
    mixed: (n, h·d_h). The number of heads is read from q. Lesson 06.

    >>> from helpers.layers import multi_head_attention
    >>> saved, arguments = {}, (np.ones((3, 4)), *[np.eye(4)] * 4)
    >>> y = multi_head_attention(*arguments, n_heads=2, saved=saved)
    >>> multi_head_attention_backward(y, *arguments, **saved)[0].shape
    (3, 4)
    """
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    gradients = map(join_heads, mix_backward(split_heads(g_mixed, q.shape[0]), q, k, v, weights))
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v), input_gradient), g_o


def grouped_query_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed, input_gradient=True):
    """Backward of `grouped_query_attention`: twice its matrix products, 5·h·n² + 2·h·n·d_h + 2·n·d besides.

    Arguments and results as in `self_attention_backward`; q: (h_kv, h/h_kv, n, d_h), k, v: (h_kv, 1, n, d_h).
    A shared key collects the gradients of the heads that read it: the 2·h·n·d_h additions. Lesson 06.

    >>> from helpers.layers import grouped_query_attention
    >>> saved, arguments = {}, (np.ones((3, 4)), np.eye(4), *[np.ones((4, 2))] * 2, np.eye(4))
    >>> y = grouped_query_attention(*arguments, n_heads=2, n_kv_heads=1, saved=saved)
    >>> [a.shape for a in grouped_query_attention_backward(y, *arguments, **saved)]
    [(3, 4), (4, 4), (4, 2), (4, 2), (4, 4)]
    """
    n, n_heads = x.shape[0], q.shape[0] * q.shape[1]
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    g_q, g_k, g_v = mix_backward(split_heads(g_mixed, n_heads).reshape(q.shape), q, k, v, weights)
    with step("shared keys and values"):
        g_k, g_v = np.sum(g_k, axis=1), np.sum(g_v, axis=1)
    gradients = map(join_heads, (g_q.reshape(n_heads, n, -1), g_k, g_v))
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v), input_gradient), g_o


def projections_backward(gradients, x, weights, input_gradient=True):
    """Backward of several products x·w of one x: the gradient of x (the sum over all), then one for each w.

    gradients: one (n, p) for each w: (d, p); x: (n, d). Costs 4·n·d·p for each w and n·d for each sum.

    >>> [a.shape for a in projections_backward([np.ones((3, 4))] * 2, np.ones((3, 2)), [np.ones((2, 4))] * 2)]
    [(3, 2), (2, 4), (2, 4)]
    """
    pairs = [matrix_product_backward(g, x, w, input_gradient) for g, w in zip(gradients, weights)]
    g_x, *others = (g_x for g_x, _ in pairs)
    for other in others if input_gradient else ():
        g_x = g_x + other
    return g_x, *(g_w for _, g_w in pairs)
