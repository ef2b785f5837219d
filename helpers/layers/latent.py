"""Latent attention: a token keeps one short row, from which every head makes its key and its value. Lesson 10.

The row is compressed content, d_c numbers, and beside it d_r numbers that carry position, one key for all heads.
`latent_attention` expands each row into keys and values, as in training. `latent_attention_absorbed` takes the queries
down to the rows instead: the same values, and nothing but the rows is read.
"""

import numpy as np

from helpers.layers.attention import check_heads, hide_future, join_heads, split_heads
from helpers.layers.products import softmax
from helpers.tracing import step


def latent_attention(x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq=None, causal=False):
    """Every row expanded into keys and values: 2·n·(weights) + 2·h·n²·(d_nope + d_r + d_v) + 7·h·n² FLOPs.

    x: (n, d); w_dkv: (d, d_c), w_kr: (d, d_r): what the cache keeps of a token; w_uk: (d_c, h·d_nope), w_uv:
    (d_c, h·d_v): from there to keys and values; w_uq: (d, h·d_nope), w_qr: (d, h·d_r): queries, from d or, where w_dq:
    (d, r) compresses them first, from r; w_o: (h·d_v, d). Returns (n, d). causal=True: h·n² more. Left out: the norms
    on compressed rows, and the rotation, which belongs between `latent_queries`, `latent_cache` and `latent_mix`.
    Raises ValueError if n_heads does not divide a width, if w_uk and w_uv do not fit w_dkv, and for another causal.
    Another model than multi-head attention. DeepSeek-V2 2024, sections 2.1.2 and 2.1.3. Lesson 10.

    >>> shapes = latent_attention_shapes(d_model=8, n_heads=2, d_c=3, d_nope=4, d_rope=2, d_v=4)
    >>> latent_attention(np.ones((5, 8)), **{name: np.ones(shape) for name, shape in shapes.items()}, n_heads=2).shape
    (5, 8)
    """
    with step("projections"):
        queries, cache = latent_queries(x, w_uq, w_qr, n_heads, w_dq), latent_cache(x, w_dkv, w_kr)
    mixed = latent_mix(*queries, *cache, w_uk, w_uv, causal)
    with step("output projection"):
        return join_heads(mixed) @ w_o


def latent_attention_absorbed(x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq=None, causal=False):
    """The same on the rows themselves: 2·n·(weights) + 2·h·n²·(2·d_c + d_r) + 7·h·n² FLOPs.

    Arguments, result and errors as `latent_attention`: the same values to rounding. More FLOPs for a pair of tokens, as
    d_c is several times a head's width; fewer bytes where few queries read many rows, as in decoding: there take
    `latent_queries` of the new token and `latent_mix_absorbed` with the whole cache. DeepSeek-V2 2024, section 2.1.2.
    Lesson 10.

    >>> shapes = latent_attention_shapes(d_model=8, n_heads=2, d_c=3, d_nope=4, d_rope=2, d_v=4)
    >>> weights = {name: np.ones(shape) for name, shape in shapes.items()}
    >>> latent_attention_absorbed(np.ones((5, 8)), **weights, n_heads=2).shape
    (5, 8)
    """
    with step("projections"):
        queries, cache = latent_queries(x, w_uq, w_qr, n_heads, w_dq), latent_cache(x, w_dkv, w_kr)
    mixed = latent_mix_absorbed(*queries, *cache, w_uk, w_uv, causal)
    with step("output projection"):
        return join_heads(mixed) @ w_o


def latent_attention_shapes(d_model, n_heads, d_c, d_nope, d_rope, d_v, q_rank=None):
    """dict: weight -> its shape, for both forms of latent attention; q_rank=None: queries are not compressed.

    >>> latent_attention_shapes(8, 2, d_c=3, d_nope=4, d_rope=2, d_v=5)["w_uv"]
    (3, 10)
    """
    read = d_model if q_rank is None else q_rank
    shapes = {} if q_rank is None else {"w_dq": (d_model, q_rank)}
    return shapes | {
        "w_uq": (read, n_heads * d_nope), "w_qr": (read, n_heads * d_rope), "w_dkv": (d_model, d_c),
        "w_kr": (d_model, d_rope), "w_uk": (d_c, n_heads * d_nope), "w_uv": (d_c, n_heads * d_v),
        "w_o": (n_heads * d_v, d_model)}


def latent_queries(x, w_uq, w_qr, n_heads, w_dq=None):
    """The queries for content and for position, which the caller may rotate: (h, n, d_nope) and (h, n, d_r).

    Shapes as in `latent_attention`. Raises ValueError if n_heads does not divide a width. DeepSeek-V2 2024,
    sections 2.1.2 and 2.1.3. Lesson 10.

    >>> [q.shape for q in latent_queries(np.ones((5, 8)), np.ones((8, 6)), np.ones((8, 4)), n_heads=2)]
    [(2, 5, 3), (2, 5, 2)]
    """
    for weights in (w_uq, w_qr):
        check_heads(n_heads, weights.shape[1])
    read = x if w_dq is None else x @ w_dq
    return split_heads(read @ w_uq, n_heads), split_heads(read @ w_qr, n_heads)


