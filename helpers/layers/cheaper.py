"""Attention that looks at some pairs only: windows, strides, and tokens that hash alike.

One head: q, k, v and the result are (n, d_h). On symbols, n is taken to be a multiple of stride
and bucket; with global tokens write q=(g + m, d_h), so that the g first rows are there.
"""

import numpy as np

from helpers.layers.attention import mix, softmax
from helpers.layers.rivals import windows
from helpers.sizes import check_divides, check_size, is_symbol
from helpers.tracing import repeat, step


# sliding windows ---------------------------------------------------------------------------------
def windowed_attention(q, k, v, window, n_global=0, causal=False):
    """Each token sees w neighbours, itself included: 4·n·w·d_h + 7·n·w FLOPs.

    causal: itself and the w − 1 before it; otherwise w is odd and the window centred. What sticks
    out at the ends is computed and hidden. The first n_global = g tokens see all and are seen by
    all, each pair once, so with m = n − g others 4·d_h·(m·w + m·g + g·n) + 7·m·w + 6·m·g + 6·g·n +
    m·d_h FLOPs; causal: g² for g·n, and g² more. Beltagy et al. 2020 (Longformer), section 3.1.
    """
    if not causal and not is_symbol(window) and check_size(window, "window") % 2 == 0:
        raise ValueError(f"window: {window} is even and cannot be centred; give {window - 1} or "
                         f"{window + 1}, or causal=True")
    g, before = check_size(n_global, "n_global", 0), check_size(window, "window") - 1
    before = before if causal else before // 2
    with step("scores"):
        scores = window_scores(q[g:], k[g:], window, before)
        if g:
            scores = np.concatenate([q[g:] @ k[:g].T / np.sqrt(q.shape[-1]), scores], axis=1)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        mixed = np.einsum("tw,tdw->td", weights[:, g:], windows(v[g:], window, before))
        if g:
            mixed = mixed + weights[:, :g] @ v[:g]
    if g:
        with step("global tokens"):
            first = mix(q[:g], k[:g], v[:g], causal=True) if causal else mix(q[:g], k, v)
            mixed = np.concatenate([first, mixed])
    return mixed


def window_scores(q, k, window, before):
    """q·k/√d_h of each query with its window, −∞ where it sticks out: 2·n·w·d_h + 2·n·w FLOPs."""
    inside = windows(np.ones_like(k[:, :1], dtype=bool), window, before)[:, 0]
    scores = np.einsum("td,tdw->tw", q, windows(k, window, before)) / np.sqrt(q.shape[-1])
    return np.where(inside, scores, -np.inf)


# strides -----------------------------------------------------------------------------------------
def strided_attention(q, k, v, stride, causal=False):
    """The last l tokens and every l-th before: (4·d_h + 7)·n·(l + n/l) + n·d_h FLOPs if causal.

    l divides n. Without causal mirrored: 2l − 1 for l. Every l-th: l columns of n/l tokens, each a
    small dense attention, with the pairs that are not meant hidden. Child et al. 2019, section 4.3.
    """
    check_divides(stride, "stride", q.shape[0], "n")
    window = stride if causal else 2 * stride - 1
    with step("near scores"):
        near = window_scores(q, k, window, stride - 1)
    with step("far scores"):
        far = columns(q, stride) @ columns(k, stride).swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        hidden = np.triu(np.ones_like(far[0], dtype=bool))    # the token itself, and what follows
        far = np.where(hidden if causal else np.tril(hidden), -np.inf, far)
        far = far.swapaxes(0, 1).reshape(q.shape[0], -1)    # (n, n/l)
    with step("softmax"):
        weights = softmax(np.concatenate([near, far], axis=1))
    with step("weighted sum"):
        near = np.einsum("tw,tdw->td", weights[:, :window], windows(v, window, stride - 1))
        far = columns(weights[:, window:], stride) @ columns(v, stride)    # (l, n/l, d_h)
        return near + far.swapaxes(0, 1).reshape(v.shape)


def columns(a, stride):
    """Every stride-th row together: (n, m) -> (stride, n/stride, m), a view."""
    return a.reshape(-1, stride, a.shape[-1]).swapaxes(0, 1)


