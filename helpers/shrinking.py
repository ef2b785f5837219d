"""Which lever brings a cost under a limit, at values that can be built, and how hard it pulls.

A lever has a whole value. Width, heads, groups and layers change what the model is; length, batch
and window what it is asked; bits how its numbers are kept. Lesson 14.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import log

from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.roofline import decode, prefill
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
    """A model, and n tokens of each of `batch` sequences to pass forward or to keep in a cache.

    counted: a key of `COUNTED`. bits: of weights and cache. accelerator: for seconds.
    """

    model: Transformer
    counted: str = "forward"
    n: int = 1024
    batch: int = 1
    bits: int = 16
    accelerator: object = "H100 SXM"
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
    """A lever today; a window that is absent, or longer than the sequence, is n."""
    model = job.model
    if check_choice(lever, "lever", LEVERS) not in FIELDS:
        return getattr(job, lever)
    if lever == "window":
        return job.n if model.window is None else min(job.n, model.window)
    return model.kv_heads if lever == "groups" else getattr(model, FIELDS[lever])


@lru_cache(maxsize=4096)
def buildable_values(job, lever):
    """The values that a lever can take, from today's down, as a sequence.

    d and heads: whole heads, whole groups. groups: divisors of h; latent attention has none.
    """
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
    kinds = [(count, replace(layer, **free) if layer.keys(n) == n else layer)
             for count, layer in model.layers]
    return (replace(model, mixed=tuple(kinds)) if model.mixed else
            model if kinds[-1] == model.layers[-1] else replace(model, **free))


@lru_cache(maxsize=16384)
def _model_with(model, lever, value, factor):
    fields = {FIELDS[lever]: value}
    if lever in ("d", "heads"):
        names = ("n_heads", "d_ff", "d_expert") if lever == "d" else ()
        if not model.is_latent:
            fields["d_head"], names = model.head_width, (*names, "kv_heads")
        fields |= {name.replace("kv_heads", "n_kv_heads"): max(1, round(factor * width))
                   for name in names if (width := getattr(model, name)) is not None}
        if model.kv_heads == 1:
            fields["n_kv_heads"] = 1
    return replace(model, **fields)


_weight_bytes = lru_cache(maxsize=4096)(weight_bytes)


@lru_cache(maxsize=65536)
def job_cost(job):
    """What a job costs: an int of FLOPs or bytes, or the least seconds that a roofline allows."""
    model, precision = job.model, PRECISION[job.bits]
    if job.counted == "forward":
        return model.forward_flops(job.n, job.batch, job.causal)
    if job.counted in ("read", "write"):
        return _work(job).seconds
    weights = 0 if job.counted == "cache" else _weight_bytes(model, precision)
    return weights if job.counted == "weights" else weights + kv_cache_bytes(
        model, job.n, job.batch, precision)


def _work(job):
    precision = PRECISION[job.bits]
    asked = job.model, job.accelerator, job.n, job.batch, precision, precision
    return prefill(*asked, job.causal) if job.counted == "read" else decode(*asked)


def largest_within(job, lever, limit):
    """`Shrunk`: the largest value of one lever alone with which the cost is at most `limit`.

    limit: FLOPs, bytes or seconds. The cost never rises when a lever falls.

    >>> from helpers.published import MODELS
    >>> job = Job(MODELS["Llama-3 8B"], "memory", n=131_072)
    >>> [largest_within(job, lever, 24e9).value for lever in ("n", "d", "layers", "groups", "bits")]
    [60573, 3072, 22, 2, 8]
    """
    check_amount(limit, "limit", "FLOPs, bytes or seconds")
    values, before = buildable_values(job, lever), job_cost(job)

    def cost(place):
        return job_cost(job_at(job, lever, values[place]))
    low, high, above, below = 0, len(values) - 1, before - limit, limit - cost(len(values) - 1)
    if above <= 0 or below < 0:
        high = 0 if above <= 0 else high
    else:
        halve = False
        while high - low > 1:   # where a line would meet the limit, and in the middle
            step = (high - low) * above / (above + below)
            guess = low + ((high - low) // 2 if halve else round(step))
            guess, halve = min(max(guess, low + 1), high - 1), not halve
            room = limit - cost(guess)
            if room >= 0:
                high, below = guess, room
            else:
                low, above = guess, -room
    value = values[high] if cost(high) <= limit else None
    return Shrunk(lever, values[0], value, cost(high), 1 - cost(high) / before)


@lru_cache(maxsize=16384)
def elasticity(job, lever):
    """∂ log cost / ∂ log lever today: what 1 % less of the lever saves, in %.

    FLOPs and bytes are polynomials of degree 2 at most in each lever (seconds: the slower clock's
    are), so that three values give the slope exactly. Only the experts met are none in the tokens.
    """
    model, timed, value = job.model, job.counted in ("read", "write"), lever_value(job, lever)
    arithmetic = job.counted == "forward" or timed and _work(job).limit == "arithmetic"
    if lever == "bits":
        return Fraction(not arithmetic)

    def amount(factor):
        at = _times(job, lever, factor)
        return Fraction(job_cost(at) if not timed else _work(at).flops if arithmetic
                        else _work(at).bytes_moved)
    met = job.counted == "read" or lever == "batch"             # more tokens meet more experts
    if timed and not arithmetic and model.is_mixture and met and lever in ("n", "batch"):
        cache, tokens = replace(job, counted="cache"), job.batch
        tokens *= job.n if job.counted == "read" else 1
        slope = job_cost(cache) * elasticity(cache, lever)
        for count, layer in model.layers:
            if layer.is_mixture:
                missed = 1 - layer.experts_per_token / layer.n_experts
                idle = count * layer.idle_parameters * missed ** (tokens - 1)
                slope -= job.bits / 8 * idle * tokens * log(missed)
        return float(slope / amount(1))
    factors = (1, 2, 3)
    if lever == "window":
        least = max(1, min(value, job.n - 1) - 1)
        factors = [Fraction(w, value) for w in range(least, min(least + 2, job.n) + 1)]
    elif lever == "groups":
        other = 1 if value > 1 else model.n_heads
        factors = (1,) if model.is_latent or other == value else (1, Fraction(other, value))
    if len(factors) == 1:
        return Fraction(0)
    amounts = [amount(factor) for factor in factors]
    steps = [(b - a) / (y - x) for x, y, a, b in zip(factors, factors[1:], amounts, amounts[1:])]
    bend = (steps[1] - steps[0]) / (factors[2] - factors[0]) if len(factors) > 2 else 0
    return (steps[0] + bend * (2 - factors[0] - factors[1])) / amount(1)    # Newton's parabola at 1
