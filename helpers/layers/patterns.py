"""Fixed patterns: attention that looks at some pairs only, and computes only those. Lesson 10.

One head: q, k, v are (n, d_h), and the result is (n, d_h). Each `…_mask` is the same pattern as an (n, n) array
of truth values, to draw and to check with: `masked_attention` under it gives the values, at the price of all
n² pairs. On symbols n is taken to be a multiple of stride and block; with global tokens write it as a sum,
q=(g + m, d_h), so that the g first rows can be shown to be there.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.layers.attention import hide_future, mix
from helpers.layers.products import softmax
from helpers.tracing import repeat, step


def masked_attention(q, k, v, mask):
    """softmax over the pairs that `mask` shows, at the cost of all: 4·n²·d_h + 7·n² FLOPs.

    q, k, v: (n, d_h); mask: (n, n) truth values, queries along the first axis. Returns (n, d_h). The reference
    for every pattern. Raises ValueError for a mask of another shape, and for a query that sees nothing.

    >>> masked_attention(np.zeros((2, 1)), np.zeros((2, 1)), np.array([[1.], [3.]]), np.eye(2, dtype=bool)).tolist()
    [[1.0], [3.0]]
    """
    check_same_length(q, k, v)
    if isinstance(mask, np.ndarray) and (mask.shape != (len(q), len(k)) or not np.asarray(mask).any(axis=1).all()):
        raise ValueError(f"mask: shape {mask.shape} for {len(q)} queries and {len(k)} keys; it must be "
                         f"({len(q)}, {len(k)}), with at least one True in every row")
    with step("scores"):
        scores = q @ k.T / np.sqrt(q.shape[-1])
    with step("mask"):
        scores = np.where(mask, scores, -np.inf)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        return weights @ v


# sliding windows ----------------------------------------------------------------------------------------
def windowed_attention(q, k, v, window, n_global=0, causal=False):
    """Each token sees w neighbours, itself included: 4·n·w·d_h + 7·n·w FLOPs without global tokens.

    causal: the token and the w − 1 before it; otherwise w is odd and the window centred. The first n_global = g
    tokens see all and are seen by all (causal: all their past). Each pair is counted once, so the m = n − g
    others have windows among themselves: 4·d_h·(m·w + m·g + g·n) + 7·m·w + 6·m·g + 6·g·n + m·d_h FLOPs,
    and where causal the g·n of the global rows is g², with g² selections. At the ends windows stick out: those
    places are computed and hidden. The visible pairs, `window_mask(…).sum()`, are fewer by w·(w − 1)/2 if causal
    and w ≤ n, by (w² − 1)/4 if centred and w < 2n. Returns (n, d_h). Raises ValueError for a window below 1,
    above n (2n − 1 if centred) or even and centred, and for n_global outside 0 to n − 1.
    Beltagy et al. 2020 (Longformer), section 3.1.

    >>> windowed_attention(np.zeros((3, 1)), np.zeros((3, 1)), np.array([[2.], [4.], [8.]]), 2, causal=True).tolist()
    [[2.0], [3.0], [6.0]]
    """
    check_same_length(q, k, v)
    before = check_window(window, n_global, q.shape[0], causal)
    g = n_global
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


def window_mask(n, window, n_global=0, causal=False):
    """The pairs of `windowed_attention`: (n, n) truth values, queries along the first axis.

    >>> window_mask(3, 2, causal=True).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """
    before = check_window(window, n_global, n, causal)
    query, key = np.ogrid[:n, :n]
    seen = (query - before <= key) & (key < query - before + window) | (query < n_global) | (key < n_global)
    return seen & (key <= query) if causal else seen


def windows(a, window, before):
    """For each token its window of rows, `before` of them before it: a view of a padded copy, no FLOPs.

    a: (n, d). Returns (n, d, window), zeros (or False) where the window sticks out.
    """
    return sliding_window_view(np.pad(a, ((before, window - 1 - before), (0, 0))), window, axis=0)


def window_scores(q, k, window, before):
    """q·k/√d_h of each query with its window, −∞ where it sticks out: 2·n·w·d_h + 2·n·w FLOPs, (n, w)."""
    inside = windows(np.ones_like(k[:, :1], dtype=bool), window, before)[:, 0]
    scores = np.einsum("td,tdw->tw", q, windows(k, window, before)) / np.sqrt(q.shape[-1])
    return np.where(inside, scores, -np.inf)


def window_sum(weights, v, window, before):
    """Each window's values, weighted: 2·n·w·d_h FLOPs, (n, d_h)."""
    return np.einsum("tw,tdw->td", weights, windows(v, window, before))


