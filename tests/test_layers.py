"""Each layer by trace, by formula and by the oracle, to the unit; what is causal; what is refused."""

from functools import cache

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from sympy import Rational, ceiling, log
from watched import watch

from helpers import layers
from helpers.counting import count
from helpers.notation import d, d_ff, d_h, h, h_kv, k, n, r, w
from helpers.tracing import trace

g, m, u, R, B, M, D_C, D_NOPE, D_ROPE, D_V = sympy.symbols("g m u R B M d_c d_nope d_rope d_v", positive=True, integer=True)
SMALL = {h, h_kv, d_h, w, g, R, B, M, r, D_C, D_NOPE, D_ROPE, D_V}    # drawn from 1 to 3

SQUARES = dict(x=(n, d), w_q=(d, d), w_k=(d, d), w_v=(d, d), w_o=(d, d))
HEADS = dict(x=(n, d), w_q=(d, h*d_h), w_k=(d, h*d_h), w_v=(d, h*d_h), w_o=(h*d_h, d))
GROUPS = dict(x=(n, d), w_q=(d, h_kv*w*d_h), w_k=(d, h_kv*d_h), w_v=(d, h_kv*d_h), w_o=(h_kv*w*d_h, d))    # w heads a group
GROUP_HEADS = dict(n_heads=h_kv*w, n_kv_heads=h_kv)
GROUP_PRODUCTS = 4*n*d*d_h*h_kv*(w + 1) + 4*n**2*h_kv*w*d_h
NARROW = dict(x=(n, d), w_in=(d, d_ff), w_out=(d_ff, d))
GATED = dict(x=(n, d), w_gate=(d, d_ff), w_in=(d, d_ff), w_out=(d_ff, d))
RNN, GRU, LSTM = (dict(w_x=(d, gates*d), w_h=(d, gates*d)) for gates in (1, 3, 4))
BLOCK = layers.block_shapes(d, d_ff, h_kv*w, h_kv, d_h)
GATED_BLOCK = layers.block_shapes(d, d_ff, h, d_head=d_h, gated=True, norm="rms")
CAUSAL = dict(causal=True)

# layer -> shapes of its arguments in symbols, further arguments, its FLOPs
LAYERS = {
    "matrix_product": (dict(a=(n, k), b=(k, d)), {}, 2*n*k*d),
    **{name: (dict(x=(n,)), {}, each*n) for name, each in dict(softmax=5, relu=1, sigmoid=4, gelu=8, silu=4).items()},
    **{f"{name}{layer}": (shapes, heads | options, products + pairs*per_pair)
       for name, options, per_pair in (("", {}, 6), ("causal ", CAUSAL, 7)) for layer, shapes, heads, products, pairs in (
           ("self_attention", SQUARES, {}, 8*n*d**2 + 4*n**2*d, n**2),
           ("multi_head_attention", HEADS, dict(n_heads=h), 8*n*d*h*d_h + 4*n**2*h*d_h, h*n**2),
           ("grouped_query_attention", GROUPS, GROUP_HEADS, GROUP_PRODUCTS, h_kv*w*n**2))},
    "feed_forward": (NARROW, {}, 4*n*d*d_ff + n*d_ff),
    "gelu feed_forward": (NARROW, dict(activation=layers.gelu), 4*n*d*d_ff + 8*n*d_ff),
    "gated_feed_forward": (GATED, {}, 6*n*d*d_ff + 5*n*d_ff),
    "layer_norm": (dict(x=(n, d), gain=(d,), bias=(d,)), {}, 7*n*d + 4*n),
    "rms_norm": (dict(x=(n, d), gain=(d,)), {}, 4*n*d + 3*n),
    "rnn_cell": (dict(x_t=(d,), state=(d,), **RNN), {}, 4*d**2 + 2*d),
    "gru_cell": (dict(x_t=(d,), state=(d,), **GRU), {}, 12*d**2 + 17*d),
    "lstm_cell": (dict(x_t=(d,), state=(d,), cell=(d,), **LSTM), {}, 16*d**2 + 22*d),
    "rnn": (dict(x=(n, d), **RNN), {}, 4*n*d**2 + 2*n*d),
    "wider rnn": (dict(x=(n, d), w_x=(d, w), w_h=(w, w)), {}, 2*n*d*w + 2*n*w**2 + 2*n*w),
    "gru": (dict(x=(n, d), **GRU), {}, 12*n*d**2 + 17*n*d),
    "lstm": (dict(x=(n, d), **LSTM), {}, 16*n*d**2 + 22*n*d),
    "convolution": (dict(x=(n, d), kernel=(k, d, d)), {}, 2*k*n*d**2),
    "widening convolution": (dict(x=(n, d), kernel=(k, d, w)), {}, 2*k*n*d*w),
    "separable_convolution": (dict(x=(n, d), depthwise=(k, d), pointwise=(d, d)), {}, 2*k*n*d + 2*n*d**2),
    "block": (dict(x=(n, d), **BLOCK), GROUP_HEADS,
              GROUP_PRODUCTS + 7*h_kv*w*n**2 + 4*n*d*d_ff + 8*n*d_ff + 2*(7*n*d + 4*n) + 2*n*d),
    "gated block": (dict(x=(n, d), **GATED_BLOCK), dict(n_heads=h, causal=False), 8*n*d*h*d_h + 4*n**2*h*d_h + 6*h*n**2
                    + 6*n*d*d_ff + 5*n*d_ff + 2*(4*n*d + 3*n) + 2*n*d)}

