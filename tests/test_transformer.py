"""`Transformer` against weights and pairs of tokens laid out one by one, and papers' formulas."""

from dataclasses import FrozenInstanceError, replace
from math import prod
from random import Random

import numpy as np
import pytest
import sympy

from helpers.notation import L, V, b, d, d_ff, d_h, h, h_kv, n, text
from helpers.transformer import PARTS, Layer, Transformer

GPT2 = Transformer(12, 768, 12, 3072, 50257, max_positions=1024)
LATENT = dict(kv_lora_rank=3, qk_nope_head_dim=4, qk_rope_head_dim=2, v_head_dim=5, attention_bias=False)
SCALES = {"layer": 2, "rms": 1, "layer without bias": 1, "without weights": 0}
KINDS = ("plain", "window", "chunk", "shared_cache", "latent", "linear", "delta", None)


def random_layer(some, kind, d, norm):
    """A small layer: grouped, latent, shared, windowed, chunked, a state, a mixture, half empty."""
    def size():
        return some.randint(1, 5)

    def chance(*names, of=(False, True)):
        return {name: some.choice(of) for name in names}
    groups, feeds = size(), kind is None or some.random() < 0.8
    chosen = dict(d_model=d, n_heads=groups * size(), d_ff=size() if feeds else None, norm=norm, norms=some.randint(0, 4),
                  extra_weights=some.randint(0, 5), **chance("output_bias", of=(None, False, True)),
                  **chance("gated", "mlp_bias", "attention_bias", "output_gate", "sinks"))
    if kind is None:
        chosen |= dict(n_heads=None, output_gate=False, sinks=False)
    elif kind == "latent":
        chosen |= {name: size() for name in LATENT} | dict(attention_bias=False) | chance("q_lora_rank", of=(None, size()))
    else:
        chosen |= dict(n_kv_heads=groups, d_head=size(), **chance("v_head_dim", of=(None, size())))
    if kind in ("linear", "delta"):
        chosen |= dict(state=kind, convolution=some.randint(0, 4), head_gates=some.randint(0, 2), sinks=False)
    elif kind in ("plain", "window", "chunk", "shared_cache"):
        chosen |= {kind: kind == "shared_cache" or size()} if kind != "plain" else {}
        if some.random() < 0.5:
            chosen |= dict(qk_norm=True, **chance("qk_norm_whole"), **chance("qk_norm_kind", of=(None, *SCALES)))
    if feeds and some.random() < 0.5:
        experts = some.randint(2, 5)
        chosen |= dict(n_experts=experts, experts_per_token=some.randint(1, experts), n_shared_experts=some.randint(0, 2),
                       **chance("router_bias"), **chance("d_expert", of=(None, size())))
        if chosen["n_shared_experts"]:
            chosen |= chance("shared_gate") | chance("d_shared", of=(None, size()))
    return Layer(**chosen)


def random_model(seed, most=3):
    """One to three kinds of layers, and what stands outside them."""
    some = Random(seed)
    d, norm = some.randint(1, 5), some.choice(list(SCALES))
    kinds = [KINDS[seed % len(KINDS)], *some.choices(KINDS, k=some.randint(0, most - 1))]
    own = {name: some.random() < 0.5 for name in ("tied", "head_bias", "embedding_norm", "final_norm")}
    layers = [(some.randint(1, 3), random_layer(some, kind, d, norm)) for kind in kinds]
    return Transformer.of_layers(layers, some.randint(1, 5), max_positions=some.randint(0, 5),
                                 embedding_width=some.choice([None, some.randint(1, 5)]), **own)


# one by one: a shape of two sides is a matrix that multiplies, one of one side is not
def norm_weights(kind, width):
    return [(width,)] * SCALES[kind]


def mlp_weights(layer, width):
    d = layer.d_model
    matrices = [(d, width), (width, d)] + ([(d, width)] if layer.gated else [])
    return matrices + ([(m[1],) for m in matrices] if layer.mlp_bias else [])


