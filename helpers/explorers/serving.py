"""ServingExplorer: how many users share the accelerators, what each waits, and what a million tokens cost. Lesson 14."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor, log10

from helpers.explorers.amounts import assumed, short
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Number, Slider, powers_of_two
from helpers.explorers.amounts import duration, number
from helpers.explorers.roofline import PRECISIONS
from helpers.words import plural
from helpers.planning import ASSUMED_SHARE, ASSUMED_USD_PER_HOUR, serve
from helpers.published import ACCELERATORS, MODELS

NAMES = ("GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B", "Llama-3 405B", "Mistral 7B", "Qwen2.5 7B",
         "Mixtral 8x7B", "DeepSeek-V3")
DEVICES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
PROMPTS = tuple(sorted({1_000, 10_000, 100_000, *powers_of_two(16, 2**20)}))
WRITTEN = tuple(sorted({100, 1_000, 10_000, *powers_of_two(2, 2**16)}))
BATCHES = tuple(sorted({*powers_of_two(1, 4_096), *(3 * 2**k for k in range(11))}))
SHARES = tuple(range(5, 101, 5))


@dataclass(frozen=True)
class ServingState:
    """prompt and written in tokens of each user; batch in users; share in percent; price in USD an hour of one device."""

    model: str = "Llama-3 8B"
    accelerator: str = "H100 SXM"
    devices: int = 1
    prompt: int = 2_048
    written: int = 512
    batch: int = 16
    precision: str = "16 bit"
    share: int = round(100 * ASSUMED_SHARE)
    price: float = ASSUMED_USD_PER_HOUR


class ServingExplorer(Explorer):
    """A published model answers a batch of users: memory, waiting, tokens per second, and USD per million tokens.

    `ServingExplorer(model="Llama-3 70B", devices=4, batch=32)` starts there. Seconds are those of
    `helpers.planning.serve`: the roofline, times the share of it that is reached. Accelerators share memory and work
    evenly, and what they say to one another is left out. Share and price are the reader's; their defaults are
    assumptions of November 2026.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = ServingExplorer(model="Llama-3 8B", batch=16)
    >>> explorer.numbers()["largest batch that fits (users)"]
    '190'
    >>> ServingExplorer(batch=0)
    Traceback (most recent call last):
    ValueError: batch = 0 is out of range: batch b is a whole number from 1 to 4,096 users.
    """

    State = ServingState
    title = "What it costs to serve a model, and how long each user waits"
    controls = (
        Choice("model", "model", {name: name for name in NAMES}),
        Choice("accelerator", "accelerator", {name: name for name in ACCELERATORS}),
        Slider("batch", "batch b", "users", BATCHES),
        Slider("devices", "number of accelerators", "devices", DEVICES),
        Slider("prompt", "prompt of each user", "tokens", PROMPTS),
        Slider("written", "answer to each user", "tokens", WRITTEN),
        Choice("precision", "numbers kept in", {name: name for name in PRECISIONS}),
        Slider("share", "share of the roofline", "%", SHARES),
        Number("price", "your price of a device", "USD an hour", low=0.01, high=1_000),
    )
    presets = {
        "16 chats with Llama-3 8B": dict(model="Llama-3 8B", accelerator="H100 SXM", devices=1, prompt=2_048, written=512,
                                         batch=16, precision="16 bit"),
        "Llama-2 7B, every head cached": dict(model="Llama-2 7B", accelerator="H100 SXM", devices=1, prompt=2_048, written=512,
                                              batch=16, precision="16 bit"),
        "Llama-3 70B on four accelerators": dict(model="Llama-3 70B", accelerator="H100 SXM", devices=4, prompt=4_096,
                                                 written=1_024, batch=64, precision="16 bit"),
        "one long text, Llama-3 8B": dict(model="Llama-3 8B", accelerator="H100 SXM", devices=1, prompt=131_072, written=1_024,
                                          batch=4, precision="16 bit"),
        "at home: 4 bits on an RTX 4090": dict(model="Llama-3 8B", accelerator="RTX 4090", devices=1, prompt=1_024, written=512,
                                               batch=1, precision="weights 4 bit"),
        "DeepSeek-V3 on eight, 8 bits": dict(model="DeepSeek-V3", accelerator="H200", devices=8, prompt=4_096, written=1_024,
                                             batch=256, precision="weights and cache 8 bit"),
    }

    def serving(self):
        """The `helpers.planning.Serving` of the state."""
        return serving(self.state)

    def frame(self, state):
        return limits(state)

    def build(self, figure, state):
        from helpers.figures.serving import serving_stage

        return serving_stage(figure, *limits(state))

    def update(self, artists, state):
        found, curve = serving(state), over_batches(state)
        for kind, line in artists["curve"].items():
            line.set_data(*stretch(curve, kind))
        artists["one"][0].set_data(*([value] for value in curve[0][1:3]))
        artists["here"][0].set_data([found.tokens_per_second_per_user], [found.usd_per_million_written])
        artists["here"][0].set_markerfacecolor("#333333" if found.fits else "#8a8a8a")
        last = max((row for row in curve if row[4]), default=None)
        full = [last[1:3]] if last and last[0] == found.largest_batch else []
        artists["full"][0].set_data([x for x, _ in full], [y for _, y in full])
        artists["key of full"].set_visible(bool(full))
        held, memory = found.footprint.total_bytes, found.footprint.memory_bytes
        widths = [size / max(held, memory) for size in found.footprint.parts.values()]
        for bar, start, width in zip(artists["bars"], (0, widths[0]), widths):
            bar.set_x(start)
            bar.set_width(width)
        artists["room"].set_width(memory / max(held, memory))
        said = (held_text(*found.footprint.parts.values()), f"{money(curve[0][2])} USD", f"{money(found.usd_per_million_written)} USD",
                f"{short(found.largest_batch)} users" if found.largest_batch >= 1e6 else plural(found.largest_batch, "user"), duration(found.first_token_seconds),
                number(found.tokens_per_second_per_user), number(found.tokens_per_second), money(found.usd_per_million_read))
        for text, words in zip(artists["values"].values(), said):
            text.set_text(words)
        artists["device"].set_text(f"{state.devices:,} × {state.accelerator}: {number(memory / 1e9)} GB")
        artists["title"].set_text(heading(state))

    def sentence(self):
        state, found = self.state, serving(self.state)
        said = [f"{state.devices:,} × {state.accelerator}, at {state.share} % of the roofline, "
                f"read{'s' if state.devices == 1 else ''} {plural(state.batch, 'prompt')} of {state.prompt:,} tokens in "
                f"{duration(found.first_token_seconds)}; then {state.model} writes {number(found.tokens_per_second_per_user)} tokens "
                f"per second for each user, {number(found.tokens_per_second)} in all, and {found.writing.limit} is the limit. "
                f"At {state.price:,g} USD an hour for each accelerator ({assumed(state.price, state.accelerator)}) a million tokens cost "
                f"{money(found.usd_per_million_written)} USD to write and {money(found.usd_per_million_read)} USD to read."]
        if not found.fits:
            need = -(-found.footprint.total_bytes // ACCELERATORS[state.accelerator].memory_bytes)
            most = f"at most {plural(found.largest_batch, 'user')} fit{'s' * (found.largest_batch == 1)}" if found.largest_batch else (
                "not even one user fits")
            said.append(f"But it does not fit: {most}; this batch needs {need:,} of these accelerators.")
        else:
            said.append(_double(state, found))
        if state.precision != "16 bit":
            said.append("The arithmetic stays in 16 bits.")
        if state.devices > 1:
            said.append("What the accelerators say to one another is left out.")
        said += MODELS[state.model].describe(state.prompt + state.written).split("\n")[1:]
        return " ".join(said)

    def numbers(self):
        state, found = self.state, serving(self.state)
        held, memory = found.footprint.total_bytes, found.footprint.memory_bytes
        return {
            "weights (bytes)": f"{found.footprint.parts['weights']:,}", "KV cache (bytes)": f"{found.footprint.parts['KV cache']:,}",
            "memory (GB)": f"{number(held / 1e9)} of {memory / 1e9:,.0f}", "it fits": "yes" if found.fits else "no",
            "largest batch that fits (users)": f"{found.largest_batch:,}",
            "to the first token": duration(found.first_token_seconds), "each further token": duration(found.seconds_per_token),
            "the whole answer": duration(found.seconds),
            "tokens per second for each user": number(found.tokens_per_second_per_user),
            "tokens per second in all": number(found.tokens_per_second),
            "a million tokens written (USD)": money(found.usd_per_million_written),
            "a million tokens read (USD)": money(found.usd_per_million_read),
            "limit of reading": found.reading.limit, "limit of writing": writing_limit(found),
        }


@lru_cache(maxsize=8192)
def serving(state):
    """The `Serving` of a state."""
    weights, cache = PRECISIONS[state.precision]
    return serve(MODELS[state.model], state.accelerator, state.prompt, state.written, state.batch, state.devices, weights, cache,
                 state.share / 100, state.price)


def over_batches(state):
    """Rows (batch, tokens/s for each user, USD per million written, limit, fits) over all batches, the largest that fits too."""
    return _over_batches(replace(state, batch=1))


@lru_cache(maxsize=256)
def _over_batches(state):
    most = serving(state).largest_batch
    found = [(batch, serving(replace(state, batch=batch))) for batch in
             sorted({*BATCHES, *([most] if 1 <= most <= BATCHES[-1] else [])})]
    return [(batch, one.tokens_per_second_per_user, one.usd_per_million_written, one.writing.limit, one.fits)
            for batch, one in found]


def stretch(curve, kind):
    """The part of a curve that a limit sets, or with "none" the part without room: a piece is what its far end is."""
    kinds = [limit if fits else "none" for *_, limit, fits in curve]
    shown = [kind in (here, after) for here, after in zip(kinds, kinds[1:] + kinds[-1:])]
    return [[row[place] if show else float("nan") for row, show in zip(curve, shown)] for place in (1, 2)]


@lru_cache(maxsize=256)
def _limits(state):
    ends = []
    for values in list(zip(*_over_batches(state)))[1:3]:
        ends.append((10.0 ** floor(log10(min(values) * 0.93)), 10.0 ** ceil(log10(max(values) * 1.07))))
    return tuple(ends)


def limits(state):
    """The axes' limits, powers of ten: ((left, right), (bottom, top))."""
    return _limits(replace(state, batch=1))


