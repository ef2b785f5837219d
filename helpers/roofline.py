"""Seconds from FLOPs and bytes: the roofline, and where a Transformer's phases stand. Lesson 08.

A chip computes at most `flops_per_second` and moves at most `bytes_per_second`. Both overlap, so
the slower sets the time: every time here is a lower bound, every rate an upper one.
"""

from dataclasses import dataclass
from functools import lru_cache

from helpers.memory import accelerator_of, bytes_of, checked, kv_cache_bytes
from helpers.sizes import check_size, exact, is_symbol


@dataclass(frozen=True)
class Work:
    """FLOPs, bytes and tokens of one phase on one accelerator, and what follows from them."""

    flops: object
    bytes_moved: object
    tokens: object
    flops_per_second: object
    bytes_per_second: object
    arithmetic_seconds = property(lambda self: self.flops / self.flops_per_second)
    memory_seconds = property(lambda self: self.bytes_moved / self.bytes_per_second)
    intensity = property(lambda self: self.flops / self.bytes_moved)  # FLOPs per byte
    tokens_per_second = property(lambda self: self.tokens / self.seconds)

    @property
    def seconds(self):
        """The longer of the two: a lower bound. Williams et al. 2009."""
        both = self.arithmetic_seconds, self.memory_seconds
        if any(map(is_symbol, both)):
            from sympy import Max
            return Max(*both)
        return max(both)

    @property
    def limit(self):
        """What sets the time: "arithmetic" or "memory". ValueError where symbols leave it open."""
        longer = self.bytes_moved * self.flops_per_second > self.flops * self.bytes_per_second
        if longer not in (True, False):
            raise ValueError(f"limit: {longer} depends on the symbols in it; put numbers in")
        return "memory" if longer else "arithmetic"


def ridge_point(accelerator, precision="bf16"):
    """FLOPs per byte from which arithmetic, not memory, is the limit: peak / bandwidth."""
    chip = accelerator_of(accelerator)
    return chip.peak(precision) / chip.bytes_per_second


def prefill(model, accelerator, n, batch=1, precision="bf16", cache_precision="bf16", causal=True):
    """`Work` of reading `batch` prompts of n tokens at once, the logits of all of them included.

    causal=False counts the whole square. Bytes: every weight that is met, once, and the cache
    written; activations are left out. precision: of the weights, and of the products if the chip
    has their arithmetic (`Accelerator.peak`); bytes a number, at most 2, are widened to 16 bits.
    """
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    flops = checked(model).forward_flops(n, batch, causal)
    return _work(model, accelerator, flops, n * batch, n, batch, precision, cache_precision)


def decode(model, accelerator, n, batch=1, precision="bf16", cache_precision="bf16"):
    """`Work` of one further token for each of `batch` sequences, the last of n in the cache.

    Bytes: the weights that are met, once, and the cache of every sequence. Latent attention stays
    compressed ("absorbed").
    """
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    flops = checked(model).decode_flops(n, batch)
    return _work(model, accelerator, flops, batch, n, batch, precision, cache_precision)


def _work(model, accelerator, flops, tokens, n, batch, precision, cache_precision):
    """The `Work` of a pass over so many tokens: the weights that they meet, and the cache."""
    chip, weights = accelerator_of(accelerator), bytes_of(weights_met(model, tokens), precision)
    cache = kv_cache_bytes(model, n, batch, cache_precision, chip.devices)
    width = precision if isinstance(precision, str) else "bf16"
    return Work(flops, weights + cache, tokens, chip.peak(width), chip.bytes_per_second)


@lru_cache(maxsize=4096)
def weights_met(model, tokens):
    """Weights that so many tokens read; of an untied input table only rows, which are left out.

    A mixture reads the experts that are met if its tokens choose evenly, E·(1 − (1 − k/E)^tokens),
    rounded to a whole number of weights.
    """
    met = model.active_parameters(input_embedding=False)
    for count, layer in model.layers:
        if layer.is_mixture:
            missed = 1 - layer.experts_per_token / layer.n_experts
            met += count * layer.idle_parameters * (1 - missed ** (tokens - 1))
    return exact(met) if is_symbol(met) else round(met)
