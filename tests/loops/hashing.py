"""Attention by hashing as loops: round after round, query after query, key after key. Lesson 10."""

from collections import Counter
from math import exp, inf, log, sqrt

from loops.patterns import check_size
from loops.products import dot_product, matrix_product, softmax


def hashed_attention(q, k, v, rotations, bucket_size, causal=False, count_once=True):
    """In each round a query looks at 2·m places of the sorted keys: its chunk's, and those of the chunk before it.

    k=None: the keys are the queries, scaled to length 1. Before the first chunk stands the last one, computed and
    hidden. causal: only keys of the query's own bucket, at most m − 1 places behind it.

    >>> hashed_attention([[1], [0], [-1]], [[0]] * 3, [[1], [3], [5]], [[[1]]], 1)[0]
    [[1.0], [2.0], [4.0]]
    """
    n, operations, rounds = len(q), Counter(), []
    check_size("rounds", len(rotations))
    check_size("bucket_size", bucket_size, n)
    k_given = k
    if k is None:
        k, operations = unit_rows(q)
    for rotation in rotations:
        q_sorted, count = sort_by_hash(q, rotation)
        operations += count
        if k_given is None:
            k_sorted = q_sorted
        else:
            k_sorted, count = sort_by_hash(k, rotation)
            operations += count
        codes = []
        for buckets, _, places in (q_sorted, k_sorted):
            codes.append([place + n * bucket if causal else place // bucket_size for bucket, place in zip(buckets, places)])
            operations.update({"multiply": n, "add": n} if causal else {"divide": n})
        rounds.append((*codes, k_sorted[1], q_sorted[2]))
    reach, results = bucket_size if causal else 2, []
    for q_code, k_code, k_order, q_place in rounds:
        for t, query in enumerate(q):
            start = q_place[t] // bucket_size * bucket_size
            keys = [k_order[place % n] for place in range(start - bucket_size, start + bucket_size)]
            scores = []
            for number, j in enumerate(keys):
                score, count = dot_product(query, k[j])
                operations += count + Counter({"divide": 1, "select": 1})
                score /= sqrt(len(query))
                seen = meets(q_code[t], k_code[j], reach, operations) and not (start == 0 and number < bucket_size)
                if count_once:
                    times = sum(meets(other[0][t], other[1][j], reach, operations) for other in rounds)
                    score -= log(max(times, 1))
                    operations.update({"add": len(rounds), "compare": 1, "log": 1, "subtract": 1})
                scores.append(score if seen else -inf)
            weights, count = softmax(scores)
            operations += count
            highest = max(scores)
            total = highest + log(sum(exp(score - highest) for score in scores))     # the softmax's own sum, so only:
            operations.update({"log": 1, "add": 1})
            (row,), count = matrix_product([weights], [v[j] for j in keys])
            operations += count
            results.append((total, row))
    mixed = []
    for t in range(n):
        of_rounds = results[t::n]
        weights, count = softmax([total for total, _ in of_rounds])
        operations += count
        (row,), count = matrix_product([weights], [row for _, row in of_rounds])
        operations += count
        mixed.append(row)
    return mixed, operations


def meets(q_code, k_code, reach, operations):
    """True if the key is 0 to reach − 1 behind the query: a difference, two comparisons, and both together."""
    behind = q_code - k_code
    operations.update({"subtract": 1, "compare": 2, "and": 1})
    return 0 <= behind < reach


def unit_rows(rows):
    """Each row divided by its length: 3·d + 2 a row.

    >>> unit_rows([[3, 4]])[0]
    [[0.6, 0.8]]
    """
    units, operations = [], Counter()
    for row in rows:
        square, count = dot_product(row, row)
        length = max(sqrt(square), 1e-12)
        operations += count + Counter({"sqrt": 1, "compare": 1, "divide": len(row)})
        units.append([value / length for value in row])
    return units, operations


def sort_by_hash(rows, rotation):
    """(bucket of each row, the rows' numbers sorted by bucket, the place of each row in that order), operations.

    rotation: d rows of B/2 numbers. The bucket is the direction, of B/2 and their opposites, with the largest product.
    """
    projected, operations = matrix_product(rows, rotation)
    buckets = []
    for row in projected:
        values = row + [-value for value in row]
        operations.update({"negate": len(row), "compare": len(values)})
        buckets.append(max(range(len(values)), key=lambda i: values[i]))
    order, count = merge_sort(buckets)
    places, more = merge_sort(order)
    return (buckets, order, places), operations + count + more


def merge_sort(keys):
    """The numbers 0 to n − 1 sorted by their keys, equals in order: ⌈log₂ n⌉ passes, a comparison for each number put down.

    >>> merge_sort([2, 0, 1, 0])
    ([1, 3, 2, 0], Counter({'compare': 8}))
    """
    runs, operations = [[i] for i in range(len(keys))], Counter()
    while len(runs) > 1:
        merged = []
        for left, right in zip(runs[::2], [*runs[1::2], []]):
            run, a, b = [], 0, 0
            while a < len(left) or b < len(right):
                if b == len(right) or a < len(left) and keys[left[a]] <= keys[right[b]]:
                    run.append(left[a])
                    a += 1
                else:
                    run.append(right[b])
                    b += 1
                operations["compare"] += 1
            merged.append(run)
        runs = merged
    return runs[0], operations
