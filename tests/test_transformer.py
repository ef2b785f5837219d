"""`Transformer` against three things that share no code with it: weights laid out one by one, a traced NumPy
model of the same layers, and formulas as papers print them."""

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
SIZES, SWITCH = st.integers(1, 5), st.booleans()
LATENT = dict(kv_lora_rank=3, qk_nope_head_dim=4, qk_rope_head_dim=2, v_head_dim=5, attention_bias=False)
SCALES = {"layer": 2, "rms": 1, "layer without bias": 1, "without weights": 0}


@st.composite
def layers(draw, d, norm):
    """A small layer of any kind: grouped, latent, shared, windowed, chunked, with a state, a mixture, or half empty."""
    def some(**switches):
        return {name: draw(values) for name, values in switches.items()}
    groups, per_group = draw(SIZES), draw(SIZES)
    kind = draw(st.sampled_from(["plain", "window", "chunk", "shared_cache", "latent", "linear", "delta", None]))
    chosen = dict(d_model=d, n_heads=groups * per_group, d_ff=draw(st.none() | SIZES) if kind else draw(SIZES), norm=norm)
    chosen |= some(gated=SWITCH, mlp_bias=SWITCH, output_bias=st.none() | SWITCH, norms=st.integers(0, 4),
                   extra_weights=st.integers(0, 5), attention_bias=SWITCH, output_gate=SWITCH)
    if kind == "latent":
        sizes = {name: SIZES for name in LATENT if name != "attention_bias"}
        chosen |= dict(some(q_lora_rank=st.none() | SIZES, sinks=SWITCH, **sizes), attention_bias=False)
    elif kind is None:
        chosen |= dict(n_heads=None, output_gate=False)
    else:
        chosen |= dict(n_kv_heads=groups, **some(d_head=SIZES, v_head_dim=st.none() | SIZES))
        if kind in ("linear", "delta"):
            chosen |= dict(state=kind, **some(convolution=st.integers(0, 4), head_gates=st.integers(0, 2)))
        else:
            chosen |= dict(some(qk_norm=SWITCH, sinks=SWITCH), **{kind: draw(SIZES)} if kind in ("window", "chunk") else {})
            chosen |= dict(shared_cache=kind == "shared_cache")
            if chosen["qk_norm"]:
                chosen |= some(qk_norm_whole=SWITCH, qk_norm_kind=st.none() | st.sampled_from(list(SCALES)))
    if chosen["d_ff"] and draw(SWITCH):
        experts = draw(st.integers(2, 5))
        chosen |= dict(n_experts=experts, **some(
            experts_per_token=st.integers(1, experts), n_shared_experts=st.integers(0, 2), d_expert=st.none() | SIZES,
            d_shared=st.none() | SIZES, router_bias=SWITCH, shared_gate=SWITCH))
    return Layer(**chosen)


@st.composite
def models(draw):
    """One to three kinds of layers, and what stands outside them."""
    d, norm = draw(SIZES), draw(st.sampled_from(list(SCALES)))
    pairs = draw(st.lists(st.tuples(st.integers(1, 3), layers(d, norm)), min_size=1, max_size=3))
    return Transformer.of_layers(
        pairs, draw(SIZES), max_positions=draw(st.integers(0, 5)), embedding_width=draw(st.none() | SIZES),
        **{name: draw(SWITCH) for name in ("tied", "head_bias", "embedding_norm", "final_norm")})


# --- the weights, laid out one by one ---------------------------------------------------------------------------------

def norm_weights(kind, width):
    return [(width,)] * SCALES[kind]


def mlp_weights(layer, width):
    d = layer.d_model
    matrices = [(d, width), (width, d)] + ([(d, width)] if layer.gated else [])
    return matrices + ([(m[1],) for m in matrices] if layer.mlp_bias else [])