QKV = dict(q=(n, d_h), k=(n, d_h), v=(n, d_h))
GLOBALS = {name: (g + m, d_h) for name in "qkv"}
FEATURES, RANDOM = dict(phi_q=(n, r), phi_k=(n, r), v=(n, d_h)), dict(**QKV, omega=(r, d_h))
OWN_KEYS = dict(**QKV, rotations=(R, d_h, B / 2))
SHARED_KEYS = dict(q=(n, d_h), v=(n, d_h), rotations=(R, d_h, B / 2))
PAIRS, SORT, MIXED = 4*d_h + 7, 2*R*n*ceiling(log(n, 2)), 4*n*r*d_h + 3*n*r + n*d_h
ROUNDS = 8*R*m*n*d_h + 22*R*m*n + 2*R*n*d_h + 9*R*n + 10*R**2*m*n + 6*R*m*n
SHARED = ROUNDS + R*B*n*d_h + Rational(3, 2)*R*B*n + SORT + 3*n*d_h + 2*n
ROWS = dict(q_content=(h, M, D_NOPE), q_position=(h, M, D_ROPE), latent=(n, D_C),
            k_position=(n, D_ROPE), w_uk=(D_C, h*D_NOPE), w_uv=(D_C, h*D_V))
WIDE, NEAR = 2*h*n*(D_NOPE + D_ROPE + D_V), 2*h*n*(2*D_C + D_ROPE)    # one query on n rows


def latent(q_rank=None, **options):
    """A case of latent attention; its projections cost 2·n a weight."""
    shapes = layers.latent_attention_shapes(d, h, D_C, D_NOPE, D_ROPE, D_V, q_rank)
    pair = NEAR if "absorbed" in options else WIDE
    flops = 2*n*sum(a*b for a, b in shapes.values()) + n*pair + (8 if "causal" in options else 7)*h*n**2
    return dict(x=(n, d), **shapes), dict(n_heads=h, **options), flops


CHEAPER = {
    "windowed_attention": (QKV, dict(window=u), PAIRS*n*u),
    "causal windowed_attention": (QKV, dict(window=u, causal=True), PAIRS*n*u),
    "global windowed_attention": (GLOBALS, dict(window=u, n_global=g),
                                  4*d_h*(m*u + m*g + g*(g + m)) + 7*m*u + 6*m*g + 6*g*(g + m) + m*d_h),
    "global causal windowed_attention": (GLOBALS, dict(window=u, n_global=g, causal=True),
                                         4*d_h*(m*u + m*g + g**2) + 7*m*u + 6*m*g + 7*g**2 + m*d_h),
    "strided_attention": (QKV, dict(stride=m), PAIRS*n*(2*m - 1 + n/m) + n*d_h),
    "causal strided_attention": (QKV, dict(stride=m, causal=True), PAIRS*n*(m + n/m) + n*d_h),
    "hashed_attention": (OWN_KEYS, dict(bucket_size=m), ROUNDS + 2*R*B*n*d_h + 3*R*B*n + 2*SORT),
    "shared hashed_attention": (SHARED_KEYS, dict(k=None, bucket_size=m), SHARED),
    "causal hashed_attention": (SHARED_KEYS, dict(k=None, bucket_size=m, causal=True), SHARED + 2*R*n),
    "low_rank_attention": (dict(**QKV, e=(r, n), f=(r, n)), {}, 8*n*r*d_h + 6*n*r),
    "elu_features": (dict(x=(n, d_h)), {}, 4*n*d_h),
    "positive_features": (dict(x=(n, d_h), omega=(r, d_h)), {}, 2*n*r*d_h + 3*n*r + 2*n*d_h + n),
    **{f"{name}{layer}": (shapes, options, flops)
       for name, options in (("", {}), ("causal ", CAUSAL)) for layer, shapes, flops in (
           ("random_feature_attention", RANDOM, 8*n*r*d_h + 9*n*r + 7*n*d_h + 2*n),
           ("linear_attention", QKV, 4*n*d_h**2 + 12*n*d_h), ("mix_features", FEATURES, MIXED))},
    "mix_features_recurrent": (FEATURES, {}, MIXED),
    "latent_attention": latent(), "causal latent_attention": latent(causal=True),
    "compressed latent_attention": latent(r, causal=True),
    "absorbed latent_attention": latent(absorbed=True),
    "absorbed compressed latent_attention": latent(r, absorbed=True, causal=True),
    "latent_mix": (ROWS, {}, n*2*h*D_C*(D_NOPE + D_V) + M*WIDE + 7*h*M*n),
    "absorbed latent_mix": (ROWS, dict(absorbed=True), M*2*h*D_C*(D_NOPE + D_V) + M*NEAR + 7*h*M*n)}
