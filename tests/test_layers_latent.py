"""Latent attention in two forms: equal values, the costs of `Transformer` to the unit, and what decoding reads."""

from functools import lru_cache

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layers_features import whole
from test_tracing_memory import assert_agree

from helpers import layers
from helpers.counting import count
from helpers.notation import d, h, n, r
from helpers.published import MODELS
from helpers.tracing import trace
from helpers.transformer import Transformer

D_C, D_NOPE, D_ROPE, D_V, M = sympy.symbols("d_c d_nope d_rope d_v m", positive=True, integer=True)
WIDTHS = (D_C, D_NOPE, D_ROPE, D_V)
MIX = dict(q_content=(h, M, D_NOPE), q_position=(h, M, D_ROPE), latent=(n, D_C), k_position=(n, D_ROPE),
           w_uk=(D_C, h*D_NOPE), w_uv=(D_C, h*D_V))
FORMS = {"expanded": layers.latent_attention, "absorbed": layers.latent_attention_absorbed}
CASES = [(form, compressed, causal) for form in FORMS for compressed in (False, True) for causal in (False, True)]
MIXES = {"expanded": layers.latent_mix, "absorbed": layers.latent_mix_absorbed}


def weights(compressed):
    return layers.latent_attention_shapes(d, h, *WIDTHS, q_rank=r if compressed else None)


def pair(form):
    """FLOPs that one query and one row cost in one head, products alone."""
    return 2*(2*D_C + D_ROPE) if form == "absorbed" else 2*(D_NOPE + D_ROPE + D_V)


@lru_cache(maxsize=None)
def on_symbols(form, compressed, causal):
    return trace(FORMS[form], x=(n, d), **weights(compressed), n_heads=h, causal=causal)


def drawn(data):
    limits = {h: 3, r: 3} | {symbol: 3 for symbol in WIDTHS}
    return {symbol: data.draw(st.integers(1, limits.get(symbol, 5)), label=symbol.name) for symbol in (n, d, h, r, M, *WIDTHS)}


