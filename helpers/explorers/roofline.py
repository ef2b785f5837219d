"""RooflineExplorer: where prefill and decode stand on an accelerator's roofline. Lesson 08.

FLOPs and bytes are those of `helpers.roofline`; the peak is the dense 16-bit one; times are lower
bounds for one chip, also for a model that is too large for it.
"""

from bisect import bisect_left

from helpers import roofline
from helpers.explorers.explorer import View
from helpers.explorers.scene import BLUE, FAINT, INK, ORANGE, PALE, Axes, Page
from helpers.memory import KEPT_IN, kv_cache_bytes, weight_bytes
from helpers.published import ACCELERATORS, MODELS
from helpers.words import bytes_text, duration, number, percent, plural, times

X, Y = (0.4, 1e5, "log"), (3e11, 6e15, "log")


def view(s, before):
    """The roofline with the work on it, its two clocks, and whether the model fits on one chip."""
    chip, model, work = ACCELERATORS[s.accelerator], MODELS[s.model], phase_work(s)
    memory, ridge = work.limit == "memory", f"{roofline.ridge_point(chip):,.0f}"
    weights, cache = KEPT_IN[s.precision]
    weighed, one = weight_bytes(model, weights), kv_cache_bytes(model, s.n, 1, cache)
    held, busy = weighed + s.batch * one, percent(work.arithmetic_seconds / work.seconds)
    chips, intensity = -(-held // chip.memory_bytes), number(work.intensity)

    page, reached = Page(), work.flops / work.seconds
    axes = Axes(page, 74, 46, 350, 298, X, Y, "arithmetic intensity (FLOPs per byte)",
                "arithmetic reached (FLOP/s)")
    for other in ACCELERATORS.values():
        axes.curve(*roof(other), PALE, width=1)
    place = min(work.intensity, X[1])  # a long prompt's lies beyond the edge: an arrow says so
    axes.curve([place] * 2, [Y[0], reached], FAINT, (3, 2), width=1)
    axes.curve(*roof(chip), INK, says=f"{s.accelerator}: ridge at {ridge} FLOPs per byte")
    axes.point(place, reached, "o" if place == work.intensity else ">", ORANGE if memory else BLUE,
               7, says=f"{intensity} FLOPs per byte")
    page.words(80, axes.down(chip.flops_per_second * 1.9), f"{s.accelerator}: ridge at {ridge}", 12,
               halo=True)
    was = phase_work(before) if before else work
    pixels = 240 / max(work.seconds, was.seconds)
    for y, name, colour in ((62, "arithmetic", BLUE), (122, "memory", ORANGE)):
        now, then = (getattr(one, f"{name}_seconds") for one in (work, was))
        page.words(448, y, f"{name}: {duration(now)}", colour=colour, bold=True)
        page.box(448, y + 11, pixels * then, 19, colour, fade=0.3)
        page.box(448, y + 11, pixels * now, 19, colour, says=duration(now))
    page.words(448, 168, f"the longer bar is the time: × {times(work.seconds / was.seconds)}"
               if before else "the longer bar is the time", 12, FAINT)
    page.lines(448, 206, 28, f"{intensity} FLOPs per byte", f"limit: {work.limit}",
               f"at most {number(work.tokens_per_second)} tokens/s", f"arithmetic in use: {busy}",
               f"{bytes_text(held)} of {chip.memory_bytes / 1e9:,.0f} GB"
               + ": too much" * (chips > 1))

    verb, noun = ("prefills", "prompt") if s.phase == "prefill" else ("decodes", "token")
    said = (f"{s.model} {verb} {plural(s.batch, noun)} on one {s.accelerator} in at least "
            f"{duration(work.seconds)}: {work.limit} is the limit")
    most = model.max_positions
    said += (f", beyond its {most:,} positions." if most and s.n > most else
             f", but it needs {chips:,} of them." if chips > 1 else ".")
    title = ("Memory is the limit, and the arithmetic waits" if memory else
             "Arithmetic is the limit: the flat roof is reached")
    numbers = {
        "FLOPs": work.flops, "bytes": work.bytes_moved, "FLOPs per byte": intensity,
        "ridge point (FLOPs per byte)": ridge,
        "arithmetic, at least": duration(work.arithmetic_seconds),
        "memory, at least": duration(work.memory_seconds),
        "tokens per second, at most": number(work.tokens_per_second), "arithmetic in use": busy,
        "weights and cache (GB)": f"{number(held / 1e9)} of {chip.memory_bytes / 1e9:,.0f}"}
    if s.phase == "decode":
        least = fewest_sequences(s.model, s.accelerator, s.n, s.precision)
        numbers["arithmetic is the limit from (sequences)"] = (
            "never: each brings its cache" if least is None else least)
        numbers["sequences that fit beside the weights"] = max(
            0, (chip.memory_bytes - weighed) // one)
    return View(page, title, said, numbers)


def phase_work(s):
    """The `helpers.roofline.Work` of a state."""
    run = roofline.prefill if s.phase == "prefill" else roofline.decode
    return run(MODELS[s.model], s.accelerator, s.n, s.batch, *KEPT_IN[s.precision])


def roof(chip):
    """The two lines of an accelerator's roof, from one edge of the picture to the other."""
    peak, slope = chip.flops_per_second, chip.bytes_per_second
    return [X[0], peak / slope, X[1]], [X[0] * slope, peak, peak]


def fewest_sequences(name, accelerator, n, precision):
    """The fewest sequences for which arithmetic limits decoding; None if 10⁹ are not enough."""
    fewer = bisect_left(range(1, 10**9 + 1), True, key=lambda batch: roofline.decode(
        MODELS[name], accelerator, n, batch, *KEPT_IN[precision]).limit == "arithmetic")
    return fewer + 1 if fewer < 10**9 else None
