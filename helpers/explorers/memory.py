"""MemoryExplorer: what fills an accelerator, to learn or to serve, and does it fit? Lesson 07."""

from dataclasses import dataclass, replace
from functools import lru_cache

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Slider, one_two_five, powers_of_two
from helpers.explorers.amounts import LENGTHS
from helpers.memory import Footprint, inference_footprint, training_footprint, training_state_bytes
from helpers.memory import BITS
from helpers.published import ACCELERATORS, MODELS

NAMES = ("GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B", "Llama-3 405B", "Mistral 7B",
         "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V3")
BATCHES = tuple(sorted({*one_two_five(1, 5_000), *powers_of_two(1, 4_096)}))
KINDS = ("weights", "gradients", "optimizer", "activations, logits", "KV cache")
GRID = tuple(round(LENGTHS[0] * (LENGTHS[-1] / LENGTHS[0]) ** (k / 48)) for k in range(49))
ENDS = (1.25, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 2**16, 2**18, 2**20, 2**24, 2**30, 2**40, 2**50)
LOW, HIGH = 0.001, 1e7  # GB, of the lower picture: low enough that no curve meets the words at its foot


@dataclass(frozen=True)
class MemoryState:
    """n in tokens, batch in sequences; the rest are keys of their controls' options."""

    model: str = "GPT-2 XL"
    task: str = "learn"
    n: int = 1_024
    batch: int = 8
    precision: str = "bf16"
    optimizer: str = "adam"
    recompute: str = "none"
    accelerator: str = "H100 SXM"