def latent_weights(layer):
    d, r, c = layer.d_model, layer.q_lora_rank, layer.kv_lora_rank
    nope, rope, v = layer.qk_nope_head_dim, layer.qk_rope_head_dim, layer.v_head_dim
    found = [(d, c), (d, rope), *norm_weights(layer.norm, c)]
    for _ in range(layer.n_heads):
        found += [(r or d, nope + rope), (c, nope), (c, v), (v, d)] + [(d, v)] * layer.output_gate
    return found + ([(d, r), *norm_weights(layer.norm, r)] if r else [])


def attention_weights(layer):
    d, h, groups, width = layer.d_model, layer.n_heads, layer.n_kv_heads, layer.d_head
    v = layer.v_head_dim or width
    queries, keys, values = [width] * h, [width] * groups, [v] * groups
    if layer.shared_cache:
        keys, values = [], []
    if layer.state:
        queries, values = keys, [v] * h
    made = [*queries, *keys, *values, *[v] * h * layer.output_gate]
    found = [(d, wide) for wide in made] + [(v, d)] * h + [(d, 1)] * h * layer.head_gates
    found += [(wide,) for wide in made if layer.attention_bias]
    for normed in (queries, keys) if layer.qk_norm else ():
        for wide in normed if layer.qk_norm_whole else normed[:1]:
            found += norm_weights(layer.qk_norm_kind or layer.norm, wide)
    return found + [(1, layer.convolution)] * sum(queries + keys + values)


def layer_weights(layer, routed):
    """Shapes of a layer's weights, with so many routed experts."""
    d = layer.d_model
    found = [(1,)] * layer.extra_weights + norm_weights(layer.norm, d) * layer.norms
    if layer.n_heads:
        found += (latent_weights if layer.kv_lora_rank else attention_weights)(layer)
        biased = layer.attention_bias if layer.output_bias is None else layer.output_bias
        found += [(d,)] * biased + [(1,)] * layer.n_heads * layer.sinks
    if layer.n_experts > 1:
        wide = layer.d_expert or layer.d_ff
        found += mlp_weights(layer, wide) * routed + mlp_weights(layer, layer.d_shared or wide) * layer.n_shared_experts
        return found + [(d, 1)] * (layer.n_experts + layer.shared_gate) + [(1,)] * layer.n_experts * layer.router_bias
    return found + (mlp_weights(layer, layer.d_ff) if layer.d_ff else [])


def outer_weights(model):
    d, narrow, norm = model.d_model, model.embedding_width, model.layers[0][1].norm
    found = [(model.vocab_size,)] * (narrow or d) + [(d,)] * model.max_positions
    found += [(narrow, d), (d, narrow)] if narrow else []
    found += norm_weights(norm, d) * (model.embedding_norm + model.final_norm)
    return found + [(narrow or d, model.vocab_size)] + [(model.vocab_size,)] * model.head_bias


def weight_count(model, active):
    found = outer_weights(model)
    for count, layer in model.layers:
        found += layer_weights(layer, layer.experts_per_token if active else layer.n_experts) * count
    tied = model.vocab_size * (model.embedding_width or model.d_model) if model.tied else 0
    return sum(map(prod, found)) - tied