ALL = LAYERS | CHEAPER


def layer_of(name):
    return getattr(layers, name.split()[-1])


def with_numbers(value, sizes):
    """Symbols in a shape, a dict of shapes or an option replaced by their sizes."""
    if isinstance(value, dict):
        return {key: with_numbers(one, sizes) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(with_numbers(size, sizes) for size in value)
    return int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value


def drawn(data, name):
    """Sizes, arrays and options: a stride or bucket divides n, windows are odd or causal."""
    shapes, options, flops = ALL[name]
    used = flops.free_symbols.union(*(sympy.sympify(size).free_symbols for shape in shapes.values() for size in shape))
    sizes = {s: data.draw(st.integers(1, 3 if s in SMALL else 5), s.name) for s in sorted(used, key=str)}
    if m in used and g not in used:
        sizes[n] = sizes[m] * data.draw(st.integers(1, 3), "parts")
    if B in used:
        sizes[B] *= 2
    if u in used and "causal" not in name:
        sizes[u] = 2 * sizes[u] - 1
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    shapes, options = with_numbers(shapes, sizes), with_numbers(options, sizes)
    arrays = {key: rng.uniform(0.1, 1, shape) if key.startswith("phi") else rng.normal(size=shape)
              for key, shape in shapes.items()}    # features are positive
    return sizes, arrays, options


@cache
def on_symbols(name):
    shapes, options, _ = ALL[name]
    return trace(layer_of(name), **shapes, **options)


@pytest.mark.parametrize("name", ALL)
def test_the_formula_is_the_published_one(name):
    assert sympy.expand(on_symbols(name).flops - ALL[name][2]) == 0


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=6)
def test_trace_formula_oracle_and_real_arrays_agree(name, data):
    sizes, arrays, options = drawn(data, name)
    shapes = {key: array.shape for key, array in arrays.items()}
    traced = trace(layer_of(name), bytes_per_element=8, **shapes, **options)
    values, operations = count(layer_of(name), **arrays, **options)
    assert type(traced.flops) is int
    assert traced.flops == operations.total() == sympy.sympify(ALL[name][2]).subs(sizes)
    np.testing.assert_allclose(layer_of(name)(**arrays, **options), values, rtol=1e-9, atol=1e-12)
    seen = watch(layer_of(name), **shapes, **options)
    assert (traced.bytes_moved, traced.peak_elements) == (seen.bytes_moved, seen.peak)


def test_the_cost_grows_with_the_length_and_not_with_its_square():
    for name in ("windowed_attention", "linear_attention", "causal random_feature_attention"):
        assert all(sympy.degree(sympy.prod(op.output), n) <= 1    # no n² in memory
                   for op in on_symbols(name).operations if op.output)
    wide = dict.fromkeys("qkv", (4096, 512))    # no window is unrolled: not 63 · 4096 · 512
    assert trace(layers.windowed_attention, **wide, window=63).peak_elements < 6 * 4096 * 512
    strided = trace(layers.strided_attention, **wide, stride=64, causal=True)
    assert strided.peak_elements < 8 * 4096 * 512


