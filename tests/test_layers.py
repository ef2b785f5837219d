"""Each layer three ways: traced count = traced formula with numbers put in = scalar loops, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import counting, layers
from helpers.notation import d, d_ff, h, d_h, k, n, w
from helpers.tracing import trace

SIZES = st.integers(1, 6)

# layer -> shapes of its arguments in symbols, further arguments, the formula of the docstring
LAYERS = {
    "dot_product": (dict(a=(d,), b=(d,)), {}, 2*d),
    "matrix_product": (dict(a=(n, k), b=(k, d)), {}, 2*n*k*d),
    "softmax": (dict(x=(n,)), {}, 5*n),
    "dot_product_attention": (dict(q=(d,), k=(n, d), v=(n, d)), {}, 4*n*d + 6*n),
    "self_attention": (dict(x=(n, d), w_q=(d, d), w_k=(d, d), w_v=(d, d), w_o=(d, d)), {}, 8*n*d**2 + 4*n**2*d + 6*n**2),
    "causal self_attention": (dict(x=(n, d), w_q=(d, d), w_k=(d, d), w_v=(d, d), w_o=(d, d)), dict(causal=True),
                              8*n*d**2 + 4*n**2*d + 7*n**2),
    "multi_head_attention": (dict(x=(n, d), w_q=(d, h*d_h), w_k=(d, h*d_h), w_v=(d, h*d_h), w_o=(h*d_h, d)), dict(n_heads=h),
                             8*n*d*h*d_h + 4*n**2*h*d_h + 6*h*n**2),
    "causal multi_head_attention": (dict(x=(n, d), w_q=(d, h*d_h), w_k=(d, h*d_h), w_v=(d, h*d_h), w_o=(h*d_h, d)),
                                    dict(n_heads=h, causal=True), 8*n*d*h*d_h + 4*n**2*h*d_h + 7*h*n**2),
    "feed_forward": (dict(x=(n, d), w_in=(d, d_ff), w_out=(d_ff, d)), {}, 4*n*d*d_ff + n*d_ff),
}


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_count_formula_and_loops_agree(name, data):
    shapes, options, published = LAYERS[name]
    layer = name.split()[-1]
    symbols = sorted({s for shape in shapes.values() for size in shape for s in size.free_symbols}, key=str)
    sizes = {symbol: data.draw(SIZES, label=symbol.name) for symbol in symbols}
    whole = {key: tuple(int(size.subs(sizes)) for size in shape) for key, shape in shapes.items()}
    given_options = {key: int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value for key, value in options.items()}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.normal(size=shape) for key, shape in whole.items()}

    formula = trace(getattr(layers, layer), **shapes, **options).flops
    count = trace(getattr(layers, layer), **whole, **given_options).flops
    values, operations = getattr(counting, layer)(*(array.tolist() for array in arrays.values()), **given_options)

    assert sympy.expand(formula - published) == 0
    assert type(count) is int and count == formula.subs(sizes) == operations.total()
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


def test_one_head_is_self_attention_and_softmax_does_not_overflow():
    rng = np.random.default_rng(1)
    x, *weights = (rng.normal(size=shape) for shape in [(3, 4), *[(4, 4)] * 4])
    np.testing.assert_allclose(layers.multi_head_attention(x, *weights, n_heads=1), layers.self_attention(x, *weights))
    np.testing.assert_allclose(layers.softmax(np.array([1000., 1000., -1000.])), [0.5, 0.5, 0])
    np.testing.assert_allclose(layers.softmax(np.ones((2, 3)), axis=0), 0.5)


@pytest.mark.parametrize("heads", [0, -1, 2.5, "2", True, None])
def test_bad_numbers_of_heads_are_named(heads):
    with pytest.raises(ValueError, match="n_heads"):
        layers.multi_head_attention(np.ones((2, 4)), *[np.eye(4)] * 4, n_heads=heads)


def test_heads_that_do_not_divide_say_which_would():
    with pytest.raises(ValueError, match=r"n_heads: 5 heads do not divide the width 12; 4 or 6 would"):
        layers.multi_head_attention(np.ones((2, 12)), *[np.eye(12)] * 4, n_heads=5)
    with pytest.raises(ValueError, match="n_heads: 5"):
        trace(layers.multi_head_attention, x=(2, 12), w_q=(12, 12), w_k=(12, 12), w_v=(12, 12), w_o=(12, 12), n_heads=5)
    with pytest.raises(ValueError, match="n_heads: 3"):
        counting.multi_head_attention([[1.0] * 4], *[np.eye(4).tolist()] * 4, n_heads=3)


def test_a_shape_that_does_not_fit_a_weight_prints_both():
    with pytest.raises(ValueError, match=r"\(n, d\).*\(w, d\)"):
        trace(layers.self_attention, x=(n, d), w_q=(w, d), w_k=(d, d), w_v=(d, d), w_o=(d, d))
    with pytest.raises(ValueError, match="a has 1 numbers and b has 2"):
        counting.dot_product([1], [1, 2])
    with pytest.raises(ValueError, match="as long as"):
        counting.matrix_product([[1, 2]], [[1]])


def test_the_oracle_shares_no_code_with_the_trace():
    import ast
    import inspect
    imported = {alias.name for node in ast.walk(ast.parse(inspect.getsource(counting)))
                if isinstance(node, (ast.Import, ast.ImportFrom))
                for alias in ([ast.alias(node.module)] if isinstance(node, ast.ImportFrom) else node.names)}
    assert imported == {"collections", "math"}
