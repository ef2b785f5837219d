"""Plans: what a budget of accelerators and days trains, and what serving a model costs. Lesson 14.

A law is a row of chinchilla_laws: a loss E + A/N^alpha + B/D^beta of N parameters and D tokens.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, log

import numpy as np

from helpers.memory import (Footprint, accelerator_of, activation_parts, inference_footprint,
                            training_state_bytes)
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


@dataclass(frozen=True)
class Split:
    """A budget spent on N parameters and D tokens, and the loss that a law predicts, in nats."""

    parameters: float
    tokens: float
    loss: float
    tokens_per_parameter = property(lambda self: self.tokens / self.parameters)


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
    return (fit.E + fit.A / check_amount(parameters, "parameters") ** fit.alpha
            + fit.B / check_amount(tokens, "tokens") ** fit.beta)


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
    best, ends = optimal_split(law, flops), []
    most = best.loss + check_amount(nats, "nats")
    for step in (0.5, 2):
        inside, outside = log(best.parameters), log(best.parameters * step)
        while split_at(law, flops, exp(outside)).loss <= most:
            inside, outside = outside, outside + log(step)
        for _ in range(44):
            middle = (inside + outside) / 2
            within = split_at(law, flops, exp(middle)).loss <= most
            inside, outside = (middle, outside) if within else (inside, middle)
        ends.append(exp(inside))
    return tuple(ends)


def bootstrap_optima(flops):
    """The best N by each of the ten bootstraps that Besiroglu et al. 2024 print, rising."""
    return sorted(optimal_split(fit, flops).parameters for fit in rows("chinchilla_refits"))


@lru_cache(maxsize=1024)
def buildable_shape(parameters, block="GPT-3", n=2048):
    """A `Transformer` of about N parameters: whole layers, whole heads, round widths.

    Of the shapes within 2 % of N that whose width per layer is nearest 128 (64 below a billion), as
    published models have it; if there is none, the nearest in size.
    """
    least = smallest_shape(block, n)
    if check_amount(parameters, "parameters") < least.parameters():
        why = f"a vocabulary of {least.vocab_size:,}"
        why += f" and {n:,} learned positions; take a shorter n or" if least.max_positions else ";"
        raise ValueError(f"parameters: {parameters:,.0f} is below {least.parameters():,}, a layer "
                         f"of width 64 with {why} give more parameters")
    aspect = 64 if parameters < 1e9 else 128
    widest = (aspect * parameters / 10) ** (1 / 3)      # a layer has some 12·d² parameters
    least, most = 0 if parameters < 1e9 else 0.7 * widest, min(max(64, 1.4 * widest), 2**18 - 1)
    widths = [width for width in (*range(64, 1024, 64), *range(1024, int(most) + 1, 128))
              if least <= width <= most]

    def layers(width):
        first, each = _sizes(width, block, n)
        return max(1, round((parameters - first) / each) + 1)

    def rank(width):
        first, each = _sizes(width, block, n)
        error = abs((first + (layers(width) - 1) * each) / parameters - 1)
        off = error if error > 0.02 else abs(log(width / layers(width) / aspect))
        return error > 0.02, off, width

    # width / layers rises, so those nearest the aspect are neighbours
    middle = bisect_left(widths, aspect, key=lambda width: width / layers(width))
    width = min(widths[max(0, middle - 6):middle + 6], key=rank)
    return _shape(layers(width), width, block, n)


def smallest_shape(block="GPT-3", n=2048):
    """The smallest `Transformer` that `buildable_shape` gives: one layer of width 64."""
    return _shape(1, 64, check_choice(block, "block", BLOCKS), check_size(n, "n"))


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
    parts = activation_parts(model, n, batch, recompute, not model.gated, fused)
    room = accelerator_of(accelerator).memory_bytes - sum(parts.values())

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
class DecodeSteps:
    """The decode steps of an answer, in how many memory is the limit, and what is in most."""

    seconds: float
    steps: int
    memory_steps: int
    limit = property(lambda self: "memory" if 2 * self.memory_steps >= self.steps else "arithmetic")


@dataclass(frozen=True)
class Serving:
    """What `batch` users wait, and what their tokens cost."""

    batch: int
    footprint: Footprint
    fits: bool
    largest_batch: int
    reading: Work  # all prompts together
    writing: DecodeSteps
    first_token_seconds: float
    seconds_per_token: float  # mean over the steps of the answer
    seconds: float  # from the prompts to the last token
    tokens_per_second_per_user: float  # once the answer runs
    tokens_per_second: float  # of all users
    usd_per_million_read: float
    usd_per_million_written: float


def serve(model, accelerator, prompt, written, batch=1, devices=1, precision="bf16",
          cache_precision="bf16", share=ASSUMED_SHARE, usd_per_hour=ASSUMED_USD_PER_HOUR):
    """`Serving`: `batch` users give prompts of `prompt` tokens and get answers of `written`.

    Reading is one `roofline.prefill`, which yields the first token of each answer; each other takes
    a `roofline.decode`. Accelerators share weights, cache and work evenly and never wait; what they
    say to one another is ignored. share: of both roofs that is reached, above 0, at most 1.
    usd_per_hour: of one accelerator, from 0.
    """
    chips = accelerator_pool(accelerator, devices, share)
    prompt, written = check_size(prompt, "prompt"), check_size(written, "written", least=2)
    price = 0 if usd_per_hour == 0 else check_amount(usd_per_hour, "usd_per_hour", "USD")
    kept = precision, cache_precision
    held = Footprint(inference_footprint(model, prompt + written, batch, *kept).parts,
                     chips.memory_bytes, chips.name)
    most = largest_batch(model, accelerator, prompt + written, devices, *kept)
    reading = prefill(model, chips, prompt, batch, *kept)
    writing = decode_steps(model, chips, prompt, written, batch, *kept)
    first, each = reading.seconds, writing.seconds / writing.steps
    usd = 1e6 * price * devices / 3600      # a second of all accelerators, for a million tokens
    return Serving(batch, held, held.fits, most, reading, writing, first, each,
                   first + writing.seconds, 1 / each, batch / each,
                   usd * first / (batch * prompt), usd * each / batch)


def decode_steps(model, accelerator, prompt, written, batch=1, precision="bf16",
                 cache_precision="bf16"):
    """`DecodeSteps`: the sum of `roofline.decode` over prompt + 1 … prompt + written − 1 tokens.

    FLOPs and bytes of a step are linear in n between the places where a layer's window fills.
    """
    first, last = prompt + 1, prompt + written - 1
    full = {layer.keys(last) for _, layer in model.layers}
    places = sorted({first, last} | {keys for keys in full if first < keys})
    works = [decode(model, accelerator, n, batch, precision, cache_precision) for n in places]
    clocks = [(work.arithmetic_seconds, work.memory_seconds) for work in works]
    steps = range(first, last + 1)
    arithmetic, memory = (np.interp(steps, places, clock) for clock in zip(*clocks))
    return DecodeSteps(float(np.maximum(arithmetic, memory).sum()), written - 1,
                       int((memory > arithmetic).sum()))


def largest_batch(model, accelerator, tokens, devices=1, precision="bf16", cache_precision="bf16"):
    """Sequences of `tokens` tokens that have room beside the weights; 0 where not even one has."""
    one = inference_footprint(model, tokens, 1, precision, cache_precision).parts
    room = accelerator_pool(accelerator, devices).memory_bytes - one["weights"]
    return max(0, room // one["KV cache"])


def accelerator_pool(accelerator, devices=1, share=1, name="share"):
    """`devices` accelerators as one, with the share of their FLOP/s and bytes/s that is reached."""
    if check_amount(share, name, "and at most 1, such as 0.4 for 40 %") > 1:
        raise ValueError(f"{name}: {share} is above 1; give a share, such as 0.4 for 40 %")
    chip, devices = accelerator_of(accelerator), check_size(devices, "devices")
    return replace(chip, name=f"{devices:,} × {chip.name}",
                   memory_bytes=chip.memory_bytes * devices,
                   flops_per_second=chip.flops_per_second * devices * share,
                   bytes_per_second=chip.bytes_per_second * devices * share)