def seen(layer, n, causal):
    """Pairs (query, key) that a head computes."""
    every, reach, c = [(q, k) for q in range(n) for k in range(n)], layer.window or n, layer.chunk
    if c:
        every = [(q, k) for q, k in every if q // c == k // c]
    elif not causal:
        every = [(q, k) for q, k in every if k < reach]     # as many as the last token sees
    return [(q, k) for q, k in every if not causal or k <= q and (c or q - k < reach)]


def products(model, n, causal, last=False):
    """FLOPs of a pass, of its last token alone: two for each weight and token, and each pair."""
    tokens, found = 1 if last else n, [shape for shape in outer_weights(model) if len(shape) == 2]
    flops = 0
    for count, layer in model.layers:
        found += [one for one in layer_weights(layer, layer.experts_per_token) * count if len(one) == 2]
        key, value = layer.d_head, layer.v_head_dim or layer.d_head
        if layer.kv_lora_rank:
            key = layer.qk_nope_head_dim + layer.qk_rope_head_dim
            if last:
                key, value = layer.kv_lora_rank + layer.qk_rope_head_dim, layer.kv_lora_rank
        if layer.state:
            each = {"linear": 2 + 2, "delta": 2 + 2 + 2}[layer.state]    # write, read (twice)
            flops += count * tokens * layer.n_heads * each * key * value
        elif layer.n_heads:
            pairs = [q for q, _ in seen(layer, n, causal) if not last or q == n - 1]
            flops += count * layer.n_heads * len(pairs) * 2 * (key + value)
    return flops + 2 * tokens * sum(map(prod, found))


def held(layer, n):
    """Numbers that a layer hands on after n tokens: keys and values, or a state."""
    tokens, key, value = min(n, layer.window or layer.chunk or n), layer.d_head, layer.v_head_dim or layer.d_head
    if layer.n_heads is None or layer.shared_cache:
        return 0
    if layer.kv_lora_rank:
        return tokens * (layer.kv_lora_rank + layer.qk_rope_head_dim)
    if layer.state:
        before = max(layer.convolution - 1, 0) * (2 * layer.n_kv_heads * key + layer.n_heads * value)
        return layer.n_heads * key * value + before
    return tokens * layer.n_kv_heads * (key + value)


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in range(0, 240, 40)])
def test_parameters_and_flops_are_weights_and_pairs_one_by_one(seeds):
    for seed in seeds:
        model, some = random_model(seed), Random(seed)
        size, batch, causal = some.randint(1, 7), some.randint(1, 3), some.random() < 0.5
        parts = model.parameters_by_part()
        assert model.parameters() == weight_count(model, False) == sum(parts.values()), model
        assert model.active_parameters() == weight_count(model, True), model
        table = 0 if model.tied else model.vocab_size * (model.embedding_width or model.d_model)
        assert model.active_parameters(input_embedding=False) == weight_count(model, True) - table
        assert tuple(parts) == PARTS and all(type(count) is int for count in parts.values())
        flops, by_part = model.forward_flops(size, batch, causal), model.flops_by_part(size, batch, causal)
        assert flops == batch * products(model, size, causal), (model, size, causal)
        assert type(flops) is int and flops == sum(by_part.values()) and tuple(by_part) == PARTS
        if not any(layer.chunk for _, layer in model.layers):   # a further token begins no chunk
            assert model.decode_flops(size, batch) == batch * products(model, size, True, last=True), (model, size)
        elements = batch * sum(count * held(layer, size) for count, layer in model.layers)
        assert model.kv_cache_bytes(size, batch, 3) == 3 * elements, (model, size)
        assert model.activation_bytes(size, batch, "full") == 2 * size * batch * model.d_model * model.n_layers


