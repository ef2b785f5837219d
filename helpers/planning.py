"""Plans: what a budget of accelerators and days trains, and what serving a model costs. Lesson 14.

A law is a row of chinchilla_laws: a loss E + A/N^alpha + B/D^beta of N parameters and D tokens.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from helpers.memory import (Footprint, accelerator_of, accelerator_pool, activation_parts, checked,
                            fits, kv_cache_bytes, training_state_bytes)
from helpers.published import rows
from helpers.roofline import Work, decode, prefill
from helpers.sizes import check_amount, check_choice, check_size
from helpers.transformer import Transformer

LAWS = {fit.name: fit for fit in rows("chinchilla_laws")}
# What a block has beside layers, width, heads and feed-forward.
BLOCKS = {
    "GPT-3": dict(vocab_size=50257),
    "Llama-2": dict(vocab_size=32000, gated=True, tied=False, attention_bias=False,
                    mlp_bias=False, norm="rms"),
}
ASSUMED_USD_PER_HOUR = 2.5  # of one accelerator: no offer of anybody
ASSUMED_ON = "November 2026"
ASSUMED_SHARE = 0.6  # of both roofs
WIDTHS = *range(64, 1024, 64), *range(1024, 2**18, 128)


class Split(NamedTuple):
    """A budget spent on N parameters and D tokens, and the loss that a law predicts, in nats."""

    parameters: float
    tokens: float
    loss: float


def budget_flops(accelerator, devices, days, utilisation):
    """FLOPs of a budget: devices · 16-bit peak · 86,400 · days · utilisation, a share of it."""
    chips = accelerator_pool(accelerator, devices, utilisation, "utilisation")
    return chips.flops_per_second * 86_400 * check_amount(days, "days")


def days_of(flops, accelerator, devices, utilisation):
    """Days that FLOPs take: `budget_flops` the other way round."""
    return check_amount(flops, "flops") / budget_flops(accelerator, devices, 1, utilisation)


def predicted_loss(law, parameters, tokens):
    """Nats per token. law: a name in `LAWS`, or such a row. Hoffmann et al. 2022, section 3.3."""
    fit = _law(law)
    check_amount(parameters, "parameters"), check_amount(tokens, "tokens")
    return fit.E + fit.A / parameters ** fit.alpha + fit.B / tokens ** fit.beta


def _law(law):
    return law if hasattr(law, "alpha") else LAWS[check_choice(law, "law", LAWS)]


def split_at(law, flops, parameters):
    """The `Split` that spends the FLOPs on a model of this size: D = C / (6N)."""
    tokens = check_amount(flops, "flops") / (6 * check_amount(parameters, "parameters"))
    return Split(parameters, tokens, predicted_loss(law, parameters, tokens))


def optimal_split(law, flops):
    """The `Split` of least loss with 6·N·D = C: N = (αA/(βB))^(1/(α+β)) · (C/6)^(β/(α+β)).

    There dL/dN = 0 along D = C/(6N): α·A/N^α = β·B/D^β. Derived in lesson 14.
    """
    fit = _law(law)
    ratio, both = fit.alpha * fit.A / (fit.beta * fit.B), fit.alpha + fit.beta
    scale = (check_amount(flops, "flops") / 6) ** (fit.beta / both)
    return split_at(fit, flops, ratio ** (1 / both) * scale)


def flat_range(law, flops, nats=0.01):
    """The smallest and the largest N whose predicted loss is within `nats` of the best."""
    fit, best = _law(law), optimal_split(law, flops)
    most = best.loss + check_amount(nats, "nats")

    def end(direction):
        def size(steps):    # of a billionth in ln N
            return best.parameters * exp(direction * 1e-9 * steps)
        return size(bisect_right(range(10**11), most, key=lambda steps: predicted_loss(
            fit, size(steps), flops / 6 / size(steps))))
    return end(-1), end(1)


def bootstrap_optima(flops):
    """The best N by each of the ten bootstraps that Besiroglu et al. 2024 print, rising."""
    return sorted(optimal_split(fit, flops).parameters for fit in rows("chinchilla_refits"))


@lru_cache(maxsize=1024)
def buildable_shape(parameters, block="GPT-3", n=2048):
    """A `Transformer` of about N parameters: whole layers, whole heads, round widths.

    Of the shapes within 2 % of N that whose width per layer is nearest 128 (64 below a billion), as
    published models have it; if there is none, the nearest in size.
    """
    least, _ = _sizes(64, check_choice(block, "block", BLOCKS), check_size(n, "n"))
    if check_amount(parameters, "parameters") < least:
        raise ValueError(f"parameters: {parameters:,.0f} is below {least:,}, one layer of width 64 "
                         "with its vocabulary and positions; give more parameters or a shorter n")
    aspect = 64 if parameters < 1e9 else 128

    def layers(width):
        first, each = _sizes(width, block, n)
        return max(1, round((parameters - first) / each) + 1)

    def rank(width):
        first, each = _sizes(width, block, n)
        error = abs((first + (layers(width) - 1) * each) / parameters - 1)
        return max(error, 0.02), abs(log(width / layers(width) / aspect)), width

    # width / layers rises, so those nearest the aspect are neighbours
    middle = bisect_left(WIDTHS, aspect, key=lambda width: width / layers(width))
    width = min(WIDTHS[max(0, middle - 6):middle + 6], key=rank)
    return _shape(layers(width), width, block, n)


def _shape(layers, width, block, n):
    """d_ff is 4d, or with a gate 8d/3, rounded up to a multiple of 256."""
    inner = 4 * width if block == "GPT-3" else -(-8 * width // (3 * 256)) * 256
    return Transformer(layers, width, width // (64 if width < 1024 else 128), inner,
                       max_positions=n if block == "GPT-3" else 0, **BLOCKS[block])


@lru_cache(maxsize=8192)
def _sizes(width, block, n):
    """Parameters of a shape of one layer, and of each further layer."""
    model = _shape(1, width, block, n)
    return model.parameters(), sum(model.layers[0][1].parameters_by_part().values())


def devices_to_hold(model, n, accelerator, recompute="none", fused=False, batch=1,
                    optimizer="adam", precision="bf16"):
    """The fewest devices that hold a training, a batch of its own on each; math.inf if none do."""
    parts = activation_parts(checked(model), n, batch, recompute, not model.gated, fused)
    chip = accelerator_of(accelerator)
    room = chip.memory_bytes // chip.devices - sum(parts.values())

    def holds(devices):
        states = training_state_bytes(model, optimizer, precision, precision, devices)
        return sum(states.values()) <= room
    if holds(1) or not holds(2**50):    # one device gathers no layer; of very many each has one
        return 1 if holds(1) else inf
    most = 2
    while not holds(most):
        most *= 2
    return bisect_left(range(most), True, most // 2, key=holds)


@dataclass(frozen=True)
class Serving:
    """What `batch` users wait, and what their tokens cost."""

    batch: int
    footprint: Footprint
    largest_batch: int
    reading: Work  # all prompts together
    writing: list  # a `Work` at the first and the last step of the answer, and between
    seconds_per_token: float  # mean over the steps of the answer
    usd_per_second: float  # of all accelerators
    first_token_seconds = property(lambda self: self.reading.seconds)
    tokens_per_second_per_user = property(lambda self: 1 / self.seconds_per_token)
    tokens_per_second = property(lambda self: self.batch / self.seconds_per_token)
    usd_per_million_read = property(
        lambda self: 1e6 * self.usd_per_second / self.reading.tokens_per_second)
    usd_per_million_written = property(
        lambda self: 1e6 * self.usd_per_second / self.tokens_per_second)


def serve(model, accelerator, prompt, written, batch=1, devices=1, precision="bf16",
          cache_precision="bf16", share=ASSUMED_SHARE, usd_per_hour=ASSUMED_USD_PER_HOUR,
          reserve=0):
    """`Serving`: `batch` users give prompts of `prompt` tokens and get answers of `written`.

    Reading is one `roofline.prefill`, which yields the first token of each answer; each other takes
    a `roofline.decode`. Accelerators share weights, cache and work evenly and never wait; what they
    say to one another is ignored. share: of both roofs that is reached, above 0, at most 1.
    usd_per_hour: of one accelerator, from 0. reserve: bytes to be kept free on each.
    """
    chips = accelerator_pool(accelerator, devices, share)
    prompt, written = check_size(prompt, "prompt"), check_size(written, "written", least=2)
    price = 0 if usd_per_hour == 0 else check_amount(usd_per_hour, "usd_per_hour", "USD")
    kept = dict(precision=precision, cache_precision=cache_precision)
    free = check_size(reserve, "reserve", least=0) * devices
    held = fits(model, chips, prompt + written, batch, reserve=free, devices=devices, **kept)
    one = kv_cache_bytes(model, prompt + written, 1, cache_precision, devices)
    room = chips.memory_bytes - held.parts["weights"] - free
    return Serving(batch, held, max(0, room // one) if one else inf,
                   prefill(model, chips, prompt, batch, **kept),
                   *decode_steps(model, chips, prompt, written, batch, **kept),
                   price * devices / 3600)


def decode_steps(model, accelerator, prompt, written, batch=1, precision="bf16",
                 cache_precision="bf16"):
    """`roofline.decode` of prompt + 1 … prompt + written − 1 tokens: a list of some, mean seconds.

    In the list are the first step, the last, and those where a layer's window fills: between, FLOPs
    and bytes are linear in n.
    """
    first, last = prompt + 1, prompt + written - 1
    full = {layer.keys(last) for _, layer in model.layers}
    places = sorted({first, last} | {keys for keys in full if first < keys})
    works = [decode(model, accelerator, n, batch, precision, cache_precision) for n in places]
    if len(works) < 3 and works[0].limit == works[-1].limit:
        return works, (works[0].seconds + works[-1].seconds) / 2
    steps = np.arange(first, last + 1)
    clocks = zip(*[(work.arithmetic_seconds, work.memory_seconds) for work in works])
    return works, float(np.maximum(*[np.interp(steps, places, clock) for clock in clocks]).mean())
