"""Seconds from FLOPs and bytes: the roofline, and where a Transformer's prefill, decode and training stand. Lesson 08.

A chip computes at most `flops_per_second` and moves at most `bytes_per_second`. If both overlap perfectly, the
slower of the two sets the time: every time here is a lower bound, every rate an upper one.

An accelerator is a name in `published.ACCELERATORS`, an `Accelerator`, or anything with these two fields.
"""

from dataclasses import dataclass
from math import inf

from helpers.memory import bytes_of, kv_cache_bytes
from helpers.notation import Table
from helpers.published import ACCELERATORS
from helpers.sizes import check_size, is_symbol

__all__ = ["Work", "attainable_flops_per_second", "decode", "decode_tokens_per_second", "intensity", "limit",
           "matrix_product_intensity", "model_flops_utilisation", "prefill", "ridge_point", "seconds"]


@dataclass(frozen=True)
class Work:
    """FLOPs, bytes and tokens of one phase on one accelerator, and what follows from them."""

    name: str
    flops: object
    bytes_moved: object
    tokens: object
    flops_per_second: object
    bytes_per_second: object

    @property
    def arithmetic_seconds(self):
        """Time that the arithmetic takes at the peak."""
        return self.flops / self.flops_per_second

    @property
    def memory_seconds(self):
        """Time that the bytes take at full bandwidth."""
        return self.bytes_moved / self.bytes_per_second

    @property
    def seconds(self):
        """The longer of the two: a lower bound."""
        return _larger(self.arithmetic_seconds, self.memory_seconds)

    @property
    def intensity(self):
        """FLOPs per byte."""
        return intensity(self.flops, self.bytes_moved)

    @property
    def limit(self):
        """"arithmetic" or "memory": what sets the time. ValueError while symbols leave that open."""
        return limit(self.flops, self.bytes_moved, self)

    @property
    def tokens_per_second(self):
        """An upper bound."""
        return self.tokens / self.seconds

    def table(self):
        """What there is to say of this phase, one row each."""
        return Table([("FLOPs", self.flops), ("bytes", self.bytes_moved), ("FLOPs per byte", f"{self.intensity:,.1f}"),
                      ("arithmetic, ms", f"{1e3 * self.arithmetic_seconds:,.2f}"), ("memory, ms", f"{1e3 * self.memory_seconds:,.2f}"),
                      ("limited by", self.limit), ("tokens/s, at most", f"{self.tokens_per_second:,.0f}")], (self.name, "value"))


def seconds(flops, bytes_moved, accelerator):
    """max(FLOPs / peak, bytes / bandwidth): the least time that a chip needs, in seconds.

    flops, bytes_moved: numbers or SymPy expressions, not below 0. Raises ValueError for a negative one and for an
    accelerator whose peak or bandwidth is not above 0, KeyError for its name if unknown. Williams et al. 2009.

    >>> seconds(312e12, 1e12, "A100 80GB"), seconds(312e12, 4e12, "A100 80GB")
    (1.0, 2.0)
    """
    peak, bandwidth = _rates(accelerator)
    return _larger(_amount(flops, "flops") / peak, _amount(bytes_moved, "bytes_moved") / bandwidth)


def intensity(flops, bytes_moved):
    """Arithmetic intensity: FLOPs per byte moved; math.inf where nothing is moved. ValueError if both are 0.

    >>> from helpers.notation import d, n
    >>> intensity(2*n*d**2, 2*d**2)
    n
    """
    flops, bytes_moved = _amount(flops, "flops"), _amount(bytes_moved, "bytes_moved")
    if bytes_moved == 0:
        if flops == 0:
            raise ValueError("flops and bytes_moved: both are 0; work that is nothing has no intensity")
        return inf
    quotient = flops / bytes_moved
    return quotient.cancel() if is_symbol(quotient) else quotient


