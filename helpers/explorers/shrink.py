"""ShrinkExplorer: a cost is above a limit; which lever brings it under, alone, and which pulls most? Lesson 14."""

from dataclasses import dataclass
from functools import lru_cache

from helpers.explorers.amounts import power
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, MultiChoice, Number, Slider, powers_of_two
from helpers.explorers.amounts import number
from helpers.words import plural
from helpers.shrinking import COUNTED, LEVERS, Job, buildable_values, elasticity, job_at, job_cost, largest_within, lever_value
from helpers.published import ACCELERATORS, MODELS

NAMES = ("GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-2 7B", "Llama-3 8B", "Llama-3 70B", "Llama-3 405B", "Mistral 7B",
         "Qwen2.5 7B", "Mixtral 8x7B", "DeepSeek-V3")
LENGTHS = tuple(sorted({100, 1_000, 10_000, 100_000, *powers_of_two(16, 2**20)}))
BATCHES = tuple(powers_of_two(1, 4_096))
UNITS = {"forward": ("TFLOPs", 1e12), "weights": ("GB", 1e9), "cache": ("GB", 1e9), "memory": ("GB", 1e9), "read": ("s", 1),
         "write": ("ms", 1e-3)}
# lever: colour, dash, marker
LOOKS = {"n": ("#D55E00", "-", "s"), "batch": ("#6b6b6b", (0, (6, 1, 1, 1, 1, 1)), "v"), "window": ("#AA4499", "-.", "D"),
         "d": ("#0072B2", "--", "o"), "layers": ("#009E73", ":", "^"), "heads": ("#8c510a", (0, (3, 1)), "P"),
         "groups": ("#000000", (0, (5, 1.5, 1, 1.5)), "X"), "bits": ("#5e3c99", (0, (8, 2, 2, 2)), "p")}
LEAST, LOW, HIGH, INK = 64, 1 / 80, 1.4, "#333333"  # curves end at 1/64; the vertical axis


@dataclass(frozen=True)
class ShrinkState:
    """limit in the unit of what is counted (`UNITS`); n in tokens, batch in sequences; levers: keys of LEVERS, one to five."""

    model: str = "Llama-3 8B"
    counted: str = "memory"
    limit: float = 24
    n: int = 131_072
    batch: int = 1
    accelerator: str = "H100 SXM"
    levers: tuple = ("n", "d", "layers", "groups", "bits")


