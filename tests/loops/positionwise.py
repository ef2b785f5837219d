"""Activations, feed-forward layers and norms as loops over single numbers. Lesson 05."""

from collections import Counter
from math import exp, pi, sqrt, tanh

from loops.products import matrix_product


def relu(x):
    """The larger of each number and 0: 1 comparison.

    >>> relu([-1, 2])
    ([0.0, 2], Counter({'compare': 2}))
    """
    return [value if value > 0 else 0.0 for value in x], Counter(compare=len(x))


def sigmoid(x):
    """1/(1 + exp(−x)) of each number: 4.

    >>> sigmoid([0])[0]
    [0.5]
    """
    operations, values = Counter(), []
    for value in x:
        values.append(1 / (1 + exp(-value)))
        operations.update(negate=1, exp=1, add=1, divide=1)
    return values, operations


def gelu(x):
    """½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) of each number: 8, the constant root not counted.

    >>> gelu([0, 100])[0]
    [0.0, 100.0]
    """
    operations, values = Counter(), []
    for value in x:
        inner = sqrt(2 / pi) * (value + 0.044715 * value ** 3)
        operations.update(multiply=2, add=1, power=1)
        values.append(0.5 * value * (1 + tanh(inner)))
        operations.update(multiply=2, add=1, tanh=1)
    return values, operations


def silu(x):
    """x/(1 + exp(−x)) of each number: 4.

    >>> silu([0])[0]
    [0.0]
    """
    operations, values = Counter(), []
    for value in x:
        values.append(value / (1 + exp(-value)))
        operations.update(negate=1, exp=1, add=1, divide=1)
    return values, operations


def feed_forward(x, w_in, w_out, activation=relu):
    """x: n × d, w_in: d × d_ff, w_out: d_ff × d, ReLU between: 4·n·d·d_ff + n·d_ff; with gelu 8·n·d_ff."""
    expanded, operations = matrix_product(x, w_in)
    hidden = []
    for row in expanded:
        values, count = activation(row)
        hidden.append(values)
        operations += count
    rows, count = matrix_product(hidden, w_out)
    return rows, operations + count


def gated_feed_forward(x, w_gate, w_in, w_out, activation=silu):
    """x: n × d, w_gate and w_in: d × d_ff, w_out: d_ff × d: 6·n·d·d_ff + 5·n·d_ff."""
    gates, operations = matrix_product(x, w_gate)
    hidden, count = matrix_product(x, w_in)
    operations += count
    for gate, row in zip(gates, hidden):
        opened, count = activation(gate)
        operations += count
        for i in range(len(row)):
            row[i] *= opened[i]
            operations["multiply"] += 1
    rows, count = matrix_product(hidden, w_out)
    return rows, operations + count


def layer_norm(x, gain, bias, epsilon=1e-5):
    """Each row less its mean, over its deviation, times gain, plus bias: 7·n·d + 4·n.

    >>> layer_norm([[1, 3]], [1, 1], [5, 5], epsilon=0)[0]
    [[4.0, 6.0]]
    """
    rows, operations = [], Counter()
    for row in x:
        total, squares = 0.0, 0.0
        for value in row:
            total += value
            operations["add"] += 1
        mean = total / len(row)
        operations["divide"] += 1
        centred = []
        for value in row:
            centred.append(value - mean)
            squares += centred[-1] ** 2
            operations.update(subtract=1, square=1, add=1)
        deviation = sqrt(squares / len(row) + epsilon)
        operations.update(divide=1, add=1, sqrt=1)
        rows.append([])
        for value, factor, shift in zip(centred, gain, bias):
            rows[-1].append(value / deviation * factor + shift)
            operations.update(divide=1, multiply=1, add=1)
    return rows, operations


def rms_norm(x, gain, epsilon=1e-5):
    """Each row over the root of its mean square, times gain: 4·n·d + 3·n.

    >>> rms_norm([[3, -3]], [1, 2], epsilon=0)[0]
    [[1.0, -2.0]]
    """
    rows, operations = [], Counter()
    for row in x:
        squares = 0.0
        for value in row:
            squares += value ** 2
            operations.update(square=1, add=1)
        deviation = sqrt(squares / len(row) + epsilon)
        operations.update(divide=1, add=1, sqrt=1)
        rows.append([])
        for value, factor in zip(row, gain):
            rows[-1].append(value / deviation * factor)
            operations.update(divide=1, multiply=1)
    return rows, operations
