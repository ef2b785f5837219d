"""Latent attention as loops, one head and one query after the other, expanded and absorbed. Lesson 10."""

from collections import Counter
from math import inf, sqrt

from loops.products import dot_product, matrix_product, softmax


def latent_attention(x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq=None, causal=False):
    """Each head expands every compressed row into a key and a value.

    x: n × d; w_dkv: d × d_c, w_kr: d × d_r; w_uk: d_c × h·d_nope, w_uv: d_c × h·d_v; w_uq: (d or r) × h·d_nope, w_qr:
    (d or r) × h·d_r, with w_dq: d × r or None; w_o: h·d_v × d. Raises ValueError if n_heads does not divide.

    >>> one = [[1]]
    >>> latent_attention([[3]], one, one, one, one, one, [[2]], [[1]], 1)[0]
    [[6.0]]
    """
    return _layer(_expanded, x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq, causal)


def latent_attention_absorbed(x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq=None, causal=False):
    """Each head takes its queries to the compressed rows, and what it reads there to values. As `latent_attention`.

    >>> one = [[1]]
    >>> latent_attention_absorbed([[3]], one, one, one, one, one, [[2]], [[1]], 1)[0]
    [[6.0]]
    """
    return _layer(_absorbed, x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq, causal)


def _layer(head, x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq, causal):
    for weights in (w_uq, w_qr, w_uk, w_uv):
        if n_heads < 1 or len(weights[0]) % n_heads:
            raise ValueError(f"n_heads: {n_heads} heads do not divide the width {len(weights[0])}")
    read, operations = (x, Counter()) if w_dq is None else matrix_product(x, w_dq)
    found = []
    for rows, weights in ((read, w_uq), (read, w_qr), (x, w_dkv), (x, w_kr)):
        product, count = matrix_product(rows, weights)
        found.append(product)
        operations += count
    content, position, rows, turned = found
    mixed = [[] for _ in x]
    for i in range(n_heads):
        queries = [_slice(matrix, i, n_heads) for matrix in (content, position)]
        values, count = head(*queries, rows, turned, _slice(w_uk, i, n_heads), _slice(w_uv, i, n_heads), causal)
        operations += count
        mixed = [row + value for row, value in zip(mixed, values)]
    output, count = matrix_product(mixed, w_o)
    return output, operations + count


def _expanded(content, position, rows, turned, w_uk, w_uv, causal):
    keys, operations = matrix_product(rows, w_uk)
    values, count = matrix_product(rows, w_uv)
    mixed, more = _mix(content, keys, position, turned, values, len(content[0]) + len(position[0]), causal)
    return mixed, operations + count + more


def _absorbed(content, position, rows, turned, w_uk, w_uv, causal):
    queries, operations = matrix_product(content, [list(column) for column in zip(*w_uk)])
    mixed, count = _mix(queries, rows, position, turned, rows, len(content[0]) + len(position[0]), causal)
    values, more = matrix_product(mixed, w_uv)
    return values, operations + count + more


def _mix(content, keys, position, turned, values, width, causal):
    """A score is the sum of two dot products, over the root of the width, which is not counted."""
    operations, rows = Counter(), []
    for t, (query, place) in enumerate(zip(content, position)):
        scores = []
        for j, (key, turned_key) in enumerate(zip(keys, turned)):
            first, count = dot_product(query, key)
            second, more = dot_product(place, turned_key)
            scores.append((first + second) / sqrt(width))
            operations += count + more
            operations.update(add=1, divide=1)
            if causal:
                scores[-1] = scores[-1] if j <= t else -inf
                operations["select"] += 1
        weights, count = softmax(scores)
        (row,), more = matrix_product([weights], values)
        rows.append(row)
        operations += count + more
    return rows, operations


def _slice(matrix, i, n_heads):
    """The columns of head i."""
    width = len(matrix[0]) // n_heads
    return [row[i * width:(i + 1) * width] for row in matrix]
