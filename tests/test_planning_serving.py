"""Serving: seconds, bytes and money against a plain loop over tokens that knows only the released shapes."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.planning.serving import answer, largest_batch, pool, serve
from helpers.published import ACCELERATORS, MODELS, Accelerator


@dataclass(frozen=True)
class Released:
    """A gated model as its configuration says it: what the loops below need, and nothing of helpers."""

    layers: int
    d: int
    heads: int
    kv: int
    head: int
    inner: int
    vocabulary: int
    window: int = 10**9
    experts: int = 1
    chosen: int = 1

    attention = property(lambda self: self.layers * self.d * self.head * (2 * self.heads + 2 * self.kv))
    expert = property(lambda self: self.layers * 3 * self.d * self.inner)
    router = property(lambda self: self.layers * self.experts * self.d if self.experts > 1 else 0)
    met = property(lambda self: self.attention + self.chosen * self.expert + self.router + self.d * self.vocabulary)
    cached = property(lambda self: 2 * self.layers * self.kv * self.head)  # numbers for each token

    def pass_flops(self, seen):
        """One token that sees so many: its products with the weights, and with the cache."""
        return 2 * self.met + 4 * self.layers * self.heads * self.head * min(seen, self.window)

    def read_weights(self, tokens):
        """Numbers read by a pass over so many tokens, each expert once if anybody chose it."""
        norms = (2 * self.layers + 1) * self.d
        used = self.expert
        if self.experts > 1:
            used = self.experts * (1 - (1 - self.chosen / self.experts) ** tokens) * self.expert
        return self.attention + used + self.router + self.d * self.vocabulary + norms

    def kept_weights(self):
        norms = (2 * self.layers + 1) * self.d
        return self.attention + self.experts * self.expert + self.router + 2 * self.d * self.vocabulary + norms


RELEASED = {
    "Llama-2 7B": Released(32, 4096, 32, 32, 128, 11008, 32000),
    "Llama-3 8B": Released(32, 4096, 32, 8, 128, 14336, 128256),
    "Mistral 7B": Released(32, 4096, 32, 8, 128, 14336, 32000, window=4096),
    "Mixtral 8x7B": Released(32, 4096, 32, 8, 128, 14336, 32000, experts=8, chosen=2),
}
BYTES = {"bf16": 2, "int8": 1, "int4": 0.5}


def by_loops(shape, chip, prompt, written, batch, devices, weights, cache, share, price):
    """Everything again, one token after the other."""
    peak, bandwidth = devices * share * chip.flops_per_second, devices * share * chip.bytes_per_second
    flops = sum(batch * shape.pass_flops(place) for place in range(1, prompt + 1))
    moved = BYTES[weights] * shape.read_weights(prompt * batch) + BYTES[cache] * shape.cached * min(prompt, shape.window) * batch
    first = max(flops / peak, moved / bandwidth)
    steps = []
    for n in range(prompt + 1, prompt + written):
        moved = BYTES[weights] * shape.read_weights(batch) + BYTES[cache] * shape.cached * min(n, shape.window) * batch
        steps.append(max(batch * shape.pass_flops(n) / peak, moved / bandwidth))
    hour = price * devices
    return {
        "first_token_seconds": first, "seconds_per_token": sum(steps) / len(steps), "seconds": first + sum(steps),
        "tokens_per_second_per_user": len(steps) / sum(steps), "tokens_per_second": batch * len(steps) / sum(steps),
        "usd_per_million_read": 1e6 * hour * first / 3600 / (batch * prompt),
        "usd_per_million_written": 1e6 * hour * sum(steps) / 3600 / (batch * len(steps)),
        "usd_per_request": hour * (first + sum(steps)) / 3600 / batch,
    }


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(RELEASED)), st.sampled_from(["H100 SXM", "RTX 4090", "TPU v6e", "B200"]), st.integers(1, 5_000),
       st.integers(2, 300), st.integers(1, 500), st.integers(1, 9), st.sampled_from(["bf16", "int8", "int4"]),
       st.sampled_from(["bf16", "int8"]), st.floats(0.05, 1), st.floats(0.1, 50))
def test_seconds_and_money_are_those_of_a_plain_loop(name, chip, prompt, written, batch, devices, weights, cache, share, price):
    found = serve(MODELS[name], chip, prompt, written, batch, devices, weights, cache, share, price)
    loops = by_loops(RELEASED[name], ACCELERATORS[chip], prompt, written, batch, devices, weights, cache, share, price)
    for what, value in loops.items():
        assert getattr(found, what) == pytest.approx(value, rel=1e-9), what
    request = (prompt * found.usd_per_million_read + (written - 1) * found.usd_per_million_written) / 1e6
    assert found.usd_per_request == pytest.approx(request)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(RELEASED)), st.integers(1, 2_000), st.integers(2, 400), st.integers(1, 64), st.floats(0.001, 0.999))
def test_the_limit_changes_within_an_answer(name, prompt, written, batch, place):
    """A chip whose ridge point lies between the first step and the last: both clocks count, each for its steps."""
    shape = RELEASED[name]

    def ratio(n):
        moved = 2 * shape.read_weights(batch) + 2 * shape.cached * min(n, shape.window) * batch
        return batch * shape.pass_flops(n) / moved
    ends = [ratio(prompt + 1), ratio(prompt + written - 1)]
    ridge = ends[0] + place * (ends[1] - ends[0])
    chip = Accelerator("a chip", ridge * 1e12, 1e12, 10**11, "made up", "")
    found = answer(MODELS[name], chip, prompt, written, batch)
    loops = by_loops(shape, chip, prompt, written, batch, 1, "bf16", "bf16", 1, 1)
    assert found.seconds == pytest.approx(loops["seconds_per_token"] * (written - 1), rel=1e-9)
    by_memory = [ratio(n) < ridge for n in range(prompt + 1, prompt + written)]
    assert found.memory_steps == pytest.approx(sum(by_memory), abs=1) and found.steps == len(by_memory)


@pytest.mark.parametrize("name", RELEASED)
def test_flops_and_bytes_of_an_answer_are_whole_and_exact(name):
    shape, prompt, written, batch = RELEASED[name], 4_000, 200, 3
    found = answer(MODELS[name], "H100 SXM", prompt, written, batch)
    assert found.flops == sum(batch * shape.pass_flops(n) for n in range(prompt + 1, prompt + written))
    if name != "Mixtral 8x7B":  # its experts are an expectation
        moved = sum(2 * shape.read_weights(batch) + 2 * shape.cached * min(n, shape.window) * batch
                    for n in range(prompt + 1, prompt + written))
        assert found.bytes_moved == moved and isinstance(found.bytes_moved, int)


def test_the_middle_of_the_cache_is_not_the_mean_where_the_limit_changes():
    """Why the sum is exact: DeepSeek-V3's latent cache passes from one limit to the other within one answer."""
    model, chip = MODELS["DeepSeek-V3"], pool("A100 80GB", 16)
    found = answer(model, chip, 512, 4_096, 1_024, "int8", "int8")
    assert 0 < found.memory_steps < found.steps
    middle = answer(model, chip, 512 + 2_047, 2, 1_024, "int8", "int8").seconds
    assert abs(middle / (found.seconds / found.steps) - 1) > 1e-3
    singly = [answer(model, chip, n, 2, 1_024, "int8", "int8") for n in range(512, 512 + 4_095)]
    assert found.seconds == pytest.approx(sum(step.seconds for step in singly), rel=1e-9)
    assert found.flops == sum(step.flops for step in singly)
    assert found.memory_steps == sum(step.memory_steps for step in singly)


