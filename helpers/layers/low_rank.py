"""Attention on r summaries of the n keys and values: the bet is that n keys say little more than r do. Lesson 10."""

from helpers.layers.attention import mix
from helpers.tracing import step


def low_rank_attention(q, k, v, e, f, causal=False):
    """softmax(q·(e·k)ᵀ/√d_h)·(f·v): 8·n·r·d_h + 6·n·r FLOPs, no n² anywhere.

    q, k, v: (n, d_h); e, f: (r, n), which mix the n tokens into r rows (learned in the paper; e = f is allowed).
    Returns (n, d_h). An approximation; exact for r = n and e = f = the identity. Not causal: each of the r rows
    mixes all n tokens, the future too. Raises ValueError for causal=True, for r below 1 or above n, and for an e or
    f whose rows are not n long, or not as many as the other's. Wang et al. 2020 (Linformer), equation 7. Lesson 10.

    >>> import numpy as np
    >>> low_rank_attention(np.zeros((4, 2)), np.zeros((4, 2)), np.ones((4, 2)), *[np.full((2, 4), 0.25)] * 2).shape
    (4, 2)
    """
    if causal is not False:
        raise ValueError(f"causal: {causal!r} is not possible here, because each of the r rows mixes all n tokens, later "
                         "ones too; leave it out, or take linear_attention or random_feature_attention")
    check_projections(e, f, k.shape[0])
    with step("projections along the sequence"):
        k, v = e @ k, f @ v
    return mix(q, k, v)


def check_projections(e, f, n):
    """ValueError unless e and f are (r, n) with 1 ≤ r ≤ n; symbols are taken to fit."""
    for name, matrix in (("e", e), ("f", f)):
        if len(matrix.shape) != 2 or matrix.shape[1] != n and not hasattr(matrix.shape[1] - n, "free_symbols"):
            raise ValueError(f"{name}: its shape is {matrix.shape}, and there are {n} tokens; give it the shape (r, {n})")
        rank = matrix.shape[0]
        if rank == 0:
            raise ValueError(f"{name}: rank 0 leaves nothing to look at; give it at least 1 row")
        if not hasattr(rank - n, "free_symbols") and rank > n:
            raise ValueError(f"{name}: rank {rank} is above n = {n}, more than there is to summarise; "
                             f"give it at most {n} rows")
    if e.shape[0] != f.shape[0]:
        raise ValueError(f"f: {f.shape[0]} rows and e has {e.shape[0]}; each key needs its value, so give both as many")
