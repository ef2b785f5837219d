"""Recurrence and convolution, without biases. Results are (n, d).

`repeat` is `range` on whole numbers; on symbols one pass counts n times. States start as
np.full(…, 0.0, like=x): np.zeros takes no symbol as a size.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.layers.models import sigmoid
from helpers.tracing import repeat, step


def rnn_cell(x_t, state, w_x, w_h):
    """tanh(x·w_x + h·w_h): 4·d² + 2·d FLOPs. x_t, state: (d,), w_x, w_h: (d, d). Elman 1990."""
    with step("input products"):
        from_input = x_t @ w_x
    with step("state products"):
        from_state = state @ w_h
    with step("new state"):
        return np.tanh(from_input + from_state)


def gru_cell(x_t, state, w_x, w_h):
    """h ← z ⊙ h + (1 − z) ⊙ c, c = tanh(x·w_xc + r ⊙ (h·w_hc)): 12·d² + 17·d FLOPs.

    x_t, state: (d,); w_x, w_h: (d, 3d), the columns of r, z and c. Cho et al. 2014; the reset
    after the product as in PyTorch, at the same cost.
    """
    with step("input products"):
        x_r, x_z, x_c = np.split(x_t @ w_x, 3, axis=-1)
    with step("state products"):
        h_r, h_z, h_c = np.split(state @ w_h, 3, axis=-1)
    with step("gates"):
        reset, update = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    with step("new state"):
        candidate = np.tanh(x_c + reset * h_c)
        return update * state + (1 - update) * candidate


def lstm_cell(x_t, state, cell, w_x, w_h):
    """c ← σ(f) ⊙ c + σ(i) ⊙ tanh(g), h ← σ(o) ⊙ tanh(c): 16·d² + 22·d FLOPs. Returns (h, c).

    x_t, state, cell: (d,); w_x, w_h: (d, 4d), the columns of i, f, o, g. Hochreiter and
    Schmidhuber 1997; forget gate: Gers et al. 2000.
    """
    with step("input products"):
        from_input = x_t @ w_x
    with step("state products"):
        from_state = state @ w_h
    with step("gates"):
        i, f, o, g = np.split(from_input + from_state, 4, axis=-1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    with step("new state"):
        cell = f * cell + i * g
        return o * np.tanh(cell), cell


def rnn(x, w_x, w_h):
    """The states of `rnn_cell` from 0 on: 4·n·d² + 2·n·d FLOPs. x: (n, d)."""
    return _over(lambda x_t, state: (rnn_cell(x_t, state, w_x, w_h),), x, w_h, 1)


def gru(x, w_x, w_h):
    """The states of `gru_cell` from 0 on: 12·n·d² + 17·n·d FLOPs. x: (n, d)."""
    return _over(lambda x_t, state: (gru_cell(x_t, state, w_x, w_h),), x, w_h, 1)


def lstm(x, w_x, w_h):
    """The states of `lstm_cell` from 0 on: 16·n·d² + 22·n·d FLOPs. x: (n, d)."""
    return _over(lambda x_t, state, cell: lstm_cell(x_t, state, cell, w_x, w_h), x, w_h, 2)


def _over(cell, x, w_h, parts):
    """A cell along the tokens; its state has so many parts, zeros at first; the first is output."""
    n, width = x.shape[0], w_h.shape[0]
    state = [np.full(width, 0.0, like=x) for _ in range(parts)]
    states = np.full((n, width), 0.0, like=x)
    for t in repeat(n):
        state = cell(x[t], *state)
        states[t] = state[0]
    return states


def convolution(x, kernel):
    """yₜ = Σⱼ xₜ₋ₖ₊₁₊ⱼ·kernelⱼ: 2·k·n·d² FLOPs. x: (n, d); kernel: (k, d, d), its own last.

    Products with the k − 1 zeros before the first token count. Vaswani et al. 2017, Table 1.
    """
    with step("windows"):
        windows = causal_windows(x, kernel.shape[0])
    with step("products"):
        return np.einsum("tik,kio->to", windows, kernel, optimize=True)


def separable_convolution(x, depthwise, pointwise):
    """Along each channel, then across channels: 2·k·n·d + 2·n·d² FLOPs.

    x: (n, d), depthwise: (k, d), pointwise: (d, d). Chollet 2017; Vaswani et al. 2017, section 4.
    """
    with step("windows"):
        windows = causal_windows(x, depthwise.shape[0])
    with step("depthwise"):
        mixed = np.einsum("tik,ki->ti", windows, depthwise)
    with step("pointwise"):
        return mixed @ pointwise


def windows(a, window, before):
    """For each token its window of rows, `before` before it: (n, d, w), a view of a padded copy."""
    return sliding_window_view(np.pad(a, ((before, window - 1 - before), (0, 0))), window, axis=0)


def causal_windows(x, k):
    """For each token the k rows that end with it, zeros before the first. (n, d) -> (n, d, k)."""
    return windows(x, k, k - 1)
