"""Summaries of the past of one size: low rank, features, linear attention.

Σⱼ (φ(q)·φ(kⱼ))·vⱼ = φ(q)·(Σⱼ φ(kⱼ)·vⱼᵀ): the bracket on the right does not know the query, and
r × d_h numbers stand for all keys and values. q, k, v and results are (n, d_h).
"""

import numpy as np

from helpers.layers.attention import mix
from helpers.tracing import repeat, step


def low_rank_attention(q, k, v, e, f):
    """softmax(q·(e·k)ᵀ/√d_h)·(f·v): 8·n·r·d_h + 6·n·r FLOPs. e, f: (r, n); never causal.

    Wang et al. 2020 (Linformer), equation 7.
    """
    with step("projections along the sequence"):
        k, v = e @ k, f @ v
    return mix(q, k, v)


def elu_features(x):
    """1 + x above 0 and exp(x) below: 4 FLOPs an element. Katharopoulos et al. 2020, equation 7."""
    return np.maximum(x, 0) + np.exp(np.minimum(x, 0))


def positive_features(x, omega):
    """exp(ω·x − ‖x‖²/2)/√r: 2·n·r·d_h + 3·n·r + 2·n·d_h + n FLOPs. Returns (n, r).

    omega: (r, d_h), rows drawn from the normal distribution: φ(x)·φ(y) is exp(x·y) on average, of
    variance (exp(‖x + y‖²) − 1)/r times its square. Beyond about ‖x‖ = 28 products underflow, and
    attention on them is nan. Choromanski et al. 2021 (Performer), lemmas 1 and 2.
    """
    half_squares = np.sum(x ** 2, axis=-1, keepdims=True) / 2
    return np.exp(x @ omega.T - half_squares) / np.sqrt(omega.shape[0])


def random_feature_attention(q, k, v, omega, causal=False):
    """φ(q)·φ(k) for exp(q·k/√d_h): 8·n·r·d_h + 9·n·r + 7·n·d_h + 2·n FLOPs, causal or not.

    causal=True runs along the tokens. Choromanski et al. 2021, equation 4.
    """
    with step("features"):
        root = q.shape[-1] ** 0.25
        phi_q, phi_k = positive_features(q / root, omega), positive_features(k / root, omega)
    return mix_features_recurrent(phi_q, phi_k, v) if causal else mix_features(phi_q, phi_k, v)


def linear_attention(q, k, v, causal=False):
    """Attention by `elu_features`, all tokens at once: 4·n·d_h² + 12·n·d_h FLOPs, causal or not.

    causal=True keeps n states of d_h² numbers. Katharopoulos et al. 2020, equations 5 to 9.
    """
    with step("features"):
        phi_q, phi_k = elu_features(q), elu_features(k)
    return mix_features(phi_q, phi_k, v, causal)


def mix_features(phi_q, phi_k, v, causal=False):
    """φ(q)·(φ(k)ᵀ·v) over φ(q)·Σφ(k): 4·n·r·d_h + 3·n·r + n·d_h FLOPs, causal or not.

    phi_q, phi_k: (n, r), positive. causal=True keeps the sums up to each token: n·r·d_h elements.
    """
    if causal:
        with step("sums over the keys"):
            sums = np.cumsum(phi_k[:, :, None] * v[:, None, :], axis=0)    # (n, r, d_h)
            totals = np.cumsum(phi_k, axis=0)    # (n, r)
        with step("weighted sum"):
            mixed = np.einsum("nr,nrd->nd", phi_q, sums)
            return mixed / np.einsum("nr,nr->n", phi_q, totals)[:, None]
    with step("sums over the keys"):
        sums, total = phi_k.T @ v, np.sum(phi_k, axis=0)    # (r, d_h) and (r,)
    with step("weighted sum"):
        return phi_q @ sums / (phi_q @ total)[:, None]


def mix_features_recurrent(phi_q, phi_k, v):
    """S ← S + φ(k)·vᵀ, z ← z + φ(k), then φ(q)·S over φ(q)·z: as `mix_features`, r·d_h + r kept."""
    n, width = v.shape
    shapes = (phi_k.shape[1], width), phi_k.shape[1], (n, width)
    state, total, rows = (np.full(shape, 0.0, like=v) for shape in shapes)
    for t in repeat(n):
        with step("sums over the keys"):
            state, total = state + np.outer(phi_k[t], v[t]), total + phi_k[t]
        with step("weighted sum"):
            rows[t] = phi_q[t] @ state / (phi_q[t] @ total)
    return rows