def latent_cache(x, w_dkv, w_kr):
    """All that is kept of the tokens: content (n, d_c), and a key for position, (n, d_r), to be rotated before it is kept.

    d_c + d_r numbers a token, whatever the number of heads. DeepSeek-V2 2024, sections 2.1.2 and 2.1.3. Lesson 10.

    >>> [part.shape for part in latent_cache(np.ones((5, 8)), np.ones((8, 3)), np.ones((8, 2)))]
    [(5, 3), (5, 2)]
    """
    return x @ w_dkv, x @ w_kr


def latent_mix(q_content, q_position, latent, k_position, w_uk, w_uv, causal=False):
    """m queries on n rows, expanded: 2·h·n·d_c·(d_nope + d_v) + 2·h·m·n·(d_nope + d_r + d_v) + 7·h·m·n FLOPs.

    q_content: (h, m, d_nope); q_position: (h, m, d_r); latent: (n, d_c); k_position: (n, d_r); w_uk: (d_c, h·d_nope);
    w_uv: (d_c, h·d_v). Returns (h, m, d_v). causal=True needs m = n. Lesson 10.

    >>> latent_mix(*[np.ones((2, 1, 3))] * 2, np.ones((5, 4)), np.ones((5, 3)), *[np.ones((4, 6))] * 2).shape
    (2, 1, 3)
    """
    n_heads = check_latent(q_content, latent, w_uk, w_uv, causal)
    with step("keys and values"):
        k_content, values = split_heads(latent @ w_uk, n_heads), split_heads(latent @ w_uv, n_heads)
    width = q_content.shape[-1] + q_position.shape[-1]
    return _mix(q_content, k_content, q_position, k_position, values, width, causal)


def latent_mix_absorbed(q_content, q_position, latent, k_position, w_uk, w_uv, causal=False):
    """m queries on n rows as they are: 2·h·m·d_c·(d_nope + d_v) + 2·h·m·n·(2·d_c + d_r) + 7·h·m·n FLOPs.

    Arguments and result as `latent_mix`. q·(w_ukᵀ·row) = (w_uk·q)·row: the expansion moves from n rows to m queries.
    With m = 1 this is decoding. DeepSeek-V2 2024, section 2.1.2. Lesson 10.

    >>> latent_mix_absorbed(*[np.ones((2, 1, 3))] * 2, np.ones((5, 4)), np.ones((5, 3)), *[np.ones((4, 6))] * 2).shape
    (2, 1, 3)
    """
    n_heads = check_latent(q_content, latent, w_uk, w_uv, causal)
    width = q_content.shape[-1] + q_position.shape[-1]
    with step("queries to rows"):
        q_latent = q_content @ split_heads(w_uk, n_heads).swapaxes(-1, -2)               # (h, m, d_c)
    mixed = _mix(q_latent, latent, q_position, k_position, latent, width, causal)        # (h, m, d_c)
    with step("rows to values"):
        return mixed @ split_heads(w_uv, n_heads)


def _mix(q_content, k_content, q_position, k_position, values, width, causal):
    """Attention on the sum of two scores, for content and for position. width: what the scores are scaled by."""
    with step("scores"):
        scores = q_content @ k_content.swapaxes(-1, -2) + q_position @ k_position.swapaxes(-1, -2)
        scores = scores / np.sqrt(width)
    if causal:
        with step("mask"):
            scores = hide_future(scores)
    with step("softmax"):
        weights = softmax(scores)
    with step("weighted sum"):
        return weights @ values


def check_latent(q_content, latent, w_uk, w_uv, causal):
    """The number of heads; ValueError if it does not divide w_uk or w_uv, if these do not fit, or causal cannot be."""
    n_heads, queries = q_content.shape[:2]
    for name, weights in (("w_uk", w_uk), ("w_uv", w_uv)):
        check_heads(n_heads, weights.shape[1])
        if weights.shape[0] != latent.shape[1] and not hasattr(weights.shape[0] - latent.shape[1], "free_symbols"):
            raise ValueError(f"{name}: {weights.shape[0]} rows, and a compressed row has d_c = {latent.shape[1]} numbers; "
                             f"give it {latent.shape[1]} rows")
    if causal is not True and causal is not False:
        raise ValueError(f"causal: {causal!r} is not known here; give True or False")
    if causal and queries != latent.shape[0]:
        raise ValueError(f"causal: True needs as many queries as rows, and there are {queries} and {latent.shape[0]}; with "
                         "one new token every row is past, so leave it out")
    return n_heads
