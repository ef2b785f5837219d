"""Draw the pictures that hold no data and store them in notebooks/pictures: python tools/draw_pictures.py"""
import io
from itertools import combinations
from math import cos, pi, sin

from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from PIL import Image, ImageDraw, PngImagePlugin
from store import DRAWN_BY, NOTEBOOKS

from helpers.explorers import GrowthExplorer
from helpers.figures import COLOURS, attention_matrices, chart, house, png
from helpers.figures.drawings import page
from helpers.figures.style import INK

BLUE, ORANGE, GREEN, *_ = COLOURS
SMALL, CENTRED = {"fontsize": 10, "color": INK}, {"ha": "center", "va": "center", "color": INK}


@house()
def floors():
    """Lesson 01: floors with n dancers, a line for each two, and under each the n who walk past a door."""
    figure, axes = page(4, "Twice the dancers: twice the looks at the door, four times the pairs", "")
    for column, n in enumerate((4, 8, 16, 32)):
        x, angles = 0.89 + 1.74 * column, [2 * pi * i / n for i in range(n)]
        spots = [(x + 0.62 * sin(angle), 2.1 + 0.62 * cos(angle)) for angle in angles]
        axes.add_patch(Circle((x, 2.1), 0.8, facecolor="#f3ead9"))
        axes.add_collection(LineCollection([*combinations(spots, 2)], colors=BLUE, linewidths=min(1.8, 13 / n)))
        size = 8 if n <= 16 else 4
        axes.plot(*zip(*spots), "o", color=ORANGE, markersize=size, markeredgecolor="white", markeredgewidth=0.6)
        counts = f"n = {n}\n{n}² = {n * n:,} pairs\n{n * (n - 1) // 2} couples drawn"
        axes.text(x, 3.02, counts, ha="center", va="bottom", linespacing=1.3, **SMALL)
        axes.add_patch(Rectangle((x - 0.8, 0.5), 0.2, 0.38, facecolor="#f3ead9", edgecolor=INK))
        axes.plot([x - 0.8, x + 0.8], [0.5, 0.5], "-", color=INK, linewidth=1)
        axes.plot([x - 0.53 + 0.042 * k for k in range(n)], [0.56] * n, "o", color=ORANGE, markersize=3)
        axes.text(x, 0.4, f"past the door: {n} looks", ha="center", va="top", **SMALL)
    return figure


