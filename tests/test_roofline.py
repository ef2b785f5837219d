"""The roofline: published balances, published measurements, and sums done another way."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import roofline
from helpers.notation import C, b, d, n
from helpers.published import ACCELERATORS, MODELS, Accelerator, rows
from helpers.roofline import decode, prefill
from helpers.transformer import Transformer

LLAMA = MODELS["Llama-3 8B"]
amounts = st.integers(0, 10**20)


def chip(flops=10, bandwidth=2):
    return Accelerator("a chip", flops, bandwidth, 1, "the test", "C")


@given(amounts, amounts.filter(bool), st.sampled_from(sorted(ACCELERATORS)))
def test_time_is_that_of_the_slower_side_and_the_roof_says_the_same(flops, moved, name):
    peak, bandwidth = ACCELERATORS[name].flops_per_second, ACCELERATORS[name].bytes_per_second
    took = roofline.seconds(flops, moved, name)
    assert took == max(flops / peak, moved / bandwidth)
    if flops:
        reached = roofline.attainable_flops_per_second(roofline.intensity(flops, moved), name)
        assert flops / took == pytest.approx(reached)
        assert (roofline.limit(flops, moved, name) == "memory") == (flops * bandwidth < moved * peak)


@pytest.mark.parametrize("name", sorted(ACCELERATORS))
def test_at_the_ridge_both_sides_take_the_same_time(name):
    ridge = roofline.ridge_point(name)
    assert roofline.attainable_flops_per_second(ridge, name) == pytest.approx(ACCELERATORS[name].flops_per_second)
    assert roofline.attainable_flops_per_second(ridge / 2, name) == pytest.approx(ACCELERATORS[name].flops_per_second / 2)
    assert roofline.attainable_flops_per_second(2 * ridge, name) == ACCELERATORS[name].flops_per_second


def test_intensity_in_symbols():
    assert roofline.matrix_product_intensity(1, d, d) == (d / (d + 2)).cancel()  # a vector: below 1 in 16 bits
    assert roofline.matrix_product_intensity(n, n, n, 4) == n / 6
    assert roofline.intensity(5, 0) == inf
    assert roofline.seconds(C, 1, chip()).subs(C, 100) == 10
    assert roofline.attainable_flops_per_second(n, chip()).subs(n, 3) == 6


@pytest.mark.parametrize("check, share", list(zip(rows("decode_speeds"), (0.86, 0.89))))
def test_decoding_on_a_laptop_reaches_the_published_share_of_its_bandwidth(check, share):
    bandwidth = {chip.name: chip.bytes_per_second for chip in rows("laptop_chips")}
    allowed = roofline.decode_tokens_per_second(check.weight_bytes, bandwidth[check.chip])
    assert round(allowed, 2) == check.allowed and round(check.measured / allowed, 2) == share


@pytest.mark.parametrize("name", ["Llama-3 8B", "Llama-2 7B", "GPT-2", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V3"])
@pytest.mark.parametrize("tokens, batch", [(1, 1), (2, 3), (5000, 7)])
def test_a_decoding_step_is_what_one_more_token_adds_to_a_causal_pass(name, tokens, batch):
    model = MODELS[name]
    work = decode(model, "H100 SXM", tokens, batch)
    absorbed = model.is_latent
    added = model.forward_flops(tokens, batch, causal=True, absorbed=absorbed) - (
        model.forward_flops(tokens - 1, batch, causal=True, absorbed=absorbed) if tokens > 1 else 0)
    assert work.flops == added
    weights = work.bytes_moved - model.kv_cache_bytes(tokens, batch)
    assert 2 * model.active_parameters(False) <= weights <= 2 * model.parameters()
    assert work.tokens == batch and work.seconds == max(work.arithmetic_seconds, work.memory_seconds)


def test_a_mixture_reads_the_experts_that_its_batch_meets():
    model = MODELS["Mixtral 8x7B"]
    weights = [decode(model, "H100 SXM", 1, batch).bytes_moved - model.kv_cache_bytes(1, batch) for batch in (1, 2, 4, 64)]
    table = model.vocab_size * model.d_model
    assert weights[0] == 2 * model.active_parameters(False)
    assert weights[1] == pytest.approx(weights[0] + 2 * (model.parameters() - model.active_parameters()) * 2 / 8)
    assert weights == sorted(weights) and weights[3] == pytest.approx(2 * (model.parameters() - table), rel=1e-6)


def test_prefill_is_arithmetic_and_decode_is_memory():
    read, write = prefill(LLAMA, "H100 SXM", 8192), decode(LLAMA, "H100 SXM", 8192)
    assert (read.limit, write.limit) == ("arithmetic", "memory") and read.flops == LLAMA.forward_flops(8192, causal=True)
    assert read.seconds == read.flops / 989e12 and write.seconds == write.bytes_moved / 3.35e12
    assert read.flops == sum(decode(LLAMA, "H100 SXM", n).flops for n in range(1, 8193)), "each token looks back only"
    assert prefill(LLAMA, "H100 SXM", 8192, causal=False).flops == LLAMA.forward_flops(8192) > read.flops
    assert decode(LLAMA, "H100 SXM", 8192, precision="int4").bytes_moved < write.bytes_moved / 2
    assert decode(LLAMA, "H100 SXM", 8192, cache_precision="fp8").bytes_moved == write.bytes_moved - LLAMA.kv_cache_bytes(8192) // 2
    assert "limited by" in repr(read.table()) and read.intensity == read.flops / read.bytes_moved


def test_a_large_batch_moves_a_short_context_to_the_other_side_but_not_a_long_one():
    assert decode(LLAMA, "H100 SXM", 1, batch=1024).limit == "arithmetic"
    assert decode(LLAMA, "H100 SXM", 10**6, batch=1024).limit == "memory"


def test_phases_of_a_model_in_symbols():
    model = Transformer.symbolic()
    work = decode(model, "H100 SXM", n, b)
    numbers = {"L": 32, "d": 4096, "h": 32, "d_ff": 11008, "V": 32000, "h_kv": 32, "d_h": 128, "n": 100, "b": 3}
    plain = decode(Transformer(32, 4096, 32, 11008, 32000), "H100 SXM", 100, 3)
    for found, expected in ((work.flops, plain.flops), (work.bytes_moved, plain.bytes_moved), (work.seconds, plain.seconds)):
        assert float(found.subs({s: numbers[s.name] for s in found.free_symbols})) == pytest.approx(expected)
    with pytest.raises(ValueError, match="symbols"):
        work.limit
    assert prefill(model, "H100 SXM", n, b).intensity.has(n)


def test_utilisation_of_palm():
    model, (run,) = MODELS["PaLM 540B"], rows("training_runs")
    chips, step = chip(run.peak_flops_per_second, 1), 2048 / run.tokens_per_second  # seconds for one sequence
    share = roofline.model_flops_utilisation(model, chips, 2048, step, devices=run.chips)
    assert round(100 * share, 1) == run.utilisation
    assert roofline.model_flops_utilisation(model, chips, 2048, step, devices=run.chips, causal=True) < share


@pytest.mark.parametrize("call, error, words", [
    (lambda: roofline.seconds(1, 1, chip(bandwidth=0)), ValueError, "bytes_per_second"),
    (lambda: roofline.seconds(1, 1, chip(flops=-1)), ValueError, "flops_per_second"),
    (lambda: roofline.ridge_point(chip(bandwidth=0)), ValueError, "bytes_per_second"),
    (lambda: roofline.seconds(-1, 1, chip()), ValueError, "flops"),
    (lambda: roofline.seconds(1, float("nan"), chip()), ValueError, "bytes_moved"),
    (lambda: roofline.seconds(1, 1, "H100"), KeyError, "H100 SXM"),
    (lambda: roofline.seconds(1, 1, 7), TypeError, "accelerator"),
    (lambda: roofline.intensity(0, 0), ValueError, "nothing"),
    (lambda: roofline.matrix_product_intensity(0, 1, 1), ValueError, "m:"),
    (lambda: roofline.attainable_flops_per_second(-1, chip()), ValueError, "intensity"),
    (lambda: roofline.decode_tokens_per_second(10, 0), ValueError, "bytes_per_second"),
    (lambda: roofline.decode_tokens_per_second(0, 10), ValueError, "weight_bytes"),
    (lambda: decode(LLAMA, chip(), 10, batch=0), ValueError, "batch"),
    (lambda: decode(LLAMA, chip(), 10, precision="half"), ValueError, "precision"),
    (lambda: prefill(LLAMA, chip(), 0), ValueError, "n:"),
    (lambda: roofline.model_flops_utilisation(LLAMA, chip(), 10, 0), ValueError, "step_seconds"),
    (lambda: roofline.model_flops_utilisation(LLAMA, chip(), 10, 1, devices=0), ValueError, "devices"),
])
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
