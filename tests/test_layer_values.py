"""What the layers return, held to definitions written here: pair by pair, head by head, by NumPy's own."""

import ast
from functools import cache

import nbformat
import numpy as np
import pytest
from documents import ROOT
from hypothesis import given, settings, strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from helpers import layers
from helpers.tracing import repeat

EXACT = dict(rtol=1e-9, atol=1e-12)
close = np.testing.assert_allclose


def normal(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


@cache
def taught(lesson, *names):
    """The functions `names` as the cells of a lesson define them."""
    space = {"np": np, "layers": layers, "repeat": repeat, "sliding_window_view": sliding_window_view}
    for cell in nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4).cells:
        if cell.cell_type == "code":
            functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
            exec(compile(ast.Module(functions, []), cell.id, "exec"), space)
    return [space[name] for name in names]


def weighed(scores, v, seen=True):
    """Each row's exponentials over their sum, where seen, and the values weighted by them."""
    raised = np.exp(scores) * seen
    return raised / raised.sum(axis=1, keepdims=True) @ v


# the layers of lessons 02 to 05
def test_activations_norms_and_softmax():
    close(layers.relu(np.array([2., -2.])), [2, 0])
    close(layers.sigmoid(np.array([0., 2.])), [0.5, 0.880797], rtol=1e-6)
    close(layers.gelu(np.array([1., -1.])), [0.841192, -0.158808], atol=1e-6)
    close(layers.silu(np.array([1., -1.])), [0.731059, -0.268941], atol=1e-6)
    x, gain, bias = normal((4, 9), 9, 9)
    centred = x - x.mean(1, keepdims=True)
    close(layers.layer_norm(x, gain, bias), gain * centred / np.sqrt(x.var(1, keepdims=True) + 1e-5) + bias, **EXACT)
    close(layers.rms_norm(x, gain), gain * x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5), **EXACT)
    close(layers.softmax(np.array([1000., 1000., -1000.])), [0.5, 0.5, 0])
    close(layers.softmax(np.ones((2, 3)), axis=0), 0.5)
    with np.errstate(all="raise"):
        close(layers.elu_features(np.array([1000., 0., -700.])), [1001, 1, np.exp(-700)], rtol=0)


