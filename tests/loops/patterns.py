"""Patterns of attention as loops: one query after the other, over the places that its method computes. Lesson 10.

A place is (key, value, seen). seen is True, False (computed and then hidden: a score of −∞), or None where the
method does not ask; asking costs one selection.
"""

from collections import Counter
from math import inf, sqrt

from loops.products import dot_product, matrix_product, softmax


def attend(query, *groups):
    """One softmax over all groups of places, one weighted sum for each group, added up: Σ (4·d + 6) a place.

    >>> attend([0, 0], [([1, 1], [5, 7], True)], [([1, 1], [9, 9], None)])[0]
    [7.0, 8.0]
    """
    operations, scores, root = Counter(), [], sqrt(len(query))
    for key, _, seen in (place for group in groups for place in group):
        score, count = dot_product(query, key)
        operations += count + Counter({"divide": 1})
        if seen is not None:
            operations["select"] += 1
        scores.append(-inf if seen is False else score / root)
    weights, count = softmax(scores)
    operations += count
    result, first = None, 0
    for group in groups:
        (part,), count = matrix_product([weights[first:first + len(group)]], [value for _, value, _ in group])
        operations += count
        first += len(group)
        if result is not None:
            part = [a + b for a, b in zip(result, part)]
            operations["add"] += len(part)
        result = part
    return result, operations


def attend_each(queries, groups_of):
    """`attend` for query after query: the rows and all operations."""
    rows, operations = [], Counter()
    for place, query in enumerate(queries):
        row, count = attend(query, *groups_of(place))
        rows.append(row)
        operations += count
    return rows, operations


def check_size(name, size, divides=None):
    """ValueError for a size below 1, or one that does not divide the number of tokens."""
    if size < 1 or divides is not None and divides % size:
        raise ValueError(f"{name}: {size}; give at least 1" + ("" if divides is None else f", and a divisor of {divides}"))


def masked_attention(q, k, v, mask):
    """All n² pairs, those that the mask hides as well: 4·n²·d + 7·n².

    >>> masked_attention([[0], [0]], [[0], [0]], [[1], [3]], [[True, False], [True, True]])[0]
    [[1.0], [2.0]]
    """
    return attend_each(q, lambda t: [[(k[j], v[j], bool(mask[t][j])) for j in range(len(k))]])


def window_places(t, k, v, window, before):
    """The places of one window: tokens t − before and on, zeros where there is no token."""
    zero_key, zero_value, n = [0.0] * len(k[0]), [0.0] * len(v[0]), len(k)
    return [(k[j], v[j], True) if 0 <= j < n else (zero_key, zero_value, False) for j in range(t - before, t - before + window)]


def windowed_attention(q, k, v, window, n_global=0, causal=False):
    """Window by window; the first n_global tokens see all (causal: all before them) and are seen by all.

    >>> windowed_attention([[0]] * 3, [[0]] * 3, [[2], [4], [8]], 2, causal=True)[0]
    [[2.0], [3.0], [6.0]]
    """
    check_size("window", window)
    g, n, before = n_global, len(q), window - 1 if causal else (window - 1) // 2

    def all_before(t):
        return [[(k[j], v[j], j <= t) for j in range(g)] if causal else [(k[j], v[j], None) for j in range(n)]]

    def window_and_globals(t):
        near = window_places(t, k[g:], v[g:], window, before)
        return [[(k[j], v[j], None) for j in range(g)], near] if g else [near]

    first, count = attend_each(q[:g], all_before)
    others, more = attend_each(q[g:], window_and_globals)
    return first + others, count + more


def strided_attention(q, k, v, stride, causal=False):
    """The window of the last `stride` tokens (2·stride − 1 around, if not causal), and the token's own column.

    >>> strided_attention([[0]] * 4, [[0]] * 4, [[1], [2], [4], [8]], 2, causal=True)[0][2]
    [2.3333333333333335]
    """
    check_size("stride", stride, len(q))
    window = stride if causal else 2 * stride - 1

    def both(t):
        column = [(k[j], v[j], j < t if causal else j != t) for j in range(t % stride, len(k), stride)]
        return [window_places(t, k, v, window, stride - 1), column]

    return attend_each(q, both)


def block_sparse_attention(q, k, v, block, blocks, causal=False):
    """Token by token over the blocks that its row of blocks sees; causal, up to its own and there up to itself.

    >>> block_sparse_attention([[0]] * 4, [[0]] * 4, [[0], [1], [2], [3]], 2, [[0], [0, 1]])[0]
    [[0.5], [0.5], [1.5], [1.5]]
    """
    check_size("block", block, len(q))

    def seen(t):
        columns = [c for c in blocks[t // block] if not causal or c <= t // block]
        return [[(k[j], v[j], j <= t if causal and c == t // block else None)
                 for c in columns for j in range(c * block, (c + 1) * block)]]

    return attend_each(q, seen)
