"""Backward passes: equal to finite differences, and twice the forward's matrix products, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers import layers
from helpers.notation import d, d_ff, d_h, h_kv, n, w
from helpers.tracing import step, trace

SQUARES = dict(x=(n, d), w_q=(d, d), w_k=(d, d), w_v=(d, d), w_o=(d, d))
GROUPS = dict(x=(n, d), w_q=(d, h_kv*w*d_h), w_k=(d, h_kv*d_h), w_v=(d, h_kv*d_h), w_o=(h_kv*w*d_h, d))
NARROW = dict(x=(n, d), w_in=(d, d_ff), w_out=(d_ff, d))
BLOCKS = [dict(x=(n, d), **layers.block_shapes(d, d_ff, h_kv*w, h_kv, d_h, gated, norm))
          for gated in (False, True) for norm in ("layer", "rms")]
GROUP_HEADS = dict(n_heads=h_kv*w, n_kv_heads=h_kv)


def forward_and_backward(layer, g, **arguments):
    """The layer's output, and the gradient of each array argument by its name."""
    saved, arrays = {}, {name: value for name, value in arguments.items() if hasattr(value, "shape")}
    rest = {name: value for name, value in arguments.items() if name not in arrays}
    forward, backward = getattr(layers, layer), getattr(layers, f"{layer}_backward")
    if layer in ("matrix_product", "softmax", "relu", "gelu", "silu"):
        with step("forward"):
            y = forward(**arrays)
        with step("backward"):
            gradients = backward(g, y) if layer == "softmax" else backward(g, *arrays.values())
        return y, dict(zip(arrays, gradients if isinstance(gradients, tuple) else (gradients,)))
    with step("forward"):
        y = forward(**arguments, saved=saved)
    with step("backward"):
        if layer == "block":
            return y, backward(g, saved, **{name: value for name, value in arrays.items() if name != "x"})
        if layer.endswith("norm"):
            return y, dict(zip(arrays, backward(g, arrays["gain"], **saved)))
        options = {name: value for name, value in rest.items() if name == "activation"}
        return y, dict(zip(arrays, backward(g, **arrays, **saved, **options)))


# name -> shapes, options, shape of the output, FLOPs of the backward pass besides its matrix products
LAYERS = {
    "matrix_product": (dict(a=(n, w), b=(w, d)), {}, (n, d), 0),
    "softmax": (dict(x=(n, d)), {}, (n, d), 4*n*d),
    "relu": (dict(x=(n, d)), {}, (n, d), 2*n*d),
    "gelu": (dict(x=(n, d)), {}, (n, d), 18*n*d),
    "silu": (dict(x=(n, d)), {}, (n, d), 9*n*d),
    "self_attention": (SQUARES, {}, (n, d), 5*n**2 + 2*n*d),
    "causal self_attention": (SQUARES, dict(causal=True), (n, d), 5*n**2 + 2*n*d),
    "grouped_query_attention": (GROUPS, GROUP_HEADS, (n, d), 5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d),
    "feed_forward": (NARROW, {}, (n, d), 2*n*d_ff),
    "gelu feed_forward": (NARROW, dict(activation=layers.gelu), (n, d), 18*n*d_ff),
    "gated_feed_forward": (dict(x=(n, d), w_gate=(d, d_ff), w_in=(d, d_ff), w_out=(d_ff, d)), {}, (n, d), 11*n*d_ff + n*d),
    "layer_norm": (dict(x=(n, d), gain=(d,), bias=(d,)), {}, (n, d), 11*n*d + 2*n),
    "rms_norm": (dict(x=(n, d), gain=(d,)), {}, (n, d), 8*n*d + n),
    "block": (BLOCKS[0], GROUP_HEADS, (n, d), 5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d + 18*n*d_ff + 22*n*d + 4*n + 2*n*d),
    "rms block": (BLOCKS[1], dict(**GROUP_HEADS, norm="rms", causal=False), (n, d),
                  5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d + 18*n*d_ff + 16*n*d + 2*n + 2*n*d),
    "gated block": (BLOCKS[2], GROUP_HEADS, (n, d),
                    5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d + 11*n*d_ff + n*d + 22*n*d + 4*n + 2*n*d),
    "gated rms block": (BLOCKS[3], dict(**GROUP_HEADS, norm="rms"), (n, d),
                        5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d + 11*n*d_ff + n*d + 16*n*d + 2*n + 2*n*d),
}


def on_numbers(value, sizes):
    """Symbols in a shape or an option replaced by the sizes drawn."""
    if isinstance(value, tuple):
        return tuple(on_numbers(size, sizes) for size in value)
    return int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value


def finite_difference(loss, array, step_width=1e-5):
    """The gradient of loss() by the elements of `array`, two evaluations each."""
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        centre = array[place]
        array[place] = centre + step_width
        above = loss()
        array[place] = centre - step_width
        gradient[place] = (above - loss()) / (2 * step_width)
        array[place] = centre
    return gradient


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_gradients_are_those_of_finite_differences(name, data):
    shapes, options, result, _ = LAYERS[name]
    # a norm over two elements is all but constant: from three on its gradient can be measured
    sizes = {symbol: data.draw(st.integers(3 if symbol == d else 2, 4 if symbol in (n, d, d_ff) else 2), label=symbol.name)
             for symbol in (n, d, d_ff, d_h, h_kv, w)}
    rng = np.random.default_rng(data.draw(st.integers(0, 999), label="seed"))
    # half-size numbers, so that no softmax is saturated: a gradient of almost 0 cannot be measured
    arrays = {key: rng.normal(size=on_numbers(shape, sizes), scale=0.5) for key, shape in shapes.items()}
    if name in ("relu", "feed_forward"):  # away from the corner at 0, where ReLU has no slope
        assume(np.all(abs(arrays["x"] @ arrays.get("w_in", np.eye(sizes[d]))) > 1e-3))
    options = {key: on_numbers(value, sizes) for key, value in options.items()}
    layer, g = name.split()[-1], rng.normal(size=on_numbers(result, sizes))

    y, gradients = forward_and_backward(layer, g, **arrays, **options)
    np.testing.assert_array_equal(y, getattr(layers, layer)(**arrays, **options), "saving must not change the result")
    assert list(sorted(gradients)) == sorted(arrays)
    for key, array in arrays.items():
        measured = finite_difference(lambda: np.sum(g * getattr(layers, layer)(**arrays, **options)), array)
        assert gradients[key].shape == array.shape
        error, size = np.linalg.norm(gradients[key] - measured), np.linalg.norm(measured)
        # the loss is rounded at 1e-16, so a difference over 2e-5 is known to about 1e-10: the floor of the size
        assert error <= 1e-6 * max(size, 1e-3), f"{name}: gradient of {key} is off by {error:.1e} of {size:.1e}"