class MemoryExplorer(Explorer):
    """Does it fit? Weights, gradients, optimizer, activations and KV cache beside one accelerator's memory.

    `MemoryExplorer(model="Llama-3 8B", task="serve", n=8_192)` starts at a model. Bytes are exact, as in lesson 07;
    1 GB is 10⁹ bytes. The precision is that of weights and, serving, of the cache. Nobody learns in less than 16
    bits, so a narrower one is taken as bf16 when learning. Models with two feed-forward matrices learn with
    dropout, gated ones without. Activations of mixtures and of latent attention are not counted: their learning
    takes more than is shown, and the sentence says so.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = MemoryExplorer()
    >>> explorer.footprint().total_bytes, explorer.footprint().fits
    (98343627776, False)
    >>> MemoryExplorer(batch=0)
    Traceback (most recent call last):
    ValueError: batch = 0 is out of range: batch b is a whole number from 1 to 5,000 sequences.
    """

    State = MemoryState
    title = "What fills an accelerator, and does it fit"
    controls = (
        Choice("model", "model", {name: name for name in NAMES}),
        Choice("task", "the model is to", {"learn": "learn", "serve": "serve"}),
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("batch", "batch b", "sequences", BATCHES),
        Choice("precision", "precision", {name: name for name in ("fp32", "bf16", "fp8", "int4")}),
        Choice("optimizer", "optimizer (learning)", {"adam": "Adam", "adam 8-bit": "Adam, 8 bits",
                                                     "sgd with momentum": "SGD with momentum", "sgd": "SGD"}),
        Choice("recompute", "recomputation (learning)", {"none": "none", "selective": "selective", "full": "full"}),
        Choice("accelerator", "accelerator", {name: name for name in ACCELERATORS}),
    )
    presets = {
        "the lesson's start": dict(model="GPT-2 XL", task="learn", n=1_024, batch=8, precision="bf16", optimizer="adam",
                                   recompute="none", accelerator="H100 SXM"),
        "Llama-3 8B learns": dict(model="Llama-3 8B", task="learn", n=8_192, batch=1, precision="bf16", optimizer="adam",
                                  recompute="none", accelerator="MI300X"),
        "Llama-2 7B serves 16 users": dict(model="Llama-2 7B", task="serve", n=4_096, batch=16, precision="bf16",
                                           accelerator="H100 SXM"),
        "Llama-3 70B, one long text": dict(model="Llama-3 70B", task="serve", n=131_072, batch=1, precision="bf16",
                                           accelerator="H200"),
        "Mistral 7B at home": dict(model="Mistral 7B", task="serve", n=32_768, batch=1, precision="bf16",
                                   accelerator="RTX 4090"),
    }

    def footprint(self):
        """The `Footprint` of the state, held against the accelerator's memory."""
        return footprint(self.state)

    def frame(self, state):
        return state.accelerator

    def build(self, figure, state):
        from helpers.figures.growth import TOKENS, growth_axes
        from helpers.figures.memory import KINDS as LOOKS, key_of_kinds
        from helpers.figures.scale import MovingScale

        memory = ACCELERATORS[state.accelerator].memory_bytes / 1e9
        figure.text(0.02, 0.975, f"What fills the {memory:,.0f} GB of one {state.accelerator}", fontsize=12, weight="bold", va="top")
        key_of_kinds(figure, 0.873, 0.115, set(LOOKS))
        bar = figure.add_axes([0.115, 0.62, 0.86, 0.155])
        bar.set(ylim=(-0.5, 0.5), yticks=(), xlabel="memory (GB)")
        bar.grid(visible=False)
        over = figure.add_axes([0.115, 0.125, 0.86, 0.335])
        growth_axes(over)
        over.set(xlim=(GRID[0], GRID[-1]), ylim=(LOW, HIGH), xlabel=TOKENS, ylabel="memory (GB)")
        over.set_yticks([0.1, 10, 1_000, 10**5, 10**7])
        over.axhline(memory, color="black", linewidth=1.4, linestyle="--")
        over.text(0.015, 0.035, "dotted: what n does not change", fontsize=9, color="#333333", transform=over.transAxes)
        artists = {"scale": MovingScale(bar), "parts": [], "curves": []}
        for kind in KINDS:
            colour, hatch = LOOKS[kind]
            artists["parts"] += list(bar.barh(0, 0, height=0.7, facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.8))
        artists["limit"] = bar.axvline(0, color="black", linewidth=1.6, linestyle="--")
        artists["curves"] = (over.plot([], [], color="#6b6b6b", linestyle=":", linewidth=1.6)
                             + over.plot([], [], color="#D55E00", linestyle="-"))
        artists["point"] = over.plot([], [], "o", color="#D55E00", markersize=8, markeredgecolor="white")[0]
        artists["memory"] = over.text(12, memory, f"{state.accelerator}, {memory:,.0f} GB", fontsize=9, color="#333333")
        artists["verdict"] = bar.text(1, 0.62, "", fontsize=10, ha="right", transform=bar.get_yaxis_transform())
        artists["up_to"] = over.text(0.985, 0.035, "", fontsize=10, ha="right", transform=over.transAxes)
        return artists

    def update(self, artists, state):
        found = footprint(state)
        end = right_end(state) * found.memory_bytes
        artists["scale"].show(end / 1e9)
        artists["limit"].set_xdata([found.memory_bytes / end] * 2)
        left = 0.0
        for kind, patch in zip(KINDS, artists["parts"]):
            size = kinds(found)[kind] / end
            patch.set_x(left)
            patch.set_width(size)
            left += size
        totals, fixed = over_lengths(replace(state, n=GRID[0]))
        above = fixed < found.memory_bytes / 1e9  # the chip's name stands where no curve is
        artists["memory"].set_y(found.memory_bytes / 1e9 * (1.25 if above else 0.5))
        artists["memory"].set_verticalalignment("bottom" if above else "top")
        artists["curves"][0].set_data([GRID[0], GRID[-1]], [fixed, fixed])
        artists["curves"][1].set_data(GRID, totals)
        artists["point"].set_data([state.n], [found.total_bytes / 1e9])
        artists["verdict"].set_text(verdict(found))
        longest = largest(state, "n")
        artists["up_to"].set_text("fits at no length" if not longest else
                                  "fits at any length" if longest == LENGTHS[-1] else f"fits up to n = {longest:,} tokens")

    def sentence(self):
        state, found = self.state, self.footprint()
        by_kind = kinds(found)
        most = max(by_kind, key=by_kind.get)
        act = "To learn from" if state.task == "learn" else "To serve"
        said = [f"{act} {state.batch:,} sequence{'s' * (state.batch > 1)} of {state.n:,} tokens, {state.model} needs "
                f"{gigabytes(found.total_bytes)}, and one {state.accelerator} has {gigabytes(found.memory_bytes)}: "
                f"{'it fits' if found.fits else 'it does not fit'}. Most of it: {most}, {gigabytes(by_kind[most])}."]
        if state.task == "learn":
            held = sum(by_kind[kind] for kind in ("weights", "gradients", "optimizer"))
            said.append(f"Weights, gradients and optimizer take {held / MODELS[state.model].parameters():g} bytes a parameter.")
        if state.task == "learn" and state.precision == "fp32" and not uncounted(state):
            said.append("Activations are counted in 16 bits even so.")
        if state.task == "learn" and narrow(state):
            said.append(f"Nobody learns in {state.precision}, so bf16 is taken.")
        if uncounted(state):
            said.append("Its activations are not counted here: it needs more than this.")
        if state.task == "serve":
            said.append("Optimizer and recomputation matter to learning alone.")
        said += MODELS[state.model].describe(state.n).split("\n")[1:]
        return " ".join(said)

    def numbers(self):
        state, found = self.state, self.footprint()
        sizes = {f"{part} (bytes)": f"{size:,}" for part, size in found.parts.items()}
        free = found.free_bytes
        return sizes | {
            "all (bytes)": f"{found.total_bytes:,}",
            f"{'free' if free >= 0 else 'missing'} (GB)": f"{abs(free) / 1e9:,.2f}",
            "accelerators, if all were divided evenly": f"{-(-found.total_bytes // found.memory_bytes):,}",
            "largest n that fits (tokens)": most_text(state, "n"),
            "largest batch that fits (sequences)": most_text(state, "batch"),
        }


