"""Attention whose weights are products of features, φ(q)·φ(k): the sum over the keys is made once, for all queries.

Σⱼ (φ(q)·φ(kⱼ))·vⱼ = φ(q)·(Σⱼ φ(kⱼ)·vⱼᵀ). The brackets on the right do not know the query: r × d_h numbers stand for
all keys and values, however many there are. Lesson 10.
"""

import numpy as np

from helpers.tracing import repeat, step


def elu_features(x):
    """elu(x) + 1, that is 1 + x above 0 and exp(x) below: positive, 4 FLOPs per element.

    x: any shape. Returns the same shape: as many features as elements. Katharopoulos et al. 2020, equation 7.
    Lesson 10.

    >>> elu_features(np.array([0., 2.])).tolist()
    [1.0, 3.0]
    """
    return np.maximum(x, 0) + np.exp(np.minimum(x, 0))


def positive_features(x, omega):
    """exp(ω·x − ‖x‖²/2)/√r, so that φ(x)·φ(y) is exp(x·y) on average: 2·n·r·d_h + 3·n·r + 2·n·d_h + n FLOPs.

    x: (n, d_h); omega: (r, d_h), each row drawn from the normal distribution. Returns (n, r), all positive. The mean
    over ω is exact, the variance is (exp(‖x + y‖²) − 1)/r of its square: large entries need very many features. Beyond
    about ‖x‖ = 28 the products underflow, and attention on them is nan. The paper's FAVOR+ also makes the directions ω
    orthogonal, which lowers the variance; here they are as drawn. Raises ValueError for omega without rows, or with rows
    of another width than x. Choromanski et al. 2021 (Performer), lemmas 1 and 2. Lesson 10.

    >>> positive_features(np.zeros((1, 2)), np.ones((4, 2)))
    array([[0.5, 0.5, 0.5, 0.5]])
    """
    check_features(omega, x.shape[-1])
    half_squares = np.sum(x ** 2, axis=-1, keepdims=True) / 2
    return np.exp(x @ omega.T - half_squares) / np.sqrt(omega.shape[0])


def random_feature_attention(q, k, v, omega, causal=False):
    """Attention with exp(q·k/√d_h) replaced by φ(q)·φ(k): 8·n·r·d_h + 9·n·r + 7·n·d_h + 2·n FLOPs.

    q, k, v: (n, d_h); omega: (r, d_h), as in `positive_features`, which gets q and k divided by d_h^¼. Returns
    (n, d_h). Approximates softmax attention, with an error that falls as 1/√r once r is far above exp(‖x + y‖²), and
    hardly before. causal=True runs along the tokens with a state of r·d_h + r numbers, for the same FLOPs. Raises ValueError as `positive_features`, and for another
    causal. Choromanski et al. 2021, equation 4. Lesson 10.

    >>> random_feature_attention(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2)), np.ones((4, 2))).shape
    (3, 2)
    """
    check_causal(causal)
    check_features(omega, q.shape[-1])
    with step("features"):
        root = q.shape[-1] ** 0.25
        phi_q, phi_k = positive_features(q / root, omega), positive_features(k / root, omega)
    return mix_features_recurrent(phi_q, phi_k, v) if causal else mix_features(phi_q, phi_k, v)


def linear_attention(q, k, v, causal=False):
    """Attention with elu(q) + 1 and elu(k) + 1 in place of the softmax: 4·n·d_h² + 12·n·d_h FLOPs, all tokens at once.

    q, k, v: (n, d_h). Returns (n, d_h). Another model than softmax attention, and no approximation of it.
    causal=True takes running sums over the tokens: the same FLOPs, but n states of d_h² numbers in memory.
    Raises ValueError for another causal. Katharopoulos et al. 2020, equations 5 to 7 and 9. Lesson 10.

    >>> linear_attention(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2)), causal=True).shape
    (3, 2)
    """
    with step("features"):
        phi_q, phi_k = elu_features(q), elu_features(k)
    return mix_features(phi_q, phi_k, v, causal)


