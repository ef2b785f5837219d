"""The course held to other people's programs, which share no code with it: torch's counter, transformers, four more.

    pip install -e ".[test,peers]"
    python -m pytest tests/peers

Shapes are drawn at random and small, and models are built on the meta device, which knows sizes and holds no
numbers: nothing is downloaded. Skipped, with the reason, where the extra `peers` is not installed.
"""
import csv
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.transformer import Transformer

torch = pytest.importorskip("torch", reason='torch is not installed: pip install -e ".[test,peers]"')
transformers = pytest.importorskip("transformers", reason='transformers is not installed: pip install -e ".[test,peers]"')

import measure_counters as peers  # noqa: E402  (needs torch)
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

peers.quiet()
transformers.logging.set_verbosity_error()
few = settings(max_examples=15)
LLAMA = dict(gated=True, attention_bias=False, mlp_bias=False, norm="rms")


small = st.integers


# each draws the course's shape and the same model in transformers' words

@st.composite
def gpt2(draw):
    h, d_h, L, d_ff, V = (draw(s) for s in (small(1, 4), small(1, 8), small(1, 3), small(1, 50), small(2, 60)))
    positions = draw(small(16, 20))
    return (Transformer(L, h * d_h, h, d_ff, V, max_positions=positions), "GPT2",
            dict(n_layer=L, n_embd=h * d_h, n_head=h, n_inner=d_ff, vocab_size=V, n_positions=positions))


@st.composite
def common(draw):
    """Sizes of the Llama family, by both names: heads in groups, of a width that need not be d/h."""
    groups, per_group, L, d_ff, V = (draw(s) for s in (small(1, 3), small(1, 3), small(1, 3), small(1, 50), small(2, 60)))
    d = groups * per_group * draw(small(1, 6))  # transformers asks that the heads divide it, even where d_head is given
    d_head, tied = 2 * draw(small(1, 6)), draw(st.booleans())
    ours = dict(n_layers=L, d_model=d, n_heads=groups * per_group, d_ff=d_ff, vocab_size=V, n_kv_heads=groups,
                d_head=d_head, tied=tied)
    theirs = dict(num_hidden_layers=L, hidden_size=d, num_attention_heads=groups * per_group, intermediate_size=d_ff,
                  vocab_size=V, num_key_value_heads=groups, head_dim=d_head, tie_word_embeddings=tied)
    return ours, theirs


@st.composite
def llama(draw):
    ours, theirs = draw(common())
    biases = dict(attention_bias=draw(st.booleans()), mlp_bias=draw(st.booleans()))
    return Transformer(**ours | LLAMA | biases), "Llama", theirs | biases


@st.composite
def qwen2(draw):
    ours, theirs = draw(common())
    return Transformer(**ours | LLAMA | dict(attention_bias=True, output_bias=False)), "Qwen2", theirs


@st.composite
def mixtral(draw):
    ours, theirs = draw(common())
    experts = draw(small(2, 6))
    met = draw(small(1, experts))
    return (Transformer(**ours | LLAMA | dict(n_experts=experts, experts_per_token=met)), "Mixtral",
            theirs | dict(num_local_experts=experts, num_experts_per_tok=met))


