"""Which lever brings a cost under a limit, at values that can be built, and its pull. Lesson 14."""

from bisect import bisect_left
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import log
from typing import NamedTuple

from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.roofline import decode, prefill
from helpers.sizes import check_amount, check_choice
from helpers.transformer import Transformer

COUNTED = {"forward": ("forward pass", "FLOPs"), "weights": ("weights", "bytes"),  # words, unit
           "cache": ("KV cache", "bytes"), "memory": ("weights and KV cache", "bytes"),
           "read": ("reading the prompts", "seconds"), "write": ("writing one token", "seconds")}
LEVERS = {"n": ("length n", "tokens"), "batch": ("batch b", "sequences"),  # words, unit
          "window": ("window w", "tokens"), "d": ("width d", "elements"),
          "layers": ("layers L", "layers"), "heads": ("heads h", "heads"),
          "groups": ("groups h_kv", "heads"), "bits": ("precision", "bits")}
FIELDS = {"window": "window", "d": "d_model", "layers": "n_layers", "heads": "n_heads",
          "groups": "n_kv_heads"}  # levers that are fields of a model
PRECISION = {16: "bf16", 8: "int8", 4: "int4"}


class Job(NamedTuple):
    """A model, and n tokens of each of `batch` sequences to pass forward or to keep in a cache."""

    model: Transformer
    counted: str = "forward"  # a key of COUNTED
    n: int = 1024
    batch: int = 1
    bits: int = 16  # of weights and cache
    accelerator: object = "H100 SXM"  # for seconds
    causal: bool = True


class Shrunk(NamedTuple):
    """A lever's largest value within a limit (None: no value is), the cost there or the least."""

    lever: str
    before: int
    value: int | None
    cost: object
    saved: float  # share of the cost before, 0 to 1
    left = property(lambda self: (self.value or 0) / self.before)  # share of the lever, or 0


def lever_value(job, lever):
    """A lever today; a window that is absent, or more than n, is n."""
    model = job.model
    if check_choice(lever, "lever", LEVERS) not in FIELDS:
        return getattr(job, lever)
    if lever == "window":
        return job.n if model.window is None else min(job.n, model.window)
    return model.kv_heads if lever == "groups" else getattr(model, FIELDS[lever])


