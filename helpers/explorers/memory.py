"""MemoryExplorer: what fills an accelerator, to learn or to serve, and does it fit? Lesson 07."""

from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from math import inf

from helpers import memory, planning
from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, Number, powers_of_two, slider
from helpers.explorers.scene import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, Axes, Page
from helpers.published import ACCELERATORS, MODELS
from helpers.transformer import RECOMPUTE
from helpers.words import bytes_text, times

NAMES = ("GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B",
         "Llama-3 405B", "Mistral 7B", "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V3")
LOOKS = {"weights": (BLUE, False), "gradients": ("#7fb3d8", True), "optimizer": (GREEN, False),
         "activations and logits": (ORANGE, True), "KV cache": (PURPLE, False)}  # colour, hatched
VARYING = {"KV cache": "KV cache", **dict.fromkeys(  # with n and batch
    ("activations", "one layer, recomputed", "last norm and logits"), "activations and logits")}
WIDTHS = ("fp32", "bf16", "fp8", "int4")
LONGEST, MOST = 10**7, 5_000  # tokens, sequences
START = dict(model="GPT-2 XL", task="learn", n=1_024, batch=8, precision="bf16", recompute="none",
             accelerator="H100 SXM", devices=1, optimizer="adam")


def view(s, before):
    """A bar of what fills each accelerator, and a map: all lengths and batches that just fit."""
    found, counted, page = footprint(s), is_counted(s), Page()
    total, limit, held = found.total_bytes, found.memory_bytes, dict.fromkeys(LOOKS, 0)
    for part, size in found.parts.items():
        held[part if part in LOOKS else VARYING.get(part, "optimizer")] += size
    scale, left, y = 672 / max(1.15 * limit, total), 14, 135
    for kind, size in ((kind, size) for kind, size in held.items() if size):
        colour, hatched = LOOKS[kind]
        page.box(left, 58, scale * size, 34, colour, says=bytes_text(size), hatched=hatched)
        page.box(452, y - 7, 14, 14, colour, hatched=hatched)
        page.words(472, y, kind)
        page.words(686, y, bytes_text(size), anchor="end")
        left, y = left + scale * size, y + 22
    page.line([(14 + scale * limit, 50), (14 + scale * limit, 104)], INK, 2, (5, 3))
    page.words(min(max(14 + scale * limit, 80), 600), 39, f"{s.accelerator}: {limit / 1e9:,.0f} GB",
               anchor="middle")
    page.words(472, 257, "all of it" if counted else "without activations", bold=True)
    page.words(686, 257, bytes_text(total), anchor="end", bold=True)
    page.words(686, 279, f"× {times(total / limit)} of the memory", anchor="end")
    if before:
        ratio = times(total / footprint(before).total_bytes)
        page.words(686, 301, f"× {ratio} since the last move", 13, FAINT, "end")

    axes = Axes(page, 74, 128, 350, 216, (1, LONGEST, "log"), (1, MOST, "log"),
                "sequence length n (tokens)", "batch b (sequences)")
    if positions := MODELS[s.model].max_positions:
        axes.upright(positions, f"its {positions:,} positions", 2, (3, 3))
    for state, fade in ((before, 0.35), (s, 1)):
        if state and is_counted(state) and room(state) > 0:
            windows = {layer.window for _, layer in MODELS[state.model].layers} - {None}
            lengths = sorted({round(10 ** (k / 2)) for k in range(15)} | windows)
            batches = [room(state) / each(state, n) for n in lengths]
            axes.curve(lengths, batches, INK, fade=fade, says="what just fits")
            axes.point(state.n, state.batch, "o", FAINT, 6, fade)
    for n, b, side, said in ((1.3, 1.6, "start", "it fits"), (8e6, 3_000, "end", "too much")):
        if counted and (room(s) > b * each(s, round(n))) == (said == "it fits"):
            page.words(*axes.at(n, b), said, 13, FAINT, side, halo=True)
    if not counted:
        page.words(249, 236, "activations are not counted", anchor="middle", halo=True)
    axes.point(s.n, s.batch, "o", ORANGE if not found.fits else BLUE if counted else FAINT, 7,
               says=bytes_text(total))

    one, most = f"{'one' if s.devices == 1 else 'each'} {s.accelerator}", max(held, key=held.get)
    title = f"{'It fits' if found.fits else 'Too much for'} {one}, " + (
        f"and most of it is {most}" if counted else "even without activations")
    if found.fits and not counted:
        title = "Not known: its activations are not counted"
    said = (f"To {'learn from' if s.task == 'learn' else 'serve'} {s.batch:,} × {s.n:,} tokens, "
            f"{s.model} needs {'' if counted else 'over '}{bytes_text(total)} of {one}'s "
            f"{limit / 1e9:,.0f} GB: ")
    said += (f"{'it fits' if found.fits else 'too much'}; {most}: {bytes_text(held[most])}."
             if counted else "its activations are not counted.")
    return View(page, title, said, numbers(s, found))


