"""What fills an accelerator, and what a layer keeps. Lesson 07."""

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK, house, new_figure

# name -> (colour, hatch): told apart without colour too
KINDS = {
    "weights": (COLOURS[0], ""), "gradients": ("#7fb3d8", "///"), "optimizer": (COLOURS[2], "..."),
    "activations, logits": (COLOURS[1], "\\\\\\"), "KV cache": (COLOURS[3], "xxx"),
}
_KIND_OF = {"weights": "weights", "gradients": "gradients", "KV cache": "KV cache",
            **dict.fromkeys(("activations", "last norm and logits", "one layer, recomputed"), "activations, logits")}


def by_kind(parts):
    """dict: each of the `KINDS` -> its bytes, from the parts of a `helpers.memory.Footprint`.

    What an optimizer keeps has many names; every part that is no other kind is the optimizer's.

    >>> by_kind({"weights": 2, "first moment": 4, "second moment": 4})["optimizer"]
    8
    """
    found = dict.fromkeys(KINDS, 0)
    for part, size in parts.items():
        found[_KIND_OF.get(part, "optimizer")] += size
    return found


def memory_bars(footprints, title, memories):
    """One bar for each footprint, stacked by kind, in GB; lines mark memories.

    footprints: dict name -> dict part -> bytes, one to eight. memories: dict name -> bytes.
    Raises ValueError for another number of footprints.

    >>> figure = memory_bars({"serving": {"weights": 16e9, "KV cache": 4e9}}, "It fits", {"RTX 4090": 24e9})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['20 GB', 'RTX 4090, 24 GB']
    """
    if not 1 <= len(footprints) <= 8:
        raise ValueError(f"footprints has {len(footprints)} entries; draw one to eight, so that they can be read")
    figure = new_figure(height=1.65 + 0.42 * len(footprints))
    with house():
        tall = figure.get_figheight()
        axes = figure.add_axes([0.27, 0.52 / tall, 0.7, 1 - 1.62 / tall])
        figure.text(0.02, 1 - 0.1 / tall, title, fontsize=12, weight="bold", va="top")
        most = max([sum(parts.values()) for parts in footprints.values()] + list(memories.values())) / 1e9
        axes.set(xlim=(0, 1.12 * most), ylim=(len(footprints) - 0.4, -0.6), xlabel="memory (GB, 10⁹ bytes)",
                 yticks=range(len(footprints)), yticklabels=footprints)
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        for row, parts in enumerate(footprints.values()):
            left = 0
            for kind, size in by_kind(parts).items():
                colour, hatch = KINDS[kind]
                axes.barh(row, size / 1e9, left=left, height=0.62, facecolor=colour, edgecolor="white", hatch=hatch,
                          linewidth=0.8, zorder=2)
                left += size / 1e9
            axes.text(left + 0.01 * most, row, f"{left:,.0f} GB", fontsize=9, va="center", color=INK, zorder=4,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85})
        for name, size in memories.items():
            axes.axvline(size / 1e9, color="black", linewidth=1.4, linestyle="--", zorder=3)
            axes.text(size / 1e9, -0.68, f"{name}, {size / 1e9:,.0f} GB", fontsize=9, ha="center", va="bottom", color=INK)
        key_of_kinds(figure, 1 - 0.52 / tall, 0.02, {kind for parts in footprints.values()
                                                     for kind, size in by_kind(parts).items() if size})
    return figure


def key_of_kinds(figure, y, x, shown):
    """The key of the kinds that are shown, in one row of the figure from (x, y) on."""
    wide, tall = figure.get_size_inches()
    for kind in (kind for kind in KINDS if kind in shown):
        colour, hatch = KINDS[kind]
        figure.add_artist(Rectangle((x, y - 0.07 / tall), 0.18 / wide, 0.14 / tall, facecolor=colour, hatch=hatch,
                                    edgecolor="white", linewidth=0.5))
        figure.text(x + 0.25 / wide, y, kind, fontsize=9, va="center", color=INK)
        x += (0.42 + 0.075 * len(kind)) / wide


def kept_tensors(rows, title):
    """One bar for each tensor that a layer keeps, in MB, coloured by part; tensors with n² are hatched.

    rows: (part, tensor, bytes, has n²) as from `helpers.memory.activation_tensors`.

    >>> figure = kept_tensors([("norms", "input of the first norm", 2e6, False)], "One tensor")
    >>> figure.axes[0].get_xlabel()
    'memory (MB, 10⁶ bytes)'
    """
    parts = {part: COLOURS[place] for place, part in enumerate(dict.fromkeys(row[0] for row in rows))}
    figure = new_figure(height=1.1 + 0.21 * len(rows))
    with house():
        tall = figure.get_figheight()
        axes = figure.add_axes([0.345, 0.5 / tall, 0.63, 1 - 0.95 / tall])
        figure.text(0.02, 1 - 0.1 / tall, title, fontsize=12, weight="bold", va="top")
        most = max(row[2] for row in rows) / 1e6
        axes.set(xlim=(0, 1.12 * most), ylim=(len(rows) - 0.4, -0.6), xlabel="memory (MB, 10⁶ bytes)",
                 yticks=range(len(rows)), yticklabels=[row[1] for row in rows])
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0, labelsize=9)
        for place, (part, _, size, squared) in enumerate(rows):
            axes.get_yticklabels()[place].set_color(parts[part])
            axes.barh(place, size / 1e6, height=0.7, facecolor=parts[part], edgecolor="white", hatch="///" * squared,
                      linewidth=0.8, zorder=2)
            axes.text(size / 1e6 + 0.012 * most, place, f"{size / 1e6:,.0f}", fontsize=9, va="center", color=INK)
        for place, (part, colour) in enumerate(parts.items()):
            axes.text(0.98, 0.4 - 0.085 * place, part, fontsize=10, color=colour, ha="right", transform=axes.transAxes)
        axes.text(0.98, 0.4 - 0.085 * len(parts), "hatched: n²", fontsize=10, color=INK, ha="right", transform=axes.transAxes)
    return figure
