"""ShrinkExplorer: a cost is above a limit; by how much must each lever fall, alone? Lesson 14."""

from functools import lru_cache

from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import Choice, Number, powers_of_two, slider
from helpers.explorers.scene import BLUE, FAINT, INK, ORANGE, PALE, Page
from helpers.published import ACCELERATORS, MODELS
from helpers.shrinking import (COUNTED, LEVERS, Job, buildable_values, elasticity, job_cost,
                               largest_within)
from helpers.words import number, percent, power

NAMES = ("GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B",
         "Llama-3 405B", "Mistral 7B", "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V3")
SCALES = {"FLOPs": ("TFLOPs", 1e12), "bytes": ("GB", 1e9), "seconds": ("ms", 1e-3)}
LEFT, WIDE, TOP, STEP = 140, 250, 74, 40  # of the bars, in pixels


def view(s, before):
    """One bar a lever: what may be left of it, and by how much it must fall."""
    asked = job_of(s)
    words, base = COUNTED[s.counted]
    unit, scale = SCALES[base]
    today, limit = job_cost(asked), s.limit * scale
    fits = unit == s.unit  # a limit in another unit says nothing of this cost
    found = {lever: shrunk(asked, lever, limit) for lever in LEVERS} if fits else {}
    was = ({lever: left_of(shrunk(job_of(before), lever, before.limit * scale)) for lever in LEVERS}
           if fits and before and (before.counted, before.unit) == (s.counted, s.unit) else {})

    page = Page()
    page.words(LEFT, 48, "what may be left of the lever", 12, FAINT)
    page.words(LEFT + WIDE + 14, 48, "today → within the limit", 12, FAINT)
    page.words(686, 48, "1 % less saves", 12, FAINT, "end")
    for row, lever in enumerate(LEVERS):
        y = TOP + STEP * row
        page.words(14, y, LEVERS[lever][0], 13, bold=True)
        page.words(686, y, f"{pull_text(elasticity(asked, lever))} %", 13, anchor="end")
        page.box(LEFT, y - 13, WIDE, 26, PALE)
        if not fits:
            continue
        left, stuck = left_of(found[lever]), len(buildable_values(asked, lever)) == 1
        page.box(LEFT, y - 13, WIDE * (left or 1), 26, BLUE if left else ORANGE, hatched=not left,
                 says=meeting(asked, found[lever]))
        if was.get(lever):
            at = LEFT + WIDE * was[lever]
            page.line([(at, y - 16), (at, y + 16)], INK, 3, fade=0.4)
        if left and left < 1:
            inside = left > 0.5
            page.words(LEFT + WIDE * left + (-6 if inside else 6), y,
                       f"must fall by {percent(1 - left)}", 12, "white" if inside else INK,
                       "end" if inside else "start")
        page.words(LEFT + WIDE + 14, y, meeting(asked, found[lever]).partition(":")[0] if not stuck
                   else "cannot be less", 12)

    falls = {lever: 1 - left_of(found[lever]) for lever in found if left_of(found[lever])}
    most = max(LEVERS, key=lambda lever: elasticity(asked, lever))
    shown = {f"today ({base})": f"{today:,}" if isinstance(today, int) else f"{today:.4g}",
             f"limit ({s.unit})": size_text(s.limit)}
    shown["of the limit"] = (percent(today / limit) if fits else
                             f"a limit in {s.unit} says nothing of {unit}")
    shown |= {f"{LEVERS[lever][0]} ({LEVERS[lever][1]})": meeting(asked, one)
              for lever, one in found.items()}
    shown |= {f"elasticity of {name}": f"{float(elasticity(asked, lever)):.3f}"
              for lever, (name, _) in LEVERS.items()}
    if not fits:
        pull = pull_text(elasticity(asked, most))
        title = f"{LEVERS[most][0].capitalize()} pulls most: 1 % less saves {pull} %"
        end = f"a limit in {s.unit} says nothing of it: choose {unit}"
    elif today <= limit:
        title = "The limit is met: nothing must shrink"
        end = f"within the limit of {size_text(s.limit)} {unit}"
    else:
        least = min(falls, key=falls.get) if falls else None
        title = f"To save {percent(1 - limit / today)}" + (
            f", {LEVERS[least][0]} must fall least: by {percent(falls[least])}" if falls
            else " is more than any lever can alone")
        end = (f"the limit is {size_text(s.limit)} {unit}; {len(falls) or 'none'} of {len(LEVERS)} "
               "levers can meet it alone")
    said = f"{s.model}, {words}: {size_text(today / scale)} {unit}; {end}."
    return View(page, title, said, shown)


