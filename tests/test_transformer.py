"""`Transformer` against three things that share no code with it: weights laid out one by one, a traced NumPy
model of the same shape, and formulas as papers print them."""

from dataclasses import FrozenInstanceError, fields, replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.notation import L, V, b, d, d_ff, d_h, h, h_kv, n, text
from helpers.tracing import trace
from helpers.transformer import PARTS, Layer, Transformer

GPT2 = Transformer(12, 768, 12, 3072, 50257, max_positions=1024)
SIZES = st.integers(1, 5)
LATENT = dict(kv_lora_rank=3, qk_nope_head_dim=4, qk_rope_head_dim=2, v_head_dim=5, attention_bias=False)


@st.composite
def shapes(draw):
    """A small model: grouped heads or latent attention, gated or not, tied or not, mixture or not."""
    groups, per_group, layers = draw(SIZES), draw(SIZES), draw(st.integers(1, 3))
    chosen = dict(n_layers=layers, n_heads=groups * per_group, d_ff=draw(SIZES), vocab_size=draw(SIZES),
                  max_positions=draw(st.integers(0, 5)), norm=draw(st.sampled_from(["layer", "rms"])),
                  **{switch: draw(st.booleans()) for switch in ("gated", "tied", "output_bias", "mlp_bias")})
    if draw(st.booleans()):
        sizes = {name: draw(SIZES) for name in LATENT if name != "attention_bias"}
        chosen |= dict(sizes, d_model=draw(SIZES), q_lora_rank=draw(st.none() | SIZES), attention_bias=False)
    else:
        width = draw(SIZES)
        free = draw(st.booleans())  # a head width of its own, or d/h
        chosen |= dict(n_kv_heads=groups, d_head=width if free else None, attention_bias=draw(st.booleans()),
                       d_model=draw(SIZES) if free else groups * per_group * width, qk_norm=draw(st.booleans()))
    if draw(st.booleans()):
        experts = draw(st.integers(2, 5))
        chosen |= dict(n_experts=experts, experts_per_token=draw(st.integers(1, experts)),
                       n_shared_experts=draw(st.integers(0, 2)), n_dense_layers=draw(st.integers(0, layers)),
                       d_expert=draw(st.none() | SIZES), router_bias=draw(st.booleans()))
    return Transformer(**chosen)


# --- the weights, laid out one by one ---------------------------------------------------------------------------------

def norm_weights(model, width):
    return [(width,), (width,)] if model.norm == "layer" else [(width,)]


def mlp_weights(model, width):
    d = model.d_model
    matrices = [(d, width), (width, d)] + ([(d, width)] if model.gated else [])
    return matrices + ([(m[1],) for m in matrices] if model.mlp_bias else [])


def attention_weights(model):
    d, h, a = model.d_model, model.n_heads, []
    if model.kv_lora_rank:
        nope, rope, v, c = model.qk_nope_head_dim, model.qk_rope_head_dim, model.v_head_dim, model.kv_lora_rank
        for _ in range(h):
            a += [(model.q_lora_rank or d, nope + rope), (c, nope), (c, v), (v, d)]
        a += [(d, c), (d, rope), *norm_weights(model, c)]
        if model.q_lora_rank:
            a += [(d, model.q_lora_rank), *norm_weights(model, model.q_lora_rank)]
    else:
        groups, width = model.n_kv_heads or h, model.d_head or d // h
        for _ in range(h):
            a += [(d, width), (width, d)] + ([(width,)] if model.attention_bias else [])
        for _ in range(groups):
            a += [(d, width), (d, width)] + ([(width,), (width,)] if model.attention_bias else [])
        if model.qk_norm:
            a += norm_weights(model, width) + norm_weights(model, width)
    biased = model.attention_bias if model.output_bias is None else model.output_bias
    return a + ([(d,)] if biased else [])


