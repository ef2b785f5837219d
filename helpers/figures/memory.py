"""For the explorers, until they draw on their own scene: the kinds of what fills an accelerator."""

from matplotlib.patches import Rectangle

from helpers.figures.style import COLOURS, INK

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


def key_of_kinds(figure, y, x, shown):
    """The key of the kinds that are shown, in one row of the figure from (x, y) on."""
    wide, tall = figure.get_size_inches()
    for kind in (kind for kind in KINDS if kind in shown):
        colour, hatch = KINDS[kind]
        figure.add_artist(Rectangle((x, y - 0.07 / tall), 0.18 / wide, 0.14 / tall, facecolor=colour, hatch=hatch,
                                    edgecolor="white", linewidth=0.5))
        figure.text(x + 0.25 / wide, y, kind, fontsize=9, va="center", color=INK)
        x += (0.42 + 0.075 * len(kind)) / wide