def attention_weights(layer):
    d, h = layer.d_model, layer.n_heads
    if layer.kv_lora_rank:
        nope, rope, v, c = layer.qk_nope_head_dim, layer.qk_rope_head_dim, layer.v_head_dim, layer.kv_lora_rank
        a = [(d, c), (d, rope), *norm_weights(layer.norm, c)]
        for _ in range(h):
            a += [(layer.q_lora_rank or d, nope + rope), (c, nope), (c, v), (v, d)] + [(d, v)] * layer.output_gate
        if layer.q_lora_rank:
            a += [(d, layer.q_lora_rank), *norm_weights(layer.norm, layer.q_lora_rank)]
    else:
        groups, width, v = layer.n_kv_heads, layer.d_head, layer.v_head_dim or layer.d_head
        kind, whole = layer.qk_norm_kind or layer.norm, layer.qk_norm_whole
        queries, keys, values = [width] * h, [width] * groups, [v] * groups
        if layer.shared_cache:
            keys, values = [], []
        if layer.state:
            queries, values = keys, [v] * h
        heads = [*queries, *keys, *values]
        a = [(d, wide) for wide in [*heads, *[v] * h * layer.output_gate]] + [(v, d)] * h
        if layer.attention_bias:
            a += [(wide,) for wide in [*heads, *[v] * h * layer.output_gate]]
        for normed in (queries, keys) if layer.qk_norm else ():
            a += [shape for wide in (normed if whole else normed[:1]) for shape in norm_weights(kind, wide)]
        a += [(layer.convolution,)] * sum(heads) + [(d,)] * h * layer.head_gates
    biased = layer.attention_bias if layer.output_bias is None else layer.output_bias
    return a + ([(d,)] if biased else []) + [(1,)] * h * layer.sinks


def weights(model, routed):
    """The number of all weights; routed(layer): how many experts are laid out in a layer that has a router."""
    d, V, narrow = model.d_model, model.vocab_size, model.embedding_width or model.d_model
    norm = model.layers[0][1].norm
    shapes = [(V, narrow), *[(d,)] * model.max_positions] + ([] if model.tied else [(narrow, V)])
    shapes += [(narrow, d), (d, narrow)] * (model.embedding_width is not None) + [(V,)] * model.head_bias
    shapes += norm_weights(norm, d) * (model.embedding_norm + model.final_norm)
    for layer in (layer for count, layer in model.layers for _ in range(count)):
        shapes += attention_weights(layer) if layer.n_heads else []
        shapes += norm_weights(norm, d) * layer.norms + [(1,)] * layer.extra_weights
        if layer.n_experts > 1:
            for width, held in ((layer.d_expert or layer.d_ff, routed(layer)),
                                (layer.d_shared or layer.d_expert or layer.d_ff, layer.n_shared_experts)):
                shapes += mlp_weights(layer, width) * held
            shapes += [(d, 1)] * (layer.n_experts + layer.shared_gate) + [(1,)] * layer.n_experts * layer.router_bias
        elif layer.d_ff:
            shapes += mlp_weights(layer, layer.d_ff)
    return sum(int(np.prod(shape)) for shape in shapes)


@given(models())
@settings(max_examples=100, deadline=None)
def test_parameters_are_the_weights_laid_out_one_by_one(model):
    parts = model.parameters_by_part()
    assert model.parameters() == weights(model, lambda layer: layer.n_experts) == sum(parts.values())
    active = weights(model, lambda layer: layer.experts_per_token)
    assert model.active_parameters() == active
    without = 0 if model.tied else model.vocab_size * (model.embedding_width or model.d_model)
    assert model.active_parameters(input_embedding=False) == active - without
    assert tuple(parts) == PARTS and all(type(count) is int for count in parts.values())


# --- a NumPy model of the same layers, traced -------------------------------------------------------------------------

def mix(layer, q, k, v, causal):
    """q: (…, n, c), k: (…, n, c), v: (…, n, e). causal computes row by row, only what a token may see."""
    def rows(q, k, v):
        scores = np.exp(q @ k.swapaxes(-1, -2))
        return scores / np.sum(scores, axis=-1, keepdims=True) @ v
    if not causal:
        return rows(q, k, v)

    def row(i):
        first = max(0, i + 1 - (layer.window or i + 1)) if layer.chunk is None else i // layer.chunk * layer.chunk
        return rows(q[..., i:i + 1, :], k[..., first:i + 1, :], v[..., first:i + 1, :])
    return np.concatenate([row(i) for i in range(q.shape[-2])], axis=-2)


def recur(layer, q, k, v):
    """One matrix a head, written and read token by token. q, k: (h, n, c), v: (h, n, e)."""
    state, out = None, []
    for i in range(q.shape[-2]):
        key, value = k[:, i:i + 1, :], v[:, i:i + 1, :]
        written = key.swapaxes(-1, -2) @ value
        state = written if state is None else state + written
        if layer.state == "delta":
            value = value - key @ state
        out.append(q[:, i:i + 1, :] @ state)
    return np.concatenate(out, axis=-2)


