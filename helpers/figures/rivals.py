"""Lesson 04's figures: the ways from the first token to the last, and maps of who needs the fewest FLOPs."""

from math import log10

from helpers.figures.growth import TOKENS, WIDTH, Ticks
from helpers.figures.style import COLOURS, INK, house, new_figure

PALE_LINE = "#c3cbd3"
FILLS = ("#9cc7e4", "#f3c19b", "#a7dbc8", "#dcb4d7", "#c9c9c9")


def ways_to_the_last_token(tokens=8, kernel=3):
    """Three layers over `tokens` tokens, every connection drawn, the shortest way from first to last in colour.

    Recurrence: along the states. Convolution of kernel width `kernel`: as many layers as it takes. Attention: at once.
    Raises ValueError below 2 tokens or a kernel below 2, which would never reach the last token.
    """
    if tokens < 2 or kernel < 2:
        raise ValueError(f"tokens = {tokens} and kernel = {kernel}; each must be at least 2, or no way leads to the end")
    last, far = tokens - 1, kernel - 1
    floors = -(-last // far)
    chain = [((t, 0), (t, 1)) for t in range(tokens)] + [((t, 1), (t + 1, 1)) for t in range(last)]
    tree = [((s, floor), (t, floor + 1)) for floor in range(floors) for t in range(tokens)
            for s in range(max(0, t - far), t + 1)]
    steps = [min(floor * far, last) for floor in range(floors + 1)]
    star = [((s, 0), (t, 1)) for s in range(tokens) for t in range(tokens)]
    panels = (("recurrence", 1, chain, chain[:1] + chain[tokens:]),
              (f"convolution, k = {kernel}", floors, tree, [((a, f), (b, f + 1)) for f, (a, b) in enumerate(zip(steps, steps[1:]))]),
              ("attention", 1, star, [((0, 0), (last, 1))]))
    figure = new_figure(height=3.1)
    with house():
        figure.text(0.02, 0.965, f"From token 1 to output {tokens}: {tokens} hops, {floors}, or 1", fontsize=12, weight="bold", va="top")
        for place, (name, floors_here, lines, way) in enumerate(panels):
            axes = figure.add_axes([0.03 + 0.325 * place, 0.06, 0.29, 0.66])
            axes.set(xlim=(-0.5, last + 0.5), ylim=(-0.35, floors + 0.35))
            axes.axis("off")
            height = floors / floors_here
            for group, style in ((lines, dict(color=PALE_LINE, lw=1)), (way, dict(color=COLOURS[1], lw=2.5))):
                for (x0, y0), (x1, y1) in group:
                    axes.annotate("", (x1, y1 * height), (x0, y0 * height), arrowprops=dict(
                        arrowstyle="-|>", shrinkA=4, shrinkB=4, mutation_scale=8, **style))
            for floor in range(floors_here + 1):
                axes.plot(range(tokens), [floor * height] * tokens, "o", color=COLOURS[0] if floor else INK, markersize=6)
            hops = len(way)
            axes.set_title(f"{name}: {hops} hop{'s' * (hops > 1)}", fontsize=11, weight="normal", pad=4)
    return figure


def winners(panels, points=(), title="", lengths=(10, 10**6), widths=(64, 32_768)):
    """Maps over n and d on log axes, side by side, each coloured by the layer that needs the fewest FLOPs.

    panels: dict from what is counted to a dict from a layer's name to its cost, a function (n, d) -> FLOPs of arrays.
    points: rows (name, n, d), drawn in every panel and named in the first. A name keeps its colour in all panels.
    Raises ValueError for no panel or more than three.
    """
    import numpy as np

    if not 1 <= len(panels) <= 3:
        raise ValueError(f"panels has {len(panels)} entries; one to three fit side by side")
    names = list(dict.fromkeys(name for costs in panels.values() for name in costs))
    ns, ds = np.logspace(*map(log10, lengths), 241), np.logspace(*map(log10, widths), 201)
    figure = new_figure(height=3.6)
    wide = 0.85 / len(panels)
    with house():
        for place, (counted, costs) in enumerate(panels.items()):
            axes = figure.add_axes([0.115 + place * wide, 0.16, wide - 0.03, 0.64])
            axes.set(xscale="log", yscale="log", xlim=lengths, ylim=widths)
            axes.set_title(counted, fontsize=10, weight="normal")
            axes.grid(visible=False)
            every = np.array([cost(ns[None, :], ds[:, None]) + 0 * ns * ds[:, None] for cost in costs.values()])
            best = every.argmin(axis=0)
            for number, name in enumerate(costs):
                inside = best == number
                if not inside.any():
                    continue
                axes.contourf(ns, ds, inside, levels=(0.5, 1.5), colors=[FILLS[names.index(name) % len(FILLS)]])
                row = int(np.percentile(np.nonzero(inside)[0], 30 if number else 47))
                axes.text(ns[int(np.flatnonzero(inside[row]).mean())], ds[row], name, ha="center", va="center", weight="bold",
                          fontsize=10, color=INK)
            for number in range(len(costs) - 1):
                if (best == number).any() and (best != number).any():
                    axes.contour(ns, ds, best == number, levels=[0.5], colors=[INK], linewidths=1)
            for label, n, d in points:
                axes.plot(n, d, "o", color=INK, markersize=5)
                if place == 0:
                    axes.annotate(label, (n, d), (5, -3), textcoords="offset points", fontsize=8, va="top", color=INK)
            axes.set_xticks([10, 10**3, 10**5])
            axes.set_yticks([64, 512, 4_096])
            axes.xaxis.set_major_formatter(Ticks())
            axes.yaxis.set_major_formatter(Ticks() if place == 0 else "")
            axes.minorticks_off()
        figure.text(0.02, 0.975, title, fontsize=12, weight="bold", va="top")
        figure.text(0.54, 0.02, TOKENS, ha="center", fontsize=11)
        figure.text(0.02, 0.48, WIDTH, rotation=90, va="center", fontsize=11)
    return figure
