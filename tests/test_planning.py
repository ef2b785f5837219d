"""Plans: serving against a plain loop over tokens, training against minimisers and hand sums."""

from dataclasses import dataclass, replace
from math import exp, inf, isclose, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.memory import fits, training_footprint
from helpers.planning import (BLOCKS, LAWS, bootstrap_optima, budget_flops, buildable_shape,
                              days_of, decode_steps, devices_to_hold, flat_range, optimal_split,
                              predicted_loss, serve, split_at)
from helpers.published import ACCELERATORS, MODELS, Accelerator, rows
from helpers.roofline import decode
from helpers.transformer import Layer, Transformer


@dataclass(frozen=True)
class Released:
    """A gated model as its configuration says it, with heads of 128: nothing of helpers."""

    layers: int
    d: int
    heads: int
    kv: int
    inner: int
    vocabulary: int
    window: int = 10**9
    experts: int = 1
    chosen: int = 1

    def __post_init__(self):
        router = self.experts * self.d if self.experts > 1 else 0
        attention = self.d * 128 * (2 * self.heads + 2 * self.kv)
        found = {"expert": self.layers * 3 * self.d * self.inner,
                 "rest": self.layers * (attention + router) + self.d * self.vocabulary,
                 "norms": (2 * self.layers + 1) * self.d,
                 "cached": 2 * self.layers * self.kv * 128}     # numbers for each token
        vars(self).update(found)

    def pass_flops(self, seen):
        """One token that sees so many: its products with the weights, and with the cache."""
        pairs = 4 * self.layers * self.heads * 128 * min(seen, self.window)
        return 2 * (self.rest + self.chosen * self.expert) + pairs

    def read_weights(self, tokens):
        """Numbers read by a pass over so many tokens, each expert once if anybody chose it."""
        share = self.chosen / self.experts
        used = self.experts * (1 - (1 - share) ** tokens) if self.experts > 1 else 1
        return self.rest + used * self.expert + self.norms


RELEASED = {
    "Llama-2 7B": Released(32, 4096, 32, 32, 11008, 32000),
    "Llama-3 8B": Released(32, 4096, 32, 8, 14336, 128256),
    "Mistral 7B": Released(32, 4096, 32, 8, 14336, 32000, window=4096),
    "Mixtral 8x7B": Released(32, 4096, 32, 8, 14336, 32000, experts=8, chosen=2)}
BYTES = {"bf16": 2, "int8": 1, "int4": 0.5}


def by_loops(shape, chip, prompt, written, batch, devices, weights, cache, share, price):
    """Everything again, one token after the other."""
    peak = devices * share * chip.flops_per_second
    bandwidth = devices * share * chip.bytes_per_second
    flops = sum(batch * shape.pass_flops(place) for place in range(1, prompt + 1))

    def moved(tokens, n):
        return (BYTES[weights] * shape.read_weights(tokens)
                + BYTES[cache] * shape.cached * min(n, shape.window) * batch)
    first = max(flops / peak, moved(prompt * batch, prompt) / bandwidth)
    clocks = [(batch * shape.pass_flops(n) / peak, moved(batch, n) / bandwidth)
              for n in range(prompt + 1, prompt + written)]
    each, dollars = sum(max(both) for both in clocks) / len(clocks), price * devices / 3600
    return {
        "first_token_seconds": first, "seconds_per_token": each,
        "tokens_per_second_per_user": 1 / each, "tokens_per_second": batch / each,
        "usd_per_million_written": 1e6 * dollars * each / batch,
        "usd_per_million_read": 1e6 * dollars * first / (batch * prompt)}


names, widths = st.sampled_from(list(RELEASED)), st.sampled_from(["bf16", "int8"])


@settings(max_examples=40, deadline=None)
@given(names, st.sampled_from(["H100 SXM", "RTX 4090", "TPU v6e"]), st.integers(1, 3_000),
       st.tuples(st.integers(2, 300), st.integers(1, 500), st.integers(1, 9),
                 widths | st.just("int4"), widths, st.floats(0.05, 1), st.floats(0.1, 50)))
def test_seconds_and_money_are_those_of_a_plain_loop(name, chip, prompt, others):
    found = serve(MODELS[name], chip, prompt, *others)
    loops = by_loops(RELEASED[name], ACCELERATORS[chip], prompt, *others)
    for what, value in loops.items():
        assert getattr(found, what) == pytest.approx(value, rel=1e-9), what


@settings(max_examples=40, deadline=None)
@given(names, st.integers(1, 5_000), st.integers(2, 300), st.integers(1, 64),
       st.floats(0.001, 0.999))