# strides ------------------------------------------------------------------------------------------------
def strided_attention(q, k, v, stride, causal=False):
    """The last l tokens and every l-th one before them: (4·d_h + 7)·n·(l + n/l) + n·d_h FLOPs if causal.

    stride: l, which divides n; l = √n makes the sum smallest, 2·√n a token. Without causal the pattern is
    mirrored: 2l − 1 neighbours and every l-th token on both sides, l + n/l becomes 2l − 1 + n/l. One head sees
    both sets ("merged head"). Every l-th: l columns of n/l tokens, each a small dense attention; what it
    computes of the future or of the token itself is hidden. Visible pairs if causal:
    n·l − l·(l − 1)/2 + n·(n/l − 1)/2, and `strided_mask(…).sum()`. Returns (n, d_h). Raises ValueError if the
    stride does not divide n. Child et al. 2019, sections 4.3 and 5.1.

    >>> strided_attention(np.zeros((4, 1)), np.zeros((4, 1)), np.array([[1.], [2.], [4.], [8.]]), 2, causal=True)[:, 0]
    array([1.        , 1.5       , 2.33333333, 4.66666667])
    """
    check_same_length(q, k, v)
    check_divides("stride", stride, q.shape[0])
    window = stride if causal else 2 * stride - 1
    with step("near scores"):
        near = window_scores(q, k, window, stride - 1)
    with step("far scores"):
        far = columns(q, stride) @ columns(k, stride).swapaxes(-1, -2) / np.sqrt(q.shape[-1])    # (l, n/l, n/l)
        hidden = np.triu(np.ones_like(far[0], dtype=bool))        # the token itself and what comes after it
        far = np.where(hidden if causal else np.tril(hidden), -np.inf, far)
        far = far.swapaxes(0, 1).reshape(q.shape[0], -1)                                         # (n, n/l)
    with step("softmax"):
        weights = softmax(np.concatenate([near, far], axis=1))
    with step("weighted sum"):
        near = window_sum(weights[:, :window], v, window, stride - 1)
        far = columns(weights[:, window:], stride) @ columns(v, stride)                          # (l, n/l, d_h)
        return near + far.swapaxes(0, 1).reshape(v.shape)


def strided_mask(n, stride, causal=False):
    """The pairs of `strided_attention`: (n, n) truth values, queries along the first axis.

    >>> strided_mask(4, 2, causal=True).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]]
    """
    check_divides("stride", stride, n)
    query, key = np.ogrid[:n, :n]
    seen = (abs(query - key) < stride) | ((query - key) % stride == 0)
    return seen & (key <= query) if causal else seen


def columns(a, stride):
    """Every stride-th row together: (n, m) -> (stride, n/stride, m), a view."""
    return a.reshape(-1, stride, a.shape[-1]).swapaxes(0, 1)


# blocks -------------------------------------------------------------------------------------------------
def block_sparse_attention(q, k, v, block, blocks, causal=False):
    """Each block of b queries sees some blocks of b keys: P·b²·(4·d_h + 6) FLOPs for P seen blocks.

    block: b, which divides n; blocks: for each of the n/b block rows the block columns that it sees, as
    `big_bird_blocks` makes them; rows may differ in length (on symbols: the shape (n/b, c), P = c·n/b).
    causal=True leaves out the blocks after the row's own and hides the future inside it: n·b selections more.
    The blocks seen are gathered, row after row, so P·b·d_h elements of k and of v are copied. Returns (n, d_h).
    Raises ValueError if b does not divide n, for a row that sees nothing, a block twice or one that is not
    there, and, causal, for a row without its own block. Zaheer et al. 2020 (BigBird), section 2; kernels of blocks
    in Child et al. 2019, section 5.5.

    >>> block_sparse_attention(np.zeros((4, 1)), np.zeros((4, 1)), np.arange(4.)[:, None], 2, [[0], [0, 1]]).tolist()
    [[0.5], [0.5], [1.5], [1.5]]
    """
    check_same_length(q, k, v)
    blocks = check_blocks(block, blocks, q.shape[0], causal)
    q, k_blocks, v_blocks = (a.reshape(-1, block, a.shape[-1]) for a in (q, k, v))
    mixed = np.zeros_like(v_blocks)
    for row in repeat(q.shape[0]):
        mixed[row] = block_row(q[row], k_blocks, v_blocks, blocks[row], causal)
    return mixed.reshape(v.shape)


def block_row(q, k_blocks, v_blocks, seen, causal):
    """One block of queries with the blocks that it sees, its own the last if causal: (b, d_h)."""
    with step("gather"):
        keys, values = (a[seen].reshape(-1, a.shape[-1]) for a in (k_blocks, v_blocks))          # (c·b, d_h)
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


