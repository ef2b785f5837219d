"""Attention among tokens that hash alike: the Reformer's bet that few pairs matter, and that hashing finds them.

One head: q, k, v are (n, d_h), and the result is (n, d_h). Lesson 10. A round of hashing gives each token a bucket,
sorts the tokens by bucket, cuts the sorted row into chunks, and lets each chunk look at itself and at the chunk
before it. Kitaev et al. 2020, section 2 and appendix A.
"""

import numpy as np

from helpers.layers.patterns import check_count, check_divides, check_same_length
from helpers.layers.products import softmax
from helpers.tracing import repeat, step


def hashed_attention(q, k, v, rotations, bucket_size, causal=False, count_once=True):
    """softmax over the pairs that R rounds of hashing find, in chunks of m: 8·R·n·m·d_h FLOPs of products, and hashing.

    k: (n, d_h), or None: shared with the queries, k = q/‖q‖, as the paper has it (then k hashes as q does).
    rotations: (R, d_h, B/2) from `random_rotations`: R rounds, B buckets. bucket_size: m, the length of a chunk,
    which divides n; the paper takes m = 2·n/B, the lesson m = n/B, half as many buckets. Exact with m = n.
    FLOPs besides the products: hashing q and k 2·R·n·d_h·B + 3·R·n·B (half if shared), sorting each twice
    4·R·n·⌈log₂ n⌉ (half if shared), 22·R·n·m for scores, visibility and softmax, 2·R·n·d_h + 9·R·n for the rounds
    (11·R·n if causal), and 3·n·d_h + 2·n for shared keys.
    count_once=True adds 10·R²·n·m + 6·R·n·m: a pair found in N rounds gets log N off its score in each, so that the
    rounds, combined by log-sum-exp, give the softmax over all pairs found, each once (appendix A). With
    count_once=False a pair weighs N-fold: cheaper, but more rounds do not lead to exact attention. The paper's last
    resort, that a token sees itself only where it sees nothing else, is left out.

    causal=True needs k=None. The paper hides later tokens, but where chunks begin still depends on them; so here a
    token sees only its own bucket, itself and the m − 1 before it there, which the future cannot move. Returns
    (n, d_h). Raises ValueError for no rounds, a bucket_size that does not divide n, causal with keys of their own.

    >>> rotations = random_rotations(d_h=2, n_buckets=4, rounds=1, rng=np.random.default_rng(0))
    >>> x = np.array([[5., 0.], [0., 5.], [5., .1], [.1, 5.]])
    >>> hashed_attention(x, x, np.arange(4.)[:, None], rotations, bucket_size=4).round(1).tolist()
    [[1.0], [2.0], [1.0], [2.0]]
    """
    check_same_length(q, q if k is None else k, v)
    check_hashing(rotations, bucket_size, q, k, causal)
    shared, n, rounds = k is None, q.shape[0], rotations.shape[0]
    if shared:
        with step("shared keys"):
            k = q / np.maximum(np.sqrt(np.sum(q * q, axis=-1, keepdims=True)), 1e-12)
    with step("hashes"):
        q_bucket = hash_buckets(q, rotations)                                                  # (R, n)
        k_bucket = q_bucket if shared else hash_buckets(k, rotations)
    with step("sort"):
        q_order, q_place = order_and_place(q_bucket)                                           # (R, n)
        k_order, k_place = (q_order, q_place) if shared else order_and_place(k_bucket)
    with step("scores"):
        scores = in_chunks(q[q_order], bucket_size) @ with_previous(
            in_chunks(k[k_order], bucket_size)).swapaxes(-1, -2) / np.sqrt(q.shape[-1])        # (R, n/m, m, 2m)
    with step("visible"):
        q_code, k_code, reach = codes(q_bucket, q_place, k_bucket, k_place, bucket_size, causal)
        seen = meets(np.take_along_axis(q_code, q_order, -1), np.take_along_axis(k_code, k_order, -1), bucket_size, reach)
    if count_once:
        with step("count once"):
            found = np.zeros_like(scores)
            for other in repeat(rounds):
                found += meets(q_code[other][q_order], k_code[other][k_order], bucket_size, reach)
            scores -= np.log(np.maximum(found, 1))
    with step("softmax"):
        weights, total = softmax_and_total(np.where(seen, scores, -np.inf))
    with step("weighted sum"):
        mixed = weights @ with_previous(in_chunks(v[k_order], bucket_size))                    # (R, n/m, m, d_h)
    with step("rounds"):
        total = np.take_along_axis(total.reshape(rounds, n), q_place, -1)                      # unsorted again
        mixed = np.take_along_axis(mixed.reshape(rounds, n, v.shape[-1]), q_place[..., None], 1)
        return np.einsum("rt,rtd->td", softmax(total, axis=0), mixed)


