"""MemoryExplorer: what fills an accelerator, to train or to serve, and does it fit? Lesson 07.

Bytes are exact; 1 GB is 10⁹ bytes. The precision is that of weights and, serving, of the cache;
activations are counted in 16 bits. Gated models train without dropout. Training, several
accelerators divide what belongs to the weights; each gathers one layer and has a batch of its own.
Serving is counted on one.
"""

from bisect import bisect_right
from functools import lru_cache, partial
from math import inf

from helpers import memory
from helpers.explorers.explorer import View
from helpers.explorers.scene import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, Axes, Page
from helpers.planning import devices_to_hold
from helpers.published import MODELS
from helpers.words import bytes_text, times

LOOKS = {  # colour, hatched
    "weights": (BLUE, False), "gradients": ("#7fb3d8", True), "optimizer state": (GREEN, False),
    "activations and logits": (ORANGE, True), "KV cache": (PURPLE, False)}
VARYING = {"KV cache": "KV cache", **dict.fromkeys(  # with n and batch
    ("activations", "one layer, recomputed", "last norm and logits"), "activations and logits")}
LONGEST, MOST = 2**20, 1_024  # tokens, sequences


def view(s, before):
    """A bar of what fills each accelerator, and a map: all lengths and batches that just fit."""
    found, page, held = footprint(s), Page(), dict.fromkeys(LOOKS, 0)
    total, limit = found.total_bytes, found.memory_bytes
    for part, size in found.parts.items():
        held[part if part in LOOKS else VARYING.get(part, "optimizer state")] += size
    scale, left, y = 672 / max(1.15 * limit, total), 14, 135
    for kind, size in ((kind, size) for kind, size in held.items() if size):
        colour, hatched = LOOKS[kind]
        page.box(left, 58, scale * size, 34, colour, says=bytes_text(size), hatched=hatched)
        page.box(446, y - 7, 14, 14, colour, hatched=hatched)
        page.words(466, y, kind)
        page.words(686, y, bytes_text(size), anchor="end")
        left, y = left + scale * size, y + 22
    page.line([(14 + scale * limit, 50), (14 + scale * limit, 104)], INK, 2, (5, 3))
    page.words(min(max(14 + scale * limit, 80), 600), 39, f"{s.accelerator}: {limit / 1e9:,.0f} GB",
               anchor="middle")
    page.words(466, 257, "all of it", bold=True)
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
        space, each = room(state) if state else (0, None)
        if space > 0:
            lengths = sorted({4**k for k in range(11)} | {
                layer.window or 1 for _, layer in MODELS[state.model].layers})
            axes.curve(lengths, [space / each(n) for n in lengths], INK, fade=fade,
                       says="what just fits")
            axes.point(state.n, state.batch, "o", FAINT, 6, fade)
    for n, b, side, said in ((1.3, 1.4, "start", "it fits"), (9e5, 720, "end", "too much")):
        if (space > b * each(round(n))) == (said == "it fits"):
            page.words(*axes.at(n, b), said, 13, FAINT, side, halo=True)
    axes.point(s.n, s.batch, "o", BLUE if found.fits else ORANGE, 7, says=bytes_text(total))

    longest = bisect_right(range(1, LONGEST + 1), space // s.batch, key=each)
    needed = (next((k for k in range(-(-total // limit), total // limit + 66) if k * limit >= held[
        "weights"] + memory.kv_cache_bytes(MODELS[s.model], s.n, s.batch, s.precision, k)), inf)
        if s.task == "serve" else devices_to_hold(
        MODELS[s.model], s.n, s.accelerator, batch=s.batch, optimizer=s.optimizer,
        precision=precision(s), **memory.TRAINED[s.recompute]))
    shown = {f"{part} (bytes)": size for part, size in (found.parts | {"all": total}).items()}
    shown[f"{'free' if found.fits else 'missing'} (GB)"] = f"{abs(found.free_bytes) / 1e9:,.2f}"
    shown |= {f"largest {what} that fits ({unit})": "none: it does not fit" if most < 1 else
              most if most < end else f"{end:,} or more" for what, unit, most, end in (
                  ("n", "tokens", longest, LONGEST),
                  ("batch", "sequences", space // each(s.n), MOST))}
    shown["accelerators needed" + ", each with this batch" * (
        s.task == "train")] = "no number" if needed == inf else needed
    if precision(s) != s.precision:
        shown["nobody trains in so few bits; taken is"] = precision(s)
    alone = s.devices == 1 or s.task == "serve"
    one, most = f"{'one' if alone else 'each'} {s.accelerator}", max(held, key=held.get)
    title = f"{'It fits' if found.fits else 'Too much for'} {one}; the largest part is {most}"
    said = (f"To {'train on' if s.task == 'train' else 'serve'} {s.batch:,} × {s.n:,} tokens, "
            f"{s.model} needs {bytes_text(total)} of {one}'s {limit / 1e9:,.0f} GB: "
            f"{'it fits' if found.fits else 'too much'}; ")
    said += (f"beyond its {positions:,} positions." if positions and s.n > positions else
             f"{most}: {bytes_text(held[most])}.")
    return View(page, title, said, shown)


def precision(s):
    """That of the state; training, at least 16 bits."""
    return "bf16" if s.task == "train" and memory.BITS[s.precision] < 16 else s.precision


@lru_cache(maxsize=1024)
def footprint(s):
    """The `Footprint` of one accelerator; training, all divide what belongs to the weights."""
    model, width = MODELS[s.model], precision(s)
    choices = (dict(cache_precision=width) if s.task == "serve" else dict(
        training=True, optimizer=s.optimizer, dropout=not model.gated, devices=s.devices,
        **memory.TRAINED[s.recompute]))
    return memory.fits(model, s.accelerator, s.n, s.batch, precision=width, **choices)


def room(s):
    """Bytes beside what belongs to the weights, below 0 if that is too much; `sequence` of n."""
    found = footprint(s)
    varying = sum(found.parts.get(part, 0) for part in VARYING)
    return found.free_bytes + varying, partial(sequence, s.model, s.task, s.recompute, precision(s))


@lru_cache(maxsize=65_536)
def sequence(name, task, recompute, width, n):
    """Bytes that one sequence of n tokens takes."""
    model = MODELS[name]
    if task == "serve":
        return memory.kv_cache_bytes(model, n, 1, width)
    return sum(memory.activation_parts(model, n, dropout=not model.gated,
                                       **memory.TRAINED[recompute]).values())
