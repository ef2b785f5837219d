"""Backward passes: equal to finite differences, and twice the forward's matrix products, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from test_layers import GROUP_HEADS, GROUPS, NARROW, SQUARES, with_numbers

from helpers import layers
from helpers.notation import d, d_ff, d_h, h_kv, n, w
from helpers.tracing import step, trace

BLOCK = dict(x=(n, d), **layers.block_shapes(d, d_ff, h_kv*w, h_kv, d_h))
GROUPED = 5*h_kv*w*n**2 + 2*h_kv*w*n*d_h + 2*n*d

# name -> shapes, options, shape of the output, FLOPs of the backward pass besides its products
LAYERS = {name: (shapes, options, (n, d), besides) for name, (shapes, options, besides) in {
    "matrix_product": (dict(a=(n, w), b=(w, d)), {}, 0),
    "softmax": (dict(x=(n, d)), {}, 4*n*d),
    "gelu": (dict(x=(n, d)), {}, 18*n*d),
    "self_attention": (SQUARES, {}, 5*n**2 + 2*n*d),
    "causal self_attention": (SQUARES, dict(causal=True), 5*n**2 + 2*n*d),
    "grouped_query_attention": (GROUPS, GROUP_HEADS, GROUPED),
    "feed_forward": (NARROW, dict(activation=layers.gelu), 18*n*d_ff),
    "layer_norm": (dict(x=(n, d), gain=(d,), bias=(d,)), {}, 11*n*d + 2*n),
    "block": (BLOCK, GROUP_HEADS, GROUPED + 18*n*d_ff + 22*n*d + 4*n + 2*n*d),
    "full block": (BLOCK, dict(**GROUP_HEADS, causal=False), GROUPED + 18*n*d_ff + 22*n*d + 4*n + 2*n*d),
}.items()}


def forward_and_backward(layer, g, **arguments):
    """The layer's output, and the gradient of each array argument by its name."""
    arrays = {name: value for name, value in arguments.items() if hasattr(value, "shape")}
    forward, backward = getattr(layers, layer), getattr(layers.backward, f"{layer}_backward")
    saved = {} if "attention" in layer or layer.endswith(("forward", "norm", "block")) else None
    with step("forward"):
        y = forward(**arguments) if saved is None else forward(**arguments, saved=saved)
    with step("backward"):
        if layer == "block":
            return y, backward(g, saved, **{key: arrays[key] for key in arrays if key != "x"})
        given = {"softmax": [y]}.get(layer, arrays.values())
        given = [arrays["gain"]] if layer.endswith("norm") else given
        found = backward(g, *given, **(saved or {}))
    return y, dict(zip(arrays, found if isinstance(found, tuple) else (found,)))


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
@settings(max_examples=3)
def test_gradients_are_those_of_finite_differences(name, data):
    (shapes, options, result, _), layer = LAYERS[name], name.split()[-1]
    # a norm over two elements is all but constant: from three on its gradient can be measured
    sizes = {symbol: data.draw(st.integers(2 + (symbol == d), 2 + 2 * (symbol in (n, d, d_ff))), symbol.name)
             for symbol in (n, d, d_ff, d_h, h_kv, w)}
    rng = np.random.default_rng(data.draw(st.integers(0, 999), "seed"))
    # half-size numbers, so that no softmax is saturated: a gradient of almost 0 cannot be measured
    arrays = {key: rng.normal(size=shape, scale=0.5) for key, shape in with_numbers(shapes, sizes).items()}
    options, g = with_numbers(options, sizes), rng.normal(size=with_numbers(result, sizes))

    y, gradients = forward_and_backward(layer, g, **arrays, **options)
    np.testing.assert_array_equal(y, getattr(layers, layer)(**arrays, **options))
    assert sorted(gradients) == sorted(arrays)
    for key, array in arrays.items():
        measured = finite_difference(lambda: np.sum(g * getattr(layers, layer)(**arrays, **options)), array)
        assert gradients[key].shape == array.shape
        error, size = np.linalg.norm(gradients[key] - measured), np.linalg.norm(measured)
        # the loss is rounded at 1e-16, so a difference over 2e-5 is known to about 1e-10
        assert error <= 1e-6 * max(size, 1e-3), f"{name}: {key} is off by {error:.1e} of {size:.1e}"


@pytest.mark.parametrize("name", LAYERS)
def test_the_backward_pass_has_twice_the_matrix_products(name):
    (shapes, options, result, besides), layer = LAYERS[name], name.split()[-1]
    ledger = trace(lambda **arrays: forward_and_backward(layer, **arrays), g=result, **shapes, **options)
    forward = trace(getattr(layers, layer), **shapes, **options)
    assert {key: tuple(map(sympy.simplify, shape)) for key, shape in ledger.result[1].items()} == shapes
    for part, times in (("forward", 1), ("backward", 2)):
        products = sum(op.flops for op in ledger.operations if op.is_matmul and op.step.startswith(part))
        assert sympy.expand(products - times * forward.matmul_flops) == 0
    assert sympy.expand(ledger.flops - forward.flops - 2 * forward.matmul_flops - besides) == 0


def test_nothing_is_kept_without_saved():
    shapes = dict(x=(64, 8), **layers.block_shapes(8, 32, 2))
    with_saved = trace(layers.block, **shapes, n_heads=2, saved={})
    without = trace(layers.block, **shapes, n_heads=2)
    assert without.peak_elements < with_saved.peak_elements and without.flops == with_saved.flops
