"""ShrinkExplorer: a cost is above a limit; by how much must each lever fall, alone? Lesson 14.

Costs are those of `helpers.shrinking.job_cost`: causal, in 16 bits. The limit keeps its unit.
"""

from helpers.explorers.explorer import View
from helpers.explorers.scene import BLUE, FAINT, INK, PALE, PAPER, Page
from helpers.published import MODELS
from helpers.shrinking import COUNTED, LEVERS, Job, elasticity, job_cost, largest_within
from helpers.words import number, percent

SCALES = {"FLOPs": ("TFLOPs", 1e12), "bytes": ("GB", 1e9), "seconds": ("ms", 1e-3)}
LEFT, WIDE, TOP, STEP = 140, 250, 74, 40  # of the bars, in pixels


def view(s, before):
    """One bar a lever: what may be left of it, and by how much it must fall."""
    (asked, found), (words, base) = within(s), COUNTED[s.counted]
    unit, scale = SCALES[base]
    today, limit = job_cost(asked), s.limit * scale
    was = within(before)[1] if before and before.counted == s.counted else {}
    pulls = {lever: float(elasticity(asked, lever)) for lever in LEVERS}

    page = Page()
    page.words(LEFT, 48, "what may be left of the lever", 12, FAINT)
    page.words(LEFT + WIDE + 14, 48, "today → within the limit", 12, FAINT)
    page.words(686, 48, "1 % less saves", 12, FAINT, "end")
    for row, (lever, (name, _)) in enumerate(LEVERS.items()):
        y = TOP + STEP * row
        page.words(14, y, name, 13, bold=True)
        page.words(686, y, f"{pulls[lever]:.2f} %", 13, anchor="end")
        page.box(LEFT, y - 13, WIDE, 26, PALE)
        if lever in was:
            page.point(LEFT + WIDE * was[lever].left, y + 18, "^", FAINT, 4, 0.6)
        if lever in found:
            left, said = found[lever].left, meeting(found[lever])
            page.box(LEFT, y - 13, WIDE * left, 26, BLUE, says=said)
            at, colour, end = (-6, PAPER, "end") if left >= 0.5 else (6, INK, "start")
            fall = f"must fall by {percent(1 - left)}" if left else "no value is enough"
            if left < 1:
                page.words(LEFT + WIDE * left + at, y, fall, 12, colour, end)
            page.words(LEFT + WIDE + 14, y, said.partition(":")[0], 12)

    shown = {f"today ({base})": today if isinstance(today, int) else f"{today:.4g}",
             f"limit ({s.unit})": number(s.limit),
             "of the limit": percent(today / limit) if found else f"choose a limit in {unit}"}
    shown |= {f"{LEVERS[lever][0]} ({LEVERS[lever][1]})": meeting(one)
              for lever, one in found.items()}
    shown |= {f"elasticity of {name}": f"{pulls[lever]:.3f}"
              for lever, (name, _) in LEVERS.items()}
    falls = {1 - one.left: LEVERS[lever][0] for lever, one in found.items() if one.value}
    able = sum(one.value is not None for one in found.values())
    end = (f"the limit is {number(s.limit)} {unit}; {able or 'none'} of {len(LEVERS)} levers "
           "can meet it alone")
    title = (f"To save {percent(1 - limit / today)}, {falls[min(falls)]} must fall least: "
             f"by {percent(min(falls))}" if falls else "No lever alone can meet the limit")
    if not found:
        title, end = "A limit in another unit", f"{s.unit} say nothing of it: choose {unit}"
    elif today <= limit:
        title = "The limit is met: nothing must shrink"
    said = f"{s.model}, {words}: {number(today / scale)} {unit}; {end}."
    return View(page, title, said, shown)


def within(s):
    """The `Job`, and {lever: its `Shrunk`}; {} where the limit is in another unit than the cost."""
    job = Job(MODELS[s.model], s.counted, s.n, s.batch, 16, s.accelerator)
    unit, scale = SCALES[COUNTED[s.counted][1]]
    return job, {lever: largest_within(job, lever, s.limit * scale)
                 for lever in LEVERS if unit == s.unit}


def meeting(found):
    """A lever's value that meets the limit, and what that saves."""
    if found.value == found.before:
        return f"{found.before:,} meets it"
    if found.value is None:
        return f"{found.before:,} → none: {percent(found.saved)} at most"
    return f"{found.before:,} → {found.value:,}: saves {percent(found.saved)}"
