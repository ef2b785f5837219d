"""From accelerators and days to a model that can be built: FLOPs, the compute-optimal split, a shape, memory, money. Lesson 14.

A law is a row of chinchilla_laws: predicted loss E + A/N^alpha + B/D^beta, in nats per token, N parameters, D tokens.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, isfinite, log

from helpers.memory import Footprint, activation_tensors, training_footprint
from helpers.memory import RECOMPUTE
from helpers.published import ACCELERATORS, rows
from helpers.transformer import Transformer
from helpers.sizes import check_choice, check_size

__all__ = ["BLOCKS", "LAWS", "Split", "bootstrap_optima", "budget_flops", "buildable_shape", "days_of", "devices_to_hold",
           "flat_range", "memory_per_device", "optimal_split", "predicted_loss", "smallest_shape", "split_at", "training_flops", "training_price"]

SECONDS_A_DAY = 86_400
LAWS = {fit.name: fit for fit in rows("chinchilla_laws")}
# what a block has beside layers, width and heads; d_ff is 4d, or with a gate 8d/3 rounded up to a multiple of 256
BLOCKS = {
    "GPT-3": dict(vocab_size=50257),
    "Llama-2": dict(vocab_size=32000, gated=True, tied=False, attention_bias=False, mlp_bias=False, norm="rms"),
}


@dataclass(frozen=True)
class Split:
    """A budget of FLOPs spent on N parameters and D tokens, and the loss that a law predicts, in nats per token."""

    parameters: float
    tokens: float
    loss: float

    @property
    def tokens_per_parameter(self):
        """D / N."""
        return self.tokens / self.parameters


def budget_flops(accelerator, devices, days, utilisation):
    """FLOPs of a budget: devices · peak · utilisation · 86,400 · days.

    accelerator: a name in `published.ACCELERATORS`, or an `Accelerator`; its peak is of dense 16-bit arithmetic.
    devices: whole number from 1; days: above 0; utilisation: share of the peak above 0 and at most 1, everything
    that the chip does counted, recomputation too. Raises KeyError for an unknown name, ValueError for the rest.

    >>> f"{budget_flops('H100 SXM', 8, 7, 0.5):.3g}"
    '2.39e+21'
    """
    return _rate(accelerator, devices, utilisation) * SECONDS_A_DAY * _above_zero(days, "days")


def days_of(flops, accelerator, devices, utilisation):
    """Days that FLOPs take: `budget_flops` the other way round. Raises as that does.

    >>> round(days_of(3.14e23, "A100 80GB", 1024, 0.45), 1)
    25.3
    """
    return _above_zero(flops, "flops") / _rate(accelerator, devices, utilisation) / SECONDS_A_DAY


def predicted_loss(law, parameters, tokens):
    """E + A/N^alpha + B/D^beta, in nats per token. law: a name in `LAWS`, or such a row. Hoffmann et al. 2022, section 3.3.

    >>> round(predicted_loss("refitted", 70e9, 1.4e12), 3)
    1.974
    """
    fit = _law(law)
    return fit.E + fit.A / _above_zero(parameters, "parameters") ** fit.alpha + fit.B / _above_zero(tokens, "tokens") ** fit.beta


def split_at(law, flops, parameters):
    """The `Split` that spends the FLOPs on a model of this size: D = C / (6N).

    >>> split_at("refitted", 6e20, 1e9).tokens
    100000000000.0
    """
    tokens = _above_zero(flops, "flops") / (6 * _above_zero(parameters, "parameters"))
    return Split(parameters, tokens, predicted_loss(law, parameters, tokens))


def optimal_split(law, flops):
    """The `Split` of least predicted loss among all with 6·N·D = C: N = (αA/(βB))^(1/(α+β)) · (C/6)^(β/(α+β)).

    Where dL/dN = 0 along D = C/(6N): α·A/N^α = β·B/D^β. Derived in lesson 14. ValueError for FLOPs not above 0.

    >>> best = optimal_split("refitted", 5.76e23)
    >>> f"{best.parameters:.3g} {best.tokens:.3g}"
    '7.22e+10 1.33e+12'
    """
    fit = _law(law)
    together = fit.alpha + fit.beta
    ratio = fit.alpha * fit.A / (fit.beta * fit.B)
    return split_at(fit, flops, ratio ** (1 / together) * (_above_zero(flops, "flops") / 6) ** (fit.beta / together))


def flat_range(law, flops, nats=0.01):
    """The smallest and the largest N whose predicted loss is within `nats` of the best at this budget.

    Along 6·N·D = C the loss has one minimum, so each end is found by halving. Raises ValueError for nats not above 0.

    >>> low, high = flat_range("refitted", 5.76e23)
    >>> f"{low:.3g} {high:.3g}"
    '2.66e+10 1.95e+11'
    """
    best = optimal_split(law, flops)
    limit = best.loss + _above_zero(nats, "nats")
    return tuple(_crossing(law, flops, best.parameters, limit, step) for step in (0.5, 2.0))


def bootstrap_optima(flops):
    """The compute-optimal N by each of the ten printed bootstraps of the refit, in rising order.

    Besiroglu et al. 2024 drew 4,000 and print ten; a further one falls between the least and the largest of
    ten nine times in eleven. The spread is that of the sample of models alone: it says nothing of other data.

    >>> [f"{size:.2g}" for size in bootstrap_optima(5.76e23)[::9]]
    ['6.2e+10', '9.4e+10']
    """
    return sorted(optimal_split(fit, flops).parameters for fit in rows("chinchilla_refits"))


@lru_cache(maxsize=1024)
def buildable_shape(parameters, block="GPT-3", n=2048):
    """A `Transformer` of about so many parameters that can be built: whole layers, whole heads, round widths.

    Widths are multiples of 64 with heads of 64 below 1,024, of 128 with heads of 128 from there on. Of the shapes
    within 2 % of N it is the one whose width per layer is nearest 128, or nearest 64 where N is below a billion, as
    published models have it; if none is within 2 %, the one whose count is nearest. block: a name in `BLOCKS`;
    the block of GPT-3 learns a position for each of n tokens.
    Raises KeyError for another block, ValueError for N below the smallest such model.

    >>> buildable_shape(174.6e9)
    Transformer(n_layers=96, d_model=12288, n_heads=96, d_ff=49152, vocab_size=50257, max_positions=2048)
    """
    least = smallest_shape(block, n)
    if _above_zero(parameters, "parameters") < least.parameters():
        positions = f" and the {n:,} positions that it learns; take a shorter n, or" if least.max_positions else ";"
        raise ValueError(f"parameters: {parameters:,.0f} is below {least.parameters():,}, which one layer of width 64 has with "
                         f"{block}'s vocabulary of {least.vocab_size:,}{positions} give more parameters")
    aspect = 64 if parameters < 1e9 else 128
    widest = (aspect * parameters / 10) ** (1 / 3)  # a layer has 12·d² parameters, and a little more
    found = []
    for width in (width for width in (*range(64, 1024, 64), *range(1024, 2**18, 128))
                  if width <= max(64, 1.4 * widest) and (parameters < 1e9 or width >= 0.7 * widest)):
        one, two = (_shape(layers, width, block, n).parameters() for layers in (1, 2))
        layers = max(1, round((parameters - one) / (two - one)) + 1)
        error = abs((one + (layers - 1) * (two - one)) / parameters - 1)
        found.append((error > 0.02, error if error > 0.02 else abs(log(width / layers / aspect)), width, layers))
    *_, width, layers = min(found)
    return _shape(layers, width, block, n)


def smallest_shape(block="GPT-3", n=2048):
    """The smallest `Transformer` that `buildable_shape` gives: one layer of width 64. Raises as that does.

    >>> smallest_shape("GPT-3", 2_048).parameters(), smallest_shape("Llama-2").parameters()
    (3397632, 4161728)
    """
    if block not in BLOCKS:
        raise KeyError(f"no block {block!r}; there are {', '.join(map(repr, BLOCKS))}")
    return _shape(1, 64, block, check_size(n, "n"))


def training_flops(model, n, tokens, recompute="none", causal=False):
    """Matrix products of training on `tokens` tokens in sequences of n: those of a sequence · tokens / n, a float.

    recompute: "none", 3 forward passes; "selective", attention's core once more; "full", all layers once more.
    causal: False counts the whole square of n² pairs, as published utilisations do; True the pairs that a token sees.
    Raises ValueError as `Transformer.training_flops` and for another recompute.

    >>> from helpers.published import MODELS
    >>> f"{training_flops(MODELS['GPT-3 175B'], 2048, 300e9):.3g}"
    '3.23e+23'
    """
    check_choice(recompute, "recompute", RECOMPUTE)
    flops = model.training_flops(n, causal=causal, recompute="full" if recompute == "full" else "none")
    if recompute == "selective":
        flops += model.flops_by_part(n, causal=causal)["scores and weighted sum"]
    return flops * _above_zero(tokens, "tokens") / n


def memory_per_device(model, n, devices, accelerator, recompute="none", fused=False):
    """`Footprint` of one of `devices` that share a training: the states divided evenly, one sequence of n each.

    Mixed-precision Adam, 16 bytes a parameter, divided as Rajbhandari et al. 2020 do (ZeRO, stage 3), rounded up.
    With two devices or more, each gathers the weights of the layer at hand and holds its gradients before they are
    divided: 4 bytes for each parameter of one layer. Layers gathered ahead and fragments are left out.
    Activations, one recomputed layer and logits are those of the device's own sequence and are not divided.
    fused: a kernel as lesson 09's never stores what has n², not even of one layer.
    Dropout where the feed-forward has no gate, as in `MemoryExplorer`. Raises as `training_footprint`.

    >>> from helpers.published import MODELS
    >>> memory_per_device(MODELS["Llama-2 7B"], 4096, 8, "A100 80GB", "full").fits
    True
    """
    check_size(devices, "devices")
    chip = _chip(accelerator)
    own, shared, gathered = _own_and_shared(model, n, recompute, fused)
    parts = {part: -(-size // devices) + (gathered.get(part, 0) if devices > 1 else 0) for part, size in shared.items()}
    return Footprint(parts | own, chip.memory_bytes, chip.name)


def devices_to_hold(model, n, accelerator, recompute="none", fused=False):
    """The fewest devices with which `memory_per_device` fits; math.inf if one sequence alone fills a device.

    >>> from helpers.published import MODELS
    >>> [devices_to_hold(MODELS["Llama-2 7B"], 4096, "A100 80GB", recompute) for recompute in ("none", "full")]
    [5, 2]
    """
    if memory_per_device(model, n, 1, accelerator, recompute, fused).fits:
        return 1
    own, shared, gathered = _own_and_shared(model, n, recompute, fused)
    free = _chip(accelerator).memory_bytes - sum(own.values()) - sum(gathered.values())
    if free < len(shared):
        return inf
    fewest = -(-sum(shared.values()) // free)
    while sum(-(-size // fewest) for size in shared.values()) > free:  # rounding up part by part
        fewest += 1
    return fewest


def training_price(days, devices, price):
    """Money: devices · hours · price of one accelerator for an hour, in the currency of the price.

    >>> training_price(7, 8, 2)
    2688
    """
    if isinstance(price, (bool, str)) or not price >= 0:
        raise ValueError(f"price: {price!r} is no price of an accelerator-hour; give a number from 0 on")
    return 24 * _above_zero(days, "days") * check_size(devices, "devices") * price


def _shape(layers, width, block, n):
    head = 64 if width < 1024 else 128
    inner = 4 * width if block == "GPT-3" else -(-8 * width // (3 * 256)) * 256
    return Transformer(layers, width, width // head, inner, max_positions=n if block == "GPT-3" else 0, **BLOCKS[block])


def _crossing(law, flops, inside, limit, step):
    outside = inside * step
    while split_at(law, flops, outside).loss <= limit:
        inside, outside = outside, outside * step
    for _ in range(60):
        middle = exp((log(inside) + log(outside)) / 2)
        inside, outside = (middle, outside) if split_at(law, flops, middle).loss <= limit else (inside, middle)
    return inside


@lru_cache(maxsize=2048)
def _own_and_shared(model, n, recompute, fused):
    """Bytes of a device's own sequence, of the states that all share, and of the layer that it gathers."""
    parts = training_footprint(model, n, recompute=recompute, dropout=not model.gated).parts
    own = {part: size for part, size in parts.items()
           if part in ("activations", "one layer, recomputed", "last norm and logits")}
    if fused:
        core = sum(size for *_, size, has_pairs in activation_tensors(model, n, dropout=not model.gated) if has_pairs)
        part, layers = ("activations", model.n_layers) if recompute == "none" else ("one layer, recomputed", 1)
        own[part] -= layers * core
    two, one = (replace(model, n_layers=layers).parameters() for layers in (2, 1))
    gathered = dict.fromkeys(("weights", "gradients"), 2 * (two - one))
    return own, {part: size for part, size in parts.items() if part not in own}, gathered


def _law(law):
    if hasattr(law, "alpha"):
        return law
    if law not in LAWS:
        raise KeyError(f"no law {law!r}; there are {', '.join(map(repr, LAWS))}, or give a row of E, A, B, alpha, beta")
    return LAWS[law]


def _chip(accelerator):
    return ACCELERATORS[accelerator] if isinstance(accelerator, str) else accelerator


def _rate(accelerator, devices, utilisation):
    if isinstance(utilisation, (bool, str)) or not 0 < utilisation <= 1:
        raise ValueError(f"utilisation: {utilisation!r} is no share of the peak; give a number above 0 and at most 1, "
                         "such as 0.4 for 40 %")
    return _chip(accelerator).flops_per_second * check_size(devices, "devices") * utilisation


def _above_zero(value, name):
    if isinstance(value, (bool, str)) or value is None or not value > 0 or not isfinite(value):
        raise ValueError(f"{name}: {value!r} is not a number above 0; give one")
    return value
