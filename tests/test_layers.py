"""Each layer three ways: traced count = traced formula with numbers put in = the oracle's count, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import layers
from helpers.counting import count
from helpers.notation import d, d_ff, d_h, h, h_kv, k, n, w
from helpers.tracing import trace

SQUARES = dict(x=(n, d), w_q=(d, d), w_k=(d, d), w_v=(d, d), w_o=(d, d))
HEADS = dict(x=(n, d), w_q=(d, h*d_h), w_k=(d, h*d_h), w_v=(d, h*d_h), w_o=(h*d_h, d))
GROUPS = dict(x=(n, d), w_q=(d, h_kv*w*d_h), w_k=(d, h_kv*d_h), w_v=(d, h_kv*d_h), w_o=(h_kv*w*d_h, d))  # w heads a group
GROUP_HEADS = dict(n_heads=h_kv*w, n_kv_heads=h_kv)
GROUP_PRODUCTS = 4*n*d*d_h*h_kv*(w + 1) + 4*n**2*h_kv*w*d_h
RNN, GRU, LSTM = (dict(w_x=(d, gates*d), w_h=(d, gates*d)) for gates in (1, 3, 4))
BLOCK = layers.block_shapes(d, d_ff, h_kv*w, h_kv, d_h)
GATED_BLOCK = layers.block_shapes(d, d_ff, h, d_head=d_h, gated=True, norm="rms")

# layer -> shapes of its arguments in symbols, further arguments, the formula of the docstring
LAYERS = {
    "matrix_product": (dict(a=(n, k), b=(k, d)), {}, 2*n*k*d),
    "softmax": (dict(x=(n,)), {}, 5*n),
    "dot_product_attention": (dict(q=(d,), k=(n, d), v=(n, d)), {}, 4*n*d + 6*n),
    "self_attention": (SQUARES, {}, 8*n*d**2 + 4*n**2*d + 6*n**2),
    "causal self_attention": (SQUARES, dict(causal=True), 8*n*d**2 + 4*n**2*d + 7*n**2),
    "multi_head_attention": (HEADS, dict(n_heads=h), 8*n*d*h*d_h + 4*n**2*h*d_h + 6*h*n**2),
    "causal multi_head_attention": (HEADS, dict(n_heads=h, causal=True),
                                    8*n*d*h*d_h + 4*n**2*h*d_h + 7*h*n**2),
    "feed_forward": (dict(x=(n, d), w_in=(d, d_ff), w_out=(d_ff, d)), {}, 4*n*d*d_ff + n*d_ff),
    "grouped_query_attention": (GROUPS, GROUP_HEADS, GROUP_PRODUCTS + 6*h_kv*w*n**2),
    "causal grouped_query_attention": (GROUPS, dict(**GROUP_HEADS, causal=True), GROUP_PRODUCTS + 7*h_kv*w*n**2),
    "relu": (dict(x=(n,)), {}, n),
    "sigmoid": (dict(x=(n,)), {}, 4*n),
    "gelu": (dict(x=(n,)), {}, 8*n),
    "silu": (dict(x=(n,)), {}, 4*n),
    "gelu feed_forward": (dict(x=(n, d), w_in=(d, d_ff), w_out=(d_ff, d)), dict(activation=layers.gelu),
                          4*n*d*d_ff + 8*n*d_ff),
    "gated_feed_forward": (dict(x=(n, d), w_gate=(d, d_ff), w_in=(d, d_ff), w_out=(d_ff, d)), {}, 6*n*d*d_ff + 5*n*d_ff),
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
    "gated block": (dict(x=(n, d), **GATED_BLOCK), dict(n_heads=h, norm="rms", causal=False),
                    8*n*d*h*d_h + 4*n**2*h*d_h + 6*h*n**2 + 6*n*d*d_ff + 5*n*d_ff + 2*(4*n*d + 3*n) + 2*n*d),
}
ONLY_MATRIX_PRODUCTS = {"matrix_product", "convolution", "widening convolution", "separable_convolution"}


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_count_formula_and_loops_agree(name, data):
    shapes, options, published = LAYERS[name]
    layer = name.split()[-1]
    symbols = sorted({s for shape in shapes.values() for size in shape for s in size.free_symbols}, key=str)
    limits = {h: 3, h_kv: 3, w: 3} if d_h in symbols else {}
    sizes = {symbol: data.draw(st.integers(1, limits.get(symbol, 6)), label=symbol.name) for symbol in symbols}
    whole = {key: tuple(int(size.subs(sizes)) for size in shape) for key, shape in shapes.items()}
    given_options = {key: int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value for key, value in options.items()}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.normal(size=shape) for key, shape in whole.items()}

    formula = trace(getattr(layers, layer), **shapes, **options).flops
    traced = trace(getattr(layers, layer), **whole, **given_options).flops
    values, operations = count(getattr(layers, layer), **arrays, **given_options)

    assert sympy.expand(formula - published) == 0
    assert type(traced) is int and traced == formula.subs(sizes) == operations.total()
    np.testing.assert_allclose(getattr(layers, layer)(**arrays, **given_options), values, rtol=1e-9, atol=1e-12)


def test_causal_attention_cannot_see_the_future():
    rng = np.random.default_rng(0)
    x, *weights = (rng.normal(size=shape) for shape in [(5, 4), *[(4, 4)] * 4])
    changed = x.copy()
    changed[3:] = rng.normal(size=(2, 4))
    for layer, options in ((layers.self_attention, {}), (layers.multi_head_attention, {"n_heads": 2})):
        before, after = layer(x, *weights, **options, causal=True), layer(changed, *weights, **options, causal=True)
        np.testing.assert_array_equal(before[:3], after[:3])
        assert not np.allclose(layer(x, *weights, **options)[:3], layer(changed, *weights, **options)[:3])


CAUSAL = {
    "rnn": RNN, "gru": GRU, "lstm": LSTM, "convolution": dict(kernel=(3, 4, 4)),
    "separable_convolution": dict(depthwise=(3, 4), pointwise=(4, 4))}


@pytest.mark.parametrize("name", CAUSAL)
def test_recurrences_and_convolutions_cannot_see_the_future_and_do_see_the_past(name):
    rng = np.random.default_rng(0)
    weights = {key: rng.normal(size=[int(sympy.sympify(size).subs({d: 4})) for size in shape])
               for key, shape in CAUSAL[name].items()}
    x = rng.normal(size=(5, 4))
    future, past = x.copy(), x.copy()
    future[3:] += 1
    past[0] += 1
    layer = getattr(layers, name)
    np.testing.assert_array_equal(layer(x, **weights)[:3], layer(future, **weights)[:3])
    assert not np.allclose(layer(x, **weights)[2], layer(past, **weights)[2])


def test_a_convolution_is_numpys_own():
    x, kernel = np.random.default_rng(0).normal(size=(2, 7))
    expected = np.convolve(x, kernel[::-1])[:7]
    np.testing.assert_allclose(layers.convolution(x[:, None], kernel[:, None, None])[:, 0], expected)
    np.testing.assert_allclose(layers.separable_convolution(x[:, None], kernel[:, None], np.eye(1))[:, 0], expected)


def test_grouped_queries_are_multi_head_attention_with_keys_and_values_repeated():
    rng = np.random.default_rng(2)
    x, w_q, w_o = rng.normal(size=(3, 8)), *rng.normal(size=(2, 8, 8))
    w_k, w_v = rng.normal(size=(2, 8, 4))
    repeated = [w.reshape(8, 2, 2).repeat(2, axis=1).reshape(8, 8) for w in (w_k, w_v)]
    np.testing.assert_allclose(layers.grouped_query_attention(x, w_q, w_k, w_v, w_o, 4, 2, causal=True),
                               layers.multi_head_attention(x, w_q, *repeated, w_o, 4, causal=True))


def test_shared_keys_and_values_are_broadcast_and_not_copied():
    shapes = dict(x=(n, d), w_q=(d, h*d_h), w_k=(d, h_kv*d_h), w_v=(d, h_kv*d_h), w_o=(h*d_h, d))
    ledger = trace(layers.grouped_query_attention, **shapes, n_heads=h, n_kv_heads=h_kv)
    scores = next(op for op in ledger.operations if op.step == "scores" and op.is_matmul)
    assert (scores.bytes_moved / 2).expand() == h*n*d_h + h_kv*n*d_h + h*n**2
    assert sympy.expand(ledger.flops - (4*n*d*d_h*(h + h_kv) + 4*n**2*h*d_h + 6*h*n**2)) == 0


def test_what_is_called_a_matrix_product():
    """Recurrences and convolutions are matrix products to a GPU's counter; activations and norms are not."""
    for name, (shapes, options, published) in LAYERS.items():
        ledger = trace(getattr(layers, name.split()[-1]), **shapes, **options)
        assert (sympy.expand(ledger.matmul_flops - published) == 0) == (name in ONLY_MATRIX_PRODUCTS), name
    for name, constant in (("rnn", 4), ("gru", 12), ("lstm", 16)):
        assert trace(getattr(layers, name), **LAYERS[name][0]).matmul_flops == constant*n*d**2
    for name in ("gelu", "layer_norm", "rms_norm", "softmax"):
        assert trace(getattr(layers, name), **LAYERS[name][0]).matmul_flops == 0