def matrix_products(ledger, part):
    return sympy.expand(sum(op.flops for op in ledger.operations if op.is_matmul and op.step.startswith(part)))


@pytest.mark.parametrize("name", LAYERS)
def test_the_backward_pass_has_twice_the_matrix_products(name):
    shapes, options, result, besides = LAYERS[name]
    layer = name.split()[-1]
    ledger = trace(lambda **arrays: forward_and_backward(layer, **arrays), g=result, **shapes, **options)
    forward = trace(getattr(layers, layer), **shapes, **options)
    assert {key: tuple(map(sympy.simplify, shape)) for key, shape in ledger.result[1].items()} == shapes
    assert matrix_products(ledger, "forward") == sympy.expand(forward.matmul_flops)
    assert matrix_products(ledger, "backward") == sympy.expand(2 * forward.matmul_flops)
    assert sympy.expand(ledger.flops - forward.flops - 2 * forward.matmul_flops - besides) == 0


@pytest.mark.parametrize("layer, shapes, saved, spared, kept", [
    ("self_attention", SQUARES, {}, 6*n*d**2, 10*n*d**2 + 8*n**2*d),
    ("grouped_query_attention", GROUPS, GROUP_HEADS, 2*n*d*d_h*h_kv*(w + 2), 2*n*d*d_h*h_kv*(3*w + 2) + 8*n**2*d_h*h_kv*w),
    ("feed_forward", NARROW, {}, 2*n*d*d_ff, 6*n*d*d_ff),
    ("gated_feed_forward", dict(w_gate=(d, d_ff), **NARROW), {}, 4*n*d*d_ff, 8*n*d*d_ff),
])
def test_a_first_layer_spares_the_products_that_only_its_input_needs(layer, shapes, saved, spared, kept):
    def backward(g, input_gradient, **arrays):
        keep = {}
        getattr(layers, layer)(**arrays, **saved, saved=keep)
        with step("backward"):
            return getattr(layers, f"{layer}_backward")(g, **arrays, **keep, input_gradient=input_gradient)

    whole, first = (trace(backward, g=(n, d), input_gradient=needed, **shapes) for needed in (True, False))
    assert first.result[0] is None and first.result[1:] == whole.result[1:]
    assert matrix_products(first, "backward") == sympy.expand(kept)
    assert matrix_products(whole, "backward") - matrix_products(first, "backward") == sympy.expand(spared)


def test_a_first_matrix_product_costs_as_much_backward_as_forward():
    ledger = trace(layers.matrix_product_backward, g=(n, d), a=(n, w), b=(w, d), input_gradient=False)
    assert ledger.flops == 2*n*w*d and ledger.result == (None, (w, d))


def test_saved_arrays_make_the_backward_pass_a_function_of_shapes():
    shapes = dict(g=(n, d), **SQUARES, q=(n, d), k=(n, d), v=(n, d), weights=(n, n), mixed=(n, d))
    ledger = trace(layers.self_attention_backward, **shapes)
    assert sympy.expand(ledger.matmul_flops - (16*n*d**2 + 8*n**2*d)) == 0
    assert list(ledger.by_step()) == ["output projection", "weighted sum", "softmax", "scores", "projections"]


def test_nothing_is_kept_without_saved():
    shapes = dict(x=(64, 8), **layers.block_shapes(8, 32, 2))
    with_saved = trace(layers.block, **shapes, n_heads=2, saved={})
    without = trace(layers.block, **shapes, n_heads=2)
    assert without.peak_elements < with_saved.peak_elements and without.flops == with_saved.flops


def test_hidden_pairs_get_no_gradient():
    rng = np.random.default_rng(0)
    x, *weights = (rng.normal(size=shape) for shape in [(4, 3), *[(3, 3)] * 4])
    saved = {}
    layers.self_attention(x, *weights, causal=True, saved=saved)
    g = np.zeros((4, 3))
    g[1] = 1
    g_x = layers.self_attention_backward(g, x, *weights, **saved)[0]
    assert np.all(g_x[2:] == 0) and np.all(g_x[:2] != 0)


def test_bad_input_is_named():
    arrays = [np.ones((2, 2))] * 6
    with pytest.raises(ValueError, match="activation: 'tanh' is not known; give 'relu' or 'gelu' or 'silu'"):
        layers.feed_forward_backward(*arrays, activation=np.tanh)
    with pytest.raises(ValueError, match=r"matmul.*\(n, w\).*\(n, d\)"):
        trace(layers.matrix_product_backward, g=(n, w), a=(n, d), b=(d, n))
    with pytest.raises(ValueError, match="causal: 'skip'.*without saved="):
        layers.self_attention(*[np.ones((2, 2))] * 5, causal="skip", saved={})
