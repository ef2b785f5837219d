"""Which lever brings a cost under a limit, at values that can be built, and its pull. Lesson 14."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.roofline import decode, prefill, weights_met
from helpers.sizes import check_amount, check_choice, check_size
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
PRECISION = {32: "fp32", 16: "bf16", 8: "int8", 4: "int4"}


@dataclass(frozen=True)
class Job:
    """A model, and n tokens of each of `batch` sequences to pass forward or to keep in a cache."""

    model: Transformer
    counted: str = "forward"  # a key of COUNTED
    n: int = 1024
    batch: int = 1
    bits: int = 16  # of weights and cache
    accelerator: object = "H100 SXM"  # for seconds
    causal: bool = True

    def __post_init__(self):
        check_choice(self.counted, "counted", COUNTED)
        check_size(self.n, "n"), check_size(self.batch, "batch")
        if self.bits not in PRECISION or isinstance(self.bits, bool):
            raise ValueError(f"bits: {self.bits!r} is no width of a number; give 32, 16, 8 or 4")


@dataclass(frozen=True)
class Shrunk:
    """A lever's largest value within a limit (None: no value is), the cost there or the least."""

    lever: str
    before: int
    value: int | None
    cost: object
    saved: float  # share of the cost before, 0 to 1


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
    """The same job with one lever at another of its `buildable_values`.

    d: as many fewer heads of the same width, feed-forward and experts alike. heads: d stays.
    Queries that share keys stay as many, unless one key-value head serves all. groups: h stays.
    """
    values = buildable_values(job, lever)
    if value not in values:
        few = values if len(values) < 12 else [*values[:2], "…", values[-1]]
        raise ValueError(f"{lever}: {value!r} cannot be built; give {', '.join(map(str, few))}")
    return job if value == values[0] else _times(job, lever, Fraction(value, values[0]))


def _times(job, lever, factor):
    """The job with a lever at a multiple; widths that follow are rounded to whole ones."""
    value = round(factor * lever_value(job, lever))
    if lever in FIELDS:
        return replace(job, model=_model_with(job.model, lever, value, factor))
    model = _beyond_windows(job.model, job.n) if lever == "n" and factor > 1 else job.model
    return replace(job, model=model, **{lever: value})


@lru_cache(maxsize=4096)
def _beyond_windows(model, n):
    """The model without the windows that n does not fill: up to those n costs the same without."""
    free = {"window": None, "chunk": None}
    if all(layer.keys(n) == n for _, layer in model.layers):
        return replace(model, **free)
    return replace(model, mixed=tuple(
        (count, replace(layer, **free) if layer.keys(n) == n else layer)
        for count, layer in model.mixed))


@lru_cache(maxsize=16384)
def _model_with(model, lever, value, factor):
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
    model, precision = job.model, PRECISION[job.bits]
    if job.counted == "forward":
        return model.forward_flops(job.n, job.batch, job.causal)
    if job.counted in ("read", "write"):
        return _work(job).seconds
    return ((0 if job.counted == "cache" else weight_bytes(model, precision))
            + (0 if job.counted == "weights" else
               kv_cache_bytes(model, job.n, job.batch, precision)))


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

    def amount(factor):
        at = _times(job, lever, factor)
        return Fraction(job_cost(at) if not timed else _work(at).flops if arithmetic
                        else _work(at).bytes_moved)
    met = {"read": ("n", "batch"), "write": ("batch",)}.get(job.counted, ())
    if model.is_mixture and not arithmetic and lever in met:    # more tokens meet more experts
        from sympy import Symbol
        tokens, cache = Symbol("tokens"), replace(job, counted="cache")
        slope = weights_met(model, tokens).diff(tokens) * tokens * job.bits / 8
        slope = slope.subs(tokens, job.batch * (job.n if job.counted == "read" else 1))
        return float((slope + job_cost(cache) * elasticity(cache, lever)) / amount(1))
    places = {"window": {1, (1 + job.n) // 2, job.n},           # a window of more is the same
              "groups": {1, value, model.n_heads}}.get(lever, {value, 2 * value, 3 * value})
    factors = [Fraction(place, value) for place in sorted(places)]
    amounts = [amount(factor) for factor in factors]
    steps = [(b - a) / (y - x) for x, y, a, b in zip(factors, factors[1:], amounts, amounts[1:])]
    bend = (steps[1] - steps[0]) / (factors[2] - factors[0]) if len(factors) > 2 else 0
    slope = steps[0] + bend * (2 - factors[0] - factors[1]) if steps else 0
    return Fraction(slope) / amount(1)      # the slope at 1 of Newton's parabola
