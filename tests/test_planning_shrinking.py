"""Shrinking: counts against brute force, the value that meets a limit against trying all, elasticities against SymPy."""

from collections import deque
from dataclasses import replace
from fractions import Fraction
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import roofline
from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.planning.levers import COUNTED, LEVERS, PRECISION, Job, buildable, job_at, now
from helpers.planning.shrinking import alone, cost, elasticity, options, strongest
from helpers.published import MODELS
from helpers.transformer import Transformer

SMALL = {
    "GPT-2's block": Transformer(3, 24, 6, 96, 50, max_positions=20),
    "grouped, gated": Transformer(4, 32, 8, 80, 60, n_kv_heads=4, gated=True, tied=False, attention_bias=False, mlp_bias=False),
    "in a window": Transformer(2, 16, 4, 40, 30, n_kv_heads=2, window=9, gated=True),
    "one key-value head": Transformer(3, 36, 6, 72, 40, n_kv_heads=1, d_head=4),
    "a mixture": Transformer(4, 16, 4, 32, 30, n_kv_heads=2, n_experts=8, experts_per_token=2, n_dense_layers=1, d_expert=12,
                             n_shared_experts=1, gated=True),
    "latent": Transformer(3, 24, 4, 60, 40, attention_bias=False, kv_lora_rank=10, q_lora_rank=14, qk_nope_head_dim=6,
                          qk_rope_head_dim=2, v_head_dim=6),
}
NAMES = ("GPT-2", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Mistral 7B", "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V2",
         "DeepSeek-V3", "PaLM 540B")
small_jobs = st.builds(Job, st.sampled_from(list(SMALL.values())), st.sampled_from(list(COUNTED)), st.integers(1, 30),
                       st.integers(1, 12), st.sampled_from([16, 8, 32]), st.sampled_from(["H100 SXM", "RTX 4090"]), st.booleans())


# what is counted

@pytest.mark.parametrize("n", [1, 2, 8, 9, 10, 23])
@pytest.mark.parametrize("window", [None, 1, 5, 9, 23, 40])
@pytest.mark.parametrize("causal", [True, False])
def test_pairs_in_a_window_are_those_that_a_loop_meets(n, window, causal):
    """Each token goes over those that it sees; what is not a pair is the same without a window."""
    shape = Transformer(2, 16, 4, 40, 30, window=window)
    met = 0
    for place in range(1, n + 1):
        seen = place if causal else n
        met += len(range(max(0, seen - (window or n)), seen))
    whole, one = (cost(Job(shape, n=size, causal=False)) for size in (n, 1))
    pair = 2 * 2 * 4 * (4 + 4)  # layers, heads, query and value widths; a multiply-add is 2
    weights = one - pair
    assert cost(Job(shape, n=n, causal=causal)) == n * weights + pair * met and isinstance(whole, int)


@pytest.mark.parametrize("window", [1, 4, 9, None])
def test_the_cache_holds_what_a_queue_holds(window):
    shape = Transformer(2, 16, 4, 40, 30, n_kv_heads=2, window=window)
    held = [deque(maxlen=window) for _ in range(2 * 2 * 2 * 4)]  # layers, keys and values, key-value heads, width
    for token in range(1, 14):
        for row in held:
            row.append(token)
        assert cost(Job(shape, "cache", n=token, batch=3)) == 3 * 2 * sum(map(len, held))


@pytest.mark.parametrize("name", NAMES)
def test_the_other_costs_are_those_of_the_helpers(name):
    model = MODELS[name]
    for bits, precision in PRECISION.items():
        job = Job(model, n=5_000, batch=3, bits=bits, accelerator="A100 80GB")
        found = {counted: cost(replace(job, counted=counted)) for counted in COUNTED}
        assert found["weights"] == weight_bytes(model, precision) and found["cache"] == kv_cache_bytes(model, 5_000, 3, precision)
        assert found["memory"] == found["weights"] + found["cache"]
        assert found["forward"] == model.forward_flops(5_000, 3, causal=True)
        assert found["read"] == roofline.prefill(model, "A100 80GB", 5_000, 3, precision, precision).seconds
        assert found["write"] == roofline.decode(model, "A100 80GB", 5_000, 3, precision, precision).seconds
        assert all(isinstance(found[key], int) for key in ("forward", "weights", "cache", "memory"))


