"""Attention that looks at some pairs only: windows, strides, blocks, and tokens that hash alike.
Lesson 10.

One head: q, k, v are (n, d_h), and the result is (n, d_h). `masked_attention` under a method's
pattern gives its values at the price of all n² pairs. On symbols n is taken to be a multiple of
stride, block and bucket; with global tokens write it as a sum, q=(g + m, d_h), so that the g first
rows can be shown to be there.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.layers.attention import check_divides, hide_future, mix, softmax
from helpers.sizes import check_size, is_symbol
from helpers.tracing import repeat, step


def masked_attention(q, k, v, mask):
    """softmax over the pairs that `mask` shows, at the cost of all: 4·n²·d_h + 7·n² FLOPs. mask:
    (n, n)."""
    with step("scores"):
        scores = q @ k.T / np.sqrt(q.shape[-1])
    with step("mask"):
        scores = np.where(mask, scores, -np.inf)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        return weights @ v


# sliding windows ---------------------------------------------------------------------------------
def windowed_attention(q, k, v, window, n_global=0, causal=False):
    """Each token sees w neighbours, itself included: 4·n·w·d_h + 7·n·w FLOPs without global tokens.

    causal: the token and the w − 1 before it; otherwise w is odd and the window centred. The first
    n_global = g tokens see all and are seen by all (causal: all their past). Each pair counts once,
    so the m = n − g others have windows among themselves: 4·d_h·(m·w + m·g + g·n) + 7·m·w + 6·m·g +
    6·g·n + m·d_h FLOPs, and where causal the g·n of the global rows is g², with g² selections. At
    the ends windows stick out: those places are computed and hidden. Beltagy et al. 2020
    (Longformer), section 3.1.

    >>> q = k = np.zeros((3, 1))
    >>> windowed_attention(q, k, np.array([[2.], [4.], [8.]]), 2, causal=True).tolist()
    [[2.0], [3.0], [6.0]]
    """
    g, before = check_size(n_global, "n_global", 0), tokens_before(window, causal)
    with step("scores"):
        scores = window_scores(q[g:], k[g:], window, before)
        if g:
            scores = np.concatenate([q[g:] @ k[:g].T / np.sqrt(q.shape[-1]), scores], axis=1)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        mixed = window_sum(weights[:, g:], v[g:], window, before)
        if g:
            mixed = mixed + weights[:, :g] @ v[:g]
    if g:
        with step("global tokens"):
            first = mix(q[:g], k[:g], v[:g], causal=True) if causal else mix(q[:g], k, v)
            mixed = np.concatenate([first, mixed])
    return mixed


def tokens_before(window, causal=False):
    """How many tokens of a window stand before its own; ValueError for one that cannot be
    centred."""
    if not causal and not is_symbol(window) and check_size(window, "window") % 2 == 0:
        raise ValueError(f"window: {window} is even and cannot be centred; give {window - 1} or "
                         f"{window + 1}, or causal=True")
    return check_size(window, "window") - 1 if causal else (window - 1) // 2


def windows(a, window, before):
    """For each token its window of rows, `before` of them before it: a view of a padded copy,
    (n, d, window)."""
    return sliding_window_view(np.pad(a, ((before, window - 1 - before), (0, 0))), window, axis=0)


def window_scores(q, k, window, before):
    """q·k/√d_h of each query with its window, −∞ where it sticks out: 2·n·w·d_h + 2·n·w FLOPs,
    (n, w)."""
    inside = windows(np.ones_like(k[:, :1], dtype=bool), window, before)[:, 0]
    scores = np.einsum("td,tdw->tw", q, windows(k, window, before)) / np.sqrt(q.shape[-1])
    return np.where(inside, scores, -np.inf)


def window_sum(weights, v, window, before):
    """Each window's values, weighted: 2·n·w·d_h FLOPs, (n, d_h)."""
    return np.einsum("tw,tdw->td", weights, windows(v, window, before))


# strides -----------------------------------------------------------------------------------------
def strided_attention(q, k, v, stride, causal=False):
    """The last l tokens and every l-th one before them: (4·d_h + 7)·n·(l + n/l) + n·d_h FLOPs if
    causal.

    l divides n; l = √n makes the sum smallest. Without causal the pattern is mirrored: l + n/l
    becomes 2l − 1 + n/l. Every l-th: l columns of n/l tokens, each a small dense attention; what it
    computes of the future or of the token itself is hidden. Child et al. 2019, sections 4.3 and
    5.1.
    """
    check_divides(stride, "stride", q.shape[0], "the number of tokens")
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
        near = window_sum(weights[:, :window], v, window, stride - 1)
        far = columns(weights[:, window:], stride) @ columns(v, stride)    # (l, n/l, d_h)
        return near + far.swapaxes(0, 1).reshape(v.shape)