def weights(model, experts):
    """The shape of every weight; `experts` routed experts are laid out in each layer that has a router."""
    d, V = model.d_model, model.vocab_size
    shapes = [(V, d), *[(d,)] * model.max_positions, *norm_weights(model, d)] + ([] if model.tied else [(d, V)])
    for layer in range(model.n_layers):
        shapes += attention_weights(model) + norm_weights(model, d) + norm_weights(model, d)
        if model.n_experts > 1 and layer >= model.n_dense_layers:
            for _ in range(experts + model.n_shared_experts):
                shapes += mlp_weights(model, model.d_expert or model.d_ff)
            shapes += [(d, 1)] * model.n_experts + ([(1,)] * model.n_experts if model.router_bias else [])
        else:
            shapes += mlp_weights(model, model.d_ff)
    return sum(np.empty(shape).size for shape in shapes)


@given(shapes())
@settings(max_examples=200, deadline=None)
def test_parameters_are_the_weights_laid_out_one_by_one(model):
    assert model.parameters() == weights(model, model.n_experts) == sum(model.parameters_by_part().values())
    active = weights(model, model.experts_per_token)
    assert model.active_parameters() == active
    without = 0 if model.tied else model.vocab_size * model.d_model
    assert model.active_parameters(input_embedding=False) == active - without
    assert tuple(model.parameters_by_part()) == PARTS
    assert all(type(count) is int for count in model.parameters_by_part().values())


# --- a NumPy model of the same shape, traced --------------------------------------------------------------------------

def mix(q, k, v, causal, width):
    """q: (…, n, c), k: (…, n, c), v: (…, n, e); width: what scales the scores.

    causal computes row by row, only what a token may see.
    """
    def rows(q, k, v):
        scores = np.exp(q @ k.swapaxes(-1, -2) / width ** 0.5)
        return scores / np.sum(scores, axis=-1, keepdims=True) @ v
    if not causal:
        return rows(q, k, v)
    return np.concatenate([rows(q[..., i:i + 1, :], k[..., :i + 1, :], v[..., :i + 1, :]) for i in range(q.shape[-2])],
                          axis=-2)


