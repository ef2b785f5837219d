"""Training plans against minimisers, counts and sums that share no code with them."""

from dataclasses import replace
from fractions import Fraction
from math import inf, isclose, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.memory import training_footprint
from helpers.planning import training
from helpers.planning.training import (BLOCKS, LAWS, bootstrap_optima, budget_flops, buildable_shape, days_of,
                                       devices_to_hold, flat_range, memory_per_device, optimal_split, predicted_loss,
                                       split_at, training_flops, training_price)
from helpers.published import ACCELERATORS, MODELS, rows

REFITS, (ERRORS,) = rows("chinchilla_refits"), rows("chinchilla_refit_errors")

budgets = st.floats(1e17, 1e28)


def loss_along(fit, flops, log_size):
    """The loss at ln N, in logarithms: written apart from `predicted_loss`."""
    from math import exp
    return fit.E + exp(log(fit.A) - fit.alpha * log_size) + exp(log(fit.B) - fit.beta * (log(flops / 6) - log_size))


def valley_bottom(fit, flops):
    """ln N of the least loss, by golden sections."""
    low, high, golden = log(1e3), log(1e18), (5 ** 0.5 - 1) / 2
    while high - low > 1e-9:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss_along(fit, flops, left) < loss_along(fit, flops, right) else (left, high)
    return (low + high) / 2


@settings(deadline=None)
@given(budgets, st.sampled_from([*LAWS.values(), *REFITS]))
def test_the_closed_form_is_where_a_search_ends(flops, fit):
    best = optimal_split(fit, flops)
    assert abs(log(best.parameters) - valley_bottom(fit, flops)) < 1e-4  # the valley is flat: ln N to half the digits
    assert isclose(6 * best.parameters * best.tokens, flops, rel_tol=1e-12)
    assert isclose(best.loss, loss_along(fit, flops, log(best.parameters)), rel_tol=1e-12)


def test_the_refit_gives_the_paper_s_own_optima_and_the_printed_fit_does_not():
    for printed in rows("chinchilla_optima"):
        assert isclose(optimal_split("refitted", printed.compute).parameters, printed.parameters, rel_tol=0.05)
    assert optimal_split("published", 5.76e23).parameters < 0.5 * 70e9
    # what rounding alone does
    rounded, unrounded = (optimal_split(fit, 5.76e23).parameters for fit in ("published", "published, unrounded"))
    assert 1.2 < unrounded / rounded < 1.3


@settings(deadline=None, max_examples=50)
@given(budgets, st.sampled_from(list(LAWS)), st.floats(1e-4, 0.05))
def test_the_flat_range_ends_where_the_loss_is_that_much_higher(flops, law, nats):
    low, high = flat_range(law, flops, nats)
    best = optimal_split(law, flops)
    assert low < best.parameters < high
    for end in (low, high):
        assert isclose(loss_along(LAWS[law], flops, log(end)) - best.loss, nats, abs_tol=1e-9)


def test_bootstraps_bracket_the_refit_and_spread_less_than_independent_errors_would():
    import numpy as np
    random, errors, fit = np.random.default_rng(14), ERRORS, LAWS["refitted"]
    for flops in (1e19, 5.76e23, 1e26):
        sizes = bootstrap_optima(flops)
        assert len(sizes) == 10 and sizes == sorted(sizes) and sizes[0] < optimal_split("refitted", flops).parameters < sizes[-1]
        a, b, alpha, beta = (random.normal(centre, error, 4_000) for centre, error in (
            (log(fit.A), errors.A), (log(fit.B), errors.B), (fit.alpha, errors.alpha), (fit.beta, errors.beta)))
        logs = (np.log(alpha / beta) + a - b + beta * log(flops / 6)) / (alpha + beta)
        assert np.std(logs) > 3 * np.std(np.log(sizes))


def test_the_printed_bootstraps_agree_with_the_printed_errors():
    import numpy as np
    for name, take in (("A", np.log), ("B", np.log), ("E", np.log), ("alpha", float), ("beta", float)):
        spread = np.std([take(getattr(fit, name)) for fit in REFITS], ddof=1)
        assert 0.4 < spread / getattr(ERRORS, name) < 1.8, name
    assert np.corrcoef([log(fit.A) for fit in REFITS], [fit.alpha for fit in REFITS])[0, 1] > 0.95


@given(st.sampled_from(list(ACCELERATORS)), st.integers(1, 10**5), st.integers(1, 1000), st.integers(1, 100))
def test_budget_and_days_undo_each_other(name, devices, days, percent):
    flops = budget_flops(name, devices, days, percent / 100)
    exact = Fraction(ACCELERATORS[name].flops_per_second) * devices * days * 24 * 60 * 60 * percent / 100
    assert isclose(flops, float(exact), rel_tol=1e-12)
    assert isclose(days_of(flops, name, devices, percent / 100), days, rel_tol=1e-12)