def block_mask(n, block, blocks, causal=False):
    """The pairs of `block_sparse_attention`: (n, n) truth values, queries along the first axis.

    >>> block_mask(4, 2, [[0], [0, 1]], causal=True).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    """
    blocks = check_blocks(block, blocks, n, causal)
    coarse = np.array([[column in row for column in range(n // block)] for row in blocks])
    seen = coarse.repeat(block, axis=0).repeat(block, axis=1)
    return np.tril(seen) if causal else seen


def big_bird_blocks(n_blocks, window=3, n_global=1, n_random=1, rng=None):
    """BigBird's pattern of blocks: `window` around the row's own, the first `n_global`, `n_random` drawn by `rng`.

    The global rows see all. rng: a NumPy generator, needed for n_random above 0. Returns a list of sorted lists,
    `blocks` of `block_sparse_attention`. Raises ValueError for an even window, more blocks than there are, or
    no generator. Zaheer et al. 2020, section 2.

    >>> big_bird_blocks(5, window=1, n_global=1, n_random=0)
    [[0, 1, 2, 3, 4], [0, 1], [0, 2], [0, 3], [0, 4]]
    """
    before = check_window(window, n_global, n_blocks, causal=False)
    if isinstance(n_random, bool) or not hasattr(n_random, "__index__") or not 0 <= n_random <= n_blocks:
        raise ValueError(f"n_random: {n_random!r} of {n_blocks} blocks; give a whole number from 0 to {n_blocks}")
    if n_random and not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng: {rng!r} is no generator; give np.random.default_rng(0) or another seed")
    rows = []
    for row in range(n_blocks):
        near = range(max(0, row - before), min(n_blocks, row + before + 1))
        fixed = {*range(n_blocks)} if row < n_global else {*near, *range(n_global)}
        others = sorted({*range(n_blocks)} - fixed)
        drawn = rng.choice(others, min(n_random, len(others)), replace=False).tolist() if n_random and others else []
        rows.append(sorted({*fixed, *drawn}))
    return rows


# what is refused ----------------------------------------------------------------------------------------
def check_same_length(q, k, v):
    """ValueError unless q, k and v have two axes and as many rows as each other."""
    shapes = [tuple(a.shape) for a in (q, k, v)]
    if any(len(shape) != 2 for shape in shapes) or len({shape[0] for shape in shapes}) > 1 or shapes[0] != shapes[1]:
        raise ValueError(f"q, k, v: shapes {shapes[0]}, {shapes[1]}, {shapes[2]}; they must be (n, d_h), all of the "
                         "same n, q and k of the same d_h")


def check_count(name, value, highest=np.inf, why=""):
    """ValueError unless `value` is a whole number from 1 to `highest` or a symbol."""
    if hasattr(value, "free_symbols"):
        return
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name}: {value!r} is not a whole number of at least 1")
    if not hasattr(highest, "free_symbols") and value > highest:
        raise ValueError(f"{name}: {value} is above {highest}, {why}; give at most {highest}")


def check_window(window, n_global, n, causal):
    """How many tokens of the window stand before the token; ValueError for a window that cannot be."""
    check_count("window", window, n if causal else 2 * n - 1,
                "all tokens" if causal else "which from every token reaches both ends")
    if not causal and not hasattr(window, "free_symbols") and window % 2 == 0:
        raise ValueError(f"window: {window} is even and cannot be centred; give {window - 1} or {window + 1}, or causal=True")
    if isinstance(n_global, bool) or not hasattr(n_global, "free_symbols") and (
            not hasattr(n_global, "__index__") or n_global < 0 or not hasattr(n, "free_symbols") and n_global >= n):
        raise ValueError(f"n_global: {n_global!r} of {n} tokens; give a whole number from 0 to n − 1")
    return window - 1 if causal else (window - 1) // 2


def check_divides(name, size, n):
    """ValueError unless `size` is a whole number that divides n; symbols are taken to divide."""
    check_count(name, size, n, "the number of tokens")
    if not hasattr(size, "free_symbols") and not hasattr(n, "free_symbols") and n % size:
        raise ValueError(f"{name}: {size} does not divide the {n} tokens; pad them to {n + -n % size}")


def check_blocks(block, blocks, n, causal):
    """`blocks` as sorted arrays, those after the row's own left out if causal; an array of a trace unchanged."""
    check_divides("block", block, n)
    if hasattr(blocks, "ledger"):
        return blocks
    rows, n_blocks = [sorted(row) for row in blocks], n // block
    if len(rows) != n_blocks:
        raise ValueError(f"blocks: {len(rows)} rows for {n_blocks} blocks of {block} tokens; give one row for each")
    for place, row in enumerate(rows):
        if not row or len({*row}) < len(row) or not {*row} <= {*range(n_blocks)}:
            raise ValueError(f"blocks: row {place} is {row}; give it one or more of the columns 0 to {n_blocks - 1}, each once")
        if causal and place not in row:
            raise ValueError(f"blocks: row {place} is {row} and misses its own block; causal, add {place} to it")
    return [np.array([column for column in row if not causal or column <= place]) for place, row in enumerate(rows)]
