"""Bytes held: against the published counts, and against what the layers themselves keep."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from helpers import memory
from helpers.layers import block, block_shapes
from helpers.memory import fits
from helpers.notation import N, b, n
from helpers.planning import accelerator_pool, devices_to_hold, serve
from helpers.published import ACCELERATORS, MODELS
from helpers.roofline import prefill
from helpers.transformer import Layer, Transformer

GPT3, LLAMA = MODELS["GPT-3 175B"], MODELS["Llama-3 8B"]
PARTS = LLAMA.flops_by_part(4096)
CORE = PARTS["scores and weighted sum"]


def test_states_take_the_published_bytes_a_parameter():
    assert [size / N for size in memory.training_state_bytes(N).values()] == [2, 2, 4, 4, 4]  # Rajbhandari et al. 2020
    for bytes_each, *choices in ((18, "adam", "fp32"), (8, "sgd"), (10, "adam 8-bit"), (12, "sgd with momentum"),
                                 (16, "adam", "fp32", "fp32")):
        assert sum(memory.training_state_bytes(N, *choices).values()) == bytes_each * N


@given(groups=st.sampled_from([1, 2, 4]), tokens=st.integers(1, 6), d_ff=st.integers(1, 9))
@settings(max_examples=20)
def test_without_dropout_the_tensors_are_those_that_the_layers_save(groups, tokens, d_ff):
    """What helpers.layers keeps for its own backward pass, the norms' statistics aside."""
    model = Transformer(1, 8, 4, d_ff, 5, n_kv_heads=groups, gated=True, norm="rms")
    shapes, saved = block_shapes(8, d_ff, 4, groups, gated=True, norm="rms"), {}
    weights = {name: np.ones(shape) for name, shape in shapes.items()}
    block(np.ones((tokens, 8)), **weights, n_heads=4, n_kv_heads=groups, saved=saved)

    def elements(of):
        return sum(elements(value) if isinstance(value, dict) else value.size
                   for name, value in of.items() if name != "deviation")
    assert elements(saved) * 2 == model.activation_bytes(tokens, dropout=False)


class Tape(dict):
    """What autograd keeps of a forward pass in plain NumPy, each array once; no weight."""

    def keep(self, array):
        self[id(array)] = array
        return array

    def times(self, a, b):
        return self.keep(a) * self.keep(b)

    def linear(self, x, width):
        return self.keep(x) @ np.full((x.shape[-1], width), 0.1)

    def norm(self, x):
        return np.array(self.keep(x))

    def share(self, x):
        return self.keep(np.exp(x) / np.exp(x).sum(-1, keepdims=True))

    def feed_forward(self, x, width):
        gate = np.tanh(self.keep(self.linear(x, width)))    # SiLU, whose input is kept
        return self.linear(self.times(gate, self.linear(x, width)), x.shape[-1])


@pytest.mark.parametrize("tokens", [1, 5])
@pytest.mark.parametrize("shared_gate", [False, True])
@pytest.mark.parametrize("q_lora_rank", [None, 7])
def test_of_latent_attention_and_experts_is_kept_what_autograd_keeps(tokens, shared_gate, q_lora_rank):
    d, h, rank, plain, turned, wide, experts, chosen = 12, 3, 4, 5, 2, 6, 4, 2
    tape = Tape()
    x = tape.norm(np.ones((tokens, d)))
    low = tape.norm(tape.linear(x, q_lora_rank)) if q_lora_rank else x
    queries = tape.linear(low, h * (plain + turned)).reshape(tokens, h, -1).swapaxes(0, 1)
    low, turn = tape.norm(tape.linear(x, rank)), tape.linear(x, turned)
    keys = np.concatenate([tape.linear(low, h * plain).reshape(tokens, h, -1), np.repeat(turn[:, None], h, 1)], -1).swapaxes(0, 1)
    values = tape.linear(low, h * wide).reshape(tokens, h, -1).swapaxes(0, 1)
    weights = tape.share(tape.keep(queries) @ tape.keep(keys.swapaxes(1, 2)))
    mixed = (tape.keep(weights) @ tape.keep(values)).swapaxes(0, 1).reshape(tokens, h * wide)
    x = tape.norm(np.ones((tokens, d)) + tape.linear(mixed, d))
    shares, out = tape.share(tape.linear(x, experts)), tape.feed_forward(x, 9)
    if shared_gate:
        out = tape.times(out, 1 / (1 + np.exp(-tape.linear(x, 1))))
    for expert in range(experts):
        if mine := [token for token in range(tokens) if (token + expert) % experts < chosen]:
            out[mine] += tape.times(tape.feed_forward(x[mine], 8), shares[mine, expert, None])
    model = Transformer(1, d, h, 8, 50, gated=True, norm="rms", attention_bias=False, n_experts=experts, experts_per_token=chosen,
                        n_shared_experts=1, d_shared=9, shared_gate=shared_gate, q_lora_rank=q_lora_rank, kv_lora_rank=rank,
                        qk_nope_head_dim=plain, qk_rope_head_dim=turned, v_head_dim=wide)
    assert model.activation_bytes(tokens, dropout=False) == 2 * sum(array.size for array in tape.values())


