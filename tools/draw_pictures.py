"""Draw the pictures that hold no data and store them in notebooks/pictures: python tools/draw_pictures.py"""
import io
import sys
from itertools import combinations
from math import cos, pi, sin
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle  # noqa: E402
from PIL import Image, ImageDraw, PngImagePlugin  # noqa: E402

from helpers.figures import attention_matrices, chart, house  # noqa: E402
from helpers.figures.drawings import page  # noqa: E402
from helpers.figures.style import COLOURS, INK, png  # noqa: E402

FOLDER = Path(__file__).parents[1] / "notebooks" / "pictures"


def on_circle(n, x=0.0, y=0.0, radius=1.0):
    """Where n dancers stand on a circle, the first at the top."""
    angles = [2 * pi * i / n for i in range(n)]
    return [(x + radius * sin(angle), y + radius * cos(angle)) for angle in angles]


def floors():
    """Lesson 01: floors with n dancers, a line for each two, and under each the n who walk past a door."""
    figure, axes = page(4, "Twice the dancers: twice the looks at the door, four times the pairs", "")
    blue, orange, *_ = COLOURS
    with house():
        for column, n in enumerate((4, 8, 16, 32)):
            x = 0.89 + 1.74 * column
            spots = on_circle(n, x, 2.1, 0.62)
            axes.add_patch(Circle((x, 2.1), 0.8, facecolor="#f3ead9"))
            axes.add_collection(LineCollection([*combinations(spots, 2)], colors=blue, linewidths=min(1.8, 13 / n)))
            axes.plot(*zip(*spots), "o", color=orange, markersize=8 if n <= 16 else 4, markeredgecolor="white", markeredgewidth=0.6)
            counts = f"n = {n}\n{n}² = {n * n:,} pairs\n{n * (n - 1) // 2} couples drawn"
            axes.text(x, 3.02, counts, ha="center", va="bottom", fontsize=10, color=INK, linespacing=1.3)
            axes.add_patch(Rectangle((x - 0.8, 0.5), 0.2, 0.38, facecolor="#f3ead9", edgecolor=INK))
            axes.plot([x - 0.8, x + 0.8], [0.5, 0.5], color=INK, linewidth=1, linestyle="-")
            axes.plot([x - 0.53 + 0.042 * k for k in range(n)], [0.56] * n, "o", color=orange, markersize=3, markeredgewidth=0)
            axes.text(x, 0.4, f"past the door: {n} looks", ha="center", va="top", fontsize=10, color=INK)
    return figure


