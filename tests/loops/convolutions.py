"""Convolutions over a sequence as loops over single numbers. Lesson 04."""

from collections import Counter

from loops.products import dot_product, matrix_product


def convolution(x, kernel):
    """x: n × d, kernel: k × d × m; each token sees itself and the k − 1 before it: 2·k·n·d·m.

    Before the first token stand zeros, and the products with them are computed and counted.
    Raises ValueError for a kernel without positions.

    >>> convolution([[1], [2], [4]], [[[1]], [[1]]])[0]
    [[1.0], [3.0], [6.0]]
    """
    operations, rows = Counter(), []
    for window in _windows(x, len(kernel)):
        seen = [value for row in window for value in row]
        rows.append([])
        for channel in range(len(kernel[0][0])):
            weights = [row[channel] for position in kernel for row in position]
            value, count = dot_product(seen, weights)
            rows[-1].append(value)
            operations += count
    return rows, operations


def separable_convolution(x, depthwise, pointwise):
    """depthwise: k × d, along the sequence; pointwise: d × m, across the channels: 2·k·n·d + 2·n·d·m.

    >>> separable_convolution([[1], [2], [4]], [[1], [1]], [[1]])[0]
    [[1.0], [3.0], [6.0]]
    """
    operations, mixed = Counter(), []
    for window in _windows(x, len(depthwise)):
        mixed.append([])
        for channel in range(len(x[0])):
            value, count = dot_product([row[channel] for row in window], [row[channel] for row in depthwise])
            mixed[-1].append(value)
            operations += count
    rows, count = matrix_product(mixed, pointwise)
    return rows, operations + count


def _windows(x, k):
    """For each token the k rows that end with it; rows of zeros before the first."""
    if k < 1:
        raise ValueError(f"kernel: its width is {k}; a kernel covers at least 1 position, the token itself")
    padded = [[0.0] * len(x[0]) for _ in range(k - 1)] + [list(row) for row in x]
    return [padded[t:t + k] for t in range(len(x))]
