"""One table of what a model costs, for an engineer: `python -m helpers.transformer config.json`."""

from bisect import bisect_left

from helpers.notation import Table
from helpers.words import bytes_text, percent, power

FARTHEST = 2**40  # tokens: what does not lead until there never does
CORE = "scores and weighted sum"


def crossover(model):
    """The shortest n at which scores and weighted sum are half of a forward pass, or None.

    >>> from helpers.published import MODELS
    >>> crossover(MODELS["GPT-2"])
    6703
    """
    def leads(n):
        parts = model.flops_by_part(n)
        return 2 * parts[CORE] >= sum(parts.values())
    found = bisect_left(range(1, FARTHEST), True, key=leads) + 1
    return found if found < FARTHEST else None


def sheet(model, n):
    """A `Table` of parameters, bytes and FLOPs at n tokens of one sequence, all pairs counted."""
    held, met = model.parameters(), model.active_parameters()
    parts, cache = model.flops_by_part(n), model.kv_cache_bytes(n)
    total, meeting = sum(parts.values()), crossover(model)
    rows = [("parameters", held, ""), ("active parameters", met, percent(met / held))]
    rows += [(f"weights in {bits} bits (bytes)", held * bits // 8, bytes_text(held * bits / 8))
             for bits in (16, 8, 4)]
    rows += [(f"forward pass of {n:,} tokens (FLOPs)", total, power(total))]
    rows += [(f"– {part}", value, percent(value / total)) for part, value in parts.items() if value]
    rows += [("– with the causal half alone", model.forward_flops(n, causal=True), ""),
             (f"one more token after {n - 1:,} (FLOPs)", model.decode_flops(n), ""),
             (f"cache of {n:,} tokens in 16 bits (bytes)", cache, bytes_text(cache)),
             ("– one token more (bytes)", model.kv_cache_bytes(n + 1) - cache, ""),
             ("n from which the pairs lead (tokens)", meeting or "never", "")]
    rows += [("layers", count, layer.describe()) for count, layer in model.layers]
    return Table(rows, ("what", "figure", ""))
