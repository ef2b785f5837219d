"""ServingExplorer: what it costs to serve a model, and how long each user waits. Lesson 14.

Seconds are those of `helpers.planning.serve`: the roofline, times the share of it reached.
Accelerators share memory and work evenly; what they say to one another is left out.
"""

from dataclasses import replace
from itertools import groupby
from math import ceil, floor, log10

from helpers.explorers.explorer import View
from helpers.explorers.panel import powers_of_two
from helpers.explorers.scene import BLUE, FAINT, GREY, INK, ORANGE, PALE, Axes, Page
from helpers.memory import KEPT_IN
from helpers.planning import (ASSUMED_USD_PER_HOUR, accelerator_pool, decode_steps,
                              serve)
from helpers.published import MODELS
from helpers.words import bytes_text, duration, money, number, percent, plural, times

BATCHES = powers_of_two(1, 4_096)
LIMITS = {"memory": (ORANGE, ()), "arithmetic": (BLUE, (9, 4)), "no room": (GREY, (3, 4))}


def view(s, before):
    """Price against speed over batch sizes; beside it the memory and the waits."""
    found, was = served(s), before and served(before)
    parts, held = found.footprint.parts, found.footprint.total_bytes
    most, memory = found.largest_batch, found.footprint.memory_bytes
    curve = over_batches(replace(s, batch=1), most)
    fullest = max((batch for batch in curve if batch <= most), default=1)
    page = Page()
    speeds, prices, limits = zip(*curve.values())
    axes = Axes(page, 74, 62, 330, 282, decades(speeds), decades(prices),
                "speed for each user (tokens per second)", "USD per million output tokens")
    for at, (name, (colour, dash)) in zip((60, 190, 330), LIMITS.items()):
        page.line([(at, 44), (at + 26, 44)], colour, 3, dash)
        page.words(at + 31, 44, name if name == "no room" else f"{name} limits", 12)
    kinds = [limit if batch <= most else "no room" for batch, limit in zip(curve, limits)]
    for kind, group in groupby(range(1, len(kinds)), kinds.__getitem__):
        places = list(group)
        run = slice(places[0] - 1, places[-1] + 1)
        axes.curve(speeds[run], prices[run], *LIMITS[kind], 3)
    for batch, shape in ((1, "o"), (fullest, "D")):
        axes.point(*curve[batch][:2], shape, INK, hollow=True,
                   says=f"{plural(batch, 'user')}: {money(curve[batch][1])} USD")
    speed, price = found.tokens_per_second_per_user, found.usd_per_million_written
    if was:
        axes.point(was.tokens_per_second_per_user, was.usd_per_million_written, "s", INK, 7, 0.4)
        page.words(440, 342, f"× {times(price / was.usd_per_million_written)} the price, "
                   f"× {times(speed / was.tokens_per_second_per_user)} the speed", 12, FAINT)
    axes.point(speed, price, "s", INK if s.batch <= most else GREY, 7,
               says=f"{plural(s.batch, 'user')}: {money(price)} USD per million tokens")

    page.words(440, 66, f"{s.devices:,} × {s.accelerator}: {bytes_text(memory)}", 13, bold=True)
    pixels, left = 246 / max(held, memory), 440
    page.box(440, 80, pixels * memory, 22, PALE, INK)
    for (part, size), colour in zip(parts.items(), (BLUE, ORANGE)):
        page.box(left, 80, pixels * size, 22, colour, says=f"{part}: {size:,} bytes",
                 hatched=colour == ORANGE)
        left += pixels * size
    page.line([(440 + pixels * memory, 76), (440 + pixels * memory, 106)], INK, 2)
    weights, cache = map(bytes_text, parts.values())
    first, read = duration(found.first_token_seconds), money(found.usd_per_million_read)
    page.lines(440, 122, 24, f"weights {weights}, cache {cache}",
               f"memory is full at {plural(most, 'user')}", "", f"first token after {first}",
               f"each user: {number(speed)} tokens/s",
               f"all users: {number(found.tokens_per_second)} tokens/s", "",
               f"a million output tokens: {money(price)} USD",
               f"a million input tokens: {read} USD")

    numbers = {
        **{f"{part} (bytes)": size for part, size in parts.items()},
        "memory (GB)": f"{number(held / 1e9)} of {memory / 1e9:,.0f}",
        "it fits": "yes" if s.batch <= most else "no",
        "largest batch that fits (users)": most,
        "to the first token": first, "each further token": duration(found.seconds_per_token),
        "the whole answer": duration(
            found.first_token_seconds + (s.written - 1) * found.seconds_per_token),
        "tokens per second for each user": number(speed),
        "tokens per second in all": number(found.tokens_per_second),
        "a million output tokens (USD)": money(price), "a million input tokens (USD)": read,
        "limit of prefill": found.reading.limit,
        "limit of decode": ", then ".join(dict.fromkeys(work.limit for work in found.writing))}
    whose = "your price" if s.price != ASSUMED_USD_PER_HOUR else "our assumption"
    said = (f"{plural(s.batch, 'user')}: {number(speed)} tokens/s each, and {money(price)} USD "
            f"per million output tokens at {s.price:,g} USD an hour, {whose}")
    positions = MODELS[s.model].max_positions
    if most == 0:
        title = "No room for anyone: one user's cache does not fit beside the weights"
        said += "; but there is no room"
    elif s.batch > most:
        title = f"No room for {plural(s.batch, 'user')}: there is room for {most:,}"
        said += f"; but there is room for {most:,}"
    elif s.batch == 1:
        title = (f"One user pays it all: each of {fullest:,} would pay "
                 f"{percent(curve[fullest][1] / price)}")
    else:
        title = (f"{s.batch:,} users: tokens {times(curve[1][1] / price)} times cheaper, "
                 f"each user {times(curve[1][0] / speed)} times slower")
    if positions and s.prompt + s.written > positions:
        said = (f"{s.prompt + s.written:,} tokens are beyond the {positions:,} positions of "
                f"{s.model}: no such answer can be had, at {money(price)} USD per million or any")
    return View(page, title, f"{said}.", numbers)


def served(s):
    """The `helpers.planning.Serving` of a state."""
    return serve(MODELS[s.model], s.accelerator, s.prompt, s.written, s.batch, s.devices,
                 *KEPT_IN[s.precision], s.share / 100, s.price)


def over_batches(s, most):
    """{batch: (tokens per second for each user, USD per million written, what limits)}."""
    chips, curve = accelerator_pool(s.accelerator, s.devices, s.share / 100), {}
    for batch in sorted({*BATCHES, min(max(1, most), BATCHES[-1])}):
        works, seconds = decode_steps(MODELS[s.model], chips, s.prompt, s.written, batch,
                                      *KEPT_IN[s.precision])
        usd = 1e6 * s.price * s.devices / 3600 * seconds / batch
        curve[batch] = 1 / seconds, usd, works[-1].limit
    return curve


def decades(values):
    """A logarithmic scale that ends at powers of ten."""
    return 10.0 ** floor(log10(min(values) * 0.93)), 10.0 ** ceil(log10(max(values) * 1.07)), "log"