def test_the_limit_changes_within_an_answer(name, prompt, written, batch, place):
    """A chip whose ridge point lies between the first step and the last: both clocks count."""
    shape = RELEASED[name]
    first, last = (batch * shape.pass_flops(n) / (
        2 * shape.read_weights(batch) + 2 * shape.cached * min(n, shape.window) * batch)
        for n in (prompt + 1, prompt + written - 1))
    ridge = first + place * (last - first)
    chip = Accelerator("a chip", ridge * 1e12, 1e12, 10**11, "made up", "")
    _, seconds = decode_steps(MODELS[name], chip, prompt, written, batch)
    loops = by_loops(shape, chip, prompt, written, batch, 1, "bf16", "bf16", 1, 1)
    assert seconds == pytest.approx(loops["seconds_per_token"], rel=1e-9)


def test_an_answer_passes_the_windows_of_some_layers():
    kinds = [(count, Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=window))
             for count, window in ((5, 512), (2, 530), (1, None))]
    of = Transformer.of_layers(kinds, 1000), "H100 SXM"
    for batch in (1, 1_000):
        singly = sum(decode(*of, n, batch).seconds for n in range(501, 600))
        works, seconds = decode_steps(*of, 500, 100, batch)
        assert len(works) == 4 and 99 * seconds == pytest.approx(singly, rel=1e-12)


@pytest.mark.parametrize("name", RELEASED)
@pytest.mark.parametrize("devices", [1, 4])
def test_memory_is_weights_and_room_for_every_token(name, devices):
    shape, prompt, written, most = RELEASED[name], 3_000, 1_500, 0
    one = 2 * shape.cached * min(prompt + written, shape.window)
    kept = shape.rest + shape.experts * shape.expert + shape.norms + shape.d * shape.vocabulary
    weights, memory = 2 * kept, devices * ACCELERATORS["H100 SXM"].memory_bytes
    while weights + (most + 1) * one <= memory:
        most += 1
    for batch in (most, most + 1) if most else (1,):
        found = serve(MODELS[name], "H100 SXM", prompt, written, batch, devices)
        assert found.footprint.fits == (batch == most) and found.largest_batch == most
        assert found.footprint.parts == {"weights": weights, "KV cache": batch * one}


def test_the_defaults_are_one_user_one_device_sixteen_bits_and_the_assumptions():
    model, chip, asked = MODELS["Llama-3 8B"], ACCELERATORS["H100 SXM"], (2048, 512, 1)
    loops = by_loops(RELEASED["Llama-3 8B"], chip, *asked, 1, "bf16", "bf16", 0.6, 2.5)
    found = serve(model, "H100 SXM", 2048, 512)
    assert all(getattr(found, what) == pytest.approx(loops[what], rel=1e-9) for what in loops)


# training
budgets = st.floats(1e17, 1e28)


def loss_along(fit, flops, log_size):
    """The loss at ln N, in logarithms: written apart from `predicted_loss`."""
    log_tokens = log(flops / 6) - log_size
    return (fit.E + exp(log(fit.A) - fit.alpha * log_size)
            + exp(log(fit.B) - fit.beta * log_tokens))


@settings(deadline=None, max_examples=60)
@given(budgets, st.sampled_from([*LAWS.values(), *rows("chinchilla_refits")]))
def test_the_closed_form_is_where_golden_sections_end(flops, fit):
    low, high, golden = log(1e3), log(1e18), (5 ** 0.5 - 1) / 2
    while high - low > 1e-9:
        left, right = high - golden * (high - low), low + golden * (high - low)
        falls = loss_along(fit, flops, left) < loss_along(fit, flops, right)
        low, high = (low, right) if falls else (left, high)
    best = optimal_split(fit, flops)
    assert abs(log(best.parameters) - low) < 1e-4  # the valley is flat: ln N to half the digits
    assert isclose(6 * best.parameters * best.tokens, flops, rel_tol=1e-12)
    assert isclose(best.loss, loss_along(fit, flops, log(best.parameters)), rel_tol=1e-12)


def test_the_refit_gives_the_paper_s_own_optima_and_the_printed_fit_does_not():
    for printed in rows("chinchilla_optima"):
        found = optimal_split("refitted", printed.compute)
        assert isclose(found.parameters, printed.parameters, rel_tol=0.05)
    assert optimal_split("published", 5.76e23).parameters < 0.5 * 70e9
    sizes = bootstrap_optima(5.76e23)
    assert len(sizes) == 10 and sizes == sorted(sizes)
    assert sizes[0] < optimal_split("refitted", 5.76e23).parameters < sizes[-1]


@settings(deadline=None, max_examples=30)
@given(budgets, st.sampled_from(list(LAWS)), st.floats(1e-4, 0.05))
def test_the_flat_range_ends_where_the_loss_is_that_much_higher(flops, law, nats):
    (low, high), best = flat_range(law, flops, nats), optimal_split(law, flops)
    assert low < best.parameters < high
    for end in (low, high):
        more = loss_along(LAWS[law], flops, log(end)) - best.loss
        assert isclose(more, nats, abs_tol=1e-9)


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


