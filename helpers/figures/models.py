"""Whole models: weights laid out to scale, parts of parameters beside parts of FLOPs, the share of n²."""


from matplotlib.patches import Rectangle

from helpers.figures.growth import TOKENS, growth_axes
from helpers.figures.style import COLOURS, DASHES, INK, MARKERS, house, new_figure, spread

TABLE, ATTENTION, FORWARD = "#8a8a8a", COLOURS[0], COLOURS[2]


def weight_strips(d, d_ff, n_layers, vocab_size, max_positions):
    """Every weight matrix of a GPT-2 as a strip of height d: a strip's length is its parameters, divided by d.

    Sizes are whole numbers; biases and norms are too thin to be seen. Half of the layers in each row.
    Raises ValueError unless each size is at least 1.

    >>> figure = weight_strips(768, 3072, 12, 50257, 1024)
    >>> len(figure.axes[0].patches)
    74
    """
    for name, size in dict(d=d, d_ff=d_ff, n_layers=n_layers, vocab_size=vocab_size, max_positions=max_positions).items():
        if size < 1:
            raise ValueError(f"{name}: {size} is below 1; give a whole number of at least 1")
    figure = new_figure(height=2.7)
    with house():
        axes = figure.add_axes([0.02, 0.02, 0.96, 0.84])
        axes.axis("off")
        row = -(-n_layers // 2)
        layer = 4 * d + 2 * d_ff
        longest = max(vocab_size + max_positions, row * layer * 1.02)
        axes.set(xlim=(0, longest), ylim=(2.65, -0.35))
        figure.text(0.02, 0.965, f"The {n_layers} layers are {n_layers * layer / vocab_size:.1f} token tables long",
                    fontsize=12, weight="bold", va="top")

        def strip(x, y, length, colour, words=""):
            axes.add_patch(Rectangle((x, y), length, 0.5, facecolor=colour, alpha=0.4, edgecolor="white", linewidth=0.8))
            axes.text(x + length / 2, y + 0.25, words, fontsize=9, ha="center", va="center", color=INK)

        axes.text(0, -0.06, f"token table, {vocab_size:,} × {d}", fontsize=10, color=INK, va="bottom")
        strip(0, 0, vocab_size, TABLE, "looked up on the way in, multiplied on the way out")
        strip(vocab_size, 0, max_positions, COLOURS[3])
        axes.text(vocab_size + max_positions, -0.06, "positions", fontsize=10, color=COLOURS[3], va="bottom", ha="right")
        for place in range(n_layers):
            y, x = 1.15 + 0.95 * (place // row), (place % row) * layer * 1.02
            axes.text(x, y - 0.06, f"layer {place + 1}", fontsize=9, color=INK, va="bottom")
            for name in "qkvo":
                strip(x, y, d, ATTENTION, name)
                x += d
            for name in ("in", "out"):
                strip(x, y, d_ff, FORWARD, name)
                x += d_ff
    return figure


def parts_twice(models, names, title):
    """Two bars for each model, its parameters and its FLOPs, each divided into the same parts.

    models: dict model -> (values, values), one number for each part: first parameters, then FLOPs.
    names:  the parts in order, one to five. Shares of 8 % and more are written into the bars.
    Raises ValueError for another number of parts, or values that do not fit them.

    >>> figure = parts_twice({"GPT-2": ([3, 1], [0, 4])}, ["table", "layers"], "They differ")
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['GPT-2', 'parameters', '75 %']
    """
    if not 1 <= len(names) <= len(COLOURS):
        raise ValueError(f"names: {len(names)} parts; draw one to five, told apart by colour and place")
    figure = new_figure(height=0.85 + 0.95 * len(models))
    with house():
        tall = figure.get_figheight()
        axes = figure.add_axes([0.145, 0.02, 0.835, 1 - 0.85 / tall])
        axes.set(xlim=(0, 100), ylim=(3 * len(models) - 1.4, -1.1))
        axes.axis("off")
        figure.text(0.02, 1 - 0.1 / tall, title, fontsize=12, weight="bold", va="top")
        for number, (model, both) in enumerate(models.items()):
            axes.text(0, 3 * number - 0.5, model, fontsize=10, weight="bold", color=INK, va="bottom")
            for row, (label, values) in enumerate(zip(("parameters", "FLOPs"), both)):
                if len(values) != len(names):
                    raise ValueError(f"models[{model!r}]: {len(values)} {label} for {len(names)} parts; give one each")
                y, x = 3 * number + row, 0
                axes.text(-1, y, label, fontsize=10, color=INK, ha="right", va="center")
                for value, colour in zip(values, (TABLE, *COLOURS)):
                    share = 100 * value / sum(values)
                    axes.add_patch(Rectangle((x, y - 0.42), share, 0.84, facecolor=colour, edgecolor="white", alpha=0.55))
                    if share >= 8:
                        axes.text(x + share / 2, y, f"{share:.0f} %", fontsize=10, ha="center", va="center", color="black")
                    x += share
        x = 0.02
        for name, colour in zip(names, (TABLE, *COLOURS)):
            figure.add_artist(Rectangle((x, 1 - 0.6 / tall), 0.02, 0.13 / tall, facecolor=colour, alpha=0.55))
            words = figure.text(x + 0.027, 1 - 0.535 / tall, name, fontsize=10, va="center", color=INK)
            x += 0.027 + words.get_window_extent(figure.canvas.get_renderer()).width / 700 + 0.025
    return figure


def share_curves(n_values, curves, title, halves):
    """The share of n² in a model's FLOPs over n, in percent: one curve a model, named where it passes one half.

    curves: dict model -> percentages, one for each n, one to five models. halves: dict model -> the n at which
    its share is 50 %, marked. Raises ValueError for more than five curves or lengths that differ.

    >>> figure = share_curves([10, 1000], {"GPT-2": [0.1, 13.0]}, "Late", {"GPT-2": 6703})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['GPT-2\\nhalf at 6,703']
    """
    if not 1 <= len(curves) <= len(COLOURS):
        raise ValueError(f"curves: {len(curves)} given; draw one to five, told apart by dash and colour")
    figure = new_figure()
    with house():
        axes = figure.add_axes([0.1, 0.14, 0.64, 0.75])
        growth_axes(axes, y="linear")
        axes.set(xlim=(n_values[0], n_values[-1]), ylim=(0, 100), xlabel=TOKENS, ylabel="share of n² in the FLOPs (%)", title=title)
        axes.axhline(50, color="#777777", linewidth=1, linestyle=(0, (2, 2)))
        order = sorted(curves, key=halves.get, reverse=True)
        spots = dict(zip(order, spread([8 + 21 * k for k in range(len(order))], 21)))
        for (name, values), colour, dash, marker in zip(curves.items(), COLOURS, DASHES, MARKERS):
            if len(values) != len(n_values):
                raise ValueError(f"curves[{name!r}] has {len(values)} values for {len(n_values)} n_values; give one each")
            axes.plot(n_values, values, color=colour, linestyle=dash, label=name)
            axes.plot([halves[name]], [50], color=colour, marker=marker, markersize=8, markeredgecolor="white",
                      markeredgewidth=1, linestyle="none")
            axes.plot([1.04], [spots[name] / 100], color=colour, marker=marker, markersize=8, linestyle="none",
                      transform=axes.transAxes, clip_on=False)
            axes.text(1.07, spots[name] / 100, f"{name}\nhalf at {halves[name]:,}", transform=axes.transAxes, color=colour,
                      fontsize=10, va="center")
    return figure
