"""Where 6·N·D, the rule of thumb for training FLOPs, is off: maps over n, d and V. Lesson 06."""

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from helpers.figures.growth import TOKENS, WIDTH, growth_axes
from helpers.figures.style import INK, house, new_figure

LEVELS = (0, 0.01, 0.03, 0.1, 0.3, 1, np.inf)
SHADES = ("#f7fbff", "#deebf7", "#b5d3e8", "#7fb3d8", "#3c86bf", "#0b4f94")
PER_LAYER = 128  # width over depth, as in GPT-3 175B and Llama-3 8B


def error_maps(attention, logits, lengths, vocabularies):
    """Two maps: which part of 6·N the rule of thumb leaves out, over n and d, and over V and d.

    attention: function (n, d) -> left-out products with n² as a share of 6·N; logits: function (V, L, d) -> the
    same for the product with the vocabulary, drawn for L = d/128. Both take arrays.
    lengths, vocabularies: dicts name -> (n, d) and name -> (V, d), at most six each: the models to mark.

    Raises ValueError for more than six models.

    >>> maps = error_maps(lambda n, d: n/(6*d), lambda V, L, d: V/(12*L*d), {"GPT-2": (1024, 768)}, {})
    >>> maps.axes[0].get_xlabel()
    'sequence length n (tokens)'
    """
    for name, models in (("lengths", lengths), ("vocabularies", vocabularies)):
        if len(models) > 6:
            raise ValueError(f"{name} has {len(models)} entries; mark at most six, so that their names do not collide")
    widths = np.geomspace(512, 32_768, 121)
    figure = new_figure(height=4.1)
    with house():
        figure.text(0.02, 0.975, "6·N·D leaves little out while n and V are small beside 6d and 12Ld", fontsize=12,
                    weight="bold", va="top")
        left, right = figure.add_axes([0.125, 0.3, 0.39, 0.52]), figure.add_axes([0.58, 0.3, 0.39, 0.52])
        grid, words = np.geomspace(256, 2**20, 121), np.geomspace(1_000, 2**19, 121)
        _map(left, grid, widths, attention(*np.meshgrid(grid, widths)), TOKENS, "attention left out", lengths)
        V, d = np.meshgrid(words, widths)
        _map(right, words, widths, logits(V, d / PER_LAYER, d), "vocabulary V (tokens)",
             f"logits left out, L = d/{PER_LAYER}", vocabularies)
        left.set_ylabel(WIDTH)
        right.set_yticklabels([])
        _key(figure)
    return figure


def _map(axes, xs, ys, share, label, title, models):
    growth_axes(axes)
    axes.pcolormesh(xs, ys, share, cmap=ListedColormap(SHADES), norm=BoundaryNorm([*LEVELS[:-1], 1e9], len(SHADES)),
                    shading="nearest")
    axes.contour(xs, ys, share, levels=LEVELS[1:-1], colors="white", linewidths=1)
    axes.grid(visible=False)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel=label)
    axes.set_yticks([512, 2048, 8192, 32768], ["512", "2,048", "8,192", "32,768"])
    axes.set_title(title, fontsize=11, weight="normal")
    for name, (x, d) in models.items():
        axes.plot([x], [d], "o", color="black", markersize=5, markeredgecolor="white", markeredgewidth=0.8)
        crowded = any(1 < other / d < 2 and 1 / 3 < place / x < 3 for place, other in models.values())
        axes.annotate(name, (x, d), (0, -14 if crowded else 7), textcoords="offset points", fontsize=9, ha="center",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.75})


def _key(figure):
    names = ("< 1 %", "to 3 %", "to 10 %", "to 30 %", "to 100 %", "more")
    figure.text(0.02, 0.055, "left out,\nof 6·N:", fontsize=10, va="center", color=INK)
    for place, (shade, name) in enumerate(zip(SHADES, names)):
        x = 0.14 + 0.147 * place
        figure.text(x, 0.055, " " * 4, fontsize=10, va="center", bbox={"facecolor": shade, "edgecolor": "#888888"})
        figure.text(x + 0.042, 0.055, name, fontsize=10, va="center", color=INK)