def matrix_product_intensity(m, k, p, bytes_per_element=2):
    """FLOPs per byte of (m, k) @ (k, p) that reads and writes each matrix once: 2mkp / (bytes·(mk + kp + mp)).

    With m = 1, one token, it stays below 2/bytes_per_element: every weight is read for one multiply-add.
    Sizes: whole numbers from 1 on or symbols, ValueError otherwise.

    >>> matrix_product_intensity(4096, 4096, 4096)
    1365.3333333333333
    """
    m, k, p, width = (check_size(size, name) for size, name in ((m, "m"), (k, "k"), (p, "p"), (bytes_per_element, "bytes_per_element")))
    return intensity(2 * m * k * p, width * (m * k + k * p + m * p))


def ridge_point(accelerator):
    """FLOPs per byte from which arithmetic, not memory, is the limit: peak / bandwidth.

    >>> ridge_point("A100 80GB"), round(ridge_point("H100 SXM"))
    (156.0, 295)
    """
    peak, bandwidth = _rates(accelerator)
    return peak / bandwidth


def attainable_flops_per_second(intensity, accelerator):
    """The roofline: min(peak, intensity · bandwidth), FLOP/s. ValueError for an intensity below 0.

    >>> attainable_flops_per_second(1, "A100 80GB"), attainable_flops_per_second(1000, "A100 80GB")
    (2000000000000, 312000000000000)
    """
    peak, bandwidth = _rates(accelerator)
    reached = _amount(intensity, "intensity") * bandwidth
    if is_symbol(reached) or is_symbol(peak):
        from sympy import Min
        return Min(peak, reached)
    return min(peak, reached)


def limit(flops, bytes_moved, accelerator):
    """"memory" if the bytes take longer than the FLOPs, else "arithmetic". ValueError while symbols leave that open.

    >>> limit(1, 1, "A100 80GB")
    'memory'
    """
    peak, bandwidth = _rates(accelerator)
    longer = _amount(bytes_moved, "bytes_moved") * peak > _amount(flops, "flops") * bandwidth
    if longer not in (True, False):
        raise ValueError(f"limit: whether {longer} depends on the symbols in it; put numbers in, or compare the "
                         "intensity with ridge_point")
    return "memory" if longer else "arithmetic"


def prefill(model, accelerator, n, batch=1, precision="bf16", cache_precision="bf16", causal=True):
    """`Work` of reading `batch` prompts of n tokens at once, the logits of all of them included.

    FLOPs: `forward_flops`; causal: a token meets those before it only, False counts the whole square of n². Code that
    skips all logits but the last saves 2·d·V a token. Bytes: every weight that is met once, and the cache written;
    activations are left out, so it is the least that must be moved. precision: of the weights; cache_precision: of the cache. The peak is the accelerator's, of 16-bit arithmetic. Raises KeyError and ValueError for names and
    sizes that do not exist.

    >>> from helpers.published import MODELS
    >>> prefill(MODELS["Llama-3 8B"], "H100 SXM", 8192).limit
    'arithmetic'
    """
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    moved = (_weights_met(model, n * batch, precision) + kv_cache_bytes(model, n, batch, cache_precision))
    return Work("prefill", model.forward_flops(n, batch, causal), moved, n * batch, *_rates(accelerator))


def decode(model, accelerator, n, batch=1, precision="bf16", cache_precision="bf16"):
    """`Work` of one further token for each of `batch` sequences, with n tokens in the cache, the new one included.

    FLOPs: 2·(weights that a token meets) and the pairs with n cached tokens, for each sequence. Bytes: those weights
    once, whatever the batch, and the cache of every sequence; one row of the input table is nothing. A mixture reads
    the experts that the batch meets if its tokens choose evenly: E·(1 − (1 − k/E)^batch). Latent attention stays
    compressed ("absorbed"). Raises as `prefill`.

    >>> from helpers.published import MODELS
    >>> work = decode(MODELS["Llama-3 8B"], "H100 SXM", 8192)
    >>> work.limit, round(work.tokens_per_second)
    ('memory', 208)
    """
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    parts = model.flops_by_part(1, batch, absorbed=model.is_latent)
    seen = model.kv_cache_bytes(n, 1, 1) / model.kv_cache_bytes(1, 1, 1)  # n, or the window
    pairs = parts["scores and weighted sum"]
    flops = sum(parts.values()) - pairs + pairs * (seen if is_symbol(seen) else round(seen))
    moved = _weights_met(model, batch, precision) + kv_cache_bytes(model, n, batch, cache_precision)
    return Work("decode", flops.expand() if is_symbol(flops) else flops, moved, batch, *_rates(accelerator))