def plain_attention(layer, x, w_q, w_k, w_v, w_g, w_o, kept_k, kept_v, taps, gates, causal):
    size, h, groups, c = x.shape[0], layer.n_heads, layer.n_kv_heads, layer.d_head
    e = layer.v_head_dim or c

    def heads(a, count, width):  # (n, …) -> (groups, count / groups, n, width)
        return a.reshape(size, groups, count // groups, width).swapaxes(0, 1).swapaxes(1, 2)
    q = x @ w_q
    k, v = (kept_k, kept_v) if layer.shared_cache else (x @ w_k, x @ w_v)
    if layer.state:
        for a, tap in zip((q, k, v), taps) if layer.convolution else ():
            a.reshape(size, a.shape[1], 1, 1) @ tap  # each channel is multiplied by each of its taps
        x @ gates if layer.head_gates else None
        q, k = (np.broadcast_to(heads(a, groups, c), (groups, h // groups, size, c)).reshape(h, size, c) for a in (q, k))
        mixed = recur(layer, q, k, heads(v, h, e).reshape(h, size, e)).reshape(groups, h // groups, size, e)
    else:
        mixed = mix(layer, heads(q, h, c), heads(k, groups, c), heads(v, groups, e), causal)
    mixed = mixed.swapaxes(1, 2).swapaxes(0, 1).reshape(size, h * e)
    return (mixed if w_g is None else mixed * (x @ w_g)) @ w_o


def latent_attention(layer, x, down_q, up_q, down, rope, up_k, up_v, w_g, w_o, causal, absorbed):
    """up_q: (h, r or d, nope + rope), up_k: (h, nope, c), up_v: (h, c, v), w_o: (h·v, d). The norms are left out."""
    n_heads, size, nope = layer.n_heads, x.shape[0], layer.qk_nope_head_dim
    latent = (x @ down).reshape(1, size, layer.kv_lora_rank)
    turned = (x @ rope).reshape(1, size, layer.qk_rope_head_dim)
    queries = (x if down_q is None else x @ down_q) @ up_q
    if absorbed:
        q = np.concatenate([queries[..., :nope] @ up_k, queries[..., nope:]], axis=-1)
        mixed = mix(layer, q, np.concatenate([latent, turned], axis=-1), latent, causal) @ up_v
    else:
        spread = np.broadcast_to(turned, (n_heads, size, layer.qk_rope_head_dim))
        k = np.concatenate([latent @ up_k.swapaxes(-1, -2), spread], axis=-1)
        mixed = mix(layer, queries, k, latent @ up_v, causal)
    mixed = mixed.swapaxes(0, 1).reshape(size, n_heads * layer.v_head_dim)
    return (mixed if w_g is None else mixed * (x @ w_g)) @ w_o


def mlp(x, w_in, w_out, w_gate=None):
    hidden = x @ w_in
    return (np.maximum(hidden, 0) if w_gate is None else hidden * (x @ w_gate)) @ w_out


def numpy_layer(layer, n, causal=False, absorbed=False):
    """One layer over n tokens as a function of arrays, and their shapes."""
    d, h, arrays, fed = layer.d_model, layer.n_heads, {"x": (n, layer.d_model)}, {}
    if layer.kv_lora_rank:
        c, nope, rope, v = layer.kv_lora_rank, layer.qk_nope_head_dim, layer.qk_rope_head_dim, layer.v_head_dim
        arrays |= dict(down_q=(d, layer.q_lora_rank) if layer.q_lora_rank else None, down=(d, c), rope=(d, rope),
                       up_q=(h, layer.q_lora_rank or d, nope + rope), up_k=(h, nope, c), up_v=(h, c, v))
    elif h:
        groups, c, v = layer.n_kv_heads, layer.d_head, layer.v_head_dim or layer.d_head
        few, many = groups * c, (h if layer.state else groups) * v
        arrays |= dict(w_q=(d, few if layer.state else h * c), w_k=(d, few), w_v=(d, many), kept_k=(n, few),
                       kept_v=(n, many), gates=(d, h * layer.head_gates) if layer.head_gates else None,
                       taps=tuple((m, 1, layer.convolution) for m in (few, few, many)) if layer.convolution else None)
    if h:
        arrays |= dict(w_g=(d, h * v) if layer.output_gate else None, w_o=(h * v, d))
    for name, width in (("", layer.d_ff), ("routed_", layer.d_expert or layer.d_ff),
                        ("shared_", layer.d_shared or layer.d_expert or layer.d_ff)) if layer.d_ff else ():
        fed |= {f"{name}in": (d, width), f"{name}out": (width, d), f"{name}gate": (d, width) if layer.gated else None}
    fed["router"] = (d, layer.n_experts + layer.shared_gate)

    def forward(x, fed, taps=None, **weights):
        if layer.kv_lora_rank:
            x = x + latent_attention(layer, x, causal=causal, absorbed=absorbed, **weights)
        elif h:
            x = x + plain_attention(layer, x, taps=taps, causal=causal, **weights)
        parts = {name: [fed.get(f"{name}{matrix}") for matrix in ("in", "out", "gate")] for name in ("", "routed_", "shared_")}
        if layer.n_experts > 1:
            gates = x @ fed["router"]
            for name, met in (("routed_", layer.experts_per_token), ("shared_", layer.n_shared_experts)):
                for _ in range(met):
                    x = x + gates[:, :1] * mlp(x, *parts[name])
        elif layer.d_ff:
            x = x + mlp(x, *parts[""])
        return x
    return forward, arrays, fed


def traced(layer, n, causal=False, absorbed=False):
    """FLOPs of matrix products of one layer, from a trace of the NumPy code."""
    forward, arrays, fed = numpy_layer(layer, n, causal, absorbed)
    taps = arrays.pop("taps", None) or ()

    def flat(**given):
        rest = {name: given.pop(f"fed_{name}") for name in fed}
        return forward(fed=rest, taps=[given.pop(f"tap_{i}") for i in range(len(taps))], **given)
    return trace(flat, **arrays, **{f"fed_{name}": shape for name, shape in fed.items()},
                 **{f"tap_{i}": tap for i, tap in enumerate(taps)}).matmul_flops


@given(models(), st.integers(1, 7), st.integers(1, 3), SWITCH, SWITCH)
@settings(max_examples=60, deadline=None)
def test_forward_flops_are_the_trace_of_numpy_layers(model, n, batch, causal, absorbed):
    absorbed = absorbed and any(layer.is_latent for _, layer in model.layers)
    causal = causal or any(layer.window or layer.chunk for _, layer in model.layers)
    narrow = model.embedding_width or 0
    outside = 2 * n * (model.vocab_size * (narrow or model.d_model) + 2 * narrow * model.d_model)
    counted = sum(count * traced(layer, n, causal, absorbed) for count, layer in model.layers) + outside
    flops = model.forward_flops(n, batch, causal, absorbed)
    assert type(flops) is int and flops == batch * counted == sum(model.flops_by_part(n, batch, causal, absorbed).values())
    if causal and not any(layer.chunk for _, layer in model.layers):  # what the last token adds
        before = model.forward_flops(n - 1, batch, causal, absorbed) if n > 1 else 0
        assert model.decode_flops(n, batch, absorbed) == flops - before


def test_the_formula_of_a_models_shape_is_the_trace_with_n_left_a_symbol():
    model = Transformer(2, 12, 6, 20, 30, n_kv_heads=2, d_head=2, gated=True)
    assert (2 * traced(model.layers[0][1], n) + 2 * n * 12 * 30).expand() == model.forward_flops(n)


@pytest.mark.parametrize("causal", [False, True])
def test_absorbed_latent_attention_gives_the_values_of_the_expanded_one(causal):
    layer, rng = Layer(8, 3, 4, q_lora_rank=4, **LATENT), np.random.default_rng(0)
    found = []
    for absorbed in (False, True):
        forward, arrays, fed = numpy_layer(layer, 6, causal, absorbed)
        rng = np.random.default_rng(0)
        values = [{name: shape and rng.normal(size=shape) / 4 for name, shape in some.items()} for some in (arrays, fed)]
        found.append(forward(**values[0], fed=values[1]))
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("window", [None, 1, 3, 7, 9])
@pytest.mark.parametrize("size", [1, 3, 7, 12])
def test_pairs_and_cached_tokens_counted_one_by_one(window, size):
    near = [(q, k) for q in range(size) for k in range(q + 1) if window is None or q - k < window]
    kept = min(size, window or size)
    cells = [(q, k) for q in range(size) for k in range(size) if window and q // window == k // window]
    for field, causal, pairs in (("window", True, len(near)), ("window", False, size * kept), ("chunk", False, len(cells)),
                                 ("chunk", True, sum(k <= q for q, k in cells))):
        model = Transformer(2, 6, 3, 4, 5, **{field: window})
        if field == "window" or window:
            assert model.flops_by_part(size, 3, causal)["scores and weighted sum"] == 3 * 2 * 2 * 6 * 2 * pairs
            assert model.kv_cache_bytes(size, batch=3) == 2 * 2 * 6 * kept * 3 * 2


def test_what_is_kept_between_tokens():
    """Sizes of the arrays that a layer hands on, one by one, and 34 bytes for 32 numbers."""
    state = Layer(16, 6, 8, n_kv_heads=2, d_head=3, v_head_dim=5, state="delta", convolution=4)
    held = 6 * np.empty((3, 5)).size + np.empty((4 - 1, 2 * 3 + 2 * 3 + 6 * 5)).size
    plain = Layer(16, 6, 8, n_kv_heads=2, d_head=3, v_head_dim=5)
    latent = Layer(16, 6, 8, **LATENT)
    for layer, elements in ((state, held), (plain, 9 * 2 * (3 + 5)), (latent, 9 * (3 + 2)), (Layer(16, None, 8), 0),
                            (replace(plain, shared_cache=True), 0)):
        model = Transformer.of_layers([(2, layer)], 7)
        assert model.kv_cache_bytes(9, batch=16) == 2 * 16 * 2 * elements
        assert model.kv_cache_bytes(9, 16, Fraction(34, 32)) == 2 * 34 * elements // 2
    assert Transformer.of_layers([(2, latent)], 7).kv_cache_bytes(9, 1, 1, expanded=True) == 2 * 9 * 6 * (4 + 2 + 5)


# --- models whose layers differ ---------------------------------------------------------------------------------------

def test_five_layers_with_a_window_and_a_full_one():
    windowed = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=512, gated=True, attention_bias=False,
                     mlp_bias=False, norm="rms")
    full = replace(windowed, window=None)
    model = Transformer.of_layers([(5, windowed), (1, full)], vocab_size=1000)
    assert model.kv_cache_bytes(8192) == 11_010_048
    assert model.layers == ((5, windowed), (1, full)) and (model.n_layers, model.n_kv_heads) == (6, 1)
    assert replace(model, window=512).kv_cache_bytes(8192) == 6 * 2 * 256 * 512 * 2
    assert replace(model, n_kv_heads=4).kv_cache_bytes(8192) == 4 * 11_010_048
    assert "5 of 4 heads" in model.describe() and "in 5 of 6 layers" in model.describe(513)
    for used in (lambda: min(8192, model.window), lambda: 2 * model.window, lambda: bool(model.window), lambda: L * model.window):
        with pytest.raises(ValueError, match="^window: differs from layer to layer"):
            used()


@given(models(), st.integers(1, 9), SWITCH)
@settings(max_examples=60, deadline=None)
def test_a_model_is_the_sum_of_its_layers(model, size, causal):
    """A model for each kind of layer; what stands outside the layers is counted once."""
    each = [Transformer.of_layers([pair], model.vocab_size, **{
        name: getattr(model, name) for name in ("tied", "embedding_width", "max_positions", "head_bias", "final_norm",
                                                "embedding_norm")}) for pair in model.layers]
    bare = replace(each[0], n_layers=1, **dict(n_heads=None, d_ff=None, norms=0, extra_weights=0) | {
        f.name: f.default for f in fields(Layer) if f.name not in ("d_model", "n_heads", "d_ff", "norm", "norms", "extra_weights")})
    for of in (lambda m: m.parameters(), lambda m: m.active_parameters(False), lambda m: m.forward_flops(size, 2, causal),
               lambda m: m.training_flops(size, 2, causal), lambda m: m.decode_flops(size),
               lambda m: m.activation_bytes(size, 2, "full") - 2 * 2 * size * m.d_model * (m is bare)):
        assert of(model) - of(bare) == sum(of(one) - of(bare) for one in each)
    assert model.kv_cache_bytes(size, 2) == sum(one.kv_cache_bytes(size, 2) for one in each)
    assert model.activation_bytes(size, 2, "full") == 2 * size * 2 * model.n_layers * model.d_model


def test_layers_alike_but_for_the_first_of_a_mixture():
    sparse = dict(n_experts=8, experts_per_token=2, n_shared_experts=1, d_expert=3, d_shared=5, router_bias=True, shared_gate=True)
    model = Transformer(5, 12, 6, 8, 10, n_kv_heads=2, window=7, n_dense_layers=2, **sparse)
    dense = Layer(12, 6, 8, n_kv_heads=2, window=7)
    assert model.layers == ((2, dense), (3, replace(dense, **sparse)))
    assert model.parameters() == Transformer.of_layers(model.layers[::-1], 10).parameters()
    assert model.is_mixture and not Transformer(3, 12, 6, 8, 10).is_mixture
    assert Transformer(5, 12, 6, 8, 10, n_dense_layers=5, **sparse).layers == ((5, Layer(12, 6, 8)),)
    assert Transformer.of_layers([(2, dense), (3, dense)], 10) == Transformer(5, 12, 6, 8, 10, n_kv_heads=2, window=7)


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


def test_papers_formulas():
    """Narayanan et al. 2021 (FLOPs; parameters but for the last norm), Korthikanti et al. 2022 (activations, and the
    FLOPs of selective recomputation: 2Bs²h for the scores, 2Bs²h for attention over the values)."""
    model = Transformer(L, d, h, 4*d, V)
    printed = 96*b*n*L*d**2*(1 + n/(6*d) + V/(16*L*d))
    assert sympy.expand(printed - model.training_flops(n, b, recompute="full")) == 0
    assert sympy.expand(printed.subs(V, 0)*3/4 - model.training_flops(n, b).subs(V, 0)) == 0
    selective = model.training_flops(n, b, recompute="selective") - model.training_flops(n, b)
    assert sympy.expand(selective - L*(2*b*n**2*d + 2*b*n**2*d)) == 0
    positioned = replace(model, max_positions=n).parameters()
    assert sympy.expand(12*L*d**2*(1 + 13/(12*d) + (V + n)/(12*L*d)) + 2*d - positioned) == 0
    for recompute, kept in (("none", 34 + 5*h*n/d), ("selective", 34), ("full", 2)):
        assert sympy.expand(model.activation_bytes(n, b, recompute) - L*n*b*d*kept) == 0
    assert Transformer(96, 12288, 96, 49152, 50257).activation_bytes(2048) == 96 * 2048 * 12288 * (34 + 80)


@pytest.mark.parametrize("field, changes", [("n_experts", dict(n_experts=4)), ("state", dict(state="linear")),
                                            ("kv_lora_rank", LATENT)])
def test_activations_are_refused_where_the_count_does_not_hold(field, changes):
    model = replace(GPT2, **changes)
    with pytest.raises(ValueError, match=f"^{field}: .* outside Korthikanti"):
        model.activation_bytes(8)
    assert model.activation_bytes(8, 3, recompute="full") == 2 * 12 * 8 * 3 * 768


def test_activations_tensor_by_tensor():
    """Korthikanti et al., section 4.1, tensor by tensor for widths of every kind: 2 bytes an element, masks 1."""
    d, h, groups, width, v, inner, size = 10, 6, 2, 3, 7, 17, 5
    tokens, squares = size, h * size * size
    attention = 2*tokens*d + 2*tokens*h*width + 2*tokens*groups*(width + v) + 2*squares + squares + 2*squares
    attention += 2*tokens*h*v + tokens*d
    feed_forward = 2*tokens*d + 2*tokens*inner + 2*tokens*inner + tokens*d
    norm = 2*tokens*d
    layer = Layer(d, h, inner, n_kv_heads=groups, d_head=width, v_head_dim=v)
    near = 2 * (squares - h * size * 2) + squares - h * size * 2 + 2 * (squares - h * size * 2)
    for changes, kept in (
            ({}, 2 * norm + attention + feed_forward), (dict(norms=4), 4 * norm + attention + feed_forward),
            (dict(norms=1, parallel=True), norm + attention + feed_forward - 2*tokens*d),
            (dict(gated=True), 2 * norm + attention + feed_forward + 2 * 2*tokens*inner),
            (dict(qk_norm=True), 2 * norm + attention + feed_forward + 2*tokens*(h + groups)*width),
            (dict(output_gate=True), 2 * norm + attention + feed_forward + 2 * 2*tokens*h*v),
            (dict(shared_cache=True), 2 * norm + attention + feed_forward - 2*tokens*groups*(width + v)),
            (dict(window=3), 2 * norm + attention + feed_forward - 5*squares + near),
            (dict(d_ff=None, norms=1), norm + attention)):
        model = Transformer.of_layers([(3, replace(layer, **changes))], 7)
        assert model.activation_bytes(size, batch=4) == 3 * 4 * kept, changes
        core = near if "window" in changes else 5 * squares
        assert model.activation_bytes(size, batch=4, recompute="selective") == 3 * 4 * (kept - core)
    plain = Transformer.of_layers([(3, layer)], 7)
    assert plain.activation_bytes(size, dropout=False) == 3 * (2 * norm + attention + feed_forward - 3*squares - 2*tokens*d)


def test_attention_layer_of_the_first_lessons():
    parts = Transformer.symbolic(n_kv_heads=None, d_head=None).flops_by_part(n)
    assert parts["attention projections"] == 8*L*n*d**2 and parts["scores and weighted sum"] == 4*L*n**2*d
    assert text(parts["feed-forward"]) == "4·L·n·d·d_ff"


# --- formulas and numbers are the same method -----------------------------------------------------------------------------

EXPERTS = ("n_experts", "experts_per_token", "n_shared_experts")


@given(models(), st.integers(1, 9), st.integers(1, 3), SWITCH)
@settings(max_examples=8, deadline=None)
def test_symbols_with_numbers_put_in_are_the_numbers(model, size, batch, causal):
    """Every size of every layer, and their numbers, become symbols of their own; what is absent stays absent."""
    put_in, pairs = {n: size, b: batch}, []
    for i, (count, layer) in enumerate(model.layers):
        sizes = {f.name: getattr(layer, f.name) for f in fields(layer) if layer.is_mixture or f.name not in EXPERTS}
        sizes = {name: value for name, value in sizes.items() if type(value) is int and value} | {"n_layers": count}
        symbols = {name: sympy.Symbol(name if name == "d_model" else f"{name}_{i}", positive=True, integer=True) for name in sizes}
        put_in |= {symbols[name]: value for name, value in sizes.items()}
        pairs.append((symbols.pop("n_layers"), replace(layer, **symbols)))
    formula = Transformer.of_layers(pairs, **{f.name: getattr(model, f.name) for f in fields(model) if f.name not in (
        *[f.name for f in fields(Layer)], "n_layers", "mixed", "n_dense_layers")})
    for name, arguments in (("parameters", {}), ("active_parameters", {}), ("active_parameters", dict(input_embedding=False)),
                            ("forward_flops", dict(n=n, batch=b, causal=causal)), ("decode_flops", dict(n=n, batch=b)),
                            ("training_flops", dict(n=n, batch=b, causal=causal, recompute="full")),
                            ("kv_cache_bytes", dict(n=n, batch=b))):
        numbers = {key: {n: size, b: batch}.get(value, value) if isinstance(value, sympy.Symbol) else value
                   for key, value in arguments.items()}
        assert sympy.sympify(getattr(formula, name)(**arguments)).subs(put_in) == getattr(model, name)(**numbers)
    for part, written in formula.flops_by_part(n, b, causal).items():
        assert sympy.sympify(written).subs(put_in) == model.flops_by_part(size, batch, causal)[part]


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
    assert "n_experts = 4, experts_per_token = 2, n_shared_experts = 1" in \
        Transformer(**GOOD, n_experts=4, experts_per_token=2, n_shared_experts=1).describe()
    assert "kv_lora_rank = 3" in Transformer(**GOOD, **LATENT).describe()
    with pytest.raises(ValueError, match="^n: "):
        GPT2.describe(0)


def test_a_shape_shows_what_differs_from_the_defaults():
    assert repr(GPT2) == "Transformer(n_layers=12, d_model=768, n_heads=12, d_ff=3072, vocab_size=50257, max_positions=1024)"
    assert eval(repr(GPT2)) == GPT2
