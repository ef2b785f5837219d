"""RNN, GRU and LSTM as loops over single numbers. Lesson 04."""

from collections import Counter
from math import exp, tanh

from loops.products import matrix_product


def rnn_cell(x_t, state, w_x, w_h):
    """tanh(x·w_x + h·w_h): 4·d² + 2·d.

    >>> rnn_cell([0], [0], [[1]], [[1]])
    ([0.0], Counter({'add': 3, 'multiply': 2, 'tanh': 1}))
    """
    (from_input, from_state), operations = _products(x_t, state, w_x, w_h)
    new_state = []
    for from_x, from_h in zip(from_input, from_state):
        new_state.append(tanh(from_x + from_h))
        operations.update(add=1, tanh=1)
    return new_state, operations


def gru_cell(x_t, state, w_x, w_h):
    """Reset, update and candidate side by side in w_x and w_h: 12·d² + 17·d.

    >>> gru_cell([0], [1], [[1, 1, 1]], [[0, 0, 0]])[0]
    [0.5]
    """
    (from_input, from_state), operations = _products(x_t, state, w_x, w_h)
    width, new_state = len(state), []
    for j in range(width):
        reset = _sigmoid(from_input[j] + from_state[j], operations)
        update = _sigmoid(from_input[width + j] + from_state[width + j], operations)
        candidate = tanh(from_input[2 * width + j] + reset * from_state[2 * width + j])
        operations.update(add=3, multiply=1, tanh=1)
        new_state.append(update * state[j] + (1 - update) * candidate)
        operations.update(multiply=2, subtract=1, add=1)
    return new_state, operations


def lstm_cell(x_t, state, cell, w_x, w_h):
    """Input gate, forget gate, output gate and candidate side by side in w_x and w_h: 16·d² + 22·d.

    The values are the pair (new state, new cell).

    >>> lstm_cell([0], [0], [1], [[1] * 4], [[1] * 4])[0][1]
    [0.5]
    """
    (from_input, from_state), operations = _products(x_t, state, w_x, w_h)
    width, new_state, new_cell = len(state), [], []
    for j in range(width):
        i, f, o, g = (from_input[part * width + j] + from_state[part * width + j] for part in range(4))
        operations["add"] += 4
        i, f, o = (_sigmoid(gate, operations) for gate in (i, f, o))
        new_cell.append(f * cell[j] + i * tanh(g))
        operations.update(multiply=2, add=1, tanh=1)
        new_state.append(o * tanh(new_cell[-1]))
        operations.update(multiply=1, tanh=1)
    return (new_state, new_cell), operations


def rnn(x, w_x, w_h):
    """n steps of `rnn_cell` from the state 0: 4·n·d² + 2·n·d."""
    return _over_the_sequence(rnn_cell, x, w_x, w_h)


def gru(x, w_x, w_h):
    """n steps of `gru_cell` from the state 0: 12·n·d² + 17·n·d."""
    return _over_the_sequence(gru_cell, x, w_x, w_h)


def lstm(x, w_x, w_h):
    """n steps of `lstm_cell` from state and cell 0: 16·n·d² + 22·n·d. The values are the n states."""
    operations, states = Counter(), []
    state = cell = [0.0] * len(w_h)
    for x_t in x:
        (state, cell), count = lstm_cell(x_t, state, cell, w_x, w_h)
        states.append(state)
        operations += count
    return states, operations


def _over_the_sequence(cell, x, w_x, w_h):
    operations, states, state = Counter(), [], [0.0] * len(w_h)
    for x_t in x:
        state, count = cell(x_t, state, w_x, w_h)
        states.append(state)
        operations += count
    return states, operations


def _products(x_t, state, w_x, w_h):
    """One row through w_x and one through w_h."""
    (from_input,), operations = matrix_product([x_t], w_x)
    (from_state,), count = matrix_product([state], w_h)
    return (from_input, from_state), operations + count


def _sigmoid(value, operations):
    operations.update(negate=1, exp=1, add=1, divide=1)
    return 1 / (1 + exp(-value))
