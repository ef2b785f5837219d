"""Which lever brings a cost under a limit: each alone, at values that can be built, and how hard each pulls. Lesson 14.

Every cost is asked of `Transformer`, `memory` or `roofline` again with the lever at its new value, so no formula is
written here a second time.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from helpers import roofline
from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.notation import Table
from helpers.planning.levers import COUNTED, LEVERS, PRECISION, Job, buildable, job_at, moved, neighbours, now

__all__ = ["COUNTED", "LEVERS", "Job", "Shrunk", "alone", "buildable", "cost", "elasticity", "job_at", "now", "options",
           "strongest"]


@dataclass(frozen=True)
class Shrunk:
    """A lever at the largest value that meets a limit, and the cost there; value None: none does, cost is the least."""

    lever: str
    before: int
    value: int | None
    cost: object
    saved: float  # share of the cost before, 0 to 1


@lru_cache(maxsize=65536)
def cost(job):
    """What a job costs, exactly: an int of FLOPs or bytes, or seconds, the least that a roofline allows.

    forward: 2·n·b·(weights that a token meets) + 2·b·L·h·(query + value width)·(pairs). In a window of w a token sees
    min(i, w) tokens at place i, itself included, so the causal pairs are Σ min(i, w), i = 1 … n:
        m(m + 1)/2 + (n − m)·m with m = min(n, w).
    cache: (elements of a token)·b·min(n, w); the token w places back is forgotten. memory: weights and cache.
    read and write: the slower of FLOPs ÷ peak and bytes ÷ bandwidth, as `roofline.prefill` and `decode`; the peak stays
    that of 16-bit arithmetic. A mixture computes with the experts that a token meets and keeps them all.

    >>> from helpers.published import MODELS
    >>> cost(Job(MODELS["Llama-3 8B"], "cache", n=8192)), cost(Job(MODELS["Mistral 7B"], "cache", n=8192))
    (1073741824, 536870912)
    """
    model, precision = job.model, PRECISION[job.bits]
    if job.counted == "forward":
        return model.forward_flops(job.n, job.batch, job.causal)
    if job.counted in ("read", "write"):
        return _work(job).seconds
    weights = weight_bytes(model, precision) if job.counted != "cache" else 0
    return weights + (kv_cache_bytes(model, job.n, job.batch, precision) if job.counted != "weights" else 0)


def alone(job, lever, limit):
    """`Shrunk`: the largest value of one lever, all others as they are, with which the cost is at most `limit`.

    limit: FLOPs, bytes or seconds, above 0, ValueError otherwise. The cost never rises when a lever falls.

    >>> from helpers.published import MODELS
    >>> job = Job(MODELS["Llama-3 8B"], "memory", n=131_072)
    >>> [alone(job, lever, 24e9).value for lever in ("n", "d", "layers", "groups", "bits")]
    [60573, 3072, 22, 2, 8]
    """
    if isinstance(limit, (bool, str)) or not hasattr(limit, "__float__") or not 0 < limit < float("inf"):
        raise ValueError(f"limit: {limit!r} is no limit; give FLOPs, bytes or seconds above 0")
    values, before = buildable(job, lever), cost(job)

    def meets(place):
        return cost(moved(job, lever, values[place])) <= limit
    low, high = -1, len(values) - 1  # low does not meet it, high does, or nothing
    possible = meets(high)
    while possible and high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    least = cost(moved(job, lever, values[high]))
    return Shrunk(lever, values[0], values[high] if possible else None, least, 1 - least / before)


@lru_cache(maxsize=16384)
def elasticity(job, lever):
    """∂ log cost / ∂ log lever at today's value, a Fraction where the cost is whole: what 1 % less of the lever saves, in %.

    Every cost is a polynomial of degree at most 2 in each lever (seconds: the slower clock is), so three whole values
    give its slope exactly, whether the lever can be less or not; `neighbours` says which. Only a mixture's bytes in seconds are none, because the more tokens, the
    more experts are met: there the formula itself is differentiated (SymPy).

    >>> from helpers.published import MODELS
    >>> [round(float(elasticity(Job(MODELS["GPT-2"], n=1024), lever)), 2) for lever in ("n", "d", "layers", "heads")]
    [1.07, 1.64, 0.71, 0.28]
    """
    whole = cost
    if job.counted in ("read", "write"):
        side = "flops" if _work(job).limit == "arithmetic" else "bytes_moved"
        if job.model.is_mixture and side == "bytes_moved" and lever in ("n", "batch"):
            return _differentiated(job, lever)

        def whole(other):
            return getattr(_work(other), side)
    value, points = neighbours(job, lever)
    if len(points) == 1:
        return Fraction(0)
    xs, ys = zip(*((x, Fraction(whole(other))) for x, other in points))
    slope = (ys[1] - ys[0]) / (xs[1] - xs[0])
    if len(xs) == 3:  # Newton's form of the parabola, differentiated
        bend = ((ys[2] - ys[1]) / (xs[2] - xs[1]) - slope) / (xs[2] - xs[0])
        slope += bend * (2 * value - xs[0] - xs[1])
    return slope * value / Fraction(whole(job))


def strongest(job, levers=tuple(LEVERS)):
    """The lever with the largest elasticity among those that can be less; the first where several are equal.

    Raises ValueError where none of the levers can be less.

    >>> from helpers.published import MODELS
    >>> strongest(Job(MODELS["Llama-3 8B"], n=8192)), strongest(Job(MODELS["Llama-3 8B"], n=131_072, batch=1))
    ('d', 'n')
    """
    loose = [lever for lever in levers if len(buildable(job, lever)) > 1]
    if not loose:
        raise ValueError(f"levers: none of {', '.join(levers)} can be less than it is; give another lever or a larger job")
    return max(loose, key=lambda lever: elasticity(job, lever))


def options(job, limit, levers=tuple(LEVERS)):
    """A Table: for each lever its value today, the largest that meets the limit alone, what that saves, and the elasticity.

    >>> from helpers.published import MODELS
    >>> options(Job(MODELS["GPT-2"], "weights"), 64e6, ("d", "layers", "bits"))
    lever      unit      changes      today  meets the limit   saves  elasticity
    ---------  --------  -----------  -----  ---------------  ------  ----------
    width d    elements  the model      768  320              74.9 %        1.68
    layers L   layers    the model       12  none             62.7 %        0.68
    precision  bits      the numbers     16  4                75.0 %        1.00
    """
    found = [alone(job, lever, limit) for lever in levers]
    return Table([(*LEVERS[one.lever], one.before, "none" if one.value is None else one.value, f"{100 * one.saved:.1f} %",
                   f"{float(elasticity(job, one.lever)):.2f}") for one in found],
                 ("lever", "unit", "changes", "today", "meets the limit", "saves", "elasticity"))


def _work(job):
    precision = PRECISION[job.bits]
    if job.counted == "read":
        return roofline.prefill(job.model, job.accelerator, job.n, job.batch, precision, precision, job.causal)
    return roofline.decode(job.model, job.accelerator, job.n, job.batch, precision, precision)


def _differentiated(job, lever):
    """The elasticity of a mixture's bytes: the formula on symbols, differentiated, then the numbers put in."""
    from helpers import notation
    symbol, value = getattr(notation, {"n": "n", "batch": "b"}[lever]), now(job, lever)
    model, sizes = job.model, {"n": job.n, "batch": job.batch} | {lever: symbol}
    if model.window is not None and job.n <= model.window:
        model = replace(model, window=None)
    phase = roofline.prefill if job.counted == "read" else roofline.decode
    moved = phase(model, job.accelerator, sizes["n"], sizes["batch"], PRECISION[job.bits], PRECISION[job.bits]).bytes_moved
    return float((moved.diff(symbol) * symbol / moved).subs(symbol, value)) if moved.free_symbols else Fraction(0)