def test_skipping_the_future_computes_half_of_it_and_gives_the_same_values():
    rng = np.random.default_rng(3)
    x, *weights = (rng.normal(size=shape) for shape in [(5, 4), *[(4, 4)] * 4])
    hidden = layers.multi_head_attention(x, *weights, n_heads=2, causal=True)
    np.testing.assert_allclose(layers.multi_head_attention(x, *weights, n_heads=2, causal="skip"), hidden)
    values, operations = count(layers.multi_head_attention, **dict(zip(("x", "w_q", "w_k", "w_v", "w_o"), (x, *weights))), n_heads=2,
                               causal="skip")
    np.testing.assert_allclose(values, hidden)
    shapes = dict(x=(5, 4), w_q=(4, 4), w_k=(4, 4), w_v=(4, 4), w_o=(4, 4))
    ledger = trace(layers.multi_head_attention, **shapes, n_heads=2, causal="skip")
    assert ledger.flops == operations.total() and ledger.matmul_flops == 8*5*4**2 + 4 * 15 * 4
    with pytest.raises(TypeError, match="n is a symbol.*whole number"):
        trace(layers.self_attention, **SQUARES, causal="skip")
    with pytest.raises(ValueError, match="causal: 'half' is not known"):
        trace(layers.self_attention, **SQUARES, causal="half")


