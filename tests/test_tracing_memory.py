"""Bytes moved and elements alive, as the trace says and as real arrays under watch show."""

import numpy as np
import pytest
import test_backward
from hypothesis import example, given, settings, strategies as st
from language_model import language_model, language_model_shapes
from test_layers import with_numbers
from watched import watch

from helpers import layers
from helpers.notation import d, d_ff, d_h, h_kv, n, w
from helpers.tracing import trace


def assert_agree(function, shapes, options):
    ledger, seen = trace(function, bytes_per_element=8, **shapes, **options), watch(function, **shapes, **options)
    recorded = [(op.name, op.bytes_moved) for op in ledger.operations if op.bytes_moved]
    assert [moved for _, moved in recorded] == [moved for _, moved in seen.calls], list(zip(recorded, seen.calls))
    assert (ledger.bytes_moved, ledger.peak_elements) == (seen.bytes_moved, seen.peak)


@pytest.mark.parametrize("name", test_backward.LAYERS)
@given(data=st.data())
@settings(max_examples=8)
def test_every_layer_backward_moves_and_holds_what_real_arrays_do(name, data):
    """Forward: see test_layers."""
    shapes, options, output, _ = test_backward.LAYERS[name]
    sizes = {symbol: data.draw(st.integers(1, 4), symbol.name) for symbol in (n, d, d_ff, d_h, h_kv, w)}
    shapes, options = with_numbers(dict(g=output, **shapes), sizes), with_numbers(options, sizes)

    def both_ways(g, **arguments):
        return test_backward.forward_and_backward(name.split()[-1], g, **arguments)
    assert_agree(both_ways, shapes, options)


@given(tokens=st.integers(1, 4), width=st.integers(1, 4))
@settings(max_examples=8)
def test_one_head_that_skips_the_future(tokens, width):
    """Masked: see test_layers."""
    assert_agree(layers.mix, dict.fromkeys("qkv", (tokens, width)), dict(causal="skip"))


@pytest.mark.parametrize("gated, norm, tied", [(False, "layer", True), (True, "rms", False)])
@given(tokens=st.integers(1, 4), heads=st.integers(1, 3), depth=st.integers(1, 3), learned=st.booleans())
@settings(max_examples=8)
def test_a_whole_model(gated, norm, tied, tokens, heads, depth, learned):
    shapes = language_model_shapes(depth, 4 * heads, 5, heads, 7, gated=gated, norm=norm, tied=tied, max_positions=6 * learned)

    def model(tokens, **weights):
        return language_model(tokens.astype(int), **weights, n_heads=heads)
    ledger, seen = trace(model, bytes_per_element=8, tokens=(tokens,), **shapes), watch(model, tokens=np.zeros(tokens), **shapes)
    assert (ledger.bytes_moved, ledger.peak_elements) == (seen.bytes_moved, seen.peak)


def added(x, number):
    """Two ways to write into what is there; neither makes an array of x's size."""
    x += number
    if x.ndim:
        x[..., ::2] = number
    return x


