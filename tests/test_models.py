"""The block and the language model: trace = loops = `Transformer`'s formulas, to the unit."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from language_model import language_model, language_model_shapes

from helpers import layers
from helpers.counting import count
from helpers.notation import L, V, d, d_ff, d_h, h, h_kv, n
from helpers.tracing import trace
from helpers.transformer import Transformer


@st.composite
def models(draw):
    """Keyword arguments of `language_model_shapes`, and the options of a call."""
    n_kv_heads, d_head = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = dict(n_layers=draw(st.integers(1, 3)), d=draw(st.integers(1, 5)), d_ff=draw(st.integers(1, 6)),
                 n_heads=n_kv_heads * draw(st.integers(1, 3)), vocab_size=draw(st.integers(1, 7)), n_kv_heads=n_kv_heads,
                 d_head=d_head, gated=draw(st.booleans()), norm=draw(st.sampled_from(["layer", "rms"])),
                 tied=draw(st.booleans()), max_positions=draw(st.sampled_from([0, 6])))
    return shape, dict(n_heads=shape["n_heads"], n_kv_heads=n_kv_heads, norm=shape["norm"],
                       causal=draw(st.sampled_from([False, True, "skip"])))


@given(models(), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_model_costs_what_its_loops_count_and_what_transformer_says(model, tokens, seed):
    shape, options = model
    shapes = language_model_shapes(**shape)
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(size=size) for name, size in shapes.items()}
    text = rng.integers(shape["vocab_size"], size=tokens)

    ledger = trace(language_model, tokens=(tokens,), **shapes, **options)
    values, operations = count(language_model, tokens=text, **weights, **options)
    transformer = Transformer(shape["n_layers"], shape["d"], shape["n_heads"], shape["d_ff"], shape["vocab_size"],
                              n_kv_heads=shape["n_kv_heads"], d_head=shape["d_head"], max_positions=shape["max_positions"],
                              gated=shape["gated"], tied=shape["tied"], attention_bias=False, mlp_bias=False,
                              norm=shape["norm"])

    assert ledger.flops == operations.total() and type(ledger.flops) is int
    assert ledger.matmul_flops == transformer.forward_flops(tokens, causal=options["causal"] == "skip")
    assert sum(weight.size for weight in weights.values()) == transformer.parameters()
    np.testing.assert_allclose(language_model(text, **weights, **options), values, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("options", [{}, dict(gated=True, norm="rms"), dict(tied=False, max_positions=n)])
def test_the_formula_on_symbols_grows_into_the_published_models(options):
    shapes = language_model_shapes(L, d, d_ff, h, V, h_kv, d_h, **options)
    ledger = trace(language_model, tokens=(n,), **shapes, n_heads=h, n_kv_heads=h_kv,
                   norm=options.get("norm", "layer"))
    transformer = Transformer.symbolic(attention_bias=False, mlp_bias=False, **options)
    assert sympy.expand(ledger.matmul_flops - transformer.forward_flops(n)) == 0
    gpt2 = {L: 12, d: 768, h: 12, h_kv: 12, d_h: 64, d_ff: 3072, V: 50257, n: 1024}
    if not options.get("gated"):
        assert ledger.matmul_flops.subs(gpt2) == 291_648_307_200


def test_the_table_says_where_the_operations_are():
    shapes = language_model_shapes(L, d, d_ff, h, V)
    ledger = trace(language_model, tokens=(n,), **shapes, n_heads=h)
    assert list(ledger.by_step()) == [
        "embedding", "blocks/norm 1", "blocks/attention/projections", "blocks/attention/scores", "blocks/attention/mask",
        "blocks/attention/softmax", "blocks/attention/weighted sum", "blocks/attention/output projection",
        "blocks/residual sums", "blocks/norm 2", "blocks/feed-forward/expand", "blocks/feed-forward/activation",
        "blocks/feed-forward/contract", "final norm", "logits"]
    assert ledger.by_step()["embedding"] == 0 and ledger.by_step()["logits"] == 2*n*d*V
    assert ledger.by_step()["blocks/residual sums"] == 2*L*n*d


def test_a_causal_model_cannot_see_the_future():
    rng = np.random.default_rng(0)
    shapes = language_model_shapes(2, 4, 8, 2, 10, gated=True, norm="rms")
    weights = {name: rng.normal(size=size) for name, size in shapes.items()}
    first, second = np.array([1, 2, 3, 4, 5]), np.array([1, 2, 3, 9, 0])

    def logits(tokens, causal):
        return language_model(tokens, **weights, n_heads=2, norm="rms", causal=causal)
    np.testing.assert_array_equal(logits(first, True)[:3], logits(second, True)[:3])
    assert not np.allclose(logits(first, False)[:3], logits(second, False)[:3])


def test_bad_input_is_named():
    shapes = layers.block_shapes(4, 8, 2)
    arguments = {name: np.ones(size) for name, size in shapes.items()}
    with pytest.raises(ValueError, match="norm: 'batch' is not known; give 'layer' or 'rms'"):
        layers.block(np.ones((3, 4)), **arguments, n_heads=2, norm="batch")
    with pytest.raises(ValueError, match='norm: "rms" has no bias; leave out bias_1'):
        layers.block(np.ones((3, 4)), **arguments, n_heads=2, norm="rms")
    del arguments["bias_1"]
    with pytest.raises(ValueError, match='norm: "layer" needs bias; give bias_1'):
        layers.block(np.ones((3, 4)), **arguments, n_heads=2)
    with pytest.raises(ValueError, match="n_heads: 3 does not divide the width 4"):
        trace(layers.block, x=(3, 4), **shapes, n_heads=3)
    with pytest.raises(ValueError, match="n_kv_heads: 0 is below 1"):
        trace(layers.block, x=(3, 4), **shapes, n_heads=2, n_kv_heads=0)
    with pytest.raises(ValueError, match="n_heads: 3 do not divide the width d = 4"):
        layers.block_shapes(4, 8, 3)
    shapes = language_model_shapes(1, 4, 8, 2, 10)
    with pytest.raises(IndexError, match="10"):
        language_model(np.array([10]), **{name: np.ones(size) for name, size in shapes.items()}, n_heads=2)