@pytest.mark.parametrize("form, compressed, causal", CASES)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_count_formula_and_loops_agree(form, compressed, causal, data):
    layer, sizes = FORMS[form], drawn(data)
    shapes = dict(x=(n, d), **weights(compressed))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = {key: rng.normal(size=shape) for key, shape in whole(shapes, sizes).items()}

    formula = on_symbols(form, compressed, causal).flops
    traced = trace(layer, **whole(shapes, sizes), n_heads=sizes[h], causal=causal).flops
    values, operations = count(layer, **arrays, n_heads=sizes[h], causal=causal)

    parameters = sum(rows * columns for rows, columns in weights(compressed).values())
    published = 2*n*parameters + h*n**2 * (pair(form) + 7 + int(causal))
    assert sympy.expand(formula - published) == 0
    assert type(traced) is int and traced == formula.subs(sizes) == operations.total()
    np.testing.assert_allclose(layer(**arrays, n_heads=sizes[h], causal=causal), values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form, compressed, causal", CASES)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_bytes_and_peak_are_those_of_real_arrays(form, compressed, causal, data):
    layer, sizes, options = FORMS[form], drawn(data), dict(causal=causal)
    shapes = dict(x=(n, d), **weights(compressed))
    assert_agree(layer, whole(shapes, sizes), options | dict(n_heads=sizes[h]))
    if min(sizes[n], sizes[h], sizes[D_V]) > 1:  # else heads are joined without a copy
        formula = on_symbols(form, compressed, causal)
        ledger = trace(layer, **whole(shapes, sizes), n_heads=sizes[h], **options)
        assert formula.bytes_moved.subs(sizes) == ledger.bytes_moved
        assert formula.peak_elements.subs(sizes) == ledger.peak_elements


@pytest.mark.parametrize("compressed", [False, True])
def test_the_matrix_products_are_those_of_the_models_formula(compressed):
    """`Transformer` was written and checked without this layer; here the two must name the same FLOPs."""
    model = Transformer.symbolic(kv_lora_rank=D_C, qk_nope_head_dim=D_NOPE, qk_rope_head_dim=D_ROPE, v_head_dim=D_V,
                                 q_lora_rank=r if compressed else None, attention_bias=False, n_layers=1)
    for form, layer in FORMS.items():
        parts = model.flops_by_part(n, absorbed=form == "absorbed")
        traced = trace(layer, x=(n, d), **weights(compressed), n_heads=h).matmul_flops
        assert sympy.expand(traced - parts["attention projections"] - parts["scores and weighted sum"]) == 0


def published_shapes(model):
    return layers.latent_attention_shapes(model.d_model, model.n_heads, model.kv_lora_rank, model.qk_nope_head_dim,
                                          model.qk_rope_head_dim, model.v_head_dim, model.q_lora_rank)


LATENT_MODELS = [name for name, model in MODELS.items() if model.is_latent]


@pytest.mark.parametrize("name", LATENT_MODELS)
@pytest.mark.parametrize("form", FORMS)
def test_published_models_to_the_unit(name, form):
    model, layer = MODELS[name], FORMS[form]
    shapes = published_shapes(model)
    traced = trace(layer, x=(1024, model.d_model), **shapes, n_heads=model.n_heads).matmul_flops
    parts = model.flops_by_part(1024, absorbed=form == "absorbed")
    assert model.n_layers * traced == parts["attention projections"] + parts["scores and weighted sum"]


@pytest.mark.parametrize("name", LATENT_MODELS)
def test_the_cache_is_what_the_two_products_of_a_token_keep(name):
    model, shapes = MODELS[name], published_shapes(MODELS[name])
    content, position = trace(layers.latent_cache, x=(1000, model.d_model), w_dkv=shapes["w_dkv"], w_kr=shapes["w_kr"]).result
    assert model.n_layers * (content[0] * content[1] + position[0] * position[1]) == model.kv_cache_bytes(1000, bytes_per_element=1)
    (heads, _, nope), (_, _, rope) = trace(layers.latent_queries, x=(1, model.d_model), w_uq=shapes["w_uq"], w_qr=shapes["w_qr"],
                                           n_heads=model.n_heads, w_dq=shapes.get("w_dq")).result
    assert model.n_layers * heads * (nope + rope + model.v_head_dim) == model.kv_cache_bytes(1, bytes_per_element=1, expanded=True)


def test_there_are_published_models_to_test():
    assert "DeepSeek-V3" in LATENT_MODELS


# --- values --------------------------------------------------------------------------------------------------------

def small(compressed=False, seed=0, tokens=6):
    rng = np.random.default_rng(seed)
    shapes = layers.latent_attention_shapes(8, 3, d_c=4, d_nope=3, d_rope=2, d_v=5, q_rank=6 if compressed else None)
    return rng.normal(size=(tokens, 8)), {name: rng.normal(size=shape) / 3 for name, shape in shapes.items()}


def rotated(x, start=0):
    """Rotary position: each pair of numbers turned by an angle that grows with the token's place."""
    angle = (start + np.arange(x.shape[-2]))[:, None] * np.array([1.0] + [0.1] * (x.shape[-1] // 2 - 1))
    first, second = x[..., ::2], x[..., 1::2]
    return np.stack([first * np.cos(angle) - second * np.sin(angle), first * np.sin(angle) + second * np.cos(angle)],
                    axis=-1).reshape(x.shape)


def by_the_paper(x, w, heads, causal, turn):
    """Head by head and with whole keys: content and position side by side, one softmax, as multi-head attention."""
    c, position = x @ w["w_dkv"], turn(x @ w["w_kr"])
    read, found = x @ w["w_dq"] if "w_dq" in w else x, []
    for i in range(heads):
        columns = {name: np.split(w[name], heads, axis=1)[i] for name in ("w_uq", "w_qr", "w_uk", "w_uv")}
        q = np.concatenate([read @ columns["w_uq"], turn(read @ columns["w_qr"])], axis=1)
        k = np.concatenate([c @ columns["w_uk"], position], axis=1)
        scores = q @ k.T / np.sqrt(q.shape[1])
        raised = np.exp(np.where(np.tri(len(x)) > 0, scores, -np.inf) if causal else scores)
        found.append(raised / raised.sum(axis=1, keepdims=True) @ c @ columns["w_uv"])
    return np.concatenate(found, axis=1) @ w["w_o"]


@pytest.mark.parametrize("compressed, causal", [case[1:] for case in CASES[:4]])
@given(seed=st.integers(0, 99), tokens=st.integers(1, 7))
@settings(max_examples=10, deadline=None)
def test_both_forms_are_multi_head_attention_on_expanded_keys(compressed, causal, seed, tokens):
    x, w = small(compressed, seed, tokens)
    expected = by_the_paper(x, w, 3, causal, turn=lambda rows: rows)
    for layer in FORMS.values():
        np.testing.assert_allclose(layer(x, **w, n_heads=3, causal=causal), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_with_the_callers_rotation_the_two_forms_stay_equal(causal):
    x, w = small(compressed=True)
    content, position = layers.latent_queries(x, w["w_uq"], w["w_qr"], 3, w["w_dq"])
    latent, key = layers.latent_cache(x, w["w_dkv"], w["w_kr"])
    expected = by_the_paper(x, w, 3, causal, rotated)
    for mix in MIXES.values():
        mixed = mix(content, rotated(position), latent, rotated(key), w["w_uk"], w["w_uv"], causal)
        np.testing.assert_allclose(layers.join_heads(mixed) @ w["w_o"], expected, rtol=1e-9, atol=1e-12)
    assert not np.allclose(expected, by_the_paper(x, w, 3, causal, lambda rows: rows))


@pytest.mark.parametrize("form", MIXES)
def test_decoding_token_by_token_from_the_cache_is_the_causal_layer(form):
    x, w = small(compressed=True)
    expected = layers.latent_attention(x, **w, n_heads=3, causal=True)
    latent, key = np.empty((0, 4)), np.empty((0, 2))
    for t in range(len(x)):
        new = x[t:t + 1]
        row, turned = layers.latent_cache(new, w["w_dkv"], w["w_kr"])
        latent, key = np.concatenate([latent, row]), np.concatenate([key, turned])
        mixed = MIXES[form](*layers.latent_queries(new, w["w_uq"], w["w_qr"], 3, w["w_dq"]), latent, key, w["w_uk"], w["w_uv"])
        np.testing.assert_allclose(layers.join_heads(mixed) @ w["w_o"], expected[t:t + 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("first", [1, 3, 5])
def test_causal_latent_attention_cannot_see_the_future(form, first):
    layer, (x, w) = FORMS[form], small()
    future, past = x.copy(), x.copy()
    future[first:] += 1
    past[0] += 1
    before = layer(x, **w, n_heads=3, causal=True)
    np.testing.assert_array_equal(before[:first], layer(future, **w, n_heads=3, causal=True)[:first])
    assert not np.allclose(before[first], layer(past, **w, n_heads=3, causal=True)[first])
    assert not np.allclose(layer(x, **w, n_heads=3)[:first], layer(future, **w, n_heads=3)[:first])


# --- what decoding costs --------------------------------------------------------------------------------------------

def mixed(form, queries=M, **options):
    return trace(MIXES[form], **MIX | dict(q_content=(h, queries, D_NOPE), q_position=(h, queries, D_ROPE)), **options)


def test_the_formulas_of_m_queries_on_n_rows():
    moved = 2*h*D_C*(D_NOPE + D_V)
    assert sympy.expand(mixed("expanded").flops - (n*moved + h*M*n*(pair("expanded") + 7))) == 0
    assert sympy.expand(mixed("absorbed").flops - (M*moved + h*M*n*(pair("absorbed") + 7))) == 0
    assert mixed("absorbed").result == mixed("expanded").result == (h, M, D_V)


def test_decoded_tokens_add_up_to_the_causal_count_of_the_model():
    """n tokens decoded one by one, each on the rows so far: n(n + 1)/2 pairs, the products of one causal pass."""
    x, w = small(compressed=True)
    model = Transformer(1, 8, 3, 1, 1, kv_lora_rank=4, qk_nope_head_dim=3, qk_rope_head_dim=2, v_head_dim=5, q_lora_rank=6,
                        attention_bias=False)
    total = 0
    for rows in range(1, len(x) + 1):
        def token(x, latent, k_position, w_uq, w_qr, w_dq, w_dkv, w_kr, w_uk, w_uv, w_o):
            layers.latent_cache(x, w_dkv, w_kr)
            found = layers.latent_mix_absorbed(*layers.latent_queries(x, w_uq, w_qr, 3, w_dq), latent, k_position, w_uk, w_uv)
            return layers.join_heads(found) @ w_o
        shapes = {name: weight.shape for name, weight in w.items()}
        total += trace(token, x=(1, 8), latent=(rows, 4), k_position=(rows, 2), **shapes).matmul_flops
    parts = model.flops_by_part(len(x), causal=True, absorbed=True)
    assert total == parts["attention projections"] + parts["scores and weighted sum"]


def test_absorbed_decoding_reads_the_rows_and_nothing_that_is_expanded():
    """No array of n rows but the cache and the h·n scores; the expanded form makes n rows of keys and values."""
    sizes = {h: 3, n: 101, D_C: 7, D_NOPE: 5, D_ROPE: 2, D_V: 11}
    longest = h*n
    for form, others in (("absorbed", set()), ("expanded", {(n, h*D_NOPE), (n, h*D_V)})):
        made = {op.output for op in mixed(form, queries=1).operations if n in op.output and sympy.prod(op.output) not in (longest, h)}
        assert made == others
    per_row = {form: sympy.Poly(mixed(form, queries=1, bytes_per_element=1).bytes_moved, n).coeff_monomial(n) for form in MIXES}
    # the row of content is read as key and again as value, position once, and each head passes 16 times over its scores
    assert sympy.expand(per_row["absorbed"] - (2*D_C + D_ROPE + 16*h)) == 0
    # expanded: the row is read for keys and for values, both are written, and read again
    assert sympy.expand(per_row["expanded"] - (2*D_C + D_ROPE + 16*h + 2*h*(D_NOPE + D_V))) == 0
    assert per_row["absorbed"].subs(sizes) < per_row["expanded"].subs(sizes)


def test_a_mask_on_fewer_queries_than_rows_is_refused():
    shapes = dict(q_content=(3, 1, 3), q_position=(3, 1, 2), latent=(5, 4), k_position=(5, 2), w_uk=(4, 9), w_uv=(4, 15))
    for mix in MIXES.values():
        with pytest.raises(ValueError, match="causal: True needs as many queries as rows, not 1 and 5.*leave it out"):
            trace(mix, **shapes, causal=True)
