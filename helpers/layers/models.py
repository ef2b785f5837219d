"""From token-wise layers to the pre-norm block of GPT-2 and Llama. No matrix product has a bias.

Arguments are named as in `block_shapes`, which goes to `trace` as it is.
"""

import numpy as np

from helpers.layers.attention import grouped_query_attention, keep
from helpers.sizes import check_choice, check_divides, divide
from helpers.tracing import step

GELU_SCALE, GELU_CUBE = float(np.sqrt(2 / np.pi)), 0.044715


def relu(x):
    """max(x, 0): 1 FLOP an element."""
    return np.maximum(x, 0)


def sigmoid(x):
    """1/(1 + exp(−x)): 4 FLOPs an element."""
    return 1 / (1 + np.exp(-x))


def gelu(x):
    """½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))): 8 FLOPs an element, a power being 1.

    Hendrycks and Gimpel 2016, section 2, the tanh form, as in GPT-2.
    """
    return 0.5 * x * (1 + np.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3)))


def silu(x):
    """x/(1 + exp(−x)), also called swish: 4 FLOPs an element."""
    return x / (1 + np.exp(-x))


def feed_forward(x, w_in, w_out, activation=relu, saved=None):
    """activation(x·w_in)·w_out: 4·n·d·d_ff + n·d_ff FLOPs, with gelu 8·n·d_ff.

    x: (n, d), w_in: (d, d_ff), w_out: (d_ff, d). Vaswani et al. 2017, section 3.3.
    """
    with step("expand"):
        expanded = x @ w_in
    with step("activation"):
        hidden = activation(expanded)
    keep(saved, expanded=expanded, hidden=hidden)
    with step("contract"):
        return hidden @ w_out


def gated_feed_forward(x, w_gate, w_in, w_out, saved=None):
    """(silu(x·w_gate) ⊙ x·w_in)·w_out: 6·n·d·d_ff + 5·n·d_ff FLOPs.

    x: (n, d); w_gate, w_in: (d, d_ff); w_out: (d_ff, d). Shazeer 2020, equation 6 (SwiGLU).
    """
    with step("expand"):
        gate, expanded = x @ w_gate, x @ w_in
    with step("activation"):
        opened = silu(gate)
        hidden = opened * expanded
    keep(saved, gate=gate, expanded=expanded, opened=opened, hidden=hidden)
    with step("contract"):
        return hidden @ w_out


def layer_norm(x, gain, bias, epsilon=1e-5, saved=None):
    """gain·(x − mean)/√(variance + ε) + bias over each token: 7·n·d + 4·n FLOPs.

    x: (n, d); gain, bias: (d,). Ba et al. 2016, equation 4.
    """
    centred = x - np.mean(x, axis=-1, keepdims=True)
    deviation = np.sqrt(np.mean(centred ** 2, axis=-1, keepdims=True) + epsilon)
    normed = centred / deviation
    keep(saved, normed=normed, deviation=deviation)
    return normed * gain + bias


def rms_norm(x, gain, epsilon=1e-5, saved=None):
    """gain·x/√(mean of x² + ε) over each token: 4·n·d + 3·n FLOPs.

    x: (n, d); gain: (d,). Zhang and Sennrich 2019, equation 4.
    """
    deviation = np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + epsilon)
    normed = x / deviation
    keep(saved, normed=normed, deviation=deviation)
    return normed * gain


def block(x, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, bias_1=None, bias_2=None, w_gate=None,
          *, n_heads, n_kv_heads=None, causal=True, saved=None):
    """x + attention(norm(x)), then x + feed-forward(norm(x)). x: (n, d), weights: `block_shapes`.

    A norm with a bias is a layer norm, one without an RMS norm; with w_gate the feed-forward layer
    is gated by SiLU, without it is GELU. GPT-2 (Radford et al. 2019), Llama (Touvron et al. 2023).
    ValueError for heads that do not divide.
    """
    inside = {name: None if saved is None else saved.setdefault(name, {})
              for name in ("norm_1", "attention", "norm_2", "feed_forward")}
    with step("norm 1"):
        normed_1 = normalised(x, gain_1, bias_1, inside["norm_1"])
    with step("attention"):
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        mixed = grouped_query_attention(normed_1, w_q, w_k, w_v, w_o, n_heads, n_kv_heads, causal,
                                        inside["attention"])
    with step("residual sums"):
        x = x + mixed
    with step("norm 2"):
        normed_2 = normalised(x, gain_2, bias_2, inside["norm_2"])
    with step("feed-forward"):
        if w_gate is None:
            fed = feed_forward(normed_2, w_in, w_out, gelu, inside["feed_forward"])
        else:
            fed = gated_feed_forward(normed_2, w_gate, w_in, w_out, saved=inside["feed_forward"])
    keep(saved, normed_1=normed_1, normed_2=normed_2)
    with step("residual sums"):
        return x + fed


def block_shapes(d, d_ff, n_heads, n_kv_heads=None, d_head=None, gated=False, norm="layer"):
    """dict: weight of `block` -> its shape, numbers or symbols; d_head=None is d/n_heads."""
    if d_head is None:
        d_head = divide(d, check_divides(n_heads, "n_heads", d, "d", ", or give d_head"))
    width, kv_width = n_heads * d_head, (n_heads if n_kv_heads is None else n_kv_heads) * d_head
    biased = check_choice(norm, "norm", ("layer", "rms")) == "layer"
    shapes = {"gain_1": (d,), "w_q": (d, width), "w_k": (d, kv_width), "w_v": (d, kv_width),
              "w_o": (width, d), "gain_2": (d,), "w_in": (d, d_ff), "w_out": (d_ff, d)}
    return shapes | ({"w_gate": (d, d_ff)} if gated else {}) | (
        {"bias_1": (d,), "bias_2": (d,)} if biased else {})


def normalised(x, gain, bias=None, saved=None):
    """`rms_norm` without a bias, `layer_norm` with one."""
    if bias is None:
        return rms_norm(x, gain, saved=saved)
    return layer_norm(x, gain, bias, saved=saved)