# models whose layers differ
def test_five_layers_with_a_window_and_a_full_one():
    """What their cache holds: see test_memory."""
    windowed = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=512, norm="rms")
    full = replace(windowed, window=None)
    model = Transformer.of_layers([(5, windowed), (1, full)], vocab_size=1000)
    assert (model.n_layers, model.n_kv_heads) == (6, 1) and model in {replace(model)}
    assert replace(model, window=512).kv_cache_bytes(8192) == 6 * 2 * 256 * 512 * 2
    assert replace(model, n_kv_heads=4).kv_cache_bytes(8192) == 4 * model.kv_cache_bytes(8192)
    assert "5 of 4 heads" in model.describe()
    for used in (lambda w: min(8192, w), lambda w: 2 * w, bool, lambda w: L * w, lambda w: w // 2):
        with pytest.raises(ValueError, match="^window: differs from layer to layer"):
            used(model.window)
    for pairs, words in (([], "layers: give a list"), ([(1, 2)], "layers: give a list"), (3, "layers: give a list"),
                         ([(0, full)], "layers: 0 is below 1"), ([(1, full), (1, replace(full, d_model=8))], "d_model: differs")):
        with pytest.raises(ValueError, match=f"^{words}"):
            Transformer.of_layers(pairs, 9).parameters()
    with pytest.raises(ValueError, match="^n_layers: 7 is not the number"):
        replace(model, n_layers=7)


def test_layers_alike_but_for_the_first_of_a_mixture():
    sparse = dict(n_experts=8, experts_per_token=2, n_shared_experts=1, d_expert=3, d_shared=5,
                  router_bias=True, shared_gate=True)
    model, dense = Transformer(5, 12, 6, 8, 10, n_kv_heads=2, window=7, n_dense_layers=2, **sparse), Layer(12, 6, 8, n_kv_heads=2, window=7)
    assert model.layers == ((2, dense), (3, replace(dense, **sparse)))
    assert model.parameters() == Transformer.of_layers(model.layers[::-1], 10).parameters()
    assert model.is_mixture and not Transformer(3, 12, 6, 8, 10).is_mixture
    assert Transformer(5, 12, 6, 8, 10, n_dense_layers=5, **sparse).layers == ((5, Layer(12, 6, 8)),)
    assert Transformer.of_layers([(2, dense), (3, dense)], 10) == Transformer(5, 12, 6, 8, 10, n_kv_heads=2, window=7)


# formulas and numbers as they are printed
def test_gpt2_small():
    assert GPT2.parameters_by_part() == dict.fromkeys(PARTS, 0) | {
        "embedding": 50257 * 768, "positions": 1024 * 768, "norms": 25 * 2 * 768,
        "attention projections": 12 * (4 * 768**2 + 4 * 768), "feed-forward": 12 * (8 * 768**2 + 5 * 768)}


def test_papers_formulas():
    """Narayanan et al. 2021, parameters but for the last norm; Korthikanti et al. 2022. Other FLOPs: see test_published."""
    model = Transformer(L, d, h, 4*d, V)
    again = {way: model.training_flops(n, b, recompute=way) - model.training_flops(n, b) for way in ("selective", "full")}
    assert sympy.expand(again["selective"] - L*(2*b*n**2*d + 2*b*n**2*d)) == 0
    assert sympy.expand(again["full"] - model.forward_flops(n, b) + 2*b*n*d*V) == 0
    assert len({each.training_flops(8, recompute="full") - each.training_flops(8) for each in (GPT2, replace(GPT2, embedding_width=256))}) == 1
    assert sympy.expand(model.training_flops(n, b) - 3*model.forward_flops(n, b)) == 0
    positioned = replace(model, max_positions=n).parameters()
    assert sympy.expand(12*L*d**2*(1 + 13/(12*d) + (V + n)/(12*L*d)) + 2*d - positioned) == 0
    for recompute, kept in (("none", 34 + 5*h*n/d), ("selective", 34), ("full", 2)):
        assert sympy.expand(model.activation_bytes(n, b, recompute) - L*n*b*d*kept) == 0


def test_activations_tensor_by_tensor():
    """Korthikanti et al., section 4.1, for widths of every kind: 2 bytes an element, masks 1."""
    d, h, groups, width, v, inner, size = 10, 6, 2, 3, 7, 17, 5
    squares, wide, norm, hidden = h * size * size, 2*size*h*v, 2*size*d, 2*size*inner
    keys_and_values = 2*size*groups*(width + v)
    attention = 2*size*d + 2*size*h*width + keys_and_values + 2*squares + squares + 2*squares + wide + size*d
    feed_forward = 2*size*d + hidden + hidden + size*d
    layer, kept = Layer(d, h, inner, n_kv_heads=groups, d_head=width, v_head_dim=v), norm + norm + attention + feed_forward
    for changes, more in (
            ({}, 0), (dict(norms=4), 2 * norm), (dict(norms=1, parallel=True), -2 * norm),
            (dict(gated=True), 2 * hidden), (dict(qk_norm=True), 2*size*(h + groups)*width),
            (dict(output_gate=True), 2 * wide), (dict(norms=3), norm), (dict(norms=0), -2 * norm),
            (dict(shared_cache=True), -keys_and_values), (dict(window=3), -5 * h * size * (size - 3)),
            (dict(d_ff=None, norms=1), -norm - feed_forward)):
        model = Transformer.of_layers([(3, replace(layer, **changes))], 7)
        assert model.activation_bytes(size, batch=4) == 3 * 4 * (kept + more), changes
        core = 5 * squares + (more if "window" in changes else 0)
        assert model.activation_bytes(size, batch=4, recompute="selective") == 3 * 4 * (kept + more - core)
    plain = Transformer.of_layers([(3, layer)], 7)
    assert plain.activation_bytes(size, dropout=False) == 3 * (kept - 3*squares - 2*size*d)


# formulas and numbers are the same method
@pytest.mark.parametrize("seed", range(8))
def test_symbols_with_numbers_put_in_are_the_numbers(seed):
    """Every size of a layer becomes a symbol of its own; what is absent stays absent."""
    model = random_model(seed, most=1)
    (count, layer), = model.layers
    experts = () if layer.is_mixture else ("n_experts", "experts_per_token", "n_shared_experts")
    sizes = {name: value for name, value in vars(layer).items() if name not in experts and type(value) is int and value}
    symbols = {name: sympy.Symbol(name, positive=True, integer=True) for name in sizes}
    formula = replace(model, **symbols, n_layers=L)
    put_in = {symbols[name]: size for name, size in sizes.items()} | {L: count, b: 2}
    asked = [lambda model, *_: model.active_parameters(), Transformer.decode_flops, Transformer.kv_cache_bytes,
             lambda model, *at: model.training_flops(*at, recompute="full")]
    if not layer.chunk:     # a floor stays a floor
        asked.append(lambda model, *at: model.forward_flops(*at, causal=bool(seed % 2)))
    for question in asked:
        written = sympy.sympify(question(formula, n, b)).subs(put_in)
        assert [written.subs(n, size) for size in (1, 5, 9)] == [question(model, size, 2) for size in (1, 5, 9)], model


def test_the_symbolic_model_has_the_courses_letters():
    model = Transformer.symbolic()
    assert model == Transformer(L, d, h, d_ff, V, n_kv_heads=h_kv, d_head=d_h)
    assert text(model.kv_cache_bytes(n)) == "4·L·h_kv·n·d_h"
    assert Transformer.symbolic(**LATENT).kv_cache_bytes(n) == 2 * L * n * (3 + 2)
    parts = Transformer.symbolic(n_kv_heads=None, d_head=None).flops_by_part(n)
    assert (parts["attention projections"], parts["scores and weighted sum"], parts["feed-forward"]) == (
        8*L*n*d**2, 4*L*n**2*d, 4*L*n*d*d_ff)


def test_counts_stay_exact_and_python_integers_at_any_size():
    big, n = Transformer(np.int64(12), np.int32(768), 12, sympy.Integer(3072), 50257), 2**40
    assert type(big.d_model) is type(big.d_ff) is type(big.forward_flops(np.int64(n))) is int
    assert big.forward_flops(n) == 12 * (24*n*768**2 + 4*n**2*768) + 2*n*768*50257


# bad input, and what is said in words
GOOD = dict(n_layers=2, d_model=12, n_heads=6, d_ff=8, vocab_size=10)


@pytest.mark.parametrize("field", [
    "n_layers", "d_model", "n_heads", "d_ff", "vocab_size", "n_kv_heads", "d_head", "window", "n_experts", "experts_per_token",
    "d_expert", "kv_lora_rank"])
def test_a_bad_size_is_named(field):
    for value in (0, -3, 2.5, True, "12", sympy.Rational(1, 2), sympy.Symbol("x", negative=True)):
        with pytest.raises(ValueError, match=rf"^{field}: .*(at least|SymPy symbol)"):
            Transformer(**GOOD | {field: value})


@pytest.mark.parametrize("value", [0, 2.5, True, "4", None])
@pytest.mark.parametrize("method", ["forward_flops", "training_flops", "activation_bytes", "decode_flops", "kv_cache_bytes"])
def test_a_bad_argument_is_named(method, value):
    for argument in ("n", "batch", "devices") if method == "kv_cache_bytes" else ("n", "batch"):
        with pytest.raises(ValueError, match=rf"^{argument}: .*whole number"):
            getattr(GPT2, method)(**dict(n=4) | {argument: value})


@pytest.mark.parametrize("changes, message", [
    (dict(n_heads=5), "n_heads: 5 does not divide d_model = 12; 4 or 6 would, or give d_head"),
    (dict(n_kv_heads=4), "n_kv_heads: 4 does not divide n_heads = 6; 2 or 3 would"),
    (dict(n_experts=4, experts_per_token=5), "experts_per_token: 5 is above n_experts = 4"),
    (dict(n_experts=4, n_dense_layers=3), "n_dense_layers: 3 is above n_layers = 2"),
    (dict(n_dense_layers=1), "n_dense_layers: 1 has no meaning without n_experts"), (dict(n_shared_experts=1), "n_shared_experts: 1 has no meaning without n_experts; give n_shared_experts=0"),
    (dict(n_experts=3, shared_gate=True), "shared_gate: True has no meaning without n_shared_experts"), (dict(norms=5), "norms: 5 is above 4"),
    (dict(d_ff=None, n_experts=3), "n_experts: 3 has no meaning without d_ff"), (dict(n_heads=None, window=3), "window: 3 has no meaning without n_heads"),
    (dict(convolution=3), "convolution: 3 has no meaning without state"), (dict(qk_norm_whole=True), "qk_norm_whole: True has no meaning without qk_norm"),
    (dict(state="linear", window=3), "window: 3 has no meaning with state"),
    (dict(chunk=2, window=3), "chunk: 2 has no meaning with window"), (dict(max_positions=-1), "max_positions: -1 is below 0"),
    (dict(norm="batch"), "norm: 'batch' is not known; give 'layer' or 'rms' or"),
    (dict(gated=1), "gated: 1 is not a switch; give True or False"), (dict(output_bias="no"), "output_bias: 'no' is not a switch"),
    (dict(qk_nope_head_dim=4), "qk_nope_head_dim: 4 has no meaning without kv_lora_rank; give qk_nope_head_dim=None"),
    (dict(kv_lora_rank=4), "qk_nope_head_dim, qk_rope_head_dim, v_head_dim: left out"),
    (LATENT | dict(attention_bias=True), "attention_bias: True has no meaning with kv_lora_rank; give attention_bias=False")])
def test_sizes_that_do_not_fit_are_explained(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Transformer(**GOOD | changes)


@pytest.mark.parametrize("call, words", [
    (lambda: GPT2.training_flops(4, recompute="some"), "recompute: 'some' is not known"),
    (lambda: GPT2.forward_flops(4, causal=1), "causal: 1 is not a switch"),
    (lambda: GPT2.activation_bytes(4, dropout=1), "dropout: 1"),
    (lambda: GPT2.active_parameters(input_embedding="no"), "input_embedding: 'no'"),
    (lambda: replace(GPT2, state="linear").activation_bytes(8), "state: .* outside Korthikanti")])
def test_a_bad_choice_is_named(call, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        call()


def test_a_shape_shows_what_differs_from_the_defaults_and_stays_as_it_is():
    assert repr(GPT2) == "Transformer(n_layers=12, d_model=768, n_heads=12, d_ff=3072, vocab_size=50257, max_positions=1024)"
    for wrong in (lambda: Transformer(12, 768, 12, 3072), lambda: Transformer(**GOOD, n_head=3)):
        with pytest.raises(TypeError, match="vocab_size|n_head"):
            wrong()
    with pytest.raises(FrozenInstanceError):
        GPT2.n_layers = 3
    assert "n_experts = 4" in Transformer(**GOOD, n_experts=4, experts_per_token=2).describe()