@pytest.mark.parametrize("name", RELEASED)
@pytest.mark.parametrize("devices", [1, 4])
def test_memory_is_weights_and_room_for_every_token(name, devices):
    shape, prompt, written = RELEASED[name], 3_000, 1_500
    one = 2 * shape.cached * min(prompt + written, shape.window)
    weights, memory = 2 * shape.kept_weights(), devices * ACCELERATORS["H100 SXM"].memory_bytes
    most = 0
    while weights + (most + 1) * one <= memory:
        most += 1
    assert largest_batch(MODELS[name], "H100 SXM", prompt + written, devices) == most
    if most:
        for batch, fits in ((most, True), (most + 1, False)):
            found = serve(MODELS[name], "H100 SXM", prompt, written, batch, devices)
            assert found.fits is fits and found.largest_batch == most
            assert found.footprint.parts == {"weights": weights, "KV cache": batch * one}


def test_a_larger_batch_is_cheaper_and_slower_until_arithmetic_takes_over():
    users = [serve(MODELS["Llama-3 8B"], "H100 SXM", 64, 64, batch) for batch in (1, 8, 64, 512, 4_096)]
    costs = [one.usd_per_million_written for one in users]
    speeds = [one.tokens_per_second_per_user for one in users]
    assert costs == sorted(costs, reverse=True) and speeds == sorted(speeds, reverse=True)
    assert [one.writing.limit for one in users] == ["memory"] * 3 + ["arithmetic"] * 2
    assert costs[3] / costs[4] == pytest.approx(1) and speeds[3] / speeds[4] == pytest.approx(8)