def test_a_footprint_adds_up_and_is_held_against_the_memory():
    found = fits(LLAMA, "H100 SXM", 8192, batch=4)
    assert found.total_bytes == 2 * LLAMA.parameters() + LLAMA.kv_cache_bytes(8192, 4)
    assert found.free_bytes == ACCELERATORS["H100 SXM"].memory_bytes - found.total_bytes
    assert "free" in repr(found) and "missing" in repr(fits(GPT3, ACCELERATORS["H100 SXM"], 2048))
    assert memory.Footprint(found.parts, found.total_bytes).fits
    assert not memory.Footprint(found.parts, found.total_bytes - 1).fits
    assert "missing" not in repr(memory.training_footprint(Transformer.symbolic(), n, b)) and "16" in repr(found)


def test_serving_is_held_against_all_memories_and_training_against_each():
    model, card = MODELS["Llama-3 70B"], ACCELERATORS["H100 SXM"].memory_bytes
    alone, eight = (fits(model, "H100 SXM", 8192, devices=devices) for devices in (1, 8))
    assert not alone.fits and eight.fits and eight.memory_bytes == 8 * card
    assert fits(model, accelerator_pool("H100 SXM", 8), 8192).parts == eight.parts
    assert fits(model, "H100 SXM", 4096, training=True, devices=8).memory_bytes == card
    pools = "H100 SXM", accelerator_pool("H100 SXM", 8)
    assert len({devices_to_hold(model, 4096, pool, "full") for pool in pools}) == 1


def test_layers_of_two_kinds_are_held_kind_by_kind():
    kinds = [(count, Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=window)) for count, window in ((5, 512), (1, None))]
    mixed = Transformer.of_layers(kinds, 1000)
    assert memory.kv_cache_bytes(mixed, 8192) == 11_010_048 == 5 * 512 * 1024 + 8192 * 1024
    parts = memory.training_footprint(mixed, 8192, recompute="selective", devices=8).parts
    assert parts["one layer, recomputed"] == 5 * 4 * 8192**2


def test_blocks_that_share_a_scale_take_a_fraction_of_a_byte():
    """llama.cpp's log: 64 layers of 8 heads of 128 at 32,768 tokens take 4,352 MiB in q8_0."""
    logged = Transformer(64, 5120, 40, 27648, 152064, n_kv_heads=8)
    assert memory.kv_cache_bytes(logged, 32_768, 1, "q8_0") == 4352 * 2**20
    assert logged.kv_cache_bytes(32_768, 1, 1.0625) == 4352 * 2**20
    sizes = dict(fp64=256, fp32=128, tf32=128, bf16=64, fp16=64, fp8=32, int8=32, fp4=16, int4=16, q8_0=34, q4_0=18, mxfp4=17, nvfp4=18)
    assert {name: memory.bytes_of(32, name) for name in sizes} == sizes and memory.bytes_of(32, Fraction(34, 32)) == 34


@pytest.mark.parametrize("stage, divided", [(0, 0), (1, 12), (2, 14), (3, 16)])
def test_each_stage_divides_more(stage, divided):
    """Rajbhandari et al. 2020, figure 1: 4 bytes + 12 for Adam; the largest layer stays whole."""
    count, layer = LLAMA.parameters(), sum(LLAMA.layers[0][1].parameters_by_part().values())
    states = memory.training_state_bytes(LLAMA, devices=64, stage=stage)
    whole = (16 - divided) * count + 2 * layer * max(0, stage - 1)
    assert abs(sum(states.values()) - whole - divided * count / 64) < 64


