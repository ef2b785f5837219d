"""Attention as loops: one head and one query after the other. Lessons 02, 03 and 05."""

from collections import Counter
from math import inf, sqrt

from loops.products import dot_product, matrix_product, softmax


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
    return grouped_query_attention(x, w_q, w_k, w_v, w_o, n_heads, n_heads, causal)


def grouped_query_attention(x, w_q, w_k, w_v, w_o, n_heads, n_kv_heads, causal=False):
    """n_heads slices of queries, n_kv_heads slices of keys and values: head i reads slice i·n_kv_heads/n_heads.

    causal: False, True (hide the future: one selection per pair) or "skip" (never compute it). Raises
    ValueError if n_heads does not divide the width, or n_kv_heads the number of heads.

    >>> identity = [[1, 0], [0, 1]]
    >>> grouped_query_attention([[1, 2]], identity, [[1], [1]], [[1], [1]], identity, 2, 1)[0]
    [[3.0, 3.0]]
    """
    width = len(w_q[0])
    if n_heads < 1 or width % n_heads:
        raise ValueError(f"n_heads: {n_heads} heads do not divide the width {width}")
    if n_kv_heads < 1 or n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads: {n_kv_heads} key-value heads do not divide the {n_heads} heads")
    d_h, operations, projected = width // n_heads, Counter(), []
    for weights in (w_q, w_k, w_v):
        rows, count = matrix_product(x, weights)
        projected.append(rows)
        operations += count
    mixed = [[] for _ in x]
    for head in range(n_heads):
        shared = head * n_kv_heads // n_heads
        places = [slice(i * d_h, (i + 1) * d_h) for i in (head, shared, shared)]
        q, k, v = ([row[place] for row in rows] for rows, place in zip(projected, places))
        for i, query in enumerate(q):
            seen = i + 1 if causal == "skip" else len(x)
            visible = [j <= i for j in range(len(x))] if causal is True else None
            row, count = dot_product_attention(query, k[:seen], v[:seen], visible)
            mixed[i] += row
            operations += count
    rows, count = matrix_product(mixed, w_o)
    return rows, operations + count
