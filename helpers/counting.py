"""The independent oracle: the same layers as loops over single numbers that count what they do.

Slow on purpose, and written without NumPy: nothing here is shared with `helpers.tracing`. Every function
takes nested lists (or arrays) of numbers and returns `(values, operations)`, where operations is a Counter
such as `{"multiply": 6, "add": 6}` and `operations.total()` is the number of FLOPs. Lesson 02.
"""

from collections import Counter
from math import exp, inf, sqrt


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


def dot_product_attention(q, k, v, visible=None):
    """One query of d numbers against n keys and n values: 4·n·d + 6·n.

    visible: None, or n truth values; a key that is not visible gets the score −∞, and choosing costs one
    selection per key. The root √d is one number for the whole layer and is not counted.

    >>> dot_product_attention([0, 0], [[1, 1]], [[5, 7]])[0]
    [5.0, 7.0]
    """
    operations, scores, root = Counter(), [], sqrt(len(q))
    for key in k:
        score, count = dot_product(q, key)
        scores.append(score / root)
        operations += count
        operations["divide"] += 1
    if visible is not None:
        for i, seen in enumerate(visible):
            scores[i] = scores[i] if seen else -inf
            operations["select"] += 1
    weights, count = softmax(scores)
    operations += count
    result, count = matrix_product([weights], v)
    return result[0], operations + count


def self_attention(x, w_q, w_k, w_v, w_o, causal=False):
    """x: n rows of d numbers, weights d × d: one query after the other. 8·n·d² + 4·n²·d + 6·n²."""
    return multi_head_attention(x, w_q, w_k, w_v, w_o, 1, causal)


def multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=False):
    """The same for n_heads slices of the projected rows. Raises ValueError if n_heads does not divide."""
    width = len(w_q[0])
    if n_heads < 1 or width % n_heads:
        raise ValueError(f"n_heads: {n_heads} heads do not divide the width {width}")
    d_h, operations, projected = width // n_heads, Counter(), []
    for weights in (w_q, w_k, w_v):
        rows, count = matrix_product(x, weights)
        projected.append(rows)
        operations += count
    mixed = [[] for _ in x]
    for head in range(n_heads):
        q, k, v = ([row[head * d_h:(head + 1) * d_h] for row in rows] for rows in projected)
        for i, query in enumerate(q):
            visible = [j <= i for j in range(len(x))] if causal else None
            row, count = dot_product_attention(query, k, v, visible)
            mixed[i] += row
            operations += count
    rows, count = matrix_product(mixed, w_o)
    return rows, operations + count


def feed_forward(x, w_in, w_out):
    """x: n × d, w_in: d × d_ff, w_out: d_ff × d, ReLU between: 4·n·d·d_ff + n·d_ff."""
    hidden, operations = matrix_product(x, w_in)
    for row in hidden:
        for i, value in enumerate(row):
            row[i] = value if value > 0 else 0.0
            operations["compare"] += 1
    rows, count = matrix_product(hidden, w_out)
    return rows, operations + count
