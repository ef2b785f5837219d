"""The oracle beside the loops that it replaces: the same values and counts, for every layer at random sizes."""
import numpy as np
import pytest
import sympy
import test_layers
import test_layers_features
import test_layers_latent
import test_layers_patterns
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layers_features import whole

import loops
from helpers import layers
from helpers.counting import count

SIMPLE = test_layers.LAYERS | test_layers_features.LAYERS


def compared(layer, arrays, options):
    lists = {key: array.tolist() for key, array in arrays.items()}
    loop_options = {key: getattr(loops, value.__name__) if callable(value) else value for key, value in options.items()}
    values, operations = getattr(loops, layer)(**lists, **loop_options)
    others, counted = count(getattr(layers, layer), **arrays, **options)
    assert operations.total() == counted.total()
    for one, other in zip(*((x if isinstance(x, tuple) else (x,)) for x in (values, others))):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SIMPLE)
@given(st.data())
@settings(max_examples=10, deadline=None)
def test_simple(name, data):
    shapes, options, _ = SIMPLE[name]
    symbols = sorted({s for shape in shapes.values() for size in shape for s in sympy.sympify(size).free_symbols}, key=str)
    sizes = {s: data.draw(st.integers(1, 3 if s.name in ("h", "h_kv", "w") else 5), s.name) for s in symbols}
    if name == "low_rank_attention":
        sizes = {s: max(sizes.values()) if s.name == "n" else size for s, size in sizes.items()}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.uniform(0.1, 1, shape) for key, shape in whole(shapes, sizes).items()}
    compared(name.split()[-1], arrays, {key: int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value
                                        for key, value in options.items()})


@pytest.mark.parametrize("name", test_layers_patterns.CASES)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_patterns(name, data):
    layer, shapes, options, _ = test_layers_patterns.CASES[name]
    sizes, put_in = test_layers_patterns.draw_sizes(data, name), test_layers_patterns.put_in
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.normal(size=put_in(shape, sizes)) for key, shape in shapes.items()}
    numbers = {key: put_in(value, sizes) for key, value in options.items()}
    if "blocks" in options:
        numbers["blocks"] = test_layers_patterns.draw_blocks(data, sizes)
    if "mask" in options:
        numbers["mask"] = rng.random(numbers["mask"]) < 0.5
        np.fill_diagonal(numbers["mask"], True)
    compared(layer, arrays, numbers)


@pytest.mark.parametrize("form, compressed, causal", test_layers_latent.CASES)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_latent(form, compressed, causal, data):
    latent, sizes = test_layers_latent, test_layers_latent.drawn(data)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    shapes = whole(dict(x=(latent.n, latent.d), **latent.weights(compressed)), sizes)
    compared(latent.FORMS[form][0].__name__, {key: rng.normal(size=shape) for key, shape in shapes.items()},
             dict(n_heads=sizes[latent.h], causal=causal))