def strided_mask(n, stride, causal=False):
    """The pairs of `strided_attention`: (n, n) truth values, queries along the first axis."""
    query, key = np.ogrid[:n, :n]
    seen = (abs(query - key) < stride) | ((query - key) % stride == 0)
    return seen & (key <= query) if causal else seen


def columns(a, stride):
    """Every stride-th row together: (n, m) -> (stride, n/stride, m), a view."""
    return a.reshape(-1, stride, a.shape[-1]).swapaxes(0, 1)


# blocks ------------------------------------------------------------------------------------------
def block_sparse_attention(q, k, v, block, blocks, causal=False):
    """Each block of b queries sees some blocks of b keys: P·b²·(4·d_h + 6) FLOPs for P seen blocks.

    block: b, which divides n; blocks: for each of the n/b block rows the block columns that it
    sees, as `big_bird_blocks` makes them (on symbols: the shape (n/b, c), P = c·n/b). causal=True
    leaves out the blocks after the row's own and hides the future inside it: n·b selections more.
    The blocks seen are gathered. Zaheer et al. 2020 (BigBird), section 2; Child et al. 2019,
    section 5.5.
    """
    blocks = seen_blocks(block, blocks, q.shape[0], causal)
    q, k_blocks, v_blocks = (a.reshape(-1, block, a.shape[-1]) for a in (q, k, v))
    mixed = np.zeros_like(v_blocks)
    for row in repeat(q.shape[0]):
        mixed[row] = block_row(q[row], k_blocks, v_blocks, blocks[row], causal)
    return mixed.reshape(v.shape)


def block_row(q, k_blocks, v_blocks, seen, causal):
    """One block of queries with the blocks that it sees, its own the last if causal: (b, d_h)."""
    with step("gather"):
        keys, values = (a[seen].reshape(-1, a.shape[-1]) for a in (k_blocks, v_blocks))
    with step("scores"):
        scores = q @ keys.T / np.sqrt(q.shape[-1])
    if causal:
        with step("mask"):
            own = scores.reshape(q.shape[0], -1, q.shape[0])[:, -1]
            own[...] = hide_future(own)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        return weights @ values


