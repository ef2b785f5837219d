"""Backward passes: what one step of training computes after the forward pass. Lesson 06.

Each function takes `g`, the gradient of the loss by the layer's output, then the layer's own
arguments, then by name what the forward pass put into `saved`:

    saved = {}
    y = self_attention(x, w_q, w_k, w_v, w_o, saved=saved)
    g_x, g_q, g_k, g_v, g_o = self_attention_backward(g, x, w_q, w_k, w_v, w_o, **saved)

It returns one gradient for each array argument, in their order and shapes (a norm needs of its
arguments only the gain; a block, which has many, returns a dict by name). Every forward matrix
product has two here, so the products cost exactly twice the forward's. The one exception is a layer
whose input is data: input_gradient=False leaves out the product that only the input's gradient
needs, and None stands in its place.
"""

import numpy as np

from helpers.layers.attention import join_heads, split_heads
from helpers.layers.models import GELU_CUBE, GELU_SCALE, gelu, relu, sigmoid, silu
from helpers.sizes import check_choice
from helpers.tracing import step


def matrix_product_backward(g, a, b, input_gradient=True):
    """From the gradient of a·b those of a and b: g·bᵀ and aᵀ·g, 4·m·k·p FLOPs, twice the
    forward's 2·m·k·p."""
    return (g @ b.T if input_gradient else None), a.T @ g


def softmax_backward(g, weights, axis=-1):
    """From the gradient of the weights that of the scores: w ⊙ (g − Σ g ⊙ w), 4 FLOPs per element.

    A hidden pair has weight 0, so its gradient is 0 and a causal mask needs no step of its own.
    """
    return weights * (g - np.sum(g * weights, axis=axis, keepdims=True))


def projections_backward(gradients, x, weights, input_gradient=True):
    """Backward of several products x·w of one x: the gradient of x (the sum over all), then one
    for each w."""
    pairs = [matrix_product_backward(g, x, w, input_gradient) for g, w in zip(gradients, weights)]
    g_x, *others = (g_x for g_x, _ in pairs)
    for other in others if input_gradient else ():
        g_x = g_x + other
    return g_x, *(g_w for _, g_w in pairs)


# attention ---------------------------------------------------------------------------------------
def mix_backward(g, q, k, v, weights):
    """Backward of softmax(q·kᵀ/√d_h)·v: 8·n²·d_h + 5·n² FLOPs a head; where heads share a key,
    one gradient each."""
    with step("weighted sum"):
        g_weights = g @ v.swapaxes(-1, -2)
        g_v = weights.swapaxes(-1, -2) @ g
    with step("softmax"):
        g_scores = softmax_backward(g_weights, weights)
    with step("scores"):
        g_scores = g_scores / np.sqrt(q.shape[-1])
        return g_scores @ k, g_scores.swapaxes(-1, -2) @ q, g_v


def self_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed, input_gradient=True):
    """Backward of `self_attention`: 16·n·d² + 8·n²·d FLOPs of matrix products, 5·n² + 2·n·d
    besides."""
    with step("output projection"):
        g_mixed, g_o = matrix_product_backward(g, mixed, w_o)
    gradients = mix_backward(g_mixed, q, k, v, weights)
    with step("projections"):
        return *projections_backward(gradients, x, (w_q, w_k, w_v), input_gradient), g_o


