"""ServingExplorer: what it costs to serve a model, and how long each user waits. Lesson 14."""

from dataclasses import replace
from functools import lru_cache
from math import ceil, floor, log10

from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, Number, powers_of_two, slider
from helpers.explorers.scene import BLUE, FAINT, GREY, INK, ORANGE, PALE, Axes, Page
from helpers.memory import KEPT_IN
from helpers.planning import ASSUMED_SHARE, ASSUMED_USD_PER_HOUR, serve
from helpers.published import ACCELERATORS, MODELS
from helpers.words import bytes_text, duration, money, number, plural, times

NAMES = ("GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B", "Llama-3 405B",
         "Mistral 7B", "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V3")
BATCHES = powers_of_two(1, 4_096)
LIMITS = {"memory": (ORANGE, ()), "arithmetic": (BLUE, (9, 4)), "no room": (GREY, (3, 4))}


def view(s, before):
    """Price against speed over batch sizes; beside it the memory and the waits."""
    found, curve = served(s), over_batches(replace(s, batch=1))
    most = found.largest_batch
    alone, full = curve[0][1], next((one for _, one in reversed(curve) if one.fits), curve[0][1])
    held, memory = found.footprint.total_bytes, found.footprint.memory_bytes

    page = Page()
    places = [place_of(one) for _, one in curve]
    speeds, prices = zip(*places)
    axes = Axes(page, 74, 62, 330, 282, decades(speeds), decades(prices),
                "speed for each user (tokens per second)", "USD per million tokens written")
    for place, (name, (colour, dash)) in enumerate(LIMITS.items()):
        at = (60, 190, 330)[place]
        page.line([(at, 44), (at + 26, 44)], colour, 3, dash)
        page.words(at + 31, 44, name if name == "no room" else f"{name} limits", 12)
    kinds = [one.writing.limit if one.fits else "no room" for _, one in curve]
    for here, kind in enumerate(kinds[1:], 1):
        colour, dash = LIMITS[kind]
        axes.curve(speeds[here - 1:here + 1], prices[here - 1:here + 1], colour, dash, 3)
    for batch, one in curve:
        if batch in (1, most):
            axes.point(*place_of(one), "o" if batch == 1 else "D", INK, hollow=True,
                       says=f"{plural(batch, 'user')}: {money(place_of(one)[1])} USD")
    (speed, price), was = place_of(found), place_of(served(before)) if before else None
    if was:
        axes.point(*was, "s", INK, 7, fade=0.4)
    axes.point(speed, price, "s", INK if found.fits else GREY, 7,
               says=f"{plural(s.batch, 'user')}: {money(price)} USD per million tokens")

    page.words(440, 66, f"{s.devices:,} × {s.accelerator}: {bytes_text(memory)}", 13, bold=True)
    pixels, left = 246 / max(held, memory), 440
    page.box(440, 80, pixels * memory, 22, PALE, INK)
    for (part, size), colour in zip(found.footprint.parts.items(), (BLUE, ORANGE)):
        page.box(left, 80, pixels * size, 22, colour, says=f"{part}: {size:,} bytes",
                 hatched=colour == ORANGE)
        left += pixels * size
    page.line([(440 + pixels * memory, 76), (440 + pixels * memory, 106)], INK, 2)
    parts = [bytes_text(size) for size in found.footprint.parts.values()]
    first, read = duration(found.first_token_seconds), money(found.usd_per_million_read)
    page.lines(440, 122, 24, f"weights {parts[0]}, cache {parts[1]}",
               f"memory is full at {plural(most, 'user')}", "", f"first token after {first}",
               f"each user: {number(speed)} tokens/s",
               f"all users: {number(found.tokens_per_second)} tokens/s", "",
               f"a million written: {money(price)} USD", f"a million read: {read} USD")
    if was:
        page.words(440, 342, f"× {times(price / was[1])} the price, "
                   f"× {times(speed / was[0])} the speed", 12, FAINT)

    numbers = {
        **{f"{part} (bytes)": f"{size:,}" for part, size in found.footprint.parts.items()},
        "memory (GB)": f"{number(held / 1e9)} of {memory / 1e9:,.0f}",
        "it fits": "yes" if found.fits else "no", "largest batch that fits (users)": f"{most:,}",
        "to the first token": first, "each further token": duration(found.seconds_per_token),
        "the whole answer": duration(found.seconds),
        "tokens per second for each user": number(speed),
        "tokens per second in all": number(found.tokens_per_second),
        "a million tokens written (USD)": money(price), "a million tokens read (USD)": read,
        "limit of reading": found.reading.limit, "limit of writing": writing_limit(found.writing)}
    whose = "your price" if s.price != ASSUMED_USD_PER_HOUR else "our assumption"
    said = (f"{plural(s.batch, 'user')}: {number(speed)} tokens/s each, and {money(price)} USD "
            f"per million written at {s.price:,g} USD an hour, {whose}")
    said += ("." if found.fits else f"; but only {most:,} fit{'s' * (most == 1)}." if most
             else "; but not even one fits.")
    return View(page, heading(s.batch, found, alone, full), said, numbers)