def test_frozen_weights_have_no_gradients_and_no_states():
    """QLoRA: 4-bit weights, 16 bytes for each parameter that is trained."""
    count, trained = LLAMA.parameters(), 20_000_000
    found = memory.training_footprint(LLAMA, 4096, precision="nvfp4", adapters=trained)
    states = [size for part, size in found.parts.items() if "activ" not in part and part != "last norm and logits"]
    assert sum(states) == -(-9 * count // 16) + 16 * trained
    wide = memory.training_state_bytes(LLAMA, precision="fp32", adapters=trained)
    assert wide["master weights"] == 4 * trained and wide["weights"] == 4 * count
    divided = memory.training_state_bytes(LLAMA, devices=8, adapters=trained)
    assert divided["adapters"] == 2 * trained and divided["first moment"] == 4 * trained // 8
    assert LLAMA.training_flops(4096, adapters=trained) == 2 * sum(PARTS.values()) + CORE + 6 * 4096 * trained


def test_a_fused_kernel_is_one_thing_in_flops_and_in_bytes():
    """Its backward is 5 products to 2 forward; it keeps a sum for each query and head."""
    full = LLAMA.training_flops(4096)
    for recompute in ("none", "selective"):
        assert LLAMA.training_flops(4096, fused=True, recompute=recompute) == full + CORE // 2
    assert LLAMA.training_flops(4096, fused=True, recompute="full") == 4 * sum(PARTS.values()) - PARTS["logits"] + CORE // 2
    plain, selective, fused = (LLAMA.activation_bytes(4096, dropout=False, **how) for how in (
        {}, dict(recompute="selective"), dict(fused=True)))
    assert plain - selective == 32 * 2 * 32 * 4096**2 and fused - selective == 32 * 4 * 32 * 4096
    latent = MODELS["DeepSeek-V3"]  # scores 192 wide, values 128
    assert latent.training_flops(4096, fused=True) - latent.training_flops(4096) == 61 * 2 * 128 * 192 * 4096**2


@pytest.mark.parametrize("call, error, words", [
    (lambda: memory.weight_bytes("Llama-3 8B"), TypeError, "MODELS"), (lambda: fits(LLAMA, "H100", 10), KeyError, "H100 SXM"),
    (lambda: prefill("Llama-3 8B", "B200", 9), TypeError, "model: 'Llama-3 8B' is no Transformer"),
    (lambda: fits(LLAMA, 80e9, 10), TypeError, "accelerator: 80"), (lambda: fits(LLAMA, "H100 SXM", 0), ValueError, "n: 0"),
    (lambda: fits(LLAMA, "H100 SXM", 9, reserve=-1), ValueError, "reserve: -1 is below 0"),
    (lambda: serve(LLAMA, "B200", 9, 9, devices=2, reserve=2e9), ValueError, "reserve: 2000000000"),
    (lambda: fits(LLAMA, "H100 SXM", 9, recompute="full"), ValueError, "recompute: .*training=True"),
    (lambda: fits(LLAMA, "H100 SXM", 1, training=True, recompute="some"), ValueError, "recompute"),
    (lambda: fits(LLAMA, accelerator_pool("H100 SXM", 8), 9, training=True), ValueError, "8 × H100"),
    (lambda: fits(LLAMA, "H100 SXM", 10, training="yes"), ValueError, "training: 'yes'"),
    (lambda: fits(LLAMA, "H100 SXM", 10, training=True, devices=0), ValueError, "devices: 0"),
    (lambda: memory.bytes_of(1, "bfloat16"), ValueError, "precision: 'bfloat16' .* near: 'bf16'"),
    (lambda: memory.bytes_of(-3, "bf16"), ValueError, "elements: -3 is below 0"),
    (lambda: memory.bytes_of(9, 2.1), ValueError, "precision: 2.1 bytes a number is above 2"),
    (lambda: memory.bytes_of(9, -1), ValueError, "precision: -1 is not above 0"),
    (lambda: memory.training_state_bytes(7, "adamw"), ValueError, "optimizer: 'adamw' .*'adam'"),
    (lambda: memory.training_state_bytes(10**9, devices=8), ValueError, "model: 1000000000 param"),
    (lambda: memory.training_state_bytes(LLAMA, stage=4), ValueError, "stage: 4 is above 3"),
    (lambda: LLAMA.training_flops(9, adapters=0), ValueError, "adapters: 0 is below 1"),
    (lambda: LLAMA.training_flops(9, fused=1), ValueError, "fused: 1 is not a switch")])
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