@pytest.mark.parametrize("name, block, n", [("GPT-2", "GPT-3", 1024), ("GPT-3 6.7B", "GPT-3", 2048), ("GPT-3 13B", "GPT-3", 2048),
                                            ("GPT-3 175B", "GPT-3", 2048), ("Llama-2 7B", "Llama-2", 4096)])
def test_published_shapes_are_found_from_their_parameters_alone(name, block, n):
    model, found = MODELS[name], buildable_shape(MODELS[name].parameters(), block, n)
    for field in ("n_layers", "d_model", "n_heads", "d_ff", "vocab_size", "max_positions", "gated", "tied", "norm"):
        assert getattr(found, field) == getattr(model, field), field
    assert found.parameters() == model.parameters()


@settings(deadline=None, max_examples=60)
@given(st.floats(7.5, 13.5), st.sampled_from(list(BLOCKS)), st.sampled_from([512, 2048, 8192]))
def test_a_shape_can_be_built_and_is_near(exponent, block, n):
    size = 10**exponent
    shape = buildable_shape(size, block, n)
    assert abs(shape.parameters() / size - 1) <= (0.02 if size > 1e9 else 0.05)
    assert shape.d_model % 64 == 0 and shape.d_model == shape.n_heads * shape.head_width
    assert shape.head_width == (64 if shape.d_model < 1024 else 128)
    if size > 1e9:
        assert 90 < shape.d_model / shape.n_layers < 180


@pytest.mark.parametrize("name", ["GPT-2", "Llama-3 8B", "Mistral 7B"])
def test_training_flops_by_hand(name):
    model, n = MODELS[name], 512
    parts = model.flops_by_part(n)
    forward, logits, core = sum(parts.values()), parts["logits"], parts["scores and weighted sum"]
    for recompute, expected in (("none", 3 * forward), ("selective", 3 * forward + core), ("full", 4 * forward - logits)):
        assert training_flops(model, n, 10 * n, recompute) == 10 * expected
    assert training_flops(model, n, 5 * n, causal=True) < training_flops(model, n, 5 * n)


def test_gpt3_s_printed_flops_leave_attention_out():
    exact = training_flops(MODELS["GPT-3 175B"], 2048, 300e9)
    assert 1.02 < exact / 3.14e23 < 1.04


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["GPT-2", "GPT-2 XL", "Llama-2 7B", "GPT-3 175B"]), st.sampled_from(["none", "selective", "full"]),
       st.sampled_from(list(ACCELERATORS)), st.sampled_from([512, 2048, 8192]), st.booleans())
def test_the_fewest_devices_hold_it_and_one_fewer_does_not(name, recompute, accelerator, n, fused):
    fewest = devices_to_hold(MODELS[name], n, accelerator, recompute, fused)
    if fewest == inf:
        assert not memory_per_device(MODELS[name], n, 10**9, accelerator, recompute, fused).fits
        return
    assert memory_per_device(MODELS[name], n, fewest, accelerator, recompute, fused).fits
    if fewest > 1:
        assert not memory_per_device(MODELS[name], n, fewest - 1, accelerator, recompute, fused).fits


@pytest.mark.parametrize("recompute", ["none", "selective", "full"])
def test_a_device_holds_a_whole_layer_and_a_fused_kernel_no_square(recompute):
    layers, d, inner, vocab, heads, n = 32, 4096, 11_008, 32_000, 32, 8192  # Llama-2 7B by hand, 16 bits, no dropout
    layer = 4 * d * d + 3 * d * inner + 2 * d
    square, other = 2 * heads * n * n, 16 * n * d + 8 * n * inner
    kept = {"none": layers * (other + square), "selective": layers * other + square, "full": layers * 2 * n * d + other - 2 * n * d + square}
    states, behind = 16 * (layers * layer + 2 * vocab * d + d), 4 * n * (d + vocab)
    for devices in (1, 64):
        whole = states / devices + kept[recompute] + behind + (4 * layer if devices > 1 else 0)
        for fused in (False, True):
            held = memory_per_device(MODELS["Llama-2 7B"], n, devices, "H100 SXM", recompute, fused).total_bytes
            without = square * (layers if recompute == "none" else 1) if fused else 0
            assert isclose(held, whole - without, abs_tol=64)


def test_one_layer_s_square_is_what_no_number_of_devices_takes_away():
    model = buildable_shape(3.88e9, "Llama-2", 65_536)
    assert devices_to_hold(model, 65_536, "H100 SXM", "full") == inf
    assert 2 * model.n_heads * 65_536**2 > ACCELERATORS["H100 SXM"].memory_bytes
    assert devices_to_hold(model, 65_536, "H100 SXM", "full", fused=True) == 2


