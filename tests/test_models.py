"""The block and the language model: trace = oracle = `Transformer`'s formulas, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from language_model import language_model, language_model_shapes

from helpers.counting import count
from helpers.notation import L, V, d, d_ff, d_h, h, h_kv, n
from helpers.tracing import trace
from helpers.transformer import Transformer

SMALL = st.integers(1, 3)


@given(st.fixed_dictionaries(dict(
    n_layers=st.integers(1, 2), d=SMALL, d_ff=SMALL, n_heads=SMALL, vocab_size=st.integers(1, 5),
    n_kv_heads=SMALL, d_head=SMALL, gated=st.booleans(), norm=st.sampled_from(["layer", "rms"]),
    tied=st.booleans(), max_positions=st.sampled_from([0, 6]))),
    st.sampled_from([False, True, "skip"]), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=20)
def test_a_model_costs_what_the_oracle_and_transformer_say(shape, causal, tokens, seed):
    shape["n_heads"] *= shape["n_kv_heads"]
    shapes, rng = language_model_shapes(**shape), np.random.default_rng(seed)
    options = {key: shape[key] for key in ("n_heads", "n_kv_heads")} | {"causal": causal}
    weights = {name: rng.normal(size=size) for name, size in shapes.items()}
    text = rng.integers(shape["vocab_size"], size=tokens)

    ledger = trace(language_model, tokens=(tokens,), **shapes, **options)
    values, operations = count(language_model, tokens=text, **weights, **options)
    model = Transformer(d_model=shape.pop("d"), **shape, attention_bias=False, mlp_bias=False)
    assert ledger.flops == operations.total() and type(ledger.flops) is int
    assert ledger.matmul_flops == model.forward_flops(tokens, causal=causal == "skip")
    assert sum(weight.size for weight in weights.values()) == model.parameters()
    np.testing.assert_allclose(language_model(text, **weights, **options), values, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("options", [{}, dict(gated=True, norm="rms"), dict(tied=False, max_positions=n)])
def test_the_formula_on_symbols_grows_into_the_published_models(options):
    shapes = language_model_shapes(L, d, d_ff, h, V, h_kv, d_h, **options)
    ledger = trace(language_model, tokens=(n,), **shapes, n_heads=h, n_kv_heads=h_kv)
    transformer = Transformer.symbolic(attention_bias=False, mlp_bias=False, **options)
    assert sympy.expand(ledger.matmul_flops - transformer.forward_flops(n)) == 0
    steps = ledger.by_step()
    assert steps["embedding"] == (n*d if "max_positions" in options else 0)
    assert steps["logits"] == 2*n*d*V and steps["blocks/residual sums"] == 2*L*n*d
