"""BudgetExplorer: what can these accelerators train in this time, does it fit, what does it cost? Lesson 14."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf

from helpers.explorers.amounts import amount, assumed, bytes_text, days_text, money, power, short
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Number, Slider, one_two_five, powers_of_two
from helpers.explorers.memory import kinds
from helpers.words import plural
from helpers import planning
from helpers.memory import fits
from helpers.planning import ASSUMED_USD_PER_HOUR
from helpers.published import ACCELERATORS, rows

KINDS = ("weights", "gradients", "optimizer", "activations, logits")
FITTED = 16e9  # parameters of the largest model that the laws were fitted to: Hoffmann et al. 2022, section 3
NATS = 0.01  # how much above the best loss still counts as good
SIZES = tuple(round(10 ** (1 + step / 8)) for step in range(17))  # percent of the best N: 10 … 1,000
BUDGETS, MODEL_SIZES = (1e18, 1e28), (2e6, 1e14)  # the map's axes
HEIGHTS = (0.1, 0.2, 0.6)  # nats: the valley's axis
GRID = tuple(10 ** (step / 24 - 1) for step in range(49))  # N in multiples of the best: 0.1 … 10
# where a name stands beside its point on the map, in points
NAMES = {"GPT-3 Small": (-49, -12), "GPT-3 175B": (-58, 3), "Chinchilla 70B": (8, -13), "PaLM 540B": (-56, 3), "Llama-3 8B": (7, -4),
         "Llama-3 405B": (-3, -13)}


@dataclass(frozen=True)
class BudgetState:
    """devices in accelerators, days, utilisation and size in percent, n in tokens, price in USD for an hour of one."""

    devices: int = 8
    accelerator: str = "H100 SXM"
    days: int = 7
    utilisation: int = 40
    law: str = "refitted"
    size: int = 100
    block: str = "Llama-2"
    n: int = 4_096
    recompute: str = "none"
    price: float = ASSUMED_USD_PER_HOUR


@dataclass(frozen=True)
class Plan:
    """What follows from a state: the budget, the best split, the one asked for, its shape, time, memory and money."""

    flops: float
    best: object
    asked: object
    flat: tuple
    model: object
    exact: float
    days: float
    footprint: object
    least_devices: object
    least_fused: object  # as least_devices, with attention that stores no scores
    scores: int  # bytes that it would not store
    price: float


def asked(state):
    """FLOPs of the budget, their best split, and the split asked for."""
    flops = planning.budget_flops(state.accelerator, state.devices, state.days, state.utilisation / 100)
    best = planning.optimal_split(state.law, flops)
    return flops, best, planning.split_at(state.law, flops, best.parameters * state.size / 100)


@lru_cache(maxsize=512)
def plan(state):
    """The `Plan` of a state.

    >>> found = plan(BudgetState())
    >>> f"{found.flops:.3g}", found.model.n_layers, found.model.d_model
    ('1.91e+21', 27, 3328)
    """
    flops, best, split = asked(state)
    model = planning.buildable_shape(split.parameters, state.block, state.n)
    exact = model.training_flops(state.n, recompute=state.recompute) * split.tokens / state.n
    days = planning.days_of(exact, state.accelerator, state.devices, state.utilisation / 100)
    held, fused = (fits(model, state.accelerator, state.n, training=True, recompute=state.recompute, fused=fused,
                        dropout=not model.gated, devices=state.devices) for fused in (False, True))
    least = [planning.devices_to_hold(model, state.n, state.accelerator, state.recompute, fused) for fused in (False, True)]
    return Plan(flops, best, split, planning.flat_range(state.law, flops, NATS), model, exact, days, held, *least,
                held.total_bytes - fused.total_bytes, 24 * days * state.devices * state.price)


class BudgetExplorer(Explorer):
    """From accelerators and days to a model: its size, its tokens, a shape that can be built, memory and money.

    `BudgetExplorer(devices=1_024, days=30)` starts at a budget. Utilisation: the share of the dense 16-bit peak at which
    the chips work, recomputation included (hardware utilisation; papers mostly print the model's, which leaves it out).
    Size: the model that you ask for, in percent of the compute-optimal one; the tokens follow from 6·N·D = C. The shape's
    exact FLOPs then correct the days: the whole square of n² pairs, as published utilisations count it, and what is
    recomputed. Memory: mixed-precision Adam, the states divided evenly over all accelerators, one layer gathered, one
    sequence of n tokens on each. The price is yours; its start is an assumption, for chips of H100's class.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> BudgetExplorer().numbers()["compute-optimal N (parameters)"]
    '3.88 billion'
    >>> BudgetExplorer(devices=0)
    Traceback (most recent call last):
    ValueError: devices = 0 is out of range: accelerators is a whole number from 1 to 50,000 chips.
    """

    State = BudgetState
    title = "What a budget trains"
    controls = (
        Slider("devices", "accelerators", "chips", tuple(sorted({*one_two_five(1, 50_000), *powers_of_two(1, 40_000)}))),
        Choice("accelerator", "kind", {name: name for name in ACCELERATORS}),
        Slider("days", "time", "days", (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)),
        Slider("utilisation", "utilisation", "% of the peak", tuple(range(10, 101, 5))),
        Choice("law", "law", {"published": "published", "refitted": "refitted"}),
        Slider("size", "model size", "% of the best N", SIZES),
        Choice("block", "block", {name: f"as {name}'s" for name in planning.BLOCKS}),
        Slider("n", "sequence length n", "tokens", tuple(powers_of_two(512, 131_072))),
        Choice("recompute", "recomputation", {"none": "none", "selective": "selective", "full": "full"}),
        Number("price", "your price", "USD an hour", low=0.01, high=1000),
    )
    presets = {
        "8 H100 for a week": dict(devices=8, accelerator="H100 SXM", days=7, utilisation=40, law="refitted", size=100, block="Llama-2", n=4_096,
                                  recompute="none"),
        "GPT-3's FLOPs, on 1,040 A100": dict(devices=1_040, accelerator="A100 80GB", days=28, utilisation=40, law="refitted", size=100,
                                             block="GPT-3", n=2_048, recompute="selective"),
        "Chinchilla's FLOPs, on 782 H100": dict(devices=782, accelerator="H100 SXM", days=22, utilisation=40, law="refitted", size=100,
                                                block="GPT-3", n=2_048, recompute="selective"),
        "PaLM's FLOPs, on 2,657 TPU v5p": dict(devices=2_657, accelerator="TPU v5p", days=60, utilisation=40, law="refitted", size=100,
                                               block="GPT-3", n=2_048, recompute="selective"),
        "Llama-2 70B's hours of A100": dict(devices=2_048, accelerator="A100 80GB", days=35, utilisation=43, law="refitted", size=100,
                                            block="Llama-2", n=4_096, recompute="full"),
        "Llama-3 8B's FLOPs and size": dict(devices=1_007, accelerator="H100 SXM", days=21, utilisation=40, law="refitted", size=10,
                                            block="Llama-2", n=8_192, recompute="selective"),
    }
    trained = dict(zip(list(presets)[1:], ("GPT-3 175B", "Chinchilla 70B", "PaLM 540B", "Llama-2 70B", "Llama-3 8B")))

    def consistent(self, state):
        """The positions that GPT-3's block learns can be more than the whole model that a small budget trains."""
        least, size = planning.smallest_shape(state.block, state.n), asked(state)[2].parameters
        if size < least.parameters():
            raise ValueError(
                f"n = {state.n:,} and block = {state.block!r} contradict this budget: it trains {amount(size)} parameters, but the "
                f"smallest such model has {amount(least.parameters())}, {amount(64 * least.max_positions)} of them for the positions "
                "that it learns. Choose a shorter n, Llama-2's block or a larger budget.")

    def frame(self, state):
        return state.law, height(state)

    def build(self, figure, state):
        from matplotlib.patches import Rectangle

        from helpers.figures.memory import key_of_kinds
        from helpers.figures.planning import LAW_LOOKS, RULE, budget_map, memory_bar, valley

        (colour, dash), (faint, dash_of_other) = LAW_LOOKS[state.law], LAW_LOOKS[other_law(state.law)]
        over = budget_map(figure, [0.08, 0.135, 0.415, 0.72], *map_data(), (BUDGETS, MODEL_SIZES), NAMES, FITTED)
        side = valley(figure, [0.605, 0.53, 0.37, 0.275], height(state))
        parts, limit = memory_bar(figure, [0.605, 0.135, 0.37, 0.12], KINDS)
        for row in (0, 2):
            key_of_kinds(figure, 0.375 - 0.02 * row, 0.605, KINDS[row:row + 2])
        figure.text(0.605, 0.825, f"within {NATS} nat:", fontsize=10, va="bottom")
        dot = dict(linestyle="none", marker="o", markersize=9, color=colour, markeredgecolor="white")
        return {
            "line": over.plot([], [], color=RULE, linewidth=1.2, linestyle=(0, (3, 2))),
            "point": over.plot([], [], **dot),
            "band": side.add_patch(Rectangle((0.5, 0), 1, height(state), color=colour, alpha=0.15, linewidth=0)),
            "other": side.plot([], [], color=faint, linestyle=dash_of_other, linewidth=1.6),
            "valley": side.plot([], [], color=colour, linestyle=dash),
            "here": side.plot([], [], **dot, clip_on=False),
            "parts": parts, "limit": limit,
            "title": [figure.text(x, 0.975, "", fontsize=12, weight="bold", va="top", ha=end)
                      for x, end in ((0.02, "left"), (0.975, "right"))],
            "flat": figure.text(0.772, 0.825, "", fontsize=10, va="bottom"),
            "verdict": figure.text(0.605, 0.265, "", fontsize=10, va="bottom"),
        }

    def update(self, artists, state):
        found = plan(state)
        artists["line"][0].set_data([found.flops, found.flops], [MODEL_SIZES[0], found.asked.parameters])
        artists["point"][0].set_data([found.flops], [found.asked.parameters])
        for name, law in (("valley", state.law), ("other", other_law(state.law))):
            artists[name][0].set_data(GRID, [min(loss, 2 * HEIGHTS[-1]) for loss in extra_losses(law, state.law, found.flops)])
        low, high = (max(0.1, min(10, end / found.best.parameters)) for end in found.flat)
        artists["band"].set(x=low, width=high - low)
        artists["here"][0].set_data([state.size / 100], [found.asked.loss - found.best.loss])
        left = 0.0
        for kind, patch in zip(KINDS, artists["parts"]):
            size = 100 * kinds(found.footprint)[kind] / found.footprint.memory_bytes
            patch.set(x=left, width=min(size, 1e3))  # the axis ends before
            left += size
        artists["title"][0].set_text(f"{short(found.asked.parameters)} parameters on {short(found.asked.tokens)} tokens")
        artists["title"][1].set_text(f"{days_text(found.days)}, {money(found.price, short)} USD")
        artists["flat"].set_text(f"{short(found.flat[0])} to {short(found.flat[1])}")
        artists["verdict"].set_text(verdict(found))

    def sentence(self):
        state, found = self.state, plan(self.state)
        model, best, asked = found.model, found.best, found.asked
        said = [f"{state.devices:,} {state.accelerator} for {plural(state.days, 'day')} at {state.utilisation} % of the peak give "
                f"{power(found.flops)} FLOPs. The {state.law} law spends them best on {amount(best.parameters)} parameters and "
                f"{amount(best.tokens)} tokens, {best.tokens_per_parameter:,.0f} for each; any size from {amount(found.flat[0])} "
                f"to {amount(found.flat[1])} is within {NATS} nat of it."]
        if max(best.parameters, asked.parameters) > FITTED:
            said.append(f"That is extrapolated: the models that were fitted end at {amount(FITTED)}.")
        if state.size != 100:
            said.append(f"You ask for {state.size:,} % of that size: {amount(asked.parameters)} parameters on {amount(asked.tokens)} "
                        f"tokens, {asked.loss - best.loss:.3f} nats worse.")
        said.append(f"A shape: {plural(model.n_layers, 'layer')} of width {model.d_model:,} with "
                    f"{plural(model.n_heads, 'head')}, {amount(model.parameters())} parameters. Its own FLOPs, "
                    f"all n² pairs{' and what is recomputed' if state.recompute != 'none' else ''} among them, are "
                    f"{found.exact / found.flops:.2f} times the budget, so it takes {days_text(found.days)} and costs "
                    f"{money(found.price)} USD, at {state.price:,g} USD an hour for each "
                    f"({assumed(state.price, state.accelerator)}).")
        said.append(fit_sentence(state, found))
        theirs = self.published()
        if theirs:
            hours = theirs.accelerator_hours
            said.append(f"With these FLOPs, as 6ND counts them, {theirs.name} was trained: {amount(theirs.parameters)} parameters, "
                        f"{amount(theirs.tokens)} tokens" + (f", in {hours:,} hours of accelerators, {days_text(hours / 24 / state.devices)} "
                        f"of so many. {state.utilisation} % is the model's utilisation: n² and recomputation come on top here."
                        if hours else "."))
        return " ".join(said)

    def published(self):
        """What was trained with the FLOPs of the preset at hand, a row of trained_models, or None."""
        name = self.trained.get(self.preset_name())
        return next((row for row in rows("trained_models") if row.name == name), None)

    def numbers(self):
        state, found = self.state, plan(self.state)
        other = planning.optimal_split(other_law(state.law), found.flops)
        spread = planning.bootstrap_optima(found.flops)
        return {
            "budget C (FLOPs)": power(found.flops),
            "compute-optimal N (parameters)": amount(found.best.parameters),
            "compute-optimal D (tokens)": amount(found.best.tokens),
            f"N by the {other_law(state.law)} law (parameters)": amount(other.parameters),
            "N by ten refits of resampled data": f"{amount(spread[0])} to {amount(spread[-1])}",
            "N asked for (parameters)": amount(found.asked.parameters),
            "D for it (tokens)": amount(found.asked.tokens),
            "predicted loss (nats per token)": f"{found.asked.loss:.3f}",
            "buildable N (parameters)": f"{found.model.parameters():,}",
            "its training (FLOPs)": power(found.exact),
            "its training (days)": f"{found.days:,.2f}",
            "one accelerator holds (GB)": f"{found.footprint.total_bytes / 1e9:,.1f} of {found.footprint.memory_bytes / 1e9:,.0f}",
            "accelerators that it needs to fit": "no number" if found.least_devices == inf else f"{found.least_devices:,}",
            "price (USD)": money(found.price),
        }


def other_law(law):
    """The other of the two laws."""
    return "published" if law == "refitted" else "refitted"


@lru_cache(maxsize=1)
def map_data():
    """What the map draws: the laws' lines, the spread of ten refits, and what was trained."""
    budgets = [BUDGETS[0] * (BUDGETS[1] / BUDGETS[0]) ** (step / 40) for step in range(41)]
    lines = {law: (budgets, [planning.optimal_split(law, flops).parameters for flops in budgets]) for law in ("published", "refitted")}
    spread = [planning.bootstrap_optima(flops) for flops in budgets]
    points = {row.name: (6 * row.parameters * row.tokens, row.parameters) for row in rows("trained_models") if row.name in NAMES}
    return lines, (budgets, [sizes[0] for sizes in spread], [sizes[-1] for sizes in spread]), points


@lru_cache(maxsize=512)
def extra_losses(law, main, flops):
    """Nats above the law's own best, over N in multiples (`GRID`) of the main law's best N."""
    best, centre = planning.optimal_split(law, flops), planning.optimal_split(main, flops).parameters
    return tuple(planning.split_at(law, flops, times * centre).loss - best.loss for times in GRID)


def height(state):
    """The top of the valley's axis, in nats: the first of a few that holds the main law's curve."""
    ends = extra_losses(state.law, state.law, plan(state).flops)
    return next(top for top in HEIGHTS if max(ends[0], ends[-1]) <= top or top == HEIGHTS[-1])


def verdict(found):
    """Above the memory bar, in a few words."""
    held, memory = bytes_text(found.footprint.total_bytes), f"{found.footprint.memory_bytes / 1e9:,.0f} GB"
    return f"{held} of {memory}: {'it fits' if found.footprint.fits else 'too much'}"


def fit_sentence(state, found):
    """Does it fit, and on how many?"""
    each, memory = bytes_text(found.footprint.total_bytes), f"{found.footprint.memory_bytes / 1e9:,.0f}"
    least = found.least_devices
    if least == inf:
        spared = ", even with the kernel of lesson 09, which stores no scores: "
        if found.least_fused < inf:
            spared = (f". {bytes_text(found.scores)} of it are scores, which the kernel of lesson 09 never stores: with it, "
                      f"{found.least_fused:,} would do. Or ")
        return (f"Each accelerator would hold {each} of its {memory} GB: one sequence alone is too much, however many share the "
                f"rest{spared}{'' if state.recompute == 'full' else 'recompute more, '}take a shorter n, a smaller model or divide "
                "the layers, which is not counted here.")
    if found.footprint.fits:
        fewest = f", as it would on {least:,}" if least < state.devices else ""
        return f"Each accelerator holds {each} of its {memory} GB: it fits{fewest}."
    return f"Each accelerator would hold {each} of its {memory} GB: it does not fit; from {least:,} accelerators on it would."