def test_activations_at_known_points():
    np.testing.assert_allclose(layers.gelu(np.array([1.0, -1.0])), [0.841192, -0.158808], atol=1e-6)
    np.testing.assert_allclose(layers.silu(np.array([1.0, -1.0])), [0.731059, -0.268941], atol=1e-6)
    normed = layers.layer_norm(np.random.default_rng(0).normal(3, 2, size=(4, 50)), np.ones(50), np.zeros(50))
    np.testing.assert_allclose(normed.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(normed.std(axis=1), 1, atol=1e-4)


def test_one_head_is_self_attention_and_softmax_does_not_overflow():
    rng = np.random.default_rng(1)
    x, *weights = (rng.normal(size=shape) for shape in [(3, 4), *[(4, 4)] * 4])
    np.testing.assert_allclose(layers.multi_head_attention(x, *weights, n_heads=1), layers.self_attention(x, *weights))
    np.testing.assert_allclose(layers.softmax(np.array([1000., 1000., -1000.])), [0.5, 0.5, 0])
    np.testing.assert_allclose(layers.softmax(np.ones((2, 3)), axis=0), 0.5)


@pytest.mark.parametrize("heads, kv_heads, message", [
    (5, 5, "n_heads: 5 does not divide the width 12; 4 or 6 would"), (0, 1, "n_heads: 0 is below 1"), (2.5, 1, "n_heads: 2.5"),
    (True, 1, "n_heads: True"), (4, 3, "n_kv_heads: 3 does not divide the number of heads 4; 2 or 4 would"),
    (4, 0, "n_kv_heads: 0"), (4, "2", "n_kv_heads"), (4, None, "n_kv_heads: None")])
def test_bad_numbers_of_heads_are_named(heads, kv_heads, message):
    with pytest.raises(ValueError, match=message):
        layers.grouped_query_attention(np.ones((2, 12)), *[np.eye(12)] * 4, heads, kv_heads)
    shapes = dict(x=(2, 12), w_q=(12, 12), w_k=(12, 12), w_v=(12, 12), w_o=(12, 12))
    with pytest.raises(ValueError, match=message):
        trace(layers.grouped_query_attention, **shapes, n_heads=heads, n_kv_heads=kv_heads)


def test_shapes_that_do_not_fit_are_refused():
    """By NumPy's own words or the trace's: keys of another width, gates, kernels, weights."""
    with pytest.raises(ValueError, match="matmul"):
        layers.grouped_query_attention(np.ones((2, 4)), np.eye(4), *[np.ones((4, 4))] * 2, np.eye(4), 4, 2)
    with pytest.raises(ValueError, match="equal division"):
        layers.gru(np.ones((3, 2)), np.ones((2, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="size 6 cannot be divided into 4 equal parts"):
        trace(layers.lstm, x=(3, 2), w_x=(2, 6), w_h=(2, 6))
    with pytest.raises(ValueError, match=r"\(n, d\).*\(w, d\)"):
        trace(layers.self_attention, x=(n, d), w_q=(w, d), w_k=(d, d), w_v=(d, d), w_o=(d, d))
    for kernel in (np.ones((0, 2, 2)), np.ones((2, 2))):
        with pytest.raises(ValueError):
            layers.convolution(np.ones((3, 2)), kernel)