@st.composite
def deepseek(draw):
    """DeepSeek-V2 or V3: latent attention; the first layers dense, then routed and shared experts."""
    version, (ours, theirs) = draw(st.sampled_from((2, 3))), draw(common())
    ours["n_layers"] += 1
    theirs["num_hidden_layers"] += 1
    for name in ("n_kv_heads", "d_head"):
        del ours[name]
    del theirs["head_dim"]
    theirs["num_key_value_heads"] = theirs["num_attention_heads"]
    # even where V2 reads pairs of numbers as complex ones, which must start at even places
    latent = dict(q_lora_rank=draw(st.none() | small(1, 9)), kv_lora_rank=2 * draw(small(1, 4)),
                  qk_nope_head_dim=2 * draw(small(1, 3)), qk_rope_head_dim=2 * draw(small(1, 3)), v_head_dim=draw(small(1, 6)))
    experts, width = 2 * draw(small(2, 4)), draw(small(1, 20))
    met, shared, dense = draw(small(1, experts // 2)), draw(small(1, 3)), draw(small(0, ours["n_layers"] - 1))
    return (Transformer(**ours | LLAMA | latent, n_experts=experts, experts_per_token=met, n_shared_experts=shared,
                        n_dense_layers=dense, d_expert=width, router_bias=version == 3), f"DeepseekV{version}",
            theirs | latent | dict(moe_intermediate_size=width, n_routed_experts=experts, num_experts_per_tok=met,
                                   n_shared_experts=shared, first_k_dense_replace=dense, n_group=2, topk_group=1))


FAMILIES = [gpt2, llama, qwen2, mixtral, deepseek]


def built(name, words):
    """transformers' model on the meta device, with attention and experts as plain matrix products."""
    config = getattr(transformers, f"{name}Config")(**words, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    config._attn_implementation, config._experts_implementation = "eager", "batched_mm"
    with torch.device("meta"):
        return getattr(transformers, "GPT2LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM")(config)


@pytest.mark.parametrize("family", FAMILIES)
@few
@given(data=st.data())
def test_parameters_are_those_of_transformers(family, data):
    ours, name, words = data.draw(family())
    model = built(name, words)
    # DeepSeek-V3's bias of the router is learned by a rule of its own, so transformers keeps it as a buffer
    biases = sum(b.numel() for name, b in model.named_buffers() if name.endswith("e_score_correction_bias"))
    assert ours.parameters() == sum(p.numel() for p in model.parameters()) + biases


@pytest.mark.parametrize("family, learns", [(family, learns) for learns in (False, True) for family in FAMILIES[:3 if learns else 5]])
@few
@given(data=st.data(), n=small(1, 16), batch=small(1, 3))
def test_flops_are_those_of_torchs_counter(family, learns, data, n, batch):
    ours, name, words = data.draw(family())
    model, tokens = built(name, words).train(learns), torch.zeros(batch, n, dtype=torch.long, device="meta")
    with torch.set_grad_enabled(learns), FlopCounterMode(display=False) as counter:
        logits = model(tokens).logits
        if learns:
            logits.sum().backward()
    assert (ours.training_flops if learns else ours.forward_flops)(n, batch) == counter.get_total_flops()


def expected(counter, kind, sizes):
    """What lesson 11 says that a counter counts, with d_ff in place of 4d."""
    n, d, h, d_ff = sizes
    fed = 4 * n * d * d_ff
    weights, softmax, biases = 8 * n * d**2 + fed, h * n**2, 5 * d + d_ff
    products = weights + 4 * n**2 * d
    return dict(zip(peers.KINDS, {
        "torch flop_counter, CPU": (products, weights, fed),
        "torch flop_counter, meta device": (products, products, products),
        "fvcore": (products // 2 + 10 * n * d, weights // 2 + 10 * n * d, fed // 2 + 10 * n * d),
        "ptflops, pytorch backend": (products // 2 + softmax + 2 * n * d + biases, weights // 2 + 2 * n * d + biases,
                                     products // 2 + softmax + 8 * n * d + 3 * n * d_ff),
        "ptflops, aten backend": (products // 2 + n * biases, weights // 2 + n * biases, fed // 2 + n * (d_ff + d)),
        "calflops": (products + softmax + 10 * n * d + biases, weights + 10 * n * d + biases, fed + 10 * n * d + n * d_ff),
        "thop": (8 * n * d, 8 * n * d, fed // 2 + 8 * n * d),
    }[counter]))[kind]


@pytest.mark.parametrize("sizes", [(40, 24, 4, 56), (17, 32, 2, 80)], ids=str)
@pytest.mark.parametrize("kind", peers.KINDS)
@pytest.mark.parametrize("counter", peers.COUNTERS)
def test_the_formulas_hold_at_other_sizes(counter, kind, sizes):
    """At one size a formula may fit by chance; these sizes have another ratio of n, d, h and d_ff each."""
    if not find_spec(peers.COUNTERS[counter][0]):
        pytest.skip('its package is not installed: pip install -e ".[test,peers]"')
    sizes = peers.Sizes(*sizes)
    assert peers.counted(counter, kind, sizes) == expected(counter, kind, sizes)


def test_the_stored_numbers_are_those_of_the_formulas():
    with open(peers.OUTPUT, encoding="utf-8", newline="") as file:
        stored = list(csv.DictReader(file))
    assert [(row["counter"], row["block"]) for row in stored] == [(c, k) for c in peers.COUNTERS for k in peers.KINDS]
    for row in stored:
        assert int(row["counted"]) == expected(row["counter"], row["block"], peers.Sizes()) and not row["note"]
        assert peers.Sizes(*(int(row[name]) for name in peers.Sizes._fields)) == peers.Sizes()