def seen_blocks(block, blocks, n, causal):
    """`blocks` as sorted arrays, without those after the row's own if causal; what a trace has
    stays as it is."""
    check_divides(block, "block", n, "the number of tokens")
    if hasattr(blocks, "ledger"):
        return blocks
    rows = [sorted({*row}) for row in blocks]
    for place, row in enumerate(rows):
        if not {*row} <= {*range(n // block)} or not row or causal and place not in row:
            raise ValueError(f"blocks: row {place} is {row}; give it columns from 0 to "
                             f"{n // block - 1}, its own among them if causal")
    if len(rows) != n // block:
        raise ValueError(f"blocks: {len(rows)} rows for {n // block} blocks of {block} tokens; "
                         "give one for each")
    return [np.array([column for column in row if not causal or column <= place])
            for place, row in enumerate(rows)]


def big_bird_blocks(n_blocks, window=3, n_global=1, n_random=1, rng=None):
    """BigBird's pattern of blocks: `window` around the row's own, the first `n_global`, `n_random`
    drawn by `rng`.

    The global rows see all. Returns a list of sorted lists. Zaheer et al. 2020, section 2.
    """
    before, rows = tokens_before(window), []
    for row in range(n_blocks):
        near = range(max(0, row - before), min(n_blocks, row + before + 1))
        fixed = {*range(n_blocks)} if row < n_global else {*near, *range(n_global)}
        others = sorted({*range(n_blocks)} - fixed)
        if n_random and others:
            fixed |= {*rng.choice(others, min(n_random, len(others)), replace=False).tolist()}
        rows.append(sorted(fixed))
    return rows


# hashing: a round sorts by bucket and cuts into chunks; each sees itself and the one before it
def hashed_attention(q, k, v, rotations, bucket_size, causal=False, count_once=True):
    """softmax over the pairs that R rounds of hashing find, in chunks of m: 8·R·n·m·d_h FLOPs of
    products, and hashing.

    k: (n, d_h), or None: shared with the queries, k = q/‖q‖, as the paper has it. rotations: (R,
    d_h, B/2) from `random_rotations`: R rounds, B buckets. bucket_size: m, which divides n; exact
    with m = n. FLOPs besides the products: hashing q and k 2·R·n·d_h·B + 3·R·n·B (half if shared),
    sorting each twice 4·R·n·⌈log₂ n⌉ (half if shared), 22·R·n·m for scores, visibility and softmax,
    2·R·n·d_h + 9·R·n for the rounds (11·R·n if causal), and 3·n·d_h + 2·n for shared keys.
    count_once adds 10·R²·n·m + 6·R·n·m: a pair found in N rounds gets log N off its score in each,
    so that the rounds, combined by log-sum-exp, give the softmax over all pairs found, each once.
    causal needs k=None: a token sees only its own bucket, itself and the m − 1 before it there,
    which the future cannot move (the paper's chunks it can). Kitaev et al. 2020, section 2 and
    appendix A.
    """
    n, rounds, shared = q.shape[0], rotations.shape[0], k is None
    check_divides(bucket_size, "bucket_size", n, "the number of tokens")
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
    with step("visible"):
        q_code, k_code, reach = codes(
            q_bucket, q_place, k_bucket, k_place, bucket_size, causal, shared)
        sorted_codes = (np.take_along_axis(code, order, -1)
                        for code, order in ((q_code, q_order), (k_code, k_order)))
        seen = meets(*sorted_codes, bucket_size, reach)
    if count_once:
        with step("count once"):
            times_found = np.zeros_like(scores)
            for other in repeat(rounds):
                times_found += meets(q_code[other][q_order], k_code[other][k_order],
                                     bucket_size, reach)
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
    """Normal matrices that hash vectors of d_h numbers into n_buckets: (rounds, d_h,
    n_buckets/2). Andoni et al. 2015."""
    if check_size(n_buckets, "n_buckets") % 2:
        raise ValueError(f"n_buckets: {n_buckets} is odd, and each direction gives two; "
                         f"give {n_buckets + 1}")
    return rng.normal(size=(rounds, d_h, n_buckets // 2))


def hash_buckets(x, rotations):
    """Which of the directions ±rotations each token points along most: R·n·d_h·B + 3/2·R·n·B FLOPs.
    (n, d_h) -> (R, n)."""
    turned = x @ rotations
    return np.argmax(np.concatenate([turned, -turned], axis=-1), axis=-1)


def hashed_mask(q, k, rotations, bucket_size, causal=False):
    """The pairs that `hashed_attention` finds in any round: (n, n) truth values, queries along
    the first axis."""
    q_bucket, k_bucket = (hash_buckets(x, rotations) for x in (q, q if k is None else k))
    q_place, k_place = (order_and_place(bucket)[1] for bucket in (q_bucket, k_bucket))
    q_code, k_code, reach = codes(
        q_bucket, q_place, k_bucket, k_place, bucket_size, causal, k is None)
    behind = q_code[:, :, None] - k_code[:, None, :]
    return ((0 <= behind) & (behind < reach)).any(axis=0)


def order_and_place(bucket):
    """The tokens sorted by bucket, then by position; and the place of each in that row:
    2·R·n·⌈log₂ n⌉ FLOPs."""
    order = np.argsort(bucket, axis=-1, kind="stable")
    return order, np.argsort(order, axis=-1)


def in_chunks(a, size):
    """(R, n, …) -> (R, n/m, m, …): a view."""
    return a.reshape(a.shape[0], -1, size, *a.shape[2:])


def with_previous(chunks):
    """Before each chunk a copy of the one before it, before the first the last, which is out of
    its reach and hidden."""
    return np.concatenate([np.roll(chunks, 1, axis=1), chunks], axis=2)


def codes(q_bucket, q_place, k_bucket, k_place, bucket_size, causal, shared):
    """Whole numbers for each query and key, and a reach: a query sees the keys 0 to reach − 1
    behind it.

    The numbers are chunks, and the reach 2. Causal, they are places, n apart from bucket to bucket,
    and the reach m.
    """
    if causal and not shared:
        raise ValueError("causal: True with keys of their own, whose places among the sorted "
                         "queries depend on the future; give k=None, or causal=False")
    if causal:
        n = q_bucket.shape[1]
        return q_place + n * q_bucket, k_place + n * k_bucket, bucket_size
    return q_place // bucket_size, k_place // bucket_size, 2


def meets(q_code, k_code, size, reach):
    """Which key of the own and the previous chunk each query sees: (R, n/m, m, 2m) truth values,
    4 FLOPs for each."""
    behind = in_chunks(q_code, size)[..., None] - with_previous(in_chunks(k_code, size))[:, :, None]
    return np.logical_and(behind >= 0, behind < reach)


def softmax_and_total(scores):
    """The softmax over the last axis and the log-sum-exp that it divides by: 5 FLOPs a score, 2
    a row."""
    highest = np.max(scores, axis=-1, keepdims=True)
    exponentials = np.exp(scores - highest)
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / total, (highest + np.log(total))[..., 0]