# what can be built

@pytest.mark.parametrize("name", [*SMALL, *NAMES])
@pytest.mark.parametrize("lever", LEVERS)
def test_every_value_builds_a_model_that_is_smaller_in_this_alone(name, lever):
    model = SMALL.get(name) or MODELS[name]
    job = Job(model, "write", n=300, batch=7)
    values = list(buildable(job, lever))
    assert values == sorted(set(values), reverse=True) and values[0] == now(job, lever) and values[-1] >= 1
    for value in [*values[:40], *values[-3:]]:
        at = job_at(job, lever, value)
        assert now(at, lever) == value and at.model.n_heads % at.model.kv_heads == 0
        assert at.model.head_width == model.head_width and at.model.value_width == model.value_width
        others = set(LEVERS) - {lever} - ({"window"} if lever == "n" else {"heads", "groups"} if lever in ("d", "heads") else set())
        assert all(now(at, other) == now(job, other) for other in others), others
        if lever in ("d", "heads") and not model.is_latent and model.kv_heads > 1:
            assert at.model.n_heads * model.kv_heads == model.n_heads * at.model.kv_heads, "as many queries share a key"
        if lever == "d":
            assert at.model.d_model * model.n_heads == model.d_model * at.model.n_heads
            assert abs(at.model.d_ff - model.d_ff * value / model.d_model) <= 0.5
        if lever in ("n", "batch", "bits"):
            assert at.model == model


def test_groups_are_divisors_and_layers_keep_what_a_mixture_needs():
    assert list(buildable(Job(MODELS["GPT-2"]), "groups")) == [12, 6, 4, 3, 2, 1]
    assert list(buildable(Job(MODELS["DeepSeek-V3"]), "groups")) == [128] and list(buildable(Job(MODELS["PaLM 540B"]), "groups")) == [1]
    assert buildable(Job(MODELS["DeepSeek-V3"]), "layers")[-1] == 4, "three dense layers and one of experts"
    assert list(buildable(Job(MODELS["GPT-2"], bits=8), "bits")) == [8, 4]
    assert len(buildable(Job(MODELS["PaLM 540B"]), "d")) == 48


# the value that meets a limit

@settings(max_examples=250, deadline=None)
@given(small_jobs, st.sampled_from(list(LEVERS)), st.floats(0.001, 1.3))
def test_the_largest_value_that_meets_it_is_found_by_trying_all(job, lever, share):
    limit = share * cost(job)
    good = [value for value in buildable(job, lever) if cost(job_at(job, lever, value)) <= limit]
    found = alone(job, lever, limit)
    assert found.value == (max(good) if good else None) and found.before == now(job, lever)
    at = found.value if good else buildable(job, lever)[-1]
    assert found.cost == cost(job_at(job, lever, at)) and found.saved == pytest.approx(1 - found.cost / cost(job))
    if share >= 1:
        assert found.value == found.before and found.saved == 0


@settings(max_examples=100, deadline=None)
@given(small_jobs, st.sampled_from(list(LEVERS)))
def test_less_of_a_lever_never_costs_more(job, lever):
    costs = [cost(job_at(job, lever, value)) for value in buildable(job, lever)]
    assert costs == sorted(costs, reverse=True)


def test_a_window_cannot_cut_below_the_projections():
    job = Job(MODELS["Llama-3 8B"], n=131_072)
    one = job_at(job, "window", 1)
    linear = 131_072 * cost(replace(job, n=1))
    assert cost(one) == linear and alone(job, "window", linear).value == 1 and alone(job, "window", linear - 1).value is None


# the elasticity