def decode_tokens_per_second(weight_bytes, bytes_per_second):
    """Tokens per second if decoding did nothing but read the weights: bandwidth / weight bytes, an upper bound.

    weight_bytes: bytes, above 0. bytes_per_second: a number above 0, or an accelerator's name. Raises ValueError.

    >>> round(decode_tokens_per_second(13_475_459_891, 200 * 10**9), 2)
    14.84
    """
    if isinstance(bytes_per_second, str):
        bytes_per_second = _rates(bytes_per_second)[1]
    return _above_zero(bytes_per_second, "bytes_per_second") / _above_zero(weight_bytes, "weight_bytes")


def model_flops_utilisation(model, accelerator, n, step_seconds, batch=1, devices=1, causal=False):
    """Share of the dense peak that a measured training step used: model FLOPs / (seconds · devices · peak).

    step_seconds: of one step over `batch` sequences of n tokens on all devices. The model's FLOPs are forward and
    backward, whatever was computed again: recomputation counts in the time alone. A share above 1 means a sparse
    peak, another precision, or FLOPs that were not run. Chowdhery et al. 2022, appendix B. Raises ValueError.

    >>> from helpers.published import MODELS
    >>> round(model_flops_utilisation(MODELS["GPT-2"], "A100 80GB", 1024, step_seconds=0.1, batch=16), 3)
    0.449
    """
    flops = model.training_flops(n, batch, causal)
    return flops / (_above_zero(step_seconds, "step_seconds") * check_size(devices, "devices") * _rates(accelerator)[0])


def _weights_met(model, tokens, precision):
    """Bytes of the weights that `tokens` tokens read; a lookup in a table of its own reads rows, and counts as none."""
    met = model.active_parameters(input_embedding=False)
    if model.is_mixture:
        idle = model.parameters() - model.active_parameters()  # per token
        missed = 1 - model.experts_per_token / model.n_experts
        met = model.parameters() - (model.active_parameters() - met) - idle * missed ** (tokens - 1)
        met = met if is_symbol(met) else round(met)
    return bytes_of(met, precision)


def _rates(accelerator):
    chip = ACCELERATORS[accelerator] if isinstance(accelerator, str) else accelerator
    if not hasattr(chip, "flops_per_second"):
        raise TypeError(f"accelerator: {accelerator!r} has no flops_per_second; give a name in published.ACCELERATORS or "
                        "an Accelerator")
    return tuple(_above_zero(getattr(chip, rate), f"accelerator: {rate}") for rate in ("flops_per_second", "bytes_per_second"))


def _above_zero(value, name):
    if isinstance(value, (bool, str)) or value is None or (value <= 0) == True or value != value:  # noqa: E712 (SymPy's True too)
        raise ValueError(f"{name}: {value!r} is not above 0; nothing would ever be done, give a positive number")
    return value


def _amount(value, name):
    if isinstance(value, (bool, str)) or value is None or (value < 0) == True or value != value:  # noqa: E712 (SymPy's True too)
        raise ValueError(f"{name}: {value!r} is no amount of work; give a number from 0 on, or a SymPy expression")
    return value


def _larger(first, second):
    if is_symbol(first) or is_symbol(second):
        from sympy import Max
        return Max(first, second)
    return max(first, second)