def random_rotations(d_h, n_buckets, rounds, rng):
    """Normal matrices that hash vectors of d_h numbers into n_buckets, one for each round: (rounds, d_h, n_buckets/2).

    rng: a NumPy generator, such as np.random.default_rng(0). Raises ValueError for a size below 1, an odd
    number of buckets, or no generator. Andoni et al. 2015; Kitaev et al. 2020, section 2.

    >>> random_rotations(4, 6, 2, np.random.default_rng(0)).shape
    (2, 4, 3)
    """
    for name, value in (("d_h", d_h), ("n_buckets", n_buckets), ("rounds", rounds)):
        check_count(name, value)
    if n_buckets % 2:
        raise ValueError(f"n_buckets: {n_buckets} is odd, and each direction gives two; give {n_buckets + 1}")
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng: {rng!r} is no generator; give np.random.default_rng(0) or another seed")
    return rng.normal(size=(rounds, d_h, n_buckets // 2))


def hash_buckets(x, rotations):
    """Which of the directions ±rotations each token points along most: 2·R·n·d_h·B/2 + R·n·B/2 + R·n·B FLOPs.

    x: (n, d_h). Returns (R, n) whole numbers from 0 to B − 1. Vectors at a small angle share a bucket often;
    length plays no part.

    >>> hash_buckets(np.array([[3., 1.], [-1., 0.]]), np.eye(2)[None]).tolist()
    [[0, 2]]
    """
    turned = x @ rotations
    return np.argmax(np.concatenate([turned, -turned], axis=-1), axis=-1)


def hashed_mask(q, k, rotations, bucket_size, causal=False):
    """The pairs that `hashed_attention` finds in any round: (n, n) truth values, queries along the first axis.

    >>> hashed_mask(np.eye(4), None, np.eye(4)[None], 1, causal=True).astype(int).tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    """
    check_hashing(rotations, bucket_size, q, k, causal)
    q_bucket, k_bucket = (hash_buckets(x, rotations) for x in (q, q if k is None else k))
    q_code, k_code, reach = codes(q_bucket, order_and_place(q_bucket)[1], k_bucket, order_and_place(k_bucket)[1],
                                  bucket_size, causal)
    behind = q_code[:, :, None] - k_code[:, None, :]
    return ((0 <= behind) & (behind < reach)).any(axis=0)


# one round's bookkeeping, for all rounds side by side -----------------------------------------------------
def order_and_place(bucket):
    """The tokens sorted by bucket, then by position; and the place of each in that row: 2·R·n·⌈log₂ n⌉ FLOPs."""
    order = np.argsort(bucket, axis=-1, kind="stable")
    return order, np.argsort(order, axis=-1)


def in_chunks(a, size):
    """(R, n, …) -> (R, n/m, m, …): a view."""
    return a.reshape(a.shape[0], -1, size, *a.shape[2:])


def with_previous(chunks):
    """Before each chunk a copy of the chunk before it, before the first the last: (R, n/m, m, …) -> (R, n/m, 2m, …).

    The last is out of the first one's reach, and so hidden. Where there is one chunk only, each pair stands there
    twice, which no softmax notices.
    """
    return np.concatenate([np.roll(chunks, 1, axis=1), chunks], axis=2)


def codes(q_bucket, q_place, k_bucket, k_place, bucket_size, causal):
    """Whole numbers for each query and key, and a reach: a query sees the keys 0 to reach − 1 behind it.

    The numbers are chunks, and the reach 2. Causal, they are places, n apart from bucket to bucket, and the reach m.
    """
    if causal:
        n = q_bucket.shape[1]
        return q_place + n * q_bucket, k_place + n * k_bucket, bucket_size
    return q_place // bucket_size, k_place // bucket_size, 2


def meets(q_code, k_code, size, reach):
    """Which key of the own and the previous chunk each query sees: (R, n/m, m, 2m) truth values, 4 FLOPs for each."""
    behind = in_chunks(q_code, size)[..., None] - with_previous(in_chunks(k_code, size))[:, :, None]
    return np.logical_and(behind >= 0, behind < reach)


def softmax_and_total(scores):
    """The softmax over the last axis and the log-sum-exp that it divides by: 5 FLOPs a score, 2 a row."""
    highest = np.max(scores, axis=-1, keepdims=True)
    exponentials = np.exp(scores - highest)
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / total, (highest + np.log(total))[..., 0]


def check_hashing(rotations, bucket_size, q, k, causal):
    """ValueError unless the rounds, the chunks and the way to hide the future fit."""
    if len(rotations.shape) != 3 or 0 in rotations.shape:
        raise ValueError(f"rotations: shape {tuple(rotations.shape)}; it must be (rounds, d_h, n_buckets/2) with at least "
                         "1 of each, as random_rotations makes it")
    if rotations.shape[1] != q.shape[1]:
        raise ValueError(f"rotations: shape {tuple(rotations.shape)} for queries of {q.shape[1]} numbers; "
                         "its middle must be d_h")
    check_divides("bucket_size", bucket_size, q.shape[0])
    if causal and k is not None:
        raise ValueError("causal: True with keys of their own, whose places among the sorted queries depend on the future; "
                         "give k=None, which shares them, or causal=False")
