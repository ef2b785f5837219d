"""Shrinking: the value within a limit by trying all, elasticities by SymPy's derivative."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st
from sympy import Symbol, sympify

from helpers import roofline
from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.published import MODELS
from helpers.shrinking import (COUNTED, LEVERS, PRECISION, Job, buildable_values, elasticity, job_at, job_cost, largest_within,
                               lever_value)
from helpers.transformer import Layer, Transformer

LLAMA = MODELS["Llama-3 8B"]
SMALL = [
    Transformer(3, 24, 6, 96, 50, max_positions=20),
    Transformer(4, 32, 8, 80, 60, n_kv_heads=4, gated=True, tied=False, mlp_bias=False),
    Transformer(2, 16, 4, 40, 30, n_kv_heads=2, window=9, gated=True),
    Transformer(3, 36, 6, 72, 40, n_kv_heads=1, d_head=4),
    Transformer(4, 16, 4, 32, 30, n_kv_heads=2, n_experts=8, experts_per_token=2, n_dense_layers=1,
                d_expert=12, n_shared_experts=1, gated=True),
    Transformer(3, 24, 4, 60, 40, attention_bias=False, kv_lora_rank=10, q_lora_rank=14,
                qk_nope_head_dim=6, qk_rope_head_dim=2, v_head_dim=6)]
small_jobs = st.builds(Job, st.sampled_from(SMALL), st.sampled_from(list(COUNTED)), st.integers(1, 30), st.integers(1, 12),
                       st.sampled_from([16, 8, 4]), st.sampled_from(["H100 SXM", "RTX 4090"]), st.booleans())
levers = st.sampled_from(list(LEVERS))


@settings(max_examples=150)
@given(small_jobs, levers, st.floats(0.001, 1.3))
def test_the_largest_value_is_found_by_trying_all_and_less_never_costs_more(job, lever, share):
    values, limit = buildable_values(job, lever), share * job_cost(job)
    costs = [job_cost(job_at(job, lever, value)) for value in values]
    assert costs == sorted(costs, reverse=True) and list(values) == sorted(set(values), reverse=True)
    good = [(value, cost) for value, cost in zip(values, costs) if cost <= limit]
    found = largest_within(job, lever, limit)
    assert (found.value, found.cost) == (max(good) if good else (None, costs[-1]))
    assert found.before == values[0] == lever_value(job, lever)
    assert found.saved == pytest.approx(1 - found.cost / costs[0])


@settings(max_examples=80)
@given(small_jobs, levers, st.data())
def test_a_job_changes_in_its_lever_alone(job, lever, data):
    model, value = job.model, data.draw(st.sampled_from(list(buildable_values(job, lever))))
    at = job_at(job, lever, value)
    assert lever_value(at, lever) == value and at.model.n_heads % at.model.kv_heads == 0
    assert (at.model.head_width, at.model.value_width) == (model.head_width, model.value_width)
    follow = {"n": {"window"}, "d": {"heads", "groups"}, "heads": {"groups"}}.get(lever, set())
    for other in set(LEVERS) - {lever} - follow:
        assert lever_value(at, other) == lever_value(job, other), other
    if lever in ("d", "heads") and not model.is_latent and model.kv_heads > 1:
        assert at.model.n_heads * model.kv_heads == model.n_heads * at.model.kv_heads
    if lever == "d":
        assert abs(at.model.d_ff - model.d_ff * value / model.d_model) <= 0.5


def test_published_levers():
    for name, groups in (("GPT-2", (12, 6, 4, 3, 2, 1)), ("DeepSeek-V3", (128,))):
        assert buildable_values(Job(MODELS[name]), "groups") == groups
    assert buildable_values(Job(MODELS["DeepSeek-V3"]), "layers")[-1] == 4     # three are dense
    assert buildable_values(Job(MODELS["DeepSeek-V3"]), "heads") == (*range(128, 0, -1),)
    assert buildable_values(Job(MODELS["GPT-2"], bits=8), "bits") == (8, 4)
    job = Job(LLAMA, n=131_072)
    linear = 131_072 * job_cost(job._replace(n=1))      # no window cuts below the projections
    assert largest_within(job, "window", linear).value == 1
    none = largest_within(job, "window", linear - 1)
    assert none.value is None and none.left == 0


@pytest.mark.parametrize("bits, precision", PRECISION.items())
def test_costs_are_those_of_the_helpers(bits, precision):
    job = Job(MODELS["Mistral 7B"], "memory", 5_000, 3, bits, "A100 80GB", causal=False)
    held = weight_bytes(job.model, precision), kv_cache_bytes(job.model, 5_000, 3, precision)
    work = roofline.prefill(job.model, "A100 80GB", 5_000, 3, precision, precision, causal=False)
    costs = [job_cost(job._replace(counted=key)) for key in ("weights", "cache", "memory", "read")]
    assert costs == [*held, sum(held), work.seconds]


def on_symbols(job, lever):
    """The job's cost with a symbol s for a lever (d, heads: for its multiple); s; s today."""
    s, model = Symbol("s", positive=True, integer=True), job.model
    if lever == "n" and model.window is not None and job.n <= model.window:
        model = replace(model, window=None)
    n, batch = s if lever == "n" else job.n, s if lever == "batch" else job.batch
    fields = {"layers": {"n_layers": s}, "groups": {"n_kv_heads": s}}.get(lever, {})
    if lever in ("d", "heads"):
        groups = s * model.kv_heads if model.kv_heads > 1 else 1
        heads = {} if model.is_latent else {"d_head": model.head_width, "n_kv_heads": groups}
        fields = {"n_heads": s * model.n_heads} | heads
    if lever == "d":
        fields |= {"d_model": s * model.d_model, "d_ff": s * model.d_ff}
        fields |= {"d_expert": s * model.d_expert} if model.d_expert else {}
    value = {"n": job.n, "batch": job.batch, "layers": model.n_layers, "groups": model.kv_heads}
    model, precision = replace(model, **fields), PRECISION[job.bits]
    if job.counted in ("read", "write"):
        phase = roofline.prefill if job.counted == "read" else roofline.decode
        side = phase(job.model, job.accelerator, job.n, job.batch).limit
        work = phase(model, job.accelerator, n, batch, precision, precision)
        cost = work.flops if side == "arithmetic" else work.bytes_moved
    elif job.counted == "forward":
        cost = model.forward_flops(n, batch, job.causal)
    else:
        cost = weight_bytes(model, precision) if job.counted != "cache" else 0
        cost += kv_cache_bytes(model, n, batch, precision) if job.counted != "weights" else 0
    return cost, s, value.get(lever, 1)