def heading(state):
    """The finding of a state in one line."""
    found, alone = serving(state), serving(replace(state, batch=1))
    if not found.largest_batch:
        return "No room: the weights and one user's cache are too large"
    if not found.fits:
        return f"No room for {state.batch:,} users: memory is full at {found.largest_batch:,}"
    if state.batch == 1:
        full = serving(replace(state, batch=min(found.largest_batch, BATCHES[-1])))
        if full.batch == 1:
            return "There is room for one user alone, who pays for all of it"
        return f"One user alone: {full.batch:,} would pay {times(found.usd_per_million_written, full.usd_per_million_written)} times less each"
    cheaper = times(alone.usd_per_million_written, found.usd_per_million_written)
    slower = times(alone.tokens_per_second_per_user, found.tokens_per_second_per_user)
    return f"{state.batch:,} users: tokens {cheaper} times cheaper, each user {slower} times slower"


def held_text(weights, cache):
    """
    >>> held_text(16.06e9, 5.37e9), held_text(8e8, 1e6), held_text(8.73e10, 2.15e16)
    ('16.1 + 5.4 GB', '0.8 + <0.1 GB', '<0.1 + 21,500 TB')
    """
    unit, scale = ("TB", 1e12) if weights + cache >= 1e15 else ("GB", 1e9)
    shown = [f"{size:,.0f}" if size >= 99.5 else f"{size:.1f}" if size >= 0.1 else "<0.1" for size in (weights / scale, cache / scale)]
    return f"{' + '.join(shown)} {unit}"