def grouped_query_attention_backward(g, x, w_q, w_k, w_v, w_o, q, k, v, weights, mixed,
                                     input_gradient=True):
    """Backward of `grouped_query_attention`: twice its products, 5·h·n² + 2·h·n·d_h + 2·n·d
    besides.

    A shared key collects the gradients of the heads that read it: the 2·h·n·d_h additions, none if
    h_kv = h.
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


# activations, feed-forward layers, norms ---------------------------------------------------------
def relu_backward(g, x):
    """g where x > 0, else 0: 2 FLOPs per element, a comparison and a selection."""
    return np.where(x > 0, g, 0)


def gelu_backward(g, x):
    """g times ½·(1 + t) + ½·x·(1 − t²)·c·(1 + 3a·x²), t = tanh(c·(x + a·x³)): 18 FLOPs per
    element."""
    t = np.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3))
    inner_slope = GELU_SCALE * (1 + 3 * GELU_CUBE * x ** 2)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * inner_slope)


def silu_backward(g, x):
    """g times σ(x)·(1 + x·(1 − σ(x))): 9 FLOPs per element."""
    s = sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


def _slope(activation):
    """The backward pass that belongs to an activation; ValueError that lists the known ones."""
    known = {function.__name__: slope for function, slope in
             ((relu, relu_backward), (gelu, gelu_backward), (silu, silu_backward))}
    name = getattr(activation, "__name__", activation)
    return known[check_choice(name, "activation", tuple(known))]


def feed_forward_backward(g, x, w_in, w_out, expanded, hidden, activation=relu,
                          input_gradient=True):
    """Backward of `feed_forward`: 8·n·d·d_ff FLOPs of matrix products, 2·n·d_ff besides (GELU:
    18·n·d_ff)."""
    slope = _slope(activation)
    with step("contract"):
        g_hidden, g_out = matrix_product_backward(g, hidden, w_out)
    with step("activation"):
        g_expanded = slope(g_hidden, expanded)
    with step("expand"):
        return *matrix_product_backward(g_expanded, x, w_in, input_gradient), g_out


def gated_feed_forward_backward(g, x, w_gate, w_in, w_out, gate, expanded, opened, hidden,
                                activation=silu, input_gradient=True):
    """Backward of `gated_feed_forward`: 12·n·d·d_ff FLOPs of matrix products, 11·n·d_ff + n·d
    besides."""
    slope = _slope(activation)
    with step("contract"):
        g_hidden, g_out = matrix_product_backward(g, hidden, w_out)
    with step("activation"):
        g_gate, g_expanded = slope(g_hidden * expanded, gate), g_hidden * opened
    with step("expand"):
        return *projections_backward((g_gate, g_expanded), x, (w_gate, w_in), input_gradient), g_out


def layer_norm_backward(g, gain, normed, deviation):
    """Backward of `layer_norm`: 11·n·d + 2·n FLOPs. Returns the gradients of x, gain and bias.

    With s = g ⊙ gain that of x is (s − mean(s) − normed ⊙ mean(s ⊙ normed))/deviation.
    """
    g_gain, g_bias = np.sum(g * normed, axis=0), np.sum(g, axis=0)
    s = g * gain
    along = np.mean(s * normed, axis=-1, keepdims=True)
    g_x = (s - np.mean(s, axis=-1, keepdims=True) - normed * along) / deviation
    return g_x, g_gain, g_bias


def rms_norm_backward(g, gain, normed, deviation):
    """Backward of `rms_norm`: 8·n·d + n FLOPs. As `layer_norm_backward`, without the mean of s
    and the bias."""
    g_gain = np.sum(g * normed, axis=0)
    s = g * gain
    along = np.mean(s * normed, axis=-1, keepdims=True)
    return (s - normed * along) / deviation, g_gain


def block_backward(g, saved, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, w_gate=None,
                   **biases):
    """Backward of `block`, exactly twice its matrix products: a dict, "x" and each weight's name ->
    its gradient.

    saved: what `block(…, saved=saved)` filled; then the block's weights by name (a bias is not
    read). There is no input_gradient: the first norm's gain needs what the projections hand back.
    """
    normed_1, normed_2, gradients = saved["normed_1"], saved["normed_2"], {}
    with step("feed-forward"):
        if w_gate is None:
            g_normed, *g_weights = feed_forward_backward(
                g, normed_2, w_in, w_out, activation=gelu, **saved["feed_forward"])
            gradients |= zip(("w_in", "w_out"), g_weights)
        else:
            g_normed, *g_weights = gated_feed_forward_backward(
                g, normed_2, w_gate, w_in, w_out, **saved["feed_forward"])
            gradients |= zip(("w_gate", "w_in", "w_out"), g_weights)
    with step("norm 2"):
        g_x = _normalise_backward(g_normed, gain_2, saved["norm_2"], biases, "2", gradients)
    with step("residual sums"):
        g = g + g_x
    with step("attention"):
        g_normed, *g_weights = grouped_query_attention_backward(
            g, normed_1, w_q, w_k, w_v, w_o, **saved["attention"])
        gradients |= zip(("w_q", "w_k", "w_v", "w_o"), g_weights)
    with step("norm 1"):
        g_x = _normalise_backward(g_normed, gain_1, saved["norm_1"], biases, "1", gradients)
    with step("residual sums"):
        return gradients | {"x": g + g_x}


def _normalise_backward(g, gain, saved, biases, place, gradients):
    """Backward of the norm in that place: enters its weights' gradients and returns that of its
    input."""
    has_bias = biases.get(f"bias_{place}") is not None
    g_x, *g_weights = (layer_norm_backward if has_bias else rms_norm_backward)(g, gain, **saved)
    gradients |= zip((f"gain_{place}", f"bias_{place}"), g_weights)
    return g_x
