"""Attention: one query, all queries, several heads, grouped heads. Lessons 02, 03 and 05.

`saved`, where a function has it, is a dict that the forward pass fills with what its backward pass needs;
without one nothing is kept.
"""

import numpy as np

from helpers.layers.products import keep, softmax
from helpers.tracing import step


def dot_product_attention(q, k, v):
    """One query looks at all n tokens: softmax(k·q/√d)·v, 4·n·d + 6·n FLOPs.

    q: (d,), k: (n, d), v: (n, d). Returns (d,). Vaswani et al. 2017, section 3.2.1. Lesson 02.

    >>> dot_product_attention(np.zeros(2), np.zeros((3, 2)), np.ones((3, 2)))
    array([1., 1.])
    """
    scores = k @ q / np.sqrt(q.shape[-1])
    weights = softmax(scores)
    return weights @ v


def self_attention(x, w_q, w_k, w_v, w_o, causal=False, saved=None):
    """Every token looks at every token: 8·n·d² + 4·n²·d FLOPs of matrix products, and 6·n² besides.

    x: (n, d); w_q, w_k, w_v, w_o: (d, d). Returns (n, d). causal=True hides each token's future: n² more
    selections, and no product less, because the whole square is computed first.
    Vaswani et al. 2017, section 3.2. Lesson 03.

    >>> self_attention(np.ones((3, 2)), *[np.eye(2)] * 4).shape
    (3, 2)
    """
    with step("projections"):
        q, k, v = x @ w_q, x @ w_k, x @ w_v
    mixed = mix(q, k, v, causal, saved)
    keep(saved, mixed=mixed)
    with step("output projection"):
        return mixed @ w_o


def mix(q, k, v, causal=False, saved=None):
    """softmax(q·kᵀ/√d_h)·v for n queries: 4·n²·d_h + 6·n² FLOPs a head, n² more if causal.

    q, k, v: (…, n, d_h), with axes for heads in front that broadcast. Returns (…, n, d_h). causal="skip" never
    computes the pairs that causal=True hides: see `mix_past`. Vaswani et al. 2017, equation 1. Lesson 03.

    >>> mix(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2))).shape
    (3, 2)
    """
    if causal not in (False, True):
        return mix_past(q, k, v, causal, saved)
    with step("scores"):
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if causal:
        with step("mask"):
            scores = hide_future(scores)
    with step("softmax"):
        weights = softmax(scores)
    keep(saved, q=q, k=k, v=v, weights=weights)
    with step("weighted sum"):
        return weights @ v


def mix_past(q, k, v, causal="skip", saved=None):
    """Causal attention that computes only what each query sees: n·(n + 1)/2 pairs of 4·d_h + 6 FLOPs a head.

    q, k, v: (…, n, d_h). Returns (…, n, d_h), as `mix` with causal=True. Its rows differ in cost, so n must be
    a whole number: TypeError for a symbol. It keeps nothing for a backward pass: ValueError if it is asked to,
    and for a value of `causal` that is none of False, True and "skip". Lesson 06.

    >>> mix_past(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2))).shape
    (3, 2)
    """
    if causal != "skip" or saved is not None:
        raise ValueError(f'causal: {causal!r} is not known here; it is False, True or, without saved=, "skip"')
    if hasattr(q.shape[-2], "free_symbols"):
        raise TypeError(f'causal="skip": n = {q.shape[-2]} is a symbol, and each row costs another number; '
                        "give n as a whole number")
    rows = []
    for t in range(q.shape[-2]):
        with step("scores"):
            scores = q[..., t:t + 1, :] @ k[..., :t + 1, :].swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        with step("softmax"):
            weights = softmax(scores)
        with step("weighted sum"):
            rows.append(weights @ v[..., :t + 1, :])
    return np.concatenate(rows, axis=-2)


def hide_future(scores):
    """−∞ where the key stands after the query, so that its weight becomes 0: 1 FLOP per element.

    scores: (…, n, n), queries along the next to last axis. Returns the same shape. Lesson 03.

    >>> hide_future(np.zeros((2, 2)))
    array([[  0., -inf],
           [  0.,   0.]])
    """
    future = np.triu(np.ones_like(scores, dtype=bool), k=1)
    return np.where(future, -np.inf, scores)


def multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=False, saved=None):
    """h attentions side by side on slices of width d/h: the same matrix products, 6·h·n² besides.

    x: (n, d); w_q, w_k, w_v: (d, h·d_h); w_o: (h·d_h, d); n_heads: whole number or symbol that divides
    the weights' width. Returns (n, d). Raises ValueError if n_heads does not divide. Vaswani et al. 2017,
    section 3.2.2. Lesson 05.

    >>> multi_head_attention(np.ones((3, 4)), *[np.eye(4)] * 4, n_heads=2).shape
    (3, 4)
    """
    check_heads(n_heads, w_q.shape[1])
    with step("projections"):
        q, k, v = (split_heads(x @ w, n_heads) for w in (w_q, w_k, w_v))
    mixed = mix(q, k, v, causal, saved)
    with step("output projection"):
        mixed = join_heads(mixed)
        keep(saved, mixed=mixed)
        return mixed @ w_o


def grouped_query_attention(x, w_q, w_k, w_v, w_o, n_heads, n_kv_heads, causal=False, saved=None):
    """h heads of queries on h_kv heads of keys and values: 4·n·d·d_h·(h + h_kv) + 4·n²·h·d_h + 6·h·n².

    x: (n, d); w_q: (d, h·d_h); w_k, w_v: (d, h_kv·d_h); w_o: (h·d_h, d). Returns (n, d). Each group of
    h/h_kv heads reads the same keys and values: they broadcast, nothing is copied. n_kv_heads = n_heads is
    multi-head attention, n_kv_heads = 1 is multi-query attention; n² costs the same in all of them.
    Raises ValueError if n_heads does not divide the width, or n_kv_heads does not divide n_heads.
    Ainslie et al. 2023, section 2.2. Lesson 05.

    >>> grouped_query_attention(np.ones((3, 4)), np.eye(4), *[np.ones((4, 2))] * 2, np.eye(4), 4, 2).shape
    (3, 4)
    """
    n = x.shape[0]
    check_heads(n_heads, w_q.shape[1])
    check_kv_heads(n_kv_heads, n_heads, w_k.shape[1])
    with step("projections"):
        q = split_heads(x @ w_q, n_heads)
        q = q.reshape(n_kv_heads, -1, n, q.shape[-1])                                  # (h_kv, h/h_kv, n, d_h)
        k, v = (split_heads(x @ w, n_kv_heads)[:, None] for w in (w_k, w_v))           # (h_kv, 1, n, d_h)
    mixed = mix(q, k, v, causal, saved)
    with step("output projection"):
        mixed = join_heads(mixed.reshape(n_heads, n, -1))
        keep(saved, mixed=mixed)
        return mixed @ w_o


def split_heads(a, n_heads):
    """(n, h·d_h) -> (h, n, d_h): a view, no cost."""
    return a.reshape(a.shape[0], n_heads, -1).swapaxes(0, 1)


def join_heads(a):
    """(h, n, d_h) -> (n, h·d_h): a copy, no FLOPs."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def check_heads(n_heads, width):
    """ValueError unless `n_heads` is a positive whole number, or a symbol, that divides `width`."""
    _check_divides("n_heads", n_heads, "heads", width, "the width")


def check_kv_heads(n_kv_heads, n_heads, width):
    """ValueError unless `n_kv_heads` divides both the number of heads and the width of the keys."""
    _check_divides("n_kv_heads", n_kv_heads, "key-value heads", n_heads, "the number of heads")
    _check_divides("n_kv_heads", n_kv_heads, "key-value heads", width, "the width of w_k")


def _check_divides(name, count, unit, total, what):
    symbolic = hasattr(count, "free_symbols")
    if isinstance(count, bool) or not symbolic and (not hasattr(count, "__index__") or count < 1):
        raise ValueError(f"{name}: {count!r} is not a positive whole number of heads")
    if not symbolic and hasattr(total, "__index__") and total % count:
        divisors = [i for i in range(1, int(total) + 1) if total % i == 0]
        near = sorted(divisors, key=lambda i: abs(i - count))[:2]
        raise ValueError(f"{name}: {count} {unit} do not divide {what} {total}; "
                         f"{' or '.join(map(str, sorted(near)))} would")
