"""Summaries of the past of one size: low rank, features, linear attention, a state-space layer.
Lesson 10.

Σⱼ (φ(q)·φ(kⱼ))·vⱼ = φ(q)·(Σⱼ φ(kⱼ)·vⱼᵀ). The brackets on the right do not know the query: r × d_h
numbers stand for all keys and values, however many there are. q, k, v are (n, d_h), and so are
results.
"""

import numpy as np

from helpers.layers.attention import mix
from helpers.layers.rivals import causal_windows
from helpers.tracing import repeat, step


def low_rank_attention(q, k, v, e, f):
    """softmax(q·(e·k)ᵀ/√d_h)·(f·v): 8·n·r·d_h + 6·n·r FLOPs. e, f: (r, n), which mix n tokens into
    r rows.

    Exact for r = n and e = f = the identity. Never causal: each row mixes all tokens, the future
    too. Wang et al. 2020 (Linformer), equation 7.
    """
    with step("projections along the sequence"):
        k, v = e @ k, f @ v
    return mix(q, k, v)


def elu_features(x):
    """elu(x) + 1, that is 1 + x above 0 and exp(x) below: 4 FLOPs per element. Katharopoulos et al.
    2020, equation 7."""
    return np.maximum(x, 0) + np.exp(np.minimum(x, 0))


def positive_features(x, omega):
    """exp(ω·x − ‖x‖²/2)/√r, so that φ(x)·φ(y) is exp(x·y) on average: 2·n·r·d_h + 3·n·r + 2·n·d_h +
    n FLOPs.

    x: (n, d_h); omega: (r, d_h), each row drawn from the normal distribution. Returns (n, r). The
    variance is (exp(‖x + y‖²) − 1)/r of the mean's square; beyond about ‖x‖ = 28 the products
    underflow, and attention on them is nan. FAVOR+ also makes the directions orthogonal.
    Choromanski et al. 2021 (Performer), lemmas 1 and 2.
    """
    half_squares = np.sum(x ** 2, axis=-1, keepdims=True) / 2
    return np.exp(x @ omega.T - half_squares) / np.sqrt(omega.shape[0])


def random_feature_attention(q, k, v, omega, causal=False):
    """Attention with exp(q·k/√d_h) replaced by φ(q)·φ(k): 8·n·r·d_h + 9·n·r + 7·n·d_h + 2·n FLOPs.

    causal=True runs along the tokens, for the same FLOPs. Choromanski et al. 2021, equation 4.
    """
    with step("features"):
        root = q.shape[-1] ** 0.25
        phi_q, phi_k = positive_features(q / root, omega), positive_features(k / root, omega)
    return mix_features_recurrent(phi_q, phi_k, v) if causal else mix_features(phi_q, phi_k, v)


def linear_attention(q, k, v, causal=False):
    """Attention with elu(q) + 1 and elu(k) + 1 in place of the softmax: 4·n·d_h² + 12·n·d_h FLOPs,
    all tokens at once.

    Another model than softmax attention. causal=True takes running sums: the same FLOPs, but n
    states of d_h² numbers in memory. Katharopoulos et al. 2020, equations 5 to 7 and 9.
    """
    with step("features"):
        phi_q, phi_k = elu_features(q), elu_features(k)
    return mix_features(phi_q, phi_k, v, causal)


def linear_attention_recurrent(q, k, v):
    """Causal linear attention token by token, the same FLOPs, one state of d_h² + d_h numbers.
    Equations 16 to 20."""
    with step("features"):
        phi_q, phi_k = elu_features(q), elu_features(k)
    return mix_features_recurrent(phi_q, phi_k, v)


def mix_features(phi_q, phi_k, v, causal=False):
    """φ(q)·(φ(k)ᵀ·v) over φ(q)·Σφ(k), all tokens at once: 4·n·r·d_h + 3·n·r + n·d_h FLOPs, causal
    or not.

    phi_q, phi_k: (n, r), positive. causal=True keeps the sum up to each token: n·r·d_h elements.
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
    """`mix_features` with causal=True, token by token: the same FLOPs, r·d_h + r numbers kept."""
    n, width = v.shape
    shapes = (phi_k.shape[1], width), phi_k.shape[1], (n, width)
    state, total, rows = (np.full(shape, 0.0, like=v) for shape in shapes)
    for t in repeat(n):
        rows[t], state, total = feature_cell(phi_q[t], phi_k[t], v[t], state, total)
    return rows


def feature_cell(phi_q, phi_k, v_t, state, total):
    """One token: S ← S + φ(k)·vᵀ, z ← z + φ(k), then φ(q)·S over φ(q)·z: 4·r·d_h + 3·r + d_h FLOPs
    at any length.

    phi_q, phi_k: (r,); v_t: (d_h,); state S: (r, d_h); total z: (r,). Returns (result, new S, new
    z). Katharopoulos et al. 2020, equations 18 to 20.
    """
    with step("sums over the keys"):
        state, total = state + np.outer(phi_k, v_t), total + phi_k
    with step("weighted sum"):
        return phi_q @ state / (phi_q @ total), state, total


def diagonal_state_space(x, a, b, c):
    """hₜ = a ⊙ hₜ₋₁ + b·xₜ, yₜ = Σ c ⊙ hₜ, token by token: 5·n·d·r FLOPs, one state of d·r numbers.

    x: (n, d); a, b, c: (d, r), for each of d channels r decays below 1, inputs and outputs. Returns
    (n, d). Already discrete (ā = exp(Δ·a) in the papers), no direct way from x to y; a, b and c do
    not depend on the tokens, else (Mamba) the recurrence alone is left, at the same cost. Gu et al.
    2022 (S4D); Gu and Dao 2023.
    """
    state, rows = np.full(a.shape, 0.0, like=x), np.full(x.shape, 0.0, like=x)
    for t in repeat(x.shape[0]):
        rows[t], state = state_space_cell(x[t], state, a, b, c)
    return rows


def state_space_cell(x_t, state, a, b, c):
    """One token: h ← a ⊙ h + b·x, y = Σ c ⊙ h: 5·d·r FLOPs at any length. x_t: (d,); all else
    (d, r). Returns (y, h)."""
    with step("new state"):
        state = a * state + b * x_t[:, None]
    with step("output"):
        return np.einsum("dr,dr->d", c, state), state


def diagonal_state_space_convolution(x, a, b, c):
    """yₜ = Σⱼ kernelⱼ·xₜ₋ⱼ, kernelⱼ = Σ c ⊙ b ⊙ aʲ, all tokens at once: 2·n²·d + 3·n·d·r + d·r
    FLOPs.

    Arguments and values as `diagonal_state_space`. Direct, with n − 1 zeros before the first token
    whose products are counted; by the fast Fourier transform about 15·n·d·log₂(2·n): three real
    transforms of length 2·n, each 2.5·m·log₂(m) for length m. Gu et al. 2022 (S4D).
    """
    kernel = state_space_kernel(x, a, b, c)
    with step("convolution"):
        return np.einsum("tdj,jd->td", causal_windows(x, x.shape[0]), kernel[::-1])


def state_space_kernel(x, a, b, c):
    """What a token leaves j tokens later, j = 0 … n − 1: 3·n·d·r + d·r FLOPs, a power 1; (n, d),
    x for its length."""
    with step("kernel"):
        powers = a ** np.arange(x.shape[0], like=x)[:, None, None]
        return np.einsum("dr,jdr->jd", b * c, powers)
