"""RooflineExplorer: what a model's prefill or decode asks of an accelerator, and which of its two clocks is the slower. Lesson 08."""

from dataclasses import dataclass

from helpers import roofline
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Slider, powers_of_two
from helpers.memory import kv_cache_bytes, weight_bytes
from helpers.published import ACCELERATORS, MODELS

NAMES = ("GPT-2", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B", "Llama-3 405B", "Mistral 7B", "Mixtral 8x7B",
         "DeepSeek-V3")
LENGTHS = tuple(sorted({1_000, 100_000, *powers_of_two(16, 2**20)}))
PRECISIONS = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"), "weights 4 bit": ("int4", "bf16"),
              "weights and cache 8 bit": ("int8", "int8")}
LEFT, RIGHT, BOTTOM, TOP = 0.4, 1e8, 3e11, 6e15
SLOW, FAST, ROOF, MANY = "#D55E00", "#0072B2", "#333333", 10**9


@dataclass(frozen=True)
class RooflineState:
    """n in tokens: of each prompt, or in the cache of each sequence; batch in sequences."""

    accelerator: str = "H100 SXM"
    model: str = "Llama-3 8B"
    phase: str = "decode"
    precision: str = "16 bit"
    batch: int = 1
    n: int = 8_192


class RooflineExplorer(Explorer):
    """Where prefill and decode of a published model stand on an accelerator's roofline, and the least time they take.

    `RooflineExplorer(model="Llama-3 70B", batch=64)` starts at a model and a batch. FLOPs and bytes are those of
    `helpers.roofline.prefill` and `decode`: matrix products, in a prompt the causal half of n² and the logits of
    every token; each weight that is met once, and the cache. The peak is the dense 16-bit one: weights kept in 8 or 4
    bits are widened before they are multiplied. Times are lower bounds for one chip; a model that is too large
    for one is said to be.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = RooflineExplorer(model="Llama-3 8B", n=8_192)
    >>> explorer.numbers()["tokens per second, at most"]
    '208'
    >>> RooflineExplorer(batch=0)
    Traceback (most recent call last):
    ValueError: batch = 0 is out of range: batch b is a whole number from 1 to 4,096 sequences.
    """

    State = RooflineState
    title = "Where a model's work stands on an accelerator's roofline"
    controls = (
        Choice("accelerator", "accelerator", {name: name for name in ACCELERATORS}),
        Choice("model", "model", {name: name for name in NAMES}),
        Choice("phase", "what it does", {"prefill": "reads a prompt (prefill)", "decode": "writes a token (decode)"}),
        Choice("precision", "numbers kept in", {name: name for name in PRECISIONS}),
        Slider("batch", "batch b", "sequences", tuple(powers_of_two(1, 4_096))),
        Slider("n", "sequence length n", "tokens", LENGTHS),
    )
    presets = {
        "one chat: Llama-3 8B writes": dict(accelerator="H100 SXM", model="Llama-3 8B", phase="decode", precision="16 bit",
                                            batch=1, n=8_192),
        "its prompt: Llama-3 8B reads": dict(accelerator="H100 SXM", model="Llama-3 8B", phase="prefill", precision="16 bit",
                                             batch=1, n=8_192),
        "a full house: 64 chats": dict(accelerator="H100 SXM", model="Llama-3 8B", phase="decode", precision="16 bit", batch=64,
                                       n=8_192),
        "at home: 4 bits on an RTX 4090": dict(accelerator="RTX 4090", model="Llama-3 8B", phase="decode",
                                               precision="weights 4 bit", batch=1, n=8_192),
        "a small cache: DeepSeek-V3, 64 chats": dict(accelerator="MI300X", model="DeepSeek-V3", phase="decode",
                                                     precision="weights and cache 8 bit", batch=64, n=8_192),
    }

    def build(self, figure, state):
        from helpers.figures.growth import growth_axes
        from helpers.figures.roofline import INTENSITY, REACHED
        from matplotlib.patches import Rectangle

        axes = figure.add_axes([0.105, 0.14, 0.5, 0.745])
        growth_axes(axes)
        axes.set(xlim=(LEFT, RIGHT), ylim=(BOTTOM, TOP), xlabel=INTENSITY, ylabel=REACHED, xticks=(1, 100, 10**4, 10**6, 10**8))
        for chip in ACCELERATORS.values():
            axes.plot(*_roof(chip), color="#dddddd", linewidth=1, linestyle="-")
        side = figure.add_axes([0.64, 0.56, 0.345, 0.325])
        side.set(xlim=(0, 1), ylim=(1.55, -0.75))
        side.axis("off")
        head = {"fontsize": 10, "color": ROOF}
        return {
            "drop": axes.plot([], [], color=ROOF, linewidth=1, linestyle=(0, (3, 2))),
            "roof": axes.plot([], [], color=ROOF, linewidth=2.5, linestyle="-"),
            "here": axes.plot([], [], linestyle="none", marker="o", markersize=11, markerfacecolor="white", markeredgewidth=3),
            "title": figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top"),
            "ridge": axes.text(0, 0, "", fontsize=9, color=ROOF, ha="left", va="bottom",
                               bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}),
            "bars": [side.add_patch(Rectangle((0, place - 0.02), 0, 0.34, facecolor=colour))
                     for place, colour in enumerate((FAST, SLOW))],
            "clocks": [side.text(0, place - 0.12, "", va="bottom", fontsize=10, color=colour, weight="bold")
                       for place, colour in enumerate((FAST, SLOW))],
            "lines": [figure.text(0.64, 0.46 - 0.075 * row, "", va="top", **head) for row in range(5)],
        }

    def update(self, artists, state):
        chip, work = ACCELERATORS[state.accelerator], phase_work(state)
        colour = SLOW if work.limit == "memory" else FAST
        reached = work.flops / work.seconds
        artists["roof"][0].set_data(*_roof(chip))
        artists["here"][0].set_data([work.intensity], [reached])
        artists["here"][0].set_markeredgecolor(colour)
        artists["drop"][0].set_data([work.intensity, work.intensity], [BOTTOM, reached])
        artists["title"].set_text("Memory is the limit, and the arithmetic waits" if work.limit == "memory" else
                                  "Arithmetic is the limit: the flat roof is reached")
        artists["ridge"].set_position((LEFT * 1.4, chip.flops_per_second * 1.5))  # above the dot, wherever it stands
        artists["ridge"].set_text(f"{state.accelerator}: ridge at {roofline.ridge_point(chip):,.0f}")
        for bar, words, name, seconds in zip(artists["bars"], artists["clocks"], ("arithmetic", "memory"),
                                             (work.arithmetic_seconds, work.memory_seconds)):
            bar.set_width(seconds / work.seconds)
            words.set_text(f"{name}: {duration(seconds)}")
        held = held_bytes(state)
        said = (f"{number(work.intensity)} FLOPs per byte", f"limit: {work.limit}",
                f"at most {number(work.tokens_per_second)} tokens/s", f"arithmetic in use: {percent(busy(work))}",
                f"{number(held / 1e9)} GB of {chip.memory_bytes / 1e9:,.0f}" + ("" if held <= chip.memory_bytes else ": too much"))
        for line, words in zip(artists["lines"], said):
            line.set_text(words)

    def sentence(self):
        state, work, chip = self.state, phase_work(self.state), ACCELERATORS[self.state.accelerator]
        what = (f"reads {plural(state.batch, 'prompt')} of {state.n:,} tokens" if state.phase == "prefill" else
                f"writes one token for {plural(state.batch, 'sequence')} of {state.n:,} tokens")
        waits = "memory is the limit, and the arithmetic waits" if work.limit == "memory" else "arithmetic is the limit"
        said = (f"{state.model} {what} on one {state.accelerator} in at least {duration(work.seconds)}: {waits}. "
                f"{number(work.intensity)} FLOPs per byte, the ridge point is at {roofline.ridge_point(chip):,.0f}; "
                f"at most {number(work.tokens_per_second)} tokens per second, and {percent(busy(work))} of the arithmetic in use.")
        held = held_bytes(state)
        if held > chip.memory_bytes:
            chips = -(-held // chip.memory_bytes)
            said += (f" Weights and cache take {number(held / 1e9)} GB: they need at least {chips:,} of these chips, "
                     f"which together are at most {chips:,} times as fast.")
        if state.precision != "16 bit":
            said += " The arithmetic stays in 16 bits."
        beyond = [line for line in MODELS[state.model].describe(state.n).split("\n")[1:] if "positions" in line]
        return " ".join([said, *beyond])

    def numbers(self):
        state, work, chip = self.state, phase_work(self.state), ACCELERATORS[self.state.accelerator]
        shown = {
            "FLOPs": f"{work.flops:,}", "bytes": f"{work.bytes_moved:,}", "FLOPs per byte": number(work.intensity),
            "ridge point (FLOPs per byte)": f"{roofline.ridge_point(chip):,.0f}",
            "arithmetic, at least": duration(work.arithmetic_seconds), "memory, at least": duration(work.memory_seconds),
            "tokens per second, at most": number(work.tokens_per_second), "arithmetic in use": percent(busy(work)),
            "weights and cache (GB)": f"{number(held_bytes(state) / 1e9)} of {chip.memory_bytes / 1e9:,.0f}",
        }
        if state.phase == "decode":
            least = batch_for_arithmetic(state)
            shown["arithmetic is the limit from (sequences)"] = "never: each brings its cache" if least is None else f"{least:,}"
            shown["sequences that fit beside the weights"] = f"{sequences_that_fit(state):,}"
        return shown


def phase_work(state):
    """The `helpers.roofline.Work` of a state."""
    weights, cache = PRECISIONS[state.precision]
    phase = roofline.prefill if state.phase == "prefill" else roofline.decode
    return phase(MODELS[state.model], state.accelerator, state.n, state.batch, weights, cache)


def held_bytes(state):
    """Bytes of all weights and of the cache of all sequences."""
    weights, cache = PRECISIONS[state.precision]
    model = MODELS[state.model]
    return weight_bytes(model, weights) + kv_cache_bytes(model, state.n, state.batch, cache)


def busy(work):
    """Percent of the peak that is used if the slower clock sets the time."""
    return 100 * work.arithmetic_seconds / work.seconds


def batch_for_arithmetic(state):
    """The fewest sequences for which decoding is limited by arithmetic; None if no number of them is enough.

    >>> batch_for_arithmetic(RooflineState(n=16)), batch_for_arithmetic(RooflineState(n=8_192))
    (308, None)
    """
    weights, cache = PRECISIONS[state.precision]

    def enough(batch):
        work = roofline.decode(MODELS[state.model], state.accelerator, state.n, batch, weights, cache)
        return work.limit == "arithmetic"
    low, high = 0, MANY
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def sequences_that_fit(state):
    """How many sequences of n tokens have room beside the weights on one chip."""
    weights, cache = PRECISIONS[state.precision]
    model = MODELS[state.model]
    room = ACCELERATORS[state.accelerator].memory_bytes - weight_bytes(model, weights)
    return max(0, room // kv_cache_bytes(model, state.n, 1, cache))


def duration(seconds):
    """A time with three digits that matter.

    >>> duration(0.0048), duration(2e-05), duration(12.34), duration(7200)
    ('4.80 ms', '0.0200 ms', '12.3 s', '2.00 h')
    """
    if seconds >= 3600:
        return f"{number(seconds / 3600)} h"
    return f"{number(seconds)} s" if seconds >= 1 else f"{number(1e3 * seconds)} ms"


def number(value):
    """Three digits that matter, and no fewer than the whole part has.

    >>> number(208.4), number(1.2002), number(0.0234), number(51232.2)
    ('208', '1.20', '0.0234', '51,232')
    """
    from math import floor, log10

    digits = max(0, 2 - floor(log10(value))) if value > 0 else 0
    return f"{value:,.{digits}f}"


def percent(share):
    """
    >>> percent(0.406), percent(100), percent(58.2)
    ('0.4 %', '100 %', '58 %')
    """
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"


def plural(count, noun):
    """
    >>> plural(1, "prompt"), plural(64, "prompt")
    ('1 prompt', '64 prompts')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _roof(chip):
    ridge = chip.flops_per_second / chip.bytes_per_second
    return [LEFT, ridge, RIGHT], [LEFT * chip.bytes_per_second, chip.flops_per_second, chip.flops_per_second]