@pytest.mark.parametrize("name", ["Llama-3 8B", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V3", "PaLM 540B"])
@pytest.mark.parametrize("counted, n, batch", [
    ("forward", 1_024, 1), ("forward", 9_000, 3), ("weights", 1_024, 1), ("cache", 9_000, 64), ("memory", 4_096, 3),
    ("read", 1_024, 1), ("read", 16, 2), ("write", 9_000, 64), ("write", 2_000, 1), ("write", 2_000, 5)])
def test_elasticities_are_the_formula_s_derivative(name, counted, n, batch):
    job = Job(MODELS[name], counted, n, batch)
    for lever in ("n", "batch", "layers", "groups", "d", "heads"):
        if lever == "groups" and job.model.is_latent:
            assert elasticity(job, lever) == 0
            continue
        expression, s, value = on_symbols(job, lever)
        slope = (sympify(expression).diff(s) * s / expression).subs(s, value)
        found = elasticity(job, lever)
        if job.model.is_mixture and counted in ("read", "write"):   # an expectation is not whole
            assert float(found) == pytest.approx(float(slope), rel=1e-7, abs=1e-9), lever
        else:
            assert found == Fraction(int(slope.p), int(slope.q)), lever


@pytest.mark.parametrize("counted", ["forward", "memory", "read", "write"])
def test_a_window_s_elasticity_is_the_slope_of_its_curve(counted):
    job = Job(replace(MODELS["DeepSeek-V3"], window=2_500), counted, 30_000, 4)
    low, middle, high = (job_cost(job._replace(model=replace(job.model, window=w))) for w in (2_499, 2_500, 2_501))
    assert float(elasticity(job, "window")) == pytest.approx((high - low) / 2 * 2_500 / middle, rel=1e-6)


def test_corners_of_windows():
    windowed = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=512)
    job = Job(Transformer.of_layers([(5, windowed), (1, replace(windowed, window=None))], 1000), "cache", n=8_192)
    assert job_cost(job) == 11_010_048
    assert elasticity(job, "n") == Fraction(8_192, 8_192 + 5 * 512) and elasticity(job._replace(n=512), "n") == 1
    with pytest.raises(ValueError, match="window: differs"):
        elasticity(job, "window")
    corner = Job(MODELS["Mistral 7B"], "cache", n=4_096)    # at n = w shrinking walks down
    assert elasticity(corner, "n") == 1 and elasticity(corner._replace(n=4_097), "n") == 0


def test_precision_pulls_on_bytes_alone():
    pulls = {key: elasticity(Job(LLAMA, key, 2_048, 2), "bits") for key in COUNTED}
    assert pulls == {"forward": 0, "weights": 1, "cache": 1, "memory": 1, "read": 0, "write": 1}


@pytest.mark.parametrize("act, words", [
    (lambda: job_cost(Job(LLAMA, "flops")), "counted: 'flops'"), (lambda: job_cost(Job(LLAMA, n=0)), "n: 0 is below 1"),
    (lambda: job_cost(Job(LLAMA, batch=1.5)), "batch: 1.5"), (lambda: job_cost(Job(LLAMA, bits=12)), "bits: .12. .*'16' or '8'"),
    (lambda: largest_within(Job(LLAMA), "n", 0), "limit: 0"), (lambda: elasticity(Job(LLAMA), "width"), "lever: 'width'"),
    (lambda: largest_within(Job(LLAMA), "n", float("nan")), "limit: nan")])
def test_what_is_wrong_is_named_with_its_remedy(act, words):
    with pytest.raises(ValueError, match=words):
        act()
