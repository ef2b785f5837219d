"""The recurrent rivals: one step after the other, so n sequential steps however wide the machine. Lesson 04.

No biases anywhere. `repeat` is `range` on whole numbers; on symbols one pass is counted n times. The
states start as np.full(…, 0.0, like=x), because np.zeros cannot take a symbol as a size.
"""

import numpy as np

from helpers.layers.positionwise import sigmoid
from helpers.tracing import repeat, step


def rnn_cell(x_t, state, w_x, w_h):
    """One step of the vanilla RNN, tanh(x·w_x + h·w_h): 4·d² + 2·d FLOPs.

    x_t: (d,), state: (d,), w_x: (d, d), w_h: (d, d). Returns the new state (d,). The state may have another
    width m: w_x is then (d, m) and w_h (m, m). Elman 1990. Lesson 04.

    >>> rnn_cell(np.zeros(2), np.zeros(2), np.eye(2), np.eye(2))
    array([0., 0.])
    """
    with step("input products"):
        from_input = x_t @ w_x
    with step("state products"):
        from_state = state @ w_h
    with step("new state"):
        return np.tanh(from_input + from_state)


def gru_cell(x_t, state, w_x, w_h):
    """One step of the gated recurrent unit, with reset r and update z: 12·d² + 17·d FLOPs.

    r = σ(x·w_xr + h·w_hr), z = σ(x·w_xz + h·w_hz), c = tanh(x·w_xc + r ⊙ (h·w_hc)), h ← z ⊙ h + (1 − z) ⊙ c.
    x_t: (d,), state: (d,), w_x: (d, 3d), w_h: (d, 3d): the columns for r, z and c side by side.
    Returns the new state (d,). Raises ValueError if a width is no multiple of 3. Cho et al. 2014, with the
    reset after the product as cuDNN and PyTorch have it; the cost is the same. Lesson 04.

    >>> gru_cell(np.zeros(2), np.ones(2), np.ones((2, 6)), np.zeros((2, 6)))
    array([0.5, 0.5])
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
    """One step of the LSTM, with gates input i, forget f and output o: 16·d² + 22·d FLOPs.

    (i, f, o, g) = x·w_x + h·w_h, c ← σ(f) ⊙ c + σ(i) ⊙ tanh(g), h ← σ(o) ⊙ tanh(c).
    x_t, state, cell: (d,); w_x: (d, 4d), w_h: (d, 4d): the columns for i, f, o and g side by side. Returns
    (new state, new cell), each (d,). Raises ValueError if a width is no multiple of 4.
    Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000. Lesson 04.

    >>> lstm_cell(np.zeros(1), np.zeros(1), np.ones(1), np.ones((1, 4)), np.ones((1, 4)))[1]
    array([0.5])
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
    """The vanilla RNN over a sequence, from the state 0: 4·n·d² FLOPs of matrix products and 2·n·d besides.

    x: (n, d), w_x: (d, d), w_h: (d, d). Returns the n states, (n, d). Elman 1990. Lesson 04.

    >>> rnn(np.ones((3, 2)), np.eye(2), np.eye(2)).shape
    (3, 2)
    """
    n, width = x.shape[0], w_h.shape[0]
    state, states = np.full(width, 0.0, like=x), np.full((n, width), 0.0, like=x)
    for t in repeat(n):
        state = rnn_cell(x[t], state, w_x, w_h)
        states[t] = state
    return states


def gru(x, w_x, w_h):
    """The GRU over a sequence, from the state 0: 12·n·d² FLOPs of matrix products and 17·n·d besides.

    x: (n, d), w_x: (d, 3d), w_h: (d, 3d). Returns the n states, (n, d). Cho et al. 2014. Lesson 04.

    >>> gru(np.ones((3, 2)), np.ones((2, 6)), np.ones((2, 6))).shape
    (3, 2)
    """
    n, width = x.shape[0], w_h.shape[0]
    state, states = np.full(width, 0.0, like=x), np.full((n, width), 0.0, like=x)
    for t in repeat(n):
        state = gru_cell(x[t], state, w_x, w_h)
        states[t] = state
    return states


def lstm(x, w_x, w_h):
    """The LSTM over a sequence, from state and cell 0: 16·n·d² FLOPs of matrix products and 22·n·d besides.

    x: (n, d), w_x: (d, 4d), w_h: (d, 4d). Returns the n states, (n, d). Hochreiter and Schmidhuber 1997.
    Lesson 04.

    >>> lstm(np.ones((3, 2)), np.ones((2, 8)), np.ones((2, 8))).shape
    (3, 2)
    """
    n, width = x.shape[0], w_h.shape[0]
    state, cell = np.full(width, 0.0, like=x), np.full(width, 0.0, like=x)
    states = np.full((n, width), 0.0, like=x)
    for t in repeat(n):
        state, cell = lstm_cell(x[t], state, cell, w_x, w_h)
        states[t] = state
    return states
