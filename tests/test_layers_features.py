"""Low-rank, random-feature and linear attention, and the state-space layer: cost in three ways, values, limits."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tracing_memory import assert_agree

from helpers import layers
from helpers.counting import count
from helpers.notation import d, d_h, n, r
from helpers.tracing import trace

QKV = dict(q=(n, d_h), k=(n, d_h), v=(n, d_h))
FEATURES = dict(phi_q=(n, r), phi_k=(n, r), v=(n, d_h))
CELL = dict(phi_q=(r,), phi_k=(r,), v_t=(d_h,), state=(r, d_h), total=(r,))
STATE = dict(a=(d, r), b=(d, r), c=(d, r))
MIXED = 4*n*r*d_h + 3*n*r + n*d_h
RANDOM = 8*n*r*d_h + 9*n*r + 7*n*d_h + 2*n
LINEAR = 4*n*d_h**2 + 12*n*d_h

# layer -> shapes of its arguments in symbols, further arguments, the formula of the docstring
LAYERS = {
    "low_rank_attention": (dict(**QKV, e=(r, n), f=(r, n)), {}, 8*n*r*d_h + 6*n*r),
    "elu_features": (dict(x=(n, d_h)), {}, 4*n*d_h),
    "positive_features": (dict(x=(n, d_h), omega=(r, d_h)), {}, 2*n*r*d_h + 3*n*r + 2*n*d_h + n),
    "random_feature_attention": (dict(**QKV, omega=(r, d_h)), {}, RANDOM),
    "causal random_feature_attention": (dict(**QKV, omega=(r, d_h)), dict(causal=True), RANDOM),
    "linear_attention": (QKV, {}, LINEAR),
    "causal linear_attention": (QKV, dict(causal=True), LINEAR),
    "linear_attention_recurrent": (QKV, {}, LINEAR),
    "mix_features": (FEATURES, {}, MIXED),
    "causal mix_features": (FEATURES, dict(causal=True), MIXED),
    "mix_features_recurrent": (FEATURES, {}, MIXED),
    "feature_cell": (CELL, {}, 4*r*d_h + 3*r + d_h),
    "diagonal_state_space": (dict(x=(n, d), **STATE), {}, 5*n*d*r),
    "diagonal_state_space_convolution": (dict(x=(n, d), **STATE), {}, 2*n**2*d + 3*n*d*r + d*r),
    "state_space_kernel": (dict(x=(n, d), **STATE), {}, 3*n*d*r + d*r),
    "state_space_cell": (dict(x_t=(d,), state=(d, r), **STATE), {}, 5*d*r),
}
POSITIVE = ("phi_q", "phi_k", "total")  # features are positive, or the quotients mean nothing


def whole(shapes, sizes):
    return {name: tuple(int(sympy.sympify(size).subs(sizes)) for size in shape) for name, shape in shapes.items()}


def drawn_sizes(data, name):
    sizes = {symbol: data.draw(st.integers(1, 6), label=symbol.name) for symbol in (n, d, d_h, r)}
    if name == "low_rank_attention":
        sizes[r] = min(sizes[r], sizes[n])
    return sizes


def assert_equal(values, expected):
    """Arrays, or tuples of arrays of different shapes."""
    if isinstance(expected, tuple):
        assert len(values) == len(expected)
        for value, other in zip(values, expected):
            assert_equal(value, other)
    else:
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_count_formula_and_loops_agree(name, data):
    shapes, options, published = LAYERS[name]
    layer, sizes = name.split()[-1], drawn_sizes(data, name)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.uniform(0.1, 1, shape) if key in POSITIVE else rng.normal(size=shape)
              for key, shape in whole(shapes, sizes).items()}

    formula = trace(getattr(layers, layer), **shapes, **options).flops
    traced = trace(getattr(layers, layer), **whole(shapes, sizes), **options).flops
    values, operations = count(getattr(layers, layer), **arrays, **options)

    assert sympy.expand(formula - published) == 0
    assert type(traced) is int and traced == published.subs(sizes) == operations.total()
    assert_equal(getattr(layers, layer)(**arrays, **options), values)


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_bytes_and_peak_are_those_of_real_arrays(name, data):
    shapes, options, _ = LAYERS[name]
    layer, sizes = getattr(layers, name.split()[-1]), drawn_sizes(data, name)
    assert_agree(layer, whole(shapes, sizes), options)
    formula, ledger = trace(layer, **shapes, **options), trace(layer, **whole(shapes, sizes), **options)
    assert sympy.sympify(formula.bytes_moved).subs(sizes) == ledger.bytes_moved
    assert sympy.sympify(formula.peak_elements).subs(sizes) == ledger.peak_elements


# --- low rank ------------------------------------------------------------------------------------------------------

def arrays(*shapes, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return [scale * rng.normal(size=shape) for shape in shapes]


def test_low_rank_with_as_many_rows_as_tokens_is_exact():
    q, k, v = arrays(*[(6, 3)] * 3)
    np.testing.assert_allclose(layers.low_rank_attention(q, k, v, np.eye(6), np.eye(6)), layers.mix(q, k, v))
    order = np.eye(6)[[3, 1, 0, 5, 4, 2]]  # in any order, if both have the same
    np.testing.assert_allclose(layers.low_rank_attention(q, k, v, order, order), layers.mix(q, k, v))


def test_low_rank_is_exact_where_tokens_repeat_and_wrong_where_they_do_not():
    """The bet: six tokens that come in three runs of two are three rows, and their mean says all."""
    means = np.repeat(np.eye(3), 2, axis=1) / 2
    q, k, v = arrays(*[(3, 4)] * 3)
    q, k, v = (np.repeat(array, 2, axis=0) for array in (q, k, v))
    np.testing.assert_allclose(layers.low_rank_attention(q, k, v, means, means), layers.mix(q, k, v))
    k = arrays((6, 4), seed=1)[0]
    assert np.abs(layers.low_rank_attention(q, k, v, means, means) - layers.mix(q, k, v)).max() > 0.1


def test_low_rank_comes_nearer_as_the_rank_grows():
    """Tokens that change slowly: the longer the runs that share a row, the larger the error."""
    place = np.linspace(0, 3, 48)[:, None]
    q, k, v = (np.sin(place * rate + rate) for rate in (np.arange(1., 5), np.arange(2., 6), np.arange(3., 7)))
    exact, errors = layers.mix(q, k, v), []
    for rank in (3, 6, 12, 24, 48):
        means = np.repeat(np.eye(rank), 48 // rank, axis=1) * rank / 48
        errors.append(np.abs(layers.low_rank_attention(q, k, v, means, means) - exact).max())
    assert errors == sorted(errors, reverse=True) and errors[0] > 0.1 and errors[-1] < 1e-12


# --- random features and linear attention -----------------------------------------------------------------------

def kernel_attention(weights, v, causal):
    """The reference with all n² weights: φ(q)·φ(k) in a matrix, the future struck out, each row over its sum."""
    weights = np.tril(weights) if causal else weights
    return weights / weights.sum(axis=1, keepdims=True) @ v


@pytest.mark.parametrize("causal", [False, True])
@given(size=st.integers(1, 7), width=st.integers(1, 4), features=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_forms_are_the_matrix_of_all_weights(causal, size, width, features, seed):
    rng = np.random.default_rng(seed)
    q, k, v, omega = (rng.normal(size=shape) for shape in [*[(size, width)] * 3, (features, width)])
    phi_q, phi_k = rng.uniform(0.1, 1, (2, size, features))

    def elu(x):
        return np.where(x > 0, x + 1, np.exp(x))

    np.testing.assert_allclose(layers.mix_features(phi_q, phi_k, v, causal), kernel_attention(phi_q @ phi_k.T, v, causal))
    expected = kernel_attention(elu(q) @ elu(k).T, v, causal)
    np.testing.assert_allclose(layers.linear_attention(q, k, v, causal), expected)
    if causal:
        np.testing.assert_allclose(layers.linear_attention_recurrent(q, k, v), expected)
        np.testing.assert_allclose(layers.mix_features_recurrent(phi_q, phi_k, v), layers.mix_features(phi_q, phi_k, v, True))
    weights = [[np.mean([np.exp(w @ (a + b) / width ** 0.25 - (a @ a + b @ b) / width ** 0.5 / 2) for w in omega])
                for b in k] for a in q]
    np.testing.assert_allclose(layers.random_feature_attention(q, k, v, omega, causal),
                               kernel_attention(np.array(weights), v, causal))


def test_one_token_after_the_other_by_hand_is_the_whole_sequence():
    phi_q, phi_k = np.random.default_rng(0).uniform(0.1, 1, (2, 5, 3))
    v = arrays((5, 2))[0]
    state, total = np.zeros((3, 2)), np.zeros(3)
    kept = state, total
    for t, expected in enumerate(layers.mix_features(phi_q, phi_k, v, causal=True)):
        row, state, total = layers.feature_cell(phi_q[t], phi_k[t], v[t], state, total)
        np.testing.assert_allclose(row, expected)
    assert state.shape == (3, 2) and total.shape == (3,)
    assert not kept[0].any() and not kept[1].any(), "the old state is the caller's and stays as it was"


def test_random_features_are_right_on_average_and_scatter_as_their_lemma_says():
    x, y = arrays((1, 4), (1, 4), scale=0.4)
    omega = np.random.default_rng(1).normal(size=(400_000, 4))
    phi_x, phi_y = (layers.positive_features(z, omega)[0] for z in (x, y))
    estimates, exact = phi_x * phi_y * len(omega), np.exp(x @ y.T).item()
    assert (phi_x > 0).all()
    assert estimates.mean() == pytest.approx(exact, rel=0.01)
    variance = np.exp(np.sum((x + y) ** 2)) - 1
    assert (estimates / exact).var() == pytest.approx(variance, rel=0.05)


def mean_error(features, scale=1.0, causal=False, seeds=12):
    q, k, v = arrays(*[(24, 8)] * 3, scale=1.0)
    q, k = q * scale, k * scale
    exact = layers.mix(q, k, v, causal=causal)
    draws = (np.random.default_rng(seed).normal(size=(features, 8)) for seed in range(seeds))
    return np.mean([np.sqrt(np.mean((layers.random_feature_attention(q, k, v, omega, causal) - exact) ** 2)) for omega in draws])


@pytest.mark.parametrize("causal", [False, True])
def test_random_features_come_nearer_as_one_over_the_root_of_their_number(causal):
    numbers = np.array([64, 256, 1024, 4096])
    errors = [mean_error(number, 0.6, causal) for number in numbers]
    slope = np.polyfit(np.log(numbers), np.log(errors), 1)[0]
    assert -0.6 < slope < -0.4, (errors, slope)
    assert errors == sorted(errors, reverse=True)


def test_random_features_lose_their_bet_on_large_entries():
    small, large = mean_error(256, 0.5), mean_error(256, 2.0)
    assert large > 5 * small


def test_where_the_features_underflow():
    """The docstring's limit: rows of length 28 still work, far beyond it there is nothing left to divide by."""
    q, k, v, omega = arrays(*[(32, 16)] * 3, (64, 16))
    for length, finite in ((28, True), (40, False)):
        long_q, long_k = (array / np.linalg.norm(array, axis=1, keepdims=True) * length * 2 for array in (q, k))  # 16 ** 0.25 is 2
        with np.errstate(invalid="ignore"):
            assert np.isfinite(layers.random_feature_attention(long_q, long_k, v, omega)).all() == finite