def test_devices_share_the_work_and_price_and_share_scale():
    one = serve(MODELS["Llama-3 8B"], "H100 SXM", 512, 128, 8, 1, share=0.5, usd_per_hour=2)
    four = serve(MODELS["Llama-3 8B"], "H100 SXM", 512, 128, 8, 4, share=0.5, usd_per_hour=2)
    assert four.seconds == pytest.approx(one.seconds / 4) and four.usd_per_request == pytest.approx(one.usd_per_request)
    full = serve(MODELS["Llama-3 8B"], "H100 SXM", 512, 128, 8, 1, share=1, usd_per_hour=6)
    assert full.seconds == pytest.approx(one.seconds / 2) and full.usd_per_request == pytest.approx(1.5 * one.usd_per_request)
    assert serve(MODELS["Llama-3 8B"], "H100 SXM", 512, 128, usd_per_hour=0).usd_per_request == 0


def test_an_own_chip_and_the_table():
    chip = replace(ACCELERATORS["H100 SXM"], name="mine", memory_bytes=10**10)
    found = serve(MODELS["Llama-3 8B"], chip, 512, 128)
    assert not found.fits and found.largest_batch == 0 and found.footprint.accelerator == "1 × mine"
    rows = dict(found.table().rows)
    assert rows["it fits"] == "no" and rows["memory there, GB"] == "10.0" and rows["largest batch that fits"] == 0


@pytest.mark.parametrize("change, error, words", [
    (dict(prompt=0), ValueError, "prompt: 0 is below 1"), (dict(prompt=2.5), ValueError, "prompt: 2.5"),
    (dict(written=1), ValueError, "written: 1 is below 2"), (dict(batch=0), ValueError, "batch: 0"),
    (dict(batch=True), ValueError, "batch: True"), (dict(devices=0), ValueError, "devices: 0"),
    (dict(share=0), ValueError, "share: 0 is no share"), (dict(share=60), ValueError, "share: 60 is no share"),
    (dict(share="60 %"), ValueError, "share: '60 %'"), (dict(share=float("nan")), ValueError, "share: nan"),
    (dict(usd_per_hour=-1), ValueError, "usd_per_hour: -1"), (dict(usd_per_hour="2"), ValueError, "usd_per_hour: '2'"),
    (dict(usd_per_hour=float("nan")), ValueError, "usd_per_hour: nan"), (dict(accelerator="H100"), KeyError, "H100 SXM"),
    (dict(precision="bf-16"), ValueError, "near: 'bf16'"), (dict(cache_precision="fp-8"), ValueError, "near: 'fp8'"),
    (dict(model="Llama-3 8B"), TypeError, "no Transformer"),
])
def test_what_is_wrong_is_named_with_its_remedy(change, error, words):
    given_ = dict(model=MODELS["Llama-3 8B"], accelerator="H100 SXM", prompt=512, written=128) | change
    with pytest.raises(error, match=words):
        serve(**given_)
