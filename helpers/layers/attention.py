"""What every layer is made of, and attention: one head, several heads, groups, latent rows.

`saved`, where a function has it, is a dict that takes what the backward pass will need.
"""

from functools import reduce

import numpy as np

from helpers.sizes import check_divides
from helpers.tracing import step


def matrix_product(a, b):
    """Every row of a with every column of b: 2·m·k·p FLOPs. a: (m, k), b: (k, p) -> (m, p)."""
    return a @ b


def softmax(x, axis=-1):
    """Positive weights with sum 1 along `axis`: 5 FLOPs an element; never overflows."""
    exponentials = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def self_attention(x, w_q, w_k, w_v, w_o, causal=False, saved=None):
    """Every token looks at every token: 8·n·d² + 4·n²·d + 6·n² FLOPs, causal 7·n².

    x: (n, d); weights: (d, d). Returns (n, d). Vaswani et al. 2017, section 3.2.
    """
    with step("projections"):
        q, k, v = x @ w_q, x @ w_k, x @ w_v
    mixed = mix(q, k, v, causal, saved)
    keep(saved, mixed=mixed)
    with step("output projection"):
        return mixed @ w_o


def multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=False, saved=None):
    """h attentions side by side: 8·n·d·h·d_h + 4·n²·h·d_h + 6·h·n² FLOPs, causal 7·h·n².

    x: (n, d); w_q, w_k, w_v: (d, h·d_h); w_o: (h·d_h, d). Vaswani et al. 2017, section 3.2.2.
    """
    return grouped_query_attention(x, w_q, w_k, w_v, w_o, n_heads, n_heads, causal, saved)


def grouped_query_attention(x, w_q, w_k, w_v, w_o, n_heads, n_kv_heads, causal=False, saved=None):
    """h heads on h_kv keys and values: 4·n·d·d_h·(h + h_kv) + 4·n²·h·d_h + 6·h·n² FLOPs.

    x: (n, d); w_q: (d, h·d_h); w_k, w_v: (d, h_kv·d_h); w_o: (h·d_h, d). Returns (n, d). Shared
    keys and values broadcast, nothing is copied. ValueError for heads that do not divide. Ainslie
    et al. 2023, section 2.2.
    """
    n = x.shape[0]
    check_divides(n_heads, "n_heads", w_q.shape[1], "the width")
    check_divides(n_kv_heads, "n_kv_heads", n_heads, "n_heads")
    with step("projections"):
        q = split_heads(x @ w_q, n_heads)
        q = q.reshape(n_kv_heads, -1, n, q.shape[-1])    # (h_kv, h/h_kv, n, d_h)
        k, v = (split_heads(x @ w, n_kv_heads)[:, None] for w in (w_k, w_v))    # (h_kv, 1, n, d_h)
    mixed = mix(q, k, v, causal, saved)
    with step("output projection"):
        mixed = join_heads(mixed.reshape(n_heads, n, -1))
        keep(saved, mixed=mixed)
        return mixed @ w_o


def mix(q, k, v, causal=False, saved=None):
    """softmax(q·kᵀ/√d_h)·v for n queries: 4·n²·d_h + 6·n² FLOPs a head, n² more if causal.

    q, k, v: (…, n, d_h), heads in front broadcast. causal="skip" leaves out what True hides:
    n·(n + 1)/2 pairs of 4·d_h + 6 FLOPs, n a whole number, nothing saved. ValueError for another
    causal. Vaswani et al. 2017, equation 1.
    """
    if causal not in (False, True) and (causal != "skip" or saved is not None):
        raise ValueError(f'causal: {causal!r} is not known here; give False, True '
                         'or, without saved=, "skip"')
    if causal == "skip":
        return np.concatenate([mix(q[..., t:t + 1, :], k[..., :t + 1, :], v[..., :t + 1, :])
                               for t in range(q.shape[-2])], axis=-2)
    keep(saved, q=q, k=k, v=v)
    return weighted([(q, k)], v, q.shape[-1], hide_future if causal else None, saved)


def weighted(pairs, v, width, hide=None, saved=None):
    """softmax(Σ q·kᵀ/√width)·v over pairs of queries and keys; hide: what is done to the scores."""
    with step("scores"):
        scores = reduce(np.add, [q @ k.swapaxes(-1, -2) for q, k in pairs])
        scores = scores / width ** 0.5      # a plain number: float32 stays float32
    if hide:
        with step("mask"):
            scores = hide(scores)
    with step("softmax"):
        weights = softmax(scores)
    keep(saved, weights=weights)
    with step("weighted sum"):
        return weights @ v