def on_symbols(job, lever):
    """The job's cost with a SymPy symbol in the place of a lever, and the symbol's value. Built from the shape, not from `levers`."""
    from sympy import Symbol
    s = Symbol("s", positive=True, integer=True)
    model, n, batch = job.model, job.n, job.batch
    value = {"n": n, "batch": batch}.get(lever)
    if lever == "n":
        n = s
        if model.window is not None and job.n <= model.window:
            model = replace(model, window=None)
    elif lever == "batch":
        batch = s
    elif lever == "layers":
        model, value = replace(model, n_layers=s), model.n_layers
    elif lever == "groups":
        model, value = replace(model, n_kv_heads=s), model.kv_heads
    else:
        value = 1
        fields = {"n_heads": s * model.n_heads}
        if not model.is_latent:
            fields |= {"d_head": model.head_width, "n_kv_heads": s * model.kv_heads if model.kv_heads > 1 else 1}
        if lever == "d":
            fields |= {"d_model": s * model.d_model, "d_ff": s * model.d_ff}
            fields |= {"d_expert": s * model.d_expert} if model.d_expert else {}
        model = replace(model, **fields)
    precision = PRECISION[job.bits]
    if job.counted in ("read", "write"):
        works = [(roofline.prefill if job.counted == "read" else roofline.decode)(
            shape, job.accelerator, length, sequences, precision, precision)
            for shape, length, sequences in ((model, n, batch), (job.model, job.n, job.batch))]
        return getattr(works[0], "flops" if works[1].limit == "arithmetic" else "bytes_moved"), s, value
    found = {"forward": lambda: model.forward_flops(n, batch, job.causal), "weights": lambda: weight_bytes(model, precision),
             "cache": lambda: kv_cache_bytes(model, n, batch, precision),
             "memory": lambda: weight_bytes(model, precision) + kv_cache_bytes(model, n, batch, precision)}
    return found[job.counted](), s, value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("counted", COUNTED)
def test_elasticities_are_the_formula_s_derivative(name, counted):
    for n, batch in ((1_024, 1), (4_096, 3), (9_000, 64)):
        job = Job(MODELS[name], counted, n, batch)
        for lever in ("n", "batch", "layers", "groups", "d", "heads"):
            found = elasticity(job, lever)
            if lever == "groups" and job.model.is_latent:
                assert found == 0
                continue
            expression, s, value = on_symbols(job, lever)
            from sympy import sympify
            slope = (sympify(expression).diff(s) * s / expression).subs(s, value)
            if job.model.is_mixture and counted in ("read", "write"):  # whole weights are met, an expectation is not whole
                assert float(found) == pytest.approx(float(slope), rel=1e-7, abs=1e-9), (lever, n, batch)
            else:
                assert found == Fraction(int(slope.p), int(slope.q)), (lever, n, batch)


@pytest.mark.parametrize("counted", ["forward", "cache", "memory", "read", "write"])
@pytest.mark.parametrize("name", ["Llama-3 8B", "Mistral 7B", "DeepSeek-V3"])
@pytest.mark.parametrize("n", [3_000, 4_096, 30_000])
def test_a_window_s_elasticity_is_the_slope_of_its_curve(name, counted, n):
    """One token up and one down in a sequence long enough: log cost over log w."""
    job = Job(replace(MODELS[name], window=min(n, 2_500)), counted, n, 4)
    low, middle, high = (cost(replace(job, model=replace(job.model, window=w))) for w in (2_499, 2_500, 2_501))
    assert float(elasticity(job, "window")) == pytest.approx((high - low) / 2 * 2_500 / middle, rel=1e-6)
    pairs = (n - 2_500 + 0.5) if counted == "forward" else None  # ∂/∂w of n·w − w²/2 + w/2
    if pairs:
        each = 2 * 4 * job.model.n_layers * job.model.n_heads * (job.model.head_width + job.model.value_width)
        assert elasticity(job, "window") == Fraction(each) * Fraction(pairs) * 2_500 / cost(job)


