"""Figures of lesson 11: readings of a printed table, two loss laws at one budget, and what counters count."""

from helpers.figures.style import COLOURS, DASHES, INK, MARKERS, new_figure


def readings_figure(names, printed, readings):
    """Printed ratios as large marks over the models `names`, each reading of the table as a line through its own.

    printed: one number per name; readings: dict name of the reading -> one number per name, at most four.
    """
    figure = new_figure(7, 4)
    axes = figure.add_axes([0.1, 0.15, 0.56, 0.73])
    places = range(len(names))
    for (name, values), colour, dash, marker in zip(readings.items(), COLOURS[1:], DASHES, MARKERS[1:]):
        axes.plot(places, values, color=colour, linestyle=dash, marker=marker, markersize=5, label=name)
    axes.plot(places, printed, linestyle="none", marker="o", markersize=12, markerfacecolor="none",
              markeredgecolor=INK, markeredgewidth=1.8, label="as printed")
    axes.set_xticks(list(places), names)
    axes.set(xlabel="model", ylabel="FLOPs of the appendix ÷ 6·N·D",
             title="One reading passes through all six printed ratios")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(0.665, 0.5), fontsize=10, frameon=False)
    return figure


def valleys_figure(curves, marks, printed, title):
    """Loss against parameters at one budget, one curve per law, its lowest point marked; a line at the printed size.

    curves: dict name -> (parameters, losses); marks: dict name -> parameters at the lowest point; printed: parameters.
    """
    figure = new_figure(7, 4)
    axes = figure.add_axes([0.11, 0.15, 0.86, 0.74])
    for (name, (parameters, losses)), colour, dash in zip(curves.items(), COLOURS, DASHES):
        axes.plot(parameters, losses, color=colour, linestyle=dash)
        place = min(range(len(losses)), key=losses.__getitem__)
        axes.plot(marks[name], losses[place], "o", color=colour)
        axes.annotate(f"{name}:\n{marks[name] / 1e9:.2f} B", (marks[name], losses[place]), (0, -7), color=colour,
                      textcoords="offset points", ha="center", va="top", zorder=5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.axvline(printed, color=INK, linewidth=1, linestyle=":")
    lowest = min(min(losses) for _, losses in curves.values())
    highest = max(max(losses) for _, losses in curves.values())
    axes.set(xscale="log", xlabel="parameters N, with D = C/(6N) tokens", ylabel="loss (nats per token)", title=title,
             ylim=(lowest - 0.25 * (highest - lowest), highest))
    axes.annotate(f"printed: {printed / 1e9:.0f} B", (printed, axes.get_ylim()[1]), (4, -4),
                  textcoords="offset points", va="top", color=INK)
    return figure


def counters_figure(counts, title):
    """One row per counter, one mark per block, as a share of the block's matrix products in FLOPs.

    counts: dict counter -> dict block -> share. Marks of one row that coincide stand one above the other.
    """
    figure = new_figure(7, 4.2)
    axes = figure.add_axes([0.345, 0.25, 0.63, 0.65])
    blocks = list(next(iter(counts.values())))
    for place, block in enumerate(blocks):
        shares = [row[block] for row in counts.values()]
        heights = [row + 0.22 * (place - (len(blocks) - 1) / 2) for row in range(len(counts))]
        axes.plot(shares, heights, linestyle="none", marker=MARKERS[place], color=COLOURS[place], markersize=7, label=block)
    for share, label in ((0.5, "half:\nmultiply-adds"), (1, "all of it")):
        axes.axvline(share, color=INK, linewidth=1, linestyle=":")
        axes.annotate(label, (share, -0.62), (-4, 0), textcoords="offset points", ha="right", va="top", fontsize=9)
    axes.set_yticks(range(len(counts)), list(counts))
    axes.grid(axis="y", visible=False)
    axes.set(xlim=(-0.03, 1.09), ylim=(len(counts) - 0.4, -0.75), xlabel="counted ÷ (24·n·d² + 4·n²·d)")
    figure.text(0.02, 0.94, title, fontsize=12, weight="bold")
    figure.legend(*axes.get_legend_handles_labels(), loc="lower center", ncols=3, fontsize=9, frameon=False,
                  bbox_to_anchor=(0.5, 0.0))
    return figure