def hide_future(scores):
    """−∞ where the key stands after the query, so of weight 0: 1 FLOP an element. (…, n, n)."""
    future = np.triu(np.ones_like(scores, dtype=bool), k=1)
    return np.where(future, -np.inf, scores)


def split_heads(a, n_heads):
    """(n, h·d_h) -> (h, n, d_h): a view, no cost."""
    return a.reshape(a.shape[0], n_heads, -1).swapaxes(0, 1)


def join_heads(a):
    """(h, n, d_h) -> (n, h·d_h): a copy, no FLOPs."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def keep(saved, **arrays):
    """Put arrays into the dict `saved`; drop them where it is None."""
    if saved is not None:
        saved.update(arrays)


# latent attention: one short row a token, of which every head makes its key and its value ---------
def latent_attention(x, w_uq, w_qr, w_dkv, w_kr, w_uk, w_uv, w_o, n_heads, w_dq=None, causal=False,
                     absorbed=False):
    """Rows expanded: 2·n·(weights) + 2·h·n²·(d_nope + d_r + d_v) + 7·h·n² FLOPs, causal 8·h·n².

    x: (n, d); w_dkv: (d, d_c), w_kr: (d, d_r): to what is cached, content and a key for position;
    w_uk: (d_c, h·d_nope), w_uv: (d_c, h·d_v): from there to keys and values; w_uq: (d, h·d_nope),
    w_qr: (d, h·d_r): to queries, through w_dq: (d, r) if given; w_o: (h·d_v, d). Norms and rotation
    are left out; absorbed: see `latent_mix`. DeepSeek-V2 2024, sections 2.1.2 and 2.1.3.
    """
    check_divides(n_heads, "n_heads", w_uq.shape[1], "the width of w_uq")
    with step("projections"):
        queries, cache = latent_queries(x, w_uq, w_qr, n_heads, w_dq), (x @ w_dkv, x @ w_kr)
    mixed = latent_mix(*queries, *cache, w_uk, w_uv, causal, absorbed)
    with step("output projection"):
        return join_heads(mixed) @ w_o


def latent_attention_shapes(d_model, n_heads, d_c, d_nope, d_rope, d_v, q_rank=None):
    """dict: weight -> its shape; q_rank: the width of compressed queries, None for none."""
    read = d_model if q_rank is None else q_rank
    return ({} if q_rank is None else {"w_dq": (d_model, q_rank)}) | {
        "w_uq": (read, n_heads * d_nope), "w_qr": (read, n_heads * d_rope), "w_dkv": (d_model, d_c),
        "w_kr": (d_model, d_rope), "w_uk": (d_c, n_heads * d_nope), "w_uv": (d_c, n_heads * d_v),
        "w_o": (n_heads * d_v, d_model)}


def latent_queries(x, w_uq, w_qr, n_heads, w_dq=None):
    """Queries for content, (h, n, d_nope), and for position, (h, n, d_r), which rotate."""
    read = x if w_dq is None else x @ w_dq
    return split_heads(read @ w_uq, n_heads), split_heads(read @ w_qr, n_heads)


def latent_mix(q_content, q_position, latent, k_position, w_uk, w_uv, causal=False, absorbed=False):
    """m queries on n rows: 2·h·n·d_c·(d_nope + d_v) + 2·h·m·n·(d_nope + d_r + d_v) + 7·h·m·n FLOPs.

    q_content: (h, m, d_nope); q_position: (h, m, d_r); latent: (n, d_c); k_position: (n, d_r);
    w_uk: (d_c, h·d_nope); w_uv: (d_c, h·d_v). Returns (h, m, d_v). absorbed, as in decoding: by
    (w_uk·q)·row, 2·h·m·d_c·(d_nope + d_v) + 2·h·m·n·(2·d_c + d_r) + 7·h·m·n. DeepSeek-V2 2024.
    """
    if causal and q_content.shape[1] != k_position.shape[0]:
        raise ValueError(f"causal: True needs as many queries as rows, not {q_content.shape[1]} "
                         f"and {k_position.shape[0]}; one new token sees all rows, so leave it out")
    n_heads, width = q_content.shape[0], q_content.shape[-1] + q_position.shape[-1]
    if absorbed:
        with step("queries to rows"):
            q_content = q_content @ split_heads(w_uk, n_heads).swapaxes(-1, -2)    # (h, m, d_c)
        k_content = values = latent
    else:
        with step("keys and values"):
            k_content, values = (split_heads(latent @ w, n_heads) for w in (w_uk, w_uv))
    mixed = weighted([(q_content, k_content), (q_position, k_position)], values, width,
                     hide_future if causal else None)
    if absorbed:
        with step("rows to values"):
            return mixed @ split_heads(w_uv, n_heads)
    return mixed