# Any chain of these must be a view exactly where NumPy makes one, and a copy of the same layout where it copies.
LINKS = {
    "transpose": lambda x, a: x.transpose(np.roll(np.arange(x.ndim), a).tolist()),
    "swapaxes": lambda x, a: np.swapaxes(x, 0, a % x.ndim) if x.ndim else x,
    "T": lambda x, a: x.T,
    "part": lambda x, a: x[a % x.shape[0]:] if x.ndim else x,
    "part of the last": lambda x, a: x[..., :1 + a % x.shape[-1]] if x.ndim else x,
    "every second": lambda x, a: x[..., ::2] if x.ndim else x,
    "row": lambda x, a: x[a % x.shape[0]] if x.ndim > 1 else x,
    "new axis": lambda x, a: np.expand_dims(x, a % (x.ndim + 1)) if x.ndim < 4 else x,
    "squeeze": lambda x, a: np.squeeze(x),
    "flip": lambda x, a: np.flip(x, a % x.ndim) if x.ndim else x,
    "broadcast": lambda x, a: np.broadcast_to(x, (2, *x.shape)) if x.ndim < 4 else x,
    "windows": lambda x, a: np.lib.stride_tricks.sliding_window_view(x, 1 + a % x.shape[0], axis=0) if 0 < x.ndim < 4 else x,
    "flat": lambda x, a: x.reshape(-1),
    "ravel": lambda x, a: np.ravel(x),
    "first two joined": lambda x, a: x.reshape(-1, *x.shape[2:]) if x.ndim > 1 else x,
    "last two joined": lambda x, a: x.reshape(*x.shape[:-2], -1) if x.ndim > 1 else x,
    "first divided": lambda x, a: x.reshape(2, -1, *x.shape[1:]) if 0 < x.ndim < 4 and x.shape[0] % 2 == 0 else x,
    "last divided": lambda x, a: x.reshape(*x.shape[:-1], -1, 2) if 0 < x.ndim < 4 and x.shape[-1] % 2 == 0 else x,
    "exp": lambda x, a: np.exp(-x),
    "with its mean": lambda x, a: x - x.mean(axis=a % x.ndim, keepdims=True) if x.ndim else x,
    "plus a row": lambda x, a: x * x[:1] if x.ndim else x,
    "summed": lambda x, a: np.sum(x, axis=a % x.ndim) if x.ndim > 1 else x,
    "sorted": lambda x, a: np.sort(x, axis=a % x.ndim) if x.ndim else x,
    "order": lambda x, a: np.argsort(x, axis=a % x.ndim) * 1.0 if x.ndim else x,
    "np.copy": lambda x, a: np.copy(x),
    "copy": lambda x, a: x.copy(),
    "astype": lambda x, a: x.astype(float),
    "zeros like": lambda x, a: np.zeros_like(x),
    "into another": lambda x, a: np.multiply(x, 2, out=np.zeros_like(x)),
    "in place": lambda x, a: added(np.copy(x), a),
    "where": lambda x, a: np.where(x > 0.5, x, 0),
    "joined": lambda x, a: np.concatenate([x, x], a % x.ndim) if x.ndim else x,
    "stacked": lambda x, a: np.stack([x, x], -1) if 0 < x.ndim < 4 else x,
    "gathered": lambda x, a: x[(slice(None),) * (a % x.ndim) + (np.array([0, -1]),)] if x.ndim else x,
    "running": lambda x, a: np.cumsum(x, axis=a % x.ndim) if x.ndim else x,
    "clipped": lambda x, a: np.clip(x, 0, x[:1]) if x.ndim else x,
    "largest": lambda x, a: np.argmax(x, axis=a % x.ndim) * 1.0 if x.ndim > 1 else x,
    "einsum": lambda x, a: np.einsum("...ij,...jk->...ik", x, x.swapaxes(-1, -2)) if x.ndim > 1 else x,
    "product": lambda x, a: np.matmul(x, x.swapaxes(-1, -2)) if x.ndim > 1 else x,
}


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
       links=st.lists(st.tuples(st.sampled_from(sorted(LINKS)), st.integers(0, 3)), min_size=1, max_size=8))
@example((1, 2), [("broadcast", 0), ("last two joined", 0), ("astype", 0), ("last two joined", 0)])  # found by chance
@example((1,), [("squeeze", 0), ("astype", 0)])
@example((1,), [("broadcast", 0), ("ravel", 0)])
@example((3,), [("windows", 1), ("flip", 0), ("astype", 0)])
@example((2, 3, 4), [("T", 0), ("summed", 0), ("flat", 0)])
@example((2, 3, 4), [("every second", 0), ("first two joined", 0)])
@example((4, 1, 1), [("T", 0), ("last divided", 0), ("T", 0), ("product", 0), ("T", 0), ("T", 0), ("first two joined", 0)])
@settings(max_examples=400)
def test_any_chain_of_views_and_copies(shape, links):
    def chain(x):
        for name, number in links:
            x = LINKS[name](x, number)
        return x
    assert_agree(chain, dict(x=shape), {})


def test_the_watch_itself():
    """The other side of the comparison, by hand: 6 elements of 8 bytes, a view, a copy, and what dies."""
    def code(x):
        y = x.T                 # a view
        z = y.reshape(-1)       # a copy: 6 read, 6 written
        del y
        z = z + 1               # 6 read, 6 written; x, the old z and the new are alive
        return z[:2]            # a view keeps all of z alive
    seen = watch(code, x=(2, 3))
    assert (seen.bytes_moved, seen.peak, seen.alive) == (8 * 24, 18, 6)
    assert seen.calls == [("reshape", 96), ("add", 96)]
    assert watch(lambda x: np.broadcast_to(x, (5, 3)) + 1, x=(3,)).bytes_moved == 8 * (3 + 15)
    assert watch(lambda x: x > 0, x=(3,)).bytes_moved == 8 * 3 + 3
