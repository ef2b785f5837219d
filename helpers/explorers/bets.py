"""What PatternExplorer knows of each method: its bill at any length, and its weights on 512 tokens of known structure.

Lesson 10 writes `structured` in full. A method's weights are what it returns for the identity as values.
"""

from dataclasses import dataclass
from functools import lru_cache

from helpers import layers

SHOWN = 512          # tokens on which weights and errors are measured
STRUCTURES = {"random": "random", "local": "local", "few": "few large", "rank": "low rank"}
SEGMENTS, LARGEST = 32, 12.0


def structured(kind, n, d_h, seed=10):
    """Queries, keys and values, (n, d_h) each, whose scores q·kᵀ/√d_h have a known structure. Lesson 10.

    "random": small scores without order. "local": large near the diagonal. "few": one key for each query, anywhere.
    "rank": 32 stretches of nearly equal keys, in 8 directions. Raises KeyError for another kind.

    >>> q, k, v = structured("few", 64, 16)
    >>> bool((layers.softmax(q @ k.T / 4).max(axis=1) > 0.8).mean() > 0.8)
    True
    """
    import numpy as np

    if kind not in STRUCTURES:
        raise KeyError(f"kind: {kind!r} is unknown; choose {', '.join(map(repr, STRUCTURES))}")
    rng = np.random.default_rng(seed)
    a, b, v = rng.standard_normal((3, n, d_h))          # scores are a·b
    if kind == "random":
        a, b = a / (2 * d_h**0.25), b / (2 * d_h**0.25)
    elif kind == "local":
        waves = np.outer(np.arange(n), 0.04 * rng.standard_normal(d_h // 2))
        a = b = np.sqrt(2 * LARGEST / d_h) * np.concatenate([np.cos(waves), np.sin(waves)], axis=1)
    elif kind == "few":
        b = np.sqrt(LARGEST) * b / np.linalg.norm(b, axis=1, keepdims=True)
        a = b[rng.permutation(n)]
    else:
        b = b[np.arange(n) * SEGMENTS // n] + 0.1 * rng.standard_normal((n, d_h))
        a, b = 0.42 * a * (np.arange(d_h) < 8), 0.42 * b * (np.arange(d_h) < 8)
    return d_h**0.25 * a, d_h**0.25 * b, v


@dataclass(frozen=True)
class Method:
    """size: what the budget is for it, "" without one; bet: what must hold of the input; kind: what it computes; past: causal?"""

    name: str
    size: str
    bet: str
    kind: str
    past: str = "yes"


METHODS = {
    "all": Method("all pairs", "", "", "exact"),
    "window": Method("window", "tokens in the window", "what matters stands near", "approximate"),
    "strided": Method("strided", "stride", "what matters stands near or a whole number of strides away", "approximate"),
    "hashing": Method("hashing", "keys a query meets", "what matters points the same way as the query", "approximate",
                      "if keys are queries"),
    "low_rank": Method("low rank", "summaries of the keys", "neighbours say nearly the same", "approximate", "no"),
    "features": Method("random features", "features", "queries and keys are short", "approximate"),
    "linear": Method("linear attention", "", "", "another model"),
}


def window_of(budget, causal):
    """Tokens in the window: the budget, one more where it must be odd to be centred.

    >>> window_of(64, True), window_of(64, False), window_of(7, False)
    (64, 65, 7)
    """
    return budget if causal else budget | 1


def hashes_of(budget):
    """Rounds and bucket size for a budget of keys that a query meets: two buckets a round, of 32 tokens at most.

    >>> hashes_of(16), hashes_of(64), hashes_of(512)
    ((1, 8), (1, 32), (8, 32))
    """
    return max(1, budget // 64), min(32, budget // 2)


def flops(method, n, d_h, budget, causal=False):
    """FLOPs of one head over n tokens, softmax and features included: the traced formulas of the layers, exact.

    >>> flops("all", 1_024, 64, 64), flops("window", 1_024, 64, 64, causal=True)
    (274726912, 17235968)
    """
    d, r = d_h, budget
    if method == "all":
        return 4 * n * n * d + (7 if causal else 6) * n * n
    if method == "window":
        return (4 * d + 7) * n * window_of(r, causal)
    if method == "strided":
        n = -(-n // r) * r                             # padded
        return (4 * d + 7) * n * ((r if causal else 2 * r - 1) + n // r) + n * d
    if method == "hashing":
        return hashing_flops(n, d, *hashes_of(r))
    if method == "low_rank":
        return (8 * d + 6) * n * r
    if method == "features":
        return 8 * n * r * d + 9 * n * r + 7 * n * d + 2 * n
    return 4 * n * d * d + 12 * n * d


def hashing_flops(n, d_h, rounds, bucket):
    """Hashing into n/bucket buckets, sorting, chunks of `bucket` and the one before, pairs counted once: exact FLOPs.

    >>> hashing_flops(64, 16, 1, 16)
    183104
    """
    n_buckets = buckets_of(n, bucket)
    return rounds * n * ((8 * d_h + 28 + 10 * rounds) * bucket + (2 * d_h + 3) * n_buckets
                         + 4 * (n - 1).bit_length() + 2 * d_h + 9)


def buckets_of(n, bucket):
    """n/bucket buckets, an even number: each direction gives two.

    >>> buckets_of(512, 32), buckets_of(31, 32)
    (16, 2)
    """
    return max(2, 2 * round(n / bucket / 2))


def kept(method, n, d_h, budget):
    """Elements that a head must keep to write the next token after n; None for a method that cannot write.

    >>> kept("all", 1_024, 64, 64), kept("window", 1_024, 64, 64), kept("linear", 1_024, 64, 64)
    (131072, 8192, 4160)
    """
    return {"window": 2 * d_h * min(budget, n), "features": budget * (d_h + 1), "linear": d_h * (d_h + 1),
            "low_rank": None}.get(method, 2 * n * d_h)


def meeting(method, d_h, budget, causal=False):
    """The shortest n, a whole number of strides, from which on the method costs fewer FLOPs than all pairs.

    >>> meeting("linear", 64, 64), meeting("window", 64, 64)
    (66, 66)
    """
    def cheaper(n):
        return flops(method, n, d_h, budget, causal) < flops("all", n, d_h, budget, causal)
    step = budget if method == "strided" else 1
    high = 1
    while not cheaper(high * step):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cheaper(middle * step) else (middle, high)
    return high * step


@lru_cache(maxsize=8)
def _exact(structure, d_h, causal):
    """Queries, keys, values on SHOWN tokens, all pairs' weights on them, and their output."""
    import numpy as np

    q, k, v = structured(structure, SHOWN, d_h)
    everything = layers.mix(q, k, np.eye(SHOWN), causal)
    return q, k, v, everything, everything @ v


@lru_cache(maxsize=32)
def weights(method, structure, d_h, budget, causal):
    """The weight of each key for each query, (SHOWN, SHOWN): what the method returns for the identity as values."""
    import numpy as np

    q, k, _, everything, _ = _exact(structure, d_h, causal)
    return everything if method == "all" else weights_of(method, q, k, budget, np.arange(SHOWN), causal)


def weights_of(method, q, k, budget, queries, causal=False):
    """Rows `queries` of a method's weights, (len(queries), n): the layer's numbers, made from rows of scores.

    Hashing has keys of its own, and so is never causal here; low rank is never.

    >>> import numpy as np
    >>> weights_of("window", np.zeros((4, 1)), np.zeros((4, 1)), 2, np.array([0, 2]), causal=True).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]]
    """
    import numpy as np

    (n, d_h), rng = q.shape, np.random.default_rng(0)
    root, keys, rows = d_h**0.25, np.arange(n), queries[:, None]
    if method == "low_rank":
        summaries = segments(n, budget)
        return layers.softmax(q[queries] @ (summaries @ k).T / root**2) @ summaries
    if method in ("features", "linear"):
        omega = rng.standard_normal((budget, d_h))
        phi_q, phi_k = ((layers.positive_features(x / root, omega) if method == "features" else layers.elu_features(x))
                        for x in (q[queries], k))
        products = phi_q @ phi_k.T
        products = np.where(keys <= rows, products, 0) if causal else products
        return products / products.sum(axis=1, keepdims=True)
    if method == "hashing":
        seen = hashed_rows(q, k, budget, queries, rng)
    else:
        near = window_of(budget, causal) // 2 if method == "window" and not causal else budget - 1
        seen = abs(rows - keys) <= near
        if method == "strided":
            seen |= (rows - keys) % budget == 0
        if causal:
            seen &= keys <= rows
    return layers.softmax(np.where(seen, q[queries] @ k.T / root**2, -np.inf))


def hashed_rows(q, k, budget, queries, rng):
    """Rows `queries` of the mask of hashing, (len(queries), n): a key is seen in its query's chunk or the one before."""
    rounds, bucket = hashes_of(budget)
    rotations, chunks = layers.random_rotations(q.shape[1], buckets_of(len(q), bucket), rounds, rng), []
    for x in (q, k):
        place = layers.hashing.order_and_place(layers.hash_buckets(x, rotations))[1]
        chunks.append(place // bucket)
    behind = chunks[0][:, queries, None] - chunks[1][:, None, :]
    return ((behind == 0) | (behind == 1)).any(axis=0)


def segments(n, r):
    """The mean of each of r stretches of the n tokens: (r, n), for the keys and values of low-rank attention.

    >>> segments(4, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    import numpy as np

    member = np.arange(n) * r // n == np.arange(r)[:, None]
    return member / member.sum(axis=1, keepdims=True)


@lru_cache(maxsize=512)
def error(method, structure, d_h, budget, causal=False):
    """‖output − exact output‖ / ‖exact output‖ on SHOWN tokens; 1 is the error of answering 0."""
    import numpy as np

    _, _, v, _, exact = _exact(structure, d_h, causal)
    return float(np.linalg.norm(weights(method, structure, d_h, budget, causal) @ v - exact) / np.linalg.norm(exact))


@lru_cache(maxsize=512)
def future(method, structure, d_h, budget):
    """The share of all weight that lies on keys after the query."""
    import numpy as np

    return float(np.triu(weights(method, structure, d_h, budget, False), 1).sum() / SHOWN)


@lru_cache(maxsize=64)
def errors_at(method, n, d_h, budget):
    """structure -> relative error over n tokens, for 512 queries drawn among them, of all keys. Another seed moves the second digit."""
    return {structure: _error_at(method, structure, n, d_h, budget) for structure in STRUCTURES}


def _error_at(method, structure, n, d_h, budget):
    import numpy as np

    q, k, v, queries, exact = _sample(structure, n, d_h)
    return float(np.linalg.norm(weights_of(method, q, k, budget, queries) @ v - exact) / np.linalg.norm(exact))


@lru_cache(maxsize=4)
def _sample(structure, n, d_h):
    """Queries, keys, values, up to SHOWN rows of them drawn, and what all pairs give those."""
    import numpy as np

    q, k, v = structured(structure, n, d_h)
    queries = np.sort(np.random.default_rng(1).permutation(n)[:SHOWN])
    return q, k, v, queries, layers.softmax(q[queries] @ k.T / d_h**0.5) @ v


def side_by_side(n, d_h, budget):
    """All methods on one table: FLOPs, memory and errors of one head over n tokens, one budget for all.

    "kept" is in elements, for the whole text; the errors are those of the structure that suits the method best, and least,
    for 512 of the n queries.

    >>> print(str(side_by_side(1_024, 64, 64)).splitlines()[2].split()[2:4])
    ['274,726,912', '1.0']
    """
    from helpers.notation import Table

    rows = []
    for key, method in METHODS.items():
        if key in ("all", "linear"):
            errors = ("0", "0") if key == "all" else ("–", "–")
        else:
            found = errors_at(key, n, d_h, budget)
            errors = tuple(f"{found[best]:.1g}, {STRUCTURES[best]}" for best in (min(found, key=found.get), max(found, key=found.get)))
        keep, cost = kept(key, n, d_h, budget), flops(key, n, d_h, budget)
        rows.append((method.name, cost, f"{flops('all', n, d_h, 1) / cost:.1f}", "cannot" if keep is None else f"{keep:,}",
                     *errors, method.kind, method.past))
    return Table(rows, ("method", "FLOPs", "times fewer", "kept to write on", "error, bet won", "error, bet lost", "computes",
                        "past alone"))