def test_elu_features_neither_overflow_nor_warn():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(layers.elu_features(np.array([1000.0, 0.0, -700.0])), [1001, 1, np.exp(-700)])


def made(name):
    """The sizes of all arrays that a layer makes or looks at, in elements."""
    layer = getattr(layers, name.split()[-1])
    shapes, options, _ = LAYERS[name]
    return {sympy.prod(op.output) for op in trace(layer, **shapes, **options).operations}


def test_what_is_never_in_memory():
    """No n² anywhere; running sums keep n tables, a recurrence keeps one."""
    for name, (shapes, options, _) in LAYERS.items():
        sizes = {sympy.degree(size, n) if size.has(n) else 0 for size in map(sympy.sympify, made(name))}
        assert max(sizes) <= 1, name
    assert n*d_h**2 in made("causal linear_attention") and n*r*d_h in made("causal mix_features")
    for name in ("causal random_feature_attention", "linear_attention_recurrent", "mix_features_recurrent"):
        assert not {n*r*d_h, n*d_h**2} & made(name)
    assert n*d*r in made("state_space_kernel") and n*d*r not in made("diagonal_state_space")


CAUSAL = {
    "random_feature_attention": lambda q, k, v: layers.random_feature_attention(q, k, v, arrays((3, 4), seed=9)[0], causal=True),
    "linear_attention": lambda q, k, v: layers.linear_attention(q, k, v, causal=True),
    "linear_attention_recurrent": layers.linear_attention_recurrent,
    "diagonal_state_space": lambda q, k, v: layers.diagonal_state_space(v, *abc(4)),
    "diagonal_state_space_convolution": lambda q, k, v: layers.diagonal_state_space_convolution(v, *abc(4)),
}