def heading(batch, found, alone, full):
    """The finding: what sharing does to the price and to the speed."""
    if not found.largest_batch:
        return "No room: the weights and one user's cache are too large"
    if not found.fits:
        return f"No room for {batch:,} users: memory is full at {found.largest_batch:,}"
    if batch == 1:
        most = min(found.largest_batch, BATCHES[-1])
        if most == 1:
            return "There is room for one user alone, who pays for all of it"
        less = times(place_of(found)[1] / place_of(full)[1])
        return f"One user alone: {most:,} would pay {less} times less each"
    slower, cheaper = (times(one / here) for one, here in zip(place_of(alone), place_of(found)))
    return f"{batch:,} users: tokens {cheaper} times cheaper, each user {slower} times slower"


def place_of(found):
    """Where a service stands: tokens per second for each user, USD per million tokens written."""
    return found.tokens_per_second_per_user, found.usd_per_million_written


@lru_cache(maxsize=8192)
def served(s):
    """The `helpers.planning.Serving` of a state."""
    weights, cache = KEPT_IN[s.precision]
    return serve(MODELS[s.model], s.accelerator, s.prompt, s.written, s.batch, s.devices, weights,
                 cache, s.share / 100, s.price)


@lru_cache(maxsize=256)
def over_batches(s):
    """Pairs (batch, `Serving`) over all batches, the largest that fits among them."""
    most = served(s).largest_batch
    batches = sorted({*BATCHES, *([most] if 1 <= most <= BATCHES[-1] else [])})
    return [(batch, served(replace(s, batch=batch))) for batch in batches]


def decades(values):
    """A logarithmic scale that ends at powers of ten."""
    return 10.0 ** floor(log10(min(values) * 0.93)), 10.0 ** ceil(log10(max(values) * 1.07)), "log"


def writing_limit(steps):
    """What limits the steps of the answer, and how many of them where both do."""
    if steps.memory_steps in (0, steps.steps):
        return steps.limit
    return f"memory in {steps.memory_steps:,} of {steps.steps:,} steps"


class ServingExplorer(Explorer):
    """A published model answers a batch of users: memory, waiting, tokens per second, USD.

    Seconds are those of `helpers.planning.serve`: the roofline, times the share of it reached.
    Accelerators share memory and work evenly; what they say to one another is left out.

    >>> ServingExplorer(model="Llama-3 8B", batch=16).numbers()["largest batch that fits (users)"]
    '190'
    """

    view = staticmethod(view)
    controls = (
        Choice("model", "model", {name: name for name in NAMES}, "Llama-3 8B"),
        Choice("accelerator", "accelerator", {name: name for name in ACCELERATORS}, "H100 SXM"),
        slider("batch", "batch b", "users", BATCHES, 16),
        slider("devices", "number of accelerators", "devices", powers_of_two(1, 1_024), 1),
        slider("prompt", "prompt of each user", "tokens", powers_of_two(16, 2**20), 2_048),
        slider("written", "answer to each user", "tokens", powers_of_two(2, 2**16), 512),
        Choice("precision", "numbers kept in", {name: name for name in KEPT_IN}, "16 bit"),
        slider("share", "share of the roofline", "%", range(5, 101, 5), round(100 * ASSUMED_SHARE)),
        Number("price", "price of a device", "USD an hour", 0.01, 1_000, ASSUMED_USD_PER_HOUR),
    )
    presets = {name: dict(zip(("model", "accelerator", "devices", "prompt", "written", "batch",
                               "precision"), values)) for name, values in {
        "16 chats with Llama-3 8B": ("Llama-3 8B", "H100 SXM", 1, 2_048, 512, 16, "16 bit"),
        "Llama-2 7B, every head cached": ("Llama-2 7B", "H100 SXM", 1, 2_048, 512, 16, "16 bit"),
        "Llama-3 70B on four accelerators": ("Llama-3 70B", "H100 SXM", 4, 4_096, 1_024, 64,
                                             "16 bit"),
        "one long text, Llama-3 8B": ("Llama-3 8B", "H100 SXM", 1, 131_072, 1_024, 4, "16 bit"),
        "at home: 4 bits on an RTX 4090": ("Llama-3 8B", "RTX 4090", 1, 1_024, 512, 1,
                                           "weights 4 bit"),
        "DeepSeek-V3 on eight, 8 bits": ("DeepSeek-V3", "H200", 8, 4_096, 1_024, 256,
                                         "weights and cache 8 bit")}.items()}