class ShrinkExplorer(Explorer):
    """A limit in FLOPs, bytes or seconds: which lever meets it alone, at a value that can be built, and which pulls most.

    `ShrinkExplorer(model="Llama-3 70B", counted="cache", limit=8)` starts there; the limit is in TFLOPs, GB, s or ms,
    as the choice of what is counted says. Costs are those of `helpers.shrinking.job_cost`: causal, in 16 bits,
    every latent or mixed expert as `Transformer` counts it. All curves start where the
    lever and the cost are what they are today; a curve's slope there is the elasticity.

    Raises `ValueError` that names the argument, the value and what would be right.

    >>> explorer = ShrinkExplorer()
    >>> explorer.numbers()["length n (tokens)"]
    '131,072 → 60,573: saves 27.8 %'
    >>> ShrinkExplorer(limit=0)
    Traceback (most recent call last):
    ValueError: limit = 0 is out of range: limit is a number from 1e-6 to 1,000,000,000 TFLOPs, GB, s or ms.
    """

    State = ShrinkState
    title = "Which lever brings a cost under a limit"
    controls = (
        Choice("model", "model", {name: name for name in NAMES}),
        Choice("counted", "what is counted", {key: f"{words} ({UNITS[key][0]})" for key, (words, _) in COUNTED.items()}),
        Number("limit", "limit", "TFLOPs, GB, s or ms", low=1e-6, high=1e9),
        Slider("n", "sequence length n", "tokens", LENGTHS),
        Slider("batch", "batch b", "sequences", BATCHES),
        Choice("accelerator", "accelerator, for seconds", {name: name for name in ACCELERATORS}),
        MultiChoice("levers", "levers", {key: words for key, (words, *_) in LEVERS.items()}),
    )
    presets = {
        "Llama-3 8B with 128 k into 24 GB": dict(model="Llama-3 8B", counted="memory", limit=24, n=131_072, batch=1),
        "GPT-2, a forward pass of 0.1 TFLOPs": dict(model="GPT-2", counted="forward", limit=0.1, n=1_024, batch=1),
        "Llama-3 70B, its cache into 8 GB": dict(model="Llama-3 70B", counted="cache", limit=8, n=131_072, batch=1),
        "Mixtral 8x7B, its weights into 24 GB": dict(model="Mixtral 8x7B", counted="weights", limit=24, n=8_192, batch=1),
        "Llama-3 8B, four prompts read in 0.2 s": dict(model="Llama-3 8B", counted="read", limit=0.2, n=8_192, batch=4,
                                                        accelerator="H100 SXM"),
        "Llama-2 7B, a token for 16 users in 5 ms": dict(model="Llama-2 7B", counted="write", limit=5, n=4_096, batch=16,
                                                          accelerator="H100 SXM"),
        "DeepSeek-V3, its cache into 40 GB": dict(model="DeepSeek-V3", counted="cache", limit=40, n=131_072, batch=16),
    }

    def frame(self, state):
        return state.counted, state.levers

    def build(self, figure, state):
        from helpers.figures.growth import growth_axes
        from matplotlib.lines import Line2D

        axes = figure.add_axes([0.12, 0.145, 0.515, 0.70])
        axes.yaxis.set_label_coords(0.022, 0.495, transform=figure.transFigure)
        growth_axes(axes)
        axes.set(xlim=(1.06, 1 / LEAST / 1.06), ylim=(LOW, HIGH), xlabel="what is left of the lever",
                 ylabel=f"{COUNTED[state.counted][0]}, what is left")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks([2.0**-k for k in range(7)], ["1", *(f"1/{2**k}" for k in range(1, 7))])
        head = {"fontsize": 9.5, "va": "center"}
        figure.text(0.655, 0.866, "value within the limit", fontsize=9, color=INK, va="center")
        figure.text(0.985, 0.866, "elasticity", fontsize=9, color=INK, va="center", ha="right")
        artists = {"limit": axes.plot([], [], color="black", linewidth=1.5, linestyle="-"), "lines": [], "marks": [],
                   "pulls": [], "values": []}
        for row, lever in enumerate(state.levers):
            colour, dash, marker = LOOKS[lever]
            y = 0.80 - 0.145 * row
            figure.add_artist(Line2D([0.657, 0.7, 0.743], [y] * 3, color=colour, linestyle=dash, linewidth=2,
                                     marker=marker, markevery=[1], markersize=7, transform=figure.transFigure))
            small = {"marker": marker, "markersize": 4} if lever in ("groups", "bits") else {}
            artists["lines"] += axes.plot([], [], color=colour, linestyle=dash, linewidth=2, label=lever, **small)
            artists["marks"] += axes.plot([], [], color=colour, linestyle="none", marker=marker, markersize=10,
                                          markeredgecolor="white")
            figure.text(0.757, y, LEVERS[lever][0], color=colour, **head)
            artists["pulls"].append(figure.text(0.985, y, "", color=colour, ha="right", **head))
            artists["values"].append(figure.text(0.657, y - 0.06, "", color=INK, **head))
        figure.add_artist(Line2D([0.12, 0.155], [0.866] * 2, color="black", linewidth=1.5, linestyle="-", transform=figure.transFigure))
        artists["words"] = figure.text(0.165, 0.866, "", fontsize=9.5, color="black", va="center")
        artists["title"] = figure.text(0.02, 0.975, "", fontsize=12, weight="bold", va="top")
        return artists

    def update(self, artists, state):
        unit, scale = UNITS[state.counted]
        asked = job(state)
        today = job_cost(asked)
        share = state.limit * scale / today
        artists["limit"][0].set_data([1.06, 1 / LEAST / 1.06], [share if LOW <= share <= HIGH else float("nan")] * 2)
        artists["words"].set_text(f"limit {size(state.limit)} {unit}, today {size(today / scale)} {unit}"
                                  + (" ↑" if share > HIGH else " ↓" if share < LOW else ""))
        for lever, line, mark, pull, value in zip(state.levers, *(artists[key] for key in ("lines", "marks", "pulls", "values"))):
            line.set_data(*curve(asked, lever))
            found = shrunk(state, lever)
            left = found.cost / today
            seen = found.value is not None and found.value != found.before and found.value * LEAST >= found.before and left >= LOW
            mark.set_data(*(([found.value / found.before], [left]) if seen else ([], [])))
            pull.set_text(pulling(elasticity(asked, lever)))
            value.set_text(meeting(state, found))
        artists["title"].set_text(heading(state))

    def sentence(self):
        state, asked = self.state, job(self.state)
        unit, scale = UNITS[state.counted]
        today, words = job_cost(asked) / scale, COUNTED[state.counted][0]
        what = {"forward": f"A forward pass of {plural(state.batch, 'sequence')} of {state.n:,} tokens through {state.model} takes",
                "read": f"On one {state.accelerator}, {state.model} reads {plural(state.batch, 'prompt')} of {state.n:,} tokens in at least",
                "write": f"On one {state.accelerator}, {state.model} writes one token for {plural(state.batch, 'sequence')} of {state.n:,} tokens "
                         "in at least", "weights": f"The weights of {state.model} take"}.get(
            state.counted, f"The {words} of {state.model} with {plural(state.batch, 'sequence')} of {state.n:,} tokens "
            f"take{'s' * (state.counted == 'cache')}")
        said = [f"{what} {size(today)} {unit}; the limit is {size(state.limit)} {unit}."]
        if today <= state.limit:
            said.append("It is met already.")
        else:
            good, bad = [], []
            for lever in state.levers:
                found, name = shrunk(state, lever), LEVERS[lever][0]
                if found.value is not None:
                    good.append(f"{name} = {found.value:,} instead of {found.before:,} (saves {percent(found.saved)})")
                elif lever in loose(state):
                    bad.append(f"{name} (leaves {size(found.cost / scale)} {unit} at the least)" if found.saved else
                               f"{name} (changes nothing)")
            if good:
                said.append(f"Alone, it is met by {_listed(good, ' or ')}." + (f" Never by {_listed(bad, ' or ')}." if bad else ""))
            else:
                said.append("No lever of these meets it alone" + (f", not even {_listed(bad, ' or ')}." if bad else "."))
        said.append(_pulls(state))
        latent = MODELS[state.model].is_latent and "groups" in state.levers
        stuck = [f"{LEVERS[lever][0]} = {lever_value(asked, lever):,}" for lever in state.levers
                 if lever not in loose(state) and not (latent and lever == "groups")]
        if stuck:
            said.append(f"{_capital(_listed(stuck, ' and '))} cannot be less.")
        if latent:
            said.append("Latent attention caches no heads, so it has no groups to share.")
        if state.counted == "weights":
            said.append("Sequences change no weights.")
        if state.counted not in ("read", "write"):
            said.append("The accelerator counts for seconds alone.")
        return " ".join(said)

    def numbers(self):
        state, asked = self.state, job(self.state)
        unit, scale = UNITS[state.counted]
        base = COUNTED[state.counted][1]
        today = job_cost(asked)
        shown = {f"today ({base})": f"{today:,}" if isinstance(today, int) else f"{today:.4g}",
                 f"limit ({unit})": size(state.limit), "of the limit": percent(today / scale / state.limit)}
        for lever in state.levers:
            words, of = LEVERS[lever]
            shown[f"{words} ({of})"] = meeting(state, shrunk(state, lever), True)
        return shown | {f"elasticity of {LEVERS[lever][0]}": f"{float(elasticity(asked, lever)):.3f}" for lever in state.levers}