def test_a_sequence_s_whole_window_pulls_downward():
    """At n = w the curve has a corner; shrinking walks down from it."""
    job = Job(MODELS["Llama-3 8B"], n=8_192)
    down = (cost(job) - cost(job_at(job, "window", 8_191))) * 8_192 / cost(job)
    assert float(elasticity(job, "window")) == pytest.approx(down, rel=0.6) and elasticity(job, "window") > 0
    assert elasticity(replace(job, n=1), "window") == 0 and elasticity(replace(job, n=2), "window") > 0
    corner = Job(MODELS["Mistral 7B"], "cache", n=4_096)
    assert elasticity(corner, "n") == 1 and elasticity(replace(corner, n=4_097), "n") == 0


def test_experts_that_are_met_pull_by_the_hand_s_derivative():
    """Mixtral writes for b users: bytes = 2·(rest + experts·(1 − (3/4)^b)) + b·cache."""
    experts, cache = 32 * 8 * 3 * 4_096 * 14_336, 131_072 * 2_000
    rest = MODELS["Mixtral 8x7B"].parameters() - experts - 32_000 * 4_096
    for batch in (1, 2, 5, 40):
        moved = 2 * (rest + experts * (1 - 0.75**batch)) + batch * cache
        slope = -2 * experts * 0.75**batch * log(0.75) + cache
        assert elasticity(Job(MODELS["Mixtral 8x7B"], "write", 2_000, batch), "batch") == pytest.approx(slope * batch / moved, rel=1e-9)


@pytest.mark.parametrize("counted", COUNTED)
@pytest.mark.parametrize("name", NAMES)
def test_precision_pulls_on_bytes_alone(name, counted):
    job = Job(MODELS[name], counted, 2_048, 2)
    arithmetic = counted == "forward" or counted == "read" and roofline.prefill(job.model, "H100 SXM", 2_048, 2).limit == "arithmetic"
    assert elasticity(job, "bits") == pytest.approx(0 if arithmetic else 1, rel=1e-9)


def test_the_strongest_lever_and_the_table():
    job = Job(MODELS["GPT-2"], n=1_024)
    assert strongest(job) == "d" and strongest(job, ("layers", "heads")) == "layers"
    assert strongest(Job(MODELS["Llama-3 8B"], n=1_000_000)) == "n"
    rows = {row[0]: row for row in options(job, 1e11).rows}
    assert rows["width d"][3:5] == (768, alone(job, "d", 1e11).value) and rows["heads h"][4] == "none"
    still = Job(Transformer(1, 8, 1, 8, 8), n=1)
    assert elasticity(still, "n") > 0, "it would pull, and cannot be less"
    with pytest.raises(ValueError, match="levers: none of n, batch, layers can be less"):
        strongest(still, ("n", "batch", "layers"))
    assert set(rows) == {words for words, *_ in LEVERS.values()}


# bad input

@pytest.mark.parametrize("act, words", [
    (lambda job: Job(job.model, "flops"), "counted: 'flops'"), (lambda job: Job(job.model, n=0), "n: 0 is below 1"),
    (lambda job: Job(job.model, batch=1.5), "batch: 1.5"), (lambda job: Job(job.model, bits=12), "bits: 12 .* 32, 16, 8, 4"),
    (lambda job: alone(job, "n", 0), "limit: 0 is no limit"), (lambda job: alone(job, "n", "1e9"), "limit: '1e9'"),
    (lambda job: alone(job, "n", float("nan")), "limit: nan"), (lambda job: alone(job, "n", True), "limit: True"),
    (lambda job: job_at(job, "heads", 7), "heads: 7 .* 32, 28, 24"), (lambda job: job_at(job, "groups", 3), "groups: 3 .* 8, 4, 2, 1"),
    (lambda job: job_at(job, "n", 2_000), "n: 2000 .* 1,024, 1,023, … 1"), (lambda job: job_at(job, "d", 4_000), "d: 4000"),
])
def test_what_is_wrong_is_named_with_its_remedy(act, words):
    with pytest.raises(ValueError, match=words):
        act(Job(MODELS["Llama-3 8B"]))


def test_an_unknown_lever_is_named():
    with pytest.raises(KeyError, match="width"):
        elasticity(Job(MODELS["GPT-2"]), "width")