def narrow(state):
    """True for a precision of fewer than 16 bits."""
    return BITS[state.precision] < 16


def uncounted(state):
    """True if the model learns and its activations are outside lesson 07's count."""
    model = MODELS[state.model]
    return state.task == "learn" and (model.is_mixture or model.is_latent)


@lru_cache(maxsize=4096)
def footprint(state):
    """The `Footprint` of a state.

    >>> footprint(MemoryState(model="Llama-3 8B", task="serve", n=8_192, batch=1)).total_bytes
    17134264320
    """
    model, chip = MODELS[state.model], ACCELERATORS[state.accelerator]
    if state.task == "serve":
        found = inference_footprint(model, state.n, state.batch, state.precision, state.precision)
    else:
        precision = "bf16" if narrow(state) else state.precision
        if uncounted(state):
            found = Footprint(training_state_bytes(model, state.optimizer, precision, precision))
        else:
            found = training_footprint(model, state.n, state.batch, precision, state.optimizer,
                                       recompute=state.recompute, dropout=not model.gated)
    return Footprint(found.parts, chip.memory_bytes, state.accelerator)


def kinds(found):
    """dict: the five kinds of the picture -> bytes."""
    from helpers.figures.memory import by_kind
    return by_kind(found.parts)


@lru_cache(maxsize=256)
def over_lengths(state):
    """Totals over the lengths of the lower picture, in GB, and what is there at any length."""
    found = kinds(footprint(state))
    fixed = sum(found[kind] for kind in ("weights", "gradients", "optimizer")) / 1e9
    return [footprint(replace(state, n=n)).total_bytes / 1e9 for n in GRID], fixed


def largest(state, field):
    """The largest n or batch, within the slider's range, with which the state fits; 0 if none does.

    >>> largest(MemoryState(recompute="selective"), "batch")
    18
    """
    state = replace(state, **{field: 1})
    return _largest(state, field, LENGTHS[-1] if field == "n" else BATCHES[-1])


@lru_cache(maxsize=1024)
def _largest(state, field, most):
    def fits(value):
        return footprint(replace(state, **{field: value})).fits
    if not fits(1):
        return 0
    low, high = 1, most + 1  # low fits, high does not or is out of range
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def most_text(state, field):
    """`largest` as text."""
    found, end = largest(state, field), LENGTHS[-1] if field == "n" else BATCHES[-1]
    return "none: it does not fit" if not found else f"{end:,} or more" if found == end else f"{found:,}"


def right_end(state):
    """The right end of the bar, in memories of the accelerator: the first of a few that holds the total."""
    found = footprint(state)
    return next(end for end in ENDS if found.total_bytes <= end * found.memory_bytes / 1.02)


def verdict(found):
    share = found.total_bytes / found.memory_bytes
    times = "under 1 %" if share < 0.005 else f"{share:.0%}".replace("%", " %") if share < 10 else f"{share:,.0f} times"
    return f"{gigabytes(found.total_bytes)} is {times} of it: {'it fits' if found.fits else 'it does not fit'}"


def gigabytes(size):
    """Bytes as text in GB.

    >>> gigabytes(98_343_627_776), gigabytes(250_000_000)
    ('98.3 GB', '0.25 GB')
    """
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e9:.2g} GB"