@settings(deadline=None, max_examples=40)
@given(st.floats(7.5, 13.5), st.sampled_from(list(BLOCKS)), st.sampled_from([512, 8192]))
def test_a_shape_can_be_built_and_is_near(exponent, block, n):
    size, shape = 10**exponent, buildable_shape(10**exponent, block, n)
    assert abs(shape.parameters() / size - 1) <= (0.02 if size > 1e9 else 0.05)
    assert shape.d_model % 64 == 0 and shape.d_model == shape.n_heads * shape.head_width
    assert shape.head_width == (64 if shape.d_model < 1024 else 128)
    assert size < 1e9 or 90 < shape.d_model / shape.n_layers < 180


def holds(name, n, devices, chip, recompute, fused):
    return fits(MODELS[name], chip, n, training=True, recompute=recompute, fused=fused,
                devices=devices, dropout=not MODELS[name].gated)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["GPT-2", "GPT-2 XL", "Llama-2 7B", "GPT-3 175B"]),
       st.sampled_from([512, 2048, 8192]), st.sampled_from(list(ACCELERATORS)),
       st.tuples(st.sampled_from(["none", "selective", "full"]), st.booleans()))
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
    for fused in (False, True):
        spared = square * (layers if recompute == "none" else 1) if fused else 0
        held = holds("Llama-2 7B", n, devices, "H100 SXM", recompute, fused).total_bytes
        assert isclose(held, whole - spared, abs_tol=64)


def test_no_byte_is_lost_in_dividing():
    of, n, layer = MODELS["GPT-2"], 512, 12 * 768**2 + 13 * 768
    states = dict(training_footprint(of, n).parts)
    own = sum(states.pop(part) for part in ("activations", "last norm and logits"))
    for devices in (3, 7, 11):
        parts = training_footprint(of, n, devices=devices).parts
        for part, size in states.items():
            gathered = 2 * layer if part in ("weights", "gradients") else 0
            assert 0 <= devices * (parts[part] - gathered) - size < devices
    # a chip on which seven would do, were it not for rounding up part by part
    memory = own + 4 * layer - (-sum(states.values()) // 7)
    assert devices_to_hold(of, n, replace(ACCELERATORS["H100 SXM"], memory_bytes=memory)) == 8


def test_what_was_trained_agrees_with_its_shape_and_hours():
    trained = {row.name: row for row in rows("trained_models")}
    for name in trained.keys() & MODELS.keys():
        assert isclose(MODELS[name].parameters(), trained[name].parameters, rel_tol=0.015)
    llama = trained["Llama-2 70B"]
    peak = budget_flops("A100 80GB", 1, llama.accelerator_hours / 24, 1)
    assert 0.4 < 6 * llama.parameters * llama.tokens / peak < 0.45


@pytest.mark.parametrize("change, words", [
    (dict(prompt=0), "prompt: 0 is below 1"), (dict(written=1), "written: 1 is below 2"),
    (dict(batch=True), "batch: True"), (dict(devices=0), "devices: 0"),
    (dict(share=0), "share: 0 is not above 0"), (dict(share=60), "share: 60 is above 1"),
    (dict(usd_per_hour=-1), "usd_per_hour: -1"), (dict(accelerator="H100"), "H100 SXM"),
    (dict(precision="bf-16"), "near: 'bf16'"), (dict(cache_precision="fp-8"), "near: 'fp8'"),
    (dict(model="Llama-3 8B"), "no Transformer")])
def test_serving_names_what_is_wrong(change, words):
    asked = dict(model=MODELS["Llama-3 8B"], accelerator="H100 SXM", prompt=512, written=128)
    with pytest.raises((ValueError, KeyError, TypeError), match=words):
        serve(**asked | change)


@pytest.mark.parametrize("call, words", [
    (lambda: budget_flops("H100 SXM", 8, 0, 0.4), "days: 0"),
    (lambda: budget_flops("H100 SXM", 8, 7, 40), "utilisation: 40 .* 0.4 for 40 %"),
    (lambda: optimal_split("refitted", -1), "flops: -1"),
    (lambda: optimal_split("Kaplan", 1e20), "law: 'Kaplan' .*'refitted'"),
    (lambda: split_at("refitted", 1e20, 0), "parameters: 0"),
    (lambda: predicted_loss("refitted", 1e9, "many"), "tokens: 'many'"),
    (lambda: flat_range("refitted", 1e20, 0), "nats: 0"),
    (lambda: buildable_shape(1e6, "Llama-2"), "parameters: 1,000,000 is below .*give more"),
    (lambda: buildable_shape(1e7, n=131_072), "give more parameters or a shorter n"),
    (lambda: buildable_shape(1e9, "BERT"), "block: 'BERT'"),
    (lambda: buildable_shape(1e9, n=0), "n: 0")])
def test_planning_names_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()