def writing_limit(found):
    """What limits the steps of the answer, and how many of them where both do."""
    writing = found.writing
    if writing.memory_steps in (0, writing.steps):
        return writing.limit
    return f"memory in {writing.memory_steps:,} of {writing.steps:,} steps"


def money(usd):
    """
    >>> money(0.428), money(1234.6), money(0.0123), money(0.00004)
    ('0.43', '1,235', '0.012', '0.00004')
    """
    if usd >= 100:
        return f"{usd:,.0f}"
    return f"{usd:.{max(2, 1 - floor(log10(usd)))}f}" if usd >= 0.0001 else f"{usd:.5f}"


def times(large, small):
    """
    >>> times(10, 4), times(1000, 3), times(1.05, 1)
    ('2.5', '333', '1.05')
    """
    value = large / small
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}" if value >= 1.2 else f"{value:.2f}"


def _double(state, found):
    """What twice the users would change."""
    if 2 * state.batch > found.largest_batch:
        return f"The memory is full at {plural(found.largest_batch, 'user')}: twice as many have no room."
    twice = serving(replace(state, batch=2 * state.batch))
    cheaper = 100 * (1 - twice.usd_per_million_written / found.usd_per_million_written)
    slower = 100 * (1 - twice.tokens_per_second_per_user / found.tokens_per_second_per_user)
    if cheaper < 5:
        why = "the arithmetic is full" if found.writing.limit == "arithmetic" else "each user brings a cache that must be read"
        return f"Twice the users would each write {slower:.0f} % slower and save {cheaper:.0f} %: {why}."
    return f"Twice the users would make a token {cheaper:.0f} % cheaper, and each of them {slower:.0f} % slower."