@lru_cache(maxsize=4096)
def job(state):
    """The `Job` of a state."""
    return Job(MODELS[state.model], state.counted, state.n, state.batch, 16, state.accelerator)


@lru_cache(maxsize=8192)
def shrunk(state, lever):
    """`largest_within` for a lever of a state."""
    return largest_within(job(state), lever, state.limit * UNITS[state.counted][1])


@lru_cache(maxsize=2048)
def curve(asked, lever):
    """Shares of today's value that can be built, from 1 down to 1/64, and the shares of today's cost there."""
    values, top = buildable_values(asked, lever), lever_value(asked, lever)
    if len(values) > 40:
        wanted = (len(values) * (1 - 2 ** (-k / 4)) for k in range(25))  # all of these levers have evenly spaced values
        values = [values[place] for place in sorted({min(round(place), len(values) - 1) for place in wanted})]
    values = [value for value in values if value * LEAST >= top]
    return [value / top for value in values], [job_cost(job_at(asked, lever, value)) / job_cost(asked) for value in values]


def heading(state):
    """The finding of a state in one line."""
    asked = job(state)
    pulls = {lever: elasticity(asked, lever) for lever in loose(state)}
    if not any(pulls.values()):
        return "None of these levers moves this cost"
    most = max(pulls, key=pulls.get)
    alike = sum(pulling(pull) == pulling(pulls[most]) for pull in pulls.values())
    who = f"{_capital(LEVERS[most][0])} pulls most" if alike == 1 else f"{('Two', 'Three', 'Four', 'Five')[alike - 2]} levers pull alike"
    saves = f"{who}: 1 % less saves {pulling(pulls[most])} %".replace("under ", "<")
    if job_cost(asked) <= state.limit * UNITS[state.counted][1]:
        return f"{saves}; the limit is met"
    meets = sum(shrunk(state, lever).value is not None for lever in state.levers)
    return f"{saves}; {meets} of {len(state.levers)} meet the limit"