@lru_cache(maxsize=4096)
def buildable_values(job, lever):
    """The values that a lever can take, from today's down: whole heads, whole groups, divisors."""
    model, most = job.model, lever_value(job, lever)
    if lever in ("n", "batch", "window", "layers"):
        return range(most, model.n_dense_layers if lever == "layers" else 0, -1)
    if lever == "bits":
        return tuple(bits for bits in PRECISION if bits <= most)
    h, groups = model.n_heads, 1 if model.is_latent else model.kv_heads
    if lever == "groups":
        return (most,) if model.is_latent else tuple(g for g in range(most, 0, -1) if h % g == 0)
    fewer = [heads for heads in range(h, 0, -1) if groups == 1 or groups * heads % h == 0]
    return tuple(most * heads // h for heads in fewer if most * heads % h == 0)


def job_at(job, lever, value):
    """The same job with one lever at another whole value, such as its `buildable_values`.

    d: as many fewer heads of the same width, feed-forward and experts alike. heads: d stays.
    Queries that share keys stay as many, unless one key-value head serves all. groups: h stays.
    Widths that follow are rounded to whole ones.
    """
    if lever not in FIELDS:
        return job._replace(**{lever: value})
    if value == (today := lever_value(job, lever)):
        return job
    return job._replace(model=_model_at(job.model, lever, value, Fraction(value, today)))


@lru_cache(maxsize=16384)
def _model_at(model, lever, value, factor):
    fields = {FIELDS[lever]: value}
    if lever in ("d", "heads"):
        follow = ("n_heads", "d_ff", "d_expert") if lever == "d" else ()
        fields |= {name: max(1, round(factor * width)) for name in follow
                   if (width := getattr(model, name)) is not None}
        if not model.is_latent:
            groups = max(1, round(factor * model.kv_heads)) if model.kv_heads != 1 else 1
            fields |= {"d_head": model.head_width, "n_kv_heads": groups}
    return replace(model, **fields)


@lru_cache(maxsize=65536)
def job_cost(job):
    """What a job costs: an int of FLOPs or bytes, or the least seconds that a roofline allows."""
    model = job.model
    check_choice(job.counted, "counted", COUNTED)
    check_choice(str(job.bits), "bits", [*map(str, PRECISION)])
    if job.counted == "forward":
        return model.forward_flops(job.n, job.batch, job.causal)
    if job.counted in ("read", "write"):
        return _work(job).seconds
    precision = PRECISION[job.bits]
    weights = 0 if job.counted == "cache" else weight_bytes(model, precision)
    cached = 0 if job.counted == "weights" else kv_cache_bytes(model, job.n, job.batch, precision)
    return weights + cached


@lru_cache(maxsize=16384)
def _work(job):
    precision = PRECISION[job.bits]
    asked = job.model, job.accelerator, job.n, job.batch, precision, precision
    return prefill(*asked, job.causal) if job.counted == "read" else decode(*asked)


def largest_within(job, lever, limit):
    """`Shrunk`: the largest value of one lever alone with which the cost is at most `limit`.

    limit: FLOPs, bytes or seconds.

    >>> from helpers.published import MODELS
    >>> job = Job(MODELS["Llama-3 8B"], "memory", n=131_072)
    >>> [largest_within(job, lever, 24e9).value for lever in ("n", "d", "layers", "groups", "bits")]
    [60573, 3072, 22, 2, 8]
    """
    check_amount(limit, "limit", "FLOPs, bytes or seconds")
    values = buildable_values(job, lever)

    def cost(place):
        return job_cost(job_at(job, lever, values[place]))
    # The cost never rises when a lever falls.
    place = bisect_left(range(len(values)), True, key=lambda place: cost(place) <= limit)
    least = cost(min(place, len(values) - 1))
    return Shrunk(lever, values[0], values[place] if place < len(values) else None, least,
                  1 - least / job_cost(job))


@lru_cache(maxsize=16384)
def elasticity(job, lever):
    """∂ log cost / ∂ log lever today: what 1 % less of the lever saves, in %.

    FLOPs and bytes (of seconds: the slower clock's) are polynomials of degree 2 at most in each
    lever, so that three values give the slope exactly; but for the experts that tokens meet.
    """
    model, timed, value = job.model, job.counted in ("read", "write"), lever_value(job, lever)
    arithmetic = job.counted == "forward" or timed and _work(job).limit == "arithmetic"
    if lever == "bits" or lever == "groups" and model.is_latent:
        return Fraction(lever == "bits" and not arithmetic)

    def amount(value):
        at = job_at(job, lever, value)
        return (job_cost(at) if not timed else
                _work(at).flops if arithmetic else _work(at).bytes_moved)
    met = {"read": ("n", "batch"), "write": ("batch",)}.get(job.counted, ())
    if model.is_mixture and not arithmetic and lever in met:    # more tokens meet more experts
        tokens = job.batch * (job.n if job.counted == "read" else 1)
        missed, cache = 1 - model.experts_per_token / model.n_experts, job._replace(counted="cache")
        idle = sum(count * layer.idle_parameters for count, layer in model.layers)
        slope = -idle * missed ** (tokens - 1) * log(missed) * tokens * job.bits / 8
        return float(slope + job_cost(cache) * elasticity(cache, lever)) / amount(value)
    # a window has one polynomial below n, n one between the windows that it fills
    full = {layer.window or layer.chunk for _, layer in model.layers} - {None}
    low = max((most for most in full if most < job.n), default=1)
    high = min((most for most in full if most >= job.n), default=3 * job.n)
    places = sorted({
        "n": {low, (low + high) // 2, high}, "window": {1, (1 + job.n) // 2, job.n},
        "groups": {1, model.n_heads}}.get(lever, {value, 2 * value, 3 * value}))
    amounts = [amount(place) for place in places]
    steps = [Fraction(b - a, y - x)
             for x, y, a, b in zip(places, places[1:], amounts, amounts[1:])]
    bend = (steps[1] - steps[0]) / (places[2] - places[0]) if len(steps) > 1 else 0
    slope = steps[0] + bend * (2 * value - places[0] - places[1]) if steps else 0
    return Fraction(slope * value) / amount(value)      # the slope of Newton's parabola
