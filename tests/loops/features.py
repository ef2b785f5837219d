"""Low-rank, random-feature and linear attention as loops over single numbers. Lesson 10."""

from collections import Counter
from math import exp, sqrt

from loops.attention import dot_product_attention
from loops.products import dot_product, matrix_product


def low_rank_attention(q, k, v, e, f):
    """q, k, v: n × d_h; e, f: r × n; each query looks at r rows: 8·n·r·d_h + 6·n·r.

    >>> low_rank_attention([[0], [0]], [[1], [1]], [[2], [4]], [[1, 1]], [[0.5, 0.5]])[0]
    [[3.0], [3.0]]
    """
    keys, operations = matrix_product(e, k)
    values, count = matrix_product(f, v)
    operations += count
    rows = []
    for query in q:
        row, count = dot_product_attention(query, keys, values)
        rows.append(row)
        operations += count
    return rows, operations


def elu_features(x):
    """For each row: 1 + x above 0, exp(x) below, as max(x, 0) + exp(min(x, 0)): 4 for each number.

    >>> elu_features([[0, 2]])[0]
    [[1.0, 3.0]]
    """
    operations, rows = Counter(), []
    for row in x:
        rows.append([])
        for value in row:
            rows[-1].append((value if value > 0 else 0.0) + exp(value if value < 0 else 0.0))
            operations.update(compare=2, exp=1, add=1)
    return rows, operations


def positive_features(x, omega):
    """For each row of x and each ω: exp(ω·x − ‖x‖²/2)/√r: 2·n·r·d_h + 3·n·r + 2·n·d_h + n.

    >>> positive_features([[0, 0]], [[1, 1]] * 4)[0]
    [[0.5, 0.5, 0.5, 0.5]]
    """
    operations, rows, root = Counter(), [], sqrt(len(omega))
    for row in x:
        squares = 0.0
        for value in row:
            squares += value ** 2
            operations.update(square=1, add=1)
        half = squares / 2
        operations["divide"] += 1
        rows.append([])
        for direction in omega:
            value, count = dot_product(direction, row)
            rows[-1].append(exp(value - half) / root)
            operations += count
            operations.update(subtract=1, exp=1, divide=1)
    return rows, operations


def random_feature_attention(q, k, v, omega, causal=False):
    """q, k, v: n × d_h, omega: r × d_h: 8·n·r·d_h + 9·n·r + 7·n·d_h + 2·n.

    >>> random_feature_attention([[0], [0]], [[0], [0]], [[2], [4]], [[1]])[0]
    [[3.0], [3.0]]
    """
    operations, features, root = Counter(), [], len(q[0]) ** 0.25
    for rows in (q, k):
        scaled = [[value / root for value in row] for row in rows]
        operations["divide"] += len(rows) * len(rows[0])
        phi, count = positive_features(scaled, omega)
        features.append(phi)
        operations += count
    rows, count = mix_features(*features, v, causal)
    return rows, operations + count


def linear_attention(q, k, v, causal=False):
    """q, k, v: n × d_h: 4·n·d_h² + 12·n·d_h.

    >>> linear_attention([[0], [0]], [[0], [0]], [[2], [4]], causal=True)[0]
    [[2.0], [3.0]]
    """
    phi_q, operations = elu_features(q)
    phi_k, count = elu_features(k)
    operations += count
    rows, count = mix_features(phi_q, phi_k, v, causal)
    return rows, operations + count


def linear_attention_recurrent(q, k, v):
    """As `linear_attention` with causal=True, which runs along the tokens here."""
    return linear_attention(q, k, v, causal=True)


def mix_features(phi_q, phi_k, v, causal=False):
    """Each key enters a table of r × d_h sums; each query reads it: 4·n·r·d_h + 3·n·r + n·d_h.

    causal: query t reads the table as soon as key t has entered, otherwise after the last.

    >>> mix_features([[1], [1]], [[1], [1]], [[2], [4]])[0]
    [[3.0], [3.0]]
    """
    operations, rows = Counter(), []
    table, totals = [[0.0] * len(v[0]) for _ in phi_k[0]], [0.0] * len(phi_k[0])
    for t, (features, values) in enumerate(zip(phi_k, v)):
        _enter(table, totals, features, values, operations)
        if causal:
            rows.append(_read(table, totals, phi_q[t], operations))
    if not causal:
        rows = [_read(table, totals, features, operations) for features in phi_q]
    return rows, operations


def mix_features_recurrent(phi_q, phi_k, v):
    """As `mix_features` with causal=True, which runs along the tokens here."""
    return mix_features(phi_q, phi_k, v, causal=True)


def feature_cell(phi_q, phi_k, v_t, state, total):
    """One token enters the table, then one query reads it: 4·r·d_h + 3·r + d_h. The values are (result, table, totals).

    >>> feature_cell([1], [1], [5], [[0]], [0])[0]
    ([5.0], [[5]], [1])
    """
    operations, table, totals = Counter(), [list(row) for row in state], list(total)
    _enter(table, totals, phi_k, v_t, operations)
    return (_read(table, totals, phi_q, operations), table, totals), operations


def _enter(table, totals, features, values, operations):
    for i, feature in enumerate(features):
        for j, value in enumerate(values):
            table[i][j] += feature * value
            operations.update(multiply=1, add=1)
        totals[i] += feature
        operations["add"] += 1


def _read(table, totals, features, operations):
    weight, count = dot_product(features, totals)
    (row,), more = matrix_product([features], table)
    operations.update(count + more)
    operations["divide"] += len(row)
    return [value / weight for value in row]