def numbers(s, found):
    """Bytes of each part, and the largest sizes that fit; what is not counted says so."""
    counted, free, more = is_counted(s), found.free_bytes, "" if is_counted(s) else " and more"
    shown = {f"{part} (bytes)": f"{size:,}" for part, size in found.parts.items()}
    shown |= {} if counted else {"activations (bytes)": "not counted"}
    alone = -(-footprint(replace(s, devices=1)).total_bytes // found.memory_bytes)
    shown |= {"all (bytes)": f"{found.total_bytes:,}{more}",
              f"{'free' if free >= 0 else 'missing'} (GB)": f"{abs(free) / 1e9:,.2f}",
              "accelerators, if all were divided evenly": f"{alone:,}{more}"}
    longest = bisect_right(range(1, LONGEST + 1), room(s) // s.batch, key=lambda n: each(s, n))
    for label, most, end in (("n that fits (tokens)", longest, LONGEST),
                             ("batch that fits (sequences)", room(s) // each(s, s.n), MOST)):
        shown[f"largest {label}"] = ("none: it does not fit" if most < 1 else "not counted" if more
                                     else f"{most:,}" if most < end else f"{end:,} or more")
    if s.task == "learn" and counted:
        least = planning.devices_to_hold(MODELS[s.model], s.n, s.accelerator, s.recompute, False,
                                         s.batch, s.optimizer, precision(s))
        shown["accelerators that it needs to fit"] = "no number" if least == inf else f"{least:,}"
    if precision(s) != s.precision:
        shown["nobody learns in so few bits; taken is"] = precision(s)
    return shown


def is_counted(s):
    """False where `helpers.memory` refuses: activations of mixtures and of latent attention."""
    return s.task == "serve" or not (MODELS[s.model].is_mixture or MODELS[s.model].is_latent)


def precision(s):
    """That of the state; learning, at least 16 bits."""
    return "bf16" if s.task == "learn" and memory.BITS[s.precision] < 16 else s.precision


@lru_cache(maxsize=1024)
def footprint(s):
    """The `Footprint` of one accelerator; learning, all divide what belongs to the weights."""
    model, chip, width = MODELS[s.model], ACCELERATORS[s.accelerator], precision(s)
    if s.task == "serve":
        parts = memory.inference_footprint(model, s.n, s.batch, width, width).parts
    elif is_counted(s):
        parts = memory.training_footprint(model, s.n, s.batch, width, s.optimizer, s.recompute,
                                          dropout=not model.gated, devices=s.devices).parts
    else:
        parts = {part: -(-size // s.devices) for part, size in memory.training_state_bytes(
            model, s.optimizer, width, width).items()}
    return memory.Footprint(parts, chip.memory_bytes, s.accelerator)


def room(s):
    """Bytes of the memory beside what belongs to the weights; below 0 if these are too much."""
    return footprint(s).free_bytes + sum(footprint(s).parts.get(part, 0) for part in VARYING)


def each(s, n):
    """Bytes that one sequence of n tokens takes; 1 where they are not counted."""
    return _each(s.model, s.task, s.recompute, precision(s), n) if is_counted(s) else 1


@lru_cache(maxsize=65_536)
def _each(model, task, recompute, width, n):
    parts = footprint(MemoryExplorer.State(model, task, n, 1, width, recompute)).parts
    return sum(parts.get(part, 0) for part in VARYING)


class MemoryExplorer(Explorer):
    """Does it fit? Weights, gradients, optimizer, activations and KV cache beside the memory.

    Bytes are exact, as in lesson 07; 1 GB is 10⁹ bytes. The precision is that of weights and,
    serving, of the cache; activations are counted in 16 bits. Gated models learn without dropout.
    Learning, several accelerators divide what belongs to the weights; each gathers one layer and
    has a batch of its own. Serving is counted on one.

    >>> MemoryExplorer(recompute="selective").numbers()["largest batch that fits (sequences)"]
    '18'
    """

    view = staticmethod(view)
    controls = (
        Choice("model", "model", dict(zip(NAMES, NAMES)), START["model"]),
        Choice("task", "it is to", {"learn": "learn (training)", "serve": "serve (inference)"},
               START["task"]),
        Number("n", "sequence length n", "tokens", 1, LONGEST, START["n"], True,
               tuple(powers_of_two(16, LONGEST))),
        Number("batch", "batch b", "sequences", 1, MOST, START["batch"], True,
               tuple(powers_of_two(1, MOST))),
        Choice("precision", "precision", dict(zip(WIDTHS, WIDTHS)), START["precision"]),
        Choice("recompute", "recomputed", dict(zip(RECOMPUTE, RECOMPUTE)), START["recompute"]),
        Choice("accelerator", "accelerator", dict(zip(ACCELERATORS, ACCELERATORS)), "H100 SXM"),
        slider("devices", "how many (learning)", "chips", powers_of_two(1, 65_536), 1),
        Choice("optimizer", "optimizer", dict(zip(memory.OPTIMIZERS, memory.OPTIMIZERS)), "adam"),
    )
    presets = {"the lesson's start": START} | {name: START | given for name, given in {
        "Llama-3 8B learns": dict(model="Llama-3 8B", n=8_192, batch=1, accelerator="MI300X"),
        "Llama-2 7B serves 16 users": dict(model="Llama-2 7B", task="serve", n=4_096, batch=16),
        "Llama-3 70B, one long text": dict(model="Llama-3 70B", task="serve", n=131_072, batch=1,
                                           accelerator="H200"),
        "Mistral 7B at home": dict(model="Mistral 7B", task="serve", n=32_768, batch=1,
                                   accelerator="RTX 4090"),
    }.items()}