# hashing: a round sorts by bucket and cuts into chunks; each sees itself and the one before it
def hashed_attention(q, k, v, rotations, bucket_size, causal=False):
    """softmax over the pairs that R rounds of hashing find, each once, in chunks of m.

    k=None: q/‖q‖, as in the paper. rotations: (R, d_h, B/2), from `random_rotations`; m divides n.
    FLOPs: products 8·R·n·m·d_h; hashing 2·R·n·d_h·B + 3·R·n·B and sorting 4·R·n·⌈log₂ n⌉, half if
    shared; 22·R·n·m for scores and softmax, 10·R²·n·m + 6·R·n·m to count a pair found in N rounds
    once (log N off its score), 2·R·n·d_h + 9·R·n to join rounds, causal 11·R·n; shared keys 3·n·d_h
    + 2·n. causal needs k=None: a token sees itself and the m − 1 before it in its bucket, which
    the future cannot move (the paper's chunks it can). Kitaev et al. 2020, section 2, appendix A.
    """
    n, rounds, shared = q.shape[0], rotations.shape[0], k is None
    check_divides(bucket_size, "bucket_size", n, "n")
    if causal and not shared:
        raise ValueError("causal: True with keys of their own, whose places among the sorted "
                         "queries depend on the future; give k=None, or causal=False")
    if shared:
        with step("shared keys"):
            k = q / np.maximum(np.sqrt(np.sum(q * q, axis=-1, keepdims=True)), 1e-12)
    with step("hashes"):
        q_bucket = hash_buckets(q, rotations)    # (R, n)
        k_bucket = q_bucket if shared else hash_buckets(k, rotations)
    with step("sort"):
        q_order, q_place = order_and_place(q_bucket)    # (R, n)
        k_order, k_place = (q_order, q_place) if shared else order_and_place(k_bucket)
    with step("scores"):
        scores = in_chunks(q[q_order], bucket_size) @ with_previous(
            in_chunks(k[k_order], bucket_size)).swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    with step("visible"):    # a query sees the codes 0 to reach − 1 behind its own
        if causal:    # places, n apart from bucket to bucket
            q_code, k_code, reach = q_place + n * q_bucket, k_place + n * k_bucket, bucket_size
        else:    # chunks
            q_code, k_code, reach = q_place // bucket_size, k_place // bucket_size, 2
        sorted_codes = (np.take_along_axis(code, order, -1)
                        for code, order in ((q_code, q_order), (k_code, k_order)))
        seen = meets(*sorted_codes, bucket_size, reach)
    with step("count once"):
        times_found = np.zeros_like(scores)
        for other in repeat(rounds):
            times_found += meets(q_code[other][q_order], k_code[other][k_order], bucket_size, reach)
        scores -= np.log(np.maximum(times_found, 1))
    with step("softmax"):
        weights, total = softmax_and_total(np.where(seen, scores, -np.inf))
    with step("weighted sum"):
        mixed = weights @ with_previous(in_chunks(v[k_order], bucket_size))    # (R, n/m, m, d_h)
    with step("rounds"):
        total = np.take_along_axis(total.reshape(rounds, n), q_place, -1)    # unsorted again
        mixed = np.take_along_axis(mixed.reshape(rounds, n, v.shape[-1]), q_place[..., None], 1)
        return np.einsum("rt,rtd->td", softmax(total, axis=0), mixed)


def random_rotations(d_h, n_buckets, rounds, rng):
    """Normal matrices that hash into n_buckets: (rounds, d_h, n_buckets/2). Andoni et al. 2015."""
    if check_size(n_buckets, "n_buckets") % 2:
        raise ValueError(f"n_buckets: {n_buckets} is odd, and each direction gives two; "
                         f"give {n_buckets + 1}")
    return rng.normal(size=(rounds, d_h, n_buckets // 2))


def hash_buckets(x, rotations):
    """The direction ± along which each token points: (R, n), R·n·d_h·B + 3/2·R·n·B FLOPs."""
    turned = x @ rotations
    return np.argmax(np.concatenate([turned, -turned], axis=-1), axis=-1)


def order_and_place(bucket):
    """Tokens by bucket, then position, and each token's place: (R, n), 2·R·n·⌈log₂ n⌉ FLOPs."""
    order = np.argsort(bucket, axis=-1, kind="stable")
    return order, np.argsort(order, axis=-1)


def in_chunks(a, size):
    """(R, n, …) -> (R, n/m, m, …): a view."""
    return a.reshape(a.shape[0], -1, size, *a.shape[2:])


def with_previous(chunks):
    """Each chunk after a copy of the one before it; the first after the last, which is hidden."""
    return np.concatenate([np.roll(chunks, 1, axis=1), chunks], axis=2)


def meets(q_code, k_code, size, reach):
    """Which keys of its and the previous chunk a query sees: (R, n/m, m, 2m), 4 FLOPs each."""
    behind = in_chunks(q_code, size)[..., None] - with_previous(in_chunks(k_code, size))[:, :, None]
    return np.logical_and(behind >= 0, behind < reach)


def softmax_and_total(scores):
    """The softmax and the log-sum-exp that it divides by: 5 FLOPs a score, 2 a row."""
    highest = np.max(scores, axis=-1, keepdims=True)
    exponentials = np.exp(scores - highest)
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / total, (highest + np.log(total))[..., 0]