def abc(channels, size=3, seed=5):
    """Decays of both signs, below 1; inputs and outputs."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.95, 0.95, (channels, size)), *rng.normal(size=(2, channels, size))


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("first", [1, 3, 5])
def test_causal_layers_cannot_see_the_future_and_do_see_the_past(name, first):
    layer, before = CAUSAL[name], arrays(*[(6, 4)] * 3)
    for changed in range(3):
        future, past = ([array.copy() for array in before] for _ in range(2))
        future[changed][first:] += 1
        np.testing.assert_array_equal(layer(*before)[:first], layer(*future)[:first])
    past[2][0] += 1
    assert not np.allclose(layer(*before)[first], layer(*past)[first])


@pytest.mark.parametrize("layer", [lambda q, k, v: layers.linear_attention(q, k, v),
                                   lambda q, k, v: layers.random_feature_attention(q, k, v, np.ones((3, 4)))])
def test_without_causal_the_future_is_seen(layer):
    before = arrays(*[(6, 4)] * 3)
    future = [array.copy() for array in before]
    future[2][5] += 1
    assert not np.allclose(layer(*before)[0], layer(*future)[0])


# --- the state-space layer ---------------------------------------------------------------------------------------

@given(size=st.integers(1, 9), channels=st.integers(1, 3), state=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_recurrence_and_convolution_are_one_matrix(size, channels, state, seed):
    """The reference: for each channel the n × n matrix C·Aⁱ⁻ʲ·B, with matrices of the plain state-space model."""
    x, (a, b, c) = arrays((size, channels), seed=seed)[0], abc(channels, state, seed)
    expected = np.zeros_like(x)
    for channel in range(channels):
        matrix = [[c[channel] @ np.linalg.matrix_power(np.diag(a[channel]), i - j) @ b[channel] if j <= i else 0
                   for j in range(size)] for i in range(size)]
        expected[:, channel] = np.array(matrix) @ x[:, channel]
    np.testing.assert_allclose(layers.diagonal_state_space(x, a, b, c), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layers.diagonal_state_space_convolution(x, a, b, c), expected, rtol=1e-9, atol=1e-12)
    kernel = layers.state_space_kernel(x, a, b, c)
    by_numpy = [np.convolve(x[:, i], kernel[:, i])[:size] for i in range(channels)]
    np.testing.assert_allclose(np.transpose(by_numpy), expected, rtol=1e-9, atol=1e-12)


def transform(values, sign, count):
    """The fast Fourier transform of a list, halves and halves again; count[0] grows by the real operations of each step."""
    if len(values) == 1:
        return values
    even, odd = transform(values[::2], sign, count), transform(values[1::2], sign, count)
    turned = [np.exp(sign * 2j * np.pi * i / len(values)) * value for i, value in enumerate(odd)]
    count[0] += len(odd) * (6 + 2 + 2)  # a complex product is 4 products and 2 sums, a complex sum 2 sums
    return [a + b for a, b in zip(even, turned)] + [a - b for a, b in zip(even, turned)]


@pytest.mark.parametrize("size", [1, 2, 8, 32])
def test_the_fourier_transform_gives_the_convolution_for_what_the_docstring_says(size):
    """Two channels: x + i·kernel goes forward in one transform of length 2n each, and both come back in a third."""
    x, (a, b, c) = arrays((size, 2))[0], abc(2)
    kernel, length, count, spectra = layers.state_space_kernel(x, a, b, c), 2 * size, [0], []
    for channel in range(2):
        both = transform([*(x[:, channel] + 1j * kernel[:, channel]), *[0] * size], -1, count)
        mirrored = np.conj([both[-i] for i in range(length)])
        spectra.append((both + mirrored) * (both - mirrored) / 4j)
    back = np.array(transform(list(spectra[0] + 1j * spectra[1]), 1, count)) / length
    expected = layers.diagonal_state_space_convolution(x, a, b, c)
    np.testing.assert_allclose(np.stack([back.real, back.imag], axis=1)[:size], expected, rtol=1e-9, atol=1e-9)
    assert count[0] == 15 * size * 2 * int(np.log2(length)), "15·n·d·log₂(2·n), d = 2; products and sums linear in n besides"