def test_what_is_called_a_matrix_product():
    """Recurrences and convolutions are products to a GPU's counter; activations and norms not."""
    only = {name for name in LAYERS if sympy.expand(on_symbols(name).matmul_flops - LAYERS[name][2]) == 0}
    assert only == {"matrix_product", "convolution", "widening convolution", "separable_convolution"}
    for name, products in dict(rnn=4*n*d**2, gru=12*n*d**2, lstm=16*n*d**2, gelu=0, layer_norm=0, rms_norm=0, softmax=0).items():
        assert on_symbols(name).matmul_flops == products


# what is refused
X, EYE = np.ones((6, 2)), [np.eye(12)] * 4
SIX = dict(x=(2, 12), w_q=(12, 12), w_k=(12, 12), w_v=(12, 12), w_o=(12, 12))


@pytest.mark.parametrize("heads, kv_heads, message", [
    (5, 5, "n_heads: 5 does not divide the width = 12; 4 or 6 would"), (0, 1, "n_heads: 0 is below 1"),
    (2.5, 1, "n_heads: 2.5"), (True, 1, "n_heads: True"), (4, 0, "n_kv_heads: 0"),
    (4, 3, "n_kv_heads: 3 does not divide n_heads = 4; 2 or 4 would"),
    (4, "2", "n_kv_heads"), (4, None, "n_kv_heads: None")])
def test_bad_numbers_of_heads_are_named(heads, kv_heads, message):
    with pytest.raises(ValueError, match=message):
        layers.grouped_query_attention(np.ones((2, 12)), *EYE, heads, kv_heads)
    with pytest.raises(ValueError, match=message):
        trace(layers.grouped_query_attention, **SIX, n_heads=heads, n_kv_heads=kv_heads)


@pytest.mark.parametrize("call, message", [
    (lambda: layers.windowed_attention(X, X, X, 0, causal=True), "window: 0 is below 1"),
    (lambda: layers.windowed_attention(X, X, X, 4), "window: 4 is even .* give 3 or 5, or causal"),
    (lambda: layers.windowed_attention(X, X, X, 2.5), "window: 2.5"), (lambda: layers.windowed_attention(X, X, X, 3, -1), "n_global: -1"),
    (lambda: layers.windowed_attention(X, X[:4], X, 3), "broadcast"), (lambda: layers.windowed_attention(X, X, X[:4], 3), "broadcast"),
    (lambda: layers.strided_attention(X, X, X, 4), "stride: 4 does not divide n = 6; 2 or 3 would"),
    (lambda: layers.random_rotations(2, 3, 1, None), "n_buckets: 3 is odd, .* give 4"),
    (lambda: layers.hashed_attention(X, X, X, np.ones((1, 2, 2)), 4), "bucket_size: 4 does not"),
    (lambda: layers.hashed_attention(X, X, X, np.ones((1, 2, 2)), 3, True), "causal: .*k=None"),
    (lambda: layers.latent_mix(*np.ones((2, 3, 1, 2)), *np.ones((2, 5, 2)), *np.ones((2, 2, 6)), True),
     "causal: True needs as many queries as rows, not 1 and 5.*leave it out"),
    (lambda: layers.block_shapes(4, 8, 3), "n_heads: 3 does not divide d = 4"),
    (lambda: layers.block_shapes(4, 8, 2, norm="batch"), "norm: 'batch' is not known; give 'layer' or 'rms'"),
    (lambda: trace(layers.backward.matrix_product_backward, g=(n, w), a=(n, d), b=(d, n)), r"matmul.*\(n, w\).*\(n, d\)"),
    (lambda: trace(layers.self_attention, **SQUARES, causal="half"), "causal: 'half' is not known"),
    (lambda: layers.self_attention(*[np.eye(2)] * 5, causal="skip", saved={}), "without saved="),
    (lambda: layers.grouped_query_attention(X, *[np.ones((2, 4))] * 3, np.eye(4), 4, 2), "matmul"),
    (lambda: layers.gru(X, np.ones((2, 4)), np.ones((2, 4))), "equal division"),
    (lambda: trace(layers.lstm, x=(3, 2), w_x=(2, 6), w_h=(2, 6)), "6 cannot be divided into 4"),
    (lambda: trace(layers.self_attention, **SQUARES | dict(w_q=(w, d))), r"\(n, d\).*\(w, d\)"),
    (lambda: layers.convolution(X, np.ones((0, 2, 2))), "negative"), (lambda: layers.convolution(X, np.ones((2, 2))), "indices")])
def test_what_would_be_silently_wrong_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
