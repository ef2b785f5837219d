"""Dot product, matrix product and softmax as loops. Lesson 02."""

from collections import Counter
from math import exp, inf


def dot_product(a, b):
    """Σ aᵢ·bᵢ over two lists of d numbers: d multiplications, d additions (the sum starts from 0).

    Raises ValueError if the lists differ in length.

    >>> dot_product([1, 2], [3, 4])
    (11.0, Counter({'multiply': 2, 'add': 2}))
    """
    if len(a) != len(b):
        raise ValueError(f"dot_product: a has {len(a)} numbers and b has {len(b)}; they must be as long as each other")
    operations, total = Counter(), 0.0
    for a_i, b_i in zip(a, b):
        total += a_i * b_i
        operations["multiply"] += 1
        operations["add"] += 1
    return total, operations


def matrix_product(a, b):
    """(m, k) times (k, p) as three nested loops: m·k·p multiplications and as many additions.

    Raises ValueError if the inner sizes differ.

    >>> matrix_product([[1, 2]], [[3], [4]])
    ([[11.0]], Counter({'multiply': 2, 'add': 2}))
    """
    operations, rows = Counter(), []
    for row in a:
        rows.append([])
        for j in range(len(b[0])):
            value, count = dot_product(row, [b_row[j] for b_row in b])
            rows[-1].append(value)
            operations += count
    return rows, operations


def softmax(x):
    """Weights of one list of scores: a maximum, differences, exponentials, a sum, quotients; 5 per score.

    >>> softmax([0, 0])[0]
    [0.5, 0.5]
    """
    operations, largest, total, exponentials = Counter(), -inf, 0.0, []
    for value in x:
        largest = value if value > largest else largest
        operations["compare"] += 1
    for value in x:
        exponentials.append(exp(value - largest))
        operations["subtract"] += 1
        operations["exp"] += 1
    for value in exponentials:
        total += value
        operations["add"] += 1
    weights = []
    for value in exponentials:
        weights.append(value / total)
        operations["divide"] += 1
    return weights, operations
