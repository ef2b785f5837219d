"""What is known of each cheaper attention: its cost at any length, its weights on known structure.

Lesson 10 measures with it. Weights are what a method returns for the identity as values.
"""

from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from helpers import layers

SHOWN = 512          # tokens on which weights and errors are measured
STRUCTURES = {"random": "random", "local": "local", "few": "few large", "rank": "low rank"}


class Method(NamedTuple):
    """bet: what must hold of the input; kind: what it computes; past: can it see the past alone?"""

    name: str
    bet: str
    kind: str = "approximate"
    past: str = "yes"


METHODS = {
    "all": Method("all pairs", "", "exact"),
    "window": Method("window", "what matters stands near"),
    "strided": Method("strided", "what matters stands near, or whole strides away"),
    "hashing": Method("hashing", "what matters points the same way as the query",
                      past="if keys are queries"),
    "low_rank": Method("low rank", "neighbours say nearly the same", past="no"),
    "features": Method("random features", "queries and keys are short"),
    "linear": Method("linear attention", "", "another model"),
}


def structured(kind, n, d_h, seed=10):
    """Queries, keys, values, (n, d_h) each, whose scores q·kᵀ/√d_h have one of STRUCTURES."""
    rng = np.random.default_rng(seed)
    a, b, v = rng.standard_normal((3, n, d_h))          # scores are a·b
    if kind == "random":
        a, b = a / (2 * d_h**0.25), b / (2 * d_h**0.25)
    elif kind == "local":
        waves = np.outer(np.arange(n), 0.04 * rng.standard_normal(d_h // 2))
        a = b = np.sqrt(24 / d_h) * np.concatenate([np.cos(waves), np.sin(waves)], axis=1)
    elif kind == "few":
        b = np.sqrt(12) * b / np.linalg.norm(b, axis=1, keepdims=True)
        a = b[rng.permutation(n)]
    else:
        b = b[np.arange(n) * 32 // n] + 0.1 * rng.standard_normal((n, d_h))
        a, b = 0.42 * a * (np.arange(d_h) < 8), 0.42 * b * (np.arange(d_h) < 8)
    return d_h**0.25 * a, d_h**0.25 * b, v


def window_of(budget, causal):
    """Tokens in the window: the budget, one more where it must be odd to be centred."""
    return budget if causal else budget | 1


def hashes_of(budget, n):
    """Rounds, bucket size, and how many buckets: a query meets two a round, a direction has two."""
    size = min(32, budget // 2)
    return max(1, budget // 64), size, max(2, 2 * round(n / size / 2))


def flops(method, n, d_h, budget, causal=False):
    """FLOPs of one head over n tokens, softmax and features included, exact."""
    d, r = d_h, budget
    if method == "all":
        return 4 * n * n * d + (7 if causal else 6) * n * n
    if method == "window":
        return (4 * d + 7) * n * window_of(r, causal)
    if method == "strided":
        n = -(-n // r) * r                              # padded
        return (4 * d + 7) * n * ((r if causal else 2 * r - 1) + n // r) + n * d
    if method == "hashing":                 # hash, sort, each chunk with the one before
        rounds, bucket, buckets = hashes_of(r, n)
        return rounds * n * ((8 * d + 28 + 10 * rounds) * bucket + 4 * (n - 1).bit_length()
                             + (2 * d + 3) * buckets + 2 * d + 9)
    if method == "low_rank":
        return (8 * d + 6) * n * r
    if method == "features":
        return 8 * n * r * d + 9 * n * r + 7 * n * d + 2 * n
    return 4 * n * d * d + 12 * n * d


def kept_elements(method, n, d_h, budget):
    """Elements that a head keeps to write the token after n; None where it cannot write."""
    return {"window": 2 * d_h * min(budget, n), "features": budget * (d_h + 1),
            "linear": d_h * (d_h + 1), "low_rank": None}.get(method, 2 * n * d_h)


def cheaper_from(method, d_h, budget, causal=False):
    """The shortest n, in whole strides, from which on a method costs fewer FLOPs than all pairs."""
    step = budget if method == "strided" else 1
    return step * (1 + bisect_left(range(step, 10**8, step), True, key=lambda n: flops(
        method, n, d_h, budget, causal) < flops("all", n, d_h, budget, causal)))


def weights_of(method, q, k, budget, queries, causal=False):
    """Rows `queries` of a method's weights, (len(queries), n); hashing, low rank: never causal."""
    (n, d_h), rng = q.shape, np.random.default_rng(0)
    root, keys, rows = d_h**0.25, np.arange(n), queries[:, None]
    if method == "low_rank":
        member = keys * budget // n == np.arange(budget)[:, None]
        means = member / member.sum(axis=1, keepdims=True)  # of as many stretches as the budget has
        return layers.softmax(q[queries] @ (means @ k).T / root**2) @ means
    if method in ("features", "linear"):
        omega = rng.standard_normal((budget, d_h))
        phi_q, phi_k = (layers.positive_features(x / root, omega) if method == "features" else
                        layers.elu_features(x) for x in (q[queries], k))
        products = np.where(keys <= rows, phi_q @ phi_k.T, 0) if causal else phi_q @ phi_k.T
        return products / products.sum(axis=1, keepdims=True)
    if method == "hashing":
        rounds, bucket, buckets = hashes_of(budget, n)
        rotations = layers.random_rotations(d_h, buckets, rounds, rng)
        hashes = (layers.hash_buckets(x, rotations) for x in (q, k))
        of_q, of_k = (np.argsort(np.argsort(one, kind="stable")) // bucket for one in hashes)
        behind = of_q[:, queries, None] - of_k[:, None, :]
        seen = ((behind == 0) | (behind == 1)).any(axis=0)
    else:
        near = {"all": n, "window": budget - 1 if causal else budget // 2}.get(method, budget - 1)
        seen = abs(rows - keys) <= near
        if method == "strided":
            seen |= (rows - keys) % budget == 0
        if causal:
            seen &= keys <= rows
    return layers.softmax(np.where(seen, q[queries] @ k.T / root**2, -np.inf))


@lru_cache(maxsize=8)
def _sample(structure, n, d_h, causal):
    """Queries, keys, values over n tokens, up to SHOWN rows drawn, and all pairs' output there."""
    q, k, v = structured(structure, n, d_h)
    rows = np.sort(np.random.default_rng(1).permutation(n)[:SHOWN])
    return q, k, v, rows, weights_of("all", q, k, 0, rows, causal) @ v


@lru_cache(maxsize=32)
def weights(method, structure, d_h, budget, causal=False, n=SHOWN):
    """The weight of each key for up to SHOWN queries among n: (SHOWN, n)."""
    q, k, _, rows, _ = _sample(structure, n, d_h, causal)
    return weights_of(method, q, k, budget, rows, causal)


@lru_cache(maxsize=512)
def error(method, structure, d_h, budget, causal=False, n=SHOWN):
    """‖output − exact output‖ / ‖exact output‖ over n tokens, for up to SHOWN queries among them.

    1 is the error of answering 0; another seed moves the second digit.
    """
    *_, v, _, exact = _sample(structure, n, d_h, causal)
    of = weights if n == SHOWN else weights.__wrapped__    # 32 of a long text would fill the memory
    found = of(method, structure, d_h, budget, causal, n) @ v
    return 0.0 if method == "all" else float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