@house()
def ways():
    """Lesson 04: every connection of three layers, the shortest way from the first token to the last in colour."""
    chain = [((t, 0), (t, 1)) for t in range(8)] + [((t, 1), (t + 1, 1)) for t in range(7)]
    tree = [((s, floor), (t, floor + 1)) for floor in range(4) for t in range(8) for s in range(max(0, t - 2), t + 1)]
    climb = [((2 * floor, floor), (min(2 * floor + 2, 7), floor + 1)) for floor in range(4)]
    star = [((s, 0), (t, 1)) for s in range(8) for t in range(8)]
    figure, axes = page(3.1, "From token 1 to output 8: 8 hops, 4, or 1", "")
    for left, name, high, lines, way in ((0.3, "recurrence: 8 hops", 1, chain, chain[:1] + chain[8:]),
                                         (2.63, "convolution, k = 3: 4 hops", 4, tree, climb),
                                         (4.95, "attention: 1 hop", 1, star, [((0, 0), (7, 1))])):
        def spot(place):
            return left + 0.25 * place[0], 0.3 + 1.85 * place[1] / high
        for group, colour, width in (lines, "#c3cbd3", 1), (way, ORANGE, 2.5):
            for start, end in group:
                axes.annotate("", spot(end), spot(start), arrowprops={
                    "arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 4, "shrinkB": 4, "mutation_scale": 8})
        for floor in range(high + 1):
            axes.plot(*zip(*(spot((t, floor)) for t in range(8))), "o", color=BLUE if floor else INK)
        axes.text(left, 2.4, name)
    return figure


@house()
def roofline():
    """Lesson 08: the roofline with its parts named, and two pieces of work under it."""
    peak, bandwidth, ridge = 1e15, 1e13 / 3, 300
    axes = chart("arithmetic intensity (FLOPs per byte)", "arithmetic reached (FLOP/s)", x="log", y="log",
                 title="The lower of two ceilings sets the speed", height=4.2)
    axes.set(xlim=(0.1, 6e4), ylim=(2e11, 4e15))
    axes.grid(visible=False)
    for x, y, colour, style in (([0.1, ridge], [0.1 * bandwidth, peak], ORANGE, "-"),
                                ([ridge, 1e5], [peak, peak], BLUE, "--")):
        axes.fill_between(x, 1e11, y, color=colour, alpha=0.12, linewidth=0)
        axes.plot(x, y, style, color=colour, linewidth=3)
    axes.plot([ridge, ridge], [1e11, peak], ":D", color=INK, linewidth=1, markersize=8, markevery=[1])
    for x, y, words, colour in (
            (50, 2.2e13, "intensity × bandwidth", ORANGE), (5e3, 1.35e15, "peak of the arithmetic", BLUE),
            (4, 3e11, "memory-bound:\nthe arithmetic waits", ORANGE), (60, 1.3e15, "ridge point\npeak ÷ bandwidth", INK),
            (5e3, 3e11, "compute-bound:\nthe memory waits", BLUE)):
        axes.text(x, y, words, color=colour, ha="center", fontsize=10)
    for x, y, marker, words, away in ((1, bandwidth, "o", "one token is written", (12, -14)),
                                      (3e3, peak, "s", "a prompt is read", (-45, -24))):
        axes.plot(x, y, marker, color="white", markeredgecolor=INK, markeredgewidth=2, markersize=10, zorder=5)
        axes.annotate(words, (x, y), away, textcoords="offset points", **SMALL)
    return axes.figure


BOXES = {"configuration": (0.12, 1.45, 1.35, BLUE, "keys and numbers"), "shape": (1.97, 1.45, 1.05, BLUE, "widths, heads"),
         "FLOPs": (3.55, 2.3, 1.25, GREEN, "forward, training"), "parameters": (3.55, 1.45, 1.25, GREEN, "held, active"),
         "bytes": (3.55, 0.6, 1.25, GREEN, "weights, cache"), "seconds": (5.45, 1.9, 1.43, ORANGE, "tokens/s, days"),
         "devices, money": (5.45, 0.85, 1.43, ORANGE, "what fits, your price")}  # x, middle, width in inches
ARROWS = (("configuration", "shape", "05", 1.73, 1.56), ("shape", "FLOPs", "03, 06", 3.1, 2.0),
          ("shape", "parameters", "05", 3.26, 1.56), ("shape", "bytes", "07", 3.1, 0.9),
          ("FLOPs", "seconds", "08", 5.13, 2.33), ("bytes", "seconds", "08", 5.28, 1.2),
          ("bytes", "devices, money", "07", 5.13, 0.5), ("parameters", "bytes", "07", 4.34, 1.03),
          ("seconds", "devices, money", "14", 6.33, 1.37))     # from, to, lessons, where they stand


@house()
def capstone():
    """Lesson 15: from a configuration to money, and the lesson that each arrow stands on."""
    figure, axes = page(2.95, "", "")
    for name, (x, y, wide, colour, second) in BOXES.items():
        axes.add_patch(FancyBboxPatch((x, y - 0.28), wide, 0.56, boxstyle="round,pad=0,rounding_size=0.08",
                                      facecolor=colour + "28", edgecolor=colour, linewidth=1.6))
        axes.text(x + wide / 2, y + 0.1, name, fontsize=11, weight="bold", **CENTRED)
        axes.text(x + wide / 2, y - 0.13, second, fontsize=9, **CENTRED)
    for start, end, lessons, *place in ARROWS:
        (x, y, wide, *_), (to_x, to_y, *_) = BOXES[start], BOXES[end]
        tip, tail = (to_x, to_y + 0.168 * ((y > to_y) - (y < to_y))), (x + wide, y)
        if x == to_x:       # straight down
            tip, tail = (x + wide / 2, to_y + 0.28), (x + wide / 2, y - 0.28)
        axes.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.4, "shrinkA": 2, "shrinkB": 2})
        axes.text(*place, lessons, fontsize=9, **CENTRED)
    return figure


def dragged():
    """README: the frames of GrowthExplorer while a hand drags n there and back, with the slider under it."""
    explorer = GrowthExplorer(n=100, d=4_096, curves=("products", "projections", "layer"))
    values = next(control.values for control in explorer.controls if control.name == "n")
    places = [*range(values.index(100), values.index(100_000) + 1)]
    for place in [*places, *places[-2:0:-1]]:
        explorer.change(n=values[place])
        frame = Image.new("RGB", (700, 446), "white")
        frame.paste(Image.open(io.BytesIO(png(explorer.figure()))).convert("RGB").resize((700, 400)))
        pen, at = ImageDraw.Draw(frame), 180 + 480 * place / (len(values) - 1)
        pen.text((20, 416), "sequence length n", fill=INK, font_size=16)
        pen.line([(180, 425), (660, 425)], fill="#c9ced4", width=4)
        pen.ellipse([at - 9, 416, at + 9, 434], fill=BLUE)
        yield frame.quantize(48, dither=Image.Dither.NONE)


PICTURES = {"matrices.png": (lambda: attention_matrices(100, 512), 150)} | {
    f"{draw.__name__}.png": (draw, 150) for draw in (floors, ways, roofline, capstone)}

if __name__ == "__main__":
    folder, about = NOTEBOOKS / "pictures", PngImagePlugin.PngInfo()
    about.add_text("Software", DRAWN_BY)
    for name, (draw, dpi) in PICTURES.items():
        Image.open(io.BytesIO(png(draw(), dpi))).save(folder / name, pnginfo=about, optimize=True)
    first, *others = dragged()
    first.save(folder / "dragged.gif", save_all=True, append_images=others, duration=320, loop=0, optimize=True)
