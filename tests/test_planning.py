"""Plans: serving against a plain loop over tokens, training against minimisers and hand sums."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, exp, inf, isclose, log

import pytest
from hypothesis import assume, given, settings, strategies as st

from helpers.memory import fits
from helpers.planning import (BLOCKS, LAWS, bootstrap_optima, budget_flops, buildable_shape, days_of, decode_steps,
                              devices_to_hold, flat_range, optimal_split, serve, split_at)
from helpers.published import ACCELERATORS, MODELS, rows
from helpers.roofline import decode, prefill
from helpers.transformer import Layer, Transformer

WINDOWED = [(count, Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=window))
            for count, window in ((5, 512), (2, 530), (1, None))]
SERVED = [Transformer.of_layers(WINDOWED, 1000), *map(MODELS.get, ("Llama-2 7B", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V3"))]
served = st.sampled_from(SERVED)


@settings(max_examples=60)
@given(served, st.sampled_from(["H100 SXM", "RTX 4090"]), st.integers(1, 5_000), st.integers(2, 300), st.integers(1, 300),
       st.integers(1, 9), st.sampled_from(["bf16", "int8", "int4", "fp8"]), st.floats(0.05, 1), st.floats(0.1, 50))
def test_seconds_and_money_are_those_of_a_plain_loop(model, chip, prompt, written, batch, devices, bits, share, price):
    kept = dict(precision=bits, cache_precision="int8")
    assume(copies(model, devices) == 1)
    found = serve(model, chip, prompt, written, batch, devices, **kept, share=share, usd_per_hour=price)
    first = prefill(model, chip, prompt, batch, **kept).seconds / devices / share
    steps = [decode(model, chip, n, batch, **kept).seconds / devices / share for n in range(prompt + 1, prompt + written)]
    each, dollars = sum(steps) / len(steps), price * devices / 3600
    for what, value in {
            "first_token_seconds": first, "seconds_per_token": each, "tokens_per_second_per_user": 1 / each,
            "tokens_per_second": batch / each, "usd_per_million_written": 1e6 * dollars * each / batch,
            "usd_per_million_read": 1e6 * dollars * first / (batch * prompt)}.items():
        assert getattr(found, what) == pytest.approx(value, rel=1e-9), what


@settings(max_examples=40)
@given(served, st.integers(1, 5_000), st.integers(2, 300), st.integers(1, 64), st.floats(0.001, 0.999))
def test_the_limit_changes_within_an_answer(model, prompt, written, batch, place):
    """A chip whose ridge point lies between the first step and the last: both clocks count."""
    steps = range(prompt + 1, prompt + written)
    first, last = (decode(model, "H100 SXM", n, batch).intensity for n in (steps[0], steps[-1]))
    ridge = first + place * (last - first)
    chip = replace(ACCELERATORS["H100 SXM"], bytes_per_second=10**12, flops_per_second=1e12 * ridge)
    works, seconds = decode_steps(model, chip, prompt, written, batch)
    singly = [decode(model, chip, n, batch) for n in steps]
    assert len(steps) * seconds == pytest.approx(sum(work.seconds for work in singly), rel=1e-9)
    assert works[0] == singly[0] and works[-1] == singly[-1]


def test_a_window_fills_within_an_answer():
    steps = [decode(MODELS["Gemma 3 27B"], "H100 SXM", n, 1).seconds for n in range(101, 2_100)]
    _, seconds = decode_steps(MODELS["Gemma 3 27B"], "H100 SXM", 100, 2_000)
    assert len(steps) * seconds == pytest.approx(sum(steps), rel=1e-12)


@pytest.mark.parametrize("model", SERVED)
@pytest.mark.parametrize("devices", [1, 20])
def test_memory_is_weights_and_room_for_every_token(model, devices):
    most, one = 0, copies(model, devices) * model.kv_cache_bytes(4_500)
    memory = devices * ACCELERATORS["H100 SXM"].memory_bytes
    while 2 * model.parameters() + (most + 1) * one <= memory and most < 10**4:
        most += 1
    for batch in (most, most + 1) if 0 < most < 10**4 else (1,):
        found = serve(model, "H100 SXM", 3_000, 1_500, batch, devices)
        assert found.footprint.fits == (batch <= most)
        assert min(found.largest_batch, 10**4) == most
        assert [*found.footprint.parts.values()] == [2 * model.parameters(), batch * one]


def copies(model, devices):
    """How often a cache is held by devices that divide its heads as far as they go."""
    heads = 1 if model.is_latent else model.n_kv_heads or model.n_heads
    return Fraction(devices * ceil(heads / devices), heads)


def test_one_key_head_is_held_by_each_of_eight_and_a_reserve_is_kept_free():
    model = Transformer(32, 4096, 32, 11008, 32000, n_kv_heads=1, tied=False, gated=True,
                        attention_bias=False, mlp_bias=False, norm="rms")
    free, sequence = 8 * 81_559 * 2**20 - 2 * model.parameters(), 8 * 2 * 2 * 32 * 128 * 8192
    assert serve(model, "H100 SXM", 8000, 192, 1, 8).largest_batch == free // sequence == 626
    kept = serve(model, "H100 SXM", 8000, 192, 1, 8, reserve=10**9)
    assert kept.largest_batch == (free - 8 * 10**9) // sequence
    assert kept.footprint.parts["reserve"] == 8 * 10**9


# training
budgets = st.floats(1e17, 1e28)


def loss_along(fit, flops, log_size):
    """The loss at ln N, in logarithms: written apart from `predicted_loss`."""
    log_tokens = log(flops / 6) - log_size
    return (fit.E + exp(log(fit.A) - fit.alpha * log_size) + exp(log(fit.B) - fit.beta * log_tokens))


@settings(max_examples=60)
@given(budgets, st.sampled_from([*LAWS.values(), *rows("chinchilla_refits")]))
def test_the_closed_form_is_the_bottom_of_the_valley(flops, fit):
    """The loss is convex in ln N, so the bottom lies between two places where it is higher."""
    best = optimal_split(fit, flops)
    assert all(loss_along(fit, flops, log(best.parameters) + aside) > best.loss for aside in (-1e-4, 1e-4))
    assert isclose(6 * best.parameters * best.tokens, flops, rel_tol=1e-12)
    assert isclose(best.loss, loss_along(fit, flops, log(best.parameters)), rel_tol=1e-12)


def test_the_refit_gives_the_paper_s_own_optima_and_the_printed_fit_does_not():
    for printed in rows("chinchilla_optima"):
        assert isclose(optimal_split("refitted", printed.compute).parameters, printed.parameters, rel_tol=0.05)
    assert optimal_split("published", 5.76e23).parameters < 0.5 * 70e9
    sizes = bootstrap_optima(5.76e23)
    assert len(sizes) == 10 and sizes == sorted(sizes)
    assert sizes[0] < optimal_split("refitted", 5.76e23).parameters < sizes[-1]


@settings(max_examples=30)
@given(budgets, st.sampled_from(list(LAWS)), st.floats(1e-4, 0.05))
def test_the_flat_range_ends_where_the_loss_is_that_much_higher(flops, law, nats):
    (low, high), best = flat_range(law, flops, nats), optimal_split(law, flops)
    assert low < best.parameters < high
    for end in (low, high):
        assert isclose(loss_along(LAWS[law], flops, log(end)) - best.loss, nats, abs_tol=1e-9)
    assert flat_range(law, flops) == flat_range(law, flops, 0.01)


@pytest.mark.parametrize("name", ACCELERATORS)
def test_budget_and_days_undo_each_other(name):
    flops = ACCELERATORS[name].flops_per_second * 24 * 60 * 60 * 7 * 11 * 43 // 100
    assert isclose(budget_flops(name, 7, 11, 0.43), flops, rel_tol=1e-12)
    assert isclose(days_of(flops, name, 7, 0.43), 11, rel_tol=1e-12)


@pytest.mark.parametrize("name, block, n", [
    ("GPT-2", "GPT-3", 1024), ("GPT-3 6.7B", "GPT-3", 2048), ("GPT-3 13B", "GPT-3", 2048),
    ("GPT-3 175B", "GPT-3", 2048), ("Llama-2 7B", "Llama-2", 4096)])
def test_published_shapes_are_found_from_their_parameters_alone(name, block, n):
    model, found = MODELS[name], buildable_shape(MODELS[name].parameters(), block, n)
    for field in ("n_layers", "d_model", "n_heads", "d_ff", "max_positions", "gated", "norm"):
        assert getattr(found, field) == getattr(model, field), field
    assert found.parameters() == model.parameters()


@settings(max_examples=40)
@given(st.floats(7.5, 13.5), st.sampled_from(list(BLOCKS)), st.sampled_from([512, 8192]))
def test_a_shape_can_be_built_and_is_near(exponent, block, n):
    size, shape = 10**exponent, buildable_shape(10**exponent, block, n)
    assert abs(shape.parameters() / size - 1) <= (0.02 if size > 1e9 else 0.05)
    assert shape.d_model % 64 == 0 and shape.d_model == shape.n_heads * shape.head_width
    assert shape.head_width == (64 if shape.d_model < 1024 else 128)
    assert size < 1e9 or 90 < shape.d_model / shape.n_layers < 180


def test_the_least_shape_is_one_layer_of_width_64():
    least = buildable_shape(3_397_632)
    assert (least.n_layers, least.d_model, least.parameters()) == (1, 64, 3_397_632)
    with pytest.raises(ValueError, match="3,397,631 is below 3,397,632"):
        buildable_shape(3_397_631)


def holds(name, n, devices, chip, recompute, fused):
    return fits(MODELS[name], chip, n, training=True, recompute=recompute, fused=fused,
                devices=devices, dropout=not MODELS[name].gated)


@settings(max_examples=40)
@given(st.sampled_from(["GPT-2", "GPT-2 XL", "Llama-2 7B", "GPT-3 175B"]), st.sampled_from([512, 2048, 8192]),
       st.sampled_from(list(ACCELERATORS)), st.tuples(st.sampled_from(["none", "selective", "full"]), st.booleans()))
def test_the_fewest_devices_hold_it_and_one_fewer_does_not(name, n, chip, way):
    fewest = devices_to_hold(MODELS[name], n, chip, *way)
    assert holds(name, n, min(fewest, 10**9), chip, *way).fits == (fewest != inf)
    assert fewest in (1, inf) or not holds(name, n, fewest - 1, chip, *way).fits


@pytest.mark.parametrize("recompute", ["none", "selective", "full"])
@pytest.mark.parametrize("devices", [1, 64])
def test_a_device_holds_a_whole_layer_and_a_fused_kernel_no_square(recompute, devices):
    """Llama-2 7B by hand, in 16 bits, without dropout."""
    layers, d, inner, vocab, heads, n = 32, 4096, 11_008, 32_000, 32, 8192
    layer = 4 * d * d + 3 * d * inner + 2 * d
    square, other = 2 * heads * n * n, 16 * n * d + 8 * n * inner
    kept = {"none": layers * (other + square), "selective": layers * other + square,
            "full": layers * 2 * n * d + other - 2 * n * d + square}[recompute]
    states, behind = 16 * (layers * layer + 2 * vocab * d + d), 4 * n * (d + vocab)
    whole = states / devices + kept + behind + (4 * layer if devices > 1 else 0)
    sums = 4 * heads * n * (1 if recompute == "full" else layers)
    spared = square * (layers if recompute == "none" else 1) - sums
    for fused in (False, True):
        held = holds("Llama-2 7B", n, devices, "H100 SXM", recompute, fused).total_bytes
        assert isclose(held, whole - spared * fused, abs_tol=64)


def asked(**change):
    return serve(**dict(model=MODELS["Llama-3 8B"], accelerator="H100 SXM", prompt=512, written=128) | change)


@pytest.mark.parametrize("call, words", [
    (lambda: asked(prompt=0), "prompt: 0 is below 1"), (lambda: asked(written=1), "written: 1 is below 2"),
    (lambda: asked(batch=True), "batch: True"), (lambda: asked(devices=0), "devices: 0"),
    (lambda: asked(share=1.5), "share: 1.5 is above 1"), (lambda: asked(usd_per_hour=-1), "usd_per_hour: -1"),
    (lambda: asked(cache_precision="fp-8"), "near: 'fp8'"), (lambda: decode(SERVED[1], "H200", 10, batch=0), "batch: 0"),
    (lambda: budget_flops("H100 SXM", 8, 0, 0.4), "days: 0"),
    (lambda: budget_flops("H100 SXM", 8, 7, 40), "utilisation: 40 .* 0.4 for 40 %"),
    (lambda: optimal_split("refitted", -1), "flops: -1"), (lambda: optimal_split("Kaplan", 1e20), "law: 'Kaplan' .*'refitted'"),
    (lambda: split_at("refitted", 1e20, 0), "parameters: 0"), (lambda: flat_range("refitted", 1e20, 0), "nats: 0"),
    (lambda: buildable_shape(1e6, "Llama-2"), "parameters: 1,000,000 is below .*give more"),
    (lambda: buildable_shape(1e7, n=131_072), "give more parameters or a shorter n"),
    (lambda: buildable_shape(1e9, "BERT"), "block: 'BERT'"), (lambda: buildable_shape(1e9, n=0), "n: 0")])
def test_what_is_wrong_is_named(call, words):
    """A model or an accelerator that is none: see test_memory."""
    with pytest.raises(ValueError, match=words):
        call()