def ways(tokens=8, far=2):
    """Lesson 04: every connection of three layers, the shortest way from the first token to the last in colour."""
    last = tokens - 1
    floors = -(-last // far)
    steps = [min(floor * far, last) for floor in range(floors + 1)]
    chain = [((t, 0), (t, 1)) for t in range(tokens)] + [((t, 1), (t + 1, 1)) for t in range(last)]
    tree = [((s, floor), (t, floor + 1)) for floor in range(floors) for t in range(tokens)
            for s in range(max(0, t - far), t + 1)]
    star = [((s, 0), (t, 1)) for s in range(tokens) for t in range(tokens)]
    panels = (("recurrence", 1, chain, chain[:1] + chain[tokens:]), ("attention", 1, star, [((0, 0), (last, 1))]),
              (f"convolution, k = {far + 1}", floors, tree, list(zip(zip(steps, range(floors)), zip(steps[1:], range(1, floors + 1))))))
    figure, axes = page(3.1, f"From token 1 to output {tokens}: {tokens} hops, {floors}, or 1", "")
    with house():
        for left, (name, high, lines, way) in zip((0.3, 4.95, 2.63), panels):
            def spot(place):
                return left + 0.25 * place[0], 0.3 + 1.85 * place[1] / high
            for group, style in ((lines, {"color": "#c3cbd3", "lw": 1}), (way, {"color": COLOURS[1], "lw": 2.5})):
                for start, end in group:
                    axes.annotate("", spot(end), spot(start), arrowprops={
                        "arrowstyle": "-|>", "shrinkA": 4, "shrinkB": 4, "mutation_scale": 8, **style})
            for floor in range(high + 1):
                axes.plot(*zip(*(spot((t, floor)) for t in range(tokens))), "o", color=COLOURS[0] if floor else INK)
            axes.text(left, 2.4, f"{name}: {len(way)} hop{'s' * (len(way) > 1)}", fontsize=11)
    return figure


def roofline():
    """Lesson 08: the roofline with its parts named, and two pieces of work under it."""
    peak, bandwidth, ridge = 1e15, 1e13 / 3, 300
    slope, flat = COLOURS[1], COLOURS[0]
    axes = chart("arithmetic intensity (FLOPs per byte)", "arithmetic reached (FLOP/s)", x="log", y="log",
                 title="The lower of two ceilings sets the speed", height=4.2)
    with house():
        axes.set(xlim=(0.1, 6e4), ylim=(2e11, 4e15))
        axes.grid(visible=False)
        axes.fill_between([0.1, ridge], 1e11, [0.1 * bandwidth, peak], color=slope, alpha=0.12, linewidth=0)
        axes.fill_between([ridge, 1e5], 1e11, peak, color=flat, alpha=0.12, linewidth=0)
        axes.plot([0.1, ridge], [0.1 * bandwidth, peak], color=slope, linewidth=3, linestyle="-")
        axes.plot([ridge, 1e5], [peak, peak], color=flat, linewidth=3, linestyle="--")
        axes.plot([ridge, ridge], [1e11, peak], color=INK, linewidth=1, linestyle=":")
        axes.plot(ridge, peak, "D", color=INK, markersize=8)
        for x, y, words, colour in ((50, 2.2e13, "intensity × bandwidth", slope), (5e3, 1.35e15, "peak of the arithmetic", flat),
                                    (4, 3e11, "memory-bound:\nthe arithmetic waits", slope),
                                    (60, 1.3e15, "ridge point\npeak ÷ bandwidth", INK), (5e3, 3e11, "compute-bound:\nthe memory waits", flat)):
            axes.text(x, y, words, color=colour, ha="center", fontsize=10)
        for x, y, marker, words, away in ((1, bandwidth, "o", "one token is written", (12, -14)),
                                          (3e3, peak, "s", "a prompt is read", (-45, -24))):
            axes.plot(x, y, marker, color="white", markeredgecolor=INK, markeredgewidth=2, markersize=10, zorder=5)
            axes.annotate(words, (x, y), away, textcoords="offset points", fontsize=10, color=INK)
    return axes.figure


BOXES = {"configuration": (0.12, 1.45, 1.35, "keys and numbers"), "shape": (1.97, 1.45, 1.05, "widths, heads"),
         "FLOPs": (3.55, 2.3, 1.25, "forward, training"), "parameters": (3.55, 1.45, 1.25, "held, active"),
         "bytes": (3.55, 0.6, 1.25, "weights, cache"), "seconds": (5.45, 1.9, 1.43, "tokens/s, days"),
         "devices, money": (5.45, 0.85, 1.43, "what fits, your price")}  # x, middle, width in inches
ARROWS = (("configuration", "shape", "05", (1.73, 1.56)), ("shape", "FLOPs", "03, 06", (3.1, 2.0)),
          ("shape", "parameters", "05", (3.26, 1.56)), ("shape", "bytes", "07", (3.1, 0.9)), ("FLOPs", "seconds", "08", (5.13, 2.33)),
          ("bytes", "seconds", "08", (5.28, 1.2)), ("bytes", "devices, money", "07", (5.13, 0.5)),
          ("parameters", "bytes", "07", (4.34, 1.03)), ("seconds", "devices, money", "14", (6.33, 1.37)))


def capstone():
    """Lesson 15: from a configuration to money, and the lesson that each arrow stands on."""
    figure, axes = page(2.95, "", "")
    with house():
        for name, (x, y, wide, second) in BOXES.items():
            colour = COLOURS[0] if x < 3 else COLOURS[1] if x > 5 else COLOURS[2]
            axes.add_patch(FancyBboxPatch((x, y - 0.28), wide, 0.56, boxstyle="round,pad=0,rounding_size=0.08",
                                          facecolor=colour + "28", edgecolor=colour, linewidth=1.6))
            axes.text(x + wide / 2, y + 0.1, name, ha="center", va="center", fontsize=11, weight="bold", color=INK)
            axes.text(x + wide / 2, y - 0.13, second, ha="center", va="center", fontsize=9, color=INK)
        for start, end, lessons, place in ARROWS:
            (x, y, wide, _), (to_x, to_y, to_wide, _) = BOXES[start], BOXES[end]
            down, lean = x == to_x, 0.168 * ((y > to_y) - (y < to_y))
            tip, tail = ((to_x + to_wide / 2, to_y + 0.28), (x + wide / 2, y - 0.28)) if down else ((to_x, to_y + lean), (x + wide, y))
            axes.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.4, "shrinkA": 2, "shrinkB": 2})
            axes.text(*place, lessons, ha="center", va="center", fontsize=9, color=INK)
    return figure


def dragged():
    """README: the frames of GrowthExplorer while a hand drags n there and back, with the slider under it."""
    from helpers.explorers import GrowthExplorer

    explorer, frames = GrowthExplorer(n=100, d=4_096, curves=("products", "projections", "layer")), []
    values = next(control.values for control in explorer.controls if control.name == "n")
    places = [*range(values.index(100), values.index(100_000) + 1)]
    for place in [*places, *places[-2:0:-1]]:
        explorer.change(n=values[place])
        frame = Image.new("RGB", (700, 446), "white")
        frame.paste(Image.open(io.BytesIO(png(explorer.figure(), 100))).convert("RGB").resize((700, 400)))
        pen, at = ImageDraw.Draw(frame), 180 + 480 * place / (len(values) - 1)
        pen.text((20, 416), "sequence length n", fill=INK, font_size=16)
        pen.line([(180, 425), (660, 425)], fill="#c9ced4", width=4)
        pen.ellipse([at - 9, 416, at + 9, 434], fill=COLOURS[0])
        frames.append(frame.quantize(48, dither=Image.Dither.NONE))
    return frames


PICTURES = {"matrices.png": (lambda: attention_matrices(100, 512), 150), "floors.png": (floors, 150), "ways.png": (ways, 150), "roofline.png": (roofline, 150), "capstone.png": (capstone, 150)}

if __name__ == "__main__":
    from store import DRAWN_BY

    for name, (draw, dpi) in PICTURES.items():
        about = PngImagePlugin.PngInfo()
        about.add_text("Software", DRAWN_BY)
        Image.open(io.BytesIO(png(draw(), dpi))).save(FOLDER / name, pnginfo=about, optimize=True)
    first, *others = dragged()
    first.save(FOLDER / "dragged.gif", save_all=True, append_images=others, duration=320, loop=0, optimize=True)