def loose(state):
    """The levers of a state that can be less than they are."""
    return [lever for lever in state.levers if len(buildable_values(job(state), lever)) > 1]


def meeting(state, found, long=False):
    """A lever's value that meets the limit, in a few words."""
    if len(buildable_values(job(state), found.lever)) == 1:
        none = found.lever == "groups" and MODELS[state.model].is_latent
        return f"{'no groups' if none else f'{found.before:,}'}: cannot be less"
    if found.value is None:
        return f"{found.before:,} → none" + (f": saves at most {percent(found.saved)}" if long else f" meets it")
    if found.value == found.before:
        return f"{found.before:,} meets it"
    return f"{found.before:,} → {found.value:,}" + (f": saves {percent(found.saved)}" if long else "")


def size(value):
    """
    >>> size(24), size(33.24), size(2.2e10), size(1e-6)
    ('24.0', '33.2', '2.20·10¹⁰', '1.00·10⁻⁶')
    """
    return number(value) if 1e-3 <= value < 1e7 else power(value)


def pulling(value):
    """
    >>> pulling(1.934), pulling(0), pulling(0.0004)
    ('1.93', '0', 'under 0.01')
    """
    return "0" if value == 0 else "under 0.01" if value < 0.01 else f"{float(value):.2f}"


def percent(share):
    """
    >>> percent(0.278), percent(0.000412), percent(13.8)
    ('27.8 %', '0.0412 %', '1,380 %')
    """
    return f"{number(100 * share)} %" if share < 0.1 else f"{100 * share:,.1f} %" if share < 10 else f"{100 * share:,.0f} %"


def _pulls(state):
    order = sorted(loose(state), key=lambda lever: -elasticity(job(state), lever))
    first = elasticity(job(state), order[0]) if order else 0
    if first == 0:
        return "None of these levers moves it."
    rest = [f"{LEVERS[lever][0]} {pulling(elasticity(job(state), lever))} %" for lever in order[1:]]
    return (f"One percent less of {LEVERS[order[0]][0]} saves {pulling(first)} %" + (f", of {_listed(rest, ', ')}" if rest else "")) + "."


def _capital(words):
    return words[0].upper() + words[1:]


def _listed(items, last):
    return last.join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]