def linear_attention_recurrent(q, k, v):
    """Causal linear attention token by token: 4·n·d_h² + 12·n·d_h FLOPs, one state of d_h² + d_h numbers.

    q, k, v: (n, d_h). Returns (n, d_h), as `linear_attention` with causal=True. n steps, one after the other.
    Katharopoulos et al. 2020, equations 16 to 20. Lesson 10.

    >>> linear_attention_recurrent(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2))).shape
    (3, 2)
    """
    with step("features"):
        phi_q, phi_k = elu_features(q), elu_features(k)
    return mix_features_recurrent(phi_q, phi_k, v)


def mix_features(phi_q, phi_k, v, causal=False):
    """φ(q)·(φ(k)ᵀ·v) over φ(q)·Σφ(k), all tokens at once: 4·n·r·d_h + 3·n·r + n·d_h FLOPs, causal or not.

    phi_q, phi_k: (n, r); v: (n, d_h). Returns (n, d_h). causal=True keeps the sum up to each token: n·r·d_h elements.
    Any positive features will do. Raises ValueError for another causal. Katharopoulos et al. 2020, equations 5 and 6,
    and 9 to 12. Lesson 10.

    >>> mix_features(np.ones((2, 1)), np.ones((2, 1)), np.array([[1.], [3.]]), causal=True).tolist()
    [[1.0], [2.0]]
    """
    check_causal(causal)
    if causal:
        with step("sums over the keys"):
            sums = np.cumsum(phi_k[:, :, None] * v[:, None, :], axis=0)              # (n, r, d_h)
            totals = np.cumsum(phi_k, axis=0)                                        # (n, r)
        with step("weighted sum"):
            return np.einsum("nr,nrd->nd", phi_q, sums) / np.einsum("nr,nr->n", phi_q, totals)[:, None]
    with step("sums over the keys"):
        sums, total = phi_k.T @ v, np.sum(phi_k, axis=0)                             # (r, d_h) and (r,)
    with step("weighted sum"):
        return phi_q @ sums / (phi_q @ total)[:, None]


def mix_features_recurrent(phi_q, phi_k, v):
    """`mix_features` with causal=True, token by token: the same 4·n·r·d_h + 3·n·r + n·d_h FLOPs, r·d_h + r numbers kept.

    phi_q, phi_k: (n, r); v: (n, d_h). Returns (n, d_h). Katharopoulos et al. 2020, equations 16 to 20. Lesson 10.

    >>> mix_features_recurrent(np.ones((2, 1)), np.ones((2, 1)), np.array([[1.], [3.]])).tolist()
    [[1.0], [2.0]]
    """
    n, width = v.shape
    state, total = np.full((phi_k.shape[1], width), 0.0, like=v), np.full(phi_k.shape[1], 0.0, like=v)
    rows = np.full((n, width), 0.0, like=v)
    for t in repeat(n):
        rows[t], state, total = feature_cell(phi_q[t], phi_k[t], v[t], state, total)
    return rows


def feature_cell(phi_q, phi_k, v_t, state, total):
    """One token: S ← S + φ(k)·vᵀ, z ← z + φ(k), then φ(q)·S over φ(q)·z: 4·r·d_h + 3·r + d_h FLOPs at any length.

    phi_q, phi_k: (r,); v_t: (d_h,); state S: (r, d_h); total z: (r,). Returns (result (d_h,), new S, new z).
    What decoding costs and keeps: nothing in it depends on n. Katharopoulos et al. 2020, equations 18 to 20. Lesson 10.

    >>> feature_cell(np.ones(1), np.ones(1), np.array([5.]), np.zeros((1, 1)), np.zeros(1))[0]
    array([5.])
    """
    with step("sums over the keys"):
        state, total = state + np.outer(phi_k, v_t), total + phi_k
    with step("weighted sum"):
        return phi_q @ state / (phi_q @ total), state, total


def check_features(omega, width):
    """ValueError unless omega is (r, width) with at least one feature; symbols are taken to fit."""
    if len(omega.shape) != 2 or omega.shape[1] != width and not hasattr(omega.shape[1] - width, "free_symbols"):
        raise ValueError(f"omega: its shape is {omega.shape}, and the tokens are {width} wide; give it the shape (r, {width})")
    if omega.shape[0] == 0:
        raise ValueError("omega: 0 features leave every weight undefined; give it at least 1 row")


def check_causal(causal):
    """ValueError unless causal is True or False."""
    if causal is not True and causal is not False:
        raise ValueError(f"causal: {causal!r} is not known here; give True or False")