def test_pairs_that_a_token_sees_are_about_half_of_the_square():
    model, n = MODELS["GPT-2"], 1024
    square = 3 * model.flops_by_part(n)["scores and weighted sum"] * 10
    spared = training_flops(model, n, 10 * n) - training_flops(model, n, 10 * n, causal=True)
    assert isclose(spared, square * (n - 1) / (2 * n))


def test_one_device_holds_what_lesson_07_counts():
    model = MODELS["GPT-2 XL"]
    assert memory_per_device(model, 1024, 1, "H100 SXM").parts == training_footprint(model, 1024).parts
    eight, one = (memory_per_device(model, 1024, devices, "H100 SXM").parts for devices in (8, 1))
    assert eight["activations"] == one["activations"] and eight["first moment"] == -(-one["first moment"] // 8)


def test_no_byte_is_lost_in_dividing():
    model = MODELS["GPT-2"]
    states = {part: size for part, size in training_footprint(model, 512).parts.items() if "a" != part[:1] and "norm" not in part}
    one_layer = 12 * 768**2 + 13 * 768
    gathered = {"weights": 2 * one_layer, "gradients": 2 * one_layer}
    for devices in (3, 7, 11):
        held = memory_per_device(model, 512, devices, "H100 SXM").parts
        assert all(0 <= devices * (held[part] - gathered.get(part, 0)) - size < devices for part, size in states.items())
    # a chip on which seven would do, were it not for rounding up part by part
    own = memory_per_device(model, 512, 1, "H100 SXM").total_bytes - sum(states.values()) + 4 * one_layer
    tight = replace(ACCELERATORS["H100 SXM"], memory_bytes=own + -(-sum(states.values()) // 7))
    assert sum(-(-size // 7) for size in states.values()) > tight.memory_bytes - own
    assert devices_to_hold(model, 512, tight) == 8


def test_price_is_hours_times_price():
    assert training_price(7, 8, 2) == 7 * 24 * 8 * 2
    assert training_price(0.5, 1, 0) == 0


@pytest.mark.parametrize("call, words", [
    (lambda: budget_flops("H100 SXM", 0, 7, 0.4), "devices: 0"),
    (lambda: budget_flops("H100 SXM", 8, 0, 0.4), "days: 0"),
    (lambda: budget_flops("H100 SXM", 8, 7, 40), "utilisation: 40 .* 0.4 for 40 %"),
    (lambda: budget_flops("H100 SXM", 8, 7, True), "utilisation: True"),
    (lambda: optimal_split("refitted", -1), "flops: -1"),
    (lambda: optimal_split("refitted", inf), "flops: inf"),
    (lambda: split_at("refitted", 1e20, 0), "parameters: 0"),
    (lambda: predicted_loss("refitted", 1e9, "many"), "tokens: 'many'"),
    (lambda: flat_range("refitted", 1e20, 0), "nats: 0"),
    (lambda: buildable_shape(1e6, "Llama-2"), "parameters: 1,000,000 is below .* vocabulary of 32,000; give more"),
    (lambda: buildable_shape(1e7, n=131_072), "vocabulary of 50,257 and the 131,072 positions that it learns; take a shorter n"),
    (lambda: buildable_shape(1e9, n=0), "n: 0"),
    (lambda: training_flops(MODELS["GPT-2"], 512, 1e9, "some"), "recompute: 'some'"),
    (lambda: training_price(1, 8, -1), "price: -1"),
    (lambda: training_price(1, 8, "2"), "price: '2'"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("call, words", [
    (lambda: budget_flops("H1000", 8, 7, 0.4), "no accelerator 'H1000'"),
    (lambda: optimal_split("Kaplan", 1e20), "no law 'Kaplan'; there are 'published', 'refitted'"),
    (lambda: buildable_shape(1e9, "BERT"), "no block 'BERT'"),
])
def test_unknown_names_are_answered(call, words):
    with pytest.raises(KeyError, match=words):
        call()


def test_every_row_of_what_was_trained_has_a_source_and_agrees_with_its_shape():
    trained = {row.name: row for row in rows("trained_models")}
    for row in trained.values():
        assert row.source and row.status and row.tokens > 1e11
        if row.name in MODELS:
            assert isclose(MODELS[row.name].parameters(), row.parameters, rel_tol=0.015)
    llama = trained["Llama-2 70B"]
    assert llama.accelerator_hours == 2_048 * 35 * 24
    assert 0.4 < 6 * llama.parameters * llama.tokens / (llama.accelerator_hours * 3600 * 312e12) < 0.45
    assert set(training.__all__) <= set(dir(training))