@lru_cache(maxsize=4096)
def job_of(s):
    """The `Job` of a state: causal, in 16 bits."""
    return Job(MODELS[s.model], s.counted, s.n, s.batch, 16, s.accelerator)


shrunk = lru_cache(maxsize=8192)(largest_within)


def left_of(found):
    """What share of a lever may be left, or None where no value meets the limit."""
    return None if found.value is None else found.value / found.before


def meeting(asked, found):
    """A lever's value that meets the limit, and what that saves."""
    if len(buildable_values(asked, found.lever)) == 1:
        none = found.lever == "groups" and asked.model.is_latent
        return f"{'no groups' if none else f'{found.before:,}'}: cannot be less"
    if found.value is None:
        return f"{found.before:,} → none: saves at most {percent(found.saved)}"
    if found.value == found.before:
        return f"{found.before:,} meets it"
    return f"{found.before:,} → {found.value:,}: saves {percent(found.saved)}"


def size_text(value):
    """A cost in its unit: 24.0, or 2.20·10¹⁰ where that is shorter."""
    return number(value) if 1e-3 <= value < 1e7 else power(value)


def pull_text(pull):
    """An elasticity: 1.93, or "under 0.01"."""
    return "0" if pull == 0 else "<0.01" if pull < 0.01 else f"{float(pull):.2f}"


class ShrinkExplorer(Explorer):
    """A limit on a cost: by how much must each lever fall, alone, and which pulls most.

    Costs are those of `helpers.shrinking.job_cost`: causal, in 16 bits. The limit keeps its unit.

    >>> ShrinkExplorer().numbers()["length n (tokens)"]
    '131,072 → 60,573: saves 27.8 %'
    """

    view = staticmethod(view)
    controls = (
        Choice("model", "model", {name: name for name in NAMES}, "Llama-3 8B"),
        Choice("counted", "cost", {key: f"{words} ({SCALES[base][0]})"
                                   for key, (words, base) in COUNTED.items()}, "memory"),
        Number("limit", "limit", "", 1e-6, 1e9, 24),
        Choice("unit", "limit's unit", {unit: unit for unit, _ in SCALES.values()}, "GB"),
        slider("n", "sequence length n", "tokens", powers_of_two(16, 2**20), 131_072),
        slider("batch", "batch b", "sequences", powers_of_two(1, 4_096), 1),
        Choice("accelerator", "accelerator", {name: name for name in ACCELERATORS}, "H100 SXM"),
    )
    presets = {name: dict(zip(("model", "counted", "limit", "unit", "n", "batch"), values))
               for name, values in {
        "Llama-3 8B with 128 k into 24 GB": ("Llama-3 8B", "memory", 24, "GB", 131_072, 1),
        "GPT-2, a forward pass of 0.1 TFLOPs": ("GPT-2", "forward", 0.1, "TFLOPs", 1_024, 1),
        "Llama-3 70B, its cache into 8 GB": ("Llama-3 70B", "cache", 8, "GB", 131_072, 1),
        "Mixtral 8x7B, its weights into 24 GB": ("Mixtral 8x7B", "weights", 24, "GB", 8_192, 1),
        "Llama-3 8B, four prompts read in 200 ms": ("Llama-3 8B", "read", 200, "ms", 8_192, 4),
        "Llama-2 7B, a token for 16 users in 5 ms": ("Llama-2 7B", "write", 5, "ms", 4_096, 16),
        "DeepSeek-V3, its cache into 40 GB": ("DeepSeek-V3", "cache", 40, "GB", 131_072, 16),
    }.items()}
