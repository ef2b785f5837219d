"""The levers on a cost: what each changes of a model or of what is asked of it, and the values that can be built. Lesson 14.

A lever has a whole value: tokens, sequences, heads, layers, bits. Width, heads, groups and layers change what the model
is; length, batch and window what it is asked; bits how its numbers are kept.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from helpers.transformer import Transformer
from helpers.sizes import check_choice, check_size

__all__ = ["COUNTED", "LEVERS", "PRECISION", "Job", "buildable", "job_at", "moved", "neighbours", "now"]

# what is counted: words, unit
COUNTED = {"forward": ("forward pass", "FLOPs"), "weights": ("weights", "bytes"), "cache": ("KV cache", "bytes"),
           "memory": ("weights and KV cache", "bytes"), "read": ("reading the prompts", "seconds"),
           "write": ("writing one token", "seconds")}
# lever: words, unit, what it changes
LEVERS = {"n": ("length n", "tokens", "the question"), "batch": ("batch b", "sequences", "the question"),
          "window": ("window w", "tokens", "the question"), "d": ("width d", "elements", "the model"),
          "layers": ("layers L", "layers", "the model"), "heads": ("heads h", "heads", "the model"),
          "groups": ("groups h_kv", "heads", "the model"), "bits": ("precision", "bits", "the numbers")}
PRECISION = {32: "fp32", 16: "bf16", 8: "int8", 4: "int4"}


@dataclass(frozen=True)
class Job:
    """A model and what is asked of it; `counted` is a key of `COUNTED`.

    n tokens of each of `batch` sequences: in one forward pass, or in the cache. bits: of weights and cache.
    accelerator: whose rates turn FLOPs and bytes into seconds. causal: a token meets those before it only.
    Raises ValueError for sizes that are no whole numbers from 1 on, for another `counted` and for other bits.
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
            raise ValueError(f"bits: {self.bits!r} is no width of a number here; give {', '.join(map(str, PRECISION))}")


def now(job, lever):
    """The value of a lever today: a window that is as long as the sequence, or absent, is n. KeyError for another lever.

    >>> from helpers.published import MODELS
    >>> [now(Job(MODELS["Llama-3 8B"], n=8192), lever) for lever in ("n", "window", "d", "groups")]
    [8192, 8192, 4096, 8]
    """
    model = job.model
    if lever == "window":
        return job.n if model.window is None else min(job.n, model.window)
    return {"n": job.n, "batch": job.batch, "bits": job.bits, "d": model.d_model, "layers": model.n_layers,
            "heads": model.n_heads, "groups": model.kv_heads}[lever]


def job_at(job, lever, value):
    """The same job with one lever at another value, which must be one that can be built: ValueError otherwise.

    n, batch, bits: of the job. window: every layer's. layers: the dense first layers of a mixture stay.
    d: heads of the same width, as many fewer as d is narrower, feed-forward and experts in proportion; ranks of latent
    attention stay. heads: of the same width, d stays, so attention alone narrows. Queries that share keys and values
    stay as many, unless one key-value head serves all. groups: h stays.

    >>> from helpers.published import MODELS
    >>> small = job_at(Job(MODELS["Llama-3 8B"]), "d", 1024).model
    >>> small.n_heads, small.n_kv_heads, small.d_ff, small.head_width
    (8, 2, 3584, 128)
    """
    if value not in buildable(job, lever):
        raise ValueError(f"{lever}: {value!r} cannot be built from {now(job, lever):,} by shrinking; give one of "
                         f"{_few(buildable(job, lever))}")
    return moved(job, lever, value)


@lru_cache(maxsize=4096)
def buildable(job, lever):
    """The values that a lever can take, from today's down, as a sequence; only today's where it cannot move.

    d and heads: whole heads, whole groups. groups: divisors of h. Latent attention caches no heads: its groups stay.

    >>> from helpers.published import MODELS
    >>> buildable(Job(MODELS["Llama-3 8B"]), "groups"), len(buildable(Job(MODELS["Llama-3 8B"], n=8192), "n"))
    ((8, 4, 2, 1), 8192)
    """
    model, most = job.model, now(job, lever)
    if lever in ("n", "batch", "window"):
        return range(most, 0, -1)
    if lever == "layers":
        return range(most, model.n_dense_layers, -1)
    if lever == "bits":
        return tuple(bits for bits in PRECISION if bits <= most)
    if lever == "groups":
        return (most,) if model.is_latent else tuple(g for g in range(most, 0, -1) if model.n_heads % g == 0)
    h, groups = model.n_heads, 1 if model.is_latent else model.kv_heads
    few = [k for k in range(h, 0, -1) if groups == 1 or groups * k % h == 0]
    return tuple(few) if lever == "heads" else tuple(model.d_model * k // h for k in few if model.d_model * k % h == 0)


def moved(job, lever, value):
    """`job_at` without asking whether the value can be built: where many are tried that can."""
    if value == now(job, lever):
        return job
    if lever in ("n", "batch", "bits"):
        return replace(job, **{lever: value})
    return replace(job, model=_model_at(job.model, lever, value))


def neighbours(job, lever):
    """The lever's value, and two or three jobs by it on the piece of the cost that shrinking walks on.

    d and heads once, twice, three times. Up to a window n costs what it costs without one, so its neighbours are above it.
    A window's neighbours are within the sequence; over two tokens there is one only. A single job:
    nothing changes, or nothing is beside it.
    """
    value, model = now(job, lever), job.model
    if lever in ("n", "batch"):
        if lever == "n" and model.window is not None and value <= model.window:
            job = replace(job, model=replace(model, window=None))
        return value, [(x, replace(job, **{lever: x})) for x in range(value, value + 3)]
    if lever == "window":
        low = max(1, min(value, job.n - 1) - 1)
        return value, [(x, moved(job, lever, x)) for x in range(low, min(low + 2, job.n) + 1)]
    if lever == "bits":
        return value, [(x, replace(job, bits=x)) for x in (32, 16, 8)]
    if lever == "layers":
        models = [(x, replace(model, n_layers=x)) for x in range(value, value + 3)]
    elif lever == "groups":
        other = model.n_heads if value == 1 else 1
        if model.is_latent or other == value:
            return value, [(value, job)]
        models = [(x, replace(model, n_kv_heads=x)) for x in (value, other)]
    else:
        value, models = 1, [(x, _scaled(model, lever, x)) for x in (1, 2, 3)]
    return value, [(x, replace(job, model=at)) for x, at in models]


@lru_cache(maxsize=16384)
def _model_at(model, lever, value):
    field = {"window": "window", "layers": "n_layers", "groups": "n_kv_heads"}.get(lever)
    if field:
        return replace(model, **{field: value})
    return _scaled(model, lever, Fraction(value, model.n_heads if lever == "heads" else model.d_model))


def _scaled(model, lever, factor):
    """d or heads times a factor; the widths that follow are rounded where they are not whole."""
    heads = {"n_heads": round(model.n_heads * factor)}
    if not model.is_latent:
        heads |= {"d_head": model.head_width, "n_kv_heads": 1 if model.kv_heads == 1 else round(model.kv_heads * factor)}
    if lever == "heads":
        return replace(model, **heads)
    widths = {"d_model": round(model.d_model * factor), "d_ff": max(1, round(model.d_ff * factor))}
    if model.d_expert is not None:
        widths["d_expert"] = max(1, round(model.d_expert * factor))
    return replace(model, **heads, **widths)


def _few(values):
    return ", ".join(map("{:,}".format, values)) if len(values) < 12 else f"{values[0]:,}, {values[1]:,}, … {values[-1]:,}"