@pytest.mark.parametrize("causal", [False, True, "skip"])
def test_attention_is_head_by_head_what_the_paper_says(causal):
    """The FLOPs where it skips: see test_models."""
    x, w_q, w_k, w_v, w_o = normal((5, 8), (8, 12), (8, 6), (8, 6), (12, 8))
    seen, found = np.tri(5) if causal else 1, []
    for head in range(4):    # of 3 columns; two share keys and values
        own, shared = (slice(3*i, 3*i + 3) for i in (head, head // 2))
        found.append(weighed(x @ w_q[:, own] @ (x @ w_k[:, shared]).T / np.sqrt(3), x @ w_v[:, shared], seen))
    close(layers.grouped_query_attention(x, w_q, w_k, w_v, w_o, 4, 2, causal), np.hstack(found) @ w_o, **EXACT)
    squares = normal(*[(8, 8)] * 4, seed=1)
    close(layers.multi_head_attention(x, *squares, 1, causal), layers.self_attention(x, *squares, causal), **EXACT)


def test_recurrent_cells_are_their_equations():
    def sigma(z):
        return 0.5 + 0.5 * np.tanh(z / 2)
    x, state, cell, r, u = normal(3, 3, 3, (3, 12), (3, 12))
    parts = [(x @ r[:, 3*i:3*i + 3], state @ u[:, 3*i:3*i + 3]) for i in range(4)]
    (i, f, o, g), (a, b) = (a + b for a, b in parts), parts[2]
    new = sigma(f) * cell + sigma(i) * np.tanh(g)
    close(layers.lstm_cell(x, state, cell, r, u), (sigma(o) * np.tanh(new), new))
    candidate = np.tanh(a + sigma(i) * b)    # reset is the first gate, update the second
    close(layers.gru_cell(x, state, r[:, :9], u[:, :9]), sigma(f) * state + (1 - sigma(f)) * candidate)
    close(layers.rnn_cell(x, state, r[:, :3], u[:, :3]), np.tanh(i))
    rows = np.stack([x, state])
    close(layers.lstm(rows, r, u)[1], layers.lstm_cell(rows[1], *layers.lstm_cell(x, 0 * x, 0 * x, r, u), r, u)[0])
    for layer, w in ((layers.gru, (r[:, :9], u[:, :9])), (layers.rnn, (r[:, :3], u[:, :3]))):
        cell = getattr(layers, f"{layer.__name__}_cell")
        close(layer(rows, *w)[1], cell(rows[1], cell(x, 0 * x, *w), *w))


def test_a_convolution_is_numpys_own():
    x, kernel = normal(7, 7)
    expected = np.convolve(x, kernel[::-1])[:7, None]
    close(layers.convolution(x[:, None], kernel[:, None, None]), expected)
    close(layers.separable_convolution(x[:, None], kernel[:, None], 2 * np.eye(1)), 2 * expected)
    x, kernel = normal((6, 2), (3, 2, 5))
    padded = np.vstack([np.zeros((2, 2)), x])
    close(layers.convolution(x, kernel), sum(padded[j:j + 6] @ kernel[j] for j in range(3)))


def test_the_rivals_that_lesson_04_writes_are_the_package_s():
    rnn, lstm_cell, convolution, attention = taught("04_the_rivals", "rnn", "lstm_cell", "convolution", "restricted_attention")
    x, state, w, gates = normal((9, 4), (2, 4), (4, 4, 4), (2, 4, 16))
    close(rnn(x, *w[:2]), layers.rnn(x, *w[:2]), **EXACT)
    close(lstm_cell(x[0], *state, *gates), layers.lstm_cell(x[0], *state, *gates), **EXACT)
    close(convolution(x, w[:3]), layers.convolution(x, w[:3]), **EXACT)
    for window in (3, 9):
        expected = layers.windowed_attention(*(x @ one for one in w[:3]), window, causal=True) @ w[3]
        close(attention(x, *w, window=window), expected, **EXACT)


# latent attention
def rotated(x):
    """Pairs of numbers turned by an angle that grows with the token's place."""
    turn = np.exp(1j * np.arange(x.shape[-2]))[:, None] * (x[..., ::2] + 1j * x[..., 1::2])
    return np.stack([turn.real, turn.imag], axis=-1).reshape(x.shape)


def by_the_paper(x, w, causal, turn=lambda rows: rows):
    """Head by head with whole keys, content and position side by side."""
    rows, position = x @ w["w_dkv"], turn(x @ w["w_kr"])
    read, found = x @ w["w_dq"] if "w_dq" in w else x, []
    for head in range(3):
        of = {name: np.split(w[name], 3, axis=1)[head] for name in ("w_uq", "w_qr", "w_uk", "w_uv")}
        q = np.hstack([read @ of["w_uq"], turn(read @ of["w_qr"])])
        k = np.hstack([rows @ of["w_uk"], position])
        found.append(weighed(q @ k.T / np.sqrt(5), rows @ of["w_uv"], np.tri(len(x)) if causal else 1))
    return np.hstack(found) @ w["w_o"]


@pytest.mark.parametrize("absorbed", [False, True])
@pytest.mark.parametrize("rank, causal", [(None, False), (None, True), (6, False), (6, True)])
def test_latent_attention_is_multi_head_attention_on_expanded_keys(rank, causal, absorbed):
    shapes = layers.latent_attention_shapes(8, 3, d_c=4, d_nope=3, d_rope=2, d_v=5, q_rank=rank)
    x, *weights = normal((6, 8), *shapes.values())
    w = dict(zip(shapes, (weight / 3 for weight in weights)))
    expected = by_the_paper(x, w, causal)
    close(layers.latent_attention(x, **w, n_heads=3, causal=causal, absorbed=absorbed), expected, **EXACT)
    query = w["w_uq"], w["w_qr"], 3, w.get("w_dq")
    content, position = layers.latent_queries(x, *query)
    latent, key, up = x @ w["w_dkv"], x @ w["w_kr"], (w["w_uk"], w["w_uv"])
    mixed = layers.latent_mix(content, rotated(position), latent, rotated(key), *up, causal, absorbed)
    close(layers.join_heads(mixed) @ w["w_o"], by_the_paper(x, w, causal, rotated), **EXACT)
    for t in range(6 if causal else 0):    # decoding, token by token from the cache
        now = layers.latent_queries(x[t:t + 1], *query)
        mixed = layers.latent_mix(*now, latent[:t + 1], key[:t + 1], *up, absorbed=absorbed)
        close(layers.join_heads(mixed) @ w["w_o"], expected[t:t + 1], **EXACT)


# some pairs only: each layer is the softmax over the pairs of its definition
def pattern(n, sees, causal):
    return np.array([[sees(i, j) and (j <= i or not causal) for j in range(n)] for i in range(n)])


def assert_sees(found, q, k, v, seen):
    close(found, weighed(q @ k.T / np.sqrt(q.shape[1]), v, seen), rtol=1e-7, atol=1e-12)


SIZE = st.integers(1, 4)


@given(SIZE, SIZE, st.integers(1, 9), st.integers(0, 3), st.booleans())
@settings(max_examples=40)
def test_windows_and_strides_are_exact_on_their_pairs(part, parts, width, g, causal):
    n, width = part * parts, width if causal else 2 * width - 1
    q, k, v = np.random.default_rng(n).normal(size=(3, n, 3))
    g = min(g, n - 1)
    assert_sees(layers.windowed_attention(q, k, v, width, g, causal), q, k, v, pattern(
        n, lambda i, j: min(i, j) < g or (i - j < width if causal else abs(i - j) <= width // 2), causal))
    assert_sees(layers.strided_attention(q, k, v, part, causal), q, k, v, pattern(
        n, lambda i, j: abs(i - j) < part or (i - j) % part == 0, causal))


def found_pairs(q, k, rotations, m, causal):
    """Round by round, the pairs that one round finds, by the paper's definitions: (R, n, n)."""
    rounds = []
    for rotation in rotations:
        places, buckets = [], []
        for x in (q, k):
            bucket = np.argmax(np.hstack([x @ rotation, -x @ rotation]), axis=1)
            order = sorted(range(len(x)), key=lambda token: (bucket[token], token))
            places.append([order.index(token) for token in range(len(x))])
            buckets.append(bucket)
        rounds.append(pattern(len(q), lambda i, j: (
            buckets[0][i] == buckets[1][j] and 0 <= places[0][i] - places[1][j] < m if causal else
            places[0][i] // m - places[1][j] // m in (0, 1)), False))
    return np.array(rounds)


@given(SIZE, SIZE, SIZE, SIZE, st.sampled_from(["own", "shared", "causal"]), st.integers(0, 99))
@settings(max_examples=40)
def test_hashing_is_the_softmax_over_all_pairs_found_each_once(m, chunks, rounds, half, way, seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(3, m * chunks, 3))
    rotations = layers.random_rotations(3, 2 * half, rounds, rng)
    given_k, k = (k, k) if way == "own" else (None, q / np.linalg.norm(q, axis=1, keepdims=True))
    seen = found_pairs(q, k, rotations, m, way == "causal").any(axis=0)
    assert_sees(layers.hashed_attention(q, given_k, v, rotations, m, way == "causal"), q, k, v, seen)


def test_near_directions_meet():
    x, noise, other = normal(*[(200, 16)] * 3, seed=3)
    rotations = layers.random_rotations(16, 8, 4, np.random.default_rng(3))
    own, scaled, near, far, back = (layers.hash_buckets(y, rotations) for y in (x, 7 * x, x + 0.1 * noise, other, -x))
    assert (own == scaled).all() and {*own.flat} == {*range(8)} and not (own == back).any()
    assert (own == near).mean() > 0.8 and 0.05 < (own == far).mean() < 0.2


# summaries
def test_low_rank_attends_to_projected_keys_and_values():
    q, k, v, e, f = normal(*[(6, 3)] * 3, (2, 6), (2, 6))
    close(layers.low_rank_attention(q, k, v, e, f), weighed(q @ (e @ k).T / np.sqrt(3), f @ v))


@pytest.mark.parametrize("causal", [False, True])
@given(st.integers(1, 7), SIZE, SIZE, st.integers(0, 99))
@settings(max_examples=15)
def test_all_forms_are_the_matrix_of_all_weights(causal, n, width, features, seed):
    q, k, v, omega = normal(*[(n, width)] * 3, (features, width), seed=seed)
    phi_q, phi_k = np.random.default_rng(seed).uniform(0.1, 1, (2, n, features))
    random = [[np.mean(np.exp(omega @ (a + b) / width**0.25 - (a @ a + b @ b) / width**0.5 / 2)) for b in k] for a in q]
    elu = [np.where(x > 0, x + 1, np.exp(x)) for x in (q, k)]
    features, linear, drawn = (weighed(np.log(products), v, np.tri(n) if causal else 1)
                               for products in (phi_q @ phi_k.T, elu[0] @ elu[1].T, np.array(random)))
    close(layers.mix_features(phi_q, phi_k, v, causal), features, **EXACT)
    close(layers.linear_attention(q, k, v, causal), linear, **EXACT)
    close(layers.random_feature_attention(q, k, v, omega, causal), drawn, **EXACT)
    if causal:
        close(layers.mix_features_recurrent(phi_q, phi_k, v), features, **EXACT)


def test_random_features_are_right_on_average_and_scatter_as_their_lemma_says():
    x, y = (0.4 * z for z in normal((1, 4), (1, 4)))
    omega = np.random.default_rng(1).normal(size=(400_000, 4))
    phi_x, phi_y = (layers.positive_features(z, omega)[0] for z in (x, y))
    estimates, exact = phi_x * phi_y * len(omega), np.exp(x @ y.T).item()
    assert (phi_x > 0).all() and estimates.mean() == pytest.approx(exact, rel=0.01)
    assert (estimates / exact).var() == pytest.approx(np.exp(np.sum((x + y)**2)) - 1, rel=0.05)
