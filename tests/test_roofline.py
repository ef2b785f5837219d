"""The roofline: published balances and measurements, and sums done another way. Bad input: see test_memory, test_planning."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from helpers import roofline
from helpers.notation import b, n
from helpers.published import ACCELERATORS, MODELS, rows
from helpers.roofline import Work, decode, prefill
from helpers.transformer import Layer, Transformer

LLAMA = MODELS["Llama-3 8B"]


@given(st.integers(0, 10**20), st.integers(1, 10**20), st.sampled_from(sorted(ACCELERATORS)))
def test_time_is_that_of_the_slower_side_and_the_ridge_says_which(flops, moved, name):
    peak, bandwidth = ACCELERATORS[name].flops_per_second, ACCELERATORS[name].bytes_per_second
    work = Work(flops, moved, 3, peak, bandwidth)
    assert work.seconds == max(flops / peak, moved / bandwidth)
    assert work.tokens_per_second == 3 / work.seconds and work.intensity == flops / moved
    assert (work.limit == "memory") == (flops * bandwidth < moved * peak)
    assert roofline.ridge_point(name) == peak / bandwidth


@pytest.mark.parametrize("check, share", list(zip(rows("decode_speeds"), (0.86, 0.89))))
def test_decoding_on_a_laptop_reaches_the_published_share_of_its_bandwidth(check, share):
    bandwidth = {chip.name: chip.bytes_per_second for chip in rows("laptop_chips")}
    laptop = Work(0, check.weight_bytes, 1, 1e12, bandwidth[check.chip])
    assert round(laptop.tokens_per_second, 2) == check.allowed
    assert round(check.measured / laptop.tokens_per_second, 2) == share


WINDOWED = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, gated=True, window=512)
MIXED = Transformer.of_layers([(5, WINDOWED), (1, replace(WINDOWED, window=None))], 1000)
NAMES = ["Llama-3 8B", "GPT-2", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V3"]


@pytest.mark.parametrize("model", [*map(MODELS.get, NAMES), MIXED], ids=[*NAMES, "two kinds"])
@pytest.mark.parametrize("tokens, batch", [(1, 1), (2, 3), (5000, 7)])
def test_a_decoding_step_is_one_token_s_work_on_the_weights_that_are_met_and_the_cache(model, tokens, batch):
    """One token's FLOPs, one by one: see test_transformer."""
    work = decode(model, "H100 SXM", tokens, batch)
    assert (work.flops, work.tokens) == (model.decode_flops(tokens, batch), batch)
    weights = work.bytes_moved - model.kv_cache_bytes(tokens, batch)
    assert 2 * model.active_parameters(False) <= weights <= 2 * model.parameters()


def test_a_mixture_reads_the_experts_that_its_batch_meets():
    model, experts = MODELS["Mixtral 8x7B"], 32 * 8 * 3 * 4096 * 14336
    rest = model.parameters() - experts - 32000 * 4096   # and no input table
    for batch in (1, 2, 4, 64):
        moved = decode(model, "H100 SXM", 1, batch).bytes_moved - 131_072 * batch
        assert moved == pytest.approx(2 * (rest + experts * (1 - 0.75**batch)), abs=2)


def test_prefill_is_arithmetic_and_decode_is_memory():
    read, write = prefill(LLAMA, "H100 SXM", 8192), decode(LLAMA, "H100 SXM", 8192)
    assert (read.limit, write.limit) == ("arithmetic", "memory")
    assert read.seconds == read.flops / 989e12 and write.seconds == write.bytes_moved / 3.35e12
    short = prefill(LLAMA, "H100 SXM", 512).flops
    assert short == sum(decode(LLAMA, "H100 SXM", k).flops for k in range(1, 513))
    assert prefill(LLAMA, "H100 SXM", 8192, causal=False).flops == LLAMA.forward_flops(8192)
    assert decode(LLAMA, "H100 SXM", 8192, precision="int4").bytes_moved < write.bytes_moved / 2
    narrow = decode(LLAMA, "H100 SXM", 8192, cache_precision="fp8")
    assert narrow.bytes_moved == write.bytes_moved - LLAMA.kv_cache_bytes(8192) // 2


def test_phases_of_a_model_in_symbols():
    sizes = dict(L=32, d=4096, h=32, d_ff=11008, V=32000, h_kv=32, d_h=128, n=100, b=3)
    plain = decode(Transformer(32, 4096, 32, 11008, 32000), "H100 SXM", 100, 3)
    work = decode(Transformer.symbolic(), "H100 SXM", n, b)
    for name in ("flops", "bytes_moved", "seconds"):
        found = getattr(work, name)
        value = found.subs({symbol: sizes[symbol.name] for symbol in found.free_symbols})
        assert float(value) == pytest.approx(getattr(plain, name))
    with pytest.raises(ValueError, match="symbols"):
        work.limit


def test_eight_bits_have_a_peak_of_their_own_where_the_chip_has_it():
    model, chip = MODELS["Llama-3 70B"], "H100 SXM"
    wide, narrow = (prefill(model, chip, 8192, precision=bits) for bits in ("bf16", "fp8"))
    assert narrow.arithmetic_seconds * 1979 == pytest.approx(wide.arithmetic_seconds * 989)
    old = [prefill(model, "A100 80GB", 8192, precision=bits).seconds for bits in ("bf16", "fp8")]
    assert old[0] == pytest.approx(old[1])
    assert roofline.ridge_point(chip, "fp8") == 1979e12 / 3.35e12