def grouped_attention(x, w_q, w_k, w_v, w_o, groups, causal):
    size, width = x.shape[0], w_k.shape[1] // groups

    def heads(a, per_group):  # (n, …) -> (groups, per group, n, width)
        return a.reshape(size, groups, per_group, width).swapaxes(0, 1).swapaxes(1, 2)

    mixed = mix(heads(x @ w_q, w_q.shape[1] // w_k.shape[1]), heads(x @ w_k, 1), heads(x @ w_v, 1), causal, width)
    return mixed.swapaxes(1, 2).swapaxes(0, 1).reshape(size, w_q.shape[1]) @ w_o


def latent_attention(x, down_q, up_q, down, rope, up_k, up_v, w_o, nope, causal, absorbed):
    """up_q: (h, r or d, nope + rope), up_k: (h, nope, c), up_v: (h, c, v), w_o: (h·v, d). The norms are left out."""
    n_heads, size = up_k.shape[0], x.shape[0]
    latent = (x @ down).reshape(1, size, up_k.shape[2])
    turned = (x @ rope).reshape(1, size, rope.shape[1])
    queries = (x if down_q is None else x @ down_q) @ up_q
    plain, position = queries[..., :nope], queries[..., nope:]
    if absorbed:
        q = np.concatenate([plain @ up_k, position], axis=-1)
        mixed = mix(q, np.concatenate([latent, turned], axis=-1), latent, causal, nope + rope.shape[1]) @ up_v
    else:
        spread = np.broadcast_to(turned, (n_heads, size, rope.shape[1]))
        k = np.concatenate([latent @ up_k.swapaxes(-1, -2), spread], axis=-1)
        mixed = mix(queries, k, latent @ up_v, causal, queries.shape[-1])
    return mixed.swapaxes(0, 1).reshape(size, w_o.shape[0]) @ w_o


def mlp(x, w_in, w_out, w_gate=None):
    hidden = x @ w_in
    return (np.maximum(hidden, 0) if w_gate is None else hidden * (x @ w_gate)) @ w_out


def numpy_model(model, n, causal, absorbed):
    """A function of no argument but arrays, and their shapes: one forward pass over n tokens, already embedded."""
    d, h = model.d_model, model.n_heads
    arrays = {"x": (n, d), "head": (d, model.vocab_size), "router": (d, model.n_experts)}
    if model.kv_lora_rank:
        c, nope, rope, v = (getattr(model, name) for name in LATENT if name != "attention_bias")
        arrays |= dict(down_q=(d, model.q_lora_rank) if model.q_lora_rank else None,
                       up_q=(h, model.q_lora_rank or d, nope + rope), down=(d, c), rope=(d, rope), up_k=(h, nope, c),
                       up_v=(h, c, v), w_o=(h * v, d))
    else:
        width, groups = model.d_head or d // h, model.n_kv_heads or h
        arrays |= dict(w_q=(d, h * width), w_k=(d, groups * width), w_v=(d, groups * width), w_o=(h * width, d))
    for name, inner in (("dense", model.d_ff), ("expert", model.d_expert or model.d_ff)):
        arrays |= {f"{name}_in": (d, inner), f"{name}_out": (inner, d), f"{name}_gate": (d, inner) if model.gated else None}

    def forward(x, head, router, dense_in, dense_out, dense_gate, expert_in, expert_out, expert_gate, **attention):
        for layer in range(model.n_layers):
            if model.kv_lora_rank:
                x = x + latent_attention(x, nope=nope, causal=causal, absorbed=absorbed, **attention)
            else:
                x = x + grouped_attention(x, groups=groups, causal=causal, **attention)
            if model.n_experts > 1 and layer >= model.n_dense_layers:
                gates = x @ router
                for _ in range(model.experts_per_token + model.n_shared_experts):  # as many as one token meets
                    x = x + gates[:, :1] * mlp(x, expert_in, expert_out, expert_gate)
            else:
                x = x + mlp(x, dense_in, dense_out, dense_gate)
        return x @ head
    return forward, arrays


@given(shapes(), st.integers(1, 6), st.integers(1, 3), st.booleans(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_forward_flops_are_the_trace_of_a_numpy_model(model, n, batch, causal, absorbed):
    absorbed = absorbed and model.is_latent
    forward, arrays = numpy_model(model, n, causal, absorbed)
    counted = trace(forward, **arrays).matmul_flops
    flops = model.forward_flops(n, batch, causal, absorbed)
    assert type(flops) is int and flops == batch * counted == sum(model.flops_by_part(n, batch, causal, absorbed).values())


def test_the_formula_of_a_models_shape_is_the_trace_with_n_left_a_symbol():
    model = Transformer(2, 12, 6, 20, 30, n_kv_heads=2, gated=True)
    forward, arrays = numpy_model(model, n, causal=False, absorbed=False)
    assert trace(forward, **arrays).matmul_flops.expand() == model.forward_flops(n)


@pytest.mark.parametrize("causal", [False, True])
def test_absorbed_latent_attention_gives_the_values_of_the_expanded_one(causal):
    model, rng = Transformer(1, 8, 3, 4, 5, q_lora_rank=4, **LATENT), np.random.default_rng(0)
    forward, arrays = numpy_model(model, 6, causal, absorbed=False)
    values = {name: None if shape is None else rng.normal(size=shape) / 4 for name, shape in arrays.items()}
    other, _ = numpy_model(model, 6, causal, absorbed=True)
    np.testing.assert_allclose(forward(**values), other(**values), rtol=1e-9)


@pytest.mark.parametrize("window", [None, 1, 3, 7, 9])
@pytest.mark.parametrize("size", [1, 3, 7, 12])
def test_pairs_of_tokens_counted_one_by_one(window, size):
    model = Transformer(2, 6, 3, 4, 5, window=window)
    seen = sum(key <= query and (window is None or query - key < window)
               for query in range(size) for key in range(size))
    square = size * min(size, window or size)
    for causal, pairs in ((True, seen), (False, square)):
        assert model.flops_by_part(size, batch=3, causal=causal)["scores and weighted sum"] == 3 * 2 * 2 * 6 * 2 * pairs
    assert model.kv_cache_bytes(size, batch=3) == 2 * 2 * 6 * min(size, window or size) * 3 * 2


# --- formulas and numbers as they are printed ---------------------------------------------------------------------------

def test_gpt2_small():
    assert GPT2.forward_flops(1024) == 291_648_307_200 == 12 * (24*1024*768**2 + 4*1024**2*768) + 2*1024*768*50257
    assert GPT2.training_flops(1024) == 3 * 291_648_307_200
    parts = GPT2.parameters_by_part()
    assert (parts["embedding"], parts["positions"], parts["logits"]) == (50257 * 768, 1024 * 768, 0)
    assert parts["norms"] == 25 * 2 * 768
    assert parts["attention projections"] == 12 * (4 * 768**2 + 4 * 768)
    assert parts["feed-forward"] == 12 * (8 * 768**2 + 5 * 768)


def test_causal_attention_counts_the_pairs_exactly_and_only_there():
    full, half = GPT2.flops_by_part(1000), GPT2.flops_by_part(1000, causal=True)
    assert half["scores and weighted sum"] * 2000 == full["scores and weighted sum"] * 1001
    assert {part for part in PARTS if full[part] != half[part]} == {"scores and weighted sum"}


def test_recomputation_is_megatrons_formula():
    model = Transformer(L, d, h, 4*d, V)
    printed = 96*b*n*L*d**2*(1 + n/(6*d) + V/(16*L*d))
    assert sympy.expand(printed - model.training_flops(n, b, recompute="full")) == 0
    assert sympy.expand(printed.subs(V, 0)*3/4 - model.training_flops(n, b).subs(V, 0)) == 0


def test_megatrons_parameters_but_for_the_last_norm():
    model = Transformer(L, d, h, 4*d, V, max_positions=n)
    assert sympy.expand(12*L*d**2*(1 + 13/(12*d) + (V + n)/(12*L*d)) + 2*d - model.parameters()) == 0


def test_activations_are_korthikantis_formula():
    assert sympy.expand(Transformer(L, d, h, 4*d, V).activation_bytes(n, b) - L*n*b*d*(34 + 5*h*n/d)) == 0
    gpt3 = Transformer(96, 12288, 96, 49152, 50257)
    assert gpt3.activation_bytes(2048) == 96 * 2048 * 12288 * (34 + 80)


@pytest.mark.parametrize("field, changes", [("n_experts", dict(n_experts=4)), ("state", dict(state="linear")),
                                            ("kv_lora_rank", LATENT)])
def test_activations_are_refused_where_the_count_does_not_hold(field, changes):
    model = replace(GPT2, **changes)
    with pytest.raises(ValueError, match=f"^{field}: .* outside Korthikanti"):
        model.activation_bytes(8)
    assert model.activation_bytes(8, 3, recompute="full") == 2 * 12 * 8 * 3 * 768


def test_activations_tensor_by_tensor():
    """Korthikanti et al., section 4.1, tensor by tensor for widths of every kind: 2 bytes an element, masks 1."""
    d, h, groups, width, inner, size = 10, 6, 2, 3, 17, 5
    tokens, squares = size, h * size * size
    norms = 2 * (2 * tokens * d)
    attention = 2*tokens*d + 2*tokens*h*width + 2 * 2*tokens*groups*width + 2*squares + squares + 2*squares
    attention += 2*tokens*h*width + tokens*d
    feed_forward = 2*tokens*d + 2*tokens*inner + 2*tokens*inner + tokens*d
    model = Transformer(3, d, h, inner, 7, n_kv_heads=groups, d_head=width)
    assert model.activation_bytes(size, batch=4) == 3 * 4 * (norms + attention + feed_forward)


def test_attention_layer_of_the_first_lessons():
    parts = Transformer.symbolic(n_kv_heads=None, d_head=None).flops_by_part(n)
    assert parts["attention projections"] == 8*L*n*d**2 and parts["scores and weighted sum"] == 4*L*n**2*d
    assert text(parts["feed-forward"]) == "4·L·n·d·d_ff"


EXPERTS = ("n_experts", "experts_per_token", "n_shared_experts", "n_dense_layers")


# --- formulas and numbers are the same method -----------------------------------------------------------------------------

@given(shapes(), st.integers(1, 9), st.integers(1, 3), st.booleans())
@settings(max_examples=40, deadline=None)
def test_symbols_with_numbers_put_in_are_the_numbers(model, size, batch, causal):
    """Every size of the shape becomes a symbol of its own; what is absent stays absent."""
    sizes = {f.name: getattr(model, f.name) for f in fields(model)
             if type(getattr(model, f.name)) is int and (model.is_mixture or f.name not in EXPERTS)
             and f.name not in ("convolution", "head_gates")}
    symbols = {name: sympy.Symbol(name, positive=True, integer=True) for name in sizes}
    put_in = {symbols[name]: value for name, value in sizes.items()} | {n: size, b: batch}
    general = replace(model, **symbols)
    for name, arguments in (("parameters", {}), ("active_parameters", {}),
                            ("active_parameters", dict(input_embedding=False)),
                            ("forward_flops", dict(n=n, batch=b, causal=causal)),
                            ("training_flops", dict(n=n, batch=b, causal=causal, recompute="full")),
                            ("kv_cache_bytes", dict(n=n, batch=b))):
        numbers = {key: {n: size, b: batch}.get(value, value) if isinstance(value, sympy.Symbol) else value
                   for key, value in arguments.items()}
        assert getattr(general, name)(**arguments).subs(put_in) == getattr(model, name)(**numbers)
    for part, formula in general.flops_by_part(n, b, causal).items():
        assert sympy.sympify(formula).subs(put_in) == model.flops_by_part(size, batch, causal)[part]


def test_the_symbolic_model_has_the_courses_letters():
    model = Transformer.symbolic()
    assert (model.n_layers, model.d_model, model.n_heads, model.d_ff) == (L, d, h, d_ff)
    assert (model.vocab_size, model.n_kv_heads, model.d_head) == (V, h_kv, d_h)
    assert model.parameters().free_symbols == {L, d, h, h_kv, d_h, d_ff, V}
    assert text(model.kv_cache_bytes(n)) == "4·L·h_kv·n·d_h"
    assert model.forward_flops(n, b).subs({L: 12, d: 768, h: 12, h_kv: 12, d_h: 64, d_ff: 3072, V: 50257, n: 1024, b: 1}) \
        == 291_648_307_200
    latent = Transformer.symbolic(**LATENT)
    assert latent.kv_cache_bytes(n) == 2 * L * n * (3 + 2)


def test_symbols_and_numbers_may_be_mixed():
    w = sympy.Symbol("w", positive=True, integer=True)
    assert GPT2.forward_flops(n).subs(n, 1024) == 291_648_307_200
    assert Transformer(12, d, 12, 4*d, 50257, max_positions=1024).parameters().subs(d, 768) == 124_439_808
    mistral = Transformer(32, 4096, 32, 14336, 32000, window=w)
    for size, window in ((100, 30), (30, 100)):
        assert mistral.forward_flops(n, causal=True).subs({n: size, w: window}) \
            == replace(mistral, window=window).forward_flops(size, causal=True)
    mixture = Transformer(L, d, h, d_ff, V, n_experts=8, experts_per_token=2)
    assert sympy.expand(mixture.parameters() - mixture.active_parameters() - 6 * L * (2*d*d_ff + d_ff + d)) == 0


def test_counts_stay_exact_and_python_integers_at_any_size():
    big = Transformer(np.int64(12), np.int32(768), 12, sympy.Integer(3072), 50257)
    assert type(big.d_model) is type(big.d_ff) is type(big.forward_flops(np.int64(2)**40)) is int
    assert big.forward_flops(2**40) == 12 * (24 * 2**40 * 768**2 + 4 * 2**80 * 768) + 2 * 2**40 * 768 * 50257


# --- models whose layers differ -------------------------------------------------------------------------------------------

def test_five_layers_with_a_window_and_a_full_one():
    windowed = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=512, gated=True, attention_bias=False,
                     mlp_bias=False, norm="rms")
    model = Transformer.of_layers([(5, windowed), (1, replace(windowed, window=None))], vocab_size=1000)
    assert model.kv_cache_bytes(8192) == 11_010_048
    assert model.layers == ((5, windowed), (1, replace(windowed, window=None)))
    assert model.kv_cache_bytes(8192, bytes_per_element=Fraction(17, 16)) == 11_010_048 * 17 // 32
    with pytest.raises(ValueError, match="window: differs from layer to layer"):
        min(8192, model.window)
    assert replace(model, window=512).kv_cache_bytes(8192) == 6 * 2 * 256 * 512 * 2
    assert replace(model, n_kv_heads=4).kv_cache_bytes(8192) == 4 * 11_010_048


@given(st.lists(st.tuples(st.integers(1, 3), shapes()), min_size=1, max_size=3), st.integers(1, 9), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_model_is_the_sum_of_its_layers(chosen, size, causal):
    """Layers of models of width 12, in one model or in a model each: what stands outside the layers is counted once."""
    alike = [(count, replace(model, d_model=12, d_head=2 if model.d_head or not model.is_latent else None, n_dense_layers=0))
             for count, model in chosen]
    layers = [(count, layer) for count, model in alike for _, layer in model.layers]
    model = Transformer.of_layers([(count, replace(layer, norm="rms")) for count, layer in layers], vocab_size=7, tied=False)
    models = [replace(of, n_layers=count, norm="rms", vocab_size=7, tied=False, max_positions=0) for count, of in alike]
    assert model.kv_cache_bytes(size, 2) == sum(of.kv_cache_bytes(size, 2) for of in models)
    outside = dict(parameters=2 * 7 * 12 + 12, active_parameters=2 * 7 * 12 + 12, forward_flops=2 * size * 7 * 12,
                   training_flops=3 * 2 * size * 7 * 12, decode_flops=2 * 7 * 12)
    for name, once in outside.items():
        arguments = dict(n=size) if "flops" in name else {}
        arguments |= dict(causal=causal) if name in ("forward_flops", "training_flops") else {}
        each = [getattr(of, name)(**arguments) - once for of in models]
        assert getattr(model, name)(**arguments) == sum(each) + once, name


# --- bad input, and what is said in words ---------------------------------------------------------------------------------

GOOD = dict(n_layers=2, d_model=12, n_heads=6, d_ff=8, vocab_size=10)


@pytest.mark.parametrize("field", ["n_layers", "d_model", "n_heads", "d_ff", "vocab_size", "n_kv_heads", "d_head", "window",
                                   "n_experts", "experts_per_token", "d_expert", "kv_lora_rank"])
@pytest.mark.parametrize("value", [0, -3, 2.5, 4.0, True, "12", sympy.Rational(1, 2), sympy.Symbol("x", negative=True)])
def test_a_bad_size_is_named(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: .*(at least|SymPy symbol)"):
        Transformer(**GOOD | {field: value})


@pytest.mark.parametrize("argument", ["n", "batch", "bytes_per_element"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "4", None])
def test_a_bad_argument_is_named(argument, value):
    with pytest.raises(ValueError, match=rf"^{argument}: .*whole number"):
        GPT2.kv_cache_bytes(**dict(n=4) | {argument: value})
    if argument != "bytes_per_element":
        for method in (GPT2.forward_flops, GPT2.training_flops, GPT2.activation_bytes):
            with pytest.raises(ValueError, match=rf"^{argument}: "):
                method(**dict(n=4) | {argument: value})


@pytest.mark.parametrize("changes, message", [
    (dict(n_heads=5), "n_heads: 5 heads do not divide d_model = 12"),
    (dict(n_kv_heads=4), "n_kv_heads: 4 key-value heads do not divide n_heads = 6; give one of 1, 2, 3, 6"),
    (dict(n_experts=4, experts_per_token=5), "experts_per_token: 5 is above n_experts = 4"),
    (dict(experts_per_token=2), "experts_per_token: 2 is above n_experts = 1"),
    (dict(n_experts=4, n_dense_layers=3), "n_dense_layers: 3 is above n_layers = 2"),
    (dict(n_shared_experts=1), "n_shared_experts: 1 needs a mixture"),
    (dict(router_bias=True), "router_bias: True needs a mixture"),
    (dict(max_positions=-1), "max_positions: -1 is below 0"),
    (dict(norm="batch"), "norm: 'batch' is not known; give 'layer' or 'rms' or"),
    (dict(norm=[]), "norm: "),
    (dict(gated=1), "gated: 1 is not a switch; give True or False"),
    (dict(output_bias="no"), "output_bias: 'no' is not a switch"),
    (dict(qk_nope_head_dim=4), "qk_nope_head_dim: 4 needs latent attention: kv_lora_rank; give qk_nope_head_dim=None"),
    (dict(kv_lora_rank=4), "qk_nope_head_dim, qk_rope_head_dim, v_head_dim: left out"),
    (LATENT | dict(attention_bias=True), "attention_bias: True has no meaning in latent attention; give attention_bias=False"),
    (LATENT | dict(n_kv_heads=2), "n_kv_heads: 2 has no meaning in latent attention"),
])
def test_sizes_that_do_not_fit_are_explained(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Transformer(**GOOD | changes)


def test_other_bad_input():
    with pytest.raises(TypeError, match="vocab_size"):
        Transformer(12, 768, 12, 3072)
    with pytest.raises(TypeError, match="n_head"):
        Transformer(**GOOD, n_head=3)
    with pytest.raises(ValueError, match="recompute: 'some' is not known; give 'none' or 'selective' or 'full'"):
        GPT2.training_flops(4, recompute="some")
    with pytest.raises(ValueError, match="causal: 1 is not a switch"):
        GPT2.forward_flops(4, causal=1)
    with pytest.raises(ValueError, match="absorbed: True belongs to latent attention"):
        GPT2.forward_flops(4, absorbed=True)
    with pytest.raises(ValueError, match="expanded: True belongs to latent attention"):
        GPT2.kv_cache_bytes(4, expanded=True)
    with pytest.raises(ValueError, match="input_embedding: 'no'"):
        GPT2.active_parameters("no")
    with pytest.raises(FrozenInstanceError):
        GPT2.n_layers = 3


def test_heads_need_not_divide_the_width_when_their_own_is_given():
    assert Transformer(**GOOD | dict(n_heads=5), d_head=4).head_width == 4


def test_beyond_the_learned_positions_the_formula_holds_and_words_say_so():
    assert GPT2.forward_flops(2048) > 2 * GPT2.forward_flops(1024)
    assert "positions" not in GPT2.describe(1024) and "positions" not in GPT2.describe(n)
    assert "n = 1,025 is beyond the 1,024 learned positions" in GPT2.describe(1025)
    assert "beyond the window" in Transformer(**GOOD, window=4).describe(5)
    assert "4 experts of 8 of which a token meets 2 and 1 shared" in \
        Transformer(**GOOD, n_experts=4, experts_per_token=2, n_shared_experts=1).describe()
    assert "compressed to 3 + 2" in Transformer(**GOOD, **LATENT).describe()
    with pytest.raises(ValueError, match="^n: "):
        GPT2.describe(0)


def test_a_shape_shows_what_differs_from_the_defaults():
    assert repr(GPT2) == "Transformer(n_layers=12, d_model=768, n_heads=12, d_ff=3072, vocab_size=50257, max_positions=1024)"
    assert eval(repr(GPT2)) == GPT2
