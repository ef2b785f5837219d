"""BudgetExplorer: how large a model does a budget train, and does the size matter? Lesson 14.

Utilisation: the share of the dense 16-bit peak, recomputation included. Size: in percent of the
best; the tokens follow from 6·N·D = C. Days: those of a shape with Llama-2's block, the whole
square of n² pairs and what is recomputed counted. Does it fit? See MemoryExplorer.
"""

from functools import lru_cache

from helpers import planning
from helpers.explorers.explorer import View
from helpers.explorers.scene import BLUE, FAINT, GREY, ORANGE, PURPLE, Axes, Page
from helpers.memory import TRAINED
from helpers.planning import ASSUMED_ON, ASSUMED_USD_PER_HOUR
from helpers.published import rows
from helpers.words import SHORT, amount, money, number, power, times

FITTED = 16e9  # parameters of the largest model in the fits: Hoffmann et al. 2022, section 3
NATS = 0.01  # how much above the best loss still counts as good
BUDGETS = 1e18, 1e28  # FLOPs; a law's best sizes lie on a straight line between
MULTIPLES = [10 ** (step / 12 - 1) for step in range(25)]  # of the best N
LAWS = {"refitted": (BLUE, ()), "published": (ORANGE, (9, 4))}
# where a name stands beside its point on the map, in pixels, and which end of it
PLACES = {"GPT-3 Small": (7, 9, "start"), "GPT-3 175B": (-8, -5, "end"),
          "Chinchilla 70B": (-8, -4, "end"), "PaLM 540B": (-8, 1, "end"),
          "Llama-3 8B": (8, 4, "start"), "Llama-3 405B": (-4, 17, "start")}


def view(s, before):
    """The map, best sizes over budgets; and the valley, what another size costs at this one."""
    flops, best, asked, flat = split(s)
    other, worse = "published" if s.law == "refitted" else "refitted", asked.loss - best.loss
    page, look = Page(), dict(shape="o", colour=LAWS[s.law][0], size=7)
    over = Axes(page, 74, 46, 280, 298, (*BUDGETS, "log"), (2e6, 1e14, "log"),
                "budget C (FLOPs)", "model size N (parameters)")
    over.curve(BUDGETS, [FITTED] * 2, GREY, (2, 3), 1)
    page.words(80, over.down(FITTED) - 8, "fitted up to 16 B", 11, FAINT, halo=True)
    for law, (colour, dash) in LAWS.items():
        over.curve(BUDGETS, [planning.optimal_split(law, end).parameters for end in BUDGETS],
                   colour, dash, 2.5 if law == s.law else 1.5, law)
    over.curve([flops] * 2, [2e6, asked.parameters], GREY, (3, 3), 1)
    for row in rows("trained_models"):
        if row.name in PLACES:
            x, y = over.at(6 * row.parameters * row.tokens, row.parameters)
            across, down, end = PLACES[row.name]
            page.point(x, y, "D", PURPLE, 3.5, says=f"{row.name}: {amount(row.parameters, SHORT)} "
                       f"parameters, {amount(row.tokens, SHORT)} tokens")
            page.words(x + across, y + down, row.name, 11, FAINT, end, halo=True)
    over.name_ends(size=12)
    valleys = {law: [planning.split_at(law, flops, multiple * best.parameters).loss
                     - planning.optimal_split(law, flops).loss for multiple in MULTIPLES]
               for law in (other, s.law)}
    top = next(top for top in (0.1, 0.2, 0.6, 2) if max(valleys[s.law]) <= top or top == 2)
    side = Axes(page, 500, 160, 186, 184, (0.1, 10, "log"), (-top / 12, top, "linear"),
                "N in multiples of the best", "nats above the best", (0.1, 1, 10),
                (0, top / 2, top))
    low, high = (side.across(min(max(end / best.parameters, 0.1), 10)) for end in flat)
    page.box(low, 160, high - low, 184, look["colour"], fade=0.15, says=f"within {NATS} nat")
    for law, above in valleys.items():
        side.curve(MULTIPLES, above, *LAWS[law], 2.5 if law == s.law else 1.5, says=f"{law} law")
    short = [amount(size, SHORT) for size in (asked.parameters, asked.tokens, *flat)]
    page.lines(452, 56, 22, f"{short[0]} parameters × {short[1]} tokens",
               f"within {NATS} nat: {short[2]} to {short[3]}")
    if before:
        spent, best_then, then, _ = split(before)
        over.point(spent, then.parameters, fade=0.4, **look)
        side.point(before.size / 100, then.loss - best_then.loss, fade=0.4, **look)
        page.words(452, 100, f"N × {times(asked.parameters / then.parameters)}, "
                             f"D × {times(asked.tokens / then.tokens)}", bold=True)
    over.point(flops, asked.parameters, says=f"{short[0]} parameters", **look)
    side.point(s.size / 100, worse, says=f"{worse:.3f} nats above the best", **look)
    if max(best.parameters, asked.parameters) > FITTED:
        page.words(452, 122, "beyond all fitted models: extrapolated", 12, FAINT)

    model = planning.buildable_shape(asked.parameters, "Llama-2", s.n)
    exact = model.training_flops(s.n, **TRAINED[s.recompute]) * asked.tokens / s.n
    days = planning.days_of(exact, s.accelerator, s.devices, s.utilisation / 100)
    assumed = f", assumed in {ASSUMED_ON} for an H100" * (s.price == ASSUMED_USD_PER_HOUR)
    numbers = {
        "budget C (FLOPs)": power(flops),
        "compute-optimal N (parameters)": amount(best.parameters),
        "compute-optimal D (tokens)": amount(best.tokens),
        f"N within {NATS} nat of it": " to ".join(map(amount, flat)),
        f"N by the {other} law (parameters)": amount(
            planning.optimal_split(other, flops).parameters),
        "N asked for (parameters)": amount(asked.parameters),
        "D for it (tokens)": amount(asked.tokens),
        "predicted loss (nats per token)": f"{asked.loss:.3f}",
        "buildable N (parameters)": model.parameters(),
        "its layers × width": f"{model.n_layers:,} × {model.d_model:,}",
        "its training (FLOPs)": power(exact),
        "its training (days)": f"{days:,.2f}",
        "price (USD)": money(24 * days * s.devices * s.price),
        "an hour of one (USD)": f"{s.price:,}{assumed}",
    }
    sizes = f"{amount(asked.parameters)} parameters and {amount(asked.tokens)} tokens"
    counted = f"all n²{' and recomputation' * (s.recompute != 'none')} counted"
    if s.size == 100:
        title = f"{power(flops)} FLOPs are best spent on {short[0]} parameters"
        said = f"The {s.law} law spends {power(flops)} FLOPs best on {sizes}"
    else:
        title = f"A size of {s.size:,} % of the best loses {worse:.3f} nats"
        said = f"{sizes} are {worse:.3f} nats worse than the best size"
    return View(page, title, f"{said}; {counted}: {number(days)} days, not {s.days:,}.", numbers)


@lru_cache(maxsize=256)
def split(s):
    """The budget in FLOPs, its best `Split`, the one asked for, and the ends of the flat range."""
    flops = planning.budget_flops(s.accelerator, s.devices, s.days, s.utilisation / 100)
    best = planning.optimal_split(s.law, flops)
    asked = planning.split_at(s.law, flops, best.parameters * s.size / 100)
    return flops, best, asked, planning.flat_range(s.law, flops, NATS)
